/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlasegment.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#ifdef __linux__
#include <netinet/udp.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103         /* older headers, not older kernels */
#endif
#endif

struct _GstSrtlaSegment
{
  GSocketControlMessage parent;

  guint16 size;
};

G_DEFINE_FINAL_TYPE (GstSrtlaSegment, gst_srtla_segment,
    G_TYPE_SOCKET_CONTROL_MESSAGE)

static gsize
segment_get_size (GSocketControlMessage * message)
{
  (void) message;
  return sizeof (guint16);
}

static int
segment_get_level (GSocketControlMessage * message)
{
  (void) message;
  return IPPROTO_UDP;
}

static int
segment_get_type (GSocketControlMessage * message)
{
  (void) message;
#ifdef UDP_SEGMENT
  return UDP_SEGMENT;
#else
  return -1;
#endif
}

static void
segment_serialize (GSocketControlMessage * message, gpointer data)
{
  memcpy (data, &GST_SRTLA_SEGMENT (message)->size, sizeof (guint16));
}

/* It only ever leaves. But GLib asks each subclass about whatever control
 * message any socket of the process receives. */
static GSocketControlMessage *
segment_deserialize (int level, int type, gsize size, gpointer data)
{
  (void) level;
  (void) type;
  (void) size;
  (void) data;
  return NULL;
}

static void
gst_srtla_segment_init (GstSrtlaSegment * self)
{
  (void) self;
}

static void
gst_srtla_segment_class_init (GstSrtlaSegmentClass * klass)
{
  GSocketControlMessageClass *message = G_SOCKET_CONTROL_MESSAGE_CLASS (klass);

  message->get_size = segment_get_size;
  message->get_level = segment_get_level;
  message->get_type = segment_get_type;
  message->serialize = segment_serialize;
  message->deserialize = segment_deserialize;
}

GstSrtlaSegment *
gst_srtla_segment_new (void)
{
  return g_object_new (GST_TYPE_SRTLA_SEGMENT, NULL);
}

void
gst_srtla_segment_set_size (GstSrtlaSegment * self, guint16 size)
{
  self->size = size;
}

gboolean
gst_srtla_segment_is_known (void)
{
#ifdef UDP_SEGMENT
  return TRUE;
#else
  return FALSE;
#endif
}

gboolean
gst_srtla_segment_is_refusal (gint error_number)
{
  switch (error_number) {
    case EIO:                  /* the interface cannot, or IPsec is on the way */
    case EINVAL:
    case EOPNOTSUPP:
    case EMSGSIZE:             /* a datagram over the MTU: some are, not all */
      return TRUE;
    default:
      return FALSE;
  }
}
