/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buffers for datagrams that come with room for their sender's address: the
 * meta stays with the buffer, so that nothing is allocated for a packet.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_SRT_PACKET_POOL (gst_srt_packet_pool_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtPacketPool, gst_srt_packet_pool, GST,
    SRT_PACKET_POOL, GstBufferPool)

/* size: room for a datagram, bytes; made: buffers made at once. Returns: an
 * active pool, NULL if there is no memory. */
GstBufferPool *gst_srt_packet_pool_new (guint size, guint made);

/* Notes who sent what is in a buffer of the pool. */
void gst_srt_packet_set_address (GstBuffer * buffer, GSocketAddress * address);

G_END_DECLS
