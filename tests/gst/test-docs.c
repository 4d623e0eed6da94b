/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * docs/element.md names what the element has, and nothing else. Its tables are
 * known by the first cell of their heads; in backquotes in the first cell of a
 * row is a name, the second cell begins with its type.
 */
#include <string.h>

#include "element-testing.h"

typedef struct
{
  GPtrArray *names;
  GPtrArray *second, *third;    /* cells */
} Table;

static void
table_clear (Table *table)
{
  g_ptr_array_unref (table->names);
  g_ptr_array_unref (table->second);
  g_ptr_array_unref (table->third);
}

/* Appends the name in the first cell of a row, and the cells after it. */
static void
read_row (Table *table, gchar **cells)
{
  gchar **first = g_strsplit (cells[1], "`", 3);

  if (g_strv_length (first) != 3 || strchr (first[2], '`') != NULL)
    g_error ("one name a row: %s", cells[1]);
  g_ptr_array_add (table->names, g_strdup (first[1]));
  g_ptr_array_add (table->second, g_strstrip (g_strdup (cells[2])));
  g_ptr_array_add (table->third, g_strstrip (g_strdup (cells[3] != NULL
              ? cells[3] : "")));
  g_strfreev (first);
}

/* Reads the table whose head begins with `head`; it must be there. */
static void
read_table (const gchar *head, Table *table)
{
  const gchar *path = g_getenv ("SRTLA_TEST_ELEMENT_DOCS");
  gchar *begin = g_strdup_printf ("| %s |", head), *text;
  GError *error = NULL;
  gboolean inside = FALSE;
  gchar **lines;
  guint i;

  g_assert_nonnull (path);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  table->names = g_ptr_array_new_with_free_func (g_free);
  table->second = g_ptr_array_new_with_free_func (g_free);
  table->third = g_ptr_array_new_with_free_func (g_free);
  lines = g_strsplit (text, "\n", 0);
  for (i = 0; lines[i] != NULL; i++) {
    if (g_str_has_prefix (lines[i], begin)) {
      inside = TRUE;
      i++;                      /* the line below the head */
    } else if (inside && g_str_has_prefix (lines[i], "|")) {
      gchar **cells = g_strsplit (lines[i], "|", 0);

      read_row (table, cells);
      g_strfreev (cells);
    } else {
      inside = FALSE;
    }
  }
  if (table->names->len == 0)
    g_error ("%s has no table with “%s”", path, begin);
  g_strfreev (lines);
  g_free (text);
  g_free (begin);
}

/* Returns: the row of that name; there must be exactly one. */
static guint
find_row (const Table *table, const gchar *name)
{
  guint i, row = 0, found = 0;

  for (i = 0; i < table->names->len; i++) {
    if (strcmp (table->names->pdata[i], name) == 0) {
      row = i;
      found++;
    }
  }
  if (found != 1)
    g_error ("%s: in %u rows of the documentation", name, found);
  return row;
}

/* For what is there: `count` names, each of which find_row() has found. */
static void
expect_no_more (const Table *table, guint count)
{
  if (table->names->len != count)
    g_error ("the documentation has %u rows, from %s on, for %u names",
        table->names->len, (gchar *) table->names->pdata[0], count);
}

static void
expect_type (const Table *table, guint row, const gchar *type)
{
  gchar **words = g_strsplit (table->second->pdata[row], ",", 2);

  if (strcmp (words[0], type) != 0)
    g_error ("%s is documented as %s, but is %s",
        (gchar *) table->names->pdata[row], words[0], type);
  g_strfreev (words);
}

static guint
count_character (const gchar *text, gchar character)
{
  guint count = 0;

  for (; *text != '\0'; text++)
    count += *text == character;
  return count;
}

static const gchar *
type_word (GType type)
{
  if (g_type_is_a (type, G_TYPE_ENUM))
    return "enum";
  if (type == G_TYPE_STRING)
    return "string";
  if (type == G_TYPE_BOOLEAN)
    return "boolean";
  if (type == GST_TYPE_ARRAY)
    return "array";
  if (type == G_TYPE_UINT)
    return "uint";
  if (type == G_TYPE_INT)
    return "int";
  if (type == G_TYPE_DOUBLE)
    return "double";
  return g_type_name (type);    /* GSocket, GstStructure, guint64 */
}

/* ---- Properties and signals ----------------------------------------------- */

static gchar *
default_text (GParamSpec *spec)
{
  const GValue *value = g_param_spec_get_default_value (spec);

  if (G_VALUE_HOLDS_UINT (value) || G_VALUE_HOLDS_BOOLEAN (value)
      || G_VALUE_HOLDS_ENUM (value))
    return gst_value_serialize (value);
  return g_strdup ("–");
}

static void
check_properties (GType type, const gchar *head, gboolean with_defaults)
{
  GObjectClass *klass = g_type_class_ref (type);
  GParamSpec **specs;
  guint n_specs, i, row, own = 0;
  Table table;

  read_table (head, &table);
  specs = g_object_class_list_properties (klass, &n_specs);
  for (i = 0; i < n_specs; i++) {
    gchar *text;

    if (specs[i]->owner_type != type)
      continue;
    own++;
    row = find_row (&table, specs[i]->name);
    expect_type (&table, row, type_word (specs[i]->value_type));
    text = default_text (specs[i]);
    if (with_defaults)
      g_assert_cmpstr (table.third->pdata[row], ==, text);
    g_free (text);
  }
  expect_no_more (&table, own);
  g_free (specs);
  g_type_class_unref (klass);
  table_clear (&table);
}

static void
test_properties (Fixture *fixture, gconstpointer data)
{
  GObject *child = gst_child_proxy_get_child_by_index (GST_CHILD_PROXY
      (fixture->element), 0);
  GstPad *pad = gst_element_get_static_pad (fixture->element, "sink");

  (void) data;
  check_properties (G_OBJECT_TYPE (fixture->element), "property", TRUE);
  check_properties (G_OBJECT_TYPE (child), "child property", FALSE);
  check_properties (G_OBJECT_TYPE (pad), "pad property", TRUE);
  gst_object_unref (pad);
  g_object_unref (child);
}

static void
test_signals (Fixture *fixture, gconstpointer data)
{
  guint n_ids, i;
  guint *ids = g_signal_list_ids (G_OBJECT_TYPE (fixture->element), &n_ids);
  Table table;

  (void) data;
  read_table ("signal", &table);
  for (i = 0; i < n_ids; i++) {
    GSignalQuery query;
    const gchar *arguments;
    guint j, row;

    g_signal_query (ids[i], &query);
    row = find_row (&table, query.signal_name);
    arguments = table.second->pdata[row];
    g_assert_cmpuint (count_character (arguments, '*'), ==, query.n_params);
    for (j = 0; j < query.n_params; j++)
      g_assert_nonnull (strstr (arguments, query.param_types[j] == G_TYPE_STRING
              ? "gchar" : query.param_types[j] == GST_TYPE_STRUCTURE
              ? "GstStructure" : "GstObject"));
    g_assert_cmpint (strstr (arguments, "gboolean") != NULL, ==,
        query.return_type == G_TYPE_BOOLEAN);
  }
  expect_no_more (&table, n_ids);
  g_free (ids);
  table_clear (&table);
}

static void
test_states (void)
{
  /* Those that only the element knows. */
  static const gchar *const more[] = { "failed", "stalled" };
  Table table;
  guint i;

  read_table ("state", &table);
  for (i = 0; i < SRTLA_UPLINK_STATES; i++)
    find_row (&table, srtla_uplink_state_name (i));
  for (i = 0; i < G_N_ELEMENTS (more); i++)
    find_row (&table, more[i]);
  expect_no_more (&table, SRTLA_UPLINK_STATES + G_N_ELEMENTS (more));
  table_clear (&table);
}

/* ---- Statistics ------------------------------------------------------------ */

static void
check_fields (const GstStructure *structure, const gchar *head)
{
  guint n_fields = (guint) gst_structure_n_fields (structure), i;
  Table table;

  read_table (head, &table);
  for (i = 0; i < n_fields; i++) {
    const gchar *name = gst_structure_nth_field_name (structure, i);

    /* In the same order too. */
    g_assert_cmpuint (find_row (&table, name), ==, i);
    expect_type (&table, i, type_word (gst_structure_get_field_type (structure,
                name)));
  }
  expect_no_more (&table, n_fields);
  table_clear (&table);
}

static void
check_first (Fixture *fixture, const gchar *array, const gchar *head)
{
  GstStructure *stats = NULL;
  const GValue *list;

  g_object_get (fixture->element, "stats", &stats, NULL);
  list = gst_structure_get_value (stats, array);
  g_assert_cmpuint (gst_value_array_get_size (list), >, 0);
  check_fields (gst_value_get_structure (gst_value_array_get_value (list, 0)),
      head);
  gst_structure_free (stats);
}

static void
test_statistics (Fixture *fixture, gconstpointer data)
{
  GstStructure *stats = NULL, *uplink;

  (void) data;
  g_object_get (fixture->element, "stats", &stats, NULL);
  check_fields (stats, "field");
  gst_structure_free (stats);
  check_first (fixture, "classes", "class field");
  fixture_play (fixture, 2);
  check_first (fixture, "flows", "flow field");
  uplink = fixture_uplink_stats (fixture, "127.0.0.2");
  check_fields (uplink, "uplink field");
  gst_structure_free (uplink);
}

/* ---- Messages --------------------------------------------------------------- */

/* The row names the fields of the message, and no others. */
static void
check_message_fields (const Table *table, const GstStructure *structure)
{
  guint row = find_row (table, gst_structure_get_name (structure)), i;
  guint n_fields = (guint) gst_structure_n_fields (structure);
  const gchar *named = table->second->pdata[row];

  if (gst_structure_has_name (structure, "srtla-stats"))
    return;                     /* "those of `stats`" */
  g_assert_cmpuint (count_character (named, '`'), ==, 2 * n_fields);
  for (i = 0; i < n_fields; i++) {
    gchar *field = g_strdup_printf ("`%s`", gst_structure_nth_field_name
        (structure, i));

    g_assert_nonnull (strstr (named, field));
    g_free (field);
  }
}

/* A session in which each of them is posted. */
static void
test_messages (Fixture *fixture, gconstpointer data)
{
  gboolean done = FALSE;
  Table table;
  guint i;

  (void) data;
  read_table ("message", &table);
  fixture_play (fixture, 2);
  g_signal_emit_by_name (fixture->element, "add-uplink", "127.0.0.4", &done);
  g_assert_true (done);
  g_signal_emit_by_name (fixture->element, "remove-uplink", "127.0.0.4", &done);
  g_assert_true (done);
  g_object_set (fixture->element, "stats-interval", 10, NULL);
  gst_message_unref (record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
          "srtla-stats"));
  gst_element_set_state (fixture->element, GST_STATE_NULL);
  for (i = 0; i < table.names->len; i++) {
    GstMessage *message;

    if (strcmp (table.names->pdata[i], "srtla-stats") == 0)
      continue;
    message = record_wait (&fixture->record, GST_MESSAGE_ELEMENT,
        table.names->pdata[i]);
    check_message_fields (&table, gst_message_get_structure (message));
    gst_message_unref (message);
  }

  /* And no others. */
  g_mutex_lock (&fixture->record.lock);
  for (i = 0; i < fixture->record.messages->len; i++) {
    GstMessage *message = g_ptr_array_index (fixture->record.messages, i);

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT)
      check_message_fields (&table, gst_message_get_structure (message));
  }
  g_mutex_unlock (&fixture->record.lock);
  table_clear (&table);
}

static void
add_tests (void)
{
  fixture_add_test ("/docs/properties", test_properties);
  fixture_add_test ("/docs/signals", test_signals);
  g_test_add_func ("/docs/states", test_states);
  fixture_add_test ("/docs/statistics", test_statistics);
  fixture_add_test ("/docs/messages", test_messages);
}

int
main (int argc, char **argv)
{
  return testing_main (argc, argv, add_tests);
}
