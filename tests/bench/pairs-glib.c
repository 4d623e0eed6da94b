/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pairs about sockets: the system's batches, instead of GLib's. */
#define _GNU_SOURCE
#include "pairs.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define SIZE 1332
#define BATCH PAIRS_TURN
/* Places to receive into: more than come, as in the plugin. */
#define PLACES 64

static GSocket *in, *out;       /* what goes out on one comes in at the other */
static guint8 packets[PLACES][SIZE];

static void
open_sockets (void)
{
  GInetAddress *loopback;
  GSocketAddress *address;

  if (in != NULL)
    return;
  in = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, NULL);
  out = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, NULL);
  loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  address = g_inet_socket_address_new (loopback, 0);
  if (in == NULL || out == NULL || !g_socket_bind (in, address, FALSE, NULL))
    g_error ("no sockets on loopback");
  g_object_unref (address);
  g_object_unref (loopback);
  address = g_socket_get_local_address (in, NULL);
  if (!g_socket_connect (out, address, NULL, NULL))
    g_error ("no connection on loopback");
  g_object_unref (address);
  g_socket_set_blocking (in, FALSE);
  g_socket_set_blocking (out, FALSE);
}

/* ---- The system's ------------------------------------------------------- */

static guint
system_batch (gboolean send)
{
  static struct sockaddr_storage names[PLACES];
  static struct iovec vectors[PLACES];
  static struct mmsghdr messages[PLACES];
  gint n = send ? BATCH : PLACES, i;

  for (i = 0; i < n; i++) {
    struct msghdr *message = &messages[i].msg_hdr;

    vectors[i].iov_base = packets[i];
    vectors[i].iov_len = SIZE;
    message->msg_iov = &vectors[i];
    message->msg_iovlen = 1;
    message->msg_name = send ? NULL : &names[i];
    message->msg_namelen = send ? 0 : sizeof names[i];
  }
  n = send ? sendmmsg (g_socket_get_fd (out), messages, BATCH, MSG_NOSIGNAL)
      : recvmmsg (g_socket_get_fd (in), messages, PLACES, MSG_DONTWAIT, NULL);
  return (guint) MAX (n, 0);
}

/* ---- GLib's ------------------------------------------------------------- */

static guint
glib_send (void)
{
  static GOutputVector vectors[BATCH];
  static GOutputMessage messages[BATCH];
  gint i, n;

  for (i = 0; i < BATCH; i++) {
    vectors[i].buffer = packets[i];
    vectors[i].size = SIZE;
    messages[i].vectors = &vectors[i];
    messages[i].num_vectors = 1;
  }
  n = g_socket_send_messages (out, messages, BATCH, 0, NULL, NULL);
  return (guint) MAX (n, 0);
}

/* With who sent them, which srtpacketsrc must know. */
static guint
glib_receive (void)
{
  static GSocketAddress *addresses[PLACES];
  static GInputVector vectors[PLACES];
  static GInputMessage messages[PLACES];
  gint i, n;

  for (i = 0; i < PLACES; i++) {
    vectors[i].buffer = packets[i];
    vectors[i].size = SIZE;
    messages[i].address = &addresses[i];
    messages[i].vectors = &vectors[i];
    messages[i].num_vectors = 1;
  }
  n = g_socket_receive_messages (in, messages, PLACES, 0, NULL, NULL);
  for (i = 0; i < n; i++)
    g_clear_object (&addresses[i]);
  return (guint) MAX (n, 0);
}

/* ---- Pairs -------------------------------------------------------------- */

/* Time counts for one of the two ways only. */
static guint64
pass (guint n, gboolean sending, gboolean glib)
{
  guint64 time = 0, start;
  guint i, sent, received;

  open_sockets ();
  for (i = 0; i < n; i += BATCH) {
    start = pairs_thread_time ();
    sent = sending && glib ? glib_send () : system_batch (TRUE);
    if (sending)
      time += pairs_thread_time () - start;
    start = pairs_thread_time ();
    received = !sending && glib ? glib_receive () : system_batch (FALSE);
    if (!sending)
      time += pairs_thread_time () - start;
    if (sent != BATCH || received != BATCH)
      g_error ("%u sent, %u received, not %d", sent, received, BATCH);
  }
  return time;
}

static guint64
send_by_glib (guint n)
{
  return pass (n, TRUE, TRUE);
}

static guint64
send_by_system (guint n)
{
  return pass (n, TRUE, FALSE);
}

static guint64
receive_by_glib (guint n)
{
  return pass (n, FALSE, TRUE);
}

static guint64
receive_by_system (guint n)
{
  return pass (n, FALSE, FALSE);
}

const Pair pairs_glib[] = {
  {"glib-send", send_by_glib, send_by_system},
  {"glib-receive", receive_by_glib, receive_by_system},
  {NULL, NULL, NULL}
};
