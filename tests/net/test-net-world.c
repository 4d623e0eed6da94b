/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The emulated network does to real sockets what its orders say.
 */
#include "../e2e/e2e.h"
#include "net-world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 5000               /* at the receiver; its namespace is ours */
#define SMALL 200               /* bytes of a datagram */
#define LARGE 1372              /* 1400 as an IP packet */
#define PATIENCE 10000          /* ms that a datagram may take */
#define ABSENCE 300             /* ms after which it is not coming: the links'
                                 * delay is 25 ms */

static NetNamespaces namespaces;
static NetWorld *world;
static gint receiver;           /* a socket in the receiver's namespace */

static gint
open_socket (guint16 port)
{
  gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET,
    .sin_port = htons (port)
  };

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==,
      0);
  return fd;
}

static void
open_receiver (gpointer data)
{
  *(gint *) data = open_socket (PORT);
}

/* Returns: a socket bound to an address or an interface, connected to the
 * receiver. */
static gint
open_bound (const gchar *local, const gchar *interface)
{
  gint fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET };
  gint discover = IP_PMTUDISC_DO, on = 1;

  g_assert_cmpint (setsockopt (fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover,
          sizeof discover), ==, 0);
  g_assert_cmpint (setsockopt (fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on), ==,
      0);
  address.sin_addr.s_addr = inet_addr (local);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==,
      0);
  if (interface != NULL)
    g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
            strlen (interface) + 1), ==, 0);
  address.sin_addr.s_addr = inet_addr (NET_RECEIVER_ADDRESS);
  address.sin_port = htons (PORT);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address),
      ==, 0);
  return fd;
}

static gint
open_sender (const gchar *local)
{
  return open_bound (local, NULL);
}

/* Returns: 0, or the error. */
static gint
send_bytes (gint fd, gsize size)
{
  static const guint8 bytes[LARGE];

  return send (fd, bytes, size, 0) < 0 ? errno : 0;
}

/* Returns: from where a datagram came within that time; port 0: none did. */
static struct sockaddr_in
receive (gint fd, gint milliseconds)
{
  struct pollfd look = {.fd = fd,.events = POLLIN };
  struct sockaddr_in from = { 0 };
  socklen_t length = sizeof from;
  guint8 bytes[2000];

  if (poll (&look, 1, milliseconds) == 1
      && recvfrom (fd, bytes, sizeof bytes, 0, (struct sockaddr *) &from,
          &length) < 0)
    from.sin_port = 0;
  return from;
}

static gboolean
passes (gint fd, gint milliseconds)
{
  g_assert_cmpint (send_bytes (fd, SMALL), ==, 0);
  return receive (receiver, milliseconds).sin_port != 0;
}

static void
set_up (void)
{
  gchar *path = g_build_filename (g_getenv ("NET_SCENARIOS"), "three.scenario",
      NULL);
  const NetWorldSettings settings = {.scenario = path,.seed = 1 };
  GError *error = NULL;

  world = net_world_new (&namespaces, &settings, &error);
  g_assert_no_error (error);
  net_namespace_call (namespaces.receiver, open_receiver, &receiver);
  g_free (path);
}

static void
tear_down (void)
{
  close (receiver);
  net_world_free (world);
}

/* ---- Which modem --------------------------------------------------------- */

static guint64
carried (guint modem)
{
  NetWorldLink link;

  net_world_get_link (world, modem, NET_OUT, &link);
  return link.link.delivered;
}

/* A bound address chooses the modem, a bound interface too, and the way back
 * is the same. */
static void
test_routes (void)
{
  guint i;

  set_up ();
  g_assert_cmpuint (net_world_count (world), ==, 3);
  for (i = 0; i < 3; i++) {
    gint by_address = open_sender (net_world_address (world, i)), by_interface;
    guint64 before = carried (i);
    struct sockaddr_in from;
    gchar name[IF_NAMESIZE];

    g_snprintf (name, sizeof name, NET_MODEM, i);
    by_interface = open_bound ("0.0.0.0", name);
    g_assert_true (passes (by_address, PATIENCE));
    g_assert_cmpuint (carried (i), ==, before + 1);
    g_assert_cmpint (send_bytes (by_interface, SMALL), ==, 0);
    from = receive (receiver, PATIENCE);
    g_assert_cmpuint (carried (i), ==, before + 2);

    g_assert_cmpint (sendto (receiver, "answer", 6, 0, (struct sockaddr *)
            &from, sizeof from), ==, 6);
    g_assert_cmpuint (receive (by_interface, PATIENCE).sin_port, ==,
        htons (PORT));
    close (by_address);
    close (by_interface);
  }
  tear_down ();
}

/* ---- What happens to links ----------------------------------------------- */

static void
test_silence (void)
{
  gint one, two;

  set_up ();
  one = open_sender (net_world_address (world, 0));
  two = open_sender (net_world_address (world, 1));
  net_world_order (world, "set two passes=nothing");
  g_assert_false (passes (two, ABSENCE));
  g_assert_true (passes (one, PATIENCE));
  net_world_order (world, "set two passes=all");
  g_assert_true (passes (two, PATIENCE));
  close (one);
  close (two);
  tear_down ();
}

static void
test_rebind (void)
{
  struct sockaddr_in before, after;
  gint fd;

  set_up ();
  fd = open_sender (net_world_address (world, 1));
  g_assert_cmpint (send_bytes (fd, SMALL), ==, 0);
  before = receive (receiver, PATIENCE);
  net_world_order (world, "rebind two");
  g_assert_cmpint (send_bytes (fd, SMALL), ==, 0);
  after = receive (receiver, PATIENCE);
  g_assert_cmpuint (after.sin_port, !=, 0);
  g_assert_cmpuint (after.sin_port, !=, before.sin_port);
  g_assert_cmpuint (after.sin_addr.s_addr, ==, before.sin_addr.s_addr);

  sendto (receiver, "old", 3, 0, (struct sockaddr *) &before, sizeof before);
  g_assert_cmpuint (receive (fd, ABSENCE).sin_port, ==, 0);
  sendto (receiver, "new", 3, 0, (struct sockaddr *) &after, sizeof after);
  g_assert_cmpuint (receive (fd, PATIENCE).sin_port, ==, htons (PORT));
  close (fd);
  tear_down ();
}

static void
test_duplicates (void)
{
  gint fd;

  set_up ();
  fd = open_sender (net_world_address (world, 0));
  net_world_order (world, "set one duplicate=100%%");
  g_assert_true (passes (fd, PATIENCE));
  g_assert_cmpuint (receive (receiver, PATIENCE).sin_port, !=, 0);
  g_assert_cmpuint (receive (receiver, ABSENCE).sin_port, ==, 0);
  close (fd);
  tear_down ();
}

/* Waits until a large packet is refused at once: what the router said has come
 * back. */
static gboolean
is_refused (gpointer data)
{
  return send_bytes (*(gint *) data, LARGE) == EMSGSIZE;
}

/* There is an answer to each packet that was under way. */
static gboolean
is_taken (gpointer data)
{
  return send_bytes (*(gint *) data, SMALL) == 0;
}

static void
test_mtu (void)
{
  gint one, two, three;

  set_up ();
  one = open_sender (net_world_address (world, 0));
  two = open_sender (net_world_address (world, 1));
  three = open_sender (net_world_address (world, 2));
  net_world_modem_mtu (world, 0, 1300);
  g_assert_cmpint (send_bytes (one, LARGE), ==, EMSGSIZE);
  g_assert_true (passes (one, PATIENCE));

  net_world_order (world, "mtu two 1300");
  e2e_wait (is_refused, &two, "the router's answer");
  e2e_wait (is_taken, &two, "the last of its answers");
  g_assert_cmpuint (receive (receiver, PATIENCE).sin_port, !=, 0);

  net_world_order (world, "mtu three 1300 silent");
  g_assert_cmpint (send_bytes (three, LARGE), ==, 0);
  g_assert_cmpuint (receive (receiver, ABSENCE).sin_port, ==, 0);
  g_assert_cmpint (send_bytes (three, LARGE), ==, 0);
  close (one);
  close (two);
  close (three);
  tear_down ();
}

/* The device takes 1,000 packets; the next ones are refused. */
static void
test_pause (void)
{
  gint fd, i, error = 0;

  set_up ();
  fd = open_sender (net_world_address (world, 0));
  net_world_order (world, "pause one");
  for (i = 0; i < 5000 && error == 0; i++)
    error = send_bytes (fd, SMALL);
  g_assert_cmpint (error, ==, ENOBUFS);
  g_assert_cmpint (i, >=, 1000);
  g_assert_cmpuint (receive (receiver, ABSENCE).sin_port, ==, 0);
  net_world_order (world, "resume one");
  g_assert_cmpuint (receive (receiver, PATIENCE).sin_port, !=, 0);
  close (fd);
  tear_down ();
}

/* ---- Interfaces ---------------------------------------------------------- */

static void
test_interfaces (void)
{
  struct sockaddr_in from;
  gint fd;

  set_up ();
  fd = open_sender (net_world_address (world, 1));
  net_world_modem_down (world, 1);
  g_assert_cmpint (send_bytes (fd, SMALL), ==, ENETUNREACH);
  net_world_modem_up (world, 1);
  g_assert_true (passes (fd, PATIENCE));
  net_world_route_delete (world, 1);
  g_assert_cmpint (send_bytes (fd, SMALL), ==, ENETUNREACH);
  net_world_route_create (world, 1);
  g_assert_true (passes (fd, PATIENCE));

  net_world_modem_delete (world, 1);
  g_assert_cmpuint (if_nametoindex ("modem1"), ==, 0);
  g_assert_cmpint (send_bytes (fd, SMALL), !=, 0);
  close (fd);
  net_world_modem_create (world, 1, 7);
  g_assert_cmpstr (net_world_address (world, 1), ==, "10.64.1.7");
  fd = open_sender ("10.64.1.7");
  g_assert_cmpint (send_bytes (fd, SMALL), ==, 0);
  from = receive (receiver, PATIENCE);
  g_assert_cmpuint (from.sin_addr.s_addr, ==, inet_addr ("10.64.1.7"));
  close (fd);
  tear_down ();
}

/* Nobody listens: an answer comes from the receiver's kernel. */
static void
test_refused (void)
{
  struct pollfd look;
  gint fd;

  set_up ();
  fd = open_sender (net_world_address (world, 2));
  close (receiver);
  g_assert_cmpint (send_bytes (fd, SMALL), ==, 0);
  look.fd = fd;
  look.events = POLLIN;
  g_assert_cmpint (poll (&look, 1, PATIENCE), ==, 1);
  g_assert_cmpint (send_bytes (fd, SMALL), ==, ECONNREFUSED);
  net_namespace_call (namespaces.receiver, open_receiver, &receiver);
  close (fd);
  tear_down ();
}

/* Statistics over time: something for each link and direction. */
static void
test_csv (void)
{
  gchar *path = g_build_filename (g_getenv ("NET_SCENARIOS"), "three.scenario",
      NULL);
  gchar *csv = NULL, *text;
  gint file = g_file_open_tmp ("net-world-XXXXXX.csv", &csv, NULL);
  const NetWorldSettings settings = {.scenario = path,.seed = 1,.csv = csv };
  GError *error = NULL;
  gint fd;

  g_assert_cmpint (file, >=, 0);
  world = net_world_new (&namespaces, &settings, &error);
  g_assert_no_error (error);
  net_namespace_call (namespaces.receiver, open_receiver, &receiver);
  fd = open_sender (net_world_address (world, 0));
  net_world_start (world);
  g_assert_true (passes (fd, PATIENCE));
  /* The first sample is of the start. */
  tear_down ();
  g_assert_true (g_file_get_contents (csv, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "seconds,uplink,direction,rate,"));
  g_assert_nonnull (strstr (text, ",one,out,8000000,"));
  g_assert_nonnull (strstr (text, ",three,back,8000000,"));
  unlink (csv);
  close (file);
  close (fd);
  g_free (text);
  g_free (csv);
  g_free (path);
}

int
main (int argc, char **argv)
{
  gchar *reason;

  if (!net_namespaces_enter (&namespaces, &reason))
    return net_namespaces_refused (reason);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/net/world/routes", test_routes);
  g_test_add_func ("/net/world/silence", test_silence);
  g_test_add_func ("/net/world/rebind", test_rebind);
  g_test_add_func ("/net/world/duplicates", test_duplicates);
  g_test_add_func ("/net/world/mtu", test_mtu);
  g_test_add_func ("/net/world/pause", test_pause);
  g_test_add_func ("/net/world/interfaces", test_interfaces);
  g_test_add_func ("/net/world/refused", test_refused);
  g_test_add_func ("/net/world/csv", test_csv);
  return g_test_run ();
}
