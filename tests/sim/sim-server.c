/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-connection.h"

struct _SimServer
{
  SimServerConfig config;
  SimRandom random;
  GPtrArray *connections;       /* of SimConnection */
};

SimServer *
sim_server_new (const SimServerConfig *config)
{
  SimServer *server = g_new0 (SimServer, 1);

  server->config = *config;
  sim_random_init (&server->random, config->seed, "server");
  server->connections =
      g_ptr_array_new_with_free_func ((GDestroyNotify) sim_connection_free);
  return server;
}

void
sim_server_free (SimServer *server)
{
  g_ptr_array_unref (server->connections);
  g_free (server);
}

static void
answer_induction (SimServer *server, guint64 port,
    const SrtlaHandshake *request, guint32 sent)
{
  SrtlaHandshake answer = { 0, };

  answer.version = 5;
  answer.type = SRTLA_HS_TYPE_INDUCTION;
  answer.first_sequence = request->first_sequence;
  server->config.send (port, sim_wire_handshake (server->config.pool, &answer,
          (guint32) sim_random_bits (&server->random), sent,
          request->socket_id), server->config.user_data);
}

static void
receive_handshake (SimServer *server, guint64 port, const guint8 *data,
    gsize size, SrtlaTime now)
{
  SimConnection *connection;
  SrtlaHandshake request;
  guint i;

  if (!srtla_srt_read_handshake (data, size, &request))
    return;
  if (request.type == SRTLA_HS_TYPE_INDUCTION) {
    answer_induction (server, port, &request, srtla_srt_timestamp (data));
    return;
  }
  if (request.type != SRTLA_HS_TYPE_CONCLUSION || !request.has_extension)
    return;
  for (i = 0; i < server->connections->len; i++) {
    connection = g_ptr_array_index (server->connections, i);
    if (sim_connection_is_of (connection, port, request.socket_id)) {
      sim_connection_answer (connection, now);
      return;
    }
  }
  connection = sim_connection_new (&server->config,
      (guint32) sim_random_bits (&server->random) & 0x3fffffff, port, &request,
      srtla_srt_timestamp (data));
  g_ptr_array_add (server->connections, connection);
  sim_connection_answer (connection, now);
}

void
sim_server_receive (SimServer *server, guint64 port, const guint8 *data,
    gsize size, SrtlaTime now)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  guint32 destination;
  guint i;

  if (!srtla_kind_is_srt (kind))
    return;
  destination = srtla_srt_destination (data);
  if (kind == SRTLA_KIND_SRT_HANDSHAKE && destination == 0) {
    receive_handshake (server, port, data, size, now);
    return;
  }
  for (i = 0; i < server->connections->len; i++) {
    SimConnection *connection = g_ptr_array_index (server->connections, i);

    if (sim_connection_id (connection) != destination)
      continue;
    if (sim_connection_port (connection) == port)
      sim_connection_receive (connection, kind, data, size, now);
    return;
  }
}
