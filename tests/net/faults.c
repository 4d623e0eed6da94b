/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * faults [--full] [--jobs N] [NAME…]: lets each fault happen to a stream of its
 * own, in namespaces of its own, several at a time, and looks at what becomes
 * of it. Speaks TAP (--tap), or writes a table. A case is this program again.
 */
#include "net-fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY 1000            /* ms */
#define RATE 6000000            /* bit/s of 12 */
#define BEFORE (1 * G_USEC_PER_SEC)     /* µs of stream before it happens */
#define AFTER (1 * G_USEC_PER_SEC)      /* and when it is back */
#define PATIENCE (60 * G_USEC_PER_SEC)
#define SKIPPED 77              /* what Meson knows as a test that was skipped */

/* What a case says of itself: in this order, as words. */
typedef struct
{
  guint64 sent, lost;           /* messages */
  guint64 gap;                  /* ms, the longest in which nothing came */
  guint64 back;                 /* ms after its end until nothing was lost */
  guint64 dropped;              /* packets, by the element */
  guint64 lost_on_links;        /* packets, on the way out */
  guint64 skipped, cut_off;     /* of the messages lost: srt-meter.h */
  guint64 given_up;             /* packets, by the sending SRT */
  guint64 late;                 /* packets, by the receiving SRT */
  guint64 connections;          /* of SRT */
  guint64 registrations;        /* groups */
  guint64 rescued, retransmitted;       /* packets */
} Result;

#define RESULT_WORDS (sizeof (Result) / sizeof (guint64))

/* ---- One case ------------------------------------------------------------ */

static gboolean
keeps_time (void)
{
  return g_getenv ("SRTLA_TEST_SLOW") == NULL;
}

/* Returns: what is not as it should be, the caller's; NULL: all is. */
static gchar *
judge (const NetFault *fault, const NetStream *stream, const Result *result,
    gint64 last_lost, gint64 back_at)
{
  if (fault->warnings != 0 && stream->warnings != fault->warnings)
    return g_strdup_printf ("%u warnings, not %u", stream->warnings,
        fault->warnings);
  if (result->skipped > 0 && result->dropped + result->lost_on_links == 0)
    return g_strdup ("SRT gave up what nothing lost");
  if (result->skipped != result->late)
    return g_strdup_printf ("the receiving SRT gave up %" G_GUINT64_FORMAT
        " packets, and %" G_GUINT64_FORMAT " messages are missing before others",
        result->late, result->skipped);
  if (result->connections == 1 && result->cut_off > 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " messages are missing at the "
        "end", result->cut_off);
  if (!keeps_time ())
    return NULL;
  if (fault->whole && result->lost > 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " messages lost", result->lost);
  if (fault->whole && result->gap >= LATENCY)
    return g_strdup_printf ("nothing came for %" G_GUINT64_FORMAT " ms",
        result->gap);
  if (last_lost > back_at)
    return g_strdup ("messages are lost when all is over");
  return NULL;
}

static void
measure (NetStream *stream, gint64 began, gint64 ended, Result *result)
{
  GstStructure *stats = e2e_bond_stats (&stream->bond);
  gint64 last = net_meter_last_lost (stream->meter);
  SrtMeterLosses losses;
  SrtMeterTotals srt;

  net_meter_get_totals (stream->meter, &srt);
  net_meter_count (stream->meter, 0, G_MAXINT64, &result->sent, &result->lost);
  result->gap = (guint64) net_meter_longest_gap (stream->meter,
      began - G_USEC_PER_SEC, G_MAXINT64) / 1000;
  result->back = last > ended ? (guint64) (last - ended) / 1000 : 0;
  net_meter_get_losses (stream->meter, &losses);
  result->skipped = losses.skipped;
  result->cut_off = losses.cut_off;
  result->given_up = srt.given_up;
  result->late = srt.dropped;
  result->connections = srt.connections;
  result->retransmitted = srt.retransmitted;
  gst_structure_get_uint64 (stats, "registrations", &result->registrations);
  gst_structure_get_uint64 (stats, "rescued", &result->rescued);
  gst_structure_free (stats);
  result->dropped = net_stream_dropped (stream);
  result->lost_on_links = net_stream_lost_on_links (stream);
}

static int
run_case (const NetFault *fault, gboolean full, guint64 seed)
{
  NetNamespaces namespaces;
  NetStreamSettings settings = { &namespaces, seed, LATENCY, RATE, 0 };
  Result result = { 0, };
  gint64 began, ended, back;
  gchar *complaint, *drops, *reason;
  NetStream stream;
  guint i;

  if (!net_namespaces_enter (&namespaces, &reason)) {
    printf ("skip %s\n", reason);
    return SKIPPED;
  }
  if (fault == NULL)
    return EXIT_SUCCESS;
  gst_init (NULL, NULL);
  net_stream_start (&stream, &settings);
  net_stream_run_until (&stream, g_get_monotonic_time () + BEFORE);
  began = g_get_monotonic_time ();
  net_fault_happen (fault, &stream, full ? fault->full_time
      : fault->short_time);
  ended = g_get_monotonic_time ();
  if (!net_stream_wait_back (&stream, PATIENCE))
    g_error ("the stream is not back after a minute");
  back = g_get_monotonic_time ();
  net_stream_run_until (&stream, back + AFTER);
  complaint = net_stream_finish (&stream);
  measure (&stream, began, ended, &result);
  if (complaint == NULL)
    complaint = judge (fault, &stream, &result,
        net_meter_last_lost (stream.meter), back);
  drops = net_stream_drops (&stream);
  net_stream_free (&stream);

  printf ("result");
  for (i = 0; i < RESULT_WORDS; i++)
    printf (" %" G_GUINT64_FORMAT, ((guint64 *) & result)[i]);
  printf ("\n");
  printf ("drops %s\n", drops);
  if (complaint != NULL)
    printf ("complaint %s\n", complaint);
  g_free (drops);
  g_free (complaint);
  return complaint == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- All of them --------------------------------------------------------- */

typedef struct
{
  const gchar *program;
  gboolean full, tap;
  guint64 seed;
  GQueue waiting;               /* of NetFault */
  guint running, done, failed;
  GMainLoop *loop;
} Suite;

typedef struct
{
  Suite *suite;
  const NetFault *fault;
  GSubprocess *process;
} Case;

static void start_more (Suite *suite, guint jobs);

static void
print_row (const NetFault *fault, gboolean full, const Result *result,
    const gchar *drops, const gchar *complaint)
{
  printf ("| `%s` | %s | %u | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT
      " | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT
      " | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %s | %"
      G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " |%s%s\n", fault->name,
      fault->title, (full ? fault->full_time : fault->short_time) / 1000,
      result->sent, result->lost, result->skipped, result->cut_off, result->gap,
      result->back, result->given_up, drops, result->lost_on_links,
      result->connections, complaint != NULL ? " " : "",
      complaint != NULL ? complaint : "");
}

static void
print_tap (Suite *suite, const NetFault *fault, gboolean passed,
    const Result *result, const gchar *drops, const gchar *complaint)
{
  printf ("%s %u /net/faults/%s\n", passed ? "ok" : "not ok", suite->done,
      fault->name);
  printf ("# %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT " lost: %"
      G_GUINT64_FORMAT " given up by the receiving SRT (which says %"
      G_GUINT64_FORMAT "), %" G_GUINT64_FORMAT " in a connection that broke; gap "
      "%" G_GUINT64_FORMAT " ms\n", result->sent, result->lost, result->skipped,
      result->late, result->cut_off, result->gap);
  printf ("# packets: given up by the sending SRT %" G_GUINT64_FORMAT ", dropped "
      "by the element %s, lost on links %" G_GUINT64_FORMAT ", rescued %"
      G_GUINT64_FORMAT ", sent again by SRT %" G_GUINT64_FORMAT "\n",
      result->given_up, drops, result->lost_on_links, result->rescued,
      result->retransmitted);
  if (complaint != NULL)
    printf ("# %s\n", complaint);
}

static void
case_ended (GObject *process, GAsyncResult *async, gpointer data)
{
  Case *one = data;
  Suite *suite = one->suite;
  gchar *output = NULL, *errors = NULL, **lines, *complaint = NULL;
  gchar *drops = NULL;
  Result result = { 0, };
  gboolean passed;
  guint i, j;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (process), async, &output,
      &errors, NULL);
  passed = g_subprocess_get_successful (one->process);
  lines = g_strsplit (output != NULL ? output : "", "\n", -1);
  for (i = 0; lines[i] != NULL; i++) {
    gchar **words = g_strsplit (lines[i], " ", -1);

    if (g_str_has_prefix (lines[i], "result ")
        && g_strv_length (words) == 1 + RESULT_WORDS) {
      for (j = 0; j < RESULT_WORDS; j++)
        ((guint64 *) & result)[j] = g_ascii_strtoull (words[1 + j], NULL, 10);
    } else if (g_str_has_prefix (lines[i], "complaint ")) {
      complaint = g_strdup (lines[i] + strlen ("complaint "));
    } else if (g_str_has_prefix (lines[i], "drops ")) {
      drops = g_strdup (lines[i] + strlen ("drops "));
    }
    g_strfreev (words);
  }
  if (!passed && complaint == NULL)
    complaint = g_strdelimit (g_strdup (errors != NULL && *errors ? errors
            : "it ended"), "\n", ' ');
  suite->done++;
  suite->failed += !passed;
  if (suite->tap)
    print_tap (suite, one->fault, passed, &result, drops != NULL ? drops : "?",
        complaint);
  else
    print_row (one->fault, suite->full, &result, drops != NULL ? drops : "?",
        complaint);
  fflush (stdout);
  g_strfreev (lines);
  g_free (output);
  g_free (errors);
  g_free (complaint);
  g_free (drops);
  g_object_unref (one->process);
  g_free (one);
  suite->running--;
  start_more (suite, suite->running + 1);
}

static void
start_case (Suite *suite, const NetFault *fault)
{
  gchar *seed = g_strdup_printf ("--seed=%" G_GUINT64_FORMAT, suite->seed);
  Case *one = g_new0 (Case, 1);
  GError *error = NULL;

  one->suite = suite;
  one->fault = fault;
  one->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE
      | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, suite->program, "--case",
      fault->name, seed, suite->full ? "--full" : NULL, NULL);
  if (one->process == NULL)
    g_error ("%s", error->message);
  g_subprocess_communicate_utf8_async (one->process, NULL, NULL, case_ended,
      one);
  suite->running++;
  g_free (seed);
}

static void
start_more (Suite *suite, guint jobs)
{
  while (suite->running < jobs && suite->waiting.length > 0)
    start_case (suite, g_queue_pop_head (&suite->waiting));
  if (suite->running == 0)
    g_main_loop_quit (suite->loop);
}

/* Returns: why there are no namespaces here, the caller's; NULL: there are. */
static gchar *
probe (const gchar *program)
{
  GSubprocess *process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE,
      NULL, program, "--case", "", NULL);
  gchar *output = NULL;

  if (process != NULL)
    g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, NULL);
  if (process != NULL && g_subprocess_get_successful (process))
    g_clear_pointer (&output, g_free);
  else if (output == NULL || *output == '\0')
    output = g_strdup ("skip it does not start");
  g_clear_object (&process);
  return output;
}

static gint
longest_first (gconstpointer one, gconstpointer other, gpointer full)
{
  const NetFault *a = one, *b = other;

  return full != NULL ? (gint) b->full_time - (gint) a->full_time
      : (gint) b->short_time - (gint) a->short_time;
}

static int
run_suite (Suite *suite, guint jobs, gchar **names)
{
  gchar *reason = probe (suite->program);
  const NetFault *fault;
  guint count;
  int status;

  if (reason != NULL) {
    status = net_namespaces_refused (reason + strlen ("skip "));
    g_free (reason);
    return status;
  }
  for (fault = net_faults; fault->name != NULL; fault++) {
    if (names == NULL
        || g_strv_contains ((const gchar * const *) names, fault->name))
      g_queue_insert_sorted (&suite->waiting, (gpointer) fault, longest_first,
          GINT_TO_POINTER (suite->full));
  }
  count = suite->waiting.length;
  if (suite->tap)
    printf ("1..%u\n# seed %" G_GUINT64_FORMAT "\n", count, suite->seed);
  else
    printf ("| fault | | lasts, s | sent | lost | given up by the receiving SRT "
        "| in a connection that broke | longest gap, ms | lost until, ms after "
        "its end | given up by the sending SRT | dropped by the element | lost on "
        "links | SRT connections |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  suite->loop = g_main_loop_new (NULL, FALSE);
  start_more (suite, jobs);
  if (suite->running > 0)
    g_main_loop_run (suite->loop);
  g_main_loop_unref (suite->loop);
  return suite->failed == 0 && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main (int argc, char **argv)
{
  Suite suite = {.program = argv[0] };
  gchar *name = NULL;
  gint64 seed = 0;
  gint jobs = 4;
  const GOptionEntry entries[] = {
    {"full", 0, 0, G_OPTION_ARG_NONE, &suite.full,
        "At their full length, not as in tests", NULL},
    {"jobs", 0, 0, G_OPTION_ARG_INT, &jobs, "At a time (4)", "N"},
    {"tap", 0, 0, G_OPTION_ARG_NONE, &suite.tap, "Speak TAP", NULL},
    {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Of all that is random", "N"},
    {"case", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &name, NULL, NULL},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}
  };
  GOptionContext *options = g_option_context_new ("[NAME…] - lets faults happen");
  const gchar *environment = g_getenv ("SRTLA_TEST_SEED");
  GError *error = NULL;
  gboolean good;
  int status;

  g_option_context_add_main_entries (options, entries, NULL);
  good = g_option_context_parse (options, &argc, &argv, &error);
  g_option_context_free (options);
  if (!good) {
    fprintf (stderr, "faults: %s\n", error->message);
    return EXIT_FAILURE;
  }
  if (seed == 0)
    seed = environment != NULL
        ? (gint64) g_ascii_strtoull (environment, NULL, 10) : g_random_int ();
  suite.seed = (guint64) seed;
  net_world_find_everything ();
  if (name != NULL)
    status = run_case (net_fault_find (name), suite.full, suite.seed);
  else
    status = run_suite (&suite, (guint) MAX (jobs, 1),
        argc > 1 ? argv + 1 : NULL);
  g_free (name);
  return status;
}
