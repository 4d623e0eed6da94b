/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user or a file may write: lists of uplinks, each of them, and URIs. */
#include "fuzz.h"

#include "../../gst/gstsrtlaspec.h"
#include "../../gst/gstsrtlauri.h"

static void
check_spec (const gchar *text)
{
  GstSrtlaSpec spec;
  GError *error = NULL;

  g_assert_nonnull (gst_srtla_spec_shown (text));
  if (!gst_srtla_spec_parse (text, &spec, &error)) {
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    g_assert_null (spec.address);
    g_assert_null (spec.interface);
    g_error_free (error);
    return;
  }
  g_assert_no_error (error);
  if (spec.interface != NULL) {
    g_assert_cmpuint (strlen (spec.interface), <=, 15);
    g_assert_cmpuint (strlen (spec.interface), >, 0);
  }
  if (*text != '\0')
    g_assert_true (spec.interface != NULL || spec.address != NULL);
  gst_srtla_spec_clear (&spec);
}

/* Items are UTF-8, neither empty nor padded nor there twice, and hold no
 * separator. */
static void
check_list (gchar **items, const gchar *separators)
{
  guint i, k;

  for (i = 0; items[i] != NULL; i++) {
    g_assert_cmpuint (strlen (items[i]), >, 0);
    g_assert_null (strpbrk (items[i], separators));
    g_assert_true (g_utf8_validate (items[i], -1, NULL));
    g_assert_false (g_ascii_isspace (items[i][0]));
    g_assert_false (g_ascii_isspace (items[i][strlen (items[i]) - 1]));
    for (k = 0; k < i; k++)
      g_assert_cmpstr (items[i], !=, items[k]);
    check_spec (items[i]);
  }
  g_strfreev (items);
}

static void
check_uri (const gchar *text)
{
  gchar *host, *uplinks, *again, *host_again, *uplinks_again;
  guint port, port_again;
  GError *error = NULL;

  if (!gst_srtla_uri_parse (text, &host, &port, &uplinks, &error)) {
    g_assert_nonnull (error);
    g_error_free (error);
    return;
  }
  g_assert_no_error (error);
  g_assert_cmpuint (port, >=, 1);
  g_assert_cmpuint (port, <=, 65535);
  g_assert_cmpuint (strlen (host), >, 0);

  /* What is shown of an ordinary host can be set again. */
  again = gst_srtla_uri_make (host, port);
  if (strspn (host, "abcdefghijklmnopqrstuvwxyz0123456789.-:")
      == strlen (host)) {
    if (gst_srtla_uri_parse (again, &host_again, &port_again, &uplinks_again,
            NULL)) {
      g_assert_cmpstr (host_again, ==, host);
      g_assert_cmpuint (port_again, ==, port);
      g_assert_null (uplinks_again);
      g_free (host_again);
    } else {
      g_assert_nonnull (strchr (host, ':'));    /* no IPv6 address after all */
    }
  }
  if (uplinks != NULL)
    check_list (gst_srtla_spec_split_list (uplinks), ",");
  g_free (again);
  g_free (host);
  g_free (uplinks);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  gchar *text = g_strndup ((const gchar *) data, size);
  gchar *uri = g_strconcat ("srtla://", text, NULL);

  check_spec (text);
  check_list (gst_srtla_spec_split_list (text), ",");
  check_list (gst_srtla_spec_split_lines (text), "\r\n#");
  check_uri (text);
  check_uri (uri);
  g_free (uri);
  g_free (text);
  return 0;
}
