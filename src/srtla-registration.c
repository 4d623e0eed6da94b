/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-registration-private.h"

#include <string.h>

/* Unanswered REG1s after which an uplink's path must be proven again. */
#define ASKS_PER_PROOF 3

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
    srtla_registration_probe (self, slot, "no answer to REG1, probing", now);
  else
    srtla_registration_set_step (self, slot, STEP_WAITING, "no answer to REG1",
        now);
  srtla_registration_ask_next (self, now);
}

static void
tick_uplink (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  if (uplink->step <= STEP_CLOSED || uplink->retry_at > now)
    return;
  if (uplink->rebinding) {
    srtla_registration_rebind (self, slot, now);
    return;
  }

  switch (uplink->step) {
    case STEP_PROBING:
      srtla_registration_repeat (self, slot, DATAGRAM_PROBE, now);
      break;
    case STEP_ASKING:
      ask_timed_out (self, slot, now);
      break;
    case STEP_JOINING:
      srtla_registration_repeat (self, slot, DATAGRAM_JOIN, now);
      break;
    case STEP_REFUSED:
      srtla_registration_rebind (self, slot, now);
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
      || !srtla_registration_is_our_half (self, id))
    return SRTLA_REGISTRATION_IGNORED;
  srtla_registration_take_group (self, slot, id, now);
  return SRTLA_REGISTRATION_TAKEN;
}

static SrtlaRegistrationVerdict
receive_reg3 (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  if (uplink->step != STEP_JOINING)
    return SRTLA_REGISTRATION_IGNORED;
  srtla_registration_answered (uplink, now);
  uplink->backoff = 0;
  uplink->proven = TRUE;
  srtla_registration_set_step (self, slot, STEP_UP, "REG3", now);
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
    srtla_registration_answered (uplink, now);
    uplink->proven = TRUE;
    srtla_registration_set_step (self, slot, STEP_WAITING, "REG_NGP", now);
    srtla_registration_ask_next (self, now);
    return SRTLA_REGISTRATION_TAKEN;
  }

  /* One to an earlier REG2 says nothing about this group. */
  if (uplink->step != STEP_JOINING || stale
      || uplink->first_sent == SRTLA_TIME_NONE)
    return SRTLA_REGISTRATION_IGNORED;

  srtla_registration_answered (uplink, now);
  uplink->unknown++;
  uplink->interval = SRTLA_REG_RETRY_MAX;
  uplink->retry_at = now + uplink->interval;
  self->sends &= ~(G_GUINT64_CONSTANT (1) << slot);
  srtla_registration_check_group (self, now);
  return SRTLA_REGISTRATION_TAKEN;
}

static SrtlaRegistrationVerdict
receive_error (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  Uplink *uplink = &self->uplinks[slot];

  if (uplink->step == STEP_UP || uplink->step == STEP_REFUSED
      || uplink->first_sent == SRTLA_TIME_NONE)
    return SRTLA_REGISTRATION_IGNORED;
  srtla_registration_refuse (self, slot, now);
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
  srtla_registration_set_step (self, slot, STEP_CLOSED, reason, now);
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

  srtla_registration_check_group (self, now);
  srtla_registration_ask_next (self, now);
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
    srtla_registration_join (self, slot, "opened, REG2", now);
  } else if (self->uplinks[slot].proven) {
    srtla_registration_set_step (self, slot, STEP_WAITING, "opened", now);
    srtla_registration_ask_next (self, now);
  } else {
    srtla_registration_probe (self, slot, "opened, probing", now);
  }
  update_deadline (self);
}

void
srtla_registration_lost (SrtlaRegistration *self, guint slot,
    const gchar *reason, SrtlaTime now)
{
  if (!is_used (self, slot) || self->uplinks[slot].step != STEP_UP)
    return;
  srtla_registration_join (self, slot, reason, now);
  srtla_registration_check_group (self, now);
  update_deadline (self);
}

void
srtla_registration_heard (SrtlaRegistration *self, guint slot, SrtlaTime now)
{
  if (!is_used (self, slot) || self->uplinks[slot].rebinding
      || srtla_registration_state (self, slot) != SRTLA_UPLINK_DOWN)
    return;
  srtla_registration_set_step (self, slot, STEP_UP, "heard again", now);
  update_deadline (self);
}

void
srtla_registration_restart (SrtlaRegistration *self, SrtlaTime now)
{
  guint i;

  self->has_group = FALSE;
  srtla_registration_draw_draft (self);
  for (i = 0; i < self->n_slots; i++) {
    Uplink *uplink = &self->uplinks[i];
    gboolean refused = uplink->step == STEP_REFUSED;

    uplink->proven = FALSE;
    uplink->asks = 0;
    uplink->backoff = 0;
    if (uplink->step <= STEP_CLOSED)
      continue;
    srtla_registration_probe (self, i, "restart", now);
    /* Should it be the same receiver after all, it may know the address. */
    if (uplink->asked || uplink->joined || refused || uplink->rebinding)
      srtla_registration_rebind (self, i, now);
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
  return srtla_registration_outside_state (&self->uplinks[slot]);
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
