/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many at once: uplinks of an element, elements of a process. */
#include "element-stream.h"

#define ELEMENTS 100
#define PACKETS 20              /* of each element */

/* The most that one element may have: its loop, a helper for signals, and a
 * socket for each uplink with two descriptors for each of its two polls. */
#define THREADS 2
#define DESCRIPTORS 6

/* Returns: "127.0.0.2,…" of so many addresses, the caller's. */
static gchar *
list_uplinks (guint n)
{
  GString *list = g_string_new ("127.0.0.2");
  guint i;

  for (i = 1; i < n; i++)
    g_string_append_printf (list, ",127.0.0.%u", i + 2);
  return g_string_free (list, FALSE);
}

/* As many as there can be, and one that must wait. */
static void
test_uplinks (Fixture *fixture, gconstpointer data)
{
  gchar *list = list_uplinks (SRTLA_MAX_UPLINKS + 1);
  GstStructure *last;
  Stream stream;
  guint i;

  (void) data;
  fixture_use_receiver (fixture, SRTLA_BEHAVIOUR_F, "127.0.0.1");
  g_object_set (fixture->element, "uplinks", list, NULL);
  fixture_play (fixture, SRTLA_MAX_UPLINKS);
  fixture_wait_uplink (fixture, "127.0.0.66", "failed");
  last = fixture_uplink_stats (fixture, "127.0.0.66");
  g_assert_nonnull (strstr (gst_structure_get_string (last, "reason"),
          "64 uplinks"));
  gst_structure_free (last);
  stream_start (&stream, fixture, "classic");
  fixture_wait_stat (fixture, "packets-received", 20 * SRTLA_MAX_UPLINKS);
  for (i = 0; i < SRTLA_MAX_UPLINKS; i++) {
    gchar *uplink = g_strdup_printf ("127.0.0.%u", i + 2);

    g_assert_cmpuint (model_receiver_packets (fixture->receiver, uplink), >, 0);
    g_free (uplink);
  }
  gst_util_set_object_arg (G_OBJECT (fixture->element), "mode", "enhanced");
  fixture_wait_stat (fixture, "packets-received",
      fixture_stat (fixture, "packets-received") + 1000);

  /* There is room now. */
  g_object_set (fixture->element, "uplinks", "127.0.0.2,127.0.0.66", NULL);
  fixture_wait_uplink (fixture, "127.0.0.66", "up");
  stream_stop_whole (&stream);
  g_free (list);
}

/* Of a file too long the application hears, but not once a line. */
static void
test_too_many (Fixture *fixture, gconstpointer data)
{
  guint count = SRTLA_MAX_UPLINKS + 100;
  gchar *list = list_uplinks (count);
  gchar *last = g_strdup_printf ("127.0.0.%u", count + 1);

  (void) data;
  fixture_use_receiver (fixture, SRTLA_BEHAVIOUR_F, "127.0.0.1");
  g_object_set (fixture->element, "uplinks", list, NULL);
  fixture_play (fixture, SRTLA_MAX_UPLINKS);
  fixture_wait_uplink (fixture, last, "failed");
  fixture_expect (fixture, GST_MESSAGE_WARNING, "64 uplinks");
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING, NULL),
      ==, 0);
  g_free (list);
  g_free (last);
}

/* ---- Elements ------------------------------------------------------------ */

static guint
get_uplinks_up (GstElement *element)
{
  GstStructure *stats = NULL;
  guint up = 0;

  g_object_get (element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint (stats, "uplinks-up", &up));
  gst_structure_free (stats);
  return up;
}

static void
wait_up (GstElement *element, guint uplinks)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();

  while (get_uplinks_up (element) < uplinks) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (2000);
  }
}

static GstHarness *
start_one (ModelReceiver *receiver)
{
  GstElement *element = gst_element_factory_make ("srtlasink", NULL);
  GstHarness *harness;

  gst_object_ref_sink (element);
  g_object_set (element, "host", "127.0.0.1", "uplinks",
      "127.0.0.2,127.0.0.3", "port", model_receiver_port (receiver), NULL);
  harness = gst_harness_new_with_element (element, "sink", NULL);
  gst_harness_set_src_caps_str (harness, TESTING_CAPS);
  gst_object_unref (element);
  return harness;
}

static void
stop_one (GstHarness *harness)
{
  gst_element_set_state (harness->element, GST_STATE_NULL);
  gst_harness_teardown (harness);
}

/* Starts them all, sends something through each, and stops them. Returns: how
 * many threads and descriptors there were. */
static void
live (ModelReceiver *receiver, guint count, guint *threads, guint *descriptors)
{
  GstHarness **all = g_new (GstHarness *, count);
  guint64 before = model_receiver_packets (receiver, NULL);
  guint i, j;

  for (i = 0; i < count; i++)
    all[i] = start_one (receiver);
  for (i = 0; i < count; i++)
    wait_up (all[i]->element, 2);
  for (j = 0; j < PACKETS; j++) {
    for (i = 0; i < count; i++)
      g_assert_cmpint (gst_harness_push (all[i],
              testing_buffer ((guint32) before + j, 1 + i)), ==, GST_FLOW_OK);
  }
  g_assert_true (model_receiver_wait_packets (receiver,
          before + PACKETS * count, testing_patience ()));
  g_thread_pool_stop_unused_threads ();
  *threads = testing_count_entries ("/proc/self/task");
  *descriptors = testing_count_entries ("/proc/self/fd");
  for (i = 0; i < count; i++)
    stop_one (all[i]);
  g_free (all);
}

/* None is in another's way, and nothing is left of them. */
static void
test_elements (void)
{
  guint count = g_getenv ("SRTLA_TEST_SLOW") != NULL ? ELEMENTS / 10 : ELEMENTS;
  ModelReceiver *receiver = model_receiver_new (SRTLA_BEHAVIOUR_F, "127.0.0.1",
      0);
  guint threads, descriptors, threads_most, descriptors_most;

  g_thread_pool_set_max_unused_threads (0);
  /* What GLib and GStreamer make once and keep is there after that. */
  live (receiver, 2, &threads_most, &descriptors_most);
  g_thread_pool_stop_unused_threads ();
  threads = testing_count_entries ("/proc/self/task");
  descriptors = testing_count_entries ("/proc/self/fd");

  live (receiver, count, &threads_most, &descriptors_most);
  g_test_message ("%u elements: %u threads, %u descriptors", count,
      threads_most - threads, descriptors_most - descriptors);
  g_assert_cmpuint (threads_most, <=, threads + count * THREADS);
  g_assert_cmpuint (descriptors_most, <=, descriptors + count * DESCRIPTORS);
  testing_wait_entries ("/proc/self/task", threads);
  testing_wait_entries ("/proc/self/fd", descriptors);
  model_receiver_free (receiver);
}

/* Two, each with a receiver of its own, over the same addresses; what happens
 * to one is nothing to the other. */
static void
test_two (void)
{
  Fixture one, other;
  Stream stream;

  memset (&one, 0, sizeof one);
  memset (&other, 0, sizeof other);
  fixture_set_up (&one, NULL);
  fixture_set_up (&other, NULL);
  fixture_play (&one, 2);
  fixture_play (&other, 2);
  stream_start (&stream, &one, "enhanced");
  fixture_push (&other, 0, 100);
  fixture_wait_packets (&other, 100);
  model_receiver_cut (other.receiver, NULL, TRUE);
  fixture_wait_uplink (&other, "127.0.0.2", "down");
  fixture_wait_uplink (&other, "127.0.0.3", "down");
  g_assert_cmpuint (fixture_stat (&one, "uplinks-up"), ==, 2);
  gst_element_set_state (other.element, GST_STATE_NULL);
  fixture_wait_stat (&one, "packets-received",
      fixture_stat (&one, "packets-received") + 400);
  model_receiver_cut (other.receiver, NULL, FALSE);
  gst_element_set_state (other.element, GST_STATE_PLAYING);
  fixture_wait_stat (&other, "uplinks-up", 2);
  stream_stop_whole (&stream);
  fixture_check_arrived (&other, 0, 100, 1);
  fixture_tear_down (&other, NULL);
  fixture_tear_down (&one, NULL);
}

static void
add_tests (void)
{
  fixture_add_test ("/crowds/uplinks", test_uplinks);
  fixture_add_test ("/crowds/too-many", test_too_many);
  g_test_add_func ("/crowds/two", test_two);
  g_test_add_func ("/crowds/elements", test_elements);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
