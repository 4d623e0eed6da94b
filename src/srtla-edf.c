/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-edf.h"

/* Who shares by deficit round robin: each class without deadlines, and all
 * others as one. */
#define TIMED SRTLA_N_CLASSES
#define N_SHARES (SRTLA_N_CLASSES + 1)

/* A class that is late lets so many bytes of others with deadlines go ahead. */
#define PATIENCE (16 * SRTLA_MAX_DATAGRAM)

typedef struct
{
  SrtlaItem *items;             /* ring of `size` */
  guint size;
  guint length;                 /* so many may wait; `size` or less */
  guint64 first, end;           /* places of the oldest, and after the newest */

  /* Places of the packets whose deadline is before all later ones', ascending
   * in place and deadline: what makes the class urgent is the first. */
  guint64 *urgent;              /* ring of `size` */
  guint64 urgent_first, urgent_end;

  guint64 skipped;              /* bytes of others with deadlines that went since
                                 * one of its own did, or it was empty */

  SrtlaQueueStats stats;
} Class;

struct _SrtlaEdf
{
  Class classes[SRTLA_N_CLASSES];
  guint timed;                  /* set of the classes with deadlines */
  guint waiting;                /* set of those that have packets */
  guint quanta[SRTLA_N_CLASSES];        /* bytes a round */
  SrtlaTime lead;               /* µs: so much sooner packets expire */
  gint64 deficits[N_SHARES];    /* bytes; less than 0: it went out of turn */
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

    class->size = MAX (settings[i].length, 1);
    class->items = g_new0 (SrtlaItem, class->size);
    class->urgent = g_new0 (guint64, class->size);
    srtla_edf_set_class (edf, i, &settings[i]);
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

/* Makes a class's rings larger: packets keep their places. */
static void
enlarge (Class *class, guint size)
{
  SrtlaItem *items = g_new0 (SrtlaItem, size);
  guint64 *urgent = g_new0 (guint64, size);
  guint64 i;

  for (i = class->first; i < class->end; i++)
    items[i % size] = class->items[i % class->size];
  for (i = class->urgent_first; i < class->urgent_end; i++)
    urgent[i % size] = class->urgent[i % class->size];
  g_free (class->items);
  g_free (class->urgent);
  class->items = items;
  class->urgent = urgent;
  class->size = size;
}

void
srtla_edf_set_class (SrtlaEdf *edf, SrtlaClass priority,
    const SrtlaClassSettings *settings)
{
  guint bit = 1u << priority;
  Class *class;

  g_return_if_fail (priority < SRTLA_N_CLASSES);
  class = &edf->classes[priority];
  class->length = MAX (settings->length, 1);
  if (class->length > class->size)
    enlarge (class, class->length);
  edf->quanta[priority] = MAX (settings->quantum, SRTLA_MAX_DATAGRAM);
  edf->timed = settings->budget != SRTLA_TIME_NONE ? edf->timed | bit
      : edf->timed & ~bit;
}

void
srtla_edf_set_lead (SrtlaEdf *edf, SrtlaTime lead)
{
  edf->lead = lead;
}

/* ---- One class --------------------------------------------------------- */

static inline SrtlaItem *
item_at (const Class *class, guint64 place)
{
  return &class->items[place % class->size];
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
          % class->size])->deadline;
}

static void
append (Class *class, const SrtlaItem *item)
{
  while (class->urgent_end > class->urgent_first
      && item_at (class, class->urgent[(class->urgent_end - 1)
              % class->size])->deadline > item->deadline)
    class->urgent_end--;
  class->urgent[class->urgent_end++ % class->size] = class->end;
  *item_at (class, class->end++) = *item;
}

static void
take_first (SrtlaEdf *edf, guint priority, SrtlaItem *item)
{
  Class *class = &edf->classes[priority];

  *item = *head_of (class);
  if (class->urgent[class->urgent_first % class->size] == class->first)
    class->urgent_first++;
  if (++class->first < class->end)
    return;
  edf->waiting &= ~(1u << priority);
  class->skipped = 0;
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
  if (class->end - class->first >= class->length) {
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

/* Returns: of a set of classes those that have packets, and a first of use. */
static guint
usable (const SrtlaEdf *edf, guint classes, SrtlaTime now)
{
  guint rest = classes & edf->waiting, able = 0;

  for (; rest != 0; rest &= rest - 1) {
    guint i = (guint) __builtin_ctz (rest);

    able |= head_of (&edf->classes[i])->expires > now + edf->lead ? 1u << i : 0;
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

    if (edf->classes[i].skipped >= PATIENCE
        && (deadline < now || deadline == SRTLA_TIME_NONE))
      return i;
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
  guint i;

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
    for (i = 0; i < N_SHARES; i++) {    /* whose round goes unused */
      if (!(shares & (1u << i)) && edf->deficits[i] < 0)
        edf->deficits[i] = MIN (edf->deficits[i] + quantum_of (edf, i), 0);
    }
    /* What it could not use of earlier rounds is no more than a packet. */
    edf->deficits[edf->turn] = MIN (edf->deficits[edf->turn],
        SRTLA_MAX_DATAGRAM) + quantum_of (edf, edf->turn);
  }
}

/* Returns: whether a share owes the others less than a round. */
static inline gboolean
has_credit (const SrtlaEdf *edf, guint share)
{
  return edf->deficits[share] > -quantum_of (edf, share);
}

/* A packet without budget of its class may have one of its flow. Returns: the
 * class without deadlines of a set whose packet has an earlier one than the
 * class that is to go, and is not late; or that class. */
static guint
hurry (const SrtlaEdf *edf, guint classes, guint chosen, SrtlaTime now)
{
  SrtlaTime best = edf->timed & (1u << chosen)
      ? deadline_of (&edf->classes[chosen]) : SRTLA_TIME_NONE;

  for (; classes != 0; classes &= classes - 1) {
    guint i = (guint) __builtin_ctz (classes);
    SrtlaTime deadline = deadline_of (&edf->classes[i]);

    if (deadline < best && deadline >= now && has_credit (edf, i)) {
      chosen = i;
      best = deadline;
    }
  }
  return chosen;
}

/* Returns: the class to go next; SRTLA_N_CLASSES if there is none. */
static guint
choose (SrtlaEdf *edf, guint classes, SrtlaTime now)
{
  guint able = usable (edf, SRTLA_ALL_CLASSES, now);
  guint asked = able & classes;
  guint shares = able & ~edf->timed;
  guint next[N_SHARES] = { 0, }, i, share, chosen;

  if (asked == 0)
    return SRTLA_N_CLASSES;
  for (i = 0; i < SRTLA_N_CLASSES; i++)
    next[i] = i;
  if (able & edf->timed) {
    shares |= 1u << TIMED;
    next[TIMED] = earliest (edf, (asked & edf->timed) != 0
        ? asked & edf->timed : able & edf->timed, now);
  }

  share = find_share (edf, shares, next);
  chosen = next[share];
  if (share != TIMED && (asked & edf->timed & 1u) && has_credit (edf, TIMED))
    chosen = 0;
  else if (!(asked & (1u << chosen)))   /* another goes out of turn */
    chosen = asked & edf->timed ? next[TIMED] : (guint) __builtin_ctz (asked);
  return hurry (edf, asked & ~edf->timed, chosen, now);
}

gboolean
srtla_edf_has_credit (const SrtlaEdf *edf, SrtlaClass priority)
{
  guint share = share_of (edf, priority);
  guint others = share == TIMED ? edf->waiting & ~edf->timed
      : edf->waiting & ~(1u << priority);

  return others == 0 || has_credit (edf, share);
}

const SrtlaItem *
srtla_edf_head (const SrtlaEdf *edf, SrtlaClass priority)
{
  return edf->waiting & (1u << priority) ? head_of (&edf->classes[priority])
      : NULL;
}

const SrtlaItem *
srtla_edf_peek (SrtlaEdf *edf, guint classes, SrtlaTime now)
{
  guint priority = choose (edf, classes, now);

  return priority < SRTLA_N_CLASSES ? head_of (&edf->classes[priority]) : NULL;
}

/* A packet of the class goes: its share pays for it. */
static void
pay (SrtlaEdf *edf, guint priority, gint64 size)
{
  guint share = share_of (edf, priority);
  guint rest = share == TIMED ? edf->waiting & edf->timed : 0;

  for (; rest != 0; rest &= rest - 1)
    edf->classes[__builtin_ctz (rest)].skipped += (guint64) size;
  edf->classes[priority].skipped = 0;

  edf->deficits[share] = MAX (edf->deficits[share] - size,
      -quantum_of (edf, share) - SRTLA_MAX_DATAGRAM);
  /* Who has nothing to send saves nothing up. Debts stay. */
  if ((share == TIMED ? edf->waiting & edf->timed
          : edf->waiting & (1u << share)) == 0)
    edf->deficits[share] = MIN (edf->deficits[share], 0);
}

gboolean
srtla_edf_pop (SrtlaEdf *edf, guint classes, SrtlaTime now, SrtlaItem *item)
{
  guint priority = choose (edf, classes, now);
  SrtlaQueueStats *stats;

  if (priority == SRTLA_N_CLASSES)
    return FALSE;
  take_first (edf, priority, item);
  stats = &edf->classes[priority].stats;
  srtla_queue_stats_out (stats, item->packet.size);
  stats->late += item->deadline < now ? 1 : 0;
  pay (edf, priority, (gint64) item->packet.size);
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
  return next == SRTLA_TIME_NONE ? next : next - MIN (next, edf->lead);
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
