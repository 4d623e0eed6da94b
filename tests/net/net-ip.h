/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPv4 packets as the emulator sees them: whose they are, other UDP ports with
 * checksums to match, and the message of a router that has a smaller MTU.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of an IPv4 header without options and of UDP's, or ICMP's. */
#define NET_IP_HEADER 20
#define NET_HEADERS (NET_IP_HEADER + 8)

typedef enum
{
  NET_IP_SOURCE,
  NET_IP_DESTINATION,
} NetIpEnd;

/* Returns: whether it is a whole IPv4 packet with a header without options, at
 * least NET_HEADERS long. The functions below want such a packet. */
gboolean net_ip_is_good (const guint8 *packet, gsize size);
gboolean net_ip_is_udp (const guint8 *packet);
gboolean net_ip_may_not_be_split (const guint8 *packet);

/* An address in the host's order. */
guint32 net_ip_address (const guint8 *packet, NetIpEnd end);

/* A UDP packet's ports. Changing one adapts the checksum (RFC 1624). */
guint16 net_ip_port (const guint8 *packet, NetIpEnd end);
void net_ip_set_port (guint8 *packet, NetIpEnd end, guint16 port);

/* Bytes of what a router answers to a packet that does not fit. */
#define NET_IP_TOO_LARGE (NET_HEADERS + NET_HEADERS)

/* Writes "fragmentation needed" (RFC 1191) to the sender of a packet. */
void net_ip_write_too_large (const guint8 *packet, guint mtu,
    guint8 answer[NET_IP_TOO_LARGE]);

G_END_DECLS
