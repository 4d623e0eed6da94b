/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets that take nothing for a while: this program's own sendmmsg (), poll ()
 * and ppoll () stand before the C library's. What they refuse they do not call
 * writable either. By the last number of the local address: 3 is 127.0.0.3.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* From now on each call on the sockets of that host fails with that error
 * number; 0: of all hosts. Sockets of no uplink have other hosts. */
void failing_socket_start (gint host, gint error_number);
/* All work again. Returns: how many calls failed. */
guint failing_socket_stop (void);

G_END_DECLS
