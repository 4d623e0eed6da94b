/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets in proportion to what each uplink carries: the one whose bytes in
 * flight fill the smallest part of its weight, which is what it may have in
 * flight with its queue at the target, times its quality. The latest choice is
 * kept until another is better by a tenth: runs on one uplink cost less, and
 * reorder less. Uplinks that stalled rest while another can carry.
 */
#include "srtla-scheduler.h"

#define HYSTERESIS 1.1
#define DOUBTED    0.1

/* What an uplink carries in this time may go to it at once, µs; no more than
 * this, and only where that is several packets, bytes. */
#define RUN_SPAN   (4 * SRTLA_MILLISECOND)
#define RUN_MOST   (8 * SRTLA_FULL_DATAGRAM)
#define RUN_LEAST  (4 * SRTLA_FULL_DATAGRAM)

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
  gboolean best_stalled = TRUE, braked = FALSE;
  gdouble best_score = -1.0;
  guint i;

  for (i = 0; i < view->n_uplinks; i++) {
    const SrtlaUplink *uplink = view->uplinks[i];
    gdouble score;

    if (uplink->state != SRTLA_UPLINK_UP || uplink->suspended
        || (uplink->stalled && !best_stalled)
        || (view->narrow && uplink->largest < view->size))
      continue;
    /* Nothing is known of the room on a stalled one. */
    if (view->brake && (uplink->stalled ? !srtla_uplink_is_open (uplink)
            : srtla_uplink_room (uplink, view->urgent) < view->size)) {
      braked = braked || !uplink->stalled;
      continue;
    }
    score = score_of (uplink, view->size);
    if (uplink->slot == view->latest)
      score *= HYSTERESIS;
    if (view->now < uplink->doubted_until)
      score *= DOUBTED;
    if (score <= best_score && uplink->stalled == best_stalled)
      continue;
    best = i;
    best_score = score;
    best_stalled = uplink->stalled;
  }
  /* Rather wait for one that delivers than take one that does not. */
  return braked && best_stalled ? SRTLA_NO_UPLINK : best;
}

/* Packets of one moment stay together, as far as that is no burst for the
 * uplink: they cost fewer choices, and fewer system calls. */
static guint64
enhanced_run (const SrtlaSchedulerView * view, guint chosen)
{
  const SrtlaUplink *uplink = view->uplinks[chosen];
  guint64 bytes = uplink->delivery.capacity * RUN_SPAN / SRTLA_SECOND;

  if (bytes < RUN_LEAST || uplink->stalled || uplink->ramp != 0
      || view->now < uplink->doubted_until || uplink->bitrate_maximum != 0
      || uplink->largest < SRTLA_MAX_DATAGRAM)
    return 0;
  bytes = MIN (bytes, RUN_MOST);
  if (view->brake)
    bytes = MIN (bytes, srtla_uplink_room (uplink, FALSE));
  return bytes > view->size ? bytes - view->size : 0;
}

const SrtlaScheduler srtla_scheduler_enhanced = {
  .name = "enhanced",
  .select = enhanced_select,
  .run = enhanced_run,
};
