/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program that the demo starts and ends: it dies with us, tells on its
 * standard output when it is ready, and takes commands on its standard input.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _DemoTool DemoTool;

/* Starts argv[0] and waits, at most 5 s, for a line of output that begins with
 * `ready`. Iterates the default main context meanwhile. Returns: NULL, and the
 * error, if that line does not come. */
DemoTool *demo_tool_start (const gchar *const *argv, const gchar *ready,
    GError **error);

/* The same in a network namespace, by its descriptor. 0: in this one. */
DemoTool *demo_tool_start_in (gint namespace, const gchar *const *argv,
    const gchar *ready, GError **error);

/* Writes a line to its standard input. Returns: FALSE if it is gone. */
gboolean demo_tool_command (DemoTool *tool, const gchar *line);

/* Returns: FALSE once it ended by itself. */
gboolean demo_tool_is_running (DemoTool *tool);

/* Returns: its process's number, the tool's; NULL once it was waited for, or of
 * no tool. */
const gchar *demo_tool_process (DemoTool *tool);

/* Ends it: asks, waits, insists. Accepts NULL. */
void demo_tool_stop (DemoTool *tool);

/* For a program of the tests that is started by hand: what they get from meson,
 * tools and plugin, is found next to it, unless the environment says where.
 * Returns: the program's directory, to be freed. */
gchar *demo_tool_find_all (void);

/* Returns: a UDP port of 127.0.0.1 that nobody has just now, never the same
 * twice. */
guint16 demo_free_port (void);

G_END_DECLS
