/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A control message that makes a train of one sendmsg(): the kernel cuts its
 * bytes into datagrams of this size (UDP_SEGMENT, since Linux 4.18).
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define GST_TYPE_SRTLA_SEGMENT (gst_srtla_segment_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtlaSegment, gst_srtla_segment, GST, SRTLA_SEGMENT,
    GSocketControlMessage)

/* The kernel's own bounds of a train: datagrams, and bytes in all. */
#define GST_SRTLA_SEGMENTS_MAX 64
#define GST_SRTLA_SEGMENTS_BYTES 65507

GstSrtlaSegment *gst_srtla_segment_new (void);
/* size: of each datagram but the last, bytes. */
void gst_srtla_segment_set_size (GstSrtlaSegment * self, guint16 size);

/* Returns: whether trains exist on this system at all. */
gboolean gst_srtla_segment_is_known (void);
/* Returns: whether a train that failed so may pass datagram by datagram. */
gboolean gst_srtla_segment_is_refusal (gint error_number);

G_END_DECLS
