/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The receiver core: what goes to the SRT server and what comes back, SRTLA
 * ACKs and echoes, in each behaviour. */
#include "receiver-fixture.h"

/* ---- Data -------------------------------------------------------------- */

static void
test_acks (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  guint group = receiver_make_uplinks (fixture, 2, id);
  guint32 sequence;
  guint i;

  (void) data;
  /* Each uplink counts its own; nine wait for the tenth, however long. */
  for (sequence = 0; sequence < 18; sequence++) {
    receiver_send_data (fixture, 1 + sequence % 2, group,
        0x7ffffff8u + sequence);
    receiver_expect_nothing (fixture);
  }
  receiver_send_data (fixture, 2, group, 500);
  if (receiver_columns[fixture->behaviour].acknowledges) {
    receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
    g_assert_cmpuint (output.peer, ==, 2);
    g_assert_cmpuint (output.size, ==, 44);
    g_assert_cmpuint (srtla_ack_count (output.data, output.size), ==, 10);
    for (i = 0; i < 9; i++)
      g_assert_cmpuint (srtla_ack_sequence (output.data, i), ==,
          (0x7ffffff8u + 2 * i + 1) & 0x7fffffffu);
    g_assert_cmpuint (srtla_ack_sequence (output.data, 9), ==, 500);
  }
  receiver_expect_nothing (fixture);
  /* Then ten more. */
  for (i = 0; i < 9; i++) {
    receiver_send_data (fixture, 2, group, 600 + i);
    receiver_expect_nothing (fixture);
  }
  receiver_send_data (fixture, 2, group, 609);
  if (receiver_columns[fixture->behaviour].acknowledges) {
    receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
    g_assert_cmpuint (srtla_ack_count (output.data, output.size), ==, 10);
    g_assert_cmpuint (srtla_ack_sequence (output.data, 0), ==, 600);
    g_assert_cmpuint (srtla_ack_sequence (output.data, 9), ==, 609);
  }
  receiver_expect_nothing (fixture);
  g_assert_cmpuint (receiver_stats_of (fixture).acks, ==,
      receiver_columns[fixture->behaviour].acknowledges ? 2 : 0);

  /* Control packets do not count. */
  for (i = 0; i < 30; i++) {
    guint8 ackack[TESTING_MAX_PACKET];

    receiver_receive (fixture, 1, ackack, testing_ackack (ackack, i, 7, 0));
    receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_SERVER, &output);
    receiver_expect_nothing (fixture);
  }
  g_assert_cmpuint (receiver_stats_of (fixture).packets, ==, 59);
}

static void
test_strangers (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 bytes[TESTING_MAX_PACKET], id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;

  (void) data;
  /* The sender of REG1 is no uplink before its REG2. */
  receiver_make_group (fixture, 1, id);
  receiver_receive (fixture, 1, bytes,
      testing_data_packet (bytes, 1000, 1, 7, 0, FALSE));
  receiver_receive (fixture, 2, bytes,
      testing_data_packet (bytes, 1000, 1, 7, 0, FALSE));
  receiver_receive (fixture, 2, bytes,
      srtla_write_short (bytes, 32, SRTLA_KIND_KEEPALIVE));
  receiver_expect_nothing (fixture);
  g_assert_cmpuint (receiver_stats_of (fixture).strangers, ==, 3);

  receiver_join (fixture, 1, id);
  receiver_receive (fixture, 1, bytes,
      srtla_write_short (bytes, 2, SRTLA_KIND_REG3));
  srtla_write_u16 (bytes, 0x9300);
  receiver_receive (fixture, 1, bytes, 100);
  receiver_receive (fixture, 1, bytes, 1501);
  receiver_receive (fixture, 1, bytes, 1);
  receiver_expect_nothing (fixture);
  g_assert_cmpuint (receiver_stats_of (fixture).malformed, ==, 4);

  /* Nor does the server get anything through that is not SRT. */
  receiver_relay (fixture, 0, bytes,
      srtla_write_short (bytes, 2, SRTLA_KIND_REG3));
  receiver_relay (fixture, 1, bytes, testing_ack (bytes, 1, 1, 7, 0));
  receiver_relay (fixture, RECEIVER_NO_GROUP, bytes,
      testing_ack (bytes, 1, 1, 7, 0));
  receiver_expect_nothing (fixture);
  receiver_relay (fixture, 0, bytes, testing_ack (bytes, 1, 1, 7, 0));
  receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  receiver_expect_nothing (fixture);
}

static void
test_echo (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 bytes[SRTLA_MIN_DATAGRAM + 6], id[SRTLA_GROUP_ID];
  gsize size;

  (void) data;
  receiver_make_uplinks (fixture, 2, id);
  testing_random (bytes, sizeof bytes, fixture->rand);
  srtla_write_u16 (bytes, 0x9000);
  for (size = 2; size <= sizeof bytes; size++) {
    guint8 expected[sizeof bytes] = { 0 };

    memcpy (expected, bytes, size);
    receiver_receive (fixture, 1 + size % 2, bytes, size);
    receiver_expect_bytes_to (fixture, 1 + size % 2, expected,
        receiver_columns[fixture->behaviour].pads ? MAX (size, 32) : size);
    receiver_expect_nothing (fixture);
  }
}

/* ---- Relay rules ------------------------------------------------------- */

static void
test_relay (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 bytes[TESTING_MAX_PACKET] = { 0 }, id[SRTLA_GROUP_ID], keepalive[2];
  SrtlaReceiverOutput output;
  guint group = receiver_make_uplinks (fixture, 3, id);
  SrtlaPeer latest = 3, peer;
  gsize size;

  (void) data;
  /* An ACK goes to all, unpadded, in no matter what behaviour. */
  size = testing_light_ack (bytes, 5, 7, 0);
  receiver_relay (fixture, group, bytes, size);
  for (peer = 1; peer <= 3; peer++)
    receiver_expect_bytes_to (fixture, peer, bytes, size);
  receiver_expect_nothing (fixture);

  /* All else to the one heard last: so far by its REG2. */
  for (peer = 1; peer <= 3; peer++) {
    memset (bytes, 0, sizeof bytes);
    size = testing_srt_keepalive (bytes, 7, 0);
    receiver_relay (fixture, group, bytes, size);
    receiver_expect_bytes_to (fixture, latest, bytes,
        receiver_columns[fixture->behaviour].pads ? 32 : size);
    receiver_expect_nothing (fixture);
    receiver_send_data (fixture, peer, group, (guint32) peer);
    latest = peer;
  }

  /* A keepalive makes nobody the latest, but in one behaviour. */
  srtla_write_short (keepalive, sizeof keepalive, SRTLA_KIND_KEEPALIVE);
  receiver_receive (fixture, 1, keepalive, sizeof keepalive);
  receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  latest = fixture->behaviour == SRTLA_BEHAVIOUR_D ? 1 : 3;
  size = testing_conclusion_response (bytes, 7, 9, 0, 0, 120, 0);
  receiver_relay (fixture, group, bytes, size);
  receiver_expect_bytes_to (fixture, latest, bytes, size);
  receiver_expect_nothing (fixture);
  receiver_send_data (fixture, 2, group, 9);

  size = testing_nak_range (bytes, 4, 4, 7, 0);
  receiver_relay (fixture, group, bytes, size);
  if (receiver_columns[fixture->behaviour].naks_to_every) {
    for (peer = 1; peer <= 3; peer++)
      receiver_expect_bytes_to (fixture, peer, bytes, size);
  } else {
    receiver_expect_bytes_to (fixture, 2, bytes, size);
  }
  receiver_expect_nothing (fixture);
}

/* Groups are apart: what is for one reaches no other. */
static void
test_relay_groups (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 bytes[TESTING_MAX_PACKET], id[SRTLA_GROUP_ID];
  guint one = receiver_make_uplinks (fixture, 2, id);
  guint other = receiver_make_group (fixture, 10, id);
  gsize size;

  (void) data;
  receiver_join (fixture, 10, id);
  receiver_send_data (fixture, 10, other, 77);
  size = testing_ack (bytes, 1, 78, 7, 0);
  receiver_relay (fixture, other, bytes, size);
  receiver_expect_bytes_to (fixture, 10, bytes, size);
  receiver_expect_nothing (fixture);
  receiver_relay (fixture, one, bytes, size);
  receiver_expect_bytes_to (fixture, 1, bytes, size);
  receiver_expect_bytes_to (fixture, 2, bytes, size);
  receiver_expect_nothing (fixture);
}

/* Returns: how many copies of a NAK peer 2 gets within a second. */
static guint
count_repeated (ReceiverFixture *fixture, guint8 *nak, gsize size)
{
  SrtlaTime end = fixture->now + SRTLA_SECOND;
  guint copies = 0;

  while (srtla_receiver_deadline (fixture->core) <= end) {
    SrtlaReceiverOutput output;

    fixture->now = srtla_receiver_deadline (fixture->core);
    srtla_receiver_tick (fixture->core, fixture->now);
    while (srtla_receiver_next_output (fixture->core, &output)) {
      if (output.kind == SRTLA_RECEIVER_TO_PEER && output.size == size
          && memcmp (output.data, nak, size) == 0) {
        g_assert_cmpuint (output.peer, ==, 2);
        copies++;
      }
    }
  }
  fixture->now = end;
  return copies;
}

static void
test_repeated_nak (ReceiverFixture *fixture, gconstpointer data)
{
  gboolean repeated = receiver_columns[fixture->behaviour].nak_repeated;
  guint8 nak[TESTING_MAX_PACKET], ack[TESTING_MAX_PACKET], id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  guint group = receiver_make_uplinks (fixture, 3, id);
  gsize size;

  (void) data;
  receiver_send_data (fixture, 2, group, 100);
  size = testing_nak_range (nak, 90, 95, 7, 1234);
  receiver_relay (fixture, group, nak, size);
  while (srtla_receiver_next_output (fixture->core, &output)) {
  }
  g_assert_cmpuint (count_repeated (fixture, nak, size), ==, repeated ? 10 : 0);
  /* An ACK that leaves some of it open changes nothing. */
  receiver_relay (fixture, group, ack, testing_ack (ack, 1, 95, 7, 0));
  g_assert_cmpuint (count_repeated (fixture, nak, size), ==, repeated ? 10 : 0);
  receiver_relay (fixture, group, ack, testing_ack (ack, 2, 96, 7, 0));
  g_assert_cmpuint (count_repeated (fixture, nak, size), ==, 0);
}

int
main (int argc, char **argv)
{
  static const ReceiverTest tests[] = {
    {"acks", test_acks},
    {"strangers", test_strangers},
    {"echo", test_echo},
    {"relay", test_relay},
    {"relay-groups", test_relay_groups},
    {"repeated-nak", test_repeated_nak},
  };

  g_test_init (&argc, &argv, NULL);
  testing_seed ();
  receiver_add_tests ("/receiver-relay", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
