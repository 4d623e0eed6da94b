/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole SRT connection over a bond, with a caller and a listener made of
 * GStreamer's own elements: what most tests begin and end with.
 */
#pragma once

#include "e2e.h"

G_BEGIN_DECLS

typedef struct
{
  E2eBond bond;
  E2eSource *source;
  GstElement *listener;
  E2eCheck *check;
} E2eStream;

/* As e2e_bond_start() and e2e_source_start() say, and with messages of a seed of
 * its own, which it prints. The parameters are those of the two ends. */
void e2e_stream_start (E2eStream *stream, const E2eSettings *settings,
    guint uplinks, guint rate, const gchar *caller_parameters,
    const gchar *listener_parameters);
void e2e_stream_stop (E2eStream *stream);

G_END_DECLS
