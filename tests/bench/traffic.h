/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the traffic program share: a generator that plays an SRT
 * caller, a sink that plays receiver and SRT server, and a look at the
 * process between them.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef enum
{
  TRAFFIC_BURST,                /* video frames, 30 a second */
  TRAFFIC_EVEN,
  TRAFFIC_FLAT,                 /* as fast as it goes */
} TrafficPattern;

typedef struct
{
  gint port;                    /* where the sender under test listens */
  gint receiver_port;           /* where the sink does */
  gint uplinks;                 /* that must be up before packets count */
  gdouble rate;                 /* Mbit/s of packets, headers included */
  TrafficPattern pattern;
  gdouble warm_up, seconds;
  gchar behaviour;
  gboolean pin;                 /* the sender has the last processor to itself,
                                 * generator and sink have the others */
} TrafficOptions;

#define TRAFFIC_PACKET 1332     /* bytes: 7 packets of MPEG-TS and the header */
#define TRAFFIC_CALLER_ID 0x10ad0001u
#define TRAFFIC_SERVER_ID 0x10ad0002u
#define TRAFFIC_FIRST 1000u     /* sequence number */
#define TRAFFIC_LATENCY 500     /* ms, as the handshake says */

/* Returns: ns of the clock that the kernel stamps packets with. */
guint64 traffic_clock (void);
/* Sleeps until then. */
void traffic_sleep_until (guint64 time);

/* ---- The sink: a thread -------------------------------------------------- */

typedef struct _TrafficSink TrafficSink;

typedef struct
{
  guint64 delivered;            /* distinct packets of those that count */
  guint64 copies;               /* of them, that came again */
  gdouble latency_p50, latency_p99;     /* µs */
} TrafficDelivery;

TrafficSink *traffic_sink_new (const TrafficOptions *options);
/* Returns: uplinks registered now. */
guint traffic_sink_uplinks (TrafficSink *sink);
/* Packets from this sequence number on count; and up to this one. */
void traffic_sink_count_from (TrafficSink *sink, guint32 first);
void traffic_sink_free (TrafficSink *sink, guint32 last,
    TrafficDelivery *delivery);

/* ---- The generator: the main thread -------------------------------------- */

typedef struct
{
  const TrafficOptions *options;
  gint fd;
  guint32 sequence;             /* of the next packet */
  guint64 started;              /* ns; timestamps count from here */
  guint64 due;                  /* ns; the next packet or burst */
} TrafficGenerator;

void traffic_generator_open (TrafficGenerator *generator,
    const TrafficOptions *options);
/* Shakes hands. Returns: FALSE if nobody answered in time, s. */
gboolean traffic_generator_connect (TrafficGenerator *generator,
    gdouble patience);
/* Sends for so long. */
void traffic_generator_run (TrafficGenerator *generator, gdouble seconds);

/* ---- The process under test ---------------------------------------------- */

/* What the kernel and the processor count, thread by thread. */
typedef enum
{
  TRAFFIC_SYSTEM_CALLS,
  TRAFFIC_USER_INSTRUCTIONS,
  TRAFFIC_KERNEL_INSTRUCTIONS,
  TRAFFIC_COUNTERS
} TrafficCounter;

typedef struct
{
  guint64 cpu;                  /* ns, user and system */
  guint64 user, system;         /* ms, as the kernel splits it */
  guint64 switches;             /* context switches of all threads */
  guint64 memory;               /* KiB resident */
  guint64 allocations;          /* 0 without the counting library */
  guint64 counts[TRAFFIC_COUNTERS];     /* 0 unless they are counted */
} TrafficUse;

typedef struct
{
  GPid pid;
  guint64 *allocations;         /* shared with the counting library; or NULL */
  GArray *events[TRAFFIC_COUNTERS];     /* of int, one a thread; or NULL */
} TrafficProcess;

/* Starts the command. count_library: preloaded, or NULL. pin: see the options;
 * where there is one processor it does nothing. */
gboolean traffic_process_start (TrafficProcess *process, gchar **command,
    const gchar *count_library, gboolean pin, GError **error);
/* Takes the calling thread, and those that it starts, off the processor that
 * the sender has for itself. */
void traffic_process_make_room (void);
/* From here on that is counted for its threads. Returns: FALSE if the kernel
 * does not allow it or the processor cannot. */
gboolean traffic_process_count (TrafficProcess *process,
    TrafficCounter counter);
void traffic_process_look (TrafficProcess *process, TrafficUse *use);
void traffic_process_stop (TrafficProcess *process);

G_END_DECLS
