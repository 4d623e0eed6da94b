/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sink pad: one flow of SRT packets, usually one SRT caller's. It puts
 * packets into its queue and wakes the loop, no more.
 */
#pragma once

#include "gstsrtlaingress.h"
#include "gstsrtlaloop.h"

G_BEGIN_DECLS

#define GST_TYPE_SRTLA_SINK_PAD (gst_srtla_sink_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtlaSinkPad, gst_srtla_sink_pad, GST, SRTLA_SINK_PAD,
    GstPad)

/* The pad's end of stream came or went, or its peer did: the element looks at
 * all its pads. From any thread. */
typedef void (*GstSrtlaSinkPadFunc) (GstSrtlaSinkPad * pad);

/* loop: outlives the pad's activity; not owned. */
GstPad *gst_srtla_sink_pad_new (GstPadTemplate * templ, const gchar * name,
    GstSrtlaLoop * loop, GstSrtlaSinkPadFunc changed);

/* Not referenced. */
GstSrtlaIngress *gst_srtla_sink_pad_get_ingress (GstSrtlaSinkPad * pad);

/* Returns: whether the pad had end of stream, and the sequence number of that
 * event. */
gboolean gst_srtla_sink_pad_is_eos (GstSrtlaSinkPad * pad, guint32 * seqnum);

/* Looks for the socket of the nearest upstream element that shows it in a
 * property "used-socket". Not from the loop: it asks other elements. Returns:
 * whether there is one. */
gboolean gst_srtla_sink_pad_find_socket (GstSrtlaSinkPad * pad);

G_END_DECLS
