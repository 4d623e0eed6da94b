/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main exchanges of registration, datagram by datagram: ms since the
 * start, uplink, what it sends (>), what is sent to it (<), and its state. */
#include "registration-net.h"

static void
test_trace_first_contact (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 2, fixture->rand);

  (void) data;
  /* The second path is the quicker one: it is the one that asks. */
  net->delay[1] = 10 * SRTLA_MILLISECOND;
  net_open_all (net);
  net_run (net, 1000);
  net_expect_trace (net,
      "    0 0 closed -> probing (opened, probing)\n"
      "    0 1 closed -> probing (opened, probing)\n"
      "    0 0 > REG2\n"
      "    0 1 > REG2\n"
      "   10 1 < REG_NGP\n"
      "   20 1 probing -> registering (path found, REG1)\n"
      "   20 1 > REG1\n"
      "   25 0 < REG_NGP\n"
      "   30 1 < REG2\n"
      "   40 0 probing -> registering (group set up, REG2)\n"
      "   40 0 > REG2\n"
      "   40 1 > REG2\n"
      "   50 1 < REG3\n"
      "   60 1 registering -> up (REG3)\n"
      "   65 0 < REG3\n"
      "   90 0 registering -> up (REG3)\n");
  g_assert_cmpuint (srtla_registration_deadline (net->registration), ==,
      SRTLA_TIME_NONE);
  g_assert_true (srtla_registration_has_group (net->registration));
  g_assert_cmpuint (net_stats (net).reg1_sent, ==, 1);
  g_assert_cmpuint (net_stats (net).reg2_sent, ==, 4);
  g_assert_cmpuint (net_stats (net).groups, ==, 1);
  /* The REG_NGP to the slower uplink's probe came while it was joining. */
  g_assert_cmpuint (net_stats (net).ignored, ==, 1);
  net_free (net);
}

/* With one uplink a lost REG1 is repeated from a new port, never from the old
 * one, which the receiver may have in a group already. */
static void
test_trace_lost_one (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);

  (void) data;
  net->drop_nth = 4;            /* REG2, the answer */
  net_open_all (net);
  net_run (net, 1000);
  net_expect_trace (net,
      "    0 0 closed -> probing (opened, probing)\n"
      "    0 0 > REG2\n"
      "   25 0 < REG_NGP\n"
      "   50 0 probing -> registering (path found, REG1)\n"
      "   50 0 > REG1\n"
      "   75 0 < REG2, lost\n"
      "  300 0 registering -> probing (no answer to REG1)\n"
      "  300 0 rebind\n"
      "  300 0 probing -> closed (rebind)\n"
      "  300 0 closed -> probing (opened)\n"
      "  300 0 probing -> registering (path found, REG1)\n"
      "  300 0 > REG1\n"
      "  325 0 < REG2\n"
      "  350 0 > REG2\n"
      "  375 0 < REG3\n"
      "  400 0 registering -> up (REG3)\n");
  net_free (net);
}

/* With two, the other one asks; the first, whose address sits in the group of
 * its own REG1, joins from a new port. */
static void
test_trace_lost_two (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 2, fixture->rand);

  (void) data;
  net->drop_nth = 6;            /* REG2, the answer */
  net_open_all (net);
  net_run (net, 1000);
  net_expect_trace (net,
      "    0 0 closed -> probing (opened, probing)\n"
      "    0 1 closed -> probing (opened, probing)\n"
      "    0 0 > REG2\n"
      "    0 1 > REG2\n"
      "   25 0 < REG_NGP\n"
      "   25 1 < REG_NGP\n"
      "   50 0 probing -> registering (path found, REG1)\n"
      "   50 0 > REG1\n"
      "   75 0 < REG2, lost\n"
      "  300 0 registering -> probing (no answer to REG1)\n"
      "  300 1 probing -> registering (path found, REG1)\n"
      "  300 1 > REG1\n"
      "  325 1 < REG2\n"
      "  350 1 > REG2\n"
      "  350 0 rebind\n"
      "  350 0 probing -> closed (rebind)\n"
      "  350 0 closed -> registering (opened, REG2)\n"
      "  350 0 > REG2\n"
      "  375 1 < REG3\n"
      "  375 0 < REG3\n"
      "  400 1 registering -> up (REG3)\n"
      "  400 0 registering -> up (REG3)\n");
  net_free (net);
}

/* The answer to a REG1 that was given up on is as good, while its socket is
 * open; now it is the other one that needs a new port. */
static void
test_trace_late_answer (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 2, fixture->rand);

  (void) data;
  net_open_all (net);
  net_run (net, 60);
  g_string_truncate (net->trace, 0);
  net->delay[0] = 240 * SRTLA_MILLISECOND;      /* the answer's way back */
  net_run (net, 440);
  net_expect_trace (net,
      "   75 0 < REG2\n"
      "  300 0 registering -> probing (no answer to REG1)\n"
      "  300 1 probing -> registering (path found, REG1)\n"
      "  300 1 > REG1\n"
      "  315 0 probing -> registering (group set up, REG2)\n"
      "  315 0 > REG2\n"
      "  315 1 rebind\n"
      "  315 1 registering -> closed (rebind)\n"
      "  315 1 closed -> registering (opened, REG2)\n"
      "  315 1 > REG2\n"
      "  325 1 < REG2\n"
      "  340 1 < REG3\n"
      "  365 1 registering -> up (REG3)\n");
  net_run (net, 500);
  g_assert_cmpuint (net_count_up (net), ==, 2);
  g_assert_cmpuint (net_stats (net).groups, ==, 1);
  net_assert_members (net);
  net_free (net);
}

static void
test_trace_receiver_restart (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 2, fixture->rand);

  (void) data;
  net->keepalives = TRUE;
  net_open_all (net);
  net_run (net, 1000);
  g_string_truncate (net->trace, 0);
  net_restart_receiver (net);
  net_run (net, 5000);
  net_expect_trace (net,
      " 1000 receiver restarts\n"
      " 4150 0 up -> down (silent)\n"
      " 4150 0 > REG2\n"
      " 4150 1 up -> down (silent)\n"
      " 4150 1 > REG2\n"
      " 4175 0 < REG_NGP\n"
      " 4175 1 < REG_NGP\n"
      " 4200 0 > REG2\n"
      " 4200 0 down -> probing (group unknown)\n"
      " 4200 1 down -> probing (group unknown, probing)\n"
      " 4200 0 probing -> registering (path found, REG1)\n"
      " 4200 0 > REG1\n"
      " 4200 1 > REG2\n"
      " 4225 0 < REG_NGP\n"
      " 4225 0 < REG2\n"
      " 4225 1 < REG_NGP\n"
      " 4250 1 probing -> registering (group set up, REG2)\n"
      " 4250 0 > REG2\n"
      " 4250 1 > REG2\n"
      " 4275 0 < REG3\n"
      " 4275 1 < REG3\n"
      " 4300 0 registering -> up (REG3)\n"
      " 4300 1 registering -> up (REG3)\n");
  g_assert_cmpuint (net_stats (net).groups, ==, 2);
  net_free (net);
}

/* One that joins late, and one whose cable was out. */
static void
test_trace_late_uplink (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);

  (void) data;
  net_open_all (net);
  net_run (net, 1000);
  g_string_truncate (net->trace, 0);
  net_add (net, 5);
  g_assert_cmpint (srtla_registration_state (net->registration, 5), ==,
      SRTLA_UPLINK_CLOSED);
  net_open (net, 5);
  net_run (net, 1000);
  net_close (net, 5);
  net_open (net, 5);
  net_run (net, 100);
  net_expect_trace (net,
      " 1000 5 closed -> registering (opened, REG2)\n"
      " 1000 5 > REG2\n"
      " 1025 5 < REG3\n"
      " 1050 5 registering -> up (REG3)\n"
      " 2000 5 up -> closed (cable pulled)\n"
      " 2000 5 closed -> registering (opened, REG2)\n"
      " 2000 5 > REG2\n"
      " 2025 5 < REG3\n"
      " 2050 5 registering -> up (REG3)\n");
  net_free (net);
}

/* A dead path: REG2 goes on, 250 ms to 1 s apart, for as long as it takes. */
static void
test_trace_silence (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);

  (void) data;
  net_open_all (net);
  net_run (net, 1000);
  g_string_truncate (net->trace, 0);
  net->loss = 100;
  net_lost (net, 0);
  net_run (net, 3000);
  net_expect_trace (net,
      " 1000 0 up -> down (silent)\n"
      " 1000 0 > REG2, lost\n"
      " 1250 0 > REG2, lost\n"
      " 1750 0 > REG2, lost\n"
      " 2750 0 > REG2, lost\n"
      " 3750 0 > REG2, lost\n");
  net_run (net, 3600 * 1000);
  g_string_truncate (net->trace, 0);
  net->loss = 0;
  g_assert_true (net_run_until_up (net, 1, 1200));
  net_free (net);
}

/* A receiver that answers REG2 and no REG1: the wait doubles, and after three
 * the path must be proven anew. */
static void
test_trace_unanswered (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);

  (void) data;
  net_open_all (net);
  net_run (net, 50);
  net->loss = 100;
  net_run (net, 2250);
  net_expect_trace (net,
      "    0 0 closed -> probing (opened, probing)\n"
      "    0 0 > REG2\n"
      "   25 0 < REG_NGP\n"
      "   50 0 probing -> registering (path found, REG1)\n"
      "   50 0 > REG1\n"
      "   75 0 < REG2, lost\n"
      "  300 0 registering -> probing (no answer to REG1)\n"
      "  300 0 rebind\n"
      "  300 0 probing -> closed (rebind)\n"
      "  300 0 closed -> probing (opened)\n"
      "  300 0 probing -> registering (path found, REG1)\n"
      "  300 0 > REG1, lost\n"
      "  800 0 registering -> probing (no answer to REG1)\n"
      "  800 0 rebind\n"
      "  800 0 probing -> closed (rebind)\n"
      "  800 0 closed -> probing (opened)\n"
      "  800 0 probing -> registering (path found, REG1)\n"
      "  800 0 > REG1, lost\n"
      " 1800 0 registering -> probing (no answer to REG1, probing)\n"
      " 1800 0 > REG2, lost\n"
      " 2050 0 > REG2, lost\n");
  net->loss = 0;
  net_run (net, 1000);
  net_expect_trace (net,
      " 2550 0 > REG2\n"
      " 2575 0 < REG_NGP\n"
      " 2600 0 rebind\n"
      " 2600 0 probing -> closed (rebind)\n"
      " 2600 0 closed -> probing (opened)\n"
      " 2600 0 probing -> registering (path found, REG1)\n"
      " 2600 0 > REG1\n"
      " 2625 0 < REG2\n"
      " 2650 0 > REG2\n"
      " 2675 0 < REG3\n"
      " 2700 0 registering -> up (REG3)\n");
  net_free (net);
}

/* A full receiver: the backoff doubles, each try is from another port, and the
 * other uplink has its try at once. */
static void
test_trace_refused (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 2, fixture->rand);
  SrtlaReceiverOutput output;
  guint i;

  (void) data;
  for (i = 0; i < 200; i++) {
    guint8 reg1[SRTLA_REG_SIZE] = { 0x92, 0x00 };

    srtla_receiver_receive (net->receiver, 1000000 + i, reg1, sizeof reg1,
        net->now);
    while (srtla_receiver_next_output (net->receiver, &output)) {
    }
  }
  net_open_all (net);
  net_run (net, 2000);
  net_expect_trace (net,
      "    0 0 closed -> probing (opened, probing)\n"
      "    0 1 closed -> probing (opened, probing)\n"
      "    0 0 > REG2\n"
      "    0 1 > REG2\n"
      "   25 0 < REG_NGP\n"
      "   25 1 < REG_NGP\n"
      "   50 0 probing -> registering (path found, REG1)\n"
      "   50 0 > REG1\n"
      "   75 0 < REG_ERR\n"
      "  100 0 registering -> refused (REG_ERR)\n"
      "  100 1 probing -> registering (path found, REG1)\n"
      "  100 1 > REG1\n"
      "  125 1 < REG_ERR\n"
      "  150 1 registering -> refused (REG_ERR)\n"
      "  600 0 rebind\n"
      "  600 0 refused -> closed (rebind)\n"
      "  600 0 closed -> probing (opened)\n"
      "  600 0 probing -> registering (path found, REG1)\n"
      "  600 0 > REG1\n"
      "  625 0 < REG_ERR\n"
      "  650 0 registering -> refused (REG_ERR)\n"
      "  650 1 rebind\n"
      "  650 1 refused -> closed (rebind)\n"
      "  650 1 closed -> probing (opened)\n"
      "  650 1 probing -> registering (path found, REG1)\n"
      "  650 1 > REG1\n"
      "  675 1 < REG_ERR\n"
      "  700 1 registering -> refused (REG_ERR)\n"
      " 1650 0 rebind\n"
      " 1650 0 refused -> closed (rebind)\n"
      " 1650 0 closed -> probing (opened)\n"
      " 1650 0 probing -> registering (path found, REG1)\n"
      " 1650 0 > REG1\n"
      " 1675 0 < REG_ERR\n"
      " 1700 0 registering -> refused (REG_ERR)\n"
      " 1700 1 rebind\n"
      " 1700 1 refused -> closed (rebind)\n"
      " 1700 1 closed -> probing (opened)\n"
      " 1700 1 probing -> registering (path found, REG1)\n"
      " 1700 1 > REG1\n"
      " 1725 1 < REG_ERR\n"
      " 1750 1 registering -> refused (REG_ERR)\n");
  g_assert_cmpuint (net_stats (net).refused, ==, 6);
  net_free (net);
}

int
main (int argc, char **argv)
{
  static const NetTest tests[] = {
    {"first-contact", test_trace_first_contact, FALSE},
    {"lost-one", test_trace_lost_one, FALSE},
    {"lost-two", test_trace_lost_two, FALSE},
    {"late-answer", test_trace_late_answer, FALSE},
    {"receiver-restart", test_trace_receiver_restart, FALSE},
    {"late-uplink", test_trace_late_uplink, FALSE},
    {"silence", test_trace_silence, FALSE},
    {"unanswered", test_trace_unanswered, FALSE},
    {"refused", test_trace_refused, TRUE},
  };

  g_test_init (&argc, &argv, NULL);
  testing_seed ();
  net_add_tests ("/registration-trace", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
