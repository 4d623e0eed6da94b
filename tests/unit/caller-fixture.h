/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A set of SRT callers under test, and what they and their servers send.
 */
#pragma once

#include "srtla-caller.h"
#include "testing.h"

G_BEGIN_DECLS

#define SECOND SRTLA_SECOND
#define NONE SRTLA_NO_CALLER
#define FLAGS (SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER \
    | SRTLA_HS_TLPKTDROP | SRTLA_HS_R_FLAG)

/* Ids of caller and server number n, and where the caller's numbers start. */
#define CALLER(n) (0x1000u + (n))
#define SERVER(n) (0x2000u + (n))
#define START(n)  ((0x7ffffff0u + (n) * 0x01000000u) & SRTLA_SEQ_MASK)

typedef struct
{
  SrtlaCallers callers;
  SrtlaTime now;
  gboolean is_new;              /* of the last outgoing packet */
  guint8 packet[TESTING_MAX_PACKET];
} Fixture;

static inline void
set_up (Fixture *f, gconstpointer unused)
{
  (void) unused;
  srtla_callers_init (&f->callers, SRTLA_TIME_NONE);
  f->now = SECOND;
}

static inline void
tear_down (Fixture *f, gconstpointer unused)
{
  (void) unused;
  srtla_callers_clear (&f->callers);
}

/* Both ways the packet lies in a block of its size: nothing beyond is read. */
static inline guint
outgoing (Fixture *f, gsize size)
{
  guint8 *exact = testing_exact_copy (f->packet, size);
  guint slot;

  f->is_new = 2;                /* it must be written */
  slot = srtla_callers_outgoing (&f->callers, srtla_packet_kind (exact, size),
      exact, size, f->now, &f->is_new);
  free (exact);
  g_assert_true (f->is_new == TRUE || f->is_new == FALSE);
  if (slot != NONE) {
    g_assert_cmpuint (slot, <, SRTLA_MAX_CALLERS);
    g_assert_nonnull (f->callers.slots[slot].tracker);
    g_assert_nonnull (f->callers.slots[slot].replies);
    g_assert_cmpuint (f->callers.slots[slot].last_heard, >, 0);
    g_assert_cmpuint (f->callers.latest, ==, slot);
  } else {
    g_assert_false (f->is_new);
  }
  return slot;
}

static inline guint
incoming (Fixture *f, gsize size)
{
  guint8 *exact = testing_exact_copy (f->packet, size);
  guint slot = srtla_callers_incoming (&f->callers,
      srtla_packet_kind (exact, size), exact, size, f->now);

  free (exact);
  return slot;
}

static inline guint
send_data (Fixture *f, guint32 sequence, guint32 peer_id)
{
  guint slot = outgoing (f, testing_data_packet (f->packet, 100, sequence,
          peer_id, 0, FALSE));

  if (slot != NONE)
    srtla_tracker_insert (f->callers.slots[slot].tracker, sequence, 0, 100,
        f->now, NULL);
  return slot;
}

static inline guint
receive_ack (Fixture *f, guint32 sequence, guint32 caller_id)
{
  return incoming (f, testing_ack (f->packet, 1, sequence, caller_id, 0));
}

/* The whole handshake of caller n with the server. Returns: its slot. */
static inline guint
connect_caller (Fixture *f, guint n)
{
  guint slot = outgoing (f, testing_induction (f->packet, CALLER (n),
          START (n), 0));

  g_assert_true (f->is_new);
  g_assert_cmpuint (slot, !=, NONE);
  g_assert_cmpuint (incoming (f, testing_induction_response (f->packet,
              CALLER (n), START (n), 0)), ==, slot);
  g_assert_cmpuint (outgoing (f, testing_conclusion (f->packet, CALLER (n),
              START (n), FLAGS, 120, 0)), ==, slot);
  g_assert_false (f->is_new);
  g_assert_cmpuint (f->callers.slots[slot].peer_id, ==, 0);
  g_assert_cmpuint (incoming (f, testing_conclusion_response (f->packet,
              CALLER (n), SERVER (n), START (n), FLAGS, 200, 0)), ==, slot);
  g_assert_cmpuint (f->callers.slots[slot].socket_id, ==, CALLER (n));
  g_assert_cmpuint (f->callers.slots[slot].peer_id, ==, SERVER (n));
  return slot;
}

G_END_DECLS
