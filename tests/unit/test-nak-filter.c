/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which NAKs the SRT caller sees, and when: nothing that is lost is withheld
 * for good, and nothing that merely takes longer is reported.
 */
#include "bond-net.h"

#define MS SRTLA_MILLISECOND
/* Ten packets of an uplink take no longer than this in the filter's eyes. */
#define TRAIN_TIME (100 * MS)

/* ---- On a network ------------------------------------------------------ */

/* Unequal uplinks reorder: nobody is told. */
static void
test_reordering (void)
{
  static const SrtlaTime delays[][3] = {
    {10 * MS, 40 * MS, 80 * MS}, {5 * MS, 5 * MS, 150 * MS},
    {20 * MS, 300 * MS, 20 * MS},
  };
  guint row, i, naks;

  for (row = 0; row < G_N_ELEMENTS (delays); row++) {
    for (naks = NET_NAK_PERIODIC; naks <= NET_NAK_ONCE; naks++) {
      SrtlaBondStats stats;
      guint64 before;
      Net net;

      net_init (&net, 3, 0);
      for (i = 0; i < 3; i++)
        net.links[i].delay = delays[row][i];
      net_run (&net, 2 * SRTLA_SECOND);
      net.naks = naks;
      net_add_caller (&net, 100, 2000);
      net.interval = MS;
      net_run (&net, 3 * SRTLA_SECOND);
      before = net.nak_numbers;
      net_run (&net, 5 * SRTLA_SECOND);
      stats = net_stats (&net);
      g_assert_cmpuint (net.nak_numbers, ==, before);
      g_assert_cmpuint (before, <, 60);
      g_assert_cmpuint (stats.naks_held, >, 100);
      g_assert_cmpuint (stats.retransmissions, ==, net.nak_numbers);
      net_assert_books (&net);

      /* When the last ones arrived nothing is held. */
      net.interval = 0;
      net_run (&net, 8 * SRTLA_SECOND);
      g_assert_cmpuint (net_held (&net), ==, 0);
      net_assert_books (&net);
      net_clear (&net);
    }
  }
}

/* Each packet that never arrived and that the server reported is told to the
 * caller, no later than the measure and ten packets' time allow; but for
 * `spared` of them. */
static void
assert_told (Net *net, guint caller, guint spared, SrtlaTime patience,
    SrtlaTime until)
{
  GArray *records = net->callers[caller].records;
  guint i, missed = 0;

  for (i = 0; i < records->len; i++) {
    const NetRecord *record = &g_array_index (records, NetRecord, i);

    if (record->arrivals > 0 || record->reported_at == 0
        || record->reported_at > until)
      continue;
    if (record->told == 0) {
      g_assert_cmpuint (++missed, <=, spared);
      continue;
    }
    g_assert_cmpuint (record->told_at, <=, MAX (record->sent_at,
            record->reported_at) + patience);
  }
}

static void
test_losses_are_told (void)
{
  GRand *rand = testing_rand_new ();
  guint run, i;

  for (run = 0; run < 24; run++) {
    guint links = (guint) g_rand_int_range (rand, 1, 5);
    SrtlaTime slowest = 0;
    Net net;

    net_init (&net, links, 0);
    for (i = 0; i < links; i++) {
      net.links[i].delay = (SrtlaTime) g_rand_int_range (rand, 2, 200) * MS;
      net.links[i].loss = (guint) g_rand_int_range (rand, 0, 100);
      slowest = MAX (slowest, net.links[i].delay);
    }
    net_run (&net, 2 * SRTLA_SECOND);
    net.naks = run % 2 ? NET_NAK_ONCE : NET_NAK_PERIODIC;
    net_add_caller (&net, g_rand_int (rand) & SRTLA_SEQ_MASK, 3000);
    net.deaf = TRUE;            /* what is lost stays lost */
    srtla_bond_set_rescue (net.bond, FALSE);
    net.interval = (SrtlaTime) g_rand_int_range (rand, 500, 6000);
    net_run (&net, 6 * SRTLA_SECOND);
    net_assert_books (&net);
    assert_told (&net, 0, 0, slowest + TRAIN_TIME + MAX (250 * MS,
            2 * 2 * slowest * 12 / 10) + 3 * SRTLA_GUARD_INTERVAL,
        net.now - 2 * SRTLA_SECOND);
    net_clear (&net);
  }
  g_rand_free (rand);
}

/* The same while delays change, uplinks die, stall, close and return, and the
 * measure with them: no bound but that it is told at all. */
static void
test_losses_are_told_in_trouble (void)
{
  GRand *rand = testing_rand_new ();
  guint run, i;

  for (run = 0; run < 24; run++) {
    guint links = (guint) g_rand_int_range (rand, 2, 5);
    Net net;

    net_init (&net, links, 30 * MS);
    net.naks = run % 2 ? NET_NAK_ONCE : NET_NAK_PERIODIC;
    net_add_caller (&net, g_rand_int (rand) & SRTLA_SEQ_MASK, 3000);
    net.deaf = TRUE;
    srtla_bond_set_rescue (net.bond, FALSE);
    net.interval = (SrtlaTime) g_rand_int_range (rand, 500, 4000);
    for (i = 0; i < 40; i++) {
      guint uplink = (guint) g_rand_int_range (rand, 1, (gint) links);
      NetLink *link = &net.links[uplink];

      net_run (&net, (SrtlaTime) g_rand_int_range (rand, 1, 300) * MS);
      switch (g_rand_int_range (rand, 0, 6)) {
        case 0:
          link->data_cut = !link->data_cut;
          break;
        case 1:
          link->cut = !link->cut;
          break;
        case 2:
          srtla_bond_uplink_closed (net.bond, uplink, "gone", net.now);
          net_take (&net);
          srtla_bond_uplink_opened (net.bond, uplink, net.now);
          net_take (&net);
          break;
        case 3:
          link->loss = (guint) g_rand_int_range (rand, 0, 200);
          break;
        default:
          link->delay = (SrtlaTime) g_rand_int_range (rand, 1, 300) * MS;
          break;
      }
      net_assert_books (&net);
    }
    for (i = 0; i < links; i++) {
      net.links[i].cut = net.links[i].data_cut = FALSE;
      net.links[i].loss = 0;
    }
    net_run (&net, 3 * SRTLA_SECOND);
    net_assert_books (&net);
    assert_told (&net, 0, 0, 60 * SRTLA_SECOND, net.now - 2 * SRTLA_SECOND);
    net_clear (&net);
  }
  g_rand_free (rand);
}

/* A server that says it once: what was held when it spoke comes from us. */
static void
test_told_once (void)
{
  guint i;
  Net net;

  net_init (&net, 2, 15 * MS);
  net_add_link (&net, 120 * MS);
  net_run (&net, 2 * SRTLA_SECOND);
  net.naks = NET_NAK_ONCE;
  net_add_caller (&net, 5000, 3000);
  net.repeats_arrive = TRUE;
  for (i = 0; i < 3; i++)
    net.links[i].loss = 30;
  net.interval = MS;
  net_run (&net, 10 * SRTLA_SECOND);
  for (i = 0; i < 3; i++)
    net.links[i].loss = 0;
  net_run (&net, 2 * SRTLA_SECOND);
  g_assert_cmpuint (net_stats (&net).naks_released, >, 0);
  g_assert_cmpuint (net_missing (&net, 0, net.now - SRTLA_SECOND), ==, 0);
  g_assert_cmpuint (net.callers[0].given_up, ==, 0);
  net_assert_books (&net);
  net_clear (&net);
}

/* An uplink goes with what is held of it: the caller hears of it at once,
 * whosever packet each is. */
static void
test_held_of_lost_uplink (void)
{
  guint way;

  for (way = 0; way < 4; way++) {
    guint held;
    Net net;

    g_test_message ("way %u", way);
    net_init (&net, 2, 10 * MS);
    net_add_link (&net, 200 * MS);
    net_run (&net, 2 * SRTLA_SECOND);
    net_add_caller (&net, 100, 3000);
    net.naks = NET_NAK_ONCE;
    net_add_caller (&net, 9000, 3000);
    net.deaf = TRUE;
    srtla_bond_set_rescue (net.bond, FALSE);
    net.interval = 700;
    net_run (&net, 3 * SRTLA_SECOND);
    net.naks = NET_NAK_NEVER;
    net.links[2].cut = TRUE;
    net_run (&net, 20 * MS);    /* what was reported has come back by now */
    held = net_held (&net);
    g_assert_cmpuint (held, >, 60);
    if (way == 0)
      srtla_bond_remove_uplink (net.bond, 2, net.now);
    else if (way == 1)
      srtla_bond_uplink_closed (net.bond, 2, "gone", net.now);
    else if (way == 2)
      srtla_bond_set_mode (net.bond, "classic", net.now);
    else
      net_run (&net, 2 * SRTLA_SECOND);
    net_take (&net);
    g_assert_cmpuint (net_held (&net), ==, 0);
    net_assert_books (&net);
    assert_told (&net, 0, 0, 3 * SRTLA_SECOND, net.now);
    assert_told (&net, 1, 0, 3 * SRTLA_SECOND, net.now);
    net_clear (&net);
  }
}

/* Two callers with the same numbers: each hears of its own losses. */
static void
test_two_callers (void)
{
  guint i, caller;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_link (&net, 90 * MS);
  net_run (&net, 2 * SRTLA_SECOND);
  net.naks = NET_NAK_ONCE;
  net_add_caller (&net, 777, 3000);
  net.deaf = TRUE;
  srtla_bond_set_rescue (net.bond, FALSE);
  net.interval = MS;
  net_run (&net, 35 * MS);
  net_add_caller (&net, 777, 3000);
  for (i = 0; i < 3; i++)
    net.links[i].loss = 30;
  net_run (&net, 6 * SRTLA_SECOND);
  for (caller = 0; caller < 2; caller++) {
    GArray *records = net.callers[caller].records;
    guint lost = 0, told = 0;

    /* SRTLA ACKs carry no id: where both have a number on one uplink within a
     * train, one may be taken for the other. */
    assert_told (&net, caller, 4, 120 * MS + TRAIN_TIME + 250 * MS
        + 3 * SRTLA_GUARD_INTERVAL, net.now - SRTLA_SECOND);
    for (i = 0; i < records->len; i++) {
      const NetRecord *record = &g_array_index (records, NetRecord, i);

      lost += record->arrivals == 0 && record->reported_at != 0;
      told += record->told > 0;
    }
    g_assert_cmpuint (lost, >, 50);
    g_assert_cmpuint (told, <=, lost + lost / 5 + 10);
  }
  net_assert_books (&net);
  net_clear (&net);
}

/* ---- List by list ------------------------------------------------------ */

#define MAX_NUMBERS 40000

typedef struct
{
  guint32 numbers[MAX_NUMBERS]; /* told, in order */
  guint n_numbers, n_replies;
  guint8 reply[SRTLA_MAX_DATAGRAM];     /* the last */
  gsize size;
} Told;

/* Hands in a NAK and reads what comes out for the caller. */
static void
ask (Net *net, const guint8 *data, gsize size, Told *told)
{
  guint8 *copy = testing_exact_copy (data, size);
  SrtlaNakReader reader;
  SrtlaOutput output;
  guint32 first, last;

  told->n_numbers = told->n_replies = 0;
  srtla_bond_receive (net->bond, 0, copy, size, net->now);
  while (srtla_bond_next_output (net->bond, &output)) {
    g_assert_cmpint (output.kind, ==, SRTLA_OUTPUT_REPLY);
    g_assert_cmpint (srtla_packet_kind (output.packet.data,
            output.packet.size), ==, SRTLA_KIND_SRT_NAK);
    g_assert_cmpuint (srtla_srt_destination (output.packet.data), ==,
        srtla_srt_destination (copy));
    g_assert_cmpmem (output.packet.data, SRTLA_SRT_HEADER, copy,
        SRTLA_SRT_HEADER);
    told->n_replies++;
    told->size = output.packet.size;
    memcpy (told->reply, output.packet.data, output.packet.size);
    srtla_nak_reader_init (&reader, output.packet.data, output.packet.size);
    while (srtla_nak_reader_next (&reader, &first, &last)) {
      for (;; first = srtla_seq_next (first)) {
        g_assert_cmpuint (told->n_numbers, <, MAX_NUMBERS);
        told->numbers[told->n_numbers++] = first;
        if (first == last)
          break;
      }
    }
  }
  free (copy);
}

/* Numbers 1000 to 1999 long overdue, 2000 to 2099 just sent, both unconfirmed;
 * nothing stalls, because no SRTLA ACK ever came. The oldest goes again and again,
 * since SRT's ACKs stand at it. */
static void
list_init (Net *net)
{
  guint i;

  net_init (net, 2, 10 * MS);
  net_run (net, 2 * SRTLA_SECOND);
  net_add_caller (net, 1000, 5000);
  net->acks = FALSE;
  net->links[0].data_cut = net->links[1].data_cut = TRUE;
  for (i = 0; i < 1000; i++)
    net_send (net, 0);
  net_run (net, 2 * SRTLA_SECOND);
  for (i = 0; i < 100; i++)
    net_send (net, 0);
}

static void
test_lists (void)
{
  static const struct
  {
    TestingRange in[4];
    guint n_in;
    TestingRange out[4];
    guint n_out;
    gboolean same;              /* goes back as it came */
  } table[] = {
    {{{1001, 1001}}, 1, {{1001, 1001}}, 1, TRUE},
    {{{1010, 1020}, {1030, 1030}}, 2, {{1010, 1020}, {1030, 1030}}, 2, TRUE},
    {{{2000, 2000}}, 1, {{0, 0}}, 0, FALSE},
    {{{2010, 2050}}, 1, {{0, 0}}, 0, FALSE},
    {{{1990, 2010}}, 1, {{1990, 1999}}, 1, FALSE},
    {{{2000, 2001}, {1100, 1100}, {2002, 2003}}, 3, {{1100, 1100}}, 1, FALSE},
    {{{2005, 2005}, {1201, 1203}, {1150, 1151}}, 3,
        {{1201, 1203}, {1150, 1151}}, 2, FALSE},
    /* Never ours. */
    {{{500000, 500003}}, 1, {{500000, 500003}}, 1, TRUE},
    {{{2060, 2060}, {500000, 500003}}, 2, {{500000, 500003}}, 1, FALSE},
  };
  Told *told = g_new0 (Told, 1);
  guint row, i;

  for (row = 0; row < G_N_ELEMENTS (table); row++) {
    guint8 packet[TESTING_MAX_PACKET];
    guint n = 0;
    gsize size;
    Net net;

    g_test_message ("row %u", row);
    list_init (&net);
    size = testing_nak (packet, table[row].in, table[row].n_in,
        net.callers[0].socket_id, 4711);
    ask (&net, packet, size, told);
    g_assert_cmpuint (told->n_replies, ==, table[row].n_out > 0);
    for (i = 0; i < table[row].n_out; i++) {
      guint32 number = table[row].out[i].first;

      for (; number <= table[row].out[i].last; number++, n++) {
        g_assert_cmpuint (n, <, told->n_numbers);
        g_assert_cmpuint (told->numbers[n], ==, number);
      }
    }
    g_assert_cmpuint (told->n_numbers, ==, n);
    if (table[row].same)
      g_assert_cmpmem (told->reply, told->size, packet, size);
    net_assert_books (&net);
    net_clear (&net);
  }
  g_free (told);
}

/* Lists as long as a packet takes: each number once, in order, however many
 * packets that makes. */
static void
test_long_lists (void)
{
  Told *told = g_new0 (Told, 1);
  guint singles;

  for (singles = 355; singles <= 370; singles++) {
    guint8 packet[TESTING_MAX_PACKET];
    TestingRange ranges[371];
    guint i;
    gsize size;
    Net net;

    list_init (&net);
    for (i = 0; i < singles; i++)
      ranges[i].first = ranges[i].last = 1001 + 2 * i;
    size = testing_nak (packet, ranges, singles, net.callers[0].socket_id, 1);
    ask (&net, packet, size, told);
    g_assert_cmpuint (told->n_numbers, ==, singles);
    for (i = 0; i < singles; i++)
      g_assert_cmpuint (told->numbers[i], ==, 1001 + 2 * i);
    net_clear (&net);
  }
  g_free (told);
}

/* Random lists, with repeats: what is told are the lost ones, in the order of
 * the list; the others are held. */
static void
test_random_lists (void)
{
  GRand *rand = testing_rand_new ();
  Told *told = g_new0 (Told, 1);
  guint run, i;

  for (run = 0; run < 150; run++) {
    guint n = (guint) g_rand_int_range (rand, 1, 60), at = 0, held = 0;
    GHashTable *seen = g_hash_table_new (NULL, NULL);
    guint8 packet[TESTING_MAX_PACKET];
    TestingRange ranges[60];
    gsize size;
    Net net;

    list_init (&net);
    for (i = 0; i < n; i++) {
      ranges[i].first = (guint32) g_rand_int_range (rand, 1800, 2100);
      ranges[i].last = ranges[i].first + (guint32) g_rand_int_range (rand, 0,
          testing_chance (rand, 50) ? 1 : 30);
      ranges[i].last = MIN (ranges[i].last, 2099);
    }
    size = testing_nak (packet, ranges, n, net.callers[0].socket_id, run);
    ask (&net, packet, size, told);
    for (i = 0; i < n; i++) {
      guint32 number = ranges[i].first;

      for (; number <= ranges[i].last; number++) {
        if (number >= 2000) {
          held += g_hash_table_add (seen, GUINT_TO_POINTER (number));
          continue;
        }
        g_assert_cmpuint (at, <, told->n_numbers);
        g_assert_cmpuint (told->numbers[at++], ==, number);
      }
    }
    g_assert_cmpuint (at, ==, told->n_numbers);
    g_assert_cmpuint (net_held (&net), ==, held);
    g_assert_cmpuint (net_stats (&net).naks_held, ==, held);
    g_hash_table_unref (seen);
    net_assert_books (&net);
    net_clear (&net);
  }
  g_free (told);
  g_rand_free (rand);
}

static void
test_off (void)
{
  Told *told = g_new0 (Told, 1);
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;
  Net net;

  list_init (&net);
  srtla_bond_set_nak_filter (net.bond, FALSE);
  size = testing_nak_range (packet, 1990, 2050, net.callers[0].socket_id, 9);
  ask (&net, packet, size, told);
  g_assert_cmpuint (told->n_replies, ==, 1);
  g_assert_cmpmem (told->reply, told->size, packet, size);
  g_assert_cmpuint (net_stats (&net).naks_held, ==, 0);
  net_assert_books (&net);
  net_clear (&net);
  g_free (told);
}

/* Nobody's NAKs, cut short ones, ranges of everything, noise: little work,
 * little output, and the books balance. */
static void
test_hostile (void)
{
  GRand *rand = testing_rand_new ();
  guint i, k;
  Net net;

  list_init (&net);
  for (i = 0; i < 1500; i++) {
    guint words = (guint) g_rand_int_range (rand, 0, 371);
    guint8 packet[TESTING_MAX_PACKET], *copy;
    guint replies = 0;
    SrtlaOutput output;
    gsize size;

    size = testing_control_header (packet, 3, 0, testing_chance (rand, 90)
        ? net.callers[0].socket_id : g_rand_int (rand), g_rand_int (rand));
    for (k = 0; k < words; k++, size += 4) {
      guint32 word = testing_chance (rand, 70)
          ? (guint32) g_rand_int_range (rand, 900, 2200) : g_rand_int (rand);

      srtla_write_u32 (packet + size, testing_chance (rand, 40)
          ? word | ~SRTLA_SEQ_MASK : word);
    }
    size -= testing_chance (rand, 10) ? MIN (size - 16, 3) : 0;
    copy = testing_exact_copy (packet, size);
    srtla_bond_receive (net.bond, 0, copy, size, net.now);
    while (srtla_bond_next_output (net.bond, &output))
      replies++;
    free (copy);
    g_assert_cmpuint (replies, <=, SRTLA_BOND_NAKS);
    net_assert_books (&net);
  }
  net_clear (&net);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nak-filter/reordering", test_reordering);
  g_test_add_func ("/nak-filter/losses-are-told", test_losses_are_told);
  g_test_add_func ("/nak-filter/losses-are-told-in-trouble",
      test_losses_are_told_in_trouble);
  g_test_add_func ("/nak-filter/told-once", test_told_once);
  g_test_add_func ("/nak-filter/held-of-lost-uplink",
      test_held_of_lost_uplink);
  g_test_add_func ("/nak-filter/two-callers", test_two_callers);
  g_test_add_func ("/nak-filter/lists", test_lists);
  g_test_add_func ("/nak-filter/long-lists", test_long_lists);
  g_test_add_func ("/nak-filter/random-lists", test_random_lists);
  g_test_add_func ("/nak-filter/off", test_off);
  g_test_add_func ("/nak-filter/hostile", test_hostile);
  return g_test_run ();
}
