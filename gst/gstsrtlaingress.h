/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bounded queue between the streaming thread of one sink pad and the loop:
 * all that the two share. It never blocks; where a packet does not fit, the
 * oldest of the least urgent class is dropped and counted.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

#include "gstsrtlaring.h"
#include "srtla-bond.h"

G_BEGIN_DECLS

typedef struct _GstSrtlaIngress GstSrtlaIngress;

/* received = queued + taken + dropped_full + dropped_flushed */
typedef struct
{
  guint64 packets_received, bytes_received;
  guint64 dropped_full;
  guint64 dropped_flushed;
  guint queued;                 /* packets */
  guint64 batches;              /* buffers and lists: times that the streaming
                                 * thread took the lock */
} GstSrtlaIngressStats;

/* What happened since packets were last taken. */
typedef struct
{
  gboolean flushed;             /* before the packets that are there now */
  SrtlaTime critical_until;     /* 0 = nothing new */
} GstSrtlaIngressNews;

GstSrtlaIngress *gst_srtla_ingress_new (void);
GstSrtlaIngress *gst_srtla_ingress_ref (GstSrtlaIngress * ingress);
void gst_srtla_ingress_unref (GstSrtlaIngress * ingress);

/* Starts afresh with room for `size` packets: counters too. */
void gst_srtla_ingress_reset (GstSrtlaIngress * ingress, guint size);

/* Packets that are a batch by themselves: they need not wait for more. Half of
 * what one turn of the loop takes. */
#define GST_SRTLA_INGRESS_FILLING 128

/* Take over the buffer or list. *urgent becomes whether it should not wait for
 * more to leave with: it is urgent (gst_srtla_ring_is_urgent ()), or there is
 * that much. Packets of a list are not looked at for that. Return: FALSE if it
 * is flushing. */
gboolean gst_srtla_ingress_push (GstSrtlaIngress * ingress, GstBuffer * buffer,
    gboolean * urgent);
gboolean gst_srtla_ingress_push_list (GstSrtlaIngress * ingress,
    GstBufferList * list, gboolean * urgent);

/* Moves up to n packets out, oldest first. Returns: how many. */
guint gst_srtla_ingress_take (GstSrtlaIngress * ingress, GstSrtlaArrival * out,
    guint n, GstSrtlaIngressNews * news);

/* Empties the queue; while flushing is TRUE nothing comes in. */
void gst_srtla_ingress_flush (GstSrtlaIngress * ingress, gboolean flushing);

/* Returns: whether what is there should not wait for more. Looks at all of it,
 * lists too: for the loop, before it pauses. */
gboolean gst_srtla_ingress_is_urgent (GstSrtlaIngress * ingress);
void gst_srtla_ingress_get_stats (GstSrtlaIngress * ingress,
    GstSrtlaIngressStats * stats);

/* Its pad's name. */
void gst_srtla_ingress_set_name (GstSrtlaIngress * ingress,
    const gchar * name);
void gst_srtla_ingress_get_name (GstSrtlaIngress * ingress, gchar * out,
    gsize size);
/* What its pad says of the flow; the length is that of the queue. */
void gst_srtla_ingress_set_settings (GstSrtlaIngress * ingress,
    const SrtlaFlowSettings * settings);
void gst_srtla_ingress_get_settings (GstSrtlaIngress * ingress,
    SrtlaFlowSettings * settings);
/* What comes until then is critical. */
void gst_srtla_ingress_set_critical (GstSrtlaIngress * ingress,
    SrtlaTime until);
/* The number that the core knows it by. From the loop. */
void gst_srtla_ingress_set_flow (GstSrtlaIngress * ingress, guint flow);
guint gst_srtla_ingress_get_flow (const GstSrtlaIngress * ingress);

/* The socket upstream receives on, which is the way back to the SRT caller.
 * Returns: whether it is another than before. */
gboolean gst_srtla_ingress_set_socket (GstSrtlaIngress * ingress,
    GSocket * socket);
/* Returns: a reference, or NULL. */
GSocket *gst_srtla_ingress_get_socket (GstSrtlaIngress * ingress);

G_END_DECLS
