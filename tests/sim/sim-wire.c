/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-wire.h"

#include <string.h>

#define HANDSHAKE_SIZE 64
#define EXTENSION_SIZE 16
#define MARK_SIZE 12
/* Extension field of an induction answer: SRT's magic; of a conclusion: an
 * HSREQ or HSRSP block follows. */
#define INDUCTION_MAGIC 0x4a17
#define HAS_HSREQ 1

SimPacket *
sim_wire_control (SimPool *pool, guint16 type, guint32 information,
    guint32 timestamp, guint32 destination)
{
  SimPacket *packet = sim_packet_new (pool, SRTLA_SRT_HEADER);

  srtla_write_u16 (packet->data, 0x8000 | type);
  srtla_write_u16 (packet->data + 2, 0);
  srtla_write_u32 (packet->data + 4, information);
  srtla_write_u32 (packet->data + 8, timestamp);
  srtla_write_u32 (packet->data + 12, destination);
  return packet;
}

SimPacket *
sim_wire_data (SimPool *pool, guint32 sequence, gboolean again,
    guint32 timestamp, guint32 destination, gsize payload, const SimMark *mark)
{
  SimPacket *packet = sim_packet_new (pool, SRTLA_SRT_HEADER + payload);
  guint8 *data = packet->data;

  srtla_write_u32 (data, sequence & SRTLA_SEQ_MASK);
  /* A message of one packet, in order, not encrypted, its number from 1. */
  srtla_write_u32 (data + 4, 0xe0000000u | (again ? 0x04000000u : 0)
      | ((guint32) mark->index + 1) % 0x03ffffffu);
  srtla_write_u32 (data + 8, timestamp);
  srtla_write_u32 (data + 12, destination);
  if (payload >= MARK_SIZE) {
    srtla_write_u32 (data + 16, (guint32) (mark->index >> 32));
    srtla_write_u32 (data + 20, (guint32) mark->index);
    srtla_write_u32 (data + 24, mark->flow);
  }
  return packet;
}

void
sim_wire_read_mark (const guint8 *data, gsize size, SimMark *mark)
{
  memset (mark, 0, sizeof *mark);
  if (size < SRTLA_SRT_HEADER + MARK_SIZE)
    return;
  mark->index = (guint64) srtla_read_u32 (data + 16) << 32
      | srtla_read_u32 (data + 20);
  mark->flow = srtla_read_u32 (data + 24);
}

SimPacket *
sim_wire_handshake (SimPool *pool, const SrtlaHandshake *handshake,
    guint32 cookie, guint32 timestamp, guint32 destination)
{
  SimPacket *packet = sim_wire_control (pool, 0, 0, timestamp, destination);
  guint8 *data = packet->data;

  packet->size = HANDSHAKE_SIZE;
  memset (data + SRTLA_SRT_HEADER, 0, HANDSHAKE_SIZE - SRTLA_SRT_HEADER);
  srtla_write_u32 (data + 16, handshake->version);
  srtla_write_u32 (data + 24, handshake->first_sequence);
  srtla_write_u32 (data + 28, 1500);    /* MTU */
  srtla_write_u32 (data + 32, 8192);    /* flow window, packets */
  srtla_write_u32 (data + 36, (guint32) handshake->type);
  srtla_write_u32 (data + 40, handshake->socket_id);
  srtla_write_u32 (data + 44, cookie);
  data[48] = 127;               /* peer address: who cares */
  data[51] = 1;
  if (handshake->type == SRTLA_HS_TYPE_INDUCTION) {
    /* A caller opens with version 4 and 2 for "datagram"; the answer is 5. */
    srtla_write_u16 (data + 22, handshake->version == 4 ? 2 : INDUCTION_MAGIC);
  }
  if (handshake->has_extension) {
    srtla_write_u16 (data + 22, HAS_HSREQ);
    srtla_write_u16 (data + 64, handshake->is_response ? 2 : 1);
    srtla_write_u16 (data + 66, 3);
    srtla_write_u32 (data + 68, handshake->srt_version);
    srtla_write_u32 (data + 72, handshake->flags);
    srtla_write_u16 (data + 76, handshake->receiver_delay);
    srtla_write_u16 (data + 78, handshake->sender_delay);
    packet->size += EXTENSION_SIZE;
  }
  return packet;
}

SimPacket *
sim_wire_ack (SimPool *pool, const SimAck *ack, guint32 timestamp,
    guint32 destination)
{
  SimPacket *packet = sim_wire_control (pool, 2, ack->number, timestamp,
      destination);
  guint8 *data = packet->data;

  srtla_write_u32 (data + 16, ack->sequence);
  packet->size = 20;
  if (ack->number != 0) {
    srtla_write_u32 (data + 20, ack->rtt);
    srtla_write_u32 (data + 24, ack->variance);
    srtla_write_u32 (data + 28, ack->room);
    memset (data + 32, 0, 12);  /* rates that nobody here reads */
    packet->size = 44;
  }
  return packet;
}

gboolean
sim_wire_read_ack (const guint8 *data, gsize size, SimAck *ack)
{
  memset (ack, 0, sizeof *ack);
  if (!srtla_srt_read_ack (data, size, &ack->sequence))
    return FALSE;
  if (size >= 32) {
    ack->number = srtla_read_u32 (data + 4);
    ack->rtt = srtla_read_u32 (data + 20);
    ack->variance = srtla_read_u32 (data + 24);
    ack->room = srtla_read_u32 (data + 28);
  }
  return TRUE;
}

SimPacket *
sim_wire_nak (SimPool *pool, const SimRange *ranges, guint n_ranges,
    guint32 timestamp, guint32 destination)
{
  SimPacket *packet = sim_wire_control (pool, 3, 0, timestamp, destination);
  guint8 *word = packet->data + SRTLA_SRT_HEADER;
  const guint8 *end = word + 4 * SIM_NAK_WORDS;
  guint i;

  for (i = 0; i < n_ranges; i++) {
    gboolean single = ranges[i].first == ranges[i].last;

    if (word + (single ? 4 : 8) > end)
      break;
    srtla_write_u32 (word, ranges[i].first | (single ? 0 : 0x80000000u));
    word += 4;
    if (!single) {
      srtla_write_u32 (word, ranges[i].last);
      word += 4;
    }
  }
  packet->size = (guint16) (word - packet->data);
  return packet;
}

SimPacket *
sim_wire_drop_request (SimPool *pool, const SimRange *range,
    guint32 timestamp, guint32 destination)
{
  SimPacket *packet = sim_wire_control (pool, 7, 0, timestamp, destination);

  srtla_write_u32 (packet->data + 16, range->first);
  srtla_write_u32 (packet->data + 20, range->last);
  packet->size = 24;
  return packet;
}

gboolean
sim_wire_read_drop_request (const guint8 *data, gsize size, SimRange *range)
{
  if (size < 24 || srtla_packet_kind (data, size) != SRTLA_KIND_SRT_DROP_REQUEST)
    return FALSE;
  range->first = srtla_read_u32 (data + 16) & SRTLA_SEQ_MASK;
  range->last = srtla_read_u32 (data + 20) & SRTLA_SEQ_MASK;
  return TRUE;
}
