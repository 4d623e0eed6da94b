/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bond's inside, shared by srtla-bond.c (outputs, uplinks, settings),
 * srtla-bond-time.c (what is due), srtla-bond-send.c (packets on their way out),
 * srtla-bond-refused.c (those that did not leave), srtla-bond-receive.c (what
 * comes back), srtla-bond-books.c, srtla-bond-stats.c; and, for all modes but
 * classic, srtla-bond-queue.c, srtla-bond-arrival.c (what waits, and whether it
 * arrives in time), srtla-bond-enhanced.c, srtla-bond-fences.c and
 * srtla-bond-trains.c (proof of delivery), srtla-bond-naks.c and
 * srtla-bond-rescue.c (losses).
 */
#pragma once

#include "srtla-bond.h"
#include "srtla-histogram.h"
#include "srtla-pipeline.h"

G_BEGIN_DECLS

/* Waiting outputs: a batch of packets, a keepalive per uplink, a reply. */
#define SRTLA_BOND_OUTPUTS 1024 /* a power of two */
#define SRTLA_BOND_EVENTS  256
/* A NAK of the longest list, each number on its own, and some. */
#define SRTLA_BOND_NAKS    48
G_STATIC_ASSERT (SRTLA_BOND_OUTPUTS >= SRTLA_BOND_BATCH + 2 * SRTLA_MAX_UPLINKS);
G_STATIC_ASSERT ((SRTLA_BOND_OUTPUTS & (SRTLA_BOND_OUTPUTS - 1)) == 0);

/* One flow of packets into the bond. */
typedef struct
{
  SrtlaFlowSettings settings;
  SrtlaClassifier classifier;
  SrtlaTime critical_until;     /* its critical window; 0 = none */
  SrtlaTraffic traffic;
  /* µs; NULL = it is closed. The total is of what the interval is not. */
  SrtlaHistogram *interval, *total;
  SrtlaDelays latest;           /* of the latest interval that is over */
} SrtlaFlow;

/* What a class has seen beside its queues. */
typedef struct
{
  SrtlaTraffic traffic;
  guint64 packets, bytes;       /* sent without having waited */
  SrtlaHistogram interval;      /* µs from the flow to the socket */
  SrtlaHistogram total;         /* the same before the interval */
  SrtlaDelays latest;           /* of the latest interval that is over */
} SrtlaClassBooks;

struct _SrtlaBond
{
  SrtlaBondConfig config;
  guint32 connection_id;        /* of the extended keepalive */

  SrtlaUplink *uplinks[SRTLA_MAX_UPLINKS];      /* by slot; NULL = free */
  SrtlaUplink *order[SRTLA_MAX_UPLINKS];        /* list order: last added first */
  guint n_uplinks;

  SrtlaRegistration *registration;
  SrtlaCallers callers;
  const SrtlaScheduler *scheduler;

  /* All modes but classic. */
  gboolean quality, exploration, rescue, nak_filter;    /* settings */
  guint latest;                 /* slot of the latest choice, or none */
  SrtlaPlan plan;               /* of the moment plan_at */
  gboolean planned;             /* it still holds */
  SrtlaTime plan_at;
  SrtlaTime useful_at, useful_from;     /* at this moment all is of use that
                                         * expires then or later */
  guint narrowest;              /* largest datagram that all paths carry, bytes */
  SrtlaTime queue_target;       /* µs; 0 = uplinks take all they are given */
  SrtlaTime now;                /* what the owner told last */
  SrtlaPipeline *pipeline;      /* what waits for room */
  SrtlaTime expired_at;         /* latest original that did while it waited */
  gboolean interval_over;       /* one of the statistics is */
  gboolean counted;             /* classic: in flight is what the logs hold, and
                                 * the latest SRT ACK would change nothing */
  SrtlaClassSettings classes[SRTLA_N_CLASSES];
  SrtlaFlow flows[SRTLA_DRR_QUEUES];
  SrtlaClassBooks books[SRTLA_N_CLASSES];
  gboolean acknowledges;        /* SRTLA ACKs came from this receiver */
  gboolean names_all;           /* what new uplinks' SRTLA ACKs are thought to do */
  guint64 best_capacity;        /* bytes/s, of the uplinks that are up */
  gboolean pressed;             /* some uplink stalls or has a queue */
  struct
  {
    guint caller;
    gint32 type;
    SrtlaTime at;
    guint64 uplinks;            /* bit per slot: it went there, and before */
  } handshake;                  /* the latest of a caller */
  SrtlaTime relaying_since;     /* SRT ACKs come without a longer pause since */
  SrtlaTime relayed_at;         /* latest SRT ACK, on whichever uplink; 0 = none */
  SrtlaTime pushed_at;          /* the latest packet */
  SrtlaTime next_guard;         /* when uplinks are judged again */
  guint64 kept_bytes;           /* of packets held for rescue */
  SrtlaTime nak_skew;           /* so old may a NAK be in comparison */
  gboolean told_once;           /* some caller's peer names a loss but once */
  gboolean news;                /* a proof came: NAKs may be released */
  guint64 withheld;             /* bit per uplink slot: NAKs are held back */
  gboolean probing;             /* some uplink may have a train to fill */
  guint64 rescuing;             /* bit per uplink slot: rescue is not done yet */
  SrtlaTime rescue_at;          /* when it goes on */

  /* NAKs of our own writing, valid until all outputs are taken and the next call:
   * uplinks may close one after the other before that. */
  guint8 nak_packets[SRTLA_BOND_NAKS][SRTLA_NAK_SIZE];
  guint naks_used;
  SrtlaNakWriter nak_writers[SRTLA_MAX_CALLERS];
  guint32 naks_open;            /* bit per caller slot: one is being written */

  SrtlaTime next_housekeeping;  /* once a second */
  SrtlaTime rates_since;        /* when bitrates were last taken */
  guint uplinks_up;
  SrtlaTime connected_since;    /* 0 = no uplink is up */
  SrtlaTime down_since;         /* meaningful while no uplink is up */
  gboolean timeout_told;        /* for this time down */

  SrtlaOutput outputs[SRTLA_BOND_OUTPUTS];
  guint outputs_first, outputs_waiting;
  SrtlaEvent events[SRTLA_BOND_EVENTS];
  guint events_first, events_waiting;
  guint8 keepalives[SRTLA_MAX_UPLINKS][SRTLA_KEEPALIVE_SIZE];

  SrtlaBondStats stats;         /* the totals; the rest is filled when asked */
};

/* Returns: a new output to be filled. The caller knows that there is room. */
static inline SrtlaOutput *
srtla_bond_append (SrtlaBond *bond)
{
  guint at = bond->outputs_first + bond->outputs_waiting++;

  return &bond->outputs[at % SRTLA_BOND_OUTPUTS];
}

/* Appends an output. */
static inline void
srtla_bond_emit (SrtlaBond *bond, const SrtlaOutput *output)
{
  g_return_if_fail (bond->outputs_waiting < SRTLA_BOND_OUTPUTS);
  *srtla_bond_append (bond) = *output;
}
/* Drops a reference on what keeps a packet; NULL is none. */
void srtla_bond_release (SrtlaBond *bond, gpointer owner);
/* Adds a copy to the counters (sign 1) or takes it off again (-1). */
void srtla_bond_count_copy (SrtlaBond *bond, SrtlaUplink *uplink,
    SrtlaCopy copy, gsize size, gint64 sign);
/* Appends an event; makes room by losing the oldest. */
void srtla_bond_tell (SrtlaBond *bond, const SrtlaEvent *event);
/* Sends a keepalive on the uplink if it is up. */
void srtla_bond_keepalive (SrtlaBond *bond, SrtlaUplink *uplink, SrtlaTime now);
/* Takes bitrates and shares of the time since the last call. */
void srtla_bond_take_rates (SrtlaBond *bond, SrtlaTime now);

/* It fell silent or refuses packets: down, and registered again. */
void srtla_bond_lose_uplink (SrtlaBond *bond, SrtlaUplink *uplink,
    SrtlaTime now);
/* Sends a packet that also goes another way. Returns: FALSE if there is no room
 * for more outputs, or it is of no use any more. */
gboolean srtla_bond_emit_copy (SrtlaBond *bond, SrtlaUplink *uplink,
    guint caller, const SrtlaPacket *packet, SrtlaCopy copy, SrtlaTime now);
/* A packet is lost: the uplink to blame forgets it and pays for it. */
void srtla_bond_lose (SrtlaBond *bond, guint caller, guint32 sequence,
    SrtlaTime now);

/* srtla-bond-enhanced.c: what modes but classic do where classic does its own. */
#define SRTLA_GUARD_INTERVAL (20 * SRTLA_MILLISECOND)
void srtla_enhanced_srtla_ack (SrtlaBond *bond, SrtlaUplink *uplink,
    const guint8 *data, gsize size, SrtlaTime now);
void srtla_enhanced_settle (SrtlaBond *bond, guint caller,
    const SrtlaTrackerEntry *entry, SrtlaTime now);
/* A NAK named a packet at that place of the uplink's log, its latest carrier. */
void srtla_enhanced_lost (SrtlaBond *bond, SrtlaUplink *uplink, guint64 place,
    SrtlaTime now);
/* It delivers again; its share comes back with what it proves to have taken. */
void srtla_enhanced_recover (SrtlaBond *bond, SrtlaUplink *uplink,
    SrtlaTime now);
void srtla_enhanced_climb (SrtlaUplink *uplink, guint64 bytes);
void srtla_enhanced_echo (SrtlaBond *bond, SrtlaUplink *uplink, SrtlaTime now);
gboolean srtla_enhanced_is_silent (const SrtlaUplink *uplink, SrtlaTime now);
void srtla_enhanced_guard (SrtlaBond *bond, SrtlaTime now);
void srtla_enhanced_rescue_all (SrtlaBond *bond, SrtlaTime now);

/* srtla-bond-trains.c: duplicates that an uplink proves itself by. */

/* Returns: whether its state is unknown and can be learned, and it is time. */
gboolean srtla_trains_is_wanted (const SrtlaBond *bond,
    const SrtlaUplink *uplink, SrtlaTime now);
void srtla_trains_start (SrtlaBond *bond, SrtlaUplink *uplink, SrtlaTime now);
/* A train need not wait for packets that also go another way: of what went missing
 * with a stalled uplink there are enough. */
void srtla_trains_fill (SrtlaBond *bond, SrtlaUplink *uplink, SrtlaTime now);
/* Lets a packet that has just gone its way go also to uplinks whose train has
 * room for it; nearly always there is no train. */
void srtla_trains_duplicate (SrtlaBond *bond, guint caller, guint chosen,
    const SrtlaPacket *packet, SrtlaTime now);

/* srtla-bond-fences.c: receivers that do not name all that arrives. */

/* An echo came: what was sent before that keepalive has left the uplink. */
void srtla_fences_echo (SrtlaBond *bond, SrtlaUplink *uplink, SrtlaTime now);
/* An SRTLA ACK named packets from one place of the uplink's log to another, and
 * some that it does not hold. */
void srtla_fences_named (SrtlaBond *bond, SrtlaUplink *uplink, guint64 oldest,
    guint64 newest, guint unknown, SrtlaTime now);
/* An SRT ACK settled a packet that this uplink alone carried, and that no SRTLA
 * ACK had named. */
void srtla_fences_settled (SrtlaUplink *uplink, SrtlaTime now);
/* Tells, if what its SRTLA ACKs name has changed. */
void srtla_fences_tell (SrtlaBond *bond, SrtlaUplink *uplink, SrtlaTime now);
/* A packet at that place of the uplink's log, which still has it, is lost: counts
 * those in a row. */
void srtla_fences_lost (SrtlaUplink *uplink, guint64 place);
/* Returns: when the receiver wrote a NAK that came now on that uplink, as far as
 * one can tell, in our own time. */
SrtlaTime srtla_fences_written_at (const SrtlaBond *bond, guint uplink,
    SrtlaTime now);
/* Returns: whether the packet would have arrived before a NAK of that time was
 * written: then it is lost. FALSE if that is not so, or not known. */
gboolean srtla_fences_is_lost (const SrtlaBond *bond,
    const SrtlaUplink *uplink, const SrtlaInflightEntry *entry,
    SrtlaTime written_at);
/* Releases NAKs held of the uplink that will not come again. Returns: FALSE if
 * some still is. */
gboolean srtla_fences_release (SrtlaBond *bond, SrtlaUplink *uplink,
    SrtlaTime now);
/* Sends again what SRT's ACKs stand at although it must have arrived. */
void srtla_fences_mend (SrtlaBond *bond, guint caller, SrtlaTime now);
/* Returns: whether it loses all that it is given, though it answers. */
gboolean srtla_fences_is_hole (const SrtlaUplink *uplink);
/* A stalled uplink whose path answers may be tried again. */
void srtla_fences_try_again (SrtlaBond *bond, SrtlaUplink *uplink,
    SrtlaTime now);
/* Returns: whether keepalives are not answered any more, nor anything else heard. */
gboolean srtla_fences_is_silent (const SrtlaUplink *uplink, SrtlaTime now);
/* Returns: whether it is time for the next keepalive. */
gboolean srtla_fences_is_due (const SrtlaUplink *uplink, SrtlaTime now);

/* srtla-bond-naks.c: which NAKs callers get to see, and when. */

/* Returns: how long after its sending a packet is overdue although nothing is
 * known of what was sent after it. */
SrtlaTime srtla_enhanced_overdue_after (const SrtlaBond *bond,
    const SrtlaUplink *uplink);
/* Returns: whether the caller's peer names a lost packet but once: as the
 * handshake says, or as experience does. */
gboolean srtla_enhanced_is_told_once (const SrtlaCaller *caller);
/* Lets of a NAK pass what is lost. Returns: TRUE if it was rewritten or held
 * back altogether, FALSE if it shall go back as it came. */
gboolean srtla_enhanced_filter_nak (SrtlaBond *bond, guint caller,
    guint uplink, const guint8 *data, gsize size, SrtlaTime now);
/* Tells callers of losses held back until they are sure. */
void srtla_enhanced_release (SrtlaBond *bond, SrtlaTime now);
/* Hands back what was written meanwhile. */
void srtla_enhanced_emit_released (SrtlaBond *bond);
/* The same for all that is held back of an uplink: its log is about to go. */
void srtla_enhanced_release_all (SrtlaBond *bond, SrtlaUplink *uplink,
    SrtlaTime now);
/* Releases what is held of an entry that turned out lost. Returns: FALSE if it
 * must wait. */
gboolean srtla_enhanced_release_entry (SrtlaBond *bond,
    const SrtlaUplink *uplink, SrtlaInflightEntry *entry, SrtlaTime now);

/* srtla-bond-rescue.c: retransmissions, packets kept, rescue. */

/* Returns: the uplink on which a packet would arrive soonest, of those not in
 * `avoid` (bits of slots) that deliver; or SRTLA_NO_UPLINK. */
guint srtla_enhanced_soonest (const SrtlaBond *bond, guint size,
    guint64 avoid);
/* Returns: the uplinks, as bits of slots, that have so much in flight that even
 * what needs no room should not go there; of those whose SRTLA ACKs name all. */
guint64 srtla_enhanced_crowded (const SrtlaBond *bond);
/* The soonest for a retransmission: not where the packet was before, nor among
 * the crowded; or SRTLA_NO_UPLINK. */
guint srtla_enhanced_retransmission (const SrtlaBond *bond,
    const SrtlaTrackerEntry *entry, guint size, guint64 crowded);
/* Keeps a reference on a packet that leaves; gives it up; drops those that are
 * of no use any more; drops all of a caller. */
void srtla_enhanced_keep (SrtlaBond *bond, guint caller, guint32 sequence,
    const SrtlaPacket *packet, SrtlaTime now);
/* Gives up the packet that an entry keeps, if any; the entry still names it. */
static inline void
srtla_enhanced_unkeep (SrtlaBond * bond, const SrtlaTrackerEntry * entry)
{
  if (entry->owner == NULL)
    return;
  bond->kept_bytes -= entry->size;
  srtla_bond_release (bond, entry->owner);
}
void srtla_enhanced_drop_kept (SrtlaBond *bond, SrtlaTime now);
void srtla_enhanced_drop_all_kept (SrtlaBond *bond, guint caller);
/* A lone packet went missing there: other uplinks are better for a while. */
void srtla_enhanced_doubt (SrtlaUplink *uplink, SrtlaTime now);
/* Returns: whether hardly anything was sent on the uplink after that place. */
static inline gboolean
srtla_enhanced_is_lone (const SrtlaUplink * uplink, guint64 place)
{
  return srtla_inflight_next_place (uplink->log) - place
      <= SRTLA_ACK_TRAIN / 2;
}

/* Sends an entry of the uplink over another, or over itself if the others are
 * crowded and it delivers. Returns: FALSE if it must wait: for outputs to be taken
 * or, if it is to be patient, for room. */
gboolean srtla_enhanced_rescue_entry (SrtlaBond *bond, SrtlaUplink *uplink,
    const SrtlaInflightEntry *flying, gboolean patient, SrtlaTime now);
/* Sends once more what nobody will miss in time. */
void srtla_enhanced_mend (SrtlaBond *bond, SrtlaTime now);
void srtla_enhanced_resend (SrtlaBond *bond, SrtlaUplink *uplink,
    const SrtlaInflightEntry *lost, SrtlaTime now);
/* Sends what the uplink has outstanding, up to its rescue_end, over others.
 * Returns: FALSE if it must be called again. */
gboolean srtla_enhanced_rescue (SrtlaBond *bond, SrtlaUplink *uplink,
    gboolean patient, SrtlaTime now);

/* What choices rest on has changed: the next packet is for another plan. */
static inline void
srtla_bond_end_plan (SrtlaBond * bond)
{
  bond->planned = FALSE;
  bond->useful_from = SRTLA_TIME_NONE;
}

/* Returns: whether what is left is for control packets of each uplink. */
static inline gboolean
srtla_bond_outputs_are_full (const SrtlaBond * bond)
{
  return bond->outputs_waiting >= SRTLA_BOND_OUTPUTS - SRTLA_MAX_UPLINKS - 1;
}

static inline gboolean
srtla_bond_is_classic (const SrtlaBond * bond)
{
  return bond->scheduler == &srtla_scheduler_classic;
}

/* srtla-bond-send.c. Sends a data or control packet of a caller, with its
 * copies; in modes but classic only where there is room. Returns: FALSE if no
 * uplink takes it now; the reference is still the caller's then. */
gboolean srtla_bond_send (SrtlaBond *bond, const SrtlaItem *item);
/* srtla-bond-refused.c. Returns: another uplink that is up, if only just; or
 * SRTLA_NO_UPLINK. */
guint srtla_bond_stalled_beside (const SrtlaBond *bond, guint slot, gsize size);

/* srtla-bond-books.c: the books of classes and flows, and the totals of what is
 * lost. */
static inline SrtlaTraffic *
srtla_bond_flow_books (SrtlaBond * bond, guint flow)
{
  return &bond->flows[flow % SRTLA_MAX_FLOWS].traffic;
}

static inline SrtlaTraffic *
srtla_bond_class_books (SrtlaBond * bond, guint priority)
{
  return &bond->books[priority % SRTLA_N_CLASSES].traffic;
}

static inline void
srtla_traffic_in (SrtlaTraffic * traffic, gsize size)
{
  traffic->packets_in++;
  traffic->bytes_in += size;
}

/* It came in, in its flow; it has a class now. */
static inline void
srtla_bond_book_in (SrtlaBond * bond, const SrtlaItem * item)
{
  srtla_traffic_in (srtla_bond_flow_books (bond, item->flow),
      item->packet.size);
}

static inline void
srtla_bond_book_class (SrtlaBond * bond, const SrtlaItem * item)
{
  srtla_traffic_in (srtla_bond_class_books (bond, item->priority),
      item->packet.size);
}

static inline void
srtla_traffic_out (SrtlaTraffic * traffic, gsize size, gboolean late)
{
  traffic->packets_out++;
  traffic->bytes_out += size;
  traffic->late += late ? 1 : 0;
}

/* It goes to an uplink. */
static inline void
srtla_bond_book_out (SrtlaBond * bond, const SrtlaItem * item)
{
  gboolean late = item->deadline < bond->now;

  srtla_traffic_out (srtla_bond_flow_books (bond, item->flow),
      item->packet.size, late);
  srtla_traffic_out (srtla_bond_class_books (bond, item->priority),
      item->packet.size, late);
}

/* It waits from now on; no more. */
void srtla_bond_book_wait (SrtlaBond *bond, const SrtlaItem *item);
void srtla_bond_book_leave (SrtlaBond *bond, const SrtlaItem *item);
/* Reads the percentiles of one, or of two together. */
void srtla_bond_read_delays (const SrtlaHistogram *histogram,
    SrtlaDelays *delays);
void srtla_bond_read_both_delays (const SrtlaHistogram *histogram,
    const SrtlaHistogram *other, SrtlaDelays *delays);
/* It did not go after all. */
void srtla_bond_book_undo (SrtlaBond *bond, const SrtlaOutput *output,
    SrtlaLoss reason);
/* Drops a packet that is in no queue. */
void srtla_bond_drop (SrtlaBond *bond, const SrtlaItem *item, SrtlaLoss reason);

/* srtla-bond-queue.c. Returns: until when a caller's data packet that came in, or
 * is sent, at `now` is of use; SRTLA_TIME_NONE: for ever, or nobody knows. */
SrtlaTime srtla_bond_useful_until (const SrtlaBond *bond, guint caller,
    const guint8 *data, SrtlaTime now);
/* Returns: the uplink for a packet of use that is meant for another: that one if
 * it arrives there in time; else the one with room where it arrives soonest, if
 * that is in time; else NULL. */
SrtlaUplink *srtla_bond_in_time (SrtlaBond *bond, const SrtlaItem *item,
    SrtlaUplink *meant);
/* Returns: how much longer than on the nearest uplink at best a packet takes on that
 * where it is least, µs; 0 if none delivers. */
SrtlaTime srtla_bond_least_way (const SrtlaBond *bond);
/* Takes how much further the way is by each uplink than by the nearest. */
void srtla_bond_measure_detours (SrtlaBond *bond);
/* Most that is believed of the way in front of a packet. */
#define SRTLA_LONGEST_WAY (500 * SRTLA_MILLISECOND)
/* Returns: TRUE if that need not be asked: there is time enough, or the uplink
 * never was full and shows no queue. */
static inline gboolean
srtla_bond_is_soon_enough (const SrtlaBond * bond, const SrtlaItem * item,
    const SrtlaUplink * meant)
{
  return item->expires > bond->now + (meant->delivery.filled
      || meant->bitrate_maximum != 0 ? SRTLA_LONGEST_WAY
      : MIN (meant->delivery.queue, SRTLA_LONGEST_WAY)) + meant->detour;
}

/* Returns: whether a packet that leaves now, and is of use
 * until `expires`, can arrive in time. The second looks at all uplinks. */
gboolean srtla_bond_is_still_useful (const SrtlaBond *bond, SrtlaTime expires);

static inline gboolean
srtla_bond_is_useful (const SrtlaBond * bond, SrtlaTime expires)
{
  return expires > bond->now + SRTLA_LONGEST_WAY
      || srtla_bond_is_still_useful (bond, expires);
}

/* Makes outputs of what waits, as uplinks take it. */
void srtla_bond_pump (SrtlaBond *bond);
/* Takes a caller's packet into its flow's queue, or sends it at once. */
SrtlaPushVerdict srtla_bond_enqueue (SrtlaBond *bond, SrtlaItem *item,
    gboolean droppable);
/* When queues or brakes have something to do. */
SrtlaTime srtla_bond_queue_deadline (const SrtlaBond *bond);

/* Where echoes stand in for SRTLA ACKs, in flight is told that much later: each
 * ten packets at the soonest. */
static inline void
srtla_bond_weigh (const SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime target = bond->queue_target;

  if (target != 0 && !uplink->names_all)
    target += MIN (2 * SRTLA_GUARD_INTERVAL + SRTLA_TRAIN_BYTES * SRTLA_SECOND
        / uplink->delivery.capacity, 2 * SRTLA_KEEPALIVE_FENCE);
  srtla_uplink_weigh (uplink, bond->quality, target, bond->best_capacity, now);
}

/* Returns: the uplink in that slot; NULL if the slot is free or no slot. */
static inline SrtlaUplink *
srtla_bond_uplink (const SrtlaBond * bond, guint uplink)
{
  return uplink < SRTLA_MAX_UPLINKS ? bond->uplinks[uplink] : NULL;
}

G_END_DECLS
