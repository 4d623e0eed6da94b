/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Readable values of scenario files: "12Mbit/s", "300ms", "2%", "64kB".
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

#define SIM_SCENARIO_ERROR (sim_scenario_error_quark ())
GQuark sim_scenario_error_quark (void);

/* Each reads all of `text`, with or without a space before the unit. Returns:
 * FALSE with an error that says what was expected. */
gboolean sim_read_time (const gchar *text, SrtlaTime *time, GError **error);
/* bits/s; units bit/s, kbit/s, Mbit/s. */
gboolean sim_read_rate (const gchar *text, guint64 *rate, GError **error);
/* A share of 1 from a percentage. */
gboolean sim_read_percent (const gchar *text, gdouble *share, GError **error);
/* Units B, kB, MB. */
gboolean sim_read_bytes (const gchar *text, guint64 *bytes, GError **error);
gboolean sim_read_number (const gchar *text, gdouble *number, GError **error);
/* yes or no. */
gboolean sim_read_boolean (const gchar *text, gboolean *value, GError **error);

G_END_DECLS
