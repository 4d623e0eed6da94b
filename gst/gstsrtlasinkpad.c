/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlasinkpad.h"

#include "gstsrtlaclasses.h"
#include "gstsrtladebug.h"
#include "gstsrtlaupstream.h"

/* Whether to look for the socket upstream. */
typedef enum
{
  LOOK_NOT,
  LOOK,                         /* each so often */
  LOOK_AT_ONCE,
} Look;

struct _GstSrtlaSinkPad
{
  GstPad parent;

  GstSrtlaLoop *loop;           /* not owned */
  GstSrtlaIngress *ingress;
  GstSrtlaSinkPadFunc changed;
  gint look_for_socket;         /* atomic: Look, at the next packet */
  gint64 look_at;               /* not before, µs; the streaming thread's */

  /* Under the object lock. */
  SrtlaFlowSettings settings;
  gboolean eos;
  guint32 eos_seqnum;
};

/* µs between looks for an upstream socket while there is none. */
#define LOOK_INTERVAL G_USEC_PER_SEC

enum
{
  PROP_0,
  PROP_PRIORITY,
  PROP_LATENCY_BUDGET,
  PROP_QUANTUM,
};

G_DEFINE_FINAL_TYPE (GstSrtlaSinkPad, gst_srtla_sink_pad, GST_TYPE_PAD)

/* ---- The way back ------------------------------------------------------- */

gboolean
gst_srtla_sink_pad_find_socket (GstSrtlaSinkPad * self)
{
  GSocket *socket = gst_srtla_upstream_find_socket (GST_PAD (self));
  gboolean found = socket != NULL;

  if (gst_srtla_ingress_set_socket (self->ingress, socket) && found)
    GST_INFO_OBJECT (self, "replies leave by an upstream element's socket");
  g_atomic_int_set (&self->look_for_socket, found ? LOOK_NOT : LOOK);
  g_clear_object (&socket);
  return found;
}

/* Elements may get their sockets late. On the streaming thread: upstream is
 * there, and waits for us. */
static void
look_again (GstSrtlaSinkPad * self)
{
  gint64 now = g_get_monotonic_time ();

  if (g_atomic_int_get (&self->look_for_socket) != LOOK_AT_ONCE
      && now < self->look_at)
    return;
  self->look_at = now + LOOK_INTERVAL;
  gst_srtla_sink_pad_find_socket (self);
}

/* ---- Data --------------------------------------------------------------- */

static GstFlowReturn
sink_pad_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);
  gboolean urgent;

  (void) parent;
  if (g_atomic_int_get (&self->look_for_socket))
    look_again (self);
  if (!gst_srtla_ingress_push (self->ingress, buffer, &urgent))
    return GST_FLOW_FLUSHING;
  gst_srtla_loop_serve (self->loop, FALSE, urgent);
  return GST_FLOW_OK;
}

static GstFlowReturn
sink_pad_chain_list (GstPad * pad, GstObject * parent, GstBufferList * list)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (pad);
  gboolean urgent;

  (void) parent;
  if (g_atomic_int_get (&self->look_for_socket))
    look_again (self);
  if (!gst_srtla_ingress_push_list (self->ingress, list, &urgent))
    return GST_FLOW_FLUSHING;
  gst_srtla_loop_serve (self->loop, TRUE, urgent);
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

/* What comes in the next `duration` ms is critical. */
static void
handle_custom (GstSrtlaSinkPad * self, GstEvent * event)
{
  const GstStructure *structure = gst_event_get_structure (event);
  guint duration = 0;

  if (!gst_structure_has_name (structure, "srtla-critical"))
    return;
  if (!gst_structure_get_uint (structure, "duration", &duration)) {
    GST_WARNING_OBJECT (self, "srtla-critical without duration (uint, ms)");
    return;
  }
  gst_srtla_ingress_set_critical (self->ingress,
      (SrtlaTime) g_get_monotonic_time () + duration * SRTLA_MILLISECOND);
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
      gst_srtla_loop_attend (self->loop);
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_srtla_ingress_flush (self->ingress, FALSE);
      set_eos (self, FALSE, seqnum);
      break;
    case GST_EVENT_EOS:
      set_eos (self, TRUE, seqnum);
      break;
    case GST_EVENT_CUSTOM_DOWNSTREAM:
    case GST_EVENT_CUSTOM_DOWNSTREAM_OOB:
      handle_custom (self, event);
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
  if (active)
    g_atomic_int_set (&self->look_for_socket, LOOK_AT_ONCE);
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
  g_atomic_int_set (&self->look_for_socket, LOOK);
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

/* ---- Properties --------------------------------------------------------- */

static void
sink_pad_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_PRIORITY:
      g_value_set_enum (value, self->settings.priority);
      break;
    case PROP_LATENCY_BUDGET:
      g_value_set_uint (value, (guint) self->settings.budget);
      break;
    case PROP_QUANTUM:
      g_value_set_uint (value, self->settings.quantum);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
sink_pad_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstSrtlaSinkPad *self = GST_SRTLA_SINK_PAD (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_PRIORITY:
      self->settings.priority = g_value_get_enum (value);
      break;
    case PROP_LATENCY_BUDGET:
      self->settings.budget = g_value_get_uint (value);
      break;
    case PROP_QUANTUM:
      self->settings.quantum = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  gst_srtla_ingress_set_settings (self->ingress, &self->settings);
  GST_OBJECT_UNLOCK (self);
  if (self->loop != NULL)
    gst_srtla_loop_attend (self->loop);
}

static void
install_properties (GObjectClass * klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
      | GST_PARAM_MUTABLE_PLAYING;

  klass->get_property = sink_pad_get_property;
  klass->set_property = sink_pad_set_property;
  g_object_class_install_property (klass, PROP_PRIORITY,
      g_param_spec_enum ("priority", "Priority",
          "Class of the flow's media; in all modes but classic",
          GST_TYPE_SRTLA_PRIORITY, SRTLA_PRIORITY_AUTO, flags));
  g_object_class_install_property (klass, PROP_LATENCY_BUDGET,
      g_param_spec_uint ("latency-budget", "Latency budget",
          "Microseconds within which the flow's media should leave (0 = as its "
          "class)", 0, GST_SRTLA_BUDGET_MAX, 0, flags));
  g_object_class_install_property (klass, PROP_QUANTUM,
      g_param_spec_uint ("quantum", "Quantum",
          "Bytes that the flow gets in a round, against other flows",
          SRTLA_MAX_DATAGRAM, GST_SRTLA_QUANTUM_MAX,
          srtla_flow_defaults.quantum, flags));
}

static void
gst_srtla_sink_pad_init (GstSrtlaSinkPad * self)
{
  self->ingress = gst_srtla_ingress_new ();
  self->settings = srtla_flow_defaults;
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
  install_properties (G_OBJECT_CLASS (klass));
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
  gst_srtla_ingress_set_name (self->ingress, GST_OBJECT_NAME (pad));
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
