/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The main job, to watch: a camera's SRT stream goes over four uplinks to a
 * receiver and into a file, one uplink dies on the way and comes back, and a
 * decoder judges the file.
 *
 *   camera ─SRT─► udpsrc ! srtlasink ═4 uplinks═► receiver ─SRT─► studio
 */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

#include "../net/net-namespace.h"
#include "demo-network.h"
#include "demo-pipelines.h"
#include "demo-table.h"
#include "demo-tool.h"

#define TICK 50                 /* ms */
#define CONNECT_TIMEOUT 15      /* s, until all uplinks are up */
#define DRAIN_TIMEOUT 10        /* s, for what is still under way at the end */
#define STUDIO_TIMEOUT 10       /* s, until the studio's end of stream */

typedef enum
{
  PHASE_CONNECT,                /* uplinks register, the camera is off */
  PHASE_STREAM,
  PHASE_DRAIN,                  /* the camera is done, packets are under way */
  PHASE_STUDIO,                 /* the camera is off, the studio finishes */
  PHASE_DONE,
} Phase;

typedef struct
{
  /* settings */
  gint seconds, cut_at, restore_at;
  gchar *output, *tools, *scenario;

  DemoNetwork *network;
  DemoTool *receiver;
  DemoPipeline camera, bonding, studio;

  GMainLoop *loop;
  Phase phase;
  gint64 phase_since;           /* monotonic, µs */
  guint next_second;            /* of the table */
  gboolean is_cut, is_restored;
  gboolean was_seen_down;       /* the cut uplink, by srtlasink */
  gboolean came_back;           /* all uplinks were up at the end */
  gboolean studio_eos;
  gchar *failure;               /* why it is over before its time; or NULL */
  DemoSrtStats sent, received;
} Demo;

/* ---- Course ------------------------------------------------------------ */

static void
enter (Demo *demo, Phase phase)
{
  demo->phase = phase;
  demo->phase_since = g_get_monotonic_time ();
  if (phase == PHASE_DONE)
    g_main_loop_quit (demo->loop);
}

static void
fail (Demo *demo, const gchar *why)
{
  if (demo->failure == NULL)
    demo->failure = g_strdup (why);
  enter (demo, PHASE_DONE);
}

static gint64
elapsed (const Demo *demo)
{
  return g_get_monotonic_time () - demo->phase_since;
}

static guint
uplinks_up (const GstStructure *stats)
{
  guint up = 0;

  gst_structure_get_uint (stats, "uplinks-up", &up);
  return up;
}

static void
connect_phase (Demo *demo, const GstStructure *stats)
{
  if (uplinks_up (stats) == DEMO_UPLINKS) {
    demo_table_print ("All %d uplinks are up after %.2f s. The camera starts.\n",
        DEMO_UPLINKS, (gdouble) elapsed (demo) / G_USEC_PER_SEC);
    gst_element_set_state (demo->camera.pipeline, GST_STATE_PLAYING);
    enter (demo, PHASE_STREAM);
  } else if (elapsed (demo) > CONNECT_TIMEOUT * G_USEC_PER_SEC) {
    fail (demo, "the uplinks did not all come up");
  }
}

static void
stream_phase (Demo *demo, const GstStructure *stats)
{
  gint64 now = elapsed (demo);

  if (!demo->is_cut && now >= demo->cut_at * G_USEC_PER_SEC) {
    demo->is_cut = TRUE;
    demo_network_cut (demo->network);
    demo_table_print ("%3d s   %s is cut: it swallows everything from now on",
        demo->cut_at, demo_network_victim (demo->network));
  }
  if (!demo->is_restored && now >= demo->restore_at * G_USEC_PER_SEC) {
    demo->is_restored = TRUE;
    demo_network_restore (demo->network);
    demo_table_print ("%3d s   %s works again", demo->restore_at,
        demo_network_victim (demo->network));
  }
  if (now >= demo->next_second * G_USEC_PER_SEC) {
    if (demo->next_second > 0)
      demo_table_show (demo->next_second, stats);
    demo->next_second++;
  }
  if (now > (demo->seconds + DRAIN_TIMEOUT) * G_USEC_PER_SEC)
    fail (demo, "the camera did not come to its end");
}

static void
drain_phase (Demo *demo, const GstStructure *stats)
{
  DemoSrtStats sent;

  demo->came_back = uplinks_up (stats) == DEMO_UPLINKS;
  demo_pipeline_srt_stats (&demo->camera, &sent);
  if ((guint64) g_atomic_int_get (&demo->studio.count)
      < sent.packets - sent.repeated
      && elapsed (demo) < DRAIN_TIMEOUT * G_USEC_PER_SEC)
    return;
  /* The numbers of a connection go with it. */
  demo_pipeline_srt_stats (&demo->camera, &demo->sent);
  demo_pipeline_srt_stats (&demo->studio, &demo->received);
  demo_pipeline_stop (&demo->camera);
  enter (demo, PHASE_STUDIO);
}

static gboolean
tick (gpointer user_data)
{
  Demo *demo = user_data;
  GstStructure *stats = NULL;

  if (!demo_tool_is_running (demo->receiver)
      || !demo_network_is_running (demo->network)) {
    fail (demo, "a tool of the demo ended by itself");
    return G_SOURCE_CONTINUE;
  }

  g_object_get (demo->bonding.element, "stats", &stats, NULL);
  if (demo->is_cut && uplinks_up (stats) < DEMO_UPLINKS)
    demo->was_seen_down = TRUE;
  switch (demo->phase) {
    case PHASE_CONNECT:
      connect_phase (demo, stats);
      break;
    case PHASE_STREAM:
      stream_phase (demo, stats);
      break;
    case PHASE_DRAIN:
      drain_phase (demo, stats);
      break;
    case PHASE_STUDIO:
      if (demo->studio_eos)
        enter (demo, PHASE_DONE);
      else if (elapsed (demo) > STUDIO_TIMEOUT * G_USEC_PER_SEC)
        fail (demo, "the studio did not notice the end of the stream");
      break;
    case PHASE_DONE:
      break;
  }
  gst_structure_free (stats);
  return G_SOURCE_CONTINUE;
}

static gboolean
bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Demo *demo = user_data;
  GstObject *source = GST_MESSAGE_SRC (message);
  GError *error = NULL;

  (void) bus;
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_EOS:
      if (source == GST_OBJECT (demo->camera.pipeline))
        enter (demo, PHASE_DRAIN);
      else if (source == GST_OBJECT (demo->studio.pipeline))
        demo->studio_eos = TRUE;
      break;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      fail (demo, error->message);
      break;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, NULL);
      demo_table_print ("Warning from %s: %s", GST_OBJECT_NAME (source),
          error->message);
      break;
    default:
      break;
  }
  g_clear_error (&error);
  return G_SOURCE_CONTINUE;
}

static gboolean
interrupted (gpointer user_data)
{
  fail (user_data, "interrupted");
  return G_SOURCE_CONTINUE;
}

/* ---- Setting up -------------------------------------------------------- */

static DemoTool *
start_receiver (Demo *demo, guint16 port, guint16 srt_port, GError **error)
{
  gchar *program = g_build_filename (demo->tools, "srtla-receiver", NULL);
  gchar *port_text = g_strdup_printf ("%u", port);
  gchar *srt_port_text = g_strdup_printf ("%u", srt_port);
  const gchar *argv[] = { program, "--srtla-port", port_text, "--srt-host",
    "127.0.0.1", "--srt-port", srt_port_text, NULL
  };
  DemoTool *tool = demo_tool_start_in (demo_network_studio (demo->network),
      argv, "listening", error);

  g_free (srt_port_text);
  g_free (port_text);
  g_free (program);
  return tool;
}

/* Its SRT listener is where the receiver is. */
static void
start_studio (gpointer data)
{
  DemoPipeline *studio = data;

  gst_element_set_state (studio->pipeline, GST_STATE_PLAYING);
}

static void
do_nothing (gpointer data, gpointer user_data)
{
  (void) data;
  (void) user_data;
}

/* Threads of GLib's pools are made by a thread that is made with the first
 * pool: it must not be one that was somewhere else for a while. */
static void
make_pools_ours (void)
{
  g_thread_pool_free (g_thread_pool_new (do_nothing, NULL, 1, FALSE, NULL),
      FALSE, TRUE);
}

static gboolean
set_up (Demo *demo, GError **error)
{
  guint16 srt_port = demo_free_port ();
  guint16 receiver_port = demo_free_port ();
  guint16 camera_port = demo_free_port ();
  DemoPipeline *pipelines[] = { &demo->studio, &demo->bonding, &demo->camera };
  guint i;

  demo->receiver = start_receiver (demo, receiver_port, srt_port, error);
  if (demo->receiver == NULL)
    return FALSE;
  if (!demo_network_start (demo->network, receiver_port, error))
    return FALSE;
  if (!demo_studio_init (&demo->studio, srt_port, demo->output, error)
      || !demo_bonding_init (&demo->bonding, camera_port,
          demo_network_host (demo->network), demo_network_port (demo->network),
          demo_network_uplinks (demo->network), error)
      || !demo_camera_init (&demo->camera, (guint) demo->seconds, camera_port,
          error))
    return FALSE;

  for (i = 0; i < G_N_ELEMENTS (pipelines); i++)
    gst_bus_add_watch (pipelines[i]->pipeline->bus, bus_message, demo);
  demo_table_print ("%s\n", demo_network_describe (demo->network));
  demo_table_print ("Camera:\n  %s\n\nBonding:\n  %s\n\nStudio:\n  %s\n",
      demo->camera.description, demo->bonding.description,
      demo->studio.description);
  if (demo_network_studio (demo->network) == 0)
    start_studio (&demo->studio);
  else
    net_namespace_call (demo_network_studio (demo->network), start_studio,
        &demo->studio);
  gst_element_set_state (demo->bonding.pipeline, GST_STATE_PLAYING);
  enter (demo, PHASE_CONNECT);
  return TRUE;
}

static void
tear_down (Demo *demo)
{
  DemoPipeline *pipelines[] = { &demo->camera, &demo->bonding, &demo->studio };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (pipelines); i++) {
    demo_pipeline_stop (pipelines[i]);
    if (pipelines[i]->pipeline != NULL)
      gst_bus_remove_watch (pipelines[i]->pipeline->bus);
    demo_pipeline_clear (pipelines[i]);
  }
  demo_tool_stop (demo->receiver);
}

/* ---- Verdict ----------------------------------------------------------- */

static gboolean
judge (Demo *demo)
{
  gint frames_sent = g_atomic_int_get (&demo->camera.count);
  guint64 packets = demo->sent.packets - demo->sent.repeated;
  guint64 arrived = (guint64) g_atomic_int_get (&demo->studio.count);
  guint64 lost = packets > arrived ? packets - arrived : 0;
  DemoDecoded decoded = { 0, 0 };
  GError *error = NULL;
  gboolean decodes, unharmed, noticed;

  printf ("\nReceived: %s\n", demo->output);
  decodes = demo_decode (demo->output, &decoded, &error);
  if (decodes)
    printf ("  decodes           yes, picture and sound\n");
  else
    printf ("  decodes           no: %s\n", error->message);
  printf ("  frames            %d of %d sent\n", decoded.frames, frames_sent);
  printf ("  SRT packets lost  %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
      ", after SRT's latency (%" G_GUINT64_FORMAT " gaps seen, %"
      G_GUINT64_FORMAT " packets sent again)\n", lost, packets,
      demo->received.missed, demo->sent.repeated);
  printf ("  %-17s %s, %s\n", demo_network_victim (demo->network),
      demo->was_seen_down ? "was noticed to be down" : "was never noticed down",
      demo->came_back ? "is up again" : "is not up again");
  g_clear_error (&error);

  unharmed = decodes && decoded.sounds > 0 && frames_sent > 0
      && decoded.frames == frames_sent && lost == 0;
  noticed = (demo->was_seen_down || demo->cut_at >= demo->seconds)
      && (demo->came_back || demo->restore_at >= demo->seconds);
  printf ("\nVerdict: the stream %s%s.\n",
      unharmed ? "survived the cut unharmed" : "was harmed",
      noticed ? "" : ", and the state of the uplink was not noticed");
  return unharmed && noticed;
}

static void
clear (Demo *demo)
{
  g_main_loop_unref (demo->loop);
  demo_network_free (demo->network);
  g_free (demo->failure);
  g_free (demo->output);
  g_free (demo->scenario);
  g_free (demo->tools);
}

int
main (int argc, char **argv)
{
  Demo demo = {.seconds = 20,.cut_at = 7,.restore_at = 14 };
  GOptionEntry entries[] = {
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &demo.output,
        "File for what is received", "FILE"},
    {"seconds", 's', 0, G_OPTION_ARG_INT, &demo.seconds,
        "Length of the stream (20)", "S"},
    {"cut-at", 0, 0, G_OPTION_ARG_INT, &demo.cut_at,
        "When the second uplink is cut (7)", "S"},
    {"restore-at", 0, 0, G_OPTION_ARG_INT, &demo.restore_at,
        "When it works again (14)", "S"},
    {"scenario", 0, 0, G_OPTION_ARG_FILENAME, &demo.scenario,
          "Four emulated modems, where the system lets us; else, and without "
          "this, a relay on loopback", "FILE"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}
  };
  GOptionContext *options = g_option_context_new ("- four uplinks, one dies");
  GError *error = NULL;
  gboolean good = FALSE;
  guint timer;

  g_option_context_add_main_entries (options, entries, NULL);
  g_option_context_set_ignore_unknown_options (options, TRUE);
  if (!g_option_context_parse (options, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  g_option_context_free (options);
  if (demo.output == NULL)
    demo.output = g_build_filename (g_get_tmp_dir (), "srtla-demo.ts", NULL);
  demo.tools = g_path_get_dirname (argv[0]);
  /* Before there are threads, and so before GStreamer. */
  demo.network = demo_network_new (demo.tools, demo.scenario);
  make_pools_ours ();
  gst_init (&argc, &argv);
  if (argc > 1) {
    g_printerr ("%s: there is no such option\n", argv[1]);
    return 2;
  }

  demo.loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGINT, interrupted, &demo);
  g_unix_signal_add (SIGTERM, interrupted, &demo);
  if (set_up (&demo, &error)) {
    timer = g_timeout_add (TICK, tick, &demo);
    g_main_loop_run (demo.loop);
    g_source_remove (timer);
  } else {
    demo.failure = g_strdup (error->message);
  }
  tear_down (&demo);

  if (demo.failure == NULL)
    good = judge (&demo);
  else
    printf ("\nVerdict: it did not work: %s.\n", demo.failure);
  g_clear_error (&error);
  clear (&demo);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
