/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlistpool.h"

/* Lists kept for the next time: one is out at a time where nothing queues. */
#define MOST_IDLE 16

struct _GstSrtListPool
{
  gatomicrefcount refs;         /* the owner's, and one for each list out */
  guint room;

  GMutex lock;                  /* of all below */
  gboolean closed;
  GstBufferList *idle[MOST_IDLE];
  guint n_idle;
};

/* What a list knows its pool by. */
static G_DEFINE_QUARK (gst-srt-list-pool, pool)

GstSrtListPool *
gst_srt_list_pool_new (guint room)
{
  GstSrtListPool *pool = g_new0 (GstSrtListPool, 1);

  g_atomic_ref_count_init (&pool->refs);
  pool->room = room;
  g_mutex_init (&pool->lock);
  return pool;
}

static void
pool_unref (GstSrtListPool * pool)
{
  if (!g_atomic_ref_count_dec (&pool->refs))
    return;
  g_mutex_clear (&pool->lock);
  g_free (pool);
}

static void
free_list (GstBufferList * list)
{
  GST_MINI_OBJECT_CAST (list)->dispose = NULL;
  gst_buffer_list_unref (list);
}

void
gst_srt_list_pool_free (GstSrtListPool * pool)
{
  g_mutex_lock (&pool->lock);
  pool->closed = TRUE;
  g_mutex_unlock (&pool->lock);
  while (pool->n_idle > 0)
    free_list (pool->idle[--pool->n_idle]);
  pool_unref (pool);
}

/* The last reference was dropped, by any thread. Returns: FALSE, the list lives
 * on, or is gone already. */
static gboolean
list_dropped (GstMiniObject * object)
{
  GstBufferList *list = GST_BUFFER_LIST_CAST (object);
  GstSrtListPool *pool = gst_mini_object_get_qdata (object,
      pool_quark ());
  gboolean kept;

  gst_buffer_list_ref (list);
  if (gst_buffer_list_length (list) > 0)
    gst_buffer_list_remove (list, 0, gst_buffer_list_length (list));
  g_mutex_lock (&pool->lock);
  kept = !pool->closed && pool->n_idle < MOST_IDLE;
  if (kept)
    pool->idle[pool->n_idle++] = list;
  g_mutex_unlock (&pool->lock);
  if (!kept)
    free_list (list);
  pool_unref (pool);
  return FALSE;
}

GstBufferList *
gst_srt_list_pool_acquire (GstSrtListPool * pool)
{
  GstBufferList *list = NULL;

  g_mutex_lock (&pool->lock);
  if (pool->n_idle > 0)
    list = pool->idle[--pool->n_idle];
  g_mutex_unlock (&pool->lock);
  if (list == NULL) {
    list = gst_buffer_list_new_sized (pool->room);
    GST_MINI_OBJECT_CAST (list)->dispose = list_dropped;
    gst_mini_object_set_qdata (GST_MINI_OBJECT_CAST (list), pool_quark (),
        pool, NULL);
  }
  g_atomic_ref_count_inc (&pool->refs);
  return list;
}
