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

gboolean
gst_srtla_packet_map (GstSrtlaPacketPool * pool, GstBuffer * buffer,
    SrtlaPacket * packet)
{
  Mapped *mapped;

  if (pool->free == NULL)
    pool_grow (pool);
  mapped = pool->free;
  if (!gst_buffer_map (buffer, &mapped->map, GST_MAP_READ)) {
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
  gst_buffer_unmap (mapped->buffer, &mapped->map);
  gst_buffer_unref (mapped->buffer);
  mapped->next_free = pool->free;
  pool->free = mapped;
}
