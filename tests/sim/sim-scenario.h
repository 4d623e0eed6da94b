/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scenario files. One line is one statement, '#' starts a comment:
 *
 *   [scenario]
 *   title = Unequal links at 70 %
 *   duration = 30s             media is made this long
 *   receiver = a               behaviour of the SRTLA receiver, a to f
 *   srtla-acks = 100%          of them, so many are sent
 *   profile = stock            SRT receiver: stock or tolerant
 *   lossmaxttl = 0             stock: bound of its reorder tolerance, packets
 *   tolerance = 40             tolerant: its fixed tolerance, packets
 *   nak-flag = yes             tolerant: its handshake announces periodic NAKs
 *                              all the same; no: the caller resends everything
 *                              when ACKs stay away
 *   receiver-port = new        a restarted receiver's port towards the SRT
 *                              server: new (libsrt then drops the connection
 *                              and the caller connects again) or same
 *
 *   [caller NAME]              one section for each SRT caller
 *   rate = 15.75Mbit/s         of the media's IP packets; or in % of the sum
 *                              of the uplinks' mean rates
 *   payload-rate = 5Mbit/s     the same as a rate of payload alone
 *   latency = 1000ms           SRT latency
 *   payload = 1316             bytes
 *   start = 1s                 when it connects
 *   frame-rate = 0             0: evenly spaced; else bursts, so many a second
 *   variation = 0%             of the size of those bursts
 *   overhead = none            cap on all it sends, in % above the media rate
 *   first-sequence = random    or a number
 *   priority = auto            of its flow in the bond, or high … best-effort
 *   latency-budget = 0s        of its data packets; 0: their class's
 *   quantum = 3000             bytes, against other flows
 *   queue = 1024               packets that may wait in its flow
 *
 *   [uplink NAME]              one for each; both directions, or with out. or
 *   rate = 12Mbit/s            back. before the key only to or from the receiver
 *   delay = 20ms               one way
 *   jitter = 2ms               even, ±; keeps the order unless reorder = yes
 *   loss = 1%
 *   burst-loss = 1% 8          share lost, mean length of a burst in packets
 *   duplicate = 0%             share that arrives twice
 *   queue = 300ms              or a size (64kB), or none
 *   walk = 50% 4s              rate wanders around `rate`: relative standard
 *                              deviation, correlation time
 *   trace = FILE               of "seconds kbit/s" lines; repeats
 *   passes = all               keepalives: only SRTLA's own; nothing
 *   max-bitrate = none         that the bond may send over it
 *
 *   [schedule]
 *   10s NAME passes = nothing
 *   15s every 15s NAME out.rate = 500kbit/s
 *   12s NAME rebind            its source port changes, unknown to the sender
 *   10s receiver stop
 *   12s receiver start         it has forgotten everything
 *
 * Rates and sizes count IP packets: 1316 bytes of payload are 1360.
 */
#pragma once

#include "sim-link.h"
#include "srtla-bond.h"
#include "srtla-receiver.h"

G_BEGIN_DECLS

typedef enum
{
  SIM_PROFILE_STOCK,            /* periodic NAKs, adaptive reorder tolerance */
  SIM_PROFILE_TOLERANT,         /* each NAK once, fixed tolerance */
} SimProfile;

typedef struct
{
  gchar *name;
  guint64 rate;                 /* bits/s of IP packets */
  guint64 payload_rate;         /* bits/s of payload; 0: `rate` counts */
  gdouble load;                 /* share of the uplinks' sum; 0: `rate` counts */
  SrtlaTime latency;            /* µs */
  guint payload;                /* bytes */
  SrtlaTime start;              /* µs since the scenario's start */
  gdouble frame_rate;           /* bursts/s; 0: evenly spaced */
  gdouble variation;            /* relative, even, of a burst's size */
  gdouble overhead;             /* share above the rate; under 0: no cap */
  gint64 first_sequence;        /* under 0: random */
  SrtlaFlowSettings flow;       /* in the bond */
} SimCallerSpec;

typedef struct
{
  gchar *name;
  SimLinkSettings out, back;
  guint64 max_bitrate;          /* bits/s; 0 = none */
} SimUplinkSpec;

typedef enum
{
  SIM_CHANGE_LINK,
  SIM_CHANGE_REBIND,
  SIM_CHANGE_RECEIVER_STOP,
  SIM_CHANGE_RECEIVER_START,
} SimChangeKind;

typedef struct
{
  SimChangeKind kind;
  SrtlaTime at;                 /* µs since the scenario's start */
  SrtlaTime every;              /* again after each of these; 0: once */
  guint uplink;                 /* index, for LINK and REBIND */
  gchar *key, *value;           /* LINK: as in the uplink's section */
} SimChange;

typedef struct
{
  gchar *name;                  /* of the file, without directory and ending */
  gchar *directory;             /* where traces are looked for */
  gchar *title;
  SrtlaTime duration;
  SrtlaBehaviour receiver;
  gdouble ack_share;            /* of its SRTLA ACKs, that are sent */
  SimProfile profile;
  guint lossmaxttl, tolerance;  /* packets */
  gboolean nak_flag;            /* tolerant: announces periodic NAKs */
  gboolean same_port;           /* receiver-port = same */
  GPtrArray *callers;           /* of SimCallerSpec */
  GPtrArray *uplinks;           /* of SimUplinkSpec */
  GPtrArray *changes;           /* of SimChange */
} SimScenario;

/* Reads a scenario file. Returns: NULL with an error that starts with
 * "FILE:LINE: ". */
SimScenario *sim_scenario_load (const gchar *path, GError **error);
/* The same from text; `name` stands for the file in errors. */
SimScenario *sim_scenario_parse (const gchar *text, const gchar *name,
    const gchar *directory, GError **error);
void sim_scenario_free (SimScenario *scenario);

/* Overrides one key: "scenario.KEY=V", "caller.KEY=V" and "uplink.KEY=V" (all
 * of them), or "NAME.KEY=V" (one caller or uplink). Loads in per cent are
 * worked out again. */
gboolean sim_scenario_set (SimScenario *scenario, const gchar *assignment,
    GError **error);

/* Applies a LINK change to copies of the two directions' settings. */
gboolean sim_scenario_apply (const SimScenario *scenario, const gchar *key,
    const gchar *value, SimLinkSettings *out, SimLinkSettings *back,
    GError **error);

G_END_DECLS
