/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bond under test: a clock of its own, a count of the packets that it holds,
 * the outputs of the last call, and a receiver that answers registration at
 * once, on the same page.
 */
#pragma once

#include "srtla-bond.h"
#include "testing.h"

G_BEGIN_DECLS

#define FIXTURE_OUTPUTS 1024
#define FIXTURE_SERVER_ID 0x20000001u
#define FIXTURE_CALLER_ID 0x10000001u

typedef struct
{
  SrtlaBond *bond;
  GRand *rand;
  SrtlaTime now;
  gint references;              /* packets that the bond or outputs own */
  guint8 group_id[SRTLA_GROUP_ID];
  gboolean has_group;
  gboolean answers[SRTLA_MAX_UPLINKS];  /* whether the receiver hears it */
  SrtlaOutput outputs[FIXTURE_OUTPUTS]; /* all but registration's */
  guint n_outputs;
  guint rebinds;
  GString *trace;               /* events, a line each */
} Fixture;

/* A bond with `uplinks` uplinks; all of them up unless `silent`. */
void fixture_init (Fixture *fixture, guint uplinks, gboolean silent);
void fixture_clear (Fixture *fixture);

/* Adds an uplink, opened, and registered if the receiver hears it. */
guint fixture_add_uplink (Fixture *fixture, gboolean answers);

/* Takes outputs and events; plays the receiver. Owners are dropped. */
void fixture_drain (Fixture *fixture);

/* Moves the clock and ticks whenever the bond wants it. */
void fixture_advance (Fixture *fixture, SrtlaTime span);

/* Pushes a packet and drains. Returns: the verdict. */
SrtlaPushVerdict fixture_push (Fixture *fixture, const guint8 *data,
    gsize size);
/* A data packet of 1332 bytes for FIXTURE_SERVER_ID. Returns: the uplink that
 * it went to, or SRTLA_NO_UPLINK. */
guint fixture_push_data (Fixture *fixture, guint32 sequence);

/* A datagram from the network; drains. */
void fixture_receive (Fixture *fixture, guint uplink, const guint8 *data,
    gsize size);

/* Lets a caller shake hands through the bond. */
void fixture_handshake (Fixture *fixture, guint32 caller_id,
    guint32 server_id, guint32 first_sequence);

/* Returns: the outputs of that kind in the last drain. */
guint fixture_count (const Fixture *fixture, SrtlaOutputKind kind);

/* The statistics of now, and of one uplink by its slot. */
void fixture_stats (Fixture *fixture, SrtlaBondStats *stats);
SrtlaUplinkStats fixture_uplink_stats (Fixture *fixture, guint uplink);

G_END_DECLS
