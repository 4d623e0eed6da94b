/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-resolver.h"

typedef struct
{
  GResolver parent;
} ModelResolver;

typedef struct
{
  GResolverClass parent;
} ModelResolverClass;

static struct
{
  GMutex lock;
  GCond changed;
  gchar *addresses;             /* comma-separated; NULL: nothing is found */
  gboolean blocked;
  guint lookups;
} model;

GType model_resolver_get_type (void);
G_DEFINE_TYPE (ModelResolver, model_resolver, G_TYPE_RESOLVER)

static void
on_cancelled (GCancellable * cancellable, gpointer user_data)
{
  (void) cancellable;
  (void) user_data;
  g_mutex_lock (&model.lock);
  g_cond_broadcast (&model.changed);
  g_mutex_unlock (&model.lock);
}

static void
wait_while_blocked (GCancellable * cancellable)
{
  gulong handler = 0;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
        NULL, NULL);
  g_mutex_lock (&model.lock);
  model.lookups++;
  while (model.blocked && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&model.changed, &model.lock);
  g_mutex_unlock (&model.lock);
  g_cancellable_disconnect (cancellable, handler);
}

static GList *
look_up (const gchar *name, GSocketFamily family, GCancellable * cancellable,
    GError **error)
{
  GList *found = NULL;
  gchar **words;
  guint i;

  wait_while_blocked (cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  g_mutex_lock (&model.lock);
  words = g_strsplit (model.addresses != NULL ? model.addresses : "", ",", -1);
  g_mutex_unlock (&model.lock);
  for (i = 0; words[i] != NULL; i++) {
    GInetAddress *address = g_inet_address_new_from_string (words[i]);

    g_assert_nonnull (address);
    if (family == G_SOCKET_FAMILY_INVALID
        || g_inet_address_get_family (address) == family)
      found = g_list_append (found, g_object_ref (address));
    g_object_unref (address);
  }
  g_strfreev (words);
  if (found == NULL)
    g_set_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
        "no such name: %s", name);
  return found;
}

static GSocketFamily
family_of (GResolverNameLookupFlags flags)
{
  if (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY)
    return G_SOCKET_FAMILY_IPV4;
  if (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY)
    return G_SOCKET_FAMILY_IPV6;
  return G_SOCKET_FAMILY_INVALID;
}

static GList *
lookup_with_flags (GResolver * resolver, const gchar *name,
    GResolverNameLookupFlags flags, GCancellable * cancellable, GError **error)
{
  (void) resolver;
  return look_up (name, family_of (flags), cancellable, error);
}

static GList *
lookup (GResolver * resolver, const gchar *name, GCancellable * cancellable,
    GError **error)
{
  return lookup_with_flags (resolver, name,
      G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, error);
}

/* ---- The same in a thread ----------------------------------------------- */

typedef struct
{
  gchar *name;
  GResolverNameLookupFlags flags;
} Question;

static void
question_free (gpointer data)
{
  g_free (((Question *) data)->name);
  g_free (data);
}

static void
lookup_in_thread (GTask * task, gpointer source, gpointer data,
    GCancellable * cancellable)
{
  Question *question = data;
  GError *error = NULL;
  GList *found = lookup_with_flags (source, question->name, question->flags,
      cancellable, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, found,
        (GDestroyNotify) g_resolver_free_addresses);
}

static void
lookup_with_flags_async (GResolver * resolver, const gchar *name,
    GResolverNameLookupFlags flags, GCancellable * cancellable,
    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (resolver, cancellable, callback, user_data);
  Question *question = g_new (Question, 1);

  question->name = g_strdup (name);
  question->flags = flags;
  g_task_set_task_data (task, question, question_free);
  g_task_run_in_thread (task, lookup_in_thread);
  g_object_unref (task);
}

static void
lookup_async (GResolver * resolver, const gchar *name,
    GCancellable * cancellable, GAsyncReadyCallback callback,
    gpointer user_data)
{
  lookup_with_flags_async (resolver, name,
      G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback, user_data);
}

static GList *
lookup_finish (GResolver * resolver, GAsyncResult * result, GError **error)
{
  (void) resolver;
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
model_resolver_class_init (ModelResolverClass *klass)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (klass);

  resolver_class->lookup_by_name = lookup;
  resolver_class->lookup_by_name_async = lookup_async;
  resolver_class->lookup_by_name_finish = lookup_finish;
  resolver_class->lookup_by_name_with_flags = lookup_with_flags;
  resolver_class->lookup_by_name_with_flags_async = lookup_with_flags_async;
  resolver_class->lookup_by_name_with_flags_finish = lookup_finish;
}

static void
model_resolver_init (ModelResolver *resolver)
{
  (void) resolver;
}

/* ---- For the test ------------------------------------------------------- */

void
model_resolver_install (void)
{
  GResolver *resolver = g_object_new (model_resolver_get_type (), NULL);

  g_resolver_set_default (resolver);
  g_object_unref (resolver);
}

void
model_resolver_answer (const gchar *addresses)
{
  g_mutex_lock (&model.lock);
  g_free (model.addresses);
  model.addresses = g_strdup (addresses);
  g_mutex_unlock (&model.lock);
}

void
model_resolver_block (gboolean block)
{
  g_mutex_lock (&model.lock);
  model.blocked = block;
  g_cond_broadcast (&model.changed);
  g_mutex_unlock (&model.lock);
}

guint
model_resolver_lookups (void)
{
  guint lookups;

  g_mutex_lock (&model.lock);
  lookups = model.lookups;
  g_mutex_unlock (&model.lock);
  return lookups;
}
