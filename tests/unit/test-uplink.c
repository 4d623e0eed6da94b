/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-uplink.h"
#include "testing.h"

static void
test_liveness (void)
{
  static const struct
  {
    SrtlaUplinkState state;
    SrtlaTime heard, now;       /* ms */
    gboolean suspended, live;
  } table[] = {
    {SRTLA_UPLINK_UP, 10000, 10000, FALSE, TRUE},
    {SRTLA_UPLINK_UP, 10000, 14999, FALSE, TRUE},
    {SRTLA_UPLINK_UP, 10999, 14999, FALSE, TRUE},
    {SRTLA_UPLINK_UP, 10000, 15000, FALSE, FALSE},
    {SRTLA_UPLINK_UP, 10999, 15000, FALSE, FALSE},
    {SRTLA_UPLINK_UP, 10000, 10001, TRUE, FALSE},
    {SRTLA_UPLINK_DOWN, 10000, 10000, FALSE, FALSE},
    {SRTLA_UPLINK_CLOSED, 10000, 10000, FALSE, FALSE},
    {SRTLA_UPLINK_REGISTERING, 10000, 10000, FALSE, FALSE},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaUplink *uplink = srtla_uplink_new (0, 0);

    uplink->state = table[i].state;
    uplink->last_heard = table[i].heard * SRTLA_MILLISECOND;
    uplink->suspended = table[i].suspended;
    g_test_message ("row %u", i);
    g_assert_cmpint (srtla_uplink_is_live (uplink,
            table[i].now * SRTLA_MILLISECOND), ==, table[i].live);
    srtla_uplink_free (uplink);
  }
}

static void
test_heard (void)
{
  static const struct
  {
    SrtlaKind kind;
    gboolean counts;
  } table[] = {
    {SRTLA_KIND_REG2, FALSE}, {SRTLA_KIND_REG_NGP, FALSE},
    {SRTLA_KIND_REG3, TRUE}, {SRTLA_KIND_KEEPALIVE, TRUE},
    {SRTLA_KIND_ACK, TRUE}, {SRTLA_KIND_SRT_ACK, TRUE},
    {SRTLA_KIND_SRT_NAK, TRUE},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaUplink *uplink = srtla_uplink_new (0, 0);

    uplink->suspended = TRUE;
    srtla_uplink_heard (uplink, table[i].kind, 32, 7);
    g_assert_cmpuint (uplink->last_heard, ==, table[i].counts ? 7 : 0);
    g_assert_cmpint (uplink->suspended, ==, !table[i].counts);
    g_assert_cmpuint (uplink->counters.packets_received, ==, 1);
    g_assert_cmpuint (uplink->counters.bytes_received, ==, 32);
    srtla_uplink_free (uplink);
  }
}

/* window and in flight before, after an event */
static void
test_window (void)
{
  static const struct
  {
    gchar event;                /* n: NAK, a: ACK here, o: ACK anywhere */
    gint32 window, in_flight, window_after, in_flight_after;
  } table[] = {
    {'n', 20000, 5, 19900, 5},
    {'n', 1050, 0, 1000, 0},
    {'n', 1000, 3, 1000, 3},
    {'a', 20000, 10, 20000, 9},         /* 9000 is not over 20000 */
    {'a', 8999, 10, 9028, 9},           /* 9000 is */
    {'a', 9000, 10, 9000, 9},
    {'a', 20000, 0, 20000, 0},
    {'o', 20000, 4, 20001, 4},
    {'o', 60000, 4, 60000, 4},
    {'o', 60010, 4, 60000, 4},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaUplink *uplink = srtla_uplink_new (0, 0);

    uplink->window = table[i].window;
    uplink->in_flight = table[i].in_flight;
    uplink->last_heard = 1;
    if (table[i].event == 'n')
      srtla_uplink_window_nak (uplink);
    else if (table[i].event == 'a')
      srtla_uplink_window_ack (uplink);
    else
      srtla_uplink_window_ack_any (uplink, 1);
    g_test_message ("row %u", i);
    g_assert_cmpint (uplink->window, ==, table[i].window_after);
    g_assert_cmpint (uplink->in_flight, ==, table[i].in_flight_after);
    srtla_uplink_free (uplink);
  }
}

static void
test_failed_uplink_earns_nothing (void)
{
  SrtlaUplink *uplink = srtla_uplink_new (0, 0);

  uplink->last_heard = 1;
  uplink->in_flight = 7;
  uplink->lost_in_row = uplink->lost_since_proof = 12;
  srtla_inflight_insert (uplink->log, 0, 1, 100, 1);
  srtla_uplink_fail (uplink);
  /* Losses of before are not held against it when it returns. */
  g_assert_cmpuint (uplink->lost_in_row, ==, 0);
  g_assert_cmpuint (uplink->lost_since_proof, ==, 0);
  g_assert_cmpint (uplink->window, ==, SRTLA_WINDOW_MINIMUM);
  g_assert_cmpint (uplink->in_flight, ==, 0);
  g_assert_cmpuint (srtla_inflight_count (uplink->log), ==, 0);
  srtla_uplink_window_ack_any (uplink, 1);
  g_assert_cmpint (uplink->window, ==, SRTLA_WINDOW_MINIMUM);
  srtla_uplink_free (uplink);
}

static void
test_echo (void)
{
  SrtlaUplink *uplink = srtla_uplink_new (0, 0);
  SrtlaTime sent_at = 1234567;
  guint8 keepalive[SRTLA_KEEPALIVE_SIZE], forged[SRTLA_KEEPALIVE_SIZE];
  guint8 padded[SRTLA_MIN_DATAGRAM] = { 0x90, 0 };
  gsize size;

  size = srtla_uplink_keepalive (uplink, 99, sent_at, keepalive);
  g_assert_cmpuint (size, ==, SRTLA_KEEPALIVE_SIZE);
  g_assert_cmpuint (size, >=, SRTLA_MIN_DATAGRAM);

  /* A time that was never sent, one of 2 bytes, one of zeros: no samples. */
  memcpy (forged, keepalive, sizeof forged);
  forged[9] ^= 1;
  g_assert_false (srtla_uplink_echo (uplink, forged, size, sent_at + 50000));
  g_assert_false (srtla_uplink_echo (uplink, keepalive, 2, sent_at + 50000));
  g_assert_false (srtla_uplink_echo (uplink, padded, sizeof padded,
          sent_at + 50000));
  g_assert_cmpuint (uplink->rtt.samples, ==, 0);

  /* The echo is measured in µs although the wire says ms; and once. */
  g_assert_true (srtla_uplink_echo (uplink, keepalive, size, sent_at + 50123));
  g_assert_cmpuint (uplink->rtt.smoothed, ==, 50123);
  g_assert_false (srtla_uplink_echo (uplink, keepalive, size, sent_at + 60000));
  g_assert_cmpuint (uplink->rtt.samples, ==, 1);

  /* An echo that is over 10 s old says nothing. */
  srtla_uplink_keepalive (uplink, 99, 20 * SRTLA_SECOND, keepalive);
  g_assert_false (srtla_uplink_echo (uplink, keepalive, size,
          30 * SRTLA_SECOND + 1));
  g_assert_cmpuint (uplink->rtt.samples, ==, 1);
  srtla_uplink_free (uplink);
}

/* Whatever the limit: tokens come, and no number runs over. */
static void
test_tokens (void)
{
  static const guint64 limits[] = { 8, 100000, G_MAXUINT32,
    G_GUINT64_CONSTANT (1000000000000), G_MAXINT64, G_MAXUINT64
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (limits); i++) {
    SrtlaUplink *uplink = srtla_uplink_new (0, 0);
    gint64 before;

    uplink->bitrate_maximum = limits[i];
    srtla_uplink_count_tokens (uplink, 10 * SRTLA_SECOND);
    g_assert_true (srtla_uplink_is_open (uplink));
    before = uplink->tokens;
    srtla_uplink_pay (uplink, 1332);
    g_assert_cmpint (uplink->tokens, <, before);
    srtla_uplink_count_tokens (uplink, 20 * SRTLA_SECOND);
    g_assert_cmpint (uplink->tokens, <=, before + (gint64) SRTLA_SECOND);
    srtla_uplink_free (uplink);
  }
}

/* A queue grows while keepalives go at their shortest distance: the echo of one that
 * took 2.4 s is still known, each of them once. */
static void
test_late_echoes (void)
{
  const SrtlaTime apart = 20 * SRTLA_MILLISECOND, late = 2400 * SRTLA_MILLISECOND;
  SrtlaUplink *uplink = srtla_uplink_new (0, 0);
  guint8 sent[200][SRTLA_KEEPALIVE_SIZE];
  gsize size = 0;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (sent); i++) {
    SrtlaTime now = SRTLA_SECOND + i * apart;
    guint then = i - MIN (i, (guint) (late / apart));

    size = srtla_uplink_keepalive (uplink, 99, now, sent[i]);
    if (now < SRTLA_SECOND + late)
      continue;
    g_assert_true (srtla_uplink_echo (uplink, sent[then], size, now));
    g_assert_false (srtla_uplink_echo (uplink, sent[then], size, now));
    g_assert_cmpuint (uplink->rtt.latest, ==, late);
  }
  srtla_uplink_free (uplink);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/uplink/liveness", test_liveness);
  g_test_add_func ("/uplink/heard", test_heard);
  g_test_add_func ("/uplink/window", test_window);
  g_test_add_func ("/uplink/failed", test_failed_uplink_earns_nothing);
  g_test_add_func ("/uplink/echo", test_echo);
  g_test_add_func ("/uplink/tokens", test_tokens);
  g_test_add_func ("/uplink/late-echoes", test_late_echoes);
  return g_test_run ();
}
