/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Receivers whose SRTLA ACKs leave out most of what arrives, or that send none:
 * what keepalives that come back and SRT's own ACKs and NAKs are worth then.
 */
#include "bond-net.h"

#include <string.h>

#define MS SRTLA_MILLISECOND

typedef enum
{
  ACKS_ALL,
  ACKS_FIFTH,                   /* one of five */
  ACKS_NONE,
} Acks;

static void
set_acks (Net *net, Acks acks)
{
  guint i;

  for (i = 0; i < net->bond->n_uplinks; i++) {
    net->links[i].no_acks = acks == ACKS_NONE;
    net->links[i].skips = acks == ACKS_FIFTH ? 4 : 0;
  }
}

/* Two uplinks, the second that much longer, a packet each millisecond. */
static void
start (Net *net, SrtlaTime longer, Acks acks, NetNaks naks)
{
  net_init (net, 1, 20 * MS);
  net_add_link (net, 20 * MS + longer);
  net_run (net, SRTLA_SECOND);
  net->naks = naks;
  net_add_caller (net, 100, 1000);
  set_acks (net, acks);
  net->interval = MS;
}

/* Returns: packets that left more than once, whoever saw to it. */
static guint
sent_again (Net *net)
{
  guint again = 0, i;

  for (i = 0; i < net->callers[0].records->len; i++) {
    const NetRecord *record = &g_array_index (net->callers[0].records,
        NetRecord, i);

    again += record->originals > 1 || record->rescues > 0;
  }
  return again;
}

static guint
lost_by_links (const Net *net)
{
  return net->sent->len - (guint) (net->links[0].arrived
      + net->links[1].arrived);
}

/* However few are named and however uneven the ways: nothing is taken for lost
 * that is not, no uplink stalls, and both carry. */
static void
test_nothing_is_lost (void)
{
  static const struct
  {
    SrtlaTime longer;
    Acks acks;
    NetNaks naks;
  } table[] = {
    {0, ACKS_FIFTH, NET_NAK_PERIODIC}, {0, ACKS_NONE, NET_NAK_PERIODIC},
    {0, ACKS_FIFTH, NET_NAK_ONCE}, {0, ACKS_NONE, NET_NAK_ONCE},
    {130 * MS, ACKS_FIFTH, NET_NAK_PERIODIC},
    {130 * MS, ACKS_NONE, NET_NAK_PERIODIC},
    {130 * MS, ACKS_FIFTH, NET_NAK_ONCE}, {130 * MS, ACKS_NONE, NET_NAK_ONCE},
  };
  guint row, i;

  for (row = 0; row < G_N_ELEMENTS (table); row++) {
    Net net;

    g_test_message ("row %u", row);
    start (&net, table[row].longer, table[row].acks, table[row].naks);
    net_run (&net, 10 * SRTLA_SECOND);
    g_assert_cmpuint (net_missing (&net, 0, net.now - 300 * MS), ==, 0);
    /* Before the first ones are judged one cannot know. */
    g_assert_cmpuint (sent_again (&net), <=, 20);
    for (i = 0; i < 2; i++) {
      g_assert_cmpuint (net_uplink (&net, i).counters.stalls, ==, 0);
      g_assert_cmpuint (net.links[i].arrived, >, 1000);
      g_assert_cmpint (net_uplink (&net, i).in_flight, <, 400);
    }
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* What is lost arrives after all, also where it is named but once, when it was
 * on its way yet; and little more than that is sent again. */
static void
test_losses (void)
{
  static const Acks acks[] = { ACKS_FIFTH, ACKS_NONE };
  static const NetNaks naks[] = { NET_NAK_PERIODIC, NET_NAK_ONCE };
  guint row;

  for (row = 0; row < 8; row++) {
    Net net;

    g_test_message ("row %u", row);
    start (&net, row & 4 ? 60 * MS : 0, acks[row & 1], naks[row / 2 & 1]);
    net.links[0].loss = net.links[1].loss = 30;
    net_run (&net, 10 * SRTLA_SECOND);
    g_assert_cmpuint (lost_by_links (&net), >, 200);
    g_assert_cmpuint (net_missing (&net, 0, net.now - 900 * MS), ==, 0);
    g_assert_cmpuint (net.callers[0].given_up, ==, 0);
    g_assert_cmpuint (sent_again (&net), <, 3 * lost_by_links (&net));
    net_assert_books (&net);
    net_clear (&net);
  }
}

/* Returns: packets that the uplink was given from that time on. */
static guint
given_since (const Net *net, guint uplink, SrtlaTime since)
{
  guint i, n = 0;

  for (i = 0; i < net->sent->len; i++) {
    const NetSent *sent = &g_array_index (net->sent, NetSent, i);

    n += sent->uplink == uplink && sent->time >= since;
  }
  return n;
}

/* It answers keepalives and delivers nothing: it is left within half a second,
 * tried with little, and used again soon after it delivers. */
static void
test_hole (void)
{
  static const NetNaks naks[] = { NET_NAK_PERIODIC, NET_NAK_ONCE };
  guint row;

  for (row = 0; row < G_N_ELEMENTS (naks); row++) {
    SrtlaTime holed_at;
    Net net;

    g_test_message ("row %u", row);
    start (&net, 0, ACKS_NONE, naks[row]);
    net_run (&net, 3 * SRTLA_SECOND);
    holed_at = net.now;
    net.links[1].data_cut = TRUE;
    net_run (&net, 500 * MS);
    g_assert_true (net_uplink (&net, 1).stalled);
    net_run (&net, 10 * SRTLA_SECOND);
    g_assert_cmpuint (net_missing (&net, 0, net.now - 900 * MS), ==, 0);
    /* A few hundred until it is known, and trials. */
    g_assert_cmpuint (given_since (&net, 1, holed_at), <, 500);
    net.links[1].data_cut = FALSE;
    net_run (&net, 6 * SRTLA_SECOND);
    g_assert_false (net_uplink (&net, 1).stalled);
    g_assert_cmpuint (given_since (&net, 1, net.now - SRTLA_SECOND), >, 200);
    g_assert_cmpuint (net.callers[0].given_up, ==, 0);
    net_clear (&net);
  }
}

/* Nothing comes back: that needs neither losses nor NAKs to be known. */
static void
test_silence (void)
{
  guint waited = 0;
  Net net;

  start (&net, 0, ACKS_NONE, NET_NAK_NEVER);
  net_run (&net, 3 * SRTLA_SECOND);
  net.links[1].cut = TRUE;
  while (!net_uplink (&net, 1).stalled) {
    net_run (&net, 10 * MS);
    g_assert_cmpuint (++waited, <=, 35);
  }
  net.links[1].cut = FALSE;
  net_run (&net, SRTLA_SECOND);
  g_assert_false (net_uplink (&net, 1).stalled);
  g_assert_cmpuint (net_missing (&net, 0, net.now - 300 * MS), ==, 0);
  net_clear (&net);
}

/* SRT's ACKs stand at a packet that nobody names: it goes again. */
static void
test_standing (void)
{
  const NetRecord *record;
  guint32 lost;
  Net net;

  start (&net, 0, ACKS_NONE, NET_NAK_NEVER);
  net_run (&net, 3 * SRTLA_SECOND);
  lost = net.callers[0].next;
  net.links[0].loss = net.links[1].loss = 1000;
  net_run (&net, MS);
  net.links[0].loss = net.links[1].loss = 0;
  net_run (&net, 500 * MS);
  record = net_record (&net, 0, lost);
  g_assert_cmpuint (record->rescues, ==, 1);
  g_assert_cmpuint (record->arrived_at, <, record->sent_at + 250 * MS);
  net_clear (&net);
}

/* What left the uplink but was lost on its way is not what it carries. */
static void
test_rate (void)
{
  Net net;

  start (&net, 0, ACKS_NONE, NET_NAK_PERIODIC);
  net.links[1].loss = 400;
  net_run (&net, 6 * SRTLA_SECOND);
  g_assert_cmpfloat_with_epsilon (net.bond->uplinks[0]->delivery.lost_share,
      0.0, 0.01);
  g_assert_cmpfloat_with_epsilon (net.bond->uplinks[1]->delivery.lost_share,
      0.4, 0.15);
  net_clear (&net);
}

/* What was discounted while losses became known later is not, once SRTLA ACKs
 * tell what arrived. */
static void
test_discount_ends (void)
{
  const SrtlaUplink *uplink;
  Net net;

  start (&net, 0, ACKS_NONE, NET_NAK_PERIODIC);
  uplink = net.bond->uplinks[1];
  net.links[1].loss = 200;
  net_run (&net, 3 * SRTLA_SECOND);
  g_assert_true (uplink->delivery.retracts);
  set_acks (&net, ACKS_ALL);
  net_run (&net, 3 * SRTLA_SECOND);
  g_assert_true (uplink->names_all);
  g_assert_false (uplink->delivery.retracts);
  net_clear (&net);
}

/* Numbers that two callers have under way are no evidence: one of five SRTLA
 * ACKs does not come to look like all of them. */
static void
test_overlapping_callers (void)
{
  guint i;
  Net net;

  net_init (&net, 1, 20 * MS);
  net_add_link (&net, 60 * MS);
  net_run (&net, SRTLA_SECOND);
  net_add_caller (&net, 100, 1000);
  net_add_caller (&net, 120, 1000);
  set_acks (&net, ACKS_FIFTH);
  net.interval = MS;
  net_run (&net, 30 * SRTLA_SECOND);
  for (i = 0; i < 2; i++) {
    g_assert_false (net.bond->uplinks[i]->names_all);
    g_assert_cmpuint (net_uplink (&net, i).counters.stalls, ==, 0);
    g_assert_cmpuint (net_missing (&net, i, net.now - 300 * MS), ==, 0);
  }
  net_clear (&net);
}

/* An echo before anything was sent proves nothing of the first packet. */
static void
test_first_packet (void)
{
  Net net;

  net_init (&net, 1, 20 * MS);
  net_run (&net, 3 * SRTLA_SECOND);
  g_assert_cmpuint (net_uplink (&net, 0).counters.keepalives_echoed, >=, 2);
  g_assert_cmpuint (net.bond->uplinks[0]->delivery.proof_place, ==, 0);
  net_clear (&net);
}

/* Where there is no other uplink nothing is taken for lost before it is named:
 * else its only NAK would look like a second one. */
static void
test_standing_alone (void)
{
  guint8 nak[TESTING_MAX_PACKET];
  guint32 lost;
  Net net;

  net_init (&net, 1, 20 * MS);
  net_run (&net, SRTLA_SECOND);
  net.naks = NET_NAK_NEVER;
  net_add_caller (&net, 100, 1000);
  set_acks (&net, ACKS_NONE);
  net.interval = MS;
  net_run (&net, SRTLA_SECOND);
  lost = net.callers[0].next;
  net.links[0].loss = 1000;
  net_run (&net, MS);
  net.links[0].loss = 0;
  net_run (&net, 200 * MS);
  net_record (&net, 0, lost)->reported_at = net.now;
  net_receive (&net, 0, nak, testing_nak_range (nak, lost, lost,
          net.callers[0].socket_id, 0));
  g_assert_cmpuint (net_record (&net, 0, lost)->told, ==, 1);
  g_assert_cmpuint (net.bond->callers.slots[0].nak_repeats, ==, 0);
  net_clear (&net);
}

/* What SRTLA ACKs are worth is learned of each uplink, and learned anew. */
static void
test_judgement (void)
{
  SrtlaUplink **uplinks;
  Net net;

  start (&net, 0, ACKS_ALL, NET_NAK_PERIODIC);
  uplinks = net.bond->uplinks;
  net_run (&net, 2 * SRTLA_SECOND);
  g_assert_true (uplinks[0]->names_all && uplinks[1]->names_all);
  net.links[1].skips = 4;
  net_run (&net, 4 * SRTLA_SECOND);
  g_assert_true (uplinks[0]->names_all && !uplinks[1]->names_all);
  net.links[1].skips = 0;
  net_run (&net, 8 * SRTLA_SECOND);
  g_assert_true (uplinks[0]->names_all && uplinks[1]->names_all);
  /* A silence costs hundreds of numbers, and is no such thing. */
  net.links[1].cut = TRUE;
  net_run (&net, SRTLA_SECOND);
  net.links[1].cut = FALSE;
  net_run (&net, 2 * SRTLA_SECOND);
  g_assert_true (uplinks[0]->names_all && uplinks[1]->names_all);
  g_assert_cmpuint (net_missing (&net, 0, net.now - 900 * MS), ==, 0);
  /* Nor is a stream so thin that SRT's ACKs come long before SRTLA's. */
  net.interval = 100 * MS;
  net_run (&net, 60 * SRTLA_SECOND);
  g_assert_true (uplinks[0]->names_all && uplinks[1]->names_all);
  net_clear (&net);
}

/* SRT's ACKs come by the fastest uplink, and sooner than SRTLA's by the others:
 * what the others carry is acknowledged and measured all the same. */
static void
test_longer_way (void)
{
  guint i;
  Net net;

  start (&net, 30 * MS, ACKS_ALL, NET_NAK_PERIODIC);
  net_run (&net, 10 * SRTLA_SECOND);
  for (i = 0; i < 2; i++) {
    SrtlaUplinkStats uplink = net_uplink (&net, i);

    g_assert_cmpuint (uplink.counters.packets_sent, >, 2000);
    g_assert_cmpuint (uplink.counters.packets_acknowledged, >,
        uplink.counters.packets_sent / 2);
    g_assert_cmpuint (uplink.delivered_rate, >, 2000000);
  }
  net_clear (&net);
}

/* Returns: how often it was told that the coverage of an uplink changed. */
static guint
count_told (const Net *net, const gchar *coverage)
{
  gchar *words = g_strdup_printf ("ack-coverage %s\n", coverage);
  const gchar *at = net->trace->str;
  guint n = 0;

  while ((at = strstr (at, words)) != NULL) {
    at += strlen (words);
    n++;
  }
  g_free (words);
  return n;
}

/* What SRTLA ACKs name is in the statistics, and told when it changes and at no
 * other time, also where many of them are lost on their way, and after a silence. */
static void
test_coverage (void)
{
  static const struct
  {
    Acks acks;
    guint loss;                 /* per mille, each way */
    SrtlaCoverage coverage;
  } table[] = {
    {ACKS_ALL, 0, SRTLA_COVERAGE_ALL}, {ACKS_ALL, 100, SRTLA_COVERAGE_ALL},
    {ACKS_FIFTH, 0, SRTLA_COVERAGE_SOME}, {ACKS_FIFTH, 100, SRTLA_COVERAGE_SOME},
    {ACKS_NONE, 0, SRTLA_COVERAGE_NONE}, {ACKS_NONE, 100, SRTLA_COVERAGE_NONE},
  };
  guint row, i;

  for (row = 0; row < G_N_ELEMENTS (table); row++) {
    const gchar *name = srtla_coverage_name (table[row].coverage);
    Net net;

    g_test_message ("row %u", row);
    start (&net, 30 * MS, table[row].acks, NET_NAK_PERIODIC);
    for (i = 0; i < 2; i++) {
      g_assert_cmpint (net_uplink (&net, i).coverage, ==,
          SRTLA_COVERAGE_UNKNOWN);
      net.links[i].loss = table[row].loss;
    }
    net_run (&net, 6 * SRTLA_SECOND);
    net.links[1].cut = TRUE;
    net_run (&net, 3 * SRTLA_SECOND);
    net.links[1].cut = FALSE;
    net_run (&net, 4 * SRTLA_SECOND);
    for (i = 0; i < 2; i++)
      g_assert_cmpint (net_uplink (&net, i).coverage, ==, table[row].coverage);
    g_assert_cmpuint (count_told (&net, name), ==, 2);
    g_assert_cmpuint (count_told (&net, "unknown"), ==, 0);
    /* The next receiver may be another. */
    net.interval = SRTLA_SECOND;
    net.links[0].cut = net.links[1].cut = TRUE;
    net_run (&net, 10 * SRTLA_SECOND);
    for (i = 0; i < 2; i++)
      g_assert_cmpint (net_uplink (&net, i).coverage, ==,
          SRTLA_COVERAGE_UNKNOWN);
    net_clear (&net);
  }
}

/* A handshake that comes again without an answer takes another uplink; the next
 * step of a handshake does not. */
static void
test_handshakes (void)
{
  static const struct
  {
    gint32 type;
    guint after;                /* ms */
    gboolean elsewhere;         /* than the one before */
  } table[] = {
    {SRTLA_HS_TYPE_INDUCTION, 0, FALSE}, {SRTLA_HS_TYPE_INDUCTION, 250, TRUE},
    {SRTLA_HS_TYPE_INDUCTION, 250, TRUE}, {SRTLA_HS_TYPE_CONCLUSION, 50, FALSE},
    {SRTLA_HS_TYPE_CONCLUSION, 250, TRUE}, {SRTLA_HS_TYPE_CONCLUSION, 1500, FALSE},
  };
  guint8 packets[G_N_ELEMENTS (table)][TESTING_MAX_PACKET];
  guint first = SRTLA_NO_UPLINK, latest = SRTLA_NO_UPLINK, row;
  Net net;

  net_init (&net, 3, 20 * MS);
  net_run (&net, SRTLA_SECOND);
  for (row = 0; row < G_N_ELEMENTS (table); row++) {
    SrtlaPacket packet = { packets[row], 0, NULL };
    SrtlaOutput output;
    guint uplink = SRTLA_NO_UPLINK;

    g_test_message ("row %u", row);
    packet.size = testing_handshake (packets[row], 5, table[row].type, 0,
        0x1234, 100, 0);
    net.now += table[row].after * MS;
    srtla_bond_push (net.bond, &packet, net.now, NULL);
    while (srtla_bond_next_output (net.bond, &output)) {
      if (output.kind == SRTLA_OUTPUT_PACKET)
        uplink = output.uplink;
    }
    g_assert_cmpuint (uplink, !=, SRTLA_NO_UPLINK);
    if (first == SRTLA_NO_UPLINK)
      first = uplink;
    if (table[row].elsewhere)
      g_assert_cmpuint (uplink, !=, latest);
    else
      g_assert_cmpuint (uplink, ==, first);
    latest = uplink;
  }
  net_clear (&net);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fences/nothing-is-lost", test_nothing_is_lost);
  g_test_add_func ("/fences/losses", test_losses);
  g_test_add_func ("/fences/hole", test_hole);
  g_test_add_func ("/fences/silence", test_silence);
  g_test_add_func ("/fences/standing", test_standing);
  g_test_add_func ("/fences/rate", test_rate);
  g_test_add_func ("/fences/standing-alone", test_standing_alone);
  g_test_add_func ("/fences/discount-ends", test_discount_ends);
  g_test_add_func ("/fences/overlapping-callers", test_overlapping_callers);
  g_test_add_func ("/fences/first-packet", test_first_packet);
  g_test_add_func ("/fences/judgement", test_judgement);
  g_test_add_func ("/fences/longer-way", test_longer_way);
  g_test_add_func ("/fences/coverage", test_coverage);
  g_test_add_func ("/fences/handshakes", test_handshakes);
  return g_test_run ();
}
