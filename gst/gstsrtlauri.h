/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * srtla://host:port?uplinks=a,b
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_SRTLA_DEFAULT_PORT 5000

/* Reads a URI. *uplinks becomes NULL if it names none. Returns: FALSE with an
 * error if it is not srtla, has no host, or its port is 0 or beyond 65535. */
gboolean gst_srtla_uri_parse (const gchar * text, gchar ** host, guint * port,
    gchar ** uplinks, GError ** error);

/* Returns: the URI for a host and port, NULL without host. */
gchar *gst_srtla_uri_make (const gchar * host, guint port);
/* Returns: the host without the brackets that a URI needs around an IPv6 address;
 * NULL for NULL. */
gchar *gst_srtla_uri_bare_host (const gchar * host);

G_END_DECLS
