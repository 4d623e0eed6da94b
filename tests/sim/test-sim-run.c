/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole runs: the same seed gives the same result, every scenario runs, and
 * classic mode lands where the deployed sender was measured. The directory of
 * the scenarios is in SIM_SCENARIOS. */
#include "sim-report.h"
#include "sim-stats.h"

#include <string.h>

/* Under valgrind and sanitizers. */
static gboolean
is_slow (void)
{
  return g_getenv ("SRTLA_TEST_SLOW") != NULL;
}

static SimScenario *
load (const gchar *name, const gchar *const *settings)
{
  gchar *file = g_strconcat (name, ".scenario", NULL);
  gchar *path = g_build_filename (g_getenv ("SIM_SCENARIOS"), file, NULL);
  GError *error = NULL;
  SimScenario *scenario = sim_scenario_load (path, &error);

  g_assert_no_error (error);
  for (; settings != NULL && *settings != NULL; settings++) {
    sim_scenario_set (scenario, *settings, &error);
    g_assert_no_error (error);
  }
  g_free (path);
  g_free (file);
  return scenario;
}

static SimResult *
run (const SimScenario *scenario, const gchar *mode, guint64 seed)
{
  SimOptions options = { 0, };

  options.mode = mode;
  options.seed = seed;
  return sim_run (scenario, &options);
}

static gchar *
run_csv (const gchar *name, const gchar *mode, guint64 seed)
{
  const gchar *settings[] = { is_slow ()? "scenario.duration=3s" : NULL,
    NULL };
  SimScenario *scenario = load (name, settings);
  SimResult *result = run (scenario, mode, seed);
  SimSeries series = { scenario, (gchar *) mode, 1, &result };
  GString *out = g_string_new (NULL);
  guint i;

  sim_report_csv (&series, 1, out);
  for (i = 0; i < result->n_uplinks; i++)
    g_string_append_printf (out, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
        "\n", result->uplinks[i].offered_bytes,
        result->uplinks[i].delivered_bytes);
  g_string_append_printf (out, "%" G_GUINT64_FORMAT "\n", result->events);
  sim_result_free (result);
  sim_scenario_free (scenario);
  return g_string_free (out, FALSE);
}

static void
test_determinism (void)
{
  static const gchar *const modes[] = { "classic", "oracle" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (modes); i++) {
    gchar *first = run_csv ("lte-55", modes[i], 3);
    gchar *second = run_csv ("lte-55", modes[i], 3);
    gchar *other = run_csv ("lte-55", modes[i], 4);

    g_assert_cmpstr (first, ==, second);
    g_assert_cmpstr (first, !=, other);
    g_free (first);
    g_free (second);
    g_free (other);
  }
}

/* ---- Calibration ------------------------------------------------------- */

/* Measured: docs/simulator.md. The bounds are those of the median of five
 * seeds, as far from the measured figures as the model is. */
typedef struct
{
  const gchar *path, *scenario, *setting;
  gdouble least_delivered, most_delivered;      /* % */
  gdouble least_again, most_again;      /* % */
} Calibration;

static const Calibration calibrations[] = {
  /* 98.4 to 98.8 %, 111 to 117 %, whatever LOSSMAXTTL */
  {"/sim/run/calibration/unequal-0", "calibration-unequal",
      "scenario.lossmaxttl=0", 98.3, 99.2, 103, 118},
  {"/sim/run/calibration/unequal-40", "calibration-unequal",
      "scenario.lossmaxttl=40", 98.3, 99.4, 98, 118},
  /* 100 %, 4 % */
  {"/sim/run/calibration/unequal-tolerant", "calibration-unequal",
      "scenario.profile=tolerant", 99.99, 100, 3, 5},
  /* 100 %, 3 % */
  {"/sim/run/calibration/death", "calibration-death",
      "scenario.lossmaxttl=40", 99.99, 100, 2, 4},
  /* 99.97 % */
  {"/sim/run/calibration/death-tolerant", "calibration-death",
      "scenario.profile=tolerant", 99.93, 99.99, 0.5, 2},
};

static void
test_calibration (gconstpointer data)
{
  const Calibration *what = data;
  const gchar *settings[] = { what->setting, NULL };
  SimScenario *scenario;
  gdouble delivered[5], again[5];
  guint i;

  if (is_slow ()) {
    g_test_skip ("takes too long in a build this slow");
    return;
  }
  scenario = load (what->scenario, settings);
  for (i = 0; i < G_N_ELEMENTS (delivered); i++) {
    SimResult *result = run (scenario, "classic", i + 1);

    delivered[i] = sim_result_delivered (sim_result_total (result));
    again[i] = sim_result_retransmitted (sim_result_total (result));
    sim_result_free (result);
  }
  sim_scenario_free (scenario);
  delivered[0] = sim_stats_quantile (delivered, G_N_ELEMENTS (delivered), 0.5);
  again[0] = sim_stats_quantile (again, G_N_ELEMENTS (again), 0.5);
  g_test_message ("delivered %.3f %%, retransmissions %.1f %%", delivered[0],
      again[0]);
  g_assert_cmpfloat (delivered[0], >=, what->least_delivered);
  g_assert_cmpfloat (delivered[0], <=, what->most_delivered);
  g_assert_cmpfloat (again[0], >=, what->least_again);
  g_assert_cmpfloat (again[0], <=, what->most_again);
}

/* ---- Every scenario ---------------------------------------------------- */

static void
check_result (const SimResult *result)
{
  const SimCallerResult *total = sim_result_total (result);
  guint64 produced = 0, delivered = 0;
  gdouble share = 0;
  guint i;

  for (i = 0; i < result->n_callers; i++) {
    produced += result->callers[i].produced;
    delivered += result->callers[i].delivered;
  }
  g_assert_cmpuint (total->produced, ==, produced);
  g_assert_cmpuint (total->delivered, ==, delivered);
  g_assert_cmpuint (delivered, <=, produced);
  g_assert_cmpuint (delivered, >, 0);
  g_assert_cmpuint (total->arrived - total->duplicates, >=, delivered);
  g_assert_cmpuint (total->misdirected, ==, 0);
  for (i = 0; i < result->n_uplinks; i++) {
    const SimUplinkResult *uplink = &result->uplinks[i];

    /* What is missing is still on its way. */
    g_assert_cmpuint (uplink->offered, >=, uplink->delivered
        + uplink->lost_queue + uplink->lost_random + uplink->lost_silent);
    share += uplink->share;
  }
  g_assert_cmpfloat_with_epsilon (share, 1, 1e-9);
}

static void
test_scenario (gconstpointer data)
{
  static const gchar *const modes[] = { "classic", "enhanced", "oracle" };
  const gchar *settings[] = { is_slow ()? "scenario.duration=3s" : NULL,
    NULL };
  SimScenario *scenario = load (data, settings);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (modes); i++) {
    SimResult *result = run (scenario, modes[i], 1);

    check_result (result);
    sim_result_free (result);
  }
  sim_scenario_free (scenario);
}

static void
add_scenarios (void)
{
  GError *error = NULL;
  GDir *directory = g_dir_open (g_getenv ("SIM_SCENARIOS"), 0, &error);
  const gchar *file;

  g_assert_no_error (error);
  while ((file = g_dir_read_name (directory)) != NULL) {
    gchar *name, *path;

    if (!g_str_has_suffix (file, ".scenario"))
      continue;
    name = g_strndup (file, strlen (file) - strlen (".scenario"));
    path = g_strconcat ("/sim/run/scenario/", name, NULL);
    g_test_add_data_func_full (path, name, test_scenario, g_free);
    g_free (path);
  }
  g_dir_close (directory);
}

/* ---- Particular claims ------------------------------------------------- */

/* The oracle sends what is asked for again only if it is gone: it loses
 * nothing where there is room, and bounds what a bond can do. */
static void
test_oracle (void)
{
  const gchar *settings[] = { "scenario.duration=10s", NULL };
  SimScenario *scenario = load ("unequal-97", settings);
  SimResult *oracle, *classic;

  if (is_slow ()) {
    g_test_skip ("takes too long in a build this slow");
    sim_scenario_free (scenario);
    return;
  }
  oracle = run (scenario, "oracle", 1);
  classic = run (scenario, "classic", 1);
  g_assert_cmpfloat (sim_result_delivered (sim_result_total (oracle)), ==, 100);
  g_assert_cmpfloat (sim_result_delivered (sim_result_total (classic)), <, 99);
  sim_result_free (oracle);
  sim_result_free (classic);
  sim_scenario_free (scenario);
}

/* Each caller's stream comes through as if it were alone. */
static void
test_two_callers (void)
{
  SimScenario *scenario = load ("two-callers", NULL);
  SimResult *result;
  guint i;

  if (is_slow ()) {
    g_test_skip ("takes too long in a build this slow");
    sim_scenario_free (scenario);
    return;
  }
  result = run (scenario, "classic", 1);
  g_assert_cmpuint (result->n_callers, ==, 2);
  for (i = 0; i < 2; i++) {
    g_assert_cmpfloat (sim_result_delivered (&result->callers[i]), >=, 99.9);
    g_assert_cmpuint (result->callers[i].misdirected, ==, 0);
    g_assert_cmpuint (result->callers[i].connections, ==, 1);
  }
  sim_result_free (result);
  sim_scenario_free (scenario);
}

/* An urgent flow of 1 Mbit/s beside a bulk of twice the uplinks' 10 Mbit/s, and
 * another: it waits for a packet that is on its way out, no more. */
static void
test_overload (void)
{
  const SrtlaTime packet = 1360 * 8 / 10;       /* µs, at 10 Mbit/s */
  const SimCallerResult *urgent, *bulk, *rest;
  SimScenario *scenario = load ("overload-2x", NULL);
  guint64 seed, bytes;
  guint i;

  for (seed = 1; seed <= (is_slow ()? 0 : 5); seed++) {
    SimResult *result = run (scenario, "enhanced", seed);

    urgent = &result->callers[0];
    bulk = &result->callers[1];
    rest = &result->callers[2];
    g_test_message ("p99 %" G_GUINT64_FORMAT " µs", urgent->queueing.p99);
    g_assert_cmpuint (urgent->queueing.packets, >, 2000);
    g_assert_cmpuint (urgent->queueing.p99, <=, SRTLA_MILLISECOND + packet);
    /* From the first packet on. */
    g_assert_cmpuint (urgent->queueing.maximum, <=, SRTLA_MILLISECOND + packet);
    for (i = 0; i < SRTLA_N_LOSSES; i++)
      g_assert_cmpuint (urgent->traffic.lost[i], ==, 0);
    g_assert_cmpfloat (sim_result_delivered (urgent), >=, 99.9);
    bytes = urgent->traffic.bytes_out + bulk->traffic.bytes_out
        + rest->traffic.bytes_out;
    /* The uplinks are used, and a quantum of 1500 beside three of 3000 is a
     * seventh. */
    g_assert_cmpuint (bytes * 8 / 29, >, 9000000);
    g_assert_cmpfloat ((gdouble) rest->traffic.bytes_out / bytes, >, 1.0 / 7);
    g_assert_cmpuint (bulk->traffic.bytes_out, >, 2 * rest->traffic.bytes_out);
    sim_result_free (result);
  }
  sim_scenario_free (scenario);
}

/* 20 % too much from 10 to 20 s. What is late is not sent, and so all is in
 * time again within the SRT latency; in a queue without priorities and deadlines
 * all that follows is late, too. */
static void
test_after_overload (void)
{
  SimScenario *scenario = load ("overload-120", NULL);
  guint64 seed;

  for (seed = 1; seed <= (is_slow ()? 0 : 5); seed++) {
    SimResult *result = run (scenario, "enhanced", seed), *fifo;
    SimOptions options = { 0, };

    options.mode = "enhanced";
    options.priority = SIM_NO;
    options.seed = seed;
    fifo = sim_run (scenario, &options);
    g_test_message ("late until %.2f s, %.2f s", result->callers[0].last_missing
        / 1e6, fifo->callers[0].last_missing / 1e6);
    g_assert_cmpuint (result->callers[0].last_missing, >, 10 * SRTLA_SECOND);
    g_assert_cmpuint (result->callers[0].last_missing, <, 21 * SRTLA_SECOND);
    g_assert_cmpuint (fifo->callers[0].last_missing, >, 21 * SRTLA_SECOND);
    g_assert_cmpuint (result->callers[0].traffic.lost[SRTLA_LOSS_EXPIRED], >, 0);
    g_assert_cmpuint (fifo->callers[0].traffic.lost[SRTLA_LOSS_EXPIRED], ==, 0);
    g_assert_cmpuint (result->callers[0].delivered, >,
        fifo->callers[0].delivered);
    sim_result_free (result);
    sim_result_free (fifo);
  }
  sim_scenario_free (scenario);
}

/* Round trips that are longer for good are no queue: nothing is late, from 500 ms
 * of SRT latency on. */
static void
test_longer_path (void)
{
  static const gchar *const latencies[] = { "caller.latency=1s",
    "caller.latency=500ms"
  };
  guint i;

  for (i = 0; i < (is_slow ()? 1 : G_N_ELEMENTS (latencies)); i++) {
    const gchar *settings[] = { latencies[i], NULL };
    SimScenario *scenario = load ("longer-path", settings);
    SimResult *result = run (scenario, "enhanced", 1);

    g_assert_cmpfloat (sim_result_total (result)->delivered, >=,
        0.999 * sim_result_total (result)->produced);
    sim_result_free (result);
    sim_scenario_free (scenario);
  }
}

/* Round trips do not tell that it is full, its losses do. */
static void
test_short_queue (void)
{
  SimScenario *scenario = load ("short-queue", NULL);
  SimResult *result = run (scenario, "enhanced", 1);

  g_assert_cmpuint (result->uplinks[2].lost_queue, <,
      result->uplinks[2].offered / 2);
  g_assert_cmpuint (result->uplinks[2].delivered_bytes * 8 / 60, >, 250000);
  sim_result_free (result);
  sim_scenario_free (scenario);
}

/* A metered uplink carries what it may. */
static void
test_max_bitrate (void)
{
  const gchar *settings[] = { "scenario.duration=10s", "two.max-bitrate=1Mbit/s",
    NULL
  };
  SimScenario *scenario = load ("two-good", settings);
  SimResult *result = run (scenario, "enhanced", 1);

  g_assert_cmpuint (result->uplinks[1].offered_bytes * 8 / 10, <, 1100000);
  g_assert_cmpuint (result->uplinks[1].offered_bytes * 8 / 10, >, 500000);
  sim_result_free (result);
  sim_scenario_free (scenario);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/run/determinism", test_determinism);
  for (i = 0; i < G_N_ELEMENTS (calibrations); i++)
    g_test_add_data_func (calibrations[i].path, &calibrations[i],
        test_calibration);
  g_test_add_func ("/sim/run/oracle", test_oracle);
  g_test_add_func ("/sim/run/two-callers", test_two_callers);
  g_test_add_func ("/sim/run/overload", test_overload);
  g_test_add_func ("/sim/run/after-overload", test_after_overload);
  g_test_add_func ("/sim/run/longer-path", test_longer_path);
  g_test_add_func ("/sim/run/short-queue", test_short_queue);
  g_test_add_func ("/sim/run/max-bitrate", test_max_bitrate);
  add_scenarios ();
  return g_test_run ();
}
