/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2e.h"

#include <stdio.h>
#include <string.h>

#define LOOK_TIME 5             /* ms between two looks at a condition */
#define FEED_TIME 5             /* ms between two bursts of the source */

guint
e2e_patience (void)
{
  return g_getenv ("SRTLA_TEST_SLOW") != NULL ? 120 : 30;
}

/* ---- Waiting ------------------------------------------------------------ */

static gboolean
wake_up (gpointer data)
{
  (void) data;
  return G_SOURCE_CONTINUE;
}

void
e2e_wait (gboolean (*condition) (gpointer data), gpointer data,
    const gchar *what)
{
  gint64 end = g_get_monotonic_time () + e2e_patience () * G_USEC_PER_SEC;
  guint timer = g_timeout_add (LOOK_TIME, wake_up, NULL);

  while (!condition (data)) {
    if (g_get_monotonic_time () > end)
      g_error ("%s: waited in vain", what);
    g_main_context_iteration (NULL, TRUE);
  }
  g_source_remove (timer);
}

/* ---- Pipelines ---------------------------------------------------------- */

static gboolean
on_error (GstBus *bus, GstMessage *message, gpointer data)
{
  GError *error = NULL;
  gchar *debug = NULL;

  (void) bus;
  (void) data;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, &debug);
    g_error ("%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message,
        debug);
  }
  return G_SOURCE_CONTINUE;
}

GstElement *
e2e_pipeline_start (const gchar *description)
{
  GError *error = NULL;
  GstElement *pipeline;
  GstBus *bus;

  g_test_message ("%s", description);
  pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_bus_add_watch (bus, on_error, NULL);
  gst_object_unref (bus);
  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PLAYING), !=,
      GST_STATE_CHANGE_FAILURE);
  return pipeline;
}

void
e2e_pipeline_stop (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);

  gst_bus_remove_watch (bus);
  gst_object_unref (bus);
  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_object_unref (pipeline);
}

/* ---- The bond ----------------------------------------------------------- */

static const gchar *
tool_path (const gchar *name)
{
  static gchar path[4096];

  g_snprintf (path, sizeof path, "%s/%s", g_getenv ("SRTLA_TEST_TOOLS"), name);
  return path;
}

void
e2e_bond_start_receiver (E2eBond * bond, guint16 from_port)
{
  gchar srtla_port[8], srt_port[8], from[8], behaviour[2] = { 0, 0 };
  gchar ack_share[12];
  const gchar *arguments[] = { tool_path ("srtla-receiver"),
    "--srtla-port", srtla_port, "--srt-port", srt_port,
    "--behave-like", behaviour, "--srt-from-port", from,
    "--srtla-acks", ack_share,
    bond->settings.receiver_namespace > 0 ? "--bind" : NULL,
    bond->settings.host, NULL
  };
  GError *error = NULL;

  g_snprintf (srtla_port, sizeof srtla_port, "%u", bond->srtla_port);
  g_snprintf (srt_port, sizeof srt_port, "%u", bond->srt_port);
  g_snprintf (from, sizeof from, "%u", from_port);
  g_snprintf (ack_share, sizeof ack_share, "%u",
      100 - bond->settings.acks_left_out);
  bond->from_port = from_port;
  behaviour[0] = bond->settings.behaviour;
  bond->receiver = demo_tool_start_in (bond->settings.receiver_namespace,
      arguments, "listening", &error);
  g_assert_no_error (error);
}

void
e2e_bond_stop_receiver (E2eBond * bond)
{
  g_assert_true (demo_tool_is_running (bond->receiver));
  demo_tool_stop (bond->receiver);
  bond->receiver = NULL;
}

static void
start_relay (E2eBond * bond, guint16 port)
{
  gchar *listen = g_strdup_printf ("127.0.0.1:%u", port);
  gchar *to = g_strdup_printf ("127.0.0.1:%u", bond->srtla_port);
  const gchar *arguments[] = { tool_path ("udp-relay"), "--listen", listen,
    "--to", to, NULL
  };
  GError *error = NULL;

  bond->relay = demo_tool_start (arguments, "relaying", &error);
  g_assert_no_error (error);
  g_free (listen);
  g_free (to);
}

void
e2e_bond_start (E2eBond * bond, const E2eSettings * settings, guint uplinks)
{
  e2e_bond_start_shaped (bond, settings, uplinks, NULL);
}

void
e2e_bond_start_shaped (E2eBond * bond, const E2eSettings * settings,
    guint uplinks, const gchar *orders)
{
  guint16 target;
  GString *description;
  guint i;

  memset (bond, 0, sizeof *bond);
  bond->settings = *settings;
  for (i = 0; i < MAX (settings->callers, 1); i++)
    bond->input_ports[i] = demo_free_port ();
  bond->input_port = bond->input_ports[0];
  bond->srtla_port = demo_free_port ();
  bond->srt_port = demo_free_port ();
  target = bond->srtla_port;
  e2e_bond_start_receiver (bond, demo_free_port ());
  if (settings->with_relay) {
    target = demo_free_port ();
    start_relay (bond, target);
    if (orders != NULL)
      e2e_bond_order (bond, "%s", orders);
  }

  description = g_string_new (NULL);
  g_string_printf (description, "udpsrc address=127.0.0.1 port=%u "
      "buffer-size=2000000 ! srtlasink name=bond host=%s port=%u uplinks=%s",
      bond->input_port, settings->name != NULL ? settings->name
      : settings->host != NULL ? settings->host : "127.0.0.1",
      target, settings->uplinks != NULL ? settings->uplinks
      : "127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5");
  for (i = 1; i < settings->callers; i++)
    g_string_append_printf (description, " udpsrc address=127.0.0.1 port=%u "
        "buffer-size=2000000 ! bond.sink_%u", bond->input_ports[i], i);
  bond->pipeline = e2e_pipeline_start (description->str);
  bond->element = gst_bin_get_by_name (GST_BIN (bond->pipeline), "bond");
  /* An SRT caller gives up after 3 s: it must not come too early. */
  e2e_bond_wait_stat (bond, "uplinks-up", uplinks);
  g_string_free (description, TRUE);
}

void
e2e_bond_stop (E2eBond * bond)
{
  e2e_pipeline_stop (bond->pipeline);
  gst_object_unref (bond->element);
  demo_tool_stop (bond->relay);
  demo_tool_stop (bond->receiver);
}

void
e2e_bond_order (E2eBond * bond, const gchar *format, ...)
{
  va_list arguments;
  gchar *line;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_assert_true (demo_tool_command (bond->relay, line));
  g_free (line);
}

GstStructure *
e2e_bond_stats (E2eBond * bond)
{
  GstStructure *stats = NULL;

  g_object_get (bond->element, "stats", &stats, NULL);
  return stats;
}

guint64
e2e_bond_stat (E2eBond * bond, const gchar *field)
{
  GstStructure *stats = e2e_bond_stats (bond);
  const GValue *value = gst_structure_get_value (stats, field);
  guint64 number;

  g_assert_nonnull (value);
  number = G_VALUE_HOLDS_UINT (value) ? g_value_get_uint (value)
      : g_value_get_uint64 (value);
  gst_structure_free (stats);
  return number;
}

typedef struct
{
  E2eBond *bond;
  const gchar *field;
  const gchar *uplink, *state;
  guint64 value;
} Expectation;

static gboolean
stat_reached (gpointer data)
{
  Expectation *expectation = data;

  return e2e_bond_stat (expectation->bond, expectation->field) >=
      expectation->value;
}

void
e2e_bond_wait_stat (E2eBond * bond, const gchar *field, guint64 value)
{
  Expectation expectation = { bond, field, NULL, NULL, value };

  e2e_wait (stat_reached, &expectation, field);
}

static const GstStructure *
find_uplink (const GstStructure *stats, const gchar *uplink)
{
  const GValue *list = gst_structure_get_value (stats, "uplinks");
  guint i;

  for (i = 0; i < gst_value_array_get_size (list); i++) {
    const GstStructure *structure =
        gst_value_get_structure (gst_value_array_get_value (list, i));

    if (strcmp (gst_structure_get_string (structure, "uplink"), uplink) == 0)
      return structure;
  }
  g_error ("no uplink %s", uplink);
}

static gboolean
has_state (gpointer data)
{
  Expectation *expectation = data;
  GstStructure *stats = e2e_bond_stats (expectation->bond);
  gboolean reached = strcmp (gst_structure_get_string (find_uplink (stats,
              expectation->uplink), "state"), expectation->state) == 0;

  gst_structure_free (stats);
  return reached;
}

void
e2e_bond_wait_uplink (E2eBond * bond, const gchar *uplink, const gchar *state)
{
  Expectation expectation = { bond, NULL, uplink, state, 0 };

  e2e_wait (has_state, &expectation, state);
}

static gboolean
any_covers (gpointer data)
{
  Expectation *expectation = data;
  GstStructure *stats = e2e_bond_stats (expectation->bond);
  const GValue *list = gst_structure_get_value (stats, "uplinks");
  gboolean reached = FALSE;
  guint i;

  for (i = 0; i < gst_value_array_get_size (list); i++)
    reached = reached || strcmp (gst_structure_get_string
        (gst_value_get_structure (gst_value_array_get_value (list, i)),
            "ack-coverage"), expectation->state) == 0;
  gst_structure_free (stats);
  return reached;
}

void
e2e_bond_wait_coverage (E2eBond * bond, const gchar *coverage)
{
  Expectation expectation = { bond, NULL, NULL, coverage, 0 };

  e2e_wait (any_covers, &expectation, coverage);
}

static guint64
uplink_packets (E2eBond * bond, const gchar *uplink)
{
  GstStructure *stats = e2e_bond_stats (bond);
  guint64 packets = 0;

  g_assert_true (gst_structure_get_uint64 (find_uplink (stats, uplink),
          "packets-sent", &packets));
  gst_structure_free (stats);
  return packets;
}

static gboolean
has_carried (gpointer data)
{
  Expectation *expectation = data;

  return uplink_packets (expectation->bond, expectation->uplink) >=
      expectation->value;
}

void
e2e_bond_wait_carries (E2eBond * bond, const gchar *uplink, guint64 packets)
{
  Expectation expectation = { bond, NULL, uplink, NULL,
    uplink_packets (bond, uplink) + packets
  };

  e2e_wait (has_carried, &expectation, "an uplink carries");
}

/* ---- Bytes that source and check agree on -------------------------------- */

void
e2e_make_message (guint64 seed, guint64 number, guint8 message[E2E_MESSAGE])
{
  guint64 state = seed + number;
  guint i;

  GST_WRITE_UINT64_BE (message, number);
  for (i = 8; i < E2E_MESSAGE; i++) {
    state = state * G_GUINT64_CONSTANT (6364136223846793005)
        + G_GUINT64_CONSTANT (1442695040888963407);
    message[i] = (guint8) (state >> 56);
  }
}

/* ---- The source --------------------------------------------------------- */

struct _E2eSource
{
  GstElement *pipeline;
  GstElement *appsrc;
  guint timer;
  guint64 seed;
  guint64 sent;                 /* messages */
  guint rate;                   /* bit/s */
  gint64 began;                 /* monotonic, µs */
};

static gboolean
feed_source (gpointer data)
{
  E2eSource *source = data;
  gint64 elapsed = g_get_monotonic_time () - source->began;
  guint64 due = (guint64) elapsed * source->rate / (8 * E2E_MESSAGE)
      / G_USEC_PER_SEC;

  while (source->sent < due) {
    guint8 *bytes = g_malloc (E2E_MESSAGE);
    GstFlowReturn result = GST_FLOW_ERROR;
    GstBuffer *buffer;

    e2e_make_message (source->seed, source->sent, bytes);
    buffer = gst_buffer_new_wrapped (bytes, E2E_MESSAGE);
    g_signal_emit_by_name (source->appsrc, "push-buffer", buffer, &result);
    gst_buffer_unref (buffer);
    g_assert_cmpint (result, ==, GST_FLOW_OK);
    source->sent++;
  }
  return G_SOURCE_CONTINUE;
}

E2eSource *
e2e_source_start (guint64 seed, guint16 port, guint rate,
    const gchar *parameters)
{
  E2eSource *source = g_new0 (E2eSource, 1);
  gchar *description = g_strdup_printf ("appsrc name=source is-live=true "
      "format=time ! srtsink sync=false "
      "uri=\"srt://127.0.0.1:%u?mode=caller%s\"", port, parameters);

  source->pipeline = e2e_pipeline_start (description);
  source->appsrc = gst_bin_get_by_name (GST_BIN (source->pipeline), "source");
  source->seed = seed;
  source->rate = rate;
  source->began = g_get_monotonic_time ();
  source->timer = g_timeout_add (FEED_TIME, feed_source, source);
  g_free (description);
  return source;
}

void
e2e_source_stop (E2eSource * source)
{
  g_source_remove (source->timer);
  gst_object_unref (source->appsrc);
  e2e_pipeline_stop (source->pipeline);
  g_free (source);
}

/* ---- The check ---------------------------------------------------------- */

struct _E2eCheck
{
  gchar *path;
  FILE *file;                   /* NULL: not there yet */
  guint64 seed;
  gboolean with_gaps;           /* messages may be missing */

  GMutex lock;                  /* for what follows */
  guint8 message[E2E_MESSAGE];  /* the one that is being received */
  gsize filled;                 /* bytes of it */
  guint64 received;             /* messages */
  guint64 next;                 /* number of the next message */
  gchar *complaint;             /* NULL: all was right so far */
};

E2eCheck *
e2e_check_new (guint64 seed, const gchar *path)
{
  E2eCheck *check = g_new0 (E2eCheck, 1);

  g_mutex_init (&check->lock);
  check->seed = seed;
  check->path = g_strdup (path);
  return check;
}

void
e2e_check_allow_gaps (E2eCheck * check)
{
  check->with_gaps = TRUE;
}

void
e2e_check_free (E2eCheck * check)
{
  if (check->file != NULL)
    fclose (check->file);
  g_free (check->path);
  g_free (check->complaint);
  g_mutex_clear (&check->lock);
  g_free (check);
}

/* Looks at a whole message. With the lock. */
static void
judge (E2eCheck * check)
{
  guint64 number = GST_READ_UINT64_BE (check->message);
  guint8 expected[E2E_MESSAGE];

  e2e_make_message (check->seed, number, expected);
  if (check->complaint != NULL)
    return;
  if (number < check->next || (number > check->next && !check->with_gaps))
    check->complaint = g_strdup_printf ("message %" G_GUINT64_FORMAT
        " came in place of %" G_GUINT64_FORMAT, number, check->next);
  else if (memcmp (check->message, expected, E2E_MESSAGE) != 0)
    check->complaint = g_strdup_printf ("message %" G_GUINT64_FORMAT
        " differs", number);
  check->next = number + 1;
  check->received += check->complaint == NULL;
}

void
e2e_check_feed (E2eCheck * check, const guint8 *data, gsize size)
{
  g_mutex_lock (&check->lock);
  while (size > 0) {
    gsize part = MIN (size, E2E_MESSAGE - check->filled);

    memcpy (check->message + check->filled, data, part);
    data += part;
    size -= part;
    check->filled += part;
    if (check->filled == E2E_MESSAGE) {
      judge (check);
      check->filled = 0;
    }
  }
  g_mutex_unlock (&check->lock);
}

static void
read_file (E2eCheck * check)
{
  guint8 buffer[65536];
  size_t size;

  if (check->file == NULL && check->path != NULL)
    check->file = fopen (check->path, "rb");
  if (check->file == NULL)
    return;
  clearerr (check->file);
  while ((size = fread (buffer, 1, sizeof buffer, check->file)) > 0)
    e2e_check_feed (check, buffer, size);
}

guint64
e2e_check_messages (E2eCheck * check)
{
  guint64 received;
  gchar *complaint;

  read_file (check);
  g_mutex_lock (&check->lock);
  received = check->received;
  complaint = check->complaint;
  g_mutex_unlock (&check->lock);
  if (complaint != NULL)
    g_error ("%s, after %" G_GUINT64_FORMAT " that were right", complaint,
        received);
  return received;
}

typedef struct
{
  E2eCheck *check;
  guint64 messages;
} Amount;

static gboolean
has_received (gpointer data)
{
  Amount *amount = data;

  return e2e_check_messages (amount->check) >= amount->messages;
}

void
e2e_check_wait (E2eCheck * check, guint64 messages)
{
  Amount amount = { check, messages };

  e2e_wait (has_received, &amount, "the stream at the listener");
}

static GstFlowReturn
on_sample (GstElement *sink, gpointer user_data)
{
  GstSample *sample = NULL;
  GstMapInfo map;

  g_signal_emit_by_name (sink, "pull-sample", &sample);
  if (sample == NULL)
    return GST_FLOW_EOS;
  if (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ)) {
    e2e_check_feed (user_data, map.data, map.size);
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  }
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

GstElement *
e2e_listener_start (E2eCheck * check, guint16 port, const gchar *parameters)
{
  gchar *description = g_strdup_printf ("srtsrc keep-listening=true "
      "uri=\"srt://127.0.0.1:%u?mode=listener%s\" ! "
      "appsink name=sink sync=false async=false emit-signals=true", port,
      parameters);
  GstElement *pipeline, *sink;

  pipeline = e2e_pipeline_start (description);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_signal_connect (sink, "new-sample", G_CALLBACK (on_sample), check);
  gst_object_unref (sink);
  g_free (description);
  return pipeline;
}
