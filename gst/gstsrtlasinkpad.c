/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlasinkpad.h"

#include "gstsrtladebug.h"
#include "gstsrtlaupstream.h"

struct _GstSrtlaSinkPad
{
  GstPad parent;

  GstSrtlaLoop *loop;           /* not owned */
  GstSrtlaIngress *ingress;
  GstSrtlaSinkPadFunc changed;
  gint look_for_socket;         /* atomic: at the next packet */
  gint64 look_at;               /* not before, µs; the streaming thread's */

  /* Under the object lock. */
  gboolean eos;
  guint32 eos_seqnum;
};

/* µs between looks for an upstream socket while there is none. */
#define LOOK_INTERVAL G_USEC_PER_SEC

G_DEFINE_FINAL_TYPE (GstSrtlaSinkPad, gst_srtla_sink_pad, GST_TYPE_PAD)

/* ---- The way back ------------------------------------------------------- */

gboolean
gst_srtla_sink_pad_find_socket (GstSrtlaSinkPad * self)
{
  GSocket *socket = gst_srtla_upstream_find_socket (GST_PAD (self));
  gboolean found = socket != NULL;

  if (gst_srtla_ingress_set_socket (self->ingress, socket) && found)
    GST_INFO_OBJECT (self, "replies leave by an upstream element's socket");
  g_atomic_int_set (&self->look_for_socket, !found);
  g_clear_object (&socket);
  return found;
}

/* Elements may get their sockets late. On the streaming thread: upstream is
 * there, and waits for us. */
static void
look_again (GstSrtlaSinkPad * self)
{
  gint64 now = g_get_monotonic_time ();

  if (now < self->look_at)
    return;
  self->look_at = now + LOOK_INTERVAL;
  gst_srtla_sink_pad_find_socket (self);
}

/* ---- Data --------------------------------------------------------------- */

static GstFlowReturn
sink_pad_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);
  gboolean filling;

  (void) parent;
  if (g_atomic_int_get (&self->look_for_socket))
    look_again (self);
  if (!gst_srtla_ingress_push (self->ingress, buffer, &filling))
    return GST_FLOW_FLUSHING;
  gst_srtla_loop_wake (self->loop, filling);
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_pad_chain_list (GstPad * pad, GstObject * parent, GstBufferList * list)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);
  gboolean filling;

  (void) parent;
  if (g_atomic_int_get (&self->look_for_socket))
    look_again (self);
  if (!gst_srtla_ingress_push_list (self->ingress, list, &filling))
    return GST_FLOW_FLUSHING;
  gst_srtla_loop_wake (self->loop, filling);
  return GST_FLOW_OK;
}

/* ---- Events ------------------------------------------------------------- */

static void
set_eos (GstSrtlaSinkPad * self, gboolean eos, guint32 seqnum)
{
  gboolean changed;

  GST_OBJECT_LOCK (self);
  changed = self->eos != eos;
  self->eos = eos;
  self->eos_seqnum = seqnum;
  GST_OBJECT_UNLOCK (self);
  if (changed)
    self->changed (self);
}

gboolean
gst_srtla_sink_pad_is_eos (GstSrtlaSinkPad * self, guint32 * seqnum)
{
  gboolean eos;

  GST_OBJECT_LOCK (self);
  eos = self->eos;
  if (eos)
    *seqnum = self->eos_seqnum;
  GST_OBJECT_UNLOCK (self);
  return eos;
}

static gboolean
accept_caps (GstPad * pad, GstEvent * event)
{
  GstCaps *caps, *accepted = gst_pad_get_pad_template_caps (pad);
  gboolean ok;

  gst_event_parse_caps (event, &caps);
  ok = gst_caps_can_intersect (caps, accepted);
  if (!ok)
    GST_ERROR_OBJECT (pad, "%" GST_PTR_FORMAT " is not %" GST_PTR_FORMAT,
        (gpointer) caps, (gpointer) accepted);
  gst_caps_unref (accepted);
  return ok;
}

static gboolean
sink_pad_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);
  guint32 seqnum = gst_event_get_seqnum (event);
  gboolean ok = TRUE;

  (void) parent;
  GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT, (gpointer) event);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      ok = accept_caps (pad, event);
      break;
    case GST_EVENT_STREAM_START:
      gst_srtla_sink_pad_find_socket (self);
      set_eos (self, FALSE, seqnum);
      break;
    case GST_EVENT_FLUSH_START:
      gst_srtla_ingress_flush (self->ingress, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_srtla_ingress_flush (self->ingress, FALSE);
      set_eos (self, FALSE, seqnum);
      break;
    case GST_EVENT_EOS:
      set_eos (self, TRUE, seqnum);
      break;
    default:
      break;
  }
  gst_event_unref (event);
  return ok;
}

/* ---- The rest of a pad -------------------------------------------------- */

static gboolean
sink_pad_activate_mode (GstPad * pad, GstObject * parent, GstPadMode mode,
    gboolean active)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);

  (void) parent;
  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  gst_srtla_ingress_flush (self->ingress, !active);
  set_eos (self, FALSE, GST_SEQNUM_INVALID);
  self->look_at = 0;
  if (active)
    g_atomic_int_set (&self->look_for_socket, TRUE);
  else
    gst_srtla_ingress_set_socket (self->ingress, NULL);
  return TRUE;
}

/* What comes in leaves by the sockets, not by a pad: nothing is forwarded. */
static GstIterator *
sink_pad_no_links (GstPad * pad, GstObject * parent)
{
  (void) pad;
  (void) parent;
  return NULL;
}

static void
sink_pad_linked (GstPad * pad, GstPad * peer)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);

  (void) peer;
  g_atomic_int_set (&self->look_for_socket, TRUE);
  self->changed (self);
}

static void
sink_pad_unlinked (GstPad * pad, GstPad * peer)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);

  (void) peer;
  gst_srtla_ingress_set_socket (self->ingress, NULL);
  self->changed (self);
}

static void
gst_srtla_sink_pad_init (GstSrtlaSinkPad * self)
{
  self->ingress = gst_srtla_ingress_new ();
}

static void
gst_srtla_sink_pad_finalize (GObject * object)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (object);

  gst_srtla_ingress_unref (self->ingress);
  G_OBJECT_CLASS (gst_srtla_sink_pad_parent_class)->finalize (object);
}

static void
gst_srtla_sink_pad_class_init (GstSrtlaSinkPadClass * klass)
{
  G_OBJECT_CLASS (klass)->finalize = gst_srtla_sink_pad_finalize;
  GST_PAD_CLASS (klass)->linked = sink_pad_linked;
  GST_PAD_CLASS (klass)->unlinked = sink_pad_unlinked;
}

GstPad *
gst_srtla_sink_pad_new (GstPadTemplate * templ, const gchar * name,
    GstSrtlaLoop * loop, GstSrtlaSinkPadFunc changed)
{
  GstPad *pad = g_object_new (GST_TYPE_SRTLA_SINK_PAD, "name", name,
      "direction", GST_PAD_SINK, "template", templ, NULL);
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);

  self->loop = loop;
  self->changed = changed;
  gst_pad_set_chain_function (pad, sink_pad_chain);
  gst_pad_set_chain_list_function (pad, sink_pad_chain_list);
  gst_pad_set_event_function (pad, sink_pad_event);
  gst_pad_set_activatemode_function (pad, sink_pad_activate_mode);
  gst_pad_set_iterate_internal_links_function (pad, sink_pad_no_links);
  return pad;
}

GstSrtlaIngress *
gst_srtla_sink_pad_get_ingress (GstSrtlaSinkPad * self)
{
  return self->ingress;
}
