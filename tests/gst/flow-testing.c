/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "flow-testing.h"

void
flow_open (Fixture *fixture, Flow *flow, const gchar *priority,
    guint32 destination)
{
  GstSegment segment;

  memset (flow, 0, sizeof *flow);
  flow->destination = destination;
  flow->size = TESTING_PACKET_SIZE;
  flow->sink = gst_element_request_pad_simple (fixture->element, "sink_%u");
  g_assert_nonnull (flow->sink);
  gst_util_set_object_arg (G_OBJECT (flow->sink), "priority", priority);
  flow->src = gst_pad_new (NULL, GST_PAD_SRC);
  g_assert_cmpint (gst_pad_link (flow->src, flow->sink), ==, GST_PAD_LINK_OK);
  gst_pad_set_active (flow->src, TRUE);
  gst_pad_push_event (flow->src, gst_event_new_stream_start ("flow"));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (flow->src, gst_event_new_segment (&segment));
}

void
flow_close (Fixture *fixture, Flow *flow)
{
  gst_pad_set_active (flow->src, FALSE);
  gst_pad_unlink (flow->src, flow->sink);
  gst_element_release_request_pad (fixture->element, flow->sink);
  gst_object_unref (flow->sink);
  gst_object_unref (flow->src);
}

GstBuffer *
flow_buffer (Flow *flow)
{
  guint8 packet[TESTING_MAX_PACKET];
  gsize size = testing_data_packet (packet, flow->size, flow->sequence,
      flow->destination, flow->sequence * 1000, FALSE);

  flow->sequence++;
  flow->offered += size;
  return testing_buffer_of (packet, size);
}

void
flow_push (Flow *flow, guint n)
{
  while (n-- > 0)
    g_assert_cmpint (gst_pad_push (flow->src, flow_buffer (flow)), ==,
        GST_FLOW_OK);
}

void
flow_offer (Flow *flow, gint64 elapsed)
{
  guint64 due = (guint64) flow->bitrate / 8 * (guint64) elapsed
      / G_USEC_PER_SEC;

  while (flow->offered < due)
    flow_push (flow, 1);
}

GstStructure *
find_entry (const GstStructure *stats, const gchar *array, const gchar *key,
    const gchar *value)
{
  const GValue *list = gst_structure_get_value (stats, array);
  guint i;

  for (i = 0; i < gst_value_array_get_size (list); i++) {
    const GstStructure *entry =
        gst_value_get_structure (gst_value_array_get_value (list, i));

    if (g_strcmp0 (gst_structure_get_string (entry, key), value) == 0)
      return gst_structure_copy (entry);
  }
  g_error ("%s has no %s", array, value);
}

static guint64
entry_number (Fixture *fixture, const gchar *array, const gchar *key,
    const gchar *value, const gchar *field)
{
  GstStructure *stats = NULL, *entry;
  guint64 number = 0;

  g_object_get (fixture->element, "stats", &stats, NULL);
  entry = find_entry (stats, array, key, value);
  g_assert_true (gst_structure_get_uint64 (entry, field, &number));
  gst_structure_free (entry);
  gst_structure_free (stats);
  return number;
}

guint64
class_number (Fixture *fixture, const gchar *class, const gchar *field)
{
  return entry_number (fixture, "classes", "class", class, field);
}

guint64
flow_number (Fixture *fixture, Flow *flow, const gchar *field)
{
  return entry_number (fixture, "flows", "pad", GST_OBJECT_NAME (flow->sink),
      field);
}

void
limit_uplinks (Fixture *fixture, guint64 bitrate)
{
  GstChildProxy *proxy = GST_CHILD_PROXY (fixture->element);
  guint i;

  for (i = 0; i < gst_child_proxy_get_children_count (proxy); i++) {
    GObject *uplink = gst_child_proxy_get_child_by_index (proxy, i);
    guint64 is = 1;

    g_object_set (uplink, "max-bitrate", bitrate, NULL);
    g_object_get (uplink, "max-bitrate", &is, NULL);
    g_assert_cmpuint (is, ==, bitrate);
    g_object_unref (uplink);
  }
}
