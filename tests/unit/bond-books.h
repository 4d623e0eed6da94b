/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books of a bond balance: whatever entered was sent, lost for a reason, or
 * waits. For all tests that have a bond whose outputs were taken.
 */
#pragma once

#include "srtla-bond.h"

G_BEGIN_DECLS

static inline void
bond_books_assert (const SrtlaBondStats *stats)
{
  guint64 in = 0, waiting = 0;
  guint i;

  g_assert_cmpuint (stats->packets_pushed, ==,
      srtla_bond_stats_accounted (stats));
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaClassStats *class = &stats->classes[i];

    g_assert_cmpuint (class->traffic.packets_in, ==,
        srtla_traffic_accounted (&class->traffic));
    g_assert_true (srtla_queue_stats_balance (&class->ingress));
    g_assert_true (srtla_queue_stats_balance (&class->edf));
    g_assert_true (srtla_queue_stats_balance (&class->egress));
    in += class->traffic.packets_in;
    waiting += class->traffic.waiting;
  }
  g_assert_cmpuint (in, ==, stats->packets_pushed
      - stats->lost[SRTLA_LOSS_NOT_SRT]);
  g_assert_cmpuint (waiting, ==, stats->waiting);
}

/* Of a flow that nobody else's number was before. */
static inline void
bond_books_assert_flow (const SrtlaFlowStats *flow)
{
  g_assert_cmpuint (flow->traffic.packets_in, ==,
      srtla_traffic_accounted (&flow->traffic));
}

G_END_DECLS
