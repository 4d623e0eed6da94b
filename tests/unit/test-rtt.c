/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-rtt.h"
#include "testing.h"

#define MS SRTLA_MILLISECOND

static void
test_first_sample (void)
{
  SrtlaRtt rtt;

  memset (&rtt, 0xff, sizeof rtt);
  srtla_rtt_reset (&rtt);
  g_assert_cmpuint (rtt.samples, ==, 0);
  g_assert_cmpuint (rtt.smoothed, ==, 0);
  g_assert_cmpuint (rtt.minimum, ==, 0);
  g_assert_cmpuint (srtla_rtt_times (&rtt, 3, 250 * MS), ==, 250 * MS);

  g_assert_true (srtla_rtt_sample (&rtt, 80 * MS, SRTLA_SECOND));
  g_assert_cmpuint (rtt.samples, ==, 1);
  g_assert_cmpuint (rtt.smoothed, ==, 80 * MS);
  g_assert_cmpuint (rtt.variance, ==, 40 * MS);
  g_assert_cmpuint (rtt.minimum, ==, 80 * MS);
  g_assert_cmpuint (rtt.latest, ==, 80 * MS);

  srtla_rtt_reset (&rtt);
  g_assert_cmpuint (rtt.samples, ==, 0);
  g_assert_cmpuint (rtt.smoothed, ==, 0);
  g_assert_cmpuint (rtt.variance, ==, 0);
}

/* RFC 6298, 2.3: the variance first, with the old smoothed value. */
static void
test_smoothing (void)
{
  static const struct
  {
    SrtlaTime sample, smoothed, variance;
  } steps[] = {
    { 100000, 100000, 50000 },
    { 180000, 110000, 57500 },  /* (7×100+180)/8, (3×50+80)/4 */
    { 110000, 110000, 43125 },
    { 30000, 100000, 52344 },   /* 52343.75 */
    { 100005, 100001, 39259 },  /* 100000.6, 39259.25 */
  };
  SrtlaRtt rtt;
  gsize i;

  srtla_rtt_reset (&rtt);
  for (i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_assert_true (srtla_rtt_sample (&rtt, steps[i].sample, i * SRTLA_SECOND));
    g_assert_cmpuint (rtt.smoothed, ==, steps[i].smoothed);
    g_assert_cmpuint (rtt.variance, ==, steps[i].variance);
    g_assert_cmpuint (rtt.latest, ==, steps[i].sample);
  }
}

static void
test_converges (void)
{
  SrtlaRtt rtt;
  guint i;

  srtla_rtt_reset (&rtt);
  srtla_rtt_sample (&rtt, 2 * SRTLA_SECOND, 0);
  for (i = 1; i <= 200; i++)
    srtla_rtt_sample (&rtt, 50 * MS, i * SRTLA_SECOND);
  g_assert_cmpuint (rtt.smoothed, >=, 50 * MS - 4);
  g_assert_cmpuint (rtt.smoothed, <=, 50 * MS + 4);
  g_assert_cmpuint (rtt.variance, <=, 10);
}

static void
test_limits (void)
{
  SrtlaRtt rtt, before;

  srtla_rtt_reset (&rtt);
  g_assert_false (srtla_rtt_sample (&rtt, SRTLA_RTT_MAX + 1, 5));
  g_assert_cmpuint (rtt.samples, ==, 0);
  g_assert_true (srtla_rtt_sample (&rtt, SRTLA_RTT_MAX, 5));
  g_assert_cmpuint (rtt.smoothed, ==, SRTLA_RTT_MAX);

  before = rtt;
  g_assert_false (srtla_rtt_sample (&rtt, SRTLA_TIME_NONE, 6));
  g_assert_cmpmem (&rtt, sizeof rtt, &before, sizeof before);

  /* 0 would say that nothing was measured. */
  srtla_rtt_reset (&rtt);
  g_assert_true (srtla_rtt_sample (&rtt, 0, 5));
  g_assert_cmpuint (rtt.smoothed, ==, 1);
  g_assert_cmpuint (rtt.minimum, ==, 1);

  rtt.samples = G_MAXUINT;
  g_assert_true (srtla_rtt_sample (&rtt, 10, 6));
  g_assert_cmpuint (rtt.samples, ==, G_MAXUINT);
}

static void
test_times (void)
{
  SrtlaRtt rtt;

  srtla_rtt_reset (&rtt);
  srtla_rtt_sample (&rtt, 60 * MS, 0);
  g_assert_cmpuint (srtla_rtt_times (&rtt, 3, 250 * MS), ==, 250 * MS);
  g_assert_cmpuint (srtla_rtt_times (&rtt, 5, 250 * MS), ==, 300 * MS);
  g_assert_cmpuint (srtla_rtt_times (&rtt, 0, 7), ==, 7);
  g_assert_cmpuint (srtla_rtt_times (&rtt, G_MAXUINT, 7), ==,
      G_GUINT64_CONSTANT (4294967295) * 60 * MS);
}

static void
test_minimum (void)
{
  /* Seconds, sample in ms, minimum in ms; the window is 30 s. */
  static const struct
  {
    guint at, sample, minimum;
  } steps[] = {
    { 100, 50, 50 },
    { 101, 40, 40 },
    { 105, 45, 40 },            /* the first half has no second candidate */
    { 117, 60, 40 },
    { 120, 55, 40 },
    { 125, 70, 40 },
    { 130, 90, 40 },
    { 131, 80, 55 },            /* 40 is 30 s old, 55 the best since 116 */
    { 140, 85, 55 },
    { 149, 85, 55 },
    { 151, 95, 85 },            /* of 140 and 149, only 149 is in the half */
    { 152, 30, 30 },            /* a new best counts at once */
    { 190, 65, 65 },            /* nothing heard for a whole window */
  };
  SrtlaRtt rtt;
  gsize i;

  srtla_rtt_reset (&rtt);
  for (i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_test_message ("at %u s", steps[i].at);
    srtla_rtt_sample (&rtt, steps[i].sample * MS, steps[i].at * SRTLA_SECOND);
    g_assert_cmpuint (rtt.minimum, ==, steps[i].minimum * MS);
  }
}

/* What was lower is forgotten; what comes later and is lower counts. */
static void
test_rebase (void)
{
  SrtlaRtt rtt;

  srtla_rtt_reset (&rtt);
  srtla_rtt_sample (&rtt, 40 * MS, SRTLA_SECOND);
  srtla_rtt_sample (&rtt, 340 * MS, 2 * SRTLA_SECOND);
  srtla_rtt_rebase (&rtt, 335 * MS, 3 * SRTLA_SECOND);
  g_assert_cmpuint (rtt.minimum, ==, 335 * MS);
  srtla_rtt_sample (&rtt, 345 * MS, 4 * SRTLA_SECOND);
  g_assert_cmpuint (rtt.minimum, ==, 335 * MS);
  srtla_rtt_sample (&rtt, 50 * MS, 5 * SRTLA_SECOND);
  g_assert_cmpuint (rtt.minimum, ==, 50 * MS);
}

/* Against all samples: the minimum is one of the window's, and no sample of its
 * younger half is below it. */
static void
test_minimum_random (void)
{
  enum { N = 20000 };
  GRand *rand = testing_rand_new ();
  SrtlaTime *at = g_new (SrtlaTime, N);
  SrtlaTime *sample = g_new (SrtlaTime, N);
  SrtlaTime now = 0;
  SrtlaRtt rtt;
  guint i, j;

  srtla_rtt_reset (&rtt);
  for (i = 0; i < N; i++) {
    gboolean found = FALSE;

    now += testing_chance (rand, 1) ? g_rand_int (rand) % (50 * SRTLA_SECOND)
        : g_rand_int (rand) % (2 * SRTLA_SECOND);
    at[i] = now;
    /* Slow drift, so that minima also age. */
    sample[i] = 1000 + (i % 3000) * 50 + g_rand_int (rand) % 20000;
    srtla_rtt_sample (&rtt, sample[i], now);
    for (j = i + 1; j-- > 0 && now - at[j] <= SRTLA_RTT_MIN_WINDOW;) {
      found |= sample[j] == rtt.minimum;
      if (now - at[j] < SRTLA_RTT_MIN_WINDOW / 2)
        g_assert_cmpuint (rtt.minimum, <=, sample[j]);
    }
    g_assert_true (found);
  }
  g_free (at);
  g_free (sample);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtt/first-sample", test_first_sample);
  g_test_add_func ("/rtt/smoothing", test_smoothing);
  g_test_add_func ("/rtt/converges", test_converges);
  g_test_add_func ("/rtt/limits", test_limits);
  g_test_add_func ("/rtt/times", test_times);
  g_test_add_func ("/rtt/minimum", test_minimum);
  g_test_add_func ("/rtt/minimum-random", test_minimum_random);
  g_test_add_func ("/rtt/rebase", test_rebase);
  return g_test_run ();
}
