/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The addresses that senders send from, and the numbers that the receiver core
 * has for them.
 */
#pragma once

#include <gio/gio.h>

#include "srtla-receiver.h"

G_BEGIN_DECLS

#define RECEIVER_NATIVE_MAX 32  /* bytes of a sockaddr_in6, and to spare */

/* An address and port that the core has a number for. */
typedef struct
{
  SrtlaPeer number;
  gboolean joined;              /* the line about it was printed */
  GSocketAddress *address;
  gsize native_size;
  guint8 native[RECEIVER_NATIVE_MAX];
} ReceiverPeer;

typedef struct
{
  GHashTable *by_address;       /* ReceiverPeer → itself; owns it */
  GHashTable *by_number;        /* SrtlaPeer → ReceiverPeer */
  SrtlaPeer last_number;
} ReceiverPeers;

/* peers: all zero. */
void receiver_peers_init (ReceiverPeers *peers);
void receiver_peers_clear (ReceiverPeers *peers);

/* Returns: the peer of an address, which is made if it is new; NULL if that is
 * none of the internet's. */
ReceiverPeer *receiver_peers_find (ReceiverPeers *peers,
    GSocketAddress *address);
/* Returns: the peer of that number, or NULL. */
ReceiverPeer *receiver_peers_get (ReceiverPeers *peers, SrtlaPeer number);
void receiver_peers_forget (ReceiverPeers *peers, ReceiverPeer *peer);

/* Returns: "address:port", to be freed. */
gchar *receiver_peer_name (const ReceiverPeer *peer);

G_END_DECLS
