/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths that do not carry packets of every size. */
#include "bond-fixture.h"

#define SMALL 200               /* bytes of a packet that fits everywhere */
#define LARGE 1332
#define LARGEST 1272            /* what an MTU of 1300 has room for */

static const gchar *const modes[] = { "classic", "enhanced" };

static guint
send_sized (Fixture *fixture, guint32 sequence, gsize size)
{
  static guint8 data[TESTING_MAX_PACKET];       /* the bond keeps it */
  guint i;

  testing_data_packet (data, size, sequence, FIXTURE_SERVER_ID, 1000, FALSE);
  fixture_push (fixture, data, size);
  for (i = 0; i < fixture->n_outputs; i++) {
    if (fixture->outputs[i].kind == SRTLA_OUTPUT_PACKET)
      return fixture->outputs[i].uplink;
  }
  return SRTLA_NO_UPLINK;
}

static guint
count_in (const gchar *text, const gchar *word)
{
  guint n = 0;

  while ((text = strstr (text, word)) != NULL) {
    text++;
    n++;
  }
  return n;
}

/* Large packets avoid it, small ones do not; it is told once. */
static void
test_avoided (gconstpointer mode)
{
  guint32 sequence = 0;
  Fixture fixture;
  guint i, small = 0;

  fixture_init (&fixture, 2, FALSE);
  g_assert_true (srtla_bond_set_mode (fixture.bond, mode, fixture.now));
  /* So that both carry packets. */
  srtla_bond_set_queue_target (fixture.bond, 0);
  srtla_bond_uplink_largest (fixture.bond, 0, LARGEST);
  g_assert_cmpuint (fixture_uplink_stats (&fixture, 0).largest, ==, LARGEST);
  for (i = 0; i < 100; i++) {
    g_assert_cmpuint (send_sized (&fixture, sequence++, LARGEST + 1), ==, 1);
    small += send_sized (&fixture, sequence++, LARGEST) == 0;
    small += send_sized (&fixture, sequence++, SMALL) == 0;
  }
  g_assert_cmpuint (small, >, 50);
  g_assert_cmpuint (count_in (fixture.trace->str, "uplink 0: too narrow"), ==,
      1);
  g_assert_cmpuint (count_in (fixture.trace->str, "uplink 1: too narrow"), ==,
      0);

  /* Its path became wider. */
  srtla_bond_uplink_largest (fixture.bond, 0, 65507);
  g_assert_cmpuint (fixture_uplink_stats (&fixture, 0).largest, ==,
      SRTLA_MAX_DATAGRAM);
  for (i = 0, small = 0; i < 200; i++)
    small += send_sized (&fixture, sequence++, LARGE) == 0;
  g_assert_cmpuint (small, >, 20);
  fixture_clear (&fixture);
}

/* Where no other is up it is tried all the same: the system may know better. */
static void
test_only_one (gconstpointer mode)
{
  Fixture fixture;

  fixture_init (&fixture, 2, FALSE);
  g_assert_true (srtla_bond_set_mode (fixture.bond, mode, fixture.now));
  srtla_bond_uplink_largest (fixture.bond, 0, LARGEST);
  g_assert_cmpuint (send_sized (&fixture, 0, LARGE), ==, 1);
  srtla_bond_remove_uplink (fixture.bond, 1, fixture.now);
  g_assert_cmpuint (send_sized (&fixture, 1, LARGE), ==, 0);
  srtla_bond_remove_uplink (fixture.bond, 0, fixture.now);
  /* Those that come later know nothing of it. */
  g_assert_cmpuint (fixture_add_uplink (&fixture, TRUE), ==, 0);
  g_assert_cmpuint (send_sized (&fixture, 2, LARGE), ==, 0);
  g_assert_cmpuint (count_in (fixture.trace->str, "too narrow"), ==, 1);
  fixture_clear (&fixture);
}

static void
push_large (Fixture *fixture, guint32 sequence, SrtlaOutput *output)
{
  static guint8 data[TESTING_MAX_PACKET];
  SrtlaPacket packet = { data, LARGE, data };

  testing_data_packet (data, LARGE, sequence, FIXTURE_SERVER_ID, 1000, FALSE);
  fixture->references++;
  g_assert_cmpint (srtla_bond_push (fixture->bond, &packet, fixture->now,
          NULL), ==, SRTLA_PUSH_TAKEN);
  g_assert_true (srtla_bond_next_output (fixture->bond, output));
}

/* A packet that turned out too large goes by another uplink, or is counted: it
 * does not go round in circles. */
static void
test_refused (void)
{
  SrtlaOutput output, again;
  SrtlaBondStats stats;
  Fixture fixture;

  fixture_init (&fixture, 2, FALSE);
  g_assert_true (srtla_bond_set_mode (fixture.bond, "enhanced", fixture.now));
  push_large (&fixture, 0, &output);
  srtla_bond_uplink_largest (fixture.bond, output.uplink, LARGEST);
  srtla_bond_send_result (fixture.bond, &output, SRTLA_SEND_RETURNED,
      fixture.now);
  fixture.references--;
  g_assert_true (srtla_bond_next_output (fixture.bond, &again));
  g_assert_cmpuint (again.uplink, !=, output.uplink);
  srtla_bond_uplink_largest (fixture.bond, again.uplink, LARGEST);
  srtla_bond_send_result (fixture.bond, &again, SRTLA_SEND_RETURNED,
      fixture.now);
  fixture.references--;
  g_assert_false (srtla_bond_next_output (fixture.bond, &again));
  fixture_stats (&fixture, &stats);
  g_assert_cmpuint (stats.lost[SRTLA_LOSS_UPLINK_QUEUE], ==, 1);
  g_assert_cmpuint (stats.packets_sent, ==, 0);
  g_assert_cmpuint (srtla_bond_stats_accounted (&stats), ==,
      stats.packets_pushed);
  fixture_clear (&fixture);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (modes); i++) {
    gchar *path = g_strdup_printf ("/narrow/avoided/%s", modes[i]);

    g_test_add_data_func (path, modes[i], test_avoided);
    g_free (path);
    path = g_strdup_printf ("/narrow/only-one/%s", modes[i]);
    g_test_add_data_func (path, modes[i], test_only_one);
    g_free (path);
  }
  g_test_add_func ("/narrow/refused", test_refused);
  return g_test_run ();
}
