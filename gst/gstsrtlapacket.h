/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buffers that stay mapped from the moment the core sees them until their
 * socket took them. The loop's alone: no lock, no atomics, and no allocation
 * once the pool has grown to what is under way.
 */
#pragma once

#include <gst/gst.h>

#include "srtla-types.h"

G_BEGIN_DECLS

typedef struct _GstSrtlaPacketPool GstSrtlaPacketPool;

GstSrtlaPacketPool *gst_srtla_packet_pool_new (void);
/* All packets must be back. */
void gst_srtla_packet_pool_free (GstSrtlaPacketPool * pool);

/* Takes over the buffer and maps it; several memories become one packet. The
 * packet's owner is its one reference. Returns: FALSE, and drops the buffer, if
 * it cannot be read. */
gboolean gst_srtla_packet_map (GstSrtlaPacketPool * pool, GstBuffer * buffer,
    SrtlaPacket * packet);

void gst_srtla_packet_ref (gpointer owner);
void gst_srtla_packet_unref (GstSrtlaPacketPool * pool, gpointer owner);

G_END_DECLS
