/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a thread runs and with which priority, and back to what it was: threads
 * of GStreamer's pools serve others afterwards.
 */
#pragma once

#include <glib.h>
#include <sched.h>

G_BEGIN_DECLS

/* Of SCHED_RR; 0 = no real-time priority. */
#define GST_SRTLA_PRIORITY_MAX 99

typedef struct
{
  gboolean moved, raised;       /* what there is to restore */
#ifdef __linux__
  cpu_set_t processors;
#endif
  int policy;
  struct sched_param parameters;
} GstSrtlaThread;

/* problem: a sentence, valid during the call. */
typedef void (*GstSrtlaThreadProblem) (const gchar * problem,
    gpointer user_data);

/* Changes the calling thread. processors: their numbers, such as "0,2-3"; NULL
 * or "" = wherever the system likes. priority: real-time, 0 = none. What cannot
 * be had is told, and left as it was. */
void gst_srtla_thread_enter (GstSrtlaThread * thread,
    const gchar * processors, guint priority, GstSrtlaThreadProblem problem,
    gpointer user_data);
/* Undoes that, on the same thread. */
void gst_srtla_thread_leave (GstSrtlaThread * thread);

G_END_DECLS
