/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A million packets through the bond in enhanced mode, with all that can
 * happen to them in steady state: nothing is allocated. And what was before
 * them is not much.
 */
#include "counting-malloc.h"

#include "srtla-bond.h"
#include "testing.h"

#define LINKS    4
#define PACKETS  1000000
#define SIZE     64
#define BUFFERS  32768          /* longer than anything is kept */
#define INTERVAL 200            /* µs between packets */
#define FLYING   256            /* packets: a round trip of about 50 ms */
#define NAKED    16
#define STATE    (3 * 1024 * 1024)     /* bytes; leaves the plugin some of 4 MiB */

typedef struct
{
  SrtlaBond *bond;
  GRand *rand;
  SrtlaTime now;
  gint references;
  guint8 group_id[SRTLA_GROUP_ID];
  guint8 buffers[BUFFERS][SIZE];
  guint32 next, acknowledged;

  /* On the way to the receiver, by time; and not acknowledged yet. */
  struct
  {
    guint32 sequence;
    SrtlaTime due;
  } flying[LINKS][4096];
  guint first[LINKS], waiting[LINKS];
  guint32 train[LINKS][SRTLA_ACK_TRAIN];
  guint n_train[LINKS];
  gboolean dead[LINKS];

  guint32 naked[NAKED];         /* to be sent again */
  guint n_naked;
  guint32 stamp;
} World;

static void
reference (gpointer owner, gpointer user_data)
{
  (void) owner;
  ((World *) user_data)->references++;
}

static void
release (gpointer owner, gpointer user_data)
{
  (void) owner;
  ((World *) user_data)->references--;
}

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  testing_random (bytes, size, ((World *) user_data)->rand);
}

static void take (World *world);

static void
receive (World *world, guint link, const guint8 *data, gsize size)
{
  srtla_bond_receive (world->bond, link, data, size, world->now);
  take (world);
}

static void
control (World *world, guint link, const SrtlaPacket *packet)
{
  SrtlaKind kind = srtla_packet_kind (packet->data, packet->size);
  guint8 copy[SRTLA_REG_SIZE];

  if (world->dead[link] && kind == SRTLA_KIND_KEEPALIVE)
    return;
  memcpy (copy, packet->data, packet->size);
  if (kind == SRTLA_KIND_REG1) {
    memcpy (world->group_id, copy + 2, SRTLA_GROUP_ID);
    srtla_write_registration (copy, SRTLA_KIND_REG2, world->group_id);
    receive (world, link, copy, SRTLA_REG_SIZE);
  } else if (kind == SRTLA_KIND_REG2) {
    srtla_write_short (copy, 2, memcmp (world->group_id, packet->data + 2,
            SRTLA_GROUP_ID) == 0 ? SRTLA_KIND_REG3 : SRTLA_KIND_REG_NGP);
    receive (world, link, copy, 2);
  } else {
    receive (world, link, copy, packet->size);
  }
}

static void
told (World *world, const SrtlaPacket *packet)
{
  SrtlaNakReader reader;
  guint32 first, last;

  if (srtla_packet_kind (packet->data, packet->size) != SRTLA_KIND_SRT_NAK)
    return;
  srtla_nak_reader_init (&reader, packet->data, packet->size);
  while (srtla_nak_reader_next (&reader, &first, &last)) {
    for (; world->n_naked < NAKED; first = srtla_seq_next (first)) {
      world->naked[world->n_naked++] = first;
      if (first == last)
        break;
    }
  }
}

static void
take (World *world)
{
  SrtlaOutput output;
  SrtlaEvent event;

  while (srtla_bond_next_output (world->bond, &output)) {
    guint link = output.uplink;

    if (output.kind == SRTLA_OUTPUT_CONTROL) {
      control (world, link, &output.packet);
    } else if (output.kind == SRTLA_OUTPUT_REPLY) {
      told (world, &output.packet);
    } else if (output.kind == SRTLA_OUTPUT_PACKET) {
      if (srtla_packet_kind (output.packet.data, output.packet.size)
          == SRTLA_KIND_SRT_DATA && world->waiting[link] < 4096
          && !world->dead[link]) {
        guint at = (world->first[link] + world->waiting[link]++) % 4096;

        world->flying[link][at].sequence =
            srtla_srt_sequence (output.packet.data);
        world->flying[link][at].due = world->now
            + (20 + 10 * link) * SRTLA_MILLISECOND;
      }
      release (output.packet.owner, world);
    }
  }
  while (srtla_bond_next_event (world->bond, &event));
}

static void
send (World *world, guint32 sequence, gboolean again)
{
  guint8 *data = world->buffers[sequence % BUFFERS];
  SrtlaPacket packet = { data, SIZE, data };

  testing_data_packet (data, SIZE, sequence, 0x20000001u,
      (guint32) world->now, again);
  world->references++;
  srtla_bond_push (world->bond, &packet, world->now, NULL);
  take (world);
}

/* Packets arrive; each tenth of a link is acknowledged, one in 500 was lost. */
static void
arrive (World *world, guint link)
{
  while (world->waiting[link] > 0
      && world->flying[link][world->first[link]].due <= world->now) {
    guint32 sequence = world->flying[link][world->first[link]].sequence;
    guint8 ack[4 + 4 * SRTLA_ACK_TRAIN];

    world->first[link] = (world->first[link] + 1) % 4096;
    world->waiting[link]--;
    if (g_rand_int (world->rand) % 500 == 0)
      continue;
    world->train[link][world->n_train[link]++] = sequence;
    if (world->n_train[link] < SRTLA_ACK_TRAIN)
      continue;
    world->n_train[link] = 0;
    receive (world, link, ack, srtla_write_ack (ack, world->train[link],
            SRTLA_ACK_TRAIN));
  }
}

/* The server's word, over all links: what was sent half a second ago has
 * arrived, and a few numbers, some of them under way, are missing. */
static void
serve (World *world)
{
  guint8 packet[TESTING_MAX_PACKET];
  TestingRange ranges[3];
  gsize size;
  guint i;

  world->stamp++;
  world->acknowledged = srtla_seq_add (world->next, -10 * FLYING);
  size = testing_ack (packet, world->stamp, world->acknowledged, 0x10000001u,
      world->stamp);
  for (i = 0; i < LINKS; i++)
    if (!world->dead[i])
      receive (world, i, packet, size);
  for (i = 0; i < G_N_ELEMENTS (ranges); i++) {
    ranges[i].first = srtla_seq_add (world->next,
        -4 - g_rand_int (world->rand) % (2 * FLYING));
    ranges[i].last = srtla_seq_add (ranges[i].first, i);
  }
  size = testing_nak (packet, ranges, G_N_ELEMENTS (ranges), 0x10000001u,
      world->stamp);
  for (i = 0; i < LINKS; i++)
    if (!world->dead[i])
      receive (world, i, packet, size);
}

static void
run (World *world, guint packets)
{
  guint i, k;

  for (i = 0; i < packets; i++) {
    world->now += INTERVAL;
    if (srtla_bond_deadline (world->bond) <= world->now) {
      srtla_bond_tick (world->bond, world->now);
      take (world);
    }
    for (k = 0; k < LINKS; k++)
      arrive (world, k);
    send (world, world->next, FALSE);
    world->next = srtla_seq_next (world->next);
    while (world->n_naked > 0)
      send (world, world->naked[--world->n_naked], TRUE);
    if (i % 50 == 0)
      serve (world);
    if (i % 40000 == 20000)
      world->dead[i / 40000 % LINKS] = TRUE;
    else if (i % 40000 == 30000)
      memset (world->dead, 0, sizeof world->dead);
  }
}

static void
test_allocates_nothing (void)
{
  World *world = g_new0 (World, 1);
  SrtlaBondConfig config = { draw, world, reference, release, 0 };
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);
  guint8 packet[TESTING_MAX_PACKET];
  guint64 before, bytes;
  guint i;

  world->rand = testing_rand_new ();
  world->now = 10 * SRTLA_SECOND;
  world->next = SRTLA_SEQ_MASK - PACKETS / 2;
  bytes = counted_bytes;
  world->bond = srtla_bond_new (&config, world->now);
  srtla_bond_set_mode (world->bond, "enhanced", world->now);
  srtla_bond_set_exploration (world->bond, TRUE);
  for (i = 0; i < LINKS; i++) {
    g_assert_cmpuint (srtla_bond_add_uplink (world->bond, world->now), ==, i);
    srtla_bond_uplink_opened (world->bond, i, world->now);
    take (world);
  }
  /* The first packet makes the caller, its first reply its id. */
  send (world, world->next, FALSE);
  world->next = srtla_seq_next (world->next);
  receive (world, 0, packet, testing_srt_keepalive (packet, 0x10000001u, 1));
  run (world, 50000);
  g_test_message ("a bond with %u uplinks and a caller: %" G_GUINT64_FORMAT
      " bytes", LINKS, counted_bytes - bytes);
  g_assert_cmpuint (counted_bytes - bytes, <, STATE);

  before = counted_allocations;
  g_assert_cmpuint (before, >, 0);
  run (world, PACKETS);
  g_assert_cmpuint (counted_allocations, ==, before);

  /* It did happen: all that was to be counted. */
  srtla_bond_get_stats (world->bond, world->now, stats);
  g_assert_cmpuint (stats->packets_sent, >, PACKETS);
  g_assert_cmpuint (stats->srtla_acks, >, PACKETS / 20);
  g_assert_cmpuint (stats->srt_acks, >, 1000);
  g_assert_cmpuint (stats->srt_naks, >, 1000);
  g_assert_cmpuint (stats->retransmissions, >, 300);
  g_assert_cmpuint (stats->naks_held, >, 1000);
  g_assert_cmpuint (stats->rescued, >, 100);
  g_assert_cmpuint (stats->kept_bytes, ==,
      (guint64) world->references * SIZE);

  srtla_bond_free (world->bond);
  g_assert_cmpint (world->references, ==, 0);
  g_rand_free (world->rand);
  g_free (stats);
  g_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/enhanced/allocates-nothing", test_allocates_nothing);
  return g_test_run ();
}
