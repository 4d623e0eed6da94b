/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaresolver.h"

struct _GstSrtlaResolver
{
  GFunc done;
  gpointer user_data;
  GCancellable *cancellable;
  GThread *thread;              /* NULL = idle */
  gchar *host;                  /* of the lookup under way */

  GMutex lock;                  /* of all below */
  gboolean finished;
  GPtrArray *addresses;
  GError *error;
};

static gpointer
resolver_main (gpointer data)
{
  GstSrtlaResolver *self = data;
  GResolver *resolver = g_resolver_get_default ();
  GError *error = NULL;
  GList *list = g_resolver_lookup_by_name (resolver, self->host,
      self->cancellable, &error), *item;
  GPtrArray *addresses = NULL;

  if (list != NULL) {
    addresses = g_ptr_array_new_with_free_func (g_object_unref);
    for (item = list; item != NULL; item = item->next)
      g_ptr_array_add (addresses, g_object_ref (item->data));
    g_resolver_free_addresses (list);
  }
  g_mutex_lock (&self->lock);
  self->addresses = addresses;
  self->error = error;
  self->finished = TRUE;
  g_mutex_unlock (&self->lock);
  self->done (self, self->user_data);
  g_object_unref (resolver);
  return NULL;
}

GstSrtlaResolver *
gst_srtla_resolver_new (GFunc done, gpointer user_data)
{
  GstSrtlaResolver *resolver = g_new0 (GstSrtlaResolver, 1);

  resolver->done = done;
  resolver->user_data = user_data;
  resolver->cancellable = g_cancellable_new ();
  g_mutex_init (&resolver->lock);
  return resolver;
}

void
gst_srtla_resolver_free (GstSrtlaResolver * resolver)
{
  g_cancellable_cancel (resolver->cancellable);
  g_clear_pointer (&resolver->thread, g_thread_join);
  g_clear_pointer (&resolver->addresses, g_ptr_array_unref);
  g_clear_error (&resolver->error);
  g_object_unref (resolver->cancellable);
  g_mutex_clear (&resolver->lock);
  g_free (resolver->host);
  g_free (resolver);
}

void
gst_srtla_resolver_start (GstSrtlaResolver * resolver, const gchar * host)
{
  if (resolver->thread != NULL)
    return;
  g_free (resolver->host);
  resolver->host = g_strdup (host);
  resolver->finished = FALSE;
  resolver->thread = g_thread_new ("srtla-resolver", resolver_main, resolver);
}

gboolean
gst_srtla_resolver_is_busy (GstSrtlaResolver * resolver)
{
  return resolver->thread != NULL;
}

gboolean
gst_srtla_resolver_take (GstSrtlaResolver * resolver, GPtrArray ** addresses,
    GError ** error)
{
  gboolean finished;

  if (resolver->thread == NULL)
    return FALSE;
  g_mutex_lock (&resolver->lock);
  finished = resolver->finished;
  g_mutex_unlock (&resolver->lock);
  if (!finished)
    return FALSE;
  g_clear_pointer (&resolver->thread, g_thread_join);
  *addresses = g_steal_pointer (&resolver->addresses);
  if (resolver->error != NULL)
    g_propagate_error (error, g_steal_pointer (&resolver->error));
  return TRUE;
}
