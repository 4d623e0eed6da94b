/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies between the demo's uplinks and its receiver: emulated modems in
 * network namespaces, or a relay on loopback where the system has none for us.
 */
#pragma once

#include "demo-tool.h"

G_BEGIN_DECLS

#define DEMO_UPLINKS 4

typedef struct _DemoNetwork DemoNetwork;

/* First thing in main(), before there are threads. scenario: of the emulated
 * modems, DEMO_UPLINKS of them; NULL: the relay is wanted. */
DemoNetwork *demo_network_new (const gchar *tools, const gchar *scenario);
/* Returns: a sentence about what it is, and why. */
const gchar *demo_network_describe (const DemoNetwork *network);

/* Starts it. receiver_port: where the receiver listens. Returns: FALSE and the
 * error if that fails. */
gboolean demo_network_start (DemoNetwork *network, guint16 receiver_port,
    GError **error);
void demo_network_free (DemoNetwork *network);

/* Where the receiver and the studio are, a descriptor; 0: where we are. */
gint demo_network_studio (const DemoNetwork *network);
/* What the bonding sender is told; the port after demo_network_start(). */
const gchar *demo_network_uplinks (const DemoNetwork *network);
const gchar *demo_network_host (const DemoNetwork *network);
guint16 demo_network_port (const DemoNetwork *network);

/* The uplink that is cut, by its address. */
const gchar *demo_network_victim (const DemoNetwork *network);
/* It swallows everything from then on; it works again. */
void demo_network_cut (DemoNetwork *network);
void demo_network_restore (DemoNetwork *network);
/* Returns: FALSE once it ended by itself. */
gboolean demo_network_is_running (const DemoNetwork *network);

G_END_DECLS
