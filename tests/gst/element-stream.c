/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "element-stream.h"

/* The pace of the stream. */
#define BURST 40                /* packets */
#define BURST_TIME 10000        /* µs */
/* Packets that may be under way: what a small socket buffer holds, so that none
 * is lost behind the element on a slow machine. */
#define BACKLOG (3 * BURST)

gboolean
fixture_add_uplink (Fixture *fixture, const gchar *uplink)
{
  gboolean done = FALSE;

  g_signal_emit_by_name (fixture->element, "add-uplink", uplink, &done);
  return done;
}

gboolean
fixture_remove_uplink (Fixture *fixture, const gchar *uplink)
{
  gboolean done = FALSE;

  g_signal_emit_by_name (fixture->element, "remove-uplink", uplink, &done);
  return done;
}

void
fixture_wait_gone (Fixture *fixture, const gchar *uplink)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  GstStructure *stats;

  while ((stats = fixture_uplink_stats (fixture, uplink)) != NULL) {
    gst_structure_free (stats);
    if (g_get_monotonic_time () > end)
      g_error ("uplink %s is still there", uplink);
    g_usleep (2000);
  }
}

void
fixture_wait_carries (Fixture *fixture, const gchar *uplink)
{
  guint64 before = model_receiver_packets (fixture->receiver, uplink);
  gint64 end = g_get_monotonic_time () + testing_patience ();

  while (model_receiver_packets (fixture->receiver, uplink) < before + 10) {
    if (g_get_monotonic_time () > end)
      g_error ("uplink %s carries nothing: %s", uplink,
          fixture_describe (fixture));
    g_usleep (2000);
  }
}

/* ---- The stream --------------------------------------------------------- */

static gpointer
push_packets (gpointer data)
{
  Stream *stream = data;
  guint i;

  while (!g_atomic_int_get (&stream->stop)) {
    GstBufferList *list = gst_buffer_list_new ();

    for (i = 0; i < BURST; i++)
      gst_buffer_list_add (list, testing_buffer (stream->pushed++, 1));
    g_assert_cmpint (gst_pad_push_list (stream->fixture->harness->srcpad,
            list), ==, GST_FLOW_OK);
    if (stream->pushed > BACKLOG)
      fixture_wait_packets (stream->fixture, stream->pushed - BACKLOG);
    g_usleep (BURST_TIME);
  }
  return NULL;
}

void
stream_start (Stream *stream, Fixture *fixture, const gchar *mode)
{
  gst_util_set_object_arg (G_OBJECT (fixture->element), "mode", mode);
  stream->fixture = fixture;
  stream->stop = FALSE;
  stream->pushed = 0;
  stream->thread = g_thread_new ("stream", push_packets, stream);
}

guint32
stream_stop (Stream *stream)
{
  g_atomic_int_set (&stream->stop, TRUE);
  g_thread_join (stream->thread);
  return stream->pushed;
}

void
stream_stop_whole (Stream *stream)
{
  guint32 pushed = stream_stop (stream);

  fixture_wait_packets (stream->fixture, pushed);
  fixture_check_arrived (stream->fixture, 0, pushed, 1);
  g_assert_cmpuint (fixture_stat (stream->fixture, "packets-sent"), >=, pushed);
}
