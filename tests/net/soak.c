/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * soak [--minutes N] [--seed N] [--json FILE] [--only NAME,…]: one stream, to which one fault
 * after another happens at random, and what it looks like from outside:
 * payload, books, memory, threads, descriptors. Writes a report in Markdown.
 */
#include "net-fault.h"
#include "soak-census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY 1000            /* ms */
#define RATE 6000000            /* bit/s of 12 */
#define IP_PACKET (E2E_MESSAGE + 44)    /* bytes */
#define FAULT_TIME_MAX 15000    /* ms */
#define PATIENCE (60 * G_USEC_PER_SEC)  /* until it is back */
/* What is lost by a fault was sent so long before it, or later. µs */
#define BEFORE (2 * G_USEC_PER_SEC)
/* So long after the last fault nothing is left of it: sockets of removed uplinks
 * are closed, idle threads ended. µs */
#define QUIET_TIME (20 * G_USEC_PER_SEC)
#define SKIPPED 77              /* what Meson knows as a test that was skipped */
#define CENSUSES 6              /* in a run, beside the first and the last */

typedef struct
{
  guint happened;
  guint64 lost;                 /* messages */
  gint64 back_longest, back_sum;        /* µs, from its end on */
} FaultRecord;

typedef struct
{
  NetStream stream;
  guint minutes;
  guint64 seed;
  const gchar *json;            /* file; NULL: none */
  SoakCensus census;
  FaultRecord *records;         /* of each fault */
  guint n_faults;
  guint *deck, n_deck, dealt;   /* each comes once before any comes again */
  gchar **only;                 /* names of those; NULL: all */
  guint audits;
  GPtrArray *complaints;        /* text, owned */
  SrtMeterTotals srt;
  SrtMeterLosses losses;
  guint64 sent, lost, lost_in_faults, lost_on_links, received;
  gint64 began, lateness;
} Soak;

static void
complain (Soak *soak, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

static void
complain (Soak *soak, const gchar *format, ...)
{
  gdouble minute = (gdouble) (g_get_monotonic_time () - soak->began) / 6e7;
  va_list arguments;
  gchar *text, *line;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  line = g_strdup_printf ("minute %.1f: %s", minute, text);
  fprintf (stderr, "%s\n", line);
  g_ptr_array_add (soak->complaints, line);
  g_free (text);
}

/* ---- What happens -------------------------------------------------------- */

static guint
deal (Soak *soak)
{
  guint i, j, held;

  if (soak->dealt == soak->n_deck) {
    for (i = soak->n_deck - 1; i > 0; i--) {
      j = (guint) g_rand_int_range (soak->stream.random, 0, (gint32) i + 1);
      held = soak->deck[i];
      soak->deck[i] = soak->deck[j];
      soak->deck[j] = held;
    }
    soak->dealt = 0;
  }
  return soak->deck[soak->dealt++];
}

static guint
choose_time (Soak *soak, const NetFault *fault)
{
  guint longest = MIN (fault->full_time, FAULT_TIME_MAX);

  return longest <= fault->short_time / 2 ? fault->short_time
      : (guint) g_rand_int_range (soak->stream.random,
      (gint32) fault->short_time / 2, (gint32) longest + 1);
}

static void
audit (Soak *soak, const gchar *after)
{
  gchar *complaint = net_stream_audit (&soak->stream);

  soak->audits++;
  if (complaint != NULL)
    complain (soak, "after %s: %s", after, complaint);
  g_free (complaint);
}

static void
let_one_happen (Soak *soak)
{
  guint index = deal (soak);
  const NetFault *fault = &net_faults[index];
  FaultRecord *record = &soak->records[index];
  gint64 began = g_get_monotonic_time (), ended, back;
  guint64 sent, lost;

  soak->lateness = MAX (soak->lateness, soak->stream.lateness);
  soak->stream.lateness = 0;
  net_fault_happen (fault, &soak->stream, choose_time (soak, fault));
  ended = g_get_monotonic_time ();
  fprintf (stderr, "minute %.1f: %s, %.1f s\n",
      (gdouble) (began - soak->began) / 6e7, fault->name,
      (gdouble) (ended - began) / 1e6);
  audit (soak, fault->name);
  if (!net_stream_wait_back (&soak->stream, PATIENCE)) {
    complain (soak, "after %s: not back within a minute", fault->name);
    return;
  }
  back = g_get_monotonic_time () - ended;
  /* What was sent last is still under way. */
  net_meter_count (soak->stream.meter, began - BEFORE,
      g_get_monotonic_time () - LATENCY * 1300, &sent, &lost);
  record->happened++;
  record->lost += lost;
  record->back_sum += back;
  record->back_longest = MAX (record->back_longest, back);
  soak->lost_in_faults += lost;
  if (fault->whole && lost > 0)
    complain (soak, "%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
        " messages lost; timers were up to %" G_GINT64_FORMAT " ms late",
        fault->name, lost, sent, soak->stream.lateness / 1000);
  audit (soak, "it was back");
}

static gboolean
sample (gpointer data)
{
  Soak *soak = data;

  soak_census_sample (&soak->census, g_get_monotonic_time () - soak->began);
  return G_SOURCE_CONTINUE;
}

static void
count (Soak *soak, gboolean wait)
{
  if (wait)
    net_stream_run_until (&soak->stream, g_get_monotonic_time () + QUIET_TIME);
  soak_census_take (&soak->census, g_get_monotonic_time () - soak->began);
}

static void
run (Soak *soak)
{
  NetNamespaces *namespaces =
      (NetNamespaces *) soak->stream.settings.namespaces;
  NetStreamSettings settings = { namespaces, soak->seed, LATENCY, RATE,
    (soak->minutes + 5) * 60 * (RATE / 8 / IP_PACKET + 1)
  };
  gint64 length = soak->minutes * 60 * G_USEC_PER_SEC, next;
  guint timer;
  gchar *complaint;

  net_stream_start (&soak->stream, &settings);
  soak->began = g_get_monotonic_time ();
  timer = g_timeout_add (1000, sample, soak);
  /* Whatever is made once and kept is there when each fault has been. */
  count (soak, FALSE);
  next = soak->began + length / (CENSUSES + 1);
  while (g_get_monotonic_time () + QUIET_TIME < soak->began + length) {
    let_one_happen (soak);
    if (length >= 20 * QUIET_TIME && g_get_monotonic_time () > next) {
      count (soak, TRUE);
      next += length / (CENSUSES + 1);
    }
  }
  count (soak, TRUE);
  g_source_remove (timer);
  complaint = net_stream_finish (&soak->stream);
  if (complaint != NULL)
    complain (soak, "%s", complaint);
  g_free (complaint);
}

static void
measure (Soak *soak)
{
  NetStream *stream = &soak->stream;

  net_meter_get_totals (stream->meter, &soak->srt);
  net_meter_get_losses (stream->meter, &soak->losses);
  net_meter_count (stream->meter, 0, G_MAXINT64, &soak->sent, &soak->lost);
  soak->received = net_meter_received (stream->meter);
  soak->lost_on_links = net_stream_lost_on_links (stream);
  if (soak->lost != soak->lost_in_faults)
    complain (soak, "%" G_GUINT64_FORMAT " messages lost that no fault "
        "explains", soak->lost - soak->lost_in_faults);
  if (soak->losses.skipped != soak->srt.dropped)
    complain (soak, "the receiving SRT gave up %" G_GUINT64_FORMAT " packets, "
        "and %" G_GUINT64_FORMAT " messages are missing before others",
        soak->srt.dropped, soak->losses.skipped);
  soak_census_judge (&soak->census, soak->complaints);
}

/* ---- The report ---------------------------------------------------------- */

static void
print_faults (const Soak *soak)
{
  guint i;

  printf ("| fault | | times | messages lost | back after, s: mean | longest |\n"
      "|---|---|---|---|---|---|\n");
  for (i = 0; i < soak->n_faults; i++) {
    const FaultRecord *record = &soak->records[i];

    if (record->happened > 0)
      printf ("| `%s` | %s | %u | %" G_GUINT64_FORMAT " | %.1f | %.1f |\n",
          net_faults[i].name, net_faults[i].title, record->happened,
          record->lost,
          (gdouble) record->back_sum / record->happened / 1e6,
          (gdouble) record->back_longest / 1e6);
  }
}

static void
print_report (const Soak *soak)
{
  guint i, happened = 0;

  for (i = 0; i < soak->n_faults; i++)
    happened += soak->records[i].happened;
  printf ("%u minutes, seed %" G_GUINT64_FORMAT ", three links of 4 Mbit/s, "
      "a stream of %.0f Mbit/s, SRT's latency %u ms: **%s**.\n\n", soak->minutes,
      soak->seed, RATE / 1e6, LATENCY,
      soak->complaints->len == 0 ? "passed" : "failed");
  printf ("* %u faults, one after another.\n", happened);
  printf ("* %" G_GUINT64_FORMAT " messages sent, %" G_GUINT64_FORMAT
      " received, each compared byte for byte; %" G_GUINT64_FORMAT
      " lost, %" G_GUINT64_FORMAT " of them within the time of a fault that "
      "SRT's latency does not cover: %" G_GUINT64_FORMAT " given up by the "
      "receiving SRT, %" G_GUINT64_FORMAT " in connections that broke.\n",
      soak->sent, soak->received, soak->lost, soak->lost_in_faults,
      soak->losses.skipped, soak->losses.cut_off);
  printf ("* SRT: %u connections, %" G_GUINT64_FORMAT " packets sent again, %"
      G_GUINT64_FORMAT " given up by the sending SRT. The links lost %"
      G_GUINT64_FORMAT
      " packets on the way out.\n", soak->srt.connections,
      soak->srt.retransmitted, soak->srt.given_up,
      soak->lost_on_links);
  printf ("* The element's books were looked at %u times, those of the links at "
      "the end.\n", soak->audits);
  printf ("* Timers were up to %" G_GINT64_FORMAT " ms late: so busy was the "
      "machine.\n", MAX (soak->lateness, soak->stream.lateness) / 1000);
  soak_census_print (&soak->census);
  for (i = 0; i < soak->complaints->len; i++)
    printf ("* **%s**\n", (gchar *) soak->complaints->pdata[i]);
  printf ("\n");
  print_faults (soak);
  fflush (stdout);
}

static void
write_json (const Soak *soak)
{
  FILE *file = soak->json != NULL ? fopen (soak->json, "w") : NULL;
  guint i;

  if (file == NULL)
    return;
  fprintf (file, "{\"minutes\": %u, \"seed\": %" G_GUINT64_FORMAT
      ", \"passed\": %s, \"sent\": %" G_GUINT64_FORMAT ", \"received\": %"
      G_GUINT64_FORMAT ", \"lost\": %" G_GUINT64_FORMAT
      ", \"lost_in_faults\": %" G_GUINT64_FORMAT ", \"given_up_by_receiver\": %"
      G_GUINT64_FORMAT ", \"cut_off\": %" G_GUINT64_FORMAT
      ", \"given_up_by_sender\": %" G_GUINT64_FORMAT ", \"connections\": %u, "
      "\"audits\": %u,\n \"faults\": [", soak->minutes, soak->seed,
      soak->complaints->len == 0 ? "true" : "false", soak->sent,
      soak->received, soak->lost, soak->lost_in_faults, soak->srt.dropped,
      soak->losses.cut_off, soak->srt.given_up, soak->srt.connections,
      soak->audits);
  for (i = 0; i < soak->n_faults; i++)
    fprintf (file, "%s\n  {\"name\": \"%s\", \"times\": %u, \"lost\": %"
        G_GUINT64_FORMAT ", \"back_longest\": %.3f}", i > 0 ? "," : "",
        net_faults[i].name, soak->records[i].happened, soak->records[i].lost,
        (gdouble) soak->records[i].back_longest / 1e6);
  fprintf (file, "],\n \"complaints\": [");
  for (i = 0; i < soak->complaints->len; i++)
    fprintf (file, "%s\"%s\"", i > 0 ? ", " : "",
        (gchar *) soak->complaints->pdata[i]);
  fprintf (file, "],\n");
  soak_census_write_json (&soak->census, file);
  fprintf (file, "}\n");
  fclose (file);
}

static void
prepare (Soak *soak)
{
  guint i;

  while (net_faults[soak->n_faults].name != NULL)
    soak->n_faults++;
  soak->records = g_new0 (FaultRecord, soak->n_faults);
  soak->deck = g_new (guint, soak->n_faults);
  for (i = 0; i < soak->n_faults; i++) {
    if (soak->only == NULL || g_strv_contains ((const gchar * const *)
            soak->only, net_faults[i].name))
      soak->deck[soak->n_deck++] = i;
  }
  soak->dealt = soak->n_deck;
  soak->complaints = g_ptr_array_new_with_free_func (g_free);
  soak_census_init (&soak->census, soak->minutes);
}

int
main (int argc, char **argv)
{
  static Soak soak;
  NetNamespaces namespaces;
  gint minutes = 60;
  gint64 seed = 0;
  gchar *only = NULL;
  const GOptionEntry entries[] = {
    {"minutes", 0, 0, G_OPTION_ARG_INT, &minutes, "How long (60)", "N"},
    {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Of all that is random", "N"},
    {"only", 0, 0, G_OPTION_ARG_STRING, &only, "These faults", "NAME,…"},
    {"json", 0, 0, G_OPTION_ARG_FILENAME, &soak.json, "Figures", "FILE"},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}
  };
  GOptionContext *options = g_option_context_new ("- one fault after another");
  GError *error = NULL;
  gchar *reason;
  gboolean good;

  if (!net_namespaces_enter (&namespaces, &reason))
    return net_namespaces_refused (reason) == EXIT_SUCCESS ? SKIPPED
        : EXIT_FAILURE;
  g_option_context_add_main_entries (options, entries, NULL);
  good = g_option_context_parse (options, &argc, &argv, &error);
  g_option_context_free (options);
  if (!good || minutes < 1) {
    fprintf (stderr, "soak: %s\n", good ? "minutes" : error->message);
    return EXIT_FAILURE;
  }
  net_world_find_everything ();
  gst_init (NULL, NULL);
  soak.minutes = (guint) minutes;
  soak.seed = seed != 0 ? (guint64) seed : g_random_int ();
  fprintf (stderr, "seed %" G_GUINT64_FORMAT "\n", soak.seed);
  soak.stream.settings.namespaces = &namespaces;
  soak.only = only != NULL ? g_strsplit (only, ",", -1) : NULL;
  prepare (&soak);
  if (soak.n_deck == 0)
    g_error ("no such fault");
  run (&soak);
  measure (&soak);
  print_report (&soak);
  write_json (&soak);
  net_stream_free (&soak.stream);
  good = soak.complaints->len == 0;
  g_ptr_array_unref (soak.complaints);
  g_free (soak.records);
  g_free (soak.deck);
  g_strfreev (soak.only);
  g_free (only);
  soak_census_clear (&soak.census);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
