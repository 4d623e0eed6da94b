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

guint
gst_srtla_egress_peek (GstSrtlaEgress * egress, GOutputMessage * messages,
    GOutputVector * vectors, guint n)
{
  guint i, total = MIN (n, egress->control_count + egress->count);

  for (i = 0; i < total; i++) {
    if (i < egress->control_count) {
      const GstSrtlaControl *control = &egress->controls[(egress->control_head
              + i) % GST_SRTLA_EGRESS_CONTROLS];

      vectors[i].buffer = control->data;
      vectors[i].size = control->size;
    } else {
      const SrtlaOutput *output = &egress->packets[(egress->head + i
              - egress->control_count) % GST_SRTLA_EGRESS_SIZE];

      vectors[i].buffer = output->packet.data;
      vectors[i].size = output->packet.size;
    }
    memset (&messages[i], 0, sizeof messages[i]);
    messages[i].vectors = &vectors[i];
    messages[i].num_vectors = 1;
  }
  return total;
}

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
