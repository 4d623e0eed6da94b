/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "caller-fixture.h"

/* ---- Handshakes -------------------------------------------------------- */

static void
test_one_caller (Fixture *f, gconstpointer unused)
{
  SrtlaCaller *caller;
  guint slot, i;

  (void) unused;
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 0);
  slot = connect_caller (f, 0);
  caller = &f->callers.slots[slot];
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);
  g_assert_cmpuint (caller->latency, ==, 200);
  g_assert_cmpuint (caller->flags, ==, FLAGS);

  for (i = 0; i < 100; i++) {
    f->now += 1000;
    g_assert_cmpuint (send_data (f, srtla_seq_add (START (0), i), SERVER (0)),
        ==, slot);
    g_assert_false (f->is_new);
    g_assert_cmpuint (caller->last_heard, ==, f->now);
  }
  outgoing (f, testing_data_packet (f->packet, 300, START (0), SERVER (0), 0,
          TRUE));
  g_assert_cmpuint (caller->packets, ==, 101);
  g_assert_cmpuint (caller->bytes, ==, 100 * 100 + 300);
  g_assert_cmpuint (caller->retransmissions, ==, 1);

  /* All other kinds, both ways; only data packets are counted. */
  g_assert_cmpuint (outgoing (f, testing_ackack (f->packet, 1, SERVER (0), 0)),
      ==, slot);
  g_assert_cmpuint (outgoing (f, testing_srt_keepalive (f->packet, SERVER (0),
              0)), ==, slot);
  g_assert_cmpuint (outgoing (f, testing_drop_request (f->packet, 1, 2,
              SERVER (0), 0)), ==, slot);
  g_assert_cmpuint (incoming (f, testing_srt_keepalive (f->packet, CALLER (0),
              0)), ==, slot);
  g_assert_cmpuint (incoming (f, testing_nak_range (f->packet, 1, 2,
              CALLER (0), 0)), ==, slot);
  g_assert_cmpuint (receive_ack (f, START (0), CALLER (0)), ==, slot);
  g_assert_cmpuint (caller->packets, ==, 101);

  /* The other end's ids are the wrong ones here. */
  g_assert_cmpuint (receive_ack (f, START (0), SERVER (0)), ==, NONE);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);
}

/* Repeated handshakes change nothing. */
static void
test_repeated_handshakes (Fixture *f, gconstpointer unused)
{
  guint slot = outgoing (f, testing_induction (f->packet, CALLER (0), 5, 0));
  guint i;

  (void) unused;
  for (i = 0; i < 12; i++) {
    f->now += SECOND / 4;
    g_assert_cmpuint (outgoing (f, testing_induction (f->packet, CALLER (0), 5,
                0)), ==, slot);
    g_assert_false (f->is_new);
    incoming (f, testing_induction_response (f->packet, CALLER (0), 5, 0));
    /* The listener's echo says nothing about its own id. */
    g_assert_cmpuint (f->callers.slots[slot].peer_id, ==, 0);
  }
  for (i = 0; i < 4; i++) {
    outgoing (f, testing_conclusion (f->packet, CALLER (0), 5, FLAGS, 120, 0));
    g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
                CALLER (0), SERVER (0), 5, FLAGS, 200, 0)), ==, slot);
  }
  g_assert_cmpuint (f->callers.slots[slot].peer_id, ==, SERVER (0));
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);
}

static const struct
{
  const gchar *what;
  guint32 offered, answered, agreed;
  guint latency;                /* of 200 ms in the answer */
} agreements[] = {
  { "all", 0x3f, 0x3f, 0x3f, 200 },
  { "nothing", 0x20, 0x20, 0x20, 0 },
  { "no drop at the server", 0x2b, 0x23, 0x23, 200 },
  { "no drop at the caller", 0x23, 0x2b, 0x23, 200 },
  { "caller sends, server receives", 0x29, 0x2a, 0x2a, 200 },
  { "no timed delivery at the server", 0x2b, 0x28, 0x28, 0 },
  { "server alone repeats NAKs", 0x2b, 0x3b, 0x3b, 200 },
  { "caller alone repeats NAKs", 0x3b, 0x2b, 0x2b, 200 },
  { "no encryption at the server", 0x2f, 0x2b, 0x2b, 200 },
  { "no flags seen of the caller", 0, 0x2b, 0x2b, 200 },
};

static void
test_agreements (Fixture *f, gconstpointer unused)
{
  gsize i;

  (void) unused;
  for (i = 0; i < G_N_ELEMENTS (agreements); i++) {
    const SrtlaCaller *caller;
    guint slot;

    g_test_message ("%s", agreements[i].what);
    slot = outgoing (f, testing_conclusion (f->packet, CALLER (i), 5,
            agreements[i].offered, 120, 0));
    caller = &f->callers.slots[slot];
    g_assert_cmpuint (caller->flags, ==, 0);
    incoming (f, testing_conclusion_response (f->packet, CALLER (i),
            SERVER (i), 5, agreements[i].answered, 200, 0));
    g_assert_cmpuint (caller->flags, ==, agreements[i].agreed);
    g_assert_cmpuint (caller->latency, ==, agreements[i].latency);
  }
}

/* A conclusion without extension still says who the server is; HSREQ from the
 * server's side is no answer. */
static void
test_odd_answers (Fixture *f, gconstpointer unused)
{
  guint slot = outgoing (f, testing_conclusion (f->packet, CALLER (0), 5,
          FLAGS, 120, 0));
  const SrtlaCaller *caller = &f->callers.slots[slot];
  gsize size;

  (void) unused;
  size = testing_handshake (f->packet, 5, -1, CALLER (0), SERVER (0), 5, 0);
  size = testing_append_hs_extension (f->packet, size, 1, 0x3f, 99, 99);
  g_assert_cmpuint (incoming (f, size), ==, slot);
  g_assert_cmpuint (caller->peer_id, ==, SERVER (0));
  g_assert_cmpuint (caller->flags, ==, 0);
  g_assert_cmpuint (caller->latency, ==, 0);

  size = testing_handshake (f->packet, 4, -1, CALLER (0), SERVER (1), 5, 0);
  g_assert_cmpuint (incoming (f, size), ==, slot);
  g_assert_cmpuint (caller->peer_id, ==, SERVER (1));

  /* HSRSP on the way out offers nothing. */
  size = testing_handshake (f->packet, 5, -1, 0, CALLER (0), 5, 0);
  size = testing_append_hs_extension (f->packet, size, 2, 0x01, 99, 99);
  g_assert_cmpuint (outgoing (f, size), ==, slot);
  g_assert_cmpuint (caller->offered, ==, FLAGS);

  /* No id of the server, no lesson. */
  size = testing_handshake (f->packet, 5, -1, CALLER (0), 0, 5, 0);
  g_assert_cmpuint (incoming (f, size), ==, slot);
  g_assert_cmpuint (caller->peer_id, ==, SERVER (1));

  /* A caller without an id of its own is none. */
  g_assert_cmpuint (outgoing (f, testing_induction (f->packet, 0, 5, 0)), ==,
      NONE);
  /* Nor is one that refuses. */
  size = testing_handshake (f->packet, 5, 1003, 0, CALLER (5), 5, 0);
  g_assert_cmpuint (outgoing (f, size), ==, NONE);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);
}

/* Once data flows, a forged handshake redirects nothing and closes nothing. */
static void
test_forged_handshakes (Fixture *f, gconstpointer unused)
{
  guint slot = connect_caller (f, 0), other;
  const SrtlaCaller *caller = &f->callers.slots[slot];

  (void) unused;
  send_data (f, START (0), SERVER (0));
  g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
              CALLER (0), SERVER (9), 5, 0x3f, 9999, 0)), ==, slot);
  g_assert_cmpuint (caller->peer_id, ==, SERVER (0));
  g_assert_cmpuint (caller->latency, ==, 200);
  g_assert_cmpuint (caller->flags, ==, FLAGS);
  incoming (f, testing_handshake (f->packet, 5, 1002, CALLER (0), 0, 5, 0));
  g_assert_false (caller->closed);

  /* Nobody becomes the second with a peer that is another's. */
  other = outgoing (f, testing_conclusion (f->packet, CALLER (1), 5, FLAGS,
          120, 0));
  incoming (f, testing_conclusion_response (f->packet, CALLER (1), SERVER (0),
          5, FLAGS, 120, 0));
  g_assert_cmpuint (f->callers.slots[other].peer_id, ==, 0);
  incoming (f, testing_conclusion_response (f->packet, CALLER (1), SERVER (1),
          5, FLAGS, 120, 0));
  g_assert_cmpuint (f->callers.slots[other].peer_id, ==, SERVER (1));
  g_assert_cmpuint (send_data (f, 7, SERVER (0)), ==, slot);
  g_assert_cmpuint (send_data (f, 7, SERVER (1)), ==, other);

  /* Nor is a caller renamed. */
  g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
              CALLER (9), SERVER (0), 5, FLAGS, 120, 0)), ==, NONE);
  g_assert_cmpuint (caller->socket_id, ==, CALLER (0));
}

/* ---- Several, and again ------------------------------------------------ */

static void
test_several_callers (Fixture *f, gconstpointer unused)
{
  GRand *rand = testing_rand_new ();
  guint slots[SRTLA_MAX_CALLERS];
  guint i, n;

  (void) unused;
  /* Handshakes in parallel: all ask, then all are answered, last first. */
  for (n = 0; n < SRTLA_MAX_CALLERS; n++) {
    slots[n] = outgoing (f, testing_conclusion (f->packet, CALLER (n),
            START (n), FLAGS, 120, 0));
    for (i = 0; i < n; i++)
      g_assert_cmpuint (slots[i], !=, slots[n]);
  }
  for (n = SRTLA_MAX_CALLERS; n-- > 0;)
    g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
                CALLER (n), SERVER (n), START (n), FLAGS, 120, 0)), ==,
        slots[n]);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, SRTLA_MAX_CALLERS);

  for (i = 0; i < 5000; i++) {
    f->now += 100;
    n = g_rand_int (rand) % SRTLA_MAX_CALLERS;
    g_assert_cmpuint (send_data (f, srtla_seq_add (START (n), i), SERVER (n)),
        ==, slots[n]);
    n = g_rand_int (rand) % SRTLA_MAX_CALLERS;
    g_assert_cmpuint (receive_ack (f, i, CALLER (n)), ==, slots[n]);
  }
  g_rand_free (rand);
}

/* A shutdown from either end frees the slot; late packets still find it. */
static void
test_shutdown (Fixture *f, gconstpointer unused)
{
  guint slot = connect_caller (f, 0), n;

  (void) unused;
  send_data (f, START (0), SERVER (0));
  g_assert_cmpuint (outgoing (f, testing_shutdown (f->packet, SERVER (0), 0)),
      ==, slot);
  g_assert_true (f->callers.slots[slot].closed);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 0);
  g_assert_cmpuint (send_data (f, START (0), SERVER (0)), ==, slot);
  g_assert_false (f->is_new);
  g_assert_cmpuint (receive_ack (f, START (0), CALLER (0)), ==, slot);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 0);

  slot = connect_caller (f, 1);
  g_assert_cmpuint (incoming (f, testing_shutdown (f->packet, CALLER (1), 0)),
      ==, slot);
  g_assert_true (f->callers.slots[slot].closed);

  /* A goodbye of or to nobody makes nobody. */
  g_assert_cmpuint (outgoing (f, testing_shutdown (f->packet, SERVER (8), 0)),
      ==, NONE);
  g_assert_cmpuint (incoming (f, testing_shutdown (f->packet, CALLER (8), 0)),
      ==, NONE);

  /* A peer's id may come again: the packets belong to who is there. */
  slot = outgoing (f, testing_conclusion (f->packet, CALLER (2), START (2),
          FLAGS, 120, 0));
  g_assert_cmpuint (slot, ==, 2);
  incoming (f, testing_conclusion_response (f->packet, CALLER (2), SERVER (1),
          START (2), FLAGS, 120, 0));
  g_assert_cmpuint (send_data (f, START (2), SERVER (0)), ==, 0);
  g_assert_cmpuint (send_data (f, START (2), SERVER (1)), ==, slot);

  /* Free slots first, then those closed: no one has to wait. */
  for (n = 3; n < SRTLA_MAX_CALLERS; n++)
    connect_caller (f, n);
  slot = connect_caller (f, n++);
  g_assert_true (slot == 0 || slot == 1);
  g_assert_cmpuint (connect_caller (f, n++), ==, 1 - slot);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, SRTLA_MAX_CALLERS);
  g_assert_cmpuint (send_data (f, 5, SERVER (n)), ==, NONE);
}

/* A reused slot starts from nothing, in the memory it has. */
static void
test_slot_reuse (Fixture *f, gconstpointer unused)
{
  SrtlaTracker *tracker;
  SrtlaReplies *replies;
  guint slot = 0, n;
  guint32 highest;
  gsize size;

  (void) unused;
  for (n = 0; n < SRTLA_MAX_CALLERS; n++)
    slot = connect_caller (f, n);
  n--;
  tracker = f->callers.slots[slot].tracker;
  replies = f->callers.slots[slot].replies;
  send_data (f, START (n), SERVER (n));
  size = testing_ack (f->packet, 1, START (n), CALLER (n), 0);
  g_assert_false (srtla_replies_is_copy (replies, SRTLA_KIND_SRT_ACK,
          f->packet, size));
  outgoing (f, testing_shutdown (f->packet, SERVER (n), 0));

  n++;
  g_assert_cmpuint (outgoing (f, testing_induction (f->packet, CALLER (n),
              START (n), 0)), ==, slot);
  g_assert_true (f->is_new);
  g_assert_true (f->callers.slots[slot].tracker == tracker);
  g_assert_true (f->callers.slots[slot].replies == replies);
  g_assert_false (srtla_tracker_highest (tracker, &highest));
  size = testing_ack (f->packet, 1, START (n - 1), CALLER (n - 1), 0);
  g_assert_false (srtla_replies_is_copy (replies, SRTLA_KIND_SRT_ACK,
          f->packet, size));
  g_assert_cmpuint (f->callers.slots[slot].packets, ==, 0);
  g_assert_cmpuint (f->callers.slots[slot].peer_id, ==, 0);
  g_assert_cmpuint (f->callers.slots[slot].flags, ==, 0);
  g_assert_false (f->callers.slots[slot].closed);

  /* The old caller's ids are nobody's now. */
  g_assert_cmpuint (receive_ack (f, START (n - 1), CALLER (n - 1)), ==, NONE);
  g_assert_cmpuint (send_data (f, START (n - 1), SERVER (n - 1)), ==, NONE);
}

/* A caller that comes back draws new ids; without a goodbye its old slot goes
 * when it was idle for long enough. */
static void
test_reconnects (Fixture *f, gconstpointer unused)
{
  guint n;

  (void) unused;
  for (n = 0; n < 200; n++) {
    guint slot = connect_caller (f, n);

    g_assert_cmpuint (send_data (f, START (n), SERVER (n)), ==, slot);
    g_assert_cmpuint (receive_ack (f, START (n), CALLER (n)), ==, slot);
    f->now += SECOND;
  }
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, SRTLA_MAX_CALLERS);
}

/* One that the server refuses again and again never fills the slots. */
static void
test_refused (Fixture *f, gconstpointer unused)
{
  guint n;

  (void) unused;
  for (n = 0; n < 200; n++) {
    guint slot = outgoing (f, testing_conclusion (f->packet, CALLER (n), 5,
            FLAGS, 120, 0));

    g_assert_cmpuint (slot, !=, NONE);
    g_assert_true (f->is_new);
    f->now += SECOND / 100;
    g_assert_cmpuint (incoming (f, testing_handshake (f->packet, 5, 1002,
                CALLER (n), SERVER (n), 5, 0)), ==, slot);
    g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 0);
  }
  /* The same id once more is a new beginning. */
  n--;
  outgoing (f, testing_conclusion (f->packet, CALLER (n), 5, FLAGS, 120, 0));
  g_assert_true (f->is_new);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);
}

static void
test_idle (Fixture *f, gconstpointer unused)
{
  guint n, first = connect_caller (f, 0);

  (void) unused;
  for (n = 1; n < SRTLA_MAX_CALLERS; n++) {
    f->now += 1000;
    connect_caller (f, n);
  }
  /* The first is silent for one µs too few. */
  f->now = SECOND + SRTLA_CALLER_IDLE - 1;
  g_assert_cmpuint (send_data (f, 5, SERVER (50)), ==, NONE);
  f->now++;
  g_assert_cmpuint (send_data (f, 5, SERVER (50)), ==, first);
  g_assert_true (f->is_new);
  g_assert_cmpuint (send_data (f, 5, SERVER (51)), ==, NONE);

  /* What comes in keeps a caller as well; then the next oldest goes. */
  f->now += 1000;
  receive_ack (f, 5, CALLER (1));
  f->now += 1000;
  g_assert_cmpuint (send_data (f, 5, SERVER (51)), ==, 2);
  g_assert_cmpuint (send_data (f, 5, SERVER (52)), ==, NONE);
}

/* Who said goodbye makes way before who is merely silent for longer. */
static void
test_closed_before_idle (Fixture *f, gconstpointer unused)
{
  guint n, closed = 0;

  (void) unused;
  for (n = 0; n < SRTLA_MAX_CALLERS; n++)
    closed = connect_caller (f, n);
  f->now += SRTLA_CALLER_IDLE;
  outgoing (f, testing_shutdown (f->packet, SERVER (n - 1), 0));
  g_assert_cmpuint (connect_caller (f, n), ==, closed);
}

/* Handshakes that nobody answers are over after 3 s. */
static void
test_unanswered (Fixture *f, gconstpointer unused)
{
  guint n;

  (void) unused;
  for (n = 0; n < SRTLA_MAX_CALLERS; n++)
    g_assert_cmpuint (outgoing (f, testing_induction (f->packet, CALLER (n), 5,
                0)), !=, NONE);
  f->now += SRTLA_CALLER_UNANSWERED - 1;
  g_assert_cmpuint (outgoing (f, testing_induction (f->packet, CALLER (n), 5,
              0)), ==, NONE);
  f->now += 1;
  g_assert_cmpuint (outgoing (f, testing_induction (f->packet, CALLER (n), 5,
              0)), !=, NONE);
  g_assert_true (f->is_new);
}

/* The clock may start at 0. */
static void
test_time_zero (Fixture *f, gconstpointer unused)
{
  guint slot, n;

  (void) unused;
  f->now = 0;
  slot = connect_caller (f, 0);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 1);
  g_assert_cmpuint (connect_caller (f, 1), !=, slot);
  g_assert_cmpuint (send_data (f, START (0), SERVER (0)), ==, slot);
  for (n = 2; n < SRTLA_MAX_CALLERS; n++)
    connect_caller (f, n);
  g_assert_cmpuint (send_data (f, 5, SERVER (n)), ==, NONE);
}

/* Clearing takes everything with it, and it can start over. */
static void
test_clear (Fixture *f, gconstpointer unused)
{
  (void) unused;
  connect_caller (f, 0);
  connect_caller (f, 1);
  srtla_callers_clear (&f->callers);
  g_assert_cmpuint (srtla_callers_count (&f->callers), ==, 0);
  g_assert_cmpuint (f->callers.latest, ==, NONE);
  g_assert_cmpuint (receive_ack (f, START (0), CALLER (0)), ==, NONE);
  srtla_callers_clear (&f->callers);
  connect_caller (f, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const gchar *path;
    void (*run) (Fixture *f, gconstpointer unused);
  } tests[] = {
    { "/caller/one", test_one_caller },
    { "/caller/repeated-handshakes", test_repeated_handshakes },
    { "/caller/agreements", test_agreements },
    { "/caller/odd-answers", test_odd_answers },
    { "/caller/forged-handshakes", test_forged_handshakes },
    { "/caller/several", test_several_callers },
    { "/caller/shutdown", test_shutdown },
    { "/caller/slot-reuse", test_slot_reuse },
    { "/caller/reconnects", test_reconnects },
    { "/caller/refused", test_refused },
    { "/caller/idle", test_idle },
    { "/caller/closed-before-idle", test_closed_before_idle },
    { "/caller/unanswered", test_unanswered },
    { "/caller/time-zero", test_time_zero },
    { "/caller/clear", test_clear },
  };
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
