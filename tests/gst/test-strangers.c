/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strangers on the network, who send from other addresses than the receiver's;
 * a receiver that is one itself; and the secret that keeps groups apart.
 */
#include <dlfcn.h>
#include <errno.h>
#include <gst/net/net.h>
#include <sys/random.h>

#include "element-testing.h"

#define CALLER   0x11110000u
#define FORGED   200            /* datagrams of each kind */

/* ---- The system's randomness, watched ----------------------------------- */

static guint8 drawn[64][SRTLA_GROUP_ID];
static gint n_drawn;

/* In the place of the C library's. */
G_MODULE_EXPORT ssize_t
getrandom (void *buffer, size_t size, unsigned int flags)
{
  ssize_t (*real) (void *, size_t, unsigned int) = __extension__
      (ssize_t (*) (void *, size_t, unsigned int)) dlsym (RTLD_NEXT,
      "getrandom");
  ssize_t got = real (buffer, size, flags);

  if (got == SRTLA_GROUP_ID)
    memcpy (drawn[g_atomic_int_add (&n_drawn, 1) % 64], buffer, SRTLA_GROUP_ID);
  return got;
}

/* ---- Forged datagrams --------------------------------------------------- */

static const guint16 forged_types[] = {
  0x9000, 0x9100, 0x9201, 0x9202, 0x9210, 0x9211, 0x8002, 0x8003, 0x8005,
};

static gsize
forge (guint8 *out, guint16 type, guint32 number, GRand *rand)
{
  gsize size = type == 0x9201 ? SRTLA_REG_SIZE : type < 0x9000
      || type == 0x9100 ? 44 : 2;

  testing_random (out, size, rand);
  srtla_write_u16 (out, type);
  if (type < 0x9000)
    srtla_write_u32 (out + 12, CALLER);
  if (type == 0x8002 || type == 0x8003)
    srtla_write_u32 (out + 16, number);
  return size;
}

static GSocketAddress *
address_of (Fixture *fixture, const gchar *uplink)
{
  GstStructure *stats = fixture_uplink_stats (fixture, uplink);
  gchar **parts = g_strsplit (gst_structure_get_string (stats,
          "local-address"), ":", 2);
  GSocketAddress *address = g_inet_socket_address_new_from_string (parts[0],
      (guint) g_ascii_strtoull (parts[1], NULL, 10));

  g_assert_nonnull (address);
  g_strfreev (parts);
  gst_structure_free (stats);
  return address;
}

static GSocket *
open_socket (const gchar *address, guint16 *port)
{
  GSocketAddress *local = g_inet_socket_address_new_from_string (address, 0);
  GError *error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, local, FALSE, &error));
  g_object_unref (local);
  local = g_socket_get_local_address (socket, NULL);
  if (port != NULL)
    *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local));
  g_object_unref (local);
  return socket;
}

static guint64
heard (Fixture *fixture)
{
  return fixture_stat (fixture, "datagrams-received");
}

/* From the receiver's address but another port, and from another address: the
 * sockets are connected, so that nothing of it arrives. */
static void
test_other_addresses (Fixture *fixture, gconstpointer data)
{
  static const gchar *const from[] = { "127.0.0.1", "127.0.0.9" };
  static const gchar *const uplinks[] = { "127.0.0.2", "127.0.0.3" };
  GRand *rand = testing_rand_new ();
  guint8 packet[TESTING_MAX_PACKET];
  guint64 before;
  guint i, k, n, u;

  (void) data;
  fixture_play (fixture, 2);
  fixture_push (fixture, 1000, 50);
  fixture_wait_packets (fixture, 50);
  before = heard (fixture);
  for (u = 0; u < G_N_ELEMENTS (uplinks); u++) {
    GSocketAddress *to = address_of (fixture, uplinks[u]);

    for (i = 0; i < G_N_ELEMENTS (from); i++) {
      GSocket *stranger = open_socket (from[i], NULL);

      for (k = 0; k < G_N_ELEMENTS (forged_types); k++) {
        for (n = 0; n < FORGED; n++) {
          gsize size = forge (packet, forged_types[k], 1000 + n, rand);

          g_socket_send_to (stranger, to, (const gchar *) packet, size, NULL,
              NULL);
        }
      }
      g_object_unref (stranger);
    }
    g_object_unref (to);
  }
  /* On loopback all of it came to its end before send returned. */
  fixture_push (fixture, 1050, 50);
  fixture_wait_packets (fixture, 100);
  fixture_check_arrived (fixture, 1000, 100, 1);
  /* Echoes, acknowledgements of the stream, a late answer to registration; of
   * each kind of forgeries there were more. */
  g_assert_cmpuint (heard (fixture) - before, <, FORGED);
  g_assert_cmpuint (fixture_stat (fixture, "ignored-malformed"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "srt-naks"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "replies"), ==, 0);
  g_assert_cmpuint (fixture_stat (fixture, "uplinks-up"), ==, 2);
  g_rand_free (rand);
}

/* The same from the right address is heard, counted, and breaks nothing. */
static void
test_right_address (Fixture *fixture, gconstpointer data)
{
  GRand *rand = testing_rand_new ();
  guint8 packet[TESTING_MAX_PACKET];
  guint64 before;
  guint k, n;

  (void) data;
  g_object_set (fixture->element, "mode", 1, NULL);
  fixture_play (fixture, 2);
  fixture_push (fixture, 1000, 50);
  fixture_wait_packets (fixture, 50);
  before = heard (fixture);
  for (k = 0; k < G_N_ELEMENTS (forged_types); k++) {
    for (n = 0; n < 20; n++)
      model_receiver_inject (fixture->receiver, packet, forge (packet,
              forged_types[k], 1000 + n, rand));
  }
  fixture_wait_stat (fixture, "datagrams-received", before
      + 2 * 20 * G_N_ELEMENTS (forged_types));
  g_assert_cmpuint (fixture_stat (fixture, "ignored-registration"), >=,
      2 * 20 * 4);
  fixture_push (fixture, 1050, 50);
  fixture_wait_packets (fixture, 100);
  fixture_check_arrived (fixture, 1000, 100, 1);
  g_rand_free (rand);
}

/* ---- Replies ------------------------------------------------------------ */

static GstBuffer *
from_caller (guint index, guint16 port)
{
  guint8 packet[TESTING_MAX_PACKET];
  GstBuffer *buffer = testing_buffer_of (packet, testing_induction (packet,
          CALLER + index, 1000, 0));
  GSocketAddress *address = g_inet_socket_address_new_from_string ("127.0.0.1",
      port);

  gst_buffer_add_net_address_meta (buffer, address);
  g_object_unref (address);
  return buffer;
}

/* A receiver gone bad writes any destination it likes: a caller gets what has
 * its own id, and what has nobody's goes nowhere. */
static void
test_destinations (Fixture *fixture, gconstpointer data)
{
  GSocket *callers[2], *way_back = open_socket ("127.0.0.1", NULL);
  guint8 packet[TESTING_MAX_PACKET], got[TESTING_MAX_PACKET];
  GRand *rand = testing_rand_new ();
  guint16 ports[2];
  guint own[2] = { 0, 0 }, i;

  (void) data;
  g_object_set (fixture->element, "return-socket", way_back, NULL);
  fixture_play (fixture, 2);
  for (i = 0; i < 2; i++) {
    callers[i] = open_socket ("127.0.0.1", &ports[i]);
    g_assert_cmpint (gst_harness_push (fixture->harness, from_caller (i,
                ports[i])), ==, GST_FLOW_OK);
  }
  fixture_wait_packets (fixture, 2);
  for (i = 0; i < 100; i++) {
    guint32 id = g_rand_boolean (rand) ? CALLER + g_rand_int_range (rand, 0, 8)
        : g_rand_int (rand);

    if (id == CALLER || id == CALLER + 1)
      own[id - CALLER]++;
    model_receiver_relay (fixture->receiver, packet,
        testing_srt_keepalive (packet, id, i));
  }
  for (i = 0; i < 2; i++) {
    model_receiver_relay (fixture->receiver, packet, testing_srt_keepalive
        (packet, CALLER + i, 0xffffffffu));
    do {
      g_assert_true (g_socket_condition_timed_wait (callers[i], G_IO_IN,
              testing_patience (), NULL, NULL));
      g_assert_cmpint (g_socket_receive (callers[i], (gchar *) got, sizeof got,
              NULL, NULL), ==, SRTLA_SRT_HEADER);
      g_assert_cmphex (srtla_srt_destination (got), ==, CALLER + i);
      own[i]--;
    } while (srtla_srt_timestamp (got) != 0xffffffffu);
    g_assert_cmpuint (own[i] + 1, ==, 0);
    g_object_unref (callers[i]);
  }
  g_object_unref (way_back);
  g_rand_free (rand);
}

/* ---- The group's id ----------------------------------------------------- */

static GMutex log_lock;
static GString *log_text;

static void
log_message (GstDebugCategory *category, GstDebugLevel level,
    const gchar *file, const gchar *function, gint line, GObject *object,
    GstDebugMessage *message, gpointer user_data)
{
  gchar *line_text = gst_debug_log_get_line (category, level, file, function,
      line, object, message);

  (void) user_data;
  g_mutex_lock (&log_lock);
  g_string_append (log_text, line_text);
  g_mutex_unlock (&log_lock);
  g_free (line_text);
}

/* Returns: the text without all that stands between the digits of a dump. */
static gchar *
digits_of (const gchar *text)
{
  GString *digits = g_string_new (NULL);

  for (; *text != '\0'; text++) {
    if (g_ascii_isxdigit (*text))
      g_string_append_c (digits, g_ascii_tolower (*text));
  }
  return g_string_free (digits, FALSE);
}

/* Six bytes of it would be no chance: none of the log's digits is that. */
static void
expect_unknown (const gchar *digits, const guint8 *id)
{
  guint at, i;

  for (at = 0; at + 6 <= SRTLA_GROUP_ID; at++) {
    gchar hex[13];

    for (i = 0; i < 6; i++)
      g_snprintf (hex + 2 * i, 3, "%02x", id[at + i]);
    g_assert_null (strstr (digits, hex));
  }
}

/* A whole life with the log at its most talkative. */
static void
test_secret (Fixture *fixture, gconstpointer data)
{
  gint before = g_atomic_int_get (&n_drawn), i;
  gchar *digits;

  (void) data;
  log_text = g_string_new (NULL);
  /* NULL: the default one. Not GStreamer's macros, which are not ISO C. */
  (gst_debug_remove_log_function) (NULL);
  (gst_debug_add_log_function) (log_message, NULL, NULL);
  gst_debug_set_active (TRUE);
  gst_debug_set_threshold_for_name ("srtla*", GST_LEVEL_MEMDUMP);
  fixture_play (fixture, 2);
  fixture_push (fixture, 1000, 20);
  fixture_wait_packets (fixture, 20);
  /* It is drawn from the system's generator, and anew each time. */
  g_assert_cmpint (g_atomic_int_get (&n_drawn), >, before);
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  gst_debug_set_threshold_for_name ("srtla*", GST_LEVEL_NONE);
  (gst_debug_remove_log_function) (log_message);
  gst_debug_set_active (FALSE);

  digits = digits_of (log_text->str);
  g_assert_nonnull (strstr (log_text->str, "socket"));
  g_assert_cmpuint (strlen (digits), >, 1000);
  for (i = before; i < g_atomic_int_get (&n_drawn); i++)
    expect_unknown (digits, drawn[i % 64]);
  g_free (digits);
  g_string_free (log_text, TRUE);
}

static void
test_ids_differ (Fixture *fixture, gconstpointer data)
{
  gint before = g_atomic_int_get (&n_drawn), i, k;

  (void) data;
  for (i = 0; i < 4; i++) {
    gst_element_set_state (fixture->element, GST_STATE_PLAYING);
    fixture_wait_stat (fixture, "uplinks-up", 1);
    gst_element_set_state (fixture->element, GST_STATE_NULL);
  }
  g_assert_cmpint (g_atomic_int_get (&n_drawn), >=, before + 4);
  for (i = before; i < g_atomic_int_get (&n_drawn); i++) {
    for (k = before; k < i; k++)
      g_assert_cmpint (memcmp (drawn[i % 64], drawn[k % 64], SRTLA_GROUP_ID),
          !=, 0);
  }
}

static void
add_tests (void)
{
  fixture_add_test ("/strangers/other-addresses", test_other_addresses);
  fixture_add_test ("/strangers/right-address", test_right_address);
  fixture_add_test ("/strangers/destinations", test_destinations);
  fixture_add_test ("/strangers/ids-differ", test_ids_differ);
  fixture_add_test ("/strangers/secret", test_secret);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
