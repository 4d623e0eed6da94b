/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection of the model SRT server: what sim-server.h describes.
 */
#pragma once

#include "sim-server.h"

G_BEGIN_DECLS

typedef struct _SimConnection SimConnection;

/* From a caller's conclusion handshake, which arrives now, stamped `sent`. */
SimConnection *sim_connection_new (const SimServerConfig *config, guint32 id,
    guint64 port, const SrtlaHandshake *request, guint32 sent);
void sim_connection_free (SimConnection *connection);

/* Answers a conclusion handshake, the first and its repetitions. */
void sim_connection_answer (SimConnection *connection, SrtlaTime now);
void sim_connection_receive (SimConnection *connection, SrtlaKind kind,
    const guint8 *data, gsize size, SrtlaTime now);

guint32 sim_connection_id (const SimConnection *connection);
/* Returns: whether it is that caller's, from that port. */
gboolean sim_connection_is_of (const SimConnection *connection, guint64 port,
    guint32 caller_id);
guint64 sim_connection_port (const SimConnection *connection);

G_END_DECLS
