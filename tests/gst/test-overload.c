/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Twice as much as the uplinks take, in real time and on real sockets: what is
 * urgent goes as if it were alone, the rest get what is left by their shares.
 * The figures of docs/scheduling.md are this program's:
 *
 *   meson test -C build/main --suite element overload -v
 */
#include "flow-testing.h"
#include "sleeper.h"
#include "srtla-classifier.h"

#define LIMIT limit ()          /* bits/s of each of two uplinks */
#define WARM_UP G_USEC_PER_SEC
#define SPAN (5 * G_USEC_PER_SEC)
#define PACE 1000               /* µs between bursts, as a source has them */
#define LATEST 3000             /* µs that urgent packets may wait, p99 */
#define ATTEMPTS 3

/* Sanitizers and valgrind leave no time to keep. */
static gboolean
keeps_time (void)
{
#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  return FALSE;
#else
  return g_getenv ("SRTLA_TEST_SLOW") == NULL;
#endif
}

static guint
limit (void)
{
  return keeps_time () ? 10000000 : 500000;
}

typedef struct
{
  Flow high, low, best;         /* high: in the span alone */
  gint64 start, next;           /* µs; of the next burst */
  gint64 began;                 /* the span */
  /* What came of it. */
  gdouble low_rate, best_rate, high_rate;       /* bits/s */
  guint64 p50, p99, maximum;    /* of class high, µs */
  guint64 lateness;             /* of a thread that does nothing, p99, µs */
} Overload;

static void
offer_until (Overload *overload, gint64 until)
{
  gint64 now;

  while ((now = g_get_monotonic_time ()) < until) {
    if (overload->high.bitrate > 0)
      flow_offer (&overload->high, now - overload->began);
    flow_offer (&overload->low, now - overload->start);
    flow_offer (&overload->best, now - overload->start);
    overload->next = MAX (overload->next + PACE, now);
    now = g_get_monotonic_time ();      /* MAX () would ask twice */
    if (overload->next > now)
      g_usleep ((gulong) (overload->next - now));
  }
}

/* ---- What the element does ---------------------------------------------- */

/* Returns: all packets that were dropped, for whatever reason. */
static guint64
dropped_of (const GstStructure *entry)
{
  guint64 sum = 0, number;
  gint i;

  for (i = 0; i < gst_structure_n_fields (entry); i++) {
    const gchar *name = gst_structure_nth_field_name (entry, (guint) i);

    if (g_str_has_prefix (name, "dropped-")
        && gst_structure_get_uint64 (entry, name, &number))
      sum += number;
  }
  return sum;
}

static guint64
number_of (const GstStructure *entry, const gchar *field)
{
  guint64 number = 0;

  g_assert_true (gst_structure_get_uint64 (entry, field, &number));
  return number;
}

/* Nothing urgent was lost, for whatever reason, at whatever stage. */
static void
check_nothing_lost (Fixture *fixture, Flow *flow)
{
  GstStructure *stats = NULL, *class, *own;

  g_object_get (fixture->element, "stats", &stats, NULL);
  class = find_entry (stats, "classes", "class", "high");
  own = find_entry (stats, "flows", "pad", GST_OBJECT_NAME (flow->sink));
  g_assert_cmpuint (dropped_of (class), ==, 0);
  g_assert_cmpuint (dropped_of (own), ==, 0);
  g_assert_cmpuint (number_of (own, "packets-in"), ==, flow->sequence);
  g_assert_cmpuint (number_of (own, "packets-out") + number_of (own,
          "packets-queued"), ==, flow->sequence);
  gst_structure_free (own);
  gst_structure_free (class);
  gst_structure_free (stats);
}

/* All from one look. */
typedef struct
{
  gint64 at;                    /* µs */
  GstStructure *high, *low, *best;      /* NULL = there is none */
} Look;

static GstStructure *
entry_of (const GstStructure *stats, const Flow *flow)
{
  return flow->sink != NULL ? find_entry (stats, "flows", "pad",
      GST_OBJECT_NAME (flow->sink)) : NULL;
}

static void
look (Fixture *fixture, const Overload *overload, Look *out)
{
  GstStructure *stats = NULL;

  g_object_get (fixture->element, "stats", &stats, NULL);
  out->at = g_get_monotonic_time ();
  out->high = entry_of (stats, &overload->high);
  out->low = entry_of (stats, &overload->low);
  out->best = entry_of (stats, &overload->best);
  gst_structure_free (stats);
}

static void
look_away (Look *at)
{
  g_clear_pointer (&at->high, gst_structure_free);
  g_clear_pointer (&at->low, gst_structure_free);
  g_clear_pointer (&at->best, gst_structure_free);
}

/* Returns: bits/s of SRT packets; without a first look since the flow began. */
static gdouble
rate_of (const Look *from, const GstStructure *first, const Look *to,
    const GstStructure *second)
{
  guint64 bytes = number_of (second, "bytes-out")
      - (first != NULL ? number_of (first, "bytes-out") : 0);

  return (gdouble) bytes * 8 * G_USEC_PER_SEC / (gdouble) (to->at - from->at);
}

static void
measure (Fixture *fixture, Overload *overload)
{
  Sleeper sleeper;
  Look from, to;

  memset (&overload->high, 0, sizeof overload->high);
  look (fixture, overload, &from);
  /* A flow that begins now, and with it the account of its delays. */
  flow_open (fixture, &overload->high, "high", 11);
  overload->high.bitrate = LIMIT / 10;
  overload->high.size = 316;
  overload->began = from.at;
  sleeper_start (&sleeper);
  offer_until (overload, overload->began + SPAN);
  overload->lateness = sleeper_stop (&sleeper);
  look (fixture, overload, &to);

  overload->high_rate = rate_of (&from, NULL, &to, to.high);
  overload->low_rate = rate_of (&from, from.low, &to, to.low);
  overload->best_rate = rate_of (&from, from.best, &to, to.best);
  overload->p50 = number_of (to.high, "total-delay-p50");
  overload->p99 = number_of (to.high, "total-delay-p99");
  overload->maximum = number_of (to.high, "total-delay-maximum");
  look_away (&from);
  look_away (&to);
  g_test_message ("two uplinks of %.0f Mbit/s: sent high %.2f, low %.2f, best-effort %.2f "
      "Mbit/s; high waited %.2f ms (p50), %.2f ms (p99), %.2f ms at most; a "
      "thread that only sleeps is %.2f ms late (p99)",
      LIMIT / 1e6, overload->high_rate / 1e6, overload->low_rate / 1e6,
      overload->best_rate / 1e6, (gdouble) overload->p50 / 1e3,
      (gdouble) overload->p99 / 1e3, (gdouble) overload->maximum / 1e3,
      (gdouble) overload->lateness / 1e3);
}

/* Returns: whether all is as it must be, on a machine that keeps time. */
static gboolean
is_good (const Overload *overload)
{
  gdouble high = overload->high_rate, low = overload->low_rate;
  gdouble best = overload->best_rate, sum = high + low + best;
  gdouble quantum = srtla_class_defaults[SRTLA_CLASS_BEST_EFFORT].quantum;
  gdouble quanta = quantum + srtla_class_defaults[SRTLA_CLASS_HIGH].quantum
      + srtla_class_defaults[SRTLA_CLASS_MEDIUM].quantum
      + srtla_class_defaults[SRTLA_CLASS_LOW].quantum;

  return overload->p99 <= LATEST
      && high >= 0.99 * overload->high.bitrate && sum >= 0.95 * 2 * LIMIT
      /* Classes with deadlines and best effort share by their quanta. */
      && ABS (best / sum - quantum / quanta) <= 0.1 * quantum / quanta
      && low >= 0.9 * (2 * LIMIT - high - best);
}

static void
test_overload (Fixture *fixture, gconstpointer data)
{
  gboolean calm = FALSE, good = FALSE;
  Overload overload;
  guint attempt;

  (void) data;
  memset (&overload, 0, sizeof overload);
  limit_uplinks (fixture, LIMIT);
  g_object_set (fixture->element, "queue-size", keeps_time () ? 512 : 50, NULL);
  fixture_play (fixture, 2);
  flow_open (fixture, &overload.low, "low", 12);
  flow_open (fixture, &overload.best, "best-effort", 13);
  overload.low.bitrate = 2 * 2 * LIMIT;
  overload.best.bitrate = LIMIT;
  overload.start = overload.began = g_get_monotonic_time ();
  offer_until (&overload, overload.start + WARM_UP);

  for (attempt = 0; attempt < ATTEMPTS && !good; attempt++) {
    measure (fixture, &overload);
    check_nothing_lost (fixture, &overload.high);
    /* Whatever the machine does, the limit holds. */
    g_assert_cmpfloat (overload.high_rate + overload.low_rate
        + overload.best_rate, <=, 1.02 * 2 * LIMIT);
    flow_close (fixture, &overload.high);
    calm = calm || overload.lateness <= SLEEPER_CALM;
    good = !keeps_time () || is_good (&overload);
  }
  g_assert_true (good || !calm);
  if (!good)
    g_test_skip ("the machine is too busy to keep time");

  g_assert_cmpuint (flow_number (fixture, &overload.low, "dropped-queue"), >,
      0);
  flow_close (fixture, &overload.low);
  flow_close (fixture, &overload.best);
}

static void
add_tests (void)
{
  fixture_add_test ("/overload/twice", test_overload);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
