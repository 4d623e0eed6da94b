/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one SRT caller has sent: sequence number → uplink, time, size. A fixed
 * ring indexed by the low bits of the sequence number, which stores the number
 * itself: a stale entry never answers for another packet.
 */
#pragma once

#include "srtla-seq.h"
#include "srtla-types.h"

G_BEGIN_DECLS

/* Entries; a power of two. More than SRT's usual flow window of 8,192. */
#ifndef SRTLA_TRACKER_SIZE
#define SRTLA_TRACKER_SIZE 16384
#endif
G_STATIC_ASSERT ((SRTLA_TRACKER_SIZE & (SRTLA_TRACKER_SIZE - 1)) == 0);

/* A number further than this below the highest is no retransmission: the
 * numbering starts anew there. */
#define SRTLA_TRACKER_RESTART (4 * SRTLA_TRACKER_SIZE)

typedef struct
{
  guint32 sequence;
  guint16 size;                 /* bytes of the packet */
  guint8 uplink;                /* slot that carried the latest copy */
  guint8 copies;                /* sent so far, saturating; 0 = empty entry */
  SrtlaTime sent_at;            /* latest copy */
  guint64 holders;              /* bit per uplink slot whose log may hold it */
  const guint8 *data;           /* the packet kept for rescue; NULL = none */
  gpointer owner;               /* and the reference that keeps it */
  SrtlaTime first_sent_at;      /* the original */
  SrtlaTime arrived_at;         /* an SRTLA ACK named it; 0 = not yet */
  SrtlaTime named_at;           /* when the latest NAK was written that names it
                                 * and is held back; 0 = none */
} SrtlaTrackerEntry;

typedef struct _SrtlaTracker SrtlaTracker;

/* More retransmissions than cross one acknowledgement, with room to spare. */
#define SRTLA_TRACKER_LATE 256

/* For the functions below that are inline; others do not look inside. */
struct _SrtlaTracker
{
  SrtlaTime max_age;
  gboolean started;             /* the numbers below mean something */
  guint32 highest;
  guint32 point;                /* the span starts here */
  guint32 floor;                /* NAKs begin here: the point, or a late one */

  gboolean walking;             /* an acknowledgement has not given all yet */
  guint32 target;               /* its number */
  guint sweep_next;             /* slot; SRTLA_TRACKER_SIZE: not sweeping */
  guint late_next;              /* index into late[] */

  gboolean unlisted;
  guint n_late;
  guint32 late[SRTLA_TRACKER_LATE];

  guint32 kept_from;            /* no packet of before is kept */
  SrtlaTrackerEntry settled;    /* as it was, for the caller to look at */
  SrtlaTrackerEntry entries[SRTLA_TRACKER_SIZE];
};

/* max_age: µs after which an entry is no longer found, SRTLA_TIME_NONE: never.
 * Allocates everything that the tracker will ever use. */
SrtlaTracker *srtla_tracker_new (SrtlaTime max_age);
void srtla_tracker_free (SrtlaTracker *tracker);

/* Forgets everything but packets kept, which take_kept() still gives. */
void srtla_tracker_clear (SrtlaTracker *tracker);

/* Notes that `sequence` (31 bits) leaves on `uplink` now. A retransmission
 * replaces its original but keeps its holders and counts its copies. If
 * another number stood in the entry and uplinks may still hold it, or its
 * packet is kept, it is copied to *displaced and TRUE returned: those logs must
 * forget it, and the reference is the caller's. So does a packet kept whose
 * "retransmission" is of another size: it is another packet. */
gboolean srtla_tracker_insert (SrtlaTracker *tracker, guint32 sequence,
    guint uplink, gsize size, SrtlaTime now, SrtlaTrackerEntry *displaced);

/* The same for nearly all packets, those that follow on the latest. Returns:
 * the entry, whose packet may be kept in it at once; or NULL, and nothing is
 * noted: srtla_tracker_insert () must do it. */
static inline SrtlaTrackerEntry *
srtla_tracker_append (SrtlaTracker *tracker, guint32 sequence, guint uplink,
    gsize size, SrtlaTime now)
{
  SrtlaTrackerEntry *entry =
      &tracker->entries[sequence & (SRTLA_TRACKER_SIZE - 1)];

  if (!tracker->started || tracker->walking
      || sequence != srtla_seq_next (tracker->highest)
      || srtla_seq_steps (tracker->point, sequence) >= SRTLA_TRACKER_SIZE
      || entry->holders != 0 || entry->owner != NULL)
    return NULL;
  tracker->highest = sequence;
  *entry = (SrtlaTrackerEntry) {
    .sequence = sequence,
    .size = (guint16) size,
    .uplink = (guint8) uplink,
    .copies = 1,
    .sent_at = now,
    .holders = G_GUINT64_CONSTANT (1) << uplink,
    .first_sent_at = now,
  };
  return entry;
}

/* Keeps a packet just inserted, with a reference that is the tracker's now,
 * until its number is settled, displaced or dropped. Returns: a reference that
 * was kept for an earlier copy, for the caller to release; or NULL. If the
 * number is not there, or goes again after drop_oldest() passed it, it is `owner`
 * itself. */
gpointer srtla_tracker_keep (SrtlaTracker *tracker, guint32 sequence,
    const guint8 *data, gpointer owner);

/* Drops the oldest packet kept if it was first sent at `until` or earlier. Each
 * number is looked at once: amortised O(1). Returns: whether one was dropped;
 * *size and *owner are its. */
gboolean srtla_tracker_drop_oldest (SrtlaTracker *tracker, SrtlaTime until,
    gsize *size, gpointer *owner);

/* Takes a packet kept in whatever order, until there is none left: FALSE. For
 * the end: it looks at the whole ring. */
gboolean srtla_tracker_take_kept (SrtlaTracker *tracker, gsize *size,
    gpointer *owner);

/* Notes that a duplicate of a number just inserted leaves on another uplink
 * too. No effect if the number is not there. */
void srtla_tracker_add_holder (SrtlaTracker *tracker, guint32 sequence,
    guint uplink);

/* Returns: the entry of exactly this number, sent no longer than max_age ago,
 * or NULL. Valid until the next insert. */
static inline SrtlaTrackerEntry *
srtla_tracker_find (SrtlaTracker *tracker, guint32 sequence, SrtlaTime now)
{
  SrtlaTrackerEntry *entry =
      &tracker->entries[sequence & (SRTLA_TRACKER_SIZE - 1)];

  if (entry->copies == 0 || entry->sequence != sequence
      || (now > entry->sent_at && now - entry->sent_at > tracker->max_age))
    return NULL;
  return entry;
}

/* Cumulative acknowledgement: everything before `sequence` arrived. Then
 * srtla_tracker_next_acknowledged() gives, one by one, each entry that it
 * settles and that uplinks may hold, as a copy valid until the next call; the
 * caller clears it in their logs, the tracker has already let go of the
 * holders. What its one uplink has acknowledged already is not given. Take all of them: what is left waits for the next acknowledgement.
 * The walk visits each number once in its life, however acknowledgements
 * repeat: amortised O(1) per packet. Returns: FALSE, and settles nothing, for
 * a number beyond the next one to be sent, or more than SRTLA_TRACKER_RESTART
 * before it: a forgery, or another connection's. */
gboolean srtla_tracker_acknowledge (SrtlaTracker *tracker, guint32 sequence);
SrtlaTrackerEntry *srtla_tracker_next_acknowledged (SrtlaTracker *tracker);

/* The span that a NAK may speak of: from the oldest number not settled to the
 * highest sent, never more than SRTLA_TRACKER_SIZE numbers. Cuts [*first,
 * *last] down to it. Returns: FALSE if nothing is left, or if *last is before
 * *first. */
gboolean srtla_tracker_clip (const SrtlaTracker *tracker, guint32 *first,
    guint32 *last);

/* Returns: the entry that the cumulative acknowledgement stands at, if uplinks
 * may hold it: the oldest number that is missing at the other end; else NULL. */
SrtlaTrackerEntry *srtla_tracker_missing (SrtlaTracker *tracker);

/* Returns: whether anything was inserted, and then the highest number sent. */
gboolean srtla_tracker_highest (const SrtlaTracker *tracker, guint32 *sequence);

G_END_DECLS
