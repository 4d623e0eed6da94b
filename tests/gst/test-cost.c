/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a packet costs in steady state: allocations in all threads but that of
 * the model receiver. This program's own malloc () stands before the C
 * library's; G_SLICE=always-malloc must be in the environment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "flow-testing.h"

#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define COUNTS FALSE            /* they have a malloc () of their own */
#else
#define COUNTS TRUE
#endif

#define EXPORT __attribute__ ((visibility ("default")))

/* Packets that are measured, and that come before, to fill all pools. */
#define PACKETS 4000u
#define WARM_UP 4000u
#define SPACING 200             /* µs between evenly spaced packets */
#define BURST 64                /* packets at once, each BURST × SPACING */
#define CALLER 0x1234u
#define MOST 0.05               /* allocations a packet */

static gboolean
counts (void)
{
  if (COUNTS && g_getenv ("SRTLA_TEST_SLOW") == NULL)
    return TRUE;
  g_test_skip ("sanitizers and valgrind have their own malloc ()");
  return FALSE;
}

/* ---- Allocations -------------------------------------------------------- */

/* Atomic. By `silent` the thread of the test is left out. */
static gint allocations, counting, silent;

#if COUNTS
/* The model receiver keeps what it gets. */
static void
count (void)
{
  char name[17] = "";

  if (!__atomic_load_n (&counting, __ATOMIC_RELAXED))
    return;
  prctl (PR_GET_NAME, name);
  if (strncmp (name, "model", 5) != 0
      && !(__atomic_load_n (&silent, __ATOMIC_RELAXED)
          && getpid () == syscall (SYS_gettid)))
    __atomic_fetch_add (&allocations, 1, __ATOMIC_RELAXED);
}

/* glibc's own, which these stand before. */
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *memory, size_t size);
extern void *__libc_memalign (size_t alignment, size_t size);

EXPORT void *malloc (size_t size);
EXPORT void *calloc (size_t n, size_t size);
EXPORT void *realloc (void *memory, size_t size);
EXPORT void *memalign (size_t alignment, size_t size);
EXPORT void *aligned_alloc (size_t alignment, size_t size);
EXPORT int posix_memalign (void **memory, size_t alignment, size_t size);

void *
malloc (size_t size)
{
  count ();
  return __libc_malloc (size);
}

void *
calloc (size_t n, size_t size)
{
  count ();
  return __libc_calloc (n, size);
}

void *
realloc (void *memory, size_t size)
{
  count ();
  return __libc_realloc (memory, size);
}

void *
memalign (size_t alignment, size_t size)
{
  count ();
  return __libc_memalign (alignment, size);
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  count ();
  return __libc_memalign (alignment, size);
}

int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  count ();
  *memory = __libc_memalign (alignment, size);
  return *memory != NULL ? 0 : ENOMEM;
}
#endif

static void
start_counting (void)
{
  allocations = 0;
  g_atomic_int_set (&counting, TRUE);
}

static void
check_count (const gchar *what)
{
  gdouble each;

  g_atomic_int_set (&counting, FALSE);
  each = (gdouble) g_atomic_int_get (&allocations) / PACKETS;
  g_test_message ("%s: %.4f allocations a packet", what, each);
  g_assert_cmpfloat (each, <=, MOST);
}

/* ---- The sink alone ------------------------------------------------------ */

/* Returns: what is pushed for all packets: buffers, or lists of `n`. */
static GPtrArray *
prepare (guint n)
{
  GPtrArray *all = g_ptr_array_new ();
  guint32 i, j;

  for (i = 0; i < WARM_UP + PACKETS; i += n) {
    GstBufferList *list = n > 1 ? gst_buffer_list_new_sized (n) : NULL;

    for (j = i; j < i + n; j++) {
      GstBuffer *buffer = testing_buffer (j, 7);

      if (list != NULL)
        gst_buffer_list_insert (list, -1, buffer);
      else
        g_ptr_array_add (all, buffer);
    }
    if (list != NULL)
      g_ptr_array_add (all, list);
  }
  return all;
}

/* Paced: this is about packets that come apart. */
static void
push_all (Fixture *fixture, guint n, gulong pause, const gchar *what)
{
  GPtrArray *all = prepare (n);
  GstPad *pad = fixture->harness->srcpad;
  guint i;

  for (i = 0; i < all->len; i++) {
    if (i == WARM_UP / n) {
      fixture_wait_packets (fixture, WARM_UP);
      start_counting ();
    }
    if (n > 1)
      g_assert_cmpint (gst_pad_push_list (pad, all->pdata[i]), ==, GST_FLOW_OK);
    else
      g_assert_cmpint (gst_pad_push (pad, all->pdata[i]), ==, GST_FLOW_OK);
    if (pause > 0 && (i + 1) * n % (pause / SPACING) == 0)
      g_usleep (pause);
  }
  fixture_wait_packets (fixture, WARM_UP + PACKETS);
  check_count (what);
  g_ptr_array_unref (all);
}

static void
test_single (Fixture *fixture, gconstpointer data)
{
  (void) data;
  if (!counts ())
    return;
  fixture_play (fixture, 2);
  push_all (fixture, 1, SPACING, "single buffers, evenly spaced");
}

static void
test_single_bursts (Fixture *fixture, gconstpointer data)
{
  (void) data;
  if (!counts ())
    return;
  fixture_play (fixture, 2);
  push_all (fixture, 1, BURST * SPACING, "single buffers, in bursts");
}

static void
test_short_lists (Fixture *fixture, gconstpointer data)
{
  (void) data;
  if (!counts ())
    return;
  fixture_play (fixture, 2);
  push_all (fixture, 5, 5 * SPACING, "lists of 5");
}

static void
test_long_lists (Fixture *fixture, gconstpointer data)
{
  (void) data;
  if (!counts ())
    return;
  fixture_play (fixture, 2);
  push_all (fixture, 50, 50 * SPACING, "lists of 50");
}

/* ---- srtpacketsrc ! srtlasink -------------------------------------------- */

typedef struct
{
  ModelReceiver *receiver;
  GstElement *pipeline;
  GSocket *caller;
} Chain;

static void
chain_start (Chain *chain)
{
  gint64 until = g_get_monotonic_time () + testing_patience ();
  guint8 data[TESTING_MAX_PACKET];
  GSocketAddress *address;
  GError *error = NULL;
  GstElement *source;
  GSocket *used;
  gchar *line;

  chain->receiver = model_receiver_new (SRTLA_BEHAVIOUR_A, "127.0.0.1", 0);
  line = g_strdup_printf ("srtpacketsrc name=source address=127.0.0.1 port=0 ! "
      "srtlasink uri=srtla://127.0.0.1:%u uplinks=127.0.0.2,127.0.0.3",
      model_receiver_port (chain->receiver));
  chain->pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  g_free (line);
  gst_element_set_state (chain->pipeline, GST_STATE_PLAYING);
  source = gst_bin_get_by_name (GST_BIN (chain->pipeline), "source");
  g_object_get (source, "used-socket", &used, NULL);
  address = g_socket_get_local_address (used, &error);
  g_assert_no_error (error);
  chain->caller = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, &error);
  g_assert_no_error (error);
  g_assert_true (g_socket_connect (chain->caller, address, NULL, &error));
  g_object_unref (address);
  g_object_unref (used);
  gst_object_unref (source);
  /* Until an uplink is up packets are dropped. */
  do {
    gsize size = testing_data_packet (data, TESTING_PACKET_SIZE, 0, 7, 0,
        FALSE);

    g_assert_cmpint (send (g_socket_get_fd (chain->caller), data, size, 0), ==,
        (gssize) size);
    g_assert_cmpint (g_get_monotonic_time (), <, until);
  } while (!model_receiver_wait_packets (chain->receiver, 1, 20000));
}

static void
chain_stop (Chain *chain)
{
  gst_element_set_state (chain->pipeline, GST_STATE_NULL);
  gst_object_unref (chain->pipeline);
  g_object_unref (chain->caller);
  model_receiver_free (chain->receiver);
}

static void
chain_wait (Chain *chain, guint64 n)
{
  g_assert_true (model_receiver_wait_packets (chain->receiver, n,
          testing_patience ()));
}

/* The SRT server acknowledges each 10 ms: what it has need not be kept. */
static void
acknowledge (Chain *chain, guint32 sequence)
{
  guint8 data[TESTING_MAX_PACKET];

  if (sequence % 50 == 0)
    model_receiver_relay (chain->receiver, data, testing_ack (data,
            sequence / 50, sequence, CALLER, sequence * SPACING));
}

static void
send_all (guint burst, const gchar *what)
{
  guint8 data[TESTING_MAX_PACKET];
  Chain chain;
  guint32 i;

  if (!counts ())
    return;
  g_atomic_int_set (&silent, TRUE);
  chain_start (&chain);
  for (i = 1; i <= WARM_UP + PACKETS; i++) {
    gsize size = testing_data_packet (data, TESTING_PACKET_SIZE, i, 7,
        i * SPACING, FALSE);

    if (i == WARM_UP + 1) {
      chain_wait (&chain, 1 + WARM_UP);
      start_counting ();
    }
    g_assert_cmpint (send (g_socket_get_fd (chain.caller), data, size, 0), ==,
        (gssize) size);
    acknowledge (&chain, i);
    if (i % burst == 0)
      g_usleep (burst * SPACING);
  }
  chain_wait (&chain, 1 + WARM_UP + PACKETS);
  check_count (what);
  g_atomic_int_set (&silent, FALSE);
  chain_stop (&chain);
}

static void
test_source_evenly (void)
{
  send_all (1, "srtpacketsrc ! srtlasink, evenly spaced");
}

static void
test_source_bursts (void)
{
  send_all (BURST, "srtpacketsrc ! srtlasink, in bursts");
}

static void
add_tests (void)
{
  if (COUNTS && g_strcmp0 (g_getenv ("G_SLICE"), "always-malloc") != 0)
    g_error ("G_SLICE=always-malloc must be in the environment");
  fixture_add_test ("/cost/single", test_single);
  fixture_add_test ("/cost/single-bursts", test_single_bursts);
  fixture_add_test ("/cost/short-lists", test_short_lists);
  fixture_add_test ("/cost/long-lists", test_long_lists);
  g_test_add_func ("/cost/source-evenly", test_source_evenly);
  g_test_add_func ("/cost/source-bursts", test_source_bursts);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
