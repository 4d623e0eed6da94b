/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `stats`: one shape whatever happens, numbers that mean something. */
#include "flow-testing.h"

typedef enum
{
  STRING, UINT, UINT64, INT, DOUBLE, ARRAY
} FieldType;

typedef struct
{
  const gchar *name;
  FieldType type;
} Field;

static const Field fields[] = {
  {"state", STRING}, {"receiver", STRING}, {"mode", STRING},
  {"uplinks-up", UINT}, {"uplinks-stalled", UINT}, {"callers", UINT},
  {"bitrate", UINT64}, {"capacity", UINT64}, {"connected-time", UINT64},
  {"packets-received", UINT64}, {"bytes-received", UINT64},
  {"packets-sent", UINT64}, {"bytes-sent", UINT64},
  {"retransmissions", UINT64}, {"duplicates", UINT64},
  {"duplicate-bytes", UINT64}, {"probes", UINT64}, {"rescued", UINT64},
  {"rescued-bytes", UINT64}, {"second-copies", UINT64}, {"kept-bytes", UINT64},
  {"packets-queued", UINT64}, {"dropped-queue-full", UINT64},
  {"dropped-not-srt", UINT64}, {"dropped-no-uplink", UINT64},
  {"dropped-send-error", UINT64}, {"dropped-uplink-queue", UINT64},
  {"dropped-uplink-removed", UINT64}, {"dropped-flushed", UINT64},
  {"dropped-expired", UINT64}, {"dropped-queue", UINT64},
  {"dropped-internal", UINT64}, {"untracked", UINT64},
  {"datagrams-received", UINT64}, {"datagram-bytes-received", UINT64},
  {"ignored-malformed", UINT64}, {"ignored-unknown", UINT64},
  {"ignored-registration", UINT64}, {"ignored-numbers", UINT64},
  {"srtla-acks", UINT64}, {"srt-acks", UINT64}, {"srt-naks", UINT64},
  {"naks", UINT64}, {"naks-held", UINT64}, {"naks-dropped", UINT64},
  {"naks-released", UINT64}, {"replies", UINT64}, {"reply-bytes", UINT64},
  {"reply-copies", UINT64}, {"replies-dropped", UINT64},
  {"registrations", UINT64}, {"registrations-refused", UINT64},
  {"uplinks", ARRAY}, {"classes", ARRAY}, {"flows", ARRAY},
};

static const Field uplink_fields[] = {
  {"name", STRING}, {"uplink", STRING}, {"slot", UINT}, {"state", STRING},
  {"reason", STRING}, {"local-address", STRING}, {"mtu", UINT},
  {"window", INT}, {"in-flight", INT}, {"rtt", UINT64}, {"rtt-minimum", UINT64},
  {"rtt-variance", UINT64}, {"last-heard", UINT64}, {"bitrate", UINT64},
  {"share", DOUBLE}, {"quality", DOUBLE}, {"delivered-rate", UINT64},
  {"capacity", UINT64}, {"queue", UINT64}, {"ack-coverage", STRING},
  {"packets-sent", UINT64},
  {"bytes-sent", UINT64}, {"retransmissions", UINT64}, {"duplicates", UINT64},
  {"duplicate-bytes", UINT64}, {"control-sent", UINT64},
  {"packets-received", UINT64}, {"bytes-received", UINT64},
  {"packets-acknowledged", UINT64}, {"acknowledgements-unknown", UINT64},
  {"naks", UINT64}, {"bursts", UINT64}, {"losses-found", UINT64},
  {"stalls", UINT64}, {"keepalives-echoed", UINT64}, {"send-errors", UINT64},
  {"send-retries", UINT64}, {"queue-full", UINT64}, {"too-large", UINT64},
  {"failures", UINT64},
};

static void
check_fields (const GstStructure *structure, const Field *expected,
    guint n_expected)
{
  const GType types[] = { G_TYPE_STRING, G_TYPE_UINT, G_TYPE_UINT64, G_TYPE_INT,
    G_TYPE_DOUBLE, GST_TYPE_ARRAY
  };
  guint i;

  for (i = 0; i < n_expected; i++) {
    if (i >= (guint) gst_structure_n_fields (structure))
      g_error ("%s is missing", expected[i].name);
    g_assert_cmpstr (gst_structure_nth_field_name (structure, i), ==,
        expected[i].name);
    g_assert_cmpstr (g_type_name (gst_structure_get_field_type (structure,
                expected[i].name)), ==, g_type_name (types[expected[i].type]));
    if (expected[i].type == STRING)
      g_assert_nonnull (gst_structure_get_string (structure,
              expected[i].name));
  }
  g_assert_cmpint (gst_structure_n_fields (structure), ==, n_expected);
}

static void
check_shape (const GstStructure *stats, guint n_uplinks)
{
  const GValue *list = gst_structure_get_value (stats, "uplinks");
  guint i;

  g_assert_cmpstr (gst_structure_get_name (stats), ==,
      "application/x-srtla-stats");
  check_fields (stats, fields, G_N_ELEMENTS (fields));
  g_assert_cmpuint (gst_value_array_get_size (list), ==, n_uplinks);
  for (i = 0; i < n_uplinks; i++) {
    const GstStructure *uplink =
        gst_value_get_structure (gst_value_array_get_value (list, i));

    g_assert_cmpstr (gst_structure_get_name (uplink), ==,
        "application/x-srtla-uplink-stats");
    check_fields (uplink, uplink_fields, G_N_ELEMENTS (uplink_fields));
  }
}

/* Returns: `state`, of a structure with the right shape. */
static gchar *
get_state (Fixture *fixture, guint n_uplinks)
{
  GstStructure *stats = NULL;
  gchar *state;

  g_object_get (fixture->element, "stats", &stats, NULL);
  check_shape (stats, n_uplinks);
  state = g_strdup (gst_structure_get_string (stats, "state"));
  gst_structure_free (stats);
  return state;
}

static void
expect_state (Fixture *fixture, guint n_uplinks, const gchar *expected)
{
  gchar *state = get_state (fixture, n_uplinks);

  g_assert_cmpstr (state, ==, expected);
  g_free (state);
}

static void
test_shape (Fixture *fixture, gconstpointer data)
{
  (void) data;
  expect_state (fixture, 2, "idle");
  gst_element_set_state (fixture->element, GST_STATE_READY);
  expect_state (fixture, 2, "idle");
  model_receiver_cut (fixture->receiver, NULL, TRUE);
  fixture_play (fixture, 0);
  expect_state (fixture, 2, "connecting");
  model_receiver_cut (fixture->receiver, NULL, FALSE);
  fixture_wait_stat (fixture, "uplinks-up", 2);
  expect_state (fixture, 2, "connected");
  fixture_push (fixture, 0, 100);
  fixture_wait_packets (fixture, 100);
  fixture_wait_stat (fixture, "packets-sent", 100);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  expect_state (fixture, 2, "idle");
  /* The totals of the connection can still be read. */
  g_assert_cmpuint (fixture_stat (fixture, "packets-sent"), ==, 100);
}

/* The numbers add up, and the uplinks' to the totals. */
static void
test_numbers (Fixture *fixture, gconstpointer data)
{
  static const gchar *const uplinks[] = { "127.0.0.2", "127.0.0.3" };
  guint64 sum = 0, acknowledged = 0;
  guint i;

  (void) data;
  /* Each packet goes one way, whatever happens. */
  gst_util_set_object_arg (G_OBJECT (fixture->element), "mode", "classic");
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 400);
  fixture_wait_packets (fixture, 400);
  fixture_wait_stat (fixture, "srtla-acks", 38);
  for (i = 0; i < G_N_ELEMENTS (uplinks); i++) {
    GstStructure *stats = fixture_uplink_stats (fixture, uplinks[i]);
    guint64 packets, number;

    g_assert_true (gst_structure_get_uint64 (stats, "packets-sent", &packets));
    g_assert_cmpuint (packets, ==, model_receiver_packets (fixture->receiver,
            uplinks[i]));
    sum += packets;
    g_assert_true (gst_structure_get_uint64 (stats, "packets-acknowledged",
            &number));
    acknowledged += number;
    g_assert_true (gst_structure_get_uint64 (stats, "last-heard", &number));
    g_assert_cmpuint (number, <, 10 * SRTLA_SECOND);
    g_assert_true (g_str_has_prefix (gst_structure_get_string (stats,
                "local-address"), uplinks[i]));
    gst_structure_free (stats);
  }
  g_assert_cmpuint (sum, ==, 400);
  g_assert_cmpuint (acknowledged, >=, 380);
  g_assert_cmpuint (fixture_stat (fixture, "packets-queued"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "callers"), ==, 1);
  g_assert_cmpuint (fixture_stat (fixture, "connected-time"), >, 0);
}

/* ---- Regular statistics -------------------------------------------------- */

static void
on_stats (GstElement *element, const GstStructure *stats, gpointer user_data)
{
  (void) element;
  check_shape (stats, 2);
  g_atomic_int_inc ((gint *) user_data);
}

static void
test_interval (Fixture *fixture, gconstpointer data)
{
  static gint signals;
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint i;

  (void) data;
  g_signal_connect (fixture->element, "stats", G_CALLBACK (on_stats), &signals);
  fixture_play (fixture, 2);
  /* Off by default. */
  g_assert_cmpint (g_atomic_int_get (&signals), ==, 0);
  g_object_set (fixture->element, "stats-interval", 20, NULL);
  for (i = 0; i < 3; i++) {
    GstMessage *message = record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
        "srtla-stats");
    GstStructure *stats = gst_structure_copy (gst_message_get_structure
        (message));

    gst_structure_set_name (stats, "application/x-srtla-stats");
    check_shape (stats, 2);
    gst_structure_free (stats);
    gst_message_unref (message);
  }
  while (g_atomic_int_get (&signals) < 3) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (2000);
  }
}

/* Whoever asks, as often as they like, while everything moves. */
static gpointer
ask (gpointer data)
{
  Fixture *fixture = data;
  guint i;

  for (i = 0; i < 300; i++) {
    GstStructure *stats = NULL;

    g_object_get (fixture->element, "stats", &stats, NULL);
    check_fields (stats, fields, G_N_ELEMENTS (fields));
    gst_structure_free (stats);
  }
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  GThread *threads[2];
  guint i;

  (void) data;
  for (i = 0; i < 2; i++)
    threads[i] = g_thread_new ("asks", ask, fixture);
  fixture_play (fixture, 2);
  for (i = 0; i < 20; i++) {
    g_object_set (fixture->element, "uplinks",
        i % 2 == 0 ? "127.0.0.2,127.0.0.3,127.0.0.4" : "127.0.0.2,127.0.0.3",
        NULL);
    fixture_push (fixture, i * 10, 10);
  }
  for (i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  fixture_wait_packets (fixture, fixture_stat (fixture, "packets-sent"));
}

static void
wait_for_maximum (Fixture *fixture, guint64 maximum)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();

  while (class_number (fixture, "low", "delay-maximum") != maximum) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (2000);
  }
}

/* Delays are those of the last interval while there are intervals. */
static void
test_delays (Fixture *fixture, gconstpointer data)
{
  guint64 total;

  (void) data;
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 50);
  fixture_wait_packets (fixture, 50);
  total = class_number (fixture, "low", "total-delay-maximum");
  g_assert_cmpuint (total, >, 0);
  g_assert_cmpuint (class_number (fixture, "low", "delay-maximum"), ==, total);
  g_object_set (fixture->element, "stats-interval", 20, NULL);
  wait_for_maximum (fixture, 0);        /* one without packets */
  g_assert_cmpuint (class_number (fixture, "low", "total-delay-maximum"), ==,
      total);
  g_object_set (fixture->element, "stats-interval", 0, NULL);
  wait_for_maximum (fixture, total);
}

static void
add_tests (void)
{
  fixture_add_test ("/stats/shape", test_shape);
  fixture_add_test ("/stats/numbers", test_numbers);
  fixture_add_test ("/stats/interval", test_interval);
  fixture_add_test ("/stats/delays", test_delays);
  fixture_add_test ("/stats/threads", test_threads);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
