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
void srtla_histogram_record (SrtlaHistogram *histogram, SrtlaTime value);
/* Adds all that `other` counted. */
void srtla_histogram_merge (SrtlaHistogram *histogram,
    const SrtlaHistogram *other);

/* Returns: a value that at least `percent` (0 to 100) of all values do not
 * exceed, and no more than needed: the nearest rank, off by at most 1/64; the
 * maximum, exactly, at 100; 0 if it is empty. */
SrtlaTime srtla_histogram_percentile (const SrtlaHistogram *histogram,
    gdouble percent);

G_END_DECLS
