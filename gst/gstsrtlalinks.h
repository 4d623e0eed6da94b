/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All uplinks of a loop: they come and go as the application says, and follow
 * the receiver from address to address until one answers. The loop's alone.
 */
#pragma once

#include "gstsrtlalink.h"
#include "gstsrtlatarget.h"
#include "gstsrtlauplinks.h"

G_BEGIN_DECLS

/* Without an answer for so long, the next address is tried; after each round
 * twice as long, up to the second. Where every uplink is refused there is
 * nothing to wait for: the first round goes on at once. */
#define GST_SRTLA_PATIENCE (1 * SRTLA_SECOND)
#define GST_SRTLA_PATIENCE_MAX (4 * SRTLA_SECOND)
/* Whoever answered within this time is a receiver. */
#define GST_SRTLA_ANSWER_VALID (5 * SRTLA_SECOND)

typedef struct
{
  GstSrtlaLinkShared shared;
  GstSrtlaUplinks *uplinks;     /* not owned */
  GstSrtlaTarget *target;       /* owned */
  gint generation;              /* of `uplinks`, when last looked at */

  GPtrArray *order;             /* GstSrtlaLink, owned, as they came */
  GstSrtlaLink *slots[SRTLA_MAX_UPLINKS];       /* by the core's slot */
  guint up;                     /* how many carry packets */

  SrtlaTime tried_since;        /* the current address, unanswered */
  SrtlaTime answered_at;        /* any datagram; 0 = none */
  guint rounds;                 /* all addresses tried, in vain */
} GstSrtlaLinks;

/* Takes over the target. */
GstSrtlaLinks *gst_srtla_links_new (const GstSrtlaLinkShared * shared,
    GstSrtlaUplinks * uplinks, GstSrtlaTarget * target, SrtlaTime now);
void gst_srtla_links_free (GstSrtlaLinks * links);

/* Adds, removes, opens, reopens what is due. */
void gst_srtla_links_update (GstSrtlaLinks * links, SrtlaTime now);
/* Takes the core's events and tells of them. */
void gst_srtla_links_take_events (GstSrtlaLinks * links, SrtlaTime now);
/* Hands over to the sockets what they take. */
void gst_srtla_links_transmit (GstSrtlaLinks * links, SrtlaTime now);
/* Drops what waits for the sockets. */
void gst_srtla_links_flush (GstSrtlaLinks * links, SrtlaTime now);

/* Returns: SRT packets that wait for the sockets, duplicates not counted. */
guint gst_srtla_links_waiting (const GstSrtlaLinks * links);
/* Returns: whether nothing waits for the sockets. */
gboolean gst_srtla_links_is_empty (const GstSrtlaLinks * links);
/* Returns: when update() or transmit() have something to do. */
SrtlaTime gst_srtla_links_deadline (const GstSrtlaLinks * links);

/* Copies numbers to the uplinks; `stats` are the core's. */
void gst_srtla_links_publish (GstSrtlaLinks * links,
    const SrtlaBondStats * stats, SrtlaTime now);

G_END_DECLS
