/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Callers that were not seen to connect, and packets of nobody.
 */
#include "caller-fixture.h"

/* ---- Joined in the middle ---------------------------------------------- */

static void
test_joined (Fixture *f, gconstpointer unused)
{
  guint slot = send_data (f, 1000, SERVER (0));
  const SrtlaCaller *caller = &f->callers.slots[slot];

  (void) unused;
  g_assert_true (f->is_new);
  g_assert_cmpuint (caller->socket_id, ==, 0);
  g_assert_cmpuint (send_data (f, 1001, SERVER (0)), ==, slot);
  g_assert_false (f->is_new);

  /* A goodbye to someone else is not for it. */
  g_assert_cmpuint (incoming (f, testing_shutdown (f->packet, CALLER (5), 0)),
      ==, NONE);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);

  /* Acknowledgements lag: it may be of a number that passed before. */
  g_assert_cmpuint (receive_ack (f, 990, CALLER (0)), ==, slot);
  g_assert_cmpuint (caller->socket_id, ==, CALLER (0));
  g_assert_false (caller->guessed);
  g_assert_cmpuint (incoming (f, testing_srt_keepalive (f->packet, CALLER (0),
              0)), ==, slot);
  g_assert_cmpuint (incoming (f, testing_srt_keepalive (f->packet, CALLER (1),
              0)), ==, NONE);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);
}

/* A keepalive alone: an idle stream. */
static void
test_joined_idle (Fixture *f, gconstpointer unused)
{
  guint slot = outgoing (f, testing_srt_keepalive (f->packet, SERVER (0), 0));

  (void) unused;
  g_assert_true (f->is_new);
  g_assert_cmpuint (incoming (f, testing_srt_keepalive (f->packet, CALLER (0),
              0)), ==, slot);
  g_assert_cmpuint (f->callers.slots[slot].socket_id, ==, CALLER (0));
  g_assert_cmpuint (send_data (f, 5, SERVER (0)), ==, slot);
  g_assert_false (f->is_new);
}

/* Several at once: the numbers tell them apart, over the wrap too. */
static void
test_joined_several (Fixture *f, gconstpointer unused)
{
  guint a = send_data (f, 0x7fffffff, SERVER (0));
  guint b = send_data (f, 0x10000000, SERVER (1));
  guint c = send_data (f, 0x20000000, SERVER (2));

  (void) unused;
  /* No numbers, nothing to go by. */
  g_assert_cmpuint (incoming (f, testing_srt_keepalive (f->packet, CALLER (0),
              0)), ==, NONE);
  /* Numbers of none of them. */
  g_assert_cmpuint (receive_ack (f, 0x30000000, CALLER (5)), ==, NONE);
  g_assert_cmpuint (receive_ack (f, 2, CALLER (5)), ==, NONE);
  /* All sent arrived: one after the highest. */
  g_assert_cmpuint (receive_ack (f, 0, CALLER (0)), ==, a);
  g_assert_cmpuint (incoming (f, testing_nak_range (f->packet, 0x20000000,
              0x20000000, CALLER (2), 0)), ==, c);
  /* One is left; still only its own numbers make it so. */
  g_assert_cmpuint (receive_ack (f, 0x30000000, CALLER (5)), ==, NONE);
  g_assert_cmpuint (receive_ack (f, 0x10000000 - SRTLA_TRACKER_SIZE,
              CALLER (5)), ==, NONE);
  g_assert_cmpuint (receive_ack (f, 0x10000001 - SRTLA_TRACKER_SIZE,
              CALLER (1)), ==, b);
  g_assert_cmpuint (f->callers.slots[a].socket_id, ==, CALLER (0));
  g_assert_cmpuint (f->callers.slots[b].socket_id, ==, CALLER (1));
  g_assert_cmpuint (f->callers.slots[c].socket_id, ==, CALLER (2));
}

/* Two with the same numbers cannot be told apart. */
static void
test_joined_alike (Fixture *f, gconstpointer unused)
{
  guint a = send_data (f, 1000, SERVER (0));
  guint b = send_data (f, 1005, SERVER (1));

  (void) unused;
  g_assert_cmpuint (receive_ack (f, 1000, CALLER (0)), ==, NONE);
  g_assert_cmpuint (f->callers.slots[a].socket_id, ==, 0);
  g_assert_cmpuint (f->callers.slots[b].socket_id, ==, 0);
  /* Until one is ahead. */
  send_data (f, 2000, SERVER (1));
  g_assert_cmpuint (receive_ack (f, 1500, CALLER (1)), ==, b);
  g_assert_cmpuint (receive_ack (f, 1000, CALLER (0)), ==, a);
}

/* A guess is corrected by numbers, and proven by them. */
static void
test_guess (Fixture *f, gconstpointer unused)
{
  guint slot = send_data (f, 1000, SERVER (0));
  const SrtlaCaller *caller = &f->callers.slots[slot];

  (void) unused;
  g_assert_cmpuint (incoming (f, testing_srt_keepalive (f->packet, CALLER (7),
              0)), ==, slot);
  g_assert_true (caller->guessed);
  g_assert_cmpuint (receive_ack (f, 1001, CALLER (0)), ==, slot);
  g_assert_cmpuint (caller->socket_id, ==, CALLER (0));
  g_assert_false (caller->guessed);
  g_assert_cmpuint (receive_ack (f, 1001, CALLER (7)), ==, NONE);

  slot = send_data (f, 0x20000000, SERVER (1));
  caller = &f->callers.slots[slot];
  incoming (f, testing_srt_keepalive (f->packet, CALLER (1), 0));
  g_assert_true (caller->guessed);
  g_assert_cmpuint (receive_ack (f, 0x30000000, CALLER (1)), ==, slot);
  g_assert_true (caller->guessed);
  g_assert_cmpuint (receive_ack (f, 0x20000001, CALLER (1)), ==, slot);
  g_assert_false (caller->guessed);
  g_assert_cmpuint (receive_ack (f, 0x20000001, CALLER (8)), ==, NONE);
}

/* The server repeats its conclusion to a caller whose data was seen first. */
static void
test_joined_conclusion (Fixture *f, gconstpointer unused)
{
  guint a = send_data (f, 1000, SERVER (0));

  (void) unused;
  send_data (f, 1000, SERVER (1));
  g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
              CALLER (0), SERVER (0), 5, FLAGS, 120, 0)), ==, a);
  g_assert_cmpuint (f->callers.slots[a].socket_id, ==, CALLER (0));
  /* But not an induction, nor one from an unknown server. */
  g_assert_cmpuint (incoming (f, testing_induction_response (f->packet,
              SERVER (1), 5, 0)), ==, NONE);
  g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
              CALLER (1), SERVER (9), 5, FLAGS, 120, 0)), ==, NONE);
}

/* ---- Hostility --------------------------------------------------------- */

/* Packets of any kind with random ids, as strangers send them. Their numbers are
 * in the upper half, where they fit none of these tests' joined streams. */
static gsize
write_stranger (Fixture *f, GRand *rand)
{
  guint32 id = g_rand_int (rand), number = g_rand_int (rand) | SRTLA_SEQ_HALF;
  gsize size;

  switch (g_rand_int (rand) % 8) {
    case 0:
      return testing_data_packet (f->packet, 50, number, id, 0, FALSE);
    case 1:
      return testing_induction (f->packet, id, number, 0);
    case 2:
      return testing_conclusion (f->packet, id, number, FLAGS, 120, 0);
    case 3:
      return testing_conclusion_response (f->packet, number, id, 5, FLAGS, 9, 0);
    case 4:
      return testing_ack (f->packet, 1, number, id, 0);
    case 5:
      number &= SRTLA_SEQ_MASK;
      return testing_nak_range (f->packet, number, number ^ 1, id, 0);
    case 6:
      return testing_shutdown (f->packet, id, 0);
    default:
      size = 16 + g_rand_int (rand) % 100;
      testing_random (f->packet, size, rand);
      return size;
  }
}

/* Active callers stay, whoever comes; what the flood got it loses. */
static void
test_flood_outgoing (Fixture *f, gconstpointer unused)
{
  GRand *rand = testing_rand_new ();
  guint slots[4], n, i;

  (void) unused;
  for (n = 0; n < 4; n++)
    slots[n] = connect_caller (f, n);
  for (i = 0; i < 20000; i++) {
    f->now += 1000;
    outgoing (f, write_stranger (f, rand));
    n = i % 4;
    g_assert_cmpuint (send_data (f, srtla_seq_add (START (n), i / 4),
            SERVER (n)), ==, slots[n]);
    g_assert_false (f->is_new);
    g_assert_cmpuint (receive_ack (f, START (n), CALLER (n)), ==, slots[n]);
  }
  /* A real one finds a place soon after. */
  f->now += SRTLA_CALLER_UNANSWERED;
  connect_caller (f, 9);
  g_rand_free (rand);
}

/* From the network nobody is made, whatever comes. */
static void
test_flood_incoming (Fixture *f, gconstpointer unused)
{
  GRand *rand = testing_rand_new ();
  guint slot, joined, i;

  (void) unused;
  for (i = 0; i < 20000; i++)
    g_assert_cmpuint (incoming (f, write_stranger (f, rand)), ==, NONE);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 0);
  for (i = 0; i < SRTLA_MAX_CALLERS; i++)
    g_assert_null (f->callers.slots[i].tracker);

  slot = connect_caller (f, 0);
  send_data (f, START (0), SERVER (0));
  joined = send_data (f, 0x20000000, SERVER (1));
  for (i = 0; i < 20000; i++) {
    guint whose = incoming (f, write_stranger (f, rand));

    /* The one without a name may be called by a wrong one for a while. */
    g_assert_true (whose == NONE || whose == joined);
  }
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 2);
  g_assert_cmpuint (send_data (f, START (0) + 1, SERVER (0)), ==, slot);
  g_assert_cmpuint (receive_ack (f, START (0), CALLER (0)), ==, slot);
  g_assert_cmpuint (receive_ack (f, 0x20000001, CALLER (1)), ==, joined);
  g_rand_free (rand);
}

/* What is no SRT packet, or says nothing: no caller. And every length. */
static void
test_unusable (Fixture *f, gconstpointer unused)
{
  static const SrtlaKind kinds[] = {
    SRTLA_KIND_KEEPALIVE, SRTLA_KIND_REG3, SRTLA_KIND_REG_ERR
  };
  gsize i, size, full;

  (void) unused;
  for (i = 0; i < G_N_ELEMENTS (kinds); i++) {
    size = srtla_write_short (f->packet, 32, kinds[i]);
    g_assert_cmpuint (outgoing (f, size), ==, NONE);
    g_assert_cmpuint (incoming (f, size), ==, NONE);
  }
  g_assert_cmpuint (send_data (f, 5, 0), ==, NONE);
  g_assert_cmpuint (outgoing (f, testing_srt_keepalive (f->packet, 0, 0)), ==,
      NONE);
  g_assert_cmpuint (incoming (f, testing_srt_keepalive (f->packet, 0, 0)), ==,
      NONE);
  g_assert_cmpuint (incoming (f, testing_induction_response (f->packet, 0, 5,
              0)), ==, NONE);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 0);

  /* Nor while a caller has no peer yet. */
  outgoing (f, testing_induction (f->packet, CALLER (3), 5, 0));
  g_assert_cmpuint (send_data (f, 5, 0), ==, NONE);

  full = testing_conclusion (f->packet, CALLER (0), 5, FLAGS, 120, 0);
  for (size = 0; size < full; size++)
    g_assert_true ((outgoing (f, size) == NONE) == (size < 64));
  send_data (f, 1000, SERVER (5));
  full = testing_conclusion_response (f->packet, CALLER (0), SERVER (0), 5,
      FLAGS, 120, 0);
  for (size = 0; size < full; size++)
    g_assert_true ((incoming (f, size) == NONE) == (size < 16));
  full = testing_nak_range (f->packet, 900, 950, CALLER (5), 0);
  for (size = 0; size < full; size++)
    incoming (f, size);
  full = testing_ack (f->packet, 1, 900, CALLER (5), 0);
  for (size = 0; size < full; size++)
    incoming (f, size);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const gchar *path;
    void (*run) (Fixture *f, gconstpointer unused);
  } tests[] = {
    { "/caller-strangers/joined", test_joined },
    { "/caller-strangers/joined-idle", test_joined_idle },
    { "/caller-strangers/joined-several", test_joined_several },
    { "/caller-strangers/joined-alike", test_joined_alike },
    { "/caller-strangers/guess", test_guess },
    { "/caller-strangers/joined-conclusion", test_joined_conclusion },
    { "/caller-strangers/flood-outgoing", test_flood_outgoing },
    { "/caller-strangers/flood-incoming", test_flood_incoming },
    { "/caller-strangers/unusable", test_unusable },
  };
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
