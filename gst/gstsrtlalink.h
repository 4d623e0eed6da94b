/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One uplink as the loop has it: its socket, what waits for it, what became of
 * what was sent, and when to try again. The loop's alone.
 */
#pragma once

#include "gstsrtlaegress.h"
#include "gstsrtlanotice.h"
#include "gstsrtlapacket.h"
#include "gstsrtlaparking.h"
#include "gstsrtlaspec.h"

G_BEGIN_DECLS

/* A socket that cannot be opened, or that fails for good, is tried again after
 * the first, doubling to the second. */
#define GST_SRTLA_REOPEN_MIN (500 * SRTLA_MILLISECOND)
#define GST_SRTLA_REOPEN_MAX (2 * SRTLA_SECOND)
/* Silence for so long, while others are answered: the other family of the
 * receiver's addresses, doubling to the second. */
#define GST_SRTLA_FAMILY_MIN (3 * SRTLA_SECOND)
#define GST_SRTLA_FAMILY_MAX (24 * SRTLA_SECOND)
/* Nothing but errors for so long: another socket. */
#define GST_SRTLA_ERRORS_MAX (3 * SRTLA_SECOND)
/* The queue of the interface is full: look again then. */
#define GST_SRTLA_QUEUE_RETRY (2 * SRTLA_MILLISECOND)
/* Between looks at the path's MTU. */
#define GST_SRTLA_MTU_INTERVAL (1 * SRTLA_SECOND)
/* Between looks at what waits in the device's queue, while something does and
 * while nothing did. */
#define GST_SRTLA_BACKLOG_INTERVAL (5 * SRTLA_MILLISECOND)
#define GST_SRTLA_BACKLOG_IDLE (20 * SRTLA_MILLISECOND)
/* Between looks at what waits for a socket that takes no more. */
#define GST_SRTLA_TEND_INTERVAL (5 * SRTLA_MILLISECOND)
/* Bytes of packets that a socket has room for, once its rate is known. */
#define GST_SRTLA_SEND_BUFFER_MIN (64 * 1024)
#define GST_SRTLA_SEND_BUFFER_MAX (1024 * 1024)
/* Packets that are sent even before the core was asked for all it has. */
#define GST_SRTLA_EGRESS_RUN 128

/* What all links of a loop share; not owned. */
typedef struct
{
  SrtlaBond *bond;
  GstSrtlaPacketPool *pool;
  GstPoll *poll;
  GstSrtlaBatch *batch;         /* to fill for each call */
  GstSrtlaParking *parking;     /* where sockets wait for their uplinks' return */
  SrtlaTime queue_target;       /* µs; 0 = none: as it is set now */
  gboolean told_too_many;       /* that there are more uplinks than slots; no
                                 * longer when one got a slot since */
  GstElement *element;          /* for the debug log */
  GstSrtlaNotifyFunc notify;
  gpointer user_data;           /* of notify */
  /* Takes the core's outputs. */
  void (*drain) (gpointer drain_data, SrtlaTime now);
  gpointer drain_data;
} GstSrtlaLinkShared;

typedef struct
{
  GstSrtlaLinkShared *shared;
  GstSrtlaUplink *uplink;       /* a reference */
  guint slot;                   /* of the core; SRTLA_NO_UPLINK = none was free */

  GstSrtlaSpec spec;
  GSocketFamily family;         /* to use; INVALID = as the receiver's address */
  gboolean parsed;              /* `spec` is valid */
  gboolean too_many;            /* there was no slot for it */
  GInetAddress *receiver;       /* connected to, or tried last; a reference */
  guint port;
  GSocket *socket;              /* NULL = closed */
  GstPollFD poll_fd;            /* while there is a socket */
  gchar local_address[GST_SRTLA_ADDRESS_SIZE];  /* likewise */
  GstSrtlaEgress egress;

  gboolean blocked;             /* EAGAIN: waits until the socket is writable */
  gboolean retried;             /* the packet at the head, after ECONNREFUSED */
  gboolean rebind;              /* the core wants a new source port */
  guint mtu;                    /* of the path, bytes; 0 = not known */
  SrtlaTime mtu_at;             /* when it was looked up */
  guint largest;                /* datagram that the path carries, bytes */
  guint warned_largest;         /* of which the application was told; 0 = none */
  gboolean trains;              /* the socket has not refused them */
  SrtlaTime retry_at;           /* after ENOBUFS; 0 = now */
  SrtlaTime tended_at;          /* when it was last looked at what waits since the
                                 * socket took nothing; 0 = it does */
  gboolean traffic;             /* since the last look at the backlog */
  guint64 backlog;              /* bytes in the device's queue then */
  SrtlaTime backlog_at;
  guint send_buffer;            /* bytes; 0 = as it was opened with */
  gint changes;                 /* of the uplink's settings that it knows */
  SrtlaTime reopen_at;          /* while closed */
  SrtlaTime backoff;            /* until the next attempt after that */
  SrtlaTime error_since;        /* nothing but errors; 0 = none */
  SrtlaTime refused_at;         /* ECONNREFUSED since it last heard; 0 = not */
  SrtlaTime heard_at;           /* when anything came, or it was opened since */
  GSocketFamily heard_family;   /* when anything came last; INVALID = never */
  SrtlaTime family_patience;    /* so long without, until the other family */

  SrtlaUplinkState core_state;
  gboolean stalled;             /* while it is up: delivers nothing */
  const gchar *shown_state;     /* static */
  gchar *failure;               /* why there is no socket; NULL = no reason */
  gchar *warned;                /* the trouble that was reported last */

  guint64 send_retries, queue_full, too_large;
} GstSrtlaLink;

GstSrtlaLink *gst_srtla_link_new (GstSrtlaLinkShared * shared,
    GstSrtlaUplink * uplink, SrtlaTime now);
/* Before it is removed, or when it failed: others send what it has outstanding. */
void gst_srtla_link_vacate (GstSrtlaLink * link, SrtlaTime now);
/* Before it is removed: its socket may be of use when it comes back. */
void gst_srtla_link_park (GstSrtlaLink * link, SrtlaTime now);
/* The core must have forgotten the slot, or be told of what waited before. */
void gst_srtla_link_free (GstSrtlaLink * link);

/* Opens the socket to the receiver; or fails, and will be tried again at
 * reopen_at. */
void gst_srtla_link_open (GstSrtlaLink * link, GInetAddress * receiver,
    guint port, SrtlaTime now);
/* reason: static. What waits is given back. */
void gst_srtla_link_close (GstSrtlaLink * link, const gchar * reason,
    SrtlaTime now);
/* Likewise, and says why. Takes over `reason`. */
void gst_srtla_link_fail (GstSrtlaLink * link, gchar * reason, SrtlaTime now);

/* An output of the core for it: sent by transmit(), or dropped and counted. */
void gst_srtla_link_queue (GstSrtlaLink * link, const SrtlaOutput * output,
    SrtlaTime now);
/* Hands over to the socket what it takes. */
void gst_srtla_link_transmit (GstSrtlaLink * link, SrtlaTime now);
/* Drops what waits, and counts it. */
void gst_srtla_link_flush (GstSrtlaLink * link, SrtlaTime now);
/* Gives what waits back to the core, which has other uplinks. */
void gst_srtla_link_return (GstSrtlaLink * link, SrtlaTime now);
/* Tells the core what the application set; and what the path carries, from time
 * to time. */
void gst_srtla_link_update_limit (GstSrtlaLink * link, SrtlaTime now);

/* Takes errors and room from the last wait. Returns: whether to receive. */
gboolean gst_srtla_link_poll (GstSrtlaLink * link, SrtlaTime now);
/* Returns: how many datagrams came, at most n. */
guint gst_srtla_link_receive (GstSrtlaLink * link, GstSrtlaMessage * messages,
    guint n, SrtlaTime now);

/* The core has packets that are larger than the path carries: says so. */
void gst_srtla_link_warn_narrow (GstSrtlaLink * link);

/* The core's state changed, or `stalled`, `failure` or `refused_at`: tells the
 * application, if that is news. reason: of the core; may be NULL. */
void gst_srtla_link_update_state (GstSrtlaLink * link, const gchar * reason);

/* Returns: when transmit() has something to do; SRTLA_TIME_NONE if never. */
SrtlaTime gst_srtla_link_deadline (const GstSrtlaLink * link);

/* core: its numbers, or NULL. */
void gst_srtla_link_publish (GstSrtlaLink * link, const SrtlaUplinkStats * core,
    SrtlaTime now);

G_END_DECLS
