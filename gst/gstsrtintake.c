/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtintake.h"

#include <errno.h>
#include <sys/socket.h>

#include "gstsrtlasocket.h"
#include "gstsrtlistpool.h"
#include "gstsrtpacketpool.h"
#include "gstsrtpeers.h"

/* Datagrams that one call takes in, and room for each: more than is valid. */
#define BATCH GST_SRTLA_SOCKET_BATCH
#define ROOM 2048
/* Buffers that are made at once; what waits downstream makes more. */
#define POOL_SIZE (4 * BATCH)

struct _GstSrtIntake
{
  GSocket *socket;              /* a reference; NULL = closed */
  GstPoll *poll;                /* the socket, while it is open */
  GstPoll *pause;               /* nothing: what comes in waits */
  GstPollFD poll_fd;

  GstSrtPacketPool *pool;
  GstSrtListPool *lists;
  GstSrtPeers peers;            /* the callers */
  GstBuffer *buffers[BATCH];    /* to receive into */
  guint n_taken;                /* of these, the first: to be replaced */
  struct iovec vectors[BATCH];
  struct sockaddr_storage names[BATCH];
  GstSrtlaMessage messages[BATCH];
  gint64 received_at;           /* µs; the latest batch */
  gint64 interval;              /* µs between packets, smoothed */
  gboolean gather;              /* it was not a full one */
};

GstSrtIntake *
gst_srt_intake_new (void)
{
  GstSrtIntake *intake = g_new0 (GstSrtIntake, 1);

  intake->poll = gst_poll_new (TRUE);
  intake->pause = gst_poll_new (TRUE);
  return intake;
}

void
gst_srt_intake_free (GstSrtIntake * intake)
{
  gst_poll_free (intake->poll);
  gst_poll_free (intake->pause);
  g_free (intake);
}

/* ---- The socket --------------------------------------------------------- */

static GSocket *
open_socket (const gchar * address, guint port, guint buffer_size,
    GError ** error)
{
  GInetAddress *inet = g_inet_address_new_from_string (address);
  GSocketAddress *local;
  GSocket *socket;

  if (inet == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "“%s” is no address", address);
    return NULL;
  }
  local = g_inet_socket_address_new (inet, (guint16) port);
  socket = g_socket_new (g_inet_address_get_family (inet),
      G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  if (socket != NULL && !g_socket_bind (socket, local, FALSE, error))
    g_clear_object (&socket);
  if (socket != NULL) {
    g_socket_set_blocking (socket, FALSE);
    if (buffer_size > 0)
      g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, (gint) buffer_size,
          NULL);
  }
  g_object_unref (local);
  g_object_unref (inet);
  return socket;
}

GSocket *
gst_srt_intake_open (GstSrtIntake * intake, const gchar * address, guint port,
    guint buffer_size, GError ** error)
{
  intake->socket = open_socket (address, port, buffer_size, error);
  if (intake->socket == NULL)
    return NULL;
  gst_poll_fd_init (&intake->poll_fd);
  intake->poll_fd.fd = g_socket_get_fd (intake->socket);
  gst_poll_add_fd (intake->poll, &intake->poll_fd);
  gst_poll_fd_ctl_read (intake->poll, &intake->poll_fd, TRUE);
  return g_object_ref (intake->socket);
}

void
gst_srt_intake_close (GstSrtIntake * intake)
{
  gst_poll_remove_fd (intake->poll, &intake->poll_fd);
  g_socket_close (intake->socket, NULL);
  g_clear_object (&intake->socket);
}

/* ---- Buffers ------------------------------------------------------------ */

void
gst_srt_intake_start (GstSrtIntake * intake)
{
  guint i;

  intake->pool = gst_srt_packet_pool_new (ROOM, POOL_SIZE);
  intake->lists = gst_srt_list_pool_new (BATCH);
  for (i = 0; i < BATCH; i++) {
    intake->messages[i].msg_hdr.msg_name = &intake->names[i];
    intake->messages[i].msg_hdr.msg_iov = &intake->vectors[i];
    intake->messages[i].msg_hdr.msg_iovlen = 1;
  }
  intake->n_taken = BATCH;
  intake->gather = FALSE;
  intake->interval = 0;
}

void
gst_srt_intake_stop (GstSrtIntake * intake)
{
  guint i;

  for (i = 0; i < BATCH; i++)
    gst_clear_buffer (&intake->buffers[i]);
  g_clear_pointer (&intake->pool, gst_srt_packet_pool_free);
  gst_srt_peers_clear (&intake->peers);
  g_clear_pointer (&intake->lists, gst_srt_list_pool_free);
}

/* Gives the places of the batch that were taken a buffer to receive into. */
static void
fill_places (GstSrtIntake * intake)
{
  while (intake->n_taken > 0) {
    guint i = --intake->n_taken;
    guint8 *data;

    intake->buffers[i] = gst_srt_packet_pool_acquire (intake->pool, &data);
    intake->vectors[i].iov_base = data;
    intake->vectors[i].iov_len = ROOM;
    intake->messages[i].msg_hdr.msg_namelen = sizeof intake->names[i];
  }
}

/* Takes a received packet out of its place. */
static GstBuffer *
take_place (GstSrtIntake * intake, guint i, GstClockTime time)
{
  GstBuffer *buffer = intake->buffers[i];

  intake->buffers[i] = NULL;
  gst_srt_packet_received (buffer, intake->messages[i].msg_len,
      gst_srt_peers_find (&intake->peers, &intake->names[i],
          intake->messages[i].msg_hdr.msg_namelen));
  GST_BUFFER_PTS (buffer) = GST_BUFFER_DTS (buffer) = time;
  return buffer;
}

GstBufferList *
gst_srt_intake_take_list (GstSrtIntake * intake, guint n, GstClockTime time)
{
  GstBufferList *list = gst_srt_list_pool_acquire (intake->lists);
  guint i;

  for (i = 0; i < n; i++)
    gst_buffer_list_add (list, take_place (intake, i, time));
  return list;
}

/* ---- Receiving ---------------------------------------------------------- */

void
gst_srt_intake_set_flushing (GstSrtIntake * intake, gboolean flushing)
{
  gst_poll_set_flushing (intake->poll, flushing);
  gst_poll_set_flushing (intake->pause, flushing);
}

/* Returns: whether packets come so far apart that the next is hardly there; with
 * no coalesce_time nothing is known of that. */
static gboolean
is_slow (const GstSrtIntake * intake, gint64 coalesce_time)
{
  return intake->gather && coalesce_time > 0
      && intake->interval >= coalesce_time;
}

/* As network cards moderate their interrupts. Not after a full batch: more may
 * wait; nor where packets come slowly: then it would be one wake-up more.
 * Returns: FALSE if it is flushing. */
static gboolean
gather (GstSrtIntake * intake, gint64 coalesce_time)
{
  gint64 left;

  if (!intake->gather || coalesce_time == 0 || is_slow (intake, coalesce_time))
    return TRUE;
  left = coalesce_time + intake->received_at - g_get_monotonic_time ();
  return left <= 0
      || gst_poll_wait (intake->pause, (GstClockTime) left * GST_USECOND) >= 0
      || errno == EINTR;
}

/* A pause says no more of the packets after it than twice the time would. */
static void
note_interval (GstSrtIntake * intake, gint64 now, gint n, gint64 coalesce_time)
{
  gint64 interval = (now - intake->received_at) / n;

  intake->interval = (3 * intake->interval
      + MIN (interval, 2 * coalesce_time)) / 4;
  intake->received_at = now;
}

gint
gst_srt_intake_receive (GstSrtIntake * intake, gint64 coalesce_time)
{
  gboolean wait = is_slow (intake, coalesce_time);
  gint n, error_number;

  fill_places (intake);
  if (!gather (intake, coalesce_time))
    return 0;
  for (;;) {
    if (wait && gst_poll_wait (intake->poll, GST_CLOCK_TIME_NONE) < 0
        && errno == EBUSY)
      return 0;
    wait = TRUE;
    n = gst_srtla_socket_receive (intake->poll_fd.fd, intake->messages, BATCH,
        &error_number);
    if (n > 0)
      break;
    if (n < 0 && error_number != EAGAIN && error_number != EINTR)
      return -error_number;
  }
  note_interval (intake, g_get_monotonic_time (), n, coalesce_time);
  intake->gather = n < BATCH;
  intake->n_taken = (guint) n;
  return n;
}
