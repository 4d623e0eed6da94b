/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-connection.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 8192        /* packets; a power of two */
#define ACK_INTERVAL (10 * SRTLA_MILLISECOND)
#define LIGHT_ACK_PACKETS 64
#define LEAST_NAK_INTERVAL (20 * SRTLA_MILLISECOND)
#define PEER_IDLE (5 * SRTLA_SECOND)
#define ACKS_REMEMBERED 1024
#define DRIFT_SAMPLES 1000
#define DRIFT_MOST 5000         /* µs */

typedef struct
{
  gboolean here, lost;          /* in the buffer; in the loss list */
  guint32 timestamp;
  SimMark mark;
} Slot;

typedef struct
{
  guint32 first, last;
  gint patience;                /* packets until it is reported */
} FreshLoss;

struct _SimConnection
{
  SimServerConfig config;
  SimFlow *flow;                /* whose media it carries; NULL until some came */
  guint32 id, peer_id;
  guint64 port;
  gboolean closed;
  SrtlaTime last_heard, latency;

  Slot *buffer;                 /* by sequence number */
  guint32 first;                /* next for the application */
  guint32 after;                /* one more than the highest that came */
  guint n_lost;
  guint32 lost_from;            /* no loss before it */

  GArray *fresh;                /* of FreshLoss, oldest first */
  gint tolerance;               /* packets of reordering that are no loss */
  guint ordered, early;         /* packets that speak for less tolerance */
  SrtlaTime next_nak, nak_interval;

  guint32 acknowledged;         /* in the last full ACK */
  guint32 confirmed;            /* by an ACKACK */
  guint32 ack_number;
  SrtlaTime next_ack, last_ack;
  guint since_ack, light_acks;
  struct
  {
    guint32 number, sequence;
    SrtlaTime sent_at;
  } acks[ACKS_REMEMBERED];

  gint64 rtt, variance;         /* µs */
  gboolean rtt_known;
  gint64 first_rtt;             /* µs; 0 = not known yet */

  gint64 base;                  /* timestamp 0 in our time, µs */
  gint64 drift, drift_sum;      /* µs */
  guint drift_samples;

  SimTimer tick, delivery;
};

static inline Slot *
slot_of (SimConnection *connection, guint32 sequence)
{
  return &connection->buffer[sequence & (BUFFER_SIZE - 1)];
}

static guint32
seq_before_that (guint32 sequence)
{
  return srtla_seq_add (sequence, SRTLA_SEQ_MASK);
}

static SimFlow *
flow_of (SimConnection *connection, const SimMark *mark)
{
  GPtrArray *flows = connection->config.flows;

  return mark->flow < flows->len ? g_ptr_array_index (flows, mark->flow) : NULL;
}

static guint32
stamp (const SimConnection *connection, SrtlaTime now)
{
  return (guint32) ((gint64) now - connection->base);
}

static void
send_packet (SimConnection *connection, SimPacket *packet)
{
  connection->config.send (connection->port, packet,
      connection->config.user_data);
}

/* ---- Loss list --------------------------------------------------------- */

static void
lose (SimConnection *connection, guint32 first, guint32 end)
{
  if (connection->n_lost == 0)
    connection->lost_from = first;
  for (; first != end; first = srtla_seq_next (first)) {
    slot_of (connection, first)->lost = TRUE;
    connection->n_lost++;
  }
}

static void
find (SimConnection *connection, guint32 sequence)
{
  Slot *slot = slot_of (connection, sequence);

  if (slot->lost) {
    slot->lost = FALSE;
    connection->n_lost--;
  }
}

/* Returns: the first number that did not arrive yet. */
static guint32
first_missing (SimConnection *connection)
{
  if (connection->n_lost == 0)
    return connection->after;
  while (!slot_of (connection, connection->lost_from)->lost)
    connection->lost_from = srtla_seq_next (connection->lost_from);
  return connection->lost_from;
}

/* ---- NAKs -------------------------------------------------------------- */

static void
send_nak (SimConnection *connection, const SimRange *ranges, guint n_ranges,
    SrtlaTime now)
{
  send_packet (connection, sim_wire_nak (connection->config.pool, ranges,
          n_ranges, stamp (connection, now), connection->peer_id));
  if (connection->flow != NULL)
    connection->flow->naks++;
  connection->nak_interval = MAX (LEAST_NAK_INTERVAL,
      (SrtlaTime) (connection->rtt + 4 * connection->variance) / 2);
}

/* The whole loss list, as far as it fits. */
static void
report_all (SimConnection *connection, SrtlaTime now)
{
  SimRange ranges[SIM_NAK_WORDS];
  guint n_ranges = 0, left = connection->n_lost;
  guint32 sequence = first_missing (connection);

  while (left > 0 && n_ranges < SIM_NAK_WORDS) {
    while (!slot_of (connection, sequence)->lost)
      sequence = srtla_seq_next (sequence);
    ranges[n_ranges].first = sequence;
    while (left > 0 && slot_of (connection, sequence)->lost) {
      ranges[n_ranges].last = sequence;
      sequence = srtla_seq_next (sequence);
      left--;
    }
    n_ranges++;
  }
  send_nak (connection, ranges, n_ranges, now);
}

static void
check_periodic_nak (SimConnection *connection, SrtlaTime now)
{
  if (connection->config.profile != SIM_PROFILE_STOCK)
    return;
  if (connection->n_lost > 0) {
    if (now <= connection->next_nak)
      return;
    report_all (connection, now);
  }
  connection->next_nak = now + connection->nak_interval;
}

/* A gap opened: report it now, or when it has lasted `tolerance` packets. */
static void
note_gap (SimConnection *connection, guint32 first, guint32 last,
    SrtlaTime now)
{
  if (connection->tolerance == 0) {
    SimRange range = { first, last };

    send_nak (connection, &range, 1, now);
  } else {
    FreshLoss loss = { first, last, connection->tolerance };

    g_array_append_val (connection->fresh, loss);
  }
}

/* A packet came: gaps whose patience is over are reported, others age. */
static void
age_gaps (SimConnection *connection, SrtlaTime now)
{
  SimRange ranges[SIM_NAK_WORDS];
  guint n_ranges = 0, i;

  while (n_ranges < connection->fresh->len && n_ranges < SIM_NAK_WORDS) {
    FreshLoss *loss = &g_array_index (connection->fresh, FreshLoss, n_ranges);

    if (loss->patience > 0)
      break;
    ranges[n_ranges].first = loss->first;
    ranges[n_ranges++].last = loss->last;
  }
  if (n_ranges > 0) {
    send_nak (connection, ranges, n_ranges, now);
    g_array_remove_range (connection->fresh, 0, n_ranges);
  }
  for (i = 0; i < connection->fresh->len; i++)
    g_array_index (connection->fresh, FreshLoss, i).patience--;
}

/* Takes a number out of the gaps that wait. Returns: the patience its gap had
 * left, 0 if it was in none. */
static gint
revoke_gap (SimConnection *connection, guint32 sequence)
{
  guint i;

  for (i = 0; i < connection->fresh->len; i++) {
    FreshLoss *loss = &g_array_index (connection->fresh, FreshLoss, i);
    FreshLoss rest = *loss;

    if (srtla_seq_before (sequence, loss->first)
        || srtla_seq_before (loss->last, sequence))
      continue;
    if (loss->first == loss->last) {
      g_array_remove_index (connection->fresh, i);
    } else if (sequence == loss->first) {
      loss->first = srtla_seq_next (sequence);
    } else if (sequence == loss->last) {
      loss->last = seq_before_that (sequence);
    } else {
      loss->last = seq_before_that (sequence);
      rest.first = srtla_seq_next (sequence);
      g_array_insert_val (connection->fresh, i + 1, rest);
    }
    return rest.patience;
  }
  return 0;
}

/* A late packet: tolerance follows what is seen, libsrt's way. */
static void
learn_tolerance (SimConnection *connection, guint32 sequence, gboolean again)
{
  gint limit = (gint) connection->config.lossmaxttl;
  gint distance = (gint) srtla_seq_steps (sequence, connection->after) - 1;
  gboolean grew = FALSE;
  gint had = 0;

  if (!again && distance > connection->tolerance
      && connection->config.profile == SIM_PROFILE_STOCK) {
    connection->tolerance = MIN (distance, limit);
    grew = TRUE;
  }
  if (connection->fresh->len > 0)
    had = revoke_gap (connection, sequence);
  if (again)
    return;
  connection->ordered = 0;
  if (grew)
    connection->early = 0;
  else if (had > 2)
    connection->early++;
  if (connection->early >= 10
      && connection->config.profile == SIM_PROFILE_STOCK) {
    connection->early = 0;
    connection->tolerance = MAX (0, connection->tolerance - 1);
  }
}

/* ---- Delivery ---------------------------------------------------------- */

static SrtlaTime
play_time (const SimConnection *connection, const Slot *slot)
{
  return (SrtlaTime) (connection->base + connection->drift
      + slot->timestamp) + connection->latency;
}

/* Numbers before `end` are given up. */
static void
give_up (SimConnection *connection, guint32 end)
{
  guint i;

  for (; connection->first != end;
      connection->first = srtla_seq_next (connection->first))
    find (connection, connection->first);
  if (srtla_seq_before (connection->lost_from, end))
    connection->lost_from = end;
  for (i = 0; i < connection->fresh->len;) {
    FreshLoss *loss = &g_array_index (connection->fresh, FreshLoss, i);

    if (srtla_seq_before (loss->last, end)) {
      g_array_remove_index (connection->fresh, i);
    } else {
      if (srtla_seq_before (loss->first, end))
        loss->first = end;
      i++;
    }
  }
}

static void
delivery_due (gpointer target, gpointer data, SrtlaTime now)
{
  SimConnection *connection = target;

  (void) data;
  for (;;) {
    guint32 sequence = connection->first;
    Slot *slot;
    SimFlow *flow;

    while (sequence != connection->after
        && !slot_of (connection, sequence)->here)
      sequence = srtla_seq_next (sequence);
    if (sequence == connection->after)
      return;
    slot = slot_of (connection, sequence);
    if (play_time (connection, slot) > now) {
      sim_timer_set (&connection->delivery, play_time (connection, slot));
      return;
    }
    if (sequence != connection->first)
      give_up (connection, sequence);
    slot->here = FALSE;
    connection->first = srtla_seq_next (sequence);
    flow = flow_of (connection, &slot->mark);
    if (flow != NULL)
      sim_flow_deliver (flow, slot->mark.index, now);
  }
}

/* ---- ACKs -------------------------------------------------------------- */

static void
send_ack (SimConnection *connection, gboolean light, SrtlaTime now)
{
  SimAck ack = { 0, first_missing (connection), 0, 0, 0 };
  guint used;

  if (ack.sequence == connection->confirmed)
    return;
  if (!light) {
    if (ack.sequence == connection->acknowledged && now - connection->last_ack
        < (SrtlaTime) (connection->rtt + 4 * connection->variance))
      return;
    used = srtla_seq_steps (connection->first, connection->after);
    ack.number = ++connection->ack_number;
    ack.rtt = (guint32) connection->rtt;
    ack.variance = (guint32) connection->variance;
    ack.room = MAX (2, BUFFER_SIZE - 1 - used);
    connection->acknowledged = ack.sequence;
    connection->last_ack = now;
    connection->acks[ack.number % ACKS_REMEMBERED].number = ack.number;
    connection->acks[ack.number % ACKS_REMEMBERED].sequence = ack.sequence;
    connection->acks[ack.number % ACKS_REMEMBERED].sent_at = now;
  }
  send_packet (connection, sim_wire_ack (connection->config.pool, &ack,
          stamp (connection, now), connection->peer_id));
}

static void
check_ack (SimConnection *connection, SrtlaTime now)
{
  if (now >= connection->next_ack) {
    send_ack (connection, FALSE, now);
    connection->next_ack = now + ACK_INTERVAL;
    connection->since_ack = 0;
    connection->light_acks = 1;
  } else if (connection->since_ack
      >= LIGHT_ACK_PACKETS * connection->light_acks) {
    send_ack (connection, TRUE, now);
    connection->light_acks++;
  }
}

/* Half of what the RTT grew by is no drift of the clocks; 1,000 samples give
 * one value, of which more than 5 ms goes over to the base. */
static void
trace_drift (SimConnection *connection, guint32 timestamp, gint64 sample,
    SrtlaTime now)
{
  if (connection->first_rtt == 0)
    connection->first_rtt = sample;
  connection->drift_sum += (gint64) now - (connection->base + timestamp)
      - (sample - connection->first_rtt) / 2;
  if (++connection->drift_samples < DRIFT_SAMPLES)
    return;
  connection->drift = connection->drift_sum / DRIFT_SAMPLES;
  connection->drift_sum = connection->drift_samples = 0;
  if (llabs (connection->drift) > DRIFT_MOST) {
    gint64 step = connection->drift < 0 ? -DRIFT_MOST : DRIFT_MOST;

    connection->base += step;
    connection->drift -= step;
  }
}

static void
receive_ackack (SimConnection *connection, const guint8 *data, SrtlaTime now)
{
  guint32 number = srtla_read_u32 (data + 4);
  guint place = number % ACKS_REMEMBERED;
  gint64 sample;

  if (number == 0 || connection->acks[place].number != number)
    return;
  connection->acks[place].number = 0;
  sample = (gint64) (now - connection->acks[place].sent_at);
  if (!connection->rtt_known) {
    connection->rtt_known = TRUE;
    connection->rtt = sample;
    connection->variance = sample / 2;
  } else {
    connection->variance = (3 * connection->variance
        + llabs (sample - connection->rtt)) / 4;
    connection->rtt = (7 * connection->rtt + sample) / 8;
  }
  trace_drift (connection, srtla_srt_timestamp (data), sample, now);
  if (srtla_seq_before (connection->confirmed,
          connection->acks[place].sequence))
    connection->confirmed = connection->acks[place].sequence;
}

/* ---- Data -------------------------------------------------------------- */

static void
count_reordering (SimFlow *flow, guint distance)
{
  flow->reordered++;
  flow->reorder_most = MAX (flow->reorder_most, distance);
}

/* A number above all that came. */
static void
extend (SimConnection *connection, guint32 sequence)
{
  guint32 gap = connection->after, i;

  for (i = gap; i != srtla_seq_next (sequence); i = srtla_seq_next (i)) {
    Slot *slot = slot_of (connection, i);

    slot->here = slot->lost = FALSE;
  }
  connection->after = srtla_seq_next (sequence);
  if (gap != sequence)
    lose (connection, gap, sequence);
}

static void
receive_data (SimConnection *connection, const guint8 *data, gsize size,
    SrtlaTime now)
{
  guint32 sequence = srtla_srt_sequence (data), gap = connection->after;
  gboolean again = srtla_srt_is_retransmission (data);
  gboolean is_new = !srtla_seq_before (sequence, connection->after);
  SimFlow *flow;
  SimMark mark;
  Slot *slot;

  sim_wire_read_mark (data, size, &mark);
  flow = flow_of (connection, &mark);
  connection->since_ack++;
  if (flow == NULL)
    return;
  connection->flow = flow;
  sim_flow_arrive (flow, mark.index, now);
  if (!is_new && !again)
    count_reordering (flow, srtla_seq_steps (sequence, connection->after) - 1);
  if (srtla_seq_before (sequence, connection->first)) {
    flow->duplicates++;
    return;
  }
  if (srtla_seq_steps (connection->first, sequence) >= BUFFER_SIZE)
    return;
  if (is_new) {
    extend (connection, sequence);
  } else {
    learn_tolerance (connection, sequence, again);
    find (connection, sequence);
  }
  slot = slot_of (connection, sequence);
  if (slot->here) {
    flow->duplicates++;
    return;
  }
  slot->here = TRUE;
  slot->timestamp = srtla_srt_timestamp (data);
  slot->mark = mark;
  if (play_time (connection, slot) < connection->delivery.due)
    sim_timer_set (&connection->delivery, play_time (connection, slot));
  if (is_new && gap != sequence)
    note_gap (connection, gap, seq_before_that (sequence), now);
  age_gaps (connection, now);
  if ((is_new || again) && connection->config.profile == SIM_PROFILE_STOCK
      && ++connection->ordered >= 50) {
    connection->ordered = 0;
    connection->tolerance = MAX (0, connection->tolerance - 1);
  }
}

static void
receive_drop_request (SimConnection *connection, const guint8 *data,
    gsize size)
{
  SimRange range;
  guint32 sequence;

  if (!sim_wire_read_drop_request (data, size, &range)
      || srtla_seq_steps (range.first, range.last) >= BUFFER_SIZE)
    return;
  for (sequence = range.first; sequence != srtla_seq_next (range.last);
      sequence = srtla_seq_next (sequence)) {
    if (!srtla_seq_before (sequence, connection->first)
        && srtla_seq_before (sequence, connection->after))
      find (connection, sequence);
  }
}

void
sim_connection_receive (SimConnection *connection, SrtlaKind kind,
    const guint8 *data, gsize size, SrtlaTime now)
{
  if (connection->closed)
    return;
  connection->last_heard = now;
  if (kind == SRTLA_KIND_SRT_DATA)
    receive_data (connection, data, size, now);
  else if (kind == SRTLA_KIND_SRT_ACKACK)
    receive_ackack (connection, data, now);
  else if (kind == SRTLA_KIND_SRT_DROP_REQUEST)
    receive_drop_request (connection, data, size);
  check_ack (connection, now);
  check_periodic_nak (connection, now);
}

static void
tick_due (gpointer target, gpointer data, SrtlaTime now)
{
  SimConnection *connection = target;

  (void) data;
  if (now - connection->last_heard > PEER_IDLE) {
    connection->closed = TRUE;  /* what is in the buffer is still delivered */
    return;
  }
  check_ack (connection, now);
  check_periodic_nak (connection, now);
  sim_timer_set (&connection->tick, now + ACK_INTERVAL);
}

/* ---- Life -------------------------------------------------------------- */

SimConnection *
sim_connection_new (const SimServerConfig *config, guint32 id, guint64 port,
    const SrtlaHandshake *request, guint32 sent)
{
  SimConnection *connection = g_new0 (SimConnection, 1);
  SrtlaTime now = sim_clock_now (config->clock);

  connection->config = *config;
  connection->id = id;
  connection->port = port;
  connection->peer_id = request->socket_id;
  connection->latency = request->sender_delay * SRTLA_MILLISECOND;
  connection->buffer = g_new0 (Slot, BUFFER_SIZE);
  connection->first = connection->after = connection->lost_from =
      connection->acknowledged = connection->confirmed =
      request->first_sequence;
  connection->fresh = g_array_new (FALSE, FALSE, sizeof (FreshLoss));
  connection->tolerance = (gint) (config->profile == SIM_PROFILE_STOCK ?
      config->lossmaxttl : config->tolerance);
  connection->rtt = 100000;
  connection->variance = 50000;
  connection->nak_interval = LEAST_NAK_INTERVAL;
  connection->light_acks = 1;
  connection->base = (gint64) now - sent;
  connection->last_heard = now;
  sim_timer_init (&connection->tick, config->clock, tick_due, connection);
  sim_timer_init (&connection->delivery, config->clock, delivery_due,
      connection);
  sim_timer_set (&connection->tick, now + ACK_INTERVAL);
  return connection;
}

void
sim_connection_free (SimConnection *connection)
{
  g_array_free (connection->fresh, TRUE);
  g_free (connection->buffer);
  g_free (connection);
}

void
sim_connection_answer (SimConnection *connection, SrtlaTime now)
{
  SrtlaHandshake answer = { 0, };

  answer.version = 5;
  answer.type = SRTLA_HS_TYPE_CONCLUSION;
  answer.first_sequence = connection->first;
  answer.socket_id = connection->id;
  answer.has_extension = answer.is_response = TRUE;
  answer.srt_version = 0x010501;
  answer.flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_ENCRYPTION | SRTLA_HS_TLPKTDROP | SRTLA_HS_R_FLAG;
  if (connection->config.nak_flag)
    answer.flags |= SRTLA_HS_PERIODIC_NAK;
  answer.receiver_delay = answer.sender_delay =
      (guint16) (connection->latency / SRTLA_MILLISECOND);
  send_packet (connection, sim_wire_handshake (connection->config.pool,
          &answer, 0, stamp (connection, now), connection->peer_id));
}

guint32
sim_connection_id (const SimConnection *connection)
{
  return connection->id;
}

gboolean
sim_connection_is_of (const SimConnection *connection, guint64 port,
    guint32 caller_id)
{
  return connection->port == port && connection->peer_id == caller_id;
}

guint64
sim_connection_port (const SimConnection *connection)
{
  return connection->port;
}
