/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-usefulness.h"
#include "counting-malloc.h"
#include "testing.h"

#define FLAGS (SRTLA_HS_TSBPD_RECEIVER | SRTLA_HS_TLPKTDROP)
#define HOUR (3600 * SRTLA_SECOND)

/* ---- Single answers ---------------------------------------------------- */

static void
test_answers (void)
{
  static const struct
  {
    gboolean observed;
    guint32 timestamp;
    guint32 flags;
    guint latency;              /* ms */
    SrtlaTime expected;
  } table[] = {
    /* Timestamp 5,000 came at 1,000,000. */
    {TRUE, 5000, FLAGS, 200, 1200000},
    {TRUE, 6000, FLAGS, 200, 1201000},
    {TRUE, 4000, FLAGS, 200, 1199000},
    {TRUE, 0, FLAGS, 1, 996000},        /* late already */
    {TRUE, 5000, FLAGS | SRTLA_HS_PERIODIC_NAK, 8000, 9000000},
    {TRUE, 5000, FLAGS, 65535, 66535000},
    {TRUE, 5000 - 30000000u, FLAGS, 200, 0},    /* before time began */
    {TRUE, 5000 + 1999999, FLAGS, 200, 3199999},
    {TRUE, 5000 + 2000001, FLAGS, 200, SRTLA_TIME_NONE},
    {TRUE, 5000, FLAGS, 0, SRTLA_TIME_NONE},    /* no handshake seen */
    {TRUE, 5000, 0, 200, SRTLA_TIME_NONE},
    {TRUE, 5000, SRTLA_HS_TSBPD_RECEIVER, 200, SRTLA_TIME_NONE},
    {TRUE, 5000, SRTLA_HS_TLPKTDROP | SRTLA_HS_TSBPD_SENDER, 200,
          SRTLA_TIME_NONE},
    {FALSE, 5000, FLAGS, 200, SRTLA_TIME_NONE},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaUsefulness clock = { 0, };

    g_test_message ("row %u", i);
    if (table[i].observed)
      srtla_usefulness_observe (&clock, 5000, 1000000);
    g_assert_cmpuint (srtla_usefulness_deadline (&clock, table[i].timestamp,
            table[i].flags, table[i].latency, 1000000), ==,
        table[i].expected);
  }
}

/* The lowest offset counts, at once; higher ones when it left the window. */
static void
test_lowest_offset (void)
{
  SrtlaUsefulness clock = { 0, };
  SrtlaTime now = 50 * SRTLA_SECOND;
  guint i;

  srtla_usefulness_observe (&clock, 0, now);
  srtla_usefulness_observe (&clock, 1000, now + 31000);
  g_assert_cmpuint (srtla_usefulness_deadline (&clock, 1000, FLAGS, 100,
          now + 31000), ==, now + 101000);
  srtla_usefulness_observe (&clock, 40000, now + 33000);
  g_assert_cmpuint (srtla_usefulness_deadline (&clock, 40000, FLAGS, 100,
          now + 33000), ==, now + 133000);

  /* From here on all come 20 ms later: believed after the window. */
  for (i = 1; i <= 12; i++)
    srtla_usefulness_observe (&clock, i * 1000000, now + i * 1000000 + 13000);
  g_assert_cmpuint (srtla_usefulness_deadline (&clock, 12000000, FLAGS, 100,
          now + 12013000), ==, now + 12113000);

  /* After a pause as long, at once. */
  srtla_usefulness_observe (&clock, 24000000, now + 24053000);
  g_assert_cmpuint (srtla_usefulness_deadline (&clock, 24000000, FLAGS, 100,
          now + 24053000), ==, now + 24153000);
}

/* ---- A clock that was set ---------------------------------------------- */

static void
test_strays (void)
{
  static const gint64 jumps[] = { 2100000, -2100000, 3600000000, -60000000 };
  guint i, n;

  for (i = 0; i < G_N_ELEMENTS (jumps); i++) {
    SrtlaUsefulness clock = { 0, };
    SrtlaTime now = 2 * HOUR, since;
    guint32 base = 77777;

    g_test_message ("jump %" G_GINT64_FORMAT, jumps[i]);
    srtla_usefulness_observe (&clock, base, now);
    /* One forged timestamp, or a few, change nothing. */
    for (n = 0; n < 100; n++)
      srtla_usefulness_observe (&clock, base + (guint32) jumps[i], now);
    g_assert_cmpuint (srtla_usefulness_deadline (&clock, base, FLAGS, 100,
            now), ==, now + 100000);

    srtla_usefulness_observe (&clock, base, now);
    since = now;
    for (n = 0; n < 200; n++, now += 10000)
      srtla_usefulness_observe (&clock,
          base + (guint32) (jumps[i] + (gint64) (now - since)), now);
    g_assert_cmpuint (srtla_usefulness_deadline (&clock,
            base + (guint32) (jumps[i] + (gint64) (now - since)), FLAGS, 100,
            now), ==, now + 100000);
  }
}

/* A few strays in a row, and any number of them between others, do nothing. */
static void
test_strays_alone (void)
{
  SrtlaUsefulness clock = { 0, };
  SrtlaTime now = 2 * HOUR;
  guint32 timestamp = 0;
  guint n;

  srtla_usefulness_observe (&clock, timestamp, now);
  for (n = 0; n < SRTLA_USEFULNESS_STRAYS - 1; n++) {
    now += 100000;
    timestamp += 100000;
    srtla_usefulness_observe (&clock, timestamp + 7000000, now);
  }
  for (n = 0; n < 100; n++) {
    g_assert_cmpuint (srtla_usefulness_deadline (&clock, timestamp, FLAGS,
            100, now), ==, now + 100000);
    now += 100000;
    timestamp += 100000;
    srtla_usefulness_observe (&clock, timestamp, now);
    srtla_usefulness_observe (&clock, timestamp + 7000000, now);
  }
}

/* Packets that an upstream held back come as one burst: still too late. */
static void
test_burst_of_late (void)
{
  SrtlaUsefulness clock = { 0, };
  SrtlaTime now = 10 * SRTLA_SECOND;
  guint32 timestamp;

  srtla_usefulness_observe (&clock, 0, now);
  now += 5 * SRTLA_SECOND;
  for (timestamp = 1000; timestamp <= 5000000; timestamp += 1000) {
    srtla_usefulness_observe (&clock, timestamp, now);
    g_assert_cmpuint (srtla_usefulness_deadline (&clock, timestamp, FLAGS,
            200, now), ==, 10 * SRTLA_SECOND + timestamp + 200000);
  }
}

/* ---- Synthetic clocks -------------------------------------------------- */

typedef struct
{
  gdouble drift;                /* of the sender's clock, parts per million */
  SrtlaTime jitter;             /* most delay on the way, µs */
  SrtlaTime duration;
  SrtlaTime pause;              /* once, in the middle */
} Track;

static void
follow_track (GRand *rand, const Track *track)
{
  const SrtlaTime latency = 250000;
  /* How old an offset may be that the window still holds. */
  const SrtlaTime window = (SRTLA_USEFULNESS_SPANS + 1)
      * SRTLA_USEFULNESS_SPAN;
  gdouble rate = 1.0 + track->drift / 1e6;
  gdouble drift = (track->drift < 0 ? -track->drift : track->drift) / 1e6;
  /* What a fast clock gains until the next packet that is not delayed. */
  SrtlaTime gained = (SrtlaTime) (drift * SRTLA_SECOND) + 2;
  SrtlaTime start = 5 * SRTLA_SECOND + g_rand_int (rand) % HOUR;
  guint32 first = g_rand_int (rand);
  SrtlaUsefulness clock = { 0, };
  SrtlaTime at, settled = start + SRTLA_SECOND;
  gboolean paused = track->pause == 0;
  guint64 before = counted_allocations;

  for (at = start; at < start + track->duration; at += 500
      + g_rand_int (rand) % 20000) {
    guint32 timestamp;
    SrtlaTime came, deadline, ideal;

    if (!paused && at > start + track->duration / 2) {
      at += track->pause;
      settled = at + SRTLA_SECOND;
      paused = TRUE;
    }
    timestamp = first + (guint32) (guint64) ((gdouble) (at - start) * rate);
    /* One in five is not delayed at all. */
    came = at + (track->jitter == 0 || testing_chance (rand, 20) ? 0
        : g_rand_int (rand) % track->jitter);
    srtla_usefulness_observe (&clock, timestamp, came);
    deadline = srtla_usefulness_deadline (&clock, timestamp, FLAGS,
        (guint) (latency / 1000), came);

    ideal = at + latency;
    if (at < settled)
      continue;
    g_assert_cmpuint (deadline, <=, ideal + gained);
    g_assert_cmpuint (deadline + (SrtlaTime) (drift * (gdouble) window) + 2,
        >=, ideal);
    /* Sent again 150 ms later: the same deadline, but for the drift. */
    g_assert_cmpuint (srtla_usefulness_deadline (&clock, timestamp, FLAGS,
            (guint) (latency / 1000), came + 150000), ==, deadline);
  }
  g_assert_cmpuint (counted_allocations, ==, before);
}

static void
test_tracks (void)
{
  static const Track table[] = {
    {0, 0, 120 * SRTLA_SECOND, 0},
    {0, 40000, 120 * SRTLA_SECOND, 0},
    {0, 40000, 90 * 60 * SRTLA_SECOND, 0},      /* over the wrap */
    {200, 20000, 90 * 60 * SRTLA_SECOND, 0},
    {-200, 20000, 90 * 60 * SRTLA_SECOND, 0},
    {50, 200000, 600 * SRTLA_SECOND, 0},
    {0, 30000, 60 * SRTLA_SECOND, 30 * SRTLA_SECOND},
    {0, 30000, 60 * SRTLA_SECOND, 3 * HOUR},
    {100, 30000, 60 * SRTLA_SECOND, HOUR},
    {-100, 30000, 60 * SRTLA_SECOND, HOUR},
  };
  GRand *rand = testing_rand_new ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    g_test_message ("row %u", i);
    follow_track (rand, &table[i]);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/usefulness/answers", test_answers);
  g_test_add_func ("/usefulness/lowest-offset", test_lowest_offset);
  g_test_add_func ("/usefulness/strays", test_strays);
  g_test_add_func ("/usefulness/strays-alone", test_strays_alone);
  g_test_add_func ("/usefulness/burst-of-late", test_burst_of_late);
  g_test_add_func ("/usefulness/tracks", test_tracks);
  return g_test_run ();
}
