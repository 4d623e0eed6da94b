/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-meter.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define NAMESPACE_FD 3          /* as the process has it */

struct _NetMeter
{
  GSubprocess *process;
  GOutputStream *questions;
  GDataInputStream *answers;
};

static gchar *
read_answer (NetMeter *meter)
{
  gchar *line = g_data_input_stream_read_line (meter->answers, NULL, NULL,
      NULL);

  if (line == NULL)
    g_error ("the meter has ended");
  return line;
}

/* Returns: the answer, the caller's. */
static gchar *
ask (NetMeter *meter, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

static gchar *
ask (NetMeter *meter, const gchar *format, ...)
{
  va_list arguments;
  gchar *line, *text;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  text = g_strconcat (line, "\n", NULL);
  if (!g_output_stream_write_all (meter->questions, text, strlen (text), NULL,
          NULL, NULL))
    g_error ("the meter has ended");
  g_free (line);
  g_free (text);
  return read_answer (meter);
}

static gint64
number_of (gchar *answer)
{
  gint64 number = g_ascii_strtoll (answer, NULL, 10);

  g_free (answer);
  return number;
}

static void
expect (gchar *answer, const gchar *expected)
{
  g_assert_cmpstr (answer, ==, expected);
  g_free (answer);
}

NetMeter *
net_meter_start (const SrtMeterSettings *settings)
{
  NetMeter *meter = g_new0 (NetMeter, 1);
  GSubprocessLauncher *launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE
      | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  gchar *program = g_build_filename (g_getenv ("SRTLA_TEST_NET"),
      "meter-process", NULL);
  gchar *arguments = g_strdup_printf ("%s %" G_GUINT64_FORMAT " %u %u %u %u %d "
      "%u", program, settings->seed, settings->caller_port,
      settings->listener_port, settings->latency, settings->rate,
      settings->listener_namespace > 0 ? NAMESPACE_FD : 0, settings->expected);
  gchar **command = g_strsplit (arguments, " ", -1);
  GError *error = NULL;

  if (settings->listener_namespace > 0)
    g_subprocess_launcher_take_fd (launcher,
        dup (settings->listener_namespace), NAMESPACE_FD);
  meter->process = g_subprocess_launcher_spawnv (launcher,
      (const gchar * const *) command, &error);
  g_assert_no_error (error);
  meter->questions = g_subprocess_get_stdin_pipe (meter->process);
  meter->answers =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (meter->process));
  expect (read_answer (meter), "ready");
  g_object_unref (launcher);
  g_strfreev (command);
  g_free (arguments);
  g_free (program);
  return meter;
}

void
net_meter_stop (NetMeter *meter)
{
  expect (ask (meter, "stop"), "ok");
}

void
net_meter_free (NetMeter *meter)
{
  /* The end of its input is its end. */
  g_output_stream_close (meter->questions, NULL, NULL);
  g_subprocess_wait (meter->process, NULL, NULL);
  g_object_unref (meter->answers);
  g_object_unref (meter->process);
  g_free (meter);
}

guint64
net_meter_received (NetMeter *meter)
{
  return (guint64) number_of (ask (meter, "received"));
}

void
net_meter_count (NetMeter *meter, gint64 from, gint64 to, guint64 *sent,
    guint64 *lost)
{
  gchar *answer = ask (meter, "count %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
      from, to), *second;

  *sent = g_ascii_strtoull (answer, &second, 10);
  *lost = g_ascii_strtoull (second, NULL, 10);
  g_free (answer);
}

gint64
net_meter_last_lost (NetMeter *meter)
{
  return number_of (ask (meter, "last-lost"));
}

gint64
net_meter_longest_gap (NetMeter *meter, gint64 from, gint64 to)
{
  return number_of (ask (meter, "gap %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
          from, to));
}

void
net_meter_set_listening (NetMeter *meter, gboolean listening)
{
  expect (ask (meter, "listening %d", listening), "ok");
}

void
net_meter_get_losses (NetMeter *meter, SrtMeterLosses *losses)
{
  gchar *answer = ask (meter, "losses"), *next = answer;

  losses->skipped = g_ascii_strtoull (next, &next, 10);
  losses->cut_off = g_ascii_strtoull (next, NULL, 10);
  g_free (answer);
}

void
net_meter_get_totals (NetMeter *meter, SrtMeterTotals *totals)
{
  gchar *answer = ask (meter, "totals"), *next = answer;
  guint64 *const fields[] = { &totals->sent, &totals->retransmitted,
    &totals->reported_lost, &totals->given_up, &totals->received,
    &totals->gaps, &totals->dropped
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    *fields[i] = g_ascii_strtoull (next, &next, 10);
  totals->connections = (guint) g_ascii_strtoull (next, NULL, 10);
  g_free (answer);
}
