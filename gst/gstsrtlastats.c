/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlastats.h"

void
gst_srtla_stats_add_ingress (GstSrtlaIngressStats * sum,
    const GstSrtlaIngressStats * stats)
{
  sum->packets_received += stats->packets_received;
  sum->bytes_received += stats->bytes_received;
  sum->dropped_full += stats->dropped_full;
  sum->dropped_flushed += stats->dropped_flushed;
  sum->queued += stats->queued;
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
          (guint64) ingress->queued + stats->waiting,
      "dropped-queue-full", G_TYPE_UINT64, ingress->dropped_full,
      "dropped-not-srt", G_TYPE_UINT64, bond->dropped_not_srt,
      "dropped-no-uplink", G_TYPE_UINT64, bond->dropped_no_uplink,
      "dropped-send-error", G_TYPE_UINT64, bond->dropped_send_error,
      "dropped-uplink-queue", G_TYPE_UINT64, bond->dropped_uplink_queue,
      "dropped-uplink-removed", G_TYPE_UINT64, bond->dropped_uplink_removed,
      "dropped-flushed", G_TYPE_UINT64, ingress->dropped_flushed,
      "dropped-internal", G_TYPE_UINT64,
          bond->dropped_full + stats->unreadable,
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
  return structure;
}
