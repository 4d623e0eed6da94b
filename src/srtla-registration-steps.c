/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What uplinks do, alone and together: each step of the state machine. */
#include "srtla-registration-private.h"

/* Half of a group id, bytes: the first is ours, the second the receiver's. */
#define HALF_ID (SRTLA_GROUP_ID / 2)

/* An uplink's own view of the round trip is an over-estimate, since the answer
 * may be one to a repetition. More than this is rather loss than distance. */
#define RTT_SEEN_MAX SRTLA_SECOND
/* REG1 is waited for twice as long each time it stays unanswered, up to this:
 * its successor goes out from a new port, which does not hear late answers. */
#define ASK_WAIT_MAX (10 * SRTLA_SECOND)
/* So many REG_NGP, on one uplink or several, end a group: a single one may be
 * the late copy of one to a probe. */
#define UNKNOWN_ENOUGH 2
/* So long may REG_NGP still belong to a REG2 of before the present group. */
#define STALE_MEMORY (3 * SRTLA_SECOND)
/* A REBIND that was not acted upon is asked for again. */
#define REBIND_RETRY SRTLA_SECOND

/* ---- The one door ------------------------------------------------------ */

SrtlaUplinkState
srtla_registration_outside_state (const Uplink *uplink)
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

/* Each step is taken here. What the old one awaited, queued and timed ends. */
void
srtla_registration_set_step (SrtlaRegistration *self, guint slot, Step step,
    const gchar *reason, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];
  SrtlaUplinkState from = srtla_registration_outside_state (uplink);
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

  to = srtla_registration_outside_state (uplink);
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

void
srtla_registration_repeat (SrtlaRegistration *self, guint slot,
    Datagram datagram, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  uplink->interval = MIN (2 * uplink->interval, SRTLA_REG_RETRY_MAX);
  queue_datagram (self, slot, datagram, now);
}

/* The answer came. */
void
srtla_registration_answered (Uplink *uplink, SrtlaTime now)
{
  if (uplink->first_sent != SRTLA_TIME_NONE && now >= uplink->first_sent)
    uplink->rtt_seen = CLAMP (now - uplink->first_sent, 1, RTT_SEEN_MAX);
  uplink->first_sent = SRTLA_TIME_NONE;
}

void
srtla_registration_rebind (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  uplink->rebinding = TRUE;
  uplink->first_sent = SRTLA_TIME_NONE;
  uplink->retry_at = now + REBIND_RETRY;
  self->rebinds |= G_GUINT64_CONSTANT (1) << slot;
  self->sends &= ~(G_GUINT64_CONSTANT (1) << slot);
}

/* ---- Group ids --------------------------------------------------------- */

void
srtla_registration_draw_draft (SrtlaRegistration *self)
{
  guint8 id[SRTLA_GROUP_ID];

  self->random (id, sizeof id, self->user_data);
  srtla_write_registration (self->datagrams[DATAGRAM_PROBE], SRTLA_KIND_REG2,
      id);
  srtla_write_registration (self->datagrams[DATAGRAM_ASK], SRTLA_KIND_REG1, id);
  self->has_draft = TRUE;
}

/* Whether the first half is the one we drew. How much of a guess was right must
 * not show. */
gboolean
srtla_registration_is_our_half (const SrtlaRegistration *self, const guint8 *id)
{
  const guint8 *ours = srtla_read_registration (self->datagrams[DATAGRAM_ASK],
      SRTLA_REG_SIZE);

  return self->has_draft && ours != NULL && srtla_id_equal (ours, id, HALF_ID);
}

/* ---- What an uplink does ----------------------------------------------- */

void
srtla_registration_probe (SrtlaRegistration *self, guint slot,
    const gchar *reason, SrtlaTime now)
{
  if (!self->has_draft)
    srtla_registration_draw_draft (self);
  srtla_registration_set_step (self, slot, STEP_PROBING, reason, now);
  self->uplinks[slot].proven = FALSE;
  start_repeating (self, slot, DATAGRAM_PROBE, now);
}

void
srtla_registration_join (SrtlaRegistration *self, guint slot,
    const gchar *reason, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  srtla_registration_set_step (self, slot, STEP_JOINING, reason, now);
  uplink->stale = uplink->unanswered;
  uplink->stale_until = uplink->last_reg2 + STALE_MEMORY;
  start_repeating (self, slot, DATAGRAM_JOIN, now);
}

static void
ask (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  srtla_registration_set_step (self, slot, STEP_ASKING, "path found, REG1",
      now);
  uplink->interval = MIN (patience (uplink) << MIN (uplink->asks, 8),
      ASK_WAIT_MAX);
  queue_datagram (self, slot, DATAGRAM_ASK, now);
}

/* Without a group and a REG1 on its way, the proven uplink that asked least
 * recently asks. A REG1 of its present socket may have put its address into a
 * group already: then it needs a new port first, one uplink at a time, since a
 * late answer to the others is still welcome. */
void
srtla_registration_ask_next (SrtlaRegistration *self, SrtlaTime now)
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
    srtla_registration_rebind (self, best, now);
}

void
srtla_registration_refuse (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  self->stats.refused++;
  uplink->backoff = CLAMP (2 * uplink->backoff, SRTLA_REG_BACKOFF_MIN,
      SRTLA_REG_BACKOFF_MAX);
  srtla_registration_set_step (self, slot, STEP_REFUSED, "REG_ERR", now);
  uplink->retry_at = now + uplink->backoff;
  srtla_registration_ask_next (self, now);
}

/* The receiver's answer to REG1: everybody joins. */
void
srtla_registration_take_group (SrtlaRegistration *self, guint slot,
    const guint8 *id, SrtlaTime now)
{
  guint i;

  srtla_write_registration (self->datagrams[DATAGRAM_JOIN], SRTLA_KIND_REG2,
      id);
  self->has_group = TRUE;
  self->has_draft = FALSE;
  self->stats.groups++;
  self->uplinks[slot].asked = FALSE;
  if (self->uplinks[slot].step == STEP_ASKING)
    srtla_registration_answered (&self->uplinks[slot], now);

  for (i = 0; i < self->n_slots; i++) {
    Uplink *uplink = &self->uplinks[i];

    uplink->asks = 0;
    if (uplink->step <= STEP_CLOSED || uplink->rebinding
        || (uplink->step == STEP_REFUSED && i != slot))
      continue;
    /* Its address may sit in another group, that of its own REG1. */
    if (uplink->asked)
      srtla_registration_rebind (self, i, now);
    else
      srtla_registration_join (self, i, "group set up, REG2", now);
  }
}

/* The receiver does not know the group. `asker` heard of it and asks. */
static void
forget_group (SrtlaRegistration *self, guint asker, SrtlaTime now)
{
  guint i;

  self->has_group = FALSE;
  srtla_registration_draw_draft (self);
  for (i = 0; i < self->n_slots; i++) {
    Uplink *uplink = &self->uplinks[i];

    uplink->joined = FALSE;
    if (uplink->step <= STEP_CLOSED || uplink->step == STEP_REFUSED
        || uplink->rebinding)
      continue;
    if (i != asker) {
      srtla_registration_probe (self, i, "group unknown, probing", now);
    } else {
      uplink->proven = TRUE;
      srtla_registration_set_step (self, i, STEP_WAITING, "group unknown", now);
    }
  }
  srtla_registration_ask_next (self, now);
}

/* REG_NGP came, or an uplink left UP. While another one is up the group lives;
 * then nobody needs it once the receiver said often enough that it is unknown.
 * After the first time it is asked again at once. */
void
srtla_registration_check_group (SrtlaRegistration *self, SrtlaTime now)
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
