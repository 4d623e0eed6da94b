/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "delivery.h"

#include <string.h>

#define MAX_PATHS 4
#define SAMPLE_TIME 10          /* ms between two looks at `stats` */
#define AROUND (5 * G_USEC_PER_SEC)     /* before and after the event */
#define SHARE_TIME (2 * G_USEC_PER_SEC) /* that an uplink's share is taken over */
#define SHARE_AFTER (400 * 1000)        /* µs; and what it is again */
#define SHARE_ENOUGH 0.8
/* What was under way when it happened proves nothing. µs. */
#define SETTLED (150 * 1000)
/* The uplink that things happen to. */
#define VICTIM 1

typedef struct
{
  guint rate;                   /* kbit/s of IP packets, each way */
  guint delay;                  /* ms, each way */
} Path;

typedef enum
{
  EVENT_NONE,
  EVENT_DEATH,                  /* nothing passes */
  EVENT_SHAM,                   /* SRTLA's own packets alone pass */
  EVENT_REBIND,
  EVENT_RESTART,                /* of the receiver, its port kept */
  EVENT_NEW_RECEIVER,           /* from another port: SRT calls again */
} Event;

typedef struct
{
  Path paths[MAX_PATHS];
  guint n_paths;
  guint rate;                   /* kbit/s of the stream's IP packets */
  Event event;
} Setting;

static const Setting three_at_half = {
  {{8000, 25}, {8000, 25}, {8000, 25}}, 3, 12000, EVENT_DEATH
};

static const Setting sham = {
  {{8000, 25}, {8000, 25}, {8000, 25}}, 3, 12000, EVENT_SHAM
};

static const Setting unequal = {
  {{12000, 20}, {6000, 40}, {3000, 60}, {1500, 30}}, 4, 15750, EVENT_NONE
};

static const Setting rebind = {
  {{6000, 30}, {6000, 30}, {6000, 30}}, 3, 8000, EVENT_REBIND
};

static const Setting restart = {
  {{6000, 30}, {6000, 30}, {6000, 30}}, 3, 8000, EVENT_RESTART
};

static const Setting new_receiver = {
  {{6000, 30}, {6000, 30}, {6000, 30}}, 3, 8000, EVENT_NEW_RECEIVER
};

const DeliveryScenario delivery_scenarios[] = {
  {"death-1000", "one of three uplinks silently dead", 1000,
      {5000, 10000, 14000}, &three_at_half},
  {"death-300", "one of three uplinks silently dead", 300,
      {5000, 10000, 14000}, &three_at_half},
  {"sham-300", "one of three uplinks answers keepalives only", 300,
      {5000, 10000, 14000}, &sham},
  {"unequal", "unequal uplinks at 70 %", 1000, {0, 0, 14000}, &unequal},
  {"rebind", "one of three uplinks gets a new source port", 1000,
      {5000, 5000, 12000}, &rebind},
  {"restart", "the receiver is gone for 2 s", 1000,
      {5000, 7000, 13000}, &restart},
  {"new-receiver", "the same, and it comes back from another port", 1000,
      {4000, 6000, 14000}, &new_receiver},
  {NULL, NULL, 0, {0, 0, 0}, NULL}
};

const DeliveryScenario *
delivery_find (const gchar *name)
{
  const DeliveryScenario *scenario;

  for (scenario = delivery_scenarios; scenario->name != NULL; scenario++) {
    if (strcmp (scenario->name, name) == 0)
      return scenario;
  }
  return NULL;
}

/* ---- Looking at the element ---------------------------------------------- */

typedef struct
{
  gint64 at;                    /* monotonic, µs */
  guint64 chosen[MAX_PATHS];    /* packets, copies apart */
  guint64 acknowledged[MAX_PATHS], heard[MAX_PATHS];
  guint64 all_chosen, all_acknowledged;
  gboolean up[MAX_PATHS];
  guint64 capacity[MAX_PATHS];  /* bit/s, as the element believes */
  guint64 queue[MAX_PATHS];     /* µs */
  gdouble quality[MAX_PATHS];
} Sample;

typedef struct
{
  const Setting *setting;
  E2eBond bond;
  SrtMeter *meter;
  GArray *samples;              /* of Sample, by time */
  gint64 began, event_at, back_at;      /* monotonic, µs */
} Run;

static guint64
get_counter (const GstStructure *structure, const gchar *field)
{
  guint64 value = 0;

  g_assert_true (gst_structure_get_uint64 (structure, field, &value));
  return value;
}

static gboolean
take_sample (gpointer data)
{
  Run *run = data;
  GstStructure *stats = e2e_bond_stats (&run->bond);
  const GValue *uplinks = gst_structure_get_value (stats, "uplinks");
  Sample sample;
  guint i;

  memset (&sample, 0, sizeof sample);
  sample.at = g_get_monotonic_time ();

  for (i = 0; i < run->setting->n_paths; i++) {
    const GstStructure *uplink =
        gst_value_get_structure (gst_value_array_get_value (uplinks, i));

    sample.chosen[i] = get_counter (uplink, "packets-sent")
        - get_counter (uplink, "duplicates");
    sample.acknowledged[i] = get_counter (uplink, "packets-acknowledged");
    sample.heard[i] = get_counter (uplink, "packets-received");
    sample.all_chosen += sample.chosen[i];
    sample.all_acknowledged += sample.acknowledged[i];
    sample.up[i] = strcmp (gst_structure_get_string (uplink, "state"), "up")
        == 0;
    sample.capacity[i] = get_counter (uplink, "capacity");
    sample.queue[i] = get_counter (uplink, "queue");
    gst_structure_get_double (uplink, "quality", &sample.quality[i]);
  }
  g_array_append_val (run->samples, sample);
  gst_structure_free (stats);
  return G_SOURCE_CONTINUE;
}

/* Returns: the first sample at that time or later; the last one if there is
 * none. */
static const Sample *
sample_at (const Run *run, gint64 at)
{
  guint i;

  for (i = 0; i + 1 < run->samples->len; i++) {
    if (g_array_index (run->samples, Sample, i).at >= at)
      break;
  }
  return &g_array_index (run->samples, Sample, i);
}

static gdouble
share_between (const Sample *from, const Sample *to)
{
  guint64 all = to->all_chosen - from->all_chosen;

  return all == 0 ? 0.0
      : (gdouble) (to->chosen[VICTIM] - from->chosen[VICTIM]) / (gdouble) all;
}

/* For people: how the load was spread, every half second; capacity, queue and
 * quality as the element sees them. */
static void
describe (const Run *run)
{
  gint64 at, end = g_array_index (run->samples, Sample,
      run->samples->len - 1).at;
  guint i;

  for (at = run->began; at < end; at += G_USEC_PER_SEC / 2) {
    const Sample *from = sample_at (run, at);
    const Sample *to = sample_at (run, at + G_USEC_PER_SEC / 2);
    GString *line = g_string_new (NULL);

    for (i = 0; i < run->setting->n_paths; i++)
      g_string_append_printf (line, "   %4" G_GUINT64_FORMAT "%s (%.1f Mbit/s,"
          " %.0f ms, %.2f)", to->chosen[i] - from->chosen[i],
          to->up[i] ? "" : "!", (gdouble) to->capacity[i] / 1e6,
          (gdouble) to->queue[i] / 1e3, to->quality[i]);
    g_test_message ("%5.1f s:%s", (gdouble) (at - run->began)
        / G_USEC_PER_SEC, line->str);
    g_string_free (line, TRUE);
  }
}

/* ---- What came of it ----------------------------------------------------- */

/* Of a death: when the uplink was given up, and when it was back. */
static void
judge_death (const Run *run, DeliveryResult *result)
{
  const Sample *before = sample_at (run, run->event_at - SHARE_TIME);
  const Sample *event = sample_at (run, run->event_at);
  gdouble share = share_between (before, event);
  guint64 chosen = event->chosen[VICTIM];
  guint i;

  result->left = 0;
  for (i = 0; i < run->samples->len; i++) {
    const Sample *sample = &g_array_index (run->samples, Sample, i);

    if (sample->at > run->event_at && sample->at < run->back_at) {
      if (sample->chosen[VICTIM] > chosen)
        result->left = sample->at - run->event_at;
      chosen = sample->chosen[VICTIM];
      if (!sample->up[VICTIM] && result->noticed == DELIVERY_NEVER)
        result->noticed = sample->at - run->event_at;
    }
    if (sample->at > run->back_at + SHARE_AFTER
        && result->returned == DELIVERY_NEVER
        && share_between (sample_at (run, sample->at - SHARE_AFTER), sample)
        >= SHARE_ENOUGH * share)
      result->returned = sample->at - run->back_at;
  }
  result->share_again = share == 0 ? -1
      : share_between (sample_at (run, run->back_at + SHARE_TIME),
      sample_at (run, run->back_at + 2 * SHARE_TIME)) / share;
  g_test_message ("its share before: %.1f %%, 2 s after its return %.0f %% of "
      "that", 100 * share, 100 * result->share_again);
}

/* Of a restart: when anything, of a rebinding: when the uplink delivered. */
static void
judge_interruption (const Run *run, DeliveryResult *result)
{
  gboolean one = run->setting->event == EVENT_REBIND;
  gint64 from = one ? run->back_at + SETTLED : run->back_at;
  const Sample *start = sample_at (run, from);
  gint64 lost_at = srt_meter_last_lost (run->meter);
  guint i;

  for (i = 0; i < run->samples->len; i++) {
    const Sample *sample = &g_array_index (run->samples, Sample, i);

    if (sample->at <= from || result->resumed != DELIVERY_NEVER)
      continue;
    /* Classic mode credits an uplink with what others delivered. */
    if (one ? sample->acknowledged[VICTIM] > start->acknowledged[VICTIM]
        && sample->heard[VICTIM] > start->heard[VICTIM]
        : sample->all_acknowledged > start->all_acknowledged)
      result->resumed = sample->at - run->back_at;
  }
  result->whole = MAX (lost_at - run->back_at, 0);
}

static void
read_stats (Run *run, DeliveryResult *result)
{
  GstStructure *stats = e2e_bond_stats (&run->bond);

  result->retransmissions = get_counter (stats, "retransmissions");
  result->rescued = get_counter (stats, "rescued");
  result->second_copies = get_counter (stats, "second-copies");
  result->duplicates = get_counter (stats, "duplicates");
  result->naks_held = get_counter (stats, "naks-held");
  result->naks_dropped = get_counter (stats, "naks-dropped");
  result->naks_released = get_counter (stats, "naks-released");
  gst_structure_free (stats);
}

gdouble
delivery_retransmitted (const DeliveryResult *result)
{
  return 100.0 * (gdouble) result->srt.retransmitted
      / (gdouble) MAX (result->srt.sent, 1);
}

/* ---- Running ------------------------------------------------------------- */

static gboolean
wake_up (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* Time is what these scenarios are made of. */
static void
run_until (Run *run, guint milliseconds)
{
  gint64 left = run->began + milliseconds * G_GINT64_CONSTANT (1000)
      - g_get_monotonic_time ();
  gboolean over = left <= 0;
  guint timer = over ? 0 : g_timeout_add ((guint) (left / 1000), wake_up, &over);

  while (!over)
    g_main_context_iteration (NULL, TRUE);
  if (timer != 0)
    g_source_remove (timer);
}

/* Returns: orders for the relay, the caller's. */
static gchar *
shape (const Setting *setting, gdouble scale)
{
  GString *orders = g_string_new ("queue all 300\njitter all 2");
  guint i;

  for (i = 0; i < setting->n_paths; i++)
    g_string_append_printf (orders, "\nrate 127.0.0.%u %.0f\n"
        "delay 127.0.0.%u %u", i + 2, setting->paths[i].rate * scale, i + 2,
        setting->paths[i].delay);
  return g_string_free (orders, FALSE);
}

static void
happen (Run *run, const DeliveryTimes *times)
{
  const gchar *address = "127.0.0.3";   /* the VICTIM's */
  guint16 port = run->bond.from_port;

  if (run->setting->event == EVENT_NONE)
    return;
  run_until (run, times->event);
  run->event_at = g_get_monotonic_time ();
  if (run->setting->event == EVENT_DEATH)
    e2e_bond_order (&run->bond, "cut %s", address);
  else if (run->setting->event == EVENT_SHAM)
    e2e_bond_order (&run->bond, "keepalives %s", address);
  else if (run->setting->event == EVENT_REBIND)
    e2e_bond_order (&run->bond, "rebind %s", address);
  else
    e2e_bond_stop_receiver (&run->bond);

  run_until (run, times->back);
  if (run->setting->event == EVENT_DEATH || run->setting->event == EVENT_SHAM)
    e2e_bond_order (&run->bond, "restore %s", address);
  else if (run->setting->event != EVENT_REBIND)
    e2e_bond_start_receiver (&run->bond,
        run->setting->event == EVENT_RESTART ? port : demo_free_port ());
  run->back_at = g_get_monotonic_time ();
}

static void
start (Run *run, const DeliveryScenario *scenario, const gchar *mode,
    gdouble scale, guint64 seed)
{
  static const gchar *const lists[] = {
    "127.0.0.2,127.0.0.3,127.0.0.4",
    "127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5"
  };
  const E2eSettings settings = {.behaviour = 'a',
    .uplinks = lists[run->setting->n_paths - 3],.with_relay = TRUE
  };
  SrtMeterSettings meter = {.seed = seed,.latency = scenario->latency };
  gchar *orders = shape (run->setting, scale);

  e2e_bond_start_shaped (&run->bond, &settings, run->setting->n_paths, orders);
  g_free (orders);
  gst_util_set_object_arg (G_OBJECT (run->bond.element), "mode", mode);
  meter.caller_port = run->bond.input_port;
  meter.listener_port = run->bond.srt_port;
  meter.rate = (guint) (run->setting->rate * scale * 1000);
  run->meter = srt_meter_start (&meter);
}

static void
count_lost (const Run *run, DeliveryResult *result)
{
  srt_meter_count (run->meter, 0, G_MAXINT64, &result->sent, &result->lost);
  srt_meter_count (run->meter, run->event_at - AROUND,
      run->event_at + AROUND, &result->around_sent, &result->around_lost);
  result->lateness = srt_meter_lateness (run->meter);
  srt_meter_get_totals (run->meter, &result->srt);
}

static gboolean
has_begun (gpointer data)
{
  return srt_meter_received (((Run *) data)->meter) > 0;
}

void
delivery_run (const DeliveryScenario *scenario, const gchar *mode,
    const DeliveryTimes *times, gdouble scale, guint64 seed,
    DeliveryResult *result)
{
  Run run;
  guint timer;

  memset (&run, 0, sizeof run);
  memset (result, 0, sizeof *result);
  result->left = result->noticed = result->returned = result->resumed =
      result->whole = DELIVERY_NEVER;
  result->share_again = -1;
  run.setting = scenario->setting;
  run.samples = g_array_new (FALSE, FALSE, sizeof (Sample));
  if (times == NULL)
    times = &scenario->usual;

  start (&run, scenario, mode, scale, seed);
  e2e_wait (has_begun, &run, "the first message");
  run.began = g_get_monotonic_time ();
  timer = g_timeout_add (SAMPLE_TIME, take_sample, &run);
  happen (&run, times);
  run_until (&run, times->end);
  g_source_remove (timer);
  srt_meter_stop (run.meter);
  srt_meter_received (run.meter);

  describe (&run);
  count_lost (&run, result);
  read_stats (&run, result);
  if (run.setting->event == EVENT_DEATH || run.setting->event == EVENT_SHAM)
    judge_death (&run, result);
  else if (run.setting->event != EVENT_NONE)
    judge_interruption (&run, result);

  srt_meter_free (run.meter);
  e2e_bond_stop (&run.bond);
  g_array_free (run.samples, TRUE);
}
