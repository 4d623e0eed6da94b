/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo-pipelines.h"

#define SRT_LATENCY 2000        /* ms: usual for bonded mobile uplinks */
#define SAMPLE_RATE 48000       /* Hz */
#define VIDEO_BITRATE 2500      /* kbit/s */
#define DECODE_TIMEOUT (60 * GST_SECOND)

static GstPadProbeReturn
count_probe (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  gint *count = user_data;

  (void) pad;
  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER_LIST)
    g_atomic_int_add (count,
        (gint) gst_buffer_list_length (GST_PAD_PROBE_INFO_BUFFER_LIST (info)));
  else
    g_atomic_int_inc (count);
  return GST_PAD_PROBE_OK;
}

static void
count_on_pad (GstElement *pipeline, const gchar *element_name,
    const gchar *pad_name, gint *count)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), element_name);
  GstPad *pad = gst_element_get_static_pad (element, pad_name);

  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, count_probe,
      count, NULL);
  gst_object_unref (pad);
  gst_object_unref (element);
}

/* Makes the pipeline of self->description. */
static gboolean
parse (DemoPipeline *self, const gchar *element_name, GError **error)
{
  /* Fatal: an element that is missing must not become a hole in the pipeline. */
  self->pipeline = gst_parse_launch_full (self->description, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (self->pipeline == NULL)
    return FALSE;
  self->element = gst_bin_get_by_name (GST_BIN (self->pipeline), element_name);
  gst_object_unref (self->element);     /* the pipeline keeps it */
  return TRUE;
}

gboolean
demo_camera_init (DemoPipeline *camera, guint seconds, guint16 port,
    GError **error)
{
  camera->description = g_strdup_printf (
      "videotestsrc is-live=true pattern=ball num-buffers=%u"
      " ! video/x-raw,width=640,height=360,framerate=%u/1"
      " ! clockoverlay time-format=%%H:%%M:%%S"
      " ! timeoverlay halignment=right"
      " ! x264enc name=h264 tune=zerolatency speed-preset=ultrafast"
      " key-int-max=%u bitrate=%u option-string=nal-hrd=cbr"
      " ! video/x-h264,profile=main ! h264parse ! queue ! mux."
      " audiotestsrc is-live=true freq=440 volume=0.1 samplesperbuffer=%u"
      " num-buffers=%u ! audio/x-raw,rate=%u,channels=2 ! audioconvert"
      " ! avenc_aac ! aacparse ! queue ! mux."
      " mpegtsmux name=mux alignment=7"
      " ! srtsink name=srt uri=srt://127.0.0.1:%u?mode=caller latency=%u",
      seconds * DEMO_FRAME_RATE, DEMO_FRAME_RATE, DEMO_FRAME_RATE,
      VIDEO_BITRATE, SAMPLE_RATE / DEMO_FRAME_RATE, seconds * DEMO_FRAME_RATE,
      SAMPLE_RATE, port, SRT_LATENCY);
  if (!parse (camera, "srt", error))
    return FALSE;
  count_on_pad (camera->pipeline, "h264", "src", &camera->count);
  return TRUE;
}

gboolean
demo_bonding_init (DemoPipeline *bonding, guint16 port,
    const gchar *receiver, guint16 receiver_port, const gchar *uplinks,
    GError **error)
{
  bonding->description = g_strdup_printf (
      "udpsrc address=127.0.0.1 port=%u"
      " ! srtlasink name=bond host=%s port=%u uplinks=%s", port, receiver,
      receiver_port, uplinks);
  return parse (bonding, "bond", error);
}

gboolean
demo_studio_init (DemoPipeline *studio, guint16 port, const gchar *location,
    GError **error)
{
  studio->description = g_strdup_printf (
      "srtsrc name=srt uri=srt://127.0.0.1:%u?mode=listener latency=%u"
      " ! filesink name=file location=\"%s\"", port, SRT_LATENCY, location);
  if (!parse (studio, "srt", error))
    return FALSE;
  count_on_pad (studio->pipeline, "file", "sink", &studio->count);
  return TRUE;
}

void
demo_pipeline_stop (DemoPipeline *self)
{
  if (self->pipeline == NULL)
    return;
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
}

void
demo_pipeline_clear (DemoPipeline *self)
{
  demo_pipeline_stop (self);
  gst_clear_object (&self->pipeline);
  self->element = NULL;
  g_clear_pointer (&self->description, g_free);
}

/* ---- SRT's statistics -------------------------------------------------- */

/* A listener has its connections' statistics in a list; there is but one. */
static const GstStructure *
connection_of (const GstStructure *stats)
{
  const GValue *callers = gst_structure_get_value (stats, "callers");
  const GstStructure *connection = stats;

  G_GNUC_BEGIN_IGNORE_DEPRECATIONS;
  if (callers != NULL && G_VALUE_HOLDS (callers, g_value_array_get_type ())) {
    GValueArray *array = g_value_get_boxed (callers);

    if (array != NULL && array->n_values > 0)
      connection =
          gst_value_get_structure (g_value_array_get_nth (array, 0));
  }
  G_GNUC_END_IGNORE_DEPRECATIONS;
  return connection;
}

void
demo_pipeline_srt_stats (DemoPipeline *self, DemoSrtStats *out)
{
  GstStructure *stats = NULL;
  const GstStructure *connection;
  gint64 sent = 0, received = 0;
  gint repeated = 0, missed = 0;

  g_object_get (self->element, "stats", &stats, NULL);
  connection = connection_of (stats);
  gst_structure_get (connection, "packets-sent", G_TYPE_INT64, &sent,
      "packets-received", G_TYPE_INT64, &received,
      "packets-retransmitted", G_TYPE_INT, &repeated,
      "packets-received-lost", G_TYPE_INT, &missed, NULL);
  gst_structure_free (stats);

  out->packets = (guint64) MAX (sent, received);
  out->repeated = (guint64) repeated;
  out->missed = (guint64) missed;
}

/* ---- Decoding ---------------------------------------------------------- */

gboolean
demo_decode (const gchar *location, DemoDecoded *decoded, GError **error)
{
  gint frames = 0, sounds = 0;
  DemoPipeline decoder = {.pipeline = NULL };
  GstMessage *message = NULL;
  gboolean done = FALSE;

  decoder.description = g_strdup_printf ("filesrc name=file location=\"%s\""
      " ! tsdemux name=demux"
      " demux. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=2000"
      " ! h264parse ! avdec_h264 output-corrupt=false"
      " ! fakesink name=video sync=false"
      " demux. ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=2000"
      " ! aacparse ! avdec_aac ! fakesink name=audio sync=false", location);
  if (!parse (&decoder, "file", error))
    goto out;
  count_on_pad (decoder.pipeline, "video", "sink", &frames);
  count_on_pad (decoder.pipeline, "audio", "sink", &sounds);
  gst_element_set_state (decoder.pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (GST_ELEMENT (decoder.pipeline)->bus,
      DECODE_TIMEOUT, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (message == NULL)
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE,
        "the decoder did not come to an end");
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, error, NULL);
  else
    done = TRUE;
  g_clear_pointer (&message, gst_message_unref);
  demo_pipeline_stop (&decoder);

out:
  demo_pipeline_clear (&decoder);
  decoded->frames = g_atomic_int_get (&frames);
  decoded->sounds = g_atomic_int_get (&sounds);
  return done;
}
