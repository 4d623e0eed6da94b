/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * docs/examples/encoder.c as a user runs it:
 *
 *   encoder ═4 uplinks═► srtla-receiver ─► srtsrc ! decoder
 */
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/demo-tool.h"

#define SECONDS "9"
#define FRAME_RATE 25

typedef struct
{
  gchar *output, *errors;
  gint status;                  /* of its exit */
  gboolean done;
} Run;

static void
encoder_ended (GObject * source, GAsyncResult * result, gpointer user_data)
{
  GSubprocess *encoder = G_SUBPROCESS (source);
  Run *run = user_data;
  GError *error = NULL;

  g_subprocess_communicate_utf8_finish (encoder, result, &run->output,
      &run->errors, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (encoder));
  run->status = g_subprocess_get_exit_status (encoder);
  run->done = TRUE;
}

/* Runs it to its end with these options. */
static void
run_encoder (Run * run, const gchar * const *options)
{
  GPtrArray *arguments = g_ptr_array_new ();
  GSubprocess *encoder;
  GError *error = NULL;

  g_ptr_array_add (arguments, (gpointer) g_getenv ("SRTLA_TEST_ENCODER"));
  for (; *options != NULL; options++)
    g_ptr_array_add (arguments, (gpointer) *options);
  g_ptr_array_add (arguments, NULL);
  encoder = g_subprocess_newv ((const gchar * const *) arguments->pdata,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
  g_assert_no_error (error);
  memset (run, 0, sizeof *run);
  g_subprocess_communicate_utf8_async (encoder, NULL, NULL, encoder_ended, run);
  while (!run->done)
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (encoder);
  g_ptr_array_unref (arguments);
}

static void
run_clear (Run * run)
{
  g_free (run->output);
  g_free (run->errors);
}

static void
expect_status (Run * run, gint status)
{
  if (run->status != status)
    g_error ("exit status %d, not %d:\n%s%s", run->status, status, run->output,
        run->errors);
}

static void
expect_line (Run * run, const gchar * pattern)
{
  GRegex *regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);

  g_assert_nonnull (regex);
  if (!g_regex_match (regex, run->output, 0, NULL))
    g_error ("the encoder prints nothing like \"%s\":\n%s", pattern,
        run->output);
  g_regex_unref (regex);
}

/* ---- The studio ------------------------------------------------------------- */

static GstPadProbeReturn
count_frame (GstPad * pad, GstPadProbeInfo * info, gpointer user_data)
{
  (void) pad;
  (void) info;
  g_atomic_int_inc ((gint *) user_data);
  return GST_PAD_PROBE_OK;
}

/* Counts the pictures that it can decode. */
static GstElement *
start_studio (guint16 port, gint * frames)
{
  gchar *description = g_strdup_printf (
      "srtsrc uri=srt://127.0.0.1:%u?mode=listener latency=1000"
      " ! tsdemux ! h264parse ! avdec_h264 output-corrupt=false"
      " ! fakesink name=screen sync=false", port);
  GError *error = NULL;
  GstElement *studio = gst_parse_launch_full (description, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, &error);
  GstElement *screen;
  GstPad *pad;

  g_assert_no_error (error);
  screen = gst_bin_get_by_name (GST_BIN (studio), "screen");
  pad = gst_element_get_static_pad (screen, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_frame, frames, NULL);
  gst_object_unref (pad);
  gst_object_unref (screen);
  gst_element_set_state (studio, GST_STATE_PLAYING);
  g_free (description);
  return studio;
}

static DemoTool *
start_receiver (guint16 port, guint16 srt_port)
{
  gchar *program = g_build_filename (g_getenv ("SRTLA_TEST_TOOLS"),
      "srtla-receiver", NULL);
  gchar *port_text = g_strdup_printf ("%u", port);
  gchar *srt_port_text = g_strdup_printf ("%u", srt_port);
  const gchar *argv[] = { program, "--srtla-port", port_text, "--srt-port",
    srt_port_text, NULL
  };
  GError *error = NULL;
  DemoTool *tool = demo_tool_start (argv, "listening", &error);

  g_assert_no_error (error);
  g_free (srt_port_text);
  g_free (port_text);
  g_free (program);
  return tool;
}

static void
test_stream (void)
{
  static const gchar *const lines[] = {
    "^uplink 127\\.0\\.0\\.2 is up, was registering ",
    "^uplink 127\\.0\\.0\\.4 is up, was registering ",
    "^message srtla-connected",
    "^mode is classic$",
    "^ +[0-9]+ s  classic, [0-9]+ kbit/s$",
    "^mode is enhanced$",
    "^ +[0-9]+ s  enhanced, [0-9]+ kbit/s$",
    "^quality is false$", "^quality is true$",
    "^exploration is true$", "^exploration is false$",
    "^message srtla-uplink-removed 127\\.0\\.0\\.4$",
    "^message srtla-uplink-added 127\\.0\\.0\\.4$",
    "^ +127\\.0\\.0\\.3 +up +[0-9]+ %, round trip [0-9]+ ms$",
    "^done$",
  };
  guint16 port = demo_free_port (), srt_port = demo_free_port ();
  gchar *uri = g_strdup_printf ("srtla://127.0.0.1:%u", port);
  const gchar *const options[] = { "--uri", uri, "--uplinks",
    "127.0.0.2,127.0.0.3,127.0.0.4", "--seconds", SECONDS, NULL
  };
  DemoTool *receiver = start_receiver (port, srt_port);
  gint frames = 0, expected = atoi (SECONDS) * FRAME_RATE;
  GstElement *studio = start_studio (srt_port, &frames);
  Run run;
  guint i;

  run_encoder (&run, options);
  expect_status (&run, 0);
  for (i = 0; i < G_N_ELEMENTS (lines); i++)
    expect_line (&run, lines[i]);
  gst_element_set_state (studio, GST_STATE_NULL);
  g_test_message ("%d frames in %s s", frames, SECONDS);
  /* The clock of the test is not that of the camera; but two seconds apart they
   * are not. */
  g_assert_cmpint (frames, >, expected - 2 * FRAME_RATE);
  gst_object_unref (studio);
  demo_tool_stop (receiver);
  run_clear (&run);
  g_free (uri);
}

/* No receiver: it says so, and fails. */
static void
test_no_receiver (void)
{
  gchar *uri = g_strdup_printf ("srtla://127.0.0.1:%u", demo_free_port ());
  const gchar *const options[] = { "--uri", uri, "--seconds", "9", NULL };
  Run run;

  run_encoder (&run, options);
  expect_status (&run, 1);
  expect_line (&run, "^uplink default is failed, was .*refused");
  expect_line (&run, "^no uplink reached the receiver$");
  run_clear (&run);
  g_free (uri);
}

static void
test_options (void)
{
  static const struct
  {
    const gchar *options[4];
    gint status;
  } cases[] = {
    {{NULL}, 2},
    {{"--nonsense", NULL}, 2},
    {{"--uri=srtla://127.0.0.1:5000", "--seconds=1", NULL}, 2},
    {{"--uri=http://127.0.0.1", NULL}, 1},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    Run run;

    run_encoder (&run, cases[i].options);
    expect_status (&run, cases[i].status);
    run_clear (&run);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/encoder/stream", test_stream);
  g_test_add_func ("/encoder/no-receiver", test_no_receiver);
  g_test_add_func ("/encoder/options", test_options);
  return g_test_run ();
}
