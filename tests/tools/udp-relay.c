/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relays UDP datagrams both ways, one socket per client address and port, so
 * that each client looks different to the other end. Commands on standard
 * input, one a line, spoil what comes from, and goes to, a source address:
 * datagrams are late or vanish without an error at the sender, as on a real
 * path. `all`: every address, also those to come.
 *
 *   cut ADDRESS|all              nothing passes; restore ADDRESS|all: all does
 *   keepalives ADDRESS|all       of what goes out, only SRTLA's own packets
 *   rate ADDRESS|all KBIT/S      of IP packets: 28 bytes more than a datagram
 *   queue ADDRESS|all MS         longest wait for that rate (300); 0: no bound
 *   delay ADDRESS|all MS         one way; and jitter ADDRESS|all MS: ± that
 *   loss ADDRESS|all PERCENT     random
 *   rebind ADDRESS|all           a new source port, as a NAT gives at times
 *   quit
 *
 * rate, queue, delay, jitter and loss are for each direction, or for one if
 * `out` or `back` follows.
 */
#include <gio/gio.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "relay-shaper.h"

#define MAX_CLIENTS 256         /* then the longest idle one goes */
#define TURN 64                 /* datagrams taken from a socket in one go */
#define SOCKET_BUFFER (4 << 20) /* bytes; bursts must not be lost in here */

typedef struct _Relay Relay;

typedef struct
{
  Relay *relay;
  guint64 number;               /* never used again */
  GSocketAddress *address;      /* of the client */
  GSocket *socket;              /* connected to the other end */
  GSource *readable;
  RelayPath *path;              /* of the client's IP address; the shaper's */
  gchar *host;                  /* that address */
  SrtlaTime last_used;
} Client;

struct _Relay
{
  GMainLoop *loop;
  GSocket *listener;
  GSocketAddress *server;
  GHashTable *clients;          /* native address as GBytes → Client */
  GHashTable *by_number;        /* Client.number → Client */
  guint64 last_number;
  RelayShaper *shaper;
  int timer;                    /* for what is under way */
  SrtlaTime armed;              /* when it fires */
  guint64 relayed;              /* datagrams */
  SrtlaTime latest;             /* µs; the longest that one was sent too late */
  guint8 buffer[SRTLA_MAX_DATAGRAM + 1];
};

static SrtlaTime
now (void)
{
  return (SrtlaTime) g_get_monotonic_time ();
}

/* ---- Sending ----------------------------------------------------------- */

static void
send_now (Client *client, gboolean to_server, const guint8 *data, gsize size)
{
  GSocket *socket = to_server ? client->socket : client->relay->listener;
  GSocketAddress *address = to_server ? NULL : client->address;
  GError *error = NULL;

  /* While nothing listens there, every second send on a connected socket only
   * reports the refusal of the one before. */
  if (g_socket_send_to (socket, address, (const gchar *) data, size, NULL,
          &error) < 0
      && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    g_socket_send_to (socket, address, (const gchar *) data, size, NULL, NULL);
  g_clear_error (&error);
}

static void
arm_timer (Relay *relay)
{
  SrtlaTime deadline = relay_shaper_deadline (relay->shaper);
  struct itimerspec when;

  if (deadline == relay->armed)
    return;
  relay->armed = deadline;
  memset (&when, 0, sizeof when);       /* never */
  if (deadline != SRTLA_TIME_NONE) {
    when.it_value.tv_sec = (time_t) (deadline / SRTLA_SECOND);
    when.it_value.tv_nsec = (long) (deadline % SRTLA_SECOND) * 1000;
  }
  timerfd_settime (relay->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Sends what has arrived at the other end of its path. */
static void
send_arrived (Relay *relay)
{
  RelayArrival arrival;

  while (relay_shaper_pop (relay->shaper, now (), &arrival)) {
    Client *client = g_hash_table_lookup (relay->by_number,
        &arrival.packet->tag);

    if (client != NULL)
      send_now (client, arrival.direction == RELAY_OUT, arrival.packet->data,
          arrival.packet->size);
    relay->relayed++;
    relay->latest = MAX (relay->latest, now () - arrival.due);
    sim_packet_unref (arrival.packet);
  }
  arm_timer (relay);
}

static gboolean
timer_fired (gint timer, GIOCondition condition, gpointer user_data)
{
  Relay *relay = user_data;
  guint64 times;

  (void) condition;
  if (read (timer, &times, sizeof times) == sizeof times)
    relay->armed = SRTLA_TIME_NONE;
  send_arrived (relay);
  return G_SOURCE_CONTINUE;
}

/* Reads what there is from a socket, a turn at most. Returns: the bytes, or -1:
 * no more. Errors of a connected socket are those of earlier sends. */
static gssize
receive (Relay *relay, GSocket *socket, GSocketAddress **address)
{
  guint attempt;

  for (attempt = 0; attempt < TURN; attempt++) {
    GError *error = NULL;
    gssize size = g_socket_receive_from (socket, address,
        (gchar *) relay->buffer, sizeof relay->buffer, NULL, &error);
    gboolean empty = g_error_matches (error, G_IO_ERROR,
        G_IO_ERROR_WOULD_BLOCK);

    g_clear_error (&error);
    if (empty)
      return -1;
    if (size >= 0 && size <= SRTLA_MAX_DATAGRAM)
      return size;
    if (address != NULL)
      g_clear_object (address);
  }
  return -1;
}

/* ---- Clients ----------------------------------------------------------- */

static void
close_socket (Client *client)
{
  g_source_destroy (client->readable);
  g_source_unref (client->readable);
  g_object_unref (client->socket);
}

static void
client_free (gpointer data)
{
  Client *client = data;

  close_socket (client);
  g_hash_table_remove (client->relay->by_number, &client->number);
  g_object_unref (client->address);
  g_free (client->host);
  g_free (client);
}

static gboolean
server_readable (GSocket * socket, GIOCondition condition, gpointer user_data)
{
  Client *client = user_data;
  Relay *relay = client->relay;
  gssize size;
  guint turn;

  (void) condition;
  for (turn = 0; turn < TURN; turn++) {
    if ((size = receive (relay, socket, NULL)) < 0)
      break;
    client->last_used = now ();
    relay_shaper_push (relay->shaper, client->path, RELAY_BACK, client->number,
        relay->buffer, (gsize) size, client->last_used);
  }
  send_arrived (relay);
  return G_SOURCE_CONTINUE;
}

/* Returns: FALSE, with a message, if there is no socket. */
static gboolean
open_socket (Client *client)
{
  GSocketAddress *server = client->relay->server;
  GError *error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (server),
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);

  if (socket == NULL || !g_socket_connect (socket, server, NULL, &error)) {
    g_printerr ("no socket for a client: %s\n", error->message);
    g_clear_error (&error);
    g_clear_object (&socket);
    return FALSE;
  }
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER, NULL);
  client->socket = socket;
  client->readable = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (client->readable, G_SOURCE_FUNC (server_readable),
      client, NULL);
  g_source_attach (client->readable, NULL);
  return TRUE;
}

static void
drop_idlest (Relay *relay)
{
  GHashTableIter iter;
  gpointer key, value, idlest = NULL;
  SrtlaTime oldest = SRTLA_TIME_NONE;

  g_hash_table_iter_init (&iter, relay->clients);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    if (((Client *) value)->last_used < oldest) {
      oldest = ((Client *) value)->last_used;
      idlest = key;
    }
  }
  if (idlest != NULL)
    g_hash_table_remove (relay->clients, idlest);
}

/* Takes over key. Returns: NULL, with a message, if there is no socket. */
static Client *
client_new (Relay *relay, GSocketAddress * address, GBytes * key)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  Client *client = g_new0 (Client, 1);

  client->relay = relay;
  if (!open_socket (client)) {
    g_free (client);
    g_bytes_unref (key);
    return NULL;
  }
  if (g_hash_table_size (relay->clients) >= MAX_CLIENTS)
    drop_idlest (relay);
  client->host =
      g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  client->number = ++relay->last_number;
  client->address = g_object_ref (address);
  client->path = relay_shaper_find (relay->shaper, client->host, now ());
  g_hash_table_insert (relay->clients, key, client);
  g_hash_table_insert (relay->by_number, &client->number, client);
  g_print ("client %s:%u\n", client->host,
      g_inet_socket_address_get_port (inet));
  return client;
}

static Client *
find_client (Relay *relay, GSocketAddress * address)
{
  gsize size = (gsize) g_socket_address_get_native_size (address);
  gpointer native = g_malloc0 (size);
  GBytes *key = g_bytes_new_take (native, size);
  Client *client;

  if (!g_socket_address_to_native (address, native, size, NULL)) {
    g_bytes_unref (key);
    return NULL;
  }
  client = g_hash_table_lookup (relay->clients, key);
  if (client == NULL)
    return client_new (relay, address, key);
  g_bytes_unref (key);
  return client;
}

static gboolean
listener_readable (GSocket * socket, GIOCondition condition, gpointer user_data)
{
  Relay *relay = user_data;
  guint turn;

  (void) condition;
  for (turn = 0; turn < TURN; turn++) {
    GSocketAddress *address = NULL;
    gssize size = receive (relay, socket, &address);
    Client *client;

    if (size < 0)
      break;
    if (address != NULL && (client = find_client (relay, address)) != NULL) {
      client->last_used = now ();
      relay_shaper_push (relay->shaper, client->path, RELAY_OUT,
          client->number, relay->buffer, (gsize) size, client->last_used);
    }
    g_clear_object (&address);
  }
  send_arrived (relay);
  return G_SOURCE_CONTINUE;
}

/* ---- Commands ---------------------------------------------------------- */

/* From now on its datagrams come from other ports; what is sent to the old
 * ones vanishes. */
static void
rebind (Relay *relay, const gchar *address)
{
  gboolean all = strcmp (address, "all") == 0;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, relay->clients);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Client *client = value, old = *client;

    if ((all || strcmp (client->host, address) == 0) && open_socket (client))
      close_socket (&old);
  }
}

/* Returns: the address as the relay writes it, or "all"; NULL if it is none. */
static gchar *
normal_address (const gchar *word)
{
  GInetAddress *address;
  gchar *text;

  if (strcmp (word, "all") == 0)
    return g_strdup (word);
  address = g_inet_address_new_from_string (word);
  if (address == NULL)
    return NULL;
  text = g_inet_address_to_string (address);
  g_object_unref (address);
  return text;
}

static void
obey (Relay *relay, const gchar *line)
{
  gchar **words = g_strsplit_set (line, " \t", -1);
  guint n_words = g_strv_length (words);
  gchar *address = n_words > 1 ? normal_address (words[1]) : NULL;
  gboolean good = FALSE;

  if (n_words == 1 && strcmp (words[0], "quit") == 0) {
    g_main_loop_quit (relay->loop);
    good = TRUE;
  } else if (n_words == 2 && address != NULL
      && strcmp (words[0], "rebind") == 0) {
    rebind (relay, address);
    good = TRUE;
  } else if (address != NULL) {
    good = relay_shaper_order (relay->shaper, words[0], address,
        (const gchar * const *) words + 2, now ());
    send_arrived (relay);
  }
  if (good)
    g_print ("%s\n", line);
  else if (n_words > 0)
    g_printerr ("not a command: %s\n", line);
  g_free (address);
  g_strfreev (words);
}

static gboolean
command_readable (GIOChannel * channel, GIOCondition condition, gpointer user_data)
{
  gchar *line = NULL;
  GIOStatus status;

  (void) condition;
  do {
    status = g_io_channel_read_line (channel, &line, NULL, NULL, NULL);
    if (status == G_IO_STATUS_NORMAL)
      obey (user_data, g_strstrip (line));
    g_clear_pointer (&line, g_free);
  } while (status == G_IO_STATUS_NORMAL);
  /* At the end of the commands the relay goes on as it is. */
  return status == G_IO_STATUS_AGAIN ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
terminated (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

/* ---- Start ------------------------------------------------------------- */

/* Reads ADDRESS:PORT or [ADDRESS]:PORT, numbers only. Returns: NULL for
 * anything else. */
static GSocketAddress *
parse_address (const gchar *text)
{
  const gchar *colon = text != NULL ? strrchr (text, ':') : NULL;
  GSocketAddress *address;
  guint64 port;
  gchar *host;

  if (colon == NULL
      || !g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &port, NULL))
    return NULL;
  if (*text == '[' && colon > text + 1 && colon[-1] == ']')
    host = g_strndup (text + 1, (gsize) (colon - text) - 2);
  else
    host = g_strndup (text, (gsize) (colon - text));
  address = g_inet_socket_address_new_from_string (host, (guint) port);
  g_free (host);
  return address;
}

static gboolean
start (Relay *relay, GSocketAddress * listen, GError **error)
{
  GSocketAddress *local;
  GSource *readable;
  gchar *from, *to;

  relay->listener = g_socket_new (g_socket_address_get_family (listen),
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  if (relay->listener == NULL
      || !g_socket_bind (relay->listener, listen, FALSE, error)
      || (local = g_socket_get_local_address (relay->listener, error)) == NULL)
    return FALSE;
  g_socket_set_blocking (relay->listener, FALSE);
  g_socket_set_option (relay->listener, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER,
      NULL);
  readable = g_socket_create_source (relay->listener, G_IO_IN, NULL);
  g_source_set_callback (readable, G_SOURCE_FUNC (listener_readable), relay,
      NULL);
  g_source_attach (readable, NULL);
  g_source_unref (readable);

  g_unix_fd_add (relay->timer, G_IO_IN, timer_fired, relay);

  from = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
  to = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (relay->server));
  g_print ("relaying %s to %s\n", from, to);
  g_free (from);
  g_free (to);
  g_object_unref (local);
  return TRUE;
}

static void
run (Relay *relay)
{
  GIOChannel *commands = g_io_channel_unix_new (0);
  guint interrupt, terminate;

  g_io_channel_set_encoding (commands, NULL, NULL);
  g_io_channel_set_flags (commands, G_IO_FLAG_NONBLOCK, NULL);
  g_io_add_watch (commands, G_IO_IN | G_IO_HUP | G_IO_ERR, command_readable,
      relay);
  interrupt = g_unix_signal_add (SIGINT, terminated, relay->loop);
  terminate = g_unix_signal_add (SIGTERM, terminated, relay->loop);
  g_main_loop_run (relay->loop);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_io_channel_unref (commands);
}

static void
relay_free (Relay *relay)
{
  g_hash_table_unref (relay->clients);
  g_hash_table_unref (relay->by_number);
  if (relay->shaper != NULL)
    relay_shaper_free (relay->shaper);
  close (relay->timer);
  g_clear_object (&relay->listener);
  g_clear_object (&relay->server);
  g_main_loop_unref (relay->loop);
  g_free (relay);
}

int
main (int argc, char **argv)
{
  gchar *listen = NULL, *to = NULL;
  gint delay = 0;
  gint64 seed = 1;
  const GOptionEntry entries[] = {
    {"listen", 0, 0, G_OPTION_ARG_STRING, &listen,
        "Take datagrams here; port 0: any", "ADDRESS:PORT"},
    {"to", 0, 0, G_OPTION_ARG_STRING, &to, "Relay them to this", "ADDRESS:PORT"},
    {"delay-ms", 0, 0, G_OPTION_ARG_INT, &delay,
        "Delay of every datagram, each way", "MS"},
    {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "For losses and jitter (1)",
        "NUMBER"},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}
  };
  GOptionContext *options = g_option_context_new ("- relays UDP, and cuts it");
  GSocketAddress *local = NULL;
  GError *error = NULL;
  Relay *relay = g_new0 (Relay, 1);
  int status = EXIT_FAILURE;

  relay->loop = g_main_loop_new (NULL, FALSE);
  relay->clients = g_hash_table_new_full (g_bytes_hash, g_bytes_equal,
      (GDestroyNotify) g_bytes_unref, client_free);
  relay->by_number = g_hash_table_new (g_int64_hash, g_int64_equal);
  relay->timer = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  relay->armed = SRTLA_TIME_NONE;
  setvbuf (stdout, NULL, _IOLBF, 0);

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
  } else if ((local = parse_address (listen)) == NULL
      || (relay->server = parse_address (to)) == NULL || delay < 0) {
    g_printerr ("--listen and --to want ADDRESS:PORT, --delay-ms 0 or more\n");
  } else {
    gchar *value = g_strdup_printf ("%d", delay);
    const gchar *const arguments[] = { value, NULL };

    relay->shaper = relay_shaper_new ((guint64) seed);
    relay_shaper_order (relay->shaper, "delay", "all", arguments, now ());
    g_free (value);
    if (start (relay, local, &error)) {
      run (relay);
      g_print ("relayed %" G_GUINT64_FORMAT " datagrams, none more than %"
          G_GUINT64_FORMAT " us late\n", relay->relayed, relay->latest);
      status = EXIT_SUCCESS;
    } else {
      g_printerr ("cannot listen on %s: %s\n", listen, error->message);
    }
  }

  g_clear_error (&error);
  g_clear_object (&local);
  g_option_context_free (options);
  g_free (listen);
  g_free (to);
  relay_free (relay);
  return status;
}
