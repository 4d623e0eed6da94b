/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets that wait for room on the uplinks, in all modes but classic: what
 * they are and until when they are of use, and when they go.
 */
#include "srtla-bond-private.h"

#include <string.h>

const SrtlaFlowSettings srtla_flow_defaults = {
  SRTLA_PRIORITY_AUTO, 0, 3000, 1024
};

/* Outputs made at once. What its owner tells of a socket that takes no more is
 * heeded from then on. */
#define PUMP_BATCH 64

/* More comes in than goes out if something expired no longer ago. */
#define OVERFLOWING (200 * SRTLA_MILLISECOND)

G_STATIC_ASSERT (SRTLA_MAX_FLOWS <= SRTLA_DRR_QUEUES);

/* ---- What a packet is -------------------------------------------------- */

SrtlaTime
srtla_bond_useful_until (const SrtlaBond * bond, guint caller,
    const guint8 * data, SrtlaTime now)
{
  const SrtlaCaller *slot;

  if (caller == SRTLA_NO_CALLER)
    return SRTLA_TIME_NONE;
  slot = &bond->callers.slots[caller];
  return srtla_usefulness_deadline (&slot->usefulness,
      srtla_srt_timestamp (data), slot->flags, slot->latency, now);
}

static SrtlaTime
usefulness_of (SrtlaBond * bond, const SrtlaItem * item)
{
  SrtlaCaller *caller;

  if (item->caller == SRTLA_NO_CALLER || item->kind != SRTLA_KIND_SRT_DATA)
    return SRTLA_TIME_NONE;
  caller = &bond->callers.slots[item->caller];
  if (G_UNLIKELY (srtla_srt_is_retransmission (item->packet.data)))
    return srtla_bond_useful_until (bond, item->caller, item->packet.data,
        item->arrived);
  return srtla_usefulness_take (&caller->usefulness,
      srtla_srt_timestamp (item->packet.data), caller->flags, caller->latency,
      item->arrived);
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
  /* Without any budget it has its share, not a deadline. */
  item->deadline = budget == SRTLA_TIME_NONE ? SRTLA_TIME_NONE
      : MIN (item->arrived + budget, item->expires);
}

/* ---- In ---------------------------------------------------------------- */

static void
count_at_once (SrtlaBond * bond, const SrtlaItem * item)
{
  bond->books[item->priority].packets++;
  bond->books[item->priority].bytes += item->packet.size;
}

/* The packets of a moment are asked about once, unless one is in more of a
 * hurry: what they add to the way is bounded by the uplinks' room. */
static inline gboolean
is_useful_now (SrtlaBond * bond, SrtlaTime expires)
{
  if (bond->useful_at == bond->now && expires >= bond->useful_from)
    return TRUE;
  if (!srtla_bond_is_useful (bond, expires))
    return FALSE;
  bond->useful_at = bond->now;
  bond->useful_from = expires;
  return TRUE;
}

SrtlaPushVerdict
srtla_bond_enqueue (SrtlaBond * bond, SrtlaItem * item, gboolean droppable)
{
  SrtlaItem dropped;

  judge (bond, item, droppable);
  if (G_UNLIKELY (item->in_order))
    item->priority = (guint8) srtla_pipeline_last_class (bond->pipeline,
        item->flow, item->priority);
  srtla_bond_book_class (bond, item);
  if (bond->uplinks_up == 0) {
    srtla_bond_drop (bond, item, SRTLA_LOSS_NO_UPLINK);
    return SRTLA_PUSH_NO_UPLINK;
  }
  /* Usually nothing waits, and nothing needs to. */
  if (srtla_pipeline_waiting (bond->pipeline) == 0
      && bond->outputs_waiting < SRTLA_BOND_BATCH
      && is_useful_now (bond, item->expires)
      && srtla_bond_send (bond, item)) {
    count_at_once (bond, item);
    return SRTLA_PUSH_TAKEN;
  }
  srtla_bond_book_wait (bond, item);
  if (srtla_pipeline_push (bond->pipeline, item, &dropped)) {
    srtla_bond_book_leave (bond, &dropped);
    srtla_bond_drop (bond, &dropped, SRTLA_LOSS_QUEUE);
  }
  return SRTLA_PUSH_TAKEN;
}

/* ---- Out --------------------------------------------------------------- */

static void
drop_expired (SrtlaBond * bond)
{
  SrtlaItem item;

  srtla_pipeline_set_lead (bond->pipeline, srtla_bond_least_way (bond));
  while (srtla_pipeline_take_expired (bond->pipeline, bond->now, &item)) {
    srtla_bond_book_leave (bond, &item);
    if (!srtla_srt_is_retransmission (item.packet.data))
      bond->expired_at = bond->now;
    srtla_bond_drop (bond, &item, SRTLA_LOSS_EXPIRED);
  }
}

static void
count_tokens (SrtlaBond * bond)
{
  guint i;

  for (i = 0; i < bond->n_uplinks; i++) {
    srtla_uplink_count_tokens (bond->order[i], bond->now);
    srtla_uplink_count_reserve (bond->order[i], bond->now);
  }
}

/* Returns: how many bytes of packets the uplinks take now, as if each were of
 * full size: what is let out of the queues leaves. */
static guint64
room_of (const SrtlaBond * bond)
{
  guint64 room = 0, stalled = 0;
  guint i;

  if (srtla_bond_is_classic (bond) || bond->queue_target == 0)
    return G_MAXUINT64;
  for (i = 0; i < bond->n_uplinks; i++) {
    const SrtlaUplink *uplink = bond->order[i];
    guint64 own = uplink->bitrate_maximum != 0
        ? SRTLA_MAX_DATAGRAM : SRTLA_BOND_BATCH * SRTLA_MAX_DATAGRAM;

    if (uplink->state != SRTLA_UPLINK_UP || uplink->suspended)
      continue;
    own = MIN (own, srtla_uplink_room (uplink, FALSE));
    own -= own % SRTLA_MAX_DATAGRAM;
    if (uplink->stalled)
      stalled += own;
    else
      room += own;
  }
  return room > 0 ? room : stalled;
}

/* Returns: whether a packet that did not go holds up others, while packets
 * expire: it would arrive in time only where there is no room, and those behind
 * it, which have more time, where there is plenty. */
static gboolean
holds_up (const SrtlaBond * bond, const SrtlaItem * item)
{
  guint i;

  if (item->kind != SRTLA_KIND_SRT_DATA
      || item->priority == SRTLA_CLASS_HIGH
      || srtla_srt_is_retransmission (item->packet.data)
      || srtla_bond_outputs_are_full (bond)
      || bond->now > bond->expired_at + OVERFLOWING)
    return FALSE;
  for (i = 0; i < bond->n_uplinks; i++) {
    const SrtlaUplink *uplink = bond->order[i];

    if (uplink->names_all && srtla_uplink_has_room (uplink, FALSE,
            item->packet.size)
        && srtla_inflight_bytes (uplink->log) <= uplink->room / 2)
      return TRUE;
  }
  return FALSE;
}

/* Sends the next packet of the classes. Returns: FALSE if there is none, or no
 * uplink takes it. */
static gboolean
send_next (SrtlaBond * bond, guint classes, guint64 room)
{
  const SrtlaItem *next = srtla_pipeline_peek (bond->pipeline, classes, room,
      bond->now);
  gboolean sent, late = FALSE;
  SrtlaItem item;

  if (next == NULL)
    return FALSE;
  item = *next;
  if (item.caller != SRTLA_NO_CALLER
      && item.life != bond->callers.slots[item.caller].life)
    item.caller = SRTLA_NO_CALLER;
  sent = srtla_bond_send (bond, &item);
  if (!sent && !srtla_bond_is_classic (bond)) {
    late = holds_up (bond, &item);
    if (!late)
      return FALSE;
  }
  srtla_pipeline_pop (bond->pipeline, classes, &item);
  srtla_bond_book_leave (bond, &item);
  if (!sent)                    /* left over, and classic mode does not wait */
    srtla_bond_drop (bond, &item, late ? SRTLA_LOSS_EXPIRED
        : SRTLA_LOSS_NO_UPLINK);
  return TRUE;
}

gboolean
srtla_bond_has_room_beside (const SrtlaBond * bond, guint slot, gsize size)
{
  guint i;

  if (srtla_bond_is_classic (bond) || srtla_bond_outputs_are_full (bond))
    return FALSE;
  for (i = 0; i < bond->n_uplinks; i++) {
    if (bond->order[i]->slot != slot
        && srtla_uplink_has_room (bond->order[i], FALSE, size))
      return TRUE;
  }
  /* Rather a doubtful one than one that is down. */
  return bond->uplinks[slot] != NULL
      && bond->uplinks[slot]->state != SRTLA_UPLINK_UP
      && srtla_bond_stalled_beside (bond, slot, size) != SRTLA_NO_UPLINK;
}

/* Sends the next packet of a class if it needs no room, which control packets do
 * not, nor retransmissions that others can bear; or may draw on a reserve. What
 * would have to wait is not moved to the front: it would take its turn from
 * others. */
static gboolean
send_ahead (SrtlaBond * bond, SrtlaClass priority)
{
  const SrtlaItem *next = srtla_pipeline_next_of (bond->pipeline, priority);
  gboolean may_go = FALSE;
  guint i;

  if (next == NULL)
    return FALSE;
  may_go = next->kind != SRTLA_KIND_SRT_DATA
      || (srtla_srt_is_retransmission (next->packet.data)
      && srtla_pipeline_has_credit (bond->pipeline, priority));
  for (i = 0; !may_go && priority == SRTLA_CLASS_HIGH && i < bond->n_uplinks;
      i++)
    may_go = srtla_uplink_has_room (bond->order[i], TRUE, next->packet.size);
  return may_go && send_next (bond, 1u << priority, SRTLA_MAX_DATAGRAM);
}

void
srtla_bond_pump (SrtlaBond * bond)
{
  if (srtla_pipeline_waiting (bond->pipeline) == 0)
    return;
  count_tokens (bond);
  while (bond->outputs_waiting < PUMP_BATCH) {
    drop_expired (bond);
    if (!send_next (bond, SRTLA_ALL_CLASSES, room_of (bond))
        && !send_ahead (bond, SRTLA_CLASS_HIGH)
        && !send_ahead (bond, SRTLA_CLASS_MEDIUM))
      break;
  }
  /* What was behind what has moved to the front meanwhile. */
  if (srtla_pipeline_next_expiry (bond->pipeline) <= bond->now)
    drop_expired (bond);
}

void
srtla_bond_flush (SrtlaBond * bond)
{
  SrtlaItem item;

  while (srtla_pipeline_flush (bond->pipeline, &item)) {
    srtla_bond_book_leave (bond, &item);
    srtla_bond_drop (bond, &item, SRTLA_LOSS_FLUSHED);
  }
}

guint
srtla_bond_waiting (const SrtlaBond * bond)
{
  return srtla_pipeline_waiting (bond->pipeline);
}

SrtlaTime
srtla_bond_queue_deadline (const SrtlaBond * bond)
{
  gboolean urgent = srtla_pipeline_classes (bond->pipeline)
      & (1u << SRTLA_CLASS_HIGH);
  SrtlaTime deadline;
  guint i;

  if (srtla_pipeline_waiting (bond->pipeline) == 0)
    return SRTLA_TIME_NONE;
  deadline = srtla_pipeline_next_expiry (bond->pipeline);
  for (i = 0; i < bond->n_uplinks; i++) {
    deadline = MIN (deadline, srtla_uplink_tokens_due (bond->order[i]));
    if (urgent && srtla_uplink_is_open (bond->order[i]))
      deadline = MIN (deadline, srtla_uplink_reserve_due (bond->order[i]));
  }
  return deadline;
}

/* ---- Settings ---------------------------------------------------------- */

void
srtla_bond_set_queue_target (SrtlaBond * bond, SrtlaTime queue_target)
{
  guint i;

  srtla_bond_end_plan (bond);
  bond->queue_target = queue_target;
  for (i = 0; i < bond->n_uplinks; i++)
    srtla_bond_weigh (bond, bond->order[i], bond->now);
}

void
srtla_bond_set_class (SrtlaBond * bond, SrtlaClass priority,
    const SrtlaClassSettings * settings)
{
  g_return_if_fail (priority < SRTLA_N_CLASSES);

  bond->classes[priority] = *settings;
  srtla_pipeline_set_class (bond->pipeline, priority, settings);
}

void
srtla_bond_set_flow (SrtlaBond * bond, guint flow,
    const SrtlaFlowSettings * settings)
{
  SrtlaFlow *opened = &bond->flows[flow];
  SrtlaTraffic left = { 0, };
  SrtlaItem dropped;

  g_return_if_fail (flow < SRTLA_MAX_FLOWS && settings->length > 0);

  if (!srtla_pipeline_is_open (bond->pipeline, flow))
    srtla_pipeline_open (bond->pipeline, flow, settings->length,
        settings->quantum);
  else if (settings->length != opened->settings.length)
    while (srtla_pipeline_set_flow_length (bond->pipeline, flow,
            settings->length, &dropped)) {
      srtla_bond_book_leave (bond, &dropped);
      srtla_bond_drop (bond, &dropped, SRTLA_LOSS_QUEUE);
    }
  srtla_pipeline_set_flow_quantum (bond->pipeline, flow, settings->quantum);
  opened->settings = *settings;
  if (opened->interval == NULL) {
    /* What still waits of a flow that had this number before leaves as its. */
    left.packets_in = left.waiting = opened->traffic.waiting;
    left.bytes_in = left.waiting_bytes = opened->traffic.waiting_bytes;
    left.waiting_maximum = left.waiting;
    left.waiting_bytes_maximum = left.waiting_bytes;
    opened->traffic = left;
    memset (&opened->latest, 0, sizeof opened->latest);
    opened->interval = g_new0 (SrtlaHistogram, 1);
    opened->total = g_new0 (SrtlaHistogram, 1);
  }
}

void
srtla_bond_flush_flow (SrtlaBond * bond, guint flow)
{
  SrtlaItem item;

  g_return_if_fail (flow < SRTLA_MAX_FLOWS);
  while (srtla_pipeline_flush_flow (bond->pipeline, flow, &item)) {
    srtla_bond_book_leave (bond, &item);
    srtla_bond_drop (bond, &item, SRTLA_LOSS_FLUSHED);
  }
}

void
srtla_bond_close_flow (SrtlaBond * bond, guint flow)
{
  SrtlaFlow *closed = &bond->flows[flow];

  g_return_if_fail (flow != SRTLA_MAIN_FLOW && flow < SRTLA_MAX_FLOWS);
  srtla_bond_flush_flow (bond, flow);
  srtla_pipeline_close (bond->pipeline, flow);
  memset (&closed->settings, 0, sizeof closed->settings);
  memset (&closed->classifier, 0, sizeof closed->classifier);
  closed->critical_until = 0;
  /* The books stay for what is further on. */
  g_clear_pointer (&closed->interval, g_free);
  g_clear_pointer (&closed->total, g_free);
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
  srtla_bond_end_plan (bond);
  bond->uplinks[slot]->blocked = blocked;
}

void
srtla_bond_uplink_backlog (SrtlaBond * bond, guint slot, guint64 bytes)
{
  g_return_if_fail (srtla_bond_uplink (bond, slot) != NULL);
  srtla_bond_end_plan (bond);
  bond->uplinks[slot]->backlog = bytes;
}

void
srtla_bond_uplink_limit (SrtlaBond * bond, guint slot, guint64 bitrate,
    SrtlaTime now)
{
  SrtlaUplink *uplink = srtla_bond_uplink (bond, slot);

  g_return_if_fail (uplink != NULL);
  srtla_bond_end_plan (bond);
  uplink->bitrate_maximum = bitrate;
  uplink->tokens = 0;
  uplink->tokens_at = now;
}

/* ---- Delays ------------------------------------------------------------- */

void
srtla_bond_note_sent (SrtlaBond * bond, const SrtlaOutput * output,
    SrtlaTime now)
{
  SrtlaClassBooks *books = &bond->books[output->priority % SRTLA_N_CLASSES];
  SrtlaFlow *flow = &bond->flows[output->flow % SRTLA_MAX_FLOWS];
  SrtlaTime took = now > output->arrived ? now - output->arrived : 0;
  guint place = srtla_histogram_place (took);

  if (output->kind != SRTLA_OUTPUT_PACKET || output->copy != SRTLA_COPY_NONE)
    return;
  srtla_histogram_record_at (&books->interval, place, took);
  if (flow->interval != NULL)
    srtla_histogram_record_at (flow->interval, place, took);
}

void
srtla_bond_reset_interval (SrtlaBond * bond)
{
  guint i;

  bond->interval_over = TRUE;
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    srtla_bond_read_delays (&bond->books[i].interval, &bond->books[i].latest);
    srtla_histogram_merge (&bond->books[i].total, &bond->books[i].interval);
    srtla_histogram_reset (&bond->books[i].interval);
  }
  for (i = 0; i < SRTLA_MAX_FLOWS; i++) {
    SrtlaFlow *flow = &bond->flows[i];

    if (flow->interval == NULL)
      continue;
    srtla_bond_read_delays (flow->interval, &flow->latest);
    srtla_histogram_merge (flow->total, flow->interval);
    srtla_histogram_reset (flow->interval);
  }
}

void
srtla_bond_forget_intervals (SrtlaBond * bond)
{
  srtla_bond_reset_interval (bond);
  bond->interval_over = FALSE;
}
