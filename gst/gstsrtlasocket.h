/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One uplink's socket: UDP, non-blocking, bound to its local address or its
 * interface, connected to the receiver. Batches in, batches out. The system's
 * error numbers come through: each means something else to the loop.
 */
#pragma once

#include <sys/socket.h>

#include "gstsrtlaspec.h"

G_BEGIN_DECLS

/* Messages that one call sends or receives. */
#define GST_SRTLA_SOCKET_BATCH 64

/* A message of a batch, with its length once it was received. */
#ifdef __linux__
typedef struct mmsghdr GstSrtlaMessage;
#else
typedef struct
{
  struct msghdr msg_hdr;
  unsigned int msg_len;
} GstSrtlaMessage;
#endif

/* Returns: the socket, or NULL with an error fit for an application. */
GSocket *gst_srtla_socket_open (const GstSrtlaSpec * spec,
    GInetAddress * receiver, guint port, GError ** error);

/* Writes "address:port" of the near end, "" if it has none. */
void gst_srtla_socket_local_address (GSocket * socket, gchar * out, gsize size);
/* Likewise for any address. */
void gst_srtla_socket_format_address (GInetAddress * address, guint port,
    gchar * out, gsize size);

/* fd: of a non-blocking socket. Return: how many were sent or received; or -1
 * and the error number. */
gint gst_srtla_socket_send (gint fd, GstSrtlaMessage * messages, guint n,
    gint * error_number);
gint gst_srtla_socket_receive (gint fd, GstSrtlaMessage * messages, guint n,
    gint * error_number);

/* Room for so many bytes of datagrams. */
void gst_srtla_socket_set_send_buffer (GSocket * socket, guint bytes);
/* Returns: bytes of datagrams, about, that the device has not sent yet; 0 where
 * it does not tell. */
guint64 gst_srtla_socket_backlog (GSocket * socket);

/* Returns: the path's MTU as the system knows it, bytes of an IP packet; 0: it
 * does not tell. *largest, unless NULL, becomes the largest datagram in one. */
guint gst_srtla_socket_path_mtu (GSocket * socket, guint * largest);

/* Reads what ICMP left for the socket: until then it looks ready. Returns: the
 * error number of the latest, 0 if there was none. */
gint gst_srtla_socket_drain_errors (GSocket * socket);

G_END_DECLS
