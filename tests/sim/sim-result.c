/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-result.h"

static int
compare_delays (gconstpointer a, gconstpointer b)
{
  SrtlaTime first = *(const SrtlaTime *) a, second = *(const SrtlaTime *) b;

  return first < second ? -1 : first > second;
}

static void
collect_delays (const SimFlow *flow, GArray *delays)
{
  guint i;

  for (i = 0; i < flow->media->len; i++) {
    const SimMedia *media = &g_array_index (flow->media, SimMedia, i);
    SrtlaTime delay = media->arrived - media->origin;

    if (media->delivered)
      g_array_append_val (delays, delay);
  }
}

static void
sum_up_delays (GArray *delays, SimCallerResult *result)
{
  gdouble sum = 0;
  guint i;

  if (delays->len == 0)
    return;
  g_array_sort (delays, compare_delays);
  for (i = 0; i < delays->len; i++)
    sum += g_array_index (delays, SrtlaTime, i);
  result->mean_delay = sum / delays->len / 1000;
  result->p99_delay = g_array_index (delays, SrtlaTime,
      (guint) ((delays->len - 1) * 0.99)) / 1000.0;
}

void
sim_result_add_flow (SimCallerResult *result, const SimFlow *flow,
    SrtlaTime end)
{
  guint i = flow->media->len;

  while (i > 0 && g_array_index (flow->media, SimMedia, i - 1).delivered)
    i--;
  if (i > 0)
    result->last_missing = MAX (result->last_missing,
        g_array_index (flow->media, SimMedia, i - 1).origin - SIM_START);
  result->produced += flow->media->len;
  result->delivered += flow->delivered;
  result->sent += flow->sent;
  result->retransmitted += flow->retransmitted;
  result->dropped_by_sender += flow->dropped_by_sender;
  result->arrived += flow->arrived;
  result->duplicates += flow->duplicates;
  result->reordered += flow->reordered;
  result->naks += flow->naks;
  result->reorder_most = MAX (result->reorder_most, flow->reorder_most);
  result->connections += flow->connections;
  /* A stream that never came back has a gap until the end. */
  result->longest_gap = MAX (result->longest_gap, flow->longest_gap);
  if (flow->last_delivered < end)
    result->longest_gap = MAX (result->longest_gap, end
        - MAX (flow->last_delivered, SIM_START));
}

void
sim_result_add_delays (SimCallerResult *result, const SimFlow *const *flows,
    guint n_flows)
{
  GArray *delays = g_array_new (FALSE, FALSE, sizeof (SrtlaTime));
  guint i;

  for (i = 0; i < n_flows; i++)
    collect_delays (flows[i], delays);
  sum_up_delays (delays, result);
  g_array_free (delays, TRUE);
}

void
sim_result_free (SimResult *result)
{
  guint i;

  for (i = 0; i <= result->n_callers; i++)
    g_free (result->callers[i].name);
  for (i = 0; i < result->n_uplinks; i++) {
    g_free (result->uplinks[i].name);
    g_free (result->uplinks[i].offered_bins);
    g_free (result->uplinks[i].delivered_bins);
  }
  g_free (result->callers);
  g_free (result->uplinks);
  g_free (result);
}

gdouble
sim_result_delivered (const SimCallerResult *caller)
{
  return caller->produced == 0 ? 0
      : 100.0 * caller->delivered / caller->produced;
}

gdouble
sim_result_traffic (const SimResult *result)
{
  guint64 sum = 0;
  guint i;

  for (i = 0; i < result->n_uplinks; i++)
    sum += result->uplinks[i].offered_bytes;
  return result->media_bytes == 0 ? 0 : 100.0 * sum / result->media_bytes;
}

gdouble
sim_result_retransmitted (const SimCallerResult *caller)
{
  return caller->produced == 0 ? 0
      : 100.0 * caller->retransmitted / caller->produced;
}
