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

/* So much better must another uplink be to be chosen. */
#define SRTLA_HYSTERESIS 1.1

/* The uplinks that packets of one moment may go to. */
typedef struct
{
  guint n;
  guint latest;                 /* of entries[], the latest choice, or SRTLA_NO_UPLINK */
  guint64 run_left;             /* bytes that it takes without another one */
  struct
  {
    guint index;                /* into view->uplinks */
    gdouble fill, step;         /* part of its weight in flight; that a byte is */
    guint64 room;               /* bytes that it takes */
    guint64 capacity;           /* bytes/s */
  } entries[SRTLA_MAX_UPLINKS];
} SrtlaPlan;

typedef struct
{
  const gchar *name;            /* the value of `mode` */
  /* Returns: the index into view->uplinks, or SRTLA_NO_UPLINK if none can. */
  guint (*select) (const SrtlaSchedulerView *view);
  /* The same for all packets of a moment that are not urgent: looks at the
   * uplinks once; NULL: it cannot. Where that is no simple matter the plan stays
   * empty. */
  void (*plan) (const SrtlaSchedulerView *view, SrtlaPlan *plan);
} SrtlaScheduler;

extern const SrtlaScheduler srtla_scheduler_classic;
extern const SrtlaScheduler srtla_scheduler_enhanced;

/* Returns: the uplink for the next packet of the moment, as index into
 * view->uplinks; SRTLA_NO_UPLINK if none of the plan has room. */
guint srtla_plan_choose (SrtlaPlan *plan, gsize size);

static inline guint
srtla_plan_next (SrtlaPlan * plan, gsize size)
{
  if (size > plan->run_left)
    return srtla_plan_choose (plan, size);
  plan->run_left -= size;
  return plan->entries[plan->latest].index;
}

/* Returns: the scheduler of that name, NULL if there is none. */
const SrtlaScheduler *srtla_scheduler_find (const gchar *name);

G_END_DECLS
