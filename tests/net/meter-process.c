/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An SrtMeter in a process of its own, so that libsrt's memory and threads are
 * not the element's. Prints "ready" once it calls, then answers each line on its
 * standard input with one: numbers, or "ok".
 *
 *   received | count FROM TO | last-lost | gap FROM TO | losses | totals
 *   listening 0 or 1 | stop
 */
#include "../e2e/srt-meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
answer_totals (SrtMeter *meter)
{
  SrtMeterTotals totals;

  srt_meter_get_totals (meter, &totals);
  printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %"
      G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %"
      G_GUINT64_FORMAT " %u\n", totals.sent, totals.retransmitted,
      totals.reported_lost, totals.given_up, totals.received, totals.gaps,
      totals.dropped, totals.connections);
}

static void
answer_losses (SrtMeter *meter)
{
  SrtMeterLosses losses;

  srt_meter_get_losses (meter, &losses);
  printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", losses.skipped,
      losses.cut_off);
}

static void
obey (SrtMeter *meter, const gchar *line)
{
  gint64 from = 0, to = 0;
  guint64 sent, lost;
  int on;

  if (sscanf (line, "count %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &from, &to)
      == 2) {
    srt_meter_count (meter, from, to, &sent, &lost);
    printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", sent, lost);
  } else if (sscanf (line, "gap %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &from,
          &to) == 2) {
    printf ("%" G_GINT64_FORMAT "\n", srt_meter_longest_gap (meter, from, to));
  } else if (sscanf (line, "listening %d", &on) == 1) {
    srt_meter_set_listening (meter, on != 0);
    printf ("ok\n");
  } else if (g_str_has_prefix (line, "received")) {
    printf ("%" G_GUINT64_FORMAT "\n", srt_meter_received (meter));
  } else if (g_str_has_prefix (line, "last-lost")) {
    printf ("%" G_GINT64_FORMAT "\n", srt_meter_last_lost (meter));
  } else if (g_str_has_prefix (line, "losses")) {
    answer_losses (meter);
  } else if (g_str_has_prefix (line, "totals")) {
    answer_totals (meter);
  } else if (g_str_has_prefix (line, "stop")) {
    srt_meter_stop (meter);
    printf ("ok\n");
  } else {
    g_error ("no such command: %s", line);
  }
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  SrtMeterSettings settings;
  gchar line[256];
  SrtMeter *meter;

  if (argc != 8)
    g_error ("SEED CALLER-PORT LISTENER-PORT LATENCY RATE NAMESPACE EXPECTED");
  memset (&settings, 0, sizeof settings);
  settings.seed = g_ascii_strtoull (argv[1], NULL, 10);
  settings.caller_port = (guint16) atoi (argv[2]);
  settings.listener_port = (guint16) atoi (argv[3]);
  settings.latency = (guint) atoi (argv[4]);
  settings.rate = (guint) atoi (argv[5]);
  settings.listener_namespace = atoi (argv[6]);
  settings.expected = (guint) atoi (argv[7]);
  meter = srt_meter_start (&settings);
  printf ("ready\n");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL)
    obey (meter, line);
  srt_meter_free (meter);
  return EXIT_SUCCESS;
}
