/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system's real-time clock as this process sees it, set to and fro by whole
 * days: this program's own clock_gettime (), gettimeofday () and time () stand
 * before the C library's. The monotonic clock stays what it is.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* s, added from now on. */
void stepping_clock_set (gint64 offset);

G_END_DECLS
