/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registration of the plugin.
 */

#include "gstsrtladebug.h"
#include "gstsrtlasink.h"
#include "gstsrtpacketsrc.h"

GST_DEBUG_CATEGORY (gst_srtla_debug);

static gboolean
plugin_init (GstPlugin * plugin)
{
  GST_DEBUG_CATEGORY_INIT (gst_srtla_debug, "srtlasink", 0,
      "SRT packets over several uplinks (SRTLA)");

  return GST_ELEMENT_REGISTER (srtlasink, plugin)
      && GST_ELEMENT_REGISTER (srtpacketsrc, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, srtla,
    "SRTLA: SRT streams bonded over several uplinks",
    plugin_init, PACKAGE_VERSION, "LGPL", PACKAGE, PACKAGE_ORIGIN)
