/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * To whom NAKs go that the bond held back and writes itself, and what stands in
 * them: whatever happens between a NAK, its release and its being taken.
 */
#include "bond-fixture.h"
#include "bond-net.h"

#define MS SRTLA_MILLISECOND
#define FIRST 100u
#define PACKETS 40

/* ---- Several uplinks at once -------------------------------------------- */

/* Returns: how many packets never arrived, were reported by the server, and not
 * told to the caller. */
static guint
untold (Net *net)
{
  guint caller, i, count = 0;

  for (caller = 0; caller < net->n_callers; caller++) {
    GArray *records = net->callers[caller].records;

    for (i = 0; i < records->len; i++) {
      const NetRecord *record = &g_array_index (records, NetRecord, i);

      count += record->arrivals == 0 && record->reported_at != 0
          && record->told == 0;
    }
  }
  return count;
}

/* Two slow uplinks with NAKs held of either, for two callers. */
static void
hold_on_two (Net *net)
{
  net_init (net, 1, 10 * MS);
  net_add_link (net, 200 * MS);
  net_add_link (net, 250 * MS);
  net_run (net, 2 * SRTLA_SECOND);
  net->naks = NET_NAK_ONCE;
  net_add_caller (net, 100, 3000);
  net_add_caller (net, 9000, 3000);
  net->deaf = TRUE;
  srtla_bond_set_rescue (net->bond, FALSE);
  net->interval = 700;
  net_run (net, 3 * SRTLA_SECOND);
  net->naks = NET_NAK_NEVER;
  net->links[1].cut = net->links[2].cut = TRUE;
  net_run (net, 20 * MS);       /* what was reported has come back by now */
}

/* Uplinks go one after the other before their owner takes anything: what was
 * written of the first is still whole then. */
static void
test_several_uplinks (void)
{
  guint way, i, before;
  Net net;

  for (way = 0; way < 3; way++) {
    g_test_message ("way %u", way);
    hold_on_two (&net);
    for (i = 1; i <= 2; i++) {
      before = net_held (&net);
      g_assert_cmpuint (before, >, 30);
      if (way == 0)
        srtla_bond_remove_uplink (net.bond, i, net.now);
      else
        srtla_bond_uplink_closed (net.bond, i, "gone", net.now);
      if (way == 2)
        srtla_bond_tick (net.bond, net.now);
      g_assert_cmpuint (net_held (&net), <, before);
    }
    g_assert_cmpuint (net_held (&net), ==, 0);
    net_take (&net);
    net_assert_books (&net);
    g_assert_cmpuint (untold (&net), ==, 0);
    net_clear (&net);
  }
}

/* More uplinks than there are packets for NAKs: what cannot be told any more is
 * counted, and nothing is held for ever. */
static void
test_very_many_uplinks (void)
{
  guint links = SRTLA_MAX_UPLINKS, i;
  guint8 packet[TESTING_MAX_PACKET];
  Net net;

  net_init (&net, links, 200 * MS);
  net_run (&net, 2 * SRTLA_SECOND);
  net_add_caller (&net, FIRST, 3000);
  net.deaf = TRUE;
  srtla_bond_set_rescue (net.bond, FALSE);
  srtla_bond_set_queue_target (net.bond, 0);
  for (i = 0; i < 20 * links; i++) {
    net_send (&net, 0);
    net_record (&net, 0, FIRST + i)->reported_at = net.now;
  }
  net_receive (&net, 0, packet, testing_nak_range (packet, FIRST,
          FIRST + 20 * links - 1, net.callers[0].socket_id, 1));
  g_assert_cmpuint (net_held (&net), >, 0);
  for (i = 0; i < links; i++)
    srtla_bond_uplink_closed (net.bond, i, "gone", net.now);
  g_assert_cmpuint (net_held (&net), ==, 0);
  net_take (&net);
  net_assert_books (&net);
  g_assert_cmpuint (net_stats (&net).naks_dropped, >, 0);
  g_assert_cmpuint (net.nak_numbers, ==, net_stats (&net).naks_released);
  net_clear (&net);
}

/* ---- One caller's place is another's ------------------------------------ */

/* A bond with two uplinks, and a NAK of `packet` held of what they carry. */
static void
hold (Fixture *fixture, const guint8 *packet, gsize size)
{
  guint32 i;

  srtla_bond_set_rescue (fixture->bond, FALSE);
  for (i = 0; i < PACKETS; i++)
    fixture_push_data (fixture, FIRST + i);
  fixture_receive (fixture, 0, packet, size);
}

static void
start (Fixture *fixture)
{
  fixture_init (fixture, 2, FALSE);
  g_assert_true (srtla_bond_set_mode (fixture->bond, "enhanced",
          fixture->now));
}

/* Returns: the NAK among the outputs, NULL if there is none. */
static const SrtlaOutput *
find_nak (const Fixture *fixture)
{
  guint i;

  for (i = 0; i < fixture->n_outputs; i++) {
    const SrtlaOutput *output = &fixture->outputs[i];

    if (output->kind == SRTLA_OUTPUT_REPLY && srtla_packet_kind
        (output->packet.data, output->packet.size) == SRTLA_KIND_SRT_NAK)
      return output;
  }
  return NULL;
}

/* The caller says goodbye and all other places are taken, so that the next one
 * gets its. */
static void
give_up_place (Fixture *fixture)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint32 i;

  fixture_push (fixture, packet, testing_shutdown (packet, FIXTURE_SERVER_ID,
          0));
  for (i = 1; i < SRTLA_MAX_CALLERS; i++)
    fixture_push (fixture, packet, testing_data_packet (packet, 100, i,
            FIXTURE_SERVER_ID + i, 0, FALSE));
}

/* A reply that waits while its caller's place is given away is not for whoever
 * has that now. */
static void
test_new_caller (void)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint taken, caller;
  Fixture fixture;

  for (taken = 0; taken < 2; taken++) {
    SrtlaPacket induction = { packet, 0, NULL };
    const SrtlaOutput *nak;

    start (&fixture);
    fixture_handshake (&fixture, FIXTURE_CALLER_ID, FIXTURE_SERVER_ID, FIRST);
    hold (&fixture, packet, testing_nak_range (packet, FIRST,
            FIRST + PACKETS - 1, FIXTURE_CALLER_ID, 1));
    g_assert_null (find_nak (&fixture));
    if (taken)
      give_up_place (&fixture);
    srtla_bond_uplink_closed (fixture.bond, 0, "gone", fixture.now);
    induction.size = testing_induction (packet, FIXTURE_CALLER_ID + 9, 7, 0);
    srtla_bond_push (fixture.bond, &induction, fixture.now, &caller);
    g_assert_cmpuint (caller, ==, taken ? 0 : 1);
    fixture_drain (&fixture);
    nak = find_nak (&fixture);
    g_assert_nonnull (nak);
    g_assert_cmphex (srtla_srt_destination (nak->packet.data), ==,
        FIXTURE_CALLER_ID);
    g_assert_cmpuint (nak->caller, ==, taken ? SRTLA_NO_CALLER : 0);
    fixture_clear (&fixture);
  }
}

/* A NAK to an id that turns out to be another's is not the caller's: what was
 * held of it is not released. */
static void
test_wrong_guess (void)
{
  const TestingRange ranges[] = {
    {FIRST + 50000, FIRST + 50000}, {FIRST + 1, FIRST + PACKETS - 1}
  };
  guint8 packet[TESTING_MAX_PACKET];
  guint corrected;
  Fixture fixture;
  SrtlaBondStats stats;

  for (corrected = 0; corrected < 2; corrected++) {
    start (&fixture);
    fixture_push_data (&fixture, FIRST - 1);    /* joined in the middle */
    fixture_receive (&fixture, 0, packet, testing_srt_keepalive (packet,
            FIXTURE_CALLER_ID, 1));
    hold (&fixture, packet, testing_nak (packet, ranges, 2,
            FIXTURE_CALLER_ID, 2));
    fixture_stats (&fixture, &stats);
    g_assert_cmpuint (stats.naks_held, ==, PACKETS - 1);
    if (corrected)
      fixture_receive (&fixture, 0, packet, testing_ack (packet, 1, FIRST,
              FIXTURE_CALLER_ID + 5, 3));
    srtla_bond_uplink_closed (fixture.bond, 0, "gone", fixture.now);
    fixture_drain (&fixture);
    g_assert_true ((find_nak (&fixture) == NULL) == corrected);
    fixture_stats (&fixture, &stats);
    g_assert_cmpuint (corrected ? stats.naks_dropped : stats.naks_released, >,
        0);
    g_assert_cmpuint (corrected ? stats.naks_released : stats.naks_dropped, ==,
        0);
    fixture_clear (&fixture);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bond-replies/several-uplinks", test_several_uplinks);
  g_test_add_func ("/bond-replies/very-many-uplinks", test_very_many_uplinks);
  g_test_add_func ("/bond-replies/new-caller", test_new_caller);
  g_test_add_func ("/bond-replies/wrong-guess", test_wrong_guess);
  return g_test_run ();
}
