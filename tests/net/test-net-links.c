/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The emulator without devices: addresses, ports, NAT, MTU, schedule, in
 * virtual time. */
#include "net-ip.h"
#include "net-links.h"
#include "net-nat.h"

#include <string.h>

#define START (1000 * SRTLA_SECOND)
#define PAYLOAD 100             /* bytes */
#define SIZE (NET_HEADERS + PAYLOAD)

static const gchar scenario_text[] =
    "[caller camera]\nrate = 1Mbit/s\n"
    "[uplink one]\nrate = 1Mbit/s\ndelay = 10ms\n"
    "[uplink two]\nrate = 1Mbit/s\ndelay = 20ms\n"
    "[schedule]\n1s one passes = nothing\n2s one passes = all\n"
    "3s every 1s two rebind\n";

/* ---- IP ------------------------------------------------------------------ */

static void
write_16 (guint8 *bytes, guint value)
{
  bytes[0] = (guint8) (value >> 8);
  bytes[1] = (guint8) value;
}

static guint
sum_16 (const guint8 *bytes, gsize size, guint sum)
{
  gsize i;

  for (i = 0; i + 1 < size; i += 2)
    sum += (guint) bytes[i] << 8 | bytes[i + 1];
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

/* Returns: whether the UDP checksum is right. */
static gboolean
udp_is_right (const guint8 *packet)
{
  guint sum = 17 + SIZE - NET_IP_HEADER;

  sum = sum_16 (packet + 12, 8, sum);
  return sum_16 (packet + NET_IP_HEADER, SIZE - NET_IP_HEADER, sum) == 0xffff;
}

/* From 10.64.0.2 to 10.99.0.1 by UDP, with random payload. */
static void
make_packet (guint8 *packet, guint16 source, guint16 destination)
{
  static const guint8 addresses[8] = { 10, 64, 0, 2, 10, 99, 0, 1 };
  guint i, sum;

  memset (packet, 0, NET_HEADERS);
  packet[0] = 0x45;
  write_16 (packet + 2, SIZE);
  packet[6] = 0x40;             /* may not be split */
  packet[8] = 64;
  packet[9] = 17;
  memcpy (packet + 12, addresses, 8);
  write_16 (packet + 20, source);
  write_16 (packet + 22, destination);
  write_16 (packet + 24, SIZE - NET_IP_HEADER);
  for (i = NET_HEADERS; i < SIZE; i++)
    packet[i] = (guint8) g_test_rand_int ();
  sum = sum_16 (packet + 12, 8, 17 + SIZE - NET_IP_HEADER);
  sum = ~sum_16 (packet + NET_IP_HEADER, SIZE - NET_IP_HEADER, sum) & 0xffff;
  write_16 (packet + 26, sum == 0 ? 0xffff : sum);
}

static void
test_ports (void)
{
  guint8 packet[SIZE];
  guint i;

  for (i = 0; i < 2000; i++) {
    guint16 port = (guint16) g_test_rand_int_range (0, 65536);
    NetIpEnd end = i % 2 == 0 ? NET_IP_SOURCE : NET_IP_DESTINATION;

    make_packet (packet, (guint16) g_test_rand_int_range (1, 65536), 5000);
    g_assert_true (net_ip_is_good (packet, SIZE));
    g_assert_true (net_ip_is_udp (packet));
    g_assert_true (udp_is_right (packet));
    net_ip_set_port (packet, end, port);
    g_assert_cmpuint (net_ip_port (packet, end), ==, port);
    g_assert_true (udp_is_right (packet));
  }
  g_assert_cmphex (net_ip_address (packet, NET_IP_SOURCE), ==, 0x0a400002);
  g_assert_cmphex (net_ip_address (packet, NET_IP_DESTINATION), ==, 0x0a630001);
}

/* The same packet by IPv6, from fd64:0:0:1::2 to fd99::1. */
#define SIZE_6 (NET_IP6_HEADERS + PAYLOAD)

static guint
checksum_6 (const guint8 *packet, gsize size)
{
  guint sum = packet[6] + (guint) size - NET_IP6_HEADER;

  sum = sum_16 (packet + 8, 2 * NET_IP6_ADDRESS, sum);
  return sum_16 (packet + NET_IP6_HEADER, size - NET_IP6_HEADER, sum);
}

static void
make_packet_6 (guint8 *packet, guint16 source, guint16 destination)
{
  static const guint8 addresses[2 * NET_IP6_ADDRESS] = {
    0xfd, 0x64, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2,
    0xfd, 0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
  };
  guint i, sum;

  memset (packet, 0, NET_IP6_HEADERS);
  packet[0] = 0x60;
  write_16 (packet + 4, SIZE_6 - NET_IP6_HEADER);
  packet[6] = 17;
  packet[7] = 64;
  memcpy (packet + 8, addresses, sizeof addresses);
  write_16 (packet + 40, source);
  write_16 (packet + 42, destination);
  write_16 (packet + 44, SIZE_6 - NET_IP6_HEADER);
  for (i = NET_IP6_HEADERS; i < SIZE_6; i++)
    packet[i] = (guint8) g_test_rand_int ();
  sum = ~checksum_6 (packet, SIZE_6) & 0xffff;
  write_16 (packet + 46, sum == 0 ? 0xffff : sum);
}

static void
test_ipv6 (void)
{
  guint8 packet[SIZE_6], answer[NET_IP_TOO_LARGE];
  guint i;

  for (i = 0; i < 2000; i++) {
    guint16 port = (guint16) g_test_rand_int_range (0, 65536);
    NetIpEnd end = i % 2 == 0 ? NET_IP_SOURCE : NET_IP_DESTINATION;

    make_packet_6 (packet, (guint16) g_test_rand_int_range (1, 65536), 5000);
    g_assert_true (net_ip_is_good (packet, SIZE_6));
    g_assert_true (net_ip_is_6 (packet) && net_ip_is_udp (packet));
    g_assert_cmphex (checksum_6 (packet, SIZE_6), ==, 0xffff);
    net_ip_set_port (packet, end, port);
    g_assert_cmpuint (net_ip_port (packet, end), ==, port);
    g_assert_cmphex (checksum_6 (packet, SIZE_6), ==, 0xffff);
  }
  g_assert_cmphex (net_ip_address_6 (packet, NET_IP_SOURCE)[15], ==, 2);
  g_assert_cmphex (net_ip_address_6 (packet, NET_IP_DESTINATION)[1], ==, 0x99);

  net_ip_write_too_large (packet, 1300, answer);
  g_assert_true (net_ip_is_good (answer, sizeof answer));
  g_assert_cmpmem (net_ip_address_6 (answer, NET_IP_DESTINATION),
      NET_IP6_ADDRESS, net_ip_address_6 (packet, NET_IP_SOURCE),
      NET_IP6_ADDRESS);
  g_assert_cmphex (checksum_6 (answer, sizeof answer), ==, 0xffff);
  g_assert_cmpuint (answer[40], ==, 2);
  g_assert_cmpuint (answer[46] << 8 | answer[47], ==, 1300);

  make_packet_6 (packet, 1, 2);
  g_assert_false (net_ip_is_good (packet, SIZE_6 - 1));
  g_assert_false (net_ip_is_good (packet, NET_IP6_HEADERS - 1));
  packet[24] = 0xff;            /* to all neighbours */
  g_assert_false (net_ip_is_good (packet, SIZE_6));
  packet[24] = 0xfd;
  packet[6] = 44;               /* a fragment */
  g_assert_false (net_ip_is_udp (packet));
}

static void
test_bad_packets (void)
{
  static const struct
  {
    guint place;
    guint8 value;
    gsize size;
  } table[] = {
    {0, 0x60, SIZE}, {0, 0x46, SIZE}, {0, 0x45, SIZE - 1}, {0, 0x45, 27},
    {2, 0x7f, SIZE},
  };
  guint8 packet[SIZE];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    make_packet (packet, 1, 2);
    packet[table[i].place] = table[i].value;
    g_assert_false (net_ip_is_good (packet, table[i].size));
  }
  make_packet (packet, 1, 2);
  packet[7] = 1;                /* a later fragment: no ports in it */
  g_assert_false (net_ip_is_udp (packet));
}

static void
test_nat (void)
{
  NetNat *nat = net_nat_new ();
  guint8 packet[SIZE];
  guint16 first, second;

  make_packet (packet, 4000, 5000);
  g_assert_true (net_nat_out (nat, packet));
  g_assert_cmpuint (net_ip_port (packet, NET_IP_SOURCE), ==, 4000);

  net_nat_rebind (nat);
  make_packet (packet, 5000, 4000);
  g_assert_false (net_nat_back (nat, packet));  /* to a port that is no more */
  make_packet (packet, 4000, 5000);
  g_assert_true (net_nat_out (nat, packet));
  first = net_ip_port (packet, NET_IP_SOURCE);
  g_assert_cmpuint (first, !=, 4000);
  make_packet (packet, 4001, 5000);
  g_assert_true (net_nat_out (nat, packet));
  g_assert_cmpuint (net_ip_port (packet, NET_IP_SOURCE), !=, first);
  make_packet (packet, 4000, 5000);
  g_assert_true (net_nat_out (nat, packet));
  g_assert_cmpuint (net_ip_port (packet, NET_IP_SOURCE), ==, first);
  make_packet (packet, 5000, first);
  g_assert_true (net_nat_back (nat, packet));
  g_assert_cmpuint (net_ip_port (packet, NET_IP_DESTINATION), ==, 4000);

  net_nat_rebind (nat);
  make_packet (packet, 4000, 5000);
  g_assert_true (net_nat_out (nat, packet));
  second = net_ip_port (packet, NET_IP_SOURCE);
  g_assert_cmpuint (second, !=, first);
  make_packet (packet, 5000, first);
  g_assert_false (net_nat_back (nat, packet));
  net_nat_free (nat);
}

/* ---- Links --------------------------------------------------------------- */

static NetLinks *
make_links (SimScenario **scenario)
{
  GError *error = NULL;

  *scenario = sim_scenario_parse (scenario_text, "test", ".", &error);
  g_assert_no_error (error);
  return net_links_new (*scenario, 1, START);
}

/* Returns: what comes back at once. */
static SimPacket *
push (NetLinks *links, guint uplink, NetDirection direction, SrtlaTime now)
{
  SimPacket *packet = net_links_new_packet (links);

  make_packet (sim_packet_whole (packet), 4000, 5000);
  return net_links_push (links, uplink, direction, packet, SIZE, now);
}

/* Takes what has arrived by then. Returns: how many; when the last one did, and
 * the port it had. */
static guint
pop (NetLinks *links, SrtlaTime until, SrtlaTime *due, guint16 *port)
{
  NetArrival arrival;
  guint n;

  for (n = 0; net_links_pop (links, until, &arrival); n++) {
    *due = arrival.due;
    *port = net_ip_port (sim_packet_whole (arrival.packet), NET_IP_SOURCE);
    g_assert_true (udp_is_right (sim_packet_whole (arrival.packet)));
    g_assert_cmpuint (arrival.packet->size, ==, PAYLOAD);
    sim_packet_unref (arrival.packet);
  }
  return n;
}

/* 128 bytes at 1 Mbit/s take 1.024 ms. */
static void
test_delay (void)
{
  static const SrtlaTime delays[] = { 11024, 21024 };
  SimScenario *scenario;
  NetLinks *links = make_links (&scenario);
  NetDirection direction;
  guint uplink;

  g_assert_cmpint (net_links_find (links, "two"), ==, 1);
  g_assert_cmpint (net_links_find (links, "three"), ==, -1);
  for (uplink = 0; uplink < 2; uplink++) {
    for (direction = NET_OUT; direction <= NET_BACK; direction++) {
      SrtlaTime now = START + 1000000 * (uplink * 2 + direction), due;
      guint16 port;

      g_assert_null (push (links, uplink, direction, now));
      g_assert_cmpuint (pop (links, now + delays[uplink] - 1, &due, &port), ==,
          0);
      g_assert_cmpuint (net_links_deadline (links), ==, now + delays[uplink]);
      g_assert_cmpuint (pop (links, now + delays[uplink], &due, &port), ==, 1);
      g_assert_cmpuint (net_links_link_counters (links, uplink,
              direction)->delivered_bytes, ==, SIZE);
    }
  }
  net_links_free (links);
  sim_scenario_free (scenario);
}

/* Nothing of the schedule happens before its start, and all of it after. */
static void
test_schedule (void)
{
  SimScenario *scenario;
  NetLinks *links = make_links (&scenario);
  SrtlaTime start = START + 10 * SRTLA_SECOND, due;
  guint16 port;

  g_assert_null (push (links, 0, NET_OUT, START + 1500000));
  g_assert_cmpuint (pop (links, start, &due, &port), ==, 1);
  net_links_start (links, start);
  pop (links, start + 1100000, &due, &port);
  push (links, 0, NET_OUT, start + 1100000);
  g_assert_cmpuint (pop (links, start + 1900000, &due, &port), ==, 0);
  g_assert_cmpuint (net_links_link_counters (links, 0, NET_OUT)->lost_silent,
      ==, 1);
  pop (links, start + 2100000, &due, &port);
  push (links, 0, NET_OUT, start + 2100000);
  push (links, 1, NET_OUT, start + 2100000);
  g_assert_cmpuint (pop (links, start + 2500000, &due, &port), ==, 2);
  g_assert_cmpuint (port, ==, 4000);

  pop (links, start + 3100000, &due, &port);
  push (links, 1, NET_OUT, start + 3100000);
  push (links, 1, NET_BACK, start + 3100000);
  g_assert_cmpuint (pop (links, start + 3500000, &due, &port), ==, 1);
  g_assert_cmpuint (port, !=, 4000);
  g_assert_cmpuint (net_links_counters (links, 1)->lost_nat, ==, 1);
  net_links_free (links);
  sim_scenario_free (scenario);
}

static void
test_mtu (void)
{
  SimScenario *scenario;
  NetLinks *links = make_links (&scenario);
  SimPacket *answer;
  const guint8 *icmp;

  net_links_set_mtu (links, 0, SIZE, FALSE);
  g_assert_null (push (links, 0, NET_OUT, START));
  net_links_set_mtu (links, 0, SIZE - 1, TRUE);
  g_assert_null (push (links, 0, NET_OUT, START));
  g_assert_cmpuint (net_links_counters (links, 0)->lost_large, ==, 1);
  net_links_set_mtu (links, 0, SIZE - 1, FALSE);
  answer = push (links, 0, NET_OUT, START);
  g_assert_nonnull (answer);
  g_assert_cmpuint (net_links_counters (links, 0)->lost_large, ==, 2);

  icmp = sim_packet_whole (answer);
  g_assert_true (net_ip_is_good (icmp, answer->size + NET_HEADERS));
  g_assert_false (net_ip_is_udp (icmp));
  g_assert_cmphex (net_ip_address (icmp, NET_IP_DESTINATION), ==, 0x0a400002);
  g_assert_cmpuint (sum_16 (icmp, NET_IP_HEADER, 0), ==, 0xffff);
  icmp += NET_IP_HEADER;
  g_assert_cmpuint (icmp[0], ==, 3);
  g_assert_cmpuint (icmp[1], ==, 4);
  g_assert_cmpuint ((guint) icmp[6] << 8 | icmp[7], ==, SIZE - 1);
  g_assert_cmpuint (sum_16 (icmp, answer->size + 8, 0), ==, 0xffff);
  sim_packet_unref (answer);
  net_links_free (links);
  sim_scenario_free (scenario);
}

static void
test_set (void)
{
  static const struct
  {
    const gchar *assignment;
    gboolean good;
  } table[] = {
    {"passes=nothing", TRUE}, {"out.rate = 2Mbit/s", TRUE},
    {"back.loss=1%", TRUE}, {"duplicate=1%", TRUE}, {"rate", FALSE},
    {"rate=fast", FALSE}, {"colour=red", FALSE}, {"", FALSE},
  };
  SimScenario *scenario;
  NetLinks *links = make_links (&scenario);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    GError *error = NULL;

    g_assert_cmpint (net_links_set (links, 0, table[i].assignment, START,
            &error), ==, table[i].good);
    g_assert_cmpint (error == NULL, ==, table[i].good);
    g_clear_error (&error);
  }
  g_assert_cmpuint (net_links_rate (links, 0, NET_OUT, START), ==, 2000000);
  g_assert_cmpuint (net_links_rate (links, 0, NET_BACK, START), ==, 1000000);
  net_links_free (links);
  sim_scenario_free (scenario);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net/ip/ports", test_ports);
  g_test_add_func ("/net/ip/ipv6", test_ipv6);
  g_test_add_func ("/net/ip/bad-packets", test_bad_packets);
  g_test_add_func ("/net/nat", test_nat);
  g_test_add_func ("/net/links/delay", test_delay);
  g_test_add_func ("/net/links/schedule", test_schedule);
  g_test_add_func ("/net/links/mtu", test_mtu);
  g_test_add_func ("/net/links/set", test_set);
  return g_test_run ();
}
