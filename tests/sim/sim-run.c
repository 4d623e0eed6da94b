/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-caller.h"
#include "sim-modes.h"
#include "sim-network.h"
#include "sim-oracle.h"
#include "sim-result.h"
#include "sim-server.h"

#include <string.h>

#include "../unit/bond-books.h"

typedef struct _Run Run;

typedef struct
{
  Run *run;
  SimCaller *caller;
  SimFlow *flow;
  guint flow_number;            /* in the bond */
  guint slot;                   /* of the bond's; SRTLA_NO_CALLER at first */
  guint64 misdirected;
} Source;

struct _Run
{
  const SimScenario *scenario;
  SimOptions options;
  SimClock *clock;
  SimPool *pool;
  SimNetwork *network;
  SimRandom sender_random, receiver_random;

  Source *sources;
  guint n_sources;
  GPtrArray *flows;

  SrtlaBond *bond;              /* either this … */
  SimOracle *oracle;            /* … or that */
  SimTimer bond_timer;
  guint uplink_of[SRTLA_MAX_UPLINKS];   /* by the bond's slot */
  guint slot_of[SRTLA_MAX_UPLINKS];

  SrtlaReceiver *receiver;      /* NULL while it is stopped */
  SimTimer receiver_timer;
  GArray *ports;                /* of guint64: by group; 0 = closed */
  guint64 next_port;

  SimServer *server;
};

/* ---- The sender's side ------------------------------------------------- */

static void
reply_due (gpointer target, gpointer data, SrtlaTime now)
{
  Source *source = target;
  SimPacket *packet = data;

  if (srtla_srt_destination (packet->data) != sim_caller_id (source->caller))
    source->misdirected++;
  sim_caller_receive (source->caller, packet->data, packet->size, now);
  sim_packet_unref (packet);
}

/* Hands a packet to a caller, or, to nobody in particular, to all of them. */
static void
hand_back (Run *run, guint slot, const guint8 *data, gsize size)
{
  guint i;

  for (i = 0; i < run->n_sources; i++) {
    Source *source = &run->sources[i];

    if (slot == SRTLA_NO_CALLER
        ? srtla_srt_destination (data) != sim_caller_id (source->caller)
        : source->slot != slot)
      continue;
    sim_clock_call (run->clock, 0, reply_due, source,
        sim_packet_copy (run->pool, data, size));
  }
}

static void
rebind (Run *run, guint slot, SrtlaTime now)
{
  sim_network_rebind (run->network, run->uplink_of[slot]);
  srtla_bond_uplink_closed (run->bond, slot, "new source port", now);
  srtla_bond_uplink_opened (run->bond, slot, now);
}

/* Does what the bond says; a rebinding may make it say more. */
static void
pump_bond (Run *run, SrtlaTime now)
{
  guint64 rebound = 0;
  SrtlaOutput output;
  SrtlaEvent event;

  do {
    rebound = 0;
    while (srtla_bond_next_output (run->bond, &output)) {
      switch (output.kind) {
        case SRTLA_OUTPUT_PACKET:
          /* Nothing is sent that is of no use. */
          g_assert_cmpuint (now, <, output.expires);
          srtla_bond_send_result (run->bond, &output, SRTLA_SEND_DONE, now);
          sim_network_send (run->network, run->uplink_of[output.uplink],
              output.packet.owner);
          break;
        case SRTLA_OUTPUT_CONTROL:
          sim_network_send (run->network, run->uplink_of[output.uplink],
              sim_packet_copy (run->pool, output.packet.data,
                  output.packet.size));
          break;
        case SRTLA_OUTPUT_REPLY:
          hand_back (run, output.caller, output.packet.data,
              output.packet.size);
          break;
        case SRTLA_OUTPUT_REBIND:
          rebound |= G_GUINT64_CONSTANT (1) << output.uplink;
          break;
      }
    }
    while (srtla_bond_next_event (run->bond, &event)) {
      gchar line[256];

      if (!run->options.trace)
        continue;
      srtla_event_format (&event, line, sizeof line);
      g_print ("%s\n", line);
    }
    for (; rebound != 0; rebound &= rebound - 1)
      rebind (run, (guint) __builtin_ctzll (rebound), now);
  } while (rebound != 0);
  sim_timer_set (&run->bond_timer, srtla_bond_deadline (run->bond));
}

static void
bond_due (gpointer target, gpointer data, SrtlaTime now)
{
  Run *run = target;

  (void) data;
  srtla_bond_tick (run->bond, now);
  pump_bond (run, now);
}

/* Takes the flag out of a handshake that lets packets expire. The models of SRT
 * at both ends go by what they are, not by it. */
static void
hide_drop_flag (const Run *run, guint8 *data, gsize size)
{
  if (run->options.priority == SIM_NO && size >= 76
      && srtla_packet_kind (data, size) == SRTLA_KIND_SRT_HANDSHAKE)
    srtla_write_u32 (data + 72, srtla_read_u32 (data + 72)
        & ~(guint32) SRTLA_HS_TLPKTDROP);
}

static void
from_caller (SimPacket *packet, gpointer user_data)
{
  Source *source = user_data;
  Run *run = source->run;
  SrtlaTime now = sim_clock_now (run->clock);
  SrtlaPacket pushed = { packet->data, packet->size, packet };

  if (run->oracle != NULL) {
    sim_oracle_send (run->oracle, packet);
    return;
  }
  hide_drop_flag (run, packet->data, packet->size);
  srtla_bond_push_flow (run->bond, source->flow_number, &pushed, FALSE, now,
      &source->slot);
  pump_bond (run, now);
}

static void
to_sender (guint uplink, SimPacket *packet, gpointer user_data)
{
  Run *run = user_data;
  SrtlaTime now = sim_clock_now (run->clock);

  if (run->bond != NULL) {
    hide_drop_flag (run, packet->data, packet->size);
    srtla_bond_receive (run->bond, run->slot_of[uplink], packet->data,
        packet->size, now);
    pump_bond (run, now);
  } else {
    hand_back (run, SRTLA_NO_CALLER, packet->data, packet->size);
  }
  sim_packet_unref (packet);
}

/* ---- The receiver's side ----------------------------------------------- */

static void
open_port (Run *run, guint group)
{
  guint64 port = run->scenario->same_port ? group + 1 : run->next_port++;

  if (group >= run->ports->len)
    g_array_set_size (run->ports, group + 1);
  g_array_index (run->ports, guint64, group) = port;
}

static void
pump_receiver (Run *run, SrtlaTime now)
{
  SrtlaReceiverOutput output;

  while (srtla_receiver_next_output (run->receiver, &output)) {
    switch (output.kind) {
      case SRTLA_RECEIVER_TO_PEER:
        sim_network_reply (run->network, output.peer,
            sim_packet_copy (run->pool, output.data, output.size));
        break;
      case SRTLA_RECEIVER_TO_SERVER:
        sim_server_receive (run->server,
            g_array_index (run->ports, guint64, output.group), output.data,
            output.size, now);
        break;
      case SRTLA_RECEIVER_GROUP_OPENED:
        open_port (run, output.group);
        break;
      case SRTLA_RECEIVER_GROUP_CLOSED:
        g_array_index (run->ports, guint64, output.group) = 0;
        break;
      case SRTLA_RECEIVER_PEER_GONE:
        break;
    }
  }
  sim_timer_set (&run->receiver_timer,
      srtla_receiver_deadline (run->receiver));
}

static void
receiver_due (gpointer target, gpointer data, SrtlaTime now)
{
  Run *run = target;

  (void) data;
  if (run->receiver == NULL)
    return;
  srtla_receiver_tick (run->receiver, now);
  pump_receiver (run, now);
}

static void
to_receiver (guint64 peer, SimPacket *packet, gpointer user_data)
{
  Run *run = user_data;
  SrtlaTime now = sim_clock_now (run->clock);

  if (run->oracle != NULL) {
    sim_server_receive (run->server, 1, packet->data, packet->size, now);
  } else if (run->receiver != NULL) {
    srtla_receiver_receive (run->receiver, peer, packet->data, packet->size,
        now);
    pump_receiver (run, now);
  }
  sim_packet_unref (packet);
}

static void
relay_due (gpointer target, gpointer data, SrtlaTime now)
{
  Run *run = target;
  SimPacket *packet = data;
  guint group;

  if (run->oracle != NULL) {
    sim_oracle_reply (run->oracle, packet);
    return;
  }
  for (group = 0; run->receiver != NULL && group < run->ports->len; group++) {
    if (g_array_index (run->ports, guint64, group) != packet->tag)
      continue;
    srtla_receiver_relay (run->receiver, group, packet->data, packet->size,
        now);
    pump_receiver (run, now);
    break;
  }
  sim_packet_unref (packet);
}

/* Not at once: the receiver may be in the middle of its outputs. */
static void
from_server (guint64 port, SimPacket *packet, gpointer user_data)
{
  Run *run = user_data;

  packet->tag = port;
  sim_clock_call (run->clock, 0, relay_due, run, packet);
}

static void
switch_receiver (gboolean runs, gpointer user_data)
{
  Run *run = user_data;

  if (runs == (run->receiver != NULL))
    return;
  g_clear_pointer (&run->receiver, srtla_receiver_free);
  g_array_set_size (run->ports, 0);
  if (!runs)
    return;
  run->receiver = srtla_receiver_new (run->scenario->receiver,
      sim_random_fill, &run->receiver_random, sim_clock_now (run->clock));
  srtla_receiver_throttle (run->receiver,
      (guint) (100 * run->scenario->ack_share + 0.5));
}

/* ---- A run ------------------------------------------------------------- */

static void
reference_packet (gpointer owner, gpointer user_data)
{
  (void) user_data;
  sim_packet_ref (owner);
}

static void
release_packet (gpointer owner, gpointer user_data)
{
  (void) user_data;
  sim_packet_unref (owner);
}

static void
start_bond (Run *run)
{
  SrtlaBondConfig config = {
    .random = sim_random_fill,
    .user_data = &run->sender_random,
    .reference = reference_packet,
    .release = release_packet,
  };
  const SimUplinkSpec *spec;
  guint i;

  run->bond = srtla_bond_new (&config, SIM_START);
  sim_modes_apply (run->bond, &run->options, SIM_START);
  sim_timer_init (&run->bond_timer, run->clock, bond_due, run);
  for (i = 0; i < run->scenario->uplinks->len; i++) {
    guint slot = srtla_bond_add_uplink (run->bond, SIM_START);

    run->slot_of[i] = slot;
    run->uplink_of[slot] = i;
    srtla_bond_uplink_opened (run->bond, slot, SIM_START);
    spec = g_ptr_array_index (run->scenario->uplinks, i);
    srtla_bond_uplink_limit (run->bond, slot, spec->max_bitrate, SIM_START);
  }
  for (i = 0; i < run->n_sources; i++) {
    const SimCallerSpec *caller = g_ptr_array_index (run->scenario->callers,
        i);
    SrtlaFlowSettings settings = caller->flow;

    if (run->options.priority == SIM_NO)
      settings.priority = SRTLA_CLASS_LOW;
    run->sources[i].flow_number = i % SRTLA_MAX_FLOWS;
    srtla_bond_set_flow (run->bond, i % SRTLA_MAX_FLOWS, &settings);
  }
  pump_bond (run, SIM_START);
}

static void
start_server (Run *run)
{
  SimServerConfig config = { 0, };

  config.clock = run->clock;
  config.pool = run->pool;
  config.seed = run->options.seed;
  config.profile = run->scenario->profile;
  config.lossmaxttl = run->scenario->lossmaxttl;
  config.tolerance = run->scenario->tolerance;
  config.nak_flag = run->scenario->profile == SIM_PROFILE_STOCK
      || run->scenario->nak_flag;
  config.flows = run->flows;
  config.send = from_server;
  config.user_data = run;
  run->server = sim_server_new (&config);
}

static void
start_callers (Run *run)
{
  guint i;

  run->n_sources = run->scenario->callers->len;
  run->sources = g_new0 (Source, run->n_sources);
  for (i = 0; i < run->n_sources; i++) {
    Source *source = &run->sources[i];
    SimCallerConfig config = { 0, };

    source->run = run;
    source->slot = SRTLA_NO_CALLER;
    source->flow = sim_flow_new ();
    g_ptr_array_add (run->flows, source->flow);
    config.clock = run->clock;
    config.pool = run->pool;
    config.spec = g_ptr_array_index (run->scenario->callers, i);
    config.number = i;
    config.flow = source->flow;
    config.seed = run->options.seed;
    config.stop = SIM_START + run->scenario->duration;
    config.send = from_caller;
    config.user_data = source;
    source->caller = sim_caller_new (&config);
  }
}

/* Returns: when everything has arrived or will not. */
static SrtlaTime
end_of (const SimScenario *scenario)
{
  SrtlaTime latest = 0;
  guint i;

  for (i = 0; i < scenario->callers->len; i++) {
    SimCallerSpec *spec = g_ptr_array_index (scenario->callers, i);

    latest = MAX (latest, spec->latency);
  }
  return SIM_START + scenario->duration + latest + 3 * SRTLA_SECOND;
}

static void
run_start (Run *run, const SimScenario *scenario, const SimOptions *options)
{
  SimNetworkConfig network = { 0, };

  memset (run, 0, sizeof *run);
  run->scenario = scenario;
  run->options = *options;
  run->clock = sim_clock_new ();
  run->pool = sim_pool_new ();
  run->flows = g_ptr_array_new_with_free_func ((GDestroyNotify) sim_flow_free);
  run->ports = g_array_new (FALSE, TRUE, sizeof (guint64));
  run->next_port = 1000;
  sim_random_init (&run->sender_random, options->seed, "sender");
  sim_random_init (&run->receiver_random, options->seed, "receiver");
  network.clock = run->clock;
  network.scenario = scenario;
  network.seed = options->seed;
  network.end = end_of (scenario);
  network.outward = to_receiver;
  network.inward = to_sender;
  network.receiver = switch_receiver;
  network.user_data = run;
  run->network = sim_network_new (&network);
  sim_timer_init (&run->receiver_timer, run->clock, receiver_due, run);
  switch_receiver (TRUE, run);
  start_server (run);
  start_callers (run);
  if (g_str_equal (options->mode, SIM_MODE_ORACLE))
    run->oracle = sim_oracle_new (run->network, run->pool, run->flows);
  else
    start_bond (run);
}

static void
run_clear (Run *run)
{
  guint i;

  for (i = 0; i < run->n_sources; i++)
    sim_caller_free (run->sources[i].caller);
  g_free (run->sources);
  sim_server_free (run->server);
  g_clear_pointer (&run->bond, srtla_bond_free);
  g_clear_pointer (&run->receiver, srtla_receiver_free);
  g_clear_pointer (&run->oracle, sim_oracle_free);
  sim_network_free (run->network);
  g_ptr_array_unref (run->flows);
  g_array_free (run->ports, TRUE);
  sim_clock_free (run->clock);
  sim_pool_free (run->pool);
}

/* ---- The bond's books -------------------------------------------------- */

/* And all flows are there to the end. */
static void
check_books (const SrtlaBondStats *stats)
{
  guint64 flows_in = 0;
  guint i;

  bond_books_assert (stats);
  for (i = 0; i < stats->n_flows; i++) {
    bond_books_assert_flow (&stats->flows[i]);
    flows_in += stats->flows[i].traffic.packets_in;
  }
  g_assert_cmpuint (flows_in, ==, stats->packets_pushed);
}

static void
collect_bond (Run *run, SimResult *result)
{
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);
  guint i;

  srtla_bond_get_stats (run->bond, sim_clock_now (run->clock), stats);
  check_books (stats);
  for (i = 0; i < run->n_sources && i < stats->n_flows; i++) {
    g_assert_cmpuint (stats->flows[i].flow, ==, run->sources[i].flow_number);
    result->callers[i].queueing = stats->flows[i].total;
    result->callers[i].traffic = stats->flows[i].traffic;
  }
  g_free (stats);
}

/* ---- Its result -------------------------------------------------------- */

static void
collect (Run *run, SimResult *result)
{
  const SimFlow *const *flows = (const SimFlow * const *) run->flows->pdata;
  SrtlaTime end = SIM_START + run->scenario->duration;
  SimCallerResult *total;
  guint i;

  result->n_callers = run->n_sources;
  result->callers = g_new0 (SimCallerResult, run->n_sources + 1);
  total = &result->callers[run->n_sources];
  total->name = g_strdup ("all");
  for (i = 0; i < run->n_sources; i++) {
    const SimCallerSpec *spec = g_ptr_array_index (run->scenario->callers, i);
    SimCallerResult *caller = &result->callers[i];

    caller->name = g_strdup (spec->name);
    caller->misdirected = run->sources[i].misdirected;
    total->misdirected += caller->misdirected;
    result->media_bytes += (guint64) flows[i]->media->len
        * (spec->payload + SRTLA_SRT_HEADER + SIM_IP_OVERHEAD);
    sim_result_add_flow (caller, flows[i], end);
    sim_result_add_flow (total, flows[i], end);
    sim_result_add_delays (caller, &flows[i], 1);
  }
  sim_result_add_delays (total, flows, run->n_sources);
  sim_network_report (run->network, result);
  result->events = sim_clock_count (run->clock);
  if (run->bond != NULL)
    collect_bond (run, result);
}

SimResult *
sim_run (const SimScenario *scenario, const SimOptions *options)
{
  SimResult *result = g_new0 (SimResult, 1);
  gint64 begin = g_get_monotonic_time ();
  Run run;

  run_start (&run, scenario, options);
  sim_clock_run (run.clock, end_of (scenario));
  collect (&run, result);
  result->seed = options->seed;
  result->virtual_time = (end_of (scenario) - SIM_START) / 1e6;
  run_clear (&run);
  result->real_time = (g_get_monotonic_time () - begin) / 1e6;
  return result;
}
