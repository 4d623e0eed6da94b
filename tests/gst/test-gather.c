/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often packets must come to gather: rates and bursts at a coalesce-time of
 * 1200 µs, so that three in it are one each 400 µs.
 */
#include <glib.h>

#include "../../gst/gstsrtlagather.h"

#define COALESCE 1200
#define FRAME 33333             /* µs, of 30 a second */

static const struct
{
  const gchar *name;
  guint burst;                  /* packets at once… */
  SrtlaTime interval;           /* …so often, µs… */
  guint bursts;                 /* …so many times */
  guint waits;                  /* of the last burst: wait for others */
} loads[] = {
  {"now and then", 1, 2100, 1000, 0},
  {"just not often", 1, 400, 10000, 0},
  {"often", 1, 350, 10000, 1},
  {"a small frame", 16, FRAME, 100, 0},
  {"a large frame", 80, FRAME, 100, 80 - 33},
  {"large frames that follow on each other", 160, FRAME, 100, 159},
  {"one huge frame", 1000, FRAME, 1, 1000 - 33},
};

/* Each packet leaves when it comes, whether it should or not. */
static guint
play (guint load)
{
  GstSrtlaGather gather;
  SrtlaTime now = 5 * SRTLA_SECOND;
  guint i, j, waits = 0;

  gst_srtla_gather_init (&gather);
  for (i = 0; i < loads[load].bursts; i++) {
    waits = 0;
    for (j = 0; j < loads[load].burst; j++) {
      waits += gst_srtla_gather_may_wait (&gather, now, COALESCE);
      gst_srtla_gather_note (&gather, 1, now, COALESCE);
    }
    now += loads[load].interval;
  }
  return waits;
}

static void
test_loads (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (loads); i++) {
    g_test_message ("%s", loads[i].name);
    g_assert_cmpuint (play (i), ==, loads[i].waits);
  }
}

/* However many there were: it is made good in 85 ms, and nothing waits meanwhile
 * but for what follows within coalesce-time. */
static void
test_forgets (void)
{
  SrtlaTime now = SRTLA_SECOND;
  SrtlaTime made_good = (GST_SRTLA_GATHER_MAX - GST_SRTLA_GATHER_BURST)
      * (COALESCE / GST_SRTLA_GATHER_RATE);
  GstSrtlaGather gather;

  gst_srtla_gather_init (&gather);
  g_assert_false (gst_srtla_gather_is_often (&gather));
  gst_srtla_gather_note (&gather, 100000, now, COALESCE);
  g_assert_true (gst_srtla_gather_is_often (&gather));
  g_assert_true (gst_srtla_gather_may_wait (&gather, now + COALESCE - 1,
          COALESCE));
  g_assert_false (gst_srtla_gather_may_wait (&gather, now + COALESCE,
          COALESCE));
  g_assert_true (gst_srtla_gather_is_often (&gather));
  gst_srtla_gather_note (&gather, 0, now + made_good - 1, COALESCE);
  g_assert_true (gst_srtla_gather_is_often (&gather));
  g_assert_false (gst_srtla_gather_may_wait (&gather, now + made_good,
          COALESCE));
  g_assert_false (gst_srtla_gather_is_often (&gather));
}

static void
test_off (void)
{
  GstSrtlaGather gather;

  gst_srtla_gather_init (&gather);
  gst_srtla_gather_note (&gather, 100000, SRTLA_SECOND, 0);
  g_assert_false (gst_srtla_gather_may_wait (&gather, SRTLA_SECOND, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gather/loads", test_loads);
  g_test_add_func ("/gather/forgets", test_forgets);
  g_test_add_func ("/gather/off", test_off);
  return g_test_run ();
}
