/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets that wait for room on the uplinks, in all modes but classic: what
 * they are and until when they are of use, and when they go.
 */
#include "srtla-bond-private.h"

const SrtlaFlowSettings srtla_flow_defaults = {
  SRTLA_PRIORITY_AUTO, 0, 3000, 1024
};

G_STATIC_ASSERT (SRTLA_MAX_FLOWS <= SRTLA_DRR_QUEUES);

/* ---- What a packet is -------------------------------------------------- */

static SrtlaTime
usefulness_of (SrtlaBond * bond, const SrtlaItem * item)
{
  SrtlaCaller *caller;
  guint32 timestamp;

  if (item->caller == SRTLA_NO_CALLER || item->kind != SRTLA_KIND_SRT_DATA)
    return SRTLA_TIME_NONE;
  caller = &bond->callers.slots[item->caller];
  timestamp = srtla_srt_timestamp (item->packet.data);
  if (!srtla_srt_is_retransmission (item->packet.data))
    srtla_usefulness_observe (&caller->usefulness, timestamp, item->arrived);
  return srtla_usefulness_deadline (&caller->usefulness, timestamp,
      caller->flags, caller->latency, item->arrived);
}

static void
judge (SrtlaBond * bond, SrtlaItem * item, gboolean droppable)
{
  SrtlaFlow *flow = &bond->flows[item->flow];
  const SrtlaMarks marks = { flow->settings.priority, droppable,
    flow->critical_until > item->arrived
  };
  SrtlaVerdict verdict = srtla_classify (&flow->classifier, item->kind,
      item->packet.data, item->packet.size, &marks);
  SrtlaTime budget = bond->classes[verdict.priority].budget;

  if (flow->settings.budget != 0 && item->kind == SRTLA_KIND_SRT_DATA)
    budget = flow->settings.budget;
  item->priority = (guint8) verdict.priority;
  item->in_order = (guint8) verdict.in_order;
  item->expires = usefulness_of (bond, item);
  item->deadline = budget == SRTLA_TIME_NONE ? SRTLA_TIME_NONE
      : item->arrived + budget;
  item->deadline = MIN (item->deadline, item->expires);
}

/* ---- In ---------------------------------------------------------------- */

static void
count_at_once (SrtlaBond * bond, const SrtlaItem * item)
{
  bond->books[item->priority].packets++;
  bond->books[item->priority].bytes += item->packet.size;
}

void
srtla_bond_enqueue (SrtlaBond * bond, SrtlaItem * item, gboolean droppable)
{
  SrtlaItem dropped;

  judge (bond, item, droppable);
  /* Usually nothing waits, and nothing needs to. */
  if (srtla_pipeline_waiting (bond->pipeline) == 0
      && bond->outputs_waiting < SRTLA_BOND_BATCH
      && item->expires > item->arrived && srtla_bond_send (bond, item)) {
    count_at_once (bond, item);
    return;
  }
  if (srtla_pipeline_push (bond->pipeline, item, &dropped))
    srtla_bond_drop (bond, &dropped.packet, &bond->stats.dropped_queue);
}

/* ---- Out --------------------------------------------------------------- */

static void
drop_expired (SrtlaBond * bond)
{
  SrtlaItem item;

  while (srtla_pipeline_take_expired (bond->pipeline, bond->now, &item))
    srtla_bond_drop (bond, &item.packet, &bond->stats.dropped_expired);
}

static void
count_tokens (SrtlaBond * bond)
{
  guint i;

  for (i = 0; i < bond->n_uplinks; i++)
    srtla_uplink_count_tokens (bond->order[i], bond->now);
}

/* Sends the next packet of the classes. Returns: FALSE if there is none, or no
 * uplink takes it. */
static gboolean
send_next (SrtlaBond * bond, guint classes)
{
  const SrtlaItem *next = srtla_pipeline_peek (bond->pipeline, classes,
      bond->now);
  SrtlaItem item;

  if (next == NULL)
    return FALSE;
  item = *next;
  if (item.caller != SRTLA_NO_CALLER
      && item.life != bond->callers.slots[item.caller].life)
    item.caller = SRTLA_NO_CALLER;
  if (!srtla_bond_send (bond, &item))
    return FALSE;
  srtla_pipeline_pop (bond->pipeline, classes, bond->now, &item);
  return TRUE;
}

void
srtla_bond_pump (SrtlaBond * bond)
{
  if (srtla_pipeline_waiting (bond->pipeline) == 0)
    return;
  drop_expired (bond);
  count_tokens (bond);
  while (bond->outputs_waiting < SRTLA_BOND_BATCH
      && (send_next (bond, SRTLA_ALL_CLASSES)
          /* Control packets and retransmissions need no room. */
          || send_next (bond, 1u << SRTLA_CLASS_HIGH)
          || send_next (bond, 1u << SRTLA_CLASS_MEDIUM)));
}

void
srtla_bond_empty_queues (SrtlaBond * bond, gboolean send)
{
  SrtlaItem item;

  while (srtla_pipeline_flush (bond->pipeline, &item)) {
    if (!send || bond->outputs_waiting >= SRTLA_BOND_OUTPUTS
        - 2 * SRTLA_MAX_UPLINKS || !srtla_bond_send (bond, &item))
      srtla_bond_drop (bond, &item.packet, &bond->stats.dropped_flushed);
  }
}

SrtlaTime
srtla_bond_queue_deadline (const SrtlaBond * bond)
{
  SrtlaTime deadline;
  guint i;

  if (srtla_pipeline_waiting (bond->pipeline) == 0)
    return SRTLA_TIME_NONE;
  deadline = srtla_pipeline_next_expiry (bond->pipeline);
  for (i = 0; i < bond->n_uplinks; i++)
    deadline = MIN (deadline, srtla_uplink_tokens_due (bond->order[i]));
  return deadline;
}

/* ---- Settings ---------------------------------------------------------- */

void
srtla_bond_set_queue_target (SrtlaBond * bond, SrtlaTime queue_target)
{
  guint i;

  bond->queue_target = queue_target;
  for (i = 0; i < bond->n_uplinks; i++)
    srtla_bond_weigh (bond, bond->order[i], bond->now);
}

void
srtla_bond_set_class (SrtlaBond * bond, SrtlaClass priority,
    const SrtlaClassSettings * settings)
{
  gboolean longer = settings->length != bond->classes[priority].length;
  guint i;

  g_return_if_fail (priority < SRTLA_N_CLASSES);
  bond->classes[priority] = *settings;
  srtla_pipeline_set_class_quantum (bond->pipeline, priority,
      settings->quantum);
  if (!longer || srtla_pipeline_waiting (bond->pipeline) > 0)
    return;
  srtla_pipeline_free (bond->pipeline);
  bond->pipeline = srtla_pipeline_new (bond->classes);
  for (i = 0; i < SRTLA_MAX_FLOWS; i++) {
    if (bond->flows[i].settings.length != 0)
      srtla_pipeline_open (bond->pipeline, i, bond->flows[i].settings.length,
          bond->flows[i].settings.quantum);
  }
}

void
srtla_bond_set_flow (SrtlaBond * bond, guint flow,
    const SrtlaFlowSettings * settings)
{
  g_return_if_fail (flow < SRTLA_MAX_FLOWS && settings->length > 0);

  if (!srtla_pipeline_is_open (bond->pipeline, flow))
    srtla_pipeline_open (bond->pipeline, flow, settings->length,
        settings->quantum);
  else
    srtla_pipeline_set_flow_quantum (bond->pipeline, flow, settings->quantum);
  bond->flows[flow].settings = *settings;
}

void
srtla_bond_flush_flow (SrtlaBond * bond, guint flow)
{
  SrtlaItem item;

  g_return_if_fail (flow < SRTLA_MAX_FLOWS);
  while (srtla_pipeline_flush_flow (bond->pipeline, flow, &item))
    srtla_bond_drop (bond, &item.packet, &bond->stats.dropped_flushed);
}

void
srtla_bond_close_flow (SrtlaBond * bond, guint flow)
{
  const SrtlaFlow closed = { {0, 0, 0, 0}, {FALSE, 0}, 0 };

  g_return_if_fail (flow != SRTLA_MAIN_FLOW);
  srtla_bond_flush_flow (bond, flow);
  srtla_pipeline_close (bond->pipeline, flow);
  bond->flows[flow] = closed;
}

void
srtla_bond_set_critical (SrtlaBond * bond, guint flow, SrtlaTime until)
{
  g_return_if_fail (flow < SRTLA_MAX_FLOWS);
  bond->flows[flow].critical_until = until;
}

void
srtla_bond_uplink_blocked (SrtlaBond * bond, guint slot, gboolean blocked)
{
  g_return_if_fail (srtla_bond_uplink (bond, slot) != NULL);
  bond->uplinks[slot]->blocked = blocked;
}

void
srtla_bond_uplink_backlog (SrtlaBond * bond, guint slot, guint64 bytes)
{
  g_return_if_fail (srtla_bond_uplink (bond, slot) != NULL);
  bond->uplinks[slot]->backlog = bytes;
}

void
srtla_bond_uplink_limit (SrtlaBond * bond, guint slot, guint64 bitrate,
    SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);

  g_return_if_fail (uplink != NULL);
  uplink->bitrate_maximum = bitrate;
  uplink->tokens = 0;
  uplink->tokens_at = now;
}

void
srtla_bond_note_sent (SrtlaBond * bond, const SrtlaOutput * output,
    SrtlaTime now)
{
  SrtlaClassBooks *books = &bond->books[output->priority % SRTLA_N_CLASSES];
  SrtlaTime took = now > output->arrived ? now - output->arrived : 0;

  if (output->kind != SRTLA_OUTPUT_PACKET || output->copy != SRTLA_COPY_NONE)
    return;
  srtla_histogram_record (&books->interval, took);
  srtla_histogram_record (&books->total, took);
}

void
srtla_bond_reset_interval (SrtlaBond * bond)
{
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++)
    srtla_histogram_reset (&bond->books[i].interval);
}
