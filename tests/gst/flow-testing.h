/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sink pads on request as flows of packets, and what stats say of them. */
#pragma once

#include "element-testing.h"

G_BEGIN_DECLS

typedef struct
{
  GstPad *sink, *src;
  guint32 destination;          /* of its caller's packets */
  guint32 sequence;             /* the next one's */
  guint size;                   /* bytes of a packet */
  guint bitrate;                /* bits/s offered */
  guint64 offered;              /* bytes */
} Flow;

/* Requests a pad of that priority, for a caller whose peer has that id. */
void flow_open (Fixture *fixture, Flow *flow, const gchar *priority,
    guint32 destination);
void flow_close (Fixture *fixture, Flow *flow);

/* Returns: its next packet. */
GstBuffer *flow_buffer (Flow *flow);
void flow_push (Flow *flow, guint n);
/* Pushes what is due `elapsed` µs after the start. */
void flow_offer (Flow *flow, gint64 elapsed);

/* Returns: a copy of the entry of `array` whose field `key` is `value`. */
GstStructure *find_entry (const GstStructure *stats, const gchar *array,
    const gchar *key, const gchar *value);
/* Return: a field (guint64) of the class or the flow. */
guint64 class_number (Fixture *fixture, const gchar *class,
    const gchar *field);
guint64 flow_number (Fixture *fixture, Flow *flow, const gchar *field);

/* Sets `max-bitrate` of all uplinks, bits/s. */
void limit_uplinks (Fixture *fixture, guint64 bitrate);

G_END_DECLS
