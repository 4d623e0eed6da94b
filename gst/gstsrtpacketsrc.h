/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * srtpacketsrc: takes in SRT packets, as they are, from SRT callers that call a
 * UDP port. Many datagrams a system call, buffer lists out of a pool.
 */
#pragma once

#include <gst/base/base.h>

G_BEGIN_DECLS

#define GST_TYPE_SRT_PACKET_SRC (gst_srt_packet_src_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtPacketSrc, gst_srt_packet_src, GST,
    SRT_PACKET_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (srtpacketsrc)

G_END_DECLS
