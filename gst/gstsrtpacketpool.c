/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtpacketpool.h"

#include <gst/net/net.h>

typedef struct _Memory Memory;

struct _Memory
{
  GstMemory parent;

  guint8 *data;
  /* NULL in what is shared of another's memory: */
  GstSrtPacketPool *pool;       /* a reference */
  GstBuffer *home;              /* the one buffer that brings it back */
  Memory *next;                 /* while it is in the pool */
};

struct _GstSrtPacketPool
{
  gatomicrefcount refs;         /* the owner's, and each memory's */
  guint room;
  Memory *idle;                 /* the owner's thread's */
  Memory *returned;             /* atomic; CLOSED at the end */
};

#define CLOSED ((gpointer) 1)

/* ---- Memory ------------------------------------------------------------- */

#define GST_TYPE_SRT_PACKET_ALLOCATOR (gst_srt_packet_allocator_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtPacketAllocator, gst_srt_packet_allocator, GST,
    SRT_PACKET_ALLOCATOR, GstAllocator)

struct _GstSrtPacketAllocator
{
  GstAllocator parent;
};

G_DEFINE_FINAL_TYPE (GstSrtPacketAllocator, gst_srt_packet_allocator,
    GST_TYPE_ALLOCATOR)

static GstAllocator *allocator; /* of all pools; stays */

/* What is shared of another's memory is not to be written to. */
static Memory *
new_memory (GstMemory * parent, guint8 * data, gsize maxsize, gsize offset,
    gsize size, gsize room)
{
  Memory *memory = g_malloc (sizeof *memory + room);

  gst_memory_init (GST_MEMORY_CAST (memory), parent != NULL
      ? GST_MINI_OBJECT_FLAGS (parent) | GST_MINI_OBJECT_FLAG_LOCK_READONLY
      : 0, allocator, parent, maxsize, 0, offset, size);
  memory->data = data != NULL ? data : (guint8 *) (memory + 1);
  memory->pool = NULL;
  memory->home = NULL;
  memory->next = NULL;
  return memory;
}

static gpointer
memory_map (GstMemory * memory, gsize maxsize, GstMapFlags flags)
{
  (void) maxsize;
  (void) flags;
  return ((Memory *) memory)->data;
}

static void
memory_unmap (GstMemory * memory)
{
  (void) memory;
}

static GstMemory *
memory_share (GstMemory * memory, gssize offset, gssize size)
{
  GstMemory *parent = memory->parent != NULL ? memory->parent : memory;
  gsize from = memory->offset + (gsize) offset;

  return GST_MEMORY_CAST (new_memory (parent, ((Memory *) memory)->data,
          memory->maxsize, from,
          size >= 0 ? (gsize) size : memory->size - (gsize) offset, 0));
}

static void
pool_unref (GstSrtPacketPool * pool)
{
  if (g_atomic_ref_count_dec (&pool->refs))
    g_free (pool);
}

static void
memory_free (GstAllocator * self, GstMemory * memory)
{
  (void) self;
  g_clear_pointer (&((Memory *) memory)->pool, pool_unref);
  g_free (memory);
}

static void
gst_srt_packet_allocator_init (GstSrtPacketAllocator * self)
{
  GstAllocator *base = GST_ALLOCATOR_CAST (self);

  base->mem_type = "SrtPacketMemory";
  base->mem_map = memory_map;
  base->mem_unmap = memory_unmap;
  base->mem_share = memory_share;
  GST_OBJECT_FLAG_SET (self, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
  GST_OBJECT_FLAG_SET (self, GST_OBJECT_FLAG_MAY_BE_LEAKED);
}

static void
gst_srt_packet_allocator_class_init (GstSrtPacketAllocatorClass * klass)
{
  GST_ALLOCATOR_CLASS (klass)->free = memory_free;
}

/* Returns: the buffer's one memory if it is of this kind; else NULL. */
static Memory *
memory_of (GstBuffer * buffer)
{
  GstMemory *memory;

  if (gst_buffer_n_memory (buffer) != 1)
    return NULL;
  memory = gst_buffer_peek_memory (buffer, 0);
  return memory->allocator == allocator ? (Memory *) memory : NULL;
}

/* ---- Buffers ------------------------------------------------------------ */

static void
free_buffer (GstBuffer * buffer)
{
  GST_MINI_OBJECT_CAST (buffer)->dispose = NULL;
  gst_buffer_unref (buffer);
}

/* The last reference was dropped. Returns: FALSE, the buffer lives on or is gone
 * already; TRUE if it goes because others had a hand in its memory. */
static gboolean
buffer_dropped (GstMiniObject * object)
{
  GstBuffer *buffer = GST_BUFFER_CAST (object);
  Memory *memory = memory_of (buffer);
  gpointer latest;

  if (memory == NULL || memory->home != buffer
      || GST_MEMORY_IS_READONLY (memory)
      || GST_MINI_OBJECT_REFCOUNT_VALUE (memory) != 1)
    return TRUE;
  object->refcount = 1;         /* nobody else has it yet */
  do {
    latest = g_atomic_pointer_get (&memory->pool->returned);
    memory->next = latest;
    if (latest == CLOSED) {
      free_buffer (buffer);
      return FALSE;
    }
  } while (!g_atomic_pointer_compare_and_exchange (&memory->pool->returned,
          latest, memory));
  return FALSE;
}

static Memory *
new_packet_memory (GstSrtPacketPool * pool, GstBuffer * home)
{
  Memory *memory = new_memory (NULL, NULL, pool->room, 0, pool->room,
      pool->room);

  g_atomic_ref_count_inc (&pool->refs);
  memory->pool = pool;
  memory->home = home;
  return memory;
}

static Memory *
make (GstSrtPacketPool * pool)
{
  GstBuffer *buffer = gst_buffer_new ();
  Memory *memory = new_packet_memory (pool, buffer);

  gst_buffer_append_memory (buffer, GST_MEMORY_CAST (memory));
  GST_MINI_OBJECT_CAST (buffer)->dispose = buffer_dropped;
  return memory;
}

/* ---- The pool ----------------------------------------------------------- */

GstSrtPacketPool *
gst_srt_packet_pool_new (guint room, guint made)
{
  GstSrtPacketPool *pool = g_new0 (GstSrtPacketPool, 1);
  guint i;

  if (g_once_init_enter (&allocator))
    g_once_init_leave (&allocator,
        gst_object_ref_sink (g_object_new (GST_TYPE_SRT_PACKET_ALLOCATOR,
                NULL)));
  g_atomic_ref_count_init (&pool->refs);
  pool->room = room;
  for (i = 0; i < made; i++) {
    Memory *memory = make (pool);

    memory->next = pool->idle;
    pool->idle = memory;
  }
  return pool;
}

static void
free_all (Memory * memory)
{
  while (memory != NULL) {
    Memory *next = memory->next;

    free_buffer (memory->home);
    memory = next;
  }
}

void
gst_srt_packet_pool_free (GstSrtPacketPool * pool)
{
  free_all (g_atomic_pointer_exchange (&pool->returned, CLOSED));
  free_all (pool->idle);
  pool_unref (pool);
}

/* They were let go by another thread, perhaps long ago. */
static void
prefetch (const Memory * memory)
{
#ifdef __GNUC__
  /* Only an address: NULL does no harm. */
  __builtin_prefetch ((const guint8 *) memory + G_STRUCT_OFFSET (Memory, home),
      1);
#else
  (void) memory;
#endif
}

GstBuffer *
gst_srt_packet_pool_acquire (GstSrtPacketPool * pool, guint8 ** data)
{
  Memory *memory;

  if (pool->idle == NULL)
    pool->idle = g_atomic_pointer_exchange (&pool->returned, NULL);
  memory = pool->idle;
  if (memory != NULL) {
    pool->idle = memory->next;
    prefetch (pool->idle);
  }
  else
    memory = make (pool);
  *data = memory->data;
  return memory->home;
}

/* ---- Packets ------------------------------------------------------------ */

typedef struct
{
  GType api;
  GstNetAddressMeta *address;
} Metas;

/* Finds the first address; what others added goes. */
static gboolean
look_at_meta (GstBuffer * buffer, GstMeta ** meta, gpointer user_data)
{
  Metas *metas = user_data;

  (void) buffer;
  if ((*meta)->info->api == metas->api && metas->address == NULL)
    metas->address = (GstNetAddressMeta *) * meta;
  else
    *meta = NULL;
  return TRUE;
}

void
gst_srt_packet_received (GstBuffer * buffer, gsize size,
    GSocketAddress * address)
{
  GstMemory *memory = gst_buffer_peek_memory (buffer, 0);
  Metas metas = { GST_NET_ADDRESS_META_API_TYPE, NULL };

  memory->offset = 0;
  memory->size = size;
  GST_MINI_OBJECT_FLAGS (buffer) = 0;
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_OFFSET (buffer) = GST_BUFFER_OFFSET_NONE;
  GST_BUFFER_OFFSET_END (buffer) = GST_BUFFER_OFFSET_NONE;
  gst_buffer_foreach_meta (buffer, look_at_meta, &metas);
  if (metas.address != NULL)
    g_set_object (&metas.address->addr, address);
  else if (address != NULL)
    gst_buffer_add_net_address_meta (buffer, address);
}

gboolean
gst_srt_packet_peek (GstBuffer * buffer, const guint8 ** data, gsize * size)
{
  Memory *memory = memory_of (buffer);

  if (memory == NULL)
    return FALSE;
  *data = memory->data + memory->parent.offset;
  *size = memory->parent.size;
  return TRUE;
}
