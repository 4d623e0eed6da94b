/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-replies.h"
#include "testing.h"

static SrtlaReplies *
replies_new (void)
{
  return g_new0 (SrtlaReplies, 1);
}

/* As the bond calls it: with the kind that the packet has. */
static gboolean
is_copy (SrtlaReplies *replies, const guint8 *data, gsize size)
{
  return srtla_replies_is_copy (replies, srtla_packet_kind (data, size), data,
      size);
}

static void
test_copies (void)
{
  SrtlaReplies *replies = replies_new ();
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;
  guint i;

  size = testing_ack (packet, 1, 500, 77, 1000);
  g_assert_false (is_copy (replies, packet, size));
  for (i = 0; i < 7; i++)
    g_assert_true (is_copy (replies, packet, size));

  size = testing_nak_range (packet, 480, 490, 77, 1000);
  g_assert_false (is_copy (replies, packet, size));
  g_assert_true (is_copy (replies, packet, size));

  size = testing_light_ack (packet, 500, 77, 1000);
  g_assert_false (is_copy (replies, packet, size));
  g_assert_true (is_copy (replies, packet, size));

  srtla_replies_clear (replies);
  g_assert_false (is_copy (replies, packet, size));
  g_assert_true (is_copy (replies, packet, size));
  g_free (replies);
}

/* Each byte counts, wherever it is, and so does the length. */
static void
test_near_copies (void)
{
  SrtlaReplies *replies = replies_new ();
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_nak_range (packet, 480, 490, 77, 1000);
  gsize i;
  guint bit;

  g_assert_false (is_copy (replies, packet, size));
  for (i = 2; i < size; i++) {
    for (bit = 0; bit < 8; bit++) {
      packet[i] ^= (guint8) (1u << bit);
      g_assert_false (is_copy (replies, packet, size));
      g_assert_true (is_copy (replies, packet, size));
      packet[i] ^= (guint8) (1u << bit);
    }
  }
  g_assert_true (is_copy (replies, packet, size));

  /* With zeros behind it, it is another packet; the list says more. */
  memset (packet + size, 0, 16);
  for (i = 1; i <= 16; i++)
    g_assert_false (is_copy (replies, packet, size + i));
  for (i = 0; i <= 16; i++)
    g_assert_true (is_copy (replies, packet, size + i));
  g_free (replies);
}

/* The SRT peer repeats a standing NAK itself with a new time: that is news. */
static void
test_same_list_again (void)
{
  SrtlaReplies *replies = replies_new ();
  guint8 packet[TESTING_MAX_PACKET];
  guint i;

  for (i = 0; i < 50; i++) {
    /* Across the wrap of the 32-bit timestamp. */
    guint32 timestamp = 0u - 25 * 20000 + i * 20000;
    gsize size = testing_nak_range (packet, 480, 490, 77, timestamp);

    g_assert_false (is_copy (replies, packet, size));
    g_assert_true (is_copy (replies, packet, size));
  }
  g_free (replies);
}

static void
test_other_kinds (void)
{
  SrtlaReplies *replies = replies_new ();
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;
  guint i;

  for (i = 0; i < 3; i++) {
    size = testing_srt_keepalive (packet, 77, 5);
    g_assert_false (is_copy (replies, packet, size));
    size = testing_shutdown (packet, 77, 5);
    g_assert_false (is_copy (replies, packet, size));
    size = testing_ackack (packet, 3, 77, 5);
    g_assert_false (is_copy (replies, packet, size));
    size = testing_data_packet (packet, 200, 3, 77, 5, FALSE);
    g_assert_false (is_copy (replies, packet, size));
    size = testing_conclusion_response (packet, 77, 88, 0, 0x2f, 120, 5);
    g_assert_false (is_copy (replies, packet, size));
  }
  g_free (replies);
}

/* Ten seconds of an ACK each 10 ms and a NAK each 20 ms; then all of it comes
 * again, as from an uplink with a queue of seconds. */
static void
test_late_copies (void)
{
  enum { STEPS = 1000 };
  GRand *rand = testing_rand_new ();
  SrtlaReplies *replies = replies_new ();
  guint8 packet[TESTING_MAX_PACKET];
  guint32 start = g_rand_int (rand);
  guint pass, i, missed = 0;

  for (pass = 0; pass < 2; pass++) {
    for (i = 0; i < STEPS; i++) {
      guint32 now = start + i * 10000;
      gsize size = testing_ack (packet, i, start / 2 + i * 9, 77, now);

      missed += is_copy (replies, packet, size) != (pass == 1);
      if (i % 2 == 0)
        continue;
      size = testing_nak_range (packet, start / 2 + i * 9,
          start / 2 + i * 9 + 2, 77, now + 3);
      missed += is_copy (replies, packet, size) != (pass == 1);
    }
    /* No new packet is ever called a copy. */
    if (pass == 0)
      g_assert_cmpuint (missed, ==, 0);
  }
  /* Chance fills some sets over: 1 % is expected. */
  g_assert_cmpuint (missed, <, 1500 / 20);
  g_free (replies);
  g_rand_free (rand);
}

/* However many came since, what came last is known. */
static void
test_flood (void)
{
  SrtlaReplies *replies = replies_new ();
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;
  guint i;

  for (i = 0; i < 100000; i++) {
    size = testing_ack (packet, i, i, 77, i * 10);
    g_assert_false (is_copy (replies, packet, size));
    g_assert_true (is_copy (replies, packet, size));
    if (i >= 7) {
      size = testing_ack (packet, i - 7, i - 7, 77, (i - 7) * 10);
      g_assert_true (is_copy (replies, packet, size));
    }
  }
  g_free (replies);
}

/* Nothing beyond the packet is read, whatever its length. */
static void
test_lengths (void)
{
  SrtlaReplies *replies = replies_new ();
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;

  memset (packet, 0x5a, sizeof packet);
  testing_light_ack (packet, 9, 77, 5);
  for (size = SRTLA_SRT_HEADER; size <= SRTLA_MAX_DATAGRAM; size++) {
    guint8 *exact = testing_exact_copy (packet, size);

    g_assert_false (is_copy (replies, exact, size));
    g_assert_true (is_copy (replies, exact, size));
    free (exact);
  }
  g_free (replies);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replies/copies", test_copies);
  g_test_add_func ("/replies/near-copies", test_near_copies);
  g_test_add_func ("/replies/same-list-again", test_same_list_again);
  g_test_add_func ("/replies/other-kinds", test_other_kinds);
  g_test_add_func ("/replies/late-copies", test_late_copies);
  g_test_add_func ("/replies/flood", test_flood);
  g_test_add_func ("/replies/lengths", test_lengths);
  return g_test_run ();
}
