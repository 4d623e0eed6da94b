/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "classic-reference.h"

#include <string.h>

#define SEQUENCES 0x80000000u   /* how many there are */

/* Deviation: serial comparison. */
static gboolean
is_before (guint32 a, guint32 b)
{
  guint32 way = b >= a ? b - a : b + (SEQUENCES - a);

  return way > 0 && way < SEQUENCES / 2;
}

/* ---- The log ----------------------------------------------------------- */

/* Entry number `age` back from the newest, 1 to 255. NULL: not written yet. */
static ReferenceEntry *
entry_back (ReferenceUplink *uplink, guint age)
{
  if (age > uplink->written)
    return NULL;
  return &uplink->log[(uplink->written - age) % REFERENCE_LOG];
}

/* The newest entry of a caller's number. */
static ReferenceEntry *
held (ReferenceUplink *uplink, gint caller, guint32 sequence)
{
  guint age;

  for (age = 1; age < REFERENCE_LOG; age++) {
    ReferenceEntry *entry = entry_back (uplink, age);

    if (entry != NULL && entry->used && entry->sequence == sequence
        && entry->caller == caller)
      return entry;
  }
  return NULL;
}

static gint
count_logged (ReferenceUplink *uplink)
{
  gint count = 0;
  guint age;

  for (age = 1; age < REFERENCE_LOG; age++) {
    ReferenceEntry *entry = entry_back (uplink, age);

    if (entry != NULL && entry->used)
      count++;
  }
  return count;
}

/* ---- Uplinks ----------------------------------------------------------- */

void
classic_reference_init (ClassicReference *reference, guint64 now)
{
  gint i;

  memset (reference, 0, sizeof *reference);
  reference->next_sweep = now + 1000000;
  reference->naks = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (i = 0; i < REFERENCE_CALLERS; i++)
    reference->open[i] = g_array_new (FALSE, FALSE, sizeof (guint32));
}

void
classic_reference_clear (ClassicReference *reference)
{
  gint i;

  g_array_unref (reference->naks);
  for (i = 0; i < REFERENCE_CALLERS; i++)
    g_array_unref (reference->open[i]);
}

void
classic_reference_add (ClassicReference *reference, gint uplink)
{
  g_assert_false (reference->uplinks[uplink].exists);
  memset (&reference->uplinks[uplink], 0, sizeof (ReferenceUplink));
  reference->uplinks[uplink].exists = TRUE;
  reference->uplinks[uplink].window = 20000;
}

void
classic_reference_remove (ClassicReference *reference, gint uplink)
{
  reference->uplinks[uplink].exists = FALSE;
}

static gboolean
is_live (const ReferenceUplink *uplink, guint64 now)
{
  return uplink->exists && uplink->registered && uplink->heard
      && !uplink->suspended && now / 1000000 - uplink->heard_at / 1000000 <= 4;
}

void
classic_reference_tick (ClassicReference *reference, guint64 now)
{
  gint i;

  if (now < reference->next_sweep)
    return;
  while (now >= reference->next_sweep)
    reference->next_sweep += 1000000;
  for (i = 0; i < REFERENCE_UPLINKS; i++) {
    ReferenceUplink *uplink = &reference->uplinks[i];

    if (!uplink->registered || !uplink->heard || is_live (uplink, now))
      continue;
    uplink->window = 1000;
    uplink->in_flight = 0;
    uplink->written = 0;
    uplink->heard = FALSE;
    uplink->suspended = FALSE;
  }
}

void
classic_reference_heard (ClassicReference *reference, gint uplink, guint64 now)
{
  reference->uplinks[uplink].heard = TRUE;
  reference->uplinks[uplink].heard_at = now;
  reference->uplinks[uplink].suspended = FALSE;
}

void
classic_reference_registered (ClassicReference *reference, gint uplink,
    guint64 now)
{
  classic_reference_heard (reference, uplink, now);
  reference->uplinks[uplink].registered = TRUE;
}

/* ---- Sending ----------------------------------------------------------- */

gint
classic_reference_select (const ClassicReference *reference, guint64 now)
{
  gint best = REFERENCE_NONE, best_score = -1, i;

  /* The list is the order of additions reversed. */
  for (i = REFERENCE_UPLINKS - 1; i >= 0; i--) {
    const ReferenceUplink *uplink = &reference->uplinks[i];
    gint score = uplink->window / (uplink->in_flight + 1);

    if (is_live (uplink, now) && score > best_score) {
      best = i;
      best_score = score;
    }
  }
  return best;
}

/* Returns: where in the list of open numbers it is; its end if nowhere. */
static guint
find_open (const ClassicReference *reference, gint caller, guint32 sequence)
{
  const GArray *open = reference->open[caller];
  guint i = 0;

  while (i < open->len && g_array_index (open, guint32, i) != sequence)
    i++;
  return i;
}

void
classic_reference_sent (ClassicReference *reference, gint uplink, gint caller,
    guint32 sequence)
{
  ReferenceUplink *sender = &reference->uplinks[uplink];
  ReferenceEntry *entry = &sender->log[sender->written % REFERENCE_LOG];

  entry->used = TRUE;
  entry->caller = caller;
  entry->sequence = sequence;
  sender->written++;
  sender->in_flight++;
  if (find_open (reference, caller, sequence) == reference->open[caller]->len)
    g_array_append_val (reference->open[caller], sequence);
}

void
classic_reference_unsent (ClassicReference *reference, gint uplink)
{
  entry_back (&reference->uplinks[uplink], 1)->used = FALSE;
  reference->uplinks[uplink].in_flight--;
}

void
classic_reference_send_failed (ClassicReference *reference, gint uplink)
{
  reference->uplinks[uplink].suspended = TRUE;
}

/* ---- Acknowledgements -------------------------------------------------- */

/* Takes a caller's number from the first uplink in list order that holds it.
 * Returns: that uplink, or NULL. */
static ReferenceUplink *
take_first (ClassicReference *reference, gint caller, guint32 sequence)
{
  gint i;

  for (i = REFERENCE_UPLINKS - 1; i >= 0; i--) {
    ReferenceUplink *uplink = &reference->uplinks[i];
    ReferenceEntry *entry =
        uplink->exists ? held (uplink, caller, sequence) : NULL;

    if (entry != NULL) {
      entry->used = FALSE;
      return uplink;
    }
  }
  return NULL;
}

/* Deviation: callers are kept apart. A number that only one caller has open is
 * that caller's. If both have, it is on the uplink of its arrival that it was
 * received, so one is looked for there first. */
static ReferenceUplink *
take_acknowledged (ClassicReference *reference, gint arrival,
    guint32 sequence)
{
  gboolean is_open[REFERENCE_CALLERS];
  ReferenceUplink *uplink = NULL;
  gint caller, n_open = 0;

  for (caller = 0; caller < REFERENCE_CALLERS; caller++) {
    is_open[caller] = find_open (reference, caller, sequence) <
        reference->open[caller]->len;
    n_open += is_open[caller];
  }
  for (caller = 0; n_open > 1 && caller < REFERENCE_CALLERS; caller++) {
    ReferenceEntry *entry =
        held (&reference->uplinks[arrival], caller, sequence);

    if (entry != NULL) {
      entry->used = FALSE;
      return &reference->uplinks[arrival];
    }
  }
  for (caller = 0; uplink == NULL && caller < REFERENCE_CALLERS; caller++)
    if (is_open[caller])
      uplink = take_first (reference, caller, sequence);
  return uplink;
}

void
classic_reference_srtla_ack (ClassicReference *reference, gint arrival,
    guint32 sequence)
{
  ReferenceUplink *uplink = take_acknowledged (reference, arrival, sequence);
  gint i;

  if (uplink != NULL) {
    if (uplink->in_flight > 0)
      uplink->in_flight--;
    if (uplink->in_flight * 1000 > uplink->window)
      uplink->window += 29;
  }
  for (i = 0; i < REFERENCE_UPLINKS; i++) {
    uplink = &reference->uplinks[i];
    if (uplink->exists && uplink->heard)
      uplink->window = MIN (uplink->window + 1, 60000);
  }
}

void
classic_reference_srt_ack (ClassicReference *reference, gint caller,
    guint32 sequence)
{
  GArray *open = reference->open[caller];
  guint age, k = 0;
  gint i;

  while (k < open->len) {
    if (is_before (g_array_index (open, guint32, k), sequence))
      g_array_remove_index (open, k);
    else
      k++;
  }
  for (i = 0; i < REFERENCE_UPLINKS; i++) {
    ReferenceUplink *uplink = &reference->uplinks[i];

    for (age = 1; age < REFERENCE_LOG; age++) {
      ReferenceEntry *entry = entry_back (uplink, age);

      /* Deviation: callers are kept apart. */
      if (entry != NULL && entry->caller == caller
          && is_before (entry->sequence, sequence))
        entry->used = FALSE;
    }
    uplink->in_flight = count_logged (uplink);
  }
}

gboolean
classic_reference_nak (ClassicReference *reference, gint caller, guint32 stamp)
{
  guint64 nak = (guint64) caller << 32 | stamp;
  guint i;

  /* Deviation: copies of one NAK are counted once. */
  for (i = reference->naks->len; i > 0; i--)
    if (g_array_index (reference->naks, guint64, i - 1) == nak)
      return FALSE;
  g_array_append_val (reference->naks, nak);
  return TRUE;
}

static void
nak_number (ClassicReference *reference, gint caller, guint32 sequence)
{
  ReferenceUplink *uplink = take_first (reference, caller, sequence);

  if (uplink != NULL)
    uplink->window = MAX (uplink->window - 100, 1000);
}

void
classic_reference_nak_range (ClassicReference *reference, gint caller,
    guint32 first, guint32 last)
{
  while (first != last) {
    nak_number (reference, caller, first);
    first = (first + 1) % SEQUENCES;
  }
  nak_number (reference, caller, last);
}
