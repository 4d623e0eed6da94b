/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Until when a packet is of use: SRT's receiver plays each packet at its
 * timestamp plus the latency that both ends agreed on, and gives up what comes
 * later (draft-sharabayko-srt-01, 4.5 and 4.6).
 *
 * The sender's clock, seen from here, is the local time at which a packet came
 * less its timestamp. Delays on the way only ever add to that, so the lowest
 * offset of the last seconds is the clock (as in NTP's clock filter, RFC 5905);
 * as the window moves on it follows the clocks' drift.
 */
#pragma once

#include "srtla-packet.h"

G_BEGIN_DECLS

/* The window: so many spans, each of so many µs. */
#define SRTLA_USEFULNESS_SPANS 10
#define SRTLA_USEFULNESS_SPAN  SRTLA_SECOND
/* A timestamp that is further than this from the clock, µs, is not of it… */
#define SRTLA_USEFULNESS_STRAY (2 * SRTLA_SECOND)
/* …until so many in a row, over so many µs, say that the clock was set. */
#define SRTLA_USEFULNESS_STRAYS      16
#define SRTLA_USEFULNESS_STRAYS_SPAN SRTLA_SECOND

/* One caller's clock; all zeros to start with. */
typedef struct
{
  gboolean known;
  gint64 offset;                /* local time less timestamp, µs, modulo 2^32
                                 * on the timestamp's side */
  gint64 lowest[SRTLA_USEFULNESS_SPANS];        /* G_MAXINT64 = nothing seen */
  guint span;                   /* of lowest[], the current one */
  SrtlaTime span_since;
  guint strays;                 /* in a row */
  SrtlaTime strays_since;
} SrtlaUsefulness;

/* An original, not a retransmission, with this timestamp came in at `now`.
 * Timestamps wrap; a pause may last for hours. */
void srtla_usefulness_observe (SrtlaUsefulness *clock, guint32 timestamp,
    SrtlaTime now);

/* Returns: the local time until which a packet with that timestamp is of use.
 * For a retransmission that is its original's: it carries the same timestamp.
 * `now`: the moment the packet came in, to tell one wrap from the next.
 * `flags` (SRTLA_HS_…) and `latency` (ms) are what the handshake agreed on.
 * SRTLA_TIME_NONE if it was not seen (latency 0), if the receiver does not both
 * play by timestamps and give up what is late, if nothing was observed yet, or
 * if the timestamp lies further ahead than clocks are apart. */
SrtlaTime srtla_usefulness_deadline (const SrtlaUsefulness *clock,
    guint32 timestamp, guint32 flags, guint latency, SrtlaTime now);

/* Returns: how far the timestamp is ahead of what the clock shows now, µs:
 * negative for a packet that was delayed. */
static inline gint64
srtla_usefulness_ahead (const SrtlaUsefulness *clock, guint32 timestamp,
    SrtlaTime now)
{
  return (gint32) (timestamp - (guint32) ((gint64) now - clock->offset));
}

/* The same as srtla_usefulness_deadline () of a timestamp that is so far ahead. */
static inline SrtlaTime
srtla_usefulness_end (const SrtlaUsefulness *clock, gint64 distance,
    guint32 flags, guint latency, SrtlaTime now)
{
  const guint32 needed = SRTLA_HS_TSBPD_RECEIVER | SRTLA_HS_TLPKTDROP;
  gint64 end = (gint64) now + distance
      + (gint64) (latency * SRTLA_MILLISECOND);

  if (!clock->known || latency == 0 || (flags & needed) != needed
      || distance > (gint64) SRTLA_USEFULNESS_STRAY)
    return SRTLA_TIME_NONE;
  return (SrtlaTime) MAX (end, 0);
}

/* Both at once, for an original. */
static inline SrtlaTime
srtla_usefulness_take (SrtlaUsefulness *clock, guint32 timestamp,
    guint32 flags, guint latency, SrtlaTime now)
{
  gint64 distance = srtla_usefulness_ahead (clock, timestamp, now);

  /* Nearly always it is of this clock, and says nothing new. */
  if (G_LIKELY (clock->known && distance <= 0
          && distance >= -(gint64) SRTLA_USEFULNESS_STRAY
          && now < clock->span_since + SRTLA_USEFULNESS_SPAN)) {
    clock->strays = 0;
    clock->lowest[clock->span] = MIN (clock->lowest[clock->span],
        clock->offset - distance);
  } else {
    srtla_usefulness_observe (clock, timestamp, now);
    distance = srtla_usefulness_ahead (clock, timestamp, now);
  }
  return srtla_usefulness_end (clock, distance, flags, latency, now);
}

G_END_DECLS
