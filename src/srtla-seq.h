/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arithmetic of SRT's 31-bit sequence numbers, which wrap: RFC 1982 serial
 * numbers of 31 bits. Arguments are sequence numbers, bit 31 clear.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SRTLA_SEQ_MASK 0x7fffffffu
#define SRTLA_SEQ_HALF 0x40000000u

/* Returns: whether a comes before b on the shorter way round. Two numbers
 * exactly half the circle apart are in no order: FALSE both ways. */
static inline gboolean
srtla_seq_before (guint32 a, guint32 b)
{
  return a != b && ((b - a) & SRTLA_SEQ_MASK) < SRTLA_SEQ_HALF;
}

/* Returns: the number after seq. */
static inline guint32
srtla_seq_next (guint32 seq)
{
  return (seq + 1) & SRTLA_SEQ_MASK;
}

/* Returns: seq moved by n forwards; n is taken modulo 2^31. */
static inline guint32
srtla_seq_add (guint32 seq, guint32 n)
{
  return (seq + n) & SRTLA_SEQ_MASK;
}

/* Returns: how many steps forwards lead from a to b, 0 to 2^31 - 1. */
static inline guint32
srtla_seq_steps (guint32 a, guint32 b)
{
  return (b - a) & SRTLA_SEQ_MASK;
}

/* Returns: the signed distance from a to b on the shorter way round,
 * -(2^30) to 2^30 - 1. */
static inline gint32
srtla_seq_distance (guint32 a, guint32 b)
{
  guint32 steps = srtla_seq_steps (a, b);

  return steps < SRTLA_SEQ_HALF ? (gint32) steps : (gint32) (steps | ~SRTLA_SEQ_MASK);
}

G_END_DECLS
