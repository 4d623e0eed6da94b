/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registration against the receiver core in all six behaviours, in virtual
 * time: every single loss, copies, reordering, forgeries, and chaos. */
#include "registration-net.h"

/* ---- One thing goes wrong ---------------------------------------------- */

/* Whichever one registration packet is lost, the first uplink is up within a
 * second, as an SRT caller's patience needs it. */
static void
test_lost (NetFixture *fixture, gconstpointer data)
{
  static const guint counts[] = { 1, 2, 4, 8 };
  guint c;

  (void) data;
  for (c = 0; c < G_N_ELEMENTS (counts); c++) {
    guint nth = 0, sent;

    do {
      Net *net = net_new (fixture->behaviour, counts[c], fixture->rand);

      net->drop_nth = ++nth;
      net_open_all (net);
      if (!net_run_until_up (net, 1, 1000))
        net_fail (net, "not connected within a second");
      if (!net_run_until_up (net, counts[c], 2000))
        net_fail (net, "not all up");
      net_assert_members (net);
      sent = net->n_datagrams;
      net_free (net);
    } while (nth < sent);
    g_assert_cmpuint (nth, >=, 4 * counts[c] + 2);
  }
}

/* Whichever one comes twice, at once or late, all get up and stay up. */
static void
test_doubled (NetFixture *fixture, gconstpointer data)
{
  static const guint counts[] = { 1, 4 };
  static const guint later[] = { 0, 1, 30, 60, 200, 700 };
  guint c, l;

  (void) data;
  for (c = 0; c < G_N_ELEMENTS (counts); c++) {
    for (l = 0; l < G_N_ELEMENTS (later); l++) {
      guint nth = 0, sent;

      do {
        Net *net = net_new (fixture->behaviour, counts[c], fixture->rand);

        net->double_nth = ++nth;
        net->double_after = later[l] * SRTLA_MILLISECOND;
        net_open_all (net);
        if (!net_run_until_up (net, 1, 1000))
          net_fail (net, "not connected within a second");
        if (!net_run_until_up (net, counts[c], 2000))
          net_fail (net, "not all up");
        sent = net->n_datagrams;
        net_run (net, 2000);
        g_assert_cmpuint (net_count_up (net), ==, counts[c]);
        net_assert_members (net);
        net_free (net);
      } while (nth < sent);
    }
  }
}

static void
test_reordered (NetFixture *fixture, gconstpointer data)
{
  guint round;

  (void) data;
  for (round = 0; round < 100; round++) {
    Net *net = net_new (fixture->behaviour, 4, fixture->rand);

    net->jitter = (50 + round * 10) * SRTLA_MILLISECOND;
    net->doubling = round % 2 ? 30 : 0;
    net->keepalives = TRUE;
    net_open_all (net);
    if (!net_run_until_up (net, 4, 60000))
      net_fail (net, "not all up");
    net_free (net);
  }
}

/* Far away: the answer to REG1 must find its socket still open. */
static void
test_distant (NetFixture *fixture, gconstpointer data)
{
  static const guint rtts[] = {
    100, 249, 251, 400, 600, 1100, 1500, 2500, 3500
  };
  guint i;

  (void) data;
  for (i = 0; i < G_N_ELEMENTS (rtts); i++) {
    Net *net = net_new (fixture->behaviour, 1, fixture->rand);

    net->delay[0] = rtts[i] * SRTLA_MILLISECOND / 2;
    net_open_all (net);
    if (!net_run_until_up (net, 1, rtts[i] <= 1000 ? 3 * rtts[i] : 20000))
      net_fail (net, "not connected");
    net_free (net);
  }
}

/* The owner knows the round trip better: repetitions go by that. */
static void
test_known_rtt (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);

  (void) data;
  net->loss = 100;
  srtla_registration_set_rtt (net->registration, 0, 200 * SRTLA_MILLISECOND);
  net_open_all (net);
  net_run (net, 3000);
  net_expect_trace (net,
      "    0 0 closed -> probing (opened, probing)\n"
      "    0 0 > REG2, lost\n"
      "  600 0 > REG2, lost\n"
      " 1600 0 > REG2, lost\n"
      " 2600 0 > REG2, lost\n");
  net_free (net);
}

/* ---- Uplinks come and go ----------------------------------------------- */

/* At any moment of a registration, an uplink goes; the others do not mind. */
static void
test_removed (NetFixture *fixture, gconstpointer data)
{
  guint moment;

  (void) data;
  for (moment = 0; moment < 400; moment += 5) {
    Net *net = net_new (fixture->behaviour, 3, fixture->rand);
    guint victim = moment % 3;

    net->drop_nth = moment / 20;
    net_open_all (net);
    net_run (net, moment);
    if (moment % 2)
      net_close (net, victim);
    else
      net_remove (net, victim);
    g_assert_cmpint (srtla_registration_state (net->registration, victim), ==,
        SRTLA_UPLINK_CLOSED);
    if (!net_run_until_up (net, 2, 2000))
      net_fail (net, "not all up");
    if (moment % 2)
      net_open (net, victim);
    else
      net_add (net, victim), net_open (net, victim);
    if (!net_run_until_up (net, 3, 2000))
      net_fail (net, "not back");

    net_remove (net, 0);
    net_remove (net, 1);
    net_remove (net, 2);
    g_assert_cmpuint (srtla_registration_deadline (net->registration), ==,
        SRTLA_TIME_NONE);
    net_run (net, 1000);
    net_free (net);
  }
}

/* All gone for so long that the receiver forgot the group. */
static void
test_returning (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 3, fixture->rand);
  guint round, i;

  (void) data;
  net->keepalives = TRUE;
  for (round = 1; round <= 3; round++) {
    net_open_all (net);
    if (!net_run_until_up (net, 3, 2000))
      net_fail (net, "not all up");
    for (i = 0; i < 3; i++)
      net_close (net, i);
    net_run (net, 60000);
    g_assert_cmpuint (net_stats (net).groups, ==, round);
  }
  net_free (net);
}

/* The same, but the sockets stay and only the path is gone. */
static void
test_outage (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 3, fixture->rand);
  guint round;

  (void) data;
  net->keepalives = TRUE;
  net_open_all (net);
  for (round = 1; round <= 3; round++) {
    if (!net_run_until_up (net, 3, 3000))
      net_fail (net, "not all up");
    net->loss = 100;
    net_run (net, 60000);
    g_assert_cmpuint (net_count_up (net), ==, 0);
    g_assert_cmpuint (net_stats (net).groups, ==, round);
    net->loss = 0;
  }
  net_free (net);
}

/* While one uplink is up, another one's REG_NGP does not end the group. When
 * that one goes too, a second REG_NGP ends it: had it come already, at once. */
static void
test_unknown_group (NetFixture *fixture, gconstpointer data)
{
  static const struct
  {
    guint wait;                 /* ms, of which the first REG_NGP takes 50 */
    guint up_again;             /* ms after the last uplink went */
  } table[] = { {500, 150}, {1500, 100} };
  guint i;

  (void) data;
  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    Net *net = net_new (fixture->behaviour, 2, fixture->rand);

    net_open_all (net);
    net_run (net, 1000);
    net_restart_receiver (net);
    net_lost (net, 1);
    net_run (net, table[i].wait);
    g_assert_cmpuint (net_stats (net).groups, ==, 1);
    g_assert_cmpint (net->uplinks[0].state, ==, SRTLA_UPLINK_UP);
    g_assert_cmpint (net->uplinks[1].state, ==, SRTLA_UPLINK_DOWN);
    net_close (net, 0);
    g_assert_false (net_run_until_up (net, 1, table[i].up_again - 1));
    g_assert_true (net_run_until_up (net, 1, 1));
    g_assert_cmpuint (net_stats (net).groups, ==, 2);
    net_free (net);
  }
}

/* An uplink that is down and hears its receiver is up without REG3. */
static void
test_heard (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);

  (void) data;
  net_open_all (net);
  srtla_registration_heard (net->registration, 0, net->now);
  g_assert_cmpint (net->uplinks[0].state, ==, SRTLA_UPLINK_PROBING);
  net_run (net, 1000);
  net_lost (net, 0);
  g_assert_cmpint (net->uplinks[0].state, ==, SRTLA_UPLINK_DOWN);
  srtla_registration_heard (net->registration, 0, net->now);
  g_assert_cmpint (net->uplinks[0].state, ==, SRTLA_UPLINK_UP);
  g_assert_cmpuint (srtla_registration_deadline (net->registration), ==,
      SRTLA_TIME_NONE);
  net_free (net);
}

/* Another receiver: everything anew, from new ports. */
static void
test_restart (NetFixture *fixture, gconstpointer data)
{
  guint moment;

  (void) data;
  for (moment = 0; moment < 300; moment += 7) {
    Net *net = net_new (fixture->behaviour, 3, fixture->rand);
    SrtlaPeer ports[3];
    guint groups, i;

    net_open_all (net);
    net_run (net, moment);
    for (i = 0; i < 3; i++)
      ports[i] = net->uplinks[i].port;
    if (moment % 2)
      net_restart_receiver (net);
    groups = (guint) net_stats (net).groups;
    srtla_registration_restart (net->registration, net->now);
    g_assert_false (srtla_registration_has_group (net->registration));
    net_take (net);
    if (!net_run_until_up (net, 3, 2000))
      net_fail (net, "not all up");
    g_assert_cmpuint (net_stats (net).groups, ==, groups + 1);
    for (i = 0; groups > 0 && i < 3; i++)
      g_assert_cmpuint (net->uplinks[i].port, !=, ports[i]);
    net_assert_members (net);
    net_free (net);
  }
}

/* Refused, and then the receiver is another one: no backoff, a new port. */
static void
test_restart_refused (NetFixture *fixture, gconstpointer data)
{
  guint8 error[2] = { 0x92, 0x10 };
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);
  SrtlaPeer port;
  guint i;

  (void) data;
  g_clear_pointer (&net->receiver, srtla_receiver_free);
  net_open_all (net);
  for (i = 0; i < 5; i++) {
    net_run (net, 8000);
    net_inject (net, 0, SRTLA_KIND_REG_ERR, error, sizeof error);
  }
  g_assert_cmpint (net->uplinks[0].state, ==, SRTLA_UPLINK_REFUSED);
  net_restart_receiver (net);
  port = net->uplinks[0].port;
  srtla_registration_restart (net->registration, net->now);
  g_assert_cmpint (net->uplinks[0].state, !=, SRTLA_UPLINK_REFUSED);
  net_take (net);
  g_assert_cmpuint (net->uplinks[0].port, !=, port);
  g_assert_true (net_run_until_up (net, 1, 150));
  net_free (net);
}

/* The answer to REG1 counts although a REG_ERR, which somebody forged, came
 * first: the uplink joins without waiting for the end of its backoff. */
static void
test_answer_after_error (NetFixture *fixture, gconstpointer data)
{
  guint8 error[2] = { 0x92, 0x10 };
  Net *net = net_new (fixture->behaviour, 1, fixture->rand);

  (void) data;
  net_open_all (net);
  net_run (net, 60);
  net_inject (net, 0, SRTLA_KIND_REG_ERR, error, sizeof error);
  g_assert_cmpint (net->uplinks[0].state, ==, SRTLA_UPLINK_REFUSED);
  g_assert_true (net_run_until_up (net, 1, 100));
  net_free (net);
}

/* Several that asked in vain get new ports one after another: late answers to
 * the others stay welcome meanwhile. */
static void
test_one_rebinds (NetFixture *fixture, gconstpointer data)
{
  Net *net = net_new (fixture->behaviour, 3, fixture->rand);
  SrtlaRegistrationOutput output;
  guint i, closed;

  (void) data;
  net->rebind_takes = 10 * SRTLA_SECOND;
  net_open_all (net);
  net_run (net, 60);
  net->loss = 100;
  /* REG1 on each: at 50, 300 and 550 ms; the third is over at 800 ms. */
  net_run (net, 739);
  g_assert_cmpuint (net_stats (net).reg1_sent, ==, 3);
  net->now += SRTLA_MILLISECOND;
  srtla_registration_tick (net->registration, net->now);
  for (closed = 0; srtla_registration_next (net->registration, &output);)
    closed += output.action == SRTLA_REGISTRATION_REBIND;
  g_assert_cmpuint (closed, ==, 1);
  /* Nor later, when there is another occasion. */
  net_add (net, 3);
  net_open (net, 3);
  srtla_registration_closed (net->registration, 3, "gone", net->now);
  g_assert_false (srtla_registration_next (net->registration, &output));
  /* An owner that has not got round to it is asked again, for that one. */
  for (i = 0; i < 20; i++) {
    SrtlaTime due = srtla_registration_deadline (net->registration);

    net->now = due;
    srtla_registration_tick (net->registration, due);
    g_assert_true (srtla_registration_next (net->registration, &output));
    g_assert_cmpint (output.action, ==, SRTLA_REGISTRATION_REBIND);
    g_assert_cmpuint (output.uplink, ==, 0);
    g_assert_false (srtla_registration_next (net->registration, &output));
  }
  net_free (net);
}

/* ---- Forgeries --------------------------------------------------------- */

/* What comes in unasked moves nothing, in whatever state. */
static void
test_forged (NetFixture *fixture, gconstpointer data)
{
  /* Moments of an undisturbed registration, ms, and what is expected. */
  static const struct
  {
    guint moment;
    SrtlaUplinkState state;
    gboolean reg3, ngp, error;  /* taken: cannot be told from the real answer */
  } table[] = {
    {10, SRTLA_UPLINK_PROBING, FALSE, TRUE, TRUE},
    {60, SRTLA_UPLINK_REGISTERING, FALSE, FALSE, TRUE},
    {110, SRTLA_UPLINK_REGISTERING, TRUE, TRUE, TRUE},
    {200, SRTLA_UPLINK_UP, FALSE, FALSE, FALSE},
  };
  static const SrtlaKind kinds[] = {
    SRTLA_KIND_REG1, SRTLA_KIND_REG2, SRTLA_KIND_REG3, SRTLA_KIND_REG_ERR,
    SRTLA_KIND_REG_NGP, SRTLA_KIND_REG_NAK, SRTLA_KIND_KEEPALIVE,
    SRTLA_KIND_SRT_DATA,
  };
  guint i, k;

  (void) data;
  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    for (k = 0; k < G_N_ELEMENTS (kinds); k++) {
      Net *net = net_new (fixture->behaviour, 1, fixture->rand);
      guint8 forged[SRTLA_REG_SIZE];
      gsize size = 2;
      gboolean taken = (kinds[k] == SRTLA_KIND_REG3 && table[i].reg3)
          || (kinds[k] == SRTLA_KIND_REG_NGP && table[i].ngp)
          || (kinds[k] == SRTLA_KIND_REG_ERR && table[i].error);
      SrtlaRegistrationVerdict verdict;

      testing_random (forged, sizeof forged, fixture->rand);
      if (kinds[k] == SRTLA_KIND_REG1 || kinds[k] == SRTLA_KIND_REG2) {
        size = sizeof forged;
        srtla_write_u16 (forged, kinds[k] == SRTLA_KIND_REG1 ? 0x9200 : 0x9201);
      }
      net_open_all (net);
      net_run (net, table[i].moment);
      g_assert_cmpint (net->uplinks[0].state, ==, table[i].state);
      verdict = net_inject (net, 0, kinds[k], forged, size);
      g_assert_cmpint (verdict, ==, taken ? SRTLA_REGISTRATION_TAKEN
          : SRTLA_REGISTRATION_IGNORED);
      g_assert_cmpuint (net_stats (net).ignored, ==, taken ? 0 : 1);
      if (!taken)
        g_assert_cmpint (net->uplinks[0].state, ==, table[i].state);
      /* Whatever it was, it cannot keep the uplink away. */
      net->keepalives = TRUE;
      if (!net_run_until_up (net, 1, 20000))
        net_fail (net, "not up");
      net_free (net);
    }
  }
}

/* Keeps a copy of the last REG1 that was sent. */
static void
take_reg1 (Net *net, guint8 *reg1)
{
  GList *link;

  for (link = net->flying->head; link != NULL; link = link->next) {
    const guint8 *bytes = net_flight_data (link->data);

    if (srtla_read_u16 (bytes) == 0x9200)
      memcpy (reg1, bytes, SRTLA_REG_SIZE);
  }
}

/* REG2 is only good with our half of the id, on the uplink that asked, whole,
 * and once. */
static void
test_forged_reg2 (NetFixture *fixture, gconstpointer data)
{
  guint8 answer[SRTLA_REG_SIZE] = { 0 }, forged[SRTLA_REG_SIZE];
  Net *net = net_new (fixture->behaviour, 2, fixture->rand);
  guint byte;

  (void) data;
  net_open_all (net);
  net_run (net, 60);
  take_reg1 (net, answer);
  g_assert_cmpuint (srtla_read_u16 (answer), ==, 0x9200);
  srtla_write_u16 (answer, 0x9201);
  for (byte = 0; byte < 128; byte++) {
    memcpy (forged, answer, sizeof forged);
    forged[2 + byte] ^= 1 << g_rand_int (fixture->rand) % 8;
    g_assert_cmpint (net_inject (net, 0, SRTLA_KIND_REG2, forged,
            sizeof forged), ==, SRTLA_REGISTRATION_IGNORED);
  }
  g_assert_cmpint (net_inject (net, 0, SRTLA_KIND_REG2, answer,
          sizeof answer - 1), ==, SRTLA_REGISTRATION_IGNORED);
  g_assert_cmpint (net_inject (net, 1, SRTLA_KIND_REG2, answer,
          sizeof answer), ==, SRTLA_REGISTRATION_IGNORED);
  g_assert_cmpint (net_inject (net, 7, SRTLA_KIND_REG2, answer,
          sizeof answer), ==, SRTLA_REGISTRATION_IGNORED);
  g_assert_cmpint (net_inject (net, G_MAXUINT, SRTLA_KIND_REG2, answer,
          sizeof answer), ==, SRTLA_REGISTRATION_IGNORED);
  g_assert_false (srtla_registration_has_group (net->registration));
  g_assert_cmpuint (net_stats (net).ignored, ==, 132);

  g_assert_true (net_run_until_up (net, 2, 200));
  g_assert_cmpint (net_inject (net, 0, SRTLA_KIND_REG2, answer,
          sizeof answer), ==, SRTLA_REGISTRATION_IGNORED);
  g_assert_cmpuint (net_count_up (net), ==, 2);
  net_free (net);
}

/* ---- Storms and chaos -------------------------------------------------- */

/* A flood of REG_ERR to all that is asked slows the sender down, to one try of
 * an uplink in eight seconds, and does not stop it. */
static void
test_error_storm (NetFixture *fixture, gconstpointer data)
{
  guint8 error[2] = { 0x92, 0x10 };
  Net *net = net_new (fixture->behaviour, 4, fixture->rand);
  guint64 sent;
  guint i, slot;

  (void) data;
  g_clear_pointer (&net->receiver, srtla_receiver_free);
  net_open_all (net);
  for (i = 0; i < 60000 / 20; i++) {
    for (slot = 0; slot < 4; slot++)
      net_inject (net, slot, SRTLA_KIND_REG_ERR, error, sizeof error);
    net_run (net, 20);
  }
  sent = net_stats (net).reg1_sent + net_stats (net).reg2_sent;
  /* 0, 0.5, 1.5, 3.5, 7.5 s, then each 8 s. */
  g_assert_cmpuint (sent, >=, 4 * 10);
  g_assert_cmpuint (sent, <=, 4 * 13);
  g_assert_cmpuint (net_stats (net).refused, >=, 4 * 10);
  net_restart_receiver (net);
  if (!net_run_until_up (net, 4, 9000))
    net_fail (net, "not all up");
  net_free (net);
}

static void
disturb (Net *net)
{
  guint slot = g_rand_int (net->rand) % 4;
  guint8 forged[SRTLA_REG_SIZE];
  gboolean open = net->uplinks[slot].port != 0
      || net->uplinks[slot].reopen_at != SRTLA_TIME_NONE;

  switch (g_rand_int (net->rand) % 10) {
    case 0:
    case 1:
      if (net->uplinks[slot].used && open)
        net_close (net, slot);
      break;
    case 2:
      if (net->uplinks[slot].used)
        net_remove (net, slot);
      break;
    case 3:
      net_lost (net, slot);
      break;
    case 4:
      if (testing_chance (net->rand, 30))
        net_restart_receiver (net);
      break;
    case 5:
      if (testing_chance (net->rand, 30)) {
        srtla_registration_restart (net->registration, net->now);
        net_take (net);
      }
      break;
    case 6:
      testing_random (forged, sizeof forged, net->rand);
      net_inject (net, slot, SRTLA_KIND_REG1 + g_rand_int (net->rand) % 6,
          forged, sizeof forged);
      break;
    default:
      if (!net->uplinks[slot].used)
        net_add (net, slot);
      if (!open)
        net_open (net, slot);
      break;
  }
}

/* Whatever went on before, and with a third of all datagrams lost for ever:
 * all open uplinks get up. */
static void
test_chaos (NetFixture *fixture, gconstpointer data)
{
  guint rounds = g_getenv ("SRTLA_TEST_SLOW") != NULL ? 5 : 60;
  guint round, i;

  (void) data;
  for (round = 0; round < rounds; round++) {
    Net *net = net_new (fixture->behaviour, 4, fixture->rand);

    net->keepalives = TRUE;
    net->loss = g_rand_int (fixture->rand) % 95;
    net->doubling = g_rand_int (fixture->rand) % 40;
    net->jitter = 1 + g_rand_int (fixture->rand) % (200 * SRTLA_MILLISECOND);
    net->rebind_takes = round % 2 ? 300 * SRTLA_MILLISECOND : 0;
    net_open_all (net);
    for (i = 0; i < 200; i++) {
      disturb (net);
      net_run (net, g_rand_int (fixture->rand) % 400);
    }
    for (i = 0; i < 4; i++) {
      if (!net->uplinks[i].used)
        net_add (net, i);
      if (net->uplinks[i].port == 0)
        net_open (net, i);
    }

    net->loss = 33;
    g_string_truncate (net->trace, 0);
    if (!net_run_until_up (net, 4, 300 * 1000))
      net_fail (net, "stuck");
    /* And without any loss, soon, and for good. */
    net->loss = 0;
    net->doubling = 0;
    net->jitter = 0;
    net_run (net, 60 * 1000);
    g_assert_cmpuint (net_count_up (net), ==, 4);
    net_assert_members (net);
    net_free (net);
  }
}

/* Slots out of range or in no use: nothing happens. */
static void
test_misuse (void)
{
  GRand *rand = testing_rand_new ();
  Net *net = net_new (SRTLA_BEHAVIOUR_A, 0, rand);
  SrtlaRegistration *registration = net->registration;
  static const guint slots[] = { 0, 3, SRTLA_MAX_UPLINKS, SRTLA_NO_UPLINK };
  SrtlaRegistrationOutput output;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (slots); i++) {
    srtla_registration_opened (registration, slots[i], net->now);
    srtla_registration_closed (registration, slots[i], "no", net->now);
    srtla_registration_lost (registration, slots[i], "no", net->now);
    srtla_registration_heard (registration, slots[i], net->now);
    srtla_registration_set_rtt (registration, slots[i], 1);
    srtla_registration_remove (registration, slots[i], net->now);
    g_assert_cmpint (srtla_registration_state (registration, slots[i]), ==,
        SRTLA_UPLINK_CLOSED);
  }
  srtla_registration_add (registration, SRTLA_MAX_UPLINKS, net->now);
  srtla_registration_restart (registration, net->now);
  g_assert_false (srtla_registration_next (registration, &output));
  g_assert_cmpuint (srtla_registration_deadline (registration), ==,
      SRTLA_TIME_NONE);
  net_free (net);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  static const NetTest tests[] = {
    {"lost", test_lost, FALSE},
    {"doubled", test_doubled, FALSE},
    {"reordered", test_reordered, FALSE},
    {"distant", test_distant, FALSE},
    {"known-rtt", test_known_rtt, FALSE},
    {"removed", test_removed, FALSE},
    {"returning", test_returning, FALSE},
    {"outage", test_outage, FALSE},
    {"unknown-group", test_unknown_group, FALSE},
    {"heard", test_heard, FALSE},
    {"restart", test_restart, FALSE},
    {"restart-refused", test_restart_refused, FALSE},
    {"answer-after-error", test_answer_after_error, FALSE},
    {"one-rebinds", test_one_rebinds, FALSE},
    {"forged", test_forged, FALSE},
    {"forged-reg2", test_forged_reg2, FALSE},
    {"error-storm", test_error_storm, FALSE},
    {"chaos", test_chaos, FALSE},
  };

  g_test_init (&argc, &argv, NULL);
  testing_seed ();
  g_test_add_func ("/registration/misuse", test_misuse);
  net_add_tests ("/registration", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
