/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of periodic packets that a link can carry in time, and when they come:
 * what is feasible is computed here, not by what is tested.
 */
#pragma once

#include "srtla-classifier.h"
#include "testing.h"

G_BEGIN_DECLS

/* Multiples of 6: as much load however many they are. */
#ifndef TASKS
#define TASKS 6
#endif
#define LOAD_DURATION (2 * SRTLA_SECOND)

/* Packets of one size that come no closer than `interval`. Times in ns, which
 * is what a byte takes on a fast link. */
typedef struct
{
  SrtlaClass priority;
  gsize size;
  guint64 interval, deadline, cost;
} Task;

typedef struct
{
  guint task;
  guint64 at;                   /* ns */
} Arrival;

/* Demand of non-preemptive EDF in any interval of length t (K. Jeffay, D. F.
 * Stanat and C. U. Martel, RTSS 1991): what is due within it, and one packet
 * that had just begun and is due later, beside `ahead` ns of what the link took
 * before its time. */
static inline gboolean
load_is_feasible (const Task *tasks, guint64 ahead)
{
  gdouble load = 0.0;
  guint64 t;
  guint i;

  for (i = 0; i < TASKS; i++)
    load += (gdouble) tasks[i].cost / tasks[i].interval;
  if (load > 0.98)
    return FALSE;
  for (t = 0; t < 2000000000; t += 1 + t / 2000) {
    /* Steps are small against t: what is due within the next one counts. */
    guint64 until = t + 1 + t / 2000, demand = 0, blocking = 0;

    for (i = 0; i < TASKS; i++) {
      if (until >= tasks[i].deadline)
        demand += ((until - tasks[i].deadline) / tasks[i].interval + 1)
            * tasks[i].cost;
      if (tasks[i].deadline > t)
        blocking = MAX (blocking, tasks[i].cost + ahead);
    }
    if (demand > 0 && demand + blocking > t)
      return FALSE;
  }
  return TRUE;
}

/* Draws what two tasks each of classes HIGH, MEDIUM and LOW are like on a link
 * where a byte takes `byte` ns and whose deadlines are `factor` times the
 * classes' budgets. */
static inline void
load_draw_tasks (GRand *rand, guint64 byte, guint factor, Task *tasks)
{
  guint i;

  for (i = 0; i < TASKS; i++) {
    tasks[i].priority = i % 3;
    tasks[i].size = (gsize) (i % 3 == SRTLA_CLASS_HIGH
        ? g_rand_int_range (rand, 16, 200)
        : g_rand_int_range (rand, 200, 1473));
    tasks[i].cost = tasks[i].size * byte;
    tasks[i].interval = tasks[i].cost
        * (guint64) g_rand_int_range (rand, i % 3 == SRTLA_CLASS_HIGH ? 20 : 3,
        i % 3 == SRTLA_CLASS_HIGH ? 100 : 9) * (TASKS / 6)
        + g_rand_int (rand) % tasks[i].cost;
    tasks[i].deadline = factor * srtla_class_defaults[i % 3].budget * 1000;
  }
}

static inline gint
load_compare_arrivals (gconstpointer a, gconstpointer b)
{
  const Arrival *x = a, *y = b;

  return x->at != y->at ? (x->at < y->at ? -1 : 1)
      : (gint) x->task - (gint) y->task;
}

/* All at once at first, then as densely as allowed, or a little less. */
static inline GArray *
load_draw_arrivals (GRand *rand, const Task *tasks)
{
  GArray *arrivals = g_array_new (FALSE, FALSE, sizeof (Arrival));
  guint i;

  for (i = 0; i < TASKS; i++) {
    Arrival arrival = { i, 0 };

    while (arrival.at < LOAD_DURATION * 1000) {
      g_array_append_val (arrivals, arrival);
      arrival.at += tasks[i].interval + (testing_chance (rand, 70) ? 0
          : g_rand_int (rand) % tasks[i].interval);
    }
  }
  g_array_sort (arrivals, load_compare_arrivals);
  return arrivals;
}

G_END_DECLS
