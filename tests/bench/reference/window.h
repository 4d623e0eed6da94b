/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The classic window algorithm as docs/protocol.md describes it, done the
 * plain way: logs of 256 numbers that are searched from one end to the other.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "relay.h"

#define WINDOW_LOG 256
#define WINDOW_NO_NUMBER UINT32_MAX

typedef struct
{
  int32_t window;               /* thousandths of a packet */
  int32_t in_flight;
  uint32_t log[WINDOW_LOG];
  unsigned next;
  int64_t last_heard;           /* µs */
} WindowUplink;

typedef struct
{
  WindowUplink uplinks[RELAY_UPLINKS];
  unsigned n_uplinks;
} Window;

void window_init (Window *window, unsigned n_uplinks);
/* Returns: the uplink for the next packet, n_uplinks if none is live. */
unsigned window_select (const Window *window, const Relay *relay,
    int64_t now);
/* A packet leaves on the uplink. */
void window_sent (Window *window, unsigned uplink, const uint8_t *data,
    size_t size);
/* A datagram came in on the uplink. */
void window_heard (Window *window, unsigned uplink, const uint8_t *data,
    size_t size, int64_t now);
