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
#include <time.h>

static TrafficOptions options = {
  .port = 6000,.receiver_port = 5000,.uplinks = 4,.rate = 50.0,
  .pattern = TRAFFIC_BURST,.warm_up = 1.0,.seconds = 4.0,.behaviour = 'b'
};

static gchar *pattern, *count_library, **command;
static gboolean count_calls, count_instructions;

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
  {"count-instructions", 0, 0, G_OPTION_ARG_NONE, &count_instructions,
      "by the processor's counter", NULL},
  {"pin", 0, 0, G_OPTION_ARG_NONE, &options.pin,
      "the last processor for the sender, the others for the rest", NULL},
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

typedef struct
{
  guint64 sent;                 /* packets */
  guint64 time, own_cpu;        /* ns that it took; of this process */
  TrafficUse before, after;
  TrafficDelivery delivery;
  gboolean counted[TRAFFIC_COUNTERS];
} Result;

static void
print_count (const gchar * name, guint64 before, guint64 after)
{
  printf (", \"%s\": %" G_GUINT64_FORMAT, name, after - before);
}

static void
print (const Result * result)
{
  static const gchar *const names[] = { "system_calls", "user_instructions",
    "kernel_instructions"
  };
  const TrafficUse *a = &result->before, *b = &result->after;
  guint i;

  printf ("{\"sent\": %" G_GUINT64_FORMAT ", \"delivered\": %"
      G_GUINT64_FORMAT ", \"copies\": %" G_GUINT64_FORMAT ", \"rss_kib\": %"
      G_GUINT64_FORMAT ", \"latency_p50_us\": %.1f, \"latency_p99_us\": %.1f",
      result->sent, result->delivery.delivered, result->delivery.copies,
      b->memory, result->delivery.latency_p50, result->delivery.latency_p99);
  print_count ("time_ns", 0, result->time);
  print_count ("own_cpu_ns", 0, result->own_cpu);
  print_count ("cpu_ns", a->cpu, b->cpu);
  print_count ("user_ms", a->user, b->user);
  print_count ("system_ms", a->system, b->system);
  print_count ("switches", a->switches, b->switches);
  if (count_library != NULL)
    print_count ("allocations", a->allocations, b->allocations);
  for (i = 0; i < TRAFFIC_COUNTERS; i++) {
    if (result->counted[i])
      print_count (names[i], a->counts[i], b->counts[i]);
  }
  printf ("}\n");
}

static guint64
own_cpu (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return (guint64) time.tv_sec * 1000000000u + (guint64) time.tv_nsec;
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

/* The part that counts. Returns: the last sequence number. */
static guint32
measure (TrafficGenerator * generator, TrafficProcess * process,
    TrafficSink * sink, Result * result)
{
  guint32 first = generator->sequence;
  guint64 started, own;

  traffic_sink_count_from (sink, first);
  result->counted[TRAFFIC_SYSTEM_CALLS] = count_calls
      && traffic_process_count (process, TRAFFIC_SYSTEM_CALLS);
  result->counted[TRAFFIC_USER_INSTRUCTIONS] = count_instructions
      && traffic_process_count (process, TRAFFIC_USER_INSTRUCTIONS);
  result->counted[TRAFFIC_KERNEL_INSTRUCTIONS] = count_instructions
      && traffic_process_count (process, TRAFFIC_KERNEL_INSTRUCTIONS);
  traffic_process_look (process, &result->before);
  started = traffic_clock ();
  own = own_cpu ();
  traffic_generator_run (generator, options.seconds);
  result->time = traffic_clock () - started;
  /* What waits on the way is part of it. */
  g_usleep (20000);
  result->own_cpu = own_cpu () - own;
  traffic_process_look (process, &result->after);
  result->sent = generator->sequence - first;
  return generator->sequence - 1;
}

int
main (int argc, char **argv)
{
  TrafficGenerator generator;
  TrafficProcess process;
  TrafficSink *sink;
  Result result;
  GError *error = NULL;
  guint32 last;

  memset (&result, 0, sizeof result);
  parse (argc, argv);
  if (options.pin)
    traffic_process_make_room ();
  sink = traffic_sink_new (&options);
  traffic_generator_open (&generator, &options);
  if (!traffic_process_start (&process, command, count_library, options.pin,
          &error))
    g_error ("%s", error->message);
  /* The generator's sleeps end when they should; what it started keeps the
   * kernel's 50 µs. */
  prctl (PR_SET_TIMERSLACK, 1000, 0, 0, 0);
  if (!traffic_generator_connect (&generator, 15.0)
      || !wait_for_uplinks (sink)) {
    fprintf (stderr, "the sender did not connect\n");
    traffic_process_stop (&process);
    return 1;
  }
  traffic_generator_run (&generator, options.warm_up);
  last = measure (&generator, &process, sink, &result);
  g_usleep (200000);
  traffic_process_stop (&process);
  traffic_sink_free (sink, last, &result.delivery);
  print (&result);
  return 0;
}
