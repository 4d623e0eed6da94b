/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loads that can be carried in time, through the bond as a whole: flows, ingress,
 * classes, egress and an uplink with a highest bitrate. First in, first out, the
 * same arrivals are not in time.
 */
#define TASKS 18
#include "feasible-load.h"
#include "queue-world.h"

/* Deadlines against the classes' default budgets: the uplink is slow. */
#define FACTOR 8
/* An uplink may send a packet ahead of its rate, and in µs. */
#define AHEAD  SRTLA_MAX_DATAGRAM

typedef struct
{
  guint missed, late;           /* by arrivals and deadlines; as the bond counts */
} Outcome;

static void
open_flows (World *world, const Task *tasks, gboolean fifo)
{
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    SrtlaClassSettings settings = srtla_class_defaults[i];

    if (settings.budget != SRTLA_TIME_NONE)
      settings.budget *= FACTOR;
    settings.length = 2048;
    srtla_bond_set_class (world->bond, i, &settings);
  }
  for (i = 0; i < TASKS; i++) {
    const SrtlaFlowSettings settings = { fifo ? SRTLA_CLASS_LOW
          : (gint) tasks[i].priority, 0, 3000, 2048 };

    if (i == 0 || !fifo)        /* there one flow is all */
      srtla_bond_set_flow (world->bond, 1 + i, &settings);
  }
}

/* Pushes each packet when it comes, and looks when it left. */
static Outcome
run_load (const Task *tasks, GArray *arrivals, guint64 bitrate, gboolean fifo)
{
  World *world = world_new (1);
  SrtlaTime begin = world->now;
  Outcome outcome = { 0, 0 };
  SrtlaBondStats *stats;
  guint i;

  open_flows (world, tasks, fifo);
  srtla_bond_uplink_limit (world->bond, 0, bitrate, world->now);
  for (i = 0; i < arrivals->len; i++) {
    const Arrival *arrival = &g_array_index (arrivals, Arrival, i);
    SrtlaTime at = begin + (arrival->at + 999) / 1000;

    if (at > world->now)
      pass (world, at - world->now);
    push_number (world, fifo ? 1 : 1 + arrival->task, 1000 + i,
        tasks[arrival->task].size, 0, FALSE, FALSE);
    if (i + 1 < arrivals->len && g_array_index (arrivals, Arrival, i + 1).at
        == arrival->at)
      continue;                 /* these come together */
    take (world);
  }
  pass (world, 10 * SRTLA_SECOND);
  g_assert_cmpuint (world->n_sent, ==, arrivals->len);
  for (i = 0; i < world->n_sent; i++) {
    const Arrival *arrival = &g_array_index (arrivals, Arrival,
        world->sent[i].sequence - 1000);

    outcome.missed += (world->sent[i].at - begin) * 1000 > arrival->at
        + tasks[arrival->task].deadline + 2000 ? 1 : 0;
  }
  stats = stats_of (world);
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    outcome.late += stats->classes[i].traffic.late;
  g_free (stats);
  world_free (world);
  return outcome;
}

static void
test_feasible (void)
{
  GRand *rand = testing_rand_new ();
  guint sets = 0, drawn = 0, fifo_missed = 0, fifo_sets = 0, packets = 0, i;
  gdouble loads = 0.0;

  while (sets < 40) {
    guint64 bitrate = (guint64) g_rand_int_range (rand, 1000, 6000) * 1000;
    guint64 byte = 8 * G_GUINT64_CONSTANT (1000000000) / bitrate;
    Task tasks[TASKS];
    GArray *arrivals;
    Outcome outcome;

    drawn++;
    load_draw_tasks (rand, byte, FACTOR, tasks);
    if (!load_is_feasible (tasks, AHEAD * byte))
      continue;
    sets++;
    for (i = 0; i < TASKS; i++)
      loads += (gdouble) tasks[i].cost / tasks[i].interval;
    arrivals = load_draw_arrivals (rand, tasks);
    packets += arrivals->len;
    outcome = run_load (tasks, arrivals, bitrate, FALSE);
    g_assert_cmpuint (outcome.missed, ==, 0);
    g_assert_cmpuint (outcome.late, ==, 0);
    outcome = run_load (tasks, arrivals, bitrate, TRUE);
    fifo_missed += outcome.missed;
    fifo_sets += outcome.missed > 0 ? 1 : 0;
    g_array_unref (arrivals);
  }
  g_test_message ("%u of %u sets feasible, load %.2f, %u packets: none late, "
      "FIFO %u in %u sets", sets, drawn, loads / sets, packets, fifo_missed,
      fifo_sets);
  g_assert_cmpuint (fifo_missed, >, 0);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bond-load/feasible", test_feasible);
  return g_test_run ();
}
