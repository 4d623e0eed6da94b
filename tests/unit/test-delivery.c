/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-delivery.h"
#include "testing.h"

#define START (50 * SRTLA_SECOND)
#define SIZE 1332
#define TRAIN_BYTES (SRTLA_ACK_TRAIN * SIZE)
#define MINIMUM (40 * SRTLA_MILLISECOND)

/* A path that is told of one train after the other. */
typedef struct
{
  SrtlaDelivery delivery;
  SrtlaTime now;
  guint64 place;
} Path;

static void
path_init (Path *path)
{
  srtla_delivery_reset (&path->delivery);
  path->now = START;
  path->place = 0;
}

/* One acknowledgement of a train, `rtt` after its last packet was sent. */
static void
acknowledge (Path *path, SrtlaTime elapsed, SrtlaTime rtt, gboolean pressed)
{
  path->now += elapsed;
  path->place += SRTLA_ACK_TRAIN;
  srtla_delivery_proof (&path->delivery, TRAIN_BYTES, path->now - rtt,
      path->place - 1, rtt, MINIMUM, pressed, path->now);
}

/* Trains at a rate (bytes/s) for a while. */
static void
run (Path *path, guint64 rate, SrtlaTime rtt, gboolean pressed,
    SrtlaTime span)
{
  SrtlaTime apart = TRAIN_BYTES * SRTLA_SECOND / rate;
  SrtlaTime end = path->now + span;

  while (path->now + apart <= end)
    acknowledge (path, apart, rtt, pressed);
}

static void
assert_near (guint64 value, guint64 expected, guint percent)
{
  g_assert_cmpuint (value * 100, <=, expected * (100 + percent));
  g_assert_cmpuint (value * 100, >=, expected * (100 - percent));
}

static void
test_rate (void)
{
  static const guint64 rates[] = { 20000, 62500, 250000, 1000000, 5000000 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    Path path;

    path_init (&path);
    g_assert_cmpuint (path.delivery.rate, ==, 0);
    acknowledge (&path, 0, MINIMUM, FALSE);
    g_assert_cmpuint (path.delivery.rate, ==, 0);       /* one tells nothing */
    run (&path, rates[i], MINIMUM, FALSE, 4 * SRTLA_SECOND);
    assert_near (path.delivery.rate, rates[i], 2);
    assert_near (path.delivery.rate_maximum, rates[i], 2);
  }
}

/* Acknowledgements that come in a bunch say no more than the sends do, and
 * sends in a bunch no more than the acknowledgements. */
static void
test_bunches (void)
{
  const guint64 rate = 250000;
  const SrtlaTime apart = TRAIN_BYTES * SRTLA_SECOND / rate;
  gboolean sent_in_bunch;
  guint i;

  for (sent_in_bunch = 0; sent_in_bunch < 2; sent_in_bunch++) {
    Path path;

    path_init (&path);
    for (i = 0; i < 60; i++) {
      SrtlaTime steady = START + i * apart;
      SrtlaTime bunch = START + i / 6 * 6 * apart + i % 6;

      srtla_delivery_proof (&path.delivery, TRAIN_BYTES,
          (sent_in_bunch ? bunch : steady) - MINIMUM, 10 * i + 9, 0, 0, FALSE,
          sent_in_bunch ? steady : bunch + 6 * apart);
    }
    g_assert_cmpuint (path.delivery.rate_maximum, <=, rate * 13 / 10);
    g_assert_cmpuint (path.delivery.rate_maximum, >=, rate * 8 / 10);
  }
}

static void
test_maximum (void)
{
  Path path;

  path_init (&path);
  run (&path, 1000000, MINIMUM, FALSE, 2 * SRTLA_SECOND);
  assert_near (path.delivery.rate_maximum, 1000000, 2);
  /* It is believed while it is young, and forgotten when it is old. */
  run (&path, 100000, MINIMUM, FALSE, SRTLA_DELIVERY_WINDOW / 3);
  assert_near (path.delivery.rate_maximum, 1000000, 2);
  g_assert_cmpuint (path.delivery.rate, <, 150000);
  run (&path, 100000, MINIMUM, FALSE, 2 * SRTLA_DELIVERY_WINDOW);
  assert_near (path.delivery.rate_maximum, 100000, 5);
  /* A higher one counts at once. */
  run (&path, 500000, MINIMUM, FALSE, SRTLA_SECOND);
  assert_near (path.delivery.rate_maximum, 500000, 5);
}

/* The maximum is never below the latest rate. */
static void
test_maximum_random (void)
{
  GRand *rand = testing_rand_new ();
  Path path;
  guint i;

  path_init (&path);
  for (i = 0; i < 20000; i++) {
    acknowledge (&path, (SrtlaTime) g_rand_int_range (rand, 0, 200000),
        (SrtlaTime) g_rand_int_range (rand, 1, 400000),
        testing_chance (rand, 50));
    g_assert_cmpuint (path.delivery.rate_maximum, >=, path.delivery.rate);
    g_assert_cmpuint (path.delivery.capacity, >=, SRTLA_CAPACITY_MINIMUM);
    g_assert_cmpuint (path.delivery.capacity, <=, SRTLA_CAPACITY_MAXIMUM);
  }
  g_rand_free (rand);
}

/* A standing queue: no more comes through than the path carries. */
static void
test_queue_takes_capacity (void)
{
  static const guint64 rates[] = { 20000, 60000, 125000 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    Path path;

    path_init (&path);
    run (&path, 1000000, MINIMUM, FALSE, 3 * SRTLA_SECOND);
    g_assert_cmpuint (path.delivery.capacity, >=, 900000);
    g_assert_false (path.delivery.congested);
    run (&path, rates[i], MINIMUM + 8 * SRTLA_QUEUE_TARGET, TRUE,
        15 * SRTLA_SECOND);
    g_assert_true (path.delivery.congested);
    assert_near (path.delivery.capacity, rates[i], 30);
    assert_near (path.delivery.queue, 8 * SRTLA_QUEUE_TARGET, 10);
    /* The queue is gone: it says so soon. */
    run (&path, rates[i], MINIMUM, FALSE, 8 * SRTLA_SECOND);
    g_assert_false (path.delivery.congested);
    g_assert_cmpuint (path.delivery.queue, <, SRTLA_QUEUE_TARGET);
  }
}

/* A queue of 20 ms never shows, but what does not fit into it is lost. */
static void
test_short_queue (void)
{
  static const guint percent[] = { 0, 10, 20, 30, 60 };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (percent); i++) {
    Path path;

    path_init (&path);
    for (j = 0; j < 20; j++) {
      srtla_delivery_lost (&path.delivery, 4 * TRAIN_BYTES * percent[i]
          / (100 - percent[i]));
      run (&path, 10 * TRAIN_BYTES, MINIMUM + 20 * SRTLA_MILLISECOND, FALSE,
          400 * SRTLA_MILLISECOND);
    }
    g_assert_false (path.delivery.congested);
    g_assert_cmpint (path.delivery.filled, ==, percent[i] > SRTLA_LOSSY);
  }
}

/* An outage takes along what was under way, once. */
static void
test_outage (void)
{
  Path path;
  guint i;

  path_init (&path);
  for (i = 0; i < 10; i++) {
    srtla_delivery_lost (&path.delivery, 300000);
    run (&path, 500000, MINIMUM, FALSE, SRTLA_SECOND);
    g_assert_false (path.delivery.filled);
  }
}

static void
test_growth (void)
{
  const guint64 rate = SRTLA_CAPACITY_DEFAULT;
  guint64 before;
  Path path;

  /* Nobody is short of room: what is delivered is known, no more. */
  path_init (&path);
  run (&path, rate, MINIMUM, FALSE, 10 * SRTLA_SECOND);
  assert_near (path.delivery.capacity, rate, 5);

  /* Others are: it may try more. */
  before = path.delivery.capacity;
  run (&path, rate, MINIMUM, TRUE, 2 * SRTLA_SECOND);
  g_assert_cmpuint (path.delivery.capacity, >, before + before / 10);

  /* But not with a queue of its own. */
  run (&path, rate, MINIMUM + 6 * SRTLA_QUEUE_TARGET, TRUE, SRTLA_SECOND);
  before = path.delivery.capacity;
  run (&path, rate, MINIMUM + 6 * SRTLA_QUEUE_TARGET, TRUE, 5 * SRTLA_SECOND);
  g_assert_cmpuint (path.delivery.capacity, <=, before + before / 20);

  /* And what is delivered is always believed. */
  path_init (&path);
  run (&path, 8 * rate, MINIMUM, FALSE, 3 * SRTLA_SECOND);
  g_assert_cmpuint (path.delivery.capacity, >=, 7 * rate);
}

static void
test_window (void)
{
  SrtlaDelivery delivery;
  guint64 previous = 0;
  guint64 capacity;

  srtla_delivery_reset (&delivery);
  for (capacity = SRTLA_CAPACITY_MINIMUM; capacity <= SRTLA_CAPACITY_MAXIMUM;
      capacity *= 2) {
    guint64 window, longer;

    delivery.capacity = capacity;
    window = srtla_delivery_window (&delivery, MINIMUM);
    longer = srtla_delivery_window (&delivery, 10 * MINIMUM);
    g_assert_cmpuint (window, >=, TRAIN_BYTES);
    g_assert_cmpuint (window, >=, previous);
    g_assert_cmpuint (longer, >=, window);
    g_assert_cmpuint (window, >=, capacity * MINIMUM / SRTLA_SECOND);
    previous = window;
  }
}

/* 500 round trips, 20 ms apart, each way longer by 0 to 2 × `jitter`. */
static void
run_jittery (Path *path, SrtlaTime jitter, GRand *rand)
{
  gint32 most = (gint32) (2 * jitter);
  guint k;

  for (k = 0; k < 500; k++)
    acknowledge (path, 20 * SRTLA_MILLISECOND, MINIMUM
        + (most == 0 ? 0 : (SrtlaTime) g_rand_int_range (rand, 0, most)
            + (SrtlaTime) g_rand_int_range (rand, 0, most)), FALSE);
}

/* What even jitter adds to round trips there is room for, where that is much: on
 * the average of many paths, and nowhere more than it adds. */
static void
test_jitter (void)
{
  static const struct
  {
    SrtlaTime jitter;           /* ms, each way */
    SrtlaTime least, most;      /* ms, that there is room for on average */
  } table[] = {
    {0, 0, 0}, {5, 0, 0}, {10, 0, 2}, {40, 30, 54}, {60, 60, 92},
  };
  const guint paths = 50;
  guint64 least_room = 0, least_window = 0;
  GRand *rand = testing_rand_new ();
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaTime sum = 0;

    for (k = 0; k < paths; k++) {
      guint64 room, window;
      SrtlaTime jitter;
      Path path;

      path_init (&path);
      path.delivery.filled = TRUE;
      run_jittery (&path, table[i].jitter * SRTLA_MILLISECOND, rand);
      jitter = srtla_delivery_jitter (&path.delivery);
      g_assert_cmpuint (jitter, <=, 2 * table[i].jitter * SRTLA_MILLISECOND);
      sum += jitter;
      path.delivery.capacity = 1000000; /* 1 byte/µs */
      room = srtla_delivery_room (&path.delivery, MINIMUM, SRTLA_QUEUE_TARGET);
      window = srtla_delivery_window (&path.delivery, MINIMUM);
      if (i == 0) {
        least_room = room;
        least_window = window;
      }
      g_assert_cmpuint (window, ==, least_window + jitter);
      g_assert_cmpuint (room, >=, least_room + jitter * 5 / 4);
      g_assert_cmpuint (room, <=, least_room + jitter * 5 / 4 + 1);
    }
    g_test_message ("row %u", i);
    g_assert_cmpuint (sum, >=, paths * table[i].least * SRTLA_MILLISECOND);
    g_assert_cmpuint (sum, <=, paths * table[i].most * SRTLA_MILLISECOND);
  }
  g_rand_free (rand);
}

/* A queue that comes and goes is none; jitter that begins is one when the window has
 * passed, and that it has ended is known at once. */
static void
test_jitter_and_queues (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaTime start;
  Path path;
  guint k;

  /* 0 to 200 ms and back each 2 s. */
  path_init (&path);
  for (k = 0; k < 500; k++)
    acknowledge (&path, 20 * SRTLA_MILLISECOND, MINIMUM
        + (k % 100 < 50 ? k % 50 : 50 - k % 50) * 4 * SRTLA_MILLISECOND, FALSE);
  g_assert_cmpuint (srtla_delivery_jitter (&path.delivery), ==, 0);

  start = path.now;
  while (path.now < start + 2 * SRTLA_RTT_MIN_WINDOW)
    run_jittery (&path, 60 * SRTLA_MILLISECOND, rand);
  g_assert_cmpuint (srtla_delivery_jitter (&path.delivery), >, 0);
  run (&path, 1000000, MINIMUM, FALSE, 2 * SRTLA_SECOND);
  g_assert_cmpuint (srtla_delivery_jitter (&path.delivery), ==, 0);
  g_rand_free (rand);
}

static void
test_proof (void)
{
  SrtlaDelivery delivery;

  srtla_delivery_reset (&delivery);
  g_assert_cmpuint (delivery.proof_at, ==, 0);
  srtla_delivery_proof (&delivery, 100, START, 20, 0, 0, FALSE, START + 5);
  g_assert_cmpuint (delivery.proof_at, ==, START + 5);
  g_assert_cmpuint (delivery.proof_place, ==, 21);
  g_assert_cmpuint (delivery.proof_sent_at, ==, START);
  g_assert_cmpuint (delivery.bytes, ==, 100);

  /* An older one proves that it delivers, and moves nothing back. */
  srtla_delivery_proof (&delivery, 50, START - 9, 11, 0, 0, FALSE, START + 7);
  g_assert_cmpuint (delivery.proof_at, ==, START + 7);
  g_assert_cmpuint (delivery.proof_place, ==, 21);
  g_assert_cmpuint (delivery.proof_sent_at, ==, START);
  g_assert_cmpuint (delivery.bytes, ==, 150);

  /* What SRT ACKs told proves, and is no part of the rate. */
  srtla_delivery_settled (&delivery, START + 1, 25, START + 8);
  g_assert_cmpuint (delivery.proof_place, ==, 26);
  g_assert_cmpuint (delivery.bytes, ==, 150);
  srtla_delivery_proof (&delivery, 1, START + 2, 26, 0, 0, FALSE, START + 9);
  g_assert_cmpuint (delivery.bytes, ==, 151);

  srtla_delivery_restart (&delivery, 400);
  g_assert_cmpuint (delivery.proof_place, ==, 400);
  srtla_delivery_proof (&delivery, 1, START + 2, 399, 0, 0, FALSE, START + 9);
  g_assert_cmpuint (delivery.proof_place, ==, 400);

  srtla_delivery_reset (&delivery);
  g_assert_cmpuint (delivery.proof_at, ==, 0);
  g_assert_cmpuint (delivery.capacity, ==, SRTLA_CAPACITY_DEFAULT);
}

/* Proofs of the same moment, and of no time at all, divide by nothing. */
static void
test_no_time (void)
{
  SrtlaDelivery delivery;
  guint i;

  srtla_delivery_reset (&delivery);
  for (i = 0; i < 3 * SRTLA_DELIVERY_SAMPLES; i++)
    srtla_delivery_proof (&delivery, 1500, START, i, 0, 0, TRUE, START);
  g_assert_cmpuint (delivery.rate, ==, 0);
  g_assert_cmpuint (delivery.capacity, ==, SRTLA_CAPACITY_DEFAULT);
  for (i = 0; i < 3 * SRTLA_DELIVERY_SAMPLES; i++)
    srtla_delivery_proof (&delivery, 1500, 0, 0, 0, 0, TRUE, 0);
  g_assert_cmpuint (delivery.capacity, <=, SRTLA_CAPACITY_MAXIMUM);
}

/* ---- Bounds of what is waited for -------------------------------------- */

static void
assert_overdue_in_bounds (const SrtlaRtt *rtt)
{
  SrtlaTime overdue = srtla_delivery_overdue (rtt);

  g_assert_cmpuint (overdue, >=, 60 * SRTLA_MILLISECOND);
  g_assert_cmpuint (overdue, <=, MAX (250 * SRTLA_MILLISECOND,
          2 * rtt->smoothed));
}

static void
test_overdue (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaRtt rtt;
  guint i, k;

  srtla_rtt_reset (&rtt);
  assert_overdue_in_bounds (&rtt);

  /* A steady path: soon after its round trip. */
  for (i = 1; i <= 1000; i += 37) {
    srtla_rtt_reset (&rtt);
    for (k = 0; k < 100; k++)
      srtla_rtt_sample (&rtt, i * SRTLA_MILLISECOND, START + k);
    assert_overdue_in_bounds (&rtt);
    g_assert_cmpuint (srtla_delivery_overdue (&rtt), >=,
        i * SRTLA_MILLISECOND);
    if (i <= 50)
      g_assert_cmpuint (srtla_delivery_overdue (&rtt), <=,
          60 * SRTLA_MILLISECOND);
  }
  for (i = 0; i < 2000; i++) {
    guint limit = 2u << g_rand_int_range (rand, 0, 22);

    srtla_rtt_reset (&rtt);
    for (k = 0; k < 20; k++) {
      srtla_rtt_sample (&rtt, g_rand_int (rand) % limit, START + k);
      assert_overdue_in_bounds (&rtt);
    }
  }
  g_rand_free (rand);
}

static void
test_reordering (void)
{
  SrtlaTime previous = 0, sample;
  SrtlaRtt rtt;

  srtla_rtt_reset (&rtt);
  g_assert_cmpuint (srtla_delivery_reordering (&rtt), >=, SRTLA_MILLISECOND);
  for (sample = 1; sample < SRTLA_RTT_MAX; sample = sample * 3 / 2 + 1) {
    SrtlaTime reordering;

    srtla_rtt_reset (&rtt);
    srtla_rtt_sample (&rtt, sample, START);
    reordering = srtla_delivery_reordering (&rtt);
    g_assert_cmpuint (reordering, >=, previous);
    g_assert_cmpuint (reordering, >=, 5 * SRTLA_MILLISECOND);
    g_assert_cmpuint (reordering, <=, 100 * SRTLA_MILLISECOND);
    previous = reordering;
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/delivery/rate", test_rate);
  g_test_add_func ("/delivery/bunches", test_bunches);
  g_test_add_func ("/delivery/maximum", test_maximum);
  g_test_add_func ("/delivery/maximum-random", test_maximum_random);
  g_test_add_func ("/delivery/queue", test_queue_takes_capacity);
  g_test_add_func ("/delivery/short-queue", test_short_queue);
  g_test_add_func ("/delivery/outage", test_outage);
  g_test_add_func ("/delivery/growth", test_growth);
  g_test_add_func ("/delivery/window", test_window);
  g_test_add_func ("/delivery/jitter", test_jitter);
  g_test_add_func ("/delivery/jitter-and-queues", test_jitter_and_queues);
  g_test_add_func ("/delivery/proof", test_proof);
  g_test_add_func ("/delivery/no-time", test_no_time);
  g_test_add_func ("/delivery/overdue", test_overdue);
  g_test_add_func ("/delivery/reordering", test_reordering);
  return g_test_run ();
}
