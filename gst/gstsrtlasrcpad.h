/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source pad: replies of the receiver for the SRT callers, each with the
 * address it should go to (GstNetAddressMeta). It has a queue and a task of
 * its own, so that nothing downstream holds up the loop.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_SRTLA_SRC_PAD (gst_srtla_src_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstSrtlaSrcPad, gst_srtla_src_pad, GST, SRTLA_SRC_PAD,
    GstPad)

/* Replies that wait; then they are dropped. */
#define GST_SRTLA_SRC_PAD_QUEUE 1024

GstPad *gst_srtla_src_pad_new (GstPadTemplate * templ, const gchar * name);

/* Takes over the buffer. From the loop; never blocks. */
void gst_srtla_src_pad_push (GstSrtlaSrcPad * pad, GstBuffer * buffer);
/* After what waits, end of stream. From any thread. */
void gst_srtla_src_pad_end (GstSrtlaSrcPad * pad);

/* Returns: replies that were dropped since the last activation. */
guint64 gst_srtla_src_pad_get_dropped (GstSrtlaSrcPad * pad);

G_END_DECLS
