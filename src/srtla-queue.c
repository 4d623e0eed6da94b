/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-queue.h"

void
srtla_queue_stats_add (SrtlaQueueStats *stats, const SrtlaQueueStats *other)
{
  guint i;

  stats->packets_in += other->packets_in;
  stats->bytes_in += other->bytes_in;
  stats->packets_out += other->packets_out;
  stats->bytes_out += other->bytes_out;
  for (i = 0; i < SRTLA_N_DROPS; i++)
    stats->dropped[i] += other->dropped[i];
  stats->dropped_bytes += other->dropped_bytes;
  stats->late += other->late;
  stats->packets += other->packets;
  stats->bytes += other->bytes;
  stats->packets_maximum = MAX (stats->packets_maximum,
      other->packets_maximum);
  stats->bytes_maximum = MAX (stats->bytes_maximum, other->bytes_maximum);
}

gboolean
srtla_queue_stats_balance (const SrtlaQueueStats *stats)
{
  guint64 packets = stats->packets_out + stats->packets;
  guint i;

  for (i = 0; i < SRTLA_N_DROPS; i++)
    packets += stats->dropped[i];
  return packets == stats->packets_in && stats->bytes_in
      == stats->bytes_out + stats->dropped_bytes + stats->bytes;
}
