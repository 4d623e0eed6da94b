/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounded queue of buffers, first in, first out. A full one drops the oldest
 * packet of its least urgent class, as the core's queues do, by the same rule
 * (srtla-classifier.h). Packets are looked at only while it is more than half
 * full. No lock in here.
 */
#pragma once

#include <gst/gst.h>

#include "srtla-classifier.h"

G_BEGIN_DECLS

typedef struct
{
  GstBuffer *buffer;
  SrtlaTime at;                 /* when its pad got it */
} GstSrtlaArrival;

/* All zeros is one without room. */
typedef struct
{
  GstSrtlaArrival *packets;     /* of `size` places */
  guint8 *classes;              /* of the packets looked at, by place */
  guint size, head, queued;     /* places; the oldest packet's; packets */
  guint looked;                 /* at so many, the oldest ones */
  guint counts[SRTLA_N_CLASSES];        /* of those */
  SrtlaClassifier classifier;   /* has seen those */

  /* What is known of the flow: the owner's to set. */
  gint priority;                /* SrtlaClass or SRTLA_PRIORITY_AUTO */
  SrtlaTime critical_until;     /* µs; 0 = nothing is */
} GstSrtlaRing;

/* Empties the ring and gives it room for `size` packets, 0: none. Returns: how
 * many were dropped. */
guint gst_srtla_ring_reset (GstSrtlaRing * ring, guint size);

/* Takes over a buffer. Returns: the one that had to go, maybe this one, whose
 * reference is the caller's; NULL if there was room. */
GstBuffer *gst_srtla_ring_push (GstSrtlaRing * ring, GstBuffer * buffer,
    SrtlaTime at);

/* Moves up to n packets out, oldest first. Returns: how many. */
guint gst_srtla_ring_take (GstSrtlaRing * ring, GstSrtlaArrival * out,
    guint n);

/* Returns: whether a packet that came at that time should not wait for others
 * to leave with: class HIGH, or MEDIUM by itself, not because all its flow is.
 * Looks at no more than the header. */
gboolean gst_srtla_ring_is_urgent (const GstSrtlaRing * ring,
    GstBuffer * buffer, SrtlaTime at);
/* Returns: whether one in the ring is. */
gboolean gst_srtla_ring_has_urgent (const GstSrtlaRing * ring);

G_END_DECLS
