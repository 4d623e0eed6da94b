/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Trains of datagrams (UDP_SEGMENT): what arrives is what went in, and where the
 * kernel refuses them nothing is lost. This program's own sendmmsg () stands
 * before the C library's, looks at each train, and can refuse it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "element-testing.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define PACKETS 400u

/* Atomic: the element's loop calls, the test reads and sets. */
static gint trains, refused, refusal, most_at_once = G_MAXINT;

/* Returns: the segment size of a train, 0 for a single datagram. */
static gsize
segment_size (const struct msghdr *message)
{
  struct cmsghdr *control;
  guint16 size;

  for (control = CMSG_FIRSTHDR (message); control != NULL;
      control = CMSG_NXTHDR ((struct msghdr *) message, control)) {
    if (control->cmsg_level == IPPROTO_UDP
        && control->cmsg_type == UDP_SEGMENT) {
      memcpy (&size, CMSG_DATA (control), sizeof size);
      return size;
    }
  }
  return 0;
}

/* All of one size, the last may be shorter; within the kernel's bounds. */
static void
check_train (const struct msghdr *message, gsize size)
{
  gsize i, total = 0;

  g_assert_cmpuint (message->msg_iovlen, >, 1);
  g_assert_cmpuint (message->msg_iovlen, <=, 64);
  for (i = 0; i < message->msg_iovlen; i++) {
    if (i + 1 < message->msg_iovlen)
      g_assert_cmpuint (message->msg_iov[i].iov_len, ==, size);
    else
      g_assert_cmpuint (message->msg_iov[i].iov_len, <=, size);
    total += message->msg_iov[i].iov_len;
  }
  g_assert_cmpuint (total, <=, 65507);
  g_atomic_int_inc (&trains);
}

__attribute__((visibility ("default")))
int
sendmmsg (int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
  gint error_number = g_atomic_int_get (&refusal);
  unsigned int i, most = (unsigned int) g_atomic_int_get (&most_at_once);

  n = MIN (n, most);
  for (i = 0; i < n; i++) {
    gsize size = segment_size (&messages[i].msg_hdr);

    if (size == 0)
      continue;
    check_train (&messages[i].msg_hdr, size);
    if (error_number == 0)
      continue;
    if (i == 0) {
      g_atomic_int_inc (&refused);
      errno = error_number;
      return -1;
    }
    n = i;                      /* what comes before it goes */
  }
  return (int) syscall (SYS_sendmmsg, fd, messages, n, flags);
}

/* Packets of one or another size, by number. */
static gsize
size_of (guint32 i)
{
  return i % 7 == 3 ? 200 + i % 5 : i % 50 == 9 ? 1400 : TESTING_PACKET_SIZE;
}

/* Pushes a list, so that many packets leave at once. */
static void
push_list (Fixture *fixture, guint32 first, gboolean mixed)
{
  GstBufferList *list = gst_buffer_list_new ();
  guint8 data[TESTING_MAX_PACKET];
  guint32 i;

  for (i = first; i < first + PACKETS; i++) {
    gsize size = mixed ? size_of (i) : TESTING_PACKET_SIZE;

    gst_buffer_list_add (list, testing_buffer_of (data,
            testing_data_packet (data, size, i, 7, 0, FALSE)));
  }
  g_assert_cmpint (gst_pad_push_list (fixture->harness->srcpad, list), ==,
      GST_FLOW_OK);
}

/* Each packet came once, whole; and those of one uplink in their order. */
static void
check_list (Fixture *fixture, guint32 first, gboolean mixed, gboolean in_order)
{
  guint8 *seen = g_new0 (guint8, PACKETS);
  guint8 expected[TESTING_MAX_PACKET];
  guint64 i, n = model_receiver_packets (fixture->receiver, NULL);
  guint32 latest = 0, found = 0;

  for (i = 0; i < n; i++) {
    GBytes *bytes = model_receiver_get_packet (fixture->receiver, i);
    gsize size, wanted;
    const guint8 *data = g_bytes_get_data (bytes, &size);
    guint32 sequence = srtla_srt_sequence (data);

    if (sequence - first < PACKETS) {
      wanted = testing_data_packet (expected, mixed ? size_of (sequence)
          : TESTING_PACKET_SIZE, sequence, 7, 0, FALSE);
      g_assert_cmpmem (data, size, expected, wanted);
      g_assert_cmpuint (seen[sequence - first], ==, 0);
      seen[sequence - first] = 1;
      if (in_order)
        g_assert_cmpuint (sequence, >=, latest);
      latest = sequence;
      found++;
    }
    g_bytes_unref (bytes);
  }
  g_assert_cmpuint (found, ==, PACKETS);
  g_free (seen);
}

static void
reset (void)
{
  g_atomic_int_set (&refusal, 0);
  g_atomic_int_set (&most_at_once, G_MAXINT);
  g_atomic_int_set (&trains, 0);
  g_atomic_int_set (&refused, 0);
}

static void
one_uplink (Fixture *fixture)
{
  reset ();
  g_object_set (fixture->element, "uplinks", "127.0.0.2", "mode", 0, NULL);
  fixture_play (fixture, 1);
}

static void
test_intact (Fixture *fixture, gconstpointer data)
{
  (void) data;
  one_uplink (fixture);
  push_list (fixture, 1000, FALSE);
  fixture_wait_packets (fixture, PACKETS);
  check_list (fixture, 1000, FALSE, TRUE);
  g_assert_cmpint (g_atomic_int_get (&trains), >, 0);
}

static void
test_mixed_sizes (Fixture *fixture, gconstpointer data)
{
  (void) data;
  one_uplink (fixture);
  push_list (fixture, 1000, TRUE);
  fixture_wait_packets (fixture, PACKETS);
  check_list (fixture, 1000, TRUE, TRUE);
  g_assert_cmpint (g_atomic_int_get (&trains), >, 0);
}

static void
test_several_uplinks (Fixture *fixture, gconstpointer data)
{
  (void) data;
  reset ();
  fixture_play (fixture, 2);
  push_list (fixture, 1000, TRUE);
  fixture_wait_packets (fixture, PACKETS);
  check_list (fixture, 1000, TRUE, FALSE);
  g_assert_cmpint (g_atomic_int_get (&trains), >, 0);
}

/* The socket takes one message a call: what is left goes on where it stopped. */
static void
test_partial (Fixture *fixture, gconstpointer data)
{
  (void) data;
  one_uplink (fixture);
  g_atomic_int_set (&most_at_once, 1);
  push_list (fixture, 1000, TRUE);
  fixture_wait_packets (fixture, PACKETS);
  check_list (fixture, 1000, TRUE, TRUE);
}

/* A refusal is remembered for the uplink: it is tried once, and nothing lost. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const gint reasons[] = { EIO, EINVAL, EOPNOTSUPP, EMSGSIZE };
  guint i;

  (void) data;
  for (i = 0; i < G_N_ELEMENTS (reasons); i++) {
    one_uplink (fixture);
    g_atomic_int_set (&refusal, reasons[i]);
    push_list (fixture, 1000 + i * PACKETS, TRUE);
    fixture_wait_packets (fixture, (i + 1) * PACKETS);
    check_list (fixture, 1000 + i * PACKETS, TRUE, TRUE);
    g_assert_cmpint (g_atomic_int_get (&refused), ==, 1);
    g_assert_cmpuint (fixture_stat (fixture, "dropped-send-error"), ==, 0);
    g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_NULL),
        ==, GST_STATE_CHANGE_SUCCESS);
    gst_harness_teardown (fixture->harness);
    fixture->harness = NULL;
  }
  reset ();
}

static void
add_tests (void)
{
  fixture_add_test ("/trains/intact", test_intact);
  fixture_add_test ("/trains/mixed-sizes", test_mixed_sizes);
  fixture_add_test ("/trains/several-uplinks", test_several_uplinks);
  fixture_add_test ("/trains/partial", test_partial);
  fixture_add_test ("/trains/refused", test_refused);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
