/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtpacketsrc.h"

#include "gstsrtintake.h"
#include "gstsrtlasettings.h"
#include "gstsrtlasocket.h"
#include "gstsrtlathread.h"
#include "gstsrtlauplink.h"

#define DEFAULT_ADDRESS "0.0.0.0"
#define DEFAULT_PORT 6000
/* Bytes; the system may give less. A second of 30 Mbit/s. */
#define DEFAULT_BUFFER_SIZE (4 * 1024 * 1024)

enum
{
  PROP_0,
  PROP_ADDRESS,
  PROP_PORT,
  PROP_BUFFER_SIZE,
  PROP_CAPS,
  PROP_COALESCE_TIME,
  PROP_THREAD_AFFINITY,
  PROP_REALTIME_PRIORITY,
  PROP_USED_SOCKET,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

struct _GstSrtPacketSrc
{
  GstPushSrc parent;

  GstSrtIntake *intake;

  /* Under the object lock. */
  gchar *address;
  guint port;
  guint buffer_size;            /* bytes; 0 = the system's default */
  GstCaps *caps;
  guint coalesce_time;          /* µs */
  gchar *affinity;              /* processors, of the streaming thread; or NULL */
  guint priority;               /* real-time, of the same; 0 = none */
  GSocket *socket;              /* NULL in the state NULL */

  GstSrtlaThread thread;        /* the streaming thread's */
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("application/x-srt"));

GST_DEBUG_CATEGORY_STATIC (gst_srt_packet_src_debug);
#define GST_CAT_DEFAULT gst_srt_packet_src_debug

G_DEFINE_FINAL_TYPE_WITH_CODE (GstSrtPacketSrc, gst_srt_packet_src,
    GST_TYPE_PUSH_SRC,
    GST_DEBUG_CATEGORY_INIT (gst_srt_packet_src_debug, "srtpacketsrc", 0,
        "SRT packets from SRT callers"))

GST_ELEMENT_REGISTER_DEFINE (srtpacketsrc, "srtpacketsrc", GST_RANK_NONE,
    GST_TYPE_SRT_PACKET_SRC)

/* ---- The socket --------------------------------------------------------- */

static void
log_socket (GstSrtPacketSrc * self, GSocket * socket)
{
  gchar local[GST_SRTLA_ADDRESS_SIZE];
  gint room = 0;

  gst_srtla_socket_local_address (socket, local, sizeof local);
  g_socket_get_option (socket, SOL_SOCKET, SO_RCVBUF, &room, NULL);
  GST_INFO_OBJECT (self, "listens on %s, the system keeps %d bytes", local,
      room);
}

static gboolean
src_open (GstSrtPacketSrc * self)
{
  GError *error = NULL;
  GSocket *socket;
  gchar *address;
  guint port, buffer_size;

  GST_OBJECT_LOCK (self);
  address = g_strdup (self->address);
  port = self->port;
  buffer_size = self->buffer_size;
  GST_OBJECT_UNLOCK (self);
  socket = gst_srt_intake_open (self->intake, address, port, buffer_size,
      &error);
  if (socket == NULL) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ,
        ("Cannot listen for SRT callers on %s, port %u.", address, port),
        ("%s", error->message));
    g_error_free (error);
    g_free (address);
    return FALSE;
  }
  g_free (address);
  log_socket (self, socket);
  GST_OBJECT_LOCK (self);
  self->socket = socket;
  GST_OBJECT_UNLOCK (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_USED_SOCKET]);
  return TRUE;
}

static void
src_close (GstSrtPacketSrc * self)
{
  GSocket *socket;

  GST_OBJECT_LOCK (self);
  socket = self->socket;
  self->socket = NULL;
  GST_OBJECT_UNLOCK (self);
  if (socket == NULL)
    return;
  gst_srt_intake_close (self->intake);
  g_object_unref (socket);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_USED_SOCKET]);
}

static GstStateChangeReturn
src_change_state (GstElement * element, GstStateChange transition)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (element);
  GstStateChangeReturn result;

  /* So early that a sink finds the socket when it looks for one. */
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !src_open (self))
    return GST_STATE_CHANGE_FAILURE;
  result = GST_ELEMENT_CLASS (gst_srt_packet_src_parent_class)->change_state
      (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL
      || (transition == GST_STATE_CHANGE_NULL_TO_READY
          && result == GST_STATE_CHANGE_FAILURE))
    src_close (self);
  return result;
}

/* ---- The thread --------------------------------------------------------- */

static void
thread_problem (const gchar * problem, gpointer user_data)
{
  GST_ELEMENT_WARNING (user_data, RESOURCE, SETTINGS, ("%s", problem), (NULL));
}

/* Of itself, on the streaming thread. */
static void
thread_changed (GstSrtPacketSrc * self, GstStreamStatusType type)
{
  gchar *affinity;
  guint priority;

  if (type == GST_STREAM_STATUS_TYPE_LEAVE)
    gst_srtla_thread_leave (&self->thread);
  if (type != GST_STREAM_STATUS_TYPE_ENTER)
    return;
  GST_OBJECT_LOCK (self);
  affinity = g_strdup (self->affinity);
  priority = self->priority;
  GST_OBJECT_UNLOCK (self);
  gst_srtla_thread_enter (&self->thread, affinity, priority, thread_problem,
      self);
  g_free (affinity);
}

/* A pad's thread says that it starts and ends, which nobody else may see. */
static gboolean
src_post_message (GstElement * element, GstMessage * message)
{
  GstStreamStatusType type;
  GstElement *owner;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_STREAM_STATUS) {
    gst_message_parse_stream_status (message, &type, &owner);
    thread_changed (GST_SRT_PACKET_SRC (element), type);
  }
  return GST_ELEMENT_CLASS (gst_srt_packet_src_parent_class)->post_message
      (element, message);
}

/* ---- Receiving ---------------------------------------------------------- */

static gboolean
src_start (GstBaseSrc * base)
{
  gst_srt_intake_start (GST_SRT_PACKET_SRC (base)->intake);
  return TRUE;
}

static gboolean
src_stop (GstBaseSrc * base)
{
  gst_srt_intake_stop (GST_SRT_PACKET_SRC (base)->intake);
  return TRUE;
}

static gboolean
src_unlock (GstBaseSrc * base)
{
  gst_srt_intake_set_flushing (GST_SRT_PACKET_SRC (base)->intake, TRUE);
  return TRUE;
}

static gboolean
src_unlock_stop (GstBaseSrc * base)
{
  gst_srt_intake_set_flushing (GST_SRT_PACKET_SRC (base)->intake, FALSE);
  return TRUE;
}

static GstClockTime
running_time (GstSrtPacketSrc * self)
{
  GstElement *element = (GstElement *) self;
  GstClockTime base, now;
  GstClock *clock;

  GST_OBJECT_LOCK (element);
  clock = GST_ELEMENT_CLOCK (element);
  base = element->base_time;
  if (clock != NULL)
    gst_object_ref (clock);
  GST_OBJECT_UNLOCK (element);
  if (clock == NULL)
    return GST_CLOCK_TIME_NONE;
  now = gst_clock_get_time (clock);
  gst_object_unref (clock);
  return now > base ? now - base : 0;
}

static gint64
get_coalesce_time (GstSrtPacketSrc * self)
{
  gint64 coalesce_time;

  GST_OBJECT_LOCK (self);
  coalesce_time = self->coalesce_time;
  GST_OBJECT_UNLOCK (self);
  return coalesce_time;
}

/* Always a list, be it of one: what was gathered here srtlasink sends at once, on
 * this thread. */
static GstFlowReturn
src_create (GstPushSrc * push, GstBuffer ** buffer)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (push);
  gint n = gst_srt_intake_receive (self->intake, get_coalesce_time (self));

  (void) buffer;
  if (n == 0)
    return GST_FLOW_FLUSHING;
  if (n < 0) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ, (NULL),
        ("receiving failed: %s", g_strerror (-n)));
    return GST_FLOW_ERROR;
  }
  gst_base_src_submit_buffer_list (GST_BASE_SRC (self),
      gst_srt_intake_take_list (self->intake, (guint) n, running_time (self)));
  return GST_FLOW_OK;
}

/* ---- The element -------------------------------------------------------- */

static GstCaps *
src_get_caps (GstBaseSrc * base, GstCaps * filter)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (base);
  GstCaps *caps, *result;

  GST_OBJECT_LOCK (self);
  caps = gst_caps_ref (self->caps);
  GST_OBJECT_UNLOCK (self);
  result = filter != NULL ? gst_caps_intersect_full (filter, caps,
      GST_CAPS_INTERSECT_FIRST) : gst_caps_ref (caps);
  gst_caps_unref (caps);
  return result;
}

static void
src_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case PROP_PORT:
      g_value_set_uint (value, self->port);
      break;
    case PROP_BUFFER_SIZE:
      g_value_set_uint (value, self->buffer_size);
      break;
    case PROP_CAPS:
      gst_value_set_caps (value, self->caps);
      break;
    case PROP_COALESCE_TIME:
      g_value_set_uint (value, self->coalesce_time);
      break;
    case PROP_THREAD_AFFINITY:
      g_value_set_string (value, self->affinity);
      break;
    case PROP_REALTIME_PRIORITY:
      g_value_set_uint (value, self->priority);
      break;
    case PROP_USED_SOCKET:
      g_value_set_object (value, self->socket);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
set_caps (GstSrtPacketSrc * self, const GstCaps * caps)
{
  GstCaps *own = caps != NULL ? gst_caps_copy (caps)
      : gst_static_pad_template_get_caps (&src_template);

  GST_OBJECT_LOCK (self);
  gst_caps_replace (&self->caps, own);
  GST_OBJECT_UNLOCK (self);
  gst_caps_unref (own);
}

static void
src_set_property (GObject * object, guint id, const GValue * value,
    GParamSpec * pspec)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (object);

  if (id == PROP_CAPS) {
    set_caps (self, gst_value_get_caps (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_ADDRESS:
      g_free (self->address);
      self->address = g_value_dup_string (value);
      if (self->address == NULL)
        self->address = g_strdup (DEFAULT_ADDRESS);
      break;
    case PROP_PORT:
      self->port = g_value_get_uint (value);
      break;
    case PROP_BUFFER_SIZE:
      self->buffer_size = g_value_get_uint (value);
      break;
    case PROP_COALESCE_TIME:
      self->coalesce_time = g_value_get_uint (value);
      break;
    case PROP_THREAD_AFFINITY:
      g_free (self->affinity);
      self->affinity = g_value_dup_string (value);
      break;
    case PROP_REALTIME_PRIORITY:
      self->priority = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_srt_packet_src_init (GstSrtPacketSrc * self)
{
  self->intake = gst_srt_intake_new ();
  self->address = g_strdup (DEFAULT_ADDRESS);
  self->port = DEFAULT_PORT;
  self->buffer_size = DEFAULT_BUFFER_SIZE;
  self->caps = gst_static_pad_template_get_caps (&src_template);
  self->coalesce_time = GST_SRTLA_DEFAULT_COALESCE;
  gst_base_src_set_live (GST_BASE_SRC (self), TRUE);
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}

static void
src_finalize (GObject * object)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (object);

  gst_srt_intake_free (self->intake);
  g_free (self->address);
  g_free (self->affinity);
  gst_clear_caps (&self->caps);
  G_OBJECT_CLASS (gst_srt_packet_src_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass * klass)
{
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags ready = read | G_PARAM_WRITABLE | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing = read | G_PARAM_WRITABLE
      | GST_PARAM_MUTABLE_PLAYING;

  properties[PROP_ADDRESS] = g_param_spec_string ("address", "Address",
      "Local address to listen on, IPv4 or IPv6; 0.0.0.0 and :: are all",
      DEFAULT_ADDRESS, ready);
  properties[PROP_PORT] = g_param_spec_uint ("port", "Port",
      "UDP port that SRT callers call (0 = any free one: used-socket tells)",
      0, 65535, DEFAULT_PORT, ready);
  properties[PROP_BUFFER_SIZE] = g_param_spec_uint ("buffer-size",
      "Buffer size", "Bytes that the system keeps for packets not yet taken "
      "in, as far as it allows (0 = its default)", 0, G_MAXINT,
      DEFAULT_BUFFER_SIZE, ready);
  properties[PROP_CAPS] = g_param_spec_boxed ("caps", "Caps",
      "What the packets are declared to be", GST_TYPE_CAPS, ready);
  properties[PROP_COALESCE_TIME] = g_param_spec_uint ("coalesce-time",
      "Coalesce time", "Microseconds that packets may wait for more after a "
      "batch was taken in: fewer wake-ups cost less (0 = none)", 0,
      GST_SRTLA_COALESCE_MAX, GST_SRTLA_DEFAULT_COALESCE, playing);
  properties[PROP_THREAD_AFFINITY] = g_param_spec_string ("thread-affinity",
      "Thread affinity", "Processors that the streaming thread may run on, such "
      "as 0,2-3; empty: all", NULL, ready);
  properties[PROP_REALTIME_PRIORITY] = g_param_spec_uint ("realtime-priority",
      "Real-time priority", "Of the streaming thread, where the system permits "
      "it (0 = none)", 0, GST_SRTLA_PRIORITY_MAX, 0, ready);
  properties[PROP_USED_SOCKET] = g_param_spec_object ("used-socket",
      "Used socket", "The socket that listens, for replies to the callers; "
      "NULL in the state NULL", G_TYPE_SOCKET, read);
  g_object_class_install_properties (klass, N_PROPERTIES, properties);
}

static void
gst_srt_packet_src_class_init (GstSrtPacketSrcClass * klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (klass);

  object->get_property = src_get_property;
  object->set_property = src_set_property;
  object->finalize = src_finalize;
  install_properties (object);

  element->change_state = src_change_state;
  element->post_message = src_post_message;
  gst_element_class_add_static_pad_template (element, &src_template);
  gst_element_class_set_static_metadata (element, "SRT packet source",
      "Source/Network",
      "Takes in SRT packets from SRT callers, to be sent on as they are",
      "The gst-srtla authors");

  base->start = src_start;
  base->stop = src_stop;
  base->unlock = src_unlock;
  base->unlock_stop = src_unlock_stop;
  base->get_caps = src_get_caps;
  GST_PUSH_SRC_CLASS (klass)->create = src_create;
}
