/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-connection-private.h"

#define PEER_IDLE (5 * SRTLA_SECOND)

static SimFlow *
flow_of (SimConnection *connection, const SimMark *mark)
{
  GPtrArray *flows = connection->config.flows;

  return mark->flow < flows->len ? g_ptr_array_index (flows, mark->flow) : NULL;
}

/* ---- Delivery ---------------------------------------------------------- */

static SrtlaTime
play_time (const SimConnection *connection, const SimSlot *slot)
{
  return (SrtlaTime) (connection->base + connection->drift
      + slot->timestamp) + connection->latency;
}

/* Numbers before `end` are given up. */
static void
give_up (SimConnection *connection, guint32 end)
{
  for (; connection->first != end;
      connection->first = srtla_seq_next (connection->first))
    sim_connection_find (connection, connection->first);
  sim_connection_forget_losses (connection, end);
}

static void
delivery_due (gpointer target, gpointer data, SrtlaTime now)
{
  SimConnection *connection = target;

  (void) data;
  for (;;) {
    guint32 sequence = connection->first;
    SimSlot *slot;
    SimFlow *flow;

    while (sequence != connection->after
        && !sim_connection_slot (connection, sequence)->here)
      sequence = srtla_seq_next (sequence);
    if (sequence == connection->after)
      return;
    slot = sim_connection_slot (connection, sequence);
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
    SimSlot *slot = sim_connection_slot (connection, i);

    slot->here = slot->lost = FALSE;
  }
  connection->after = srtla_seq_next (sequence);
  if (gap != sequence)
    sim_connection_lose (connection, gap, sequence);
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
  SimSlot *slot;

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
  if (srtla_seq_steps (connection->first, sequence) >= SIM_BUFFER_SIZE)
    return;
  if (is_new) {
    extend (connection, sequence);
  } else {
    sim_connection_learn_tolerance (connection, sequence, again);
    sim_connection_find (connection, sequence);
  }
  slot = sim_connection_slot (connection, sequence);
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
    sim_connection_note_gap (connection, gap, seq_before_that (sequence), now);
  sim_connection_age_gaps (connection, now);
  if (is_new || again)
    sim_connection_note_order (connection);
}

static void
receive_drop_request (SimConnection *connection, const guint8 *data,
    gsize size)
{
  SimRange range;
  guint32 sequence;

  if (!sim_wire_read_drop_request (data, size, &range)
      || srtla_seq_steps (range.first, range.last) >= SIM_BUFFER_SIZE)
    return;
  for (sequence = range.first; sequence != srtla_seq_next (range.last);
      sequence = srtla_seq_next (sequence)) {
    if (!srtla_seq_before (sequence, connection->first)
        && srtla_seq_before (sequence, connection->after))
      sim_connection_find (connection, sequence);
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
    sim_connection_receive_ackack (connection, data, now);
  else if (kind == SRTLA_KIND_SRT_DROP_REQUEST)
    receive_drop_request (connection, data, size);
  sim_connection_check_ack (connection, now);
  sim_connection_check_periodic_nak (connection, now);
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
  sim_connection_check_ack (connection, now);
  sim_connection_check_periodic_nak (connection, now);
  sim_timer_set (&connection->tick, now + SIM_ACK_INTERVAL);
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
  connection->buffer = g_new0 (SimSlot, SIM_BUFFER_SIZE);
  connection->first = connection->after = connection->lost_from =
      connection->acknowledged = connection->confirmed =
      request->first_sequence;
  connection->fresh = g_array_new (FALSE, FALSE, sizeof (SimFreshLoss));
  connection->tolerance = (gint) (config->profile == SIM_PROFILE_STOCK ?
      config->lossmaxttl : config->tolerance);
  connection->rtt = 100000;
  connection->variance = 50000;
  connection->nak_interval = SIM_LEAST_NAK_INTERVAL;
  connection->light_acks = 1;
  connection->base = (gint64) now - sent;
  connection->last_heard = now;
  sim_timer_init (&connection->tick, config->clock, tick_due, connection);
  sim_timer_init (&connection->delivery, config->clock, delivery_due,
      connection);
  sim_timer_set (&connection->tick, now + SIM_ACK_INTERVAL);
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
  sim_connection_send (connection, sim_wire_handshake (connection->config.pool,
          &answer, 0, sim_connection_stamp (connection, now),
          connection->peer_id));
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
