/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-link.h"

#include <math.h>
#include <string.h>

#define WALK_STEP (100 * SRTLA_MILLISECOND)
/* A walk never falls below this share of its mean. */
#define WALK_FLOOR 0.05
/* A burst of losses is over when nothing was sent for this long. */
#define BURST_MEMORY (20 * SRTLA_MILLISECOND)

typedef struct
{
  SimPacket *packet;
  SrtlaTime arrives;
} Flight;

struct _SimLink
{
  SimLinkSettings settings;
  SimRandom loss_random, delay_random, walk_random, duplicate_random;
  SimLinkCounters counters;
  SrtlaTime start;

  guint64 rate;                 /* bits/s now */
  guint64 bound_rate;           /* last one above 0: what queue_time refers to */
  gdouble walk_state;           /* log of the rate over its mean, normal */
  SrtlaTime next_rate;          /* when trace or walk change it; NONE = never */
  gboolean in_burst;
  SrtlaTime burst_seen;         /* last packet that went through its state */

  GQueue waiting;               /* of SimPacket; the head is being served */
  guint64 waiting_bytes;        /* IP bytes, the head in full */
  gdouble served_at;            /* µs; end of the head's service if rate > 0 */
  gdouble bits_left;            /* of the head while rate is 0 */

  Flight *flight;               /* a ring, by arrival */
  guint first, n_flight, size;
};

static guint
ip_size (const SimPacket *packet)
{
  return packet->size + SIM_IP_OVERHEAD;
}

/* ---- Rate over time ---------------------------------------------------- */

static void
set_rate (SimLink *link, guint64 rate, SrtlaTime now)
{
  if (rate == link->rate)
    return;
  if (!g_queue_is_empty (&link->waiting)) {
    if (link->rate > 0)
      link->bits_left = MAX (0.0, (link->served_at - now) * link->rate / 1e6);
    if (rate > 0)
      link->served_at = now + link->bits_left * 1e6 / rate;
  }
  link->rate = rate;
  if (rate > 0)
    link->bound_rate = rate;
}

static void
follow_trace (SimLink *link, SrtlaTime now)
{
  const SimTracePoint *points =
      (const SimTracePoint *) link->settings.trace->data;
  guint n_points = link->settings.trace->len, low = 0, high;
  SrtlaTime period = points[n_points - 1].at;
  SrtlaTime start = now - (now - link->start) % period;

  for (high = n_points - 1; high - low > 1;) {
    guint middle = (low + high) / 2;

    if (points[middle].at <= now - start)
      low = middle;
    else
      high = middle;
  }
  set_rate (link, points[low].rate, now);
  link->next_rate = start + points[low + 1].at;
}

/* The walk: an Ornstein–Uhlenbeck process in the logarithm of the rate, whose
 * mean is the link's `rate`. */
static void
step_walk (SimLink *link, SrtlaTime now)
{
  gdouble variance = log1p (link->settings.walk * link->settings.walk);
  gdouble keep = exp (-(gdouble) WALK_STEP / link->settings.walk_time);
  gdouble factor;

  link->walk_state = keep * link->walk_state
      + sqrt (1.0 - keep * keep) * sim_random_normal (&link->walk_random);
  factor = exp (sqrt (variance) * link->walk_state - variance / 2);
  set_rate (link, (guint64) (link->settings.rate * MAX (factor, WALK_FLOOR)),
      now);
  link->next_rate = now + WALK_STEP;
}

static void
change_rate (SimLink *link, SrtlaTime now)
{
  if (link->settings.trace != NULL) {
    follow_trace (link, now);
  } else if (link->settings.walk > 0) {
    step_walk (link, now);
  } else {
    set_rate (link, link->settings.rate, now);
    link->next_rate = SRTLA_TIME_NONE;
  }
}

/* ---- Life -------------------------------------------------------------- */

static void
init_stream (SimRandom *random, guint64 seed, const gchar *name,
    const gchar *purpose)
{
  gchar *stream = g_strconcat (name, "/", purpose, NULL);

  sim_random_init (random, seed, stream);
  g_free (stream);
}

static void advance (SimLink *link, SrtlaTime now);

static void
begin (SimLink *link, guint64 seed, const gchar *name, SrtlaTime now)
{
  init_stream (&link->loss_random, seed, name, "loss");
  init_stream (&link->delay_random, seed, name, "delay");
  init_stream (&link->walk_random, seed, name, "walk");
  init_stream (&link->duplicate_random, seed, name, "duplicate");
  link->start = now;
  link->walk_state = sim_random_normal (&link->walk_random);
  change_rate (link, now);
}

SimLink *
sim_link_new (const SimLinkSettings *settings, guint64 seed,
    const gchar *name, SrtlaTime now)
{
  SimLink *link = g_new0 (SimLink, 1);

  sim_link_settings_copy (&link->settings, settings);
  link->bound_rate = 1;
  g_queue_init (&link->waiting);
  link->size = 64;
  link->flight = g_new (Flight, link->size);
  begin (link, seed, name, now);
  return link;
}

void
sim_link_restart (SimLink *link, guint64 seed, const gchar *name, SrtlaTime now)
{
  advance (link, now);
  link->in_burst = FALSE;
  link->burst_seen = 0;
  begin (link, seed, name, now);
}

void
sim_link_free (SimLink *link)
{
  SimPacket *packet;

  while ((packet = g_queue_pop_head (&link->waiting)) != NULL)
    sim_packet_unref (packet);
  for (; link->n_flight > 0; link->n_flight--)
    sim_packet_unref (link->flight[(link->first
                + link->n_flight - 1) % link->size].packet);
  sim_link_settings_clear (&link->settings);
  g_free (link->flight);
  g_free (link);
}

/* ---- Loss -------------------------------------------------------------- */

static gboolean
passes (const SimLink *link, const SimPacket *packet)
{
  switch (link->settings.passes) {
    case SIM_PASSES_ALL:
      return TRUE;
    case SIM_PASSES_KEEPALIVES:
      return packet->size >= packet->beside + 2
          && (packet->data[packet->beside] & 0xf0) == 0x90;
    case SIM_PASSES_NOTHING:
    default:
      return FALSE;
  }
}

/* Gilbert's model: all is lost in a burst, nothing between bursts; the two
 * transition probabilities follow from the share lost and the mean length.
 * After a pause nobody knows the state any more: it is drawn anew. */
static gboolean
is_lost (SimLink *link, SrtlaTime now)
{
  const SimLinkSettings *settings = &link->settings;
  gboolean lost = FALSE;

  if (settings->burst_loss > 0) {
    gdouble end = 1.0 / settings->burst_length;
    gdouble begin = MIN (1.0, end * settings->burst_loss
        / (1.0 - settings->burst_loss));
    gdouble draw = sim_random_unit (&link->loss_random);

    if (now - link->burst_seen > BURST_MEMORY)
      link->in_burst = draw < settings->burst_loss;
    else
      link->in_burst = link->in_burst ? draw >= end : draw < begin;
    link->burst_seen = now;
    lost = link->in_burst;
  }
  if (settings->loss > 0
      && sim_random_unit (&link->loss_random) < settings->loss)
    lost = TRUE;
  return lost;
}

static gboolean
is_duplicated (SimLink *link)
{
  return link->settings.duplicate > 0
      && sim_random_unit (&link->duplicate_random) < link->settings.duplicate;
}

/* ---- The delay line ---------------------------------------------------- */

static void
enter_flight (SimLink *link, SimPacket *packet, SrtlaTime now)
{
  const SimLinkSettings *settings = &link->settings;
  SrtlaTime arrives = now + settings->delay;
  guint place;

  if (settings->jitter > 0) {
    gdouble shift = (2 * sim_random_unit (&link->delay_random) - 1)
        * settings->jitter;

    arrives = (SrtlaTime) MAX ((gdouble) now, arrives + shift);
  }
  if (link->n_flight == link->size) {
    Flight *larger = g_new (Flight, link->size * 2);
    guint i;

    for (i = 0; i < link->n_flight; i++)
      larger[i] = link->flight[(link->first + i) % link->size];
    g_free (link->flight);
    link->flight = larger;
    link->first = 0;
    link->size *= 2;
  }
  place = link->n_flight++;
  while (place > 0) {
    Flight *previous = &link->flight[(link->first + place - 1) % link->size];

    if (previous->arrives <= arrives)
      break;
    if (!settings->reorder) {
      arrives = previous->arrives;
      break;
    }
    link->flight[(link->first + place) % link->size] = *previous;
    place--;
  }
  link->flight[(link->first + place) % link->size].packet = packet;
  link->flight[(link->first + place) % link->size].arrives = arrives;
}

/* ---- The queue --------------------------------------------------------- */

static void
serve_next (SimLink *link, gdouble from)
{
  SimPacket *packet = g_queue_peek_head (&link->waiting);

  if (packet == NULL)
    return;
  link->bits_left = 8.0 * ip_size (packet);
  if (link->rate > 0)
    link->served_at = from + link->bits_left * 1e6 / link->rate;
}

static SrtlaTime
service_end (const SimLink *link)
{
  if (link->rate == 0 || g_queue_is_empty ((GQueue *) & link->waiting))
    return SRTLA_TIME_NONE;
  return (SrtlaTime) ceil (link->served_at);
}

static void
serve (SimLink *link)
{
  SrtlaTime end = service_end (link);
  SimPacket *packet = g_queue_pop_head (&link->waiting);

  link->waiting_bytes -= ip_size (packet);
  if (!passes (link, packet)) {
    link->counters.lost_silent++;
    sim_packet_unref (packet);
  } else if (is_lost (link, end)) {
    link->counters.lost_random++;
    sim_packet_unref (packet);
  } else {
    if (is_duplicated (link)) {
      link->counters.duplicated++;
      enter_flight (link, sim_packet_ref (packet), end);
    }
    enter_flight (link, packet, end);
  }
  serve_next (link, link->served_at);
}

/* Everything that happens by `now`, in its order. */
static void
advance (SimLink *link, SrtlaTime now)
{
  for (;;) {
    SrtlaTime end = service_end (link);

    if (MIN (end, link->next_rate) > now)
      return;
    if (end <= link->next_rate)
      serve (link);
    else
      change_rate (link, link->next_rate);
  }
}

static gboolean
has_room (const SimLink *link, guint bytes)
{
  const SimLinkSettings *settings = &link->settings;
  guint64 total = link->waiting_bytes + bytes;

  if (link->waiting_bytes == 0)
    return TRUE;
  if (settings->queue_bytes > 0 && total > settings->queue_bytes)
    return FALSE;
  if (settings->queue_time > 0
      && total * 8e6 > (gdouble) settings->queue_time * link->bound_rate)
    return FALSE;
  return TRUE;
}

gboolean
sim_link_push (SimLink *link, SimPacket *packet, SrtlaTime now)
{
  guint bytes = ip_size (packet);

  advance (link, now);
  link->counters.offered++;
  link->counters.offered_bytes += bytes;
  if (!passes (link, packet)) {
    link->counters.lost_silent++;
    sim_packet_unref (packet);
    return FALSE;
  }
  if (!has_room (link, bytes)) {
    link->counters.lost_queue++;
    sim_packet_unref (packet);
    return FALSE;
  }
  g_queue_push_tail (&link->waiting, packet);
  link->waiting_bytes += bytes;
  if (link->waiting.length == 1)
    serve_next (link, now);
  return TRUE;
}

SimPacket *
sim_link_pop (SimLink *link, SrtlaTime now)
{
  SimPacket *packet;

  advance (link, now);
  if (link->n_flight == 0 || link->flight[link->first].arrives > now)
    return NULL;
  packet = link->flight[link->first].packet;
  link->first = (link->first + 1) % link->size;
  link->n_flight--;
  link->counters.delivered++;
  link->counters.delivered_bytes += ip_size (packet);
  return packet;
}

SrtlaTime
sim_link_deadline (const SimLink *link)
{
  SrtlaTime deadline = service_end (link);

  if (deadline != SRTLA_TIME_NONE || link->rate == 0)
    deadline = MIN (deadline, link->next_rate);
  if (link->n_flight > 0)
    deadline = MIN (deadline, link->flight[link->first].arrives);
  return deadline;
}

/* ---- Changes and views ------------------------------------------------- */

void
sim_link_change (SimLink *link, const SimLinkSettings *settings, SrtlaTime now)
{
  advance (link, now);
  sim_link_settings_copy (&link->settings, settings);
  change_rate (link, now);
}

const SimLinkSettings *
sim_link_settings (const SimLink *link)
{
  return &link->settings;
}

SrtlaTime
sim_link_backlog (SimLink *link, SrtlaTime now)
{
  SimPacket *head;
  gdouble rest;

  advance (link, now);
  head = g_queue_peek_head (&link->waiting);
  if (head == NULL)
    return 0;
  if (link->rate == 0)
    return SRTLA_TIME_NONE;
  rest = (link->waiting_bytes - ip_size (head)) * 8e6 / link->rate;
  return (SrtlaTime) (MAX (0.0, link->served_at - now) + rest);
}

SrtlaTime
sim_link_predict (SimLink *link, gsize size, SrtlaTime now)
{
  guint bytes = size + SIM_IP_OVERHEAD;
  SrtlaTime backlog = sim_link_backlog (link, now);

  if (link->settings.passes != SIM_PASSES_ALL || link->rate == 0
      || backlog == SRTLA_TIME_NONE || !has_room (link, bytes))
    return SRTLA_TIME_NONE;
  return now + backlog + (SrtlaTime) (bytes * 8e6 / link->rate)
      + link->settings.delay;
}

guint64
sim_link_rate (SimLink *link, SrtlaTime now)
{
  advance (link, now);
  return link->rate;
}

const SimLinkCounters *
sim_link_counters (const SimLink *link)
{
  return &link->counters;
}
