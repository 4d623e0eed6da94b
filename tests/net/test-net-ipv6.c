/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPv6 over emulated modems: what the emulator does to it, and a bond whose
 * uplinks are of both families.
 */
#include "net-session.h"

#include "../gst/model-resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 5000               /* at the receiver; its namespace is ours */
#define LARGE 1352              /* bytes of a datagram; 1400 as an IP packet */
#define PATIENCE 10000          /* ms that a datagram may take */
#define ABSENCE 300             /* ms after which it is not coming: the links'
                                 * delay is 25 ms */
#define HOST "receiver.test"
/* µs; a way that is a black hole is left after 3 s. */
#define COME_BACK (20 * SRTLA_SECOND)

static NetNamespaces namespaces;

static gint
open_socket (const gchar *local, guint16 port)
{
  gint fd = socket (AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in6 address = {.sin6_family = AF_INET6,
    .sin6_port = htons (port)
  };
  gint discover = IPV6_PMTUDISC_DO;

  g_assert_cmpint (inet_pton (AF_INET6, local, &address.sin6_addr), ==, 1);
  g_assert_cmpint (setsockopt (fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &discover,
          sizeof discover), ==, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==,
      0);
  return fd;
}

static void
open_receiver (gpointer data)
{
  *(gint *) data = open_socket ("::", PORT);
}

static gint
send_bytes (gint fd, gsize size)
{
  static const guint8 bytes[LARGE];
  struct sockaddr_in6 address = {.sin6_family = AF_INET6,
    .sin6_port = htons (PORT)
  };

  inet_pton (AF_INET6, NET_RECEIVER_ADDRESS_6, &address.sin6_addr);
  return sendto (fd, bytes, size, 0, (struct sockaddr *) &address,
      sizeof address) < 0 ? errno : 0;
}

/* Returns: the port a datagram came from within that time; 0: none did. */
static guint16
receive (gint fd, gint milliseconds)
{
  struct pollfd look = {.fd = fd,.events = POLLIN };
  struct sockaddr_in6 from;
  socklen_t length = sizeof from;
  guint8 bytes[2000];

  if (poll (&look, 1, milliseconds) != 1
      || recvfrom (fd, bytes, sizeof bytes, 0, (struct sockaddr *) &from,
          &length) < 0)
    return 0;
  return ntohs (from.sin6_port);
}

static gboolean
is_refused (gpointer data)
{
  return send_bytes (*(gint *) data, LARGE) == EMSGSIZE;
}

static void
test_sockets (void)
{
  gchar *path = g_build_filename (g_getenv ("NET_SCENARIOS"), "three.scenario",
      NULL);
  const NetWorldSettings settings = {.scenario = path,.seed = 1,
    .with_ipv6 = TRUE
  };
  GError *error = NULL;
  NetWorldLink before, after;
  guint16 port, other;
  NetWorld *world;
  gint fd, receiver;

  world = net_world_new (&namespaces, &settings, &error);
  g_assert_no_error (error);
  net_namespace_call (namespaces.receiver, open_receiver, &receiver);
  fd = open_socket (net_world_address_6 (world, 1), 0);

  /* By its own modem. */
  net_world_get_link (world, 1, NET_OUT, &before);
  g_assert_cmpint (send_bytes (fd, 100), ==, 0);
  port = receive (receiver, PATIENCE);
  g_assert_cmpuint (port, !=, 0);
  net_world_get_link (world, 1, NET_OUT, &after);
  g_assert_cmpuint (after.link.delivered, >, before.link.delivered);
  /* Through a NAT, with a checksum that the receiver believes. */
  net_world_order (world, "rebind two");
  g_assert_cmpint (send_bytes (fd, 100), ==, 0);
  other = receive (receiver, PATIENCE);
  g_assert_cmpuint (other, !=, 0);
  g_assert_cmpuint (other, !=, port);
  /* A black hole for IPv6 alone. */
  net_world_order (world, "without two 6");
  g_assert_cmpint (send_bytes (fd, 100), ==, 0);
  g_assert_cmpuint (receive (receiver, ABSENCE), ==, 0);
  net_world_get_link (world, 1, NET_OUT, &after);
  g_assert_cmpuint (after.beside.lost_version, >, 0);
  net_world_order (world, "without two 4");
  g_assert_cmpint (send_bytes (fd, 100), ==, 0);
  g_assert_cmpuint (receive (receiver, PATIENCE), !=, 0);
  /* A router tells of its MTU. */
  net_world_order (world, "mtu two 1300");
  e2e_wait (is_refused, &fd, "the router's answer");
  /* The interface goes, and its addresses with it; both come again. */
  close (fd);
  net_world_modem_down (world, 1);
  net_world_modem_up (world, 1);
  fd = open_socket (net_world_address_6 (world, 1), 0);
  net_world_order (world, "mtu two 0");
  g_assert_cmpint (send_bytes (fd, 100), ==, 0);
  g_assert_cmpuint (receive (receiver, PATIENCE), !=, 0);

  close (fd);
  close (receiver);
  net_world_free (world);
  g_free (path);
}

/* Packets to and fro by one version of IP that the modem carried. */
static guint64
carried (NetSession *session, guint modem)
{
  NetWorldLink link;

  net_world_get_link (session->world, modem, NET_OUT, &link);
  return link.link.delivered;
}

static gboolean
all_up (gpointer data)
{
  NetSession *session = data;

  return e2e_bond_stat (&session->bond, "uplinks-up") == 3;
}

/* One uplink by IPv4, one by IPv6, one by its interface; the receiver has a name
 * with addresses of both families. Then IPv6 is a black hole behind the third
 * modem: that uplink goes on by IPv4. */
static void
test_mixed (void)
{
  gchar *path = g_build_filename (g_getenv ("NET_SCENARIOS"), "three.scenario",
      NULL);
  const NetSessionSettings settings = {.scenario = path,.seed = 1,
    .with_ipv6 = TRUE,.host = "::",.name = HOST,
    .uplinks = "10.64.0.2,fd64:0:0:1::2,modem2"
  };
  guint64 before[3];
  NetSession session;
  NetResult result;
  GError *error = NULL;
  gint64 began;
  guint i;

  model_resolver_install ();
  model_resolver_answer (NET_RECEIVER_ADDRESS_6 "," NET_RECEIVER_ADDRESS);
  net_session_start (&session, &namespaces, &settings, &error);
  g_assert_no_error (error);
  net_session_run (&session, 2 * SRTLA_SECOND);
  net_world_order (session.world, "without three 6");
  e2e_bond_wait_uplink (&session.bond, "modem2", "down");
  began = g_get_monotonic_time ();
  e2e_wait (all_up, &session, "the uplink takes the other family");
  g_test_message ("back after %.1f s", (gdouble) (g_get_monotonic_time ()
          - began) / 1e6);
  for (i = 0; i < 3; i++)
    before[i] = carried (&session, i);
  net_session_run (&session, (SrtlaTime) (g_get_monotonic_time ()
          - session.began) + 2 * SRTLA_SECOND);
  for (i = 0; i < 3; i++)
    g_assert_cmpuint (carried (&session, i), >, before[i] + 20);
  net_session_finish (&session, &result);
  g_assert_cmpuint (result.delivered, ==, result.sent);
  g_assert_cmpuint (result.connections, ==, 1);
  net_result_clear (&result);
  net_session_clear (&session);
  g_free (path);
}

/* Returns: whether the address can talk to itself. */
static gboolean
reaches_itself (gpointer data)
{
  struct sockaddr_in6 address = {.sin6_family = AF_INET6,
    .sin6_scope_id = if_nametoindex ("lo")
  };
  socklen_t length = sizeof address;
  gint fd = socket (AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  gboolean reaches;

  inet_pton (AF_INET6, data, &address.sin6_addr);
  reaches = bind (fd, (struct sockaddr *) &address, sizeof address) == 0
      && getsockname (fd, (struct sockaddr *) &address, &length) == 0
      && sendto (fd, "?", 1, 0, (struct sockaddr *) &address, length) == 1
      && receive (fd, ABSENCE) != 0;
  close (fd);
  return reaches;
}

/* The system makes the address's route a while after the address. */
static void
add_link_local (void)
{
  GError *error = NULL;

  net_namespace_batch (namespaces.sender, "ip",
      "address add fe80::1/64 dev lo nodad\n", &error);
  g_assert_no_error (error);
  e2e_wait (reaches_itself, (gpointer) "fe80::1", "a link-local address");
}

/* Link-local addresses mean something on one interface: that of the uplink. */
static void
test_link_local (void)
{
  static const gchar *const hosts[] = { "fe80::1", "[fe80::1]" };
  guint i;

  add_link_local ();
  for (i = 0; i < G_N_ELEMENTS (hosts); i++) {
    const E2eSettings settings = {.behaviour = 'b',.name = hosts[i],
      .uplinks = "fe80::1%lo,lo"
    };
    E2eBond bond;

    e2e_bond_start (&bond, &settings, 2);
    e2e_bond_stop (&bond);
  }
}

int
main (int argc, char **argv)
{
  gchar *reason;

  if (!net_namespaces_enter (&namespaces, &reason))
    return net_namespaces_refused (reason);
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/net/ipv6/sockets", test_sockets);
  g_test_add_func ("/net/ipv6/mixed", test_mixed);
  g_test_add_func ("/net/ipv6/link-local", test_link_local);
  return g_test_run ();
}
