/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "window.h"

#include <string.h>

#define SECOND 1000000
#define TIMEOUT 4               /* whole seconds */

void
window_init (Window * window, unsigned n_uplinks)
{
  unsigned i;

  window->n_uplinks = n_uplinks;
  for (i = 0; i < n_uplinks; i++) {
    WindowUplink *uplink = &window->uplinks[i];

    uplink->window = 20000;
    uplink->in_flight = 0;
    uplink->next = 0;
    uplink->last_heard = 0;
    memset (uplink->log, 0xff, sizeof uplink->log);
  }
}

unsigned
window_select (const Window * window, const Relay * relay, int64_t now)
{
  unsigned i, best = window->n_uplinks;
  int32_t best_score = -1;

  for (i = 0; i < window->n_uplinks; i++) {
    const WindowUplink *uplink = &window->uplinks[i];
    int32_t score = uplink->window / (uplink->in_flight + 1);

    if (!relay->uplinks[i].up
        || now / SECOND > uplink->last_heard / SECOND + TIMEOUT
        || score <= best_score)
      continue;
    best = i;
    best_score = score;
  }
  return best;
}

void
window_sent (Window * window, unsigned index, const uint8_t * data,
    size_t size)
{
  WindowUplink *uplink = &window->uplinks[index];

  if (size < 16 || (data[0] & 0x80) != 0)
    return;
  uplink->log[uplink->next] = relay_u32 (data);
  uplink->next = (uplink->next + 1) % WINDOW_LOG;
  uplink->in_flight++;
}

static int
forget (WindowUplink * uplink, uint32_t sequence)
{
  unsigned i;

  for (i = 0; i < WINDOW_LOG; i++) {
    if (uplink->log[i] == sequence) {
      uplink->log[i] = WINDOW_NO_NUMBER;
      return 1;
    }
  }
  return 0;
}

static void
srtla_ack (Window * window, uint32_t sequence)
{
  unsigned i;

  for (i = 0; i < window->n_uplinks; i++) {
    WindowUplink *uplink = &window->uplinks[i];

    if (!forget (uplink, sequence))
      continue;
    if (uplink->in_flight > 0)
      uplink->in_flight--;
    if (uplink->in_flight * 1000 > uplink->window)
      uplink->window += 29;
    break;
  }
  for (i = 0; i < window->n_uplinks; i++) {
    if (window->uplinks[i].last_heard != 0 && window->uplinks[i].window < 60000)
      window->uplinks[i].window++;
  }
}

static void
nak (Window * window, uint32_t sequence)
{
  unsigned i;

  for (i = 0; i < window->n_uplinks; i++) {
    WindowUplink *uplink = &window->uplinks[i];

    if (!forget (uplink, sequence))
      continue;
    uplink->window -= 100;
    if (uplink->window < 1000)
      uplink->window = 1000;
    return;
  }
}

static void
srt_ack (Window * window, uint32_t sequence)
{
  unsigned i, k;

  for (i = 0; i < window->n_uplinks; i++) {
    WindowUplink *uplink = &window->uplinks[i];

    uplink->in_flight = 0;
    for (k = 0; k < WINDOW_LOG; k++) {
      if (uplink->log[k] == WINDOW_NO_NUMBER)
        continue;
      if (((uplink->log[k] - sequence) & 0x40000000) != 0)
        uplink->log[k] = WINDOW_NO_NUMBER;
      else
        uplink->in_flight++;
    }
  }
}

void
window_heard (Window * window, unsigned uplink, const uint8_t * data,
    size_t size, int64_t now)
{
  size_t at;

  if (size < 2)
    return;
  window->uplinks[uplink].last_heard = now;
  switch (relay_u16 (data)) {
    case 0x9100:
      for (at = 4; at + 4 <= size; at += 4)
        srtla_ack (window, relay_u32 (data + at));
      break;
    case 0x8002:
      if (size >= 20)
        srt_ack (window, relay_u32 (data + 16) & 0x7fffffff);
      break;
    case 0x8003:
      for (at = 16; at + 4 <= size; at += 4)
        nak (window, relay_u32 (data + at) & 0x7fffffff);
      break;
    default:
      break;
  }
}
