/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Up and down, over and over: nothing may be left behind. And application code
 * never holds up the loop. */
#include "element-testing.h"

#define CYCLES 50

/* Elements post state changes on the bus; the record need not keep them. */
static void
forget_messages (Fixture *fixture)
{
  g_mutex_lock (&fixture->record.lock);
  g_ptr_array_set_size (fixture->record.messages, 0);
  g_mutex_unlock (&fixture->record.lock);
}

static void
cycle (Fixture *fixture, guint round)
{
  static guint32 sequence = 0;
  guint i;

  fixture_play (fixture, round % 5 == 0 ? 2 : 0);
  for (i = 0; i < 10; i++)
    gst_harness_push (fixture->harness, testing_buffer (sequence++, 1));
  if (round % 3 == 1)
    gst_harness_push_event (fixture->harness, gst_event_new_eos ());
  gst_harness_teardown (fixture->harness);
  fixture->harness = NULL;
  g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  forget_messages (fixture);
}

static void
test_cycles (Fixture *fixture, gconstpointer data)
{
  guint threads, descriptors, i;

  (void) data;
  g_thread_pool_set_max_unused_threads (0);
  /* What GLib and GStreamer make once and keep is there after a round. */
  for (i = 0; i < 2; i++)
    cycle (fixture, i);
  g_thread_pool_stop_unused_threads ();
  threads = testing_count_entries ("/proc/self/task");
  descriptors = testing_count_entries ("/proc/self/fd");
  for (i = 0; i < CYCLES; i++)
    cycle (fixture, i);
  testing_wait_entries ("/proc/self/task", threads);
  testing_wait_entries ("/proc/self/fd", descriptors);

  /* As good as new. */
  i = (guint) model_receiver_packets (fixture->receiver, NULL);
  fixture_play (fixture, 2);
  fixture_push (fixture, 100000, 20);
  fixture_wait_packets (fixture, i + 20);
  fixture_check_arrived (fixture, 100000, 20, 1);
}

/* A new element each time, ended in each state it can be in. */
static void
test_lives (void)
{
  static const GstState states[] = {
    GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING
  };
  ModelReceiver *receiver = model_receiver_new (SRTLA_BEHAVIOUR_A, "127.0.0.1",
      0);
  guint threads = 0, descriptors = 0, i;

  g_thread_pool_set_max_unused_threads (0);
  for (i = 0; i < CYCLES; i++) {
    GstElement *element = gst_element_factory_make ("srtlasink", NULL);

    gst_object_ref_sink (element);
    g_object_set (element, "host", "127.0.0.1", "uplinks",
        "127.0.0.2,127.0.0.3", "port", model_receiver_port (receiver), NULL);
    g_assert_cmpint (gst_element_set_state (element,
            states[i % G_N_ELEMENTS (states)]), !=, GST_STATE_CHANGE_FAILURE);
    gst_element_set_state (element, GST_STATE_NULL);
    gst_object_unref (element);
    if (i == G_N_ELEMENTS (states)) {
      g_thread_pool_stop_unused_threads ();
      threads = testing_count_entries ("/proc/self/task");
      descriptors = testing_count_entries ("/proc/self/fd");
    }
  }
  testing_wait_entries ("/proc/self/task", threads);
  testing_wait_entries ("/proc/self/fd", descriptors);
  model_receiver_free (receiver);
}

/* PAUSED and back while packets come: what is pushed is not lost. */
static void
test_pause (Fixture *fixture, gconstpointer data)
{
  guint32 i;

  (void) data;
  fixture_play (fixture, 2);
  for (i = 0; i < 10; i++) {
    g_assert_cmpint (gst_element_set_state (fixture->element,
            GST_STATE_PAUSED), !=, GST_STATE_CHANGE_FAILURE);
    fixture_push (fixture, 20 * i, 10);
    g_assert_cmpint (gst_element_set_state (fixture->element,
            GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    fixture_push (fixture, 20 * i + 10, 10);
  }
  fixture_wait_packets (fixture, 200);
  fixture_check_arrived (fixture, 0, 200, 1);
}

/* A queue of one packet, hit by lists: it drops and counts, and never blocks
 * the streaming thread. */
static void
test_full_queue (Fixture *fixture, gconstpointer data)
{
  guint32 i, round;

  (void) data;
  g_object_set (fixture->element, "queue-size", 1, NULL);
  fixture_play (fixture, 2);
  for (round = 0; round < 20; round++) {
    GstBufferList *list = gst_buffer_list_new ();

    for (i = 0; i < 50; i++)
      gst_buffer_list_add (list, testing_buffer (round * 50 + i, 1));
    g_assert_cmpint (gst_pad_push_list (fixture->harness->srcpad, list), ==,
        GST_FLOW_OK);
  }
  fixture_wait_stat (fixture, "packets-received", 1000);
  g_assert_cmpuint (fixture_stat (fixture, "dropped-queue-full"), >, 0);
  fixture_wait_packets (fixture, 1000 - fixture_stat (fixture,
          "dropped-queue-full"));
}

/* ---- Whose thread runs application code --------------------------------- */

/* Held by the test while a handler waits for it: whoever emits is stuck. */
typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean closed;
  guint waiting;
} Gate;

static void
gate_pass (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->waiting++;
  g_cond_broadcast (&gate->changed);
  while (gate->closed)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->closed = FALSE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static void
gate_wait_for_someone (Gate *gate)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();

  g_mutex_lock (&gate->lock);
  while (gate->waiting == 0)
    g_assert_true (g_cond_wait_until (&gate->changed, &gate->lock, end));
  g_mutex_unlock (&gate->lock);
}

static void
on_state_changed (GstElement *element, GstObject *uplink, const gchar *from,
    const gchar *to, const gchar *reason, gpointer user_data)
{
  (void) element;
  (void) uplink;
  (void) from;
  (void) to;
  (void) reason;
  gate_pass (user_data);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  const GstStructure *structure = gst_message_get_structure (message);

  (void) bus;
  if (structure != NULL && g_str_has_prefix (gst_structure_get_name (structure),
          "srtla-"))
    gate_pass (user_data);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
push_while_stuck (Fixture *fixture, Gate *gate)
{
  gate->closed = TRUE;
  fixture_play (fixture, 2);
  gate_wait_for_someone (gate);
  fixture_push (fixture, 0, 200);
  fixture_wait_packets (fixture, 200);
  gate_open (gate);
}

/* A signal handler that does not return: the packets flow all the same. */
static void
test_stuck_handler (Fixture *fixture, gconstpointer data)
{
  static Gate gate;

  (void) data;
  g_signal_connect (fixture->element, "uplink-state-changed",
      G_CALLBACK (on_state_changed), &gate);
  push_while_stuck (fixture, &gate);
}

/* The same for who reads messages in the thread that posts them. */
static void
test_stuck_bus (Fixture *fixture, gconstpointer data)
{
  static Gate gate;
  GstBus *bus = gst_bus_new ();

  (void) data;
  gst_bus_set_sync_handler (bus, on_message, &gate, NULL);
  gst_element_set_bus (fixture->element, bus);
  push_while_stuck (fixture, &gate);
  gst_element_set_bus (fixture->element, fixture->bus);
  gst_object_unref (bus);
}

static void
on_uplink_up (GstElement *element, GstObject *uplink, const gchar *from,
    const gchar *to, const gchar *reason, gpointer user_data)
{
  GstStructure *stats;
  gboolean done;

  (void) uplink;
  (void) from;
  (void) reason;
  if (strcmp (to, "up") != 0)
    return;
  /* All that an application may do with the element, from within a handler. */
  g_object_get (element, "stats", &stats, NULL);
  gst_structure_free (stats);
  g_signal_emit_by_name (element, "add-uplink", "127.0.0.4", &done);
  g_object_set (element, "stats-interval", 10, NULL);
  g_atomic_int_set ((gint *) user_data, TRUE);
}

static void
test_busy_handler (Fixture *fixture, gconstpointer data)
{
  static gint called;
  gint64 end = g_get_monotonic_time () + testing_patience ();

  (void) data;
  g_signal_connect (fixture->element, "uplink-state-changed",
      G_CALLBACK (on_uplink_up), &called);
  fixture_play (fixture, 3);
  /* Handlers run on a thread of their own, which may come to it later. */
  while (!g_atomic_int_get (&called) && g_get_monotonic_time () < end)
    g_usleep (2000);
  g_assert_true (g_atomic_int_get (&called));
  fixture_wait_uplink (fixture, "127.0.0.4", "up");
}

static void
add_tests (void)
{
  fixture_add_test ("/states/cycles", test_cycles);
  g_test_add_func ("/states/lives", test_lives);
  fixture_add_test ("/states/pause", test_pause);
  fixture_add_test ("/states/full-queue", test_full_queue);
  fixture_add_test ("/states/stuck-handler", test_stuck_handler);
  fixture_add_test ("/states/stuck-bus", test_stuck_bus);
  fixture_add_test ("/states/busy-handler", test_busy_handler);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
