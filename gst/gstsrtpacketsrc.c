/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtpacketsrc.h"

#include <errno.h>
#include <sys/socket.h>

#include "gstsrtlaengine.h"
#include "gstsrtlasocket.h"
#include "gstsrtlathread.h"
#include "gstsrtlistpool.h"
#include "gstsrtpacketpool.h"
#include "gstsrtpeers.h"

#define DEFAULT_ADDRESS "0.0.0.0"
#define DEFAULT_PORT 6000
/* Bytes; the system may give less. A second of 30 Mbit/s. */
#define DEFAULT_BUFFER_SIZE (4 * 1024 * 1024)

/* Datagrams that one call takes in, and room for each: more than is valid. */
#define BATCH GST_SRTLA_SOCKET_BATCH
#define ROOM 2048
/* Buffers that are made at once; what waits downstream makes more. */
#define POOL_SIZE (4 * BATCH)

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

  GstPoll *poll;                /* the socket, once it is open */
  GstPoll *pause;               /* nothing: what comes in waits */
  GstPollFD poll_fd;

  /* Under the object lock. */
  gchar *address;
  guint port;
  guint buffer_size;            /* bytes; 0 = the system's default */
  GstCaps *caps;
  guint coalesce_time;          /* µs */
  gchar *affinity;              /* processors, of the streaming thread; or NULL */
  guint priority;               /* real-time, of the same; 0 = none */
  GSocket *socket;              /* NULL in the state NULL */

  /* The streaming thread's. */
  GstSrtlaThread thread;
  GstSrtPacketPool *pool;
  GstSrtListPool *lists;
  GstSrtPeers peers;            /* the callers */
  GstBuffer *buffers[BATCH];    /* to receive into */
  guint n_taken;                /* of these, the first: to be replaced */
  struct iovec vectors[BATCH];
  struct sockaddr_storage names[BATCH];
  GstSrtlaMessage messages[BATCH];
  gint64 received_at;           /* µs; the latest batch */
  gboolean gather;              /* it was not a full one */
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

static GSocket *
open_socket (const gchar * address, guint port, guint buffer_size,
    GError ** error)
{
  GInetAddress *inet = g_inet_address_new_from_string (address);
  GSocketAddress *local;
  GSocket *socket;

  if (inet == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "“%s” is no address", address);
    return NULL;
  }
  local = g_inet_socket_address_new (inet, (guint16) port);
  socket = g_socket_new (g_inet_address_get_family (inet),
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  if (socket != NULL && !g_socket_bind (socket, local, FALSE, error))
    g_clear_object (&socket);
  if (socket != NULL) {
    g_socket_set_blocking (socket, FALSE);
    if (buffer_size > 0)
      g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, (gint) buffer_size,
          NULL);
  }
  g_object_unref (local);
  g_object_unref (inet);
  return socket;
}

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
  socket = open_socket (address, port, buffer_size, &error);
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

  gst_poll_fd_init (&self->poll_fd);
  self->poll_fd.fd = g_socket_get_fd (socket);
  gst_poll_add_fd (self->poll, &self->poll_fd);
  gst_poll_fd_ctl_read (self->poll, &self->poll_fd, TRUE);
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
  gst_poll_remove_fd (self->poll, &self->poll_fd);
  g_socket_close (socket, NULL);
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

/* ---- Buffers ------------------------------------------------------------ */

/* Gives the places of the batch that were taken a buffer to receive into. */
static void
fill_places (GstSrtPacketSrc * self)
{
  while (self->n_taken > 0) {
    guint i = --self->n_taken;
    guint8 *data;

    self->buffers[i] = gst_srt_packet_pool_acquire (self->pool, &data);
    self->vectors[i].iov_base = data;
    self->vectors[i].iov_len = ROOM;
    self->messages[i].msg_hdr.msg_namelen = sizeof self->names[i];
  }
}

/* Takes a received packet out of its place. */
static GstBuffer *
take_place (GstSrtPacketSrc * self, guint i, GstClockTime time)
{
  GstBuffer *buffer = self->buffers[i];

  self->buffers[i] = NULL;
  gst_srt_packet_received (buffer, self->messages[i].msg_len,
      gst_srt_peers_find (&self->peers, &self->names[i],
          self->messages[i].msg_hdr.msg_namelen));
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = time;
  return buffer;
}

static gboolean
src_start (GstBaseSrc * base)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (base);
  guint i;

  self->pool = gst_srt_packet_pool_new (ROOM, POOL_SIZE);
  self->lists = gst_srt_list_pool_new (BATCH);
  for (i = 0; i < BATCH; i++) {
    self->messages[i].msg_hdr.msg_name = &self->names[i];
    self->messages[i].msg_hdr.msg_iov = &self->vectors[i];
    self->messages[i].msg_hdr.msg_iovlen = 1;
  }
  self->n_taken = BATCH;
  self->gather = FALSE;
  return TRUE;
}

static gboolean
src_stop (GstBaseSrc * base)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (base);
  guint i;

  for (i = 0; i < BATCH; i++)
    gst_clear_buffer (&self->buffers[i]);
  g_clear_pointer (&self->pool, gst_srt_packet_pool_free);
  gst_srt_peers_clear (&self->peers);
  g_clear_pointer (&self->lists, gst_srt_list_pool_free);
  return TRUE;
}

/* ---- Receiving ---------------------------------------------------------- */

static void
set_flushing (GstSrtPacketSrc * self, gboolean flushing)
{
  gst_poll_set_flushing (self->poll, flushing);
  gst_poll_set_flushing (self->pause, flushing);
}

static gboolean
src_unlock (GstBaseSrc * base)
{
  set_flushing (GST_SRT_PACKET_SRC (base), TRUE);
  return TRUE;
}

static gboolean
src_unlock_stop (GstBaseSrc * base)
{
  set_flushing (GST_SRT_PACKET_SRC (base), FALSE);
  return TRUE;
}

/* Lets packets gather until coalesce-time after the latest batch, as network
 * cards moderate their interrupts. Not after a full batch: more may wait.
 * Returns: FALSE if it is flushing. */
static gboolean
gather (GstSrtPacketSrc * self)
{
  gint64 left;

  if (!self->gather)
    return TRUE;
  GST_OBJECT_LOCK (self);
  left = self->coalesce_time;
  GST_OBJECT_UNLOCK (self);
  if (left == 0)
    return TRUE;
  left += self->received_at - g_get_monotonic_time ();
  return left <= 0
      || gst_poll_wait (self->pause, (GstClockTime) left * GST_USECOND) >= 0
      || errno == EINTR;
}

/* Returns: how many datagrams came, at least one; else *flow says why. */
static guint
receive (GstSrtPacketSrc * self, GstFlowReturn * flow)
{
  gint n, error_number;

  *flow = GST_FLOW_OK;
  if (!gather (self)) {
    *flow = GST_FLOW_FLUSHING;
    return 0;
  }
  for (;;) {
    n = gst_srtla_socket_receive (self->poll_fd.fd, self->messages, BATCH,
        &error_number);
    if (n > 0)
      return (guint) n;
    if (n < 0 && error_number != EAGAIN && error_number != EINTR) {
      GST_ELEMENT_ERROR (self, RESOURCE, READ, (NULL),
          ("receiving failed: %s", g_strerror (error_number)));
      *flow = GST_FLOW_ERROR;
      return 0;
    }
    if (gst_poll_wait (self->poll, GST_CLOCK_TIME_NONE) < 0
        && errno == EBUSY) {
      *flow = GST_FLOW_FLUSHING;
      return 0;
    }
  }
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

static GstFlowReturn
src_create (GstPushSrc * push, GstBuffer ** buffer)
{
  GstSrtPacketSrc *self = GST_SRT_PACKET_SRC (push);
  GstFlowReturn flow = GST_FLOW_OK;
  GstBufferList *list;
  GstClockTime time;
  guint i, n;

  fill_places (self);
  n = receive (self, &flow);
  if (n == 0)
    return flow;

  self->received_at = g_get_monotonic_time ();
  self->gather = n < BATCH;
  self->n_taken = n;
  time = running_time (self);
  if (n == 1) {
    *buffer = take_place (self, 0, time);
    return GST_FLOW_OK;
  }
  list = gst_srt_list_pool_acquire (self->lists);
  for (i = 0; i < n; i++)
    gst_buffer_list_add (list, take_place (self, i, time));
  gst_base_src_submit_buffer_list (GST_BASE_SRC (self), list);
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
  self->poll = gst_poll_new (TRUE);
  self->pause = gst_poll_new (TRUE);
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

  gst_poll_free (self->poll);
  gst_poll_free (self->pause);
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
