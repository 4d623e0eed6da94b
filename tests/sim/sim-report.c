/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-report.h"
#include "sim-stats.h"

#include <glib/gstdio.h>
#include <math.h>

typedef gdouble (*Value) (const SimResult *result);

static gdouble
delivered (const SimResult *result)
{
  return sim_result_delivered (sim_result_total (result));
}

static gdouble
retransmitted (const SimResult *result)
{
  return sim_result_retransmitted (sim_result_total (result));
}

static gdouble
lost (const SimResult *result)
{
  const SimCallerResult *total = sim_result_total (result);

  return (gdouble) (total->produced - total->delivered);
}

static gdouble
gap (const SimResult *result)
{
  return sim_result_total (result)->longest_gap / 1000.0;
}

static gdouble
mean_delay (const SimResult *result)
{
  return sim_result_total (result)->mean_delay;
}

static gdouble
p99_delay (const SimResult *result)
{
  return sim_result_total (result)->p99_delay;
}

static gdouble
duplicates (const SimResult *result)
{
  const SimCallerResult *total = sim_result_total (result);

  return total->produced == 0 ? 0 : 100.0 * total->duplicates / total->produced;
}

static gdouble
reordered (const SimResult *result)
{
  const SimCallerResult *total = sim_result_total (result);

  return total->produced == 0 ? 0 : 100.0 * total->reordered / total->produced;
}

static gdouble
speed (const SimResult *result)
{
  return result->virtual_time / MAX (1e-9, result->real_time);
}

static gdouble
quantile (const SimSeries *series, Value value, gdouble share)
{
  gdouble *values = g_new (gdouble, series->n_results), answer;
  guint i;

  for (i = 0; i < series->n_results; i++)
    values[i] = value (series->results[i]);
  answer = sim_stats_quantile (values, series->n_results, share);
  g_free (values);
  return answer;
}

/* ---- Tables ------------------------------------------------------------ */

static void
add_caller (const SimCallerResult *caller, GString *out)
{
  g_string_append_printf (out,
      "caller %s: delivered in time %.3f %% (%" G_GUINT64_FORMAT " of %"
      G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT " lost after latency)\n"
      "  retransmissions %.1f %%, dropped by the caller %" G_GUINT64_FORMAT
      ", duplicates %" G_GUINT64_FORMAT ", NAKs %" G_GUINT64_FORMAT "\n"
      "  reordered %" G_GUINT64_FORMAT " (by up to %u), longest gap %.0f ms, "
      "delay mean %.0f ms, p99 %.0f ms\n"
      "  connections %u, replies to the wrong caller %" G_GUINT64_FORMAT "\n",
      caller->name, sim_result_delivered (caller), caller->delivered,
      caller->produced, caller->produced - caller->delivered,
      sim_result_retransmitted (caller), caller->dropped_by_sender,
      caller->duplicates, caller->naks, caller->reordered,
      caller->reorder_most, caller->longest_gap / 1000.0, caller->mean_delay,
      caller->p99_delay, caller->connections, caller->misdirected);
}

/* What its flow saw of the bond. */
static void
add_flow (const SimCallerResult *caller, GString *out)
{
  const SrtlaTraffic *traffic = &caller->traffic;

  if (caller->last_missing > 0)
    g_string_append_printf (out, "  the last packet that was late was made at "
        "%.2f s\n", caller->last_missing / 1e6);
  if (traffic->packets_in == 0)
    return;
  g_string_append_printf (out, "  in the bond: p50 %.2f ms, p95 %.2f ms, p99 "
      "%.2f ms, at most %.2f ms; expired %" G_GUINT64_FORMAT ", no room %"
      G_GUINT64_FORMAT ", no uplink %" G_GUINT64_FORMAT "; at most %u waited\n",
      caller->queueing.p50 / 1e3, caller->queueing.p95 / 1e3,
      caller->queueing.p99 / 1e3, caller->queueing.maximum / 1e3,
      traffic->lost[SRTLA_LOSS_EXPIRED], traffic->lost[SRTLA_LOSS_QUEUE],
      traffic->lost[SRTLA_LOSS_NO_UPLINK], traffic->waiting_maximum);
}

void
sim_report_run (const SimSeries *series, const SimResult *result,
    GString *out)
{
  guint n_callers = result->n_callers + (result->n_callers > 1), i;

  g_string_append_printf (out, "%s, mode %s, seed %" G_GUINT64_FORMAT "\n",
      series->scenario->title, series->variant, result->seed);
  for (i = 0; i < n_callers; i++) {
    add_caller (&result->callers[i], out);
    add_flow (&result->callers[i], out);
  }
  g_string_append_printf (out, "traffic %.1f %% of the media\n",
      sim_result_traffic (result));
  g_string_append (out, "uplink       share %   offered  delivered  lost: "
      "queue   random   silent\n");
  for (i = 0; i < result->n_uplinks; i++) {
    const SimUplinkResult *uplink = &result->uplinks[i];

    g_string_append_printf (out, "%-12s %7.1f %9" G_GUINT64_FORMAT " %10"
        G_GUINT64_FORMAT " %12" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT " %8"
        G_GUINT64_FORMAT "\n", uplink->name, 100 * uplink->share,
        uplink->offered, uplink->delivered, uplink->lost_queue,
        uplink->lost_random, uplink->lost_silent);
  }
  g_string_append_printf (out, "%.1f s in %.3f s: %.0f times real time, %"
      G_GUINT64_FORMAT " events\n", result->virtual_time, result->real_time,
      speed (result), result->events);
}

static void
add_line (const gchar *name, gdouble delivered_share, gdouble lost_packets,
    gdouble retransmitted_share, gdouble reordered_share, gdouble longest,
    gdouble mean, gdouble p99, GString *out)
{
  g_string_append_printf (out, "%-8s %9.3f %7.0f %9.1f %9.1f %8.0f %7.0f "
      "%7.0f\n", name, delivered_share, lost_packets, retransmitted_share,
      reordered_share, longest, mean, p99);
}

void
sim_report_series (const SimSeries *series, GString *out)
{
  guint i;

  g_string_append_printf (out, "%s, mode %s\n"
      "seed     in time %%    lost resent %% reorder %%   gap ms mean ms  p99 "
      "ms\n", series->scenario->title, series->variant);
  for (i = 0; i < series->n_results; i++) {
    const SimResult *result = series->results[i];
    gchar *name = g_strdup_printf ("%" G_GUINT64_FORMAT, result->seed);

    add_line (name, delivered (result), lost (result), retransmitted (result),
        reordered (result), gap (result), mean_delay (result),
        p99_delay (result), out);
    g_free (name);
  }
  add_line ("median", quantile (series, delivered, 0.5), quantile (series,
          lost, 0.5), quantile (series, retransmitted, 0.5), quantile (series,
          reordered, 0.5), quantile (series, gap, 0.5), quantile (series,
          mean_delay, 0.5), quantile (series, p99_delay, 0.5), out);
  add_line ("worst", quantile (series, delivered, 0), quantile (series,
          lost, 1), quantile (series, retransmitted, 1), quantile (series,
          reordered, 1), quantile (series, gap, 1), quantile (series,
          mean_delay, 1), quantile (series, p99_delay, 1), out);
  g_string_append_printf (out, "%.0f times real time\n", quantile (series,
          speed, 0.5));
}

/* ---- Comparison -------------------------------------------------------- */

static void
add_test (const SimSeries *first, const SimSeries *second, GString *out)
{
  guint n = first->n_results, i;
  gdouble *a = g_new (gdouble, n), *b = g_new (gdouble, n);
  SimSignTest test;

  for (i = 0; i < n; i++) {
    a[i] = delivered (first->results[i]);
    b[i] = delivered (second->results[i]);
  }
  sim_stats_sign_test (a, b, n, 1e-9, &test);
  g_string_append_printf (out, " %u / %u / %u | %.2g |\n", test.better,
      test.same, test.worse, test.p);
  g_free (a);
  g_free (b);
}

void
sim_report_comparison (const SimSeries *series, guint n_series, GString *out)
{
  const SimSeries *first = NULL;
  guint i;

  g_string_append (out,
      "| scenario | mode | delivered in time, % | lost after latency | "
      "retransmissions, % | traffic, % | longest gap, ms | delay p99, ms | "
      "better / same / worse | p |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n");
  for (i = 0; i < n_series; i++) {
    const SimSeries *one = &series[i];
    gboolean is_first = first == NULL || first->scenario != one->scenario;

    if (is_first)
      first = one;
    g_string_append_printf (out, "| %s | %s | %.2f (%.2f) | %.0f (%.0f) | "
        "%.1f (%.1f) | %.1f (%.1f) | %.0f (%.0f) | %.0f (%.0f) |",
        is_first ? one->scenario->name : "", one->variant,
        quantile (one, delivered, 0.5), quantile (one, delivered, 0),
        quantile (one, lost, 0.5), quantile (one, lost, 1),
        quantile (one, retransmitted, 0.5), quantile (one, retransmitted, 1),
        quantile (one, sim_result_traffic, 0.5),
        quantile (one, sim_result_traffic, 1),
        quantile (one, gap, 0.5), quantile (one, gap, 1),
        quantile (one, p99_delay, 0.5), quantile (one, p99_delay, 1));
    if (is_first)
      g_string_append (out, " | |\n");
    else
      add_test (first, one, out);
  }
}

/* ---- For programs ------------------------------------------------------ */

static void
add_json_string (const gchar *text, GString *out)
{
  g_string_append_c (out, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c (out, '\\');
    if ((guchar) * text >= 0x20)
      g_string_append_c (out, *text);
  }
  g_string_append_c (out, '"');
}

static void
add_json_number (const gchar *name, gdouble value, GString *out)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.15g", value);
  g_string_append_printf (out, ", \"%s\": %s", name, number);
}

static void
add_json_caller (const SimCallerResult *caller, GString *out)
{
  g_string_append (out, "{\"name\": ");
  add_json_string (caller->name, out);
  add_json_number ("produced", caller->produced, out);
  add_json_number ("delivered", caller->delivered, out);
  add_json_number ("delivered-percent", sim_result_delivered (caller), out);
  add_json_number ("lost", caller->produced - caller->delivered, out);
  add_json_number ("sent", caller->sent, out);
  add_json_number ("retransmitted", caller->retransmitted, out);
  add_json_number ("retransmitted-percent",
      sim_result_retransmitted (caller), out);
  add_json_number ("dropped-by-caller", caller->dropped_by_sender, out);
  add_json_number ("arrived", caller->arrived, out);
  add_json_number ("duplicates", caller->duplicates, out);
  add_json_number ("reordered", caller->reordered, out);
  add_json_number ("reordered-most", caller->reorder_most, out);
  add_json_number ("naks", caller->naks, out);
  add_json_number ("misdirected", caller->misdirected, out);
  add_json_number ("connections", caller->connections, out);
  add_json_number ("longest-gap-ms", caller->longest_gap / 1000.0, out);
  add_json_number ("mean-delay-ms", caller->mean_delay, out);
  add_json_number ("p99-delay-ms", caller->p99_delay, out);
  g_string_append_c (out, '}');
}

static void
add_json_uplink (const SimUplinkResult *uplink, GString *out)
{
  g_string_append (out, "{\"name\": ");
  add_json_string (uplink->name, out);
  add_json_number ("share", uplink->share, out);
  add_json_number ("offered", uplink->offered, out);
  add_json_number ("offered-bytes", uplink->offered_bytes, out);
  add_json_number ("delivered", uplink->delivered, out);
  add_json_number ("delivered-bytes", uplink->delivered_bytes, out);
  add_json_number ("lost-queue", uplink->lost_queue, out);
  add_json_number ("lost-random", uplink->lost_random, out);
  add_json_number ("lost-silent", uplink->lost_silent, out);
  g_string_append_c (out, '}');
}

static void
add_json_run (const SimSeries *series, const SimResult *result, GString *out)
{
  guint i;

  g_string_append (out, "  {\"scenario\": ");
  add_json_string (series->scenario->name, out);
  g_string_append (out, ", \"mode\": ");
  add_json_string (series->variant, out);
  add_json_number ("seed", result->seed, out);
  add_json_number ("virtual-seconds", result->virtual_time, out);
  add_json_number ("traffic-percent", sim_result_traffic (result), out);
  add_json_number ("speed", floor (speed (result)), out);
  g_string_append (out, ",\n   \"all\": ");
  add_json_caller (sim_result_total (result), out);
  g_string_append (out, ",\n   \"callers\": [");
  for (i = 0; i < result->n_callers; i++) {
    g_string_append (out, i > 0 ? ",\n     " : "");
    add_json_caller (&result->callers[i], out);
  }
  g_string_append (out, "],\n   \"uplinks\": [");
  for (i = 0; i < result->n_uplinks; i++) {
    g_string_append (out, i > 0 ? ",\n     " : "");
    add_json_uplink (&result->uplinks[i], out);
  }
  g_string_append (out, "]}");
}

void
sim_report_json (const SimSeries *series, guint n_series, GString *out)
{
  gboolean first = TRUE;
  guint i, j;

  g_string_append (out, "[\n");
  for (i = 0; i < n_series; i++) {
    for (j = 0; j < series[i].n_results; j++) {
      g_string_append (out, first ? "" : ",\n");
      add_json_run (&series[i], series[i].results[j], out);
      first = FALSE;
    }
  }
  g_string_append (out, "\n]\n");
}

void
sim_report_csv (const SimSeries *series, guint n_series, GString *out)
{
  guint i, j;

  g_string_append (out, "scenario,mode,seed,delivered_percent,lost,"
      "retransmitted_percent,traffic_percent,duplicates_percent,"
      "reordered_percent,longest_gap_ms,mean_delay_ms,p99_delay_ms\n");
  for (i = 0; i < n_series; i++) {
    for (j = 0; j < series[i].n_results; j++) {
      const SimResult *result = series[i].results[j];

      g_string_append_printf (out, "%s,%s,%" G_GUINT64_FORMAT
          ",%.4f,%.0f,%.3f,%.3f,%.3f,%.3f,%.1f,%.2f,%.2f\n",
          series[i].scenario->name, series[i].variant, result->seed,
          delivered (result), lost (result), retransmitted (result),
          sim_result_traffic (result), duplicates (result),
          reordered (result), gap (result), mean_delay (result),
          p99_delay (result));
    }
  }
}

/* ---- Plot -------------------------------------------------------------- */

/* One block of "time offered delivered" lines for each uplink, Mbit/s. */
static void
add_plot_data (const SimResult *result, GString *out)
{
  gdouble scale = 8.0 / SIM_BIN;        /* bytes a bin → Mbit/s */
  guint i, j;

  for (i = 0; i < result->n_uplinks; i++) {
    const SimUplinkResult *uplink = &result->uplinks[i];

    g_string_append_printf (out, "$uplink%u << END\n", i);
    for (j = 0; j < uplink->n_bins; j++)
      g_string_append_printf (out, "%.2f %.4f %.4f\n", j * SIM_BIN / 1e6,
          uplink->offered_bins[j] * scale, uplink->delivered_bins[j] * scale);
    g_string_append (out, "END\n");
  }
}

/* gnuplot's strings in single quotes know no escapes. */
static gchar *
quotable (const gchar *text)
{
  return g_strdelimit (g_strdup (text), "'\n", ' ');
}

gboolean
sim_report_plot (const SimSeries *series, const SimResult *result,
    const gchar *file, GError **error)
{
  GString *script = g_string_new (NULL);
  gchar *arguments[] = { (gchar *) "gnuplot", NULL, NULL };
  gchar *title = quotable (series->scenario->title), *name = quotable (file);
  gboolean good;
  gint handle, status;
  guint i;

  add_plot_data (result, script);
  g_string_append_printf (script,
      "set terminal pngcairo size 1200,%u\nset output '%s'\n"
      "set multiplot layout %u,1 title '%s, %s, seed %" G_GUINT64_FORMAT
      "' noenhanced\nset grid\nset yrange [0:*]\nset ylabel 'Mbit/s'\n",
      120 + 220 * result->n_uplinks, name, result->n_uplinks, title,
      series->variant, result->seed);
  for (i = 0; i < result->n_uplinks; i++)
    g_string_append_printf (script, "set title '%s' noenhanced\n"
        "plot $uplink%u using 1:2 with lines title 'offered', "
        "$uplink%u using 1:3 with lines title 'delivered'\n",
        result->uplinks[i].name, i, i);
  g_string_append (script, "unset multiplot\n");
  handle = g_file_open_tmp ("bondsim-XXXXXX", &arguments[1], error);
  good = handle >= 0 && g_close (handle, error)
      && g_file_set_contents (arguments[1], script->str, -1, error)
      && g_spawn_sync (NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
      NULL, NULL, &status, error)
      && g_spawn_check_wait_status (status, error);
  if (arguments[1] != NULL)
    g_remove (arguments[1]);
  g_free (arguments[1]);
  g_free (title);
  g_free (name);
  g_string_free (script, TRUE);
  return good;
}
