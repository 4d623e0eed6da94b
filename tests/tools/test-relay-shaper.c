/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The relay's paths obey orders and keep their time; in virtual time. */
#include "relay-shaper.h"

#include <string.h>

#define PAYLOAD 1332            /* bytes; 1360 as an IP packet */
#define A "127.0.0.2"
#define B "127.0.0.3"

static const guint8 data_packet[PAYLOAD] = { 0x00 };
static const guint8 keepalive[PAYLOAD] = { 0x90 };

static gboolean
order (RelayShaper *shaper, const gchar *line, SrtlaTime now)
{
  gchar **words = g_strsplit (line, " ", -1);
  gboolean good = relay_shaper_order (shaper, words[0], words[1],
      (const gchar * const *) words + 2, now);

  g_strfreev (words);
  return good;
}

static void
push (RelayShaper *shaper, const gchar *address, RelayDirections direction,
    guint64 client, const guint8 *data, SrtlaTime now)
{
  relay_shaper_push (shaper, relay_shaper_find (shaper, address, now),
      direction, client, data, PAYLOAD, now);
}

/* Returns: when the next one arrived, 0 if none does. */
static SrtlaTime
pop (RelayShaper *shaper, guint64 client)
{
  RelayArrival arrival;

  if (!relay_shaper_pop (shaper, SRTLA_TIME_NONE - 1, &arrival))
    return 0;
  g_assert_cmpuint (arrival.packet->tag, ==, client);
  sim_packet_unref (arrival.packet);
  return arrival.due;
}

static void
test_orders (void)
{
  static const struct
  {
    const gchar *line;
    gboolean good;
  } orders[] = {
    {"cut all", TRUE}, {"cut " A " 5", FALSE}, {"restore " A, TRUE},
    {"rate " A " 8000", TRUE}, {"rate " A, FALSE}, {"rate " A " fast", FALSE},
    {"rate " A " 8000 out", TRUE}, {"rate " A " 8000 up", FALSE},
    {"rate " A " 8000 out back", FALSE}, {"delay all 2.5 back", TRUE},
    {"delay " A " -1", FALSE}, {"jitter " A " 2", TRUE},
    {"queue " A " 300", TRUE}, {"loss " A " 0.5", TRUE}, {"loss " A " 1%", FALSE},
    {"keepalives " A, TRUE}, {"keepalives " A " out", FALSE},
    {"passes " A " all", FALSE},
  };
  RelayShaper *shaper = relay_shaper_new (1);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (orders); i++) {
    if (order (shaper, orders[i].line, 0) != orders[i].good)
      g_error ("%s", orders[i].line);
  }
  relay_shaper_free (shaper);
}

/* 8 Mbit/s take 1.36 ms for a packet; 10 ms of queue hold seven of them. */
static void
test_rate (void)
{
  RelayShaper *shaper = relay_shaper_new (1);
  guint64 i;

  g_assert_true (order (shaper, "rate " A " 8000 out", 0));
  g_assert_true (order (shaper, "delay " A " 25", 0));
  g_assert_true (order (shaper, "queue " A " 10", 0));
  for (i = 0; i < 10; i++)
    push (shaper, A, RELAY_OUT, i, data_packet, 1000);
  for (i = 0; i < 7; i++)
    g_assert_cmpuint (pop (shaper, i), ==, 1000 + 1360 * (i + 1) + 25000);
  g_assert_cmpuint (pop (shaper, 0), ==, 0);
  /* The other way nothing was said about a rate. */
  push (shaper, A, RELAY_BACK, 11, data_packet, 100000);
  push (shaper, A, RELAY_BACK, 12, data_packet, 100000);
  g_assert_cmpuint (pop (shaper, 11), <=, 125003);
  g_assert_cmpuint (pop (shaper, 12), <=, 125003);
  relay_shaper_free (shaper);
}

static void
test_silence (void)
{
  RelayShaper *shaper = relay_shaper_new (1);

  g_assert_true (order (shaper, "keepalives " A, 0));
  push (shaper, A, RELAY_OUT, 1, data_packet, 1000);
  push (shaper, A, RELAY_OUT, 2, keepalive, 1000);
  g_assert_cmpuint (pop (shaper, 2), >, 0);
  push (shaper, A, RELAY_BACK, 3, data_packet, 1000);
  g_assert_cmpuint (pop (shaper, 3), >, 0);

  /* Also for those who come later, until told otherwise. */
  g_assert_true (order (shaper, "cut all", 2000));
  push (shaper, B, RELAY_OUT, 4, keepalive, 3000);
  g_assert_cmpuint (pop (shaper, 4), ==, 0);
  g_assert_true (order (shaper, "restore " B, 4000));
  push (shaper, B, RELAY_OUT, 5, data_packet, 5000);
  g_assert_cmpuint (pop (shaper, 5), >, 0);
  push (shaper, A, RELAY_BACK, 6, keepalive, 5000);
  g_assert_cmpuint (pop (shaper, 6), ==, 0);

  g_assert_true (order (shaper, "restore all", 6000));
  g_assert_true (order (shaper, "loss all 100", 6000));
  push (shaper, A, RELAY_OUT, 7, data_packet, 7000);
  g_assert_cmpuint (pop (shaper, 7), ==, 0);
  relay_shaper_free (shaper);
}

/* What arrives first comes out first, whichever path it took. */
static void
test_order_of_arrival (void)
{
  RelayShaper *shaper = relay_shaper_new (1);
  RelayArrival arrival;

  g_assert_true (order (shaper, "delay " A " 50", 0));
  g_assert_true (order (shaper, "delay " B " 20", 0));
  push (shaper, A, RELAY_OUT, 1, data_packet, 1000);
  push (shaper, B, RELAY_OUT, 2, data_packet, 2000);
  push (shaper, B, RELAY_BACK, 3, data_packet, 50000);
  g_assert_false (relay_shaper_pop (shaper, 20000, &arrival));
  g_assert_cmpuint (relay_shaper_deadline (shaper), <=, 22002);
  g_assert_cmpuint (pop (shaper, 2), <=, 22002);
  g_assert_cmpuint (pop (shaper, 1), <=, 51002);
  g_assert_cmpuint (pop (shaper, 3), <=, 70002);
  g_assert_cmpuint (relay_shaper_deadline (shaper), ==, SRTLA_TIME_NONE);
  relay_shaper_free (shaper);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay-shaper/orders", test_orders);
  g_test_add_func ("/relay-shaper/rate", test_rate);
  g_test_add_func ("/relay-shaper/silence", test_silence);
  g_test_add_func ("/relay-shaper/order-of-arrival", test_order_of_arrival);
  return g_test_run ();
}
