/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-oracle.h"
#include "sim-wire.h"

/* A watch holds the flow above this bit and the packet's index + 1 below. */
#define FLOW_SHIFT 40

struct _SimOracle
{
  SimNetwork *network;
  SimPool *pool;
  GPtrArray *flows;
  GArray **under_way;           /* by flow: of guint8 by index, copies */
};

static guint8 *
copies_of (SimOracle *oracle, guint flow, guint64 index)
{
  GArray *copies = oracle->under_way[flow];

  if (index >= copies->len)
    g_array_set_size (copies, index + 1);
  return &g_array_index (copies, guint8, index);
}

static void
gone (guint64 watch, gpointer user_data)
{
  guint64 index = (watch & ((G_GUINT64_CONSTANT (1) << FLOW_SHIFT) - 1)) - 1;

  --*copies_of (user_data, watch >> FLOW_SHIFT, index);
}

SimOracle *
sim_oracle_new (SimNetwork *network, SimPool *pool, GPtrArray *flows)
{
  SimOracle *oracle = g_new0 (SimOracle, 1);
  guint i;

  oracle->network = network;
  oracle->pool = pool;
  oracle->flows = flows;
  oracle->under_way = g_new0 (GArray *, flows->len);
  for (i = 0; i < flows->len; i++)
    oracle->under_way[i] = g_array_new (FALSE, TRUE, sizeof (guint8));
  sim_pool_watch (pool, gone, oracle);
  return oracle;
}

void
sim_oracle_free (SimOracle *oracle)
{
  guint i;

  sim_pool_watch (oracle->pool, NULL, NULL);
  for (i = 0; i < oracle->flows->len; i++)
    g_array_free (oracle->under_way[i], TRUE);
  g_free (oracle->under_way);
  g_free (oracle);
}

/* Returns: FALSE if a copy of a data packet need not be sent. */
static gboolean
follow (SimOracle *oracle, SimPacket *packet)
{
  SimMark mark;
  guint8 *copies;
  SimFlow *flow;

  if (srtla_packet_kind (packet->data, packet->size) != SRTLA_KIND_SRT_DATA)
    return TRUE;
  sim_wire_read_mark (packet->data, packet->size, &mark);
  flow = g_ptr_array_index (oracle->flows, mark.flow);
  copies = copies_of (oracle, mark.flow, mark.index);
  if (*copies > 0
      || g_array_index (flow->media, SimMedia, mark.index).arrived > 0)
    return FALSE;
  ++*copies;
  packet->watch = (guint64) mark.flow << FLOW_SHIFT | (mark.index + 1);
  return TRUE;
}

void
sim_oracle_send (SimOracle *oracle, SimPacket *packet)
{
  guint uplink = sim_network_fastest (oracle->network, packet->size, FALSE);

  if (uplink == G_MAXUINT || !follow (oracle, packet))
    sim_packet_unref (packet);
  else
    sim_network_send (oracle->network, uplink, packet);
}

void
sim_oracle_reply (SimOracle *oracle, SimPacket *packet)
{
  guint uplink = sim_network_fastest (oracle->network, packet->size, TRUE);

  if (uplink == G_MAXUINT)
    sim_packet_unref (packet);
  else
    sim_network_reply (oracle->network, sim_network_peer (oracle->network,
            uplink), packet);
}
