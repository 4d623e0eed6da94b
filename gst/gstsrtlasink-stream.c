/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pads, states, events, queries and the end of the stream. */
#include "gstsrtlasink-private.h"

#include "gstsrtladebug.h"

/* µs that a change of state waits for messages and signals under way; an
 * application's handler may be waiting for that very change. */
#define SETTLE_TIME (250 * 1000)

static GstStaticPadTemplate request_template =
GST_STATIC_PAD_TEMPLATE ("sink_%u", GST_PAD_SINK, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("application/x-srt"));

static GstStaticPadTemplate sink_template =
GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-srt"));

static GstStaticPadTemplate src_template =
GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_REQUEST,
    GST_STATIC_CAPS ("application/x-srt"));

static GstElementClass *parent_class;

/* ---- All sink pads ------------------------------------------------------ */

/* Returns: references. */
static GPtrArray *
list_sink_pads (GstSrtlaSink * sink)
{
  GPtrArray *pads = g_ptr_array_new_with_free_func (gst_object_unref);
  GList *item;

  GST_OBJECT_LOCK (sink);
  for (item = GST_ELEMENT (sink)->sinkpads; item != NULL; item = item->next)
    g_ptr_array_add (pads, gst_object_ref (item->data));
  GST_OBJECT_UNLOCK (sink);
  return pads;
}

gboolean
gst_srtla_sink_find_sockets (GstSrtlaSink * sink)
{
  GPtrArray *pads = list_sink_pads (sink);
  gboolean found = FALSE;
  guint i;

  for (i = 0; i < pads->len; i++)
    found = gst_srtla_sink_pad_find_socket (pads->pdata[i]) || found;
  g_ptr_array_unref (pads);
  return found;
}

/* ---- End of stream ------------------------------------------------------ */

/* Returns: whether every linked sink pad had end of stream, and there is one. */
static gboolean
all_pads_ended (GstSrtlaSink * sink, guint32 * seqnum)
{
  GPtrArray *pads = list_sink_pads (sink);
  gboolean all = TRUE, any = FALSE;
  guint i;

  for (i = 0; i < pads->len; i++) {
    gboolean eos = gst_srtla_sink_pad_is_eos (pads->pdata[i], seqnum);

    any = any || eos;
    all = all && (eos || !gst_pad_is_linked (pads->pdata[i]));
  }
  g_ptr_array_unref (pads);
  return any && all;
}

static void
check_eos (GstSrtlaSink * sink)
{
  guint32 seqnum = GST_SEQNUM_INVALID;
  gboolean ended = all_pads_ended (sink, &seqnum), changed;
  guint drain = 0;

  GST_OBJECT_LOCK (sink);
  changed = ended != sink->eos;
  if (changed) {
    sink->eos = ended;
    sink->drained = sink->posted = FALSE;
    sink->eos_seqnum = seqnum;
    sink->drain++;
    drain = ended ? sink->drain : 0;
  }
  GST_OBJECT_UNLOCK (sink);
  if (changed)
    gst_srtla_loop_drain (sink->loop, drain);
}

static void
pad_changed (GstSrtlaSinkPad * pad)
{
  GstElement *element = gst_pad_get_parent_element (GST_PAD (pad));

  if (element != NULL)
    check_eos (GST_SRTLA_SINK (element));
  g_clear_object (&element);
}

static void
post_eos (GstSrtlaSink * sink)
{
  GstMessage *message = NULL;

  GST_OBJECT_LOCK (sink);
  if (sink->drained && sink->playing && !sink->posted) {
    sink->posted = TRUE;
    message = gst_message_new_eos (GST_OBJECT (sink));
    if (sink->eos_seqnum != GST_SEQNUM_INVALID)
      gst_message_set_seqnum (message, sink->eos_seqnum);
  }
  GST_OBJECT_UNLOCK (sink);
  if (message != NULL) {
    GST_INFO_OBJECT (sink, "end of stream");
    gst_element_post_message (GST_ELEMENT (sink), message);
  }
}

void
gst_srtla_sink_drained (GstSrtlaSink * sink, guint drain)
{
  GstPad *src_pad = NULL;
  gboolean current;

  GST_OBJECT_LOCK (sink);
  current = sink->eos && drain == sink->drain;
  if (current) {
    sink->drained = TRUE;
    if (sink->src_pad != NULL)
      src_pad = gst_object_ref (sink->src_pad);
  }
  GST_OBJECT_UNLOCK (sink);
  if (src_pad != NULL) {
    gst_srtla_src_pad_end (GST_SRTLA_SRC_PAD (src_pad));
    gst_object_unref (src_pad);
  }
  if (current)
    post_eos (sink);
}

/* ---- Request pads ------------------------------------------------------- */

static GstPad *
request_src_pad (GstSrtlaSink * sink, GstPadTemplate * templ)
{
  GstPad *pad;
  gboolean taken;

  GST_OBJECT_LOCK (sink);
  taken = sink->src_pad != NULL;
  GST_OBJECT_UNLOCK (sink);
  if (taken) {
    GST_WARNING_OBJECT (sink, "there is only one src pad");
    return NULL;
  }
  pad = gst_srtla_src_pad_new (templ, "src");
  if (!gst_element_add_pad (GST_ELEMENT (sink), pad))
    return NULL;
  GST_OBJECT_LOCK (sink);
  sink->src_pad = pad;
  GST_OBJECT_UNLOCK (sink);
  gst_srtla_loop_set_src_pad (sink->loop, GST_SRTLA_SRC_PAD (pad));
  return pad;
}

/* Returns: the name asked for, or the next free one; NULL for one that does not
 * fit the template. */
static gchar *
sink_pad_name (GstSrtlaSink * sink, const gchar * wanted)
{
  guint number;
  gchar *name;

  if (wanted != NULL && (!g_str_has_prefix (wanted, "sink_")
          || !g_ascii_string_to_unsigned (wanted + 5, 10, 0, G_MAXUINT32 - 1,
              NULL, NULL)))
    return wanted[0] == '\0' || g_str_has_suffix (wanted, "%u")
        ? sink_pad_name (sink, NULL) : NULL;
  GST_OBJECT_LOCK (sink);
  if (wanted != NULL) {
    number = (guint) g_ascii_strtoull (wanted + 5, NULL, 10);
    sink->next_pad = MAX (sink->next_pad, number + 1);
    name = g_strdup (wanted);
  } else {
    name = g_strdup_printf ("sink_%u", sink->next_pad++);
  }
  GST_OBJECT_UNLOCK (sink);
  return name;
}

static GstPad *
request_new_pad (GstElement * element, GstPadTemplate * templ,
    const gchar * name, const GstCaps * caps)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (element);
  GstSrtlaIngress *ingress;
  gchar *pad_name;
  GstPad *pad;

  (void) caps;
  if (GST_PAD_TEMPLATE_DIRECTION (templ) == GST_PAD_SRC)
    return request_src_pad (sink, templ);

  pad_name = sink_pad_name (sink, name);
  if (pad_name == NULL) {
    GST_WARNING_OBJECT (sink, "“%s” is no name of a sink pad", name);
    return NULL;
  }
  pad = gst_srtla_sink_pad_new (templ, pad_name, sink->loop, pad_changed);
  ingress = gst_srtla_sink_pad_get_ingress (GST_SRTLA_SINK_PAD (pad));
  gst_srtla_loop_add_ingress (sink->loop, ingress);
  gst_object_ref (pad);
  if (!gst_element_add_pad (element, pad)) {
    gst_srtla_loop_remove_ingress (sink->loop, ingress);
    g_clear_pointer (&pad, gst_object_unref);
  } else {
    gst_object_unref (pad);
  }
  g_free (pad_name);
  return pad;
}

static void
release_pad (GstElement * element, GstPad * pad)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (element);

  gst_pad_set_active (pad, FALSE);
  if (GST_IS_SRTLA_SRC_PAD (pad)) {
    GST_OBJECT_LOCK (sink);
    sink->src_pad = NULL;
    GST_OBJECT_UNLOCK (sink);
    gst_srtla_loop_set_src_pad (sink->loop, NULL);
  } else {
    gst_srtla_loop_remove_ingress (sink->loop,
        gst_srtla_sink_pad_get_ingress (GST_SRTLA_SINK_PAD (pad)));
  }
  gst_element_remove_pad (element, pad);
  check_eos (sink);
}

/* Who set a property of a pad before it was there is waiting for this. */
static void
pad_added (GstElement * element, GstPad * pad)
{
  gst_child_proxy_child_added (GST_CHILD_PROXY (element), G_OBJECT (pad),
      GST_OBJECT_NAME (pad));
}

static void
pad_removed (GstElement * element, GstPad * pad)
{
  gst_child_proxy_child_removed (GST_CHILD_PROXY (element), G_OBJECT (pad),
      GST_OBJECT_NAME (pad));
}

/* ---- Events and queries ------------------------------------------------- */

/* Upstream events go out by all sink pads, others come in as if from a peer. */
static gboolean
send_event (GstElement * element, GstEvent * event)
{
  GPtrArray *pads = list_sink_pads (GST_SRTLA_SINK (element));
  gboolean ok = GST_EVENT_TYPE (event) == GST_EVENT_LATENCY;
  guint i;

  GST_DEBUG_OBJECT (element, "%" GST_PTR_FORMAT, (gpointer) event);
  for (i = 0; i < pads->len; i++) {
    gst_event_ref (event);
    if (GST_EVENT_IS_UPSTREAM (event))
      ok = gst_pad_push_event (pads->pdata[i], event) || ok;
    else
      ok = gst_pad_send_event (pads->pdata[i], event) || ok;
  }
  gst_event_unref (event);
  g_ptr_array_unref (pads);
  return ok;
}

/* Packets leave when they come: no latency but upstream's. */
static gboolean
query_latency (GstSrtlaSink * sink, GstQuery * query)
{
  GPtrArray *pads = list_sink_pads (sink);
  GstClockTime minimum = 0, maximum = GST_CLOCK_TIME_NONE;
  gboolean live = FALSE;
  guint i;

  for (i = 0; i < pads->len; i++) {
    GstQuery *upstream = gst_query_new_latency ();
    GstClockTime its_minimum, its_maximum;
    gboolean its_live;

    if (gst_pad_peer_query (pads->pdata[i], upstream)) {
      gst_query_parse_latency (upstream, &its_live, &its_minimum, &its_maximum);
      live = live || its_live;
      minimum = MAX (minimum, its_minimum);
      maximum = MIN (maximum, its_maximum);     /* NONE is the largest */
    }
    gst_query_unref (upstream);
  }
  g_ptr_array_unref (pads);
  gst_query_set_latency (query, live, minimum, maximum);
  return TRUE;
}

static gboolean
element_query (GstElement * element, GstQuery * query)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (element);
  GPtrArray *pads;
  gboolean ok = FALSE;
  guint i;

  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency (sink, query);
  pads = list_sink_pads (sink);
  for (i = 0; i < pads->len && !ok; i++)
    ok = gst_pad_peer_query (pads->pdata[i], query);
  g_ptr_array_unref (pads);
  return ok;
}

/* ---- States ------------------------------------------------------------- */

static void
no_receiver (GstSrtlaSink * sink)
{
  gchar *problem;

  GST_OBJECT_LOCK (sink);
  problem = g_strdup (sink->uri_problem);
  GST_OBJECT_UNLOCK (sink);
  if (problem != NULL)
    GST_ELEMENT_ERROR (sink, RESOURCE, SETTINGS,
        ("There is no receiver, the property uri was of no use: %s.", problem),
        ("uri=srtla://host:port"));
  else
    GST_ELEMENT_ERROR (sink, RESOURCE, SETTINGS,
        ("There is no receiver: set the property host or uri."),
        ("uri=srtla://host:port"));
  g_free (problem);
}

static gboolean
start (GstSrtlaSink * sink)
{
  GstSrtlaLoopConfig config;
  gchar *host, *affinity;
  gboolean ok = FALSE;

  GST_OBJECT_LOCK (sink);
  config.host = host = g_strdup (sink->host);
  config.port = sink->port;
  config.queue_size = sink->queue_size;
  config.affinity = affinity = g_strdup (sink->affinity);
  config.priority = sink->priority;
  sink->eos = sink->drained = sink->posted = sink->playing = FALSE;
  sink->no_way_reported = sink->file_reported = FALSE;
  GST_OBJECT_UNLOCK (sink);

  if (host == NULL || *host == '\0') {
    no_receiver (sink);
  } else if (!gst_srtla_sink_read_file (sink, TRUE)) {
    gst_srtla_sink_no_uplink (sink);
  } else {
    gst_srtla_loop_start (sink->loop, &config);
    ok = TRUE;
  }
  g_free (host);
  g_free (affinity);
  return ok;
}

static void
stop (GstSrtlaSink * sink)
{
  gst_srtla_loop_stop (sink->loop);
  gst_srtla_worker_settle (sink->worker, SETTLE_TIME);
}

static void
set_playing (GstSrtlaSink * sink, gboolean playing)
{
  GST_OBJECT_LOCK (sink);
  sink->playing = playing;
  GST_OBJECT_UNLOCK (sink);
  if (playing)
    post_eos (sink);
}

static GstStateChangeReturn
change_state (GstElement * element, GstStateChange transition)
{
  GstSrtlaSink *sink = GST_SRTLA_SINK (element);
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && !start (sink))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    set_playing (sink, FALSE);

  result = parent_class->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (result == GST_STATE_CHANGE_FAILURE)
      stop (sink);
    else
      gst_srtla_sink_find_sockets (sink);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING
      && result != GST_STATE_CHANGE_FAILURE) {
    set_playing (sink, TRUE);
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    stop (sink);
  }
  return result;
}

/* ---- Class -------------------------------------------------------------- */

void
gst_srtla_sink_class_init_stream (GstElementClass * klass)
{
  parent_class = g_type_class_peek_parent (klass);
  klass->change_state = change_state;
  klass->request_new_pad = request_new_pad;
  klass->release_pad = release_pad;
  klass->pad_added = pad_added;
  klass->pad_removed = pad_removed;
  klass->send_event = send_event;
  klass->query = element_query;

  /* The order counts: a second link without a pad's name must find the request
   * template first. */
  gst_element_class_add_static_pad_template_with_gtype (klass,
      &request_template, GST_TYPE_SRTLA_SINK_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &sink_template,
      GST_TYPE_SRTLA_SINK_PAD);
  gst_element_class_add_static_pad_template_with_gtype (klass, &src_template,
      GST_TYPE_SRTLA_SRC_PAD);
  gst_type_mark_as_plugin_api (GST_TYPE_SRTLA_SINK_PAD, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_SRTLA_SRC_PAD, 0);
}

void
gst_srtla_sink_init_stream (GstSrtlaSink * sink)
{
  GstElement *element = GST_ELEMENT (sink);
  GstPad *pad = gst_srtla_sink_pad_new (gst_element_get_pad_template (element,
          "sink"), "sink", sink->loop, pad_changed);

  GST_OBJECT_FLAG_SET (sink, GST_ELEMENT_FLAG_SINK);
  gst_srtla_loop_add_ingress (sink->loop,
      gst_srtla_sink_pad_get_ingress (GST_SRTLA_SINK_PAD (pad)));
  gst_element_add_pad (element, pad);
}
