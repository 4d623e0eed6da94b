/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties, and the settings that the loop gets of them. */
#include "gstsrtlasink-private.h"

#include <string.h>

#include "gstsrtlaclasses.h"
#include "gstsrtladebug.h"
#include "gstsrtlaspec.h"
#include "gstsrtlathread.h"
#include "gstsrtlauri.h"

#define DEFAULT_STATS_INTERVAL 0
#define DEFAULT_QUEUE_SIZE 4096
#define DEFAULT_CONNECTION_TIMEOUT 0
#define DEFAULT_DRAIN_TIMEOUT 500
#define DEFAULT_MODE GST_SRTLA_MODE_ENHANCED
#define DEFAULT_QUALITY TRUE
#define DEFAULT_EXPLORATION FALSE
#define DEFAULT_RESCUE TRUE
#define DEFAULT_NAK_FILTER TRUE
#define DEFAULT_SPIN_TIME 0
/* µs. */
#define SPIN_TIME_MAX 50
/* ms: a day. */
#define INTERVAL_MAX (24 * 60 * 60 * 1000)

enum
{
  PROP_0,
  PROP_URI,
  PROP_HOST,
  PROP_PORT,
  PROP_UPLINKS,
  PROP_UPLINKS_FILE,
  PROP_MODE,
  PROP_QUALITY,
  PROP_EXPLORATION,
  PROP_RESCUE,
  PROP_NAK_FILTER,
  PROP_STATS,
  PROP_STATS_INTERVAL,
  PROP_RETURN_SOCKET,
  PROP_QUEUE_SIZE,
  PROP_CONNECTION_TIMEOUT,
  PROP_DRAIN_TIMEOUT,
  PROP_COALESCE_TIME,
  PROP_QUEUE_TARGET,
  PROP_SPIN_TIME,
  PROP_THREAD_AFFINITY,
  PROP_REALTIME_PRIORITY,
  PROP_CLASSES,                 /* the first of them */
  N_PROPERTIES = PROP_CLASSES + GST_SRTLA_CLASS_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

/* ---- Settings ----------------------------------------------------------- */

/* The loop takes them over at its next turn. */
static void
pass_settings (GstSrtlaSink * sink)
{
  GstSrtlaSettings settings;

  GST_OBJECT_LOCK (sink);
  settings.connection_timeout = sink->connection_timeout * SRTLA_MILLISECOND;
  settings.drain_timeout = sink->drain_timeout * SRTLA_MILLISECOND;
  settings.stats_interval = sink->stats_interval * SRTLA_MILLISECOND;
  settings.coalesce_time = sink->coalesce_time;
  settings.return_socket = sink->return_socket;
  settings.uplinks_file = sink->uplinks_file;
  settings.toggles = sink->toggles;
  settings.queue_target = sink->queue_target * SRTLA_MILLISECOND;
  settings.spin_time = sink->spin_time;
  memcpy (settings.classes, sink->classes, sizeof settings.classes);
  gst_srtla_loop_set_settings (sink->loop, &settings);
  GST_OBJECT_UNLOCK (sink);
}

static void
set_uplinks (GstSrtlaSink * sink, const gchar * list)
{
  gchar **specs = gst_srtla_spec_split_list (list);
  GstSrtlaUplinksChange change;

  gst_srtla_uplinks_set (sink->uplinks, GST_SRTLA_SOURCE_PROPERTY, specs,
      &change);
  gst_srtla_sink_uplinks_changed (sink, &change);
  g_strfreev (specs);
}

static void
set_uplinks_file (GstSrtlaSink * sink, const gchar * path)
{
  GST_OBJECT_LOCK (sink);
  g_free (sink->uplinks_file);
  sink->uplinks_file = path != NULL && *path != '\0' ? g_strdup (path) : NULL;
  path = sink->uplinks_file;
  GST_OBJECT_UNLOCK (sink);
  pass_settings (sink);
  if (path == NULL || gst_srtla_loop_is_running (sink->loop))
    gst_srtla_sink_read_file (sink, TRUE);
}

/* ---- Properties --------------------------------------------------------- */

gchar *
gst_srtla_sink_dup_uri (GstSrtlaSink * sink)
{
  gchar *uri;

  GST_OBJECT_LOCK (sink);
  uri = gst_srtla_uri_make (sink->host, sink->port);
  GST_OBJECT_UNLOCK (sink);
  return uri;
}

/* Both with the lock. Return: FALSE if it is another property. */
static gboolean
get_toggle (const GstSrtlaToggles * toggles, guint id, GValue * value)
{
  switch (id) {
    case PROP_MODE:
      g_value_set_enum (value, toggles->mode);
      break;
    case PROP_QUALITY:
      g_value_set_boolean (value, toggles->quality);
      break;
    case PROP_EXPLORATION:
      g_value_set_boolean (value, toggles->exploration);
      break;
    case PROP_RESCUE:
      g_value_set_boolean (value, toggles->rescue);
      break;
    case PROP_NAK_FILTER:
      g_value_set_boolean (value, toggles->nak_filter);
      break;
    default:
      return FALSE;
  }
  return TRUE;
}

static gboolean
set_toggle (GstSrtlaToggles * toggles, guint id, const GValue * value)
{
  switch (id) {
    case PROP_MODE:
      toggles->mode = g_value_get_enum (value);
      break;
    case PROP_QUALITY:
      toggles->quality = g_value_get_boolean (value);
      break;
    case PROP_EXPLORATION:
      toggles->exploration = g_value_get_boolean (value);
      break;
    case PROP_RESCUE:
      toggles->rescue = g_value_get_boolean (value);
      break;
    case PROP_NAK_FILTER:
      toggles->nak_filter = g_value_get_boolean (value);
      break;
    default:
      return FALSE;
  }
  return TRUE;
}

static void
get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (object);

  switch (id) {
    case PROP_URI:
      g_value_take_string (value, gst_srtla_sink_dup_uri (sink));
      return;
    case PROP_UPLINKS:
      g_value_take_string (value, gst_srtla_uplinks_get_text (sink->uplinks,
              GST_SRTLA_SOURCE_PROPERTY));
      return;
    case PROP_STATS:
      g_value_take_boxed (value, gst_srtla_sink_get_stats (sink));
      return;
    default:
      break;
  }

  GST_OBJECT_LOCK (sink);
  switch (id) {
    case PROP_HOST:
      g_value_set_string (value, sink->host);
      break;
    case PROP_PORT:
      g_value_set_uint (value, sink->port);
      break;
    case PROP_UPLINKS_FILE:
      g_value_set_string (value, sink->uplinks_file);
      break;
    case PROP_STATS_INTERVAL:
      g_value_set_uint (value, sink->stats_interval);
      break;
    case PROP_RETURN_SOCKET:
      g_value_set_object (value, sink->return_socket);
      break;
    case PROP_QUEUE_SIZE:
      g_value_set_uint (value, sink->queue_size);
      break;
    case PROP_CONNECTION_TIMEOUT:
      g_value_set_uint (value, sink->connection_timeout);
      break;
    case PROP_DRAIN_TIMEOUT:
      g_value_set_uint (value, sink->drain_timeout);
      break;
    case PROP_COALESCE_TIME:
      g_value_set_uint (value, sink->coalesce_time);
      break;
    case PROP_QUEUE_TARGET:
      g_value_set_uint (value, sink->queue_target);
      break;
    case PROP_SPIN_TIME:
      g_value_set_uint (value, sink->spin_time);
      break;
    case PROP_THREAD_AFFINITY:
      g_value_set_string (value, sink->affinity);
      break;
    case PROP_REALTIME_PRIORITY:
      g_value_set_uint (value, sink->priority);
      break;
    default:
      if (id >= PROP_CLASSES && id < N_PROPERTIES)
        g_value_set_uint (value, gst_srtla_classes_get (sink->classes,
                id - PROP_CLASSES));
      else if (!get_toggle (&sink->toggles, id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (sink);
}

static void
set_uri_property (GstSrtlaSink * sink, const gchar * uri)
{
  GError *error = NULL;

  if (!gst_uri_handler_set_uri (GST_URI_HANDLER (sink), uri != NULL ? uri : "",
          &error))
    g_warning ("%s: property uri: %s", GST_OBJECT_NAME (sink), error->message);
  GST_OBJECT_LOCK (sink);
  g_free (sink->uri_problem);
  sink->uri_problem = error != NULL ? g_strdup (error->message) : NULL;
  GST_OBJECT_UNLOCK (sink);
  g_clear_error (&error);
}

static void
set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (object);

  switch (id) {
    case PROP_URI:
      set_uri_property (sink, g_value_get_string (value));
      return;
    case PROP_UPLINKS:
      set_uplinks (sink, g_value_get_string (value));
      return;
    case PROP_UPLINKS_FILE:
      set_uplinks_file (sink, g_value_get_string (value));
      return;
    default:
      break;
  }

  GST_OBJECT_LOCK (sink);
  switch (id) {
    case PROP_HOST:
      g_free (sink->host);
      sink->host = gst_srtla_uri_bare_host (g_value_get_string (value));
      break;
    case PROP_PORT:
      sink->port = g_value_get_uint (value);
      break;
    case PROP_STATS_INTERVAL:
      sink->stats_interval = g_value_get_uint (value);
      break;
    case PROP_RETURN_SOCKET:
      g_set_object (&sink->return_socket, g_value_get_object (value));
      break;
    case PROP_QUEUE_SIZE:
      sink->queue_size = g_value_get_uint (value);
      break;
    case PROP_CONNECTION_TIMEOUT:
      sink->connection_timeout = g_value_get_uint (value);
      break;
    case PROP_DRAIN_TIMEOUT:
      sink->drain_timeout = g_value_get_uint (value);
      break;
    case PROP_COALESCE_TIME:
      sink->coalesce_time = g_value_get_uint (value);
      break;
    case PROP_QUEUE_TARGET:
      sink->queue_target = g_value_get_uint (value);
      break;
    case PROP_SPIN_TIME:
      sink->spin_time = g_value_get_uint (value);
      break;
    case PROP_THREAD_AFFINITY:
      g_free (sink->affinity);
      sink->affinity = g_value_dup_string (value);
      break;
    case PROP_REALTIME_PRIORITY:
      sink->priority = g_value_get_uint (value);
      break;
    default:
      if (id >= PROP_CLASSES && id < N_PROPERTIES)
        gst_srtla_classes_set (sink->classes, id - PROP_CLASSES,
            g_value_get_uint (value));
      else if (!set_toggle (&sink->toggles, id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (sink);
  pass_settings (sink);
}

static void
install_toggles (GParamFlags flags)
{
  properties[PROP_MODE] = g_param_spec_enum ("mode", "Mode",
      "How packets are spread over the uplinks", GST_TYPE_SRTLA_MODE,
      DEFAULT_MODE, flags);
  properties[PROP_QUALITY] = g_param_spec_boolean ("quality", "Quality",
      "Losses and round trip weigh on the choice of an uplink, not its "
      "capacity alone; in all modes but classic", DEFAULT_QUALITY, flags);
  properties[PROP_EXPLORATION] = g_param_spec_boolean ("exploration",
      "Exploration", "Uplinks that carry nothing are probed with duplicates of "
      "packets; in all modes but classic", DEFAULT_EXPLORATION, flags);
  properties[PROP_RESCUE] = g_param_spec_boolean ("rescue", "Rescue",
      "What an uplink has outstanding that stalls or fails goes out again over "
      "others at once; in all modes but classic", DEFAULT_RESCUE, flags);
  properties[PROP_NAK_FILTER] = g_param_spec_boolean ("nak-filter",
      "NAK filter", "SRT callers hear of a loss when it is one, not of packets "
      "still under way on a slower uplink; in all modes but classic",
      DEFAULT_NAK_FILTER, flags);
}

void
gst_srtla_sink_class_init_properties (GObjectClass * klass)
{
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags write = read | G_PARAM_WRITABLE;
  const GParamFlags ready = write | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = write | GST_PARAM_MUTABLE_PLAYING;

  properties[PROP_URI] = g_param_spec_string ("uri", "URI",
      "The SRTLA receiver as srtla://host:port?uplinks=a,b; the port is 5000 "
      "and the uplinks stay as they are if it names none", NULL, ready);
  properties[PROP_HOST] = g_param_spec_string ("host", "Host",
      "Name or address of the SRTLA receiver", NULL, ready);
  properties[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "UDP port of the SRTLA receiver", 1, 65535, GST_SRTLA_DEFAULT_PORT,
      ready);
  properties[PROP_UPLINKS] = g_param_spec_string ("uplinks", "Uplinks",
      "Comma-separated uplinks, each a local address, an interface, or "
      "address%interface; empty: one uplink by the routing table",
      NULL, playing);
  properties[PROP_UPLINKS_FILE] = g_param_spec_string ("uplinks-file",
      "File of uplinks", "File with more uplinks, one a line, # starts a "
      "comment; it is watched for changes", NULL, playing);
  properties[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics",
      "Statistics of the connection and of each uplink "
      "(application/x-srtla-stats), always with the same fields",
      GST_TYPE_STRUCTURE, read);
  properties[PROP_STATS_INTERVAL] = g_param_spec_uint ("stats-interval",
      "Interval of statistics", "Milliseconds between element messages "
      "srtla-stats, and signals of that kind (0 = none)", 0, INTERVAL_MAX,
      DEFAULT_STATS_INTERVAL, playing);
  properties[PROP_RETURN_SOCKET] = g_param_spec_object ("return-socket",
      "Return socket", "Socket to send replies to the SRT callers from; else "
      "the used-socket of the nearest upstream element serves",
      G_TYPE_SOCKET, playing);
  properties[PROP_QUEUE_SIZE] = g_param_spec_uint ("queue-size", "Queue size",
      "Packets that may wait at each sink pad; more are dropped and counted",
      1, 1000000, DEFAULT_QUEUE_SIZE, ready);
  properties[PROP_CONNECTION_TIMEOUT] = g_param_spec_uint
      ("connection-timeout", "Connection timeout",
      "Milliseconds without any uplink up after which the element posts an "
      "error (0 = never)", 0, INTERVAL_MAX, DEFAULT_CONNECTION_TIMEOUT, playing);
  properties[PROP_DRAIN_TIMEOUT] = g_param_spec_uint ("drain-timeout",
      "Drain timeout", "Milliseconds that end of stream waits at most for "
      "packets that are still to be sent", 0, INTERVAL_MAX,
      DEFAULT_DRAIN_TIMEOUT, playing);
  properties[PROP_COALESCE_TIME] = g_param_spec_uint ("coalesce-time",
      "Coalesce time", "Microseconds that packets may wait for more after others "
      "were sent, where they come often: fewer wake-ups cost less (0 = none)", 0,
      GST_SRTLA_COALESCE_MAX, GST_SRTLA_DEFAULT_COALESCE, playing);
  properties[PROP_QUEUE_TARGET] = g_param_spec_uint ("queue-target",
      "Queue target", "Milliseconds of queue that an uplink may have in front "
      "of it before packets wait in the element (0 = uplinks are given all "
      "there is); in all modes but classic", 0, INTERVAL_MAX,
      SRTLA_QUEUE_TARGET / SRTLA_MILLISECOND, playing);
  properties[PROP_SPIN_TIME] = g_param_spec_uint ("spin-time", "Spin time",
      "Microseconds that the thread looks for work before it sleeps: for those "
      "who give it a processor core (0 = none)", 0, SPIN_TIME_MAX,
      DEFAULT_SPIN_TIME, playing);
  properties[PROP_THREAD_AFFINITY] = g_param_spec_string ("thread-affinity",
      "Thread affinity", "Processors that the thread may run on, such as 0,2-3; "
      "empty: all", NULL, ready);
  properties[PROP_REALTIME_PRIORITY] = g_param_spec_uint ("realtime-priority",
      "Real-time priority", "Of the thread, where the system permits it "
      "(0 = none)", 0, GST_SRTLA_PRIORITY_MAX, 0, ready);
  gst_srtla_classes_make_properties (&properties[PROP_CLASSES], playing);
  install_toggles (playing);
  klass->get_property = get_property;
  klass->set_property = set_property;
  g_object_class_install_properties (klass, N_PROPERTIES, properties);
}

void
gst_srtla_sink_init_properties (GstSrtlaSink * sink)
{
  sink->port = GST_SRTLA_DEFAULT_PORT;
  sink->stats_interval = DEFAULT_STATS_INTERVAL;
  sink->queue_size = DEFAULT_QUEUE_SIZE;
  sink->connection_timeout = DEFAULT_CONNECTION_TIMEOUT;
  sink->drain_timeout = DEFAULT_DRAIN_TIMEOUT;
  sink->coalesce_time = GST_SRTLA_DEFAULT_COALESCE;
  sink->queue_target = SRTLA_QUEUE_TARGET / SRTLA_MILLISECOND;
  sink->spin_time = DEFAULT_SPIN_TIME;
  memcpy (sink->classes, srtla_class_defaults, sizeof sink->classes);
  sink->toggles.mode = DEFAULT_MODE;
  sink->toggles.quality = DEFAULT_QUALITY;
  sink->toggles.exploration = DEFAULT_EXPLORATION;
  sink->toggles.rescue = DEFAULT_RESCUE;
  sink->toggles.nak_filter = DEFAULT_NAK_FILTER;
  pass_settings (sink);
}
