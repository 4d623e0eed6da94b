/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets of uplinks that were removed, for as long as the receiver may know
 * them: an uplink that is added again goes on from the port it had. Receivers
 * take a few ports in a group (eight, some of them), and count one that fell
 * silent until it times out. The loop's alone.
 */
#pragma once

#include <gio/gio.h>

#include "srtla-types.h"

G_BEGIN_DECLS

/* The longest that a receiver counts an uplink which says nothing. */
#define GST_SRTLA_PARKING_TIME (15 * SRTLA_SECOND)
/* Sockets; the oldest makes room. */
#define GST_SRTLA_PARKING_MAX 16

typedef struct _GstSrtlaParking GstSrtlaParking;

GstSrtlaParking *gst_srtla_parking_new (void);
/* Closes them all. */
void gst_srtla_parking_free (GstSrtlaParking * parking);

/* Takes over a socket, of the uplink that was given as `spec`, connected to
 * `receiver`. */
void gst_srtla_parking_put (GstSrtlaParking * parking, const gchar * spec,
    GInetAddress * receiver, guint port, GSocket * socket, SrtlaTime now);
/* Returns: such a socket, the caller's, with nothing in it that came meanwhile;
 * or NULL. */
GSocket *gst_srtla_parking_take (GstSrtlaParking * parking, const gchar * spec,
    GInetAddress * receiver, guint port);
/* Closes those whose time is over. */
void gst_srtla_parking_expire (GstSrtlaParking * parking, SrtlaTime now);
/* Returns: when that is next; SRTLA_TIME_NONE if there are none. */
SrtlaTime gst_srtla_parking_deadline (const GstSrtlaParking * parking);

G_END_DECLS
