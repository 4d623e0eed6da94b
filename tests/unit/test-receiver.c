/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The receiver core: registration, limits, timeouts, keepalives of its own and
 * blocks of each behaviour, in virtual time. */
#include "receiver-fixture.h"

/* ---- Registration ------------------------------------------------------ */

static void
test_registration (ReceiverFixture *fixture, gconstpointer data)
{
  gsize short_size = receiver_columns[fixture->behaviour].short_size;
  guint8 id[SRTLA_GROUP_ID], other[SRTLA_GROUP_ID], draft[SRTLA_GROUP_ID];
  guint first, second;

  (void) data;
  testing_random (draft, sizeof draft, fixture->rand);

  /* Nobody knows the draft. */
  receiver_send_registration (fixture, 1, SRTLA_KIND_REG2, draft);
  receiver_expect_to (fixture, 1, SRTLA_KIND_REG_NGP, short_size);
  receiver_expect_nothing (fixture);
  g_assert_false (srtla_receiver_knows (fixture->core, 1));

  first = receiver_make_group (fixture, 1, id);
  g_assert_true (srtla_receiver_knows (fixture->core, 1));
  /* REG1 again from an address whose REG1 made a group. */
  receiver_send_registration (fixture, 1, SRTLA_KIND_REG1, draft);
  receiver_expect_refusal (fixture, 1);
  g_assert_cmpuint (receiver_stats_of (fixture).peers, ==, 0);

  /* Joining, twice: the REG3 may have been lost. */
  receiver_join (fixture, 1, id);
  receiver_join (fixture, 1, id);
  receiver_join (fixture, 2, id);
  g_assert_cmpuint (receiver_stats_of (fixture).peers, ==, 2);
  receiver_send_registration (fixture, 2, SRTLA_KIND_REG1, draft);
  receiver_expect_refusal (fixture, 2);

  /* An address belongs to one group. */
  second = receiver_make_group (fixture, 3, other);
  g_assert_cmpuint (first, !=, second);
  receiver_send_registration (fixture, 1, SRTLA_KIND_REG2, other);
  receiver_expect_refusal (fixture, 1);
  receiver_send_registration (fixture, 3, SRTLA_KIND_REG2, id);
  receiver_expect_refusal (fixture, 3);

  /* Half an id is none. */
  memcpy (draft, id, SRTLA_GROUP_ID / 2);
  receiver_send_registration (fixture, 4, SRTLA_KIND_REG2, draft);
  receiver_expect_to (fixture, 4, SRTLA_KIND_REG_NGP, short_size);
  receiver_expect_nothing (fixture);

  g_assert_cmpuint (receiver_stats_of (fixture).groups, ==, 2);
  g_assert_cmpuint (receiver_stats_of (fixture).registered, ==, 3);
  g_assert_cmpuint (receiver_stats_of (fixture).unknown_group, ==, 2);
  g_assert_cmpuint (receiver_stats_of (fixture).refused, ==,
      receiver_columns[fixture->behaviour].refuses ? 4 : 0);
}

static void
test_exact_size (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 bytes[SRTLA_REG_SIZE + 1] = { 0 };
  gsize size;

  (void) data;
  srtla_write_u16 (bytes, 0x9200);
  for (size = 0; size <= sizeof bytes; size++) {
    if (size == SRTLA_REG_SIZE)
      continue;
    bytes[1] = size % 2;        /* REG1, REG2 */
    receiver_receive (fixture, 1, bytes, size);
    receiver_expect_nothing (fixture);
  }
  g_assert_cmpuint (receiver_stats_of (fixture).malformed, ==,
      SRTLA_REG_SIZE + 1);
}

static void
test_limits (ReceiverFixture *fixture, gconstpointer data)
{
  guint max = receiver_columns[fixture->behaviour].max_uplinks;
  guint8 id[SRTLA_GROUP_ID], draft[SRTLA_GROUP_ID];
  guint i;

  (void) data;
  receiver_make_uplinks (fixture, max == 0 ? 100 : max, id);
  if (max > 0) {
    receiver_send_registration (fixture, max + 1, SRTLA_KIND_REG2, id);
    receiver_expect_refusal (fixture, max + 1);
    g_assert_false (srtla_receiver_knows (fixture->core, max + 1));
    receiver_join (fixture, max, id);    /* whoever is in stays in */
  }

  for (i = 1; i < RECEIVER_MAX_GROUPS; i++)
    receiver_make_group (fixture, 1000 + i, id);
  testing_random (draft, sizeof draft, fixture->rand);
  receiver_send_registration (fixture, 2000, SRTLA_KIND_REG1, draft);
  receiver_expect_refusal (fixture, 2000);
  g_assert_cmpuint (receiver_stats_of (fixture).groups, ==,
      RECEIVER_MAX_GROUPS);
}

/* ---- Timeouts ---------------------------------------------------------- */

/* The sweep comes every 3 s and drops what is over its time then. */
static SrtlaTime
sweep_after (SrtlaTime moment)
{
  SrtlaTime steps = (moment - RECEIVER_START) / (3 * SRTLA_SECOND) + 1;

  return RECEIVER_START + steps * 3 * SRTLA_SECOND;
}

static void
test_timeouts (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], keepalive[38];
  SrtlaReceiverOutput output;
  SrtlaTime heard, gone;
  guint group, number;

  (void) data;
  group = receiver_make_uplinks (fixture, 2, id);
  receiver_send_data (fixture, 1, group, 1);
  heard = fixture->now;

  /* Peer 2 goes on for five seconds more. */
  fixture->now += 5 * SRTLA_SECOND / 2;
  srtla_write_keepalive (keepalive, &(SrtlaKeepalive) {.time = 5});
  receiver_receive (fixture, 2, keepalive, sizeof keepalive);
  receiver_expect_bytes_to (fixture, 2, keepalive, sizeof keepalive);

  gone = receiver_run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 1, &output);
  g_assert_cmpuint (gone, ==,
      sweep_after (heard
          + receiver_columns[fixture->behaviour].uplink_timeout
              * SRTLA_SECOND));
  g_assert_false (srtla_receiver_knows (fixture->core, 1));
  if (srtla_receiver_knows (fixture->core, 2))
    gone = receiver_run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 2, &output);
  g_assert_cmpuint (gone, ==,
      sweep_after (heard + 5 * SRTLA_SECOND / 2
          + receiver_columns[fixture->behaviour].uplink_timeout
              * SRTLA_SECOND));

  /* Empty, it waits once more, and is still known meanwhile. */
  g_assert_cmpuint (receiver_stats_of (fixture).peers, ==, 0);
  g_assert_cmpuint (receiver_stats_of (fixture).groups, ==, 1);
  g_assert_cmpuint (receiver_run_until (fixture, SRTLA_RECEIVER_GROUP_CLOSED, 0,
          &output), ==, sweep_after (gone
          + receiver_columns[fixture->behaviour].group_timeout * SRTLA_SECOND));
  g_assert_cmpuint (output.group, ==, group);
  receiver_send_registration (fixture, 1, SRTLA_KIND_REG2, id);
  receiver_expect_to (fixture, 1, SRTLA_KIND_REG_NGP,
      receiver_columns[fixture->behaviour].short_size);

  /* The number is free, and used again. */
  number = receiver_make_group (fixture, 1, id);
  g_assert_cmpuint (number, ==, group);
}

/* A group whose REG2 was lost, so that nobody ever joined. */
static void
test_timeout_unused (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  SrtlaTime made;
  guint again;

  (void) data;
  fixture->now += SRTLA_SECOND / 2;
  made = fixture->now;
  receiver_make_group (fixture, 1, id);
  g_assert_cmpuint (
      receiver_run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 1, &output), ==,
      sweep_after (made
          + receiver_columns[fixture->behaviour].unused_timeout
              * SRTLA_SECOND));
  g_assert_cmpuint (receiver_stats_of (fixture).groups, ==, 0);
  again = receiver_make_group (fixture, 1, id);
  g_assert_cmpuint (again, ==, 0);
}

static void
test_keeps_alive (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], keepalive[2];
  SrtlaReceiverOutput output;
  guint i;

  (void) data;
  receiver_make_uplinks (fixture, 1, id);
  srtla_write_short (keepalive, sizeof keepalive, SRTLA_KIND_KEEPALIVE);
  for (i = 0; i < 60; i++) {
    receiver_run_for (fixture, SRTLA_SECOND);
    receiver_receive (fixture, 1, keepalive, sizeof keepalive);
    receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  }
  g_assert_cmpuint (receiver_stats_of (fixture).peers, ==, 1);
}

/* ---- The receiver's own ideas ------------------------------------------ */

static void
test_own_keepalives (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], keepalive[2];
  gsize size = receiver_columns[fixture->behaviour].own_keepalive;
  SrtlaReceiverOutput output;
  SrtlaTime start;

  (void) data;
  receiver_make_uplinks (fixture, 1, id);
  start = fixture->now;
  if (size > 0) {
    g_assert_cmpuint (
        receiver_run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output), ==,
        start + SRTLA_SECOND);
    g_assert_cmpuint (
        receiver_run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output), ==,
        start + 2 * SRTLA_SECOND);
    g_assert_cmpuint (output.size, ==, size);
  } else if (fixture->behaviour == SRTLA_BEHAVIOUR_C) {
    /* Only to an uplink that fell silent, until it is heard again. */
    g_assert_cmpuint (
        receiver_run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output), ==,
        start + 6 * SRTLA_SECOND);
    g_assert_cmpuint (output.size, ==, 32);
    srtla_write_short (keepalive, sizeof keepalive, SRTLA_KIND_KEEPALIVE);
    receiver_receive (fixture, 1, keepalive, sizeof keepalive);
    receiver_expect_bytes_to (fixture, 1, keepalive, sizeof keepalive);
    g_assert_cmpuint (
        receiver_run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output), ==,
        start + 12 * SRTLA_SECOND);
  } else {
    g_assert_cmpuint (
        receiver_run_until (fixture, SRTLA_RECEIVER_TO_PEER, 1, &output), ==,
        SRTLA_TIME_NONE);
    return;
  }
  g_assert_cmpint (srtla_packet_kind (output.data, output.size), ==,
      SRTLA_KIND_KEEPALIVE);
}

static void
refuse_handshake (ReceiverFixture *fixture, guint group)
{
  guint8 bytes[TESTING_MAX_PACKET];
  SrtlaReceiverOutput output;

  receiver_relay (fixture, group, bytes,
      testing_handshake (bytes, 5, 1014, 7, 9, 0, 0));
  receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  receiver_expect_nothing (fixture);
}

static void
test_block (ReceiverFixture *fixture, gconstpointer data)
{
  guint8 id[SRTLA_GROUP_ID], bytes[TESTING_MAX_PACKET];
  SrtlaReceiverOutput output;
  SrtlaTime blocked;
  guint group = receiver_make_uplinks (fixture, 1, id), i;

  (void) data;
  /* A good one in between starts the count anew. */
  for (i = 0; i < 8; i++) {
    refuse_handshake (fixture, group);
    if (i == 3) {
      receiver_relay (fixture, group, bytes,
          testing_conclusion_response (bytes, 7, 9, 0, 0, 120, 0));
      receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
    }
  }
  receiver_join (fixture, 1, id);
  refuse_handshake (fixture, group);
  if (fixture->behaviour != SRTLA_BEHAVIOUR_B) {
    receiver_join (fixture, 1, id);
    return;
  }

  blocked = fixture->now;
  receiver_send_registration (fixture, 1, SRTLA_KIND_REG2, id);
  receiver_expect_refusal (fixture, 1);
  receiver_join (fixture, 2, id);        /* others are welcome */
  receiver_run_for (fixture, 50 * SRTLA_SECOND);
  g_assert_cmpuint (receiver_stats_of (fixture).groups, ==, 0);
  g_assert_true (srtla_receiver_knows (fixture->core, 1));
  receiver_send_registration (fixture, 1, SRTLA_KIND_REG1, id);
  receiver_expect_refusal (fixture, 1);

  g_assert_cmpuint (
      receiver_run_until (fixture, SRTLA_RECEIVER_PEER_GONE, 1, &output), ==,
      blocked + 60 * SRTLA_SECOND);
  receiver_make_group (fixture, 1, id);
  receiver_join (fixture, 1, id);
}

/* ---- Anything at all --------------------------------------------------- */

/* Random datagrams of random peers. What the core says of peers and groups
 * must fit together: an owner keeps its tables by it. */
static void
test_random (ReceiverFixture *fixture, gconstpointer data)
{
  gboolean open[RECEIVER_MAX_GROUPS] = { FALSE };
  guint8 ids[8][SRTLA_GROUP_ID] = { {0} }, bytes[TESTING_MAX_PACKET];
  guint n_ids = 0, i;

  (void) data;
  for (i = 0; i < 20000; i++) {
    SrtlaPeer peer = 1 + g_rand_int (fixture->rand) % 40;
    SrtlaReceiverOutput output;
    gsize size = 16;

    testing_random (bytes, 300, fixture->rand);
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
      receiver_relay (fixture, g_rand_int (fixture->rand) % 4, bytes, size);
    else if (testing_chance (fixture->rand, 90))
      receiver_receive (fixture, peer, bytes, size);
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
  g_assert_cmpuint (receiver_stats_of (fixture).registered, >, 0);
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
  static const ReceiverTest tests[] = {
    {"registration", test_registration},
    {"exact-size", test_exact_size},
    {"limits", test_limits},
    {"timeouts", test_timeouts},
    {"timeout-unused", test_timeout_unused},
    {"keeps-alive", test_keeps_alive},
    {"own-keepalives", test_own_keepalives},
    {"block", test_block},
    {"random", test_random},
  };

  g_test_init (&argc, &argv, NULL);
  testing_seed ();
  g_test_add_func ("/receiver/behaviour-find", test_behaviour_find);
  receiver_add_tests ("/receiver", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
