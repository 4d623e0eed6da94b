/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-bond-private.h"

#include <string.h>

/* SRT gives a connection up when nothing comes back for 5 s. */
#define TRACKER_AGE (60 * SRTLA_SECOND)

/* ---- Outputs and events ------------------------------------------------ */

void
srtla_bond_tell (SrtlaBond * bond, const SrtlaEvent * event)
{
  guint at;

  if (bond->events_waiting == SRTLA_BOND_EVENTS) {
    bond->events_first = (bond->events_first + 1) % SRTLA_BOND_EVENTS;
    bond->events_waiting--;
    bond->events[bond->events_first].kind = SRTLA_EVENTS_LOST;
  }
  at = (bond->events_first + bond->events_waiting) % SRTLA_BOND_EVENTS;
  bond->events[at] = *event;
  bond->events_waiting++;
}

gboolean
srtla_bond_next_event (SrtlaBond * bond, SrtlaEvent * event)
{
  if (bond->events_waiting == 0)
    return FALSE;
  *event = bond->events[bond->events_first];
  bond->events_first = (bond->events_first + 1) % SRTLA_BOND_EVENTS;
  bond->events_waiting--;
  return TRUE;
}

/* What registration wants comes after what was emitted. */
static gboolean
next_registration_output (SrtlaBond * bond, SrtlaOutput * output)
{
  SrtlaRegistrationOutput wanted;
  SrtlaUplink *uplink;

  if (!srtla_registration_next (bond->registration, &wanted))
    return FALSE;

  memset (output, 0, sizeof *output);
  output->uplink = wanted.uplink;
  output->caller = SRTLA_NO_CALLER;
  if (wanted.action == SRTLA_REGISTRATION_REBIND) {
    output->kind = SRTLA_OUTPUT_REBIND;
    return TRUE;
  }
  output->kind = SRTLA_OUTPUT_CONTROL;
  output->packet.data = wanted.data;
  output->packet.size = wanted.size;
  uplink = srtla_bond_uplink (bond, wanted.uplink);
  if (uplink != NULL)
    uplink->counters.control_sent++;
  return TRUE;
}

static inline void
take_output (SrtlaBond * bond, SrtlaOutput * output)
{
  *output = bond->outputs[bond->outputs_first];
  bond->outputs_first = (bond->outputs_first + 1) % SRTLA_BOND_OUTPUTS;
  bond->outputs_waiting--;
}

/* Makes some of what waits. */
G_GNUC_NO_INLINE static gboolean
next_waiting_output (SrtlaBond * bond, SrtlaOutput * output)
{
  bond->naks_used = 0;          /* nothing that waits points there */
  srtla_bond_pump (bond);
  if (bond->outputs_waiting == 0)
    return next_registration_output (bond, output);
  take_output (bond, output);
  return TRUE;
}

gboolean
srtla_bond_next_output (SrtlaBond * bond, SrtlaOutput * output)
{
  if (G_UNLIKELY (bond->outputs_waiting == 0))
    return next_waiting_output (bond, output);
  take_output (bond, output);
  return TRUE;
}

void
srtla_bond_release (SrtlaBond * bond, gpointer owner)
{
  if (owner != NULL && bond->config.release != NULL)
    bond->config.release (owner, bond->config.user_data);
}

/* ---- Uplinks ----------------------------------------------------------- */

static void
count_up (SrtlaBond * bond, guint uplink, SrtlaTime now)
{
  SrtlaEvent event = { SRTLA_EVENT_CONNECTED, now, uplink, SRTLA_NO_CALLER,
    SRTLA_UPLINK_CLOSED, SRTLA_UPLINK_CLOSED, NULL
  };

  if (bond->uplinks_up++ > 0)
    return;
  bond->connected_since = MAX (now, 1);
  srtla_bond_tell (bond, &event);
}

static void
count_not_up (SrtlaBond * bond, guint uplink, SrtlaTime now)
{
  SrtlaEvent event = { SRTLA_EVENT_DISCONNECTED, now, uplink, SRTLA_NO_CALLER,
    SRTLA_UPLINK_CLOSED, SRTLA_UPLINK_CLOSED, NULL
  };
  guint i;

  if (--bond->uplinks_up > 0)
    return;
  bond->acknowledges = bond->names_all = FALSE; /* the next receiver may be another */
  for (i = 0; i < bond->n_uplinks; i++)
    srtla_uplink_forget_receiver (bond->order[i]);
  bond->relayed_at = 0;
  bond->connected_since = 0;
  bond->down_since = now;
  bond->timeout_told = FALSE;
  srtla_bond_tell (bond, &event);
}

/* Each change of an uplink's state comes through here. */
static void
state_changed (guint slot, SrtlaUplinkState from, SrtlaUplinkState to,
    const gchar * reason, SrtlaTime now, gpointer user_data)
{
  SrtlaBond *bond = user_data;
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);
  SrtlaEvent event = { SRTLA_EVENT_UPLINK_STATE, now, slot, SRTLA_NO_CALLER,
    from, to, reason
  };

  if (uplink == NULL)
    return;
  uplink->state = to;
  uplink->state_since = now;
  srtla_bond_tell (bond, &event);

  if (to == SRTLA_UPLINK_UP) {
    count_up (bond, slot, now);
    srtla_quality_start (&uplink->quality, now);
    srtla_bond_weigh (bond, uplink, now);
    srtla_bond_keepalive (bond, uplink, now);
  } else if (from == SRTLA_UPLINK_UP) {
    count_not_up (bond, slot, now);
  }
}

/* An uplink is about to lose its log: what it has outstanding goes elsewhere. */
static void
rescue_from (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  if (!srtla_bond_is_classic (bond)) {
    uplink->rescue_end = srtla_inflight_next_place (uplink->log);
    srtla_enhanced_rescue (bond, uplink, FALSE, now);
    srtla_enhanced_release_all (bond, uplink, now);
  }
  bond->rescuing &= ~(G_GUINT64_CONSTANT (1) << uplink->slot);
}

/* How far back a log is searched: classic mode reads the newest 255. */
static void
prepare_log (const SrtlaBond * bond, SrtlaUplink * uplink)
{
  srtla_inflight_set_reach (uplink->log, srtla_bond_is_classic (bond)
      ? SRTLA_CLASSIC_REACH : SRTLA_INFLIGHT_CAPACITY);
}

guint
srtla_bond_add_uplink (SrtlaBond * bond, SrtlaTime now)
{
  guint slot = 0;

  while (slot < SRTLA_MAX_UPLINKS && bond->uplinks[slot] != NULL)
    slot++;
  if (slot == SRTLA_MAX_UPLINKS)
    return SRTLA_NO_UPLINK;

  bond->uplinks[slot] = srtla_uplink_new (slot, now);
  bond->uplinks[slot]->names_all = bond->names_all;
  prepare_log (bond, bond->uplinks[slot]);
  memmove (&bond->order[1], &bond->order[0],
      bond->n_uplinks * sizeof bond->order[0]);
  bond->order[0] = bond->uplinks[slot];
  bond->n_uplinks++;
  srtla_registration_add (bond->registration, slot, now);
  return slot;
}

/* Takes the outputs of an uplink out of the ring; the others keep their order. */
static void
drop_outputs (SrtlaBond * bond, guint slot)
{
  guint waiting = bond->outputs_waiting;

  while (waiting-- > 0) {
    SrtlaOutput output = bond->outputs[bond->outputs_first];

    bond->outputs_first = (bond->outputs_first + 1) % SRTLA_BOND_OUTPUTS;
    bond->outputs_waiting--;
    if (output.uplink != slot || output.kind == SRTLA_OUTPUT_REPLY) {
      srtla_bond_emit (bond, &output);
    } else if (output.kind == SRTLA_OUTPUT_PACKET) {
      if (output.copy != SRTLA_COPY_NONE) {
        srtla_bond_count_copy (bond, NULL, output.copy, output.packet.size, -1);
      } else {
        bond->stats.packets_sent--;
        bond->stats.bytes_sent -= output.packet.size;
        srtla_bond_book_undo (bond, &output, SRTLA_LOSS_UPLINK_REMOVED);
      }
      srtla_bond_release (bond, output.packet.owner);
    }
  }
}

static void
find_narrowest (SrtlaBond * bond)
{
  guint i;

  bond->narrowest = SRTLA_MAX_DATAGRAM;
  for (i = 0; i < bond->n_uplinks; i++)
    bond->narrowest = MIN (bond->narrowest, bond->order[i]->largest);
}

gboolean
srtla_bond_vacate_uplink (SrtlaBond * bond, guint slot, SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);

  g_return_val_if_fail (uplink != NULL, TRUE);
  bond->counted = FALSE;
  srtla_bond_end_plan (bond);
  uplink->suspended = TRUE;
  if (srtla_bond_is_classic (bond))
    return TRUE;
  uplink->rescue_end = srtla_inflight_next_place (uplink->log);
  return srtla_enhanced_rescue (bond, uplink, FALSE, now);
}

void
srtla_bond_remove_uplink (SrtlaBond * bond, guint slot, SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);
  guint i = 0;

  g_return_if_fail (uplink != NULL);

  bond->counted = FALSE;
  srtla_bond_end_plan (bond);
  rescue_from (bond, uplink, now);
  srtla_registration_closed (bond->registration, slot, "removed", now);
  srtla_registration_remove (bond->registration, slot, now);
  drop_outputs (bond, slot);

  while (bond->order[i] != uplink)
    i++;
  bond->n_uplinks--;
  memmove (&bond->order[i], &bond->order[i + 1],
      (bond->n_uplinks - i) * sizeof bond->order[0]);
  bond->uplinks[slot] = NULL;
  bond->stats.naks_dropped += srtla_inflight_unheard (uplink->log);
  srtla_uplink_free (uplink);
  find_narrowest (bond);
}

void
srtla_bond_uplink_largest (SrtlaBond * bond, guint slot, guint bytes)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);

  g_return_if_fail (uplink != NULL);
  bytes = MIN (bytes, SRTLA_MAX_DATAGRAM);
  if (bytes == uplink->largest)
    return;
  srtla_bond_end_plan (bond);
  uplink->largest = bytes;
  uplink->told_narrow = FALSE;
  find_narrowest (bond);
}

void
srtla_bond_uplink_opened (SrtlaBond * bond, guint slot, SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);

  g_return_if_fail (uplink != NULL);
  srtla_rtt_reset (&uplink->rtt);
  memset (uplink->keepalives, 0, sizeof uplink->keepalives);
  srtla_registration_opened (bond->registration, slot, now);
}

void
srtla_bond_uplink_closed (SrtlaBond * bond, guint slot, const gchar * reason,
    SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);

  g_return_if_fail (uplink != NULL);
  bond->counted = FALSE;
  srtla_bond_end_plan (bond);
  rescue_from (bond, uplink, now);
  if (uplink->last_heard != 0)
    srtla_uplink_fail (uplink);
  srtla_registration_closed (bond->registration, slot, reason, now);
}

void
srtla_bond_lose_uplink (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  const gchar *reason = uplink->suspended ? "send failed" : "silent";

  rescue_from (bond, uplink, now);
  srtla_uplink_fail (uplink);
  srtla_registration_lost (bond->registration, uplink->slot, reason, now);
}

void
srtla_bond_restart (SrtlaBond * bond, SrtlaTime now)
{
  srtla_registration_restart (bond->registration, now);
}

/* ---- Settings, start and end ------------------------------------------- */

void
srtla_bond_set_connection_timeout (SrtlaBond * bond, SrtlaTime timeout)
{
  bond->config.connection_timeout = timeout;
}

/* Whoever was told of a stall is told of its end. */
static void
forget_stall (SrtlaBond * bond, SrtlaUplink * uplink, SrtlaTime now)
{
  const SrtlaEvent event = { SRTLA_EVENT_DELIVERS, now, uplink->slot,
    SRTLA_NO_CALLER, uplink->state, uplink->state, NULL
  };

  if (uplink->stalled)
    srtla_bond_tell (bond, &event);
  uplink->stalled = FALSE;
}

/* Each mode reads the logs in its own way: what is in flight is counted anew. */
gboolean
srtla_bond_set_mode (SrtlaBond * bond, const gchar * mode, SrtlaTime now)
{
  const SrtlaScheduler *scheduler = srtla_scheduler_find (mode);
  guint i;

  if (scheduler == NULL)
    return FALSE;
  if (scheduler == bond->scheduler)
    return TRUE;
  for (i = 0; i < bond->n_uplinks; i++)
    srtla_enhanced_release_all (bond, bond->order[i], now);
  bond->scheduler = scheduler;
  for (i = 0; i < SRTLA_MAX_CALLERS && srtla_bond_is_classic (bond); i++)
    srtla_enhanced_drop_all_kept (bond, i);
  bond->latest = SRTLA_NO_UPLINK;
  bond->probing = FALSE;
  bond->counted = FALSE;
  srtla_bond_end_plan (bond);
  bond->next_guard = now + SRTLA_GUARD_INTERVAL;
  for (i = 0; i < bond->n_uplinks; i++) {
    SrtlaUplink *uplink = bond->order[i];

    prepare_log (bond, uplink);
    uplink->in_flight = (gint32) srtla_inflight_count (uplink->log);
    forget_stall (bond, uplink, now);
    uplink->train_left = 0;
    srtla_delivery_restart (&uplink->delivery,
        srtla_inflight_next_place (uplink->log));
    srtla_bond_weigh (bond, uplink, now);
  }
  return TRUE;
}

const gchar *
srtla_bond_mode (const SrtlaBond * bond)
{
  return bond->scheduler->name;
}

void
srtla_bond_set_quality (SrtlaBond * bond, gboolean quality)
{
  bond->quality = quality;
}

void
srtla_bond_set_exploration (SrtlaBond * bond, gboolean exploration)
{
  bond->exploration = exploration;
}

void
srtla_bond_set_rescue (SrtlaBond * bond, gboolean rescue)
{
  guint i;

  bond->rescue = rescue;
  for (i = 0; !rescue && i < SRTLA_MAX_CALLERS; i++)
    srtla_enhanced_drop_all_kept (bond, i);
}

void
srtla_bond_set_nak_filter (SrtlaBond * bond, gboolean nak_filter)
{
  bond->nak_filter = nak_filter;
}

static void
draw (guint8 * bytes, gsize size, gpointer user_data)
{
  SrtlaBond *bond = user_data;

  bond->config.random (bytes, size, bond->config.user_data);
}

SrtlaBond *
srtla_bond_new (const SrtlaBondConfig * config, SrtlaTime now)
{
  SrtlaBond *bond;

  g_return_val_if_fail (config != NULL && config->random != NULL, NULL);

  bond = g_new0 (SrtlaBond, 1);
  bond->config = *config;
  draw ((guint8 *) & bond->connection_id, sizeof bond->connection_id, bond);
  bond->registration = srtla_registration_new (draw, state_changed, bond);
  srtla_callers_init (&bond->callers, TRACKER_AGE);
  bond->scheduler = &srtla_scheduler_classic;
  bond->quality = TRUE;
  bond->queue_target = SRTLA_QUEUE_TARGET;
  bond->now = now;
  memcpy (bond->classes, srtla_class_defaults, sizeof bond->classes);
  bond->pipeline = srtla_pipeline_new (bond->classes);
  srtla_bond_set_flow (bond, SRTLA_MAIN_FLOW, &srtla_flow_defaults);
  bond->rescue = TRUE;
  bond->nak_filter = TRUE;
  srtla_bond_end_plan (bond);
  bond->latest = SRTLA_NO_UPLINK;
  bond->narrowest = SRTLA_MAX_DATAGRAM;
  bond->next_housekeeping = now + SRTLA_SECOND;
  bond->rates_since = now;
  bond->down_since = now;
  return bond;
}

void
srtla_bond_free (SrtlaBond * bond)
{
  guint i;

  if (bond == NULL)
    return;
  for (; bond->outputs_waiting > 0; bond->outputs_waiting--) {
    srtla_bond_release (bond, bond->outputs[bond->outputs_first].packet.owner);
    bond->outputs_first = (bond->outputs_first + 1) % SRTLA_BOND_OUTPUTS;
  }
  srtla_bond_set_rescue (bond, FALSE);
  srtla_bond_flush (bond);
  srtla_pipeline_free (bond->pipeline);
  for (i = 0; i < SRTLA_MAX_FLOWS; i++) {
    g_free (bond->flows[i].interval);
    g_free (bond->flows[i].total);
  }
  for (i = 0; i < bond->n_uplinks; i++)
    srtla_uplink_free (bond->order[i]);
  srtla_callers_clear (&bond->callers);
  srtla_registration_free (bond->registration);
  g_free (bond);
}
