/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bond in enhanced mode for the tests of what waits in it: a receiver that
 * registers all uplinks, packets that know until when they are of use, and a
 * record of what was handed to the uplinks. They are held back by their sockets
 * and by their highest bitrates; the network behind them is of no interest here.
 */
#pragma once

#include "bond-books.h"
#include "srtla-bond-private.h"
#include "testing.h"

G_BEGIN_DECLS

#define SIZE    1000
#define CALLER  0x10000001u
#define PEER    0x20000001u
#define LATENCY 100             /* ms */
#define PACKETS 8192            /* more than are ever waiting or kept */
#define SENT    200000

typedef struct
{
  SrtlaTime at;
  guint32 sequence;             /* 0 for control packets */
  gsize size;
  guint8 uplink, flow, priority;
  gboolean again, shutdown;
} Sent;

typedef struct
{
  SrtlaBond *bond;
  GRand *rand;
  SrtlaTime now;
  gint references;
  guint8 group_id[SRTLA_GROUP_ID];
  guint8 packets[PACKETS][SRTLA_MAX_DATAGRAM];
  SrtlaTime useful[PACKETS];    /* until when; by place in packets[] */
  guint next_packet;
  guint32 next;                 /* number */
  gboolean expires;             /* a caller shook hands */
  guint latency;                /* ms, that it shakes hands on */
  gboolean fails;               /* sockets fail now and then */
  gboolean no_echoes;           /* keepalives are not answered */

  Sent *sent;                   /* ring of SENT */
  guint n_sent;
} World;

static inline void
reference (gpointer owner, gpointer user_data)
{
  (void) owner;
  ((World *) user_data)->references++;
}

static inline void
release (gpointer owner, gpointer user_data)
{
  (void) owner;
  ((World *) user_data)->references--;
}

static inline void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  testing_random (bytes, size, ((World *) user_data)->rand);
}

static inline void
control (World *world, const SrtlaOutput *output)
{
  guint8 copy[SRTLA_REG_SIZE];
  gsize size = output->packet.size;

  memcpy (copy, output->packet.data, size);
  switch (srtla_packet_kind (copy, size)) {
    case SRTLA_KIND_REG1:
      memcpy (world->group_id, copy + 2, SRTLA_GROUP_ID);
      size = srtla_write_registration (copy, SRTLA_KIND_REG2, world->group_id);
      break;
    case SRTLA_KIND_REG2:
      size = srtla_write_short (copy, 2, memcmp (world->group_id, copy + 2,
              SRTLA_GROUP_ID) == 0 ? SRTLA_KIND_REG3 : SRTLA_KIND_REG_NGP);
      break;
    default:
      if (world->no_echoes)
        return;
      break;
  }
  srtla_bond_receive (world->bond, output->uplink, copy, size, world->now);
}

static inline void
packet_left (World *world, const SrtlaOutput *output)
{
  const guint8 *data = output->packet.data;
  gsize size = output->packet.size;
  gboolean is_data = srtla_packet_kind (data, size) == SRTLA_KIND_SRT_DATA;
  guint place = (guint) ((data - world->packets[0]) / SRTLA_MAX_DATAGRAM);
  Sent *sent = &world->sent[world->n_sent % SENT];

  sent->at = world->now;
  sent->sequence = is_data ? srtla_srt_sequence (data) : 0;
  sent->size = size;
  sent->uplink = (guint8) output->uplink;
  sent->flow = output->flow;
  sent->priority = output->priority;
  sent->again = is_data && srtla_srt_is_retransmission (data);
  sent->shutdown = srtla_read_u16 (data) == 0x8005;
  /* Nothing is given that cannot arrive in time. */
  if (is_data && output->copy == SRTLA_COPY_NONE)
    g_assert_cmpuint (world->now, <, world->useful[place]);
  if (world->fails && testing_chance (world->rand, 2)) {
    srtla_bond_send_result (world->bond, output, testing_chance (world->rand,
            50) ? SRTLA_SEND_FAILED : SRTLA_SEND_RETURNED, world->now);
  } else {
    world->n_sent++;
    srtla_bond_send_result (world->bond, output, SRTLA_SEND_DONE, world->now);
  }
  release (output->packet.owner, world);
}

static inline void
take (World *world)
{
  SrtlaOutput output;
  SrtlaEvent event;

  while (srtla_bond_next_output (world->bond, &output)) {
    if (output.kind == SRTLA_OUTPUT_CONTROL)
      control (world, &output);
    else if (output.kind == SRTLA_OUTPUT_PACKET)
      packet_left (world, &output);
  }
  while (srtla_bond_next_event (world->bond, &event));
}

/* As its owner does: called when it wants to be. */
static inline void
pass (World *world, SrtlaTime span)
{
  SrtlaTime end = world->now + span, due;
  guint same = 0;

  while ((due = srtla_bond_deadline (world->bond)) <= end) {
    same = due <= world->now ? same + 1 : 0;
    g_assert_cmpuint (same, <, 1000);   /* it does not spin */
    world->now = MAX (world->now, due);
    srtla_bond_tick (world->bond, world->now);
    take (world);
  }
  world->now = end;
  srtla_bond_tick (world->bond, world->now);
  take (world);
}

/* Returns: room for a packet. */
static inline guint8 *
buffer (World *world, SrtlaTime useful)
{
  world->next_packet = (world->next_packet + 1) % PACKETS;
  world->useful[world->next_packet] = useful;
  return world->packets[world->next_packet];
}

static inline SrtlaPushVerdict
push (World *world, guint flow, const guint8 *data, gsize size,
    gboolean droppable)
{
  SrtlaPacket packet = { data, size, (gpointer) data };

  world->references++;
  return srtla_bond_push_flow (world->bond, flow, &packet, droppable,
      world->now, NULL);
}

/* A data packet made so many µs ago, not given out yet. */
static inline void
push_number (World *world, guint flow, guint32 sequence, gsize size,
    SrtlaTime age, gboolean again, gboolean droppable)
{
  SrtlaTime made = world->now - age;
  guint8 *data = buffer (world, world->expires
      ? made + world->latency * SRTLA_MILLISECOND : SRTLA_TIME_NONE);

  testing_data_packet (data, size, sequence, PEER, (guint32) made, again);
  push (world, flow, data, size, droppable);
}

static inline guint32
push_media (World *world, guint flow, gsize size, gboolean droppable)
{
  guint32 sequence = world->next++;

  push_number (world, flow, sequence, size, 0, FALSE, droppable);
  return sequence;
}

static inline void
push_control (World *world, guint flow, gboolean is_shutdown)
{
  guint8 *data = buffer (world, SRTLA_TIME_NONE);

  push (world, flow, data, is_shutdown
      ? testing_shutdown (data, PEER, (guint32) world->now)
      : testing_srt_keepalive (data, PEER, (guint32) world->now), FALSE);
}

static inline void
shake_hands (World *world)
{
  guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_R_FLAG | SRTLA_HS_PERIODIC_NAK;
  guint8 reply[TESTING_MAX_PACKET];
  guint8 *data = buffer (world, SRTLA_TIME_NONE);

  push (world, 0, data, testing_induction (data, CALLER, 1, 0), FALSE);
  srtla_bond_receive (world->bond, 0, reply, testing_induction_response (reply,
          CALLER, 1, 0), world->now);
  take (world);
  data = buffer (world, SRTLA_TIME_NONE);
  push (world, 0, data, testing_conclusion (data, CALLER, 1, flags,
          world->latency, 1), FALSE);
  srtla_bond_receive (world->bond, 0, reply,
      testing_conclusion_response (reply, CALLER, PEER, 1, flags,
          world->latency, 1),
      world->now);
  take (world);
  world->expires = TRUE;
  world->n_sent = 0;
}

static inline World *
world_new (guint uplinks)
{
  World *world = g_new0 (World, 1);
  SrtlaBondConfig config = { draw, world, reference, release, 0 };
  guint i;

  world->rand = testing_rand_new ();
  world->sent = g_new0 (Sent, SENT);
  world->now = 30 * SRTLA_SECOND;
  world->next = 1000;
  world->latency = LATENCY;
  world->bond = srtla_bond_new (&config, world->now);
  g_assert_true (srtla_bond_set_mode (world->bond, "enhanced", world->now));
  for (i = 0; i < uplinks; i++) {
    srtla_bond_add_uplink (world->bond, world->now);
    srtla_bond_uplink_opened (world->bond, i, world->now);
    take (world);
  }
  g_assert_cmpuint (world->bond->uplinks_up, ==, uplinks);
  srtla_bond_set_rescue (world->bond, FALSE);   /* it keeps references */
  return world;
}

/* ---- Books ------------------------------------------------------------- */

static inline void
get_stats (const World *world, SrtlaBondStats *stats)
{
  guint i, waiting = 0;

  srtla_bond_get_stats (world->bond, world->now, stats);
  bond_books_assert (stats);
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaClassStats *class = &stats->classes[i];

    waiting += class->ingress.packets + class->edf.packets
        + class->egress.packets;
  }
  g_assert_cmpuint (waiting, ==, stats->waiting);
  for (i = 0; i < stats->n_flows; i++)
    bond_books_assert_flow (&stats->flows[i]);
}

static inline void
world_free (World *world)
{
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);

  get_stats (world, stats);
  srtla_bond_free (world->bond);
  g_assert_cmpint (world->references, ==, 0);
  g_free (stats);
  g_rand_free (world->rand);
  g_free (world->sent);
  g_free (world);
}

static inline SrtlaBondStats *
stats_of (const World *world)
{
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);

  get_stats (world, stats);
  return stats;
}

/* Returns: where in sent[] that number is, as a retransmission or not. */
static inline guint
place_of (const World *world, guint32 sequence, gboolean again)
{
  guint i = 0;

  while (i < world->n_sent && (world->sent[i].sequence != sequence
          || world->sent[i].again != again))
    i++;
  g_assert_cmpuint (i, <, world->n_sent);
  return i;
}

G_END_DECLS
