/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups and their uplinks: who may register, and for how long it lasts. */
#include "srtla-receiver-private.h"

#include <string.h>

SrtlaReceiverPeer *
srtla_receiver_find (const SrtlaReceiver *self, SrtlaPeer peer)
{
  return g_hash_table_lookup (self->peers, &peer);
}

gboolean
srtla_receiver_knows (const SrtlaReceiver *self, SrtlaPeer peer)
{
  return srtla_receiver_find (self, peer) != NULL;
}

static gboolean
is_blocked (const SrtlaReceiverPeer *peer, SrtlaTime now)
{
  return now < peer->blocked_until;
}

static void
refuse (SrtlaReceiver *self, SrtlaPeer peer)
{
  if (!self->traits->refuses)
    return;
  self->stats.refused++;
  srtla_receiver_send_short (self, peer, SRTLA_KIND_REG_ERR);
}

/* ---- Peers ------------------------------------------------------------- */

static SrtlaReceiverPeer *
add_peer (SrtlaReceiver *self, SrtlaPeer number, guint group, SrtlaTime now)
{
  SrtlaReceiverPeer *peer = g_new0 (SrtlaReceiverPeer, 1);

  peer->peer = number;
  peer->group = group;
  peer->last_heard = now;
  g_hash_table_insert (self->peers, &peer->peer, peer);
  return peer;
}

/* Takes a peer out of its group, and forgets it unless it is blocked. */
static void
drop_peer (SrtlaReceiver *self, SrtlaReceiverPeer *peer, SrtlaTime now)
{
  if (peer->group != SRTLA_RECEIVER_NO_GROUP) {
    SrtlaReceiverGroup *group = self->groups[peer->group];

    if (peer->registered)
      g_ptr_array_remove (group->uplinks, peer);
    if (group->uplinks->len == 0 && peer->registered)
      group->empty_since = now;
    if (group->latest == peer)
      group->latest = NULL;
    if (group->creator == peer)
      group->creator = NULL;
  }

  if (is_blocked (peer, now)) {
    peer->group = SRTLA_RECEIVER_NO_GROUP;
    peer->registered = FALSE;
    peer->n_received = 0;
    return;
  }
  srtla_receiver_queue (self, SRTLA_RECEIVER_PEER_GONE, peer->group,
      peer->peer, 0, 0);
  g_hash_table_remove (self->peers, &peer->peer);
}

/* ---- Registration ------------------------------------------------------ */

void
srtla_receiver_group_free (SrtlaReceiverGroup *group)
{
  if (group == NULL)
    return;
  g_ptr_array_unref (group->uplinks);
  g_free (group);
}

static void
close_group (SrtlaReceiver *self, guint number, SrtlaTime now)
{
  SrtlaReceiverGroup *group = self->groups[number];

  while (group->uplinks->len > 0)
    drop_peer (self, g_ptr_array_index (group->uplinks, 0), now);
  if (group->creator != NULL)
    drop_peer (self, group->creator, now);
  srtla_receiver_queue (self, SRTLA_RECEIVER_GROUP_CLOSED, number, 0, 0, 0);
  srtla_receiver_group_free (group);
  self->groups[number] = NULL;
}

static guint
find_group (const SrtlaReceiver *self, const guint8 *id)
{
  guint i;

  for (i = 0; i < SRTLA_RECEIVER_GROUPS; i++) {
    if (self->groups[i] != NULL
        && srtla_id_equal (self->groups[i]->id, id, SRTLA_GROUP_ID))
      return i;
  }
  return SRTLA_RECEIVER_NO_GROUP;
}

void
srtla_receiver_reg1 (SrtlaReceiver *self, SrtlaPeer peer, const guint8 *id,
    SrtlaTime now)
{
  guint8 answer[SRTLA_REG_SIZE];
  SrtlaReceiverGroup *group;
  guint number = 0;

  while (number < SRTLA_RECEIVER_GROUPS && self->groups[number] != NULL)
    number++;

  /* Known means: in a group, be it that of its own REG1; or blocked. */
  if (number == SRTLA_RECEIVER_GROUPS || srtla_receiver_knows (self, peer)) {
    refuse (self, peer);
    return;
  }

  group = g_new0 (SrtlaReceiverGroup, 1);
  memcpy (group->id, id, SRTLA_GROUP_ID / 2);
  self->random (group->id + SRTLA_GROUP_ID / 2, SRTLA_GROUP_ID / 2,
      self->user_data);
  group->uplinks = g_ptr_array_new ();
  group->empty_since = now;
  self->groups[number] = group;
  group->creator = add_peer (self, peer, number, now);

  srtla_receiver_queue (self, SRTLA_RECEIVER_GROUP_OPENED, number, 0, 0, 0);
  srtla_write_registration (answer, SRTLA_KIND_REG2, group->id);
  srtla_receiver_send (self, group->creator, answer, sizeof answer);
}

void
srtla_receiver_reg2 (SrtlaReceiver *self, SrtlaPeer peer, const guint8 *id,
    SrtlaTime now)
{
  SrtlaReceiverPeer *uplink = srtla_receiver_find (self, peer);
  guint number = find_group (self, id);
  SrtlaReceiverGroup *group;

  /* A block lasts until a sweep finds it over. */
  if (uplink != NULL && (is_blocked (uplink, now)
          || uplink->group == SRTLA_RECEIVER_NO_GROUP)) {
    refuse (self, peer);
    return;
  }
  if (number == SRTLA_RECEIVER_NO_GROUP) {
    self->stats.unknown_group++;
    srtla_receiver_send_short (self, peer, SRTLA_KIND_REG_NGP);
    return;
  }

  group = self->groups[number];
  if ((uplink != NULL && uplink->group != number)
      || ((uplink == NULL || !uplink->registered)
          && group->uplinks->len >= self->traits->max_uplinks)) {
    refuse (self, peer);
    return;
  }

  if (uplink == NULL)
    uplink = add_peer (self, peer, number, now);
  if (!uplink->registered) {
    uplink->registered = TRUE;
    g_ptr_array_add (group->uplinks, uplink);
  }
  uplink->last_heard = now;
  group->latest = uplink;
  self->stats.registered++;
  srtla_receiver_send_short (self, peer, SRTLA_KIND_REG3);
}

/* ---- Timeouts ---------------------------------------------------------- */

static void
sweep_blocks (SrtlaReceiver *self, SrtlaTime now)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    SrtlaReceiverPeer *peer = value;

    if (peer->group == SRTLA_RECEIVER_NO_GROUP && !is_blocked (peer, now)) {
      srtla_receiver_queue (self, SRTLA_RECEIVER_PEER_GONE, peer->group,
          peer->peer, 0, 0);
      g_hash_table_iter_remove (&iter);
    }
  }
}

void
srtla_receiver_sweep (SrtlaReceiver *self, SrtlaTime now)
{
  guint i, j;

  for (i = 0; i < SRTLA_RECEIVER_GROUPS; i++) {
    SrtlaReceiverGroup *group = self->groups[i];

    if (group == NULL)
      continue;
    for (j = group->uplinks->len; j > 0; j--) {
      SrtlaReceiverPeer *uplink = g_ptr_array_index (group->uplinks, j - 1);

      if (now - uplink->last_heard > self->traits->uplink_timeout)
        drop_peer (self, uplink, now);
    }
    if (group->uplinks->len == 0
        && now - group->empty_since > (group->used
            ? self->traits->group_timeout : self->traits->unused_timeout))
      close_group (self, i, now);
  }
  if (self->traits->blocks)
    sweep_blocks (self, now);
}
