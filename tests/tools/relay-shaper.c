/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-shaper.h"

#include <string.h>

/* bits/s; a datagram takes a microsecond. */
#define UNSHAPED G_GUINT64_CONSTANT (10000000000)

static const RelayDirections directions_of[2] = { RELAY_OUT, RELAY_BACK };

struct _RelayPath
{
  gchar *address;
  SimLink *links[2];            /* as in directions_of */
};

struct _RelayShaper
{
  guint64 seed;
  SimPool *pool;
  GPtrArray *paths;             /* of RelayPath */
  SimLinkSettings defaults[2];  /* for paths to come */
};

static void
path_free (gpointer data)
{
  RelayPath *path = data;
  guint i;

  for (i = 0; i < 2; i++)
    sim_link_free (path->links[i]);
  g_free (path->address);
  g_free (path);
}

RelayShaper *
relay_shaper_new (guint64 seed)
{
  RelayShaper *shaper = g_new0 (RelayShaper, 1);
  guint i;

  shaper->seed = seed;
  shaper->pool = sim_pool_new ();
  shaper->paths = g_ptr_array_new_with_free_func (path_free);
  for (i = 0; i < 2; i++) {
    sim_link_settings_init (&shaper->defaults[i]);
    shaper->defaults[i].rate = UNSHAPED;
    shaper->defaults[i].delay = 0;
  }
  return shaper;
}

void
relay_shaper_free (RelayShaper *shaper)
{
  guint i;

  g_ptr_array_free (shaper->paths, TRUE);
  for (i = 0; i < 2; i++)
    sim_link_settings_clear (&shaper->defaults[i]);
  sim_pool_free (shaper->pool);
  g_free (shaper);
}

RelayPath *
relay_shaper_find (RelayShaper *shaper, const gchar *address, SrtlaTime now)
{
  static const gchar *const names[2] = { "out", "back" };
  RelayPath *path;
  guint i;

  for (i = 0; i < shaper->paths->len; i++) {
    path = shaper->paths->pdata[i];
    if (strcmp (path->address, address) == 0)
      return path;
  }
  path = g_new0 (RelayPath, 1);
  path->address = g_strdup (address);
  for (i = 0; i < 2; i++) {
    gchar *name = g_strdup_printf ("%s %s", address, names[i]);

    path->links[i] = sim_link_new (&shaper->defaults[i], shaper->seed, name,
        now);
    g_free (name);
  }
  g_ptr_array_add (shaper->paths, path);
  return path;
}

/* ---- Orders -------------------------------------------------------------- */

typedef struct
{
  const gchar *verb;
  const gchar *key;             /* of the simulator's links */
  const gchar *value;           /* NULL: a number is given */
  const gchar *unit;
  RelayDirections directions;
} Order;

static const Order orders[] = {
  {"cut", "passes", "nothing", NULL, RELAY_BOTH},
  {"restore", "passes", "all", NULL, RELAY_BOTH},
  {"keepalives", "passes", "keepalives", NULL, RELAY_OUT},
  {"rate", "rate", NULL, "kbit/s", RELAY_BOTH},
  {"queue", "queue", NULL, "ms", RELAY_BOTH},
  {"delay", "delay", NULL, "ms", RELAY_BOTH},
  {"jitter", "jitter", NULL, "ms", RELAY_BOTH},
  {"loss", "loss", NULL, "%", RELAY_BOTH},
};

static const Order *
find_order (const gchar *verb)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (orders); i++) {
    if (strcmp (orders[i].verb, verb) == 0)
      return &orders[i];
  }
  return NULL;
}

/* Returns: FALSE if the value is none for the key. */
static gboolean
change_link (SimLink *link, const gchar *key, const gchar *value, SrtlaTime now)
{
  SimLinkSettings settings = { 0 };
  gboolean good;

  sim_link_settings_copy (&settings, sim_link_settings (link));
  good = sim_link_settings_set (&settings, key, value, ".", NULL);
  if (good)
    sim_link_change (link, &settings, now);
  sim_link_settings_clear (&settings);
  return good;
}

static gboolean
set_key (RelayShaper *shaper, const gchar *address, guint which,
    const gchar *key, const gchar *value, SrtlaTime now)
{
  guint n;

  if (strcmp (address, "all") != 0)
    return change_link (relay_shaper_find (shaper, address, now)->links[which],
        key, value, now);
  if (!sim_link_settings_set (&shaper->defaults[which], key, value, ".", NULL))
    return FALSE;
  for (n = 0; n < shaper->paths->len; n++)
    change_link (((RelayPath *) shaper->paths->pdata[n])->links[which], key,
        value, now);
  return TRUE;
}

gboolean
relay_shaper_order (RelayShaper *shaper, const gchar *verb,
    const gchar *address, const gchar *const *arguments, SrtlaTime now)
{
  const Order *order = find_order (verb);
  RelayDirections directions;
  gboolean good = TRUE;
  guint n = 0, i;
  gchar *value;

  while (arguments[n] != NULL)
    n++;
  if (order == NULL)
    return FALSE;
  directions = order->directions;
  if (order->value == NULL && n == 2 && strcmp (arguments[1], "out") == 0)
    directions = RELAY_OUT;
  else if (order->value == NULL && n == 2 && strcmp (arguments[1], "back") == 0)
    directions = RELAY_BACK;
  else if (n != (order->value == NULL ? 1 : 0))
    return FALSE;

  value = order->value != NULL ? g_strdup (order->value)
      : g_strconcat (arguments[0], order->unit, NULL);
  for (i = 0; i < 2; i++) {
    if (directions & directions_of[i])
      good &= set_key (shaper, address, i, order->key, value, now);
  }
  g_free (value);
  return good;
}

/* ---- Datagrams ----------------------------------------------------------- */

void
relay_shaper_push (RelayShaper *shaper, RelayPath *path,
    RelayDirections direction, guint64 client, const guint8 *data, gsize size,
    SrtlaTime now)
{
  SimPacket *packet = sim_packet_copy (shaper->pool, data, size);

  packet->tag = client;
  sim_link_push (path->links[direction == RELAY_OUT ? 0 : 1], packet, now);
}

/* Returns: the link that has something to do first; NULL if none has. */
static SimLink *
first_link (const RelayShaper *shaper, SrtlaTime *deadline, guint *which)
{
  SimLink *first = NULL;
  guint i, n;

  *deadline = SRTLA_TIME_NONE;
  for (n = 0; n < shaper->paths->len; n++) {
    RelayPath *path = shaper->paths->pdata[n];

    for (i = 0; i < 2; i++) {
      SrtlaTime time = sim_link_deadline (path->links[i]);

      if (time < *deadline) {
        first = path->links[i];
        *deadline = time;
        *which = i;
      }
    }
  }
  return first;
}

gboolean
relay_shaper_pop (RelayShaper *shaper, SrtlaTime now, RelayArrival *arrival)
{
  SrtlaTime deadline;
  SimLink *link;
  guint which = 0;

  while ((link = first_link (shaper, &deadline, &which)) != NULL
      && deadline <= now) {
    /* Only as far as that: what another link does before must come first. */
    arrival->packet = sim_link_pop (link, deadline);
    arrival->direction = directions_of[which];
    arrival->due = deadline;
    if (arrival->packet != NULL)
      return TRUE;
  }
  return FALSE;
}

SrtlaTime
relay_shaper_deadline (const RelayShaper *shaper)
{
  SrtlaTime deadline;
  guint which;

  first_link (shaper, &deadline, &which);
  return deadline;
}
