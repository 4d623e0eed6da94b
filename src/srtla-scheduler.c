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
