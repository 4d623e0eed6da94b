/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The receiver core, in each behaviour: datagrams of many peers, some well made
 * and some not, an SRT server behind it, and time.
 */
#include "fuzz.h"

#include "srtla-receiver.h"

#define PEERS 24

typedef struct
{
  SrtlaReceiver *receiver;
  SrtlaTime now;
  guint32 random;
  guint8 ids[4][SRTLA_GROUP_ID];        /* as REG2 told them, or any */
  gboolean open[256];           /* groups */
} World;

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  fuzz_random (bytes, size, &((World *) user_data)->random);
}

/* `from`: the peer whose datagram this answers, 0: nobody's. `limit`: outputs
 * that are plenty. */
static void
take_outputs (World *world, SrtlaPeer from, guint limit)
{
  SrtlaReceiverOutput output;
  guint taken = 0;

  while (srtla_receiver_next_output (world->receiver, &output)) {
    g_assert_cmpuint (++taken, <=, limit);
    g_assert_cmpuint (output.size, <=, SRTLA_MAX_DATAGRAM);
    switch (output.kind) {
      case SRTLA_RECEIVER_TO_PEER:
        g_assert_cmpuint (output.peer, >=, 1);
        g_assert_cmpuint (output.peer, <=, PEERS);
        /* To strangers only answers. */
        if (output.peer != from)
          g_assert_true (srtla_receiver_knows (world->receiver, output.peer));
        if (srtla_packet_kind (output.data, output.size) == SRTLA_KIND_REG2)
          memcpy (world->ids[output.peer % 4], output.data + 2, SRTLA_GROUP_ID);
        break;
      case SRTLA_RECEIVER_TO_SERVER:
        g_assert_cmpuint (output.size, >=, SRTLA_SRT_HEADER);
        g_assert_true (world->open[output.group]);
        break;
      case SRTLA_RECEIVER_GROUP_OPENED:
        g_assert_false (world->open[output.group]);
        world->open[output.group] = TRUE;
        break;
      case SRTLA_RECEIVER_GROUP_CLOSED:
        g_assert_true (world->open[output.group]);
        world->open[output.group] = FALSE;
        break;
      case SRTLA_RECEIVER_PEER_GONE:
        break;
    }
  }
}

static gsize
make_packet (FuzzInput *input, guint8 what, guint8 *out)
{
  guint32 sequence = fuzz_u16 (input);

  switch (what & 7) {
    case 0:
      return testing_ack (out, 1, sequence, 7, sequence);
    case 1:
      return testing_nak_range (out, sequence, sequence + (what >> 3), 7,
          sequence);
    case 2:
      return testing_shutdown (out, 7, sequence);
    case 3:
      return testing_handshake (out, 5, what & 8 ? 1002 : -1, 7, 8, sequence,
          sequence);
    case 4:
      return srtla_write_short (out, 2 + (what >> 2), SRTLA_KIND_KEEPALIVE);
    default:
      return testing_data_packet (out, 16 + sequence % 64, sequence, 7,
          sequence, what & 8);
  }
}

static void
receive (World *world, SrtlaPeer peer, const guint8 *data, gsize size)
{
  guint8 *exact = testing_exact_copy (data, size);

  srtla_receiver_receive (world->receiver, peer, exact, size, world->now);
  free (exact);
  take_outputs (world, peer, 4);
}

static void
relay (World *world, guint group, const guint8 *data, gsize size)
{
  guint8 *exact = testing_exact_copy (data, size);

  srtla_receiver_relay (world->receiver, group, exact, size, world->now);
  free (exact);
  take_outputs (world, 0, PEERS);
}

static void
step (World *world, FuzzInput *input)
{
  guint8 operation = fuzz_u8 (input);
  guint8 what = fuzz_u8 (input);
  SrtlaPeer peer = 1 + what % PEERS;
  guint8 packet[TESTING_MAX_PACKET];
  const guint8 *bytes;
  gsize size;

  switch (operation & 7) {
    case 0:
    case 1:
      size = srtla_write_registration (packet, operation & 1 ? SRTLA_KIND_REG1
          : SRTLA_KIND_REG2, world->ids[operation >> 3 & 3]);
      receive (world, peer, packet, size);
      break;
    case 2:
      size = fuzz_bytes (input, fuzz_u16 (input) % 1600, &bytes);
      receive (world, peer, bytes, size);
      break;
    case 3:
      world->now += fuzz_span (input);
      srtla_receiver_tick (world->receiver, world->now);
      /* A keepalive, a NAK and a farewell for each, and their groups. */
      take_outputs (world, 0, 8 * PEERS);
      g_assert_cmpuint (srtla_receiver_deadline (world->receiver), >,
          world->now);
      break;
    case 4:
      size = fuzz_bytes (input, fuzz_u16 (input) % 1600, &bytes);
      relay (world, what, bytes, size);
      break;
    case 5:
      size = make_packet (input, operation >> 3, packet);
      relay (world, what, packet, size);
      break;
    default:
      size = make_packet (input, operation >> 3, packet);
      receive (world, peer, packet, size);
      break;
  }
}

static void
check (World *world)
{
  SrtlaReceiverStats stats;
  guint open = 0, i;

  srtla_receiver_get_stats (world->receiver, &stats);
  for (i = 0; i < G_N_ELEMENTS (world->open); i++)
    open += world->open[i];
  g_assert_cmpuint (stats.groups, ==, open);
  g_assert_cmpuint (stats.peers, <=, PEERS);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  World *world = g_new0 (World, 1);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (world->ids); i++)
    draw (world->ids[i], SRTLA_GROUP_ID, world);
  world->now = 1000 * SRTLA_SECOND;
  world->receiver = srtla_receiver_new ((SrtlaBehaviour) (fuzz_u8 (&input)
          % SRTLA_BEHAVIOURS), draw, world, world->now);
  while (input.left > 0) {
    step (world, &input);
    check (world);
  }
  srtla_receiver_free (world->receiver);
  g_free (world);
  return 0;
}
