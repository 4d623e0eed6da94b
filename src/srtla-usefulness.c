/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-usefulness.h"

/* Returns: how far the timestamp is ahead of what the clock shows now, µs:
 * negative for a packet that was delayed. */
static inline gint64
ahead (const SrtlaUsefulness *clock, guint32 timestamp, SrtlaTime now)
{
  return (gint32) (timestamp - (guint32) ((gint64) now - clock->offset));
}

static void
start (SrtlaUsefulness *clock, guint32 timestamp, SrtlaTime now)
{
  guint i;

  clock->known = TRUE;
  clock->offset = (gint64) now - timestamp;
  for (i = 0; i < SRTLA_USEFULNESS_SPANS; i++)
    clock->lowest[i] = G_MAXINT64;
  clock->span = 0;
  clock->lowest[0] = clock->offset;
  clock->span_since = now;
  clock->strays = 0;
}

/* Moves the window on to now. */
static void
advance (SrtlaUsefulness *clock, SrtlaTime now)
{
  SrtlaTime spans = (now - clock->span_since) / SRTLA_USEFULNESS_SPAN, i;

  for (i = 0; i < MIN (spans, SRTLA_USEFULNESS_SPANS); i++) {
    clock->span = (clock->span + 1) % SRTLA_USEFULNESS_SPANS;
    clock->lowest[clock->span] = G_MAXINT64;
  }
  clock->span_since += spans * SRTLA_USEFULNESS_SPAN;
}

/* Returns: whether the timestamp is no reading of this clock. */
static gboolean
is_stray (SrtlaUsefulness *clock, gint64 distance, SrtlaTime now)
{
  if (ABS (distance) <= (gint64) SRTLA_USEFULNESS_STRAY) {
    clock->strays = 0;
    return FALSE;
  }
  if (clock->strays++ == 0)
    clock->strays_since = now;
  return TRUE;
}

void
srtla_usefulness_observe (SrtlaUsefulness *clock, guint32 timestamp,
    SrtlaTime now)
{
  gint64 distance, offset;
  guint i;

  if (!clock->known) {
    start (clock, timestamp, now);
    return;
  }
  distance = ahead (clock, timestamp, now);
  if (G_UNLIKELY (is_stray (clock, distance, now))) {
    if (clock->strays >= SRTLA_USEFULNESS_STRAYS
        && now >= clock->strays_since + SRTLA_USEFULNESS_STRAYS_SPAN)
      start (clock, timestamp, now);
    return;
  }

  offset = clock->offset - distance;
  if (now >= clock->span_since + SRTLA_USEFULNESS_SPAN) {
    advance (clock, now);
    clock->lowest[clock->span] = offset;
    clock->offset = offset;
    for (i = 0; i < SRTLA_USEFULNESS_SPANS; i++)
      clock->offset = MIN (clock->offset, clock->lowest[i]);
  } else {
    clock->lowest[clock->span] = MIN (clock->lowest[clock->span], offset);
    clock->offset = MIN (clock->offset, offset);
  }
}

static inline gboolean
is_given_up (const SrtlaUsefulness *clock, guint32 flags, guint latency)
{
  const guint32 needed = SRTLA_HS_TSBPD_RECEIVER | SRTLA_HS_TLPKTDROP;

  return clock->known && latency != 0 && (flags & needed) == needed;
}

static inline SrtlaTime
deadline_at (gint64 distance, guint latency, SrtlaTime now)
{
  gint64 deadline = (gint64) now + distance
      + (gint64) (latency * SRTLA_MILLISECOND);

  return (SrtlaTime) MAX (deadline, 0);
}

SrtlaTime
srtla_usefulness_take (SrtlaUsefulness *clock, guint32 timestamp,
    guint32 flags, guint latency, SrtlaTime now)
{
  gint64 distance = ahead (clock, timestamp, now);

  /* Nearly always it is of this clock, and says nothing new. */
  if (G_LIKELY (clock->known && distance <= 0
          && distance >= -(gint64) SRTLA_USEFULNESS_STRAY
          && now < clock->span_since + SRTLA_USEFULNESS_SPAN)) {
    clock->strays = 0;
    clock->lowest[clock->span] = MIN (clock->lowest[clock->span],
        clock->offset - distance);
  } else {
    srtla_usefulness_observe (clock, timestamp, now);
    distance = ahead (clock, timestamp, now);
  }
  return is_given_up (clock, flags, latency)
      && distance <= (gint64) SRTLA_USEFULNESS_STRAY
      ? deadline_at (distance, latency, now) : SRTLA_TIME_NONE;
}

SrtlaTime
srtla_usefulness_deadline (const SrtlaUsefulness *clock, guint32 timestamp,
    guint32 flags, guint latency, SrtlaTime now)
{
  gint64 distance;

  if (!is_given_up (clock, flags, latency))
    return SRTLA_TIME_NONE;
  distance = ahead (clock, timestamp, now);
  return distance <= (gint64) SRTLA_USEFULNESS_STRAY
      ? deadline_at (distance, latency, now) : SRTLA_TIME_NONE;
}
