/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream that goes on from a thread of its own while a test does things to
 * the uplinks; and what it does to them.
 */
#pragma once

#include "element-testing.h"

G_BEGIN_DECLS

typedef struct
{
  Fixture *fixture;
  GThread *thread;
  gint stop;
  guint32 pushed;               /* read it after stream_stop () */
} Stream;

/* Pushes packets from number 0 on, in bursts: one at a time all would go to the
 * uplink that is acknowledged first. It waits when too many are under way. In
 * classic mode every uplink gets its part of a burst; in the other one that is
 * enough for all may carry all, and here none has any limit. */
void stream_start (Stream *stream, Fixture *fixture, const gchar *mode);
/* Returns: how many packets were pushed. */
guint32 stream_stop (Stream *stream);
/* The same, and each of them arrives. */
void stream_stop_whole (Stream *stream);

/* The action signals. */
gboolean fixture_add_uplink (Fixture *fixture, const gchar *uplink);
gboolean fixture_remove_uplink (Fixture *fixture, const gchar *uplink);
/* Waits until `stats` does not name the uplink any more. */
void fixture_wait_gone (Fixture *fixture, const gchar *uplink);
/* Waits until the uplink carries packets that were not there before. */
void fixture_wait_carries (Fixture *fixture, const gchar *uplink);

G_END_DECLS
