/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Virtual time: a binary heap of events. Events of the same moment come in the
 * order in which they were asked for, so a run depends on its seed alone.
 */
#pragma once

#include "srtla-types.h"

G_BEGIN_DECLS

/* Where every run starts; not 0, which means "never" to the core. */
#define SIM_START (1000 * SRTLA_SECOND)

typedef struct _SimClock SimClock;

typedef void (*SimEventFunc) (gpointer target, gpointer data, SrtlaTime now);

SimClock *sim_clock_new (void);
void sim_clock_free (SimClock *clock);

SrtlaTime sim_clock_now (const SimClock *clock);
/* Returns: how many events were handled. */
guint64 sim_clock_count (const SimClock *clock);

/* Calls func (target, data, at) once; a moment in the past is now. */
void sim_clock_call (SimClock *clock, SrtlaTime at, SimEventFunc func,
    gpointer target, gpointer data);

/* Handles all events up to and including `until`, then it is `until`. */
void sim_clock_run (SimClock *clock, SrtlaTime until);

/* A deadline that may be moved any time; it calls func (target, NULL, due).
 * It must stay in place as long as the clock runs. */
typedef struct
{
  SimClock *clock;
  SimEventFunc func;
  gpointer target;
  SrtlaTime due;                /* SRTLA_TIME_NONE = off */
  SrtlaTime queued;             /* earliest event in the heap, or NONE */
} SimTimer;

void sim_timer_init (SimTimer *timer, SimClock *clock, SimEventFunc func,
    gpointer target);
void sim_timer_set (SimTimer *timer, SrtlaTime due);

G_END_DECLS
