/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The paths through the relay: one for each source address, whatever ports it
 * uses, and each direction a link like those of the simulator: a bounded queue
 * served at a rate, loss, delay and jitter, silence. No socket and no clock.
 */
#pragma once

#include "sim-link.h"

G_BEGIN_DECLS

typedef struct _RelayShaper RelayShaper;
typedef struct _RelayPath RelayPath;

typedef enum
{
  RELAY_OUT = 1 << 0,           /* to the server */
  RELAY_BACK = 1 << 1,
  RELAY_BOTH = RELAY_OUT | RELAY_BACK,
} RelayDirections;

/* Paths pass everything at once until told otherwise. The seed is for loss and
 * jitter. */
RelayShaper *relay_shaper_new (guint64 seed);
void relay_shaper_free (RelayShaper *shaper);

/* Returns: the path of an address, the shaper's; made if it is new. */
RelayPath *relay_shaper_find (RelayShaper *shaper, const gchar *address,
    SrtlaTime now);

/* Obeys an order about an address, or "all": those to come as well. Verbs and
 * arguments are those of udp-relay's commands. Returns: FALSE if it makes no
 * sense; nothing changed then. */
gboolean relay_shaper_order (RelayShaper *shaper, const gchar *verb,
    const gchar *address, const gchar *const *arguments, SrtlaTime now);

/* Up to SRTLA_MAX_DATAGRAM bytes; `client` comes out again with them. */
void relay_shaper_push (RelayShaper *shaper, RelayPath *path,
    RelayDirections direction, guint64 client, const guint8 *data, gsize size,
    SrtlaTime now);

typedef struct
{
  SimPacket *packet;            /* the taker's; its tag is the client */
  RelayDirections direction;
  SrtlaTime due;                /* when it arrives */
} RelayArrival;

/* In the order of arrival over all paths. Returns: FALSE if there is no more
 * by now. */
gboolean relay_shaper_pop (RelayShaper *shaper, SrtlaTime now,
    RelayArrival *arrival);
/* Returns: when to pop again; SRTLA_TIME_NONE: after the next push. */
SrtlaTime relay_shaper_deadline (const RelayShaper *shaper);

G_END_DECLS
