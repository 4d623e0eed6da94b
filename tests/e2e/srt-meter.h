/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An SRT caller and an SRT listener, libsrt without anything around it, that
 * keep account of each message: when it was sent, and whether it came.
 * Messages are those of e2e.h. Both connect anew when the connection breaks.
 */
#pragma once

#include "e2e.h"

G_BEGIN_DECLS

typedef struct _SrtMeter SrtMeter;

typedef struct
{
  guint64 seed;                 /* of the messages */
  guint16 caller_port;          /* what the caller calls */
  guint16 listener_port;
  guint latency;                /* ms, of both ends */
  guint rate;                   /* bit/s of the messages' IP packets */
  gint listener_namespace;      /* a descriptor, where the listener is; 0: here */
  guint expected;               /* messages that there is room for from the start:
                                 * memory stays what it is; 0: it grows */
  gdouble frame_rate;           /* bursts/s; 0: messages are evenly spaced */
  gdouble variation;            /* of a burst's size: relative, even */
  guint lossmaxttl;             /* packets, of the listener */
  guint listener_latency;       /* ms, of the listener alone; 0: `latency` */
  SrtMeter *listened_for_by;    /* another meter, which takes this one's calls
                                 * and ends last; NULL: it listens itself */
} SrtMeterSettings;

/* What libsrt says of all connections together, packets. */
typedef struct
{
  guint64 sent;                 /* by the caller, each once */
  guint64 retransmitted;
  guint64 reported_lost;        /* in NAKs that the caller got */
  guint64 given_up;             /* by the caller: too late */
  guint64 received;             /* by the listener, repetitions and all */
  guint64 gaps;                 /* packets missed at first */
  guint64 dropped;              /* missing when they were due */
  guint connections;
} SrtMeterTotals;

/* Messages that were sent and did not come, by what became of them. */
typedef struct
{
  guint64 skipped;              /* later ones of the same connection came: the
                                 * listener gave them up */
  guint64 cut_off;              /* none came: it broke before they could */
} SrtMeterLosses;

/* Listens, calls and sends until it is told to stop, each from a thread of its
 * own. Both use libsrt as it comes, but for the latency. */
SrtMeter *srt_meter_start (const SrtMeterSettings *settings);
/* Sends no more. */
void srt_meter_stop_sending (SrtMeter *meter);
/* Sends no more and returns when all was received that still can be. */
void srt_meter_stop (SrtMeter *meter);
void srt_meter_free (SrtMeter *meter);

/* The listener goes, and its connection with it; or is back. */
void srt_meter_set_listening (SrtMeter *meter, gboolean listening);

/* Returns: how many messages came; a wrong one ends the test. */
guint64 srt_meter_received (SrtMeter *meter);

/* Counts messages sent from one moment to another (monotonic, µs), and those
 * of them that did not come. */
void srt_meter_count (SrtMeter *meter, gint64 from, gint64 to, guint64 *sent,
    guint64 *lost);
/* Calls func with each message that was sent: when it was, and when it came (0:
 * it did not; monotonic, µs), in the order of sending. After
 * srt_meter_stop(). */
void srt_meter_foreach (SrtMeter *meter,
    void (*func) (gint64 sent_at, gint64 received_at, gpointer user_data),
    gpointer user_data);
/* Returns: when the last message was sent (monotonic, µs) that did not come;
 * 0: all came. */
gint64 srt_meter_last_lost (SrtMeter *meter);

/* Returns: the longest that nothing came between two messages, the first of
 * which came in that time (monotonic, µs). */
gint64 srt_meter_longest_gap (SrtMeter *meter, gint64 from, gint64 to);

/* After srt_meter_stop(). */
void srt_meter_get_totals (SrtMeter *meter, SrtMeterTotals *totals);
void srt_meter_get_losses (SrtMeter *meter, SrtMeterLosses *losses);
/* Returns: the longest that a message was sent late, µs: how busy the machine
 * was. */
gint64 srt_meter_lateness (SrtMeter *meter);

G_END_DECLS
