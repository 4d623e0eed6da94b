/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets that a tracker keeps: each reference it is given comes back exactly
 * once, whichever way, against a model that is a plain table.
 */
#include "srtla-tracker.h"
#include "testing.h"

#define SIZE SRTLA_TRACKER_SIZE

/* What keeps a packet alive. */
typedef struct
{
  guint32 sequence;
  gsize size;
  SrtlaTime first_sent_at;
  gboolean kept;                /* the tracker has it */
} Owner;

typedef struct
{
  SrtlaTracker *tracker;
  GHashTable *kept;             /* sequence → Owner, as the tracker should */
  GPtrArray *owners;            /* all ever made */
  SrtlaTime now;
  guint32 next;
} Kept;

static const guint8 bytes[1500];

static void
kept_init (Kept *kept, guint32 first)
{
  kept->tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  kept->kept = g_hash_table_new (NULL, NULL);
  kept->owners = g_ptr_array_new_with_free_func (g_free);
  kept->now = 1000;
  kept->next = first;
}

/* A reference comes back: it must be one that is out. */
static void
give_back (Kept *kept, gpointer pointer, gsize size)
{
  Owner *owner = pointer;

  g_assert_nonnull (owner);
  g_assert_true (owner->kept);
  g_assert_cmpuint (size, ==, owner->size);
  g_assert_true (g_hash_table_lookup (kept->kept,
          GUINT_TO_POINTER (owner->sequence)) == owner);
  owner->kept = FALSE;
  g_hash_table_remove (kept->kept, GUINT_TO_POINTER (owner->sequence));
}

static void
take_all (Kept *kept)
{
  gpointer owner;
  gsize size;

  while (srtla_tracker_take_kept (kept->tracker, &size, &owner))
    give_back (kept, owner, size);
  g_assert_cmpuint (g_hash_table_size (kept->kept), ==, 0);
}

static void
kept_clear (Kept *kept)
{
  guint i;

  take_all (kept);
  for (i = 0; i < kept->owners->len; i++)
    g_assert_false (((Owner *) g_ptr_array_index (kept->owners, i))->kept);
  srtla_tracker_free (kept->tracker);
  g_hash_table_unref (kept->kept);
  g_ptr_array_unref (kept->owners);
}

/* Sends a number and keeps its packet, or does not. */
static void
send (Kept *kept, guint32 sequence, gsize size, gboolean keep)
{
  SrtlaTrackerEntry displaced = { 0 };
  const SrtlaTrackerEntry *entry;
  Owner *owner, *earlier;

  if (srtla_tracker_insert (kept->tracker, sequence, 3, size, kept->now,
          &displaced) && displaced.owner != NULL)
    give_back (kept, displaced.owner, displaced.size);
  if (!keep)
    return;
  entry = srtla_tracker_find (kept->tracker, sequence, kept->now);
  g_assert_nonnull (entry);
  owner = g_new0 (Owner, 1);
  g_ptr_array_add (kept->owners, owner);
  owner->sequence = sequence;
  owner->size = size;
  owner->first_sent_at = entry->first_sent_at;
  earlier = srtla_tracker_keep (kept->tracker, sequence, bytes, owner);
  if (earlier == owner)         /* too late to be kept */
    return;
  if (earlier != NULL)
    give_back (kept, earlier, size);
  owner->kept = TRUE;
  g_hash_table_insert (kept->kept, GUINT_TO_POINTER (sequence), owner);
}

static void
acknowledge (Kept *kept, guint32 sequence)
{
  SrtlaTrackerEntry *entry;

  if (!srtla_tracker_acknowledge (kept->tracker, sequence))
    return;
  while ((entry = srtla_tracker_next_acknowledged (kept->tracker)) != NULL) {
    const SrtlaTrackerEntry *now = srtla_tracker_find (kept->tracker,
        entry->sequence, kept->now);

    if (entry->owner != NULL)
      give_back (kept, entry->owner, entry->size);
    g_assert_true (now == NULL || now->owner == NULL);
  }
}

/* Returns: the kept packet of the lowest number, of numbers before `next`. */
static Owner *
lowest (Kept *kept)
{
  GHashTableIter iter;
  gpointer value;
  Owner *found = NULL;

  g_hash_table_iter_init (&iter, kept->kept);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Owner *owner = value;

    if (found == NULL || srtla_seq_before (owner->sequence, found->sequence))
      found = owner;
  }
  return found;
}

static void
check_drop (Kept *kept, SrtlaTime until)
{
  Owner *expected = lowest (kept);
  gpointer owner = NULL;
  gsize size = 0;
  gboolean dropped;

  if (expected != NULL && expected->first_sent_at > until)
    expected = NULL;
  dropped = srtla_tracker_drop_oldest (kept->tracker, until, &size, &owner);
  g_assert_cmpint (dropped, ==, expected != NULL);
  if (!dropped)
    return;
  g_assert_true (owner == expected);
  give_back (kept, owner, size);
}

/* A stream as it should be: only what is kept is sent again; across the wrap. */
static void
test_in_order (void)
{
  GRand *rand = testing_rand_new ();
  guint run, i;

  for (run = 0; run < 12; run++) {
    Kept kept;
    guint32 acknowledged;

    kept_init (&kept, SRTLA_SEQ_MASK - (guint32) g_rand_int_range (rand, 0,
            3000));
    acknowledged = kept.next;
    for (i = 0; i < 5000; i++) {
      guint permille = g_rand_int_range (rand, 0, 1000);
      guint32 outstanding = srtla_seq_steps (acknowledged, kept.next);

      kept.now += (SrtlaTime) g_rand_int_range (rand, 0, 3);
      if (permille < 700) {
        send (&kept, kept.next, 16 + kept.next % 1400,
            testing_chance (rand, 90));
        kept.next = srtla_seq_next (kept.next);
      } else if (permille < 800) {
        guint32 again = srtla_seq_add (acknowledged,
            g_rand_int (rand) % MAX (outstanding, 1));

        if (g_hash_table_contains (kept.kept, GUINT_TO_POINTER (again)))
          send (&kept, again, 16 + again % 1400, testing_chance (rand, 80));
      } else if (permille < 830) {
        acknowledged = srtla_seq_add (acknowledged,
            g_rand_int (rand) % (outstanding + 1));
        acknowledge (&kept, acknowledged);
      } else if (permille < 998) {
        check_drop (&kept, kept.now - (SrtlaTime) g_rand_int_range (rand, 0,
                700));
      } else if (testing_chance (rand, 20)) {
        take_all (&kept);
      }
      g_assert_cmpuint (g_hash_table_size (kept.kept), <=, SIZE);
    }
    while (lowest (&kept) != NULL)
      check_drop (&kept, SRTLA_TIME_NONE);
    check_drop (&kept, SRTLA_TIME_NONE);
    kept_clear (&kept);
  }
  g_rand_free (rand);
}

/* Whatever numbers come, at whatever sizes, each reference comes back once. */
static void
test_wild (void)
{
  GRand *rand = testing_rand_new ();
  guint run, i;

  for (run = 0; run < 12; run++) {
    Kept kept;

    kept_init (&kept, g_rand_int (rand) & SRTLA_SEQ_MASK);
    for (i = 0; i < 5000; i++) {
      guint permille = g_rand_int_range (rand, 0, 1000);
      gint32 step = permille % 2 != 0 ? 1 : testing_chance (rand, 90)
          ? g_rand_int_range (rand, -600, 300)
          : g_rand_int_range (rand, -5, 5) * SIZE
          + g_rand_int_range (rand, -5, 5);
      gpointer owner;
      gsize size;

      kept.now += (SrtlaTime) g_rand_int_range (rand, 0, 3);
      if (permille < 800) {
        kept.next = testing_chance (rand, 1) && testing_chance (rand, 10)
            ? g_rand_int (rand) & SRTLA_SEQ_MASK
            : srtla_seq_add (kept.next, (guint32) step);
        send (&kept, kept.next, testing_chance (rand, 95)
            ? 16 + kept.next % 1400 : 16 + g_rand_int (rand) % 1400,
            testing_chance (rand, 80));
      } else if (permille < 840) {
        acknowledge (&kept, srtla_seq_add (kept.next, (guint32)
                g_rand_int_range (rand, -400, 10)));
      } else if (permille < 990) {
        SrtlaTime until = kept.now - (SrtlaTime) g_rand_int_range (rand, 0,
            900);

        if (srtla_tracker_drop_oldest (kept.tracker, until, &size, &owner)) {
          g_assert_cmpuint (((Owner *) owner)->first_sent_at, <=, until);
          give_back (&kept, owner, size);
        }
      } else if (permille < 993) {
        srtla_tracker_clear (kept.tracker);
        take_all (&kept);
      }
    }
    kept_clear (&kept);
  }
  g_rand_free (rand);
}

/* Nothing is dropped before its time, whatever came after it. */
static void
test_time (void)
{
  gpointer owner;
  gsize size;
  Kept kept;
  guint i;

  kept_init (&kept, 100);
  g_assert_false (srtla_tracker_drop_oldest (kept.tracker, SRTLA_TIME_NONE,
          &size, &owner));
  for (i = 0; i < 100; i++) {
    kept.now = 1000 + i;
    send (&kept, 100 + i, 500, TRUE);
  }
  /* A retransmission is as old as its original. */
  kept.now = 5000;
  send (&kept, 110, 500, TRUE);
  for (i = 0; i < 100; i++) {
    g_assert_false (srtla_tracker_drop_oldest (kept.tracker, 999 + i, &size,
            &owner));
    g_assert_true (srtla_tracker_drop_oldest (kept.tracker, 1000 + i, &size,
            &owner));
    g_assert_cmpuint (((Owner *) owner)->sequence, ==, 100 + i);
    give_back (&kept, owner, size);
  }
  kept_clear (&kept);
}

/* What goes again when its time is over is not kept: nobody would drop it. An
 * original that later ones overtook is. */
static void
test_late (void)
{
  gpointer owner;
  gsize size;
  Kept kept;
  guint i;

  kept_init (&kept, 100);
  for (i = 0; i < 10; i++)
    send (&kept, 100 + i + (i >= 4), 500, TRUE);
  while (srtla_tracker_drop_oldest (kept.tracker, kept.now, &size, &owner))
    give_back (&kept, owner, size);
  send (&kept, 102, 500, TRUE);
  g_assert_cmpuint (g_hash_table_size (kept.kept), ==, 0);
  send (&kept, 104, 500, TRUE);
  g_assert_cmpuint (g_hash_table_size (kept.kept), ==, 1);
  g_assert_true (srtla_tracker_drop_oldest (kept.tracker, kept.now, &size,
          &owner));
  give_back (&kept, owner, size);
  kept_clear (&kept);
}

/* A number that is not there keeps nothing. */
static void
test_unknown (void)
{
  Owner owner = { 0 };
  Kept kept;

  kept_init (&kept, 1);
  g_assert_true (srtla_tracker_keep (kept.tracker, 77, bytes, &owner)
      == &owner);
  send (&kept, 77 + SIZE, 100, FALSE);
  g_assert_true (srtla_tracker_keep (kept.tracker, 77, bytes, &owner)
      == &owner);
  kept_clear (&kept);
}

/* A packet of another size under the same number is another packet. */
static void
test_other_size (void)
{
  SrtlaTrackerEntry displaced;
  const SrtlaTrackerEntry *entry;
  Kept kept;

  kept_init (&kept, 1);
  send (&kept, 9, 100, TRUE);
  g_assert_true (srtla_tracker_insert (kept.tracker, 9, 5, 1400, kept.now,
          &displaced));
  g_assert_cmpuint (displaced.size, ==, 100);
  give_back (&kept, displaced.owner, displaced.size);
  entry = srtla_tracker_find (kept.tracker, 9, kept.now);
  g_assert_nonnull (entry);
  g_assert_null (entry->owner);
  g_assert_cmpuint (entry->size, ==, 1400);
  g_assert_cmpuint (entry->copies, ==, 1);
  kept_clear (&kept);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tracker-kept/in-order", test_in_order);
  g_test_add_func ("/tracker-kept/wild", test_wild);
  g_test_add_func ("/tracker-kept/time", test_time);
  g_test_add_func ("/tracker-kept/late", test_late);
  g_test_add_func ("/tracker-kept/unknown", test_unknown);
  g_test_add_func ("/tracker-kept/other-size", test_other_size);
  return g_test_run ();
}
