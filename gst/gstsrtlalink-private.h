/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A link's inside, shared by gstsrtlalink.c (its socket, state and path) and
 * gstsrtlalink-send.c.
 */
#pragma once

#include "gstsrtlalink.h"

G_BEGIN_DECLS

#define link_name(link) gst_srtla_spec_shown (gst_srtla_uplink_get_spec ((link)->uplink))

/* Nobody listens at the receiver's address. */
void gst_srtla_link_note_refused (GstSrtlaLink * link, SrtlaTime now);
/* The system did not take a datagram of so many bytes. */
void gst_srtla_link_note_too_large (GstSrtlaLink * link, gsize size,
    SrtlaTime now);
/* The socket has no room; it has again. */
void gst_srtla_link_set_blocked (GstSrtlaLink * link, gboolean blocked);

G_END_DECLS
