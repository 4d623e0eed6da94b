/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A caller's packet on its way out: whose it is, which uplink it takes, what
 * is noted of it, and what happens if the socket refuses it.
 */
#include "srtla-bond-private.h"

static guint
select_uplink (SrtlaBond * bond, gsize size, gboolean brake, SrtlaTime now)
{
  const SrtlaSchedulerView view = {
    (const SrtlaUplink * const *) bond->order, bond->n_uplinks, now,
    (guint) size, brake, bond->latest
  };
  guint index = bond->scheduler->select (&view);

  if (index == SRTLA_NO_UPLINK)
    return SRTLA_NO_UPLINK;
  bond->latest = bond->order[index]->slot;
  return bond->latest;
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

/* Notes a data packet in the tracker of its caller and the log of its uplink. */
static void
track (SrtlaBond * bond, guint caller, SrtlaUplink * uplink,
    const SrtlaPacket * packet, SrtlaTime now)
{
  guint32 sequence = srtla_srt_sequence (packet->data);
  SrtlaTrackerEntry displaced;

  if (G_UNLIKELY (caller == SRTLA_NO_CALLER)) {
    bond->stats.untracked++;
    return;
  }
  if (srtla_tracker_insert (bond->callers.slots[caller].tracker, sequence,
          uplink->slot, packet->size, now, &displaced))
    forget_displaced (bond, caller, &displaced);
  srtla_inflight_insert (uplink->log, caller, sequence, packet->size, now);
  uplink->in_flight++;
  uplink->sent_at = now;
  if (!srtla_bond_is_classic (bond))
    srtla_enhanced_keep (bond, caller, sequence, packet, now);
}

/* Returns: what is known of an earlier transmission of a data packet. */
static const SrtlaTrackerEntry *
earlier_copy (SrtlaBond * bond, guint caller, const SrtlaPacket * packet,
    SrtlaTime now)
{
  if (srtla_bond_is_classic (bond) || caller == SRTLA_NO_CALLER
      || !srtla_srt_is_retransmission (packet->data))
    return NULL;
  return srtla_tracker_find (bond->callers.slots[caller].tracker,
      srtla_srt_sequence (packet->data), now);
}

/* A retransmission has its own choice, and does not wait for room; once that
 * failed too, it goes two ways. Control packets are few, small and urgent. */
static guint
choose (SrtlaBond * bond, const SrtlaItem * item,
    const SrtlaTrackerEntry * earlier, guint * second)
{
  gboolean brake = item->kind == SRTLA_KIND_SRT_DATA && bond->queue_target != 0;
  guint size = (guint) item->packet.size;
  guint chosen;

  *second = SRTLA_NO_UPLINK;
  if (earlier == NULL)
    return select_uplink (bond, size, brake, bond->now);
  chosen = srtla_enhanced_retransmission (bond, earlier, size);
  if (chosen == SRTLA_NO_UPLINK)
    return select_uplink (bond, size, FALSE, bond->now);
  if (earlier->copies >= 2)
    *second = srtla_enhanced_soonest (bond, size,
        G_GUINT64_CONSTANT (1) << chosen);
  return chosen;
}

void
srtla_bond_drop (SrtlaBond * bond, const SrtlaPacket * packet,
    guint64 * counter)
{
  ++*counter;
  srtla_bond_release (bond, packet->owner);
}

/* A slot starts afresh: nothing that the logs hold of it means anything. */
static void
start_caller (SrtlaBond * bond, guint caller, SrtlaTime now)
{
  SrtlaEvent event = { SRTLA_EVENT_CALLER, now, SRTLA_NO_UPLINK, caller,
    SRTLA_UPLINK_CLOSED, SRTLA_UPLINK_CLOSED, NULL
  };
  guint i;

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
    *packet, copy, SRTLA_CLASS_MEDIUM, now
  };
  guint32 sequence = srtla_srt_sequence (packet->data);

  if (bond->outputs_waiting >= SRTLA_BOND_OUTPUTS - SRTLA_MAX_UPLINKS - 1)
    return FALSE;
  if (packet->owner != NULL && bond->config.reference != NULL)
    bond->config.reference (packet->owner, bond->config.user_data);
  if (caller != SRTLA_NO_CALLER) {
    srtla_tracker_add_holder (bond->callers.slots[caller].tracker, sequence,
        uplink->slot);
    srtla_inflight_insert (uplink->log, caller, sequence, packet->size, now);
    uplink->in_flight++;
  }
  uplink->sent_at = now;
  srtla_bond_count_copy (bond, uplink, copy, packet->size, 1);
  srtla_bond_emit (bond, &output);
  return TRUE;
}

static void
emit_packet (SrtlaBond * bond, SrtlaUplink * uplink, const SrtlaItem * item,
    gboolean retransmission)
{
  const SrtlaOutput output = { SRTLA_OUTPUT_PACKET, uplink->slot, item->caller,
    item->packet, SRTLA_COPY_NONE, item->priority, item->arrived
  };

  uplink->tokens -= (gint64) item->packet.size;
  uplink->counters.packets_sent++;
  uplink->counters.bytes_sent += item->packet.size;
  bond->stats.packets_sent++;
  bond->stats.bytes_sent += item->packet.size;
  if (retransmission) {
    uplink->counters.retransmissions++;
    bond->stats.retransmissions++;
  }
  srtla_bond_emit (bond, &output);
}

gboolean
srtla_bond_send (SrtlaBond * bond, const SrtlaItem * item)
{
  gboolean is_data = item->kind == SRTLA_KIND_SRT_DATA;
  const SrtlaTrackerEntry *earlier = is_data
      ? earlier_copy (bond, item->caller, &item->packet, bond->now) : NULL;
  guint second;
  guint slot = choose (bond, item, earlier, &second);

  if (slot == SRTLA_NO_UPLINK)
    return FALSE;
  if (is_data)
    track (bond, item->caller, bond->uplinks[slot], &item->packet, bond->now);
  emit_packet (bond, bond->uplinks[slot], item, is_data
      && srtla_srt_is_retransmission (item->packet.data));
  if (!is_data || srtla_bond_is_classic (bond))
    return TRUE;
  if (second != SRTLA_NO_UPLINK)
    srtla_bond_emit_copy (bond, bond->uplinks[second], item->caller,
        &item->packet, SRTLA_COPY_SECOND, bond->now);
  srtla_enhanced_duplicate (bond, item->caller, slot, &item->packet,
      bond->now);
  return TRUE;
}

static SrtlaPushVerdict
refuse (SrtlaBond * bond, const SrtlaPacket * packet, guint64 * counter,
    SrtlaPushVerdict verdict)
{
  srtla_bond_drop (bond, packet, counter);
  return verdict;
}

/* Classic mode: it goes, or it does not. */
static SrtlaPushVerdict
push_classic (SrtlaBond * bond, const SrtlaItem * item)
{
  if (bond->outputs_waiting >= SRTLA_BOND_BATCH)
    return refuse (bond, &item->packet, &bond->stats.dropped_full,
        SRTLA_PUSH_FULL);
  if (!srtla_bond_send (bond, item))
    return refuse (bond, &item->packet, &bond->stats.dropped_no_uplink,
        SRTLA_PUSH_NO_UPLINK);
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

  bond->now = now;
  bond->stats.packets_pushed++;
  bond->stats.bytes_pushed += packet->size;
  if (caller != NULL)
    *caller = SRTLA_NO_CALLER;

  if (!srtla_kind_is_srt (item.kind)
      || srtla_packet_looks_like_mpegts (packet->data, packet->size))
    return refuse (bond, packet, &bond->stats.dropped_not_srt,
        SRTLA_PUSH_NOT_SRT);

  item.caller = srtla_callers_outgoing (&bond->callers, item.kind,
      packet->data, packet->size, now, &is_new);
  if (G_UNLIKELY (is_new))
    start_caller (bond, item.caller, now);
  if (caller != NULL)
    *caller = item.caller;
  if (item.caller != SRTLA_NO_CALLER)
    item.life = bond->callers.slots[item.caller].life;

  if (srtla_bond_is_classic (bond))
    return push_classic (bond, &item);
  if (bond->uplinks_up == 0)
    return refuse (bond, packet, &bond->stats.dropped_no_uplink,
        SRTLA_PUSH_NO_UPLINK);
  srtla_bond_enqueue (bond, &item, droppable);
  return SRTLA_PUSH_TAKEN;
}

/* A packet that never left is not in flight. */
static void
untrack (SrtlaUplink * uplink, const SrtlaOutput * output)
{
  if (output->caller != SRTLA_NO_CALLER
      && srtla_packet_kind (output->packet.data, output->packet.size)
      == SRTLA_KIND_SRT_DATA
      && srtla_inflight_take (uplink->log, output->caller,
          srtla_srt_sequence (output->packet.data), NULL)
      && uplink->in_flight > 0)
    uplink->in_flight--;
}

static void
uncount (SrtlaBond * bond, SrtlaUplink * uplink, const SrtlaOutput * output,
    SrtlaSendResult result)
{
  gsize size = output->packet.size;

  if (output->copy != SRTLA_COPY_NONE) {
    srtla_bond_count_copy (bond, uplink, output->copy, size, -1);
    return;
  }
  bond->stats.packets_sent--;
  bond->stats.bytes_sent -= size;
  if (result == SRTLA_SEND_FAILED)
    bond->stats.dropped_send_error++;
  else
    bond->stats.dropped_uplink_queue++;
  if (uplink != NULL) {
    uplink->counters.packets_sent--;
    uplink->counters.bytes_sent -= size;
  }
}

void
srtla_bond_send_result (SrtlaBond * bond, const SrtlaOutput * output,
    SrtlaSendResult result, SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, output->uplink);

  if (result == SRTLA_SEND_DONE) {
    srtla_bond_note_sent (bond, output, now);
    return;
  }
  if (uplink != NULL && result == SRTLA_SEND_FAILED) {
    uplink->counters.send_errors++;
    uplink->suspended = TRUE;
  }
  if (output->kind != SRTLA_OUTPUT_PACKET)
    return;

  uncount (bond, uplink, output, result);
  if (uplink == NULL)
    return;
  untrack (uplink, output);
}

