/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes into srtlasink's sink pads and comes out at the receiver. */
#include "element-testing.h"

static GstPad *
add_source_pad (Fixture *fixture, const gchar *name, const gchar *caps_text)
{
  GstPad *source = gst_pad_new (NULL, GST_PAD_SRC);
  GstPad *sink = strcmp (name, "sink") == 0
      ? gst_element_get_static_pad (fixture->element, name)
      : gst_element_request_pad_simple (fixture->element, name);
  GstSegment segment;

  g_assert_nonnull (sink);
  gst_pad_set_active (source, TRUE);
  g_assert_cmpint (gst_pad_link (source, sink), ==, GST_PAD_LINK_OK);
  g_assert_true (gst_pad_push_event (source, gst_event_new_stream_start (name)));
  if (caps_text != NULL) {
    GstCaps *caps = gst_caps_from_string (caps_text);

    g_assert_true (gst_pad_push_event (source, gst_event_new_caps (caps)));
    gst_caps_unref (caps);
  }
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_pad_push_event (source, gst_event_new_segment (&segment)));
  gst_object_unref (sink);
  return source;
}

static void
remove_source_pad (Fixture *fixture, GstPad *source)
{
  GstPad *sink = gst_pad_get_peer (source);

  gst_pad_set_active (source, FALSE);
  g_assert_true (gst_pad_unlink (source, sink));
  if (gst_pad_get_pad_template (sink) != NULL
      && strcmp (GST_PAD_NAME (sink), "sink") != 0)
    gst_element_release_request_pad (fixture->element, sink);
  gst_object_unref (sink);
  gst_object_unref (source);
}

static void
play_without_harness (Fixture *fixture)
{
  g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
}

/* ---- Packets ----------------------------------------------------------- */

static void
test_packets (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture_play (fixture, 2);
  fixture_push (fixture, SRTLA_SEQ_MASK - 150, 300);
  fixture_wait_packets (fixture, 300);
  fixture_check_arrived (fixture, SRTLA_SEQ_MASK - 150, 300, 1);
  g_assert_cmpuint (model_receiver_packets (fixture->receiver, "127.0.0.2"), >, 0);
  g_assert_cmpuint (model_receiver_packets (fixture->receiver, "127.0.0.3"), >, 0);
  fixture_wait_stat (fixture, "packets-sent", 300);
  g_assert_cmpuint (fixture_stat (fixture, "bytes-sent"), ==,
      300 * TESTING_PACKET_SIZE);
  g_assert_cmpuint (fixture_stat (fixture, "bytes-received"), ==,
      300 * TESTING_PACKET_SIZE);
}

static void
test_buffer_lists (Fixture *fixture, gconstpointer data)
{
  guint32 list_index, i;

  (void) data;
  fixture_play (fixture, 2);
  for (list_index = 0; list_index < 10; list_index++) {
    GstBufferList *list = gst_buffer_list_new ();

    for (i = 0; i < 40; i++)
      gst_buffer_list_add (list, testing_buffer (list_index * 40 + i, 1));
    g_assert_cmpint (gst_pad_push_list (fixture->harness->srcpad, list), ==,
        GST_FLOW_OK);
  }
  fixture_wait_packets (fixture, 400);
  fixture_check_arrived (fixture, 0, 400, 1);
  g_assert_cmpuint (fixture_stat (fixture, "packets-received"), ==, 400);
}

/* One packet in three memories, the first of which ends within the header. */
static void
test_memories (Fixture *fixture, gconstpointer data)
{
  static const gsize cuts[] = { 0, 7, 100, TESTING_PACKET_SIZE };
  guint8 packet[TESTING_MAX_PACKET];
  guint32 sequence;
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  for (sequence = 0; sequence < 20; sequence++) {
    GstBuffer *buffer = gst_buffer_new ();

    testing_data_packet (packet, TESTING_PACKET_SIZE, sequence, 1,
        sequence * 1000, FALSE);
    for (i = 0; i + 1 < G_N_ELEMENTS (cuts); i++) {
      gsize size = cuts[i + 1] - cuts[i];
      gpointer copy = g_memdup2 (packet + cuts[i], size);

      gst_buffer_append_memory (buffer, gst_memory_new_wrapped (0, copy, size,
              0, size, copy, g_free));
    }
    g_assert_cmpuint (gst_buffer_n_memory (buffer), ==, 3);
    g_assert_cmpint (gst_harness_push (fixture->harness, buffer), ==,
        GST_FLOW_OK);
  }
  fixture_wait_packets (fixture, 20);
  fixture_check_arrived (fixture, 0, 20, 1);
}

static void
test_without_caps (Fixture *fixture, gconstpointer data)
{
  GstPad *source;

  (void) data;
  play_without_harness (fixture);
  source = add_source_pad (fixture, "sink", NULL);
  fixture_wait_stat (fixture, "uplinks-up", 2);
  g_assert_cmpint (gst_pad_push (source, testing_buffer (5, 1)), ==,
      GST_FLOW_OK);
  fixture_wait_packets (fixture, 1);
  fixture_check_arrived (fixture, 5, 1, 1);
  remove_source_pad (fixture, source);
}

static void
test_caps_refused (Fixture *fixture, gconstpointer data)
{
  GstPad *sink = gst_element_get_static_pad (fixture->element, "sink");
  GstCaps *wrong = gst_caps_from_string ("video/mpegts, packetsize=188");
  GstCaps *right = gst_caps_from_string (TESTING_CAPS);
  GstPad *source;

  (void) data;
  play_without_harness (fixture);
  source = add_source_pad (fixture, "sink", TESTING_CAPS);
  g_assert_false (gst_pad_query_accept_caps (sink, wrong));
  g_assert_true (gst_pad_query_accept_caps (sink, right));
  gst_pad_push_event (source, gst_event_new_caps (wrong));
  g_assert_cmpint (gst_pad_push (source, testing_buffer (5, 1)), ==,
      GST_FLOW_NOT_NEGOTIATED);
  g_assert_true (gst_pad_push_event (source, gst_event_new_caps (right)));
  g_assert_cmpint (gst_pad_push (source, testing_buffer (5, 1)), ==,
      GST_FLOW_OK);
  remove_source_pad (fixture, source);
  gst_caps_unref (wrong);
  gst_caps_unref (right);
  gst_object_unref (sink);
}

/* ---- What is not SRT --------------------------------------------------- */

static void
push_not_srt (Fixture *fixture, gsize size, guint8 byte, gsize step)
{
  guint8 *bytes = g_malloc0 (size + 1);
  GstBuffer *buffer;
  gsize i;

  for (i = 0; i < size; i += step)
    bytes[i] = byte;
  buffer = size > 0 ? testing_buffer_of (bytes, size) : gst_buffer_new ();
  g_assert_cmpint (gst_harness_push (fixture->harness, buffer), ==,
      GST_FLOW_OK);
  g_free (bytes);
}

static void
test_not_srt (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    gsize size;
    guint8 byte;
    gsize step;
  } cases[] = {
    {0, 0, 1}, {1, 0, 1}, {15, 0, 1},   /* under 16 bytes */
    {1501, 0, 1}, {9000, 0x12, 1},      /* over 1500 */
    {188, 0x47, 188}, {1316, 0x47, 188},        /* MPEG-TS */
    {40, 0x90, 1},                      /* SRTLA's own types */
    {40, 0xc0, 1},                      /* an SRT control type that is none */
  };
  guint i, round;

  (void) data;
  /* Where all takes long, as under valgrind, answers do. */
  g_object_set (fixture->element, "rescue", FALSE, NULL);
  fixture_play (fixture, 2);
  for (round = 0; round < 3; round++) {
    for (i = 0; i < G_N_ELEMENTS (cases); i++) {
      push_not_srt (fixture, cases[i].size, cases[i].byte, cases[i].step);
      fixture_push (fixture, round * 100 + i, 1);
      fixture_wait_stat (fixture, "dropped-not-srt",
          round * G_N_ELEMENTS (cases) + i + 1);
    }
  }
  fixture_wait_packets (fixture, 3 * G_N_ELEMENTS (cases));
  g_assert_cmpuint (model_receiver_packets (fixture->receiver, NULL), ==,
      3 * G_N_ELEMENTS (cases));
  g_assert_cmpuint (fixture_stat (fixture, "dropped-not-srt"), ==,
      3 * G_N_ELEMENTS (cases));

  /* One warning: what was expected, and how to get it. */
  fixture_expect (fixture, GST_MESSAGE_WARNING, "srtsink");
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING, NULL),
      ==, 0);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_ERROR, NULL),
      ==, 0);
}

/* ---- More pads --------------------------------------------------------- */

static void
test_request_pads (Fixture *fixture, gconstpointer data)
{
  static const gchar *const names[] = { "sink", "sink_%u", "sink_7" };
  GstPad *sources[G_N_ELEMENTS (names)];
  guint32 i, sequence;

  (void) data;
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    sources[i] = NULL;
  play_without_harness (fixture);
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    sources[i] = add_source_pad (fixture, names[i], TESTING_CAPS);
  g_assert_cmpuint (fixture->element->numsinkpads, ==, 3);
  fixture_wait_stat (fixture, "uplinks-up", 2);

  /* The same numbers on each pad: three callers' are three streams. */
  for (sequence = 0; sequence < 50; sequence++) {
    for (i = 0; i < G_N_ELEMENTS (names); i++)
      g_assert_cmpint (gst_pad_push (sources[i],
              testing_buffer (sequence, 100 + i)), ==, GST_FLOW_OK);
  }
  fixture_wait_packets (fixture, 150);
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    fixture_check_arrived (fixture, 0, 50, 100 + i);
  g_assert_cmpuint (fixture_stat (fixture, "callers"), ==, 3);

  /* A pad that leaves takes nothing from the others. */
  remove_source_pad (fixture, sources[1]);
  g_assert_cmpuint (fixture->element->numsinkpads, ==, 2);
  g_assert_cmpint (gst_pad_push (sources[2], testing_buffer (50, 102)), ==,
      GST_FLOW_OK);
  fixture_wait_packets (fixture, 151);
  remove_source_pad (fixture, sources[2]);
  remove_source_pad (fixture, sources[0]);
}

/* ---- EOS --------------------------------------------------------------- */

static void
test_eos (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 200);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_eos ()));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
  /* By then everything went out. */
  g_assert_cmpuint (fixture_stat (fixture, "packets-sent"), ==, 200);
  fixture_wait_packets (fixture, 200);
  fixture_check_arrived (fixture, 0, 200, 1);
  g_assert_cmpint (gst_harness_push (fixture->harness, testing_buffer (200, 1)),
      ==, GST_FLOW_EOS);
}

/* Nobody is there: EOS comes all the same, and within its bound. */
static void
test_eos_without_receiver (Fixture *fixture, gconstpointer data)
{
  (void) data;
  model_receiver_cut (fixture->receiver, NULL, TRUE);
  g_object_set (fixture->element, "drain-timeout", 200, NULL);
  fixture_play (fixture, 0);
  fixture_push (fixture, 0, 20);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_eos ()));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
  g_assert_cmpuint (model_receiver_packets (fixture->receiver, NULL), ==, 0);
}

static void
test_eos_of_all_pads (Fixture *fixture, gconstpointer data)
{
  GstPad *first, *second;

  (void) data;
  play_without_harness (fixture);
  first = add_source_pad (fixture, "sink", TESTING_CAPS);
  second = add_source_pad (fixture, "sink_%u", TESTING_CAPS);
  fixture_wait_stat (fixture, "uplinks-up", 2);

  g_assert_true (gst_pad_push_event (first, gst_event_new_eos ()));
  /* The other one goes on, and no EOS is posted before it ends too. */
  g_assert_cmpint (gst_pad_push (second, testing_buffer (1, 1)), ==,
      GST_FLOW_OK);
  fixture_wait_packets (fixture, 1);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_EOS, NULL), ==,
      0);
  g_assert_true (gst_pad_push_event (second, gst_event_new_eos ()));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
  remove_source_pad (fixture, first);
  remove_source_pad (fixture, second);
}

/* A pad that is taken away must not keep EOS waiting. */
static void
test_eos_after_release (Fixture *fixture, gconstpointer data)
{
  GstPad *first, *second;

  (void) data;
  play_without_harness (fixture);
  first = add_source_pad (fixture, "sink", TESTING_CAPS);
  second = add_source_pad (fixture, "sink_%u", TESTING_CAPS);
  g_assert_true (gst_pad_push_event (first, gst_event_new_eos ()));
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_EOS, NULL), ==,
      0);
  remove_source_pad (fixture, second);
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
  remove_source_pad (fixture, first);
}

/* EOS sent to the element, as gst_element_send_event() by applications. */
static void
test_eos_by_send_event (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 10);
  g_assert_true (gst_element_send_event (fixture->element,
          gst_event_new_eos ()));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
  fixture_wait_packets (fixture, 10);
}

/* ---- Flush and latency ------------------------------------------------- */

static void
test_flush (Fixture *fixture, gconstpointer data)
{
  GstSegment segment;

  (void) data;
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 20);
  fixture_wait_packets (fixture, 20);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_flush_start ()));
  g_assert_cmpint (gst_harness_push (fixture->harness, testing_buffer (20, 1)),
      ==, GST_FLOW_FLUSHING);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_segment (&segment)));
  fixture_push (fixture, 21, 20);
  fixture_wait_packets (fixture, 40);
  fixture_check_arrived (fixture, 21, 20, 1);

  /* EOS, flush, and again: a flush takes EOS back. */
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_eos ()));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_flush_stop (TRUE)));
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_segment (&segment)));
  fixture_push (fixture, 41, 5);
  fixture_wait_packets (fixture, 45);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_eos ()));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
}

static void
test_latency (Fixture *fixture, gconstpointer data)
{
  GstQuery *query = gst_query_new_latency ();
  GstClockTime minimum, maximum;
  gboolean live;

  (void) data;
  fixture_play (fixture, 0);
  gst_harness_set_upstream_latency (fixture->harness, 20 * GST_MSECOND);
  g_assert_true (gst_element_query (fixture->element, query));
  gst_query_parse_latency (query, &live, &minimum, &maximum);
  g_assert_true (live);
  g_assert_cmpuint (minimum, >=, 20 * GST_MSECOND);
  gst_query_unref (query);
}

static void
add_tests (void)
{
  fixture_add_test ("/data/packets", test_packets);
  fixture_add_test ("/data/buffer-lists", test_buffer_lists);
  fixture_add_test ("/data/memories", test_memories);
  fixture_add_test ("/data/without-caps", test_without_caps);
  fixture_add_test ("/data/caps-refused", test_caps_refused);
  fixture_add_test ("/data/not-srt", test_not_srt);
  fixture_add_test ("/data/request-pads", test_request_pads);
  fixture_add_test ("/data/eos", test_eos);
  fixture_add_test ("/data/eos-without-receiver", test_eos_without_receiver);
  fixture_add_test ("/data/eos-of-all-pads", test_eos_of_all_pads);
  fixture_add_test ("/data/eos-after-release", test_eos_after_release);
  fixture_add_test ("/data/eos-by-send-event", test_eos_by_send_event);
  fixture_add_test ("/data/flush", test_flush);
  fixture_add_test ("/data/latency", test_latency);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
