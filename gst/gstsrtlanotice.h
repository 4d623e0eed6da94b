/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the loop has to tell the application. Notices leave the loop through
 * one function and become messages and signals on another thread.
 */
#pragma once

#include "gstsrtlauplink.h"

G_BEGIN_DECLS

typedef enum
{
  GST_SRTLA_NOTICE_UPLINK_STATE,        /* uplink, from, to, text: the reason */
  GST_SRTLA_NOTICE_CONNECTED,
  GST_SRTLA_NOTICE_DISCONNECTED,
  GST_SRTLA_NOTICE_STATS,       /* the interval passed */
  GST_SRTLA_NOTICE_FILE,        /* uplinks-file may have changed */
  GST_SRTLA_NOTICE_DRAINED,     /* number: which drain */
  GST_SRTLA_NOTICE_NO_WAY_BACK, /* a reply had nowhere to go; text: why */
  GST_SRTLA_NOTICE_WARNING,     /* code, text, debug */
  GST_SRTLA_NOTICE_ERROR,       /* code, text, debug */
} GstSrtlaNoticeKind;

typedef struct
{
  GstSrtlaNoticeKind kind;
  GstElement *element;          /* whose it is; a reference, or NULL */
  GstSrtlaUplink *uplink;       /* a reference, or NULL */
  const gchar *from, *to;       /* static */
  gint code;                    /* GstResourceError */
  gchar *text, *debug;
  guint number;
} GstSrtlaNotice;

/* Takes over the notice; from the loop. */
typedef void (*GstSrtlaNotifyFunc) (GstSrtlaNotice * notice,
    gpointer user_data);

GstSrtlaNotice *gst_srtla_notice_new (GstSrtlaNoticeKind kind);
/* kind: WARNING or ERROR. Takes over text and debug. */
GstSrtlaNotice *gst_srtla_notice_new_trouble (GstSrtlaNoticeKind kind,
    gint code, gchar * text, gchar * debug);
void gst_srtla_notice_free (GstSrtlaNotice * notice);

G_END_DECLS
