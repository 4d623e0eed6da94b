/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probe trains: as many duplicates as an SRTLA ACK names, for an uplink that
 * rests, or that carried nothing for long, to prove itself by.
 */
#include "srtla-bond-private.h"

/* The distance of a train's packets where no rate is known and at most, and
 * one train's distance from the next. */
#define TRAIN_SPACING   (10 * SRTLA_MILLISECOND)
#define TRAIN_SPACING_MAXIMUM (50 * SRTLA_MILLISECOND)
#define TRAIN_INTERVAL  (2 * SRTLA_SECOND)
#define TRAIN_INTERVAL_MAXIMUM (16 * SRTLA_SECOND)
#define TRAIN_INTERVAL_PRESSED (500 * SRTLA_MILLISECOND)
/* Exploration may cost this part of the bytes sent; a train is always covered. */
#define EXPLORATION_PARTS 100
/* An uplink that carried nothing for so long is in an unknown state. */
#define STARVED (2 * SRTLA_SECOND)

/* Returns: how long after a train the next may go, so that trains take no more
 * than their part of the traffic; while packets wait for room, sooner. */
static SrtlaTime
train_interval (const SrtlaBond * bond)
{
  guint64 rate = MAX (bond->stats.bitrate / 8 / EXPLORATION_PARTS, 1);

  if (srtla_pipeline_waiting (bond->pipeline) > 0)
    return TRAIN_INTERVAL_PRESSED;
  return CLAMP (SRTLA_TRAIN_BYTES * SRTLA_SECOND / rate, TRAIN_INTERVAL,
      TRAIN_INTERVAL_MAXIMUM);
}

gboolean
srtla_trains_is_wanted (const SrtlaBond * bond, const SrtlaUplink * uplink,
    SrtlaTime now)
{
  gboolean starved = !uplink->stalled && bond->exploration
      && now > MAX (uplink->sent_at, uplink->state_since) + STARVED;

  if (uplink->train_left > 0 || !(starved || (uplink->stalled
              && uplink->echoed)))
    return FALSE;
  if (uplink->train_at != 0
      && now < uplink->train_at + train_interval (bond))
    return FALSE;
  return uplink->stalled || bond->stats.duplicate_bytes
      <= bond->stats.bytes_sent / EXPLORATION_PARTS;
}

/* Returns: the distance of a train's packets: half of the rate that the uplink
 * has shown, so that the train is no burst for it. */
static SrtlaTime
train_spacing (const SrtlaUplink * uplink)
{
  guint64 rate = uplink->delivery.rate_maximum;

  if (rate == 0)
    return TRAIN_SPACING;
  return CLAMP (2 * SRTLA_FULL_DATAGRAM * SRTLA_SECOND / rate, SRTLA_MILLISECOND,
      TRAIN_SPACING_MAXIMUM);
}

/* Returns: FALSE if it is no packet that is kept and missing, or cannot go. */
static gboolean
repeat_on (SrtlaBond * bond, SrtlaUplink * uplink, guint64 place, SrtlaTime now)
{
  const SrtlaInflightEntry *flying = srtla_inflight_at (uplink->log, place);
  const SrtlaTrackerEntry *entry;
  SrtlaPacket packet;

  if (flying == NULL || !flying->held || flying->settled)
    return FALSE;
  entry = srtla_tracker_find (bond->callers.slots[flying->caller].tracker,
      flying->sequence, now);
  if (entry == NULL || entry->owner == NULL || entry->arrived_at != 0)
    return FALSE;
  packet.data = entry->data;
  packet.size = entry->size;
  packet.owner = entry->owner;
  if (!srtla_bond_emit_copy (bond, uplink, flying->caller, &packet,
          SRTLA_COPY_PROBE, now))
    return FALSE;
  srtla_inflight_take_at (uplink->log, place);
  return TRUE;
}

/* A train need not wait for packets that also go another way, which may have no
 * room for any: what went missing with the uplink itself does as well. */
void
srtla_trains_fill (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  uplink->train_place = MAX (uplink->train_place, uplink->delivery.proof_place);
  while (uplink->train_left > 0 && now >= uplink->train_next
      && uplink->train_place < uplink->train_end) {
    if (!repeat_on (bond, uplink, uplink->train_place++, now))
      continue;
    uplink->train_left--;
    uplink->train_next = MAX (uplink->train_next + SRTLA_GUARD_INTERVAL, now)
        - SRTLA_GUARD_INTERVAL + train_spacing (uplink);
  }
}

void
srtla_trains_start (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  uplink->train_left = SRTLA_ACK_TRAIN;
  uplink->train_at = MAX (now, 1);
  uplink->train_next = now;
  uplink->train_place = 0;
  uplink->train_end = srtla_inflight_next_place (uplink->log);
  bond->probing = TRUE;
}

void
srtla_trains_duplicate (SrtlaBond * bond, guint caller, guint chosen,
    const SrtlaPacket * packet, SrtlaTime now)
{
  gboolean probing = FALSE;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];

    probing |= uplink->train_left > 0;
    if (uplink->train_left == 0 || now < uplink->train_next
        || uplink->slot == chosen || uplink->state != SRTLA_UPLINK_UP
        || uplink->largest < packet->size)
      continue;
    if (!srtla_bond_emit_copy (bond, uplink, caller, packet, SRTLA_COPY_PROBE,
            now))
      return;
    uplink->train_left--;
    uplink->train_next = now + train_spacing (uplink);
  }
  bond->probing = probing;
}
