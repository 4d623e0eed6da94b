/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An SRTLA receiver in the test's own process: the receiver core on a loopback
 * socket, in a thread of its own. It keeps what arrives instead of passing it
 * to an SRT server, and the test may speak for that server. All functions may
 * be called from any thread.
 */
#pragma once

#include <gio/gio.h>

#include "srtla-receiver.h"

G_BEGIN_DECLS

typedef struct _ModelReceiver ModelReceiver;

/* Listens on `address` ("127.0.0.1", "::1") and `port`, 0: any free one. */
ModelReceiver *model_receiver_new (SrtlaBehaviour behaviour,
    const gchar *address, guint port);
void model_receiver_free (ModelReceiver *model);

guint model_receiver_port (ModelReceiver *model);

/* Drops everything from and to a source address, NULL: all of them. */
void model_receiver_cut (ModelReceiver *model, const gchar *source,
    gboolean cut);

/* Drops SRT packets that come, and no others. */
void model_receiver_drop_data (ModelReceiver *model, gboolean drop);

/* Answers all registration with REG_ERR, as a full receiver does. */
void model_receiver_refuse (ModelReceiver *model, gboolean refuse);

/* Returns: how many SRT packets arrived so far, from all or one source, doubles
 * and all. */
guint64 model_receiver_packets (ModelReceiver *model, const gchar *source);

/* Waits, at most `timeout` µs, until that many SRT packets arrived in all; a
 * data packet that came twice counts once, as an SRT server takes it once.
 * Returns: whether they did. */
gboolean model_receiver_wait_packets (ModelReceiver *model, guint64 packets,
    gint64 timeout);

/* Returns: SRT packet `index`, in order of arrival. */
GBytes *model_receiver_get_packet (ModelReceiver *model, guint64 index);

/* Says something as the SRT server, to the latest group. */
void model_receiver_relay (ModelReceiver *model, const guint8 *data,
    gsize size);

/* Sends a raw datagram to everyone who ever sent something. */
void model_receiver_inject (ModelReceiver *model, const guint8 *data,
    gsize size);

void model_receiver_get_stats (ModelReceiver *model,
    SrtlaReceiverStats *stats);

G_END_DECLS
