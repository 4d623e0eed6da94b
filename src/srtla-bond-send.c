/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller's packet on its way out: whose it is, which uplink it takes, and what
 * is noted of it.
 */
#include "srtla-bond-private.h"

/* SRT repeats a handshake each 250 ms until it is answered. */
#define HANDSHAKE_PATIENCE SRTLA_SECOND

/* Tells, once for each, which uplinks a packet is too large for. Returns:
 * whether another carries it. */
static gboolean
note_narrow (SrtlaBond * bond, gsize size)
{
  gboolean carried = FALSE;
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];
    const SrtlaEvent event = { SRTLA_EVENT_NARROW, bond->now, uplink->slot,
      SRTLA_NO_CALLER, uplink->state, uplink->state, NULL
    };

    if (uplink->state != SRTLA_UPLINK_UP)
      continue;
    if (uplink->largest >= size) {
      carried = carried || !uplink->suspended;
      continue;
    }
    if (!uplink->told_narrow)
      srtla_bond_tell (bond, &event);
    uplink->told_narrow = TRUE;
  }
  return carried;
}

static SrtlaSchedulerView
view_of (SrtlaBond * bond, const SrtlaItem * item, gboolean brake)
{
  const SrtlaSchedulerView view = {
    (const SrtlaUplink * const *) bond->order, bond->n_uplinks, bond->now,
    (guint) item->packet.size, brake, item->priority == SRTLA_CLASS_HIGH,
    bond->latest, item->packet.size > bond->narrowest
        && note_narrow (bond, item->packet.size)
  };

  return view;
}

/* Returns: NULL if none takes it. */
static SrtlaUplink *
select_uplink (SrtlaBond * bond, const SrtlaItem * item, gboolean brake)
{
  const SrtlaSchedulerView view = view_of (bond, item, brake);
  guint index = bond->scheduler->select (&view);

  if (index == SRTLA_NO_UPLINK)
    return NULL;
  srtla_bond_end_plan (bond);
  bond->latest = bond->order[index]->slot;
  return bond->order[index];
}

G_GNUC_NO_INLINE static void
make_plan (SrtlaBond * bond, const SrtlaItem * item)
{
  const SrtlaSchedulerView view = view_of (bond, item,
      bond->queue_target != 0);

  bond->scheduler->plan (&view, &bond->plan);
  bond->plan_at = bond->now;
  bond->planned = TRUE;
}

/* For an original. Returns: NULL if none takes it. */
static inline SrtlaUplink *
choose (SrtlaBond * bond, const SrtlaItem * item)
{
  guint index = SRTLA_NO_UPLINK;

  if (bond->scheduler->plan != NULL && item->priority != SRTLA_CLASS_HIGH) {
    if (G_UNLIKELY (!bond->planned || bond->plan_at != bond->now))
      make_plan (bond, item);
    index = srtla_plan_next (&bond->plan, item->packet.size);
  }
  if (G_UNLIKELY (index == SRTLA_NO_UPLINK))
    return select_uplink (bond, item, bond->queue_target != 0);
  bond->latest = bond->order[index]->slot;
  return bond->order[index];
}

static void
forget_displaced (SrtlaBond * bond, guint caller,
    const SrtlaTrackerEntry * displaced)
{
  guint64 holders = displaced->holders;

  srtla_enhanced_unkeep (bond, displaced);
  while (holders != 0) {
    guint slot = (guint) __builtin_ctzll (holders);

    holders &= holders - 1;
    if (bond->uplinks[slot] != NULL)
      srtla_inflight_forget (bond->uplinks[slot]->log, caller,
          displaced->sequence);
  }
}

/* What follows on the latest needs less than what does not. */
static void
track_any (SrtlaBond * bond, guint caller, SrtlaUplink * uplink,
    guint32 sequence, const SrtlaPacket * packet)
{
  SrtlaTrackerEntry displaced;

  if (srtla_tracker_insert (bond->callers.slots[caller].tracker, sequence,
          uplink->slot, packet->size, bond->now, &displaced))
    forget_displaced (bond, caller, &displaced);
  if (!srtla_bond_is_classic (bond))
    srtla_enhanced_keep (bond, caller, sequence, packet, bond->now);
}

static G_ALWAYS_INLINE inline void
keep (SrtlaBond * bond, guint caller, SrtlaTrackerEntry * entry,
    const SrtlaPacket * packet)
{
  if (!bond->rescue || packet->owner == NULL || bond->config.reference == NULL
      || srtla_bond_is_classic (bond))
    return;
  if (G_UNLIKELY (bond->kept_bytes + packet->size > SRTLA_RESCUE_BYTES)) {
    srtla_enhanced_keep (bond, caller, entry->sequence, packet, bond->now);
    return;
  }
  bond->config.reference (packet->owner, bond->config.user_data);
  entry->data = packet->data;
  entry->owner = packet->owner;
  bond->kept_bytes += packet->size;
}

/* Notes a data packet in the tracker of its caller and the log of its uplink. */
static G_ALWAYS_INLINE inline void
track (SrtlaBond * bond, guint caller, SrtlaUplink * uplink,
    const SrtlaPacket * packet)
{
  guint32 sequence = srtla_srt_sequence (packet->data);
  SrtlaTrackerEntry *entry;

  if (G_UNLIKELY (caller == SRTLA_NO_CALLER)) {
    bond->stats.untracked++;
    return;
  }
  entry = srtla_tracker_append (bond->callers.slots[caller].tracker, sequence,
      uplink->slot, packet->size, bond->now);
  if (G_LIKELY (entry != NULL))
    keep (bond, caller, entry, packet);
  else
    track_any (bond, caller, uplink, sequence, packet);
  srtla_inflight_insert (uplink->log, caller, sequence, packet->size,
      bond->now);
  uplink->in_flight++;
  uplink->sent_at = bond->now;
}

/* Replies that wait for who had the slot before are not for who has it now. */
static void
disown_replies (SrtlaBond * bond, guint caller)
{
  guint i;

  for (i = 0; i < bond->outputs_waiting; i++) {
    SrtlaOutput *output = &bond->outputs[(bond->outputs_first + i)
        % SRTLA_BOND_OUTPUTS];

    if (output->kind == SRTLA_OUTPUT_REPLY && output->caller == caller)
      output->caller = SRTLA_NO_CALLER;
  }
}

/* A slot starts afresh: nothing that the logs hold of it means anything. */
static void
start_caller (SrtlaBond * bond, guint caller, SrtlaTime now)
{
  SrtlaEvent event = { SRTLA_EVENT_CALLER, now, SRTLA_NO_UPLINK, caller,
    SRTLA_UPLINK_CLOSED, SRTLA_UPLINK_CLOSED, NULL
  };
  guint i;

  disown_replies (bond, caller);
  srtla_enhanced_drop_all_kept (bond, caller);
  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];
    gint32 gone = (gint32) srtla_inflight_forget_caller (uplink->log, caller);

    uplink->in_flight = MAX (uplink->in_flight - gone, 0);
  }
  srtla_bond_tell (bond, &event);
}

/* Adds to, or takes off, the counters of copies. */
void
srtla_bond_count_copy (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaCopy copy, gsize size,
    gint64 sign)
{
  guint64 packets = (guint64) sign, bytes = (guint64) sign * size;

  bond->stats.duplicates += packets;
  bond->stats.duplicate_bytes += bytes;
  if (copy == SRTLA_COPY_PROBE)
    bond->stats.probes += packets;
  if (copy == SRTLA_COPY_SECOND)
    bond->stats.second_copies += packets;
  if (copy == SRTLA_COPY_RESCUE) {
    bond->stats.rescued += packets;
    bond->stats.rescued_bytes += bytes;
  }
  if (uplink != NULL) {
    uplink->counters.duplicates += packets;
    uplink->counters.duplicate_bytes += bytes;
  }
}

gboolean
srtla_bond_emit_copy (SrtlaBond * bond, SrtlaUplink * uplink, guint caller,
    const SrtlaPacket * packet, SrtlaCopy copy, SrtlaTime now)
{
  const SrtlaOutput output = { SRTLA_OUTPUT_PACKET, uplink->slot, caller,
    *packet, copy, SRTLA_CLASS_MEDIUM, now, SRTLA_MAIN_FLOW,
    srtla_bond_useful_until (bond, caller, packet->data, now)
  };
  guint32 sequence = srtla_srt_sequence (packet->data);

  /* The caller's clock may read otherwise than when the packet came. */
  if (srtla_bond_outputs_are_full (bond) || now >= output.expires)
    return FALSE;
  srtla_bond_end_plan (bond);
  if (packet->owner != NULL && bond->config.reference != NULL)
    bond->config.reference (packet->owner, bond->config.user_data);
  if (caller != SRTLA_NO_CALLER) {
    srtla_tracker_add_holder (bond->callers.slots[caller].tracker, sequence,
        uplink->slot);
    srtla_inflight_insert (uplink->log, caller, sequence, packet->size, now);
    uplink->in_flight++;
  }
  uplink->sent_at = now;
  srtla_uplink_pay (uplink, packet->size);
  srtla_bond_count_copy (bond, uplink, copy, packet->size, 1);
  srtla_bond_emit (bond, &output);
  return TRUE;
}

static G_ALWAYS_INLINE inline void
emit_packet (SrtlaBond * bond, SrtlaUplink * uplink, const SrtlaItem * item)
{
  gsize size = item->packet.size;

  srtla_uplink_pay (uplink, size);
  uplink->counters.packets_sent++;
  uplink->counters.bytes_sent += size;
  bond->stats.packets_sent++;
  bond->stats.bytes_sent += size;
  srtla_bond_book_out (bond, item);
  *srtla_bond_append (bond) = (SrtlaOutput) {
    .kind = SRTLA_OUTPUT_PACKET,
    .uplink = uplink->slot,
    .caller = item->caller,
    .packet = item->packet,
    .copy = SRTLA_COPY_NONE,
    .priority = item->priority,
    .arrived = item->arrived,
    .flow = item->flow,
    .expires = item->expires,
  };
}

/* A retransmission has its own choice and needs no room; where that finds none it
 * goes where any packet might. Once that failed too, it goes two ways. */
static SrtlaUplink *
choose_again (SrtlaBond * bond, const SrtlaItem * item, SrtlaUplink ** second)
{
  guint size = (guint) item->packet.size;
  const SrtlaTrackerEntry *earlier = item->caller == SRTLA_NO_CALLER
      || srtla_bond_is_classic (bond) ? NULL
      : srtla_tracker_find (bond->callers.slots[item->caller].tracker,
      srtla_srt_sequence (item->packet.data), bond->now);
  guint64 crowded;
  guint chosen;

  *second = NULL;
  if (earlier == NULL)
    return select_uplink (bond, item, bond->queue_target != 0);
  crowded = srtla_enhanced_crowded (bond);
  chosen = srtla_enhanced_retransmission (bond, earlier, size, crowded);
  if (chosen == SRTLA_NO_UPLINK)
    return select_uplink (bond, item, crowded != 0);
  if (earlier->copies >= 2)
    *second = srtla_bond_uplink (bond, srtla_enhanced_soonest (bond, size,
            G_GUINT64_CONSTANT (1) << chosen | crowded));
  return bond->uplinks[chosen];
}

static gboolean
send_again (SrtlaBond * bond, const SrtlaItem * item)
{
  SrtlaUplink *second;
  SrtlaUplink *uplink = choose_again (bond, item, &second);

  if (uplink == NULL)
    return FALSE;
  if (item->priority == SRTLA_CLASS_HIGH)
    srtla_uplink_pay_reserve (uplink, item->packet.size);
  track (bond, item->caller, uplink, &item->packet);
  emit_packet (bond, uplink, item);
  uplink->counters.retransmissions++;
  bond->stats.retransmissions++;
  if (second != NULL)
    srtla_bond_emit_copy (bond, second, item->caller, &item->packet,
        SRTLA_COPY_SECOND, bond->now);
  if (bond->probing)
    srtla_trains_duplicate (bond, item->caller, uplink->slot, &item->packet,
        bond->now);
  return TRUE;
}

/* A handshake comes again where no answer did: by another uplink then, since one
 * may answer keepalives and deliver nothing. Returns: NULL if there is none. */
static SrtlaUplink *
choose_for_handshake (SrtlaBond * bond, const SrtlaItem * item)
{
  SrtlaUplink *uplink = NULL;
  SrtlaHandshake handshake;

  srtla_srt_read_handshake (item->packet.data, item->packet.size, &handshake);
  if (bond->handshake.caller != item->caller
      || bond->handshake.type != handshake.type
      || bond->now > bond->handshake.at + HANDSHAKE_PATIENCE)
    bond->handshake.uplinks = 0;
  if (bond->handshake.uplinks != 0)
    uplink = srtla_bond_uplink (bond, srtla_enhanced_soonest (bond,
            (guint) item->packet.size, bond->handshake.uplinks));
  if (uplink == NULL) {
    bond->handshake.uplinks = 0;
    uplink = select_uplink (bond, item, FALSE);
  }
  bond->handshake.caller = item->caller;
  bond->handshake.type = handshake.type;
  bond->handshake.at = bond->now;
  if (uplink != NULL)
    bond->handshake.uplinks |= G_GUINT64_CONSTANT (1) << uplink->slot;
  return uplink;
}

/* Control packets are few, small and urgent. */
static gboolean
send_control (SrtlaBond * bond, const SrtlaItem * item)
{
  SrtlaUplink *uplink = item->kind == SRTLA_KIND_SRT_HANDSHAKE
      && !srtla_bond_is_classic (bond) ? choose_for_handshake (bond, item)
      : select_uplink (bond, item, FALSE);

  if (uplink == NULL)
    return FALSE;
  emit_packet (bond, uplink, item);
  return TRUE;
}

gboolean
srtla_bond_send (SrtlaBond * bond, const SrtlaItem * item)
{
  SrtlaUplink *uplink;

  if (G_UNLIKELY (item->kind != SRTLA_KIND_SRT_DATA))
    return send_control (bond, item);
  if (G_UNLIKELY (srtla_srt_is_retransmission (item->packet.data)))
    return send_again (bond, item);
  uplink = choose (bond, item);
  if (uplink != NULL && !srtla_bond_is_soon_enough (bond, item, uplink))
    uplink = srtla_bond_in_time (bond, item, uplink);
  if (uplink == NULL)
    return FALSE;
  if (G_UNLIKELY (item->priority == SRTLA_CLASS_HIGH))
    srtla_uplink_pay_reserve (uplink, item->packet.size);
  track (bond, item->caller, uplink, &item->packet);
  emit_packet (bond, uplink, item);
  if (G_UNLIKELY (bond->probing))
    srtla_trains_duplicate (bond, item->caller, uplink->slot, &item->packet,
        bond->now);
  return TRUE;
}

static SrtlaPushVerdict
refuse (SrtlaBond * bond, const SrtlaItem * item, SrtlaLoss reason,
    SrtlaPushVerdict verdict)
{
  srtla_bond_drop (bond, item, reason);
  return verdict;
}

/* Classic mode: it goes, or it does not. */
static SrtlaPushVerdict
push_classic (SrtlaBond * bond, const SrtlaItem * item)
{
  srtla_bond_book_class (bond, item);
  if (bond->outputs_waiting >= SRTLA_BOND_BATCH)
    return refuse (bond, item, SRTLA_LOSS_FULL, SRTLA_PUSH_FULL);
  if (!srtla_bond_send (bond, item))
    return refuse (bond, item, SRTLA_LOSS_NO_UPLINK, SRTLA_PUSH_NO_UPLINK);
  return SRTLA_PUSH_TAKEN;
}

SrtlaPushVerdict
srtla_bond_push (SrtlaBond * bond, const SrtlaPacket * packet, SrtlaTime now,
    guint * caller)
{
  return srtla_bond_push_flow (bond, SRTLA_MAIN_FLOW, packet, FALSE, now,
      caller);
}

SrtlaPushVerdict
srtla_bond_push_flow (SrtlaBond * bond, guint flow, const SrtlaPacket * packet,
    gboolean droppable, SrtlaTime now, guint * caller)
{
  SrtlaItem item = { *packet, now, SRTLA_TIME_NONE, SRTLA_TIME_NONE,
    SRTLA_NO_CALLER, (guint8) flow, SRTLA_CLASS_LOW,
    (guint8) srtla_packet_kind (packet->data, packet->size), FALSE, 0
  };
  gboolean is_new = FALSE;

  bond->counted = FALSE;
  bond->now = now = MAX (now, bond->now);
  bond->pushed_at = now;
  bond->stats.packets_pushed++;
  bond->stats.bytes_pushed += packet->size;
  srtla_bond_book_in (bond, &item);
  if (caller != NULL)
    *caller = SRTLA_NO_CALLER;

  if (!srtla_kind_is_srt (item.kind)
      || srtla_packet_looks_like_mpegts (packet->data, packet->size))
    return refuse (bond, &item, SRTLA_LOSS_NOT_SRT, SRTLA_PUSH_NOT_SRT);

  item.caller = srtla_callers_outgoing (&bond->callers, item.kind,
      packet->data, packet->size, now, &is_new);
  if (G_UNLIKELY (is_new))
    start_caller (bond, item.caller, now);
  if (caller != NULL)
    *caller = item.caller;
  if (item.caller != SRTLA_NO_CALLER)
    item.life = bond->callers.slots[item.caller].life;

  if (srtla_bond_is_classic (bond)
      && srtla_pipeline_waiting (bond->pipeline) == 0)
    return push_classic (bond, &item);
  return srtla_bond_enqueue (bond, &item, droppable);
}
