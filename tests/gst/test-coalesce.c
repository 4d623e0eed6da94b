/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * coalesce-time: where packets come often they wait for more, but not what is
 * urgent, not what fills the queue, nor what came as a list; where they come now
 * and then their own thread sends them. The time is set so long that it shows,
 * whatever the machine does beside.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1           /* sendmmsg */
#endif
#include <gmodule.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "element-testing.h"

#define COALESCE (100 * 1000)   /* µs, the most there is */
#define DOZE (20 * 1000)        /* µs: the loop dozes for twice that first */
#define ROUNDS 7
#define DOZES 15
/* Packets one by one, fewer than is often. */
#define OWN 20
/* As many as the queue need not wait with, and more than is often. */
#define MANY 128u

typedef struct
{
  Fixture *fixture;
  guint64 arrived;              /* packets, all that were pushed */
  guint32 next;                 /* sequence number */
} Stream;

/* Returns: how many packets it pushed. */
typedef guint (*Push) (Stream *stream);

static gpointer pusher;         /* atomic: a thread, or NULL */
static gint sent_by_pusher;     /* atomic: calls */

/* Before the C library's. */
G_MODULE_EXPORT int
sendmmsg (int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
  if (g_atomic_pointer_get (&pusher) == g_thread_self ())
    g_atomic_int_inc (&sent_by_pusher);
  return (int) syscall (SYS_sendmmsg, fd, messages, n, flags);
}

static guint
push_one (Stream *stream)
{
  fixture_push (stream->fixture, stream->next++, 1);
  return 1;
}

static guint
push_many (Stream *stream)
{
  fixture_push (stream->fixture, stream->next, MANY);
  stream->next += MANY;
  return MANY;
}

static guint
push_control (Stream *stream)
{
  guint8 packet[TESTING_MAX_PACKET];

  fixture_push_bytes (stream->fixture, packet, testing_ackack (packet, 1, 7,
          0));
  return 1;
}

static guint
push_list (Stream *stream)
{
  GstBufferList *list = gst_buffer_list_new ();
  guint8 data[TESTING_MAX_PACKET];
  guint i;

  for (i = 0; i < 5; i++)
    gst_buffer_list_add (list, testing_buffer_of (data, testing_data_packet
            (data, TESTING_PACKET_SIZE, stream->next++, 7, 0, FALSE)));
  g_assert_cmpint (gst_pad_push_list (stream->fixture->harness->srcpad, list),
      ==, GST_FLOW_OK);
  return 5;
}

/* The setting counts at once, whatever the loop is doing. */
static guint
push_after_setting (Stream *stream)
{
  g_object_set (stream->fixture->element, "coalesce-time", 0, NULL);
  return push_one (stream);
}

static void
stream_start (Stream *stream, Fixture *fixture)
{
  stream->fixture = fixture;
  stream->arrived = 0;
  stream->next = 1000;
  g_object_set (fixture->element, "uplinks", "127.0.0.2", "mode", 0,
      NULL);
  fixture_play (fixture, 1);
}

static gint64
pass (Stream *stream, Push push)
{
  gint64 start = g_get_monotonic_time ();

  stream->arrived += push (stream);
  fixture_wait_packets (stream->fixture, stream->arrived);
  return g_get_monotonic_time () - start;
}

static int
compare (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

/* Returns: the median of the µs that packets took which came right after
 * others left. */
static gint64
time_after (Stream *stream, Push before, Push push)
{
  gint64 times[ROUNDS];
  guint i;

  for (i = 0; i < ROUNDS; i++) {
    g_object_set (stream->fixture->element, "coalesce-time", COALESCE, NULL);
    pass (stream, push_one);
    pass (stream, before);
    times[i] = pass (stream, push);
  }
  qsort (times, ROUNDS, sizeof *times, compare);
  g_test_message ("median %" G_GINT64_FORMAT " µs", times[ROUNDS / 2]);
  return times[ROUNDS / 2];
}

static void
test_gathers (Fixture *fixture, gconstpointer data)
{
  Stream stream;

  (void) data;
  stream_start (&stream, fixture);
  g_assert_cmpint (time_after (&stream, push_many, push_one), >,
      COALESCE / 2);
}

static void
test_now_and_then (Fixture *fixture, gconstpointer data)
{
  Stream stream;

  (void) data;
  stream_start (&stream, fixture);
  g_assert_cmpint (time_after (&stream, push_one, push_one), <, COALESCE / 2);
}

static void
test_goes (Fixture *fixture, gconstpointer push)
{
  Stream stream;

  stream_start (&stream, fixture);
  g_assert_cmpint (time_after (&stream, push_many, *(const Push *) push),
      <, COALESCE / 2);
}

/* No other thread is woken for a packet, unless it is awake. */
static void
test_own_thread (Fixture *fixture, gconstpointer data)
{
  Stream stream;
  guint i;

  (void) data;
  stream_start (&stream, fixture);
  g_object_set (fixture->element, "coalesce-time", COALESCE, NULL);
  pass (&stream, push_one);
  g_atomic_int_set (&sent_by_pusher, 0);
  g_atomic_pointer_set (&pusher, g_thread_self ());
  for (i = 0; i < OWN; i++)
    pass (&stream, push_one);
  g_atomic_pointer_set (&pusher, NULL);
  g_test_message ("%d of %d", g_atomic_int_get (&sent_by_pusher), OWN);
  g_assert_cmpint (g_atomic_int_get (&sent_by_pusher), >, OWN / 2);
}

/* While others send what they bring, the loop sleeps longer; what comes then
 * does not wait for it. */
static void
test_dozes (Fixture *fixture, gconstpointer data)
{
  gint64 times[DOZES], end;
  Stream stream;
  guint i;

  (void) data;
  stream_start (&stream, fixture);
  g_object_set (fixture->element, "coalesce-time", DOZE, NULL);
  for (i = 0; i < DOZES; i++) {
    pass (&stream, push_one);
    end = g_get_monotonic_time () + DOZE + DOZE / 2;
    while (g_get_monotonic_time () < end)
      pass (&stream, push_list);
    times[i] = pass (&stream, push_control);
  }
  qsort (times, DOZES, sizeof *times, compare);
  /* A third may be late by chance; and a third find it at work. */
  g_assert_cmpint (times[DOZES * 2 / 3 - 1], <, DOZE / 2);
}

/* Under a sanitizer or valgrind all takes long. */
static void
add_tests (void)
{
  static const Push control = push_control, many = push_many, list = push_list,
      setting = push_after_setting;

  fixture_add_test ("/coalesce/gathers", test_gathers);
  fixture_add_test ("/coalesce/own-thread", test_own_thread);
  if (g_getenv ("SRTLA_TEST_SLOW") != NULL)
    return;
  fixture_add_test ("/coalesce/now-and-then", test_now_and_then);
  g_test_add ("/coalesce/urgent", Fixture, &control, fixture_set_up, test_goes,
      fixture_tear_down);
  g_test_add ("/coalesce/filling", Fixture, &many, fixture_set_up, test_goes,
      fixture_tear_down);
  g_test_add ("/coalesce/list", Fixture, &list, fixture_set_up, test_goes,
      fixture_tear_down);
  g_test_add ("/coalesce/set", Fixture, &setting, fixture_set_up, test_goes,
      fixture_tear_down);
  fixture_add_test ("/coalesce/dozes", test_dozes);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
