/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one turn of the loop does: takes datagrams and packets in, drives the
 * core, hands out what the core decides. The loop's alone; time comes from it.
 */
#pragma once

#include "gstsrtlafile.h"
#include "gstsrtlalinks.h"
#include "gstsrtlareturn.h"
#include "gstsrtlasettings.h"
#include "gstsrtlastats.h"

G_BEGIN_DECLS

/* Between looks at uplinks-file. */
#define GST_SRTLA_FILE_INTERVAL (500 * SRTLA_MILLISECOND)
/* Between notices that a reply has nowhere to go. */
#define GST_SRTLA_NO_WAY_INTERVAL (1 * SRTLA_SECOND)

typedef struct
{
  GstElement *element;          /* not referenced */
  GstSrtlaUplinks *uplinks;     /* not owned */
  const gchar *host;
  guint port;
  GstPoll *poll;                /* not owned */
  GFunc resolved;               /* called from another thread */
  GstSrtlaNotifyFunc notify;
  gpointer user_data;           /* of `resolved` and `notify` */
} GstSrtlaEngineConfig;

typedef struct _GstSrtlaEngine GstSrtlaEngine;

GstSrtlaEngine *gst_srtla_engine_new (const GstSrtlaEngineConfig * config,
    SrtlaTime now);
void gst_srtla_engine_free (GstSrtlaEngine * engine);

void gst_srtla_engine_set_settings (GstSrtlaEngine * engine,
    const GstSrtlaSettings * settings, SrtlaTime now);
/* ingresses: GstSrtlaIngress, taken over. past: of those that went. */
void gst_srtla_engine_set_ingresses (GstSrtlaEngine * engine,
    GPtrArray * ingresses, const GstSrtlaIngressStats * past);
/* pad: or NULL. */
void gst_srtla_engine_set_src_pad (GstSrtlaEngine * engine,
    GstSrtlaSrcPad * pad);
/* When all that waits is out, or the drain timeout passed, a notice DRAINED
 * with this number. 0 calls it off. */
void gst_srtla_engine_drain (GstSrtlaEngine * engine, guint number,
    SrtlaTime now);

/* ready: sockets have something. *packets becomes how many the pads had.
 * Returns: whether there is more to do at once. */
gboolean gst_srtla_engine_turn (GstSrtlaEngine * engine, gboolean ready,
    SrtlaTime now, guint * packets);
/* The part of a turn that takes in and sends: for a thread that brings packets
 * while the loop sleeps. looked: at the sockets lately; else no time goes by: who
 * is overdue cannot be told while answers may lie there. Returns: whether the
 * loop must look at the rest. */
gboolean gst_srtla_engine_help (GstSrtlaEngine * engine, gboolean looked,
    gboolean ready, SrtlaTime now, guint * packets);
/* Returns: whether packets came in since. From the loop, before it sleeps. */
gboolean gst_srtla_engine_has_input (GstSrtlaEngine * engine);
/* Returns: whether packets wait for room on the uplinks, or a socket takes no
 * more. */
gboolean gst_srtla_engine_is_waiting (GstSrtlaEngine * engine);
/* Returns: whether some pad's packets should not wait for more. */
gboolean gst_srtla_engine_is_filling (GstSrtlaEngine * engine);
SrtlaTime gst_srtla_engine_deadline (GstSrtlaEngine * engine);

/* Closes the sockets: what waits is dropped and counted. */
void gst_srtla_engine_stop (GstSrtlaEngine * engine, SrtlaTime now);

/* Fills stats, and the records of the uplinks. */
void gst_srtla_engine_get_stats (GstSrtlaEngine * engine,
    GstSrtlaStats * stats, SrtlaTime now);

G_END_DECLS
