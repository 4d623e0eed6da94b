/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-caller.h"

#include <string.h>

#include "srtla-seq.h"

void
srtla_callers_init (SrtlaCallers *callers, SrtlaTime tracker_age)
{
  memset (callers, 0, sizeof *callers);
  callers->tracker_age = tracker_age;
  callers->latest = SRTLA_NO_CALLER;
}

void
srtla_callers_clear (SrtlaCallers *callers)
{
  guint i;

  for (i = 0; i < SRTLA_MAX_CALLERS; i++) {
    g_clear_pointer (&callers->slots[i].tracker, srtla_tracker_free);
    g_clear_pointer (&callers->slots[i].replies, g_free);
  }
  srtla_callers_init (callers, callers->tracker_age);
}

guint
srtla_callers_count (const SrtlaCallers *callers)
{
  guint i, count = 0;

  for (i = 0; i < SRTLA_MAX_CALLERS; i++) {
    if (callers->slots[i].last_heard != 0 && !callers->slots[i].closed)
      count++;
  }
  return count;
}

/* ---- Slots ------------------------------------------------------------- */

static inline gboolean
is_open (const SrtlaCaller *caller)
{
  return caller->last_heard != 0 && !caller->closed;
}

/* Returns: the slot of the caller with that id of its own. */
static guint
find_socket (const SrtlaCallers *callers, guint32 socket_id)
{
  guint i;

  for (i = 0; socket_id != 0 && i < callers->used; i++) {
    if (callers->slots[i].socket_id == socket_id)
      return i;
  }
  return SRTLA_NO_CALLER;
}

/* Returns: the slot of the caller with that peer; a closed one only if no other
 * has it. */
static guint
find_peer (const SrtlaCallers *callers, guint32 peer_id)
{
  guint i, closed = SRTLA_NO_CALLER;

  for (i = 0; peer_id != 0 && i < callers->used; i++) {
    if (callers->slots[i].peer_id != peer_id)
      continue;
    if (!callers->slots[i].closed)
      return i;
    closed = i;
  }
  return closed;
}

static gboolean
is_idle (const SrtlaCaller *caller, SrtlaTime now)
{
  gboolean answered = caller->socket_id != 0 && caller->peer_id != 0;

  return now > caller->last_heard && now - caller->last_heard >=
      (answered ? SRTLA_CALLER_IDLE : SRTLA_CALLER_UNANSWERED);
}

/* Returns: a slot for a new caller: a free one, else of those closed, else of
 * those idle the one silent for longest; SRTLA_NO_CALLER if all are busy. */
static guint
choose_slot (const SrtlaCallers *callers, SrtlaTime now)
{
  guint i, closed = SRTLA_NO_CALLER, idle = SRTLA_NO_CALLER;

  for (i = 0; i < SRTLA_MAX_CALLERS; i++) {
    const SrtlaCaller *caller = &callers->slots[i];

    if (caller->last_heard == 0)
      return i;
    if (caller->closed) {
      if (closed == SRTLA_NO_CALLER
          || caller->last_heard < callers->slots[closed].last_heard)
        closed = i;
    } else if (is_idle (caller, now)) {
      if (idle == SRTLA_NO_CALLER
          || caller->last_heard < callers->slots[idle].last_heard)
        idle = i;
    }
  }
  return closed != SRTLA_NO_CALLER ? closed : idle;
}

/* The slot's new life: its memory stays, what it held goes. */
static void
start_afresh (SrtlaCallers *callers, guint slot, SrtlaTime now)
{
  guint32 life;
  SrtlaCaller *caller = &callers->slots[slot];
  SrtlaTracker *tracker = caller->tracker;
  SrtlaReplies *replies = caller->replies;

  if (tracker == NULL) {
    tracker = srtla_tracker_new (callers->tracker_age);
    replies = g_new0 (SrtlaReplies, 1);
  } else {
    srtla_tracker_clear (tracker);
    srtla_replies_clear (replies);
  }
  callers->used = MAX (callers->used, slot + 1);
  life = caller->life + 1;
  memset (caller, 0, sizeof *caller);
  caller->life = life;
  caller->tracker = tracker;
  caller->replies = replies;
  srtla_caller_touch (caller, now);
}

static guint
make_caller (SrtlaCallers *callers, SrtlaTime now, gboolean *is_new)
{
  guint slot = choose_slot (callers, now);

  if (slot != SRTLA_NO_CALLER) {
    start_afresh (callers, slot, now);
    *is_new = TRUE;
  }
  return slot;
}

/* ---- Outgoing ---------------------------------------------------------- */

static guint
outgoing_handshake (SrtlaCallers *callers, const guint8 *data, gsize size,
    SrtlaTime now, gboolean *is_new)
{
  SrtlaHandshake handshake;
  guint slot;

  if (!srtla_srt_read_handshake (data, size, &handshake)
      || handshake.socket_id == 0)
    return SRTLA_NO_CALLER;

  slot = find_socket (callers, handshake.socket_id);
  if (handshake.type != SRTLA_HS_TYPE_INDUCTION
      && handshake.type != SRTLA_HS_TYPE_CONCLUSION)
    return slot;
  if (slot == SRTLA_NO_CALLER) {
    slot = make_caller (callers, now, is_new);
  } else if (callers->slots[slot].closed) {
    start_afresh (callers, slot, now);
    *is_new = TRUE;
  }
  if (slot == SRTLA_NO_CALLER)
    return slot;

  callers->slots[slot].socket_id = handshake.socket_id;
  callers->slots[slot].guessed = FALSE;
  if (handshake.has_extension && !handshake.is_response)
    callers->slots[slot].offered = handshake.flags;
  return slot;
}

static guint
outgoing_other (SrtlaCallers *callers, SrtlaKind kind, const guint8 *data,
    SrtlaTime now, gboolean *is_new)
{
  guint32 peer_id = srtla_srt_destination (data);
  guint slot = find_peer (callers, peer_id);

  if (slot == SRTLA_NO_CALLER) {
    /* Joined in the middle; who only says goodbye is not worth a slot. */
    if (peer_id == 0 || kind == SRTLA_KIND_SRT_SHUTDOWN)
      return SRTLA_NO_CALLER;
    slot = make_caller (callers, now, is_new);
    if (slot != SRTLA_NO_CALLER)
      callers->slots[slot].peer_id = peer_id;
  } else if (kind == SRTLA_KIND_SRT_SHUTDOWN) {
    callers->slots[slot].closed = TRUE;
  }
  return slot;
}

guint
srtla_callers_outgoing_any (SrtlaCallers *callers, SrtlaKind kind,
    const guint8 *data, gsize size, SrtlaTime now, gboolean *is_new)
{
  guint slot;

  *is_new = FALSE;
  if (!srtla_kind_is_srt (kind))
    return SRTLA_NO_CALLER;
  if (kind == SRTLA_KIND_SRT_HANDSHAKE)
    slot = outgoing_handshake (callers, data, size, now, is_new);
  else
    slot = outgoing_other (callers, kind, data, now, is_new);
  if (slot == SRTLA_NO_CALLER)
    return slot;

  callers->latest = slot;
  srtla_caller_touch (&callers->slots[slot], now);
  if (kind == SRTLA_KIND_SRT_DATA)
    srtla_caller_count (&callers->slots[slot], data, size);
  return slot;
}

/* ---- Incoming ---------------------------------------------------------- */

/* Returns: what both ends agreed on. The two TSBPD flags are each end's own
 * direction, so the server receives so if the caller sends so; periodic NAKs are
 * the server's own affair. */
static guint32
agreed_flags (guint32 offered, guint32 answered)
{
  guint32 matching = offered
      & ~(SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER);

  if (offered == 0)
    return answered;
  if (offered & SRTLA_HS_TSBPD_SENDER)
    matching |= SRTLA_HS_TSBPD_RECEIVER;
  if (offered & SRTLA_HS_TSBPD_RECEIVER)
    matching |= SRTLA_HS_TSBPD_SENDER;
  return answered & (matching | SRTLA_HS_PERIODIC_NAK);
}

/* A handshake to a caller known by its id. Once data flows nothing is learned
 * any more: the handshake is over, and this may be a forgery. */
static void
learn_handshake (SrtlaCallers *callers, guint slot,
    const SrtlaHandshake *handshake)
{
  SrtlaCaller *caller = &callers->slots[slot];
  guint other;

  if (caller->packets > 0 || caller->closed)
    return;
  if (handshake->type > 1000) {
    caller->closed = TRUE;      /* refused: it will come with another id */
    return;
  }
  if (handshake->type != SRTLA_HS_TYPE_CONCLUSION || handshake->socket_id == 0)
    return;
  other = find_peer (callers, handshake->socket_id);
  if (other != SRTLA_NO_CALLER && other != slot
      && is_open (&callers->slots[other]))
    return;

  caller->peer_id = handshake->socket_id;
  if (handshake->has_extension && handshake->is_response) {
    caller->flags = agreed_flags (caller->offered, handshake->flags);
    caller->latency = handshake->flags & SRTLA_HS_TSBPD_RECEIVER
        ? handshake->receiver_delay : 0;
  }
}

static guint
incoming_handshake (SrtlaCallers *callers, const guint8 *data, gsize size)
{
  SrtlaHandshake handshake;
  guint32 socket_id = srtla_srt_destination (data);
  guint slot = find_socket (callers, socket_id);
  gboolean readable = srtla_srt_read_handshake (data, size, &handshake);

  /* A conclusion repeated to a caller whose data was seen first. */
  if (slot == SRTLA_NO_CALLER && socket_id != 0 && readable
      && handshake.type == SRTLA_HS_TYPE_CONCLUSION) {
    slot = find_peer (callers, handshake.socket_id);
    if (slot != SRTLA_NO_CALLER && callers->slots[slot].socket_id != 0)
      slot = SRTLA_NO_CALLER;
    if (slot != SRTLA_NO_CALLER)
      callers->slots[slot].socket_id = socket_id;
  }
  if (slot != SRTLA_NO_CALLER && readable)
    learn_handshake (callers, slot, &handshake);
  return slot;
}

/* Reads a number that an ACK or NAK is about. */
static gboolean
read_number (SrtlaKind kind, const guint8 *data, gsize size, guint32 *sequence)
{
  SrtlaNakReader reader;
  guint32 last;

  if (kind == SRTLA_KIND_SRT_ACK)
    return srtla_srt_read_ack (data, size, sequence);
  if (kind != SRTLA_KIND_SRT_NAK)
    return FALSE;
  srtla_nak_reader_init (&reader, data, size);
  return srtla_nak_reader_next (&reader, sequence, &last);
}

/* Returns: whether the number is one that a reply to this caller may hold: up
 * to the one after the highest sent, and back over a whole tracker, for an
 * acknowledgement is late by a round trip. */
static gboolean
fits (guint32 highest, guint32 sequence)
{
  return srtla_seq_steps (sequence, srtla_seq_next (highest))
      <= SRTLA_TRACKER_SIZE;
}

/* A reply to the guessed id of this caller: numbers can prove it. */
static void
confirm (SrtlaCaller *caller, SrtlaKind kind, const guint8 *data, gsize size)
{
  guint32 sequence, highest;

  if (read_number (kind, data, size, &sequence)
      && srtla_tracker_highest (caller->tracker, &highest)
      && fits (highest, sequence))
    caller->guessed = FALSE;
}

/* A reply to nobody's id: perhaps of a stream that was joined in the middle. */
static guint
adopt (SrtlaCallers *callers, SrtlaKind kind, const guint8 *data, gsize size)
{
  guint32 socket_id = srtla_srt_destination (data);
  guint32 sequence = 0, highest;
  guint i, fitting = 0, n_fitting = 0, unnamed = 0, n_unnamed = 0;
  gboolean has_number = read_number (kind, data, size, &sequence);
  gboolean contradicted = FALSE;

  if (socket_id == 0 || kind == SRTLA_KIND_SRT_SHUTDOWN)
    return SRTLA_NO_CALLER;
  for (i = 0; i < SRTLA_MAX_CALLERS; i++) {
    const SrtlaCaller *caller = &callers->slots[i];
    gboolean named = caller->socket_id != 0;

    if (!is_open (caller) || (named && !caller->guessed))
      continue;
    if (!named) {
      unnamed = i;
      n_unnamed++;
    }
    if (!has_number || !srtla_tracker_highest (caller->tracker, &highest))
      continue;
    if (fits (highest, sequence)) {
      fitting = i;
      n_fitting++;
    } else if (!named) {
      contradicted = TRUE;
    }
  }

  if (n_fitting == 1) {
    callers->slots[fitting].socket_id = socket_id;
    callers->slots[fitting].guessed = FALSE;
    return fitting;
  }
  if (n_fitting > 1 || n_unnamed != 1 || contradicted)
    return SRTLA_NO_CALLER;
  callers->slots[unnamed].socket_id = socket_id;
  callers->slots[unnamed].guessed = TRUE;
  return unnamed;
}

guint
srtla_callers_incoming (SrtlaCallers *callers, SrtlaKind kind,
    const guint8 *data, gsize size, SrtlaTime now)
{
  SrtlaCaller *caller;
  guint slot;

  if (!srtla_kind_is_srt (kind))
    return SRTLA_NO_CALLER;

  if (kind == SRTLA_KIND_SRT_HANDSHAKE) {
    slot = incoming_handshake (callers, data, size);
  } else {
    slot = find_socket (callers, srtla_srt_destination (data));
    if (slot == SRTLA_NO_CALLER)
      slot = adopt (callers, kind, data, size);
  }
  if (slot == SRTLA_NO_CALLER)
    return slot;

  caller = &callers->slots[slot];
  if (G_UNLIKELY (caller->guessed))
    confirm (caller, kind, data, size);
  if (kind == SRTLA_KIND_SRT_SHUTDOWN)
    caller->closed = TRUE;
  srtla_caller_touch (caller, now);
  return slot;
}
