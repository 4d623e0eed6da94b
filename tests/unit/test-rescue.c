/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to packets that an uplink took along: retransmissions by their
 * own choice, second copies, rescue, and the memory it takes.
 */
#include "bond-net.h"

#define MS SRTLA_MILLISECOND

/* ---- Retransmissions --------------------------------------------------- */

/* Follows each number: where its latest copy went, and how many there were. */
static void
assert_retransmissions (Net *net, guint *checked)
{
  GHashTable *latest = g_hash_table_new (NULL, NULL);
  guint i;

  *checked = 0;
  for (i = 0; i < net->sent->len; i++) {
    const NetSent *sent = &g_array_index (net->sent, NetSent, i);
    const NetSent *next = i + 1 < net->sent->len ? sent + 1 : NULL;
    gpointer key = GUINT_TO_POINTER (sent->sequence);
    guint known = GPOINTER_TO_UINT (g_hash_table_lookup (latest, key));
    guint copies = known >> 8;

    if (sent->copy == SRTLA_COPY_PROBE || sent->copy == SRTLA_COPY_SECOND)
      continue;
    if (sent->copy == SRTLA_COPY_NONE && sent->retransmission) {
      g_assert_cmpuint (copies, >=, 1);
      g_assert_cmpuint (sent->uplink, !=, known & 0xff);
      ++*checked;
      /* The second time it goes two ways, and only then. */
      if (copies >= 2) {
        g_assert_nonnull (next);
        g_assert_cmpint (next->copy, ==, SRTLA_COPY_SECOND);
        g_assert_cmpuint (next->sequence, ==, sent->sequence);
        g_assert_cmpuint (next->uplink, !=, sent->uplink);
      } else if (next != NULL) {
        g_assert_cmpint (next->copy, !=, SRTLA_COPY_SECOND);
      }
    } else {
      g_assert_true (sent->copy != SRTLA_COPY_NONE || copies == 0);
    }
    g_hash_table_insert (latest, key,
        GUINT_TO_POINTER ((copies + 1) << 8 | sent->uplink));
  }
  g_hash_table_unref (latest);
}

static void
test_retransmissions (void)
{
  guint links, i, checked;

  for (links = 2; links <= 4; links++) {
    Net net;

    net_init (&net, links, 20 * MS);
    net.naks = NET_NAK_PERIODIC;
    net_add_caller (&net, 1000, 2000);
    for (i = 0; i < links; i++)
      net.links[i].loss = 60;
    net.interval = 2 * MS;
    net_run (&net, 12 * SRTLA_SECOND);
    assert_retransmissions (&net, &checked);
    g_assert_cmpuint (checked, >, 100);
    g_assert_cmpuint (net_stats (&net).second_copies, >, 0);
    g_assert_cmpuint (net_stats (&net).retransmissions, >=, checked);
    g_assert_cmpuint (net_missing (&net, 0, net.now - SRTLA_SECOND), ==, 0);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* A single uplink carries everything, the repeats too. */
static void
test_single_uplink (void)
{
  Net net;

  net_init (&net, 1, 20 * MS);
  net.naks = NET_NAK_PERIODIC;
  net_add_caller (&net, 1000, 2000);
  net.links[0].loss = 50;
  net.interval = 2 * MS;
  net_run (&net, 6 * SRTLA_SECOND);
  g_assert_cmpuint (net_stats (&net).retransmissions, >, 50);
  g_assert_cmpuint (net_stats (&net).duplicates, ==, 0);
  g_assert_cmpuint (net_missing (&net, 0, net.now - SRTLA_SECOND), ==, 0);
  net_assert_books (&net);
  net_clear (&net);
}

/* Makes an uplink's room known, and fills it or empties it. */
static void
crowd (Net *net, guint slot, gboolean full)
{
  SrtlaUplink *uplink = net->bond->uplinks[slot];
  guint32 i;

  uplink->delivery.filled = TRUE;
  uplink->delivery.capacity = 100000;
  srtla_bond_set_queue_target (net->bond, SRTLA_QUEUE_TARGET);
  srtla_inflight_clear (uplink->log);
  for (i = 0; full && srtla_inflight_bytes (uplink->log) <= uplink->room * 5 / 4;
      i++)
    srtla_inflight_insert (uplink->log, 0, 0x70000000 + i, NET_PACKET,
        net->now);
}

static const NetSent *
latest_sent (const Net *net)
{
  return &g_array_index (net->sent, NetSent, net->sent->len - 1);
}

/* It goes where it was not yet; where that has far too much in flight, where it
 * was; and if both have, it waits. */
static void
test_crowded (void)
{
  guint32 sequence;
  guint n, first;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_caller (&net, 1000, 2000);
  net.interval = MS;
  net_run (&net, SRTLA_SECOND);
  net.interval = 0;
  net_run (&net, 30 * MS);
  g_assert_true (net.bond->uplinks[0]->names_all);
  sequence = net.callers[0].next - 1;
  first = (guint) __builtin_ctzll (net_record (&net, 0, sequence)->uplinks);

  crowd (&net, 0, FALSE);
  crowd (&net, 1, FALSE);
  net_send_again (&net, 0, sequence);
  g_assert_cmpuint (latest_sent (&net)->uplink, ==, 1 - first);
  crowd (&net, 0, first == 0);
  crowd (&net, 1, first == 1);
  net_send_again (&net, 0, sequence - 1);
  g_assert_cmpuint (latest_sent (&net)->uplink, ==, 1 - first);
  crowd (&net, 1 - first, TRUE);
  crowd (&net, first, FALSE);
  net_send_again (&net, 0, sequence - 2);
  g_assert_cmpuint (latest_sent (&net)->sequence, ==, sequence - 2);
  g_assert_cmpuint (latest_sent (&net)->uplink, ==, first);
  crowd (&net, first, TRUE);
  n = net.sent->len;
  net_send_again (&net, 0, sequence - 3);
  g_assert_cmpuint (net.sent->len, ==, n);
  g_assert_cmpuint (net_stats (&net).waiting, ==, 1);
  crowd (&net, first, FALSE);
  net_run (&net, 2 * SRTLA_GUARD_INTERVAL);
  g_assert_cmpuint (net.sent->len, >, n);
  g_assert_cmpuint (net_stats (&net).waiting, ==, 0);
  net_assert_books (&net);
  net_clear (&net);
}

/* ---- Rescue ------------------------------------------------------------ */

/* Returns: the numbers that the uplink has outstanding. */
static GHashTable *
outstanding (const Net *net, guint uplink)
{
  GHashTable *numbers = g_hash_table_new (NULL, NULL);
  SrtlaInflight *log = net->bond->uplinks[uplink]->log;
  guint64 place = srtla_inflight_next_place (log);
  const SrtlaInflightEntry *entry;

  while (place > 0 && (entry = srtla_inflight_at (log, --place)) != NULL) {
    if (entry->held && !entry->settled)
      g_hash_table_add (numbers, GUINT_TO_POINTER (entry->sequence));
  }
  return numbers;
}

typedef enum
{
  END_STALLED,
  END_CUT,
  END_CLOSED,
  END_REMOVED,
} End;

static void
assert_rescued_once (Net *net, GHashTable *expected)
{
  guint32 sequence = net->callers[0].first;

  for (; sequence != net->callers[0].next;
      sequence = srtla_seq_next (sequence)) {
    const NetRecord *record = net_record (net, 0, sequence);

    if (expected != NULL)
      g_assert_cmpuint (record->rescues, ==, g_hash_table_contains (expected,
              GUINT_TO_POINTER (sequence)));
    else
      g_assert_cmpuint (record->rescues, <=, 1);
  }
}

/* Its packets go out again over the others: each once, at once, with no NAK. */
static void
test_ends (void)
{
  End end;

  for (end = END_STALLED; end <= END_REMOVED; end++) {
    GHashTable *expected = NULL;
    SrtlaBondStats stats;
    guint i;
    Net net;

    g_test_message ("end %d", (gint) end);
    net_init (&net, 3, 40 * MS);
    net_add_caller (&net, SRTLA_SEQ_MASK - 1500, 3000);
    net.interval = MS;
    net_run (&net, 2 * SRTLA_SECOND);
    net.links[1].data_cut = TRUE;
    net.links[1].cut = end != END_STALLED;
    if (end >= END_CLOSED) {
      net_run (&net, 30 * MS);
      expected = outstanding (&net, 1);
      g_assert_cmpuint (g_hash_table_size (expected), >, 10);
      if (end == END_CLOSED)
        srtla_bond_uplink_closed (net.bond, 1, "gone", net.now);
      else
        srtla_bond_remove_uplink (net.bond, 1, net.now);
      net_take (&net);
      assert_rescued_once (&net, expected);
    }
    net_run (&net, 4 * SRTLA_SECOND);
    assert_rescued_once (&net, expected);
    stats = net_stats (&net);
    g_assert_cmpuint (stats.rescued, >, 10);
    g_assert_cmpuint (stats.rescued, <, 400);
    g_assert_cmpuint (stats.rescued_bytes, ==, stats.rescued * NET_PACKET);
    g_assert_cmpuint (stats.retransmissions, ==, 0);
    g_assert_cmpuint (net_missing (&net, 0, net.now - 200 * MS), ==, 0);
    g_assert_cmpuint (net.callers[0].given_up, ==, 0);
    for (i = 0; i < net.sent->len; i++) {
      const NetSent *sent = &g_array_index (net.sent, NetSent, i);

      if (sent->copy == SRTLA_COPY_RESCUE)
        g_assert_cmpuint (sent->uplink, !=, 1);
    }
    net_assert_books (&net);
    if (expected != NULL)
      g_hash_table_unref (expected);
    net_clear (&net);
  }
}

/* Uplinks end one after the other, at random; the last one is spared. */
static void
test_random_ends (void)
{
  GRand *rand = testing_rand_new ();
  guint run, i;

  for (run = 0; run < 12; run++) {
    guint links = (guint) g_rand_int_range (rand, 2, 5);
    guint latency = (guint) g_rand_int_range (rand, 80, 2500);
    Net net;

    net_init (&net, links, 10 * MS);
    for (i = 0; i < links; i++)
      net.links[i].delay = (SrtlaTime) g_rand_int_range (rand, 1, 150) * MS;
    net.naks = run % 3;
    net_add_caller (&net, g_rand_int (rand) & SRTLA_SEQ_MASK, latency);
    net.interval = (SrtlaTime) g_rand_int_range (rand, 300, 4000);
    for (i = 0; i < 30; i++) {
      guint uplink = (guint) g_rand_int_range (rand, 1, (gint) links);

      net_run (&net, (SrtlaTime) g_rand_int_range (rand, 1, 400) * MS);
      switch (g_rand_int_range (rand, 0, 5)) {
        case 0:
          net.links[uplink].data_cut = !net.links[uplink].data_cut;
          break;
        case 1:
          net.links[uplink].cut = !net.links[uplink].cut;
          break;
        case 2:
          srtla_bond_uplink_closed (net.bond, uplink, "gone", net.now);
          net_take (&net);
          srtla_bond_uplink_opened (net.bond, uplink, net.now);
          net_take (&net);
          break;
        case 3:
          srtla_bond_remove_uplink (net.bond, uplink, net.now);
          net_take (&net);
          g_queue_clear_full (&net.links[uplink].forward, g_free);
          g_queue_clear_full (&net.links[uplink].back, g_free);
          g_assert_cmpuint (net_add_link (&net, 20 * MS), ==, uplink);
          break;
        default:
          break;
      }
      net_assert_books (&net);
    }
    /* Nothing goes out for rescue that would come too late. */
    for (i = 0; i < net.sent->len; i++) {
      const NetSent *sent = &g_array_index (net.sent, NetSent, i);

      if (sent->copy == SRTLA_COPY_RESCUE)
        g_assert_cmpuint (sent->time, <=, net_record (&net, 0,
                sent->sequence)->sent_at + latency * MS);
    }
    net.interval = 0;
    net_run (&net, 8 * SRTLA_SECOND);
    g_assert_cmpuint (net_stats (&net).kept_bytes, ==, 0);
    net_assert_books (&net);
    net_clear (&net);
  }
  g_rand_free (rand);
}

static void
test_off (void)
{
  guint i;
  Net net;

  net_init (&net, 3, 40 * MS);
  net_add_caller (&net, 100, 3000);
  net.interval = MS;
  net_run (&net, SRTLA_SECOND);
  g_assert_cmpint (net.references, >, 0);
  srtla_bond_set_rescue (net.bond, FALSE);
  g_assert_cmpint (net.references, ==, 0);      /* let go at once */
  for (i = 0; i < 20; i++) {
    net_run (&net, 50 * MS);
    g_assert_cmpint (net.references, ==, 0);
  }
  net.links[1].cut = TRUE;
  net_run (&net, 2 * SRTLA_SECOND);
  g_assert_cmpuint (net_stats (&net).rescued, ==, 0);
  g_assert_cmpuint (net_stats (&net).kept_bytes, ==, 0);
  g_assert_cmpuint (net_missing (&net, 0, net.now - 200 * MS), >, 10);
  net_assert_books (&net);
  net_clear (&net);
}

/* ---- Memory ------------------------------------------------------------ */

static void
test_memory_bound (void)
{
  guint64 most = 0;
  guint i;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_caller (&net, 100, 60000);
  net_add_caller (&net, 70000, 60000);
  net.acks = FALSE;             /* nothing tells that they may go */
  net.links[0].no_acks = net.links[1].no_acks = TRUE;
  for (i = 0; i < 9000; i++) {
    guint64 kept;

    net_send (&net, i % 5 == 0);
    if (i % 10 == 0)
      net_run (&net, MS);
    kept = net_stats (&net).kept_bytes;
    g_assert_cmpuint (kept, <=, SRTLA_RESCUE_BYTES);
    g_assert_cmpuint (kept, ==, (guint64) net.references * NET_PACKET);
    most = MAX (most, kept);
  }
  g_assert_cmpuint (most, >, SRTLA_RESCUE_BYTES - 2 * NET_PACKET);
  srtla_bond_set_rescue (net.bond, FALSE);
  g_assert_cmpint (net.references, ==, 0);
  net_assert_books (&net);
  net_clear (&net);
}

/* Without acknowledgements too, what is of no use any more goes. */
static void
test_usefulness (void)
{
  guint i;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_caller (&net, 100, 200);
  net.acks = FALSE;
  net.links[0].no_acks = net.links[1].no_acks = TRUE;
  net.interval = MS;
  net_run (&net, SRTLA_SECOND);
  for (i = 0; i < 50; i++) {
    net_run (&net, 30 * MS);
    g_assert_cmpint (net.references, >=, 190);
    g_assert_cmpint (net.references, <=, 260);
  }
  net.interval = 0;
  net_run (&net, 300 * MS);
  g_assert_cmpint (net.references, ==, 0);
  net_assert_books (&net);
  net_clear (&net);
}

/* A number comes again with another packet: nothing is read that is not there,
 * and nothing is counted that was not kept. */
static void
test_numbers_again (void)
{
  guint8 packet[NET_PACKET];
  SrtlaPacket input = { packet, 0, NULL };
  SrtlaOutput output;
  SrtlaBondStats stats;
  guint i;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_caller (&net, 100, 3000);
  net_run (&net, SRTLA_SECOND);
  for (i = 0; i < 3000; i++) {
    gsize size = (gsize) g_rand_int_range (net.rand, 16, NET_PACKET);

    input.size = testing_data_packet (packet, size, 100 + i % 100,
        net.callers[0].peer_id, i, testing_chance (net.rand, 50));
    /* Some have no owner, so that nothing is kept of them. */
    srtla_bond_push (net.bond, &input, net.now, NULL);
    while (srtla_bond_next_output (net.bond, &output));
    stats = net_stats (&net);
    g_assert_cmpuint (stats.kept_bytes, <=, SRTLA_RESCUE_BYTES);
  }
  g_assert_cmpuint (stats.kept_bytes, ==, 0);
  net_clear (&net);
}

/* While all others have far too much in flight it waits, as long as it is not
 * pressing; and once the uplink itself carries again, that will do. */
static void
test_crowded_rescue (void)
{
  SrtlaUplink *uplink;
  guint n;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_caller (&net, 1000, 2000);
  net.interval = MS;
  net_run (&net, SRTLA_SECOND);
  net.interval = 0;
  net_run (&net, 200 * MS);
  uplink = net.bond->uplinks[0];
  net.links[0].data_cut = TRUE;
  crowd (&net, 1, TRUE);
  srtla_inflight_clear (uplink->log);
  uplink->delivery.proof_place = uplink->rescue_place = 0;
  net_send (&net, 0);
  g_assert_cmpuint (latest_sent (&net)->uplink, ==, 0);
  n = net.sent->len;

  uplink->stalled = TRUE;
  uplink->rescue_end = srtla_inflight_next_place (uplink->log);
  g_assert_false (srtla_enhanced_rescue (net.bond, uplink, TRUE, net.now));
  uplink->stalled = FALSE;
  g_assert_true (srtla_enhanced_rescue (net.bond, uplink, TRUE, net.now));
  net_take (&net);
  g_assert_cmpuint (net.sent->len, ==, n + 1);
  g_assert_cmpint (latest_sent (&net)->copy, ==, SRTLA_COPY_RESCUE);
  g_assert_cmpuint (latest_sent (&net)->uplink, ==, 0);

  uplink->stalled = TRUE;
  uplink->rescue_end = srtla_inflight_next_place (uplink->log);
  uplink->rescue_place = 0;
  g_assert_true (srtla_enhanced_rescue (net.bond, uplink, FALSE, net.now));
  net_take (&net);
  g_assert_cmpuint (latest_sent (&net)->uplink, ==, 1);
  net_assert_books (&net);
  net_clear (&net);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rescue/retransmissions", test_retransmissions);
  g_test_add_func ("/rescue/single-uplink", test_single_uplink);
  g_test_add_func ("/rescue/crowded", test_crowded);
  g_test_add_func ("/rescue/crowded-rescue", test_crowded_rescue);
  g_test_add_func ("/rescue/ends", test_ends);
  g_test_add_func ("/rescue/random-ends", test_random_ends);
  g_test_add_func ("/rescue/off", test_off);
  g_test_add_func ("/rescue/memory-bound", test_memory_bound);
  g_test_add_func ("/rescue/usefulness", test_usefulness);
  g_test_add_func ("/rescue/numbers-again", test_numbers_again);
  return g_test_run ();
}
