/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One run of a scenario: callers → bond → links → receiver → server and back,
 * in virtual time. The same scenario, options and seed give the same result.
 */
#pragma once

#include "sim-scenario.h"

G_BEGIN_DECLS

/* Rates over time are summed up over spans of this length. */
#define SIM_BIN (200 * SRTLA_MILLISECOND)

typedef enum
{
  SIM_DEFAULT,                  /* as the bond's default */
  SIM_YES,
  SIM_NO,
} SimSwitch;

typedef struct
{
  const gchar *mode;            /* of the bond; or "oracle" */
  SimSwitch quality, exploration;
  SimSwitch brake;              /* NO: queue target 0 */
  SimSwitch priority;           /* NO: first in, first out, nothing expires */
  guint64 seed;
  gboolean trace;               /* print the bond's events */
} SimOptions;

typedef struct
{
  gchar *name;
  guint64 produced, delivered;  /* media packets */
  guint64 sent, retransmitted, dropped_by_sender;
  guint64 arrived, duplicates, reordered;
  guint64 naks;
  guint64 misdirected;          /* replies that were another caller's */
  guint reorder_most;           /* packets */
  guint connections;
  SrtlaTime longest_gap;        /* µs between deliveries to the application */
  gdouble mean_delay, p99_delay;        /* ms from production to arrival */
  SrtlaTime last_missing;       /* µs since the start: when the last packet was
                                 * made that did not arrive in time; 0 = none */
  /* Its flow in the bond; not of all callers together. */
  SrtlaDelays queueing;         /* µs until the packets left the bond */
  SrtlaTraffic traffic;
} SimCallerResult;

typedef struct
{
  gchar *name;
  guint64 offered, offered_bytes, delivered, delivered_bytes;
  guint64 lost_queue, lost_random, lost_silent;
  gdouble share;                /* of all delivered bytes, 0 to 1 */
  guint n_bins;
  guint64 *offered_bins, *delivered_bins;       /* IP bytes a SIM_BIN */
} SimUplinkResult;

typedef struct
{
  guint64 seed;
  guint n_callers, n_uplinks;
  SimCallerResult *callers;     /* n_callers, and one more: all together */
  SimUplinkResult *uplinks;
  guint64 media_bytes;          /* of the media's IP packets, each once */
  guint64 events;
  gdouble virtual_time, real_time;      /* s */
} SimResult;

/* Returns: whether the bond knows the mode, or it is "oracle"; else an error
 * that names those there are. */
gboolean sim_run_check_mode (const gchar *mode, GError **error);

SimResult *sim_run (const SimScenario *scenario, const SimOptions *options);
void sim_result_free (SimResult *result);

/* The line "all callers". */
static inline const SimCallerResult *
sim_result_total (const SimResult *result)
{
  return &result->callers[result->n_callers];
}

/* Returns: delivered in time, in % of what was produced. */
gdouble sim_result_delivered (const SimCallerResult *caller);
/* Returns: the bytes of all datagrams sent to the receiver, in % of the
 * media's: 100 and what was sent again, twice, or for the bond itself. */
gdouble sim_result_traffic (const SimResult *result);
/* Returns: retransmissions in % of what was produced. */
gdouble sim_result_retransmitted (const SimCallerResult *caller);

G_END_DECLS
