/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Spans of time, counted in classes whose width grows with their value: the
 * idea of Gil Tene's HdrHistogram. Up to 64 µs each value has a class of its
 * own, above each power of two is cut into 32: what is read is off by at most
 * 1/64. Of fixed size.
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

/* Parts of each power of two, as a power of two; and the first value that is
 * too long to be told from longer ones, as a power of two: 71 minutes. */
#define SRTLA_HISTOGRAM_PARTS_BITS 5
#define SRTLA_HISTOGRAM_VALUE_BITS 32
#define SRTLA_HISTOGRAM_PARTS (1u << SRTLA_HISTOGRAM_PARTS_BITS)
#define SRTLA_HISTOGRAM_PLACES \
  ((SRTLA_HISTOGRAM_VALUE_BITS - SRTLA_HISTOGRAM_PARTS_BITS + 1) \
      << SRTLA_HISTOGRAM_PARTS_BITS)

/* All zeros is an empty one. */
typedef struct
{
  guint64 count;
  SrtlaTime maximum;            /* exact */
  guint32 places[SRTLA_HISTOGRAM_PLACES];
} SrtlaHistogram;

void srtla_histogram_reset (SrtlaHistogram *histogram);
static inline void srtla_histogram_record (SrtlaHistogram *histogram,
    SrtlaTime value);
/* Adds all that `other` counted. */
void srtla_histogram_merge (SrtlaHistogram *histogram,
    const SrtlaHistogram *other);

/* Returns: a value that at least `percent` (0 to 100) of all values do not
 * exceed, and no more than needed: the nearest rank, off by at most 1/64; the
 * maximum, exactly, at 100; 0 if it is empty. */
SrtlaTime srtla_histogram_percentile (const SrtlaHistogram *histogram,
    gdouble percent);

/* The leading bit and the ones after it say where: values below two times
 * PARTS stand for themselves, each further power of two has PARTS places. */
static inline guint
srtla_histogram_place (SrtlaTime value)
{
  const SrtlaTime largest =
      (G_GUINT64_CONSTANT (1) << SRTLA_HISTOGRAM_VALUE_BITS) - 1;
  guint shift;

  if (value < 2 * SRTLA_HISTOGRAM_PARTS)
    return (guint) value;
  value = MIN (value, largest);
  shift = 63 - (guint) __builtin_clzll (value) - SRTLA_HISTOGRAM_PARTS_BITS;
  return shift * SRTLA_HISTOGRAM_PARTS + (guint) (value >> shift);
}

/* The same as srtla_histogram_record () of a value with that place. */
static inline void
srtla_histogram_record_at (SrtlaHistogram *histogram, guint place,
    SrtlaTime value)
{
  histogram->count++;
  histogram->maximum = MAX (histogram->maximum, value);
  if (G_LIKELY (histogram->places[place] != G_MAXUINT32))
    histogram->places[place]++;
}

static inline void
srtla_histogram_record (SrtlaHistogram *histogram, SrtlaTime value)
{
  srtla_histogram_record_at (histogram, srtla_histogram_place (value), value);
}

G_END_DECLS
