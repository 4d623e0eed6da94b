/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stress [--seconds N] [--seed N] [--load PERCENT] [--png FILE]
 * Three flows at more than an uplink may carry, through the bond in enhanced
 * mode and virtual time: how long packets wait, what is dropped where, and what
 * lengths and quanta of queues make of it. Flows: urgent (HIGH, thin), thin and
 * bulk (LOW; a tenth of bulk is droppable), in bursts of packets of any size.
 */
#include "srtla-bond.h"
#include "testing.h"

#include <glib/gstdio.h>

#define RATE     10000000       /* bits/s that the uplink may carry */
#define PACKETS  16384
#define PEER     0x20000001u
#define LATENCY  500            /* ms, of SRT */
#define LARGEST  1400           /* bytes of payload */

enum
{ URGENT = 1, THIN, BULK, N_FLOWS };

static const gchar *const flow_names[] = { "", "urgent", "thin", "bulk" };

typedef struct
{
  guint length;                 /* of a class's queue, packets */
  guint class_quantum, flow_quantum;    /* bytes */
} Setting;

typedef struct
{
  SrtlaBond *bond;
  GRand *rand;
  SrtlaTime now, next[N_FLOWS];
  guint8 packets[PACKETS][SRTLA_MAX_DATAGRAM];
  guint next_packet;
  guint32 sequence;
  guint8 group_id[SRTLA_GROUP_ID];
} Stress;

static gint seconds = 20, seed = 1, load = 200;
static gchar *png = NULL;

static const GOptionEntry entries[] = {
  {"seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "of virtual time a run (20)",
      "N"},
  {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "of sizes and bursts (1)", "N"},
  {"load", 0, 0, G_OPTION_ARG_INT, &load, "of what the uplink carries (200)",
      "PERCENT"},
  {"png", 0, 0, G_OPTION_ARG_FILENAME, &png, "draw the sweep of lengths",
      "FILE"},
  {NULL, 0, 0, 0, NULL, NULL, NULL}
};

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  testing_random (bytes, size, ((Stress *) user_data)->rand);
}

/* The receiver's word on registration and keepalives. */
static void
answer (Stress *stress, const SrtlaOutput *output)
{
  guint8 copy[SRTLA_REG_SIZE];
  gsize size = output->packet.size;

  memcpy (copy, output->packet.data, size);
  if (srtla_packet_kind (copy, size) == SRTLA_KIND_REG1) {
    memcpy (stress->group_id, copy + 2, SRTLA_GROUP_ID);
    size = srtla_write_registration (copy, SRTLA_KIND_REG2, stress->group_id);
  } else if (srtla_packet_kind (copy, size) == SRTLA_KIND_REG2) {
    size = srtla_write_short (copy, 2, memcmp (stress->group_id, copy + 2,
            SRTLA_GROUP_ID) == 0 ? SRTLA_KIND_REG3 : SRTLA_KIND_REG_NGP);
  }
  srtla_bond_receive (stress->bond, output->uplink, copy, size, stress->now);
}

static void
take (Stress *stress)
{
  SrtlaOutput output;
  SrtlaEvent event;

  while (srtla_bond_next_output (stress->bond, &output)) {
    if (output.kind == SRTLA_OUTPUT_CONTROL)
      answer (stress, &output);
    else if (output.kind == SRTLA_OUTPUT_PACKET)
      srtla_bond_note_sent (stress->bond, &output, stress->now);
  }
  while (srtla_bond_next_event (stress->bond, &event));
}

static guint8 *
buffer (Stress *stress)
{
  stress->next_packet = (stress->next_packet + 1) % PACKETS;
  return stress->packets[stress->next_packet];
}

static void
push (Stress *stress, guint flow, const guint8 *data, gsize size,
    gboolean droppable)
{
  SrtlaPacket packet = { data, size, NULL };

  srtla_bond_push_flow (stress->bond, flow, &packet, droppable, stress->now,
      NULL);
}

static void
shake_hands (Stress *stress)
{
  const guint32 id = 0x10000001u, flags = SRTLA_HS_TSBPD_SENDER
      | SRTLA_HS_TSBPD_RECEIVER | SRTLA_HS_TLPKTDROP | SRTLA_HS_R_FLAG;
  guint8 reply[TESTING_MAX_PACKET];
  guint8 *data = buffer (stress);

  push (stress, 0, data, testing_induction (data, id, 1, 0), FALSE);
  srtla_bond_receive (stress->bond, 0, reply, testing_induction_response
      (reply, id, 1, 0), stress->now);
  take (stress);
  data = buffer (stress);
  push (stress, 0, data, testing_conclusion (data, id, 1, flags, LATENCY, 1),
      FALSE);
  srtla_bond_receive (stress->bond, 0, reply, testing_conclusion_response
      (reply, id, PEER, 1, flags, LATENCY, 1), stress->now);
  take (stress);
}

/* A burst of a flow, and when its next one comes. */
static void
burst (Stress *stress, guint flow)
{
  guint n = (guint) g_rand_int_range (stress->rand, 1, flow == BULK ? 60 : 4);
  guint64 bits = 0, rate;

  for (; n > 0; n--) {
    gsize size = SRTLA_SRT_HEADER
        + (gsize) g_rand_int_range (stress->rand, 0, LARGEST + 1);
    guint8 *data = buffer (stress);

    testing_data_packet (data, size, stress->sequence, PEER,
        (guint32) stress->now, FALSE);
    stress->sequence = srtla_seq_next (stress->sequence);
    push (stress, flow, data, size, flow == BULK
        && testing_chance (stress->rand, 10));
    bits += 8 * size;
  }
  rate = flow == BULK ? (guint64) RATE * (guint) load / 100 - RATE / 10
      : RATE / 20;
  stress->next[flow] += MAX (bits * SRTLA_SECOND / rate, 1);
}

static Stress *
stress_new (const Setting *setting)
{
  Stress *stress = g_new0 (Stress, 1);
  SrtlaBondConfig config = { draw, stress, NULL, NULL, 0 };
  guint i;

  stress->rand = g_rand_new_with_seed ((guint32) seed);
  stress->now = 10 * SRTLA_SECOND;
  stress->bond = srtla_bond_new (&config, stress->now);
  srtla_bond_set_mode (stress->bond, "enhanced", stress->now);
  srtla_bond_set_rescue (stress->bond, FALSE);
  srtla_bond_add_uplink (stress->bond, stress->now);
  srtla_bond_uplink_opened (stress->bond, 0, stress->now);
  take (stress);
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    SrtlaClassSettings class = srtla_class_defaults[i];

    if (setting->length != 0)
      class.length = setting->length;
    if (setting->class_quantum != 0 && i != SRTLA_CLASS_BEST_EFFORT)
      class.quantum = setting->class_quantum;
    srtla_bond_set_class (stress->bond, i, &class);
  }
  for (i = URGENT; i < N_FLOWS; i++) {
    SrtlaFlowSettings flow = srtla_flow_defaults;

    flow.priority = i == URGENT ? SRTLA_CLASS_HIGH : SRTLA_PRIORITY_AUTO;
    if (setting->flow_quantum != 0)
      flow.quantum = setting->flow_quantum;
    srtla_bond_set_flow (stress->bond, i, &flow);
    stress->next[i] = stress->now + i;
  }
  shake_hands (stress);
  srtla_bond_uplink_limit (stress->bond, 0, RATE, stress->now);
  return stress;
}

static void
run (const Setting *setting, SrtlaBondStats *stats)
{
  Stress *stress = stress_new (setting);
  SrtlaTime end = stress->now + (guint) seconds * SRTLA_SECOND;
  guint i;

  while (stress->now < end) {
    SrtlaTime due = srtla_bond_deadline (stress->bond);

    for (i = URGENT; i < N_FLOWS; i++)
      due = MIN (due, stress->next[i]);
    stress->now = MAX (stress->now, due);
    for (i = URGENT; i < N_FLOWS; i++)
      if (stress->next[i] <= stress->now)
        burst (stress, i);
    srtla_bond_tick (stress->bond, stress->now);
    take (stress);
  }
  srtla_bond_get_stats (stress->bond, stress->now, stats);
  srtla_bond_free (stress->bond);
  g_rand_free (stress->rand);
  g_free (stress);
}

/* ---- Tables ------------------------------------------------------------ */

static void
print_flows (const SrtlaBondStats *stats)
{
  guint i;

  g_print ("| flow | in | sent | p50, ms | p95, ms | p99, ms | most, ms | "
      "no room | expired |\n|---|---|---|---|---|---|---|---|---|\n");
  for (i = URGENT; i < N_FLOWS; i++) {
    const SrtlaFlowStats *flow = &stats->flows[i];

    g_print ("| %s | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %.2f | "
        "%.2f | %.2f | %.2f | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT
        " |\n", flow_names[i], flow->traffic.packets_in,
        flow->traffic.packets_out, flow->total.p50 / 1e3,
        flow->total.p95 / 1e3, flow->total.p99 / 1e3,
        flow->total.maximum / 1e3, flow->traffic.lost[SRTLA_LOSS_QUEUE],
        flow->traffic.lost[SRTLA_LOSS_EXPIRED]);
  }
}

static void
print_stage (const gchar *class, const gchar *stage,
    const SrtlaQueueStats *stats)
{
  g_print ("| %s | %s | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %"
      G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT " | %u |\n", class, stage,
      stats->packets_in, stats->packets_out, stats->dropped[SRTLA_DROP_FULL],
      stats->dropped[SRTLA_DROP_EXPIRED], stats->packets_maximum);
}

static void
print_stages (const SrtlaBondStats *stats)
{
  guint i;

  g_print ("\n| class | stage | in | out | full | expired | most waiting |\n"
      "|---|---|---|---|---|---|---|\n");
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    print_stage (srtla_class_names[i], "ingress", &stats->classes[i].ingress);
    print_stage (srtla_class_names[i], "EDF", &stats->classes[i].edf);
    print_stage (srtla_class_names[i], "egress", &stats->classes[i].egress);
  }
}

static void
print_sweep (const Setting *setting, SrtlaBondStats *stats, GString *plot)
{
  const SrtlaFlowStats *thin, *bulk;

  run (setting, stats);
  thin = &stats->flows[THIN];
  bulk = &stats->flows[BULK];
  g_print ("| %u | %u | %u | %.2f | %.2f | %.1f | %.1f | %" G_GUINT64_FORMAT
      " | %.2f |\n", setting->length, setting->class_quantum,
      setting->flow_quantum, stats->flows[URGENT].total.p99 / 1e3,
      stats->flows[URGENT].total.maximum / 1e3, thin->total.p99 / 1e3,
      bulk->total.p99 / 1e3, thin->traffic.packets_in
      - thin->traffic.packets_out, (gdouble) (bulk->traffic.bytes_out
          + thin->traffic.bytes_out + stats->flows[URGENT].traffic.bytes_out)
      * 8 / seconds / 1e6);
  g_string_append_printf (plot, "%u %f %f %f\n", setting->length,
      stats->flows[URGENT].total.p99 / 1e3, thin->total.p99 / 1e3,
      bulk->total.p99 / 1e3);
}

static gboolean
draw_sweep (const gchar *data, GError **error)
{
  gchar *script = g_strdup_printf ("$sweep << EOD\n%sEOD\n"
      "set terminal pngcairo size 900,500\nset output '%s'\nset grid\n"
      "set logscale xy\nset xlabel 'packets that wait in a class'\n"
      "set ylabel 'p99, ms'\nset key left\n"
      "plot $sweep using 1:($2+0.01) with linespoints title 'urgent', "
      "$sweep using 1:3 with linespoints title 'thin', "
      "$sweep using 1:4 with linespoints title 'bulk'\n", data, png);
  gchar *arguments[] = { (gchar *) "gnuplot", NULL, NULL };
  gint handle = g_file_open_tmp ("stress-XXXXXX", &arguments[1], error);
  gint status = 0;
  gboolean good = handle >= 0 && g_close (handle, error)
      && g_file_set_contents (arguments[1], script, -1, error)
      && g_spawn_sync (NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
      NULL, NULL, &status, error)
      && g_spawn_check_wait_status (status, error);

  if (arguments[1] != NULL)
    g_remove (arguments[1]);
  g_free (arguments[1]);
  g_free (script);
  return good;
}

static gboolean
run_all (GError **error)
{
  static const guint quanta[] = { 1500, 3000, 6000, 12000 };
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);
  GString *plot = g_string_new (NULL), *unused = g_string_new (NULL);
  Setting setting = { 0, 0, 0 };
  gboolean good;
  guint i;

  g_print ("%d %% of %d Mbit/s for %d s, seed %d\n\n", load, RATE / 1000000,
      seconds, seed);
  run (&setting, stats);
  print_flows (stats);
  print_stages (stats);
  g_print ("\n| class length | class quantum | flow quantum | urgent p99, ms | "
      "urgent most, ms | thin p99, ms | bulk p99, ms | thin lost | sent, Mbit/s "
      "|\n|---|---|---|---|---|---|---|---|---|\n");
  setting.class_quantum = setting.flow_quantum = 3000;
  for (setting.length = 1; setting.length <= 512; setting.length *= 2)
    print_sweep (&setting, stats, plot);
  setting.length = srtla_class_defaults[SRTLA_CLASS_LOW].length;
  for (i = 0; i < G_N_ELEMENTS (quanta); i++) {
    setting.class_quantum = quanta[i];
    print_sweep (&setting, stats, unused);
  }
  setting.class_quantum = 3000;
  for (i = 0; i < G_N_ELEMENTS (quanta); i++) {
    setting.flow_quantum = quanta[i];
    print_sweep (&setting, stats, unused);
  }
  good = png == NULL || draw_sweep (plot->str, error);
  g_string_free (plot, TRUE);
  g_string_free (unused, TRUE);
  g_free (stats);
  return good;
}

int
main (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("- queues under load");
  GError *error = NULL;
  gboolean good;

  g_option_context_add_main_entries (context, entries, NULL);
  good = g_option_context_parse (context, &argc, &argv, &error)
      && run_all (&error);
  if (!good)
    g_printerr ("stress: %s\n", error->message);
  g_clear_error (&error);
  g_option_context_free (context);
  g_free (png);
  return good ? 0 : 1;
}
