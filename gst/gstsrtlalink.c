/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlalink.h"

#include <errno.h>
#include <string.h>

#include "gstsrtladebug.h"
#include "gstsrtlasocket.h"

/* What the application sees where the core has no socket to speak of. */
#define STATE_FAILED "failed"
/* Up, but it delivers nothing and rests. */
#define STATE_STALLED "stalled"

#define link_name(link) gst_srtla_spec_shown (gst_srtla_uplink_get_spec ((link)->uplink))

GstSrtlaLink *
gst_srtla_link_new (const GstSrtlaLinkShared * shared, GstSrtlaUplink * uplink,
    SrtlaTime now)
{
  GstSrtlaLink *link = g_new0 (GstSrtlaLink, 1);

  link->shared = shared;
  link->uplink = gst_object_ref (uplink);
  link->slot = SRTLA_NO_UPLINK;
  link->changes = gst_srtla_uplink_get_changes (uplink) - 1;
  link->backoff = GST_SRTLA_REOPEN_MIN;
  link->largest = SRTLA_MAX_DATAGRAM;
  link->family_patience = GST_SRTLA_FAMILY_MIN;
  link->reopen_at = now;
  link->core_state = SRTLA_UPLINK_CLOSED;
  link->shown_state = srtla_uplink_state_name (SRTLA_UPLINK_CLOSED);
  return link;
}

/* Returns: the socket, which is the caller's. */
static GSocket *
detach_socket (GstSrtlaLink * link)
{
  gst_poll_remove_fd (link->shared->poll, &link->poll_fd);
  link->blocked = link->retried = link->rebind = FALSE;
  link->retry_at = link->error_since = link->refused_at = 0;
  return g_steal_pointer (&link->socket);
}

static void
close_socket (GstSrtlaLink * link)
{
  GSocket *socket;

  if (link->socket == NULL)
    return;
  socket = detach_socket (link);
  g_socket_close (socket, NULL);
  g_object_unref (socket);
}

/* In other states no receiver counts it, or another port is better. */
void
gst_srtla_link_park (GstSrtlaLink * link, SrtlaTime now)
{
  if (link->socket == NULL || link->error_since != 0
      || (link->core_state != SRTLA_UPLINK_UP
          && link->core_state != SRTLA_UPLINK_DOWN
          && link->core_state != SRTLA_UPLINK_REGISTERING))
    return;
  gst_srtla_parking_put (link->shared->parking,
      gst_srtla_uplink_get_spec (link->uplink), link->receiver, link->port,
      detach_socket (link), now);
}

void
gst_srtla_link_free (GstSrtlaLink * link)
{
  SrtlaOutput output;

  close_socket (link);
  while (gst_srtla_egress_pop (&link->egress, &output)) {
    if (output.packet.owner != NULL)
      gst_srtla_packet_unref (link->shared->pool, output.packet.owner);
  }
  gst_srtla_spec_clear (&link->spec);
  g_clear_object (&link->receiver);
  g_free (link->failure);
  g_free (link->warned);
  gst_object_unref (link->uplink);
  g_free (link);
}

/* ---- State -------------------------------------------------------------- */

static gboolean
is_waiting_for_answers (SrtlaUplinkState state)
{
  return state == SRTLA_UPLINK_PROBING || state == SRTLA_UPLINK_REGISTERING
      || state == SRTLA_UPLINK_DOWN;
}

/* kind: what counts as the same trouble. */
static void
warn_once (GstSrtlaLink * link, const gchar * kind, const gchar * reason)
{
  const GstSrtlaLinkShared *shared = link->shared;

  if (g_strcmp0 (kind, link->warned) == 0)
    return;
  g_free (link->warned);
  link->warned = g_strdup (kind);
  shared->notify (gst_srtla_notice_new_trouble (GST_SRTLA_NOTICE_WARNING,
          GST_RESOURCE_ERROR_OPEN_WRITE,
          g_strdup_printf ("Uplink “%s” cannot be used: %s.",
              link_name (link), reason),
          g_strdup ("It is tried again until it works or is removed.")),
      shared->user_data);
}

void
gst_srtla_link_update_state (GstSrtlaLink * link, const gchar * reason)
{
  const gchar *state = srtla_uplink_state_name (link->core_state);
  gchar *refusal = NULL;
  GstSrtlaNotice *notice;

  if (link->core_state == SRTLA_UPLINK_CLOSED && link->socket != NULL)
    return;                     /* a new source port: it goes on at once */
  if (link->core_state == SRTLA_UPLINK_CLOSED && link->failure != NULL) {
    state = STATE_FAILED;
    reason = link->failure;
  } else if (link->core_state == SRTLA_UPLINK_UP && link->stalled) {
    state = STATE_STALLED;
  } else if (link->refused_at != 0
      && is_waiting_for_answers (link->core_state)) {
    gchar receiver[GST_SRTLA_ADDRESS_SIZE];

    gst_srtla_socket_format_address (link->receiver, link->port, receiver,
        sizeof receiver);
    state = STATE_FAILED;
    reason = refusal = g_strdup_printf ("connection refused: no receiver "
        "listens on %s", receiver);
  }
  if (link->core_state == SRTLA_UPLINK_UP)
    g_clear_pointer (&link->warned, g_free);

  if (!g_str_equal (state, link->shown_state)) {
    GST_INFO_OBJECT (link->shared->element, "%s (slot %u): %s -> %s (%s)",
        link_name (link), link->slot, link->shown_state, state,
        reason ? reason : "");
    gst_srtla_uplink_set_state (link->uplink, state, reason);
    notice = gst_srtla_notice_new (GST_SRTLA_NOTICE_UPLINK_STATE);
    notice->uplink = gst_object_ref (link->uplink);
    notice->from = link->shown_state;
    notice->to = state;
    notice->text = g_strdup (reason);
    link->shared->notify (notice, link->shared->user_data);
    link->shown_state = state;
  } else if (g_str_equal (state, STATE_FAILED)) {
    gst_srtla_uplink_set_state (link->uplink, state, reason);
  }
  if (g_str_equal (state, STATE_FAILED))
    warn_once (link, refusal ? "refused" : reason, reason);
  g_free (refusal);
}

/* ---- Opening and closing ------------------------------------------------ */

static gboolean
prepare (GstSrtlaLink * link, SrtlaTime now, GError ** error)
{
  if (link->slot == SRTLA_NO_UPLINK)
    link->slot = srtla_bond_add_uplink (link->shared->bond, now);
  if (link->slot == SRTLA_NO_UPLINK) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "there are %d uplinks already", SRTLA_MAX_UPLINKS);
    return FALSE;
  }
  if (!link->parsed)
    link->parsed = gst_srtla_spec_parse (gst_srtla_uplink_get_spec
        (link->uplink), &link->spec, error);
  return link->parsed;
}

void
gst_srtla_link_open (GstSrtlaLink * link, GInetAddress * receiver, guint port,
    SrtlaTime now)
{
  gchar far[GST_SRTLA_ADDRESS_SIZE];
  GError *error = NULL;

  g_set_object (&link->receiver, receiver);
  link->port = port;
  if (prepare (link, now, &error)) {
    link->socket = gst_srtla_parking_take (link->shared->parking,
        gst_srtla_uplink_get_spec (link->uplink), receiver, port);
    if (link->socket == NULL)
      link->socket = gst_srtla_socket_open (&link->spec, receiver, port,
          &error);
  }
  if (link->socket == NULL) {
    gst_srtla_link_fail (link, g_strdup (error->message), now);
    g_error_free (error);
    return;
  }

  gst_poll_fd_init (&link->poll_fd);
  link->poll_fd.fd = g_socket_get_fd (link->socket);
  gst_poll_add_fd (link->shared->poll, &link->poll_fd);
  gst_poll_fd_ctl_read (link->shared->poll, &link->poll_fd, TRUE);
  g_clear_pointer (&link->failure, g_free);
  link->trains = gst_srtla_segment_is_known ();
  gst_srtla_socket_local_address (link->socket, link->local_address,
      sizeof link->local_address);
  gst_srtla_socket_format_address (receiver, port, far, sizeof far);
  GST_INFO_OBJECT (link->shared->element, "%s (slot %u): socket %s to %s",
      link_name (link), link->slot, link->local_address, far);
  srtla_bond_uplink_blocked (link->shared->bond, link->slot, FALSE);
  srtla_bond_uplink_backlog (link->shared->bond, link->slot, 0);
  link->backlog = 0;
  link->send_buffer = 0;
  link->mtu_at = 0;
  link->opened_at = now;
  link->answered = FALSE;
  srtla_bond_uplink_opened (link->shared->bond, link->slot, now);
}

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
gst_srtla_link_vacate (GstSrtlaLink * link, SrtlaTime now)
{
  const GstSrtlaLinkShared *shared = link->shared;

  if (link->slot == SRTLA_NO_UPLINK)
    return;
  while (!srtla_bond_vacate_uplink (shared->bond, link->slot, now))
    shared->drain (shared->drain_data, now);
}

void
gst_srtla_link_close (GstSrtlaLink * link, const gchar * reason, SrtlaTime now)
{
  if (link->socket == NULL)
    return;
  gst_srtla_link_return (link, now);
  close_socket (link);
  srtla_bond_uplink_closed (link->shared->bond, link->slot, reason, now);
}

void
gst_srtla_link_fail (GstSrtlaLink * link, gchar * reason, SrtlaTime now)
{
  g_free (link->failure);
  link->failure = reason;
  link->reopen_at = now + link->backoff;
  link->backoff = MIN (2 * link->backoff, GST_SRTLA_REOPEN_MAX);
  if (link->socket == NULL) {
    gst_srtla_link_update_state (link, NULL);
    return;
  }
  gst_srtla_link_vacate (link, now);
  gst_srtla_link_close (link, "socket failed", now);
}

/* ---- Sending ------------------------------------------------------------ */

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

static void
set_blocked (GstSrtlaLink * link, gboolean blocked)
{
  link->blocked = blocked;
  gst_poll_fd_ctl_write (link->shared->poll, &link->poll_fd, blocked);
  srtla_bond_uplink_blocked (link->shared->bond, link->slot, blocked);
}

static void
set_largest (GstSrtlaLink * link, guint largest)
{
  if (largest == link->largest)
    return;
  GST_INFO_OBJECT (link->shared->element, "%s (slot %u): MTU %u, room for %u "
      "bytes", link_name (link), link->slot, link->mtu, largest);
  link->largest = largest;
  srtla_bond_uplink_largest (link->shared->bond, link->slot, largest);
}

/* What the system knows: of the interface, and of routers that said so. */
static void
look_at_mtu (GstSrtlaLink * link, SrtlaTime now)
{
  guint largest = SRTLA_MAX_DATAGRAM;

  link->mtu_at = now;
  link->mtu = gst_srtla_socket_path_mtu (link->socket, &largest);
  set_largest (link, MIN (largest, SRTLA_MAX_DATAGRAM));
}

static void
too_large (GstSrtlaLink * link, SrtlaTime now)
{
  SrtlaOutput output;
  gsize size;

  if (!gst_srtla_egress_pop (&link->egress, &output))
    return;
  size = output.packet.size;
  link->too_large++;
  link->retried = FALSE;
  /* If a train with it was refused, that was why. */
  link->trains = gst_srtla_segment_is_known ();
  look_at_mtu (link, now);
  if (link->largest >= size)    /* it says so, but it does not */
    set_largest (link, (guint) size - 1);
  settle (link, &output, SRTLA_SEND_RETURNED, now);
}

void
gst_srtla_link_warn_narrow (GstSrtlaLink * link)
{
  if (link->warned_largest == link->largest)
    return;
  link->warned_largest = link->largest;
  link->shared->notify (gst_srtla_notice_new_trouble (GST_SRTLA_NOTICE_WARNING,
          GST_RESOURCE_ERROR_WRITE,
          g_strdup_printf ("Packets are larger than uplink “%s” can carry: "
              "its MTU is %u, which has room for %u bytes of SRT.",
              link_name (link), link->mtu, link->largest),
          g_strdup ("Packets are not fragmented. They go by uplinks that carry "
              "them, if there are any, and by this one only smaller ones: to "
              "use it, lower the SRT payload size (1316 bytes by default, "
              "besides 16 of header).")),
      link->shared->user_data);
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

static void
note_refused (GstSrtlaLink * link, SrtlaTime now)
{
  if (link->refused_at != 0)
    return;
  GST_DEBUG_OBJECT (link->shared->element, "%s (slot %u): connection refused",
      link_name (link), link->slot);
  link->refused_at = now;
  gst_srtla_link_update_state (link, NULL);
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
      set_blocked (link, TRUE);
      return FALSE;
    case ENOBUFS:
    case ENOMEM:
      link->queue_full++;
      link->retry_at = now + GST_SRTLA_QUEUE_RETRY;
      srtla_bond_uplink_blocked (link->shared->bond, link->slot, TRUE);
      return FALSE;
    case ECONNREFUSED:         /* of an earlier packet; this one was not sent */
      note_refused (link, now);
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

/* ---- Receiving ---------------------------------------------------------- */

gboolean
gst_srtla_link_poll (GstSrtlaLink * link, SrtlaTime now)
{
  GstPoll *poll = link->shared->poll;
  gboolean readable;

  if (link->socket == NULL)
    return FALSE;
  readable = gst_poll_fd_can_read (poll, &link->poll_fd);
  if (gst_poll_fd_has_error (poll, &link->poll_fd)) {
    gint error_number = gst_srtla_socket_drain_errors (link->socket);

    if (error_number == ECONNREFUSED)
      note_refused (link, now);
    if (error_number == EMSGSIZE)       /* a router's, and what its MTU is */
      link->mtu_at = 0;
    readable = TRUE;            /* which takes a pending error with it */
  }
  if (link->blocked && gst_poll_fd_can_write (poll, &link->poll_fd))
    set_blocked (link, FALSE);
  return readable;
}

guint
gst_srtla_link_receive (GstSrtlaLink * link, GstSrtlaMessage * messages,
    guint n, SrtlaTime now)
{
  gint error_number, received, attempts;

  for (attempts = 0; attempts < 2 && link->socket != NULL; attempts++) {
    received = gst_srtla_socket_receive (link->poll_fd.fd, messages, n,
        &error_number);
    if (received > 0) {
      link->answered = TRUE;
      link->family_patience = GST_SRTLA_FAMILY_MIN;
      if (link->refused_at != 0) {
        link->refused_at = 0;
        gst_srtla_link_update_state (link, "the receiver answers");
      }
      return (guint) received;
    }
    if (received == 0 || error_number == EAGAIN)
      return 0;
    if (error_number == ECONNREFUSED)
      note_refused (link, now);
  }
  return 0;
}

/* ---- Elsewhere ---------------------------------------------------------- */

SrtlaTime
gst_srtla_link_deadline (const GstSrtlaLink * link)
{
  SrtlaTime deadline = SRTLA_TIME_NONE;

  if (link->socket == NULL)
    return SRTLA_TIME_NONE;
  if (!link->blocked && !gst_srtla_egress_is_empty (&link->egress))
    deadline = link->retry_at;
  if (link->blocked && link->egress.count > 0)
    deadline = link->tended_at + GST_SRTLA_TEND_INTERVAL;
  if (link->backlog > 0)
    deadline = MIN (deadline, link->backlog_at + GST_SRTLA_BACKLOG_INTERVAL);
  return deadline;
}

void
gst_srtla_link_update_limit (GstSrtlaLink * link, SrtlaTime now)
{
  gint changes = gst_srtla_uplink_get_changes (link->uplink);

  if (link->socket != NULL && now >= link->mtu_at + GST_SRTLA_MTU_INTERVAL)
    look_at_mtu (link, now);
  if (link->slot == SRTLA_NO_UPLINK || changes == link->changes)
    return;
  link->changes = changes;
  srtla_bond_uplink_limit (link->shared->bond, link->slot,
      gst_srtla_uplink_get_max_bitrate (link->uplink), now);
}

/* The socket's buffer holds what the uplink may have in front of it, no more:
 * what is in there has no priority. Without a target that is all there is. */
static void
fit_send_buffer (GstSrtlaLink * link, const SrtlaUplinkStats * core)
{
  SrtlaTime target = link->shared->queue_target;
  guint64 bytes;

  if (link->socket == NULL || core->delivered_rate == 0)
    return;
  bytes = target == 0 ? GST_SRTLA_SEND_BUFFER_MAX
      : core->capacity / 8 * (core->rtt_minimum + target) / SRTLA_SECOND;
  bytes = CLAMP (bytes, GST_SRTLA_SEND_BUFFER_MIN, GST_SRTLA_SEND_BUFFER_MAX);
  if (bytes < link->send_buffer + link->send_buffer / 4
      && bytes > link->send_buffer - link->send_buffer / 4)
    return;
  link->send_buffer = (guint) bytes;
  gst_srtla_socket_set_send_buffer (link->socket, link->send_buffer);
}

void
gst_srtla_link_publish (GstSrtlaLink * link, const SrtlaUplinkStats * core,
    SrtlaTime now)
{
  GstSrtlaUplinkRecord record;

  memset (&record, 0, sizeof record);
  if (core != NULL) {
    record.core = *core;
    fit_send_buffer (link, core);
  }
  record.taken_at = now;
  if (link->socket != NULL)
    g_strlcpy (record.local_address, link->local_address,
        sizeof record.local_address);
  record.send_retries = link->send_retries;
  record.queue_full = link->queue_full;
  record.too_large = link->too_large;
  record.mtu = link->socket != NULL ? link->mtu : 0;
  gst_srtla_uplink_set_record (link->uplink, &record);
}
