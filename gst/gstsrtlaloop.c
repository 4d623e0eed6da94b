/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaloop.h"

#include "gstsrtladebug.h"
#include "gstsrtlagather.h"
#include "gstsrtlamailbox.h"
#include "gstsrtlathread.h"

/* µs between copies of the numbers while there is traffic. */
#define PUBLISH_INTERVAL (100 * SRTLA_MILLISECOND)
/* While others take its turns the task sleeps so many times longer, at first and
 * at most. */
#define DOZE_FIRST 4
#define DOZE_MAX 8
/* Of what others send, the sockets are looked at after so many times
 * coalesce-time. */
#define RECEIVE_EVERY 2

/* What a producer finds. ASLEEP, the task waits for the sockets too and must be
 * woken; PAUSING, only if the matter is urgent; DOZING, others have taken its
 * turns lately, it must be woken. HELPED: another producer is at it. */
enum
{
  AWAKE, ASLEEP, PAUSING, DOZING, HELPED
};

struct _GstSrtlaLoop
{
  GstElement *element;          /* not referenced */
  GstSrtlaUplinks *uplinks;     /* not owned */
  GstSrtlaNotifyFunc notify;
  gpointer user_data;

  GstTask *task;
  GRecMutex task_lock;
  gchar *affinity;              /* while there is a task, as are all these */
  guint priority;
  gint realtime;                /* atomic: the priority was granted */
  GstSrtlaThread thread;        /* the task's */
  GstPoll *poll;
  GstPoll *pause;               /* no sockets: what comes in waits */

  gint sleeping;                /* atomic: what the task is doing */
  gint attention;               /* atomic: something below changed */

  GstSrtlaMailbox mailbox;

  /* The task's, but while it sleeps: whoever holds the lock. */
  GMutex turn_lock;
  SrtlaTime wakes_at;           /* the task, by itself */
  SrtlaTime helped_at;          /* by others, last */
  SrtlaTime looked_at;          /* the sockets, last */
  GstSrtlaGather gather;        /* of all that left, whoever took it */
  gint asleep_in;               /* what `sleeping` is while nobody helps */
  GstSrtlaEngine *engine;
  GstSrtlaStats scratch;
  GstSrtlaOrders orders;        /* taken last */
  gboolean more;                /* to do, at once */
  gboolean ready;               /* sockets have something */
  SrtlaTime served_at;          /* the task had something to do, last… */
  gboolean served_often;        /* …and not long before that as well */
  SrtlaTime now, publish_at;
  gboolean fresh;               /* something happened since the last copy */
};

static void loop_turn (gpointer data);

GstSrtlaLoop *
gst_srtla_loop_new (GstElement * element, GstSrtlaUplinks * uplinks,
    GstSrtlaNotifyFunc notify, gpointer user_data)
{
  GstSrtlaLoop *loop = g_new0 (GstSrtlaLoop, 1);

  loop->element = element;
  loop->uplinks = uplinks;
  loop->notify = notify;
  loop->user_data = user_data;
  loop->poll = gst_poll_new (TRUE);
  loop->pause = gst_poll_new (TRUE);
  g_rec_mutex_init (&loop->task_lock);
  g_mutex_init (&loop->turn_lock);
  gst_srtla_mailbox_init (&loop->mailbox);
  return loop;
}

void
gst_srtla_loop_free (GstSrtlaLoop * loop)
{
  gst_poll_free (loop->poll);
  gst_poll_free (loop->pause);
  g_rec_mutex_clear (&loop->task_lock);
  g_mutex_clear (&loop->turn_lock);
  gst_srtla_mailbox_clear (&loop->mailbox);
  g_free (loop);
}

/* ---- Waking ------------------------------------------------------------- */

/* urgent: also if it lets packets gather. */
static void
wake_up (GstSrtlaLoop * loop, gboolean urgent)
{
  gint was = g_atomic_int_get (&loop->sleeping);

  if (was == AWAKE || was == HELPED || (was == PAUSING && !urgent)
      || !g_atomic_int_compare_and_exchange (&loop->sleeping, was, AWAKE))
    return;
  gst_poll_set_flushing (was == ASLEEP ? loop->poll : loop->pause, TRUE);
}

/* With the turn's lock; not while the task waits for the sockets itself.
 * Returns: whether they have something. */
static gboolean
look_at_sockets (GstSrtlaLoop * loop, SrtlaTime now)
{
  gint result;

  if (now < loop->looked_at + RECEIVE_EVERY * loop->orders.coalesce_time
      && !gst_srtla_engine_is_waiting (loop->engine))
    return FALSE;
  loop->looked_at = now;
  result = gst_poll_wait (loop->poll, 0);
  if (result < 0)
    gst_poll_set_flushing (loop->poll, FALSE);
  return result > 0;
}

/* With the turn's lock, in the task's stead. Returns: whether the task must
 * wake up. */
static gboolean
help (GstSrtlaLoop * loop, SrtlaTime now)
{
  gboolean looks = loop->asleep_in != ASLEEP;
  gboolean ready = looks && look_at_sockets (loop, now);
  guint packets;

  if (gst_srtla_engine_help (loop->engine, looks, ready, now, &packets))
    loop->more = TRUE;
  gst_srtla_gather_note (&loop->gather, packets, now,
      loop->orders.coalesce_time);
  loop->helped_at = now;
  loop->fresh = TRUE;
  return loop->more
      || gst_srtla_engine_deadline (loop->engine) < loop->wakes_at;
}

void
gst_srtla_loop_serve (GstSrtlaLoop * loop, gboolean batch, gboolean urgent)
{
  gint was = g_atomic_int_get (&loop->sleeping);
  SrtlaTime now;
  gboolean wake;

  if (was == AWAKE || was == HELPED || g_atomic_int_get (&loop->realtime)
      || g_atomic_int_get (&loop->attention)    /* settings come first */
      || (was == PAUSING && !batch && !urgent
          && gst_srtla_gather_is_often (&loop->gather))
      || !g_atomic_int_compare_and_exchange (&loop->sleeping, was, HELPED)) {
    wake_up (loop, urgent);
    return;
  }
  /* Else the task is about to sleep or just woke up, or another helps. What the
   * task does by now is not known: both its sleeps end. */
  if (!g_mutex_trylock (&loop->turn_lock)) {
    g_atomic_int_compare_and_exchange (&loop->sleeping, HELPED, AWAKE);
    gst_poll_set_flushing (loop->poll, TRUE);
    gst_poll_set_flushing (loop->pause, TRUE);
    return;
  }
  /* Until the lock was ours the task may have gone on: that does no harm. */
  now = (SrtlaTime) g_get_monotonic_time ();
  wake = (!batch && !urgent && gst_srtla_gather_may_wait (&loop->gather, now,
          loop->orders.coalesce_time)) || help (loop, now);
  g_atomic_int_compare_and_exchange (&loop->sleeping, HELPED, loop->asleep_in);
  /* Who came meanwhile found nobody to wake. */
  wake = wake || g_atomic_int_get (&loop->attention)
      || gst_srtla_engine_has_input (loop->engine);
  g_mutex_unlock (&loop->turn_lock);
  if (wake)
    wake_up (loop, TRUE);
}

void
gst_srtla_loop_attend (GstSrtlaLoop * loop)
{
  g_atomic_int_set (&loop->attention, TRUE);
  wake_up (loop, TRUE);
}

static void
resolved (gpointer resolver, gpointer user_data)
{
  (void) resolver;
  gst_srtla_loop_attend (user_data);
}

static void
forward_notice (GstSrtlaNotice * notice, gpointer user_data)
{
  GstSrtlaLoop *loop = user_data;

  loop->notify (notice, loop->user_data);
}

/* ---- Starting and stopping ---------------------------------------------- */

static void
reset_uplinks (GstSrtlaLoop * loop)
{
  GPtrArray *list = gst_srtla_uplinks_list (loop->uplinks);
  guint i;

  for (i = 0; i < list->len; i++)
    gst_srtla_uplink_reset (list->pdata[i]);
  g_ptr_array_unref (list);
}

static void
thread_problem (const gchar * problem, gpointer user_data)
{
  forward_notice (gst_srtla_notice_new_trouble (GST_SRTLA_NOTICE_WARNING,
          GST_RESOURCE_ERROR_SETTINGS, g_strdup (problem), NULL), user_data);
}

static void
thread_enter (GstTask * task, GThread * thread, gpointer user_data)
{
  GstSrtlaLoop *loop = user_data;

  (void) task;
  (void) thread;
  gst_srtla_thread_enter (&loop->thread, loop->affinity, loop->priority,
      thread_problem, loop);
  g_atomic_int_set (&loop->realtime, loop->thread.raised);
}

static void
thread_leave (GstTask * task, GThread * thread, gpointer user_data)
{
  GstSrtlaLoop *loop = user_data;

  (void) task;
  (void) thread;
  gst_srtla_thread_leave (&loop->thread);
}

static void
start_task (GstSrtlaLoop * loop, const GstSrtlaLoopConfig * config)
{
  /* The thread's name, of which the system shows 15 bytes. */
  gchar *name = g_strdup_printf ("%.10s:loop",
      GST_OBJECT_NAME (loop->element));

  loop->affinity = g_strdup (config->affinity);
  loop->priority = config->priority;
  loop->task = gst_task_new (loop_turn, loop, NULL);
  gst_task_set_lock (loop->task, &loop->task_lock);
  gst_task_set_enter_callback (loop->task, thread_enter, loop, NULL);
  gst_task_set_leave_callback (loop->task, thread_leave, loop, NULL);
  gst_object_set_name (GST_OBJECT (loop->task), name);
  gst_task_start (loop->task);
  g_free (name);
}

void
gst_srtla_loop_start (GstSrtlaLoop * loop,
    const GstSrtlaLoopConfig * loop_config)
{
  GstSrtlaEngineConfig config = { loop->element, loop->uplinks,
    loop_config->host, loop_config->port, loop->poll, resolved, forward_notice,
    loop
  };

  reset_uplinks (loop);
  gst_poll_set_flushing (loop->poll, FALSE);
  gst_poll_set_flushing (loop->pause, FALSE);
  loop->now = (SrtlaTime) g_get_monotonic_time ();
  loop->publish_at = loop->now;
  g_atomic_int_set (&loop->sleeping, AWAKE);
  loop->helped_at = 0;
  gst_srtla_gather_init (&loop->gather);
  loop->served_at = 0;
  loop->served_often = FALSE;
  g_atomic_int_set (&loop->attention, TRUE);
  loop->more = TRUE;
  loop->ready = FALSE;
  loop->engine = gst_srtla_engine_new (&config, loop->now);
  gst_srtla_mailbox_start (&loop->mailbox, loop_config->queue_size);
  start_task (loop, loop_config);
}

static void
publish (GstSrtlaLoop * loop, gboolean running)
{
  gst_srtla_engine_get_stats (loop->engine, &loop->scratch, loop->now);
  loop->scratch.running = running;
  gst_srtla_mailbox_publish (&loop->mailbox, &loop->scratch,
      loop->orders.asked);
  loop->publish_at = loop->now + PUBLISH_INTERVAL;
  loop->fresh = FALSE;
}

void
gst_srtla_loop_stop (GstSrtlaLoop * loop)
{
  if (loop->task == NULL)
    return;
  gst_srtla_mailbox_stop (&loop->mailbox);
  gst_task_stop (loop->task);
  gst_srtla_loop_attend (loop);
  gst_task_join (loop->task);
  gst_clear_object (&loop->task);
  g_clear_pointer (&loop->affinity, g_free);
  g_atomic_int_set (&loop->realtime, FALSE);
  g_atomic_int_set (&loop->sleeping, AWAKE);

  /* From here on the engine is ours. */
  loop->now = (SrtlaTime) g_get_monotonic_time ();
  gst_srtla_engine_stop (loop->engine, loop->now);
  publish (loop, FALSE);
  g_clear_pointer (&loop->engine, gst_srtla_engine_free);
}

gboolean
gst_srtla_loop_is_running (GstSrtlaLoop * loop)
{
  return gst_srtla_mailbox_is_running (&loop->mailbox);
}

/* ---- The turn ----------------------------------------------------------- */

/* Returns: when the task has something to do by itself. */
static SrtlaTime
due_at (GstSrtlaLoop * loop)
{
  SrtlaTime deadline = gst_srtla_engine_deadline (loop->engine);

  return loop->fresh ? MIN (deadline, loop->publish_at) : deadline;
}

static GstClockTime
timeout (GstSrtlaLoop * loop)
{
  SrtlaTime deadline = due_at (loop);

  if (deadline == SRTLA_TIME_NONE)
    return GST_CLOCK_TIME_NONE;
  return deadline > loop->now ? (deadline - loop->now) * GST_USECOND : 0;
}

/* While it sleeps, in the state that `sleeping` says already, others may take a
 * turn in the task's stead. */
static gint
poll_unlocked (GstSrtlaLoop * loop, gint state, GstPoll * poll,
    GstClockTime wait)
{
  gint result;

  loop->asleep_in = state;
  g_mutex_unlock (&loop->turn_lock);
  result = gst_poll_wait (poll, wait);
  /* Before the lock: nobody who brings packets gets it once more before us. */
  g_atomic_int_set (&loop->sleeping, AWAKE);
  g_mutex_lock (&loop->turn_lock);
  loop->asleep_in = AWAKE;
  return result;
}

/* Sleeps without the sockets. Returns: FALSE if something came up. */
static gboolean
loop_doze (GstSrtlaLoop * loop, gint state, SrtlaTime now, SrtlaTime until)
{
  gint result = -1;

  g_atomic_int_set (&loop->sleeping, state);
  if (!g_atomic_int_get (&loop->attention)
      && !(state == DOZING || !gst_srtla_gather_is_often (&loop->gather)
          ? gst_srtla_engine_has_input (loop->engine)
          : gst_srtla_engine_is_filling (loop->engine))) {
    loop->wakes_at = until;
    result = poll_unlocked (loop, state, loop->pause,
        (until - now) * GST_USECOND);
    if (result < 0) {
      gst_poll_set_flushing (loop->pause, FALSE);
      loop->now = (SrtlaTime) g_get_monotonic_time ();  /* to wait from */
    } else {
      loop->now = until;        /* or a little later: near enough */
    }
  }
  g_atomic_int_set (&loop->sleeping, AWAKE);
  return result >= 0;
}

/* Returns: whether others take the packets, and look after the sockets. */
static gboolean
is_relieved (const GstSrtlaLoop * loop)
{
  return loop->helped_at >= loop->gather.left_at
      && loop->now < loop->helped_at + DOZE_MAX * loop->orders.coalesce_time;
}

/* Having served one batch, the loop lets the next one gather, as network cards
 * moderate their interrupts. Not for longer than `coalesce_time` after the last
 * turn began, nor while a queue is filling, nor while packets wait for room on
 * the uplinks: what comes may be more urgent. While others take turns, which look
 * after the sockets as well, they are left to it, until a packet comes so soon
 * after theirs that it is left to gather. */
static void
loop_pause (GstSrtlaLoop * loop, gint state, SrtlaTime since)
{
  SrtlaTime now = (SrtlaTime) g_get_monotonic_time (), until;
  guint span = state == PAUSING ? 1 : DOZE_FIRST;       /* coalesce-times */
  gboolean input;

  while (!gst_srtla_engine_is_waiting (loop->engine) && !loop->more
      && !g_atomic_int_get (&loop->attention)) {
    until = MIN (since + span * loop->orders.coalesce_time, due_at (loop));
    if (now >= until)
      return;
    if (loop_doze (loop, state, now, until)) {
      if (loop->helped_at < since)
        return;
      since = now = loop->now;
      span = MIN (2 * span, DOZE_MAX);
      state = DOZING;
    } else {
      input = gst_srtla_engine_has_input (loop->engine);
      if (state == PAUSING
          || (input && !gst_srtla_gather_is_often (&loop->gather)))
        return;
      since = loop->gather.left_at;
      now = (SrtlaTime) g_get_monotonic_time ();
      if (input) {
        span = 1;
        state = PAUSING;
      }
    }
  }
}

/* Looks for work for a while instead of sleeping. Returns: what was found on the
 * sockets. */
static gint
loop_spin (GstSrtlaLoop * loop, GstClockTime wait)
{
  SrtlaTime until = (SrtlaTime) g_get_monotonic_time ()
      + MIN (loop->orders.spin_time, GST_TIME_AS_USECONDS (wait));
  gint result;

  do
    result = gst_poll_wait (loop->poll, 0);
  while (result == 0 && !g_atomic_int_get (&loop->attention)
      && !gst_srtla_engine_has_input (loop->engine)
      && (SrtlaTime) g_get_monotonic_time () < until);
  return result;
}

/* Producers look at `sleeping` after they left their packet; so it must be set
 * before the last look at what they left. */
static void
loop_wait (GstSrtlaLoop * loop)
{
  GstClockTime wait;
  gint result = 0;

  if (loop->orders.coalesce_time > 0 && !loop->more) {
    if (is_relieved (loop))
      loop_pause (loop, DOZING, loop->now);
    else if (loop->served_often)
      loop_pause (loop, PAUSING, loop->now);
  }
  wait = loop->more ? 0 : timeout (loop);
  if (wait > 0 && loop->orders.spin_time > 0)
    result = loop_spin (loop, wait);
  if (wait > 0 && result == 0) {
    g_atomic_int_set (&loop->sleeping, ASLEEP);
    if (g_atomic_int_get (&loop->attention)
        || gst_srtla_engine_has_input (loop->engine)) {
      g_atomic_int_set (&loop->sleeping, AWAKE);
      wait = 0;
    }
  }
  if (result == 0) {
    loop->wakes_at = GST_CLOCK_TIME_IS_VALID (wait)
        ? loop->now + GST_TIME_AS_USECONDS (wait) : SRTLA_TIME_NONE;
    result = poll_unlocked (loop, wait > 0 ? ASLEEP : AWAKE, loop->poll,
        wait);
  }
  g_atomic_int_set (&loop->sleeping, AWAKE);
  if (result < 0 && gst_srtla_gather_is_often (&loop->gather)) {
    gst_poll_set_flushing (loop->poll, FALSE);
    loop_pause (loop, PAUSING, loop->gather.left_at);
    result = gst_poll_wait (loop->poll, 0);
  }
  if (result < 0)
    gst_poll_set_flushing (loop->poll, FALSE);
  loop->ready = result != 0;
}

static void
take_commands (GstSrtlaLoop * loop)
{
  if (!g_atomic_int_compare_and_exchange (&loop->attention, TRUE, FALSE))
    return;
  gst_srtla_mailbox_take (&loop->mailbox, loop->engine, &loop->orders,
      loop->now);
  if (loop->orders.waiting)
    loop->publish_at = loop->now;
  loop->fresh = TRUE;
}

/* Where turns with something to do come further apart than coalesce-time, a pause
 * after each would be one more wake-up. */
static void
note_service (GstSrtlaLoop * loop, guint packets)
{
  gboolean served = loop->ready || packets > 0;

  loop->served_often = served && (gst_srtla_gather_is_often (&loop->gather)
      || loop->now < loop->served_at + loop->orders.coalesce_time);
  if (served)
    loop->served_at = loop->now;
}

static void
loop_turn (gpointer data)
{
  GstSrtlaLoop *loop = data;
  guint packets;

  g_mutex_lock (&loop->turn_lock);
  loop_wait (loop);
  loop->now = loop->looked_at = (SrtlaTime) g_get_monotonic_time ();
  take_commands (loop);
  loop->more = gst_srtla_engine_turn (loop->engine, loop->ready, loop->now,
      &packets);
  gst_srtla_gather_note (&loop->gather, packets, loop->now,
      loop->orders.coalesce_time);
  note_service (loop, packets);
  loop->fresh = loop->fresh || loop->ready || loop->more;
  if (loop->fresh && loop->now >= loop->publish_at)
    publish (loop, TRUE);
  g_mutex_unlock (&loop->turn_lock);
}

/* ---- Words left --------------------------------------------------------- */

void
gst_srtla_loop_set_settings (GstSrtlaLoop * loop,
    const GstSrtlaSettings * settings)
{
  gst_srtla_mailbox_set_settings (&loop->mailbox, settings);
  gst_srtla_loop_attend (loop);
}

void
gst_srtla_loop_add_ingress (GstSrtlaLoop * loop, GstSrtlaIngress * ingress)
{
  gst_srtla_mailbox_add_ingress (&loop->mailbox, ingress);
  gst_srtla_loop_attend (loop);
}

void
gst_srtla_loop_remove_ingress (GstSrtlaLoop * loop, GstSrtlaIngress * ingress)
{
  gst_srtla_mailbox_remove_ingress (&loop->mailbox, ingress);
  gst_srtla_loop_attend (loop);
}

void
gst_srtla_loop_set_src_pad (GstSrtlaLoop * loop, GstSrtlaSrcPad * pad)
{
  gst_srtla_mailbox_set_src_pad (&loop->mailbox, pad);
  gst_srtla_loop_attend (loop);
}

void
gst_srtla_loop_drain (GstSrtlaLoop * loop, guint number)
{
  gst_srtla_mailbox_drain (&loop->mailbox, number);
  gst_srtla_loop_attend (loop);
}

void
gst_srtla_loop_get_stats (GstSrtlaLoop * loop, GstSrtlaStats * stats)
{
  guint asked = gst_srtla_mailbox_ask (&loop->mailbox);

  /* Else it may just begin. */
  if (gst_srtla_mailbox_is_running (&loop->mailbox))
    gst_srtla_loop_attend (loop);
  gst_srtla_mailbox_await (&loop->mailbox, asked, stats);
}
