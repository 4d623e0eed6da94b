/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums over seeds, the tables, the plot; virtual time and randomness. */
#include "sim-clock.h"
#include "sim-random.h"
#include "sim-report.h"
#include "sim-stats.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_quantile (void)
{
  static const struct { guint n; gdouble share, expected; } table[] = {
    {1, 0, 5}, {1, 1, 5}, {2, 0.5, 3}, {5, 0, 1}, {5, 0.5, 4}, {5, 1, 9},
    {5, 0.25, 2}, {0, 0.5, 0},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    gdouble values[] = { 5, 1, 9, 2, 4 };

    g_assert_cmpfloat_with_epsilon (sim_stats_quantile (values, table[i].n,
            table[i].share), table[i].expected, 1e-9);
  }
}

/* Two-sided binomial probabilities from a table. */
static void
test_sign_test (void)
{
  static const struct { guint better, worse, same; gdouble p; } table[] = {
    {0, 0, 5, 1}, {5, 5, 0, 1}, {8, 2, 3, 0.109375}, {2, 8, 0, 0.109375},
    {10, 0, 0, 0.001953125}, {1, 0, 9, 1}, {50, 0, 0, 1.7763568394002505e-15},
  };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    gdouble first[64] = { 0, }, second[64] = { 0, };
    guint n = table[i].better + table[i].worse + table[i].same;
    SimSignTest test;

    for (j = 0; j < n; j++)
      second[j] = j < table[i].better ? 1
          : j < table[i].better + table[i].worse ? -1 : 0.001;
    sim_stats_sign_test (first, second, n, 0.01, &test);
    g_assert_cmpuint (test.better, ==, table[i].better);
    g_assert_cmpuint (test.worse, ==, table[i].worse);
    g_assert_cmpuint (test.same, ==, table[i].same);
    g_assert_cmpfloat_with_epsilon (test.p, table[i].p, table[i].p * 1e-9);
  }
}

static void
note (gpointer target, gpointer data, SrtlaTime now)
{
  (void) now;
  g_string_append_c (target, (gchar) GPOINTER_TO_INT (data));
}

static void
note_timer (gpointer target, gpointer data, SrtlaTime now)
{
  (void) data;
  g_string_append_printf (target, "<%u>", (guint) (now - SIM_START));
}

static void
test_clock (void)
{
  SimClock *clock = sim_clock_new ();
  GString *trace = g_string_new (NULL);
  static const struct { SrtlaTime at; gchar what; } table[] = {
    {30, 'd'}, {10, 'a'}, {20, 'b'}, {20, 'c'}, {40, 'e'}, {100, 'z'},
  };
  SimTimer timer;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++)
    sim_clock_call (clock, SIM_START + table[i].at, note, trace,
        GINT_TO_POINTER ((gint) table[i].what));
  sim_timer_init (&timer, clock, note_timer, trace);
  sim_timer_set (&timer, SIM_START + 15);
  sim_timer_set (&timer, SIM_START + 35);       /* later: one call */
  sim_clock_run (clock, SIM_START + 35);
  sim_timer_set (&timer, SIM_START + 60);
  sim_timer_set (&timer, SIM_START + 45);       /* earlier: one call */
  sim_clock_run (clock, SIM_START + 50);
  sim_timer_set (&timer, SIM_START + 55);
  sim_timer_set (&timer, SRTLA_TIME_NONE);      /* off: none */
  sim_clock_run (clock, SIM_START + 99);
  g_assert_cmpstr (trace->str, ==, "abcd<35>e<45>");
  g_assert_cmpuint (sim_clock_now (clock), ==, SIM_START + 99);
  g_string_free (trace, TRUE);
  sim_clock_free (clock);
}

/* Streams of one seed are no copies of each other. */
static void
test_random (void)
{
  SimRandom a, b, c;
  gdouble sum = 0, squares = 0, product = 0;
  const guint n = 100000;
  guint i;

  sim_random_init (&a, 1, "one");
  sim_random_init (&b, 1, "two");
  for (i = 0; i < n; i++) {
    gdouble x = sim_random_normal (&a), y = sim_random_normal (&b);

    sum += x;
    squares += x * x;
    product += x * y;
  }
  g_assert_cmpfloat_with_epsilon (sum / n, 0, 0.02);
  g_assert_cmpfloat_with_epsilon (squares / n, 1, 0.02);
  g_assert_cmpfloat_with_epsilon (product / n, 0, 0.02);
  sim_random_init (&a, 1, "one");
  sim_random_init (&c, 1, "one");
  g_assert_cmpuint (sim_random_bits (&a), ==, sim_random_bits (&c));
}

/* ---- Reports of a real run --------------------------------------------- */

static SimResult *result;
static SimScenario *scenario;

static void
test_texts (void)
{
  SimResult *results[] = { result, result };
  SimSeries series[] = {
    {scenario, (gchar *) "classic", 2, results},
    {scenario, (gchar *) "other", 2, results},
  };
  GString *out = g_string_new (NULL);

  sim_report_run (&series[0], result, out);
  g_assert_nonnull (strstr (out->str, "delivered in time 100.000 %"));
  g_assert_nonnull (strstr (out->str, "times real time"));
  g_string_truncate (out, 0);
  sim_report_series (&series[0], out);
  g_assert_nonnull (strstr (out->str, "\nmedian     100.000"));
  g_assert_nonnull (strstr (out->str, "\nworst      100.000"));
  g_string_truncate (out, 0);
  sim_report_comparison (series, 2, out);
  g_assert_nonnull (strstr (out->str, "\n| text | classic | 100.00 (100.00) |"));
  g_assert_nonnull (strstr (out->str, "\n|  | other | 100.00 (100.00) |"));
  g_assert_nonnull (strstr (out->str, " 0 / 2 / 0 | 1 |\n"));
  g_string_truncate (out, 0);
  sim_report_json (series, 2, out);
  g_assert_nonnull (strstr (out->str, "\"delivered-percent\": 100,"));
  g_assert_nonnull (strstr (out->str, "\"name\": \"u\", \"share\": 1,"));
  g_assert_true (g_str_has_suffix (out->str, "}\n]\n"));
  g_string_free (out, TRUE);
}

static void
test_plot (void)
{
  SimSeries series = { scenario, (gchar *) "classic", 1, &result };
  gchar *directory, *file, *bytes;
  GError *error = NULL;
  gsize size;

  file = g_find_program_in_path ("gnuplot");
  if (file == NULL) {
    g_test_skip ("gnuplot is not installed");
    return;
  }
  g_free (file);
  directory = g_dir_make_tmp ("bondsim-XXXXXX", &error);
  g_assert_no_error (error);
  file = g_build_filename (directory, "rates.png", NULL);
  sim_report_plot (&series, result, file, &error);
  g_assert_no_error (error);
  g_file_get_contents (file, &bytes, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, >, 1000);
  g_assert_cmpmem (bytes, 4, "\x89PNG", 4);
  g_remove (file);
  g_rmdir (directory);
  g_free (bytes);
  g_free (file);
  g_free (directory);
}

int
main (int argc, char **argv)
{
  SimOptions options = { 0, };
  int status;

  g_test_init (&argc, &argv, NULL);
  scenario = sim_scenario_parse ("[scenario]\nduration = 3s\ntitle = it's\n"
      "[caller c]\nrate = 1Mbit/s\n[uplink u]\nrate = 5Mbit/s\n", "text", ".",
      NULL);
  options.mode = "classic";
  options.seed = 1;
  result = sim_run (scenario, &options);
  g_test_add_func ("/sim/report/quantile", test_quantile);
  g_test_add_func ("/sim/report/sign-test", test_sign_test);
  g_test_add_func ("/sim/report/clock", test_clock);
  g_test_add_func ("/sim/report/random", test_random);
  g_test_add_func ("/sim/report/texts", test_texts);
  g_test_add_func ("/sim/report/plot", test_plot);
  status = g_test_run ();
  sim_result_free (result);
  sim_scenario_free (scenario);
  return status;
}
