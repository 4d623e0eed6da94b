/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debug category of the plugin, "srtlasink": level 4 tells the story of a
 * connection, level 5 its details, level 6 each packet.
 */
#pragma once

#include <gst/gst.h>

GST_DEBUG_CATEGORY_EXTERN (gst_srtla_debug);
#define GST_CAT_DEFAULT gst_srtla_debug
