/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-session.h"
#include "sim-values.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum
{
  CPU_ALL,                      /* this process */
  CPU_BOND,                     /* the element's threads, and its source's */
  CPU_EMULATOR,
  CPU_RECEIVER,
};

/* ---- CPU time ------------------------------------------------------------ */

static gint64
clock_time (clockid_t clock)
{
  struct timespec time;

  if (clock_gettime (clock, &time) != 0)
    return 0;
  return (gint64) time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

static gint64
process_time (const gchar *process)
{
  clockid_t clock;

  if (process == NULL
      || clock_getcpuclockid ((pid_t) atoi (process), &clock) != 0)
    return 0;
  return clock_time (clock);
}

/* The clock of a thread of ours by its number: Linux's, POSIX has one only for
 * a pthread_t. */
static clockid_t
thread_clock (gint thread)
{
  return (clockid_t) (~(guint) thread << 3 | 6);
}

static gint64
bond_time (void)
{
  GDir *threads = g_dir_open ("/proc/self/task", 0, NULL);
  gint64 sum = 0;
  const gchar *thread;

  while ((thread = g_dir_read_name (threads)) != NULL) {
    gchar *path = g_strdup_printf ("/proc/self/task/%s/comm", thread);
    gchar *name = NULL;

    if (g_file_get_contents (path, &name, NULL, NULL)
        && (g_str_has_prefix (name, "bond:")
            || g_str_has_prefix (name, "udpsrc")))
      sum += clock_time (thread_clock (atoi (thread)));
    g_free (name);
    g_free (path);
  }
  g_dir_close (threads);
  return sum;
}

static void
read_cpu (const NetSession *session, gint64 cpu[4])
{
  cpu[CPU_ALL] = clock_time (CLOCK_PROCESS_CPUTIME_ID);
  cpu[CPU_BOND] = bond_time ();
  cpu[CPU_EMULATOR] = process_time (net_world_process (session->world));
  cpu[CPU_RECEIVER] =
      process_time (demo_tool_process (session->bond.receiver));
}

/* ---- What the element is told -------------------------------------------- */

static void
set_max_bitrates (NetSession *session)
{
  guint i;

  for (i = 0; i < session->scenario->uplinks->len; i++) {
    const SimUplinkSpec *spec = g_ptr_array_index (session->scenario->uplinks,
        i);
    GObject *uplink = gst_child_proxy_get_child_by_index (GST_CHILD_PROXY
        (session->bond.element), i);

    g_assert_nonnull (uplink);
    g_object_set (uplink, "max-bitrate", spec->max_bitrate, NULL);
    g_object_unref (uplink);
  }
}

/* Returns: FALSE if it cannot be shown with libsrt, or not with one stream. */
static gboolean
check (const SimScenario *scenario, GError **error)
{
  const SimCallerSpec *caller = g_ptr_array_index (scenario->callers, 0);
  const gchar *what = NULL;

  if (scenario->callers->len > 1)
    what = "more than one caller";
  else if (scenario->profile != SIM_PROFILE_STOCK)
    what = "another SRT server than libsrt";
  else if (caller->payload != E2E_MESSAGE)
    what = "messages of another size than " G_STRINGIFY (E2E_MESSAGE);
  else if (caller->overhead >= 0 || caller->first_sequence >= 0)
    what = "a cap on retransmissions, or a first sequence number";
  if (what != NULL)
    g_set_error (error, SIM_SCENARIO_ERROR, 0, "%s: %s: only the simulator "
        "has that", scenario->name, what);
  return what == NULL;
}

static void
start_bond (NetSession *session, const gchar *mode)
{
  gchar *uplinks = net_world_uplinks (session->world);
  const E2eSettings settings = {
    .behaviour = (gchar) ('a' + session->scenario->receiver),
    .host = NET_RECEIVER_ADDRESS,.uplinks = uplinks,
    .receiver_namespace = session->namespaces.receiver
  };

  e2e_bond_start (&session->bond, &settings, net_world_count (session->world));
  /* Every start of the receiver takes them from there. */
  session->bond.settings.uplinks = NULL;
  session->bond.settings.host = NET_RECEIVER_ADDRESS;
  if (mode != NULL)
    gst_util_set_object_arg (G_OBJECT (session->bond.element), "mode", mode);
  set_max_bitrates (session);
  g_free (uplinks);
}

gboolean
net_session_start (NetSession *session, const NetNamespaces *namespaces,
    const NetSessionSettings *settings, GError **error)
{
  const NetWorldSettings world = {.scenario = settings->scenario,
    .overrides = settings->overrides,.seed = settings->seed,
    .csv = settings->csv
  };
  const SimCallerSpec *caller;

  memset (session, 0, sizeof *session);
  session->namespaces = *namespaces;
  session->world = net_world_new (namespaces, &world, error);
  if (session->world == NULL)
    return FALSE;
  session->scenario = net_world_scenario (session->world);
  if (!check (session->scenario, error)) {
    g_clear_pointer (&session->world, net_world_free);
    return FALSE;
  }
  start_bond (session, settings->mode);

  caller = g_ptr_array_index (session->scenario->callers, 0);
  session->latency = (guint) (caller->latency / 1000);
  session->meter_settings.seed = settings->seed;
  session->meter_settings.caller_port = session->bond.input_port;
  session->meter_settings.listener_port = session->bond.srt_port;
  session->meter_settings.listener_namespace = namespaces->receiver;
  session->meter_settings.latency = session->latency;
  session->meter_settings.rate = (guint) caller->rate;
  session->meter_settings.frame_rate = caller->frame_rate;
  session->meter_settings.variation = caller->variation;
  session->meter_settings.lossmaxttl = session->scenario->lossmaxttl;

  net_world_start (session->world);
  session->began = g_get_monotonic_time ();
  session->next_change = 0;
  return TRUE;
}

/* ---- Time ---------------------------------------------------------------- */

/* Returns: the first time of a change from `from` on, µs; MAX: none. */
static gint64
change_time (const SimChange *change, gint64 from)
{
  gint64 at = (gint64) change->at, every = (gint64) change->every;

  if (at >= from)
    return at;
  return every == 0 ? G_MAXINT64 : at + (from - at + every - 1) / every * every;
}

/* What this process is to do next. Returns: when, µs; MAX: never. */
static gint64
next_change (const NetSession *session, const SimChange **next)
{
  gint64 first = G_MAXINT64;
  guint i;

  *next = NULL;
  for (i = 0; i < session->scenario->changes->len; i++) {
    const SimChange *change = g_ptr_array_index (session->scenario->changes, i);
    gint64 at = change_time (change, session->next_change);

    if ((change->kind == SIM_CHANGE_RECEIVER_STOP
            || change->kind == SIM_CHANGE_RECEIVER_START) && at < first) {
      first = at;
      *next = change;
    }
  }
  return first;
}

static void
make_change (NetSession *session, const SimChange *change)
{
  if (change->kind == SIM_CHANGE_RECEIVER_STOP
      && session->bond.receiver != NULL)
    e2e_bond_stop_receiver (&session->bond);
  else if (change->kind == SIM_CHANGE_RECEIVER_START
      && session->bond.receiver == NULL)
    e2e_bond_start_receiver (&session->bond, session->scenario->same_port
        ? session->bond.from_port : demo_free_port ());
}

static gboolean
wake_up (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* Time is what scenarios are made of. until: µs since the beginning. */
static void
pass_time (NetSession *session, gint64 until)
{
  gint64 left = session->began + until - g_get_monotonic_time ();
  gboolean over = left <= 0;
  guint timer = over ? 0 : g_timeout_add ((guint) ((left + 999) / 1000),
      wake_up, &over);

  while (!over)
    g_main_context_iteration (NULL, TRUE);
  if (timer != 0)
    g_source_remove (timer);
}

void
net_session_run (NetSession *session, SrtlaTime until)
{
  const SimCallerSpec *caller = g_ptr_array_index (session->scenario->callers,
      0);

  for (;;) {
    const SimChange *change;
    gint64 change_at = next_change (session, &change);
    gint64 start_at = session->meter == NULL ? (gint64) caller->start
        : G_MAXINT64;
    gint64 next = MIN (MIN (change_at, start_at), (gint64) until);

    pass_time (session, next);
    if (next == start_at) {
      session->meter = srt_meter_start (&session->meter_settings);
      read_cpu (session, session->cpu_before);
    } else if (next == change_at) {
      make_change (session, change);
      session->next_change = change_at + 1;
    } else {
      return;
    }
  }
}

/* ---- The end ------------------------------------------------------------- */

static gdouble
share_of (const gint64 cpu[4], const NetSession *session, guint which,
    gdouble seconds)
{
  return MAX (0.0, (gdouble) (cpu[which] - session->cpu_before[which]) / 1e7
      / seconds);
}

static void
add_cpu (NetSession *session, NetResult *result)
{
  const SimCallerSpec *caller = g_ptr_array_index (session->scenario->callers,
      0);
  gdouble seconds = result->seconds - (gdouble) caller->start / 1e6;
  gint64 cpu[4];

  read_cpu (session, cpu);
  result->cpu_bond = share_of (cpu, session, CPU_BOND, seconds);
  result->cpu_emulator = share_of (cpu, session, CPU_EMULATOR, seconds);
  result->cpu_receiver = share_of (cpu, session, CPU_RECEIVER, seconds);
  result->cpu_srt = share_of (cpu, session, CPU_ALL, seconds)
      - result->cpu_bond;
}

void
net_session_finish (NetSession *session, NetResult *result)
{
  memset (result, 0, sizeof *result);
  result->seconds = (gdouble) (g_get_monotonic_time () - session->began) / 1e6;
  add_cpu (session, result);
  srt_meter_stop (session->meter);
  srt_meter_received (session->meter);  /* ends the program if one was wrong */
  net_result_add_meter (result, session->meter, session->latency);
  net_result_add_world (result, session->world);
}

void
net_session_clear (NetSession *session)
{
  if (session->meter != NULL)
    srt_meter_free (session->meter);
  e2e_bond_stop (&session->bond);
  net_world_free (session->world);
}
