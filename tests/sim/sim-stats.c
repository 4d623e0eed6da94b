/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-stats.h"

#include <math.h>
#include <stdlib.h>

static int
compare (const void *a, const void *b)
{
  gdouble first = *(const gdouble *) a, second = *(const gdouble *) b;

  return first < second ? -1 : first > second;
}

gdouble
sim_stats_quantile (gdouble *values, guint n_values, gdouble share)
{
  gdouble place;
  guint low;

  if (n_values == 0)
    return 0;
  qsort (values, n_values, sizeof *values, compare);
  place = share * (n_values - 1);
  low = (guint) place;
  if (low + 1 >= n_values)
    return values[n_values - 1];
  return values[low] + (place - low) * (values[low + 1] - values[low]);
}

/* Under the hypothesis of no difference each untied pair is a fair coin. */
void
sim_stats_sign_test (const gdouble *first, const gdouble *second,
    guint n_pairs, gdouble slack, SimSignTest *test)
{
  guint n, fewer, i;
  gdouble sum = 0;

  test->better = test->worse = test->same = 0;
  for (i = 0; i < n_pairs; i++) {
    if (fabs (second[i] - first[i]) <= slack)
      test->same++;
    else if (second[i] > first[i])
      test->better++;
    else
      test->worse++;
  }
  n = test->better + test->worse;
  fewer = MIN (test->better, test->worse);
  for (i = 0; i <= fewer; i++)
    sum += exp (lgamma (n + 1.0) - lgamma (i + 1.0) - lgamma (n - i + 1.0)
        - n * G_LN2);
  test->p = MIN (1.0, 2 * sum);
}
