/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bond as a whole. What must hold after each operation is looked at after
 * each so-manieth one: reading statistics takes longer than most operations.
 */
#include "bond-world.h"

#include <math.h>

#include "../unit/bond-books.h"

#define STEPS_PER_CHECK 4

static void
check_traffic (const SrtlaTraffic *traffic)
{
  g_assert_cmpuint (traffic->waiting, <=, traffic->waiting_maximum);
  g_assert_true (traffic->waiting > 0 || traffic->waiting_bytes == 0);
}

static void
check_books (const SrtlaBondStats *stats)
{
  guint i;

  bond_books_assert (stats);
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    check_traffic (&stats->classes[i].traffic);
  for (i = 0; i < stats->n_flows; i++) {
    g_assert_true (srtla_queue_stats_balance (&stats->flows[i].queue));
    check_traffic (&stats->flows[i].traffic);
  }
}

static void
check_uplink (const World *world, const SrtlaUplinkStats *uplink)
{
  const SrtlaUplink *inside = srtla_bond_uplink (world->bond, uplink->slot);

  g_assert_true (world->uplinks[uplink->slot].used);
  g_assert_cmpint (uplink->in_flight, >=, 0);
  g_assert_cmpint (uplink->window, >=, SRTLA_WINDOW_MINIMUM);
  g_assert_cmpint (uplink->window, <=, SRTLA_WINDOW_MAXIMUM);
  g_assert_cmpint (uplink->state, <, SRTLA_UPLINK_STATES);
  g_assert_true (uplink->share >= 0.0 && uplink->share <= 1.0);
  g_assert_true (uplink->quality >= 0.0 && uplink->quality < 2.0);
  g_assert_true (isfinite (inside->weight) && inside->weight >= 0.0);
  g_assert_cmpuint (uplink->last_heard, <=, world->bond->now);
  g_assert_cmpuint (uplink->capacity, >, 0);
  g_assert_true (uplink->rtt == 0 || uplink->rtt_minimum > 0);
  /* Nothing went below zero. */
  g_assert_cmpuint (uplink->counters.packets_sent, <, G_MAXINT64);
  g_assert_cmpuint (uplink->counters.duplicates, <, G_MAXINT64);
  g_assert_cmpuint (srtla_inflight_count (inside->log), <=,
      SRTLA_INFLIGHT_CAPACITY);
  g_assert_true (srtla_inflight_count (inside->log) > 0
      || srtla_inflight_bytes (inside->log) == 0);
}

static void
check_uplinks (const World *world, const SrtlaBondStats *stats)
{
  guint i, up = 0, used = 0;

  for (i = 0; i < SRTLA_MAX_UPLINKS; i++)
    used += world->uplinks[i].used;
  g_assert_cmpuint (stats->n_uplinks, ==, used);
  for (i = 0; i < stats->n_uplinks; i++) {
    check_uplink (world, &stats->uplinks[i]);
    up += stats->uplinks[i].state == SRTLA_UPLINK_UP;
  }
  g_assert_cmpuint (stats->uplinks_up, ==, up);
  g_assert_true ((stats->connected_since != 0) == (up > 0));
}

/* What is due was done: with the time that was told, nothing more is. */
static void
check_deadline (World *world)
{
  SrtlaTime deadline;

  srtla_bond_tick (world->bond, world->now);
  world_take (world);
  deadline = srtla_bond_deadline (world->bond);
  g_assert_cmpuint (deadline, >, world->now);
  /* So that what waits is looked at again; without uplinks it need not be. */
  if (world->bond->n_uplinks > 0)
    g_assert_cmpuint (deadline, <=, world->bond->now + SRTLA_SECOND);
}

/* A NAK that is held back stands at a packet in a log. */
static void
check_held (const World *world, const SrtlaBondStats *stats)
{
  guint64 held = stats->naks_dropped + stats->naks_released;
  guint i;

  if (stats->naks_held == 0)
    return;
  for (i = 0; i < world->bond->n_uplinks; i++) {
    SrtlaInflight *log = world->bond->order[i]->log;
    guint64 place = srtla_inflight_next_place (log);
    const SrtlaInflightEntry *entry;

    while (place > 0 && (entry = srtla_inflight_at (log, --place)) != NULL)
      held += entry->held && entry->reported;
  }
  g_assert_cmpuint (stats->naks_held, ==, held);
}

void
world_check (World *world)
{
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);

  srtla_bond_get_stats (world->bond, world->now, stats);
  check_books (stats);
  check_uplinks (world, stats);
  check_held (world, stats);
  /* Someone keeps each packet: a queue, or rescue. */
  g_assert_cmpuint (world->packets, >=, stats->waiting);
  g_assert_cmpuint (stats->kept_bytes, <=, SRTLA_RESCUE_BYTES
      + SRTLA_MAX_DATAGRAM);
  g_assert_cmpuint (stats->callers, <=, SRTLA_MAX_CALLERS);
  g_assert_cmpuint (stats->duplicates, <, G_MAXINT64);
  g_free (stats);
}

/* Rescue and the queues give up what they have, and then nobody has any. */
static void
check_end (World *world)
{
  srtla_bond_flush (world->bond);
  world_take (world);
  world_empty (world, SRTLA_NO_UPLINK, SRTLA_SEND_DROPPED);
  srtla_bond_set_rescue (world->bond, FALSE);
  g_assert_cmpuint (world->bond->kept_bytes, ==, 0);
  g_assert_cmpuint (world->packets, ==, 0);
  world_check (world);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  World *world = world_new (&input);
  guint steps = 0;

  while (input.left > 0) {
    world_step (world, &input);
    if (world->hold > 0 && world->bond->outputs_waiting < SRTLA_BOND_BATCH) {
      world->hold--;
      continue;
    }
    world_take (world);
    if (++steps % STEPS_PER_CHECK == 0)
      world_check (world);
    check_deadline (world);
  }
  world_take (world);
  world_check (world);
  check_end (world);
  world_free (world);
  return 0;
}
