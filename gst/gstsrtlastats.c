/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlastats.h"

#include "gstsrtlaclasses.h"

void
gst_srtla_stats_add_ingress (GstSrtlaIngressStats * sum,
    const GstSrtlaIngressStats * stats)
{
  sum->packets_received += stats->packets_received;
  sum->bytes_received += stats->bytes_received;
  sum->dropped_full += stats->dropped_full;
  sum->dropped_flushed += stats->dropped_flushed;
  sum->queued += stats->queued;
  sum->batches += stats->batches;
}

static const gchar *
state_name (const GstSrtlaStats * stats)
{
  if (!stats->running)
    return "idle";
  return stats->bond.connected_since != 0 ? "connected" : "connecting";
}

/* Of the uplinks that deliver: up, and not stalled. bit/s. */
static guint64
total_capacity (const SrtlaBondStats * bond)
{
  guint64 capacity = 0;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    if (bond->uplinks[i].state == SRTLA_UPLINK_UP && !bond->uplinks[i].stalled)
      capacity += bond->uplinks[i].capacity;
  }
  return capacity;
}

static guint
count_stalled (const SrtlaBondStats * bond)
{
  guint i, n = 0;

  for (i = 0; i < bond->n_uplinks; i++)
    n += bond->uplinks[i].state == SRTLA_UPLINK_UP && bond->uplinks[i].stalled;
  return n;
}

static void
add_uplinks (GstStructure * structure, GstSrtlaUplinks * uplinks)
{
  GPtrArray *list = gst_srtla_uplinks_list (uplinks);
  GValue array = G_VALUE_INIT;
  guint i;

  gst_value_array_init (&array, list->len);
  for (i = 0; i < list->len; i++) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed (&value, gst_srtla_uplink_get_stats (list->pdata[i]));
    gst_value_array_append_and_take_value (&array, &value);
  }
  gst_structure_take_value (structure, "uplinks", &array);
  g_ptr_array_unref (list);
}

/* ---- Classes and flows -------------------------------------------------- */

static guint64
budget_shown (SrtlaTime budget)
{
  return budget == SRTLA_TIME_NONE ? 0 : budget;
}

static void
add_delays (GstStructure * structure, const SrtlaDelays * interval,
    const SrtlaDelays * total)
{
  gst_structure_set (structure,
      "delay-p50", G_TYPE_UINT64, interval->p50,
      "delay-p95", G_TYPE_UINT64, interval->p95,
      "delay-p99", G_TYPE_UINT64, interval->p99,
      "delay-maximum", G_TYPE_UINT64, interval->maximum,
      "total-delay-p50", G_TYPE_UINT64, total->p50,
      "total-delay-p95", G_TYPE_UINT64, total->p95,
      "total-delay-p99", G_TYPE_UINT64, total->p99,
      "total-delay-maximum", G_TYPE_UINT64, total->maximum, NULL);
}

/* pad: what happened before the core saw it. */
static void
add_traffic (GstStructure * structure, const SrtlaTraffic * traffic,
    const GstSrtlaIngressStats * pad)
{
  const guint64 *lost = traffic->lost;

  /* *INDENT-OFF* */
  gst_structure_set (structure,
      "packets-out", G_TYPE_UINT64, traffic->packets_out,
      "bytes-out", G_TYPE_UINT64, traffic->bytes_out,
      "late", G_TYPE_UINT64, traffic->late,
      "packets-queued", G_TYPE_UINT64,
          (guint64) traffic->waiting + pad->queued,
      "packets-queued-maximum", G_TYPE_UINT64,
          (guint64) traffic->waiting_maximum,
      "bytes-queued", G_TYPE_UINT64, traffic->waiting_bytes,
      "bytes-queued-maximum", G_TYPE_UINT64, traffic->waiting_bytes_maximum,
      "dropped-no-uplink", G_TYPE_UINT64, lost[SRTLA_LOSS_NO_UPLINK],
      "dropped-send-error", G_TYPE_UINT64, lost[SRTLA_LOSS_SEND_ERROR],
      "dropped-uplink", G_TYPE_UINT64, lost[SRTLA_LOSS_UPLINK_QUEUE]
          + lost[SRTLA_LOSS_UPLINK_REMOVED],
      "dropped-flushed", G_TYPE_UINT64, lost[SRTLA_LOSS_FLUSHED]
          + pad->dropped_flushed,
      "dropped-expired", G_TYPE_UINT64, lost[SRTLA_LOSS_EXPIRED],
      "dropped-queue", G_TYPE_UINT64, lost[SRTLA_LOSS_QUEUE], NULL);
  /* *INDENT-ON* */
}

static GstStructure *
format_class (const SrtlaClassStats * class, SrtlaClass priority)
{
  static const GstSrtlaIngressStats no_pad;
  const guint64 *edf = class->edf.dropped, *egress = class->egress.dropped;
  guint64 expired = class->traffic.lost[SRTLA_LOSS_EXPIRED];
  guint64 later = edf[SRTLA_DROP_EXPIRED] + egress[SRTLA_DROP_EXPIRED];
  GstStructure *structure;

  /* *INDENT-OFF* */
  structure = gst_structure_new ("application/x-srtla-class-stats",
      "class", G_TYPE_STRING, srtla_class_names[priority],
      "packets-in", G_TYPE_UINT64, class->traffic.packets_in,
      "bytes-in", G_TYPE_UINT64, class->traffic.bytes_in, NULL);
  add_traffic (structure, &class->traffic, &no_pad);
  gst_structure_set (structure,
      "dropped-edf-full", G_TYPE_UINT64, edf[SRTLA_DROP_FULL],
      "dropped-egress-full", G_TYPE_UINT64, egress[SRTLA_DROP_FULL],
      "expired-ingress", G_TYPE_UINT64, expired - MIN (later, expired),
      "expired-edf", G_TYPE_UINT64, edf[SRTLA_DROP_EXPIRED],
      "expired-egress", G_TYPE_UINT64, egress[SRTLA_DROP_EXPIRED], NULL);
  /* *INDENT-ON* */
  add_delays (structure, &class->interval, &class->total);
  return structure;
}

static GstStructure *
format_flow (const GstSrtlaStats * stats, const SrtlaFlowStats * flow)
{
  const GstSrtlaIngressStats *pad = &stats->flows[flow->flow].ingress;
  const guint64 *lost = flow->traffic.lost;
  GstStructure *structure;

  /* *INDENT-OFF* */
  structure = gst_structure_new ("application/x-srtla-flow-stats",
      "pad", G_TYPE_STRING, stats->flows[flow->flow].pad,
      "priority", G_TYPE_STRING,
          gst_srtla_priority_name (flow->settings.priority),
      "latency-budget", G_TYPE_UINT64, budget_shown (flow->settings.budget),
      "quantum", G_TYPE_UINT, flow->settings.quantum,
      "batches", G_TYPE_UINT64, pad->batches,
      /* Several pads may share it. */
      "packets-in", G_TYPE_UINT64, flow->traffic.packets_in + pad->queued
          + pad->dropped_full + pad->dropped_flushed,
      "bytes-in", G_TYPE_UINT64, flow->traffic.bytes_in, NULL);
  add_traffic (structure, &flow->traffic, pad);
  gst_structure_set (structure,
      "dropped-queue-full", G_TYPE_UINT64, pad->dropped_full,
      "dropped-not-srt", G_TYPE_UINT64, lost[SRTLA_LOSS_NOT_SRT],
      "dropped-internal", G_TYPE_UINT64, lost[SRTLA_LOSS_FULL], NULL);
  /* *INDENT-ON* */
  add_delays (structure, &flow->interval, &flow->total);
  return structure;
}

static void
append_structure (GValue * array, GstStructure * structure)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, structure);
  gst_value_array_append_and_take_value (array, &value);
}

static void
add_queues (GstStructure * structure, const GstSrtlaStats * stats)
{
  GValue classes = G_VALUE_INIT, flows = G_VALUE_INIT;
  guint i;

  gst_value_array_init (&classes, SRTLA_N_CLASSES);
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    append_structure (&classes, format_class (&stats->bond.classes[i], i));
  gst_structure_take_value (structure, "classes", &classes);
  gst_value_array_init (&flows, stats->bond.n_flows);
  for (i = 0; i < stats->bond.n_flows; i++)
    append_structure (&flows, format_flow (stats, &stats->bond.flows[i]));
  gst_structure_take_value (structure, "flows", &flows);
}

GstStructure *
gst_srtla_stats_format (const GstSrtlaStats * stats, GstSrtlaUplinks * uplinks)
{
  const SrtlaBondStats *bond = &stats->bond;
  const GstSrtlaIngressStats *ingress = &stats->ingress;
  /* The core counts a packet as sent when it leaves the core. */
  guint64 sent = bond->packets_sent - MIN (stats->waiting, bond->packets_sent);
  guint64 connected = bond->connected_since != 0 && stats->running
      ? stats->taken_at - bond->connected_since : 0;
  GstStructure *structure;

  /* *INDENT-OFF* */
  structure = gst_structure_new ("application/x-srtla-stats",
      "state", G_TYPE_STRING, state_name (stats),
      "receiver", G_TYPE_STRING, stats->receiver,
      "mode", G_TYPE_STRING, stats->mode,
      "uplinks-up", G_TYPE_UINT, bond->uplinks_up,
      "uplinks-stalled", G_TYPE_UINT, count_stalled (bond),
      "callers", G_TYPE_UINT, bond->callers,
      "bitrate", G_TYPE_UINT64, bond->bitrate,
      "capacity", G_TYPE_UINT64, total_capacity (bond),
      "connected-time", G_TYPE_UINT64, connected,
      "packets-received", G_TYPE_UINT64, ingress->packets_received,
      "bytes-received", G_TYPE_UINT64, ingress->bytes_received,
      "packets-sent", G_TYPE_UINT64, sent,
      "bytes-sent", G_TYPE_UINT64, bond->bytes_sent,
      "retransmissions", G_TYPE_UINT64, bond->retransmissions,
      "duplicates", G_TYPE_UINT64, bond->duplicates,
      "duplicate-bytes", G_TYPE_UINT64, bond->duplicate_bytes,
      "probes", G_TYPE_UINT64, bond->probes,
      "rescued", G_TYPE_UINT64, bond->rescued,
      "rescued-bytes", G_TYPE_UINT64, bond->rescued_bytes,
      "second-copies", G_TYPE_UINT64, bond->second_copies,
      "kept-bytes", G_TYPE_UINT64, bond->kept_bytes,
      "packets-queued", G_TYPE_UINT64,
          (guint64) ingress->queued + bond->waiting + stats->waiting,
      "dropped-queue-full", G_TYPE_UINT64, ingress->dropped_full,
      "dropped-not-srt", G_TYPE_UINT64, bond->lost[SRTLA_LOSS_NOT_SRT],
      "dropped-no-uplink", G_TYPE_UINT64, bond->lost[SRTLA_LOSS_NO_UPLINK],
      "dropped-send-error", G_TYPE_UINT64, bond->lost[SRTLA_LOSS_SEND_ERROR],
      "dropped-uplink-queue", G_TYPE_UINT64,
          bond->lost[SRTLA_LOSS_UPLINK_QUEUE],
      "dropped-uplink-removed", G_TYPE_UINT64,
          bond->lost[SRTLA_LOSS_UPLINK_REMOVED],
      "dropped-flushed", G_TYPE_UINT64,
          ingress->dropped_flushed + bond->lost[SRTLA_LOSS_FLUSHED],
      "dropped-expired", G_TYPE_UINT64, bond->lost[SRTLA_LOSS_EXPIRED],
      "dropped-queue", G_TYPE_UINT64, bond->lost[SRTLA_LOSS_QUEUE],
      "dropped-internal", G_TYPE_UINT64,
          bond->lost[SRTLA_LOSS_FULL] + stats->unreadable,
      "untracked", G_TYPE_UINT64, bond->untracked,
      "datagrams-received", G_TYPE_UINT64, bond->datagrams_received,
      "datagram-bytes-received", G_TYPE_UINT64, bond->bytes_received,
      "ignored-malformed", G_TYPE_UINT64, bond->ignored_malformed,
      "ignored-unknown", G_TYPE_UINT64, bond->ignored_unknown,
      "ignored-registration", G_TYPE_UINT64, bond->ignored_registration,
      "ignored-numbers", G_TYPE_UINT64, bond->ignored_numbers,
      "srtla-acks", G_TYPE_UINT64, bond->srtla_acks,
      "srt-acks", G_TYPE_UINT64, bond->srt_acks,
      "srt-naks", G_TYPE_UINT64, bond->srt_naks,
      "naks", G_TYPE_UINT64, bond->naks,
      "naks-held", G_TYPE_UINT64, bond->naks_held,
      "naks-dropped", G_TYPE_UINT64, bond->naks_dropped,
      "naks-released", G_TYPE_UINT64, bond->naks_released,
      "replies", G_TYPE_UINT64, bond->replies,
      "reply-bytes", G_TYPE_UINT64, bond->reply_bytes,
      "reply-copies", G_TYPE_UINT64, bond->reply_copies,
      "replies-dropped", G_TYPE_UINT64, stats->replies_dropped,
      "registrations", G_TYPE_UINT64, bond->registration.groups,
      "registrations-refused", G_TYPE_UINT64, bond->registration.refused,
      NULL);
  /* *INDENT-ON* */
  add_uplinks (structure, uplinks);
  add_queues (structure, stats);
  return structure;
}
