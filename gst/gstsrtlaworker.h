/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A serial worker: jobs that may run application code or wait are done on its
 * thread, one after the other, in the order they came. The thread exists only
 * while there are jobs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GstSrtlaWorker GstSrtlaWorker;

/* run: does a job and frees it. */
GstSrtlaWorker *gst_srtla_worker_new (GFunc run, gpointer user_data);
/* All jobs must be done. May be called from a job, if it is the last. */
void gst_srtla_worker_free (GstSrtlaWorker * worker);

/* Takes over the job. From any thread. */
void gst_srtla_worker_push (GstSrtlaWorker * worker, gpointer job);

/* Waits until no job is left and the thread is gone, at most `timeout` µs: a
 * job may itself be waiting for whoever calls this. Returns at once when called
 * from a job. */
void gst_srtla_worker_settle (GstSrtlaWorker * worker, gint64 timeout);

G_END_DECLS
