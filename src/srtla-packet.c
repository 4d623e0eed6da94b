/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-packet.h"

#include <string.h>

#include "srtla-seq.h"

/* The first 16 bits of a datagram. */
#define TYPE_SRT_HANDSHAKE    0x8000
#define TYPE_SRT_KEEPALIVE    0x8001
#define TYPE_SRT_ACK          0x8002
#define TYPE_SRT_NAK          0x8003
#define TYPE_SRT_CONGESTION   0x8004
#define TYPE_SRT_SHUTDOWN     0x8005
#define TYPE_SRT_ACKACK       0x8006
#define TYPE_SRT_DROP_REQUEST 0x8007
#define TYPE_SRT_PEER_ERROR   0x8008
#define TYPE_SRT_USER_DEFINED 0xffff

#define TYPE_KEEPALIVE        0x9000
#define TYPE_ACK              0x9100
#define TYPE_REG1             0x9200
#define TYPE_REG2             0x9201
#define TYPE_REG3             0x9202
#define TYPE_REG_ERR          0x9210
#define TYPE_REG_NGP          0x9211
#define TYPE_REG_NAK          0x9212

/* SRT assigns nothing from 0x8009 on, SRTLA 0x9000 and up. */
#define TYPE_PRIVATE_FIRST    0x9000
#define TYPE_PRIVATE_LAST     0xafff

#define ACK_HEADER            4

#define HANDSHAKE_SIZE        64
#define HS_EXTENSION_HSREQ    1
#define HS_EXTENSION_HSRSP    2

#define KEEPALIVE_PLAIN_SIZE  10
#define KEEPALIVE_MAGIC       0xc01f
#define KEEPALIVE_VERSION     0x0001

/* ---- What a datagram is ------------------------------------------------ */

static SrtlaKind
kind_of_type (guint16 type)
{
  switch (type) {
    case TYPE_SRT_HANDSHAKE:
      return SRTLA_KIND_SRT_HANDSHAKE;
    case TYPE_SRT_KEEPALIVE:
      return SRTLA_KIND_SRT_KEEPALIVE;
    case TYPE_SRT_ACK:
      return SRTLA_KIND_SRT_ACK;
    case TYPE_SRT_NAK:
      return SRTLA_KIND_SRT_NAK;
    case TYPE_SRT_SHUTDOWN:
      return SRTLA_KIND_SRT_SHUTDOWN;
    case TYPE_SRT_ACKACK:
      return SRTLA_KIND_SRT_ACKACK;
    case TYPE_SRT_DROP_REQUEST:
      return SRTLA_KIND_SRT_DROP_REQUEST;
    case TYPE_SRT_CONGESTION:
    case TYPE_SRT_PEER_ERROR:
    case TYPE_SRT_USER_DEFINED:
      return SRTLA_KIND_SRT_CONTROL;
    case TYPE_KEEPALIVE:
      return SRTLA_KIND_KEEPALIVE;
    case TYPE_ACK:
      return SRTLA_KIND_ACK;
    case TYPE_REG1:
      return SRTLA_KIND_REG1;
    case TYPE_REG2:
      return SRTLA_KIND_REG2;
    case TYPE_REG3:
      return SRTLA_KIND_REG3;
    case TYPE_REG_ERR:
      return SRTLA_KIND_REG_ERR;
    case TYPE_REG_NGP:
      return SRTLA_KIND_REG_NGP;
    case TYPE_REG_NAK:
      return SRTLA_KIND_REG_NAK;
    default:
      if (type >= TYPE_PRIVATE_FIRST && type <= TYPE_PRIVATE_LAST)
        return SRTLA_KIND_UNKNOWN;
      return SRTLA_KIND_INVALID;
  }
}

SrtlaKind
srtla_packet_other_kind (const guint8 *data, gsize size)
{
  SrtlaKind kind;

  if (size < 2 || size > SRTLA_MAX_DATAGRAM || !(data[0] & 0x80))
    return SRTLA_KIND_INVALID;
  kind = kind_of_type (srtla_read_u16 (data));
  if (srtla_kind_is_srt (kind) && size < SRTLA_SRT_HEADER)
    return SRTLA_KIND_INVALID;
  if (kind == SRTLA_KIND_ACK && size < ACK_HEADER)
    return SRTLA_KIND_INVALID;
  if ((kind == SRTLA_KIND_REG1 || kind == SRTLA_KIND_REG2)
      && size != SRTLA_REG_SIZE)
    return SRTLA_KIND_INVALID;
  return kind;
}

gboolean
srtla_packet_is_mpegts_throughout (const guint8 *data, gsize size)
{
  gsize i;

  if (size == 0 || data[0] != 0x47 || size % 188 != 0)
    return FALSE;
  for (i = 188; i < size; i += 188) {
    if (data[i] != 0x47)
      return FALSE;
  }
  return TRUE;
}

/* ---- SRT handshake ----------------------------------------------------- */

/* Looks for the HSREQ or HSRSP block among the extensions of a conclusion. */
static void
read_handshake_extension (const guint8 *data, gsize size,
    SrtlaHandshake *handshake)
{
  gsize at = HANDSHAKE_SIZE;

  while (size - at >= 4) {
    guint16 type = srtla_read_u16 (data + at);
    gsize length = 4 * (gsize) srtla_read_u16 (data + at + 2);

    at += 4;
    if (length > size - at)
      return;
    if ((type == HS_EXTENSION_HSREQ || type == HS_EXTENSION_HSRSP)
        && length >= 12) {
      handshake->has_extension = TRUE;
      handshake->is_response = type == HS_EXTENSION_HSRSP;
      handshake->srt_version = srtla_read_u32 (data + at);
      handshake->flags = srtla_read_u32 (data + at + 4);
      handshake->receiver_delay = srtla_read_u16 (data + at + 8);
      handshake->sender_delay = srtla_read_u16 (data + at + 10);
      return;
    }
    at += length;
  }
}

gboolean
srtla_srt_read_handshake (const guint8 *data, gsize size,
    SrtlaHandshake *handshake)
{
  memset (handshake, 0, sizeof *handshake);
  if (srtla_packet_kind (data, size) != SRTLA_KIND_SRT_HANDSHAKE
      || size < HANDSHAKE_SIZE)
    return FALSE;

  handshake->version = srtla_read_u32 (data + 16);
  handshake->first_sequence = srtla_read_u32 (data + 24) & SRTLA_SEQ_MASK;
  handshake->type = (gint32) srtla_read_u32 (data + 36);
  handshake->socket_id = srtla_read_u32 (data + 40);
  if (handshake->version >= 5 && handshake->type == SRTLA_HS_TYPE_CONCLUSION)
    read_handshake_extension (data, size, handshake);
  return TRUE;
}

/* ---- SRT acknowledgements ---------------------------------------------- */

gboolean
srtla_srt_read_ack (const guint8 *data, gsize size, guint32 *sequence)
{
  if (srtla_packet_kind (data, size) != SRTLA_KIND_SRT_ACK
      || size < SRTLA_SRT_HEADER + 4)
    return FALSE;
  *sequence = srtla_read_u32 (data + SRTLA_SRT_HEADER) & SRTLA_SEQ_MASK;
  return TRUE;
}

void
srtla_nak_reader_init (SrtlaNakReader *reader, const guint8 *data, gsize size)
{
  if (srtla_packet_kind (data, size) == SRTLA_KIND_SRT_NAK) {
    reader->next = data + SRTLA_SRT_HEADER;
    reader->end = data + size;
  } else {
    reader->next = reader->end = NULL;
  }
}

gboolean
srtla_nak_reader_next (SrtlaNakReader *reader, guint32 *first, guint32 *last)
{
  guint32 word, end;

  if (reader->end - reader->next < 4)
    return FALSE;
  word = srtla_read_u32 (reader->next);
  reader->next += 4;
  *first = *last = word & SRTLA_SEQ_MASK;
  if (!(word & ~SRTLA_SEQ_MASK) || reader->end - reader->next < 4)
    return TRUE;

  end = srtla_read_u32 (reader->next);
  if (end & ~SRTLA_SEQ_MASK)
    return TRUE;                /* it opens a range of its own */
  reader->next += 4;
  if (srtla_seq_distance (*first, end) > 0)
    *last = end;
  return TRUE;
}

void
srtla_nak_writer_init (SrtlaNakWriter *writer, guint8 data[SRTLA_NAK_SIZE],
    const guint8 header[SRTLA_SRT_HEADER])
{
  memcpy (data, header, SRTLA_SRT_HEADER);
  writer->data = data;
  writer->size = SRTLA_SRT_HEADER;
  writer->open = FALSE;
}

static void
write_open_range (SrtlaNakWriter *writer)
{
  gboolean single = writer->first == writer->last;

  srtla_write_u32 (writer->data + writer->size,
      writer->first | (single ? 0 : ~SRTLA_SEQ_MASK));
  writer->size += 4;
  if (!single) {
    srtla_write_u32 (writer->data + writer->size, writer->last);
    writer->size += 4;
  }
  writer->open = FALSE;
}

gboolean
srtla_nak_writer_add (SrtlaNakWriter *writer, guint32 first, guint32 last)
{
  /* Half the circle and more is no range: readers would not know its order. */
  if (writer->open && first == srtla_seq_next (writer->last)
      && srtla_seq_before (writer->first, last)) {
    writer->last = last;
    return TRUE;
  }
  /* Room for the open range and this one. */
  if (writer->size + 16 > SRTLA_NAK_SIZE)
    return FALSE;
  if (writer->open)
    write_open_range (writer);
  writer->first = first;
  writer->last = last;
  writer->open = TRUE;
  return TRUE;
}

gsize
srtla_nak_writer_finish (SrtlaNakWriter *writer)
{
  if (writer->open)
    write_open_range (writer);
  return writer->size > SRTLA_SRT_HEADER ? writer->size : 0;
}

/* ---- SRTLA ------------------------------------------------------------- */

guint
srtla_ack_count (const guint8 *data, gsize size)
{
  if (srtla_packet_kind (data, size) != SRTLA_KIND_ACK)
    return 0;
  return (guint) ((size - ACK_HEADER) / 4);
}

static guint16
type_of_kind (SrtlaKind kind)
{
  switch (kind) {
    case SRTLA_KIND_KEEPALIVE:
      return TYPE_KEEPALIVE;
    case SRTLA_KIND_ACK:
      return TYPE_ACK;
    case SRTLA_KIND_REG1:
      return TYPE_REG1;
    case SRTLA_KIND_REG2:
      return TYPE_REG2;
    case SRTLA_KIND_REG3:
      return TYPE_REG3;
    case SRTLA_KIND_REG_ERR:
      return TYPE_REG_ERR;
    case SRTLA_KIND_REG_NGP:
      return TYPE_REG_NGP;
    case SRTLA_KIND_REG_NAK:
      return TYPE_REG_NAK;
    default:
      g_assert_not_reached ();
  }
}

gsize
srtla_write_registration (guint8 out[SRTLA_REG_SIZE], SrtlaKind with_type,
    const guint8 id[SRTLA_GROUP_ID])
{
  g_assert (with_type == SRTLA_KIND_REG1 || with_type == SRTLA_KIND_REG2);

  srtla_write_u16 (out, type_of_kind (with_type));
  memcpy (out + 2, id, SRTLA_GROUP_ID);
  return SRTLA_REG_SIZE;
}

const guint8 *
srtla_read_registration (const guint8 *data, gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (kind != SRTLA_KIND_REG1 && kind != SRTLA_KIND_REG2)
    return NULL;
  return data + 2;
}

gboolean
srtla_id_equal (const guint8 *a, const guint8 *b, gsize size)
{
  guint8 difference = 0;
  gsize i;

  for (i = 0; i < size; i++)
    difference |= a[i] ^ b[i];
  return difference == 0;
}

gsize
srtla_write_short (guint8 *out, gsize size, SrtlaKind kind)
{
  g_assert (size >= 2);

  srtla_write_u16 (out, type_of_kind (kind));
  memset (out + 2, 0, size - 2);
  return size;
}

gsize
srtla_write_ack (guint8 *out, const guint32 *sequences, guint count)
{
  guint i;

  srtla_write_u16 (out, TYPE_ACK);
  srtla_write_u16 (out + 2, 0);
  for (i = 0; i < count; i++)
    srtla_write_u32 (out + ACK_HEADER + 4 * (gsize) i, sequences[i]);
  return ACK_HEADER + 4 * (gsize) count;
}

gsize
srtla_write_keepalive (guint8 out[SRTLA_KEEPALIVE_SIZE],
    const SrtlaKeepalive *keepalive)
{
  srtla_write_u16 (out, TYPE_KEEPALIVE);
  srtla_write_u32 (out + 2, (guint32) (keepalive->time >> 32));
  srtla_write_u32 (out + 6, (guint32) keepalive->time);
  srtla_write_u16 (out + 10, KEEPALIVE_MAGIC);
  srtla_write_u16 (out + 12, KEEPALIVE_VERSION);
  srtla_write_u32 (out + 14, keepalive->connection_id);
  srtla_write_u32 (out + 18, (guint32) keepalive->window);
  srtla_write_u32 (out + 22, (guint32) keepalive->in_flight);
  srtla_write_u32 (out + 26, keepalive->rtt);
  srtla_write_u32 (out + 30, keepalive->naks);
  srtla_write_u32 (out + 34, keepalive->bitrate);
  return SRTLA_KEEPALIVE_SIZE;
}

gboolean
srtla_read_keepalive (const guint8 *data, gsize size,
    SrtlaKeepalive *keepalive)
{
  memset (keepalive, 0, sizeof *keepalive);
  if (srtla_packet_kind (data, size) != SRTLA_KIND_KEEPALIVE
      || size < KEEPALIVE_PLAIN_SIZE)
    return FALSE;

  keepalive->time = (guint64) srtla_read_u32 (data + 2) << 32
      | srtla_read_u32 (data + 6);
  if (size < SRTLA_KEEPALIVE_SIZE
      || srtla_read_u16 (data + 10) != KEEPALIVE_MAGIC
      || srtla_read_u16 (data + 12) != KEEPALIVE_VERSION)
    return TRUE;

  keepalive->extended = TRUE;
  keepalive->connection_id = srtla_read_u32 (data + 14);
  keepalive->window = (gint32) srtla_read_u32 (data + 18);
  keepalive->in_flight = (gint32) srtla_read_u32 (data + 22);
  keepalive->rtt = srtla_read_u32 (data + 26);
  keepalive->naks = srtla_read_u32 (data + 30);
  keepalive->bitrate = srtla_read_u32 (data + 34);
  return TRUE;
}
