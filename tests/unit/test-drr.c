/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "queue-fixture.h"

/* ---- Fairness ---------------------------------------------------------- */

typedef struct
{
  guint queue;
  guint quantum;
  gsize largest;                /* packet, bytes */
  guint64 served;               /* bytes */
} Flow;

static gdouble
rounds_of (const Flow *flow)
{
  return (gdouble) flow->served / flow->quantum;
}

static void
refill (SrtlaDrr *drr, GRand *rand, const Flow *flow, guint classes)
{
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    gsize size = (gsize) g_rand_int_range (rand, 16, (gint) flow->largest + 1);

    if ((classes & (1u << i)) == 0)
      continue;
    while (srtla_drr_stats (drr, flow->queue, i)->packets < 3)
      fixture_push_drr (drr, flow->queue, i, size, 0);
  }
}

/* Over any stretch of time: so the distance between two flows, in rounds, may
 * vary within the bound and no more. `classes` wait; what is asked for changes
 * from packet to packet if `masks`, with one class always asked for. */
static void
run_fairness (GRand *rand, guint classes, gboolean masks)
{
  guint n = (guint) g_rand_int_range (rand, 2, 9), i, j, step;
  gdouble least[8][8], most[8][8];
  SrtlaDrr *drr = srtla_drr_new ();
  Flow flows[8];

  for (i = 0; i < n; i++) {
    flows[i].queue = i * 9;
    flows[i].quantum = (guint) g_rand_int_range (rand, SRTLA_MAX_DATAGRAM,
        20000);
    flows[i].largest = (gsize) g_rand_int_range (rand, 16,
        SRTLA_MAX_DATAGRAM + 1);
    flows[i].served = 0;
    srtla_drr_open (drr, flows[i].queue, 16, flows[i].quantum);
    for (j = 0; j < n; j++)
      least[i][j] = most[i][j] = 0.0;
  }
  for (step = 0; step < 4000; step++) {
    guint wanted = masks ? (1u << SRTLA_CLASS_LOW)
        | (guint) g_rand_int_range (rand, 0, SRTLA_ALL_CLASSES + 1)
        : SRTLA_ALL_CLASSES;
    SrtlaItem item;

    for (i = 0; i < n; i++)
      refill (drr, rand, &flows[i], classes);
    g_assert_true (srtla_drr_pop (drr, wanted, &item));
    flows[item.flow / 9].served += item.packet.size;
    for (i = 0; i < n; i++) {
      for (j = 0; j < n; j++) {
        gdouble distance = rounds_of (&flows[i]) - rounds_of (&flows[j]);

        least[i][j] = MIN (least[i][j], distance);
        most[i][j] = MAX (most[i][j], distance);
        g_assert_cmpfloat (most[i][j] - least[i][j], <, 1.0
            + (gdouble) flows[i].largest / flows[i].quantum
            + (gdouble) flows[j].largest / flows[j].quantum);
      }
    }
  }
  fixture_free_drr (drr);
}

static void
test_fairness (void)
{
  GRand *rand = testing_rand_new ();
  guint i;

  for (i = 0; i < 40; i++) {
    run_fairness (rand, 1u << (i % SRTLA_N_CLASSES), FALSE);
    run_fairness (rand, SRTLA_ALL_CLASSES, FALSE);
    run_fairness (rand, 1u << SRTLA_CLASS_LOW, TRUE);
  }
  g_rand_free (rand);
}

/* Two equal flows of LOW for which there is hardly ever room, and HIGH of one
 * of them in between: visits are cut short and go on. */
static void
test_cut_short (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaDrr *drr = srtla_drr_new ();
  gint64 ahead = 0, least = 0, most = 0;        /* of flow 0, bytes */
  SrtlaItem item;
  guint i, step;

  for (i = 0; i < 2; i++)
    srtla_drr_open (drr, i, 16, 15000);
  for (step = 0; step < 20000; step++) {
    for (i = 0; i < 2; i++) {
      while (srtla_drr_stats (drr, i, SRTLA_CLASS_LOW)->packets < 3)
        fixture_push_drr (drr, i, SRTLA_CLASS_LOW, 1000, 0);
    }
    i = g_rand_int (rand) % 2;
    fixture_push_drr (drr, i, SRTLA_CLASS_HIGH, 16, 0);
    g_assert_true (srtla_drr_pop (drr, 1u << SRTLA_CLASS_HIGH, &item));
    g_assert_cmpuint (item.flow, ==, i);
    ahead += i == 0 ? 16 : -16;
    g_assert_true (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
    ahead += item.flow == 0 ? 1000 : -1000;
    least = MIN (least, ahead);
    most = MAX (most, ahead);
  }
  g_test_message ("ahead by %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
      " bytes", least, most);
  g_assert_cmpint (most - least, <, 2 * 15000 + 2 * 1000);
  fixture_free_drr (drr);
  g_rand_free (rand);
}

/* A queue that was empty most of the time has saved nothing up. */
static void
test_no_saving (void)
{
  SrtlaDrr *drr = srtla_drr_new ();
  gint64 ahead = 0;
  SrtlaItem item;
  guint i;

  srtla_drr_open (drr, 0, 4000, 5000);
  srtla_drr_open (drr, 1, 4000, 5000);
  for (i = 0; i < 3000; i++)
    fixture_push_drr (drr, 0, SRTLA_CLASS_LOW, 1000, 0);
  for (i = 0; i < 1000; i++) {
    if (i % 6 == 0 && srtla_drr_queue_classes (drr, 1) == 0)
      fixture_push_drr (drr, 1, SRTLA_CLASS_LOW, 100, 0);
    g_assert_true (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
  }
  for (i = 0; i < 1000; i++)
    fixture_push_drr (drr, 1, SRTLA_CLASS_LOW, 1000, 0);
  for (i = 0; i < 1000; i++) {
    g_assert_true (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
    ahead += item.flow == 1 ? 1000 : -1000;
    g_assert_cmpint (ahead, <=, 6000);
  }
  fixture_free_drr (drr);
}

/* Each queue has its turn. */
static void
test_all_queues (void)
{
  SrtlaDrr *drr = srtla_drr_new ();
  SrtlaItem item;
  guint i;

  for (i = 0; i < SRTLA_DRR_QUEUES; i++) {
    srtla_drr_open (drr, i, 4, 1500);
    fixture_push_drr (drr, i, SRTLA_CLASS_LOW, 1500, 0);
    fixture_push_drr (drr, i, SRTLA_CLASS_LOW, 1500, 0);
  }
  for (i = 0; i < 2 * SRTLA_DRR_QUEUES; i++) {
    g_assert_true (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
    g_assert_cmpuint (item.flow, ==, i % SRTLA_DRR_QUEUES);
  }
  g_assert_false (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
  fixture_free_drr (drr);
}

/* While a visit is cut short, others beyond their quantum are lent to in turn;
 * but no more than a quantum, so that none pays for it for long. */
static void
test_lending (void)
{
  SrtlaDrr *drr = srtla_drr_new ();
  SrtlaItem item;
  gint64 ahead = 0, most = 0;
  guint i, latest = 0;

  for (i = 0; i < 3; i++)
    srtla_drr_open (drr, i, 4000, 3000);
  for (i = 0; i < 3000; i++) {
    fixture_push_drr (drr, 0, SRTLA_CLASS_LOW, 1000, 0);
    fixture_push_drr (drr, 1, SRTLA_CLASS_HIGH, 100, 0);
    fixture_push_drr (drr, 2, SRTLA_CLASS_HIGH, 100, 0);
  }
  g_assert_true (srtla_drr_pop (drr, 1u << SRTLA_CLASS_LOW, &item));
  for (i = 0; i < 2 * 30; i++)  /* their own quanta */
    g_assert_true (srtla_drr_pop (drr, 1u << SRTLA_CLASS_HIGH, &item));
  for (i = 0; i < 2 * 30; i++) {
    g_assert_true (srtla_drr_pop (drr, 1u << SRTLA_CLASS_HIGH, &item));
    g_assert_true (i == 0 || item.flow != latest);
    latest = item.flow;
  }
  for (i = 0; i < 3000; i++)
    g_assert_true (srtla_drr_pop (drr, 1u << SRTLA_CLASS_HIGH, &item));
  /* What was lent, a round and what was left of the visit. */
  for (i = 0; i < 1000; i++) {
    g_assert_true (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
    ahead += item.flow == 0 ? 1000 : item.flow == 1 ? -100 : 0;
    most = MAX (most, ahead);
  }
  g_test_message ("ahead by %" G_GINT64_FORMAT " bytes at most", most);
  g_assert_cmpint (most, <=, 4 * 3000);
  fixture_free_drr (drr);
}

/* Quanta change while packets wait: shares follow. */
static void
test_quantum_changes (void)
{
  static const guint quanta[][2] = {
    {3000, 3000}, {3000, 9000}, {9000, 3000}, {0, 1500}, {100000, 10000},
  };
  SrtlaDrr *drr = srtla_drr_new ();
  guint i, j, step;

  srtla_drr_open (drr, 3, 4, 1500);
  srtla_drr_open (drr, 4, 4, 1500);
  for (i = 0; i < G_N_ELEMENTS (quanta); i++) {
    guint64 served[2] = { 0, 0 };
    gdouble expected = (gdouble) MAX (quanta[i][0], 1500)
        / MAX (quanta[i][1], 1500);

    srtla_drr_set_quantum (drr, 3, quanta[i][0]);
    srtla_drr_set_quantum (drr, 4, quanta[i][1]);
    for (step = 0; step < 20000; step++) {
      SrtlaItem item;

      for (j = 0; j < 2; j++) {
        while (srtla_drr_stats (drr, 3 + j, SRTLA_CLASS_LOW)->packets < 3)
          fixture_push_drr (drr, 3 + j, SRTLA_CLASS_LOW, 1000, 0);
      }
      g_assert_true (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
      served[item.flow - 3] += item.packet.size;
    }
    g_test_message ("row %u: %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT, i,
        served[0], served[1]);
    g_assert_cmpfloat ((gdouble) served[0] / served[1], <, 1.05 * expected);
    g_assert_cmpfloat ((gdouble) served[0] / served[1], >, 0.95 * expected);
  }
  fixture_free_drr (drr);
}

/* ---- A full queue ------------------------------------------------------ */

static void
test_full (void)
{
  /* What a queue for four holds, in order of class, after each push. */
  static const struct
  {
    SrtlaClass priority;
    gboolean in_order;
    gint64 dropped;             /* number, -1 = none; numbers are rows */
    const gchar *held;
  } table[] = {
    {SRTLA_CLASS_LOW, FALSE, -1, "0"},
    {SRTLA_CLASS_BEST_EFFORT, FALSE, -1, "01"},
    {SRTLA_CLASS_BEST_EFFORT, FALSE, -1, "012"},
    {SRTLA_CLASS_HIGH, FALSE, -1, "3012"},
    {SRTLA_CLASS_LOW, FALSE, 1, "3042"},
    {SRTLA_CLASS_BEST_EFFORT, FALSE, 2, "3045"},
    {SRTLA_CLASS_MEDIUM, FALSE, 5, "3604"},
    {SRTLA_CLASS_BEST_EFFORT, FALSE, 7, "3604"},
    {SRTLA_CLASS_LOW, FALSE, 0, "3648"},
    {SRTLA_CLASS_HIGH, FALSE, 4, "3968"},
    {SRTLA_CLASS_HIGH, TRUE, 8, "396:"},        /* joined LOW, behind 8 */
    {SRTLA_CLASS_MEDIUM, FALSE, 10, "396;"},
    {SRTLA_CLASS_HIGH, FALSE, 6, "39<;"},
    {SRTLA_CLASS_HIGH, FALSE, 11, "39<="},
    {SRTLA_CLASS_HIGH, FALSE, 3, "9<=>"},
    {SRTLA_CLASS_LOW, FALSE, 15, "9<=>"},
  };
  SrtlaDrr *drr = srtla_drr_new ();
  guint i, j;

  srtla_drr_open (drr, 63, 4, 1500);
  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaItem item = fixture_item (63, table[i].priority, 100,
        SRTLA_TIME_NONE, i), dropped;
    gchar held[8] = "";
    gboolean any;

    g_test_message ("row %u", i);
    item.in_order = (guint8) table[i].in_order;
    any = srtla_drr_push (drr, 63, &item, &dropped);
    g_assert_cmpint (any ? (gint64) dropped.arrived : -1, ==,
        table[i].dropped);
    /* Taken out and put back: the order of classes, and in them. */
    for (j = 0; srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item); j++) {
      held[j] = (gchar) ('0' + item.arrived);
      g_assert_cmpuint (item.flow, ==, 63);
    }
    g_assert_cmpstr (held, ==, table[i].held);
    for (j = 0; held[j] != '\0'; j++) {
      guint number = (guint) (held[j] - '0');

      fixture_push_drr (drr, 63, table[number].in_order ? SRTLA_CLASS_LOW
          : table[number].priority, 100, number);
    }
  }
  fixture_free_drr (drr);
}

static void
test_room (void)
{
  SrtlaDrr *drr = srtla_drr_new ();
  SrtlaItem item;

  srtla_drr_open (drr, 0, 3, 2000);
  g_assert_true (srtla_drr_has_room (drr, 0, 9999));    /* it is empty */
  fixture_push_drr (drr, 0, SRTLA_CLASS_LOW, 1200, 0);
  g_assert_true (srtla_drr_has_room (drr, 0, 800));
  g_assert_false (srtla_drr_has_room (drr, 0, 801));
  fixture_push_drr (drr, 0, SRTLA_CLASS_LOW, 16, 0);
  g_assert_true (srtla_drr_has_room (drr, 0, 16));
  fixture_push_drr (drr, 0, SRTLA_CLASS_LOW, 16, 0);
  g_assert_false (srtla_drr_has_room (drr, 0, 16));     /* three are in it */
  g_assert_true (srtla_drr_pop (drr, SRTLA_ALL_CLASSES, &item));
  g_assert_true (srtla_drr_has_room (drr, 0, 1968));
  srtla_drr_set_quantum (drr, 0, 1500);
  g_assert_false (srtla_drr_has_room (drr, 0, 1469));
  fixture_free_drr (drr);
}

static void
test_expiry (void)
{
  static const struct
  {
    guint queue;
    SrtlaClass priority;
    SrtlaTime expires;
  } table[] = {
    {0, SRTLA_CLASS_LOW, 500}, {0, SRTLA_CLASS_LOW, 100},
    {0, SRTLA_CLASS_HIGH, 700}, {5, SRTLA_CLASS_LOW, 400},
    {5, SRTLA_CLASS_LOW, SRTLA_TIME_NONE}, {5, SRTLA_CLASS_LOW, 300},
  };
  SrtlaDrr *drr = srtla_drr_new ();
  SrtlaItem item, dropped;
  guint i;

  srtla_drr_open (drr, 0, 8, 1500);
  srtla_drr_open (drr, 5, 8, 1500);
  g_assert_cmpuint (srtla_drr_next_expiry (drr), ==, SRTLA_TIME_NONE);
  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    item = fixture_item (table[i].queue, table[i].priority, 100,
        SRTLA_TIME_NONE, i);
    item.expires = table[i].expires;
    srtla_drr_push (drr, table[i].queue, &item, &dropped);
  }
  g_assert_cmpuint (srtla_drr_next_expiry (drr), ==, 400);
  g_assert_false (srtla_drr_take_expired (drr, 399, &item));
  g_assert_true (srtla_drr_take_expired (drr, 400, &item));
  g_assert_cmpuint (item.arrived, ==, 3);
  g_assert_cmpuint (srtla_drr_next_expiry (drr), ==, 500);
  g_assert_true (srtla_drr_take_expired (drr, 600, &item));
  g_assert_cmpuint (item.arrived, ==, 0);
  g_assert_true (srtla_drr_take_expired (drr, 600, &item));
  g_assert_cmpuint (item.arrived, ==, 1);
  g_assert_false (srtla_drr_take_expired (drr, 600, &item));
  g_assert_cmpuint (srtla_drr_stats (drr, 0,
          SRTLA_CLASS_LOW)->dropped[SRTLA_DROP_EXPIRED], ==, 2);
  g_assert_cmpuint (srtla_drr_classes (drr), ==, 1u << SRTLA_CLASS_HIGH
      | 1u << SRTLA_CLASS_LOW);
  fixture_free_drr (drr);
}

/* Another capacity at any time: order and books stay, what has no room goes as if
 * one more had come. */
static void
test_capacity (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaDrr *drr = srtla_drr_new ();
  GQueue model[SRTLA_N_CLASSES] = { G_QUEUE_INIT, };
  guint capacity = 1, waiting = 0, shrunk = 0, least, i, step;
  guint64 out = 0, dropped = 0;
  SrtlaItem item, victim;

  srtla_drr_open (drr, 3, capacity, 3000);
  for (step = 1; step < 100000; step++) {
    SrtlaClass priority = g_rand_int (rand) % SRTLA_N_CLASSES;

    if (testing_chance (rand, 2)) {
      capacity = (guint) g_rand_int_range (rand, 1, 50);
      while (srtla_drr_set_capacity (drr, 3, capacity, &victim)) {
        for (least = SRTLA_N_CLASSES - 1; model[least].length == 0; least--);
        g_assert_cmpuint (victim.arrived, ==,
            GPOINTER_TO_SIZE (g_queue_pop_head (&model[least])));
        waiting--;
        dropped++;
        shrunk++;
      }
      g_assert_cmpuint (waiting, <=, capacity);
    } else if (waiting < capacity && testing_chance (rand, 60)) {
      fixture_push_drr (drr, 3, priority, 100, step);
      g_queue_push_tail (&model[priority], GSIZE_TO_POINTER (step));
      waiting++;
    } else if (waiting == capacity && testing_chance (rand, 20)) {
      /* Truly full: no more, and no less, goes in. */
      item = fixture_item (3, SRTLA_CLASS_HIGH, 100, 0, step);
      g_assert_true (srtla_drr_push (drr, 3, &item, &victim));
      for (least = SRTLA_N_CLASSES - 1; model[least].length == 0; least--);
      g_assert_cmpuint (victim.arrived, ==,
          GPOINTER_TO_SIZE (g_queue_pop_head (&model[least])));
      g_queue_push_tail (&model[SRTLA_CLASS_HIGH], GSIZE_TO_POINTER (step));
      dropped++;
    } else if (srtla_drr_pop (drr, 1u << priority, &item)) {
      g_assert_cmpuint (item.arrived, ==,
          GPOINTER_TO_SIZE (g_queue_pop_head (&model[priority])));
      waiting--;
      out++;
    }
  }
  g_assert_cmpuint (shrunk, >, 100);
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaQueueStats *stats = srtla_drr_stats (drr, 3, i);

    g_assert_true (srtla_queue_stats_balance (stats));
    g_assert_cmpuint (stats->packets, ==, model[i].length);
    out -= stats->packets_out;
    dropped -= stats->dropped[SRTLA_DROP_FULL];
    g_queue_clear (&model[i]);
  }
  g_assert_true (out == 0 && dropped == 0);
  fixture_free_drr (drr);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drr/fairness", test_fairness);
  g_test_add_func ("/drr/cut-short", test_cut_short);
  g_test_add_func ("/drr/no-saving", test_no_saving);
  g_test_add_func ("/drr/all-queues", test_all_queues);
  g_test_add_func ("/drr/lending", test_lending);
  g_test_add_func ("/drr/quantum-changes", test_quantum_changes);
  g_test_add_func ("/drr/full", test_full);
  g_test_add_func ("/drr/room", test_room);
  g_test_add_func ("/drr/expiry", test_expiry);
  g_test_add_func ("/drr/capacity", test_capacity);
  return g_test_run ();
}
