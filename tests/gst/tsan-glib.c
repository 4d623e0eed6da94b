/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What ThreadSanitizer must know of GLib. GLib's locks are futexes of its own in
 * a library that is not instrumented: unknown to the sanitizer, each access that
 * they guard would look like a race. Linked into the element tests of a build
 * with b_sanitize=thread, these functions stand in front of GLib's own, for all
 * libraries of the process, and say what the real ones order. They order no more
 * than that, so that a lock forgotten in gst/ still shows. Not instrumented itself.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <glib-object.h>
#include <gst/gst.h>

/* As in <sanitizer/tsan_interface.h>, which comes with clang alone. */
enum
{
  MUTEX_LINKER_INIT = 1 << 0,
  MUTEX_REENTRANT = 1 << 1,
  MUTEX_READ = 1 << 3,
  MUTEX_TRY = 1 << 4,
  MUTEX_TRY_FAILED = 1 << 5,
};
void __tsan_acquire (void *address);
void __tsan_release (void *address);
void __tsan_mutex_pre_lock (void *mutex, unsigned flags);
void __tsan_mutex_post_lock (void *mutex, unsigned flags, int recursion);
int __tsan_mutex_pre_unlock (void *mutex, unsigned flags);
void __tsan_mutex_post_unlock (void *mutex, unsigned flags);
void __tsan_mutex_destroy (void *mutex, unsigned flags);

#define VISIBLE __attribute__ ((visibility ("default")))

/* The function that ours hides. */
#define REAL(function) \
  (__extension__ (__typeof__ (&function)) dlsym (RTLD_NEXT, #function))

#define LOCK(function, type, flags) \
  VISIBLE void \
  function (type * lock) \
  { \
    static __typeof__ (&function) real = NULL; \
    if (real == NULL) \
      real = REAL (function); \
    __tsan_mutex_pre_lock (lock, MUTEX_LINKER_INIT | (flags)); \
    real (lock); \
    __tsan_mutex_post_lock (lock, MUTEX_LINKER_INIT | (flags), 0); \
  }

#define UNLOCK(function, type, flags) \
  VISIBLE void \
  function (type * lock) \
  { \
    static __typeof__ (&function) real = NULL; \
    if (real == NULL) \
      real = REAL (function); \
    __tsan_mutex_pre_unlock (lock, MUTEX_LINKER_INIT | (flags)); \
    real (lock); \
    __tsan_mutex_post_unlock (lock, MUTEX_LINKER_INIT | (flags)); \
  }

#define TRYLOCK(function, type, flags) \
  VISIBLE gboolean \
  function (type * lock) \
  { \
    static __typeof__ (&function) real = NULL; \
    gboolean locked; \
    if (real == NULL) \
      real = REAL (function); \
    __tsan_mutex_pre_lock (lock, MUTEX_LINKER_INIT | MUTEX_TRY | (flags)); \
    locked = real (lock); \
    __tsan_mutex_post_lock (lock, MUTEX_LINKER_INIT | MUTEX_TRY | (flags) \
        | (locked ? 0 : MUTEX_TRY_FAILED), 0); \
    return locked; \
  }

#define CLEAR(function, type) \
  VISIBLE void \
  function (type * lock) \
  { \
    static __typeof__ (&function) real = NULL; \
    if (real == NULL) \
      real = REAL (function); \
    __tsan_mutex_destroy (lock, MUTEX_LINKER_INIT); \
    real (lock); \
  }

LOCK (g_mutex_lock, GMutex, 0)
UNLOCK (g_mutex_unlock, GMutex, 0)
TRYLOCK (g_mutex_trylock, GMutex, 0)
CLEAR (g_mutex_clear, GMutex)
LOCK (g_rec_mutex_lock, GRecMutex, MUTEX_REENTRANT)
UNLOCK (g_rec_mutex_unlock, GRecMutex, MUTEX_REENTRANT)
TRYLOCK (g_rec_mutex_trylock, GRecMutex, MUTEX_REENTRANT)
CLEAR (g_rec_mutex_clear, GRecMutex)
LOCK (g_rw_lock_writer_lock, GRWLock, 0)
UNLOCK (g_rw_lock_writer_unlock, GRWLock, 0)
LOCK (g_rw_lock_reader_lock, GRWLock, MUTEX_READ)
UNLOCK (g_rw_lock_reader_unlock, GRWLock, MUTEX_READ)
CLEAR (g_rw_lock_clear, GRWLock)

/* ---- Conditions: the mutex is given up meanwhile ------------------------ */

VISIBLE void
g_cond_wait (GCond * cond, GMutex * mutex)
{
  __tsan_mutex_pre_unlock (mutex, MUTEX_LINKER_INIT);
  __tsan_mutex_post_unlock (mutex, MUTEX_LINKER_INIT);
  REAL (g_cond_wait) (cond, mutex);
  __tsan_mutex_pre_lock (mutex, MUTEX_LINKER_INIT);
  __tsan_mutex_post_lock (mutex, MUTEX_LINKER_INIT, 0);
}

VISIBLE gboolean
g_cond_wait_until (GCond * cond, GMutex * mutex, gint64 end_time)
{
  gboolean signalled;

  __tsan_mutex_pre_unlock (mutex, MUTEX_LINKER_INIT);
  __tsan_mutex_post_unlock (mutex, MUTEX_LINKER_INIT);
  signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_mutex_pre_lock (mutex, MUTEX_LINKER_INIT);
  __tsan_mutex_post_lock (mutex, MUTEX_LINKER_INIT, 0);
  return signalled;
}

/* ---- What is initialized once ------------------------------------------- */

#undef g_atomic_ref_count_dec
#undef g_once_init_enter
#undef g_once_init_leave

VISIBLE gboolean
(g_once_init_enter) (volatile void *location)
{
  gboolean (*real) (volatile void *) = __extension__
      (gboolean (*) (volatile void *)) dlsym (RTLD_NEXT, "g_once_init_enter");
  gboolean first = real (location);

  if (!first)
    __tsan_acquire ((void *) location);
  return first;
}

VISIBLE void
(g_once_init_leave) (volatile void *location, gsize result)
{
  void (*real) (volatile void *, gsize) = __extension__
      (void (*) (volatile void *, gsize)) dlsym (RTLD_NEXT,
      "g_once_init_leave");

  __tsan_release ((void *) location);
  real (location, result);
}

/* ---- References: whoever drops the last one comes after all others ------ */

/* Drops one that is not the last. Returns: FALSE if it is: all the others were
 * dropped before, and told so. */
static gboolean
drop_one (gpointer object, gint * count)
{
  gint before = g_atomic_int_get (count);

  while (before > 1) {
    __tsan_release (object);
    if (g_atomic_int_compare_and_exchange (count, before, before - 1))
      return TRUE;
    before = g_atomic_int_get (count);
  }
  __tsan_acquire (object);
  return FALSE;
}

VISIBLE void
g_object_unref (gpointer object)
{
  if (!drop_one (object, (gint *) & G_OBJECT (object)->ref_count))
    REAL (g_object_unref) (object);
}

static gboolean
hold_buffer (GstBuffer ** buffer, guint index, gpointer user_data)
{
  ((GstBuffer **) user_data)[index] = gst_buffer_ref (*buffer);
  return TRUE;
}

/* A list drops its buffers by a call inside of GStreamer: here it never drops
 * the last one. */
static void
drop_list (GstBufferList * list)
{
  guint n = gst_buffer_list_length (list), i;
  GstBuffer **buffers = g_new (GstBuffer *, n);

  gst_buffer_list_foreach (list, hold_buffer, buffers);
  REAL (gst_mini_object_unref) (GST_MINI_OBJECT_CAST (list));
  for (i = 0; i < n; i++)
    gst_buffer_unref (buffers[i]);
  g_free (buffers);
}

VISIBLE void
gst_mini_object_unref (GstMiniObject * object)
{
  if (drop_one (object, &object->refcount))
    return;
  if (GST_IS_BUFFER_LIST (object))
    drop_list (GST_BUFFER_LIST (object));
  else
    REAL (gst_mini_object_unref) (object);
}

VISIBLE gboolean
(g_atomic_ref_count_dec) (gatomicrefcount * count)
{
  gboolean (*real) (gatomicrefcount *) = __extension__
      (gboolean (*) (gatomicrefcount *)) dlsym (RTLD_NEXT,
      "g_atomic_ref_count_dec");

  return drop_one (count, (gint *) count) ? FALSE : real (count);
}

/* Where the count cannot be seen. */
#define UNREF(function, type) \
  VISIBLE void \
  function (type object) \
  { \
    __tsan_acquire (object); \
    __tsan_release (object); \
    REAL (function) (object); \
  }

UNREF (g_bytes_unref, GBytes *)
UNREF (g_closure_unref, GClosure *)
UNREF (g_main_context_unref, GMainContext *)
UNREF (g_source_unref, GSource *)

/* ---- Work handed to another thread -------------------------------------- */

/* A pool's function, with what comes before it. */
typedef struct
{
  GFunc function;
  gpointer user_data;
} Work;

static void
do_work (gpointer data, gpointer user_data)
{
  Work *work = user_data;

  __tsan_acquire (work);
  work->function (data, work->user_data);
}

VISIBLE GThreadPool *
g_thread_pool_new (GFunc function, gpointer user_data, gint max_threads,
    gboolean exclusive, GError ** error)
{
  /* Lives as long as the process: a pool does not tell when it ends. */
  Work *work = g_new0 (Work, 1);

  work->function = function;
  work->user_data = user_data;
  return REAL (g_thread_pool_new) (do_work, work, max_threads, exclusive,
      error);
}

VISIBLE gboolean
g_thread_pool_push (GThreadPool * pool, gpointer data, GError ** error)
{
  __tsan_release (pool->user_data);
  return REAL (g_thread_pool_push) (pool, data, error);
}

VISIBLE void
g_async_queue_push (GAsyncQueue * queue, gpointer data)
{
  __tsan_release (queue);
  REAL (g_async_queue_push) (queue, data);
}

#define POP(function, declaration, arguments) \
  VISIBLE gpointer \
  function declaration \
  { \
    gpointer data = REAL (function) arguments; \
    if (data != NULL) \
      __tsan_acquire (queue); \
    return data; \
  }

POP (g_async_queue_pop, (GAsyncQueue * queue), (queue))
POP (g_async_queue_try_pop, (GAsyncQueue * queue), (queue))
POP (g_async_queue_timeout_pop, (GAsyncQueue * queue, guint64 timeout),
    (queue, timeout))
