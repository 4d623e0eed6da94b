/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-receiver.h"

#include <string.h>
#include <sys/socket.h>

/* The thread looks at its deadline at least this often, µs: other threads may
 * have changed it. */
#define TURN_TIME (20 * SRTLA_MILLISECOND)
#define SOCKET_BUFFER (4 << 20) /* bytes */

struct _ModelReceiver
{
  GThread *thread;
  GSocket *socket;
  GCancellable *stop;

  GMutex lock;                  /* for all that follows */
  GCond arrived;                /* signalled for each SRT packet */
  SrtlaReceiver *core;
  GPtrArray *peers;             /* of GSocketAddress; a SrtlaPeer is index + 1 */
  GPtrArray *packets;           /* of GBytes: what an SRT server would have got */
  GHashTable *distinct;         /* set of data packets */
  guint64 n_distinct;           /* packets, second ones of data left out */
  GHashTable *counts;           /* source address → guint64 packets */
  GHashTable *cut;              /* set of source addresses */
  gboolean cut_all;
  gboolean refuse, drop_data;
  guint group;                  /* the latest that was opened */
};

static SrtlaTime
now (void)
{
  return (SrtlaTime) g_get_monotonic_time ();
}

static void
fill_random (guint8 *bytes, gsize size, gpointer user_data)
{
  gsize i;

  (void) user_data;
  for (i = 0; i < size; i++)
    bytes[i] = (guint8) g_random_int ();
}

static gchar *
source_of (GSocketAddress * address)
{
  return g_inet_address_to_string (g_inet_socket_address_get_address
      (G_INET_SOCKET_ADDRESS (address)));
}

static gboolean
is_cut (ModelReceiver *model, GSocketAddress * address)
{
  gchar *source = source_of (address);
  gboolean cut = model->cut_all || g_hash_table_contains (model->cut, source);

  g_free (source);
  return cut;
}

static gboolean
same_address (gconstpointer a, gconstpointer b)
{
  GInetSocketAddress *one = G_INET_SOCKET_ADDRESS ((gpointer) a);
  GInetSocketAddress *other = G_INET_SOCKET_ADDRESS ((gpointer) b);

  return g_inet_socket_address_get_port (one) ==
      g_inet_socket_address_get_port (other)
      && g_inet_address_equal (g_inet_socket_address_get_address (one),
      g_inet_socket_address_get_address (other));
}

static SrtlaPeer
find_peer (ModelReceiver *model, GSocketAddress * address)
{
  guint index;

  if (!g_ptr_array_find_with_equal_func (model->peers, address, same_address,
          &index)) {
    index = model->peers->len;
    g_ptr_array_add (model->peers, g_object_ref (address));
  }
  return index + 1;
}

/* ---- With the lock held ------------------------------------------------ */

static void
send_to (ModelReceiver *model, GSocketAddress * address, const guint8 *data,
    gsize size)
{
  if (!is_cut (model, address))
    g_socket_send_to (model->socket, address, (const gchar *) data, size, NULL,
        NULL);
}

static void
take_outputs (ModelReceiver *model)
{
  SrtlaReceiverOutput output;
  GBytes *packet;

  while (srtla_receiver_next_output (model->core, &output)) {
    if (output.kind == SRTLA_RECEIVER_TO_PEER) {
      send_to (model, g_ptr_array_index (model->peers, output.peer - 1),
          output.data, output.size);
    } else if (output.kind == SRTLA_RECEIVER_TO_SERVER) {
      packet = g_bytes_new (output.data, output.size);
      g_ptr_array_add (model->packets, packet);
      if (srtla_packet_kind (output.data, output.size) != SRTLA_KIND_SRT_DATA
          || g_hash_table_add (model->distinct, packet))
        model->n_distinct++;
      g_cond_broadcast (&model->arrived);
    } else if (output.kind == SRTLA_RECEIVER_GROUP_OPENED) {
      model->group = output.group;
    }
  }
}

static void
receive (ModelReceiver *model, GSocketAddress * address, const guint8 *data,
    gsize size)
{
  guint before = model->packets->len;
  gchar *source;
  guint64 *count;

  if (is_cut (model, address))
    return;
  if (model->refuse && size == SRTLA_REG_SIZE) {
    const guint8 error[2] = { 0x92, 0x10 };

    find_peer (model, address);
    send_to (model, address, error, sizeof error);
    return;
  }
  if (model->drop_data && srtla_kind_is_srt (srtla_packet_kind (data, size)))
    return;
  srtla_receiver_receive (model->core, find_peer (model, address), data, size,
      now ());
  take_outputs (model);

  source = source_of (address);
  count = g_hash_table_lookup (model->counts, source);
  if (count == NULL) {
    count = g_new0 (guint64, 1);
    g_hash_table_insert (model->counts, g_strdup (source), count);
  }
  *count += model->packets->len - before;
  g_free (source);
}

/* ---- The thread -------------------------------------------------------- */

static void
take_datagrams (ModelReceiver *model)
{
  guint8 buffer[65536];

  for (;;) {
    GSocketAddress *address = NULL;
    GError *error = NULL;
    gssize size = g_socket_receive_from (model->socket, &address,
        (gchar *) buffer, sizeof buffer, NULL, &error);
    gboolean empty = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);

    g_clear_error (&error);
    if (size >= 0 && address != NULL) {
      g_mutex_lock (&model->lock);
      receive (model, address, buffer, (gsize) size);
      g_mutex_unlock (&model->lock);
    }
    g_clear_object (&address);
    if (empty)
      return;
  }
}

static gpointer
run (gpointer data)
{
  ModelReceiver *model = data;

  while (!g_cancellable_is_cancelled (model->stop)) {
    SrtlaTime deadline, time;
    gint64 wait;

    g_mutex_lock (&model->lock);
    time = now ();
    srtla_receiver_tick (model->core, time);
    take_outputs (model);
    deadline = srtla_receiver_deadline (model->core);
    g_mutex_unlock (&model->lock);

    wait = (gint64) (deadline <= time ? 0 : MIN (deadline - time, TURN_TIME));
    if (g_socket_condition_timed_wait (model->socket, G_IO_IN, wait,
            model->stop, NULL))
      take_datagrams (model);
  }
  return NULL;
}

/* ---- For the test ------------------------------------------------------ */

ModelReceiver *
model_receiver_new (SrtlaBehaviour behaviour, const gchar *address, guint port)
{
  ModelReceiver *model = g_new0 (ModelReceiver, 1);
  GSocketAddress *local = g_inet_socket_address_new_from_string (address, port);
  GError *error = NULL;

  g_assert_nonnull (local);
  model->socket = g_socket_new (g_socket_address_get_family (local),
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
  g_assert_no_error (error);
  g_socket_set_blocking (model->socket, FALSE);
  g_socket_set_option (model->socket, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER,
      NULL);
  g_socket_bind (model->socket, local, FALSE, &error);
  g_assert_no_error (error);
  g_object_unref (local);

  g_mutex_init (&model->lock);
  g_cond_init (&model->arrived);
  model->peers = g_ptr_array_new_with_free_func (g_object_unref);
  model->packets =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  model->distinct = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  model->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      g_free);
  model->cut = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  model->core = srtla_receiver_new (behaviour, fill_random, NULL, now ());
  model->stop = g_cancellable_new ();
  /* Held, so that it does not come and go with each wait: tests count. */
  g_cancellable_get_fd (model->stop);
  model->thread = g_thread_new ("model-receiver", run, model);
  return model;
}

void
model_receiver_free (ModelReceiver *model)
{
  g_cancellable_cancel (model->stop);
  g_thread_join (model->thread);
  srtla_receiver_free (model->core);
  g_cancellable_release_fd (model->stop);
  g_object_unref (model->stop);
  g_object_unref (model->socket);
  g_ptr_array_unref (model->peers);
  g_hash_table_unref (model->distinct);
  g_ptr_array_unref (model->packets);
  g_hash_table_unref (model->counts);
  g_hash_table_unref (model->cut);
  g_mutex_clear (&model->lock);
  g_cond_clear (&model->arrived);
  g_free (model);
}

guint
model_receiver_port (ModelReceiver *model)
{
  GSocketAddress *local = g_socket_get_local_address (model->socket, NULL);
  guint port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local));

  g_object_unref (local);
  return port;
}

void
model_receiver_cut (ModelReceiver *model, const gchar *source, gboolean cut)
{
  g_mutex_lock (&model->lock);
  if (source == NULL)
    model->cut_all = cut;
  else if (cut)
    g_hash_table_add (model->cut, g_strdup (source));
  else
    g_hash_table_remove (model->cut, source);
  g_mutex_unlock (&model->lock);
}

void
model_receiver_drop_data (ModelReceiver *model, gboolean drop)
{
  g_mutex_lock (&model->lock);
  model->drop_data = drop;
  g_mutex_unlock (&model->lock);
}

void
model_receiver_refuse (ModelReceiver *model, gboolean refuse)
{
  g_mutex_lock (&model->lock);
  model->refuse = refuse;
  g_mutex_unlock (&model->lock);
}

guint64
model_receiver_packets (ModelReceiver *model, const gchar *source)
{
  guint64 packets, *count;

  g_mutex_lock (&model->lock);
  packets = model->packets->len;
  if (source != NULL) {
    count = g_hash_table_lookup (model->counts, source);
    packets = count != NULL ? *count : 0;
  }
  g_mutex_unlock (&model->lock);
  return packets;
}

gboolean
model_receiver_wait_packets (ModelReceiver *model, guint64 packets,
    gint64 timeout)
{
  gint64 end = g_get_monotonic_time () + timeout;
  gboolean arrived = TRUE;

  g_mutex_lock (&model->lock);
  while (model->n_distinct < packets && arrived)
    arrived = g_cond_wait_until (&model->arrived, &model->lock, end);
  arrived = model->n_distinct >= packets;
  g_mutex_unlock (&model->lock);
  return arrived;
}

GBytes *
model_receiver_get_packet (ModelReceiver *model, guint64 index)
{
  GBytes *packet;

  g_mutex_lock (&model->lock);
  g_assert_cmpuint (index, <, model->packets->len);
  packet = g_bytes_ref (g_ptr_array_index (model->packets, (guint) index));
  g_mutex_unlock (&model->lock);
  return packet;
}

void
model_receiver_relay (ModelReceiver *model, const guint8 *data, gsize size)
{
  g_mutex_lock (&model->lock);
  srtla_receiver_relay (model->core, model->group, data, size, now ());
  take_outputs (model);
  g_mutex_unlock (&model->lock);
}

void
model_receiver_inject (ModelReceiver *model, const guint8 *data, gsize size)
{
  guint i;

  g_mutex_lock (&model->lock);
  for (i = 0; i < model->peers->len; i++)
    send_to (model, g_ptr_array_index (model->peers, i), data, size);
  g_mutex_unlock (&model->lock);
}

void
model_receiver_get_stats (ModelReceiver *model, SrtlaReceiverStats *stats)
{
  g_mutex_lock (&model->lock);
  srtla_receiver_get_stats (model->core, stats);
  g_mutex_unlock (&model->lock);
}
