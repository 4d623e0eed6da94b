/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets on their way through the simulator, counted references, from a pool
 * that belongs to one run.
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

/* Bytes of IP and UDP around each datagram: rates are those of IP packets. */
#define SIM_IP_OVERHEAD 28

typedef struct _SimPacket SimPacket;
typedef struct _SimPool SimPool;

struct _SimPacket
{
  SimPool *pool;
  SimPacket *next_free;
  guint references;
  guint16 size;                 /* bytes of data */
  guint8 beside;                /* of those at first, more of a header */
  guint64 tag;                  /* whoever holds it: an address, a port */
  guint64 watch;                /* not 0: the pool tells when it is gone */
  /* What stands before the data where packets are real: emulated links carry
   * IP. In one piece with the data. */
  guint8 header[SIM_IP_OVERHEAD];
  guint8 data[SRTLA_MAX_DATAGRAM];
};

/* Returns: the packet from its header on. */
static inline guint8 *
sim_packet_whole (SimPacket *packet)
{
  return (guint8 *) packet + G_STRUCT_OFFSET (SimPacket, header);
}

SimPool *sim_pool_new (void);
/* Frees all packets with it, whoever holds them. */
void sim_pool_free (SimPool *pool);
/* Calls gone (watch, user_data) when the last reference on a packet with a
 * watch is dropped. */
void sim_pool_watch (SimPool *pool,
    void (*gone) (guint64 watch, gpointer user_data), gpointer user_data);
/* Returns: how many packets are in use. */
guint sim_pool_in_use (const SimPool *pool);

/* Returns: a packet with one reference; its bytes are whatever was there. */
SimPacket *sim_packet_new (SimPool *pool, gsize size);
SimPacket *sim_packet_copy (SimPool *pool, const guint8 *data, gsize size);
SimPacket *sim_packet_ref (SimPacket *packet);
void sim_packet_unref (SimPacket *packet);

G_END_DECLS
