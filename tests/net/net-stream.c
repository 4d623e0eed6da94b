/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-stream.h"

#include <string.h>

#include "../gst/model-resolver.h"

#define LOOK_TIME 50            /* ms between two looks at a condition */
/* What is delivered without a gap for so long is whole again; later than SRT's
 * latency by that. µs. */
#define WHOLE_TIME (1500 * 1000)
#define WHOLE_MARGIN (300 * 1000)
/* For packets that are still on the links, µs. */
#define SETTLE_TIME (2 * G_USEC_PER_SEC)

const gchar *
net_stream_uplink (guint modem)
{
  static const gchar *const uplinks[] = { "modem0", "modem1", "modem2" };

  return uplinks[modem];
}

const gchar *
net_stream_link (const NetStream *stream, guint modem)
{
  const SimUplinkSpec *spec =
      g_ptr_array_index (net_world_scenario (stream->world)->uplinks, modem);

  return spec->name;
}

static GstBusSyncReply
count_warnings (GstBus *bus, GstMessage *message, gpointer user_data)
{
  NetStream *stream = user_data;

  (void) bus;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
    g_atomic_int_inc ((gint *) & stream->warnings);
  return GST_BUS_PASS;
}

static gboolean
wake_up (gpointer data)
{
  NetStream *stream = data;
  gint64 now = g_get_monotonic_time ();

  stream->lateness = MAX (stream->lateness, now - stream->woken_at
      - LOOK_TIME * 1000);
  stream->woken_at = now;
  return G_SOURCE_CONTINUE;
}

void
net_stream_run_until (NetStream *stream, gint64 until)
{
  guint timer = g_timeout_add (LOOK_TIME, wake_up, stream);

  stream->woken_at = g_get_monotonic_time ();
  while (g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
}

/* Returns: whether all that was sent since then, and long enough ago, came; and
 * that was enough to say so. */
static gboolean
is_whole (NetStream *stream, gint64 since)
{
  gint64 due = g_get_monotonic_time () - stream->settings.latency * 1000LL
      - WHOLE_MARGIN;
  guint64 sent, lost;

  net_meter_count (stream->meter, MAX (since, due - WHOLE_TIME), due, &sent,
      &lost);
  return due >= since + WHOLE_TIME && sent > 0 && lost == 0;
}

gboolean
net_stream_wait_back (NetStream *stream, gint64 patience)
{
  gint64 began = g_get_monotonic_time ();

  while (e2e_bond_stat (&stream->bond, "uplinks-up") < stream->modems
      || !is_whole (stream, began)) {
    if (g_get_monotonic_time () > began + patience)
      return FALSE;
    net_stream_run_until (stream, g_get_monotonic_time () + LOOK_TIME * 1000);
  }
  return TRUE;
}

void
net_stream_start (NetStream *stream, const NetStreamSettings *settings)
{
  gchar *scenario = g_build_filename (g_getenv ("NET_SCENARIOS"),
      "faults.scenario", NULL);
  NetWorldSettings world = {.scenario = scenario,.seed = settings->seed };
  E2eSettings e2e = {.behaviour = 'a',.host = NET_RECEIVER_ADDRESS,
    .name = NET_STREAM_HOST,.uplinks = "modem0,modem1,modem2",
    .receiver_namespace = settings->namespaces->receiver
  };
  SrtMeterSettings meter = {.seed = settings->seed,
    .latency = settings->latency,.rate = settings->rate,
    .listener_namespace = settings->namespaces->receiver,
    .expected = settings->expected
  };
  GError *error = NULL;
  GstBus *bus;

  memset (stream, 0, sizeof *stream);
  stream->settings = *settings;
  stream->random = g_rand_new_with_seed ((guint32) settings->seed);
  model_resolver_install ();
  model_resolver_answer (NET_RECEIVER_ADDRESS);
  stream->world = net_world_new (settings->namespaces, &world, &error);
  g_free (scenario);
  g_assert_no_error (error);
  stream->modems = net_world_count (stream->world);
  g_assert_cmpuint (stream->modems, ==, 3);
  e2e_bond_start (&stream->bond, &e2e, stream->modems);
  bus = gst_element_get_bus (stream->bond.pipeline);
  gst_bus_set_sync_handler (bus, count_warnings, stream, NULL);
  gst_object_unref (bus);
  meter.caller_port = stream->bond.input_port;
  meter.listener_port = stream->bond.srt_port;
  stream->meter = net_meter_start (&meter);
  if (!net_stream_wait_back (stream, e2e_patience () * G_USEC_PER_SEC))
    g_error ("the stream does not begin");
}

void
net_stream_free (NetStream *stream)
{
  net_meter_free (stream->meter);
  e2e_bond_stop (&stream->bond);
  net_world_free (stream->world);
  g_rand_free (stream->random);
}

/* ---- Books --------------------------------------------------------------- */

#define DROPPED "dropped-"

/* text: NULL, or where to name them. */
static guint64
sum_of_drops (const GstStructure *stats, GString *text)
{
  guint64 dropped = 0, number;
  gint i;

  for (i = 0; i < gst_structure_n_fields (stats); i++) {
    const gchar *name = gst_structure_nth_field_name (stats, (guint) i);

    if (!g_str_has_prefix (name, DROPPED)
        || !gst_structure_get_uint64 (stats, name, &number) || number == 0)
      continue;
    dropped += number;
    if (text != NULL)
      g_string_append_printf (text, "%s%s %" G_GUINT64_FORMAT,
          text->len > 0 ? ", " : "", name + strlen (DROPPED), number);
  }
  return dropped;
}

guint64
net_stream_dropped (NetStream *stream)
{
  GstStructure *stats = e2e_bond_stats (&stream->bond);
  guint64 dropped = sum_of_drops (stats, NULL);

  gst_structure_free (stats);
  return dropped;
}

gchar *
net_stream_drops (NetStream *stream)
{
  GstStructure *stats = e2e_bond_stats (&stream->bond);
  GString *text = g_string_new (NULL);

  if (sum_of_drops (stats, text) == 0)
    g_string_append (text, "0");
  gst_structure_free (stats);
  return g_string_free (text, FALSE);
}

gchar *
net_stream_audit (NetStream *stream)
{
  GstStructure *stats = e2e_bond_stats (&stream->bond);
  guint64 received, sent, queued, dropped = sum_of_drops (stats, NULL);
  gchar *complaint = NULL;

  g_assert_true (gst_structure_get_uint64 (stats, "packets-received",
          &received));
  g_assert_true (gst_structure_get_uint64 (stats, "packets-sent", &sent));
  g_assert_true (gst_structure_get_uint64 (stats, "packets-queued", &queued));
  if (received != sent + queued + dropped)
    complaint = g_strdup_printf ("the element took %" G_GUINT64_FORMAT
        " packets, sent %" G_GUINT64_FORMAT ", has %" G_GUINT64_FORMAT
        " and dropped %" G_GUINT64_FORMAT, received, sent, queued, dropped);
  gst_structure_free (stats);
  return complaint;
}

/* Of one direction of a link: what went in came out, or is counted. */
static gchar *
audit_link (NetStream *stream, guint modem, NetDirection direction)
{
  NetWorldLink link;
  guint64 in, out;

  net_world_get_link (stream->world, modem, direction, &link);
  in = link.link.offered + link.link.duplicated;
  out = link.link.delivered + link.link.lost_queue + link.link.lost_random
      + link.link.lost_silent;
  return in == out ? NULL : g_strdup_printf ("%s took %" G_GUINT64_FORMAT
      " packets %s and accounts for %" G_GUINT64_FORMAT,
      net_stream_link (stream, modem), in,
      direction == NET_OUT ? "out" : "back", out);
}

guint64
net_stream_lost_on_links (NetStream *stream)
{
  guint64 lost = 0;
  NetWorldLink link;
  guint i;

  for (i = 0; i < stream->modems; i++) {
    net_world_get_link (stream->world, i, NET_OUT, &link);
    lost += link.link.lost_queue + link.link.lost_random
        + link.link.lost_silent + link.beside.lost_nat
        + link.beside.lost_large + link.beside.lost_late
        + link.beside.lost_version;
  }
  return lost;
}

gchar *
net_stream_finish (NetStream *stream)
{
  gchar *complaint;
  guint i;

  net_meter_stop (stream->meter);
  net_meter_received (stream->meter);
  complaint = net_stream_audit (stream);
  /* No more keepalives: what is on the links arrives. */
  gst_element_set_state (stream->bond.pipeline, GST_STATE_READY);
  if (stream->bond.receiver != NULL)
    e2e_bond_stop_receiver (&stream->bond);
  net_stream_run_until (stream, g_get_monotonic_time () + SETTLE_TIME);
  for (i = 0; i < 2 * stream->modems && complaint == NULL; i++)
    complaint = audit_link (stream, i / 2, i % 2 ? NET_BACK : NET_OUT);
  return complaint;
}
