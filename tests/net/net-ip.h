/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IP packets as the emulator sees them: whose they are, other UDP ports with
 * checksums to match, and the message of a router that has a smaller MTU.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of an IPv4 header without options and of UDP's, or ICMP's. */
#define NET_IP_HEADER 20
#define NET_HEADERS (NET_IP_HEADER + 8)
/* The same of IPv6, and of its addresses. */
#define NET_IP6_HEADER 40
#define NET_IP6_HEADERS (NET_IP6_HEADER + 8)
#define NET_IP6_ADDRESS 16

typedef enum
{
  NET_IP_SOURCE,
  NET_IP_DESTINATION,
} NetIpEnd;

/* Returns: whether it is a whole IPv4 packet with a header without options, or a
 * whole IPv6 packet to one host, with room for UDP's header. The functions below
 * want such a packet. */
gboolean net_ip_is_good (const guint8 *packet, gsize size);
gboolean net_ip_is_udp (const guint8 *packet);
gboolean net_ip_may_not_be_split (const guint8 *packet);

gboolean net_ip_is_6 (const guint8 *packet);

/* An IPv4 packet's address in the host's order. */
guint32 net_ip_address (const guint8 *packet, NetIpEnd end);
/* An IPv6 packet's, NET_IP6_ADDRESS bytes of it. */
const guint8 *net_ip_address_6 (const guint8 *packet, NetIpEnd end);

/* A UDP packet's ports. Changing one adapts the checksum (RFC 1624). */
guint16 net_ip_port (const guint8 *packet, NetIpEnd end);
void net_ip_set_port (guint8 *packet, NetIpEnd end, guint16 port);

/* Bytes of what a router answers to a packet that does not fit: with the headers
 * of that packet, UDP's too. */
#define NET_IP_TOO_LARGE (NET_IP6_HEADERS + NET_IP6_HEADERS)

/* Writes "fragmentation needed" (RFC 1191) or "packet too big" (RFC 4443) to the
 * sender of a packet that is at least as long. */
void net_ip_write_too_large (const guint8 *packet, guint mtu,
    guint8 answer[NET_IP_TOO_LARGE]);

G_END_DECLS
