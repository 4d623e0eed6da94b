/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-values.h"

#include <math.h>

G_DEFINE_QUARK (sim-scenario-error-quark, sim_scenario_error)

typedef struct
{
  const gchar *name;
  gdouble factor;
} Unit;

/* Reads a number that is not negative and one of the units. */
static gboolean
read_value (const gchar *text, const Unit *units, guint n_units,
    const gchar *expected, gdouble *value, GError **error)
{
  gchar *end;
  gdouble number = g_ascii_strtod (text, &end);
  guint i;

  if (end != text && isfinite (number) && number >= 0.0 && number <= 1e15) {
    while (*end == ' ')
      end++;
    for (i = 0; i < n_units; i++) {
      if (g_str_equal (end, units[i].name)) {
        *value = number * units[i].factor;
        return TRUE;
      }
    }
  }
  g_set_error (error, SIM_SCENARIO_ERROR, 0, "\"%s\" is no %s", text, expected);
  return FALSE;
}

gboolean
sim_read_time (const gchar *text, SrtlaTime *time, GError **error)
{
  static const Unit units[] = {
    {"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000},
  };
  gdouble value;

  if (!read_value (text, units, G_N_ELEMENTS (units),
          "time: a number with us, ms, s or min was expected", &value, error))
    return FALSE;
  *time = (SrtlaTime) (value + 0.5);
  return TRUE;
}

gboolean
sim_read_rate (const gchar *text, guint64 *rate, GError **error)
{
  static const Unit units[] = {
    {"bit/s", 1}, {"kbit/s", 1000}, {"Mbit/s", 1000000},
  };
  gdouble value;

  if (!read_value (text, units, G_N_ELEMENTS (units),
          "rate: a number with bit/s, kbit/s or Mbit/s was expected",
          &value, error))
    return FALSE;
  *rate = (guint64) (value + 0.5);
  return TRUE;
}

gboolean
sim_read_percent (const gchar *text, gdouble *share, GError **error)
{
  static const Unit units[] = { {"%", 0.01} };

  return read_value (text, units, G_N_ELEMENTS (units),
      "percentage: a number with % was expected", share, error);
}

gboolean
sim_read_bytes (const gchar *text, guint64 *bytes, GError **error)
{
  static const Unit units[] = { {"B", 1}, {"kB", 1000}, {"MB", 1000000} };
  gdouble value;

  if (!read_value (text, units, G_N_ELEMENTS (units),
          "size: a number with B, kB or MB was expected", &value, error))
    return FALSE;
  *bytes = (guint64) (value + 0.5);
  return TRUE;
}

gboolean
sim_read_number (const gchar *text, gdouble *number, GError **error)
{
  static const Unit units[] = { {"", 1} };

  return read_value (text, units, G_N_ELEMENTS (units),
      "number: digits without a unit were expected", number, error);
}

gboolean
sim_read_boolean (const gchar *text, gboolean *value, GError **error)
{
  *value = g_str_equal (text, "yes");
  if (*value || g_str_equal (text, "no"))
    return TRUE;
  g_set_error (error, SIM_SCENARIO_ERROR, 0,
      "\"%s\": yes or no was expected", text);
  return FALSE;
}
