/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registration state machine under everything that a network, an owner and
 * a clock can do to it. Answers are at times what a receiver would say, so that
 * it gets somewhere.
 */
#include "fuzz.h"

#include "srtla-registration.h"

#define UPLINKS 8

typedef struct
{
  SrtlaRegistration *registration;
  SrtlaTime now;
  guint32 random;
  guint8 drawn[SRTLA_GROUP_ID]; /* the latest draft */
  gboolean used[UPLINKS], open[UPLINKS];
  SrtlaUplinkState states[UPLINKS];     /* as told */
  guint8 sent[UPLINKS][SRTLA_REG_SIZE]; /* the latest datagram */
  gboolean has_sent[UPLINKS];
} World;

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  World *world = user_data;

  fuzz_random (bytes, size, &world->random);
  if (size == SRTLA_GROUP_ID)
    memcpy (world->drawn, bytes, size);
}

static void
changed (guint uplink, SrtlaUplinkState from, SrtlaUplinkState to,
    const gchar *reason, SrtlaTime now, gpointer user_data)
{
  World *world = user_data;

  g_assert_cmpuint (uplink, <, UPLINKS);
  g_assert_cmpint (from, !=, to);
  g_assert_cmpint (world->states[uplink], ==, from);
  g_assert_nonnull (reason);
  g_assert_cmpuint (now, ==, world->now);
  world->states[uplink] = to;
}

static void
take_outputs (World *world, gboolean rebinds)
{
  SrtlaRegistrationOutput output;
  guint taken = 0;

  while (srtla_registration_next (world->registration, &output)) {
    g_assert_cmpuint (++taken, <=, 4 * UPLINKS);
    g_assert_cmpuint (output.uplink, <, UPLINKS);
    g_assert_true (world->open[output.uplink]);
    if (output.action == SRTLA_REGISTRATION_SEND) {
      g_assert_cmpuint (output.size, ==, SRTLA_REG_SIZE);
      g_assert_cmpint (srtla_packet_kind (output.data, output.size), ==,
          output.kind);
      memcpy (world->sent[output.uplink], output.data, output.size);
      world->has_sent[output.uplink] = TRUE;
    } else if (rebinds) {
      srtla_registration_closed (world->registration, output.uplink, "rebind",
          world->now);
      srtla_registration_opened (world->registration, output.uplink,
          world->now);
    }
  }
}

static void
receive (World *world, guint uplink, SrtlaKind kind, const guint8 *data,
    gsize size)
{
  SrtlaRegistrationVerdict verdict;
  guint8 drawn[SRTLA_GROUP_ID];

  memcpy (drawn, world->drawn, sizeof drawn);
  verdict = srtla_registration_receive (world->registration, uplink, kind,
      data, size, world->now);
  /* A group is only taken whose first half is ours. */
  if (kind == SRTLA_KIND_REG2 && verdict == SRTLA_REGISTRATION_TAKEN) {
    g_assert_cmpuint (size, ==, SRTLA_REG_SIZE);
    g_assert_cmpmem (data + 2, SRTLA_GROUP_ID / 2, drawn, SRTLA_GROUP_ID / 2);
  }
  if (!world->open[uplink % UPLINKS])
    g_assert_cmpint (verdict, ==, SRTLA_REGISTRATION_IGNORED);
}

/* What a receiver says to the latest datagram. */
static void
answer (World *world, guint uplink, guint8 how)
{
  guint8 data[SRTLA_REG_SIZE];
  guint32 half = 0x12345678u;

  if (!world->has_sent[uplink])
    return;
  memcpy (data, world->sent[uplink], sizeof data);
  if (srtla_packet_kind (data, sizeof data) == SRTLA_KIND_REG1) {
    fuzz_random (data + 2 + SRTLA_GROUP_ID / 2, SRTLA_GROUP_ID / 2, &half);
    srtla_write_u16 (data, 0x9201);
    if (how & 1)
      data[2 + how % SRTLA_GROUP_ID] ^= how;
    receive (world, uplink, SRTLA_KIND_REG2, data, sizeof data);
  } else {
    receive (world, uplink, how & 1 ? SRTLA_KIND_REG3 : how & 2
        ? SRTLA_KIND_REG_ERR : SRTLA_KIND_REG_NGP, data, 2);
  }
}

static void
receive_raw (World *world, guint uplink, FuzzInput *input)
{
  const guint8 *bytes;
  gsize size = fuzz_bytes (input, fuzz_u16 (input) % 300, &bytes);
  guint8 *exact = testing_exact_copy (bytes, size);
  SrtlaKind kind = srtla_packet_kind (exact, size);

  if (kind >= SRTLA_KIND_REG1 && kind <= SRTLA_KIND_REG_NAK)
    receive (world, uplink, kind, exact, size);
  free (exact);
}

static void
step (World *world, FuzzInput *input)
{
  guint8 operation = fuzz_u8 (input);
  guint uplink = operation >> 4 & (UPLINKS - 1);
  SrtlaRegistration *registration = world->registration;

  switch (operation & 15) {
    case 0:
      srtla_registration_add (registration, uplink, world->now);
      world->used[uplink] = TRUE;
      break;
    case 1:
      srtla_registration_remove (registration, uplink, world->now);
      world->used[uplink] = world->open[uplink] = FALSE;
      break;
    case 2:
      srtla_registration_opened (registration, uplink, world->now);
      world->open[uplink] = world->used[uplink];
      break;
    case 3:
      srtla_registration_closed (registration, uplink, "closed", world->now);
      world->open[uplink] = FALSE;
      break;
    case 4:
      srtla_registration_lost (registration, uplink, "lost", world->now);
      break;
    case 5:
      srtla_registration_heard (registration, uplink, world->now);
      break;
    case 6:
      srtla_registration_restart (registration, world->now);
      break;
    case 7:
      srtla_registration_set_rtt (registration, uplink, fuzz_span (input));
      break;
    case 8:
      receive_raw (world, uplink, input);
      break;
    case 9:
      world->now += fuzz_span (input);
      srtla_registration_tick (registration, world->now);
      break;
    case 10:
      world->now = MAX (world->now, MIN (srtla_registration_deadline
              (registration), world->now + 60 * SRTLA_SECOND));
      srtla_registration_tick (registration, world->now);
      break;
    default:
      answer (world, uplink, fuzz_u8 (input));
      break;
  }
}

/* ---- Invariants -------------------------------------------------------- */

static void
check (World *world)
{
  guint up = 0, i;

  for (i = 0; i < UPLINKS; i++) {
    g_assert_cmpint (world->states[i], ==,
        srtla_registration_state (world->registration, i));
    if (!world->open[i])
      g_assert_cmpint (world->states[i], ==, SRTLA_UPLINK_CLOSED);
    up += world->states[i] == SRTLA_UPLINK_UP;
  }
  if (up > 0)
    g_assert_true (srtla_registration_has_group (world->registration));
}

/* What is due was done: a second look at the clock finds nothing. */
static void
check_deadline (World *world)
{
  srtla_registration_tick (world->registration, world->now);
  g_assert_cmpuint (srtla_registration_deadline (world->registration), >,
      world->now);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  World *world = g_new0 (World, 1);
  guint8 habits = fuzz_u8 (&input);

  world->now = habits & 1 ? 0 : 1000 * SRTLA_SECOND;
  world->registration = srtla_registration_new (draw, changed, world);
  while (input.left > 0) {
    step (world, &input);
    check (world);
    take_outputs (world, habits & 2);
    check (world);
    check_deadline (world);
  }
  srtla_registration_free (world->registration);
  g_free (world);
  return 0;
}
