/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "counting-malloc.h"
#include "queue-fixture.h"

/* ---- Against a model --------------------------------------------------- */

#define MODEL_QUEUES 5
#define MODEL_CAPACITY 12

/* Plain queues; a packet goes to the end and leaves at the front. */
typedef struct
{
  GQueue packets[MODEL_QUEUES][SRTLA_N_CLASSES];        /* SrtlaItem */
  SrtlaQueueStats stats[MODEL_QUEUES][SRTLA_N_CLASSES];
} Model;

static guint
model_count (Model *model, guint queue)
{
  guint i, count = 0;

  for (i = 0; i < SRTLA_N_CLASSES; i++)
    count += g_queue_get_length (&model->packets[queue][i]);
  return count;
}

static gint
model_last_class (Model *model, guint queue)
{
  gint i = SRTLA_N_CLASSES - 1;

  while (i >= 0 && g_queue_is_empty (&model->packets[queue][i]))
    i--;
  return i;
}

static void
model_take (Model *model, guint queue, guint priority, const SrtlaItem *item)
{
  SrtlaItem *front = g_queue_pop_head (&model->packets[queue][priority]);

  g_assert_nonnull (front);
  g_assert_cmpuint (front->arrived, ==, item->arrived);
  g_assert_cmpuint (front->packet.size, ==, item->packet.size);
  g_assert_cmpuint (priority, ==, item->priority);
  g_free (front);
}

static void
model_push (Model *model, SrtlaDrr *drr, guint queue, const SrtlaItem *item)
{
  SrtlaQueueStats *stats = model->stats[queue];
  guint priority = item->priority;
  SrtlaItem dropped;
  gint last = model_last_class (model, queue);

  if (item->in_order)
    priority = (guint) MAX ((gint) priority, last);
  stats[priority].packets_in++;
  stats[priority].bytes_in += item->packet.size;
  if (model_count (model, queue) < MODEL_CAPACITY) {
    g_assert_false (srtla_drr_push (drr, queue, item, &dropped));
  } else {
    guint64 before = counted_allocations;

    g_assert_true (srtla_drr_push (drr, queue, item, &dropped));
    g_assert_cmpuint (counted_allocations, ==, before);
    if ((gint) priority > last) {
      g_assert_cmpuint (dropped.arrived, ==, item->arrived);
      stats[priority].dropped[SRTLA_DROP_FULL]++;
      stats[priority].dropped_bytes += item->packet.size;
      return;
    }
    model_take (model, queue, (guint) last, &dropped);
    stats[last].dropped[SRTLA_DROP_FULL]++;
    stats[last].dropped_bytes += dropped.packet.size;
  }
  g_queue_push_tail (&model->packets[queue][priority],
      g_memdup2 (item, sizeof *item));
  ((SrtlaItem *) g_queue_peek_tail (&model->packets[queue][priority]))
      ->priority = (guint8) priority;
}

static void
model_pop (Model *model, SrtlaDrr *drr, guint classes)
{
  gboolean any = FALSE, got;
  guint64 before = counted_allocations;
  const SrtlaItem *next = srtla_drr_peek (drr, classes);
  SrtlaItem shown = { 0, }, item;
  guint i, j;

  if (next != NULL)
    shown = *next;
  got = srtla_drr_pop (drr, classes, &item);
  g_assert_cmpuint (counted_allocations, ==, before);
  g_assert_cmpint (got, ==, next != NULL);
  for (i = 0; i < MODEL_QUEUES; i++) {
    for (j = 0; j < SRTLA_N_CLASSES; j++)
      any = any || ((classes & (1u << j))
          && !g_queue_is_empty (&model->packets[i][j]));
  }
  g_assert_cmpint (got, ==, any);
  if (!got)
    return;
  g_assert_cmpuint (shown.arrived, ==, item.arrived);
  /* Of its queue's classes asked for, the most urgent. */
  for (j = 0; j < item.priority; j++)
    g_assert_true ((classes & (1u << j)) == 0
        || g_queue_is_empty (&model->packets[item.flow][j]));
  g_assert_true ((classes & (1u << item.priority)) != 0);
  model_take (model, item.flow, item.priority, &item);
  model->stats[item.flow][item.priority].packets_out++;
  model->stats[item.flow][item.priority].bytes_out += item.packet.size;
}

static void
check_books (Model *model, SrtlaDrr *drr)
{
  SrtlaQueueStats all = { 0, };
  guint i, j;

  for (i = 0; i < MODEL_QUEUES; i++) {
    for (j = 0; j < SRTLA_N_CLASSES; j++) {
      const SrtlaQueueStats *stats = srtla_drr_stats (drr, i, j);
      const SrtlaQueueStats *expected = &model->stats[i][j];

      g_assert_true (srtla_queue_stats_balance (stats));
      g_assert_cmpuint (stats->packets, ==,
          g_queue_get_length (&model->packets[i][j]));
      g_assert_cmpuint (stats->packets_in, ==, expected->packets_in);
      g_assert_cmpuint (stats->bytes_in, ==, expected->bytes_in);
      g_assert_cmpuint (stats->packets_out, ==, expected->packets_out);
      g_assert_cmpuint (stats->bytes_out, ==, expected->bytes_out);
      g_assert_cmpuint (stats->dropped[SRTLA_DROP_FULL], ==,
          expected->dropped[SRTLA_DROP_FULL]);
      g_assert_cmpuint (stats->dropped_bytes, ==, expected->dropped_bytes);
      g_assert_cmpuint (stats->packets_maximum, >=, stats->packets);
      g_assert_cmpuint (stats->packets_maximum, <=, MODEL_CAPACITY);
      srtla_queue_stats_add (&all, stats);
    }
  }
  g_assert_true (srtla_queue_stats_balance (&all));
}

static void
test_model (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaDrr *drr = srtla_drr_new ();
  Model *model = g_new0 (Model, 1);
  guint64 number;
  guint i, j;

  for (i = 0; i < MODEL_QUEUES; i++)
    srtla_drr_open (drr, i, MODEL_CAPACITY, 1500 * (i + 1));
  for (number = 0; number < 200000; number++) {
    /* Phases of more coming in, and of more going out. */
    guint chance = number / 1000 % 2 ? 70 : 35;

    if (testing_chance (rand, chance)) {
      guint queue = g_rand_int (rand) % MODEL_QUEUES;
      SrtlaItem item = fixture_item (queue,
          g_rand_int (rand) % SRTLA_N_CLASSES,
          (gsize) g_rand_int_range (rand, 16, 1501), SRTLA_TIME_NONE, number);

      item.in_order = testing_chance (rand, 2);
      model_push (model, drr, queue, &item);
    } else {
      model_pop (model, drr, testing_chance (rand, 60) ? SRTLA_ALL_CLASSES
          : g_rand_int (rand) % (SRTLA_ALL_CLASSES + 1));
    }
    if (number % 50 == 0)
      check_books (model, drr);
  }
  for (i = 0; i < MODEL_QUEUES; i++) {
    for (j = 0; j < SRTLA_N_CLASSES; j++)
      g_queue_clear_full (&model->packets[i][j], g_free);
  }
  fixture_free_drr (drr);
  g_free (model);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drr-model/random", test_model);
  return g_test_run ();
}
