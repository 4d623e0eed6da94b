/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the element tests share: one srtlasink with a model receiver, and a
 * record of what it posts. Nothing here waits longer than a bound, and all
 * waits end the test with a message when the bound is reached.
 */
#pragma once

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include "../unit/testing.h"
#include "model-receiver.h"

G_BEGIN_DECLS

/* Size of the packets that tests push, bytes: SRT's header and seven MPEG-TS
 * packets. */
#define TESTING_PACKET_SIZE 1332
#define TESTING_CAPS "application/x-srt"

typedef struct
{
  GMutex lock;
  GCond posted;
  GPtrArray *messages;          /* of GstMessage, as posted, not yet taken */
} Record;

typedef struct
{
  ModelReceiver *receiver;      /* behaviour A on 127.0.0.1 */
  GstElement *element;          /* srtlasink; host and port are set */
  GstHarness *harness;          /* NULL before fixture_play () */
  GstBus *bus;
  Record record;
} Fixture;

/* A GTest setup and teardown. Setup leaves the element in NULL with uplinks
 * 127.0.0.2 and 127.0.0.3; teardown takes it there and looks whether each
 * packet that went in is accounted for. */
void fixture_set_up (Fixture *fixture, gconstpointer data);
void fixture_tear_down (Fixture *fixture, gconstpointer data);

/* Registers a test with that setup and teardown. */
void fixture_add_test (const gchar *path,
    void (*test) (Fixture *fixture, gconstpointer data));

/* Starts GStreamer and GTest, runs what `add` registers. Returns: main()'s. */
int testing_main (int argc, char **argv, void (*add) (void));

/* Replaces the model receiver, before fixture_play (). */
void fixture_use_receiver (Fixture *fixture, SrtlaBehaviour behaviour,
    const gchar *address);

/* Puts the element into a harness, without a src pad, and into PLAYING; waits
 * for `uplinks` uplinks to be up. */
void fixture_play (Fixture *fixture, guint uplinks);

/* Returns: how long to wait for what must happen, µs: longer under valgrind. */
gint64 testing_patience (void);

/* Returns: how many entries a directory has: /proc/self/fd, /proc/self/task. */
guint testing_count_entries (const gchar *path);
/* Waits until there are no more than that. */
void testing_wait_entries (const gchar *path, guint most);

/* ---- Packets ----------------------------------------------------------- */

/* Returns: a buffer with the data packet of that number of the caller whose
 * peer has the socket id `destination`. */
GstBuffer *testing_buffer (guint32 sequence, guint32 destination);
GstBuffer *testing_buffer_of (const guint8 *data, gsize size);

/* Pushes packets [first, first + count) of a caller, each must be taken. */
void fixture_push (Fixture *fixture, guint32 first, guint32 count);

/* Waits until `count` packets arrived in all, doubles not counted. */
void fixture_wait_packets (Fixture *fixture, guint64 count);

/* Each of the data packets [first, first + count) arrived unchanged, and once,
 * but for those that the element says it sent twice. */
void fixture_check_arrived (Fixture *fixture, guint32 first, guint32 count,
    guint32 destination);

/* ---- Statistics -------------------------------------------------------- */

/* Returns: all of `stats` as text, for a message. */
gchar *fixture_describe (Fixture *fixture);
/* Returns: a counter of `stats`. */
guint64 fixture_stat (Fixture *fixture, const gchar *field);
/* Waits until it is `value` at least. */
void fixture_wait_stat (Fixture *fixture, const gchar *field, guint64 value);
/* Returns: what `stats` says of an uplink, NULL if it does not name it. Free
 * with gst_structure_free(). */
GstStructure *fixture_uplink_stats (Fixture *fixture, const gchar *uplink);
/* Returns: a counter of the uplink's. */
guint64 fixture_uplink_stat (Fixture *fixture, const gchar *uplink,
    const gchar *field);
/* Waits until the uplink has that state. */
void fixture_wait_uplink (Fixture *fixture, const gchar *uplink,
    const gchar *state);

/* ---- Messages ---------------------------------------------------------- */

/* Records everything that is posted on a bus, and lets nothing through. */
void record_start (Record *record, GstBus *bus);
void record_stop (Record *record, GstBus *bus);

/* Takes the first message of that type out of the record, one whose structure
 * is named `name` unless that is NULL; waits for it. Returns: the message. */
GstMessage *record_wait (Record *record, GstMessageType type,
    const gchar *name);
/* Returns: how many such messages are in the record. */
guint record_count (Record *record, GstMessageType type, const gchar *name);

/* Returns: the text and the debug text of an error or warning, one line. */
gchar *testing_message_text (GstMessage *message);

/* Waits for a warning or error and looks for a word in its texts. */
void fixture_expect (Fixture *fixture, GstMessageType type, const gchar *word);

/* An SRT caller and its server, which shake hands on this latency, ms, where
 * nothing else was sent yet. */
#define FIXTURE_CALLER 0x10000001u
#define FIXTURE_SERVER 0x20000001u
void fixture_shake_hands (Fixture *fixture, guint latency);
void fixture_push_bytes (Fixture *fixture, const guint8 *packet, gsize size);

G_END_DECLS
