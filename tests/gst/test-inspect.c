/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an application, and gst-inspect-1.0, can learn of srtlasink. */
#include <gio/gio.h>

#include "element-testing.h"
#include "srtla-classifier.h"

static const gchar *const properties[] = {
  "uri", "host", "port", "uplinks", "uplinks-file", "mode", "quality",
  "exploration", "rescue", "nak-filter", "stats", "stats-interval",
  "return-socket", "queue-size", "connection-timeout", "drain-timeout",
  "coalesce-time", "queue-target", "spin-time", "thread-affinity",
  "realtime-priority",
  "budget-high", "quantum-high", "queue-high",
  "budget-medium", "quantum-medium", "queue-medium",
  "budget-low", "quantum-low", "queue-low",
  "budget-best-effort", "quantum-best-effort", "queue-best-effort", NULL
};

static const gchar *const signals[] = {
  "uplink-added", "uplink-removed", "uplink-state-changed", "stats",
};

static const gchar *const actions[] = { "add-uplink", "remove-uplink" };

/* Returns: what gst-inspect-1.0 prints. */
static gchar *
inspect (void)
{
  GSubprocessLauncher *launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  const gchar *preload = g_getenv ("SRTLA_TEST_PRELOAD");
  GError *error = NULL;
  GSubprocess *process;
  gchar *text = NULL;

  /* A plugin with sanitizers in a program without: their runtime must come
   * first there, and judges nothing but the plugin. */
  if (preload != NULL && *preload != '\0') {
    g_subprocess_launcher_setenv (launcher, "LD_PRELOAD", preload, TRUE);
    g_subprocess_launcher_setenv (launcher, "ASAN_OPTIONS", "detect_leaks=0",
        TRUE);
  }
  g_subprocess_launcher_setenv (launcher, "LANG", "C", TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, "gst-inspect-1.0",
      "--no-colors", "srtlasink", NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &text, NULL,
          &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  g_object_unref (process);
  g_object_unref (launcher);
  return text;
}

static void
expect_text (const gchar *text, const gchar *pattern)
{
  GRegex *regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);

  g_assert_nonnull (regex);
  if (!g_regex_match (regex, text, 0, NULL)) {
    g_printerr ("%s", text);
    g_error ("gst-inspect-1.0 shows nothing like \"%s\"", pattern);
  }
  g_regex_unref (regex);
}

static void
test_gst_inspect (void)
{
  gchar *text = inspect ();
  guint i;

  expect_text (text, "^  Rank +none \\(0\\)$");
  expect_text (text, "^  Klass +Sink/Network$");
  expect_text (text, "^  Description +[A-Z].{20,}$");
  expect_text (text, "SINK template: 'sink'\n +Availability: Always\n");
  expect_text (text, "SINK template: 'sink_%u'\n +Availability: On request\n");
  expect_text (text, "SRC template: 'src'\n +Availability: On request\n");
  expect_text (text, "application/x-srt");
  expect_text (text, "Supported URI protocols:\n +srtla\n");
  for (i = 0; properties[i] != NULL; i++) {
    /* A description, more than the name once again. */
    gchar *pattern = g_strdup_printf ("^  %s +: [A-Z(].{15,}$", properties[i]);

    expect_text (text, pattern);
    g_free (pattern);
  }
  expect_text (text, "^ +\\(0\\): classic +- .{20,}$");
  expect_text (text, "^ +\\(1\\): enhanced +- .{20,}$");
  for (i = 0; i < G_N_ELEMENTS (signals); i++) {
    gchar *pattern = g_strdup_printf ("^  \"%s\" : ", signals[i]);

    expect_text (text, pattern);
    g_free (pattern);
  }
  for (i = 0; i < G_N_ELEMENTS (actions); i++) {
    /* The second as 1.24 has it. */
    gchar *pattern = g_strdup_printf ("^  \"%s\" (: +gboolean |-> gboolean )",
        actions[i]);

    expect_text (text, pattern);
    g_free (pattern);
  }
  g_free (text);
}

/* Nothing is there that is not listed above, each thing has its limits. */
static void
test_properties (void)
{
  GstElement *element = gst_element_factory_make ("srtlasink", NULL);
  GParamSpec **specs;
  guint n_specs, i, own = 0;

  g_assert_nonnull (element);
  gst_object_ref_sink (element);
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (element),
      &n_specs);
  for (i = 0; i < n_specs; i++) {
    GValue value = G_VALUE_INIT;

    if (specs[i]->owner_type != G_OBJECT_TYPE (element))
      continue;
    own++;
    if (!g_strv_contains (properties, specs[i]->name))
      g_error ("property %s is new: it belongs into this list and into the "
          "documentation", specs[i]->name);
    g_assert_nonnull (g_param_spec_get_blurb (specs[i]));
    g_assert_cmpstr (g_param_spec_get_blurb (specs[i]), !=,
        g_param_spec_get_nick (specs[i]));
    g_assert_true ((specs[i]->flags & G_PARAM_READABLE) != 0);

    /* What was read can be written. */
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (G_OBJECT (element), specs[i]->name, &value);
    if (strcmp (specs[i]->name, "uri") != 0
        && (specs[i]->flags & G_PARAM_WRITABLE) != 0)
      g_object_set_property (G_OBJECT (element), specs[i]->name, &value);
    g_value_unset (&value);
  }
  g_assert_cmpuint (own, ==, G_N_ELEMENTS (properties) - 1);
  g_free (specs);
  gst_object_unref (element);
}

static void
check_mode (GstElement *element)
{
  GValue value = G_VALUE_INIT;
  gchar *text;
  gint mode;

  g_object_get (element, "mode", &mode, NULL);
  g_value_init (&value, g_object_class_find_property (G_OBJECT_GET_CLASS
          (element), "mode")->value_type);
  g_value_set_enum (&value, mode);
  text = gst_value_serialize (&value);
  g_assert_cmpstr (text, ==, "enhanced");
  g_free (text);
  g_value_unset (&value);
}

static void
test_defaults (void)
{
  GstElement *element = gst_element_factory_make ("srtlasink", NULL);
  gboolean quality, exploration, rescue, filter;
  guint port, interval, queue, connection, drain, coalesce;
  gchar *host, *uri, *file;
  GSocket *socket;

  gst_object_ref_sink (element);
  g_object_get (element, "host", &host, "uri", &uri, "uplinks-file", &file,
      "return-socket", &socket, "port", &port, "stats-interval", &interval,
      "queue-size", &queue, "connection-timeout", &connection,
      "drain-timeout", &drain, "coalesce-time", &coalesce, NULL);
  g_object_get (element, "quality", &quality, "exploration", &exploration,
      "rescue", &rescue, "nak-filter", &filter, NULL);
  check_mode (element);
  g_assert_true (quality);
  g_assert_false (exploration);
  g_assert_true (rescue);
  g_assert_true (filter);
  g_assert_null (host);
  g_assert_null (uri);
  g_assert_null (file);
  g_assert_null (socket);
  g_assert_cmpuint (port, ==, 5000);
  g_assert_cmpuint (interval, ==, 0);
  g_assert_cmpuint (queue, ==, 4096);
  g_assert_cmpuint (connection, ==, 0);
  g_assert_cmpuint (drain, ==, 500);
  g_assert_cmpuint (coalesce, ==, 1000);
  g_assert_true (GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK));
  gst_object_unref (element);
}

/* Two branches of one pipeline into one element, as gst-launch links them. */
static void
test_launch (void)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch ("srtlasink name=s host=127.0.0.1 "
      "udpsrc port=0 ! s. udpsrc port=0 ! s.", &error);
  GstElement *element;

  g_assert_no_error (error);
  element = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_assert_cmpuint (element->numsinkpads, ==, 2);
  gst_object_unref (element);
  gst_object_unref (pipeline);
}

/* Returns: the number of a property of the child. */
static guint64
number_of_child (GstElement *element, const gchar *path)
{
  GValue value = G_VALUE_INIT, number = G_VALUE_INIT;
  guint64 result;

  gst_child_proxy_get_property (GST_CHILD_PROXY (element), path, &value);
  g_value_init (&number, G_TYPE_UINT64);
  g_assert_true (g_value_transform (&value, &number));
  result = g_value_get_uint64 (&number);
  g_value_unset (&number);
  g_value_unset (&value);
  return result;
}

/* The parser of GStreamer 1.22 keeps a reference of what it found there and set:
 * takes it back. Takes the reference that is given, too. */
static void
unref_parsed (gpointer child)
{
  while (G_OBJECT (child)->ref_count > 2)
    g_object_unref (child);
  g_object_unref (child);
}

/* Properties of pads and uplinks, as gst-launch sets them: of pads that are
 * there, and of some that it requests later. */
static void
test_launch_children (void)
{
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch ("srtlasink name=s host=127.0.0.1 "
      "uplinks=127.0.0.2,127.0.0.3 uplink-1::max-bitrate=1000000 "
      "sink::quantum=1600 sink_0::latency-budget=2000 sink_1::priority=high "
      "udpsrc port=0 ! s.sink_0 udpsrc port=0 ! s.sink_1", &error);
  GstElement *element;
  GstPad *pad;
  gint priority;

  g_assert_no_error (error);
  element = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_assert_cmpuint (number_of_child (element, "uplink-0::max-bitrate"), ==, 0);
  g_assert_cmpuint (number_of_child (element, "uplink-1::max-bitrate"), ==,
      1000000);
  g_assert_cmpuint (number_of_child (element, "sink::quantum"), ==, 1600);
  g_assert_cmpuint (number_of_child (element, "sink_0::latency-budget"), ==,
      2000);
  pad = gst_element_get_static_pad (element, "sink_1");
  g_object_get (pad, "priority", &priority, NULL);
  g_assert_cmpint (priority, ==, SRTLA_CLASS_HIGH);
  gst_object_unref (pad);
  g_assert_cmpuint (gst_child_proxy_get_children_count (GST_CHILD_PROXY
          (element)), ==, 2);
  unref_parsed (gst_element_get_static_pad (element, "sink"));
  unref_parsed (gst_child_proxy_get_child_by_name (GST_CHILD_PROXY (element),
          "uplink-1"));
  gst_object_unref (element);
  gst_object_unref (pipeline);
}

static void
add_tests (void)
{
  g_test_add_func ("/inspect/gst-inspect", test_gst_inspect);
  g_test_add_func ("/inspect/properties", test_properties);
  g_test_add_func ("/inspect/defaults", test_defaults);
  g_test_add_func ("/inspect/launch", test_launch);
  g_test_add_func ("/inspect/launch-children", test_launch_children);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
