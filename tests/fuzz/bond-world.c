/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bond-world.h"

/* Socket ids: of the callers, and of their SRT server. */
#define CALLER_ID(caller) (0x100u + (caller))
#define SERVER_ID(caller) (0x200u + (caller))

/* ---- Packets ----------------------------------------------------------- */

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  fuzz_random (bytes, size, &((World *) user_data)->random);
}

static void
reference (gpointer owner, gpointer user_data)
{
  WorldPacket *packet = owner;

  (void) user_data;
  g_assert_cmpuint (packet->references, >, 0);
  packet->references++;
}

void
world_release (gpointer owner, gpointer user_data)
{
  WorldPacket *packet = owner;

  g_assert_cmpuint (packet->references, >, 0);
  if (--packet->references > 0)
    return;
  ((World *) user_data)->packets--;
  free (packet);
}

static void
push (World *world, guint flow, const guint8 *data, gsize size,
    gboolean droppable)
{
  WorldPacket *copy = malloc (sizeof *copy + size);
  SrtlaPacket packet = { copy->data, size, copy };
  guint caller;

  copy->references = 1;
  copy->size = size;
  if (size > 0)
    memcpy (copy->data, data, size);
  world->packets++;
  srtla_bond_push_flow (world->bond, flow, &packet, droppable, world->now
      + world->ahead, &caller);
  g_assert_true (caller == SRTLA_NO_CALLER || caller < SRTLA_MAX_CALLERS);
}

static void
receive (World *world, guint uplink, const guint8 *data, gsize size)
{
  guint8 *exact;

  if (!world->uplinks[uplink].used)
    return;
  exact = testing_exact_copy (data, size);
  srtla_bond_receive (world->bond, uplink, exact, size, world->now);
  /* A reply points into it. */
  world_take (world);
  free (exact);
}

/* ---- Callers ----------------------------------------------------------- */

/* Makes its payload one of TS packets. Returns: the packet's size. */
static gsize
fill_ts (guint8 *packet, gboolean large, guint8 what)
{
  guint n = large ? 7 : 1, i;
  guint8 *ts = packet + SRTLA_SRT_HEADER, *pes;

  memset (ts, 0, 7 * 188);
  for (i = 0; i < n; i++)
    ts[i * 188] = 0x47;
  ts[1] = what & 0x40;          /* a unit starts */
  ts[2] = 1 + (what & 1);       /* PID */
  ts[3] = (guint8) (0x10 | (what & 2 ? 0x20 : 0) | (what & 4 ? 0xc0 : 0));
  pes = ts + 4;
  if (what & 2) {
    ts[4] = 1;                  /* an adaptation field */
    ts[5] = what & 8 ? 0x40 : 0;
    pes += 2;
  }
  pes[2] = 1;
  pes[3] = what & 0x20 ? 0xe0 : 0xc0;
  packet[4] |= what & 0x10 ? 8 : 0;     /* encrypted */
  return SRTLA_SRT_HEADER + n * 188;
}

static void
push_data (World *world, guint flow, FuzzInput *input)
{
  guint8 shape = fuzz_u8 (input);
  guint caller = shape & (WORLD_CALLERS - 1);
  guint count = shape & 0x10 ? 1 + fuzz_u8 (input) % 64 : 1;
  guint8 ts = shape & 0x40 ? fuzz_u8 (input) : 0;
  SrtlaTime age = shape & 0x80 ? fuzz_span (input) : 0;
  gsize size = shape & 8 ? 1316 : 40;
  guint8 packet[TESTING_MAX_PACKET] = { 0, };

  for (; count > 0; count--) {
    guint32 sequence = world->next[caller];

    if (shape & 4)              /* again, or any */
      sequence = (sequence - fuzz_u8 (input)) & SRTLA_SEQ_MASK;
    else
      world->next[caller] = srtla_seq_next (sequence);
    /* Nobody reads what comes after that, and writing it takes long. */
    testing_data_packet (packet, 40, sequence, SERVER_ID (caller),
        (guint32) (world->now - age), shape & 4);
    if (shape & 0x40)
      size = fill_ts (packet, shape & 8, ts);
    push (world, flow, packet, size, shape & 0x20);
  }
}

static void
push_control (World *world, guint flow, FuzzInput *input)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint8 shape = fuzz_u8 (input);
  guint caller = shape & (WORLD_CALLERS - 1);
  const guint8 *bytes;
  gsize size;

  switch (shape >> 2 & 7) {
    case 0:
      size = testing_induction (packet, CALLER_ID (caller),
          world->next[caller], 0);
      break;
    case 1:
      size = testing_conclusion (packet, CALLER_ID (caller),
          world->next[caller], fuzz_u8 (input), fuzz_u16 (input), 0);
      break;
    case 2:
      size = testing_shutdown (packet, SERVER_ID (caller), 0);
      break;
    case 3:
      size = testing_ackack (packet, 1, SERVER_ID (caller), 0);
      break;
    default:
      size = fuzz_bytes (input, fuzz_u16 (input) % 1600, &bytes);
      push (world, flow, bytes, size, FALSE);
      return;
  }
  push (world, flow, packet, size, FALSE);
}

/* ---- The receiver and the server behind it ----------------------------- */

/* Says what a receiver would to the latest datagram of ours. */
static void
answer (World *world, guint slot)
{
  WorldUplink *uplink = &world->uplinks[slot];
  guint8 reply[SRTLA_MAX_DATAGRAM];
  gsize size = uplink->control_size;
  const guint8 *id;

  if (size == 0)
    return;
  memcpy (reply, uplink->control, size);
  uplink->control_size = 0;
  switch (srtla_packet_kind (reply, size)) {
    case SRTLA_KIND_REG1:
      memcpy (world->group, reply + 2, SRTLA_GROUP_ID);
      draw (world->group + SRTLA_GROUP_ID / 2, SRTLA_GROUP_ID / 2, world);
      world->knows_group = TRUE;
      size = srtla_write_registration (reply, SRTLA_KIND_REG2, world->group);
      break;
    case SRTLA_KIND_REG2:
      id = srtla_read_registration (reply, size);
      size = srtla_write_short (reply, 2, world->knows_group
          && memcmp (id, world->group, SRTLA_GROUP_ID) == 0
          ? SRTLA_KIND_REG3 : SRTLA_KIND_REG_NGP);
      break;
    default:                   /* a keepalive: as it came */
      break;
  }
  receive (world, slot, reply, size);
}

static void
receive_srtla_ack (World *world, guint slot, FuzzInput *input)
{
  const WorldUplink *uplink = &world->uplinks[slot];
  guint8 shape = fuzz_u8 (input);
  guint32 numbers[SRTLA_ACK_TRAIN];
  guint8 packet[TESTING_MAX_PACKET];
  guint i, count = 1 + shape % SRTLA_ACK_TRAIN;
  guint back = MIN (uplink->n_sent, (guint) fuzz_u8 (input) % WORLD_REMEMBERED);

  for (i = 0; i < count; i++)
    numbers[i] = shape & 0x80 ? fuzz_u16 (input)
        : uplink->sent[(uplink->n_sent - back + i) % WORLD_REMEMBERED];
  receive (world, slot, packet, srtla_write_ack (packet, numbers, count));
}

static void
receive_srt (World *world, guint slot, FuzzInput *input)
{
  guint8 shape = fuzz_u8 (input);
  guint caller = shape & (WORLD_CALLERS - 1);
  guint32 sequence = (world->next[caller] - fuzz_u8 (input)) & SRTLA_SEQ_MASK;
  guint32 to = CALLER_ID (caller);
  guint8 packet[TESTING_MAX_PACKET];
  TestingRange ranges[8];
  gsize size;
  guint i;

  world->stamp += shape & 0x80 ? 0 : 1;
  switch (shape >> 2 & 7) {
    case 0:
      size = testing_ack (packet, world->stamp, sequence, to, world->stamp);
      break;
    case 1:
      size = testing_light_ack (packet, sequence, to, world->stamp);
      break;
    case 2:
      size = testing_nak_range (packet, sequence, (sequence
              + fuzz_u8 (input)) & SRTLA_SEQ_MASK, to, world->stamp);
      break;
    case 3:
      for (i = 0; i < G_N_ELEMENTS (ranges); i++) {
        ranges[i].first = (sequence + fuzz_u8 (input)) & SRTLA_SEQ_MASK;
        ranges[i].last = fuzz_u8 (input) & 1 ? ranges[i].first
            : fuzz_u32 (input) & SRTLA_SEQ_MASK;
      }
      size = testing_nak (packet, ranges, G_N_ELEMENTS (ranges), to,
          world->stamp);
      break;
    case 4:
      size = testing_induction_response (packet, to, sequence, world->stamp);
      break;
    case 5:
      size = testing_conclusion_response (packet, to, SERVER_ID (caller),
          sequence, fuzz_u8 (input), fuzz_u16 (input), world->stamp);
      break;
    case 6:
      size = testing_shutdown (packet, to, world->stamp);
      break;
    default:
      size = testing_handshake (packet, 5, 1002, to, to, 0, world->stamp);
      break;
  }
  receive (world, slot, packet, size);
}

static void
receive_raw (World *world, guint slot, FuzzInput *input)
{
  const guint8 *bytes;
  gsize size = fuzz_bytes (input, fuzz_u16 (input) % 1600, &bytes);

  receive (world, slot, bytes, size);
}

/* ---- Uplinks and settings ---------------------------------------------- */

static void
add_uplink (World *world, gboolean open)
{
  guint slot = srtla_bond_add_uplink (world->bond, world->now);

  if (slot == SRTLA_NO_UPLINK)
    return;
  g_assert_cmpuint (slot, <, SRTLA_MAX_UPLINKS);
  g_assert_false (world->uplinks[slot].used);
  memset (&world->uplinks[slot], 0, sizeof world->uplinks[slot]);
  world->uplinks[slot].used = TRUE;
  if (open)
    srtla_bond_uplink_opened (world->bond, slot, world->now);
}

/* Its socket closes when all that waits for it was given back. */
static void
remove_uplink (World *world, guint slot, gboolean vacates)
{
  guint rounds = 0;

  world_empty (world, slot, SRTLA_SEND_RETURNED);
  while (vacates && !srtla_bond_vacate_uplink (world->bond, slot, world->now)) {
    g_assert_cmpuint (++rounds, <, 100);
    world_take (world);
  }
  world_empty (world, slot, SRTLA_SEND_RETURNED);
  /* From here on nothing may go there. */
  world->uplinks[slot].used = FALSE;
  srtla_bond_remove_uplink (world->bond, slot, world->now);
}

static void
change_uplink (World *world, guint slot, FuzzInput *input)
{
  guint8 what = fuzz_u8 (input);

  if (!world->uplinks[slot].used)
    return;
  switch (what & 7) {
    case 0:
      remove_uplink (world, slot, what & 8);
      break;
    case 1:
      srtla_bond_uplink_opened (world->bond, slot, world->now);
      break;
    case 2:
      world_close (world, slot, "closed");
      break;
    case 3:
      srtla_bond_uplink_limit (world->bond, slot, (guint64) fuzz_u8 (input)
          << (what >> 3), world->now);
      break;
    case 4:
    case 5:
      srtla_bond_uplink_blocked (world->bond, slot, what & 1);
      break;
    case 6:
      srtla_bond_uplink_backlog (world->bond, slot,
          (guint64) fuzz_u8 (input) << (what >> 3));
      break;
    default:
      srtla_bond_uplink_largest (world->bond, slot, 8 * fuzz_u8 (input));
      break;
  }
}

static void
change_flow (World *world, FuzzInput *input)
{
  guint8 what = fuzz_u8 (input);
  guint flow = what >> 2 & 3;
  SrtlaFlowSettings settings = srtla_flow_defaults;

  switch (what & 3) {
    case 0:
      settings.priority = (gint) (fuzz_u8 (input) % (SRTLA_N_CLASSES + 1)) - 1;
      settings.budget = fuzz_span (input);
      settings.quantum = 1 + fuzz_u16 (input);
      settings.length = 1 + fuzz_u8 (input);
      srtla_bond_set_flow (world->bond, flow, &settings);
      break;
    case 1:
      if (flow != SRTLA_MAIN_FLOW)
        srtla_bond_close_flow (world->bond, flow);
      break;
    case 2:
      srtla_bond_flush_flow (world->bond, flow);
      break;
    default:
      srtla_bond_set_critical (world->bond, flow, world->now
          + fuzz_span (input));
      break;
  }
}

static void
change_class (World *world, FuzzInput *input)
{
  SrtlaClass priority = (SrtlaClass) (fuzz_u8 (input) % SRTLA_N_CLASSES);
  SrtlaClassSettings settings = srtla_class_defaults[priority];

  settings.budget = fuzz_span (input);
  settings.quantum = 1 + fuzz_u16 (input);
  settings.length = 1 + fuzz_u8 (input);
  srtla_bond_set_class (world->bond, priority, &settings);
}

static void
change_setting (World *world, FuzzInput *input)
{
  guint8 what = fuzz_u8 (input);
  gboolean on = (what & 0x80) != 0;
  SrtlaBond *bond = world->bond;

  switch (what & 15) {
    case 0:
      g_assert_true (srtla_bond_set_mode (bond, on ? "enhanced" : "classic",
              world->now));
      break;
    case 1:
      srtla_bond_set_quality (bond, on);
      break;
    case 2:
      srtla_bond_set_exploration (bond, on);
      break;
    case 3:
      srtla_bond_set_rescue (bond, on);
      break;
    case 4:
      srtla_bond_set_nak_filter (bond, on);
      break;
    case 5:
      srtla_bond_set_queue_target (bond, fuzz_span (input));
      break;
    case 6:
      srtla_bond_set_connection_timeout (bond, fuzz_span (input));
      break;
    case 7:
      srtla_bond_restart (bond, world->now);
      break;
    case 8:
      srtla_bond_flush (bond);
      break;
    case 9:
      if (on)
        srtla_bond_reset_interval (bond);
      else
        srtla_bond_forget_intervals (bond);
      break;
    case 10:
      world->knows_group = FALSE;       /* the receiver restarted */
      break;
    case 11:
      world->fail_every = fuzz_u8 (input) % 16;
      world->failure = (SrtlaSendResult) (1 + (what >> 4) % 4);
      break;
    case 12:
      world->reports_sent = on;
      world->ahead = (what >> 4 & 7) * SRTLA_MILLISECOND;
      break;
    case 13:
      world->ignores_rebinds = on;
      world->sockets_are_slow = what & 0x40;
      break;
    case 14:
      world->hold = what >> 4;
      break;
    default:
      change_class (world, input);
      break;
  }
}

/* ---- One step ---------------------------------------------------------- */

static void
tick (World *world, SrtlaTime span)
{
  world->now += span;
  srtla_bond_tick (world->bond, world->now);
}

static guint
open_flow (const World *world, guint flow)
{
  return srtla_pipeline_is_open (world->bond->pipeline, flow)
      ? flow : SRTLA_MAIN_FLOW;
}

void
world_step (World *world, FuzzInput *input)
{
  guint8 operation = fuzz_u8 (input);
  guint which = operation >> 4;
  SrtlaTime deadline;

  /* Only pushes may come one after the other, and what its owner does while it
   * takes them. */
  if ((operation & 15) > 2 && (operation & 15) < 12)
    world_take (world);
  switch (operation & 15) {
    case 0:
    case 1:
      push_data (world, open_flow (world, which & 3), input);
      break;
    case 2:
      push_control (world, open_flow (world, which & 3), input);
      break;
    case 3:
      receive_srtla_ack (world, which, input);
      break;
    case 4:
      receive_srt (world, which, input);
      break;
    case 5:
      receive_raw (world, which, input);
      break;
    case 6:
      answer (world, which);
      break;
    case 7:
      for (which = 0; which < SRTLA_MAX_UPLINKS; which++)
        answer (world, which);
      break;
    case 8:
      tick (world, fuzz_span (input));
      break;
    case 9:
      tick (world, which * SRTLA_MILLISECOND);
      break;
    case 10:
      deadline = srtla_bond_deadline (world->bond);
      if (deadline < world->now + 3600 * SRTLA_SECOND)
        tick (world, deadline > world->now ? deadline - world->now : 0);
      break;
    case 11:
      add_uplink (world, which & 1);
      break;
    case 12:
      change_uplink (world, which, input);
      break;
    case 13:
      change_flow (world, input);
      break;
    default:
      change_setting (world, input);
      break;
  }
}

/* ---- Start and end ----------------------------------------------------- */

/* A caller of that latency, ms. */
static void
shake_hands (World *world, guint caller, guint16 latency)
{
  const guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_R_FLAG;
  guint32 id = CALLER_ID (caller), next = world->next[caller];
  guint8 packet[TESTING_MAX_PACKET];

  push (world, SRTLA_MAIN_FLOW, packet, testing_induction (packet, id, next,
          0), FALSE);
  world_take (world);
  receive (world, 0, packet, testing_induction_response (packet, id, next, 0));
  push (world, SRTLA_MAIN_FLOW, packet, testing_conclusion (packet, id, next,
          flags, latency, 1), FALSE);
  world_take (world);
  receive (world, 0, packet, testing_conclusion_response (packet, id,
          SERVER_ID (caller), next, flags, latency, 1));
}

World *
world_new (FuzzInput *input)
{
  World *world = g_new0 (World, 1);
  SrtlaBondConfig config = { draw, world, reference, world_release, 0 };
  guint8 start = fuzz_u8 (input);
  guint i;

  world->now = start & 1 ? 1 : 1000 * SRTLA_SECOND;
  for (i = 0; i < WORLD_CALLERS; i++)
    world->next[i] = start & 2 ? SRTLA_SEQ_MASK - 16 * i : 100;
  world->bond = srtla_bond_new (&config, world->now);
  if (start & 4)
    srtla_bond_set_mode (world->bond, "enhanced", world->now);
  /* So many uplinks that are up, to begin in the middle. */
  for (i = 0; i < (guint) start >> 5; i++)
    add_uplink (world, TRUE);
  for (i = 0; start & 8 && i < 4 * SRTLA_MAX_UPLINKS; i++) {
    world_take (world);
    answer (world, i % SRTLA_MAX_UPLINKS);
  }
  world_take (world);
  if (start & 16)
    shake_hands (world, 0, (guint16) (4 * fuzz_u8 (input)));
  return world;
}

void
world_free (World *world)
{
  srtla_bond_free (world->bond);
  g_assert_cmpuint (world->packets, ==, 0);
  g_free (world);
}
