/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A control message that makes a train of one sendmsg(): the kernel cuts its
 * bytes into datagrams of one size (UDP_SEGMENT, since Linux 4.18).
 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* The kernel's own bounds of a train: datagrams, and bytes in all. */
#define GST_SRTLA_SEGMENTS_MAX 64
#define GST_SRTLA_SEGMENTS_BYTES 65507

/* Room for the control message of one train. */
typedef struct
{
  guint64 bytes[4];             /* aligned as the system wants it */
} GstSrtlaSegment;

/* Makes the message a train of datagrams of `size` bytes, the last may be
 * shorter. The segment is the message's control until it was sent. */
void gst_srtla_segment_apply (GstSrtlaSegment * segment, guint16 size,
    struct msghdr *message);

/* Returns: whether trains exist on this system at all. */
gboolean gst_srtla_segment_is_known (void);
/* Returns: whether a train that failed so may pass datagram by datagram. */
gboolean gst_srtla_segment_is_refusal (gint error_number);

G_END_DECLS
