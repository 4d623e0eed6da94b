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

#include "gstsrtlaclasses.h"
#include "gstsrtladebug.h"
#include "gstsrtlaspec.h"
#include "gstsrtlauri.h"

guint gst_srtla_sink_signals[GST_SRTLA_SINK_N_SIGNALS];

static void uri_handler_init (gpointer iface, gpointer data);
static void child_proxy_init (gpointer iface, gpointer data);

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSrtlaSink, gst_srtla_sink, GST_TYPE_ELEMENT,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, uri_handler_init)
    G_IMPLEMENT_INTERFACE (GST_TYPE_CHILD_PROXY, child_proxy_init))
GST_ELEMENT_REGISTER_DEFINE (srtlasink, "srtlasink", GST_RANK_NONE,
    GST_TYPE_SRTLA_SINK)

GstStructure *
gst_srtla_sink_get_stats (GstSrtlaSink * sink)
{
  GstSrtlaStats *stats = g_new (GstSrtlaStats, 1);
  GstStructure *structure;

  gst_srtla_loop_get_stats (sink->loop, stats);
  if (!stats->running || stats->mode == NULL) {  /* what it starts with */
    GST_OBJECT_LOCK (sink);
    stats->mode = gst_srtla_mode_name (sink->toggles.mode);
    GST_OBJECT_UNLOCK (sink);
  }
  structure = gst_srtla_stats_format (stats, sink->uplinks);
  g_free (stats);
  return structure;
}

/* ---- Signals ------------------------------------------------------------ */

/* Returns: the text without spaces around; NULL if nothing is left. */
static gchar *
trim (const gchar * text)
{
  gchar *copy = g_strstrip (g_utf8_make_valid (text ? text : "", -1));

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
    g_object_notify (G_OBJECT (sink), "uplinks");
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
  return gst_srtla_sink_dup_uri (GST_SRTLA_SINK (handler));
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

/* Uplinks, and pads too, so that gst-launch-1.0 can set their properties. */
static GObject *
get_child_by_name (GstChildProxy * proxy, const gchar * name)
{
  GPtrArray *list = gst_srtla_uplinks_list (GST_SRTLA_SINK (proxy)->uplinks);
  GObject *child = NULL;
  guint i;

  for (i = 0; i < list->len && child == NULL; i++) {
    if (g_str_equal (GST_OBJECT_NAME (list->pdata[i]), name))
      child = g_object_ref (list->pdata[i]);
  }
  g_ptr_array_unref (list);
  return child != NULL ? child
      : (GObject *) gst_element_get_static_pad (GST_ELEMENT (proxy), name);
}

static void
child_proxy_init (gpointer iface, gpointer data)
{
  GstChildProxyInterface *proxy = iface;

  (void) data;
  proxy->get_child_by_name = get_child_by_name;
  proxy->get_child_by_index = get_child_by_index;
  proxy->get_children_count = get_children_count;
}

/* ---- Object ------------------------------------------------------------- */

static void
gst_srtla_sink_init (GstSrtlaSink * sink)
{
  sink->uplinks = gst_srtla_uplinks_new (GST_OBJECT (sink));
  sink->worker = gst_srtla_worker_new (gst_srtla_sink_handle_notice, sink);
  sink->loop = gst_srtla_loop_new (GST_ELEMENT (sink), sink->uplinks,
      gst_srtla_sink_notify, sink);
  gst_srtla_sink_init_stream (sink);
  gst_srtla_sink_init_properties (sink);
}

static void
gst_srtla_sink_finalize (GObject * object)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (object);

  gst_srtla_loop_free (sink->loop);
  gst_srtla_worker_free (sink->worker);
  gst_srtla_uplinks_free (sink->uplinks);
  g_free (sink->host);
  g_free (sink->uri_problem);
  g_free (sink->affinity);
  g_free (sink->uplinks_file);
  g_clear_object (&sink->return_socket);
  G_OBJECT_CLASS (gst_srtla_sink_parent_class)->finalize (object);
}

static void
gst_srtla_sink_class_init (GstSrtlaSinkClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->finalize = gst_srtla_sink_finalize;
  gst_srtla_sink_class_init_properties (object_class);
  install_signals (G_TYPE_FROM_CLASS (klass));
  gst_srtla_sink_class_init_stream (element_class);
  gst_type_mark_as_plugin_api (GST_TYPE_SRTLA_UPLINK, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_SRTLA_MODE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_SRTLA_PRIORITY, 0);
  gst_element_class_set_static_metadata (element_class, "SRTLA sink",
      "Sink/Network",
      "Sends the packets of SRT callers over several uplinks to an SRTLA "
      "receiver", "The gst-srtla authors");
}
