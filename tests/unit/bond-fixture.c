/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bond-fixture.h"

static void
reference (gpointer owner, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert (owner != NULL);
  fixture->references++;
}

static void
release (gpointer owner, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert (owner != NULL);
  g_assert_cmpint (fixture->references, >, 0);
  fixture->references--;
}

static void
draw (guint8 * bytes, gsize size, gpointer user_data)
{
  Fixture *fixture = user_data;

  testing_random (bytes, size, fixture->rand);
}

void
fixture_init (Fixture * fixture, guint uplinks, gboolean silent)
{
  SrtlaBondConfig config = { draw, fixture, reference, release, 0 };
  guint i;

  memset (fixture, 0, sizeof *fixture);
  fixture->rand = testing_rand_new ();
  fixture->trace = g_string_new (NULL);
  fixture->now = 5 * SRTLA_SECOND;
  fixture->bond = srtla_bond_new (&config, fixture->now);
  for (i = 0; i < uplinks; i++)
    fixture_add_uplink (fixture, !silent);
}

void
fixture_clear (Fixture * fixture)
{
  srtla_bond_free (fixture->bond);
  g_assert_cmpint (fixture->references, ==, 0);
  g_string_free (fixture->trace, TRUE);
  g_rand_free (fixture->rand);
}

guint
fixture_add_uplink (Fixture * fixture, gboolean answers)
{
  guint uplink = srtla_bond_add_uplink (fixture->bond, fixture->now);

  g_assert_cmpuint (uplink, !=, SRTLA_NO_UPLINK);
  fixture->answers[uplink] = answers;
  srtla_bond_uplink_opened (fixture->bond, uplink, fixture->now);
  fixture_drain (fixture);
  return uplink;
}

/* The receiver: knows one group, and answers at once. */
static void
answer (Fixture * fixture, guint uplink, const guint8 * data, gsize size)
{
  const guint8 *id = srtla_read_registration (data, size);
  guint8 out[SRTLA_REG_SIZE];
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (kind == SRTLA_KIND_REG1) {
    memcpy (fixture->group_id, id, SRTLA_GROUP_ID);
    memset (fixture->group_id + SRTLA_GROUP_ID / 2, 0x5a, SRTLA_GROUP_ID / 2);
    fixture->has_group = TRUE;
    srtla_write_registration (out, SRTLA_KIND_REG2, fixture->group_id);
    srtla_bond_receive (fixture->bond, uplink, out, sizeof out, fixture->now);
  } else if (kind == SRTLA_KIND_REG2) {
    gboolean known = fixture->has_group
        && memcmp (id, fixture->group_id, SRTLA_GROUP_ID) == 0;

    srtla_write_short (out, 2, known ? SRTLA_KIND_REG3 : SRTLA_KIND_REG_NGP);
    srtla_bond_receive (fixture->bond, uplink, out, 2, fixture->now);
  }
}

void
fixture_drain (Fixture * fixture)
{
  SrtlaOutput output;
  SrtlaEvent event;
  gchar line[256];

  fixture->n_outputs = 0;
  while (srtla_bond_next_output (fixture->bond, &output)) {
    if (output.kind == SRTLA_OUTPUT_REBIND) {
      fixture->rebinds++;
      srtla_bond_uplink_closed (fixture->bond, output.uplink, "rebind",
          fixture->now);
      srtla_bond_uplink_opened (fixture->bond, output.uplink, fixture->now);
    } else if (output.kind == SRTLA_OUTPUT_CONTROL
        && srtla_read_registration (output.packet.data, output.packet.size)) {
      guint8 copy[SRTLA_REG_SIZE];

      memcpy (copy, output.packet.data, sizeof copy);
      if (fixture->answers[output.uplink])
        answer (fixture, output.uplink, copy, sizeof copy);
    } else {
      g_assert_cmpuint (fixture->n_outputs, <, FIXTURE_OUTPUTS);
      fixture->outputs[fixture->n_outputs++] = output;
      if (output.packet.owner != NULL)
        release (output.packet.owner, fixture);
    }
  }
  while (srtla_bond_next_event (fixture->bond, &event)) {
    srtla_event_format (&event, line, sizeof line);
    g_string_append_printf (fixture->trace, "%s\n", line);
  }
}

void
fixture_advance (Fixture * fixture, SrtlaTime span)
{
  SrtlaTime end = fixture->now + span;
  SrtlaTime deadline;

  while ((deadline = srtla_bond_deadline (fixture->bond)) <= end) {
    g_assert_cmpuint (deadline, >, 0);
    fixture->now = MAX (fixture->now, deadline);
    srtla_bond_tick (fixture->bond, fixture->now);
    fixture_drain (fixture);
    g_assert_cmpuint (srtla_bond_deadline (fixture->bond), >, fixture->now);
  }
  fixture->now = end;
}

SrtlaPushVerdict
fixture_push (Fixture * fixture, const guint8 * data, gsize size)
{
  SrtlaPacket packet = { data, size, fixture };
  SrtlaPushVerdict verdict;

  fixture->references++;
  verdict = srtla_bond_push (fixture->bond, &packet, fixture->now, NULL);
  fixture_drain (fixture);
  return verdict;
}

guint
fixture_push_data (Fixture * fixture, guint32 sequence)
{
  guint8 packet[1332];

  testing_data_packet (packet, sizeof packet, sequence, FIXTURE_SERVER_ID,
      (guint32) fixture->now, FALSE);
  if (fixture_push (fixture, packet, sizeof packet) != SRTLA_PUSH_TAKEN)
    return SRTLA_NO_UPLINK;
  g_assert_cmpuint (fixture->n_outputs, >=, 1);
  return fixture->outputs[0].uplink;
}

void
fixture_receive (Fixture * fixture, guint uplink, const guint8 * data,
    gsize size)
{
  srtla_bond_receive (fixture->bond, uplink, data, size, fixture->now);
  fixture_drain (fixture);
}

void
fixture_handshake (Fixture * fixture, guint32 caller_id, guint32 server_id,
    guint32 first_sequence)
{
  guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK | SRTLA_HS_R_FLAG;
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;

  size = testing_induction (packet, caller_id, first_sequence, 0);
  fixture_push (fixture, packet, size);
  size = testing_induction_response (packet, caller_id, first_sequence, 0);
  fixture_receive (fixture, 0, packet, size);
  size = testing_conclusion (packet, caller_id, first_sequence, flags, 120, 1);
  fixture_push (fixture, packet, size);
  size = testing_conclusion_response (packet, caller_id, server_id,
      first_sequence, flags, 120, 1);
  fixture_receive (fixture, 0, packet, size);
}

guint
fixture_count (const Fixture * fixture, SrtlaOutputKind kind)
{
  guint i, count = 0;

  for (i = 0; i < fixture->n_outputs; i++)
    count += fixture->outputs[i].kind == kind;
  return count;
}

void
fixture_stats (Fixture * fixture, SrtlaBondStats * stats)
{
  srtla_bond_get_stats (fixture->bond, fixture->now, stats);
}

SrtlaUplinkStats
fixture_uplink_stats (Fixture * fixture, guint uplink)
{
  SrtlaBondStats stats;
  guint i = 0;

  fixture_stats (fixture, &stats);
  while (i < stats.n_uplinks && stats.uplinks[i].slot != uplink)
    i++;
  g_assert_cmpuint (i, <, stats.n_uplinks);
  return stats.uplinks[i];
}
