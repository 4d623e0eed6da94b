/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way back: what the receiver says reaches the SRT caller it is for. */
#include "element-testing.h"

#include <gst/net/net.h>

/* Socket ids of the SRT callers in these tests, and of their peers. */
#define CALLER 0x11110000u
#define LISTENER 0x22220000u

/* An SRT caller's UDP socket on loopback. */
static GSocket *
open_socket (guint16 *port)
{
  GSocketAddress *any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  GSocketAddress *local;
  GError *error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, any, FALSE, &error));
  local = g_socket_get_local_address (socket, &error);
  g_assert_no_error (error);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local));
  g_object_unref (local);
  g_object_unref (any);
  return socket;
}

/* Waits for a datagram and compares it. Returns: the port it came from. */
static guint16
expect_datagram (GSocket * socket, const guint8 *expected, gsize size)
{
  guint8 buffer[TESTING_MAX_PACKET];
  GSocketAddress *from = NULL;
  GError *error = NULL;
  gssize received;
  guint16 port;

  g_assert_true (g_socket_condition_timed_wait (socket, G_IO_IN,
          testing_patience (), NULL, &error));
  g_assert_no_error (error);
  received = g_socket_receive_from (socket, &from, (gchar *) buffer,
      sizeof buffer, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, received, expected, size);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (from));
  g_object_unref (from);
  return port;
}

/* Nothing waits there. A datagram on loopback arrives before send returns. */
static void
expect_silence (GSocket * socket)
{
  g_assert_cmpint (g_socket_condition_check (socket, G_IO_IN), ==, 0);
}

/* The caller's first packet, as it comes from a UDP socket at `port`. */
static GstBuffer *
induction_buffer (guint index, guint16 port)
{
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_induction (packet, CALLER + index, 1000, 0);
  GstBuffer *buffer = testing_buffer_of (packet, size);
  GSocketAddress *address;

  if (port != 0) {
    address = g_inet_socket_address_new_from_string ("127.0.0.1", port);
    gst_buffer_add_net_address_meta (buffer, address);
    g_object_unref (address);
  }
  return buffer;
}

static gsize
induction_answer (guint8 *out, guint index)
{
  return testing_induction_response (out, CALLER + index, 1000, 77);
}

/* ---- The src pad -------------------------------------------------------- */

static void
test_src_pad (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  GstBuffer *buffer;
  GstEvent *event;
  GstPad *source;
  GstCaps *caps;
  GstMapInfo map;
  gsize size;

  (void) data;
  source = gst_element_request_pad_simple (fixture->element, "src");
  g_assert_nonnull (source);
  fixture_play (fixture, 2);
  gst_harness_add_element_src_pad (fixture->harness, source);
  g_assert_cmpint (gst_harness_push (fixture->harness, induction_buffer (0, 0)),
      ==, GST_FLOW_OK);
  fixture_wait_packets (fixture, 1);

  size = induction_answer (packet, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  buffer = gst_harness_pull (fixture->harness);
  g_assert_nonnull (buffer);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_cmpmem (map.data, map.size, packet, size);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);

  /* Stream start, caps, segment: all that a source has to say first. */
  event = gst_harness_pull_event (fixture->harness);
  g_assert_cmpint (GST_EVENT_TYPE (event), ==, GST_EVENT_STREAM_START);
  gst_event_unref (event);
  event = gst_harness_pull_event (fixture->harness);
  g_assert_cmpint (GST_EVENT_TYPE (event), ==, GST_EVENT_CAPS);
  gst_event_parse_caps (event, &caps);
  g_assert_true (gst_structure_has_name (gst_caps_get_structure (caps, 0),
          "application/x-srt"));
  gst_event_unref (event);
  event = gst_harness_pull_event (fixture->harness);
  g_assert_cmpint (GST_EVENT_TYPE (event), ==, GST_EVENT_SEGMENT);
  gst_event_unref (event);

  fixture_wait_stat (fixture, "replies", 1);
  g_assert_cmpuint (fixture_stat (fixture, "reply-bytes"), ==, size);
  gst_object_unref (source);
}

static void
push_some (Fixture *fixture, guint32 first, guint32 count)
{
  GstBufferList *list = gst_buffer_list_new ();
  guint32 i;

  for (i = first; i < first + count; i++)
    gst_buffer_list_add (list, testing_buffer (i, LISTENER));
  g_assert_cmpint (gst_pad_push_list (fixture->harness->srcpad, list), ==,
      GST_FLOW_OK);
}

/* A thread that brings lists again and again takes the loop's turns. Replies
 * come then too, and when it stops; and packets that come one by one go out. */
static void
test_while_lists_stream (Fixture *fixture, gconstpointer data)
{
  enum
  { ROUNDS = 300, LIST = 3, ANSWER_EACH = 30 };
  guint8 packet[TESTING_MAX_PACKET];
  guint64 answered = 0;
  GstPad *source;
  guint i;

  (void) data;
  source = gst_element_request_pad_simple (fixture->element, "src");
  fixture_play (fixture, 2);
  gst_harness_add_element_src_pad (fixture->harness, source);
  gst_harness_push (fixture->harness, induction_buffer (0, 0));
  fixture_wait_packets (fixture, 1);
  for (i = 0; i < ROUNDS; i++) {
    push_some (fixture, 1000 + i * LIST, LIST);
    if (i % ANSWER_EACH == 0)
      model_receiver_relay (fixture->receiver, packet, induction_answer (packet,
              answered++ % 2));
    g_usleep (1000);            /* as a stream has it, not a wait */
    if (i % ANSWER_EACH == ANSWER_EACH - 1)
      gst_buffer_unref (gst_harness_pull (fixture->harness));
  }
  model_receiver_relay (fixture->receiver, packet, induction_answer (packet, 0));
  gst_buffer_unref (gst_harness_pull (fixture->harness));
  for (i = 0; i < 2; i++)
    gst_harness_push (fixture->harness, testing_buffer (1000 + ROUNDS * LIST
            + i, LISTENER));
  fixture_wait_packets (fixture, 1 + ROUNDS * LIST + 2);
  fixture_check_arrived (fixture, 1000, ROUNDS * LIST + 2, LISTENER);
  gst_object_unref (source);
}

/* ACKs come over each uplink; the caller gets one. */
static void
test_copies (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  GstBuffer *buffer;
  GstPad *source;
  gsize size;
  guint i;

  (void) data;
  source = gst_element_request_pad_simple (fixture->element, "src");
  fixture_play (fixture, 2);
  gst_harness_add_element_src_pad (fixture->harness, source);
  gst_harness_push (fixture->harness, induction_buffer (0, 0));
  fixture_push (fixture, 1000, 20);
  fixture_wait_packets (fixture, 21);
  for (i = 1; i <= 10; i++) {
    size = testing_ack (packet, i, 1000 + i, CALLER, i * 10000);
    model_receiver_relay (fixture->receiver, packet, size);
  }
  fixture_wait_stat (fixture, "reply-copies", 10);
  g_assert_cmpuint (fixture_stat (fixture, "replies"), ==, 10);
  g_assert_cmpuint (fixture_stat (fixture, "srt-acks"), ==, 10);
  /* Ten, and nothing else before what is said next. */
  for (i = 0; i < 10; i++)
    gst_buffer_unref (gst_harness_pull (fixture->harness));
  size = testing_shutdown (packet, CALLER, 200000);
  model_receiver_relay (fixture->receiver, packet, size);
  buffer = gst_harness_pull (fixture->harness);
  g_assert_cmpint (gst_buffer_memcmp (buffer, 0, packet, size), ==, 0);
  gst_buffer_unref (buffer);
  gst_object_unref (source);
}

/* Nothing of SRTLA, and nothing that is broken, gets through to the caller. */
static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  GRand *rand = testing_rand_new ();
  guint64 before, heard;
  GstPad *source;
  gsize size;
  guint i;

  (void) data;
  source = gst_element_request_pad_simple (fixture->element, "src");
  fixture_play (fixture, 2);
  gst_harness_add_element_src_pad (fixture->harness, source);
  gst_harness_push (fixture->harness, induction_buffer (0, 0));
  fixture_wait_packets (fixture, 1);

  before = fixture_stat (fixture, "datagrams-received");
  for (i = 0; i < 50; i++) {
    /* Registration that no one asked for, private types, cut short. */
    memset (packet, 0, sizeof packet);
    testing_random (packet, sizeof packet, rand);
    srtla_write_u16 (packet, 0x9201);
    model_receiver_inject (fixture->receiver, packet, SRTLA_REG_SIZE);
    srtla_write_u16 (packet, 0xa001);
    model_receiver_inject (fixture->receiver, packet, 40);
    srtla_write_u16 (packet, 0x8002);
    model_receiver_inject (fixture->receiver, packet, i % 16);
  }
  size = induction_answer (packet, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  gst_buffer_unref (gst_harness_pull (fixture->harness));
  fixture_wait_stat (fixture, "datagrams-received", before + 2 * 150 + 1);
  heard = fixture_stat (fixture, "ignored-malformed")
      + fixture_stat (fixture, "ignored-unknown")
      + fixture_stat (fixture, "ignored-registration");
  g_assert_cmpuint (heard, >=, 2 * 150);
  g_assert_cmpuint (fixture_stat (fixture, "replies"), ==, 1);
  g_assert_cmpuint (fixture_stat (fixture, "uplinks-up"), ==, 2);
  gst_object_unref (source);
  g_rand_free (rand);
}

/* ---- Sockets ------------------------------------------------------------ */

static void
test_return_socket (Fixture *fixture, gconstpointer data)
{
  guint16 port, callers_ports[2];
  GSocket *socket = open_socket (&port), *read_back, *callers[2];
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;
  guint i;

  (void) data;
  g_object_set (fixture->element, "return-socket", socket, NULL);
  g_object_get (fixture->element, "return-socket", &read_back, NULL);
  g_assert_true (read_back == socket);
  g_object_unref (read_back);
  fixture_play (fixture, 2);
  for (i = 0; i < 2; i++) {
    callers[i] = open_socket (&callers_ports[i]);
    g_assert_cmpint (gst_harness_push (fixture->harness, induction_buffer (i,
                callers_ports[i])), ==, GST_FLOW_OK);
  }
  fixture_wait_packets (fixture, 2);

  /* Each gets what is for its socket id, from the socket that was given. */
  for (i = 0; i < 20; i++) {
    size = induction_answer (packet, i % 2);
    model_receiver_relay (fixture->receiver, packet, size);
    g_assert_cmpuint (expect_datagram (callers[i % 2], packet, size), ==, port);
    expect_silence (callers[1 - i % 2]);
  }

  /* A caller that comes back from another port gets its replies there. */
  g_object_unref (callers[0]);
  callers[0] = open_socket (&callers_ports[0]);
  g_assert_cmpint (gst_harness_push (fixture->harness, induction_buffer (0,
              callers_ports[0])), ==, GST_FLOW_OK);
  fixture_wait_packets (fixture, 3);
  size = induction_answer (packet, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  expect_datagram (callers[0], packet, size);

  g_object_unref (callers[0]);
  g_object_unref (callers[1]);
  g_object_unref (socket);
}

static void
say_hello (GSocket * caller, guint index, guint16 port)
{
  GSocketAddress *address = g_inet_socket_address_new_from_string ("127.0.0.1",
      port);
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_induction (packet, CALLER + index, 1000, 0);
  GError *error = NULL;

  g_socket_send_to (caller, address, (const gchar *) packet, size, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (address);
}

/* udpsrc, with or without something in between, gives its own socket. */
static void
run_udpsrc (Fixture *fixture, const gchar *between)
{
  GstElement *pipeline = gst_pipeline_new (NULL);
  GError *error = NULL;
  gchar *text = g_strdup_printf ("udpsrc name=source address=127.0.0.1 port=0 %s",
      between);
  GstElement *input = gst_parse_bin_from_description (text, TRUE, &error);
  GstElement *source;
  guint8 packet[TESTING_MAX_PACKET];
  GSocket *callers[2];
  guint16 ignored;
  gint port = 0;
  gsize size;
  guint i;

  g_assert_no_error (error);
  gst_element_set_bus (fixture->element, NULL);
  gst_bin_add_many (GST_BIN (pipeline), input, fixture->element, NULL);
  g_assert_true (gst_element_link (input, fixture->element));
  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  source = gst_bin_get_by_name (GST_BIN (input), "source");
  g_object_get (source, "port", &port, NULL);
  g_assert_cmpint (port, >, 0);
  fixture_wait_stat (fixture, "uplinks-up", 2);

  for (i = 0; i < 2; i++) {
    callers[i] = open_socket (&ignored);
    say_hello (callers[i], i, (guint16) port);
  }
  fixture_wait_packets (fixture, 2);
  for (i = 0; i < 20; i++) {
    size = induction_answer (packet, i % 2);
    model_receiver_relay (fixture->receiver, packet, size);
    g_assert_cmpint (expect_datagram (callers[i % 2], packet, size), ==, port);
    expect_silence (callers[1 - i % 2]);
  }

  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bin_remove (GST_BIN (pipeline), fixture->element);
  gst_object_unref (source);
  gst_object_unref (pipeline);
  g_object_unref (callers[0]);
  g_object_unref (callers[1]);
  g_free (text);
}

static void
test_udpsrc (Fixture *fixture, gconstpointer data)
{
  (void) data;
  run_udpsrc (fixture, "");
}

static void
test_udpsrc_behind_queue (Fixture *fixture, gconstpointer data)
{
  (void) data;
  run_udpsrc (fixture, "! identity ! queue");
}

/* The src pad comes first, then the property. */
static void
test_order (Fixture *fixture, gconstpointer data)
{
  guint16 port, callers_port;
  GSocket *socket = open_socket (&port), *caller = open_socket (&callers_port);
  guint8 packet[TESTING_MAX_PACKET];
  GstPad *source;
  gsize size;

  (void) data;
  g_object_set (fixture->element, "return-socket", socket, NULL);
  source = gst_element_request_pad_simple (fixture->element, "src");
  fixture_play (fixture, 2);
  gst_harness_add_element_src_pad (fixture->harness, source);
  gst_harness_push (fixture->harness, induction_buffer (0, callers_port));
  fixture_wait_packets (fixture, 1);
  size = induction_answer (packet, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  gst_buffer_unref (gst_harness_pull (fixture->harness));
  expect_silence (caller);
  gst_object_unref (source);
  g_object_unref (caller);
  g_object_unref (socket);
}

/* ---- No way ------------------------------------------------------------- */

static void
test_no_way_back (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;

  (void) data;
  fixture_play (fixture, 2);
  gst_harness_push (fixture->harness, induction_buffer (0, 0));
  fixture_wait_packets (fixture, 1);
  /* So far nothing needed a way back. */
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_ERROR, NULL),
      ==, 0);
  size = induction_answer (packet, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "return-socket");
  fixture_wait_stat (fixture, "replies-dropped", 1);
}

/* A socket, but buffers that do not say where they came from. */
static void
test_no_address (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint16 port;
  GSocket *socket = open_socket (&port);
  gsize size;

  (void) data;
  g_object_set (fixture->element, "return-socket", socket, NULL);
  fixture_play (fixture, 2);
  gst_harness_push (fixture->harness, induction_buffer (0, 0));
  fixture_wait_packets (fixture, 1);
  size = induction_answer (packet, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_wait_stat (fixture, "replies-dropped", 1);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "address");
  g_object_unref (socket);
}

static void
add_tests (void)
{
  fixture_add_test ("/return/src-pad", test_src_pad);
  fixture_add_test ("/return/while-lists-stream", test_while_lists_stream);
  fixture_add_test ("/return/copies", test_copies);
  fixture_add_test ("/return/garbage", test_garbage);
  fixture_add_test ("/return/socket", test_return_socket);
  fixture_add_test ("/return/udpsrc", test_udpsrc);
  fixture_add_test ("/return/udpsrc-behind-queue", test_udpsrc_behind_queue);
  fixture_add_test ("/return/order", test_order);
  fixture_add_test ("/return/no-way-back", test_no_way_back);
  fixture_add_test ("/return/no-address", test_no_address);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
