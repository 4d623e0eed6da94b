/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An SRTLA receiver for tests and the demo: sockets and a clock around the
 * receiver core. Takes what senders bond, hands it to an SRT server from one
 * UDP port for each group, and relays what comes back. One line on standard
 * output for each event; ends with 0 on SIGINT and SIGTERM.
 */
#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "receiver-options.h"
#include "receiver-peers.h"
#include "srtla-receiver.h"

#define SOCKET_BUFFER (4 << 20) /* bytes; a burst of the sender must fit */
#define TURN 64                 /* datagrams taken from a socket in one go */

typedef struct _Tool Tool;

typedef struct
{
  Tool *tool;
  guint number;
  GSocket *socket;              /* connected to the SRT server */
  GSource *source;
} Group;

struct _Tool
{
  GMainLoop *loop;
  SrtlaReceiver *receiver;
  GSocket *socket;              /* towards the senders */
  GSource *source;
  GSource *timer;               /* ready at the core's deadline */
  GSocketAddress *server;
  guint16 from_port;            /* towards it; 0: any */
  ReceiverPeers peers;
  GHashTable *groups;           /* number → Group; owns it */
  guint64 lost_to_server;       /* packets that the socket refused */
  guint64 lost_to_senders;
};

/* ---- Outputs of the core ----------------------------------------------- */

static gboolean server_readable (GSocket *socket, GIOCondition condition,
    gpointer user_data);

/* An earlier datagram's ICMP answer fails the next call, whatever that sends:
 * so once more. Returns: whether it was sent. */
static gboolean
send_datagram (GSocket *socket, GSocketAddress *to, const guint8 *data,
    gsize size)
{
  gint attempt;

  for (attempt = 0; attempt < 2; attempt++) {
    GError *error = NULL;
    gboolean again;

    if (g_socket_send_to (socket, to, (const gchar *) data, size, NULL,
            &error) >= 0)
      return TRUE;
    again = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
    g_clear_error (&error);
    if (!again)
      break;
  }
  return FALSE;
}

static void
disconnect_group (Group *group)
{
  if (group->source != NULL) {
    g_source_destroy (group->source);
    g_source_unref (group->source);
    group->source = NULL;
  }
  g_clear_object (&group->socket);
}

static void
group_free (gpointer data)
{
  disconnect_group (data);
  g_free (data);
}

/* Returns: a socket connected to the SRT server. */
static GSocket *
connect_to_server (Tool *tool, GError **error)
{
  GSocketFamily family = g_socket_address_get_family (tool->server);
  GSocket *socket = g_socket_new (family, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, error);
  GInetAddress *any = g_inet_address_new_any (family);
  GSocketAddress *local = g_inet_socket_address_new (any, tool->from_port);
  GSocketAddress *other = g_inet_socket_address_new (any, 0);

  /* An earlier group may have the port still. */
  if (socket != NULL && ((!g_socket_bind (socket, local, FALSE, NULL)
              && !g_socket_bind (socket, other, FALSE, error))
          || !g_socket_connect (socket, tool->server, NULL, error)))
    g_clear_object (&socket);
  g_object_unref (other);
  g_object_unref (local);
  g_object_unref (any);
  return socket;
}

/* Where all groups have the same port, the one that sends has it: a sender
 * whose REG2 got lost is in another group than its first. */
static void
take_port (Tool *tool)
{
  GHashTableIter iterator;
  gpointer group;

  g_hash_table_iter_init (&iterator, tool->groups);
  while (tool->from_port != 0
      && g_hash_table_iter_next (&iterator, NULL, &group))
    disconnect_group (group);
}

static void
connect_group (Tool *tool, Group *group)
{
  GError *error = NULL;

  take_port (tool);
  group->socket = connect_to_server (tool, &error);
  if (group->socket == NULL) {
    printf ("group %u: no port towards the SRT server: %s\n", group->number,
        error->message);
    g_clear_error (&error);
    return;
  }
  g_socket_set_blocking (group->socket, FALSE);
  g_socket_set_option (group->socket, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER,
      NULL);
  group->source = g_socket_create_source (group->socket, G_IO_IN, NULL);
  g_source_set_callback (group->source, G_SOURCE_FUNC (server_readable),
      group, NULL);
  g_source_attach (group->source, NULL);
}

static void
open_group (Tool *tool, guint number)
{
  Group *group = g_new0 (Group, 1);

  group->tool = tool;
  group->number = number;
  g_hash_table_insert (tool->groups, GUINT_TO_POINTER (number), group);
  printf ("group %u: opened\n", number);
}

static void
send_to_server (Tool *tool, const SrtlaReceiverOutput *output)
{
  Group *group = g_hash_table_lookup (tool->groups,
      GUINT_TO_POINTER (output->group));

  if (group != NULL && group->socket == NULL)
    connect_group (tool, group);
  if (group == NULL || group->socket == NULL
      || !send_datagram (group->socket, NULL, output->data, output->size))
    tool->lost_to_server++;
}

static void
send_to_peer (Tool *tool, const SrtlaReceiverOutput *output)
{
  ReceiverPeer *peer = receiver_peers_get (&tool->peers, output->peer);
  SrtlaKind kind = srtla_packet_kind (output->data, output->size);
  const gchar *what = NULL;

  if (peer == NULL)
    return;
  if (!send_datagram (tool->socket, peer->address, output->data, output->size))
    tool->lost_to_senders++;

  if (kind == SRTLA_KIND_REG3 && !peer->joined)
    what = "joined";
  else if (kind == SRTLA_KIND_REG_ERR)
    what = "refused";
  else if (kind == SRTLA_KIND_REG_NGP)
    what = "asked for an unknown group";
  if (what != NULL) {
    gchar *name = receiver_peer_name (peer);

    if (kind == SRTLA_KIND_REG3)
      printf ("group %u: uplink %s %s\n", output->group, name, what);
    else
      printf ("uplink %s: %s\n", name, what);
    g_free (name);
  }
  if (kind == SRTLA_KIND_REG3)
    peer->joined = TRUE;
}

static void
drop_peer (Tool *tool, const SrtlaReceiverOutput *output)
{
  ReceiverPeer *peer = receiver_peers_get (&tool->peers, output->peer);
  gchar *name;

  if (peer == NULL)
    return;
  name = receiver_peer_name (peer);
  printf ("uplink %s: left\n", name);
  g_free (name);
  receiver_peers_forget (&tool->peers, peer);
}

/* Does what the core says, and sets the timer to its deadline. */
static void
act (Tool *tool)
{
  SrtlaReceiverOutput output;
  SrtlaTime deadline;

  while (srtla_receiver_next_output (tool->receiver, &output)) {
    switch (output.kind) {
      case SRTLA_RECEIVER_TO_PEER:
        send_to_peer (tool, &output);
        break;
      case SRTLA_RECEIVER_TO_SERVER:
        send_to_server (tool, &output);
        break;
      case SRTLA_RECEIVER_GROUP_OPENED:
        open_group (tool, output.group);
        break;
      case SRTLA_RECEIVER_GROUP_CLOSED:
        g_hash_table_remove (tool->groups, GUINT_TO_POINTER (output.group));
        printf ("group %u: closed\n", output.group);
        break;
      case SRTLA_RECEIVER_PEER_GONE:
        drop_peer (tool, &output);
        break;
    }
  }

  deadline = srtla_receiver_deadline (tool->receiver);
  g_source_set_ready_time (tool->timer,
      deadline == SRTLA_TIME_NONE ? -1 : (gint64) deadline);
}

/* ---- Sources ----------------------------------------------------------- */

/* Returns: FALSE when there is nothing more to read. An error is that of an
 * earlier datagram, sent while nobody listened: it is over once it was read. */
static gboolean
read_datagram (GSocket *socket, GSocketAddress **from, guint8 *data,
    gsize room, gsize *size)
{
  GError *error = NULL;
  gssize got = g_socket_receive_from (socket, from, (gchar *) data, room,
      NULL, &error);
  gboolean empty = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

  g_clear_error (&error);
  *size = got > 0 ? (gsize) got : 0;
  return !empty;
}

static gboolean
server_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Group *group = user_data;
  Tool *tool = group->tool;
  /* One byte more than may come: too long shows, and is malformed. */
  guint8 data[SRTLA_MAX_DATAGRAM + 1];
  gsize size;
  guint i;

  (void) condition;
  for (i = 0; i < TURN; i++) {
    if (!read_datagram (socket, NULL, data, sizeof data, &size))
      break;
    if (size == 0)
      continue;
    srtla_receiver_relay (tool->receiver, group->number, data, size,
        (SrtlaTime) g_get_monotonic_time ());
    act (tool);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
sender_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Tool *tool = user_data;
  guint8 data[SRTLA_MAX_DATAGRAM + 1];
  gsize size;
  guint i;

  (void) condition;
  for (i = 0; i < TURN; i++) {
    GSocketAddress *from = NULL;
    ReceiverPeer *peer;

    if (!read_datagram (socket, &from, data, sizeof data, &size))
      break;
    peer = from == NULL || size == 0 ? NULL
        : receiver_peers_find (&tool->peers, from);
    if (peer != NULL) {
      srtla_receiver_receive (tool->receiver, peer->number, data, size,
          (SrtlaTime) g_get_monotonic_time ());
      act (tool);
      if (!srtla_receiver_knows (tool->receiver, peer->number))
        receiver_peers_forget (&tool->peers, peer);
    }
    g_clear_object (&from);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
timer_fired (gpointer user_data)
{
  Tool *tool = user_data;

  srtla_receiver_tick (tool->receiver, (SrtlaTime) g_get_monotonic_time ());
  act (tool);
  return G_SOURCE_CONTINUE;
}

static gboolean
timer_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  (void) source;
  return callback (user_data);
}

static GSourceFuncs timer_funcs = {
  NULL, NULL, timer_dispatch, NULL, NULL, NULL
};

static gboolean
print_stats (gpointer user_data)
{
  Tool *tool = user_data;
  SrtlaReceiverStats stats;

  srtla_receiver_get_stats (tool->receiver, &stats);
  printf ("stats: %u groups, %u uplinks, %" G_GUINT64_FORMAT " packets, %"
      G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT " acks, %" G_GUINT64_FORMAT
      " of strangers, %" G_GUINT64_FORMAT " malformed, %" G_GUINT64_FORMAT
      " not taken by the SRT server, %" G_GUINT64_FORMAT " not sent back\n",
      stats.groups, stats.peers, stats.packets, stats.bytes, stats.acks,
      stats.strangers, stats.malformed, tool->lost_to_server,
      tool->lost_to_senders);
  return G_SOURCE_CONTINUE;
}

static gboolean
quit (gpointer user_data)
{
  Tool *tool = user_data;

  g_main_loop_quit (tool->loop);
  return G_SOURCE_CONTINUE;
}

/* ---- Start and end ----------------------------------------------------- */

static void
fill_random (guint8 *bytes, gsize size, gpointer user_data)
{
  gsize done = 0;

  (void) user_data;
  while (done < size) {
    ssize_t got = getrandom (bytes + done, size - done, 0);

    if (got > 0)
      done += (gsize) got;
    else if (errno != EINTR)
      abort ();
  }
}

/* Returns: the first IPv4 address of the SRT server, else its first address. */
static GSocketAddress *
resolve (const gchar *host, guint16 port, GError **error)
{
  GSocketConnectable *connectable = g_network_address_new (host, port);
  GSocketAddressEnumerator *addresses =
      g_socket_connectable_enumerate (connectable);
  GSocketAddress *found = NULL, *next;

  while ((next = g_socket_address_enumerator_next (addresses, NULL, error))) {
    if (found == NULL
        || (g_socket_address_get_family (found) != G_SOCKET_FAMILY_IPV4
            && g_socket_address_get_family (next) == G_SOCKET_FAMILY_IPV4)) {
      g_clear_object (&found);
      found = g_object_ref (next);
    }
    g_object_unref (next);
  }
  if (found != NULL)
    g_clear_error (error);
  g_object_unref (addresses);
  g_object_unref (connectable);
  return found;
}

static GSocket *
bind_socket (GInetAddress *address, guint16 port, GError **error)
{
  GSocketAddress *to = g_inet_socket_address_new (address, port);
  GSocket *socket = g_socket_new (g_inet_address_get_family (address),
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);

  if (socket != NULL && !g_socket_bind (socket, to, FALSE, error))
    g_clear_object (&socket);
  g_object_unref (to);
  return socket;
}

/* All addresses of both families, or of IPv4 where that is all the behaviour
 * or the machine has; or the one that was asked for. */
static GSocket *
listen_for_senders (const ReceiverOptions *options, SrtlaBehaviour behaviour,
    GError **error)
{
  gboolean only_ipv4 = behaviour == SRTLA_BEHAVIOUR_A
      || behaviour == SRTLA_BEHAVIOUR_C || behaviour == SRTLA_BEHAVIOUR_F;
  guint16 port = (guint16) options->srtla_port;
  GInetAddress *address;
  GSocket *socket = NULL;

  if (options->bind_address != NULL) {
    address = g_inet_address_new_from_string (options->bind_address);
    if (address == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
          "--bind takes an IP address, not '%s'", options->bind_address);
      return NULL;
    }
  } else {
    if (!only_ipv4) {
      address = g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
      socket = bind_socket (address, port, NULL);
      g_object_unref (address);
      if (socket != NULL)
        return socket;
    }
    address = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  }
  socket = bind_socket (address, port, error);
  g_object_unref (address);
  return socket;
}

static gboolean
start (Tool *tool, const ReceiverOptions *options, SrtlaBehaviour behaviour,
    GError **error)
{
  GSocketAddress *local;
  GInetSocketAddress *inet;
  gchar *name;

  tool->server = resolve (options->srt_host != NULL ? options->srt_host
      : "127.0.0.1", (guint16) options->srt_port, error);
  if (tool->server == NULL)
    return FALSE;
  tool->socket = listen_for_senders (options, behaviour, error);
  if (tool->socket == NULL)
    return FALSE;
  local = g_socket_get_local_address (tool->socket, error);
  if (local == NULL)
    return FALSE;

  tool->from_port = (guint16) options->from_port;
  g_socket_set_blocking (tool->socket, FALSE);
  g_socket_set_option (tool->socket, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER,
      NULL);
  receiver_peers_init (&tool->peers);
  tool->groups = g_hash_table_new_full (NULL, NULL, NULL, group_free);
  tool->receiver = srtla_receiver_new (behaviour, fill_random, NULL,
      (SrtlaTime) g_get_monotonic_time ());
  srtla_receiver_throttle (tool->receiver, (guint) options->ack_share);

  tool->source = g_socket_create_source (tool->socket, G_IO_IN, NULL);
  g_source_set_callback (tool->source, G_SOURCE_FUNC (sender_readable), tool,
      NULL);
  g_source_attach (tool->source, NULL);
  tool->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_callback (tool->timer, timer_fired, tool, NULL);
  g_source_attach (tool->timer, NULL);
  act (tool);

  inet = G_INET_SOCKET_ADDRESS (local);
  name = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  printf ("listening on %s port %u, behaviour %c\n", name,
      g_inet_socket_address_get_port (inet), 'a' + behaviour);
  g_free (name);
  g_object_unref (local);
  return TRUE;
}

static void
stop (Tool *tool)
{
  if (tool->timer != NULL) {
    g_source_destroy (tool->timer);
    g_source_unref (tool->timer);
    g_source_destroy (tool->source);
    g_source_unref (tool->source);
    srtla_receiver_free (tool->receiver);
    g_hash_table_unref (tool->groups);
    receiver_peers_clear (&tool->peers);
  }
  g_clear_object (&tool->socket);
  g_clear_object (&tool->server);
}

int
main (int argc, char **argv)
{
  ReceiverOptions options = { 5000, 5001, NULL, NULL, NULL, 0, 0, 100 };
  SrtlaBehaviour behaviour = SRTLA_BEHAVIOUR_A;
  Tool tool;
  GError *error = NULL;
  gint status = 0;

  memset (&tool, 0, sizeof tool);
  setvbuf (stdout, NULL, _IOLBF, 0);
  if (receiver_options_parse (&options, &behaviour, &argc, &argv, &error)
      && start (&tool, &options, behaviour, &error)) {
    tool.loop = g_main_loop_new (NULL, FALSE);
    g_unix_signal_add (SIGINT, quit, &tool);
    g_unix_signal_add (SIGTERM, quit, &tool);
    if (options.stats_interval > 0)
      g_timeout_add_seconds ((guint) options.stats_interval, print_stats,
          &tool);
    g_main_loop_run (tool.loop);
    g_main_loop_unref (tool.loop);
  } else {
    fprintf (stderr, "srtla-receiver: %s\n", error->message);
    g_clear_error (&error);
    status = 1;
  }
  stop (&tool);
  receiver_options_clear (&options);
  return status;
}
