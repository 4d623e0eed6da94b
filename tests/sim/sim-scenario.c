/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-scenario-private.h"
#include "sim-values.h"

#include <string.h>

typedef enum
{
  SECTION_NONE,
  SECTION_SCENARIO,
  SECTION_CALLER,
  SECTION_UPLINK,
  SECTION_SCHEDULE,
} Section;

/* ---- Life -------------------------------------------------------------- */

static void
caller_free (gpointer data)
{
  SimCallerSpec *caller = data;

  g_free (caller->name);
  g_free (caller);
}

static void
uplink_free (gpointer data)
{
  SimUplinkSpec *uplink = data;

  g_free (uplink->name);
  sim_link_settings_clear (&uplink->out);
  sim_link_settings_clear (&uplink->back);
  g_free (uplink);
}

static void
change_free (gpointer data)
{
  SimChange *change = data;

  g_free (change->key);
  g_free (change->value);
  g_free (change);
}

static SimScenario *
scenario_new (const gchar *name, const gchar *directory)
{
  SimScenario *scenario = g_new0 (SimScenario, 1);

  scenario->name = g_strdup (name);
  scenario->directory = g_strdup (directory);
  scenario->title = g_strdup (name);
  scenario->duration = 30 * SRTLA_SECOND;
  scenario->ack_share = 1.0;
  scenario->tolerance = 40;
  scenario->nak_flag = TRUE;
  scenario->callers = g_ptr_array_new_with_free_func (caller_free);
  scenario->uplinks = g_ptr_array_new_with_free_func (uplink_free);
  scenario->changes = g_ptr_array_new_with_free_func (change_free);
  return scenario;
}

void
sim_scenario_free (SimScenario *scenario)
{
  g_free (scenario->name);
  g_free (scenario->directory);
  g_free (scenario->title);
  g_ptr_array_unref (scenario->callers);
  g_ptr_array_unref (scenario->uplinks);
  g_ptr_array_unref (scenario->changes);
  g_free (scenario);
}

/* Returns: the caller or uplink of that name, NULL if there is none. */
static SimCallerSpec *
find_caller (const SimScenario *scenario, const gchar *name)
{
  guint i;

  for (i = 0; i < scenario->callers->len; i++) {
    SimCallerSpec *caller = g_ptr_array_index (scenario->callers, i);

    if (g_str_equal (caller->name, name))
      return caller;
  }
  return NULL;
}

static SimUplinkSpec *
find_uplink (const SimScenario *scenario, const gchar *name, guint *index)
{
  guint i;

  for (i = 0; i < scenario->uplinks->len; i++) {
    SimUplinkSpec *uplink = g_ptr_array_index (scenario->uplinks, i);

    if (g_str_equal (uplink->name, name)) {
      if (index != NULL)
        *index = i;
      return uplink;
    }
  }
  return NULL;
}

/* ---- Sections ---------------------------------------------------------- */

static gboolean
name_is_free (const SimScenario *scenario, const gchar *name, GError **error)
{
  static const gchar *const taken[] = {
    "scenario", "caller", "uplink", "schedule", "receiver", "every", NULL
  };
  const gchar *c;

  for (c = name; *c != '\0'; c++) {
    if (!g_ascii_isalnum (*c) && *c != '-' && *c != '_')
      return sim_fail (error, "\"%s\" is no name: letters, digits, - and _ were "
          "expected", name);
  }
  if (g_strv_contains (taken, name) || *name == '\0')
    return sim_fail (error, "\"%s\" cannot be a name", name);
  if (find_caller (scenario, name) != NULL
      || find_uplink (scenario, name, NULL) != NULL)
    return sim_fail (error, "the name \"%s\" is taken", name);
  return TRUE;
}

static gboolean
open_section (SimScenario *scenario, gchar *line, Section *section,
    GError **error)
{
  gsize length = strlen (line);
  gchar *name;

  if (line[length - 1] != ']')
    return sim_fail (error, "\"%s\": the closing ] is missing", line);
  line[length - 1] = '\0';
  line++;
  if (g_str_equal (line, "scenario")) {
    *section = SECTION_SCENARIO;
  } else if (g_str_equal (line, "schedule")) {
    *section = SECTION_SCHEDULE;
  } else if (g_str_has_prefix (line, "caller")) {
    SimCallerSpec *caller;

    name = g_strstrip (line + strlen ("caller"));
    if (!name_is_free (scenario, name, error))
      return FALSE;
    caller = g_new0 (SimCallerSpec, 1);
    caller->name = g_strdup (name);
    caller->rate = 5000000;
    caller->latency = SRTLA_SECOND;
    caller->payload = 1316;
    caller->start = SRTLA_SECOND;
    caller->overhead = -1;
    caller->first_sequence = -1;
    caller->flow = srtla_flow_defaults;
    g_ptr_array_add (scenario->callers, caller);
    *section = SECTION_CALLER;
  } else if (g_str_has_prefix (line, "uplink")) {
    SimUplinkSpec *uplink;

    name = g_strstrip (line + strlen ("uplink"));
    if (!name_is_free (scenario, name, error))
      return FALSE;
    if (scenario->uplinks->len == SRTLA_MAX_UPLINKS)
      return sim_fail (error, "at most %u uplinks", SRTLA_MAX_UPLINKS);
    uplink = g_new0 (SimUplinkSpec, 1);
    uplink->name = g_strdup (name);
    sim_link_settings_init (&uplink->out);
    sim_link_settings_init (&uplink->back);
    g_ptr_array_add (scenario->uplinks, uplink);
    *section = SECTION_UPLINK;
  } else {
    return sim_fail (error, "unknown section [%s]: scenario, caller NAME, uplink "
        "NAME or schedule was expected", line);
  }
  return TRUE;
}

/* Splits "KEY = VALUE" in place. */
static gboolean
split (gchar *line, const gchar **key, const gchar **value, GError **error)
{
  gchar *sign = strchr (line, '=');

  if (sign == NULL)
    return sim_fail (error, "\"%s\": KEY = VALUE was expected", line);
  *sign = '\0';
  *key = g_strstrip (line);
  *value = g_strstrip (sign + 1);
  if (**key == '\0' || **value == '\0')
    return sim_fail (error, "key or value is missing before or after =");
  return TRUE;
}

/* Cuts the next word off *text. */
static gchar *
next_word (gchar **text)
{
  gchar *word = *text + strspn (*text, " \t");
  gsize length = strcspn (word, " \t");

  *text = word + length;
  if (**text != '\0')
    *(*text)++ = '\0';
  return word;
}

/* What happens to an uplink: "rebind", or a key and a value that must be
 * good for the links as the file describes them. */
static gboolean
read_link_change (SimScenario *scenario, SimChange *change, gchar *rest,
    GError **error)
{
  SimUplinkSpec *uplink = g_ptr_array_index (scenario->uplinks, change->uplink);
  SimLinkSettings out = { 0, }, back = { 0, };
  const gchar *key, *value;
  gboolean good;

  rest = g_strstrip (rest);
  if (g_str_equal (rest, "rebind")) {
    change->kind = SIM_CHANGE_REBIND;
    return TRUE;
  }
  if (!split (rest, &key, &value, error))
    return FALSE;
  sim_link_settings_copy (&out, &uplink->out);
  sim_link_settings_copy (&back, &uplink->back);
  good = sim_scenario_apply (scenario, key, value, &out, &back, error);
  sim_link_settings_clear (&out);
  sim_link_settings_clear (&back);
  change->key = g_strdup (key);
  change->value = g_strdup (value);
  return good;
}

static gboolean
read_change (SimScenario *scenario, gchar *line, GError **error)
{
  SimChange *change = g_new0 (SimChange, 1);
  gchar *word;

  g_ptr_array_add (scenario->changes, change);
  if (!sim_read_time (next_word (&line), &change->at, error))
    return FALSE;
  word = next_word (&line);
  if (g_str_equal (word, "every")) {
    if (!sim_read_time (next_word (&line), &change->every, error))
      return FALSE;
    if (change->every < SRTLA_MILLISECOND)
      return sim_fail (error, "a change every less than 1ms");
    word = next_word (&line);
  }
  if (g_str_equal (word, "receiver")) {
    line = g_strstrip (line);
    if (!g_str_equal (line, "stop") && !g_str_equal (line, "start"))
      return sim_fail (error, "\"%s\": stop or start was expected", line);
    change->kind = g_str_equal (line, "stop") ? SIM_CHANGE_RECEIVER_STOP
        : SIM_CHANGE_RECEIVER_START;
    return TRUE;
  }
  if (find_uplink (scenario, word, &change->uplink) == NULL)
    return sim_fail (error, "no uplink \"%s\"", word);
  return read_link_change (scenario, change, line, error);
}

static gboolean
read_line (SimScenario *scenario, gchar *line, Section *section,
    GError **error)
{
  const gchar *key, *value;
  SimUplinkSpec *uplink;

  if (*line == '[')
    return open_section (scenario, line, section, error);
  if (*section == SECTION_SCHEDULE)
    return read_change (scenario, line, error);
  if (!split (line, &key, &value, error))
    return FALSE;
  switch (*section) {
    case SECTION_SCENARIO:
      return sim_scenario_set_key (scenario, key, value, error);
    case SECTION_CALLER:
      return sim_scenario_set_caller_key (g_ptr_array_index (scenario->callers,
              scenario->callers->len - 1), key, value, error);
    case SECTION_UPLINK:
      uplink = g_ptr_array_index (scenario->uplinks,
          scenario->uplinks->len - 1);
      return sim_scenario_set_uplink_key (scenario, uplink, key, value, error);
    default:
      return sim_fail (error, "\"%s\" before the first section", key);
  }
}

/* Turns loads in per cent and rates of payload into rates of IP packets. */
static void
settle_rates (SimScenario *scenario)
{
  gdouble sum = 0;
  guint i;

  for (i = 0; i < scenario->uplinks->len; i++) {
    SimUplinkSpec *uplink = g_ptr_array_index (scenario->uplinks, i);

    sum += (gdouble) sim_link_settings_mean_rate (&uplink->out);
  }
  for (i = 0; i < scenario->callers->len; i++) {
    SimCallerSpec *caller = g_ptr_array_index (scenario->callers, i);

    if (caller->load > 0)
      caller->rate = (guint64) (caller->load * sum + 0.5);
    else if (caller->payload_rate > 0)
      caller->rate = caller->payload_rate * (caller->payload
          + SRTLA_SRT_HEADER + SIM_IP_OVERHEAD) / caller->payload;
  }
}

static gboolean
check (SimScenario *scenario, GError **error)
{
  guint i;

  settle_rates (scenario);
  if (scenario->callers->len == 0 || scenario->uplinks->len == 0)
    return sim_fail (error, "a scenario needs a [caller] and an [uplink]");
  if (scenario->duration == 0)
    return sim_fail (error, "the duration is 0");
  for (i = 0; i < scenario->callers->len; i++) {
    SimCallerSpec *caller = g_ptr_array_index (scenario->callers, i);

    if (caller->rate < 1000)
      return sim_fail (error, "caller %s: a rate under 1kbit/s", caller->name);
    if (caller->start >= scenario->duration)
      return sim_fail (error, "caller %s starts after the end", caller->name);
  }
  return TRUE;
}

SimScenario *
sim_scenario_parse (const gchar *text, const gchar *name,
    const gchar *directory, GError **error)
{
  SimScenario *scenario = scenario_new (name, directory);
  gchar **lines = g_strsplit (text, "\n", -1);
  Section section = SECTION_NONE;
  gboolean good = TRUE;
  guint i;

  for (i = 0; good && lines[i] != NULL; i++) {
    gchar *comment = strchr (lines[i], '#');
    gchar *line;

    if (comment != NULL)
      *comment = '\0';
    line = g_strstrip (lines[i]);
    if (*line == '\0')
      continue;
    good = read_line (scenario, line, &section, error);
    if (!good)
      g_prefix_error (error, "%s:%u: ", name, i + 1);
  }
  if (good) {
    good = check (scenario, error);
    if (!good)
      g_prefix_error (error, "%s:%u: ", name, MAX (1, i));
  }
  g_strfreev (lines);
  if (!good)
    g_clear_pointer (&scenario, sim_scenario_free);
  return scenario;
}

SimScenario *
sim_scenario_load (const gchar *path, GError **error)
{
  SimScenario *scenario;
  gchar *text, *directory;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  directory = g_path_get_dirname (path);
  scenario = sim_scenario_parse (text, path, directory, error);
  if (scenario != NULL) {
    gchar *dot;

    g_free (scenario->name);
    scenario->name = g_path_get_basename (path);
    dot = strrchr (scenario->name, '.');
    if (dot != NULL)
      *dot = '\0';
  }
  g_free (directory);
  g_free (text);
  return scenario;
}

/* ---- Overrides --------------------------------------------------------- */

static gboolean
set_one (SimScenario *scenario, const gchar *whose, const gchar *key,
    const gchar *value, GError **error)
{
  gboolean known = g_str_equal (whose, "caller")
      || g_str_equal (whose, "uplink");
  guint i;

  if (g_str_equal (whose, "scenario"))
    return sim_scenario_set_key (scenario, key, value, error);
  for (i = 0; i < scenario->callers->len; i++) {
    SimCallerSpec *caller = g_ptr_array_index (scenario->callers, i);

    if (!g_str_equal (whose, "caller") && !g_str_equal (whose, caller->name))
      continue;
    known = TRUE;
    if (!sim_scenario_set_caller_key (caller, key, value, error))
      return FALSE;
  }
  for (i = 0; i < scenario->uplinks->len; i++) {
    SimUplinkSpec *uplink = g_ptr_array_index (scenario->uplinks, i);

    if (!g_str_equal (whose, "uplink") && !g_str_equal (whose, uplink->name))
      continue;
    known = TRUE;
    if (!sim_scenario_set_uplink_key (scenario, uplink, key, value, error))
      return FALSE;
  }
  return known || sim_fail (error, "no caller or uplink \"%s\"", whose);
}

gboolean
sim_scenario_set (SimScenario *scenario, const gchar *assignment,
    GError **error)
{
  gchar *text = g_strdup (assignment);
  const gchar *path, *value;
  gboolean good = split (text, &path, &value, error);

  if (good) {
    gchar *dot = strchr (path, '.');

    if (dot == NULL) {
      good = sim_fail (error, "\"%s\": WHOSE.KEY=VALUE was expected", assignment);
    } else {
      *dot = '\0';
      good = set_one (scenario, path, dot + 1, value, error)
          && check (scenario, error);
    }
  }
  g_free (text);
  return good;
}
