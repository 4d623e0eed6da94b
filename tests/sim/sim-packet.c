/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-packet.h"

#include <string.h>

#define CHUNK 256

struct _SimPool
{
  SimPacket *free;
  GPtrArray *chunks;
  guint in_use;
  void (*gone) (guint64 watch, gpointer user_data);
  gpointer user_data;
};

SimPool *
sim_pool_new (void)
{
  SimPool *pool = g_new0 (SimPool, 1);

  pool->chunks = g_ptr_array_new_with_free_func (g_free);
  return pool;
}

void
sim_pool_free (SimPool *pool)
{
  g_ptr_array_free (pool->chunks, TRUE);
  g_free (pool);
}

void
sim_pool_watch (SimPool *pool, void (*gone) (guint64 watch, gpointer user_data),
    gpointer user_data)
{
  pool->gone = gone;
  pool->user_data = user_data;
}

guint
sim_pool_in_use (const SimPool *pool)
{
  return pool->in_use;
}

SimPacket *
sim_packet_new (SimPool *pool, gsize size)
{
  SimPacket *packet;

  g_assert (size <= SRTLA_MAX_DATAGRAM);
  if (pool->free == NULL) {
    SimPacket *chunk = g_new0 (SimPacket, CHUNK);
    guint i;

    g_ptr_array_add (pool->chunks, chunk);
    for (i = 0; i < CHUNK; i++) {
      chunk[i].pool = pool;
      chunk[i].next_free = pool->free;
      pool->free = &chunk[i];
    }
  }
  packet = pool->free;
  pool->free = packet->next_free;
  pool->in_use++;
  packet->references = 1;
  packet->size = (guint16) size;
  packet->beside = 0;
  packet->tag = packet->watch = 0;
  return packet;
}

SimPacket *
sim_packet_copy (SimPool *pool, const guint8 *data, gsize size)
{
  SimPacket *packet = sim_packet_new (pool, size);

  memcpy (packet->data, data, size);
  return packet;
}

SimPacket *
sim_packet_ref (SimPacket *packet)
{
  packet->references++;
  return packet;
}

void
sim_packet_unref (SimPacket *packet)
{
  g_assert (packet->references > 0);
  if (--packet->references > 0)
    return;
  if (packet->watch != 0 && packet->pool->gone != NULL)
    packet->pool->gone (packet->watch, packet->pool->user_data);
  packet->next_free = packet->pool->free;
  packet->pool->free = packet;
  packet->pool->in_use--;
}
