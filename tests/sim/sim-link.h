/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One direction of one link: a bounded queue served at a rate, a delay line
 * behind it, and what gets lost. Clock-free like the core: told the time, it
 * says when it wants to be called again.
 *
 *   push ─► [ queue, bounded ] ─ rate ─► loss, copies ─► [ delay + jitter ] ─► pop
 */
#pragma once

#include "sim-packet.h"
#include "sim-random.h"

G_BEGIN_DECLS

typedef enum
{
  SIM_PASSES_ALL,
  SIM_PASSES_KEEPALIVES,        /* SRTLA's own packets pass, SRT's vanish */
  SIM_PASSES_NOTHING,           /* everything vanishes in silence */
} SimPasses;

typedef struct
{
  guint64 rate;                 /* bits/s; 0: nothing moves, the queue fills */
  GArray *trace;                /* of SimTracePoint, shared; NULL: none */
  gdouble walk;                 /* relative standard deviation; 0: none */
  SrtlaTime walk_time;          /* µs; correlation time of the walk */
  SrtlaTime delay;              /* µs, one way */
  SrtlaTime jitter;             /* µs; delay varies evenly by ± this */
  gboolean reorder;             /* jitter may change the order */
  gdouble loss;                 /* share lost, each packet on its own */
  gdouble burst_loss;           /* share lost in bursts (Gilbert–Elliott) */
  gdouble burst_length;         /* their mean length, packets; at least 1 */
  gdouble duplicate;            /* share that arrives twice */
  SrtlaTime queue_time;         /* µs at the present rate; 0: no such bound */
  guint64 queue_bytes;          /* 0: no such bound */
  SimPasses passes;
} SimLinkSettings;

typedef struct
{
  SrtlaTime at;                 /* µs since the start; the last one is the period */
  guint64 rate;                 /* bits/s from there on */
} SimTracePoint;

void sim_link_settings_init (SimLinkSettings *settings);
void sim_link_settings_copy (SimLinkSettings *to, const SimLinkSettings *from);
void sim_link_settings_clear (SimLinkSettings *settings);
/* Sets one key from its readable value; `directory` is where trace files are
 * looked for. Returns: FALSE with an error for an unknown key or bad value. */
gboolean sim_link_settings_set (SimLinkSettings *settings, const gchar *key,
    const gchar *value, const gchar *directory, GError **error);
/* Returns: the rate in the long run, bits/s. */
guint64 sim_link_settings_mean_rate (const SimLinkSettings *settings);

typedef struct
{
  guint64 offered, offered_bytes;       /* IP bytes, here and below */
  guint64 delivered, delivered_bytes;   /* copies too */
  guint64 duplicated;           /* packets of which a copy was made */
  guint64 lost_queue;           /* the queue was full */
  guint64 lost_random;          /* random and burst loss */
  guint64 lost_silent;          /* did not pass */
} SimLinkCounters;

typedef struct _SimLink SimLink;

/* seed and name choose its random stream. */
SimLink *sim_link_new (const SimLinkSettings *settings, guint64 seed,
    const gchar *name, SrtlaTime now);
void sim_link_free (SimLink *link);
/* Random streams, walk and trace begin anew. What is under way goes on. */
void sim_link_restart (SimLink *link, guint64 seed, const gchar *name,
    SrtlaTime now);

/* Changes to the settings, from now on. What is under way goes on. */
void sim_link_change (SimLink *link, const SimLinkSettings *settings,
    SrtlaTime now);
const SimLinkSettings *sim_link_settings (const SimLink *link);

/* Takes over the reference. Returns: FALSE if it was dropped on entry. */
gboolean sim_link_push (SimLink *link, SimPacket *packet, SrtlaTime now);
/* Returns: the next packet that arrived by `now`, with its reference, or NULL. */
SimPacket *sim_link_pop (SimLink *link, SrtlaTime now);
SrtlaTime sim_link_deadline (const SimLink *link);

/* Returns: when a packet of that size would arrive if pushed now and nothing
 * changed, without jitter; SRTLA_TIME_NONE if it would be dropped. */
SrtlaTime sim_link_predict (SimLink *link, gsize size, SrtlaTime now);
/* Returns: how long what is queued takes to drain, µs; NONE if it never does. */
SrtlaTime sim_link_backlog (SimLink *link, SrtlaTime now);
/* Returns: the rate at this moment, bits/s. */
guint64 sim_link_rate (SimLink *link, SrtlaTime now);
const SimLinkCounters *sim_link_counters (const SimLink *link);

G_END_DECLS
