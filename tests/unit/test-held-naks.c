/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A NAK is held back for a packet that an uplink's log still has. However that
 * leaves the log, the NAK is told or counted as not told: none is held for ever.
 */
#include "bond-net.h"

#define MS SRTLA_MILLISECOND
#define FIRST 100u
#define PACKETS 40u

/* Uplinks with NAKs held of all that they carry. */
static void
hold (Net *net, guint uplinks)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint32 i;

  net_init (net, uplinks, 200 * MS);
  net_run (net, 2 * SRTLA_SECOND);
  net_add_caller (net, FIRST, 3000);
  net->deaf = TRUE;
  srtla_bond_set_queue_target (net->bond, 0);
  for (i = 0; i < PACKETS; i++) {
    net_send (net, 0);
    net_record (net, 0, FIRST + i)->reported_at = net->now;
  }
  net_receive (net, 0, packet, testing_nak_range (packet, FIRST,
          FIRST + PACKETS - 1, net->callers[0].socket_id, 1));
  g_assert_cmpuint (net_held (net), ==, PACKETS);
  net_assert_books (net);
}

/* None is held any more, and none was told. */
static void
assert_dropped (Net *net)
{
  SrtlaBondStats stats = net_stats (net);

  g_assert_cmpuint (net_held (net), ==, 0);
  g_assert_cmpuint (stats.naks_dropped, ==, PACKETS);
  g_assert_cmpuint (stats.naks_released, ==, 0);
  g_assert_cmpuint (net->nak_numbers, ==, 0);
}

/* Their sockets give them back. */
static void
test_returned (void)
{
  guint8 packet[NET_PACKET];
  guint32 i;
  Net net;

  hold (&net, 2);
  for (i = 0; i < PACKETS; i++) {
    SrtlaOutput output = {.kind = SRTLA_OUTPUT_PACKET,
      .uplink = g_array_index (net.sent, NetSent, i).uplink,
      .packet = {packet, sizeof packet, NULL},.expires = SRTLA_TIME_NONE
    };

    testing_data_packet (packet, sizeof packet, FIRST + i,
        net.callers[0].peer_id, (guint32) net.now, FALSE);
    srtla_bond_send_result (net.bond, &output, SRTLA_SEND_RETURNED, net.now);
  }
  assert_dropped (&net);
  net_assert_books (&net);
  net_clear (&net);
}

/* Their caller goes, and another has its place. */
static void
test_new_caller (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  SrtlaPacket push = { packet, 0, NULL };
  SrtlaOutput output;
  Net net;

  hold (&net, 2);
  push.size = testing_shutdown (packet, net.callers[0].peer_id, 0);
  srtla_bond_push (net.bond, &push, net.now, NULL);
  push.size = testing_induction (packet, net.callers[0].socket_id, 7, 0);
  srtla_bond_push (net.bond, &push, net.now, NULL);
  while (srtla_bond_next_output (net.bond, &output))
    g_assert_cmpint (output.kind, ==, SRTLA_OUTPUT_PACKET);
  assert_dropped (&net);
  net_clear (&net);
}

/* So much is sent after them that the log is full. */
static void
test_full_log (void)
{
  guint i;
  Net net;

  hold (&net, 1);
  for (i = 0; i < SRTLA_INFLIGHT_CAPACITY; i++)
    net_send (&net, 0);
  assert_dropped (&net);
  net_assert_books (&net);
  net_clear (&net);
}

/* A stalled uplink is probed with what it has lost. Its NAKs are told at once, so
 * that none is held by then; if one were, for want of room to write it: */
static void
test_train (void)
{
  SrtlaInflight *log;
  guint64 place;
  guint held;
  Net net;

  net_init (&net, 2, 20 * MS);
  net_run (&net, 2 * SRTLA_SECOND);
  net_add_caller (&net, FIRST, 3000);
  net.deaf = TRUE;
  net.interval = MS;
  net_run (&net, SRTLA_SECOND);
  net.links[0].data_cut = net.links[1].data_cut = TRUE;
  while (!net.bond->uplinks[1]->stalled)
    net_run (&net, MS);
  net.interval = 0;
  net_run (&net, SRTLA_GUARD_INTERVAL);
  g_assert_cmpuint (net_stats (&net).probes, ==, 0);
  log = net.bond->uplinks[1]->log;
  for (place = 0; place < srtla_inflight_next_place (log); place++) {
    SrtlaInflightEntry *entry = srtla_inflight_at (log, place);

    if (entry == NULL || !entry->held || entry->settled)
      continue;
    net.bond->stats.naks_held += !entry->reported;
    entry->reported = TRUE;
  }
  held = net_held (&net);
  net_run (&net, 150 * MS);
  g_assert_cmpuint (net_stats (&net).probes, >, 0);
  g_assert_cmpuint (net_held (&net), <, held);
  net_assert_books (&net);
  net_clear (&net);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/held-naks/returned", test_returned);
  g_test_add_func ("/held-naks/new-caller", test_new_caller);
  g_test_add_func ("/held-naks/full-log", test_full_log);
  g_test_add_func ("/held-naks/train", test_train);
  return g_test_run ();
}
