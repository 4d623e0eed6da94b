/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaparking.h"

#include <errno.h>
#include <string.h>

#include "gstsrtlasocket.h"

/* Datagrams that a socket's buffer may hold: more than it can. */
#define LEFTOVERS_MAX 8192

typedef struct
{
  gchar *spec;
  GInetAddress *receiver;
  guint port;
  GSocket *socket;
  SrtlaTime until;
} Parked;

struct _GstSrtlaParking
{
  GQueue sockets;               /* of Parked, the oldest first */
};

GstSrtlaParking *
gst_srtla_parking_new (void)
{
  GstSrtlaParking *parking = g_new0 (GstSrtlaParking, 1);

  g_queue_init (&parking->sockets);
  return parking;
}

/* Takes it off the list. Returns: its socket, the caller's. */
static GSocket *
release (GstSrtlaParking * parking, GList * place)
{
  Parked *parked = place->data;
  GSocket *socket = parked->socket;

  g_queue_delete_link (&parking->sockets, place);
  g_free (parked->spec);
  g_object_unref (parked->receiver);
  g_free (parked);
  return socket;
}

static void
close_oldest (GstSrtlaParking * parking)
{
  GSocket *socket = release (parking, parking->sockets.head);

  g_socket_close (socket, NULL);
  g_object_unref (socket);
}

void
gst_srtla_parking_free (GstSrtlaParking * parking)
{
  while (parking->sockets.head != NULL)
    close_oldest (parking);
  g_free (parking);
}

void
gst_srtla_parking_put (GstSrtlaParking * parking, const gchar * spec,
    GInetAddress * receiver, guint port, GSocket * socket, SrtlaTime now)
{
  Parked *parked = g_new (Parked, 1);

  if (parking->sockets.length == GST_SRTLA_PARKING_MAX)
    close_oldest (parking);
  parked->spec = g_strdup (spec);
  parked->receiver = g_object_ref (receiver);
  parked->port = port;
  parked->socket = socket;
  parked->until = now + GST_SRTLA_PARKING_TIME;
  g_queue_push_tail (&parking->sockets, parked);
}

/* What came meanwhile was for the uplink that is gone. */
static void
discard (GSocket * socket)
{
  guint8 byte;
  struct iovec vector = { &byte, 1 };
  GstSrtlaMessage message;
  gint error_number;
  guint i;

  memset (&message, 0, sizeof message);
  message.msg_hdr.msg_iov = &vector;
  message.msg_hdr.msg_iovlen = 1;
  gst_srtla_socket_drain_errors (socket);
  for (i = 0; i < LEFTOVERS_MAX; i++) {
    if (gst_srtla_socket_receive (g_socket_get_fd (socket), &message, 1,
            &error_number) <= 0 && error_number != ECONNREFUSED)
      return;
  }
}

GSocket *
gst_srtla_parking_take (GstSrtlaParking * parking, const gchar * spec,
    GInetAddress * receiver, guint port)
{
  GList *place;
  GSocket *socket;

  for (place = parking->sockets.head; place != NULL; place = place->next) {
    Parked *parked = place->data;

    if (g_str_equal (parked->spec, spec) && parked->port == port
        && g_inet_address_equal (parked->receiver, receiver))
      break;
  }
  if (place == NULL)
    return NULL;
  socket = release (parking, place);
  discard (socket);
  return socket;
}

void
gst_srtla_parking_expire (GstSrtlaParking * parking, SrtlaTime now)
{
  while (gst_srtla_parking_deadline (parking) <= now)
    close_oldest (parking);
}

SrtlaTime
gst_srtla_parking_deadline (const GstSrtlaParking * parking)
{
  return parking->sockets.head != NULL
      ? ((Parked *) parking->sockets.head->data)->until : SRTLA_TIME_NONE;
}
