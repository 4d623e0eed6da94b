/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "receiver-fixture.h"

const ReceiverColumn receiver_columns[SRTLA_BEHAVIOURS] = {
  {10, 10, 10, 8, 2, TRUE, TRUE, FALSE, FALSE, FALSE, 0},
  {15, 30, 5, 16, 32, TRUE, TRUE, TRUE, FALSE, TRUE, 32},
  {10, 10, 10, 16, 32, TRUE, TRUE, FALSE, FALSE, FALSE, 0},
  {10, 10, 10, 16, 2, TRUE, FALSE, FALSE, FALSE, FALSE, 0},
  {4, 4, 4, 16, 2, TRUE, TRUE, TRUE, FALSE, FALSE, 2},
  {10, 10, 10, 0, 2, FALSE, TRUE, TRUE, TRUE, FALSE, 0},
};

void
receiver_expect_nothing (ReceiverFixture *fixture)
{
  SrtlaReceiverOutput output;

  g_assert_false (srtla_receiver_next_output (fixture->core, &output));
}

void
receiver_expect_kind (ReceiverFixture *fixture, SrtlaReceiverOutputKind kind,
    SrtlaReceiverOutput *output)
{
  g_assert_true (srtla_receiver_next_output (fixture->core, output));
  g_assert_cmpint (output->kind, ==, kind);
}

void
receiver_expect_to (ReceiverFixture *fixture, SrtlaPeer peer, SrtlaKind kind,
    gsize size)
{
  SrtlaReceiverOutput output;

  receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  g_assert_cmpuint (output.peer, ==, peer);
  g_assert_cmpint (srtla_packet_kind (output.data, output.size), ==, kind);
  g_assert_cmpuint (output.size, ==, size);
}

void
receiver_expect_bytes_to (ReceiverFixture *fixture, SrtlaPeer peer,
    const guint8 *data, gsize size)
{
  SrtlaReceiverOutput output;

  receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
  g_assert_cmpuint (output.peer, ==, peer);
  g_assert_cmpmem (output.data, output.size, data, size);
}

void
receiver_expect_refusal (ReceiverFixture *fixture, SrtlaPeer peer)
{
  if (receiver_columns[fixture->behaviour].refuses)
    receiver_expect_to (fixture, peer, SRTLA_KIND_REG_ERR,
        receiver_columns[fixture->behaviour].short_size);
  receiver_expect_nothing (fixture);
}

void
receiver_receive (ReceiverFixture *fixture, SrtlaPeer peer, const guint8 *data,
    gsize size)
{
  guint8 *copy = testing_exact_copy (data, size);

  srtla_receiver_receive (fixture->core, peer, copy, size, fixture->now);
  free (copy);
}

void
receiver_relay (ReceiverFixture *fixture, guint group, const guint8 *data,
    gsize size)
{
  guint8 *copy = testing_exact_copy (data, size);

  srtla_receiver_relay (fixture->core, group, copy, size, fixture->now);
  free (copy);
}

void
receiver_send_registration (ReceiverFixture *fixture, SrtlaPeer peer,
    SrtlaKind kind, const guint8 *id)
{
  guint8 data[SRTLA_REG_SIZE];

  receiver_receive (fixture, peer, data,
      srtla_write_registration (data, kind, id));
}

guint
receiver_make_group (ReceiverFixture *fixture, SrtlaPeer peer, guint8 *id)
{
  guint8 draft[SRTLA_GROUP_ID];
  SrtlaReceiverOutput output;
  const guint8 *answer;
  guint group;

  testing_random (draft, sizeof draft, fixture->rand);
  receiver_send_registration (fixture, peer, SRTLA_KIND_REG1, draft);
  receiver_expect_kind (fixture, SRTLA_RECEIVER_GROUP_OPENED, &output);
  group = output.group;
  receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_PEER, &output);
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
  receiver_expect_nothing (fixture);
  return group;
}

void
receiver_join (ReceiverFixture *fixture, SrtlaPeer peer, const guint8 *id)
{
  receiver_send_registration (fixture, peer, SRTLA_KIND_REG2, id);
  receiver_expect_to (fixture, peer, SRTLA_KIND_REG3,
      receiver_columns[fixture->behaviour].short_size);
  receiver_expect_nothing (fixture);
}

guint
receiver_make_uplinks (ReceiverFixture *fixture, guint n, guint8 *id)
{
  guint group = receiver_make_group (fixture, 1, id);
  guint i;

  for (i = 1; i <= n; i++)
    receiver_join (fixture, i, id);
  return group;
}

void
receiver_send_data (ReceiverFixture *fixture, SrtlaPeer peer, guint group,
    guint32 sequence)
{
  guint8 data[TESTING_MAX_PACKET];
  gsize size = testing_data_packet (data, 1332, sequence, 7, 0, FALSE);
  SrtlaReceiverOutput output;

  receiver_receive (fixture, peer, data, size);
  receiver_expect_kind (fixture, SRTLA_RECEIVER_TO_SERVER, &output);
  g_assert_cmpuint (output.group, ==, group);
  g_assert_cmpmem (output.data, output.size, data, size);
}

SrtlaReceiverStats
receiver_stats_of (ReceiverFixture *fixture)
{
  SrtlaReceiverStats stats;

  srtla_receiver_get_stats (fixture->core, &stats);
  return stats;
}

void
receiver_run_for (ReceiverFixture *fixture, SrtlaTime span)
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

SrtlaTime
receiver_run_until (ReceiverFixture *fixture, SrtlaReceiverOutputKind kind,
    SrtlaPeer peer, SrtlaReceiverOutput *found)
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

/* ---- Tests ------------------------------------------------------------- */

static void
setup (ReceiverFixture *fixture, gconstpointer data)
{
  fixture->behaviour = (SrtlaBehaviour) GPOINTER_TO_UINT (data);
  fixture->rand = testing_rand_new ();
  fixture->now = RECEIVER_START;
  fixture->core = srtla_receiver_new (fixture->behaviour, testing_random,
      fixture->rand, fixture->now);
}

static void
teardown (ReceiverFixture *fixture, gconstpointer data)
{
  (void) data;
  srtla_receiver_free (fixture->core);
  g_rand_free (fixture->rand);
}

void
receiver_add_tests (const gchar *prefix, const ReceiverTest *tests,
    guint n_tests)
{
  guint i, behaviour;

  for (i = 0; i < n_tests; i++) {
    for (behaviour = 0; behaviour < SRTLA_BEHAVIOURS; behaviour++) {
      gchar *path = g_strdup_printf ("%s/%s/%c", prefix, tests[i].name,
          'a' + behaviour);

      g_test_add (path, ReceiverFixture, GUINT_TO_POINTER (behaviour), setup,
          tests[i].test, teardown);
      g_free (path);
    }
  }
}
