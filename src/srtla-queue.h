/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A packet that waits, and the books of a queue: what came in went out, was
 * dropped for a reason, or still waits.
 */
#pragma once

#include "srtla-classifier.h"

G_BEGIN_DECLS

typedef struct
{
  SrtlaPacket packet;           /* its reference is the queue's */
  SrtlaTime arrived;            /* when its flow handed it over */
  SrtlaTime deadline;           /* when it should have left, for EDF: the
                                 * earlier of its budget's end and `expires` */
  SrtlaTime expires;            /* of no use from then on; NONE = never */
  guint caller;                 /* slot or SRTLA_NO_CALLER */
  guint8 flow;
  guint8 priority;              /* SrtlaClass */
  guint8 kind;                  /* SrtlaKind */
  guint8 in_order;              /* must not overtake its flow's packets */
  guint32 life;                 /* of the caller's slot: it may be another's by now */
} SrtlaItem;

typedef enum
{
  SRTLA_DROP_FULL,              /* no room: it, or an older one for it */
  SRTLA_DROP_EXPIRED,           /* of no use any more */
  SRTLA_DROP_FLUSHED,           /* the queue was emptied */
  SRTLA_N_DROPS
} SrtlaDrop;

/* in = out + dropped + waiting, in packets and in bytes. */
typedef struct
{
  guint64 packets_in, bytes_in;
  guint64 packets_out, bytes_out;
  guint64 dropped[SRTLA_N_DROPS];       /* packets */
  guint64 dropped_bytes;        /* for all reasons */
  guint64 late;                 /* of those out, packets past their deadline */
  guint packets, packets_maximum;       /* waiting now; most ever */
  guint64 bytes, bytes_maximum;
} SrtlaQueueStats;

static inline void
srtla_queue_stats_in (SrtlaQueueStats *stats, gsize size)
{
  stats->packets_in++;
  stats->bytes_in += size;
  stats->packets++;
  stats->bytes += size;
  stats->packets_maximum = MAX (stats->packets_maximum, stats->packets);
  stats->bytes_maximum = MAX (stats->bytes_maximum, stats->bytes);
}

static inline void
srtla_queue_stats_out (SrtlaQueueStats *stats, gsize size)
{
  stats->packets_out++;
  stats->bytes_out += size;
  stats->packets--;
  stats->bytes -= size;
}

static inline void
srtla_queue_stats_drop (SrtlaQueueStats *stats, gsize size, SrtlaDrop reason)
{
  stats->dropped[reason]++;
  stats->dropped_bytes += size;
  stats->packets--;
  stats->bytes -= size;
}

/* Refused at the door: in and dropped at once, without having waited. */
static inline void
srtla_queue_stats_refuse (SrtlaQueueStats *stats, gsize size)
{
  stats->packets_in++;
  stats->bytes_in += size;
  stats->dropped[SRTLA_DROP_FULL]++;
  stats->dropped_bytes += size;
}

/* Adds the books of another queue. Maxima are those of the deeper one. */
void srtla_queue_stats_add (SrtlaQueueStats *stats,
    const SrtlaQueueStats *other);

/* Returns: whether the books balance. */
gboolean srtla_queue_stats_balance (const SrtlaQueueStats *stats);

G_END_DECLS
