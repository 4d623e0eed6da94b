/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The addresses that datagrams came from, as objects: the same for the same
 * address, so that pointers may be compared and none is made for a packet.
 */
#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* Known at a time; of more the one met first is forgotten. */
#define GST_SRT_PEERS 16

typedef struct
{
  struct sockaddr_storage native;
  socklen_t size;
  GSocketAddress *address;      /* a reference; NULL = free */
} GstSrtPeer;

typedef struct
{
  GstSrtPeer peers[GST_SRT_PEERS];
  guint latest;                 /* asked for */
  guint next;                   /* to be forgotten */
} GstSrtPeers;

/* native: as a system call wrote it. Returns: the address, no reference; valid
 * until the next call. NULL if it is none. */
GSocketAddress *gst_srt_peers_find (GstSrtPeers * peers,
    const struct sockaddr_storage *native, socklen_t size);
void gst_srt_peers_clear (GstSrtPeers * peers);

G_END_DECLS
