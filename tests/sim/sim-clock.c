/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-clock.h"

typedef struct
{
  SrtlaTime at;
  guint64 order;                /* of the request: breaks ties */
  SimEventFunc func;
  gpointer target, data;
} Event;

struct _SimClock
{
  SrtlaTime now;
  guint64 next_order, handled;
  Event *heap;
  guint n_events, size;
};

SimClock *
sim_clock_new (void)
{
  SimClock *clock = g_new0 (SimClock, 1);

  clock->now = SIM_START;
  clock->size = 1024;
  clock->heap = g_new (Event, clock->size);
  return clock;
}

void
sim_clock_free (SimClock *clock)
{
  g_free (clock->heap);
  g_free (clock);
}

SrtlaTime
sim_clock_now (const SimClock *clock)
{
  return clock->now;
}

guint64
sim_clock_count (const SimClock *clock)
{
  return clock->handled;
}

static inline gboolean
before (const Event *a, const Event *b)
{
  return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void
sim_clock_call (SimClock *clock, SrtlaTime at, SimEventFunc func,
    gpointer target, gpointer data)
{
  Event event = { MAX (at, clock->now), clock->next_order++, func, target, data };
  guint place = clock->n_events++;

  if (clock->n_events > clock->size) {
    clock->size *= 2;
    clock->heap = g_renew (Event, clock->heap, clock->size);
  }
  while (place > 0 && before (&event, &clock->heap[(place - 1) / 2])) {
    clock->heap[place] = clock->heap[(place - 1) / 2];
    place = (place - 1) / 2;
  }
  clock->heap[place] = event;
}

static Event
take_first (SimClock *clock)
{
  Event first = clock->heap[0];
  Event last = clock->heap[--clock->n_events];
  guint place = 0, child;

  while ((child = 2 * place + 1) < clock->n_events) {
    if (child + 1 < clock->n_events
        && before (&clock->heap[child + 1], &clock->heap[child]))
      child++;
    if (!before (&clock->heap[child], &last))
      break;
    clock->heap[place] = clock->heap[child];
    place = child;
  }
  clock->heap[place] = last;
  return first;
}

void
sim_clock_run (SimClock *clock, SrtlaTime until)
{
  while (clock->n_events > 0 && clock->heap[0].at <= until) {
    Event event = take_first (clock);

    clock->now = event.at;
    clock->handled++;
    event.func (event.target, event.data, event.at);
  }
  clock->now = MAX (clock->now, until);
}

void
sim_timer_init (SimTimer *timer, SimClock *clock, SimEventFunc func,
    gpointer target)
{
  timer->clock = clock;
  timer->func = func;
  timer->target = target;
  timer->due = timer->queued = SRTLA_TIME_NONE;
}

static void
timer_event (gpointer target, gpointer data, SrtlaTime now)
{
  SimTimer *timer = target;

  (void) data;
  if (timer->queued != now)
    return;                     /* an earlier event was asked for since */
  timer->queued = SRTLA_TIME_NONE;
  if (timer->due == SRTLA_TIME_NONE)
    return;
  if (timer->due > now) {
    sim_timer_set (timer, timer->due);
    return;
  }
  timer->due = SRTLA_TIME_NONE;
  timer->func (timer->target, NULL, now);
}

void
sim_timer_set (SimTimer *timer, SrtlaTime due)
{
  if (due != SRTLA_TIME_NONE)
    due = MAX (due, timer->clock->now);
  timer->due = due;
  if (due >= timer->queued)
    return;                     /* the event in the heap will see to it */
  timer->queued = due;
  sim_clock_call (timer->clock, due, timer_event, timer, NULL);
}
