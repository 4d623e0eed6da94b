/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the bond does in all modes but classic: an uplink is judged by its own
 * proof of delivery. Without it in time it stalls, and rests until it proves
 * itself again, for which it is given duplicates to carry.
 */
#include "srtla-bond-private.h"
#include "srtla-seq.h"

/* SRT's ACKs, relayed each 10 ms, were not heard for so long; they have bursts
 * of losses of their own. */
#define CUT_OFF (200 * SRTLA_MILLISECOND)
/* So much of what was in flight is much less, and so many round trips are seen
 * then. */
#define FLAT_EIGHTHS 4
#define FLAT_SAMPLES 3
/* While proof keeps coming at this distance an uplink is slow, not stalled. */
#define PROOF_GAP (100 * SRTLA_MILLISECOND)
/* Nothing at all was heard for so long although something was asked. */
#define SILENCE (1500 * SRTLA_MILLISECOND)
/* In flight for so long: nobody will acknowledge it any more. */
#define FORGOTTEN (5 * SRTLA_SECOND)
/* The same for what is known to have arrived. */
#define SETTLED SRTLA_SECOND
/* How much later a NAK may come than an echo that left the receiver with it:
 * half of the longest round trip, and some. */
#define NAK_SKEW (20 * SRTLA_MILLISECOND)
#define NAK_SKEW_MAXIMUM (200 * SRTLA_MILLISECOND)
/* A rescue that must wait for room is tried again after this. */
#define RESCUE_INTERVAL (5 * SRTLA_MILLISECOND)
/* A returning uplink that was away for less gets half of its window at once. */
#define BRIEF (500 * SRTLA_MILLISECOND)

static void
tell (SrtlaBond * bond, SrtlaEventKind kind, const SrtlaUplink * uplink,
    SrtlaTime now)
{
  const SrtlaEvent event = { kind, now, uplink->slot, SRTLA_NO_CALLER,
    uplink->state, uplink->state, NULL
  };

  srtla_bond_tell (bond, &event);
}

/* ---- Proof of delivery ------------------------------------------------- */

void
srtla_enhanced_recover (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  gboolean brief = now - uplink->stalled_since < BRIEF;

  uplink->stalled = FALSE;
  uplink->train_left = 0;
  uplink->train_at = 0;         /* it was worth it: the next may go at once */
  /* What was sent later may arrive yet. */
  uplink->rescue_end = MIN (uplink->rescue_end, uplink->delivery.proof_place);
  uplink->ramp = brief ? MAX (SRTLA_RAMP_START, srtla_delivery_window
      (&uplink->delivery, uplink->rtt.minimum) / 2) : SRTLA_RAMP_START;
  tell (bond, SRTLA_EVENT_DELIVERS, uplink, now);
}

/* The share comes back as acknowledgements do: slow start (RFC 5681). */
void
srtla_enhanced_climb (SrtlaUplink * uplink, guint64 bytes)
{
  if (uplink->ramp == 0)
    return;
  uplink->ramp += bytes;
  if (uplink->ramp >= srtla_delivery_window (&uplink->delivery,
          uplink->rtt.minimum))
    uplink->ramp = 0;
}

static void
prove (SrtlaBond * bond, SrtlaUplink * uplink, guint64 bytes,
    SrtlaTime sent_at, guint64 place, SrtlaTime rtt, SrtlaTime now)
{
  if (rtt != 0)
    srtla_rtt_sample (&uplink->rtt, rtt, now);
  if (uplink->names_all) {
    srtla_delivery_proof (&uplink->delivery, bytes, sent_at, place, rtt,
        uplink->rtt.minimum, bond->pressed, now);
  } else {
    /* Fences count the bytes, those that are not named too. */
    srtla_delivery_settled (&uplink->delivery, sent_at, place, now);
    srtla_delivery_queue (&uplink->delivery, rtt, uplink->rtt.minimum, now);
    uplink->trials = 0;
    uplink->lost_in_row = 0;
  }
  if (uplink->stalled)
    srtla_enhanced_recover (bond, uplink, now);
  else
    srtla_enhanced_climb (uplink, bytes);
  bond->news = TRUE;
  uplink->lost_since_proof = 0;
  uplink->doubted_until = 0;
  uplink->doubts = 0;
  uplink->in_flight = (gint32) srtla_inflight_count (uplink->log);
  srtla_bond_weigh (bond, uplink, now);
}

/* What has arrived needs no rescue any more. */
static inline void
note_arrival (SrtlaBond * bond, const SrtlaInflightEntry * taken, SrtlaTime now)
{
  SrtlaTrackerEntry *entry = srtla_tracker_find
      (bond->callers.slots[taken->caller].tracker, taken->sequence, now);

  if (entry == NULL || entry->arrived_at != 0)
    return;
  entry->arrived_at = now;
  srtla_enhanced_unkeep (bond, entry);
  entry->data = NULL;
  entry->owner = NULL;
}

void
srtla_enhanced_srtla_ack (SrtlaBond * bond, SrtlaUplink * uplink,
    const guint8 * data, gsize size, SrtlaTime now)
{
  guint count = srtla_ack_count (data, size);
  guint64 bytes = 0, place = 0, newest = 0, oldest = G_MAXUINT64;
  guint64 from = uplink->acknowledged_place;
  SrtlaTime sent_at = 0, last_sent_at = 0;
  gboolean ambiguous = FALSE;
  guint i, found = 0;

  bond->acknowledges = TRUE;
  uplink->names_none = FALSE;
  uplink->unnamed = 0;
  for (i = 0; i < count; i++) {
    SrtlaInflightEntry taken;
    gboolean sole;

    last_sent_at = 0;
    /* What was sent before something acknowledged and was not is lost: another
     * copy is meant, or another caller's packet. */
    if (!srtla_inflight_take_oldest (uplink->log, srtla_ack_sequence (data, i),
            from, &taken, &place, &sole)) {
      uplink->counters.acknowledgements_unknown++;
      bond->stats.ignored_numbers++;
      continue;
    }
    if (taken.reported)
      bond->stats.naks_dropped++;
    /* Whose number it is must be certain, or a loss might be kept quiet. */
    if (!taken.ambiguous)
      note_arrival (bond, &taken, now);
    found++;
    bytes += taken.size;
    newest = MAX (newest, place);
    ambiguous = ambiguous || taken.ambiguous;
    /* Of two copies it may be the other that arrived. */
    if (sole && place >= from)
      oldest = MIN (oldest, place);
    sent_at = MAX (sent_at, taken.sent_at);
    if (sole)
      last_sent_at = taken.sent_at;
  }
  if (found == 0)
    return;
  uplink->counters.packets_acknowledged += found;
  /* In a row they are what one caller has there, or both in turn. */
  if (!ambiguous || newest - oldest < count)
    srtla_fences_named (bond, uplink, oldest, newest, count - found, now);
  uplink->acknowledged_place = MAX (uplink->acknowledged_place, newest + 1);
  /* The last number is the one whose arrival set the acknowledgement off. */
  prove (bond, uplink, bytes, sent_at, newest,
      last_sent_at != 0 ? MAX (now - last_sent_at, 1) : 0, now);
}

/* An SRT ACK settles a number. It proves something of an uplink only if no
 * other carried the number; and where receivers acknowledge for each uplink,
 * what it settles stays in the log for them to tell: their SRTLA ACKs take longer
 * by all uplinks but the fastest. */
void
srtla_enhanced_settle (SrtlaBond * bond, guint caller,
    const SrtlaTrackerEntry * entry, SrtlaTime now)
{
  /* What comes after the packet's time may mean that the peer gave it up. */
  gboolean sole = entry->copies == 1
      && (entry->holders & (entry->holders - 1)) == 0
      && now < entry->first_sent_at
      + srtla_caller_latency (&bond->callers.slots[caller]);
  guint64 holders = entry->holders;

  while (holders != 0) {
    guint slot = (guint) __builtin_ctzll (holders);
    SrtlaUplink *uplink = bond->uplinks[slot];
    SrtlaInflightEntry settled;
    guint64 place;

    holders &= holders - 1;
    if (uplink == NULL || (!sole && uplink->names_all)
        || !(bond->acknowledges
            ? srtla_inflight_settle (uplink->log, caller, entry->sequence,
                &settled, &place)
            : srtla_inflight_take_caller_place (uplink->log, caller,
                entry->sequence, &settled, &place)))
      continue;
    uplink->in_flight = (gint32) srtla_inflight_count (uplink->log);
    if (settled.reported)
      bond->stats.naks_dropped++;
    if (!sole)
      continue;
    /* It moves the proof on, no more: what arrived before an uplink died may be
     * settled long after. */
    srtla_delivery_settled (&uplink->delivery, settled.sent_at, place, now);
    if (!uplink->names_all)
      srtla_fences_settled (uplink, now);
    if (place > uplink->lost_place)
      uplink->lost_in_row = 0;
    uplink->trials = 0;
    uplink->doubted_until = 0;
    uplink->doubts = 0;
  }
}

/* A NAK named a packet that this uplink carried last. */
void
srtla_enhanced_lost (SrtlaBond * bond, SrtlaUplink * uplink, guint64 place,
    SrtlaTime now)
{
  srtla_quality_nak (&uplink->quality, now);
  srtla_fences_lost (uplink, place);
  uplink->lost_since_proof++;
  srtla_bond_weigh (bond, uplink, now);
}

/* An echo proves the path, not delivery. */
void
srtla_enhanced_echo (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  bond->news = TRUE;
  if (uplink->stalled) {
    uplink->echoed = TRUE;
    if (uplink->names_all)
      srtla_inflight_overtake (uplink->log, G_MAXUINT64, uplink->fences
          [(uplink->next_fence + SRTLA_FENCES - 1) % SRTLA_FENCES].sent_at);
  }
  if (uplink->names_all)
    srtla_delivery_queue (&uplink->delivery, uplink->rtt.latest,
        uplink->rtt.minimum, now);
  else
    srtla_fences_echo (bond, uplink, now);
  srtla_bond_measure_detours (bond);
  srtla_bond_weigh (bond, uplink, now);
}

/* ---- Stall guard ------------------------------------------------------- */

/* Returns: whether a train's worth was sent after the latest proof, and its
 * acknowledgement is overdue. Where they do not name all: whether it is a hole. */
static gboolean
proof_is_overdue (SrtlaUplink * uplink, SrtlaTime now)
{
  /* Lost ones do not count towards the ten that set an acknowledgement off. */
  const SrtlaInflightEntry *tenth = srtla_inflight_at (uplink->log,
      uplink->delivery.proof_place + SRTLA_ACK_TRAIN - 1
      + MIN (uplink->lost_since_proof, SRTLA_ACK_TRAIN));

  if (!uplink->names_all)
    return srtla_fences_is_hole (uplink);
  return tenth != NULL && now > uplink->delivery.proof_at + PROOF_GAP
      && now > tenth->sent_at + srtla_delivery_overdue (&uplink->rtt);
}

/* Returns: whether the others hear SRT's ACKs, which are relayed to every
 * uplink, and this one has not for too long. */
static gboolean
is_cut_off (const SrtlaBond * bond, const SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime patience = MAX (2 * srtla_delivery_overdue (&uplink->rtt),
      CUT_OFF);

  return now > uplink->delivery.proof_at + patience
      && bond->relayed_at > uplink->last_heard + patience
      && now > uplink->last_heard + patience
      && bond->relayed_at - bond->relaying_since > 2 * patience;
}

static void
stall (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  uplink->stalled = TRUE;
  uplink->stalled_since = now;
  uplink->echoed = FALSE;
  uplink->train_left = 0;
  uplink->next_keepalive = now;
  uplink->counters.stalls++;
  tell (bond, SRTLA_EVENT_STALLED, uplink, now);
  uplink->rescue_end = srtla_inflight_next_place (uplink->log);
  bond->rescuing |= G_GUINT64_CONSTANT (1) << uplink->slot;
  bond->rescue_at = now;
}

/* Where a NAK comes but once, it gets more time to come. */
static gboolean
some_told_once (const SrtlaBond * bond)
{
  guint i;

  for (i = 0; i < SRTLA_MAX_CALLERS; i++) {
    if (bond->callers.slots[i].last_heard != 0
        && srtla_enhanced_is_told_once (&bond->callers.slots[i]))
      return TRUE;
  }
  return FALSE;
}

/* What was sent clearly before something that is proven, and is overdue by
 * itself, is lost. */
static void
find_losses (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime overdue = srtla_delivery_overdue (&uplink->rtt)
      * (bond->told_once ? 2 : 1);
  SrtlaTime reordering = srtla_delivery_reordering (&uplink->rtt);
  SrtlaTime until = uplink->delivery.proof_sent_at;
  const SrtlaInflightEntry *oldest;
  SrtlaInflightEntry lost;

  /* What nothing will ever tell of: the last few before a pause. */
  while ((oldest = srtla_inflight_oldest (uplink->log)) != NULL
      && now > oldest->sent_at + (oldest->settled ? SETTLED : FORGOTTEN)
      && srtla_inflight_pop_before (uplink->log, G_MAXUINT64, now, &lost))
    bond->stats.naks_dropped += lost.reported;
  if (!uplink->names_all || until < reordering || now < overdue)
    return;
  srtla_inflight_overtake (uplink->log, uplink->delivery.proof_place,
      until - reordering);
  until = MIN (until - reordering, now - overdue);
  while (srtla_inflight_pop_before (uplink->log, uplink->delivery.proof_place,
          until, &lost)) {
    if (lost.settled)
      continue;
    srtla_delivery_lost (&uplink->delivery, lost.size);
    if (!lost.lost)
      uplink->counters.losses_found++;
    srtla_enhanced_resend (bond, uplink, &lost, now);
  }
  srtla_enhanced_emit_released (bond);
  uplink->in_flight = (gint32) srtla_inflight_count (uplink->log);
}

/* A queue gets shorter when less is in flight. Round trips that stay as long are
 * the path's own: it has become longer, and what was the minimum never returns. */
static void
notice_longer_path (SrtlaUplink * uplink, SrtlaTime now)
{
  guint64 bytes = srtla_inflight_bytes (uplink->log);
  SrtlaTime rtt = uplink->rtt.latest;

  if (!uplink->delivery.congested || uplink->stalled) {
    uplink->flat.since = 0;
    return;
  }
  if (uplink->flat.since == 0 || rtt * 5 < uplink->flat.rtt * 4
      || rtt * 4 > uplink->flat.rtt * 5) {
    uplink->flat.since = MAX (now, 1);
    uplink->flat.rtt = rtt;
    uplink->flat.bytes = 0;
    uplink->flat.capacity = uplink->delivery.capacity;
  }
  uplink->flat.bytes = MAX (uplink->flat.bytes, bytes);
  if (bytes * 8 > uplink->flat.bytes * FLAT_EIGHTHS) {
    uplink->flat.low_since = 0;
    return;
  }
  if (uplink->flat.low_since == 0)
    uplink->flat.low_since = now;
  if (now < uplink->flat.low_since + rtt) {
    uplink->flat.samples = uplink->rtt.samples;
    return;
  }
  if (uplink->rtt.samples - uplink->flat.samples < FLAT_SAMPLES)
    return;
  srtla_rtt_rebase (&uplink->rtt, MIN (uplink->flat.rtt, rtt), now);
  uplink->delivery.capacity = MAX (uplink->delivery.capacity,
      uplink->flat.capacity);
  uplink->flat.since = 0;
}

static SrtlaTime
stalled_interval (const SrtlaUplink * uplink, SrtlaTime now)
{
  return uplink->names_all && now < uplink->stalled_since + BRIEF
      ? SRTLA_KEEPALIVE_BRIEF : SRTLA_KEEPALIVE_STALLED;
}

/* When nothing was sent for so long, all that was has left the uplink, arrived or
 * not. Were it to count as in flight where that leaves no room, an uplink would
 * stay full for want of an acknowledgement, for which it needs packets. A stalled
 * one is asked for echoes, and they tell. */
static void
let_go (SrtlaUplink * uplink, SrtlaTime now)
{
  guint64 place;

  if (!uplink->names_all || uplink->stalled
      || srtla_inflight_count (uplink->log) == 0
      || srtla_uplink_room (uplink, FALSE) >= SRTLA_MAX_DATAGRAM
      || now <= uplink->sent_at + 2 * srtla_delivery_overdue (&uplink->rtt))
    return;
  srtla_inflight_pass (uplink->log, now, &place);
  uplink->in_flight = (gint32) srtla_inflight_count (uplink->log);
}

static void
guard_uplink (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  notice_longer_path (uplink, now);
  let_go (uplink, now);
  if (!uplink->stalled && (proof_is_overdue (uplink, now)
          || is_cut_off (bond, uplink, now)
          || (!uplink->names_all && srtla_fences_is_silent (uplink, now))))
    stall (bond, uplink, now);

  if (uplink->stalled && !uplink->names_all) {
    srtla_fences_try_again (bond, uplink, now);
  } else if ((uplink->stalled || bond->exploration)
      && srtla_trains_is_wanted (bond, uplink, now)) {
    srtla_trains_start (bond, uplink, now);
  }
  if (uplink->stalled)
    srtla_trains_fill (bond, uplink, now);
  if (uplink->stalled ? now >= uplink->next_keepalive
      : !uplink->names_all && srtla_fences_is_due (uplink, now)) {
    srtla_bond_keepalive (bond, uplink, now);
    uplink->next_keepalive = now + stalled_interval (uplink, now);
    uplink->fence_at = now;
    uplink->fence_place = srtla_inflight_next_place (uplink->log);
  }
  srtla_bond_weigh (bond, uplink, now);
}

/* Returns: whether it fell silent: REG2 will tell whether it is still known. */
gboolean
srtla_enhanced_is_silent (const SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime patience = MAX (SILENCE, 2 * uplink->rtt.smoothed + SRTLA_SECOND);

  return uplink->suspended || now > uplink->last_heard + patience;
}

void
srtla_enhanced_guard (SrtlaBond * bond, SrtlaTime now)
{
  gboolean pressed = srtla_pipeline_waiting (bond->pipeline) > 0;
  SrtlaTime skew = 0;
  guint64 best = 0;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    if (bond->order[i]->state == SRTLA_UPLINK_UP && !bond->order[i]->stalled)
      skew = MAX (skew, bond->order[i]->rtt.smoothed / 2);
  }
  bond->told_once = some_told_once (bond);
  bond->nak_skew = NAK_SKEW + MIN (skew, NAK_SKEW_MAXIMUM);
  /* What is lost must be known before anything is held against an uplink. */
  srtla_enhanced_release (bond, now);
  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];

    find_losses (bond, uplink, now);
    srtla_fences_tell (bond, uplink, now);
    if (uplink->state != SRTLA_UPLINK_UP)
      continue;
    guard_uplink (bond, uplink, now);
    if (uplink->stalled && srtla_enhanced_is_silent (uplink, now))
      srtla_bond_lose_uplink (bond, uplink, now);
    pressed = pressed || uplink->stalled || uplink->delivery.congested;
    best = MAX (best, uplink->delivery.capacity);
  }
  bond->pressed = pressed;
  bond->best_capacity = best;
  srtla_bond_measure_detours (bond);
  srtla_enhanced_mend (bond, now);
  srtla_enhanced_drop_kept (bond, now);
}

/* Goes on with rescues, and says when to go on again. */
void
srtla_enhanced_rescue_all (SrtlaBond * bond, SrtlaTime now)
{
  guint i;

  bond->rescue_at = now + RESCUE_INTERVAL;

  for (i = 0; bond->rescuing != 0 && i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];
    guint64 bit = G_GUINT64_CONSTANT (1) << uplink->slot;

    if (!(bond->rescuing & bit))
      continue;
    if (srtla_enhanced_rescue (bond, uplink, TRUE, now))
      bond->rescuing &= ~bit;
  }
}
