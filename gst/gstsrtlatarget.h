/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the receiver is: the addresses of its host, which of them is being
 * tried, and when to look the name up again. The loop's alone.
 */
#pragma once

#include <gst/gst.h>

#include "gstsrtlaresolver.h"
#include "srtla-types.h"

G_BEGIN_DECLS

/* Between lookups of a name: the first, doubling to the second. */
#define GST_SRTLA_RESOLVE_MIN (500 * SRTLA_MILLISECOND)
#define GST_SRTLA_RESOLVE_MAX (10 * SRTLA_SECOND)

typedef struct
{
  GstElement *element;          /* for the debug log; not referenced */
  gchar *host;
  guint port;
  gboolean literal;             /* the host is an address: nothing to look up */
  GstSrtlaResolver *resolver;
  GPtrArray *addresses;         /* GInetAddress; empty before the first lookup */
  guint index;                  /* of the one being tried */
  gchar *error;                 /* why there are no addresses; NULL = none yet */
  SrtlaTime resolve_at;         /* next lookup; SRTLA_TIME_NONE = on request */
  SrtlaTime resolved_at;
  SrtlaTime backoff;
} GstSrtlaTarget;

/* done: see gst_srtla_resolver_new(). */
GstSrtlaTarget *gst_srtla_target_new (GstElement * element,
    const gchar * host, guint port, GFunc done, gpointer user_data);
void gst_srtla_target_free (GstSrtlaTarget * target);

/* Starts a lookup that is due, takes its result. Returns: whether `addresses`,
 * `index` or `error` changed. */
gboolean gst_srtla_target_update (GstSrtlaTarget * target, SrtlaTime now);

/* Nobody answers: look the name up again soon. */
void gst_srtla_target_doubt (GstSrtlaTarget * target, SrtlaTime now);
/* It is the right one. */
void gst_srtla_target_trust (GstSrtlaTarget * target);

/* On to the next address. Returns: TRUE if that is the first one again. */
gboolean gst_srtla_target_next (GstSrtlaTarget * target);

/* Returns: the address being tried; or, if that is of another family, the
 * first of `family`; NULL if there is none. family INVALID is any. */
GInetAddress *gst_srtla_target_get (GstSrtlaTarget * target,
    GSocketFamily family);

G_END_DECLS
