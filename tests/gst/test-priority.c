/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pads as flows of different worth: what they are set to, who goes first when
 * the uplinks take less than is offered, and sockets that take no more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmodule.h>

#include "element-testing.h"
#include "srtla-bond.h"

#define CALLERS_SERVER 0x20000001u
#define CALLER 0x10000001u

/* ---- Sockets that refuse ------------------------------------------------ */

/* The element's sockets are the only ones that send this way. */
static struct
{
  gint every;                   /* each such call is refused; 0 = none */
  gint error_number;
  gint host;                    /* last byte of the local address; 0 = any */
  gint calls;
} refusal;

static gboolean
is_refused (int fd)
{
  gint every = g_atomic_int_get (&refusal.every);
  struct sockaddr_in local;
  socklen_t size = sizeof local;

  if (every == 0 || g_atomic_int_add (&refusal.calls, 1) % every != 0)
    return FALSE;
  if (refusal.host == 0)
    return TRUE;
  return getsockname (fd, (struct sockaddr *) &local, &size) == 0
      && (gint) (g_ntohl (local.sin_addr.s_addr) & 0xff) == refusal.host;
}

/* In the place of the C library's. */
G_MODULE_EXPORT int
sendmmsg (int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
  if (is_refused (fd)) {
    errno = refusal.error_number;
    return -1;
  }
  return (int) syscall (SYS_sendmmsg, fd, messages, n, flags);
}

static void
refuse (gint error_number, gint every, gint host)
{
  refusal.error_number = error_number;
  refusal.host = host;
  g_atomic_int_set (&refusal.every, every);
}

static void
refuse_and_push (Fixture *fixture, gint error_number)
{
  fixture_play (fixture, 2);
  refuse (error_number, 3, 0);
  fixture_push (fixture, 0, 1000);
  fixture_wait_packets (fixture, 1000);
  refuse (0, 0, 0);
  g_assert_cmpint (g_atomic_int_get (&refusal.calls), >, 3);
  fixture_wait_stat (fixture, "packets-sent", 1000);
  fixture_check_arrived (fixture, 0, 1000, 1);
  g_assert_cmpuint (fixture_stat (fixture, "dropped-uplink-queue"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "dropped-send-error"), ==, 0);
}

/* A full socket or a full device is no loss. */
static void
test_full (Fixture *fixture, gconstpointer data)
{
  refuse_and_push (fixture, GPOINTER_TO_INT (data));
}

static void
test_again (Fixture *fixture, gconstpointer data)
{
  (void) data;
  test_full (fixture, GINT_TO_POINTER (EAGAIN));
}

static void
test_no_buffers (Fixture *fixture, gconstpointer data)
{
  (void) data;
  test_full (fixture, GINT_TO_POINTER (ENOBUFS));
}

/* What one uplink refuses goes by the other. */
static void
test_unreachable (Fixture *fixture, gconstpointer data)
{
  GstStructure *uplink;
  guint64 errors = 0;

  (void) data;
  fixture_play (fixture, 2);
  refuse (ENETUNREACH, 1, 2);
  fixture_push (fixture, 0, 500);
  fixture_wait_packets (fixture, 500);
  refuse (0, 0, 0);
  fixture_wait_stat (fixture, "packets-sent", 500);
  fixture_check_arrived (fixture, 0, 500, 1);
  g_assert_cmpuint (fixture_stat (fixture, "dropped-send-error"), ==, 0);
  uplink = fixture_uplink_stats (fixture, "127.0.0.2");
  g_assert_true (gst_structure_get_uint64 (uplink, "send-errors", &errors));
  g_assert_cmpuint (errors, >, 0);
  gst_structure_free (uplink);
}

/* ---- Flows -------------------------------------------------------------- */

typedef struct
{
  GstPad *sink, *src;
  guint32 destination;          /* of its caller's packets */
  guint32 sequence;             /* the next one's */
  guint size;                   /* bytes of a packet */
  guint bitrate;                /* bits/s offered */
  guint64 offered;              /* bytes */
} Flow;

static void
flow_open (Fixture *fixture, Flow *flow, const gchar *priority,
    guint32 destination)
{
  GstSegment segment;

  memset (flow, 0, sizeof *flow);
  flow->destination = destination;
  flow->size = TESTING_PACKET_SIZE;
  flow->sink = gst_element_request_pad_simple (fixture->element, "sink_%u");
  g_assert_nonnull (flow->sink);
  gst_util_set_object_arg (G_OBJECT (flow->sink), "priority", priority);
  flow->src = gst_pad_new (NULL, GST_PAD_SRC);
  g_assert_cmpint (gst_pad_link (flow->src, flow->sink), ==, GST_PAD_LINK_OK);
  gst_pad_set_active (flow->src, TRUE);
  gst_pad_push_event (flow->src, gst_event_new_stream_start ("flow"));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (flow->src, gst_event_new_segment (&segment));
}

static void
flow_close (Fixture *fixture, Flow *flow)
{
  gst_pad_set_active (flow->src, FALSE);
  gst_pad_unlink (flow->src, flow->sink);
  gst_element_release_request_pad (fixture->element, flow->sink);
  gst_object_unref (flow->sink);
  gst_object_unref (flow->src);
}

static GstBuffer *
flow_buffer (Flow *flow)
{
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_data_packet (packet, flow->size, flow->sequence,
      flow->destination, flow->sequence * 1000, FALSE);

  flow->sequence++;
  flow->offered += size;
  return testing_buffer_of (packet, size);
}

static void
flow_push (Flow *flow, guint n)
{
  while (n-- > 0)
    g_assert_cmpint (gst_pad_push (flow->src, flow_buffer (flow)), ==,
        GST_FLOW_OK);
}

/* Pushes what is due `elapsed` µs after the start. */
static void
flow_offer (Flow *flow, gint64 elapsed)
{
  guint64 due = (guint64) flow->bitrate / 8 * (guint64) elapsed
      / G_USEC_PER_SEC;

  while (flow->offered < due)
    flow_push (flow, 1);
}

/* Returns: a copy of the entry of `array` whose field `key` is `value`. */
static GstStructure *
find_entry (const GstStructure *stats, const gchar *array, const gchar *key,
    const gchar *value)
{
  const GValue *list = gst_structure_get_value (stats, array);
  guint i;

  for (i = 0; i < gst_value_array_get_size (list); i++) {
    const GstStructure *entry =
        gst_value_get_structure (gst_value_array_get_value (list, i));

    if (g_strcmp0 (gst_structure_get_string (entry, key), value) == 0)
      return gst_structure_copy (entry);
  }
  g_error ("%s has no %s", array, value);
}

static guint64
entry_number (Fixture *fixture, const gchar *array, const gchar *key,
    const gchar *value, const gchar *field)
{
  GstStructure *stats = NULL, *entry;
  guint64 number = 0;

  g_object_get (fixture->element, "stats", &stats, NULL);
  entry = find_entry (stats, array, key, value);
  g_assert_true (gst_structure_get_uint64 (entry, field, &number));
  gst_structure_free (entry);
  gst_structure_free (stats);
  return number;
}

static guint64
class_number (Fixture *fixture, const gchar *class, const gchar *field)
{
  return entry_number (fixture, "classes", "class", class, field);
}

static guint64
flow_number (Fixture *fixture, Flow *flow, const gchar *field)
{
  return entry_number (fixture, "flows", "pad", GST_OBJECT_NAME (flow->sink),
      field);
}

static void
limit_uplinks (Fixture *fixture, guint64 bitrate)
{
  GstChildProxy *proxy = GST_CHILD_PROXY (fixture->element);
  guint i;

  for (i = 0; i < gst_child_proxy_get_children_count (proxy); i++) {
    GObject *uplink = gst_child_proxy_get_child_by_index (proxy, i);
    guint64 is = 1;

    g_object_set (uplink, "max-bitrate", bitrate, NULL);
    g_object_get (uplink, "max-bitrate", &is, NULL);
    g_assert_cmpuint (is, ==, bitrate);
    g_object_unref (uplink);
  }
}

/* ---- What a packet is --------------------------------------------------- */

static void
test_pads (Fixture *fixture, gconstpointer data)
{
  GstStructure *stats = NULL, *entry;
  gint priority = 0;
  guint budget = 1, quantum = 0;
  Flow flow;

  (void) data;
  fixture_play (fixture, 2);
  flow_open (fixture, &flow, "auto", 7);
  g_object_get (flow.sink, "priority", &priority, "latency-budget", &budget,
      "quantum", &quantum, NULL);
  g_assert_cmpint (priority, ==, SRTLA_PRIORITY_AUTO);
  g_assert_cmpuint (budget, ==, 0);
  g_assert_cmpuint (quantum, ==, srtla_flow_defaults.quantum);
  flow_push (&flow, 10);
  fixture_wait_packets (fixture, 10);
  g_assert_cmpuint (class_number (fixture, "low", "packets-in"), ==, 10);

  gst_util_set_object_arg (G_OBJECT (flow.sink), "priority", "high");
  g_object_set (flow.sink, "latency-budget", 2000, "quantum", 9000, NULL);
  flow_push (&flow, 20);
  fixture_wait_packets (fixture, 30);
  g_assert_cmpuint (class_number (fixture, "high", "packets-in"), ==, 20);
  g_object_get (fixture->element, "stats", &stats, NULL);
  entry = find_entry (stats, "flows", "pad", GST_OBJECT_NAME (flow.sink));
  g_assert_cmpstr (gst_structure_get_string (entry, "priority"), ==, "high");
  g_assert_true (gst_structure_get_uint (entry, "quantum", &quantum));
  g_assert_cmpuint (quantum, ==, 9000);
  gst_structure_free (entry);
  gst_structure_free (stats);
  g_assert_cmpuint (flow_number (fixture, &flow, "latency-budget"), ==, 2000);
  g_assert_cmpuint (flow_number (fixture, &flow, "packets-out"), ==, 30);
  flow_close (fixture, &flow);
}

/* More pads than there are queues of their own, and pads that go again. */
static void
test_many_pads (Fixture *fixture, gconstpointer data)
{
  Flow flows[SRTLA_MAX_FLOWS + 6];
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  for (i = 0; i < G_N_ELEMENTS (flows); i++)
    flow_open (fixture, &flows[i], "low", 100 + i % 8);
  for (i = 0; i < G_N_ELEMENTS (flows); i++) {
    flows[i].sequence = 1000 * i;
    flow_push (&flows[i], 3);
  }
  fixture_wait_packets (fixture, 3 * G_N_ELEMENTS (flows));
  for (i = 0; i < G_N_ELEMENTS (flows); i++)
    flow_close (fixture, &flows[i]);
  flow_open (fixture, &flows[0], "low", 200);
  flow_push (&flows[0], 3);
  fixture_wait_packets (fixture, 3 * G_N_ELEMENTS (flows) + 3);
  flow_close (fixture, &flows[0]);
}

static void
test_droppable (Fixture *fixture, gconstpointer data)
{
  guint32 i;

  (void) data;
  fixture_play (fixture, 2);
  for (i = 0; i < 10; i++) {
    GstBuffer *buffer = testing_buffer (i, 1);

    if (i % 2 == 0)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DROPPABLE);
    g_assert_cmpint (gst_harness_push (fixture->harness, buffer), ==,
        GST_FLOW_OK);
  }
  fixture_wait_packets (fixture, 10);
  g_assert_cmpuint (class_number (fixture, "best-effort", "packets-in"), ==, 5);
  g_assert_cmpuint (class_number (fixture, "low", "packets-in"), ==, 5);
}

static void
push_critical (Fixture *fixture, guint duration)
{
  g_assert_true (gst_harness_push_event (fixture->harness, gst_event_new_custom
          (GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new ("srtla-critical",
                  "duration", G_TYPE_UINT, duration, NULL))));
}

static void
test_critical (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 5);
  fixture_wait_packets (fixture, 5);
  push_critical (fixture, 60000);
  fixture_push (fixture, 5, 7);
  fixture_wait_packets (fixture, 12);
  push_critical (fixture, 0);   /* closes it */
  fixture_push (fixture, 12, 3);
  fixture_wait_packets (fixture, 15);
  g_assert_cmpuint (class_number (fixture, "medium", "packets-in"), ==, 7);
  g_assert_cmpuint (class_number (fixture, "low", "packets-in"), ==, 8);
}

/* The pad's queue is locked once for a list, however long. */
static void
test_one_lock (Fixture *fixture, gconstpointer data)
{
  GstBufferList *list = gst_buffer_list_new ();
  guint64 before;
  Flow flow;
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  flow_open (fixture, &flow, "auto", 7);
  flow_push (&flow, 3);
  fixture_wait_packets (fixture, 3);
  before = flow_number (fixture, &flow, "batches");
  g_assert_cmpuint (before, ==, 3);
  for (i = 0; i < 200; i++)
    gst_buffer_list_add (list, flow_buffer (&flow));
  g_assert_cmpint (gst_pad_push_list (flow.src, list), ==, GST_FLOW_OK);
  fixture_wait_packets (fixture, 203);
  g_assert_cmpuint (flow_number (fixture, &flow, "batches"), ==, before + 1);
  g_assert_cmpuint (flow_number (fixture, &flow, "packets-in"), ==, 203);
  flow_close (fixture, &flow);
}

/* Settings of the classes and of the loop, while packets pass. */
static void
test_settings (Fixture *fixture, gconstpointer data)
{
  guint budget = 0, quantum = 0, length = 0, target = 1, spin = 0, i;

  (void) data;
  fixture_play (fixture, 2);
  for (i = 0; i < 20; i++) {
    g_object_set (fixture->element, "budget-high", 500 + i,
        "budget-best-effort", i, "quantum-low", 1500 + i, "queue-low", 1 + i,
        "queue-target", i % 2 * 20, "spin-time", 30 + i, NULL);
    fixture_push (fixture, 20 * i, 20);
  }
  fixture_wait_packets (fixture, 400);
  fixture_check_arrived (fixture, 0, 400, 1);
  g_object_get (fixture->element, "budget-high", &budget, "quantum-low",
      &quantum, "queue-low", &length, "queue-target", &target, "spin-time",
      &spin, NULL);
  g_assert_cmpuint (budget, ==, 519);
  g_assert_cmpuint (quantum, ==, 1519);
  g_assert_cmpuint (length, ==, 20);
  g_assert_cmpuint (target, ==, 20);
  g_assert_cmpuint (spin, ==, 49);
}

/* ---- What waits --------------------------------------------------------- */

static void
test_flush (Fixture *fixture, gconstpointer data)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  GstSegment segment;
  guint64 flushed;

  (void) data;
  limit_uplinks (fixture, 100000);
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 2000);
  while (class_number (fixture, "low", "packets-in") < 2000) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (1000);
  }
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_flush_stop (FALSE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_segment (&segment)));
  fixture_wait_stat (fixture, "dropped-flushed", 1000);
  /* But not what had been let out of the pad's queue. */
  flushed = fixture_stat (fixture, "dropped-flushed");
  g_assert_cmpuint (flushed, <, 2000);
  /* Nothing that comes later is lost: the limit is lifted. */
  limit_uplinks (fixture, 0);
  fixture_push (fixture, 2000, 10);
  fixture_wait_packets (fixture, 2010 - flushed);
}

static void
test_drain (Fixture *fixture, gconstpointer data)
{
  (void) data;
  limit_uplinks (fixture, 100000);
  g_object_set (fixture->element, "drain-timeout", 50, NULL);
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 500);
  g_assert_true (gst_harness_push_event (fixture->harness,
          gst_event_new_eos ()));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_EOS, NULL));
  g_assert_cmpuint (fixture_stat (fixture, "packets-queued"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "dropped-flushed"), >, 300);
}

/* Stopped while packets wait: the teardown looks at the books. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  (void) data;
  limit_uplinks (fixture, 100000);
  g_object_set (fixture->element, "queue-size", 300, NULL);
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 1000);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  g_assert_cmpuint (fixture_stat (fixture, "packets-queued"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "dropped-flushed"), >, 100);
}

static void
push_bytes (Fixture *fixture, const guint8 *packet, gsize size)
{
  g_assert_cmpint (gst_harness_push (fixture->harness,
          testing_buffer_of (packet, size)), ==, GST_FLOW_OK);
}

static void
shake_hands (Fixture *fixture, guint latency)
{
  const guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK | SRTLA_HS_R_FLAG;
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;

  size = testing_induction (packet, CALLER, 0, 0);
  push_bytes (fixture, packet, size);
  fixture_wait_packets (fixture, 1);
  size = testing_induction_response (packet, CALLER, 0, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_wait_stat (fixture, "replies", 1);
  size = testing_conclusion (packet, CALLER, 0, flags, latency, 1);
  push_bytes (fixture, packet, size);
  fixture_wait_packets (fixture, 2);
  size = testing_conclusion_response (packet, CALLER, CALLERS_SERVER, 0, flags,
      latency, 1);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_wait_stat (fixture, "replies", 2);
}

/* What cannot arrive in time any more is not sent. */
static void
test_expired (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint32 i;

  (void) data;
  limit_uplinks (fixture, 100000);
  fixture_play (fixture, 2);
  shake_hands (fixture, 120);
  for (i = 0; i < 200; i++)
    push_bytes (fixture, packet, testing_data_packet (packet,
            TESTING_PACKET_SIZE, i, CALLERS_SERVER, 1000 + i, FALSE));
  /* 200 kbit/s for 120 ms, and what the bound lets go at once. */
  fixture_wait_stat (fixture, "dropped-expired", 150);
  g_assert_cmpuint (class_number (fixture, "low", "dropped-expired"), ==,
      fixture_stat (fixture, "dropped-expired"));
}

/* ---- Overload ----------------------------------------------------------- */

#define OVERLOAD_LIMIT 10000000 /* bits/s of each of two uplinks */
#define OVERLOAD_SECONDS 5

static gboolean
keeps_time (void)
{
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  return FALSE;
#else
  return g_getenv ("SRTLA_TEST_SLOW") == NULL;
#endif
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  const guint64 *one = a, *other = b;

  return *one < *other ? -1 : *one > *other;
}

/* Returns: the median of the 99th percentiles of the intervals, µs. */
static guint64
median_p99 (Fixture *fixture, Flow *flow)
{
  GArray *delays = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint64 median, number;

  while (record_count (&fixture->record, GST_MESSAGE_ELEMENT, "srtla-stats")) {
    GstMessage *message = record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
        "srtla-stats");
    GstStructure *entry = find_entry (gst_message_get_structure (message),
        "flows", "pad", GST_OBJECT_NAME (flow->sink));

    g_assert_true (gst_structure_get_uint64 (entry, "delay-p99", &number));
    g_test_message ("p99 of an interval: %" G_GUINT64_FORMAT " µs", number);
    if (number != 0)
      g_array_append_val (delays, number);
    gst_structure_free (entry);
    gst_message_unref (message);
  }
  g_assert_cmpuint (delays->len, >=, 3);
  g_array_sort (delays, compare_numbers);
  median = g_array_index (delays, guint64, delays->len / 2);
  g_array_unref (delays);
  return median;
}

/* A thin urgent flow, a bulk one at twice the uplinks' rate, and one that takes
 * what it gets: on real sockets, held back by max-bitrate. */
static void
test_overload (Fixture *fixture, gconstpointer data)
{
  Flow high, low, best;
  gint64 start, elapsed;
  guint64 p99, sent, seconds;
  guint64 high_out, low_out, best_out;

  (void) data;
  limit_uplinks (fixture, OVERLOAD_LIMIT);
  g_object_set (fixture->element, "queue-size", 512, "stats-interval", 1000,
      NULL);
  fixture_play (fixture, 2);
  flow_open (fixture, &high, "high", 11);
  flow_open (fixture, &low, "low", 12);
  flow_open (fixture, &best, "best-effort", 13);
  high.bitrate = 1000000;
  high.size = 316;
  low.bitrate = 2 * 2 * OVERLOAD_LIMIT;
  best.bitrate = OVERLOAD_LIMIT;
  start = g_get_monotonic_time ();
  do {
    elapsed = g_get_monotonic_time () - start;
    flow_offer (&high, elapsed);
    flow_offer (&low, elapsed);
    flow_offer (&best, elapsed);
    g_usleep (1000);            /* between bursts, as a source has them */
  } while (elapsed < OVERLOAD_SECONDS * G_USEC_PER_SEC);
  high_out = flow_number (fixture, &high, "bytes-out");
  low_out = flow_number (fixture, &low, "bytes-out");
  best_out = flow_number (fixture, &best, "bytes-out");
  sent = high_out + low_out + best_out;
  seconds = (guint64) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  p99 = median_p99 (fixture, &high);
  g_test_message ("bytes out: high %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
      ", low %" G_GUINT64_FORMAT ", best-effort %" G_GUINT64_FORMAT
      "; p99 of high %" G_GUINT64_FORMAT " µs", high_out, high.offered, low_out,
      best_out, p99);

  g_assert_cmpuint (flow_number (fixture, &high, "dropped-queue"), ==, 0);
  g_assert_cmpuint (flow_number (fixture, &high, "dropped-queue-full"), ==, 0);
  g_assert_cmpuint (flow_number (fixture, &high, "dropped-expired"), ==, 0);
  g_assert_cmpuint (flow_number (fixture, &low, "dropped-queue"), >, 0);
  g_assert_cmpuint (low_out, >, best_out);
  /* The limit holds, and with it a second for the start and the end. */
  g_assert_cmpuint (sent * 8, <=, (seconds + 1) * 2 * OVERLOAD_LIMIT);
  if (keeps_time ()) {
    g_assert_cmpuint (p99, <=, 3000);
    g_assert_cmpuint (best_out, >, sent / 50);
    g_assert_cmpuint (sent * 8, >, seconds * OVERLOAD_LIMIT);
  }
  flow_close (fixture, &high);
  flow_close (fixture, &low);
  flow_close (fixture, &best);
}

static void
add_tests (void)
{
  fixture_add_test ("/priority/pads", test_pads);
  fixture_add_test ("/priority/many-pads", test_many_pads);
  fixture_add_test ("/priority/droppable", test_droppable);
  fixture_add_test ("/priority/critical", test_critical);
  fixture_add_test ("/priority/one-lock", test_one_lock);
  fixture_add_test ("/priority/settings", test_settings);
  fixture_add_test ("/priority/again", test_again);
  fixture_add_test ("/priority/no-buffers", test_no_buffers);
  fixture_add_test ("/priority/unreachable", test_unreachable);
  fixture_add_test ("/priority/flush", test_flush);
  fixture_add_test ("/priority/drain", test_drain);
  fixture_add_test ("/priority/stop", test_stop);
  fixture_add_test ("/priority/expired", test_expired);
  fixture_add_test ("/priority/overload", test_overload);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
