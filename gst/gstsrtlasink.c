/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-srtlasink
 * @title: srtlasink
 *
 * Sends the SRT packets of one or more SRT callers over several uplinks to an
 * SRTLA receiver, which hands them to an SRT listener, and brings its replies
 * back to the callers. An SRT caller sends to a UDP port of this machine, where
 * udpsrc takes the packets; replies leave by the same socket:
 *
 * |[
 * gst-launch-1.0 udpsrc port=6000 ! srtlasink \
 *     uri=srtla://receiver.example:5000 uplinks=10.0.0.2,wwan0
 * gst-launch-1.0 videotestsrc ! x264enc ! mpegtsmux ! \
 *     srtsink uri=srt://127.0.0.1:6000
 * ]|
 */
#include "gstsrtlasink-private.h"

#include "gstsrtladebug.h"
#include "gstsrtlaspec.h"
#include "gstsrtlauri.h"

#define DEFAULT_STATS_INTERVAL 0
#define DEFAULT_QUEUE_SIZE 4096
#define DEFAULT_CONNECTION_TIMEOUT 0
#define DEFAULT_DRAIN_TIMEOUT 500
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
  PROP_STATS,
  PROP_STATS_INTERVAL,
  PROP_RETURN_SOCKET,
  PROP_QUEUE_SIZE,
  PROP_CONNECTION_TIMEOUT,
  PROP_DRAIN_TIMEOUT,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];
guint gst_srtla_sink_signals[GST_SRTLA_SINK_N_SIGNALS];

static void uri_handler_init (gpointer iface, gpointer data);
static void child_proxy_init (gpointer iface, gpointer data);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSrtlaSink, gst_srtla_sink, GST_TYPE_ELEMENT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, uri_handler_init)
    G_IMPLEMENT_INTERFACE (GST_TYPE_CHILD_PROXY, child_proxy_init))
GST_ELEMENT_REGISTER_DEFINE (srtlasink, "srtlasink", GST_RANK_NONE,
    GST_TYPE_SRTLA_SINK)

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
  settings.return_socket = sink->return_socket;
  settings.uplinks_file = sink->uplinks_file;
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

GstStructure *
gst_srtla_sink_get_stats (GstSrtlaSink * sink)
{
  GstSrtlaStats *stats = g_new (GstSrtlaStats, 1);
  GstStructure *structure;

  gst_srtla_loop_get_stats (sink->loop, stats);
  structure = gst_srtla_stats_format (stats, sink->uplinks);
  g_free (stats);
  return structure;
}

/* ---- Properties --------------------------------------------------------- */

static gchar *
dup_uri (GstSrtlaSink * sink)
{
  gchar *uri;

  GST_OBJECT_LOCK (sink);
  uri = gst_srtla_uri_make (sink->host, sink->port);
  GST_OBJECT_UNLOCK (sink);
  return uri;
}

static void
gst_srtla_sink_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (object);

  switch (id) {
    case PROP_URI:
      g_value_take_string (value, dup_uri (sink));
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
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (sink);
}

static void
set_uri_property (GstSrtlaSink * sink, const gchar * uri)
{
  GError *error = NULL;

  if (gst_uri_handler_set_uri (GST_URI_HANDLER (sink), uri, &error))
    return;
  GST_WARNING_OBJECT (sink, "uri: %s", error->message);
  g_error_free (error);
}

static void
gst_srtla_sink_set_property (GObject * object, guint id, const GValue * value,
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
      sink->host = g_value_dup_string (value);
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
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (sink);
  pass_settings (sink);
}

static void
install_properties (GObjectClass * klass)
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
  g_object_class_install_properties (klass, N_PROPERTIES, properties);
}

/* ---- Signals ------------------------------------------------------------ */

/* Returns: the text without spaces around; NULL if nothing is left. */
static gchar *
trim (const gchar * text)
{
  gchar *copy = g_strstrip (g_strdup (text ? text : ""));

  if (*copy == '\0')
    g_clear_pointer (&copy, g_free);
  return copy;
}

static gboolean
add_uplink (GstSrtlaSink * sink, const gchar * text)
{
  gchar *spec = trim (text);
  GstSrtlaUplinksChange change;
  gboolean added;

  if (spec == NULL)
    return FALSE;
  added = gst_srtla_uplinks_add (sink->uplinks, spec, &change);
  gst_srtla_sink_uplinks_changed (sink, &change);
  g_free (spec);
  return added;
}

static gboolean
remove_uplink (GstSrtlaSink * sink, const gchar * text)
{
  gchar *spec = trim (text), *before, *after;
  GstSrtlaUplinksChange change;
  gboolean removed;

  if (spec == NULL)
    return FALSE;
  before = gst_srtla_uplinks_get_text (sink->uplinks,
      GST_SRTLA_SOURCE_PROPERTY);
  removed = gst_srtla_uplinks_remove (sink->uplinks, spec, &change);
  after = gst_srtla_uplinks_get_text (sink->uplinks,
      GST_SRTLA_SOURCE_PROPERTY);
  gst_srtla_sink_uplinks_changed (sink, &change);
  if (g_strcmp0 (before, after) != 0)
    g_object_notify_by_pspec (G_OBJECT (sink), properties[PROP_UPLINKS]);
  g_free (before);
  g_free (after);
  g_free (spec);
  return removed;
}

static void
install_signals (GType type)
{
  guint *signals = gst_srtla_sink_signals;
  const GSignalFlags action = G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION;

  signals[GST_SRTLA_SINK_UPLINK_ADDED] = g_signal_new ("uplink-added", type,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
      GST_TYPE_SRTLA_UPLINK);
  signals[GST_SRTLA_SINK_UPLINK_REMOVED] = g_signal_new ("uplink-removed",
      type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
      GST_TYPE_SRTLA_UPLINK);
  /* uplink, old state, new state, reason */
  signals[GST_SRTLA_SINK_UPLINK_STATE_CHANGED] =
      g_signal_new ("uplink-state-changed", type, G_SIGNAL_RUN_LAST, 0, NULL,
      NULL, NULL, G_TYPE_NONE, 4, GST_TYPE_SRTLA_UPLINK, G_TYPE_STRING,
      G_TYPE_STRING, G_TYPE_STRING);
  signals[GST_SRTLA_SINK_STATS] = g_signal_new ("stats", type,
      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
      GST_TYPE_STRUCTURE);
  /* Returns: whether the uplink is new; whether it is gone. */
  signals[GST_SRTLA_SINK_ADD_UPLINK] = g_signal_new_class_handler
      ("add-uplink", type, action, G_CALLBACK (add_uplink), NULL, NULL, NULL,
      G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  signals[GST_SRTLA_SINK_REMOVE_UPLINK] = g_signal_new_class_handler
      ("remove-uplink", type, action, G_CALLBACK (remove_uplink), NULL, NULL,
      NULL, G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
}

/* ---- Interfaces --------------------------------------------------------- */

static GstURIType
uri_get_type (GType type)
{
  (void) type;
  return GST_URI_SINK;
}

static const gchar *const *
uri_get_protocols (GType type)
{
  static const gchar *const protocols[] = { "srtla", NULL };

  (void) type;
  return protocols;
}

static gchar *
uri_get (GstURIHandler * handler)
{
  return dup_uri (GST_SRTLA_SINK (handler));
}

static gboolean
uri_set (GstURIHandler * handler, const gchar * uri, GError ** error)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (handler);
  GObject *object = G_OBJECT (handler);
  gchar *host, *uplinks;
  guint port;

  if (gst_srtla_loop_is_running (sink->loop)) {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE,
        "the receiver can be changed in the states NULL and READY only");
    return FALSE;
  }
  if (!gst_srtla_uri_parse (uri, &host, &port, &uplinks, error))
    return FALSE;
  g_object_set (object, "host", host, "port", port, NULL);
  if (uplinks != NULL)
    g_object_set (object, "uplinks", uplinks, NULL);
  g_free (host);
  g_free (uplinks);
  return TRUE;
}

static void
uri_handler_init (gpointer iface, gpointer data)
{
  GstURIHandlerInterface *handler = iface;

  (void) data;
  handler->get_type = uri_get_type;
  handler->get_protocols = uri_get_protocols;
  handler->get_uri = uri_get;
  handler->set_uri = uri_set;
}

static GObject *
get_child_by_index (GstChildProxy * proxy, guint index)
{
  GPtrArray *list = gst_srtla_uplinks_list (GST_SRTLA_SINK (proxy)->uplinks);
  GObject *child = NULL;

  if (index < list->len)
    child = g_object_ref (list->pdata[index]);
  g_ptr_array_unref (list);
  return child;
}

static guint
get_children_count (GstChildProxy * proxy)
{
  GPtrArray *list = gst_srtla_uplinks_list (GST_SRTLA_SINK (proxy)->uplinks);
  guint count = list->len;

  g_ptr_array_unref (list);
  return count;
}

static void
child_proxy_init (gpointer iface, gpointer data)
{
  GstChildProxyInterface *proxy = iface;

  (void) data;
  proxy->get_child_by_index = get_child_by_index;
  proxy->get_children_count = get_children_count;
}

/* ---- Object ------------------------------------------------------------- */

static void
gst_srtla_sink_init (GstSrtlaSink * sink)
{
  sink->port = GST_SRTLA_DEFAULT_PORT;
  sink->stats_interval = DEFAULT_STATS_INTERVAL;
  sink->queue_size = DEFAULT_QUEUE_SIZE;
  sink->connection_timeout = DEFAULT_CONNECTION_TIMEOUT;
  sink->drain_timeout = DEFAULT_DRAIN_TIMEOUT;
  sink->uplinks = gst_srtla_uplinks_new (GST_OBJECT (sink));
  sink->worker = gst_srtla_worker_new (gst_srtla_sink_handle_notice, sink);
  sink->loop = gst_srtla_loop_new (GST_ELEMENT (sink), sink->uplinks,
      gst_srtla_sink_notify, sink);
  gst_srtla_sink_init_stream (sink);
  pass_settings (sink);
}

static void
gst_srtla_sink_finalize (GObject * object)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (object);

  gst_srtla_loop_free (sink->loop);
  gst_srtla_worker_free (sink->worker);
  gst_srtla_uplinks_free (sink->uplinks);
  g_free (sink->host);
  g_free (sink->uplinks_file);
  g_clear_object (&sink->return_socket);
  G_OBJECT_CLASS (gst_srtla_sink_parent_class)->finalize (object);
}

static void
gst_srtla_sink_class_init (GstSrtlaSinkClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->get_property = gst_srtla_sink_get_property;
  object_class->set_property = gst_srtla_sink_set_property;
  object_class->finalize = gst_srtla_sink_finalize;
  install_properties (object_class);
  install_signals (G_TYPE_FROM_CLASS (klass));
  gst_srtla_sink_class_init_stream (element_class);
  gst_type_mark_as_plugin_api (GST_TYPE_SRTLA_UPLINK, 0);
  gst_element_class_set_static_metadata (element_class, "SRTLA sink",
      "Sink/Network",
      "Sends the packets of SRT callers over several uplinks to an SRTLA "
      "receiver", "The gst-srtla authors");
}
