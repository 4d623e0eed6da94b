/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What srtla-receiver is told on its command line.
 */
#pragma once

#include "srtla-receiver.h"

G_BEGIN_DECLS

typedef struct
{
  gint srtla_port, srt_port;
  gchar *srt_host, *bind_address, *behaviour;
  gint stats_interval;          /* s; 0 = never */
  gint from_port;               /* 0 = any */
  gint ack_share;               /* of its SRTLA ACKs, that it sends, per cent */
} ReceiverOptions;

/* options: as they are by default. *behaviour is set if there is one among
 * them. Returns: FALSE, and why, if they cannot be. */
gboolean receiver_options_parse (ReceiverOptions *options,
    SrtlaBehaviour *behaviour, gint *argc, gchar ***argv, GError **error);
void receiver_options_clear (ReceiverOptions *options);

G_END_DECLS
