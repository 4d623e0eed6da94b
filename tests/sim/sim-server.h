/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model of an SRT listener (libsrt, live mode) behind the SRTLA receiver: it
 * answers handshakes and keeps a connection for each caller, with receive
 * buffer, loss list, ACKs, NAKs, and delivery to the application at each
 * packet's time (TSBPD, drift tracer, TLPKTDROP).
 *
 * Stock: a gap is reported at once, or, with LOSSMAXTTL, after as many packets
 * as the reorder tolerance says, which grows with what arrives late without
 * the R flag, up to LOSSMAXTTL, and shrinks again; besides that all that is
 * lost is reported every (RTT + 4 × variance) / 2, at least every 20 ms.
 * Tolerant: the tolerance is fixed, and each gap is reported once.
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
  guint64 seed;
  SimProfile profile;
  guint lossmaxttl, tolerance;  /* packets */
  gboolean nak_flag;            /* the handshake announces periodic NAKs */
  GPtrArray *flows;             /* of SimFlow, by the number in the marks */
  /* Takes the reference: a packet back to where `port` stands for. Must not
   * call back into the server. */
  void (*send) (guint64 port, SimPacket *packet, gpointer user_data);
  gpointer user_data;
} SimServerConfig;

typedef struct _SimServer SimServer;

SimServer *sim_server_new (const SimServerConfig *config);
void sim_server_free (SimServer *server);

/* A packet from a UDP port: a connection is bound to the one it began with. */
void sim_server_receive (SimServer *server, guint64 port, const guint8 *data,
    gsize size, SrtlaTime now);

G_END_DECLS
