/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The uplinks of a run: two links each, the address that the receiver sees,
 * and the schedule of what happens to them.
 */
#pragma once

#include "sim-clock.h"
#include "sim-run.h"

G_BEGIN_DECLS

typedef struct _SimNetwork SimNetwork;

typedef struct
{
  SimClock *clock;
  const SimScenario *scenario;
  guint64 seed;
  SrtlaTime end;                /* of the run */
  /* A packet arrived; the reference is the callee's. `peer` is the address it
   * came from, or for `inward` the uplink it came in on. */
  void (*outward) (guint64 peer, SimPacket *packet, gpointer user_data);
  void (*inward) (guint uplink, SimPacket *packet, gpointer user_data);
  /* The receiver's process ends or begins. */
  void (*receiver) (gboolean runs, gpointer user_data);
  gpointer user_data;
} SimNetworkConfig;

SimNetwork *sim_network_new (const SimNetworkConfig *config);
void sim_network_free (SimNetwork *network);

/* Sends to the receiver, taking the reference. */
void sim_network_send (SimNetwork *network, guint uplink, SimPacket *packet);
/* Sends to the address of a peer; void if that is no longer an uplink's. */
void sim_network_reply (SimNetwork *network, guint64 peer, SimPacket *packet);
/* The uplink gets a new address. */
void sim_network_rebind (SimNetwork *network, guint uplink);
guint64 sim_network_peer (const SimNetwork *network, guint uplink);

/* Returns: where a packet of that size would arrive first; G_MAXUINT if
 * nowhere. `inward`: towards the sender. It looks ahead for uplinks that will
 * fall silent before the packet is through. */
guint sim_network_fastest (SimNetwork *network, gsize size, gboolean inward);

/* Fills in what a result says of the uplinks. */
void sim_network_report (SimNetwork *network, SimResult *result);

G_END_DECLS
