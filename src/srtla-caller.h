/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SRT callers seen passing by. Several may share one bond; each draws its own
 * first sequence number, so each has its own tracker. A caller is known by its
 * own socket id (in its handshakes, and the destination of replies) and by its
 * peer's (the destination of its packets), learned from the answer to its
 * handshake. A stream that was joined in the middle is known by what there is.
 */
#pragma once

#include "srtla-replies.h"
#include "srtla-tracker.h"
#include "srtla-usefulness.h"

G_BEGIN_DECLS

/* A slot may be given to a new caller when its owner was silent this long. */
#define SRTLA_CALLER_IDLE (10 * SRTLA_SECOND)
/* So soon already if it never had an answer: SRT callers give up their
 * handshake after 3 s, and strangers' packets get none. */
#define SRTLA_CALLER_UNANSWERED (3 * SRTLA_SECOND)

typedef struct
{
  guint32 socket_id;            /* the caller's own; 0 = not learned yet */
  guint32 peer_id;              /* the SRT server's; 0 = not learned yet */
  SrtlaTime last_heard;         /* either direction; 0 = slot is free */
  gboolean closed;              /* a shutdown passed: the slot may be reused */
  gboolean guessed;             /* socket_id is the only one left, not proven:
                                 * an ACK or NAK of fitting numbers corrects it */
  guint32 offered;              /* SRTLA_HS_… of its HSREQ; 0 = not seen */
  guint32 flags;                /* SRTLA_HS_… both ends agreed on, as the SRT
                                 * server declares them; 0 = unknown */
  guint16 latency;              /* ms, the receiver delay of HSRSP; 0 = unknown */
  SrtlaUsefulness usefulness;   /* its clock */
  guint32 life;                 /* how many callers had the slot before */
  SrtlaTracker *tracker;        /* kept when the slot is reused */
  SrtlaReplies *replies;        /* likewise */
  guint8 nak_header[SRTLA_SRT_HEADER];  /* of its latest NAK */
  SrtlaTime nak_at;             /* when that came */
  guint64 nak_numbers;          /* numbers in its NAKs */
  guint64 nak_repeats;          /* of those, named before and not sent again */
  guint64 packets, bytes;       /* data packets seen on their way out */
  guint64 retransmissions;      /* of those, with the R flag */
} SrtlaCaller;

typedef struct
{
  SrtlaCaller slots[SRTLA_MAX_CALLERS];
  SrtlaTime tracker_age;        /* for trackers that are made */
  guint latest;                 /* slot of the last outgoing packet, or none */
  guint used;                   /* slots from here on were never used */
} SrtlaCallers;

void srtla_callers_init (SrtlaCallers *callers, SrtlaTime tracker_age);
void srtla_callers_clear (SrtlaCallers *callers);

/* Whose packet is this, on its way to the SRT server? Learns from handshakes;
 * makes a caller for ids not seen before (the only place that allocates).
 * *is_new says that the slot starts afresh: what logs hold of it is void.
 * Returns: a slot, or SRTLA_NO_CALLER if all slots are busy, if it is no SRT
 * packet, or if it needs no caller: a handshake that refuses or is cut short, a
 * shutdown of nobody, a destination of 0. */
static inline guint srtla_callers_outgoing (SrtlaCallers *callers,
    SrtlaKind kind, const guint8 *data, gsize size, SrtlaTime now,
    gboolean *is_new);
/* The same; the one above knows a short cut. */
guint srtla_callers_outgoing_any (SrtlaCallers *callers, SrtlaKind kind,
    const guint8 *data, gsize size, SrtlaTime now, gboolean *is_new);

/* Whose is this reply from the SRT server? Learns from conclusion handshakes
 * (in the induction a listener echoes the caller's id). A caller without socket
 * id is given that of an ACK or NAK whose numbers fit it alone; or, for now,
 * that of any packet but a handshake or shutdown if it is the only such caller
 * and no numbers speak against it. Never makes a caller.
 * Returns: a slot, or SRTLA_NO_CALLER for an id that is nobody's. */
guint srtla_callers_incoming (SrtlaCallers *callers, SrtlaKind kind,
    const guint8 *data, gsize size, SrtlaTime now);

/* Returns: how long a packet of the caller is of use, µs: the latency that its
 * handshake agreed on, a second if none was seen. */
static inline SrtlaTime
srtla_caller_latency (const SrtlaCaller * caller)
{
  return caller->latency != 0 ? caller->latency * SRTLA_MILLISECOND
      : SRTLA_SECOND;
}

static inline void
srtla_caller_touch (SrtlaCaller * caller, SrtlaTime now)
{
  caller->last_heard = MAX (now, 1);    /* 0 says that the slot is free */
}

static inline void
srtla_caller_count (SrtlaCaller * caller, const guint8 * data, gsize size)
{
  caller->packets++;
  caller->bytes += size;
  caller->retransmissions += srtla_srt_is_retransmission (data) ? 1 : 0;
}

static inline guint
srtla_callers_outgoing (SrtlaCallers * callers, SrtlaKind kind,
    const guint8 * data, gsize size, SrtlaTime now, gboolean * is_new)
{
  guint slot = callers->latest;
  SrtlaCaller *caller;

  if (G_UNLIKELY (kind != SRTLA_KIND_SRT_DATA || slot == SRTLA_NO_CALLER))
    return srtla_callers_outgoing_any (callers, kind, data, size, now, is_new);
  /* Nearly always it is data, and of the caller of the last packet. */
  caller = &callers->slots[slot];
  if (G_UNLIKELY (caller->peer_id == 0
          || caller->peer_id != srtla_srt_destination (data)))
    return srtla_callers_outgoing_any (callers, kind, data, size, now, is_new);
  *is_new = FALSE;
  srtla_caller_touch (caller, now);
  srtla_caller_count (caller, data, size);
  return slot;
}

/* Returns: how many slots are in use and not closed. */
guint srtla_callers_count (const SrtlaCallers *callers);

G_END_DECLS
