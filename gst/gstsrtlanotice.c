/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlanotice.h"

GstSrtlaNotice *
gst_srtla_notice_new (GstSrtlaNoticeKind kind)
{
  GstSrtlaNotice *notice = g_new0 (GstSrtlaNotice, 1);

  notice->kind = kind;
  return notice;
}

GstSrtlaNotice *
gst_srtla_notice_new_trouble (GstSrtlaNoticeKind kind, gint code,
    gchar * text, gchar * debug)
{
  GstSrtlaNotice *notice = gst_srtla_notice_new (kind);

  notice->code = code;
  notice->text = text;
  notice->debug = debug;
  return notice;
}

void
gst_srtla_notice_free (GstSrtlaNotice * notice)
{
  g_clear_pointer (&notice->uplink, gst_object_unref);
  g_clear_pointer (&notice->element, gst_object_unref);
  g_free (notice->text);
  g_free (notice->debug);
  g_free (notice);
}
