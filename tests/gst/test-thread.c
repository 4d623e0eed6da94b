/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The threads: their names, where they run, and with which priority. */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "element-testing.h"

/* Calls function for each thread of the process, with what `top -H` shows.
 * Returns: the first for which it says TRUE, 0 if there is none. */
static pid_t
find_thread (gboolean (*function) (pid_t thread, const gchar *name,
        gconstpointer user_data), gconstpointer user_data)
{
  GDir *directory = g_dir_open ("/proc/self/task", 0, NULL);
  const gchar *entry;
  pid_t found = 0;

  g_assert_nonnull (directory);
  while (found == 0 && (entry = g_dir_read_name (directory)) != NULL) {
    gchar *path = g_strdup_printf ("/proc/self/task/%s/comm", entry);
    gchar *name = NULL;

    /* It may have ended since. */
    if (g_file_get_contents (path, &name, NULL, NULL)
        && function ((pid_t) atoi (entry), g_strchomp (name), user_data))
      found = (pid_t) atoi (entry);
    g_free (name);
    g_free (path);
  }
  g_dir_close (directory);
  return found;
}

static gboolean
has_name (pid_t thread, const gchar *name, gconstpointer wanted)
{
  (void) thread;
  return g_str_equal (name, wanted);
}

static pid_t
wait_thread (const gchar *name)
{
  gint64 until = g_get_monotonic_time () + testing_patience ();
  pid_t thread;

  while ((thread = find_thread (has_name, name)) == 0) {
    if (g_get_monotonic_time () > until)
      g_error ("there is no thread “%s”", name);
    g_usleep (1000);
  }
  return thread;
}

static gboolean
runs_elsewhere (pid_t thread, const gchar *name, gconstpointer set)
{
  cpu_set_t own;

  (void) name;
  return sched_getaffinity (thread, sizeof own, &own) == 0
      && !CPU_EQUAL (&own, (const cpu_set_t *) set);
}

/* Returns: the last processor that this process may use. */
static int
last_processor (void)
{
  cpu_set_t all;
  int i, last = 0;

  g_assert_cmpint (sched_getaffinity (0, sizeof all, &all), ==, 0);
  for (i = 0; i < CPU_SETSIZE; i++) {
    if (CPU_ISSET (i, &all))
      last = i;
  }
  return last;
}

static void
assert_runs_on (pid_t thread, int processor)
{
  cpu_set_t set;

  g_assert_cmpint (sched_getaffinity (thread, sizeof set, &set), ==, 0);
  g_assert_cmpint (CPU_COUNT (&set), ==, 1);
  g_assert_true (CPU_ISSET (processor, &set));
}

/* Packets go as they do without. */
static void
pass_packets (Fixture *fixture)
{
  fixture_push (fixture, 1000, 20);
  fixture_wait_packets (fixture, 20);
  fixture_check_arrived (fixture, 1000, 20, 1);
}

static void
test_name (Fixture *fixture, gconstpointer data)
{
  (void) data;
  gst_object_set_name (GST_OBJECT (fixture->element), "a-long-name-it-is");
  fixture_play (fixture, 2);
  wait_thread ("a-long-nam:loop");
}

/* The threads are a pool's: others get them as they were. */
static void
test_affinity (Fixture *fixture, gconstpointer data)
{
  int processor = last_processor ();
  gchar *list = g_strdup_printf ("%d,%d-%d", processor, processor, processor);
  cpu_set_t all;

  (void) data;
  g_assert_cmpint (sched_getaffinity (0, sizeof all, &all), ==, 0);
  gst_object_set_name (GST_OBJECT (fixture->element), "sink");
  g_object_set (fixture->element, "thread-affinity", list, NULL);
  fixture_play (fixture, 2);
  assert_runs_on (wait_thread ("sink:loop"), processor);
  pass_packets (fixture);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING, NULL),
      ==, 0);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  g_assert_cmpint (find_thread (runs_elsewhere, &all), ==, 0);
  g_free (list);
}

static void
test_bad_lists (Fixture *fixture, gconstpointer data)
{
  static const gchar *const lists[] = {
    "x", "0-", "-1", "0,", ",0", "1-0", "0 1", "0-1-2", "1023", "1024",
    "4294967296", "0x1",
  };
  cpu_set_t all;
  guint i;

  (void) data;
  g_assert_cmpint (sched_getaffinity (0, sizeof all, &all), ==, 0);
  if (CPU_ISSET (1023, &all)) {
    g_test_skip ("so many processors");
    return;
  }
  fixture_play (fixture, 2);
  for (i = 0; i < G_N_ELEMENTS (lists); i++) {
    GstMessage *message;
    gchar *text;

    gst_element_set_state (fixture->element, GST_STATE_READY);
    g_object_set (fixture->element, "thread-affinity", lists[i], NULL);
    gst_element_set_state (fixture->element, GST_STATE_PLAYING);
    message = record_wait (&fixture->record, GST_MESSAGE_WARNING, NULL);
    text = testing_message_text (message);
    g_assert_nonnull (strstr (text, "thread-affinity"));
    g_assert_nonnull (strstr (text, lists[i]));
    g_assert_cmpint (find_thread (runs_elsewhere, &all), ==, 0);
    g_free (text);
    gst_message_unref (message);
  }
  fixture_wait_stat (fixture, "uplinks-up", 2);
  pass_packets (fixture);
}

/* ---- Priority ----------------------------------------------------------- */

static void
give_up_right (void)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
  struct __user_cap_data_struct rights[2];
  struct rlimit none = { 0, 0 };

  g_assert_cmpint ((gint) syscall (SYS_capget, &header, rights), ==, 0);
  rights[0].effective &= ~(1u << CAP_SYS_NICE);
  rights[0].permitted &= ~(1u << CAP_SYS_NICE);
  g_assert_cmpint ((gint) syscall (SYS_capset, &header, rights), ==, 0);
  g_assert_cmpint (setrlimit (RLIMIT_RTPRIO, &none), ==, 0);
}

/* Granted or refused: then there is one warning, and it goes on without. */
static void
test_priority (Fixture *fixture, gconstpointer data)
{
  gboolean may = GPOINTER_TO_INT (data);
  struct sched_param parameters;
  GstMessage *message;
  pid_t thread;
  gchar *text;

  gst_object_set_name (GST_OBJECT (fixture->element), "sink");
  g_object_set (fixture->element, "realtime-priority", 5, NULL);
  fixture_play (fixture, 2);
  thread = wait_thread ("sink:loop");
  pass_packets (fixture);
  if (may && sched_getscheduler (thread) == SCHED_RR) {
    g_assert_cmpint (sched_getparam (thread, &parameters), ==, 0);
    g_assert_cmpint (parameters.sched_priority, ==, 5);
    g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING,
            NULL), ==, 0);
    return;
  }
  g_assert_cmpint (sched_getscheduler (thread), ==, sched_getscheduler (0));
  message = record_wait (&fixture->record, GST_MESSAGE_WARNING, NULL);
  text = testing_message_text (message);
  g_assert_nonnull (strstr (text, "realtime-priority"));
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_WARNING, NULL),
      ==, 0);
  g_free (text);
  gst_message_unref (message);
}

static void
run_priority (gboolean may)
{
  Fixture fixture = { 0, };

  fixture_set_up (&fixture, NULL);
  test_priority (&fixture, GINT_TO_POINTER (may));
  fixture_tear_down (&fixture, NULL);
}

static void
test_priority_if_permitted (void)
{
  run_priority (TRUE);
}

static void
test_priority_refused (void)
{
  if (g_test_subprocess ()) {
    give_up_right ();
    run_priority (FALSE);
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

/* ---- The source --------------------------------------------------------- */

static void
test_source (void)
{
  int processor = last_processor ();
  gchar *text = g_strdup_printf ("srtpacketsrc name=in address=127.0.0.1 port=0 "
      "thread-affinity=%d realtime-priority=3 ! fakesink", processor);
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);
  gint64 until = g_get_monotonic_time () + testing_patience ();
  cpu_set_t all;
  pid_t thread;

  g_assert_no_error (error);
  g_assert_cmpint (sched_getaffinity (0, sizeof all, &all), ==, 0);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  thread = wait_thread ("in:src");
  if (CPU_COUNT (&all) > 1) {
    while (!runs_elsewhere (thread, NULL, &all)) {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_usleep (1000);
    }
  }
  assert_runs_on (thread, processor);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_assert_cmpint (find_thread (runs_elsewhere, &all), ==, 0);
  gst_object_unref (pipeline);
  g_free (text);
}

static void
add_tests (void)
{
  fixture_add_test ("/thread/name", test_name);
  fixture_add_test ("/thread/affinity", test_affinity);
  fixture_add_test ("/thread/bad-lists", test_bad_lists);
  g_test_add_func ("/thread/priority", test_priority_if_permitted);
  g_test_add_func ("/thread/priority-refused", test_priority_refused);
  g_test_add_func ("/thread/source", test_source);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
