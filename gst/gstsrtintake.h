/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes in what SRT callers send to a UDP port: many datagrams a system call, into
 * buffers of a pool. The streaming thread's, but for what says otherwise.
 */
#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstSrtIntake GstSrtIntake;

GstSrtIntake *gst_srt_intake_new (void);
/* Must be closed and stopped. */
void gst_srt_intake_free (GstSrtIntake * intake);

/* While there is no streaming thread. Listens on that address; port 0: any free
 * one; buffer_size: bytes that the system shall keep, 0 = its default. Returns:
 * a reference on the socket; NULL, and the error, if that cannot be. */
GSocket *gst_srt_intake_open (GstSrtIntake * intake, const gchar * address,
    guint port, guint buffer_size, GError ** error);
/* Likewise. The socket is closed, whoever else has a reference. */
void gst_srt_intake_close (GstSrtIntake * intake);

/* Before the first packet, and after the last one: buffers come and go. */
void gst_srt_intake_start (GstSrtIntake * intake);
void gst_srt_intake_stop (GstSrtIntake * intake);

/* From any thread: while flushing is TRUE nobody waits in receive(). */
void gst_srt_intake_set_flushing (GstSrtIntake * intake, gboolean flushing);

/* Waits for datagrams; if the latest batch was not a full one lets them gather
 * until `coalesce_time` (µs) after it, unless they come further apart. Returns:
 * how many came, all of which must be taken then; 0 while it is flushing; or an
 * error's number, negative. */
gint gst_srt_intake_receive (GstSrtIntake * intake, gint64 coalesce_time);
/* Takes all n. time: their timestamp. */
GstBufferList *gst_srt_intake_take_list (GstSrtIntake * intake, guint n,
    GstClockTime time);

G_END_DECLS
