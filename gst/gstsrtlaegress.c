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

static void
set_message (GstSrtlaBatch * batch, struct iovec *vectors, guint n)
{
  struct msghdr *message = &batch->messages[batch->n].msg_hdr;

  message->msg_iov = vectors;
  message->msg_iovlen = n;
  message->msg_control = NULL;
  message->msg_controllen = 0;
  if (n > 1)
    gst_srtla_segment_apply (&batch->segments[batch->n],
        (guint16) vectors->iov_len, message);
  batch->datagrams[batch->n++] = n;
}

/* Returns: how many packets from the i-th on make one train: of one size, the
 * last may be shorter. Their vectors are filled in, at most `room`. */
static guint
fill_train (const GstSrtlaEgress * egress, guint i, struct iovec * vectors,
    guint room)
{
  gsize total = 0;
  guint n;

  room = MIN (room, egress->count - i);
  for (n = 0; n < room; n++) {
    const SrtlaOutput *output = &egress->packets[(egress->head + i + n)
        % GST_SRTLA_EGRESS_SIZE];

    total += output->packet.size;
    if (n > 0 && (output->packet.size > vectors[0].iov_len
            || vectors[n - 1].iov_len < vectors[0].iov_len
            || total > GST_SRTLA_SEGMENTS_BYTES))
      break;
    vectors[n].iov_base = (gpointer) output->packet.data;
    vectors[n].iov_len = output->packet.size;
  }
  return n;
}

void
gst_srtla_egress_peek (GstSrtlaEgress * egress, GstSrtlaBatch * batch,
    gboolean trains)
{
  struct iovec *vectors = batch->vectors;
  struct iovec *end = batch->vectors + GST_SRTLA_BATCH_DATAGRAMS;
  guint i, n, longest = trains ? GST_SRTLA_SEGMENTS_MAX : 1;

  batch->n = 0;
  for (i = 0; i < egress->control_count; i++, vectors++) {
    const GstSrtlaControl *control = &egress->controls[(egress->control_head
            + i) % GST_SRTLA_EGRESS_CONTROLS];

    vectors->iov_base = (gpointer) control->data;
    vectors->iov_len = control->size;
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
  return gst_srtla_egress_pop_packet (egress, output);
}

gboolean
gst_srtla_egress_pop_packet (GstSrtlaEgress * egress, SrtlaOutput * output)
{
  if (egress->count == 0)
    return FALSE;
  *output = egress->packets[egress->head];
  egress->head = (egress->head + 1) % GST_SRTLA_EGRESS_SIZE;
  egress->count--;
  egress->duplicates -= output->copy != SRTLA_COPY_NONE ? 1 : 0;
  return TRUE;
}
