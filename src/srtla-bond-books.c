/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The books of classes and flows: what came in went out, was lost for a reason,
 * or waits.
 */
#include "srtla-bond-private.h"

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
  count_wait (srtla_bond_flow_books (bond, item->flow), item->packet.size);
  count_wait (srtla_bond_class_books (bond, item->priority), item->packet.size);
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
  count_leave (srtla_bond_flow_books (bond, item->flow), item->packet.size);
  count_leave (srtla_bond_class_books (bond, item->priority), item->packet.size);
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
  bond->stats.lost[reason]++;
  undo_out (srtla_bond_flow_books (bond, output->flow), output->packet.size, reason);
  undo_out (srtla_bond_class_books (bond, output->priority), output->packet.size, reason);
}

void
srtla_bond_drop (SrtlaBond * bond, const SrtlaItem * item, SrtlaLoss reason)
{
  bond->stats.lost[reason]++;
  srtla_bond_flow_books (bond, item->flow)->lost[reason]++;
  if (reason != SRTLA_LOSS_NOT_SRT)
    srtla_bond_class_books (bond, item->priority)->lost[reason]++;
  srtla_bond_release (bond, item->packet.owner);
}
