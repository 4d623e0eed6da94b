/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SRT packets as the model caller and the model server write them.
 * draft-sharabayko-srt-01, section 3.
 */
#pragma once

#include "sim-packet.h"
#include "srtla-packet.h"
#include "srtla-seq.h"

G_BEGIN_DECLS

/* Largest NAK that libsrt makes: words that fit a live payload. */
#define SIM_NAK_WORDS 364

typedef struct
{
  guint32 first, last;          /* sequence numbers, both lost */
} SimRange;

/* Where the simulator keeps its own marks in a media packet's payload. */
typedef struct
{
  guint64 index;                /* of the packet in its flow */
  guint32 flow;                 /* number of the caller */
} SimMark;

SimPacket *sim_wire_data (SimPool *pool, guint32 sequence, gboolean again,
    guint32 timestamp, guint32 destination, gsize payload, const SimMark *mark);
/* The mark of a data packet; zeros if it is too short for one. */
void sim_wire_read_mark (const guint8 *data, gsize size, SimMark *mark);

/* cookie and the extension fields of *handshake are written as given. */
SimPacket *sim_wire_handshake (SimPool *pool, const SrtlaHandshake *handshake,
    guint32 cookie, guint32 timestamp, guint32 destination);

typedef struct
{
  guint32 number;               /* of the ACK; 0 = a light one */
  guint32 sequence;             /* everything before it arrived */
  guint32 rtt, variance;        /* µs */
  guint32 room;                 /* packets in the receive buffer */
} SimAck;

SimPacket *sim_wire_ack (SimPool *pool, const SimAck *ack, guint32 timestamp,
    guint32 destination);
gboolean sim_wire_read_ack (const guint8 *data, gsize size, SimAck *ack);

/* n_ranges: cut down to what fits a packet. */
SimPacket *sim_wire_nak (SimPool *pool, const SimRange *ranges, guint n_ranges,
    guint32 timestamp, guint32 destination);

/* type: of an SRT control packet; `information` is word 1. */
SimPacket *sim_wire_control (SimPool *pool, guint16 type, guint32 information,
    guint32 timestamp, guint32 destination);
#define SIM_TYPE_KEEPALIVE 1
#define SIM_TYPE_ACKACK 6

SimPacket *sim_wire_drop_request (SimPool *pool, const SimRange *range,
    guint32 timestamp, guint32 destination);
gboolean sim_wire_read_drop_request (const guint8 *data, gsize size,
    SimRange *range);

G_END_DECLS
