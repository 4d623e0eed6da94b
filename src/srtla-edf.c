/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-edf.h"

/* Who shares by deficit round robin: each class without deadlines, and all
 * others as one. */
#define TIMED SRTLA_N_CLASSES
#define N_SHARES (SRTLA_N_CLASSES + 1)

typedef struct
{
  SrtlaItem *items;             /* ring of `length` */
  guint length;
  guint64 first, end;           /* places of the oldest, and after the newest */

  /* Places of the packets whose deadline is before all later ones', ascending
   * in place and deadline: what makes the class urgent is the first. */
  guint64 *urgent;              /* ring of `length` */
  guint64 urgent_first, urgent_end;

  SrtlaQueueStats stats;
} Class;

struct _SrtlaEdf
{
  Class classes[SRTLA_N_CLASSES];
  guint timed;                  /* set of the classes with deadlines */
  guint waiting;                /* set of those that have packets */
  guint quanta[SRTLA_N_CLASSES];        /* bytes a round */
  gint64 deficits[N_SHARES];    /* bytes; TIMED may be in debt */
  guint turn;                   /* the share that is visited, or was last */
  gboolean visiting;
};

SrtlaEdf *
srtla_edf_new (const SrtlaClassSettings settings[SRTLA_N_CLASSES])
{
  SrtlaEdf *edf = g_new0 (SrtlaEdf, 1);
  guint i;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    Class *class = &edf->classes[i];

    class->length = MAX (settings[i].length, 1);
    class->items = g_new0 (SrtlaItem, class->length);
    class->urgent = g_new0 (guint64, class->length);
    edf->timed |= settings[i].budget != SRTLA_TIME_NONE ? 1u << i : 0;
    srtla_edf_set_quantum (edf, i, settings[i].quantum);
  }
  return edf;
}

void
srtla_edf_free (SrtlaEdf *edf)
{
  guint i;

  if (edf == NULL)
    return;
  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    g_free (edf->classes[i].items);
    g_free (edf->classes[i].urgent);
  }
  g_free (edf);
}

void
srtla_edf_set_quantum (SrtlaEdf *edf, SrtlaClass priority, guint quantum)
{
  g_return_if_fail (priority < SRTLA_N_CLASSES);
  edf->quanta[priority] = MAX (quantum, SRTLA_MAX_DATAGRAM);
}

/* ---- One class --------------------------------------------------------- */

static inline SrtlaItem *
item_at (const Class *class, guint64 place)
{
  return &class->items[place % class->length];
}

static inline const SrtlaItem *
head_of (const Class *class)
{
  return item_at (class, class->first);
}

/* Returns: the earliest deadline of all packets of a class that has some. */
static inline SrtlaTime
deadline_of (const Class *class)
{
  return item_at (class, class->urgent[class->urgent_first
          % class->length])->deadline;
}

static void
append (Class *class, const SrtlaItem *item)
{
  while (class->urgent_end > class->urgent_first
      && item_at (class, class->urgent[(class->urgent_end - 1)
              % class->length])->deadline > item->deadline)
    class->urgent_end--;
  class->urgent[class->urgent_end++ % class->length] = class->end;
  *item_at (class, class->end++) = *item;
}

static void
take_first (SrtlaEdf *edf, guint priority, SrtlaItem *item)
{
  Class *class = &edf->classes[priority];

  *item = *head_of (class);
  if (class->urgent[class->urgent_first % class->length] == class->first)
    class->urgent_first++;
  if (++class->first == class->end)
    edf->waiting &= ~(1u << priority);
}

guint
srtla_edf_room (const SrtlaEdf *edf)
{
  guint i, room = 0;

  for (i = 0; i < SRTLA_N_CLASSES; i++) {
    const Class *class = &edf->classes[i];

    room |= class->end - class->first < class->length ? 1u << i : 0;
  }
  return room;
}

guint
srtla_edf_classes (const SrtlaEdf *edf)
{
  return edf->waiting;
}

gboolean
srtla_edf_push (SrtlaEdf *edf, const SrtlaItem *item)
{
  Class *class;

  g_return_val_if_fail (item->priority < SRTLA_N_CLASSES, FALSE);
  class = &edf->classes[item->priority];
  if (class->end - class->first == class->length) {
    srtla_queue_stats_refuse (&class->stats, item->packet.size);
    return FALSE;
  }
  append (class, item);
  edf->waiting |= 1u << item->priority;
  srtla_queue_stats_in (&class->stats, item->packet.size);
  return TRUE;
}

/* ---- Whose turn it is -------------------------------------------------- */

static inline guint
share_of (const SrtlaEdf *edf, guint priority)
{
  return edf->timed & (1u << priority) ? TIMED : priority;
}

static gint64
quantum_of (const SrtlaEdf *edf, guint share)
{
  gint64 quantum = 0;
  guint i;

  if (share != TIMED)
    return edf->quanta[share];
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    quantum += edf->timed & (1u << i) ? edf->quanta[i] : 0;
  return quantum;
}

/* Returns: of a set of classes with packets those whose first is of use. */
static guint
usable (const SrtlaEdf *edf, guint classes, SrtlaTime now)
{
  guint rest = classes & edf->waiting, able = 0;

  for (; rest != 0; rest &= rest - 1) {
    guint i = (guint) __builtin_ctz (rest);

    able |= head_of (&edf->classes[i])->expires > now ? 1u << i : 0;
  }
  return able;
}

/* Returns: the one to go next of a set of classes with deadlines, not empty. */
static guint
earliest (const SrtlaEdf *edf, guint classes, SrtlaTime now)
{
  guint best = (guint) __builtin_ctz (classes);
  SrtlaTime best_deadline = deadline_of (&edf->classes[best]);
  guint rest = classes & (classes - 1);

  for (; rest != 0; rest &= rest - 1) {
    guint i = (guint) __builtin_ctz (rest);
    SrtlaTime deadline = deadline_of (&edf->classes[i]);

    if (deadline < best_deadline && deadline >= now) {
      best = i;
      best_deadline = deadline;
    }
  }
  return best;
}

/* Moves the turn on until a share may send its packet. Asked again, it stays.
 * `shares`: set of those that have one; `next`: the class it is of. */
static guint
find_share (SrtlaEdf *edf, guint shares, const guint next[N_SHARES])
{
  for (;;) {
    gint64 size;

    if (edf->visiting && (shares & (1u << edf->turn))) {
      size = (gint64) head_of (&edf->classes[next[edf->turn]])->packet.size;
      if (size <= edf->deficits[edf->turn])
        return edf->turn;
    }
    do
      edf->turn = (edf->turn + 1) % N_SHARES;
    while (!(shares & (1u << edf->turn)));
    edf->visiting = TRUE;
    if (!(shares & (1u << TIMED)) && edf->deficits[TIMED] < 0)
      edf->deficits[TIMED] = MIN (edf->deficits[TIMED]
          + quantum_of (edf, TIMED), 0);        /* its round went unused */
    /* What it could not use of earlier rounds is no more than a packet. */
    edf->deficits[edf->turn] = MIN (edf->deficits[edf->turn],
        SRTLA_MAX_DATAGRAM) + quantum_of (edf, edf->turn);
  }
}

/* Returns: the class to go next; SRTLA_N_CLASSES if there is none. */
static guint
choose (SrtlaEdf *edf, guint classes, SrtlaTime now)
{
  guint able = usable (edf, classes, now);
  guint shares = able & ~edf->timed;
  guint next[N_SHARES] = { 0, }, i, share;

  if (able == 0)
    return SRTLA_N_CLASSES;
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    next[i] = i;
  if (able & edf->timed) {
    shares |= 1u << TIMED;
    next[TIMED] = earliest (edf, able & edf->timed, now);
  }

  share = find_share (edf, shares, next);
  if (share != TIMED && (able & edf->timed & 1u)
      && edf->deficits[TIMED] > -quantum_of (edf, TIMED))
    return 0;
  return next[share];
}

const SrtlaItem *
srtla_edf_peek (SrtlaEdf *edf, guint classes, SrtlaTime now)
{
  guint priority = choose (edf, classes, now);

  return priority < SRTLA_N_CLASSES ? head_of (&edf->classes[priority]) : NULL;
}

gboolean
srtla_edf_pop (SrtlaEdf *edf, guint classes, SrtlaTime now, SrtlaItem *item)
{
  guint priority = choose (edf, classes, now), share;
  SrtlaQueueStats *stats;

  if (priority == SRTLA_N_CLASSES)
    return FALSE;
  take_first (edf, priority, item);
  stats = &edf->classes[priority].stats;
  srtla_queue_stats_out (stats, item->packet.size);
  stats->late += item->deadline < now ? 1 : 0;

  share = share_of (edf, priority);
  edf->deficits[share] -= (gint64) item->packet.size;
  /* Who has nothing to send saves nothing up. Debts stay. */
  if ((share == TIMED ? edf->waiting & edf->timed
          : edf->waiting & (1u << share)) == 0)
    edf->deficits[share] = MIN (edf->deficits[share], 0);
  return TRUE;
}

/* ---- Expiry, emptying -------------------------------------------------- */

static void
drop (SrtlaEdf *edf, guint priority, SrtlaDrop reason, SrtlaItem *item)
{
  take_first (edf, priority, item);
  srtla_queue_stats_drop (&edf->classes[priority].stats, item->packet.size,
      reason);
}

gboolean
srtla_edf_take_expired (SrtlaEdf *edf, SrtlaTime now, SrtlaItem *item)
{
  guint rest = edf->waiting & ~usable (edf, SRTLA_ALL_CLASSES, now);

  if (rest == 0)
    return FALSE;
  drop (edf, (guint) __builtin_ctz (rest), SRTLA_DROP_EXPIRED, item);
  return TRUE;
}

SrtlaTime
srtla_edf_next_expiry (const SrtlaEdf *edf)
{
  SrtlaTime next = SRTLA_TIME_NONE;
  guint rest = edf->waiting;

  for (; rest != 0; rest &= rest - 1)
    next = MIN (next, head_of (&edf->classes[__builtin_ctz (rest)])->expires);
  return next;
}

gboolean
srtla_edf_flush (SrtlaEdf *edf, SrtlaItem *item)
{
  if (edf->waiting == 0)
    return FALSE;
  drop (edf, (guint) __builtin_ctz (edf->waiting), SRTLA_DROP_FLUSHED, item);
  return TRUE;
}

const SrtlaQueueStats *
srtla_edf_stats (const SrtlaEdf *edf, SrtlaClass priority)
{
  g_return_val_if_fail (priority < SRTLA_N_CLASSES, NULL);
  return &edf->classes[priority].stats;
}
