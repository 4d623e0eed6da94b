/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What came of a stream over emulated links: figures, as text and JSON, and a
 * picture.
 */
#pragma once

#include "../e2e/srt-meter.h"
#include "net-world.h"

G_BEGIN_DECLS

typedef struct
{
  gchar *name;
  gdouble share;                /* of all bytes delivered to the receiver */
  NetWorldLink out, back;
} NetUplinkResult;

typedef struct
{
  gchar *name;
  guint64 sent, delivered;
  gdouble in_time;              /* % */
  gdouble retransmitted;        /* % */
  gint64 longest_gap, p50, p99; /* µs */
} NetCallerResult;

/* Of all callers together; of gaps and latencies the worst. */
typedef struct
{
  guint64 sent, delivered;      /* messages; what is missing was lost after
                                 * SRT's latency */
  gdouble in_time;              /* of what was sent, % */
  gdouble retransmitted;        /* of what was sent, % */
  gint64 longest_gap;           /* µs between two messages at the application */
  gint64 p50, p99;              /* µs from sending to the application, beyond
                                 * SRT's latency */
  guint connections;
  gint64 lateness;              /* µs; how late the sender was at worst */
  gint64 links_lateness;        /* µs; how late the emulator was at worst */
  gint64 links_p99;             /* µs; 99 % of packets were no later by it */
  SrtMeterTotals srt;

  guint n_callers;
  NetCallerResult *callers;
  guint n_uplinks;
  NetUplinkResult *uplinks;

  gdouble seconds;              /* the figures below are taken over */
  gdouble cpu_bond;             /* % of one core: udpsrc ! srtlasink */
  gdouble cpu_emulator;
  gdouble cpu_receiver;         /* srtla-receiver */
  gdouble cpu_srt;              /* both ends */
} NetResult;

void net_result_clear (NetResult *result);

/* Adds a caller, of which the meter knows; latency: ms, SRT's. */
void net_result_add_caller (NetResult *result, SrtMeter *meter,
    const gchar *name, guint latency);
/* Fills in the links' counters. */
void net_result_add_world (NetResult *result, NetWorld *world);

void net_result_print (const NetResult *result, GString *out);
/* One object, members named as above. */
void net_result_json (const NetResult *result, GString *out);

/* Draws with gnuplot each link's rate and the gaps between messages over time.
 * csv: the emulator's statistics; began: their time 0 (monotonic, µs). Returns:
 * FALSE with an error. */
gboolean net_result_plot (const NetResult *result, SrtMeter *meter,
    gint64 began, const gchar *csv, const gchar *title, const gchar *png,
    GError **error);

G_END_DECLS
