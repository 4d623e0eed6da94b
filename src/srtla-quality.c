/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-quality.h"

#include <math.h>
#include <string.h>

#define FACTOR_CLEAN    1.1     /* never lost anything */
#define FACTOR_STARTUP  0.98    /* lost something, but only just came up */
#define FACTOR_BURST    0.7
#define DECAY           (2 * SRTLA_SECOND)
#define RTT_FREE        (50 * SRTLA_MILLISECOND)
#define RTT_REFERENCE   (200 * SRTLA_MILLISECOND)
#define RTT_BONUS       1.03

void
srtla_quality_start (SrtlaQuality * quality, SrtlaTime now)
{
  guint64 bursts = quality->bursts;

  memset (quality, 0, sizeof *quality);
  quality->up_at = now;
  quality->bursts = bursts;
}

void
srtla_quality_nak (SrtlaQuality * quality, SrtlaTime now)
{
  quality->nak_at = MAX (now, 1);
  if (quality->burst_naks == 0 || now - quality->burst_from > SRTLA_BURST_SPAN) {
    quality->burst_from = now;
    quality->burst_naks = 0;
  }
  quality->burst_naks++;
  if (quality->burst_naks == SRTLA_BURST_NAKS)
    quality->bursts++;
  if (quality->burst_naks >= SRTLA_BURST_NAKS)
    quality->burst_at = MAX (now, 1);
}

static gdouble
compute (const SrtlaQuality * quality, SrtlaTime rtt, SrtlaTime now)
{
  gdouble value;

  if (quality->nak_at == 0)
    value = FACTOR_CLEAN;
  else if (now - quality->up_at < SRTLA_QUALITY_STARTUP)
    value = FACTOR_STARTUP;
  else
    value = 1.0 - 0.5 * exp (-(gdouble) (now - quality->nak_at) / DECAY);
  if (quality->burst_at != 0 && now - quality->burst_at < SRTLA_BURST_MEMORY
      && now - quality->up_at >= SRTLA_QUALITY_STARTUP)
    value *= FACTOR_BURST;
  if (rtt != 0)
    value *= CLAMP ((gdouble) RTT_REFERENCE / MAX (rtt, RTT_FREE), 1.0,
        RTT_BONUS);
  return value;
}

gdouble
srtla_quality_value (SrtlaQuality * quality, SrtlaTime rtt, SrtlaTime now)
{
  if (!quality->computed || now - quality->computed_at >= SRTLA_QUALITY_CACHE) {
    quality->value = compute (quality, rtt, now);
    quality->computed_at = now;
    quality->computed = TRUE;
  }
  return quality->value;
}
