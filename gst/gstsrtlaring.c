/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaring.h"

#include <string.h>

/* Packets that one push looks at, at most: all have been when it is full. */
#define LOOKS 4

static inline guint
place (const GstSrtlaRing * ring, guint index)
{
  guint i = ring->head + index;

  return i >= ring->size ? i - ring->size : i;
}

/* ---- What a packet is --------------------------------------------------- */

static SrtlaMarks
marks_of (const GstSrtlaRing * ring, GstBuffer * buffer, SrtlaTime at)
{
  SrtlaMarks marks = { ring->priority, FALSE, ring->critical_until > at };

  marks.droppable = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DROPPABLE);
  return marks;
}

/* What is not SRT will be dropped anyway, so it goes first. */
static SrtlaClass
judge (SrtlaClassifier * classifier, const guint8 * data, gsize size,
    const SrtlaMarks * marks)
{
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (!srtla_kind_is_srt (kind))
    return SRTLA_N_CLASSES - 1;
  return srtla_classify (classifier, kind, data, size, marks).priority;
}

/* Of several memories the header is enough: they are not merged for this. */
static SrtlaClass
look_at (GstSrtlaRing * ring, GstBuffer * buffer, SrtlaTime at)
{
  const SrtlaMarks marks = marks_of (ring, buffer, at);
  guint8 header[SRTLA_SRT_HEADER];
  SrtlaClass priority;
  GstMapInfo map;

  if (gst_buffer_n_memory (buffer) != 1
      || !gst_memory_map (gst_buffer_peek_memory (buffer, 0), &map,
          GST_MAP_READ))
    return judge (&ring->classifier, header, gst_buffer_extract (buffer, 0,
            header, sizeof header), &marks);
  priority = judge (&ring->classifier, map.data, map.size, &marks);
  gst_memory_unmap (map.memory, &map);
  return priority;
}

/* Looks at the oldest packet that was not looked at. */
static void
look_at_next (GstSrtlaRing * ring)
{
  guint at = place (ring, ring->looked);
  SrtlaClass priority = look_at (ring, ring->packets[at].buffer,
      ring->packets[at].at);

  ring->classes[at] = (guint8) priority;
  ring->counts[priority]++;
  ring->looked++;
}

gboolean
gst_srtla_ring_is_urgent (const GstSrtlaRing * ring, GstBuffer * buffer,
    SrtlaTime at)
{
  const SrtlaMarks marks = marks_of (ring, buffer, at);
  guint8 header[SRTLA_SRT_HEADER];
  SrtlaClass priority;
  SrtlaKind kind;

  if (ring->priority == SRTLA_CLASS_HIGH)
    return TRUE;
  if (gst_buffer_extract (buffer, 0, header, sizeof header) < sizeof header)
    return FALSE;
  kind = srtla_packet_kind (header, sizeof header);
  if (!srtla_kind_is_srt (kind))
    return FALSE;
  priority = srtla_classify_header (kind, header, &marks).priority;
  return priority == SRTLA_CLASS_HIGH || (priority == SRTLA_CLASS_MEDIUM
      && ring->priority == SRTLA_PRIORITY_AUTO);
}

gboolean
gst_srtla_ring_has_urgent (const GstSrtlaRing * ring)
{
  guint i;

  for (i = 0; i < ring->queued; i++) {
    const GstSrtlaArrival *packet = &ring->packets[place (ring, i)];

    if (gst_srtla_ring_is_urgent (ring, packet->buffer, packet->at))
      return TRUE;
  }
  return FALSE;
}

/* ---- The ring ----------------------------------------------------------- */

guint
gst_srtla_ring_reset (GstSrtlaRing * ring, guint size)
{
  guint i, dropped = ring->queued;

  for (i = 0; i < ring->queued; i++)
    gst_buffer_unref (ring->packets[place (ring, i)].buffer);
  if (size != ring->size) {
    g_free (ring->packets);
    g_free (ring->classes);
    ring->packets = size > 0 ? g_new (GstSrtlaArrival, size) : NULL;
    ring->classes = size > 0 ? g_new (guint8, size) : NULL;
    ring->size = size;
  }
  ring->head = ring->queued = ring->looked = 0;
  memset (ring->counts, 0, sizeof ring->counts);
  memset (&ring->classifier, 0, sizeof ring->classifier);
  return dropped;
}

/* Returns: the index of the oldest packet of a class that there is. */
static guint
find_oldest (const GstSrtlaRing * ring, SrtlaClass priority)
{
  guint first = MIN (ring->queued, ring->size - ring->head);
  const guint8 *start = ring->classes + ring->head;
  const guint8 *found = memchr (start, (gint) priority, first);

  if (found != NULL)
    return (guint) (found - start);
  found = memchr (ring->classes, (gint) priority, ring->queued - first);
  return first + (guint) (found - ring->classes);
}

/* Takes a packet out of the middle: those before it move up. Usually it is one
 * of the first. */
static GstBuffer *
remove_at (GstSrtlaRing * ring, guint index)
{
  guint to = place (ring, index);
  GstBuffer *buffer = ring->packets[to].buffer;

  ring->counts[ring->classes[to]]--;
  while (to != ring->head) {
    guint from = to > 0 ? to - 1 : ring->size - 1;

    ring->packets[to] = ring->packets[from];
    ring->classes[to] = ring->classes[from];
    to = from;
  }
  ring->head = place (ring, 1);
  ring->looked--;
  ring->queued--;
  return buffer;
}

/* Everything was looked at. Returns: the buffer that goes for a new one, NULL if
 * that is less urgent than all. */
static GstBuffer *
make_room (GstSrtlaRing * ring, SrtlaClass priority)
{
  guint last = SRTLA_N_CLASSES - 1;

  while (last > priority && ring->counts[last] == 0)
    last--;
  return ring->counts[last] > 0
      ? remove_at (ring, find_oldest (ring, (SrtlaClass) last)) : NULL;
}

static GstBuffer *
push_full (GstSrtlaRing * ring, GstBuffer * buffer, SrtlaTime at)
{
  GstBuffer *dropped;
  SrtlaClass priority;
  guint last;

  while (ring->looked < ring->queued)
    look_at_next (ring);
  priority = look_at (ring, buffer, at);
  dropped = make_room (ring, priority);
  if (dropped == NULL)
    return buffer;
  last = place (ring, ring->queued++);
  ring->packets[last].buffer = buffer;
  ring->packets[last].at = at;
  ring->classes[last] = (guint8) priority;
  ring->counts[priority]++;
  ring->looked++;
  return dropped;
}

GstBuffer *
gst_srtla_ring_push (GstSrtlaRing * ring, GstBuffer * buffer, SrtlaTime at)
{
  GstSrtlaArrival *packet;
  guint i;

  if (G_UNLIKELY (ring->queued == ring->size))
    return push_full (ring, buffer, at);
  packet = &ring->packets[place (ring, ring->queued++)];
  packet->buffer = buffer;
  packet->at = at;
  if (G_UNLIKELY (ring->queued > ring->size / 2)) {
    for (i = 0; i < LOOKS && ring->looked < ring->queued; i++)
      look_at_next (ring);
  }
  return NULL;
}

/* Packets leave that were looked at, or were not. */
static void
forget (GstSrtlaRing * ring, guint n)
{
  guint i;

  for (i = 0; i < MIN (n, ring->looked); i++)
    ring->counts[ring->classes[place (ring, i)]]--;
  if (n > ring->looked)
    memset (&ring->classifier, 0, sizeof ring->classifier);
  ring->looked -= MIN (n, ring->looked);
}

guint
gst_srtla_ring_take (GstSrtlaRing * ring, GstSrtlaArrival * out, guint n)
{
  guint i;

  n = MIN (n, ring->queued);
  if (n == 0)
    return 0;
  forget (ring, n);
  for (i = 0; i < n; i++)
    out[i] = ring->packets[place (ring, i)];
  ring->head = place (ring, n);
  ring->queued -= n;
  return n;
}
