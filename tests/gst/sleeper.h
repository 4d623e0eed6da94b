/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the machine can do while a test looks at times: a thread that is due each
 * millisecond, does nothing, and says how late it was.
 */
#pragma once

#include "srtla-histogram.h"

G_BEGIN_DECLS

/* p99, µs: where it is later, the machine is too busy to tell anything. */
#define SLEEPER_CALM 1000

typedef struct
{
  GThread *thread;
  gint over;                    /* atomic */
  SrtlaHistogram late;          /* µs, of each time that it was due */
} Sleeper;

void sleeper_start (Sleeper *sleeper);
/* Returns: how late it was, p99, µs. */
SrtlaTime sleeper_stop (Sleeper *sleeper);

G_END_DECLS
