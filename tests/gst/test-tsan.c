/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether ThreadSanitizer, with what tsan-glib.c tells it, sees what it should
 * and nothing else: it finds a planted race, and what GLib's locks guard is none.
 */
#include <glib-object.h>

#define TURNS 1000

/*
 * Two accesses of the very same moment are one that ThreadSanitizer misses now
 * and then: the threads walk towards each other, and so meet at one counter at most.
 */
static guint counters[64];
static guint first, second, third;
static GMutex lock;
static GRecMutex recursive_lock;
static GRWLock rw_lock;
static GCond changed;

/* ---- A race ------------------------------------------------------------- */

static void
count_up (void)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (counters); i++)
    counters[i]++;
}

static void
count_down (void)
{
  guint i;

  for (i = G_N_ELEMENTS (counters); i > 0; i--)
    counters[i - 1]++;
}

static gpointer
count_alone (gpointer data)
{
  (void) data;
  count_down ();
  return NULL;
}

static void
test_race (void)
{
  GThread *thread;

  if (g_test_subprocess ()) {
    thread = g_thread_new ("race", count_alone, NULL);
    count_up ();
    g_thread_join (thread);
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*data race*count_alone*");
}

/* The lock of one is not the lock of another. */
static gpointer
count_with_other_lock (gpointer data)
{
  (void) data;
  g_rec_mutex_lock (&recursive_lock);
  count_down ();
  g_rec_mutex_unlock (&recursive_lock);
  return NULL;
}

static void
test_wrong_lock (void)
{
  GThread *thread;

  if (g_test_subprocess ()) {
    thread = g_thread_new ("race", count_with_other_lock, NULL);
    g_mutex_lock (&lock);
    count_up ();
    g_mutex_unlock (&lock);
    g_thread_join (thread);
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*data race*count_with_other_lock*");
}

/* ---- No race ------------------------------------------------------------ */

static gpointer
count_with_locks (gpointer data)
{
  guint i;

  (void) data;
  for (i = 0; i < TURNS; i++) {
    g_mutex_lock (&lock);
    first++;
    g_cond_signal (&changed);
    g_mutex_unlock (&lock);

    g_rec_mutex_lock (&recursive_lock);
    g_rec_mutex_lock (&recursive_lock);
    second++;
    g_rec_mutex_unlock (&recursive_lock);
    g_rec_mutex_unlock (&recursive_lock);

    g_rw_lock_writer_lock (&rw_lock);
    third++;
    g_rw_lock_writer_unlock (&rw_lock);
  }
  return NULL;
}

static void
test_locks (void)
{
  GThread *thread = g_thread_new ("locks", count_with_locks, NULL);
  guint i;

  g_mutex_lock (&lock);
  while (first < TURNS)
    g_cond_wait (&changed, &lock);
  g_mutex_unlock (&lock);
  for (i = 0; i < TURNS; i++) {
    g_rec_mutex_lock (&recursive_lock);
    second++;
    g_rec_mutex_unlock (&recursive_lock);
    g_rw_lock_reader_lock (&rw_lock);
    g_assert_cmpuint (third, <=, TURNS);
    g_rw_lock_reader_unlock (&rw_lock);
  }
  g_thread_join (thread);
  g_assert_cmpuint (second, ==, 2 * TURNS);
}

static void
count_work (gpointer data, gpointer user_data)
{
  GAsyncQueue *queue = user_data;

  ++*(guint *) data;
  g_async_queue_push (queue, data);
}

/* Handed to a pool and back, without a lock of ours. */
static void
test_pool (void)
{
  GAsyncQueue *queue = g_async_queue_new ();
  GThreadPool *pool = g_thread_pool_new (count_work, queue, 2, FALSE, NULL);
  guint values[8] = { 0 };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (values); i++) {
    values[i] = i;
    g_thread_pool_push (pool, &values[i], NULL);
  }
  for (i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_nonnull (g_async_queue_pop (queue));
  for (i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_cmpuint (values[i], ==, i + 1);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_async_queue_unref (queue);
}

static void
count_end (gpointer data, GObject *object)
{
  (void) object;
  ++*(guint *) data;
}

static gpointer
drop (gpointer data)
{
  g_object_unref (data);
  return NULL;
}

/* Whoever drops the last reference comes after the others. */
static void
test_references (void)
{
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);
  guint *ended = g_new0 (guint, 1);
  GThread *thread;

  g_object_weak_ref (object, count_end, ended);
  thread = g_thread_new ("drop", drop, g_object_ref (object));
  ++*ended;
  g_object_unref (object);
  g_thread_join (thread);
  g_assert_cmpuint (*ended, ==, 2);
  g_free (ended);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tsan/race", test_race);
  g_test_add_func ("/tsan/wrong-lock", test_wrong_lock);
  g_test_add_func ("/tsan/locks", test_locks);
  g_test_add_func ("/tsan/pool", test_pool);
  g_test_add_func ("/tsan/references", test_references);
  return g_test_run ();
}
