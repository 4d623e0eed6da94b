/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-pipeline.h"

#include <string.h>

/* Packets that an egress queue is made for: a quantum of small ones, and one. */
#define EGRESS_LENGTH 256

struct _SrtlaPipeline
{
  guint waiting;                /* in all of them; it is the first member */
  SrtlaDrr *ingress;            /* a queue per flow */
  SrtlaEdf *edf;                /* a queue per class */
  SrtlaDrr *egress;             /* likewise */
  SrtlaTime lead;               /* µs: so much sooner packets expire */
};

SrtlaPipeline *
srtla_pipeline_new (const SrtlaClassSettings settings[SRTLA_N_CLASSES])
{
  SrtlaPipeline *pipeline = g_new0 (SrtlaPipeline, 1);
  guint i;

  pipeline->ingress = srtla_drr_new ();
  pipeline->edf = srtla_edf_new (settings);
  pipeline->egress = srtla_drr_new ();
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    srtla_drr_open (pipeline->egress, i, EGRESS_LENGTH, settings[i].quantum);
  return pipeline;
}

void
srtla_pipeline_free (SrtlaPipeline * pipeline)
{
  if (pipeline == NULL)
    return;
  srtla_drr_free (pipeline->ingress);
  srtla_edf_free (pipeline->edf);
  srtla_drr_free (pipeline->egress);
  g_free (pipeline);
}

void
srtla_pipeline_open (SrtlaPipeline * pipeline, guint flow, guint length,
    guint quantum)
{
  srtla_drr_open (pipeline->ingress, flow, length, quantum);
}

void
srtla_pipeline_close (SrtlaPipeline * pipeline, guint flow)
{
  srtla_drr_close (pipeline->ingress, flow);
}

gboolean
srtla_pipeline_is_open (const SrtlaPipeline * pipeline, guint flow)
{
  return srtla_drr_is_open (pipeline->ingress, flow);
}

void
srtla_pipeline_set_flow_quantum (SrtlaPipeline * pipeline, guint flow,
    guint quantum)
{
  srtla_drr_set_quantum (pipeline->ingress, flow, quantum);
}

gboolean
srtla_pipeline_set_flow_length (SrtlaPipeline * pipeline, guint flow,
    guint length, SrtlaItem * dropped)
{
  if (!srtla_drr_set_capacity (pipeline->ingress, flow, length, dropped))
    return FALSE;
  pipeline->waiting--;
  return TRUE;
}

void
srtla_pipeline_set_class (SrtlaPipeline * pipeline, SrtlaClass priority,
    const SrtlaClassSettings * settings)
{
  srtla_edf_set_class (pipeline->edf, priority, settings);
  srtla_drr_set_quantum (pipeline->egress, priority, settings->quantum);
}

void
srtla_pipeline_set_lead (SrtlaPipeline * pipeline, SrtlaTime lead)
{
  pipeline->lead = lead;
  srtla_edf_set_lead (pipeline->edf, lead);
}

SrtlaClass
srtla_pipeline_last_class (const SrtlaPipeline * pipeline, guint flow,
    SrtlaClass priority)
{
  guint ahead = srtla_drr_queue_classes (pipeline->ingress, flow)
      | srtla_edf_classes (pipeline->edf)
      | srtla_drr_classes (pipeline->egress);

  return ahead >> priority > 1
      ? (SrtlaClass) (31 - __builtin_clz (ahead)) : priority;
}

gboolean
srtla_pipeline_push (SrtlaPipeline * pipeline, const SrtlaItem * item,
    SrtlaItem * dropped)
{
  gboolean full = srtla_drr_push (pipeline->ingress, item->flow, item, dropped);

  if (!full)
    pipeline->waiting++;
  return full;
}

/* Returns: the classes whose egress queue takes their next packet. */
static guint
egress_room (const SrtlaPipeline * pipeline)
{
  guint room = 0, i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    if (srtla_drr_has_room (pipeline->egress, i, SRTLA_MAX_DATAGRAM))
      room |= 1u << i;
  }
  return room;
}

/* Returns: the bytes of these classes that could leave by now. */
static guint64
in_front (const SrtlaPipeline *pipeline, guint classes)
{
  guint64 bytes = 0;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    if (classes & (1u << i))
      bytes += srtla_drr_stats (pipeline->egress, i, i)->bytes;
  }
  return bytes;
}

/* Fills the queues of the classes from those of the flows. */
static void
fill (SrtlaPipeline * pipeline)
{
  SrtlaItem item;

  while (srtla_drr_pop (pipeline->ingress, srtla_edf_room (pipeline->edf),
          &item))
    srtla_edf_push (pipeline->edf, &item);
}

/* Moves packets of these classes to the front as far as there is room. */
static void
advance (SrtlaPipeline * pipeline, guint classes, guint64 room, SrtlaTime now)
{
  SrtlaItem item, dropped;

  for (;;) {
    fill (pipeline);
    if (in_front (pipeline, classes) + SRTLA_MAX_DATAGRAM > room
        || !srtla_edf_pop (pipeline->edf, classes & egress_room (pipeline),
            now, &item))
      return;
    srtla_drr_push (pipeline->egress, item.priority, &item, &dropped);
  }
}

const SrtlaItem *
srtla_pipeline_peek (SrtlaPipeline * pipeline, guint classes, guint64 room,
    SrtlaTime now)
{
  if (pipeline->waiting == 0)
    return NULL;
  advance (pipeline, classes, room, now);
  return srtla_drr_peek (pipeline->egress, classes);
}

const SrtlaItem *
srtla_pipeline_next_of (SrtlaPipeline * pipeline, SrtlaClass priority)
{
  if (pipeline->waiting == 0)
    return NULL;
  if (srtla_drr_classes (pipeline->egress) & (1u << priority))
    return srtla_drr_head (pipeline->egress, priority, priority);
  fill (pipeline);
  return srtla_edf_head (pipeline->edf, priority);
}

gboolean
srtla_pipeline_has_credit (const SrtlaPipeline * pipeline, SrtlaClass priority)
{
  return srtla_edf_has_credit (pipeline->edf, priority);
}

gboolean
srtla_pipeline_pop (SrtlaPipeline * pipeline, guint classes, SrtlaItem * item)
{
  if (!srtla_drr_pop (pipeline->egress, classes, item))
    return FALSE;
  pipeline->waiting--;
  return TRUE;
}

gboolean
srtla_pipeline_take_expired (SrtlaPipeline * pipeline, SrtlaTime now,
    SrtlaItem * item)
{
  if (pipeline->waiting == 0)
    return FALSE;
  if (!srtla_drr_take_expired (pipeline->egress, now + pipeline->lead, item)
      && !srtla_edf_take_expired (pipeline->edf, now, item)
      && !srtla_drr_take_expired (pipeline->ingress, now + pipeline->lead, item))
    return FALSE;
  pipeline->waiting--;
  return TRUE;
}

SrtlaTime
srtla_pipeline_next_expiry (const SrtlaPipeline * pipeline)
{
  SrtlaTime next;

  if (pipeline->waiting == 0)
    return SRTLA_TIME_NONE;
  next = MIN (srtla_drr_next_expiry (pipeline->ingress),
      srtla_drr_next_expiry (pipeline->egress));
  if (next != SRTLA_TIME_NONE)
    next -= MIN (next, pipeline->lead);
  return MIN (next, srtla_edf_next_expiry (pipeline->edf));
}

gboolean
srtla_pipeline_flush_flow (SrtlaPipeline * pipeline, guint flow,
    SrtlaItem * item)
{
  if (!srtla_drr_is_open (pipeline->ingress, flow)
      || !srtla_drr_flush (pipeline->ingress, flow, item))
    return FALSE;
  pipeline->waiting--;
  return TRUE;
}

gboolean
srtla_pipeline_flush (SrtlaPipeline * pipeline, SrtlaItem * item)
{
  guint i;

  for (i = 0; i < SRTLA_DRR_QUEUES; i++) {
    if (srtla_pipeline_flush_flow (pipeline, i, item))
      return TRUE;
  }
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    if (srtla_drr_flush (pipeline->egress, i, item)) {
      pipeline->waiting--;
      return TRUE;
    }
  }
  if (!srtla_edf_flush (pipeline->edf, item))
    return FALSE;
  pipeline->waiting--;
  return TRUE;
}

guint
srtla_pipeline_classes (const SrtlaPipeline * pipeline)
{
  return srtla_edf_classes (pipeline->edf)
      | srtla_drr_classes (pipeline->egress);
}

void
srtla_pipeline_class_stats (const SrtlaPipeline * pipeline, SrtlaStage stage,
    SrtlaClass priority, SrtlaQueueStats * stats)
{
  guint i;

  memset (stats, 0, sizeof *stats);
  switch (stage) {
    case SRTLA_STAGE_INGRESS:
      for (i = 0; i < SRTLA_DRR_QUEUES; i++) {
        if (srtla_drr_is_open (pipeline->ingress, i))
          srtla_queue_stats_add (stats, srtla_drr_stats (pipeline->ingress, i,
                  priority));
      }
      break;
    case SRTLA_STAGE_EDF:
      *stats = *srtla_edf_stats (pipeline->edf, priority);
      break;
    case SRTLA_STAGE_EGRESS:
      *stats = *srtla_drr_stats (pipeline->egress, priority, priority);
      break;
    case SRTLA_N_STAGES:
      break;
  }
}

void
srtla_pipeline_flow_stats (const SrtlaPipeline * pipeline, guint flow,
    SrtlaQueueStats * stats)
{
  guint i;

  memset (stats, 0, sizeof *stats);
  if (!srtla_drr_is_open (pipeline->ingress, flow))
    return;
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    srtla_queue_stats_add (stats, srtla_drr_stats (pipeline->ingress, flow, i));
}
