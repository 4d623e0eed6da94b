/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stepping-clock.h"

#include <gmodule.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static gint offset_days;        /* atomic */

static time_t
offset_seconds (void)
{
  return (time_t) g_atomic_int_get (&offset_days) * 86400;
}

G_MODULE_EXPORT int
clock_gettime (clockid_t clock, struct timespec *time)
{
  int result = (int) syscall (SYS_clock_gettime, clock, time);

  if (result == 0 && (clock == CLOCK_REALTIME
          || clock == CLOCK_REALTIME_COARSE))
    time->tv_sec += offset_seconds ();
  return result;
}

G_MODULE_EXPORT int
gettimeofday (struct timeval *time, void *zone)
{
  int result = (int) syscall (SYS_gettimeofday, time, zone);

  if (result == 0)
    time->tv_sec += offset_seconds ();
  return result;
}

G_MODULE_EXPORT time_t
time (time_t * out)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (out != NULL)
    *out = now.tv_sec;
  return now.tv_sec;
}

void
stepping_clock_set (gint64 offset)
{
  g_atomic_int_set (&offset_days, (gint) (offset / 86400));
}
