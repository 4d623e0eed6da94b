/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlauplink.h"

#include "gstsrtlaspec.h"

struct _GstSrtlaUplink
{
  GstObject parent;

  gchar *spec;
  guint number;
  gint changes;                 /* atomic: of the settings */

  /* Under the object lock. */
  const gchar *state;           /* static */
  gchar *reason;
  guint64 max_bitrate;          /* bits/s; 0 = no limit */
  GstSrtlaUplinkRecord record;
};

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_STATE,
  PROP_STATS,
  PROP_MAX_BITRATE,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_FINAL_TYPE (GstSrtlaUplink, gst_srtla_uplink, GST_TYPE_OBJECT)

static void
gst_srtla_uplink_init (GstSrtlaUplink * uplink)
{
  uplink->state = srtla_uplink_state_name (SRTLA_UPLINK_CLOSED);
}

static void
gst_srtla_uplink_finalize (GObject * object)
{
  GstSrtlaUplink *uplink = GST_SRTLA_UPLINK (object);

  g_free (uplink->spec);
  g_free (uplink->reason);
  G_OBJECT_CLASS (gst_srtla_uplink_parent_class)->finalize (object);
}

static void
gst_srtla_uplink_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstSrtlaUplink *uplink = GST_SRTLA_UPLINK (object);

  switch (id) {
    case PROP_ADDRESS:
      g_value_set_string (value, gst_srtla_spec_shown (uplink->spec));
      break;
    case PROP_STATE:
      GST_OBJECT_LOCK (uplink);
      g_value_set_static_string (value, uplink->state);
      GST_OBJECT_UNLOCK (uplink);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, gst_srtla_uplink_get_stats (uplink));
      break;
    case PROP_MAX_BITRATE:
      g_value_set_uint64 (value, gst_srtla_uplink_get_max_bitrate (uplink));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
gst_srtla_uplink_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstSrtlaUplink *uplink = GST_SRTLA_UPLINK (object);

  if (id != PROP_MAX_BITRATE) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK (uplink);
  uplink->max_bitrate = g_value_get_uint64 (value);
  GST_OBJECT_UNLOCK (uplink);
  g_atomic_int_inc (&uplink->changes);
}

static void
gst_srtla_uplink_class_init (GstSrtlaUplinkClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = gst_srtla_uplink_finalize;
  object_class->get_property = gst_srtla_uplink_get_property;
  object_class->set_property = gst_srtla_uplink_set_property;

  properties[PROP_ADDRESS] = g_param_spec_string ("address", "Address",
      "The uplink as it was given: local address, interface or "
      "address%interface; \"default\" for the one the routing table chooses",
      NULL, flags);
  properties[PROP_STATE] = g_param_spec_string ("state", "State",
      "closed, probing, registering, refused, up, stalled, down or failed",
      NULL, flags);
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Statistics of this uplink (application/x-srtla-uplink-stats)",
      GST_TYPE_STRUCTURE, flags);
  properties[PROP_MAX_BITRATE] = g_param_spec_uint64 ("max-bitrate",
      "Maximum bitrate", "Bits per second that this uplink may carry, for "
      "metered or shared links (0 = no limit); in all modes but classic", 0,
      G_MAXINT64, 0, flags | G_PARAM_WRITABLE | GST_PARAM_MUTABLE_PLAYING);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

GstSrtlaUplink *
gst_srtla_uplink_new (guint number, const gchar * spec)
{
  gchar *name = g_strdup_printf ("uplink-%u", number);
  GstSrtlaUplink *uplink = g_object_new (GST_TYPE_SRTLA_UPLINK, "name", name,
      NULL);

  uplink->spec = g_strdup (spec);
  uplink->number = number;
  g_free (name);
  return uplink;
}

const gchar *
gst_srtla_uplink_get_spec (GstSrtlaUplink * uplink)
{
  return uplink->spec;
}

guint
gst_srtla_uplink_get_number (GstSrtlaUplink * uplink)
{
  return uplink->number;
}

gint
gst_srtla_uplink_get_changes (GstSrtlaUplink * uplink)
{
  return g_atomic_int_get (&uplink->changes);
}

guint64
gst_srtla_uplink_get_max_bitrate (GstSrtlaUplink * uplink)
{
  guint64 bitrate;

  GST_OBJECT_LOCK (uplink);
  bitrate = uplink->max_bitrate;
  GST_OBJECT_UNLOCK (uplink);
  return bitrate;
}

void
gst_srtla_uplink_set_state (GstSrtlaUplink * uplink, const gchar * state,
    const gchar * reason)
{
  GST_OBJECT_LOCK (uplink);
  uplink->state = state;
  g_free (uplink->reason);
  uplink->reason = g_strdup (reason);
  GST_OBJECT_UNLOCK (uplink);
}

void
gst_srtla_uplink_set_record (GstSrtlaUplink * uplink,
    const GstSrtlaUplinkRecord * record)
{
  GST_OBJECT_LOCK (uplink);
  uplink->record = *record;
  GST_OBJECT_UNLOCK (uplink);
}

void
gst_srtla_uplink_reset (GstSrtlaUplink * uplink)
{
  static const GstSrtlaUplinkRecord nothing;

  gst_srtla_uplink_set_record (uplink, &nothing);
  gst_srtla_uplink_set_state (uplink,
      srtla_uplink_state_name (SRTLA_UPLINK_CLOSED), NULL);
}

GstStructure *
gst_srtla_uplink_get_stats (GstSrtlaUplink * uplink)
{
  const GstSrtlaUplinkRecord *record = &uplink->record;
  const SrtlaUplinkStats *core = &record->core;
  const SrtlaUplinkCounters *counters = &core->counters;
  GstStructure *stats;
  guint64 last_heard;

  GST_OBJECT_LOCK (uplink);
  last_heard = core->last_heard == 0 ? G_MAXUINT64
      : record->taken_at - MIN (core->last_heard, record->taken_at);
  /* *INDENT-OFF* */
  stats = gst_structure_new ("application/x-srtla-uplink-stats",
      "name", G_TYPE_STRING, GST_OBJECT_NAME (uplink),
      "uplink", G_TYPE_STRING, gst_srtla_spec_shown (uplink->spec),
      "slot", G_TYPE_UINT, core->slot,
      "state", G_TYPE_STRING, uplink->state,
      "reason", G_TYPE_STRING, uplink->reason ? uplink->reason : "",
      "local-address", G_TYPE_STRING, record->local_address,
      "mtu", G_TYPE_UINT, record->mtu,
      "window", G_TYPE_INT, core->window,
      "in-flight", G_TYPE_INT, core->in_flight,
      "rtt", G_TYPE_UINT64, core->rtt,
      "rtt-minimum", G_TYPE_UINT64, core->rtt_minimum,
      "rtt-variance", G_TYPE_UINT64, core->rtt_variance,
      "last-heard", G_TYPE_UINT64, last_heard,
      "bitrate", G_TYPE_UINT64, core->bitrate,
      "share", G_TYPE_DOUBLE, core->share,
      "quality", G_TYPE_DOUBLE, core->quality,
      "delivered-rate", G_TYPE_UINT64, core->delivered_rate,
      "capacity", G_TYPE_UINT64, core->capacity,
      "queue", G_TYPE_UINT64, core->queue,
      "ack-coverage", G_TYPE_STRING, srtla_coverage_name (core->coverage),
      "packets-sent", G_TYPE_UINT64, counters->packets_sent,
      "bytes-sent", G_TYPE_UINT64, counters->bytes_sent,
      "retransmissions", G_TYPE_UINT64, counters->retransmissions,
      "duplicates", G_TYPE_UINT64, counters->duplicates,
      "duplicate-bytes", G_TYPE_UINT64, counters->duplicate_bytes,
      "control-sent", G_TYPE_UINT64, counters->control_sent,
      "packets-received", G_TYPE_UINT64, counters->packets_received,
      "bytes-received", G_TYPE_UINT64, counters->bytes_received,
      "packets-acknowledged", G_TYPE_UINT64, counters->packets_acknowledged,
      "acknowledgements-unknown", G_TYPE_UINT64,
          counters->acknowledgements_unknown,
      "naks", G_TYPE_UINT64, counters->naks,
      "bursts", G_TYPE_UINT64, core->bursts,
      "losses-found", G_TYPE_UINT64, counters->losses_found,
      "stalls", G_TYPE_UINT64, counters->stalls,
      "keepalives-echoed", G_TYPE_UINT64, counters->keepalives_echoed,
      "send-errors", G_TYPE_UINT64, counters->send_errors,
      "send-retries", G_TYPE_UINT64, record->send_retries,
      "queue-full", G_TYPE_UINT64, record->queue_full,
      "too-large", G_TYPE_UINT64, record->too_large,
      "failures", G_TYPE_UINT64, counters->failures, NULL);
  /* *INDENT-ON* */
  GST_OBJECT_UNLOCK (uplink);
  return stats;
}
