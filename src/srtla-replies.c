/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-replies.h"

#include <string.h>

G_STATIC_ASSERT ((SRTLA_REPLIES_SETS & (SRTLA_REPLIES_SETS - 1)) == 0);

/* Odd, with its bits spread evenly: 2^64 divided by the golden ratio. */
#define SPREAD G_GUINT64_CONSTANT (0x9e3779b97f4a7c15)

/* A 64-bit fingerprint. Each step is reversible, so packets that differ in one
 * word only never collide; others do by chance, once in 2^64. Never 0. */
static guint64
fingerprint (const guint8 *data, gsize size)
{
  guint64 hash = size * SPREAD;
  guint64 word;

  while (size > 0) {
    gsize step = MIN (size, sizeof word);

    word = 0;
    memcpy (&word, data, step);
    hash = (hash ^ word) * SPREAD;
    hash ^= hash >> 32;
    data += step;
    size -= step;
  }
  hash *= SPREAD;
  hash ^= hash >> 29;
  return MAX (hash, 1);
}

void
srtla_replies_clear (SrtlaReplies *replies)
{
  memset (replies, 0, sizeof *replies);
}

gboolean
srtla_replies_is_copy (SrtlaReplies *replies, SrtlaKind kind,
    const guint8 *data, gsize size)
{
  guint64 print;
  guint64 *set;
  guint8 *next;
  guint i;

  if (kind != SRTLA_KIND_SRT_ACK && kind != SRTLA_KIND_SRT_NAK)
    return FALSE;

  /* Copies often follow one another. */
  if (size == replies->latest_size && memcmp (data, replies->latest, size) == 0)
    return TRUE;
  replies->latest_size = size <= SRTLA_REPLIES_SHORT ? size : 0;
  memcpy (replies->latest, data, replies->latest_size);

  print = fingerprint (data, size);
  i = (guint) (print & (SRTLA_REPLIES_SETS - 1));
  set = replies->seen[i];
  next = &replies->next[i];
  for (i = 0; i < SRTLA_REPLIES_WAYS; i++) {
    if (set[i] == print)
      return TRUE;
  }
  set[*next] = print;
  *next = (guint8) ((*next + 1) % SRTLA_REPLIES_WAYS);
  return FALSE;
}
