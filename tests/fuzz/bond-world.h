/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bond in a world of the fuzzer's making: SRT callers and their server,
 * uplinks with sockets that fail, a receiver that answers or does not, and time.
 * Sequence numbers, ids and sizes are few and small, so that things meet.
 */
#pragma once

#include "fuzz.h"

#include "srtla-bond-private.h"

G_BEGIN_DECLS

#define WORLD_CALLERS 4
#define WORLD_REMEMBERED 64     /* numbers of packets sent, of each uplink */
#define WORLD_EGRESS 64         /* packets that wait for sockets */

typedef struct
{
  guint references;
  gsize size;
  guint8 data[];
} WorldPacket;

typedef struct
{
  gboolean used;
  guint8 control[SRTLA_MAX_DATAGRAM];   /* the latest of ours that went there */
  gsize control_size;
  guint32 sent[WORLD_REMEMBERED];
  guint n_sent;                 /* in all */
} WorldUplink;

typedef struct
{
  SrtlaBond *bond;
  SrtlaTime now;
  guint32 random;
  guint packets;                /* that anybody still refers to */
  WorldUplink uplinks[SRTLA_MAX_UPLINKS];
  guint32 next[WORLD_CALLERS];  /* sequence numbers */
  guint8 group[SRTLA_GROUP_ID];
  gboolean knows_group;         /* the receiver does */
  guint32 stamp;                /* makes each control packet another */

  /* What becomes of packets: */
  guint fail_every;             /* each so-manieth one; 0 = none */
  SrtlaSendResult failure;
  gboolean reports_sent;        /* also those that go */
  gboolean ignores_rebinds;
  SrtlaTime ahead;              /* packets come after the time that is told */
  guint hold;                   /* pushes until outputs are taken */
  guint taken;                  /* PACKET outputs so far */
  gboolean sockets_are_slow;    /* packets wait for them */
  SrtlaOutput egress[WORLD_EGRESS];     /* those, in order */
  guint n_egress;
} World;

World *world_new (FuzzInput *input);
/* Ends it, and checks that each reference came back. */
void world_free (World *world);

/* Does what the next bytes say. */
void world_step (World *world, FuzzInput *input);
/* Takes outputs and events as their owner would. */
void world_take (World *world);

/* In bond-world-outputs.c: gives up what waits for an uplink's socket, or for any
 * (SRTLA_NO_UPLINK); likewise, and closes it. */
void world_empty (World *world, guint slot, SrtlaSendResult result);
void world_close (World *world, guint slot, const gchar *reason);
/* Drops a reference on a WorldPacket. */
void world_release (gpointer owner, gpointer user_data);

/* What must hold whatever happened; outputs must have been taken. */
void world_check (World *world);

G_END_DECLS
