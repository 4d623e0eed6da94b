/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlapacket.h"

#include "gstsrtpacketpool.h"

/* Packets that are made at once. */
#define SLAB 256

typedef struct _Mapped Mapped;

struct _Mapped
{
  guint refs;                   /* 0 = free */
  GstBuffer *buffer;
  GstMapInfo map;
  enum
  {
    NOTHING, ITS_MEMORY, ALL_OF_IT
  } mapped;
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

/* A packet of srtpacketsrc's need not be mapped. Of others nearly all have one
 * memory: less to lock and to count than with the buffer's own functions. */
static gboolean
map (Mapped * mapped, GstBuffer * buffer, SrtlaPacket * packet)
{
  gboolean ok;

  if (gst_srt_packet_peek (buffer, &packet->data, &packet->size)) {
    mapped->mapped = NOTHING;
    return TRUE;
  }
  if (gst_buffer_n_memory (buffer) == 1) {
    mapped->mapped = ITS_MEMORY;
    ok = gst_memory_map (gst_buffer_peek_memory (buffer, 0), &mapped->map,
        GST_MAP_READ);
  } else {
    mapped->mapped = ALL_OF_IT;
    ok = gst_buffer_map (buffer, &mapped->map, GST_MAP_READ);
  }
  packet->data = mapped->map.data;
  packet->size = mapped->map.size;
  return ok;
}

static void
unmap (Mapped * mapped)
{
  switch (mapped->mapped) {
    case NOTHING:
      break;
    case ITS_MEMORY:
      gst_memory_unmap (mapped->map.memory, &mapped->map);
      break;
    case ALL_OF_IT:
      gst_buffer_unmap (mapped->buffer, &mapped->map);
      break;
  }
}

gboolean
gst_srtla_packet_map (GstSrtlaPacketPool * pool, GstBuffer * buffer,
    SrtlaPacket * packet)
{
  Mapped *mapped;

  if (pool->free == NULL)
    pool_grow (pool);
  mapped = pool->free;
  if (!map (mapped, buffer, packet)) {
    gst_buffer_unref (buffer);
    return FALSE;
  }
  pool->free = mapped->next_free;
  mapped->refs = 1;
  mapped->buffer = buffer;
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
