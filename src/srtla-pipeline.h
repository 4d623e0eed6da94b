/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits for room on the uplinks, and what goes next:
 *
 *   flows ─► queue per flow ─► DRR ─► queue per class ─► EDF ─► queue per class
 *   ─► DRR ─► uplinks
 *
 * The last queues hold at most one quantum a class, and no more than can leave
 * now, so that they cannot undo what EDF decides when there is room. A packet
 * moves on only when the next stage has room for its class; nothing is dropped
 * but from a flow's full queue, or when it expires.
 */
#pragma once

#include "srtla-drr.h"
#include "srtla-edf.h"

G_BEGIN_DECLS

typedef struct _SrtlaPipeline SrtlaPipeline;

typedef enum
{
  SRTLA_STAGE_INGRESS,
  SRTLA_STAGE_EDF,
  SRTLA_STAGE_EGRESS,
  SRTLA_N_STAGES
} SrtlaStage;

SrtlaPipeline *srtla_pipeline_new (const SrtlaClassSettings
    settings[SRTLA_N_CLASSES]);
/* Packets must have been flushed. */
void srtla_pipeline_free (SrtlaPipeline *pipeline);

/* Opens a flow's queue (0 to SRTLA_DRR_QUEUES - 1) for `length` packets; closes
 * it once it is flushed. */
void srtla_pipeline_open (SrtlaPipeline *pipeline, guint flow, guint length,
    guint quantum);
void srtla_pipeline_close (SrtlaPipeline *pipeline, guint flow);
gboolean srtla_pipeline_is_open (const SrtlaPipeline *pipeline, guint flow);

/* Any time. */
void srtla_pipeline_set_flow_quantum (SrtlaPipeline *pipeline, guint flow,
    guint quantum);
/* Of what waits, what a shorter queue has no room for is dropped: to be repeated
 * while it returns TRUE, with *dropped, whose reference is the caller's. */
gboolean srtla_pipeline_set_flow_length (SrtlaPipeline *pipeline, guint flow,
    guint length, SrtlaItem *dropped);
/* What waits stays, as srtla_edf_set_class () says. */
void srtla_pipeline_set_class (SrtlaPipeline *pipeline, SrtlaClass priority,
    const SrtlaClassSettings *settings);
/* How long a packet is under way that leaves now, beyond what its `expires`
 * reckons with, µs. From `now` + lead on it is of no use, wherever it waits. */
void srtla_pipeline_set_lead (SrtlaPipeline *pipeline, SrtlaTime lead);

/* Returns: the class in which a packet of that class stays behind all that waits
 * of its flow. */
SrtlaClass srtla_pipeline_last_class (const SrtlaPipeline *pipeline,
    guint flow, SrtlaClass priority);
/* A packet of an open flow. Returns: TRUE if one of that flow had to go for it,
 * or it itself: *dropped, whose reference is the caller's. */
gboolean srtla_pipeline_push (SrtlaPipeline *pipeline, const SrtlaItem *item,
    SrtlaItem *dropped);

/* Returns: the packet of `classes` (a set) that goes next, NULL if there is
 * none. `room`: bytes that can leave now; with less than a packet's only what
 * was put in front before may be given. Valid until the next change. Take
 * expired ones out first, each time. */
const SrtlaItem *srtla_pipeline_peek (SrtlaPipeline *pipeline, guint classes,
    guint64 room, SrtlaTime now);
/* Returns: the packet of the class that would go next if it were asked for alone,
 * without moving it; NULL if there is none. */
const SrtlaItem *srtla_pipeline_next_of (SrtlaPipeline *pipeline,
    SrtlaClass priority);
/* Returns: whether that would take no more than a round's worth from others. */
gboolean srtla_pipeline_has_credit (const SrtlaPipeline *pipeline,
    SrtlaClass priority);
/* Takes the packet that peek () has shown. Returns: FALSE if there is none. */
gboolean srtla_pipeline_pop (SrtlaPipeline *pipeline, guint classes,
    SrtlaItem *item);

/* Takes out a packet that is of no use any more. To be repeated until FALSE. */
gboolean srtla_pipeline_take_expired (SrtlaPipeline *pipeline, SrtlaTime now,
    SrtlaItem *item);
/* Returns: when that will have something to do; SRTLA_TIME_NONE if never. */
SrtlaTime srtla_pipeline_next_expiry (const SrtlaPipeline *pipeline);

/* Takes any packet of the flow out of its own queue, or any at all from all
 * stages. To be repeated until FALSE. */
gboolean srtla_pipeline_flush_flow (SrtlaPipeline *pipeline, guint flow,
    SrtlaItem *item);
gboolean srtla_pipeline_flush (SrtlaPipeline *pipeline, SrtlaItem *item);

/* Returns: the set of classes that have packets in front or next to it. */
guint srtla_pipeline_classes (const SrtlaPipeline *pipeline);
/* Returns: how many packets wait, which every pipeline begins with: the bond
 * asks for each packet. */
static inline guint
srtla_pipeline_waiting (const SrtlaPipeline * pipeline)
{
  return *(const guint *) pipeline;
}

/* The books of a class in a stage (of all flows at the ingress), and of a flow
 * in its own queue. */
void srtla_pipeline_class_stats (const SrtlaPipeline *pipeline,
    SrtlaStage stage, SrtlaClass priority, SrtlaQueueStats *stats);
void srtla_pipeline_flow_stats (const SrtlaPipeline *pipeline, guint flow,
    SrtlaQueueStats *stats);

G_END_DECLS
