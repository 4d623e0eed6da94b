/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mode, quality, exploration, rescue, nak-filter: live, at any rate. */
#include "element-testing.h"

#define CALLER 4711
#define FLIPS 3000
#define FLIP_TIME 500           /* µs, half of what a thousand a second need */
#define BURST 20                /* packets */
#define BURST_TIME 5000         /* µs */
/* Packets that may be under way: what a small socket buffer holds, so that none
 * is lost behind the element on a slow machine. */
#define BACKLOG (3 * BURST)
#define WARM 8000000            /* bit/s: four times what a new uplink gets */

static const gchar *const names[] = {
  "mode", "quality", "exploration", "rescue", "nak-filter"
};

static void
set_mode (Fixture *fixture, const gchar *mode)
{
  gst_util_set_object_arg (G_OBJECT (fixture->element), "mode", mode);
}

static void
expect_mode (Fixture *fixture, const gchar *mode)
{
  GstStructure *stats = NULL;

  g_object_get (fixture->element, "stats", &stats, NULL);
  g_assert_cmpstr (gst_structure_get_string (stats, "mode"), ==, mode);
  gst_structure_free (stats);
}

static void
push_burst (Fixture *fixture, guint32 first, guint32 count)
{
  GstBufferList *list = gst_buffer_list_new ();
  guint32 i;

  for (i = 0; i < count; i++)
    gst_buffer_list_add (list, testing_buffer (first + i, 1));
  g_assert_cmpint (gst_pad_push_list (fixture->harness->srcpad, list), ==,
      GST_FLOW_OK);
}

/* ---- What is set is what is ---------------------------------------------- */

static void
count_notify (GObject *object, GParamSpec *spec, gpointer user_data)
{
  (void) object;
  (void) spec;
  g_atomic_int_inc ((gint *) user_data);
}

static void
test_notify (Fixture *fixture, gconstpointer data)
{
  gint counts[G_N_ELEMENTS (names)] = { 0 };
  guint i, round;

  (void) data;
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *signal = g_strconcat ("notify::", names[i], NULL);

    g_signal_connect (fixture->element, signal, G_CALLBACK (count_notify),
        &counts[i]);
    g_free (signal);
  }
  for (round = 0; round < 3; round++) {
    if (round == 1)
      fixture_play (fixture, 2);
    for (i = 0; i < G_N_ELEMENTS (names); i++) {
      gst_util_set_object_arg (G_OBJECT (fixture->element), names[i],
          i == 0 ? (round % 2 ? "enhanced" : "classic")
          : (round % 2 ? "true" : "false"));
      g_assert_cmpint (g_atomic_int_get (&counts[i]), ==, round + 1);
    }
  }
  for (i = 0; i < G_N_ELEMENTS (names); i++)
    g_signal_handlers_disconnect_by_data (fixture->element, &counts[i]);
}

/* The mode in `stats` is the one in use, and before that the one to be. */
static void
test_mode (Fixture *fixture, gconstpointer data)
{
  guint i;

  (void) data;
  expect_mode (fixture, "enhanced");
  set_mode (fixture, "classic");
  expect_mode (fixture, "classic");
  fixture_play (fixture, 2);
  expect_mode (fixture, "classic");
  for (i = 0; i < 50; i++) {
    set_mode (fixture, i % 2 == 0 ? "enhanced" : "classic");
    expect_mode (fixture, i % 2 == 0 ? "enhanced" : "classic");
    fixture_push (fixture, 10 * i, 10);
  }
  fixture_wait_packets (fixture, 500);
  fixture_check_arrived (fixture, 0, 500, 1);
  set_mode (fixture, "enhanced");
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  expect_mode (fixture, "enhanced");
}

/* What the enhanced mode knows of an uplink, while it carries. */
static void
test_numbers (Fixture *fixture, gconstpointer data)
{
  static const gchar *const positive[] = { "capacity", "delivered-rate" };
  GstStructure *stats;
  gdouble quality;
  guint64 number;
  guint i;

  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.2", NULL);
  fixture_play (fixture, 1);
  for (i = 0; i < 20; i++) {
    push_burst (fixture, i * 10, 10);
    fixture_wait_packets (fixture, (i + 1) * 10);
    fixture_wait_stat (fixture, "srtla-acks", i + 1);
  }
  stats = fixture_uplink_stats (fixture, "127.0.0.2");
  for (i = 0; i < G_N_ELEMENTS (positive); i++) {
    g_assert_true (gst_structure_get_uint64 (stats, positive[i], &number));
    g_assert_cmpuint (number, >, 0);
  }
  g_assert_true (gst_structure_get_double (stats, "quality", &quality));
  g_assert_cmpfloat (quality, >, 0.3);
  g_assert_cmpfloat (quality, <, 1.2);
  g_assert_true (gst_structure_get_uint64 (stats, "capacity", &number));
  gst_structure_free (stats);
  g_assert_cmpuint (fixture_stat (fixture, "uplinks-stalled"), ==, 0);
}

/* ---- A storm ------------------------------------------------------------- */

typedef struct
{
  GObject *element;
  GRand *random;
  gint flips;                   /* atomic */
} Storm;

static gpointer
flip (gpointer data)
{
  Storm *storm = data;
  guint i;

  while (g_atomic_int_get (&storm->flips) < FLIPS) {
    /* Each of them, so that each is flipped a thousand times a second. */
    for (i = 0; i < G_N_ELEMENTS (names); i++) {
      gboolean on = g_rand_boolean (storm->random);

      gst_util_set_object_arg (storm->element, names[i],
          i == 0 ? (on ? "enhanced" : "classic") : (on ? "true" : "false"));
    }
    g_atomic_int_inc (&storm->flips);
    g_usleep (FLIP_TIME);
  }
  return NULL;
}

/* An SRT caller and its server shake hands: now the element knows whose packets
 * go to socket 1. */
static void
shake_hands (Fixture *fixture)
{
  const guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK;
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_conclusion (packet, CALLER, 0, flags, 1000, 0);

  gst_harness_push (fixture->harness, testing_buffer_of (packet, size));
  fixture_wait_packets (fixture, 1);
  size = testing_conclusion_response (packet, CALLER, 1, 0, flags, 1000, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_wait_stat (fixture, "replies", 1);
}

/* What the SRT server says meanwhile: it has all packets before `next`. */
static void
answer (Fixture *fixture, guint32 next, guint32 timestamp)
{
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_light_ack (packet, next, CALLER, timestamp);

  model_receiver_relay (fixture->receiver, packet, size);
}

static void
test_storm (Fixture *fixture, gconstpointer data)
{
  Storm storm = { G_OBJECT (fixture->element), testing_rand_new (), 0 };
  guint32 pushed = 0;
  GThread *thread;
  GstPad *source;

  (void) data;
  g_object_set (fixture->element, "uplinks",
      "127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5", NULL);
  source = gst_element_request_pad_simple (fixture->element, "src");
  fixture_play (fixture, 4);
  gst_harness_add_element_src_pad (fixture->harness, source);
  gst_harness_set_drop_buffers (fixture->harness, TRUE);
  shake_hands (fixture);
  thread = g_thread_new ("flips", flip, &storm);
  while (g_atomic_int_get (&storm.flips) < FLIPS) {
    push_burst (fixture, pushed, BURST);
    pushed += BURST;
    if (pushed > BACKLOG)
      fixture_wait_packets (fixture, pushed - BACKLOG);
    if (pushed % (10 * BURST) == 0)
      answer (fixture, pushed - 5 * BURST, pushed);
    g_usleep (BURST_TIME);
  }
  g_thread_join (thread);
  g_test_message ("%u packets, %d flips of each", pushed, FLIPS);
  fixture_wait_packets (fixture, pushed + 1);   /* and the handshake */
  fixture_check_arrived (fixture, 0, pushed, 1);
  g_assert_cmpuint (fixture_stat (fixture, "packets-sent"), ==, pushed + 1);
  g_assert_cmpuint (fixture_stat (fixture, "srt-acks"), >, 0);
  g_rand_free (storm.random);
  gst_object_unref (source);
}

/* ---- Stalls and rescue ---------------------------------------------------- */

/* Waits until the uplink goes from one state to another; NULL: from any. */
static void
wait_change (Fixture *fixture, const gchar *uplink, const gchar *from,
    const gchar *to)
{
  gboolean found = FALSE;

  while (!found) {
    GstMessage *message = record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
        "srtla-uplink-state-changed");
    const GstStructure *structure = gst_message_get_structure (message);

    found = strcmp (gst_structure_get_string (structure, "uplink"), uplink) == 0
        && strcmp (gst_structure_get_string (structure, "to"), to) == 0
        && (from == NULL
        || strcmp (gst_structure_get_string (structure, "from"), from) == 0);
    gst_message_unref (message);
  }
}

/* Streams until the uplink stalls once more, slowly: what it has then comes all at
 * once over the other. Returns: the next number. */
static guint32
push_until_stalled (Fixture *fixture, const gchar *uplink, guint32 next)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint64 stalls = fixture_uplink_stat (fixture, uplink, "stalls");

  while (fixture_uplink_stat (fixture, uplink, "stalls") == stalls) {
    if (g_get_monotonic_time () > end)
      g_error ("%s does not stall: %s", uplink, fixture_describe (fixture));
    push_burst (fixture, next, BURST / 2);
    next += BURST / 2;
    g_usleep (4 * BURST_TIME);
  }
  return next;
}

/* Streams until the uplink carries some of it. Returns: the next number. */
static guint32
push_until_carried (Fixture *fixture, const gchar *uplink, guint32 next)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint64 before = fixture_uplink_stat (fixture, uplink, "packets-acknowledged");

  while (fixture_uplink_stat (fixture, uplink, "packets-acknowledged")
      == before) {
    if (g_get_monotonic_time () > end)
      g_error ("%s carries nothing: %s", uplink, fixture_describe (fixture));
    push_burst (fixture, next, BURST);
    next += BURST;
    g_usleep (BURST_TIME);
  }
  return next;
}

/* Shows the bond that its only uplink carries a lot, so that it stays the first
 * choice. Returns: the next number. */
static guint32
warm_up (Fixture *fixture, const gchar *uplink)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint32 next = 0;

  while (fixture_uplink_stat (fixture, uplink, "capacity") < WARM) {
    if (g_get_monotonic_time () > end)
      g_error ("%s does not warm up: %s", uplink, fixture_describe (fixture));
    push_burst (fixture, next, BURST);
    next += BURST;
    fixture_wait_packets (fixture, next);
  }
  return next;
}

/* An uplink swallows what it gets: it is seen to stall, what it took goes out
 * again over the other, and nothing is missing although nobody asked for it.
 * When it works again it is seen to deliver. */
static void
test_rescue (Fixture *fixture, gconstpointer data)
{
  guint32 pushed;

  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.2", NULL);
  fixture_play (fixture, 1);
  pushed = warm_up (fixture, "127.0.0.2");
  g_object_set (fixture->element, "uplinks", "127.0.0.2,127.0.0.3", NULL);
  fixture_wait_uplink (fixture, "127.0.0.3", "up");
  fixture_wait_packets (fixture, pushed);

  model_receiver_cut (fixture->receiver, "127.0.0.2", TRUE);
  pushed = push_until_stalled (fixture, "127.0.0.2", pushed);
  wait_change (fixture, "127.0.0.2", "up", "stalled");
  fixture_wait_packets (fixture, pushed);
  fixture_check_arrived (fixture, 0, pushed, 1);
  g_assert_cmpuint (fixture_stat (fixture, "rescued"), >, 0);
  g_assert_cmpuint (fixture_stat (fixture, "rescued-bytes"), ==,
      TESTING_PACKET_SIZE * fixture_stat (fixture, "rescued"));

  model_receiver_cut (fixture->receiver, "127.0.0.2", FALSE);
  pushed = push_until_carried (fixture, "127.0.0.2", pushed);
  wait_change (fixture, "127.0.0.2", NULL, "up");
  fixture_wait_packets (fixture, pushed);
  fixture_check_arrived (fixture, 0, pushed, 1);
}

/* The same without: what the uplink took is gone, and counted as sent. */
static void
test_no_rescue (Fixture *fixture, gconstpointer data)
{
  guint64 arrived;
  guint32 pushed;

  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.2", "rescue", TRUE,
      NULL);
  fixture_play (fixture, 1);
  pushed = warm_up (fixture, "127.0.0.2");
  g_object_set (fixture->element, "uplinks", "127.0.0.2,127.0.0.3", "rescue",
      FALSE, NULL);
  fixture_wait_uplink (fixture, "127.0.0.3", "up");
  g_assert_cmpuint (fixture_stat (fixture, "kept-bytes"), ==, 0);
  model_receiver_cut (fixture->receiver, "127.0.0.2", TRUE);
  pushed = push_until_stalled (fixture, "127.0.0.2", pushed);
  fixture_wait_stat (fixture, "packets-sent", pushed);
  arrived = model_receiver_packets (fixture->receiver, NULL);
  g_assert_cmpuint (arrived, <, pushed);
  g_assert_cmpuint (fixture_stat (fixture, "rescued"), ==, 0);
}

/* A change of mode ends a stall, and says so: classic knows none. */
static void
test_stall_ends_with_mode (Fixture *fixture, gconstpointer data)
{
  guint32 pushed;

  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.2", NULL);
  fixture_play (fixture, 1);
  pushed = warm_up (fixture, "127.0.0.2");
  model_receiver_cut (fixture->receiver, "127.0.0.2", TRUE);
  push_until_stalled (fixture, "127.0.0.2", pushed);
  set_mode (fixture, "classic");
  model_receiver_cut (fixture->receiver, "127.0.0.2", FALSE);
  wait_change (fixture, "127.0.0.2", "up", "stalled");
  wait_change (fixture, "127.0.0.2", NULL, "up");
  fixture_wait_uplink (fixture, "127.0.0.2", "up");
  g_assert_cmpuint (fixture_stat (fixture, "uplinks-stalled"), ==, 0);
}

/* ---- NAKs ------------------------------------------------------------------ */

/* The SRT server reports a packet that its receiver has just acknowledged: that
 * NAK is out of date. Returns: whether it came back all the same. */
static gboolean
nak_comes_back (Fixture *fixture, guint32 number)
{
  guint64 naks = fixture_stat (fixture, "srt-naks");
  guint64 replies = fixture_stat (fixture, "replies");
  guint64 acknowledged = fixture_stat (fixture, "srtla-acks");
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;

  push_burst (fixture, 10 * number, 10);
  fixture_wait_stat (fixture, "srtla-acks", acknowledged + 1);
  size = testing_nak_range (packet, 10 * number + 3, 10 * number + 3, CALLER,
      1000 * number);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_wait_stat (fixture, "srt-naks", naks + 1);
  return fixture_stat (fixture, "replies") > replies;
}

static void
test_nak_filter (Fixture *fixture, gconstpointer data)
{
  guint i, withheld = 0;
  GstPad *source;

  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.2", NULL);
  source = gst_element_request_pad_simple (fixture->element, "src");
  fixture_play (fixture, 1);
  gst_harness_add_element_src_pad (fixture->harness, source);
  gst_harness_set_drop_buffers (fixture->harness, TRUE);
  shake_hands (fixture);

  for (i = 0; i < 20; i++) {
    gboolean filter = i % 2 == 0;

    gboolean back;

    g_object_set (fixture->element, "nak-filter", filter, NULL);
    back = nak_comes_back (fixture, i);
    /* With the filter a NAK that comes late is passed on as well. */
    g_assert_true (back || filter);
    withheld += back ? 0 : 1;
  }
  g_assert_cmpuint (withheld, >, 0);
  gst_object_unref (source);
}

static void
add_tests (void)
{
  fixture_add_test ("/toggles/notify", test_notify);
  fixture_add_test ("/toggles/mode", test_mode);
  fixture_add_test ("/toggles/numbers", test_numbers);
  fixture_add_test ("/toggles/storm", test_storm);
  fixture_add_test ("/toggles/rescue", test_rescue);
  fixture_add_test ("/toggles/no-rescue", test_no_rescue);
  fixture_add_test ("/toggles/stall-ends-with-mode", test_stall_ends_with_mode);
  fixture_add_test ("/toggles/nak-filter", test_nak_filter);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
