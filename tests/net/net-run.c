/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net-run SCENARIO [--mode MODE] [--seed N] [--json] [--png FILE]
 * Streams over a scenario's emulated links in real time, with real SRT at both
 * ends, and says what came of it. `./run net` is this.
 */
#include "net-session.h"
#include "sim-values.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static gchar *mode = NULL, *png = NULL, *csv = NULL;
static gint64 seed = 1;
static gboolean json = FALSE, ipv6 = FALSE;
static gchar **overrides = NULL, **files = NULL;

static const GOptionEntry entries[] = {
  {"mode", 'm', 0, G_OPTION_ARG_STRING, &mode,
      "Of the element (its default)", "MODE"},
  {"seed", 's', 0, G_OPTION_ARG_INT64, &seed,
      "Of what the links draw, and of the payload (1)", "N"},
  {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &overrides,
        "Override one key, as scenario.duration=20s or NAME.out.rate=2Mbit/s",
      "WHOSE.KEY=VALUE"},
  {"ipv6", '6', 0, G_OPTION_ARG_NONE, &ipv6, "By IPv6, not IPv4", NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
  {"png", 0, 0, G_OPTION_ARG_FILENAME, &png,
      "Draw each link's rate and the gaps over time", "FILE"},
  {"csv", 0, 0, G_OPTION_ARG_FILENAME, &csv,
      "Keep the links' statistics over time", "FILE"},
  {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL,
      "SCENARIO"},
  G_OPTION_ENTRY_NULL
};

/* Returns: the scenario's file, the caller's: a path, or a name among those that
 * come with the simulator and with these tests. */
static gchar *
find_scenario (const gchar *name)
{
  static const gchar *const places[] = { "SIM_SCENARIOS", "NET_SCENARIOS" };
  gchar *file = g_strconcat (name, ".scenario", NULL), *path = NULL;
  guint i;

  for (i = 0; path == NULL && i < G_N_ELEMENTS (places); i++) {
    const gchar *directory = g_getenv (places[i]);

    if (directory == NULL || g_file_test (name, G_FILE_TEST_EXISTS))
      continue;
    path = g_build_filename (directory, file, NULL);
    if (!g_file_test (path, G_FILE_TEST_EXISTS))
      g_clear_pointer (&path, g_free);
  }
  g_free (file);
  return path != NULL ? path : g_strdup (name);
}

/* Remarks of the tests' helpers are not for the reader of JSON. */
static void
say_nothing (const gchar *text)
{
  (void) text;
}

static void
report (const NetSession *session, const NetResult *result)
{
  GString *out = g_string_new (NULL);

  if (json) {
    g_string_append_printf (out, "{\"scenario\": \"%s\", \"mode\": \"%s\", "
        "\"seed\": %" G_GINT64_FORMAT ", ", session->scenario->name,
        mode != NULL ? mode : "", seed);
    net_result_json (result, out);
    g_string_append (out, "}\n");
  } else {
    g_string_append_printf (out, "%s, mode %s, seed %" G_GINT64_FORMAT "\n",
        session->scenario->title, mode != NULL ? mode : "as it is by default",
        seed);
    net_result_print (result, out);
  }
  fputs (out->str, stdout);
  g_string_free (out, TRUE);
}

static gboolean
stream (const NetNamespaces *namespaces, const gchar *samples, GError **error)
{
  gchar *path = find_scenario (files[0]);
  const NetSessionSettings settings = {.scenario = path,.with_ipv6 = ipv6,
    .overrides = (const gchar * const *) overrides,.mode = mode,
    .seed = (guint64) seed,.csv = samples
  };
  NetSession session;
  NetResult result;
  gboolean good = net_session_start (&session, namespaces, &settings, error);

  g_free (path);
  if (!good)
    return FALSE;
  net_session_run (&session, session.scenario->duration);
  net_session_finish (&session, &result);
  report (&session, &result);
  if (png != NULL)
    good = net_result_plot (&result, session.meters[0], session.began, samples,
        session.scenario->title, png, error);
  net_result_clear (&result);
  net_session_clear (&session);
  return good;
}

int
main (int argc, char **argv)
{
  GOptionContext *options = g_option_context_new ("- stream over a scenario");
  NetNamespaces namespaces;
  gchar *reason, *samples = NULL;
  GError *error = NULL;
  gboolean good;
  gint fd;

  g_option_context_add_main_entries (options, entries, NULL);
  good = g_option_context_parse (options, &argc, &argv, &error);
  g_option_context_free (options);
  if (good && (files == NULL || files[1] != NULL)) {
    good = FALSE;
    g_set_error (&error, SIM_SCENARIO_ERROR, 0, "one scenario was expected");
  }
  if (!good) {
    fprintf (stderr, "net-run: %s\n", error->message);
    return 2;
  }
  /* First of all: a program with threads cannot. */
  if (!net_namespaces_enter (&namespaces, &reason)) {
    fprintf (stderr, "net-run: this system does not let us: %s\n", reason);
    return 77;
  }
  net_world_find_everything ();
  gst_init (&argc, &argv);
  g_set_print_handler (say_nothing);
  samples = g_strdup (csv);
  if (samples == NULL && png != NULL
      && (fd = g_file_open_tmp ("srtla-net-XXXXXX.csv", &samples, NULL)) >= 0)
    close (fd);
  good = stream (&namespaces, samples, &error);
  if (!good)
    fprintf (stderr, "net-run: %s\n", error->message);
  if (samples != NULL && csv == NULL)
    g_unlink (samples);
  g_clear_error (&error);
  g_free (samples);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
