/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlathread.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static void
tell (GstSrtlaThreadProblem problem, gpointer user_data, const gchar * what,
    const gchar * value, const gchar * why)
{
  gchar *text = g_strdup_printf ("%s “%s” is ignored: %s.", what, value, why);

  problem (text, user_data);
  g_free (text);
}

/* ---- Processors --------------------------------------------------------- */

#ifdef __linux__
/* Reads a number. Returns: where it ends, NULL if there is none. */
static const gchar *
read_processor (const gchar * text, guint * number)
{
  guint value = 0;

  if (!g_ascii_isdigit (*text))
    return NULL;
  for (; g_ascii_isdigit (*text); text++) {
    value = value * 10 + (guint) (*text - '0');
    if (value >= CPU_SETSIZE)
      return NULL;
  }
  *number = value;
  return text;
}

static gboolean
parse (const gchar * text, cpu_set_t * set)
{
  guint first, last, i;

  CPU_ZERO (set);
  for (;;) {
    text = read_processor (text, &first);
    if (text == NULL)
      return FALSE;
    last = first;
    if (*text == '-')
      text = read_processor (text + 1, &last);
    if (text == NULL || last < first)
      return FALSE;
    for (i = first; i <= last; i++)
      CPU_SET (i, set);
    if (*text == '\0')
      return TRUE;
    if (*text++ != ',')
      return FALSE;
  }
}

static void
move (GstSrtlaThread * thread, const gchar * processors,
    GstSrtlaThreadProblem problem, gpointer user_data)
{
  cpu_set_t set;

  if (!parse (processors, &set)) {
    tell (problem, user_data, "thread-affinity", processors,
        "it is no list of processors such as 0,2-3");
    return;
  }
  if (sched_getaffinity (0, sizeof thread->processors,
          &thread->processors) == 0)
    thread->moved = sched_setaffinity (0, sizeof set, &set) == 0;
  if (!thread->moved)
    tell (problem, user_data, "thread-affinity", processors,
        errno == EINVAL ? "there is no such processor, or not for this process"
        : g_strerror (errno));
}

static void
move_back (GstSrtlaThread * thread)
{
  sched_setaffinity (0, sizeof thread->processors, &thread->processors);
}
#else
static void
move (GstSrtlaThread * thread, const gchar * processors,
    GstSrtlaThreadProblem problem, gpointer user_data)
{
  (void) thread;
  tell (problem, user_data, "thread-affinity", processors,
      "this system has no such thing");
}

static void
move_back (GstSrtlaThread * thread)
{
  (void) thread;
}
#endif

/* ---- Priority ----------------------------------------------------------- */

static void
raise_priority (GstSrtlaThread * thread, guint priority,
    GstSrtlaThreadProblem problem, gpointer user_data)
{
  struct sched_param parameters;
  gchar *value;
  int error_number;

  memset (&parameters, 0, sizeof parameters);
  parameters.sched_priority = CLAMP ((gint) priority,
      sched_get_priority_min (SCHED_RR), sched_get_priority_max (SCHED_RR));
  error_number = pthread_getschedparam (pthread_self (), &thread->policy,
      &thread->parameters);
  if (error_number == 0)
    error_number = pthread_setschedparam (pthread_self (), SCHED_RR,
        &parameters);
  thread->raised = error_number == 0;
  if (thread->raised)
    return;
  value = g_strdup_printf ("%u", priority);
  tell (problem, user_data, "realtime-priority", value, error_number == EPERM
      ? "that is not permitted here (CAP_SYS_NICE, or RLIMIT_RTPRIO)"
      : g_strerror (error_number));
  g_free (value);
}

/* ---- Both --------------------------------------------------------------- */

void
gst_srtla_thread_enter (GstSrtlaThread * thread, const gchar * processors,
    guint priority, GstSrtlaThreadProblem problem, gpointer user_data)
{
  memset (thread, 0, sizeof *thread);
  if (processors != NULL && *processors != '\0')
    move (thread, processors, problem, user_data);
  if (priority > 0)
    raise_priority (thread, priority, problem, user_data);
}

void
gst_srtla_thread_leave (GstSrtlaThread * thread)
{
  if (thread->moved)
    move_back (thread);
  if (thread->raised)
    pthread_setschedparam (pthread_self (), thread->policy,
        &thread->parameters);
  thread->moved = thread->raised = FALSE;
}
