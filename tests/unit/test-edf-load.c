/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "counting-malloc.h"
#include "feasible-load.h"
#include "queue-fixture.h"

/* ---- Feasible loads ---------------------------------------------------- */

/* One link, one packet after the other. Returns: how many were done after
 * their deadline. */
static guint
run_load (const Task *tasks, GArray *arrivals, gboolean fifo)
{
  SrtlaClassSettings settings[SRTLA_N_CLASSES];
  guint64 now = 0, before;
  guint missed = 0, next = 0, first = 0, i;
  SrtlaEdf *edf;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    settings[i] = srtla_class_defaults[i];
    settings[i].length = arrivals->len;
  }
  edf = srtla_edf_new (settings);
  before = counted_allocations;
  for (;;) {
    const Arrival *arrival = NULL;
    const Task *task;
    SrtlaItem item;

    for (; next < arrivals->len; next++) {
      arrival = &g_array_index (arrivals, Arrival, next);
      if (arrival->at > now)
        break;
      task = &tasks[arrival->task];
      if (!fifo)
        fixture_push_edf (edf, task->priority, task->size,
            arrival->at + task->deadline, next);
    }
    if (fifo ? first < next : srtla_edf_pop (edf, SRTLA_ALL_CLASSES, now,
            &item)) {
      arrival = &g_array_index (arrivals, Arrival,
          fifo ? first : (guint) item.arrived);
      task = &tasks[arrival->task];
      first++;
      now += task->cost;
      missed += now > arrival->at + task->deadline ? 1 : 0;
    } else if (next < arrivals->len) {
      now = g_array_index (arrivals, Arrival, next).at;
    } else {
      break;
    }
  }
  g_assert_cmpuint (first, ==, arrivals->len);
  g_assert_cmpuint (counted_allocations, ==, before);
  fixture_free_edf (edf);
  return missed;
}

static void
test_feasible (void)
{
  GRand *rand = testing_rand_new ();
  guint sets = 0, drawn = 0, fifo_missed = 0, fifo_sets = 0, packets = 0;
  gdouble loads = 0.0;

  while (sets < 60) {
    Task tasks[TASKS];
    GArray *arrivals;
    guint missed, i;

    drawn++;
    /* 10 to 100 Mbit/s */
    load_draw_tasks (rand, (guint64) g_rand_int_range (rand, 80, 800), 1, tasks);
    if (!load_is_feasible (tasks, 0))
      continue;
    sets++;
    for (i = 0; i < TASKS; i++)
      loads += (gdouble) tasks[i].cost / tasks[i].interval;
    arrivals = load_draw_arrivals (rand, tasks);
    packets += arrivals->len;
    g_assert_cmpuint (run_load (tasks, arrivals, FALSE), ==, 0);
    missed = run_load (tasks, arrivals, TRUE);
    fifo_missed += missed;
    fifo_sets += missed > 0 ? 1 : 0;
    g_array_unref (arrivals);
  }
  g_test_message ("%u of %u sets feasible, load %.2f, %u packets: EDF misses "
      "none, FIFO %u in %u sets", sets, drawn, loads / sets, packets,
      fifo_missed, fifo_sets);
  g_assert_cmpuint (fifo_missed, >, 0);
  g_rand_free (rand);
}

/* ---- Overload ---------------------------------------------------------- */

/* 1 Mbit/s of HIGH, twice the link's rate of LOW, as much best effort: HIGH
 * leaves within its budget and the time of one packet, LOW takes what best
 * effort's share leaves. */
static void
test_overload (void)
{
  static const guint rates[] = { 3, 6, 10, 50 };        /* Mbit/s */
  guint r;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
    guint64 now = 0, next[SRTLA_N_CLASSES] = { 0, }, served[3] = { 0, 0, 0 };
    guint64 packet = 1332 * 8 / rates[r];       /* µs */
    guint64 longest = 0;
    gdouble share;

    while (now < 10 * SRTLA_SECOND) {
      SrtlaItem item;

      for (; next[SRTLA_CLASS_HIGH] <= now;
          next[SRTLA_CLASS_HIGH] += 10501)      /* at all phases of a packet */
        fixture_push_edf (edf, SRTLA_CLASS_HIGH, 1332,
            next[SRTLA_CLASS_HIGH] + 1000, next[SRTLA_CLASS_HIGH]);
      for (; next[SRTLA_CLASS_LOW] <= now;
          next[SRTLA_CLASS_LOW] += packet / 2) {
        item = fixture_item (0, SRTLA_CLASS_LOW, 1332,
            next[SRTLA_CLASS_LOW] + 100000, next[SRTLA_CLASS_LOW]);
        srtla_edf_push (edf, &item);    /* some find no room */
        item.priority = SRTLA_CLASS_BEST_EFFORT;
        item.deadline = SRTLA_TIME_NONE;
        srtla_edf_push (edf, &item);
      }
      g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, now, &item));
      served[item.priority == SRTLA_CLASS_HIGH ? 0
          : item.priority == SRTLA_CLASS_LOW ? 1 : 2] += item.packet.size;
      if (item.priority == SRTLA_CLASS_HIGH)
        longest = MAX (longest, now - item.arrived);
      now += packet;
    }
    g_test_message ("%u Mbit/s: HIGH waits %" G_GUINT64_FORMAT " µs at most; "
        "bytes %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ", %"
        G_GUINT64_FORMAT, rates[r], longest, served[0], served[1], served[2]);
    g_assert_cmpuint (longest, <=, 1000 + packet);
    g_assert_cmpuint (srtla_edf_stats (edf,
            SRTLA_CLASS_HIGH)->dropped[SRTLA_DROP_FULL], ==, 0);
    share = (gdouble) served[2] / (served[0] + served[1] + served[2]);
    g_assert_cmpfloat_with_epsilon (share, 1500.0 / (9000 + 1500), 0.01);
    fixture_free_edf (edf);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edf-load/feasible", test_feasible);
  g_test_add_func ("/edf-load/overload", test_overload);
  return g_test_run ();
}
