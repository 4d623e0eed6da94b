/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtpacketpool.h"

#include <gst/net/net.h>

struct _GstSrtPacketPool
{
  GstBufferPool parent;
};

G_DEFINE_FINAL_TYPE (GstSrtPacketPool, gst_srt_packet_pool,
    GST_TYPE_BUFFER_POOL)

/* Any address serves to make the meta: the first packet brings its own. */
static GstFlowReturn
pool_alloc_buffer (GstBufferPool * pool, GstBuffer ** buffer,
    GstBufferPoolAcquireParams * params)
{
  GstFlowReturn flow = GST_BUFFER_POOL_CLASS
      (gst_srt_packet_pool_parent_class)->alloc_buffer (pool, buffer, params);
  GInetAddress *any;
  GSocketAddress *address;
  GstNetAddressMeta *meta;

  if (flow != GST_FLOW_OK)
    return flow;
  any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  address = g_inet_socket_address_new (any, 0);
  meta = gst_buffer_add_net_address_meta (*buffer, address);
  GST_META_FLAG_SET (meta, GST_META_FLAG_POOLED);
  g_object_unref (address);
  g_object_unref (any);
  return GST_FLOW_OK;
}

static void
gst_srt_packet_pool_init (GstSrtPacketPool * self)
{
  (void) self;
}

static void
gst_srt_packet_pool_class_init (GstSrtPacketPoolClass * klass)
{
  GST_BUFFER_POOL_CLASS (klass)->alloc_buffer = pool_alloc_buffer;
}

GstBufferPool *
gst_srt_packet_pool_new (guint size, guint made)
{
  GstBufferPool *pool = g_object_new (GST_TYPE_SRT_PACKET_POOL, NULL);
  GstStructure *config = gst_buffer_pool_get_config (pool);

  gst_object_ref_sink (pool);
  gst_buffer_pool_config_set_params (config, NULL, size, made, 0);
  if (!gst_buffer_pool_set_config (pool, config)
      || !gst_buffer_pool_set_active (pool, TRUE))
    gst_clear_object (&pool);
  return pool;
}

void
gst_srt_packet_set_address (GstBuffer * buffer, GSocketAddress * address)
{
  GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);

  if (meta == NULL)
    gst_buffer_add_net_address_meta (buffer, address);
  else if (meta->addr != address)
    g_set_object (&meta->addr, address);
}
