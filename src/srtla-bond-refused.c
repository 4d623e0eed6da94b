/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets that did not leave after all: their socket failed, or takes no more.
 * They are taken off the books, and go by another uplink if there is one.
 */
#include "srtla-bond-private.h"

static gboolean
is_retransmission (const SrtlaPacket * packet)
{
  return srtla_packet_kind (packet->data, packet->size) == SRTLA_KIND_SRT_DATA
      && srtla_srt_is_retransmission (packet->data);
}

/* A packet that never left is not in flight. */
static void
untrack (SrtlaBond * bond, SrtlaUplink * uplink, const SrtlaOutput * output)
{
  SrtlaTrackerEntry *entry;
  guint32 sequence;

  if (output->caller == SRTLA_NO_CALLER
      || srtla_packet_kind (output->packet.data, output->packet.size)
      != SRTLA_KIND_SRT_DATA)
    return;
  sequence = srtla_srt_sequence (output->packet.data);
  if (srtla_inflight_take (uplink->log, output->caller, sequence, NULL)
      && uplink->in_flight > 0)
    uplink->in_flight--;
  if (srtla_bond_is_classic (bond))
    return;
  entry = srtla_tracker_find (bond->callers.slots[output->caller].tracker,
      sequence, bond->now);
  if (entry != NULL)
    entry->holders &= ~(G_GUINT64_CONSTANT (1) << uplink->slot);
}

/* Takes the packet off the uplink's counters. */
static void
uncount (SrtlaBond * bond, SrtlaUplink * uplink, const SrtlaOutput * output)
{
  guint again = is_retransmission (&output->packet);

  bond->stats.packets_sent--;
  bond->stats.bytes_sent -= output->packet.size;
  bond->stats.retransmissions -= again;
  if (uplink != NULL) {
    uplink->counters.packets_sent--;
    uplink->counters.bytes_sent -= output->packet.size;
    uplink->counters.retransmissions -= again;
  }
}

/* Notes that the latest copy of a data packet leaves on another uplink than it
 * was meant for: it is no copy more. */
static void
track_elsewhere (SrtlaBond * bond, SrtlaUplink * uplink,
    const SrtlaOutput * output)
{
  guint32 sequence = srtla_srt_sequence (output->packet.data);
  SrtlaTrackerEntry *entry;

  if (output->caller == SRTLA_NO_CALLER)
    return;
  entry = srtla_tracker_find (bond->callers.slots[output->caller].tracker,
      sequence, bond->now);
  if (entry == NULL)
    return;
  entry->uplink = (guint8) uplink->slot;
  entry->holders |= G_GUINT64_CONSTANT (1) << uplink->slot;
  srtla_inflight_insert (uplink->log, output->caller, sequence,
      output->packet.size, bond->now);
  uplink->in_flight++;
}

guint
srtla_bond_stalled_beside (const SrtlaBond * bond, guint slot, gsize size)
{
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    const SrtlaUplink *uplink = bond->order[i];

    if (uplink->slot != slot && uplink->state == SRTLA_UPLINK_UP
        && uplink->stalled && !uplink->suspended && !uplink->blocked
        && uplink->largest >= size)
      return uplink->slot;
  }
  return SRTLA_NO_UPLINK;
}

/* What an uplink could not send goes by another, whether that has room or not:
 * it waited long enough. Returns: FALSE if there is none. */
static gboolean
send_elsewhere (SrtlaBond * bond, const SrtlaOutput * output)
{
  SrtlaOutput again = *output;
  SrtlaUplink *uplink;

  if (srtla_bond_is_classic (bond) || output->copy != SRTLA_COPY_NONE
      || output->packet.owner == NULL || bond->config.reference == NULL
      || srtla_bond_outputs_are_full (bond))
    return FALSE;
  again.uplink = srtla_enhanced_soonest (bond, (guint) output->packet.size,
      G_GUINT64_CONSTANT (1) << output->uplink);
  if (again.uplink == SRTLA_NO_UPLINK)
    again.uplink = srtla_bond_stalled_beside (bond, output->uplink,
        output->packet.size);
  if (again.uplink == SRTLA_NO_UPLINK)
    return FALSE;
  uplink = bond->uplinks[again.uplink];
  bond->config.reference (output->packet.owner, bond->config.user_data);
  if (srtla_packet_kind (output->packet.data, output->packet.size)
      == SRTLA_KIND_SRT_DATA)
    track_elsewhere (bond, uplink, output);
  uplink->sent_at = bond->now;
  srtla_uplink_pay (uplink, output->packet.size);
  uplink->counters.packets_sent++;
  uplink->counters.bytes_sent += output->packet.size;
  bond->stats.packets_sent++;
  bond->stats.bytes_sent += output->packet.size;
  if (is_retransmission (&output->packet)) {
    uplink->counters.retransmissions++;
    bond->stats.retransmissions++;
  }
  srtla_bond_emit (bond, &again);
  return TRUE;
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
  bond->counted = FALSE;
  srtla_bond_end_plan (bond);
  if (uplink != NULL && result == SRTLA_SEND_FAILED) {
    uplink->counters.send_errors++;
    uplink->suspended = TRUE;
  }
  if (output->kind != SRTLA_OUTPUT_PACKET)
    return;

  if (uplink != NULL)
    untrack (bond, uplink, output);
  if (output->copy != SRTLA_COPY_NONE) {
    srtla_bond_count_copy (bond, uplink, output->copy, output->packet.size, -1);
    return;
  }
  uncount (bond, uplink, output);
  bond->now = MAX (now, bond->now);
  if (result == SRTLA_SEND_EXPIRED || srtla_bond_is_expired (bond, output)) {
    srtla_bond_book_undo (bond, output, SRTLA_LOSS_EXPIRED);
    return;
  }
  if (result != SRTLA_SEND_DROPPED && uplink != NULL
      && send_elsewhere (bond, output))
    return;
  srtla_bond_book_undo (bond, output, result == SRTLA_SEND_FAILED
      ? SRTLA_LOSS_SEND_ERROR : SRTLA_LOSS_UPLINK_QUEUE);
}
