/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-modes.h"
#include "sim-values.h"

gboolean
sim_run_check_mode (const gchar *mode, GError **error)
{
  if (g_str_equal (mode, SIM_MODE_ORACLE)
      || srtla_scheduler_find (mode) != NULL)
    return TRUE;
  g_set_error (error, SIM_SCENARIO_ERROR, 0, "\"%s\" is no mode: one of the "
      "bond's (classic, ...) or oracle was expected", mode);
  return FALSE;
}

void
sim_modes_apply (SrtlaBond *bond, const SimOptions *options, SrtlaTime now)
{
  if (!srtla_bond_set_mode (bond, options->mode, now))
    g_assert_not_reached ();    /* sim_run_check_mode() comes first */
  if (options->quality != SIM_DEFAULT)
    srtla_bond_set_quality (bond, options->quality == SIM_YES);
  if (options->exploration != SIM_DEFAULT)
    srtla_bond_set_exploration (bond, options->exploration == SIM_YES);
  if (options->brake == SIM_NO)
    srtla_bond_set_queue_target (bond, 0);
}
