/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether packets are to gather before they leave. Gathered, they cost less each,
 * but a thread must wake up for it: that pays where they come often, and only
 * there. One at a time, and bursts of a few, leave at once.
 */
#pragma once

#include <glib.h>

#include "srtla-types.h"

G_BEGIN_DECLS

/* Packets in coalesce-time, over some time, above which they gather. */
#define GST_SRTLA_GATHER_RATE 3
/* So many at once, after a while with none, are not too often. */
#define GST_SRTLA_GATHER_BURST 32
/* Later than after so many packets at that rate it is never made good. */
#define GST_SRTLA_GATHER_MAX 256

/* Whoever holds the loop's turn lock, but for what says otherwise. */
typedef struct
{
  SrtlaTime left_at;            /* packets, last */
  SrtlaTime booked_until;       /* at GATHER_RATE, by those that left */
  gint often;                   /* atomic: they come too often */
} GstSrtlaGather;

void gst_srtla_gather_init (GstSrtlaGather * gather);
/* n packets left now. coalesce_time: µs; 0: packets never gather. How often they
 * come is told as by the generic cell rate algorithm (ITU-T I.371, annex A). */
void gst_srtla_gather_note (GstSrtlaGather * gather, guint n, SrtlaTime now,
    SrtlaTime coalesce_time);
/* Returns: whether a packet that comes now is to wait for others. */
gboolean gst_srtla_gather_may_wait (GstSrtlaGather * gather, SrtlaTime now,
    SrtlaTime coalesce_time);
/* From any thread. Returns: whether packets came often when last looked at. */
gboolean gst_srtla_gather_is_often (const GstSrtlaGather * gather);

G_END_DECLS
