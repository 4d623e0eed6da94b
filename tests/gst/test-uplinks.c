/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* srtlasink's uplinks: added, removed, failing, as children of the element. */
#include "element-stream.h"

#include <errno.h>
#include <glib/gstdio.h>

/* An address of TEST-NET-1 (RFC 5737), which no machine has. */
#define NOWHERE "192.0.2.77"

static gchar *
uplink_name (Fixture *fixture, const gchar *uplink)
{
  GstStructure *stats = fixture_uplink_stats (fixture, uplink);
  gchar *name;

  g_assert_nonnull (stats);
  name = g_strdup (gst_structure_get_string (stats, "name"));
  gst_structure_free (stats);
  return name;
}

/* ---- Changes while PLAYING ---------------------------------------------- */

static void
test_property (Fixture *fixture, gconstpointer data)
{
  GstStructure *stats;
  gchar *before, *after;
  guint64 failures;
  Stream stream;
  guint32 pushed;

  (void) data;
  fixture_play (fixture, 2);
  before = uplink_name (fixture, "127.0.0.3");
  stream_start (&stream, fixture, "classic");
  fixture_wait_carries (fixture, "127.0.0.2");
  fixture_wait_carries (fixture, "127.0.0.3");

  g_object_set (fixture->element, "uplinks", "127.0.0.3, 127.0.0.4,127.0.0.5",
      NULL);
  fixture_wait_carries (fixture, "127.0.0.4");
  fixture_wait_carries (fixture, "127.0.0.5");
  fixture_wait_gone (fixture, "127.0.0.2");
  fixture_wait_carries (fixture, "127.0.0.3");
  pushed = stream_stop (&stream);

  /* Nothing was lost, and the uplink that stayed never noticed. */
  fixture_wait_packets (fixture, pushed);
  fixture_check_arrived (fixture, 0, pushed, 1);
  after = uplink_name (fixture, "127.0.0.3");
  g_assert_cmpstr (before, ==, after);
  stats = fixture_uplink_stats (fixture, "127.0.0.3");
  g_assert_true (gst_structure_get_uint64 (stats, "failures", &failures));
  g_assert_cmpuint (failures, ==, 0);
  gst_structure_free (stats);
  g_free (before);
  g_free (after);
}

static void
write_file (const gchar *path, const gchar *contents)
{
  GError *error = NULL;

  g_file_set_contents (path, contents, -1, &error);
  g_assert_no_error (error);
}

static void
test_file (Fixture *fixture, gconstpointer data)
{
  GError *error = NULL;
  gchar *directory = g_dir_make_tmp ("srtla-test-XXXXXX", &error);
  gchar *path, *other;
  Stream stream;
  guint32 pushed;
  FILE *file;

  (void) data;
  g_assert_no_error (error);
  path = g_build_filename (directory, "uplinks", NULL);
  other = g_build_filename (directory, "uplinks.new", NULL);
  write_file (path, "# two modems\n127.0.0.2\n\n  127.0.0.3  # the second\n");
  g_object_set (fixture->element, "uplinks", NULL, "uplinks-file", path, NULL);
  fixture_play (fixture, 2);
  stream_start (&stream, fixture, "classic");
  fixture_wait_carries (fixture, "127.0.0.2");
  fixture_wait_carries (fixture, "127.0.0.3");

  /* Replaced by another file, as editors do it. */
  write_file (other, "127.0.0.3\n127.0.0.4\n");
  g_assert_cmpint (g_rename (other, path), ==, 0);
  fixture_wait_carries (fixture, "127.0.0.4");
  fixture_wait_gone (fixture, "127.0.0.2");

  /* Written in place. */
  file = fopen (path, "a");
  g_assert_nonnull (file);
  g_assert_cmpint (fputs ("127.0.0.5\r\n", file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
  fixture_wait_carries (fixture, "127.0.0.5");
  fixture_wait_carries (fixture, "127.0.0.3");

  pushed = stream_stop (&stream);
  fixture_wait_packets (fixture, pushed);
  fixture_check_arrived (fixture, 0, pushed, 1);
  g_assert_cmpuint (fixture_stat (fixture, "uplinks-up"), ==, 3);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_free (path);
  g_free (other);
  g_free (directory);
}

static void
test_action_signals (Fixture *fixture, gconstpointer data)
{
  Stream stream;
  guint32 pushed;

  (void) data;
  fixture_play (fixture, 2);
  stream_start (&stream, fixture, "classic");
  g_assert_true (fixture_add_uplink (fixture, "127.0.0.4"));
  fixture_wait_carries (fixture, "127.0.0.4");
  g_assert_true (fixture_remove_uplink (fixture, "127.0.0.2"));
  fixture_wait_gone (fixture, "127.0.0.2");
  g_assert_false (fixture_remove_uplink (fixture, "127.0.0.2"));
  g_assert_false (fixture_remove_uplink (fixture, "127.0.0.9"));
  fixture_wait_carries (fixture, "127.0.0.3");
  pushed = stream_stop (&stream);
  fixture_wait_packets (fixture, pushed);
  fixture_check_arrived (fixture, 0, pushed, 1);
}

/* Back and forth, faster than anything can register. Of a receiver that knows
 * no limit: others take a few sockets a group, and those that were closed count
 * until they time out. */
static void
test_restless (Fixture *fixture, gconstpointer data)
{
  Stream stream;
  guint32 pushed;
  guint i;

  (void) data;
  fixture_use_receiver (fixture, SRTLA_BEHAVIOUR_F, "127.0.0.1");
  fixture_play (fixture, 2);
  stream_start (&stream, fixture, "classic");
  for (i = 0; i < 100; i++) {
    g_assert_true (fixture_add_uplink (fixture, "127.0.0.4"));
    g_object_set (fixture->element, "uplinks",
        i % 2 == 0 ? "127.0.0.2,127.0.0.5" : "127.0.0.2,127.0.0.3", NULL);
    fixture_remove_uplink (fixture, "127.0.0.4");
  }
  fixture_wait_carries (fixture, "127.0.0.2");
  fixture_wait_carries (fixture, "127.0.0.3");
  pushed = stream_stop (&stream);
  fixture_wait_packets (fixture, fixture_stat (fixture, "packets-sent"));
  g_assert_cmpuint (fixture_stat (fixture, "packets-received"), ==, pushed);
  g_assert_null (fixture_uplink_stats (fixture, "127.0.0.4"));
  g_assert_null (fixture_uplink_stats (fixture, "127.0.0.5"));
}

/* Before PLAYING there is no loop to take the change. */
static void
test_before_playing (Fixture *fixture, gconstpointer data)
{
  (void) data;
  g_assert_true (fixture_add_uplink (fixture, "127.0.0.4"));
  g_assert_true (fixture_remove_uplink (fixture, "127.0.0.2"));
  fixture_play (fixture, 2);
  fixture_wait_uplink (fixture, "127.0.0.3", "up");
  fixture_wait_uplink (fixture, "127.0.0.4", "up");
  g_assert_null (fixture_uplink_stats (fixture, "127.0.0.2"));
}

/* ---- Kinds of uplinks --------------------------------------------------- */

static void
check_local_address (Fixture *fixture, const gchar *uplink,
    const gchar *address)
{
  GstStructure *stats;

  fixture_wait_uplink (fixture, uplink, "up");
  stats = fixture_uplink_stats (fixture, uplink);
  g_assert_true (g_str_has_prefix (gst_structure_get_string (stats,
              "local-address"), address));
  gst_structure_free (stats);
}

static void
test_interface (Fixture *fixture, gconstpointer data)
{
  (void) data;
  g_object_set (fixture->element, "uplinks", "lo,127.0.0.4%lo,127.0.0.5", NULL);
  fixture_play (fixture, 3);
  check_local_address (fixture, "lo", "127.0.0.1");
  check_local_address (fixture, "127.0.0.4%lo", "127.0.0.4");
  check_local_address (fixture, "127.0.0.5", "127.0.0.5");
  fixture_push (fixture, 0, 100);
  fixture_wait_packets (fixture, 100);
}

/* No list: one uplink by the routing table. */
static void
test_routing_table (Fixture *fixture, gconstpointer data)
{
  (void) data;
  g_object_set (fixture->element, "uplinks", "", NULL);
  fixture_play (fixture, 1);
  g_assert_cmpint (gst_child_proxy_get_children_count (GST_CHILD_PROXY
          (fixture->element)), ==, 1);
  fixture_push (fixture, 0, 20);
  fixture_wait_packets (fixture, 20);
  g_assert_cmpuint (model_receiver_packets (fixture->receiver, "127.0.0.1"), ==,
      20);
}

/* ---- Failing ones ------------------------------------------------------- */

/* Waits for the message that an uplink failed. Returns: the reason. */
static gchar *
wait_failed (Fixture *fixture, const gchar *uplink)
{
  gchar *reason = NULL;

  while (reason == NULL) {
    GstMessage *message = record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
        "srtla-uplink-state-changed");
    const GstStructure *structure = gst_message_get_structure (message);

    if (g_strcmp0 (gst_structure_get_string (structure, "uplink"), uplink) == 0
        && g_strcmp0 (gst_structure_get_string (structure, "to"), "failed") == 0)
      reason = g_strdup (gst_structure_get_string (structure, "reason"));
    gst_message_unref (message);
  }
  return reason;
}

static void
test_cannot_bind (Fixture *fixture, gconstpointer data)
{
  gchar *reason;

  (void) data;
  g_object_set (fixture->element, "uplinks",
      "127.0.0.2," NOWHERE ",nosuchinterface", NULL);
  fixture_play (fixture, 1);
  reason = wait_failed (fixture, NOWHERE);
  g_test_message ("%s: %s", NOWHERE, reason);
  g_assert_nonnull (g_strstr_len (reason, -1, "assign"));
  g_free (reason);
  fixture_wait_uplink (fixture, NOWHERE, "failed");
  fixture_wait_uplink (fixture, "nosuchinterface", "failed");

  /* The other one carries on, and there is no error for the pipeline. */
  fixture_push (fixture, 0, 100);
  fixture_wait_packets (fixture, 100);
  g_assert_cmpuint (model_receiver_packets (fixture->receiver, "127.0.0.2"), ==,
      100);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_ERROR, NULL),
      ==, 0);

  /* Taken out of the list they are gone. */
  g_object_set (fixture->element, "uplinks", "127.0.0.2", NULL);
  fixture_wait_gone (fixture, NOWHERE);
  fixture_wait_gone (fixture, "nosuchinterface");
}

/* A modem may yet be plugged in: the pipeline goes on, as long as it is told
 * to wait. */
static void
test_none_can_bind (Fixture *fixture, gconstpointer data)
{
  (void) data;
  g_object_set (fixture->element, "uplinks", NOWHERE ",nosuchinterface", NULL);
  fixture_play (fixture, 0);
  fixture_expect (fixture, GST_MESSAGE_WARNING, NOWHERE);
  fixture_expect (fixture, GST_MESSAGE_WARNING, "nosuchinterface");
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_ERROR, NULL),
      ==, 0);
  fixture_push (fixture, 0, 10);
  fixture_wait_stat (fixture, "dropped-no-uplink", 10);
  g_object_set (fixture->element, "connection-timeout", 1, NULL);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "connection-timeout");
}

static void
test_last_removed (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture_play (fixture, 2);
  g_assert_true (fixture_remove_uplink (fixture, "127.0.0.2"));
  g_assert_true (fixture_remove_uplink (fixture, "127.0.0.3"));
  fixture_expect (fixture, GST_MESSAGE_ERROR, "uplinks");
}

/* A file without a single uplink. */
static void
test_empty_file (Fixture *fixture, gconstpointer data)
{
  GError *error = NULL;
  gchar *path;
  gint descriptor = g_file_open_tmp ("srtla-test-XXXXXX", &path, &error);

  (void) data;
  g_assert_no_error (error);
  write_file (path, "# nothing yet\n");
  g_object_set (fixture->element, "uplinks", NULL, "uplinks-file", path, NULL);
  gst_element_set_state (fixture->element, GST_STATE_PLAYING);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "uplinks");
  g_assert_true (g_close (descriptor, NULL));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_free (path);
}

static void
test_missing_file (Fixture *fixture, gconstpointer data)
{
  (void) data;
  g_object_set (fixture->element, "uplinks", NULL, "uplinks-file",
      "/nonexistent/uplinks", NULL);
  gst_element_set_state (fixture->element, GST_STATE_PLAYING);
  /* Says why, too: a warning would be gone where only errors are shown. */
  fixture_expect (fixture, GST_MESSAGE_ERROR, g_strerror (ENOENT));
}

/* Whatever stands in a list or a file can be shown. */
static void
test_not_text (Fixture *fixture, gconstpointer data)
{
  GstStructure *stats;

  (void) data;
  g_object_set (fixture->element, "uplinks", "127.0.0.2,\xff\xfe", NULL);
  g_assert_true (fixture_add_uplink (fixture, " \xc3 "));
  fixture_play (fixture, 1);
  fixture_wait_uplink (fixture, "\xef\xbf\xbd\xef\xbf\xbd", "failed");
  stats = fixture_uplink_stats (fixture, "\xef\xbf\xbd");
  g_assert_nonnull (stats);
  gst_structure_free (stats);
}

/* ---- Children ----------------------------------------------------------- */

typedef struct
{
  GMutex lock;
  GPtrArray *lines;             /* "signal name detail…", in order */
} Trace;

static void
trace (Trace *log, const gchar *format, ...)
G_GNUC_PRINTF (2, 3);

static void
trace (Trace *log, const gchar *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_mutex_lock (&log->lock);
  g_ptr_array_add (log->lines, g_strdup_vprintf (format, arguments));
  g_mutex_unlock (&log->lock);
  va_end (arguments);
}

static gboolean
trace_has (Trace *log, const gchar *line)
{
  gboolean found;

  g_mutex_lock (&log->lock);
  found = g_ptr_array_find_with_equal_func (log->lines, line, g_str_equal,
      NULL);
  g_mutex_unlock (&log->lock);
  return found;
}

static void
trace_wait (Trace *log, const gchar *line)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();

  while (!trace_has (log, line)) {
    if (g_get_monotonic_time () > end)
      g_error ("no \"%s\"", line);
    g_usleep (2000);
  }
}

static void
on_child_added (GstChildProxy *proxy, GObject * child, gchar *name,
    gpointer user_data)
{
  (void) proxy;
  g_assert_true (GST_IS_OBJECT (child));
  trace (user_data, "child-added %s", name);
}

static void
on_child_removed (GstChildProxy *proxy, GObject * child, gchar *name,
    gpointer user_data)
{
  (void) proxy;
  g_assert_true (GST_IS_OBJECT (child));
  trace (user_data, "child-removed %s", name);
}

static void
on_uplink_added (GstElement *element, GstObject *uplink, gpointer user_data)
{
  gchar *address;

  (void) element;
  g_object_get (uplink, "address", &address, NULL);
  trace (user_data, "uplink-added %s", address);
  g_free (address);
}

static void
on_uplink_removed (GstElement *element, GstObject *uplink, gpointer user_data)
{
  gchar *address;

  (void) element;
  g_object_get (uplink, "address", &address, NULL);
  trace (user_data, "uplink-removed %s", address);
  g_free (address);
}

static void
on_state_changed (GstElement *element, GstObject *uplink, const gchar *from,
    const gchar *to, const gchar *reason, gpointer user_data)
{
  gchar *address;

  (void) element;
  g_assert_cmpstr (from, !=, to);
  g_assert_nonnull (reason);
  g_object_get (uplink, "address", &address, NULL);
  trace (user_data, "state %s %s", address, to);
  g_free (address);
}

static void
check_child (Fixture *fixture, guint index, const gchar *address)
{
  GstChildProxy *proxy = GST_CHILD_PROXY (fixture->element);
  GObject *child = gst_child_proxy_get_child_by_index (proxy, index), *by_name;
  GstStructure *stats = NULL;
  gchar *name, *property, *text;

  g_assert_nonnull (child);
  name = gst_object_get_name (GST_OBJECT (child));
  g_assert_true (g_str_has_prefix (name, "uplink-"));
  by_name = gst_child_proxy_get_child_by_name (proxy, name);
  g_assert_true (child == by_name);

  property = g_strdup_printf ("%s::address", name);
  gst_child_proxy_get (proxy, property, &text, NULL);
  g_assert_cmpstr (text, ==, address);
  g_free (text);
  g_object_get (child, "state", &text, "stats", &stats, NULL);
  g_assert_cmpstr (text, ==, "up");
  g_assert_cmpstr (gst_structure_get_string (stats, "uplink"), ==, address);
  g_assert_cmpstr (gst_structure_get_name (stats), ==,
      "application/x-srtla-uplink-stats");
  gst_structure_free (stats);
  g_free (text);
  g_free (property);
  g_free (name);
  g_object_unref (by_name);
  g_object_unref (child);
}

static void
test_children (Fixture *fixture, gconstpointer data)
{
  GstChildProxy *proxy = GST_CHILD_PROXY (fixture->element);
  GObject *kept;
  GstStructure *stats = NULL;
  gchar *name, *text;
  /* Static: a signal may still be under way when the test returns. */
  static Trace log;

  (void) data;
  log.lines = g_ptr_array_new_with_free_func (g_free);
  g_object_connect (fixture->element,
      "signal::child-added", on_child_added, &log,
      "signal::child-removed", on_child_removed, &log,
      "signal::uplink-added", on_uplink_added, &log,
      "signal::uplink-removed", on_uplink_removed, &log,
      "signal::uplink-state-changed", on_state_changed, &log, NULL);
  fixture_play (fixture, 2);
  g_assert_cmpuint (gst_child_proxy_get_children_count (proxy), ==, 2);
  check_child (fixture, 0, "127.0.0.2");
  check_child (fixture, 1, "127.0.0.3");
  g_assert_null (gst_child_proxy_get_child_by_index (proxy, 2));
  g_assert_null (gst_child_proxy_get_child_by_name (proxy, "uplink-77"));
  trace_wait (&log, "state 127.0.0.2 up");
  trace_wait (&log, "state 127.0.0.3 up");

  g_assert_true (fixture_add_uplink (fixture, "127.0.0.4"));
  trace_wait (&log, "uplink-added 127.0.0.4");
  trace_wait (&log, "state 127.0.0.4 up");
  check_child (fixture, 2, "127.0.0.4");

  /* A child that someone holds outlives its uplink. */
  kept = gst_child_proxy_get_child_by_index (proxy, 0);
  name = g_strconcat ("child-removed ", GST_OBJECT_NAME (kept), NULL);
  g_assert_true (fixture_remove_uplink (fixture, "127.0.0.2"));
  trace_wait (&log, "uplink-removed 127.0.0.2");
  trace_wait (&log, name);
  g_assert_cmpuint (gst_child_proxy_get_children_count (proxy), ==, 2);
  g_object_get (kept, "address", &text, "stats", &stats, NULL);
  g_assert_cmpstr (text, ==, "127.0.0.2");
  g_assert_nonnull (stats);
  gst_structure_free (stats);
  g_free (text);
  g_object_unref (kept);
  g_free (name);

  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
          "srtla-uplink-added"));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
          "srtla-uplink-removed"));
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
          "srtla-connected"));
  g_signal_handlers_disconnect_by_data (fixture->element, &log);
}

static void
add_tests (void)
{
  fixture_add_test ("/uplinks/property", test_property);
  fixture_add_test ("/uplinks/file", test_file);
  fixture_add_test ("/uplinks/action-signals", test_action_signals);
  fixture_add_test ("/uplinks/restless", test_restless);
  fixture_add_test ("/uplinks/before-playing", test_before_playing);
  fixture_add_test ("/uplinks/interface", test_interface);
  fixture_add_test ("/uplinks/routing-table", test_routing_table);
  fixture_add_test ("/uplinks/cannot-bind", test_cannot_bind);
  fixture_add_test ("/uplinks/none-can-bind", test_none_can_bind);
  fixture_add_test ("/uplinks/last-removed", test_last_removed);
  fixture_add_test ("/uplinks/empty-file", test_empty_file);
  fixture_add_test ("/uplinks/missing-file", test_missing_file);
  fixture_add_test ("/uplinks/not-text", test_not_text);
  fixture_add_test ("/uplinks/children", test_children);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
