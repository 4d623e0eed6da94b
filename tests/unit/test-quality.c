/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "srtla-quality.h"
#include "testing.h"

#define START (100 * SRTLA_SECOND)
#define AGED  (START + SRTLA_QUALITY_STARTUP)

/* Asks anew: what was computed for another moment is not looked at. */
static gdouble
value_at (SrtlaQuality *quality, SrtlaTime rtt, SrtlaTime now)
{
  quality->computed = FALSE;
  return srtla_quality_value (quality, rtt, now);
}

static void
test_losses (void)
{
  SrtlaQuality quality = { 0 };
  gdouble clean, fresh, at_once, previous;
  SrtlaTime at;

  srtla_quality_start (&quality, START);
  clean = value_at (&quality, 0, START);
  g_assert_cmpfloat (clean, >, 1.0);
  g_assert_true (value_at (&quality, 0, AGED + SRTLA_SECOND) == clean);

  /* A loss soon after the start hardly counts. */
  srtla_quality_nak (&quality, START + SRTLA_SECOND);
  fresh = value_at (&quality, 0, START + SRTLA_SECOND);
  g_assert_cmpfloat (fresh, <, clean);
  g_assert_cmpfloat (fresh, >, 0.9);

  /* Later it halves the factor, which comes back with time. */
  srtla_quality_nak (&quality, AGED + SRTLA_SECOND);
  at_once = value_at (&quality, 0, AGED + SRTLA_SECOND);
  g_assert_cmpfloat (fabs (at_once - 0.5), <, 0.001);
  previous = at_once;
  for (at = 1; at <= 20; at++) {
    gdouble value = value_at (&quality, 0, AGED + (at + 1) * SRTLA_SECOND);

    g_assert_cmpfloat (value, >, previous);
    g_assert_cmpfloat (value, <=, 1.0);
    previous = value;
  }
  g_assert_cmpfloat (previous, >, 0.99);
}

static void
test_bursts (void)
{
  static const struct
  {
    guint naks;
    SrtlaTime apart;
    gboolean burst;
  } table[] = {
    {SRTLA_BURST_NAKS - 1, 1, FALSE},
    {SRTLA_BURST_NAKS, 1, TRUE},
    {SRTLA_BURST_NAKS, SRTLA_BURST_SPAN / SRTLA_BURST_NAKS, TRUE},
    {SRTLA_BURST_NAKS, SRTLA_BURST_SPAN, FALSE},
    {20 * SRTLA_BURST_NAKS, SRTLA_BURST_SPAN / 2, FALSE},
    {20 * SRTLA_BURST_NAKS, 0, TRUE},
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaQuality quality = { 0 };
    SrtlaTime now = AGED;
    gdouble held_against, later;

    g_test_message ("row %u", i);
    srtla_quality_start (&quality, START);
    for (k = 0; k < table[i].naks; k++) {
      now += k > 0 ? table[i].apart : 0;
      srtla_quality_nak (&quality, now);
    }
    g_assert_cmpint (quality.bursts > 0, ==, table[i].burst);
    held_against = value_at (&quality, 0, now);
    g_assert_cmpint (held_against < 0.4, ==, table[i].burst);
    /* Forgotten after a while; the loss itself is still remembered. */
    now += SRTLA_BURST_MEMORY;
    later = value_at (&quality, 0, now);
    g_assert_cmpfloat (later, >, 0.85);

    /* Counted once for each burst, and over the next start. */
    if (table[i].burst)
      g_assert_cmpuint (quality.bursts, ==, 1);
    srtla_quality_start (&quality, now);
    g_assert_cmpuint (quality.bursts, ==, table[i].burst ? 1 : 0);
    g_assert_cmpfloat (value_at (&quality, 0, now), >, 1.0);
  }
}

static void
test_round_trip (void)
{
  SrtlaQuality quality = { 0 };
  gdouble unknown, previous = G_MAXDOUBLE;
  SrtlaTime rtt;

  srtla_quality_start (&quality, START);
  unknown = value_at (&quality, 0, START);
  for (rtt = 1; rtt < 10 * SRTLA_SECOND; rtt = rtt * 3 / 2 + 1) {
    gdouble value = value_at (&quality, rtt, START);

    g_assert_cmpfloat (value, <=, previous);
    g_assert_cmpfloat (value, >=, unknown);     /* a bonus, never a fine */
    g_assert_cmpfloat (value, <=, unknown * 1.03 + 0.0001);
    previous = value;
  }
  g_assert_true (previous == unknown);
}

static void
test_cache (void)
{
  SrtlaQuality quality = { 0 };
  gdouble before;

  srtla_quality_start (&quality, START);
  before = srtla_quality_value (&quality, 0, AGED);
  srtla_quality_nak (&quality, AGED);
  g_assert_true (srtla_quality_value (&quality, 0,
          AGED + SRTLA_QUALITY_CACHE - 1) == before);
  g_assert_cmpfloat (srtla_quality_value (&quality, 0,
          AGED + SRTLA_QUALITY_CACHE), <, before);
}

/* Whatever happens, the factor is a number in its bounds. */
static void
test_bounds (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaQuality quality = { 0 };
  SrtlaTime now = 0;
  guint i;

  for (i = 0; i < 200000; i++) {
    gdouble value;

    now += (SrtlaTime) g_rand_int_range (rand, 0, testing_chance (rand, 1)
        ? 10000000 : 30000);
    if (testing_chance (rand, 1) && testing_chance (rand, 5))
      srtla_quality_start (&quality, now);
    if (testing_chance (rand, 20))
      srtla_quality_nak (&quality, now);
    value = srtla_quality_value (&quality,
        (SrtlaTime) g_rand_int_range (rand, 0, 3000000), now);
    g_assert_cmpfloat (value, >=, 0.349);
    g_assert_cmpfloat (value, <=, 1.15);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quality/losses", test_losses);
  g_test_add_func ("/quality/bursts", test_bursts);
  g_test_add_func ("/quality/round-trip", test_round_trip);
  g_test_add_func ("/quality/cache", test_cache);
  g_test_add_func ("/quality/bounds", test_bounds);
  return g_test_run ();
}
