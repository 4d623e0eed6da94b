/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-scheduler.h"

#include <string.h>

const SrtlaScheduler *
srtla_scheduler_find (const gchar * name)
{
  static const SrtlaScheduler *const schedulers[] = {
    &srtla_scheduler_classic,
    &srtla_scheduler_enhanced,
  };
  guint i;

  for (i = 0; name != NULL && i < G_N_ELEMENTS (schedulers); i++) {
    if (strcmp (schedulers[i]->name, name) == 0)
      return schedulers[i];
  }
  return NULL;
}

guint
srtla_plan_choose (SrtlaPlan * plan, gsize size)
{
  gdouble least = G_MAXDOUBLE;
  guint best = SRTLA_NO_UPLINK, i;
  guint64 bytes;

  if (plan->latest < plan->n && plan->entries[plan->latest].room >= size) {
    best = plan->latest;
    least = plan->entries[best].fill / SRTLA_HYSTERESIS;
  }
  for (i = 0; i < plan->n; i++) {
    if (plan->entries[i].fill >= least || plan->entries[i].room < size)
      continue;
    best = i;
    least = plan->entries[i].fill;
  }
  plan->latest = best;
  plan->run_left = 0;
  if (best == SRTLA_NO_UPLINK)
    return SRTLA_NO_UPLINK;
  /* The whole run is taken off now. */
  bytes = MAX (MIN (plan->entries[best].run, plan->entries[best].room), size);
  plan->run_left = bytes - size;
  plan->entries[best].room -= bytes;
  plan->entries[best].fill += (gdouble) (gint64) bytes
      * plan->entries[best].step;
  return plan->entries[best].index;
}
