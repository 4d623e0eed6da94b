/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlamode.h"

static const GEnumValue modes[] = {
  {GST_SRTLA_MODE_CLASSIC, "By window and packets in flight, exactly as "
        "deployed senders do", "classic"},
  {GST_SRTLA_MODE_ENHANCED, "By proven delivery, with the stall guard, rescue "
        "and the NAK filter", "enhanced"},
  {0, NULL, NULL}
};

GType
gst_srtla_mode_get_type (void)
{
  static GType type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstSrtlaMode", modes));
  return type;
}

const gchar *
gst_srtla_mode_name (GstSrtlaMode mode)
{
  return modes[mode].value_nick;
}
