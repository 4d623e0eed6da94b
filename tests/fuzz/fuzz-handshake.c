/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SRT handshakes, extensions and all, both ways past the table of callers, with
 * other packets of those callers in between.
 */
#include "fuzz.h"

#include "srtla-caller.h"

static void
check_reader (const guint8 *data, gsize size)
{
  SrtlaHandshake handshake;

  if (!srtla_srt_read_handshake (data, size, &handshake)) {
    g_assert_cmpuint (handshake.socket_id, ==, 0);
    g_assert_false (handshake.has_extension);
    return;
  }
  g_assert_cmpuint (size, >=, 64);
  g_assert_cmpuint (handshake.first_sequence, <=, SRTLA_SEQ_MASK);
  if (handshake.has_extension)
    g_assert_cmpuint (size, >=, 64 + 4 + 12);
}

/* A handshake whose fixed part is right as far as it matters, with extensions
 * of the fuzzer's making. Ids are few, so that they meet. */
static gsize
make_handshake (FuzzInput *input, guint8 *out)
{
  guint8 shape = fuzz_u8 (input);
  guint8 ids = fuzz_u8 (input);
  gint32 type = (shape & 3) == 0 ? SRTLA_HS_TYPE_INDUCTION
      : (shape & 3) == 1 ? 1002 : SRTLA_HS_TYPE_CONCLUSION;
  const guint8 *extensions;
  gsize size, length;

  size = testing_handshake (out, shape & 4 ? 4 : 5, type, ids & 7, ids >> 3 & 7,
      fuzz_u16 (input), 0);
  length = fuzz_bytes (input, fuzz_u8 (input), &extensions);
  if (length > 0)
    memcpy (out + size, extensions, length);
  return shape & 8 ? (size + length) * shape / 256 : size + length;
}

static gsize
make_other (FuzzInput *input, guint8 *out)
{
  guint8 shape = fuzz_u8 (input);
  guint32 destination = fuzz_u8 (input) & 7;
  guint32 sequence = fuzz_u16 (input);

  switch (shape & 7) {
    case 0:
      return testing_ack (out, 1, sequence, destination, 0);
    case 1:
      return testing_nak_range (out, sequence, sequence + (shape >> 3),
          destination, 0);
    case 2:
      return testing_shutdown (out, destination, 0);
    case 3:
      return testing_srt_keepalive (out, destination, 0);
    default:
      return testing_data_packet (out, 32, sequence, destination, 0, shape & 8);
  }
}

static void
pass_by (SrtlaCallers *callers, const guint8 *data, gsize size,
    gboolean outgoing, SrtlaTime now)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  gboolean is_new = FALSE;
  guint slot;

  slot = outgoing
      ? srtla_callers_outgoing (callers, kind, data, size, now, &is_new)
      : srtla_callers_incoming (callers, kind, data, size, now);
  if (slot == SRTLA_NO_CALLER) {
    g_assert_false (is_new);
    return;
  }
  g_assert_cmpuint (slot, <, SRTLA_MAX_CALLERS);
  g_assert_nonnull (callers->slots[slot].tracker);
  g_assert_cmpuint (callers->slots[slot].last_heard, ==, now);
  /* What comes back goes to whose id it carries, and to nobody else. */
  if (!outgoing)
    g_assert_cmpuint (callers->slots[slot].socket_id, ==,
        srtla_srt_destination (data));
  if (outgoing && kind == SRTLA_KIND_SRT_DATA)
    srtla_tracker_insert (callers->slots[slot].tracker,
        srtla_srt_sequence (data), 0, size, now, &(SrtlaTrackerEntry) { 0 });
}

/* No two that live have one id. */
static void
check_callers (const SrtlaCallers *callers)
{
  guint i, k;

  for (i = 0; i < SRTLA_MAX_CALLERS; i++) {
    guint32 own = callers->slots[i].socket_id;

    for (k = 0; own != 0 && k < i; k++)
      g_assert_cmpuint (callers->slots[k].socket_id, !=, own);
  }
  g_assert_cmpuint (srtla_callers_count (callers), <=, SRTLA_MAX_CALLERS);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  SrtlaCallers callers;
  SrtlaTime now = 1;

  check_reader (data, size);
  srtla_callers_init (&callers, 60 * SRTLA_SECOND);
  while (input.left > 0) {
    guint8 packet[TESTING_MAX_PACKET];
    guint8 what = fuzz_u8 (&input);
    gsize length = what & 1 ? make_other (&input, packet)
        : make_handshake (&input, packet);
    guint8 *exact = testing_exact_copy (packet, length);

    if (what & 4)
      now += fuzz_span (&input);
    check_reader (exact, length);
    pass_by (&callers, exact, length, what & 2, now);
    check_callers (&callers);
    free (exact);
  }
  srtla_callers_clear (&callers);
  return 0;
}
