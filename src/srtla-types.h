/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every module of the bonding core shares: time, limits, the packet
 * handed through, and the states of an uplink.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A moment or a span in µs. The owner of the core chooses the clock; it must
 * not run backwards. The core never reads one itself. */
typedef guint64 SrtlaTime;

#define SRTLA_MILLISECOND G_GUINT64_CONSTANT (1000)
#define SRTLA_SECOND      G_GUINT64_CONSTANT (1000000)
/* "Never", for deadlines. */
#define SRTLA_TIME_NONE   G_MAXUINT64

/* Uplinks live in numbered slots, so that a set of them fits one word. */
#define SRTLA_MAX_UPLINKS 64
#define SRTLA_NO_UPLINK   G_MAXUINT

/* SRT callers that one bond keeps apart. */
#define SRTLA_MAX_CALLERS 16
#define SRTLA_NO_CALLER   G_MAXUINT

/* Largest datagram that deployed receivers take, bytes. */
#define SRTLA_MAX_DATAGRAM 1500
/* An SRT header, bytes: a shorter datagram is not SRT. */
#define SRTLA_SRT_HEADER   16
/* Carrier NATs drop tiny datagrams: ours are zero-padded to this size. */
#define SRTLA_MIN_DATAGRAM 32
/* A group id, bytes: the first half is the sender's, the second the receiver's. */
#define SRTLA_GROUP_ID     256

/* Fills `bytes` with `size` random bytes. The owner of the core supplies it:
 * the system's CSPRNG in the element, a seeded generator in tests. */
typedef void (*SrtlaRandomFunc) (guint8 *bytes, gsize size, gpointer user_data);

/* An SRT packet on its way through the core. The bytes stay where they are;
 * `owner` is what keeps them alive (a GstBuffer in the element) and is opaque
 * to the core. */
typedef struct
{
  const guint8 *data;
  gsize size;                   /* bytes */
  gpointer owner;
} SrtlaPacket;

typedef enum
{
  SRTLA_UPLINK_CLOSED,          /* no socket: not bound yet, or binding failed */
  SRTLA_UPLINK_PROBING,         /* looking for a receiver, or waiting for a group */
  SRTLA_UPLINK_REGISTERING,     /* REG1 or REG2 with the group's id is on its way */
  SRTLA_UPLINK_REFUSED,         /* REG_ERR came: backing off */
  SRTLA_UPLINK_UP,              /* REG3 came: carries packets */
  SRTLA_UPLINK_DOWN,            /* was up, fell silent: REG2 is repeated */
} SrtlaUplinkState;

#define SRTLA_UPLINK_STATES (SRTLA_UPLINK_DOWN + 1)

/* Returns: the state's name as statistics and messages show it ("up"). */
const gchar *srtla_uplink_state_name (SrtlaUplinkState state);

/* Which of the packets that arrive over an uplink its receiver's SRTLA ACKs
 * name, as far as that is known by now. */
typedef enum
{
  SRTLA_COVERAGE_UNKNOWN,
  SRTLA_COVERAGE_NONE,          /* packets arrive, and no SRTLA ACK came */
  SRTLA_COVERAGE_SOME,          /* much is left out */
  SRTLA_COVERAGE_ALL,
} SrtlaCoverage;

#define SRTLA_COVERAGES (SRTLA_COVERAGE_ALL + 1)

/* Returns: its name as statistics show it ("all"). */
const gchar *srtla_coverage_name (SrtlaCoverage coverage);

G_END_DECLS
