/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Enhanced mode through the whole bond: proof of delivery, stalls, return,
 * probes. What it does about losses is in test-rescue.c and test-nak-filter.c.
 */
#include "bond-net.h"

#define MS SRTLA_MILLISECOND

/* Returns: what the callers sent over an uplink from that time on. */
static guint
originals_since (const Net *net, guint uplink, SrtlaTime since)
{
  guint i, n = 0;

  for (i = 0; i < net->sent->len; i++) {
    const NetSent *sent = &g_array_index (net->sent, NetSent, i);

    n += sent->uplink == uplink && sent->copy == SRTLA_COPY_NONE
        && sent->time >= since;
  }
  return n;
}

/* Lets time pass until an uplink is stalled, or is not. Returns: how long. */
static SrtlaTime
run_until_stalled (Net *net, guint uplink, gboolean stalled, SrtlaTime most)
{
  SrtlaTime start = net->now;

  while (net_uplink (net, uplink).stalled != stalled) {
    net_run (net, MS);
    g_assert_cmpuint (net->now, <=, start + most);
  }
  return net->now - start;
}

static void
test_own_acknowledgements (void)
{
  guint8 ack[4 + 4 * SRTLA_ACK_TRAIN];
  guint32 numbers[SRTLA_ACK_TRAIN];
  SrtlaUplinkStats before, after;
  guint i, n = 0;
  gsize size;
  Net net;

  net_init (&net, 2, 5 * MS);
  net_add_caller (&net, 100, 1000);
  net.acks = FALSE;
  for (i = 0; i < 200; i++)
    net_send (&net, 0);
  for (i = 0; n < SRTLA_ACK_TRAIN; i++) {
    if (net_record (&net, 0, 100 + i)->uplinks == 1)
      numbers[n++] = 100 + i;
  }
  size = srtla_write_ack (ack, numbers, n);

  before = net_uplink (&net, 0);
  net_receive (&net, 1, ack, size);
  after = net_uplink (&net, 0);
  g_assert_cmpint (after.in_flight, ==, before.in_flight);
  g_assert_cmpuint (after.counters.packets_acknowledged, ==, 0);
  g_assert_cmpuint (net_uplink (&net, 1).counters.acknowledgements_unknown, ==,
      n);
  g_assert_cmpuint (net_uplink (&net, 1).counters.packets_acknowledged, ==, 0);

  net_receive (&net, 0, ack, size);
  after = net_uplink (&net, 0);
  g_assert_cmpint (after.in_flight, ==, before.in_flight - (gint) n);
  g_assert_cmpuint (after.counters.packets_acknowledged, ==, n);
  /* Twice is nothing more. */
  net_receive (&net, 0, ack, size);
  g_assert_cmpint (net_uplink (&net, 0).in_flight, ==, after.in_flight);
  net_assert_books (&net);
  net_clear (&net);
}

/* SRT's ACKs come over the others, and say nothing of a dead one. */
static void
test_srt_acks_prove_nothing (void)
{
  gboolean data_only;

  for (data_only = 0; data_only < 2; data_only++) {
    SrtlaTime stalled_at;
    Net net;

    net_init (&net, 3, 25 * MS);
    net_add_caller (&net, 100, 1000);
    net.interval = MS;
    net_run (&net, 2 * SRTLA_SECOND);
    g_assert_cmpuint (originals_since (&net, 1, net.now - SRTLA_SECOND), >, 50);
    if (data_only)
      net.links[1].data_cut = TRUE;
    else
      net.links[1].cut = TRUE;
    run_until_stalled (&net, 1, TRUE, SRTLA_SECOND);
    stalled_at = net.now;
    while (net.now < stalled_at + SRTLA_SECOND) {
      net_run (&net, 10 * MS);
      g_assert_true (net_uplink (&net, 1).stalled
          || net_uplink (&net, 1).state != SRTLA_UPLINK_UP);
    }
    g_assert_cmpuint (originals_since (&net, 1, stalled_at + 1), ==, 0);
    g_assert_cmpuint (net_uplink (&net, 1).counters.stalls, ==, 1);
    g_assert_cmpuint (net_uplink (&net, 0).counters.stalls, ==, 0);
    g_assert_cmpuint (net_uplink (&net, 2).counters.stalls, ==, 0);
    /* It was rescued: nothing is missing. */
    g_assert_cmpuint (net_missing (&net, 0, net.now - 200 * MS), ==, 0);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* The tenth packet that proves nothing must be overdue, by its bounds. */
static void
test_stall_time (void)
{
  static const struct
  {
    SrtlaTime delay, interval;
  } table[] = {
    {2 * MS, MS}, {10 * MS, MS}, {25 * MS, 500}, {25 * MS, 3 * MS},
    {100 * MS, MS}, {300 * MS, 2 * MS},
  };
  guint row, i;

  for (row = 0; row < G_N_ELEMENTS (table); row++) {
    SrtlaTime rtt = 2 * table[row].delay, cut_at, tenth_at = 0;
    guint n = 0;
    Net net;

    g_test_message ("row %u", row);
    net_init (&net, 3, table[row].delay);
    net_add_caller (&net, 7, 4000);
    net.interval = table[row].interval;
    net_run (&net, 4 * SRTLA_SECOND);
    net.links[2].data_cut = TRUE;
    cut_at = net.now;
    run_until_stalled (&net, 2, TRUE, 3 * SRTLA_SECOND);
    for (i = 0; i < net.sent->len && n < SRTLA_ACK_TRAIN; i++) {
      const NetSent *sent = &g_array_index (net.sent, NetSent, i);

      if (sent->uplink == 2 && sent->time > cut_at && ++n == SRTLA_ACK_TRAIN)
        tenth_at = sent->time;
    }
    g_assert_cmpuint (n, ==, SRTLA_ACK_TRAIN);
    g_assert_cmpuint (net.now, >=, cut_at + 60 * MS);
    g_assert_cmpuint (net.now, >=, cut_at + rtt);
    /* Acknowledgements of before may still be on their way. */
    g_assert_cmpuint (net.now, <=, MAX (tenth_at, cut_at + rtt)
        + MAX (250 * MS, 2 * rtt * 11 / 10) + 2 * SRTLA_GUARD_INTERVAL);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* Whatever the rate and the round trip: what delivers does not stall. */
static void
test_no_false_stall (void)
{
  static const SrtlaTime intervals[] = { 300, 2 * MS, 30 * MS, 400 * MS };
  static const SrtlaTime delays[] = { 1 * MS, 40 * MS, 300 * MS };
  guint i, k, uplink;
  guint64 lost[3];

  for (i = 0; i < G_N_ELEMENTS (intervals); i++) {
    for (k = 0; k < G_N_ELEMENTS (delays); k++) {
      Net net;

      g_test_message ("interval %u us, delay %u ms", (guint) intervals[i],
          (guint) (delays[k] / MS));
      net_init (&net, 2, delays[k]);
      net_add_link (&net, 10 * MS);
      net_run (&net, 2 * SRTLA_SECOND); /* round trips are known */
      net_add_caller (&net, SRTLA_SEQ_MASK - 1000, 2000);
      net.interval = intervals[i];
      net_run (&net, 2 * SRTLA_SECOND);
      for (uplink = 0; uplink < 3; uplink++)
        lost[uplink] = net_uplink (&net, uplink).counters.losses_found;
      net_run (&net, i == 0 ? 3 * SRTLA_SECOND : 12 * SRTLA_SECOND);
      for (uplink = 0; uplink < 3; uplink++) {
        g_assert_cmpuint (net_uplink (&net, uplink).counters.stalls, ==, 0);
        g_assert_cmpuint (net_uplink (&net, uplink).counters.losses_found, ==,
            lost[uplink]);
      }
      g_assert_cmpuint (net_stats (&net).duplicates, ==, 0);
      net_assert_books (&net);
      net_clear (&net);
    }
  }
}

/* The last packets before a pause, which no SRTLA ACK covers, are not lost. */
static void
test_tail (void)
{
  guint n, i;

  for (n = 1; n < 45; n += 3) {
    guint uplink;
    Net net;

    net_init (&net, 3, 30 * MS);
    net_add_caller (&net, 100, 1000);
    for (i = 0; i < 4; i++) {
      guint k;

      for (k = 0; k < n; k++) {
        net_send (&net, 0);
        net_run (&net, MS);
      }
      net_run (&net, i % 2 == 0 ? 8 * SRTLA_SECOND : 700 * MS);
    }
    for (uplink = 0; uplink < 3; uplink++) {
      g_assert_cmpuint (net_uplink (&net, uplink).counters.stalls, ==, 0);
      g_assert_cmpuint (net_uplink (&net, uplink).counters.losses_found, ==, 0);
    }
    g_assert_cmpuint (net_stats (&net).duplicates, ==, 0);
    g_assert_cmpuint (net_missing (&net, 0, net.now), ==, 0);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* It comes back on proof, slowly at first, and soon with its share. An echo is
 * no proof. */
static void
test_return (void)
{
  gboolean data_only;

  for (data_only = 0; data_only < 2; data_only++) {
    SrtlaTime back_at, proven_at;
    guint i, fair, at_first, later;
    Net net;

    net_init (&net, 3, 25 * MS);
    net_add_caller (&net, 100, 1000);
    for (i = 0; i < 3; i++)
      net.links[i].packet_time = 333;
    net.interval = 222;         /* half of what they carry */
    net_run (&net, 2 * SRTLA_SECOND);
    if (data_only)
      net.links[0].data_cut = TRUE;
    else
      net.links[0].cut = TRUE;
    run_until_stalled (&net, 0, TRUE, SRTLA_SECOND);
    back_at = net.now + 5 * SRTLA_SECOND;
    while (net.now < back_at) {
      net_run (&net, 20 * MS);
      g_assert_true (net_uplink (&net, 0).stalled
          || net_uplink (&net, 0).state != SRTLA_UPLINK_UP);
    }
    g_assert_cmpuint (originals_since (&net, 0, back_at - 4 * SRTLA_SECOND),
        ==, 0);
    if (data_only)              /* its path did answer all the time */
      g_assert_cmpuint (net.links[0].keepalives, >, 5);

    net.links[0].cut = net.links[0].data_cut = FALSE;
    while (net_uplink (&net, 0).stalled
        || net_uplink (&net, 0).state != SRTLA_UPLINK_UP) {
      net_run (&net, MS);
      g_assert_cmpuint (net.now, <, back_at + 3 * SRTLA_SECOND);
    }
    proven_at = net.now;
    fair = 50000 / 222 / 3;     /* packets in a round trip */
    net_run (&net, 50 * MS);
    at_first = originals_since (&net, 0, proven_at);
    net_run (&net, 2 * SRTLA_SECOND);
    later = originals_since (&net, 0, net.now - 50 * 20 * MS) / 20;
    if (data_only)
      g_assert_cmpuint (at_first, <, fair * 2 / 3);
    g_assert_cmpuint (later, >, fair / 3);
    g_assert_cmpuint (net_uplink (&net, 0).counters.stalls, ==, 1);
    g_assert_cmpuint (net_missing (&net, 0, net.now - 200 * MS), ==, 0);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* Fewer than a receiver acknowledges at once are lost. Where there is room beside
 * them they count as in flight, and others are chosen; where there is none it must
 * not wait for them before it takes more. */
static void
test_full_of_lost (void)
{
  SrtlaUplink *uplink;
  Net net;

  net_init (&net, 1, 20 * MS);
  net_add_caller (&net, 100, 2000);
  net.interval = 10 * MS;
  net_run (&net, 2 * SRTLA_SECOND);
  net.interval = 0;
  net_run (&net, SRTLA_SECOND);
  net.links[0].data_cut = TRUE;
  net_send (&net, 0);
  net_send (&net, 0);
  net_send (&net, 0);
  net_take (&net);
  net.links[0].data_cut = FALSE;
  uplink = net.bond->uplinks[0];
  g_assert_cmpuint (srtla_inflight_count (uplink->log), >=, 3);
  net_run (&net, srtla_delivery_overdue (&uplink->rtt));
  g_assert_cmpuint (srtla_inflight_count (uplink->log), >=, 3);
  net_run (&net, srtla_delivery_overdue (&uplink->rtt)
      + 2 * SRTLA_GUARD_INTERVAL);
  g_assert_cmpuint (srtla_inflight_count (uplink->log), >=, 3);
  uplink->delivery.filled = TRUE;
  srtla_bond_uplink_backlog (net.bond, 0, G_MAXUINT32);
  net_run (&net, 2 * SRTLA_GUARD_INTERVAL);
  g_assert_cmpuint (srtla_inflight_count (uplink->log), ==, 0);
  g_assert_cmpint (uplink->in_flight, ==, 0);
  g_assert_false (uplink->stalled);
  net_assert_books (&net);
  net_clear (&net);
}

/* What others that were sent later have overtaken has left the uplink, long before
 * it is overdue where round trips spread much. */
static void
test_overtaken (void)
{
  SrtlaUplink *uplink;
  guint i;
  Net net;

  net_init (&net, 1, 20 * MS);
  net_add_caller (&net, 100, 2000);
  net.interval = 2 * MS;
  net_run (&net, 2 * SRTLA_SECOND);
  uplink = net.bond->uplinks[0];
  net.links[0].data_cut = TRUE;
  for (i = 0; i < 100; i++)
    net_send (&net, 0);
  net_take (&net);
  net.links[0].data_cut = FALSE;
  g_assert_cmpuint (srtla_inflight_count (uplink->log), >=, 100);
  uplink->rtt.variance = SRTLA_SECOND;
  net_run (&net, 40 * MS + SRTLA_ACK_TRAIN * net.interval
      + 2 * SRTLA_GUARD_INTERVAL);
  g_assert_cmpuint (srtla_inflight_count (uplink->log), <, 60);
  g_assert_false (uplink->stalled);
  net_assert_books (&net);
  net_clear (&net);
}

/* The only uplink stalls: it gets no more than it has room for, and again when
 * an echo says that all of that has left it. */
static void
test_sole_stalled (void)
{
  SrtlaUplink *uplink;
  SrtlaTime stalled_at;
  guint sent;
  Net net;

  net_init (&net, 1, 20 * MS);
  net_add_caller (&net, 100, 5000);
  net.interval = MS;
  net_run (&net, 2 * SRTLA_SECOND);
  uplink = net.bond->uplinks[0];
  uplink->delivery.filled = TRUE;
  net.links[0].cut = TRUE;
  run_until_stalled (&net, 0, TRUE, SRTLA_SECOND);
  stalled_at = net.now;
  net_run (&net, 500 * MS);
  g_assert_cmpuint (originals_since (&net, 0, stalled_at + 1), <=,
      uplink->room / NET_PACKET);
  g_assert_cmpuint (srtla_inflight_bytes (uplink->log), <=, uplink->room);
  g_assert_cmpuint (srtla_bond_waiting (net.bond), >, 300);
  g_assert_cmpuint (net_stats (&net).lost[SRTLA_LOSS_NO_UPLINK], ==, 0);

  net.links[0].cut = FALSE;
  net.links[0].data_cut = TRUE;
  sent = originals_since (&net, 0, 0);
  net_run (&net, SRTLA_KEEPALIVE_STALLED + 40 * MS + 2 * MS);
  g_assert_true (uplink->stalled);
  g_assert_cmpuint (originals_since (&net, 0, 0), >, sent + 10);
  net.links[0].data_cut = FALSE;
  run_until_stalled (&net, 0, FALSE, 300 * MS);
  net_assert_books (&net);
  net_clear (&net);
}

/* Nothing is delivered anywhere: it goes on with the best. */
static void
test_all_stalled (void)
{
  guint i;
  Net net;

  net_init (&net, 3, 25 * MS);
  net_add_caller (&net, 100, 500);
  net.interval = MS;
  net_run (&net, SRTLA_SECOND);
  for (i = 0; i < 3; i++)
    net.links[i].data_cut = TRUE;
  net_run (&net, SRTLA_SECOND);
  for (i = 0; i < 3; i++)
    g_assert_true (net_uplink (&net, i).stalled);
  net_run (&net, 3 * SRTLA_SECOND);
  g_assert_cmpuint (net_stats (&net).lost[SRTLA_LOSS_NO_UPLINK], ==, 0);
  net.links[1].data_cut = FALSE;
  net_run (&net, 5 * SRTLA_SECOND);
  g_assert_false (net_uplink (&net, 1).stalled);
  g_assert_cmpuint (originals_since (&net, 1, net.now - SRTLA_SECOND), >, 900);
  net_assert_books (&net);
  net_clear (&net);
}

/* Without SRTLA ACKs: what carries does not stall and nothing piles up; what is
 * dead is left and comes back. */
static void
test_no_srtla_acks (void)
{
  guint i;
  Net net;

  net_init (&net, 3, 25 * MS);
  net.naks = NET_NAK_PERIODIC;
  net_add_caller (&net, 100, 1000);
  for (i = 0; i < 3; i++)
    net.links[i].no_acks = TRUE;
  net.interval = MS;
  net_run (&net, 6 * SRTLA_SECOND);
  for (i = 0; i < 3; i++) {
    g_assert_cmpuint (net_uplink (&net, i).counters.stalls, ==, 0);
    g_assert_cmpint (net_uplink (&net, i).in_flight, <, 400);
    g_assert_cmpuint (originals_since (&net, i, net.now - SRTLA_SECOND), >, 0);
  }
  net.links[1].cut = TRUE;
  net_run (&net, 2 * SRTLA_SECOND);
  g_assert_cmpuint (originals_since (&net, 1, net.now - SRTLA_SECOND / 2), ==,
      0);
  g_assert_cmpuint (net_missing (&net, 0, net.now - 500 * MS), ==, 0);
  net.links[1].cut = FALSE;
  net_run (&net, 5 * SRTLA_SECOND);
  g_assert_cmpuint (originals_since (&net, 1, net.now - SRTLA_SECOND), >, 0);
  g_assert_cmpuint (net_missing (&net, 0, net.now - 500 * MS), ==, 0);
  net_assert_books (&net);
  net_clear (&net);
}

/* ---- Probes ------------------------------------------------------------ */

/* Each probe is a duplicate of a packet that went its own way before, trains
 * are of ten, and an uplink gets one in 2 s. */
static void
assert_probes (Net *net)
{
  SrtlaTime train_at[NET_LINKS] = { 0 };
  guint in_train[NET_LINKS] = { 0 };
  guint i;

  for (i = 0; i < net->sent->len; i++) {
    const NetSent *sent = &g_array_index (net->sent, NetSent, i);
    const NetSent *way;
    guint k = i;

    if (sent->copy != SRTLA_COPY_PROBE)
      continue;
    do {
      g_assert_cmpuint (k, >, 0);
      way = &g_array_index (net->sent, NetSent, --k);
    } while (way->sequence != sent->sequence || way->caller != sent->caller
        || way->copy != SRTLA_COPY_NONE);
    g_assert_cmpuint (way->time, ==, sent->time);
    g_assert_cmpuint (way->uplink, !=, sent->uplink);

    if (train_at[sent->uplink] == 0
        || sent->time >= train_at[sent->uplink] + 19 * SRTLA_SECOND / 10) {
      train_at[sent->uplink] = sent->time;
      in_train[sent->uplink] = 0;
    }
    g_assert_cmpuint (++in_train[sent->uplink], <=, SRTLA_ACK_TRAIN);
  }
}

static void
test_probes_of_stalled (void)
{
  SrtlaBondStats stats;
  Net net;

  net_init (&net, 3, 25 * MS);
  net_add_caller (&net, 100, 1000);
  net.interval = MS;
  net_run (&net, 2 * SRTLA_SECOND);
  net.links[0].data_cut = TRUE;
  net_run (&net, 20 * SRTLA_SECOND);
  stats = net_stats (&net);
  g_assert_cmpuint (stats.probes, >=, 3 * SRTLA_ACK_TRAIN);
  g_assert_cmpuint (stats.probes, <=, 11 * SRTLA_ACK_TRAIN);
  assert_probes (&net);
  g_assert_cmpuint (net_missing (&net, 0, net.now - 200 * MS), ==, 0);

  /* The first train goes out at the first echo after a silence. */
  net.links[0].cut = TRUE;
  net.links[0].data_cut = FALSE;
  net_run (&net, 10 * SRTLA_SECOND);
  net.links[0].cut = FALSE;
  net_run (&net, 2 * SRTLA_SECOND);
  g_assert_false (net_uplink (&net, 0).stalled);
  net_assert_books (&net);
  net_clear (&net);
}

/* A train needs no new packets: what went missing on the uplink itself does, in
 * its order, and each but once. */
static void
test_train_of_what_is_missing (void)
{
  guint32 first = 0, before = 0;
  guint i, probes = 0;
  SrtlaTime took;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_caller (&net, 100, 2000);
  net.interval = MS;
  net_run (&net, 2 * SRTLA_SECOND);
  net.links[0].cut = net.links[1].cut = TRUE;
  net_run (&net, 100 * MS);
  net.interval = 0;
  run_until_stalled (&net, 0, TRUE, 200 * MS);
  run_until_stalled (&net, 1, TRUE, 50 * MS);
  first = net.callers[0].next;
  net_run (&net, 10 * MS);
  g_array_set_size (net.sent, 0);
  net.links[0].cut = net.links[1].cut = FALSE;
  /* Keepalive, echo, train, acknowledgement; and two turns of the guard. */
  took = run_until_stalled (&net, 0, FALSE, 250 * MS);
  g_assert_cmpuint (took, <=, 140 * MS);
  for (i = 0; i < net.sent->len; i++) {
    const NetSent *sent = &g_array_index (net.sent, NetSent, i);

    if (sent->uplink != 0 || sent->copy != SRTLA_COPY_PROBE)
      continue;
    g_assert_true (srtla_seq_before (sent->sequence, first));
    g_assert_true (before == 0 || srtla_seq_before (before, sent->sequence));
    before = sent->sequence;
    probes++;
  }
  g_assert_cmpuint (probes, ==, SRTLA_ACK_TRAIN);
  net_run (&net, SRTLA_SECOND);
  g_assert_false (net_uplink (&net, 1).stalled);
  net_assert_books (&net);
  net_clear (&net);
}

/* Traffic so thin that one uplink has it all. */
static void
test_exploration (void)
{
  gboolean exploration;

  for (exploration = 0; exploration < 2; exploration++) {
    SrtlaBondStats stats;
    Net net;

    net_init (&net, 3, 5 * MS);
    net_add_caller (&net, 100, 1000);
    srtla_bond_set_exploration (net.bond, exploration);
    net.interval = 20 * MS;
    net_run (&net, 120 * SRTLA_SECOND);
    stats = net_stats (&net);
    if (exploration)
      g_assert_cmpuint (stats.probes, >=, SRTLA_ACK_TRAIN);
    else
      g_assert_cmpuint (stats.probes, ==, 0);
    /* What is begun is finished: a train for each uplink beside the share. */
    g_assert_cmpuint (stats.duplicate_bytes, <=, stats.bytes_sent / 100
        + 3 * SRTLA_ACK_TRAIN * NET_PACKET);
    assert_probes (&net);
    g_assert_cmpuint (stats.packets_sent, ==, stats.packets_pushed);
    g_assert_cmpuint (net_missing (&net, 0, net.now - 100 * MS), ==, 0);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* ---- Modes and callers ------------------------------------------------- */

/* Each mode goes on with what the other left. */
static void
test_mode_switches (void)
{
  static const NetNaks naks[] = { NET_NAK_PERIODIC, NET_NAK_ONCE };
  guint row, i;

  for (row = 0; row < G_N_ELEMENTS (naks); row++) {
    Net net;

    net_init (&net, 2, 30 * MS);
    net_add_link (&net, 90 * MS);
    net.naks = naks[row];
    net_add_caller (&net, SRTLA_SEQ_MASK - 3000, 3000);
    net.repeats_arrive = TRUE;
    for (i = 0; i < 3; i++)
      net.links[i].loss = 20;
    net.interval = MS;
    for (i = 0; i < 80; i++) {
      net_run (&net, (SrtlaTime) g_rand_int_range (net.rand, 0, 200) * MS);
      g_assert_true (srtla_bond_set_mode (net.bond, i % 2 == 0 ? "classic"
              : "enhanced", net.now));
      net_take (&net);
      if (i % 2 == 0)
        g_assert_cmpint (net.references, ==, 0);
      net_assert_books (&net);
    }
    for (i = 0; i < 3; i++)
      net.links[i].loss = 0;
    net_run (&net, 3 * SRTLA_SECOND);
    g_assert_cmpuint (net_missing (&net, 0, net.now - SRTLA_SECOND), ==, 0);
    g_assert_cmpuint (net.callers[0].given_up, ==, 0);
    net.interval = 0;
    net_run (&net, 8 * SRTLA_SECOND);
    for (i = 0; i < 3; i++)
      g_assert_cmpint (net_uplink (&net, i).in_flight, ==, 0);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* The settings flip in the middle of traffic. */
static void
test_toggles (void)
{
  guint i;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_add_link (&net, 100 * MS);
  net.naks = NET_NAK_ONCE;
  net_add_caller (&net, 100, 3000);
  net.repeats_arrive = TRUE;
  net.interval = 2 * MS;
  for (i = 0; i < 3; i++)
    net.links[i].loss = 20;
  for (i = 0; i < 4000; i++) {
    guint setting = g_rand_int_range (net.rand, 0, 4);
    gboolean on = testing_chance (net.rand, 50);

    net_run (&net, MS);
    if (setting == 0)
      srtla_bond_set_quality (net.bond, on);
    else if (setting == 1)
      srtla_bond_set_exploration (net.bond, on);
    else if (setting == 2)
      srtla_bond_set_rescue (net.bond, on);
    else
      srtla_bond_set_nak_filter (net.bond, on);
    net_assert_books (&net);
  }
  net_run (&net, 2 * SRTLA_SECOND);
  g_assert_cmpuint (net_missing (&net, 0, net.now - SRTLA_SECOND), ==, 0);
  net_assert_books (&net);
  net_clear (&net);
}

/* Two callers use the same numbers at about the same time. */
static void
test_two_callers (void)
{
  static const SrtlaTime lags[] = { 0, 3 * MS, 40 * MS };
  guint row, i, caller;

  for (row = 0; row < G_N_ELEMENTS (lags); row++) {
    guint64 unknown[3], mistaken = 0, acknowledged = 0;
    Net net;

    g_test_message ("lag %u ms", (guint) (lags[row] / MS));
    net_init (&net, 3, 50 * MS);
    net.naks = NET_NAK_PERIODIC;
    net_add_caller (&net, 500, 2000);
    net.interval = MS;
    net_run (&net, lags[row]);
    net_add_caller (&net, 500, 2000);
    /* Before the first SRTLA ACK it is not known that they come. */
    net_run (&net, SRTLA_SECOND);
    for (i = 0; i < 3; i++)
      unknown[i] = net_uplink (&net, i).counters.acknowledgements_unknown;
    net_run (&net, 6 * SRTLA_SECOND);
    for (i = 0; i < 3; i++) {
      SrtlaUplinkStats uplink = net_uplink (&net, i);

      g_assert_cmpuint (uplink.counters.stalls, ==, 0);
      g_assert_cmpuint (uplink.counters.losses_found, ==, 0);
      g_assert_cmpuint (uplink.rtt_minimum, >=, 95 * MS);
      g_assert_cmpuint (uplink.rtt, <=, 115 * MS);
      mistaken += uplink.counters.acknowledgements_unknown - unknown[i];
      acknowledged += uplink.counters.packets_acknowledged;
    }
    g_assert_cmpuint (mistaken, <=, acknowledged / 50);
    g_assert_cmpuint (net.nak_numbers, ==, 0);

    /* What one loses is reported to it alone. */
    for (i = 0; i < 3; i++)
      net.links[i].loss = 20;
    net_run (&net, 6 * SRTLA_SECOND);
    for (i = 0; i < 3; i++)
      net.links[i].loss = 0;
    net_run (&net, 2 * SRTLA_SECOND);
    for (caller = 0; caller < 2; caller++) {
      g_assert_cmpuint (net_missing (&net, caller, net.now - SRTLA_SECOND), ==,
          0);
      g_assert_cmpuint (net.callers[caller].given_up, ==, 0);
    }
    /* 20 in 1000 of 12,000 packets were lost: about 240. */
    g_assert_cmpuint (net.nak_numbers, >, 150);
    g_assert_cmpuint (net.nak_numbers, <, 480);
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* Where receivers send no SRTLA ACKs the rate is what echoes say has left, also
 * of what SRT's ACKs settled before them. */
static void
test_rate_without_srtla_acks (void)
{
  SrtlaUplinkStats uplink;
  guint i;
  Net net;

  net_init (&net, 2, 10 * MS);
  for (i = 0; i < 2; i++)
    net.links[i].no_acks = TRUE;
  net_add_caller (&net, 100, 1000);
  net.interval = MS;
  net_run (&net, 4 * SRTLA_SECOND);
  for (i = 0; i < 2; i++) {
    uplink = net_uplink (&net, i);
    g_assert_cmpuint (uplink.delivered_rate, >=, uplink.bitrate * 9 / 10);
    g_assert_cmpuint (uplink.delivered_rate, <=, uplink.bitrate * 3 / 2);
  }
  net_clear (&net);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/enhanced/own-acknowledgements",
      test_own_acknowledgements);
  g_test_add_func ("/enhanced/srt-acks-prove-nothing",
      test_srt_acks_prove_nothing);
  g_test_add_func ("/enhanced/stall-time", test_stall_time);
  g_test_add_func ("/enhanced/no-false-stall", test_no_false_stall);
  g_test_add_func ("/enhanced/tail", test_tail);
  g_test_add_func ("/enhanced/return", test_return);
  g_test_add_func ("/enhanced/full-of-lost", test_full_of_lost);
  g_test_add_func ("/enhanced/overtaken", test_overtaken);
  g_test_add_func ("/enhanced/sole-stalled", test_sole_stalled);
  g_test_add_func ("/enhanced/all-stalled", test_all_stalled);
  g_test_add_func ("/enhanced/no-srtla-acks", test_no_srtla_acks);
  g_test_add_func ("/enhanced/rate-without-srtla-acks",
      test_rate_without_srtla_acks);
  g_test_add_func ("/enhanced/probes-of-stalled", test_probes_of_stalled);
  g_test_add_func ("/enhanced/train-of-what-is-missing",
      test_train_of_what_is_missing);
  g_test_add_func ("/enhanced/exploration", test_exploration);
  g_test_add_func ("/enhanced/mode-switches", test_mode_switches);
  g_test_add_func ("/enhanced/toggles", test_toggles);
  g_test_add_func ("/enhanced/two-callers", test_two_callers);
  return g_test_run ();
}
