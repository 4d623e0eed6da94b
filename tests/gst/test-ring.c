/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue of a sink pad by itself: what a full one drops, held against a
 * plain list; and which packets do not wait for others.
 */
#include "../../gst/gstsrtlaingress.h"

#include "../unit/testing.h"

#define DESTINATION 7

enum
{
  H = SRTLA_CLASS_HIGH,
  M = SRTLA_CLASS_MEDIUM,
  L = SRTLA_CLASS_LOW,
  B = SRTLA_CLASS_BEST_EFFORT,
};

/* ---- Packets ------------------------------------------------------------ */

static GstBuffer *
buffer_of (const guint8 *data, gsize size, guint number)
{
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);

  GST_BUFFER_OFFSET (buffer) = number;
  return buffer;
}

static GstBuffer *
data_buffer (guint number, gboolean again)
{
  guint8 data[TESTING_MAX_PACKET];

  return buffer_of (data, testing_data_packet (data, 100, number, DESTINATION,
          0, again), number);
}

/* Returns: a buffer whose class is `priority` on a pad that sets none. */
static GstBuffer *
buffer_of_class (guint priority, guint number)
{
  guint8 data[TESTING_MAX_PACKET];
  GstBuffer *buffer;

  if (priority == H)
    return buffer_of (data, number % 2 == 0 ? testing_ackack (data, number,
            DESTINATION, 0) : testing_induction (data, DESTINATION, number, 0),
        number);
  buffer = data_buffer (number, priority == M);
  if (priority == B)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DROPPABLE);
  return buffer;
}

static void
ring_init (GstSrtlaRing *ring, guint size)
{
  memset (ring, 0, sizeof *ring);
  ring->priority = SRTLA_PRIORITY_AUTO;
  g_assert_cmpuint (gst_srtla_ring_reset (ring, size), ==, 0);
}

/* Returns: the number of what was dropped, -1: nothing. */
static gint
push (GstSrtlaRing *ring, GstBuffer *buffer)
{
  GstBuffer *dropped = gst_srtla_ring_push (ring, buffer, 1000);
  gint number = dropped != NULL ? (gint) GST_BUFFER_OFFSET (dropped) : -1;

  gst_clear_buffer (&dropped);
  return number;
}

/* Returns: the number of the oldest packet, -1: there is none. */
static gint
take (GstSrtlaRing *ring)
{
  GstSrtlaArrival arrival;
  gint number;

  if (gst_srtla_ring_take (ring, &arrival, 1) == 0)
    return -1;
  number = (gint) GST_BUFFER_OFFSET (arrival.buffer);
  gst_buffer_unref (arrival.buffer);
  return number;
}

/* ---- A full ring -------------------------------------------------------- */

/* Eight are in, then eight more come: who goes for each, and what is left. */
static void
test_full (void)
{
  static const struct
  {
    const gchar *classes;
    gint dropped[8];
    gint left[8];
  } table[] = {
    /* Nothing but media: the oldest. */
    {"LLLLLLLL" "LLLLLLLL", {0, 1, 2, 3, 4, 5, 6, 7},
        {8, 9, 10, 11, 12, 13, 14, 15}},
    /* Best effort first, in order, be it the new one. */
    {"LBLHBMLL" "LLBLLLHH", {1, 4, 10, 0, 2, 6, 7, 8},
        {3, 5, 9, 11, 12, 13, 14, 15}},
    /* What is urgent stays, until there is nothing else. */
    {"HHHHMLLH" "HHHHHHHM", {5, 6, 4, 0, 1, 2, 3, 15},
        {7, 8, 9, 10, 11, 12, 13, 14}},
    {"HHHHHHHH" "LMBHHLLL", {8, 9, 10, 0, 1, 13, 14, 15},
        {2, 3, 4, 5, 6, 7, 11, 12}},
    {"BBBBBBBB" "HMLBHMLB", {0, 1, 2, 3, 4, 5, 6, 7},
        {8, 9, 10, 11, 12, 13, 14, 15}},
  };
  guint i, j, shift;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    for (shift = 0; shift < 8; shift++) {
      GstSrtlaRing ring;

      ring_init (&ring, 8);
      for (j = 0; j < shift; j++) {     /* where in the ring it begins */
        g_assert_cmpint (push (&ring, data_buffer (99, FALSE)), ==, -1);
        g_assert_cmpint (take (&ring), ==, 99);
      }
      for (j = 0; j < 16; j++) {
        guint priority = (guint) (strchr ("HMLB", table[i].classes[j])
            - "HMLB");

        g_assert_cmpint (push (&ring, buffer_of_class (priority, j)), ==,
            j < 8 ? -1 : table[i].dropped[j - 8]);
      }
      for (j = 0; j < 8; j++)
        g_assert_cmpint (take (&ring), ==, table[i].left[j]);
      g_assert_cmpint (take (&ring), ==, -1);
      gst_srtla_ring_reset (&ring, 0);
    }
  }
}

/* The class that its pad names, a critical window, several memories, what is not
 * SRT; and without any room. */
static void
test_marks (void)
{
  guint8 data[TESTING_MAX_PACKET];
  GstBuffer *split;
  GstSrtlaRing ring;
  gsize size;

  ring_init (&ring, 3);
  ring.priority = B;
  push (&ring, buffer_of_class (M, 0));
  push (&ring, buffer_of_class (H, 1));
  ring.priority = L;
  push (&ring, buffer_of_class (B, 2));
  /* All its data is LOW now, what it was before too. */
  g_assert_cmpint (push (&ring, data_buffer (3, FALSE)), ==, 0);
  ring.priority = SRTLA_PRIORITY_AUTO;
  gst_srtla_ring_reset (&ring, 3);

  ring.critical_until = 1001;
  push (&ring, data_buffer (0, FALSE));
  push (&ring, data_buffer (1, FALSE));
  push (&ring, data_buffer (2, FALSE));
  ring.critical_until = 1000;
  g_assert_cmpint (push (&ring, data_buffer (3, FALSE)), ==, 3);
  gst_srtla_ring_reset (&ring, 2);

  /* As udpsrc gives long datagrams. */
  size = testing_ackack (data, 1, DESTINATION, 0);
  split = gst_buffer_append (buffer_of (data, 3, 0), buffer_of (data + 3,
          size - 3, 0));
  g_assert_cmpuint (gst_buffer_n_memory (split), ==, 2);
  push (&ring, split);
  push (&ring, buffer_of ((const guint8 *) "What?", 5, 1));
  g_assert_cmpint (push (&ring, buffer_of_class (B, 2)), ==, 1);
  g_assert_cmpint (push (&ring, buffer_of_class (L, 3)), ==, 2);
  g_assert_cmpint (push (&ring, buffer_of_class (L, 4)), ==, 3);
  g_assert_cmpuint (gst_srtla_ring_reset (&ring, 0), ==, 2);

  g_assert_cmpint (push (&ring, buffer_of_class (H, 7)), ==, 7);
  g_assert_cmpint (take (&ring), ==, -1);
}

/* The packets of a key frame are told from the rest by the core's own rule. */
static void
test_key_frame (void)
{
  static const guint8 start[] = { 0x47, 0x41, 0x00, 0x30, 7, 0x40, 0, 0, 0, 0, 0,
    0, 0, 0, 1, 0xe0
  };
  guint8 data[TESTING_MAX_PACKET];
  GstSrtlaRing ring;
  guint i, j;

  ring_init (&ring, 6);
  for (i = 0; i < 6; i++) {
    testing_data_packet (data, SRTLA_SRT_HEADER + 188, i, DESTINATION, 0,
        FALSE);
    memset (data + SRTLA_SRT_HEADER, 0xff, 188);
    memcpy (data + SRTLA_SRT_HEADER, start, sizeof start);
    /* One begins with packet 1 and goes on in 2, the next frame is in 3. */
    if (i != 1)
      data[SRTLA_SRT_HEADER + 5] = 0;
    if (i == 2)
      data[SRTLA_SRT_HEADER + 1] = 0x01;
    push (&ring, buffer_of (data, SRTLA_SRT_HEADER + 188, i));
  }
  for (j = 0; j < 4; j++) {
    static const gint dropped[] = { 0, 3, 4, 5 };

    g_assert_cmpint (push (&ring, buffer_of_class (H, 10 + j)), ==, dropped[j]);
  }
  g_assert_cmpint (take (&ring), ==, 1);
  g_assert_cmpint (take (&ring), ==, 2);
  gst_srtla_ring_reset (&ring, 0);
}

/* ---- Against a list ----------------------------------------------------- */

typedef struct
{
  guint number, priority;
} Packet;

/* Returns: the number of the one that goes, -1 if there is room. */
static gint
list_push (GArray *list, guint size, guint number, guint priority)
{
  const Packet packet = { number, priority };
  guint i, worst;
  gint dropped;

  g_array_append_val (list, packet);
  if (list->len <= size)
    return -1;
  for (i = worst = 0; i < list->len; i++) {
    if (g_array_index (list, Packet, i).priority
        > g_array_index (list, Packet, worst).priority)
      worst = i;
  }
  dropped = (gint) g_array_index (list, Packet, worst).number;
  g_array_remove_index (list, worst);
  return dropped;
}

static gint
list_take (GArray *list)
{
  gint number = -1;

  if (list->len > 0) {
    number = (gint) g_array_index (list, Packet, 0).number;
    g_array_remove_index (list, 0);
  }
  return number;
}

static void
test_model (void)
{
  GRand *rand = testing_rand_new ();
  guint round, i, number = 0, drops = 0;

  for (round = 0; round < 200; round++) {
    guint size = (guint) g_rand_int_range (rand, 1, round % 10 == 0 ? 300 : 20);
    guint pushes = (guint) g_rand_int_range (rand, 20, 80);     /* % */
    GArray *list = g_array_new (FALSE, FALSE, sizeof (Packet));
    GstSrtlaRing ring;

    ring_init (&ring, size);
    for (i = 0; i < 1000; i++) {
      guint priority = (guint) g_rand_int_range (rand, 0, SRTLA_N_CLASSES);

      if (testing_chance (rand, pushes)) {
        gint dropped = list_push (list, size, number, priority);

        g_assert_cmpint (push (&ring, buffer_of_class (priority, number)), ==,
            dropped);
        drops += dropped >= 0 ? 1 : 0;
        number++;
      } else {
        g_assert_cmpint (take (&ring), ==, list_take (list));
      }
      g_assert_cmpuint (ring.queued, ==, list->len);
    }
    gst_srtla_ring_reset (&ring, 0);
    g_array_unref (list);
  }
  g_assert_cmpuint (drops, >, 10000);
  g_rand_free (rand);
}

/* ---- What does not wait ------------------------------------------------- */

static gboolean
is_urgent (GstSrtlaIngress *ingress, GstBuffer *buffer)
{
  GstSrtlaIngressNews news;
  GstSrtlaArrival arrival;
  GstBufferList *list = gst_buffer_list_new ();
  gboolean alone, in_list;

  gst_buffer_list_add (list, gst_buffer_ref (buffer));
  g_assert_true (gst_srtla_ingress_push (ingress, buffer, &alone));
  g_assert_cmpint (gst_srtla_ingress_is_urgent (ingress), ==, alone);
  g_assert_cmpuint (gst_srtla_ingress_take (ingress, &arrival, 1, &news), ==, 1);
  gst_buffer_unref (arrival.buffer);
  g_assert_false (gst_srtla_ingress_is_urgent (ingress));

  /* Nobody looks at what comes in a list but the loop, before it pauses. */
  g_assert_true (gst_srtla_ingress_push_list (ingress, list, &in_list));
  g_assert_cmpint (gst_srtla_ingress_is_urgent (ingress), ==, alone);
  g_assert_cmpuint (gst_srtla_ingress_take (ingress, &arrival, 1, &news), ==, 1);
  gst_buffer_unref (arrival.buffer);
  return alone;
}

static void
check_urgent (GstSrtlaIngress *ingress, gint priority, const gboolean *expected)
{
  SrtlaFlowSettings settings = srtla_flow_defaults;
  guint8 data[TESTING_MAX_PACKET];
  guint i;

  settings.priority = priority;
  gst_srtla_ingress_set_settings (ingress, &settings);
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    g_assert_cmpint (is_urgent (ingress, buffer_of_class (i, i)), ==,
        expected[i]);
  /* A shutdown keeps its place, what is not SRT will be dropped. */
  g_assert_cmpint (is_urgent (ingress, buffer_of (data, testing_shutdown (data,
                  DESTINATION, 0), 0)), ==, expected[L]);
  if (priority != H)
    g_assert_false (is_urgent (ingress, buffer_of ((const guint8 *)
                "\200\006", 2, 0)));
}

static void
test_urgent (void)
{
  static const struct
  {
    gint priority;
    gboolean expected[SRTLA_N_CLASSES];
  } table[] = {
    {SRTLA_PRIORITY_AUTO, {TRUE, TRUE, FALSE, FALSE}},
    {H, {TRUE, TRUE, TRUE, TRUE}},
    {M, {TRUE, FALSE, FALSE, FALSE}},
    {L, {TRUE, FALSE, FALSE, FALSE}},
    {B, {TRUE, FALSE, FALSE, FALSE}},
  };
  static const gboolean critical[] = { TRUE, TRUE, TRUE, FALSE };
  GstSrtlaIngress *ingress = gst_srtla_ingress_new ();
  guint i;

  gst_srtla_ingress_reset (ingress, 100);
  for (i = 0; i < G_N_ELEMENTS (table); i++)
    check_urgent (ingress, table[i].priority, table[i].expected);
  gst_srtla_ingress_set_critical (ingress, SRTLA_TIME_NONE);
  for (i = 0; i < G_N_ELEMENTS (critical); i++) {
    SrtlaFlowSettings settings = srtla_flow_defaults;

    gst_srtla_ingress_set_settings (ingress, &settings);
    g_assert_cmpint (is_urgent (ingress, buffer_of_class (i, i)), ==,
        critical[i]);
  }
  gst_srtla_ingress_unref (ingress);
}

/* So many that they are a batch by themselves. */
static void
test_filling (void)
{
  GstSrtlaIngress *ingress = gst_srtla_ingress_new ();
  GstSrtlaIngressStats stats;
  gboolean urgent;
  guint i;

  gst_srtla_ingress_reset (ingress, 2 * GST_SRTLA_INGRESS_FILLING);
  for (i = 1; i <= 3 * GST_SRTLA_INGRESS_FILLING; i++) {
    g_assert_true (gst_srtla_ingress_push (ingress, data_buffer (i, FALSE),
            &urgent));
    g_assert_cmpint (urgent, ==, i >= GST_SRTLA_INGRESS_FILLING);
    g_assert_cmpint (gst_srtla_ingress_is_urgent (ingress), ==, urgent);
  }
  gst_srtla_ingress_get_stats (ingress, &stats);
  g_assert_cmpuint (stats.packets_received, ==, 3 * GST_SRTLA_INGRESS_FILLING);
  g_assert_cmpuint (stats.dropped_full, ==, GST_SRTLA_INGRESS_FILLING);
  g_assert_cmpuint (stats.queued, ==, 2 * GST_SRTLA_INGRESS_FILLING);
  gst_srtla_ingress_flush (ingress, TRUE);
  gst_srtla_ingress_get_stats (ingress, &stats);
  g_assert_cmpuint (stats.dropped_flushed, ==, 2 * GST_SRTLA_INGRESS_FILLING);
  g_assert_false (gst_srtla_ingress_push (ingress, data_buffer (0, FALSE),
          &urgent));
  gst_srtla_ingress_unref (ingress);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/ring/full", test_full);
  g_test_add_func ("/ring/marks", test_marks);
  g_test_add_func ("/ring/key-frame", test_key_frame);
  g_test_add_func ("/ring/model", test_model);
  g_test_add_func ("/ring/urgent", test_urgent);
  g_test_add_func ("/ring/filling", test_filling);
  status = g_test_run ();
  gst_deinit ();
  return status;
}
