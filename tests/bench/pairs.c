/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Measures each pair of ways by turns, and prints a line of JSON for each:
 * nanoseconds of CPU time per packet, medians with the lowest and highest.
 *
 *   pairs [NAME...]
 */
#include "pairs.h"

#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 9
#define ENOUGH (4 * 1000 * 1000)        /* ns for one side of one round */
#define MOST (1 << 24)                  /* packets */

static guint64
read_clock (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);
  return (guint64) time.tv_sec * 1000000000u + (guint64) time.tv_nsec;
}

guint64
pairs_thread_time (void)
{
  return read_clock (CLOCK_THREAD_CPUTIME_ID);
}

guint64
pairs_process_time (void)
{
  return read_clock (CLOCK_PROCESS_CPUTIME_ID);
}

/* Returns: how many packets take long enough to be measured. */
static guint
enough (guint64 (*side) (guint n))
{
  guint n = 16 * PAIRS_TURN;

  while (side (n) < ENOUGH && n < MOST)
    n *= 2;
  return n;
}

static int
compare (const void *a, const void *b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

static void
print_side (const gchar * name, gdouble * values)
{
  qsort (values, ROUNDS, sizeof *values, compare);
  printf (", \"%s\": {\"median\": %.3f, \"low\": %.3f, \"high\": %.3f}", name,
      values[ROUNDS / 2], values[0], values[ROUNDS - 1]);
}

static void
measure (const Pair * pair)
{
  guint n_plain = enough (pair->plain), n_chosen = enough (pair->chosen);
  gdouble plain[ROUNDS], chosen[ROUNDS];
  guint i;

  for (i = 0; i < ROUNDS; i++) {
    plain[i] = (gdouble) pair->plain (n_plain) / n_plain;
    chosen[i] = (gdouble) pair->chosen (n_chosen) / n_chosen;
  }
  printf ("{\"name\": \"%s\"", pair->name);
  print_side ("plain", plain);
  print_side ("chosen", chosen);
  printf ("}\n");
  fflush (stdout);
}

static gboolean
is_asked (const Pair * pair, int argc, char **argv)
{
  int i;

  for (i = 1; i < argc; i++) {
    if (strcmp (argv[i], pair->name) == 0)
      return TRUE;
  }
  return argc == 1;
}

static void
measure_all (const Pair * pairs, int argc, char **argv)
{
  for (; pairs->name != NULL; pairs++) {
    if (is_asked (pairs, argc, argv))
      measure (pairs);
  }
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  measure_all (pairs_core, argc, argv);
  measure_all (pairs_system, argc, argv);
  measure_all (pairs_glib, argc, argv);
  return 0;
}
