/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "receiver-peers.h"

#include <string.h>

static guint
peer_hash (gconstpointer data)
{
  const ReceiverPeer *peer = data;
  guint hash = 5381;
  gsize i;

  for (i = 0; i < peer->native_size; i++)
    hash = hash * 33 + peer->native[i];
  return hash;
}

static gboolean
peer_equal (gconstpointer a, gconstpointer b)
{
  const ReceiverPeer *one = a, *other = b;

  return one->native_size == other->native_size
      && memcmp (one->native, other->native, one->native_size) == 0;
}

static void
free_peer (gpointer data)
{
  ReceiverPeer *peer = data;

  g_object_unref (peer->address);
  g_free (peer);
}

ReceiverPeer *
receiver_peers_find (ReceiverPeers *peers, GSocketAddress *address)
{
  ReceiverPeer key, *peer;
  gssize size = g_socket_address_get_native_size (address);

  memset (&key, 0, sizeof key);
  if (size < 0 || size > RECEIVER_NATIVE_MAX
      || !g_socket_address_to_native (address, key.native,
          RECEIVER_NATIVE_MAX, NULL))
    return NULL;
  key.native_size = (gsize) size;
  peer = g_hash_table_lookup (peers->by_address, &key);
  if (peer != NULL)
    return peer;

  peer = g_memdup2 (&key, sizeof key);
  peer->number = ++peers->last_number;
  peer->address = g_object_ref (address);
  g_hash_table_add (peers->by_address, peer);
  g_hash_table_insert (peers->by_number, &peer->number, peer);
  return peer;
}

void
receiver_peers_forget (ReceiverPeers *peers, ReceiverPeer *peer)
{
  g_hash_table_remove (peers->by_number, &peer->number);
  g_hash_table_remove (peers->by_address, peer);
}

gchar *
receiver_peer_name (const ReceiverPeer *peer)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (peer->address);
  gchar *address =
      g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  guint port = g_inet_socket_address_get_port (inet);
  const gchar *shown = address;
  gchar *name;

  if (g_str_has_prefix (shown, "::ffff:"))
    shown += strlen ("::ffff:");
  if (strchr (shown, ':') != NULL)
    name = g_strdup_printf ("[%s]:%u", shown, port);
  else
    name = g_strdup_printf ("%s:%u", shown, port);
  g_free (address);
  return name;
}

ReceiverPeer *
receiver_peers_get (ReceiverPeers *peers, SrtlaPeer number)
{
  return g_hash_table_lookup (peers->by_number, &number);
}

void
receiver_peers_init (ReceiverPeers *peers)
{
  peers->by_address = g_hash_table_new_full (peer_hash, peer_equal, free_peer,
      NULL);
  peers->by_number = g_hash_table_new (g_int64_hash, g_int64_equal);
}

void
receiver_peers_clear (ReceiverPeers *peers)
{
  g_hash_table_unref (peers->by_number);
  g_hash_table_unref (peers->by_address);
}
