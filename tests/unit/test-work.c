/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much work one datagram from the network can make, whatever stands in it.
 * The core is built a second time for this, with a call at each basic block, and
 * the calls are counted: the same number on each machine, at each load.
 */
#include "srtla-bond.h"
#include "testing.h"

/* In all of these as much is outstanding as a tracker remembers. */
#define UPLINKS   8
#define CALLERS   4
#define PACKETS   SRTLA_TRACKER_SIZE    /* of each caller */
#define SIZE      64

/* The bounds: blocks. A NAK may name each packet that is outstanding, which
 * costs so much for each of them; more than that nothing may. Without any
 * optimization these are thrice what they are with. */
#define PER_NUMBER   400
#define PER_DATAGRAM (PER_NUMBER * (SRTLA_TRACKER_SIZE + 1000))
/* What names no number of ours, or the same one again and again, bytes of list
 * and all. */
#define HARMLESS     60000

void __sanitizer_cov_trace_pc (void);

static guint64 blocks;

void
__sanitizer_cov_trace_pc (void)
{
  blocks++;
}

typedef struct
{
  SrtlaBond *bond;
  GRand *rand;
  SrtlaTime now;
  guint8 group[SRTLA_GROUP_ID];
  guint32 first;                /* sequence number, of each caller */
  guint32 stamp;
  guint64 replies, reply_bytes;
} World;

static guint8 packet_bytes[CALLERS][PACKETS][SIZE];

/* ---- The world --------------------------------------------------------- */

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  testing_random (bytes, size, ((World *) user_data)->rand);
}

static void take (World *world);

static void
answer (World *world, guint uplink, const SrtlaPacket *packet)
{
  SrtlaKind kind = srtla_packet_kind (packet->data, packet->size);
  guint8 reply[SRTLA_REG_SIZE];
  gsize size = 2;

  if (kind == SRTLA_KIND_REG1) {
    memcpy (world->group, packet->data + 2, SRTLA_GROUP_ID);
    size = srtla_write_registration (reply, SRTLA_KIND_REG2, world->group);
  } else if (kind == SRTLA_KIND_REG2) {
    srtla_write_short (reply, 2, memcmp (world->group, packet->data + 2,
            SRTLA_GROUP_ID) == 0 ? SRTLA_KIND_REG3 : SRTLA_KIND_REG_NGP);
  } else {
    return;
  }
  srtla_bond_receive (world->bond, uplink, reply, size, world->now);
}

static void
take (World *world)
{
  SrtlaOutput output;
  SrtlaEvent event;

  while (srtla_bond_next_output (world->bond, &output)) {
    if (output.kind == SRTLA_OUTPUT_CONTROL)
      answer (world, output.uplink, &output.packet);
    if (output.kind == SRTLA_OUTPUT_REPLY) {
      world->replies++;
      world->reply_bytes += output.packet.size;
    }
  }
  while (srtla_bond_next_event (world->bond, &event));
}

static void
hear_all (World *world)
{
  guint8 keepalive[2];
  guint i;

  srtla_write_short (keepalive, 2, SRTLA_KIND_KEEPALIVE);
  for (i = 0; i < UPLINKS; i++)
    srtla_bond_receive (world->bond, i, keepalive, 2, world->now);
}

/* Sends all there is room for, so that everything is outstanding. */
static void
fill (World *world)
{
  guint i, caller;

  for (i = 0; i < PACKETS; i++) {
    for (caller = 0; caller < CALLERS; caller++) {
      guint8 *data = packet_bytes[caller][i];
      SrtlaPacket packet = { data, SIZE, NULL };

      testing_data_packet (data, SIZE, world->first + i, 0x200 + caller,
          i, FALSE);
      srtla_bond_push (world->bond, &packet, world->now, NULL);
    }
    if (i % 32 == 31) {
      world->now += SRTLA_MILLISECOND;
      srtla_bond_tick (world->bond, world->now);
      take (world);
      hear_all (world);
    }
  }
  take (world);
}

static void
world_init (World *world, const gchar *mode)
{
  SrtlaBondConfig config = { draw, world, NULL, NULL, 0 };
  guint8 packet[TESTING_MAX_PACKET];
  guint i;

  memset (world, 0, sizeof *world);
  world->rand = testing_rand_new ();
  world->now = 1000 * SRTLA_SECOND;
  world->first = g_rand_int (world->rand) & SRTLA_SEQ_MASK;
  world->bond = srtla_bond_new (&config, world->now);
  srtla_bond_set_mode (world->bond, mode, world->now);
  /* All that is pushed is under way. */
  srtla_bond_set_queue_target (world->bond, 0);
  for (i = 0; i < UPLINKS; i++)
    srtla_bond_uplink_opened (world->bond, srtla_bond_add_uplink (world->bond,
            world->now), world->now);
  take (world);
  /* The callers shake hands, so that replies find them. */
  for (i = 0; i < CALLERS; i++) {
    SrtlaPacket induction = { packet, testing_induction (packet, 0x100 + i,
          world->first, 0), NULL };
    gsize size;

    srtla_bond_push (world->bond, &induction, world->now, NULL);
    take (world);
    size = testing_conclusion_response (packet, 0x100 + i, 0x200 + i,
        world->first, SRTLA_HS_TSBPD_RECEIVER, 1000, 0);
    srtla_bond_receive (world->bond, 0, packet, size, world->now);
    take (world);
  }
  fill (world);
}

static void
world_clear (World *world)
{
  srtla_bond_free (world->bond);
  g_rand_free (world->rand);
}

/* ---- Datagrams --------------------------------------------------------- */

/* Each writes a datagram of at most 1500 bytes. */
typedef gsize (*MakeFunc) (World *world, guint8 *out);

static gsize
whole_circle (World *world, guint8 *out)
{
  return testing_nak_range (out, world->first, (world->first + SRTLA_SEQ_HALF
          - 1) & SRTLA_SEQ_MASK, 0x100, ++world->stamp);
}

/* As many ranges as there is room for, each over all that is outstanding. */
static gsize
many_ranges (World *world, guint8 *out)
{
  TestingRange ranges[185];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ranges); i++) {
    ranges[i].first = world->first;
    ranges[i].last = srtla_seq_add (world->first, PACKETS - 1);
  }
  return testing_nak (out, ranges, G_N_ELEMENTS (ranges), 0x100,
      ++world->stamp);
}

/* Numbers from everywhere, none of them sent. */
static gsize
strange_numbers (World *world, guint8 *out)
{
  TestingRange ranges[370];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ranges); i++)
    ranges[i].first = ranges[i].last = srtla_seq_add (world->first,
        PACKETS + 1 + 1000 * i);
  return testing_nak (out, ranges, G_N_ELEMENTS (ranges), 0x100,
      ++world->stamp);
}

/* A NAK of each second number: nothing of it can be joined. */
static gsize
gaps (World *world, guint8 *out)
{
  TestingRange ranges[370];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (ranges); i++)
    ranges[i].first = ranges[i].last = srtla_seq_add (world->first, 2 * i);
  return testing_nak (out, ranges, G_N_ELEMENTS (ranges), 0x100,
      ++world->stamp);
}

static gsize
one_number_again (World *world, guint8 *out)
{
  guint32 numbers[374];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = srtla_seq_add (world->first, 100);
  return srtla_write_ack (out, numbers, G_N_ELEMENTS (numbers));
}

/* Each number is outstanding with every caller. */
static gsize
many_numbers (World *world, guint8 *out)
{
  guint32 numbers[374];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = srtla_seq_add (world->first, PACKETS - 1 - 7 * i);
  return srtla_write_ack (out, numbers, G_N_ELEMENTS (numbers));
}

/* Extension blocks of no length, as many as there is room for. */
static gsize
empty_extensions (World *world, guint8 *out)
{
  gsize size = testing_handshake (out, 5, SRTLA_HS_TYPE_CONCLUSION, 0x100,
      0x200, world->first, ++world->stamp);

  memset (out + size, 0, 1500 - size);
  return 1500;
}

static gsize
registrations (World *world, guint8 *out)
{
  guint8 id[SRTLA_GROUP_ID];

  draw (id, sizeof id, world);
  return srtla_write_registration (out, SRTLA_KIND_REG2, id);
}

static gsize
noise (World *world, guint8 *out)
{
  draw (out, 1500, world);
  return 1500;
}

static gsize
acknowledged_to_the_end (World *world, guint8 *out)
{
  return testing_light_ack (out, srtla_seq_add (world->first, PACKETS), 0x100,
      ++world->stamp);
}

typedef struct
{
  const gchar *name;
  MakeFunc make;
  guint64 most;                 /* blocks */
} Case;

/* The last one settles everything. */
static const Case cases[] = {
  {"a range of half the circle", whole_circle, PER_DATAGRAM},
  {"the same again", whole_circle, PER_DATAGRAM},
  {"185 ranges of everything", many_ranges, PER_DATAGRAM},
  {"370 numbers never sent", strange_numbers, HARMLESS},
  {"370 gaps", gaps, PER_NUMBER * 370},
  {"374 times one number acknowledged", one_number_again, PER_NUMBER * 374},
  /* It proves that all before has left: what NAKs named is looked at once. */
  {"374 numbers acknowledged", many_numbers, PER_DATAGRAM},
  {"the same numbers again", many_numbers, PER_NUMBER * 374},
  {"359 empty extensions", empty_extensions, HARMLESS},
  {"REG2 with an id of nobody", registrations, HARMLESS},
  {"noise", noise, HARMLESS},
  {"all acknowledged", acknowledged_to_the_end, PER_DATAGRAM},
  {"and again", acknowledged_to_the_end, HARMLESS},
};

/* Returns: the blocks of taking one data packet, for comparison. */
static guint64
blocks_of_a_packet (World *world)
{
  guint8 data[SIZE];
  SrtlaPacket packet = { data, SIZE, NULL };

  testing_data_packet (data, SIZE, world->first + PACKETS, 0x200, 0, FALSE);
  blocks = 0;
  srtla_bond_push (world->bond, &packet, world->now, NULL);
  take (world);
  return blocks;
}

static void
test_work (gconstpointer mode)
{
  guint8 datagram[TESTING_MAX_PACKET];
  World world;
  guint64 one;
  guint i;

  world_init (&world, mode);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    gsize size = cases[i].make (&world, datagram);

    g_assert_cmpuint (size, <=, SRTLA_MAX_DATAGRAM);
    world.replies = world.reply_bytes = 0;
    blocks = 0;
    srtla_bond_receive (world.bond, 1, datagram, size, world.now);
    take (&world);
    g_test_message ("%s, %s: %" G_GUINT64_FORMAT " blocks, %" G_GUINT64_FORMAT
        " replies", (const gchar *) mode, cases[i].name, blocks, world.replies);
    g_assert_cmpuint (blocks, >, 0);
    g_assert_cmpuint (blocks, <=, cases[i].most);
    /* Nor does it make more datagrams than it is worth. */
    g_assert_cmpuint (world.replies, <=, 48);
    srtla_bond_tick (world.bond, world.now);
    take (&world);
  }
  one = blocks_of_a_packet (&world);
  g_test_message ("%s, one data packet: %" G_GUINT64_FORMAT " blocks",
      (const gchar *) mode, one);
  g_assert_cmpuint (one, >, 0);
  world_clear (&world);
}

/* ---- Secrets ------------------------------------------------------------ */

/* A guess at a group's id takes as long wherever it is wrong. */
static void
test_secret (void)
{
  guint8 id[SRTLA_GROUP_ID], guess[SRTLA_GROUP_ID];
  GRand *rand = testing_rand_new ();
  guint64 first = 0;
  guint i;

  testing_random (id, sizeof id, rand);
  for (i = 0; i <= sizeof id; i++) {
    memcpy (guess, id, sizeof id);
    if (i < sizeof id)
      guess[i] ^= 1 << i % 8;
    blocks = 0;
    g_assert_true (srtla_id_equal (id, guess, sizeof id) == (i == sizeof id));
    g_assert_cmpuint (blocks, >, 0);
    if (i == 0)
      first = blocks;
    g_assert_cmpuint (blocks, ==, first);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/work/classic", "classic", test_work);
  g_test_add_data_func ("/work/enhanced", "enhanced", test_work);
  g_test_add_func ("/work/secret", test_secret);
  return g_test_run ();
}
