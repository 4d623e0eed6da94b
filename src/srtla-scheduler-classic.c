/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The choice of the deployed classic sender: the live uplink with the largest
 * whole window / (in flight + 1); of equals, the first in list order. Uplinks
 * whose path carries no packets of that size are left out: a deviation.
 */
#include "srtla-scheduler.h"

static guint
classic_select (const SrtlaSchedulerView * view)
{
  SrtlaTime since = srtla_uplink_live_since (view->now);
  guint best = SRTLA_NO_UPLINK;
  gint32 best_score = -1;
  guint i;

  for (i = 0; i < view->n_uplinks; i++) {
    const SrtlaUplink *uplink = view->uplinks[i];
    gint32 score;

    if (!srtla_uplink_is_live_since (uplink, since)
        || (view->narrow && uplink->largest < view->size))
      continue;
    score = uplink->window / (uplink->in_flight + 1);
    if (score > best_score) {
      best_score = score;
      best = i;
    }
  }
  return best;
}

const SrtlaScheduler srtla_scheduler_classic = {
  .name = "classic",
  .select = classic_select,
};
