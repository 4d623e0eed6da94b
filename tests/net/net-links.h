/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The emulator without sockets and clock: a scenario's uplinks, each two of the
 * simulator's links, a NAT and an MTU; the scenario's schedule; IP packets in,
 * IP packets out when they arrive.
 */
#pragma once

#include "sim-scenario.h"

G_BEGIN_DECLS

typedef struct _NetLinks NetLinks;

typedef enum
{
  NET_OUT,                      /* to the receiver */
  NET_BACK,
} NetDirection;

/* What becomes of packets beside the links themselves. */
typedef struct
{
  guint64 lost_nat;             /* came to a port that is no more */
  guint64 lost_large;           /* larger than the MTU on the way */
  guint64 lost_late;            /* arrived where no device took them */
  guint64 lost_version;         /* of a version of IP that it does not carry */
} NetLinksCounters;

/* scenario: must outlive the links. The schedule waits. */
NetLinks *net_links_new (const SimScenario *scenario, guint64 seed,
    SrtlaTime now);
void net_links_free (NetLinks *links);

guint net_links_count (const NetLinks *links);
/* Returns: the uplink's number; -1 if there is none of that name. */
gint net_links_find (const NetLinks *links, const gchar *name);

/* Returns: its name, the scenario's. */
const gchar *net_links_name (const NetLinks *links, guint uplink);

/* It is the scenario's time 0: traces and random streams begin anew, and the
 * schedule's changes happen at their times after this. Those of the receiver
 * are somebody else's. */
void net_links_start (NetLinks *links, SrtlaTime now);

/* "KEY=VALUE" as in an [uplink] section. Returns: FALSE with an error. */
gboolean net_links_set (NetLinks *links, guint uplink, const gchar *assignment,
    SrtlaTime now, GError **error);
void net_links_rebind (NetLinks *links, guint uplink);
/* bytes of IP packets; 0: as large as they come. silent: nobody tells the
 * sender that its packet was too large. */
void net_links_set_mtu (NetLinks *links, guint uplink, guint bytes,
    gboolean silent);

/* All packets of that version of IP are lost on the way; 0: none. */
void net_links_set_without (NetLinks *links, guint uplink, guint version);

/* Returns: an empty packet to read an IP packet into, from sim_packet_whole() on. */
SimPacket *net_links_new_packet (NetLinks *links);
#define NET_LINKS_ROOM (SIM_IP_OVERHEAD + SRTLA_MAX_DATAGRAM)

/* An IP packet of that size comes from one side; takes over the reference.
 * Returns: what is to be sent back at once, NULL: nothing; the caller's. */
SimPacket *net_links_push (NetLinks *links, guint uplink,
    NetDirection direction, SimPacket *packet, gsize size, SrtlaTime now);

typedef struct
{
  SimPacket *packet;            /* the taker's */
  guint uplink;
  NetDirection direction;
  SrtlaTime due;                /* when it arrives */
} NetArrival;

/* In the order of arrival over all links, the schedule kept. Returns: FALSE if
 * there is no more by now. */
gboolean net_links_pop (NetLinks *links, SrtlaTime now, NetArrival *arrival);
/* Returns: when to pop again; SRTLA_TIME_NONE: after the next push. */
SrtlaTime net_links_deadline (const NetLinks *links);

const SimLinkCounters *net_links_link_counters (const NetLinks *links,
    guint uplink, NetDirection direction);
NetLinksCounters *net_links_counters (NetLinks *links, guint uplink);
/* bits/s, and how long what is queued takes to drain, µs. */
guint64 net_links_rate (NetLinks *links, guint uplink, NetDirection direction,
    SrtlaTime now);
SrtlaTime net_links_backlog (NetLinks *links, guint uplink,
    NetDirection direction, SrtlaTime now);

G_END_DECLS
