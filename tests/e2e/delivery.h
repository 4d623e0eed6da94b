/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of a stream when uplinks fail, with real SRT over shaped paths:
 *
 *   SrtMeter ─► udpsrc ! srtlasink ─► udp-relay ─► srtla-receiver ─► SrtMeter
 *
 * One run is one scenario in one mode and some seconds of real time.
 */
#pragma once

#include "srt-meter.h"

G_BEGIN_DECLS

#define DELIVERY_NEVER G_MAXINT64

/* When things happen, ms after the first message. */
typedef struct
{
  guint event;                  /* a death, a rebinding */
  guint back;                   /* what went comes back */
  guint end;
} DeliveryTimes;

typedef struct
{
  guint64 sent, lost;           /* messages */
  guint64 around_sent, around_lost;     /* within 5 s of the event */
  gint64 lateness;              /* µs: how busy the machine was */
  SrtMeterTotals srt;

  /* From `stats`. */
  guint64 retransmissions;
  guint64 rescued, second_copies, duplicates;
  guint64 naks_held, naks_dropped, naks_released;

  /* µs; DELIVERY_NEVER if it did not come to that. */
  gint64 left;                  /* death → the last packet chosen for the uplink */
  gint64 noticed;               /* death → its state is no longer up */
  gint64 returned;              /* back → 80 % of its share before */
  gdouble share_again;          /* of its share before, from 2 to 4 s after it
                                 * came back; under 0: unknown */
  gint64 resumed;               /* receiver back, or rebound → delivery proven
                                 * again */
  gint64 whole;                 /* receiver back → from then on nothing lost */
} DeliveryResult;

typedef struct
{
  const gchar *name;
  const gchar *title;
  guint latency;                /* ms, of SRT */
  DeliveryTimes usual;
  gconstpointer setting;        /* paths, stream, event */
} DeliveryScenario;

/* Ends with one without a name. */
extern const DeliveryScenario delivery_scenarios[];
const DeliveryScenario *delivery_find (const gchar *name);

/* times: NULL for the usual ones. scale: of all rates, 1 is the real thing. */
void delivery_run (const DeliveryScenario *scenario, const gchar *mode,
    const DeliveryTimes *times, gdouble scale, guint64 seed,
    DeliveryResult *result);

/* Returns: retransmissions in per cent of the packets sent. */
gdouble delivery_retransmitted (const DeliveryResult *result);

G_END_DECLS
