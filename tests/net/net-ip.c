/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-ip.h"

#include <string.h>

#define VERSION_AND_LENGTH 0x45 /* IPv4, five words of header */
#define PROTOCOL_ICMP 1
#define PROTOCOL_UDP 17
#define FLAG_DO_NOT_SPLIT 0x40  /* in byte 6 */
#define PROTOCOL_ICMP6 58
#define UDP_CHECKSUM 6          /* after the IP header */
#define ICMP_UNREACHABLE 3
#define ICMP_TOO_LARGE 4        /* a code of it */
#define ICMP6_TOO_LARGE 2

static guint16
read_16 (const guint8 *bytes)
{
  return (guint16) (bytes[0] << 8 | bytes[1]);
}

static void
write_16 (guint8 *bytes, guint value)
{
  bytes[0] = (guint8) (value >> 8);
  bytes[1] = (guint8) value;
}

gboolean
net_ip_is_6 (const guint8 *packet)
{
  return packet[0] >> 4 == 6;
}

/* Bytes; IPv6 without headers in between. */
static gsize
header_of (const guint8 *packet)
{
  return net_ip_is_6 (packet) ? NET_IP6_HEADER : NET_IP_HEADER;
}

gboolean
net_ip_is_good (const guint8 *packet, gsize size)
{
  if (size < NET_HEADERS)
    return FALSE;
  if (packet[0] == VERSION_AND_LENGTH)
    return read_16 (packet + 2) == size;
  /* What is sent to all is not for the receiver. */
  return net_ip_is_6 (packet) && size >= NET_IP6_HEADERS
      && size - NET_IP6_HEADER == read_16 (packet + 4)
      && net_ip_address_6 (packet, NET_IP_DESTINATION)[0] != 0xff;
}

/* Later fragments have no UDP header. */
gboolean
net_ip_is_udp (const guint8 *packet)
{
  if (net_ip_is_6 (packet))
    return packet[6] == PROTOCOL_UDP;
  return packet[9] == PROTOCOL_UDP && (read_16 (packet + 6) & 0x1fff) == 0;
}

gboolean
net_ip_may_not_be_split (const guint8 *packet)
{
  return net_ip_is_6 (packet) || (packet[6] & FLAG_DO_NOT_SPLIT) != 0;
}

guint32
net_ip_address (const guint8 *packet, NetIpEnd end)
{
  const guint8 *address = packet + (end == NET_IP_SOURCE ? 12 : 16);

  return (guint32) read_16 (address) << 16 | read_16 (address + 2);
}

const guint8 *
net_ip_address_6 (const guint8 *packet, NetIpEnd end)
{
  return packet + (end == NET_IP_SOURCE ? 8 : 8 + NET_IP6_ADDRESS);
}

static guint8 *
port_of (const guint8 *packet, NetIpEnd end)
{
  return (guint8 *) packet + header_of (packet) + (end == NET_IP_SOURCE ? 0 : 2);
}

guint16
net_ip_port (const guint8 *packet, NetIpEnd end)
{
  return read_16 (port_of (packet, end));
}

static guint
fold (guint32 sum)
{
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

void
net_ip_set_port (guint8 *packet, NetIpEnd end, guint16 port)
{
  guint8 *place = port_of (packet, end);
  guint8 *sum = packet + header_of (packet) + UDP_CHECKSUM;
  guint old = read_16 (place), checksum = read_16 (sum);

  write_16 (place, port);
  if (checksum == 0)            /* the sender made none */
    return;
  checksum = ~fold ((~checksum & 0xffff) + (~old & 0xffff) + port) & 0xffff;
  write_16 (sum, checksum == 0 ? 0xffff : checksum);
}

/* before: sum of what else it covers. */
static guint
checksum_of (const guint8 *bytes, gsize size, guint32 before)
{
  guint32 sum = before;
  gsize i;

  for (i = 0; i + 1 < size; i += 2)
    sum += read_16 (bytes + i);
  return ~fold (sum) & 0xffff;
}

static void
write_too_large_6 (const guint8 *packet, guint mtu, guint8 *answer)
{
  const guint size = NET_IP_TOO_LARGE - NET_IP6_HEADER;
  guint8 *icmp = answer + NET_IP6_HEADER;
  guint32 addresses;

  answer[0] = 6 << 4;
  write_16 (answer + 4, size);
  answer[6] = PROTOCOL_ICMP6;
  answer[7] = 64;               /* hops */
  memcpy (answer + 8, packet + 8 + NET_IP6_ADDRESS, NET_IP6_ADDRESS);
  memcpy (answer + 8 + NET_IP6_ADDRESS, packet + 8, NET_IP6_ADDRESS);
  addresses = ~checksum_of (answer + 8, 2 * NET_IP6_ADDRESS, 0) & 0xffff;

  icmp[0] = ICMP6_TOO_LARGE;
  write_16 (icmp + 6, mtu);
  memcpy (icmp + 8, packet, size - 8);
  write_16 (icmp + 2, checksum_of (icmp, size, addresses + size
          + PROTOCOL_ICMP6));
}

/* The router answers from the address that the packet was for: nobody asks. */
void
net_ip_write_too_large (const guint8 *packet, guint mtu,
    guint8 answer[NET_IP_TOO_LARGE])
{
  const guint size = NET_IP_TOO_LARGE - NET_IP_HEADER;
  guint8 *icmp = answer + NET_IP_HEADER;

  memset (answer, 0, NET_IP_TOO_LARGE);
  if (net_ip_is_6 (packet)) {
    write_too_large_6 (packet, mtu, answer);
    return;
  }
  answer[0] = VERSION_AND_LENGTH;
  write_16 (answer + 2, NET_IP_TOO_LARGE);
  answer[8] = 64;               /* hops */
  answer[9] = PROTOCOL_ICMP;
  memcpy (answer + 12, packet + 16, 4);
  memcpy (answer + 16, packet + 12, 4);
  write_16 (answer + 10, checksum_of (answer, NET_IP_HEADER, 0));

  icmp[0] = ICMP_UNREACHABLE;
  icmp[1] = ICMP_TOO_LARGE;
  write_16 (icmp + 6, mtu);
  memcpy (icmp + 8, packet, size - 8);
  write_16 (icmp + 2, checksum_of (icmp, size, 0));
}
