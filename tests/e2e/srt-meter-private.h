/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A meter's inside, shared by srt-meter.c (start, end, account),
 * srt-meter-caller.c and srt-meter-listener.c.
 */
#pragma once

#include "srt-meter.h"

#include <arpa/inet.h>
#include <string.h>

#include <srt/srt.h>

G_BEGIN_DECLS

#define STATS_MESSAGES 64       /* between two looks at libsrt's counters */

typedef struct
{
  gint64 sent_at;               /* monotonic, µs; 0: it was not */
  gint64 received_at;           /* 0: it was not */
} SrtMeterMessage;

struct _SrtMeter
{
  SrtMeterSettings settings;
  SRTSOCKET listener;
  int epoll;                    /* of the listener and its connection */
  GThread *caller_thread, *listener_thread;
  SRTSOCKET connection;         /* the listener's thread's; INVALID: none */
  guint number;                 /* among those that another listens for, from
                                 * 1; 0: it does itself */
  gint stop_calling, stop_listening;    /* atomic */
  gint wanted;                  /* atomic: the listener shall be there */
  gint is_listening;            /* atomic: it is */

  GMutex lock;                  /* for what follows */
  GPtrArray *others;            /* meters that this one listens for as well */
  GArray *messages;             /* of SrtMeterMessage, by number */
  GArray *starts;               /* of guint64: the first message of each
                                 * connection */
  guint64 received;
  guint64 next;                 /* after the latest that was received */
  gint64 lateness;              /* µs */
  gchar *complaint;             /* NULL: all was right so far */
  SrtMeterTotals totals;        /* of the connections that ended */
  SRT_TRACEBSTATS calling, listening;   /* of the present ones */
};

/* Returns: the record of a message that was begun. With the lock. */
static inline SrtMeterMessage *
srt_meter_message (SrtMeter *meter, guint64 number)
{
  return &g_array_index (meter->messages, SrtMeterMessage, number);
}

static inline struct sockaddr_in
srt_meter_loopback (guint16 port)
{
  struct sockaddr_in address;

  memset (&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons (port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  return address;
}

/* Listens, where the listener shall be. */
void srt_meter_listen (SrtMeter *meter);
/* The threads. data: the meter. */
gpointer srt_meter_run_listener (gpointer data);
gpointer srt_meter_run_caller (gpointer data);

G_END_DECLS
