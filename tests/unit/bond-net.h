/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bond on a network in virtual time: links that are FIFOs with a delay, an
 * SRTLA receiver that acknowledges each tenth packet, SRT callers that send
 * again what a NAK names, and an SRT server that acknowledges and reports gaps.
 * Everything that left and arrived is on record.
 */
#pragma once

#include "srtla-bond-private.h"
#include "testing.h"

G_BEGIN_DECLS

#define NET_LINKS   8
#define NET_CALLERS 2
#define NET_PACKET  1332        /* bytes of a data packet */

typedef enum
{
  NET_NAK_NEVER,
  NET_NAK_PERIODIC,             /* every gap, each 20 ms */
  NET_NAK_ONCE,                 /* each gap when it is first seen */
} NetNaks;

typedef struct
{
  SrtlaTime delay;              /* one way */
  SrtlaTime packet_time;        /* that a data packet takes; 0 = none */
  gboolean cut;                 /* nothing passes, either way */
  gboolean data_cut;            /* keepalives pass, data does not */
  gboolean no_acks;             /* it delivers, and no SRTLA ACK says so */
  guint skips;                  /* SRTLA ACKs that are not sent after each one */
  guint loss;                   /* data packets of a thousand */
  guint64 arrived;              /* data packets */
  guint64 keepalives;           /* that came through to the receiver */

  SrtlaTime free_at;
  GQueue forward, back;         /* NetDatagram */
  guint32 unacknowledged[SRTLA_ACK_TRAIN];
  guint n_unacknowledged, n_trains;
} NetLink;

/* What became of a packet. */
typedef struct
{
  SrtlaTime sent_at, arrived_at;        /* first; 0 = did not */
  SrtlaTime told_at;                    /* first NAK that the caller saw */
  SrtlaTime reported_at;                /* first NAK of the server */
  guint64 uplinks;              /* that carried a copy, bits */
  guint originals;              /* sent as the caller's own, with repeats */
  guint rescues, probes, seconds;       /* copies of the bond's */
  guint told;                   /* NAKs that the caller saw */
  guint arrivals;
} NetRecord;

typedef struct
{
  guint32 socket_id, peer_id;
  guint32 first, next;          /* numbers sent: first to before next */
  SrtlaTime latency;
  GArray *records;              /* NetRecord, from `first` on */
  guint point;                  /* index of the first not received */
  guint end;                    /* index after the highest received */
  SrtlaTime stuck_since;        /* the point did not move */
  guint given_up;               /* packets too late */
  guint acknowledged;           /* the last SRT ACK said so */
} NetCaller;

typedef struct
{
  SrtlaTime time;
  guint caller, uplink;
  guint32 sequence;
  SrtlaCopy copy;
  gboolean retransmission;
} NetSent;

typedef struct
{
  SrtlaBond *bond;
  GRand *rand;
  SrtlaTime now;
  gint references;              /* on packets, that the bond owns */
  NetLink links[SRTLA_MAX_UPLINKS];
  NetCaller callers[NET_CALLERS];
  guint n_callers;
  guint8 group_id[SRTLA_GROUP_ID];

  SrtlaTime interval;           /* between a caller's packets; 0 = it rests */
  NetNaks naks;
  gboolean acks;                /* the SRT server acknowledges */
  gboolean deaf;                /* callers do not send again */
  gboolean repeats_arrive;      /* retransmissions are not lost at random */
  SrtlaTime next_send, next_server;
  guint32 stamp;                /* makes each control packet another */

  GArray *sent;                 /* NetSent, in order */
  GArray *again;                /* numbers to send again, after outputs */
  GString *trace;               /* events, a line each */
  guint64 nak_numbers;          /* that callers were told */
} Net;

/* A bond in enhanced mode with `links` uplinks of that delay, all up. */
void net_init (Net *net, guint links, SrtlaTime delay);
/* Checks that every reference came back. */
void net_clear (Net *net);

guint net_add_link (Net *net, SrtlaTime delay);
/* A caller that shook hands, with a server as `naks` says. Returns: its
 * index. */
guint net_add_caller (Net *net, guint32 first, guint latency_ms);

/* Lets time pass: links deliver, callers send, the server answers. */
void net_run (Net *net, SrtlaTime span);
/* A caller's next packet, or an earlier one again. */
void net_send (Net *net, guint caller);
void net_send_again (Net *net, guint caller, guint32 sequence);
/* Takes outputs; for tests that call the bond themselves. */
void net_take (Net *net);
/* A datagram comes in. */
void net_receive (Net *net, guint uplink, const guint8 *data, gsize size);

NetRecord *net_record (Net *net, guint caller, guint32 sequence);
SrtlaUplinkStats net_uplink (const Net *net, guint uplink);
SrtlaBondStats net_stats (const Net *net);

/* Returns: how many numbers are held back from callers now. */
guint net_held (const Net *net);
/* Packets, references, kept bytes and NAKs: nothing is lost or counted twice.
 * Outputs must have been taken. */
void net_assert_books (const Net *net);
/* Returns: packets of a caller that never arrived, sent before that time. */
guint net_missing (Net *net, guint caller, SrtlaTime before);

G_END_DECLS
