/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlauri.h"

#include <string.h>

/* An IPv6 address stands in brackets in a URI. */
static gchar *
strip_brackets (const gchar * host)
{
  gsize length = strlen (host);

  if (length > 2 && host[0] == '[' && host[length - 1] == ']')
    return g_strndup (host + 1, length - 2);
  return g_strdup (host);
}

gboolean
gst_srtla_uri_parse (const gchar * text, gchar ** host, guint * port,
    gchar ** uplinks, GError ** error)
{
  GstUri *uri = text ? gst_uri_from_string (text) : NULL;
  const gchar *uri_host = uri ? gst_uri_get_host (uri) : NULL;
  guint uri_port = uri ? gst_uri_get_port (uri) : 0;
  gboolean ok = FALSE;

  if (uri == NULL || g_strcmp0 (gst_uri_get_scheme (uri), "srtla") != 0) {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
        "“%s” is not a URI of the form srtla://host:port", text ? text : "");
  } else if (uri_host == NULL || *uri_host == '\0') {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
        "“%s” names no host", text);
  } else if (uri_port != GST_URI_NO_PORT && (uri_port < 1 || uri_port > 65535)) {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
        "“%s”: a port is from 1 to 65535", text);
  } else {
    *host = strip_brackets (uri_host);
    *port = uri_port == GST_URI_NO_PORT ? GST_SRTLA_DEFAULT_PORT : uri_port;
    *uplinks = g_strdup (gst_uri_get_query_value (uri, "uplinks"));
    ok = TRUE;
  }
  g_clear_pointer (&uri, gst_uri_unref);
  return ok;
}

gchar *
gst_srtla_uri_make (const gchar * host, guint port)
{
  if (host == NULL)
    return NULL;
  return g_strdup_printf (strchr (host, ':') ? "srtla://[%s]:%u"
      : "srtla://%s:%u", host, port);
}
