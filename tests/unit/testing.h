/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the unit tests share: randomness with a seed that is printed, and
 * writers of the SRT packets that real callers and listeners make. All writers
 * return the packet's size; `out` must have room for TESTING_MAX_PACKET bytes.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "srtla-packet.h"
#include "srtla-seq.h"

G_BEGIN_DECLS

#define TESTING_MAX_PACKET 2048

/* ---- Randomness -------------------------------------------------------- */

/* Returns: the seed of this run, from SRTLA_TEST_SEED or drawn. It is printed
 * when first asked for, so that it stands above any failure, and put into the
 * environment: all parts of a program agree on it. */
static inline guint32
testing_seed (void)
{
  static gboolean printed = FALSE;
  const gchar *text = g_getenv ("SRTLA_TEST_SEED");
  guint32 seed;

  if (text != NULL && *text != '\0') {
    seed = (guint32) g_ascii_strtoull (text, NULL, 0);
  } else {
    gchar drawn[16];

    seed = g_random_int ();
    g_snprintf (drawn, sizeof drawn, "%u", seed);
    g_setenv ("SRTLA_TEST_SEED", drawn, TRUE);
  }
  if (!printed) {
    printed = TRUE;
    g_printerr ("# repeat with SRTLA_TEST_SEED=%u\n", seed);
  }
  return seed;
}

/* Returns: a generator of its own for the running test, whichever other tests
 * run before it. Free with g_rand_free (). */
static inline GRand *
testing_rand_new (void)
{
  const gchar *path = g_test_get_path ();
  guint32 seeds[2];

  seeds[0] = testing_seed ();
  seeds[1] = path != NULL ? g_str_hash (path) : 0;
  g_test_message ("SRTLA_TEST_SEED=%u", seeds[0]);
  return g_rand_new_with_seed_array (seeds, G_N_ELEMENTS (seeds));
}

/* A SrtlaRandomFunc; user_data is a GRand. */
static inline void
testing_random (guint8 *bytes, gsize size, gpointer user_data)
{
  gsize i;

  for (i = 0; i < size; i++)
    bytes[i] = (guint8) g_rand_int ((GRand *) user_data);
}

/* Returns: whether a thing happens that happens `percent` times in a hundred. */
static inline gboolean
testing_chance (GRand *rand, guint percent)
{
  return g_rand_int (rand) % 100 < percent;
}

/* Returns: a copy in a block of exactly `size` bytes, so that sanitizers and
 * valgrind see each byte read beyond it. Free with free (). */
static inline guint8 *
testing_exact_copy (const guint8 *data, gsize size)
{
  guint8 *copy = (guint8 *) malloc (size);

  g_assert (copy != NULL || size == 0);
  memcpy (copy, data, size);
  return copy;
}

/* ---- SRT packets ------------------------------------------------------- */

static inline gsize
testing_control_header (guint8 *out, guint16 type, guint32 word1,
    guint32 destination, guint32 timestamp)
{
  srtla_write_u16 (out, 0x8000 | type);
  srtla_write_u16 (out + 2, 0);
  srtla_write_u32 (out + 4, word1);
  srtla_write_u32 (out + 8, timestamp);
  srtla_write_u32 (out + 12, destination);
  return SRTLA_SRT_HEADER;
}

/* A data packet of `size` bytes, header and all. Its payload depends on the
 * sequence number and never looks like MPEG-TS. */
static inline gsize
testing_data_packet (guint8 *out, gsize size, guint32 sequence,
    guint32 destination, guint32 timestamp, gboolean retransmission)
{
  gsize i;

  g_assert (size >= SRTLA_SRT_HEADER && size <= TESTING_MAX_PACKET);
  srtla_write_u32 (out, sequence & SRTLA_SEQ_MASK);
  /* A packet of its own (PP = 11), in any order, and a message number. */
  srtla_write_u32 (out + 4, 0xc0000000u | (retransmission ? 1u << 26 : 0)
      | (sequence & 0x03ffffffu));
  srtla_write_u32 (out + 8, timestamp);
  srtla_write_u32 (out + 12, destination);
  for (i = SRTLA_SRT_HEADER; i < size; i++)
    out[i] = (guint8) (sequence * 31 + i);
  return size;
}

/* A light ACK, 20 bytes. */
static inline gsize
testing_light_ack (guint8 *out, guint32 sequence, guint32 destination,
    guint32 timestamp)
{
  testing_control_header (out, 2, 0, destination, timestamp);
  srtla_write_u32 (out + 16, sequence);
  return 20;
}

/* A full ACK, 44 bytes. */
static inline gsize
testing_ack (guint8 *out, guint32 ack_number, guint32 sequence,
    guint32 destination, guint32 timestamp)
{
  testing_control_header (out, 2, ack_number, destination, timestamp);
  srtla_write_u32 (out + 16, sequence);
  srtla_write_u32 (out + 20, 60000);    /* RTT, µs */
  srtla_write_u32 (out + 24, 5000);     /* RTT variance, µs */
  srtla_write_u32 (out + 28, 8000);     /* free receive buffer, packets */
  srtla_write_u32 (out + 32, 900);      /* packets/s received */
  srtla_write_u32 (out + 36, 4000);     /* link capacity, packets/s */
  srtla_write_u32 (out + 40, 1200000);  /* bytes/s received */
  return 44;
}

typedef struct
{
  guint32 first, last;
} TestingRange;

/* A NAK of ranges; one with first == last is written as a single number. */
static inline gsize
testing_nak (guint8 *out, const TestingRange *ranges, guint n_ranges,
    guint32 destination, guint32 timestamp)
{
  gsize size = testing_control_header (out, 3, 0, destination, timestamp);
  guint i;

  for (i = 0; i < n_ranges; i++) {
    gboolean single = ranges[i].first == ranges[i].last;

    g_assert (size + 8 <= TESTING_MAX_PACKET);
    srtla_write_u32 (out + size, ranges[i].first | (single ? 0 : 1u << 31));
    size += 4;
    if (!single) {
      srtla_write_u32 (out + size, ranges[i].last);
      size += 4;
    }
  }
  return size;
}

/* A NAK of one range. */
static inline gsize
testing_nak_range (guint8 *out, guint32 first, guint32 last,
    guint32 destination, guint32 timestamp)
{
  TestingRange range;

  range.first = first;
  range.last = last;
  return testing_nak (out, &range, 1, destination, timestamp);
}

/* The answer to a full ACK. */
static inline gsize
testing_ackack (guint8 *out, guint32 ack_number, guint32 destination,
    guint32 timestamp)
{
  return testing_control_header (out, 6, ack_number, destination, timestamp);
}

/* SRT's own keepalive. */
static inline gsize
testing_srt_keepalive (guint8 *out, guint32 destination, guint32 timestamp)
{
  return testing_control_header (out, 1, 0, destination, timestamp);
}

/* Shutdown; libsrt writes one word of nothing after the header. */
static inline gsize
testing_shutdown (guint8 *out, guint32 destination, guint32 timestamp)
{
  testing_control_header (out, 5, 0, destination, timestamp);
  srtla_write_u32 (out + 16, 0);
  return 20;
}

/* Drop request: the caller gave up a message. */
static inline gsize
testing_drop_request (guint8 *out, guint32 first, guint32 last,
    guint32 destination, guint32 timestamp)
{
  testing_control_header (out, 7, 1, destination, timestamp);
  srtla_write_u32 (out + 16, first);
  srtla_write_u32 (out + 20, last);
  return 24;
}

/* ---- SRT handshakes ---------------------------------------------------- */

/* A handshake of 64 bytes: `type` 1 is the induction, -1 the conclusion. */
static inline gsize
testing_handshake (guint8 *out, guint32 version, gint32 type,
    guint32 destination, guint32 socket_id, guint32 first_sequence,
    guint32 timestamp)
{
  testing_control_header (out, 0, 0, destination, timestamp);
  memset (out + 16, 0, 48);
  srtla_write_u32 (out + 16, version);
  srtla_write_u32 (out + 24, first_sequence);
  srtla_write_u32 (out + 28, 1500);     /* MTU */
  srtla_write_u32 (out + 32, 8192);     /* flow window, packets */
  srtla_write_u32 (out + 36, (guint32) type);
  srtla_write_u32 (out + 40, socket_id);
  srtla_write_u32 (out + 44, type == SRTLA_HS_TYPE_CONCLUSION ? 0xc00c1e : 0);
  srtla_write_u32 (out + 48, 0x0100007f);       /* the address it speaks to */
  return 64;
}

/* The caller's first packet, to socket 0. */
static inline gsize
testing_induction (guint8 *out, guint32 socket_id, guint32 first_sequence,
    guint32 timestamp)
{
  gsize size = testing_handshake (out, 4, SRTLA_HS_TYPE_INDUCTION, 0,
      socket_id, first_sequence, timestamp);

  srtla_write_u16 (out + 22, 2);        /* a datagram socket */
  return size;
}

/* The listener's answer: an echo, with a cookie, version 5 and SRT's magic. As
 * libsrt does it, the socket id in it is still the caller's own. */
static inline gsize
testing_induction_response (guint8 *out, guint32 caller_id,
    guint32 first_sequence, guint32 timestamp)
{
  gsize size = testing_handshake (out, 5, SRTLA_HS_TYPE_INDUCTION, caller_id,
      caller_id, first_sequence, timestamp);

  srtla_write_u16 (out + 22, 0x4a17);
  srtla_write_u32 (out + 44, 0xc00c1e);
  return size;
}

/* Appends an extension block of HSREQ (1) or HSRSP (2). */
static inline gsize
testing_append_hs_extension (guint8 *out, gsize size, guint16 type,
    guint32 flags, guint16 receiver_delay, guint16 sender_delay)
{
  srtla_write_u16 (out + 22, srtla_read_u16 (out + 22) | 1);    /* HSREQ */
  srtla_write_u16 (out + size, type);
  srtla_write_u16 (out + size + 2, 3);
  srtla_write_u32 (out + size + 4, 0x010500);
  srtla_write_u32 (out + size + 8, flags);
  srtla_write_u16 (out + size + 12, receiver_delay);
  srtla_write_u16 (out + size + 14, sender_delay);
  return size + 16;
}

/* The caller's second packet, still to socket 0. */
static inline gsize
testing_conclusion (guint8 *out, guint32 socket_id, guint32 first_sequence,
    guint32 flags, guint16 latency, guint32 timestamp)
{
  gsize size = testing_handshake (out, 5, SRTLA_HS_TYPE_CONCLUSION, 0,
      socket_id, first_sequence, timestamp);

  return testing_append_hs_extension (out, size, 1, flags, latency, latency);
}

/* The listener's second answer, with its own socket id. */
static inline gsize
testing_conclusion_response (guint8 *out, guint32 caller_id,
    guint32 listener_id, guint32 first_sequence, guint32 flags,
    guint16 receiver_delay, guint32 timestamp)
{
  gsize size = testing_handshake (out, 5, SRTLA_HS_TYPE_CONCLUSION, caller_id,
      listener_id, first_sequence, timestamp);

  return testing_append_hs_extension (out, size, 2, flags, receiver_delay, 0);
}

G_END_DECLS
