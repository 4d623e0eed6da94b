/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One datagram, read in each way there is. */
#include "fuzz.h"

#include "srtla-classifier.h"
#include "srtla-replies.h"

static void
check_kind (const guint8 *data, gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (size < 2 || size > SRTLA_MAX_DATAGRAM)
    g_assert_cmpint (kind, ==, SRTLA_KIND_INVALID);
  if (srtla_kind_is_srt (kind)) {
    g_assert_cmpuint (size, >=, SRTLA_SRT_HEADER);
    g_assert_cmpuint (srtla_srt_sequence (data), <=, SRTLA_SEQ_MASK);
    srtla_srt_timestamp (data);
    srtla_srt_destination (data);
    srtla_srt_is_retransmission (data);
  }
  g_assert_true ((srtla_read_registration (data, size) != NULL)
      == (kind == SRTLA_KIND_REG1 || kind == SRTLA_KIND_REG2));
  g_assert_cmpuint (4 * srtla_ack_count (data, size), <=, size);
}

/* What was read of a keepalive and is written again reads the same. */
static void
check_keepalive (const guint8 *data, gsize size)
{
  guint8 written[SRTLA_KEEPALIVE_SIZE];
  SrtlaKeepalive keepalive, again;

  if (!srtla_read_keepalive (data, size, &keepalive))
    return;
  srtla_write_keepalive (written, &keepalive);
  g_assert_true (srtla_read_keepalive (written, sizeof written, &again));
  g_assert_cmpuint (again.time, ==, keepalive.time);
  if (keepalive.extended)
    g_assert_cmpmem (written, sizeof written, data, sizeof written);
}

static void
check_classifier (const guint8 *data, gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  SrtlaClassifier classifier = { FALSE, 0 };
  guint i;

  for (i = 0; srtla_kind_is_srt (kind) && i < 8; i++) {
    const SrtlaMarks marks = { i < 4 ? SRTLA_PRIORITY_AUTO : (gint) i - 4,
      i & 1, (i & 2) != 0
    };

    g_assert_cmpint (srtla_classify (&classifier, kind, data, size,
            &marks).priority, <, SRTLA_N_CLASSES);
  }
}

/* A reply is no copy the first time and one the second. */
static void
check_replies (const guint8 *data, gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  SrtlaReplies *replies;

  if (kind != SRTLA_KIND_SRT_ACK && kind != SRTLA_KIND_SRT_NAK)
    return;
  replies = g_new0 (SrtlaReplies, 1);
  g_assert_false (srtla_replies_is_copy (replies, kind, data, size));
  g_assert_true (srtla_replies_is_copy (replies, kind, data, size));
  g_free (replies);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  check_kind (data, size);
  check_keepalive (data, size);
  check_classifier (data, size);
  check_replies (data, size);
  srtla_packet_looks_like_mpegts (data, size);
  return 0;
}
