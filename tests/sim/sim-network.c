/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-network.h"

typedef struct
{
  SimNetwork *network;
  guint index;
  SimLink *out, *back;
  SimTimer out_timer, back_timer;
  guint64 peer;                 /* its address as the receiver sees it */
  guint64 *offered_bins, *delivered_bins;
} Uplink;

typedef struct
{
  SimNetwork *network;
  const SimChange *change;
} Planned;

struct _SimNetwork
{
  SimNetworkConfig config;
  Uplink *uplinks;
  guint n_uplinks, n_bins;
  GArray *peers;                /* of guint: the uplink of each address */
  Planned *plan;
};

static guint
bin (const SimNetwork *network, SrtlaTime now)
{
  return MIN (network->n_bins - 1, (now - SIM_START) / SIM_BIN);
}

/* ---- Packets ----------------------------------------------------------- */

static void
out_due (gpointer target, gpointer data, SrtlaTime now)
{
  Uplink *uplink = target;
  SimNetwork *network = uplink->network;
  SimPacket *packet;

  (void) data;
  while ((packet = sim_link_pop (uplink->out, now)) != NULL) {
    uplink->delivered_bins[bin (network, now)] +=
        packet->size + SIM_IP_OVERHEAD;
    network->config.outward (packet->tag, packet, network->config.user_data);
  }
  sim_timer_set (&uplink->out_timer, sim_link_deadline (uplink->out));
}

static void
back_due (gpointer target, gpointer data, SrtlaTime now)
{
  Uplink *uplink = target;
  SimNetwork *network = uplink->network;
  SimPacket *packet;

  (void) data;
  while ((packet = sim_link_pop (uplink->back, now)) != NULL) {
    if (packet->tag == uplink->peer)
      network->config.inward (uplink->index, packet,
          network->config.user_data);
    else
      sim_packet_unref (packet);        /* to an address that is gone */
  }
  sim_timer_set (&uplink->back_timer, sim_link_deadline (uplink->back));
}

/* The tag is this copy's own: a packet that others hold too is copied. */
static SimPacket *
tagged (SimPacket *packet, guint64 tag)
{
  if (packet->references > 1) {
    SimPacket *copy = sim_packet_copy (packet->pool, packet->data,
        packet->size);

    sim_packet_unref (packet);
    packet = copy;
  }
  packet->tag = tag;
  return packet;
}

void
sim_network_send (SimNetwork *network, guint index, SimPacket *packet)
{
  Uplink *uplink = &network->uplinks[index];
  SrtlaTime now = sim_clock_now (network->config.clock);

  uplink->offered_bins[bin (network, now)] += packet->size + SIM_IP_OVERHEAD;
  sim_link_push (uplink->out, tagged (packet, uplink->peer), now);
  sim_timer_set (&uplink->out_timer, sim_link_deadline (uplink->out));
}

void
sim_network_reply (SimNetwork *network, guint64 peer, SimPacket *packet)
{
  SrtlaTime now = sim_clock_now (network->config.clock);
  Uplink *uplink;

  g_assert (peer < network->peers->len);
  uplink = &network->uplinks[g_array_index (network->peers, guint, peer)];
  sim_link_push (uplink->back, tagged (packet, peer), now);
  sim_timer_set (&uplink->back_timer, sim_link_deadline (uplink->back));
}

void
sim_network_rebind (SimNetwork *network, guint index)
{
  network->uplinks[index].peer = network->peers->len;
  g_array_append_val (network->peers, index);
}

guint64
sim_network_peer (const SimNetwork *network, guint index)
{
  return network->uplinks[index].peer;
}

/* ---- Schedule ---------------------------------------------------------- */

static void
change_due (gpointer target, gpointer data, SrtlaTime now)
{
  Planned *planned = target;
  SimNetwork *network = planned->network;
  const SimChange *change = planned->change;
  SimLinkSettings out = { 0, }, back = { 0, };
  Uplink *uplink = &network->uplinks[change->uplink];

  (void) data;
  switch (change->kind) {
    case SIM_CHANGE_LINK:
      sim_link_settings_copy (&out, sim_link_settings (uplink->out));
      sim_link_settings_copy (&back, sim_link_settings (uplink->back));
      if (!sim_scenario_apply (network->config.scenario, change->key,
              change->value, &out, &back, NULL))
        g_assert_not_reached ();        /* it was tried when the file was read */
      sim_link_change (uplink->out, &out, now);
      sim_link_change (uplink->back, &back, now);
      sim_link_settings_clear (&out);
      sim_link_settings_clear (&back);
      sim_timer_set (&uplink->out_timer, sim_link_deadline (uplink->out));
      sim_timer_set (&uplink->back_timer, sim_link_deadline (uplink->back));
      break;
    case SIM_CHANGE_REBIND:
      sim_network_rebind (network, change->uplink);
      break;
    case SIM_CHANGE_RECEIVER_STOP:
      network->config.receiver (FALSE, network->config.user_data);
      break;
    case SIM_CHANGE_RECEIVER_START:
      network->config.receiver (TRUE, network->config.user_data);
      break;
  }
  if (change->every > 0)
    sim_clock_call (network->config.clock, now + change->every, change_due,
        planned, NULL);
}

/* Returns: whether the schedule makes the uplink lose what passes it between
 * the two moments. */
static gboolean
falls_silent (SimNetwork *network, guint uplink, SrtlaTime from,
    SrtlaTime until)
{
  const GPtrArray *changes = network->config.scenario->changes;
  guint i;

  for (i = 0; i < changes->len; i++) {
    const SimChange *change = g_ptr_array_index (changes, i);
    SrtlaTime at = SIM_START + change->at;

    if (change->kind != SIM_CHANGE_LINK || change->uplink != uplink
        || !g_str_has_suffix (change->key, "passes")
        || g_str_equal (change->value, "all"))
      continue;
    if (change->every > 0 && at < from)
      at += (from - at + change->every - 1) / change->every * change->every;
    if (at >= from && at <= until)
      return TRUE;
  }
  return FALSE;
}

guint
sim_network_fastest (SimNetwork *network, gsize size, gboolean inward)
{
  SrtlaTime now = sim_clock_now (network->config.clock);
  SrtlaTime first = SRTLA_TIME_NONE;
  guint best = G_MAXUINT, i;

  for (i = 0; i < network->n_uplinks; i++) {
    SimLink *link = inward ? network->uplinks[i].back
        : network->uplinks[i].out;
    SrtlaTime arrival = sim_link_predict (link, size, now);

    if (arrival >= first || falls_silent (network, i, now,
            arrival - sim_link_settings (link)->delay))
      continue;
    first = arrival;
    best = i;
  }
  return best;
}

/* ---- Life -------------------------------------------------------------- */

static void
uplink_init (SimNetwork *network, guint index)
{
  const SimScenario *scenario = network->config.scenario;
  SimUplinkSpec *spec = g_ptr_array_index (scenario->uplinks, index);
  Uplink *uplink = &network->uplinks[index];
  gchar *name = g_strconcat (spec->name, "/out", NULL);

  uplink->network = network;
  uplink->index = index;
  uplink->out = sim_link_new (&spec->out, network->config.seed, name,
      SIM_START);
  g_free (name);
  name = g_strconcat (spec->name, "/back", NULL);
  uplink->back = sim_link_new (&spec->back, network->config.seed, name,
      SIM_START);
  g_free (name);
  uplink->offered_bins = g_new0 (guint64, network->n_bins);
  uplink->delivered_bins = g_new0 (guint64, network->n_bins);
  sim_timer_init (&uplink->out_timer, network->config.clock, out_due, uplink);
  sim_timer_init (&uplink->back_timer, network->config.clock, back_due,
      uplink);
  sim_network_rebind (network, index);
}

SimNetwork *
sim_network_new (const SimNetworkConfig *config)
{
  SimNetwork *network = g_new0 (SimNetwork, 1);
  const GPtrArray *changes = config->scenario->changes;
  guint i, nobody = 0;

  network->config = *config;
  network->n_uplinks = config->scenario->uplinks->len;
  network->n_bins = (config->end - SIM_START) / SIM_BIN + 1;
  network->uplinks = g_new0 (Uplink, network->n_uplinks);
  network->peers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_array_append_val (network->peers, nobody);  /* 0 is no address */
  for (i = 0; i < network->n_uplinks; i++)
    uplink_init (network, i);
  network->plan = g_new0 (Planned, changes->len);
  for (i = 0; i < changes->len; i++) {
    network->plan[i].network = network;
    network->plan[i].change = g_ptr_array_index (changes, i);
    sim_clock_call (config->clock, SIM_START + network->plan[i].change->at,
        change_due, &network->plan[i], NULL);
  }
  return network;
}

void
sim_network_free (SimNetwork *network)
{
  guint i;

  for (i = 0; i < network->n_uplinks; i++) {
    sim_link_free (network->uplinks[i].out);
    sim_link_free (network->uplinks[i].back);
    g_free (network->uplinks[i].offered_bins);
    g_free (network->uplinks[i].delivered_bins);
  }
  g_free (network->uplinks);
  g_free (network->plan);
  g_array_free (network->peers, TRUE);
  g_free (network);
}

void
sim_network_report (SimNetwork *network, SimResult *result)
{
  guint64 total = 0;
  guint i;

  result->n_uplinks = network->n_uplinks;
  result->uplinks = g_new0 (SimUplinkResult, network->n_uplinks);
  for (i = 0; i < network->n_uplinks; i++) {
    SimUplinkSpec *spec =
        g_ptr_array_index (network->config.scenario->uplinks, i);
    const SimLinkCounters *counters =
        sim_link_counters (network->uplinks[i].out);
    SimUplinkResult *uplink = &result->uplinks[i];

    uplink->name = g_strdup (spec->name);
    uplink->offered = counters->offered;
    uplink->offered_bytes = counters->offered_bytes;
    uplink->delivered = counters->delivered;
    uplink->delivered_bytes = counters->delivered_bytes;
    uplink->lost_queue = counters->lost_queue;
    uplink->lost_random = counters->lost_random;
    uplink->lost_silent = counters->lost_silent;
    uplink->n_bins = network->n_bins;
    uplink->offered_bins = g_steal_pointer (&network->uplinks[i].offered_bins);
    uplink->delivered_bins =
        g_steal_pointer (&network->uplinks[i].delivered_bins);
    total += counters->delivered_bytes;
  }
  for (i = 0; i < network->n_uplinks && total > 0; i++)
    result->uplinks[i].share =
        (gdouble) result->uplinks[i].delivered_bytes / total;
}
