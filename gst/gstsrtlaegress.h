/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits for one uplink's socket: SRT packets in their order, and SRTLA
 * datagrams of ours, which go first. Bounded; bytes of SRT packets stay in
 * their buffers.
 */
#pragma once

#include "gstsrtlasegment.h"
#include "gstsrtlasocket.h"
#include "srtla-bond.h"

G_BEGIN_DECLS

/* SRT packets. Beyond what a socket takes that is over a second at 5 Mbit/s. */
#define GST_SRTLA_EGRESS_SIZE 512
/* Datagrams of ours: registration and a keepalive or two. */
#define GST_SRTLA_EGRESS_CONTROLS 8

typedef struct
{
  guint8 data[SRTLA_REG_SIZE];
  gsize size;
} GstSrtlaControl;

typedef struct
{
  SrtlaOutput packets[GST_SRTLA_EGRESS_SIZE];
  guint head, count;
  guint duplicates;             /* of `count`, those that also go another way */
  GstSrtlaControl controls[GST_SRTLA_EGRESS_CONTROLS];
  guint control_head, control_count;
} GstSrtlaEgress;

/* Takes over the output's reference, or copies the bytes of a CONTROL. Returns:
 * FALSE if it does not fit: then nothing was taken. */
gboolean gst_srtla_egress_push (GstSrtlaEgress * egress,
    const SrtlaOutput * output);

/* Messages that one call sends, and datagrams in them. */
#define GST_SRTLA_BATCH_MESSAGES 64
#define GST_SRTLA_BATCH_DATAGRAMS 256

/* What one call to send is given. A message is a datagram or, where there are
 * several of one size in a row, a train of them. */
typedef struct
{
  GstSrtlaMessage messages[GST_SRTLA_BATCH_MESSAGES];
  guint datagrams[GST_SRTLA_BATCH_MESSAGES];    /* in each message */
  guint n;                      /* messages */
  struct iovec vectors[GST_SRTLA_BATCH_DATAGRAMS];
  GstSrtlaSegment segments[GST_SRTLA_BATCH_MESSAGES];
} GstSrtlaBatch;

/* Fills the batch with what comes first, in its order. The bytes stay where
 * they are: it is valid until the next change. */
void gst_srtla_egress_peek (GstSrtlaEgress * egress, GstSrtlaBatch * batch,
    gboolean trains);

/* Takes what comes first; the reference of a PACKET is the taker's, the bytes
 * of a CONTROL are valid until the next push. Returns: FALSE if it is empty. */
gboolean gst_srtla_egress_pop (GstSrtlaEgress * egress, SrtlaOutput * output);
/* The same of SRT packets alone. */
gboolean gst_srtla_egress_pop_packet (GstSrtlaEgress * egress,
    SrtlaOutput * output);

static inline gboolean
gst_srtla_egress_is_empty (const GstSrtlaEgress * egress)
{
  return egress->count == 0 && egress->control_count == 0;
}

G_END_DECLS
