/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes back over the uplinks: acknowledgements, loss reports, echoes,
 * registration, and packets for the SRT callers. Nothing here is trusted.
 */
#include "srtla-bond-private.h"
#include "srtla-seq.h"

/* ---- SRTLA ACK --------------------------------------------------------- */

/* Returns: the uplinks that may hold a number of the caller, as slot bits. */
static guint64
holders_of (SrtlaBond * bond, guint caller, guint32 sequence, SrtlaTime now)
{
  SrtlaTracker *tracker = bond->callers.slots[caller].tracker;
  const SrtlaTrackerEntry *entry;

  if (tracker == NULL || bond->callers.slots[caller].last_heard == 0)
    return 0;
  entry = srtla_tracker_find (tracker, sequence, now);
  return entry != NULL ? entry->holders : 0;
}

/* Takes a number from the first uplink in list order that holds it.
 * Returns: that uplink, or NULL. */
static SrtlaUplink *
take_in_order (SrtlaBond * bond, guint caller, guint32 sequence,
    guint64 holders)
{
  guint i;

  /* Nearly always there is one. */
  if (G_LIKELY ((holders & (holders - 1)) == 0)) {
    SrtlaUplink *uplink = holders != 0
        ? bond->uplinks[__builtin_ctzll (holders)] : NULL;

    return uplink != NULL && srtla_inflight_take (uplink->log, caller,
        sequence, NULL) ? uplink : NULL;
  }
  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];

    if ((holders >> uplink->slot & 1)
        && srtla_inflight_take (uplink->log, caller, sequence, NULL))
      return uplink;
  }
  return NULL;
}

/* SRTLA ACKs carry no id. What the uplink they came in on holds tells whose a
 * number is where several callers have it outstanding; where but one has, the
 * classic rule stands: the first uplink in list order. */
static SrtlaUplink *
take_acknowledged (SrtlaBond * bond, SrtlaUplink * arrival, guint32 sequence,
    SrtlaTime now)
{
  guint64 holders[SRTLA_MAX_CALLERS];
  guint callers[SRTLA_MAX_CALLERS];
  guint n = 0, i;

  for (i = 0; i < bond->callers.used; i++) {
    guint64 found = holders_of (bond, i, sequence, now);

    if (found != 0) {
      holders[n] = found;
      callers[n++] = i;
    }
  }
  for (i = 0; n > 1 && i < n; i++) {
    if ((holders[i] >> arrival->slot & 1)
        && srtla_inflight_take (arrival->log, callers[i], sequence, NULL))
      return arrival;
  }
  for (i = 0; i < n; i++) {
    SrtlaUplink *uplink = take_in_order (bond, callers[i], sequence,
        holders[i]);

    if (uplink != NULL)
      return uplink;
  }
  return NULL;
}

static void
receive_srtla_ack (SrtlaBond * bond, SrtlaUplink * arrival,
    const guint8 * data, gsize size, SrtlaTime now)
{
  guint count = srtla_ack_count (data, size);
  guint grown[SRTLA_MAX_UPLINKS] = { 0, };      /* by slot: numbers counted */
  guint i, k;

  /* Each number widens each window. That commutes with all but what the number
   * does to the uplink that held it: only there it must be up to date. */
  for (i = 0; i < count; i++) {
    SrtlaUplink *uplink = take_acknowledged (bond, arrival,
        srtla_ack_sequence (data, i), now);

    if (uplink != NULL) {
      srtla_uplink_window_ack_any (uplink, i - grown[uplink->slot]);
      grown[uplink->slot] = i;
      srtla_uplink_window_ack (uplink);
      uplink->counters.packets_acknowledged++;
    } else {
      arrival->counters.acknowledgements_unknown++;
      bond->stats.ignored_numbers++;
    }
  }
  for (k = 0; k < bond->n_uplinks; k++)
    srtla_uplink_window_ack_any (bond->order[k],
        count - grown[bond->order[k]->slot]);
}

/* ---- SRT ACK and NAK --------------------------------------------------- */

static void
settle (SrtlaBond * bond, guint caller, SrtlaTrackerEntry * entry)
{
  guint64 holders = entry->holders;

  entry->holders = 0;
  while (holders != 0) {
    guint slot = (guint) __builtin_ctzll (holders);

    holders &= holders - 1;
    if (bond->uplinks[slot] != NULL)
      srtla_inflight_forget (bond->uplinks[slot]->log, caller,
          entry->sequence);
  }
}

/* Everything before a number arrived. */
static void
receive_srt_ack (SrtlaBond * bond, guint caller, const guint8 * data,
    gsize size, SrtlaTime now)
{
  SrtlaTracker *tracker = bond->callers.slots[caller].tracker;
  SrtlaTrackerEntry *entry;
  guint32 sequence;
  guint i;

  if (tracker == NULL || !srtla_srt_read_ack (data, size, &sequence))
    return;
  if (!srtla_tracker_acknowledge (tracker, sequence)) {
    bond->stats.ignored_numbers++;
    return;
  }
  if (!srtla_bond_is_classic (bond)) {
    while ((entry = srtla_tracker_next_acknowledged (tracker)) != NULL) {
      srtla_enhanced_settle (bond, caller, entry, now);
      srtla_enhanced_unkeep (bond, entry);
    }
    return;
  }
  while ((entry = srtla_tracker_next_acknowledged (tracker)) != NULL) {
    settle (bond, caller, entry);
    srtla_enhanced_unkeep (bond, entry);        /* of before classic mode */
  }
  for (i = 0; i < bond->n_uplinks; i++)
    bond->order[i]->in_flight =
        (gint32) srtla_inflight_count (bond->order[i]->log);
  bond->counted = TRUE;
}

/* In modes but classic a loss is the uplink's that carried the latest copy. */
static SrtlaUplink *
blame (SrtlaBond * bond, guint caller, guint32 sequence, SrtlaTime now)
{
  const SrtlaTrackerEntry *entry;
  SrtlaUplink *uplink;
  guint64 place;

  entry = srtla_tracker_find (bond->callers.slots[caller].tracker, sequence,
      now);
  uplink = entry != NULL ? srtla_bond_uplink (bond, entry->uplink) : NULL;
  if (uplink == NULL
      || !srtla_inflight_lose (uplink->log, caller, sequence, &place))
    return NULL;
  uplink->in_flight = (gint32) srtla_inflight_count (uplink->log);
  srtla_enhanced_lost (bond, uplink, place, now);
  return uplink;
}

void
srtla_bond_lose (SrtlaBond * bond, guint caller, guint32 sequence,
    SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_is_classic (bond)
      ? take_in_order (bond, caller, sequence,
      holders_of (bond, caller, sequence, now))
      : blame (bond, caller, sequence, now);

  if (uplink == NULL) {
    bond->stats.ignored_numbers++;
    return;
  }
  bond->stats.naks++;
  uplink->counters.naks++;
  if (srtla_bond_is_classic (bond))
    srtla_uplink_window_nak (uplink);
}

/* The list is cut down to what was sent and is outstanding, and a packet may
 * name no more numbers than a tracker holds: a forged range costs nothing. */
static void
receive_srt_nak (SrtlaBond * bond, guint caller, const guint8 * data,
    gsize size, SrtlaTime now)
{
  const SrtlaTracker *tracker = bond->callers.slots[caller].tracker;
  guint budget = SRTLA_TRACKER_SIZE;
  SrtlaNakReader reader;
  guint32 first, last;

  if (tracker == NULL)
    return;
  srtla_nak_reader_init (&reader, data, size);
  while (srtla_nak_reader_next (&reader, &first, &last)) {
    guint32 count;

    if (!srtla_tracker_clip (tracker, &first, &last)) {
      bond->stats.ignored_numbers++;
      continue;
    }
    count = srtla_seq_steps (first, last) + 1;
    for (; count > 0 && budget > 0; count--, budget--) {
      srtla_bond_lose (bond, caller, first, now);
      first = srtla_seq_next (first);
    }
  }
}

static gboolean
filters_naks (const SrtlaBond * bond, guint caller)
{
  return bond->nak_filter && !srtla_bond_is_classic (bond)
      && bond->callers.slots[caller].tracker != NULL;
}

/* An SRT packet for a caller: taken note of, and handed back once. */
static void
receive_srt (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaKind kind,
    const guint8 * data, gsize size, SrtlaTime now)
{
  guint caller = srtla_callers_incoming (&bond->callers, kind, data, size, now);
  gboolean copy = caller != SRTLA_NO_CALLER
      && srtla_replies_is_copy (bond->callers.slots[caller].replies, kind,
      data, size);

  /* It tells the latency, which the first packet must go by. */
  if (kind == SRTLA_KIND_SRT_HANDSHAKE && !srtla_bond_is_classic (bond))
    srtla_bond_measure_detours (bond);
  if (kind == SRTLA_KIND_SRT_ACK) {
    if (now > bond->relayed_at + SRTLA_SECOND / 10)
      bond->relaying_since = now;
    bond->relayed_at = now;
  }
  /* An ACK says the same each time it comes, but classic mode counts anew each
   * time something happened; a NAK must count once. */
  if (kind == SRTLA_KIND_SRT_ACK && caller != SRTLA_NO_CALLER
      && (!copy || (srtla_bond_is_classic (bond) && !bond->counted)))
    receive_srt_ack (bond, caller, data, size, now);
  if (copy) {
    bond->stats.reply_copies++;
    return;
  }
  if (kind == SRTLA_KIND_SRT_ACK)
    bond->stats.srt_acks++;
  if (kind == SRTLA_KIND_SRT_NAK) {
    bond->stats.srt_naks++;
    if (caller != SRTLA_NO_CALLER && filters_naks (bond, caller)) {
      if (srtla_enhanced_filter_nak (bond, caller, uplink->slot, data, size,
              now))
        return;
    } else if (caller != SRTLA_NO_CALLER) {
      receive_srt_nak (bond, caller, data, size, now);
    }
  }
  bond->stats.replies++;
  bond->stats.reply_bytes += size;
  g_return_if_fail (bond->outputs_waiting < SRTLA_BOND_OUTPUTS);
  *srtla_bond_append (bond) = (SrtlaOutput) {
    .kind = SRTLA_OUTPUT_REPLY,
    .uplink = uplink->slot,
    .caller = caller,
    .packet = { data, size, NULL },
    .priority = SRTLA_CLASS_HIGH,
    .flow = SRTLA_MAIN_FLOW,
    .expires = SRTLA_TIME_NONE,
  };
}

/* ---- Every datagram ---------------------------------------------------- */

static void
receive_keepalive (SrtlaBond * bond, SrtlaUplink * uplink,
    const guint8 * data, gsize size, SrtlaTime now)
{
  if (!srtla_uplink_echo (uplink, data, size, now))
    return;
  srtla_registration_set_rtt (bond->registration, uplink->slot,
      uplink->rtt.smoothed);
  if (!srtla_bond_is_classic (bond))
    srtla_enhanced_echo (bond, uplink, now);
}

/* Returns: whether only a receiver that knows the uplink sends this kind. */
static gboolean
proves_membership (SrtlaKind kind)
{
  return kind == SRTLA_KIND_KEEPALIVE || kind == SRTLA_KIND_ACK
      || srtla_kind_is_srt (kind);
}

static void
receive (SrtlaBond * bond, SrtlaUplink * uplink, const guint8 * data,
    gsize size, SrtlaTime now)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  guint slot = uplink->slot;

  bond->stats.datagrams_received++;
  bond->stats.bytes_received += size;
  /* Copies of an ACK come one after another. */
  if (kind != SRTLA_KIND_SRT_ACK)
    bond->counted = FALSE;
  if (kind == SRTLA_KIND_INVALID) {
    bond->stats.ignored_malformed++;
    return;
  }
  srtla_uplink_heard (uplink, kind, size, now);

  if (proves_membership (kind)) {
    if (uplink->state != SRTLA_UPLINK_UP && uplink->state != SRTLA_UPLINK_DOWN) {
      bond->stats.ignored_registration++;
      return;
    }
    srtla_registration_heard (bond->registration, slot, now);
  }

  if (srtla_kind_is_srt (kind)) {
    receive_srt (bond, uplink, kind, data, size, now);
    return;
  }
  switch (kind) {
    case SRTLA_KIND_KEEPALIVE:
      receive_keepalive (bond, uplink, data, size, now);
      break;
    case SRTLA_KIND_ACK:
      bond->stats.srtla_acks++;
      if (srtla_bond_is_classic (bond))
        receive_srtla_ack (bond, uplink, data, size, now);
      else
        srtla_enhanced_srtla_ack (bond, uplink, data, size, now);
      break;
    case SRTLA_KIND_REG1:
    case SRTLA_KIND_REG2:
    case SRTLA_KIND_REG3:
    case SRTLA_KIND_REG_ERR:
    case SRTLA_KIND_REG_NGP:
    case SRTLA_KIND_REG_NAK:
      if (srtla_registration_receive (bond->registration, slot, kind, data,
              size, now) == SRTLA_REGISTRATION_IGNORED)
        bond->stats.ignored_registration++;
      break;
    default:
      bond->stats.ignored_unknown++;
      break;
  }
}

void
srtla_bond_receive (SrtlaBond * bond, guint slot, const guint8 * data,
    gsize size, SrtlaTime now)
{
  g_return_if_fail (srtla_bond_uplink (bond, slot) != NULL);

  bond->now = now = MAX (now, bond->now);
  bond->news = FALSE;
  srtla_bond_end_plan (bond);
  receive (bond, bond->uplinks[slot], data, size, now);
  if (bond->news)
    srtla_enhanced_release (bond, now);
}
