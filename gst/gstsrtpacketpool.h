/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buffers for datagrams that come with room for their sender's address. A
 * buffer whose last reference is dropped, by whatever thread, is used again as
 * it is, with its memory and its meta: nothing is allocated for a packet, and
 * the way back costs one atomic operation. Their memory needs no mapping.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstSrtPacketPool GstSrtPacketPool;

/* room: for a datagram, bytes; made: buffers made at once. */
GstSrtPacketPool *gst_srt_packet_pool_new (guint room, guint made);
/* Buffers that are out may come back later. */
void gst_srt_packet_pool_free (GstSrtPacketPool * pool);

/* To be called by one thread. Returns: a buffer, never NULL; the bytes of its
 * datagram go to *data. */
GstBuffer *gst_srt_packet_pool_acquire (GstSrtPacketPool * pool,
    guint8 ** data);

/* A datagram of so many bytes is in the buffer, which has no other reference;
 * notes who sent it. All that it was used for before is forgotten. */
void gst_srt_packet_received (GstBuffer * buffer, gsize size,
    GSocketAddress * address);

/* Returns: whether the buffer is such a one, its memory its own. Then *data is
 * valid as long as the buffer is. */
gboolean gst_srt_packet_peek (GstBuffer * buffer, const guint8 ** data,
    gsize * size);

G_END_DECLS
