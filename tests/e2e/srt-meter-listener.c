/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Listens, and looks at each message that comes.
 */
#include "srt-meter-private.h"

#include "../net/net-namespace.h"

#define LOOK_TIME 50            /* ms between two looks at whether to stop */

static void
add_listening (SrtMeterTotals *totals, const SRT_TRACEBSTATS *stats)
{
  totals->received += (guint64) stats->pktRecvTotal;
  totals->gaps += (guint64) stats->pktRcvLossTotal;
  totals->dropped += (guint64) stats->pktRcvDropTotal;
}

/* Looks at a message that came. Returns: whether some before it did not. */
static gboolean
judge (SrtMeter *meter, const guint8 *bytes, gsize size)
{
  guint64 number = size >= 8 ? GST_READ_UINT64_BE (bytes) : 0;
  guint8 expected[E2E_MESSAGE];
  gboolean skipped = FALSE;

  e2e_make_message (meter->settings.seed, number, expected);
  g_mutex_lock (&meter->lock);
  if (size != E2E_MESSAGE || memcmp (bytes, expected, size) != 0
      || number >= meter->messages->len) {
    meter->complaint = g_strdup_printf ("a message of %" G_GSIZE_FORMAT
        " bytes, number %" G_GUINT64_FORMAT ", differs", size, number);
  } else {
    SrtMeterMessage *message = srt_meter_message (meter, number);

    if (message->received_at != 0)
      meter->complaint = g_strdup_printf ("message %" G_GUINT64_FORMAT
          " came twice", number);
    message->received_at = g_get_monotonic_time ();
    meter->received++;
    skipped = number != meter->next;
    meter->next = number + 1;
  }
  g_mutex_unlock (&meter->lock);
  return skipped;
}

static void
note_listening (SrtMeter *meter, SRTSOCKET socket)
{
  SRT_TRACEBSTATS stats;

  if (srt_bistats (socket, &stats, FALSE, TRUE) != 0)
    return;
  g_mutex_lock (&meter->lock);
  meter->listening = stats;
  g_mutex_unlock (&meter->lock);
}

static void
drop_connection (SrtMeter *meter)
{
  if (meter->connection == SRT_INVALID_SOCK)
    return;
  note_listening (meter, meter->connection);
  srt_close (meter->connection);
  meter->connection = SRT_INVALID_SOCK;
  g_mutex_lock (&meter->lock);
  add_listening (&meter->totals, &meter->listening);
  memset (&meter->listening, 0, sizeof meter->listening);
  g_mutex_unlock (&meter->lock);
}

static SrtMeter *
get_other (SrtMeter *meter, guint number)
{
  SrtMeter *other = NULL;

  g_mutex_lock (&meter->lock);
  if (number >= 1 && number <= meter->others->len)
    other = g_ptr_array_index (meter->others, number - 1);
  g_mutex_unlock (&meter->lock);
  return other;
}

/* Takes who called last: this one's caller, or another's, which said so. */
static void
accept_latest (SrtMeter *meter)
{
  SRTSOCKET socket = srt_accept (meter->listener, NULL, NULL);
  int events = SRT_EPOLL_IN | SRT_EPOLL_ERR, length = 15;
  char name[16] = "";
  SrtMeter *whose;

  if (socket == SRT_INVALID_SOCK)
    return;
  srt_getsockflag (socket, SRTO_STREAMID, name, &length);
  whose = get_other (meter, (guint) g_ascii_strtoull (name, NULL, 10));
  if (whose == NULL)
    whose = meter;
  drop_connection (whose);
  whose->connection = socket;
  srt_epoll_add_usock (meter->epoll, socket, &events);
}

static void
drop_all (SrtMeter *meter)
{
  SrtMeter *other;
  guint i;

  drop_connection (meter);
  for (i = 1; (other = get_other (meter, i)) != NULL; i++)
    drop_connection (other);
}

/* Reads all there is; drops a connection that broke. */
static void
read_messages (SrtMeter *meter)
{
  char bytes[E2E_MESSAGE + 1];
  int size;

  while ((size = srt_recvmsg (meter->connection, bytes, sizeof bytes)) > 0) {
    /* A connection that breaks tells no more: what was skipped is counted at
     * once. */
    if (judge (meter, (const guint8 *) bytes, (gsize) size)
        || meter->received % STATS_MESSAGES == 0)
      note_listening (meter, meter->connection);
  }
  if (srt_getlasterror (NULL) != SRT_EASYNCRCV)
    drop_connection (meter);
}

static void
handle (SrtMeter *meter, SRTSOCKET ready)
{
  SrtMeter *whose = meter;
  guint i;

  if (ready == meter->listener) {
    accept_latest (meter);
    return;
  }
  for (i = 1; whose != NULL && whose->connection != ready; i++)
    whose = get_other (meter, i);
  if (whose != NULL)
    read_messages (whose);
}

/* In the listener's namespace. */
static void
open_listener (gpointer data)
{
  SrtMeter *meter = data;
  struct sockaddr_in address =
      srt_meter_loopback (meter->settings.listener_port);
  int latency = (int) (meter->settings.listener_latency > 0
      ? meter->settings.listener_latency : meter->settings.latency);
  int tolerance = (int) meter->settings.lossmaxttl;
  gboolean blocking = FALSE;    /* its connections inherit it */
  SRTSOCKET socket = srt_create_socket ();

  srt_setsockflag (socket, SRTO_LATENCY, &latency, sizeof latency);
  srt_setsockflag (socket, SRTO_LOSSMAXTTL, &tolerance, sizeof tolerance);
  srt_setsockflag (socket, SRTO_RCVSYN, &blocking, sizeof blocking);
  if (srt_bind (socket, (struct sockaddr *) &address, sizeof address) != 0
      || srt_listen (socket, 4) != 0)
    g_error ("SRT listener: %s", srt_getlasterror_str ());
  meter->listener = socket;
}

void
srt_meter_listen (SrtMeter *meter)
{
  int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;

  if (meter->settings.listener_namespace > 0)
    net_namespace_call (meter->settings.listener_namespace, open_listener,
        meter);
  else
    open_listener (meter);
  srt_epoll_add_usock (meter->epoll, meter->listener, &events);
}

/* The listener is not there until it shall be again. */
static void
rest (SrtMeter *meter)
{
  srt_close (meter->listener);
  g_atomic_int_set (&meter->is_listening, FALSE);
  while (!g_atomic_int_get (&meter->wanted)
      && !g_atomic_int_get (&meter->stop_listening))
    g_usleep (LOOK_TIME * 1000);
  srt_meter_listen (meter);
  g_atomic_int_set (&meter->is_listening, TRUE);
}

void
srt_meter_set_listening (SrtMeter *meter, gboolean listening)
{
  g_atomic_int_set (&meter->wanted, listening);
  while (g_atomic_int_get (&meter->is_listening) != listening)
    g_usleep (LOOK_TIME * 100);
}

gpointer
srt_meter_run_listener (gpointer data)
{
  SrtMeter *meter = data;

  while (!g_atomic_int_get (&meter->stop_listening)) {
    SRTSOCKET ready[8];
    int n_ready = G_N_ELEMENTS (ready), i;

    if (!g_atomic_int_get (&meter->wanted)) {
      drop_all (meter);
      rest (meter);
      continue;
    }
    if (srt_epoll_wait (meter->epoll, ready, &n_ready, NULL, NULL, LOOK_TIME,
            NULL, NULL, NULL, NULL) < 0)
      continue;
    for (i = 0; i < n_ready; i++)
      handle (meter, ready[i]);
  }
  drop_all (meter);
  return NULL;
}
