/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same stream through each receiver that is out there, unconfigured. */
#include "e2e-stream.h"

#define RATE 4000000            /* bit/s */
#define MESSAGES 400
#define PATIENT "&latency=1000&conntimeo=10000"

static void
test_receiver (gconstpointer data)
{
  const E2eSettings settings = {.behaviour = (gchar) GPOINTER_TO_INT (data) };
  E2eStream stream;
  E2eBond *bond = &stream.bond;

  e2e_stream_start (&stream, &settings, 4, RATE, PATIENT, PATIENT);
  e2e_check_wait (stream.check, MESSAGES);
  /* Every ACK came once, though it travelled on each uplink. */
  g_assert_cmpuint (e2e_bond_stat (bond, "srt-acks"), >, 0);
  g_assert_cmpuint (e2e_bond_stat (bond, "reply-copies"), >, 0);
  if (settings.behaviour == 'd')
    g_assert_cmpuint (e2e_bond_stat (bond, "srtla-acks"), ==, 0);
  else
    g_assert_cmpuint (e2e_bond_stat (bond, "srtla-acks"), >, 0);
  /* Statistics tell one kind from the other. */
  e2e_bond_wait_coverage (bond, settings.behaviour == 'd' ? "none" : "all");
  e2e_stream_stop (&stream);
}

int
main (int argc, char **argv)
{
  gint behaviour;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  for (behaviour = 'a'; behaviour <= 'f'; behaviour++) {
    gchar *path = g_strdup_printf ("/receivers/%c", behaviour);

    g_test_add_data_func (path, GINT_TO_POINTER (behaviour), test_receiver);
    g_free (path);
  }
  return g_test_run ();
}
