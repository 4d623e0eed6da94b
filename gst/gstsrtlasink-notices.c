/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages and signals. Nothing in here runs on the loop but notify(). */
#include "gstsrtlasink-private.h"

#include "gstsrtladebug.h"
#include "gstsrtlaspec.h"

static void
post (GstSrtlaSink * sink, GstStructure * structure)
{
  gst_element_post_message (GST_ELEMENT (sink),
      gst_message_new_element (GST_OBJECT (sink), structure));
}

/* ---- Uplinks come and go ------------------------------------------------ */

static void
tell_of_uplink (GstSrtlaSink * sink, GstSrtlaUplink * uplink, gboolean added)
{
  GstChildProxy *proxy = GST_CHILD_PROXY (sink);
  const gchar *spec = gst_srtla_uplink_get_spec (uplink);

  GST_INFO_OBJECT (sink, "uplink %s: %s", gst_srtla_spec_shown (spec),
      added ? "added" : "removed");
  if (added)
    gst_child_proxy_child_added (proxy, G_OBJECT (uplink),
        GST_OBJECT_NAME (uplink));
  else
    gst_child_proxy_child_removed (proxy, G_OBJECT (uplink),
        GST_OBJECT_NAME (uplink));
  g_signal_emit (sink, gst_srtla_sink_signals[added
          ? GST_SRTLA_SINK_UPLINK_ADDED : GST_SRTLA_SINK_UPLINK_REMOVED], 0,
      uplink);
  post (sink, gst_structure_new (added ? "srtla-uplink-added"
          : "srtla-uplink-removed",
          "uplink", G_TYPE_STRING, gst_srtla_spec_shown (spec),
          "name", G_TYPE_STRING, GST_OBJECT_NAME (uplink), NULL));
}

/* Returns: why there is none in the file, the caller's. */
static gchar *
what_is_in (const gchar * file)
{
  GError *error = NULL;
  gchar *contents = NULL, *text;

  if (g_file_get_contents (file, &contents, NULL, &error))
    text = g_strdup_printf ("“%s”, which lists none", file);
  else
    text = g_strdup_printf ("a file that cannot be read (%s)", error->message);
  g_clear_error (&error);
  g_free (contents);
  return text;
}

void
gst_srtla_sink_no_uplink (GstSrtlaSink * sink)
{
  gchar *file, *what;

  GST_OBJECT_LOCK (sink);
  file = g_strdup (sink->uplinks_file);
  GST_OBJECT_UNLOCK (sink);
  what = file != NULL ? what_is_in (file) : NULL;
  if (what != NULL)
    GST_ELEMENT_ERROR (sink, RESOURCE, SETTINGS,
        ("There is no uplink: the property uplinks-file names %s, and the "
            "property uplinks is empty.", what),
        ("One uplink a line: a local address, an interface, or "
            "address%%interface."));
  else
    GST_ELEMENT_ERROR (sink, RESOURCE, SETTINGS,
        ("There is no uplink: the last one was removed. Set the property "
            "uplinks."), (NULL));
  g_free (what);
  g_free (file);
}

gboolean
gst_srtla_sink_uplinks_changed (GstSrtlaSink * sink,
    GstSrtlaUplinksChange * change)
{
  GPtrArray *list = gst_srtla_uplinks_list (sink->uplinks);
  gboolean any = list->len > 0;
  guint i;

  g_ptr_array_unref (list);
  for (i = 0; i < change->removed->len; i++)
    tell_of_uplink (sink, change->removed->pdata[i], FALSE);
  for (i = 0; i < change->added->len; i++)
    tell_of_uplink (sink, change->added->pdata[i], TRUE);
  gst_srtla_uplinks_change_clear (change);
  gst_srtla_uplinks_publish (sink->uplinks);
  gst_srtla_loop_attend (sink->loop);
  if (!any && gst_srtla_loop_is_running (sink->loop))
    gst_srtla_sink_no_uplink (sink);
  return any;
}

static void
warn_of_file (GstSrtlaSink * sink, const gchar * path, const GError * error)
{
  gboolean reported;

  GST_OBJECT_LOCK (sink);
  reported = sink->file_reported;
  sink->file_reported = error != NULL;
  GST_OBJECT_UNLOCK (sink);
  if (error != NULL && !reported)
    GST_ELEMENT_WARNING (sink, RESOURCE, READ,
        ("The file “%s” of the property uplinks-file cannot be read: %s.",
            path, error->message), (NULL));
}

gboolean
gst_srtla_sink_read_file (GstSrtlaSink * sink, gboolean required)
{
  GstSrtlaUplinksChange change;
  GError *error = NULL;
  gchar *path, *contents = NULL, **specs;

  GST_OBJECT_LOCK (sink);
  path = g_strdup (sink->uplinks_file);
  GST_OBJECT_UNLOCK (sink);
  if (path != NULL && !g_file_get_contents (path, &contents, NULL, &error)
      && !required) {
    warn_of_file (sink, path, error);
    g_error_free (error);
    g_free (path);
    return TRUE;
  }

  warn_of_file (sink, path, error);
  specs = path != NULL ? gst_srtla_spec_split_lines (contents) : NULL;
  gst_srtla_uplinks_set (sink->uplinks, GST_SRTLA_SOURCE_FILE, specs, &change);
  g_strfreev (specs);
  g_clear_error (&error);
  g_free (contents);
  g_free (path);
  return gst_srtla_sink_uplinks_changed (sink, &change);
}

/* ---- Notices ------------------------------------------------------------ */

void
gst_srtla_sink_notify (GstSrtlaNotice * notice, gpointer user_data)
{
  GstSrtlaSink *sink = user_data;

  notice->element = gst_object_ref (sink);
  gst_srtla_worker_push (sink->worker, notice);
}

static void
tell_of_state (GstSrtlaSink * sink, GstSrtlaNotice * notice)
{
  const gchar *spec = gst_srtla_uplink_get_spec (notice->uplink);
  const gchar *reason = notice->text ? notice->text : "";

  g_object_notify (G_OBJECT (notice->uplink), "state");
  g_signal_emit (sink,
      gst_srtla_sink_signals[GST_SRTLA_SINK_UPLINK_STATE_CHANGED], 0,
      notice->uplink, notice->from, notice->to, reason);
  post (sink, gst_structure_new ("srtla-uplink-state-changed",
          "uplink", G_TYPE_STRING, gst_srtla_spec_shown (spec),
          "name", G_TYPE_STRING, GST_OBJECT_NAME (notice->uplink),
          "from", G_TYPE_STRING, notice->from,
          "to", G_TYPE_STRING, notice->to,
          "reason", G_TYPE_STRING, reason, NULL));
}

static void
tell_stats (GstSrtlaSink * sink)
{
  GstStructure *stats = gst_srtla_sink_get_stats (sink);
  GstStructure *message = gst_structure_copy (stats);

  gst_structure_set_name (message, "srtla-stats");
  g_signal_emit (sink, gst_srtla_sink_signals[GST_SRTLA_SINK_STATS], 0, stats);
  post (sink, message);
  gst_structure_free (stats);
}

static void
tell_no_way_back (GstSrtlaSink * sink, const gchar * reason)
{
  gboolean reported;

  if (gst_srtla_sink_find_sockets (sink))
    return;
  GST_OBJECT_LOCK (sink);
  reported = sink->no_way_reported;
  sink->no_way_reported = TRUE;
  GST_OBJECT_UNLOCK (sink);
  if (!reported)
    GST_ELEMENT_ERROR (sink, RESOURCE, NOT_FOUND,
        ("Replies of the SRT receiver have no way back to the SRT caller: %s.",
            reason),
        ("Put “udpsrc port=PORT” right before this element, or set its "
            "property return-socket, or link its src pad."));
}

static void
tell_trouble (GstSrtlaSink * sink, GstSrtlaNotice * notice,
    GstMessageType type)
{
  gst_element_message_full (GST_ELEMENT (sink), type, GST_RESOURCE_ERROR,
      notice->code, g_steal_pointer (&notice->text),
      g_steal_pointer (&notice->debug), __FILE__, GST_FUNCTION, __LINE__);
}

void
gst_srtla_sink_handle_notice (gpointer data, gpointer user_data)
{
  GstSrtlaNotice *notice = data;
  GstSrtlaSink *sink = user_data;

  switch (notice->kind) {
    case GST_SRTLA_NOTICE_UPLINK_STATE:
      tell_of_state (sink, notice);
      break;
    case GST_SRTLA_NOTICE_CONNECTED:
      post (sink, gst_structure_new_empty ("srtla-connected"));
      break;
    case GST_SRTLA_NOTICE_DISCONNECTED:
      post (sink, gst_structure_new_empty ("srtla-disconnected"));
      break;
    case GST_SRTLA_NOTICE_STATS:
      tell_stats (sink);
      break;
    case GST_SRTLA_NOTICE_FILE:
      gst_srtla_sink_read_file (sink, FALSE);
      break;
    case GST_SRTLA_NOTICE_DRAINED:
      gst_srtla_sink_drained (sink, notice->number);
      break;
    case GST_SRTLA_NOTICE_NO_WAY_BACK:
      tell_no_way_back (sink, notice->text);
      break;
    case GST_SRTLA_NOTICE_WARNING:
      tell_trouble (sink, notice, GST_MESSAGE_WARNING);
      break;
    case GST_SRTLA_NOTICE_ERROR:
      tell_trouble (sink, notice, GST_MESSAGE_ERROR);
      break;
  }
  gst_srtla_notice_free (notice);
}
