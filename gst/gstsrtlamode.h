/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How packets are spread over the uplinks, as a property: the names are the
 * core's.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum
{
  GST_SRTLA_MODE_CLASSIC,
  GST_SRTLA_MODE_ENHANCED,
} GstSrtlaMode;

#define GST_TYPE_SRTLA_MODE (gst_srtla_mode_get_type ())
GType gst_srtla_mode_get_type (void);

/* Returns: the core's name of it, which is the nick; static. */
const gchar *gst_srtla_mode_name (GstSrtlaMode mode);

G_END_DECLS
