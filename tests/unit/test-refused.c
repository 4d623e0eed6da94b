/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets that an uplink's socket refuses, or gives back: they go by another
 * uplink, and are neither lost nor counted twice.
 */
#include "bond-fixture.h"
#include "srtla-bond-private.h"

typedef struct
{
  Fixture fixture;
  guint8 data[TESTING_MAX_PACKET];
  SrtlaPacket packet;
} World;

static void
world_init (World *world, const gchar *mode, guint uplinks)
{
  fixture_init (&world->fixture, uplinks, FALSE);
  g_assert_true (srtla_bond_set_mode (world->fixture.bond, mode,
          world->fixture.now));
  fixture_drain (&world->fixture);
}

/* Pushes a data packet; its output must be there. */
static SrtlaOutput
send (World *world, guint32 sequence, gboolean again)
{
  Fixture *fixture = &world->fixture;
  SrtlaOutput output;

  world->packet.data = world->data;
  world->packet.size = testing_data_packet (world->data, 1332, sequence,
      FIXTURE_SERVER_ID, 1000, again);
  world->packet.owner = world;
  fixture->references++;
  g_assert_cmpint (srtla_bond_push (fixture->bond, &world->packet,
          fixture->now, NULL), ==, SRTLA_PUSH_TAKEN);
  g_assert_true (srtla_bond_next_output (fixture->bond, &output));
  g_assert_cmpint (output.kind, ==, SRTLA_OUTPUT_PACKET);
  return output;
}

/* Says what became of it, and lets go of it. Returns: whether it goes out once
 * more: *next. */
static gboolean
report (World *world, const SrtlaOutput *output, SrtlaSendResult result,
    SrtlaOutput *next)
{
  Fixture *fixture = &world->fixture;

  srtla_bond_send_result (fixture->bond, output, result, fixture->now);
  fixture->references--;
  return srtla_bond_next_output (fixture->bond, next);
}

static void
expect (World *world, guint uplink, guint64 packets, gint32 in_flight)
{
  SrtlaUplinkStats stats = fixture_uplink_stats (&world->fixture, uplink);

  g_assert_cmpuint (stats.counters.packets_sent, ==, packets);
  g_assert_cmpuint (stats.counters.bytes_sent, ==, 1332 * packets);
  g_assert_cmpint (stats.in_flight, ==, in_flight);
}

static void
expect_totals (World *world, guint64 sent, guint64 failed, guint64 dropped)
{
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);
  const SrtlaTraffic *flow = &stats->flows[0].traffic;

  fixture_stats (&world->fixture, stats);
  g_assert_cmpuint (stats->packets_sent, ==, sent);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_SEND_ERROR], ==, failed);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_UPLINK_QUEUE], ==, dropped);
  g_assert_cmpuint (stats->packets_pushed, ==, sent + failed + dropped);
  g_assert_cmpuint (flow->packets_in, ==, sent + failed + dropped);
  g_assert_cmpuint (flow->packets_out, ==, sent);
  g_assert_cmpuint (flow->lost[SRTLA_LOSS_SEND_ERROR], ==, failed);
  g_assert_cmpuint (flow->lost[SRTLA_LOSS_UPLINK_QUEUE], ==, dropped);
  g_free (stats);
}

static void
test_failed (void)
{
  World world;
  SrtlaOutput first, second, third;

  world_init (&world, "enhanced", 2);
  first = send (&world, 1, FALSE);
  expect (&world, first.uplink, 1, 1);
  g_assert_true (report (&world, &first, SRTLA_SEND_FAILED, &second));
  g_assert_cmpuint (second.uplink, !=, first.uplink);
  g_assert_true (second.packet.owner == &world);
  g_assert_cmpuint (second.arrived, ==, first.arrived);
  expect (&world, first.uplink, 0, 0);
  expect (&world, second.uplink, 1, 1);
  expect_totals (&world, 1, 0, 0);
  /* Nobody takes it: it is lost, once. */
  g_assert_false (report (&world, &second, SRTLA_SEND_FAILED, &third));
  expect (&world, first.uplink, 0, 0);
  expect (&world, second.uplink, 0, 0);
  expect_totals (&world, 0, 1, 0);
  fixture_clear (&world.fixture);
}

static void
test_returned (void)
{
  World world;
  SrtlaOutput first, second, third;

  world_init (&world, "enhanced", 2);
  first = send (&world, 1, FALSE);
  g_assert_true (report (&world, &first, SRTLA_SEND_RETURNED, &second));
  g_assert_cmpuint (second.uplink, !=, first.uplink);
  g_assert_cmpuint (fixture_uplink_stats (&world.fixture,
          first.uplink).counters.send_errors, ==, 0);
  g_assert_false (report (&world, &second, SRTLA_SEND_DONE, &third));
  expect_totals (&world, 1, 0, 0);
  fixture_clear (&world.fixture);
}

/* Back from a socket that takes no more, it goes where there is room, doubtful as
 * that may be: not to another that takes no more, and from there back again. */
static void
test_blocked (void)
{
  guint doubtful, first_blocked, i;
  World world;
  SrtlaOutput first, second;

  for (doubtful = 0; doubtful < 3; doubtful++) {
    world_init (&world, "enhanced", 3);
    first_blocked = (doubtful + 1) % 3;
    for (i = 0; i < 3; i++)
      srtla_bond_uplink_blocked (world.fixture.bond, i, i != first_blocked);
    first = send (&world, 1, FALSE);
    g_assert_cmpuint (first.uplink, ==, first_blocked);
    srtla_bond_uplink_blocked (world.fixture.bond, first_blocked, TRUE);
    srtla_bond_uplink_blocked (world.fixture.bond, doubtful, FALSE);
    srtla_enhanced_doubt (world.fixture.bond->uplinks[doubtful],
        world.fixture.now);
    g_assert_true (srtla_bond_has_room_beside (world.fixture.bond,
            first_blocked, first.packet.size));
    g_assert_true (report (&world, &first, SRTLA_SEND_RETURNED, &second));
    g_assert_cmpuint (second.uplink, ==, doubtful);
    g_assert_false (report (&world, &second, SRTLA_SEND_DONE, &first));
    expect_totals (&world, 1, 0, 0);
    fixture_clear (&world.fixture);
  }
}

/* It was sent once: the first retransmission is the first. */
static void
test_copies (void)
{
  World world;
  SrtlaOutput first, second, third;

  world_init (&world, "enhanced", 3);
  first = send (&world, 1, FALSE);
  g_assert_true (report (&world, &first, SRTLA_SEND_RETURNED, &second));
  g_assert_false (report (&world, &second, SRTLA_SEND_DONE, &third));
  first = send (&world, 1, TRUE);
  g_assert_cmpuint (first.uplink, !=, second.uplink);
  g_assert_false (report (&world, &first, SRTLA_SEND_DONE, &third));
  expect_totals (&world, 2, 0, 0);
  fixture_clear (&world.fixture);
}

/* As ever. */
static void
test_classic (void)
{
  World world;
  SrtlaOutput first, second;

  world_init (&world, "classic", 2);
  first = send (&world, 1, FALSE);
  g_assert_false (report (&world, &first, SRTLA_SEND_RETURNED, &second));
  expect_totals (&world, 0, 0, 1);
  first = send (&world, 2, FALSE);
  g_assert_false (report (&world, &first, SRTLA_SEND_FAILED, &second));
  expect_totals (&world, 0, 1, 1);
  fixture_clear (&world.fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/refused/failed", test_failed);
  g_test_add_func ("/refused/returned", test_returned);
  g_test_add_func ("/refused/blocked", test_blocked);
  g_test_add_func ("/refused/copies", test_copies);
  g_test_add_func ("/refused/classic", test_classic);
  return g_test_run ();
}
