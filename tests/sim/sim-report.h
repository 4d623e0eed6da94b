/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Results for reading: tables, JSON, CSV, a comparison of modes, a plot.
 */
#pragma once

#include "sim-run.h"

G_BEGIN_DECLS

/* All runs of one scenario in one mode, in the order of their seeds. */
typedef struct
{
  const SimScenario *scenario;
  gchar *variant;               /* the mode and its switches, as asked for */
  guint n_results;
  SimResult **results;
} SimSeries;

/* One run: everything. */
void sim_report_run (const SimSeries *series, const SimResult *result,
    GString *out);
/* Several: a line each, then median and worst. */
void sim_report_series (const SimSeries *series, GString *out);
void sim_report_json (const SimSeries *series, guint n_series, GString *out);
/* A line each run, with a heading line. */
void sim_report_csv (const SimSeries *series, guint n_series, GString *out);

/* A Markdown table, a line for each scenario and mode: median and worst over
 * the seeds. Series of one scenario follow each other; the first is what the
 * others are compared with, by a sign test over pairs of the same seed. */
void sim_report_comparison (const SimSeries *series, guint n_series,
    GString *out);

/* Draws each uplink's offered and delivered rate over time as a PNG, through
 * gnuplot. */
gboolean sim_report_plot (const SimSeries *series, const SimResult *result,
    const gchar *file, GError **error);

G_END_DECLS
