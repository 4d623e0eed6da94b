/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books of classes and flows: what came in went out, was lost for a reason,
 * or waits.
 */
#include "srtla-bond-private.h"

static SrtlaTraffic *
flow_of (SrtlaBond * bond, guint flow)
{
  return &bond->flows[flow % SRTLA_MAX_FLOWS].traffic;
}

static SrtlaTraffic *
class_of (SrtlaBond * bond, guint priority)
{
  return &bond->books[priority % SRTLA_N_CLASSES].traffic;
}

static void
count_in (SrtlaTraffic * traffic, gsize size)
{
  traffic->packets_in++;
  traffic->bytes_in += size;
}

void
srtla_bond_book_in (SrtlaBond * bond, const SrtlaItem * item)
{
  count_in (flow_of (bond, item->flow), item->packet.size);
}

void
srtla_bond_book_class (SrtlaBond * bond, const SrtlaItem * item)
{
  count_in (class_of (bond, item->priority), item->packet.size);
}

static void
count_wait (SrtlaTraffic * traffic, gsize size)
{
  traffic->waiting++;
  traffic->waiting_bytes += size;
  traffic->waiting_maximum = MAX (traffic->waiting_maximum, traffic->waiting);
  traffic->waiting_bytes_maximum = MAX (traffic->waiting_bytes_maximum,
      traffic->waiting_bytes);
}

void
srtla_bond_book_wait (SrtlaBond * bond, const SrtlaItem * item)
{
  count_wait (flow_of (bond, item->flow), item->packet.size);
  count_wait (class_of (bond, item->priority), item->packet.size);
}

static void
count_leave (SrtlaTraffic * traffic, gsize size)
{
  if (traffic->waiting == 0)
    return;                     /* of a flow that had this number before */
  traffic->waiting--;
  traffic->waiting_bytes -= MIN (size, traffic->waiting_bytes);
}

void
srtla_bond_book_leave (SrtlaBond * bond, const SrtlaItem * item)
{
  count_leave (flow_of (bond, item->flow), item->packet.size);
  count_leave (class_of (bond, item->priority), item->packet.size);
}

static void
count_out (SrtlaTraffic * traffic, gsize size, gboolean late)
{
  traffic->packets_out++;
  traffic->bytes_out += size;
  traffic->late += late ? 1 : 0;
}

void
srtla_bond_book_out (SrtlaBond * bond, const SrtlaItem * item)
{
  gboolean late = item->deadline < bond->now;

  count_out (flow_of (bond, item->flow), item->packet.size, late);
  count_out (class_of (bond, item->priority), item->packet.size, late);
}

static void
count_total (SrtlaBondStats * stats, SrtlaLoss reason)
{
  switch (reason) {
    case SRTLA_LOSS_NOT_SRT:
      stats->dropped_not_srt++;
      break;
    case SRTLA_LOSS_NO_UPLINK:
      stats->dropped_no_uplink++;
      break;
    case SRTLA_LOSS_FULL:
      stats->dropped_full++;
      break;
    case SRTLA_LOSS_SEND_ERROR:
      stats->dropped_send_error++;
      break;
    case SRTLA_LOSS_UPLINK_QUEUE:
      stats->dropped_uplink_queue++;
      break;
    case SRTLA_LOSS_UPLINK_REMOVED:
      stats->dropped_uplink_removed++;
      break;
    case SRTLA_LOSS_QUEUE:
      stats->dropped_queue++;
      break;
    case SRTLA_LOSS_EXPIRED:
      stats->dropped_expired++;
      break;
    case SRTLA_LOSS_FLUSHED:
      stats->dropped_flushed++;
      break;
    case SRTLA_N_LOSSES:
      break;
  }
}

static void
undo_out (SrtlaTraffic * traffic, gsize size, SrtlaLoss reason)
{
  if (traffic->packets_out == 0)
    return;                     /* of a flow that had this number before */
  traffic->packets_out--;
  traffic->bytes_out -= MIN (size, traffic->bytes_out);
  traffic->lost[reason]++;
}

void
srtla_bond_book_undo (SrtlaBond * bond, const SrtlaOutput * output,
    SrtlaLoss reason)
{
  count_total (&bond->stats, reason);
  undo_out (flow_of (bond, output->flow), output->packet.size, reason);
  undo_out (class_of (bond, output->priority), output->packet.size, reason);
}

void
srtla_bond_drop (SrtlaBond * bond, const SrtlaItem * item, SrtlaLoss reason)
{
  count_total (&bond->stats, reason);
  flow_of (bond, item->flow)->lost[reason]++;
  if (reason != SRTLA_LOSS_NOT_SRT)
    class_of (bond, item->priority)->lost[reason]++;
  srtla_bond_release (bond, item->packet.owner);
}
