/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of registration share. */
#pragma once

#include "srtla-registration.h"

G_BEGIN_DECLS

typedef enum
{
  STEP_UNUSED,                  /* the slot is nobody's */
  STEP_CLOSED,                  /* no socket */
  STEP_PROBING,                 /* REG2 with the draft id is repeated */
  STEP_WAITING,                 /* the path is proven; another uplink asks */
  STEP_ASKING,                  /* REG1 is on its way */
  STEP_JOINING,                 /* REG2 with the group's id is repeated */
  STEP_UP,
  STEP_REFUSED,                 /* REG_ERR came: a rebind after the backoff */
} Step;

typedef enum
{
  DATAGRAM_PROBE,               /* REG2, draft id */
  DATAGRAM_ASK,                 /* REG1, draft id */
  DATAGRAM_JOIN,                /* REG2, full id */
  DATAGRAMS
} Datagram;

typedef struct
{
  Step step;
  gboolean was_up;              /* JOINING: again, since it fell silent */
  gboolean proven;              /* REG_NGP showed a path; survives a rebind */
  gboolean asked;               /* REG1 from this socket has no answer yet */
  gboolean joined;              /* this socket sent REG2 with a group's id */
  guint unknown;                /* JOINING: times that REG_NGP came to it */
  gboolean rebinding;           /* REBIND was queued, closed() has not come */
  guint asks;                   /* REG1s without an answer since a group came */
  guint unanswered;             /* REG2s of this socket, any id */
  guint stale;                  /* of those, sent with another id than now */
  SrtlaTime stale_until;        /* then answers to them are not expected */
  SrtlaTime last_reg2;
  SrtlaTime asked_at;           /* latest REG1; 0 = never */
  SrtlaTime first_sent;         /* of what awaits an answer, or NONE */
  SrtlaTime retry_at;           /* NONE: nothing to repeat */
  SrtlaTime interval;           /* from the last transmission to the next */
  SrtlaTime backoff;            /* latest; 0 = not refused since it was up */
  SrtlaTime rtt_known;          /* told by the owner; 0 = unknown */
  SrtlaTime rtt_seen;           /* of the latest exchange here; 0 = unknown */
  Datagram queued;              /* meaningful if its bit in `sends` is set */
} Uplink;

struct _SrtlaRegistration
{
  SrtlaRandomFunc random;
  SrtlaRegistrationStateFunc changed;
  gpointer user_data;

  gboolean has_draft;           /* the PROBE and ASK datagrams are filled in */
  gboolean has_group;           /* the JOIN datagram is */
  guint8 datagrams[DATAGRAMS][SRTLA_REG_SIZE];

  Uplink uplinks[SRTLA_MAX_UPLINKS];
  guint n_slots;                /* slots in use are below this */
  guint n_up;
  guint asking;                 /* the uplink that asks, or none */

  guint64 sends, rebinds;       /* queue: a bit per uplink */
  SrtlaTime deadline;
  SrtlaRegistrationStats stats;
};

/* ---- Steps ------------------------------------------------------------- */

SrtlaUplinkState srtla_registration_outside_state (const Uplink *uplink);
/* The one door: every change of step. */
void srtla_registration_set_step (SrtlaRegistration *self, guint slot,
    Step step, const gchar *reason, SrtlaTime now);

/* Starts to repeat REG2 with the draft id, or with the group's. */
void srtla_registration_probe (SrtlaRegistration *self, guint slot,
    const gchar *reason, SrtlaTime now);
void srtla_registration_join (SrtlaRegistration *self, guint slot,
    const gchar *reason, SrtlaTime now);
/* The same once more, later the next time. */
void srtla_registration_repeat (SrtlaRegistration *self, guint slot,
    Datagram datagram, SrtlaTime now);
/* What was sent has its answer. */
void srtla_registration_answered (Uplink *uplink, SrtlaTime now);
/* Asks the owner for a new source port. */
void srtla_registration_rebind (SrtlaRegistration *self, guint slot,
    SrtlaTime now);
/* REG_ERR came. */
void srtla_registration_refuse (SrtlaRegistration *self, guint slot,
    SrtlaTime now);

/* ---- The group --------------------------------------------------------- */

/* Draws an id for the next group. */
void srtla_registration_draw_draft (SrtlaRegistration *self);
/* Returns: whether the first half of an id is the one drawn last. */
gboolean srtla_registration_is_our_half (const SrtlaRegistration *self,
    const guint8 *id);
/* Lets an uplink send REG1, if it is time for one. */
void srtla_registration_ask_next (SrtlaRegistration *self, SrtlaTime now);
/* The answer to REG1 came: everybody joins. */
void srtla_registration_take_group (SrtlaRegistration *self, guint slot,
    const guint8 *id, SrtlaTime now);
/* Forgets the group if the receiver did and no uplink is up. */
void srtla_registration_check_group (SrtlaRegistration *self, SrtlaTime now);

G_END_DECLS
