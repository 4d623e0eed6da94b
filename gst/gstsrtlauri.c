/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlauri.h"

#include <string.h>

/* Returns: the value of "uplinks" in a query, or NULL. */
static gchar *
query_uplinks (const gchar * query)
{
  GHashTable *values = query ? g_uri_parse_params (query, -1, "&",
      G_URI_PARAMS_PARSE_RELAXED, NULL) : NULL;
  gchar *uplinks = NULL;

  if (values != NULL) {
    uplinks = g_strdup (g_hash_table_lookup (values, "uplinks"));
    g_hash_table_unref (values);
  }
  return uplinks;
}

/* GUri rather than GstUri: that one takes port 0 for no port. Relaxed: the % of
 * address%interface may stand as it is. */
gboolean
gst_srtla_uri_parse (const gchar * text, gchar ** host, guint * port,
    gchar ** uplinks, GError ** error)
{
  GUri *uri = g_uri_parse (text ? text : "", G_URI_FLAGS_ENCODED_QUERY
      | G_URI_FLAGS_PARSE_RELAXED, NULL);
  gboolean ok = FALSE;

  if (uri == NULL || !g_str_equal (g_uri_get_scheme (uri), "srtla")) {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
        "“%s” is not a URI of the form srtla://host:port", text ? text : "");
  } else if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0') {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
        "“%s” names no host", text);
  } else if (g_uri_get_port (uri) == 0) {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_URI,
        "“%s”: a port is from 1 to 65535", text);
  } else {
    *host = g_strdup (g_uri_get_host (uri));
    *port = g_uri_get_port (uri) < 0 ? GST_SRTLA_DEFAULT_PORT
        : (guint) g_uri_get_port (uri);
    *uplinks = query_uplinks (g_uri_get_query (uri));
    ok = TRUE;
  }
  g_clear_pointer (&uri, g_uri_unref);
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

gchar *
gst_srtla_uri_bare_host (const gchar * host)
{
  gsize length = host != NULL ? strlen (host) : 0;

  return length > 2 && host[0] == '[' && host[length - 1] == ']'
      ? g_strndup (host + 1, length - 2) : g_strdup (host);
}
