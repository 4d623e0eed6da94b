/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pairs that need no system: data structures and arithmetic of the core. */
#include "pairs.h"

#include <math.h>
#include <string.h>

#include "reference/window.h"
#include "srtla-inflight.h"
#include "srtla-packet.h"
#include "srtla-quality.h"
#include "srtla-seq.h"
#include "srtla-tracker.h"

#define UPLINKS 4
#define IN_FLIGHT 1000          /* packets of a caller */
#define PER_LOG 200             /* packets of one uplink */
#define SRT_ACK_EVERY 48        /* packets */
#define INTERVAL 213            /* µs between packets: 50 Mbit/s */
#define SIZE 1332

/* ---- The tracker: sequence number to packet ------------------------------ */

/* What a hash table would have to keep for each number. */
typedef struct
{
  guint64 sent_at;
  guint16 size;
  guint8 uplink;
} Tracked;

/* A number is inserted, found when its acknowledgement comes, and removed by
 * the SRT ACK. */
static guint64
tracker_table (guint n)
{
  static GHashTable *table;
  static guint32 next;
  guint64 start = pairs_thread_time ();
  guint i;

  if (table == NULL)
    table = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (i = 0; i < n; i++, next++) {
    Tracked *packet = g_new (Tracked, 1), *found;

    packet->sent_at = next;
    packet->size = SIZE;
    packet->uplink = (guint8) (next % UPLINKS);
    g_hash_table_insert (table, GUINT_TO_POINTER (next), packet);
    if (next < IN_FLIGHT)
      continue;
    found = g_hash_table_lookup (table, GUINT_TO_POINTER (next - IN_FLIGHT));
    g_assert (found != NULL && found->size == SIZE);
    g_hash_table_remove (table, GUINT_TO_POINTER (next - IN_FLIGHT));
  }
  return pairs_thread_time () - start;
}

static guint64
tracker_ring (guint n)
{
  static SrtlaTracker *tracker;
  static guint32 next;
  guint64 start = pairs_thread_time ();
  guint i;

  if (tracker == NULL)
    tracker = srtla_tracker_new (SRTLA_TIME_NONE);
  for (i = 0; i < n; i++) {
    SrtlaTrackerEntry *found;

    srtla_tracker_insert (tracker, next, next % UPLINKS, SIZE, next + 1, NULL);
    next = srtla_seq_next (next);
    if (next <= IN_FLIGHT)
      continue;
    found = srtla_tracker_find (tracker, next - IN_FLIGHT, next);
    g_assert (found != NULL && found->size == SIZE);
    if (next % SRT_ACK_EVERY == 0
        && srtla_tracker_acknowledge (tracker, next - IN_FLIGHT))
      while (srtla_tracker_next_acknowledged (tracker) != NULL);
  }
  return pairs_thread_time () - start;
}

/* ---- Logs of the uplinks: what an SRTLA ACK names ------------------------ */

/* Packets go round; acknowledgements of ten of an uplink's come PER_LOG packets
 * later. */
static void
read_numbers (guint8 * ack, guint32 first)
{
  guint32 numbers[10];
  guint i;

  for (i = 0; i < 10; i++)
    numbers[i] = (first + i * UPLINKS) & SRTLA_SEQ_MASK;
  srtla_write_ack (ack, numbers, 10);
}

static guint64
log_scan (guint n)
{
  static Window window;
  static guint32 next = UPLINKS * PER_LOG;
  guint64 start;
  guint8 packet[16] = { 0 }, ack[64];
  guint i;

  if (window.n_uplinks == 0)
    window_init (&window, UPLINKS);
  start = pairs_thread_time ();
  for (i = 0; i < n; i++, next++) {
    srtla_write_u32 (packet, next);
    window_sent (&window, next % UPLINKS, packet, sizeof packet);
    if (next / UPLINKS % 10 == 9) {
      read_numbers (ack, next - UPLINKS * PER_LOG);
      window_heard (&window, next % UPLINKS, ack, 44, next);
    }
  }
  return pairs_thread_time () - start;
}

static guint64
log_hashed (guint n)
{
  static SrtlaInflight *logs[UPLINKS];
  static guint32 next = UPLINKS * PER_LOG;
  guint64 start;
  guint8 ack[64];
  guint i, k, uplink;

  for (i = 0; logs[UPLINKS - 1] == NULL; i++)
    logs[i] = srtla_inflight_new (1024);
  start = pairs_thread_time ();
  for (i = 0; i < n; i++, next++) {
    srtla_inflight_insert (logs[next % UPLINKS], 0, next, SIZE, next);
    if (next / UPLINKS % 10 != 9)
      continue;
    read_numbers (ack, next - UPLINKS * PER_LOG);
    for (k = 0; k < 10; k++) {
      for (uplink = 0; uplink < UPLINKS; uplink++) {
        if (srtla_inflight_take_any (logs[uplink],
                srtla_read_u32 (ack + 4 + 4 * k), NULL))
          break;
      }
    }
  }
  return pairs_thread_time () - start;
}

/* ---- Quality ------------------------------------------------------------- */

static guint64
qualities (guint n, gboolean cached)
{
  static SrtlaQuality qualities[UPLINKS];
  static SrtlaTime now = 100 * SRTLA_SECOND;
  volatile gdouble sum = 0.0;
  guint64 start;
  guint i, k;

  for (k = 0; k < UPLINKS; k++) {
    srtla_quality_start (&qualities[k], SRTLA_SECOND);
    srtla_quality_nak (&qualities[k], now);
  }
  start = pairs_thread_time ();
  for (i = 0; i < n; i++) {
    now += INTERVAL;
    for (k = 0; k < UPLINKS; k++) {
      if (!cached)
        qualities[k].computed = FALSE;
      sum += srtla_quality_value (&qualities[k], 80 * SRTLA_MILLISECOND, now);
    }
  }
  (void) sum;
  return pairs_thread_time () - start;
}

static guint64
quality_computed (guint n)
{
  return qualities (n, FALSE);
}

static guint64
quality_cached (guint n)
{
  return qualities (n, TRUE);
}

/* ---- e^x ----------------------------------------------------------------- */

/* 2^(x / ln 2): the whole part goes into the exponent of a double, the rest
 * through the Taylor series of e^x on [-ln 2, 0], whose error at five terms is
 * below 0.03 % there. */
static gdouble
exp_decay (gdouble x)
{
  union
  {
    guint64 bits;
    gdouble value;
  } power;
  gdouble rest;
  gint whole;

  if (x >= 0.0)
    return 1.0;
  if (x < -10.0)
    return 0.0;
  whole = (gint) (x * (1.0 / G_LN2));
  rest = x - whole * G_LN2;
  power.bits = (guint64) (1023 + whole) << 52;
  return power.value * (1.0 + rest * (1.0 + rest * (1.0 / 2 + rest * (1.0 / 6
                  + rest * (1.0 / 24 + rest / 120)))));
}

static guint64
exponentials (guint n, gdouble (*function) (gdouble))
{
  guint64 start = pairs_thread_time ();
  volatile gdouble sum = 0.0;
  guint i;

  for (i = 0; i < n; i++)
    sum += function (-10.0 * (i % 9973) / 9973);
  (void) sum;
  return pairs_thread_time () - start;
}

static guint64
exp_library (guint n)
{
  return exponentials (n, exp);
}

static guint64
exp_approximated (guint n)
{
  static gboolean checked;
  gint i;

  for (i = 0; !checked && i <= 100000; i++) {
    gdouble x = -10.0 * i / 100000;

    g_assert (fabs (exp_decay (x) / exp (x) - 1.0) < 0.0003);
  }
  checked = TRUE;
  return exponentials (n, exp_decay);
}

const Pair pairs_core[] = {
  {"tracker", tracker_table, tracker_ring},
  {"ack-log", log_scan, log_hashed},
  {"quality", quality_computed, quality_cached},
  {"exp", exp_library, exp_approximated},
  {NULL, NULL, NULL}
};
