/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-inflight.h"

#include <string.h>

#define MAX_CAPACITY 65536
/* So many that a full log seldom has two numbers in one; a power of two. */
#define BUCKETS_PER_NODE 4

/* Chains go from newer to older places and are never mended: they end where
 * nothing is held any more, which is before the ring overwrites a node. */
typedef struct
{
  SrtlaInflightEntry entry;
  guint32 older;                /* place, modulo 2^32, of the one before it in
                                 * its bucket's chain; its own if there is none */
} Node;

G_STATIC_ASSERT (sizeof (Node) == 24);

struct _SrtlaInflight
{
  SrtlaInflightTotals totals;   /* of those held, and not settled */
  guint n_held;
  guint64 inserted;             /* insertions ever: the next one's place */
  guint64 oldest;               /* place before which nothing is held */
  guint64 passed;               /* place before which all has left the uplink */
  guint64 overrun_bytes;        /* of what dropped out before it had */
  SrtlaTime overrun_sent_at;    /* the latest of it */
  guint64 unheard;              /* taken out as reported, and told to nobody */
  guint64 expected;             /* place after the one taken last: a FIFO's next */
  guint reach;
  guint32 mask;                 /* capacity - 1 */
  guint shift;                  /* takes a hash to its bucket */
  guint n_buckets;
  guint32 *buckets;             /* place, modulo 2^32, of each chain's newest */
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

/* Returns: whether something may be held at a place, given modulo 2^32. */
static inline gboolean
is_within (const SrtlaInflight *log, guint32 place)
{
  return (guint32) log->inserted - place - 1
      < (guint32) (log->inserted - log->oldest);
}

static inline void
discount (SrtlaInflight *log, Node *node)
{
  if (node->entry.settled || node->entry.lost || node->entry.passed)
    return;
  log->totals.count--;
  log->totals.bytes -= node->entry.size;
}

static inline void
settle (SrtlaInflight *log, Node *node)
{
  node->entry.held = FALSE;
  log->n_held--;
  discount (log, node);
}

/* Moves the oldest place on to what is held. */
static inline void
skip_settled (SrtlaInflight *log)
{
  while (log->oldest < log->inserted && !node_at (log, log->oldest)->entry.held)
    log->oldest++;
}

/* The same where nobody looks at what was held. */
static inline void
discard (SrtlaInflight *log, Node *node)
{
  if (G_UNLIKELY (node->entry.reported))
    log->unheard++;
  settle (log, node);
}

/* What the ring overwrites leaves the uplink all the same. */
G_GNUC_NO_INLINE static gboolean
note_dropped (SrtlaInflight *log, const Node *node, guint64 place)
{
  log->unheard += node->entry.reported;
  if (log->reach <= log->mask || place < log->passed)
    return TRUE;
  if (!node->entry.lost)
    log->overrun_bytes += node->entry.size;
  log->overrun_sent_at = node->entry.sent_at;
  log->passed = place + 1;
  return TRUE;
}

/* Moves the oldest place on by one. Returns: TRUE if it was held. */
static inline gboolean
drop_oldest (SrtlaInflight *log)
{
  guint64 place = log->oldest++;
  Node *node = node_at (log, place);

  if (!node->entry.held)
    return FALSE;
  settle (log, node);
  /* With a shorter reach the ring overwrites nothing that is held. */
  if (G_UNLIKELY (log->reach > log->mask || node->entry.reported))
    return note_dropped (log, node, place);
  return TRUE;
}

SrtlaInflight *
srtla_inflight_new (guint capacity)
{
  SrtlaInflight *log;
  guint bits = g_bit_storage (CLAMP (capacity, 2, MAX_CAPACITY) - 1);
  gsize size = (gsize) 1 << bits;

  log = g_malloc0 (sizeof (SrtlaInflight) + size * sizeof (Node));
  log->mask = (guint32) size - 1;
  log->n_buckets = (guint) size * BUCKETS_PER_NODE;
  log->shift = 33 - g_bit_storage (log->n_buckets);
  log->buckets = g_new (guint32, log->n_buckets);
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

/* Returns: the newest node that holds the number, NULL if there is none. */
static inline Node *
find_from (SrtlaInflight *log, guint caller, guint32 sequence, guint32 place)
{
  while (is_within (log, place)) {
    Node *node = node_at (log, place);

    if (node->entry.sequence == sequence && node->entry.held
        && (caller == ANYBODY || node->entry.caller == caller))
      return node;
    if (node->older == place)
      break;
    place = node->older;
  }
  return NULL;
}

static inline Node *
find (SrtlaInflight *log, guint caller, guint32 sequence)
{
  return find_from (log, caller, sequence, *bucket_of (log, sequence));
}

/* Returns: the next older one of the same number, whoever's. */
static inline Node *
find_older (SrtlaInflight *log, const Node *node, guint32 place)
{
  return node->older == place ? NULL
      : find_from (log, ANYBODY, node->entry.sequence, node->older);
}

/* `older`: place of the one before it in the chain, or its own. */
static inline void
append (SrtlaInflight *log, guint32 *bucket, guint32 older, guint caller,
    guint32 sequence, gsize size, gboolean again, SrtlaTime now)
{
  guint32 place = (guint32) log->inserted++;
  Node *node = node_at (log, place);

  node->entry = (SrtlaInflightEntry) {
    .sequence = sequence,
    .size = (guint16) size,
    .caller = (guint8) caller,
    .held = TRUE,
    .again = again,
    .sent_at = now,
  };
  node->older = older;
  *bucket = place;
  log->n_held++;
  log->totals.count++;
  log->totals.bytes += size;
}

/* Not inlined: it would cost the usual case its registers. */
G_GNUC_NO_INLINE static void
insert_chained (SrtlaInflight *log, guint caller, guint32 sequence, gsize size,
    SrtlaTime now)
{
  guint32 *bucket = bucket_of (log, sequence);

  append (log, bucket, *bucket, caller, sequence, size,
      find (log, caller, sequence) != NULL, now);
}

/* Where the ring has room. */
static inline void
insert (SrtlaInflight *log, guint caller, guint32 sequence, gsize size,
    SrtlaTime now)
{
  guint32 *bucket = bucket_of (log, sequence);

  /* Nearly always nothing else that is held is in the bucket. */
  if (G_UNLIKELY (is_within (log, *bucket)))
    insert_chained (log, caller, sequence, size, now);
  else
    append (log, bucket, (guint32) log->inserted, caller, sequence, size,
        FALSE, now);
}

G_GNUC_NO_INLINE static gboolean
insert_full (SrtlaInflight *log, guint caller, guint32 sequence, gsize size,
    SrtlaTime now)
{
  gboolean dropped = drop_oldest (log);

  insert (log, caller, sequence, size, now);
  return dropped;
}

gboolean
srtla_inflight_insert (SrtlaInflight *log, guint caller, guint32 sequence,
    gsize size, SrtlaTime now)
{
  size = MIN (size, G_MAXUINT16);
  if (G_UNLIKELY (log->inserted - log->oldest == log->reach))
    return insert_full (log, caller, sequence, size, now);
  insert (log, caller, sequence, size, now);
  return FALSE;
}

/* Of the places that share a node it holds the latest one used. */
static inline guint64
place_of (const SrtlaInflight *log, const Node *node)
{
  guint64 last = log->inserted - 1;

  return last - (((guint32) last - (guint32) (node - log->nodes)) & log->mask);
}

static inline gboolean
take (SrtlaInflight *log, guint caller, guint32 sequence,
    SrtlaInflightEntry *taken, guint64 *place)
{
  Node *node = find (log, caller, sequence);

  if (node == NULL)
    return FALSE;
  if (taken != NULL) {
    settle (log, node);
    *taken = node->entry;
  } else {
    discard (log, node);
  }
  if (place != NULL)
    *place = place_of (log, node);
  skip_settled (log);
  return TRUE;
}

SrtlaInflightEntry *
srtla_inflight_find (SrtlaInflight *log, guint caller, guint32 sequence,
    guint64 *place)
{
  Node *node = find (log, caller, sequence);

  if (node == NULL)
    return NULL;
  *place = place_of (log, node);
  return &node->entry;
}

gboolean
srtla_inflight_lose (SrtlaInflight *log, guint caller, guint32 sequence,
    guint64 *place)
{
  Node *node = find (log, caller, sequence);

  if (node == NULL || node->entry.settled || node->entry.lost)
    return FALSE;
  discount (log, node);
  node->entry.lost = TRUE;
  *place = place_of (log, node);
  return TRUE;
}

guint64
srtla_inflight_pass (SrtlaInflight *log, SrtlaTime sent_until, guint64 *place)
{
  guint64 size = (guint64) log->mask + 1;
  guint64 bytes = 0;

  if (log->overrun_sent_at <= sent_until) {
    bytes = log->overrun_bytes;
    log->overrun_bytes = 0;
  }
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

void
srtla_inflight_overtake (SrtlaInflight *log, guint64 place,
    SrtlaTime sent_until)
{
  for (log->passed = MAX (log->passed, log->oldest); log->passed < place
      && log->passed < log->inserted; log->passed++) {
    Node *node = node_at (log, log->passed);

    if (node->entry.sent_at > sent_until)
      break;
    if (!node->entry.held)
      continue;
    discount (log, node);
    node->entry.passed = TRUE;
  }
}

gboolean
srtla_inflight_settle (SrtlaInflight *log, guint caller, guint32 sequence,
    SrtlaInflightEntry *settled, guint64 *place)
{
  Node *node = find (log, caller, sequence);

  if (node == NULL || node->entry.settled)
    return FALSE;
  discount (log, node);
  node->entry.settled = TRUE;
  *settled = node->entry;
  node->entry.reported = FALSE;
  *place = place_of (log, node);
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

/* Returns: the node at a place if that holds the number, and nothing else in the
 * log does or ever did; NULL if that is not so, or not as easily seen. */
static inline Node *
only_one_at (SrtlaInflight *log, guint64 place, guint32 sequence)
{
  Node *node = node_at (log, place);

  return place >= log->oldest && place < log->inserted && node->entry.held
      && node->entry.sequence == sequence && node->older == (guint32) place
      && *bucket_of (log, sequence) == (guint32) place ? node : NULL;
}

G_GNUC_NO_INLINE static gboolean
take_oldest_of_many (SrtlaInflight *log, guint32 sequence,
    guint64 from, SrtlaInflightEntry *taken, guint64 *place, gboolean *sole)
{
  Node *newest = find (log, ANYBODY, sequence), *oldest = newest, *node;
  gboolean ambiguous = FALSE;
  guint64 at, oldest_at;

  if (newest == NULL)
    return FALSE;
  at = oldest_at = place_of (log, newest);
  node = find_older (log, newest, (guint32) at);
  *sole = node == NULL && !newest->entry.again;
  while (G_UNLIKELY (node != NULL)) {
    ambiguous |= node->entry.caller != newest->entry.caller;
    at = place_of (log, node);
    if (at >= from || oldest_at < from) {
      oldest = node;
      oldest_at = at;
    }
    node = find_older (log, node, (guint32) at);
  }
  settle (log, oldest);
  *taken = oldest->entry;
  taken->ambiguous = ambiguous;
  *place = oldest_at;
  log->expected = oldest_at + 1;
  skip_settled (log);
  return TRUE;
}

gboolean
srtla_inflight_take_oldest (SrtlaInflight *log, guint32 sequence,
    guint64 from, SrtlaInflightEntry *taken, guint64 *place, gboolean *sole)
{
  Node *node = only_one_at (log, log->expected, sequence);

  if (G_UNLIKELY (node == NULL))
    return take_oldest_of_many (log, sequence, from, taken, place, sole);
  settle (log, node);
  *taken = node->entry;
  *sole = !node->entry.again;
  *place = log->expected;
  if (log->oldest == log->expected++)
    skip_settled (log);
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
  guint forgotten = 0;

  while (take (log, caller, sequence, NULL, NULL))
    forgotten++;
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
    discard (log, node);
    forgotten++;
  }
  return forgotten;
}

void
srtla_inflight_clear (SrtlaInflight *log)
{
  /* No place yet. Nodes need no clearing: nothing leads to them. */
  memset (log->buckets, 0xff, log->n_buckets * sizeof (guint32));
  log->inserted = log->oldest = log->passed = log->expected = 0;
  log->overrun_bytes = 0;
  log->n_held = 0;
  log->totals.count = 0;
  log->totals.bytes = 0;
}

guint64
srtla_inflight_unheard (const SrtlaInflight *log)
{
  return log->unheard;
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
srtla_inflight_take_at (SrtlaInflight *log, guint64 place)
{
  const SrtlaInflightEntry *entry = srtla_inflight_at (log, place);

  if (entry == NULL || !entry->held)
    return FALSE;
  discard (log, node_at (log, place));
  skip_settled (log);
  return TRUE;
}

gboolean
srtla_inflight_pop_before (SrtlaInflight *log, guint64 place,
    SrtlaTime sent_until, SrtlaInflightEntry *taken)
{
  const SrtlaInflightEntry *oldest = srtla_inflight_oldest (log);

  if (oldest == NULL || log->oldest >= place || oldest->sent_at > sent_until)
    return FALSE;
  settle (log, node_at (log, log->oldest));
  *taken = *oldest;
  log->oldest++;
  skip_settled (log);
  return TRUE;
}

const SrtlaInflightEntry *
srtla_inflight_oldest (SrtlaInflight *log)
{
  if (log->n_held == 0) {
    log->oldest = log->inserted;
    return NULL;
  }
  skip_settled (log);
  return &node_at (log, log->oldest)->entry;
}
