/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What holds packets back, or the thread awake, beside the network: the queue of
 * the device, the socket's buffer, spin-time. Stand-ins for the functions that
 * the plugin asks for them say what they would, and see what it wants.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmodule.h>

#include "flow-testing.h"

/* ---- Stand-ins ---------------------------------------------------------- */

static gint device_bytes;       /* atomic: what its queue holds */
static gint device_looks;       /* atomic: times that someone asked */
static gint delay;              /* atomic: µs that each send takes */
static gint send_buffer;        /* atomic: the latest that was asked for */
static gint looks, waits;       /* atomic: polls without a timeout, and with */

G_MODULE_EXPORT int
ioctl (int fd, unsigned long request, ...)
{
  va_list arguments;
  void *argument;

  va_start (arguments, request);
  argument = va_arg (arguments, void *);
  va_end (arguments);
  if (request != SIOCOUTQ)
    return (int) syscall (SYS_ioctl, fd, request, argument);
  g_atomic_int_inc (&device_looks);
  *(int *) argument = g_atomic_int_get (&device_bytes);
  return 0;
}

/* The element's sockets are the only ones that send this way. */
G_MODULE_EXPORT int
sendmmsg (int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
  if (g_atomic_int_get (&delay) > 0)
    g_usleep ((gulong) g_atomic_int_get (&delay));
  return (int) syscall (SYS_sendmmsg, fd, messages, n, flags);
}

/* The receiver leaves its buffer as it is. */
G_MODULE_EXPORT int
setsockopt (int fd, int level, int option, const void *value, socklen_t size)
{
  if (level == SOL_SOCKET && option == SO_SNDBUF)
    g_atomic_int_set (&send_buffer, *(const int *) value);
  return (int) syscall (SYS_setsockopt, fd, level, option, value, size);
}

/* In the place of GStreamer's. */
G_MODULE_EXPORT gint
gst_poll_wait (GstPoll *set, GstClockTime timeout)
{
  gint (*its_own) (GstPoll *, GstClockTime);

  g_atomic_int_inc (timeout == 0 ? &looks : &waits);
  *(void **) &its_own = dlsym (RTLD_NEXT, "gst_poll_wait");
  return its_own (set, timeout);
}

/* ---- Tests -------------------------------------------------------------- */

static guint64
uplink_number (Fixture *fixture, const gchar *field)
{
  GstStructure *uplink = fixture_uplink_stats (fixture, "127.0.0.2");
  guint64 number = 0;

  g_assert_true (gst_structure_get_uint64 (uplink, field, &number));
  gst_structure_free (uplink);
  return number;
}

static void
play_one (Fixture *fixture)
{
  g_object_set (fixture->element, "uplinks", "127.0.0.2", "coalesce-time", 0,
      "rescue", FALSE, NULL);
  fixture_play (fixture, 1);
}

/* Returns: the number after those pushed. Until the uplink's limits are known,
 * which takes a queue: sends take long of a sudden. */
static guint32
fill_path (Fixture *fixture)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint32 next = 0;

  for (; next < 100; next += 20) {
    fixture_push (fixture, next, 20);
    fixture_wait_packets (fixture, next + 20);
  }
  g_atomic_int_set (&delay, 100 * 1000);
  for (; uplink_number (fixture, "queue") < 60 * 1000; next += 20) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    fixture_push (fixture, next, 20);
    fixture_wait_packets (fixture, next + 20);
  }
  g_atomic_int_set (&delay, 0);
  return next;
}

/* What waits in the device's queue counts as what is in flight does: nothing is
 * added to more than there may be. */
static void
test_device_queue (Fixture *fixture, gconstpointer data)
{
  gint64 end = g_get_monotonic_time () + 2 * testing_patience ();
  guint64 arrived;
  guint32 next;

  (void) data;
  play_one (fixture);
  next = fill_path (fixture);
  g_assert_cmpint (g_atomic_int_get (&device_looks), >, 0);
  g_atomic_int_set (&device_bytes, G_MAXINT);
  while (fixture_stat (fixture, "packets-queued") == 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    fixture_push (fixture, next++, 1);
  }
  arrived = next - fixture_stat (fixture, "packets-queued");
  fixture_wait_packets (fixture, arrived);
  fixture_push (fixture, next, 50);
  next += 50;
  g_assert_cmpuint (fixture_stat (fixture, "packets-queued"), ==,
      next - arrived);
  g_atomic_int_set (&device_bytes, 0);
  fixture_wait_packets (fixture, next);
}

static void
wait_for_buffer (Fixture *fixture, gint least, gint most)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  gint bytes;

  for (;;) {
    /* The element looks at it when it tells its numbers. */
    fixture_stat (fixture, "packets-sent");
    bytes = g_atomic_int_get (&send_buffer);
    if (bytes >= least && bytes <= most)
      return;
    if (g_get_monotonic_time () > end)
      g_error ("the buffer is made for %d bytes, not %d to %d", bytes, least,
          most);
    g_usleep (1000);
  }
}

/* A socket's buffer is made for what the uplink may have in front of it. */
static void
test_send_buffer (Fixture *fixture, gconstpointer data)
{
  guint64 rate;                 /* bytes a ms */
  guint32 next = 0;

  (void) data;
  play_one (fixture);
  g_assert_cmpint (g_atomic_int_get (&send_buffer), <=, 256 * 1024);
  limit_uplinks (fixture, 4000000);
  for (; uplink_number (fixture, "delivered-rate") == 0; next += 20) {
    fixture_push (fixture, next, 20);
    fixture_wait_packets (fixture, next + 20);
  }
  wait_for_buffer (fixture, 64 * 1024, 64 * 1024);
  rate = uplink_number (fixture, "capacity") / 8000;
  g_object_set (fixture->element, "queue-target", (guint) (400000 / rate),
      NULL);
  wait_for_buffer (fixture, 300000, 500000);
  g_object_set (fixture->element, "queue-target", 0, NULL);
  wait_for_buffer (fixture, 1024 * 1024, 1024 * 1024);
  g_object_set (fixture->element, "queue-target", 50, NULL);
  wait_for_buffer (fixture, 64 * 1024, 64 * 1024);
}

/* Counts how often the loop looks and how often it sleeps while it has something
 * to do `turns` times. */
static void
count_polls (Fixture *fixture, guint turns, gint *n_looks, gint *n_waits)
{
  gint first_looks = g_atomic_int_get (&looks);
  gint first_waits = g_atomic_int_get (&waits);

  for (; turns > 0; turns--) {
    fixture_stat (fixture, "packets-sent");
    g_usleep (1000);
  }
  *n_looks = g_atomic_int_get (&looks) - first_looks;
  *n_waits = g_atomic_int_get (&waits) - first_waits;
}

/* It looks for work before it sleeps, but sleep it does. */
static void
test_spin (Fixture *fixture, gconstpointer data)
{
  gint n_looks, n_waits;

  (void) data;
  play_one (fixture);
  count_polls (fixture, 100, &n_looks, &n_waits);
  g_test_message ("without: %d looks, %d times asleep", n_looks, n_waits);
  g_assert_cmpint (n_waits, >, 50);
  g_assert_cmpint (n_looks, <, n_waits / 2);
  g_object_set (fixture->element, "spin-time", 50, NULL);
  count_polls (fixture, 100, &n_looks, &n_waits);
  g_test_message ("with: %d looks, %d times asleep", n_looks, n_waits);
  g_assert_cmpint (n_waits, >, 50);
  g_assert_cmpint (n_looks, >=, n_waits);
}

static void
add_tests (void)
{
  fixture_add_test ("/brake/device-queue", test_device_queue);
  fixture_add_test ("/brake/send-buffer", test_send_buffer);
  fixture_add_test ("/brake/spin", test_spin);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
