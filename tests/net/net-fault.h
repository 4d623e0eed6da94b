/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may happen to a stream over modems, one thing at a time: how it begins,
 * goes on and ends. For tests that look at each, and for the soak, which lets
 * them happen at random.
 */
#pragma once

#include "net-stream.h"

G_BEGIN_DECLS

typedef struct _NetFault NetFault;

/* One that is happening. */
typedef struct
{
  const NetFault *fault;
  NetStream *stream;
  guint modem;                  /* that it happens to, or first */
  guint steps;                  /* so far */
  gpointer data;                /* the fault's own */
} NetFaultRun;

struct _NetFault
{
  const gchar *name;
  const gchar *title;
  gboolean whole;               /* SRT's latency covers it: nothing is lost */
  guint short_time, full_time;  /* ms it lasts: in tests; at length */
  guint step_time;              /* ms between two steps; 0: there are none */
  guint warnings;               /* that the application gets, exactly; 0: any */
  void (*begin) (NetFaultRun *run);
  void (*step) (NetFaultRun *run);      /* NULL: none */
  void (*end) (NetFaultRun *run);       /* NULL: it was over at once */
};

/* Ends with one without a name. */
extern const NetFault net_faults[];
const NetFault *net_fault_find (const gchar *name);

/* Lets it happen for so long, ms, at random to one of the modems. */
void net_fault_happen (const NetFault *fault, NetStream *stream, guint time);

G_END_DECLS
