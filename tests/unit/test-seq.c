/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "testing.h"

#define TOP SRTLA_SEQ_MASK
#define HALF SRTLA_SEQ_HALF

static const struct
{
  guint32 a, b;
  gboolean before;              /* a comes before b */
  guint32 steps;                /* from a to b */
  gint32 distance;
} serial[] = {
  { 0, 0, FALSE, 0, 0 },
  { 0, 1, TRUE, 1, 1 },
  { 1, 0, FALSE, TOP, -1 },
  { 5, 9, TRUE, 4, 4 },
  { 9, 5, FALSE, TOP - 3, -4 },
  { TOP, TOP, FALSE, 0, 0 },
  { TOP, 0, TRUE, 1, 1 },
  { 0, TOP, FALSE, TOP, -1 },
  { TOP - 9, 10, TRUE, 20, 20 },
  { 10, TOP - 9, FALSE, TOP - 19, -20 },
  { 0, HALF - 1, TRUE, HALF - 1, 0x3fffffff },
  { HALF - 1, 0, FALSE, HALF + 1, -0x3fffffff },
  /* Half the circle apart: in no order, and as far back as it gets. */
  { 0, HALF, FALSE, HALF, -0x40000000 },
  { HALF, 0, FALSE, HALF, -0x40000000 },
  { TOP, HALF - 1, FALSE, HALF, -0x40000000 },
  { 0, HALF + 1, FALSE, HALF + 1, -0x3fffffff },
  { HALF + 1, 0, TRUE, HALF - 1, 0x3fffffff },
  { HALF, TOP, TRUE, HALF - 1, 0x3fffffff },
};

static void
test_serial (void)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (serial); i++) {
    guint32 a = serial[i].a, b = serial[i].b;

    g_test_message ("%#x and %#x", a, b);
    g_assert_cmpint (srtla_seq_before (a, b), ==, serial[i].before);
    g_assert_cmpuint (srtla_seq_steps (a, b), ==, serial[i].steps);
    g_assert_cmpint (srtla_seq_distance (a, b), ==, serial[i].distance);
  }
}

static void
test_moving (void)
{
  g_assert_cmpuint (srtla_seq_next (0), ==, 1);
  g_assert_cmpuint (srtla_seq_next (HALF - 1), ==, HALF);
  g_assert_cmpuint (srtla_seq_next (TOP), ==, 0);
  g_assert_cmpuint (srtla_seq_add (TOP, 1), ==, 0);
  g_assert_cmpuint (srtla_seq_add (TOP - 4, 10), ==, 5);
  g_assert_cmpuint (srtla_seq_add (7, 0), ==, 7);
  /* n is taken modulo 2^31. */
  g_assert_cmpuint (srtla_seq_add (7, 0x80000000u), ==, 7);
  g_assert_cmpuint (srtla_seq_add (7, G_MAXUINT32), ==, 6);
}

/* What must hold for any two numbers. */
static void
test_laws (void)
{
  GRand *rand = testing_rand_new ();
  guint i;

  for (i = 0; i < 200000; i++) {
    guint32 a = g_rand_int (rand) & TOP;
    /* Near as often as far. */
    guint32 n = g_rand_int (rand) >> (1 + g_rand_int (rand) % 31);
    guint32 b = srtla_seq_add (a, n);

    g_assert_cmpuint (b, <=, TOP);
    g_assert_cmpuint (srtla_seq_steps (a, b), ==, n);
    g_assert_cmpuint (srtla_seq_add (a, srtla_seq_steps (a, b)), ==, b);
    g_assert_cmpuint (srtla_seq_add (a, (guint32) srtla_seq_distance (a, b)),
        ==, b);
    g_assert_cmpint (srtla_seq_before (a, b), ==, n != 0 && n < HALF);
    g_assert_cmpint (srtla_seq_before (a, b), ==,
        srtla_seq_distance (a, b) > 0);
    if (n != HALF)
      g_assert_cmpint (srtla_seq_distance (a, b), ==,
          -srtla_seq_distance (b, a));
    g_assert_false (srtla_seq_before (a, b) && srtla_seq_before (b, a));
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seq/serial", test_serial);
  g_test_add_func ("/seq/moving", test_moving);
  g_test_add_func ("/seq/laws", test_laws);
  return g_test_run ();
}
