/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is due, and when.
 */
#include "srtla-bond-private.h"

void
srtla_bond_keepalive (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaOutput output = { SRTLA_OUTPUT_CONTROL, uplink->slot, SRTLA_NO_CALLER,
    {bond->keepalives[uplink->slot], SRTLA_KEEPALIVE_SIZE, NULL},
    SRTLA_COPY_NONE, SRTLA_CLASS_HIGH, 0, SRTLA_MAIN_FLOW, SRTLA_TIME_NONE
  };

  if (bond->outputs_waiting >= SRTLA_BOND_OUTPUTS - 1)
    return;
  srtla_uplink_keepalive (uplink, bond->connection_id, now,
      bond->keepalives[uplink->slot]);
  srtla_bond_emit (bond, &output);
}

static gboolean
is_alive (const SrtlaBond * bond, const SrtlaUplink * uplink, SrtlaTime now)
{
  /* A keepalive a second: two unanswered ones are silence. */
  return srtla_bond_is_classic (bond) ? srtla_uplink_is_live (uplink, now)
      : now < uplink->last_heard + 5 * SRTLA_SECOND / 2
      + 2 * uplink->rtt.smoothed;
}

/* Once a second: who fell silent, keepalives, rates. */
static void
housekeeping (SrtlaBond * bond, SrtlaTime now)
{
  guint i;

  srtla_bond_take_rates (bond, now);
  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];

    if (uplink->state != SRTLA_UPLINK_UP)
      continue;
    if (is_alive (bond, uplink, now))
      srtla_bond_keepalive (bond, uplink, now);
    else
      srtla_bond_lose_uplink (bond, uplink, now);
  }
}

/* Uplinks are judged while anything is under way on them, or awaited. */
static SrtlaTime
guard_deadline (const SrtlaBond * bond)
{
  guint i;

  if (srtla_bond_is_classic (bond))
    return SRTLA_TIME_NONE;
  for (i = 0; i < bond->n_uplinks; i++) {
    if (bond->order[i]->in_flight > 0 || bond->order[i]->stalled)
      return bond->next_guard;
  }
  /* And a little longer: an echo tells that packets have left an uplink, not
   * that they arrived. */
  return bond->kept_bytes > 0 || bond->next_guard < bond->pushed_at
      + SRTLA_SECOND ? bond->next_guard : SRTLA_TIME_NONE;
}

static SrtlaTime
timeout_deadline (const SrtlaBond * bond)
{
  if (bond->config.connection_timeout == 0 || bond->uplinks_up > 0
      || bond->timeout_told)
    return SRTLA_TIME_NONE;
  return bond->down_since + bond->config.connection_timeout;
}

void
srtla_bond_tick (SrtlaBond * bond, SrtlaTime now)
{
  bond->now = now = MAX (now, bond->now);
  bond->counted = FALSE;
  srtla_bond_end_plan (bond);
  if (now >= bond->next_housekeeping) {
    housekeeping (bond, now);
    bond->next_housekeeping += SRTLA_SECOND
        * ((now - bond->next_housekeeping) / SRTLA_SECOND + 1);
  }
  if (now >= guard_deadline (bond)) {
    srtla_enhanced_guard (bond, now);
    bond->next_guard = now + SRTLA_GUARD_INTERVAL;
  }
  if (bond->rescuing != 0 && now >= bond->rescue_at)
    srtla_enhanced_rescue_all (bond, now);
  if (now >= srtla_registration_deadline (bond->registration))
    srtla_registration_tick (bond->registration, now);
  if (now >= timeout_deadline (bond)) {
    SrtlaEvent event = { SRTLA_EVENT_CONNECTION_TIMEOUT, now, SRTLA_NO_UPLINK,
      SRTLA_NO_CALLER, SRTLA_UPLINK_CLOSED, SRTLA_UPLINK_CLOSED, NULL
    };

    bond->timeout_told = TRUE;
    srtla_bond_tell (bond, &event);
  }
}

SrtlaTime
srtla_bond_deadline (const SrtlaBond * bond)
{
  SrtlaTime deadline = bond->n_uplinks > 0 ? bond->next_housekeeping
      : SRTLA_TIME_NONE;

  deadline = MIN (deadline, srtla_registration_deadline (bond->registration));
  if (bond->rescuing != 0)
    deadline = MIN (deadline, bond->rescue_at);
  deadline = MIN (deadline, srtla_bond_queue_deadline (bond));
  deadline = MIN (deadline, guard_deadline (bond));
  return MIN (deadline, timeout_deadline (bond));
}
