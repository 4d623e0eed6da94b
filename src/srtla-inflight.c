/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-inflight.h"

#include <string.h>

#define MAX_CAPACITY 65536
/* No entry: the end of a chain. */
#define NONE G_MAXUINT32

typedef struct
{
  SrtlaInflightEntry entry;
  guint32 newer, older;         /* neighbours in its bucket's chain */
} Node;

G_STATIC_ASSERT (sizeof (Node) == 24);

struct _SrtlaInflight
{
  SrtlaInflightTotals totals;   /* of those held, and not settled */
  guint64 inserted;             /* insertions ever: the next one's place */
  guint64 oldest;               /* place before which nothing is held */
  guint64 passed;               /* place before which all has left the uplink */
  guint reach;
  guint32 mask;                 /* capacity - 1 */
  guint shift;                  /* takes a hash to its bucket */
  guint n_buckets;
  guint n_held;
  guint32 *buckets;             /* newest node of each chain */
  Node nodes[];
};

/* Fibonacci hashing (Knuth, TAOCP 6.4). By sequence number alone, so that a
 * number is found without knowing the caller; runs of numbers and numbers a
 * power of two apart both spread evenly. */
static inline guint32 *
bucket_of (SrtlaInflight *log, guint32 sequence)
{
  return &log->buckets[(sequence * 0x9e3779b1u) >> log->shift];
}

static inline Node *
node_at (SrtlaInflight *log, guint64 place)
{
  return &log->nodes[place & log->mask];
}

static inline void
discount (SrtlaInflight *log, Node *node)
{
  if (node->entry.settled || node->entry.lost || node->entry.passed)
    return;
  log->totals.count--;
  log->totals.bytes -= node->entry.size;
}

static void
settle (SrtlaInflight *log, Node *node)
{
  if (node->newer != NONE)
    log->nodes[node->newer].older = node->older;
  else
    *bucket_of (log, node->entry.sequence) = node->older;
  if (node->older != NONE)
    log->nodes[node->older].newer = node->newer;
  node->entry.held = FALSE;
  log->n_held--;
  discount (log, node);
}

/* Moves the oldest place on by one. Returns: TRUE if it was held. */
static gboolean
drop_oldest (SrtlaInflight *log)
{
  Node *node = node_at (log, log->oldest++);
  gboolean held = node->entry.held;

  if (held)
    settle (log, node);
  return held;
}

SrtlaInflight *
srtla_inflight_new (guint capacity)
{
  SrtlaInflight *log;
  guint bits = g_bit_storage (CLAMP (capacity, 2, MAX_CAPACITY) - 1);
  gsize size = (gsize) 1 << bits;

  log = g_malloc0 (sizeof (SrtlaInflight) + size * sizeof (Node));
  log->mask = (guint32) size - 1;
  log->shift = 32 - bits;
  log->n_buckets = (guint) size;
  log->buckets = g_new (guint32, size);
  log->reach = (guint) size;
  srtla_inflight_clear (log);
  return log;
}

void
srtla_inflight_free (SrtlaInflight *log)
{
  if (log == NULL)
    return;
  g_free (log->buckets);
  g_free (log);
}

void
srtla_inflight_set_reach (SrtlaInflight *log, guint reach)
{
  log->reach = CLAMP (reach, 1, log->mask + 1);
  while (log->inserted - log->oldest > log->reach)
    drop_oldest (log);
}

/* Any caller's number. */
#define ANYBODY G_MAXUINT

/* Returns: the newest node that holds the number, NONE if there is none. */
static inline guint32
find (SrtlaInflight *log, guint caller, guint32 sequence)
{
  guint32 index = *bucket_of (log, sequence);

  while (index != NONE && (log->nodes[index].entry.sequence != sequence
          || (caller != ANYBODY && log->nodes[index].entry.caller != caller)))
    index = log->nodes[index].older;
  return index;
}

gboolean
srtla_inflight_insert (SrtlaInflight *log, guint caller, guint32 sequence,
    gsize size, SrtlaTime now)
{
  gboolean dropped = FALSE;
  guint32 index, *bucket;
  Node *node;

  if (log->inserted - log->oldest == log->reach)
    dropped = drop_oldest (log);

  index = (guint32) (log->inserted++ & log->mask);
  bucket = bucket_of (log, sequence);
  node = &log->nodes[index];
  node->entry = (SrtlaInflightEntry) {
    .sequence = sequence,
    .size = (guint16) MIN (size, G_MAXUINT16),
    .caller = (guint8) caller,
    .held = TRUE,
    .again = find (log, caller, sequence) != NONE,
    .sent_at = now,
  };
  node->newer = NONE;
  node->older = *bucket;
  if (node->older != NONE)
    log->nodes[node->older].newer = index;
  *bucket = index;

  log->n_held++;
  log->totals.count++;
  log->totals.bytes += node->entry.size;
  return dropped;
}

/* Of the places that share a node it holds the latest one used. */
static inline guint64
place_of (const SrtlaInflight *log, guint32 index)
{
  guint64 last = log->inserted - 1;

  return last - (((guint32) last - index) & log->mask);
}

static inline gboolean
take (SrtlaInflight *log, guint caller, guint32 sequence,
    SrtlaInflightEntry *taken, guint64 *place)
{
  guint32 index = find (log, caller, sequence);

  if (index == NONE)
    return FALSE;
  settle (log, &log->nodes[index]);
  if (taken != NULL)
    *taken = log->nodes[index].entry;
  if (place != NULL)
    *place = place_of (log, index);
  return TRUE;
}

SrtlaInflightEntry *
srtla_inflight_find (SrtlaInflight *log, guint caller, guint32 sequence,
    guint64 *place)
{
  guint32 index = find (log, caller, sequence);

  if (index == NONE)
    return NULL;
  *place = place_of (log, index);
  return &log->nodes[index].entry;
}

gboolean
srtla_inflight_lose (SrtlaInflight *log, guint caller, guint32 sequence)
{
  guint32 index = find (log, caller, sequence);
  Node *node;

  if (index == NONE)
    return FALSE;
  node = &log->nodes[index];
  if (node->entry.settled || node->entry.lost)
    return FALSE;
  discount (log, node);
  node->entry.lost = TRUE;
  return TRUE;
}

guint64
srtla_inflight_pass (SrtlaInflight *log, SrtlaTime sent_until, guint64 *place)
{
  guint64 size = (guint64) log->mask + 1;
  guint64 bytes = 0;

  if (log->inserted - log->passed > size)
    log->passed = log->inserted - size;
  for (; log->passed < log->inserted; log->passed++) {
    Node *node = node_at (log, log->passed);

    if (node->entry.sent_at > sent_until)
      break;
    if (!node->entry.lost)
      bytes += node->entry.size;
    if (!node->entry.held)
      continue;
    discount (log, node);
    node->entry.passed = TRUE;
  }
  *place = log->passed;
  return bytes;
}

gboolean
srtla_inflight_settle (SrtlaInflight *log, guint caller, guint32 sequence,
    SrtlaInflightEntry *settled, guint64 *place)
{
  guint32 index = find (log, caller, sequence);
  Node *node;

  if (index == NONE || log->nodes[index].entry.settled)
    return FALSE;
  node = &log->nodes[index];
  discount (log, node);
  node->entry.settled = TRUE;
  *settled = node->entry;
  node->entry.reported = FALSE;
  *place = place_of (log, index);
  return TRUE;
}

gboolean
srtla_inflight_take (SrtlaInflight *log, guint caller, guint32 sequence,
    SrtlaInflightEntry *taken)
{
  return take (log, caller, sequence, taken, NULL);
}

gboolean
srtla_inflight_take_any (SrtlaInflight *log, guint32 sequence,
    SrtlaInflightEntry *taken)
{
  return take (log, ANYBODY, sequence, taken, NULL);
}

gboolean
srtla_inflight_take_oldest (SrtlaInflight *log, guint32 sequence,
    guint64 from, SrtlaInflightEntry *taken, guint64 *place, gboolean *sole)
{
  guint32 index = find (log, ANYBODY, sequence);
  guint32 oldest = index, newest = index;
  gboolean ambiguous = FALSE;
  guint copies = 0;

  if (index == NONE)
    return FALSE;
  for (; index != NONE; index = log->nodes[index].older) {
    if (log->nodes[index].entry.sequence != sequence)
      continue;
    ambiguous |= log->nodes[index].entry.caller
        != log->nodes[newest].entry.caller;
    if (copies++ == 0 || place_of (log, index) >= from
        || place_of (log, oldest) < from)
      oldest = index;
  }
  settle (log, &log->nodes[oldest]);
  *taken = log->nodes[oldest].entry;
  taken->ambiguous = ambiguous;
  *place = place_of (log, oldest);
  *sole = copies == 1 && !taken->again;
  return TRUE;
}

gboolean
srtla_inflight_take_caller_place (SrtlaInflight *log, guint caller,
    guint32 sequence, SrtlaInflightEntry *taken, guint64 *place)
{
  return take (log, caller, sequence, taken, place);
}

guint
srtla_inflight_forget (SrtlaInflight *log, guint caller, guint32 sequence)
{
  guint32 index = *bucket_of (log, sequence);
  guint forgotten = 0;

  while (index != NONE) {
    Node *node = &log->nodes[index];

    /* Settling a node leaves its own links alone. */
    index = node->older;
    if (node->entry.sequence != sequence || node->entry.caller != caller)
      continue;
    settle (log, node);
    forgotten++;
  }
  return forgotten;
}

guint
srtla_inflight_forget_caller (SrtlaInflight *log, guint caller)
{
  guint forgotten = 0;
  guint64 place;

  for (place = log->oldest; place < log->inserted; place++) {
    Node *node = node_at (log, place);

    if (!node->entry.held || node->entry.caller != caller)
      continue;
    settle (log, node);
    forgotten++;
  }
  return forgotten;
}

void
srtla_inflight_clear (SrtlaInflight *log)
{
  /* NONE is all ones. Nodes need no clearing: nothing leads to them. */
  memset (log->buckets, 0xff, log->n_buckets * sizeof (guint32));
  log->inserted = log->oldest = log->passed = 0;
  log->n_held = 0;
  log->totals.count = 0;
  log->totals.bytes = 0;
}

guint64
srtla_inflight_next_place (const SrtlaInflight *log)
{
  return log->inserted;
}

SrtlaInflightEntry *
srtla_inflight_at (SrtlaInflight *log, guint64 place)
{
  if (place >= log->inserted || log->inserted - place > (guint64) log->mask + 1)
    return NULL;
  return &node_at (log, place)->entry;
}

gboolean
srtla_inflight_pop_before (SrtlaInflight *log, guint64 place,
    SrtlaTime sent_until, SrtlaInflightEntry *taken)
{
  const SrtlaInflightEntry *oldest = srtla_inflight_oldest (log);

  if (oldest == NULL || log->oldest >= place || oldest->sent_at > sent_until)
    return FALSE;
  settle (log, node_at (log, log->oldest));
  if (taken != NULL)
    *taken = *oldest;
  log->oldest++;
  return TRUE;
}

const SrtlaInflightEntry *
srtla_inflight_oldest (SrtlaInflight *log)
{
  if (log->n_held == 0) {
    log->oldest = log->inserted;
    return NULL;
  }
  while (!node_at (log, log->oldest)->entry.held)
    log->oldest++;
  return &node_at (log, log->oldest)->entry;
}
