/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pairs about clocks, locks, threads, logging and sockets. */
#define _GNU_SOURCE
#include "pairs.h"

#include <gst/gst.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reference/segment.h"

#define SIZE 1332
#define REPLY 44
#define TRAIN 8                 /* packets */

/* ---- One timestamp a turn ------------------------------------------------ */

static guint64
clocks (guint n, guint every)
{
  guint64 start = pairs_thread_time ();
  volatile gint64 now = 0;
  guint i;

  for (i = 0; i < n; i++) {
    if (i % every == 0)
      now = g_get_monotonic_time ();
    (void) now;
  }
  return pairs_thread_time () - start;
}

static guint64
clock_each_packet (guint n)
{
  return clocks (n, 1);
}

static guint64
clock_each_turn (guint n)
{
  return clocks (n, PAIRS_TURN);
}

/* ---- Settings ------------------------------------------------------------ */

typedef struct
{
  gboolean quality, exploration, priorities;
  guint coalesce, spin, target;
} Settings;

static guint64
settings (guint n, guint every)
{
  static GMutex lock;
  static Settings shared = { TRUE, TRUE, TRUE, 1000, 0, 50 };
  volatile Settings snapshot;
  guint64 start = pairs_thread_time ();
  guint i;

  for (i = 0; i < n; i++) {
    if (i % every == 0) {
      g_mutex_lock (&lock);
      snapshot = shared;
      g_mutex_unlock (&lock);
    }
    (void) snapshot.quality;
  }
  return pairs_thread_time () - start;
}

static guint64
settings_each_packet (guint n)
{
  return settings (n, 1);
}

static guint64
settings_each_turn (guint n)
{
  return settings (n, PAIRS_TURN);
}

/* ---- Logging that is off ------------------------------------------------- */

GST_DEBUG_CATEGORY_STATIC (pairs_debug);
#define GST_CAT_DEFAULT pairs_debug

static guint64
log_calls (guint n, gboolean log)
{
  volatile guint uplink = 0;
  guint64 start;
  guint i;

  if (pairs_debug == NULL)
    GST_DEBUG_CATEGORY_INIT (pairs_debug, "pairs", 0, "what logging costs");
  start = pairs_thread_time ();
  for (i = 0; i < n; i++) {
    uplink = i % 4;
    if (log)
      GST_LOG ("packet %u to uplink %u", i, uplink);
  }
  return pairs_thread_time () - start;
}

static guint64
log_each_packet (guint n)
{
  return log_calls (n, TRUE);
}

static guint64
log_never (guint n)
{
  return log_calls (n, FALSE);
}

/* ---- Sockets ------------------------------------------------------------- */

typedef struct
{
  int in, out;                  /* what goes out on one comes in at the other */
} Sockets;

static const Sockets *
sockets (void)
{
  static Sockets pair = { -1, -1 };
  struct sockaddr_in address;
  socklen_t length = sizeof address;

  if (pair.in >= 0)
    return &pair;
  memset (&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  pair.in = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  pair.out = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (bind (pair.in, (struct sockaddr *) &address, sizeof address) < 0
      || getsockname (pair.in, (struct sockaddr *) &address, &length) < 0
      || connect (pair.out, (struct sockaddr *) &address, sizeof address) < 0)
    g_error ("no sockets on loopback");
  return &pair;
}

static void
drain (void)
{
  static guint8 packet[SIZE];

  while (recv (sockets ()->in, packet, sizeof packet, MSG_DONTWAIT) > 0);
}

static guint8 packets[TRAIN][SIZE];
static struct iovec vectors[TRAIN];
static struct mmsghdr messages[TRAIN];

static void
send_each (void)
{
  guint i;

  for (i = 0; i < TRAIN; i++)
    send (sockets ()->out, packets[i], SIZE, 0);
}

static void
send_many (void)
{
  guint i;

  for (i = 0; i < TRAIN; i++) {
    vectors[i].iov_base = packets[i];
    vectors[i].iov_len = SIZE;
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  if (sendmmsg (sockets ()->out, messages, TRAIN, 0) != TRAIN)
    g_error ("sendmmsg does not work");
}

static void
send_train (void)
{
  struct iovec vector = { packets, sizeof packets };
  SegmentControl control;
  struct msghdr message;

  memset (&message, 0, sizeof message);
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  segment_message (&message, &control, SIZE);
  if (sendmsg (sockets ()->out, &message, 0) != sizeof packets)
    g_error ("UDP_SEGMENT does not work");
}

/* What reading them costs does not count. */
static guint64
send_all (guint n, void (*function) (void))
{
  guint64 time = 0, start;
  guint i;

  for (i = 0; i < n; i += TRAIN) {
    start = pairs_thread_time ();
    function ();
    time += pairs_thread_time () - start;
    drain ();
  }
  return time;
}

static guint64
by_send (guint n)
{
  return send_all (n, send_each);
}

static guint64
by_sendmmsg (guint n)
{
  return send_all (n, send_many);
}

static guint64
by_train (guint n)
{
  return send_all (n, send_train);
}

/* ---- Replies ------------------------------------------------------------- */

static gpointer
reply_thread (gpointer queue)
{
  gpointer reply;

  while ((reply = g_async_queue_pop (queue)) != NULL) {
    send (sockets ()->out, reply, REPLY, 0);
    g_free (reply);
  }
  return NULL;
}

/* So far apart that a thread has gone to sleep in between, and few: both
 * sides wait as often. */
static guint64
replies (guint n, GAsyncQueue * queue)
{
  guint64 start = pairs_process_time ();
  guint8 reply[REPLY] = { 0 };
  guint i;

  for (i = 0; i < n; i++) {
    if (queue != NULL)
      g_async_queue_push (queue, g_memdup2 (reply, sizeof reply));
    else
      send (sockets ()->out, reply, sizeof reply, 0);
    g_usleep (100);
    drain ();
  }
  return pairs_process_time () - start;
}

static guint64
reply_by_thread (guint n)
{
  static GAsyncQueue *queue;

  if (queue == NULL) {
    queue = g_async_queue_new ();
    g_thread_unref (g_thread_new ("replies", reply_thread, queue));
  }
  return replies (n, queue);
}

static guint64
reply_inline (guint n)
{
  return replies (n, NULL);
}

const Pair pairs_system[] = {
  {"clock", clock_each_packet, clock_each_turn},
  {"settings", settings_each_packet, settings_each_turn},
  {"logging", log_each_packet, log_never},
  {"sendmmsg", by_send, by_sendmmsg},
  {"segments", by_sendmmsg, by_train},
  {"replies", reply_by_thread, reply_inline},
  {NULL, NULL, NULL}
};
