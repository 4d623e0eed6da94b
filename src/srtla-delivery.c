/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-delivery.h"

#include <string.h>

#define OVERDUE_MINIMUM    (60 * SRTLA_MILLISECOND)
#define OVERDUE_MAXIMUM    (250 * SRTLA_MILLISECOND)
#define REORDERING_MINIMUM (5 * SRTLA_MILLISECOND)
#define REORDERING_MAXIMUM (100 * SRTLA_MILLISECOND)
/* Growth under pressure: this part of the capacity for each RTT. */
#define GROWTH_PARTS 8
/* So many spans of losses in a row are no outage and no burst. */
#define LOSSY_SPANS  2
/* Changes from one round trip to the next are smoothed over so many; and so many of
 * the smallest average are what even jitter adds to round trips: of j each way it
 * makes them longer by 2 j and change by 0.9 j, least 0.7 j. What is nothing beside
 * the target is left out: under load round trips change a little by themselves. */
#define CHANGE_PARTS 16
#define JITTER_CHANGES 3
#define JITTER_LEAST   (SRTLA_QUEUE_TARGET / 2)
#define JITTER_MOST    SRTLA_SECOND     /* more is no jitter */

void
srtla_delivery_reset (SrtlaDelivery * delivery)
{
  memset (delivery, 0, sizeof *delivery);
  delivery->capacity = SRTLA_CAPACITY_DEFAULT;
}

void
srtla_delivery_restart (SrtlaDelivery * delivery, guint64 place)
{
  delivery->proof_place = place;
  delivery->n_samples = 0;
}

static guint64
bound_capacity (guint64 capacity)
{
  return CLAMP (capacity, SRTLA_CAPACITY_MINIMUM, SRTLA_CAPACITY_MAXIMUM);
}

/* The highest rate of a sliding window, from the maxima of its halves. */
static void
take_maximum (SrtlaDelivery * delivery, SrtlaTime now)
{
  const SrtlaTime half = SRTLA_DELIVERY_WINDOW / 2;
  guint64 rate = delivery->rate;

  if (rate >= delivery->next_maximum || now - delivery->next_maximum_at > half) {
    delivery->next_maximum = rate;
    delivery->next_maximum_at = now;
  }
  if (rate >= delivery->rate_maximum
      || now - delivery->rate_maximum_at > SRTLA_DELIVERY_WINDOW) {
    delivery->rate_maximum = MAX (rate, delivery->next_maximum);
    delivery->rate_maximum_at = now;
  }
}

/* Returns: the sample that came `back` before the next. */
static inline const SrtlaDeliverySample *
sample_before (const SrtlaDelivery * delivery, guint back)
{
  return &delivery->samples[(delivery->next_sample + SRTLA_DELIVERY_SAMPLES
          - back) % SRTLA_DELIVERY_SAMPLES];
}

/* The rate over the samples of the last span; at least one interval. */
static void
take_rate (SrtlaDelivery * delivery, SrtlaTime now)
{
  const SrtlaDeliverySample *last = sample_before (delivery, 1), *first;
  SrtlaTime span;

  /* Time only goes on: what is out of reach stays so. */
  while (delivery->n_samples > 2 && last->at - sample_before (delivery,
          delivery->n_samples)->at > SRTLA_DELIVERY_SPAN)
    delivery->n_samples--;
  if (delivery->n_samples < 2)
    return;
  first = sample_before (delivery, delivery->n_samples);
  span = last->at - first->at;
  if (last->sent_at > first->sent_at)
    span = MAX (span, last->sent_at - first->sent_at);
  if (span < SRTLA_MILLISECOND)
    return;
  delivery->rate = (last->bytes - first->bytes) * SRTLA_SECOND / span;
  /* Some of it will turn out lost. */
  if (delivery->retracts)
    delivery->rate = (guint64) ((gdouble) delivery->rate
        * (1.0 - delivery->lost_share));
  take_maximum (delivery, now);
}

static void
revise_capacity (SrtlaDelivery * delivery, SrtlaTime rtt_minimum,
    gboolean pressed, SrtlaTime now)
{
  guint64 capacity = delivery->capacity, most;
  SrtlaTime elapsed = MIN (now - delivery->capacity_at, SRTLA_SECOND);
  SrtlaTime round = MAX (rtt_minimum, 20 * SRTLA_MILLISECOND);

  delivery->capacity_at = now;
  if (delivery->rate == 0)
    return;
  if (delivery->congested) {
    /* What comes through a standing queue is what the uplink carries. */
    if (delivery->rate < capacity)
      capacity -= (capacity - delivery->rate) / 4;
    else
      capacity = delivery->rate;
  } else {
    capacity = MAX (capacity, delivery->rate);
    /* No further than what it has shown allows to believe. */
    most = MAX (2 * delivery->rate_maximum, SRTLA_CAPACITY_DEFAULT);
    if (pressed && capacity < most)
      capacity = MIN (capacity + capacity * elapsed / round / GROWTH_PARTS, most);
  }
  delivery->capacity = bound_capacity (capacity);
}

static void
advance_proof (SrtlaDelivery * delivery, SrtlaTime sent_at, guint64 place,
    SrtlaTime now)
{
  delivery->proof_at = MAX (now, 1);
  if (place < delivery->proof_place)
    return;
  delivery->proof_place = place + 1;
  delivery->proof_sent_at = MAX (delivery->proof_sent_at, sent_at);
}

void
srtla_delivery_retract (SrtlaDelivery * delivery, guint64 bytes)
{
  delivery->retracts = TRUE;
  delivery->span_delivered -= MIN (delivery->span_delivered, bytes);
  delivery->span_lost += bytes;
}

void
srtla_delivery_lost (SrtlaDelivery * delivery, guint64 bytes)
{
  delivery->span_lost += bytes;
}

/* What does not fit into a short queue is lost all the time. */
static void
take_loss (SrtlaDelivery * delivery, guint64 bytes, SrtlaTime rtt_minimum,
    SrtlaTime now)
{
  guint64 sent;

  delivery->span_delivered += bytes;
  sent = delivery->span_delivered + delivery->span_lost;
  if (now < delivery->span_since + MAX (rtt_minimum, SRTLA_LOSSY_SPAN)
      || sent < 2 * SRTLA_TRAIN_BYTES)
    return;
  delivery->lost_share = (3 * delivery->lost_share
      + (gdouble) delivery->span_lost / (gdouble) sent) / 4;
  if (delivery->span_lost * 100 > sent * SRTLA_LOSSY)
    delivery->lossy_spans++;
  else
    delivery->lossy_spans = 0;
  delivery->filled = delivery->filled || delivery->lossy_spans >= LOSSY_SPANS;
  delivery->span_delivered = delivery->span_lost = 0;
  delivery->span_since = now;
}

void
srtla_delivery_settled (SrtlaDelivery * delivery, SrtlaTime sent_at,
    guint64 place, SrtlaTime now)
{
  advance_proof (delivery, sent_at, place, now);
}

/* Queues come and go within some round trips, jitter is there from one to the next.
 * A minimum of two candidates, as the round trip's. */
static void
take_jitter (SrtlaDelivery * delivery, SrtlaTime queue, SrtlaTime now)
{
  SrtlaTime change = queue > delivery->latest_queue
      ? queue - delivery->latest_queue : delivery->latest_queue - queue;

  delivery->latest_queue = queue;
  delivery->change += change - delivery->change / CHANGE_PARTS;
  if (delivery->changes < CHANGE_PARTS) {
    delivery->changes++;
    delivery->least_change = delivery->next_change = delivery->change;
    delivery->least_change_at = delivery->next_change_at = now;
    return;
  }
  if (delivery->change <= delivery->next_change
      || now - delivery->next_change_at > SRTLA_RTT_MIN_WINDOW / 2) {
    delivery->next_change = delivery->change;
    delivery->next_change_at = now;
  }
  if (delivery->change <= delivery->least_change
      || now - delivery->least_change_at > SRTLA_RTT_MIN_WINDOW) {
    delivery->least_change = MIN (delivery->change, delivery->next_change);
    delivery->least_change_at = now;
  }
}

SrtlaTime
srtla_delivery_jitter (const SrtlaDelivery * delivery)
{
  SrtlaTime jitter = JITTER_CHANGES * delivery->least_change / CHANGE_PARTS;

  return delivery->changes < CHANGE_PARTS || jitter < JITTER_LEAST ? 0
      : MIN (jitter - JITTER_LEAST, JITTER_MOST);
}

void
srtla_delivery_queue (SrtlaDelivery * delivery, SrtlaTime rtt,
    SrtlaTime rtt_minimum, SrtlaTime now)
{
  SrtlaTime queue = rtt > rtt_minimum ? rtt - rtt_minimum : 0;

  if (rtt == 0 || rtt_minimum == 0)
    return;
  take_jitter (delivery, queue, now);
  delivery->queue = (3 * delivery->queue + queue) / 4;
  delivery->congested = delivery->queue > SRTLA_QUEUE_TARGET;
  delivery->filled = delivery->filled || delivery->congested;
}

void
srtla_delivery_proof (SrtlaDelivery * delivery, guint64 bytes,
    SrtlaTime sent_at, guint64 place, SrtlaTime rtt, SrtlaTime rtt_minimum,
    gboolean pressed, SrtlaTime now)
{
  SrtlaDeliverySample *sample = &delivery->samples[delivery->next_sample];

  delivery->bytes += bytes;
  advance_proof (delivery, sent_at, place, now);

  sample->at = now;
  sample->sent_at = delivery->proof_sent_at;
  sample->bytes = delivery->bytes;
  delivery->next_sample = (delivery->next_sample + 1) % SRTLA_DELIVERY_SAMPLES;
  delivery->n_samples = MIN (delivery->n_samples + 1, SRTLA_DELIVERY_SAMPLES);
  take_rate (delivery, now);

  srtla_delivery_queue (delivery, rtt, rtt_minimum, now);
  take_loss (delivery, bytes, rtt_minimum, now);
  revise_capacity (delivery, rtt_minimum, pressed, now);
}

guint64
srtla_delivery_window (const SrtlaDelivery * delivery, SrtlaTime rtt_minimum)
{
  SrtlaTime span = MIN (rtt_minimum, SRTLA_SECOND)
      + SRTLA_QUEUE_TARGET + srtla_delivery_jitter (delivery);

  return MAX (delivery->capacity * span / SRTLA_SECOND,
      SRTLA_TRAIN_BYTES);
}

guint64
srtla_delivery_room (const SrtlaDelivery * delivery, SrtlaTime rtt_minimum,
    SrtlaTime queue_target)
{
  SrtlaTime span = rtt_minimum + queue_target
      + srtla_delivery_jitter (delivery);

  if (!delivery->filled || rtt_minimum == 0)
    return G_MAXUINT64;
  return delivery->capacity * span / SRTLA_SECOND * 5 / 4
      + SRTLA_ACK_TRAIN * SRTLA_MAX_DATAGRAM;
}

SrtlaTime
srtla_delivery_overdue (const SrtlaRtt * rtt)
{
  SrtlaTime most = MAX (OVERDUE_MAXIMUM, 2 * rtt->smoothed);

  if (rtt->samples == 0)
    return OVERDUE_MAXIMUM;
  return CLAMP (rtt->smoothed + 4 * rtt->variance, OVERDUE_MINIMUM, most);
}

SrtlaTime
srtla_delivery_reordering (const SrtlaRtt * rtt)
{
  return CLAMP (rtt->minimum / 4, REORDERING_MINIMUM, REORDERING_MAXIMUM);
}
