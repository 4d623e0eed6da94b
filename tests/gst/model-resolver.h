/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A GResolver that answers what a test tells it to, so that no name leaves the
 * machine. It is made the default of the process. Every name has the same
 * answer.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Makes it the default resolver, once. It knows nothing then. */
void model_resolver_install (void);

/* Names are `addresses` from now on, comma-separated; NULL: not found. */
void model_resolver_answer (const gchar *addresses);

/* Lookups that start from now on wait until this is FALSE again, or until they
 * are cancelled. */
void model_resolver_block (gboolean block);

/* Returns: how many lookups were started so far. */
guint model_resolver_lookups (void);

G_END_DECLS
