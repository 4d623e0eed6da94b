/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One uplink as an application sees it: a child of the element, with its
 * address, state and statistics. The loop writes, anyone reads.
 */
#pragma once

#include <gst/gst.h>

#include "srtla-bond.h"

G_BEGIN_DECLS

#define GST_TYPE_SRTLA_UPLINK (gst_srtla_uplink_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtlaUplink, gst_srtla_uplink, GST, SRTLA_UPLINK,
    GstObject)

/* Room for "address:port" of any family. */
#define GST_SRTLA_ADDRESS_SIZE 64

/* Plain numbers, copied from the core and the socket. */
typedef struct
{
  SrtlaUplinkStats core;
  SrtlaTime taken_at;           /* 0 = never */
  gchar local_address[GST_SRTLA_ADDRESS_SIZE];  /* "" = no socket */
  guint64 send_retries;         /* ECONNREFUSED: the same packet once more */
  guint64 queue_full;           /* EAGAIN and ENOBUFS */
  guint64 too_large;            /* EMSGSIZE */
  guint mtu;                    /* of the path, bytes; 0 = not known */
} GstSrtlaUplinkRecord;

/* number: of its name, "uplink-0". spec: as given; "" = by the routing table. */
GstSrtlaUplink *gst_srtla_uplink_new (guint number, const gchar * spec);

/* Constant through its life. */
const gchar *gst_srtla_uplink_get_spec (GstSrtlaUplink * uplink);
guint gst_srtla_uplink_get_number (GstSrtlaUplink * uplink);

/* Settings of the application. Returns: another number after each change. */
gint gst_srtla_uplink_get_changes (GstSrtlaUplink * uplink);
/* bits/s; 0 = no limit. */
guint64 gst_srtla_uplink_get_max_bitrate (GstSrtlaUplink * uplink);

/* state: static. */
void gst_srtla_uplink_set_state (GstSrtlaUplink * uplink, const gchar * state,
    const gchar * reason);
void gst_srtla_uplink_set_record (GstSrtlaUplink * uplink,
    const GstSrtlaUplinkRecord * record);
/* Counters to zero, state "closed". */
void gst_srtla_uplink_reset (GstSrtlaUplink * uplink);

/* Returns: `application/x-srtla-uplink-stats`, always the same fields. */
GstStructure *gst_srtla_uplink_get_stats (GstSrtlaUplink * uplink);

G_END_DECLS
