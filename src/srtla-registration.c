/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-registration.h"

#include <string.h>

/* Half of a group id, bytes: the first is ours, the second the receiver's. */
#define HALF_ID (SRTLA_GROUP_ID / 2)

/* An uplink's own view of the round trip is an over-estimate, since the answer
 * may be one to a repetition. More than this is rather loss than distance. */
#define RTT_SEEN_MAX SRTLA_SECOND
/* REG1 is waited for twice as long each time it stays unanswered, up to this:
 * its successor goes out from a new port, where the late answer is not heard. */
#define ASK_WAIT_MAX (10 * SRTLA_SECOND)
/* Unanswered REG1s after which an uplink's path must be proven again. */
#define ASKS_PER_PROOF 3
/* So many REG_NGP, on one uplink or several, end a group: a single one may be
 * the late copy of one to a probe. */
#define UNKNOWN_ENOUGH 2
/* So long may REG_NGP still belong to a REG2 of before the present group. */
#define STALE_MEMORY (3 * SRTLA_SECOND)
/* A REBIND that was not acted upon is asked for again. */
#define REBIND_RETRY SRTLA_SECOND

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
  guint asks;                   /* REG1s without an answer since the last group */
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

/* ---- The one door ------------------------------------------------------ */

static SrtlaUplinkState
outside_state (const Uplink *uplink)
{
  switch (uplink->step) {
    case STEP_PROBING:
    case STEP_WAITING:
      return SRTLA_UPLINK_PROBING;
    case STEP_ASKING:
      return SRTLA_UPLINK_REGISTERING;
    case STEP_JOINING:
      return uplink->was_up ? SRTLA_UPLINK_DOWN : SRTLA_UPLINK_REGISTERING;
    case STEP_UP:
      return SRTLA_UPLINK_UP;
    case STEP_REFUSED:
      return SRTLA_UPLINK_REFUSED;
    case STEP_UNUSED:
    case STEP_CLOSED:
      break;
  }
  return SRTLA_UPLINK_CLOSED;
}

/* Every step is taken here. What the old step awaited, queued and timed ends. */
static void
set_step (SrtlaRegistration *self, guint slot, Step step, const gchar *reason,
    SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];
  SrtlaUplinkState from = outside_state (uplink);
  SrtlaUplinkState to;

  if (uplink->step == STEP_UP)
    self->n_up--;
  if (self->asking == slot)
    self->asking = SRTLA_NO_UPLINK;

  /* Joining goes on being "down" only if it comes straight from there. */
  uplink->was_up = step == STEP_JOINING
      && (uplink->step == STEP_UP || (uplink->step == STEP_JOINING
          && uplink->was_up));
  uplink->step = step;
  uplink->unknown = 0;
  uplink->first_sent = SRTLA_TIME_NONE;
  uplink->retry_at = SRTLA_TIME_NONE;
  self->sends &= ~(G_GUINT64_CONSTANT (1) << slot);

  if (step == STEP_UP) {
    self->n_up++;
    uplink->unanswered = 0;
  }
  if (step == STEP_ASKING)
    self->asking = slot;

  to = outside_state (uplink);
  if (from != to && self->changed != NULL)
    self->changed (slot, from, to, reason, now, self->user_data);
}

/* ---- Sending ----------------------------------------------------------- */

static void
queue_datagram (SrtlaRegistration *self, guint slot, Datagram datagram,
    SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  uplink->queued = datagram;
  self->sends |= G_GUINT64_CONSTANT (1) << slot;
  if (uplink->first_sent == SRTLA_TIME_NONE)
    uplink->first_sent = now;
  uplink->retry_at = now + uplink->interval;

  if (datagram == DATAGRAM_ASK) {
    uplink->asked = TRUE;
    uplink->asked_at = MAX (now, 1);
  } else {
    uplink->unanswered++;
    uplink->last_reg2 = now;
  }
  if (datagram == DATAGRAM_JOIN)
    uplink->joined = TRUE;
}

/* Returns: how long the first answer may take, without an upper bound. */
static SrtlaTime
patience (const Uplink *uplink)
{
  SrtlaTime rtt = uplink->rtt_known != 0 ? uplink->rtt_known : uplink->rtt_seen;

  return MAX (3 * MIN (rtt, SRTLA_RTT_MAX), SRTLA_REG_RETRY_MIN);
}

/* REG2 may be repeated freely. */
static void
start_repeating (SrtlaRegistration *self, guint slot, Datagram datagram,
    SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  uplink->interval = MIN (patience (uplink), SRTLA_REG_RETRY_MAX);
  queue_datagram (self, slot, datagram, now);
}

static void
repeat (SrtlaRegistration *self, guint slot, Datagram datagram, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  uplink->interval = MIN (2 * uplink->interval, SRTLA_REG_RETRY_MAX);
  queue_datagram (self, slot, datagram, now);
}

/* The answer came. */
static void
answered (Uplink *uplink, SrtlaTime now)
{
  if (uplink->first_sent != SRTLA_TIME_NONE && now >= uplink->first_sent)
    uplink->rtt_seen = CLAMP (now - uplink->first_sent, 1, RTT_SEEN_MAX);
  uplink->first_sent = SRTLA_TIME_NONE;
}

static void
rebind (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  uplink->rebinding = TRUE;
  uplink->first_sent = SRTLA_TIME_NONE;
  uplink->retry_at = now + REBIND_RETRY;
  self->rebinds |= G_GUINT64_CONSTANT (1) << slot;
  self->sends &= ~(G_GUINT64_CONSTANT (1) << slot);
}

/* ---- Group ids --------------------------------------------------------- */

static void
draw_draft (SrtlaRegistration *self)
{
  guint8 id[SRTLA_GROUP_ID];

  self->random (id, sizeof id, self->user_data);
  srtla_write_registration (self->datagrams[DATAGRAM_PROBE], SRTLA_KIND_REG2, id);
  srtla_write_registration (self->datagrams[DATAGRAM_ASK], SRTLA_KIND_REG1, id);
  self->has_draft = TRUE;
}

/* Whether the first half is the one we drew. In constant time: how much of a
 * guess was right must not show. */
static gboolean
is_our_half (const SrtlaRegistration *self, const guint8 *id)
{
  const guint8 *ours = srtla_read_registration (self->datagrams[DATAGRAM_ASK],
      SRTLA_REG_SIZE);
  guint8 difference = 0;
  guint i;

  if (!self->has_draft || ours == NULL)
    return FALSE;
  for (i = 0; i < HALF_ID; i++)
    difference |= ours[i] ^ id[i];
  return difference == 0;
}

/* ---- What an uplink does ----------------------------------------------- */

static void
probe (SrtlaRegistration *self, guint slot, const gchar *reason, SrtlaTime now)
{
  if (!self->has_draft)
    draw_draft (self);
  set_step (self, slot, STEP_PROBING, reason, now);
  self->uplinks[slot].proven = FALSE;
  start_repeating (self, slot, DATAGRAM_PROBE, now);
}

static void
join (SrtlaRegistration *self, guint slot, const gchar *reason, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  set_step (self, slot, STEP_JOINING, reason, now);
  uplink->stale = uplink->unanswered;
  uplink->stale_until = uplink->last_reg2 + STALE_MEMORY;
  start_repeating (self, slot, DATAGRAM_JOIN, now);
}

static void
ask (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  set_step (self, slot, STEP_ASKING, "path found, REG1", now);
  uplink->interval = MIN (patience (uplink) << MIN (uplink->asks, 8),
      ASK_WAIT_MAX);
  queue_datagram (self, slot, DATAGRAM_ASK, now);
}

/* Without a group and a REG1 on its way, the proven uplink that asked least
 * recently asks. A REG1 of its present socket may have put its address into a
 * group already: then it needs a new port first, one uplink at a time, since a
 * late answer to the others is still welcome. */
static void
ask_next (SrtlaRegistration *self, SrtlaTime now)
{
  guint best = SRTLA_NO_UPLINK;
  gboolean one_rebinds = FALSE;
  guint i;

  if (self->has_group || self->asking != SRTLA_NO_UPLINK)
    return;

  for (i = 0; i < self->n_slots; i++) {
    const Uplink *uplink = &self->uplinks[i];
    const Uplink *other;

    if (uplink->step != STEP_WAITING)
      continue;
    if (uplink->rebinding) {
      one_rebinds = TRUE;
      continue;
    }
    other = best == SRTLA_NO_UPLINK ? NULL : &self->uplinks[best];
    if (other == NULL || (other->asked && !uplink->asked)
        || (other->asked == uplink->asked
            && uplink->asked_at < other->asked_at))
      best = i;
  }

  if (best == SRTLA_NO_UPLINK)
    return;
  if (!self->uplinks[best].asked)
    ask (self, best, now);
  else if (!one_rebinds)
    rebind (self, best, now);
}

static void
refuse (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  self->stats.refused++;
  uplink->backoff = CLAMP (2 * uplink->backoff, SRTLA_REG_BACKOFF_MIN,
      SRTLA_REG_BACKOFF_MAX);
  set_step (self, slot, STEP_REFUSED, "REG_ERR", now);
  uplink->retry_at = now + uplink->backoff;
  ask_next (self, now);
}

/* The receiver's answer to REG1: everybody joins. */
static void
take_group (SrtlaRegistration *self, guint slot, const guint8 *id,
    SrtlaTime now)
{
  guint i;

  srtla_write_registration (self->datagrams[DATAGRAM_JOIN], SRTLA_KIND_REG2, id);
  self->has_group = TRUE;
  self->has_draft = FALSE;
  self->stats.groups++;
  self->uplinks[slot].asked = FALSE;
  if (self->uplinks[slot].step == STEP_ASKING)
    answered (&self->uplinks[slot], now);

  for (i = 0; i < self->n_slots; i++) {
    Uplink *uplink = &self->uplinks[i];

    uplink->asks = 0;
    if (uplink->step <= STEP_CLOSED || uplink->rebinding
        || (uplink->step == STEP_REFUSED && i != slot))
      continue;
    /* Its address may sit in another group, that of its own REG1. */
    if (uplink->asked)
      rebind (self, i, now);
    else
      join (self, i, "group set up, REG2", now);
  }
}

/* The receiver does not know the group. `asker` heard of it and asks. */
static void
forget_group (SrtlaRegistration *self, guint asker, SrtlaTime now)
{
  guint i;

  self->has_group = FALSE;
  draw_draft (self);
  for (i = 0; i < self->n_slots; i++) {
    Uplink *uplink = &self->uplinks[i];

    uplink->joined = FALSE;
    if (uplink->step <= STEP_CLOSED || uplink->step == STEP_REFUSED
        || uplink->rebinding)
      continue;
    if (i != asker) {
      probe (self, i, "group unknown, probing", now);
    } else {
      uplink->proven = TRUE;
      set_step (self, i, STEP_WAITING, "group unknown", now);
    }
  }
  ask_next (self, now);
}

/* REG_NGP came, or an uplink left UP. While another one is up the group lives;
 * then nobody needs it once the receiver said often enough that it is unknown.
 * After the first time it is asked again at once. */
static void
check_group (SrtlaRegistration *self, SrtlaTime now)
{
  guint asker = SRTLA_NO_UPLINK;
  guint unknown = 0;
  guint i;

  if (!self->has_group || self->n_up > 0)
    return;
  for (i = 0; i < self->n_slots; i++) {
    unknown += self->uplinks[i].unknown;
    if (asker == SRTLA_NO_UPLINK && self->uplinks[i].unknown > 0)
      asker = i;
  }
  if (unknown >= UNKNOWN_ENOUGH)
    forget_group (self, asker, now);
  else if (unknown > 0 && self->uplinks[asker].first_sent == SRTLA_TIME_NONE)
    start_repeating (self, asker, DATAGRAM_JOIN, now);
}

/* ---- Time -------------------------------------------------------------- */

static void
update_deadline (SrtlaRegistration *self)
{
  SrtlaTime deadline = SRTLA_TIME_NONE;
  guint i;

  for (i = 0; i < self->n_slots; i++) {
    if (self->uplinks[i].step > STEP_CLOSED)
      deadline = MIN (deadline, self->uplinks[i].retry_at);
  }
  self->deadline = deadline;
}

static void
ask_timed_out (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  uplink->asks++;
  if (uplink->asks % ASKS_PER_PROOF == 0)
    probe (self, slot, "no answer to REG1, probing", now);
  else
    set_step (self, slot, STEP_WAITING, "no answer to REG1", now);
  ask_next (self, now);
}

static void
tick_uplink (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  if (uplink->step <= STEP_CLOSED || uplink->retry_at > now)
    return;
  if (uplink->rebinding) {
    rebind (self, slot, now);
    return;
  }

  switch (uplink->step) {
    case STEP_PROBING:
      repeat (self, slot, DATAGRAM_PROBE, now);
      break;
    case STEP_ASKING:
      ask_timed_out (self, slot, now);
      break;
    case STEP_JOINING:
      repeat (self, slot, DATAGRAM_JOIN, now);
      break;
    case STEP_REFUSED:
      rebind (self, slot, now);
      break;
    case STEP_UNUSED:
    case STEP_CLOSED:
    case STEP_WAITING:
    case STEP_UP:
      uplink->retry_at = SRTLA_TIME_NONE;
      break;
  }
}

void
srtla_registration_tick (SrtlaRegistration *self, SrtlaTime now)
{
  guint i;

  if (now < self->deadline)
    return;
  for (i = 0; i < self->n_slots; i++)
    tick_uplink (self, i, now);
  update_deadline (self);
}

SrtlaTime
srtla_registration_deadline (const SrtlaRegistration *self)
{
  return self->deadline;
}

/* ---- Answers ----------------------------------------------------------- */

static SrtlaRegistrationVerdict
receive_reg2 (SrtlaRegistration *self, guint slot, const guint8 *data,
    gsize size, SrtlaTime now)
{
  const guint8 *id = srtla_read_registration (data, size);

  /* Also for a REG1 that was given up on, as long as its socket lives. */
  if (id == NULL || self->has_group || !self->uplinks[slot].asked
      || !is_our_half (self, id))
    return SRTLA_REGISTRATION_IGNORED;
  take_group (self, slot, id, now);
  return SRTLA_REGISTRATION_TAKEN;
}

static SrtlaRegistrationVerdict
receive_reg3 (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  if (uplink->step != STEP_JOINING)
    return SRTLA_REGISTRATION_IGNORED;
  answered (uplink, now);
  uplink->backoff = 0;
  uplink->proven = TRUE;
  set_step (self, slot, STEP_UP, "REG3", now);
  return SRTLA_REGISTRATION_TAKEN;
}

static SrtlaRegistrationVerdict
receive_ngp (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];
  gboolean stale = uplink->stale > 0 && now < uplink->stale_until;

  if (uplink->unanswered > 0)
    uplink->unanswered--;
  if (uplink->stale > 0)
    uplink->stale--;
  if (uplink->step == STEP_PROBING) {
    answered (uplink, now);
    uplink->proven = TRUE;
    set_step (self, slot, STEP_WAITING, "REG_NGP", now);
    ask_next (self, now);
    return SRTLA_REGISTRATION_TAKEN;
  }

  /* One to an earlier REG2 says nothing about this group. */
  if (uplink->step != STEP_JOINING || stale
      || uplink->first_sent == SRTLA_TIME_NONE)
    return SRTLA_REGISTRATION_IGNORED;

  answered (uplink, now);
  uplink->unknown++;
  uplink->interval = SRTLA_REG_RETRY_MAX;
  uplink->retry_at = now + uplink->interval;
  self->sends &= ~(G_GUINT64_CONSTANT (1) << slot);
  check_group (self, now);
  return SRTLA_REGISTRATION_TAKEN;
}

static SrtlaRegistrationVerdict
receive_error (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  if (uplink->step == STEP_UP || uplink->step == STEP_REFUSED
      || uplink->first_sent == SRTLA_TIME_NONE)
    return SRTLA_REGISTRATION_IGNORED;
  refuse (self, slot, now);
  return SRTLA_REGISTRATION_TAKEN;
}

SrtlaRegistrationVerdict
srtla_registration_receive (SrtlaRegistration *self, guint slot,
    SrtlaKind kind, const guint8 *data, gsize size, SrtlaTime now)
{
  SrtlaRegistrationVerdict verdict = SRTLA_REGISTRATION_IGNORED;

  if (slot < self->n_slots && self->uplinks[slot].step > STEP_CLOSED) {
    /* Of a socket that is about to be replaced only a group is of use. */
    if (kind == SRTLA_KIND_REG2)
      verdict = receive_reg2 (self, slot, data, size, now);
    else if (self->uplinks[slot].rebinding)
      verdict = SRTLA_REGISTRATION_IGNORED;
    else if (kind == SRTLA_KIND_REG3)
      verdict = receive_reg3 (self, slot, now);
    else if (kind == SRTLA_KIND_REG_NGP)
      verdict = receive_ngp (self, slot, now);
    else if (kind == SRTLA_KIND_REG_ERR)
      verdict = receive_error (self, slot, now);
  }

  if (verdict == SRTLA_REGISTRATION_IGNORED)
    self->stats.ignored++;
  else
    update_deadline (self);
  return verdict;
}

/* ---- Uplinks come and go ----------------------------------------------- */

static gboolean
is_used (const SrtlaRegistration *self, guint slot)
{
  return slot < SRTLA_MAX_UPLINKS && self->uplinks[slot].step != STEP_UNUSED;
}

void
srtla_registration_add (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  (void) now;
  if (slot >= SRTLA_MAX_UPLINKS || is_used (self, slot))
    return;
  memset (&self->uplinks[slot], 0, sizeof self->uplinks[slot]);
  self->uplinks[slot].step = STEP_CLOSED;
  self->uplinks[slot].first_sent = SRTLA_TIME_NONE;
  self->uplinks[slot].retry_at = SRTLA_TIME_NONE;
  self->n_slots = MAX (self->n_slots, slot + 1);
}

void
srtla_registration_remove (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  if (!is_used (self, slot))
    return;
  srtla_registration_closed (self, slot, "removed", now);
  self->uplinks[slot].step = STEP_UNUSED;
  while (self->n_slots > 0
      && self->uplinks[self->n_slots - 1].step == STEP_UNUSED)
    self->n_slots--;
}

void
srtla_registration_closed (SrtlaRegistration *self, guint slot,
    const gchar *reason, SrtlaTime now)
{
  Uplink *uplink;

  if (!is_used (self, slot) || self->uplinks[slot].step == STEP_CLOSED)
    return;
  uplink = &self->uplinks[slot];
  set_step (self, slot, STEP_CLOSED, reason, now);
  if (!uplink->rebinding) {
    /* The next socket may be on another path. */
    uplink->proven = FALSE;
    uplink->asks = 0;
    uplink->rtt_known = 0;
    uplink->rtt_seen = 0;
  }
  uplink->rebinding = FALSE;
  uplink->asked = FALSE;
  uplink->joined = FALSE;
  uplink->unanswered = 0;
  self->rebinds &= ~(G_GUINT64_CONSTANT (1) << slot);

  check_group (self, now);
  ask_next (self, now);
  update_deadline (self);
}

void
srtla_registration_opened (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  if (!is_used (self, slot))
    return;
  if (self->uplinks[slot].step != STEP_CLOSED)
    srtla_registration_closed (self, slot, "replaced", now);

  if (self->has_group) {
    join (self, slot, "opened, REG2", now);
  } else if (self->uplinks[slot].proven) {
    set_step (self, slot, STEP_WAITING, "opened", now);
    ask_next (self, now);
  } else {
    probe (self, slot, "opened, probing", now);
  }
  update_deadline (self);
}

void
srtla_registration_lost (SrtlaRegistration *self, guint slot,
    const gchar *reason, SrtlaTime now)
{
  if (!is_used (self, slot) || self->uplinks[slot].step != STEP_UP)
    return;
  join (self, slot, reason, now);
  check_group (self, now);
  update_deadline (self);
}

void
srtla_registration_heard (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  if (!is_used (self, slot) || self->uplinks[slot].rebinding
      || outside_state (&self->uplinks[slot]) != SRTLA_UPLINK_DOWN)
    return;
  set_step (self, slot, STEP_UP, "heard again", now);
  update_deadline (self);
}

void
srtla_registration_restart (SrtlaRegistration *self, SrtlaTime now)
{
  guint i;

  self->has_group = FALSE;
  draw_draft (self);
  for (i = 0; i < self->n_slots; i++) {
    Uplink *uplink = &self->uplinks[i];
    gboolean refused = uplink->step == STEP_REFUSED;

    uplink->proven = FALSE;
    uplink->asks = 0;
    uplink->backoff = 0;
    if (uplink->step <= STEP_CLOSED)
      continue;
    probe (self, i, "restart", now);
    /* Should it be the same receiver after all, it may know the address. */
    if (uplink->asked || uplink->joined || refused || uplink->rebinding)
      rebind (self, i, now);
  }
  update_deadline (self);
}

void
srtla_registration_set_rtt (SrtlaRegistration *self, guint slot, SrtlaTime rtt)
{
  if (is_used (self, slot))
    self->uplinks[slot].rtt_known = rtt;
}

/* ---- Out --------------------------------------------------------------- */

gboolean
srtla_registration_next (SrtlaRegistration *self,
    SrtlaRegistrationOutput *output)
{
  guint i;

  if ((self->sends | self->rebinds) == 0)
    return FALSE;

  for (i = 0; i < SRTLA_MAX_UPLINKS; i++) {
    guint64 bit = G_GUINT64_CONSTANT (1) << i;

    memset (output, 0, sizeof *output);
    output->uplink = i;
    if (self->rebinds & bit) {
      self->rebinds &= ~bit;
      output->action = SRTLA_REGISTRATION_REBIND;
      output->kind = SRTLA_KIND_INVALID;
      return TRUE;
    }
    if (self->sends & bit) {
      Datagram queued = self->uplinks[i].queued;

      self->sends &= ~bit;
      output->action = SRTLA_REGISTRATION_SEND;
      output->kind = queued == DATAGRAM_ASK ? SRTLA_KIND_REG1 : SRTLA_KIND_REG2;
      output->data = self->datagrams[queued];
      output->size = SRTLA_REG_SIZE;
      if (queued == DATAGRAM_ASK)
        self->stats.reg1_sent++;
      else
        self->stats.reg2_sent++;
      return TRUE;
    }
  }
  return FALSE;
}

SrtlaUplinkState
srtla_registration_state (const SrtlaRegistration *self, guint slot)
{
  if (slot >= SRTLA_MAX_UPLINKS)
    return SRTLA_UPLINK_CLOSED;
  return outside_state (&self->uplinks[slot]);
}

gboolean
srtla_registration_has_group (const SrtlaRegistration *self)
{
  return self->has_group;
}

void
srtla_registration_get_stats (const SrtlaRegistration *self,
    SrtlaRegistrationStats *stats)
{
  *stats = self->stats;
}

SrtlaRegistration *
srtla_registration_new (SrtlaRandomFunc random,
    SrtlaRegistrationStateFunc changed, gpointer user_data)
{
  SrtlaRegistration *self = g_new0 (SrtlaRegistration, 1);

  self->random = random;
  self->changed = changed;
  self->user_data = user_data;
  self->asking = SRTLA_NO_UPLINK;
  self->deadline = SRTLA_TIME_NONE;
  return self;
}

void
srtla_registration_free (SrtlaRegistration *self)
{
  g_free (self);
}
