/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaworker.h"

struct _GstSrtlaWorker
{
  gatomicrefcount refs;         /* the owner's and the thread's */
  GFunc run;
  gpointer user_data;

  GMutex lock;                  /* of all below */
  GCond idle;                   /* `running` became FALSE */
  GQueue jobs;
  gboolean running;             /* the thread will look at `jobs` again */
  GThread *thread;              /* to be joined; NULL = none */
};

static void
worker_unref (GstSrtlaWorker * worker)
{
  if (!g_atomic_ref_count_dec (&worker->refs))
    return;
  g_mutex_clear (&worker->lock);
  g_cond_clear (&worker->idle);
  g_free (worker);
}

static gpointer
worker_main (gpointer data)
{
  GstSrtlaWorker *worker = data;
  gpointer job;

  g_mutex_lock (&worker->lock);
  while ((job = g_queue_pop_head (&worker->jobs)) != NULL) {
    g_mutex_unlock (&worker->lock);
    worker->run (job, worker->user_data);
    g_mutex_lock (&worker->lock);
  }
  worker->running = FALSE;
  g_cond_broadcast (&worker->idle);
  g_mutex_unlock (&worker->lock);
  worker_unref (worker);
  return NULL;
}

GstSrtlaWorker *
gst_srtla_worker_new (GFunc run, gpointer user_data)
{
  GstSrtlaWorker *worker = g_new0 (GstSrtlaWorker, 1);

  g_atomic_ref_count_init (&worker->refs);
  worker->run = run;
  worker->user_data = user_data;
  g_mutex_init (&worker->lock);
  g_cond_init (&worker->idle);
  g_queue_init (&worker->jobs);
  return worker;
}

/* The thread has nothing left to do: joining takes no time. With the lock. */
static void
worker_join (GstSrtlaWorker * worker)
{
  if (worker->thread == NULL)
    return;
  if (worker->thread == g_thread_self ())
    g_thread_unref (worker->thread);
  else
    g_thread_join (worker->thread);
  worker->thread = NULL;
}

void
gst_srtla_worker_free (GstSrtlaWorker * worker)
{
  gboolean from_job;

  g_mutex_lock (&worker->lock);
  from_job = worker->thread == g_thread_self ();
  while (worker->running && !from_job)
    g_cond_wait (&worker->idle, &worker->lock);
  worker_join (worker);
  g_mutex_unlock (&worker->lock);
  worker_unref (worker);
}

void
gst_srtla_worker_push (GstSrtlaWorker * worker, gpointer job)
{
  g_mutex_lock (&worker->lock);
  g_queue_push_tail (&worker->jobs, job);
  if (!worker->running) {
    worker_join (worker);
    worker->running = TRUE;
    g_atomic_ref_count_inc (&worker->refs);
    worker->thread = g_thread_new ("srtla-worker", worker_main, worker);
  }
  g_mutex_unlock (&worker->lock);
}

void
gst_srtla_worker_settle (GstSrtlaWorker * worker, gint64 timeout)
{
  gint64 deadline = g_get_monotonic_time () + timeout;

  g_mutex_lock (&worker->lock);
  if (worker->thread != g_thread_self ()) {
    while (worker->running
        && g_cond_wait_until (&worker->idle, &worker->lock, deadline));
    if (!worker->running)
      worker_join (worker);
  }
  g_mutex_unlock (&worker->lock);
}
