/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream over three emulated modems, SRT at both ends, and the books of all
 * that it passes:
 *
 *   NetMeter ─► udpsrc ! srtlasink ─► modem0 … modem2 ─► srtla-receiver ─► NetMeter
 *
 * The element knows the receiver by name and the modems by interface, so that
 * both may get other addresses.
 */
#pragma once

#include "net-meter.h"
#include "net-world.h"

G_BEGIN_DECLS

/* A name that the model resolver knows. */
#define NET_STREAM_HOST "receiver.test"

typedef struct
{
  const NetNamespaces *namespaces;
  guint64 seed;
  guint latency;                /* ms, of SRT */
  guint rate;                   /* bit/s of the stream's IP packets */
  guint expected;               /* messages, as in srt-meter.h */
} NetStreamSettings;

typedef struct
{
  NetStreamSettings settings;
  NetWorld *world;
  E2eBond bond;
  NetMeter *meter;
  GRand *random;                /* from the seed */
  guint modems;
  guint warnings;               /* posted by the element so far */
  gint64 woken_at, lateness;    /* µs: how late a timer was at worst, which says
                                 * how busy the machine was */
} NetStream;


/* Starts everything and waits until the modems are up and messages come. */
void net_stream_start (NetStream *stream, const NetStreamSettings *settings);
/* Sends no more; looks at the books of the links, too. Returns: what is wrong
 * with them, the caller's; NULL: they balance. */
gchar *net_stream_finish (NetStream *stream);
void net_stream_free (NetStream *stream);

/* Iterates the main context until then (monotonic, µs). */
void net_stream_run_until (NetStream *stream, gint64 until);

/* Waits, at most that long (µs), until all modems are up and the stream has been
 * whole for a while. Returns: whether that is so. */
gboolean net_stream_wait_back (NetStream *stream, gint64 patience);

/* Returns: the modem's name in the scenario and its uplink's. */
const gchar *net_stream_link (const NetStream *stream, guint modem);
const gchar *net_stream_uplink (guint modem);

/* Packets that the element counts as not sent. */
guint64 net_stream_dropped (NetStream *stream);
/* Returns: how many for which reason, such as "expired 12, no-uplink 3", the
 * caller's; "0" for none. */
gchar *net_stream_drops (NetStream *stream);
/* Packets that the links did not deliver on the way out, or too late. */
guint64 net_stream_lost_on_links (NetStream *stream);
/* Returns: what is wrong with the element's books, the caller's; NULL: each
 * packet that came was sent, waits, or is counted as dropped. */
gchar *net_stream_audit (NetStream *stream);

G_END_DECLS
