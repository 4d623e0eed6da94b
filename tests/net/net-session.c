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

static SimCallerSpec *
caller_of (const NetSession *session, guint i)
{
  return g_ptr_array_index (session->scenario->callers, i);
}

/* What each flow is told: caller 0 has pad "sink", the others sink_1 and so
 * on. */
static void
set_flows (NetSession *session)
{
  guint i;

  for (i = 0; i < session->scenario->callers->len; i++) {
    const SrtlaFlowSettings *flow = &caller_of (session, i)->flow;
    gchar *name = i == 0 ? g_strdup ("sink") : g_strdup_printf ("sink_%u", i);
    GstPad *pad = gst_element_get_static_pad (session->bond.element, name);

    g_assert_nonnull (pad);
    g_object_set (pad, "priority", flow->priority, "latency-budget",
        (guint) flow->budget, "quantum", flow->quantum, NULL);
    gst_object_unref (pad);
    g_free (name);
  }
}

/* Returns: FALSE if it cannot be shown with libsrt. */
static gboolean
check (const SimScenario *scenario, GError **error)
{
  const gchar *what = NULL;
  guint i;

  if (scenario->profile != SIM_PROFILE_STOCK)
    what = "another SRT server than libsrt";
  else if (scenario->callers->len > E2E_MAX_CALLERS)
    what = "so many callers";
  for (i = 0; what == NULL && i < scenario->callers->len; i++) {
    const SimCallerSpec *caller = g_ptr_array_index (scenario->callers, i);

    if (caller->payload != E2E_MESSAGE)
      what = "messages of another size than " G_STRINGIFY (E2E_MESSAGE);
    else if (caller->overhead >= 0)
      what = "a cap on retransmissions";
  }
  if (what != NULL)
    g_set_error (error, SIM_SCENARIO_ERROR, 0, "%s: %s: only the simulator "
        "has that", scenario->name, what);
  return what == NULL;
}

static void
start_bond (NetSession *session, const NetSessionSettings *how)
{
  gchar *uplinks = how->uplinks != NULL ? g_strdup (how->uplinks)
      : net_world_uplinks (session->world, how->with_ipv6);
  const gchar *host = how->host != NULL ? how->host
      : how->with_ipv6 ? NET_RECEIVER_ADDRESS_6 : NET_RECEIVER_ADDRESS;
  const gchar *mode = how->mode;
  const E2eSettings settings = {
    .behaviour = (gchar) ('a' + session->scenario->receiver),
    .acks_left_out = 100 - (guint) (100 * session->scenario->ack_share + 0.5),
    .host = host,.name = how->name,.uplinks = uplinks,
    .callers = session->scenario->callers->len,
    .receiver_namespace = session->namespaces.receiver
  };

  e2e_bond_start (&session->bond, &settings, net_world_count (session->world));
  /* Every start of the receiver takes them from there. */
  session->bond.settings.uplinks = NULL;
  if (mode != NULL)
    gst_util_set_object_arg (G_OBJECT (session->bond.element), "mode", mode);
  set_max_bitrates (session);
  set_flows (session);
  g_free (uplinks);
}

gboolean
net_session_start (NetSession *session, const NetNamespaces *namespaces,
    const NetSessionSettings *settings, GError **error)
{
  const NetWorldSettings world = {.scenario = settings->scenario,
    .overrides = settings->overrides,.seed = settings->seed,
    .csv = settings->csv,.with_ipv6 = settings->with_ipv6
  };

  memset (session, 0, sizeof *session);
  session->namespaces = *namespaces;
  session->seed = settings->seed;
  session->world = net_world_new (namespaces, &world, error);
  if (session->world == NULL)
    return FALSE;
  session->scenario = net_world_scenario (session->world);
  if (!check (session->scenario, error)) {
    g_clear_pointer (&session->world, net_world_free);
    return FALSE;
  }
  start_bond (session, settings);

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

/* Returns: the caller that is to start first of those that have not; -1: all
 * have. */
static gint
next_caller (const NetSession *session)
{
  gint first = -1;
  guint i;

  for (i = 0; i < session->scenario->callers->len; i++) {
    if (session->meters[i] == NULL && (first < 0
            || caller_of (session, i)->start < caller_of (session,
                (guint) first)->start))
      first = (gint) i;
  }
  return first;
}

/* The listener asks for no more than the most modest caller: the larger of the
 * two latencies counts. */
static guint
least_latency (const NetSession *session)
{
  SrtlaTime least = SRTLA_TIME_NONE;
  guint i;

  for (i = 0; i < session->scenario->callers->len; i++)
    least = MIN (least, caller_of (session, i)->latency);
  return (guint) (least / 1000);
}

static void
start_caller (NetSession *session, guint i)
{
  const SimCallerSpec *caller = caller_of (session, i);
  const SrtMeterSettings settings = {.seed = session->seed + i,
    .caller_port = session->bond.input_ports[i],
    .listener_port = session->bond.srt_port,
    .latency = (guint) (caller->latency / 1000),
    .rate = (guint) caller->rate,
    .listener_namespace = session->namespaces.receiver,
    .frame_rate = caller->frame_rate,.variation = caller->variation,
    .lossmaxttl = session->scenario->lossmaxttl,
    .listener_latency = least_latency (session),
    .listened_for_by = session->listener
  };

  if (session->listener == NULL)
    read_cpu (session, session->cpu_before);
  session->meters[i] = srt_meter_start (&settings);
  if (session->listener == NULL)
    session->listener = session->meters[i];
}

void
net_session_run (NetSession *session, SrtlaTime until)
{
  for (;;) {
    const SimChange *change;
    gint64 change_at = next_change (session, &change);
    gint caller = next_caller (session);
    gint64 start_at = caller < 0 ? G_MAXINT64
        : (gint64) caller_of (session, (guint) caller)->start;
    gint64 next = MIN (MIN (change_at, start_at), (gint64) until);

    pass_time (session, next);
    if (next == start_at) {
      start_caller (session, (guint) caller);
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
  gdouble seconds = result->seconds - (gdouble) caller_of (session, 0)->start
      / 1e6;
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
  guint n = session->scenario->callers->len, i;

  memset (result, 0, sizeof *result);
  result->seconds = (gdouble) (g_get_monotonic_time () - session->began) / 1e6;
  add_cpu (session, result);
  for (i = 0; i < n; i++)
    srt_meter_stop_sending (session->meters[i]);
  for (i = 0; i < n; i++) {
    if (session->meters[i] != session->listener)
      srt_meter_stop (session->meters[i]);
  }
  srt_meter_stop (session->listener);
  for (i = 0; i < n; i++) {
    srt_meter_received (session->meters[i]);    /* ends us if one was wrong */
    net_result_add_caller (result, session->meters[i],
        caller_of (session, i)->name,
        (guint) (caller_of (session, i)->latency / 1000));
  }
  net_result_add_world (result, session->world);
}

void
net_session_clear (NetSession *session)
{
  guint i;

  for (i = 0; i < E2E_MAX_CALLERS; i++)
    g_clear_pointer (&session->meters[i], srt_meter_free);
  e2e_bond_stop (&session->bond);
  net_world_free (session->world);
}
