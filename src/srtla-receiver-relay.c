/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SRT packets on their way to the SRT server, and back to the sender. */
#include "srtla-receiver-private.h"

#include <string.h>

#include "srtla-seq.h"

#define NAK_REPEAT (100 * SRTLA_MILLISECOND)
/* A NAK is repeated until the server acknowledges what it asks for, and no
 * longer than this. */
#define NAK_LIFETIME (5 * SRTLA_SECOND)

/* A handshake type over this is a refusal. */
#define HANDSHAKE_REFUSED 1000
#define HANDSHAKES_TO_BLOCK 5
#define BLOCK_TIME (60 * SRTLA_SECOND)

/* ---- To the server ----------------------------------------------------- */

/* After each ten data packets of an uplink, retransmissions included. */
static void
acknowledge (SrtlaReceiver *self, SrtlaReceiverPeer *uplink, guint32 sequence)
{
  guint8 ack[4 + 4 * SRTLA_RECEIVER_ACK_EVERY];

  uplink->received[uplink->n_received++] = sequence;
  if (uplink->n_received < SRTLA_RECEIVER_ACK_EVERY)
    return;
  uplink->n_received = 0;
  uplink->ack_credit += self->ack_share;
  if (uplink->ack_credit < 100)
    return;
  uplink->ack_credit -= 100;
  srtla_receiver_send (self, uplink, ack,
      srtla_write_ack (ack, uplink->received, SRTLA_RECEIVER_ACK_EVERY));
  self->stats.acks++;
}

void
srtla_receiver_forward (SrtlaReceiver *self, SrtlaReceiverPeer *uplink,
    SrtlaKind kind, const guint8 *data, gsize size)
{
  SrtlaReceiverGroup *group = self->groups[uplink->group];

  group->latest = uplink;
  group->used = TRUE;
  self->stats.packets++;
  self->stats.bytes += size;
  srtla_receiver_queue (self, SRTLA_RECEIVER_TO_SERVER, uplink->group,
      uplink->peer, srtla_receiver_keep (self, data, size), size);
  if (kind == SRTLA_KIND_SRT_DATA && self->traits->acknowledges)
    acknowledge (self, uplink, srtla_srt_sequence (data));
}

/* ---- From the server --------------------------------------------------- */

static void
send_to_every (SrtlaReceiver *self, const SrtlaReceiverGroup *group,
    const guint8 *data, gsize size)
{
  gsize kept = srtla_receiver_keep (self, data, size);
  guint i;

  for (i = 0; i < group->uplinks->len; i++) {
    const SrtlaReceiverPeer *uplink = g_ptr_array_index (group->uplinks, i);

    srtla_receiver_queue (self, SRTLA_RECEIVER_TO_PEER, uplink->group,
        uplink->peer, kept, size);
  }
}

static void
send_to_latest (SrtlaReceiver *self, const SrtlaReceiverGroup *group,
    const guint8 *data, gsize size)
{
  guint8 padded[SRTLA_MIN_DATAGRAM] = { 0 };
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (group->latest == NULL)
    return;
  if (self->traits->pads && size < sizeof padded
      && kind != SRTLA_KIND_SRT_ACK && kind != SRTLA_KIND_SRT_NAK) {
    memcpy (padded, data, size);
    data = padded;
    size = sizeof padded;
  }
  srtla_receiver_send (self, group->latest, data, size);
}

static void
relay_nak (SrtlaReceiver *self, SrtlaReceiverGroup *group,
    const guint8 *data, gsize size, SrtlaTime now)
{
  if (self->traits->naks == SRTLA_NAK_TO_LATEST) {
    send_to_latest (self, group, data, size);
    return;
  }
  send_to_every (self, group, data, size);
  if (self->traits->naks == SRTLA_NAK_TO_EVERY_REPEATED) {
    memcpy (group->nak, data, size);
    group->nak_size = size;
    group->nak_at = now + NAK_REPEAT;
    group->nak_until = now + NAK_LIFETIME;
  }
}

/* Stops repeating a NAK once all that it asks for has arrived. */
static void
settle_nak (SrtlaReceiverGroup *group, const guint8 *data, gsize size)
{
  SrtlaNakReader reader;
  guint32 acknowledged, first, last;

  if (group->nak_size == 0 || !srtla_srt_read_ack (data, size, &acknowledged))
    return;
  srtla_nak_reader_init (&reader, group->nak, group->nak_size);
  while (srtla_nak_reader_next (&reader, &first, &last)) {
    if (!srtla_seq_before (last, acknowledged))
      return;
  }
  group->nak_size = 0;
}

/* The answer goes to the uplink heard last: the failure is put down to it. */
static void
watch_handshake (SrtlaReceiver *self, const SrtlaReceiverGroup *group,
    const guint8 *data, gsize size, SrtlaTime now)
{
  SrtlaHandshake handshake;
  SrtlaReceiverPeer *uplink = group->latest;

  if (!self->traits->blocks || uplink == NULL
      || !srtla_srt_read_handshake (data, size, &handshake))
    return;
  if (handshake.type == SRTLA_HS_TYPE_CONCLUSION) {
    uplink->failed_handshakes = 0;
  } else if (handshake.type > HANDSHAKE_REFUSED
      && ++uplink->failed_handshakes >= HANDSHAKES_TO_BLOCK) {
    uplink->failed_handshakes = 0;
    uplink->blocked_until = now + BLOCK_TIME;
  }
}

void
srtla_receiver_relay (SrtlaReceiver *self, guint number, const guint8 *data,
    gsize size, SrtlaTime now)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  SrtlaReceiverGroup *group;

  srtla_receiver_begin (self);
  if (number >= SRTLA_RECEIVER_GROUPS || self->groups[number] == NULL)
    return;
  group = self->groups[number];
  if (!srtla_kind_is_srt (kind)) {
    self->stats.malformed++;
    return;
  }

  if (kind == SRTLA_KIND_SRT_ACK) {
    settle_nak (group, data, size);
    send_to_every (self, group, data, size);
  } else if (kind == SRTLA_KIND_SRT_NAK) {
    relay_nak (self, group, data, size, now);
  } else {
    if (kind == SRTLA_KIND_SRT_HANDSHAKE)
      watch_handshake (self, group, data, size, now);
    send_to_latest (self, group, data, size);
  }
}

/* ---- Repeated NAKs ----------------------------------------------------- */

void
srtla_receiver_repeat_naks (SrtlaReceiver *self, SrtlaTime now)
{
  guint i;

  for (i = 0; i < SRTLA_RECEIVER_GROUPS; i++) {
    SrtlaReceiverGroup *group = self->groups[i];

    if (group == NULL || group->nak_size == 0 || now < group->nak_at)
      continue;
    if (now >= group->nak_until) {
      group->nak_size = 0;
      continue;
    }
    send_to_latest (self, group, group->nak, group->nak_size);
    group->nak_at = now + NAK_REPEAT;
  }
}

SrtlaTime
srtla_receiver_next_nak (const SrtlaReceiver *self)
{
  SrtlaTime next = SRTLA_TIME_NONE;
  guint i;

  if (self->traits->naks != SRTLA_NAK_TO_EVERY_REPEATED)
    return SRTLA_TIME_NONE;
  for (i = 0; i < SRTLA_RECEIVER_GROUPS; i++) {
    const SrtlaReceiverGroup *group = self->groups[i];

    if (group != NULL && group->nak_size > 0)
      next = MIN (next, group->nak_at);
  }
  return next;
}
