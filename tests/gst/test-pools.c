/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pools of srtpacketsrc by themselves: whatever is done downstream with a
 * buffer or a list, by whatever thread and for however long, nobody else sees
 * it, and the next packet knows nothing of it.
 */
#include <gst/net/net.h>

#include "../../gst/gstsrtlistpool.h"
#include "../../gst/gstsrtpacketpool.h"

#include "../unit/testing.h"

#define ROOM 200u
#define HANDS 3u
#define ROUNDS 4000u
#define BATCH 16u

/* Where GStreamer itself counts who has a part, it does so inside: to
 * ThreadSanitizer that would look like races. */
#ifdef __SANITIZE_THREAD__
#define PARTS FALSE
#else
#define PARTS TRUE
#endif

static GSocketAddress *
address_of (guint port)
{
  return g_inet_socket_address_new_from_string ("127.0.0.1", port);
}

/* Returns: a buffer with `size` bytes of the number. */
static GstBuffer *
packet_of (GstSrtPacketPool *pool, guint8 number, gsize size,
    GSocketAddress *address)
{
  guint8 *data;
  GstBuffer *buffer = gst_srt_packet_pool_acquire (pool, &data);

  memset (data, number, size);
  gst_srt_packet_received (buffer, size, address);
  GST_BUFFER_OFFSET (buffer) = number;
  return buffer;
}

static void
assert_filled (GstBuffer *buffer, guint8 number, gsize size)
{
  GstMapInfo map;
  gsize i;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_cmpuint (map.size, ==, size);
  for (i = 0; i < size; i++)
    g_assert_cmpuint (map.data[i], ==, number);
  gst_buffer_unmap (buffer, &map);
}

static void
scribble (GstBuffer *buffer)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READWRITE));
  memset (map.data, 0xee, map.size);
  gst_buffer_unmap (buffer, &map);
}

/* ---- One thread --------------------------------------------------------- */

static void
test_used_again (void)
{
  GstSrtPacketPool *pool = gst_srt_packet_pool_new (ROOM, 1);
  GstBuffer *first = packet_of (pool, 1, ROOM, NULL), *second;
  GstBuffer *was = first;

  gst_buffer_unref (first);
  second = packet_of (pool, 2, 20, NULL);
  g_assert_true (second == was);
  assert_filled (second, 2, 20);
  gst_buffer_unref (second);
  gst_srt_packet_pool_free (pool);
}

/* A copy, a part, a part of a part: who writes there writes nowhere else. */
static void
test_written (void)
{
  static const GstBufferCopyFlags flags[] = { GST_BUFFER_COPY_MEMORY,
    GST_BUFFER_COPY_MEMORY | GST_BUFFER_COPY_DEEP, GST_BUFFER_COPY_ALL,
    GST_BUFFER_COPY_MEMORY | GST_BUFFER_COPY_MERGE
  };
  GstSrtPacketPool *pool = gst_srt_packet_pool_new (ROOM, 1);
  GSocketAddress *address = address_of (1);
  guint i, from;

  for (i = 0; i < G_N_ELEMENTS (flags); i++) {
    for (from = 0; from <= 8; from += 4) {
      GstBuffer *buffer = packet_of (pool, 5, 100, address);
      GstBuffer *part = gst_buffer_copy_region (buffer, flags[i], from,
          100 - 2 * from);
      GstBuffer *further = gst_buffer_copy_region (part, flags[i], from, 40);

      assert_filled (part, 5, 100 - 2 * from);
      scribble (further);
      assert_filled (part, 5, 100 - 2 * from);
      scribble (part);
      assert_filled (buffer, 5, 100);
      assert_filled (further, 0xee, 40);
      gst_buffer_unref (part);
      scribble (buffer);
      gst_buffer_unref (buffer);
      assert_filled (further, 0xee, 40);
      gst_buffer_unref (further);
    }
  }
  g_object_unref (address);
  gst_srt_packet_pool_free (pool);
}

/* What is read without mapping is what mapping shows. */
static void
test_peek (void)
{
  GstSrtPacketPool *pool = gst_srt_packet_pool_new (ROOM, 1);
  GstBuffer *buffer = packet_of (pool, 6, 100, NULL), *part, *strange;
  const guint8 *data;
  gsize size;

  gst_buffer_resize (buffer, 10, 50);
  part = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, 5, 20);
  g_assert_true (gst_srt_packet_peek (buffer, &data, &size));
  g_assert_cmpuint (size, ==, 50);
  g_assert_cmpint (gst_buffer_memcmp (buffer, 0, data, size), ==, 0);
  g_assert_true (gst_srt_packet_peek (part, &data, &size));
  g_assert_cmpuint (size, ==, 20);
  g_assert_cmpint (gst_buffer_memcmp (part, 0, data, size), ==, 0);
  gst_buffer_unref (part);
  gst_buffer_append_memory (buffer, gst_allocator_alloc (NULL, 4, NULL));
  g_assert_false (gst_srt_packet_peek (buffer, &data, &size));
  gst_buffer_unref (buffer);
  strange = gst_buffer_new_allocate (NULL, 10, NULL);
  g_assert_false (gst_srt_packet_peek (strange, &data, &size));
  gst_buffer_unref (strange);
  gst_srt_packet_pool_free (pool);
}

static guint
port_of (GstBuffer *buffer)
{
  GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);

  g_assert_nonnull (meta);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (meta->addr));
}

/* Whatever addresses others noted, the next packet has its own. */
static void
test_addresses (void)
{
  GstSrtPacketPool *pool = gst_srt_packet_pool_new (ROOM, 1);
  GSocketAddress *addresses[4];
  GstBuffer *buffer;
  guint i, j;

  for (i = 0; i < 4; i++)
    addresses[i] = address_of (1000 + i);
  for (i = 0; i < 4; i++) {
    buffer = packet_of (pool, 1, 20, addresses[i]);
    g_assert_cmpuint (port_of (buffer), ==, 1000 + i);
    g_assert_cmpuint (gst_buffer_get_n_meta (buffer,
            GST_NET_ADDRESS_META_API_TYPE), ==, 1);
    for (j = 0; j < i; j++)
      gst_buffer_add_net_address_meta (buffer, addresses[j]);
    gst_buffer_unref (buffer);
  }
  for (i = 0; i < 4; i++)
    g_object_unref (addresses[i]);
  gst_srt_packet_pool_free (pool);
}

/* Whoever took packets out of a list, the next is whole. */
static void
test_lists (void)
{
  GstSrtListPool *pool = gst_srt_list_pool_new (4);
  GstBufferList *list;
  guint taken, i;

  for (taken = 0; taken <= 4; taken++) {
    list = gst_srt_list_pool_acquire (pool);
    g_assert_cmpuint (gst_buffer_list_length (list), ==, 0);
    for (i = 0; i < 4; i++)
      gst_buffer_list_add (list, gst_buffer_new ());
    if (taken > 0)
      gst_buffer_list_remove (list, 0, taken);
    gst_buffer_list_unref (list);
  }
  list = gst_srt_list_pool_acquire (pool);
  gst_srt_list_pool_free (pool);
  gst_buffer_list_unref (list);
}

/* ---- Threads ------------------------------------------------------------ */

typedef struct
{
  GAsyncQueue *lists;           /* GstBufferList; an empty one ends it */
  GQueue kept;                  /* GstBuffer */
  guint32 random;
} Hand;

static guint
draw (Hand *hand, guint n)
{
  hand->random = hand->random * 1664525u + 1013904223u;
  return (hand->random >> 16) % n;
}

static guint8
number_of (GstBuffer *buffer)
{
  guint8 number;

  g_assert_cmpuint (gst_buffer_extract (buffer, 0, &number, 1), ==, 1);
  return number;
}

/* Takes over the buffer. */
static void
treat (Hand *hand, GstBuffer *buffer)
{
  guint8 number = number_of (buffer);
  gsize size = gst_buffer_get_size (buffer);
  GstBuffer *copy;

  assert_filled (buffer, number, size);
  switch (PARTS ? draw (hand, 8) : 4 * draw (hand, 2)) {
    case 0:                    /* keeps it */
      g_queue_push_tail (&hand->kept, gst_buffer_ref (buffer));
      break;
    case 1:                    /* keeps a part */
      g_queue_push_tail (&hand->kept, gst_buffer_copy_region (buffer,
              GST_BUFFER_COPY_MEMORY, 1, size - 2));
      break;
    case 2:                    /* writes into what may be a copy, flags it */
      copy = gst_buffer_make_writable (gst_buffer_ref (buffer));
      scribble (copy);
      GST_BUFFER_FLAG_SET (copy, GST_BUFFER_FLAG_DROPPABLE);
      gst_buffer_unref (copy);
      break;
    case 3:                    /* keeps the memory alone */
      copy = gst_buffer_new ();
      gst_buffer_append_memory (copy, gst_buffer_get_memory (buffer, 0));
      g_queue_push_tail (&hand->kept, copy);
      break;
    default:
      break;
  }
  assert_filled (buffer, number, size);
  gst_buffer_unref (buffer);
}

static void
let_go (Hand *hand, guint most)
{
  while (hand->kept.length > most) {
    GstBuffer *buffer = g_queue_pop_head (&hand->kept);

    assert_filled (buffer, number_of (buffer), gst_buffer_get_size (buffer));
    gst_buffer_unref (buffer);
  }
}

static gpointer
run_hand (gpointer data)
{
  Hand *hand = data;
  GstBufferList *list;
  gboolean more;
  guint i, n;

  do {
    list = g_async_queue_pop (hand->lists);
    n = gst_buffer_list_length (list);
    more = n > 0;
    for (i = 0; i < n; i++)
      treat (hand, gst_buffer_ref (gst_buffer_list_get (list, i)));
    if (PARTS && more && draw (hand, 4) == 0) {
      list = gst_buffer_list_make_writable (list);
      gst_buffer_list_remove (list, 0, 1 + draw (hand, n));
    }
    gst_buffer_list_unref (list);
    let_go (hand, 50);
  } while (more);
  let_go (hand, 0);
  return NULL;
}

static void
push_batch (GstSrtPacketPool *pool, GstSrtListPool *lists, Hand *hands,
    guint round, GSocketAddress **addresses)
{
  GstBufferList *list = gst_srt_list_pool_acquire (lists);
  guint i;

  g_assert_cmpuint (gst_buffer_list_length (list), ==, 0);
  g_assert_true (gst_buffer_list_is_writable (list));
  for (i = 0; i < BATCH; i++) {
    guint caller = (round + i) % 2;
    GstBuffer *buffer = packet_of (pool, (guint8) (round * 7 + i),
        20 + i, addresses[caller]);

    g_assert_true (gst_buffer_is_writable (buffer));
    g_assert_false (GST_BUFFER_FLAG_IS_SET (buffer,
            GST_BUFFER_FLAG_DROPPABLE));
    g_assert_cmpuint (port_of (buffer), ==, 1000 + caller);
    gst_buffer_list_add (list, buffer);
  }
  /* Some lists are seen by all hands at once. */
  for (i = 0; i < HANDS; i++) {
    if ((PARTS && round % 3 == 0) || round / 2 % HANDS == i)
      g_async_queue_push (hands[i].lists, gst_buffer_list_ref (list));
  }
  gst_buffer_list_unref (list);
}

static void
test_threads (void)
{
  GSocketAddress *addresses[] = { address_of (1000), address_of (1001) };
  guint rounds = g_getenv ("SRTLA_TEST_SLOW") != NULL ? ROUNDS / 20 : ROUNDS;
  GstSrtPacketPool *pool;
  GstSrtListPool *lists;
  GThread *threads[HANDS];
  Hand hands[HANDS];
  guint i, round, life;

  memset (hands, 0, sizeof hands);
  for (i = 0; i < HANDS; i++) {
    hands[i].lists = g_async_queue_new ();
    hands[i].random = i + 1;
    threads[i] = g_thread_new ("hand", run_hand, &hands[i]);
  }
  /* Pools come and go while what they gave is still about. */
  for (life = 0; life < 8; life++) {
    pool = gst_srt_packet_pool_new (ROOM, BATCH);
    lists = gst_srt_list_pool_new (BATCH);
    for (round = 0; round < rounds / 8; round++)
      push_batch (pool, lists, hands, round, addresses);
    gst_srt_packet_pool_free (pool);
    gst_srt_list_pool_free (lists);
  }
  for (i = 0; i < HANDS; i++) {
    g_async_queue_push (hands[i].lists, gst_buffer_list_new ());
    g_thread_join (threads[i]);
    g_assert_cmpint (g_async_queue_length (hands[i].lists), ==, 0);
    g_async_queue_unref (hands[i].lists);
  }
  for (i = 0; i < G_N_ELEMENTS (addresses); i++) {
    g_assert_cmpuint (G_OBJECT (addresses[i])->ref_count, ==, 1);
    g_object_unref (addresses[i]);
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/pools/used-again", test_used_again);
  g_test_add_func ("/pools/written", test_written);
  g_test_add_func ("/pools/peek", test_peek);
  g_test_add_func ("/pools/addresses", test_addresses);
  g_test_add_func ("/pools/lists", test_lists);
  g_test_add_func ("/pools/threads", test_threads);
  status = g_test_run ();
  gst_deinit ();
  return status;
}
