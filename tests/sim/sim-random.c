/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-random.h"

#include <math.h>

static guint64
mix (guint64 value)
{
  value = (value ^ (value >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return value ^ (value >> 31);
}

void
sim_random_init (SimRandom *random, guint64 seed, const gchar *name)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);       /* FNV-1a */

  for (; *name != '\0'; name++)
    hash = (hash ^ (guint8) * name) * G_GUINT64_CONSTANT (0x100000001b3);
  random->state = mix (seed + 1) ^ mix (hash);
}

guint64
sim_random_bits (SimRandom *random)
{
  random->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return mix (random->state);
}

gdouble
sim_random_unit (SimRandom *random)
{
  return (gdouble) (sim_random_bits (random) >> 11) / 9007199254740992.0;
}

/* The polar form would draw a varying number of times; Box and Muller's own
 * draws two, which keeps streams aligned. */
gdouble
sim_random_normal (SimRandom *random)
{
  gdouble radius = sqrt (-2.0 * log (1.0 - sim_random_unit (random)));

  return radius * cos (2.0 * G_PI * sim_random_unit (random));
}

void
sim_random_fill (guint8 *bytes, gsize size, gpointer user_data)
{
  gsize i;

  for (i = 0; i < size; i++)
    bytes[i] = (guint8) sim_random_bits (user_data);
}
