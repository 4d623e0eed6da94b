/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "testing.h"

#define SEQ_TOP SRTLA_SEQ_MASK

/* ---- Kinds ------------------------------------------------------------- */

/* All that is known: the first 16 bits, and how long a packet has to be. */
static const struct
{
  guint16 type;
  SrtlaKind kind;
  gsize smallest, largest;
} kinds[] = {
  { 0x8000, SRTLA_KIND_SRT_HANDSHAKE, 16, 1500 },
  { 0x8001, SRTLA_KIND_SRT_KEEPALIVE, 16, 1500 },
  { 0x8002, SRTLA_KIND_SRT_ACK, 16, 1500 },
  { 0x8003, SRTLA_KIND_SRT_NAK, 16, 1500 },
  { 0x8004, SRTLA_KIND_SRT_CONTROL, 16, 1500 },
  { 0x8005, SRTLA_KIND_SRT_SHUTDOWN, 16, 1500 },
  { 0x8006, SRTLA_KIND_SRT_ACKACK, 16, 1500 },
  { 0x8007, SRTLA_KIND_SRT_DROP_REQUEST, 16, 1500 },
  { 0x8008, SRTLA_KIND_SRT_CONTROL, 16, 1500 },
  { 0xffff, SRTLA_KIND_SRT_CONTROL, 16, 1500 },
  { 0x9000, SRTLA_KIND_KEEPALIVE, 2, 1500 },
  { 0x9100, SRTLA_KIND_ACK, 4, 1500 },
  { 0x9200, SRTLA_KIND_REG1, 258, 258 },
  { 0x9201, SRTLA_KIND_REG2, 258, 258 },
  { 0x9202, SRTLA_KIND_REG3, 2, 1500 },
  { 0x9210, SRTLA_KIND_REG_ERR, 2, 1500 },
  { 0x9211, SRTLA_KIND_REG_NGP, 2, 1500 },
  { 0x9212, SRTLA_KIND_REG_NAK, 2, 1500 },
};

static SrtlaKind
expected_kind (guint type, gsize size)
{
  gsize i;

  if (size < 2 || size > 1500)
    return SRTLA_KIND_INVALID;
  if (type < 0x8000)
    return size >= 16 ? SRTLA_KIND_SRT_DATA : SRTLA_KIND_INVALID;
  for (i = 0; i < G_N_ELEMENTS (kinds); i++) {
    if (kinds[i].type == type)
      return size >= kinds[i].smallest && size <= kinds[i].largest
          ? kinds[i].kind : SRTLA_KIND_INVALID;
  }
  return type >= 0x9000 && type <= 0xafff ? SRTLA_KIND_UNKNOWN
      : SRTLA_KIND_INVALID;
}

/* Each type there can be, at each length that makes a difference. */
static void
test_kinds (void)
{
  static const gsize sizes[] = {
    0, 1, 2, 3, 4, 15, 16, 32, 257, 258, 259, 1500, 1501, 2000
  };
  guint8 packet[TESTING_MAX_PACKET] = { 0 };
  gsize i;
  guint type;

  for (type = 0; type <= 0xffff; type++) {
    srtla_write_u16 (packet, (guint16) type);
    for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
      SrtlaKind kind = srtla_packet_kind (packet, sizes[i]);

      if (kind != expected_kind (type, sizes[i]))
        g_error ("type %#x of %" G_GSIZE_FORMAT " bytes is kind %d", type,
            sizes[i], kind);
    }
  }
  for (i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_assert_cmpint (srtla_kind_is_srt (kinds[i].kind), ==,
        kinds[i].type < 0x9000 || kinds[i].type == 0xffff);
  g_assert_true (srtla_kind_is_srt (SRTLA_KIND_SRT_DATA));
  g_assert_false (srtla_kind_is_srt (SRTLA_KIND_INVALID));
  g_assert_false (srtla_kind_is_srt (SRTLA_KIND_UNKNOWN));
}

static void
test_mpegts (void)
{
  guint8 packet[TESTING_MAX_PACKET] = { 0 };
  gsize i;

  for (i = 0; i < sizeof packet; i += 188)
    packet[i] = 0x47;
  g_assert_false (srtla_packet_looks_like_mpegts (packet, 0));
  g_assert_false (srtla_packet_looks_like_mpegts (packet, 187));
  g_assert_true (srtla_packet_looks_like_mpegts (packet, 188));
  g_assert_false (srtla_packet_looks_like_mpegts (packet, 189));
  g_assert_true (srtla_packet_looks_like_mpegts (packet, 7 * 188));
  /* SRT's usual packet: 7 × 188 behind a header, here of number 0x47… */
  g_assert_false (srtla_packet_looks_like_mpegts (packet, 7 * 188 + 16));
  packet[6 * 188] = 0x46;
  g_assert_true (srtla_packet_looks_like_mpegts (packet, 6 * 188));
  g_assert_false (srtla_packet_looks_like_mpegts (packet, 7 * 188));
  packet[0] = 0;
  g_assert_false (srtla_packet_looks_like_mpegts (packet, 188));
}

/* ---- SRT header -------------------------------------------------------- */

static void
test_header (void)
{
  static const guint32 words[] = {
    0, 1, 0x3fffffff, 0x40000000, SEQ_TOP - 1, SEQ_TOP
  };
  static const guint32 timestamps[] = { 0, 1, 0x7fffffff, 0x80000000, G_MAXUINT32 };
  guint8 packet[TESTING_MAX_PACKET];
  gsize i, j;

  for (i = 0; i < G_N_ELEMENTS (words); i++) {
    for (j = 0; j < G_N_ELEMENTS (timestamps); j++) {
      gboolean again = (i + j) % 2;
      guint32 id = ~words[i];

      testing_data_packet (packet, 16, words[i], id, timestamps[j], again);
      g_assert_cmpint (srtla_packet_kind (packet, 16), ==, SRTLA_KIND_SRT_DATA);
      g_assert_cmpuint (srtla_srt_sequence (packet), ==, words[i]);
      g_assert_cmpuint (srtla_srt_timestamp (packet), ==, timestamps[j]);
      g_assert_cmpuint (srtla_srt_destination (packet), ==, id);
      g_assert_cmpint (srtla_srt_is_retransmission (packet), ==, again);
    }
  }
  /* The R flag alone: not the bits around it. */
  testing_data_packet (packet, 16, 5, 6, 7, FALSE);
  srtla_write_u32 (packet + 4, ~(1u << 26));
  g_assert_false (srtla_srt_is_retransmission (packet));
  srtla_write_u32 (packet + 4, 1u << 26);
  g_assert_true (srtla_srt_is_retransmission (packet));
}

/* ---- Handshake --------------------------------------------------------- */

static void
test_handshake (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  SrtlaHandshake handshake;
  gsize size;

  size = testing_induction (packet, 0x11223344, 0x7ffffffe, 9);
  g_assert_cmpuint (size, ==, 64);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_cmpuint (handshake.version, ==, 4);
  g_assert_cmpint (handshake.type, ==, SRTLA_HS_TYPE_INDUCTION);
  g_assert_cmpuint (handshake.socket_id, ==, 0x11223344);
  g_assert_cmpuint (handshake.first_sequence, ==, 0x7ffffffe);
  g_assert_false (handshake.has_extension);

  size = testing_conclusion (packet, 0x11223344, 0xffffffff, 0x3f, 120, 9);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_cmpuint (handshake.version, ==, 5);
  g_assert_cmpint (handshake.type, ==, SRTLA_HS_TYPE_CONCLUSION);
  g_assert_cmpuint (handshake.first_sequence, ==, 0x7fffffff);
  g_assert_true (handshake.has_extension);
  g_assert_false (handshake.is_response);
  g_assert_cmpuint (handshake.srt_version, ==, 0x010500);
  g_assert_cmpuint (handshake.flags, ==, 0x3f);
  g_assert_cmpuint (handshake.receiver_delay, ==, 120);
  g_assert_cmpuint (handshake.sender_delay, ==, 120);

  size = testing_conclusion_response (packet, 0x11223344, 0x55667788, 5,
      SRTLA_HS_TSBPD_RECEIVER | SRTLA_HS_TLPKTDROP, 65535, 9);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_cmpuint (handshake.socket_id, ==, 0x55667788);
  g_assert_true (handshake.has_extension);
  g_assert_true (handshake.is_response);
  g_assert_cmpuint (handshake.flags, ==, 0xa);
  g_assert_cmpuint (handshake.receiver_delay, ==, 65535);
  g_assert_cmpuint (handshake.sender_delay, ==, 0);

  /* Refusals are positive and over 1000. */
  size = testing_handshake (packet, 5, 1002, 1, 2, 3, 4);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_cmpint (handshake.type, ==, 1002);
}

static gsize
append_block (guint8 *out, gsize size, guint16 type, guint16 words, gsize bytes)
{
  srtla_write_u16 (out + size, type);
  srtla_write_u16 (out + size + 2, words);
  memset (out + size + 4, 0xee, bytes);
  return size + 4 + bytes;
}

static void
test_handshake_extensions (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  SrtlaHandshake handshake;
  gsize size;

  /* Key material and a stream id around it. */
  size = testing_handshake (packet, 5, -1, 0, 2, 3, 4);
  size = append_block (packet, size, 3, 14, 56);
  size = testing_append_hs_extension (packet, size, 1, 0x2b, 7, 8);
  size = append_block (packet, size, 5, 2, 8);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_true (handshake.has_extension);
  g_assert_cmpuint (handshake.flags, ==, 0x2b);
  g_assert_cmpuint (handshake.receiver_delay, ==, 7);

  /* A block that claims more than there is, in front of a good one. */
  size = testing_handshake (packet, 5, -1, 0, 2, 3, 4);
  size = append_block (packet, size, 3, 0xffff, 8);
  size = testing_append_hs_extension (packet, size, 1, 0x2b, 7, 8);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_false (handshake.has_extension);
  g_assert_cmpuint (handshake.socket_id, ==, 2);
  g_assert_cmpuint (handshake.flags, ==, 0);

  /* HSREQ too short for its three words. */
  size = testing_handshake (packet, 5, -1, 0, 2, 3, 4);
  size = append_block (packet, size, 1, 2, 8);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_false (handshake.has_extension);

  /* Empty blocks to the end: each is stepped over. */
  size = testing_handshake (packet, 5, -1, 0, 2, 3, 4);
  memset (packet + size, 0, 1500 - size);
  g_assert_true (srtla_srt_read_handshake (packet, 1500, &handshake));
  g_assert_false (handshake.has_extension);

  /* No extension is looked for in the induction, nor in version 4. */
  size = testing_handshake (packet, 5, 1, 0, 2, 3, 4);
  size = testing_append_hs_extension (packet, size, 1, 0x2b, 7, 8);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_false (handshake.has_extension);
  size = testing_handshake (packet, 4, -1, 0, 2, 3, 4);
  size = testing_append_hs_extension (packet, size, 1, 0x2b, 7, 8);
  g_assert_true (srtla_srt_read_handshake (packet, size, &handshake));
  g_assert_false (handshake.has_extension);

  /* What is no handshake leaves nothing behind. */
  size = testing_ack (packet, 1, 2, 3, 4);
  memset (packet + size, 0xff, 64);
  memset (&handshake, 0xff, sizeof handshake);
  g_assert_false (srtla_srt_read_handshake (packet, 100, &handshake));
  g_assert_cmpuint (handshake.socket_id, ==, 0);
  g_assert_false (handshake.has_extension);
}

/* ---- SRT ACK and NAK --------------------------------------------------- */

static void
test_srt_ack (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint32 sequence;
  gsize size;

  size = testing_ack (packet, 7, SEQ_TOP, 3, 4);
  g_assert_true (srtla_srt_read_ack (packet, size, &sequence));
  g_assert_cmpuint (sequence, ==, SEQ_TOP);
  size = testing_light_ack (packet, 0, 3, 4);
  g_assert_true (srtla_srt_read_ack (packet, size, &sequence));
  g_assert_cmpuint (sequence, ==, 0);
  size = testing_light_ack (packet, 0x80000005u, 3, 4);
  g_assert_true (srtla_srt_read_ack (packet, size, &sequence));
  g_assert_cmpuint (sequence, ==, 5);

  sequence = 99;
  g_assert_false (srtla_srt_read_ack (packet, 19, &sequence));
  size = testing_nak_range (packet, 1, 2, 3, 4);
  g_assert_false (srtla_srt_read_ack (packet, size, &sequence));
  g_assert_cmpuint (sequence, ==, 99);
}

#define RANGE 0x80000000u

static const struct
{
  const gchar *what;
  guint n_words;
  guint32 words[6];
  guint n_ranges;
  TestingRange ranges[6];
} naks[] = {
  { "empty", 0, { 0 }, 0, { { 0, 0 } } },
  { "one", 1, { 5 }, 1, { { 5, 5 } } },
  { "number 0", 1, { 0 }, 1, { { 0, 0 } } },
  { "three", 3, { 5, 7, 9 }, 3, { { 5, 5 }, { 7, 7 }, { 9, 9 } } },
  { "range", 2, { RANGE | 5, 9 }, 1, { { 5, 9 } } },
  { "mixed", 6, { 1, RANGE | 5, 9, 11, RANGE | 20, 21 }, 4,
      { { 1, 1 }, { 5, 9 }, { 11, 11 }, { 20, 21 } } },
  { "over the wrap", 2, { RANGE | (SEQ_TOP - 1), 2 }, 1, { { SEQ_TOP - 1, 2 } } },
  { "range of one", 2, { RANGE | 5, 5 }, 1, { { 5, 5 } } },
  { "half the circle", 2, { RANGE | 0, 0x3fffffff }, 1, { { 0, 0x3fffffff } } },
  { "over half the circle", 2, { RANGE | 0, 0x40000000 }, 1, { { 0, 0 } } },
  { "all 2^31", 2, { RANGE | 0, SEQ_TOP }, 1, { { 0, 0 } } },
  { "all 2^31 from the middle", 2, { RANGE | 100, 99 }, 1, { { 100, 100 } } },
  { "end before start", 3, { RANGE | 9, 5, 6 }, 2, { { 9, 9 }, { 6, 6 } } },
  { "end cut off", 2, { 4, RANGE | 9 }, 2, { { 4, 4 }, { 9, 9 } } },
  { "start after start", 3, { RANGE | 5, RANGE | 9, 12 }, 2,
      { { 5, 5 }, { 9, 12 } } },
  { "all starts", 4, { RANGE | 5, RANGE | 6, RANGE | 7, RANGE | 8 }, 4,
      { { 5, 5 }, { 6, 6 }, { 7, 7 }, { 8, 8 } } },
};

static void
test_srt_nak (void)
{
  gsize i;
  guint j;

  for (i = 0; i < G_N_ELEMENTS (naks); i++) {
    guint8 packet[TESTING_MAX_PACKET];
    guint8 *exact;
    gsize size = testing_nak (packet, NULL, 0, 1, 2);
    SrtlaNakReader reader;
    guint32 first, last;

    for (j = 0; j < naks[i].n_words; j++)
      srtla_write_u32 (packet + size + 4 * j, naks[i].words[j]);
    size += 4 * naks[i].n_words;
    exact = testing_exact_copy (packet, size);
    srtla_nak_reader_init (&reader, exact, size);
    g_test_message ("%s", naks[i].what);
    for (j = 0; j < naks[i].n_ranges; j++) {
      g_assert_true (srtla_nak_reader_next (&reader, &first, &last));
      g_assert_cmpuint (first, ==, naks[i].ranges[j].first);
      g_assert_cmpuint (last, ==, naks[i].ranges[j].last);
    }
    g_assert_false (srtla_nak_reader_next (&reader, &first, &last));
    g_assert_false (srtla_nak_reader_next (&reader, &first, &last));
    free (exact);
  }
}

/* A full packet of anything takes no more steps than it has words. */
static void
test_srt_nak_hostile (void)
{
  GRand *rand = testing_rand_new ();
  guint8 packet[TESTING_MAX_PACKET];
  SrtlaNakReader reader;
  guint32 first, last;
  guint round, steps;
  gsize i;

  for (round = 0; round < 2000; round++) {
    gsize size = 16 + g_rand_int (rand) % 1485;

    testing_nak (packet, NULL, 0, 1, 2);
    for (i = 16; i < 1500; i += 4) {
      guint32 word = g_rand_int (rand);

      if (round % 3 == 0)       /* ranges of nearly 2^30, one after another */
        word = i % 8 == 0 ? RANGE : 0x3fffffff;
      else if (round % 3 == 1)
        word = G_MAXUINT32;
      srtla_write_u32 (packet + i, word);
    }
    srtla_nak_reader_init (&reader, packet, size);
    for (steps = 0; srtla_nak_reader_next (&reader, &first, &last); steps++) {
      g_assert_cmpuint (first, <=, SEQ_TOP);
      g_assert_cmpuint (last, <=, SEQ_TOP);
      g_assert_cmpint (srtla_seq_distance (first, last), >=, 0);
    }
    g_assert_cmpuint (steps, <=, (size - 16) / 4);
    g_assert_cmpuint (steps, >=, (size - 16) / 8);
  }

  /* Another packet's bytes are no list. */
  i = testing_ack (packet, 1, 2, 3, 4);
  srtla_nak_reader_init (&reader, packet, i);
  g_assert_false (srtla_nak_reader_next (&reader, &first, &last));
  srtla_nak_reader_init (&reader, packet, 0);
  g_assert_false (srtla_nak_reader_next (&reader, &first, &last));
  g_rand_free (rand);
}

/* ---- SRTLA ------------------------------------------------------------- */

static void
test_srtla_ack (void)
{
  static const guint32 sequences[] = {
    0, 1, SEQ_TOP, 0x40000000, 5, 6, 7, 8, 9, 10
  };
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;
  guint i;

  size = srtla_write_ack (packet, sequences, 10);
  g_assert_cmpuint (size, ==, 44);
  g_assert_cmpuint (srtla_read_u32 (packet), ==, 0x91000000);
  g_assert_cmpuint (srtla_ack_count (packet, size), ==, 10);
  for (i = 0; i < 10; i++)
    g_assert_cmpuint (srtla_ack_sequence (packet, i), ==, sequences[i]);

  g_assert_cmpuint (srtla_ack_count (packet, 43), ==, 9);
  g_assert_cmpuint (srtla_ack_count (packet, 8), ==, 1);
  g_assert_cmpuint (srtla_ack_count (packet, 7), ==, 0);
  g_assert_cmpuint (srtla_ack_count (packet, 4), ==, 0);
  g_assert_cmpuint (srtla_ack_count (packet, 3), ==, 0);
  g_assert_cmpuint (srtla_ack_count (packet, 1500), ==, 374);
  g_assert_cmpuint (srtla_ack_count (packet, 1501), ==, 0);
  g_assert_cmpuint (srtla_write_ack (packet, NULL, 0), ==, 4);
  g_assert_cmpuint (srtla_ack_count (packet, 4), ==, 0);

  /* Bit 31 is nobody's. */
  srtla_write_u32 (packet + 4, 0x80000003u);
  g_assert_cmpuint (srtla_ack_sequence (packet, 0), ==, 3);

  size = testing_ack (packet, 1, 2, 3, 4);
  g_assert_cmpuint (srtla_ack_count (packet, size), ==, 0);
}

static void
test_registration (void)
{
  static const SrtlaKind written[] = { SRTLA_KIND_REG1, SRTLA_KIND_REG2 };
  GRand *rand = testing_rand_new ();
  guint8 id[SRTLA_GROUP_ID];
  guint8 packet[TESTING_MAX_PACKET] = { 0 };
  gsize i, size;

  testing_random (id, sizeof id, rand);
  for (i = 0; i < G_N_ELEMENTS (written); i++) {
    g_assert_cmpuint (srtla_write_registration (packet, written[i], id), ==, 258);
    g_assert_cmpuint (srtla_read_u16 (packet), ==, 0x9200 + i);
    g_assert_cmpint (srtla_packet_kind (packet, 258), ==, written[i]);
    g_assert_true (srtla_read_registration (packet, 258) == packet + 2);
    g_assert_cmpmem (packet + 2, 256, id, 256);
    /* Exactly 258 bytes: others are cut short or padded, and not trusted. */
    for (size = 0; size <= 1501; size++) {
      if (size != 258) {
        g_assert_cmpint (srtla_packet_kind (packet, size), ==,
            SRTLA_KIND_INVALID);
        g_assert_null (srtla_read_registration (packet, size));
      }
    }
  }
  srtla_write_short (packet, 258, SRTLA_KIND_REG3);
  g_assert_null (srtla_read_registration (packet, 258));
  g_rand_free (rand);
}

static void
test_shorts (void)
{
  static const SrtlaKind written[] = {
    SRTLA_KIND_KEEPALIVE, SRTLA_KIND_REG3, SRTLA_KIND_REG_ERR,
    SRTLA_KIND_REG_NGP, SRTLA_KIND_REG_NAK
  };
  guint8 packet[64], zeros[64] = { 0 };
  gsize i, size;

  for (i = 0; i < G_N_ELEMENTS (written); i++) {
    for (size = 2; size <= 40; size++) {
      memset (packet, 0xff, sizeof packet);
      g_assert_cmpuint (srtla_write_short (packet, size, written[i]), ==, size);
      g_assert_cmpint (srtla_packet_kind (packet, size), ==, written[i]);
      g_assert_cmpmem (packet + 2, size - 2, zeros, size - 2);
      g_assert_cmpuint (packet[size], ==, 0xff);
    }
  }
}

static void
test_keepalive (void)
{
  const SrtlaKeepalive sent = {
    .time = G_GUINT64_CONSTANT (0x0102030405060708),
    .extended = TRUE,
    .connection_id = 0xdeadbeef,
    .window = 20029,
    .in_flight = -3,
    .rtt = 85,
    .naks = 12,
    .bitrate = 1250000,
  };
  static const guint8 wire[SRTLA_KEEPALIVE_SIZE] = {
    0x90, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 0xc0, 0x1f, 0x00, 0x01,
    0xde, 0xad, 0xbe, 0xef, 0x00, 0x00, 0x4e, 0x3d, 0xff, 0xff, 0xff, 0xfd,
    0x00, 0x00, 0x00, 85, 0x00, 0x00, 0x00, 12, 0x00, 0x13, 0x12, 0xd0
  };
  guint8 packet[64] = { 0 };
  SrtlaKeepalive seen;
  gsize size;

  g_assert_cmpuint (srtla_write_keepalive (packet, &sent), ==, sizeof wire);
  g_assert_cmpmem (packet, sizeof wire, wire, sizeof wire);
  for (size = SRTLA_KEEPALIVE_SIZE; size <= sizeof packet; size++) {
    g_assert_true (srtla_read_keepalive (packet, size, &seen));
    g_assert_true (seen.extended);
    g_assert_cmpuint (seen.time, ==, sent.time);
    g_assert_cmpuint (seen.connection_id, ==, sent.connection_id);
    g_assert_cmpint (seen.window, ==, sent.window);
    g_assert_cmpint (seen.in_flight, ==, sent.in_flight);
    g_assert_cmpuint (seen.rtt, ==, sent.rtt);
    g_assert_cmpuint (seen.naks, ==, sent.naks);
    g_assert_cmpuint (seen.bitrate, ==, sent.bitrate);
  }

  /* Plain, 10 bytes, or padded or cut short of the extension. */
  for (size = 10; size < SRTLA_KEEPALIVE_SIZE; size++) {
    g_assert_true (srtla_read_keepalive (packet, size, &seen));
    g_assert_false (seen.extended);
    g_assert_cmpuint (seen.time, ==, sent.time);
    g_assert_cmpuint (seen.connection_id, ==, 0);
  }
  /* Too short for a time, down to the 2 bytes of a receiver's own. */
  for (size = 0; size < 10; size++) {
    g_assert_false (srtla_read_keepalive (packet, size, &seen));
    g_assert_cmpuint (seen.time, ==, 0);
  }

  /* Unknown magic, unknown version. */
  packet[11] ^= 1;
  g_assert_true (srtla_read_keepalive (packet, 38, &seen));
  g_assert_false (seen.extended);
  g_assert_cmpuint (seen.time, ==, sent.time);
  packet[11] ^= 1;
  packet[13] = 2;
  g_assert_true (srtla_read_keepalive (packet, 38, &seen));
  g_assert_false (seen.extended);

  /* A receiver's own, padded to 32. */
  srtla_write_short (packet, 32, SRTLA_KIND_KEEPALIVE);
  g_assert_true (srtla_read_keepalive (packet, 32, &seen));
  g_assert_cmpuint (seen.time, ==, 0);
  g_assert_false (seen.extended);

  srtla_write_short (packet, 38, SRTLA_KIND_REG3);
  g_assert_false (srtla_read_keepalive (packet, 38, &seen));
}

/* ---- Bounds ------------------------------------------------------------ */

/* Writes one packet of each type there is. Returns: its size; 0 at the end. */
static gsize
write_sample (guint index, guint8 *out)
{
  static const TestingRange ranges[] = { { 5, 5 }, { 9, 20 }, { SEQ_TOP, 3 } };
  static const guint32 sequences[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
  static const guint8 id[SRTLA_GROUP_ID] = { 1, 2, 3 };
  static const SrtlaKeepalive keepalive = { .time = 5 };
  gsize size;

  switch (index) {
    case 0:
      return testing_data_packet (out, 200, 5, 6, 7, TRUE);
    case 1:
      return testing_induction (out, 5, 6, 7);
    case 2:
      return testing_induction_response (out, 5, 6, 7);
    case 3:
      return testing_conclusion (out, 5, 6, 0x3f, 120, 7);
    case 4:
      return testing_conclusion_response (out, 5, 6, 7, 0x3f, 120, 8);
    case 5:
      size = testing_handshake (out, 5, -1, 0, 2, 3, 4);
      size = append_block (out, size, 3, 14, 56);
      return testing_append_hs_extension (out, size, 1, 0x2b, 7, 8);
    case 6:
      return testing_ack (out, 5, 6, 7, 8);
    case 7:
      return testing_light_ack (out, 6, 7, 8);
    case 8:
      return testing_nak (out, ranges, G_N_ELEMENTS (ranges), 7, 8);
    case 9:
      return testing_ackack (out, 6, 7, 8);
    case 10:
      return testing_srt_keepalive (out, 7, 8);
    case 11:
      return testing_shutdown (out, 7, 8);
    case 12:
      return testing_drop_request (out, 5, 6, 7, 8);
    case 13:                   /* key material on its way, congestion, error */
    case 14:
    case 15:
      size = testing_control_header (out,
          index == 13 ? 0x7fff : index == 14 ? 4 : 8, 0, 1, 2);
      memset (out + size, 0, 40);
      return size + 40;
    case 16:
      return srtla_write_ack (out, sequences, 10);
    case 17:
      return srtla_write_registration (out, SRTLA_KIND_REG1, id);
    case 18:
      return srtla_write_registration (out, SRTLA_KIND_REG2, id);
    case 19:
      return srtla_write_short (out, 32, SRTLA_KIND_REG3);
    case 20:
      return srtla_write_short (out, 32, SRTLA_KIND_REG_ERR);
    case 21:
      return srtla_write_short (out, 32, SRTLA_KIND_REG_NGP);
    case 22:
      return srtla_write_short (out, 32, SRTLA_KIND_REG_NAK);
    case 23:
      return srtla_write_short (out, 32, SRTLA_KIND_KEEPALIVE);
    case 24:
      return srtla_write_keepalive (out, &keepalive);
    case 25:                   /* a private extension */
      memset (out, 0xa0, 40);
      return 40;
    default:
      return 0;
  }
}

/* Calls every reader on a block of just that size, and checks that each takes
 * its own kind only, and only where its bytes are all there. */
static void
read_everything (const guint8 *data, gsize size)
{
  guint8 *exact = testing_exact_copy (data, size);
  SrtlaKind kind = srtla_packet_kind (exact, size);
  SrtlaHandshake handshake;
  SrtlaKeepalive keepalive;
  SrtlaNakReader reader;
  guint32 first, last, sequence, sum = 0;
  guint i, count, steps;

  g_assert_cmpint (kind, ==,
      expected_kind (size < 2 ? 0 : srtla_read_u16 (exact), size));
  if (srtla_kind_is_srt (kind))
    sum += srtla_srt_sequence (exact) + srtla_srt_timestamp (exact)
        + srtla_srt_destination (exact)
        + (guint32) srtla_srt_is_retransmission (exact);
  srtla_packet_looks_like_mpegts (exact, size);

  g_assert_cmpint (srtla_srt_read_handshake (exact, size, &handshake), ==,
      kind == SRTLA_KIND_SRT_HANDSHAKE && size >= 64);
  if (handshake.has_extension)
    g_assert_cmpuint (size, >=, 64 + 16);
  g_assert_cmpint (srtla_srt_read_ack (exact, size, &sequence), ==,
      kind == SRTLA_KIND_SRT_ACK && size >= 20);

  srtla_nak_reader_init (&reader, exact, size);
  for (steps = 0; srtla_nak_reader_next (&reader, &first, &last); steps++)
    g_assert_cmpint (srtla_seq_distance (first, last), >=, 0);
  if (kind == SRTLA_KIND_SRT_NAK)
    g_assert_cmpuint (steps, <=, (size - 16) / 4);
  else
    g_assert_cmpuint (steps, ==, 0);

  count = srtla_ack_count (exact, size);
  g_assert_cmpuint (count, ==, kind == SRTLA_KIND_ACK ? (size - 4) / 4 : 0);
  for (i = 0; i < count; i++)
    sum += srtla_ack_sequence (exact, i);

  if (kind == SRTLA_KIND_REG1 || kind == SRTLA_KIND_REG2) {
    const guint8 *id = srtla_read_registration (exact, size);

    g_assert_true (id == exact + 2);
    sum += id[0] + id[SRTLA_GROUP_ID - 1];
  } else {
    g_assert_null (srtla_read_registration (exact, size));
  }
  g_assert_cmpint (srtla_read_keepalive (exact, size, &keepalive), ==,
      kind == SRTLA_KIND_KEEPALIVE && size >= 10);
  if (keepalive.extended)
    g_assert_cmpuint (size, >=, SRTLA_KEEPALIVE_SIZE);

  /* Uses what was read, so that valgrind sees where it came from. */
  if (sum == 0x12345678)
    g_test_message ("a rare sum");
  free (exact);
}

static void
test_truncations (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint index;
  gsize full, size;

  for (index = 0; (full = write_sample (index, packet)) > 0; index++) {
    SrtlaKind kind = srtla_packet_kind (packet, full);

    g_assert_cmpint (kind, !=, SRTLA_KIND_INVALID);
    for (size = 0; size <= full; size++) {
      SrtlaKind cut = srtla_packet_kind (packet, size);

      /* It stays what it is, or is nothing; never something else. */
      g_assert_true (cut == kind || cut == SRTLA_KIND_INVALID);
      read_everything (packet, size);
    }
  }
  g_assert_cmpuint (index, ==, 26);
}

/* Random bytes, and real packets with some bytes changed. */
static void
test_garbage (void)
{
  GRand *rand = testing_rand_new ();
  guint8 packet[TESTING_MAX_PACKET];
  guint round, i;

  for (round = 0; round < 20000; round++) {
    gsize size = write_sample (g_rand_int (rand) % 26, packet);

    if (round % 4 == 0) {
      size = g_rand_int (rand) % 1600;
      testing_random (packet + 2, size, rand);
      if (round % 8 == 0)
        testing_random (packet, 2, rand);
    } else {
      for (i = g_rand_int (rand) % 6; i > 0; i--)
        packet[g_rand_int (rand) % size] = (guint8) g_rand_int (rand);
      if (testing_chance (rand, 30))
        size = g_rand_int (rand) % (size + 1);
    }
    read_everything (packet, size);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packet/kinds", test_kinds);
  g_test_add_func ("/packet/mpegts", test_mpegts);
  g_test_add_func ("/packet/header", test_header);
  g_test_add_func ("/packet/handshake", test_handshake);
  g_test_add_func ("/packet/handshake-extensions", test_handshake_extensions);
  g_test_add_func ("/packet/srt-ack", test_srt_ack);
  g_test_add_func ("/packet/srt-nak", test_srt_nak);
  g_test_add_func ("/packet/srt-nak-hostile", test_srt_nak_hostile);
  g_test_add_func ("/packet/srtla-ack", test_srtla_ack);
  g_test_add_func ("/packet/registration", test_registration);
  g_test_add_func ("/packet/shorts", test_shorts);
  g_test_add_func ("/packet/keepalive", test_keepalive);
  g_test_add_func ("/packet/truncations", test_truncations);
  g_test_add_func ("/packet/garbage", test_garbage);
  return g_test_run ();
}
