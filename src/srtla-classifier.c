/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-classifier.h"

#include <string.h>

#define TS_SIZE 188
#define TS_SYNC 0x47

const gchar *const srtla_class_names[SRTLA_N_CLASSES] = {
#define NAME(member, name, budget, quantum, length) name,
  SRTLA_CLASSES (NAME)
#undef NAME
};

const SrtlaClassSettings srtla_class_defaults[SRTLA_N_CLASSES] = {
#define SETTINGS(member, name, budget, quantum, length) \
  { budget, quantum, length },
  SRTLA_CLASSES (SETTINGS)
#undef SETTINGS
};

gint
srtla_class_find (const gchar *name)
{
  gint i;

  for (i = 0; name != NULL && i < SRTLA_N_CLASSES; i++) {
    if (strcmp (srtla_class_names[i], name) == 0)
      return i;
  }
  return -1;
}

/* ---- Key frames in MPEG-TS --------------------------------------------- */

static inline guint16
ts_pid (const guint8 *ts)
{
  return srtla_read_u16 (ts + 1) & 0x1fff;
}

static inline gboolean
ts_starts_unit (const guint8 *ts)
{
  return (ts[1] & 0x40) != 0;
}

/* Returns: whether there is an adaptation field with the indicator. */
static inline gboolean
ts_is_random_access (const guint8 *ts)
{
  return (ts[3] & 0x20) != 0 && ts[4] > 0 && (ts[5] & 0x40) != 0;
}

/* Returns: whether its payload is clear and starts a PES packet of video. Audio
 * has the indicator too, often on each frame. */
static gboolean
ts_starts_video (const guint8 *ts)
{
  guint payload = 4 + ((ts[3] & 0x20) != 0 ? 1u + ts[4] : 0);
  const guint8 *pes = ts + payload;

  if (!ts_starts_unit (ts) || (ts[3] & 0x10) == 0 || (ts[3] & 0xc0) != 0
      || payload + 4 > TS_SIZE)
    return FALSE;
  return pes[0] == 0 && pes[1] == 0 && pes[2] == 1
      && ((pes[3] & 0xf0) == 0xe0 || pes[3] == 0xfd);
}

/* Follows one TS packet. Returns: whether it is of a key frame, or between two
 * that are. */
static gboolean
follow (SrtlaClassifier *classifier, const guint8 *ts)
{
  guint16 pid = ts_pid (ts);

  if (G_LIKELY (!ts_starts_unit (ts)))
    return classifier->in_key_frame;
  if (ts_is_random_access (ts)) {
    if (ts_starts_video (ts)) {
      classifier->in_key_frame = TRUE;
      classifier->video = pid;
    }
  } else if (pid == classifier->video) {
    classifier->in_key_frame = FALSE;
  }
  return classifier->in_key_frame;
}

/* Byte `byte` of TS packet `n`. */
#define TS_AT(n, byte) ts[(n) * TS_SIZE + (byte)]
/* As many as SRT callers put into a packet. */
#define TS_USUAL 7

/* The usual payload at once. */
static inline gboolean
read_usual_ts (const guint8 *ts, guint *flags)
{
  *flags = TS_AT (0, 1) | TS_AT (1, 1) | TS_AT (2, 1) | TS_AT (3, 1)
      | TS_AT (4, 1) | TS_AT (5, 1) | TS_AT (6, 1);
  return TS_AT (0, 0) == TS_SYNC && TS_AT (1, 0) == TS_SYNC
      && TS_AT (2, 0) == TS_SYNC && TS_AT (3, 0) == TS_SYNC
      && TS_AT (4, 0) == TS_SYNC && TS_AT (5, 0) == TS_SYNC
      && TS_AT (6, 0) == TS_SYNC;
}

/* Returns: whether the payload is TS packets; `starts`: whether a unit starts in
 * any of them. */
static inline gboolean
read_ts (const guint8 *ts, gsize size, gboolean *starts)
{
  const guint8 *end = ts + size;
  guint flags = 0;

  if (G_LIKELY (size == TS_USUAL * TS_SIZE)) {
    if (!read_usual_ts (ts, &flags))
      return FALSE;
    *starts = (flags & 0x40) != 0;
    return TRUE;
  }
  if (size == 0 || ts[0] != TS_SYNC || (guint) size % TS_SIZE != 0)
    return FALSE;
  for (; ts < end; ts += TS_SIZE) {
    if (ts[0] != TS_SYNC)
      return FALSE;
    flags |= ts[1];
  }
  *starts = (flags & 0x40) != 0;
  return TRUE;
}

/* Returns: whether any of the TS packets in a data packet is of a key frame. */
static gboolean
has_key_frame (SrtlaClassifier *classifier, const guint8 *data, gsize size)
{
  const guint8 *ts = data + SRTLA_SRT_HEADER, *end = data + size;
  gboolean encrypted = (data[4] & 0x18) != 0;
  gboolean found = FALSE, starts;

  if (encrypted || !read_ts (ts, size - SRTLA_SRT_HEADER, &starts)) {
    classifier->in_key_frame = FALSE;
    return FALSE;
  }
  /* Nearly all are in the middle of a frame. */
  if (!starts)
    return classifier->in_key_frame;
  for (; ts < end; ts += TS_SIZE)
    found = follow (classifier, ts) || found;
  return found;
}

/* ---- The verdict ------------------------------------------------------- */

static SrtlaClass
judge_data (const guint8 *data, const SrtlaMarks *marks)
{
  if (marks->priority != SRTLA_PRIORITY_AUTO)
    return (SrtlaClass) marks->priority;
  if (marks->droppable)
    return SRTLA_CLASS_BEST_EFFORT;
  return marks->critical || srtla_srt_is_retransmission (data)
      ? SRTLA_CLASS_MEDIUM : SRTLA_CLASS_LOW;
}

SrtlaVerdict
srtla_classify_header (SrtlaKind kind, const guint8 *data,
    const SrtlaMarks *marks)
{
  SrtlaVerdict verdict = { SRTLA_CLASS_HIGH, FALSE };

  g_return_val_if_fail (marks->priority < SRTLA_N_CLASSES, verdict);
  if (kind == SRTLA_KIND_SRT_DATA) {
    verdict.priority = judge_data (data, marks);
  } else if (kind == SRTLA_KIND_SRT_SHUTDOWN) {
    verdict.in_order = TRUE;
    verdict.priority = marks->priority != SRTLA_PRIORITY_AUTO
        ? (SrtlaClass) marks->priority : SRTLA_CLASS_LOW;
  }
  return verdict;
}

SrtlaVerdict
srtla_classify (SrtlaClassifier *classifier, SrtlaKind kind,
    const guint8 *data, gsize size, const SrtlaMarks *marks)
{
  SrtlaVerdict verdict = srtla_classify_header (kind, data, marks);

  /* Followed whatever the marks say, or the frame's end would be missed. */
  if (kind == SRTLA_KIND_SRT_DATA && !srtla_srt_is_retransmission (data)
      && has_key_frame (classifier, data, size)
      && marks->priority == SRTLA_PRIORITY_AUTO
      && verdict.priority == SRTLA_CLASS_LOW)
    verdict.priority = SRTLA_CLASS_MEDIUM;
  return verdict;
}
