/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts one bonding sender under load and says what it cost, in one line of
 * JSON: starts it, plays the SRT caller before it and the receiver and SRT
 * server behind it, and looks at its process before and after.
 *
 *   traffic [OPTIONS] -- COMMAND...
 */
#define _GNU_SOURCE
#include "traffic.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static TrafficOptions options = {
  .port = 6000,.receiver_port = 5000,.uplinks = 4,.rate = 50.0,
  .pattern = TRAFFIC_BURST,.warm_up = 1.0,.seconds = 4.0,.behaviour = 'b'
};

static gchar *pattern, *count_library, **command;
static gboolean count_calls;

static const GOptionEntry entries[] = {
  {"port", 0, 0, G_OPTION_ARG_INT, &options.port,
      "where the sender listens", "PORT"},
  {"receiver-port", 0, 0, G_OPTION_ARG_INT, &options.receiver_port,
      "where the sender sends to", "PORT"},
  {"uplinks", 0, 0, G_OPTION_ARG_INT, &options.uplinks,
      "how many the sender has", "N"},
  {"rate", 0, 0, G_OPTION_ARG_DOUBLE, &options.rate, "Mbit/s", "RATE"},
  {"pattern", 0, 0, G_OPTION_ARG_STRING, &pattern,
      "burst (30 frames a second), even or flat", "NAME"},
  {"warm-up", 0, 0, G_OPTION_ARG_DOUBLE, &options.warm_up, "s", "TIME"},
  {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &options.seconds, "s", "TIME"},
  {"count-allocations", 0, 0, G_OPTION_ARG_FILENAME, &count_library,
      "by preloading this library", "FILE"},
  {"count-system-calls", 0, 0, G_OPTION_ARG_NONE, &count_calls,
      "by the kernel's tracepoint", NULL},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &command, NULL, NULL},
  {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}
};

static void
parse (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("-- COMMAND...");
  GError *error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  g_option_context_free (context);
  if (command == NULL)
    g_error ("no command");
  if (g_strcmp0 (pattern, "even") == 0)
    options.pattern = TRAFFIC_EVEN;
  else if (g_strcmp0 (pattern, "flat") == 0)
    options.pattern = TRAFFIC_FLAT;
  /* Receivers of kind B take 16 uplinks. */
  if (options.uplinks > 16)
    options.behaviour = 'f';
}

static void
print (guint64 sent, const TrafficDelivery * delivery, const TrafficUse * a,
    const TrafficUse * b, gboolean counted)
{
  printf ("{\"sent\": %" G_GUINT64_FORMAT ", \"delivered\": %"
      G_GUINT64_FORMAT ", \"copies\": %" G_GUINT64_FORMAT ", \"cpu_ns\": %"
      G_GUINT64_FORMAT ", \"user_ms\": %" G_GUINT64_FORMAT
      ", \"system_ms\": %" G_GUINT64_FORMAT ", \"switches\": %"
      G_GUINT64_FORMAT ", \"rss_kib\": %" G_GUINT64_FORMAT
      ", \"latency_p50_us\": %.1f, \"latency_p99_us\": %.1f", sent,
      delivery->delivered, delivery->copies, b->cpu - a->cpu,
      b->user - a->user, b->system - a->system, b->switches - a->switches,
      b->memory, delivery->latency_p50, delivery->latency_p99);
  if (count_library != NULL)
    printf (", \"allocations\": %" G_GUINT64_FORMAT,
        b->allocations - a->allocations);
  if (counted)
    printf (", \"system_calls\": %" G_GUINT64_FORMAT,
        b->system_calls - a->system_calls);
  printf ("}\n");
}

/* Until all uplinks are up. */
static gboolean
wait_for_uplinks (TrafficSink * sink)
{
  guint64 until = traffic_clock () + 10000000000u;

  while (traffic_sink_uplinks (sink) < (guint) options.uplinks) {
    if (traffic_clock () > until)
      return FALSE;
    g_usleep (10000);
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  TrafficGenerator generator;
  TrafficProcess process;
  TrafficDelivery delivery;
  TrafficUse before, after;
  TrafficSink *sink;
  GError *error = NULL;
  guint32 first, last;
  gboolean ready, counted;

  parse (argc, argv);
  sink = traffic_sink_new (&options);
  traffic_generator_open (&generator, &options);
  if (!traffic_process_start (&process, command, count_library, &error))
    g_error ("%s", error->message);
  /* The generator's sleeps end when they should; what it started keeps the
   * kernel's 50 µs. */
  prctl (PR_SET_TIMERSLACK, 1000, 0, 0, 0);
  ready = traffic_generator_connect (&generator, 15.0)
      && wait_for_uplinks (sink);
  if (ready)
    traffic_generator_run (&generator, options.warm_up);

  first = generator.sequence;
  traffic_sink_count_from (sink, first);
  counted = count_calls && traffic_process_count_calls (&process);
  traffic_process_look (&process, &before);
  if (ready)
    traffic_generator_run (&generator, options.seconds);
  last = generator.sequence - 1;
  /* What waits on the way is part of it. */
  g_usleep (20000);
  traffic_process_look (&process, &after);
  g_usleep (200000);
  traffic_process_stop (&process);
  traffic_sink_free (sink, last, &delivery);
  if (!ready) {
    fprintf (stderr, "the sender did not connect\n");
    return 1;
  }
  print (last + 1 - first, &delivery, &before, &after, counted);
  return 0;
}
