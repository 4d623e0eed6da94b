/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlareturn.h"

#include <gst/net/net.h>

void
gst_srtla_return_clear (GstSrtlaReturn * way)
{
  guint i;

  for (i = 0; i < GST_SRTLA_ROUTES; i++) {
    g_clear_object (&way->routes[i].address);
    g_clear_pointer (&way->routes[i].ingress, gst_srtla_ingress_unref);
  }
  g_clear_object (&way->socket);
  g_clear_object (&way->pad);
  way->dropped = 0;
}

void
gst_srtla_return_set_socket (GstSrtlaReturn * way, GSocket * socket)
{
  g_set_object (&way->socket, socket);
}

void
gst_srtla_return_set_pad (GstSrtlaReturn * way, GstSrtlaSrcPad * pad)
{
  if (way->pad != NULL && way->pad != pad)
    way->dropped += gst_srtla_src_pad_get_dropped (way->pad);
  g_set_object (&way->pad, pad);
}

void
gst_srtla_return_learn (GstSrtlaReturn * way, guint caller,
    GstBuffer * buffer, GstSrtlaIngress * ingress)
{
  GstSrtlaRoute *route = &way->routes[MIN (caller, SRTLA_MAX_CALLERS)];
  GstNetAddressMeta *meta = gst_buffer_get_net_address_meta (buffer);

  if (meta != NULL && meta->addr != route->address)
    g_set_object (&route->address, meta->addr);
  if (ingress != route->ingress) {
    g_clear_pointer (&route->ingress, gst_srtla_ingress_unref);
    route->ingress = gst_srtla_ingress_ref (ingress);
  }
}

static gboolean
same_address (GSocketAddress * a, GSocketAddress * b)
{
  GInetSocketAddress *x, *y;

  if (a == b)
    return TRUE;
  if (!G_IS_INET_SOCKET_ADDRESS (a) || !G_IS_INET_SOCKET_ADDRESS (b))
    return FALSE;
  x = G_INET_SOCKET_ADDRESS (a);
  y = G_INET_SOCKET_ADDRESS (b);
  return g_inet_socket_address_get_port (x)
      == g_inet_socket_address_get_port (y)
      && g_inet_address_equal (g_inet_socket_address_get_address (x),
      g_inet_socket_address_get_address (y));
}

/* Returns: the one route all packets came by; NULL if there are several. */
static const GstSrtlaRoute *
only_route (GstSrtlaReturn * way)
{
  const GstSrtlaRoute *only = NULL;
  guint i;

  for (i = 0; i < GST_SRTLA_ROUTES; i++) {
    const GstSrtlaRoute *route = &way->routes[i];

    if (route->ingress == NULL)
      continue;
    if (only != NULL && (only->ingress != route->ingress
            || !same_address (only->address, route->address)))
      return NULL;
    only = route;
  }
  return only;
}

static void
send_to_pad (GstSrtlaReturn * way, const GstSrtlaRoute * route,
    const guint8 * data, gsize size)
{
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);

  if (route != NULL && route->address != NULL)
    gst_buffer_add_net_address_meta (buffer, route->address);
  gst_srtla_src_pad_push (way->pad, buffer);
}

/* The socket belongs to another element and may be a blocking one. */
static gboolean
send_to_socket (GSocket * socket, GSocketAddress * address,
    const guint8 * data, gsize size)
{
  GOutputVector vector = { data, size };
  gsize written;

  return g_socket_send_message_with_timeout (socket, address, &vector, 1,
      NULL, 0, 0, 0, &written, NULL, NULL) == G_POLLABLE_RETURN_OK;
}

const gchar *
gst_srtla_return_send (GstSrtlaReturn * way, guint caller,
    const guint8 * data, gsize size)
{
  const GstSrtlaRoute *route = &way->routes[MIN (caller, SRTLA_MAX_CALLERS)];
  GSocket *socket = NULL;

  if (route->ingress == NULL)
    route = only_route (way);
  if (way->pad != NULL) {
    send_to_pad (way, route, data, size);
    return NULL;
  }
  if (route == NULL) {          /* of a caller that nobody knows */
    way->dropped++;
    return NULL;
  }
  if (way->socket != NULL)
    socket = g_object_ref (way->socket);
  else
    socket = gst_srtla_ingress_get_socket (route->ingress);
  if (socket == NULL || route->address == NULL) {
    way->dropped++;
    g_clear_object (&socket);
    return route->address == NULL
        ? "the packets do not say which address they came from"
        : "no upstream element has a socket to send from";
  }
  way->dropped += !send_to_socket (socket, route->address, data, size);
  g_object_unref (socket);
  return NULL;
}

guint64
gst_srtla_return_get_dropped (GstSrtlaReturn * way)
{
  return way->dropped
      + (way->pad ? gst_srtla_src_pad_get_dropped (way->pad) : 0);
}
