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

/* ---- Against a model --------------------------------------------------- */

/* All insertions since the last clear, in order; scanned from the newest. */
typedef struct
{
  GArray *entries;              /* SrtlaInflightEntry; its index is its place */
  guint reach, capacity;
  guint passed;                 /* all before this index has left */
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

static gboolean
model_insert (Model *model, const SrtlaInflightEntry *entry)
{
  gboolean dropped = FALSE;

  if (model->entries->len >= model->reach) {
    SrtlaInflightEntry *old = model_at (model, model_first (model));

    dropped = old->held;
    old->held = FALSE;
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
    model_at (model, i)->held = FALSE;
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
    entry->held = FALSE;
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

    forgotten += entry->held && entry->caller == caller;
    if (entry->caller == caller)
      entry->held = FALSE;
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
  if (way == 0)
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

  if (expected != NULL && (expected->settled || expected->lost))
    expected = NULL;
  g_assert_cmpint (srtla_inflight_lose (log, caller, sequence), ==,
      expected != NULL);
  if (expected != NULL)
    expected->lost = TRUE;
}

/* Left the uplink: likewise, up to a moment. */
static void
check_pass (Model *model, SrtlaInflight *log, SrtlaTime until)
{
  guint64 bytes = 0, place;
  guint i = model->passed;

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
    Model model;

    model.entries = g_array_new (FALSE, FALSE, sizeof (SrtlaInflightEntry));
    model.reach = model.capacity = capacity;
    model.passed = 0;
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
  g_test_add_func ("/inflight/model", test_model);
  g_test_add_func ("/inflight/allocates-nothing", test_allocates_nothing);
  return g_test_run ();
}
