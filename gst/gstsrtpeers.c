/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtpeers.h"

#include <string.h>

static gboolean
is_peer (const GstSrtPeer * peer, const struct sockaddr_storage *native,
    socklen_t size)
{
  return peer->address != NULL && peer->size == size
      && memcmp (&peer->native, native, size) == 0;
}

GSocketAddress *
gst_srt_peers_find (GstSrtPeers * peers, const struct sockaddr_storage *native,
    socklen_t size)
{
  GSocketAddress *address;
  GstSrtPeer *peer;
  guint i;

  size = MIN (size, (socklen_t) sizeof *native);
  if (is_peer (&peers->peers[peers->latest], native, size))
    return peers->peers[peers->latest].address;
  for (i = 0; i < GST_SRT_PEERS; i++) {
    if (is_peer (&peers->peers[i], native, size)) {
      peers->latest = i;
      return peers->peers[i].address;
    }
  }
  address = g_socket_address_new_from_native ((gpointer) native, size);
  if (address == NULL)
    return NULL;
  peer = &peers->peers[peers->next];
  g_clear_object (&peer->address);
  memcpy (&peer->native, native, size);
  peer->size = size;
  peer->address = address;
  peers->latest = peers->next;
  peers->next = (peers->next + 1) % GST_SRT_PEERS;
  return address;
}

void
gst_srt_peers_clear (GstSrtPeers * peers)
{
  guint i;

  for (i = 0; i < GST_SRT_PEERS; i++)
    g_clear_object (&peers->peers[i].address);
}
