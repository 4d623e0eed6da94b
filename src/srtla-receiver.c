/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-receiver-private.h"

#include <string.h>

#define SWEEP_INTERVAL (3 * SRTLA_SECOND)
#define KEEPALIVE_INTERVAL SRTLA_SECOND
/* An uplink silent for this long, and not dropped yet, is recovering. */
#define RECOVERING_AFTER (5 * SRTLA_SECOND)

/* Where deployed receivers of one kind differ among themselves, one choice was
 * made: C has the long timeouts and sizes, sends NAKs to the uplink heard last
 * and throttles its SRTLA ACKs only when srtla_receiver_throttle() says so. */
static const SrtlaBehaviourTraits behaviours[SRTLA_BEHAVIOURS] = {
  [SRTLA_BEHAVIOUR_A] = {
        .uplink_timeout = 10 * SRTLA_SECOND,
        .group_timeout = 10 * SRTLA_SECOND,
        .unused_timeout = 10 * SRTLA_SECOND,
        .max_uplinks = 8,
        .short_size = 2,
        .refuses = TRUE,
        .acknowledges = TRUE,
        .naks = SRTLA_NAK_TO_LATEST,
        .keepalives = SRTLA_OWN_KEEPALIVES_NEVER,
      },
  [SRTLA_BEHAVIOUR_B] = {
        .uplink_timeout = 15 * SRTLA_SECOND,
        .group_timeout = 30 * SRTLA_SECOND,
        .unused_timeout = 5 * SRTLA_SECOND,
        .max_uplinks = 16,
        .short_size = SRTLA_MIN_DATAGRAM,
        .refuses = TRUE,
        .acknowledges = TRUE,
        .pads = TRUE,
        .blocks = TRUE,
        .naks = SRTLA_NAK_TO_EVERY,
        .keepalives = SRTLA_OWN_KEEPALIVES_ALWAYS,
      },
  [SRTLA_BEHAVIOUR_C] = {
        .uplink_timeout = 10 * SRTLA_SECOND,
        .group_timeout = 10 * SRTLA_SECOND,
        .unused_timeout = 10 * SRTLA_SECOND,
        .max_uplinks = 16,
        .short_size = SRTLA_MIN_DATAGRAM,
        .refuses = TRUE,
        .acknowledges = TRUE,
        .naks = SRTLA_NAK_TO_LATEST,
        .keepalives = SRTLA_OWN_KEEPALIVES_RECOVERING,
      },
  [SRTLA_BEHAVIOUR_D] = {
        .uplink_timeout = 10 * SRTLA_SECOND,
        .group_timeout = 10 * SRTLA_SECOND,
        .unused_timeout = 10 * SRTLA_SECOND,
        .max_uplinks = 16,
        .short_size = 2,
        .refuses = TRUE,
        .keepalive_is_latest = TRUE,
        .naks = SRTLA_NAK_TO_LATEST,
        .keepalives = SRTLA_OWN_KEEPALIVES_NEVER,
      },
  [SRTLA_BEHAVIOUR_E] = {
        .uplink_timeout = 4 * SRTLA_SECOND,
        .group_timeout = 4 * SRTLA_SECOND,
        .unused_timeout = 4 * SRTLA_SECOND,
        .max_uplinks = 16,
        .short_size = 2,
        .refuses = TRUE,
        .acknowledges = TRUE,
        .naks = SRTLA_NAK_TO_EVERY,
        .keepalives = SRTLA_OWN_KEEPALIVES_ALWAYS,
      },
  [SRTLA_BEHAVIOUR_F] = {
        .uplink_timeout = 10 * SRTLA_SECOND,
        .group_timeout = 10 * SRTLA_SECOND,
        .unused_timeout = 10 * SRTLA_SECOND,
        .max_uplinks = G_MAXUINT,
        .short_size = 2,
        .acknowledges = TRUE,
        .naks = SRTLA_NAK_TO_EVERY_REPEATED,
        .keepalives = SRTLA_OWN_KEEPALIVES_NEVER,
      },
};

gboolean
srtla_behaviour_find (gchar letter, SrtlaBehaviour *behaviour)
{
  gchar lower = g_ascii_tolower (letter);

  if (lower < 'a' || lower >= 'a' + SRTLA_BEHAVIOURS)
    return FALSE;
  *behaviour = (SrtlaBehaviour) (lower - 'a');
  return TRUE;
}

/* ---- Outputs ----------------------------------------------------------- */

/* Until next_output() hands it out, an output's data is an offset into
 * receiver->bytes: those move while more are kept. */

void
srtla_receiver_begin (SrtlaReceiver *self)
{
  if (self->taken < self->outputs->len)
    return;
  g_array_set_size (self->outputs, 0);
  g_byte_array_set_size (self->bytes, 0);
  self->taken = 0;
}

gsize
srtla_receiver_keep (SrtlaReceiver *self, const guint8 *data, gsize size)
{
  gsize at = self->bytes->len;

  g_byte_array_append (self->bytes, data, (guint) size);
  return at;
}

void
srtla_receiver_queue (SrtlaReceiver *self, SrtlaReceiverOutputKind kind,
    guint group, SrtlaPeer peer, gsize kept, gsize size)
{
  SrtlaReceiverOutput output;

  memset (&output, 0, sizeof output);
  output.kind = kind;
  output.group = group;
  output.peer = peer;
  output.data = GSIZE_TO_POINTER (kept);
  output.size = size;
  g_array_append_val (self->outputs, output);
}

void
srtla_receiver_send (SrtlaReceiver *self, const SrtlaReceiverPeer *to,
    const guint8 *data, gsize size)
{
  srtla_receiver_queue (self, SRTLA_RECEIVER_TO_PEER, to->group, to->peer,
      srtla_receiver_keep (self, data, size), size);
}

void
srtla_receiver_send_short (SrtlaReceiver *self, SrtlaPeer to, SrtlaKind kind)
{
  guint8 data[SRTLA_MIN_DATAGRAM];
  gsize size = srtla_write_short (data, self->traits->short_size, kind);
  const SrtlaReceiverPeer *known = srtla_receiver_find (self, to);

  srtla_receiver_queue (self, SRTLA_RECEIVER_TO_PEER,
      known != NULL ? known->group : SRTLA_RECEIVER_NO_GROUP, to,
      srtla_receiver_keep (self, data, size), size);
}

gboolean
srtla_receiver_next_output (SrtlaReceiver *self, SrtlaReceiverOutput *output)
{
  if (self->taken >= self->outputs->len)
    return FALSE;
  *output = g_array_index (self->outputs, SrtlaReceiverOutput, self->taken++);
  output->data = output->size == 0 ? NULL
      : self->bytes->data + GPOINTER_TO_SIZE (output->data);
  return TRUE;
}

/* ---- In ---------------------------------------------------------------- */

/* Only what the sender sent comes back: the receiver's own keepalives, echoed,
 * would be a loop. */
static void
echo (SrtlaReceiver *self, const SrtlaReceiverPeer *uplink,
    const guint8 *data, gsize size)
{
  guint8 padded[SRTLA_MIN_DATAGRAM] = { 0 };

  if (self->traits->pads && size < sizeof padded) {
    memcpy (padded, data, size);
    data = padded;
    size = sizeof padded;
  }
  srtla_receiver_send (self, uplink, data, size);
}

void
srtla_receiver_receive (SrtlaReceiver *self, SrtlaPeer peer,
    const guint8 *data, gsize size, SrtlaTime now)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  SrtlaReceiverPeer *uplink;

  srtla_receiver_begin (self);
  if (kind == SRTLA_KIND_INVALID) {
    self->stats.malformed++;
    return;
  }
  if (kind == SRTLA_KIND_REG1) {
    srtla_receiver_reg1 (self, peer, srtla_read_registration (data, size), now);
    return;
  }
  if (kind == SRTLA_KIND_REG2) {
    srtla_receiver_reg2 (self, peer, srtla_read_registration (data, size), now);
    return;
  }

  uplink = srtla_receiver_find (self, peer);
  if (uplink == NULL || !uplink->registered) {
    self->stats.strangers++;
    return;
  }
  if (srtla_kind_is_srt (kind)) {
    uplink->last_heard = now;
    srtla_receiver_forward (self, uplink, kind, data, size);
  } else if (kind == SRTLA_KIND_KEEPALIVE) {
    uplink->last_heard = now;
    if (self->traits->keepalive_is_latest)
      self->groups[uplink->group]->latest = uplink;
    echo (self, uplink, data, size);
  } else {
    self->stats.malformed++;
  }
}

/* ---- Time -------------------------------------------------------------- */

static void
send_keepalives (SrtlaReceiver *self, SrtlaTime now)
{
  guint i, j;

  for (i = 0; i < SRTLA_RECEIVER_GROUPS; i++) {
    const SrtlaReceiverGroup *group = self->groups[i];

    for (j = 0; group != NULL && j < group->uplinks->len; j++) {
      const SrtlaReceiverPeer *uplink = g_ptr_array_index (group->uplinks, j);

      if (self->traits->keepalives == SRTLA_OWN_KEEPALIVES_ALWAYS
          || now - uplink->last_heard > RECOVERING_AFTER)
        srtla_receiver_send_short (self, uplink->peer, SRTLA_KIND_KEEPALIVE);
    }
  }
}

void
srtla_receiver_tick (SrtlaReceiver *self, SrtlaTime now)
{
  srtla_receiver_begin (self);
  if (now >= self->next_sweep) {
    srtla_receiver_sweep (self, now);
    self->next_sweep = now + SWEEP_INTERVAL;
  }
  if (now >= self->next_keepalive) {
    send_keepalives (self, now);
    self->next_keepalive = now + KEEPALIVE_INTERVAL;
  }
  srtla_receiver_repeat_naks (self, now);
}

SrtlaTime
srtla_receiver_deadline (const SrtlaReceiver *self)
{
  SrtlaTime deadline = MIN (self->next_sweep, self->next_keepalive);

  return MIN (deadline, srtla_receiver_next_nak (self));
}

/* ---- The rest ---------------------------------------------------------- */

SrtlaReceiver *
srtla_receiver_new (SrtlaBehaviour behaviour, SrtlaRandomFunc random,
    gpointer user_data, SrtlaTime now)
{
  SrtlaReceiver *self = g_new0 (SrtlaReceiver, 1);

  self->behaviour = behaviour;
  self->traits = &behaviours[behaviour];
  self->ack_share = 100;
  self->random = random;
  self->user_data = user_data;
  self->peers = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
      g_free);
  self->outputs = g_array_new (FALSE, FALSE, sizeof (SrtlaReceiverOutput));
  self->bytes = g_byte_array_new ();
  self->next_sweep = now + SWEEP_INTERVAL;
  self->next_keepalive =
      self->traits->keepalives == SRTLA_OWN_KEEPALIVES_NEVER
      ? SRTLA_TIME_NONE : now + KEEPALIVE_INTERVAL;
  return self;
}

void
srtla_receiver_throttle (SrtlaReceiver *self, guint share)
{
  self->ack_share = MIN (share, 100);
}

void
srtla_receiver_free (SrtlaReceiver *self)
{
  guint i;

  if (self == NULL)
    return;
  for (i = 0; i < SRTLA_RECEIVER_GROUPS; i++)
    srtla_receiver_group_free (self->groups[i]);
  g_hash_table_unref (self->peers);
  g_array_unref (self->outputs);
  g_byte_array_unref (self->bytes);
  g_free (self);
}

void
srtla_receiver_get_stats (const SrtlaReceiver *self, SrtlaReceiverStats *stats)
{
  guint i;

  *stats = self->stats;
  stats->groups = 0;
  stats->peers = 0;
  for (i = 0; i < SRTLA_RECEIVER_GROUPS; i++) {
    if (self->groups[i] != NULL) {
      stats->groups++;
      stats->peers += self->groups[i]->uplinks->len;
    }
  }
}
