/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random numbers of the simulator: named streams of one seed, so that what one
 * link draws does not depend on what another does, or on the mode under test.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 state;
} SimRandom;

/* Starts the stream `name` of `seed`; the same two give the same numbers. */
void sim_random_init (SimRandom *random, guint64 seed, const gchar *name);

/* Returns: 64 random bits (SplitMix64, Steele et al. 2014). */
guint64 sim_random_bits (SimRandom *random);
/* Returns: evenly distributed in [0, 1). */
gdouble sim_random_unit (SimRandom *random);
/* Returns: normally distributed, mean 0, standard deviation 1. */
gdouble sim_random_normal (SimRandom *random);

/* An SrtlaRandomFunc; user_data is the SimRandom. */
void sim_random_fill (guint8 *bytes, gsize size, gpointer user_data);

G_END_DECLS
