/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario in real time: a world made of its uplinks, a bond in it, SRT at
 * both ends, its schedule.
 *
 *   SrtMeter ─► udpsrc ! srtlasink ═ emulated links ═► srtla-receiver ─► SrtMeter
 */
#pragma once

#include "net-result.h"

G_BEGIN_DECLS

typedef struct
{
  const gchar *scenario;        /* its file */
  const gchar *const *overrides;        /* "WHOSE.KEY=VALUE"; NULL: none */
  const gchar *mode;            /* NULL: the element's default */
  guint64 seed;
  const gchar *csv;             /* file for the links' statistics; NULL: none */
  gboolean with_ipv6;           /* the world has it, too, and the stream goes by it
                                 * unless the following say something else */
  const gchar *host;            /* where the receiver listens; NULL: its address */
  const gchar *name;            /* what the element is told of it; NULL: `host` */
  const gchar *uplinks;         /* NULL: the modems' addresses */
} NetSessionSettings;

typedef struct
{
  NetNamespaces namespaces;
  NetWorld *world;
  const SimScenario *scenario;  /* the world's */
  E2eBond bond;
  SrtMeter *meters[E2E_MAX_CALLERS];    /* of each caller; NULL: not begun */
  SrtMeter *listener;           /* the one that listens for all */
  guint64 seed;
  gint64 began;                 /* monotonic, µs: the schedule's time 0 */
  gint64 next_change;           /* µs after that; of the receiver */
  gint64 cpu_before[4];
} NetSession;

/* Starts everything but the stream and waits until all uplinks are up; then the
 * schedule's time begins. Returns: FALSE with an error: a scenario that only
 * the simulator can run, a system that cannot. What goes wrong later ends the
 * program. */
gboolean net_session_start (NetSession *session,
    const NetNamespaces *namespaces, const NetSessionSettings *settings,
    GError **error);

/* Lets the scenario happen up to that time, µs since its beginning. */
void net_session_run (NetSession *session, SrtlaTime until);

/* Ends the stream, waits for what is under way and says what came of it. */
void net_session_finish (NetSession *session, NetResult *result);
void net_session_clear (NetSession *session);

G_END_DECLS
