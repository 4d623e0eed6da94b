/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stress [--seconds N] [--seed N] [--load PERCENT] [--sweep] [--png FILE]
 * Three flows at more than an uplink may carry, through the bond in enhanced
 * mode and virtual time: how long packets wait, and what is dropped at which
 * stage; with --sweep also what lengths and quanta of queues make of it. Flows:
 * urgent (HIGH, thin), thin and bulk (LOW; a tenth of bulk is droppable), in
 * bursts of packets of any size. Fails if the books do not balance, or if an
 * urgent packet is lost or kept waiting.
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
  /* Packets, of all classes (0: each as it is by default) and of flows. */
  guint class_length, flow_length;
  /* Bytes; of classes with deadlines, of flows, of best effort. */
  guint class_quantum, flow_quantum, best_quantum;
} Setting;

/* As the core has them. */
static const Setting defaults = { 0, 1024, 3000, 3000, 1500 };

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
static gboolean sweeps = FALSE;
static gchar *png = NULL;

static const GOptionEntry entries[] = {
  {"seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "of virtual time a run (20)",
      "N"},
  {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "of sizes and bursts (1)", "N"},
  {"load", 0, 0, G_OPTION_ARG_INT, &load, "of what the uplink carries (200)",
      "PERCENT"},
  {"sweep", 0, 0, G_OPTION_ARG_NONE, &sweeps, "lengths and quanta of queues",
      NULL},
  {"png", 0, 0, G_OPTION_ARG_FILENAME, &png, "draw all of it", "FILE"},
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

    if (setting->class_length != 0)
      class.length = setting->class_length;
    class.quantum = class.budget == SRTLA_TIME_NONE ? setting->best_quantum
        : setting->class_quantum;
    srtla_bond_set_class (stress->bond, i, &class);
  }
  for (i = URGENT; i < N_FLOWS; i++) {
    SrtlaFlowSettings flow = srtla_flow_defaults;

    flow.priority = i == URGENT ? SRTLA_CLASS_HIGH : SRTLA_PRIORITY_AUTO;
    flow.quantum = setting->flow_quantum;
    flow.length = setting->flow_length;
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

/* ---- What must hold ------------------------------------------------------ */

static guint64
lost_of (const SrtlaTraffic *traffic)
{
  return srtla_traffic_accounted (traffic) - traffic->packets_out
      - traffic->waiting;
}

static gboolean
balances (const SrtlaBondStats *stats)
{
  gboolean good = srtla_bond_stats_accounted (stats) == stats->packets_pushed;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaClassStats *class = &stats->classes[i];

    good = good && srtla_queue_stats_balance (&class->ingress)
        && srtla_queue_stats_balance (&class->edf)
        && srtla_queue_stats_balance (&class->egress)
        && srtla_traffic_accounted (&class->traffic)
        == class->traffic.packets_in;
  }
  for (i = 0; i < N_FLOWS; i++)
    good = good && srtla_traffic_accounted (&stats->flows[i].traffic)
        == stats->flows[i].traffic.packets_in;
  return good;
}

/* Urgent packets wait for each other, three at most, and for one that is on
 * its way. */
static gboolean
check (const SrtlaBondStats *stats, GError **error)
{
  const SrtlaFlowStats *urgent = &stats->flows[URGENT];
  const SrtlaTime longest = SRTLA_MILLISECOND + 3
      * (LARGEST + SRTLA_SRT_HEADER) * 8 * SRTLA_SECOND / RATE;

  if (!balances (stats))
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
        "the books do not balance");
  else if (urgent->traffic.packets_out == 0 || lost_of (&urgent->traffic) != 0)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
        "urgent packets were lost");
  else if (urgent->total.p99 > longest)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
        "urgent packets waited for %.2f ms (p99)", urgent->total.p99 / 1e3);
  else
    return TRUE;
  return FALSE;
}

/* ---- Tables ------------------------------------------------------------- */

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
print_setting (const Setting *setting, const SrtlaBondStats *stats)
{
  const SrtlaFlowStats *urgent = &stats->flows[URGENT];
  const SrtlaFlowStats *thin = &stats->flows[THIN], *bulk = &stats->flows[BULK];
  gdouble sent = (gdouble) (urgent->traffic.bytes_out + thin->traffic.bytes_out
      + bulk->traffic.bytes_out);
  gchar *length = setting->class_length == 0 ? g_strdup ("default")
      : g_strdup_printf ("%u", setting->class_length);

  g_print ("| %s | %u | %u | %u | %u | %.2f | %.1f | %" G_GUINT64_FORMAT
      " | %.0f | %" G_GUINT64_FORMAT " | %" G_GUINT64_FORMAT
      " | %.1f | %.2f |\n", length, setting->flow_length, setting->class_quantum,
      setting->flow_quantum, setting->best_quantum, urgent->total.p99 / 1e3,
      thin->total.p99 / 1e3, lost_of (&thin->traffic), bulk->total.p99 / 1e3,
      bulk->traffic.lost[SRTLA_LOSS_QUEUE],
      bulk->traffic.lost[SRTLA_LOSS_EXPIRED], 100 * (gdouble)
      stats->classes[SRTLA_CLASS_BEST_EFFORT].traffic.bytes_out / sent,
      sent * 8 / seconds / 1e6);
  g_free (length);
}

/* ---- The sweep ---------------------------------------------------------- */

typedef struct
{
  gsize member;                 /* of Setting */
  guint values[11];             /* 0 = the end */
} Sweep;

static const Sweep sweep[] = {
  {G_STRUCT_OFFSET (Setting, class_length),
      {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 0}},
  {G_STRUCT_OFFSET (Setting, flow_length), {64, 256, 1024, 4096, 0}},
  {G_STRUCT_OFFSET (Setting, class_quantum), {1500, 3000, 6000, 12000, 0}},
  {G_STRUCT_OFFSET (Setting, flow_quantum), {1500, 3000, 6000, 12000, 0}},
  {G_STRUCT_OFFSET (Setting, best_quantum), {1500, 3000, 6000, 0}},
};

/* Adds lines for the picture: of lengths of class queues. */
static gboolean
run_sweep (SrtlaBondStats *stats, GString *lengths, GError **error)
{
  guint i, j;

  g_print ("\n| class length | flow length | class quantum | flow quantum | "
      "best-effort quantum | urgent p99, ms | thin p99, ms | thin lost | "
      "bulk p99, ms | no room | expired | best effort, %% of bytes | "
      "sent, Mbit/s |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (i = 0; i < G_N_ELEMENTS (sweep); i++) {
    for (j = 0; sweep[i].values[j] != 0; j++) {
      Setting setting = defaults;

      G_STRUCT_MEMBER (guint, &setting, sweep[i].member) = sweep[i].values[j];
      run (&setting, stats);
      if (!check (stats, error))
        return FALSE;
      print_setting (&setting, stats);
      if (i == 0)
        g_string_append_printf (lengths, "%u %f %f %f\n", setting.class_length,
            stats->flows[URGENT].total.p99 / 1e3,
            stats->flows[THIN].total.p99 / 1e3,
            stats->flows[BULK].total.p99 / 1e3);
    }
  }
  return TRUE;
}

/* ---- The picture -------------------------------------------------------- */

/* What waits and what is dropped, as data of gnuplot. */
static gchar *
describe (const SrtlaBondStats *stats)
{
  GString *text = g_string_new ("$delays << EOD\n");
  guint i;

  for (i = URGENT; i < N_FLOWS; i++) {
    const SrtlaDelays *delays = &stats->flows[i].total;

    g_string_append_printf (text, "%s %f %f %f %f\n", flow_names[i],
        delays->p50 / 1e3, delays->p95 / 1e3, delays->p99 / 1e3,
        delays->maximum / 1e3);
  }
  g_string_append (text, "EOD\n$drops << EOD\n");
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const SrtlaClassStats *class = &stats->classes[i];

    g_string_append_printf (text, "%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
        " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
        srtla_class_names[i], class->ingress.dropped[SRTLA_DROP_FULL],
        class->ingress.dropped[SRTLA_DROP_EXPIRED],
        class->edf.dropped[SRTLA_DROP_EXPIRED],
        class->egress.dropped[SRTLA_DROP_EXPIRED],
        class->edf.dropped[SRTLA_DROP_FULL]
        + class->egress.dropped[SRTLA_DROP_FULL]);
  }
  g_string_append (text, "EOD\n");
  return g_string_free (text, FALSE);
}

/* Takes what describe () said, and the sweep's lines or "". */
static gchar *
make_script (const gchar *data, const gchar *lengths)
{
  gboolean three = *lengths != '\0';
  gchar *head = g_strdup_printf ("%sset terminal pngcairo size %d,520\n"
      "set output '%s'\nset multiplot layout 1,%d title '%d %% of %d Mbit/s, "
      "%d s'\nset grid ytics\nset style data histogram\n"
      "set style fill solid 0.8 border -1\n", data, three ? 1500 : 1000, png,
      three ? 3 : 2, load, RATE / 1000000, seconds);
  gchar *sweep_plot = !three ? g_strdup ("") : g_strdup_printf ("$lengths << "
      "EOD\n%sEOD\nset title 'waiting, by the length of class queues'\n"
      "set logscale xy\nset xlabel 'packets that wait in a class'\n"
      "set ylabel 'p99, ms'\n"
      "plot $lengths using 1:2 with linespoints title 'urgent', "
      "'' using 1:3 with linespoints title 'thin', "
      "'' using 1:4 with linespoints title 'bulk'\n", lengths);
  gchar *script = g_strconcat (head,
      "set title 'waiting, by flow'\nset style histogram clustered gap 1\n"
      "set logscale y\nset yrange [0.1:*]\nset ylabel 'ms'\nset key below\n"
      "plot $delays using 2:xtic(1) title 'p50', '' using 3 title 'p95', "
      "'' using 4 title 'p99', '' using 5 title 'most'\n"
      "unset logscale\nset yrange [0:*]\n"
      "set title 'dropped, by class and stage'\n"
      "set style histogram rowstacked\nset boxwidth 0.6\nset ylabel 'packets'\n"
      "plot $drops using 2:xtic(1) title 'ingress, full', "
      "'' using 3 title 'ingress, expired', '' using 4 title 'EDF, expired', "
      "'' using 5 title 'egress, expired', "
      "'' using 6 title 'EDF and egress, full'\nset yrange [*:*]\n",
      sweep_plot, NULL);

  g_free (head);
  g_free (sweep_plot);
  return script;
}

static gboolean
draw_picture (const gchar *script, GError **error)
{
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
  return good;
}

static gboolean
run_all (GError **error)
{
  SrtlaBondStats *stats = g_new (SrtlaBondStats, 1);
  GString *lengths = g_string_new (NULL);
  gchar *data, *script = NULL;
  gboolean good;

  g_print ("%d %% of %d Mbit/s for %d s, seed %d\n\n", load, RATE / 1000000,
      seconds, seed);
  run (&defaults, stats);
  print_flows (stats);
  print_stages (stats);
  data = describe (stats);
  good = check (stats, error)
      && (!sweeps || run_sweep (stats, lengths, error));
  if (good && png != NULL) {
    script = make_script (data, lengths->str);
    good = draw_picture (script, error);
  }
  g_string_free (lengths, TRUE);
  g_free (script);
  g_free (data);
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
