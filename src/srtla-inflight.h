/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one uplink has outstanding, in the order it was sent: a fixed ring with
 * a hash over (caller, sequence number). Insert, take and forget are O(1)
 * whatever is in flight; nothing is allocated after srtla_inflight_new().
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 sequence;
  guint16 size;                 /* bytes of the packet */
  guint8 caller;                /* slot */
  guint8 held : 1;              /* FALSE: taken out, or an empty entry */
  guint8 settled : 1;           /* held, but known to have arrived: not counted */
  guint8 lost : 1;              /* held, but taken for lost: not counted either */
  guint8 passed : 1;            /* held, but no longer on the uplink: likewise */
  guint8 reported : 1;          /* a NAK names it, which is held back */
  guint8 again : 1;             /* an earlier copy was held when it was sent */
  guint8 ambiguous : 1;         /* as taken: another caller's number was held too */
  SrtlaTime sent_at;
} SrtlaInflightEntry;

typedef struct _SrtlaInflight SrtlaInflight;

/* capacity: entries, rounded up to a power of two, 2 to 65,536. */
SrtlaInflight *srtla_inflight_new (guint capacity);
void srtla_inflight_free (SrtlaInflight *log);

/* How many of the newest insertions count as held; older ones drop out as new
 * ones come. From 1 to the capacity (clamped); classic mode wants 255. */
void srtla_inflight_set_reach (SrtlaInflight *log, guint reach);

/* Appends a packet. Another copy of the same number may already be held: both
 * are. Returns: TRUE if a held entry had to drop out of reach for it. */
gboolean srtla_inflight_insert (SrtlaInflight *log, guint caller,
    guint32 sequence, gsize size, SrtlaTime now);

/* Takes out the newest held copy of a number. Returns: FALSE if none is held;
 * else TRUE, and the entry in *taken unless that is NULL. */
gboolean srtla_inflight_take (SrtlaInflight *log, guint caller,
    guint32 sequence, SrtlaInflightEntry *taken);

/* Takes out the newest held copy of a number of any caller: SRTLA ACKs name
 * none. *taken says whose it was. */
gboolean srtla_inflight_take_any (SrtlaInflight *log, guint32 sequence,
    SrtlaInflightEntry *taken);

/* The same for the newest copy of one caller's number. */
gboolean srtla_inflight_take_caller_place (SrtlaInflight *log, guint caller,
    guint32 sequence, SrtlaInflightEntry *taken, guint64 *place);

/* Returns: the newest held copy of a caller's number, to be looked at and
 * marked as reported, with its place; NULL if none is held. */
SrtlaInflightEntry *srtla_inflight_find (SrtlaInflight *log, guint caller,
    guint32 sequence, guint64 *place);

/* The newest held copy of a number is known to have arrived, but not from this
 * uplink: it stays held, and is no longer counted as in flight. Returns: FALSE
 * if none is held or it was settled before; else the entry and its place. */
gboolean srtla_inflight_settle (SrtlaInflight *log, guint caller,
    guint32 sequence, SrtlaInflightEntry *settled, guint64 *place);

/* The newest held copy of a number is taken for lost: it stays held, in case an
 * acknowledgement comes after all, and is no longer counted as in flight.
 * Returns: FALSE if none is held, or it was settled or lost before; else TRUE,
 * and its place. */
gboolean srtla_inflight_lose (SrtlaInflight *log, guint caller,
    guint32 sequence, guint64 *place);

/* What was sent at `sent_until` or earlier has left the uplink, arrived or not:
 * it stays held and is no longer counted as in flight. Amortised O(1). Returns:
 * the bytes of all that left since the last time, held, dropped or taken out
 * meanwhile, but for what is taken for lost. *place: the first place after them. */
guint64 srtla_inflight_pass (SrtlaInflight *log, SrtlaTime sent_until,
    guint64 *place);

/* The same for what was sent before place `place` and at `sent_until` or earlier, where
 * nobody wants the bytes of it: what is no longer held costs nothing. */
void srtla_inflight_overtake (SrtlaInflight *log, guint64 place,
    SrtlaTime sent_until);

/* Takes out every held copy of a number. Returns: how many there were. */
guint srtla_inflight_forget (SrtlaInflight *log, guint caller,
    guint32 sequence);

/* Takes out all that a caller has: its slot goes to another. Looks at the
 * whole ring: not for the packet path. Returns: how many there were. */
guint srtla_inflight_forget_caller (SrtlaInflight *log, guint caller);

/* Forgets everything. */
void srtla_inflight_clear (SrtlaInflight *log);

/* Insertions are numbered from 0 in the order they are sent: their places.
 * Returns: the place that the next insertion will have. */
guint64 srtla_inflight_next_place (const SrtlaInflight *log);

/* Returns: the entry at a place, held or not; NULL if it is older than the ring
 * is long, or not yet sent. */
SrtlaInflightEntry *srtla_inflight_at (SrtlaInflight *log, guint64 place);

/* Takes out the oldest held copy of a number of any caller from place `from` on,
 * which is what a FIFO delivers next, or the oldest if none is there; says at
 * which place it was. *sole: no other copy can be meant (Karn and Partridge,
 * 1987). */
gboolean srtla_inflight_take_oldest (SrtlaInflight *log, guint32 sequence,
    guint64 from, SrtlaInflightEntry *taken, guint64 *place, gboolean *sole);

/* Returns: how many entries marked as reported were ever taken out, or dropped
 * out, without being handed to whoever asked for it. */
guint64 srtla_inflight_unheard (const SrtlaInflight *log);

/* Takes out the entry at a place. Returns: FALSE if none is held there. */
gboolean srtla_inflight_take_at (SrtlaInflight *log, guint64 place);

/* Takes out the oldest held entry if its place is before `place` and it was
 * sent at `sent_until` or earlier, into *taken. Returns: FALSE if there is none
 * such. */
gboolean srtla_inflight_pop_before (SrtlaInflight *log, guint64 place,
    SrtlaTime sent_until, SrtlaInflightEntry *taken);

/* What every log begins with: schedulers look at it for each packet. */
typedef struct
{
  guint64 bytes;
  guint count;                  /* packets */
} SrtlaInflightTotals;

/* Returns: how many packets are held and not settled, and their bytes. */
static inline guint
srtla_inflight_count (const SrtlaInflight *log)
{
  return ((const SrtlaInflightTotals *) log)->count;
}

static inline guint64
srtla_inflight_bytes (const SrtlaInflight *log)
{
  return ((const SrtlaInflightTotals *) log)->bytes;
}

/* Returns: the oldest held entry, NULL if none is. Amortised O(1). */
const SrtlaInflightEntry *srtla_inflight_oldest (SrtlaInflight *log);

G_END_DECLS
