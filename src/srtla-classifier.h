/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How urgent an SRT packet is. Looks at headers only: SRT's, and where the
 * payload is clear MPEG-TS also those of its packets (ISO/IEC 13818-1, 2.4.3),
 * to find the frames that a decoder can start with. Encrypted payload is not
 * looked into.
 */
#pragma once

#include "srtla-packet.h"

G_BEGIN_DECLS

/* All classes, the most urgent first; another one is another line. The budget
 * is the time until a packet should have left, µs; SRTLA_TIME_NONE: there is
 * no such time, and it has a share instead. Quantum: bytes, its part of what
 * is sent. Length: packets that wait in its queue. */
#define SRTLA_CLASSES(CLASS) \
  CLASS (HIGH, "high", 1 * SRTLA_MILLISECOND, 3000, 128) \
  CLASS (MEDIUM, "medium", 10 * SRTLA_MILLISECOND, 3000, 256) \
  CLASS (LOW, "low", 100 * SRTLA_MILLISECOND, 3000, 256) \
  CLASS (BEST_EFFORT, "best-effort", SRTLA_TIME_NONE, 1500, 64)

typedef enum
{
#define SRTLA_CLASS_MEMBER(member, name, budget, quantum, length) \
  SRTLA_CLASS_##member,
  SRTLA_CLASSES (SRTLA_CLASS_MEMBER)
#undef SRTLA_CLASS_MEMBER
  SRTLA_N_CLASSES
} SrtlaClass;

/* A set of classes has bit `1 << class` of each. */
#define SRTLA_ALL_CLASSES ((1u << SRTLA_N_CLASSES) - 1)

typedef struct
{
  SrtlaTime budget;             /* µs; SRTLA_TIME_NONE = none */
  guint quantum;                /* bytes */
  guint length;                 /* packets */
} SrtlaClassSettings;

/* The table's columns, by class. */
extern const gchar *const srtla_class_names[SRTLA_N_CLASSES];
extern const SrtlaClassSettings srtla_class_defaults[SRTLA_N_CLASSES];

/* Not a class: each packet is judged by what it is. */
#define SRTLA_PRIORITY_AUTO (-1)

/* What is known of a packet beside its bytes. */
typedef struct
{
  gint priority;                /* class of all its flow's data packets; or
                                 * SRTLA_PRIORITY_AUTO */
  gboolean droppable;           /* marked so by whoever made it */
  gboolean critical;            /* its flow's critical window is open */
} SrtlaMarks;

typedef struct
{
  SrtlaClass priority;
  gboolean in_order;            /* must not overtake its flow's packets */
} SrtlaVerdict;

/* What is remembered of one stream; all zeros to start with. */
typedef struct
{
  gboolean in_key_frame;        /* since one began; until the next frame */
  guint16 video;                /* PID of its stream */
} SrtlaClassifier;

/* Judges a packet of kind `kind` (of srtla_packet_kind ()), to be called in the
 * order of arrival. Control packets are HIGH, but a shutdown is treated as its
 * flow's data is and keeps its order. Data packets get the class that marks
 * name; else droppable ones BEST_EFFORT, retransmissions MEDIUM, those in a
 * critical window or a key frame MEDIUM, and the rest LOW. A key frame goes
 * from a TS packet with random access indicator that starts a PES packet of
 * video to the next start of one without it on the same PID. */
SrtlaVerdict srtla_classify (SrtlaClassifier *classifier, SrtlaKind kind,
    const guint8 *data, gsize size, const SrtlaMarks *marks);

/* Returns: what srtla_classify () says of a packet of a frame that is no key
 * frame: its payload is not looked at, the 16 bytes of SRT's header are enough.
 * In any order. */
SrtlaVerdict srtla_classify_header (SrtlaKind kind, const guint8 *data,
    const SrtlaMarks *marks);

/* Returns: the class of that name; -1 if there is none. */
gint srtla_class_find (const gchar *name);

G_END_DECLS
