/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* srtpacketsrc: what SRT callers send comes out, and replies go back. */
#include <gst/net/net.h>

#include "element-testing.h"

#define PACKETS 500u

/* Takes what the source pushes. */
typedef struct
{
  GstElement *source;
  GstPad *pad;
  GMutex lock;
  GCond arrived;
  GPtrArray *buffers;           /* in order */
  guint lists;
  GPtrArray *kept;              /* those lists; NULL = they are let go */
  GstCaps *caps;
  gboolean ended;
} Taker;

static void
take (Taker *taker, GstBuffer *buffer)
{
  g_mutex_lock (&taker->lock);
  g_ptr_array_add (taker->buffers, buffer);
  g_cond_signal (&taker->arrived);
  g_mutex_unlock (&taker->lock);
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  (void) parent;
  take (gst_pad_get_element_private (pad), buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  Taker *taker = gst_pad_get_element_private (pad);
  guint i;

  (void) parent;
  g_mutex_lock (&taker->lock);
  taker->lists++;
  if (taker->kept != NULL)
    g_ptr_array_add (taker->kept, gst_buffer_list_ref (list));
  g_mutex_unlock (&taker->lock);
  for (i = 0; i < gst_buffer_list_length (list); i++)
    take (taker, gst_buffer_ref (gst_buffer_list_get (list, i)));
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static gboolean
event (GstPad *pad, GstObject *parent, GstEvent *news)
{
  Taker *taker = gst_pad_get_element_private (pad);
  GstCaps *caps;

  (void) parent;
  if (GST_EVENT_TYPE (news) == GST_EVENT_CAPS) {
    gst_event_parse_caps (news, &caps);
    g_mutex_lock (&taker->lock);
    gst_caps_replace (&taker->caps, caps);
    g_mutex_unlock (&taker->lock);
  } else if (GST_EVENT_TYPE (news) == GST_EVENT_EOS) {
    g_mutex_lock (&taker->lock);
    taker->ended = TRUE;
    g_cond_signal (&taker->arrived);
    g_mutex_unlock (&taker->lock);
  }
  gst_event_unref (news);
  return TRUE;
}

static void
taker_start (Taker *taker, const gchar *address, guint coalesce)
{
  GstPad *source_pad;
  GstClock *clock = gst_system_clock_obtain ();

  memset (taker, 0, sizeof *taker);
  g_mutex_init (&taker->lock);
  g_cond_init (&taker->arrived);
  taker->buffers = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_buffer_unref);
  taker->source = gst_element_factory_make ("srtpacketsrc", NULL);
  g_assert_nonnull (taker->source);
  gst_object_ref_sink (taker->source);
  g_object_set (taker->source, "address", address, "port", 0,
      "coalesce-time", coalesce, NULL);
  taker->pad = gst_pad_new ("taker", GST_PAD_SINK);
  gst_object_ref_sink (taker->pad);
  gst_pad_set_element_private (taker->pad, taker);
  gst_pad_set_chain_function (taker->pad, chain);
  gst_pad_set_chain_list_function (taker->pad, chain_list);
  gst_pad_set_event_function (taker->pad, event);
  gst_pad_set_active (taker->pad, TRUE);
  source_pad = gst_element_get_static_pad (taker->source, "src");
  g_assert_cmpint (gst_pad_link (source_pad, taker->pad), ==,
      GST_PAD_LINK_OK);
  gst_object_unref (source_pad);
  gst_element_set_clock (taker->source, clock);
  gst_element_set_base_time (taker->source, gst_clock_get_time (clock));
  gst_object_unref (clock);
  g_assert_cmpint (gst_element_set_state (taker->source, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
}

static void
taker_stop (Taker *taker)
{
  g_assert_cmpint (gst_element_set_state (taker->source, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_ptr_array_unref (taker->buffers);
  gst_pad_set_active (taker->pad, FALSE);
  gst_object_unref (taker->pad);
  g_assert_cmpint (GST_OBJECT_REFCOUNT_VALUE (taker->source), ==, 1);
  gst_object_unref (taker->source);
  gst_clear_caps (&taker->caps);
  g_mutex_clear (&taker->lock);
  g_cond_clear (&taker->arrived);
}

static void
taker_wait (Taker *taker, guint packets)
{
  gint64 until = g_get_monotonic_time () + testing_patience ();

  g_mutex_lock (&taker->lock);
  while (taker->buffers->len < packets) {
    if (!g_cond_wait_until (&taker->arrived, &taker->lock, until))
      g_error ("%u packets came, not %u", taker->buffers->len, packets);
  }
  g_mutex_unlock (&taker->lock);
}

static guint
port_of (GSocket *socket)
{
  GSocketAddress *address = g_socket_get_local_address (socket, NULL);
  guint port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS
      (address));

  g_object_unref (address);
  return port;
}

/* Returns: a socket connected to where the source listens. */
static GSocket *
caller_of (GstElement *source, GSocketFamily family)
{
  GInetAddress *loopback = g_inet_address_new_loopback (family);
  GError *error = NULL;
  GSocketAddress *address;
  GSocket *used, *caller;

  g_object_get (source, "used-socket", &used, NULL);
  g_assert_nonnull (used);
  address = g_inet_socket_address_new (loopback, (guint16) port_of (used));
  caller = g_socket_new (family, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_connect (caller, address, NULL, &error));
  g_socket_set_timeout (caller, (guint) (testing_patience ()
          / G_USEC_PER_SEC) + 1);
  g_object_unref (address);
  g_object_unref (loopback);
  g_object_unref (used);
  return caller;
}

static GSocket *
caller_new (GstElement *source)
{
  GSocketFamily family;
  GSocket *used;

  g_object_get (source, "used-socket", &used, NULL);
  g_assert_nonnull (used);
  family = g_socket_get_family (used);
  g_object_unref (used);
  return caller_of (source, family);
}

static gsize
packet_of (guint8 *out, guint32 i)
{
  return testing_data_packet (out, i % 9 == 4 ? 1500 : i % 5 == 2 ? 60
      : TESTING_PACKET_SIZE, 1000 + i, 7, 0, FALSE);
}

static void
send_packets (GSocket *caller, guint32 first, guint32 n)
{
  guint8 data[TESTING_MAX_PACKET];
  GError *error = NULL;
  guint32 i;

  for (i = first; i < first + n; i++) {
    g_socket_send (caller, (const gchar *) data, packet_of (data, i), NULL,
        &error);
    g_assert_no_error (error);
  }
}

/* In batches that any system's buffers hold. */
static void
send_and_wait (Taker *taker, GSocket *caller, guint32 n)
{
  guint32 i;

  for (i = 0; i < n; i += 20) {
    send_packets (caller, i, MIN (20, n - i));
    taker_wait (taker, MIN (i + 20, n));
  }
}

static void
check_buffers (Taker *taker, GSocket *caller)
{
  guint port = port_of (caller);
  guint8 expected[TESTING_MAX_PACKET];
  GstClockTime latest = 0;
  guint i;

  for (i = 0; i < taker->buffers->len; i++) {
    GstBuffer *buffer = taker->buffers->pdata[i];
    GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    g_assert_cmpmem (map.data, map.size, expected, packet_of (expected, i));
    gst_buffer_unmap (buffer, &map);
    g_assert_cmpuint (gst_buffer_n_memory (buffer), ==, 1);
    g_assert_nonnull (meta);
    g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS
            (meta->addr)), ==, port);
    g_assert_true (GST_BUFFER_PTS_IS_VALID (buffer));
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), >=, latest);
    latest = GST_BUFFER_PTS (buffer);
  }
}

static void
run_packets (const gchar *address, guint coalesce)
{
  GSocket *caller;
  Taker taker;

  taker_start (&taker, address, coalesce);
  caller = caller_new (taker.source);
  send_and_wait (&taker, caller, PACKETS);
  check_buffers (&taker, caller);
  g_object_unref (caller);
  taker_stop (&taker);
}

static void
test_packets (void)
{
  run_packets ("127.0.0.1", 1000);
  run_packets ("127.0.0.1", 0);
}

static gboolean
has_ipv6 (void)
{
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, NULL);
  GInetAddress *loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6);
  GSocketAddress *any = g_inet_socket_address_new (loopback, 0);
  gboolean there = socket != NULL && g_socket_bind (socket, any, FALSE, NULL);

  g_object_unref (any);
  g_object_unref (loopback);
  g_clear_object (&socket);
  if (!there)
    g_test_skip ("no IPv6 here");
  return there;
}

static void
test_ipv6 (void)
{
  if (has_ipv6 ())
    run_packets ("::1", 1000);
}

/* What came before it looked is one list; buffers come back to the pool whole,
 * and nobody sees what another caller left in them. */
static void
test_lists (void)
{
  GSocket *caller;
  Taker taker;
  guint round;

  taker_start (&taker, "127.0.0.1", 50000);
  caller = caller_new (taker.source);
  for (round = 0; round < 20; round++) {
    send_packets (caller, 0, 40);
    taker_wait (&taker, 40);
    check_buffers (&taker, caller);
    g_mutex_lock (&taker.lock);
    g_ptr_array_set_size (taker.buffers, 0);
    g_mutex_unlock (&taker.lock);
  }
  /* The first packet may come alone, the others gather. */
  g_assert_cmpuint (taker.lists, >=, 20);
  g_assert_cmpuint (taker.lists, <=, 20 * 40 / 2);
  g_object_unref (caller);
  taker_stop (&taker);
}

static gboolean
is_only_meta (GstBuffer *buffer, GstMeta **meta, gpointer user_data)
{
  (void) buffer;
  (void) user_data;
  return (*meta)->info->api == GST_NET_ADDRESS_META_API_TYPE;
}

/* What somebody did with a buffer: a part of it is kept, or it gets flags and
 * metas, or another memory. */
static void
lay_hands_on (GstBuffer *buffer, guint i, GPtrArray *parts)
{
  static GstStaticCaps reference = GST_STATIC_CAPS ("timestamp/x-test");
  GstBuffer *part;
  GstCaps *caps;

  switch (i % 4) {
    case 0:
      part = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, 4, 40);
      GST_BUFFER_OFFSET (part) = i;
      g_ptr_array_add (parts, part);
      break;
    case 1:
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DROPPABLE);
      GST_BUFFER_OFFSET (buffer) = 7;
      caps = gst_static_caps_get (&reference);
      gst_buffer_add_reference_timestamp_meta (buffer, caps, 1, 1);
      gst_caps_unref (caps);
      gst_buffer_resize (buffer, 10, 20);
      break;
    case 2:
      gst_buffer_replace_all_memory (buffer, gst_allocator_alloc (NULL, 8,
              NULL));
      break;
    default:
      gst_buffer_remove_meta (buffer, (GstMeta *)
          gst_buffer_get_net_address_meta (buffer));
      break;
  }
}

/* Buffers are used again, with nothing left of what was done with them; what is
 * kept of one is not written to. */
static void
test_used_again (void)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_buffer_unref);
  GHashTable *seen = g_hash_table_new (NULL, NULL);
  guint8 expected[TESTING_MAX_PACKET];
  GSocket *caller;
  Taker taker;
  guint round, i;

  taker_start (&taker, "127.0.0.1", 1000);
  caller = caller_new (taker.source);
  for (round = 0; round < 50; round++) {
    send_packets (caller, 0, 40);
    taker_wait (&taker, 40);
    check_buffers (&taker, caller);
    for (i = 0; i < 40; i++) {
      GstBuffer *buffer = taker.buffers->pdata[i];

      g_hash_table_add (seen, buffer);
      g_assert_false (GST_BUFFER_FLAG_IS_SET (buffer,
              GST_BUFFER_FLAG_DROPPABLE));
      g_assert_false (GST_BUFFER_OFFSET_IS_VALID (buffer));
      g_assert_true (gst_buffer_foreach_meta (buffer, is_only_meta, NULL));
      if (gst_buffer_is_writable (buffer))      /* its list may still be there */
        lay_hands_on (buffer, i, parts);
    }
    g_mutex_lock (&taker.lock);
    g_ptr_array_set_size (taker.buffers, 0);
    g_mutex_unlock (&taker.lock);
  }
  /* Those with a part kept, or another memory, were lost to the source. */
  g_assert_cmpuint (g_hash_table_size (seen), <=, 50 * 20 + 400);
  for (i = 0; i < parts->len; i++) {
    packet_of (expected, (guint32) GST_BUFFER_OFFSET (parts->pdata[i]));
    g_assert_cmpint (gst_buffer_memcmp (parts->pdata[i], 0, expected + 4, 40),
        ==, 0);
  }
  g_object_unref (caller);
  taker_stop (&taker);
  g_ptr_array_unref (parts);
  g_hash_table_unref (seen);
}

/* More than the source knows at a time: each packet names its own caller. */
static void
test_many_callers (void)
{
  enum
  { CALLERS = 40, ROUNDS = 5 };
  GSocket *callers[CALLERS];
  guint ports[CALLERS], round, i;
  Taker taker;

  taker_start (&taker, "127.0.0.1", 1000);
  for (i = 0; i < CALLERS; i++) {
    callers[i] = caller_new (taker.source);
    ports[i] = port_of (callers[i]);
  }
  for (round = 0; round < ROUNDS; round++) {
    for (i = 0; i < CALLERS; i++)
      send_packets (callers[i], 0, 1);
    taker_wait (&taker, (round + 1) * CALLERS);
  }
  for (i = 0; i < ROUNDS * CALLERS; i++) {
    GstNetAddressMeta *meta =
        gst_buffer_get_net_address_meta (taker.buffers->pdata[i]);

    g_assert_nonnull (meta);
    g_assert_cmpuint (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS
            (meta->addr)), ==, ports[i % CALLERS]);
  }
  for (i = 0; i < CALLERS; i++)
    g_object_unref (callers[i]);
  taker_stop (&taker);
}

static guint32
number_of (GstBuffer *buffer)
{
  guint8 header[SRTLA_SRT_HEADER];

  g_assert_cmpuint (gst_buffer_extract (buffer, 0, header, sizeof header), ==,
      sizeof header);
  return srtla_srt_sequence (header);
}

/* A list that someone keeps is theirs, for longer than the source lives. */
static void
test_kept_lists (void)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_buffer_list_unref);
  guint round, i, j, in_lists = 0;
  GSocket *caller;
  Taker taker;

  taker_start (&taker, "127.0.0.1", 20000);
  taker.kept = kept;
  caller = caller_new (taker.source);
  for (round = 0; round < 30; round++) {
    send_packets (caller, 100 * round, 40);
    taker_wait (&taker, 40 * (round + 1));
  }
  g_object_unref (caller);
  taker_stop (&taker);

  for (i = 0; i < kept->len; i++) {
    guint32 first = number_of (gst_buffer_list_get (kept->pdata[i], 0));

    for (j = 0; j < gst_buffer_list_length (kept->pdata[i]); j++) {
      g_assert_cmpuint (number_of (gst_buffer_list_get (kept->pdata[i], j)),
          ==, first + j);
      in_lists++;
    }
  }
  g_assert_cmpuint (in_lists, >, 30 * 40 / 2);
  g_ptr_array_unref (kept);
}

static void
test_caps (void)
{
  GstCaps *caps = gst_caps_from_string ("application/x-srt, flow=main");
  GSocket *caller;
  Taker taker;

  taker_start (&taker, "127.0.0.1", 0);
  caller = caller_new (taker.source);
  send_and_wait (&taker, caller, 1);
  g_assert_cmpstr (gst_structure_get_name (gst_caps_get_structure (taker.caps,
              0)), ==, "application/x-srt");
  g_object_unref (caller);
  g_assert_cmpint (gst_element_set_state (taker.source, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_object_set (taker.source, "caps", caps, NULL);
  g_ptr_array_set_size (taker.buffers, 0);
  g_assert_cmpint (gst_element_set_state (taker.source, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
  caller = caller_new (taker.source);
  send_and_wait (&taker, caller, 1);
  g_assert_true (gst_caps_is_equal (taker.caps, caps));
  g_object_unref (caller);
  gst_caps_unref (caps);
  taker_stop (&taker);
}

/* Up and down, with packets and without, while it waits and while it gathers. */
static void
test_states (void)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED
  };
  GSocket *socket, *caller;
  Taker taker;
  guint i;

  taker_start (&taker, "127.0.0.1", 100000);
  for (i = 0; i < 30; i++) {
    if (i % 2 == 0) {
      caller = caller_new (taker.source);
      g_ptr_array_set_size (taker.buffers, 0);
      send_and_wait (&taker, caller, 3);
      g_object_unref (caller);
    }
    gst_element_set_state (taker.source, states[i % 3]);
    if (states[i % 3] == GST_STATE_NULL) {
      g_object_get (taker.source, "used-socket", &socket, NULL);
      g_assert_null (socket);
    }
    g_assert_cmpint (gst_element_set_state (taker.source, GST_STATE_PLAYING),
        !=, GST_STATE_CHANGE_FAILURE);
  }
  taker_stop (&taker);
}

/* Flushed while it waits for packets and while it lets them gather, it goes on
 * afterwards; so it does after a change of coalesce-time. */
static void
test_flush (void)
{
  static const guint times[] = { 0, 100000, 1000 };
  GSocket *caller;
  Taker taker;
  guint i;

  taker_start (&taker, "127.0.0.1", 100000);
  caller = caller_new (taker.source);
  for (i = 0; i < 30; i++) {
    g_ptr_array_set_size (taker.buffers, 0);
    send_and_wait (&taker, caller, 3);
    g_assert_true (gst_element_send_event (taker.source,
            gst_event_new_flush_start ()));
    g_assert_true (gst_element_send_event (taker.source,
            gst_event_new_flush_stop (i % 2 == 0)));
    g_object_set (taker.source, "coalesce-time", times[i % 3], NULL);
  }
  g_object_unref (caller);
  taker_stop (&taker);
}

/* An application ends the stream, though packets never do. */
static void
test_end (void)
{
  gint64 until = g_get_monotonic_time () + testing_patience ();
  Taker taker;

  taker_start (&taker, "127.0.0.1", 1000);
  g_assert_true (gst_element_send_event (taker.source, gst_event_new_eos ()));
  g_mutex_lock (&taker.lock);
  while (!taker.ended) {
    if (!g_cond_wait_until (&taker.arrived, &taker.lock, until))
      g_error ("there is no end of the stream");
  }
  g_mutex_unlock (&taker.lock);
  taker_stop (&taker);
}

static void
test_port_in_use (void)
{
  GstElement *other = gst_element_factory_make ("srtpacketsrc", NULL);
  GstBus *bus = gst_bus_new ();
  GSocketAddress *address;
  GstMessage *message;
  GSocket *socket;
  Taker taker;
  guint port;

  taker_start (&taker, "127.0.0.1", 0);
  g_object_get (taker.source, "used-socket", &socket, NULL);
  address = g_socket_get_local_address (socket, NULL);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_object_unref (address);
  g_object_unref (socket);
  gst_object_ref_sink (other);
  gst_element_set_bus (other, bus);
  g_object_set (other, "address", "127.0.0.1", "port", port, NULL);
  g_assert_cmpint (gst_element_set_state (other, GST_STATE_PLAYING), ==,
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_unref (message);
  gst_element_set_state (other, GST_STATE_NULL);
  gst_element_set_bus (other, NULL);
  gst_object_unref (bus);
  gst_object_unref (other);
  taker_stop (&taker);
}

/* srtpacketsrc ! srtlasink is all of a sender: packets arrive at the receiver,
 * and what the SRT server says comes back out of the source's socket. */
static void
run_with_sink (const gchar *listen, GSocketFamily family)
{
  ModelReceiver *receiver = model_receiver_new (SRTLA_BEHAVIOUR_A, "127.0.0.1",
      0);
  gchar *line = g_strdup_printf ("srtpacketsrc name=source address=%s "
      "port=0 ! srtlasink uri=srtla://127.0.0.1:%u uplinks=127.0.0.2,127.0.0.3",
      listen, model_receiver_port (receiver));
  guint8 data[TESTING_MAX_PACKET], reply[TESTING_MAX_PACKET];
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error), *source;
  gint64 until = g_get_monotonic_time () + testing_patience ();
  GSocket *caller;
  gsize size;
  gssize n;

  g_assert_no_error (error);
  g_free (line);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  caller = caller_of (source, family);
  /* Until uplinks are up packets are dropped: the caller repeats itself. */
  do {
    size = testing_induction (data, 0x1234, 1000, 0);
    g_socket_send (caller, (const gchar *) data, size, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpint (g_get_monotonic_time (), <, until);
  } while (!model_receiver_wait_packets (receiver, 1, 20000));

  size = testing_induction_response (data, 0x1234, 1000, 0);
  model_receiver_relay (receiver, data, size);
  n = g_socket_receive (caller, (gchar *) reply, sizeof reply, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (n, >=, (gssize) size);
  g_assert_cmpmem (reply, size, data, size);

  g_object_unref (caller);
  gst_object_unref (source);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  model_receiver_free (receiver);
}

static void
test_with_sink (void)
{
  run_with_sink ("127.0.0.1", G_SOCKET_FAMILY_IPV4);
}

/* One socket for callers of both families. */
static void
test_both_families (void)
{
  if (!has_ipv6 ())
    return;
  run_with_sink ("::", G_SOCKET_FAMILY_IPV6);
  run_with_sink ("::", G_SOCKET_FAMILY_IPV4);
}

static void
add_tests (void)
{
  g_test_add_func ("/packetsrc/packets", test_packets);
  g_test_add_func ("/packetsrc/ipv6", test_ipv6);
  g_test_add_func ("/packetsrc/lists", test_lists);
  g_test_add_func ("/packetsrc/many-callers", test_many_callers);
  g_test_add_func ("/packetsrc/used-again", test_used_again);
  g_test_add_func ("/packetsrc/kept-lists", test_kept_lists);
  g_test_add_func ("/packetsrc/caps", test_caps);
  g_test_add_func ("/packetsrc/states", test_states);
  g_test_add_func ("/packetsrc/flush", test_flush);
  g_test_add_func ("/packetsrc/end", test_end);
  g_test_add_func ("/packetsrc/port-in-use", test_port_in_use);
  g_test_add_func ("/packetsrc/with-sink", test_with_sink);
  g_test_add_func ("/packetsrc/both-families", test_both_families);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
