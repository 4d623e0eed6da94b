/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An SrtMeter in another process (meter-process.c): the calls are srt-meter.h's.
 * If it dies, as of a wrong message, so does whoever asks it something.
 */
#pragma once

#include "../e2e/srt-meter.h"

G_BEGIN_DECLS

typedef struct _NetMeter NetMeter;

NetMeter *net_meter_start (const SrtMeterSettings *settings);
void net_meter_stop (NetMeter *meter);
void net_meter_free (NetMeter *meter);

guint64 net_meter_received (NetMeter *meter);
void net_meter_count (NetMeter *meter, gint64 from, gint64 to, guint64 *sent,
    guint64 *lost);
gint64 net_meter_last_lost (NetMeter *meter);
gint64 net_meter_longest_gap (NetMeter *meter, gint64 from, gint64 to);
void net_meter_set_listening (NetMeter *meter, gboolean listening);
/* After net_meter_stop(). */
void net_meter_get_losses (NetMeter *meter, SrtMeterLosses *losses);
void net_meter_get_totals (NetMeter *meter, SrtMeterTotals *totals);

G_END_DECLS
