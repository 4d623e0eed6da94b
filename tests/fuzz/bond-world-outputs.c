/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes out of the bond, and what becomes of it. */
#include "bond-world.h"

/* ---- Packets ----------------------------------------------------------- */

/* Its socket has it, or not. */
static void
settle (World *world, SrtlaOutput *output, SrtlaSendResult result)
{
  WorldUplink *uplink = &world->uplinks[output->uplink];
  const SrtlaPacket *packet = &output->packet;

  if (result == SRTLA_SEND_DONE
      && srtla_packet_kind (packet->data, packet->size) == SRTLA_KIND_SRT_DATA)
    uplink->sent[uplink->n_sent++ % WORLD_REMEMBERED] =
        srtla_srt_sequence (packet->data);
  if (result != SRTLA_SEND_DONE)
    srtla_bond_send_result (world->bond, output, result, world->now);
  else if (world->reports_sent)
    srtla_bond_note_sent (world->bond, output, world->now);
  world_release (packet->owner, world);
}

void
world_empty (World *world, guint slot, SrtlaSendResult result)
{
  guint i, left = 0, waiting = world->n_egress;
  SrtlaOutput outputs[WORLD_EGRESS];

  memcpy (outputs, world->egress, waiting * sizeof outputs[0]);
  for (i = 0; i < waiting; i++) {
    if (slot == SRTLA_NO_UPLINK || outputs[i].uplink == slot)
      settle (world, &outputs[i], result);
    else
      world->egress[left++] = outputs[i];
  }
  world->n_egress = left;
}

void
world_close (World *world, guint slot, const gchar *reason)
{
  world_empty (world, slot, SRTLA_SEND_RETURNED);
  srtla_bond_uplink_closed (world->bond, slot, reason, world->now);
}

/* Sends what can go now. Returns: FALSE if it must wait. */
static gboolean
send_now (World *world, SrtlaOutput *output)
{
  const SrtlaUplink *uplink = srtla_bond_uplink (world->bond, output->uplink);
  SrtlaSendResult result = SRTLA_SEND_DONE;

  if (world->fail_every != 0 && ++world->taken % world->fail_every == 0)
    result = world->failure;
  else if (srtla_bond_is_expired (world->bond, output))
    result = SRTLA_SEND_EXPIRED;
  else if (uplink->blocked && output->copy == SRTLA_COPY_NONE
      && srtla_bond_has_room_beside (world->bond, output->uplink,
          output->packet.size))
    result = SRTLA_SEND_RETURNED;
  else if (uplink->blocked && world->sockets_are_slow)
    return FALSE;
  settle (world, output, result);
  /* That one time it closes. */
  if (result == SRTLA_SEND_RETURNED && !uplink->blocked)
    world_close (world, output->uplink, "closed");
  return TRUE;
}

/* What waits for sockets goes, as far as it can. */
static void
send_waiting (World *world)
{
  guint waiting = world->n_egress;

  for (; waiting > 0 && world->n_egress > 0; waiting--) {
    SrtlaOutput first = world->egress[0];

    world->n_egress--;
    memmove (&world->egress[0], &world->egress[1],
        world->n_egress * sizeof first);
    if (!send_now (world, &first))
      world->egress[world->n_egress++] = first;
  }
}

static void
take_packet (World *world, SrtlaOutput *output)
{
  const WorldPacket *packet = output->packet.owner;

  g_assert_nonnull (packet);
  g_assert_true (output->packet.data == packet->data);
  g_assert_cmpuint (output->packet.size, ==, packet->size);
  g_assert_cmpuint (packet->references, >, 0);
  g_assert_cmpint (output->priority, <, SRTLA_N_CLASSES);
  g_assert_cmpuint (output->arrived, <=, world->bond->now);
  if (!world->sockets_are_slow) {
    send_now (world, output);
  } else if (world->n_egress < WORLD_EGRESS) {
    world->egress[world->n_egress++] = *output;
  } else {
    settle (world, output, SRTLA_SEND_DROPPED);
  }
}

/* ---- The rest ---------------------------------------------------------- */

static void
take_control (World *world, const SrtlaOutput *output)
{
  WorldUplink *uplink = &world->uplinks[output->uplink];

  g_assert_cmpuint (output->packet.size, <=, SRTLA_MAX_DATAGRAM);
  memcpy (uplink->control, output->packet.data, output->packet.size);
  uplink->control_size = output->packet.size;
  if (world->fail_every == 1)
    srtla_bond_send_result (world->bond, output, world->failure, world->now);
}

/* A reply is for whoever has the id that stands in it. */
static void
take_reply (World *world, const SrtlaOutput *output)
{
  SrtlaKind kind = srtla_packet_kind (output->packet.data, output->packet.size);

  g_assert_true (srtla_kind_is_srt (kind));
  if (output->caller == SRTLA_NO_CALLER)
    return;
  g_assert_cmpuint (output->caller, <, SRTLA_MAX_CALLERS);
  g_assert_cmphex (world->bond->callers.slots[output->caller].socket_id, ==,
      srtla_srt_destination (output->packet.data));
}

void
world_take (World *world)
{
  SrtlaOutput output;
  SrtlaEvent event;
  gchar text[256];
  guint taken = 0;

  send_waiting (world);
  while (srtla_bond_next_output (world->bond, &output)) {
    /* All that waits, and once more all that came back. */
    g_assert_cmpuint (++taken, <, 100000);
    if (output.kind == SRTLA_OUTPUT_REPLY) {
      take_reply (world, &output);
      continue;
    }
    g_assert_cmpuint (output.uplink, <, SRTLA_MAX_UPLINKS);
    g_assert_true (world->uplinks[output.uplink].used);
    if (output.kind == SRTLA_OUTPUT_PACKET) {
      take_packet (world, &output);
    } else if (output.kind == SRTLA_OUTPUT_CONTROL) {
      take_control (world, &output);
    } else if (!world->ignores_rebinds) {
      world_close (world, output.uplink, "rebind");
      srtla_bond_uplink_opened (world->bond, output.uplink, world->now);
    }
  }
  while (srtla_bond_next_event (world->bond, &event)) {
    g_assert_cmpuint (event.time, <=, world->bond->now);
    g_assert_cmpuint (srtla_event_format (&event, text, sizeof text), <,
        sizeof text);
  }
}
