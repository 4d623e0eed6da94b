/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bondsim SCENARIO… [--mode MODE[,MODE…]] [--seed N] [--seeds N] …
 * Runs scenarios in virtual time; see sim-scenario.h for the files.
 */
#include "sim-report.h"
#include "sim-values.h"

#include <string.h>

static gchar *modes = NULL, *profile = NULL, *receiver = NULL, *plot = NULL;
static gint64 first_seed = 1;
static gint n_seeds = 1, lossmaxttl = -1, jobs = 1;
static gboolean json = FALSE, csv = FALSE, markdown = FALSE, trace = FALSE;
static gchar **settings = NULL, **files = NULL;

static const GOptionEntry entries[] = {
  {"mode", 'm', 0, G_OPTION_ARG_STRING, &modes, "classic, enhanced, oracle, … "
        "with -quality, +exploration, -brake or -priority behind it to "
        "switch; several with "
        "commas are compared with the first (default classic)", "MODE"},
  {"seed", 's', 0, G_OPTION_ARG_INT64, &first_seed, "first seed (1)", "N"},
  {"seeds", 'n', 0, G_OPTION_ARG_INT, &n_seeds, "how many seeds (1)", "N"},
  {"profile", 0, 0, G_OPTION_ARG_STRING, &profile,
      "of the SRT receiver", "stock|tolerant"},
  {"lossmaxttl", 0, 0, G_OPTION_ARG_INT, &lossmaxttl,
      "of a stock SRT receiver", "0|40"},
  {"receiver", 0, 0, G_OPTION_ARG_STRING, &receiver,
      "behaviour of the SRTLA receiver", "a..f"},
  {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings,
        "override one key, as caller.latency=300ms or NAME.out.rate=2Mbit/s",
      "WHOSE.KEY=VALUE"},
  {"json", 0, 0, G_OPTION_ARG_NONE, &json, "print JSON", NULL},
  {"csv", 0, 0, G_OPTION_ARG_NONE, &csv, "print CSV, a line each run", NULL},
  {"markdown", 0, 0, G_OPTION_ARG_NONE, &markdown,
      "print the comparison table even of one mode", NULL},
  {"plot", 0, 0, G_OPTION_ARG_FILENAME, &plot,
      "draw each uplink's rates over time in the first run", "FILE.png"},
  {"trace", 0, 0, G_OPTION_ARG_NONE, &trace, "print the bond's events", NULL},
  {"jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "runs at the same time (1)", "N"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL,
      "SCENARIO…"},
  G_OPTION_ENTRY_NULL
};

/* Cuts "+exploration", "-quality" and the like off a mode. */
static void
cut_switch (gchar *mode, const gchar *name, SimSwitch *value)
{
  gchar *place = strstr (mode, name);

  if (place == NULL || place == mode)
    return;
  *value = place[-1] == '+' ? SIM_YES : SIM_NO;
  memmove (place - 1, place + strlen (name), strlen (place + strlen (name)) + 1);
}

static gboolean
read_variant (const gchar *variant, SimOptions *options, GError **error)
{
  gchar *mode = g_strdup (variant);

  cut_switch (mode, "quality", &options->quality);
  cut_switch (mode, "exploration", &options->exploration);
  cut_switch (mode, "brake", &options->brake);
  cut_switch (mode, "priority", &options->priority);
  options->mode = g_intern_string (mode);
  options->trace = trace;
  g_free (mode);
  return sim_run_check_mode (options->mode, error);
}

static gboolean
override (SimScenario *scenario, const gchar *key, const gchar *value,
    GError **error)
{
  gchar *assignment;
  gboolean good;

  if (value == NULL)
    return TRUE;
  assignment = g_strdup_printf ("%s=%s", key, value);
  good = sim_scenario_set (scenario, assignment, error);
  g_free (assignment);
  return good;
}

static SimScenario *
load (const gchar *file, GError **error)
{
  SimScenario *scenario = sim_scenario_load (file, error);
  gchar *ttl = lossmaxttl < 0 ? NULL : g_strdup_printf ("%d", lossmaxttl);
  gboolean good = scenario != NULL
      && override (scenario, "scenario.profile", profile, error)
      && override (scenario, "scenario.lossmaxttl", ttl, error)
      && override (scenario, "scenario.receiver", receiver, error);
  guint i;

  for (i = 0; good && settings != NULL && settings[i] != NULL; i++)
    good = sim_scenario_set (scenario, settings[i], error);
  if (!good)
    g_clear_pointer (&scenario, sim_scenario_free);
  g_free (ttl);
  return scenario;
}

typedef struct
{
  const SimScenario *scenario;
  SimOptions options;
  SimResult **result;           /* where it goes */
} Job;

static void
work (gpointer data, gpointer user_data)
{
  Job *job = data;

  (void) user_data;
  *job->result = sim_run (job->scenario, &job->options);
  g_free (job);
}

static gboolean
add_series (GArray *all, const SimScenario *scenario, const gchar *variant,
    GThreadPool *pool, GError **error)
{
  SimSeries series = { scenario, g_strdup (variant), 0, NULL };
  guint i;

  series.n_results = (guint) n_seeds;
  series.results = g_new0 (SimResult *, series.n_results);
  g_array_append_val (all, series);
  for (i = 0; i < series.n_results; i++) {
    Job *job = g_new0 (Job, 1);

    job->scenario = scenario;
    job->options.seed = (guint64) first_seed + i;
    job->result = &series.results[i];
    if (!read_variant (variant, &job->options, error)) {
      g_free (job);
      return FALSE;
    }
    g_thread_pool_push (pool, job, NULL);
  }
  return TRUE;
}

static gboolean
report (const SimSeries *series, guint n_series, gboolean compare,
    GError **error)
{
  GString *out = g_string_new (NULL);
  gboolean good = TRUE;
  guint i;

  if (json)
    sim_report_json (series, n_series, out);
  else if (csv)
    sim_report_csv (series, n_series, out);
  else if (compare || markdown)
    sim_report_comparison (series, n_series, out);
  else
    for (i = 0; i < n_series; i++) {
      g_string_append (out, i > 0 ? "\n" : "");
      if (n_seeds == 1)
        sim_report_run (&series[i], series[i].results[0], out);
      else
        sim_report_series (&series[i], out);
    }
  g_print ("%s", out->str);
  if (plot != NULL)
    good = sim_report_plot (&series[0], series[0].results[0], plot, error);
  g_string_free (out, TRUE);
  return good;
}

static gboolean
run_all (GError **error)
{
  gchar **variants = g_strsplit (modes != NULL ? modes : "classic", ",", -1);
  GPtrArray *scenarios =
      g_ptr_array_new_with_free_func ((GDestroyNotify) sim_scenario_free);
  GArray *all = g_array_new (FALSE, FALSE, sizeof (SimSeries));
  GThreadPool *pool = g_thread_pool_new (work, NULL, MAX (1, jobs), FALSE,
      NULL);
  gboolean good = TRUE;
  guint i, j;

  for (i = 0; good && files[i] != NULL; i++) {
    SimScenario *scenario = load (files[i], error);

    good = scenario != NULL;
    if (good)
      g_ptr_array_add (scenarios, scenario);
    for (j = 0; good && variants[j] != NULL; j++)
      good = add_series (all, scenario, variants[j], pool, error);
  }
  g_thread_pool_free (pool, !good, TRUE);
  if (good)
    good = report ((SimSeries *) all->data, all->len, variants[1] != NULL,
        error);
  for (i = 0; i < all->len; i++) {
    SimSeries *series = &g_array_index (all, SimSeries, i);

    for (j = 0; j < series->n_results; j++)
      g_clear_pointer (&series->results[j], sim_result_free);
    g_free (series->results);
    g_free (series->variant);
  }
  g_array_free (all, TRUE);
  g_ptr_array_unref (scenarios);
  g_strfreev (variants);
  return good;
}

int
main (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("- simulate a bond");
  GError *error = NULL;
  gboolean good;

  g_option_context_add_main_entries (context, entries, NULL);
  good = g_option_context_parse (context, &argc, &argv, &error);
  g_option_context_free (context);
  if (good && (files == NULL || n_seeds < 1)) {
    good = FALSE;
    g_set_error (&error, SIM_SCENARIO_ERROR, 0,
        "a scenario file and at least one seed were expected");
  }
  good = good && run_all (&error);
  if (!good)
    g_printerr ("bondsim: %s\n", error->message);
  g_clear_error (&error);
  g_strfreev (settings);
  g_strfreev (files);
  g_free (modes);
  g_free (profile);
  g_free (receiver);
  g_free (plot);
  return good ? 0 : 1;
}
