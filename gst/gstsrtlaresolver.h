/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks a host name up on a thread of its own, one lookup at a time.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _GstSrtlaResolver GstSrtlaResolver;

/* done: called on the resolver's thread when a result waits. */
GstSrtlaResolver *gst_srtla_resolver_new (GFunc done, gpointer user_data);
/* Cancels a lookup that is under way; no thread is left. */
void gst_srtla_resolver_free (GstSrtlaResolver * resolver);

/* No effect while a lookup is under way or its result waits. */
void gst_srtla_resolver_start (GstSrtlaResolver * resolver,
    const gchar * host);
gboolean gst_srtla_resolver_is_busy (GstSrtlaResolver * resolver);

/* Takes the result. Returns: FALSE if there is none yet. *addresses are
 * GInetAddress, or NULL with *error. */
gboolean gst_srtla_resolver_take (GstSrtlaResolver * resolver,
    GPtrArray ** addresses, GError ** error);

G_END_DECLS
