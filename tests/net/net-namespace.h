/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two network namespaces of our own: the *sender's*, in which the program is
 * from then on, and the *receiver's*. They have no name and end with the last
 * process in them. Root makes them at once; others first make a user namespace
 * in which they are root.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint sender, receiver;        /* file descriptors, for as long as we run */
} NetNamespaces;

/* Makes them and enters the sender's, loopback up in both. To be called first
 * thing in main(): a program with threads cannot. Returns: FALSE, and in
 * *reason (the caller's) why this system does not let us. */
gboolean net_namespaces_enter (NetNamespaces *namespaces, gchar **reason);

/* What main() returns where that failed: says so in TAP, as a test that is
 * skipped, or that has failed where CI=true. */
int net_namespaces_refused (const gchar *reason);

/* Moves the calling thread to a namespace. Its sockets are there. */
void net_namespace_join (gint namespace);

/* Calls func (data) in a namespace and waits for it. It must not start threads
 * that open sockets themselves. */
void net_namespace_call (gint namespace, void (*func) (gpointer data),
    gpointer data);

/* A GSpawnChildSetupFunc; user_data is the descriptor as a pointer. */
void net_namespace_child_setup (gpointer user_data);

/* Runs iproute2's `ip`, `ip -6` or `tc` (program) over lines of commands in a namespace.
 * Returns: FALSE with an error that has what it says. */
gboolean net_namespace_batch (gint namespace, const gchar *program,
    const gchar *commands, GError **error);

G_END_DECLS
