/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings of classes and flows that change while packets wait.
 */
#include "queue-world.h"

/* What each class was given, bytes; LOW and HIGH have so much to send always. */
typedef struct
{
  guint64 high, low;
} Served;

static Served
served (const World *world)
{
  SrtlaBondStats *stats = stats_of (world);
  Served served = { stats->classes[SRTLA_CLASS_HIGH].traffic.bytes_out,
    stats->classes[SRTLA_CLASS_LOW].traffic.bytes_out
  };

  g_free (stats);
  return served;
}

static void
set_budget (World *world, SrtlaClass priority, SrtlaTime budget)
{
  SrtlaClassSettings settings = world->bond->classes[priority];

  settings.budget = budget;
  srtla_bond_set_class (world->bond, priority, &settings);
}

static void
set_length (World *world, SrtlaClass priority, guint length)
{
  SrtlaClassSettings settings = world->bond->classes[priority];

  settings.length = length;
  srtla_bond_set_class (world->bond, priority, &settings);
}

/* Both flows always have something. Returns: what was sent meanwhile. */
static Served
run_both (World *world, SrtlaTime span)
{
  SrtlaTime end = world->now + span;
  Served before = served (world), after;
  guint i;

  while (world->now < end) {
    for (i = 0; i < 2; i++) {
      while (world->bond->flows[i].traffic.waiting < 30)
        push_media (world, i, SIZE, FALSE);
    }
    pass (world, SRTLA_MILLISECOND);
  }
  after = served (world);
  after.high -= before.high;
  after.low -= before.low;
  return after;
}

/* An urgent flow that takes all it is given, and another without deadline:
 * 800 kbit/s for both. */
static World *
two_flows (void)
{
  const SrtlaFlowSettings urgent = { SRTLA_CLASS_HIGH, 0, 3000, 64 };
  World *world = world_new (1);

  srtla_bond_set_flow (world->bond, 1, &urgent);
  srtla_bond_uplink_limit (world->bond, 0, 800000, world->now);
  return world;
}

static void
assert_share (Served served, gdouble low, gdouble tolerance)
{
  g_test_message ("HIGH %" G_GUINT64_FORMAT ", LOW %" G_GUINT64_FORMAT
      " bytes", served.high, served.low);
  g_assert_cmpfloat_with_epsilon ((gdouble) served.low
      / (gdouble) (served.low + served.high), low, tolerance);
}

/* A budget counts from the next packet on, one that was taken away no more. */
static void
test_budgets (void)
{
  World *world = two_flows ();
  Served first;

  /* Late both: LOW is let through now and then. */
  first = run_both (world, 5 * SRTLA_SECOND);
  assert_share (first, 1.0 / 25, 0.02);
  /* HIGH, MEDIUM and LOW have 3000 bytes a round, and HIGH MEDIUM's as well. */
  set_budget (world, SRTLA_CLASS_LOW, SRTLA_TIME_NONE);
  first = run_both (world, 2 * SRTLA_SECOND);
  g_assert_cmpuint (first.low, >, 10 * SIZE);
  g_assert_cmpuint (first.high, >, 10 * SIZE);
  first = run_both (world, 5 * SRTLA_SECOND);
  assert_share (first, 1.0 / 3, 0.02);
  set_budget (world, SRTLA_CLASS_HIGH, SRTLA_TIME_NONE);
  set_budget (world, SRTLA_CLASS_MEDIUM, SRTLA_TIME_NONE);
  run_both (world, SRTLA_SECOND);       /* what waits has its deadline */
  assert_share (run_both (world, 5 * SRTLA_SECOND), 0.5, 0.02);
  set_budget (world, SRTLA_CLASS_HIGH, SRTLA_MILLISECOND);
  set_budget (world, SRTLA_CLASS_LOW, 100 * SRTLA_MILLISECOND);
  run_both (world, SRTLA_SECOND);
  assert_share (run_both (world, 5 * SRTLA_SECOND), 1.0 / 25, 0.02);
  world_free (world);
}

/* Uplinks that are held back by what is in flight, not by a limit: HIGH's reserve
 * takes no other class's share. What is acknowledged is gone; here it is taken
 * off at a rate. */
static void
test_reserve (void)
{
  const guint64 rate = 100;     /* bytes a millisecond */
  World *world = two_flows ();
  SrtlaUplink *uplink = world->bond->uplinks[0];
  guint64 credit = 0, before, bytes;
  SrtlaInflightEntry gone;
  Served sum;
  guint i;

  srtla_bond_uplink_limit (world->bond, 0, 0, world->now);
  set_budget (world, SRTLA_CLASS_LOW, SRTLA_TIME_NONE);
  shake_hands (world);          /* only what has a caller is in flight */
  world->expires = FALSE;
  world->bond->callers.slots[0].flags = 0;
  uplink->names_all = TRUE;     /* echoes tell nothing of delivery */
  before = served (world).low;
  for (i = 0; i < 5000; i++) {
    /* It delivers, and has a queue: as acknowledgements would tell. */
    uplink->delivery.filled = TRUE;
    uplink->delivery.capacity = rate * 1000;
    uplink->delivery.proof_at = uplink->last_heard = world->now;
    uplink->delivery.proof_place = srtla_inflight_next_place (uplink->log);
    uplink->rtt.minimum = 20 * SRTLA_MILLISECOND;
    srtla_bond_weigh (world->bond, uplink, world->now);
    for (credit += rate; srtla_inflight_bytes (uplink->log) > 0
        && credit >= SIZE; credit -= SIZE)
      srtla_inflight_pop_before (uplink->log, G_MAXUINT64, SRTLA_TIME_NONE,
          &gone);
    if (i == 1000)
      before = served (world).low;
    sum = run_both (world, SRTLA_MILLISECOND);
    bytes = srtla_inflight_bytes (uplink->log);
    g_assert_cmpuint (bytes, <, uplink->room + uplink->room / 4 + SIZE);
  }
  sum = served (world);
  g_test_message ("LOW %" G_GUINT64_FORMAT " bytes of %" G_GUINT64_FORMAT,
      sum.low - before, rate * 4000);
  g_assert_cmpuint (sum.low - before, >, rate * 4000 / 4);
  g_assert_cmpuint (sum.low - before, <, rate * 4000 / 2);
  world_free (world);
}

/* ---- Lengths ----------------------------------------------------------- */

static void
test_class_length (void)
{
  World *world = world_new (1);
  SrtlaBondStats *stats;
  guint i;

  srtla_bond_uplink_blocked (world->bond, 0, TRUE);
  for (i = 0; i < 600; i++)
    push_media (world, 0, SIZE, FALSE);
  take (world);
  stats = stats_of (world);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_LOW].edf.packets, ==,
      srtla_class_defaults[SRTLA_CLASS_LOW].length);
  g_free (stats);
  /* Longer: at once. */
  set_length (world, SRTLA_CLASS_LOW, 500);
  take (world);
  stats = stats_of (world);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_LOW].edf.packets, ==, 500);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_LOW].edf.packets_in, ==, 500);
  g_free (stats);
  /* Shorter: nothing is lost, and nothing comes after it until there is room. */
  set_length (world, SRTLA_CLASS_LOW, 10);
  take (world);
  srtla_bond_uplink_blocked (world->bond, 0, FALSE);
  srtla_bond_uplink_limit (world->bond, 0, 8000000, world->now);
  while (world->n_sent < 300)
    pass (world, SRTLA_MILLISECOND);
  stats = stats_of (world);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_LOW].edf.packets_in, ==, 500);
  g_free (stats);
  while (world->n_sent < 550)
    pass (world, SRTLA_MILLISECOND);
  stats = stats_of (world);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_LOW].edf.packets, ==, 10);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_QUEUE], ==, 0);
  g_free (stats);
  pass (world, SRTLA_SECOND);
  g_assert_cmpuint (world->n_sent, ==, 600);
  for (i = 0; i < 600; i++)
    g_assert_cmpuint (world->sent[i].sequence, ==, 1000 + i);
  world_free (world);
}

static void
test_flow_length (void)
{
  SrtlaFlowSettings settings = srtla_flow_defaults;
  World *world = world_new (1);
  SrtlaBondStats *stats;
  guint i;

  set_length (world, SRTLA_CLASS_LOW, 1);
  set_length (world, SRTLA_CLASS_BEST_EFFORT, 1);
  srtla_bond_uplink_blocked (world->bond, 0, TRUE);
  for (i = 0; i < 102; i++)
    push_media (world, 0, SIZE, i % 2);
  take (world);                 /* one of each class is further on */
  settings.length = 60;
  srtla_bond_set_flow (world->bond, 0, &settings);
  stats = stats_of (world);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_QUEUE], ==, 40);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_BEST_EFFORT].traffic
      .lost[SRTLA_LOSS_QUEUE], ==, 40);
  g_assert_cmpuint (stats->flows[0].queue.packets_in, ==, 102);
  g_assert_cmpuint (stats->waiting, ==, 62);
  g_free (stats);
  settings.length = 90;         /* has room for 30 more */
  srtla_bond_set_flow (world->bond, 0, &settings);
  for (i = 0; i < 40; i++)
    push_media (world, 0, SIZE, FALSE);
  stats = stats_of (world);
  g_assert_cmpuint (stats->waiting, ==, 92);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_QUEUE], ==, 50);
  g_free (stats);
  srtla_bond_uplink_blocked (world->bond, 0, FALSE);
  pass (world, SRTLA_SECOND);
  g_assert_cmpuint (world->n_sent, ==, 92);
  world_free (world);
}

/* ---- A flow's own budget ----------------------------------------------- */

/* Packets of class best effort with a budget of their own go by it, within the
 * share of their class; without one they wait for their turn. */
static SrtlaTime
longest_wait (SrtlaTime budget)
{
  const SrtlaFlowSettings spare = { SRTLA_CLASS_BEST_EFFORT, budget, 3000, 64 };
  World *world = world_new (1);
  SrtlaTime pushed[200], most = 0;
  guint32 numbers[200];
  guint i;

  srtla_bond_set_flow (world->bond, 1, &spare);
  srtla_bond_uplink_limit (world->bond, 0, 8000000, world->now);
  for (i = 0; i < 200; i++) {
    while (srtla_bond_waiting (world->bond) < 100)
      push_media (world, 0, SIZE, FALSE);
    pushed[i] = world->now;
    numbers[i] = push_media (world, 1, SIZE, FALSE);
    pass (world, 21 * SRTLA_MILLISECOND);       /* a round is 10.5 ms */
  }
  pass (world, SRTLA_SECOND);
  for (i = 0; i < 200; i++)
    most = MAX (most, world->sent[place_of (world, numbers[i], FALSE)].at
        - pushed[i]);
  world_free (world);
  return most;
}

static void
test_own_budget (void)
{
  SrtlaTime with = longest_wait (2 * SRTLA_MILLISECOND);
  SrtlaTime without = longest_wait (0);

  g_test_message ("waits %" G_GUINT64_FORMAT " µs at most, without budget %"
      G_GUINT64_FORMAT, with, without);
  g_assert_cmpuint (with, <=, 2 * SRTLA_MILLISECOND);
  g_assert_cmpuint (without, >, 5 * SRTLA_MILLISECOND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/queue-live/budgets", test_budgets);
  g_test_add_func ("/queue-live/reserve", test_reserve);
  g_test_add_func ("/queue-live/class-length", test_class_length);
  g_test_add_func ("/queue-live/flow-length", test_flow_length);
  g_test_add_func ("/queue-live/own-budget", test_own_budget);
  return g_test_run ();
}
