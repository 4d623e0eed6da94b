/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-histogram.h"
#include "counting-malloc.h"
#include "testing.h"

#include <math.h>

static const gdouble percents[] = { 0, 1, 10, 50, 90, 95, 99, 99.9, 100 };

static gint
compare (gconstpointer a, gconstpointer b)
{
  SrtlaTime x = *(const SrtlaTime *) a, y = *(const SrtlaTime *) b;

  return x < y ? -1 : x > y ? 1 : 0;
}

/* The nearest rank, from all values in order. */
static SrtlaTime
exact_percentile (GArray *sorted, gdouble percent)
{
  gdouble rank = ceil (percent / 100.0 * sorted->len);

  return g_array_index (sorted, SrtlaTime, rank < 1 ? 0 : (guint) rank - 1);
}

static void
check_against (const SrtlaHistogram *histogram, GArray *values)
{
  guint i;

  g_array_sort (values, compare);
  g_assert_cmpuint (histogram->count, ==, values->len);
  for (i = 0; i < G_N_ELEMENTS (percents); i++) {
    SrtlaTime got = srtla_histogram_percentile (histogram, percents[i]);
    SrtlaTime exact = exact_percentile (values, percents[i]);
    gdouble error = fabs ((gdouble) got - (gdouble) exact);

    g_test_message ("p%g: %" G_GUINT64_FORMAT " for %" G_GUINT64_FORMAT,
        percents[i], got, exact);
    g_assert_true (exact < 64 ? got == exact
        : error <= 0.03 * (gdouble) exact);
  }
  g_assert_cmpuint (srtla_histogram_percentile (histogram, 100), ==,
      g_array_index (values, SrtlaTime, values->len - 1));
}

/* Each single value is read back within half a place. */
static void
test_single_values (void)
{
  static SrtlaHistogram histogram;
  guint64 value;

  for (value = 0; value < G_MAXUINT32; value += 1 + value / 97) {
    guint64 low, high;

    srtla_histogram_reset (&histogram);
    srtla_histogram_record (&histogram, value);
    srtla_histogram_record (&histogram, G_MAXUINT32);
    low = srtla_histogram_percentile (&histogram, 50);
    high = value / 64;
    g_assert_cmpuint (low + high, >=, value);
    g_assert_cmpuint (low, <=, value + high);
  }
}

static void
test_limits (void)
{
  static SrtlaHistogram histogram;

  g_assert_cmpuint (srtla_histogram_percentile (&histogram, 50), ==, 0);
  g_assert_cmpuint (srtla_histogram_percentile (&histogram, 100), ==, 0);
  srtla_histogram_record (&histogram, G_MAXUINT64);
  srtla_histogram_record (&histogram, (SrtlaTime) 1 << 40);
  g_assert_cmpuint (srtla_histogram_percentile (&histogram, 100), ==,
      G_MAXUINT64);
  /* Longer than can be told apart: the longest that can. */
  g_assert_cmpuint (srtla_histogram_percentile (&histogram, 1), >,
      (SrtlaTime) 63 << 26);
  g_assert_cmpuint (histogram.places[SRTLA_HISTOGRAM_PLACES - 1], ==, 2);
  srtla_histogram_record (&histogram, 0);
  g_assert_cmpuint (srtla_histogram_percentile (&histogram, 1), ==, 0);
  srtla_histogram_reset (&histogram);
  g_assert_cmpuint (histogram.count, ==, 0);
  g_assert_cmpuint (srtla_histogram_percentile (&histogram, 100), ==, 0);
}

/* Counts at their limit stay there. */
static void
test_saturation (void)
{
  static SrtlaHistogram many, other;
  guint i;

  srtla_histogram_record (&many, 5);
  for (i = 0; i < 33; i++) {
    other = many;
    srtla_histogram_merge (&many, &other);
  }
  srtla_histogram_record (&many, 5);
  g_assert_cmpuint (many.places[5], ==, G_MAXUINT32);
  g_assert_cmpuint (many.count, ==, (G_GUINT64_CONSTANT (1) << 33) + 1);
  g_assert_cmpuint (srtla_histogram_percentile (&many, 10), ==, 5);
  g_assert_cmpuint (srtla_histogram_percentile (&many, 99), ==, 5);
}

static SrtlaTime
draw (GRand *rand, guint shape)
{
  switch (shape) {
    case 0:
      return g_rand_int (rand) % 100;
    case 1:
      return (SrtlaTime) exp (g_rand_double_range (rand, 0, 20));
    case 2:
      return 500 + g_rand_int (rand) % 100000;
    default:                   /* two humps, far apart */
      return testing_chance (rand, 97) ? 200 + g_rand_int (rand) % 50
          : 900000 + g_rand_int (rand) % 70000;
  }
}

/* Interval and cumulative, the latter merged from the former. */
static void
test_percentiles (void)
{
  static SrtlaHistogram interval, cumulative;
  GRand *rand = testing_rand_new ();
  guint shape, round, i;

  for (shape = 0; shape < 4; shape++) {
    GArray *all = g_array_new (FALSE, FALSE, sizeof (SrtlaTime));

    srtla_histogram_reset (&cumulative);
    for (round = 0; round < 5; round++) {
      GArray *values = g_array_new (FALSE, FALSE, sizeof (SrtlaTime));
      guint n = (guint) g_rand_int_range (rand, 1, 20000);
      guint64 before;

      g_test_message ("shape %u, round %u, %u values", shape, round, n);
      srtla_histogram_reset (&interval);
      for (i = 0; i < n; i++) {
        SrtlaTime value = draw (rand, shape);

        g_array_append_val (values, value);
        g_array_append_val (all, value);
        before = counted_allocations;
        srtla_histogram_record (&interval, value);
        g_assert_cmpuint (counted_allocations, ==, before);
      }
      check_against (&interval, values);
      srtla_histogram_merge (&cumulative, &interval);
      g_array_unref (values);
    }
    check_against (&cumulative, all);
    g_array_unref (all);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/histogram/single-values", test_single_values);
  g_test_add_func ("/histogram/limits", test_limits);
  g_test_add_func ("/histogram/saturation", test_saturation);
  g_test_add_func ("/histogram/percentiles", test_percentiles);
  return g_test_run ();
}
