/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bonding core as a whole: told of packets, datagrams, sockets and time,
 * it says what to send where, what to hand back, and when it wants to be
 * called again. No socket, clock, thread, lock or random source in here.
 *
 *   srtla_bond_push ()      a packet of an SRT caller     ┐   srtla_bond_next_output ()
 *   srtla_bond_receive ()   a datagram from an uplink     ├─► srtla_bond_next_event ()
 *   srtla_bond_tick ()      time went by                  ┘   srtla_bond_deadline ()
 *
 * After each call, or at the latest after SRTLA_BOND_BATCH pushes, its owner
 * takes all outputs. What is taken stays valid until the owner calls anything
 * but next_output(), next_event() and send_result(); what still waits, for
 * longer: uplinks may close meanwhile. Only a datagram that came in must be there
 * until its reply is taken.
 */
#pragma once

#include "srtla-caller.h"
#include "srtla-queue.h"
#include "srtla-registration.h"
#include "srtla-scheduler.h"

G_BEGIN_DECLS

/* Packets that may be pushed before outputs must be taken. */
#define SRTLA_BOND_BATCH 256

typedef struct _SrtlaBond SrtlaBond;

typedef struct
{
  SrtlaRandomFunc random;       /* required */
  gpointer user_data;           /* for random, reference and release */
  /* Take and drop a reference on SrtlaPacket.owner; may be NULL. */
  void (*reference) (gpointer owner, gpointer user_data);
  void (*release) (gpointer owner, gpointer user_data);
  /* µs without any uplink up, after which an event says so; 0 = never. */
  SrtlaTime connection_timeout;
} SrtlaBondConfig;

/* Returns: a bond without uplinks, mode classic. Time starts at `now`. */
SrtlaBond *srtla_bond_new (const SrtlaBondConfig *config, SrtlaTime now);
/* Outputs not taken are released. */
void srtla_bond_free (SrtlaBond *bond);

/* ---- Uplinks ----------------------------------------------------------- */

/* Returns: the new uplink's slot, SRTLA_NO_UPLINK if all are taken. It starts
 * CLOSED and is the first in list order. */
guint srtla_bond_add_uplink (SrtlaBond *bond, SrtlaTime now);
/* Before its removal, or when its socket failed: what it has outstanding goes out
 * again over others. It is given nothing new. Returns: FALSE if there is
 * more than outputs have room for: to be called again when they were taken. */
gboolean srtla_bond_vacate_uplink (SrtlaBond *bond, guint uplink,
    SrtlaTime now);
/* Forgets the uplink: nothing more goes to it, what comes late is void.
 * Outputs for it that were not taken are dropped and counted. */
void srtla_bond_remove_uplink (SrtlaBond *bond, guint uplink, SrtlaTime now);
/* Its socket exists; or is gone. `reason` must be static or outlive the next
 * events; it ends up in the state event. */
void srtla_bond_uplink_opened (SrtlaBond *bond, guint uplink, SrtlaTime now);
void srtla_bond_uplink_closed (SrtlaBond *bond, guint uplink,
    const gchar *reason, SrtlaTime now);
/* Forget the group and register anew: the receiver's address changed. */
void srtla_bond_restart (SrtlaBond *bond, SrtlaTime now);

/* ---- Settings ---------------------------------------------------------- */

void srtla_bond_set_connection_timeout (SrtlaBond *bond, SrtlaTime timeout);

/* How packets are spread: "classic" or "enhanced", docs/scheduling.md. Any
 * time; packets under way stay accounted for. Returns: FALSE, and changes
 * nothing, for another name. */
gboolean srtla_bond_set_mode (SrtlaBond *bond, const gchar *mode, SrtlaTime now);
const gchar *srtla_bond_mode (const SrtlaBond *bond);

/* For all modes but classic. Quality (default on): losses and round trip weigh
 * on an uplink's score, not its capacity alone. Exploration (default off):
 * uplinks that carry nothing are probed with duplicates. */
void srtla_bond_set_quality (SrtlaBond *bond, gboolean quality);
void srtla_bond_set_exploration (SrtlaBond *bond, gboolean exploration);
/* Also for all modes but classic. Rescue (default on): what a stalled or failed
 * uplink has outstanding goes out again over others at once; up to
 * SRTLA_RESCUE_BYTES of packets are kept for it. NAK filter (default on): the
 * SRT caller hears of a loss when it is one, not of packets under way. */
#ifndef SRTLA_RESCUE_BYTES
#define SRTLA_RESCUE_BYTES (8 * 1024 * 1024)
#endif
void srtla_bond_set_rescue (SrtlaBond *bond, gboolean rescue);
void srtla_bond_set_nak_filter (SrtlaBond *bond, gboolean nak_filter);
/* Also for all modes but classic: how long a queue an uplink may have in front
 * of it, µs, before packets wait here instead; default SRTLA_QUEUE_TARGET. 0:
 * uplinks are given all there is. */
void srtla_bond_set_queue_target (SrtlaBond *bond, SrtlaTime queue_target);
/* A class's budget, quantum and queue length, any time: they count from the next
 * packet on. What waits keeps its deadline, and stays where a queue becomes too
 * short for it. */
void srtla_bond_set_class (SrtlaBond *bond, SrtlaClass priority,
    const SrtlaClassSettings *settings);

/* ---- Flows ------------------------------------------------------------- */

#define SRTLA_MAX_FLOWS 64
/* The flow of srtla_bond_push (), always open. */
#define SRTLA_MAIN_FLOW 0

typedef struct
{
  gint priority;                /* SrtlaClass or SRTLA_PRIORITY_AUTO */
  SrtlaTime budget;             /* µs, for its data packets; 0 = their class's */
  guint quantum;                /* bytes, against other flows */
  guint length;                 /* packets that may wait */
} SrtlaFlowSettings;

extern const SrtlaFlowSettings srtla_flow_defaults;

/* Opens a flow (1 to SRTLA_MAX_FLOWS - 1), or changes an open one, any time. What
 * a shorter queue has no room for is dropped, the oldest of the least urgent
 * class first. Closing drops what
 * waits in its queue, counted as flushed; so does flushing. What is further on
 * still goes. */
void srtla_bond_set_flow (SrtlaBond *bond, guint flow,
    const SrtlaFlowSettings *settings);
void srtla_bond_close_flow (SrtlaBond *bond, guint flow);
void srtla_bond_flush_flow (SrtlaBond *bond, guint flow);
/* Drops what waits in all queues, counted as flushed. */
void srtla_bond_flush (SrtlaBond *bond);
/* Returns: how many packets wait for room. */
guint srtla_bond_waiting (const SrtlaBond *bond);
/* Media of the flow is critical until then (MEDIUM, not LOW). */
void srtla_bond_set_critical (SrtlaBond *bond, guint flow, SrtlaTime until);

/* ---- The brake --------------------------------------------------------- */

/* The uplink's socket takes no more (EAGAIN, ENOBUFS), or does again. */
void srtla_bond_uplink_blocked (SrtlaBond *bond, guint uplink,
    gboolean blocked);
/* What waits in its device's queue, bytes. */
void srtla_bond_uplink_backlog (SrtlaBond *bond, guint uplink, guint64 bytes);
/* The highest bitrate it may carry, bits/s; 0 = no limit. */
void srtla_bond_uplink_limit (SrtlaBond *bond, guint uplink, guint64 bitrate,
    SrtlaTime now);

/* The largest datagram that its path carries, bytes, as the system knows it.
 * Larger packets go by other uplinks as long as one that is up carries them;
 * else they are handed out all the same, and the socket may refuse them. The
 * first such packet is an event. Paths carry SRTLA_MAX_DATAGRAM until told. */
void srtla_bond_uplink_largest (SrtlaBond *bond, guint uplink, guint bytes);

/* ---- In ---------------------------------------------------------------- */

typedef enum
{
  SRTLA_PUSH_TAKEN,
  SRTLA_PUSH_NOT_SRT,           /* under 16 or over 1500 bytes, an SRTLA or
                                 * unknown type, or MPEG-TS */
  SRTLA_PUSH_NO_UPLINK,         /* no uplink is up */
  SRTLA_PUSH_FULL,              /* outputs were not taken */
} SrtlaPushVerdict;

/* An SRT packet on its way to the receiver. Takes over one reference on
 * packet->owner, whatever the verdict; each verdict has its counter. *caller,
 * unless NULL, becomes the slot of the SRT caller or SRTLA_NO_CALLER: replies
 * name it. */
SrtlaPushVerdict srtla_bond_push (SrtlaBond *bond, const SrtlaPacket *packet,
    SrtlaTime now, guint *caller);

/* The same for any open flow, with what is known of the packet. It may wait for
 * room; then it is sent, or dropped for a reason that has a counter. Here `now`
 * is when it arrived, which may be before the time last told, or after what is
 * told next: time does not go back for that. */
SrtlaPushVerdict srtla_bond_push_flow (SrtlaBond *bond, guint flow,
    const SrtlaPacket *packet, gboolean droppable, SrtlaTime now,
    guint *caller);

/* A datagram that came in on an uplink's socket. Never trusted. */
void srtla_bond_receive (SrtlaBond *bond, guint uplink, const guint8 *data,
    gsize size, SrtlaTime now);

/* Does what is due. Cheap when nothing is. */
void srtla_bond_tick (SrtlaBond *bond, SrtlaTime now);

/* Returns: when tick() has something to do; SRTLA_TIME_NONE if never. */
SrtlaTime srtla_bond_deadline (const SrtlaBond *bond);

/* ---- Out --------------------------------------------------------------- */

typedef enum
{
  SRTLA_OUTPUT_PACKET,          /* an SRT packet for `uplink`; its reference is
                                 * the taker's now */
  SRTLA_OUTPUT_CONTROL,         /* an SRTLA datagram of ours for `uplink` */
  SRTLA_OUTPUT_REPLY,           /* an SRT packet back to `caller` */
  SRTLA_OUTPUT_REBIND,          /* `uplink` needs a new source port */
} SrtlaOutputKind;

/* Why a packet goes out that also goes, or went, another way. */
typedef enum
{
  SRTLA_COPY_NONE,              /* it does not */
  SRTLA_COPY_PROBE,             /* to learn of the uplink's state */
  SRTLA_COPY_RESCUE,            /* its uplink stalled or failed */
  SRTLA_COPY_SECOND,            /* it was retransmitted before, in vain */
} SrtlaCopy;

typedef struct
{
  SrtlaOutputKind kind;
  guint uplink;                 /* slot; for a REPLY the one it came in on */
  guint caller;                 /* slot or SRTLA_NO_CALLER: PACKET and REPLY */
  SrtlaPacket packet;           /* owner NULL but for PACKET */
  SrtlaCopy copy;               /* of a PACKET */
  guint8 priority;              /* SrtlaClass of a PACKET */
  SrtlaTime arrived;            /* when it was pushed: PACKET */
  guint8 flow;                  /* likewise, and by which */
  SrtlaTime expires;            /* PACKET: of no use if it arrives later than one
                                 * that leaves then at best; NONE = never */
} SrtlaOutput;

/* Returns: FALSE when there is no more. */
gboolean srtla_bond_next_output (SrtlaBond *bond, SrtlaOutput *output);

typedef enum
{
  SRTLA_SEND_DONE,
  SRTLA_SEND_FAILED,            /* an error of the path; not EAGAIN or ENOBUFS,
                                 * which are backpressure, not failures */
  SRTLA_SEND_DROPPED,           /* given up by the owner, e.g. its queue is full */
  SRTLA_SEND_RETURNED,          /* not sent, and cannot be: its socket closes, or
                                 * takes no more */
  SRTLA_SEND_EXPIRED,           /* given up as srtla_bond_is_expired () */
} SrtlaSendResult;

/* Returns: whether a PACKET that was taken and waits for its socket could not
 * arrive in time any more: by the time told last. */
gboolean srtla_bond_is_expired (const SrtlaBond *bond,
    const SrtlaOutput *output);
/* Returns: whether another uplink has room for `size` bytes now, so that what
 * waits for this one's socket had better be RETURNED. */
gboolean srtla_bond_has_room_beside (const SrtlaBond *bond, guint uplink,
    gsize size);

/* What became of a PACKET output: `data` and `size` as taken (the bytes are
 * read), so before the owner drops its reference, whatever the result. DONE need
 * not be reported. A failure takes the packet out of what is in flight. In all
 * modes but classic what FAILED or is RETURNED goes out again by another uplink,
 * if there is one: an output with a reference of its own. For CONTROL outputs
 * only failures are reported. */
void srtla_bond_send_result (SrtlaBond *bond, const SrtlaOutput *output,
    SrtlaSendResult result, SrtlaTime now);

/* A PACKET output reached its socket: its class takes note of how long that
 * took. */
void srtla_bond_note_sent (SrtlaBond *bond, const SrtlaOutput *output,
    SrtlaTime now);

typedef enum
{
  SRTLA_EVENT_UPLINK_STATE,
  SRTLA_EVENT_CONNECTED,        /* the first uplink is up */
  SRTLA_EVENT_DISCONNECTED,     /* the last uplink went down */
  SRTLA_EVENT_CONNECTION_TIMEOUT,       /* no uplink up for that long; once */
  SRTLA_EVENT_CALLER,           /* a new SRT caller is seen */
  SRTLA_EVENT_STALLED,          /* `uplink` stopped delivering: it rests */
  SRTLA_EVENT_DELIVERS,         /* `uplink` delivers again */
  SRTLA_EVENT_NARROW,           /* packets are larger than `uplink` carries */
  SRTLA_EVENT_COVERAGE,         /* what SRTLA ACKs name on `uplink` changed */
  SRTLA_EVENTS_LOST,            /* events were not taken in time */
} SrtlaEventKind;

typedef struct
{
  SrtlaEventKind kind;
  SrtlaTime time;
  guint uplink;                 /* slot or SRTLA_NO_UPLINK */
  guint caller;                 /* slot or SRTLA_NO_CALLER */
  SrtlaUplinkState from, to;    /* UPLINK_STATE */
  const gchar *reason;          /* UPLINK_STATE; COVERAGE: its name; else NULL */
} SrtlaEvent;

/* Returns: FALSE when there is no more. At most 256 wait; then the oldest go. */
gboolean srtla_bond_next_event (SrtlaBond *bond, SrtlaEvent *event);

/* Writes an event as one readable line without its end, such as
 * "1.250000 uplink 2: registering -> up (REG3)". Returns: its length. */
gsize srtla_event_format (const SrtlaEvent *event, gchar *out, gsize size);

/* ---- Statistics -------------------------------------------------------- */

typedef struct
{
  guint slot;
  SrtlaUplinkState state;
  SrtlaTime state_since;
  gint32 window;                /* thousandths of a packet */
  gint32 in_flight;             /* packets */
  SrtlaTime rtt, rtt_minimum, rtt_variance;     /* µs; 0 = not measured */
  SrtlaTime last_heard;         /* 0 = nothing yet */
  guint64 bitrate;              /* bits/s */
  gdouble share;                /* 0 to 1 */
  gdouble quality;              /* factor on its score, about 0.35 to 1.15 */
  guint64 bursts;               /* of losses */
  gboolean stalled;
  SrtlaCoverage coverage;       /* as it was in the other modes: mode classic */
  guint64 delivered_rate;       /* bits/s, highest of the last 10 s; 0 = unknown */
  guint64 capacity;             /* bits/s that it is trusted with */
  guint largest;                /* datagram that its path carries, bytes */
  SrtlaTime queue;              /* µs in front of a new packet */
  SrtlaUplinkCounters counters;
} SrtlaUplinkStats;

/* How long packets took from the flow to the socket, µs. */
typedef struct
{
  guint64 packets;
  SrtlaTime p50, p95, p99, maximum;
} SrtlaDelays;

/* Why a packet was not sent. */
typedef enum
{
  SRTLA_LOSS_NOT_SRT,           /* has no class */
  SRTLA_LOSS_NO_UPLINK,
  SRTLA_LOSS_FULL,              /* outputs were not taken */
  SRTLA_LOSS_SEND_ERROR,        /* FAILED */
  SRTLA_LOSS_UPLINK_QUEUE,      /* DROPPED */
  SRTLA_LOSS_UPLINK_REMOVED,
  SRTLA_LOSS_QUEUE,             /* no room in the flow's queue */
  SRTLA_LOSS_EXPIRED,           /* could not arrive in time any more */
  SRTLA_LOSS_FLUSHED,
  SRTLA_N_LOSSES
} SrtlaLoss;

/* lost: packets, by reason. */
static inline guint64
srtla_losses_sum (const guint64 lost[SRTLA_N_LOSSES])
{
  guint64 packets = 0;
  guint i;

  for (i = 0; i < SRTLA_N_LOSSES; i++)
    packets += lost[i];
  return packets;
}

/* The books of a class or a flow: in = out + lost + waiting. In mode classic
 * all packets count as LOW. */
typedef struct
{
  guint64 packets_in, bytes_in;
  guint64 packets_out, bytes_out;       /* handed to an uplink */
  guint64 late;                 /* of those, past their deadline */
  guint64 lost[SRTLA_N_LOSSES]; /* packets */
  guint waiting, waiting_maximum;       /* packets, in all queues */
  guint64 waiting_bytes, waiting_bytes_maximum;
} SrtlaTraffic;

/* Returns: the right side of its books; the left one is packets_in. */
static inline guint64
srtla_traffic_accounted (const SrtlaTraffic * traffic)
{
  return traffic->packets_out + traffic->waiting
      + srtla_losses_sum (traffic->lost);
}

typedef struct
{
  SrtlaTraffic traffic;
  guint64 packets, bytes;       /* sent without having waited */
  SrtlaQueueStats ingress, edf, egress;
  /* The last interval that srtla_bond_reset_interval () ended; before that, and
   * the other always: since the start. */
  SrtlaDelays interval, total;
} SrtlaClassStats;

typedef struct
{
  guint flow;
  SrtlaFlowSettings settings;
  SrtlaTraffic traffic;         /* since it was opened */
  SrtlaQueueStats queue;
  SrtlaDelays interval, total;
} SrtlaFlowStats;

typedef struct
{
  /* From the callers. pushed = sent + lost + waiting + outputs waiting. */
  guint64 packets_pushed, bytes_pushed;
  guint64 packets_sent, bytes_sent;     /* outputs not reported as failed */
  guint64 retransmissions;
  guint64 lost[SRTLA_N_LOSSES];
  guint waiting;                        /* for room on the uplinks, now */
  guint64 duplicates, duplicate_bytes;  /* copies of all kinds, beside packets_sent */
  guint64 probes;                       /* of those, packets */
  guint64 rescued, rescued_bytes;
  guint64 second_copies;
  guint64 naks_held;                    /* numbers, when first held back */
  guint64 naks_dropped;                 /* of those, never told: arrived, sent
                                         * again, or out of date */
  guint64 naks_released;                /* of those, lost after all */
  guint64 kept_bytes;                   /* held for rescue now */
  guint64 untracked;                    /* data packets sent without a caller slot */

  /* From the receiver. */
  guint64 datagrams_received, bytes_received;
  guint64 ignored_malformed;            /* too short, too long, unreadable */
  guint64 ignored_unknown;              /* private types, keepalives of nobody */
  guint64 ignored_registration;         /* forged, unasked for, late */
  guint64 ignored_numbers;              /* ACK and NAK numbers never sent */
  guint64 srtla_acks;                   /* datagrams */
  guint64 srt_acks, srt_naks;           /* packets, copies not counted */
  guint64 naks;                         /* sequence numbers in them */
  guint64 replies, reply_bytes;         /* handed back */
  guint64 reply_copies;                 /* ACKs and NAKs that were copies */

  guint uplinks_up;
  guint callers;
  guint64 bitrate;                      /* bits/s of all uplinks together */
  SrtlaTime connected_since;            /* 0 = no uplink is up */
  SrtlaRegistrationStats registration;

  SrtlaClassStats classes[SRTLA_N_CLASSES];
  guint n_flows;
  SrtlaFlowStats flows[SRTLA_MAX_FLOWS];
  guint n_uplinks;
  SrtlaUplinkStats uplinks[SRTLA_MAX_UPLINKS];  /* in order of their addition */
} SrtlaBondStats;

/* Returns: what is known of the packets pushed: as many as packets_pushed once
 * all outputs were taken. */
static inline guint64
srtla_bond_stats_accounted (const SrtlaBondStats * stats)
{
  return stats->packets_sent + stats->waiting
      + srtla_losses_sum (stats->lost);
}

/* Begins another interval for the delays of classes and flows. */
void srtla_bond_reset_interval (SrtlaBond *bond);
/* Begins the first one anew, if there are to be any more: until it is over there
 * is none to tell of. */
void srtla_bond_forget_intervals (SrtlaBond *bond);

/* Copies plain numbers; any time. */
void srtla_bond_get_stats (const SrtlaBond *bond, SrtlaTime now,
    SrtlaBondStats *stats);

G_END_DECLS
