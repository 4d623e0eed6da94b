/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that an uplink has outstanding goes by others before it leaves, however
 * much that is. */
#include "bond-fixture.h"

#define PACKETS 3000
#define SIZE 1332

typedef struct
{
  Fixture fixture;
  guint8 data[PACKETS][SIZE];
  guint seen[PACKETS];          /* on the other uplink */
} World;

static void
push (World *world, guint32 sequence)
{
  SrtlaPacket packet = { world->data[sequence], SIZE, world };

  testing_data_packet (world->data[sequence], SIZE, sequence,
      FIXTURE_SERVER_ID, 1000, FALSE);
  world->fixture.references++;
  g_assert_cmpint (srtla_bond_push (world->fixture.bond, &packet,
          world->fixture.now, NULL), ==, SRTLA_PUSH_TAKEN);
  fixture_drain (&world->fixture);
}

static void
note (World *world, guint uplink)
{
  guint i;

  for (i = 0; i < world->fixture.n_outputs; i++) {
    const SrtlaOutput *output = &world->fixture.outputs[i];

    if (output->kind != SRTLA_OUTPUT_PACKET)
      continue;
    g_assert_cmpuint (output->uplink, ==, uplink);
    g_assert_cmpint (output->copy, ==, SRTLA_COPY_RESCUE);
    world->seen[srtla_srt_sequence (output->packet.data)]++;
  }
}

static void
test_all (void)
{
  World *world = g_new0 (World, 1);
  Fixture *fixture = &world->fixture;
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);
  guint rounds = 1, other, i;

  fixture_init (fixture, 1, FALSE);
  g_assert_true (srtla_bond_set_mode (fixture->bond, "enhanced", fixture->now));
  srtla_bond_set_queue_target (fixture->bond, 0);
  fixture_handshake (fixture, FIXTURE_CALLER_ID, FIXTURE_SERVER_ID, 0);
  for (i = 0; i < PACKETS; i++)
    push (world, i);
  other = fixture_add_uplink (fixture, TRUE);
  while (!srtla_bond_vacate_uplink (fixture->bond, 0, fixture->now)) {
    fixture_drain (fixture);
    note (world, other);
    rounds++;
    g_assert_cmpuint (rounds, <, 20);
  }
  fixture_drain (fixture);
  note (world, other);
  g_assert_cmpuint (rounds, >, 1);
  srtla_bond_remove_uplink (fixture->bond, 0, fixture->now);
  fixture_drain (fixture);
  g_assert_cmpuint (fixture_count (fixture, SRTLA_OUTPUT_PACKET), ==, 0);
  for (i = 0; i < PACKETS; i++)
    g_assert_cmpuint (world->seen[i], ==, 1);
  fixture_stats (fixture, stats);
  g_assert_cmpuint (stats->rescued, ==, PACKETS);
  fixture_clear (fixture);
  g_free (stats);
  g_free (world);
}

/* Nothing new goes there meanwhile. */
static void
test_nothing_new (void)
{
  Fixture fixture;
  guint32 i;

  fixture_init (&fixture, 2, FALSE);
  g_assert_true (srtla_bond_set_mode (fixture.bond, "enhanced", fixture.now));
  g_assert_true (srtla_bond_vacate_uplink (fixture.bond, 0, fixture.now));
  for (i = 0; i < 20; i++)
    g_assert_cmpuint (fixture_push_data (&fixture, i), ==, 1);
  fixture_clear (&fixture);
}

/* Classic mode knows no rescue. */
static void
test_classic (void)
{
  Fixture fixture;

  fixture_init (&fixture, 2, FALSE);
  fixture_push_data (&fixture, 0);
  fixture_push_data (&fixture, 1);
  g_assert_true (srtla_bond_vacate_uplink (fixture.bond, 0, fixture.now));
  fixture_drain (&fixture);
  g_assert_cmpuint (fixture.n_outputs, ==, 0);
  fixture_clear (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vacate/all", test_all);
  g_test_add_func ("/vacate/nothing-new", test_nothing_new);
  g_test_add_func ("/vacate/classic", test_classic);
  return g_test_run ();
}
