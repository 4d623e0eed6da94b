/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlagather.h"

void
gst_srtla_gather_init (GstSrtlaGather * gather)
{
  gather->left_at = gather->booked_until = 0;
  g_atomic_int_set (&gather->often, FALSE);
}

static gboolean
update_often (GstSrtlaGather * gather, SrtlaTime now, SrtlaTime each)
{
  gboolean often = gather->booked_until > now + GST_SRTLA_GATHER_BURST * each;

  g_atomic_int_set (&gather->often, often);
  return often;
}

void
gst_srtla_gather_note (GstSrtlaGather * gather, guint n, SrtlaTime now,
    SrtlaTime coalesce_time)
{
  SrtlaTime each = coalesce_time / GST_SRTLA_GATHER_RATE;

  if (n == 0)
    return;
  gather->left_at = now;
  gather->booked_until = MIN (MAX (gather->booked_until, now) + n * each,
      now + GST_SRTLA_GATHER_MAX * each);
  update_often (gather, now, each);
}

gboolean
gst_srtla_gather_may_wait (GstSrtlaGather * gather, SrtlaTime now,
    SrtlaTime coalesce_time)
{
  return update_often (gather, now, coalesce_time / GST_SRTLA_GATHER_RATE)
      && now < gather->left_at + coalesce_time;
}

gboolean
gst_srtla_gather_is_often (const GstSrtlaGather * gather)
{
  return g_atomic_int_get (&gather->often);
}
