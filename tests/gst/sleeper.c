/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sleeper.h"

#include <string.h>

#define PACE 1000               /* µs */

static gpointer
sleeper_main (gpointer data)
{
  Sleeper *sleeper = data;
  gint64 due = g_get_monotonic_time () + PACE, now;

  while (!g_atomic_int_get (&sleeper->over)) {
    now = g_get_monotonic_time ();      /* MAX () would ask twice */
    g_usleep ((gulong) MAX (due - now, 1));
    now = g_get_monotonic_time ();
    for (; due <= now; due += PACE)     /* those that it slept through, too */
      srtla_histogram_record (&sleeper->late, (SrtlaTime) (now - due));
  }
  return NULL;
}

void
sleeper_start (Sleeper *sleeper)
{
  memset (sleeper, 0, sizeof *sleeper);
  sleeper->thread = g_thread_new ("sleeper", sleeper_main, sleeper);
}

SrtlaTime
sleeper_stop (Sleeper *sleeper)
{
  g_atomic_int_set (&sleeper->over, TRUE);
  g_thread_join (sleeper->thread);
  return srtla_histogram_percentile (&sleeper->late, 99);
}
