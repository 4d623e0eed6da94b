/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The uplinks of an element: the union of what three sources name. An uplink
 * named twice is one; it goes when the last source drops it. When nobody names
 * any there is one by the routing table, unless a file or a removal asked for
 * none. From any thread.
 */
#pragma once

#include "gstsrtlauplink.h"

G_BEGIN_DECLS

typedef enum
{
  GST_SRTLA_SOURCE_PROPERTY = 1 << 0,
  GST_SRTLA_SOURCE_FILE = 1 << 1,
  GST_SRTLA_SOURCE_SIGNAL = 1 << 2,
} GstSrtlaSource;

typedef struct _GstSrtlaUplinks GstSrtlaUplinks;

/* What a change did. */
typedef struct
{
  GPtrArray *added, *removed;   /* GstSrtlaUplink, with references */
} GstSrtlaUplinksChange;

/* element: becomes the parent of the uplinks; not referenced. */
GstSrtlaUplinks *gst_srtla_uplinks_new (GstObject * element);
void gst_srtla_uplinks_free (GstSrtlaUplinks * uplinks);

/* A source names these and no others. specs NULL: the source says nothing; an
 * empty array from a file says that there are none. */
void gst_srtla_uplinks_set (GstSrtlaUplinks * uplinks, GstSrtlaSource source,
    gchar * const *specs, GstSrtlaUplinksChange * change);
/* The action signals. Returns: FALSE if it was there already, or if it was not
 * there or a file still names it. */
gboolean gst_srtla_uplinks_add (GstSrtlaUplinks * uplinks, const gchar * spec,
    GstSrtlaUplinksChange * change);
gboolean gst_srtla_uplinks_remove (GstSrtlaUplinks * uplinks,
    const gchar * spec, GstSrtlaUplinksChange * change);
void gst_srtla_uplinks_change_clear (GstSrtlaUplinksChange * change);

/* The loop looks again when the generation changed: call this after the
 * application was told of a change. */
void gst_srtla_uplinks_publish (GstSrtlaUplinks * uplinks);
gint gst_srtla_uplinks_get_generation (GstSrtlaUplinks * uplinks);

/* Returns: the uplinks in the order they came, with references. */
GPtrArray *gst_srtla_uplinks_list (GstSrtlaUplinks * uplinks);

/* Returns: what a source names, comma-separated; NULL if nothing. */
gchar *gst_srtla_uplinks_get_text (GstSrtlaUplinks * uplinks,
    GstSrtlaSource source);

G_END_DECLS
