/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core alone on its hot path, told all that the element tells it: packets
 * of clear MPEG-TS, each with an owner, are pushed in batches; outputs are taken
 * and reported as sent; and receiver B's acknowledgements come back: an SRTLA
 * ACK after each ten packets of an uplink, an SRT ACK over every uplink after
 * each 48 packets (10 ms of 50 Mbit/s). The round trip is 50 ms whatever is in
 * flight: the rate follows. Prints nanoseconds per packet, the harness
 * included; core-table runs it under callgrind, where the core is counted alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srtla-bond.h"
#include "srtla-seq.h"
#include "testing.h"

#define ROUND_TRIP (50 * SRTLA_MILLISECOND)
#define BATCH 8                 /* packets a turn */
#define SRT_ACK_EVERY 48        /* packets */
#define SIZE 1332               /* bytes: 7 packets of MPEG-TS and the header */
#define CONTROLS 1024
#define CALLER_ID 0x1111
#define SERVER_ID 0x2222
#define TS_SIZE 188
#define FIRST 0x7ffff000u       /* the numbers wrap on the way */

typedef struct
{
  SrtlaTime due;
  guint uplink;
  gsize size;
  guint8 data[SRTLA_REG_SIZE];
} Control;

typedef struct
{
  SrtlaBond *bond;
  SrtlaTime now;
  guint n_uplinks;
  guint64 packets;              /* to be measured */
  guint in_flight;

  guint64 pushed, arrived;      /* packets */
  guint8 *carriers;             /* uplink of each packet in flight: a ring */
  guint32 *sequences;           /* likewise */
  guint capacity;
  guint32 received[SRTLA_MAX_UPLINKS][10];
  guint n_received[SRTLA_MAX_UPLINKS];

  Control controls[CONTROLS];   /* of ours, on their way to the receiver */
  guint64 controls_in, controls_out;
  guint8 packets_out[BATCH][SIZE];      /* of the latest turn */
  guint64 owned;                /* references on them */
  guint64 replies;
} Bench;

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  gsize i;

  (void) user_data;
  for (i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 7 + 1);
}

static void
reference (gpointer owner, gpointer user_data)
{
  (void) user_data;
  ++*(guint64 *) owner;
}

static void
release (gpointer owner, gpointer user_data)
{
  (void) user_data;
  --*(guint64 *) owner;
}

/* What the receiver has to say to a datagram of ours. */
static void
answer (Bench *bench, const Control *control)
{
  guint8 reply[SRTLA_REG_SIZE];

  memcpy (reply, control->data, control->size);
  switch (srtla_packet_kind (control->data, control->size)) {
    case SRTLA_KIND_REG1:
      srtla_write_u16 (reply, 0x9201);
      break;
    case SRTLA_KIND_REG2:
      /* A group it does not know is all ours. */
      srtla_write_u16 (reply, control->data[257] == 0xab ? 0x9202 : 0x9211);
      break;
    default:
      break;
  }
  if (srtla_read_u16 (reply) == 0x9201)
    reply[257] = 0xab;
  srtla_bond_receive (bench->bond, control->uplink, reply, control->size,
      bench->now);
}

static void
take_output (Bench *bench, const SrtlaOutput *output)
{
  Control *control;
  guint at;

  switch (output->kind) {
    case SRTLA_OUTPUT_PACKET:
      at = (guint) (bench->pushed++ % bench->capacity);
      bench->carriers[at] = (guint8) output->uplink;
      bench->sequences[at] = srtla_srt_sequence (output->packet.data);
      if (output->packet.owner == NULL)
        break;                  /* the handshake */
      srtla_bond_note_sent (bench->bond, output, bench->now);
      release (output->packet.owner, NULL);
      break;
    case SRTLA_OUTPUT_CONTROL:
      g_assert (bench->controls_in - bench->controls_out < CONTROLS);
      control = &bench->controls[bench->controls_in++ % CONTROLS];
      control->due = bench->now + ROUND_TRIP;
      control->uplink = output->uplink;
      control->size = output->packet.size;
      memcpy (control->data, output->packet.data, output->packet.size);
      break;
    case SRTLA_OUTPUT_REPLY:
      bench->replies++;
      break;
    case SRTLA_OUTPUT_REBIND:
      break;
  }
}

static void
take_outputs (Bench *bench)
{
  SrtlaOutput output;
  SrtlaEvent event;

  while (srtla_bond_next_output (bench->bond, &output))
    take_output (bench, &output);
  while (srtla_bond_next_event (bench->bond, &event));
}

static void
take_answers (Bench *bench)
{
  while (bench->controls_out < bench->controls_in
      && bench->controls[bench->controls_out % CONTROLS].due <= bench->now) {
    answer (bench, &bench->controls[bench->controls_out % CONTROLS]);
    bench->controls_out++;
    take_outputs (bench);
  }
}

/* ---- The receiver's acknowledgements ------------------------------------ */

static void
srt_ack (Bench *bench, guint32 sequence)
{
  guint8 ack[64];
  gsize size = testing_ack (ack, (guint32) (bench->arrived / SRT_ACK_EVERY),
      srtla_seq_next (sequence), CALLER_ID, (guint32) bench->now);
  guint i;

  for (i = 0; i < bench->n_uplinks; i++) {
    srtla_bond_receive (bench->bond, i, ack, size, bench->now);
    take_outputs (bench);
  }
}

static void
arrive (Bench *bench)
{
  guint at = (guint) (bench->arrived++ % bench->capacity);
  guint uplink = bench->carriers[at];
  guint8 ack[64];

  bench->received[uplink][bench->n_received[uplink]++] = bench->sequences[at];
  if (bench->n_received[uplink] == 10) {
    bench->n_received[uplink] = 0;
    srtla_bond_receive (bench->bond, uplink, ack,
        srtla_write_ack (ack, bench->received[uplink], 10), bench->now);
    take_outputs (bench);
  }
  if (bench->arrived % SRT_ACK_EVERY == 0)
    srt_ack (bench, bench->sequences[at]);
}

/* ---- Traffic ------------------------------------------------------------ */

static void
handshake (Bench *bench)
{
  guint8 data[256];
  SrtlaPacket packet = { data, 0, NULL };
  guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_PERIODIC_NAK | SRTLA_HS_R_FLAG;

  packet.size = testing_conclusion (data, CALLER_ID, FIRST, flags, 500, 0);
  g_assert (srtla_bond_push (bench->bond, &packet, bench->now, NULL)
      == SRTLA_PUSH_TAKEN);
  take_outputs (bench);
  bench->pushed = 0;
  packet.size = testing_conclusion_response (data, CALLER_ID, SERVER_ID, FIRST,
      flags, 500, 0);
  srtla_bond_receive (bench->bond, 0, data, packet.size, bench->now);
  take_outputs (bench);
}

static void
turn (Bench *bench, guint64 number)
{
  guint i;

  for (i = 0; i < BATCH; i++) {
    const SrtlaPacket packet = { bench->packets_out[i], SIZE, &bench->owned };

    srtla_write_u32 (bench->packets_out[i],
        (FIRST + (guint32) (number + i)) & SRTLA_SEQ_MASK);
    srtla_write_u32 (bench->packets_out[i] + 8, (guint32) bench->now);
    bench->owned++;
    if (srtla_bond_push_flow (bench->bond, SRTLA_MAIN_FLOW, &packet, FALSE,
            bench->now, NULL) != SRTLA_PUSH_TAKEN)
      g_error ("packet %" G_GUINT64_FORMAT " was not taken", number + i);
  }
  take_outputs (bench);
  srtla_bond_tick (bench->bond, bench->now);
  take_outputs (bench);
  while (bench->pushed - bench->arrived > bench->in_flight)
    arrive (bench);
  take_answers (bench);
}

static void
send_packets (Bench *bench, guint64 first, guint64 n)
{
  guint64 i;

  for (i = first; i < first + n; i += BATCH) {
    bench->now += MAX (BATCH * ROUND_TRIP / bench->in_flight, 1);
    turn (bench, i);
  }
}

static void
connect_uplinks (Bench *bench)
{
  SrtlaBondStats stats;
  guint i;

  for (i = 0; i < bench->n_uplinks; i++) {
    guint slot = srtla_bond_add_uplink (bench->bond, bench->now);

    srtla_bond_uplink_opened (bench->bond, slot, bench->now);
    take_outputs (bench);
  }
  for (i = 0; i < 100; i++) {
    bench->now += ROUND_TRIP;
    srtla_bond_tick (bench->bond, bench->now);
    take_outputs (bench);
    take_answers (bench);
  }
  srtla_bond_get_stats (bench->bond, bench->now, &stats);
  if (stats.uplinks_up != bench->n_uplinks)
    g_error ("%u of %u uplinks are up", stats.uplinks_up, bench->n_uplinks);
}

/* Packets of MPEG-TS, in the middle of a frame. */
static void
fill_packets (Bench *bench)
{
  guint i, k;

  for (i = 0; i < BATCH; i++) {
    testing_data_packet (bench->packets_out[i], SIZE, 0, SERVER_ID, 0, FALSE);
    for (k = SRTLA_SRT_HEADER; k < SIZE; k += TS_SIZE)
      srtla_write_u32 (bench->packets_out[i] + k, 0x47010010);
  }
}

/* The figures mean something only if all went as it should. */
static void
check (Bench *bench, guint64 sent)
{
  SrtlaBondStats stats;
  guint64 acknowledged = 0;
  guint i;

  srtla_bond_get_stats (bench->bond, bench->now, &stats);
  for (i = 0; i < stats.n_uplinks; i++)
    acknowledged += stats.uplinks[i].counters.packets_acknowledged;
  if (stats.packets_sent != sent + 1)   /* and the handshake */
    g_error ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " packets were sent",
        stats.packets_sent, sent + 1);
  if (stats.duplicates != 0)
    g_error ("packets were sent more than once");
  /* Classic mode looks for them among the latest 255 only. */
  if (strcmp (srtla_bond_mode (bench->bond), "classic") != 0
      && acknowledged < (sent - bench->in_flight) / 2)
    g_error ("%" G_GUINT64_FORMAT " packets were acknowledged", acknowledged);
}

static void
run (Bench *bench, const gchar *mode)
{
  const SrtlaBondConfig config = { draw, NULL, reference, release, 0 };
  guint64 warm = 4 * (guint64) bench->in_flight / BATCH * BATCH + 16 * BATCH;
  gint64 start;

  bench->now = SRTLA_SECOND;
  bench->bond = srtla_bond_new (&config, bench->now);
  if (!srtla_bond_set_mode (bench->bond, mode, bench->now))
    g_error ("there is no mode “%s”", mode);
  bench->capacity = bench->in_flight + 4 * BATCH + 64;
  bench->carriers = g_new0 (guint8, bench->capacity);
  bench->sequences = g_new0 (guint32, bench->capacity);
  fill_packets (bench);
  connect_uplinks (bench);
  handshake (bench);
  send_packets (bench, 0, warm);
  start = g_get_monotonic_time ();
  send_packets (bench, warm, bench->packets);
  if (bench->packets > 0)
    printf ("%.1f\n", 1000.0 * (gdouble) (g_get_monotonic_time () - start)
        / (gdouble) bench->packets);
  check (bench, warm + bench->packets);
  srtla_bond_free (bench->bond);
  g_assert (bench->owned == 0);
  g_free (bench->carriers);
  g_free (bench->sequences);
}

int
main (int argc, char **argv)
{
  Bench bench = { .n_uplinks = 0 };

  if (argc != 5) {
    fprintf (stderr, "Usage: %s MODE UPLINKS IN-FLIGHT PACKETS\n", argv[0]);
    return 2;
  }
  bench.n_uplinks = CLAMP ((guint) atoi (argv[2]), 1, SRTLA_MAX_UPLINKS);
  bench.in_flight = MAX ((guint) atoi (argv[3]), BATCH);
  bench.packets = g_ascii_strtoull (argv[4], NULL, 10) / BATCH * BATCH;
  run (&bench, argv[1]);
  return 0;
}
