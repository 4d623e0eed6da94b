/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packets for the tests of queues: only their sizes matter, and a number of
 * their own, which is kept as their time of arrival.
 */
#pragma once

#include "srtla-drr.h"
#include "srtla-edf.h"
#include "testing.h"

G_BEGIN_DECLS

static inline SrtlaItem
fixture_item (guint flow, SrtlaClass priority, gsize size, SrtlaTime deadline,
    guint64 number)
{
  SrtlaItem item = { {NULL, size, NULL}, number, deadline, SRTLA_TIME_NONE, 0,
    (guint8) flow, (guint8) priority, 0, FALSE, 0
  };

  return item;
}

/* Pushes what must fit. */
static inline void
fixture_push_drr (SrtlaDrr *drr, guint queue, SrtlaClass priority, gsize size,
    guint64 number)
{
  SrtlaItem item = fixture_item (queue, priority, size, SRTLA_TIME_NONE,
      number), dropped;

  g_assert_false (srtla_drr_push (drr, queue, &item, &dropped));
}

static inline void
fixture_push_edf (SrtlaEdf *edf, SrtlaClass priority, gsize size,
    SrtlaTime deadline, guint64 number)
{
  SrtlaItem item = fixture_item (0, priority, size, deadline, number);

  g_assert_true (srtla_edf_push (edf, &item));
}

static inline void
fixture_free_drr (SrtlaDrr *drr)
{
  SrtlaItem item;
  guint i;

  for (i = 0; i < SRTLA_DRR_QUEUES; i++) {
    if (!srtla_drr_is_open (drr, i))
      continue;
    while (srtla_drr_flush (drr, i, &item));
    srtla_drr_close (drr, i);
  }
  srtla_drr_free (drr);
}

static inline void
fixture_free_edf (SrtlaEdf *edf)
{
  SrtlaItem item;

  while (srtla_edf_flush (edf, &item));
  srtla_edf_free (edf);
}

G_END_DECLS
