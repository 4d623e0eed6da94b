/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-scheduler.h"

#include <string.h>

/* What an uplink carries in this time may go to it at once, µs; no more than
 * this, and only where that is several packets, bytes. */
#define RUN_SPAN   (4 * SRTLA_MILLISECOND)
#define RUN_MOST   (8 * SRTLA_FULL_DATAGRAM)
#define RUN_LEAST  (4 * SRTLA_FULL_DATAGRAM)

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

/* Returns: how many bytes may go to an uplink at once. They stay together as far
 * as that is no burst for it: it takes fewer choices, and fewer system calls. */
static inline guint64
run_of (guint64 capacity)
{
  guint64 bytes = capacity * RUN_SPAN / SRTLA_SECOND;

  return bytes >= RUN_LEAST ? MIN (bytes, RUN_MOST) : 0;
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
  bytes = MAX (MIN (run_of (plan->entries[best].capacity),
          plan->entries[best].room), size);
  plan->run_left = bytes - size;
  plan->entries[best].room -= bytes;
  plan->entries[best].fill += (gdouble) (gint64) bytes
      * plan->entries[best].step;
  return plan->entries[best].index;
}
