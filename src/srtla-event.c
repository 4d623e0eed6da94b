/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-bond.h"

#include <stdio.h>

const gchar *
srtla_uplink_state_name (SrtlaUplinkState state)
{
  static const gchar *const names[SRTLA_UPLINK_STATES] = {
    [SRTLA_UPLINK_CLOSED] = "closed",
    [SRTLA_UPLINK_PROBING] = "probing",
    [SRTLA_UPLINK_REGISTERING] = "registering",
    [SRTLA_UPLINK_REFUSED] = "refused",
    [SRTLA_UPLINK_UP] = "up",
    [SRTLA_UPLINK_DOWN] = "down",
  };

  return state < SRTLA_UPLINK_STATES ? names[state] : "unknown";
}

const gchar *
srtla_coverage_name (SrtlaCoverage coverage)
{
  static const gchar *const names[SRTLA_COVERAGES] = {
    [SRTLA_COVERAGE_UNKNOWN] = "unknown",
    [SRTLA_COVERAGE_NONE] = "none",
    [SRTLA_COVERAGE_SOME] = "some",
    [SRTLA_COVERAGE_ALL] = "all",
  };

  return coverage < SRTLA_COVERAGES ? names[coverage] : "unknown";
}

static gint
format_body (const SrtlaEvent * event, gchar * out, gsize size)
{
  switch (event->kind) {
    case SRTLA_EVENT_UPLINK_STATE:
      return snprintf (out, size, "uplink %u: %s -> %s (%s)", event->uplink,
          srtla_uplink_state_name (event->from),
          srtla_uplink_state_name (event->to),
          event->reason ? event->reason : "no reason");
    case SRTLA_EVENT_CONNECTED:
      return snprintf (out, size, "connected by uplink %u", event->uplink);
    case SRTLA_EVENT_DISCONNECTED:
      return snprintf (out, size, "disconnected with uplink %u", event->uplink);
    case SRTLA_EVENT_CONNECTION_TIMEOUT:
      return snprintf (out, size, "connection timeout: no uplink is up");
    case SRTLA_EVENT_CALLER:
      return snprintf (out, size, "caller %u is new", event->caller);
    case SRTLA_EVENT_STALLED:
      return snprintf (out, size, "uplink %u: stalled", event->uplink);
    case SRTLA_EVENT_DELIVERS:
      return snprintf (out, size, "uplink %u: delivers again", event->uplink);
    case SRTLA_EVENT_NARROW:
      return snprintf (out, size, "uplink %u: too narrow for packets",
          event->uplink);
    case SRTLA_EVENT_COVERAGE:
      return snprintf (out, size, "uplink %u: ack-coverage %s", event->uplink,
          event->reason ? event->reason : "unknown");
    case SRTLA_EVENTS_LOST:
      return snprintf (out, size, "events were lost");
  }
  return snprintf (out, size, "unknown event %d", (gint) event->kind);
}

gsize
srtla_event_format (const SrtlaEvent * event, gchar * out, gsize size)
{
  gint time, body;

  if (size == 0)
    return 0;

  time = snprintf (out, size,
      "%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT " ",
      event->time / SRTLA_SECOND, event->time % SRTLA_SECOND);
  if (time < 0 || (gsize) time >= size)
    return size - 1;

  body = format_body (event, out + time, size - (gsize) time);
  if (body < 0)
    return (gsize) time;
  return MIN ((gsize) time + (gsize) body, size - 1);
}
