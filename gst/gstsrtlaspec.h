/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How an uplink is written: a local address ("10.0.0.2", "2001:db8::2"), an
 * interface ("wwan0"), both ("10.0.0.2%wwan0"), or nothing, which leaves the
 * choice to the routing table. And lists of them.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GInetAddress *address;        /* to bind to; NULL = any */
  gchar *interface;             /* to bind to; NULL = any */
} GstSrtlaSpec;

/* Returns: FALSE with an error if the text names neither an address nor an
 * interface. Whether they exist is found out when a socket is bound. */
gboolean gst_srtla_spec_parse (const gchar * text, GstSrtlaSpec * spec,
    GError ** error);
void gst_srtla_spec_clear (GstSrtlaSpec * spec);

/* Returns: the text, or "default" for the empty one. */
const gchar *gst_srtla_spec_shown (const gchar * text);

/* Split a comma-separated list, or the lines of a file where "#" starts a
 * comment. Spaces around, empty items and repetitions are left out. NULL is an
 * empty list. Returns: never NULL; g_strfreev() frees it. */
gchar **gst_srtla_spec_split_list (const gchar * list);
gchar **gst_srtla_spec_split_lines (const gchar * contents);

G_END_DECLS
