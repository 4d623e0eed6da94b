/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bond-fixture.h"

static void
test_connects (void)
{
  Fixture fixture;
  SrtlaBondStats stats;

  fixture_init (&fixture, 2, FALSE);
  g_assert_cmpstr (fixture.trace->str, ==,
      "5.000000 uplink 0: closed -> probing (opened, probing)\n"
      "5.000000 uplink 0: probing -> registering (path found, REG1)\n"
      "5.000000 uplink 0: registering -> up (REG3)\n"
      "5.000000 connected by uplink 0\n"
      "5.000000 uplink 1: closed -> registering (opened, REG2)\n"
      "5.000000 uplink 1: registering -> up (REG3)\n");
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.uplinks_up, ==, 2);
  g_assert_cmpuint (stats.n_uplinks, ==, 2);
  g_assert_cmpuint (stats.uplinks[0].slot, ==, 0);
  g_assert_cmpuint (stats.connected_since, ==, 5 * SRTLA_SECOND);
  fixture_clear (&fixture);
}

static void
test_nothing_goes_out_unregistered (void)
{
  Fixture fixture;
  SrtlaBondStats stats;

  fixture_init (&fixture, 3, TRUE);
  g_assert_cmpuint (fixture_push_data (&fixture, 1), ==, SRTLA_NO_UPLINK);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.lost[SRTLA_LOSS_NO_UPLINK], ==, 1);
  g_assert_cmpuint (stats.packets_pushed, ==, 1);
  g_assert_cmpuint (stats.packets_sent, ==, 0);
  fixture_clear (&fixture);
}

static void
test_not_srt (void)
{
  static const struct
  {
    guint8 first[4];
    gsize size;
  } table[] = {
    {{0, 0, 0, 1}, 0}, {{0, 0, 0, 1}, 15}, {{0, 0, 0, 1}, 1501},
    {{0x47, 0, 0, 0}, 188}, {{0x47, 0, 0, 0}, 1316},
    {{0x90, 0, 0, 0}, 38}, {{0x92, 0x01, 0, 0}, 258}, {{0x93, 0, 0, 0}, 100},
    {{0x80, 0x09, 0, 0}, 100},
  };
  guint8 packet[TESTING_MAX_PACKET] = { 0 };
  Fixture fixture;
  SrtlaBondStats stats;
  guint i, k;

  fixture_init (&fixture, 1, FALSE);
  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    for (k = 0; k < sizeof packet; k += 188)
      memcpy (packet + k, table[i].first, 4);
    g_test_message ("row %u", i);
    g_assert_cmpint (fixture_push (&fixture, packet, table[i].size), ==,
        SRTLA_PUSH_NOT_SRT);
  }
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.lost[SRTLA_LOSS_NOT_SRT], ==, G_N_ELEMENTS (table));
  fixture_clear (&fixture);
}

/* The book of the callers' packets balances, whatever became of them. */
static void
assert_balance (Fixture * fixture)
{
  SrtlaBondStats stats;

  fixture_stats (fixture, &stats);
  g_assert_cmpuint (stats.packets_pushed, ==,
      srtla_bond_stats_accounted (&stats));
}

static void
test_full_and_removed (void)
{
  guint8 packet[1332];
  SrtlaPacket input = { packet, sizeof packet, NULL };
  Fixture fixture;
  SrtlaBondStats stats;
  guint i, other;

  fixture_init (&fixture, 2, FALSE);
  input.owner = &fixture;
  for (i = 0; i < SRTLA_BOND_BATCH + 3; i++) {
    testing_data_packet (packet, sizeof packet, i, FIXTURE_SERVER_ID, i, FALSE);
    fixture.references++;
    g_assert_cmpint (srtla_bond_push (fixture.bond, &input, fixture.now, NULL),
        ==, i < SRTLA_BOND_BATCH ? SRTLA_PUSH_TAKEN : SRTLA_PUSH_FULL);
  }
  g_assert_cmpint (fixture.references, ==, SRTLA_BOND_BATCH);

  /* What waits for a removed uplink goes; the other's keeps its order. */
  srtla_bond_remove_uplink (fixture.bond, 0, fixture.now);
  fixture_drain (&fixture);
  other = fixture_count (&fixture, SRTLA_OUTPUT_PACKET);
  g_assert_cmpuint (other, ==, SRTLA_BOND_BATCH / 2);
  for (i = 0; i < other; i++)
    g_assert_cmpuint (fixture.outputs[i].uplink, ==, 1);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.lost[SRTLA_LOSS_FULL], ==, 3);
  g_assert_cmpuint (stats.lost[SRTLA_LOSS_UPLINK_REMOVED], ==,
      SRTLA_BOND_BATCH / 2);
  g_assert_cmpuint (stats.n_uplinks, ==, 1);
  assert_balance (&fixture);
  fixture_clear (&fixture);
}

static void
test_untaken_outputs_are_released (void)
{
  guint8 packet[100];
  SrtlaPacket input = { packet, sizeof packet, NULL };
  Fixture fixture;

  fixture_init (&fixture, 1, FALSE);
  input.owner = &fixture;
  testing_data_packet (packet, sizeof packet, 1, FIXTURE_SERVER_ID, 1, FALSE);
  fixture.references++;
  srtla_bond_push (fixture.bond, &input, fixture.now, NULL);
  g_assert_cmpint (fixture.references, ==, 1);
  fixture_clear (&fixture);     /* asserts that none is left */
}

static void
test_send_results (void)
{
  Fixture fixture;
  SrtlaBondStats stats;
  SrtlaOutput output;
  guint uplink;

  fixture_init (&fixture, 2, FALSE);
  fixture_handshake (&fixture, FIXTURE_CALLER_ID, FIXTURE_SERVER_ID, 100);
  uplink = fixture_push_data (&fixture, 100);
  output = fixture.outputs[0];
  {
    guint8 packet[1332];

    testing_data_packet (packet, sizeof packet, 100, FIXTURE_SERVER_ID, 0,
        FALSE);
    output.packet.data = packet;
    g_assert_cmpint (fixture_uplink_stats (&fixture, uplink).in_flight, ==, 1);
    srtla_bond_send_result (fixture.bond, &output, SRTLA_SEND_FAILED,
        fixture.now);
  }
  g_assert_cmpint (fixture_uplink_stats (&fixture, uplink).in_flight, ==, 0);
  g_assert_cmpuint (fixture_uplink_stats (&fixture, uplink).counters.send_errors,
      ==, 1);

  /* It is out of the choice until something is heard. */
  g_assert_cmpuint (fixture_push_data (&fixture, 101), ==, 1 - uplink);
  g_assert_cmpuint (fixture_push_data (&fixture, 102), ==, 1 - uplink);
  {
    guint8 keepalive[2] = { 0x90, 0 };

    fixture_receive (&fixture, uplink, keepalive, sizeof keepalive);
  }
  g_assert_cmpuint (fixture_push_data (&fixture, 103), ==, uplink);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.lost[SRTLA_LOSS_SEND_ERROR], ==, 1);
  assert_balance (&fixture);
  fixture_clear (&fixture);
}

static void
test_one_copy_goes_back (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  Fixture fixture;
  SrtlaBondStats stats;
  gsize size;
  guint i, replies = 0;

  fixture_init (&fixture, 4, FALSE);
  fixture_handshake (&fixture, FIXTURE_CALLER_ID, FIXTURE_SERVER_ID, 100);
  for (i = 0; i < 20; i++)
    fixture_push_data (&fixture, 100 + i);

  size = testing_nak_range (packet, 103, 105, FIXTURE_CALLER_ID, 777);
  for (i = 0; i < 4; i++) {
    fixture_receive (&fixture, i, packet, size);
    replies += fixture_count (&fixture, SRTLA_OUTPUT_REPLY);
  }
  g_assert_cmpuint (replies, ==, 1);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.naks, ==, 3);
  g_assert_cmpuint (stats.srt_naks, ==, 1);

  /* A new timestamp is a new NAK, but the numbers are out of the logs. */
  size = testing_nak_range (packet, 103, 105, FIXTURE_CALLER_ID, 778);
  fixture_receive (&fixture, 2, packet, size);
  g_assert_cmpuint (fixture_count (&fixture, SRTLA_OUTPUT_REPLY), ==, 1);

  size = testing_ack (packet, 1, 110, FIXTURE_CALLER_ID, 779);
  for (i = 0, replies = 0; i < 4; i++) {
    fixture_receive (&fixture, i, packet, size);
    replies += fixture_count (&fixture, SRTLA_OUTPUT_REPLY);
  }
  g_assert_cmpuint (replies, ==, 1);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.reply_copies, ==, 6);
  g_assert_cmpuint (stats.naks, ==, 3);
  fixture_clear (&fixture);
}

static void
test_hostile_nak (void)
{
  TestingRange ranges[180];
  guint8 packet[TESTING_MAX_PACKET];
  Fixture fixture;
  SrtlaBondStats stats;
  guint i;

  fixture_init (&fixture, 1, FALSE);
  fixture_handshake (&fixture, FIXTURE_CALLER_ID, FIXTURE_SERVER_ID, 100);
  for (i = 0; i < 10; i++)
    fixture_push_data (&fixture, 100 + i);
  for (i = 0; i < G_N_ELEMENTS (ranges); i++) {
    ranges[i].first = 101 + i;
    ranges[i].last = (100 + i) & SRTLA_SEQ_MASK;        /* nearly all there are */
  }
  fixture_receive (&fixture, 0, packet, testing_nak (packet, ranges,
          G_N_ELEMENTS (ranges), FIXTURE_CALLER_ID, 1));
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.naks, <=, 10);
  g_assert_cmpint (fixture_uplink_stats (&fixture, 0).window, >=,
      SRTLA_WINDOW_DEFAULT - 10 * SRTLA_WINDOW_NAK);
  fixture_clear (&fixture);
}

static void
test_two_callers (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  Fixture fixture;
  SrtlaBondStats stats;
  gsize size;
  guint i;

  fixture_init (&fixture, 1, FALSE);
  fixture_handshake (&fixture, 0x111, 0x211, 500);
  fixture_handshake (&fixture, 0x122, 0x222, 500);
  for (i = 0; i < 10; i++) {
    testing_data_packet (packet, 100, 500 + i, 0x211, i, FALSE);
    fixture_push (&fixture, packet, 100);
    testing_data_packet (packet, 100, 500 + i, 0x222, i, FALSE);
    fixture_push (&fixture, packet, 100);
  }
  g_assert_cmpint (fixture_uplink_stats (&fixture, 0).in_flight, ==, 20);

  /* An ACK for one leaves the other's numbers outstanding. */
  size = testing_ack (packet, 1, 510, 0x122, 9);
  fixture_receive (&fixture, 0, packet, size);
  g_assert_cmpint (fixture_uplink_stats (&fixture, 0).in_flight, ==, 10);
  g_assert_cmpuint (fixture.outputs[0].caller, ==, 1);

  size = testing_nak_range (packet, 500, 509, 0x122, 10);
  fixture_receive (&fixture, 0, packet, size);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.naks, ==, 0);
  size = testing_nak_range (packet, 500, 509, 0x111, 10);
  fixture_receive (&fixture, 0, packet, size);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.naks, ==, 10);
  g_assert_cmpuint (stats.callers, ==, 2);
  fixture_clear (&fixture);
}

static void
test_keepalives (void)
{
  Fixture fixture;
  SrtlaBondStats stats;
  guint i, k, keepalives = 0;

  fixture_init (&fixture, 3, FALSE);
  fixture_handshake (&fixture, FIXTURE_CALLER_ID, FIXTURE_SERVER_ID, 0);
  /* A second under load: one keepalive an uplink, echoed back. */
  for (i = 0; i < 1000; i++) {
    SrtlaOutput sent[FIXTURE_OUTPUTS];
    guint n;

    fixture.now += SRTLA_MILLISECOND;
    fixture_push_data (&fixture, i);
    srtla_bond_tick (fixture.bond, fixture.now);
    fixture_drain (&fixture);
    n = fixture.n_outputs;
    memcpy (sent, fixture.outputs, n * sizeof sent[0]);
    for (k = 0; k < n; k++) {
      guint8 echo[SRTLA_KEEPALIVE_SIZE];

      if (sent[k].kind != SRTLA_OUTPUT_CONTROL)
        continue;
      keepalives++;
      g_assert_cmpuint (sent[k].packet.size, ==, SRTLA_KEEPALIVE_SIZE);
      memcpy (echo, sent[k].packet.data, sizeof echo);
      fixture.now += 100;
      fixture_receive (&fixture, sent[k].uplink, echo, sizeof echo);
    }
  }
  g_assert_cmpuint (keepalives, ==, 3);
  fixture_stats (&fixture, &stats);
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (stats.uplinks[i].rtt, ==, 100 * (i == 0 ? 3 : i == 1 ? 2 : 1));
  fixture_clear (&fixture);
}

static void
test_silence_and_return (void)
{
  guint8 keepalive[2] = { 0x90, 0 };
  Fixture fixture;
  guint i;

  fixture_init (&fixture, 2, FALSE);
  fixture.answers[1] = FALSE;
  g_string_truncate (fixture.trace, 0);
  for (i = 0; i < 8; i++) {
    fixture_advance (&fixture, SRTLA_SECOND);
    fixture_receive (&fixture, 0, keepalive, sizeof keepalive);
  }
  g_assert_cmpstr (fixture.trace->str, ==,
      "10.000000 uplink 1: up -> down (silent)\n");
  g_assert_cmpint (fixture_uplink_stats (&fixture, 1).window, ==,
      SRTLA_WINDOW_MINIMUM);
  g_assert_cmpuint (fixture_push_data (&fixture, 1), ==, 0);

  /* Whatever a receiver that knows it sends brings it back. */
  g_string_truncate (fixture.trace, 0);
  fixture_receive (&fixture, 1, keepalive, sizeof keepalive);
  g_assert_nonnull (strstr (fixture.trace->str, "uplink 1: down -> up"));
  fixture_clear (&fixture);
}

static void
test_receiver_restart (void)
{
  Fixture fixture;
  SrtlaBondStats stats;

  fixture_init (&fixture, 3, FALSE);
  fixture.has_group = FALSE;    /* it forgot us */
  fixture_advance (&fixture, 7 * SRTLA_SECOND);
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.uplinks_up, ==, 3);
  g_assert_cmpuint (stats.registration.groups, ==, 2);
  g_assert_nonnull (strstr (fixture.trace->str, "disconnected"));
  fixture_clear (&fixture);
}

static void
test_connection_timeout (void)
{
  Fixture fixture;

  fixture_init (&fixture, 2, TRUE);
  srtla_bond_set_connection_timeout (fixture.bond, 3 * SRTLA_SECOND);
  fixture_advance (&fixture, 3 * SRTLA_SECOND - 1);
  g_assert_null (strstr (fixture.trace->str, "timeout"));
  fixture_advance (&fixture, 1);
  g_assert_nonnull (strstr (fixture.trace->str, "8.000000 connection timeout"));
  g_string_truncate (fixture.trace, 0);
  fixture_advance (&fixture, 60 * SRTLA_SECOND);
  g_assert_null (strstr (fixture.trace->str, "timeout"));
  fixture_clear (&fixture);
}

/* Datagrams of every type and length, on an uplink that is up and on one that
 * is not: nothing crashes, and all are counted. */
static void
test_garbage (void)
{
  static const guint16 types[] = {
    0x0000, 0x4711, 0x8000, 0x8001, 0x8002, 0x8003, 0x8005, 0x8006, 0x8007,
    0xffff, 0x9000, 0x9100, 0x9200, 0x9201, 0x9202, 0x9210, 0x9211, 0x9212,
    0x9300, 0xa000, 0xa001, 0xb000,
  };
  Fixture fixture;
  SrtlaBondStats stats;
  guint64 before, count = 0;
  guint i;
  gsize size, k;

  fixture_init (&fixture, 1, FALSE);
  fixture_add_uplink (&fixture, FALSE);
  fixture_handshake (&fixture, FIXTURE_CALLER_ID, FIXTURE_SERVER_ID, 0);
  for (i = 0; i < 100; i++)
    fixture_push_data (&fixture, i);
  fixture_stats (&fixture, &stats);
  before = stats.datagrams_received;
  for (i = 0; i < G_N_ELEMENTS (types); i++) {
    for (size = 0; size < 300; size++) {
      guint8 *packet = malloc (size + 1);

      for (k = 0; k < size; k++)
        packet[k] = (guint8) g_rand_int (fixture.rand);
      if (size >= 2)
        srtla_write_u16 (packet, types[i]);
      srtla_bond_receive (fixture.bond, size % 2, packet, size, fixture.now);
      free (packet);
      fixture.n_outputs = 0;
      {
        SrtlaOutput output;

        while (srtla_bond_next_output (fixture.bond, &output))
          g_assert_null (output.packet.owner);
      }
      count++;
    }
  }
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.datagrams_received - before, ==, count);
  g_assert_cmpint (fixture_uplink_stats (&fixture, 0).in_flight, >=, 0);
  fixture_clear (&fixture);
}

static void
test_slots (void)
{
  Fixture fixture;
  guint i;

  fixture_init (&fixture, SRTLA_MAX_UPLINKS, FALSE);
  g_assert_cmpuint (srtla_bond_add_uplink (fixture.bond, fixture.now), ==,
      SRTLA_NO_UPLINK);
  for (i = 0; i < 200; i++) {
    guint slot = g_rand_int_range (fixture.rand, 0, SRTLA_MAX_UPLINKS);

    fixture_push_data (&fixture, i);
    srtla_bond_remove_uplink (fixture.bond, slot, fixture.now);
    fixture_drain (&fixture);
    g_assert_cmpuint (fixture_push_data (&fixture, i), !=, slot);
    g_assert_cmpuint (fixture_add_uplink (&fixture, TRUE), ==, slot);
  }
  assert_balance (&fixture);
  fixture_clear (&fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bond/connects", test_connects);
  g_test_add_func ("/bond/unregistered", test_nothing_goes_out_unregistered);
  g_test_add_func ("/bond/not-srt", test_not_srt);
  g_test_add_func ("/bond/full-and-removed", test_full_and_removed);
  g_test_add_func ("/bond/untaken", test_untaken_outputs_are_released);
  g_test_add_func ("/bond/send-results", test_send_results);
  g_test_add_func ("/bond/one-copy", test_one_copy_goes_back);
  g_test_add_func ("/bond/hostile-nak", test_hostile_nak);
  g_test_add_func ("/bond/two-callers", test_two_callers);
  g_test_add_func ("/bond/keepalives", test_keepalives);
  g_test_add_func ("/bond/silence", test_silence_and_return);
  g_test_add_func ("/bond/receiver-restart", test_receiver_restart);
  g_test_add_func ("/bond/connection-timeout", test_connection_timeout);
  g_test_add_func ("/bond/garbage", test_garbage);
  g_test_add_func ("/bond/slots", test_slots);
  return g_test_run ();
}
