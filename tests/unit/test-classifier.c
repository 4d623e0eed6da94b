/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-classifier.h"
#include "counting-malloc.h"
#include "testing.h"

#define TS_SIZE 188
#define VIDEO 0x100
#define AUDIO 0x101

static const SrtlaMarks automatic = { SRTLA_PRIORITY_AUTO, FALSE, FALSE };

static SrtlaVerdict
classify (SrtlaClassifier *classifier, const guint8 *data, gsize size,
    const SrtlaMarks *marks)
{
  return srtla_classify (classifier, srtla_packet_kind (data, size), data,
      size, marks);
}

/* ---- The table of classes ---------------------------------------------- */

static void
test_classes (void)
{
  static const struct
  {
    SrtlaClass priority;
    const gchar *name;
    SrtlaTime budget;           /* µs */
  } table[] = {
    {SRTLA_CLASS_HIGH, "high", 1000},
    {SRTLA_CLASS_MEDIUM, "medium", 10000},
    {SRTLA_CLASS_LOW, "low", 100000},
    {SRTLA_CLASS_BEST_EFFORT, "best-effort", SRTLA_TIME_NONE},
  };
  guint i;

  g_assert_cmpuint (G_N_ELEMENTS (table), ==, SRTLA_N_CLASSES);
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaClassSettings *settings = &srtla_class_defaults[i];

    g_assert_cmpuint (table[i].priority, ==, i);
    g_assert_cmpstr (srtla_class_names[i], ==, table[i].name);
    g_assert_cmpint (srtla_class_find (table[i].name), ==, i);
    g_assert_cmpuint (settings->budget, ==, table[i].budget);
    g_assert_cmpuint (settings->quantum, >=, SRTLA_MAX_DATAGRAM);
    g_assert_cmpuint (settings->length, >, 0);
  }
  g_assert_cmpint (srtla_class_find ("auto"), ==, -1);
  g_assert_cmpint (srtla_class_find (""), ==, -1);
  g_assert_cmpint (srtla_class_find (NULL), ==, -1);
}

/* ---- Kinds and marks --------------------------------------------------- */

enum
{
  H = SRTLA_CLASS_HIGH,
  M = SRTLA_CLASS_MEDIUM,
  L = SRTLA_CLASS_LOW,
  B = SRTLA_CLASS_BEST_EFFORT,
  AUTO = SRTLA_PRIORITY_AUTO,
};

static void
test_kinds (void)
{
  static const SrtlaMarks marks[] = {
    {AUTO, FALSE, FALSE}, {AUTO, FALSE, TRUE}, {AUTO, TRUE, FALSE},
    {AUTO, TRUE, TRUE}, {H, TRUE, FALSE}, {M, FALSE, FALSE},
    {L, FALSE, TRUE}, {B, FALSE, TRUE},
  };
  static const struct
  {
    gint type;                  /* control type, -1 = data, -2 = again */
    guint expected[G_N_ELEMENTS (marks)];
    gboolean in_order;
  } table[] = {
    {-1, {L, M, B, B, H, M, L, B}, FALSE},
    {-2, {M, M, B, B, H, M, L, B}, FALSE},
    {0x0000, {H, H, H, H, H, H, H, H}, FALSE},  /* handshake */
    {0x0001, {H, H, H, H, H, H, H, H}, FALSE},  /* keepalive */
    {0x0002, {H, H, H, H, H, H, H, H}, FALSE},  /* ACK */
    {0x0003, {H, H, H, H, H, H, H, H}, FALSE},  /* NAK */
    {0x0004, {H, H, H, H, H, H, H, H}, FALSE},
    {0x0005, {L, L, L, L, H, M, L, B}, TRUE},   /* shutdown */
    {0x0006, {H, H, H, H, H, H, H, H}, FALSE},  /* ACKACK */
    {0x0007, {H, H, H, H, H, H, H, H}, FALSE},  /* drop request */
    {0x0008, {H, H, H, H, H, H, H, H}, FALSE},
    {0x7fff, {H, H, H, H, H, H, H, H}, FALSE},  /* key material */
  };
  guint8 packet[TESTING_MAX_PACKET];
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    gsize size = table[i].type >= 0
        ? testing_control_header (packet, (guint16) table[i].type, 0, 9, 0)
        : testing_data_packet (packet, 1332, 7, 9, 0, table[i].type == -2);

    for (j = 0; j < G_N_ELEMENTS (marks); j++) {
      SrtlaClassifier classifier = { 0, };
      SrtlaVerdict verdict = classify (&classifier, packet, size, &marks[j]);

      g_test_message ("row %u, marks %u", i, j);
      g_assert_cmpuint (verdict.priority, ==, table[i].expected[j]);
      g_assert_cmpint (verdict.in_order, ==, table[i].in_order);
      /* There is no key frame in them: the header says it all. */
      verdict = srtla_classify_header (srtla_packet_kind (packet, size), packet,
          &marks[j]);
      g_assert_cmpuint (verdict.priority, ==, table[i].expected[j]);
      g_assert_cmpint (verdict.in_order, ==, table[i].in_order);
    }
  }
}

/* ---- Key frames -------------------------------------------------------- */

/* What a TS packet is, one letter each. */
static void
write_ts (guint8 *ts, gchar what)
{
  gboolean audio = what == 'a' || what == 'A';
  gboolean starts = strchr ("KFAXQREZP", what) != NULL;
  gboolean random = strchr ("KAXQREZP", what) != NULL;
  guint payload = random ? 12 : 4;

  memset (ts, 0xff, TS_SIZE);
  ts[0] = 0x47;
  srtla_write_u16 (ts + 1, (audio ? AUDIO : what == 'o' || what == 'X'
          ? VIDEO + 7 : what == 'n' ? 0x1fff : VIDEO)
      | (starts ? 0x4000 : 0));
  ts[3] = random ? 0x30 : 0x10;
  if (random) {
    ts[4] = 7;
    ts[5] = 0x40;
  }
  if (starts) {
    srtla_write_u32 (ts + payload, 0x100 | (audio ? 0xc0 : 0xe0));
    if (what == 'Q')
      ts[payload] = 1;          /* no PES packet starts here */
    if (what == 'R')
      ts[4] = 182;              /* no room for its header */
    if (what == 'E')
      ts[3] |= 0x80;            /* scrambled */
    if (what == 'Z')
      ts[4] = 0;                /* no indicator after all */
    if (what == 'P')
      ts[3] = 0x20;             /* no payload */
  }
}

static gsize
write_media (guint8 *packet, const gchar *what, guint key_flags)
{
  gsize i, n = strlen (what);
  gsize size = testing_data_packet (packet, SRTLA_SRT_HEADER + n * TS_SIZE, 1,
      9, 0, FALSE);

  packet[4] |= (guint8) (key_flags << 3);
  for (i = 0; i < n; i++)
    write_ts (packet + SRTLA_SRT_HEADER + i * TS_SIZE, what[i]);
  return size;
}

static void
test_key_frames (void)
{
  /* K key frame, F other frame, v more of either, A and a audio with and
   * without indicator, o another PID, X its key frame, n stuffing, QREP
   * no readable start of video, Z no indicator. A row is a stream of packets and their classes. */
  static const struct
  {
    const gchar *packets[6];
    const gchar *expected;
  } table[] = {
    {{"vvvvvvv", "Fvvvvvv", "vvaavvF"}, "LLL"},
    {{"Kvvvvvv", "vvvvvvv", "vavavav"}, "MMM"},
    {{"vvvvvvK", "vFvvvvv", "vvvvvvv"}, "MML"},
    {{"Kvvvvvv", "Fvvvvvv", "vvvvvvv"}, "MLL"},
    {{"KvFvvvv", "vvvvvvv"}, "ML"},
    {{"Kvvvvvv", "aaaaaaa", "nnnnnnn", "vvvvvFv", "aaaaaaa"}, "MMMML"},
    {{"AaaaAaa", "AvvvvvA"}, "LL"},     /* audio's indicator is none */
    {{"Kvvvvvv", "AaaAaaa", "Fvvvvvv"}, "MML"},
    {{"Kvvvvvv", "Kvvvvvv", "Fvvvvvv"}, "MML"},
    {{"Kvvvvvv", "Xoooooo", "Fvvvvvv", "ooooooo"}, "MMMM"},
    {{"Qvvvvvv", "vvvvvvR", "Evvvvvv", "Pvvvvvv"}, "LLLL"},
    {{"Kvvvvvv", "Zvvvvvv"}, "ML"},
    {{"K"}, "M"},
    {{"oK"}, "M"},
  };
  guint8 packet[TESTING_MAX_PACKET];
  guint i, j;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaClassifier classifier = { 0, };

    for (j = 0; table[i].packets[j] != NULL; j++) {
      gsize size = write_media (packet, table[i].packets[j], 0);
      guint8 *exact = testing_exact_copy (packet, size);
      SrtlaVerdict verdict = classify (&classifier, exact, size, &automatic);

      g_test_message ("row %u, packet %u", i, j);
      g_assert_cmpuint (verdict.priority, ==,
          table[i].expected[j] == 'M' ? M : L);
      free (exact);
    }
  }
}

/* What is no clear TS ends a key frame; marks and retransmissions do not. */
static void
test_key_frame_interrupted (void)
{
  static const struct
  {
    guint key_flags;
    guint cut;                  /* bytes off the end */
    gboolean again;
    SrtlaMarks marks;
    guint meanwhile, after;
  } table[] = {
    {0, 0, FALSE, {AUTO, FALSE, FALSE}, M, M},
    {1, 0, FALSE, {AUTO, FALSE, FALSE}, L, L},
    {2, 0, FALSE, {AUTO, FALSE, FALSE}, L, L},
    {3, 0, FALSE, {AUTO, FALSE, FALSE}, L, L},
    {0, 1, FALSE, {AUTO, FALSE, FALSE}, L, L},
    {0, 7 * TS_SIZE, FALSE, {AUTO, FALSE, FALSE}, L, L},
    {0, 0, TRUE, {AUTO, FALSE, FALSE}, M, M},
    {1, 0, TRUE, {AUTO, FALSE, FALSE}, M, M},
    {0, 0, FALSE, {AUTO, TRUE, FALSE}, B, M},
    {0, 0, FALSE, {L, FALSE, FALSE}, L, M},
  };
  guint8 packet[TESTING_MAX_PACKET];
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaClassifier classifier = { 0, };
    gsize size = write_media (packet, "Kvvvvvv", 0);

    g_test_message ("row %u", i);
    g_assert_cmpuint (classify (&classifier, packet, size,
            &automatic).priority, ==, M);
    size = write_media (packet, "vvvvvvv", table[i].key_flags)
        - table[i].cut;
    packet[4] |= table[i].again ? 0x04 : 0;
    g_assert_cmpuint (classify (&classifier, packet, size,
            &table[i].marks).priority, ==, table[i].meanwhile);
    size = write_media (packet, "vvvvvvv", 0);
    g_assert_cmpuint (classify (&classifier, packet, size,
            &automatic).priority, ==, table[i].after);
  }
}

/* A frame's end is seen although the packet that has it is marked. */
static void
test_followed_below_marks (void)
{
  static const SrtlaMarks droppable = { AUTO, TRUE, FALSE };
  SrtlaClassifier classifier = { 0, };
  guint8 packet[TESTING_MAX_PACKET];

  classify (&classifier, packet, write_media (packet, "Kvvvvvv", 0),
      &droppable);
  g_assert_cmpuint (classify (&classifier, packet,
          write_media (packet, "vvvvvvv", 0), &automatic).priority, ==, M);
  classify (&classifier, packet, write_media (packet, "Fvvvvvv", 0),
      &droppable);
  g_assert_cmpuint (classify (&classifier, packet,
          write_media (packet, "vvvvvvv", 0), &automatic).priority, ==, L);
}

/* Any bytes: nothing beyond their end is read, data is MEDIUM or LOW. */
static void
test_any_bytes (void)
{
  GRand *rand = testing_rand_new ();
  SrtlaClassifier classifier = { 0, };
  guint64 before;
  guint i;

  for (i = 0; i < 20000; i++) {
    guint8 packet[TESTING_MAX_PACKET], *exact;
    gsize j, size;
    guint priority;

    size = SRTLA_SRT_HEADER + (gsize) g_rand_int_range (rand, 0, 8) * TS_SIZE;
    testing_random (packet, size, rand);
    packet[0] &= 0x7f;
    packet[4] &= (guint8) ~0x1c;
    for (j = SRTLA_SRT_HEADER; j < size; j += TS_SIZE)
      packet[j] = testing_chance (rand, 99) ? 0x47 : 0;
    exact = testing_exact_copy (packet, size);
    before = counted_allocations;
    priority = classify (&classifier, exact, size, &automatic).priority;
    g_assert_cmpuint (counted_allocations, ==, before);
    g_assert_true (priority == M || priority == L);
    free (exact);
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/classifier/classes", test_classes);
  g_test_add_func ("/classifier/kinds", test_kinds);
  g_test_add_func ("/classifier/key-frames", test_key_frames);
  g_test_add_func ("/classifier/key-frame-interrupted",
      test_key_frame_interrupted);
  g_test_add_func ("/classifier/followed-below-marks",
      test_followed_below_marks);
  g_test_add_func ("/classifier/any-bytes", test_any_bytes);
  return g_test_run ();
}
