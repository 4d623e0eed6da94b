/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Faults that last minutes, at their full length, in virtual time; tests/net has
 * them shorter, with real sockets.
 */
#include "sim-run.h"

#define SEEDS 20

static SimResult *
run (const gchar *file, const gchar *mode, guint64 seed)
{
  const SimOptions options = {.mode = mode,.seed = seed };
  gchar *path = g_build_filename (g_getenv ("SIM_SCENARIOS"), file, NULL);
  GError *error = NULL;
  SimScenario *scenario = sim_scenario_load (path, &error);
  SimResult *result;

  g_assert_no_error (error);
  result = sim_run (scenario, &options);
  sim_scenario_free (scenario);
  g_free (path);
  return result;
}

/* Under sanitizers, which are slow, a few will do. */
static guint
seeds (void)
{
  return g_getenv ("SRTLA_TEST_SLOW") != NULL ? 2 : SEEDS;
}

/* A link that comes and goes sixty times takes nothing with it. */
static void
test_flapping (gconstpointer mode)
{
  guint64 seed;

  for (seed = 1; seed <= seeds (); seed++) {
    SimResult *result = run ("flapping.scenario", mode, seed);
    const SimCallerResult *total = sim_result_total (result);

    g_test_message ("seed %" G_GUINT64_FORMAT ": %" G_GUINT64_FORMAT " of %"
        G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " sent again", seed,
        total->delivered, total->produced, total->retransmitted);
    g_assert_cmpuint (total->delivered, ==, total->produced);
    g_assert_cmpuint (total->connections, ==, 1);
    g_assert_cmpuint (result->uplinks[1].lost_silent, >, 0);
    sim_result_free (result);
  }
}

/* It stops at 10 s and is back at 70 s; SRT calls again every 3 s at most. */
static void
test_receiver_gone (gconstpointer mode)
{
  guint64 seed;

  for (seed = 1; seed <= seeds (); seed++) {
    SimResult *result = run ("receiver-gone.scenario", mode, seed);
    const SimCallerResult *total = sim_result_total (result);

    g_test_message ("seed %" G_GUINT64_FORMAT ": the last that was missing was "
        "made at %.2f s", seed, (gdouble) total->last_missing / SRTLA_SECOND);
    g_assert_cmpuint (total->last_missing, >, 60 * SRTLA_SECOND);
    g_assert_cmpuint (total->last_missing, <, 75 * SRTLA_SECOND);
    g_assert_cmpuint (total->connections, ==, 2);
    sim_result_free (result);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sim/faults/flapping/enhanced", "enhanced",
      test_flapping);
  g_test_add_data_func ("/sim/faults/receiver-gone/classic", "classic",
      test_receiver_gone);
  g_test_add_data_func ("/sim/faults/receiver-gone/enhanced", "enhanced",
      test_receiver_gone);
  return g_test_run ();
}
