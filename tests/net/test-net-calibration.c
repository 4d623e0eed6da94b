/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The same scenarios in the simulator and over emulated links with real SRT:
 * delivered in time is the same, within two points. Several run at the same
 * time, each in namespaces of its own.
 */
#include "net-namespace.h"
#include "sim-run.h"

#include <gio/gio.h>
#include <math.h>
#include <string.h>

#define BOUND 2.0               /* points */
#define N_SEEDS 9               /* of the simulator */
/* Of the real thing; what is too long for its links varies by a point from run
 * to run, and so does what is measured on a busy machine. */
#define N_RUNS 3

typedef struct
{
  const gchar *scenario, *mode;
} Pair;

/* A batch each, so that two cores are not all taken. */
static const Pair first[] = {
  {"equal", "enhanced"}, {"unequal", "enhanced"}, {"lossy", "enhanced"},
  {"silent-death", "enhanced"}, {NULL, NULL}
};

static const Pair second[] = {
  {"lte", "enhanced"}, {"overload", "enhanced"}, {"two-callers", "enhanced"},
  {"silent-death", "classic"}, {NULL, NULL}
};

typedef struct
{
  gdouble in_time, retransmitted, lateness;
} Figures;

static gchar *
scenario_path (const Pair *pair)
{
  gchar *file = g_strconcat (pair->scenario, ".scenario", NULL);
  gchar *path = g_build_filename (g_getenv ("NET_SCENARIOS"), file, NULL);

  g_free (file);
  return path;
}

/* ---- Virtual time -------------------------------------------------------- */

static void
simulate (const Pair *pair, guint64 seed, Figures *figures)
{
  gchar *path = scenario_path (pair);
  GError *error = NULL;
  SimScenario *scenario = sim_scenario_load (path, &error);
  guint i;

  g_assert_no_error (error);
  memset (figures, 0, sizeof *figures);
  for (i = 0; i < N_SEEDS; i++) {
    const SimOptions options = {.mode = pair->mode,.seed = seed + i };
    SimResult *result = sim_run (scenario, &options);

    figures->in_time += sim_result_delivered (sim_result_total (result))
        / N_SEEDS;
    figures->retransmitted +=
        sim_result_retransmitted (sim_result_total (result)) / N_SEEDS;
    sim_result_free (result);
  }
  sim_scenario_free (scenario);
  g_free (path);
}

/* ---- Real time ----------------------------------------------------------- */

static GSubprocess *
begin (const Pair *pair, guint64 seed)
{
  gchar *program = g_build_filename (g_getenv ("SRTLA_TEST_NET"), "net-run",
      NULL);
  gchar *path = scenario_path (pair);
  gchar *seed_text = g_strdup_printf ("%" G_GUINT64_FORMAT, seed);
  GError *error = NULL;
  GSubprocess *process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE,
      &error, program, path, "--mode", pair->mode, "--seed", seed_text,
      "--json", NULL);

  g_assert_no_error (error);
  g_free (seed_text);
  g_free (program);
  g_free (path);
  return process;
}

static gdouble
get_number (const gchar *json, const gchar *name)
{
  gchar *key = g_strdup_printf ("\"%s\": ", name);
  const gchar *place = strstr (json, key);
  gdouble value;

  if (place == NULL)
    g_error ("no %s in %s", name, json);
  value = g_ascii_strtod (place + strlen (key), NULL);
  g_free (key);
  return value;
}

static void
end (GSubprocess *process, Figures *figures)
{
  gchar *json = NULL;
  GError *error = NULL;

  g_subprocess_communicate_utf8 (process, NULL, NULL, &json, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  figures->in_time = get_number (json, "in_time");
  figures->retransmitted = get_number (json, "retransmitted");
  figures->lateness = get_number (json, "lateness_us");
  g_object_unref (process);
  g_free (json);
}

/* Makes `real` the mean of one run more than the n that it has. */
static void
add_run (Figures *real, const Figures *again, guint n)
{
  real->in_time += (again->in_time - real->in_time) / (n + 1);
  real->retransmitted += (again->retransmitted - real->retransmitted) / (n + 1);
  real->lateness = MAX (real->lateness, again->lateness);
}

/* ---- Side by side -------------------------------------------------------- */

/* Returns: whether they agree. */
static gboolean
compare (const Pair *pair, const Figures *simulated, const Figures *real)
{
  gboolean good = fabs (simulated->in_time - real->in_time) <= BOUND;

  g_test_message ("%s, %s: in time %.2f %% simulated, %.2f %% real; sent again "
      "%.1f %% and %.1f %%; sender late by up to %.0f ms: %s", pair->scenario,
      pair->mode, simulated->in_time, real->in_time, simulated->retransmitted,
      real->retransmitted, real->lateness / 1e3, good ? "good" : "they differ");
  return good;
}

static void
test_batch (gconstpointer data)
{
  const Pair *pairs = data;
  GSubprocess *processes[8];
  Figures simulated, real;
  guint64 seed = 1 + (guint64) g_random_int_range (0, 1000);
  guint i, n;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  for (i = 0; pairs[i].scenario != NULL; i++)
    processes[i] = begin (&pairs[i], seed);
  for (i = 0; pairs[i].scenario != NULL; i++) {
    gboolean good;

    end (processes[i], &real);
    simulate (&pairs[i], seed, &simulated);
    good = compare (&pairs[i], &simulated, &real);
    for (n = 1; !good && n < N_RUNS; n++) {
      Figures again;

      end (begin (&pairs[i], seed + n), &again);
      add_run (&real, &again, n);
      good = compare (&pairs[i], &simulated, &real);
    }
    if (!good)
      g_error ("%s, %s: %.2f %% simulated, %.2f %% real", pairs[i].scenario,
          pairs[i].mode, simulated.in_time, real.in_time);
  }
}

int
main (int argc, char **argv)
{
  NetNamespaces namespaces;
  gchar *reason;

  /* Only to see whether net-run can. */
  if (!net_namespaces_enter (&namespaces, &reason))
    return net_namespaces_refused (reason);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/net/calibration/first", first, test_batch);
  g_test_add_data_func ("/net/calibration/second", second, test_batch);
  return g_test_run ();
}
