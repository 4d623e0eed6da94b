/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The emulated network does what its orders say, with real sockets, a real bond
 * and real SRT over it.
 */
#include "../e2e/srt-meter.h"
#include "net-world.h"

#include <string.h>

static NetNamespaces namespaces;

/* Three links of 8 Mbit/s, and a stream over them. */
typedef struct
{
  NetWorld *world;
  E2eBond bond;
  SrtMeter *meter;
} Stream;

static void
start_stream (Stream *stream, const gchar *scenario, guint latency, guint rate)
{
  gchar *path = g_build_filename (g_getenv ("SIM_SCENARIOS"), scenario, NULL);
  guint64 seed = g_random_int ();
  NetWorldSettings settings = {.scenario = path,.seed = seed };
  E2eSettings e2e = {.behaviour = 'a',.host = NET_RECEIVER_ADDRESS,
    .receiver_namespace = namespaces.receiver
  };
  SrtMeterSettings meter = {.seed = seed,.latency = latency,.rate = rate,
    .listener_namespace = namespaces.receiver
  };
  GError *error = NULL;
  gchar *uplinks;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  stream->world = net_world_new (&namespaces, &settings, &error);
  g_assert_no_error (error);
  uplinks = net_world_uplinks (stream->world);
  e2e.uplinks = uplinks;
  e2e_bond_start (&stream->bond, &e2e, net_world_count (stream->world));
  meter.caller_port = stream->bond.input_port;
  meter.listener_port = stream->bond.srt_port;
  stream->meter = srt_meter_start (&meter);
  g_free (uplinks);
  g_free (path);
}

static void
stop_stream (Stream *stream)
{
  srt_meter_free (stream->meter);
  e2e_bond_stop (&stream->bond);
  net_world_free (stream->world);
}

typedef struct
{
  SrtMeter *meter;
  guint64 messages;
} Amount;

static gboolean
has_received (gpointer data)
{
  const Amount *amount = data;

  return srt_meter_received (amount->meter) >= amount->messages;
}

static void
wait_received (Stream *stream, guint64 more)
{
  Amount amount = { stream->meter, srt_meter_received (stream->meter) + more };

  e2e_wait (has_received, &amount, "messages");
}

static void
test_stream (void)
{
  Stream stream;
  guint64 sent, lost;
  guint i;

  start_stream (&stream, "silent-death.scenario", 300, 4000000);
  wait_received (&stream, 1000);
  srt_meter_stop (stream.meter);
  srt_meter_count (stream.meter, 0, G_MAXINT64, &sent, &lost);
  g_assert_cmpuint (sent, >=, 1000);
  g_assert_cmpuint (lost, ==, 0);
  for (i = 0; i < 3; i++) {
    NetWorldLink link;

    net_world_get_link (stream.world, i, NET_OUT, &link);
    g_assert_cmpuint (link.rate, ==, 8000000);
    g_assert_cmpuint (link.link.delivered, >, 0);
    g_test_message ("link %u delivered %" G_GUINT64_FORMAT, i,
        link.link.delivered);
  }
  stop_stream (&stream);
}

int
main (int argc, char **argv)
{
  gchar *reason;

  if (!net_namespaces_enter (&namespaces, &reason))
    return net_namespaces_refused (reason);
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/net/world/stream", test_stream);
  return g_test_run ();
}
