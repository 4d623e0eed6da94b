/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is of no use any more is not sent, wherever it waited; and what is sent
 * arrives in time. Uplinks here have a path behind them: a rate, a queue without
 * end, a delay, and a receiver that acknowledges.
 */
#include "queue-world.h"

#define DELAY  (20 * SRTLA_MILLISECOND) /* each way */
#define MOST   40000            /* packets */
#define UPLINKS 2

typedef struct
{
  World *world;
  guint64 rate;                 /* bytes/s */
  guint seen;                   /* of world->sent */
  SrtlaTime made[MOST], arrives[MOST];  /* by number; 0 = did not leave */
  struct
  {
    SrtlaTime busy_until;
    guint numbers[MOST];        /* in order of leaving */
    guint acknowledged, end;
  } paths[UPLINKS];
} Paths;

static void
let_leave (Paths *paths)
{
  for (; paths->seen < paths->world->n_sent; paths->seen++) {
    const Sent *sent = &paths->world->sent[paths->seen % SENT];
    guint number = sent->sequence - 1000;
    SrtlaTime *busy_until;

    if (sent->sequence == 0)
      continue;
    g_assert_cmpuint (number, <, MOST);
    busy_until = &paths->paths[sent->uplink].busy_until;
    *busy_until = MAX (*busy_until, sent->at) + sent->size * SRTLA_SECOND
        / paths->rate;
    paths->arrives[number] = *busy_until + DELAY;
    paths->paths[sent->uplink].numbers[paths->paths[sent->uplink].end++]
        = number;
  }
}

/* Tells the bond of each ten that arrived so long ago that it must know. */
static void
acknowledge (Paths *paths)
{
  World *world = paths->world;
  guint32 numbers[SRTLA_ACK_TRAIN];
  guint8 ack[4 + 4 * SRTLA_ACK_TRAIN];
  guint uplink, i, last;

  for (uplink = 0; uplink < UPLINKS; uplink++) {
    guint *done = &paths->paths[uplink].acknowledged;

    for (; *done + SRTLA_ACK_TRAIN <= paths->paths[uplink].end;
        *done += SRTLA_ACK_TRAIN) {
      last = paths->paths[uplink].numbers[*done + SRTLA_ACK_TRAIN - 1];
      if (paths->arrives[last] + DELAY > world->now)
        break;
      for (i = 0; i < SRTLA_ACK_TRAIN; i++)
        numbers[i] = 1000 + paths->paths[uplink].numbers[*done + i];
      srtla_bond_receive (world->bond, uplink, ack, srtla_write_ack (ack,
              numbers, SRTLA_ACK_TRAIN), world->now);
    }
  }
}

/* A caller that makes `offered` bytes/s for so long, over uplinks of rate `rate` each: by the path behind them, or by a limit of theirs. Returns: what became of
 * each. */
static Paths *
run_paths (guint64 rate, gboolean limit, guint64 offered,
    guint latency, SrtlaTime span, gboolean expires)
{
  Paths *paths = g_new0 (Paths, 1);
  World *world = paths->world = world_new (UPLINKS);
  SrtlaTime begin = world->now;
  guint64 made = 0;
  guint i;

  world->latency = latency;
  shake_hands (world);
  if (!expires) {
    world->bond->callers.slots[0].flags &= ~(guint32) SRTLA_HS_TLPKTDROP;
    world->expires = FALSE;
  }
  paths->rate = rate;
  world->no_echoes = TRUE;      /* they would not take the path */
  for (i = 0; i < UPLINKS; i++) {
    srtla_rtt_reset (&world->bond->uplinks[i]->rtt);
    srtla_rtt_sample (&world->bond->uplinks[i]->rtt, 2 * DELAY, world->now);
    if (limit)
      srtla_bond_uplink_limit (world->bond, i, 8 * rate, world->now);
  }
  while (world->now < begin + span + SRTLA_SECOND) {
    while (made < offered * (world->now - begin) / SRTLA_SECOND
        && world->now < begin + span) {
      paths->made[world->next - 1000] = world->now;
      push_media (world, 0, SIZE, FALSE);
      made += SIZE;
    }
    take (world);
    pass (world, SRTLA_MILLISECOND);
    let_leave (paths);
    acknowledge (paths);
    take (world);
  }
  return paths;
}

typedef struct
{
  guint arrived, late;
  SrtlaTime latest;             /* beyond its time, µs */
} Arrivals;

/* Both ends reckon from a handshake that took the delay, too. An uplink's limit
 * lets through 2 ms at once. Those that were made before `from` may be late. */
#define BURST (2 * SRTLA_MILLISECOND)
static Arrivals
judge_arrivals (Paths *paths, SrtlaTime from)
{
  Arrivals arrivals = { 0, };
  guint i, n = paths->world->next - 1000;

  for (i = 0; i < n; i++) {
    SrtlaTime useful = paths->made[i] + DELAY
        + paths->world->latency * SRTLA_MILLISECOND
        + BURST;

    if (paths->arrives[i] == 0)
      continue;
    arrivals.arrived++;
    if (paths->arrives[i] <= useful || paths->made[i] < paths->made[0] + from)
      continue;
    arrivals.late++;
    arrivals.latest = MAX (arrivals.latest, paths->arrives[i] - useful);
  }
  g_test_message ("%u of %u arrive, %u late, by %" G_GUINT64_FORMAT " µs at most",
      arrivals.arrived, n, arrivals.late, arrivals.latest);
  world_free (paths->world);
  g_free (paths);
  return arrivals;
}

/* Half as much again as two uplinks may carry, and no queue behind them. */
static void
test_limited (void)
{
  const guint64 rate = 250000;
  Arrivals arrivals = judge_arrivals (run_paths (rate, TRUE, 3 * rate,
          LATENCY, 5 * SRTLA_SECOND, TRUE), 0);

  g_assert_cmpuint (arrivals.late, ==, 0);
  g_assert_cmpuint (arrivals.arrived, >=, 2450);        /* of 2500 and some */
  arrivals = judge_arrivals (run_paths (rate, TRUE, 3 * rate,
          LATENCY, 5 * SRTLA_SECOND, FALSE), 0);
  g_assert_cmpuint (arrivals.late, >, arrivals.arrived / 2);
}

/* The rate is the path's, and so is the queue: what could leave in time but not
 * arrive is not sent either, once the rate is known. */
static void
test_queued (void)
{
  static const guint latencies[] = { 100, 300, 1000 };
  const guint64 rate = 250000;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (latencies); i++) {
    Arrivals arrivals = judge_arrivals (run_paths (rate, FALSE, 3 * rate,
            latencies[i], 10 * SRTLA_SECOND, TRUE), SRTLA_SECOND);

    /* Until a queue is seen nobody knows that the paths are full. */
    g_assert_cmpuint (arrivals.late, <=, 150);
    g_assert_cmpuint (arrivals.arrived, >=, 4900);      /* of 5000 and some */
  }
}

/* ---- What waits for a socket ------------------------------------------- */

static void
hold (World *world, SrtlaOutput *output)
{
  do
    g_assert_true (srtla_bond_next_output (world->bond, output));
  while (output->kind != SRTLA_OUTPUT_PACKET);
}

/* Its owner had to keep it, or gives it back: it does not go after its time. */
static void
test_returned (void)
{
  static const SrtlaSendResult results[] = {
    SRTLA_SEND_RETURNED, SRTLA_SEND_FAILED, SRTLA_SEND_EXPIRED,
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (results); i++) {
    World *world = world_new (2);
    SrtlaBondStats *stats;
    SrtlaOutput output;

    shake_hands (world);
    push_media (world, 0, SIZE, FALSE);
    hold (world, &output);
    world->now += (LATENCY - 20) * SRTLA_MILLISECOND;
    srtla_bond_tick (world->bond, world->now);
    g_assert_false (srtla_bond_is_expired (world->bond, &output));
    world->now += 20 * SRTLA_MILLISECOND;
    srtla_bond_tick (world->bond, world->now);
    g_assert_true (srtla_bond_is_expired (world->bond, &output));
    srtla_bond_send_result (world->bond, &output, results[i], world->now);
    release (output.packet.owner, world);
    take (world);
    g_assert_cmpuint (world->n_sent, ==, 0);
    stats = stats_of (world);
    g_assert_cmpuint (stats->lost[SRTLA_LOSS_EXPIRED], ==, 1);
    g_assert_cmpuint (stats->flows[0].traffic.lost[SRTLA_LOSS_EXPIRED], ==, 1);
    g_assert_cmpint (world->bond->uplinks[output.uplink]->in_flight, ==, 0);
    g_free (stats);
    world_free (world);
  }
}

/* While it is of use it goes by another uplink, and the owner can tell whether
 * there is one with room. */
static void
test_beside (void)
{
  World *world = world_new (2);
  SrtlaOutput output;
  guint other;

  push_media (world, 0, SIZE, FALSE);
  hold (world, &output);
  other = 1 - output.uplink;
  srtla_bond_uplink_blocked (world->bond, output.uplink, TRUE);
  g_assert_true (srtla_bond_has_room_beside (world->bond, output.uplink, SIZE));
  srtla_bond_uplink_blocked (world->bond, other, TRUE);
  g_assert_false (srtla_bond_has_room_beside (world->bond, output.uplink, SIZE));
  srtla_bond_uplink_blocked (world->bond, other, FALSE);
  world->bond->uplinks[other]->stalled = TRUE;
  g_assert_false (srtla_bond_has_room_beside (world->bond, output.uplink, SIZE));
  world->bond->uplinks[other]->stalled = FALSE;
  srtla_bond_send_result (world->bond, &output, SRTLA_SEND_RETURNED, world->now);
  release (output.packet.owner, world);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 1);
  g_assert_cmpuint (world->sent[0].uplink, ==, other);
  srtla_bond_set_mode (world->bond, "classic", world->now);
  g_assert_false (srtla_bond_has_room_beside (world->bond, output.uplink, SIZE));
  world_free (world);
}

/* With nothing acknowledged yet ten of the largest packets are on their way,
 * however slow the uplink: with nine no receiver would acknowledge any. */
static void
test_slowest (void)
{
  World *world = world_new (1);
  SrtlaUplink *uplink = world->bond->uplinks[0];
  guint i;

  shake_hands (world);
  world->expires = FALSE;
  world->bond->callers.slots[0].flags = 0;
  uplink->names_all = TRUE;
  uplink->delivery.filled = TRUE;
  uplink->delivery.capacity = SRTLA_CAPACITY_MINIMUM;
  uplink->rtt.minimum = 1;
  srtla_bond_set_queue_target (world->bond, 1);
  for (i = 0; i < 12; i++)
    push_media (world, 0, 1472, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 10);
  world_free (world);
}

/* Makes it known how much an uplink carries. */
static void
measure (World *world, guint slot, guint64 capacity, SrtlaTime queue)
{
  SrtlaUplink *uplink = world->bond->uplinks[slot];

  uplink->names_all = TRUE;
  uplink->delivery.filled = TRUE;
  uplink->delivery.capacity = capacity;
  uplink->delivery.queue = queue;
  uplink->rtt.minimum = 20 * SRTLA_MILLISECOND;
  srtla_bond_set_queue_target (world->bond, SRTLA_QUEUE_TARGET);
}

/* An uplink so slow that nothing would be in time gets a packet now and then:
 * else nobody would ever know that it is faster again. */
static void
test_idle (void)
{
  World *world = world_new (1);
  SrtlaBondStats *stats;

  shake_hands (world);
  world->no_echoes = TRUE;
  measure (world, 0, SRTLA_CAPACITY_MINIMUM, 0);        /* 250 ms a packet */
  push_media (world, 0, SIZE, FALSE);
  push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 1);
  pass (world, 40 * SRTLA_MILLISECOND);
  push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 1);
  world->now += SRTLA_SECOND;
  push_media (world, 0, SIZE, FALSE);
  take (world);
  g_assert_cmpuint (world->n_sent, ==, 2);
  stats = stats_of (world);
  g_assert_cmpuint (stats->lost[SRTLA_LOSS_EXPIRED], ==, 2);
  g_free (stats);
  world_free (world);
}

/* What could still arrive in time where there is no room does not hold up what
 * can do so elsewhere, if more comes in than goes out; else it waits. */
static void
test_head_of_line (void)
{
  static const struct
  {
    gboolean overflowing;
    guint flying, sent;         /* packets on the idle uplink; that go there */
  } table[] = {
    {TRUE, 4, 3}, {FALSE, 4, 0}, {TRUE, 12, 0},
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    World *world = world_new (2);

    g_test_message ("row %u", i);
    shake_hands (world);
    world->no_echoes = TRUE;
    srtla_bond_uplink_blocked (world->bond, 0, TRUE);
    for (k = 0; k < table[i].flying; k++)
      push_media (world, 0, SIZE, FALSE);
    take (world);
    g_assert_cmpuint (world->n_sent, ==, table[i].flying);
    srtla_bond_uplink_blocked (world->bond, 1, TRUE);
    for (k = 0; table[i].overflowing && k < 2; k++)
      push_media (world, 0, SIZE, FALSE);
    world->now += (LATENCY / 2) * SRTLA_MILLISECOND;
    for (k = 0; k < 5; k++)
      push_media (world, 0, SIZE, FALSE);
    world->now += (LATENCY / 2) * SRTLA_MILLISECOND;
    for (k = 0; k < 3; k++)
      push_media (world, 0, SIZE, FALSE);
    srtla_bond_tick (world->bond, world->now);
    take (world);
    g_assert_cmpuint (world->n_sent, ==, table[i].flying);

    /* Of 50 ms they have 30 too few there; the last three have enough. */
    measure (world, 1, 60000, 65 * SRTLA_MILLISECOND);
    world->bond->uplinks[1]->sent_at = world->now;
    srtla_bond_uplink_blocked (world->bond, 1, FALSE);
    srtla_bond_tick (world->bond, world->now);
    take (world);
    g_assert_cmpuint (world->n_sent - table[i].flying, >=,
        MIN (table[i].sent, 1));
    g_assert_cmpuint (world->n_sent - table[i].flying, <=, table[i].sent);
    world_free (world);
  }
}

static void
set_round_trip (World *world, guint uplink, SrtlaTime round_trip)
{
  SrtlaRtt *rtt = &world->bond->uplinks[uplink]->rtt;

  srtla_rtt_reset (rtt);
  srtla_rtt_sample (rtt, round_trip, world->now);
}

/* Where a packet would be late that would be in time by the nearest uplink, it
 * goes only if no other takes it. */
static void
test_detour (void)
{
  static const struct
  {
    guint further, age;         /* ms: the second uplink, one way; the packets */
    gboolean near_takes, some_far;
    gboolean some_near;
  } table[] = {
    {10, 0, TRUE, TRUE, TRUE},
    {LATENCY + 5, 0, TRUE, FALSE, TRUE},        /* never in time */
    {LATENCY + 5, 0, FALSE, TRUE, FALSE},
    {LATENCY / 2, 0, TRUE, TRUE, TRUE},
    {LATENCY / 2, LATENCY * 6 / 10, TRUE, FALSE, TRUE}, /* not those */
    {LATENCY / 2, LATENCY * 6 / 10, FALSE, TRUE, FALSE},
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    World *world = world_new (2);
    guint to[UPLINKS] = { 0, };

    g_test_message ("row %u", i);
    world->no_echoes = TRUE;
    set_round_trip (world, 0, 2 * DELAY);
    set_round_trip (world, 1, 2 * (DELAY + table[i].further
            * SRTLA_MILLISECOND));
    shake_hands (world);
    push_media (world, 0, SIZE, FALSE);
    push_control (world, 0, FALSE);
    take (world);
    if (table[i].further > LATENCY)
      g_assert_cmpuint (world->sent[1].uplink, ==, 0);
    world->n_sent = 0;
    srtla_bond_uplink_blocked (world->bond, 0, !table[i].near_takes);
    for (k = 0; k < 20; k++)
      push_number (world, 0, world->next++, SIZE,
          table[i].age * SRTLA_MILLISECOND, FALSE, FALSE);
    take (world);
    g_assert_cmpuint (world->n_sent, ==, 20);
    for (k = 0; k < 20; k++)
      to[world->sent[k].uplink]++;
    g_assert_cmpuint (to[0] > 0, ==, table[i].some_near);
    g_assert_cmpuint (to[1] > 0, ==, table[i].some_far);
    world_free (world);
  }
}

/* Packets that came late stand behind some that have more time, which no uplink
 * takes: what is of no use any more is dropped at once, so that nothing is due. */
static void
test_behind (void)
{
  static const guint ages[] = { 0, 95, 60, 95, 0, 95 }; /* ms */
  guint i, late = 0;

  for (i = 0; i < LATENCY; i++) {
    World *world = world_new (1);
    SrtlaBondStats *stats;
    guint k;

    shake_hands (world);
    push_media (world, 0, SIZE, FALSE);
    take (world);
    srtla_bond_set_queue_target (world->bond, 0);
    world->bond->uplinks[0]->suspended = TRUE;
    for (k = 0; k < G_N_ELEMENTS (ages); k++)
      push_number (world, 0, world->next++, SIZE,
          ages[k] * SRTLA_MILLISECOND, FALSE, FALSE);
    world->now += i * SRTLA_MILLISECOND;
    srtla_bond_tick (world->bond, world->now);
    take (world);
    g_assert_cmpuint (srtla_bond_deadline (world->bond), >, world->now);
    stats = stats_of (world);
    g_assert_cmpuint (stats->lost[SRTLA_LOSS_EXPIRED], >=, late);
    late = (guint) stats->lost[SRTLA_LOSS_EXPIRED];
    g_free (stats);
    world_free (world);
  }
  g_assert_cmpuint (late, >=, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/queue-arrival/limited", test_limited);
  g_test_add_func ("/queue-arrival/queued", test_queued);
  g_test_add_func ("/queue-arrival/returned", test_returned);
  g_test_add_func ("/queue-arrival/beside", test_beside);
  g_test_add_func ("/queue-arrival/slowest", test_slowest);
  g_test_add_func ("/queue-arrival/idle", test_idle);
  g_test_add_func ("/queue-arrival/head-of-line", test_head_of_line);
  g_test_add_func ("/queue-arrival/detour", test_detour);
  g_test_add_func ("/queue-arrival/behind", test_behind);
  return g_test_run ();
}
