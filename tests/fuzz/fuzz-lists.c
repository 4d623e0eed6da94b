/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lists of NAKs and SRTLA ACKs: read, cut down to what a tracker knows, and
 * written again. The first byte says which; what was sent comes next.
 */
#include "fuzz.h"

#include "srtla-inflight.h"
#include "srtla-tracker.h"

typedef struct
{
  SrtlaTracker *tracker;
  SrtlaInflight *log;
  guint32 highest;
  guint sent;
} World;

static void
send_some (World *world, FuzzInput *input)
{
  guint count = fuzz_u8 (input);
  guint32 sequence = fuzz_u32 (input) & SRTLA_SEQ_MASK;
  SrtlaTrackerEntry displaced;

  for (; count > 0; count--) {
    srtla_tracker_insert (world->tracker, sequence, 0, 100, 1, &displaced);
    srtla_inflight_insert (world->log, 0, sequence, 100, 1);
    g_assert_nonnull (srtla_tracker_find (world->tracker, sequence, 1));
    sequence = srtla_seq_next (sequence);
    world->sent++;
  }
}

static void
acknowledge (World *world, guint32 sequence)
{
  SrtlaTrackerEntry *entry;
  guint settled = 0;

  if (!srtla_tracker_acknowledge (world->tracker, sequence))
    return;
  while ((entry = srtla_tracker_next_acknowledged (world->tracker)) != NULL) {
    srtla_inflight_forget (world->log, 0, entry->sequence);
    settled++;
  }
  g_assert_cmpuint (settled, <=, MIN (world->sent, SRTLA_TRACKER_SIZE));
}

static void
check_log (const World *world)
{
  g_assert_cmpuint (srtla_inflight_count (world->log), <=, world->sent);
  g_assert_cmpuint (srtla_inflight_bytes (world->log), ==,
      100 * (guint64) srtla_inflight_count (world->log));
}

/* A NAK: each range is in order, there are no more of them than words, and no
 * more is left of one than the tracker holds. */
static void
read_nak (World *world, const guint8 *data, gsize size)
{
  guint8 written[SRTLA_NAK_SIZE];
  SrtlaNakReader reader;
  SrtlaNakWriter writer;
  guint32 first, last;
  guint ranges = 0;
  guint64 place;
  gsize length;

  srtla_nak_writer_init (&writer, written, data);
  srtla_nak_reader_init (&reader, data, size);
  while (srtla_nak_reader_next (&reader, &first, &last)) {
    guint32 start = first, end = last;

    ranges++;
    g_assert_true (first == last || srtla_seq_before (first, last));
    srtla_nak_writer_add (&writer, first, last);
    if (!srtla_tracker_clip (world->tracker, &start, &end))
      continue;
    g_assert_cmpuint (srtla_seq_steps (start, end), <, SRTLA_TRACKER_SIZE);
    g_assert_cmpuint (srtla_seq_steps (first, start), <=,
        srtla_seq_steps (first, end));
    g_assert_cmpuint (srtla_seq_steps (first, end), <=,
        srtla_seq_steps (first, last));
    srtla_inflight_lose (world->log, 0, start, &place);
    srtla_inflight_take (world->log, 0, end, NULL);
    check_log (world);
  }
  g_assert_cmpuint (ranges, <=, size / 4);
  length = srtla_nak_writer_finish (&writer);
  g_assert_cmpuint (length, <=, sizeof written);
  g_assert_true ((length > 0) == (ranges > 0));
}

/* What is written reads the same, neighbours joined. */
static void
write_nak (FuzzInput *input)
{
  guint8 header[SRTLA_SRT_HEADER], written[SRTLA_NAK_SIZE];
  guint32 first, last, named = 0, read = 0;
  SrtlaNakWriter writer;
  SrtlaNakReader reader;
  gsize size;

  testing_control_header (header, 3, 0, 7, 7);
  srtla_nak_writer_init (&writer, written, header);
  while (input->left > 0) {
    guint32 length = fuzz_u8 (input);

    first = (length & 1 ? fuzz_u32 (input) : fuzz_u16 (input)) & SRTLA_SEQ_MASK;
    last = srtla_seq_add (first, length / 2);
    if (srtla_nak_writer_add (&writer, first, last))
      named += length / 2 + 1;
  }
  size = srtla_nak_writer_finish (&writer);
  if (size == 0) {
    g_assert_cmpuint (named, ==, 0);
    return;
  }
  srtla_nak_reader_init (&reader, written, size);
  while (srtla_nak_reader_next (&reader, &first, &last))
    read += srtla_seq_steps (first, last) + 1;
  g_assert_cmpuint (read, ==, named);
}

static void
read_ack (World *world, const guint8 *data, gsize size)
{
  guint count = srtla_ack_count (data, size);
  guint i;

  for (i = 0; i < count; i++) {
    guint32 sequence = srtla_ack_sequence (data, i);
    SrtlaInflightEntry taken;

    g_assert_cmpuint (sequence, <=, SRTLA_SEQ_MASK);
    if (srtla_inflight_take_any (world->log, sequence, &taken))
      g_assert_cmpuint (taken.sequence, ==, sequence);
    check_log (world);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  guint8 what = fuzz_u8 (&input);
  guint8 packet[SRTLA_SRT_HEADER + 1500];
  const guint8 *list;
  World world = { 0 };
  guint8 *exact;
  gsize length;

  if ((what & 3) == 3) {
    write_nak (&input);
    return 0;
  }
  world.tracker = srtla_tracker_new (60 * SRTLA_SECOND);
  world.log = srtla_inflight_new (256);
  send_some (&world, &input);
  if (what & 4)
    send_some (&world, &input);
  if (what & 8)
    acknowledge (&world, fuzz_u32 (&input));

  length = testing_control_header (packet, 3, 0, 7, 7);
  if ((what & 3) != 0)
    length = srtla_write_ack (packet, NULL, 0);
  size = fuzz_bytes (&input, 1500, &list);
  if (size > 0)
    memcpy (packet + length, list, size);
  exact = testing_exact_copy (packet, length + size);
  if ((what & 3) == 0)
    read_nak (&world, exact, length + size);
  else
    read_ack (&world, exact, length + size);
  free (exact);
  srtla_inflight_free (world.log);
  srtla_tracker_free (world.tracker);
  return 0;
}
