/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An uplink goes and comes back: the stream is whole. The receiver goes and
 * comes back: the stream goes on. */
#include "e2e-stream.h"

#define RATE 2000000            /* bit/s */
/* Until an uplink is found dead, it swallows packets, some of them twice. */
#define PATIENT "&latency=2500&conntimeo=10000"
/* A dead connection is noticed soon; a new one may take its time. */
#define RESTLESS "&latency=500&peeridletimeo=2000&conntimeo=10000"

static void
test_uplink_cut (void)
{
  const E2eSettings settings = {.behaviour = 'a',.with_relay = TRUE };
  E2eStream stream;
  E2eBond *bond = &stream.bond;

  e2e_stream_start (&stream, &settings, 4, RATE, PATIENT, PATIENT);
  /* So that packets are in flight: without a delay one uplink is enough. */
  g_assert_true (demo_tool_command (bond->relay, "delay all 20"));
  e2e_bond_wait_carries (bond, "127.0.0.3", 20);

  g_assert_true (demo_tool_command (bond->relay, "cut 127.0.0.3"));
  e2e_bond_wait_uplink (bond, "127.0.0.3", "down");
  g_assert_cmpuint (e2e_bond_stat (bond, "uplinks-up"), ==, 3);

  g_assert_true (demo_tool_command (bond->relay, "restore 127.0.0.3"));
  e2e_bond_wait_uplink (bond, "127.0.0.3", "up");
  /* The receiver was there all the time: no new group. */
  g_assert_cmpuint (e2e_bond_stat (bond, "registrations"), ==, 1);
  /* Now it has to do the work alone. */
  g_object_set (bond->element, "uplinks", "127.0.0.3", NULL);
  e2e_bond_wait_carries (bond, "127.0.0.3", 500);
  e2e_check_wait (stream.check, e2e_check_messages (stream.check) + 800);
  e2e_stream_stop (&stream);
}

/* The new receiver speaks to the SRT listener from another port, which no SRT
 * listener takes for the same caller: the connection breaks and is made anew. */
static void
test_receiver_restarted (void)
{
  const E2eSettings settings = {.behaviour = 'a' };
  guint64 received;
  E2eStream stream;
  E2eBond *bond = &stream.bond;

  e2e_stream_start (&stream, &settings, 4, RATE, RESTLESS, RESTLESS);
  e2e_check_wait (stream.check, 200);

  e2e_bond_stop_receiver (bond);
  e2e_check_allow_gaps (stream.check);
  e2e_bond_start_receiver (bond, demo_free_port ());
  e2e_bond_wait_stat (bond, "registrations", 2);
  e2e_bond_wait_stat (bond, "uplinks-up", 4);
  received = e2e_check_messages (stream.check);
  e2e_check_wait (stream.check, received + 400);
  e2e_stream_stop (&stream);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/outages/uplink-cut", test_uplink_cut);
  g_test_add_func ("/outages/receiver-restarted", test_receiver_restarted);
  return g_test_run ();
}
