/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sums over seeds: median, percentiles, and the sign test for paired runs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: the value below which `share` (0 to 1) of them lie; sorts them. */
gdouble sim_stats_quantile (gdouble *values, guint n_values, gdouble share);

typedef struct
{
  guint better, worse, same;    /* pairs in which the second is that */
  gdouble p;                    /* two-sided probability of it by chance */
} SimSignTest;

/* Compares second[i] with first[i]; differences up to `slack` are the same.
 * More is better. */
void sim_stats_sign_test (const gdouble *first, const gdouble *second,
    guint n_pairs, gdouble slack, SimSignTest *test);

G_END_DECLS
