/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-usefulness.h"

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
  distance = srtla_usefulness_ahead (clock, timestamp, now);
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

SrtlaTime
srtla_usefulness_deadline (const SrtlaUsefulness *clock, guint32 timestamp,
    guint32 flags, guint latency, SrtlaTime now)
{
  return srtla_usefulness_end (clock, srtla_usefulness_ahead (clock, timestamp,
          now), flags, latency, now);
}
