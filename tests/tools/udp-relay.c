/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relays UDP datagrams both ways, one socket per client address and port, so
 * that each client looks different to the other end. Commands on standard
 * input, one a line, cut and delay what comes from, and goes to, a source
 * address: datagrams vanish without an error at the sender, as on a real path.
 *
 *   cut ADDRESS|all      restore ADDRESS|all      delay ADDRESS|all MS     quit
 */
#include <gio/gio.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_DATAGRAM 65536      /* bytes */
#define MAX_CLIENTS 256         /* then the longest idle one goes */
#define MAX_WAITING 20000       /* datagrams that wait out a delay, a direction */
#define TURN 64                 /* datagrams taken from a socket in one go */
#define SOCKET_BUFFER (4 << 20) /* bytes; bursts must not be lost in here */

/* What was ordered for one source address. */
typedef struct
{
  gboolean cut;
  gint64 delay;                 /* µs, each way */
} Source;

typedef struct
{
  gint64 due;                   /* monotonic, µs */
  gsize size;
  guint8 data[];
} Datagram;

typedef struct _Relay Relay;

typedef struct
{
  Relay *relay;
  GSocketAddress *address;      /* of the client */
  GSocket *socket;              /* connected to the other end */
  GSource *readable;
  Source *source;               /* of the client's IP address; the relay's */
  GQueue to_server, to_client;  /* Datagrams, oldest first */
  gint64 last_used;             /* monotonic, µs */
} Client;

struct _Relay
{
  GMainLoop *loop;
  GSocket *listener;
  GSocketAddress *server;
  GHashTable *clients;          /* native address as GBytes → Client */
  GHashTable *sources;          /* address as text → Source */
  Source defaults;              /* for sources that come later */
  GSource *timer;               /* for delayed datagrams */
  guint8 buffer[MAX_DATAGRAM];
};

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
relay_datagram (Client *client, gboolean to_server, const guint8 *data,
    gsize size)
{
  GQueue *queue = to_server ? &client->to_server : &client->to_client;
  gint64 now = g_get_monotonic_time ();
  Datagram *datagram;
  gint64 ready;

  client->last_used = now;
  if (client->source->cut)
    return;
  if (client->source->delay == 0 && g_queue_is_empty (queue)) {
    send_now (client, to_server, data, size);
    return;
  }
  if (g_queue_get_length (queue) >= MAX_WAITING)
    return;

  datagram = g_malloc (sizeof *datagram + size);
  datagram->due = now + client->source->delay;
  datagram->size = size;
  memcpy (datagram->data, data, size);
  g_queue_push_tail (queue, datagram);
  ready = g_source_get_ready_time (client->relay->timer);
  if (ready < 0 || datagram->due < ready)
    g_source_set_ready_time (client->relay->timer, datagram->due);
}

static void
first_of (Client *client, gboolean to_server, Client **first,
    gboolean *first_to_server, gint64 *due)
{
  GQueue *queue = to_server ? &client->to_server : &client->to_client;
  Datagram *datagram = g_queue_peek_head (queue);

  if (datagram != NULL && (*due < 0 || datagram->due < *due)) {
    *first = client;
    *first_to_server = to_server;
    *due = datagram->due;
  }
}

/* Sends what is due, in the order it is due: equal delays reorder nothing. */
static gboolean
timer_fired (gpointer user_data)
{
  Relay *relay = user_data;
  gint64 now = g_get_monotonic_time ();

  for (;;) {
    Client *client = NULL;
    gboolean to_server = FALSE;
    gint64 due = -1;
    GHashTableIter iter;
    gpointer value;
    Datagram *datagram;

    g_hash_table_iter_init (&iter, relay->clients);
    while (g_hash_table_iter_next (&iter, NULL, &value)) {
      first_of (value, TRUE, &client, &to_server, &due);
      first_of (value, FALSE, &client, &to_server, &due);
    }
    if (due < 0 || due > now) {
      g_source_set_ready_time (relay->timer, due);
      return G_SOURCE_CONTINUE;
    }
    datagram = g_queue_pop_head (to_server ? &client->to_server
        : &client->to_client);
    if (!client->source->cut)
      send_now (client, to_server, datagram->data, datagram->size);
    g_free (datagram);
  }
}

static gboolean
timer_dispatch (GSource * source, GSourceFunc callback, gpointer user_data)
{
  (void) source;
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { NULL, NULL, timer_dispatch, NULL, NULL, NULL };

/* ---- Clients ----------------------------------------------------------- */

static void
client_free (gpointer data)
{
  Client *client = data;

  g_source_destroy (client->readable);
  g_source_unref (client->readable);
  g_object_unref (client->socket);
  g_object_unref (client->address);
  g_queue_clear_full (&client->to_server, g_free);
  g_queue_clear_full (&client->to_client, g_free);
  g_free (client);
}

static gboolean
server_readable (GSocket * socket, GIOCondition condition, gpointer user_data)
{
  Client *client = user_data;
  guint turn;

  (void) condition;
  for (turn = 0; turn < TURN; turn++) {
    GError *error = NULL;
    gssize size = g_socket_receive (socket, (gchar *) client->relay->buffer,
        MAX_DATAGRAM, NULL, &error);
    gboolean empty = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

    g_clear_error (&error);
    if (empty)
      break;
    if (size >= 0)
      relay_datagram (client, FALSE, client->relay->buffer, (gsize) size);
  }
  return G_SOURCE_CONTINUE;
}

static void
drop_idlest (Relay *relay)
{
  GHashTableIter iter;
  gpointer key, value, idlest = NULL;
  gint64 oldest = G_MAXINT64;

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

static Source *
find_source (Relay *relay, const gchar *address)
{
  Source *source = g_hash_table_lookup (relay->sources, address);

  if (source == NULL) {
    source = g_new (Source, 1);
    *source = relay->defaults;
    g_hash_table_insert (relay->sources, g_strdup (address), source);
  }
  return source;
}

/* Takes over key. Returns: NULL, with a message, if there is no socket. */
static Client *
client_new (Relay *relay, GSocketAddress * address, GBytes * key)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  GError *error = NULL;
  GSocket *socket;
  Client *client;
  gchar *text;

  socket = g_socket_new (g_socket_address_get_family (relay->server),
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
  if (socket == NULL || !g_socket_connect (socket, relay->server, NULL, &error)) {
    g_printerr ("no socket for a new client: %s\n", error->message);
    g_clear_error (&error);
    g_clear_object (&socket);
    g_bytes_unref (key);
    return NULL;
  }
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER, NULL);

  if (g_hash_table_size (relay->clients) >= MAX_CLIENTS)
    drop_idlest (relay);
  text = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  client = g_new0 (Client, 1);
  client->relay = relay;
  client->address = g_object_ref (address);
  client->socket = socket;
  client->source = find_source (relay, text);
  client->readable = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (client->readable, G_SOURCE_FUNC (server_readable),
      client, NULL);
  g_source_attach (client->readable, NULL);
  g_hash_table_insert (relay->clients, key, client);
  g_print ("client %s:%u\n", text, g_inet_socket_address_get_port (inet));
  g_free (text);
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
    GError *error = NULL;
    gssize size = g_socket_receive_from (socket, &address,
        (gchar *) relay->buffer, MAX_DATAGRAM, NULL, &error);
    gboolean empty = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    Client *client;

    g_clear_error (&error);
    if (empty)
      break;
    if (size >= 0 && address != NULL
        && (client = find_client (relay, address)) != NULL)
      relay_datagram (client, TRUE, relay->buffer, (gsize) size);
    g_clear_object (&address);
  }
  return G_SOURCE_CONTINUE;
}

/* ---- Commands ---------------------------------------------------------- */

static void
order (Relay *relay, const gchar *address, const gboolean * cut,
    const gint64 *delay)
{
  gboolean all = strcmp (address, "all") == 0;
  GHashTableIter iter;
  gpointer value;

  if (!all)
    find_source (relay, address);
  g_hash_table_iter_init (&iter, relay->sources);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Source *source = value;

    if (!all && source != g_hash_table_lookup (relay->sources, address))
      continue;
    source->cut = cut ? *cut : source->cut;
    source->delay = delay ? *delay : source->delay;
  }
  if (all) {
    relay->defaults.cut = cut ? *cut : relay->defaults.cut;
    relay->defaults.delay = delay ? *delay : relay->defaults.delay;
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
  gboolean cut = strcmp (line, "") != 0 && strcmp (words[0], "cut") == 0;
  guint64 milliseconds;

  if (n_words == 1 && strcmp (words[0], "quit") == 0) {
    g_main_loop_quit (relay->loop);
  } else if (n_words == 2 && address != NULL
      && (cut || strcmp (words[0], "restore") == 0)) {
    order (relay, address, &cut, NULL);
    g_print ("%s %s\n", words[0], address);
  } else if (n_words == 3 && address != NULL && strcmp (words[0], "delay") == 0
      && g_ascii_string_to_unsigned (words[2], 10, 0, 60000, &milliseconds,
          NULL)) {
    gint64 delay = (gint64) milliseconds * 1000;

    order (relay, address, NULL, &delay);
    g_print ("delay %s %s\n", address, words[2]);
  } else if (n_words > 0) {
    g_printerr ("not a command: %s\n", line);
  }
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

  relay->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_callback (relay->timer, timer_fired, relay, NULL);
  g_source_attach (relay->timer, NULL);

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
  if (relay->timer != NULL) {
    g_source_destroy (relay->timer);
    g_source_unref (relay->timer);
  }
  g_hash_table_unref (relay->clients);
  g_hash_table_unref (relay->sources);
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
  const GOptionEntry entries[] = {
    {"listen", 0, 0, G_OPTION_ARG_STRING, &listen,
        "Take datagrams here; port 0: any", "ADDRESS:PORT"},
    {"to", 0, 0, G_OPTION_ARG_STRING, &to, "Relay them to this", "ADDRESS:PORT"},
    {"delay-ms", 0, 0, G_OPTION_ARG_INT, &delay,
        "Delay of every datagram, each way", "MS"},
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
  relay->sources = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  setvbuf (stdout, NULL, _IOLBF, 0);

  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
  } else if ((local = parse_address (listen)) == NULL
      || (relay->server = parse_address (to)) == NULL || delay < 0) {
    g_printerr ("--listen and --to want ADDRESS:PORT, --delay-ms 0 or more\n");
  } else {
    relay->defaults.delay = (gint64) delay * 1000;
    if (start (relay, local, &error)) {
      run (relay);
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
