/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-connection-private.h"

#include <stdlib.h>

#define LIGHT_ACK_PACKETS 64
#define DRIFT_SAMPLES 1000
#define DRIFT_MOST 5000         /* µs */

/* ---- ACKs -------------------------------------------------------------- */

static void
send_ack (SimConnection *connection, gboolean light, SrtlaTime now)
{
  SimAck ack = { 0, sim_connection_first_missing (connection), 0, 0, 0 };
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
    ack.room = MAX (2, SIM_BUFFER_SIZE - 1 - used);
    connection->acknowledged = ack.sequence;
    connection->last_ack = now;
    connection->acks[ack.number % SIM_ACKS_REMEMBERED].number = ack.number;
    connection->acks[ack.number % SIM_ACKS_REMEMBERED].sequence = ack.sequence;
    connection->acks[ack.number % SIM_ACKS_REMEMBERED].sent_at = now;
  }
  sim_connection_send (connection, sim_wire_ack (connection->config.pool, &ack,
          sim_connection_stamp (connection, now), connection->peer_id));
}

void
sim_connection_check_ack (SimConnection *connection, SrtlaTime now)
{
  if (now >= connection->next_ack) {
    send_ack (connection, FALSE, now);
    connection->next_ack = now + SIM_ACK_INTERVAL;
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

void
sim_connection_receive_ackack (SimConnection *connection,
    const guint8 *data, SrtlaTime now)
{
  guint32 number = srtla_read_u32 (data + 4);
  guint place = number % SIM_ACKS_REMEMBERED;
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
