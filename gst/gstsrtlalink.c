/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlalink-private.h"

#include <errno.h>
#include <string.h>

#include "gstsrtladebug.h"
#include "gstsrtlasocket.h"

/* What the application sees where the core has no socket to speak of. */
#define STATE_FAILED "failed"
/* Up, but it delivers nothing and rests. */
#define STATE_STALLED "stalled"

GstSrtlaLink *
gst_srtla_link_new (GstSrtlaLinkShared * shared, GstSrtlaUplink * uplink,
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
  GstSrtlaLinkShared *shared = link->shared;

  if (g_strcmp0 (kind, link->warned) == 0)
    return;
  g_free (link->warned);
  link->warned = g_strdup (kind);
  /* Of uplinks too many the first one is told of. */
  if (link->too_many && shared->told_too_many)
    return;
  shared->told_too_many = shared->told_too_many || link->too_many;
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

void
gst_srtla_link_note_refused (GstSrtlaLink * link, SrtlaTime now)
{
  if (link->refused_at != 0)
    return;
  GST_DEBUG_OBJECT (link->shared->element, "%s (slot %u): connection refused",
      link_name (link), link->slot);
  link->refused_at = now;
  gst_srtla_link_update_state (link, NULL);
}

/* ---- Opening and closing ------------------------------------------------ */

static gboolean
prepare (GstSrtlaLink * link, SrtlaTime now, GError ** error)
{
  if (link->slot == SRTLA_NO_UPLINK)
    link->slot = srtla_bond_add_uplink (link->shared->bond, now);
  link->too_many = link->slot == SRTLA_NO_UPLINK;
  if (link->too_many) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "there are %d uplinks already", SRTLA_MAX_UPLINKS);
    return FALSE;
  }
  link->shared->told_too_many = FALSE;
  if (link->parsed)
    return TRUE;
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
  link->heard_at = now;
  srtla_bond_uplink_opened (link->shared->bond, link->slot, now);
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
      gst_srtla_link_note_refused (link, now);
    if (error_number == EMSGSIZE)       /* a router's, and what its MTU is */
      link->mtu_at = 0;
    readable = TRUE;            /* which takes a pending error with it */
  }
  if (link->blocked && gst_poll_fd_can_write (poll, &link->poll_fd))
    gst_srtla_link_set_blocked (link, FALSE);
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
      link->heard_at = now;
      link->heard_family = g_inet_address_get_family (link->receiver);
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
      gst_srtla_link_note_refused (link, now);
  }
  return 0;
}

/* ---- What the path carries ---------------------------------------------- */

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

/* Bytes that every IPv4 host must take (RFC 791), less IP's and UDP's headers. */
#define SMALL (576 - 28)

/* What the system knows: of the interface, and of routers that said so. */
static void
look_at_mtu (GstSrtlaLink * link, SrtlaTime now)
{
  guint largest = SRTLA_MAX_DATAGRAM;

  link->mtu_at = now;
  link->mtu = gst_srtla_socket_path_mtu (link->socket, &largest);
  set_largest (link, MIN (largest, SRTLA_MAX_DATAGRAM));
}

void
gst_srtla_link_note_too_large (GstSrtlaLink * link, gsize size, SrtlaTime now)
{
  guint before = link->largest;

  link->too_large++;
  look_at_mtu (link, now);
  /* It says that there is room, and there is none; unless what a router said of an
   * earlier datagram came back with this one: then the MTU just changed, or this
   * one is so small that every path must carry it. */
  if (link->largest >= size && link->largest == before && size > SMALL)
    set_largest (link, (guint) size - 1);
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
