/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlasrcpad.h"

#include "gstsrtladebug.h"

struct _GstSrtlaSrcPad
{
  GstPad parent;

  GMutex lock;                  /* of all below */
  GCond changed;
  GQueue queue;                 /* GstBuffer, GstEvent */
  gboolean active;
  gboolean started;             /* stream-start, caps and segment went out */
  guint64 dropped;
};

G_DEFINE_FINAL_TYPE (GstSrtlaSrcPad, gst_srtla_src_pad, GST_TYPE_PAD)

static gpointer
next_item (GstSrtlaSrcPad * self)
{
  gpointer item = NULL;

  g_mutex_lock (&self->lock);
  while (self->active && (item = g_queue_pop_head (&self->queue)) == NULL)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return item;
}

static void
start_stream (GstSrtlaSrcPad * self)
{
  GstPad *pad = GST_PAD (self);
  GstCaps *caps = gst_pad_get_pad_template_caps (pad);
  gchar *id = gst_pad_create_stream_id (pad,
      GST_ELEMENT (GST_OBJECT_PARENT (pad)), "replies");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_stream_start (id));
  gst_pad_push_event (pad, gst_event_new_caps (caps));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
  gst_caps_unref (caps);
  g_free (id);
}

static void
src_pad_task (gpointer data)
{
  GstSrtlaSrcPad *self = data;
  GstPad *pad = GST_PAD (self);
  gpointer item = next_item (self);
  GstFlowReturn flow;

  if (item == NULL) {
    gst_pad_pause_task (pad);
    return;
  }
  if (!self->started) {
    self->started = TRUE;
    start_stream (self);
  }
  if (GST_IS_EVENT (item)) {
    gst_pad_push_event (pad, item);
    return;
  }
  flow = gst_pad_push (pad, item);
  if (flow == GST_FLOW_OK)
    return;
  /* A reply that nobody takes is no reason to stop: the next one may find
   * another peer. */
  GST_LOG_OBJECT (pad, "a reply was not taken: %s", gst_flow_get_name (flow));
  g_mutex_lock (&self->lock);
  self->dropped++;
  g_mutex_unlock (&self->lock);
}

static void
set_active (GstSrtlaSrcPad * self, gboolean active)
{
  gpointer item;

  g_mutex_lock (&self->lock);
  self->active = active;
  while ((item = g_queue_pop_head (&self->queue)) != NULL) {
    self->dropped += GST_IS_BUFFER (item);
    gst_mini_object_unref (item);
  }
  if (active) {
    self->dropped = 0;
    self->started = FALSE;
  }
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
src_pad_activate_mode (GstPad * pad, GstObject * parent, GstPadMode mode,
    gboolean active)
{
  (void) parent;
  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  set_active (GST_SRTLA_SRC_PAD (pad), active);
  if (active)
    return gst_pad_start_task (pad, src_pad_task, pad, NULL);
  return gst_pad_stop_task (pad);
}

static gboolean
src_pad_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstEventType type = GST_EVENT_TYPE (event);

  (void) pad;
  (void) parent;
  gst_event_unref (event);
  return type == GST_EVENT_LATENCY || type == GST_EVENT_RECONFIGURE
      || type == GST_EVENT_QOS;
}

static gboolean
src_pad_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

/* The replies are a stream of their own: nothing goes through the element. */
static GstIterator *
src_pad_no_links (GstPad * pad, GstObject * parent)
{
  (void) pad;
  (void) parent;
  return NULL;
}

static void
gst_srtla_src_pad_init (GstSrtlaSrcPad * self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->queue);
}

static void
gst_srtla_src_pad_finalize (GObject * object)
{
  GstSrtlaSrcPad *self = GST_SRTLA_SRC_PAD (object);

  set_active (self, FALSE);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  G_OBJECT_CLASS (gst_srtla_src_pad_parent_class)->finalize (object);
}

static void
gst_srtla_src_pad_class_init (GstSrtlaSrcPadClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_srtla_src_pad_finalize;
}

GstPad *
gst_srtla_src_pad_new (GstPadTemplate * templ, const gchar * name)
{
  GstPad *pad = g_object_new (GST_TYPE_SRTLA_SRC_PAD, "name", name,
      "direction", GST_PAD_SRC, "template", templ, NULL);

  gst_pad_set_activatemode_function (pad, src_pad_activate_mode);
  gst_pad_set_event_function (pad, src_pad_event);
  gst_pad_set_query_function (pad, src_pad_query);
  gst_pad_set_iterate_internal_links_function (pad, src_pad_no_links);
  gst_pad_use_fixed_caps (pad);
  return pad;
}

static void
enqueue (GstSrtlaSrcPad * pad, gpointer item)
{
  gboolean taken;

  g_mutex_lock (&pad->lock);
  taken = pad->active && (GST_IS_EVENT (item)
      || pad->queue.length < GST_SRTLA_SRC_PAD_QUEUE);
  if (taken)
    g_queue_push_tail (&pad->queue, item);
  else
    pad->dropped += GST_IS_BUFFER (item);
  g_cond_signal (&pad->changed);
  g_mutex_unlock (&pad->lock);
  if (!taken)
    gst_mini_object_unref (item);
}

void
gst_srtla_src_pad_push (GstSrtlaSrcPad * pad, GstBuffer * buffer)
{
  enqueue (pad, buffer);
}

void
gst_srtla_src_pad_end (GstSrtlaSrcPad * pad)
{
  enqueue (pad, gst_event_new_eos ());
}

guint64
gst_srtla_src_pad_get_dropped (GstSrtlaSrcPad * pad)
{
  guint64 dropped;

  g_mutex_lock (&pad->lock);
  dropped = pad->dropped;
  g_mutex_unlock (&pad->lock);
  return dropped;
}
