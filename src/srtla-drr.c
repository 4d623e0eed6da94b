/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-drr.h"

#include <string.h>

#define NONE G_MAXUINT32
#define BIT(n) (G_GUINT64_CONSTANT (1) << (n))

typedef struct
{
  SrtlaItem item;
  guint32 next;                 /* of its class, or of the free ones */
} Node;

typedef struct
{
  Node *nodes;                  /* NULL = the queue is closed */
  guint32 unused;               /* first of the free ones */
  guint32 first[SRTLA_N_CLASSES], last[SRTLA_N_CLASSES];
  guint classes;                /* set of those that have packets */
  gsize bytes;                  /* of all packets */
  guint quantum;                /* bytes a round */
  gint64 deficit;               /* bytes it may still send in this round; less
                                 * than 0: it was lent some */
  SrtlaQueueStats stats[SRTLA_N_CLASSES];
} Queue;

struct _SrtlaDrr
{
  Queue queues[SRTLA_DRR_QUEUES];
  guint64 waiting[SRTLA_N_CLASSES];     /* bit per queue that has some */
  guint64 unvisited;            /* bit per queue that had no quantum yet in this
                                 * round */
  guint64 cut_short;            /* bit per queue whose visit was cut short */
  guint turn;                   /* the queue that is visited, or was last */
  gboolean visiting;
  guint lent;                   /* the queue that was lent to last */
};

SrtlaDrr *
srtla_drr_new (void)
{
  SrtlaDrr *drr = g_new0 (SrtlaDrr, 1);

  drr->turn = SRTLA_DRR_QUEUES - 1;
  return drr;
}

void
srtla_drr_free (SrtlaDrr *drr)
{
  guint i;

  if (drr == NULL)
    return;
  for (i = 0; i < SRTLA_DRR_QUEUES; i++)
    g_free (drr->queues[i].nodes);
  g_free (drr);
}

void
srtla_drr_set_quantum (SrtlaDrr *drr, guint queue, guint quantum)
{
  Queue *q;

  g_return_if_fail (queue < SRTLA_DRR_QUEUES);
  q = &drr->queues[queue];
  q->quantum = MAX (quantum, SRTLA_MAX_DATAGRAM);
  q->deficit = MIN (q->deficit, (gint64) q->quantum + SRTLA_MAX_DATAGRAM);
}

void
srtla_drr_open (SrtlaDrr *drr, guint queue, guint capacity, guint quantum)
{
  Queue *q;
  guint32 i;

  g_return_if_fail (queue < SRTLA_DRR_QUEUES);
  g_return_if_fail (capacity > 0 && capacity <= SRTLA_DRR_CAPACITY);
  q = &drr->queues[queue];
  g_return_if_fail (q->nodes == NULL);

  memset (q, 0, sizeof *q);
  q->nodes = g_new0 (Node, capacity);
  for (i = 0; i < capacity; i++)
    q->nodes[i].next = i + 1 < capacity ? i + 1 : NONE;
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    q->first[i] = q->last[i] = NONE;
  srtla_drr_set_quantum (drr, queue, quantum);
}

gboolean
srtla_drr_is_open (const SrtlaDrr *drr, guint queue)
{
  return queue < SRTLA_DRR_QUEUES && drr->queues[queue].nodes != NULL;
}

void
srtla_drr_close (SrtlaDrr *drr, guint queue)
{
  g_return_if_fail (queue < SRTLA_DRR_QUEUES);
  g_return_if_fail (drr->queues[queue].classes == 0);
  g_clear_pointer (&drr->queues[queue].nodes, g_free);
}

/* ---- Lists ------------------------------------------------------------- */

static void
append (SrtlaDrr *drr, guint queue, guint priority, const SrtlaItem *item)
{
  Queue *q = &drr->queues[queue];
  guint32 at = q->unused;
  Node *node = &q->nodes[at];

  q->unused = node->next;
  node->item = *item;
  node->item.priority = (guint8) priority;
  node->next = NONE;
  if (q->last[priority] != NONE)
    q->nodes[q->last[priority]].next = at;
  else
    q->first[priority] = at;
  q->last[priority] = at;
  q->classes |= 1u << priority;
  q->bytes += item->packet.size;
  drr->waiting[priority] |= BIT (queue);
  srtla_queue_stats_in (&q->stats[priority], item->packet.size);
}

/* Takes the oldest packet of a class that has some. */
static void
take_first (SrtlaDrr *drr, guint queue, guint priority, SrtlaItem *item)
{
  Queue *q = &drr->queues[queue];
  guint32 at = q->first[priority];
  Node *node = &q->nodes[at];

  *item = node->item;
  q->first[priority] = node->next;
  node->next = q->unused;
  q->unused = at;
  q->bytes -= item->packet.size;
  if (q->first[priority] != NONE)
    return;
  q->last[priority] = NONE;
  q->classes &= ~(1u << priority);
  drr->waiting[priority] &= ~BIT (queue);
  if (q->classes == 0) {
    q->deficit = 0;
    drr->cut_short &= ~BIT (queue);
  }
}

/* The same for a reason. */
static void
drop (SrtlaDrr *drr, guint queue, guint priority, SrtlaDrop reason,
    SrtlaItem *item)
{
  take_first (drr, queue, priority, item);
  srtla_queue_stats_drop (&drr->queues[queue].stats[priority],
      item->packet.size, reason);
}

static inline guint
most_urgent (guint classes)
{
  return (guint) __builtin_ctz (classes);
}

static inline guint
least_urgent (guint classes)
{
  return 31 - (guint) __builtin_clz (classes);
}

/* Makes its room that large; all packets fit. */
static void
move (Queue *q, guint32 capacity)
{
  Node *nodes = g_new0 (Node, capacity);
  guint32 at, used = 0;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    for (at = q->first[i]; at != NONE; at = q->nodes[at].next) {
      nodes[used].item = q->nodes[at].item;
      nodes[used].next = used + 1;
      used++;
    }
    if (q->first[i] == NONE)
      continue;
    q->first[i] = used - q->stats[i].packets;
    q->last[i] = used - 1;
    nodes[used - 1].next = NONE;
  }
  q->unused = used < capacity ? used : NONE;
  for (; used < capacity; used++)
    nodes[used].next = used + 1 < capacity ? used + 1 : NONE;
  g_free (q->nodes);
  q->nodes = nodes;
}

gboolean
srtla_drr_set_capacity (SrtlaDrr *drr, guint queue, guint capacity,
    SrtlaItem *dropped)
{
  guint waiting = 0, i;
  Queue *q;

  g_return_val_if_fail (srtla_drr_is_open (drr, queue), FALSE);
  g_return_val_if_fail (capacity > 0 && capacity <= SRTLA_DRR_CAPACITY, FALSE);
  q = &drr->queues[queue];
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    waiting += q->stats[i].packets;
  if (waiting > capacity) {
    drop (drr, queue, least_urgent (q->classes), SRTLA_DROP_FULL, dropped);
    return TRUE;
  }
  move (q, capacity);
  return FALSE;
}

/* ---- In ---------------------------------------------------------------- */

gboolean
srtla_drr_has_room (const SrtlaDrr *drr, guint queue, gsize size)
{
  const Queue *q = &drr->queues[queue];

  return q->classes == 0
      || (q->unused != NONE && q->bytes + size <= q->quantum);
}

gboolean
srtla_drr_push (SrtlaDrr *drr, guint queue, const SrtlaItem *item,
    SrtlaItem *dropped)
{
  guint priority = item->priority, victim;
  gboolean is_full;
  Queue *q;

  g_return_val_if_fail (srtla_drr_is_open (drr, queue), FALSE);
  g_return_val_if_fail (priority < SRTLA_N_CLASSES, FALSE);
  q = &drr->queues[queue];
  if (G_UNLIKELY (item->in_order) && q->classes != 0)
    priority = MAX (priority, least_urgent (q->classes));

  is_full = q->unused == NONE;
  if (G_UNLIKELY (is_full)) {
    victim = least_urgent (q->classes);
    if (priority > victim) {
      srtla_queue_stats_refuse (&q->stats[priority], item->packet.size);
      *dropped = *item;
      return TRUE;
    }
    drop (drr, queue, victim, SRTLA_DROP_FULL, dropped);
  }
  append (drr, queue, priority, item);
  return is_full;
}

/* ---- Out --------------------------------------------------------------- */

static inline const SrtlaItem *
head_of (const Queue *q, guint classes)
{
  return &q->nodes[q->first[most_urgent (q->classes & classes)]].item;
}

/* Returns: the next queue of the set after the one visited last, round and
 * round. */
static inline guint
next_of (guint64 set, guint after)
{
  guint64 behind = after + 1 < SRTLA_DRR_QUEUES
      ? set & (G_MAXUINT64 << (after + 1)) : 0;

  return (guint) __builtin_ctzll (behind != 0 ? behind : set);
}

static inline gint64
size_of_head (const Queue *q, guint classes)
{
  return (gint64) head_of (q, classes)->packet.size;
}

/* The turn moves on: to a visit to be continued, or to one more queue of this
 * round, or to the first of the next. `able`: queues that may be visited. */
static void
move_turn (SrtlaDrr *drr, guint64 able)
{
  guint64 rest = able & (drr->unvisited | drr->cut_short);
  guint64 bit;
  Queue *q;

  if (rest == 0) {
    drr->unvisited = G_MAXUINT64;
    rest = able;
  }
  drr->turn = next_of (rest, drr->turn);
  drr->visiting = TRUE;
  bit = BIT (drr->turn);
  q = &drr->queues[drr->turn];
  if ((drr->cut_short & bit) == 0) {
    q->deficit += q->quantum;
    drr->unvisited &= ~bit;
  }
  drr->cut_short &= ~bit;
}

/* Where all that may be visited had their turn, and one that may not still
 * waits for its own: the round does not end. Returns: one to lend to, or
 * SRTLA_DRR_QUEUES if each owes a quantum. */
static guint
find_debtor (SrtlaDrr *drr, guint64 able)
{
  guint64 rest = able;

  while (rest != 0) {
    guint queue = next_of (rest, drr->lent);

    if (drr->queues[queue].deficit > -(gint64) drr->queues[queue].quantum)
      return queue;
    rest &= ~BIT (queue);
  }
  return SRTLA_DRR_QUEUES;
}

/* Moves the turn to where the next packet may go. Asked again, it stays.
 * Returns: the queue to give one; SRTLA_DRR_QUEUES if nothing of these classes
 * waits. */
static guint
find_queue (SrtlaDrr *drr, guint classes)
{
  guint64 able = 0, waiting = 0;
  guint i, debtor;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    waiting |= drr->waiting[i];
    able |= classes & (1u << i) ? drr->waiting[i] : 0;
  }
  if (able == 0)
    return SRTLA_DRR_QUEUES;

  if (drr->visiting && !(able & BIT (drr->turn))) {
    drr->visiting = FALSE;
    drr->cut_short |= waiting & BIT (drr->turn);
  }
  while (!drr->visiting || size_of_head (&drr->queues[drr->turn], classes)
      > drr->queues[drr->turn].deficit) {
    guint64 awaited = waiting & (drr->unvisited | drr->cut_short);

    if (awaited != 0 && (awaited & able) == 0) {
      drr->visiting = FALSE;
      debtor = find_debtor (drr, able);
      if (debtor < SRTLA_DRR_QUEUES)
        return debtor;
    }
    move_turn (drr, able);
  }
  return drr->turn;
}

const SrtlaItem *
srtla_drr_peek (SrtlaDrr *drr, guint classes)
{
  guint queue = find_queue (drr, classes);

  if (queue == SRTLA_DRR_QUEUES)
    return NULL;
  return head_of (&drr->queues[queue], classes);
}

gboolean
srtla_drr_pop (SrtlaDrr *drr, guint classes, SrtlaItem *item)
{
  guint queue = find_queue (drr, classes), priority;
  Queue *q;

  if (queue == SRTLA_DRR_QUEUES)
    return FALSE;
  if (!drr->visiting)
    drr->lent = queue;
  q = &drr->queues[queue];
  priority = most_urgent (q->classes & classes);
  q->deficit -= size_of_head (q, classes);
  take_first (drr, queue, priority, item);
  srtla_queue_stats_out (&q->stats[priority], item->packet.size);
  return TRUE;
}

/* ---- Expiry, emptying -------------------------------------------------- */

gboolean
srtla_drr_take_expired (SrtlaDrr *drr, SrtlaTime now, SrtlaItem *item)
{
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    guint64 rest = drr->waiting[i];

    for (; rest != 0; rest &= rest - 1) {
      guint queue = (guint) __builtin_ctzll (rest);

      if (head_of (&drr->queues[queue], 1u << i)->expires <= now) {
        drop (drr, queue, i, SRTLA_DROP_EXPIRED, item);
        return TRUE;
      }
    }
  }
  return FALSE;
}

SrtlaTime
srtla_drr_next_expiry (const SrtlaDrr *drr)
{
  SrtlaTime next = SRTLA_TIME_NONE;
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    guint64 rest = drr->waiting[i];

    for (; rest != 0; rest &= rest - 1)
      next = MIN (next, head_of (&drr->queues[__builtin_ctzll (rest)],
              1u << i)->expires);
  }
  return next;
}

gboolean
srtla_drr_flush (SrtlaDrr *drr, guint queue, SrtlaItem *item)
{
  g_return_val_if_fail (srtla_drr_is_open (drr, queue), FALSE);
  if (drr->queues[queue].classes == 0)
    return FALSE;
  drop (drr, queue, most_urgent (drr->queues[queue].classes),
      SRTLA_DROP_FLUSHED, item);
  return TRUE;
}

/* ---- Looking ----------------------------------------------------------- */

guint
srtla_drr_classes (const SrtlaDrr *drr)
{
  guint i, classes = 0;

  for (i = 0; i < SRTLA_N_CLASSES; i++)
    classes |= drr->waiting[i] != 0 ? 1u << i : 0;
  return classes;
}

guint
srtla_drr_queue_classes (const SrtlaDrr *drr, guint queue)
{
  return srtla_drr_is_open (drr, queue) ? drr->queues[queue].classes : 0;
}

const SrtlaItem *
srtla_drr_head (const SrtlaDrr *drr, guint queue, SrtlaClass priority)
{
  return srtla_drr_queue_classes (drr, queue) & (1u << priority)
      ? head_of (&drr->queues[queue], 1u << priority) : NULL;
}

const SrtlaQueueStats *
srtla_drr_stats (const SrtlaDrr *drr, guint queue, SrtlaClass priority)
{
  g_return_val_if_fail (queue < SRTLA_DRR_QUEUES, NULL);
  g_return_val_if_fail (priority < SRTLA_N_CLASSES, NULL);
  return &drr->queues[queue].stats[priority];
}
