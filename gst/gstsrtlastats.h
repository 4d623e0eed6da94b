/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Statistics: plain numbers that the loop copies, and the structure that
 * whoever asks makes of them. Always the same fields.
 */
#pragma once

#include "gstsrtlaingress.h"
#include "gstsrtlauplinks.h"

G_BEGIN_DECLS

/* Room for the name of a pad: "sink_4294967295". */
#define GST_SRTLA_PAD_NAME_SIZE 32

typedef struct
{
  SrtlaBondStats bond;
  SrtlaTime taken_at;           /* 0 = never */
  gboolean running;
  const gchar *mode;            /* static; of the core */
  gchar receiver[GST_SRTLA_ADDRESS_SIZE];       /* "" = not known */
  GstSrtlaIngressStats ingress; /* of all sink pads, past ones too */
  struct
  {
    gchar pad[GST_SRTLA_PAD_NAME_SIZE];
    GstSrtlaIngressStats ingress;
  } flows[SRTLA_MAX_FLOWS];     /* by the core's number */
  guint waiting;                /* SRT packets before the sockets */
  guint64 unreadable;           /* buffers that could not be mapped */
  guint64 replies_dropped;
} GstSrtlaStats;

/* Adds one pad's numbers to a sum. */
void gst_srtla_stats_add_ingress (GstSrtlaIngressStats * sum,
    const GstSrtlaIngressStats * stats);

/* Returns: `application/x-srtla-stats`. */
GstStructure *gst_srtla_stats_format (const GstSrtlaStats * stats,
    GstSrtlaUplinks * uplinks);

G_END_DECLS
