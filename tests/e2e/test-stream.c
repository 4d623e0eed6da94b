/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream arrives byte for byte, whatever SRT is told to do with it. */
#include "e2e-stream.h"

#include <glib/gstdio.h>

#define RATE 3000000            /* bit/s */
#define MESSAGES 400
/* A latency that a busy machine keeps. (tlpktdrop=false would wait for ever, but
 * makes libsrt 1.5.1 spin as soon as a packet is late.) */
#define PATIENT "&latency=1000&conntimeo=10000"

static const E2eSettings four_uplinks = {.behaviour = 'a' };

/* One source, one listener made of GStreamer's own elements. */
static void
run_plain (const E2eSettings * settings, guint uplinks,
    const gchar *caller_parameters, const gchar *listener_parameters)
{
  E2eStream stream;
  E2eBond *bond = &stream.bond;

  e2e_stream_start (&stream, settings, uplinks, RATE, caller_parameters,
      listener_parameters);
  e2e_check_wait (stream.check, MESSAGES);
  g_assert_cmpuint (e2e_bond_stat (bond, "packets-sent"), >=, MESSAGES);
  g_assert_cmpuint (e2e_bond_stat (bond, "callers"), ==, 1);
  g_assert_cmpuint (e2e_bond_stat (bond, "dropped-not-srt"), ==, 0);
  g_assert_cmpuint (e2e_bond_stat (bond, "replies-dropped"), ==, 0);
  e2e_stream_stop (&stream);
}

static void
test_plain (void)
{
  run_plain (&four_uplinks, 4, PATIENT, PATIENT);
}

static void
test_passphrase (void)
{
  run_plain (&four_uplinks, 4,
      PATIENT "&passphrase=correct-horse-battery&pbkeylen=16",
      PATIENT "&passphrase=correct-horse-battery&pbkeylen=16");
}

static void
test_ipv6 (void)
{
  const E2eSettings settings = {.behaviour = 'b',.host = "::1",
    .uplinks = "::1"
  };
  GSocketAddress *address = g_inet_socket_address_new_from_string ("::1", 0);
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, NULL);

  if (socket != NULL && g_socket_bind (socket, address, FALSE, NULL))
    run_plain (&settings, 1, PATIENT, PATIENT);
  else
    g_test_skip ("no ::1 here");
  g_clear_object (&socket);
  g_object_unref (address);
}

/* ---- Listeners that are programs ----------------------------------------- */

static gchar *
make_directory (void)
{
  GError *error = NULL;
  gchar *directory = g_dir_make_tmp ("srtla-e2e-XXXXXX", &error);

  g_assert_no_error (error);
  return directory;
}

static void
remove_directory (gchar *directory)
{
  GDir *dir = g_dir_open (directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    gchar *path = g_build_filename (directory, name, NULL);

    g_assert_cmpint (g_unlink (path), ==, 0);
    g_free (path);
  }
  g_dir_close (dir);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_free (directory);
}

/* srt-live-transmit writes to a file what it hears. */
static void
test_live_transmit (void)
{
  guint64 seed = g_random_int ();
  gchar *directory = make_directory ();
  gchar *path = g_build_filename (directory, "out", NULL), *command;
  E2eCheck *check = e2e_check_new (seed, path);
  GError *error = NULL;
  DemoTool *listener;
  E2eSource *source;
  E2eBond bond;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  e2e_bond_start (&bond, &four_uplinks, 4);
  command = g_strdup_printf ("echo starting; exec srt-live-transmit -q "
      "'srt://127.0.0.1:%u?mode=listener&latency=1000' file://con "
      "> %s", bond.srt_port, path);
  {
    const gchar *arguments[] = { "/bin/sh", "-c", command, NULL };

    listener = demo_tool_start (arguments, "starting", &error);
    g_assert_no_error (error);
  }
  source = e2e_source_start (seed, bond.input_port, RATE, PATIENT);
  e2e_check_wait (check, MESSAGES);
  e2e_source_stop (source);
  demo_tool_stop (listener);
  e2e_bond_stop (&bond);
  e2e_check_free (check);
  remove_directory (directory);
  g_free (command);
  g_free (path);
}

static DemoTool *
start_listener (E2eBond * bond, const gchar *directory,
    const gchar *passphrase, const gchar *options)
{
  gchar *program = g_build_filename (g_getenv ("SRTLA_TEST_E2E"),
      "srt-listener", NULL);
  gchar *port = g_strdup_printf ("%u", bond->srt_port);
  const gchar *arguments[] = { program, "--port", port, "--directory",
    directory, "--options", options, passphrase != NULL ? "--passphrase" : NULL,
    passphrase, NULL
  };
  GError *error = NULL;
  DemoTool *listener = demo_tool_start (arguments, "listening", &error);

  g_assert_no_error (error);
  g_free (program);
  g_free (port);
  return listener;
}

/* Two callers through one element, told apart by their socket ids; each has
 * its streamid, which is the name of its file, and they share a passphrase. */
static void
test_two_callers (void)
{
  static const gchar *const names[] = { "camera-one", "camera-two" };
  gchar *directory = make_directory ();
  guint64 seed = g_random_int ();
  E2eSource *sources[2];
  E2eCheck *checks[2];
  DemoTool *listener;
  E2eBond bond;
  guint i;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  e2e_bond_start (&bond, &four_uplinks, 4);
  listener = start_listener (&bond, directory, "correct-horse-battery",
      "latency=1000,pbkeylen=32");
  for (i = 0; i < 2; i++) {
    gchar *path = g_build_filename (directory, names[i], NULL);
    gchar *parameters = g_strdup_printf (PATIENT "&streamid=%s"
        "&passphrase=correct-horse-battery&pbkeylen=32", names[i]);

    checks[i] = e2e_check_new (seed + i, path);
    sources[i] = e2e_source_start (seed + i, bond.input_port, RATE / 2,
        parameters);
    g_free (path);
    g_free (parameters);
  }
  e2e_check_wait (checks[0], MESSAGES / 2);
  e2e_check_wait (checks[1], MESSAGES / 2);
  g_assert_cmpuint (e2e_bond_stat (&bond, "callers"), ==, 2);

  /* One leaves; the other notices nothing. */
  e2e_source_stop (sources[0]);
  e2e_check_wait (checks[1], e2e_check_messages (checks[1]) + MESSAGES / 4);
  e2e_source_stop (sources[1]);
  demo_tool_stop (listener);
  e2e_bond_stop (&bond);
  e2e_check_free (checks[0]);
  e2e_check_free (checks[1]);
  remove_directory (directory);
}

/* A streamid alone, as it says who is calling. */
static void
test_streamid (void)
{
  gchar *directory = make_directory ();
  gchar *path = g_build_filename (directory, "publish-live", NULL);
  guint64 seed = g_random_int ();
  E2eCheck *check = e2e_check_new (seed, path);
  DemoTool *listener;
  E2eSource *source;
  E2eBond bond;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  e2e_bond_start (&bond, &four_uplinks, 4);
  listener = start_listener (&bond, directory, NULL, "latency=1000");
  source = e2e_source_start (seed, bond.input_port, RATE,
      PATIENT "&streamid=publish-live");
  e2e_check_wait (check, MESSAGES);
  e2e_source_stop (source);
  demo_tool_stop (listener);
  e2e_bond_stop (&bond);
  e2e_check_free (check);
  remove_directory (directory);
  g_free (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/stream/plain", test_plain);
  g_test_add_func ("/stream/passphrase", test_passphrase);
  g_test_add_func ("/stream/streamid", test_streamid);
  g_test_add_func ("/stream/two-callers", test_two_callers);
  g_test_add_func ("/stream/live-transmit", test_live_transmit);
  g_test_add_func ("/stream/ipv6", test_ipv6);
  return g_test_run ();
}
