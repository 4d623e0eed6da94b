/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits for one uplink's socket: SRT packets in their order, and SRTLA
 * datagrams of ours, which go first. Bounded; bytes of SRT packets stay in
 * their buffers.
 */
#pragma once

#include <gio/gio.h>

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

/* Fills messages with what comes first. The vectors stay valid until the next
 * change. Returns: how many, at most n. */
guint gst_srtla_egress_peek (GstSrtlaEgress * egress,
    GOutputMessage * messages, GOutputVector * vectors, guint n);

/* Takes what comes first; the reference of a PACKET is the taker's, the bytes
 * of a CONTROL are valid until the next push. Returns: FALSE if it is empty. */
gboolean gst_srtla_egress_pop (GstSrtlaEgress * egress, SrtlaOutput * output);

static inline gboolean
gst_srtla_egress_is_empty (const GstSrtlaEgress * egress)
{
  return egress->count == 0 && egress->control_count == 0;
}

G_END_DECLS
