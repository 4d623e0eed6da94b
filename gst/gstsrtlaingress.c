/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaingress.h"

#include <string.h>

struct _GstSrtlaIngress
{
  gatomicrefcount refs;

  guint flow;                   /* number in the core: the loop's alone */

  GMutex lock;                  /* of all below; held for a few instructions */
  gchar *name;                  /* of its pad */
  GstSrtlaRing ring;
  SrtlaFlowSettings settings;
  GstSrtlaIngressNews news;     /* not yet told */
  gboolean flushing;
  GstSrtlaIngressStats stats;
  GSocket *socket;
};

GstSrtlaIngress *
gst_srtla_ingress_new (void)
{
  GstSrtlaIngress *ingress = g_new0 (GstSrtlaIngress, 1);

  g_atomic_ref_count_init (&ingress->refs);
  ingress->settings = srtla_flow_defaults;
  ingress->ring.priority = ingress->settings.priority;
  g_mutex_init (&ingress->lock);
  return ingress;
}

GstSrtlaIngress *
gst_srtla_ingress_ref (GstSrtlaIngress * ingress)
{
  g_atomic_ref_count_inc (&ingress->refs);
  return ingress;
}

void
gst_srtla_ingress_unref (GstSrtlaIngress * ingress)
{
  if (!g_atomic_ref_count_dec (&ingress->refs))
    return;
  gst_srtla_ring_reset (&ingress->ring, 0);
  g_free (ingress->name);
  g_clear_object (&ingress->socket);
  g_mutex_clear (&ingress->lock);
  g_free (ingress);
}

void
gst_srtla_ingress_reset (GstSrtlaIngress * ingress, guint size)
{
  g_mutex_lock (&ingress->lock);
  gst_srtla_ring_reset (&ingress->ring, size);
  memset (&ingress->stats, 0, sizeof ingress->stats);
  ingress->settings.length = size;
  memset (&ingress->news, 0, sizeof ingress->news);
  ingress->ring.critical_until = 0;
  ingress->flushing = FALSE;
  g_mutex_unlock (&ingress->lock);
}

/* With the lock. Takes over the buffer. */
static void
push_one (GstSrtlaIngress * ingress, GstBuffer * buffer, SrtlaTime now)
{
  GstSrtlaIngressStats *stats = &ingress->stats;
  GstBuffer *dropped;

  stats->packets_received++;
  stats->bytes_received += gst_buffer_get_size (buffer);
  dropped = gst_srtla_ring_push (&ingress->ring, buffer, now);
  if (G_UNLIKELY (dropped != NULL)) {
    stats->dropped_full++;
    gst_buffer_unref (dropped);
  }
}

/* With the lock. A small queue is filling when it is half full. */
static gboolean
is_filling (const GstSrtlaIngress * ingress)
{
  if (ingress->settings.priority == SRTLA_CLASS_HIGH)
    return ingress->ring.queued > 0;
  return ingress->ring.queued >= MIN (GST_SRTLA_INGRESS_FILLING,
      (ingress->ring.size + 1) / 2);
}

gboolean
gst_srtla_ingress_push (GstSrtlaIngress * ingress, GstBuffer * buffer,
    gboolean * urgent)
{
  SrtlaTime now = (SrtlaTime) g_get_monotonic_time ();
  gboolean flushing;

  g_mutex_lock (&ingress->lock);
  ingress->stats.batches++;
  flushing = ingress->flushing;
  *urgent = !flushing && gst_srtla_ring_is_urgent (&ingress->ring, buffer, now);
  if (!flushing)
    push_one (ingress, buffer, now);
  *urgent = *urgent || is_filling (ingress);
  g_mutex_unlock (&ingress->lock);
  if (flushing)
    gst_buffer_unref (buffer);
  return !flushing;
}

gboolean
gst_srtla_ingress_push_list (GstSrtlaIngress * ingress, GstBufferList * list,
    gboolean * urgent)
{
  SrtlaTime now = (SrtlaTime) g_get_monotonic_time ();
  guint i, n = gst_buffer_list_length (list);
  gboolean flushing;

  g_mutex_lock (&ingress->lock);
  ingress->stats.batches++;
  flushing = ingress->flushing;
  for (i = 0; i < n && !flushing; i++)
    push_one (ingress, gst_buffer_ref (gst_buffer_list_get (list, i)), now);
  *urgent = is_filling (ingress);
  g_mutex_unlock (&ingress->lock);
  gst_buffer_list_unref (list);
  return !flushing;
}

guint
gst_srtla_ingress_take (GstSrtlaIngress * ingress, GstSrtlaArrival * out,
    guint n, GstSrtlaIngressNews * news)
{
  g_mutex_lock (&ingress->lock);
  *news = ingress->news;
  memset (&ingress->news, 0, sizeof ingress->news);
  n = gst_srtla_ring_take (&ingress->ring, out, n);
  g_mutex_unlock (&ingress->lock);
  return n;
}

void
gst_srtla_ingress_flush (GstSrtlaIngress * ingress, gboolean flushing)
{
  g_mutex_lock (&ingress->lock);
  ingress->flushing = flushing;
  ingress->news.flushed = TRUE;
  ingress->stats.dropped_flushed += gst_srtla_ring_reset (&ingress->ring,
      ingress->ring.size);
  g_mutex_unlock (&ingress->lock);
}

gboolean
gst_srtla_ingress_is_urgent (GstSrtlaIngress * ingress)
{
  gboolean urgent;

  g_mutex_lock (&ingress->lock);
  urgent = is_filling (ingress) || gst_srtla_ring_has_urgent (&ingress->ring);
  g_mutex_unlock (&ingress->lock);
  return urgent;
}

/* ---- The flow ----------------------------------------------------------- */

void
gst_srtla_ingress_set_name (GstSrtlaIngress * ingress, const gchar * name)
{
  g_mutex_lock (&ingress->lock);
  g_free (ingress->name);
  ingress->name = g_strdup (name);
  g_mutex_unlock (&ingress->lock);
}

void
gst_srtla_ingress_get_name (GstSrtlaIngress * ingress, gchar * out, gsize size)
{
  g_mutex_lock (&ingress->lock);
  g_strlcpy (out, ingress->name ? ingress->name : "", size);
  g_mutex_unlock (&ingress->lock);
}

void
gst_srtla_ingress_set_settings (GstSrtlaIngress * ingress,
    const SrtlaFlowSettings * settings)
{
  g_mutex_lock (&ingress->lock);
  ingress->settings = *settings;
  ingress->settings.length = MAX (ingress->ring.size, 1);
  ingress->ring.priority = settings->priority;
  g_mutex_unlock (&ingress->lock);
}

void
gst_srtla_ingress_get_settings (GstSrtlaIngress * ingress,
    SrtlaFlowSettings * settings)
{
  g_mutex_lock (&ingress->lock);
  *settings = ingress->settings;
  g_mutex_unlock (&ingress->lock);
}

void
gst_srtla_ingress_set_critical (GstSrtlaIngress * ingress, SrtlaTime until)
{
  g_mutex_lock (&ingress->lock);
  ingress->news.critical_until = until;
  ingress->ring.critical_until = until;
  g_mutex_unlock (&ingress->lock);
}

void
gst_srtla_ingress_set_flow (GstSrtlaIngress * ingress, guint flow)
{
  ingress->flow = flow;
}

guint
gst_srtla_ingress_get_flow (const GstSrtlaIngress * ingress)
{
  return ingress->flow;
}

void
gst_srtla_ingress_get_stats (GstSrtlaIngress * ingress,
    GstSrtlaIngressStats * stats)
{
  g_mutex_lock (&ingress->lock);
  *stats = ingress->stats;
  stats->queued = ingress->ring.queued;
  g_mutex_unlock (&ingress->lock);
}

gboolean
gst_srtla_ingress_set_socket (GstSrtlaIngress * ingress, GSocket * socket)
{
  gboolean changed;
  GSocket *old;

  g_mutex_lock (&ingress->lock);
  old = ingress->socket;
  ingress->socket = socket ? g_object_ref (socket) : NULL;
  g_mutex_unlock (&ingress->lock);
  changed = old != socket;
  g_clear_object (&old);
  return changed;
}

GSocket *
gst_srtla_ingress_get_socket (GstSrtlaIngress * ingress)
{
  GSocket *socket;

  g_mutex_lock (&ingress->lock);
  socket = ingress->socket ? g_object_ref (ingress->socket) : NULL;
  g_mutex_unlock (&ingress->lock);
  return socket;
}
