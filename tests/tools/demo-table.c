/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo-table.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 10            /* characters for a share of 100 % */

static guint lines_shown = 0;   /* of the table that stands at the cursor */

/* Takes the table off a terminal, so that its place is free. */
static void
wipe (void)
{
  if (lines_shown > 0 && isatty (STDOUT_FILENO))
    printf ("\033[%uA\033[J", lines_shown);
  lines_shown = 0;
}

static guint64
get_uint64 (const GstStructure *structure, const gchar *field)
{
  guint64 value = 0;

  gst_structure_get_uint64 (structure, field, &value);
  return value;
}

static void
show_uplink (const GstStructure *uplink)
{
  const gchar *name = gst_structure_get_string (uplink, "uplink");
  const gchar *state = gst_structure_get_string (uplink, "state");
  guint64 rtt = get_uint64 (uplink, "rtt");
  gdouble share = 0, quality = 0;
  gchar rtt_text[32] = "-", bar[BAR_WIDTH + 1];
  gint i, filled;

  gst_structure_get_double (uplink, "share", &share);
  gst_structure_get_double (uplink, "quality", &quality);
  if (rtt > 0)
    g_snprintf (rtt_text, sizeof rtt_text, "%.1f ms", (gdouble) rtt / 1000);
  filled = (gint) (CLAMP (share, 0, 1) * BAR_WIDTH + 0.5);
  for (i = 0; i < BAR_WIDTH; i++)
    bar[i] = i < filled ? '#' : '.';
  bar[BAR_WIDTH] = '\0';

  printf ("  %-11s %-11s %8s %5" G_GUINT64_FORMAT " ms %6" G_GUINT64_FORMAT
      " %9" G_GUINT64_FORMAT "  %s %3.0f %%  %5.2f %5" G_GUINT64_FORMAT " %6"
      G_GUINT64_FORMAT "\n", name != NULL ? name : "?",
      state != NULL ? state : "?", rtt_text,
      get_uint64 (uplink, "queue") / 1000,
      get_uint64 (uplink, "bitrate") / 1000,
      get_uint64 (uplink, "delivered-rate") / 1000, bar, share * 100, quality,
      get_uint64 (uplink, "naks"), get_uint64 (uplink, "stalls"));
  lines_shown++;
}

void
demo_table_show (guint second, const GstStructure *stats)
{
  const GValue *uplinks = gst_structure_get_value (stats, "uplinks");
  guint up = 0, i;

  wipe ();
  gst_structure_get_uint (stats, "uplinks-up", &up);
  printf ("%3u s   %" G_GUINT64_FORMAT " kbit/s over %u uplinks, %"
      G_GUINT64_FORMAT " packets sent, %" G_GUINT64_FORMAT " of them again, %"
      G_GUINT64_FORMAT " rescued\n", second,
      get_uint64 (stats, "bitrate") / 1000, up,
      get_uint64 (stats, "packets-sent"),
      get_uint64 (stats, "retransmissions"), get_uint64 (stats, "rescued"));
  /* kbit/s sent, and the highest rate that was proven to arrive. */
  printf ("  %-11s %-11s %8s %8s %6s %9s  %-*s %6s  %5s %5s %6s\n", "uplink",
      "state", "RTT", "queue", "kbit/s", "delivered", BAR_WIDTH, "share", "",
      "qual.", "lost", "stalls");
  lines_shown += 2;
  for (i = 0; uplinks != NULL && i < gst_value_array_get_size (uplinks); i++)
    show_uplink (gst_value_get_structure (gst_value_array_get_value (uplinks,
                i)));
  if (!isatty (STDOUT_FILENO))
    printf ("\n");
  fflush (stdout);
}

void
demo_table_print (const gchar *format, ...)
{
  va_list arguments;

  wipe ();
  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  printf ("\n");
  fflush (stdout);
}
