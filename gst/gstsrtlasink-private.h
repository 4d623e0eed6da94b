/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the element share: the object with its signals
 * (gstsrtlasink.c), properties (gstsrtlasink-properties.c), pads, states and end
 * of stream (gstsrtlasink-stream.c), messages and signals as they come
 * (gstsrtlasink-notices.c).
 */
#pragma once

#include "gstsrtlaloop.h"
#include "gstsrtlasink.h"
#include "gstsrtlasinkpad.h"
#include "gstsrtlaworker.h"

G_BEGIN_DECLS

struct _GstSrtlaSink
{
  GstElement parent;

  GstSrtlaUplinks *uplinks;
  GstSrtlaLoop *loop;
  GstSrtlaWorker *worker;       /* jobs: GstSrtlaNotice */

  /* Under the object lock: settings. */
  gchar *host;
  gchar *uri_problem;           /* with the last one set; NULL = none */
  guint port;
  gchar *uplinks_file;
  guint stats_interval;         /* ms */
  GSocket *return_socket;
  guint queue_size;             /* packets */
  guint connection_timeout;     /* ms */
  guint drain_timeout;          /* ms */
  guint coalesce_time;          /* µs */
  guint queue_target;           /* ms */
  guint spin_time;              /* µs */
  gchar *affinity;              /* processors, of the loop's thread; or NULL */
  guint priority;               /* real-time, of the same; 0 = none */
  SrtlaClassSettings classes[SRTLA_N_CLASSES];
  GstSrtlaToggles toggles;

  /* Under the object lock: end of stream. */
  guint drain;                  /* number of the last drain */
  gboolean eos;                 /* every linked sink pad had it */
  gboolean drained;             /* and all that came before is out */
  gboolean playing;             /* EOS may be posted */
  gboolean posted;              /* it was */
  guint32 eos_seqnum;

  /* Under the object lock. */
  gboolean no_way_reported;     /* replies have nowhere to go: an error was sent */
  gboolean file_reported;       /* uplinks-file cannot be read: a warning was sent */
  GstPad *src_pad;              /* not owned, or NULL */
  guint next_pad;               /* number of the next sink_%u */
};

typedef enum
{
  GST_SRTLA_SINK_UPLINK_ADDED,
  GST_SRTLA_SINK_UPLINK_REMOVED,
  GST_SRTLA_SINK_UPLINK_STATE_CHANGED,
  GST_SRTLA_SINK_STATS,
  GST_SRTLA_SINK_ADD_UPLINK,
  GST_SRTLA_SINK_REMOVE_UPLINK,
  GST_SRTLA_SINK_N_SIGNALS
} GstSrtlaSinkSignal;

extern guint gst_srtla_sink_signals[GST_SRTLA_SINK_N_SIGNALS];

/* ---- gstsrtlasink.c ----------------------------------------------------- */

GstStructure *gst_srtla_sink_get_stats (GstSrtlaSink * sink);

/* ---- gstsrtlasink-properties.c ------------------------------------------ */

void gst_srtla_sink_class_init_properties (GObjectClass * klass);
/* Defaults. */
void gst_srtla_sink_init_properties (GstSrtlaSink * sink);
/* Returns: NULL while there is no host. */
gchar *gst_srtla_sink_dup_uri (GstSrtlaSink * sink);

/* ---- gstsrtlasink-stream.c ---------------------------------------------- */

void gst_srtla_sink_class_init_stream (GstElementClass * klass);
/* Makes the always pad. */
void gst_srtla_sink_init_stream (GstSrtlaSink * sink);
/* That drain is done: posts EOS, or keeps it for PLAYING. */
void gst_srtla_sink_drained (GstSrtlaSink * sink, guint drain);
/* Looks for the socket to reply by. Returns: whether any pad has one. */
gboolean gst_srtla_sink_find_sockets (GstSrtlaSink * sink);

/* ---- gstsrtlasink-notices.c --------------------------------------------- */

/* From the loop: passes the notice on to the worker. */
void gst_srtla_sink_notify (GstSrtlaNotice * notice, gpointer user_data);
/* The worker's. */
void gst_srtla_sink_handle_notice (gpointer notice, gpointer user_data);

/* Tells the application, then the loop. Clears the change. Returns: FALSE if no
 * uplink is left: the element has posted an error if it was running. */
gboolean gst_srtla_sink_uplinks_changed (GstSrtlaSink * sink,
    GstSrtlaUplinksChange * change);
/* Reads uplinks-file. required: what cannot be read counts as empty; else what
 * was known stays. Returns: see above. */
gboolean gst_srtla_sink_read_file (GstSrtlaSink * sink, gboolean required);
/* Posts the error that there is no uplink. */
void gst_srtla_sink_no_uplink (GstSrtlaSink * sink);

G_END_DECLS
