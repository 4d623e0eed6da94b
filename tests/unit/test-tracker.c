/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-tracker.h"
#include "counting-malloc.h"
#include "testing.h"

#define SIZE SRTLA_TRACKER_SIZE
/* Comfortably more late numbers than are listed. */
#define MANY_LATE 600

static gboolean
send (SrtlaTracker *tracker, guint32 sequence)
{
  return srtla_tracker_insert (tracker, sequence, 0, 1316, 1, NULL);
}

/* Acknowledges. Returns: how many entries it settled, -1 if it was refused. */
static gint
acknowledge (SrtlaTracker *tracker, guint32 sequence)
{
  gint settled = 0;

  if (!srtla_tracker_acknowledge (tracker, sequence)) {
    g_assert_null (srtla_tracker_next_acknowledged (tracker));
    return -1;
  }
  while (srtla_tracker_next_acknowledged (tracker) != NULL)
    settled++;
  g_assert_null (srtla_tracker_next_acknowledged (tracker));
  return settled;
}

/* ---- Entries ----------------------------------------------------------- */

static void
test_entry (void)
{
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  SrtlaTrackerEntry *entry;
  guint32 highest = 99;
  guint i;

  g_assert_false (srtla_tracker_highest (tracker, &highest));
  g_assert_cmpuint (highest, ==, 99);
  g_assert_null (srtla_tracker_find (tracker, 0, 0));

  srtla_tracker_insert (tracker, 0, 3, 1316, 1000, NULL);
  g_assert_true (srtla_tracker_highest (tracker, &highest));
  g_assert_cmpuint (highest, ==, 0);
  srtla_tracker_insert (tracker, 0, 63, 100000, 2000, NULL);
  entry = srtla_tracker_find (tracker, 0, 2000);
  g_assert_nonnull (entry);
  g_assert_cmpuint (entry->sequence, ==, 0);
  g_assert_cmpuint (entry->uplink, ==, 63);
  g_assert_cmpuint (entry->copies, ==, 2);
  g_assert_cmpuint (entry->size, ==, G_MAXUINT16);
  g_assert_cmpuint (entry->sent_at, ==, 2000);
  g_assert_cmpuint (entry->holders, ==,
      1u << 3 | G_GUINT64_CONSTANT (1) << 63);

  for (i = 0; i < 300; i++)
    send (tracker, 0);
  g_assert_cmpuint (entry->copies, ==, G_MAXUINT8);

  /* Bit 31 is no part of a number. */
  send (tracker, 0x80000001u);
  g_assert_nonnull (srtla_tracker_find (tracker, 1, 1));
  g_assert_null (srtla_tracker_find (tracker, 0x80000001u, 1));

  srtla_tracker_clear (tracker);
  g_assert_false (srtla_tracker_highest (tracker, NULL));
  g_assert_null (srtla_tracker_find (tracker, 0, 2000));
  srtla_tracker_free (tracker);
  srtla_tracker_free (NULL);
}

static void
test_age (void)
{
  static const struct
  {
    SrtlaTime max_age, sent_at, now;
    gboolean found;
  } table[] = {
    {100, 1000, 1000, TRUE}, {100, 1000, 1100, TRUE},
    {100, 1000, 1101, FALSE}, {0, 1000, 1000, TRUE}, {0, 1000, 1001, FALSE},
    {SRTLA_TIME_NONE, 0, SRTLA_TIME_NONE, TRUE},
    {100, 1000, 10, TRUE},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaTracker *tracker = srtla_tracker_new (table[i].max_age);
    gint settled;

    srtla_tracker_insert (tracker, 5, 0, 1316, table[i].sent_at, NULL);
    g_test_message ("row %u", i);
    g_assert_cmpint (srtla_tracker_find (tracker, 5, table[i].now) != NULL, ==,
        table[i].found);
    /* The acknowledgement finds it at any age. */
    settled = acknowledge (tracker, 6);
    g_assert_cmpint (settled, ==, 1);
    srtla_tracker_free (tracker);
  }
}

static void
test_displaced (void)
{
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  SrtlaTrackerEntry displaced = { 0 }, *entry;

  srtla_tracker_insert (tracker, 7, 2, 500, 10, NULL);
  g_assert_false (srtla_tracker_insert (tracker, 7, 4, 500, 20, &displaced));
  entry = srtla_tracker_find (tracker, 7, 20);
  entry->arrived_at = entry->named_at = 25;
  g_assert_true (srtla_tracker_insert (tracker, 7 + SIZE, 1, 600, 30,
          &displaced));
  g_assert_cmpuint (displaced.sequence, ==, 7);
  g_assert_cmpuint (displaced.holders, ==, 1u << 2 | 1u << 4);
  /* Of the new one nothing is known. */
  entry = srtla_tracker_find (tracker, 7 + SIZE, 30);
  g_assert_cmpuint (entry->arrived_at, ==, 0);
  g_assert_cmpuint (entry->named_at, ==, 0);
  /* A stale entry does not answer for another number. */
  g_assert_null (srtla_tracker_find (tracker, 7, 30));
  g_assert_null (srtla_tracker_find (tracker, 7 + 2 * SIZE, 30));

  /* One that was settled leaves without a word. */
  g_assert_cmpint (acknowledge (tracker, 8 + SIZE), ==, 1);
  g_assert_false (srtla_tracker_insert (tracker, 7 + 2 * SIZE, 1, 600, 40,
          &displaced));
  srtla_tracker_free (tracker);
}

/* ---- Acknowledgements -------------------------------------------------- */

/* Rows of one stream: send a number, or acknowledge one. */
static void
test_acknowledge (void)
{
  static const struct
  {
    guint32 send, acknowledge;  /* one of both */
    gint settled;
  } table[] = {
#define SEND(n) {n, G_MAXUINT32, 0}
#define ACK(n, settled) {G_MAXUINT32, n, settled}
    ACK (0, -1), ACK (1, -1),           /* nothing was sent yet */
    SEND (0x7ffffffe),
    ACK (0x7ffffffe, 0),
    ACK (0, -1),                        /* 0x7fffffff is the next one */
    ACK (0x7fffffff, 1),
    ACK (0x7fffffff, 0),                /* the same again */
    SEND (0x7fffffff), SEND (0), SEND (1), SEND (2),
    ACK (4, -1), ACK (0x40000000, -1), ACK (0x3fffffff, -1),
    ACK (1, 2),
    ACK (0x7fffffff, 0),                /* an old one */
    SEND (0x7ffffffe), SEND (0x7fffffff),       /* late */
    SEND (1),                           /* a retransmission, not late */
    ACK (0x7ffffffe, 0),                /* before both of them */
    ACK (0x7fffffff, 1),                /* names the first of them */
    ACK (1, 1),                         /* the same as before, and the other */
    ACK (1, 0),
    SEND (0), SEND (0), SEND (0),       /* late, thrice the same */
    ACK (3, 3),                         /* 0, 1 and 2 */
    SEND (5),                           /* 3 and 4 never come by */
    ACK (6, 1),
    SEND (3),                           /* after all */
    ACK (6, 1), ACK (6, 0),
    ACK (7, -1),
#undef SEND
#undef ACK
  };
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    g_test_message ("row %u", i);
    if (table[i].send != G_MAXUINT32)
      g_assert_false (send (tracker, table[i].send));
    else
      g_assert_cmpint (acknowledge (tracker, table[i].acknowledge), ==,
          table[i].settled);
  }
  srtla_tracker_free (tracker);
}

/* What is given is a copy; the entry itself has no holders left. */
static void
test_settled_entry (void)
{
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  SrtlaTrackerEntry *settled;

  srtla_tracker_insert (tracker, 5, 2, 500, 10, NULL);
  g_assert_true (srtla_tracker_acknowledge (tracker, 6));
  settled = srtla_tracker_next_acknowledged (tracker);
  g_assert_nonnull (settled);
  g_assert_cmpuint (settled->sequence, ==, 5);
  g_assert_cmpuint (settled->uplink, ==, 2);
  g_assert_cmpuint (settled->holders, ==, 1u << 2);
  g_assert_cmpuint (srtla_tracker_find (tracker, 5, 10)->holders, ==, 0);
  g_assert_null (srtla_tracker_next_acknowledged (tracker));
  srtla_tracker_free (tracker);
}

/* A duplicate on another uplink: the number has two holders, one copy. */
static void
test_add_holder (void)
{
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  SrtlaTrackerEntry *settled;

  srtla_tracker_insert (tracker, 5, 2, 500, 10, NULL);
  srtla_tracker_add_holder (tracker, 5, 63);
  srtla_tracker_add_holder (tracker, 6, 1);
  srtla_tracker_add_holder (tracker, 5 + SIZE, 1);
  g_assert_null (srtla_tracker_find (tracker, 6, 10));
  g_assert_cmpuint (srtla_tracker_find (tracker, 5, 10)->copies, ==, 1);
  g_assert_true (srtla_tracker_acknowledge (tracker, 6));
  settled = srtla_tracker_next_acknowledged (tracker);
  g_assert_nonnull (settled);
  g_assert_cmpuint (settled->holders, ==,
      1u << 2 | G_GUINT64_CONSTANT (1) << 63);
  srtla_tracker_free (tracker);
}

/* A stream joined in the middle: lower numbers than the first one follow. */
static void
test_late_at_start (void)
{
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  guint32 first = 90, last = 200;

  send (tracker, 100);
  send (tracker, 95);
  g_assert_true (srtla_tracker_clip (tracker, &first, &last));
  g_assert_cmpuint (first, ==, 95);
  g_assert_cmpuint (last, ==, 100);
  g_assert_cmpint (acknowledge (tracker, 90), ==, 0);
  g_assert_cmpint (acknowledge (tracker, 96), ==, 1);
  first = 90;
  g_assert_true (srtla_tracker_clip (tracker, &first, &last));
  g_assert_cmpuint (first, ==, 100);
  g_assert_cmpint (acknowledge (tracker, 101), ==, 1);
  g_assert_false (srtla_tracker_clip (tracker, &first, &last));
  srtla_tracker_free (tracker);
}

/* More late numbers than are listed, and acknowledgements that name none,
 * some, and all of them. */
static void
test_many_late (void)
{
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  guint32 i, base = SRTLA_SEQ_MASK - 1000;

  for (i = 0; i < 2000; i++)
    send (tracker, srtla_seq_add (base, i));
  g_assert_cmpint (acknowledge (tracker, srtla_seq_add (base, 2000)), ==, 2000);
  for (i = 0; i < MANY_LATE; i++)
    send (tracker, srtla_seq_add (base, 900 + i));
  g_assert_cmpint (acknowledge (tracker, srtla_seq_add (base, 900)), ==, 0);
  g_assert_cmpint (acknowledge (tracker, srtla_seq_add (base, 910)), ==, 10);
  g_assert_cmpint (acknowledge (tracker, srtla_seq_add (base, 1100)), ==, 190);
  g_assert_cmpint (acknowledge (tracker, srtla_seq_add (base, 2000)), ==,
      MANY_LATE - 200);
  g_assert_cmpint (acknowledge (tracker, srtla_seq_add (base, 2000)), ==, 0);
  srtla_tracker_free (tracker);
}

/* Nothing comes back: the ring goes round and round. */
static void
test_unacknowledged (void)
{
  static const guint32 bases[] = { 0, SRTLA_SEQ_MASK - SIZE, 12345678 };
  guint32 first, last, i;
  guint b;

  for (b = 0; b < G_N_ELEMENTS (bases); b++) {
    SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
    const guint32 count = 3 * SIZE + 17;

    for (i = 0; i < count; i++) {
      SrtlaTrackerEntry displaced;
      gboolean is_displaced = srtla_tracker_insert (tracker,
          srtla_seq_add (bases[b], i), 0, 1316, i, &displaced);

      g_assert_cmpint (is_displaced, ==, i >= SIZE);
      if (is_displaced)
        g_assert_cmpuint (displaced.sequence, ==,
            srtla_seq_add (bases[b], i - SIZE));
    }
    first = bases[b];
    last = srtla_seq_add (bases[b], count + 5);
    g_assert_true (srtla_tracker_clip (tracker, &first, &last));
    g_assert_cmpuint (first, ==, srtla_seq_add (bases[b], count - SIZE));
    g_assert_cmpuint (last, ==, srtla_seq_add (bases[b], count - 1));
    g_assert_cmpint (acknowledge (tracker, srtla_seq_add (bases[b], count)),
        ==, SIZE);
    srtla_tracker_free (tracker);
  }
}

/* Jumps of the numbering, forwards and back, and what an acknowledgement of
 * the number after the last settles: everything that was not displaced. */
static void
test_jumps (void)
{
  static const gint32 jumps[] = {
    2, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE, SRTLA_TRACKER_RESTART,
    SRTLA_TRACKER_RESTART + 1, 0x3fffffff, -0x40000000,
    -SRTLA_TRACKER_RESTART - 1, -0x3fffffff,
  };
  static const guint32 bases[] = { 0, SRTLA_SEQ_MASK - 5, 0x3fffff00 };
  guint j, b;
  guint32 i;

  for (j = 0; j < G_N_ELEMENTS (jumps); j++) {
    for (b = 0; b < G_N_ELEMENTS (bases); b++) {
      SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
      guint32 sequence = bases[b], highest;
      gint displaced = 0;

      g_test_message ("jump %d from %u", jumps[j], bases[b]);
      for (i = 0; i < 10; i++)
        displaced += send (tracker, srtla_seq_add (bases[b], i));
      sequence = srtla_seq_add (bases[b], 9 + (guint32) jumps[j]);
      for (i = 0; i < 10; i++)
        displaced += send (tracker, srtla_seq_add (sequence, i));
      sequence = srtla_seq_add (sequence, 10);
      g_assert_true (srtla_tracker_highest (tracker, &highest));
      g_assert_cmpuint (srtla_seq_next (highest), ==, sequence);
      g_assert_cmpint (acknowledge (tracker, srtla_seq_next (sequence)), ==,
          -1);
      g_assert_cmpint (acknowledge (tracker, sequence), ==, 20 - displaced);
      g_assert_cmpint (acknowledge (tracker, sequence), ==, 0);
      srtla_tracker_free (tracker);
    }
  }
}

/* How far back an acknowledgement may speak. */
static void
test_acknowledge_span (void)
{
  static const guint32 bases[] = { 100000, 5, SRTLA_SEQ_MASK };
  guint b;

  for (b = 0; b < G_N_ELEMENTS (bases); b++) {
    SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
    guint32 next = srtla_seq_next (bases[b]);

    send (tracker, bases[b]);
    g_assert_cmpint (acknowledge (tracker,
            srtla_seq_add (next, 0u - SRTLA_TRACKER_RESTART)), ==, 0);
    g_assert_cmpint (acknowledge (tracker,
            srtla_seq_add (next, 0u - SRTLA_TRACKER_RESTART - 1)), ==, -1);
    g_assert_cmpint (acknowledge (tracker, srtla_seq_next (next)), ==, -1);
    g_assert_cmpint (acknowledge (tracker, next), ==, 1);
    srtla_tracker_free (tracker);
  }
}

/* A stray number, far off, does not spoil the stream that it fell into. */
static void
test_stray_number (void)
{
  static const guint32 strays[] = { 0x20000000, 0x7ff00000, 0x40000000 };
  guint32 first = 0, last = SRTLA_SEQ_HALF;
  guint s;

  for (s = 0; s < G_N_ELEMENTS (strays); s++) {
    SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);

    send (tracker, 1000);
    send (tracker, 1001);
    send (tracker, strays[s]);
    g_assert_cmpint (acknowledge (tracker, 1002), ==, -1);
    send (tracker, 1002);
    g_assert_cmpint (acknowledge (tracker, 1003), ==, 4);
    send (tracker, 1003);
    g_assert_true (srtla_tracker_clip (tracker, &first, &last));
    g_assert_cmpuint (first, ==, 1003);
    g_assert_cmpuint (last, ==, 1003);
    g_assert_cmpint (acknowledge (tracker, 1004), ==, 1);
    srtla_tracker_free (tracker);
    first = 0;
    last = SRTLA_SEQ_HALF;
  }
}

/* A walk that nobody finishes: the next acknowledgement gives the rest. */
static void
test_unfinished_walk (void)
{
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  guint32 i;

  for (i = 0; i < 10; i++)
    send (tracker, i);
  g_assert_true (srtla_tracker_acknowledge (tracker, 10));
  g_assert_nonnull (srtla_tracker_next_acknowledged (tracker));
  send (tracker, 10);
  g_assert_null (srtla_tracker_next_acknowledged (tracker));
  g_assert_cmpint (acknowledge (tracker, 11), ==, 10);

  /* In the middle of a sweep. */
  for (i = 0; i < 10; i++)
    send (tracker, 11 + 2 * SIZE + i);
  g_assert_true (srtla_tracker_acknowledge (tracker, 11 + 2 * SIZE + 10));
  g_assert_nonnull (srtla_tracker_next_acknowledged (tracker));
  g_assert_true (srtla_tracker_acknowledge (tracker, 11 + 2 * SIZE + 9));
  g_assert_nonnull (srtla_tracker_next_acknowledged (tracker));
  send (tracker, 11 + 2 * SIZE + 10);
  g_assert_null (srtla_tracker_next_acknowledged (tracker));
  g_assert_cmpint (acknowledge (tracker, 11 + 2 * SIZE + 11), ==, 9);
  srtla_tracker_free (tracker);
}

/* ---- Spans of NAKs ----------------------------------------------------- */

/* A tracker that sent `base` to `base + 99` and had 10 acknowledged; numbers
 * are counted from its base. */
static void
test_clip (void)
{
  static const struct
  {
    gint64 first, last;
    gboolean left;
    gint64 first_left, last_left;
  } table[] = {
    {10, 99, TRUE, 10, 99}, {0, 200, TRUE, 10, 99}, {0, 10, TRUE, 10, 10},
    {0, 9, FALSE, 0, 0}, {99, 100, TRUE, 99, 99}, {100, 200, FALSE, 0, 0},
    {50, 50, TRUE, 50, 50}, {50, 49, FALSE, 0, 0},
    {50, 50 + 0x3fffffff, TRUE, 50, 99},        /* nearly half the circle */
    {99 - 0x3fffffff, 99, TRUE, 10, 99},
    {10 - 0x20000000, 10 + 0x1fffffff, TRUE, 10, 99},
    {50, 50 + 0x40000000, TRUE, 50, 99},        /* half of it */
    {50, 50 + 0x40000001, FALSE, 0, 0},         /* runs backwards */
    {100, 100 + 0x3fffffff, FALSE, 0, 0},
    {9 - 0x3fffffff, 9, FALSE, 0, 0},
    {0x40000000 + 10, 0x40000000 + 10, FALSE, 0, 0},
  };
  static const guint32 bases[] = { 0, SRTLA_SEQ_MASK - 50, 0x3fffffff };
  guint i, b;
  guint32 n;

  for (b = 0; b < G_N_ELEMENTS (bases); b++) {
    SrtlaTracker *tracker = srtla_tracker_new (SRTLA_TIME_NONE);

    for (n = 0; n < 100; n++)
      send (tracker, srtla_seq_add (bases[b], n));
    acknowledge (tracker, srtla_seq_add (bases[b], 10));
    for (i = 0; i < G_N_ELEMENTS (table); i++) {
      guint32 first = srtla_seq_add (bases[b], (guint32) table[i].first);
      guint32 last = srtla_seq_add (bases[b], (guint32) table[i].last);

      g_test_message ("base %u row %u", bases[b], i);
      g_assert_cmpint (srtla_tracker_clip (tracker, &first, &last), ==,
          table[i].left);
      if (!table[i].left)
        continue;
      g_assert_cmpuint (first, ==,
          srtla_seq_add (bases[b], (guint32) table[i].first_left));
      g_assert_cmpuint (last, ==,
          srtla_seq_add (bases[b], (guint32) table[i].last_left));
    }
    srtla_tracker_free (tracker);
  }
}

/* Several callers: the same numbers, each with its own meaning. */
static void
test_trackers_are_apart (void)
{
  SrtlaTracker *one = srtla_tracker_new (SRTLA_TIME_NONE);
  SrtlaTracker *other = srtla_tracker_new (SRTLA_TIME_NONE);

  srtla_tracker_insert (one, 5, 1, 100, 1, NULL);
  srtla_tracker_insert (other, 5, 2, 100, 1, NULL);
  g_assert_cmpint (acknowledge (one, 6), ==, 1);
  g_assert_cmpuint (srtla_tracker_find (other, 5, 1)->uplink, ==, 2);
  g_assert_cmpint (acknowledge (other, 6), ==, 1);
  srtla_tracker_free (one);
  srtla_tracker_free (other);
}

static void
test_allocates_nothing (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaTracker *tracker = srtla_tracker_new (SRTLA_SECOND);
  guint64 before = counted_allocations;
  guint32 next = SRTLA_SEQ_MASK - 300000;
  gint64 settled = 0;
  guint i;

  g_assert_cmpuint (before, >, 0);
  for (i = 0; i < 1000000; i++) {
    guint32 recent = srtla_seq_add (next,
        (guint32) g_rand_int_range (rand, -3000, 1));

    send (tracker, i % 16 == 0 ? recent : next);
    if (i % 16 != 0)
      next = srtla_seq_next (next);
    srtla_tracker_find (tracker, recent, i);
    if (i % 10 == 0)
      settled += acknowledge (tracker, recent);
  }
  g_assert_cmpint (settled, >, 900000);
  g_assert_cmpuint (counted_allocations, ==, before);
  srtla_tracker_free (tracker);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tracker/entry", test_entry);
  g_test_add_func ("/tracker/age", test_age);
  g_test_add_func ("/tracker/displaced", test_displaced);
  g_test_add_func ("/tracker/acknowledge", test_acknowledge);
  g_test_add_func ("/tracker/settled-entry", test_settled_entry);
  g_test_add_func ("/tracker/add-holder", test_add_holder);
  g_test_add_func ("/tracker/late-at-start", test_late_at_start);
  g_test_add_func ("/tracker/many-late", test_many_late);
  g_test_add_func ("/tracker/unacknowledged", test_unacknowledged);
  g_test_add_func ("/tracker/jumps", test_jumps);
  g_test_add_func ("/tracker/acknowledge-span", test_acknowledge_span);
  g_test_add_func ("/tracker/stray-number", test_stray_number);
  g_test_add_func ("/tracker/unfinished-walk", test_unfinished_walk);
  g_test_add_func ("/tracker/clip", test_clip);
  g_test_add_func ("/tracker/apart", test_trackers_are_apart);
  g_test_add_func ("/tracker/allocates-nothing", test_allocates_nothing);
  return g_test_run ();
}
