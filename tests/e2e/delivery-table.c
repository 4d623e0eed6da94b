/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs scenarios of delivery.h again and again, in real time, and writes a
 * Markdown table: medians, and the worst run in brackets. `./run delivery`.
 */
#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct
{
  const gchar *title;
  const gchar *format;          /* of a figure */
  gdouble unit;                 /* that it is divided by */
} Column;

enum
{
  LOST,
  LOST_AROUND,
  RETRANSMITTED,
  LEFT,
  SHARE_AGAIN,
  RESUMED,
  WHOLE,
  TWICE,
  LATENESS,
  N_COLUMNS
};

static const Column columns[N_COLUMNS] = {
  {"lost, messages", "%.0f", 1},
  {"lost within 5 s, %", "%.2f", 1},
  {"sent again, %", "%.1f", 1},
  {"dead, still chosen, ms", "%.0f", 1e3},
  {"share after 2 s, % of before", "%.0f", 0.01},
  {"delivers again, s", "%.2f", 1e6},
  {"last loss, s", "%.1f", 1e6},
  {"copies, %", "%.1f", 1},
  {"sender late, ms", "%.0f", 1e3},
};

/* Under 0: there is no such thing; DELIVERY_NEVER: it did not come to it. */
static void
get_figures (const DeliveryScenario *scenario, const DeliveryResult *result,
    gdouble figures[N_COLUMNS])
{
  gboolean event = scenario->usual.event != 0;
  gboolean death = result->left != DELIVERY_NEVER;

  figures[LOST] = (gdouble) result->lost;
  figures[LOST_AROUND] = !death ? -1 : 100.0 * (gdouble) result->around_lost
      / (gdouble) MAX (result->around_sent, 1);
  figures[RETRANSMITTED] = delivery_retransmitted (result);
  figures[LEFT] = !death ? -1 : (gdouble) result->left;
  figures[SHARE_AGAIN] = result->share_again;
  figures[RESUMED] = !event || death ? -1 : (gdouble) result->resumed;
  figures[WHOLE] = !event || death ? -1 : (gdouble) result->whole;
  figures[TWICE] = 100.0 * (gdouble) result->duplicates
      / (gdouble) MAX (result->srt.sent, 1);
  figures[LATENESS] = (gdouble) result->lateness;
}

static void
write_figure (const Column *column, gdouble figure)
{
  if (figure < 0)
    printf ("–");
  else if (figure >= (gdouble) DELIVERY_NEVER)
    printf ("never");
  else
    printf (column->format, figure / column->unit);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gdouble one = *(const gdouble *) a, other = *(const gdouble *) b;

  return one < other ? -1 : one > other;
}

/* values: n runs of a figure; sorts them. */
static void
write_cell (const Column *column, gdouble *values, guint n)
{
  qsort (values, n, sizeof *values, compare);
  printf (" ");
  write_figure (column, n % 2 == 0 && values[n / 2] < (gdouble) DELIVERY_NEVER
      ? (values[n / 2 - 1] + values[n / 2]) / 2 : values[n / 2]);
  if (n > 1 && values[n - 1] >= 0 && values[0] != values[n - 1]) {
    printf (" (");
    write_figure (column, values[n - 1]);
    printf (")");
  }
  printf (" |");
}

static void
write_row (const DeliveryScenario *scenario, const gchar *mode, guint n_runs,
    guint64 seed, gboolean verbose)
{
  gdouble *values = g_new (gdouble, n_runs * N_COLUMNS);
  gdouble figures[N_COLUMNS];
  guint run, i;

  for (run = 0; run < n_runs; run++) {
    DeliveryResult result;

    delivery_run (scenario, mode, NULL, 1.0, seed + run, &result);
    get_figures (scenario, &result, figures);
    for (i = 0; i < N_COLUMNS; i++)
      values[i * n_runs + run] = figures[i];
    if (verbose)
      fprintf (stderr, "%s %s: %" G_GUINT64_FORMAT " messages, lost %"
          G_GUINT64_FORMAT "; libsrt: sent again %" G_GUINT64_FORMAT
          ", reported lost %" G_GUINT64_FORMAT ", given up %" G_GUINT64_FORMAT
          ", dropped %" G_GUINT64_FORMAT ", connections %u; rescued %"
          G_GUINT64_FORMAT ", second copies %" G_GUINT64_FORMAT
          ", NAKs held %" G_GUINT64_FORMAT ", dropped %" G_GUINT64_FORMAT
          ", released %" G_GUINT64_FORMAT "; late at most %.0f ms\n",
          scenario->name, mode, result.sent, result.lost,
          result.srt.retransmitted, result.srt.reported_lost,
          result.srt.given_up, result.srt.dropped, result.srt.connections,
          result.rescued, result.second_copies, result.naks_held,
          result.naks_dropped, result.naks_released,
          (gdouble) result.lateness / 1e3);
  }
  printf ("| %s; SRT latency %u ms | %s |", scenario->title,
      scenario->latency, mode);
  for (i = 0; i < N_COLUMNS; i++)
    write_cell (&columns[i], values + i * n_runs, n_runs);
  printf ("\n");
  g_free (values);
}

static void
write_head (void)
{
  guint i;

  printf ("| scenario | mode |");
  for (i = 0; i < N_COLUMNS; i++)
    printf (" %s |", columns[i].title);
  printf ("\n|---|---|");
  for (i = 0; i < N_COLUMNS; i++)
    printf ("---|");
  printf ("\n");
}

static void
say_nothing (const gchar *text)
{
  (void) text;
}

static void
say_aside (const gchar *text)
{
  fputs (text, stderr);
}

int
main (int argc, char **argv)
{
  gint n_runs = 3;
  gint64 seed = 1;
  gboolean verbose = FALSE;
  gchar *modes = NULL, **mode_list, **names = NULL;
  const GOptionEntry entries[] = {
    {"runs", 'n', 0, G_OPTION_ARG_INT, &n_runs, "Of each scenario (3)", "N"},
    {"mode", 0, 0, G_OPTION_ARG_STRING, &modes,
        "Comma-separated (classic,enhanced)", "MODES"},
    {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Of the first run (1)", "SEED"},
    {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "A line for each run",
        NULL},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &names, NULL,
        "[SCENARIO…]"},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}
  };
  GOptionContext *options = g_option_context_new ("- delivery, in real time");
  const DeliveryScenario *scenario;
  GError *error = NULL;
  guint i, mode;

  g_free (demo_tool_find_all ());
  gst_init (&argc, &argv);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || n_runs < 1) {
    g_printerr ("%s\n", error != NULL ? error->message : "--runs 1 or more");
    return EXIT_FAILURE;
  }
  for (i = 0; names != NULL && names[i] != NULL; i++) {
    if (delivery_find (names[i]) != NULL)
      continue;
    g_printerr ("no scenario %s; there are:", names[i]);
    for (scenario = delivery_scenarios; scenario->name != NULL; scenario++)
      g_printerr (" %s", scenario->name);
    g_printerr ("\n");
    return EXIT_FAILURE;
  }

  /* What the tests remark. */
  g_set_print_handler (verbose ? say_aside : say_nothing);
  setvbuf (stdout, NULL, _IOLBF, 0);
  mode_list = g_strsplit (modes != NULL ? modes : "classic,enhanced", ",", -1);
  write_head ();
  for (scenario = delivery_scenarios; scenario->name != NULL; scenario++) {
    if (names != NULL
        && !g_strv_contains ((const gchar * const *) names, scenario->name))
      continue;
    for (mode = 0; mode_list[mode] != NULL; mode++)
      write_row (scenario, mode_list[mode], (guint) n_runs, (guint64) seed,
          verbose);
  }
  g_strfreev (mode_list);
  g_strfreev (names);
  g_free (modes);
  g_option_context_free (options);
  return EXIT_SUCCESS;
}
