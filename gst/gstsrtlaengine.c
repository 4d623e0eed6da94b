/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaengine.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "gstsrtladebug.h"
#include "gstsrtlaflows.h"
#include "gstsrtlasocket.h"

/* Packets that are taken from one pad before it is the next one's turn. */
#define INGRESS_BATCH 64
/* Packets that a turn takes in all modes but classic: the core's queues hold
 * them, in their order of urgency. */
#define INGRESS_TURN 4096
/* Times that a turn looks for what can go now that something else went. */
#define SEND_ROUNDS 8
/* Batches that are received from one socket in a turn. */
#define RECEIVE_ROUNDS 4
/* Room for one datagram: more than is valid, so that what is too long shows. */
#define DATAGRAM_SIZE 2048

struct _GstSrtlaEngine
{
  GstSrtlaEngineConfig config;
  SrtlaBond *bond;
  GstSrtlaPacketPool *pool;
  GstSrtlaLinks *links;
  GstSrtlaReturn way;
  GstSrtlaFlows flows;
  GstSrtlaCoreSettings settings;        /* as the core has them */
  SrtlaTime drain_timeout, stats_interval;
  SrtlaTime stats_at;           /* SRTLA_TIME_NONE = off */
  GstSrtlaFileWatch file;
  SrtlaTime file_at;            /* SRTLA_TIME_NONE = nothing to watch */
  guint drain;                  /* number; 0 = no drain under way */
  guint drain_asked;            /* the last one asked for, done or not */
  SrtlaTime drain_until;
  SrtlaTime no_way_at;          /* the last notice of it; 0 = none */

  gboolean warned_not_srt;
  guint64 unreadable;           /* buffers that could not be mapped */

  guint8 *datagrams;            /* GST_SRTLA_SOCKET_BATCH × DATAGRAM_SIZE */
  struct iovec vectors[GST_SRTLA_SOCKET_BATCH];
  GstSrtlaMessage messages[GST_SRTLA_SOCKET_BATCH];
};

/* ---- What the core is given --------------------------------------------- */

/* The system's generator: group ids are secrets. It does not fail for so few
 * bytes on any kernel that has it. */
static void
fill_random (guint8 * bytes, gsize size, gpointer user_data)
{
  gssize got;

  (void) user_data;
  while (size > 0) {
    got = getrandom (bytes, size, 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      g_error ("no random numbers from the system: %s", g_strerror (errno));
    bytes += got;
    size -= (gsize) got;
  }
}

static void
reference_packet (gpointer owner, gpointer user_data)
{
  (void) user_data;
  gst_srtla_packet_ref (owner);
}

static void
release_packet (gpointer owner, gpointer user_data)
{
  GstSrtlaEngine *engine = user_data;

  gst_srtla_packet_unref (engine->pool, owner);
}

static gboolean take_outputs (GstSrtlaEngine * engine, SrtlaTime now);

static void
drain (gpointer engine, SrtlaTime now)
{
  take_outputs (engine, now);
}

GstSrtlaEngine *
gst_srtla_engine_new (const GstSrtlaEngineConfig * config, SrtlaTime now)
{
  GstSrtlaEngine *engine = g_new0 (GstSrtlaEngine, 1);
  SrtlaBondConfig bond = { fill_random, engine, reference_packet,
    release_packet, 0
  };
  GstSrtlaLinkShared shared;
  guint i;

  engine->config = *config;
  engine->bond = srtla_bond_new (&bond, now);
  engine->pool = gst_srtla_packet_pool_new ();
  gst_srtla_flows_init (&engine->flows, engine->bond);
  gst_srtla_core_settings_init (&engine->settings);
  engine->stats_at = engine->file_at = SRTLA_TIME_NONE;
  engine->datagrams = g_malloc (GST_SRTLA_SOCKET_BATCH * DATAGRAM_SIZE);
  for (i = 0; i < GST_SRTLA_SOCKET_BATCH; i++) {
    engine->vectors[i].iov_base = engine->datagrams + i * DATAGRAM_SIZE;
    engine->vectors[i].iov_len = DATAGRAM_SIZE;
    engine->messages[i].msg_hdr.msg_iov = &engine->vectors[i];
    engine->messages[i].msg_hdr.msg_iovlen = 1;
  }

  shared.bond = engine->bond;
  shared.pool = engine->pool;
  shared.poll = config->poll;
  shared.batch = NULL;          /* theirs to make */
  shared.parking = NULL;        /* likewise */
  shared.told_too_many = FALSE;
  shared.queue_target = SRTLA_QUEUE_TARGET;
  shared.element = config->element;
  shared.notify = config->notify;
  shared.user_data = config->user_data;
  shared.drain = drain;
  shared.drain_data = engine;
  engine->links = gst_srtla_links_new (&shared, config->uplinks,
      gst_srtla_target_new (config->element, config->host, config->port,
          config->resolved, config->user_data), now);
  return engine;
}

void
gst_srtla_engine_free (GstSrtlaEngine * engine)
{
  gst_srtla_links_free (engine->links);
  srtla_bond_free (engine->bond);
  gst_srtla_return_clear (&engine->way);
  gst_srtla_flows_clear (&engine->flows);
  gst_srtla_file_watch_set (&engine->file, NULL);
  gst_srtla_packet_pool_free (engine->pool);
  g_free (engine->datagrams);
  g_free (engine);
}

/* ---- What the core hands out -------------------------------------------- */

static void
notify (GstSrtlaEngine * engine, GstSrtlaNotice * notice)
{
  engine->config.notify (notice, engine->config.user_data);
}

static void
no_way_back (GstSrtlaEngine * engine, const gchar * reason, SrtlaTime now)
{
  GstSrtlaNotice *notice;

  if (engine->no_way_at != 0
      && now - engine->no_way_at < GST_SRTLA_NO_WAY_INTERVAL)
    return;
  engine->no_way_at = now;
  notice = gst_srtla_notice_new (GST_SRTLA_NOTICE_NO_WAY_BACK);
  notice->text = g_strdup (reason);
  notify (engine, notice);
}

static void
hand_out (GstSrtlaEngine * engine, const SrtlaOutput * output, SrtlaTime now)
{
  GstSrtlaLink *link = output->uplink < SRTLA_MAX_UPLINKS
      ? engine->links->slots[output->uplink] : NULL;
  const gchar *reason;

  switch (output->kind) {
    case SRTLA_OUTPUT_REPLY:
      reason = gst_srtla_return_send (&engine->way, output->caller,
          output->packet.data, output->packet.size);
      if (reason != NULL)
        no_way_back (engine, reason, now);
      break;
    case SRTLA_OUTPUT_PACKET:
    case SRTLA_OUTPUT_CONTROL:
      if (link != NULL) {
        gst_srtla_link_queue (link, output, now);
      } else if (output->packet.owner != NULL) {
        srtla_bond_send_result (engine->bond, output, SRTLA_SEND_DROPPED, now);
        gst_srtla_packet_unref (engine->pool, output->packet.owner);
      }
      break;
    case SRTLA_OUTPUT_REBIND:
      if (link != NULL)
        link->rebind = TRUE;
      break;
  }
}

/* Returns: whether there were any. */
static gboolean
take_outputs (GstSrtlaEngine * engine, SrtlaTime now)
{
  SrtlaOutput output;
  gboolean any = FALSE;

  while (srtla_bond_next_output (engine->bond, &output)) {
    hand_out (engine, &output, now);
    any = TRUE;
  }
  return any;
}

/* A socket that takes no more, or fails, leaves packets for the others. */
static void
send_outputs (GstSrtlaEngine * engine, SrtlaTime now)
{
  guint round;

  take_outputs (engine, now);
  gst_srtla_links_transmit (engine->links, now);
  for (round = 0; round < SEND_ROUNDS && take_outputs (engine, now); round++)
    gst_srtla_links_transmit (engine->links, now);
}

/* ---- What the loop tells ------------------------------------------------ */

void
gst_srtla_engine_set_settings (GstSrtlaEngine * engine,
    const GstSrtlaSettings * settings, SrtlaTime now)
{
  gst_srtla_core_settings_apply (&engine->settings, engine->bond, settings,
      now);
  engine->links->shared.queue_target = settings->queue_target;
  take_outputs (engine, now);   /* what was held back may go out now */
  engine->drain_timeout = settings->drain_timeout;
  if (settings->stats_interval != engine->stats_interval) {
    engine->stats_interval = settings->stats_interval;
    srtla_bond_forget_intervals (engine->bond);
    engine->stats_at = engine->stats_interval != 0
        ? now + engine->stats_interval : SRTLA_TIME_NONE;
  }
  gst_srtla_return_set_socket (&engine->way, settings->return_socket);
  if (g_strcmp0 (settings->uplinks_file, engine->file.path) != 0) {
    gst_srtla_file_watch_set (&engine->file, settings->uplinks_file);
    engine->file_at = engine->file.path != NULL
        ? now + GST_SRTLA_FILE_INTERVAL : SRTLA_TIME_NONE;
  }
}

void
gst_srtla_engine_set_ingresses (GstSrtlaEngine * engine, GPtrArray * ingresses,
    const GstSrtlaIngressStats * past)
{
  gst_srtla_flows_set (&engine->flows, ingresses, past);
}

void
gst_srtla_engine_set_src_pad (GstSrtlaEngine * engine, GstSrtlaSrcPad * pad)
{
  gst_srtla_return_set_pad (&engine->way, pad);
}

void
gst_srtla_engine_drain (GstSrtlaEngine * engine, guint number, SrtlaTime now)
{
  if (number == engine->drain_asked)
    return;
  engine->drain = engine->drain_asked = number;
  engine->drain_until = now + engine->drain_timeout;
}

/* ---- In ----------------------------------------------------------------- */

static void
take_datagrams (GstSrtlaEngine * engine, GstSrtlaLink * link, guint n,
    SrtlaTime now)
{
  guint i;

  engine->links->answered_at = now;
  for (i = 0; i < n; i++) {
    GST_LOG_OBJECT (engine->config.element, "slot %u: %u bytes in",
        link->slot, engine->messages[i].msg_len);
    srtla_bond_receive (engine->bond, link->slot,
        engine->vectors[i].iov_base, engine->messages[i].msg_len, now);
    take_outputs (engine, now);
  }
}

/* Returns: whether there may be more. */
static gboolean
receive (GstSrtlaEngine * engine, SrtlaTime now)
{
  gboolean more = FALSE;
  guint i, round, n;

  for (i = 0; i < engine->links->order->len; i++) {
    GstSrtlaLink *link = engine->links->order->pdata[i];

    if (!gst_srtla_link_poll (link, now))
      continue;
    n = GST_SRTLA_SOCKET_BATCH;
    for (round = 0; round < RECEIVE_ROUNDS && n == GST_SRTLA_SOCKET_BATCH;
        round++) {
      n = gst_srtla_link_receive (link, engine->messages,
          GST_SRTLA_SOCKET_BATCH, now);
      if (n > 0)
        take_datagrams (engine, link, n, now);
    }
    more = more || n == GST_SRTLA_SOCKET_BATCH;
  }
  return more;
}

static void
warn_not_srt (GstSrtlaEngine * engine, const SrtlaPacket * packet)
{
  gchar *text;

  if (engine->warned_not_srt)
    return;
  engine->warned_not_srt = TRUE;
  if (srtla_packet_looks_like_mpegts (packet->data, packet->size))
    text = g_strdup ("Expected SRT packets, but this is MPEG-TS.");
  else
    text = g_strdup_printf ("Expected SRT packets, but a packet of %"
        G_GSIZE_FORMAT " bytes is none.", packet->size);
  notify (engine, gst_srtla_notice_new_trouble (GST_SRTLA_NOTICE_WARNING,
          GST_RESOURCE_ERROR_WRITE, text,
          g_strdup ("Such packets are dropped and counted (dropped-not-srt). "
              "SRT packets of 16 to 1500 bytes come from an SRT caller: let "
              "“srtsink uri=srt://127.0.0.1:PORT” or any other SRT caller send "
              "to “udpsrc port=PORT ! srtlasink …” in another pipeline.")));
}

static void
push_packet (GstSrtlaEngine * engine, GstSrtlaIngress * ingress,
    const GstSrtlaArrival * arrival)
{
  GstBuffer *buffer = arrival->buffer;
  gboolean droppable = GST_BUFFER_FLAG_IS_SET (buffer,
      GST_BUFFER_FLAG_DROPPABLE);
  SrtlaPushVerdict verdict;
  SrtlaPacket packet;
  guint caller = SRTLA_NO_CALLER;

  if (!gst_srtla_packet_map (engine->pool, buffer, &packet)) {
    engine->unreadable++;
    return;
  }
  gst_srtla_packet_ref (packet.owner);  /* ours, until the end of this */
  verdict = srtla_bond_push_flow (engine->bond,
      gst_srtla_ingress_get_flow (ingress), &packet, droppable, arrival->at,
      &caller);
  GST_LOG_OBJECT (engine->config.element, "caller %u: %" G_GSIZE_FORMAT
      " bytes, verdict %d", caller, packet.size, verdict);
  if (verdict == SRTLA_PUSH_NOT_SRT)
    warn_not_srt (engine, &packet);
  else
    gst_srtla_return_learn (&engine->way, caller, buffer, ingress);
  gst_srtla_packet_unref (engine->pool, packet.owner);
}

/* Takes packets from the pads in turn; *packets becomes how many there were.
 * Returns: whether there may be more. */
static gboolean
push (GstSrtlaEngine * engine, SrtlaTime now, guint * packets)
{
  GPtrArray *ingresses = engine->flows.ingresses;
  GstSrtlaArrival arrivals[INGRESS_BATCH];
  GstSrtlaIngressNews news;
  guint most = engine->settings.toggles.mode == GST_SRTLA_MODE_CLASSIC
      ? SRTLA_BOND_BATCH : INGRESS_TURN;
  guint total = 0, i, j, n;
  gboolean more;

  do {
    more = FALSE;
    for (i = 0; i < ingresses->len; i++) {
      GstSrtlaIngress *ingress = ingresses->pdata[i];

      n = gst_srtla_ingress_take (ingress, arrivals, INGRESS_BATCH, &news);
      gst_srtla_flows_heed (&engine->flows, ingress, &news);
      for (j = 0; j < n; j++)
        push_packet (engine, ingress, &arrivals[j]);
      take_outputs (engine, now);
      total += n;
      more = more || n == INGRESS_BATCH;
    }
  } while (more && total < most);
  *packets = total;
  return more;
}

/* ---- The turn ----------------------------------------------------------- */

static void
check_drain (GstSrtlaEngine * engine, SrtlaTime now)
{
  GstSrtlaNotice *notice;

  if (engine->drain == 0)
    return;
  if (now < engine->drain_until && (gst_srtla_engine_has_input (engine)
          || srtla_bond_waiting (engine->bond) > 0
          || !gst_srtla_links_is_empty (engine->links)))
    return;
  GST_DEBUG_OBJECT (engine->config.element, "drained, %u packets left",
      gst_srtla_links_waiting (engine->links)
      + srtla_bond_waiting (engine->bond));
  srtla_bond_flush (engine->bond);
  gst_srtla_links_flush (engine->links, now);
  notice = gst_srtla_notice_new (GST_SRTLA_NOTICE_DRAINED);
  notice->number = engine->drain;
  engine->drain = 0;
  notify (engine, notice);
}

static void
check_timers (GstSrtlaEngine * engine, SrtlaTime now)
{
  if (now >= engine->stats_at) {
    engine->stats_at = now + engine->stats_interval;
    srtla_bond_reset_interval (engine->bond);
    notify (engine, gst_srtla_notice_new (GST_SRTLA_NOTICE_STATS));
  }
  if (now >= engine->file_at) {
    engine->file_at = now + GST_SRTLA_FILE_INTERVAL;
    if (gst_srtla_file_watch_check (&engine->file))
      notify (engine, gst_srtla_notice_new (GST_SRTLA_NOTICE_FILE));
  }
}

gboolean
gst_srtla_engine_turn (GstSrtlaEngine * engine, gboolean ready, SrtlaTime now,
    guint * packets)
{
  gboolean more = FALSE;

  if (ready)
    more = receive (engine, now);
  gst_srtla_links_transmit (engine->links, now);        /* what was left over */
  srtla_bond_tick (engine->bond, now);
  more = push (engine, now, packets) || more;
  gst_srtla_links_update (engine->links, now);
  take_outputs (engine, now);
  srtla_bond_tick (engine->bond, now);
  send_outputs (engine, now);
  gst_srtla_links_take_events (engine->links, now);
  check_timers (engine, now);
  check_drain (engine, now);
  return more;
}

/* More than there are uplinks. */
#define BLOCKED 128

/* Returns: what the loop waits for on the sockets, as a number: from BLOCKED on
 * some of them take nothing. */
static guint
awaited (const GstSrtlaEngine * engine)
{
  guint i, sum = 0;

  for (i = 0; i < engine->links->order->len; i++) {
    const GstSrtlaLink *link = engine->links->order->pdata[i];

    sum += (link->socket != NULL ? 1 : 0) + (link->blocked ? BLOCKED : 0);
  }
  return sum;
}

gboolean
gst_srtla_engine_help (GstSrtlaEngine * engine, gboolean looked, gboolean ready,
    SrtlaTime now, guint * packets)
{
  guint before = awaited (engine);
  gboolean more = FALSE;

  if (ready)
    more = receive (engine, now);
  if (looked)
    srtla_bond_tick (engine->bond, now);
  more = push (engine, now, packets) || more;
  send_outputs (engine, now);
  gst_srtla_links_take_events (engine->links, now);
  return more || awaited (engine) != before;
}

gboolean
gst_srtla_engine_has_input (GstSrtlaEngine * engine)
{
  return gst_srtla_flows_have_input (&engine->flows);
}

gboolean
gst_srtla_engine_is_waiting (GstSrtlaEngine * engine)
{
  return srtla_bond_waiting (engine->bond) > 0 || awaited (engine) >= BLOCKED;
}

gboolean
gst_srtla_engine_is_filling (GstSrtlaEngine * engine)
{
  return gst_srtla_flows_are_urgent (&engine->flows);
}

SrtlaTime
gst_srtla_engine_deadline (GstSrtlaEngine * engine)
{
  SrtlaTime deadline = srtla_bond_deadline (engine->bond);

  deadline = MIN (deadline, gst_srtla_links_deadline (engine->links));
  deadline = MIN (deadline, engine->stats_at);
  deadline = MIN (deadline, engine->file_at);
  if (engine->drain != 0)
    deadline = MIN (deadline, engine->drain_until);
  return deadline;
}

void
gst_srtla_engine_stop (GstSrtlaEngine * engine, SrtlaTime now)
{
  guint i;

  srtla_bond_flush (engine->bond);
  take_outputs (engine, now);
  gst_srtla_links_flush (engine->links, now);
  for (i = 0; i < engine->links->order->len; i++)
    gst_srtla_link_close (engine->links->order->pdata[i], "stopped", now);
  gst_srtla_links_take_events (engine->links, now);
}

void
gst_srtla_engine_get_stats (GstSrtlaEngine * engine, GstSrtlaStats * stats,
    SrtlaTime now)
{
  GstSrtlaTarget *target = engine->links->target;
  GInetAddress *address = gst_srtla_target_get (target,
      G_SOCKET_FAMILY_INVALID);

  memset (stats, 0, sizeof *stats);
  srtla_bond_get_stats (engine->bond, now, &stats->bond);
  stats->taken_at = now;
  stats->running = TRUE;
  stats->mode = srtla_bond_mode (engine->bond);
  if (address != NULL)
    gst_srtla_socket_format_address (address, target->port, stats->receiver,
        sizeof stats->receiver);
  gst_srtla_flows_get_stats (&engine->flows, stats);
  stats->waiting = gst_srtla_links_waiting (engine->links);
  stats->unreadable = engine->unreadable;
  stats->replies_dropped = gst_srtla_return_get_dropped (&engine->way);
  gst_srtla_links_publish (engine->links, &stats->bond, now);
}
