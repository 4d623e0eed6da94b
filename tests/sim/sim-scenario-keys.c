/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-scenario-private.h"
#include "sim-values.h"
#include "srtla-drr.h"

#include <string.h>

gboolean
sim_fail (GError **error, const gchar *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (SIM_SCENARIO_ERROR, 0, format, arguments);
  va_end (arguments);
  return FALSE;
}

static gboolean
read_count (const gchar *value, guint least, guint most, guint *count,
    GError **error)
{
  gdouble number;

  if (!sim_read_number (value, &number, error))
    return FALSE;
  if (number < least || number > most || number != (guint) number)
    return sim_fail (error, "\"%s\": a whole number from %u to %u was expected",
        value, least, most);
  *count = (guint) number;
  return TRUE;
}

gboolean
sim_scenario_set_key (SimScenario *scenario, const gchar *key, const gchar *value,
    GError **error)
{
  if (g_str_equal (key, "title")) {
    g_free (scenario->title);
    scenario->title = g_strdup (value);
    return TRUE;
  }
  if (g_str_equal (key, "duration"))
    return sim_read_time (value, &scenario->duration, error);
  if (g_str_equal (key, "lossmaxttl"))
    return read_count (value, 0, 1000, &scenario->lossmaxttl, error);
  if (g_str_equal (key, "tolerance"))
    return read_count (value, 0, 1000, &scenario->tolerance, error);
  if (g_str_equal (key, "receiver")) {
    if (strlen (value) != 1
        || !srtla_behaviour_find (value[0], &scenario->receiver))
      return sim_fail (error, "\"%s\" is no receiver: a to f was expected",
          value);
    return TRUE;
  }
  if (g_str_equal (key, "profile")) {
    if (!g_str_equal (value, "stock") && !g_str_equal (value, "tolerant"))
      return sim_fail (error, "\"%s\": stock or tolerant was expected", value);
    scenario->profile = g_str_equal (value, "stock") ? SIM_PROFILE_STOCK
        : SIM_PROFILE_TOLERANT;
    return TRUE;
  }
  if (g_str_equal (key, "srtla-acks"))
    return sim_read_percent (value, &scenario->ack_share, error);
  if (g_str_equal (key, "nak-flag"))
    return sim_read_boolean (value, &scenario->nak_flag, error);
  if (g_str_equal (key, "receiver-port")) {
    if (!g_str_equal (value, "new") && !g_str_equal (value, "same"))
      return sim_fail (error, "\"%s\": new or same was expected", value);
    scenario->same_port = g_str_equal (value, "same");
    return TRUE;
  }
  return sim_fail (error, "unknown key \"%s\": title, duration, receiver, "
      "srtla-acks, profile, lossmaxttl, tolerance, nak-flag or receiver-port was expected", key);
}

/* Sets a key of the caller's flow in the bond. *known: FALSE if it is none. */
static gboolean
set_flow_key (SrtlaFlowSettings *flow, const gchar *key, const gchar *value,
    gboolean *known, GError **error)
{
  *known = TRUE;
  if (g_str_equal (key, "priority")) {
    flow->priority = g_str_equal (value, "auto") ? SRTLA_PRIORITY_AUTO
        : srtla_class_find (value);
    return flow->priority >= 0 || g_str_equal (value, "auto")
        || sim_fail (error, "\"%s\" is no priority: auto or a class was "
        "expected", value);
  }
  if (g_str_equal (key, "latency-budget"))
    return sim_read_time (value, &flow->budget, error);
  if (g_str_equal (key, "quantum"))
    return read_count (value, 1, 1000000, &flow->quantum, error);
  if (g_str_equal (key, "queue"))
    return read_count (value, 1, SRTLA_DRR_CAPACITY, &flow->length, error);
  *known = FALSE;
  return TRUE;
}

gboolean
sim_scenario_set_uplink_key (const SimScenario *scenario,
    SimUplinkSpec *uplink, const gchar *key, const gchar *value,
    GError **error)
{
  if (!g_str_equal (key, "max-bitrate"))
    return sim_scenario_apply (scenario, key, value, &uplink->out,
        &uplink->back, error);
  uplink->max_bitrate = 0;
  return g_str_equal (value, "none")
      || sim_read_rate (value, &uplink->max_bitrate, error);
}

gboolean
sim_scenario_set_caller_key (SimCallerSpec *caller, const gchar *key,
    const gchar *value, GError **error)
{
  gboolean known, good = set_flow_key (&caller->flow, key, value, &known,
      error);

  if (known)
    return good;
  if (g_str_equal (key, "rate") || g_str_equal (key, "payload-rate")) {
    caller->load = 0;
    caller->payload_rate = 0;
    if (g_str_equal (key, "payload-rate"))
      return sim_read_rate (value, &caller->payload_rate, error);
    if (g_str_has_suffix (value, "%"))
      return sim_read_percent (value, &caller->load, error);
    return sim_read_rate (value, &caller->rate, error);
  }
  if (g_str_equal (key, "latency"))
    return sim_read_time (value, &caller->latency, error);
  if (g_str_equal (key, "start"))
    return sim_read_time (value, &caller->start, error);
  if (g_str_equal (key, "payload"))
    return read_count (value, 16, SRTLA_MAX_DATAGRAM - SRTLA_SRT_HEADER,
        &caller->payload, error);
  if (g_str_equal (key, "frame-rate"))
    return sim_read_number (value, &caller->frame_rate, error);
  if (g_str_equal (key, "variation"))
    return sim_read_percent (value, &caller->variation, error);
  if (g_str_equal (key, "overhead")) {
    caller->overhead = -1;
    return g_str_equal (value, "none")
        || sim_read_percent (value, &caller->overhead, error);
  }
  if (g_str_equal (key, "first-sequence")) {
    guint64 sequence = 0;

    if (!g_str_equal (value, "random")
        && !g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT32, &sequence,
            NULL))
      return sim_fail (error, "\"%s\": random or a number under 2^31 was expected",
          value);
    caller->first_sequence = g_str_equal (value, "random") ? -1
        : (gint64) sequence;
    return TRUE;
  }
  return sim_fail (error, "unknown key \"%s\": rate, payload-rate, latency, payload, "
      "start, frame-rate, variation, overhead, first-sequence, priority, "
      "latency-budget, quantum or queue was expected", key);
}

gboolean
sim_scenario_apply (const SimScenario *scenario, const gchar *key,
    const gchar *value, SimLinkSettings *out, SimLinkSettings *back,
    GError **error)
{
  gboolean only_out = g_str_has_prefix (key, "out.");
  gboolean only_back = g_str_has_prefix (key, "back.");

  if (only_out || only_back)
    key = strchr (key, '.') + 1;
  return (only_back || sim_link_settings_set (out, key, value,
          scenario->directory, error))
      && (only_out || sim_link_settings_set (back, key, value,
          scenario->directory, error));
}
