/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets that must arrive soon, in all modes but classic: where a
 * retransmission goes, what is kept to be sent once more, and what is done at
 * once with packets that a stalled or failed uplink took along.
 */
#include "srtla-bond-private.h"

/* An uplink on which a lone packet went missing is avoided for so long; twice as
 * long each time without a proof in between, so often. */
#define DOUBT (2 * SRTLA_SECOND)
#define DOUBTS_MAXIMUM 6
/* SRT acknowledges no more often than this. */
#define SRT_ACK_INTERVAL (10 * SRTLA_MILLISECOND)
/* What must be left of a packet's time for rescue to be of use. */
#define USEFUL_MARGIN (10 * SRTLA_MILLISECOND)
/* Retransmissions need no room, but with more than so many fourths of it in
 * flight the uplink is no place for them. */
#define CROWDED 5
/* Rescued packets must not drown those that are well: with more than this
 * waiting on the best uplink they wait too, until so much of their time is left. */
#define RESCUE_BACKLOG   (100 * SRTLA_MILLISECOND)
#define RESCUE_PATIENCE  (300 * SRTLA_MILLISECOND)

/* ---- Where a packet goes that must arrive soon ------------------------- */

/* Returns: when a packet sent now would arrive, µs from now, the more the less
 * the uplink is trusted. */
static gdouble
arrival (const SrtlaUplink * uplink, guint size)
{
  gdouble bytes = (gdouble) srtla_inflight_bytes (uplink->log) + size;
  gdouble drained = bytes * SRTLA_SECOND / (gdouble) uplink->delivery.capacity;
  gdouble way = (gdouble) (uplink->rtt.minimum != 0 ? uplink->rtt.minimum
      : 100 * SRTLA_MILLISECOND) / 2;

  /* What is in flight fills the path before it makes a queue. */
  return (way + MAX (drained - 2 * way, 0) + MAX (uplink->delivery.queue, 0) / 2)
      / MAX (uplink->quality.value, 0.1);
}

/* Returns: 0 for an uplink that is a good choice; 1 if a packet went missing there
 * not long ago, or if it is only just returning and has all in flight that it has
 * earned; 2 if its socket takes no more, so that a packet would wait there. */
static guint
rank_of (const SrtlaBond * bond, const SrtlaUplink * uplink, guint size)
{
  if (uplink->blocked)
    return 2;
  return bond->now < uplink->doubted_until || (uplink->ramp != 0
      && srtla_inflight_bytes (uplink->log) + size > uplink->ramp);
}

guint
srtla_enhanced_soonest (const SrtlaBond * bond, guint size, guint64 avoid)
{
  guint best = SRTLA_NO_UPLINK, best_rank = 0;
  gdouble best_arrival = 0.0;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    const SrtlaUplink *uplink = bond->order[i];
    guint rank;
    gdouble at;

    if (uplink->state != SRTLA_UPLINK_UP || uplink->suspended
        || uplink->stalled || uplink->largest < size
        || (avoid >> uplink->slot & 1))
      continue;
    rank = rank_of (bond, uplink, size);
    /* One of a lesser choice is better than none. */
    if (best != SRTLA_NO_UPLINK && rank > best_rank)
      continue;
    at = arrival (uplink, size);
    if (best == SRTLA_NO_UPLINK || rank < best_rank || at < best_arrival) {
      best = uplink->slot;
      best_rank = rank;
      best_arrival = at;
    }
  }
  return best;
}

guint64
srtla_enhanced_crowded (const SrtlaBond * bond)
{
  guint64 crowded = 0;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    const SrtlaUplink *uplink = bond->order[i];

    if (uplink->names_all && uplink->state == SRTLA_UPLINK_UP && !uplink->stalled
        && srtla_inflight_bytes (uplink->log) / CROWDED > uplink->room / 4)
      crowded |= G_GUINT64_CONSTANT (1) << uplink->slot;
  }
  return crowded;
}

guint
srtla_enhanced_retransmission (const SrtlaBond * bond,
    const SrtlaTrackerEntry * entry, guint size, guint64 crowded)
{
  guint64 latest = G_GUINT64_CONSTANT (1) << entry->uplink;
  guint chosen = srtla_enhanced_soonest (bond, size, entry->holders | latest
      | crowded);

  if (chosen == SRTLA_NO_UPLINK)
    chosen = srtla_enhanced_soonest (bond, size, latest | crowded);
  return chosen;
}

/* ---- Packets kept --------------------------------------------------------- */

/* Drops what is of no use any more. */
static void
drop_late (SrtlaBond * bond, guint caller, SrtlaTime now)
{
  SrtlaCaller *slot = &bond->callers.slots[caller];
  SrtlaTime latency = srtla_caller_latency (slot);
  gpointer owner;
  gsize size;

  while (now > latency && srtla_tracker_drop_oldest (slot->tracker,
          now - latency, &size, &owner)) {
    bond->kept_bytes -= size;
    srtla_bond_release (bond, owner);
  }
}

void
srtla_enhanced_keep (SrtlaBond * bond, guint caller, guint32 sequence,
    const SrtlaPacket * packet, SrtlaTime now)
{
  SrtlaTracker *tracker = bond->callers.slots[caller].tracker;
  gpointer owner, earlier;
  gsize size;

  if (!bond->rescue || packet->owner == NULL || bond->config.reference == NULL)
    return;
  while (bond->kept_bytes + packet->size > SRTLA_RESCUE_BYTES) {
    if (!srtla_tracker_drop_oldest (tracker, SRTLA_TIME_NONE, &size, &owner))
      return;
    bond->kept_bytes -= size;
    srtla_bond_release (bond, owner);
  }
  bond->config.reference (packet->owner, bond->config.user_data);
  earlier = srtla_tracker_keep (tracker, sequence, packet->data, packet->owner);
  /* A packet and its copies are of one size. */
  if (earlier == NULL)
    bond->kept_bytes += packet->size;
  else
    srtla_bond_release (bond, earlier);
  (void) now;
}

void
srtla_enhanced_drop_kept (SrtlaBond * bond, SrtlaTime now)
{
  guint i;

  for (i = 0; i < SRTLA_MAX_CALLERS; i++) {
    if (bond->callers.slots[i].tracker != NULL)
      drop_late (bond, i, now);
  }
}

void
srtla_enhanced_drop_all_kept (SrtlaBond * bond, guint caller)
{
  SrtlaTracker *tracker = bond->callers.slots[caller].tracker;
  gpointer owner;
  gsize size;

  while (tracker != NULL && bond->kept_bytes > 0
      && srtla_tracker_take_kept (tracker, &size, &owner)) {
    bond->kept_bytes -= size;
    srtla_bond_release (bond, owner);
  }
}

/* ---- Sent again ----------------------------------------------------------- */

/* Returns: how long the bytes in flight on an uplink keep a new packet waiting,
 * µs, as far as that is known. */
static SrtlaTime
backlog (const SrtlaUplink * uplink)
{
  SrtlaTime drained = srtla_inflight_bytes (uplink->log) * SRTLA_SECOND
      / uplink->delivery.capacity;

  return drained > uplink->rtt.minimum ? drained - uplink->rtt.minimum : 0;
}

gboolean
srtla_enhanced_rescue_entry (SrtlaBond * bond, SrtlaUplink * uplink,
    const SrtlaInflightEntry * flying, gboolean patient, SrtlaTime now)
{
  SrtlaCaller *caller = &bond->callers.slots[flying->caller];
  SrtlaTrackerEntry *entry = srtla_tracker_find (caller->tracker,
      flying->sequence, now);
  guint64 own = G_GUINT64_CONSTANT (1) << uplink->slot;
  guint64 crowded = srtla_enhanced_crowded (bond);
  SrtlaPacket packet;
  guint to;

  if (!flying->held || flying->settled || entry == NULL || entry->owner == NULL
      || entry->holders == 0 || entry->arrived_at != 0
      || entry->uplink != uplink->slot
      || now + USEFUL_MARGIN > entry->first_sent_at + srtla_caller_latency (caller)
      || !srtla_bond_is_useful (bond, srtla_bond_useful_until (bond,
              flying->caller, entry->data, now)))
    return TRUE;
  to = srtla_enhanced_soonest (bond, entry->size, own | crowded);
  /* It may have come back meanwhile. */
  if (to == SRTLA_NO_UPLINK && crowded != 0)
    to = srtla_enhanced_soonest (bond, entry->size, crowded);
  if (to == SRTLA_NO_UPLINK && crowded != 0 && !patient)
    to = srtla_enhanced_soonest (bond, entry->size, own);
  if (to == SRTLA_NO_UPLINK)
    return !patient || crowded == 0;
  if (patient && backlog (bond->uplinks[to]) > RESCUE_BACKLOG
      && now + RESCUE_PATIENCE < entry->first_sent_at + srtla_caller_latency (caller))
    return FALSE;
  packet.data = entry->data;
  packet.size = entry->size;
  packet.owner = entry->owner;
  if (!srtla_bond_emit_copy (bond, bond->uplinks[to], flying->caller, &packet,
          SRTLA_COPY_RESCUE, now))
    return FALSE;
  /* From now on the other uplink answers for it. */
  entry->uplink = (guint8) to;
  entry->sent_at = now;
  if (entry->copies < G_MAXUINT8)
    entry->copies++;
  return TRUE;
}

/* Nobody will name this packet again: if it was lost without a NAK, or a second
 * time, it goes out again from here; if it cannot, the caller hears of a NAK that
 * was held back. Where it will be named again, that NAK takes care of it. */
void
srtla_enhanced_resend (SrtlaBond * bond, SrtlaUplink * uplink,
    const SrtlaInflightEntry * lost, SrtlaTime now)
{
  gboolean told_once =
      srtla_enhanced_is_told_once (&bond->callers.slots[lost->caller]);
  guint64 rescued = bond->stats.rescued;
  SrtlaInflightEntry flying = *lost;

  flying.held = TRUE;
  if (told_once && !lost->lost && bond->rescue)
    srtla_enhanced_rescue_entry (bond, uplink, &flying, FALSE, now);
  if (!lost->reported)
    return;
  if (!told_once || bond->stats.rescued != rescued
      || !srtla_enhanced_release_entry (bond, uplink, &flying, now))
    bond->stats.naks_dropped++;
}

void
srtla_enhanced_doubt (SrtlaUplink * uplink, SrtlaTime now)
{
  uplink->doubted_until = now + (DOUBT << MIN (uplink->doubts, DOUBTS_MAXIMUM));
  uplink->doubts++;
}

/* The last packet before a pause has none behind it that would make its loss
 * known: neither to the receiver, which sees no gap, nor to us. But SRT's ACK
 * stands at it, and it is overdue (a tail loss probe, RFC 8985 section 7). */
static void
mend (SrtlaBond * bond, guint caller, SrtlaTime now)
{
  SrtlaTrackerEntry *missing =
      srtla_tracker_missing (bond->callers.slots[caller].tracker);
  SrtlaInflightEntry again = {.caller = (guint8) caller,.held = TRUE };
  const SrtlaInflightEntry *flying;
  SrtlaUplink *uplink;
  guint64 place;

  if (missing == NULL || missing->copies != 1)
    return;
  uplink = srtla_bond_uplink (bond, missing->uplink);
  if (uplink == NULL || now < missing->sent_at + SRT_ACK_INTERVAL
      + srtla_enhanced_overdue_after (bond, uplink))
    return;
  flying = srtla_inflight_find (uplink->log, caller, missing->sequence, &place);
  /* A NAK for it went to the caller, or is on its way there; or, where uplinks
   * acknowledge, it was found lost otherwise. */
  if (flying != NULL ? flying->lost || flying->reported : uplink->names_all)
    return;
  /* Where more follow it is no lone packet, and the stall guard's business. */
  if (flying != NULL && !srtla_enhanced_is_lone (uplink, place))
    return;
  srtla_enhanced_doubt (uplink, now);
  again.sequence = missing->sequence;
  srtla_enhanced_rescue_entry (bond, uplink, &again, TRUE, now);
  missing->copies = MAX (missing->copies, 2);   /* once is enough */
}

void
srtla_enhanced_mend (SrtlaBond * bond, SrtlaTime now)
{
  guint i;

  for (i = 0; bond->rescue && i < bond->callers.used; i++) {
    if (bond->callers.slots[i].tracker == NULL)
      continue;
    mend (bond, i, now);
    srtla_fences_mend (bond, i, now);
  }
}

gboolean
srtla_enhanced_rescue (SrtlaBond * bond, SrtlaUplink * uplink,
    gboolean patient, SrtlaTime now)
{
  guint64 end = uplink->rescue_end;
  gboolean hole = !uplink->names_all && srtla_fences_is_hole (uplink);

  if (!bond->rescue)
    return TRUE;
  uplink->rescue_place = MAX (uplink->rescue_place,
      hole ? uplink->row_place : uplink->delivery.proof_place);
  for (; uplink->rescue_place < end; uplink->rescue_place++) {
    const SrtlaInflightEntry *flying = srtla_inflight_at (uplink->log,
        uplink->rescue_place);

    /* What a hole is known to have lost the caller was told of. */
    if (flying != NULL && !(hole && flying->lost)
        && !srtla_enhanced_rescue_entry (bond, uplink, flying, patient, now))
      return FALSE;
  }
  return TRUE;
}
