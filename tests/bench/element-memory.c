/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pipeline takes of the heap while it carries a stream: what the C
 * library has handed out then, less what it had before the pipeline was made.
 * Another, started and stopped before, has loaded the plugin and registered
 * the types. The traffic program starts this one. Writes a line of JSON to FILE
 * once that many packets went through the element named "sink", and goes on.
 *
 *   element-memory FILE PACKETS WARM-UP PIPELINE
 */
#include <gst/gst.h>
#include <malloc.h>
#include <stdlib.h>

#define LOOKS 20
#define LOOK_INTERVAL 50        /* ms */

typedef struct
{
  const gchar *file;
  guint64 packets;
  GstElement *sink;
  gsize before, idle, highest;  /* bytes */
  guint looks;
} Memory;

static gsize
in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static GstElement *
start_pipeline (const gchar * text)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch (text, &error);

  if (error != NULL)
    g_error ("%s", error->message);
  if (gst_element_set_state (pipeline, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_FAILURE)
    g_error ("the pipeline does not start");
  return pipeline;
}

/* Also warms up what asking for statistics needs. */
static guint64
packets_sent (GstElement * sink)
{
  GstStructure *stats;
  guint64 packets = 0;

  g_object_get (sink, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, "packets-sent", &packets);
  gst_structure_free (stats);
  return packets;
}

static void
warm_up (const gchar * text)
{
  GstElement *pipeline = start_pipeline (text);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");

  packets_sent (sink);
  gst_object_unref (sink);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static gboolean
look (gpointer user_data)
{
  Memory *memory = user_data;
  gchar *text;

  if (memory->idle == 0)
    memory->idle = in_use ();
  if (packets_sent (memory->sink) < memory->packets)
    return G_SOURCE_CONTINUE;
  memory->highest = MAX (memory->highest, in_use ());
  if (++memory->looks < LOOKS)
    return G_SOURCE_CONTINUE;
  text = g_strdup_printf ("{\"idle\": %" G_GSIZE_FORMAT ", \"busy\": %"
      G_GSIZE_FORMAT "}\n", memory->idle - memory->before,
      memory->highest - memory->before);
  if (!g_file_set_contents (memory->file, text, -1, NULL))
    g_error ("%s cannot be written", memory->file);
  g_free (text);
  return G_SOURCE_REMOVE;
}

int
main (int argc, char **argv)
{
  GMainLoop *loop;
  GstElement *pipeline;
  Memory memory = { NULL, 0, NULL, 0, 0, 0, 0 };

  gst_init (NULL, NULL);
  if (argc != 5)
    g_error ("element-memory FILE PACKETS WARM-UP PIPELINE");
  memory.file = argv[1];
  memory.packets = g_ascii_strtoull (argv[2], NULL, 10);
  warm_up (argv[3]);
  loop = g_main_loop_new (NULL, FALSE);
  memory.before = in_use ();
  pipeline = start_pipeline (argv[4]);
  memory.sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_timeout_add (LOOK_INTERVAL, look, &memory);
  g_main_loop_run (loop);       /* until the traffic program ends it */
  return 0;
}
