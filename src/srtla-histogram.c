/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-histogram.h"

#include <string.h>

#define PARTS SRTLA_HISTOGRAM_PARTS

/* Returns: the middle of a place's values. */
static inline SrtlaTime
value_at (guint place)
{
  guint shift;

  if (place < 2 * PARTS)
    return place;
  shift = place / PARTS - 1;
  return ((SrtlaTime) (place - shift * PARTS) << shift)
      + ((G_GUINT64_CONSTANT (1) << shift) - 1) / 2;
}

void
srtla_histogram_reset (SrtlaHistogram *histogram)
{
  memset (histogram, 0, sizeof *histogram);
}

static inline void
add (guint32 *count, guint32 more)
{
  *count = *count > G_MAXUINT32 - more ? G_MAXUINT32 : *count + more;
}

void
srtla_histogram_merge (SrtlaHistogram *histogram, const SrtlaHistogram *other)
{
  guint i;

  if (other->count == 0)
    return;
  histogram->count += other->count;
  histogram->maximum = MAX (histogram->maximum, other->maximum);
  for (i = 0; i < SRTLA_HISTOGRAM_PLACES; i++)
    add (&histogram->places[i], other->places[i]);
}

SrtlaTime
srtla_histogram_percentile (const SrtlaHistogram *histogram, gdouble percent)
{
  gdouble wanted = percent / 100.0 * (gdouble) histogram->count;
  guint64 seen = 0;
  guint i;

  if (percent >= 100.0 || histogram->count == 0)
    return histogram->maximum;
  for (i = 0; i < SRTLA_HISTOGRAM_PLACES; i++) {
    seen += histogram->places[i];
    if (seen > 0 && (gdouble) seen >= wanted)
      return MIN (value_at (i), histogram->maximum);
  }
  return histogram->maximum;
}
