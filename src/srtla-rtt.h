/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Round-trip time of one uplink: smoothed and variance as in RFC 6298 section
 * 2, and the minimum over a sliding window. All in µs.
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

/* Longer samples are nonsense and left out. */
#define SRTLA_RTT_MAX (10 * SRTLA_SECOND)
/* How long a minimum is believed; after that the path may have changed. */
#define SRTLA_RTT_MIN_WINDOW (30 * SRTLA_SECOND)

typedef struct
{
  guint samples;                /* how many were taken, saturating */
  SrtlaTime smoothed;           /* 0 before the first sample */
  SrtlaTime variance;           /* mean deviation; 0 before the first sample */
  SrtlaTime minimum;            /* over the current window; 0 before the first */
  SrtlaTime latest;
  SrtlaTime minimum_at;         /* when `minimum` was seen */
  SrtlaTime next_minimum;       /* the best of the second half of the window */
  SrtlaTime next_minimum_at;
} SrtlaRtt;

/* Forgets all samples: for a new socket or path. */
void srtla_rtt_reset (SrtlaRtt *rtt);

/* Takes a sample seen at `now`. Returns: FALSE, and changes nothing, if it is
 * over SRTLA_RTT_MAX. A sample of 0 counts as 1 µs. */
gboolean srtla_rtt_sample (SrtlaRtt *rtt, SrtlaTime sample, SrtlaTime now);

/* The path has become longer: forgets lower round trips than `minimum`. */
void srtla_rtt_rebase (SrtlaRtt *rtt, SrtlaTime minimum, SrtlaTime now);

/* Returns: factor × smoothed RTT, at least `least`; `least` too before the
 * first sample. */
SrtlaTime srtla_rtt_times (const SrtlaRtt *rtt, guint factor, SrtlaTime least);

G_END_DECLS
