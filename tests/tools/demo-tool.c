/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE             /* setns */
#include "demo-tool.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define READY_TIMEOUT 5         /* s */
#define STOP_TIMEOUT 3000       /* ms, then it is killed */

struct _DemoTool
{
  GSubprocess *process;
  GDataInputStream *output;
  GCancellable *cancellable;
  gchar *ready;                 /* how the awaited line begins */
  gboolean is_ready;
  gboolean ended;               /* its output is closed */
  gboolean reading;             /* a callback is still to come */
};

typedef struct
{
  pid_t parent;
  gint namespace;               /* descriptor; 0: ours */
} ChildSettings;

/* Runs in the child: nothing but calls that are safe after fork. */
static void
set_up_child (gpointer user_data)
{
  const ChildSettings *settings = user_data;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != settings->parent)
    _exit (1);                  /* it died before we asked */
  if (settings->namespace > 0 && setns (settings->namespace, CLONE_NEWNET) != 0)
    _exit (1);
}

static void read_line (DemoTool *tool);

static void
line_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DemoTool *tool = user_data;
  gchar *line;

  line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source),
      result, NULL, NULL);
  tool->reading = FALSE;
  if (line == NULL) {
    tool->ended = TRUE;
    return;
  }
  if (g_str_has_prefix (line, tool->ready))
    tool->is_ready = TRUE;
  g_free (line);
  read_line (tool);
}

static void
read_line (DemoTool *tool)
{
  tool->reading = TRUE;
  g_data_input_stream_read_line_async (tool->output, G_PRIORITY_DEFAULT,
      tool->cancellable, line_read, tool);
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

DemoTool *
demo_tool_start (const gchar *const *argv, const gchar *ready, GError **error)
{
  return demo_tool_start_in (0, argv, ready, error);
}

DemoTool *
demo_tool_start_in (gint namespace, const gchar *const *argv,
    const gchar *ready, GError **error)
{
  ChildSettings settings = { getpid (), namespace };
  GSubprocessLauncher *launcher;
  GSubprocess *process;
  DemoTool *tool;
  gboolean timed_out = FALSE;
  guint timer;

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE
      | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, set_up_child, &settings,
      NULL);
  process = g_subprocess_launcher_spawnv (launcher, argv, error);
  g_object_unref (launcher);
  if (process == NULL)
    return NULL;

  tool = g_new0 (DemoTool, 1);
  tool->process = process;
  tool->ready = g_strdup (ready);
  tool->cancellable = g_cancellable_new ();
  tool->output =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  read_line (tool);

  timer = g_timeout_add_seconds (READY_TIMEOUT, set_flag, &timed_out);
  while (!tool->is_ready && !tool->ended && !timed_out)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);

  if (!tool->is_ready) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        tool->ended ? "%s ended at once" : "%s did not get ready", argv[0]);
    demo_tool_stop (tool);
    return NULL;
  }
  return tool;
}

gboolean
demo_tool_command (DemoTool *tool, const gchar *line)
{
  GOutputStream *input = g_subprocess_get_stdin_pipe (tool->process);
  gchar *text = g_strconcat (line, "\n", NULL);
  gboolean done;

  done = g_output_stream_write_all (input, text, strlen (text), NULL, NULL,
      NULL);
  g_free (text);
  return done;
}

gboolean
demo_tool_is_running (DemoTool *tool)
{
  return !tool->ended;
}

const gchar *
demo_tool_process (DemoTool *tool)
{
  return tool != NULL ? g_subprocess_get_identifier (tool->process) : NULL;
}

static gboolean
kill_it (gpointer user_data)
{
  g_subprocess_force_exit (user_data);
  return G_SOURCE_REMOVE;
}

static void
process_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *(gboolean *) user_data = TRUE;
}

void
demo_tool_stop (DemoTool *tool)
{
  gboolean gone = FALSE;
  GSource *timer;

  if (tool == NULL)
    return;

  g_subprocess_send_signal (tool->process, SIGTERM);
  g_subprocess_wait_async (tool->process, NULL, process_ended, &gone);
  timer = g_timeout_source_new (STOP_TIMEOUT);
  g_source_set_callback (timer, kill_it, tool->process, NULL);
  g_source_attach (timer, NULL);
  while (!gone)
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (timer);
  g_source_unref (timer);

  g_cancellable_cancel (tool->cancellable);
  while (tool->reading)
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (tool->output);
  g_object_unref (tool->cancellable);
  g_object_unref (tool->process);
  g_free (tool->ready);
  g_free (tool);
}

gchar *
demo_tool_find_all (void)
{
  gchar *program = g_file_read_link ("/proc/self/exe", NULL);
  gchar *here = g_path_get_dirname (program);
  gchar *tools = g_build_filename (here, "..", "tools", NULL);
  gchar *plugin = g_build_filename (here, "..", "..", "gst", NULL);

  g_setenv ("SRTLA_TEST_TOOLS", tools, FALSE);
  g_setenv ("GST_PLUGIN_PATH_1_0", plugin, FALSE);
  g_free (program);
  g_free (tools);
  g_free (plugin);
  return here;
}

guint16
demo_free_port (void)
{
  static GHashTable *given = NULL;
  guint16 port = 0;

  if (given == NULL)
    given = g_hash_table_new (NULL, NULL);
  do {
    GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4,
        G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
    GSocketAddress *address =
        g_inet_socket_address_new_from_string ("127.0.0.1", 0);
    GSocketAddress *bound = NULL;

    if (socket != NULL && g_socket_bind (socket, address, FALSE, NULL))
      bound = g_socket_get_local_address (socket, NULL);
    if (bound == NULL)
      g_error ("No UDP port of 127.0.0.1 is free");
    port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
    g_object_unref (bound);
    g_object_unref (address);
    g_object_unref (socket);
  } while (!g_hash_table_add (given, GUINT_TO_POINTER (port)));
  return port;
}
