/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-uplink.h"

#include <string.h>

/* So much of the highest bitrate may go at once, µs. */
#define TOKENS_SPAN 2000
/* bits/s: a highest bitrate beyond is that; millionths of bytes fit a word. */
#define BITRATE_MAX G_GUINT64_CONSTANT (1000000000000)

/* More than a quarter of any room. */
#define RESERVE_FULL (G_MAXUINT64 / 2)
#define RESERVE_PARTS 4

SrtlaUplink *
srtla_uplink_new (guint slot, SrtlaTime now)
{
  SrtlaUplink *uplink = g_new0 (SrtlaUplink, 1);

  uplink->slot = slot;
  uplink->state = SRTLA_UPLINK_CLOSED;
  uplink->state_since = now;
  uplink->window = SRTLA_WINDOW_DEFAULT;
  uplink->room = G_MAXUINT64;
  uplink->largest = SRTLA_MAX_DATAGRAM;
  uplink->reserve = RESERVE_FULL;
  uplink->reserve_at = now;
  uplink->tokens_at = now;
  uplink->log = srtla_inflight_new (SRTLA_INFLIGHT_CAPACITY);
  srtla_inflight_set_reach (uplink->log, SRTLA_CLASSIC_REACH);
  srtla_delivery_reset (&uplink->delivery);
  srtla_quality_start (&uplink->quality, now);
  return uplink;
}

void
srtla_uplink_free (SrtlaUplink * uplink)
{
  if (uplink == NULL)
    return;
  srtla_inflight_free (uplink->log);
  g_free (uplink);
}

void
srtla_uplink_heard (SrtlaUplink * uplink, SrtlaKind kind, gsize size,
    SrtlaTime now)
{
  uplink->counters.packets_received++;
  uplink->counters.bytes_received += size;
  if (kind == SRTLA_KIND_REG2 || kind == SRTLA_KIND_REG_NGP)
    return;
  uplink->last_heard = MAX (now, 1);
  uplink->suspended = FALSE;
}

gboolean
srtla_uplink_is_live (const SrtlaUplink * uplink, SrtlaTime now)
{
  return srtla_uplink_is_live_since (uplink, srtla_uplink_live_since (now));
}

void
srtla_uplink_window_nak (SrtlaUplink * uplink)
{
  uplink->window = MAX (uplink->window - SRTLA_WINDOW_NAK,
      SRTLA_WINDOW_MINIMUM);
}

void
srtla_uplink_window_ack (SrtlaUplink * uplink)
{
  if (uplink->in_flight > 0)
    uplink->in_flight--;
  if (uplink->in_flight * SRTLA_WINDOW_UNIT > uplink->window)
    uplink->window += SRTLA_WINDOW_ACK;
}

void
srtla_uplink_window_ack_any (SrtlaUplink * uplink, guint numbers)
{
  if (uplink->last_heard != 0 && numbers > 0)
    uplink->window = MIN (uplink->window + (gint32) numbers,
        SRTLA_WINDOW_MAXIMUM);
}

SrtlaTime
srtla_uplink_fenced_at (const SrtlaUplink * uplink, SrtlaTime sent_at)
{
  SrtlaTime first = SRTLA_TIME_NONE;
  guint i;

  for (i = 0; i < SRTLA_FENCES; i++) {
    if (uplink->fences[i].sent_at >= MAX (sent_at, 1))
      first = MIN (first, uplink->fences[i].echoed_at);
  }
  return first;
}

void
srtla_uplink_weigh (SrtlaUplink * uplink, gboolean use_quality,
    SrtlaTime queue_target, guint64 best_capacity, SrtlaTime now)
{
  guint64 window = srtla_delivery_window (&uplink->delivery,
      uplink->rtt.minimum);

  /* One that never was full is thought to carry as much as the best. */
  if (!uplink->delivery.filled && best_capacity > uplink->delivery.capacity)
    window = window * best_capacity / uplink->delivery.capacity;
  if (uplink->ramp != 0)
    window = MIN (window, uplink->ramp);
  uplink->weight = (gdouble) window;
  uplink->room = queue_target == 0 ? G_MAXUINT64
      : srtla_delivery_room (&uplink->delivery, uplink->rtt.minimum,
      queue_target);
  if (use_quality)
    uplink->weight *= srtla_quality_value (&uplink->quality,
        uplink->rtt.smoothed, now);
}

void
srtla_uplink_count_tokens (SrtlaUplink * uplink, SrtlaTime now)
{
  gint64 rate = (gint64) MIN (uplink->bitrate_maximum, BITRATE_MAX) / 8;
  gint64 most = MAX (rate * TOKENS_SPAN,
      SRTLA_MAX_DATAGRAM * (gint64) SRTLA_SECOND);
  SrtlaTime elapsed;

  if (rate == 0 || now <= uplink->tokens_at)
    return;
  elapsed = MIN (now - uplink->tokens_at, SRTLA_SECOND);
  uplink->tokens = MIN (uplink->tokens + rate * (gint64) elapsed, most);
  uplink->tokens_at = now;
}

SrtlaTime
srtla_uplink_tokens_due (const SrtlaUplink * uplink)
{
  guint64 rate = uplink->bitrate_maximum / 8;

  if (rate == 0 || uplink->tokens > 0)
    return SRTLA_TIME_NONE;
  return uplink->tokens_at + (guint64) -uplink->tokens / rate + 1;
}

void
srtla_uplink_count_reserve (SrtlaUplink * uplink, SrtlaTime now)
{
  SrtlaTime elapsed = MIN (now - uplink->reserve_at, SRTLA_SECOND);

  uplink->reserve_at = now;
  if (uplink->room >= RESERVE_FULL / SRTLA_SECOND)
    uplink->reserve = RESERVE_FULL;
  else
    uplink->reserve = MIN (MIN (uplink->reserve, RESERVE_FULL)
        + uplink->delivery.capacity / RESERVE_PARTS * elapsed,
        uplink->room / RESERVE_PARTS * SRTLA_SECOND);
}

SrtlaTime
srtla_uplink_reserve_due (const SrtlaUplink * uplink)
{
  const guint64 enough = SRTLA_MAX_DATAGRAM * SRTLA_SECOND;

  if (uplink->reserve >= enough)
    return SRTLA_TIME_NONE;
  return uplink->reserve_at + (enough - uplink->reserve)
      / (uplink->delivery.capacity / RESERVE_PARTS) + 1;
}

void
srtla_uplink_forget_receiver (SrtlaUplink * uplink)
{
  uplink->names_all = uplink->throttled = FALSE;
  uplink->names_some = uplink->names_none = FALSE;
  uplink->acks = uplink->acks_apart = uplink->unnamed = 0;
  uplink->gap.at = 0;
}

SrtlaCoverage
srtla_uplink_coverage (const SrtlaUplink * uplink)
{
  if (uplink->names_all)
    return SRTLA_COVERAGE_ALL;
  if (uplink->names_some)
    return SRTLA_COVERAGE_SOME;
  return uplink->names_none ? SRTLA_COVERAGE_NONE : SRTLA_COVERAGE_UNKNOWN;
}

void
srtla_uplink_fail (SrtlaUplink * uplink)
{
  guint64 capacity = uplink->delivery.capacity;
  gboolean filled = uplink->delivery.filled;

  uplink->window = SRTLA_WINDOW_MINIMUM;
  uplink->in_flight = 0;
  uplink->last_heard = 0;
  uplink->suspended = FALSE;
  uplink->counters.failures++;
  srtla_inflight_clear (uplink->log);
  srtla_delivery_reset (&uplink->delivery);
  uplink->delivery.capacity = capacity; /* a first guess, when it returns */
  uplink->delivery.filled = filled;
  uplink->stalled = FALSE;
  uplink->train_left = 0;
  uplink->lost_in_row = uplink->lost_since_proof = 0;
  uplink->ramp = SRTLA_RAMP_START;
  memset (uplink->fences, 0, sizeof uplink->fences);
  uplink->overtaken_place = uplink->doubtful_place = 0;
  uplink->overdue_place = 0;
  uplink->withheld_end = 0;
  uplink->gap.at = 0;
  uplink->unnamed = 0;
  uplink->acknowledged_place = uplink->fence_place = uplink->lost_place = 0;
  uplink->rescue_place = uplink->rescue_end = 0;
}

gsize
srtla_uplink_keepalive (SrtlaUplink * uplink, guint32 connection_id,
    SrtlaTime now, guint8 out[SRTLA_KEEPALIVE_SIZE])
{
  const SrtlaKeepalive keepalive = {
    .time = MAX (now / SRTLA_MILLISECOND, 1),
    .extended = TRUE,
    .connection_id = connection_id,
    .window = uplink->window,
    .in_flight = uplink->in_flight,
    .rtt = (guint32) (uplink->rtt.smoothed / SRTLA_MILLISECOND),
    .naks = (guint32) MIN (uplink->counters.naks, G_MAXUINT32),
    .bitrate = (guint32) MIN (uplink->bitrate / 8, G_MAXUINT32),
  };
  guint slot = uplink->next_slot;

  uplink->keepalives[slot].wire = keepalive.time;
  uplink->keepalives[slot].sent_at = now;
  uplink->next_slot = (slot + 1) % SRTLA_KEEPALIVES_REMEMBERED;
  uplink->counters.control_sent++;
  return srtla_write_keepalive (out, &keepalive);
}

gboolean
srtla_uplink_echo (SrtlaUplink * uplink, const guint8 * data, gsize size,
    SrtlaTime now)
{
  SrtlaKeepalive keepalive;
  guint i;

  if (!srtla_read_keepalive (data, size, &keepalive) || keepalive.time == 0)
    return FALSE;

  for (i = 0; i < SRTLA_KEEPALIVES_REMEMBERED; i++) {
    SrtlaTime sent_at = uplink->keepalives[i].sent_at;

    if (uplink->keepalives[i].wire != keepalive.time || sent_at > now)
      continue;
    uplink->keepalives[i].wire = 0;
    if (!srtla_rtt_sample (&uplink->rtt, now - sent_at, now))
      return FALSE;
    uplink->counters.keepalives_echoed++;
    uplink->fences[uplink->next_fence].sent_at = MAX (sent_at, 1);
    uplink->fences[uplink->next_fence].echoed_at = now;
    uplink->next_fence = (uplink->next_fence + 1) % SRTLA_FENCES;
    return TRUE;
  }
  return FALSE;
}
