/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * srtlasink: SRT packets of one or more SRT callers go out over several
 * uplinks to an SRTLA receiver; its replies find their way back.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_SRTLA_SINK (gst_srtla_sink_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtlaSink, gst_srtla_sink, GST, SRTLA_SINK,
    GstElement)

GST_ELEMENT_REGISTER_DECLARE (srtlasink)

G_END_DECLS
