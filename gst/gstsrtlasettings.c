/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlasettings.h"

#include <string.h>

void
gst_srtla_settings_clear (GstSrtlaSettings * copy)
{
  g_clear_object (&copy->return_socket);
  g_free ((gchar *) copy->uplinks_file);
  copy->uplinks_file = NULL;
}

void
gst_srtla_settings_copy (GstSrtlaSettings * copy,
    const GstSrtlaSettings * settings)
{
  gst_srtla_settings_clear (copy);
  *copy = *settings;
  if (settings->return_socket != NULL)
    g_object_ref (settings->return_socket);
  copy->uplinks_file = g_strdup (settings->uplinks_file);
}

void
gst_srtla_core_settings_init (GstSrtlaCoreSettings * current)
{
  const GstSrtlaToggles defaults = { GST_SRTLA_MODE_CLASSIC, TRUE, FALSE, TRUE,
    TRUE
  };

  current->toggles = defaults;
  current->queue_target = SRTLA_QUEUE_TARGET;
  memcpy (current->classes, srtla_class_defaults, sizeof current->classes);
}

/* Only what changed: each change may cost the core a look at all it keeps. */
static void
apply_toggles (GstSrtlaToggles * current, SrtlaBond * bond,
    const GstSrtlaToggles * toggles, SrtlaTime now)
{
  if (toggles->mode != current->mode)
    srtla_bond_set_mode (bond, gst_srtla_mode_name (toggles->mode), now);
  if (toggles->quality != current->quality)
    srtla_bond_set_quality (bond, toggles->quality);
  if (toggles->exploration != current->exploration)
    srtla_bond_set_exploration (bond, toggles->exploration);
  if (toggles->rescue != current->rescue)
    srtla_bond_set_rescue (bond, toggles->rescue);
  if (toggles->nak_filter != current->nak_filter)
    srtla_bond_set_nak_filter (bond, toggles->nak_filter);
  *current = *toggles;
}

static void
apply_classes (SrtlaClassSettings * current, SrtlaBond * bond,
    const SrtlaClassSettings * classes)
{
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    if (classes[i].budget == current[i].budget
        && classes[i].quantum == current[i].quantum
        && classes[i].length == current[i].length)
      continue;
    srtla_bond_set_class (bond, i, &classes[i]);
    current[i] = classes[i];
  }
}

void
gst_srtla_core_settings_apply (GstSrtlaCoreSettings * current,
    SrtlaBond * bond, const GstSrtlaSettings * settings, SrtlaTime now)
{
  if (settings->queue_target != current->queue_target)
    srtla_bond_set_queue_target (bond, settings->queue_target);
  current->queue_target = settings->queue_target;
  apply_classes (current->classes, bond, settings->classes);
  apply_toggles (&current->toggles, bond, &settings->toggles, now);
  srtla_bond_set_connection_timeout (bond, settings->connection_timeout);
}
