/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the socket that packets come in on.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Walks upstream from a sink pad, through bins and elements, to the nearest
 * element with a readable property "used-socket" of type GSocket that is not
 * NULL. Returns: a reference, or NULL. */
GSocket *gst_srtla_upstream_find_socket (GstPad * pad);

G_END_DECLS
