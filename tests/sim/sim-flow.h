/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What became of one caller's media: every packet of it from its production
 * to the application behind the SRT receiver, whatever connections carried it.
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

typedef struct
{
  SrtlaTime origin;             /* handed to the SRT caller */
  SrtlaTime arrived;            /* first copy at the SRT receiver; 0 = none */
  gboolean delivered;           /* to the application, in time */
} SimMedia;

typedef struct
{
  GArray *media;                /* of SimMedia, by their index */
  guint64 delivered;
  guint64 sent;                 /* data packets by the caller, first copies */
  guint64 retransmitted;        /* data packets with the R flag */
  guint64 dropped_by_sender;    /* too late, before or after they were sent */
  guint64 arrived;              /* data packets at the SRT receiver, all copies */
  guint64 duplicates;           /* of those, already there or too late */
  guint64 reordered;            /* first copies overtaken by later numbers */
  guint reorder_most;           /* packets */
  guint64 naks;                 /* NAK packets sent by the SRT receiver */
  guint connections;            /* that were set up */
  SrtlaTime last_delivered;     /* 0 = nothing yet */
  SrtlaTime longest_gap;        /* µs between deliveries */
} SimFlow;

SimFlow *sim_flow_new (void);
void sim_flow_free (SimFlow *flow);

/* Returns: the index of a packet made now. */
guint64 sim_flow_produce (SimFlow *flow, SrtlaTime now);
/* A copy reached the SRT receiver. Unknown indices are ignored. */
void sim_flow_arrive (SimFlow *flow, guint64 index, SrtlaTime now);
void sim_flow_deliver (SimFlow *flow, guint64 index, SrtlaTime now);

G_END_DECLS
