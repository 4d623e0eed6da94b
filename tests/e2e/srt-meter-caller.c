/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls, and sends messages at their pace.
 */
#include "srt-meter-private.h"

#define IP_PACKET (E2E_MESSAGE + 44)    /* bytes: IP, UDP and SRT around it */
#define CALL_TIME 3000          /* ms to wait for an answer */
#define CALL_PAUSE 100          /* ms, then another call */
#define REST (500 * 1000)       /* µs beyond the latency for what is under way */

static void
add_calling (SrtMeterTotals *totals, const SRT_TRACEBSTATS *stats)
{
  totals->sent += (guint64) stats->pktSentUniqueTotal;
  totals->retransmitted += (guint64) stats->pktRetransTotal;
  totals->reported_lost += (guint64) stats->pktSndLossTotal;
  totals->given_up += (guint64) stats->pktSndDropTotal;
}

static SRTSOCKET
call (SrtMeter *meter)
{
  struct sockaddr_in address = srt_meter_loopback (meter->settings.caller_port);
  int latency = (int) meter->settings.latency, timeout = CALL_TIME;
  SRTSOCKET socket = srt_create_socket ();

  srt_setsockflag (socket, SRTO_LATENCY, &latency, sizeof latency);
  srt_setsockflag (socket, SRTO_CONNTIMEO, &timeout, sizeof timeout);
  if (meter->number > 0) {
    gchar *name = g_strdup_printf ("%u", meter->number);

    srt_setsockflag (socket, SRTO_STREAMID, name, (int) strlen (name));
    g_free (name);
  }
  if (srt_connect (socket, (struct sockaddr *) &address, sizeof address) == 0)
    return socket;
  srt_close (socket);
  g_usleep (CALL_PAUSE * 1000);
  return SRT_INVALID_SOCK;
}

/* Returns: the number of a message that is sent now. */
static guint64
begin_message (SrtMeter *meter, gint64 due)
{
  SrtMeterMessage message = { g_get_monotonic_time (), 0 };
  guint64 number;

  g_mutex_lock (&meter->lock);
  number = meter->messages->len;
  g_array_append_val (meter->messages, message);
  meter->lateness = MAX (meter->lateness, message.sent_at - due);
  g_mutex_unlock (&meter->lock);
  return number;
}

static void
take_back (SrtMeter *meter, guint64 number)
{
  g_mutex_lock (&meter->lock);
  srt_meter_message (meter, number)->sent_at = 0;
  g_mutex_unlock (&meter->lock);
}

static void
note_calling (SrtMeter *meter, SRTSOCKET socket)
{
  SRT_TRACEBSTATS stats;

  if (srt_bistats (socket, &stats, FALSE, TRUE) != 0)
    return;
  g_mutex_lock (&meter->lock);
  meter->calling = stats;
  g_mutex_unlock (&meter->lock);
}

/* When messages are due: evenly, or in bursts as a video encoder makes them. */
typedef struct
{
  gint64 began;                 /* µs */
  guint64 n, n_frames;          /* messages and bursts so far */
  gdouble frame_left;           /* messages of the present burst */
  GRand *random;                /* for the bursts' size */
} Pace;

static gint64
next_due (Pace *pace, const SrtMeterSettings *settings)
{
  gdouble interval = 8e6 * IP_PACKET / settings->rate;  /* µs */

  if (settings->frame_rate <= 0)
    return pace->began + (gint64) (pace->n++ * interval);
  while (pace->frame_left < 1) {
    gdouble draw = g_rand_double_range (pace->random, -1, 1);

    pace->frame_left += 1e6 / settings->frame_rate / interval
        * (1 + settings->variation * draw);
    pace->n_frames++;
  }
  pace->frame_left--;
  return pace->began + (gint64) ((pace->n_frames - 1) * 1e6
      / settings->frame_rate);
}

/* Sends until told to stop, or until the connection breaks. */
static void
send_paced (SrtMeter *meter, SRTSOCKET socket, Pace *pace)
{
  gint64 due, time;
  guint8 bytes[E2E_MESSAGE];
  guint64 n, number;

  for (n = 0; !g_atomic_int_get (&meter->stop_calling); n++) {
    due = next_due (pace, &meter->settings);
    time = g_get_monotonic_time ();
    if (due > time)
      g_usleep ((gulong) (due - time));
    number = begin_message (meter, due);
    e2e_make_message (meter->settings.seed, number, bytes);
    if (srt_sendmsg2 (socket, (const char *) bytes, E2E_MESSAGE, NULL) < 0) {
      take_back (meter, number);
      return;
    }
    if (n % STATS_MESSAGES == 0)
      note_calling (meter, socket);
  }
}

static void
send_messages (SrtMeter *meter, SRTSOCKET socket)
{
  Pace pace = {.began = g_get_monotonic_time (),
    .random = g_rand_new_with_seed ((guint32) meter->settings.seed)
  };

  send_paced (meter, socket, &pace);
  g_rand_free (pace.random);
}

gpointer
srt_meter_run_caller (gpointer data)
{
  SrtMeter *meter = data;

  while (!g_atomic_int_get (&meter->stop_calling)) {
    SRTSOCKET socket = call (meter);
    guint64 first;

    if (socket == SRT_INVALID_SOCK)
      continue;
    g_mutex_lock (&meter->lock);
    meter->totals.connections++;
    first = meter->messages->len;
    g_array_append_val (meter->starts, first);
    g_mutex_unlock (&meter->lock);
    send_messages (meter, socket);
    /* What is lost now may still be sent again. */
    if (g_atomic_int_get (&meter->stop_calling))
      g_usleep (meter->settings.latency * 1000 + REST);
    note_calling (meter, socket);
    srt_close (socket);
    g_mutex_lock (&meter->lock);
    add_calling (&meter->totals, &meter->calling);
    memset (&meter->calling, 0, sizeof meter->calling);
    g_mutex_unlock (&meter->lock);
  }
  return NULL;
}
