/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "testing.h"

#define TOP SRTLA_SEQ_MASK

static const guint8 header[SRTLA_SRT_HEADER] = {
  0x80, 3, 0xab, 0xcd, 1, 2, 3, 4, 0xde, 0xad, 0xbe, 0xef, 0x12, 0x34, 0x56,
  0x78
};

static void
test_table (void)
{
  static const struct
  {
    TestingRange in[4];
    guint n_in;
    guint32 words[8];
    guint n_words;
  } table[] = {
    {{{0, 0}}, 0, {0}, 0},
    {{{7, 7}}, 1, {7}, 1},
    {{{7, 9}}, 1, {0x80000007, 9}, 2},
    {{{7, 7}, {8, 8}}, 2, {0x80000007, 8}, 2},
    {{{7, 7}, {8, 8}, {9, 9}}, 3, {0x80000007, 9}, 2},
    {{{7, 7}, {9, 9}}, 2, {7, 9}, 2},
    {{{7, 8}, {10, 12}, {13, 13}}, 3, {0x80000007, 8, 0x8000000a, 13}, 4},
    {{{9, 9}, {8, 8}}, 2, {9, 8}, 2},   /* order is kept */
    {{{7, 7}, {7, 7}}, 2, {7, 7}, 2},
    {{{TOP, TOP}, {0, 0}}, 2, {0xffffffff, 0}, 2},
    {{{TOP - 1, TOP}, {0, 4}, {6, 6}}, 3, {0xfffffffe, 4, 6}, 3},
    {{{TOP - 5, 3}}, 1, {0xfffffffa, 3}, 2},
    {{{0, 0}, {TOP, TOP}}, 2, {0, TOP}, 2},
  };
  guint8 out[SRTLA_NAK_SIZE];
  SrtlaNakWriter writer;
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    gsize size;

    g_test_message ("row %u", i);
    srtla_nak_writer_init (&writer, out, header);
    for (k = 0; k < table[i].n_in; k++)
      g_assert_true (srtla_nak_writer_add (&writer, table[i].in[k].first,
              table[i].in[k].last));
    size = srtla_nak_writer_finish (&writer);
    if (table[i].n_words == 0) {
      g_assert_cmpuint (size, ==, 0);
      continue;
    }
    g_assert_cmpmem (out, SRTLA_SRT_HEADER, header, SRTLA_SRT_HEADER);
    g_assert_cmpuint (size, ==, SRTLA_SRT_HEADER + 4 * table[i].n_words);
    for (k = 0; k < table[i].n_words; k++)
      g_assert_cmphex (srtla_read_u32 (out + SRTLA_SRT_HEADER + 4 * k), ==,
          table[i].words[k]);
    g_assert_cmpint (srtla_packet_kind (out, size), ==, SRTLA_KIND_SRT_NAK);
  }
}

static void
assert_reads (const guint8 *data, gsize size, guint32 first, guint32 last)
{
  guint32 read_first, read_last;
  SrtlaNakReader reader;

  srtla_nak_reader_init (&reader, data, size);
  g_assert_true (srtla_nak_reader_next (&reader, &read_first, &read_last));
  g_assert_cmpuint (read_first, ==, first);
  g_assert_cmpuint (read_last, ==, last);
}

/* A range of half the circle or more has no order: it must not come about by
 * joining two that have. */
static void
test_half_circle (void)
{
  guint8 out[SRTLA_NAK_SIZE];
  SrtlaNakWriter writer;
  SrtlaNakReader reader;
  guint32 first, last, covered = 0;
  gsize size;

  srtla_nak_writer_init (&writer, out, header);
  g_assert_true (srtla_nak_writer_add (&writer, 10, 10 + SRTLA_SEQ_HALF - 1));
  size = srtla_nak_writer_finish (&writer);
  assert_reads (out, size, 10, 10 + SRTLA_SEQ_HALF - 1);

  srtla_nak_writer_init (&writer, out, header);
  g_assert_true (srtla_nak_writer_add (&writer, 10, 10 + SRTLA_SEQ_HALF - 1));
  g_assert_true (srtla_nak_writer_add (&writer, 10 + SRTLA_SEQ_HALF,
          10 + SRTLA_SEQ_HALF + 5));
  size = srtla_nak_writer_finish (&writer);
  srtla_nak_reader_init (&reader, out, size);
  while (srtla_nak_reader_next (&reader, &first, &last))
    covered += srtla_seq_steps (first, last) + 1;
  g_assert_cmpuint (covered, ==, SRTLA_SEQ_HALF + 6);
}

/* As many as fit, and never a byte beyond; what is refused left no trace. */
static void
test_full (void)
{
  guint width;

  for (width = 1; width <= 2; width++) {
    guint8 *out = malloc (SRTLA_NAK_SIZE);
    SrtlaNakWriter writer;
    SrtlaNakReader reader;
    guint32 first, last;
    guint n = 0, k = 0;
    gsize size;

    srtla_nak_writer_init (&writer, out, header);
    while (srtla_nak_writer_add (&writer, 10 * n, 10 * n + width - 1))
      n++;
    g_assert_false (srtla_nak_writer_add (&writer, 10 * n, 10 * n));
    /* What continues the last one has room. */
    g_assert_true (srtla_nak_writer_add (&writer, 10 * (n - 1) + width,
            10 * (n - 1) + width));
    size = srtla_nak_writer_finish (&writer);
    g_assert_cmpuint (size, <=, SRTLA_NAK_SIZE);
    g_assert_cmpuint (size + 16, >, SRTLA_NAK_SIZE);
    srtla_nak_reader_init (&reader, out, size);
    while (srtla_nak_reader_next (&reader, &first, &last)) {
      g_assert_cmpuint (first, ==, 10 * k);
      g_assert_cmpuint (last, ==, 10 * k + width - (k + 1 < n ? 1 : 0));
      k++;
    }
    g_assert_cmpuint (k, ==, n);
    free (out);
  }
}

static gint
compare_numbers (gconstpointer a, gconstpointer b, gpointer base)
{
  guint32 first = srtla_seq_steps (*(guint32 *) base, *(const guint32 *) a);
  guint32 second = srtla_seq_steps (*(guint32 *) base, *(const guint32 *) b);

  return first < second ? -1 : first > second;
}

/* What is read back is the set that was written, in as many packets as it
 * takes, each of them full before the next begins. */
static void
check_set (GRand *rand, guint32 base, guint span, guint percent)
{
  GArray *in = g_array_new (FALSE, FALSE, sizeof (guint32));
  GArray *read = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint8 *out = malloc (SRTLA_NAK_SIZE);
  SrtlaNakWriter writer;
  guint i = 0, k;

  for (k = 0; k < span; k++) {
    guint32 sequence = srtla_seq_add (base, k);

    if (testing_chance (rand, percent))
      g_array_append_val (in, sequence);
  }
  g_array_sort_with_data (in, compare_numbers, &base);
  while (i < in->len) {
    guint32 previous_last = 0, first, last;
    gboolean has_previous = FALSE;
    SrtlaNakReader reader;
    gsize size;

    srtla_nak_writer_init (&writer, out, header);
    while (i < in->len) {
      guint32 sequence = g_array_index (in, guint32, i);

      if (!srtla_nak_writer_add (&writer, sequence, sequence))
        break;
      i++;
    }
    size = srtla_nak_writer_finish (&writer);
    g_assert_cmpuint (size, >, SRTLA_SRT_HEADER);
    srtla_nak_reader_init (&reader, out, size);
    while (srtla_nak_reader_next (&reader, &first, &last)) {
      if (has_previous)         /* joined where it could be */
        g_assert_cmpuint (srtla_seq_next (previous_last), !=, first);
      for (;; first = srtla_seq_next (first)) {
        g_array_append_val (read, first);
        if (first == last)
          break;
      }
      previous_last = last;
      has_previous = TRUE;
    }
  }
  g_assert_cmpmem (read->data, read->len * sizeof (guint32), in->data,
      in->len * sizeof (guint32));
  g_array_unref (in);
  g_array_unref (read);
  free (out);
}

static void
test_round_trip (void)
{
  GRand *rand = testing_rand_new ();
  guint i;

  for (i = 0; i < 600; i++) {
    guint span = (guint) g_rand_int_range (rand, 1, 3000);
    guint32 base = testing_chance (rand, 50)
        ? TOP - (guint) g_rand_int_range (rand, 0, (gint) span)
        : g_rand_int (rand) & TOP;

    check_set (rand, base, span, (guint) g_rand_int_range (rand, 1, 101));
  }
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nak-writer/table", test_table);
  g_test_add_func ("/nak-writer/half-circle", test_half_circle);
  g_test_add_func ("/nak-writer/full", test_full);
  g_test_add_func ("/nak-writer/round-trip", test_round_trip);
  return g_test_run ();
}
