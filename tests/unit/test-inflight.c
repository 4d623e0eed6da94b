/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-inflight.h"
#include "counting-malloc.h"
#include "testing.h"

/* ---- Single steps ------------------------------------------------------ */

/* One log of reach 4; each row is an operation and what it leaves behind. */
static void
test_steps (void)
{
  static const struct
  {
    gchar operation;            /* insert, take, any caller's, forget */
    guint caller;
    guint32 sequence;
    guint result;               /* dropped, taken, or how many forgotten */
    guint count;
    guint32 oldest;             /* sequence number */
  } table[] = {
    {'t', 0, 7, 0, 0, 0},       /* nothing in an empty log */
    {'i', 0, 7, 0, 1, 7},
    {'t', 1, 7, 0, 1, 7},       /* another caller's 7 */
    {'t', 0, 7, 1, 0, 0},
    {'t', 0, 7, 0, 0, 0},       /* taken once */
    {'i', 0, SRTLA_SEQ_MASK, 0, 1, SRTLA_SEQ_MASK},
    {'i', 0, 0, 0, 2, SRTLA_SEQ_MASK},
    {'i', 1, 0, 0, 3, SRTLA_SEQ_MASK},
    {'i', 0, 0, 0, 4, SRTLA_SEQ_MASK},
    {'i', 2, 9, 1, 4, 0},       /* the oldest falls out of reach */
    {'t', 0, SRTLA_SEQ_MASK, 0, 4, 0},
    {'f', 0, 0, 2, 2, 0},       /* both copies; caller 1's stays */
    {'f', 0, 0, 0, 2, 0},
    {'i', 2, 10, 0, 3, 0},      /* what falls out was forgotten before */
    {'i', 2, 11, 1, 3, 9},      /* this one was not */
    {'a', 0, 10, 1, 2, 9},
    {'a', 0, 10, 0, 2, 9},
    {'t', 2, 9, 1, 1, 11},
    {'t', 2, 11, 1, 0, 0},
  };
  SrtlaInflight *log = srtla_inflight_new (8);
  guint i;

  srtla_inflight_set_reach (log, 4);
  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    const SrtlaInflightEntry *oldest;
    guint result = 0;

    g_test_message ("row %u", i);
    switch (table[i].operation) {
      case 'i':
        result = srtla_inflight_insert (log, table[i].caller,
            table[i].sequence, 100, i);
        break;
      case 't':
        result = srtla_inflight_take (log, table[i].caller,
            table[i].sequence, NULL);
        break;
      case 'a':
        result = srtla_inflight_take_any (log, table[i].sequence, NULL);
        break;
      default:
        result = srtla_inflight_forget (log, table[i].caller,
            table[i].sequence);
    }
    g_assert_cmpuint (result, ==, table[i].result);
    g_assert_cmpuint (srtla_inflight_count (log), ==, table[i].count);
    g_assert_cmpuint (srtla_inflight_bytes (log), ==, 100 * table[i].count);
    oldest = srtla_inflight_oldest (log);
    if (table[i].count == 0) {
      g_assert_null (oldest);
    } else {
      g_assert_true (oldest->held);
      g_assert_cmpuint (oldest->sequence, ==, table[i].oldest);
    }
  }
  srtla_inflight_free (log);
}

static void
test_newest_copy_first (void)
{
  SrtlaInflight *log = srtla_inflight_new (16);
  SrtlaInflightEntry taken;

  srtla_inflight_insert (log, 3, 5, 1000, 10);
  srtla_inflight_insert (log, 4, 5, 1100, 20);
  srtla_inflight_insert (log, 3, 5, 1200, 30);

  g_assert_true (srtla_inflight_take (log, 3, 5, &taken));
  g_assert_cmpuint (taken.sequence, ==, 5);
  g_assert_cmpuint (taken.sent_at, ==, 30);
  g_assert_cmpuint (taken.size, ==, 1200);
  g_assert_true (srtla_inflight_take_any (log, 5, &taken));
  g_assert_cmpuint (taken.caller, ==, 4);
  g_assert_cmpuint (taken.sent_at, ==, 20);
  g_assert_true (srtla_inflight_take_any (log, 5, &taken));
  g_assert_cmpuint (taken.caller, ==, 3);
  g_assert_cmpuint (taken.sent_at, ==, 10);
  g_assert_false (srtla_inflight_take_any (log, 5, &taken));
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 0);
  srtla_inflight_free (log);
}

/* How many of many insertions stay. */
static void
test_limits (void)
{
  static const struct
  {
    guint capacity, reach, held;        /* reach 0: not set */
  } table[] = {
    {0, 0, 2}, {1, 0, 2}, {2, 0, 2}, {3, 0, 4}, {256, 0, 256},
    {256, 255, 255}, {255, 0, 256}, {256, 1000, 256}, {256, 1, 1},
    {65536, 0, 65536}, {G_MAXUINT, 0, 65536},
  };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaInflight *log = srtla_inflight_new (table[i].capacity);
    const guint insertions = 70000;
    guint dropped = 0;

    g_test_message ("row %u", i);
    if (table[i].reach > 0)
      srtla_inflight_set_reach (log, table[i].reach);
    for (n = 0; n < insertions; n++)
      dropped += srtla_inflight_insert (log, 0, n, 1, n);
    g_assert_cmpuint (srtla_inflight_count (log), ==, table[i].held);
    g_assert_cmpuint (dropped, ==, insertions - table[i].held);
    g_assert_false (srtla_inflight_take (log, 0,
            insertions - table[i].held - 1, NULL));
    g_assert_true (srtla_inflight_take (log, 0,
            insertions - table[i].held, NULL));
    srtla_inflight_free (log);
  }
}

static void
test_reach_changes (void)
{
  SrtlaInflight *log = srtla_inflight_new (16);
  guint i;

  for (i = 0; i < 16; i++)
    srtla_inflight_insert (log, 0, i, 10, i);
  srtla_inflight_set_reach (log, 5);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 5);
  g_assert_false (srtla_inflight_take (log, 0, 10, NULL));
  /* What fell out stays out. */
  srtla_inflight_set_reach (log, 16);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 5);
  g_assert_cmpuint (srtla_inflight_oldest (log)->sequence, ==, 11);
  srtla_inflight_set_reach (log, 0);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 1);
  g_assert_cmpuint (srtla_inflight_oldest (log)->sequence, ==, 15);
  srtla_inflight_free (log);
}

/* A settled entry is held, and not counted, until it is taken. */
static void
test_settle (void)
{
  SrtlaInflight *log = srtla_inflight_new (4);
  SrtlaInflightEntry entry;
  guint64 place;

  srtla_inflight_insert (log, 0, 1, 100, 1);
  srtla_inflight_insert (log, 0, 2, 50, 2);
  g_assert_false (srtla_inflight_settle (log, 1, 1, &entry, &place));
  g_assert_true (srtla_inflight_settle (log, 0, 1, &entry, &place));
  g_assert_cmpuint (entry.size, ==, 100);
  g_assert_cmpuint (place, ==, 0);
  g_assert_false (srtla_inflight_settle (log, 0, 1, &entry, &place));
  g_assert_cmpuint (srtla_inflight_count (log), ==, 1);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 50);
  g_assert_cmpuint (srtla_inflight_oldest (log)->sequence, ==, 1);
  g_assert_true (srtla_inflight_take (log, 0, 1, &entry));
  g_assert_true (entry.settled);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 1);
  g_assert_cmpuint (srtla_inflight_oldest (log)->sequence, ==, 2);
  srtla_inflight_free (log);
}

/* What is held in order: popped from the old end, as far as said. */
static void
test_pop_before (void)
{
  SrtlaInflight *log = srtla_inflight_new (8);
  SrtlaInflightEntry entry;
  guint i;

  g_assert_false (srtla_inflight_pop_before (log, 9, SRTLA_TIME_NONE, &entry));
  for (i = 0; i < 6; i++)
    srtla_inflight_insert (log, 0, 10 + i, 100, 1000 * i);
  srtla_inflight_take (log, 0, 11, NULL);
  g_assert_cmpuint (srtla_inflight_next_place (log), ==, 6);
  g_assert_false (srtla_inflight_pop_before (log, 0, 9999, &entry));
  g_assert_true (srtla_inflight_pop_before (log, 1, 0, &entry));
  g_assert_cmpuint (entry.sequence, ==, 10);
  g_assert_false (srtla_inflight_pop_before (log, 2, 9999, &entry));
  g_assert_false (srtla_inflight_pop_before (log, 6, 1999, &entry));
  g_assert_true (srtla_inflight_pop_before (log, 6, 2000, &entry));
  g_assert_cmpuint (entry.sequence, ==, 12);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 3);
  srtla_inflight_free (log);
}

static void
test_take_at (void)
{
  SrtlaInflight *log = srtla_inflight_new (4);
  guint32 sequence;

  for (sequence = 10; sequence < 16; sequence++)
    srtla_inflight_insert (log, 0, sequence, 100, sequence);
  g_assert_false (srtla_inflight_take_at (log, 1));     /* dropped out */
  g_assert_false (srtla_inflight_take_at (log, 6));     /* not yet sent */
  g_assert_true (srtla_inflight_take_at (log, 3));
  g_assert_false (srtla_inflight_take_at (log, 3));     /* once */
  g_assert_cmpuint (srtla_inflight_count (log), ==, 3);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 300);
  g_assert_true (srtla_inflight_take_at (log, 2));
  g_assert_cmpuint (srtla_inflight_oldest (log)->sequence, ==, 14);
  srtla_inflight_free (log);
}

static void
test_large_packet_saturates (void)
{
  SrtlaInflight *log = srtla_inflight_new (4);

  srtla_inflight_insert (log, 0, 1, 100000, 1);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, G_MAXUINT16);
  g_assert_true (srtla_inflight_take (log, 0, 1, NULL));
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 0);
  srtla_inflight_free (log);
  srtla_inflight_free (NULL);
}

/* What drops out of a full log has left the uplink as well: with what else was
 * sent so early, and not before. */
static void
test_overrun (void)
{
  SrtlaInflight *log = srtla_inflight_new (4);
  guint64 place;
  guint32 i;

  for (i = 0; i < 7; i++)       /* three too many */
    srtla_inflight_insert (log, 0, i, 100, 10 * i);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 4);
  g_assert_cmpuint (srtla_inflight_pass (log, 19, &place), ==, 0);
  g_assert_cmpuint (srtla_inflight_pass (log, 40, &place), ==, 500);
  g_assert_cmpuint (place, ==, 5);
  g_assert_cmpuint (srtla_inflight_pass (log, 99, &place), ==, 200);

  /* What had left before it dropped out, or was lost, leaves no more. */
  srtla_inflight_insert (log, 0, 7, 100, 100);
  srtla_inflight_insert (log, 0, 8, 100, 110);
  g_assert_true (srtla_inflight_lose (log, 0, 7, &place));
  g_assert_cmpuint (place, ==, 7);
  for (i = 9; i < 13; i++)
    srtla_inflight_insert (log, 0, i, 100, 120);
  g_assert_cmpuint (srtla_inflight_pass (log, 115, &place), ==, 100);
  g_assert_cmpuint (srtla_inflight_pass (log, 120, &place), ==, 400);
  srtla_inflight_free (log);
}

/* What was overtaken is no longer counted, once, and stays held. */
static void
test_overtake (void)
{
  SrtlaInflight *log = srtla_inflight_new (8);
  SrtlaInflightEntry taken;
  guint64 place;
  guint32 i;

  for (i = 0; i < 8; i++)
    srtla_inflight_insert (log, 0, i, 100, 10 * i);
  g_assert_true (srtla_inflight_take (log, 0, 0, NULL));
  g_assert_true (srtla_inflight_take (log, 0, 3, NULL));
  g_assert_true (srtla_inflight_lose (log, 0, 2, &place));
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 500);
  srtla_inflight_overtake (log, 3, 1000);       /* that place is not meant */
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 400);
  srtla_inflight_overtake (log, 8, 49);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 300);
  srtla_inflight_overtake (log, 8, 49);
  srtla_inflight_overtake (log, 2, 49);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 300);
  g_assert_true (srtla_inflight_take (log, 0, 4, &taken));
  g_assert_true (taken.passed);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 300);
  g_assert_true (srtla_inflight_find (log, 0, 1, &place)->passed);
  srtla_inflight_overtake (log, G_MAXUINT64, 1000);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 0);
  srtla_inflight_insert (log, 0, 8, 100, 80);
  g_assert_cmpuint (srtla_inflight_count (log), ==, 1);
  g_assert_true (srtla_inflight_take (log, 0, 8, NULL));
  for (i = 9; i < 20; i++) {    /* none of them was overtaken */
    srtla_inflight_insert (log, 0, i, 100, 10 * i);
    g_assert_true (srtla_inflight_take (log, 0, i, NULL));
  }
  for (; i < 28; i++)           /* and these are where they were */
    srtla_inflight_insert (log, 0, i, 100, 10 * i);
  srtla_inflight_overtake (log, 22, 1000);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, 600);
  srtla_inflight_free (log);
}

/* A reported entry that nobody gets to see when it goes is counted; one that is
 * handed over is not. */
static void
test_unheard (void)
{
  SrtlaInflight *log = srtla_inflight_new (4);
  SrtlaInflightEntry entry;
  guint64 place;
  guint32 i;

  for (i = 0; i < 12; i++) {
    srtla_inflight_insert (log, 0, i, 100, i);
    srtla_inflight_find (log, 0, i, &place)->reported = TRUE;
  }
  g_assert_cmpuint (srtla_inflight_unheard (log), ==, 8);
  g_assert_true (srtla_inflight_take (log, 0, 8, &entry));
  g_assert_true (entry.reported);
  g_assert_cmpuint (srtla_inflight_unheard (log), ==, 8);
  g_assert_true (srtla_inflight_take_at (log, 9));
  g_assert_cmpuint (srtla_inflight_unheard (log), ==, 9);
  g_assert_cmpuint (srtla_inflight_forget (log, 0, 10), ==, 1);
  g_assert_cmpuint (srtla_inflight_unheard (log), ==, 10);
  g_assert_cmpuint (srtla_inflight_forget_caller (log, 0), ==, 1);
  g_assert_cmpuint (srtla_inflight_unheard (log), ==, 11);
  srtla_inflight_clear (log);
  g_assert_cmpuint (srtla_inflight_unheard (log), ==, 11);
  srtla_inflight_free (log);
}

static void
test_allocates_nothing (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaInflight *log = srtla_inflight_new (4096);
  guint64 before = counted_allocations;
  guint32 next = SRTLA_SEQ_MASK - 1000;
  guint i;

  g_assert_cmpuint (before, >, 0);
  for (i = 0; i < 1000000; i++) {
    guint32 recent = srtla_seq_add (next,
        (guint32) g_rand_int_range (rand, -5000, 0));

    switch (i % 4) {
      case 0:
      case 1:
        srtla_inflight_insert (log, i % 3, next, 1316, i);
        next = srtla_seq_next (next);
        break;
      case 2:
        srtla_inflight_take_any (log, recent, NULL);
        break;
      default:
        srtla_inflight_forget (log, i % 3, recent);
        srtla_inflight_oldest (log);
        if (i % 100000 == 3)
          srtla_inflight_clear (log);
    }
  }
  g_assert_cmpuint (counted_allocations, ==, before);
  srtla_inflight_free (log);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inflight/steps", test_steps);
  g_test_add_func ("/inflight/newest-copy-first", test_newest_copy_first);
  g_test_add_func ("/inflight/limits", test_limits);
  g_test_add_func ("/inflight/reach-changes", test_reach_changes);
  g_test_add_func ("/inflight/settle", test_settle);
  g_test_add_func ("/inflight/pop-before", test_pop_before);
  g_test_add_func ("/inflight/take-at", test_take_at);
  g_test_add_func ("/inflight/large-packet-saturates",
      test_large_packet_saturates);
  g_test_add_func ("/inflight/overrun", test_overrun);
  g_test_add_func ("/inflight/overtake", test_overtake);
  g_test_add_func ("/inflight/unheard", test_unheard);
  g_test_add_func ("/inflight/allocates-nothing", test_allocates_nothing);
  return g_test_run ();
}
