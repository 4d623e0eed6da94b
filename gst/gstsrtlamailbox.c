/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlamailbox.h"

#include <string.h>

/* µs that someone who asks waits for fresh numbers. */
#define PATIENCE (100 * 1000)

void
gst_srtla_mailbox_init (GstSrtlaMailbox * mailbox)
{
  g_mutex_init (&mailbox->lock);
  g_cond_init (&mailbox->published);
  mailbox->ingresses = g_ptr_array_new ();
}

void
gst_srtla_mailbox_clear (GstSrtlaMailbox * mailbox)
{
  guint i;

  for (i = 0; i < mailbox->ingresses->len; i++)
    gst_srtla_ingress_unref (mailbox->ingresses->pdata[i]);
  g_ptr_array_unref (mailbox->ingresses);
  gst_srtla_settings_clear (&mailbox->settings);
  g_clear_object (&mailbox->src_pad);
  g_mutex_clear (&mailbox->lock);
  g_cond_clear (&mailbox->published);
}

void
gst_srtla_mailbox_start (GstSrtlaMailbox * mailbox, guint queue_size)
{
  guint i;

  g_mutex_lock (&mailbox->lock);
  mailbox->queue_size = queue_size;
  memset (&mailbox->past, 0, sizeof mailbox->past);
  memset (&mailbox->numbers, 0, sizeof mailbox->numbers);
  mailbox->numbers.running = TRUE;
  mailbox->drain = 0;
  for (i = 0; i < mailbox->ingresses->len; i++)
    gst_srtla_ingress_reset (mailbox->ingresses->pdata[i], queue_size);
  mailbox->running = TRUE;
  g_mutex_unlock (&mailbox->lock);
}

void
gst_srtla_mailbox_stop (GstSrtlaMailbox * mailbox)
{
  g_mutex_lock (&mailbox->lock);
  mailbox->running = FALSE;
  g_mutex_unlock (&mailbox->lock);
}

gboolean
gst_srtla_mailbox_is_running (GstSrtlaMailbox * mailbox)
{
  gboolean running;

  g_mutex_lock (&mailbox->lock);
  running = mailbox->running;
  g_mutex_unlock (&mailbox->lock);
  return running;
}

/* ---- Left for the loop -------------------------------------------------- */

void
gst_srtla_mailbox_set_settings (GstSrtlaMailbox * mailbox,
    const GstSrtlaSettings * settings)
{
  g_mutex_lock (&mailbox->lock);
  gst_srtla_settings_copy (&mailbox->settings, settings);
  g_mutex_unlock (&mailbox->lock);
}

void
gst_srtla_mailbox_add_ingress (GstSrtlaMailbox * mailbox,
    GstSrtlaIngress * ingress)
{
  g_mutex_lock (&mailbox->lock);
  g_ptr_array_add (mailbox->ingresses, gst_srtla_ingress_ref (ingress));
  if (mailbox->running)
    gst_srtla_ingress_reset (ingress, mailbox->queue_size);
  g_mutex_unlock (&mailbox->lock);
}

void
gst_srtla_mailbox_remove_ingress (GstSrtlaMailbox * mailbox,
    GstSrtlaIngress * ingress)
{
  GstSrtlaIngressStats stats;
  gboolean found;

  gst_srtla_ingress_flush (ingress, TRUE);
  g_mutex_lock (&mailbox->lock);
  found = g_ptr_array_remove (mailbox->ingresses, ingress);
  if (found) {
    gst_srtla_ingress_get_stats (ingress, &stats);
    gst_srtla_stats_add_ingress (&mailbox->past, &stats);
  }
  g_mutex_unlock (&mailbox->lock);
  if (found)
    gst_srtla_ingress_unref (ingress);
}

void
gst_srtla_mailbox_set_src_pad (GstSrtlaMailbox * mailbox, GstSrtlaSrcPad * pad)
{
  g_mutex_lock (&mailbox->lock);
  g_set_object (&mailbox->src_pad, pad);
  g_mutex_unlock (&mailbox->lock);
}

void
gst_srtla_mailbox_drain (GstSrtlaMailbox * mailbox, guint number)
{
  g_mutex_lock (&mailbox->lock);
  mailbox->drain = number;
  g_mutex_unlock (&mailbox->lock);
}

void
gst_srtla_mailbox_take (GstSrtlaMailbox * mailbox, GstSrtlaEngine * engine,
    GstSrtlaOrders * orders, SrtlaTime now)
{
  GPtrArray *ingresses;
  guint i;

  g_mutex_lock (&mailbox->lock);
  ingresses = g_ptr_array_new_with_free_func ((GDestroyNotify)
      gst_srtla_ingress_unref);
  for (i = 0; i < mailbox->ingresses->len; i++)
    g_ptr_array_add (ingresses,
        gst_srtla_ingress_ref (mailbox->ingresses->pdata[i]));
  gst_srtla_engine_set_ingresses (engine, ingresses, &mailbox->past);
  gst_srtla_engine_set_settings (engine, &mailbox->settings, now);
  gst_srtla_engine_set_src_pad (engine, mailbox->src_pad);
  gst_srtla_engine_drain (engine, mailbox->drain, now);
  orders->coalesce_time = mailbox->settings.coalesce_time;
  orders->spin_time = mailbox->settings.spin_time;
  orders->asked = mailbox->numbers_asked;
  orders->waiting = mailbox->numbers_asked != mailbox->numbers_answered;
  g_mutex_unlock (&mailbox->lock);
}

/* ---- Numbers ------------------------------------------------------------ */

guint
gst_srtla_mailbox_ask (GstSrtlaMailbox * mailbox)
{
  guint asked;

  g_mutex_lock (&mailbox->lock);
  if (mailbox->running)
    mailbox->numbers_asked++;
  asked = mailbox->numbers_asked;
  g_mutex_unlock (&mailbox->lock);
  return asked;
}

void
gst_srtla_mailbox_await (GstSrtlaMailbox * mailbox, guint asked,
    GstSrtlaStats * numbers)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&mailbox->lock);
  while (mailbox->running && (gint) (mailbox->numbers_answered - asked) < 0
      && g_cond_wait_until (&mailbox->published, &mailbox->lock, deadline));
  *numbers = mailbox->numbers;
  g_mutex_unlock (&mailbox->lock);
}

void
gst_srtla_mailbox_publish (GstSrtlaMailbox * mailbox,
    const GstSrtlaStats * numbers, guint asked)
{
  g_mutex_lock (&mailbox->lock);
  mailbox->numbers = *numbers;
  mailbox->numbers_answered = asked;
  g_cond_broadcast (&mailbox->published);
  g_mutex_unlock (&mailbox->lock);
}
