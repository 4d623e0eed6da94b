/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-connection-private.h"

/* ---- Loss list --------------------------------------------------------- */

void
sim_connection_lose (SimConnection *connection, guint32 first, guint32 end)
{
  if (connection->n_lost == 0)
    connection->lost_from = first;
  for (; first != end; first = srtla_seq_next (first)) {
    sim_connection_slot (connection, first)->lost = TRUE;
    connection->n_lost++;
  }
}

void
sim_connection_find (SimConnection *connection, guint32 sequence)
{
  SimSlot *slot = sim_connection_slot (connection, sequence);

  if (slot->lost) {
    slot->lost = FALSE;
    connection->n_lost--;
  }
}

guint32
sim_connection_first_missing (SimConnection *connection)
{
  if (connection->n_lost == 0)
    return connection->after;
  while (!sim_connection_slot (connection, connection->lost_from)->lost)
    connection->lost_from = srtla_seq_next (connection->lost_from);
  return connection->lost_from;
}

/* ---- NAKs -------------------------------------------------------------- */

static void
send_nak (SimConnection *connection, const SimRange *ranges, guint n_ranges,
    SrtlaTime now)
{
  sim_connection_send (connection, sim_wire_nak (connection->config.pool,
          ranges, n_ranges, sim_connection_stamp (connection, now),
          connection->peer_id));
  if (connection->flow != NULL)
    connection->flow->naks++;
  connection->nak_interval = MAX (SIM_LEAST_NAK_INTERVAL,
      (SrtlaTime) (connection->rtt + 4 * connection->variance) / 2);
}

/* The whole loss list, as far as it fits. */
static void
report_all (SimConnection *connection, SrtlaTime now)
{
  SimRange ranges[SIM_NAK_WORDS];
  guint n_ranges = 0, left = connection->n_lost;
  guint32 sequence = sim_connection_first_missing (connection);

  while (left > 0 && n_ranges < SIM_NAK_WORDS) {
    while (!sim_connection_slot (connection, sequence)->lost)
      sequence = srtla_seq_next (sequence);
    ranges[n_ranges].first = sequence;
    while (left > 0 && sim_connection_slot (connection, sequence)->lost) {
      ranges[n_ranges].last = sequence;
      sequence = srtla_seq_next (sequence);
      left--;
    }
    n_ranges++;
  }
  send_nak (connection, ranges, n_ranges, now);
}

void
sim_connection_check_periodic_nak (SimConnection *connection, SrtlaTime now)
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

void
sim_connection_note_gap (SimConnection *connection, guint32 first,
    guint32 last, SrtlaTime now)
{
  if (connection->tolerance == 0) {
    SimRange range = { first, last };

    send_nak (connection, &range, 1, now);
  } else {
    SimFreshLoss loss = { first, last, connection->tolerance };

    g_array_append_val (connection->fresh, loss);
  }
}

void
sim_connection_age_gaps (SimConnection *connection, SrtlaTime now)
{
  SimRange ranges[SIM_NAK_WORDS];
  guint n_ranges = 0, i;

  while (n_ranges < connection->fresh->len && n_ranges < SIM_NAK_WORDS) {
    SimFreshLoss *loss = &g_array_index (connection->fresh, SimFreshLoss,
        n_ranges);

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
    g_array_index (connection->fresh, SimFreshLoss, i).patience--;
}

/* Takes a number out of the gaps that wait. Returns: the patience its gap had
 * left, 0 if it was in none. */
static gint
revoke_gap (SimConnection *connection, guint32 sequence)
{
  guint i;

  for (i = 0; i < connection->fresh->len; i++) {
    SimFreshLoss *loss = &g_array_index (connection->fresh, SimFreshLoss, i);
    SimFreshLoss rest = *loss;

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
void
sim_connection_learn_tolerance (SimConnection *connection,
    guint32 sequence, gboolean again)
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

/* Packets that come in order speak for less tolerance. */
void
sim_connection_note_order (SimConnection *connection)
{
  if (connection->config.profile == SIM_PROFILE_STOCK
      && ++connection->ordered >= 50) {
    connection->ordered = 0;
    connection->tolerance = MAX (0, connection->tolerance - 1);
  }
}

/* ---- What is given up -------------------------------------------------- */

void
sim_connection_forget_losses (SimConnection *connection, guint32 end)
{
  guint i;

  if (srtla_seq_before (connection->lost_from, end))
    connection->lost_from = end;
  for (i = 0; i < connection->fresh->len;) {
    SimFreshLoss *loss = &g_array_index (connection->fresh, SimFreshLoss, i);

    if (srtla_seq_before (loss->last, end)) {
      g_array_remove_index (connection->fresh, i);
    } else {
      if (srtla_seq_before (loss->first, end))
        loss->first = end;
      i++;
    }
  }
}
