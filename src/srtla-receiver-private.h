/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the receiver share. */
#pragma once

#include "srtla-receiver.h"

G_BEGIN_DECLS

#define SRTLA_RECEIVER_GROUPS 200
#define SRTLA_RECEIVER_NO_GROUP G_MAXUINT
/* Data packets that one SRTLA ACK names. */
#define SRTLA_RECEIVER_ACK_EVERY 10

typedef enum
{
  SRTLA_NAK_TO_LATEST,          /* the uplink heard last */
  SRTLA_NAK_TO_EVERY,
  SRTLA_NAK_TO_EVERY_REPEATED,  /* and again and again to the one heard last */
} SrtlaNakRule;

typedef enum
{
  SRTLA_OWN_KEEPALIVES_NEVER,
  SRTLA_OWN_KEEPALIVES_RECOVERING,      /* to uplinks that fell silent */
  SRTLA_OWN_KEEPALIVES_ALWAYS,
} SrtlaOwnKeepalives;

/* One column of the table in docs/protocol.md. */
typedef struct
{
  SrtlaTime uplink_timeout;     /* since it was last heard */
  SrtlaTime group_timeout;      /* since its last uplink left, or since REG1 */
  SrtlaTime unused_timeout;     /* the same for a group that carried nothing */
  guint max_uplinks;            /* of a group */
  gsize short_size;             /* bytes: REG3, REG_NGP, REG_ERR, keepalives */
  gboolean refuses;             /* sends REG_ERR */
  gboolean acknowledges;        /* sends SRTLA ACKs */
  gboolean keepalive_is_latest; /* a keepalive counts for "heard last" */
  gboolean pads;                /* echoes; SRT packets but ACKs and NAKs */
  gboolean blocks;              /* peers whose SRT handshakes fail */
  SrtlaNakRule naks;
  SrtlaOwnKeepalives keepalives;
} SrtlaBehaviourTraits;

typedef struct
{
  SrtlaPeer peer;
  guint group;                  /* number, or SRTLA_RECEIVER_NO_GROUP */
  gboolean registered;          /* an uplink; else only the sender of REG1 */
  SrtlaTime last_heard;
  guint32 received[SRTLA_RECEIVER_ACK_EVERY];   /* not acknowledged yet */
  guint n_received;
  guint ack_credit;             /* per cent of an SRTLA ACK, while throttled */
  guint failed_handshakes;      /* in a row */
  SrtlaTime blocked_until;      /* 0 = not blocked */
} SrtlaReceiverPeer;

typedef struct
{
  guint8 id[SRTLA_GROUP_ID];
  GPtrArray *uplinks;           /* of registered SrtlaReceiverPeer; not owned */
  SrtlaReceiverPeer *creator;   /* sent REG1; NULL once it left */
  SrtlaReceiverPeer *latest;    /* the uplink heard last, or NULL */
  SrtlaTime empty_since;        /* while there are no uplinks */
  gboolean used;                /* an SRT packet went through */
  guint8 nak[SRTLA_MAX_DATAGRAM];       /* latest, while it is repeated */
  gsize nak_size;               /* 0 = none */
  SrtlaTime nak_at;             /* next repetition */
  SrtlaTime nak_until;
} SrtlaReceiverGroup;

struct _SrtlaReceiver
{
  SrtlaBehaviour behaviour;
  const SrtlaBehaviourTraits *traits;
  SrtlaRandomFunc random;
  gpointer user_data;

  SrtlaReceiverGroup *groups[SRTLA_RECEIVER_GROUPS];    /* NULL: free number */
  GHashTable *peers;            /* SrtlaPeer → SrtlaReceiverPeer, owned */
  SrtlaTime next_sweep;
  SrtlaTime next_keepalive;

  GArray *outputs;              /* of SrtlaReceiverOutput; see the .c file */
  GByteArray *bytes;            /* what they point into */
  guint taken;                  /* outputs handed out already */

  guint ack_share;              /* of the SRTLA ACKs, that are sent, per cent */
  SrtlaReceiverStats stats;
};

/* ---- Outputs ----------------------------------------------------------- */

/* For each call from outside: the outputs of the one before were taken. */
void srtla_receiver_begin (SrtlaReceiver *receiver);
/* Keeps a copy of a datagram for outputs. Returns: where, for the next two. */
gsize srtla_receiver_keep (SrtlaReceiver *receiver, const guint8 *data,
    gsize size);
void srtla_receiver_queue (SrtlaReceiver *receiver,
    SrtlaReceiverOutputKind kind, guint group, SrtlaPeer peer, gsize kept,
    gsize size);
/* A datagram for one peer. */
void srtla_receiver_send (SrtlaReceiver *receiver,
    const SrtlaReceiverPeer *to, const guint8 *data, gsize size);
/* A datagram that is its type alone, for a peer in a group or not. */
void srtla_receiver_send_short (SrtlaReceiver *receiver, SrtlaPeer to,
    SrtlaKind kind);

/* ---- Groups and peers -------------------------------------------------- */

SrtlaReceiverPeer *srtla_receiver_find (const SrtlaReceiver *receiver,
    SrtlaPeer peer);
void srtla_receiver_reg1 (SrtlaReceiver *receiver, SrtlaPeer peer,
    const guint8 *id, SrtlaTime now);
void srtla_receiver_reg2 (SrtlaReceiver *receiver, SrtlaPeer peer,
    const guint8 *id, SrtlaTime now);
/* Drops the uplinks, groups and blocks whose time is over. */
void srtla_receiver_sweep (SrtlaReceiver *receiver, SrtlaTime now);
void srtla_receiver_group_free (SrtlaReceiverGroup *group);

/* ---- SRT packets ------------------------------------------------------- */

/* From an uplink to the server, and acknowledged. */
void srtla_receiver_forward (SrtlaReceiver *receiver,
    SrtlaReceiverPeer *uplink, SrtlaKind kind, const guint8 *data, gsize size);
/* Repeats the NAKs that are due, and says when the next will be. */
void srtla_receiver_repeat_naks (SrtlaReceiver *receiver, SrtlaTime now);
SrtlaTime srtla_receiver_next_nak (const SrtlaReceiver *receiver);

G_END_DECLS
