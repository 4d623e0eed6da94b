/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pairs of ways to do one thing of the hot path: the plain one, and the one
 * that the code uses, or might. Each side does its part of the work for `n`
 * packets and says what CPU time that took.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const gchar *name;
  /* Returns: ns of CPU time for n packets, a multiple of PAIRS_TURN. */
  guint64 (*plain) (guint n);
  guint64 (*chosen) (guint n);
} Pair;

/* Packets of a loop turn, as 50 Mbit/s in bursts have them about. */
#define PAIRS_TURN 8

/* Each ends with an entry without a name. */
extern const Pair pairs_core[];
extern const Pair pairs_system[];
extern const Pair pairs_glib[];

/* Returns: ns of CPU time that this thread used so far. */
guint64 pairs_thread_time (void);
/* Returns: the same of all threads. */
guint64 pairs_process_time (void);

G_END_DECLS
