/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The link model: rate, queue, delay, loss, what passes, changes. */
#include "sim-link.h"
#include "sim-clock.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define SEED 7                  /* of the links; results are exact for it */
#define SIZE 1332               /* bytes of a datagram: 1360 of IP */

static SimPool *pool;

static SimLink *
make_link (const gchar *const *settings)
{
  SimLinkSettings all = { 0, };
  SimLink *link;

  sim_link_settings_init (&all);
  for (; *settings != NULL; settings += 2) {
    GError *error = NULL;

    sim_link_settings_set (&all, settings[0], settings[1], ".", &error);
    g_assert_no_error (error);
  }
  link = sim_link_new (&all, SEED, "link", SIM_START);
  sim_link_settings_clear (&all);
  return link;
}

static void
change_link (SimLink *link, const gchar *key, const gchar *value,
    SrtlaTime now)
{
  SimLinkSettings all = { 0, };
  GError *error = NULL;

  sim_link_settings_copy (&all, sim_link_settings (link));
  sim_link_settings_set (&all, key, value, ".", &error);
  g_assert_no_error (error);
  sim_link_change (link, &all, now);
  sim_link_settings_clear (&all);
}

static gboolean
push (SimLink *link, gsize size, SrtlaTime now)
{
  SimPacket *packet = sim_packet_new (pool, size);

  packet->data[0] = 0;          /* SRT data */
  return sim_link_push (link, packet, now);
}

/* Takes everything that arrives by `until`. Returns: how many; the time of the
 * last one in *last. */
static guint
drain (SimLink *link, SrtlaTime until, SrtlaTime *last)
{
  guint n = 0;

  for (;;) {
    SrtlaTime due = sim_link_deadline (link);
    SimPacket *packet;

    if (due > until)
      return n;
    while ((packet = sim_link_pop (link, due)) != NULL) {
      sim_packet_unref (packet);
      n++;
      if (last != NULL)
        *last = due;
    }
  }
}

/* A packet each `gap` µs for `length`; returns how many arrive. */
static guint
stream (SimLink *link, SrtlaTime gap, SrtlaTime length)
{
  SrtlaTime now;
  guint n = 0;

  for (now = SIM_START; now < SIM_START + length; now += gap) {
    n += drain (link, now, NULL);
    push (link, SIZE, now);
  }
  return n + drain (link, SIM_START + length, NULL);
}

static void
test_rate (void)
{
  static const struct { const gchar *rate; gdouble bits; } table[] = {
    {"100kbit/s", 1e5}, {"1.5Mbit/s", 1.5e6}, {"12Mbit/s", 12e6},
    {"97Mbit/s", 97e6},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    const gchar *settings[] = { "rate", table[i].rate, "delay", "0ms", "queue",
      "100ms", NULL };
    SimLink *link = make_link (settings);
    gdouble carried = stream (link, 100, 20 * SRTLA_SECOND) * 1360 * 8 / 20.0;

    g_assert_cmpfloat_with_epsilon (carried, table[i].bits,
        table[i].bits * 0.002 + 1360 * 8 / 20.0);
    sim_link_free (link);
  }
}

static void
test_queue (void)
{
  /* 10 Mbit/s are 1,250 bytes a ms; one packet is 1,360 and may always wait. */
  static const struct { const gchar *queue; guint packets; } table[] = {
    {"300ms", 275}, {"1ms", 1}, {"64kB", 47}, {"1360B", 1}, {"2720B", 2},
    {"none", 1000},
  };
  guint i, j, taken;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    const gchar *settings[] = { "rate", "10Mbit/s", "queue", table[i].queue,
      NULL };
    SimLink *link = make_link (settings);

    for (j = taken = 0; j < 1000; j++)
      taken += push (link, SIZE, SIM_START);
    g_assert_cmpuint (taken, ==, table[i].packets);
    g_assert_cmpuint (sim_link_counters (link)->lost_queue, ==, 1000 - taken);
    g_assert_cmpuint (drain (link, SIM_START + 10 * SRTLA_SECOND, NULL), ==,
        taken);
    sim_link_free (link);
  }
}

static void
test_delay (void)
{
  const gchar *plain[] = { "rate", "10Mbit/s", "delay", "40ms", NULL };
  const gchar *jittery[] = { "rate", "1000Mbit/s", "delay", "40ms", "jitter",
    "10ms", "reorder", "yes", NULL };
  SimLink *link = make_link (plain);
  SrtlaTime least = SRTLA_TIME_NONE, most = 0, at = 0, now;
  guint i;

  g_assert_cmpuint (sim_link_predict (link, SIZE, SIM_START), ==,
      SIM_START + 40000 + 1088);
  push (link, SIZE, SIM_START);
  push (link, SIZE, SIM_START);
  g_assert_cmpuint (drain (link, SIM_START + SRTLA_SECOND, &at), ==, 2);
  g_assert_cmpuint (at, ==, SIM_START + 40000 + 2 * 1088);
  sim_link_free (link);

  link = make_link (jittery);
  for (i = 0; i < 1000; i++) {
    now = SIM_START + i * SRTLA_SECOND;
    push (link, SIZE, now);
    g_assert_cmpuint (drain (link, now + SRTLA_SECOND / 2, &at), ==, 1);
    least = MIN (least, at - now);
    most = MAX (most, at - now);
  }
  g_assert_cmpuint (least, >=, 30000);
  g_assert_cmpuint (least, <, 30500);
  g_assert_cmpuint (most, >, 49500);
  g_assert_cmpuint (most, <=, 50100);
  sim_link_free (link);
}

/* Returns: how many packets arrive before one that was sent earlier. */
static guint
count_overtaking (const gchar *reorder)
{
  const gchar *settings[] = { "rate", "100Mbit/s", "jitter", "5ms", "reorder",
    reorder, "delay", "20ms", NULL };
  SimLink *link = make_link (settings);
  guint n = 0, i, highest = 0;
  SimPacket *packet;

  for (i = 1; i <= 1000; i++) {
    packet = sim_packet_new (pool, SIZE);
    packet->data[0] = 0;
    packet->tag = i;
    sim_link_push (link, packet, SIM_START + i * SRTLA_MILLISECOND);
  }
  while ((packet = sim_link_pop (link, SIM_START + 2 * SRTLA_SECOND)) != NULL) {
    n += packet->tag < highest;
    highest = MAX (highest, packet->tag);
    sim_packet_unref (packet);
  }
  sim_link_free (link);
  return n;
}

static void
test_order (void)
{
  g_assert_cmpuint (count_overtaking ("no"), ==, 0);
  g_assert_cmpuint (count_overtaking ("yes"), >, 300);
}

static void
test_loss (void)
{
  static const struct { const gchar *key, *value; gdouble share, length; }
  table[] = {
    {"loss", "0%", 0, 1}, {"loss", "1%", 0.01, 1.01},
    {"loss", "20%", 0.2, 1.25}, {"loss", "100%", 1, 0},
    {"burst-loss", "2% 8", 0.02, 8}, {"burst-loss", "10% 3", 0.1, 3},
  };
  const guint n = 200000;
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    const gchar *settings[] = { "rate", "1000Mbit/s", "delay", "0ms",
      table[i].key, table[i].value, NULL };
    SimLink *link = make_link (settings);
    guint lost = 0, bursts = 0;
    gboolean before = FALSE;
    gdouble share, error;

    for (j = 0; j < n; j++) {
      SrtlaTime now = SIM_START + j * 100;
      gboolean gone;

      push (link, SIZE, now);
      gone = drain (link, now + 99, NULL) == 0;
      lost += gone;
      bursts += gone && !before;
      before = gone;
    }
    share = (gdouble) lost / n;
    /* Four standard deviations, wider for what comes in bursts. */
    error = 4 * sqrt (table[i].share * (1 - table[i].share)
        * MAX (1, 2 * table[i].length) / n);
    g_assert_cmpfloat_with_epsilon (share, table[i].share, error + 1e-12);
    if (bursts > 1)
      g_assert_cmpfloat_with_epsilon ((gdouble) lost / bursts,
          table[i].length, table[i].length * 0.1);
    g_assert_cmpuint (sim_link_counters (link)->lost_random, ==, lost);
    sim_link_free (link);
  }
}

static void
test_duplicate (void)
{
  static const struct { const gchar *value; gdouble share; }
  table[] = { {"0%", 0}, {"10%", 0.1}, {"100%", 1} };
  const guint n = 20000;
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    const gchar *settings[] = { "rate", "1000Mbit/s", "delay", "5ms",
      "duplicate", table[i].value, NULL };
    SimLink *link = make_link (settings);
    guint arrived = 0;

    for (j = 0; j < n; j++) {
      push (link, SIZE, SIM_START + j * 100);
      arrived += drain (link, SIM_START + j * 100, NULL);
    }
    arrived += drain (link, SIM_START + n * 100 + SRTLA_SECOND, NULL);
    g_assert_cmpuint (sim_link_counters (link)->duplicated, ==, arrived - n);
    g_assert_cmpuint (sim_link_counters (link)->delivered, ==, arrived);
    g_assert_cmpfloat_with_epsilon ((gdouble) arrived / n, 1 + table[i].share,
        4 * sqrt (table[i].share * (1 - table[i].share) / n) + 1e-12);
    sim_link_free (link);
  }
  g_assert_cmpuint (sim_pool_in_use (pool), ==, 0);
}

static void
test_passes (void)
{
  static const struct { const gchar *passes; guint8 first; gboolean through; }
  table[] = {
    {"all", 0x00, TRUE}, {"all", 0x80, TRUE}, {"all", 0x90, TRUE},
    {"keepalives", 0x00, FALSE}, {"keepalives", 0x80, FALSE},
    {"keepalives", 0x90, TRUE}, {"keepalives", 0x92, TRUE},
    {"nothing", 0x00, FALSE}, {"nothing", 0x90, FALSE},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    const gchar *settings[] = { "passes", table[i].passes, NULL };
    SimLink *link = make_link (settings);
    SimPacket *packet = sim_packet_new (pool, 32);

    packet->data[0] = table[i].first;
    g_assert_cmpint (sim_link_push (link, packet, SIM_START), ==,
        table[i].through);
    g_assert_cmpuint (drain (link, SIM_START + SRTLA_SECOND, NULL), ==,
        table[i].through);
    g_assert_cmpuint (sim_link_counters (link)->lost_silent, ==,
        !table[i].through);
    sim_link_free (link);
  }
}

static void
test_changes (void)
{
  const gchar *settings[] = { "rate", "1Mbit/s", "delay", "0ms", NULL };
  SimLink *link = make_link (settings);
  SrtlaTime at = 0;

  /* 10,880 bits: half of them at 1 Mbit/s, then nothing for a second, then
   * the rest at 2 Mbit/s. */
  push (link, SIZE, SIM_START);
  change_link (link, "rate", "0bit/s", SIM_START + 5440);
  g_assert_cmpuint (sim_link_deadline (link), ==, SRTLA_TIME_NONE);
  g_assert_cmpuint (sim_link_predict (link, SIZE, SIM_START + 6000), ==,
      SRTLA_TIME_NONE);
  change_link (link, "rate", "2Mbit/s", SIM_START + 1000000);
  g_assert_cmpuint (drain (link, SIM_START + 2 * SRTLA_SECOND, &at), ==, 1);
  g_assert_cmpuint (at, ==, SIM_START + 1000000 + 2720);

  /* What waits in a link that falls silent is lost. */
  push (link, SIZE, SIM_START + 3 * SRTLA_SECOND);
  change_link (link, "passes", "nothing", SIM_START + 3 * SRTLA_SECOND + 10);
  g_assert_cmpuint (drain (link, SIM_START + 4 * SRTLA_SECOND, NULL), ==, 0);
  g_assert_cmpuint (sim_link_counters (link)->lost_silent, ==, 1);
  sim_link_free (link);
}

static void
test_trace (void)
{
  SimLinkSettings settings = { 0, };
  GError *error = NULL;
  gchar *file;
  SimLink *link;
  guint second;
  gint handle;
  static const guint64 rates[] = { 2000000, 4000000, 500000, 2000000,
    4000000, 500000, 2000000 };

  handle = g_file_open_tmp ("trace-XXXXXX", &file, &error);
  g_assert_no_error (error);
  g_close (handle, NULL);
  g_file_set_contents (file, "# s kbit/s\n0 2000\n1 4000\n2 500\n3 0\n", -1,
      &error);
  g_assert_no_error (error);
  sim_link_settings_init (&settings);
  sim_link_settings_set (&settings, "trace", file, ".", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (sim_link_settings_mean_rate (&settings), ==, 2166666);
  link = sim_link_new (&settings, SEED, "link", SIM_START);
  for (second = 0; second < G_N_ELEMENTS (rates); second++)
    g_assert_cmpuint (sim_link_rate (link, SIM_START + second * SRTLA_SECOND
            + 1), ==, rates[second]);
  sim_link_free (link);
  g_file_set_contents (file, "0 2000\n2 4000\n1 500\n", -1, &error);
  g_assert_no_error (error);
  g_assert_false (sim_link_settings_set (&settings, "trace", file, ".",
          &error));
  g_assert_nonnull (strstr (error->message, ":3: "));
  g_clear_error (&error);
  sim_link_settings_clear (&settings);
  g_remove (file);
  g_free (file);
}

static void
test_walk (void)
{
  const gchar *settings[] = { "rate", "8Mbit/s", "walk", "50% 2s", NULL };
  SimLink *link = make_link (settings);
  const guint n = 100000;
  gdouble sum = 0, squares = 0, mean;
  guint i;

  for (i = 0; i < n; i++) {
    gdouble rate = (gdouble) sim_link_rate (link, SIM_START
        + i * 100 * SRTLA_MILLISECOND);

    sum += rate;
    squares += rate * rate;
  }
  mean = sum / n;
  g_assert_cmpfloat_with_epsilon (mean, 8e6, 0.05 * 8e6);
  g_assert_cmpfloat_with_epsilon (sqrt (squares / n - mean * mean) / mean, 0.5,
      0.05);
  sim_link_free (link);
}

/* What the links of one seed do does not depend on what is sent over them. */
static void
test_streams (void)
{
  const gchar *settings[] = { "rate", "8Mbit/s", "walk", "50% 2s", "loss",
    "10%", NULL };
  SimLink *busy = make_link (settings), *idle = make_link (settings);
  guint i;

  for (i = 1; i < 2000; i++) {
    SrtlaTime now = SIM_START + i * 10 * SRTLA_MILLISECOND;

    push (busy, SIZE, now);
    drain (busy, now, NULL);
    g_assert_cmpuint (sim_link_rate (busy, now), ==, sim_link_rate (idle, now));
  }
  sim_link_free (busy);
  sim_link_free (idle);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  pool = sim_pool_new ();
  g_test_add_func ("/sim/link/rate", test_rate);
  g_test_add_func ("/sim/link/queue", test_queue);
  g_test_add_func ("/sim/link/delay", test_delay);
  g_test_add_func ("/sim/link/order", test_order);
  g_test_add_func ("/sim/link/loss", test_loss);
  g_test_add_func ("/sim/link/duplicate", test_duplicate);
  g_test_add_func ("/sim/link/passes", test_passes);
  g_test_add_func ("/sim/link/changes", test_changes);
  g_test_add_func ("/sim/link/trace", test_trace);
  g_test_add_func ("/sim/link/walk", test_walk);
  g_test_add_func ("/sim/link/streams", test_streams);
  status = g_test_run ();
  g_assert_cmpuint (sim_pool_in_use (pool), ==, 0);
  sim_pool_free (pool);
  return status;
}
