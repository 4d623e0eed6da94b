/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-caller.h"
#include "testing.h"

#define SECOND SRTLA_SECOND
#define NONE SRTLA_NO_CALLER
#define FLAGS (SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER \
    | SRTLA_HS_TLPKTDROP | SRTLA_HS_R_FLAG)

/* Ids of caller and server number n, and where the caller's numbers start. */
#define CALLER(n) (0x1000u + (n))
#define SERVER(n) (0x2000u + (n))
#define START(n)  ((0x7ffffff0u + (n) * 0x01000000u) & SRTLA_SEQ_MASK)

typedef struct
{
  SrtlaCallers callers;
  SrtlaTime now;
  gboolean is_new;              /* of the last outgoing packet */
  guint8 packet[TESTING_MAX_PACKET];
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  (void) unused;
  srtla_callers_init (&f->callers, SRTLA_TIME_NONE);
  f->now = SECOND;
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  (void) unused;
  srtla_callers_clear (&f->callers);
}

/* Both ways the packet lies in a block of its size: nothing beyond is read. */
static guint
outgoing (Fixture *f, gsize size)
{
  guint8 *exact = testing_exact_copy (f->packet, size);
  guint slot;

  f->is_new = 2;                /* it must be written */
  slot = srtla_callers_outgoing (&f->callers, srtla_packet_kind (exact, size),
      exact, size, f->now, &f->is_new);
  free (exact);
  g_assert_true (f->is_new == TRUE || f->is_new == FALSE);
  if (slot != NONE) {
    g_assert_cmpuint (slot, <, SRTLA_MAX_CALLERS);
    g_assert_nonnull (f->callers.slots[slot].tracker);
    g_assert_nonnull (f->callers.slots[slot].replies);
    g_assert_cmpuint (f->callers.slots[slot].last_heard, >, 0);
    g_assert_cmpuint (f->callers.latest, ==, slot);
  } else {
    g_assert_false (f->is_new);
  }
  return slot;
}

static guint
incoming (Fixture *f, gsize size)
{
  guint8 *exact = testing_exact_copy (f->packet, size);
  guint slot = srtla_callers_incoming (&f->callers,
      srtla_packet_kind (exact, size), exact, size, f->now);

  free (exact);
  return slot;
}

static guint
send_data (Fixture *f, guint32 sequence, guint32 peer_id)
{
  guint slot = outgoing (f, testing_data_packet (f->packet, 100, sequence,
          peer_id, 0, FALSE));

  if (slot != NONE)
    srtla_tracker_insert (f->callers.slots[slot].tracker, sequence, 0, 100,
        f->now, NULL);
  return slot;
}

static guint
receive_ack (Fixture *f, guint32 sequence, guint32 caller_id)
{
  return incoming (f, testing_ack (f->packet, 1, sequence, caller_id, 0));
}

/* The whole handshake of caller n with the server. Returns: its slot. */
static guint
connect_caller (Fixture *f, guint n)
{
  guint slot = outgoing (f, testing_induction (f->packet, CALLER (n),
          START (n), 0));

  g_assert_true (f->is_new);
  g_assert_cmpuint (slot, !=, NONE);
  g_assert_cmpuint (incoming (f, testing_induction_response (f->packet,
              CALLER (n), START (n), 0)), ==, slot);
  g_assert_cmpuint (outgoing (f, testing_conclusion (f->packet, CALLER (n),
              START (n), FLAGS, 120, 0)), ==, slot);
  g_assert_false (f->is_new);
  g_assert_cmpuint (f->callers.slots[slot].peer_id, ==, 0);
  g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
              CALLER (n), SERVER (n), START (n), FLAGS, 200, 0)), ==, slot);
  g_assert_cmpuint (f->callers.slots[slot].socket_id, ==, CALLER (n));
  g_assert_cmpuint (f->callers.slots[slot].peer_id, ==, SERVER (n));
  return slot;
}

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
    { "/caller/joined", test_joined },
    { "/caller/joined-idle", test_joined_idle },
    { "/caller/joined-several", test_joined_several },
    { "/caller/joined-alike", test_joined_alike },
    { "/caller/guess", test_guess },
    { "/caller/joined-conclusion", test_joined_conclusion },
    { "/caller/flood-outgoing", test_flood_outgoing },
    { "/caller/flood-incoming", test_flood_incoming },
    { "/caller/unusable", test_unusable },
    { "/caller/clear", test_clear },
  };
  gsize i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
