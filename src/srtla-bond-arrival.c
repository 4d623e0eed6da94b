/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a packet arrives in time, in all modes but classic: until when it is of
 * use, and how long it takes on each uplink.
 */
#include "srtla-bond-private.h"

/* What a receiver must do for packets to expire. */
#define EXPIRING (SRTLA_HS_TSBPD_RECEIVER | SRTLA_HS_TLPKTDROP)

/* Returns: whether it is known how much it carries: one that never was full, and
 * has no limit, may take any amount. */
static inline gboolean
is_measured (const SrtlaUplink * uplink)
{
  return uplink->delivery.filled || uplink->bitrate_maximum != 0;
}

/* Returns: how long the queue is that bytes in flight, µs at the uplink's rate,
 * must have made: what neither fills the path nor has left since the latest
 * acknowledgement of its own. 0 if the rate is only a guess. */
static SrtlaTime
queue_of (const SrtlaUplink * uplink, SrtlaTime in_flight, SrtlaTime now)
{
  const SrtlaDelivery *delivery = &uplink->delivery;
  SrtlaTime gone;

  if (!delivery->filled || delivery->n_samples == 0)
    return 0;
  gone = uplink->rtt.minimum + now - delivery->samples[(delivery->next_sample
          + SRTLA_DELIVERY_SAMPLES - 1) % SRTLA_DELIVERY_SAMPLES].at;
  return in_flight > gone ? in_flight - gone : 0;
}

/* Returns: whether nothing can stand in front of a packet there. */
static inline gboolean
is_idle (const SrtlaUplink * uplink, SrtlaTime now)
{
  return srtla_inflight_count (uplink->log) == 0
      || now > uplink->sent_at + srtla_delivery_overdue (&uplink->rtt);
}

/* Returns: how much longer than at best a packet takes that leaves now on this
 * uplink: what stands in front of it, as the latest round trips tell or as what
 * is in flight does, which it cannot exceed; and its own time on the wire. */
static SrtlaTime
way_on (const SrtlaUplink * uplink, SrtlaTime now)
{
  guint64 capacity = uplink->delivery.capacity;
  SrtlaTime in_flight, queue;

  if (!is_measured (uplink))
    return uplink->delivery.queue;
  /* Its rate may be out of date, and only a packet can tell. */
  if (is_idle (uplink, now))
    return 0;
  in_flight = srtla_inflight_bytes (uplink->log) * SRTLA_SECOND / capacity;
  queue = MAX (uplink->delivery.queue, queue_of (uplink, in_flight, now));
  return MIN (queue, in_flight) + SRTLA_MAX_DATAGRAM * SRTLA_SECOND / capacity;
}

static inline gboolean
is_delivering (const SrtlaUplink * uplink)
{
  return uplink->state == SRTLA_UPLINK_UP && !uplink->stalled;
}

SrtlaTime
srtla_bond_least_way (const SrtlaBond * bond)
{
  SrtlaTime least = SRTLA_TIME_NONE;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    if (is_delivering (bond->order[i]))
      least = MIN (least, way_on (bond->order[i], bond->now));
  }
  return least == SRTLA_TIME_NONE ? 0 : MIN (least, SRTLA_LONGEST_WAY);
}

/* Returns: whether a packet arrives in time on this uplink. Usually that takes no
 * division. */
static gboolean
makes_it (const SrtlaBond * bond, const SrtlaUplink * uplink,
    SrtlaTime expires)
{
  return (is_measured (uplink)
      && (srtla_inflight_bytes (uplink->log) + SRTLA_MAX_DATAGRAM)
      * SRTLA_SECOND < (expires - bond->now) * uplink->delivery.capacity)
      || expires > bond->now + way_on (uplink, bond->now);
}

gboolean
srtla_bond_is_still_useful (const SrtlaBond * bond, SrtlaTime expires)
{
  guint i;

  if (expires <= bond->now)
    return FALSE;
  for (i = 0; i < bond->n_uplinks; i++) {
    if (is_delivering (bond->order[i])
        && makes_it (bond, bond->order[i], expires))
      return TRUE;
  }
  return expires > bond->now + srtla_bond_least_way (bond);
}

/* Returns: whether a packet that is of use until `expires` still is if it takes
 * the uplink's detour. */
static gboolean
makes_detour (const SrtlaBond * bond, const SrtlaUplink * uplink,
    SrtlaTime expires, gboolean detours)
{
  SrtlaTime detour = detours ? uplink->detour : 0;

  return expires > bond->now + detour
      && makes_it (bond, uplink, expires - detour);
}

/* Returns: the uplink with room where a packet arrives soonest, if that is in time;
 * else NULL. */
static SrtlaUplink *
soonest_with_room (const SrtlaBond * bond, const SrtlaItem * item,
    gboolean detours)
{
  SrtlaTime least = SRTLA_TIME_NONE;
  SrtlaUplink *best = NULL;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];
    SrtlaTime way = way_on (uplink, bond->now)
        + (detours ? uplink->detour : 0);

    if (way >= least || !srtla_uplink_has_room (uplink,
            item->priority == SRTLA_CLASS_HIGH, item->packet.size))
      continue;
    best = uplink;
    least = way;
  }
  return best != NULL && makes_detour (bond, best, item->expires, detours)
      ? best : NULL;
}

/* From when a receiver reckons is not known: a handshake may have taken a longer
 * way than the nearest, and so may what it follows the clocks' drift by. So a detour
 * decides where a packet goes, and not whether it does. */
SrtlaUplink *
srtla_bond_in_time (SrtlaBond * bond, const SrtlaItem * item,
    SrtlaUplink * meant)
{
  SrtlaUplink *best;

  if (item->expires <= bond->now || !is_delivering (meant)
      || makes_detour (bond, meant, item->expires, TRUE))
    return meant;
  best = soonest_with_room (bond, item, TRUE);
  if (best != NULL)
    return best;
  return makes_detour (bond, meant, item->expires, FALSE) ? meant
      : soonest_with_room (bond, item, FALSE);
}

/* Returns: how long a packet of the most patient caller may take from now on, on
 * the nearest uplink at best; SRTLA_TIME_NONE if some of a caller never expires. */
static SrtlaTime
longest_patience (const SrtlaBond * bond)
{
  SrtlaTime longest = 0;
  guint i;

  for (i = 0; i < bond->callers.used; i++) {
    const SrtlaCaller *caller = &bond->callers.slots[i];

    if (caller->last_heard == 0 || caller->closed)
      continue;
    if (caller->latency == 0 || (caller->flags & EXPIRING) != EXPIRING)
      return SRTLA_TIME_NONE;
    longest = MAX (longest, caller->latency * SRTLA_MILLISECOND);
  }
  return longest == 0 ? SRTLA_TIME_NONE : longest;
}

/* The smallest round trip of those that deliver; 0 if none is known. */
static SrtlaTime
nearest_of (const SrtlaBond * bond)
{
  SrtlaTime nearest = SRTLA_TIME_NONE;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    if (is_delivering (bond->order[i]) && bond->order[i]->rtt.samples > 0)
      nearest = MIN (nearest, bond->order[i]->rtt.minimum);
  }
  return nearest == SRTLA_TIME_NONE ? 0 : nearest;
}

void
srtla_bond_measure_detours (SrtlaBond * bond)
{
  SrtlaTime nearest = nearest_of (bond);
  SrtlaTime patience = longest_patience (bond);
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];

    uplink->detour = nearest != 0 && uplink->rtt.minimum > nearest
        ? (uplink->rtt.minimum - nearest) / 2 : 0;
    uplink->too_far = uplink->detour >= patience;
  }
}

gboolean
srtla_bond_is_expired (const SrtlaBond * bond, const SrtlaOutput * output)
{
  return !srtla_bond_is_useful (bond, output->expires);
}

