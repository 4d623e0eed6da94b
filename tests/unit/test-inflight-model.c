/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log against one that keeps everything and looks at all of it. */
#include "srtla-inflight.h"
#include "testing.h"

/* All insertions since the last clear, in order; scanned from the newest. */
typedef struct
{
  GArray *entries;              /* SrtlaInflightEntry; its index is its place */
  guint reach, capacity;
  guint passed;                 /* all before this index has left */
  guint64 overrun;              /* bytes dropped out before they had */
  SrtlaTime overrun_at;         /* when the latest of them was sent */
  guint64 unheard;              /* gone while marked as reported */
} Model;

static SrtlaInflightEntry *
model_at (Model *model, guint i)
{
  return &g_array_index (model->entries, SrtlaInflightEntry, i);
}

static guint
model_first (const Model *model)
{
  return model->entries->len > model->reach ?
      model->entries->len - model->reach : 0;
}

static SrtlaInflightEntry *
model_newest (Model *model, gint caller, guint32 sequence)
{
  guint i, first = model_first (model);

  for (i = model->entries->len; i > first; i--) {
    SrtlaInflightEntry *entry = model_at (model, i - 1);

    if (entry->held && entry->sequence == sequence
        && (caller < 0 || entry->caller == caller))
      return entry;
  }
  return NULL;
}

static SrtlaInflightEntry *
model_oldest_copy (Model *model, guint32 sequence, guint from, guint *copies)
{
  SrtlaInflightEntry *oldest = NULL, *oldest_from = NULL;
  guint i;

  *copies = 0;
  for (i = model_first (model); i < model->entries->len; i++) {
    SrtlaInflightEntry *entry = model_at (model, i);

    if (!entry->held || entry->sequence != sequence)
      continue;
    oldest = oldest != NULL ? oldest : entry;
    if (oldest_from == NULL && i >= from)
      oldest_from = entry;
    ++*copies;
  }
  return oldest_from != NULL ? oldest_from : oldest;
}

/* Nobody looks at it. */
static gboolean
model_discard (Model *model, SrtlaInflightEntry *entry)
{
  gboolean held = entry->held;

  model->unheard += held && entry->reported;
  entry->held = FALSE;
  return held;
}

static gboolean
model_insert (Model *model, const SrtlaInflightEntry *entry)
{
  guint first = model_first (model);
  gboolean dropped = FALSE;

  if (model->entries->len >= model->reach) {
    SrtlaInflightEntry *old = model_at (model, first);

    if (old->held && first >= model->passed
        && model->reach == model->capacity) {
      model->overrun += old->lost ? 0 : old->size;
      model->overrun_at = old->sent_at;
      model->passed = first + 1;
    }
    dropped = model_discard (model, old);
  }
  g_array_append_val (model->entries, *entry);
  return dropped;
}

static void
model_set_reach (Model *model, guint reach)
{
  guint i;

  model->reach = reach;
  for (i = 0; i < model_first (model); i++)
    model_discard (model, model_at (model, i));
}

static void
assert_same_entry (const SrtlaInflightEntry *entry,
    const SrtlaInflightEntry *expected)
{
  g_assert_cmpuint (entry->sequence, ==, expected->sequence);
  g_assert_cmpuint (entry->size, ==, expected->size);
  g_assert_cmpuint (entry->caller, ==, expected->caller);
  g_assert_cmpuint (entry->settled, ==, expected->settled);
  g_assert_cmpuint (entry->lost, ==, expected->lost);
  g_assert_cmpuint (entry->passed, ==, expected->passed);
  g_assert_cmpuint (entry->reported, ==, expected->reported);
  g_assert_cmpuint (entry->sent_at, ==, expected->sent_at);
}

static void
assert_same (Model *model, SrtlaInflight *log)
{
  const SrtlaInflightEntry *oldest = NULL, *found;
  guint i, count = 0;
  guint64 bytes = 0;

  for (i = model_first (model); i < model->entries->len; i++) {
    const SrtlaInflightEntry *entry = model_at (model, i);

    if (!entry->held)
      continue;
    if (oldest == NULL)
      oldest = entry;
    if (entry->settled || entry->lost || entry->passed)
      continue;
    count++;
    bytes += entry->size;
  }
  g_assert_cmpuint (srtla_inflight_next_place (log), ==, model->entries->len);
  g_assert_cmpuint (srtla_inflight_count (log), ==, count);
  g_assert_cmpuint (srtla_inflight_bytes (log), ==, bytes);
  g_assert_cmpuint (srtla_inflight_unheard (log), ==, model->unheard);
  found = srtla_inflight_oldest (log);
  g_assert_true ((found == NULL) == (oldest == NULL));
  if (oldest != NULL)
    assert_same_entry (found, oldest);
}

static guint
model_forget (Model *model, guint caller, guint32 sequence)
{
  SrtlaInflightEntry *entry;
  guint forgotten = 0;

  while ((entry = model_newest (model, (gint) caller, sequence)) != NULL) {
    model_discard (model, entry);
    forgotten++;
  }
  return forgotten;
}

static guint
model_forget_caller (Model *model, guint caller)
{
  guint i, forgotten = 0;

  for (i = 0; i < model->entries->len; i++) {
    SrtlaInflightEntry *entry = model_at (model, i);

    if (entry->caller == caller)
      forgotten += model_discard (model, entry);
  }
  return forgotten;
}

/* In each of the ways to take a number. */
static void
check_take (GRand *rand, Model *model, SrtlaInflight *log, guint caller,
    guint32 sequence)
{
  guint way = g_rand_int_range (rand, 0, 4);
  SrtlaInflightEntry *expected, taken;
  guint64 place = G_MAXUINT64;
  gboolean found = FALSE, sole = TRUE;
  guint from = model->entries->len, copies = 0;

  from -= MIN (from, (guint) g_rand_int_range (rand, 0,
          (gint32) model->capacity + 5));

  expected = way == 3 ? model_oldest_copy (model, sequence, from, &copies)
      : model_newest (model, way < 2 ? (gint) caller : -1, sequence);
  if (way == 0 && from % 2)
    found = srtla_inflight_take (log, caller, sequence, NULL);
  else if (way == 0)
    found = srtla_inflight_take (log, caller, sequence, &taken);
  else if (way == 1)
    found = srtla_inflight_take_caller_place (log, caller, sequence, &taken,
        &place);
  else if (way == 2)
    found = srtla_inflight_take_any (log, sequence, &taken);
  else
    found = srtla_inflight_take_oldest (log, sequence, from, &taken, &place,
        &sole);
  g_assert_cmpint (found, ==, expected != NULL);
  if (expected == NULL)
    return;
  if (way == 0 && from % 2) {
    model_discard (model, expected);
    return;
  }
  assert_same_entry (&taken, expected);
  if (copies > 1)
    g_assert_false (sole);
  if (way % 2 == 1)
    g_assert_true (model_at (model, (guint) place) == expected);
  expected->held = FALSE;
}

static void
check_settle (Model *model, SrtlaInflight *log, guint caller,
    guint32 sequence)
{
  SrtlaInflightEntry *expected, settled;
  guint64 place;

  expected = model_newest (model, (gint) caller, sequence);
  if (expected != NULL && expected->settled)
    expected = NULL;
  g_assert_cmpint (srtla_inflight_settle (log, caller, sequence, &settled,
          &place), ==, expected != NULL);
  if (expected == NULL)
    return;
  expected->settled = TRUE;
  assert_same_entry (&settled, expected);
  expected->reported = FALSE;   /* only the copy still says so */
  g_assert_true (model_at (model, (guint) place) == expected);
}

/* Taken for lost: still held, and not counted. */
static void
check_lose (Model *model, SrtlaInflight *log, guint caller, guint32 sequence)
{
  SrtlaInflightEntry *expected = model_newest (model, (gint) caller, sequence);
  guint64 place;

  if (expected != NULL && (expected->settled || expected->lost))
    expected = NULL;
  g_assert_cmpint (srtla_inflight_lose (log, caller, sequence, &place), ==,
      expected != NULL);
  if (expected == NULL)
    return;
  expected->lost = TRUE;
  g_assert_true (model_at (model, (guint) place) == expected);
}

/* Left the uplink: likewise, up to a moment. */
static void
check_pass (Model *model, SrtlaInflight *log, SrtlaTime until)
{
  guint64 bytes = 0, place;
  guint i = model->passed;

  if (model->overrun_at <= until) {
    bytes = model->overrun;
    model->overrun = 0;
  }

  if (model->entries->len > model->capacity)
    i = MAX (i, model->entries->len - model->capacity);
  for (; i < model->entries->len; i++) {
    SrtlaInflightEntry *entry = model_at (model, i);

    if (entry->sent_at > until)
      break;
    if (!entry->lost)
      bytes += entry->size;
    entry->passed = entry->held;
  }
  model->passed = i;
  g_assert_cmpuint (srtla_inflight_pass (log, until, &place), ==, bytes);
  g_assert_cmpuint (place, ==, i);
}

/* Looks, and marks what it found. */
static void
check_find (Model *model, SrtlaInflight *log, guint caller, guint32 sequence)
{
  SrtlaInflightEntry *expected, *found;
  guint64 place = G_MAXUINT64;

  expected = model_newest (model, (gint) caller, sequence);
  found = srtla_inflight_find (log, caller, sequence, &place);
  g_assert_cmpint (found != NULL, ==, expected != NULL);
  if (expected == NULL)
    return;
  assert_same_entry (found, expected);
  g_assert_true (model_at (model, (guint) place) == expected);
  g_assert_true (found == srtla_inflight_at (log, place));
  found->reported = expected->reported = !expected->reported;
}

static void
check_at (Model *model, SrtlaInflight *log, guint place)
{
  const SrtlaInflightEntry *entry = srtla_inflight_at (log, place);
  gboolean exists = place < model->entries->len
      && model->entries->len - place <= model->capacity;

  g_assert_cmpint (entry != NULL, ==, exists);
  if (exists) {
    g_assert_cmpint (entry->held, ==, model_at (model, place)->held);
    assert_same_entry (entry, model_at (model, place));
  }
}

static void
check_take_at (Model *model, SrtlaInflight *log, guint place)
{
  gboolean exists = place < model->entries->len
      && model->entries->len - place <= model->capacity;

  g_assert_cmpint (srtla_inflight_take_at (log, place), ==,
      exists && model_discard (model, model_at (model, place)));
}

static void
check_pop (Model *model, SrtlaInflight *log, guint before, SrtlaTime until)
{
  SrtlaInflightEntry *oldest = NULL, taken;
  guint i;

  for (i = 0; oldest == NULL && i < model->entries->len; i++)
    if (model_at (model, i)->held)
      oldest = model_at (model, i);
  if (oldest != NULL && (i - 1 >= before || oldest->sent_at > until))
    oldest = NULL;
  g_assert_cmpint (srtla_inflight_pop_before (log, before, until, &taken), ==,
      oldest != NULL);
  if (oldest == NULL)
    return;
  assert_same_entry (&taken, oldest);
  oldest->held = FALSE;
}

static void
check_insert (GRand *rand, Model *model, SrtlaInflight *log, guint caller,
    guint32 sequence, SrtlaTime now)
{
  SrtlaInflightEntry entry = { 0 };

  entry.sequence = sequence;
  entry.caller = (guint8) caller;
  entry.size = (guint16) g_rand_int_range (rand, 16, 1501);
  entry.held = TRUE;
  entry.sent_at = now;
  g_assert_cmpint (srtla_inflight_insert (log, caller, sequence, entry.size,
          now), ==, model_insert (model, &entry));
}

/* One random operation on a number or a place near the newest. */
static void
check_one (GRand *rand, Model *model, SrtlaInflight *log, guint32 recent,
    SrtlaTime now)
{
  guint permille = g_rand_int_range (rand, 0, 1000);
  guint caller = g_rand_int_range (rand, 0, 3);
  guint place = model->entries->len + 2;

  place -= MIN (place, (guint) g_rand_int_range (rand, 0,
          (gint32) model->capacity + 5));
  if (permille < 500) {
    check_take (rand, model, log, caller, recent);
  } else if (permille < 550) {
    check_find (model, log, caller, recent);
  } else if (permille < 590) {
    check_lose (model, log, caller, recent);
  } else if (permille < 600) {
    check_pass (model, log, now - g_rand_int_range (rand, 0, 20));
  } else if (permille < 700) {
    check_settle (model, log, caller, recent);
  } else if (permille < 800) {
    g_assert_cmpuint (srtla_inflight_forget (log, caller, recent), ==,
        model_forget (model, caller, recent));
  } else if (permille < 840) {
    check_take_at (model, log, place);
  } else if (permille < 880) {
    check_at (model, log, place);
  } else if (permille < 975) {
    check_pop (model, log, place, now - g_rand_int_range (rand, 0, 20));
  } else if (permille < 985) {
    guint reach = g_rand_int_range (rand, 1, (gint32) model->capacity + 1);

    srtla_inflight_set_reach (log, reach);
    model_set_reach (model, reach);
  } else if (permille < 992) {
    g_assert_cmpuint (srtla_inflight_forget_caller (log, caller), ==,
        model_forget_caller (model, caller));
  } else if (permille < 995) {
    srtla_inflight_clear (log);
    g_array_set_size (model->entries, 0);
    model->passed = 0;
    model->overrun = 0;
  }
}

/* Numbers come in runs across the wrap, with repeats; and, in every fourth
 * run, a power of two apart, which low bits alone would not tell apart. */
static void
test_model (void)
{
  GRand *rand = testing_rand_new ();
  guint run, i;

  for (run = 0; run < 40; run++) {
    guint capacity = 1u << g_rand_int_range (rand, 1, 9);
    guint stride = run % 4 == 3 ? 4096 : 1;
    guint32 base = testing_chance (rand, 50) ? SRTLA_SEQ_MASK - 300
        : g_rand_int (rand) & SRTLA_SEQ_MASK;
    guint32 next = base;
    SrtlaInflight *log = srtla_inflight_new (capacity);
    Model model = { 0 };

    model.entries = g_array_new (FALSE, FALSE, sizeof (SrtlaInflightEntry));
    model.reach = model.capacity = capacity;
    for (i = 0; i < 3000; i++) {
      SrtlaTime now = 1000 + run * 10000 + i;
      guint32 recent = srtla_seq_add (next,
          stride * (guint32) g_rand_int_range (rand, -(gint) capacity - 4, 4));

      if (testing_chance (rand, 50)) {
        check_insert (rand, &model, log, g_rand_int_range (rand, 0, 3),
            testing_chance (rand, 85) ? next : recent, now);
        next = srtla_seq_add (next, stride);
      } else {
        check_one (rand, &model, log, recent, now);
      }
      assert_same (&model, log);
    }
    g_array_unref (model.entries);
    srtla_inflight_free (log);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inflight-model/random", test_model);
  return g_test_run ();
}
