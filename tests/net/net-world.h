/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network of modems for a test: interfaces, addresses and routes in two
 * namespaces, and a net-emulator between them.
 *
 *   sender's namespace (the test's)                     receiver's namespace
 *   modem0  10.64.0.2  table 100 ──► link 0 ──┐
 *   modem1  10.64.1.2  table 101 ──► link 1 ──┼──► net0  10.99.0.1, 10.99.0.2
 *   …                                         ┘
 *
 * A socket bound to a modem's address or interface goes over that modem; one
 * that is bound to neither takes the first. A typical test:
 *
 *   int main (int argc, char **argv)
 *   {
 *     if (!net_namespaces_enter (&namespaces, &reason))
 *       return net_namespaces_refused (reason);
 *     gst_init (&argc, &argv);  g_test_init (…);  …
 *   }
 *   …
 *   world = net_world_new (&namespaces, &settings, &error);
 *   e2e.host = NET_RECEIVER_ADDRESS;
 *   e2e.uplinks = net_world_uplinks (world, FALSE);
 *   e2e.receiver_namespace = namespaces.receiver;
 *   e2e_bond_start (&bond, &e2e, n);
 *   meter.listener_namespace = namespaces.receiver;  srt_meter_start (&meter);
 *   net_world_start (world);
 *   net_world_order (world, "set two passes=nothing");
 *   net_world_modem_down (world, 1);
 *
 * What the test itself opens is in the sender's namespace. Mistakes in orders
 * end the test. One thread at a time.
 */
#pragma once

#include "net-devices.h"
#include "net-links.h"
#include "net-namespace.h"

G_BEGIN_DECLS

typedef struct _NetWorld NetWorld;

typedef struct
{
  const gchar *emulator;        /* the program; NULL: from SRTLA_TEST_NET */
  const gchar *scenario;        /* its file */
  const gchar *const *overrides;        /* "WHOSE.KEY=VALUE"; NULL: none */
  guint64 seed;
  const gchar *csv;             /* file for statistics; NULL: none */
  gboolean with_ipv6;           /* beside IPv4: see net-devices.h */
} NetWorldSettings;

/* For programs that nobody has told in their environment where tools and plugin
 * are, as meson tells the tests: they are found from the program on. */
void net_world_find_everything (void);

/* Starts the emulator; every modem is up. Returns: NULL with an error. */
NetWorld *net_world_new (const NetNamespaces *namespaces,
    const NetWorldSettings *settings, GError **error);
void net_world_free (NetWorld *world);

/* Returns: the scenario, overrides and all; the world's. */
const SimScenario *net_world_scenario (const NetWorld *world);
guint net_world_count (const NetWorld *world);
/* Returns: a modem's address, the world's; it may have another later. */
const gchar *net_world_address (const NetWorld *world, guint modem);
/* Returns: its IPv6 address, the world's; NULL: there is none. */
const gchar *net_world_address_6 (const NetWorld *world, guint modem);
/* Returns: all of them, or those of IPv6, with commas between, as `uplinks`
 * takes them; the caller's. */
gchar *net_world_uplinks (const NetWorld *world, gboolean by_ipv6);

/* The scenario's schedule begins. */
void net_world_start (NetWorld *world);
/* A command of net-emulator.c's; it has been obeyed when this returns. */
void net_world_order (NetWorld *world, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);
/* Lines for `ip -batch` in the sender's namespace, or the receiver's. */
void net_world_ip (NetWorld *world, gboolean at_receiver,
    const gchar *format, ...) G_GNUC_PRINTF (3, 4);

/* The interface goes down: its routes are gone. Up: they are back. */
void net_world_modem_down (NetWorld *world, guint modem);
void net_world_modem_up (NetWorld *world, guint modem);
/* It is unplugged; plugged in again it has the address 10.64.MODEM.`host`. */
void net_world_modem_delete (NetWorld *world, guint modem);
void net_world_modem_create (NetWorld *world, guint modem, guint host);
/* Its route goes and comes, the interface stays: ENETUNREACH. */
void net_world_route_delete (NetWorld *world, guint modem);
void net_world_route_create (NetWorld *world, guint modem);
/* Of the interface, bytes: larger packets are refused with EMSGSIZE. */
void net_world_modem_mtu (NetWorld *world, guint modem, guint bytes);

typedef struct
{
  guint64 rate;                 /* bits/s now */
  guint64 backlog;              /* µs; G_MAXUINT64: it does not drain */
  SimLinkCounters link;
  NetLinksCounters beside;      /* of both directions together */
} NetWorldLink;

void net_world_get_link (NetWorld *world, guint modem, NetDirection direction,
    NetWorldLink *link);
/* Returns: how long a packet waited for the emulator at worst, µs: how busy the
 * machine was. *most, unless NULL: 99 % of them no longer than that. */
gint64 net_world_lateness (NetWorld *world, gint64 *most);
/* Returns: the emulator's process, for its CPU time. */
const gchar *net_world_process (const NetWorld *world);

G_END_DECLS
