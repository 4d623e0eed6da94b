/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaspec.h"

#include <string.h>

/* Linux: 15 characters, no "/", no space. */
#define INTERFACE_NAME_MAX 15

static gboolean
is_interface_name (const gchar * name)
{
  gsize length = strlen (name), i;

  if (length == 0 || length > INTERFACE_NAME_MAX)
    return FALSE;
  for (i = 0; i < length; i++) {
    if (!g_ascii_isgraph (name[i]) || name[i] == '/' || name[i] == '%')
      return FALSE;
  }
  return TRUE;
}

static gboolean
looks_like_an_address (const gchar * text)
{
  return strchr (text, ':') != NULL
      || strspn (text, "0123456789.") == strlen (text);
}

gboolean
gst_srtla_spec_parse (const gchar * text, GstSrtlaSpec * spec, GError ** error)
{
  const gchar *percent = strchr (text, '%');
  gchar *address = percent ? g_strndup (text, percent - text) : g_strdup (text);
  const gchar *interface = percent ? percent + 1 : NULL;
  gboolean ok = TRUE;

  memset (spec, 0, sizeof *spec);
  if (*address != '\0')
    spec->address = g_inet_address_new_from_string (address);
  if (interface == NULL && spec->address == NULL && *address != '\0'
      && !looks_like_an_address (address))
    interface = address;

  if (interface != NULL && is_interface_name (interface))
    spec->interface = g_strdup (interface);
  if (interface != NULL && spec->interface == NULL)
    ok = FALSE;
  if (spec->address == NULL && *address != '\0' && interface != address)
    ok = FALSE;

  if (!ok) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "“%s” is neither a local address, nor an interface, nor "
        "address%%interface", text);
    gst_srtla_spec_clear (spec);
  }
  g_free (address);
  return ok;
}

void
gst_srtla_spec_clear (GstSrtlaSpec * spec)
{
  g_clear_object (&spec->address);
  g_clear_pointer (&spec->interface, g_free);
}

const gchar *
gst_srtla_spec_shown (const gchar * text)
{
  return *text != '\0' ? text : "default";
}

static gchar **
split (const gchar * text, const gchar * delimiters, gboolean comments)
{
  GPtrArray *result = g_ptr_array_new ();
  gchar **items = g_strsplit_set (text ? text : "", delimiters, -1);
  guint i;

  for (i = 0; items[i] != NULL; i++) {
    if (comments && strchr (items[i], '#') != NULL)
      *strchr (items[i], '#') = '\0';
    if (!g_utf8_validate (items[i], -1, NULL)) {
      gchar *valid = g_utf8_make_valid (items[i], -1);

      g_free (items[i]);
      items[i] = valid;
    }
    g_strstrip (items[i]);
    if (*items[i] != '\0' && !g_ptr_array_find_with_equal_func (result,
            items[i], g_str_equal, NULL))
      g_ptr_array_add (result, g_strdup (items[i]));
  }
  g_strfreev (items);
  g_ptr_array_add (result, NULL);
  return (gchar **) g_ptr_array_free (result, FALSE);
}

gchar **
gst_srtla_spec_split_list (const gchar * list)
{
  return split (list, ",", FALSE);
}

gchar **
gst_srtla_spec_split_lines (const gchar * contents)
{
  return split (contents, "\r\n", TRUE);
}
