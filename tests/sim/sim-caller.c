/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-caller.h"

#include <math.h>
#include <string.h>

#define BUFFER_SIZE 16384       /* packets; a power of two */
#define HANDSHAKE_INTERVAL (250 * SRTLA_MILLISECOND)
#define CONNECT_TIMEOUT (3 * SRTLA_SECOND)
#define PEER_IDLE (5 * SRTLA_SECOND)
#define TICK (10 * SRTLA_MILLISECOND)
#define LEAST_DROP_TIME SRTLA_SECOND
/* Gap between packets at unlimited bandwidth (libsrt: 1 Gbit/s), µs. */
#define LEAST_GAP 11.0

typedef enum
{
  IDLE,                         /* not started */
  INDUCTION,
  CONCLUSION,
  CONNECTED,
} State;

typedef struct
{
  guint64 index;                /* of the media packet */
  SrtlaTime origin;
  SrtlaTime again_at;           /* last retransmission; 0 = none */
  gboolean lost;                /* in the loss list */
} Slot;

struct _SimCaller
{
  SimCallerConfig config;
  SimRandom random;
  State state;

  guint32 id, peer_id, cookie;
  SrtlaTime attempt;            /* when this connection was begun: time 0 */
  SrtlaTime last_heard, last_sent;
  gboolean peer_reports;        /* the peer sends periodic NAKs */

  Slot *buffer;                 /* by sequence number */
  guint32 acknowledged;         /* all before it arrived */
  guint32 oldest;               /* first in the buffer; after a drop beyond
                                 * `acknowledged` */
  guint32 unsent;               /* next to go out for the first time */
  guint32 next;                 /* next that the application writes */
  guint n_lost;
  guint32 lost_from;            /* no loss before it */
  guint room;                   /* packets that the peer can take */
  gint64 rtt, variance;         /* µs, as the peer reports */
  SrtlaTime last_progress;      /* last ACK that was no step back */
  guint timeouts;

  gdouble next_send;            /* pacing: not before, µs */
  gdouble next_media;           /* µs */
  gdouble owed;                 /* packets, part of one left over by a burst */
  gboolean media_started;

  SimTimer handshake_timer, media_timer, send_timer, tick_timer;
};

static inline Slot *
slot_of (SimCaller *caller, guint32 sequence)
{
  return &caller->buffer[sequence & (BUFFER_SIZE - 1)];
}

static guint32
timestamp (const SimCaller *caller, SrtlaTime at)
{
  return (guint32) (at - caller->attempt);
}

static void
send_packet (SimCaller *caller, SimPacket *packet, SrtlaTime now)
{
  caller->last_sent = now;
  caller->config.send (packet, caller->config.user_data);
}

/* ---- Connection -------------------------------------------------------- */

static void
send_handshake (SimCaller *caller, SrtlaTime now)
{
  const SimCallerSpec *spec = caller->config.spec;
  SrtlaHandshake handshake = { 0, };

  handshake.first_sequence = caller->acknowledged;
  handshake.socket_id = caller->id;
  if (caller->state == INDUCTION) {
    handshake.version = 4;
    handshake.type = SRTLA_HS_TYPE_INDUCTION;
  } else {
    handshake.version = 5;
    handshake.type = SRTLA_HS_TYPE_CONCLUSION;
    handshake.has_extension = TRUE;
    handshake.srt_version = 0x010501;
    handshake.flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
        | SRTLA_HS_ENCRYPTION | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK
        | SRTLA_HS_R_FLAG;
    handshake.receiver_delay = handshake.sender_delay =
        (guint16) (spec->latency / SRTLA_MILLISECOND);
  }
  send_packet (caller, sim_wire_handshake (caller->config.pool, &handshake,
          caller->cookie, timestamp (caller, now), 0), now);
  sim_timer_set (&caller->handshake_timer, now + HANDSHAKE_INTERVAL);
}

static void
connect_anew (SimCaller *caller, SrtlaTime now)
{
  gint64 first = caller->config.spec->first_sequence;

  caller->state = INDUCTION;
  caller->attempt = now;
  caller->id = (guint32) sim_random_bits (&caller->random) & 0x3fffffff;
  caller->peer_id = caller->cookie = 0;
  caller->acknowledged = (first >= 0 ? (guint32) first
      : (guint32) sim_random_bits (&caller->random)) & SRTLA_SEQ_MASK;
  caller->oldest = caller->unsent = caller->next = caller->acknowledged;
  caller->n_lost = 0;
  caller->lost_from = caller->acknowledged;
  caller->rtt = 100000;
  caller->variance = 50000;
  caller->room = 8192;
  caller->timeouts = 1;
  send_handshake (caller, now);
}

static void
handshake_due (gpointer target, gpointer data, SrtlaTime now)
{
  SimCaller *caller = target;

  (void) data;
  if (caller->state == CONNECTED)
    return;
  if (caller->state == IDLE || now - caller->attempt >= CONNECT_TIMEOUT)
    connect_anew (caller, now);
  else
    send_handshake (caller, now);
}

static void
receive_handshake (SimCaller *caller, const guint8 *data, gsize size,
    SrtlaTime now)
{
  SrtlaHandshake handshake;

  if (!srtla_srt_read_handshake (data, size, &handshake))
    return;
  if (caller->state == INDUCTION
      && handshake.type == SRTLA_HS_TYPE_INDUCTION) {
    caller->cookie = srtla_read_u32 (data + 44);
    caller->state = CONCLUSION;
    send_handshake (caller, now);
  } else if (caller->state == CONCLUSION
      && handshake.type == SRTLA_HS_TYPE_CONCLUSION) {
    caller->state = CONNECTED;
    caller->peer_id = handshake.socket_id;
    caller->peer_reports = (handshake.flags & SRTLA_HS_PERIODIC_NAK) != 0;
    caller->last_progress = now;
    caller->config.flow->connections++;
    sim_timer_set (&caller->handshake_timer, SRTLA_TIME_NONE);
    sim_timer_set (&caller->tick_timer, now + TICK);
    if (!caller->media_started)
      sim_timer_set (&caller->media_timer, now);
  }
}

/* ---- Sending ----------------------------------------------------------- */

static gdouble
send_gap (const SimCaller *caller)
{
  const SimCallerSpec *spec = caller->config.spec;
  gdouble bits = 8.0 * (spec->payload + SRTLA_SRT_HEADER + SIM_IP_OVERHEAD);

  if (spec->overhead < 0)
    return LEAST_GAP;
  return bits * 1e6 / (spec->rate * (1.0 + spec->overhead));
}

/* Takes the first number off the loss list. Returns: FALSE if it is empty. */
static gboolean
pop_lost (SimCaller *caller, guint32 *sequence)
{
  if (caller->n_lost == 0)
    return FALSE;
  while (!slot_of (caller, caller->lost_from)->lost)
    caller->lost_from = srtla_seq_next (caller->lost_from);
  *sequence = caller->lost_from;
  slot_of (caller, *sequence)->lost = FALSE;
  caller->n_lost--;
  caller->lost_from = srtla_seq_next (caller->lost_from);
  return TRUE;
}

/* Returns: whether a NAK may still speak of the copy before that one. */
static gboolean
was_just_repeated (const SimCaller *caller, const Slot *slot, SrtlaTime now)
{
  if (!caller->peer_reports || slot->again_at == 0)
    return FALSE;
  return (gint64) slot->again_at
      >= (gint64) now - (caller->rtt - 4 * caller->variance);
}

static void
send_data (SimCaller *caller, guint32 sequence, gboolean again, SrtlaTime now)
{
  const SimCallerSpec *spec = caller->config.spec;
  Slot *slot = slot_of (caller, sequence);
  SimMark mark = { slot->index, caller->config.number };

  if (again) {
    slot->again_at = now;
    caller->config.flow->retransmitted++;
  } else {
    caller->config.flow->sent++;
  }
  send_packet (caller, sim_wire_data (caller->config.pool, sequence, again,
          timestamp (caller, slot->origin), caller->peer_id, spec->payload,
          &mark), now);
  caller->next_send = MAX (caller->next_send, (gdouble) now - send_gap (caller))
      + send_gap (caller);
}

/* Returns: FALSE if there is nothing that may go now. */
static gboolean
send_one (SimCaller *caller, SrtlaTime now)
{
  guint32 sequence;

  while (pop_lost (caller, &sequence)) {
    if (was_just_repeated (caller, slot_of (caller, sequence), now))
      continue;
    send_data (caller, sequence, TRUE, now);
    return TRUE;
  }
  if (caller->unsent == caller->next
      || srtla_seq_steps (caller->acknowledged, caller->unsent) >= caller->room)
    return FALSE;
  sequence = caller->unsent;
  caller->unsent = srtla_seq_next (caller->unsent);
  send_data (caller, sequence, FALSE, now);
  return TRUE;
}

static void
send_due (gpointer target, gpointer data, SrtlaTime now)
{
  SimCaller *caller = target;

  (void) data;
  while (caller->state == CONNECTED) {
    if (caller->next_send > now) {
      if (caller->n_lost > 0 || caller->unsent != caller->next)
        sim_timer_set (&caller->send_timer,
            (SrtlaTime) ceil (caller->next_send));
      return;
    }
    if (!send_one (caller, now))
      return;
  }
}

/* Drops from the send buffer what is too late: at each write, as libsrt. */
static void
drop_late (SimCaller *caller, SrtlaTime now)
{
  SrtlaTime most = MAX (caller->config.spec->latency, LEAST_DROP_TIME)
      + 2 * TICK;

  while (caller->oldest != caller->next) {
    Slot *slot = slot_of (caller, caller->oldest);

    if (now - slot->origin <= most)
      break;
    if (slot->lost) {
      slot->lost = FALSE;
      caller->n_lost--;
    }
    caller->config.flow->dropped_by_sender++;
    if (caller->unsent == caller->oldest)
      caller->unsent = srtla_seq_next (caller->unsent);
    caller->oldest = srtla_seq_next (caller->oldest);
  }
  if (srtla_seq_before (caller->lost_from, caller->oldest))
    caller->lost_from = caller->oldest;
}

/* ---- Media ------------------------------------------------------------- */

static void
write_packet (SimCaller *caller, SrtlaTime now)
{
  guint64 index = sim_flow_produce (caller->config.flow, now);
  Slot *slot;

  if (caller->state != CONNECTED)
    return;                     /* the application drops it */
  drop_late (caller, now);
  if (srtla_seq_steps (caller->oldest, caller->next) >= BUFFER_SIZE / 2) {
    caller->config.flow->dropped_by_sender++;
    return;
  }
  slot = slot_of (caller, caller->next);
  memset (slot, 0, sizeof *slot);
  slot->index = index;
  slot->origin = now;
  caller->next = srtla_seq_next (caller->next);
}

static void
media_due (gpointer target, gpointer data, SrtlaTime now)
{
  SimCaller *caller = target;
  const SimCallerSpec *spec = caller->config.spec;
  gdouble bits = 8.0 * (spec->payload + SRTLA_SRT_HEADER + SIM_IP_OVERHEAD);

  (void) data;
  if (!caller->media_started) {
    caller->media_started = TRUE;
    caller->next_media = now;
  }
  if (now >= caller->config.stop)
    return;
  if (spec->frame_rate > 0) {
    gdouble factor = 1 + spec->variation
        * (2 * sim_random_unit (&caller->random) - 1);

    caller->owed += factor * spec->rate / spec->frame_rate / bits;
    for (; caller->owed >= 1; caller->owed -= 1)
      write_packet (caller, now);
    caller->next_media += 1e6 / spec->frame_rate;
  } else {
    write_packet (caller, now);
    caller->next_media += bits * 1e6 / spec->rate;
  }
  sim_timer_set (&caller->media_timer, (SrtlaTime) ceil (caller->next_media));
  send_due (caller, NULL, now);
}

/* ---- What comes back --------------------------------------------------- */

static void
receive_ack (SimCaller *caller, const guint8 *data, gsize size, SrtlaTime now)
{
  SimAck ack;

  if (!sim_wire_read_ack (data, size, &ack))
    return;
  if (ack.number != 0)
    send_packet (caller, sim_wire_control (caller->config.pool,
            SIM_TYPE_ACKACK, ack.number, timestamp (caller, now),
            caller->peer_id), now);
  if (srtla_seq_before (ack.sequence, caller->acknowledged)
      || srtla_seq_before (caller->unsent, ack.sequence))
    return;
  caller->last_progress = now;
  caller->timeouts = 1;
  while (srtla_seq_before (caller->oldest, ack.sequence)) {
    Slot *slot = slot_of (caller, caller->oldest);

    if (slot->lost) {
      slot->lost = FALSE;
      caller->n_lost--;
    }
    caller->oldest = srtla_seq_next (caller->oldest);
  }
  if (srtla_seq_before (caller->lost_from, caller->oldest))
    caller->lost_from = caller->oldest;
  caller->acknowledged = ack.sequence;
  if (ack.number != 0) {
    caller->rtt = ack.rtt;
    caller->variance = ack.variance;
    caller->room = MAX (2, ack.room);
  }
  send_due (caller, NULL, now);
}

/* Puts [first, last], clipped to the buffer, on the loss list. */
static void
mark_lost (SimCaller *caller, guint32 first, guint32 last)
{
  if (srtla_seq_before (first, caller->oldest))
    first = caller->oldest;
  if (!srtla_seq_before (last, caller->unsent))
    last = srtla_seq_add (caller->unsent, SRTLA_SEQ_MASK);
  if (srtla_seq_before (last, first))
    return;
  if (caller->n_lost == 0 || srtla_seq_before (first, caller->lost_from))
    caller->lost_from = first;
  for (;; first = srtla_seq_next (first)) {
    Slot *slot = slot_of (caller, first);

    if (!slot->lost) {
      slot->lost = TRUE;
      caller->n_lost++;
    }
    if (first == last)
      return;
  }
}

static void
receive_nak (SimCaller *caller, const guint8 *data, gsize size, SrtlaTime now)
{
  SrtlaNakReader reader;
  guint32 first, last;

  srtla_nak_reader_init (&reader, data, size);
  while (srtla_nak_reader_next (&reader, &first, &last)) {
    /* Asked for what was dropped: the peer should not wait for it. */
    if (!srtla_seq_before (first, caller->acknowledged)
        && srtla_seq_before (first, caller->oldest)) {
      SimRange gone = { first, srtla_seq_add (caller->oldest, SRTLA_SEQ_MASK) };

      send_packet (caller, sim_wire_drop_request (caller->config.pool, &gone,
              timestamp (caller, now), caller->peer_id), now);
    }
    mark_lost (caller, first, last);
  }
  send_due (caller, NULL, now);
}

void
sim_caller_receive (SimCaller *caller, const guint8 *data, gsize size,
    SrtlaTime now)
{
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (!srtla_kind_is_srt (kind) || caller->state == IDLE
      || srtla_srt_destination (data) != caller->id)
    return;
  caller->last_heard = now;
  if (kind == SRTLA_KIND_SRT_HANDSHAKE)
    receive_handshake (caller, data, size, now);
  else if (caller->state != CONNECTED)
    return;
  else if (kind == SRTLA_KIND_SRT_ACK)
    receive_ack (caller, data, size, now);
  else if (kind == SRTLA_KIND_SRT_NAK)
    receive_nak (caller, data, size, now);
}

/* ---- Timers ------------------------------------------------------------ */

/* No ACK for long, and no NAK to be expected: all again. */
static void
check_timeout (SimCaller *caller, SrtlaTime now)
{
  SrtlaTime wait = caller->timeouts
      * (caller->rtt + 4 * caller->variance + 2 * TICK) + TICK;

  if (caller->peer_reports || now - caller->last_progress <= wait
      || caller->oldest == caller->unsent)
    return;
  mark_lost (caller, caller->oldest,
      srtla_seq_add (caller->unsent, SRTLA_SEQ_MASK));
  caller->timeouts++;
  send_due (caller, NULL, now);
}

static void
tick_due (gpointer target, gpointer data, SrtlaTime now)
{
  SimCaller *caller = target;

  (void) data;
  if (caller->state != CONNECTED)
    return;
  if (now - caller->last_heard > PEER_IDLE) {
    connect_anew (caller, now);
    return;
  }
  check_timeout (caller, now);
  if (now - caller->last_sent > SRTLA_SECOND)
    send_packet (caller, sim_wire_control (caller->config.pool,
            SIM_TYPE_KEEPALIVE, 0, timestamp (caller, now), caller->peer_id),
        now);
  sim_timer_set (&caller->tick_timer, now + TICK);
}

SimCaller *
sim_caller_new (const SimCallerConfig *config)
{
  SimCaller *caller = g_new0 (SimCaller, 1);
  gchar *stream = g_strdup_printf ("caller %u", config->number);

  caller->config = *config;
  sim_random_init (&caller->random, config->seed, stream);
  g_free (stream);
  caller->buffer = g_new0 (Slot, BUFFER_SIZE);
  sim_timer_init (&caller->handshake_timer, config->clock, handshake_due,
      caller);
  sim_timer_init (&caller->media_timer, config->clock, media_due, caller);
  sim_timer_init (&caller->send_timer, config->clock, send_due, caller);
  sim_timer_init (&caller->tick_timer, config->clock, tick_due, caller);
  sim_timer_set (&caller->handshake_timer, SIM_START + config->spec->start);
  /* The encoder does not wait for the network for ever. */
  sim_timer_set (&caller->media_timer, SIM_START + config->spec->start
      + CONNECT_TIMEOUT);
  return caller;
}

void
sim_caller_free (SimCaller *caller)
{
  g_free (caller->buffer);
  g_free (caller);
}

guint32
sim_caller_id (const SimCaller *caller)
{
  return caller->id;
}
