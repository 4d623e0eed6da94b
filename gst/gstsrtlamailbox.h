/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What others leave for the loop, which takes it at the start of a turn, and the
 * numbers that it leaves for them. From any thread, but for what says otherwise;
 * who leaves something wakes the loop.
 */
#pragma once

#include "gstsrtlaengine.h"

G_BEGIN_DECLS

typedef struct
{
  GMutex lock;                  /* of all this */
  GCond published;
  gboolean running;             /* the loop is */
  guint queue_size;             /* packets, of each pad */
  GstSrtlaSettings settings;    /* owns what it points to */
  GPtrArray *ingresses;         /* GstSrtlaIngress, references */
  GstSrtlaIngressStats past;    /* of those that went */
  GstSrtlaSrcPad *src_pad;      /* a reference, or NULL */
  guint drain;
  guint numbers_asked;          /* for fresh numbers, so many times */
  guint numbers_answered;       /* of those */
  GstSrtlaStats numbers;
} GstSrtlaMailbox;

/* mailbox: all zero. */
void gst_srtla_mailbox_init (GstSrtlaMailbox * mailbox);
void gst_srtla_mailbox_clear (GstSrtlaMailbox * mailbox);

/* The loop starts, with fresh queues of that size and fresh numbers; stops. */
void gst_srtla_mailbox_start (GstSrtlaMailbox * mailbox, guint queue_size);
void gst_srtla_mailbox_stop (GstSrtlaMailbox * mailbox);
gboolean gst_srtla_mailbox_is_running (GstSrtlaMailbox * mailbox);

/* As the loop's functions of the same names say. */
void gst_srtla_mailbox_set_settings (GstSrtlaMailbox * mailbox,
    const GstSrtlaSettings * settings);
void gst_srtla_mailbox_add_ingress (GstSrtlaMailbox * mailbox,
    GstSrtlaIngress * ingress);
void gst_srtla_mailbox_remove_ingress (GstSrtlaMailbox * mailbox,
    GstSrtlaIngress * ingress);
void gst_srtla_mailbox_set_src_pad (GstSrtlaMailbox * mailbox,
    GstSrtlaSrcPad * pad);
void gst_srtla_mailbox_drain (GstSrtlaMailbox * mailbox, guint number);

/* Asks for fresh numbers. Returns: what to wait for. */
guint gst_srtla_mailbox_ask (GstSrtlaMailbox * mailbox);
/* Copies the numbers once they are as asked for, or when patience is over, or if
 * the loop is not running. */
void gst_srtla_mailbox_await (GstSrtlaMailbox * mailbox, guint asked,
    GstSrtlaStats * numbers);

/* What the loop takes over by itself. Times in µs. */
typedef struct
{
  SrtlaTime coalesce_time, spin_time;
  guint asked;                  /* for numbers */
  gboolean waiting;             /* somebody does, for numbers */
} GstSrtlaOrders;

/* From the loop: tells the engine; the rest goes to *orders. */
void gst_srtla_mailbox_take (GstSrtlaMailbox * mailbox,
    GstSrtlaEngine * engine, GstSrtlaOrders * orders, SrtlaTime now);
/* From the loop. asked: as of the orders that the numbers know of. */
void gst_srtla_mailbox_publish (GstSrtlaMailbox * mailbox,
    const GstSrtlaStats * numbers, guint asked);

G_END_DECLS
