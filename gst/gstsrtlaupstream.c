/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaupstream.h"

#include "gstsrtladebug.h"

/* Elements on the way; beyond that someone has built a loop. */
#define DEPTH_MAX 64

static GSocket *
get_used_socket (GstElement * element)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS
      (element), "used-socket");
  GSocket *socket = NULL;

  if (pspec == NULL || (pspec->flags & G_PARAM_READABLE) == 0
      || !g_type_is_a (pspec->value_type, G_TYPE_SOCKET))
    return NULL;
  g_object_get (element, "used-socket", &socket, NULL);
  return socket;
}

/* Returns: the pad that feeds this one, seen through the walls of bins; a
 * reference, or NULL. */
static GstPad *
get_feeding_pad (GstPad * pad)
{
  GstPad *peer = gst_pad_get_peer (pad), *inner;

  while (peer != NULL && GST_IS_PROXY_PAD (peer)) {
    if (GST_IS_GHOST_PAD (peer)) {      /* from outside into a bin */
      inner = gst_ghost_pad_get_target (GST_GHOST_PAD (peer));
      gst_object_unref (peer);
      peer = inner;
    } else {                    /* from inside out of a bin */
      inner = GST_PAD (gst_proxy_pad_get_internal (GST_PROXY_PAD (peer)));
      gst_object_unref (peer);
      peer = inner ? gst_pad_get_peer (inner) : NULL;
      g_clear_object (&inner);
    }
  }
  return peer;
}

static GSocket *search (GstPad * pad, guint depth);

static GSocket *
search_element (GstElement * element, guint depth)
{
  GSocket *socket = get_used_socket (element);
  GstIterator *pads;
  GValue item = G_VALUE_INIT;

  if (socket != NULL)
    return socket;
  pads = gst_element_iterate_sink_pads (element);
  while (socket == NULL && gst_iterator_next (pads, &item) == GST_ITERATOR_OK) {
    socket = search (g_value_get_object (&item), depth + 1);
    g_value_reset (&item);
  }
  g_value_unset (&item);
  gst_iterator_free (pads);
  return socket;
}

static GSocket *
search (GstPad * pad, guint depth)
{
  GstPad *feeding = depth < DEPTH_MAX ? get_feeding_pad (pad) : NULL;
  GstElement *element = feeding ? gst_pad_get_parent_element (feeding) : NULL;
  GSocket *socket = NULL;

  if (element != NULL) {
    socket = search_element (element, depth);
    if (socket != NULL)
      GST_DEBUG_OBJECT (pad, "%" GST_PTR_FORMAT " has a socket",
          (gpointer) element);
  }
  g_clear_object (&element);
  g_clear_object (&feeding);
  return socket;
}

GSocket *
gst_srtla_upstream_find_socket (GstPad * pad)
{
  return search (pad, 0);
}
