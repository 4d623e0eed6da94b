/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SRT and SRTLA packets on the wire. Every reader takes the bytes and their
 * number and looks at nothing beyond them; no struct is laid over the wire.
 * SRT: draft-sharabayko-srt-01, sections 3.1 and 3.2. SRTLA has no
 * specification: docs/protocol.md says what deployed programs do.
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

/* ---- Big-endian words, for the writers of test packets too ------------- */

static inline guint16
srtla_read_u16 (const guint8 *data)
{
  return (guint16) (data[0] << 8 | data[1]);
}

static inline guint32
srtla_read_u32 (const guint8 *data)
{
  return (guint32) data[0] << 24 | (guint32) data[1] << 16
      | (guint32) data[2] << 8 | data[3];
}

static inline void
srtla_write_u16 (guint8 *data, guint16 value)
{
  data[0] = (guint8) (value >> 8);
  data[1] = (guint8) value;
}

static inline void
srtla_write_u32 (guint8 *data, guint32 value)
{
  srtla_write_u16 (data, (guint16) (value >> 16));
  srtla_write_u16 (data + 2, (guint16) value);
}

/* ---- What a datagram is ------------------------------------------------ */

typedef enum
{
  SRTLA_KIND_INVALID,           /* too short for what its first bytes claim */
  SRTLA_KIND_UNKNOWN,           /* a private type of 0x9000 to 0xAFFF: ignore */
  SRTLA_KIND_SRT_DATA,
  SRTLA_KIND_SRT_HANDSHAKE,
  SRTLA_KIND_SRT_KEEPALIVE,
  SRTLA_KIND_SRT_ACK,
  SRTLA_KIND_SRT_NAK,
  SRTLA_KIND_SRT_SHUTDOWN,
  SRTLA_KIND_SRT_ACKACK,
  SRTLA_KIND_SRT_DROP_REQUEST,
  SRTLA_KIND_SRT_CONTROL,       /* any other SRT control packet */
  SRTLA_KIND_KEEPALIVE,
  SRTLA_KIND_ACK,
  SRTLA_KIND_REG1,
  SRTLA_KIND_REG2,
  SRTLA_KIND_REG3,
  SRTLA_KIND_REG_ERR,
  SRTLA_KIND_REG_NGP,
  SRTLA_KIND_REG_NAK,
} SrtlaKind;

/* Tells what a datagram is. Never fails: what cannot be read is INVALID.
 * SRT packets need their 16 bytes of header and an SRT type (data, or control
 * type 0x0000 to 0x0008 or 0x7fff), REG1 and REG2 exactly 258 bytes, an SRTLA
 * ACK at least 4; the other SRTLA types at least 2, whatever follows. Over
 * SRTLA_MAX_DATAGRAM bytes is INVALID. Data packets are not told from other
 * protocols by more than bit 31: see srtla_packet_looks_like_mpegts(). */
static inline SrtlaKind srtla_packet_kind (const guint8 *data, gsize size);
/* The same for what is no data packet. */
SrtlaKind srtla_packet_other_kind (const guint8 *data, gsize size);

static inline SrtlaKind
srtla_packet_kind (const guint8 *data, gsize size)
{
  /* Nearly all packets are data packets. */
  return size >= SRTLA_SRT_HEADER && size <= SRTLA_MAX_DATAGRAM
      && !(data[0] & 0x80) ? SRTLA_KIND_SRT_DATA
      : srtla_packet_other_kind (data, size);
}

/* Returns: whether the kind is an SRT packet, that is: for the SRT peer. */
static inline gboolean
srtla_kind_is_srt (SrtlaKind kind)
{
  return kind >= SRTLA_KIND_SRT_DATA && kind <= SRTLA_KIND_SRT_CONTROL;
}

/* Returns: whether the bytes are MPEG-TS packets handed over by mistake: a
 * multiple of 188 bytes, each 188 of them starting with the sync byte 0x47. */
gboolean srtla_packet_is_mpegts_throughout (const guint8 *data, gsize size);

static inline gboolean
srtla_packet_looks_like_mpegts (const guint8 *data, gsize size)
{
  return size > 0 && data[0] == 0x47
      && srtla_packet_is_mpegts_throughout (data, size);
}

/* ---- SRT header; size must be at least SRTLA_SRT_HEADER ---------------- */

/* Returns: the sequence number of a data packet, 31 bits. */
static inline guint32
srtla_srt_sequence (const guint8 *data)
{
  return srtla_read_u32 (data) & 0x7fffffffu;
}

/* Returns: whether a data packet is marked as retransmitted (R flag). */
static inline gboolean
srtla_srt_is_retransmission (const guint8 *data)
{
  return (data[4] & 0x04) != 0;
}

/* Returns: the sender's timestamp, µs since its connection started, mod 2^32. */
static inline guint32
srtla_srt_timestamp (const guint8 *data)
{
  return srtla_read_u32 (data + 8);
}

/* Returns: the destination's SRT socket id; 0 in a caller's handshakes. */
static inline guint32
srtla_srt_destination (const guint8 *data)
{
  return srtla_read_u32 (data + 12);
}

/* ---- SRT handshake ----------------------------------------------------- */

#define SRTLA_HS_TSBPD_SENDER   (1u << 0)
#define SRTLA_HS_TSBPD_RECEIVER (1u << 1)
#define SRTLA_HS_ENCRYPTION     (1u << 2)
#define SRTLA_HS_TLPKTDROP      (1u << 3)
#define SRTLA_HS_PERIODIC_NAK   (1u << 4)
#define SRTLA_HS_R_FLAG         (1u << 5)

#define SRTLA_HS_TYPE_INDUCTION  1
#define SRTLA_HS_TYPE_CONCLUSION (-1)

typedef struct
{
  guint32 version;              /* 4 or 5 */
  guint32 first_sequence;       /* 31 bits */
  gint32 type;                  /* 1 induction, -1 conclusion, over 1000 a refusal */
  guint32 socket_id;            /* of whoever sent this handshake */
  gboolean has_extension;       /* an HSREQ or HSRSP block was read */
  gboolean is_response;         /* that block was HSRSP */
  guint32 srt_version;          /* 0x010500 is 1.5.0 */
  guint32 flags;                /* SRTLA_HS_… */
  guint16 receiver_delay;       /* ms */
  guint16 sender_delay;         /* ms */
} SrtlaHandshake;

/* Reads a handshake packet. Returns: FALSE, with *handshake zeroed, if it is
 * not one or is cut short before byte 64; a broken extension is left out. */
gboolean srtla_srt_read_handshake (const guint8 *data, gsize size,
    SrtlaHandshake *handshake);

/* ---- SRT acknowledgements ---------------------------------------------- */

/* Reads the cumulative acknowledgement of an ACK packet: all sequence numbers
 * before *sequence arrived. Returns: FALSE if it is no ACK, or too short. */
gboolean srtla_srt_read_ack (const guint8 *data, gsize size, guint32 *sequence);

/* Walks the loss list of a NAK packet, range by range: nothing is unfolded,
 * so that a range of 2^31 costs nothing. */
typedef struct
{
  const guint8 *next, *end;
} SrtlaNakReader;

/* Starts at the list of a NAK packet; anything else gives an empty list. */
void srtla_nak_reader_init (SrtlaNakReader *reader, const guint8 *data, gsize size);

/* Reads the next range, both ends lost; a single number has *first == *last.
 * A range whose end was cut off, has bit 31 set, or lies before its start is
 * read as its start alone. Returns: FALSE at the end of the list. */
gboolean srtla_nak_reader_next (SrtlaNakReader *reader, guint32 *first,
    guint32 *last);

/* Writes NAK packets number by number, with consecutive numbers joined. */
typedef struct
{
  guint8 *data;                 /* SRTLA_NAK_SIZE bytes of the owner's */
  gsize size;                   /* written so far; a header alone: empty */
  guint32 first, last;          /* the range not written yet */
  gboolean open;                /* there is one */
} SrtlaNakWriter;

/* As much as libsrt puts into one packet, bytes. */
#define SRTLA_NAK_SIZE 1472

/* Starts with the header of another NAK packet, 16 bytes. */
void srtla_nak_writer_init (SrtlaNakWriter *writer, guint8 data[SRTLA_NAK_SIZE],
    const guint8 header[SRTLA_SRT_HEADER]);
/* Appends a range, both ends lost. Returns: FALSE, and appends nothing, if
 * there is no room. */
gboolean srtla_nak_writer_add (SrtlaNakWriter *writer, guint32 first,
    guint32 last);
/* Returns: the packet's size; 0 if its list is empty. */
gsize srtla_nak_writer_finish (SrtlaNakWriter *writer);

/* ---- SRTLA ------------------------------------------------------------- */

/* Returns: how many sequence numbers an SRTLA ACK holds; 0 if it is none. A
 * rest of under 4 bytes at its end is left out. */
guint srtla_ack_count (const guint8 *data, gsize size);
/* Returns: sequence number `index`, which must be below the count. Bit 31 is
 * cleared. */
static inline guint32
srtla_ack_sequence (const guint8 *data, guint index)
{
  return srtla_read_u32 (data + 4 + 4 * (gsize) index) & 0x7fffffffu;
}

#define SRTLA_REG_SIZE (2 + SRTLA_GROUP_ID)

/* Writes REG1 (with_type SRTLA_KIND_REG1) or REG2. Returns: SRTLA_REG_SIZE. */
gsize srtla_write_registration (guint8 out[SRTLA_REG_SIZE], SrtlaKind with_type,
    const guint8 id[SRTLA_GROUP_ID]);
/* Returns: the group id of a REG1 or REG2 (points into data), else NULL. */
const guint8 *srtla_read_registration (const guint8 *data, gsize size);

/* Returns: whether so many bytes of two group ids are the same. They are secrets:
 * takes as long wherever they differ. */
gboolean srtla_id_equal (const guint8 *a, const guint8 *b, gsize size);

/* Writes a packet that is its type alone (REG3, REG_ERR, REG_NGP, KEEPALIVE),
 * zero-padded to `size` bytes, at least 2. Returns: size. */
gsize srtla_write_short (guint8 *out, gsize size, SrtlaKind kind);

/* Writes an SRTLA ACK. Returns: its size, 4 + 4 × count. */
gsize srtla_write_ack (guint8 *out, const guint32 *sequences, guint count);

typedef struct
{
  guint64 time;                 /* sender's clock, ms */
  gboolean extended;            /* the rest is there */
  guint32 connection_id;
  gint32 window;                /* thousandths of a packet */
  gint32 in_flight;             /* packets */
  guint32 rtt;                  /* smoothed, ms */
  guint32 naks;                 /* packets reported lost */
  guint32 bitrate;              /* bytes per second */
} SrtlaKeepalive;

#define SRTLA_KEEPALIVE_SIZE 38

/* Writes an extended keepalive. Returns: SRTLA_KEEPALIVE_SIZE. */
gsize srtla_write_keepalive (guint8 out[SRTLA_KEEPALIVE_SIZE],
    const SrtlaKeepalive *keepalive);
/* Reads a keepalive. Returns: FALSE if it carries no time (under 10 bytes, or
 * not a keepalive); unknown magic or version is read as a plain one. A
 * receiver's own keepalive padded with zeros reads as time 0. */
gboolean srtla_read_keepalive (const guint8 *data, gsize size,
    SrtlaKeepalive *keepalive);

G_END_DECLS
