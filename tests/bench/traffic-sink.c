/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "traffic.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "srtla-receiver.h"
#include "testing.h"

#define BATCH 64
#define ROOM 2048
#define ACK_INTERVAL (10 * SRTLA_MILLISECOND)

struct _TrafficSink
{
  gint fd;
  GThread *thread;
  gint stop;                    /* atomic */
  gint uplinks;                 /* atomic */
  gint count_from;              /* atomic; 0 = nothing counts yet */

  /* The thread's alone until it ended. */
  SrtlaReceiver *receiver;
  GRand *rand;
  guint group;
  guint32 highest;              /* data packet + 1; 0 = none yet */
  guint32 acknowledged, ack_number;
  SrtlaTime ack_at, started;
  GArray *latencies;            /* guint32, 0.1 µs + 1, by packet; 0 = missing */
  guint64 copies;

  guint8 datagrams[BATCH][ROOM];
  guint64 controls[BATCH][16];
  struct sockaddr_in from[BATCH];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
};

static SrtlaTime
now_of (const TrafficSink * sink)
{
  return traffic_clock () / 1000 - sink->started;
}

/* ---- What the receiver has to say ---------------------------------------- */

static void
send_to_peer (TrafficSink * sink, const SrtlaReceiverOutput * output)
{
  struct sockaddr_in to;

  memset (&to, 0, sizeof to);
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = (guint32) (output->peer >> 16);
  to.sin_port = (guint16) output->peer;
  sendto (sink->fd, output->data, output->size, 0, (struct sockaddr *) &to,
      sizeof to);
}

static void
note_data (TrafficSink * sink, const guint8 * data, gsize size, guint64 stamp)
{
  guint32 sequence = srtla_srt_sequence (data);
  guint32 first = (guint32) g_atomic_int_get (&sink->count_from);
  guint64 sent;
  guint32 index, *latency;

  if (sequence >= sink->highest)
    sink->highest = sequence + 1;
  if (first == 0 || sequence < first || size != TRAFFIC_PACKET)
    return;
  index = sequence - first;
  if (index >= sink->latencies->len)
    g_array_set_size (sink->latencies, index + 65536);
  latency = &g_array_index (sink->latencies, guint32, index);
  if (*latency != 0) {
    sink->copies++;
    return;
  }
  memcpy (&sent, data + 16, sizeof sent);
  *latency = 1 + (guint32) (stamp > sent ? (stamp - sent) / 100 : 0);
}

static void answer (TrafficSink * sink, const guint8 * reply, gsize size);

/* The SRT server: handshakes are answered, data is counted. */
static void
serve (TrafficSink * sink, const SrtlaReceiverOutput * output, guint64 stamp)
{
  guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK | SRTLA_HS_R_FLAG;
  SrtlaHandshake handshake;
  guint8 reply[256];
  gsize size;

  sink->group = output->group;
  if (srtla_packet_kind (output->data, output->size) == SRTLA_KIND_SRT_DATA) {
    note_data (sink, output->data, output->size, stamp);
    return;
  }
  if (!srtla_srt_read_handshake (output->data, output->size, &handshake))
    return;
  if (handshake.type == SRTLA_HS_TYPE_INDUCTION)
    size = testing_induction_response (reply, TRAFFIC_CALLER_ID,
        handshake.first_sequence, 0);
  else
    size = testing_conclusion_response (reply, TRAFFIC_CALLER_ID,
        TRAFFIC_SERVER_ID, handshake.first_sequence, flags, TRAFFIC_LATENCY, 0);
  answer (sink, reply, size);
}

static void
take_outputs (TrafficSink * sink, guint64 stamp)
{
  SrtlaReceiverOutput output;

  while (srtla_receiver_next_output (sink->receiver, &output)) {
    switch (output.kind) {
      case SRTLA_RECEIVER_TO_PEER:
        send_to_peer (sink, &output);
        break;
      case SRTLA_RECEIVER_TO_SERVER:
        serve (sink, &output, stamp);
        break;
      default:
        break;
    }
  }
}

static void
answer (TrafficSink * sink, const guint8 * reply, gsize size)
{
  srtla_receiver_relay (sink->receiver, sink->group, reply, size,
      now_of (sink));
}

static void
acknowledge (TrafficSink * sink, SrtlaTime now)
{
  guint8 ack[64];
  gsize size;

  if (now < sink->ack_at || sink->highest == sink->acknowledged)
    return;
  sink->ack_at = now + ACK_INTERVAL;
  sink->acknowledged = sink->highest;
  size = testing_ack (ack, ++sink->ack_number, sink->highest,
      TRAFFIC_CALLER_ID, (guint32) now);
  answer (sink, ack, size);
  take_outputs (sink, 0);
}

/* ---- The thread ---------------------------------------------------------- */

static guint64
stamp_of (struct msghdr *message)
{
  struct cmsghdr *control;
  struct timespec stamp;

  for (control = CMSG_FIRSTHDR (message); control != NULL;
      control = CMSG_NXTHDR (message, control)) {
    if (control->cmsg_level == SOL_SOCKET
        && control->cmsg_type == SCM_TIMESTAMPNS) {
      memcpy (&stamp, CMSG_DATA (control), sizeof stamp);
      return (guint64) stamp.tv_sec * 1000000000u + (guint64) stamp.tv_nsec;
    }
  }
  return traffic_clock ();
}

static gint
receive_batch (TrafficSink * sink)
{
  gint i;

  for (i = 0; i < BATCH; i++) {
    struct msghdr *message = &sink->messages[i].msg_hdr;

    sink->vectors[i].iov_base = sink->datagrams[i];
    sink->vectors[i].iov_len = ROOM;
    message->msg_iov = &sink->vectors[i];
    message->msg_iovlen = 1;
    message->msg_name = &sink->from[i];
    message->msg_namelen = sizeof sink->from[i];
    message->msg_control = sink->controls[i];
    message->msg_controllen = sizeof sink->controls[i];
    message->msg_flags = 0;
  }
  return recvmmsg (sink->fd, sink->messages, BATCH, MSG_WAITFORONE, NULL);
}

static gpointer
sink_thread (gpointer data)
{
  TrafficSink *sink = data;
  SrtlaReceiverStats stats;

  while (!g_atomic_int_get (&sink->stop)) {
    gint n = receive_batch (sink), i;
    SrtlaTime now = now_of (sink);

    for (i = 0; i < n; i++) {
      SrtlaPeer peer = (guint64) sink->from[i].sin_addr.s_addr << 16
          | sink->from[i].sin_port;

      srtla_receiver_receive (sink->receiver, peer, sink->datagrams[i],
          sink->messages[i].msg_len, now);
      take_outputs (sink, stamp_of (&sink->messages[i].msg_hdr));
    }
    acknowledge (sink, now);
    srtla_receiver_tick (sink->receiver, now);
    take_outputs (sink, 0);
    srtla_receiver_get_stats (sink->receiver, &stats);
    g_atomic_int_set (&sink->uplinks, (gint) stats.peers);
  }
  return NULL;
}

static void
draw (guint8 * bytes, gsize size, gpointer user_data)
{
  testing_random (bytes, size, user_data);
}

TrafficSink *
traffic_sink_new (const TrafficOptions * options)
{
  TrafficSink *sink = g_new0 (TrafficSink, 1);
  struct timeval patience = { 0, 2000 };
  struct sockaddr_in local;
  SrtlaBehaviour behaviour;
  gint on = 1, buffer = 16 << 20;

  if (!srtla_behaviour_find (options->behaviour, &behaviour))
    g_error ("there is no behaviour “%c”", options->behaviour);
  sink->started = traffic_clock () / 1000 - SRTLA_SECOND;
  sink->rand = g_rand_new ();
  sink->receiver = srtla_receiver_new (behaviour, draw, sink->rand,
      now_of (sink));
  sink->latencies = g_array_new (FALSE, TRUE, sizeof (guint32));
  sink->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt (sink->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt (sink->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (setsockopt (sink->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer,
          sizeof buffer) < 0)
    setsockopt (sink->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  memset (&local, 0, sizeof local);
  local.sin_family = AF_INET;
  local.sin_port = htons ((guint16) options->receiver_port);
  local.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (bind (sink->fd, (struct sockaddr *) &local, sizeof local) < 0)
    g_error ("port %d: %s", options->receiver_port, g_strerror (errno));
  sink->thread = g_thread_new ("sink", sink_thread, sink);
  return sink;
}

guint
traffic_sink_uplinks (TrafficSink * sink)
{
  return (guint) g_atomic_int_get (&sink->uplinks);
}

void
traffic_sink_count_from (TrafficSink * sink, guint32 first)
{
  g_atomic_int_set (&sink->count_from, (gint) first);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

void
traffic_sink_free (TrafficSink * sink, guint32 last,
    TrafficDelivery * delivery)
{
  guint32 n = last + 1 - (guint32) sink->count_from, missing = 0;

  g_atomic_int_set (&sink->stop, TRUE);
  g_thread_join (sink->thread);
  g_array_set_size (sink->latencies, n);
  g_array_sort (sink->latencies, compare);
  while (missing < n && g_array_index (sink->latencies, guint32, missing) == 0)
    missing++;
  memset (delivery, 0, sizeof *delivery);
  delivery->delivered = n - missing;
  delivery->copies = sink->copies;
  if (delivery->delivered > 0) {
    guint32 *sorted = &g_array_index (sink->latencies, guint32, missing);

    delivery->latency_p50 = (sorted[delivery->delivered / 2] - 1) / 10.0;
    delivery->latency_p99 = (sorted[delivery->delivered * 99 / 100] - 1) / 10.0;
  }
  close (sink->fd);
  g_array_unref (sink->latencies);
  srtla_receiver_free (sink->receiver);
  g_rand_free (sink->rand);
  g_free (sink);
}
