/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model SRT caller and server, face to face over a pipe that a table
 * says what to do to. */
#include "sim-caller.h"
#include "sim-server.h"

#define DELAY (20 * SRTLA_MILLISECOND)

typedef struct
{
  const gchar *name;
  /* What the pipe does. */
  guint drop_every;             /* first copies with such a number; 0 = none */
  guint drop_copies;            /* of those, how many copies of each; 0 = 1 */
  guint hold_every;             /* first copies that come late; 0 = none */
  SrtlaTime hold_for;           /* by this much, µs */
  gboolean drop_naks;
  SrtlaTime dark_from, dark_until;      /* ms since the start: nothing passes */
  /* The scenario. */
  const gchar *settings;
  /* What must come of it: bounds, in packets or percent. */
  gdouble least_delivered, most_delivered;      /* % */
  gdouble least_again, most_again;      /* retransmissions, % */
  guint64 least_naks, most_naks;
  guint connections;
} Case;

typedef struct
{
  const Case *what;
  SimClock *clock;
  SimPool *pool;
  SimCaller *caller;
  SimServer *server;
  GHashTable *dropped;          /* sequence → copies dropped */
  guint64 most_in_a_second, in_this_second, second;
} Pipe;

static gboolean
is_dark (const Pipe *pipe)
{
  SrtlaTime now = (sim_clock_now (pipe->clock) - SIM_START) / 1000;

  return now >= pipe->what->dark_from && now < pipe->what->dark_until;
}

static void
arrive (gpointer target, gpointer data, SrtlaTime now)
{
  Pipe *pipe = target;
  SimPacket *packet = data;

  if (packet->tag == 1)
    sim_server_receive (pipe->server, 1, packet->data, packet->size, now);
  else
    sim_caller_receive (pipe->caller, packet->data, packet->size, now);
  sim_packet_unref (packet);
}

static gboolean
drops (Pipe *pipe, const SimPacket *packet)
{
  const Case *what = pipe->what;
  gpointer sequence;
  guint copies;

  if (what->drop_every == 0
      || srtla_srt_sequence (packet->data) % what->drop_every != 0)
    return FALSE;
  sequence = GUINT_TO_POINTER (srtla_srt_sequence (packet->data));
  copies = GPOINTER_TO_UINT (g_hash_table_lookup (pipe->dropped, sequence));
  if (copies >= MAX (1, what->drop_copies))
    return FALSE;
  g_hash_table_insert (pipe->dropped, sequence, GUINT_TO_POINTER (copies + 1));
  return TRUE;
}

static void
forth (SimPacket *packet, gpointer user_data)
{
  Pipe *pipe = user_data;
  SrtlaTime now = sim_clock_now (pipe->clock), late = 0;

  packet->tag = 1;
  if (srtla_packet_kind (packet->data, packet->size) == SRTLA_KIND_SRT_DATA) {
    if (now / SRTLA_SECOND != pipe->second)
      pipe->in_this_second = 0;
    pipe->second = now / SRTLA_SECOND;
    pipe->in_this_second++;
    pipe->most_in_a_second = MAX (pipe->most_in_a_second,
        pipe->in_this_second);
    if (pipe->what->hold_every > 0
        && srtla_srt_sequence (packet->data) % pipe->what->hold_every == 0
        && !srtla_srt_is_retransmission (packet->data))
      late = pipe->what->hold_for;
    if (drops (pipe, packet)) {
      sim_packet_unref (packet);
      return;
    }
  }
  if (is_dark (pipe))
    sim_packet_unref (packet);
  else
    sim_clock_call (pipe->clock, now + DELAY + late, arrive, pipe, packet);
}

static void
back (guint64 port, SimPacket *packet, gpointer user_data)
{
  Pipe *pipe = user_data;

  g_assert_cmpuint (port, ==, 1);
  packet->tag = 2;
  if (is_dark (pipe) || (pipe->what->drop_naks
          && srtla_packet_kind (packet->data,
              packet->size) == SRTLA_KIND_SRT_NAK))
    sim_packet_unref (packet);
  else
    sim_clock_call (pipe->clock, sim_clock_now (pipe->clock) + DELAY, arrive,
        pipe, packet);
}

/* Runs a case for ten seconds of media at 5 Mbit/s. */
static SimFlow *
run_case (const Case *what, GPtrArray *flows, Pipe *pipe)
{
  gchar *text = g_strconcat ("[caller c]\nrate = 5Mbit/s\nstart = 0s\n"
      "first-sequence = 2147483000\n", what->settings, "\n[uplink u]\n", NULL);
  GError *error = NULL;
  SimScenario *scenario = sim_scenario_parse (text, what->name, ".", &error);
  SimCallerConfig caller = { 0, };
  SimServerConfig server = { 0, };
  SimFlow *flow = sim_flow_new ();

  g_assert_no_error (error);
  g_ptr_array_add (flows, flow);
  pipe->what = what;
  pipe->clock = caller.clock = server.clock = sim_clock_new ();
  pipe->pool = caller.pool = server.pool = sim_pool_new ();
  pipe->dropped = g_hash_table_new (NULL, NULL);
  caller.spec = g_ptr_array_index (scenario->callers, 0);
  caller.flow = flow;
  caller.stop = SIM_START + 10 * SRTLA_SECOND;
  caller.send = forth;
  caller.user_data = server.user_data = pipe;
  server.profile = scenario->profile;
  server.lossmaxttl = scenario->lossmaxttl;
  server.tolerance = scenario->tolerance;
  server.nak_flag = scenario->profile == SIM_PROFILE_STOCK
      || scenario->nak_flag;
  server.flows = flows;
  server.send = back;
  pipe->server = sim_server_new (&server);
  pipe->caller = sim_caller_new (&caller);
  sim_clock_run (pipe->clock, SIM_START + 14 * SRTLA_SECOND);
  sim_caller_free (pipe->caller);
  sim_server_free (pipe->server);
  sim_clock_free (pipe->clock);
  sim_pool_free (pipe->pool);
  g_hash_table_unref (pipe->dropped);
  sim_scenario_free (scenario);
  g_free (text);
  return flow;
}

#define STOCK "[scenario]\nprofile = stock\nlossmaxttl = 0\n"
#define STOCK_40 "[scenario]\nprofile = stock\nlossmaxttl = 40\n"
#define TOLERANT "[scenario]\nprofile = tolerant\ntolerance = 40\n"
#define TIMEOUT TOLERANT "nak-flag = no\n"

/* About 4,590 packets, one each 2.2 ms; RTT 40 ms. */
static const Case cases[] = {
  {.name = "clean", .settings = STOCK, .least_delivered = 100,
      .most_delivered = 100, .connections = 1},
  {.name = "clean-tolerant", .settings = TOLERANT, .least_delivered = 100,
      .most_delivered = 100, .connections = 1},
  /* Each gap is reported at once, and for 40 ms again and again; libsrt's
   * guard lets few of those through. */
  {.name = "loss", .drop_every = 50, .settings = STOCK,
        .least_delivered = 100, .most_delivered = 100, .least_again = 1.9,
      .most_again = 4.1, .least_naks = 91, .most_naks = 300, .connections = 1},
  /* (Of the last 40 packets none is reported: no more come after them.) */
  {.name = "loss-tolerant", .drop_every = 50, .settings = TOLERANT,
        .least_delivered = 99.97, .most_delivered = 100, .least_again = 1.9,
      .most_again = 2.1, .least_naks = 91, .most_naks = 93, .connections = 1},
  {.name = "loss-twice", .drop_every = 50, .drop_copies = 2,
        .settings = STOCK, .least_delivered = 100, .most_delivered = 100,
        .least_again = 3.9, .most_again = 8, .least_naks = 180,
      .most_naks = 600, .connections = 1},
  /* One NAK, one retransmission: lost twice is lost for good. */
  {.name = "loss-twice-tolerant", .drop_every = 50, .drop_copies = 2,
        .settings = TOLERANT, .least_delivered = 97.8, .most_delivered = 98.2,
        .least_again = 1.9, .most_again = 2.1, .least_naks = 91,
      .most_naks = 93, .connections = 1},
  {.name = "no-naks", .drop_every = 500, .drop_naks = TRUE,
        .settings = TOLERANT, .least_delivered = 99.7, .most_delivered = 99.9,
      .least_naks = 9, .most_naks = 11, .connections = 1},
  /* A peer that announces no periodic NAKs: all is sent again on timeout. */
  {.name = "no-naks-timeout", .drop_every = 500, .drop_naks = TRUE,
        .settings = TIMEOUT, .least_delivered = 100, .most_delivered = 100,
        .least_again = 1, .most_again = 30, .least_naks = 9, .most_naks = 11,
      .connections = 1},
  /* 10 ms late are five packets. */
  {.name = "late", .hold_every = 100, .hold_for = 10000, .settings = STOCK,
        .least_delivered = 100, .most_delivered = 100, .least_again = 0.9,
      .most_again = 1.1, .least_naks = 45, .most_naks = 60, .connections = 1},
  {.name = "late-40", .hold_every = 100, .hold_for = 10000,
        .settings = STOCK_40, .least_delivered = 100, .most_delivered = 100,
      .most_again = 0.7, .most_naks = 30, .connections = 1},
  {.name = "late-tolerant", .hold_every = 100, .hold_for = 80000,
        .settings = TOLERANT, .least_delivered = 100, .most_delivered = 100,
      .connections = 1},
  {.name = "too-late-tolerant", .hold_every = 100, .hold_for = 100000,
        .settings = TOLERANT, .least_delivered = 100, .most_delivered = 100,
        .least_again = 0.9, .most_again = 1.1, .least_naks = 45,
      .most_naks = 47, .connections = 1},
  /* No time for a retransmission: 2 % stay lost. */
  {.name = "latency", .drop_every = 50,
        .settings = "latency = 30ms\n" STOCK, .least_delivered = 97.9,
        .most_delivered = 98.1, .least_again = 1.9, .most_again = 4.1,
      .least_naks = 91, .most_naks = 300, .connections = 1},
  /* Two seconds in the dark: what is older than the latency is given up. */
  {.name = "dark", .dark_from = 4000, .dark_until = 6000, .settings = STOCK,
        .least_delivered = 88, .most_delivered = 92, .least_again = 9,
      .most_again = 25, .least_naks = 1, .most_naks = 100, .connections = 1},
  /* Over five seconds: the connection ends, the application comes back. */
  {.name = "long-dark", .dark_from = 2000, .dark_until = 8000,
        .settings = STOCK, .least_delivered = 20, .most_delivered = 40,
      .most_again = 20, .most_naks = 100, .connections = 2},
};

static void
test_case (gconstpointer data)
{
  const Case *what = data;
  GPtrArray *flows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) sim_flow_free);
  Pipe pipe = { 0, };
  SimFlow *flow = run_case (what, flows, &pipe);
  gdouble all = flow->media->len;
  gdouble delivered = 100 * flow->delivered / all;
  gdouble again = 100 * flow->retransmitted / all;

  g_test_message ("delivered %.3f %%, again %.3f %%, NAKs %" G_GUINT64_FORMAT
      ", dropped %" G_GUINT64_FORMAT, delivered, again, flow->naks,
      flow->dropped_by_sender);
  g_assert_cmpfloat (all, >, 4500);
  g_assert_cmpfloat (delivered, >=, what->least_delivered);
  g_assert_cmpfloat (delivered, <=, what->most_delivered);
  g_assert_cmpfloat (again, >=, what->least_again);
  g_assert_cmpfloat (again, <=, what->most_again);
  g_assert_cmpuint (flow->naks, >=, what->least_naks);
  g_assert_cmpuint (flow->naks, <=, what->most_naks);
  g_assert_cmpuint (flow->connections, ==, what->connections);
  g_ptr_array_unref (flows);
}

/* Everything comes out at production plus latency plus the way. */
static void
test_delivery_time (void)
{
  static const Case clean = {.name = "time",.settings = STOCK };
  GPtrArray *flows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) sim_flow_free);
  Pipe pipe = { 0, };
  SimFlow *flow = run_case (&clean, flows, &pipe);
  SimMedia *last = &g_array_index (flow->media, SimMedia,
      flow->media->len - 1);

  g_assert_cmpuint (last->arrived - last->origin, ==, DELAY);
  g_assert_cmpuint (flow->last_delivered, ==,
      last->origin + DELAY + SRTLA_SECOND);
  g_assert_cmpuint (flow->longest_gap, <=, 2177);
  g_ptr_array_unref (flows);
}

/* A cap of 25 %: however much is lost, no second has more. */
static void
test_overhead (void)
{
  static const Case capped = {.name = "cap",.drop_every = 2,
    .settings = "overhead = 25%\n" STOCK
  };
  static const Case free_run = {.name = "no cap",.drop_every = 2,
    .settings = STOCK
  };
  gdouble rate = 5e6 / 8 / 1360;
  GPtrArray *flows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) sim_flow_free);
  Pipe pipe = { 0, };

  run_case (&capped, flows, &pipe);
  g_assert_cmpfloat (pipe.most_in_a_second, <=, 1.25 * rate + 2);
  g_assert_cmpfloat (pipe.most_in_a_second, >=, 1.2 * rate);
  g_ptr_array_set_size (flows, 0);
  pipe.most_in_a_second = 0;
  run_case (&free_run, flows, &pipe);
  g_assert_cmpfloat (pipe.most_in_a_second, >=, 1.45 * rate);
  g_ptr_array_unref (flows);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    gchar *path = g_strconcat ("/sim/models/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
    g_free (path);
  }
  g_test_add_func ("/sim/models/delivery-time", test_delivery_time);
  g_test_add_func ("/sim/models/overhead", test_overhead);
  return g_test_run ();
}
