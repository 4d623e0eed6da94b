/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NAKs, in all modes but classic: which the SRT caller gets to see and when.
 *
 * An uplink is a FIFO. A packet named by a NAK is lost when something sent
 * clearly later on its uplink has arrived, or when it is overdue; before that
 * it is merely under way on a slower uplink than the others, and the NAK waits.
 */
#include "srtla-bond-private.h"
#include "srtla-seq.h"

#include <string.h>

/* Ten packets take so long at the most where their time is only estimated. */
#define TRAIN_TIME_MAXIMUM (100 * SRTLA_MILLISECOND)
/* A NAK is no longer under way than this. */
#define NAK_TRAVEL_MAXIMUM (500 * SRTLA_MILLISECOND)
/* Numbers named, none of them twice, until a peer is taken to name them once. */
#define NAKS_TO_JUDGE 50

/* ---- Written to callers -------------------------------------------------- */

/* Hands back what was written to a caller. */
static void
emit_nak (SrtlaBond * bond, guint caller, guint uplink)
{
  SrtlaNakWriter *writer = &bond->nak_writers[caller];
  SrtlaOutput reply = { SRTLA_OUTPUT_REPLY, uplink, caller,
    {writer->data, 0, NULL}, SRTLA_COPY_NONE, SRTLA_CLASS_HIGH, 0,
    SRTLA_MAIN_FLOW, SRTLA_TIME_NONE
  };

  bond->naks_open &= ~(1u << caller);
  reply.packet.size = srtla_nak_writer_finish (writer);
  if (reply.packet.size == 0)
    return;
  bond->stats.replies++;
  bond->stats.reply_bytes += reply.packet.size;
  srtla_bond_emit (bond, &reply);
}

/* Returns: whether a packet can be begun. */
static gboolean
begin_nak (SrtlaBond * bond, guint caller)
{
  const SrtlaCaller *slot = &bond->callers.slots[caller];

  if (bond->naks_used == SRTLA_BOND_NAKS)
    return FALSE;
  srtla_nak_writer_init (&bond->nak_writers[caller],
      bond->nak_packets[bond->naks_used++], slot->nak_header);
  bond->naks_open |= 1u << caller;
  return TRUE;
}

/* Returns: FALSE if all packets are full. */
static gboolean
pass (SrtlaBond * bond, guint caller, guint uplink, guint32 first,
    guint32 last)
{
  SrtlaNakWriter *writer = &bond->nak_writers[caller];

  if (!(bond->naks_open & 1u << caller))
    return FALSE;
  if (srtla_nak_writer_add (writer, first, last))
    return TRUE;
  emit_nak (bond, caller, uplink);
  return begin_nak (bond, caller)
      && srtla_nak_writer_add (writer, first, last);
}

/* ---- Lost, or still under way -------------------------------------------- */

/* Returns: how much longer than the measure a packet may take whose uplink has
 * not sent ten more after it, so that no SRTLA ACK can speak of it. */
static SrtlaTime
train_time (const SrtlaUplink * uplink)
{
  guint64 rate = uplink->delivery.rate_maximum;

  if (rate == 0)
    return TRAIN_TIME_MAXIMUM;
  return MIN (SRTLA_TRAIN_BYTES * SRTLA_SECOND / rate, TRAIN_TIME_MAXIMUM);
}

/* Returns: whether something that was sent clearly later than the entry on its
 * uplink is known to have arrived, a packet or a keepalive, and that long
 * enough ago for a NAK of now to know it. */
static gboolean
is_overtaken (const SrtlaBond * bond, const SrtlaUplink * uplink,
    const SrtlaInflightEntry * entry, SrtlaTime now)
{
  SrtlaTime later = entry->sent_at + srtla_delivery_reordering (&uplink->rtt);
  SrtlaTime fenced_at;

  if (later <= uplink->delivery.proof_sent_at)
    return TRUE;
  fenced_at = srtla_uplink_fenced_at (uplink, later);
  return fenced_at != SRTLA_TIME_NONE && now >= fenced_at + bond->nak_skew;
}

SrtlaTime
srtla_enhanced_overdue_after (const SrtlaBond * bond,
    const SrtlaUplink * uplink)
{
  SrtlaTime overdue = srtla_delivery_overdue (&uplink->rtt);

  /* Echoes come but so often, and may be lost. */
  return uplink->names_all ? overdue
      : overdue + 2 * SRTLA_KEEPALIVE_FENCE + bond->nak_skew;
}

/* Returns: whether a NAK for the packet must have left before it arrived. One
 * that still comes much later says that it was lost behind the receiver. */
static gboolean
has_arrived (const SrtlaTrackerEntry * entry, SrtlaTime now)
{
  return entry->arrived_at != 0 && now < entry->arrived_at + NAK_TRAVEL_MAXIMUM;
}

typedef enum
{
  JUDGED_LOST,                  /* the caller must know */
  JUDGED_HELD,                  /* still under way */
  JUDGED_ARRIVED,               /* the NAK is out of date */
} Judgement;

/* A NAK for an entry is held back: from now on it is looked at. */
static void
withhold (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaInflightEntry * entry,
    guint64 place)
{
  if (!entry->reported)
    bond->stats.naks_held++;
  entry->reported = TRUE;
  if (!(bond->withheld & G_GUINT64_CONSTANT (1) << uplink->slot)) {
    uplink->overtaken_place = uplink->doubtful_place = place;
    uplink->overdue_place = place;
    uplink->withheld_end = place + 1;
  }
  uplink->overtaken_place = MIN (uplink->overtaken_place, place);
  uplink->doubtful_place = MIN (uplink->doubtful_place, place);
  uplink->overdue_place = MIN (uplink->overdue_place, place);
  uplink->withheld_end = MAX (uplink->withheld_end, place + 1);
  bond->withheld |= G_GUINT64_CONSTANT (1) << uplink->slot;
}

static Judgement
judge (SrtlaBond * bond, guint caller, guint32 sequence, SrtlaTime written_at,
    SrtlaTime now)
{
  SrtlaTrackerEntry *entry =
      srtla_tracker_find (bond->callers.slots[caller].tracker, sequence, now);
  SrtlaInflightEntry *flying;
  SrtlaUplink *uplink;
  guint64 place;

  bond->callers.slots[caller].nak_numbers++;
  if (entry == NULL)
    return JUDGED_LOST;
  if (entry->holders == 0 || has_arrived (entry, now))
    return JUDGED_ARRIVED;
  uplink = srtla_bond_uplink (bond, entry->uplink);
  if (uplink == NULL || uplink->stalled)
    return JUDGED_LOST;
  flying = srtla_inflight_find (uplink->log, caller, sequence, &place);
  if (flying == NULL)
    return JUDGED_LOST;
  if (flying->lost || flying->reported)
    bond->callers.slots[caller].nak_repeats++;
  if (flying->lost)
    return JUDGED_LOST;
  if (flying->settled)
    return JUDGED_ARRIVED;
  if (uplink->names_all ? is_overtaken (bond, uplink, flying, now)
      : srtla_fences_is_lost (bond, uplink, flying, written_at))
    return JUDGED_LOST;
  if (now >= flying->sent_at + srtla_enhanced_overdue_after (bond, uplink))
    return JUDGED_LOST;
  entry->named_at = written_at;
  withhold (bond, uplink, flying, place);
  return JUDGED_HELD;
}

/* A number that was held back is passed after all, with another NAK. */
static void
end_hold (SrtlaBond * bond, guint caller, guint32 sequence, SrtlaTime now)
{
  const SrtlaTrackerEntry *entry =
      srtla_tracker_find (bond->callers.slots[caller].tracker, sequence, now);
  SrtlaUplink *uplink = entry != NULL
      ? srtla_bond_uplink (bond, entry->uplink) : NULL;
  SrtlaInflightEntry *flying;
  guint64 place;

  flying = uplink != NULL
      ? srtla_inflight_find (uplink->log, caller, sequence, &place) : NULL;
  if (flying == NULL || !flying->reported)
    return;
  flying->reported = FALSE;
  bond->stats.naks_released++;
}

gboolean
srtla_enhanced_is_told_once (const SrtlaCaller * caller)
{
  if (caller->flags != 0 && !(caller->flags & SRTLA_HS_PERIODIC_NAK))
    return TRUE;
  return caller->nak_numbers >= NAKS_TO_JUDGE && caller->nak_repeats == 0;
}

/* ---- NAKs that come ----------------------------------------------------- */

/* Judges the numbers from first to last, all of them in the tracker's span. */
static guint
judge_range (SrtlaBond * bond, guint caller, guint uplink, guint32 first,
    guint32 count, SrtlaTime now)
{
  SrtlaTime written_at = srtla_fences_written_at (bond, uplink, now);
  guint withheld = 0;

  for (; count > 0; count--, first = srtla_seq_next (first)) {
    if (judge (bond, caller, first, written_at, now) != JUDGED_LOST) {
      withheld++;
      continue;
    }
    end_hold (bond, caller, first, now);
    srtla_bond_lose (bond, caller, first, now);
    pass (bond, caller, uplink, first, first);
  }
  return withheld;
}

gboolean
srtla_enhanced_filter_nak (SrtlaBond * bond, guint caller, guint uplink,
    const guint8 * data, gsize size, SrtlaTime now)
{
  SrtlaCaller *slot = &bond->callers.slots[caller];
  guint budget = SRTLA_TRACKER_SIZE;
  guint withheld = 0, used;
  SrtlaNakReader reader;
  guint32 first, last;

  memcpy (slot->nak_header, data, SRTLA_SRT_HEADER);
  slot->nak_at = now;
  if (!begin_nak (bond, caller))
    return FALSE;
  used = bond->naks_used;

  srtla_nak_reader_init (&reader, data, size);
  while (srtla_nak_reader_next (&reader, &first, &last)) {
    guint32 start = first, end = last, count;

    if (!srtla_tracker_clip (slot->tracker, &start, &end)) {
      bond->stats.ignored_numbers++;
      pass (bond, caller, uplink, first, last);
      continue;
    }
    count = MIN (srtla_seq_steps (start, end) + 1, budget);
    budget -= count;
    withheld += judge_range (bond, caller, uplink, start, count, now);
  }

  /* It goes back as it came, unless a part has gone already. */
  if (withheld == 0 && bond->naks_used == used) {
    bond->naks_used--;
    bond->naks_open &= ~(1u << caller);
    return FALSE;
  }
  emit_nak (bond, caller, uplink);
  return TRUE;
}

/* ---- NAKs that were held back ------------------------------------------- */

/* Tells the caller of a loss that it was not told of in time. Returns: FALSE if
 * all packets are full. */
static gboolean
release (SrtlaBond * bond, guint caller, guint32 sequence, SrtlaTime now)
{
  SrtlaCaller *slot = &bond->callers.slots[caller];
  guint32 elapsed = (guint32) (now - slot->nak_at);

  if (!(bond->naks_open & 1u << caller)) {
    if (!begin_nak (bond, caller))
      return FALSE;
    srtla_write_u32 (bond->nak_writers[caller].data + 8,
        srtla_srt_timestamp (slot->nak_header) + elapsed);
  }
  if (!pass (bond, caller, SRTLA_NO_UPLINK, sequence, sequence))
    return FALSE;
  bond->stats.naks_released++;
  srtla_bond_lose (bond, caller, sequence, now);
  return TRUE;
}

/* Returns: FALSE if the latest NAK taken for the caller's was to an id that had
 * been guessed wrong: it spoke of somebody else's packets. */
static gboolean
is_addressed (const SrtlaBond * bond, guint caller)
{
  const SrtlaCaller *slot = &bond->callers.slots[caller];

  return srtla_srt_destination (slot->nak_header) == slot->socket_id;
}

gboolean
srtla_enhanced_release_entry (SrtlaBond * bond, const SrtlaUplink * uplink,
    SrtlaInflightEntry * entry, SrtlaTime now)
{
  const SrtlaTrackerEntry *tracked;
  guint caller = entry->caller;

  if (!entry->held || !entry->reported || entry->settled)
    return TRUE;
  tracked = srtla_tracker_find (bond->callers.slots[caller].tracker,
      entry->sequence, now);
  if (tracked == NULL || tracked->holders == 0 || has_arrived (tracked, now)
      || tracked->uplink != uplink->slot || !is_addressed (bond, caller))
    bond->stats.naks_dropped++; /* arrived, or sent again elsewhere since */
  else if (!release (bond, caller, entry->sequence, now))
    return FALSE;
  entry->reported = FALSE;
  return TRUE;
}

/* Returns: whether the entry at overdue_place is overdue. */
static gboolean
is_overdue (const SrtlaUplink * uplink, const SrtlaInflightEntry * entry,
    SrtlaTime overdue, SrtlaTime now)
{
  const SrtlaInflightEntry *tenth = srtla_inflight_at (uplink->log,
      uplink->overdue_place + SRTLA_ACK_TRAIN);
  SrtlaTime due = tenth != NULL ? MIN (tenth->sent_at,
      entry->sent_at + TRAIN_TIME_MAXIMUM)
      : entry->sent_at + train_time (uplink);

  return now >= due + overdue;
}

/* Looks at each entry once for each of the two reasons, in order of sending,
 * where a NAK is held back. Returns: FALSE if some still is. */
static gboolean
release_lost (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime overdue = srtla_enhanced_overdue_after (bond, uplink);
  guint64 end = uplink->withheld_end;
  SrtlaInflightEntry *entry;

  if (!uplink->names_all)
    return srtla_fences_release (bond, uplink, now);
  while (uplink->overtaken_place < end) {
    entry = srtla_inflight_at (uplink->log, uplink->overtaken_place);
    if (entry != NULL && !is_overtaken (bond, uplink, entry, now))
      break;
    if (entry != NULL && !srtla_enhanced_release_entry (bond, uplink, entry, now))
      return FALSE;
    uplink->overtaken_place++;
  }
  while (uplink->overdue_place < end) {
    entry = srtla_inflight_at (uplink->log, uplink->overdue_place);
    if (entry != NULL && !uplink->stalled
        && !is_overdue (uplink, entry, overdue, now))
      break;
    if (entry != NULL && !srtla_enhanced_release_entry (bond, uplink, entry, now))
      return FALSE;
    uplink->overdue_place++;
  }
  return MAX (uplink->overtaken_place, uplink->overdue_place) >= end;
}

void
srtla_enhanced_emit_released (SrtlaBond * bond)
{
  while (bond->naks_open != 0)
    emit_nak (bond, (guint) __builtin_ctz (bond->naks_open), SRTLA_NO_UPLINK);
}

void
srtla_enhanced_release_all (SrtlaBond * bond, SrtlaUplink * uplink,
    SrtlaTime now)
{
  guint64 next = srtla_inflight_next_place (uplink->log);
  guint64 place = next > SRTLA_INFLIGHT_CAPACITY
      ? next - SRTLA_INFLIGHT_CAPACITY : 0;
  /* Where nothing can be sent again the caller need not know. */
  gboolean useless = srtla_enhanced_soonest (bond, SRTLA_MIN_DATAGRAM, 0)
      == SRTLA_NO_UPLINK;

  for (; place < next; place++) {
    SrtlaInflightEntry *entry = srtla_inflight_at (uplink->log, place);

    if (!useless && srtla_enhanced_release_entry (bond, uplink, entry, now))
      continue;
    if (entry->held && entry->reported && !entry->settled) {
      bond->stats.naks_dropped++;
      entry->reported = FALSE;
    }
  }
  bond->withheld &= ~(G_GUINT64_CONSTANT (1) << uplink->slot);
  srtla_enhanced_emit_released (bond);
}

void
srtla_enhanced_release (SrtlaBond * bond, SrtlaTime now)
{
  guint i;

  for (i = 0; bond->withheld != 0 && i < bond->n_uplinks; i++) {
    guint64 bit = G_GUINT64_CONSTANT (1) << bond->order[i]->slot;

    if ((bond->withheld & bit) && release_lost (bond, bond->order[i], now))
      bond->withheld &= ~bit;
  }
  srtla_enhanced_emit_released (bond);
}
