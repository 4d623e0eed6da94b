/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notices that a file changed, by its status alone. A change counts when the
 * file then stayed as it is from one look to the next: so half a file is not
 * read while it is being written.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

typedef struct
{
  gchar *path;                  /* NULL = nothing to watch */
  struct stat status;           /* all zero: the file is not there */
  gboolean changed;             /* and not yet told */
} GstSrtlaFileWatch;

/* What the file is like now is not a change. path: NULL for none. */
void gst_srtla_file_watch_set (GstSrtlaFileWatch * watch, const gchar * path);

/* Looks. Returns: TRUE once for each change. */
gboolean gst_srtla_file_watch_check (GstSrtlaFileWatch * watch);

G_END_DECLS
