/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One uplink as the core sees it: liveness, window, in flight, round-trip
 * time, counters. The bond changes it; schedulers only look.
 */
#pragma once

#include "srtla-delivery.h"
#include "srtla-inflight.h"
#include "srtla-packet.h"
#include "srtla-quality.h"
#include "srtla-rtt.h"

G_BEGIN_DECLS

/* The classic window, in thousandths of a packet. */
#define SRTLA_WINDOW_UNIT     1000
#define SRTLA_WINDOW_DEFAULT  20000
#define SRTLA_WINDOW_MINIMUM  1000
#define SRTLA_WINDOW_MAXIMUM  60000
#define SRTLA_WINDOW_NAK      100       /* taken off for a NAK */
#define SRTLA_WINDOW_ACK      29        /* put on by an SRTLA ACK of a full window */

/* The classic log: a ring of 256 of which the newest 255 are searched. */
#define SRTLA_CLASSIC_REACH   255
/* Room for what an uplink may have in flight in the other modes, packets. */
#ifndef SRTLA_INFLIGHT_CAPACITY
#define SRTLA_INFLIGHT_CAPACITY 4096
#endif

/* Classic liveness: whole seconds between now and the last packet heard. */
#define SRTLA_CLASSIC_TIMEOUT 4

/* What a returning uplink may have in flight at first, bytes. */
#define SRTLA_RAMP_START SRTLA_TRAIN_BYTES

/* Where SRTLA ACKs do not name all, while packets flow: keepalives are fences, so
 * far apart at most; and so many that came back are remembered. */
#define SRTLA_KEEPALIVE_FENCE    (100 * SRTLA_MILLISECOND)
#define SRTLA_FENCES             16
/* While its path is in doubt. */
#define SRTLA_KEEPALIVE_STALLED  (100 * SRTLA_MILLISECOND)
/* While it may be back at any moment, where an echo brings it a train. */
#define SRTLA_KEEPALIVE_BRIEF    (40 * SRTLA_MILLISECOND)
/* So many may be under way, 20 ms apart, where a queue grows to 2.5 s: one whose echo
 * nobody expects any more tells nothing, and the queue would stay unknown. */
#define SRTLA_KEEPALIVES_REMEMBERED 128

typedef struct
{
  guint64 packets_sent, bytes_sent;     /* SRT packets handed to the socket */
  guint64 retransmissions;              /* of those, with the R flag */
  guint64 control_sent;                 /* SRTLA datagrams of ours */
  guint64 packets_received, bytes_received;     /* all datagrams heard */
  guint64 packets_acknowledged;         /* by SRTLA ACKs of this uplink */
  guint64 acknowledgements_unknown;     /* numbers this uplink does not hold */
  guint64 naks;                         /* packets reported lost, sent here last */
  guint64 keepalives_echoed;
  guint64 send_errors;                  /* datagrams that the socket refused */
  guint64 failures;                     /* times it went down */
  guint64 stalls;                       /* times its proof of delivery was overdue */
  guint64 losses_found;                 /* by the order of sending, without a NAK */
  guint64 duplicates, duplicate_bytes;  /* sent here beside their normal way */
} SrtlaUplinkCounters;

typedef struct
{
  guint slot;
  SrtlaUplinkState state;
  SrtlaTime state_since;

  gint32 window;                /* thousandths of a packet */
  gint32 in_flight;             /* packets, as the window algorithm counts */
  SrtlaInflight *log;           /* what is really outstanding */

  SrtlaTime last_heard;         /* of this socket; 0 = nothing since it failed */
  gboolean suspended;           /* a send failed since it was last heard */
  guint largest;                /* datagram that its path carries, bytes */
  gboolean told_narrow;         /* that packets are larger than that */
  SrtlaRtt rtt;

  /* All modes but classic. */
  SrtlaDelivery delivery;
  SrtlaTime detour;             /* µs that its way is longer than the nearest
                                 * uplink's, one way */
  gboolean too_far;             /* by more than any caller's packets may take */
  SrtlaQuality quality;
  gdouble weight;               /* bytes it may have in flight × quality */
  gboolean stalled;             /* proof of delivery is overdue */
  SrtlaTime stalled_since;
  gboolean echoed;              /* its path answered since it stalled */
  struct
  {
    SrtlaTime sent_at;          /* when a keepalive left that was echoed: what was
                                 * sent before has left the uplink too; 0 = empty */
    SrtlaTime echoed_at;
  } fences[SRTLA_FENCES];
  guint next_fence;             /* of fences[] */
  SrtlaTime fence_at;           /* when the latest keepalive left that is to be
                                 * a fence, and the place of the log after it */
  guint64 fence_place;
  guint64 ramp;                 /* bytes in flight that its return has earned;
                                 * 0 = it has its whole share */
  guint train_left;             /* duplicates still to send of a probe train */
  SrtlaTime train_at;           /* when the latest train started; 0 = none yet */
  SrtlaTime train_next;         /* when its next packet may go */
  guint64 train_place, train_end;       /* in the log: what the train may be of */
  SrtlaTime sent_at;            /* latest packet; 0 = none yet */
  gboolean names_all;           /* its SRTLA ACKs name all that arrives */
  gboolean throttled;           /* they were seen to leave out much */
  gboolean names_some;          /* likewise, or since they are known */
  gboolean names_none;          /* there are none, though packets arrive */
  guint unnamed;                /* packets since the latest SRTLA ACK that SRT's
                                 * ACKs settled, and when the first of them was */
  SrtlaTime unnamed_since;
  SrtlaCoverage coverage_told;
  guint acks, acks_apart;       /* SRTLA ACKs judged lately; those before which
                                 * was left out what arrived */
  struct
  {
    SrtlaTime at;               /* when the latest of them came; 0 = none yet */
    guint64 place, end;         /* what was left out before it; none if equal */
  } gap;
  guint64 acknowledged_place;   /* first after what SRTLA ACKs named */
  guint64 overtaken_place, doubtful_place, overdue_place;       /* NAKs are
                                 * released up to here */
  guint64 withheld_end;         /* first place after those held back */
  guint64 rescue_place, rescue_end;     /* rescued up to here; and to do so */
  /* The brake: how much it takes at this moment. */
  guint64 room;                 /* bytes that may be in flight */
  gboolean blocked;             /* its socket takes no more */
  guint64 backlog;              /* bytes in its device's queue, as last told */
  guint64 reserve;              /* millionths of bytes that urgent packets may
                                 * have in flight beyond `room` */
  SrtlaTime reserve_at;         /* when it was last counted */
  guint64 bitrate_maximum;      /* bits/s, a setting; 0 = none */
  gint64 tokens;                /* millionths of bytes that it allows now; a
                                 * packet may take it below 0 */
  SrtlaTime tokens_at;          /* when they were last counted */
  struct
  {
    SrtlaTime since;            /* round trips are much the same; 0 = no queue */
    SrtlaTime rtt;
    guint64 bytes;              /* most in flight since */
    guint64 capacity;           /* when it began */
    SrtlaTime low_since;        /* much less is in flight; 0 = it is not */
    guint samples;              /* of the round trip, a round trip after that */
  } flat;                       /* a queue that does not depend on the load */
  guint lost_in_row;            /* packets, one after another or nearly so, since
                                 * something of it was settled */
  guint64 row_place, lost_place;        /* the first and the latest, in the log */
  SrtlaTime row_since, row_time;        /* when the first of them was sent, and
                                         * how much later the latest, µs */
  guint lost_since_proof;       /* packets sent after it, as NAKs tell */
  SrtlaTime doubted_until;      /* a packet went missing for no other reason; its
                                 * next proof ends that sooner */
  guint doubts;                 /* in a row, without a proof */
  guint trials;                 /* in vain, where SRTLA ACKs do not name all */

  SrtlaTime next_keepalive;
  struct
  {
    guint64 wire;               /* ms, as sent; 0 = empty or already used */
    SrtlaTime sent_at;
  } keepalives[SRTLA_KEEPALIVES_REMEMBERED];
  guint next_slot;              /* of keepalives[] */

  SrtlaUplinkCounters counters;
  guint64 rate_bytes;           /* bytes_sent when `bitrate` was last taken */
  guint64 bitrate;              /* bits/s of SRT packets over the last second */
  gdouble share;                /* 0 to 1, of all uplinks' bytes in that second */
} SrtlaUplink;

/* Allocates; the uplink starts CLOSED with the default window. */
SrtlaUplink *srtla_uplink_new (guint slot, SrtlaTime now);
void srtla_uplink_free (SrtlaUplink *uplink);

/* Something came in: REG2 and REG_NGP do not count as heard. */
void srtla_uplink_heard (SrtlaUplink *uplink, SrtlaKind kind, gsize size,
    SrtlaTime now);

/* Returns: whether classic mode may choose it: up, heard within
 * SRTLA_CLASSIC_TIMEOUT whole seconds, and no send failed since. */
gboolean srtla_uplink_is_live (const SrtlaUplink *uplink, SrtlaTime now);

/* Returns: the earliest that a live uplink may have been heard; with it the
 * same question costs no division for each uplink. */
static inline SrtlaTime
srtla_uplink_live_since (SrtlaTime now)
{
  SrtlaTime second = now / SRTLA_SECOND;

  return second > SRTLA_CLASSIC_TIMEOUT
      ? (second - SRTLA_CLASSIC_TIMEOUT) * SRTLA_SECOND : 0;
}

static inline gboolean
srtla_uplink_is_live_since (const SrtlaUplink *uplink, SrtlaTime since)
{
  return uplink->state == SRTLA_UPLINK_UP && !uplink->suspended
      && uplink->last_heard >= since;
}

/* The classic window algorithm, docs/scheduling.md. */
void srtla_uplink_window_nak (SrtlaUplink *uplink);
void srtla_uplink_window_ack (SrtlaUplink *uplink);     /* the uplink that held it */
/* Each uplink, once a number; `numbers` times at once. */
void srtla_uplink_window_ack_any (SrtlaUplink *uplink, guint numbers);

/* Returns: when the first echo came of a keepalive that left at `sent_at` or
 * later; SRTLA_TIME_NONE if none has. */
SrtlaTime srtla_uplink_fenced_at (const SrtlaUplink *uplink, SrtlaTime sent_at);

/* Where it stands among others, of which the best has best_capacity bytes/s:
 * revises `weight`; and how much it takes with a
 * queue of queue_target µs in front of it (0: as much as it is given): `room`. */
void srtla_uplink_weigh (SrtlaUplink *uplink, gboolean use_quality,
    SrtlaTime queue_target, guint64 best_capacity, SrtlaTime now);

/* Returns: whether its socket takes a packet, and its highest bitrate is not
 * used up. Tokens must have been counted. */
static inline gboolean
srtla_uplink_is_open (const SrtlaUplink * uplink)
{
  return !uplink->blocked
      && (uplink->bitrate_maximum == 0 || uplink->tokens > 0);
}

/* Returns: how many bytes it takes now: what is in flight and its device's
 * queue leave that much room. Urgent packets have a reserve, so that they need
 * not wait for the next acknowledgement, nor for an uplink that was given too
 * much before it was measured: up to a quarter of the room, which fills again
 * with a quarter of the capacity. It must have been counted. */
static inline guint64
srtla_uplink_room (const SrtlaUplink * uplink, gboolean urgent)
{
  guint64 bytes = srtla_inflight_bytes (uplink->log), room = 0;

  if (!srtla_uplink_is_open (uplink))
    return 0;
  if (uplink->backlog <= uplink->room && bytes <= uplink->room)
    room = uplink->room - bytes;
  return urgent ? MAX (room, MIN (uplink->reserve / SRTLA_SECOND,
          uplink->room / 4)) : room;
}

/* Returns: whether it delivers, and takes a packet of `size` bytes now. */
static inline gboolean
srtla_uplink_has_room (const SrtlaUplink * uplink, gboolean urgent, gsize size)
{
  return uplink->state == SRTLA_UPLINK_UP && !uplink->suspended
      && !uplink->stalled && uplink->largest >= size
      && srtla_uplink_room (uplink, urgent) >= size;
}

/* An urgent packet of `size` bytes is about to go there. */
static inline void
srtla_uplink_pay_reserve (SrtlaUplink * uplink, gsize size)
{
  if (srtla_uplink_room (uplink, FALSE) < size)
    uplink->reserve -= MIN (uplink->reserve, size * SRTLA_SECOND);
}

/* A packet of `size` bytes goes there. */
static inline void
srtla_uplink_pay (SrtlaUplink * uplink, gsize size)
{
  if (uplink->bitrate_maximum != 0)
    uplink->tokens -= (gint64) (size * SRTLA_SECOND);
}

/* Adds the tokens of the time gone by; a packet takes its size of them. */
void srtla_uplink_count_tokens (SrtlaUplink *uplink, SrtlaTime now);
/* Returns: when there are tokens again; SRTLA_TIME_NONE if there are. */
SrtlaTime srtla_uplink_tokens_due (const SrtlaUplink *uplink);

/* Fills the reserve by the time gone by. Returns: when it will be enough for any
 * packet; SRTLA_TIME_NONE if it is. */
void srtla_uplink_count_reserve (SrtlaUplink *uplink, SrtlaTime now);
SrtlaTime srtla_uplink_reserve_due (const SrtlaUplink *uplink);

/* The receiver may be another: whether its SRTLA ACKs name all is not known. */
void srtla_uplink_forget_receiver (SrtlaUplink *uplink);
/* Returns: what is known of that. */
SrtlaCoverage srtla_uplink_coverage (const SrtlaUplink *uplink);

/* It failed: window down to the minimum, nothing in flight, log empty. */
void srtla_uplink_fail (SrtlaUplink *uplink);

/* Writes the keepalive due now into `out` and remembers its time. Returns:
 * its size. */
gsize srtla_uplink_keepalive (SrtlaUplink *uplink, guint32 connection_id,
    SrtlaTime now, guint8 out[SRTLA_KEEPALIVE_SIZE]);

/* A keepalive came in. Returns: TRUE if it echoed a time that this uplink sent
 * no longer than SRTLA_RTT_MAX ago and for the first time: the RTT took a
 * sample. */
gboolean srtla_uplink_echo (SrtlaUplink *uplink, const guint8 *data,
    gsize size, SrtlaTime now);

G_END_DECLS
