/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlauplinks.h"

/* The one by the routing table. */
#define SOURCE_DEFAULT (1u << 3)

typedef struct
{
  GstSrtlaUplink *uplink;
  guint sources;                /* GstSrtlaSource bits */
} Entry;

struct _GstSrtlaUplinks
{
  GstObject *element;
  gint generation;              /* atomic */

  GMutex lock;                  /* of all below */
  GArray *entries;              /* of Entry, in the order they came */
  gboolean emptied;             /* none, on request: no default either */
  gboolean file;                /* a file says which there are */
};

static Entry *
entry_at (GstSrtlaUplinks * uplinks, guint i)
{
  return &g_array_index (uplinks->entries, Entry, i);
}

static Entry *
find (GstSrtlaUplinks * uplinks, const gchar * spec)
{
  guint i;

  for (i = 0; i < uplinks->entries->len; i++) {
    Entry *entry = entry_at (uplinks, i);

    if (g_str_equal (gst_srtla_uplink_get_spec (entry->uplink), spec))
      return entry;
  }
  return NULL;
}

/* Returns: the smallest number no uplink has. */
static guint
free_number (GstSrtlaUplinks * uplinks)
{
  guint number, i;

  for (number = 0;; number++) {
    for (i = 0; i < uplinks->entries->len; i++) {
      if (gst_srtla_uplink_get_number (entry_at (uplinks, i)->uplink) == number)
        break;
    }
    if (i == uplinks->entries->len)
      return number;
  }
}

static void
drop_unnamed (GstSrtlaUplinks * uplinks, GstSrtlaUplinksChange * change)
{
  guint i = 0;

  while (i < uplinks->entries->len) {
    GstSrtlaUplink *uplink = entry_at (uplinks, i)->uplink;

    if (entry_at (uplinks, i)->sources != 0) {
      i++;
      continue;
    }
    g_ptr_array_add (change->removed, gst_object_ref (uplink));
    g_array_remove_index (uplinks->entries, i);
    gst_object_unparent (GST_OBJECT (uplink));
  }
}

static void
name (GstSrtlaUplinks * uplinks, const gchar * spec, guint source,
    GstSrtlaUplinksChange * change)
{
  Entry *entry = find (uplinks, spec);
  Entry fresh = { NULL, source };

  if (entry != NULL) {
    entry->sources |= source;
    return;
  }
  fresh.uplink = gst_srtla_uplink_new (free_number (uplinks), spec);
  gst_object_set_parent (GST_OBJECT (fresh.uplink), uplinks->element);
  g_array_append_val (uplinks->entries, fresh);
  g_ptr_array_add (change->added, gst_object_ref (fresh.uplink));
}

static void
change_init (GstSrtlaUplinksChange * change)
{
  change->added = g_ptr_array_new_with_free_func (gst_object_unref);
  change->removed = g_ptr_array_new_with_free_func (gst_object_unref);
}

/* Takes `source` off all entries and names `specs` instead. With the lock. */
static void
replace (GstSrtlaUplinks * uplinks, guint source, gchar * const *specs,
    GstSrtlaUplinksChange * change)
{
  Entry *unnamed;
  guint i, named = 0;

  for (i = 0; i < uplinks->entries->len; i++)
    entry_at (uplinks, i)->sources &= ~(source | SOURCE_DEFAULT);
  for (i = 0; specs != NULL && specs[i] != NULL; i++) {
    Entry *entry = find (uplinks, specs[i]);

    if (entry != NULL)
      entry->sources |= source;
  }
  for (i = 0; i < uplinks->entries->len; i++)
    named += entry_at (uplinks, i)->sources != 0;

  /* Those that go make room for the names of those that come. */
  unnamed = find (uplinks, "");
  if (named == 0 && (specs == NULL || specs[0] == NULL)
      && !uplinks->emptied && !uplinks->file && unnamed != NULL)
    unnamed->sources = SOURCE_DEFAULT;
  drop_unnamed (uplinks, change);
  for (i = 0; specs != NULL && specs[i] != NULL; i++)
    name (uplinks, specs[i], source, change);
  if (uplinks->entries->len == 0 && !uplinks->emptied && !uplinks->file)
    name (uplinks, "", SOURCE_DEFAULT, change);
}

GstSrtlaUplinks *
gst_srtla_uplinks_new (GstObject * element)
{
  GstSrtlaUplinks *uplinks = g_new0 (GstSrtlaUplinks, 1);
  GstSrtlaUplinksChange change;

  uplinks->element = element;
  g_mutex_init (&uplinks->lock);
  uplinks->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  gst_srtla_uplinks_set (uplinks, GST_SRTLA_SOURCE_PROPERTY, NULL, &change);
  gst_srtla_uplinks_change_clear (&change);
  return uplinks;
}

void
gst_srtla_uplinks_free (GstSrtlaUplinks * uplinks)
{
  guint i;

  for (i = 0; i < uplinks->entries->len; i++)
    gst_object_unparent (GST_OBJECT (entry_at (uplinks, i)->uplink));
  g_array_free (uplinks->entries, TRUE);
  g_mutex_clear (&uplinks->lock);
  g_free (uplinks);
}

void
gst_srtla_uplinks_set (GstSrtlaUplinks * uplinks, GstSrtlaSource source,
    gchar * const *specs, GstSrtlaUplinksChange * change)
{
  change_init (change);
  g_mutex_lock (&uplinks->lock);
  if (source == GST_SRTLA_SOURCE_FILE)
    uplinks->file = specs != NULL;
  else
    uplinks->emptied = FALSE;
  replace (uplinks, source, specs, change);
  g_mutex_unlock (&uplinks->lock);
}

gboolean
gst_srtla_uplinks_add (GstSrtlaUplinks * uplinks, const gchar * spec,
    GstSrtlaUplinksChange * change)
{
  gboolean is_new;
  Entry *entry;
  guint i;

  change_init (change);
  g_mutex_lock (&uplinks->lock);
  for (i = 0; i < uplinks->entries->len; i++)
    entry_at (uplinks, i)->sources &= ~SOURCE_DEFAULT;
  entry = find (uplinks, spec);
  is_new = entry == NULL || entry->sources == 0;
  if (entry != NULL)
    entry->sources |= GST_SRTLA_SOURCE_SIGNAL;
  drop_unnamed (uplinks, change);
  name (uplinks, spec, GST_SRTLA_SOURCE_SIGNAL, change);
  uplinks->emptied = FALSE;
  g_mutex_unlock (&uplinks->lock);
  return is_new;
}

gboolean
gst_srtla_uplinks_remove (GstSrtlaUplinks * uplinks, const gchar * spec,
    GstSrtlaUplinksChange * change)
{
  Entry *entry;
  gboolean gone;

  change_init (change);
  g_mutex_lock (&uplinks->lock);
  entry = find (uplinks, spec);
  if (entry != NULL)
    entry->sources &= GST_SRTLA_SOURCE_FILE;
  gone = entry != NULL && entry->sources == 0;
  drop_unnamed (uplinks, change);
  if (gone && uplinks->entries->len == 0)
    uplinks->emptied = TRUE;
  g_mutex_unlock (&uplinks->lock);
  return gone;
}

void
gst_srtla_uplinks_change_clear (GstSrtlaUplinksChange * change)
{
  g_clear_pointer (&change->added, g_ptr_array_unref);
  g_clear_pointer (&change->removed, g_ptr_array_unref);
}

void
gst_srtla_uplinks_publish (GstSrtlaUplinks * uplinks)
{
  g_atomic_int_inc (&uplinks->generation);
}

gint
gst_srtla_uplinks_get_generation (GstSrtlaUplinks * uplinks)
{
  return g_atomic_int_get (&uplinks->generation);
}

GPtrArray *
gst_srtla_uplinks_list (GstSrtlaUplinks * uplinks)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (gst_object_unref);
  guint i;

  g_mutex_lock (&uplinks->lock);
  for (i = 0; i < uplinks->entries->len; i++)
    g_ptr_array_add (list, gst_object_ref (entry_at (uplinks, i)->uplink));
  g_mutex_unlock (&uplinks->lock);
  return list;
}

gchar *
gst_srtla_uplinks_get_text (GstSrtlaUplinks * uplinks, GstSrtlaSource source)
{
  GString *text = NULL;
  guint i;

  g_mutex_lock (&uplinks->lock);
  for (i = 0; i < uplinks->entries->len; i++) {
    Entry *entry = entry_at (uplinks, i);

    if ((entry->sources & source) == 0)
      continue;
    if (text == NULL)
      text = g_string_new (gst_srtla_uplink_get_spec (entry->uplink));
    else
      g_string_append_printf (text, ",%s",
          gst_srtla_uplink_get_spec (entry->uplink));
  }
  g_mutex_unlock (&uplinks->lock);
  return text ? g_string_free (text, FALSE) : NULL;
}
