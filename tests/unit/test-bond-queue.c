/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets that wait in a bond in enhanced mode: which goes, when, and what
 * becomes of the rest.
 */
#include "counting-malloc.h"

#include "queue-world.h"

/* ---- Order ------------------------------------------------------------- */

static void
test_retransmission (void)
{
  World *world = world_new (2);
  guint32 first = world->next, last = first;
  guint i;

  for (i = 0; i < 2; i++)
    srtla_bond_uplink_limit (world->bond, i, 1000000, world->now);
  pass (world, SRTLA_MILLISECOND);
  for (i = 0; i < 100; i++)
    last = push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, >, 0);
  g_assert_cmpuint (world->n_sent, <, 10);
  push_number (world, 0, first, SIZE, 0, TRUE, FALSE);
  take (world);
  /* It is the next at once, and takes the other uplink. */
  g_assert_cmpuint (place_of (world, first, TRUE), ==, world->n_sent - 1);
  g_assert_cmpuint (world->sent[place_of (world, first, TRUE)].uplink, !=,
      world->sent[place_of (world, first, FALSE)].uplink);
  /* One of a packet that waits itself goes ahead of all that waits. */
  push_number (world, 0, last, SIZE, 0, TRUE, FALSE);
  pass (world, SRTLA_SECOND);
  g_assert_cmpuint (world->n_sent, ==, 102);
  g_assert_cmpuint (place_of (world, last, TRUE), <, 10);
  g_assert_cmpuint (place_of (world, last, FALSE), ==, 101);
  world_free (world);
}

static void
test_critical (void)
{
  World *world = world_new (1);
  guint32 ordinary, critical;
  guint i;

  srtla_bond_uplink_limit (world->bond, 0, 1000000, world->now);
  for (i = 0; i < 50; i++)
    push_media (world, 0, SIZE, FALSE);
  take (world);
  ordinary = world->next - 1;
  srtla_bond_set_critical (world->bond, 0, world->now + 1);
  critical = push_media (world, 0, SIZE, FALSE);
  pass (world, 1);
  push_media (world, 0, SIZE, FALSE);   /* the window is over */
  pass (world, SRTLA_SECOND);
  g_assert_cmpuint (world->n_sent, ==, 52);
  g_assert_cmpuint (place_of (world, critical, FALSE), <, 5);
  g_assert_cmpuint (place_of (world, ordinary, FALSE), ==, 50);
  g_assert_cmpuint (place_of (world, critical + 1, FALSE), ==, 51);
  world_free (world);
}

static void
test_shutdown (void)
{
  World *world = world_new (1);
  guint i;

  srtla_bond_uplink_limit (world->bond, 0, 1000000, world->now);
  for (i = 0; i < 60; i++)
    push_media (world, 0, SIZE, i % 3 == 0);
  take (world);
  push_control (world, 0, TRUE);
  push_control (world, 0, FALSE);
  pass (world, SRTLA_SECOND);
  g_assert_cmpuint (world->n_sent, ==, 62);
  g_assert_true (world->sent[61].shutdown);
  for (i = 0; i < 5; i++)       /* a keepalive does not wait */
    if (world->sent[i].sequence == 0)
      break;
  g_assert_cmpuint (i, <, 5);
  world_free (world);
}

/* Where there is no room for all, what may be dropped is. */
static void
test_droppable (void)
{
  const SrtlaFlowSettings settings = { SRTLA_PRIORITY_AUTO, 0, 3000, 10 };
  World *world = world_new (1);
  SrtlaBondStats *stats;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    SrtlaClassSettings class = srtla_class_defaults[i];

    class.length = 1;
    srtla_bond_set_class (world->bond, i, &class);
  }
  srtla_bond_set_flow (world->bond, 1, &settings);
  srtla_bond_uplink_blocked (world->bond, 0, TRUE);
  for (i = 0; i < 14; i++)
    push_media (world, 1, SIZE, i % 2 == 0);
  take (world);
  stats = stats_of (world);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_QUEUE], >=, 2);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_QUEUE], ==,
      stats->classes[SRTLA_CLASS_BEST_EFFORT].traffic.lost[SRTLA_LOSS_QUEUE]);
  g_free (stats);
  for (i = 0; i < 20; i++)
    push_media (world, 1, SIZE, FALSE);
  stats = stats_of (world);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_LOW].traffic
      .lost[SRTLA_LOSS_QUEUE], >, 0);
  g_assert_cmpuint (stats->classes[SRTLA_CLASS_BEST_EFFORT].ingress.packets,
      ==, 0);
  g_free (stats);
  world_free (world);
}

/* ---- Expiry ------------------------------------------------------------ */

static void
test_expired (void)
{
  World *world = world_new (1);
  SrtlaBondStats *stats;
  guint i;

  shake_hands (world);
  push_media (world, 0, SIZE, FALSE);
  take (world);
  srtla_bond_uplink_limit (world->bond, 0, 800000, world->now);
  for (i = 0; i < 100; i++)
    push_media (world, 0, SIZE, FALSE);
  pass (world, SRTLA_SECOND);
  stats = stats_of (world);
  /* 100 bytes a millisecond, for 100 ms; packet_left () looks at each. */
  g_assert_cmpuint (world->n_sent, >=, 9);
  g_assert_cmpuint (world->n_sent, <=, 12);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_EXPIRED], ==, 101 - world->n_sent);
  g_assert_cmpuint (stats->waiting, ==, 0);
  g_free (stats);
  /* Too late already: not even with room for it. */
  push_number (world, 0, world->next++, SIZE, 2 * LATENCY * SRTLA_MILLISECOND,
      FALSE, FALSE);
  take (world);
  stats = stats_of (world);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_EXPIRED], ==, 102 - world->n_sent);
  g_free (stats);
  world_free (world);
}

/* ---- Uplinks ----------------------------------------------------------- */

static void
test_blocked (void)
{
  World *world = world_new (2);
  guint32 first = world->next;
  guint i;

  srtla_bond_uplink_blocked (world->bond, 0, TRUE);
  srtla_bond_uplink_blocked (world->bond, 1, TRUE);
  for (i = 0; i < 500; i++) {
    push_media (world, 0, SIZE, FALSE);
    take (world);
  }
  pass (world, SRTLA_SECOND);
  g_assert_cmpuint (world->n_sent, ==, 0);
  g_assert_cmpuint (srtla_bond_waiting (world->bond), ==, 500);
  srtla_bond_uplink_blocked (world->bond, 1, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 500);
  for (i = 0; i < 500; i++) {
    g_assert_cmpuint (world->sent[i].sequence, ==, first + i);
    g_assert_cmpuint (world->sent[i].uplink, ==, 1);
  }
  world_free (world);
}

/* What waits in a device's queue is bounded as what is in flight is. */
static void
test_backlog (void)
{
  World *world = world_new (2);
  SrtlaUplink *uplink = world->bond->uplinks[0];
  guint i;

  uplink->delivery.filled = TRUE;
  uplink->rtt.minimum = 20 * SRTLA_MILLISECOND;
  srtla_bond_set_queue_target (world->bond, 50 * SRTLA_MILLISECOND);
  g_assert_cmpuint (uplink->room, <, 100000);
  /* Over the bound all goes by the other, or waits; at the bound it takes some. */
  srtla_bond_uplink_backlog (world->bond, 0, uplink->room + 1);
  srtla_bond_uplink_blocked (world->bond, 1, TRUE);
  push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (srtla_bond_waiting (world->bond), ==, 1);
  srtla_bond_uplink_blocked (world->bond, 1, FALSE);
  for (i = 0; i < 5; i++)
    push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 6);
  for (i = 0; i < 6; i++)
    g_assert_cmpuint (world->sent[i].uplink, ==, 1);
  srtla_bond_uplink_blocked (world->bond, 1, TRUE);
  srtla_bond_uplink_backlog (world->bond, 0, uplink->room);
  push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 7);
  g_assert_cmpuint (world->sent[6].uplink, ==, 0);
  world_free (world);
}

/* Over any time from the start no more than its rate, what it may send at once,
 * and a packet; and no less than its rate, but for a packet. Packets arrive
 * `ahead` of the time that is told next, as others' threads note it. */
static void
run_limit (guint64 bitrate, SrtlaTime step, SrtlaTime ahead)
{
  World *world = world_new (1);
  const SrtlaTime span = 400 * SRTLA_MILLISECOND;
  SrtlaTime begin = world->now;
  guint64 bytes = 0;
  guint i;

  srtla_bond_uplink_limit (world->bond, 0, bitrate, world->now);
  while (world->now < begin + span) {
    world->now += ahead;
    while (srtla_bond_waiting (world->bond) < 20)
      push_media (world, 0, (gsize) g_rand_int_range (world->rand, 16, 1501),
          FALSE);
    world->now -= ahead;
    take (world);
    world->now += step;
    srtla_bond_tick (world->bond, world->now);
    take (world);
  }
  for (i = 0; i < world->n_sent; i++) {
    bytes += world->sent[i].size;
    g_assert_cmpuint (bytes, <=, (world->sent[i].at + ahead - begin) * bitrate
        / 8 / SRTLA_SECOND + MAX (1500, bitrate / 8 / 500) + 1500);
  }
  g_assert_cmpuint (bytes + 1500 + bitrate / 8 * step / SRTLA_SECOND, >=, span
      * bitrate / 8 / SRTLA_SECOND);
  world_free (world);
}

static void
test_limit (void)
{
  run_limit (1000000, 1000, 0);
  run_limit (8000000, 500, 0);
  run_limit (30000000, 100, 0);
  run_limit (3000000, 3, 0);    /* less than a byte or two each time */
  run_limit (777777, 7, 0);
  run_limit (8000000, 500, 300);
  run_limit (1000000, 100, 1000);
}

static void
test_stalled (void)
{
  World *world = world_new (2);
  guint i, sent;

  for (i = 0; i < 2; i++)
    world->bond->uplinks[i]->stalled = TRUE;
  for (i = 0; i < 50; i++)
    push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 50);
  /* A good one that is full is waited for. */
  world->bond->uplinks[0]->stalled = FALSE;
  srtla_bond_uplink_blocked (world->bond, 0, TRUE);
  for (i = 0; i < 50; i++)
    push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 50);
  /* Limits and sockets count on stalled ones, too. */
  world->bond->uplinks[0]->stalled = TRUE;
  srtla_bond_uplink_limit (world->bond, 1, 800000, world->now);
  sent = world->n_sent;
  for (i = 0; i < 10; i++) {
    world->now += 10 * SRTLA_MILLISECOND;
    world->bond->now = world->now;
    take (world);
  }
  g_assert_cmpuint (world->n_sent - sent, >=, 9);
  g_assert_cmpuint (world->n_sent - sent, <=, 11);
  for (; sent < world->n_sent; sent++)
    g_assert_cmpuint (world->sent[sent].uplink, ==, 1);
  world_free (world);
}

/* ---- Flows ------------------------------------------------------------- */

/* A bulk flow takes all it can get; a thin one loses nothing and waits no
 * longer than the class's queue lasts. */
static void
test_thin_flow (void)
{
  const SrtlaFlowSettings settings = { SRTLA_PRIORITY_AUTO, 0, 3000, 512 };
  const guint64 rate = 1000000; /* bytes/s */
  World *world = world_new (1);
  SrtlaTime pushed[100], most = 0;
  guint32 numbers[100];
  SrtlaBondStats *stats;
  guint i, k;

  srtla_bond_set_flow (world->bond, 1, &settings);
  srtla_bond_set_flow (world->bond, 2, &settings);
  srtla_bond_uplink_limit (world->bond, 0, 8 * rate, world->now);
  for (i = 0; i < 100; i++) {
    for (k = 0; k < 30; k++)
      push_media (world, 1, SIZE, FALSE);
    pushed[i] = world->now;
    numbers[i] = push_media (world, 2, SIZE, FALSE);
    pass (world, 10 * SRTLA_MILLISECOND);
  }
  pass (world, SRTLA_SECOND);
  stats = stats_of (world);
  g_assert_cmpuint (stats->flows[1].traffic.lost[SRTLA_LOSS_QUEUE], >, 1000);
  g_assert_cmpuint (stats->flows[2].traffic.packets_out, ==, 100);
  for (i = 0; i < 100; i++)
    most = MAX (most, world->sent[place_of (world, numbers[i], FALSE)].at
        - pushed[i]);
  g_test_message ("waited at most %" G_GUINT64_FORMAT " µs", most);
  g_assert_cmpuint (most, <, (srtla_class_defaults[SRTLA_CLASS_LOW].length + 10)
      * SIZE * SRTLA_SECOND / rate);
  g_free (stats);
  world_free (world);
}

/* ---- Modes ------------------------------------------------------------- */

static void
test_mode (void)
{
  World *world = world_new (1);
  SrtlaBondStats *stats;
  guint32 first = world->next;
  guint i;

  srtla_bond_uplink_blocked (world->bond, 0, TRUE);
  for (i = 0; i < 600; i++)
    push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 0);
  /* Neither a limit nor a device's queue holds anything back in classic mode. */
  srtla_bond_uplink_limit (world->bond, 0, 100000, world->now);
  srtla_bond_uplink_backlog (world->bond, 0, G_MAXUINT64);
  g_assert_true (srtla_bond_set_mode (world->bond, "classic", world->now));
  push_media (world, 0, SIZE, FALSE);
  take (world);
  push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 602);
  for (i = 0; i < 602; i++)
    g_assert_cmpuint (world->sent[i].sequence, ==, first + i);
  /* And back; then the uplink goes, and classic mode does not wait. */
  g_assert_true (srtla_bond_set_mode (world->bond, "enhanced", world->now));
  for (i = 0; i < 20; i++)
    push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 602);
  world->bond->uplinks[0]->suspended = TRUE;
  g_assert_true (srtla_bond_set_mode (world->bond, "classic", world->now));
  take (world);
  stats = stats_of (world);
  g_assert_cmpuint (world->n_sent, ==, 602);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_NO_UPLINK], ==, 20);
  g_assert_cmpuint (stats->waiting, ==, 0);
  g_free (stats);
  world_free (world);
}

/* ---- Delays ------------------------------------------------------------- */

static void
assert_longest (const World *world, SrtlaTime interval, SrtlaTime total,
    guint64 packets)
{
  SrtlaBondStats *stats = stats_of (world);
  const SrtlaClassStats *low = &stats->classes[SRTLA_CLASS_LOW];
  const SrtlaFlowStats *flow = &stats->flows[0];

  g_assert_cmpuint (low->interval.maximum, ==, interval);
  g_assert_cmpuint (low->total.maximum, ==, total);
  g_assert_cmpuint (low->total.packets, ==, packets);
  g_assert_cmpuint (flow->interval.maximum, ==, interval);
  g_assert_cmpuint (flow->total.maximum, ==, total);
  g_assert_cmpuint (flow->total.packets, ==, packets);
  g_free (stats);
}

/* A packet of LOW that waits so long for its uplink. */
static void
wait_for_socket (World *world, SrtlaTime span)
{
  srtla_bond_uplink_blocked (world->bond, 0, TRUE);
  push_media (world, 0, SIZE, FALSE);
  pass (world, span);
  srtla_bond_uplink_blocked (world->bond, 0, FALSE);
  take (world);
}

/* Percentiles are those of the last interval, if there are any, and of all. */
static void
test_intervals (void)
{
  World *world = world_new (1);

  wait_for_socket (world, 5000);
  assert_longest (world, 5000, 5000, 1);
  srtla_bond_reset_interval (world->bond);
  wait_for_socket (world, 7000);
  assert_longest (world, 5000, 7000, 2);
  srtla_bond_reset_interval (world->bond);
  assert_longest (world, 7000, 7000, 2);
  wait_for_socket (world, 3000);
  srtla_bond_reset_interval (world->bond);
  assert_longest (world, 3000, 7000, 3);
  srtla_bond_reset_interval (world->bond);
  assert_longest (world, 0, 7000, 3);
  /* None any more, and again. */
  srtla_bond_forget_intervals (world->bond);
  assert_longest (world, 7000, 7000, 3);
  wait_for_socket (world, 9000);
  assert_longest (world, 9000, 9000, 4);
  srtla_bond_forget_intervals (world->bond);
  wait_for_socket (world, 1000);
  srtla_bond_reset_interval (world->bond);
  assert_longest (world, 1000, 9000, 5);
  world_free (world);
}

/* ---- Everything at once ------------------------------------------------ */

static void
random_setting (World *world)
{
  const guint flow = 1 + (guint) g_rand_int_range (world->rand, 0, 3);
  const SrtlaFlowSettings settings = { g_rand_int_range (world->rand, -1,
        SRTLA_N_CLASSES), (SrtlaTime) g_rand_int_range (world->rand, 0, 2)
        * 5000, (guint) g_rand_int_range (world->rand, 1500, 9000), 64 };
  SrtlaClassSettings class = srtla_class_defaults[flow % SRTLA_N_CLASSES];

  class.length = (guint) g_rand_int_range (world->rand, 1, 9);
  class.quantum = (guint) g_rand_int_range (world->rand, 1000, 9000);
  if (testing_chance (world->rand, 30))
    class.budget = SRTLA_TIME_NONE;
  switch (g_rand_int_range (world->rand, 0, 9)) {
    case 0:
      srtla_bond_set_flow (world->bond, flow, &settings);
      break;
    case 1:
      srtla_bond_flush_flow (world->bond, flow);
      break;
    case 2:
      srtla_bond_set_critical (world->bond, flow, world->now + 20000);
      break;
    case 3:
      srtla_bond_uplink_backlog (world->bond, flow % 3, testing_chance
          (world->rand, 20) ? G_MAXUINT64 : 0);
      break;
    case 4:
      srtla_bond_uplink_limit (world->bond, flow % 3, (guint64) g_rand_int_range
          (world->rand, 0, 3) * 4000000, world->now);
      break;
    case 5:
      srtla_bond_set_class (world->bond, flow % SRTLA_N_CLASSES, &class);
      break;
    case 6:
      srtla_bond_set_queue_target (world->bond, (SrtlaTime) g_rand_int_range
          (world->rand, 0, 3) * 25000);
      break;
    case 7:
      world->bond->uplinks[flow % 3]->stalled = testing_chance (world->rand,
          30);
      break;
    default:
      srtla_bond_reset_interval (world->bond);
      break;
  }
}

static void
random_step (World *world)
{
  guint what = (guint) g_rand_int_range (world->rand, 0, 100);
  guint flow = (guint) g_rand_int_range (world->rand, 0, 4);
  guint32 back = (guint32) g_rand_int_range (world->rand, 1, 300);

  if (what < 70)
    push_media (world, flow, (gsize) g_rand_int_range (world->rand, 16, 1473),
        what < 10);
  else if (what < 78)
    push_number (world, flow, world->next - MIN (back, world->next - 1000), 500,
        0, TRUE, FALSE);
  else if (what < 82)
    push_control (world, flow, what == 81 && back < 3);
  else if (what < 90)
    srtla_bond_uplink_blocked (world->bond, flow % 3, testing_chance
        (world->rand, 50));
  else if (what < 91)
    random_setting (world);
  else if (what < 94)
    pass (world, (SrtlaTime) g_rand_int_range (world->rand, 0, 20000));
  take (world);
}

static World *
busy_world (void)
{
  World *world = world_new (3);
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    SrtlaClassSettings class = srtla_class_defaults[i];

    class.length = 8;
    srtla_bond_set_class (world->bond, i, &class);
  }
  for (i = 1; i < 4; i++) {
    const SrtlaFlowSettings settings = { (gint) i - 1, 0, 3000, 64 };

    srtla_bond_set_flow (world->bond, i, &settings);
  }
  return world;
}

static void
test_books (void)
{
  World *world = busy_world ();
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);
  guint i;

  shake_hands (world);
  world->fails = TRUE;
  for (i = 0; i < 100000; i++) {
    random_step (world);
    if (i % 50000 == 20000)
      srtla_bond_set_mode (world->bond, "classic", world->now);
    if (i % 50000 == 21000)
      srtla_bond_set_mode (world->bond, "enhanced", world->now);
    if (i % 10 == 0)
      get_stats (world, stats);
    /* What waits is all that there are references on. */
    g_assert_cmpint (world->references, ==,
        (gint) srtla_bond_waiting (world->bond));
  }
  g_assert_cmpuint (stats->packets_sent, >, 20000);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_QUEUE], >, 10);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_EXPIRED], >, 10);
  srtla_bond_flush (world->bond);
  get_stats (world, stats);
  g_assert_cmpuint (stats->waiting, ==, 0);
  g_free (stats);
  world_free (world);
}

static void
test_allocates_nothing (void)
{
  World *world = busy_world ();
  guint64 before;
  guint i;

  shake_hands (world);
  for (i = 0; i < 2000; i++)
    random_step (world);
  before = counted_allocations;
  g_assert_cmpuint (before, >, 0);
  for (i = 0; i < 50000; i++)
    random_step (world);
  g_assert_cmpuint (counted_allocations, ==, before);
  world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bond-queue/retransmission", test_retransmission);
  g_test_add_func ("/bond-queue/critical", test_critical);
  g_test_add_func ("/bond-queue/shutdown", test_shutdown);
  g_test_add_func ("/bond-queue/droppable", test_droppable);
  g_test_add_func ("/bond-queue/expired", test_expired);
  g_test_add_func ("/bond-queue/blocked", test_blocked);
  g_test_add_func ("/bond-queue/backlog", test_backlog);
  g_test_add_func ("/bond-queue/limit", test_limit);
  g_test_add_func ("/bond-queue/stalled", test_stalled);
  g_test_add_func ("/bond-queue/thin-flow", test_thin_flow);
  g_test_add_func ("/bond-queue/mode", test_mode);
  g_test_add_func ("/bond-queue/intervals", test_intervals);
  g_test_add_func ("/bond-queue/books", test_books);
  g_test_add_func ("/bond-queue/allocates-nothing", test_allocates_nothing);
  return g_test_run ();
}
