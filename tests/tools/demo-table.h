/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The demo's live table of uplinks: on a terminal it stays in its place and
 * is written anew, elsewhere one follows the other.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Shows what the `stats` of srtlasink say at `second`. */
void demo_table_show (guint second, const GstStructure *stats);

/* Prints a line that stays; the table goes on below it. */
void demo_table_print (const gchar *format, ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
