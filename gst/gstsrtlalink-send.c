/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits for an uplink's socket, and what becomes of it.
 */
#include "gstsrtlalink-private.h"

#include <errno.h>

#include "gstsrtladebug.h"
#include "gstsrtlasocket.h"

/* Tells the core what became of a packet, and lets go of it. */
static void
settle (GstSrtlaLink * link, SrtlaOutput * output, SrtlaSendResult result,
    SrtlaTime now)
{
  output->uplink = link->slot;
  if (output->kind == SRTLA_OUTPUT_PACKET || result == SRTLA_SEND_FAILED)
    srtla_bond_send_result (link->shared->bond, output, result, now);
  if (output->packet.owner != NULL)
    gst_srtla_packet_unref (link->shared->pool, output->packet.owner);
}

static void
empty (GstSrtlaLink * link, SrtlaSendResult result, SrtlaTime now)
{
  SrtlaOutput output;

  while (gst_srtla_egress_pop (&link->egress, &output))
    settle (link, &output, result, now);
}

void
gst_srtla_link_flush (GstSrtlaLink * link, SrtlaTime now)
{
  empty (link, SRTLA_SEND_DROPPED, now);
}

void
gst_srtla_link_return (GstSrtlaLink * link, SrtlaTime now)
{
  empty (link, SRTLA_SEND_RETURNED, now);
}

void
gst_srtla_link_queue (GstSrtlaLink * link, const SrtlaOutput * output,
    SrtlaTime now)
{
  SrtlaOutput copy = *output;

  GST_LOG_OBJECT (link->shared->element, "slot %u: %" G_GSIZE_FORMAT
      " bytes out", link->slot, output->packet.size);
  if (link->socket == NULL)
    settle (link, &copy, SRTLA_SEND_RETURNED, now);
  else if (!gst_srtla_egress_push (&link->egress, output))
    settle (link, &copy, SRTLA_SEND_DROPPED, now);
  /* While the core has more, it had better hear soon if that is too much. */
  else if (link->egress.count % GST_SRTLA_EGRESS_RUN == 0)
    gst_srtla_link_transmit (link, now);
}

static void
drop_first (GstSrtlaLink * link, SrtlaSendResult result, SrtlaTime now)
{
  SrtlaOutput output;

  if (gst_srtla_egress_pop (&link->egress, &output))
    settle (link, &output, result, now);
  link->retried = FALSE;
}

void
gst_srtla_link_set_blocked (GstSrtlaLink * link, gboolean blocked)
{
  link->blocked = blocked;
  gst_poll_fd_ctl_write (link->shared->poll, &link->poll_fd, blocked);
  srtla_bond_uplink_blocked (link->shared->bond, link->slot, blocked);
}

static void
too_large (GstSrtlaLink * link, SrtlaTime now)
{
  SrtlaOutput output;

  if (!gst_srtla_egress_pop (&link->egress, &output))
    return;
  link->retried = FALSE;
  /* If a train with it was refused, that was why. */
  link->trains = gst_srtla_segment_is_known ();
  gst_srtla_link_note_too_large (link, output.packet.size, now);
  settle (link, &output, SRTLA_SEND_RETURNED, now);
}

static gboolean
is_beyond_repair (gint error_number)
{
  switch (error_number) {
    case ENODEV:
    case ENXIO:
    case EADDRNOTAVAIL:
    case EBADF:
    case EINVAL:               /* the local address is gone */
    case ENOTCONN:
    case EDESTADDRREQ:
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
path_error (GstSrtlaLink * link, gint error_number, SrtlaTime now)
{
  GST_DEBUG_OBJECT (link->shared->element, "%s (slot %u): sending failed: %s",
      link_name (link), link->slot, g_strerror (error_number));
  if (link->error_since == 0)
    link->error_since = now;
  drop_first (link, SRTLA_SEND_FAILED, now);
  if (!is_beyond_repair (error_number)
      && now - link->error_since < GST_SRTLA_ERRORS_MAX)
    return TRUE;
  gst_srtla_link_fail (link, g_strdup_printf ("sending failed: %s",
          g_strerror (error_number)), now);
  return FALSE;
}

/* Returns: whether to go on sending. */
static gboolean
handle_send_error (GstSrtlaLink * link, gint error_number, SrtlaTime now)
{
  switch (error_number) {
    case EINTR:
      return TRUE;
    case EAGAIN:
      link->queue_full++;
      gst_srtla_link_set_blocked (link, TRUE);
      return FALSE;
    case ENOBUFS:
    case ENOMEM:
      link->queue_full++;
      link->retry_at = now + GST_SRTLA_QUEUE_RETRY;
      srtla_bond_uplink_blocked (link->shared->bond, link->slot, TRUE);
      return FALSE;
    case ECONNREFUSED:         /* of an earlier packet; this one was not sent */
      gst_srtla_link_note_refused (link, now);
      if (link->retried) {
        drop_first (link, SRTLA_SEND_DROPPED, now);
      } else {
        link->retried = TRUE;
        link->send_retries++;
      }
      return TRUE;
    case EMSGSIZE:
      too_large (link, now);
      return TRUE;
    default:
      return path_error (link, error_number, now);
  }
}

/* n: messages of the batch. */
static void
sent (GstSrtlaLink * link, const GstSrtlaBatch * batch, guint n)
{
  SrtlaTime now = (SrtlaTime) g_get_monotonic_time ();
  SrtlaOutput output;
  guint i, datagrams = 0;

  link->retried = FALSE;
  link->error_since = 0;
  link->traffic = TRUE;
  for (i = 0; i < n; i++)
    datagrams += batch->datagrams[i];
  while (datagrams-- > 0 && gst_srtla_egress_pop (&link->egress, &output)) {
    srtla_bond_note_sent (link->shared->bond, &output, now);
    if (output.packet.owner != NULL)
      gst_srtla_packet_unref (link->shared->pool, output.packet.owner);
  }
}

/* What waits in the device's queue, while there is traffic. */
static void
look_at_backlog (GstSrtlaLink * link, SrtlaTime now)
{
  guint64 backlog;

  if ((!link->traffic && link->backlog == 0)
      || now < link->backlog_at + (link->backlog > 0
          ? GST_SRTLA_BACKLOG_INTERVAL : GST_SRTLA_BACKLOG_IDLE))
    return;
  link->traffic = FALSE;
  link->backlog_at = now;
  backlog = gst_srtla_socket_backlog (link->socket);
  if (backlog != link->backlog)
    srtla_bond_uplink_backlog (link->shared->bond, link->slot, backlog);
  link->backlog = backlog;
}

/* Returns: whether the error may be of the train alone: then there are none any
 * more on this socket, and nothing is lost. */
static gboolean
give_up_trains (GstSrtlaLink * link, guint datagrams, gint error_number)
{
  if (datagrams < 2 || !gst_srtla_segment_is_refusal (error_number))
    return FALSE;
  GST_INFO_OBJECT (link->shared->element, "%s (slot %u): no trains of "
      "datagrams: %s", link_name (link), link->slot,
      g_strerror (error_number));
  link->trains = FALSE;
  return TRUE;
}

/* What its socket did not take is dropped if it is of no use any more; and while
 * it takes nothing goes by another uplink as soon as one has room. The rest keeps
 * its order. */
static void
tend_waiting (GstSrtlaLink * link, gboolean stuck, SrtlaTime now)
{
  SrtlaBond *bond = link->shared->bond;
  SrtlaOutput output;
  guint rest;

  for (rest = link->egress.count; rest > 0; rest--) {
    gst_srtla_egress_pop_packet (&link->egress, &output);
    if (srtla_bond_is_expired (bond, &output))
      settle (link, &output, SRTLA_SEND_EXPIRED, now);
    else if (stuck && output.copy == SRTLA_COPY_NONE
        && srtla_bond_has_room_beside (bond, link->slot, output.packet.size))
      settle (link, &output, SRTLA_SEND_RETURNED, now);
    else
      gst_srtla_egress_push (&link->egress, &output);
  }
  link->retried = FALSE;
  link->tended_at = stuck ? now : 0;
}

void
gst_srtla_link_transmit (GstSrtlaLink * link, SrtlaTime now)
{
  GstSrtlaBatch *batch = link->shared->batch;
  gint error_number, n;

  if (link->socket == NULL)
    return;
  look_at_backlog (link, now);
  if (link->blocked || now < link->retry_at) {
    if (link->egress.count > 0
        && now >= link->tended_at + GST_SRTLA_TEND_INTERVAL)
      tend_waiting (link, TRUE, now);
    return;
  }
  if (link->tended_at != 0)
    tend_waiting (link, FALSE, now);
  if (link->retry_at != 0) {
    link->retry_at = 0;
    srtla_bond_uplink_blocked (link->shared->bond, link->slot, FALSE);
  }
  while (!gst_srtla_egress_is_empty (&link->egress)) {
    gst_srtla_egress_peek (&link->egress, batch, link->trains);
    n = gst_srtla_socket_send (link->poll_fd.fd, batch->messages, batch->n,
        &error_number);
    if (n > 0)
      sent (link, batch, (guint) n);
    else if (!give_up_trains (link, batch->datagrams[0], error_number)
        && !handle_send_error (link, error_number, now)) {
      if (link->socket != NULL)
        tend_waiting (link, TRUE, now);
      return;
    }
  }
}
