/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srt-meter-private.h"

#include <syslog.h>

static void
join (SrtMeter *listener, SrtMeter *meter)
{
  g_mutex_lock (&listener->lock);
  g_ptr_array_add (listener->others, meter);
  meter->number = listener->others->len;
  g_mutex_unlock (&listener->lock);
}

SrtMeter *
srt_meter_start (const SrtMeterSettings *settings)
{
  SrtMeter *meter = g_new0 (SrtMeter, 1);
  guint room = MAX (settings->expected, 65536);

  srt_startup ();
  srt_setloglevel (LOG_CRIT);   /* what is dropped is what we count */
  g_mutex_init (&meter->lock);
  meter->settings = *settings;
  meter->messages = g_array_sized_new (FALSE, FALSE,
      sizeof (SrtMeterMessage), room);
  /* Pages that were not written to are no memory yet. */
  memset (meter->messages->data, 1, room * sizeof (SrtMeterMessage));
  meter->starts = g_array_new (FALSE, FALSE, sizeof (guint64));
  meter->connection = SRT_INVALID_SOCK;
  meter->others = g_ptr_array_new ();
  if (settings->listened_for_by != NULL) {
    join (settings->listened_for_by, meter);
  } else {
    meter->epoll = srt_epoll_create ();
    srt_meter_listen (meter);
    meter->wanted = meter->is_listening = TRUE;
    meter->listener_thread = g_thread_new ("listener", srt_meter_run_listener,
        meter);
  }
  meter->caller_thread = g_thread_new ("caller", srt_meter_run_caller, meter);
  return meter;
}

void
srt_meter_stop_sending (SrtMeter *meter)
{
  g_atomic_int_set (&meter->stop_calling, TRUE);
}

void
srt_meter_stop (SrtMeter *meter)
{
  srt_meter_stop_sending (meter);
  g_thread_join (meter->caller_thread);
  if (meter->listener_thread == NULL)
    return;                     /* it is another's */
  g_atomic_int_set (&meter->stop_listening, TRUE);
  g_thread_join (meter->listener_thread);
  srt_close (meter->listener);
  srt_epoll_release (meter->epoll);
}

void
srt_meter_free (SrtMeter *meter)
{
  g_array_free (meter->messages, TRUE);
  g_array_free (meter->starts, TRUE);
  g_ptr_array_free (meter->others, TRUE);
  g_mutex_clear (&meter->lock);
  g_free (meter->complaint);
  g_free (meter);
  srt_cleanup ();
}

/* ---- The account --------------------------------------------------------- */

guint64
srt_meter_received (SrtMeter *meter)
{
  guint64 received;
  gchar *complaint;

  g_mutex_lock (&meter->lock);
  received = meter->received;
  complaint = meter->complaint;
  g_mutex_unlock (&meter->lock);
  if (complaint != NULL)
    g_error ("%s, after %" G_GUINT64_FORMAT " that were right", complaint,
        received);
  return received;
}

void
srt_meter_count (SrtMeter *meter, gint64 from, gint64 to, guint64 *sent,
    guint64 *lost)
{
  guint i;

  *sent = *lost = 0;
  g_mutex_lock (&meter->lock);
  for (i = 0; i < meter->messages->len; i++) {
    SrtMeterMessage *message = srt_meter_message (meter, i);

    if (message->sent_at == 0 || message->sent_at < from
        || message->sent_at >= to)
      continue;
    ++*sent;
    *lost += message->received_at == 0;
  }
  g_mutex_unlock (&meter->lock);
}

void
srt_meter_foreach (SrtMeter *meter,
    void (*func) (gint64 sent_at, gint64 received_at, gpointer user_data),
    gpointer user_data)
{
  guint i;

  for (i = 0; i < meter->messages->len; i++) {
    const SrtMeterMessage *message = srt_meter_message (meter, i);

    if (message->sent_at != 0)
      func (message->sent_at, message->received_at, user_data);
  }
}

gint64
srt_meter_last_lost (SrtMeter *meter)
{
  gint64 last = 0;
  guint i;

  g_mutex_lock (&meter->lock);
  for (i = 0; i < meter->messages->len; i++) {
    SrtMeterMessage *message = srt_meter_message (meter, i);

    if (message->sent_at != 0 && message->received_at == 0)
      last = message->sent_at;
  }
  g_mutex_unlock (&meter->lock);
  return last;
}

gint64
srt_meter_longest_gap (SrtMeter *meter, gint64 from, gint64 to)
{
  gint64 before = 0, longest = 0;
  guint i;

  g_mutex_lock (&meter->lock);
  for (i = 0; i < meter->messages->len; i++) {
    gint64 at = srt_meter_message (meter, i)->received_at;

    if (at == 0)
      continue;
    if (before >= from && before < to)
      longest = MAX (longest, at - before);
    before = at;
  }
  g_mutex_unlock (&meter->lock);
  return longest;
}

void
srt_meter_get_totals (SrtMeter *meter, SrtMeterTotals *totals)
{
  g_mutex_lock (&meter->lock);
  *totals = meter->totals;
  g_mutex_unlock (&meter->lock);
}

/* One connection's messages, from one number to another. */
static void
add_losses (SrtMeter *meter, guint64 from, guint64 to, SrtMeterLosses *losses)
{
  gboolean came = FALSE;
  guint64 i;

  for (i = to; i-- > from;) {
    SrtMeterMessage *message = srt_meter_message (meter, i);

    if (message->received_at != 0)
      came = TRUE;
    else if (message->sent_at != 0)
      ++*(came ? &losses->skipped : &losses->cut_off);
  }
}

void
srt_meter_get_losses (SrtMeter *meter, SrtMeterLosses *losses)
{
  guint64 from, to;
  guint i;

  memset (losses, 0, sizeof *losses);
  g_mutex_lock (&meter->lock);
  for (i = 0; i < meter->starts->len; i++) {
    from = g_array_index (meter->starts, guint64, i);
    to = i + 1 < meter->starts->len
        ? g_array_index (meter->starts, guint64, i + 1) : meter->messages->len;
    add_losses (meter, from, to, losses);
  }
  g_mutex_unlock (&meter->lock);
}

gint64
srt_meter_lateness (SrtMeter *meter)
{
  gint64 lateness;

  g_mutex_lock (&meter->lock);
  lateness = meter->lateness;
  g_mutex_unlock (&meter->lock);
  return lateness;
}
