/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much an uplink is to be trusted, from its losses and its round trip: a
 * factor on its score. The formula is the one of deployed senders (see
 * docs/scheduling.md), recomputed at most every 50 ms.
 */
#pragma once

#include "srtla-rtt.h"

G_BEGIN_DECLS

#define SRTLA_QUALITY_CACHE    (50 * SRTLA_MILLISECOND)
/* Losses this close together are a burst, and for how long it is held against
 * the uplink. */
#define SRTLA_BURST_NAKS       5
#define SRTLA_BURST_SPAN       SRTLA_SECOND
#define SRTLA_BURST_MEMORY     (3 * SRTLA_SECOND)
/* A newly registered uplink gets the benefit of the doubt. */
#define SRTLA_QUALITY_STARTUP  (30 * SRTLA_SECOND)

typedef struct
{
  SrtlaTime up_at;              /* when the uplink came up */
  SrtlaTime nak_at;             /* latest loss; 0 = none since it came up */
  SrtlaTime burst_from;         /* first loss of the span that is counted */
  guint burst_naks;             /* losses in it */
  SrtlaTime burst_at;           /* latest loss of a burst; 0 = none */
  guint64 bursts;               /* counter */
  SrtlaTime computed_at;
  gboolean computed;
  gdouble value;                /* cached */
} SrtlaQuality;

/* The uplink came up: no loss is known. */
void srtla_quality_start (SrtlaQuality *quality, SrtlaTime now);

/* A packet of the uplink was lost. */
void srtla_quality_nak (SrtlaQuality *quality, SrtlaTime now);

/* Returns: the factor, about 0.35 to 1.15. rtt: smoothed, µs, 0 = unknown. */
gdouble srtla_quality_value (SrtlaQuality *quality, SrtlaTime rtt,
    SrtlaTime now);

G_END_DECLS
