/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way back: where the replies for each SRT caller go. The loop's alone.
 */
#pragma once

#include <gio/gio.h>

#include "gstsrtlaingress.h"
#include "gstsrtlasrcpad.h"
#include "srtla-types.h"

G_BEGIN_DECLS

/* A slot of the core, and one for packets of nobody it knows. */
#define GST_SRTLA_ROUTES (SRTLA_MAX_CALLERS + 1)

typedef struct
{
  GSocketAddress *address;      /* a reference; NULL = not seen */
  GstSrtlaIngress *ingress;     /* the pad it came in on; a reference */
} GstSrtlaRoute;

typedef struct
{
  GstSrtlaRoute routes[GST_SRTLA_ROUTES];
  GSocket *socket;              /* return-socket; a reference, or NULL */
  GstSrtlaSrcPad *pad;          /* the src pad; a reference, or NULL */
  guint64 dropped;              /* replies that had nowhere to go */
} GstSrtlaReturn;

void gst_srtla_return_clear (GstSrtlaReturn * way);

/* Takes references; either may be NULL. */
void gst_srtla_return_set_socket (GstSrtlaReturn * way, GSocket * socket);
void gst_srtla_return_set_pad (GstSrtlaReturn * way, GstSrtlaSrcPad * pad);

/* A packet of the caller came in on the pad. */
void gst_srtla_return_learn (GstSrtlaReturn * way, guint caller,
    GstBuffer * buffer, GstSrtlaIngress * ingress);

/* Sends a reply. Returns: NULL, or why it has nowhere to go (static). */
const gchar *gst_srtla_return_send (GstSrtlaReturn * way, guint caller,
    const guint8 * data, gsize size);

/* Returns: replies that were dropped, for whatever reason. */
guint64 gst_srtla_return_get_dropped (GstSrtlaReturn * way);

G_END_DECLS
