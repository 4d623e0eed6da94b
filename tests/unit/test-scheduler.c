/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-scheduler.h"
#include "testing.h"

#define MAX_VIEWS 4
#define NOBODY SRTLA_NO_UPLINK

static void
test_find (void)
{
  g_assert_true (srtla_scheduler_find ("classic") == &srtla_scheduler_classic);
  g_assert_null (srtla_scheduler_find ("Classic"));
  g_assert_null (srtla_scheduler_find (""));
  g_assert_null (srtla_scheduler_find (NULL));
}

static void
test_classic (void)
{
  static const struct
  {
    guint n;
    struct
    {
      gint32 window, in_flight;
      gboolean live;
    } uplinks[MAX_VIEWS];
    guint chosen;
  } table[] = {
    {0, {{0, 0, FALSE}}, NOBODY},
    {1, {{20000, 0, FALSE}}, NOBODY},
    {1, {{1000, 5000, TRUE}}, 0},       /* a score of 0 is still a choice */
    {2, {{20000, 0, TRUE}, {20000, 0, TRUE}}, 0},       /* first of equals */
    {2, {{20000, 1, TRUE}, {20000, 0, TRUE}}, 1},
    {2, {{60000, 0, FALSE}, {1000, 9, TRUE}}, 1},
    {2, {{20001, 1, TRUE}, {20000, 1, TRUE}}, 0},       /* 10000 twice */
    {3, {{20000, 2, TRUE}, {20001, 1, TRUE}, {20000, 1, TRUE}}, 1},
    {4, {{1000, 0, TRUE}, {2000, 0, TRUE}, {3000, 1, TRUE}, {9000, 9, TRUE}}, 1},
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaUplink *uplinks[MAX_VIEWS];
    SrtlaSchedulerView view = {
      (const SrtlaUplink * const *) uplinks, table[i].n, 10 * SRTLA_SECOND,
      1332, FALSE, FALSE, NOBODY, FALSE
    };

    for (k = 0; k < table[i].n; k++) {
      uplinks[k] = srtla_uplink_new (k, 0);
      uplinks[k]->window = table[i].uplinks[k].window;
      uplinks[k]->in_flight = table[i].uplinks[k].in_flight;
      uplinks[k]->state = SRTLA_UPLINK_UP;
      uplinks[k]->last_heard = (table[i].uplinks[k].live ? 10 : 5)
          * SRTLA_SECOND;
    }
    g_test_message ("row %u", i);
    g_assert_cmpuint (srtla_scheduler_classic.select (&view), ==,
        table[i].chosen);
    for (k = 0; k < table[i].n; k++)
      srtla_uplink_free (uplinks[k]);
  }
}

/* ---- The plan of a moment ------------------------------------------------ */

#define SIZE 1332
#define FAST 5000000            /* bytes/s: many packets in 4 ms */
#define SLOW 1000000            /* few */

/* Two uplinks that are up, and a view of them. */
static SrtlaSchedulerView
two_uplinks (SrtlaUplink * uplinks[2], guint64 capacity)
{
  const SrtlaSchedulerView view = {
    (const SrtlaUplink * const *) uplinks, 2, 10 * SRTLA_SECOND, SIZE, TRUE,
    FALSE, NOBODY, FALSE
  };
  guint i;

  for (i = 0; i < 2; i++) {
    uplinks[i] = srtla_uplink_new (i, 0);
    uplinks[i]->state = SRTLA_UPLINK_UP;
    uplinks[i]->delivery.capacity = capacity;
    uplinks[i]->weight = (gdouble) capacity / 10;
  }
  return view;
}

static void
free_two (SrtlaUplink * uplinks[2])
{
  srtla_uplink_free (uplinks[0]);
  srtla_uplink_free (uplinks[1]);
}

/* Returns: how many packets in a row go to the uplink of the first. */
static guint
first_run (SrtlaPlan * plan)
{
  guint first = srtla_plan_next (plan, SIZE), n = 1;

  g_assert_cmpuint (first, !=, NOBODY);
  while (n < 100 && srtla_plan_next (plan, SIZE) == first)
    n++;
  return n;
}

static void
test_runs (void)
{
  SrtlaUplink *uplinks[2];
  SrtlaSchedulerView view = two_uplinks (uplinks, FAST);
  SrtlaPlan plan;
  guint chosen[2] = { 0, }, i;

  srtla_scheduler_enhanced.plan (&view, &plan);
  g_assert_cmpuint (plan.n, ==, 2);
  g_assert_cmpuint (first_run (&plan), ==, 8);
  /* Both get their half. */
  srtla_scheduler_enhanced.plan (&view, &plan);
  for (i = 0; i < 160; i++)
    chosen[srtla_plan_next (&plan, SIZE)]++;
  g_assert_cmpuint (ABS ((gint) chosen[0] - (gint) chosen[1]), <=, 16);
  /* A packet a millisecond is a run of its own. */
  uplinks[0]->delivery.capacity = uplinks[1]->delivery.capacity = SLOW;
  srtla_scheduler_enhanced.plan (&view, &plan);
  g_assert_cmpuint (first_run (&plan), ==, 1);
  free_two (uplinks);
}

/* No run is longer than the room, and what is full is left out. */
static void
test_room (void)
{
  SrtlaUplink *uplinks[2];
  SrtlaSchedulerView view = two_uplinks (uplinks, FAST);
  SrtlaPlan plan;
  guint i;

  uplinks[0]->room = 3 * SIZE;
  uplinks[1]->room = SIZE - 1;
  srtla_scheduler_enhanced.plan (&view, &plan);
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (srtla_plan_next (&plan, SIZE), ==, 0);
  g_assert_cmpuint (srtla_plan_next (&plan, SIZE), ==, NOBODY);
  view.brake = FALSE;
  srtla_scheduler_enhanced.plan (&view, &plan);
  for (i = 0; i < 100; i++)
    g_assert_cmpuint (srtla_plan_next (&plan, SIZE), !=, NOBODY);
  free_two (uplinks);
}

/* Where all are stalled it is one with room, or none; and none while one that
 * delivers has no room. */
static void
test_stalled (void)
{
  static const struct
  {
    gboolean stalled;           /* the first; the second is */
    guint64 room[2];
    guint chosen;
  } table[] = {
    {TRUE, {9 * SIZE, 5 * SIZE}, 0},
    {TRUE, {SIZE - 1, 5 * SIZE}, 1},
    {TRUE, {SIZE - 1, SIZE - 1}, NOBODY},
    {FALSE, {SIZE, 5 * SIZE}, 0},
    {FALSE, {SIZE - 1, 5 * SIZE}, NOBODY},
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaUplink *uplinks[2];
    SrtlaSchedulerView view = two_uplinks (uplinks, FAST);

    g_test_message ("row %u", i);
    uplinks[0]->stalled = table[i].stalled;
    uplinks[1]->stalled = TRUE;
    for (k = 0; k < 2; k++)
      uplinks[k]->room = table[i].room[k];
    uplinks[0]->weight = 2 * uplinks[1]->weight;
    g_assert_cmpuint (srtla_scheduler_enhanced.select (&view), ==,
        table[i].chosen);
    free_two (uplinks);
  }
}

/* What carries nothing is not in the plan; what needs a look for each packet
 * leaves it empty. */
static void
test_no_plan (void)
{
  SrtlaUplink *uplinks[2];
  SrtlaSchedulerView view = two_uplinks (uplinks, FAST);
  SrtlaPlan plan;

  uplinks[0]->stalled = TRUE;
  srtla_scheduler_enhanced.plan (&view, &plan);
  g_assert_cmpuint (plan.n, ==, 1);
  g_assert_cmpuint (srtla_plan_next (&plan, SIZE), ==, 1);
  uplinks[1]->ramp = 10 * SIZE;
  srtla_scheduler_enhanced.plan (&view, &plan);
  g_assert_cmpuint (srtla_plan_next (&plan, SIZE), ==, NOBODY);
  uplinks[1]->ramp = 0;
  uplinks[1]->doubted_until = view.now + 1;
  srtla_scheduler_enhanced.plan (&view, &plan);
  g_assert_cmpuint (srtla_plan_next (&plan, SIZE), ==, NOBODY);
  uplinks[1]->doubted_until = 0;
  uplinks[1]->bitrate_maximum = 8 * FAST;
  srtla_scheduler_enhanced.plan (&view, &plan);
  g_assert_cmpuint (srtla_plan_next (&plan, SIZE), ==, NOBODY);
  free_two (uplinks);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scheduler/find", test_find);
  g_test_add_func ("/scheduler/classic", test_classic);
  g_test_add_func ("/scheduler/stalled", test_stalled);
  g_test_add_func ("/scheduler/plan/runs", test_runs);
  g_test_add_func ("/scheduler/plan/room", test_room);
  g_test_add_func ("/scheduler/plan/none", test_no_plan);
  return g_test_run ();
}
