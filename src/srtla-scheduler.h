/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Choosing the uplink for a packet. A scheduler is a pure function of const
 * views: it fits one page and a table tests it.
 */
#pragma once

#include "srtla-uplink.h"

G_BEGIN_DECLS

typedef struct
{
  const SrtlaUplink *const *uplinks;    /* in list order: the last added first */
  guint n_uplinks;
  SrtlaTime now;
  guint size;                   /* of the packet, bytes */
  gboolean brake;               /* only uplinks that have room for it */
  gboolean urgent;              /* they have more room for such */
  guint latest;                 /* slot of the latest choice, or SRTLA_NO_UPLINK */
  gboolean narrow;              /* only uplinks whose path carries that size */
} SrtlaSchedulerView;

typedef struct
{
  const gchar *name;            /* the value of `mode` */
  /* Returns: the index into view->uplinks, or SRTLA_NO_UPLINK if none can. */
  guint (*select) (const SrtlaSchedulerView *view);
  /* Returns: how many bytes more may follow the packet to the uplink with that
   * index, at this moment, without another choice. NULL: none ever. */
  guint64 (*run) (const SrtlaSchedulerView *view, guint chosen);
} SrtlaScheduler;

extern const SrtlaScheduler srtla_scheduler_classic;
extern const SrtlaScheduler srtla_scheduler_enhanced;

/* Returns: the scheduler of that name, NULL if there is none. */
const SrtlaScheduler *srtla_scheduler_find (const gchar *name);

G_END_DECLS
