/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-link.h"
#include "sim-values.h"

void
sim_link_settings_init (SimLinkSettings *settings)
{
  static const SimLinkSettings fresh = {
    .rate = 10000000,
    .delay = 20 * SRTLA_MILLISECOND,
    .walk_time = 4 * SRTLA_SECOND,
    .burst_length = 1.0,
    .queue_time = 300 * SRTLA_MILLISECOND,
  };

  *settings = fresh;
}

void
sim_link_settings_copy (SimLinkSettings *to, const SimLinkSettings *from)
{
  GArray *old = to->trace;

  if (from->trace != NULL)
    g_array_ref (from->trace);
  *to = *from;
  if (old != NULL)
    g_array_unref (old);
}

void
sim_link_settings_clear (SimLinkSettings *settings)
{
  g_clear_pointer (&settings->trace, g_array_unref);
}

/* A trace: one point a line, seconds and kbit/s; '#' starts a comment. The
 * time of the last line ends the period, after which it starts over. */
static GArray *
read_trace (const gchar *file, const gchar *directory, GError **error)
{
  gchar *path = g_path_is_absolute (file) ? g_strdup (file)
      : g_build_filename (directory, file, NULL);
  GArray *trace = NULL;
  gchar *text = NULL, **lines;
  guint i;

  if (!g_file_get_contents (path, &text, NULL, error)) {
    g_free (path);
    return NULL;
  }
  lines = g_strsplit (text, "\n", -1);
  trace = g_array_new (FALSE, FALSE, sizeof (SimTracePoint));
  for (i = 0; lines[i] != NULL; i++) {
    gchar *start = g_strstrip (lines[i]), *middle, *end;
    gdouble at, rate;
    SimTracePoint point;

    if (*start == '\0' || *start == '#')
      continue;
    at = g_ascii_strtod (start, &middle);
    rate = g_ascii_strtod (middle, &end);
    point.at = (SrtlaTime) (at * 1e6);
    point.rate = (guint64) (rate * 1e3);
    if (middle == start || end == middle || *end != '\0' || at < 0 || rate < 0
        || (trace->len == 0 && point.at != 0)
        || (trace->len > 0 && point.at <= g_array_index (trace,
                SimTracePoint, trace->len - 1).at)) {
      g_set_error (error, SIM_SCENARIO_ERROR, 0, "%s:%u: seconds (from 0, "
          "rising) and kbit/s were expected", path, i + 1);
      g_clear_pointer (&trace, g_array_unref);
      break;
    }
    g_array_append_val (trace, point);
  }
  if (trace != NULL && trace->len < 2) {
    g_set_error (error, SIM_SCENARIO_ERROR, 0,
        "%s: a trace needs at least two lines", path);
    g_clear_pointer (&trace, g_array_unref);
  }
  g_strfreev (lines);
  g_free (text);
  g_free (path);
  return trace;
}

/* Reads "A" or "A B", the second as a time or number. */
static gboolean
set_walk (SimLinkSettings *settings, const gchar *value, GError **error)
{
  gchar **words = g_strsplit (value, " ", 2);
  gboolean good = sim_read_percent (words[0], &settings->walk, error)
      && (words[1] == NULL
      || sim_read_time (words[1], &settings->walk_time, error));

  if (good && settings->walk_time == 0) {
    g_set_error (error, SIM_SCENARIO_ERROR, 0, "a walk needs a time above 0");
    good = FALSE;
  }
  g_strfreev (words);
  return good;
}

static gboolean
set_burst (SimLinkSettings *settings, const gchar *value, GError **error)
{
  gchar **words = g_strsplit (value, " ", 2);
  gboolean good = sim_read_percent (words[0], &settings->burst_loss, error)
      && (words[1] == NULL
      || sim_read_number (words[1], &settings->burst_length, error));

  if (good && (settings->burst_length < 1.0 || settings->burst_loss > 0.9)) {
    g_set_error (error, SIM_SCENARIO_ERROR, 0,
        "\"%s\": bursts of at least 1 packet and at most 90%% were expected",
        value);
    good = FALSE;
  }
  g_strfreev (words);
  return good;
}

static gboolean
set_queue (SimLinkSettings *settings, const gchar *value, GError **error)
{
  SrtlaTime time = 0;
  guint64 bytes = 0;

  if (!g_str_equal (value, "none") && !sim_read_time (value, &time, NULL)
      && !sim_read_bytes (value, &bytes, NULL)) {
    g_set_error (error, SIM_SCENARIO_ERROR, 0,
        "\"%s\" is no queue: a time, a size or none was expected", value);
    return FALSE;
  }
  settings->queue_time = time;
  settings->queue_bytes = bytes;
  return TRUE;
}

static gboolean
set_passes (SimLinkSettings *settings, const gchar *value, GError **error)
{
  if (g_str_equal (value, "all"))
    settings->passes = SIM_PASSES_ALL;
  else if (g_str_equal (value, "keepalives"))
    settings->passes = SIM_PASSES_KEEPALIVES;
  else if (g_str_equal (value, "nothing"))
    settings->passes = SIM_PASSES_NOTHING;
  else {
    g_set_error (error, SIM_SCENARIO_ERROR, 0,
        "\"%s\": all, keepalives or nothing was expected", value);
    return FALSE;
  }
  return TRUE;
}

gboolean
sim_link_settings_set (SimLinkSettings *settings, const gchar *key,
    const gchar *value, const gchar *directory, GError **error)
{
  if (g_str_equal (key, "rate"))
    return sim_read_rate (value, &settings->rate, error);
  if (g_str_equal (key, "delay"))
    return sim_read_time (value, &settings->delay, error);
  if (g_str_equal (key, "jitter"))
    return sim_read_time (value, &settings->jitter, error);
  if (g_str_equal (key, "reorder"))
    return sim_read_boolean (value, &settings->reorder, error);
  if (g_str_equal (key, "loss"))
    return sim_read_percent (value, &settings->loss, error);
  if (g_str_equal (key, "duplicate"))
    return sim_read_percent (value, &settings->duplicate, error);
  if (g_str_equal (key, "burst-loss"))
    return set_burst (settings, value, error);
  if (g_str_equal (key, "queue"))
    return set_queue (settings, value, error);
  if (g_str_equal (key, "walk"))
    return set_walk (settings, value, error);
  if (g_str_equal (key, "passes"))
    return set_passes (settings, value, error);
  if (g_str_equal (key, "trace")) {
    GArray *trace = read_trace (value, directory, error);

    if (trace == NULL)
      return FALSE;
    g_clear_pointer (&settings->trace, g_array_unref);
    settings->trace = trace;
    return TRUE;
  }
  g_set_error (error, SIM_SCENARIO_ERROR, 0, "unknown key \"%s\": rate, delay, "
      "jitter, reorder, loss, burst-loss, duplicate, queue, walk, passes or "
      "trace was expected", key);
  return FALSE;
}

guint64
sim_link_settings_mean_rate (const SimLinkSettings *settings)
{
  const SimTracePoint *points;
  gdouble bits = 0;
  guint i;

  if (settings->trace == NULL)
    return settings->rate;
  points = (const SimTracePoint *) settings->trace->data;
  for (i = 0; i + 1 < settings->trace->len; i++)
    bits += (gdouble) points[i].rate * (points[i + 1].at - points[i].at);
  return (guint64) (bits / points[i].at);
}
