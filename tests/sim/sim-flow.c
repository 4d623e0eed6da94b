/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-flow.h"

SimFlow *
sim_flow_new (void)
{
  SimFlow *flow = g_new0 (SimFlow, 1);

  flow->media = g_array_sized_new (FALSE, FALSE, sizeof (SimMedia), 65536);
  return flow;
}

void
sim_flow_free (SimFlow *flow)
{
  g_array_free (flow->media, TRUE);
  g_free (flow);
}

guint64
sim_flow_produce (SimFlow *flow, SrtlaTime now)
{
  SimMedia media = { now, 0, FALSE };

  g_array_append_val (flow->media, media);
  return flow->media->len - 1;
}

void
sim_flow_arrive (SimFlow *flow, guint64 index, SrtlaTime now)
{
  SimMedia *media;

  if (index >= flow->media->len)
    return;
  media = &g_array_index (flow->media, SimMedia, index);
  flow->arrived++;
  if (media->arrived == 0)
    media->arrived = now;
}

void
sim_flow_deliver (SimFlow *flow, guint64 index, SrtlaTime now)
{
  SimMedia *media;

  if (index >= flow->media->len)
    return;
  media = &g_array_index (flow->media, SimMedia, index);
  g_assert (!media->delivered);
  media->delivered = TRUE;
  flow->delivered++;
  if (flow->last_delivered > 0)
    flow->longest_gap = MAX (flow->longest_gap, now - flow->last_delivered);
  flow->last_delivered = now;
}
