/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Receivers whose SRTLA ACKs do not name all that arrives, or that send none.
 *
 * An uplink is a FIFO: when the echo of a keepalive comes, what was sent before
 * that keepalive has left the uplink, and what was sent with it took half of
 * that round trip. So keepalives are fences. They tell bytes in flight, delivered
 * rate and queue, and whether a packet that a NAK names could have been there
 * when the NAK was written. Whether it did arrive SRT's own ACKs and NAKs tell.
 */
#include "srtla-bond-private.h"

/* A fence after each ten packets, but about so many of them in a round trip. */
#define FENCES_IN_FLIGHT (SRTLA_FENCES - 4)
/* One SRTLA ACK in so long a time is judged, when SRT's ACKs should have passed
 * what it and the one before left out: so many, and when they are as many as the
 * second half of them is forgotten. An uplink is throttled if more than the one
 * share of them left out what arrived, and names all if fewer than the other did,
 * per cent: some get lost on their way. At least so many packets are left out,
 * and no more are looked at than the maximum. */
#define GAP_TIME (300 * SRTLA_MILLISECOND)
/* So long it is waited for SRT's ACKs, which stand where a path is long. */
#define GAP_PATIENCE (3 * SRTLA_SECOND)
#define JUDGED_ACKS 4
#define JUDGED_ACKS_MAXIMUM 16
#define THROTTLED 45
#define COMPLETE 15
#define APART 8
#define GAP_MAXIMUM 64
/* So many packets that arrived, over GAP_PATIENCE, without an SRTLA ACK: none will
 * come. */
#define UNNAMED (10 * SRTLA_ACK_TRAIN)
/* All that was sent in so long a time is lost: that is no burst. */
#define HOLE_TIME (100 * SRTLA_MILLISECOND)
/* So long nothing was heard, at least, on an uplink that is silent. */
#define SILENCE (200 * SRTLA_MILLISECOND)
/* So many keepalives in a row are not lost by chance. */
#define UNANSWERED 2
/* Of what is lost all at once so many may be in between that no NAK named. */
#define ROW_GAP 2
/* Half a round trip is no exact one-way delay: a packet that was there so much
 * before its NAK was written is lost, the rest is doubtful. */
#define ONE_WAY_DOUBT      ((gint64) (10 * SRTLA_MILLISECOND))
#define ONE_WAY_DOUBT_ONCE ((gint64) (2 * SRTLA_MILLISECOND))
/* SRT's ACKs are written each 10 ms, and must come back. */
#define ACK_DOUBT (20 * SRTLA_MILLISECOND)
/* What must be left of its time when a doubtful NAK is released: the packet is
 * sent again, and may wait. */
#define LAST_CHANCE (50 * SRTLA_MILLISECOND)
/* Logs forget what is older than 5 s. */
#define PATIENCE_MAXIMUM (4 * SRTLA_SECOND)
/* One uplink that answers but does not deliver is tried again after this, each
 * time in vain twice as long, so often. */
#define TRIAL_INTERVAL (2 * SRTLA_SECOND)
#define TRIAL_INTERVAL_PRESSED SRTLA_SECOND
#define TRIALS_MAXIMUM 1

/* ---- Does this receiver name all? --------------------------------------- */

/* From now on fences count what leaves: nothing of before. */
static void
begin_fences (SrtlaUplink * uplink)
{
  guint64 place;

  srtla_inflight_pass (uplink->log, uplink->delivery.proof_sent_at, &place);
}

/* From now on what counts as delivered is delivered. */
static void
end_fences (SrtlaUplink * uplink)
{
  uplink->names_all = TRUE;
  uplink->throttled = uplink->names_some = FALSE;
  uplink->delivery.retracts = FALSE;
}

static void
judge (SrtlaUplink * uplink)
{
  guint share;

  if (uplink->acks < JUDGED_ACKS)
    return;
  share = 100 * uplink->acks_apart / uplink->acks;
  if (share > THROTTLED)
    uplink->names_some = TRUE;
  else if (share < COMPLETE)
    uplink->names_some = FALSE;
  if (uplink->names_all && share > THROTTLED) {
    uplink->names_all = FALSE;
    uplink->throttled = TRUE;
    begin_fences (uplink);
  } else if (uplink->throttled && share < COMPLETE) {
    end_fences (uplink);
  }
  if (uplink->acks < JUDGED_ACKS_MAXIMUM)
    return;
  uplink->acks /= 2;
  uplink->acks_apart /= 2;
}

/* Returns: whether SRT's ACKs say by now what became of what was left out there.
 * *apart: whether most of it arrived the first time. */
static gboolean
is_gap_known (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now,
    gboolean * apart)
{
  guint64 place, end = MIN (uplink->gap.end, uplink->gap.place + GAP_MAXIMUM);
  guint arrived = 0, known = 0;

  for (place = uplink->gap.place; place < end; place++) {
    const SrtlaInflightEntry *entry = srtla_inflight_at (uplink->log, place);
    const SrtlaTrackerEntry *tracked = entry == NULL ? NULL
        : srtla_tracker_find (bond->callers.slots[entry->caller].tracker,
        entry->sequence, now);

    if (tracked == NULL || tracked->holders != 0)
      continue;
    known++;
    arrived += tracked->copies == 1;
  }
  *apart = 2 * arrived > known;
  return 2 * known >= end - uplink->gap.place
      || now >= uplink->gap.at + GAP_PATIENCE;
}

/* Two SRTLA ACKs between which a whole one is missing are apart; where much is
 * lost there is as much room between the numbers of one. */
void
srtla_fences_named (SrtlaBond * bond, SrtlaUplink * uplink, guint64 oldest,
    guint64 newest, guint unknown, SrtlaTime now)
{
  guint64 from = uplink->acknowledged_place, left_out;
  gboolean apart, were_apart;
  guint i;

  if (from == 0 || oldest < from || newest < oldest)
    return;
  /* What is not held any more was named, too. */
  left_out = oldest - from - MIN (unknown, oldest - from);
  apart = left_out >= APART && 5 * left_out >= 4 * (newest + 1 - oldest);
  if (now >= uplink->gap.at + GAP_TIME
      && is_gap_known (bond, uplink, now, &were_apart)) {
    if (uplink->gap.at != 0) {
      uplink->acks++;
      uplink->acks_apart += were_apart ? 1 : 0;
      judge (uplink);
    }
    uplink->gap.at = now;
    uplink->gap.place = from;
    uplink->gap.end = apart ? oldest : from;
  }
  if (bond->names_all || uplink->throttled || apart)
    return;
  /* The other uplinks have the same receiver. */
  bond->names_all = TRUE;
  for (i = 0; i < bond->n_uplinks; i++) {
    if (!bond->order[i]->throttled)
      end_fences (bond->order[i]);
  }
}

void
srtla_fences_settled (SrtlaUplink * uplink, SrtlaTime now)
{
  if (uplink->unnamed++ == 0)
    uplink->unnamed_since = now;
  if (uplink->unnamed >= UNNAMED && now >= uplink->unnamed_since + GAP_PATIENCE)
    uplink->names_none = TRUE;
}

void
srtla_fences_tell (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaCoverage coverage = srtla_uplink_coverage (uplink);
  const SrtlaEvent event = { SRTLA_EVENT_COVERAGE, now, uplink->slot,
    SRTLA_NO_CALLER, uplink->state, uplink->state,
    srtla_coverage_name (coverage)
  };

  if (coverage == uplink->coverage_told)
    return;
  uplink->coverage_told = coverage;
  srtla_bond_tell (bond, &event);
}

/* ---- What a fence tells ------------------------------------------------- */

gboolean
srtla_fences_is_due (const SrtlaUplink * uplink, SrtlaTime now)
{
  guint64 packets = srtla_inflight_next_place (uplink->log)
      - uplink->fence_place;
  SrtlaTime interval = packets < SRTLA_ACK_TRAIN ? SRTLA_KEEPALIVE_FENCE
      : MIN (uplink->rtt.smoothed / FENCES_IN_FLIGHT, SRTLA_KEEPALIVE_FENCE);

  return now >= uplink->fence_at + interval;
}

gboolean
srtla_fences_is_silent (const SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime overdue = srtla_delivery_overdue (&uplink->rtt);
  guint unanswered = 0, i;

  if (now <= uplink->last_heard + MAX (2 * overdue, SILENCE))
    return FALSE;
  for (i = 0; i < SRTLA_KEEPALIVES_REMEMBERED; i++) {
    if (uplink->keepalives[i].wire != 0
        && uplink->keepalives[i].sent_at >= uplink->last_heard
        && now > uplink->keepalives[i].sent_at + overdue)
      unanswered++;
  }
  return unanswered >= UNANSWERED;
}

/* What of it was not reported lost counts as delivered, whether SRT's ACKs know
 * of it yet or not. A trial earns nothing by that. */
void
srtla_fences_echo (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime fence = uplink->fences[(uplink->next_fence + SRTLA_FENCES - 1)
      % SRTLA_FENCES].sent_at;
  guint64 bytes, place;

  bytes = srtla_inflight_pass (uplink->log, fence, &place);
  if (place == 0) {
    srtla_delivery_queue (&uplink->delivery, uplink->rtt.latest,
        uplink->rtt.minimum, now);
    return;                     /* nothing was sent before it */
  }
  srtla_delivery_proof (&uplink->delivery, bytes, fence, place - 1,
      uplink->rtt.latest, uplink->rtt.minimum, bond->pressed, now);
  if (uplink->trials == 0)
    srtla_enhanced_climb (uplink, bytes);
  uplink->in_flight = (gint32) srtla_inflight_count (uplink->log);
}

void
srtla_fences_lost (SrtlaUplink * uplink, guint64 place)
{
  const SrtlaInflightEntry *entry = srtla_inflight_at (uplink->log, place);

  if (!uplink->names_all && entry->passed)
    srtla_delivery_retract (&uplink->delivery, entry->size);
  else if (!uplink->names_all)
    srtla_delivery_lost (&uplink->delivery, entry->size);
  if (uplink->lost_in_row > 0 && place <= uplink->lost_place)
    return;
  if (place > uplink->lost_place + ROW_GAP)
    uplink->lost_in_row = 0;
  if (uplink->lost_in_row == 0) {
    uplink->row_place = place;
    uplink->row_since = entry->sent_at;
  }
  uplink->row_time = entry->sent_at - MIN (uplink->row_since, entry->sent_at);
  uplink->lost_in_row++;
  uplink->lost_place = place;
}

gboolean
srtla_fences_is_hole (const SrtlaUplink * uplink)
{
  return uplink->lost_in_row >= SRTLA_ACK_TRAIN
      && uplink->row_time >= HOLE_TIME;
}

void
srtla_fences_try_again (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime interval = srtla_pipeline_waiting (bond->pipeline) > 0
      ? TRIAL_INTERVAL_PRESSED
      : TRIAL_INTERVAL << MIN (uplink->trials, TRIALS_MAXIMUM);

  if (!uplink->echoed)
    return;
  /* It was silent, and no longer is. */
  if (!srtla_fences_is_hole (uplink)) {
    srtla_enhanced_recover (bond, uplink, now);
    return;
  }
  if (uplink->train_at != 0 && now < uplink->train_at + interval)
    return;
  srtla_enhanced_recover (bond, uplink, now);
  uplink->train_at = MAX (now, 1);
  uplink->trials++;
  uplink->lost_in_row = 0;
}

/* ---- Which NAKs are true ------------------------------------------------ */

SrtlaTime
srtla_fences_written_at (const SrtlaBond * bond, guint uplink, SrtlaTime now)
{
  const SrtlaUplink *via = srtla_bond_uplink (bond, uplink);

  return via == NULL ? now : now - MIN (via->rtt.minimum / 2, now);
}

/* Returns: the round trip of the first fence sent with a packet or after it; 0 if
 * none has come back. */
static SrtlaTime
round_trip_of (const SrtlaUplink * uplink, SrtlaTime sent_at)
{
  SrtlaTime first = SRTLA_TIME_NONE, round_trip = 0;
  guint i;

  for (i = 0; i < SRTLA_FENCES; i++) {
    if (uplink->fences[i].sent_at < MAX (sent_at, 1)
        || uplink->fences[i].sent_at >= first)
      continue;
    first = uplink->fences[i].sent_at;
    round_trip = uplink->fences[i].echoed_at - first;
  }
  return round_trip;
}

/* Returns: whether the packet would have arrived before a NAK of that time was
 * written, if it had not been lost, by that much; less than 0: or so much later. */
static gboolean
was_due (const SrtlaUplink * uplink, const SrtlaInflightEntry * entry,
    SrtlaTime written_at, gint64 doubt)
{
  SrtlaTime round_trip = round_trip_of (uplink, entry->sent_at);

  if (round_trip == 0)
    round_trip = srtla_delivery_overdue (&uplink->rtt);
  return (gint64) written_at >= (gint64) (entry->sent_at + round_trip
      - MIN (uplink->rtt.minimum / 2, round_trip)) + doubt;
}

static inline gboolean
is_named_again (const SrtlaBond * bond, guint caller)
{
  return bond->callers.slots[caller].nak_repeats > 0;
}

gboolean
srtla_fences_is_lost (const SrtlaBond * bond, const SrtlaUplink * uplink,
    const SrtlaInflightEntry * entry, SrtlaTime written_at)
{
  return was_due (uplink, entry, written_at,
      is_named_again (bond, entry->caller) ? ONE_WAY_DOUBT
      : ONE_WAY_DOUBT_ONCE);
}

/* Returns: how old a packet becomes until a NAK of it is released that looked
 * wrong: there is just time to send it again. */
static SrtlaTime
patience_of (const SrtlaBond * bond, const SrtlaUplink * uplink, guint caller)
{
  SrtlaTime latency = srtla_caller_latency (&bond->callers.slots[caller]);
  SrtlaTime needed = 2 * uplink->rtt.smoothed + LAST_CHANCE;

  return MAX (srtla_delivery_overdue (&uplink->rtt) + bond->nak_skew,
      latency > needed ? MIN (latency - needed, PATIENCE_MAXIMUM) : 0);
}

/* Returns: the entry at a place if a NAK of it is held that will not come again;
 * NULL if there is none. */
static SrtlaInflightEntry *
held_once_at (const SrtlaBond * bond, SrtlaUplink * uplink, guint64 place)
{
  SrtlaInflightEntry *entry = srtla_inflight_at (uplink->log, place);

  return entry == NULL || !entry->held || !entry->reported
      || is_named_again (bond, entry->caller) ? NULL : entry;
}

static gboolean
was_named_when_due (const SrtlaBond * bond, const SrtlaUplink * uplink,
    const SrtlaInflightEntry * entry, gint64 doubt, SrtlaTime now)
{
  const SrtlaTrackerEntry *tracked = srtla_tracker_find
      (bond->callers.slots[entry->caller].tracker, entry->sequence, now);

  return tracked != NULL && was_due (uplink, entry, tracked->named_at, doubt);
}

/* Three looks at each, in order of sending: as soon as a fence tells that it is
 * lost; where that is in doubt, when SRT's ACKs should have passed it; and at
 * last. Where a peer names a loss again and again there is nothing to release. */
gboolean
srtla_fences_release (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime passed = srtla_delivery_overdue (&uplink->rtt) + bond->nak_skew
      + ACK_DOUBT;
  guint64 end = uplink->withheld_end;
  SrtlaInflightEntry *entry;

  if (uplink->stalled)
    return FALSE;
  for (; uplink->overtaken_place < end; uplink->overtaken_place++) {
    entry = held_once_at (bond, uplink, uplink->overtaken_place);
    if (entry == NULL)
      continue;
    if (round_trip_of (uplink, entry->sent_at) == 0)
      break;
    if (was_named_when_due (bond, uplink, entry, ONE_WAY_DOUBT_ONCE, now)
        && !srtla_enhanced_release_entry (bond, uplink, entry, now))
      return FALSE;
  }
  for (; uplink->doubtful_place < end; uplink->doubtful_place++) {
    entry = held_once_at (bond, uplink, uplink->doubtful_place);
    if (entry == NULL)
      continue;
    if (now < entry->sent_at + passed)
      break;
    if (was_named_when_due (bond, uplink, entry, -ONE_WAY_DOUBT, now)
        && !srtla_enhanced_release_entry (bond, uplink, entry, now))
      return FALSE;
  }
  for (; uplink->overdue_place < end; uplink->overdue_place++) {
    entry = held_once_at (bond, uplink, uplink->overdue_place);
    if (entry != NULL && (now < entry->sent_at
            + patience_of (bond, uplink, entry->caller)
            || !srtla_enhanced_release_entry (bond, uplink, entry, now)))
      return FALSE;
  }
  return TRUE;
}

/* SRT's ACKs stand at a number: the receiver has not got it. It has left its
 * uplink, and there was time for an ACK that goes on: it is lost. */
void
srtla_fences_mend (SrtlaBond * bond, guint caller, SrtlaTime now)
{
  SrtlaTrackerEntry *missing =
      srtla_tracker_missing (bond->callers.slots[caller].tracker);
  SrtlaInflightEntry *flying, again;
  SrtlaUplink *uplink;
  SrtlaTime fenced_at;
  guint64 place;

  if (missing == NULL || is_named_again (bond, caller)
      || srtla_bond_outputs_are_full (bond))
    return;
  uplink = srtla_bond_uplink (bond, missing->uplink);
  if (uplink == NULL || uplink->stalled || uplink->names_all)
    return;
  flying = srtla_inflight_find (uplink->log, caller, missing->sequence, &place);
  if (flying == NULL || flying->lost)
    return;
  fenced_at = srtla_uplink_fenced_at (uplink, flying->sent_at);
  if (fenced_at == SRTLA_TIME_NONE || now < fenced_at + ACK_DOUBT)
    return;
  /* By the same uplink only the caller sends again, when it is told. */
  if (srtla_enhanced_soonest (bond, flying->size, G_GUINT64_CONSTANT (1)
          << uplink->slot) == SRTLA_NO_UPLINK)
    return;
  again = *flying;              /* as it is before it counts as lost */
  if (srtla_enhanced_is_lone (uplink, place))
    srtla_enhanced_doubt (uplink, now);
  uplink->counters.losses_found++;
  srtla_bond_lose (bond, caller, missing->sequence, now);
  srtla_enhanced_rescue_entry (bond, uplink, &again, FALSE, now);
}
