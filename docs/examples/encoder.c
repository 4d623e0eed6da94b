/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small encoder with srtlasink inside:
 *
 *   encoder --uri srtla://receiver.example:5000 --uplinks wwan0,wwan1
 *
 *   test picture → H.264 → MPEG-TS → srtsink ─SRT─► udpsrc → srtlasink ═► receiver
 *
 * These are two pipelines: srtsink waits for answers that come back by udpsrc, so
 * in a single one they would wait for each other at the end of the stream.
 *
 * On the way it does what an application may do at any time: it changes settings,
 * takes an uplink out and puts it back, and reads statistics. Exit status: 0 if
 * the stream came to its end and was received, 1 if not, 2 for wrong options.
 */
#include <gio/gio.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT 5       /* s, until the first uplink is up */
#define END_TIMEOUT 10          /* s, from the end of the camera to that of SRT */

typedef struct
{
  gchar *uri, *uplinks;         /* options */
  gint seconds;

  GMainLoop *loop;
  GstElement *bonding, *camera; /* pipelines; no camera until we are connected */
  GstElement *bond;             /* srtlasink */
  gint second;                  /* since the camera started */
  gboolean ended;               /* the camera came to its end */
  const gchar *failure;         /* NULL = none */
} Encoder;

/* What is changed on the air, one after the other; of the uplinks the last. */
static const struct
{
  const gchar *what, *value;    /* a property, or an action without a value */
} changes[] = {
  {"mode", "classic"}, {"mode", "enhanced"}, {"quality", "false"},
  {"exploration", "true"}, {"remove-uplink", NULL}, {"quality", "true"},
  {"add-uplink", NULL}, {"exploration", "false"},
};

static void
fail (Encoder * encoder, const gchar * why)
{
  if (encoder->failure == NULL)
    encoder->failure = why;
  g_main_loop_quit (encoder->loop);
}

/* ---- What the element tells ---------------------------------------------- */

/* Signals come from a thread of the element's own. */
static void
uplink_state_changed (GstElement * bond, GstObject * uplink,
    const gchar * from, const gchar * to, const gchar * reason,
    gpointer user_data)
{
  gchar *address;

  (void) bond;
  (void) user_data;
  g_object_get (uplink, "address", &address, NULL);
  g_print ("uplink %s is %s, was %s (%s)\n", address, to, from, reason);
  g_free (address);
}

static void
setting_changed (GObject * bond, GParamSpec * property, gpointer user_data)
{
  GValue value = G_VALUE_INIT;
  gchar *text;

  (void) user_data;
  g_object_get_property (bond, property->name, &value);
  text = gst_value_serialize (&value);
  g_print ("%s is %s\n", property->name, text);
  g_free (text);
  g_value_unset (&value);
}

static void start_camera (Encoder * encoder);

/* Messages come in the main loop. */
static gboolean
bus_message (GstBus * bus, GstMessage * message, gpointer user_data)
{
  const GstStructure *structure = gst_message_get_structure (message);
  Encoder *encoder = user_data;
  GError *error = NULL;

  (void) bus;
  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ELEMENT:
      if (g_str_has_prefix (gst_structure_get_name (structure), "srtla-")
          && !gst_structure_has_name (structure, "srtla-uplink-state-changed"))
        g_print ("message %s %s\n", gst_structure_get_name (structure),
            gst_structure_has_field (structure, "uplink")
            ? gst_structure_get_string (structure, "uplink") : "");
      if (gst_structure_has_name (structure, "srtla-connected")
          && encoder->camera == NULL)
        start_camera (encoder);
      break;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, NULL);
      g_printerr ("warning: %s\n", error->message);
      break;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      g_printerr ("error: %s\n", error->message);
      fail (encoder, "a pipeline failed");
      break;
    case GST_MESSAGE_EOS:
      encoder->ended = TRUE;
      break;
    default:
      break;
  }
  g_clear_error (&error);
  return G_SOURCE_CONTINUE;
}

/* ---- Statistics ------------------------------------------------------------ */

static guint64
get_number (const GstStructure * structure, const gchar * field)
{
  guint64 number = 0;

  gst_structure_get_uint64 (structure, field, &number);
  return number;
}

/* Prints them. Returns: how many of SRT's acknowledgements came. */
static guint64
show_stats (Encoder * encoder)
{
  GstStructure *stats = NULL;
  const GValue *uplinks;
  guint64 acknowledgements;
  guint i;

  g_object_get (encoder->bond, "stats", &stats, NULL);
  g_print ("%4d s  %s, %" G_GUINT64_FORMAT " kbit/s\n", encoder->second,
      gst_structure_get_string (stats, "mode"),
      get_number (stats, "bitrate") / 1000);
  uplinks = gst_structure_get_value (stats, "uplinks");
  for (i = 0; i < gst_value_array_get_size (uplinks); i++) {
    const GstStructure *uplink =
        gst_value_get_structure (gst_value_array_get_value (uplinks, i));
    gdouble share = 0.0;

    gst_structure_get_double (uplink, "share", &share);
    g_print ("        %-16s %-8s %3.0f %%, round trip %" G_GUINT64_FORMAT
        " ms\n", gst_structure_get_string (uplink, "uplink"),
        gst_structure_get_string (uplink, "state"), 100 * share,
        get_number (uplink, "rtt") / 1000);
  }
  acknowledgements = get_number (stats, "srt-acks");
  gst_structure_free (stats);
  return acknowledgements;
}

/* ---- What the application changes -------------------------------------------- */

static void
change (Encoder * encoder, const gchar * what, const gchar * value)
{
  const gchar *comma = encoder->uplinks != NULL
      ? strrchr (encoder->uplinks, ',') : NULL;
  gboolean done = TRUE;

  if (value != NULL)
    gst_util_set_object_arg (G_OBJECT (encoder->bond), what, value);
  else if (comma != NULL)       /* else there is but one */
    g_signal_emit_by_name (encoder->bond, what, comma + 1, &done);
  if (!done)
    fail (encoder, "the list of uplinks did not change");
}

static gboolean
every_second (gpointer user_data)
{
  const gint n_changes = G_N_ELEMENTS (changes);
  Encoder *encoder = user_data;
  gint second = ++encoder->second, i;

  show_stats (encoder);
  for (i = 0; i < n_changes; i++) {
    if (second == (i + 1) * encoder->seconds / (n_changes + 1))
      change (encoder, changes[i].what, changes[i].value);
  }
  if (second == encoder->seconds)
    gst_element_send_event (encoder->camera, gst_event_new_eos ());
  if (encoder->ended)           /* since up to a second: SRT got its answers */
    g_main_loop_quit (encoder->loop);
  else if (second == encoder->seconds + END_TIMEOUT)
    fail (encoder, "the stream did not come to its end");
  return G_SOURCE_CONTINUE;
}

static gboolean
connect_timeout (gpointer user_data)
{
  Encoder *encoder = user_data;

  if (encoder->camera == NULL)
    fail (encoder, "no uplink reached the receiver");
  return G_SOURCE_REMOVE;
}

/* ---- Pipelines ---------------------------------------------------------------- */

static GstElement *
make_pipeline (Encoder * encoder, const gchar * description)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch_full (description, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, &error);

  if (pipeline == NULL) {
    g_printerr ("error: %s\n", error->message);
    g_error_free (error);
    return NULL;
  }
  gst_bus_add_watch (GST_ELEMENT_BUS (pipeline), bus_message, encoder);
  return pipeline;
}

static void
start_bonding (Encoder * encoder)
{
  /* Port 0: any that is free. */
  encoder->bonding = make_pipeline (encoder,
      "udpsrc name=input address=127.0.0.1 port=0 ! srtlasink name=bond");
  if (encoder->bonding == NULL) {
    encoder->failure = "there is no bond";
    return;
  }
  encoder->bond = gst_bin_get_by_name (GST_BIN (encoder->bonding), "bond");
  g_object_set (encoder->bond, "uri", encoder->uri, "uplinks",
      encoder->uplinks, NULL);
  g_object_connect (encoder->bond,
      "signal::uplink-state-changed", uplink_state_changed, NULL,
      "signal::notify::mode", setting_changed, NULL,
      "signal::notify::quality", setting_changed, NULL,
      "signal::notify::exploration", setting_changed, NULL, NULL);
  gst_element_set_state (encoder->bonding, GST_STATE_PLAYING);
  g_timeout_add_seconds (CONNECT_TIMEOUT, connect_timeout, encoder);
}

/* Returns: the UDP port that the bonding pipeline listens on. */
static guint
input_port (Encoder * encoder)
{
  GstElement *input = gst_bin_get_by_name (GST_BIN (encoder->bonding), "input");
  GSocketAddress *address;
  GSocket *socket;
  guint port;

  g_object_get (input, "used-socket", &socket, NULL);
  address = g_socket_get_local_address (socket, NULL);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_object_unref (address);
  g_object_unref (socket);
  gst_object_unref (input);
  return port;
}

/* Once connected: an SRT caller that gets no answer soon gives up. */
static void
start_camera (Encoder * encoder)
{
  gchar *description = g_strdup_printf ("videotestsrc is-live=true pattern=ball"
      " ! video/x-raw,width=640,height=360,framerate=25/1"
      " ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000"
      " key-int-max=50 ! h264parse ! mpegtsmux alignment=7"
      " ! srtsink uri=srt://127.0.0.1:%u latency=1000", input_port (encoder));

  encoder->camera = make_pipeline (encoder, description);
  if (encoder->camera != NULL) {
    gst_element_set_state (encoder->camera, GST_STATE_PLAYING);
    g_timeout_add_seconds (1, every_second, encoder);
  } else {
    fail (encoder, "there is no camera");
  }
  g_free (description);
}

static void
stop (GstElement * pipeline)
{
  if (pipeline == NULL)
    return;
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (GST_ELEMENT_BUS (pipeline));
  gst_object_unref (pipeline);
}

static gboolean
read_options (Encoder * encoder, int *argc, char ***argv)
{
  GOptionEntry entries[] = {
    {"uri", 'u', 0, G_OPTION_ARG_STRING, &encoder->uri,
        "The receiver", "srtla://HOST:PORT"},
    {"uplinks", 'l', 0, G_OPTION_ARG_STRING, &encoder->uplinks,
        "Local addresses or interfaces; else one by the routing table", "A,B"},
    {"seconds", 's', 0, G_OPTION_ARG_INT, &encoder->seconds,
        "Length of the stream (20, at least 9)", "S"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}
  };
  GOptionContext *options = g_option_context_new ("- a bonding encoder");
  GError *error = NULL;
  gboolean good;

  g_option_context_add_main_entries (options, entries, NULL);
  g_option_context_add_group (options, gst_init_get_option_group ());
  good = g_option_context_parse (options, argc, argv, &error)
      && encoder->uri != NULL && encoder->seconds >= 9;
  if (!good)
    g_printerr ("%s\n", error != NULL ? error->message
        : "--uri is missing, or --seconds is under 9");
  g_clear_error (&error);
  g_option_context_free (options);
  return good;
}

/* Returns: the exit status. */
static int
encode (Encoder * encoder)
{
  encoder->loop = g_main_loop_new (NULL, FALSE);
  start_bonding (encoder);
  if (encoder->failure == NULL)
    g_main_loop_run (encoder->loop);
  if (encoder->failure == NULL && show_stats (encoder) == 0)
    encoder->failure = "nobody received the stream";

  stop (encoder->camera);
  g_clear_object (&encoder->bond);
  stop (encoder->bonding);
  g_main_loop_unref (encoder->loop);
  g_print ("%s\n", encoder->failure != NULL ? encoder->failure : "done");
  return encoder->failure != NULL ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  Encoder encoder = {.seconds = 20 };
  int status = 2;

  if (read_options (&encoder, &argc, &argv))
    status = encode (&encoder);
  g_free (encoder.uri);
  g_free (encoder.uplinks);
  return status;
}
