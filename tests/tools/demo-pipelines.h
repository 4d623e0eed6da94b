/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The demo's three pipelines, and what passes through them: the camera (test
 * picture and sound into srtsink), the bonding (udpsrc into srtlasink), and
 * the studio (srtsrc into a file).
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define DEMO_FRAME_RATE 30      /* frames per second */

typedef struct
{
  GstElement *pipeline;
  GstElement *element;          /* srtsink, srtlasink or srtsrc; the pipeline's */
  gchar *description;           /* as for gst-launch-1.0 */
  gint count;                   /* atomic; camera: coded pictures; studio: SRT
                                 * packets that came in time */
} DemoPipeline;

/* A camera of `seconds` of material whose SRT caller connects to `port`. */
gboolean demo_camera_init (DemoPipeline *camera, guint seconds, guint16 port,
    GError **error);
/* A bonding sender that takes SRT packets at `port`. */
gboolean demo_bonding_init (DemoPipeline *bonding, guint16 port,
    const gchar *receiver, guint16 receiver_port, const gchar *uplinks,
    GError **error);
/* A studio whose SRT listener waits at `port` and writes `location`. */
gboolean demo_studio_init (DemoPipeline *studio, guint16 port,
    const gchar *location, GError **error);

/* Stops it; then forgets all but its count. Both do nothing for a pipeline
 * that was never made. */
void demo_pipeline_stop (DemoPipeline *pipeline);
void demo_pipeline_clear (DemoPipeline *pipeline);

/* What SRT says of a connection, from the `stats` of srtsink or srtsrc. */
typedef struct
{
  guint64 packets;              /* sent or received, repetitions and all */
  guint64 repeated;             /* sender: of those, retransmissions */
  guint64 missed;               /* receiver: gaps seen, mostly filled later */
} DemoSrtStats;

void demo_pipeline_srt_stats (DemoPipeline *pipeline, DemoSrtStats *stats);

/* What a decoder makes of the file. */
typedef struct
{
  gint frames;                  /* pictures decoded */
  gint sounds;                  /* audio buffers decoded */
} DemoDecoded;

/* Decodes the file as fast as it goes. Returns: FALSE, and the error, if it
 * is no stream of H.264 and AAC that decodes to its end. */
gboolean demo_decode (const gchar *location, DemoDecoded *decoded,
    GError **error);

G_END_DECLS
