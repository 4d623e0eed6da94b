/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-bond-private.h"

void
srtla_bond_take_rates (SrtlaBond * bond, SrtlaTime now)
{
  guint64 bytes[SRTLA_MAX_UPLINKS], total = 0;
  SrtlaTime elapsed = now - bond->rates_since;
  guint i;

  if (elapsed == 0)
    return;
  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];
    guint64 sent = uplink->counters.bytes_sent;

    /* A failed send is taken off the counter again. */
    bytes[i] = sent > uplink->rate_bytes ? sent - uplink->rate_bytes : 0;
    uplink->rate_bytes = sent;
    uplink->bitrate = bytes[i] * 8 * SRTLA_SECOND / elapsed;
    total += bytes[i];
  }
  for (i = 0; i < bond->n_uplinks; i++)
    bond->order[i]->share = total > 0 ? (gdouble) bytes[i] / total : 0.0;
  bond->stats.bitrate = total * 8 * SRTLA_SECOND / elapsed;
  bond->rates_since = now;
}

static void
copy_uplink (const SrtlaUplink * uplink, SrtlaUplinkStats * stats)
{
  stats->slot = uplink->slot;
  stats->state = uplink->state;
  stats->state_since = uplink->state_since;
  stats->window = uplink->window;
  stats->in_flight = uplink->in_flight;
  stats->rtt = uplink->rtt.smoothed;
  stats->rtt_minimum = uplink->rtt.minimum;
  stats->rtt_variance = uplink->rtt.variance;
  stats->last_heard = uplink->last_heard;
  stats->bitrate = uplink->bitrate;
  stats->share = uplink->share;
  stats->quality = uplink->quality.value;
  stats->bursts = uplink->quality.bursts;
  stats->stalled = uplink->stalled;
  stats->coverage = srtla_uplink_coverage (uplink);
  stats->delivered_rate = 8 * uplink->delivery.rate_maximum;
  stats->capacity = 8 * uplink->delivery.capacity;
  stats->queue = uplink->delivery.queue;
  stats->largest = uplink->largest;
  stats->counters = uplink->counters;
}

void
srtla_bond_read_delays (const SrtlaHistogram * histogram, SrtlaDelays * delays)
{
  delays->packets = histogram->count;
  delays->p50 = srtla_histogram_percentile (histogram, 50);
  delays->p95 = srtla_histogram_percentile (histogram, 95);
  delays->p99 = srtla_histogram_percentile (histogram, 99);
  delays->maximum = histogram->maximum;
}

void
srtla_bond_read_both_delays (const SrtlaHistogram * histogram,
    const SrtlaHistogram * other, SrtlaDelays * delays)
{
  SrtlaHistogram both = *histogram;

  srtla_histogram_merge (&both, other);
  srtla_bond_read_delays (&both, delays);
}

static void
copy_queues (const SrtlaBond * bond, SrtlaBondStats * stats)
{
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    SrtlaClassStats *class = &stats->classes[i];

    class->traffic = bond->books[i].traffic;
    class->packets = bond->books[i].packets;
    class->bytes = bond->books[i].bytes;
    srtla_pipeline_class_stats (bond->pipeline, SRTLA_STAGE_INGRESS, i,
        &class->ingress);
    srtla_pipeline_class_stats (bond->pipeline, SRTLA_STAGE_EDF, i,
        &class->edf);
    srtla_pipeline_class_stats (bond->pipeline, SRTLA_STAGE_EGRESS, i,
        &class->egress);
    srtla_bond_read_both_delays (&bond->books[i].total,
        &bond->books[i].interval, &class->total);
    class->interval = bond->interval_over ? bond->books[i].latest
        : class->total;
  }
  for (i = 0, stats->n_flows = 0; i < SRTLA_MAX_FLOWS; i++) {
    SrtlaFlowStats *flow = &stats->flows[stats->n_flows];

    if (!srtla_pipeline_is_open (bond->pipeline, i))
      continue;
    flow->flow = i;
    flow->settings = bond->flows[i].settings;
    flow->traffic = bond->flows[i].traffic;
    srtla_pipeline_flow_stats (bond->pipeline, i, &flow->queue);
    srtla_bond_read_both_delays (bond->flows[i].total, bond->flows[i].interval,
        &flow->total);
    flow->interval = bond->interval_over ? bond->flows[i].latest : flow->total;
    stats->n_flows++;
  }
  stats->waiting = srtla_pipeline_waiting (bond->pipeline);
}

void
srtla_bond_get_stats (const SrtlaBond * bond, SrtlaTime now,
    SrtlaBondStats * stats)
{
  guint i;

  (void) now;
  *stats = bond->stats;
  copy_queues (bond, stats);
  stats->kept_bytes = bond->kept_bytes;
  stats->uplinks_up = bond->uplinks_up;
  stats->callers = srtla_callers_count (&bond->callers);
  stats->connected_since = bond->connected_since;
  srtla_registration_get_stats (bond->registration, &stats->registration);
  stats->n_uplinks = bond->n_uplinks;
  for (i = 0; i < bond->n_uplinks; i++) {
    const SrtlaUplink *uplink = bond->order[bond->n_uplinks - 1 - i];

    copy_uplink (uplink, &stats->uplinks[i]);
    stats->naks_dropped += srtla_inflight_unheard (uplink->log);
  }
}
