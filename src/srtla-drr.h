/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deficit round robin over bounded queues: M. Shreedhar and G. Varghese,
 * "Efficient Fair Queuing using Deficit Round-Robin", IEEE/ACM Transactions on
 * Networking 4 (3), 1996. Each round adds a quantum of bytes to what a queue
 * may send; what its next packet is too large for is carried over. A quantum is
 * never less than the largest packet, so each visit sends one: O(1) a packet.
 *
 * A queue keeps its packets in order by class and gives the most urgent class
 * first. Its room is shared by all classes. Whoever takes packets says which
 * classes it has room for. Where that cuts a visit short it goes on before the
 * queue's next quantum; what others give meanwhile beyond their own is lent to
 * them, up to a quantum.
 *
 * For any two queues that always have a packet of a class that is asked for,
 * over any stretch of time, bytes given divided by quantum differ by less than
 * 1 + largest packet / quantum of the one + largest packet / quantum of the
 * other.
 *
 * Nothing is allocated but by srtla_drr_open () and srtla_drr_set_capacity ().
 */
#pragma once

#include "srtla-queue.h"

G_BEGIN_DECLS

/* A set of queues is one word. */
#define SRTLA_DRR_QUEUES 64
/* Most that a queue may be made for, packets. */
#define SRTLA_DRR_CAPACITY 65536

typedef struct _SrtlaDrr SrtlaDrr;

SrtlaDrr *srtla_drr_new (void);
/* Packets must have been flushed: references on what is left are lost. */
void srtla_drr_free (SrtlaDrr *drr);

/* Opens a closed queue, empty and with clean books, for `capacity` packets (1
 * to SRTLA_DRR_CAPACITY). */
void srtla_drr_open (SrtlaDrr *drr, guint queue, guint capacity,
    guint quantum);
/* Closes a queue; it must be empty. No effect if it is closed. */
void srtla_drr_close (SrtlaDrr *drr, guint queue);
gboolean srtla_drr_is_open (const SrtlaDrr *drr, guint queue);

/* Any time. A quantum under SRTLA_MAX_DATAGRAM bytes is taken for that. */
void srtla_drr_set_quantum (SrtlaDrr *drr, guint queue, guint quantum);

/* Gives an open queue room for `capacity` packets (1 to SRTLA_DRR_CAPACITY). Where
 * more wait, the oldest of its least urgent class goes, counted as for want of
 * room. Returns: TRUE if one was dropped: *dropped, its reference the caller's.
 * To be repeated until FALSE: then it has that room. */
gboolean srtla_drr_set_capacity (SrtlaDrr *drr, guint queue, guint capacity,
    SrtlaItem *dropped);

/* Returns: whether a packet of `size` bytes may go into the queue without its
 * holding more than one quantum, or it is empty. */
gboolean srtla_drr_has_room (const SrtlaDrr *drr, guint queue, gsize size);

/* Puts a packet at the end of its class in an open queue; one that is in order
 * joins the least urgent class that has packets, if that is less urgent than
 * its own. If there is no room for one more, the oldest packet of the queue's
 * least urgent class goes, be it this one because its own is less urgent still.
 * Returns: TRUE if one was dropped; *dropped is that one, its reference the
 * caller's. */
gboolean srtla_drr_push (SrtlaDrr *drr, guint queue, const SrtlaItem *item,
    SrtlaItem *dropped);

/* Returns: the packet whose turn it is of those in `classes` (a set), NULL if
 * there is none. Valid until the next change. */
const SrtlaItem *srtla_drr_peek (SrtlaDrr *drr, guint classes);
/* Takes that packet out. Returns: FALSE if there is none. */
gboolean srtla_drr_pop (SrtlaDrr *drr, guint classes, SrtlaItem *item);

/* Takes out, and counts as expired, a packet that is of no use any more and the
 * first of its class in its queue. To be repeated until FALSE. Looks at each
 * queue that has packets. */
gboolean srtla_drr_take_expired (SrtlaDrr *drr, SrtlaTime now,
    SrtlaItem *item);
/* Returns: when that will have something to do; SRTLA_TIME_NONE if never. */
SrtlaTime srtla_drr_next_expiry (const SrtlaDrr *drr);

/* Takes any packet out of an open queue and counts it as flushed. */
gboolean srtla_drr_flush (SrtlaDrr *drr, guint queue, SrtlaItem *item);

/* Returns: the set of classes that have packets, in all queues or in one. */
guint srtla_drr_classes (const SrtlaDrr *drr);
guint srtla_drr_queue_classes (const SrtlaDrr *drr, guint queue);

/* Returns: the oldest packet of the class in the queue; NULL if there is none.
 * Valid until the next change. */
const SrtlaItem *srtla_drr_head (const SrtlaDrr *drr, guint queue,
    SrtlaClass priority);

/* The books of one class in an open queue. */
const SrtlaQueueStats *srtla_drr_stats (const SrtlaDrr *drr, guint queue,
    SrtlaClass priority);

G_END_DECLS
