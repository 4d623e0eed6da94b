/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaegress.h"

#include <string.h>

static gboolean
push_control (GstSrtlaEgress * egress, const SrtlaOutput * output)
{
  GstSrtlaControl *control;

  if (egress->control_count == GST_SRTLA_EGRESS_CONTROLS
      || output->packet.size > sizeof control->data)
    return FALSE;
  control = &egress->controls[(egress->control_head + egress->control_count)
      % GST_SRTLA_EGRESS_CONTROLS];
  memcpy (control->data, output->packet.data, output->packet.size);
  control->size = output->packet.size;
  egress->control_count++;
  return TRUE;
}

gboolean
gst_srtla_egress_push (GstSrtlaEgress * egress, const SrtlaOutput * output)
{
  if (output->kind == SRTLA_OUTPUT_CONTROL)
    return push_control (egress, output);
  if (egress->count == GST_SRTLA_EGRESS_SIZE)
    return FALSE;
  egress->packets[(egress->head + egress->count) % GST_SRTLA_EGRESS_SIZE]
      = *output;
  egress->count++;
  egress->duplicates += output->copy != SRTLA_COPY_NONE ? 1 : 0;
  return TRUE;
}

/* ---- Batches ------------------------------------------------------------ */

GstSrtlaBatch *
gst_srtla_batch_new (void)
{
  GstSrtlaBatch *batch = g_new0 (GstSrtlaBatch, 1);
  guint i;

  for (i = 0; i < GST_SRTLA_BATCH_MESSAGES; i++)
    batch->segments[i] = G_SOCKET_CONTROL_MESSAGE (gst_srtla_segment_new ());
  return batch;
}

void
gst_srtla_batch_free (GstSrtlaBatch * batch)
{
  guint i;

  for (i = 0; i < GST_SRTLA_BATCH_MESSAGES; i++)
    g_object_unref (batch->segments[i]);
  g_free (batch);
}

static void
set_message (GstSrtlaBatch * batch, GOutputVector * vectors, guint n)
{
  GOutputMessage *message = &batch->messages[batch->n];

  message->address = NULL;
  message->vectors = vectors;
  message->num_vectors = n;
  message->bytes_sent = 0;
  message->control_messages = NULL;
  message->num_control_messages = 0;
  if (n > 1) {
    gst_srtla_segment_set_size (GST_SRTLA_SEGMENT (batch->segments[batch->n]),
        (guint16) vectors->size);
    message->control_messages = &batch->segments[batch->n];
    message->num_control_messages = 1;
  }
  batch->datagrams[batch->n++] = n;
}

/* Returns: how many packets from the i-th on make one train: of one size, the
 * last may be shorter. Their vectors are filled in, at most `room`. */
static guint
fill_train (const GstSrtlaEgress * egress, guint i, GOutputVector * vectors,
    guint room)
{
  gsize total = 0;
  guint n;

  room = MIN (room, egress->count - i);
  for (n = 0; n < room; n++) {
    const SrtlaOutput *output = &egress->packets[(egress->head + i + n)
        % GST_SRTLA_EGRESS_SIZE];

    total += output->packet.size;
    if (n > 0 && (output->packet.size > vectors[0].size
            || vectors[n - 1].size < vectors[0].size
            || total > GST_SRTLA_SEGMENTS_BYTES))
      break;
    vectors[n].buffer = output->packet.data;
    vectors[n].size = output->packet.size;
  }
  return n;
}

void
gst_srtla_egress_peek (GstSrtlaEgress * egress, GstSrtlaBatch * batch,
    gboolean trains)
{
  GOutputVector *vectors = batch->vectors;
  GOutputVector *end = batch->vectors + GST_SRTLA_BATCH_DATAGRAMS;
  guint i, n, longest = trains ? GST_SRTLA_SEGMENTS_MAX : 1;

  batch->n = 0;
  for (i = 0; i < egress->control_count; i++, vectors++) {
    const GstSrtlaControl *control = &egress->controls[(egress->control_head
            + i) % GST_SRTLA_EGRESS_CONTROLS];

    vectors->buffer = control->data;
    vectors->size = control->size;
    set_message (batch, vectors, 1);
  }
  for (i = 0; i < egress->count && vectors < end
      && batch->n < GST_SRTLA_BATCH_MESSAGES; i += n, vectors += n) {
    n = fill_train (egress, i, vectors, MIN (longest, (guint) (end - vectors)));
    set_message (batch, vectors, n);
  }
}

/* ---- Out ---------------------------------------------------------------- */

gboolean
gst_srtla_egress_pop (GstSrtlaEgress * egress, SrtlaOutput * output)
{
  if (egress->control_count > 0) {
    const GstSrtlaControl *control = &egress->controls[egress->control_head];

    memset (output, 0, sizeof *output);
    output->kind = SRTLA_OUTPUT_CONTROL;
    output->caller = SRTLA_NO_CALLER;
    output->packet.data = control->data;
    output->packet.size = control->size;
    egress->control_head = (egress->control_head + 1)
        % GST_SRTLA_EGRESS_CONTROLS;
    egress->control_count--;
    return TRUE;
  }
  if (egress->count == 0)
    return FALSE;
  *output = egress->packets[egress->head];
  egress->head = (egress->head + 1) % GST_SRTLA_EGRESS_SIZE;
  egress->count--;
  egress->duplicates -= output->copy != SRTLA_COPY_NONE ? 1 : 0;
  return TRUE;
}
