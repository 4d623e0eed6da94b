/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registration on one side, a receiver core on the other, and a network in
 * between that delays, loses, doubles and reorders, all in virtual time. Every
 * uplink has a source port; a rebind gives it another one.
 */
#pragma once

#include "srtla-receiver.h"
#include "srtla-registration.h"

#include "testing.h"

G_BEGIN_DECLS

#define NET_UPLINKS 8
#define NET_START (100 * SRTLA_SECOND)
/* Like the bond: a keepalive a second, and an uplink is lost after this. */
#define NET_SILENCE (4 * SRTLA_SECOND)

typedef struct
{
  gboolean used;
  SrtlaPeer port;               /* 0 = closed */
  gboolean asked;               /* REG1 left this port and has no answer yet */
  SrtlaUplinkState state;       /* as told by the state function */
  SrtlaTime last_heard;         /* echo or REG3 */
  SrtlaTime next_keepalive;
  SrtlaTime reopen_at;          /* after a rebind that takes its time; or NONE */
} NetUplink;

typedef struct
{
  SrtlaRegistration *registration;
  SrtlaReceiver *receiver;      /* NULL = not running */
  SrtlaBehaviour behaviour;
  GRand *rand;
  SrtlaTime now;
  GString *trace;               /* one line for each datagram and state */

  /* The way there and back, for registration datagrams. */
  SrtlaTime delay[NET_UPLINKS]; /* one way */
  SrtlaTime jitter;             /* at most this is put on top */
  guint loss, doubling;         /* percent */
  guint drop_nth;               /* the only one to be lost; 0 = none */
  guint double_nth;             /* the only one to come twice; 0 = none */
  SrtlaTime double_after;       /* how much later its copy comes */
  SrtlaTime rebind_takes;       /* at most; 0 = at once */
  gboolean keepalives;          /* uplinks that are up live on echoes */

  guint n_datagrams;            /* registration datagrams sent, both ways */
  GQueue *flying;
  guint64 serial;
  SrtlaPeer last_port;
  NetUplink uplinks[NET_UPLINKS];
} Net;

/* uplinks: how many there are from the start, all open at net_open(). RTT
 * 50 ms, nothing is lost. */
Net *net_new (SrtlaBehaviour behaviour, guint uplinks, GRand *rand);
void net_free (Net *net);

void net_add (Net *net, guint uplink);
void net_remove (Net *net, guint uplink);
void net_open (Net *net, guint uplink);
void net_open_all (Net *net);
void net_close (Net *net, guint uplink);
void net_lost (Net *net, guint uplink);
void net_restart_receiver (Net *net);
/* A datagram comes in on an uplink out of nowhere. */
SrtlaRegistrationVerdict net_inject (Net *net, guint uplink, SrtlaKind kind,
    const guint8 *data, gsize size);
/* Sends what registration has queued; after calls to it that are not above. */
void net_take (Net *net);

/* Returns: the bytes of an element of net->flying. */
const guint8 *net_flight_data (gconstpointer flight);

/* Runs for so many ms; or until enough uplinks are up, at most so long.
 * Returns: whether they are. */
void net_run (Net *net, guint milliseconds);
gboolean net_run_until_up (Net *net, guint uplinks, guint milliseconds);
guint net_count_up (const Net *net);
guint net_count_open (const Net *net);
/* Returns: ms since the start. */
guint net_elapsed (const Net *net);

SrtlaRegistrationStats net_stats (const Net *net);
/* Every uplink that is up must be one at the receiver too. */
void net_assert_members (const Net *net);
/* Fails the test, and says what happened. */
void net_fail (const Net *net, const gchar *what);
/* Compares the whole trace, and empties it. */
void net_expect_trace (Net *net, const gchar *expected);

/* ---- Tests, run in each behaviour -------------------------------------- */

typedef struct
{
  GRand *rand;
  SrtlaBehaviour behaviour;
} NetFixture;

typedef struct
{
  const gchar *name;
  void (*test) (NetFixture *fixture, gconstpointer data);
  gboolean needs_errors;        /* makes no sense where there is no REG_ERR */
} NetTest;

void net_add_tests (const gchar *prefix, const NetTest *tests, guint n_tests);

G_END_DECLS
