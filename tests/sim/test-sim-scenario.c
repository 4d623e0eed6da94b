/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scenario files: what is read, what is refused and where. */
#include "sim-scenario.h"

#include <string.h>

#define GOOD "[caller c]\n[uplink u]\n"

static void
test_good (void)
{
  GError *error = NULL;
  SimScenario *scenario = sim_scenario_parse (
      "# comment\n"
      "[scenario]\n"
      "title = A test  # with a comment\n"
      "duration = 1.5min\nreceiver = d\nsrtla-acks = 20%\nprofile = tolerant\ntolerance = 30\n"
      "nak-flag = no\nreceiver-port = same\n"
      "[caller camera]\nrate = 50%\nlatency = 300 ms\npayload = 1128\n"
      "frame-rate = 25\nvariation = 20%\noverhead = 25%\n"
      "first-sequence = 2147483647\n"
      "[caller screen]\npayload-rate = 1.316Mbit/s\n"
      "[uplink lte]\nrate = 2Mbit/s\nout.delay = 10ms\nback.delay = 20ms\n"
      "queue = 64kB\nburst-loss = 1% 4\nwalk = 40% 3s\n"
      "[uplink dsl]\nrate = 4Mbit/s\nback.rate = 1Mbit/s\n"
      "[schedule]\n"
      "1s lte passes = nothing\n"
      "2s every 500ms dsl out.rate = 100kbit/s\n"
      "3s lte rebind\n4s receiver stop\n5s receiver start\n",
      "good", ".", &error);
  SimCallerSpec *camera, *screen;
  SimUplinkSpec *lte;
  SimChange *change;

  g_assert_no_error (error);
  g_assert_cmpstr (scenario->title, ==, "A test");
  g_assert_cmpuint (scenario->duration, ==, 90 * SRTLA_SECOND);
  g_assert_cmpint (scenario->receiver, ==, SRTLA_BEHAVIOUR_D);
  g_assert_cmpfloat_with_epsilon (scenario->ack_share, 0.2, 1e-9);
  g_assert_cmpint (scenario->profile, ==, SIM_PROFILE_TOLERANT);
  g_assert_true (scenario->same_port);
  g_assert_false (scenario->nak_flag);
  g_assert_cmpuint (scenario->callers->len, ==, 2);
  camera = g_ptr_array_index (scenario->callers, 0);
  g_assert_cmpuint (camera->rate, ==, 3000000);
  g_assert_cmpuint (camera->latency, ==, 300000);
  g_assert_cmpint (camera->first_sequence, ==, 2147483647);
  screen = g_ptr_array_index (scenario->callers, 1);
  g_assert_cmpuint (screen->rate, ==, 1360000);
  lte = g_ptr_array_index (scenario->uplinks, 0);
  g_assert_cmpuint (lte->out.delay, ==, 10000);
  g_assert_cmpuint (lte->back.delay, ==, 20000);
  g_assert_cmpuint (lte->back.queue_bytes, ==, 64000);
  g_assert_cmpuint (lte->back.queue_time, ==, 0);
  g_assert_cmpuint (scenario->changes->len, ==, 5);
  change = g_ptr_array_index (scenario->changes, 1);
  g_assert_cmpuint (change->at, ==, 2 * SRTLA_SECOND);
  g_assert_cmpuint (change->every, ==, 500000);
  g_assert_cmpuint (change->uplink, ==, 1);
  g_assert_cmpstr (change->key, ==, "out.rate");
  sim_scenario_free (scenario);
}

static void
test_bad (void)
{
  static const struct { const gchar *text; guint line; const gchar *part; }
  table[] = {
    {"", 1, "needs a [caller]"},
    {"rate = 1Mbit/s\n", 1, "before the first section"},
    {"\n\n[galaxy]\n", 3, "unknown section [galaxy]"},
    {"[scenario\n", 1, "closing ]"},
    {"[scenario]\ncolour = red\n", 2, "unknown key \"colour\""},
    {"[scenario]\nduration = 5 years\n", 2, "no time"},
    {"[scenario]\nduration =\n", 2, "missing"},
    {"[scenario]\nduration\n", 2, "KEY = VALUE"},
    {"[scenario]\nreceiver = g\n", 2, "a to f"},
    {"[scenario]\nprofile = rigid\n", 2, "stock or tolerant"},
    {"[scenario]\nlossmaxttl = 1.5\n", 2, "whole number"},
    {"[caller a b]\n", 1, "no name"},
    {"[caller receiver]\n", 1, "cannot be a name"},
    {"[caller]\n", 1, "cannot be a name"},
    {"[caller a]\n[uplink a]\n", 2, "is taken"},
    {"[caller a]\nrate = fast\n", 2, "no rate"},
    {"[caller a]\nrate = -1Mbit/s\n", 2, "no rate"},
    {"[caller a]\npayload = 1485\n", 2, "16 to 1484"},
    {"[caller a]\nfirst-sequence = 2147483648\n", 2, "under 2^31"},
    {"[uplink u]\nspeed = 1Mbit/s\n", 2, "unknown key \"speed\""},
    {"[uplink u]\nup.rate = 1Mbit/s\n", 2, "unknown key \"up.rate\""},
    {"[uplink u]\nloss = 0.01\n", 2, "no percentage"},
    {"[uplink u]\nburst-loss = 1% 0\n", 2, "at least 1 packet"},
    {"[uplink u]\nqueue = much\n", 2, "no queue"},
    {"[uplink u]\nwalk = 20% 0s\n", 2, "above 0"},
    {"[uplink u]\npasses = some\n", 2, "all, keepalives or nothing"},
    {"[uplink u]\ntrace = /does/not/exist\n", 2, "/does/not/exist"},
    {GOOD "[schedule]\nsoon u rebind\n", 4, "no time"},
    {GOOD "[schedule]\n1s v rebind\n", 4, "no uplink \"v\""},
    {GOOD "[schedule]\n1s u explode\n", 4, "KEY = VALUE"},
    {GOOD "[schedule]\n1s u rate = 1\n", 4, "no rate"},
    {GOOD "[schedule]\n1s every 0s u rebind\n", 4, "less than 1ms"},
    {GOOD "[schedule]\n1s receiver dance\n", 4, "stop or start"},
    {"[caller c]\nstart = 40s\n[uplink u]\n", 4, "starts after the end"},
    {"[caller c]\nrate = 0bit/s\n[uplink u]\n", 4, "under 1kbit/s"},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    gchar *prefix = g_strdup_printf ("bad:%u: ", table[i].line);
    GError *error = NULL;

    g_assert_null (sim_scenario_parse (table[i].text, "bad", ".", &error));
    g_assert_nonnull (error);
    if (!g_str_has_prefix (error->message, prefix)
        || strstr (error->message, table[i].part) == NULL)
      g_error ("%u: \"%s\" lacks \"%s\" or \"%s\"", i, error->message, prefix,
          table[i].part);
    g_clear_error (&error);
    g_free (prefix);
  }
}

static void
test_set (void)
{
  static const gchar *const bad[] = {
    "rate=1Mbit/s", "x.rate=1Mbit/s", "caller.rate", "caller.colour=red",
    "scenario.receiver=z", "uplink.rate=wet",
  };
  SimScenario *scenario = sim_scenario_parse (GOOD "[uplink v]\n", "set", ".",
      NULL);
  SimUplinkSpec *u, *v;
  SimCallerSpec *caller;
  GError *error = NULL;
  guint i;

  g_assert_true (sim_scenario_set (scenario, "uplink.rate=3Mbit/s", &error));
  g_assert_true (sim_scenario_set (scenario, "v.out.rate = 1Mbit/s", &error));
  g_assert_true (sim_scenario_set (scenario, "caller.rate=50%", &error));
  g_assert_true (sim_scenario_set (scenario, "scenario.duration=9s", &error));
  u = g_ptr_array_index (scenario->uplinks, 0);
  v = g_ptr_array_index (scenario->uplinks, 1);
  caller = g_ptr_array_index (scenario->callers, 0);
  g_assert_cmpuint (u->out.rate, ==, 3000000);
  g_assert_cmpuint (v->out.rate, ==, 1000000);
  g_assert_cmpuint (v->back.rate, ==, 3000000);
  g_assert_cmpuint (caller->rate, ==, 2000000);
  g_assert_cmpuint (scenario->duration, ==, 9 * SRTLA_SECOND);
  for (i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_false (sim_scenario_set (scenario, bad[i], &error));
    g_assert_nonnull (error);
    g_clear_error (&error);
  }
  sim_scenario_free (scenario);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/scenario/good", test_good);
  g_test_add_func ("/sim/scenario/bad", test_bad);
  g_test_add_func ("/sim/scenario/set", test_set);
  return g_test_run ();
}
