/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlafile.h"

#include <string.h>

static void
look (const gchar * path, struct stat *status)
{
  memset (status, 0, sizeof *status);
  if (path == NULL || stat (path, status) != 0)
    memset (status, 0, sizeof *status);
}

static gboolean
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino
      && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec
      && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec
      && a->st_ctim.tv_sec == b->st_ctim.tv_sec
      && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void
gst_srtla_file_watch_set (GstSrtlaFileWatch * watch, const gchar * path)
{
  if (g_strcmp0 (path, watch->path) == 0)
    return;
  g_free (watch->path);
  watch->path = g_strdup (path);
  watch->changed = FALSE;
  look (path, &watch->status);
}

gboolean
gst_srtla_file_watch_check (GstSrtlaFileWatch * watch)
{
  struct stat status;
  gboolean same;

  if (watch->path == NULL)
    return FALSE;
  look (watch->path, &status);
  same = is_same (&status, &watch->status);
  watch->status = status;
  if (!same) {
    watch->changed = TRUE;
    return FALSE;
  }
  if (!watch->changed)
    return FALSE;
  watch->changed = FALSE;
  return TRUE;
}
