/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one uplink has proven to deliver: when it last did, how fast, with how
 * much queue in front, and what it must have lost.
 *
 * The delivered rate is BBR's (draft-cheng-iccrg-delivery-rate-estimation):
 * bytes acknowledged over the time between the sends and the time between the
 * acknowledgements, the longer of the two. Loss detection is RACK's (RFC 8985)
 * on a FIFO: what was sent clearly before a packet that is acknowledged, and is
 * not acknowledged itself, is lost. The capacity follows the delivered rate
 * down when a queue builds up, and grows while others are short of room.
 */
#pragma once

#include "srtla-rtt.h"

G_BEGIN_DECLS

/* Acknowledgements that a rate is taken over. */
#define SRTLA_DELIVERY_SAMPLES 32
/* How far back they may reach, µs; and how long the highest rate is believed. */
#define SRTLA_DELIVERY_SPAN    (200 * SRTLA_MILLISECOND)
#define SRTLA_DELIVERY_WINDOW  (10 * SRTLA_SECOND)
/* More queue than this says that the uplink is full, µs. */
#define SRTLA_QUEUE_TARGET     (50 * SRTLA_MILLISECOND)
/* A queue may be too short to be seen: an uplink that loses more than this, per
 * cent, in two spans of at least so many µs was full as well. */
#define SRTLA_LOSSY            25
#define SRTLA_LOSSY_SPAN       (200 * SRTLA_MILLISECOND)
/* Capacity before anything is known, and its bounds, bytes/s. */
#define SRTLA_CAPACITY_DEFAULT 250000
#define SRTLA_CAPACITY_MINIMUM 4000
#define SRTLA_CAPACITY_MAXIMUM 1250000000
/* Receivers acknowledge each tenth packet. */
#define SRTLA_ACK_TRAIN        10
/* A full datagram on the wire, and ten of them, bytes. */
#define SRTLA_FULL_DATAGRAM    1360
#define SRTLA_TRAIN_BYTES      (SRTLA_ACK_TRAIN * SRTLA_FULL_DATAGRAM)

typedef struct
{
  SrtlaTime at;                 /* when the acknowledgement came */
  SrtlaTime sent_at;            /* the latest packet that it covers */
  guint64 bytes;                /* delivered until then */
} SrtlaDeliverySample;

typedef struct
{
  guint64 bytes;                /* delivered in all */
  SrtlaTime proof_at;           /* latest proof of delivery; 0 = none yet */
  guint64 proof_place;          /* in the log: first place after what is proven */
  SrtlaTime proof_sent_at;      /* when the latest packet proven was sent */

  SrtlaDeliverySample samples[SRTLA_DELIVERY_SAMPLES];
  guint n_samples;              /* of those, within reach of the latest */
  guint next_sample;
  guint64 rate;                 /* bytes/s over the latest samples; 0 = unknown */
  guint64 rate_maximum;         /* bytes/s, highest over the window */
  SrtlaTime rate_maximum_at;
  guint64 next_maximum;         /* highest of the window's second half */
  SrtlaTime next_maximum_at;

  SrtlaTime queue;              /* µs in front of a new packet, smoothed */
  SrtlaTime latest_queue;       /* as the latest round trip has it */
  SrtlaTime change;             /* from one to the next, smoothed, in 16ths */
  SrtlaTime least_change;       /* the smallest of late */
  SrtlaTime least_change_at;
  SrtlaTime next_change;        /* smallest of the window's second half */
  SrtlaTime next_change_at;
  guint changes;                /* taken so far, saturating */
  gboolean congested;           /* queue is over the target */
  gboolean filled;              /* it was once, or lost as much as full ones
                                 * do: the capacity means something */

  guint64 span_delivered, span_lost;    /* bytes since span_since */
  SrtlaTime span_since;
  guint lossy_spans;            /* in a row, over SRTLA_LOSSY */
  gdouble lost_share;           /* 0 to 1, of what was sent, smoothed over spans */
  gboolean retracts;            /* what counts as delivered may prove lost later:
                                 * the rate is less by that share */
  guint64 capacity;             /* bytes/s that it is trusted with */
  SrtlaTime capacity_at;        /* when that was last revised */
} SrtlaDelivery;

/* Forgets everything: a new socket, or an uplink that failed. */
void srtla_delivery_reset (SrtlaDelivery *delivery);

/* What went before place `place` of the log is not waited for any more. */
void srtla_delivery_restart (SrtlaDelivery *delivery, guint64 place);

/* Proof: `bytes` more were delivered, the latest of them sent at `sent_at` from
 * place `place` of the log. `rtt`: this proof's own round trip, 0 if unknown;
 * `rtt_minimum`: the uplink's, 0 if unknown. `pressed`: other uplinks are short
 * of room, so this one may try more. */
void srtla_delivery_proof (SrtlaDelivery *delivery, guint64 bytes,
    SrtlaTime sent_at, guint64 place, SrtlaTime rtt, SrtlaTime rtt_minimum,
    gboolean pressed, SrtlaTime now);

/* An SRT ACK told that a packet which only this uplink carried arrived: proof
 * of delivery, but too coarse for a rate or a round trip. */
void srtla_delivery_settled (SrtlaDelivery *delivery, SrtlaTime sent_at,
    guint64 place, SrtlaTime now);

/* So many bytes that counted as delivered were lost after all. */
void srtla_delivery_retract (SrtlaDelivery *delivery, guint64 bytes);

/* So many bytes that it was given are lost. */
void srtla_delivery_lost (SrtlaDelivery *delivery, guint64 bytes);

/* A round trip was measured otherwise: what it says of the queue. Both 0 if
 * unknown. */
void srtla_delivery_queue (SrtlaDelivery *delivery, SrtlaTime rtt,
    SrtlaTime rtt_minimum, SrtlaTime now);

/* Returns: what jitter adds to the smallest round trip on average, µs, beyond what
 * is nothing beside the target, a second at most; 0 while that is not known. */
SrtlaTime srtla_delivery_jitter (const SrtlaDelivery *delivery);

/* Returns: how many bytes the uplink may have in flight with its queue at the
 * target: capacity × (minimum RTT + jitter + target), at least one full train. */
guint64 srtla_delivery_window (const SrtlaDelivery *delivery,
    SrtlaTime rtt_minimum);

/* Returns: how many bytes it takes in flight with at most a queue of
 * queue_target µs: capacity × (minimum RTT + jitter + target), a quarter more to
 * find out whether it could carry more, and a train of the largest packets that is
 * not acknowledged yet.
 * Without limit until a queue was first seen, or while nothing is known. */
guint64 srtla_delivery_room (const SrtlaDelivery *delivery,
    SrtlaTime rtt_minimum, SrtlaTime queue_target);

/* Returns: how long after its sending a packet of this uplink is overdue, µs:
 * smoothed RTT + 4 × variance, no less than 60 ms, no more than max (250 ms,
 * 2 × RTT). */
SrtlaTime srtla_delivery_overdue (const SrtlaRtt *rtt);

/* Returns: how much later a packet must have been sent than another to prove
 * it lost, µs: a quarter of the minimum RTT as in RFC 8985, 5 to 100 ms. */
SrtlaTime srtla_delivery_reordering (const SrtlaRtt *rtt);

G_END_DECLS
