/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "element-testing.h"

#define POLL_TIME 2000          /* µs between two looks at a condition */

gint64
testing_patience (void)
{
  return (g_getenv ("SRTLA_TEST_SLOW") != NULL ? 60 : 15) * G_USEC_PER_SEC;
}

/* ---- What a process has --------------------------------------------------- */

guint
testing_count_entries (const gchar *path)
{
  GDir *directory = g_dir_open (path, 0, NULL);
  guint count = 0;

  g_assert_nonnull (directory);
  while (g_dir_read_name (directory) != NULL)
    count++;
  g_dir_close (directory);
  return count;
}

/* Prints what they are: names of threads, targets of descriptors. */
static void
list_entries (const gchar *path)
{
  GDir *directory = g_dir_open (path, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (directory)) != NULL) {
    gchar *entry = g_build_filename (path, name, NULL);
    gchar *comm = g_build_filename (entry, "comm", NULL), *text = NULL;

    if (!g_file_get_contents (comm, &text, NULL, NULL))
      text = g_file_read_link (entry, NULL);
    g_printerr ("%s: %s\n", entry, text);
    g_free (text);
    g_free (comm);
    g_free (entry);
  }
  g_dir_close (directory);
}

/* GLib's pools end their idle threads when told to, but not at once. */
void
testing_wait_entries (const gchar *path, guint most)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint count;

  while ((count = testing_count_entries (path)) > most) {
    if (g_get_monotonic_time () > end) {
      list_entries (path);
      g_error ("%s has %u entries, not %u", path, count, most);
    }
    g_thread_pool_stop_unused_threads ();
    g_usleep (POLL_TIME);
  }
}

/* ---- Messages ---------------------------------------------------------- */

static GstBusSyncReply
record_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Record *record = user_data;

  (void) bus;
  g_mutex_lock (&record->lock);
  g_ptr_array_add (record->messages, gst_message_ref (message));
  g_cond_broadcast (&record->posted);
  g_mutex_unlock (&record->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

void
record_start (Record *record, GstBus *bus)
{
  g_mutex_init (&record->lock);
  g_cond_init (&record->posted);
  record->messages =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_message_unref);
  gst_bus_set_sync_handler (bus, record_message, record, NULL);
}

void
record_stop (Record *record, GstBus *bus)
{
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  g_ptr_array_unref (record->messages);
  g_mutex_clear (&record->lock);
  g_cond_clear (&record->posted);
}

static gboolean
matches (GstMessage *message, GstMessageType type, const gchar *name)
{
  const GstStructure *structure = gst_message_get_structure (message);

  return (GST_MESSAGE_TYPE (message) & type) != 0 && (name == NULL
      || (structure != NULL && gst_structure_has_name (structure, name)));
}

static GstMessage *
take_message (Record *record, GstMessageType type, const gchar *name)
{
  guint i;

  for (i = 0; i < record->messages->len; i++) {
    if (matches (g_ptr_array_index (record->messages, i), type, name))
      return g_ptr_array_steal_index (record->messages, i);
  }
  return NULL;
}

GstMessage *
record_wait (Record *record, GstMessageType type, const gchar *name)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  GstMessage *message;
  gboolean in_time = TRUE;

  g_mutex_lock (&record->lock);
  while ((message = take_message (record, type, name)) == NULL && in_time)
    in_time = g_cond_wait_until (&record->posted, &record->lock, end);
  g_mutex_unlock (&record->lock);
  if (message == NULL)
    g_error ("no message of type %s%s%s", gst_message_type_get_name (type),
        name != NULL ? ", " : "", name != NULL ? name : "");
  return message;
}

guint
record_count (Record *record, GstMessageType type, const gchar *name)
{
  guint i, count = 0;

  g_mutex_lock (&record->lock);
  for (i = 0; i < record->messages->len; i++)
    count += matches (g_ptr_array_index (record->messages, i), type, name);
  g_mutex_unlock (&record->lock);
  return count;
}

gchar *
testing_message_text (GstMessage *message)
{
  GError *error = NULL;
  gchar *debug = NULL, *text;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &debug);
  else
    gst_message_parse_warning (message, &error, &debug);
  text = g_strdup_printf ("%s (%s)", error->message, debug);
  g_clear_error (&error);
  g_free (debug);
  return text;
}

void
fixture_expect (Fixture *fixture, GstMessageType type, const gchar *word)
{
  GstMessage *message = record_wait (&fixture->record, type, NULL);
  gchar *text = testing_message_text (message);

  if (strstr (text, word) == NULL)
    g_error ("\"%s\" does not say \"%s\"", text, word);
  g_free (text);
  gst_message_unref (message);
}

/* ---- Fixture ----------------------------------------------------------- */

void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture->receiver = model_receiver_new (SRTLA_BEHAVIOUR_A, "127.0.0.1", 0);
  fixture->element = gst_element_factory_make ("srtlasink", NULL);
  g_assert_nonnull (fixture->element);
  gst_object_ref_sink (fixture->element);
  g_object_set (fixture->element, "host", "127.0.0.1",
      "port", model_receiver_port (fixture->receiver),
      "uplinks", "127.0.0.2,127.0.0.3", NULL);
  fixture->bus = gst_bus_new ();
  record_start (&fixture->record, fixture->bus);
  gst_element_set_bus (fixture->element, fixture->bus);
}

/* Every packet that was taken was sent, or is counted as dropped. */
static void
check_accounts (Fixture *fixture)
{
  static const gchar *const drops[] = {
    "dropped-queue-full", "dropped-not-srt", "dropped-no-uplink",
    "dropped-send-error", "dropped-uplink-queue", "dropped-uplink-removed",
    "dropped-flushed", "dropped-expired", "dropped-queue", "dropped-internal",
  };
  guint64 dropped = 0;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (drops); i++)
    dropped += fixture_stat (fixture, drops[i]);
  g_assert_cmpuint (fixture_stat (fixture, "packets-received"), ==,
      fixture_stat (fixture, "packets-sent") + dropped
      + fixture_stat (fixture, "packets-queued"));
}

/* The books of a class or a flow: what came in went out, or was dropped. */
static void
check_books (const GstStructure *structure)
{
  guint64 in = 0, out = 0, number;
  guint i;

  for (i = 0; i < (guint) gst_structure_n_fields (structure); i++) {
    const gchar *name = gst_structure_nth_field_name (structure, i);

    if (!gst_structure_get_uint64 (structure, name, &number)
        || strcmp (name, "dropped-edf-full") == 0
        || strcmp (name, "dropped-egress-full") == 0)
      continue;
    if (strcmp (name, "packets-in") == 0)
      in = number;
    else if (strcmp (name, "packets-out") == 0
        || strcmp (name, "packets-queued") == 0
        || g_str_has_prefix (name, "dropped-"))
      out += number;
  }
  if (in != out) {
    gchar *text = gst_structure_to_string (structure);

    g_error ("the books do not balance: %s", text);
  }
}

static void
check_all_books (Fixture *fixture)
{
  static const gchar *const arrays[] = { "classes", "flows" };
  GstStructure *stats = NULL;
  guint i, j;

  g_object_get (fixture->element, "stats", &stats, NULL);
  for (i = 0; i < G_N_ELEMENTS (arrays); i++) {
    const GValue *list = gst_structure_get_value (stats, arrays[i]);

    for (j = 0; j < gst_value_array_get_size (list); j++)
      check_books (gst_value_get_structure (gst_value_array_get_value (list,
                  j)));
  }
  gst_structure_free (stats);
}

static void
note_finalized (gpointer data, GObject * object)
{
  (void) object;
  g_atomic_int_set ((gint *) data, TRUE);
}

/* Drops the last reference of the test; a helper thread of the element may
 * have another for a moment. */
static void
finalize (GstElement *element)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  gint finalized = FALSE;

  g_object_weak_ref (G_OBJECT (element), note_finalized, &finalized);
  gst_object_unref (element);
  while (!g_atomic_int_get (&finalized)) {
    if (g_get_monotonic_time () > end)
      g_error ("the element is still referenced");
    g_usleep (POLL_TIME);
  }
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  (void) data;
  if (fixture->harness != NULL)
    gst_harness_teardown (fixture->harness);
  g_assert_cmpint (gst_element_set_state (fixture->element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  check_accounts (fixture);
  check_all_books (fixture);
  record_stop (&fixture->record, fixture->bus);
  gst_element_set_bus (fixture->element, NULL);
  gst_object_unref (fixture->bus);
  finalize (fixture->element);
  model_receiver_free (fixture->receiver);
}

void
fixture_add_test (const gchar *path,
    void (*test) (Fixture *fixture, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, test, fixture_tear_down);
}

int
testing_main (int argc, char **argv, void (*add) (void))
{
  int status;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  add ();
  status = g_test_run ();
  gst_deinit ();
  return status;
}

void
fixture_use_receiver (Fixture *fixture, SrtlaBehaviour behaviour,
    const gchar *address)
{
  model_receiver_free (fixture->receiver);
  fixture->receiver = model_receiver_new (behaviour, address, 0);
  g_object_set (fixture->element, "host", address,
      "port", model_receiver_port (fixture->receiver), NULL);
}

void
fixture_play (Fixture *fixture, guint uplinks)
{
  fixture->harness = gst_harness_new_with_element (fixture->element, "sink",
      NULL);
  gst_harness_set_src_caps_str (fixture->harness, TESTING_CAPS);
  fixture_wait_stat (fixture, "uplinks-up", uplinks);
}

/* ---- Packets ----------------------------------------------------------- */

GstBuffer *
testing_buffer_of (const guint8 *data, gsize size)
{
  return gst_buffer_new_memdup (data, size);
}

GstBuffer *
testing_buffer (guint32 sequence, guint32 destination)
{
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_data_packet (packet, TESTING_PACKET_SIZE, sequence,
      destination, sequence * 1000, FALSE);

  return testing_buffer_of (packet, size);
}

void
fixture_push (Fixture *fixture, guint32 first, guint32 count)
{
  guint32 i;

  for (i = 0; i < count; i++)
    g_assert_cmpint (gst_harness_push (fixture->harness,
            testing_buffer (srtla_seq_add (first, i), 1)), ==, GST_FLOW_OK);
}

void
fixture_wait_packets (Fixture *fixture, guint64 count)
{
  if (!model_receiver_wait_packets (fixture->receiver, count,
          testing_patience ()))
    g_error ("%" G_GUINT64_FORMAT " packets arrived, not %" G_GUINT64_FORMAT
        ": %s", model_receiver_packets (fixture->receiver, NULL), count,
        fixture_describe (fixture));
}

void
fixture_check_arrived (Fixture *fixture, guint32 first, guint32 count,
    guint32 destination)
{
  guint64 n_packets = model_receiver_packets (fixture->receiver, NULL);
  gboolean *seen = g_new0 (gboolean, count);
  guint64 doubles = 0;
  guint32 found = 0;
  guint64 i;

  for (i = 0; i < n_packets; i++) {
    GBytes *packet = model_receiver_get_packet (fixture->receiver, i);
    gsize size;
    const guint8 *data = g_bytes_get_data (packet, &size);
    guint32 index = srtla_seq_steps (first, srtla_srt_sequence (data));

    if (srtla_packet_kind (data, size) == SRTLA_KIND_SRT_DATA
        && srtla_srt_destination (data) == destination && index < count) {
      guint8 expected[TESTING_MAX_PACKET];

      testing_data_packet (expected, TESTING_PACKET_SIZE,
          srtla_seq_add (first, index), destination,
          srtla_seq_add (first, index) * 1000, FALSE);
      g_assert_cmpmem (data, size, expected, TESTING_PACKET_SIZE);
      doubles += seen[index] ? 1 : 0;
      found += seen[index] ? 0 : 1;
      seen[index] = TRUE;
    }
    g_bytes_unref (packet);
  }
  g_assert_cmpuint (found, ==, count);
  /* On a busy machine an uplink may stall for a moment: it sent it twice. */
  g_assert_cmpuint (doubles, <=, fixture_stat (fixture, "duplicates"));
  g_free (seen);
}

/* ---- Statistics -------------------------------------------------------- */

static GstStructure *
get_stats (Fixture *fixture)
{
  GstStructure *stats = NULL;

  g_object_get (fixture->element, "stats", &stats, NULL);
  g_assert_nonnull (stats);
  return stats;
}

gchar *
fixture_describe (Fixture *fixture)
{
  GstStructure *stats = get_stats (fixture);
  gchar *text = gst_structure_to_string (stats);

  gst_structure_free (stats);
  return text;
}

guint64
fixture_stat (Fixture *fixture, const gchar *field)
{
  GstStructure *stats = get_stats (fixture);
  const GValue *value = gst_structure_get_value (stats, field);
  guint64 number;

  if (value == NULL)
    g_error ("stats has no field %s", field);
  number = G_VALUE_HOLDS_UINT (value) ? g_value_get_uint (value)
      : g_value_get_uint64 (value);
  gst_structure_free (stats);
  return number;
}

void
fixture_wait_stat (Fixture *fixture, const gchar *field, guint64 value)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  guint64 number;

  while ((number = fixture_stat (fixture, field)) < value) {
    if (g_get_monotonic_time () > end)
      g_error ("%s stays at %" G_GUINT64_FORMAT ", below %" G_GUINT64_FORMAT,
          field, number, value);
    g_usleep (POLL_TIME);
  }
}

GstStructure *
fixture_uplink_stats (Fixture *fixture, const gchar *uplink)
{
  GstStructure *stats = get_stats (fixture), *found = NULL;
  const GValue *list = gst_structure_get_value (stats, "uplinks");
  guint i;

  g_assert_true (GST_VALUE_HOLDS_ARRAY (list));
  for (i = 0; i < gst_value_array_get_size (list) && found == NULL; i++) {
    const GstStructure *structure =
        gst_value_get_structure (gst_value_array_get_value (list, i));

    if (g_strcmp0 (gst_structure_get_string (structure, "uplink"), uplink) == 0)
      found = gst_structure_copy (structure);
  }
  gst_structure_free (stats);
  return found;
}

guint64
fixture_uplink_stat (Fixture *fixture, const gchar *uplink, const gchar *field)
{
  GstStructure *stats = fixture_uplink_stats (fixture, uplink);
  guint64 number;

  g_assert_true (gst_structure_get_uint64 (stats, field, &number));
  gst_structure_free (stats);
  return number;
}

void
fixture_wait_uplink (Fixture *fixture, const gchar *uplink,
    const gchar *state)
{
  gint64 end = g_get_monotonic_time () + testing_patience ();
  gboolean reached = FALSE;

  while (!reached) {
    GstStructure *structure = fixture_uplink_stats (fixture, uplink);
    const gchar *is = structure != NULL
        ? gst_structure_get_string (structure, "state") : "missing";

    reached = g_strcmp0 (is, state) == 0;
    if (!reached && g_get_monotonic_time () > end)
      g_error ("uplink %s is %s, not %s", uplink, is, state);
    if (structure != NULL)
      gst_structure_free (structure);
    if (!reached)
      g_usleep (POLL_TIME);
  }
}

void
fixture_push_bytes (Fixture *fixture, const guint8 *packet, gsize size)
{
  g_assert_cmpint (gst_harness_push (fixture->harness,
          testing_buffer_of (packet, size)), ==, GST_FLOW_OK);
}

void
fixture_shake_hands (Fixture *fixture, guint latency)
{
  const guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK | SRTLA_HS_R_FLAG;
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;

  size = testing_induction (packet, FIXTURE_CALLER, 0, 0);
  fixture_push_bytes (fixture, packet, size);
  fixture_wait_packets (fixture, 1);
  size = testing_induction_response (packet, FIXTURE_CALLER, 0, 0);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_wait_stat (fixture, "replies", 1);
  size = testing_conclusion (packet, FIXTURE_CALLER, 0, flags, latency, 1);
  fixture_push_bytes (fixture, packet, size);
  fixture_wait_packets (fixture, 2);
  size = testing_conclusion_response (packet, FIXTURE_CALLER, FIXTURE_SERVER, 0, flags,
      latency, 1);
  model_receiver_relay (fixture->receiver, packet, size);
  fixture_wait_stat (fixture, "replies", 2);
}
