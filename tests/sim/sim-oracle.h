/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a bond could do at best that knew its links: each packet goes where it
 * will arrive first, and a packet asked for again that is still under way, or
 * has arrived, is not sent again. It needs no SRTLA receiver. It knows queues,
 * rates and when an uplink will fall silent, not what chance will lose.
 */
#pragma once

#include "sim-flow.h"
#include "sim-network.h"

G_BEGIN_DECLS

typedef struct _SimOracle SimOracle;

/* flows: of SimFlow, by number. The pool's watch becomes the oracle's. */
SimOracle *sim_oracle_new (SimNetwork *network, SimPool *pool,
    GPtrArray *flows);
void sim_oracle_free (SimOracle *oracle);

/* Sends an SRT packet to the SRT server, or back; takes the reference. */
void sim_oracle_send (SimOracle *oracle, SimPacket *packet);
void sim_oracle_reply (SimOracle *oracle, SimPacket *packet);

G_END_DECLS
