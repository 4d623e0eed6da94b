/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tracker against a model that looks through all it was ever told, under
 * random operations: streams as they should be, and wild ones.
 */
#include "srtla-tracker.h"
#include "testing.h"

#define SIZE SRTLA_TRACKER_SIZE
/* Comfortably more late numbers than are listed. */
#define MANY_LATE 600

/* Every number that no other took the slot of, in a heap to look through. */
typedef struct
{
  GArray *entries;              /* SrtlaTrackerEntry */
  gboolean started;
  guint32 highest;
  guint32 point;                /* the last acknowledgement, SIZE at most back */
  guint32 floor;                /* the lowest late number since it was point */
} Model;

static void
assert_same (const SrtlaTrackerEntry *entry, const SrtlaTrackerEntry *expected)
{
  g_assert_cmpuint (entry->sequence, ==, expected->sequence);
  g_assert_cmpuint (entry->size, ==, expected->size);
  g_assert_cmpuint (entry->uplink, ==, expected->uplink);
  g_assert_cmpuint (entry->copies, ==, expected->copies);
  g_assert_cmpuint (entry->sent_at, ==, expected->sent_at);
  g_assert_cmpuint (entry->holders, ==, expected->holders);
}

static SrtlaTrackerEntry *
model_at (Model *model, guint i)
{
  return &g_array_index (model->entries, SrtlaTrackerEntry, i);
}

static SrtlaTrackerEntry *
model_find (Model *model, guint32 sequence)
{
  guint i;

  for (i = 0; i < model->entries->len; i++)
    if (model_at (model, i)->sequence == sequence)
      return model_at (model, i);
  return NULL;
}

static void
model_place (Model *model, guint32 sequence)
{
  gint32 distance = srtla_seq_distance (model->highest, sequence);

  if (!model->started || distance < -SRTLA_TRACKER_RESTART) {
    model->started = TRUE;
    model->highest = model->point = model->floor = sequence;
  } else if (distance > 0) {
    model->highest = sequence;
    if (srtla_seq_steps (model->point, sequence) >= SIZE)
      model->point = model->floor = srtla_seq_add (sequence, 1u - SIZE);
  } else if (srtla_seq_before (sequence, model->floor)) {
    model->floor = sequence;
  }
}

/* Returns: whether *displaced became what had to go. */
static gboolean
model_insert (Model *model, const SrtlaTrackerEntry *new_entry,
    SrtlaTrackerEntry *displaced)
{
  SrtlaTrackerEntry *entry = model_find (model, new_entry->sequence);
  guint i;

  model_place (model, new_entry->sequence);
  if (entry != NULL) {
    guint64 holders = entry->holders;
    guint8 copies = entry->copies;

    *entry = *new_entry;
    entry->holders |= holders;
    entry->copies = copies < 255 ? copies + 1 : 255;
    return FALSE;
  }
  memset (displaced, 0, sizeof *displaced);
  for (i = 0; i < model->entries->len; i++) {
    if (model_at (model, i)->sequence % SIZE != new_entry->sequence % SIZE)
      continue;
    *displaced = *model_at (model, i);
    g_array_remove_index_fast (model->entries, i);
    break;
  }
  g_array_append_val (model->entries, *new_entry);
  return displaced->holders != 0;
}

static gboolean
model_may_acknowledge (const Model *model, guint32 sequence)
{
  return model->started && srtla_seq_steps (sequence,
      srtla_seq_next (model->highest)) <= SRTLA_TRACKER_RESTART;
}

/* Whether a number is one of those that an acknowledgement leaves open: from
 * its own number to the highest. */
static gboolean
model_is_open (const Model *model, guint32 sequence, guint32 acknowledged)
{
  return srtla_seq_steps (acknowledged, sequence) <
      srtla_seq_steps (acknowledged, srtla_seq_next (model->highest));
}

static void
check_acknowledge (Model *model, SrtlaTracker *tracker, guint32 sequence)
{
  gboolean expected = model_may_acknowledge (model, sequence);
  gboolean late_left = FALSE;
  SrtlaTrackerEntry *settled;
  guint i;

  g_assert_cmpint (srtla_tracker_acknowledge (tracker, sequence), ==, expected);
  while ((settled = srtla_tracker_next_acknowledged (tracker)) != NULL) {
    SrtlaTrackerEntry *entry = model_find (model, settled->sequence);

    g_assert_nonnull (entry);
    assert_same (settled, entry);
    g_assert_cmpuint (entry->holders, !=, 0);
    g_assert_false (model_is_open (model, entry->sequence, sequence));
    entry->holders = 0;
  }
  if (!expected)
    return;
  if (srtla_seq_before (model->point, sequence))
    model->point = sequence;
  for (i = 0; i < model->entries->len; i++) {
    SrtlaTrackerEntry *entry = model_at (model, i);

    if (entry->holders == 0)
      continue;
    g_assert_true (model_is_open (model, entry->sequence, sequence));
    if (srtla_seq_before (entry->sequence, model->point))
      late_left = TRUE;
  }
  if (!late_left)
    model->floor = model->point;
}

static void
check_insert (Model *model, SrtlaTracker *tracker, guint32 sequence,
    guint uplink, SrtlaTime now)
{
  SrtlaTrackerEntry entry = { 0 }, displaced = { 0 }, expected;
  gboolean is_displaced;

  entry.sequence = sequence;
  entry.size = 16 + sequence % 1400;
  entry.uplink = (guint8) uplink;
  entry.copies = 1;
  entry.sent_at = now;
  entry.holders = G_GUINT64_CONSTANT (1) << uplink;
  is_displaced = srtla_tracker_insert (tracker, sequence, uplink, entry.size,
      now, &displaced);
  g_assert_cmpint (is_displaced, ==, model_insert (model, &entry, &expected));
  if (is_displaced)
    assert_same (&displaced, &expected);
}

static void
check_find (Model *model, SrtlaTracker *tracker, guint32 sequence,
    SrtlaTime max_age, SrtlaTime now)
{
  SrtlaTrackerEntry *entry = model_find (model, sequence);
  SrtlaTrackerEntry *found = srtla_tracker_find (tracker, sequence, now);

  if (entry != NULL && now - entry->sent_at > max_age)
    entry = NULL;
  g_assert_true ((entry == NULL) == (found == NULL));
  if (found != NULL)
    assert_same (found, entry);
}

/* By looking at every number of the span. */
static void
check_clip (Model *model, SrtlaTracker *tracker, guint32 first, guint32 last)
{
  guint32 length = srtla_seq_steps (first, last), from = first, to = last;
  guint32 lowest = model->highest, cut_first = 0, cut_last = 0, n;
  gboolean left = FALSE;
  guint i;

  if (model->started && !srtla_seq_before (last, first)) {
    lowest = model->floor;
    if (srtla_seq_steps (lowest, srtla_seq_next (model->highest)) > SIZE)
      lowest = srtla_seq_add (model->highest, 1u - SIZE);
    n = srtla_seq_steps (lowest, srtla_seq_next (model->highest));
    for (i = 0; i < n; i++) {
      guint32 sequence = srtla_seq_add (lowest, i);

      if (srtla_seq_steps (first, sequence) > length)
        continue;
      if (!left)
        cut_first = sequence;
      cut_last = sequence;
      left = TRUE;
    }
  }
  g_assert_cmpint (srtla_tracker_clip (tracker, &from, &to), ==, left);
  if (left) {
    g_assert_cmpuint (from, ==, cut_first);
    g_assert_cmpuint (to, ==, cut_last);
  }
}

/* A number as the local pipeline might hand it in, wild ones now and then. */
static guint32
draw_sent (GRand *rand, const Model *model, guint32 base)
{
  guint32 highest = model->started ? model->highest : base;
  guint permille = g_rand_int_range (rand, 0, 1000);
  gint32 step = 1;

  if (permille < 700)
    step = 1;
  else if (permille < 900)
    step = g_rand_int_range (rand, -600, 1);
  else if (permille < 970)
    step = g_rand_int_range (rand, 2, 300);
  else if (permille < 980)
    step = g_rand_int_range (rand, -3, 4) * SIZE + g_rand_int_range (rand, -9,
        9);
  else if (permille < 990)
    step = g_rand_int_range (rand, -SRTLA_TRACKER_RESTART - 5, SIZE + 5);
  else if (permille < 992)
    return g_rand_int (rand) & SRTLA_SEQ_MASK;
  return srtla_seq_add (highest, (guint32) step);
}

/* A number as the network might acknowledge it: anything. */
static guint32
draw_acknowledged (GRand *rand, const Model *model)
{
  guint percent = g_rand_int_range (rand, 0, 100);

  if (percent < 30)
    return srtla_seq_next (model->highest);
  if (percent < 50)
    return model->point;
  if (percent < 80)
    return srtla_seq_add (model->highest,
        (guint32) g_rand_int_range (rand, -700, 4));
  if (percent < 90)
    return srtla_seq_add (model->highest, (guint32)
        g_rand_int_range (rand, -SRTLA_TRACKER_RESTART - 3, 3));
  return g_rand_int (rand) & SRTLA_SEQ_MASK;
}

static void
check_span (GRand *rand, Model *model, SrtlaTracker *tracker)
{
  guint32 first, last;

  first = srtla_seq_add (model->highest,
      (guint32) g_rand_int_range (rand, -SIZE - 100, 100));
  if (testing_chance (rand, 20))
    first = g_rand_int (rand) & SRTLA_SEQ_MASK;
  last = srtla_seq_add (first, (guint32) g_rand_int_range (rand, -5, 500));
  if (testing_chance (rand, 20))
    last = g_rand_int (rand) & SRTLA_SEQ_MASK;
  check_clip (model, tracker, first, last);
}

static void
test_model (void)
{
  const SrtlaTime max_age = 700;
  GRand *rand = testing_rand_new ();
  SrtlaTracker *tracker = srtla_tracker_new (max_age);
  SrtlaTime now = 0;
  Model model = { 0 };
  guint run, i, n;

  model.entries = g_array_new (FALSE, FALSE, sizeof (SrtlaTrackerEntry));
  for (run = 0; run < 60; run++) {
    guint32 base = testing_chance (rand, 60) ?
        SRTLA_SEQ_MASK - (guint32) g_rand_int_range (rand, 0, 1000)
        : g_rand_int (rand) & SRTLA_SEQ_MASK;
    gboolean wild = run % 2;    /* else: a stream as it should be */

    srtla_tracker_clear (tracker);
    g_array_set_size (model.entries, 0);
    model.started = FALSE;
    for (i = 0; i < 1500; i++) {
      guint permille = g_rand_int_range (rand, 0, 1000);
      guint uplink = g_rand_int_range (rand, 0, 64);

      now += g_rand_int_range (rand, 0, 3);
      if (permille < 700) {
        check_insert (&model, tracker, !wild && model.started
            && testing_chance (rand, 90) ? srtla_seq_next (model.highest)
            : draw_sent (rand, &model, base), uplink, now);
      } else if (permille < 702) {
        for (n = MANY_LATE; n > 0; n--)
          check_insert (&model, tracker, srtla_seq_add (model.point, 0u - n),
              uplink, now);
      } else if (permille < 800) {
        check_acknowledge (&model, tracker, draw_acknowledged (rand, &model));
      } else if (permille < 900) {
        check_span (rand, &model, tracker);
      } else {
        check_find (&model, tracker, srtla_seq_add (model.highest,
                (guint32) g_rand_int_range (rand, -600, 5)), max_age, now);
      }
    }
  }
  g_array_unref (model.entries);
  srtla_tracker_free (tracker);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tracker/model", test_model);
  return g_test_run ();
}
