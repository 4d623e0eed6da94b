/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The classic algorithm as docs/protocol.md tells it, written as plainly as
 * possible and without a line of the core: arrays of 256, looked through from
 * end to end. It is what classic mode is compared with.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define REFERENCE_UPLINKS 8
#define REFERENCE_CALLERS 2
#define REFERENCE_LOG     256
#define REFERENCE_NONE    -1

typedef struct
{
  gboolean used;
  gint caller;
  guint32 sequence;
} ReferenceEntry;

typedef struct
{
  gboolean exists;
  gint window;                  /* thousandths of a packet */
  gint in_flight;               /* packets */
  ReferenceEntry log[REFERENCE_LOG];
  guint written;                /* entries ever written into log[] */
  gboolean registered;          /* REG3 came once */
  gboolean heard;               /* since its last failure */
  guint64 heard_at;             /* µs */
  gboolean suspended;           /* a send failed since it was heard */
} ReferenceUplink;

typedef struct
{
  ReferenceUplink uplinks[REFERENCE_UPLINKS];   /* in order of their addition */
  guint64 next_sweep;           /* µs */
  GArray *naks;                 /* guint64: caller and stamp of those seen */
  GArray *open[REFERENCE_CALLERS];      /* guint32: sent, no SRT ACK since */
} ClassicReference;

void classic_reference_init (ClassicReference *reference, guint64 now);
void classic_reference_clear (ClassicReference *reference);

/* An uplink by its place in the order of additions; must be a free one. */
void classic_reference_add (ClassicReference *reference, gint uplink);
void classic_reference_remove (ClassicReference *reference, gint uplink);

/* The sweep, if it is due. */
void classic_reference_tick (ClassicReference *reference, guint64 now);

/* A datagram came in: not for REG2 and REG_NGP. */
void classic_reference_heard (ClassicReference *reference, gint uplink,
    guint64 now);
void classic_reference_registered (ClassicReference *reference, gint uplink,
    guint64 now);

/* Returns: the uplink for a packet sent now, REFERENCE_NONE if none is live. */
gint classic_reference_select (const ClassicReference *reference, guint64 now);

void classic_reference_sent (ClassicReference *reference, gint uplink,
    gint caller, guint32 sequence);
/* The last data packet never left. */
void classic_reference_unsent (ClassicReference *reference, gint uplink);
/* The socket refused something, be it for data or not. */
void classic_reference_send_failed (ClassicReference *reference, gint uplink);

/* One number of an SRTLA ACK that came in on `arrival`. */
void classic_reference_srtla_ack (ClassicReference *reference, gint arrival,
    guint32 sequence);
void classic_reference_srt_ack (ClassicReference *reference, gint caller,
    guint32 sequence);

/* A NAK packet; `stamp` tells it from the caller's other ones. Returns: FALSE
 * if it is a copy; else classic_reference_nak_range() for each range in it. */
gboolean classic_reference_nak (ClassicReference *reference, gint caller,
    guint32 stamp);
void classic_reference_nak_range (ClassicReference *reference, gint caller,
    guint32 first, guint32 last);

G_END_DECLS
