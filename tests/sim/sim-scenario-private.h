/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys of the sections of a scenario file.
 */
#pragma once

#include "sim-scenario.h"

G_BEGIN_DECLS

/* Makes an error. Returns: FALSE. */
gboolean sim_fail (GError **error, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

/* Set one key of [scenario] or of a [caller]. Return: FALSE with an error for
 * an unknown key or a bad value. */
gboolean sim_scenario_set_key (SimScenario *scenario, const gchar *key,
    const gchar *value, GError **error);
gboolean sim_scenario_set_caller_key (SimCallerSpec *caller, const gchar *key,
    const gchar *value, GError **error);
/* Sets one key of an [uplink] and of its links. */
gboolean sim_scenario_set_uplink_key (const SimScenario *scenario,
    SimUplinkSpec *uplink, const gchar *key, const gchar *value,
    GError **error);

G_END_DECLS
