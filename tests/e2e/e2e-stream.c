/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2e-stream.h"

void
e2e_stream_start (E2eStream *stream, const E2eSettings *settings,
    guint uplinks, guint rate, const gchar *caller_parameters,
    const gchar *listener_parameters)
{
  guint64 seed = g_random_int ();

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  stream->check = e2e_check_new (seed, NULL);
  e2e_bond_start (&stream->bond, settings, uplinks);
  stream->listener = e2e_listener_start (stream->check, stream->bond.srt_port,
      listener_parameters);
  stream->source = e2e_source_start (seed, stream->bond.input_port, rate,
      caller_parameters);
}

void
e2e_stream_stop (E2eStream *stream)
{
  e2e_source_stop (stream->source);
  e2e_pipeline_stop (stream->listener);
  e2e_bond_stop (&stream->bond);
  e2e_check_free (stream->check);
}
