/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "traffic.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "reference/segment.h"
#include "testing.h"

#define SECOND G_GUINT64_CONSTANT (1000000000)
#define FRAMES 30               /* a second */
/* libsrt writes a burst's packets that far apart. */
#define BURST_GAP 6000
/* Evenly spaced and faster than this, one call for each packet is too slow:
 * packets come in trains, so far apart. Mbit/s, ns. */
#define TRAINS_FROM 400.0
#define TRAIN_INTERVAL 250000
#define TRAIN 48

guint64
traffic_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return (guint64) now.tv_sec * SECOND + (guint64) now.tv_nsec;
}

void
traffic_sleep_until (guint64 time)
{
  struct timespec until = { (time_t) (time / SECOND), (long) (time % SECOND) };

  clock_nanosleep (CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

void
traffic_generator_open (TrafficGenerator * generator,
    const TrafficOptions * options)
{
  struct sockaddr_in to;
  gint buffer = 4 << 20;

  memset (generator, 0, sizeof *generator);
  generator->options = options;
  generator->sequence = TRAFFIC_FIRST;
  generator->started = traffic_clock ();
  generator->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt (generator->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  memset (&to, 0, sizeof to);
  to.sin_family = AF_INET;
  to.sin_port = htons ((guint16) options->port);
  to.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (connect (generator->fd, (struct sockaddr *) &to, sizeof to) < 0)
    g_error ("the generator has no socket");
}

/* ---- Handshake ---------------------------------------------------------- */

static gboolean
exchange (TrafficGenerator * generator, const guint8 * data, gsize size,
    gint32 type, guint64 until)
{
  struct timeval patience = { 0, 100000 };
  SrtlaHandshake answer;
  guint8 reply[2048];

  setsockopt (generator->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
      sizeof patience);
  while (traffic_clock () < until) {
    gssize n;

    if (send (generator->fd, data, size, 0) < 0)
      g_usleep (20000);         /* nobody listens yet */
    n = recv (generator->fd, reply, sizeof reply, 0);
    if (n > 0 && srtla_srt_read_handshake (reply, (gsize) n, &answer)
        && answer.type == type)
      return TRUE;
    if (n < 0)
      g_usleep (20000);
  }
  return FALSE;
}

gboolean
traffic_generator_connect (TrafficGenerator * generator, gdouble patience)
{
  guint64 until = traffic_clock () + (guint64) (patience * (gdouble) SECOND);
  guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK | SRTLA_HS_R_FLAG;
  guint8 data[256];
  gsize size = testing_induction (data, TRAFFIC_CALLER_ID, TRAFFIC_FIRST, 0);

  if (!exchange (generator, data, size, SRTLA_HS_TYPE_INDUCTION, until))
    return FALSE;
  size = testing_conclusion (data, TRAFFIC_CALLER_ID, TRAFFIC_FIRST, flags,
      TRAFFIC_LATENCY, 0);
  return exchange (generator, data, size, SRTLA_HS_TYPE_CONCLUSION, until);
}

/* ---- Data --------------------------------------------------------------- */

static void
write_packet (TrafficGenerator * generator, guint8 * out, guint64 now)
{
  guint32 timestamp = (guint32) ((now - generator->started) / 1000);

  srtla_write_u32 (out, generator->sequence & SRTLA_SEQ_MASK);
  srtla_write_u32 (out + 4, 0xe0000000u | (generator->sequence & 0x03ffffff));
  srtla_write_u32 (out + 8, timestamp);
  srtla_write_u32 (out + 12, TRAFFIC_SERVER_ID);
  memcpy (out + 16, &now, sizeof now);
  generator->sequence++;
}

static void
send_one (TrafficGenerator * generator)
{
  static guint8 packet[TRAFFIC_PACKET];

  write_packet (generator, packet, traffic_clock ());
  send (generator->fd, packet, sizeof packet, 0);
}

static void
send_train (TrafficGenerator * generator, guint n)
{
  static guint8 packets[TRAIN][TRAFFIC_PACKET];
  struct iovec vector = { packets, n * sizeof packets[0] };
  SegmentControl control;
  struct msghdr message;
  guint i;

  for (i = 0; i < n; i++)
    write_packet (generator, packets[i], traffic_clock ());
  memset (&message, 0, sizeof message);
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  segment_message (&message, &control, TRAFFIC_PACKET);
  sendmsg (generator->fd, &message, 0);
}

/* Reads what came back, and answers full ACKs as an SRT caller does. */
static void
take_replies (TrafficGenerator * generator)
{
  guint8 reply[2048], answer[16];
  gssize n;

  while ((n = recv (generator->fd, reply, sizeof reply, MSG_DONTWAIT)) > 0) {
    if (srtla_packet_kind (reply, (gsize) n) != SRTLA_KIND_SRT_ACK || n < 44)
      continue;
    testing_ackack (answer, srtla_read_u32 (reply + 4), TRAFFIC_SERVER_ID,
        srtla_srt_timestamp (reply));
    send (generator->fd, answer, sizeof answer, 0);
  }
}

static void
send_frame (TrafficGenerator * generator, guint64 packet_time)
{
  guint n = (guint) (SECOND / FRAMES / packet_time), i;
  guint64 next = traffic_clock ();

  for (i = 0; i < n; i++) {
    while (traffic_clock () < next);
    next = traffic_clock () + BURST_GAP;
    send_one (generator);
  }
  generator->due += n * packet_time;
}

static void
send_trains (TrafficGenerator * generator, guint64 packet_time)
{
  guint64 now = traffic_clock ();

  while (generator->due + packet_time <= now) {
    guint n = (guint) MIN ((now - generator->due) / packet_time, TRAIN);

    send_train (generator, n);
    generator->due += n * packet_time;
  }
  traffic_sleep_until (now + TRAIN_INTERVAL);
}

void
traffic_generator_run (TrafficGenerator * generator, gdouble seconds)
{
  const TrafficOptions *options = generator->options;
  guint64 packet_time = options->pattern == TRAFFIC_FLAT ? 1
      : (guint64) (8000.0 * TRAFFIC_PACKET / options->rate);
  guint64 end = traffic_clock () + (guint64) (seconds * (gdouble) SECOND);

  if (generator->due == 0)
    generator->due = traffic_clock ();
  while (traffic_clock () < end) {
    if (options->pattern == TRAFFIC_FLAT) {
      send_train (generator, TRAIN);
    } else if (options->pattern == TRAFFIC_EVEN
        && options->rate >= TRAINS_FROM) {
      send_trains (generator, packet_time);
    } else {
      traffic_sleep_until (generator->due);
      if (options->pattern == TRAFFIC_BURST) {
        send_frame (generator, packet_time);
      } else {
        send_one (generator);
        generator->due += packet_time;
      }
    }
    take_replies (generator);
  }
}
