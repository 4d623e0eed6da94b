/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queues of the sink pads as flows of the core: which there are, which
 * number each has, and with which settings. The loop's alone.
 */
#pragma once

#include "gstsrtlastats.h"

G_BEGIN_DECLS

typedef struct
{
  SrtlaBond *bond;              /* not owned */
  GPtrArray *ingresses;         /* GstSrtlaIngress */
  GstSrtlaIngressStats past;    /* of those that went */
  GstSrtlaIngress *numbered[SRTLA_MAX_FLOWS];   /* NULL = free */
  SrtlaFlowSettings settings[SRTLA_MAX_FLOWS];  /* as the core has them */
  guint last;                   /* the number given last */
} GstSrtlaFlows;

/* flows: all zero. */
void gst_srtla_flows_init (GstSrtlaFlows * flows, SrtlaBond * bond);
void gst_srtla_flows_clear (GstSrtlaFlows * flows);

/* ingresses: GstSrtlaIngress, taken over. past: of those that went. */
void gst_srtla_flows_set (GstSrtlaFlows * flows, GPtrArray * ingresses,
    const GstSrtlaIngressStats * past);
/* Tells the core what happened to a pad, before the packets taken with it. */
void gst_srtla_flows_heed (GstSrtlaFlows * flows, GstSrtlaIngress * ingress,
    const GstSrtlaIngressNews * news);

/* Returns: whether packets came in since they were taken. */
gboolean gst_srtla_flows_have_input (GstSrtlaFlows * flows);
/* Returns: whether some pad's packets should not wait for more. */
gboolean gst_srtla_flows_are_urgent (GstSrtlaFlows * flows);

/* Fills in what the pads have counted. */
void gst_srtla_flows_get_stats (GstSrtlaFlows * flows, GstSrtlaStats * stats);

G_END_DECLS
