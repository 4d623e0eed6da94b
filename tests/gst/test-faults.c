/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may go wrong while a stream is under way, as far as it takes no network
 * of our own: the stream is back by itself, and whatever was not sent is
 * counted. tests/net has the rest.
 */
#include "element-stream.h"
#include "failing-socket.h"
#include "model-resolver.h"
#include "stepping-clock.h"

#include <errno.h>

#define UPLINKS "127.0.0.2,127.0.0.3"

static gchar *
local_address (Fixture *fixture, const gchar *uplink)
{
  GstStructure *stats;
  gchar *address;

  fixture_wait_uplink (fixture, uplink, "up");
  stats = fixture_uplink_stats (fixture, uplink);
  address = g_strdup (gst_structure_get_string (stats, "local-address"));
  gst_structure_free (stats);
  return address;
}

static void
wait_pushed (Stream *stream, guint32 count)
{
  fixture_wait_stat (stream->fixture, "packets-received",
      fixture_stat (stream->fixture, "packets-received") + count);
}

/* ---- Uplinks that come and go ------------------------------------------- */

/* An uplink that returns soon has the port it had: receivers take no more than
 * eight of a group, and count those that went until they time out. */
static void
test_kept_port (Fixture *fixture, gconstpointer data)
{
  gchar *before, *after;
  Stream stream;
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  before = local_address (fixture, "127.0.0.3");
  stream_start (&stream, fixture, "enhanced");
  for (i = 0; i < 20; i++) {
    g_assert_true (fixture_remove_uplink (fixture, "127.0.0.3"));
    fixture_wait_gone (fixture, "127.0.0.3");
    g_assert_true (fixture_add_uplink (fixture, "127.0.0.3"));
    after = local_address (fixture, "127.0.0.3");
    g_assert_cmpstr (before, ==, after);
    g_free (after);
  }
  stream_stop_whole (&stream);
  g_assert_cmpuint (fixture_stat (fixture, "registrations-refused"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "registrations"), ==, 1);
  g_free (before);
}

/* All of them at once, and back again: the same group. */
static void
test_all_removed (Fixture *fixture, gconstpointer data)
{
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  for (i = 0; i < 10; i++) {
    fixture_push (fixture, 10 * i, 10);
    fixture_wait_packets (fixture, 10 * i + 10);
    g_assert_true (fixture_add_uplink (fixture, "127.0.0.4"));
    g_assert_true (fixture_remove_uplink (fixture, "127.0.0.2"));
    g_assert_true (fixture_remove_uplink (fixture, "127.0.0.3"));
    fixture_wait_gone (fixture, "127.0.0.2");
    fixture_wait_gone (fixture, "127.0.0.3");
    g_assert_true (fixture_add_uplink (fixture, "127.0.0.2"));
    g_assert_true (fixture_add_uplink (fixture, "127.0.0.3"));
    g_assert_true (fixture_remove_uplink (fixture, "127.0.0.4"));
    fixture_wait_gone (fixture, "127.0.0.4");
    fixture_wait_stat (fixture, "uplinks-up", 2);
  }
  g_assert_cmpuint (fixture_stat (fixture, "registrations-refused"), ==, 0);
}

/* At random, ten times a second, of a receiver that takes eight of a group. */
static void
test_churn (Fixture *fixture, gconstpointer mode)
{
  GRand *random = testing_rand_new ();
  gboolean present[6] = { TRUE, TRUE, TRUE, FALSE, FALSE, FALSE };
  Stream stream;
  guint i;

  g_object_set (fixture->element, "uplinks", UPLINKS ",127.0.0.4", NULL);
  fixture_play (fixture, 3);
  stream_start (&stream, fixture, mode);
  for (i = 0; i < 30; i++) {
    guint victim = (guint) g_rand_int_range (random, 1, 6);
    gchar *uplink = g_strdup_printf ("127.0.0.%u", victim + 2);

    g_assert_true (present[victim] ? fixture_remove_uplink (fixture, uplink)
        : fixture_add_uplink (fixture, uplink));
    present[victim] = !present[victim];
    g_free (uplink);
    g_usleep (100 * 1000);      /* the pace, nothing is waited for */
  }
  for (i = 1; i < G_N_ELEMENTS (present); i++) {
    gchar *uplink = g_strdup_printf ("127.0.0.%u", i + 2);

    if (present[i])
      fixture_wait_uplink (fixture, uplink, "up");
    g_free (uplink);
  }
  stream_stop_whole (&stream);
  g_assert_cmpuint (fixture_stat (fixture, "registrations-refused"), ==, 0);
  g_rand_free (random);
}

/* ---- The receiver -------------------------------------------------------- */

static void
inject_errors (Fixture *fixture, guint count)
{
  const guint8 packet[32] = { 0x92, 0x10 };
  guint i;

  for (i = 0; i < count; i++)
    model_receiver_inject (fixture->receiver, packet, i % 2 ? 2 : 32);
}

/* Nobody asked: it says nothing of uplinks that are up. */
static void
test_error_storm (Fixture *fixture, gconstpointer data)
{
  Stream stream;
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  stream_start (&stream, fixture, "enhanced");
  for (i = 0; i < 50; i++) {
    inject_errors (fixture, 100);
    g_usleep (2000);
  }
  fixture_wait_stat (fixture, "ignored-registration", 1000);
  g_assert_cmpuint (fixture_stat (fixture, "uplinks-up"), ==, 2);
  stream_stop_whole (&stream);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING, NULL),
      ==, 0);
}

/* A receiver that is full refuses everyone; as soon as it is not, all are in.
 * The application hears of it once. */
static void
test_refusing_receiver (Fixture *fixture, gconstpointer data)
{
  gint64 end;

  (void) data;
  model_receiver_refuse (fixture->receiver, TRUE);
  fixture_play (fixture, 0);
  fixture_wait_stat (fixture, "registrations-refused", 2);
  /* And it says so more often than it is asked. */
  for (end = g_get_monotonic_time () + G_USEC_PER_SEC;
      g_get_monotonic_time () < end; g_usleep (5000))
    inject_errors (fixture, 20);
  fixture_push (fixture, 0, 10);
  model_receiver_refuse (fixture->receiver, FALSE);
  fixture_wait_stat (fixture, "uplinks-up", 2);
  fixture_push (fixture, 10, 20);
  fixture_wait_packets (fixture, 20);
  g_assert_cmpuint (fixture_stat (fixture, "dropped-no-uplink"), ==, 10);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_ERROR, NULL),
      ==, 0);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING, NULL),
      <=, 2);
}

/* It stops, and another answers at another address of its name. */
static void
test_moved (Fixture *fixture, gconstpointer data)
{
  ModelReceiver *other;
  guint port;

  (void) data;
  model_resolver_answer ("127.0.0.1");
  g_object_set (fixture->element, "host", "receiver.test", NULL);
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 20);
  fixture_wait_packets (fixture, 20);

  port = model_receiver_port (fixture->receiver);
  other = model_receiver_new (SRTLA_BEHAVIOUR_A, "127.0.1.1", port);
  model_resolver_answer ("127.0.1.1");
  model_receiver_free (fixture->receiver);
  fixture->receiver = other;
  fixture_wait_stat (fixture, "registrations", 2);
  fixture_wait_stat (fixture, "uplinks-up", 2);
  fixture_push (fixture, 20, 20);
  fixture_wait_packets (fixture, 20);
  fixture_check_arrived (fixture, 20, 20, 1);
}

/* ---- Sockets that fail --------------------------------------------------- */

typedef struct
{
  const gchar *name;
  gint error_number;
  const gchar *counter;         /* of the uplink */
} SocketFault;

static const SocketFault socket_faults[] = {
  {"no-buffers", ENOBUFS, "queue-full"},
  {"would-block", EAGAIN, "queue-full"},
  {"network-unreachable", ENETUNREACH, "send-errors"},
  {"host-unreachable", EHOSTUNREACH, "send-errors"},
  {"firewall", EPERM, "send-errors"},
  {"network-down", ENETDOWN, "send-errors"},
  {"device-gone", ENODEV, "send-errors"},
  {"address-gone", EINVAL, "send-errors"},
  {"no-memory", ENOMEM, "queue-full"},
};

/* One uplink's fail: what it was given goes by the other, nothing is lost. */
static void
test_one_fails (Fixture *fixture, gconstpointer data)
{
  const SocketFault *fault = data;
  Stream stream;

  fixture_play (fixture, 2);
  stream_start (&stream, fixture, "enhanced");
  wait_pushed (&stream, 200);
  failing_socket_start (3, fault->error_number);
  wait_pushed (&stream, 2000);
  g_assert_cmpuint (failing_socket_stop (), >, 0);
  g_assert_cmpuint (fixture_uplink_stat (fixture, "127.0.0.3",
          fault->counter), >, 0);
  fixture_wait_uplink (fixture, "127.0.0.3", "up");
  /* Alone it carries everything: it is whole again. */
  g_assert_true (fixture_remove_uplink (fixture, "127.0.0.2"));
  fixture_wait_gone (fixture, "127.0.0.2");
  wait_pushed (&stream, 400);
  stream_stop_whole (&stream);
}

/* All of them: full queues keep packets waiting, which arrive later; paths that
 * are gone lose them, and each is counted. */
static void
test_all_fail (Fixture *fixture, gconstpointer data)
{
  const SocketFault *fault = data;
  guint64 lost;

  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 20);
  fixture_wait_packets (fixture, 20);
  failing_socket_start (0, fault->error_number);
  fixture_push (fixture, 20, 200);
  fixture_wait_stat (fixture, "packets-received", 220);
  g_usleep (2 * G_USEC_PER_SEC);        /* so long it lasts */
  g_assert_cmpuint (failing_socket_stop (), >, 0);
  fixture_wait_stat (fixture, "uplinks-up", 2);
  lost = fixture_stat (fixture, "dropped-send-error")
      + fixture_stat (fixture, "dropped-no-uplink");
  if (strcmp (fault->counter, "queue-full") == 0)
    g_assert_cmpuint (lost, ==, 0);
  else
    g_assert_cmpuint (lost, >, 0);
  fixture_push (fixture, 220, 20);
  fixture_wait_packets (fixture, 240 - lost);
}

/* What is of no use any more does not wait for a socket that takes nothing, and is
 * not sent when it does again. */
static void
test_expired_stuck (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint32 i;

  (void) data;
  fixture_play (fixture, 2);
  fixture_shake_hands (fixture, 120);
  failing_socket_start (0, EAGAIN);
  for (i = 0; i < 200; i++)
    fixture_push_bytes (fixture, packet, testing_data_packet (packet,
            TESTING_PACKET_SIZE, i, FIXTURE_SERVER, 1000 + i, FALSE));
  /* The sockets are still stuck. */
  fixture_wait_stat (fixture, "dropped-expired", 200);
  g_assert_cmpuint (fixture_stat (fixture, "packets-queued"), ==, 0);
  g_assert_cmpuint (failing_socket_stop (), >, 0);
  fixture_push (fixture, 1000, 10);
  fixture_wait_packets (fixture, 12);
  g_assert_cmpuint (model_receiver_packets (fixture->receiver, NULL), ==, 12);
}

/* While one socket takes nothing, what was given to it goes by the other. */
static void
test_stuck (Fixture *fixture, gconstpointer data)
{
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  for (i = 0; i < 10; i++) {
    failing_socket_start (2 + (gint) (i % 2), EAGAIN);
    fixture_push (fixture, 100 * i, 100);
    fixture_wait_packets (fixture, 100 * i + 100);
    failing_socket_stop ();
  }
  g_assert_cmpuint (fixture_stat (fixture, "dropped-uplink-queue"), ==, 0);
}

/* The same when the other is in doubt, and the one found dead meanwhile. */
static void
test_stuck_and_stalled (Fixture *fixture, gconstpointer data)
{
  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.3", NULL);
  fixture_play (fixture, 1);
  fixture_push (fixture, 0, 20);
  fixture_wait_stat (fixture, "srtla-acks", 2);
  model_receiver_drop_data (fixture->receiver, TRUE);
  fixture_push (fixture, 20, 20);
  fixture_wait_uplink (fixture, "127.0.0.3", "stalled");
  g_assert_true (fixture_add_uplink (fixture, "127.0.0.2"));
  fixture_wait_uplink (fixture, "127.0.0.2", "up");
  failing_socket_start (2, EAGAIN);
  model_receiver_drop_data (fixture->receiver, FALSE);
  fixture_push (fixture, 40, 5);
  fixture_wait_uplink (fixture, "127.0.0.2", "down");
  fixture_wait_stat (fixture, "packets-sent", 45);
  fixture_wait_packets (fixture, 25);
  g_assert_cmpuint (failing_socket_stop (), >, 0);
}

/* What a router said of a large datagram may come back with a small one: that says
 * nothing of what the path carries. */
static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_ackack (packet, 1, FIXTURE_SERVER, 0);
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint failed = 0;

  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.3", NULL);
  fixture_play (fixture, 1);
  while (failed == 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    failing_socket_start (3, EMSGSIZE);
    fixture_push_bytes (fixture, packet, size);
    fixture_wait_stat (fixture, "packets-queued", 0);
    failed = failing_socket_stop ();
  }
  fixture_push (fixture, 0, 100);
  fixture_wait_stat (fixture, "srtla-acks", 9);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING, NULL),
      ==, 0);
}

/* ---- The clock ----------------------------------------------------------- */

/* Days to and fro: nothing looks at the time of day. */
static void
test_clock (Fixture *fixture, gconstpointer data)
{
  static const gint64 offsets[] = { 86400, -86400, 30 * 86400, 0,
    -365 * 86400, 3650 * 86400
  };
  GstClock *clock = g_object_new (GST_TYPE_SYSTEM_CLOCK, "clock-type",
      GST_CLOCK_TYPE_REALTIME, NULL);
  gint64 before = g_get_real_time ();
  guint64 connected;
  Stream stream;
  guint i;

  (void) data;
  fixture_play (fixture, 2);
  g_assert_true (gst_element_set_clock (fixture->element, clock));
  stream_start (&stream, fixture, "enhanced");
  for (i = 0; i < 4 * G_N_ELEMENTS (offsets); i++) {
    stepping_clock_set (offsets[i % G_N_ELEMENTS (offsets)]);
    wait_pushed (&stream, 200);
  }
  /* Or else this test shows nothing. */
  stepping_clock_set (offsets[5]);
  g_assert_cmpint (g_get_real_time () - before, >,
      3000 * 86400 * (gint64) G_USEC_PER_SEC);
  g_assert_cmpuint (fixture_uplink_stat (fixture, "127.0.0.2", "rtt"), <,
      10 * G_USEC_PER_SEC);
  connected = fixture_stat (fixture, "connected-time");
  g_assert_cmpuint (connected, >, 0);
  g_assert_cmpuint (connected, <, 3600 * (guint64) G_USEC_PER_SEC);
  stream_stop_whole (&stream);
  g_assert_cmpuint (fixture_stat (fixture, "registrations"), ==, 1);
  g_assert_cmpuint (fixture_uplink_stat (fixture, "127.0.0.2", "failures")
      + fixture_uplink_stat (fixture, "127.0.0.3", "failures"), ==, 0);
  stepping_clock_set (0);
  gst_object_unref (clock);
}

static void
add_data_test (const gchar *group, const gchar *name, gconstpointer data,
    void (*test) (Fixture *, gconstpointer))
{
  gchar *path = g_strdup_printf ("/faults/%s/%s", group, name);

  g_test_add (path, Fixture, data, fixture_set_up, test, fixture_tear_down);
  g_free (path);
}

static void
add_tests (void)
{
  /* The others differ in numbers. */
  gboolean few = g_getenv ("SRTLA_TEST_SLOW") != NULL;
  guint i;

  model_resolver_install ();
  fixture_add_test ("/faults/kept-port", test_kept_port);
  fixture_add_test ("/faults/all-removed", test_all_removed);
  if (!few)
    add_data_test ("churn", "classic", "classic", test_churn);
  add_data_test ("churn", "enhanced", "enhanced", test_churn);
  fixture_add_test ("/faults/error-storm", test_error_storm);
  fixture_add_test ("/faults/refusing-receiver", test_refusing_receiver);
  fixture_add_test ("/faults/moved", test_moved);
  for (i = 0; i < G_N_ELEMENTS (socket_faults); i += few ? 4 : 1)
    add_data_test ("one", socket_faults[i].name, &socket_faults[i],
        test_one_fails);
  for (i = 0; i < 3; i += few ? 2 : 1)
    add_data_test ("all", socket_faults[i].name, &socket_faults[i],
        test_all_fail);
  fixture_add_test ("/faults/expired-stuck", test_expired_stuck);
  fixture_add_test ("/faults/stuck", test_stuck);
  fixture_add_test ("/faults/stuck-and-stalled", test_stuck_and_stalled);
  fixture_add_test ("/faults/too-large", test_too_large);
  fixture_add_test ("/faults/clock", test_clock);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
