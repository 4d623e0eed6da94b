/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unsettled numbers are in one of three places, so that an acknowledgement
 * finds them without looking at the others:
 *
 *   the span   from the acknowledged point to the highest number sent, never
 *              longer than the ring; the point walks over it once
 *   late       below the point when they were sent: retransmissions that an
 *              acknowledgement crossed. Listed, few, looked at by each one
 *   unlisted   somewhere in the ring: more late numbers than the list takes,
 *              or a jump in the numbering. The next acknowledgement sweeps
 */
#include "srtla-tracker.h"

#include <stddef.h>
#include <string.h>

#define SLOTS_MASK (SRTLA_TRACKER_SIZE - 1)

G_STATIC_ASSERT (sizeof (SrtlaTrackerEntry) <= 64);

static inline SrtlaTrackerEntry *
lookup (SrtlaTracker *tracker, guint32 sequence)
{
  SrtlaTrackerEntry *entry = &tracker->entries[sequence & SLOTS_MASK];

  return entry->copies > 0 && entry->sequence == sequence ? entry : NULL;
}

/* Returns: whether an acknowledgement of `target` says that this number
 * arrived: all did that are not between it and the highest. */
static inline gboolean
is_settled_by (const SrtlaTracker *tracker, guint32 sequence, guint32 target)
{
  return srtla_seq_steps (target, sequence) >=
      srtla_seq_steps (target, srtla_seq_next (tracker->highest));
}

SrtlaTracker *
srtla_tracker_new (SrtlaTime max_age)
{
  SrtlaTracker *tracker = g_new0 (SrtlaTracker, 1);

  tracker->max_age = max_age;
  tracker->sweep_next = SRTLA_TRACKER_SIZE;
  return tracker;
}

void
srtla_tracker_free (SrtlaTracker *tracker)
{
  g_free (tracker);
}

void
srtla_tracker_clear (SrtlaTracker *tracker)
{
  SrtlaTime max_age = tracker->max_age;
  guint i;

  memset (tracker, 0, offsetof (SrtlaTracker, entries));
  for (i = 0; i < SRTLA_TRACKER_SIZE; i++) {
    tracker->entries[i].copies = 0;
    tracker->entries[i].holders = 0;
  }
  tracker->max_age = max_age;
  tracker->sweep_next = SRTLA_TRACKER_SIZE;
}

/* ---- Insertion --------------------------------------------------------- */

static void
note_late (SrtlaTracker *tracker, guint32 sequence)
{
  if (srtla_seq_before (sequence, tracker->floor))
    tracker->floor = sequence;
  if (tracker->n_late < SRTLA_TRACKER_LATE)
    tracker->late[tracker->n_late++] = sequence;
  else
    tracker->unlisted = TRUE;
}

/* An acknowledgement whose entries were not all taken: the next goes on. */
static void
abandon_walk (SrtlaTracker *tracker)
{
  if (tracker->sweep_next < SRTLA_TRACKER_SIZE)
    tracker->unlisted = TRUE;
  tracker->sweep_next = SRTLA_TRACKER_SIZE;
  tracker->walking = FALSE;
}

static void
restart_at (SrtlaTracker *tracker, guint32 sequence)
{
  tracker->started = TRUE;
  tracker->highest = tracker->point = tracker->floor = sequence;
  tracker->kept_from = sequence;
  tracker->n_late = 0;
}

static void
advance_to (SrtlaTracker *tracker, guint32 sequence)
{
  guint32 span = srtla_seq_steps (tracker->point, sequence);

  tracker->highest = sequence;
  if (G_LIKELY (span < SRTLA_TRACKER_SIZE))
    return;
  /* Without acknowledgements the point is dragged along. One number that falls
   * behind is the one whose slot `sequence` takes; more may still be there. */
  tracker->point = srtla_seq_add (sequence, 1u - SRTLA_TRACKER_SIZE);
  tracker->floor = tracker->point;
  if (span > SRTLA_TRACKER_SIZE)
    tracker->unlisted = TRUE;
}

static void
place (SrtlaTracker *tracker, guint32 sequence)
{
  gint32 distance;

  if (G_UNLIKELY (!tracker->started)) {
    restart_at (tracker, sequence);
    return;
  }
  distance = srtla_seq_distance (tracker->highest, sequence);
  if (G_LIKELY (distance > 0)) {
    advance_to (tracker, sequence);
  } else if (distance < -(gint32) SRTLA_TRACKER_RESTART) {
    restart_at (tracker, sequence);
    tracker->unlisted = TRUE;
  } else if (srtla_seq_before (sequence, tracker->point)) {
    note_late (tracker, sequence);
  }
}

gboolean
srtla_tracker_insert (SrtlaTracker *tracker, guint32 sequence, guint uplink,
    gsize size, SrtlaTime now, SrtlaTrackerEntry *displaced)
{
  guint64 holder = G_GUINT64_CONSTANT (1) << (uplink % SRTLA_MAX_UPLINKS);
  SrtlaTrackerEntry *entry;
  gboolean is_displaced = FALSE;

  sequence &= SRTLA_SEQ_MASK;
  if (G_UNLIKELY (tracker->walking))
    abandon_walk (tracker);
  place (tracker, sequence);

  entry = &tracker->entries[sequence & SLOTS_MASK];
  if (entry->copies > 0 && entry->sequence == sequence
      && (entry->owner == NULL || entry->size == size)) {
    entry->holders |= holder;
    if (entry->copies < G_MAXUINT8)
      entry->copies++;
  } else {
    if (entry->holders != 0 || entry->owner != NULL) {
      if (displaced != NULL)
        *displaced = *entry;
      is_displaced = TRUE;
    }
    entry->sequence = sequence;
    entry->holders = holder;
    entry->copies = 1;
    entry->data = NULL;
    entry->owner = NULL;
    entry->first_sent_at = now;
    entry->arrived_at = 0;
    entry->named_at = 0;
  }
  entry->size = (guint16) MIN (size, G_MAXUINT16);
  entry->uplink = (guint8) uplink;
  entry->sent_at = now;
  return is_displaced;
}

/* ---- Packets kept ------------------------------------------------------ */

gpointer
srtla_tracker_keep (SrtlaTracker *tracker, guint32 sequence,
    const guint8 *data, gpointer owner)
{
  SrtlaTrackerEntry *entry = lookup (tracker, sequence & SRTLA_SEQ_MASK);
  gpointer earlier;

  if (entry == NULL)
    return owner;
  if (srtla_seq_before (sequence & SRTLA_SEQ_MASK, tracker->kept_from)) {
    /* A late one that goes again would be dropped by nobody when its time is
     * over; an original that was overtaken takes its place. */
    if (entry->copies > 1)
      return owner;
    tracker->kept_from = sequence & SRTLA_SEQ_MASK;
  }
  earlier = entry->owner;
  entry->data = data;
  entry->owner = owner;
  return earlier;
}

static void
take_kept (SrtlaTrackerEntry *entry, gsize *size, gpointer *owner)
{
  *size = entry->size;
  *owner = entry->owner;
  entry->data = NULL;
  entry->owner = NULL;
}

gboolean
srtla_tracker_drop_oldest (SrtlaTracker *tracker, SrtlaTime until,
    gsize *size, gpointer *owner)
{
  guint32 end = srtla_seq_next (tracker->highest);

  if (!tracker->started)
    return FALSE;
  if (srtla_seq_steps (tracker->kept_from, end) > SRTLA_TRACKER_SIZE)
    tracker->kept_from = srtla_seq_add (end, -SRTLA_TRACKER_SIZE);
  while (tracker->kept_from != end) {
    SrtlaTrackerEntry *entry =
        &tracker->entries[tracker->kept_from & SLOTS_MASK];

    if (entry->owner != NULL && entry->copies > 0
        && entry->sequence == tracker->kept_from) {
      if (entry->first_sent_at > until)
        return FALSE;
      take_kept (entry, size, owner);
      return TRUE;
    }
    tracker->kept_from = srtla_seq_next (tracker->kept_from);
  }
  return FALSE;
}

gboolean
srtla_tracker_take_kept (SrtlaTracker *tracker, gsize *size, gpointer *owner)
{
  guint i;

  for (i = 0; i < SRTLA_TRACKER_SIZE; i++) {
    if (tracker->entries[i].owner != NULL) {
      take_kept (&tracker->entries[i], size, owner);
      return TRUE;
    }
  }
  return FALSE;
}

void
srtla_tracker_add_holder (SrtlaTracker *tracker, guint32 sequence, guint uplink)
{
  SrtlaTrackerEntry *entry = lookup (tracker, sequence & SRTLA_SEQ_MASK);

  if (entry != NULL)
    entry->holders |= G_GUINT64_CONSTANT (1) << (uplink % SRTLA_MAX_UPLINKS);
}

/* ---- Acknowledgement --------------------------------------------------- */

gboolean
srtla_tracker_acknowledge (SrtlaTracker *tracker, guint32 sequence)
{
  guint32 next = srtla_seq_next (tracker->highest);

  sequence &= SRTLA_SEQ_MASK;
  if (!tracker->started
      || srtla_seq_steps (sequence, next) > SRTLA_TRACKER_RESTART)
    return FALSE;

  abandon_walk (tracker);
  tracker->walking = TRUE;
  tracker->target = sequence;
  tracker->late_next = 0;
  if (G_UNLIKELY (tracker->unlisted)) {
    tracker->unlisted = FALSE;
    tracker->n_late = 0;
    tracker->sweep_next = 0;
  }
  return TRUE;
}

/* Takes an entry out of what uplinks may hold. */
static inline SrtlaTrackerEntry *
settle (SrtlaTracker *tracker, SrtlaTrackerEntry *entry)
{
  tracker->settled = *entry;
  entry->holders = 0;
  entry->data = NULL;
  entry->owner = NULL;
  return &tracker->settled;
}

/* Looks at all there is; what stays unsettled below the point is listed. */
static SrtlaTrackerEntry *
sweep (SrtlaTracker *tracker)
{
  while (tracker->sweep_next < SRTLA_TRACKER_SIZE) {
    SrtlaTrackerEntry *entry = &tracker->entries[tracker->sweep_next++];

    if (entry->holders == 0)
      continue;
    if (is_settled_by (tracker, entry->sequence, tracker->target))
      return settle (tracker, entry);
    if (srtla_seq_before (entry->sequence, tracker->point))
      note_late (tracker, entry->sequence);
  }
  return NULL;
}

static SrtlaTrackerEntry *
take_late (SrtlaTracker *tracker)
{
  while (tracker->late_next < tracker->n_late) {
    guint32 *late = &tracker->late[tracker->late_next];
    SrtlaTrackerEntry *entry = lookup (tracker, *late);
    gboolean gone = entry == NULL || entry->holders == 0;

    if (!gone && !is_settled_by (tracker, *late, tracker->target)) {
      tracker->late_next++;
      continue;
    }
    *late = tracker->late[--tracker->n_late];
    if (!gone)
      return settle (tracker, entry);
  }
  return NULL;
}

/* Returns: whether neither a log nor a reference is left to be cleared: its one
 * uplink acknowledged it. */
static inline gboolean
is_done (const SrtlaTrackerEntry *entry)
{
  return entry->arrived_at != 0 && entry->copies == 1 && entry->owner == NULL
      && (entry->holders & (entry->holders - 1)) == 0;
}

static SrtlaTrackerEntry *
walk (SrtlaTracker *tracker)
{
  while (srtla_seq_before (tracker->point, tracker->target)) {
    SrtlaTrackerEntry *entry = lookup (tracker, tracker->point);

    tracker->point = srtla_seq_next (tracker->point);
    if (entry == NULL || entry->holders == 0)
      continue;
    if (!is_done (entry))
      return settle (tracker, entry);
    entry->holders = 0;
  }
  return NULL;
}

SrtlaTrackerEntry *
srtla_tracker_next_acknowledged (SrtlaTracker *tracker)
{
  SrtlaTrackerEntry *entry;

  if (!tracker->walking)
    return NULL;
  if (tracker->sweep_next < SRTLA_TRACKER_SIZE) {
    entry = sweep (tracker);
    if (entry != NULL)
      return entry;
  }
  entry = take_late (tracker);
  if (entry == NULL)
    entry = walk (tracker);
  if (entry == NULL) {
    tracker->walking = FALSE;
    if (tracker->n_late == 0 && !tracker->unlisted)
      tracker->floor = tracker->point;
  }
  return entry;
}

/* ---- What is known ----------------------------------------------------- */

gboolean
srtla_tracker_clip (const SrtlaTracker *tracker, guint32 *first, guint32 *last)
{
  guint32 floor = tracker->floor;
  gint64 span, start, end;      /* counted from the floor */

  *first &= SRTLA_SEQ_MASK;
  *last &= SRTLA_SEQ_MASK;
  if (!tracker->started || srtla_seq_before (*last, *first))
    return FALSE;
  span = srtla_seq_steps (floor, tracker->highest);
  /* Nothing unsettled: the floor is one beyond the highest. */
  if (span == SRTLA_SEQ_MASK)
    return FALSE;
  if (span >= SRTLA_TRACKER_SIZE) {
    span = SRTLA_TRACKER_SIZE - 1;
    floor = srtla_seq_add (tracker->highest, 1u - SRTLA_TRACKER_SIZE);
  }

  start = srtla_seq_distance (floor, *first);
  end = start + srtla_seq_steps (*first, *last);
  start = MAX (start, 0);
  end = MIN (end, span);
  if (start > end)
    return FALSE;
  *first = srtla_seq_add (floor, (guint32) start);
  *last = srtla_seq_add (floor, (guint32) end);
  return TRUE;
}

SrtlaTrackerEntry *
srtla_tracker_missing (SrtlaTracker *tracker)
{
  SrtlaTrackerEntry *entry = tracker->started
      ? lookup (tracker, tracker->point) : NULL;

  return entry != NULL && entry->holders != 0 ? entry : NULL;
}

gboolean
srtla_tracker_highest (const SrtlaTracker *tracker, guint32 *sequence)
{
  if (tracker->started && sequence != NULL)
    *sequence = tracker->highest;
  return tracker->started;
}
