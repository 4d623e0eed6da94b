/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlapacket.h"

/* Packets that are made at once. */
#define SLAB 256

typedef struct _Mapped Mapped;

struct _Mapped
{
  guint refs;                   /* 0 = free */
  GstBuffer *buffer;
  GstMapInfo map;
  gboolean whole;               /* the buffer is mapped, not its one memory */
  Mapped *next_free;
};

struct _GstSrtlaPacketPool
{
  Mapped *free;
  GPtrArray *slabs;             /* arrays of SLAB */
};

GstSrtlaPacketPool *
gst_srtla_packet_pool_new (void)
{
  GstSrtlaPacketPool *pool = g_new0 (GstSrtlaPacketPool, 1);

  pool->slabs = g_ptr_array_new_with_free_func (g_free);
  return pool;
}

void
gst_srtla_packet_pool_free (GstSrtlaPacketPool * pool)
{
  g_ptr_array_unref (pool->slabs);
  g_free (pool);
}

static void
pool_grow (GstSrtlaPacketPool * pool)
{
  Mapped *slab = g_new0 (Mapped, SLAB);
  guint i;

  for (i = 0; i < SLAB; i++) {
    slab[i].next_free = pool->free;
    pool->free = &slab[i];
  }
  g_ptr_array_add (pool->slabs, slab);
}

/* Nearly always there is one memory: less to lock and to count than with the
 * buffer's own functions. */
static gboolean
map (Mapped * mapped, GstBuffer * buffer)
{
  mapped->whole = gst_buffer_n_memory (buffer) != 1;
  return mapped->whole ? gst_buffer_map (buffer, &mapped->map, GST_MAP_READ)
      : gst_memory_map (gst_buffer_peek_memory (buffer, 0), &mapped->map,
      GST_MAP_READ);
}

static void
unmap (Mapped * mapped)
{
  if (mapped->whole)
    gst_buffer_unmap (mapped->buffer, &mapped->map);
  else
    gst_memory_unmap (mapped->map.memory, &mapped->map);
}

gboolean
gst_srtla_packet_map (GstSrtlaPacketPool * pool, GstBuffer * buffer,
    SrtlaPacket * packet)
{
  Mapped *mapped;

  if (pool->free == NULL)
    pool_grow (pool);
  mapped = pool->free;
  if (!map (mapped, buffer)) {
    gst_buffer_unref (buffer);
    return FALSE;
  }
  pool->free = mapped->next_free;
  mapped->refs = 1;
  mapped->buffer = buffer;
  packet->data = mapped->map.data;
  packet->size = mapped->map.size;
  packet->owner = mapped;
  return TRUE;
}

void
gst_srtla_packet_ref (gpointer owner)
{
  ((Mapped *) owner)->refs++;
}

void
gst_srtla_packet_unref (GstSrtlaPacketPool * pool, gpointer owner)
{
  Mapped *mapped = owner;

  if (--mapped->refs > 0)
    return;
  unmap (mapped);
  gst_buffer_unref (mapped->buffer);
  mapped->next_free = pool->free;
  pool->free = mapped;
}
