/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loop: one GstTask, sole owner of the core, the sockets and the way back.
 * It waits for sockets, packets and time; the engine does the work. Everyone
 * else leaves a word here and wakes it. All functions from any thread, but not
 * from the loop itself.
 */
#pragma once

#include "gstsrtlaengine.h"

G_BEGIN_DECLS

typedef struct _GstSrtlaLoop GstSrtlaLoop;

/* element, uplinks: outlive it. notify: called on the loop. */
GstSrtlaLoop *gst_srtla_loop_new (GstElement * element,
    GstSrtlaUplinks * uplinks, GstSrtlaNotifyFunc notify, gpointer user_data);
/* Must be stopped. */
void gst_srtla_loop_free (GstSrtlaLoop * loop);

typedef struct
{
  const gchar *host;
  guint port;
  guint queue_size;             /* packets, of each pad */
  /* Of the thread: see gst_srtla_thread_enter(). */
  const gchar *affinity;
  guint priority;
} GstSrtlaLoopConfig;

/* Returns at once. */
void gst_srtla_loop_start (GstSrtlaLoop * loop,
    const GstSrtlaLoopConfig * config);
/* The thread and the sockets are gone when it returns; pads must be inactive. */
void gst_srtla_loop_stop (GstSrtlaLoop * loop);
gboolean gst_srtla_loop_is_running (GstSrtlaLoop * loop);

/* Packets wait: sends them at once, on the caller's thread, while the loop
 * sleeps; else, and if the loop's thread has real-time priority, leaves them to
 * the loop, and wakes it if it sleeps. batch: they gathered already; what is
 * neither a batch nor urgent, and follows others within coalesce-time where they
 * come often, is left to gather. Nothing blocks in there. */
void gst_srtla_loop_serve (GstSrtlaLoop * loop, gboolean batch,
    gboolean urgent);
/* Uplinks changed. */
void gst_srtla_loop_attend (GstSrtlaLoop * loop);

/* Copies. */
void gst_srtla_loop_set_settings (GstSrtlaLoop * loop,
    const GstSrtlaSettings * settings);
void gst_srtla_loop_add_ingress (GstSrtlaLoop * loop,
    GstSrtlaIngress * ingress);
/* Its pad must be inactive; its numbers stay in the statistics. */
void gst_srtla_loop_remove_ingress (GstSrtlaLoop * loop,
    GstSrtlaIngress * ingress);
/* pad: or NULL. */
void gst_srtla_loop_set_src_pad (GstSrtlaLoop * loop, GstSrtlaSrcPad * pad);
/* See gst_srtla_engine_drain(). */
void gst_srtla_loop_drain (GstSrtlaLoop * loop, guint number);

/* Fresh numbers, of a turn that knows what was set before; or the last ones when
 * it is not running. */
void gst_srtla_loop_get_stats (GstSrtlaLoop * loop, GstSrtlaStats * stats);

G_END_DECLS
