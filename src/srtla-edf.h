/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Earliest deadline first between classes: C. L. Liu and J. W. Layland,
 * "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment",
 * Journal of the ACM 20 (1), 1973. A class keeps its packets in order, so its
 * first is as urgent as the most urgent behind it (H. Chetto, M. Silly and
 * T. Bouchentouf, "Dynamic scheduling of real-time tasks under precedence
 * constraints", Real-Time Systems 2, 1990).
 *
 * Where more is offered than can be sent, plain EDF spends itself on what is
 * late already. So the most urgent class goes first unless a less urgent one
 * has an earlier deadline and is not late. Until the first deadline is missed
 * that is plain EDF. A class that is late is let through after so many bytes of
 * more urgent ones: none starves.
 *
 * Classes without deadlines cannot starve: they and all the others together
 * share by deficit round robin (srtla-drr.h), each class with its own quantum.
 * The most urgent class does not wait for them, until its like owes them a
 * whole round. Nor does a packet of theirs that has a deadline all the same,
 * while it is the earliest and its class owes less than a round. Who is asked
 * for alone while others wait owes it to them, up to a round and a packet.
 *
 * Expired packets are never given but taken out and reported. Nothing is
 * allocated after srtla_edf_new (); each packet costs O(1), amortised.
 */
#pragma once

#include "srtla-queue.h"

G_BEGIN_DECLS

typedef struct _SrtlaEdf SrtlaEdf;

/* A class whose budget is SRTLA_TIME_NONE is one without deadlines; budgets are
 * not looked at otherwise: packets bring their deadlines, and those without one
 * SRTLA_TIME_NONE. Lengths of 0 are
 * taken for 1, quanta under SRTLA_MAX_DATAGRAM for that. */
SrtlaEdf *srtla_edf_new (const SrtlaClassSettings settings[SRTLA_N_CLASSES]);
/* Packets must have been flushed: references on what is left are lost. */
void srtla_edf_free (SrtlaEdf *edf);

/* Any time; allocates if the class's queue becomes longer than it ever was. What
 * waits stays, with its deadlines, also what exceeds a shorter length: then the
 * class has no room until enough of it left. */
void srtla_edf_set_class (SrtlaEdf *edf, SrtlaClass priority,
    const SrtlaClassSettings *settings);
/* How long a packet is under way that leaves now, beyond what its `expires`
 * reckons with, µs: it is of no use so much sooner. Any time; 0 at first. */
void srtla_edf_set_lead (SrtlaEdf *edf, SrtlaTime lead);

/* Returns: the set of classes that have room for one more packet. */
guint srtla_edf_room (const SrtlaEdf *edf);
/* Returns: the set of classes that have packets. */
guint srtla_edf_classes (const SrtlaEdf *edf);

/* Returns: whether the class may be asked for alone, out of its turn: nothing
 * else waits, or its share owes the others less than a round. */
gboolean srtla_edf_has_credit (const SrtlaEdf *edf, SrtlaClass priority);
/* Returns: the first packet of the class, expired or not; NULL if there is none.
 * Valid until the next change. */
const SrtlaItem *srtla_edf_head (const SrtlaEdf *edf, SrtlaClass priority);

/* Puts a packet at the end of its class. Returns: FALSE if there is no room:
 * it is counted as dropped, its reference stays the caller's. */
gboolean srtla_edf_push (SrtlaEdf *edf, const SrtlaItem *item);

/* Returns: the packet that goes next of those in `classes` (a set), NULL if
 * there is none that has not expired. Valid until the next change. */
const SrtlaItem *srtla_edf_peek (SrtlaEdf *edf, guint classes, SrtlaTime now);
/* Takes that packet out. Returns: FALSE if there is none. */
gboolean srtla_edf_pop (SrtlaEdf *edf, guint classes, SrtlaTime now,
    SrtlaItem *item);

/* Takes out, and counts as expired, the first packet of a class if it is of no
 * use any more. To be repeated until FALSE, before peek () or pop (): a class
 * whose first packet expired gives nothing. */
gboolean srtla_edf_take_expired (SrtlaEdf *edf, SrtlaTime now,
    SrtlaItem *item);
/* Returns: when that will have something to do; SRTLA_TIME_NONE if never. */
SrtlaTime srtla_edf_next_expiry (const SrtlaEdf *edf);

/* Takes any packet out and counts it as flushed. */
gboolean srtla_edf_flush (SrtlaEdf *edf, SrtlaItem *item);

/* The books of one class. */
const SrtlaQueueStats *srtla_edf_stats (const SrtlaEdf *edf,
    SrtlaClass priority);

G_END_DECLS
