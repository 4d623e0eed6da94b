/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The three stages together, held against a plain list of all that waits: who
 * may go, in what order, and what the books must say.
 */
#include "queue-fixture.h"
#include "srtla-pipeline.h"

#define FLOWS 5
#define STEPS 40000
#define EXPIRY_MOST 200

typedef struct
{
  SrtlaPipeline *pipeline;
  GRand *rand;
  GArray *waiting;              /* of SrtlaItem: the naive model */
  guint64 number;               /* of the next packet: its time of arrival */
  SrtlaTime now;
  guint lengths[FLOWS];
  guint64 pushed, refused, given, expired, flushed;
} Model;

static void
model_init (Model *model, const SrtlaClassSettings *settings)
{
  guint i;

  memset (model, 0, sizeof *model);
  model->rand = testing_rand_new ();
  model->waiting = g_array_new (FALSE, FALSE, sizeof (SrtlaItem));
  model->pipeline = srtla_pipeline_new (settings);
  model->now = 1000;
  for (i = 0; i < FLOWS; i++) {
    model->lengths[i] = (guint) g_rand_int_range (model->rand, 1, 40);
    srtla_pipeline_open (model->pipeline, i, model->lengths[i],
        (guint) g_rand_int_range (model->rand, 1500, 6000));
  }
}

/* Makes a flow, still empty, that long. */
static void
reopen (Model *model, guint flow, guint length)
{
  srtla_pipeline_close (model->pipeline, flow);
  srtla_pipeline_open (model->pipeline, flow, length, 3000);
  model->lengths[flow] = length;
}

static SrtlaItem *
waiting_at (const Model *model, guint at)
{
  return &g_array_index (model->waiting, SrtlaItem, at);
}

/* Takes a packet off the model. Returns: where it stood. */
static guint
forget (Model *model, const SrtlaItem *item)
{
  guint i = 0;

  while (i < model->waiting->len
      && waiting_at (model, i)->arrived != item->arrived)
    i++;
  g_assert_cmpuint (i, <, model->waiting->len); /* it did wait, and once */
  g_assert_cmpuint (waiting_at (model, i)->packet.size, ==, item->packet.size);
  g_assert_cmpuint (waiting_at (model, i)->flow, ==, item->flow);
  g_assert_cmpuint (waiting_at (model, i)->priority, ==, item->priority);
  g_array_remove_index (model->waiting, i);
  return i;
}

/* In order within class and flow: nothing older of both waits. */
static void
assert_first (const Model *model, const SrtlaItem *item)
{
  guint i;

  for (i = 0; i < model->waiting->len; i++) {
    const SrtlaItem *other = waiting_at (model, i);

    if (other->flow == item->flow && other->priority == item->priority)
      g_assert_cmpuint (other->arrived, >=, item->arrived);
  }
}

static void
push_item (Model *model, SrtlaItem item)
{
  SrtlaItem dropped;

  model->pushed++;
  g_array_append_val (model->waiting, item);
  if (!srtla_pipeline_push (model->pipeline, &item, &dropped))
    return;
  /* The victim is of the same flow, and no more urgent than the newcomer. */
  g_assert_cmpuint (dropped.flow, ==, item.flow);
  g_assert_cmpuint (dropped.priority, >=, item.priority);
  forget (model, &dropped);
  model->refused++;
}

static void
push (Model *model)
{
  SrtlaItem item = fixture_item ((guint) g_rand_int_range (model->rand, 0,
          FLOWS), (SrtlaClass) g_rand_int_range (model->rand, 0,
          SRTLA_N_CLASSES), (gsize) g_rand_int_range (model->rand, 16,
          SRTLA_MAX_DATAGRAM + 1), SRTLA_TIME_NONE, model->number++);

  if (testing_chance (model->rand, 60))
    item.expires = model->now + (SrtlaTime) g_rand_int_range (model->rand, 0,
        EXPIRY_MOST);
  item.deadline = testing_chance (model->rand, 20) ? item.expires
      : MIN (model->now + (SrtlaTime) g_rand_int_range (model->rand, 0, 300),
      item.expires);
  push_item (model, item);
}

static void
take_expired (Model *model)
{
  SrtlaTime due = srtla_pipeline_next_expiry (model->pipeline);
  SrtlaItem item;
  guint taken = 0;

  while (srtla_pipeline_take_expired (model->pipeline, model->now, &item)) {
    g_assert_cmpuint (item.expires, <=, model->now);
    forget (model, &item);
    model->expired++;
    taken++;
  }
  g_assert_cmpint (taken > 0, ==, due <= model->now);
}

static void
give (Model *model)
{
  guint classes = testing_chance (model->rand, 70) ? SRTLA_ALL_CLASSES
      : (guint) g_rand_int_range (model->rand, 0, SRTLA_ALL_CLASSES + 1);
  guint64 room = testing_chance (model->rand, 20) ? 0
      : (guint64) g_rand_int_range (model->rand, 0, 20000);
  const SrtlaItem *next;
  SrtlaItem shown, item;

  take_expired (model);
  next = srtla_pipeline_peek (model->pipeline, classes, room, model->now);
  if (next == NULL) {
    g_assert_false (srtla_pipeline_pop (model->pipeline, classes, &item));
    /* With room for a packet, only for want of usable ones. */
    if (room >= SRTLA_MAX_DATAGRAM && classes == SRTLA_ALL_CLASSES)
      g_assert_cmpuint (model->waiting->len, ==, 0);
    return;
  }
  shown = *next;
  g_assert_cmpuint (shown.expires, >, model->now);
  g_assert_cmpuint (classes & (1u << shown.priority), !=, 0);
  if (testing_chance (model->rand, 30))
    return;                     /* no uplink took it */
  g_assert_true (srtla_pipeline_pop (model->pipeline, classes, &item));
  g_assert_cmpuint (item.arrived, ==, shown.arrived);
  assert_first (model, &item);
  forget (model, &item);
  model->given++;
}

/* Each stage for itself, and one after the other. */
static void
check_books (const Model *model)
{
  guint waiting = 0, flow_waiting = 0, i, k;
  guint64 in = 0, out = 0, full = 0;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    SrtlaQueueStats stages[SRTLA_N_STAGES];

    for (k = 0; k < SRTLA_N_STAGES; k++) {
      srtla_pipeline_class_stats (model->pipeline, k, i, &stages[k]);
      g_assert_true (srtla_queue_stats_balance (&stages[k]));
      waiting += stages[k].packets;
      if (k == 0)
        continue;
      g_assert_cmpuint (stages[k].packets_in, ==, stages[k - 1].packets_out);
      g_assert_cmpuint (stages[k].bytes_in, ==, stages[k - 1].bytes_out);
      g_assert_cmpuint (stages[k].dropped[SRTLA_DROP_FULL], ==, 0);
    }
    in += stages[SRTLA_STAGE_INGRESS].packets_in;
    full += stages[SRTLA_STAGE_INGRESS].dropped[SRTLA_DROP_FULL];
    out += stages[SRTLA_STAGE_EGRESS].packets_out;
    /* At most one quantum in front, or one packet. */
    g_assert_cmpuint (stages[SRTLA_STAGE_EGRESS].bytes_maximum, <=,
        MAX (srtla_class_defaults[i].quantum, SRTLA_MAX_DATAGRAM));
  }
  for (i = 0; i < FLOWS; i++) {
    SrtlaQueueStats stats;

    srtla_pipeline_flow_stats (model->pipeline, i, &stats);
    g_assert_true (srtla_queue_stats_balance (&stats));
    g_assert_cmpuint (stats.packets_maximum, <=, model->lengths[i]);
    flow_waiting += stats.packets;
  }
  g_assert_cmpuint (waiting, ==, model->waiting->len);
  g_assert_cmpuint (waiting, ==, srtla_pipeline_waiting (model->pipeline));
  g_assert_cmpuint (flow_waiting, <=, waiting);
  g_assert_cmpuint (in, ==, model->pushed);
  g_assert_cmpuint (full, ==, model->refused);
  g_assert_cmpuint (out, ==, model->given);
  g_assert_cmpuint (model->pushed, ==, model->given + model->refused
      + model->expired + model->flushed + waiting);
}

static void
flush_flow (Model *model, guint flow)
{
  SrtlaItem item;

  while (srtla_pipeline_flush_flow (model->pipeline, flow, &item)) {
    g_assert_cmpuint (item.flow, ==, flow);
    forget (model, &item);
    model->flushed++;
  }
}

static void
model_clear (Model *model)
{
  SrtlaItem item;

  while (srtla_pipeline_flush (model->pipeline, &item)) {
    forget (model, &item);
    model->flushed++;
  }
  g_assert_cmpuint (model->waiting->len, ==, 0);
  check_books (model);
  srtla_pipeline_free (model->pipeline);
  g_array_unref (model->waiting);
  g_rand_free (model->rand);
}

static void
test_model (void)
{
  SrtlaClassSettings settings[SRTLA_N_CLASSES];
  Model model;
  guint i, load;

  memcpy (settings, srtla_class_defaults, sizeof settings);
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    settings[i].length = 1 + 3 * i;
  model_init (&model, settings);
  for (i = 0; i < STEPS; i++) {
    load = i / 2000 % 2 ? 70 : 35;      /* fills up, runs empty */
    model.now += (SrtlaTime) g_rand_int_range (model.rand, 0, 8);
    if (testing_chance (model.rand, load))
      push (&model);
    else
      give (&model);
    if (g_rand_int_range (model.rand, 0, 2000) == 0)
      flush_flow (&model, (guint) g_rand_int_range (model.rand, 0, FLOWS));
    if (i % 16 == 0)
      check_books (&model);
  }
  g_assert_cmpuint (model.given, >, STEPS / 8);
  g_assert_cmpuint (model.refused, >, 100);
  g_assert_cmpuint (model.expired, >, 100);
  g_assert_cmpuint (model.flushed, >, 0);
  model_clear (&model);
}

/* What lies behind a packet that is still of use may not be: it is not given
 * once it is the first. */
static void
test_expired_behind (void)
{
  SrtlaItem item = fixture_item (0, SRTLA_CLASS_LOW, 100, 1000, 1), taken;
  Model model;

  model_init (&model, srtla_class_defaults);
  reopen (&model, 0, 2);
  model.now = 10;
  push_item (&model, item);
  item.arrived = 2;
  item.expires = 20;
  push_item (&model, item);
  /* Both are in front. */
  g_assert_nonnull (srtla_pipeline_peek (model.pipeline, SRTLA_ALL_CLASSES,
          10000, model.now));
  model.now = 20;
  g_assert_false (srtla_pipeline_take_expired (model.pipeline, 20, &taken));
  g_assert_true (srtla_pipeline_pop (model.pipeline, SRTLA_ALL_CLASSES,
          &taken));
  forget (&model, &taken);
  model.given++;
  g_assert_cmpuint (srtla_pipeline_next_expiry (model.pipeline), ==, 20);
  take_expired (&model);
  g_assert_cmpuint (model.expired, ==, 1);
  g_assert_null (srtla_pipeline_peek (model.pipeline, SRTLA_ALL_CLASSES, 10000,
          20));
  model_clear (&model);
}

/* Nothing is moved to the front that cannot leave: what comes later and is more
 * urgent goes first once there is room. */
static void
test_no_room (void)
{
  Model model;
  SrtlaItem taken;
  guint i;

  model_init (&model, srtla_class_defaults);
  reopen (&model, 0, 20);
  for (i = 0; i < 10; i++)
    push_item (&model, fixture_item (0, SRTLA_CLASS_LOW, 1000, 100000, i));
  for (i = 0; i < 10; i++)
    g_assert_null (srtla_pipeline_peek (model.pipeline, SRTLA_ALL_CLASSES,
            SRTLA_MAX_DATAGRAM - 1, model.now));
  push_item (&model, fixture_item (0, SRTLA_CLASS_HIGH, 1000, 2000, 10));
  g_assert_nonnull (srtla_pipeline_peek (model.pipeline, SRTLA_ALL_CLASSES,
          SRTLA_MAX_DATAGRAM, model.now));
  g_assert_true (srtla_pipeline_pop (model.pipeline, SRTLA_ALL_CLASSES,
          &taken));
  g_assert_cmpuint (taken.arrived, ==, 10);
  forget (&model, &taken);
  model.given++;
  model_clear (&model);
}

/* A thin flow beside a bulk one: what it has waits for its turn, not for all
 * that lay there before. */
static void
test_thin_flow (void)
{
  const guint lengths = srtla_class_defaults[SRTLA_CLASS_LOW].length;
  Model model;
  guint i, k, before = 0;

  model_init (&model, srtla_class_defaults);
  reopen (&model, 0, 4096);
  for (i = 0; i < 4000; i++)
    push_item (&model, fixture_item (0, SRTLA_CLASS_LOW, 1000, 100000, i));
  g_assert_nonnull (srtla_pipeline_peek (model.pipeline, SRTLA_ALL_CLASSES,
          1500, model.now));
  push_item (&model, fixture_item (1, SRTLA_CLASS_LOW, 1000, 100000, 4000));
  for (k = 0; k < 4001; k++) {
    SrtlaItem taken;

    g_assert_nonnull (srtla_pipeline_peek (model.pipeline, SRTLA_ALL_CLASSES,
            1500, model.now));
    g_assert_true (srtla_pipeline_pop (model.pipeline, SRTLA_ALL_CLASSES,
            &taken));
    forget (&model, &taken);
    model.given++;
    if (taken.flow == 1)
      break;
    before++;
  }
  /* What the class holds already, a quantum in front, one round of the DRR. */
  g_assert_cmpuint (before, <=, lengths + 3 + 4);
  model_clear (&model);
}

static void
test_last_class (void)
{
  Model model;

  model_init (&model, srtla_class_defaults);
  g_assert_cmpint (srtla_pipeline_last_class (model.pipeline, 0,
          SRTLA_CLASS_LOW), ==, SRTLA_CLASS_LOW);
  push_item (&model, fixture_item (0, SRTLA_CLASS_BEST_EFFORT, 100,
          SRTLA_TIME_NONE, 1));
  g_assert_cmpint (srtla_pipeline_last_class (model.pipeline, 0,
          SRTLA_CLASS_LOW), ==, SRTLA_CLASS_BEST_EFFORT);
  g_assert_cmpint (srtla_pipeline_last_class (model.pipeline, 1,
          SRTLA_CLASS_LOW), ==, SRTLA_CLASS_LOW);
  /* The same when it has gone on to the next stage, where flows are one. */
  g_assert_null (srtla_pipeline_peek (model.pipeline, SRTLA_ALL_CLASSES, 0,
          model.now));
  g_assert_cmpint (srtla_pipeline_last_class (model.pipeline, 0,
          SRTLA_CLASS_LOW), ==, SRTLA_CLASS_BEST_EFFORT);
  push_item (&model, fixture_item (1, SRTLA_CLASS_HIGH, 100, 2000, 2));
  g_assert_cmpint (srtla_pipeline_last_class (model.pipeline, 1,
          SRTLA_CLASS_BEST_EFFORT), ==, SRTLA_CLASS_BEST_EFFORT);
  model_clear (&model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pipeline/model", test_model);
  g_test_add_func ("/pipeline/expired-behind", test_expired_behind);
  g_test_add_func ("/pipeline/no-room", test_no_room);
  g_test_add_func ("/pipeline/thin-flow", test_thin_flow);
  g_test_add_func ("/pipeline/last-class", test_last_class);
  return g_test_run ();
}
