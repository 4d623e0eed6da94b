/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TUN devices: what a namespace sends over one is read here, as IP packets, and
 * what is written here arrives there. A device lives as long as its descriptor.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Makes a device of that name in a namespace; it is down and has no address.
 * Returns: a non-blocking descriptor; -1 with an error. */
gint net_tun_open (gint namespace, const gchar *name, GError **error);

G_END_DECLS
