/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlatarget.h"

#include "gstsrtladebug.h"

GstSrtlaTarget *
gst_srtla_target_new (GstElement * element, const gchar * host, guint port,
    GFunc done, gpointer user_data)
{
  GstSrtlaTarget *target = g_new0 (GstSrtlaTarget, 1);
  GInetAddress *address = g_inet_address_new_from_string (host);

  target->element = element;
  target->host = g_strdup (host);
  target->port = port;
  target->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  target->literal = address != NULL;
  if (address != NULL)
    g_ptr_array_add (target->addresses, address);
  target->resolver = gst_srtla_resolver_new (done, user_data);
  target->resolve_at = target->literal ? SRTLA_TIME_NONE : 0;
  target->backoff = GST_SRTLA_RESOLVE_MIN;
  return target;
}

void
gst_srtla_target_free (GstSrtlaTarget * target)
{
  gst_srtla_resolver_free (target->resolver);
  g_ptr_array_unref (target->addresses);
  g_free (target->error);
  g_free (target->host);
  g_free (target);
}

static void
log_addresses (GstSrtlaTarget * target)
{
  GString *text = g_string_new (NULL);
  guint i;

  for (i = 0; i < target->addresses->len; i++) {
    gchar *address = g_inet_address_to_string (target->addresses->pdata[i]);

    g_string_append_printf (text, " %s", address);
    g_free (address);
  }
  GST_INFO_OBJECT (target->element, "%s is at%s", target->host, text->str);
  g_string_free (text, TRUE);
}

/* Takes over the new addresses and goes on with the one being tried, if it is
 * still among them. */
static gboolean
replace_addresses (GstSrtlaTarget * target, GPtrArray * addresses)
{
  GPtrArray *old = target->addresses;
  GInetAddress *current = gst_srtla_target_get (target,
      G_SOCKET_FAMILY_INVALID);
  gboolean changed = old->len != addresses->len;
  guint i, index = 0;

  for (i = 0; i < addresses->len; i++) {
    changed = changed || !g_inet_address_equal (addresses->pdata[i],
        old->pdata[i]);
    if (current != NULL && g_inet_address_equal (addresses->pdata[i], current))
      index = i;
  }
  target->addresses = addresses;
  target->index = index;
  g_ptr_array_unref (old);
  if (changed)
    log_addresses (target);
  return changed;
}

gboolean
gst_srtla_target_update (GstSrtlaTarget * target, SrtlaTime now)
{
  GPtrArray *addresses = NULL;
  GError *error = NULL;
  gboolean changed;

  if (now >= target->resolve_at
      && !gst_srtla_resolver_is_busy (target->resolver)) {
    target->resolve_at = SRTLA_TIME_NONE;
    gst_srtla_resolver_start (target->resolver, target->host);
  }
  if (!gst_srtla_resolver_take (target->resolver, &addresses, &error))
    return FALSE;

  target->resolved_at = now;
  if (addresses != NULL) {
    g_clear_pointer (&target->error, g_free);
    return replace_addresses (target, addresses);
  }
  GST_WARNING_OBJECT (target->element, "cannot resolve %s: %s", target->host,
      error->message);
  changed = target->addresses->len == 0;
  g_free (target->error);
  target->error = g_strdup_printf ("host “%s” cannot be resolved: %s",
      target->host, error->message);
  g_error_free (error);
  gst_srtla_target_doubt (target, now);
  return changed;
}

void
gst_srtla_target_doubt (GstSrtlaTarget * target, SrtlaTime now)
{
  if (target->literal || target->resolve_at != SRTLA_TIME_NONE
      || gst_srtla_resolver_is_busy (target->resolver))
    return;
  target->resolve_at = MAX (now, target->resolved_at + target->backoff);
  target->backoff = MIN (2 * target->backoff, GST_SRTLA_RESOLVE_MAX);
}

void
gst_srtla_target_trust (GstSrtlaTarget * target)
{
  target->backoff = GST_SRTLA_RESOLVE_MIN;
}

gboolean
gst_srtla_target_next (GstSrtlaTarget * target)
{
  target->index++;
  if (target->index < target->addresses->len)
    return FALSE;
  target->index = 0;
  return TRUE;
}

GInetAddress *
gst_srtla_target_get (GstSrtlaTarget * target, GSocketFamily family)
{
  GInetAddress *address;
  guint i;

  if (target->addresses->len == 0)
    return NULL;
  address = target->addresses->pdata[target->index];
  if (family == G_SOCKET_FAMILY_INVALID
      || g_inet_address_get_family (address) == family)
    return address;
  for (i = 0; i < target->addresses->len; i++) {
    address = target->addresses->pdata[i];
    if (g_inet_address_get_family (address) == family)
      return address;
  }
  return NULL;
}
