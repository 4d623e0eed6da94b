/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core's classes as properties: the priority of a pad, and three numbers for
 * each class. All of it follows the core's table.
 */
#pragma once

#include <gst/gst.h>

#include "srtla-classifier.h"

G_BEGIN_DECLS

/* SRTLA_PRIORITY_AUTO or a SrtlaClass, by their names. */
#define GST_TYPE_SRTLA_PRIORITY (gst_srtla_priority_get_type ())
GType gst_srtla_priority_get_type (void);
/* Returns: static. */
const gchar *gst_srtla_priority_name (gint priority);

/* Budgets: µs, an hour at most. Quanta: bytes. Lengths: packets. */
#define GST_SRTLA_BUDGET_MAX 3600000000u
#define GST_SRTLA_QUANTUM_MAX (1 << 20)
#define GST_SRTLA_LENGTH_MAX (1 << 16)

/* budget-…, quantum-… and queue-… of each class. */
#define GST_SRTLA_CLASS_PROPERTIES (3 * SRTLA_N_CLASSES)

/* Fills `properties` with so many. */
void gst_srtla_classes_make_properties (GParamSpec ** properties,
    GParamFlags flags);
/* index: among those. A budget of 0 stands for none. */
guint gst_srtla_classes_get (const SrtlaClassSettings * classes, guint index);
void gst_srtla_classes_set (SrtlaClassSettings * classes, guint index,
    guint value);

G_END_DECLS
