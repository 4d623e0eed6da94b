/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a process has over time: memory, threads, descriptors. Memory is sampled
 * all the time; the rest is counted when it is quiet.
 */
#pragma once

#include <glib.h>
#include <stdio.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 at;                    /* µs after the start */
  guint64 resident;             /* bytes */
} SoakSample;

typedef struct
{
  gint64 at;                    /* µs after the start */
  guint64 resident;             /* bytes */
  guint64 allocated;            /* bytes of malloc's that are in use */
  guint threads, descriptors;
} SoakCount;

typedef struct
{
  GArray *samples;              /* of SoakSample */
  GArray *counts;               /* of SoakCount */
  guint minutes;                /* that all will last */
  gdouble slope;                /* bytes/s of `resident` in the second half */
} SoakCensus;

void soak_census_init (SoakCensus *census, guint minutes);
void soak_census_clear (SoakCensus *census);

/* at: µs after the start. */
void soak_census_sample (SoakCensus *census, gint64 at);
void soak_census_take (SoakCensus *census, gint64 at);

/* Adds to the complaints (text, owned) what grew. */
void soak_census_judge (SoakCensus *census, GPtrArray *complaints);

void soak_census_print (const SoakCensus *census);
/* "census": […] and what else belongs into an object. */
void soak_census_write_json (const SoakCensus *census, FILE *file);

G_END_DECLS
