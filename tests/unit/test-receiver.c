/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The receiver core: registration, limits, timeouts, acknowledgements, echoes
 * and relay rules of each behaviour, in virtual time. */
#include "srtla-receiver.h"

#include "testing.h"

#define MAX_GROUPS 200
#define START (1000 * SRTLA_SECOND)
#define NO_GROUP G_MAXUINT

typedef struct
{
  SrtlaReceiver *core;
  SrtlaBehaviour behaviour;
  GRand *rand;
  SrtlaTime now;
} Fixture;

/* What the table of docs/protocol.md says. */
static const struct
{
  guint uplink_timeout, group_timeout, unused_timeout;  /* s */
  guint max_uplinks;            /* 0 = any */
  gsize short_size;
  gboolean refuses, acknowledges, naks_to_every, nak_repeated, pads;
  gsize own_keepalive;          /* bytes, 0 = none while all is well */
} columns[SRTLA_BEHAVIOURS] = {
  {10, 10, 10, 8, 2, TRUE, TRUE, FALSE, FALSE, FALSE, 0},
  {15, 30, 5, 16, 32, TRUE, TRUE, TRUE, FALSE, TRUE, 32},
  {10, 10, 10, 16, 32, TRUE, TRUE, FALSE, FALSE, FALSE, 0},
  {10, 10, 10, 16, 2, TRUE, FALSE, FALSE, FALSE, FALSE, 0},
  {4, 4, 4, 16, 2, TRUE, TRUE, TRUE, FALSE, FALSE, 2},
  {10, 10, 10, 0, 2, FALSE, TRUE, TRUE, TRUE, FALSE, 0},
};

/* ---- Helpers ----------------------------------------------------------- */

static void
setup (Fixture *fixture, gconstpointer data)
{
  fixture->behaviour = (SrtlaBehaviour) GPOINTER_TO_UINT (data);
  fixture->rand = testing_rand_new ();
  fixture->now = START;
  fixture->core = srtla_receiver_new (fixture->behaviour, testing_random,
      fixture->rand, fixture->now);
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  (void) data;
  srtla_receiver_free (fixture->core);
  g_rand_free (fixture->rand);
}

static void
expect_nothing (Fixture *fixture)
{
  SrtlaReceiverOutput output;

  g_assert_false (srtla_receiver_next_output (fixture->core, &output));
}

static void
expect_kind (Fixture *fixture, SrtlaReceiverOutputKind kind,
    SrtlaReceiverOutput *output)
{
  g_assert_true (srtla_receiver_next_output (fixture->core, output));
  g_assert_cmpint (output->kind, ==, kind);
}

/* Expects a datagram of ours for a peer. */
static void
expect_to (Fixture *fixture, SrtlaPeer peer, SrtlaKind kind, gsize size)
{
  SrtlaReceiverOutput output;

  expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  g_assert_cmpuint (output.peer, ==, peer);
  g_assert_cmpint (srtla_packet_kind (output.data, output.size), ==, kind);
  g_assert_cmpuint (output.size, ==, size);
}

static void
expect_bytes_to (Fixture *fixture, SrtlaPeer peer, const guint8 *data,
    gsize size)
{
  SrtlaReceiverOutput output;

  expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  g_assert_cmpuint (output.peer, ==, peer);
  g_assert_cmpmem (output.data, output.size, data, size);
}

static void
expect_refusal (Fixture *fixture, SrtlaPeer peer)
{
  if (columns[fixture->behaviour].refuses)
    expect_to (fixture, peer, SRTLA_KIND_REG_ERR,
        columns[fixture->behaviour].short_size);
  expect_nothing (fixture);
}

static void
receive (Fixture *fixture, SrtlaPeer peer, const guint8 *data, gsize size)
{
  guint8 *copy = testing_exact_copy (data, size);

  srtla_receiver_receive (fixture->core, peer, copy, size, fixture->now);
  free (copy);
}

static void
relay (Fixture *fixture, guint group, const guint8 *data, gsize size)
{
  guint8 *copy = testing_exact_copy (data, size);

  srtla_receiver_relay (fixture->core, group, copy, size, fixture->now);
  free (copy);
}

static void
send_registration (Fixture *fixture, SrtlaPeer peer, SrtlaKind kind,
    const guint8 *id)
{
  guint8 data[SRTLA_REG_SIZE];

  receive (fixture, peer, data, srtla_write_registration (data, kind, id));
}

/* A group, set up by `peer`. Returns: its number. */
static guint
make_group (Fixture *fixture, SrtlaPeer peer, guint8 *id)
{
  guint8 draft[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  const guint8 *answer;
  guint group;

  testing_random (draft, sizeof draft, fixture->rand);
  send_registration (fixture, peer, SRTLA_KIND_REG1, draft);
  expect_kind (fixture, SRTLA_RECEIVER_GROUP_OPENED, &output);
  group = output.group;
  expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  g_assert_cmpuint (output.peer, ==, peer);
  g_assert_cmpuint (output.group, ==, group);
  g_assert_cmpuint (output.size, ==, SRTLA_REG_SIZE);
  answer = srtla_read_registration (output.data, output.size);
  g_assert_cmpint (srtla_packet_kind (output.data, output.size), ==,
      SRTLA_KIND_REG2);
  g_assert_cmpmem (answer, SRTLA_GROUP_ID / 2, draft, SRTLA_GROUP_ID / 2);
  g_assert_cmpint (memcmp (answer + SRTLA_GROUP_ID / 2,
          draft + SRTLA_GROUP_ID / 2, SRTLA_GROUP_ID / 2), !=, 0);
  memcpy (id, answer, SRTLA_GROUP_ID);
  expect_nothing (fixture);
  return group;
}

static void
join (Fixture *fixture, SrtlaPeer peer, const guint8 *id)
{
  send_registration (fixture, peer, SRTLA_KIND_REG2, id);
  expect_to (fixture, peer, SRTLA_KIND_REG3,
      columns[fixture->behaviour].short_size);
  expect_nothing (fixture);
}

/* A group of the peers 1 to n. */
static guint
make_uplinks (Fixture *fixture, guint n, guint8 *id)
{
  guint group = make_group (fixture, 1, id);
  guint i;

  for (i = 1; i <= n; i++)
    join (fixture, i, id);
  return group;
}

/* Sends a data packet, which goes on unchanged. Whatever else came out is left
 * in the queue. */
static void
send_data (Fixture *fixture, SrtlaPeer peer, guint group, guint32 sequence)
{
  guint8 data[TESTING_MAX_PACKET];
  gsize size = testing_data_packet (data, 1332, sequence, 7, 0, FALSE);
  SrtlaReceiverOutput output;

  receive (fixture, peer, data, size);
  expect_kind (fixture, SRTLA_RECEIVER_TO_SERVER, &output);
  g_assert_cmpuint (output.group, ==, group);
  g_assert_cmpmem (output.data, output.size, data, size);
}

static SrtlaReceiverStats
stats_of (Fixture *fixture)
{
  SrtlaReceiverStats stats;

  srtla_receiver_get_stats (fixture->core, &stats);
  return stats;
}

/* Runs the clock on, and throws away what comes of it. */
static void
run_for (Fixture *fixture, SrtlaTime span)
{
  SrtlaTime end = fixture->now + span;
  SrtlaReceiverOutput output;

  for (;;) {
    SrtlaTime deadline = srtla_receiver_deadline (fixture->core);

    g_assert_cmpuint (deadline, >, fixture->now);
    if (deadline > end)
      break;
    fixture->now = deadline;
    srtla_receiver_tick (fixture->core, fixture->now);
    while (srtla_receiver_next_output (fixture->core, &output)) {
    }
  }
  fixture->now = end;
}

/* Runs the clock on to the next deadline that has an output of that kind.
 * Returns: when that was, SRTLA_TIME_NONE if not within a minute. */
static SrtlaTime
run_until (Fixture *fixture, SrtlaReceiverOutputKind kind, SrtlaPeer peer,
    SrtlaReceiverOutput *found)
{
  SrtlaTime end = fixture->now + 60 * SRTLA_SECOND;

  while (srtla_receiver_deadline (fixture->core) <= end) {
    SrtlaReceiverOutput output;
    gboolean hit = FALSE;

    fixture->now = srtla_receiver_deadline (fixture->core);
    srtla_receiver_tick (fixture->core, fixture->now);
    while (srtla_receiver_next_output (fixture->core, &output)) {
      if (!hit && output.kind == kind && (peer == 0 || output.peer == peer)) {
        hit = TRUE;
        *found = output;
      }
    }
    if (hit)
      return fixture->now;
  }
  return SRTLA_TIME_NONE;
}

/* ---- Registration ------------------------------------------------------ */

static void
test_registration (Fixture *fixture, gconstpointer data)
{
  gsize short_size = columns[fixture->behaviour].short_size;
  guint8 id[SRTLA_GROUP_ID], other[SRTLA_GROUP_ID], draft[SRTLA_GROUP_ID];
  guint first, second;

  (void) data;
  testing_random (draft, sizeof draft, fixture->rand);

  /* Nobody knows the draft. */
  send_registration (fixture, 1, SRTLA_KIND_REG2, draft);
  expect_to (fixture, 1, SRTLA_KIND_REG_NGP, short_size);
  expect_nothing (fixture);
  g_assert_false (srtla_receiver_knows (fixture->core, 1));

  first = make_group (fixture, 1, id);
  g_assert_true (srtla_receiver_knows (fixture->core, 1));
  /* REG1 again from an address whose REG1 made a group. */
  send_registration (fixture, 1, SRTLA_KIND_REG1, draft);
  expect_refusal (fixture, 1);
  g_assert_cmpuint (stats_of (fixture).peers, ==, 0);

  /* Joining, twice: the REG3 may have been lost. */
  join (fixture, 1, id);
  join (fixture, 1, id);
  join (fixture, 2, id);
  g_assert_cmpuint (stats_of (fixture).peers, ==, 2);
  send_registration (fixture, 2, SRTLA_KIND_REG1, draft);
  expect_refusal (fixture, 2);

  /* An address belongs to one group. */
  second = make_group (fixture, 3, other);
  g_assert_cmpuint (first, !=, second);
  send_registration (fixture, 1, SRTLA_KIND_REG2, other);
  expect_refusal (fixture, 1);
  send_registration (fixture, 3, SRTLA_KIND_REG2, id);
  expect_refusal (fixture, 3);

  /* Half an id is none. */
  memcpy (draft, id, SRTLA_GROUP_ID / 2);
  send_registration (fixture, 4, SRTLA_KIND_REG2, draft);
  expect_to (fixture, 4, SRTLA_KIND_REG_NGP, short_size);
  expect_nothing (fixture);

  g_assert_cmpuint (stats_of (fixture).groups, ==, 2);
  g_assert_cmpuint (stats_of (fixture).registered, ==, 3);
  g_assert_cmpuint (stats_of (fixture).unknown_group, ==, 2);
  g_assert_cmpuint (stats_of (fixture).refused, ==,
      columns[fixture->behaviour].refuses ? 4 : 0);
}

static void
test_exact_size (Fixture *fixture, gconstpointer data)
{
  guint8 bytes[SRTLA_REG_SIZE + 1] = { 0 };
  gsize size;

  (void) data;
  srtla_write_u16 (bytes, 0x9200);
  for (size = 0; size <= sizeof bytes; size++) {
    if (size == SRTLA_REG_SIZE)
      continue;
    bytes[1] = size % 2;        /* REG1, REG2 */
    receive (fixture, 1, bytes, size);
    expect_nothing (fixture);
  }
  g_assert_cmpuint (stats_of (fixture).malformed, ==, SRTLA_REG_SIZE + 1);
}

static void
test_limits (Fixture *fixture, gconstpointer data)
{
  guint max = columns[fixture->behaviour].max_uplinks;
  guint8 id[SRTLA_GROUP_ID], draft[SRTLA_GROUP_ID];
  guint i;

  (void) data;
  make_uplinks (fixture, max == 0 ? 100 : max, id);
  if (max > 0) {
    send_registration (fixture, max + 1, SRTLA_KIND_REG2, id);
    expect_refusal (fixture, max + 1);
    g_assert_false (srtla_receiver_knows (fixture->core, max + 1));
    join (fixture, max, id);    /* whoever is in stays in */
  }

  for (i = 1; i < MAX_GROUPS; i++)
    make_group (fixture, 1000 + i, id);
  testing_random (draft, sizeof draft, fixture->rand);
  send_registration (fixture, 2000, SRTLA_KIND_REG1, draft);
  expect_refusal (fixture, 2000);
  g_assert_cmpuint (stats_of (fixture).groups, ==, MAX_GROUPS);
}

/* ---- Timeouts ---------------------------------------------------------- */

/* The sweep comes every 3 s and drops what is over its time then. */
static SrtlaTime
sweep_after (SrtlaTime moment)
{
  SrtlaTime steps = (moment - START) / (3 * SRTLA_SECOND) + 1;

  return START + steps * 3 * SRTLA_SECOND;
}

static void
test_timeouts (Fixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], keepalive[38];
  SrtlaReceiverOutput output;
  SrtlaTime heard, gone;
  guint group, number;

  (void) data;
  group = make_uplinks (fixture, 2, id);
  send_data (fixture, 1, group, 1);
  heard = fixture->now;

  /* Peer 2 goes on for five seconds more. */
  fixture->now += 5 * SRTLA_SECOND / 2;
  srtla_write_keepalive (keepalive, &(SrtlaKeepalive) {.time = 5});
  receive (fixture, 2, keepalive, sizeof keepalive);
  expect_bytes_to (fixture, 2, keepalive, sizeof keepalive);

  gone = run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 1, &output);
  g_assert_cmpuint (gone, ==, sweep_after (heard
          + columns[fixture->behaviour].uplink_timeout * SRTLA_SECOND));
  g_assert_false (srtla_receiver_knows (fixture->core, 1));
  if (srtla_receiver_knows (fixture->core, 2))
    gone = run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 2, &output);
  g_assert_cmpuint (gone, ==, sweep_after (heard + 5 * SRTLA_SECOND / 2
          + columns[fixture->behaviour].uplink_timeout * SRTLA_SECOND));

  /* Empty, it waits once more, and is still known meanwhile. */
  g_assert_cmpuint (stats_of (fixture).peers, ==, 0);
  g_assert_cmpuint (stats_of (fixture).groups, ==, 1);
  g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_GROUP_CLOSED, 0,
          &output), ==, sweep_after (gone
          + columns[fixture->behaviour].group_timeout * SRTLA_SECOND));
  g_assert_cmpuint (output.group, ==, group);
  send_registration (fixture, 1, SRTLA_KIND_REG2, id);
  expect_to (fixture, 1, SRTLA_KIND_REG_NGP,
      columns[fixture->behaviour].short_size);

  /* The number is free, and used again. */
  number = make_group (fixture, 1, id);
  g_assert_cmpuint (number, ==, group);
}

/* A group whose REG2 was lost, so that nobody ever joined. */
static void
test_timeout_unused (Fixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  SrtlaTime made;
  guint again;

  (void) data;
  fixture->now += SRTLA_SECOND / 2;
  made = fixture->now;
  make_group (fixture, 1, id);
  g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 1, &output),
      ==, sweep_after (made
          + columns[fixture->behaviour].unused_timeout * SRTLA_SECOND));
  g_assert_cmpuint (stats_of (fixture).groups, ==, 0);
  again = make_group (fixture, 1, id);
  g_assert_cmpuint (again, ==, 0);
}

static void
test_keeps_alive (Fixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], keepalive[2];
  SrtlaReceiverOutput output;
  guint i;

  (void) data;
  make_uplinks (fixture, 1, id);
  srtla_write_short (keepalive, sizeof keepalive, SRTLA_KIND_KEEPALIVE);
  for (i = 0; i < 60; i++) {
    run_for (fixture, SRTLA_SECOND);
    receive (fixture, 1, keepalive, sizeof keepalive);
    expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  }
  g_assert_cmpuint (stats_of (fixture).peers, ==, 1);
}

/* ---- Data -------------------------------------------------------------- */

static void
test_acks (Fixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  guint group = make_uplinks (fixture, 2, id);
  guint32 sequence;
  guint i;

  (void) data;
  /* Each uplink counts its own; nine wait for the tenth, however long. */
  for (sequence = 0; sequence < 18; sequence++) {
    send_data (fixture, 1 + sequence % 2, group, 0x7ffffff8u + sequence);
    expect_nothing (fixture);
  }
  send_data (fixture, 2, group, 500);
  if (columns[fixture->behaviour].acknowledges) {
    expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
    g_assert_cmpuint (output.peer, ==, 2);
    g_assert_cmpuint (output.size, ==, 44);
    g_assert_cmpuint (srtla_ack_count (output.data, output.size), ==, 10);
    for (i = 0; i < 9; i++)
      g_assert_cmpuint (srtla_ack_sequence (output.data, i), ==,
          (0x7ffffff8u + 2 * i + 1) & 0x7fffffffu);
    g_assert_cmpuint (srtla_ack_sequence (output.data, 9), ==, 500);
  }
  expect_nothing (fixture);
  g_assert_cmpuint (stats_of (fixture).acks, ==,
      columns[fixture->behaviour].acknowledges ? 1 : 0);

  /* Control packets do not count. */
  for (i = 0; i < 30; i++) {
    guint8 ackack[TESTING_MAX_PACKET];

    receive (fixture, 1, ackack, testing_ackack (ackack, i, 7, 0));
    expect_kind (fixture, SRTLA_RECEIVER_TO_SERVER, &output);
    expect_nothing (fixture);
  }
  g_assert_cmpuint (stats_of (fixture).packets, ==, 49);
}

static void
test_strangers (Fixture *fixture, gconstpointer data)
{
  guint8 bytes[TESTING_MAX_PACKET], id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;

  (void) data;
  /* The sender of REG1 is no uplink before its REG2. */
  make_group (fixture, 1, id);
  receive (fixture, 1, bytes, testing_data_packet (bytes, 1000, 1, 7, 0, FALSE));
  receive (fixture, 2, bytes, testing_data_packet (bytes, 1000, 1, 7, 0, FALSE));
  receive (fixture, 2, bytes, srtla_write_short (bytes, 32,
          SRTLA_KIND_KEEPALIVE));
  expect_nothing (fixture);
  g_assert_cmpuint (stats_of (fixture).strangers, ==, 3);

  join (fixture, 1, id);
  receive (fixture, 1, bytes, srtla_write_short (bytes, 2, SRTLA_KIND_REG3));
  srtla_write_u16 (bytes, 0x9300);
  receive (fixture, 1, bytes, 100);
  receive (fixture, 1, bytes, 1501);
  receive (fixture, 1, bytes, 1);
  expect_nothing (fixture);
  g_assert_cmpuint (stats_of (fixture).malformed, ==, 4);

  /* Nor does the server get anything through that is not SRT. */
  relay (fixture, 0, bytes, srtla_write_short (bytes, 2, SRTLA_KIND_REG3));
  relay (fixture, 1, bytes, testing_ack (bytes, 1, 1, 7, 0));
  relay (fixture, NO_GROUP, bytes, testing_ack (bytes, 1, 1, 7, 0));
  expect_nothing (fixture);
  relay (fixture, 0, bytes, testing_ack (bytes, 1, 1, 7, 0));
  expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  expect_nothing (fixture);
}

static void
test_echo (Fixture *fixture, gconstpointer data)
{
  guint8 bytes[SRTLA_MIN_DATAGRAM + 6], id[SRTLA_GROUP_ID];
  gsize size;

  (void) data;
  make_uplinks (fixture, 2, id);
  testing_random (bytes, sizeof bytes, fixture->rand);
  srtla_write_u16 (bytes, 0x9000);
  for (size = 2; size <= sizeof bytes; size++) {
    guint8 expected[sizeof bytes] = { 0 };

    memcpy (expected, bytes, size);
    receive (fixture, 1 + size % 2, bytes, size);
    expect_bytes_to (fixture, 1 + size % 2, expected,
        columns[fixture->behaviour].pads ? MAX (size, 32) : size);
    expect_nothing (fixture);
  }
}

/* ---- Relay rules ------------------------------------------------------- */

static void
test_relay (Fixture *fixture, gconstpointer data)
{
  guint8 bytes[TESTING_MAX_PACKET] = { 0 }, id[SRTLA_GROUP_ID], keepalive[2];
  SrtlaReceiverOutput output;
  guint group = make_uplinks (fixture, 3, id);
  SrtlaPeer latest = 3, peer;
  gsize size;

  (void) data;
  /* An ACK goes to all, unpadded, in no matter what behaviour. */
  size = testing_light_ack (bytes, 5, 7, 0);
  relay (fixture, group, bytes, size);
  for (peer = 1; peer <= 3; peer++)
    expect_bytes_to (fixture, peer, bytes, size);
  expect_nothing (fixture);

  /* All else to the one heard last: so far by its REG2. */
  for (peer = 1; peer <= 3; peer++) {
    memset (bytes, 0, sizeof bytes);
    size = testing_srt_keepalive (bytes, 7, 0);
    relay (fixture, group, bytes, size);
    expect_bytes_to (fixture, latest, bytes,
        columns[fixture->behaviour].pads ? 32 : size);
    expect_nothing (fixture);
    send_data (fixture, peer, group, (guint32) peer);
    latest = peer;
  }

  /* A keepalive makes nobody the latest, but in one behaviour. */
  srtla_write_short (keepalive, sizeof keepalive, SRTLA_KIND_KEEPALIVE);
  receive (fixture, 1, keepalive, sizeof keepalive);
  expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  latest = fixture->behaviour == SRTLA_BEHAVIOUR_D ? 1 : 3;
  size = testing_conclusion_response (bytes, 7, 9, 0, 0, 120, 0);
  relay (fixture, group, bytes, size);
  expect_bytes_to (fixture, latest, bytes, size);
  expect_nothing (fixture);
  send_data (fixture, 2, group, 9);

  size = testing_nak_range (bytes, 4, 4, 7, 0);
  relay (fixture, group, bytes, size);
  if (columns[fixture->behaviour].naks_to_every) {
    for (peer = 1; peer <= 3; peer++)
      expect_bytes_to (fixture, peer, bytes, size);
  } else {
    expect_bytes_to (fixture, 2, bytes, size);
  }
  expect_nothing (fixture);
}

/* Groups are apart: what is for one reaches no other. */
static void
test_relay_groups (Fixture *fixture, gconstpointer data)
{
  guint8 bytes[TESTING_MAX_PACKET], id[SRTLA_GROUP_ID];
  guint one = make_uplinks (fixture, 2, id);
  guint other = make_group (fixture, 10, id);
  gsize size;

  (void) data;
  join (fixture, 10, id);
  send_data (fixture, 10, other, 77);
  size = testing_ack (bytes, 1, 78, 7, 0);
  relay (fixture, other, bytes, size);
  expect_bytes_to (fixture, 10, bytes, size);
  expect_nothing (fixture);
  relay (fixture, one, bytes, size);
  expect_bytes_to (fixture, 1, bytes, size);
  expect_bytes_to (fixture, 2, bytes, size);
  expect_nothing (fixture);
}

/* Returns: how many copies of a NAK peer 2 gets within a second. */
static guint
count_repeated (Fixture *fixture, guint8 *nak, gsize size)
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
test_repeated_nak (Fixture *fixture, gconstpointer data)
{
  gboolean repeated = columns[fixture->behaviour].nak_repeated;
  guint8 nak[TESTING_MAX_PACKET], ack[TESTING_MAX_PACKET], id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  guint group = make_uplinks (fixture, 3, id);
  gsize size;

  (void) data;
  send_data (fixture, 2, group, 100);
  size = testing_nak_range (nak, 90, 95, 7, 1234);
  relay (fixture, group, nak, size);
  while (srtla_receiver_next_output (fixture->core, &output)) {
  }
  g_assert_cmpuint (count_repeated (fixture, nak, size), ==, repeated ? 10 : 0);
  /* An ACK that leaves some of it open changes nothing. */
  relay (fixture, group, ack, testing_ack (ack, 1, 95, 7, 0));
  g_assert_cmpuint (count_repeated (fixture, nak, size), ==, repeated ? 10 : 0);
  relay (fixture, group, ack, testing_ack (ack, 2, 96, 7, 0));
  g_assert_cmpuint (count_repeated (fixture, nak, size), ==, 0);
}

/* ---- The receiver's own ideas ------------------------------------------ */

static void
test_own_keepalives (Fixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], keepalive[2];
  gsize size = columns[fixture->behaviour].own_keepalive;
  SrtlaReceiverOutput output;
  SrtlaTime start;

  (void) data;
  make_uplinks (fixture, 1, id);
  start = fixture->now;
  if (size > 0) {
    g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output),
        ==, start + SRTLA_SECOND);
    g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output),
        ==, start + 2 * SRTLA_SECOND);
    g_assert_cmpuint (output.size, ==, size);
  } else if (fixture->behaviour == SRTLA_BEHAVIOUR_C) {
    /* Only to an uplink that fell silent, until it is heard again. */
    g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output),
        ==, start + 6 * SRTLA_SECOND);
    g_assert_cmpuint (output.size, ==, 32);
    srtla_write_short (keepalive, sizeof keepalive, SRTLA_KIND_KEEPALIVE);
    receive (fixture, 1, keepalive, sizeof keepalive);
    expect_bytes_to (fixture, 1, keepalive, sizeof keepalive);
    g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output),
        ==, start + 12 * SRTLA_SECOND);
  } else {
    g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output),
        ==, SRTLA_TIME_NONE);
    return;
  }
  g_assert_cmpint (srtla_packet_kind (output.data, output.size), ==,
      SRTLA_KIND_KEEPALIVE);
}

static void
refuse_handshake (Fixture *fixture, guint group)
{
  guint8 bytes[TESTING_MAX_PACKET];
  SrtlaReceiverOutput output;

  relay (fixture, group, bytes, testing_handshake (bytes, 5, 1014, 7, 9, 0, 0));
  expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  expect_nothing (fixture);
}

static void
test_block (Fixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], bytes[TESTING_MAX_PACKET];
  SrtlaReceiverOutput output;
  SrtlaTime blocked;
  guint group = make_uplinks (fixture, 1, id), i;

  (void) data;
  /* A good one in between starts the count anew. */
  for (i = 0; i < 8; i++) {
    refuse_handshake (fixture, group);
    if (i == 3) {
      relay (fixture, group, bytes,
          testing_conclusion_response (bytes, 7, 9, 0, 0, 120, 0));
      expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
    }
  }
  join (fixture, 1, id);
  refuse_handshake (fixture, group);
  if (fixture->behaviour != SRTLA_BEHAVIOUR_B) {
    join (fixture, 1, id);
    return;
  }

  blocked = fixture->now;
  send_registration (fixture, 1, SRTLA_KIND_REG2, id);
  expect_refusal (fixture, 1);
  join (fixture, 2, id);        /* others are welcome */
  run_for (fixture, 50 * SRTLA_SECOND);
  g_assert_cmpuint (stats_of (fixture).groups, ==, 0);
  g_assert_true (srtla_receiver_knows (fixture->core, 1));
  send_registration (fixture, 1, SRTLA_KIND_REG1, id);
  expect_refusal (fixture, 1);

  g_assert_cmpuint (run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 1, &output),
      ==, blocked + 60 * SRTLA_SECOND);
  make_group (fixture, 1, id);
  join (fixture, 1, id);
}

/* ---- Anything at all --------------------------------------------------- */

/* Random datagrams of random peers. What the core says of peers and groups
 * must fit together: an owner keeps its tables by it. */
static void
test_random (Fixture *fixture, gconstpointer data)
{
  gboolean open[MAX_GROUPS] = { FALSE };
  guint8 ids[8][SRTLA_GROUP_ID], bytes[TESTING_MAX_PACKET];
  guint n_ids = 0, i;

  (void) data;
  for (i = 0; i < 20000; i++) {
    SrtlaPeer peer = 1 + g_rand_int (fixture->rand) % 40;
    SrtlaReceiverOutput output;
    gsize size = 16;

    testing_random (bytes, 64, fixture->rand);
    switch (g_rand_int (fixture->rand) % 8) {
      case 0:
        size = g_rand_int (fixture->rand) % 64;
        break;
      case 1:
        size = srtla_write_registration (bytes, SRTLA_KIND_REG1, ids[0]);
        break;
      case 2:
      case 3:
        size = srtla_write_registration (bytes, SRTLA_KIND_REG2,
            ids[g_rand_int (fixture->rand) % 8]);
        break;
      case 4:
        size = srtla_write_short (bytes, 2, SRTLA_KIND_KEEPALIVE);
        break;
      case 5:
        size = testing_nak_range (bytes, i, i + 1, 7, i);
        break;
      case 6:
        fixture->now += g_rand_int (fixture->rand) % SRTLA_SECOND;
        break;
      default:
        size = testing_data_packet (bytes, 100, i, 7, i, FALSE);
        break;
    }
    if (testing_chance (fixture->rand, 20))
      relay (fixture, g_rand_int (fixture->rand) % 4, bytes, size);
    else if (testing_chance (fixture->rand, 90))
      receive (fixture, peer, bytes, size);
    else
      srtla_receiver_tick (fixture->core, fixture->now);

    while (srtla_receiver_next_output (fixture->core, &output)) {
      switch (output.kind) {
        case SRTLA_RECEIVER_GROUP_OPENED:
          g_assert_false (open[output.group]);
          open[output.group] = TRUE;
          break;
        case SRTLA_RECEIVER_GROUP_CLOSED:
          g_assert_true (open[output.group]);
          open[output.group] = FALSE;
          break;
        case SRTLA_RECEIVER_PEER_GONE:
          g_assert_false (srtla_receiver_knows (fixture->core, output.peer));
          break;
        case SRTLA_RECEIVER_TO_SERVER:
          g_assert_true (open[output.group]);
          break;
        case SRTLA_RECEIVER_TO_PEER:
          g_assert_cmpuint (output.size, >=, 2);
          if (srtla_packet_kind (output.data, output.size) == SRTLA_KIND_REG2)
            memcpy (ids[n_ids++ % 8], output.data + 2, SRTLA_GROUP_ID);
          break;
      }
    }
  }
  g_assert_cmpuint (n_ids, >, 0);
  g_assert_cmpuint (stats_of (fixture).registered, >, 0);
}

static void
test_behaviour_find (void)
{
  static const struct
  {
    gchar letter;
    gint behaviour;             /* -1: none */
  } table[] = {
    {'a', SRTLA_BEHAVIOUR_A}, {'A', SRTLA_BEHAVIOUR_A}, {'c', SRTLA_BEHAVIOUR_C},
    {'f', SRTLA_BEHAVIOUR_F}, {'F', SRTLA_BEHAVIOUR_F}, {'g', -1}, {'`', -1},
    {'@', -1}, {'0', -1}, {'\0', -1}, {(gchar) 0xe1, -1},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaBehaviour behaviour;
    gboolean found = srtla_behaviour_find (table[i].letter, &behaviour);

    g_assert_cmpint (found ? (gint) behaviour : -1, ==, table[i].behaviour);
  }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const gchar *name;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    {"registration", test_registration}, {"exact-size", test_exact_size},
    {"limits", test_limits}, {"timeouts", test_timeouts},
    {"timeout-unused", test_timeout_unused}, {"keeps-alive", test_keeps_alive},
    {"acks", test_acks}, {"strangers", test_strangers}, {"echo", test_echo},
    {"relay", test_relay}, {"relay-groups", test_relay_groups},
    {"repeated-nak", test_repeated_nak},
    {"own-keepalives", test_own_keepalives}, {"block", test_block},
    {"random", test_random},
  };
  guint i, behaviour;

  g_test_init (&argc, &argv, NULL);
  testing_seed ();
  g_test_add_func ("/receiver/behaviour-find", test_behaviour_find);
  for (i = 0; i < G_N_ELEMENTS (tests); i++) {
    for (behaviour = 0; behaviour < SRTLA_BEHAVIOURS; behaviour++) {
      gchar *path = g_strdup_printf ("/receiver/%s/%c", tests[i].name,
          'a' + behaviour);

      g_test_add (path, Fixture, GUINT_TO_POINTER (behaviour), setup,
          tests[i].test, teardown);
      g_free (path);
    }
  }
  return g_test_run ();
}
