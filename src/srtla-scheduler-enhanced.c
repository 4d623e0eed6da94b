/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets in proportion to what each uplink carries: the one whose bytes in
 * flight fill the smallest part of its weight, which is what it may have in
 * flight with its queue at the target, times its quality. The latest choice is
 * kept until another is better by a tenth: runs on one uplink cost less, and
 * reorder less. Uplinks that stalled rest while another can carry; so do those
 * on which packets would be late while another has room.
 */
#include "srtla-scheduler.h"

#define DOUBTED    0.1

/* What comes first, whatever the scores are. */
typedef enum
{
  RANK_DELIVERS,
  RANK_TOO_FAR,
  RANK_STALLED,
} Rank;

/* Higher is better: room in bytes of weight for each byte in flight. What a
 * returning uplink may have in flight it gets: while others have all the
 * traffic, it could prove nothing. */
static inline gdouble
score_of (const SrtlaUplink * uplink, guint size)
{
  guint64 bytes = srtla_inflight_bytes (uplink->log) + size;

  if (bytes <= uplink->ramp)
    return G_MAXDOUBLE / 2 / (gdouble) (gint64) bytes;
  return uplink->weight / (gdouble) (gint64) bytes;
}

static guint
enhanced_select (const SrtlaSchedulerView * view)
{
  guint best = SRTLA_NO_UPLINK;
  Rank best_rank = RANK_STALLED;
  gboolean braked = FALSE;
  gdouble best_score = -1.0;
  guint i;

  for (i = 0; i < view->n_uplinks; i++) {
    const SrtlaUplink *uplink = view->uplinks[i];
    Rank rank = uplink->stalled ? RANK_STALLED
        : uplink->too_far ? RANK_TOO_FAR : RANK_DELIVERS;
    gdouble score;

    if (uplink->state != SRTLA_UPLINK_UP || uplink->suspended
        || rank > best_rank
        || (view->narrow && uplink->largest < view->size))
      continue;
    if (view->brake
        && srtla_uplink_room (uplink, view->urgent) < view->size) {
      braked = braked || !uplink->stalled;
      continue;
    }
    score = score_of (uplink, view->size);
    if (uplink->slot == view->latest)
      score *= SRTLA_HYSTERESIS;
    if (view->now < uplink->doubted_until)
      score *= DOUBTED;
    if (score <= best_score && rank == best_rank)
      continue;
    best = i;
    best_score = score;
    best_rank = rank;
  }
  /* Rather wait for one that delivers than take one that does not. */
  return braked && best_rank == RANK_STALLED ? SRTLA_NO_UPLINK : best;
}

/* ---- Many packets of one moment ----------------------------------------- */

/* What returns, is doubted or has a limit needs a look for each packet. */
static void
enhanced_plan (const SrtlaSchedulerView * view, SrtlaPlan * plan)
{
  guint i, n = 0;

  plan->n = 0;
  plan->latest = SRTLA_NO_UPLINK;
  plan->run_left = 0;
  for (i = 0; i < view->n_uplinks; i++) {
    const SrtlaUplink *uplink = view->uplinks[i];
    guint64 bytes = srtla_inflight_bytes (uplink->log);

    if (uplink->state != SRTLA_UPLINK_UP || uplink->suspended
        || uplink->stalled || uplink->blocked || uplink->too_far)
      continue;
    if (uplink->ramp != 0 || view->now < uplink->doubted_until
        || uplink->bitrate_maximum != 0
        || uplink->largest < SRTLA_MAX_DATAGRAM)
      return;
    if (uplink->slot == view->latest)
      plan->latest = n;
    plan->entries[n].index = i;
    plan->entries[n].step = 1.0 / uplink->weight;
    plan->entries[n].fill = (gdouble) (gint64) (view->size + bytes)
        * plan->entries[n].step;
    plan->entries[n].capacity = uplink->delivery.capacity;
    plan->entries[n].room = !view->brake ? G_MAXUINT64
        : uplink->backlog <= uplink->room && bytes <= uplink->room
        ? uplink->room - bytes : 0;
    n++;
  }
  plan->n = n;
}

const SrtlaScheduler srtla_scheduler_enhanced = {
  .name = "enhanced",
  .select = enhanced_select,
  .plan = enhanced_plan,
};
