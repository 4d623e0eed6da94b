/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "counting-malloc.h"
#include "queue-fixture.h"

/* ---- Order ------------------------------------------------------------- */

/* Rows of packets by number: class, deadline in µs; and the order at 1,000. */
static void
test_order (void)
{
  static const struct
  {
    struct
    {
      gchar priority;
      SrtlaTime deadline;
    } packets[8];
    const gchar *order;
  } table[] = {
    {{{'H', 3000}, {'M', 2000}, {'L', 4000}}, "102"},
    {{{'L', 2000}, {'M', 2000}, {'H', 2000}}, "210"},   /* the more urgent */
    {{{'L', 1000}, {'H', 1001}}, "01"}, /* not late yet */
    {{{'L', 999}, {'H', 1001}}, "10"},  /* late: no claim on HIGH's place */
    {{{'H', 500}, {'L', 1500}}, "01"},
    {{{'M', 10}, {'L', 999}, {'H', 900}}, "201"},
    {{{'M', 10}, {'H', 5000}, {'L', 4000}}, "210"},
    /* One behind is more urgent: its class is. */
    {{{'L', 9000}, {'L', 2000}, {'H', 3000}, {'L', 9500}}, "0123"},
    {{{'L', 9000}, {'L', 999}, {'H', 3000}}, "201"},
    {{{'L', 5000}, {'L', 4000}, {'L', 3000}, {'L', 4500}, {'M', 4200}},
          "01243"},
  };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
    gchar order[9] = "";
    SrtlaItem item;

    g_test_message ("row %u", i);
    for (j = 0; table[i].packets[j].priority != 0; j++)
      fixture_push_edf (edf, (SrtlaClass) (strchr ("HML",
                  table[i].packets[j].priority) - (const gchar *) "HML"),
          100, table[i].packets[j].deadline, j);
    for (j = 0; srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 1000, &item); j++)
      order[j] = (gchar) ('0' + item.arrived);
    g_assert_cmpstr (order, ==, table[i].order);
    srtla_edf_free (edf);
  }
}

static void
test_expiry (void)
{
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  const SrtlaQueueStats *low = srtla_edf_stats (edf, SRTLA_CLASS_LOW);
  static const SrtlaTime expiries[] = { 500, 900, 600, SRTLA_TIME_NONE };
  SrtlaItem item;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (expiries); i++) {
    item = fixture_item (0, SRTLA_CLASS_LOW, 100, 400, i);
    item.expires = expiries[i];
    g_assert_true (srtla_edf_push (edf, &item));
  }
  fixture_push_edf (edf, SRTLA_CLASS_BEST_EFFORT, 100, SRTLA_TIME_NONE, 9);
  g_assert_cmpuint (srtla_edf_next_expiry (edf), ==, 500);
  g_assert_false (srtla_edf_take_expired (edf, 499, &item));

  /* Not taken out, but not sent either: the other class goes. */
  g_assert_null (srtla_edf_peek (edf, 1u << SRTLA_CLASS_LOW, 500));
  g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 500, &item));
  g_assert_cmpuint (item.arrived, ==, 9);
  g_assert_false (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 500, &item));

  g_assert_true (srtla_edf_take_expired (edf, 500, &item));
  g_assert_cmpuint (item.arrived, ==, 0);
  g_assert_false (srtla_edf_take_expired (edf, 700, &item));
  g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 700, &item));
  g_assert_cmpuint (item.arrived, ==, 1);
  g_assert_cmpuint (low->late, ==, 1);
  g_assert_true (srtla_edf_take_expired (edf, 700, &item));
  g_assert_cmpuint (item.arrived, ==, 2);
  g_assert_cmpuint (srtla_edf_next_expiry (edf), ==, SRTLA_TIME_NONE);
  g_assert_cmpuint (low->dropped[SRTLA_DROP_EXPIRED], ==, 2);
  g_assert_true (srtla_queue_stats_balance (low));
  fixture_free_edf (edf);
}

static void
test_room (void)
{
  SrtlaClassSettings settings[SRTLA_N_CLASSES];
  SrtlaItem item = fixture_item (0, SRTLA_CLASS_HIGH, 100, 0, 0);
  SrtlaEdf *edf;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    settings[i] = srtla_class_defaults[i];
    settings[i].length = i;     /* none is taken for one */
  }
  edf = srtla_edf_new (settings);
  g_assert_cmpuint (srtla_edf_room (edf), ==, SRTLA_ALL_CLASSES);
  g_assert_true (srtla_edf_push (edf, &item));
  g_assert_cmpuint (srtla_edf_room (edf), ==, SRTLA_ALL_CLASSES & ~1u);
  g_assert_cmpuint (srtla_edf_classes (edf), ==, 1u);
  g_assert_false (srtla_edf_push (edf, &item));
  g_assert_cmpuint (srtla_edf_stats (edf,
          SRTLA_CLASS_HIGH)->dropped[SRTLA_DROP_FULL], ==, 1);
  g_assert_true (srtla_queue_stats_balance (srtla_edf_stats (edf,
              SRTLA_CLASS_HIGH)));
  fixture_free_edf (edf);
}

/* ---- Best effort ------------------------------------------------------- */

/* With LOW, or HIGH too, and best effort always waiting, each gets bytes by its
 * quantum: over any stretch of time within a round and a packet each, and one
 * more round where HIGH may go ahead. */
static void
run_shares (GRand *rand, gboolean with_high)
{
  SrtlaClassSettings settings[SRTLA_N_CLASSES];
  guint64 served[2] = { 0, 0 };
  gdouble least = 0.0, most = 0.0, timed = 0.0, bound;
  SrtlaItem item;
  SrtlaEdf *edf;
  guint i, step;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    settings[i] = srtla_class_defaults[i];
    settings[i].quantum = (guint) g_rand_int_range (rand, 1500, 12000);
    timed += i == SRTLA_CLASS_BEST_EFFORT ? 0 : settings[i].quantum;
  }
  edf = srtla_edf_new (settings);
  bound = (with_high ? 2.0 : 1.0) + SRTLA_MAX_DATAGRAM / timed
      + 1.0 * SRTLA_MAX_DATAGRAM / settings[SRTLA_CLASS_BEST_EFFORT].quantum;
  for (step = 0; step < 5000; step++) {
    gdouble distance;

    for (i = 0; i < SRTLA_N_CLASSES; i++) {
      if (i == SRTLA_CLASS_HIGH && !with_high)
        continue;
      while (srtla_edf_stats (edf, i)->packets < 3)
        fixture_push_edf (edf, i, (gsize) g_rand_int_range (rand, 16, 1501),
            i == SRTLA_CLASS_BEST_EFFORT ? SRTLA_TIME_NONE
            : g_rand_int (rand) % 100000, 0);
    }
    g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 50000, &item));
    served[item.priority == SRTLA_CLASS_BEST_EFFORT] += item.packet.size;
    distance = (gdouble) served[0] / timed - (gdouble) served[1]
        / settings[SRTLA_CLASS_BEST_EFFORT].quantum;
    least = MIN (least, distance);
    most = MAX (most, distance);
    g_assert_cmpfloat (most - least, <, bound);
  }
  fixture_free_edf (edf);
}

static void
test_shares (void)
{
  GRand *rand = testing_rand_new ();
  guint i;

  for (i = 0; i < 40; i++)
    run_shares (rand, i % 2);
  g_rand_free (rand);
}

/* HIGH one by one, as it comes. Now and then: it never waits for best effort.
 * With as much as can be sent: best effort still has its share. */
static void
test_one_by_one (void)
{
  static const struct
  {
    guint every, phase;         /* steps */
    gsize size;
  } table[] = {
    {2, 0, 1000}, {3, 1, 750}, {7, 0, 1500}, {1, 0, 1000},
  };
  guint i, step;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
    const SrtlaQueueStats *high = srtla_edf_stats (edf, SRTLA_CLASS_HIGH);
    const SrtlaQueueStats *best = srtla_edf_stats (edf,
        SRTLA_CLASS_BEST_EFFORT);
    guint waited = 0;

    for (step = 0; step < 10000; step++) {
      SrtlaItem item;

      while (best->packets < 3)
        fixture_push_edf (edf, SRTLA_CLASS_BEST_EFFORT, table[i].size,
            SRTLA_TIME_NONE, 0);
      if (step % table[i].every == table[i].phase && high->packets == 0)
        fixture_push_edf (edf, SRTLA_CLASS_HIGH, table[i].size, 1000 * step,
            0);
      g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 1000 * step,
              &item));
      waited += high->packets;
    }
    if (table[i].every > 1)
      g_assert_cmpuint (waited, ==, 0);
    else
      g_assert_cmpfloat_with_epsilon (best->bytes_out / 1e7,
          1500.0 / (9000 + 1500), 0.01);
    fixture_free_edf (edf);
  }
}

/* Now and then only others are asked for: best effort does not save up. */
static void
test_no_saving (void)
{
  const SrtlaClassSettings settings = { SRTLA_TIME_NONE, 6000, 64 };
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  const SrtlaQueueStats *low = srtla_edf_stats (edf, SRTLA_CLASS_LOW);
  const SrtlaQueueStats *best = srtla_edf_stats (edf,
      SRTLA_CLASS_BEST_EFFORT);
  guint in_row = 0, step;
  SrtlaItem item;

  srtla_edf_set_class (edf, SRTLA_CLASS_BEST_EFFORT, &settings);
  for (step = 0; step < 10000; step++) {
    while (low->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_LOW, 1000, SRTLA_TIME_NONE, 0);
    while (best->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_BEST_EFFORT, 1000, SRTLA_TIME_NONE, 0);
    g_assert_true (srtla_edf_pop (edf, step < 9000 && in_row == 1
            ? 1u << SRTLA_CLASS_LOW : SRTLA_ALL_CLASSES, 0, &item));
    in_row = item.priority == SRTLA_CLASS_LOW ? 0 : in_row + 1;
    g_assert_cmpuint (in_row, <=, 8);
  }
  fixture_free_edf (edf);
}

/* Asked for alone all the time, a class with deadlines owes it to the one that
 * waits without: that says when it may no more, and then has its turn. */
static void
test_credit (void)
{
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  const SrtlaQueueStats *high = srtla_edf_stats (edf, SRTLA_CLASS_HIGH);
  const SrtlaQueueStats *best = srtla_edf_stats (edf,
      SRTLA_CLASS_BEST_EFFORT);
  SrtlaItem item;
  guint step;

  for (step = 0; step < 10000; step++) {
    while (high->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_HIGH, 1000, step, 0);
    if (step == 100)
      g_assert_cmpuint (high->packets_out, ==, 100);
    while (step >= 100 && best->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_BEST_EFFORT, 1000, SRTLA_TIME_NONE, 0);
    g_assert_true (srtla_edf_pop (edf, srtla_edf_has_credit (edf,
                SRTLA_CLASS_HIGH) ? 1u << SRTLA_CLASS_HIGH : SRTLA_ALL_CLASSES,
            step, &item));
  }
  g_assert_cmpfloat_with_epsilon (best->packets_out / 1e4, 1500.0 / (9000 + 1500),
      0.01);
  fixture_free_edf (edf);
}

/* A class that is late has its packet now and then, however much of more urgent
 * ones there is; one that is not late waits. */
static void
test_patience (void)
{
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  const SrtlaQueueStats *low = srtla_edf_stats (edf, SRTLA_CLASS_LOW);
  SrtlaItem item;
  guint step;

  for (step = 0; step < 10000; step++) {
    while (srtla_edf_stats (edf, SRTLA_CLASS_HIGH)->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_HIGH, 1000, 1000, 0);
    while (low->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_LOW, 1000, 5000, 0);
    g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, step, &item));
    if (step == 5000)
      g_assert_cmpuint (low->packets_out, ==, 0);
  }
  g_assert_cmpuint (low->packets_out, >=, 5000 / 26);
  g_assert_cmpuint (low->packets_out, <=, 5000 / 24);
  fixture_free_edf (edf);
}

/* A packet of a class without deadlines that has one all the same goes by it, as
 * long as its class keeps within its share. */
static void
test_own_deadline (void)
{
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  const SrtlaQueueStats *best = srtla_edf_stats (edf,
      SRTLA_CLASS_BEST_EFFORT);
  guint waited = 0, step;
  SrtlaItem item;

  for (step = 0; step < 10000; step++) {
    while (srtla_edf_stats (edf, SRTLA_CLASS_LOW)->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_LOW, 1000, step + 100, 0);
    if (step % 20 == 0)         /* a twentieth of all; its share is a seventh */
      fixture_push_edf (edf, SRTLA_CLASS_BEST_EFFORT, 1000, step + 2, 0);
    g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, step, &item));
    waited += best->packets;
  }
  g_assert_cmpuint (waited, ==, 0);
  g_assert_cmpuint (best->late, ==, 0);
  for (step = 10000; step < 20000; step++) {    /* more than its share */
    while (srtla_edf_stats (edf, SRTLA_CLASS_LOW)->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_LOW, 1000, step + 100, 0);
    while (best->packets < 3)
      fixture_push_edf (edf, SRTLA_CLASS_BEST_EFFORT, 1000, step + 2, 0);
    g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, step, &item));
  }
  g_assert_cmpfloat_with_epsilon ((best->packets_out - 500) / 1e4,
      1500.0 / (9000 + 1500), 0.01);
  fixture_free_edf (edf);
}

/* ---- Against a model --------------------------------------------------- */

/* Now and then the classes are other ones. */
static void
change_class (SrtlaEdf *edf, GRand *rand, guint lengths[SRTLA_N_CLASSES])
{
  const SrtlaClassSettings settings = {
    testing_chance (rand, 50) ? SRTLA_TIME_NONE : 1000,
    (guint) g_rand_int_range (rand, 1500, 9000),
    (guint) g_rand_int_range (rand, 1, 500)
  };
  SrtlaClass priority = g_rand_int (rand) % SRTLA_N_CLASSES;

  srtla_edf_set_class (edf, priority, &settings);
  lengths[priority] = settings.length;
}

/* Whatever it gives is the first of its class and of use; the books balance. */
static void
test_model (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  GQueue model[SRTLA_N_CLASSES];
  guint lengths[SRTLA_N_CLASSES], most[SRTLA_N_CLASSES];
  SrtlaTime now = 0;
  guint64 number, in = 0, out = 0, expired = 0, refused = 0;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    g_queue_init (&model[i]);
    lengths[i] = most[i] = srtla_class_defaults[i].length;
  }
  for (number = 0; number < 300000; number++) {
    guint classes = testing_chance (rand, 70) ? SRTLA_ALL_CLASSES
        : g_rand_int (rand) % (SRTLA_ALL_CLASSES + 1);
    guint64 before = counted_allocations;
    const SrtlaItem *next;
    gboolean has_room, pushed;
    SrtlaItem item;

    now += g_rand_int (rand) % 100;
    if (number % 1000 == 999)
      change_class (edf, rand, lengths);
    if (testing_chance (rand, number / 5000 % 2 ? 60 : 40)) {
      item = fixture_item (0, g_rand_int (rand) % SRTLA_N_CLASSES,
          (gsize) g_rand_int_range (rand, 16, 1501),
          now + g_rand_int (rand) % 20000, number);
      item.expires = testing_chance (rand, 50) ? SRTLA_TIME_NONE
          : now + g_rand_int (rand) % 20000;
      in++;
      has_room = model[item.priority].length < lengths[item.priority];
      g_assert_cmpint (srtla_edf_room (edf) >> item.priority & 1, ==, has_room);
      pushed = srtla_edf_push (edf, &item);
      g_assert_cmpint (pushed, ==, has_room);
      if (pushed)
        g_queue_push_tail (&model[item.priority],
            GSIZE_TO_POINTER (number + 1));
      else
        refused++;
      most[item.priority] = MAX (most[item.priority], lengths[item.priority]);
      continue;
    }
    while (srtla_edf_take_expired (edf, now, &item)) {
      g_assert_cmpuint (item.expires, <=, now);
      g_assert_cmpuint (GPOINTER_TO_SIZE (g_queue_pop_head
              (&model[item.priority])), ==, item.arrived + 1);
      expired++;
    }
    next = srtla_edf_peek (edf, classes, now);
    before = counted_allocations;
    if (next == NULL) {
      g_assert_cmpuint (srtla_edf_classes (edf) & classes, ==, 0);
      g_assert_false (srtla_edf_pop (edf, classes, now, &item));
      continue;
    }
    number++;
    g_assert_true (srtla_edf_peek (edf, classes, now) == next);
    g_assert_true (srtla_edf_pop (edf, classes, now, &item));
    g_assert_cmpuint (counted_allocations, ==, before);
    g_assert_cmpuint (item.expires, >, now);
    g_assert_true ((classes & (1u << item.priority)) != 0);
    g_assert_cmpuint (GPOINTER_TO_SIZE (g_queue_pop_head
            (&model[item.priority])), ==, item.arrived + 1);
    out++;
  }
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaQueueStats *stats = srtla_edf_stats (edf, i);

    g_assert_true (srtla_queue_stats_balance (stats));
    g_assert_cmpuint (stats->packets, ==, g_queue_get_length (&model[i]));
    g_assert_cmpuint (stats->packets_maximum, <=, most[i]);
    in -= stats->packets_in;
    out -= stats->packets_out;
    expired -= stats->dropped[SRTLA_DROP_EXPIRED];
    refused -= stats->dropped[SRTLA_DROP_FULL];
    g_queue_clear (&model[i]);
  }
  g_assert_true (in == 0 && out == 0 && expired == 0 && refused == 0);
  fixture_free_edf (edf);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edf/order", test_order);
  g_test_add_func ("/edf/expiry", test_expiry);
  g_test_add_func ("/edf/room", test_room);
  g_test_add_func ("/edf/shares", test_shares);
  g_test_add_func ("/edf/one-by-one", test_one_by_one);
  g_test_add_func ("/edf/no-saving", test_no_saving);
  g_test_add_func ("/edf/credit", test_credit);
  g_test_add_func ("/edf/patience", test_patience);
  g_test_add_func ("/edf/own-deadline", test_own_deadline);
  g_test_add_func ("/edf/model", test_model);
  return g_test_run ();
}
