/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-edf.h"
#include "counting-malloc.h"
#include "testing.h"

static SrtlaItem
make_item (SrtlaClass priority, gsize size, SrtlaTime deadline, guint64 number)
{
  SrtlaItem item = { {NULL, size, NULL}, number, deadline, SRTLA_TIME_NONE, 0,
    0, (guint8) priority, 0, FALSE
  };

  return item;
}

/* Pushes what must fit. */
static void
push (SrtlaEdf *edf, SrtlaClass priority, gsize size, SrtlaTime deadline,
    guint64 number)
{
  SrtlaItem item = make_item (priority, size, deadline, number);

  g_assert_true (srtla_edf_push (edf, &item));
}

static void
empty (SrtlaEdf *edf)
{
  SrtlaItem item;

  while (srtla_edf_flush (edf, &item));
  srtla_edf_free (edf);
}

/* ---- Order ------------------------------------------------------------- */

/* Rows of packets by number: class, deadline in µs; and the order at 1,000. */
static void
test_order (void)
{
  static const struct
  {
    struct
    {
      gchar priority;
      SrtlaTime deadline;
    } packets[8];
    const gchar *order;
  } table[] = {
    {{{'H', 3000}, {'M', 2000}, {'L', 4000}}, "102"},
    {{{'L', 2000}, {'M', 2000}, {'H', 2000}}, "210"},   /* the more urgent */
    {{{'L', 1000}, {'H', 1001}}, "01"}, /* not late yet */
    {{{'L', 999}, {'H', 1001}}, "10"},  /* late: no claim on HIGH's place */
    {{{'H', 500}, {'L', 1500}}, "01"},
    {{{'M', 10}, {'L', 999}, {'H', 900}}, "201"},
    {{{'M', 10}, {'H', 5000}, {'L', 4000}}, "210"},
    /* One behind is more urgent: its class is. */
    {{{'L', 9000}, {'L', 2000}, {'H', 3000}, {'L', 9500}}, "0123"},
    {{{'L', 9000}, {'L', 999}, {'H', 3000}}, "201"},
    {{{'L', 5000}, {'L', 4000}, {'L', 3000}, {'L', 4500}, {'M', 4200}},
          "01243"},
  };
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
    gchar order[9] = "";
    SrtlaItem item;

    g_test_message ("row %u", i);
    for (j = 0; table[i].packets[j].priority != 0; j++)
      push (edf, (SrtlaClass) (strchr ("HML",
                  table[i].packets[j].priority) - (const gchar *) "HML"),
          100, table[i].packets[j].deadline, j);
    for (j = 0; srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 1000, &item); j++)
      order[j] = (gchar) ('0' + item.arrived);
    g_assert_cmpstr (order, ==, table[i].order);
    srtla_edf_free (edf);
  }
}

static void
test_expiry (void)
{
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  const SrtlaQueueStats *low = srtla_edf_stats (edf, SRTLA_CLASS_LOW);
  static const SrtlaTime expiries[] = { 500, 900, 600, SRTLA_TIME_NONE };
  SrtlaItem item;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (expiries); i++) {
    item = make_item (SRTLA_CLASS_LOW, 100, 400, i);
    item.expires = expiries[i];
    g_assert_true (srtla_edf_push (edf, &item));
  }
  push (edf, SRTLA_CLASS_BEST_EFFORT, 100, SRTLA_TIME_NONE, 9);
  g_assert_cmpuint (srtla_edf_next_expiry (edf), ==, 500);
  g_assert_false (srtla_edf_take_expired (edf, 499, &item));

  /* Not taken out, but not sent either: the other class goes. */
  g_assert_null (srtla_edf_peek (edf, 1u << SRTLA_CLASS_LOW, 500));
  g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 500, &item));
  g_assert_cmpuint (item.arrived, ==, 9);
  g_assert_false (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 500, &item));

  g_assert_true (srtla_edf_take_expired (edf, 500, &item));
  g_assert_cmpuint (item.arrived, ==, 0);
  g_assert_false (srtla_edf_take_expired (edf, 700, &item));
  g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 700, &item));
  g_assert_cmpuint (item.arrived, ==, 1);
  g_assert_cmpuint (low->late, ==, 1);
  g_assert_true (srtla_edf_take_expired (edf, 700, &item));
  g_assert_cmpuint (item.arrived, ==, 2);
  g_assert_cmpuint (srtla_edf_next_expiry (edf), ==, SRTLA_TIME_NONE);
  g_assert_cmpuint (low->dropped[SRTLA_DROP_EXPIRED], ==, 2);
  g_assert_true (srtla_queue_stats_balance (low));
  empty (edf);
}

static void
test_room (void)
{
  SrtlaClassSettings settings[SRTLA_N_CLASSES];
  SrtlaItem item = make_item (SRTLA_CLASS_HIGH, 100, 0, 0);
  SrtlaEdf *edf;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    settings[i] = srtla_class_defaults[i];
    settings[i].length = i;     /* none is taken for one */
  }
  edf = srtla_edf_new (settings);
  g_assert_cmpuint (srtla_edf_room (edf), ==, SRTLA_ALL_CLASSES);
  g_assert_true (srtla_edf_push (edf, &item));
  g_assert_cmpuint (srtla_edf_room (edf), ==, SRTLA_ALL_CLASSES & ~1u);
  g_assert_cmpuint (srtla_edf_classes (edf), ==, 1u);
  g_assert_false (srtla_edf_push (edf, &item));
  g_assert_cmpuint (srtla_edf_stats (edf,
          SRTLA_CLASS_HIGH)->dropped[SRTLA_DROP_FULL], ==, 1);
  g_assert_true (srtla_queue_stats_balance (srtla_edf_stats (edf,
              SRTLA_CLASS_HIGH)));
  empty (edf);
}

/* ---- Best effort ------------------------------------------------------- */

/* With LOW, or HIGH too, and best effort always waiting, each gets bytes by its
 * quantum: over any stretch of time within a round and a packet each, and one
 * more round where HIGH may go ahead. */
static void
run_shares (GRand *rand, gboolean with_high)
{
  SrtlaClassSettings settings[SRTLA_N_CLASSES];
  guint64 served[2] = { 0, 0 };
  gdouble least = 0.0, most = 0.0, timed = 0.0, bound;
  SrtlaItem item;
  SrtlaEdf *edf;
  guint i, step;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    settings[i] = srtla_class_defaults[i];
    settings[i].quantum = (guint) g_rand_int_range (rand, 1500, 12000);
    timed += i == SRTLA_CLASS_BEST_EFFORT ? 0 : settings[i].quantum;
  }
  edf = srtla_edf_new (settings);
  bound = (with_high ? 2.0 : 1.0) + SRTLA_MAX_DATAGRAM / timed
      + (gdouble) SRTLA_MAX_DATAGRAM / settings[SRTLA_CLASS_BEST_EFFORT].quantum;
  for (step = 0; step < 5000; step++) {
    gdouble distance;

    for (i = 0; i < SRTLA_N_CLASSES; i++) {
      if (i == SRTLA_CLASS_HIGH && !with_high)
        continue;
      while (srtla_edf_stats (edf, i)->packets < 3)
        push (edf, i, (gsize) g_rand_int_range (rand, 16, 1501),
            g_rand_int (rand) % 100000, 0);
    }
    g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, 50000, &item));
    served[item.priority == SRTLA_CLASS_BEST_EFFORT] += item.packet.size;
    distance = (gdouble) served[0] / timed - (gdouble) served[1]
        / settings[SRTLA_CLASS_BEST_EFFORT].quantum;
    least = MIN (least, distance);
    most = MAX (most, distance);
    g_assert_cmpfloat (most - least, <, bound);
  }
  empty (edf);
}

static void
test_shares (void)
{
  GRand *rand = testing_rand_new ();
  guint i;

  for (i = 0; i < 40; i++)
    run_shares (rand, i % 2);
  g_rand_free (rand);
}

/* ---- Feasible loads ---------------------------------------------------- */

#define TASKS 6
#define LOAD_DURATION (2 * SRTLA_SECOND)

/* Packets of one size that come no closer than `interval`. Times in ns, which
 * is what a byte takes on a fast link. */
typedef struct
{
  SrtlaClass priority;
  gsize size;
  guint64 interval, deadline, cost;
} Task;

typedef struct
{
  guint task;
  guint64 at;
} Arrival;

/* Demand of non-preemptive EDF in any interval of length t (K. Jeffay, D. F.
 * Stanat and C. U. Martel, RTSS 1991): what is due within it, and one packet
 * that had just begun and is due later. */
static gboolean
is_feasible (const Task *tasks)
{
  gdouble load = 0.0;
  guint64 t;
  guint i;

  for (i = 0; i < TASKS; i++)
    load += (gdouble) tasks[i].cost / tasks[i].interval;
  if (load > 0.98)
    return FALSE;
  for (t = 0; t < 2000000000; t += 1 + t / 2000) {
    /* Steps are small against t: what is due within the next one counts. */
    guint64 until = t + 1 + t / 2000, demand = 0, blocking = 0;

    for (i = 0; i < TASKS; i++) {
      if (until >= tasks[i].deadline)
        demand += ((until - tasks[i].deadline) / tasks[i].interval + 1)
            * tasks[i].cost;
      if (tasks[i].deadline > t)
        blocking = MAX (blocking, tasks[i].cost);
    }
    if (demand > 0 && demand + blocking > t)
      return FALSE;
  }
  return TRUE;
}

static void
draw_tasks (GRand *rand, Task *tasks)
{
  /* ns: 10 to 100 Mbit/s. */
  guint64 byte = (guint64) g_rand_int_range (rand, 80, 800);
  guint i;

  for (i = 0; i < TASKS; i++) {
    tasks[i].priority = i % 3;
    tasks[i].size = (gsize) (i % 3 == SRTLA_CLASS_HIGH
        ? g_rand_int_range (rand, 16, 200)
        : g_rand_int_range (rand, 200, 1501));
    tasks[i].cost = tasks[i].size * byte;
    tasks[i].interval = tasks[i].cost
        * (guint64) g_rand_int_range (rand, i % 3 == SRTLA_CLASS_HIGH ? 20 : 3,
        i % 3 == SRTLA_CLASS_HIGH ? 100 : 9)
        + g_rand_int (rand) % tasks[i].cost;
    tasks[i].deadline = srtla_class_defaults[i % 3].budget * 1000;
  }
}

static gint
compare_arrivals (gconstpointer a, gconstpointer b)
{
  const Arrival *x = a, *y = b;

  return x->at != y->at ? (x->at < y->at ? -1 : 1)
      : (gint) x->task - (gint) y->task;
}

/* All at once at first, then as densely as allowed, or a little less. */
static GArray *
draw_arrivals (GRand *rand, const Task *tasks)
{
  GArray *arrivals = g_array_new (FALSE, FALSE, sizeof (Arrival));
  guint i;

  for (i = 0; i < TASKS; i++) {
    Arrival arrival = { i, 0 };

    while (arrival.at < LOAD_DURATION * 1000) {
      g_array_append_val (arrivals, arrival);
      arrival.at += tasks[i].interval + (testing_chance (rand, 70) ? 0
          : g_rand_int (rand) % tasks[i].interval);
    }
  }
  g_array_sort (arrivals, compare_arrivals);
  return arrivals;
}

/* One link, one packet after the other. Returns: how many were done after
 * their deadline. */
static guint
run_load (const Task *tasks, GArray *arrivals, gboolean fifo)
{
  SrtlaClassSettings settings[SRTLA_N_CLASSES];
  guint64 now = 0, before;
  guint missed = 0, next = 0, first = 0, i;
  SrtlaEdf *edf;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    settings[i] = srtla_class_defaults[i];
    settings[i].length = arrivals->len;
  }
  edf = srtla_edf_new (settings);
  before = counted_allocations;
  for (;;) {
    const Arrival *arrival = NULL;
    const Task *task;
    SrtlaItem item;

    for (; next < arrivals->len; next++) {
      arrival = &g_array_index (arrivals, Arrival, next);
      if (arrival->at > now)
        break;
      task = &tasks[arrival->task];
      if (!fifo)
        push (edf, task->priority, task->size, arrival->at + task->deadline,
            next);
    }
    if (fifo ? first < next : srtla_edf_pop (edf, SRTLA_ALL_CLASSES, now,
            &item)) {
      arrival = &g_array_index (arrivals, Arrival,
          fifo ? first : (guint) item.arrived);
      task = &tasks[arrival->task];
      first++;
      now += task->cost;
      missed += now > arrival->at + task->deadline ? 1 : 0;
    } else if (next < arrivals->len) {
      now = g_array_index (arrivals, Arrival, next).at;
    } else {
      break;
    }
  }
  g_assert_cmpuint (first, ==, arrivals->len);
  g_assert_cmpuint (counted_allocations, ==, before);
  empty (edf);
  return missed;
}

static void
test_feasible (void)
{
  GRand *rand = testing_rand_new ();
  guint sets = 0, drawn = 0, fifo_missed = 0, fifo_sets = 0, packets = 0;
  gdouble loads = 0.0;

  while (sets < 60) {
    Task tasks[TASKS];
    GArray *arrivals;
    guint missed, i;

    drawn++;
    draw_tasks (rand, tasks);
    if (!is_feasible (tasks))
      continue;
    sets++;
    for (i = 0; i < TASKS; i++)
      loads += (gdouble) tasks[i].cost / tasks[i].interval;
    arrivals = draw_arrivals (rand, tasks);
    packets += arrivals->len;
    g_assert_cmpuint (run_load (tasks, arrivals, FALSE), ==, 0);
    missed = run_load (tasks, arrivals, TRUE);
    fifo_missed += missed;
    fifo_sets += missed > 0 ? 1 : 0;
    g_array_unref (arrivals);
  }
  g_test_message ("%u of %u sets feasible, load %.2f, %u packets: EDF misses "
      "none, FIFO %u in %u sets", sets, drawn, loads / sets, packets,
      fifo_missed, fifo_sets);
  g_assert_cmpuint (fifo_missed, >, 0);
  g_rand_free (rand);
}

/* ---- Overload ---------------------------------------------------------- */

/* 1 Mbit/s of HIGH, twice the link's rate of LOW, as much best effort: HIGH
 * leaves within its budget and the time of one packet, LOW takes what best
 * effort's share leaves. */
static void
test_overload (void)
{
  static const guint rates[] = { 3, 6, 10, 50 };        /* Mbit/s */
  guint r;

  for (r = 0; r < G_N_ELEMENTS (rates); r++) {
    SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
    guint64 now = 0, next[SRTLA_N_CLASSES] = { 0, }, served[3] = { 0, 0, 0 };
    guint64 packet = 1332 * 8 / rates[r];       /* µs */
    guint64 longest = 0;
    gdouble share;

    while (now < 10 * SRTLA_SECOND) {
      SrtlaItem item;

      for (; next[SRTLA_CLASS_HIGH] <= now;
          next[SRTLA_CLASS_HIGH] += 1332 * 8)
        push (edf, SRTLA_CLASS_HIGH, 1332, next[SRTLA_CLASS_HIGH] + 1000,
            next[SRTLA_CLASS_HIGH]);
      for (; next[SRTLA_CLASS_LOW] <= now; next[SRTLA_CLASS_LOW] += packet / 2) {
        item = make_item (SRTLA_CLASS_LOW, 1332,
            next[SRTLA_CLASS_LOW] + 100000, next[SRTLA_CLASS_LOW]);
        srtla_edf_push (edf, &item);    /* some find no room */
        item.priority = SRTLA_CLASS_BEST_EFFORT;
        item.deadline = SRTLA_TIME_NONE;
        srtla_edf_push (edf, &item);
      }
      g_assert_true (srtla_edf_pop (edf, SRTLA_ALL_CLASSES, now, &item));
      served[item.priority == SRTLA_CLASS_HIGH ? 0
          : item.priority == SRTLA_CLASS_LOW ? 1 : 2] += item.packet.size;
      if (item.priority == SRTLA_CLASS_HIGH)
        longest = MAX (longest, now - item.arrived);
      now += packet;
    }
    g_test_message ("%u Mbit/s: HIGH waits %" G_GUINT64_FORMAT " µs at most; "
        "bytes %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT ", %"
        G_GUINT64_FORMAT, rates[r], longest, served[0], served[1], served[2]);
    g_assert_cmpuint (longest, <=, 1000 + packet);
    g_assert_cmpuint (srtla_edf_stats (edf,
            SRTLA_CLASS_HIGH)->dropped[SRTLA_DROP_FULL], ==, 0);
    share = (gdouble) served[2] / (served[0] + served[1] + served[2]);
    g_assert_cmpfloat_with_epsilon (share, 1500.0 / (9000 + 1500), 0.01);
    empty (edf);
  }
}

/* ---- Against a model --------------------------------------------------- */

/* Whatever it gives is the first of its class and of use; the books balance. */
static void
test_model (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaEdf *edf = srtla_edf_new (srtla_class_defaults);
  GQueue model[SRTLA_N_CLASSES];
  SrtlaTime now = 0;
  guint64 number, in = 0, out = 0, expired = 0, refused = 0;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++)
    g_queue_init (&model[i]);
  for (number = 0; number < 300000; number++) {
    guint classes = testing_chance (rand, 70) ? SRTLA_ALL_CLASSES
        : g_rand_int (rand) % (SRTLA_ALL_CLASSES + 1);
    guint64 before = counted_allocations;
    const SrtlaItem *next;
    SrtlaItem item;

    now += g_rand_int (rand) % 100;
    if (testing_chance (rand, number / 5000 % 2 ? 60 : 40)) {
      item = make_item (g_rand_int (rand) % SRTLA_N_CLASSES,
          (gsize) g_rand_int_range (rand, 16, 1501),
          now + g_rand_int (rand) % 20000, number);
      item.expires = testing_chance (rand, 50) ? SRTLA_TIME_NONE
          : now + g_rand_int (rand) % 20000;
      in++;
      if (srtla_edf_push (edf, &item))
        g_queue_push_tail (&model[item.priority],
            GSIZE_TO_POINTER (number + 1));
      else
        refused++;
      continue;
    }
    while (srtla_edf_take_expired (edf, now, &item)) {
      g_assert_cmpuint (item.expires, <=, now);
      g_assert_cmpuint (GPOINTER_TO_SIZE (g_queue_pop_head
              (&model[item.priority])), ==, item.arrived + 1);
      expired++;
    }
    next = srtla_edf_peek (edf, classes, now);
    before = counted_allocations;
    if (next == NULL) {
      g_assert_cmpuint (srtla_edf_classes (edf) & classes, ==, 0);
      g_assert_false (srtla_edf_pop (edf, classes, now, &item));
      continue;
    }
    number++;
    g_assert_true (srtla_edf_peek (edf, classes, now) == next);
    g_assert_true (srtla_edf_pop (edf, classes, now, &item));
    g_assert_cmpuint (counted_allocations, ==, before);
    g_assert_cmpuint (item.expires, >, now);
    g_assert_true ((classes & (1u << item.priority)) != 0);
    g_assert_cmpuint (GPOINTER_TO_SIZE (g_queue_pop_head
            (&model[item.priority])), ==, item.arrived + 1);
    out++;
  }
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaQueueStats *stats = srtla_edf_stats (edf, i);

    g_assert_true (srtla_queue_stats_balance (stats));
    g_assert_cmpuint (stats->packets, ==, g_queue_get_length (&model[i]));
    g_assert_cmpuint (stats->packets_maximum, <=,
        srtla_class_defaults[i].length);
    in -= stats->packets_in;
    out -= stats->packets_out;
    expired -= stats->dropped[SRTLA_DROP_EXPIRED];
    refused -= stats->dropped[SRTLA_DROP_FULL];
    g_queue_clear (&model[i]);
  }
  g_assert_true (in == 0 && out == 0 && expired == 0 && refused == 0);
  empty (edf);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edf/order", test_order);
  g_test_add_func ("/edf/expiry", test_expiry);
  g_test_add_func ("/edf/room", test_room);
  g_test_add_func ("/edf/shares", test_shares);
  g_test_add_func ("/edf/feasible", test_feasible);
  g_test_add_func ("/edf/overload", test_overload);
  g_test_add_func ("/edf/model", test_model);
  return g_test_run ();
}
