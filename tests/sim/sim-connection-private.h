/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection's inside, shared by sim-connection.c (data, delivery, life),
 * sim-connection-acks.c and sim-connection-losses.c.
 */
#pragma once

#include "sim-connection.h"

G_BEGIN_DECLS

#define SIM_BUFFER_SIZE 8192    /* packets; a power of two */
#define SIM_ACK_INTERVAL (10 * SRTLA_MILLISECOND)
#define SIM_LEAST_NAK_INTERVAL (20 * SRTLA_MILLISECOND)
#define SIM_ACKS_REMEMBERED 1024

typedef struct
{
  gboolean here, lost;          /* in the buffer; in the loss list */
  guint32 timestamp;
  SimMark mark;
} SimSlot;

typedef struct
{
  guint32 first, last;
  gint patience;                /* packets until it is reported */
} SimFreshLoss;

struct _SimConnection
{
  SimServerConfig config;
  SimFlow *flow;                /* whose media it carries; NULL until some came */
  guint32 id, peer_id;
  guint64 port;
  gboolean closed;
  SrtlaTime last_heard, latency;

  SimSlot *buffer;              /* by sequence number */
  guint32 first;                /* next for the application */
  guint32 after;                /* one more than the highest that came */
  guint n_lost;
  guint32 lost_from;            /* no loss before it */

  GArray *fresh;                /* of SimFreshLoss, oldest first */
  gint tolerance;               /* packets of reordering that are no loss */
  guint ordered, early;         /* packets that speak for less tolerance */
  SrtlaTime next_nak, nak_interval;

  guint32 acknowledged;         /* in the last full ACK */
  guint32 confirmed;            /* by an ACKACK */
  guint32 ack_number;
  SrtlaTime next_ack, last_ack;
  guint since_ack, light_acks;
  struct
  {
    guint32 number, sequence;
    SrtlaTime sent_at;
  } acks[SIM_ACKS_REMEMBERED];

  gint64 rtt, variance;         /* µs */
  gboolean rtt_known;
  gint64 first_rtt;             /* µs; 0 = not known yet */

  gint64 base;                  /* timestamp 0 in our time, µs */
  gint64 drift, drift_sum;      /* µs */
  guint drift_samples;

  SimTimer tick, delivery;
};

static inline SimSlot *
sim_connection_slot (SimConnection *connection, guint32 sequence)
{
  return &connection->buffer[sequence & (SIM_BUFFER_SIZE - 1)];
}

static inline guint32
seq_before_that (guint32 sequence)
{
  return srtla_seq_add (sequence, SRTLA_SEQ_MASK);
}

static inline guint32
sim_connection_stamp (const SimConnection *connection, SrtlaTime now)
{
  return (guint32) ((gint64) now - connection->base);
}

static inline void
sim_connection_send (SimConnection *connection, SimPacket *packet)
{
  connection->config.send (connection->port, packet,
      connection->config.user_data);
}

/* sim-connection-losses.c: the loss list, NAKs, the tolerance of reordering.
 * Numbers from `first` to before `end` are missing. */
void sim_connection_lose (SimConnection *connection, guint32 first,
    guint32 end);
/* It is missed no more. */
void sim_connection_find (SimConnection *connection, guint32 sequence);
/* Returns: the first number that did not arrive yet. */
guint32 sim_connection_first_missing (SimConnection *connection);
/* Numbers before `end` are missed no more. */
void sim_connection_forget_losses (SimConnection *connection, guint32 end);
/* A gap opened: report it now, or when it has lasted `tolerance` packets. */
void sim_connection_note_gap (SimConnection *connection, guint32 first,
    guint32 last, SrtlaTime now);
/* A packet came: gaps whose patience is over are reported, others age. */
void sim_connection_age_gaps (SimConnection *connection, SrtlaTime now);
/* It came late; or in order, or again. */
void sim_connection_learn_tolerance (SimConnection *connection,
    guint32 sequence, gboolean again);
void sim_connection_note_order (SimConnection *connection);
void sim_connection_check_periodic_nak (SimConnection *connection,
    SrtlaTime now);

/* sim-connection-acks.c: ACKs, and what their answers tell of the round trip and
 * of the clocks' drift. */
void sim_connection_check_ack (SimConnection *connection, SrtlaTime now);
void sim_connection_receive_ackack (SimConnection *connection,
    const guint8 *data, SrtlaTime now);

G_END_DECLS
