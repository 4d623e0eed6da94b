/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model of a libsrt caller in live mode, as far as a bond can tell: the
 * handshake, media at its rate, a send buffer, retransmissions for NAKs ahead
 * of new data within the pacing, drop of what is too late, ACKACKs. Written
 * from the protocol's draft and libsrt's documented behaviour (1.4.4 and on):
 *
 * - a packet that was retransmitted less than RTT - 4 × variance ago is not
 *   retransmitted again, if the peer sends periodic NAKs
 *   (SRTO_RETRANSMITALGO=1, the default);
 * - a peer without periodic NAKs makes the caller resend everything that is
 *   not acknowledged when no ACK comes for about RTT + 4 × variance + 30 ms;
 * - unacknowledged packets older than max(latency, 1 s) + 20 ms are dropped;
 * - bandwidth is not limited unless `overhead` is set (SRTO_MAXBW=-1);
 * - five seconds without a word from the peer end the connection. The
 *   application then connects again at once.
 */
#pragma once

#include "sim-clock.h"
#include "sim-flow.h"
#include "sim-random.h"
#include "sim-scenario.h"
#include "sim-wire.h"

G_BEGIN_DECLS

typedef struct
{
  SimClock *clock;
  SimPool *pool;
  const SimCallerSpec *spec;
  guint number;                 /* of its flow */
  SimFlow *flow;
  guint64 seed;
  SrtlaTime stop;               /* end of the media */
  /* Takes the reference; must not call back into the caller. */
  void (*send) (SimPacket *packet, gpointer user_data);
  gpointer user_data;
} SimCallerConfig;

typedef struct _SimCaller SimCaller;

SimCaller *sim_caller_new (const SimCallerConfig *config);
void sim_caller_free (SimCaller *caller);

/* An SRT packet came back. What is for another socket id is ignored. */
void sim_caller_receive (SimCaller *caller, const guint8 *data, gsize size,
    SrtlaTime now);
/* Returns: its present socket id. */
guint32 sim_caller_id (const SimCaller *caller);

G_END_DECLS
