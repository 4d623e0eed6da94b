/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything at any moment, from threads of its own: properties, uplinks, states,
 * the end of the stream. Afterwards the element is as good as new, and its books
 * balance.
 */
#include "element-stream.h"
#include "failing-socket.h"

#include <errno.h>
#include <string.h>

#define UPLINKS "127.0.0.2,127.0.0.3,127.0.0.4"

/* ---- Properties ---------------------------------------------------------- */

/* Of any size: as many small as large ones. */
static guint64
random_number (GRand *random, guint64 minimum, guint64 maximum)
{
  guint64 number = (guint64) g_rand_int (random) << 32 | g_rand_int (random);

  number >>= g_rand_int_range (random, 0, 64);
  return maximum - minimum == G_MAXUINT64 ? number
      : minimum + number % (maximum - minimum + 1);
}

/* Sets a property to something that it takes. */
static void
set_at_random (GObject *object, GParamSpec *spec, GRand *random)
{
  static const gchar *const lists[] = { UPLINKS, "127.0.0.2", "",
    "127.0.0.3,192.0.2.77,nosuchinterface", "127.0.0.5,127.0.0.3,127.0.0.3",
    "not an address,,127.0.0.2"
  };
  GValue value = G_VALUE_INIT;

  g_value_init (&value, spec->value_type);
  if (G_IS_PARAM_SPEC_BOOLEAN (spec))
    g_value_set_boolean (&value, g_rand_boolean (random));
  else if (G_IS_PARAM_SPEC_ENUM (spec))
    g_value_set_enum (&value, G_PARAM_SPEC_ENUM (spec)->enum_class->values
        [g_rand_int_range (random, 0,
                G_PARAM_SPEC_ENUM (spec)->enum_class->n_values)].value);
  else if (G_IS_PARAM_SPEC_UINT (spec))
    g_value_set_uint (&value, (guint) random_number (random,
            G_PARAM_SPEC_UINT (spec)->minimum,
            G_PARAM_SPEC_UINT (spec)->maximum));
  else if (G_IS_PARAM_SPEC_UINT64 (spec))
    g_value_set_uint64 (&value, random_number (random,
            G_PARAM_SPEC_UINT64 (spec)->minimum,
            G_PARAM_SPEC_UINT64 (spec)->maximum));
  else if (g_str_equal (spec->name, "uplinks"))
    g_value_set_static_string (&value,
        lists[g_rand_int_range (random, 0, G_N_ELEMENTS (lists))]);
  else if (g_str_equal (spec->name, "uplinks-file"))
    g_value_set_static_string (&value,
        g_rand_boolean (random) ? "/nonexistent/uplinks" : NULL);
  if (!g_str_equal (spec->name, "uri") && !g_str_equal (spec->name, "host")
      && !g_str_equal (spec->name, "port") && !g_str_equal (spec->name, "name"))
    g_object_set_property (object, spec->name, &value);
  g_value_unset (&value);
}

/* Returns: an object of the element that has properties, a reference. */
static GObject *
pick_object (GstElement *element, GRand *random)
{
  GstChildProxy *proxy = GST_CHILD_PROXY (element);
  GObject *child = NULL;

  if (g_rand_int_range (random, 0, 4) == 0)
    child = gst_child_proxy_get_child_by_index (proxy,
        (guint) g_rand_int_range (random, 0, 4));
  else if (g_rand_int_range (random, 0, 8) == 0)
    child = G_OBJECT (gst_element_get_static_pad (element, "sink"));
  return child != NULL ? child : g_object_ref (G_OBJECT (element));
}

static void
change_something (GstElement *element, GRand *random)
{
  GObject *object = pick_object (element, random);
  guint n;
  GParamSpec **specs = g_object_class_list_properties (G_OBJECT_GET_CLASS
      (object), &n);
  GParamSpec *spec = specs[g_rand_int_range (random, 0, (gint32) n)];

  if ((spec->flags & G_PARAM_WRITABLE) != 0
      && (spec->flags & G_PARAM_CONSTRUCT_ONLY) == 0
      && (spec->owner_type == G_OBJECT_TYPE (object)))
    set_at_random (object, spec, random);
  g_free (specs);
  g_object_unref (object);
}

static void
set_defaults (GObject *object)
{
  guint i, n;
  GParamSpec **specs = g_object_class_list_properties (G_OBJECT_GET_CLASS
      (object), &n);

  for (i = 0; i < n; i++) {
    const gchar *name = specs[i]->name;

    if ((specs[i]->flags & G_PARAM_WRITABLE) != 0
        && specs[i]->owner_type == G_OBJECT_TYPE (object)
        && !g_str_equal (name, "uri") && !g_str_equal (name, "host")
        && !g_str_equal (name, "port"))
      g_object_set_property (object, name,
          g_param_spec_get_default_value (specs[i]));
  }
  g_free (specs);
}

/* ---- Threads that do as they like ---------------------------------------- */

typedef struct
{
  Fixture *fixture;
  GRand *random;
  gint stop;                    /* atomic */
  guint done;
} Actor;

static gpointer
change_properties (gpointer data)
{
  Actor *actor = data;

  while (!g_atomic_int_get (&actor->stop)) {
    change_something (actor->fixture->element, actor->random);
    actor->done++;
    g_usleep (500);
  }
  return NULL;
}

static gpointer
look (gpointer data)
{
  Actor *actor = data;

  while (!g_atomic_int_get (&actor->stop)) {
    g_free (fixture_describe (actor->fixture));
    actor->done++;
    g_usleep (2000);
  }
  return NULL;
}

/* No packets between a flush and the segment. */
static GMutex stream_lock;

static gpointer
push (gpointer data)
{
  Actor *actor = data;

  /* Not when it is stopped, or at its end: whatever it says is right. */
  while (!g_atomic_int_get (&actor->stop)) {
    g_mutex_lock (&stream_lock);
    gst_pad_push (actor->fixture->harness->srcpad,
        testing_buffer (actor->done++, 1));
    g_mutex_unlock (&stream_lock);
    g_usleep (200);
  }
  return NULL;
}

static void
end_stream (Fixture *fixture, GRand *random)
{
  GstPad *source = fixture->harness->srcpad;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  switch (g_rand_int_range (random, 0, 3)) {
    case 0:
      gst_pad_push_event (source, gst_event_new_eos ());
      break;
    case 1:
      gst_element_send_event (fixture->element, gst_event_new_eos ());
      break;
    default:
      g_mutex_lock (&stream_lock);
      gst_pad_push_event (source, gst_event_new_flush_start ());
      gst_pad_push_event (source, gst_event_new_flush_stop (TRUE));
      gst_pad_push_event (source, gst_event_new_stream_start ("again"));
      gst_pad_push_event (source, gst_event_new_segment (&segment));
      g_mutex_unlock (&stream_lock);
  }
}

/* ---- Tests --------------------------------------------------------------- */

/* Returns: how many packets a fresh stream begins after. */
static guint64
begin_again (Fixture *fixture)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  GstChildProxy *proxy = GST_CHILD_PROXY (fixture->element);
  guint64 before;
  guint i;

  gst_harness_teardown (fixture->harness);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  for (i = 2; i < 8; i++) {
    gchar *uplink = g_strdup_printf ("127.0.0.%u", i);

    fixture_remove_uplink (fixture, uplink);
    g_free (uplink);
  }
  g_object_set (fixture->element, "uplinks", "", NULL);
  g_object_set (fixture->element, "uplinks", UPLINKS, NULL);
  while (gst_child_proxy_get_children_count (proxy) != 3) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (2000);
  }
  /* What was under way has arrived before anything new does. */
  do {
    before = model_receiver_packets (fixture->receiver, NULL);
    g_usleep (50 * 1000);
  } while (before != model_receiver_packets (fixture->receiver, NULL));
  fixture_play (fixture, 3);
  return before;
}

static void
check_fresh (Fixture *fixture)
{
  const guint32 first = 1000000;
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint64 before = begin_again (fixture);

  fixture_push (fixture, first, 200);
  while (model_receiver_packets (fixture->receiver, NULL) < before + 200) {
    if (g_get_monotonic_time () > end)
      g_error ("%s", fixture_describe (fixture));
    g_usleep (2000);
  }
  fixture_check_arrived (fixture, first, 200, 1);
}

static void
join (Actor *actor, GThread *thread)
{
  g_atomic_int_set (&actor->stop, TRUE);
  g_thread_join (thread);
  g_assert_cmpuint (actor->done, >, 10);
}

/* All properties of element, pads and uplinks, of any value, in PLAYING. */
static void
test_properties (Fixture *fixture, gconstpointer data)
{
  GRand *random = testing_rand_new ();
  Actor actor = { fixture, random, FALSE, 0 };
  Actor viewer = { fixture, NULL, FALSE, 0 };
  Actor pusher = { fixture, NULL, FALSE, 0 };
  GThread *changing, *looking, *pushing;

  (void) data;
  fixture_play (fixture, 2);
  changing = g_thread_new ("properties", change_properties, &actor);
  looking = g_thread_new ("look", look, &viewer);
  pushing = g_thread_new ("push", push, &pusher);
  g_usleep (2 * G_USEC_PER_SEC);        /* so long it lasts */
  join (&actor, changing);
  join (&viewer, looking);
  join (&pusher, pushing);
  g_test_message ("%u changes, %u packets, %u looks", actor.done, pusher.done,
      viewer.done);
  set_defaults (G_OBJECT (fixture->element));
  check_fresh (fixture);
  g_rand_free (random);
}

/* GStreamer says so of a pad that is stopped and started between a push's look at
 * the events to be sent first and its buffer; that buffer comes without them. */
static gboolean
is_known (const gchar *message)
{
  return strstr (message, "Got data flow before") != NULL;
}

static gboolean
is_fatal (const gchar *domain, GLogLevelFlags level, const gchar *message,
    gpointer user_data)
{
  (void) domain;
  (void) level;
  (void) user_data;
  return !is_known (message);
}

static void
say_unless_known (const gchar *domain, GLogLevelFlags level,
    const gchar *message, gpointer user_data)
{
  if (!is_known (message))
    g_log_default_handler (domain, level, message, user_data);
}

/* Up and down, with an end of stream now and then, while others push, look and
 * change the uplinks. */
static void
test_states (Fixture *fixture, gconstpointer data)
{
  static const GstState states[] = {
    GST_STATE_NULL, GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING
  };
  GRand *random = testing_rand_new ();
  Actor viewer = { fixture, NULL, FALSE, 0 };
  Actor pusher = { fixture, NULL, FALSE, 0 };
  GThread *looking, *pushing;
  guint i;

  (void) data;
  g_test_log_set_fatal_handler (is_fatal, NULL);
  g_log_set_handler ("GStreamer", G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL,
      say_unless_known, NULL);
  fixture_play (fixture, 2);
  looking = g_thread_new ("look", look, &viewer);
  pushing = g_thread_new ("push", push, &pusher);
  for (i = 0; i < 200; i++) {
    gchar *uplink = g_strdup_printf ("127.0.0.%d", g_rand_int_range (random, 3,
            8));

    g_assert_cmpint (gst_element_set_state (fixture->element,
            states[g_rand_int_range (random, 0, G_N_ELEMENTS (states))]), !=,
        GST_STATE_CHANGE_FAILURE);
    if (g_rand_boolean (random))
      fixture_add_uplink (fixture, uplink);
    else
      fixture_remove_uplink (fixture, uplink);
    if (g_rand_int_range (random, 0, 4) == 0)
      end_stream (fixture, random);
    g_usleep ((gulong) g_rand_int_range (random, 0, 8000));
    g_free (uplink);
  }
  join (&viewer, looking);
  join (&pusher, pushing);
  check_fresh (fixture);
  g_rand_free (random);
}

/* The end of the stream comes through, whatever else happens at that moment. */
static void
test_eos (Fixture *fixture, gconstpointer data)
{
  GRand *random = testing_rand_new ();
  guint i;

  (void) data;
  g_object_set (fixture->element, "drain-timeout", 100, NULL);
  for (i = 0; i < 30; i++) {
    guint what = (guint) g_rand_int (random);

    model_receiver_cut (fixture->receiver, NULL, what & 1);
    g_object_set (fixture->element, "uplinks", UPLINKS, NULL);
    fixture_play (fixture, what & 3 ? 0 : 3);
    if (what & 4)
      failing_socket_start (what & 8 ? 0 : 3, what & 16 ? EAGAIN : ENETDOWN);
    fixture_push (fixture, 100 * i, what >> 8 & 63);
    if (what & 32)
      fixture_remove_uplink (fixture, "127.0.0.3");
    if (what & 64)
      g_object_set (fixture->element, "mode", what >> 6 & 1, NULL);
    if (what & 128)
      model_receiver_cut (fixture->receiver, NULL, TRUE);
    g_assert_true (gst_pad_push_event (fixture->harness->srcpad,
            gst_event_new_eos ()));
    if (what & 0x10000)
      fixture_remove_uplink (fixture, "127.0.0.2");
    gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
    g_assert_cmpuint (fixture_stat (fixture, "packets-queued"), ==, 0);
    failing_socket_stop ();
    gst_harness_teardown (fixture->harness);
    fixture->harness = NULL;
    gst_element_set_state (fixture->element, GST_STATE_NULL);
  }
  model_receiver_cut (fixture->receiver, NULL, FALSE);
  fixture_play (fixture, 1);
  check_fresh (fixture);
  g_rand_free (random);
}

static void
add_tests (void)
{
  fixture_add_test ("/chaos/properties", test_properties);
  fixture_add_test ("/chaos/states", test_states);
  fixture_add_test ("/chaos/eos", test_eos);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
