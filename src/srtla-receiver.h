/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other end: groups, registration, limits, timeouts, SRTLA ACKs, echoes
 * and relay rules of a receiver, as clock-free as the sender's core, in each
 * of the six behaviours that deployed receivers show (docs/protocol.md).
 */
#pragma once

#include "srtla-packet.h"

G_BEGIN_DECLS

typedef enum
{
  SRTLA_BEHAVIOUR_A,            /* the original */
  SRTLA_BEHAVIOUR_B,
  SRTLA_BEHAVIOUR_C,
  SRTLA_BEHAVIOUR_D,            /* never sends SRTLA ACKs */
  SRTLA_BEHAVIOUR_E,
  SRTLA_BEHAVIOUR_F,
} SrtlaBehaviour;

#define SRTLA_BEHAVIOURS (SRTLA_BEHAVIOUR_F + 1)

/* Who a datagram came from: the owner's number for an address and port. Two
 * datagrams from one address and port have the same number; never 0. */
typedef guint64 SrtlaPeer;

typedef struct _SrtlaReceiver SrtlaReceiver;

/* random: where the second halves of group ids come from. */
SrtlaReceiver *srtla_receiver_new (SrtlaBehaviour behaviour,
    SrtlaRandomFunc random, gpointer user_data, SrtlaTime now);
void srtla_receiver_free (SrtlaReceiver *receiver);

/* Of the SRTLA ACKs only this share, 0 to 100 per cent (clamped), is sent from
 * now on, evenly: deployed receivers of kind C throttle them so. What the others
 * would have named is never named. */
void srtla_receiver_throttle (SrtlaReceiver *receiver, guint share);

/* Returns: whether the receiver keeps the number of `peer`: it is in a group,
 * or blocked. Its owner must keep it too, until PEER_GONE. The number of anybody
 * else is free once the outputs of its datagram were taken. */
gboolean srtla_receiver_knows (const SrtlaReceiver *receiver, SrtlaPeer peer);

/* A datagram from the network; or one from the SRT server for a group. */
void srtla_receiver_receive (SrtlaReceiver *receiver, SrtlaPeer peer,
    const guint8 *data, gsize size, SrtlaTime now);
void srtla_receiver_relay (SrtlaReceiver *receiver, guint group,
    const guint8 *data, gsize size, SrtlaTime now);
void srtla_receiver_tick (SrtlaReceiver *receiver, SrtlaTime now);
SrtlaTime srtla_receiver_deadline (const SrtlaReceiver *receiver);

typedef enum
{
  SRTLA_RECEIVER_TO_PEER,       /* send to `peer` */
  SRTLA_RECEIVER_TO_SERVER,     /* send to the SRT server from the group's port */
  SRTLA_RECEIVER_GROUP_OPENED,  /* make a port for the group */
  SRTLA_RECEIVER_GROUP_CLOSED,  /* close it */
  SRTLA_RECEIVER_PEER_GONE,     /* `peer` left its group: its number is free */
} SrtlaReceiverOutputKind;

typedef struct
{
  SrtlaReceiverOutputKind kind;
  guint group;                  /* number of the group, reused after closing */
  SrtlaPeer peer;
  const guint8 *data;           /* valid until the next call but next_output() */
  gsize size;
} SrtlaReceiverOutput;

/* Take them all after each call. Returns: FALSE when there is no more. */
gboolean srtla_receiver_next_output (SrtlaReceiver *receiver,
    SrtlaReceiverOutput *output);

typedef struct
{
  guint groups, peers;          /* now */
  guint64 registered;           /* REG3 sent */
  guint64 refused;              /* REG_ERR sent */
  guint64 unknown_group;        /* REG_NGP sent */
  guint64 packets, bytes;       /* SRT packets to the server */
  guint64 strangers;            /* datagrams of peers in no group: dropped */
  guint64 malformed;
  guint64 acks;                 /* SRTLA ACKs sent */
} SrtlaReceiverStats;

void srtla_receiver_get_stats (const SrtlaReceiver *receiver,
    SrtlaReceiverStats *stats);

/* Returns: the behaviour of a letter, 'a' to 'f' in either case; FALSE if
 * there is none. */
gboolean srtla_behaviour_find (gchar letter, SrtlaBehaviour *behaviour);

G_END_DECLS
