/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-rtt.h"

#include <string.h>

void
srtla_rtt_reset (SrtlaRtt *rtt)
{
  memset (rtt, 0, sizeof *rtt);
}

/* A minimum of two candidates: the second is the best sample of the window's
 * second half and takes over when the first grows too old. */
static void
update_minimum (SrtlaRtt *rtt, SrtlaTime sample, SrtlaTime now)
{
  if (now - rtt->minimum_at >= SRTLA_RTT_MIN_WINDOW) {
    rtt->minimum = rtt->next_minimum;
    rtt->minimum_at = rtt->next_minimum_at;
  }
  if (rtt->samples == 0 || sample <= rtt->minimum
      || now - rtt->minimum_at >= SRTLA_RTT_MIN_WINDOW) {
    rtt->minimum = rtt->next_minimum = sample;
    rtt->minimum_at = rtt->next_minimum_at = now;
  } else if (now - rtt->minimum_at >= SRTLA_RTT_MIN_WINDOW / 2
      && (rtt->next_minimum_at == rtt->minimum_at
          || sample <= rtt->next_minimum)) {
    rtt->next_minimum = sample;
    rtt->next_minimum_at = now;
  }
}

gboolean
srtla_rtt_sample (SrtlaRtt *rtt, SrtlaTime sample, SrtlaTime now)
{
  if (sample > SRTLA_RTT_MAX)
    return FALSE;
  sample = MAX (sample, 1);

  update_minimum (rtt, sample, now);
  if (rtt->samples == 0) {
    rtt->smoothed = sample;
    rtt->variance = sample / 2;
  } else {
    SrtlaTime deviation = sample > rtt->smoothed
        ? sample - rtt->smoothed : rtt->smoothed - sample;

    /* Rounded to the nearest, so that a steady RTT is reached. */
    rtt->variance = (3 * rtt->variance + deviation + 2) / 4;
    rtt->smoothed = (7 * rtt->smoothed + sample + 4) / 8;
  }
  rtt->latest = sample;
  if (rtt->samples < G_MAXUINT)
    rtt->samples++;
  return TRUE;
}

void
srtla_rtt_rebase (SrtlaRtt *rtt, SrtlaTime minimum, SrtlaTime now)
{
  rtt->minimum = rtt->next_minimum = minimum;
  rtt->minimum_at = rtt->next_minimum_at = now;
}

SrtlaTime
srtla_rtt_times (const SrtlaRtt *rtt, guint factor, SrtlaTime least)
{
  return MAX (factor * rtt->smoothed, least);
}
