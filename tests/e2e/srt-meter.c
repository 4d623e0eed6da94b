/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srt-meter.h"

#include "../net/net-namespace.h"

#include <arpa/inet.h>
#include <string.h>
#include <syslog.h>

#include <srt/srt.h>

#define IP_PACKET (E2E_MESSAGE + 44)    /* bytes: IP, UDP and SRT around it */
#define LOOK_TIME 50            /* ms between two looks at whether to stop */
#define CALL_TIME 3000          /* ms to wait for an answer */
#define CALL_PAUSE 100          /* ms, then another call */
#define STATS_MESSAGES 64       /* between two looks at libsrt's counters */
#define REST (500 * 1000)       /* µs beyond the latency for what is under way */

typedef struct
{
  gint64 sent_at;               /* monotonic, µs; 0: it was not */
  gint64 received_at;           /* 0: it was not */
} Message;

struct _SrtMeter
{
  SrtMeterSettings settings;
  SRTSOCKET listener;
  int epoll;                    /* of the listener and its connection */
  GThread *caller_thread, *listener_thread;
  SRTSOCKET connection;         /* the listener's thread's; INVALID: none */
  guint number;                 /* among those that another listens for, from
                                 * 1; 0: it does itself */
  gint stop_calling, stop_listening;    /* atomic */
  gint wanted;                  /* atomic: the listener shall be there */
  gint is_listening;            /* atomic: it is */

  GMutex lock;                  /* for what follows */
  GPtrArray *others;            /* meters that this one listens for as well */
  GArray *messages;             /* of Message, by number */
  guint64 received;
  gint64 lateness;              /* µs */
  gchar *complaint;             /* NULL: all was right so far */
  SrtMeterTotals totals;        /* of the connections that ended */
  SRT_TRACEBSTATS calling, listening;   /* of the present ones */
};

static void
add_calling (SrtMeterTotals *totals, const SRT_TRACEBSTATS *stats)
{
  totals->sent += (guint64) stats->pktSentUniqueTotal;
  totals->retransmitted += (guint64) stats->pktRetransTotal;
  totals->reported_lost += (guint64) stats->pktSndLossTotal;
  totals->given_up += (guint64) stats->pktSndDropTotal;
}

static void
add_listening (SrtMeterTotals *totals, const SRT_TRACEBSTATS *stats)
{
  totals->received += (guint64) stats->pktRecvTotal;
  totals->gaps += (guint64) stats->pktRcvLossTotal;
  totals->dropped += (guint64) stats->pktRcvDropTotal;
}

/* ---- The caller ---------------------------------------------------------- */

static struct sockaddr_in
loopback (guint16 port)
{
  struct sockaddr_in address;

  memset (&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons (port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  return address;
}

static SRTSOCKET
call (SrtMeter *meter)
{
  struct sockaddr_in address = loopback (meter->settings.caller_port);
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
  Message message = { g_get_monotonic_time (), 0 };
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
  g_array_index (meter->messages, Message, number).sent_at = 0;
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

static gpointer
run_caller (gpointer data)
{
  SrtMeter *meter = data;

  while (!g_atomic_int_get (&meter->stop_calling)) {
    SRTSOCKET socket = call (meter);

    if (socket == SRT_INVALID_SOCK)
      continue;
    g_mutex_lock (&meter->lock);
    meter->totals.connections++;
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

/* ---- The listener -------------------------------------------------------- */

/* Looks at a message that came. */
static void
judge (SrtMeter *meter, const guint8 *bytes, gsize size)
{
  guint64 number = size >= 8 ? GST_READ_UINT64_BE (bytes) : 0;
  guint8 expected[E2E_MESSAGE];

  e2e_make_message (meter->settings.seed, number, expected);
  g_mutex_lock (&meter->lock);
  if (size != E2E_MESSAGE || memcmp (bytes, expected, size) != 0
      || number >= meter->messages->len) {
    meter->complaint = g_strdup_printf ("a message of %" G_GSIZE_FORMAT
        " bytes, number %" G_GUINT64_FORMAT ", differs", size, number);
  } else {
    Message *message = &g_array_index (meter->messages, Message, number);

    if (message->received_at != 0)
      meter->complaint = g_strdup_printf ("message %" G_GUINT64_FORMAT
          " came twice", number);
    message->received_at = g_get_monotonic_time ();
    meter->received++;
  }
  g_mutex_unlock (&meter->lock);
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
    judge (meter, (const guint8 *) bytes, (gsize) size);
    if (meter->received % STATS_MESSAGES == 0)
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

static void open_listener (gpointer data);

static void
listen_in_namespace (SrtMeter *meter)
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
  listen_in_namespace (meter);
  g_atomic_int_set (&meter->is_listening, TRUE);
}

void
srt_meter_set_listening (SrtMeter *meter, gboolean listening)
{
  g_atomic_int_set (&meter->wanted, listening);
  while (g_atomic_int_get (&meter->is_listening) != listening)
    g_usleep (LOOK_TIME * 100);
}

static gpointer
run_listener (gpointer data)
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

/* In the listener's namespace. */
static void
open_listener (gpointer data)
{
  SrtMeter *meter = data;
  struct sockaddr_in address = loopback (meter->settings.listener_port);
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

/* ---- Start, end, account ------------------------------------------------- */

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
  meter->messages = g_array_sized_new (FALSE, FALSE, sizeof (Message), room);
  /* Pages that were not written to are no memory yet. */
  memset (meter->messages->data, 1, room * sizeof (Message));
  meter->connection = SRT_INVALID_SOCK;
  meter->others = g_ptr_array_new ();
  if (settings->listened_for_by != NULL) {
    join (settings->listened_for_by, meter);
  } else {
    meter->epoll = srt_epoll_create ();
    listen_in_namespace (meter);
    meter->wanted = meter->is_listening = TRUE;
    meter->listener_thread = g_thread_new ("listener", run_listener, meter);
  }
  meter->caller_thread = g_thread_new ("caller", run_caller, meter);
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
  g_ptr_array_free (meter->others, TRUE);
  g_mutex_clear (&meter->lock);
  g_free (meter->complaint);
  g_free (meter);
  srt_cleanup ();
}

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
    Message *message = &g_array_index (meter->messages, Message, i);

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
    const Message *message = &g_array_index (meter->messages, Message, i);

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
    Message *message = &g_array_index (meter->messages, Message, i);

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
    gint64 at = g_array_index (meter->messages, Message, i).received_at;

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

gint64
srt_meter_lateness (SrtMeter *meter)
{
  gint64 lateness;

  g_mutex_lock (&meter->lock);
  lateness = meter->lateness;
  g_mutex_unlock (&meter->lock);
  return lateness;
}
