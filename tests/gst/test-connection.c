/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the receiver: URI, names, addresses, refusals, timeouts. */
#include "element-testing.h"
#include "model-resolver.h"

/* Returns: the text of what an uplink's `reason` says, once it says `word`. */
static void
wait_reason (Fixture *fixture, const gchar *uplink, const gchar *word)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  gboolean said = FALSE;

  while (!said) {
    GstStructure *stats = fixture_uplink_stats (fixture, uplink);
    const gchar *reason = gst_structure_get_string (stats, "reason");

    said = reason != NULL && strstr (reason, word) != NULL;
    if (!said && g_get_monotonic_time () > end)
      g_error ("the reason of %s is \"%s\"", uplink, reason);
    gst_structure_free (stats);
    if (!said)
      g_usleep (2000);
  }
}

static void
expect_no_error (Fixture *fixture)
{
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_ERROR, NULL),
      ==, 0);
}

/* Returns: a port on 127.0.0.1 that nothing listens on. */
static guint
closed_port (void)
{
  ModelReceiver *model = model_receiver_new (SRTLA_BEHAVIOUR_A, "127.0.0.1", 0);
  guint port = model_receiver_port (model);

  model_receiver_free (model);
  return port;
}

/* ---- URI ---------------------------------------------------------------- */

static void
test_uri (void)
{
  static const struct
  {
    const gchar *uri, *host, *uplinks;
    guint port;
  } cases[] = {
    {"srtla://192.0.2.1:5001", "192.0.2.1", NULL, 5001},
    {"srtla://ingest.example:6000?uplinks=10.0.0.1,wwan0", "ingest.example",
        "10.0.0.1,wwan0", 6000},
    {"srtla://[2001:db8::1]:7000", "2001:db8::1", NULL, 7000},
    {"srtla://host.example", "host.example", NULL, 5000},
    {"srtla://h:65535?uplinks=10.0.0.1%25eth0", "h", "10.0.0.1%eth0", 65535},
    {"srtla://h?uplinks=10.0.0.1%wwan0,lo", "h", "10.0.0.1%wwan0,lo", 5000},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    GstElement *element = gst_element_make_from_uri (GST_URI_SINK,
        cases[i].uri, NULL, &error), *again;
    gchar *host, *uplinks, *uri, *host_again;
    guint port, port_again;

    g_assert_no_error (error);
    g_assert_cmpstr (G_OBJECT_TYPE_NAME (element), ==, "GstSrtlaSink");
    gst_object_ref_sink (element);
    g_object_get (element, "host", &host, "port", &port, "uplinks", &uplinks,
        "uri", &uri, NULL);
    g_assert_cmpstr (host, ==, cases[i].host);
    g_assert_cmpuint (port, ==, cases[i].port);
    if (cases[i].uplinks != NULL)
      g_assert_cmpstr (uplinks, ==, cases[i].uplinks);

    /* What it says of itself leads to the same place. */
    again = gst_element_factory_make ("srtlasink", NULL);
    gst_object_ref_sink (again);
    g_object_set (again, "uri", uri, NULL);
    g_object_get (again, "host", &host_again, "port", &port_again, NULL);
    g_assert_cmpstr (host_again, ==, host);
    g_assert_cmpuint (port_again, ==, port);

    g_free (host);
    g_free (host_again);
    g_free (uplinks);
    g_free (uri);
    gst_object_unref (element);
    gst_object_unref (again);
  }
}

static void
test_bad_uri (Fixture *fixture, gconstpointer data)
{
  static const gchar *const uris[] = {
    "srtla://", "srtla://:5000", "srtla://host:0", "srtla://host:65536",
    "srtla://host:port", "srt://host:5000", "srtla:host", "host:5000", "",
    "srtla://[2001:db8::1:5000",
  };
  guint i;

  (void) data;
  for (i = 0; i < G_N_ELEMENTS (uris); i++) {
    GError *error = NULL;
    guint port;
    gchar *host;

    if (gst_uri_handler_set_uri (GST_URI_HANDLER (fixture->element), uris[i],
            &error))
      g_error ("\"%s\" was taken", uris[i]);
    g_assert_nonnull (error);
    g_test_message ("\"%s\": %s", uris[i], error->message);
    g_clear_error (&error);
    g_object_get (fixture->element, "host", &host, "port", &port, NULL);
    g_assert_cmpstr (host, ==, "127.0.0.1");
    g_assert_cmpuint (port, ==, model_receiver_port (fixture->receiver));
    g_free (host);
  }
}

/* The property has no error to give: it warns, and what it was about is in the
 * error when there is no receiver to go to. */
static void
test_bad_uri_property (Fixture *fixture, gconstpointer data)
{
  static const gchar *const uris[] = { "nonsense", "srtla://host:0", NULL };
  guint i;

  (void) data;
  g_object_set (fixture->element, "host", NULL, NULL);
  for (i = 0; i < G_N_ELEMENTS (uris); i++) {
    g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*property uri*");
    g_object_set (fixture->element, "uri", uris[i], NULL);
    g_test_assert_expected_messages ();
    if (uris[i] == NULL)
      continue;
    g_assert_cmpint (gst_element_set_state (fixture->element,
            GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
    fixture_expect (fixture, GST_MESSAGE_ERROR, "the property uri");
    gst_element_set_state (fixture->element, GST_STATE_PAUSED);
    fixture_expect (fixture, GST_MESSAGE_ERROR, uris[i]);
    gst_element_set_state (fixture->element, GST_STATE_NULL);
  }
  /* A good one has no more to do with it. */
  g_object_set (fixture->element, "uri", "srtla://host:5001", "host", NULL,
      NULL);
  g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_PAUSED),
      ==, GST_STATE_CHANGE_FAILURE);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "srtla://host:port");
  gst_element_set_state (fixture->element, GST_STATE_NULL);
}

/* As in a URI. */
static void
test_brackets (void)
{
  static const gchar *const hosts[][2] = {
    {"[::1]", "::1"}, {"[2001:db8::1]", "2001:db8::1"}, {"::1", "::1"},
    {"host", "host"}, {"[]", "[]"}, {"[::1", "[::1"},
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (hosts); i++) {
    GstElement *element = gst_element_factory_make ("srtlasink", NULL);
    gchar *host;

    gst_object_ref_sink (element);
    g_object_set (element, "host", hosts[i][0], NULL);
    g_object_get (element, "host", &host, NULL);
    g_assert_cmpstr (host, ==, hosts[i][1]);
    g_free (host);
    gst_object_unref (element);
  }
}

static void
count_ups (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object,
    GstDebugMessage *message, gpointer user_data)
{
  (void) category;
  (void) file;
  (void) function;
  (void) line;
  (void) object;
  if (level == GST_LEVEL_INFO
      && strstr (gst_debug_message_get (message), "-> up") != NULL)
    g_atomic_int_inc ((gint *) user_data);
}

/* Whoever reads along at level 4 is told once of each change of an uplink. */
static void
test_log (Fixture *fixture, gconstpointer data)
{
  gint ups = 0;

  (void) data;
  /* The functions, not the macros, which ISO C does not like. */
  (gst_debug_add_log_function) (count_ups, &ups, NULL);
  gst_debug_set_threshold_for_name ("srtlasink", GST_LEVEL_INFO);
  fixture_play (fixture, 2);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  gst_debug_unset_threshold_for_name ("srtlasink");
  (gst_debug_remove_log_function) (count_ups);
  g_assert_cmpint (g_atomic_int_get (&ups), ==, 2);
}

/* Another receiver is nothing to change under a running stream. */
static void
test_uri_while_playing (Fixture *fixture, gconstpointer data)
{
  GError *error = NULL;

  (void) data;
  fixture_play (fixture, 2);
  g_assert_false (gst_uri_handler_set_uri (GST_URI_HANDLER (fixture->element),
          "srtla://127.0.0.1:5001", &error));
  g_assert_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE);
  g_clear_error (&error);
  g_assert_cmpuint (fixture_stat (fixture, "uplinks-up"), ==, 2);
}

static void
test_no_host (Fixture *fixture, gconstpointer data)
{
  (void) data;
  g_object_set (fixture->element, "host", NULL, NULL);
  g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_PAUSED),
      ==, GST_STATE_CHANGE_FAILURE);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "host");
  gst_element_set_state (fixture->element, GST_STATE_NULL);

  /* Told what was missing, the same element works. */
  g_object_set (fixture->element, "host", "127.0.0.1", NULL);
  fixture_play (fixture, 2);
}

/* Returns: whether the machine has ::1. Marks the test as skipped if not. */
static gboolean
have_ipv6 (void)
{
  GSocketAddress *address = g_inet_socket_address_new_from_string ("::1", 0);
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, NULL);
  gboolean have = socket != NULL
      && g_socket_bind (socket, address, FALSE, NULL);

  if (!have)
    g_test_skip ("no ::1 here");
  g_clear_object (&socket);
  g_object_unref (address);
  return have;
}

/* ---- Names -------------------------------------------------------------- */

/* A name that is not found: no error, the reason is told, and it is tried
 * again until it is found. */
static void
test_unresolvable (Fixture *fixture, gconstpointer data)
{
  (void) data;
  model_resolver_answer (NULL);
  g_object_set (fixture->element, "host", "receiver.test", NULL);
  fixture_play (fixture, 0);
  wait_reason (fixture, "127.0.0.2", "no such name");
  fixture_wait_uplink (fixture, "127.0.0.2", "failed");
  fixture_wait_uplink (fixture, "127.0.0.3", "failed");
  fixture_push (fixture, 0, 10);
  fixture_wait_stat (fixture, "dropped-no-uplink", 10);

  model_resolver_answer ("127.0.0.1");
  fixture_wait_stat (fixture, "uplinks-up", 2);
  expect_no_error (fixture);
  fixture_push (fixture, 10, 10);
  fixture_wait_packets (fixture, 10);
}

/* A slow name server holds nothing up: not the state changes, not the stream. */
static void
test_slow_resolver (Fixture *fixture, gconstpointer data)
{
  guint before = model_resolver_lookups ();
  gint64 end;

  (void) data;
  model_resolver_answer ("127.0.0.1");
  model_resolver_block (TRUE);
  g_object_set (fixture->element, "host", "receiver.test", NULL);
  fixture_play (fixture, 0);
  end = g_get_monotonic_time () + testing_patience ();
  while (model_resolver_lookups () == before) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (2000);
  }
  fixture_push (fixture, 0, 10);
  /* Down while it waits, and up again. */
  g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
  model_resolver_block (FALSE);
  fixture_wait_stat (fixture, "uplinks-up", 2);
  expect_no_error (fixture);
}

/* The loop hears of the answer by itself: no packet comes, and nobody asks for
 * statistics. */
static void
test_idle_resolver (Fixture *fixture, gconstpointer data)
{
  guint before = model_resolver_lookups ();
  gint64 end = g_get_monotonic_time () + testing_patience ();

  (void) data;
  model_resolver_answer ("127.0.0.1");
  model_resolver_block (TRUE);
  g_object_set (fixture->element, "host", "receiver.test", NULL);
  fixture_play (fixture, 0);
  while (model_resolver_lookups () == before) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (2000);
  }
  model_resolver_block (FALSE);
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
          "srtla-connected"));
}

/* The first addresses lead nowhere; the last is the receiver's. */
static void
test_each_address (Fixture *fixture, gconstpointer data)
{
  (void) data;
  model_resolver_answer ("127.0.0.66,::1,127.0.0.1");
  g_object_set (fixture->element, "host", "receiver.test", NULL);
  fixture_play (fixture, 2);
  fixture_push (fixture, 0, 20);
  fixture_wait_packets (fixture, 20);
  expect_no_error (fixture);
}

/* An interface that has no way to the first address takes the other family's,
 * though another uplink is up. */
static void
test_other_family (Fixture *fixture, gconstpointer data)
{
  (void) data;
  model_resolver_answer ("2001:db8::1,127.0.0.1");
  g_object_set (fixture->element, "host", "receiver.test", "uplinks",
      "127.0.0.2,lo", NULL);
  fixture_play (fixture, 2);
  expect_no_error (fixture);
}

/* The way of one uplink to the first address is a black hole, and others reach
 * the receiver: it takes the other family's. */
static void
test_black_hole (void)
{
  GSocketAddress *address;
  GSocket *silent;
  Fixture fixture;

  if (!have_ipv6 ())
    return;
  memset (&fixture, 0, sizeof fixture);
  fixture_set_up (&fixture, NULL);
  address = g_inet_socket_address_new_from_string ("::1",
      model_receiver_port (fixture.receiver));
  silent = g_socket_new (G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, NULL);
  g_assert_true (g_socket_bind (silent, address, FALSE, NULL));
  model_resolver_answer ("::1,127.0.0.1");
  g_object_set (fixture.element, "host", "receiver.test", "uplinks",
      "127.0.0.2,lo", NULL);
  fixture_play (&fixture, 2);
  fixture_wait_uplink (&fixture, "lo", "up");
  expect_no_error (&fixture);
  g_object_unref (silent);
  g_object_unref (address);
  fixture_tear_down (&fixture, NULL);
}

/* ---- Refusals ----------------------------------------------------------- */

static void
test_port_refused (Fixture *fixture, gconstpointer data)
{
  guint port = closed_port ();
  ModelReceiver *late;

  (void) data;
  g_object_set (fixture->element, "port", port, NULL);
  fixture_play (fixture, 0);
  wait_reason (fixture, "127.0.0.2", "refused");
  fixture_wait_uplink (fixture, "127.0.0.2", "failed");
  expect_no_error (fixture);

  /* The receiver is started late. */
  late = model_receiver_new (SRTLA_BEHAVIOUR_A, "127.0.0.1", port);
  fixture_wait_stat (fixture, "uplinks-up", 2);
  fixture_push (fixture, 0, 20);
  g_assert_true (model_receiver_wait_packets (late, 20, testing_patience ()));
  expect_no_error (fixture);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  model_receiver_free (late);
}

static void
test_ipv6 (void)
{
  Fixture fixture;

  if (!have_ipv6 ())
    return;
  memset (&fixture, 0, sizeof fixture);
  fixture_set_up (&fixture, NULL);
  fixture_use_receiver (&fixture, SRTLA_BEHAVIOUR_B, "::1");
  g_object_set (fixture.element, "uplinks", "::1", NULL);
  fixture_play (&fixture, 1);
  fixture_push (&fixture, 0, 50);
  fixture_wait_packets (&fixture, 50);
  fixture_check_arrived (&fixture, 0, 50, 1);
  fixture_tear_down (&fixture, NULL);
}

/* An IPv4 uplink has no way to an IPv6 receiver; the other has. */
static void
test_wrong_family (void)
{
  Fixture fixture;

  if (!have_ipv6 ())
    return;
  memset (&fixture, 0, sizeof fixture);
  fixture_set_up (&fixture, NULL);
  fixture_use_receiver (&fixture, SRTLA_BEHAVIOUR_B, "::1");
  g_object_set (fixture.element, "uplinks", "127.0.0.2,::1", NULL);
  fixture_play (&fixture, 1);
  fixture_wait_uplink (&fixture, "127.0.0.2", "failed");
  fixture_wait_uplink (&fixture, "::1", "up");
  expect_no_error (&fixture);
  fixture_tear_down (&fixture, NULL);
}

/* A link-local address, and nobody says on which interface. */
static void
test_link_local (Fixture *fixture, gconstpointer data)
{
  (void) data;
  if (!have_ipv6 ())
    return;
  g_object_set (fixture->element, "host", "fe80::1", "uplinks", NULL, NULL);
  fixture_play (fixture, 0);
  fixture_expect (fixture, GST_MESSAGE_WARNING, "link-local");
}

/* ---- Giving up ---------------------------------------------------------- */

static void
test_connection_timeout (Fixture *fixture, gconstpointer data)
{
  (void) data;
  model_receiver_cut (fixture->receiver, NULL, TRUE);
  g_object_set (fixture->element, "connection-timeout", 300, NULL);
  fixture_play (fixture, 0);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "connection-timeout");
  /* Once, however long the application lets it go on. */
  fixture_push (fixture, 0, 10);
  fixture_wait_stat (fixture, "dropped-no-uplink", 10);
  g_assert_cmpuint (record_count (&fixture->record, GST_MESSAGE_ERROR, NULL),
      ==, 0);
}

/* Set while it plays; and a receiver that answers is nothing to give up. */
static void
test_timeout_while_playing (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture_play (fixture, 2);
  g_object_set (fixture->element, "connection-timeout", 200, NULL);
  fixture_push (fixture, 0, 100);
  fixture_wait_packets (fixture, 100);
  expect_no_error (fixture);

  /* Both uplinks fall silent, are found dead, and stay so. */
  model_receiver_cut (fixture->receiver, NULL, TRUE);
  fixture_expect (fixture, GST_MESSAGE_ERROR, "connection-timeout");
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
          "srtla-disconnected"));
}

static void
add_tests (void)
{
  model_resolver_install ();
  g_test_add_func ("/connection/uri", test_uri);
  fixture_add_test ("/connection/bad-uri", test_bad_uri);
  fixture_add_test ("/connection/bad-uri-property", test_bad_uri_property);
  g_test_add_func ("/connection/brackets", test_brackets);
  fixture_add_test ("/connection/log", test_log);
  fixture_add_test ("/connection/uri-while-playing", test_uri_while_playing);
  fixture_add_test ("/connection/no-host", test_no_host);
  fixture_add_test ("/connection/unresolvable", test_unresolvable);
  fixture_add_test ("/connection/slow-resolver", test_slow_resolver);
  fixture_add_test ("/connection/idle-resolver", test_idle_resolver);
  fixture_add_test ("/connection/each-address", test_each_address);
  fixture_add_test ("/connection/other-family", test_other_family);
  fixture_add_test ("/connection/port-refused", test_port_refused);
  g_test_add_func ("/connection/black-hole", test_black_hole);
  g_test_add_func ("/connection/ipv6", test_ipv6);
  g_test_add_func ("/connection/wrong-family", test_wrong_family);
  fixture_add_test ("/connection/link-local", test_link_local);
  fixture_add_test ("/connection/timeout", test_connection_timeout);
  fixture_add_test ("/connection/timeout-while-playing",
      test_timeout_while_playing);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
