/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Classic mode against classic-reference.c: both are told the same, and after
 * each event must have made the same choice and have the same windows and
 * counts in flight. SRTLA_TEST_EVENTS: how many events in all.
 */
#include "classic-reference.h"
#include "srtla-bond.h"
#include "testing.h"

#define EVENTS 1200000
#define CALLERS REFERENCE_CALLERS
#define PACKET_SIZE 100
/* An SRT ACK is forced when so many numbers are open: the tracker's ring must
 * not come round, for the reference forgets nothing. */
#define MAX_OPEN 6000
/* How many newer replies may come between a NAK and its last copy. */
#define MAX_NEWER 3

typedef struct
{
  gboolean exists;
  guint slot;
  gboolean silent;              /* nothing arrives, either way */
  SrtlaTime toggle_at;
  guint32 arrived[10];          /* at the receiver, not acknowledged yet */
  guint n_arrived;
} Link;

typedef struct
{
  guint32 id, peer_id;
  guint32 next;                 /* to be sent */
  guint32 end;                  /* after the highest that went out */
  gboolean started;             /* something went out */
  guint32 acknowledged;
  guint32 stamp;                /* of its replies: each has its own */
  guint8 nak[TESTING_MAX_PACKET];       /* the latest */
  gsize nak_size;
  guint newer;                  /* replies since */
} Caller;

typedef struct
{
  GRand *rand;
  SrtlaBond *bond;
  ClassicReference reference;
  SrtlaTime now;
  Link links[REFERENCE_UPLINKS];        /* as in the reference */
  Caller callers[CALLERS];
  guint8 group_id[SRTLA_GROUP_ID];
  gboolean has_group;
  gboolean srtla_acks_flow, srt_acks_flow;
  guint32 acknowledged[10];     /* of the latest SRTLA ACK */
  guint n_acknowledged;

  /* What was seen, to know that the run went everywhere. */
  guint64 events, sent, failures, refused, nobody_live, minimum, maximum,
      overflowed;
} Test;

/* ---- The network's side ------------------------------------------------ */

static gint
find_link (const Test *test, guint slot)
{
  gint i;

  for (i = 0; i < REFERENCE_UPLINKS; i++)
    if (test->links[i].exists && test->links[i].slot == slot)
      return i;
  g_assert_not_reached ();
}

/* Returns: some uplink that the receiver knows and reaches, or
 * REFERENCE_NONE. */
static gint
any_open_link (const Test *test)
{
  gint first = g_rand_int_range (test->rand, 0, REFERENCE_UPLINKS), i;

  for (i = 0; i < REFERENCE_UPLINKS; i++) {
    gint link = (first + i) % REFERENCE_UPLINKS;

    if (test->links[link].exists && !test->links[link].silent
        && test->reference.uplinks[link].registered)
      return link;
  }
  return REFERENCE_NONE;
}

/* A datagram reaches the sender. */
static void
deliver (Test *test, gint link, const guint8 *data, gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (kind == SRTLA_KIND_REG3)
    classic_reference_registered (&test->reference, link, test->now);
  else if (kind != SRTLA_KIND_REG2 && kind != SRTLA_KIND_REG_NGP)
    classic_reference_heard (&test->reference, link, test->now);
  srtla_bond_receive (test->bond, test->links[link].slot, data, size,
      test->now);
}

/* The receiver answers a datagram of the sender's own. */
static void
answer (Test *test, gint link, const guint8 *data, gsize size)
{
  guint8 out[SRTLA_REG_SIZE];

  switch (srtla_packet_kind (data, size)) {
    case SRTLA_KIND_REG1:
      memcpy (test->group_id, data + 2, SRTLA_GROUP_ID);
      memset (test->group_id + SRTLA_GROUP_ID / 2, 0xa5, SRTLA_GROUP_ID / 2);
      test->has_group = TRUE;
      srtla_write_registration (out, SRTLA_KIND_REG2, test->group_id);
      deliver (test, link, out, sizeof out);
      break;
    case SRTLA_KIND_REG2:
      if (test->has_group
          && memcmp (data + 2, test->group_id, SRTLA_GROUP_ID) == 0)
        srtla_write_short (out, 2, SRTLA_KIND_REG3);
      else
        srtla_write_short (out, 2, SRTLA_KIND_REG_NGP);
      deliver (test, link, out, 2);
      break;
    default:
      if (testing_chance (test->rand, 90))
        deliver (test, link, data, size);
  }
}

/* The socket refuses an output; or the owner drops it, which is no failure. */
static void
refuse (Test *test, const SrtlaOutput *output, gboolean is_data,
    SrtlaSendResult result)
{
  gint link = find_link (test, output->uplink);

  srtla_bond_send_result (test->bond, output, result, test->now);
  if (is_data)
    classic_reference_unsent (&test->reference, link);
  if (result == SRTLA_SEND_FAILED)
    classic_reference_send_failed (&test->reference, link);
  test->refused++;
}

/* Takes what the bond has to say; *packet becomes the SRT packet in it.
 * Returns: whether there was one. */
static gboolean
drain (Test *test, SrtlaOutput *packet)
{
  gboolean has_packet = FALSE;
  SrtlaOutput output;
  SrtlaEvent event;

  while (srtla_bond_next_output (test->bond, &output)) {
    if (output.kind == SRTLA_OUTPUT_PACKET) {
      g_assert_nonnull (packet);
      g_assert_false (has_packet);
      *packet = output;
      has_packet = TRUE;
    } else if (output.kind == SRTLA_OUTPUT_REBIND) {
      srtla_bond_uplink_closed (test->bond, output.uplink, "rebind",
          test->now);
      srtla_bond_uplink_opened (test->bond, output.uplink, test->now);
    } else if (output.kind == SRTLA_OUTPUT_CONTROL) {
      gint link = find_link (test, output.uplink);
      guint8 copy[TESTING_MAX_PACKET];

      memcpy (copy, output.packet.data, output.packet.size);
      if (testing_chance (test->rand, 1))
        refuse (test, &output, FALSE, SRTLA_SEND_FAILED);
      else if (!test->links[link].silent)
        answer (test, link, copy, output.packet.size);
    }
  }
  while (srtla_bond_next_event (test->bond, &event));
  return has_packet;
}

/* ---- The same of both -------------------------------------------------- */

static void
compare (Test *test, const gchar *after)
{
  SrtlaBondStats stats;
  guint i;

  test->events++;
  srtla_bond_get_stats (test->bond, test->now, &stats);
  for (i = 0; i < stats.n_uplinks; i++) {
    gint link = find_link (test, stats.uplinks[i].slot);
    const ReferenceUplink *expected = &test->reference.uplinks[link];

    if (stats.uplinks[i].window != expected->window
        || stats.uplinks[i].in_flight != expected->in_flight)
      g_error ("event %" G_GUINT64_FORMAT " at %" G_GUINT64_FORMAT " us, %s: "
          "uplink %d has window %d, in flight %d, should have %d, %d",
          test->events, test->now, after, link, stats.uplinks[i].window,
          stats.uplinks[i].in_flight, expected->window, expected->in_flight);
    test->minimum += expected->window == 1000;
    test->maximum += expected->window == 60000;
    test->overflowed += expected->in_flight > 255;
  }
}

/* Lets time go by, up to each moment that the bond wants to see. */
static void
advance (Test *test, SrtlaTime span)
{
  SrtlaTime end = test->now + span;

  while (srtla_bond_deadline (test->bond) <= end) {
    guint64 sweep = test->reference.next_sweep;
    gint i;

    test->now = MAX (test->now, srtla_bond_deadline (test->bond));
    g_assert_cmpuint (test->now, <=, sweep);
    for (i = 0; i < REFERENCE_UPLINKS; i++)
      test->failures += test->reference.uplinks[i].heard;
    classic_reference_tick (&test->reference, test->now);
    for (i = 0; i < REFERENCE_UPLINKS; i++)
      test->failures -= test->reference.uplinks[i].heard;
    srtla_bond_tick (test->bond, test->now);
    drain (test, NULL);
    compare (test, "tick");
  }
  test->now = end;
}

/* Pushes a packet. Returns: the uplink that both chose, REFERENCE_NONE if none
 * is live or the socket refused the packet. */
static gint
push (Test *test, gint caller, const guint8 *data, gsize size)
{
  gboolean is_data = srtla_packet_kind (data, size) == SRTLA_KIND_SRT_DATA;
  gint expected = classic_reference_select (&test->reference, test->now);
  SrtlaPacket packet = { data, size, NULL };
  SrtlaPushVerdict verdict;
  SrtlaOutput output;

  verdict = srtla_bond_push (test->bond, &packet, test->now, NULL);
  if (expected == REFERENCE_NONE) {
    test->nobody_live++;
    g_assert_cmpint (verdict, ==, SRTLA_PUSH_NO_UPLINK);
    g_assert_false (drain (test, &output));
    compare (test, "nobody live");
    return REFERENCE_NONE;
  }
  g_assert_cmpint (verdict, ==, SRTLA_PUSH_TAKEN);
  g_assert_true (drain (test, &output));
  if (find_link (test, output.uplink) != expected)
    g_error ("event %" G_GUINT64_FORMAT " at %" G_GUINT64_FORMAT
        " us: uplink %d was chosen, should be %d", test->events, test->now,
        find_link (test, output.uplink), expected);
  test->sent++;
  if (is_data)
    classic_reference_sent (&test->reference, expected, caller,
        srtla_srt_sequence (data));
  compare (test, "sent");
  if (g_rand_int_range (test->rand, 0, 500) == 0) {
    refuse (test, &output, is_data, testing_chance (test->rand, 50)
        ? SRTLA_SEND_FAILED : SRTLA_SEND_DROPPED);
    drain (test, NULL);
    compare (test, "refused");
    return REFERENCE_NONE;
  }
  return expected;
}

/* ---- Events ------------------------------------------------------------ */

static void
send_srtla_ack (Test *test, gint link, const guint32 *sequences, guint count)
{
  guint8 out[TESTING_MAX_PACKET];
  gsize size = srtla_write_ack (out, sequences, count);
  guint i;

  deliver (test, link, out, size);
  for (i = 0; i < count; i++)
    classic_reference_srtla_ack (&test->reference, link, sequences[i]);
  drain (test, NULL);
  compare (test, "SRTLA ACK");
}

static void
data_event (Test *test)
{
  gint caller = g_rand_int_range (test->rand, 0, CALLERS);
  Caller *sender = &test->callers[caller];
  gboolean again = sender->started && testing_chance (test->rand, 8);
  guint8 data[PACKET_SIZE];
  guint32 sequence = sender->next;
  Link *link;
  gint chosen;

  if (again)
    sequence = srtla_seq_add (sender->acknowledged,
        (guint32) g_rand_int_range (test->rand, -15,
            1 + (gint32) srtla_seq_steps (sender->acknowledged, sender->next)));
  if (srtla_seq_before (sender->next, srtla_seq_next (sequence)))
    sender->next = srtla_seq_next (sequence);
  testing_data_packet (data, sizeof data, sequence, sender->peer_id,
      (guint32) test->now, again);
  chosen = push (test, caller, data, sizeof data);
  if (chosen == REFERENCE_NONE)
    return;
  if (srtla_seq_before (sender->end, srtla_seq_next (sequence)))
    sender->end = srtla_seq_next (sequence);
  sender->started = TRUE;
  if (test->links[chosen].silent || testing_chance (test->rand, 3))
    return;

  /* It arrives, and is acknowledged with nine others. */
  link = &test->links[chosen];
  link->arrived[link->n_arrived++] = sequence;
  if (link->n_arrived < G_N_ELEMENTS (link->arrived))
    return;
  link->n_arrived = 0;
  if (!test->srtla_acks_flow)
    return;
  memcpy (test->acknowledged, link->arrived, sizeof test->acknowledged);
  test->n_acknowledged = G_N_ELEMENTS (link->arrived);
  send_srtla_ack (test, chosen, test->acknowledged, test->n_acknowledged);
}

static void
control_event (Test *test)
{
  gint caller = g_rand_int_range (test->rand, 0, CALLERS);
  guint8 out[TESTING_MAX_PACKET];
  gsize size = testing_ackack (out, g_rand_int (test->rand),
      test->callers[caller].peer_id, (guint32) test->now);

  push (test, caller, out, size);
}

/* The last SRTLA ACK once more, or numbers nobody or somebody knows, on the
 * uplink of any of them. */
static void
odd_srtla_ack_event (Test *test)
{
  gint link = any_open_link (test);
  guint32 sequences[20];
  guint i, count;

  if (link == REFERENCE_NONE)
    return;
  if (testing_chance (test->rand, 50) && test->n_acknowledged > 0) {
    send_srtla_ack (test, link, test->acknowledged, test->n_acknowledged);
    return;
  }
  count = g_rand_int_range (test->rand, 1, G_N_ELEMENTS (sequences));
  for (i = 0; i < count; i++)
    sequences[i] = testing_chance (test->rand, 30) ?
        g_rand_int (test->rand) & SRTLA_SEQ_MASK :
        srtla_seq_add (test->callers[i % CALLERS].next,
        (guint32) g_rand_int_range (test->rand, -400, 20));
  send_srtla_ack (test, link, sequences, count);
}

/* A reply reaches the sender on an uplink, and its copies on others. */
static void
relay (Test *test, gint caller, const guint8 *data, gsize size,
    void (*apply) (Test *test, gint caller, const guint8 *data, gsize size),
    const gchar *name)
{
  guint copies = testing_chance (test->rand, 50) ? 1 :
      g_rand_int_range (test->rand, 1, REFERENCE_UPLINKS);

  for (; copies > 0; copies--) {
    gint link = any_open_link (test);

    if (link == REFERENCE_NONE)
      return;
    deliver (test, link, data, size);
    apply (test, caller, data, size);
    drain (test, NULL);
    compare (test, name);
  }
}

static void
apply_srt_ack (Test *test, gint caller, const guint8 *data, gsize size)
{
  guint32 sequence;

  g_assert_true (srtla_srt_read_ack (data, size, &sequence));
  classic_reference_srt_ack (&test->reference, caller, sequence);
}

static void
srt_ack_event (Test *test, gint caller)
{
  Caller *receiver = &test->callers[caller];
  guint32 open = srtla_seq_steps (receiver->acknowledged, receiver->end);
  guint32 sequence = receiver->acknowledged;
  guint8 out[TESTING_MAX_PACKET];
  gsize size;

  if (testing_chance (test->rand, 10))
    sequence = srtla_seq_add (sequence,
        (guint32) g_rand_int_range (test->rand, -30, 0));
  else if (open > 0 && !testing_chance (test->rand, 10))
    sequence = srtla_seq_add (sequence, testing_chance (test->rand, 30) ? open
        : (guint32) g_rand_int_range (test->rand, 0, (gint32) open + 1));
  if (!receiver->started || any_open_link (test) == REFERENCE_NONE)
    return;
  if (srtla_seq_before (receiver->acknowledged, sequence))
    receiver->acknowledged = sequence;
  if (testing_chance (test->rand, 30))
    size = testing_light_ack (out, sequence, receiver->id, receiver->stamp);
  else
    size = testing_ack (out, receiver->stamp, sequence, receiver->id,
        receiver->stamp);
  receiver->stamp++;
  receiver->newer++;
  relay (test, caller, out, size, apply_srt_ack, "SRT ACK");
}

static void
apply_nak (Test *test, gint caller, const guint8 *data, gsize size)
{
  SrtlaNakReader reader;
  guint32 first, last;

  if (!classic_reference_nak (&test->reference, caller,
          srtla_srt_timestamp (data)))
    return;
  srtla_nak_reader_init (&reader, data, size);
  while (srtla_nak_reader_next (&reader, &first, &last))
    classic_reference_nak_range (&test->reference, caller, first, last);
}

static void
nak_event (Test *test)
{
  gint caller = g_rand_int_range (test->rand, 0, CALLERS);
  Caller *receiver = &test->callers[caller];
  guint n_ranges = g_rand_int_range (test->rand, 1, 5), i;
  TestingRange ranges[4];

  if (receiver->nak_size > 0 && receiver->newer <= MAX_NEWER
      && testing_chance (test->rand, 20)) {
    relay (test, caller, receiver->nak, receiver->nak_size, apply_nak, "NAK");
    return;
  }
  for (i = 0; i < n_ranges; i++) {
    guint length = testing_chance (test->rand, 50) ? 1 :
        g_rand_int_range (test->rand, 1, testing_chance (test->rand, 5) ?
        1000 : 20);

    ranges[i].first = srtla_seq_add (receiver->next,
        (guint32) g_rand_int_range (test->rand, -300, 10));
    ranges[i].last = srtla_seq_add (ranges[i].first, length - 1);
  }
  receiver->nak_size = testing_nak (receiver->nak, ranges, n_ranges,
      receiver->id, receiver->stamp++);
  receiver->newer = 0;
  relay (test, caller, receiver->nak, receiver->nak_size, apply_nak, "NAK");
}

/* Things that prove liveness, or do not, and change nothing else. */
static void
idle_event (Test *test)
{
  gint link = any_open_link (test);
  guint8 out[SRTLA_REG_SIZE] = { 0 };

  /* To one that fell silent REG_NGP says that its group is gone. */
  if (link == REFERENCE_NONE || !test->reference.uplinks[link].heard)
    return;
  switch (g_rand_int_range (test->rand, 0, 4)) {
    case 0:
      deliver (test, link, out, srtla_write_short (out, 32,
              SRTLA_KIND_KEEPALIVE));
      break;
    case 1:
      deliver (test, link, out, srtla_write_short (out, 2,
              SRTLA_KIND_REG_NGP));
      break;
    case 2:
      deliver (test, link, out, srtla_write_registration (out,
              SRTLA_KIND_REG2, test->group_id));
      break;
    default:
      deliver (test, link, out, testing_srt_keepalive (out,
              test->callers[0].id, (guint32) test->now));
  }
  drain (test, NULL);
  compare (test, "idle");
}

static void
add_link (Test *test, gint link)
{
  guint slot = srtla_bond_add_uplink (test->bond, test->now);

  g_assert_cmpuint (slot, !=, SRTLA_NO_UPLINK);
  classic_reference_add (&test->reference, link);
  memset (&test->links[link], 0, sizeof (Link));
  test->links[link].exists = TRUE;
  test->links[link].slot = slot;
  test->links[link].toggle_at = test->now
      + g_rand_int_range (test->rand, 1000000, 20000000);
  srtla_bond_uplink_opened (test->bond, slot, test->now);
  drain (test, NULL);
}

static void
remove_link (Test *test, gint link)
{
  srtla_bond_remove_uplink (test->bond, test->links[link].slot, test->now);
  classic_reference_remove (&test->reference, link);
  test->links[link].exists = FALSE;
  drain (test, NULL);
}

/* Links fall silent and return; now and then one joins or leaves. */
static void
change_links (Test *test, guint *n_added, guint n_final)
{
  guint exist = 0;
  gint i;

  for (i = 0; i < REFERENCE_UPLINKS; i++) {
    Link *link = &test->links[i];

    exist += link->exists;
    if (!link->exists || test->now < link->toggle_at)
      continue;
    link->silent = !link->silent;
    link->toggle_at = test->now + (link->silent
        ? g_rand_int_range (test->rand, 100000, 9000000)
        : g_rand_int_range (test->rand, 100000, 20000000));
  }
  if (g_rand_int_range (test->rand, 0, 20000) != 0)
    return;
  if (*n_added < n_final)
    add_link (test, (gint) (*n_added)++);
  else if (exist > 1 && (i = any_open_link (test)) != REFERENCE_NONE
      && testing_chance (test->rand, 10))
    remove_link (test, i);
  compare (test, "links");
}

static void
step (Test *test)
{
  guint permille = g_rand_int_range (test->rand, 0, 1000);
  gint i;

  if (g_rand_int_range (test->rand, 0, 3000) == 0) {
    test->srtla_acks_flow = testing_chance (test->rand, 80);
    test->srt_acks_flow = testing_chance (test->rand, 80);
  }
  if (permille < 780)
    data_event (test);
  else if (permille < 820)
    control_event (test);
  else if (permille < 830)
    odd_srtla_ack_event (test);
  else if (permille < 900 && test->srt_acks_flow)
    srt_ack_event (test, g_rand_int_range (test->rand, 0, CALLERS));
  else if (permille < 915)
    nak_event (test);
  else if (permille < 930)
    idle_event (test);
  else if (permille < 932)
    advance (test, g_rand_int_range (test->rand, 0, 1500000));
  else
    advance (test, g_rand_int_range (test->rand, 0, 20000));

  for (i = 0; i < CALLERS; i++)
    if (srtla_seq_steps (test->callers[i].acknowledged, test->callers[i].end)
        > MAX_OPEN)
      srt_ack_event (test, i);
}

/* ---- Runs -------------------------------------------------------------- */

/* A caller introduces itself: control packets, chosen for like all others. */
static void
shake_hands (Test *test, gint caller)
{
  Caller *sender = &test->callers[caller];
  guint8 out[TESTING_MAX_PACKET];
  gsize size;

  size = testing_induction (out, sender->id, sender->next, 0);
  push (test, caller, out, size);
  size = testing_induction_response (out, sender->id, sender->next, 0);
  deliver (test, any_open_link (test), out, size);
  size = testing_conclusion (out, sender->id, sender->next, 0x3f, 120, 1);
  push (test, caller, out, size);
  size = testing_conclusion_response (out, sender->id, sender->peer_id,
      sender->next, 0x3f, 120, 1);
  deliver (test, any_open_link (test), out, size);
  drain (test, NULL);
  compare (test, "handshake");
}

static guint64
events_wanted (void)
{
  const gchar *text = g_getenv ("SRTLA_TEST_EVENTS");

  if (text != NULL)
    return g_ascii_strtoull (text, NULL, 10);
  return g_getenv ("SRTLA_TEST_SLOW") != NULL ? EVENTS / 20 : EVENTS;
}

static void
test_run (gconstpointer user_data)
{
  guint n_final = GPOINTER_TO_UINT (user_data), n_added = 0, i;
  guint64 wanted = events_wanted () / REFERENCE_UPLINKS;
  SrtlaBondConfig config = { testing_random, NULL, NULL, NULL, 0 };
  guint32 base;
  Test test;

  memset (&test, 0, sizeof test);
  test.rand = config.user_data = testing_rand_new ();
  test.now = SRTLA_SECOND + g_rand_int (test.rand);
  test.bond = srtla_bond_new (&config, test.now);
  classic_reference_init (&test.reference, test.now);
  test.srtla_acks_flow = test.srt_acks_flow = TRUE;

  /* Both callers' numbers overlap, and both wrap. */
  base = SRTLA_SEQ_MASK - (guint32) (wanted / 8);
  for (i = 0; i < CALLERS; i++) {
    test.callers[i].id = 0x10000001 + i;
    test.callers[i].peer_id = 0x20000001 + i;
    test.callers[i].next = test.callers[i].end =
        test.callers[i].acknowledged = srtla_seq_add (base,
        (guint32) g_rand_int_range (test.rand, 0, 200));
  }
  while (n_added < (n_final + 1) / 2)
    add_link (&test, (gint) n_added++);
  /* Registration, of which a datagram may get lost too. */
  for (i = 0; i < 30 && any_open_link (&test) == REFERENCE_NONE; i++)
    advance (&test, SRTLA_SECOND);
  for (i = 0; i < CALLERS; i++)
    shake_hands (&test, (gint) i);

  while (test.events < wanted) {
    change_links (&test, &n_added, n_final);
    step (&test);
  }
  g_test_message ("%" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT " sent, "
      "%" G_GUINT64_FORMAT " failures, %" G_GUINT64_FORMAT " refused, "
      "%" G_GUINT64_FORMAT " not sent, window at minimum %" G_GUINT64_FORMAT
      ", at maximum %" G_GUINT64_FORMAT ", in flight over 255 %"
      G_GUINT64_FORMAT, test.events, test.sent, test.failures,
      test.refused, test.nobody_live, test.minimum, test.maximum,
      test.overflowed);
  if (wanted >= EVENTS / REFERENCE_UPLINKS) {
    /* Everything that is to be compared did happen. */
    g_assert_cmpuint (test.callers[0].next, <, base);
    g_assert_cmpuint (test.callers[1].next, <, base);
    g_assert_cmpuint (test.failures, >, 5);
    g_assert_cmpuint (test.refused, >, 50);
    g_assert_cmpuint (test.minimum, >, 1000);
  }
  srtla_bond_free (test.bond);
  classic_reference_clear (&test.reference);
  g_rand_free (test.rand);
}

int
main (int argc, char **argv)
{
  guint uplinks;

  g_test_init (&argc, &argv, NULL);
  for (uplinks = 1; uplinks <= REFERENCE_UPLINKS; uplinks++) {
    gchar *path = g_strdup_printf ("/classic/random/%u-uplinks", uplinks);

    g_test_add_data_func (path, GUINT_TO_POINTER (uplinks), test_run);
    g_free (path);
  }
  return g_test_run ();
}
