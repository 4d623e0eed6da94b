/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pads as flows of different worth: what they are set to, what waits when the
 * uplinks take less than is offered, and sockets that take no more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmodule.h>

#include "flow-testing.h"
#include "srtla-bond.h"


/* ---- Sockets that refuse ------------------------------------------------ */

/* The element's sockets are the only ones that send this way. */
static struct
{
  gint every;                   /* each such call is refused; 0 = none */
  gint error_number;
  gint host;                    /* last byte of the local address; 0 = any */
  gint calls;
} refusal;

/* While it is closed whoever sends waits, and with it the element's loop. */
static struct
{
  gint closed;                  /* atomic; changes under the lock */
  GMutex lock;
  GCond opened;
  guint waiting;                /* threads */
} gate;

static void
pass_gate (void)
{
  if (!g_atomic_int_get (&gate.closed))
    return;
  g_mutex_lock (&gate.lock);
  gate.waiting++;
  g_cond_broadcast (&gate.opened);
  while (g_atomic_int_get (&gate.closed))
    g_cond_wait (&gate.opened, &gate.lock);
  gate.waiting--;
  g_mutex_unlock (&gate.lock);
}

static void
set_gate (gboolean closed)
{
  g_mutex_lock (&gate.lock);
  g_atomic_int_set (&gate.closed, closed);
  g_cond_broadcast (&gate.opened);
  g_mutex_unlock (&gate.lock);
}

static void
wait_for_someone_at_gate (void)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();

  g_mutex_lock (&gate.lock);
  while (gate.waiting == 0) {
    if (!g_cond_wait_until (&gate.opened, &gate.lock, end))
      g_error ("nothing was sent");
  }
  g_mutex_unlock (&gate.lock);
}

static gboolean
is_refused (int fd)
{
  gint every = g_atomic_int_get (&refusal.every);
  struct sockaddr_in local;
  socklen_t size = sizeof local;

  if (every == 0 || g_atomic_int_add (&refusal.calls, 1) % every != 0)
    return FALSE;
  if (g_atomic_int_get (&refusal.host) == 0)
    return TRUE;
  return getsockname (fd, (struct sockaddr *) &local, &size) == 0
      && (gint) (g_ntohl (local.sin_addr.s_addr) & 0xff)
      == g_atomic_int_get (&refusal.host);
}

/* In the place of the C library's. */
G_MODULE_EXPORT int
sendmmsg (int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
  pass_gate ();
  if (is_refused (fd)) {
    errno = g_atomic_int_get (&refusal.error_number);
    return -1;
  }
  return (int) syscall (SYS_sendmmsg, fd, messages, n, flags);
}

static void
refuse (gint error_number, gint every, gint host)
{
  g_atomic_int_set (&refusal.error_number, error_number);
  g_atomic_int_set (&refusal.host, host);
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

/* ---- Locks -------------------------------------------------------------- */

/* Of this thread, while they are counted: those that the plugin takes. */
static __thread gboolean counts_locks;
static __thread guint locks;

static void
count_lock (gconstpointer caller)
{
  Dl_info info;

  if (counts_locks && dladdr (caller, &info) != 0
      && strstr (info.dli_fname, "gstsrtla") != NULL)
    locks++;
}

/* In the place of GLib's; that of tsan-glib.c in its build, and nothing counts. */
#ifndef __SANITIZE_THREAD__
G_MODULE_EXPORT void
g_mutex_lock (GMutex *mutex)
{
  void (*its_own) (GMutex *);

  count_lock (__builtin_return_address (0));
  *(void **) &its_own = dlsym (RTLD_NEXT, "g_mutex_lock");
  its_own (mutex);
}
#endif

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

/* Returns: how many locks the plugin takes on this thread for a list of n. */
static guint
count_locks (Flow *flow, guint n)
{
  GstBufferList *list = gst_buffer_list_new_sized (n);
  guint i;

  for (i = 0; i < n; i++)
    gst_buffer_list_insert (list, -1, flow_buffer (flow));
  locks = 0;
  counts_locks = TRUE;
  g_assert_cmpint (gst_pad_push_list (flow->src, list), ==, GST_FLOW_OK);
  counts_locks = FALSE;
  return locks;
}

static gpointer
push_one (gpointer flow)
{
  flow_push (flow, 1);
  return NULL;
}

/* Until end_turn() somebody is at the gate with another flow's packet: the loop,
 * or the thread that brought it. Nobody else takes a turn meanwhile. */
static GThread *
begin_turn (Fixture *fixture, Flow *flow)
{
  GThread *thread;

  flow_open (fixture, flow, "auto", 8);
  set_gate (TRUE);
  thread = g_thread_new ("turn", push_one, flow);
  wait_for_someone_at_gate ();
  return thread;
}

static void
end_turn (GThread *thread)
{
  set_gate (FALSE);
  g_thread_join (thread);
}

/* On its way to the loop a list costs one lock, however long it is. Somebody has
 * the turn meanwhile: else this thread would send the packets itself. Once a
 * second there may be more, for a look at who is upstream. */
static void
test_one_lock (Fixture *fixture, gconstpointer data)
{
  static const guint sizes[] = { 1, 10, 200 };
  guint i, j, most, least, total = 0;
  Flow flow, other;
  GThread *turn;

  (void) data;
#ifdef __SANITIZE_THREAD__
  count_lock (NULL);
  g_test_skip ("locks are ThreadSanitizer's to watch");
  return;
#endif
  fixture_play (fixture, 2);
  flow_open (fixture, &flow, "auto", 7);
  turn = begin_turn (fixture, &other);
  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    for (j = most = 0, least = G_MAXUINT; j < 5; j++) {
      guint count = count_locks (&flow, sizes[i]);

      least = MIN (least, count);
      most = MAX (most, count);
      total += sizes[i];
    }
    g_test_message ("%u to %u locks for a list of %u", least, most, sizes[i]);
    g_assert_cmpuint (least, ==, 1);
    g_assert_cmpuint (most, <, 10);
  }
  end_turn (turn);
  fixture_wait_packets (fixture, 1 + total);
  g_assert_cmpuint (flow_number (fixture, &flow, "batches"), ==, 3 * 5);
  g_assert_cmpuint (flow_number (fixture, &flow, "packets-in"), ==, total);
  flow_close (fixture, &other);
  flow_close (fixture, &flow);
}

/* Returns: how many packets of that kind arrived. */
static guint
count_kind (Fixture *fixture, SrtlaKind kind)
{
  guint64 i, n = model_receiver_packets (fixture->receiver, NULL);
  guint count = 0;

  for (i = 0; i < n; i++) {
    GBytes *packet = model_receiver_get_packet (fixture->receiver, i);
    gsize size;
    const guint8 *data = g_bytes_get_data (packet, &size);

    count += srtla_packet_kind (data, size) == kind;
    g_bytes_unref (packet);
  }
  return count;
}

static void
push_acks (Flow *flow, guint n)
{
  guint8 packet[TESTING_MAX_PACKET];

  for (; n > 0; n--)
    g_assert_cmpint (gst_pad_push (flow->src, testing_buffer_of (packet,
                testing_ackack (packet, n, flow->destination, n))), ==,
        GST_FLOW_OK);
}

/* More comes than a pad's queue holds while the loop is busy: media has to go,
 * not what keeps the connection up. */
static void
test_full_pad (Fixture *fixture, gconstpointer data)
{
  Flow flow, other;
  GThread *turn;

  (void) data;
  g_object_set (fixture->element, "queue-size", 64, NULL);
  fixture_play (fixture, 2);
  flow_open (fixture, &flow, "auto", 7);
  turn = begin_turn (fixture, &other);
  push_acks (&flow, 20);
  flow_push (&flow, 200);
  push_acks (&flow, 20);
  flow_push (&flow, 100);
  end_turn (turn);
  fixture_wait_packets (fixture, 1 + 64);
  g_assert_cmpuint (count_kind (fixture, SRTLA_KIND_SRT_ACKACK), ==, 40);
  g_assert_cmpuint (flow_number (fixture, &flow, "dropped-queue-full"), ==,
      340 - 64);
  flow_close (fixture, &other);
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

/* What cannot arrive in time any more is not sent. */
static void
test_expired (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint32 i;

  (void) data;
  limit_uplinks (fixture, 100000);
  fixture_play (fixture, 2);
  fixture_shake_hands (fixture, 120);
  for (i = 0; i < 200; i++)
    fixture_push_bytes (fixture, packet, testing_data_packet (packet,
            TESTING_PACKET_SIZE, i, FIXTURE_SERVER, 1000 + i, FALSE));
  /* 200 kbit/s for 120 ms, and what the bound lets go at once. */
  fixture_wait_stat (fixture, "dropped-expired", 150);
  g_assert_cmpuint (class_number (fixture, "low", "dropped-expired"), ==,
      fixture_stat (fixture, "dropped-expired"));
}

static void
add_tests (void)
{
  fixture_add_test ("/priority/pads", test_pads);
  fixture_add_test ("/priority/many-pads", test_many_pads);
  fixture_add_test ("/priority/droppable", test_droppable);
  fixture_add_test ("/priority/critical", test_critical);
  fixture_add_test ("/priority/one-lock", test_one_lock);
  fixture_add_test ("/priority/full-pad", test_full_pad);
  fixture_add_test ("/priority/settings", test_settings);
  fixture_add_test ("/priority/again", test_again);
  fixture_add_test ("/priority/no-buffers", test_no_buffers);
  fixture_add_test ("/priority/unreachable", test_unreachable);
  fixture_add_test ("/priority/flush", test_flush);
  fixture_add_test ("/priority/drain", test_drain);
  fixture_add_test ("/priority/stop", test_stop);
  fixture_add_test ("/priority/expired", test_expired);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
