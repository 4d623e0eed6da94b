/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What goes back to one SRT caller. Receivers relay an ACK to every uplink,
 * some a NAK too, some repeat it: byte-identical copies become one. A copy may
 * come late by seconds, so recognition goes by content, not by time: the SRT
 * peer stamps each ACK and NAK it makes with its own time.
 */
#pragma once

#include "srtla-packet.h"

G_BEGIN_DECLS

/* Remembered packets: sets × ways; a set is a cache line. At one ACK each 10 ms
 * and a NAK each 20 ms, 99 of 100 are still known after ten seconds. */
#define SRTLA_REPLIES_SETS 512
#define SRTLA_REPLIES_WAYS 8
/* A full ACK, and some: bytes that are compared as they are. */
#define SRTLA_REPLIES_SHORT 64

typedef struct
{
  guint64 seen[SRTLA_REPLIES_SETS][SRTLA_REPLIES_WAYS];   /* 0 = empty */
  guint8 next[SRTLA_REPLIES_SETS];      /* way that is overwritten next */
  guint8 latest[SRTLA_REPLIES_SHORT];   /* as it came */
  gsize latest_size;            /* 0 = none, or too long */
} SrtlaReplies;

/* Forgets everything. */
void srtla_replies_clear (SrtlaReplies *replies);

/* Returns: TRUE if the packet is an SRT ACK or NAK and its like was already
 * seen; else FALSE, and an ACK or NAK is remembered. Other kinds are never
 * copies: receivers relay them once. */
gboolean srtla_replies_is_copy (SrtlaReplies *replies, SrtlaKind kind,
    const guint8 *data, gsize size);

G_END_DECLS
