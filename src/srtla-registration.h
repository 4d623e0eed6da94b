/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registration of the uplinks with a receiver: the REG1 / REG2 / REG3 / NGP /
 * ERR state machine of one group. It knows uplinks by their slot numbers and
 * acts through a queue of actions; see docs/protocol.md for the exchange.
 *
 *   first contact   REG2 with a draft id on every uplink; the receiver does
 *                   not know it, and REG_NGP says which uplink has a path
 *   group           REG1 on one such uplink; REG2 comes back with the full id
 *   joining         REG2 with the full id on every uplink; REG3: it is up
 */
#pragma once

#include "srtla-packet.h"
#include "srtla-rtt.h"

G_BEGIN_DECLS

/* REG2 is repeated after 3 × RTT, at least this; doubling up to the maximum
 * while nothing answers. */
#define SRTLA_REG_RETRY_MIN (250 * SRTLA_MILLISECOND)
#define SRTLA_REG_RETRY_MAX (1 * SRTLA_SECOND)
/* After REG_ERR: doubling from the first to the second. */
#define SRTLA_REG_BACKOFF_MIN (500 * SRTLA_MILLISECOND)
#define SRTLA_REG_BACKOFF_MAX (8 * SRTLA_SECOND)

typedef struct _SrtlaRegistration SrtlaRegistration;

typedef enum
{
  SRTLA_REGISTRATION_SEND,      /* send the datagram on the uplink */
  SRTLA_REGISTRATION_REBIND,    /* give the uplink a new source port: close its
                                 * socket, open another, then closed()+opened() */
} SrtlaRegistrationAction;

typedef struct
{
  SrtlaRegistrationAction action;
  guint uplink;
  SrtlaKind kind;               /* of a datagram to send: REG1 or REG2 */
  const guint8 *data;           /* valid until the next call but next() */
  gsize size;
} SrtlaRegistrationOutput;

/* What a datagram from the network turned out to be. */
typedef enum
{
  SRTLA_REGISTRATION_TAKEN,     /* it moved something */
  SRTLA_REGISTRATION_IGNORED,   /* unasked for, late or forged: counted */
} SrtlaRegistrationVerdict;

/* Called at each change of an uplink's state, after it: the one door. `reason`
 * is a short readable phrase, static. */
typedef void (*SrtlaRegistrationStateFunc) (guint uplink,
    SrtlaUplinkState from, SrtlaUplinkState to, const gchar *reason,
    SrtlaTime now, gpointer user_data);

/* random: where group ids come from (called at the start of each new group).
 * changed: may be NULL. user_data is handed to both. */
SrtlaRegistration *srtla_registration_new (SrtlaRandomFunc random,
    SrtlaRegistrationStateFunc changed, gpointer user_data);
void srtla_registration_free (SrtlaRegistration *registration);

/* An uplink's slot comes into use without a socket (CLOSED), or leaves for
 * good. Removing the last uplink that is up starts a new group when the next
 * uplinks find the old one unknown. */
void srtla_registration_add (SrtlaRegistration *registration, guint uplink,
    SrtlaTime now);
void srtla_registration_remove (SrtlaRegistration *registration, guint uplink,
    SrtlaTime now);

/* Its socket exists and may send; or is gone (`reason` for the trace). */
void srtla_registration_opened (SrtlaRegistration *registration, guint uplink,
    SrtlaTime now);
void srtla_registration_closed (SrtlaRegistration *registration, guint uplink,
    const gchar *reason, SrtlaTime now);

/* The uplink fell silent: DOWN, and REG2 again at once. No effect unless UP. */
void srtla_registration_lost (SrtlaRegistration *registration, guint uplink,
    const gchar *reason, SrtlaTime now);

/* Something that only a receiver which knows the uplink sends came in on it
 * (an echo, an SRTLA ACK, an SRT packet): DOWN becomes UP without waiting for
 * REG3. No effect unless DOWN. */
void srtla_registration_heard (SrtlaRegistration *registration, guint uplink,
    SrtlaTime now);

/* Forget the group and start over with every open uplink: another receiver. */
void srtla_registration_restart (SrtlaRegistration *registration,
    SrtlaTime now);

/* The smoothed RTT of the uplink as known from elsewhere (keepalives), for its
 * retry timer. 0: unknown; then what registration itself saw is used. */
void srtla_registration_set_rtt (SrtlaRegistration *registration, guint uplink,
    SrtlaTime rtt);

/* A datagram of kind REG1, REG2, REG3, REG_ERR, REG_NGP or REG_NAK came in on
 * the uplink. */
SrtlaRegistrationVerdict srtla_registration_receive (SrtlaRegistration *
    registration, guint uplink, SrtlaKind kind, const guint8 *data, gsize size,
    SrtlaTime now);

/* Does what is due at `now`; the deadline says when that will be again:
 * SRTLA_TIME_NONE if never. */
void srtla_registration_tick (SrtlaRegistration *registration, SrtlaTime now);
SrtlaTime srtla_registration_deadline (const SrtlaRegistration *registration);

/* Takes the next action from the queue. Returns: FALSE if there is none. The
 * queue holds at most one datagram and one rebind per uplink; it is for the
 * owner to take them before it calls anything else. */
gboolean srtla_registration_next (SrtlaRegistration *registration,
    SrtlaRegistrationOutput *output);

SrtlaUplinkState srtla_registration_state (const SrtlaRegistration *
    registration, guint uplink);
/* Returns: whether a receiver gave us a group that is not known to be gone. */
gboolean srtla_registration_has_group (const SrtlaRegistration *registration);

typedef struct
{
  guint64 reg1_sent, reg2_sent; /* datagrams */
  guint64 groups;               /* groups that were set up */
  guint64 refused;              /* REG_ERR taken */
  guint64 ignored;              /* forged, unasked for, late */
} SrtlaRegistrationStats;

void srtla_registration_get_stats (const SrtlaRegistration *registration,
    SrtlaRegistrationStats *stats);

G_END_DECLS
