/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-result.h"

#include <gio/gio.h>
#include <string.h>

void
net_result_clear (NetResult *result)
{
  guint i;

  for (i = 0; i < result->n_uplinks; i++)
    g_free (result->uplinks[i].name);
  for (i = 0; i < result->n_callers; i++)
    g_free (result->callers[i].name);
  g_free (result->uplinks);
  g_free (result->callers);
  memset (result, 0, sizeof *result);
}

/* ---- Figures ------------------------------------------------------------- */

typedef struct
{
  GArray *delays;               /* of gint64, µs */
  gint64 first_sent, last_sent, last_received, longest_gap;
} Collection;

static void
collect (gint64 sent_at, gint64 received_at, gpointer user_data)
{
  Collection *collection = user_data;
  gint64 delay = received_at - sent_at;

  collection->last_sent = sent_at;
  if (received_at == 0)
    return;
  if (collection->last_received != 0)
    collection->longest_gap = MAX (collection->longest_gap,
        received_at - collection->last_received);
  collection->last_received = received_at;
  g_array_append_val (collection->delays, delay);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gint64 one = *(const gint64 *) a, other = *(const gint64 *) b;

  return one < other ? -1 : one > other;
}

static gint64
quantile (const GArray *sorted, gdouble share)
{
  return sorted->len == 0 ? 0 : g_array_index (sorted, gint64,
      (guint) ((sorted->len - 1) * share));
}

static gdouble
per_cent (guint64 part, guint64 whole)
{
  return 100.0 * (gdouble) part / (gdouble) MAX (whole, 1);
}

static void
add_totals (SrtMeterTotals *sum, const SrtMeterTotals *totals)
{
  sum->sent += totals->sent;
  sum->retransmitted += totals->retransmitted;
  sum->reported_lost += totals->reported_lost;
  sum->given_up += totals->given_up;
  sum->received += totals->received;
  sum->gaps += totals->gaps;
  sum->dropped += totals->dropped;
  sum->connections += totals->connections;
}

/* Adds up what all callers have. */
static void
add_up (NetResult *result, const NetCallerResult *caller)
{
  gboolean first = result->n_callers == 1;

  result->sent += caller->sent;
  result->delivered += caller->delivered;
  result->in_time = per_cent (result->delivered, result->sent);
  result->retransmitted = per_cent (result->srt.retransmitted, result->sent);
  result->connections = result->srt.connections;
  result->longest_gap = MAX (result->longest_gap, caller->longest_gap);
  result->p50 = first ? caller->p50 : MAX (result->p50, caller->p50);
  result->p99 = first ? caller->p99 : MAX (result->p99, caller->p99);
}

void
net_result_add_caller (NetResult *result, SrtMeter *meter, const gchar *name,
    guint latency)
{
  Collection collection = { 0, };
  gint64 srt = latency * G_GINT64_CONSTANT (1000);
  NetCallerResult *caller;
  SrtMeterTotals totals;
  guint64 lost;

  result->callers = g_renew (NetCallerResult, result->callers,
      result->n_callers + 1);
  caller = &result->callers[result->n_callers++];
  memset (caller, 0, sizeof *caller);
  caller->name = g_strdup (name);
  srt_meter_count (meter, 0, G_MAXINT64, &caller->sent, &lost);
  caller->delivered = caller->sent - lost;
  srt_meter_get_totals (meter, &totals);
  caller->in_time = per_cent (caller->delivered, caller->sent);
  caller->retransmitted = per_cent (totals.retransmitted, caller->sent);

  collection.delays = g_array_new (FALSE, FALSE, sizeof (gint64));
  srt_meter_foreach (meter, collect, &collection);
  g_array_sort (collection.delays, compare);
  if (collection.delays->len > 0) {
    caller->p50 = quantile (collection.delays, 0.5) - srt;
    caller->p99 = quantile (collection.delays, 0.99) - srt;
  }
  /* A stream that never came back has a gap until the end. */
  caller->longest_gap = MAX (collection.longest_gap,
      collection.last_sent + srt - collection.last_received);
  g_array_free (collection.delays, TRUE);

  add_totals (&result->srt, &totals);
  result->lateness = MAX (result->lateness, srt_meter_lateness (meter));
  add_up (result, caller);
}

void
net_result_add_world (NetResult *result, NetWorld *world)
{
  guint64 total = 0;
  guint i;

  result->links_lateness = net_world_lateness (world, &result->links_p99);
  result->n_uplinks = net_world_count (world);
  result->uplinks = g_new0 (NetUplinkResult, result->n_uplinks);
  for (i = 0; i < result->n_uplinks; i++) {
    const SimUplinkSpec *spec =
        g_ptr_array_index (net_world_scenario (world)->uplinks, i);
    NetUplinkResult *uplink = &result->uplinks[i];

    uplink->name = g_strdup (spec->name);
    net_world_get_link (world, i, NET_OUT, &uplink->out);
    net_world_get_link (world, i, NET_BACK, &uplink->back);
    total += uplink->out.link.delivered_bytes;
  }
  for (i = 0; i < result->n_uplinks; i++)
    result->uplinks[i].share = (gdouble) result->uplinks[i].out.link
        .delivered_bytes / (gdouble) MAX (total, 1);
}

/* ---- Text ---------------------------------------------------------------- */

void
net_result_print (const NetResult *result, GString *out)
{
  guint i;

  g_string_append_printf (out,
      "delivered in time  %.3f %%: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
      ", %" G_GUINT64_FORMAT " lost after SRT's latency\n"
      "retransmissions    %.1f %% (%" G_GUINT64_FORMAT ")\n"
      "longest gap        %.0f ms at the application\n"
      "latency            p50 %+.1f ms, p99 %+.1f ms beyond SRT's\n"
      "SRT connections    %u\n"
      "lateness           sender up to %.1f ms, links up to %.1f ms (p99 %.1f "
      "ms)\n"
      "CPU, of one core   bond %.1f %%, SRT at both ends %.1f %%, receiver "
      "%.1f %%, emulator %.1f %%\n",
      result->in_time, result->delivered, result->sent,
      result->sent - result->delivered, result->retransmitted,
      result->srt.retransmitted, (gdouble) result->longest_gap / 1e3,
      (gdouble) result->p50 / 1e3, (gdouble) result->p99 / 1e3,
      result->connections, (gdouble) result->lateness / 1e3,
      (gdouble) result->links_lateness / 1e3, (gdouble) result->links_p99 / 1e3,
      result->cpu_bond, result->cpu_srt, result->cpu_receiver,
      result->cpu_emulator);
  for (i = 0; result->n_callers > 1 && i < result->n_callers; i++) {
    const NetCallerResult *caller = &result->callers[i];

    g_string_append_printf (out, "caller %s: %.3f %% in time (%"
        G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "), %.1f %% retransmitted, "
        "longest gap %.0f ms, p50 %+.1f ms, p99 %+.1f ms\n", caller->name,
        caller->in_time, caller->delivered, caller->sent,
        caller->retransmitted, (gdouble) caller->longest_gap / 1e3,
        (gdouble) caller->p50 / 1e3, (gdouble) caller->p99 / 1e3);
  }
  g_string_append (out, "uplink       share %   offered  delivered  lost: "
      "queue   random   silent    other\n");
  for (i = 0; i < result->n_uplinks; i++) {
    const NetUplinkResult *uplink = &result->uplinks[i];
    const SimLinkCounters *link = &uplink->out.link;
    const NetLinksCounters *beside = &uplink->out.beside;

    g_string_append_printf (out, "%-12s %7.1f %9" G_GUINT64_FORMAT " %10"
        G_GUINT64_FORMAT " %12" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT " %8"
        G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT "\n", uplink->name,
        100 * uplink->share, link->offered, link->delivered, link->lost_queue,
        link->lost_random, link->lost_silent, beside->lost_nat
        + beside->lost_large + beside->lost_late + beside->lost_version);
  }
}

static void
add_number (GString *out, const gchar *name, gdouble value)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (text, sizeof text, "%.3f", value);
  g_string_append_printf (out, "\"%s\": %s, ", name, text);
}

static void
add_count (GString *out, const gchar *name, guint64 value)
{
  g_string_append_printf (out, "\"%s\": %" G_GUINT64_FORMAT ", ", name, value);
}

static void
add_link (GString *out, const gchar *name, const NetWorldLink *link)
{
  g_string_append_printf (out, "\"%s\": {", name);
  add_count (out, "offered", link->link.offered);
  add_count (out, "offered_bytes", link->link.offered_bytes);
  add_count (out, "delivered", link->link.delivered);
  add_count (out, "delivered_bytes", link->link.delivered_bytes);
  add_count (out, "duplicated", link->link.duplicated);
  add_count (out, "lost_queue", link->link.lost_queue);
  add_count (out, "lost_random", link->link.lost_random);
  add_count (out, "lost_silent", link->link.lost_silent);
  g_string_truncate (out, out->len - 2);
  g_string_append (out, "}, ");
}

static void
add_caller (GString *out, const NetCallerResult *caller, gboolean more)
{
  g_string_append_printf (out, "%s{\"name\": \"%s\", ", more ? ", " : "",
      caller->name);
  add_count (out, "sent", caller->sent);
  add_count (out, "delivered", caller->delivered);
  add_number (out, "in_time", caller->in_time);
  add_number (out, "retransmitted", caller->retransmitted);
  add_count (out, "longest_gap_us", (guint64) caller->longest_gap);
  add_number (out, "p50_us", (gdouble) caller->p50);
  add_number (out, "p99_us", (gdouble) caller->p99);
  g_string_truncate (out, out->len - 2);
  g_string_append_c (out, '}');
}

void
net_result_json (const NetResult *result, GString *out)
{
  guint i;

  add_count (out, "sent", result->sent);
  add_count (out, "delivered", result->delivered);
  add_number (out, "in_time", result->in_time);
  add_count (out, "retransmissions", result->srt.retransmitted);
  add_number (out, "retransmitted", result->retransmitted);
  add_count (out, "longest_gap_us", (guint64) result->longest_gap);
  add_number (out, "p50_us", (gdouble) result->p50);
  add_number (out, "p99_us", (gdouble) result->p99);
  add_count (out, "connections", result->connections);
  add_count (out, "lateness_us", (guint64) result->lateness);
  add_count (out, "links_lateness_us", (guint64) result->links_lateness);
  add_number (out, "seconds", result->seconds);
  add_number (out, "cpu_bond", result->cpu_bond);
  add_number (out, "cpu_srt", result->cpu_srt);
  add_number (out, "cpu_receiver", result->cpu_receiver);
  add_number (out, "cpu_emulator", result->cpu_emulator);
  g_string_append (out, "\"callers\": [");
  for (i = 0; i < result->n_callers; i++)
    add_caller (out, &result->callers[i], i > 0);
  g_string_append (out, "], \"uplinks\": [");
  for (i = 0; i < result->n_uplinks; i++) {
    const NetUplinkResult *uplink = &result->uplinks[i];

    g_string_append_printf (out, "%s{\"name\": \"%s\", ", i > 0 ? ", " : "",
        uplink->name);
    add_number (out, "share", uplink->share);
    add_link (out, "out", &uplink->out);
    add_link (out, "back", &uplink->back);
    add_count (out, "lost_nat", uplink->out.beside.lost_nat);
    add_count (out, "lost_large", uplink->out.beside.lost_large);
    add_count (out, "lost_late", uplink->out.beside.lost_late);
    g_string_truncate (out, out->len - 2);
    g_string_append_c (out, '}');
  }
  g_string_append_c (out, ']');
}

/* ---- The picture --------------------------------------------------------- */

#define BIN 0.2                 /* s */

typedef struct
{
  GString *out;
  gint64 began, last;
  gint64 bin, most;             /* number, µs: of the present bin of gaps */
} GapLines;

static void
flush_bin (GapLines *lines)
{
  if (lines->last != 0)
    g_string_append_printf (lines->out, "%.3f %.3f\n", BIN
        * (gdouble) lines->bin, (gdouble) lines->most / 1e3);
  lines->most = 0;
}

/* The longest gap that ended in each bin. */
static void
add_gap (gint64 sent_at, gint64 received_at, gpointer user_data)
{
  GapLines *lines = user_data;
  gint64 bin = (gint64) ((gdouble) (received_at - lines->began) / 1e6 / BIN);

  (void) sent_at;
  if (received_at == 0)
    return;
  if (bin != lines->bin)
    flush_bin (lines);
  lines->bin = bin;
  if (lines->last != 0)
    lines->most = MAX (lines->most, received_at - lines->last);
  lines->last = received_at;
}

/* Returns: rates of what each uplink delivered, kbit/s over time, from the
 * emulator's samples: a block of lines an uplink; NULL with an error. */
static gchar *
make_rates (const NetResult *result, const gchar *csv, GError **error)
{
  GString *out = g_string_new (NULL);
  gchar *text, **lines;
  guint i, n;

  if (!g_file_get_contents (csv, &text, NULL, error)) {
    g_string_free (out, TRUE);
    return NULL;
  }
  lines = g_strsplit (text, "\n", -1);
  for (i = 0; i < result->n_uplinks; i++) {
    gdouble since = 0, bytes_before = 0;

    for (n = 1; lines[n] != NULL; n++) {
      gchar **fields = g_strsplit (lines[n], ",", -1);

      if (g_strv_length (fields) > 8
          && g_str_equal (fields[1], result->uplinks[i].name)
          && g_str_equal (fields[2], "out")) {
        gdouble at = g_ascii_strtod (fields[0], NULL);
        gdouble bytes = g_ascii_strtod (fields[8], NULL);

        if (at - since >= BIN) {
          g_string_append_printf (out, "%.3f %.1f %.1f\n", at, (bytes
                  - bytes_before) * 8e-3 / (at - since),
              g_ascii_strtod (fields[3], NULL) / 1e3);
          since = at;
          bytes_before = bytes;
        }
      }
      g_strfreev (fields);
    }
    g_string_append (out, "\n\n");
  }
  g_strfreev (lines);
  g_free (text);
  return g_string_free (out, FALSE);
}

static gboolean
run_gnuplot (const gchar *script, GError **error)
{
  GSubprocess *gnuplot = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE,
      error, "gnuplot", NULL);
  gboolean good = FALSE;

  if (gnuplot == NULL)
    return FALSE;
  if (g_subprocess_communicate_utf8 (gnuplot, script, NULL, NULL, NULL, error))
    good = g_subprocess_wait_check (gnuplot, NULL, error);
  g_object_unref (gnuplot);
  return good;
}

gboolean
net_result_plot (const NetResult *result, SrtMeter *meter, gint64 began,
    const gchar *csv, const gchar *title, const gchar *png, GError **error)
{
  GString *script = g_string_new (NULL);
  GapLines gaps = { g_string_new (NULL), began, 0, 0, 0 };
  gchar *rates = make_rates (result, csv, error);
  gchar **words = g_strsplit (title, "'", -1);
  gchar *quoted = g_strjoinv ("''", words);
  gboolean good = FALSE;
  guint i;

  srt_meter_foreach (meter, add_gap, &gaps);
  flush_bin (&gaps);
  if (rates != NULL) {
    g_string_append_printf (script, "$rates << END\n%sEND\n$gaps << END\n%sEND\n"
        "set terminal pngcairo size 1000,700\nset output '%s'\n"
        "set multiplot layout 2,1 title '%s'\nset grid\nset xlabel 's'\n"
        "set xrange [0:%.3f]\nset key outside right\n"
        "set lmargin 10\nset rmargin 18\n"
        "set ylabel 'Mbit/s delivered; dotted: the rate'\n"
        "set yrange [0:*]\nset offsets 0, 0, graph 0.05, 0\nplot ", rates,
        gaps.out->str, png, quoted, result->seconds);
    for (i = 0; i < result->n_uplinks; i++)
      g_string_append_printf (script, "%s$rates index %u using 1:($2/1e3) "
          "with lines lw 2 lc %u title '%s', $rates index %u using 1:($3/1e3)"
          " with lines dt 3 lc %u notitle", i > 0 ? ", " : "", i, i + 1,
          result->uplinks[i].name, i, i + 1);
    g_string_append (script, "\nset ylabel 'longest gap at the application, "
        "ms'\nplot $gaps using 1:2 with impulses lw 2 lc rgb '#444444' "
        "title 'gap'\nunset multiplot\n");
    good = run_gnuplot (script->str, error);
  }
  g_string_free (gaps.out, TRUE);
  g_string_free (script, TRUE);
  g_strfreev (words);
  g_free (quoted);
  g_free (rates);
  return good;
}
