/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An SRT connection with the bond in the middle, of real programs and sockets:
 *
 *   source ─► srtsink ─► udpsrc ! srtlasink ─► (udp-relay) ─► srtla-receiver
 *                                                ─► SRT listener ─► check
 *
 * The source is an endless sequence of numbered messages of pseudo-random
 * bytes that the check knows. Everything runs in the default main context; nothing waits without a
 * bound; an error of any pipeline ends the test.
 */
#pragma once

#include <gst/gst.h>

#include "../tools/demo-tool.h"

G_BEGIN_DECLS

/* Bytes of a message: seven MPEG-TS packets, as a live stream has them. */
#define E2E_MESSAGE 1316

/* Writes a message: its number, then pseudo-random bytes that depend on it. */
void e2e_make_message (guint64 seed, guint64 number,
    guint8 message[E2E_MESSAGE]);

/* Returns: how long to wait for what must happen, s: longer under valgrind. */
guint e2e_patience (void);

/* Iterates the main context until the condition holds; ends the test, which
 * says `what` it waited for, if that takes too long. */
void e2e_wait (gboolean (*condition) (gpointer data), gpointer data,
    const gchar *what);

/* Starts a pipeline whose errors end the test. Returns: the pipeline. */
GstElement *e2e_pipeline_start (const gchar *description);
void e2e_pipeline_stop (GstElement *pipeline);

/* ---- The bond ----------------------------------------------------------- */

#define E2E_MAX_CALLERS 8

typedef struct
{
  gchar behaviour;              /* of the receiver: 'a' to 'f' */
  guint acks_left_out;          /* of its SRTLA ACKs, per cent */
  const gchar *host;            /* where the receiver listens */
  const gchar *uplinks;
  gboolean with_relay;          /* IPv4 only */
  guint callers;                /* inputs for SRT callers; 0: one. The first has
                                 * pad "sink", the others sink_1 and so on */
  gint receiver_namespace;      /* a descriptor, where the receiver runs and
                                 * listens at `host`; 0: here */
  const gchar *name;            /* what the element is told of it; NULL: `host` */
} E2eSettings;

typedef struct
{
  E2eSettings settings;
  guint16 input_port;           /* for SRT callers */
  guint16 input_ports[E2E_MAX_CALLERS]; /* one for each; the first is that one */
  guint16 srtla_port;
  guint16 srt_port;             /* the SRT listener shall be there */
  guint16 from_port;            /* of the receiver towards it */
  DemoTool *receiver, *relay;   /* relay NULL: none */
  GstElement *pipeline;         /* udpsrc ! srtlasink */
  GstElement *element;          /* srtlasink */
} E2eBond;

/* Starts it all but the SRT ends, and waits until `uplinks` uplinks are up.
 * No host: 127.0.0.1; no uplinks: 127.0.0.2 to 127.0.0.5. */
void e2e_bond_start (E2eBond *bond, const E2eSettings *settings, guint uplinks);
/* The same; the relay is given those orders first: one a line, or NULL. */
void e2e_bond_start_shaped (E2eBond *bond, const E2eSettings *settings,
    guint uplinks, const gchar *orders);
void e2e_bond_stop (E2eBond *bond);

/* Ends the receiver without a word to anyone; starts it again. Unless it is the
 * port it had, SRT connections do not outlive that. */
void e2e_bond_stop_receiver (E2eBond *bond);
void e2e_bond_start_receiver (E2eBond *bond, guint16 from_port);

/* Tells the relay. */
void e2e_bond_order (E2eBond *bond, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

/* Returns: `stats`, the caller's. */
GstStructure *e2e_bond_stats (E2eBond *bond);
/* Returns: a counter of the element's `stats`. */
guint64 e2e_bond_stat (E2eBond *bond, const gchar *field);
/* Waits until it is `value`, or more. */
void e2e_bond_wait_stat (E2eBond *bond, const gchar *field, guint64 value);
/* Waits until an uplink has that state. */
void e2e_bond_wait_uplink (E2eBond *bond, const gchar *uplink,
    const gchar *state);
/* Waits until an uplink's SRTLA ACKs are known to name `coverage`: all, none… */
void e2e_bond_wait_coverage (E2eBond *bond, const gchar *coverage);
/* Waits until the uplink has carried `packets` packets more than now. */
void e2e_bond_wait_carries (E2eBond *bond, const gchar *uplink,
    guint64 packets);

/* ---- The source --------------------------------------------------------- */

typedef struct _E2eSource E2eSource;

/* Calls the port with srtsink and sends from now on, about `rate` bit/s.
 * parameters: of SRT's URI, "&latency=500"; may be "". */
E2eSource *e2e_source_start (guint64 seed, guint16 port, guint rate,
    const gchar *parameters);
void e2e_source_stop (E2eSource *source);

/* ---- The check ---------------------------------------------------------- */

typedef struct _E2eCheck E2eCheck;

/* Compares with the source of that seed. Takes bytes from a file that grows;
 * NULL: only from e2e_check_feed(). */
E2eCheck *e2e_check_new (guint64 seed, const gchar *path);
void e2e_check_free (E2eCheck *check);

/* Messages may be missing, as when an SRT connection breaks and another is
 * made. They may still not be wrong, doubled or out of order. */
void e2e_check_allow_gaps (E2eCheck *check);

/* From any thread. A wrong byte ends the test, at the next wait. */
void e2e_check_feed (E2eCheck *check, const guint8 *data, gsize size);

/* Returns: how many messages were received, all of them right and in order. */
guint64 e2e_check_messages (E2eCheck *check);
/* Waits until that many were received in all. */
void e2e_check_wait (E2eCheck *check, guint64 messages);

/* An SRT listener made of srtsrc and appsink that feeds the check. */
GstElement *e2e_listener_start (E2eCheck *check, guint16 port,
    const gchar *parameters);

G_END_DECLS
