/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "traffic.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SYSCALL_EVENT "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"

static gchar **
counting_environment (TrafficProcess * process, const gchar * library)
{
  gchar **environment = g_get_environ ();
  gchar *path = NULL;
  gint fd;

  if (library == NULL)
    return environment;
  fd = g_file_open_tmp ("allocations-XXXXXX", &path, NULL);
  if (fd < 0 || ftruncate (fd, sizeof (guint64)) < 0)
    g_error ("no file for the counter of allocations");
  process->allocations = mmap (NULL, sizeof (guint64),
      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  environment = g_environ_setenv (environment, "BENCH_ALLOCATIONS", path, TRUE);
  environment = g_environ_setenv (environment, "LD_PRELOAD", library, TRUE);
  environment = g_environ_setenv (environment, "G_SLICE", "always-malloc",
      TRUE);
  g_free (path);
  return environment;
}

/* ---- Processors --------------------------------------------------------- */

static int
last_processor (void)
{
  return (int) sysconf (_SC_NPROCESSORS_ONLN) - 1;
}

/* In the child, after fork (): nothing else is allowed there. */
static void
take_last_processor (gpointer user_data)
{
  cpu_set_t set;

  (void) user_data;
  CPU_ZERO (&set);
  CPU_SET (last_processor (), &set);
  sched_setaffinity (0, sizeof set, &set);
}

void
traffic_process_make_room (void)
{
  cpu_set_t set;
  int i;

  CPU_ZERO (&set);
  for (i = 0; i < last_processor (); i++)
    CPU_SET (i, &set);
  sched_setaffinity (0, sizeof set, &set);      /* fails if the set is empty */
}

/* ---- Starting and stopping ---------------------------------------------- */

gboolean
traffic_process_start (TrafficProcess * process, gchar ** command,
    const gchar * count_library, gboolean pin, GError ** error)
{
  gchar **environment;
  gboolean started;

  memset (process, 0, sizeof *process);
  environment = counting_environment (process, count_library);
  started = g_spawn_async (NULL, command, environment,
      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH
      | G_SPAWN_STDOUT_TO_DEV_NULL, pin ? take_last_processor : NULL, NULL,
      &process->pid, error);
  g_strfreev (environment);
  return started;
}

void
traffic_process_stop (TrafficProcess * process)
{
  guint counter, i;

  for (counter = 0; counter < TRAFFIC_COUNTERS; counter++) {
    GArray *events = process->events[counter];

    for (i = 0; events != NULL && i < events->len; i++)
      close (g_array_index (events, int, i));
    g_clear_pointer (&process->events[counter], g_array_unref);
  }
  kill (process->pid, SIGKILL);
  waitpid (process->pid, NULL, 0);
}

/* Calls function for each thread. */
static void
each_thread (GPid pid, void (*function) (pid_t thread, gpointer user_data),
    gpointer user_data)
{
  gchar *path = g_strdup_printf ("/proc/%d/task", (gint) pid);
  GDir *directory = g_dir_open (path, 0, NULL);
  const gchar *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    function ((pid_t) atoi (name), user_data);
  if (directory != NULL)
    g_dir_close (directory);
  g_free (path);
}

/* ---- Counters ----------------------------------------------------------- */

typedef struct
{
  struct perf_event_attr attributes;
  GArray *events;
} Counting;

static void
count_thread (pid_t thread, gpointer user_data)
{
  Counting *counting = user_data;
  int fd = (int) syscall (SYS_perf_event_open, &counting->attributes, thread,
      -1, -1, 0);

  if (fd >= 0)
    g_array_append_val (counting->events, fd);
}

static gboolean
set_attributes (struct perf_event_attr *attributes, TrafficCounter counter)
{
  gchar *text = NULL;

  memset (attributes, 0, sizeof *attributes);
  attributes->size = sizeof *attributes;
  attributes->type = PERF_TYPE_HARDWARE;
  attributes->config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes->exclude_kernel = counter == TRAFFIC_USER_INSTRUCTIONS;
  attributes->exclude_user = counter == TRAFFIC_KERNEL_INSTRUCTIONS;
  if (counter == TRAFFIC_SYSTEM_CALLS) {
    if (!g_file_get_contents (SYSCALL_EVENT, &text, NULL, NULL))
      return FALSE;
    attributes->type = PERF_TYPE_TRACEPOINT;
    attributes->config = g_ascii_strtoull (text, NULL, 10);
    g_free (text);
  }
  return TRUE;
}

gboolean
traffic_process_count (TrafficProcess * process, TrafficCounter counter)
{
  Counting counting;

  if (!set_attributes (&counting.attributes, counter))
    return FALSE;
  counting.events = g_array_new (FALSE, FALSE, sizeof (int));
  process->events[counter] = counting.events;
  each_thread (process->pid, count_thread, &counting);
  return counting.events->len > 0;
}

static guint64
sum (const GArray * events)
{
  guint64 total = 0, count;
  guint i;

  for (i = 0; events != NULL && i < events->len; i++) {
    if (read (g_array_index (events, int, i), &count, sizeof count)
        == (gssize) sizeof count)
      total += count;
  }
  return total;
}

/* ---- Use ---------------------------------------------------------------- */

typedef struct
{
  GPid pid;
  guint64 switches;
} Switches;

static guint64
number_after (const gchar * text, const gchar * label)
{
  const gchar *at = text != NULL ? strstr (text, label) : NULL;

  return at != NULL ? g_ascii_strtoull (at + strlen (label), NULL, 10) : 0;
}

static void
add_switches (pid_t thread, gpointer user_data)
{
  Switches *switches = user_data;
  gchar *path = g_strdup_printf ("/proc/%d/task/%d/status",
      (gint) switches->pid, (gint) thread);
  gchar *text = NULL;

  if (g_file_get_contents (path, &text, NULL, NULL))
    switches->switches += number_after (text, "\nvoluntary_ctxt_switches:")
        + number_after (text, "\nnonvoluntary_ctxt_switches:");
  g_free (text);
  g_free (path);
}

static void
read_times (GPid pid, TrafficUse * use)
{
  gchar *path = g_strdup_printf ("/proc/%d/stat", (gint) pid);
  gchar *text = NULL, **fields;

  /* After the name in parentheses, which may hold anything. */
  if (g_file_get_contents (path, &text, NULL, NULL)) {
    fields = g_strsplit (strrchr (text, ')') + 2, " ", 0);
    use->user = g_ascii_strtoull (fields[11], NULL, 10) * 1000
        / (guint64) sysconf (_SC_CLK_TCK);
    use->system = g_ascii_strtoull (fields[12], NULL, 10) * 1000
        / (guint64) sysconf (_SC_CLK_TCK);
    g_strfreev (fields);
  }
  g_free (text);
  g_free (path);
}

void
traffic_process_look (TrafficProcess * process, TrafficUse * use)
{
  Switches switches = { process->pid, 0 };
  gchar *path = g_strdup_printf ("/proc/%d/status", (gint) process->pid);
  gchar *text = NULL;
  struct timespec time;
  clockid_t clock;
  guint i;

  memset (use, 0, sizeof *use);
  if (clock_getcpuclockid (process->pid, &clock) == 0
      && clock_gettime (clock, &time) == 0)
    use->cpu = (guint64) time.tv_sec * 1000000000u + (guint64) time.tv_nsec;
  read_times (process->pid, use);
  each_thread (process->pid, add_switches, &switches);
  use->switches = switches.switches;
  if (g_file_get_contents (path, &text, NULL, NULL))
    use->memory = number_after (text, "\nVmRSS:");
  g_free (text);
  g_free (path);
  if (process->allocations != NULL)
    use->allocations = __atomic_load_n (process->allocations, __ATOMIC_RELAXED);
  for (i = 0; i < TRAFFIC_COUNTERS; i++)
    use->counts[i] = sum (process->events[i]);
}
