/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A receiver core in virtual time, and what its tests expect of it. */
#pragma once

#include "srtla-receiver.h"

#include "testing.h"

G_BEGIN_DECLS

#define RECEIVER_MAX_GROUPS 200
#define RECEIVER_START (1000 * SRTLA_SECOND)
#define RECEIVER_NO_GROUP G_MAXUINT

typedef struct
{
  SrtlaReceiver *core;
  SrtlaBehaviour behaviour;
  GRand *rand;
  SrtlaTime now;
} ReceiverFixture;

/* What the table of docs/protocol.md says. */
typedef struct
{
  guint uplink_timeout, group_timeout, unused_timeout;  /* s */
  guint max_uplinks;            /* 0 = any */
  gsize short_size;
  gboolean refuses, acknowledges, naks_to_every, nak_repeated, pads;
  gsize own_keepalive;          /* bytes, 0 = none while all is well */
} ReceiverColumn;

extern const ReceiverColumn receiver_columns[SRTLA_BEHAVIOURS];

void receiver_expect_nothing (ReceiverFixture *fixture);
void receiver_expect_kind (ReceiverFixture *fixture,
    SrtlaReceiverOutputKind kind, SrtlaReceiverOutput *output);
/* Expects a datagram of ours for a peer. */
void receiver_expect_to (ReceiverFixture *fixture, SrtlaPeer peer,
    SrtlaKind kind, gsize size);
void receiver_expect_bytes_to (ReceiverFixture *fixture, SrtlaPeer peer,
    const guint8 *data, gsize size);
void receiver_expect_refusal (ReceiverFixture *fixture, SrtlaPeer peer);
void receiver_receive (ReceiverFixture *fixture, SrtlaPeer peer,
    const guint8 *data, gsize size);
void receiver_relay (ReceiverFixture *fixture, guint group, const guint8 *data,
    gsize size);
void receiver_send_registration (ReceiverFixture *fixture, SrtlaPeer peer,
    SrtlaKind kind, const guint8 *id);
/* A group, set up by `peer`. Returns: its number. */
guint receiver_make_group (ReceiverFixture *fixture, SrtlaPeer peer,
    guint8 *id);
void receiver_join (ReceiverFixture *fixture, SrtlaPeer peer, const guint8 *id);
/* A group of the peers 1 to n. */
guint receiver_make_uplinks (ReceiverFixture *fixture, guint n, guint8 *id);
/* Sends a data packet, which goes on unchanged. Whatever else came out is left
 * in the queue. */
void receiver_send_data (ReceiverFixture *fixture, SrtlaPeer peer, guint group,
    guint32 sequence);
SrtlaReceiverStats receiver_stats_of (ReceiverFixture *fixture);
/* Runs the clock on, and throws away what comes of it. */
void receiver_run_for (ReceiverFixture *fixture, SrtlaTime span);
/* Runs the clock on to the next deadline that has an output of that kind.
 * Returns: when that was, SRTLA_TIME_NONE if not within a minute. */
SrtlaTime receiver_run_until (ReceiverFixture *fixture,
    SrtlaReceiverOutputKind kind, SrtlaPeer peer, SrtlaReceiverOutput *found);

/* ---- Tests, run in each behaviour -------------------------------------- */

typedef struct
{
  const gchar *name;
  void (*test) (ReceiverFixture *fixture, gconstpointer data);
} ReceiverTest;

void receiver_add_tests (const gchar *prefix, const ReceiverTest *tests,
    guint n_tests);

G_END_DECLS
