/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-links.h"
#include "net-ip.h"
#include "net-nat.h"
#include "sim-values.h"

#include <string.h>

G_STATIC_ASSERT (NET_HEADERS == SIM_IP_OVERHEAD);

typedef struct
{
  SimLink *links[2];            /* by NetDirection */
  gchar *names[2];              /* of their random streams, as the simulator's */
  NetNat *nat;
  guint mtu;                    /* bytes; 0: none */
  gboolean mtu_silent;
  guint without;                /* a version of IP that it loses; 0: none */
  NetLinksCounters counters;
} Uplink;

struct _NetLinks
{
  const SimScenario *scenario;
  guint64 seed;
  SimPool *pool;
  Uplink *uplinks;
  guint n_uplinks;
  SrtlaTime *changes;           /* when each happens next; NONE: never */
};

NetLinks *
net_links_new (const SimScenario *scenario, guint64 seed, SrtlaTime now)
{
  NetLinks *links = g_new0 (NetLinks, 1);
  guint i;

  links->scenario = scenario;
  links->seed = seed;
  links->pool = sim_pool_new ();
  links->n_uplinks = scenario->uplinks->len;
  links->uplinks = g_new0 (Uplink, links->n_uplinks);
  for (i = 0; i < links->n_uplinks; i++) {
    const SimUplinkSpec *spec = g_ptr_array_index (scenario->uplinks, i);
    Uplink *uplink = &links->uplinks[i];

    uplink->names[NET_OUT] = g_strconcat (spec->name, "/out", NULL);
    uplink->names[NET_BACK] = g_strconcat (spec->name, "/back", NULL);
    uplink->links[NET_OUT] = sim_link_new (&spec->out, seed,
        uplink->names[NET_OUT], now);
    uplink->links[NET_BACK] = sim_link_new (&spec->back, seed,
        uplink->names[NET_BACK], now);
    uplink->nat = net_nat_new ();
  }
  links->changes = g_new (SrtlaTime, scenario->changes->len + 1);
  for (i = 0; i < scenario->changes->len; i++)
    links->changes[i] = SRTLA_TIME_NONE;
  return links;
}

void
net_links_free (NetLinks *links)
{
  guint i, direction;

  for (i = 0; i < links->n_uplinks; i++) {
    for (direction = NET_OUT; direction <= NET_BACK; direction++) {
      sim_link_free (links->uplinks[i].links[direction]);
      g_free (links->uplinks[i].names[direction]);
    }
    net_nat_free (links->uplinks[i].nat);
  }
  g_free (links->uplinks);
  g_free (links->changes);
  sim_pool_free (links->pool);
  g_free (links);
}

guint
net_links_count (const NetLinks *links)
{
  return links->n_uplinks;
}

gint
net_links_find (const NetLinks *links, const gchar *name)
{
  guint i;

  for (i = 0; i < links->n_uplinks; i++) {
    if (g_str_equal (net_links_name (links, i), name))
      return (gint) i;
  }
  return -1;
}

const gchar *
net_links_name (const NetLinks *links, guint uplink)
{
  const SimUplinkSpec *spec = g_ptr_array_index (links->scenario->uplinks,
      uplink);

  return spec->name;
}

/* ---- Changes ------------------------------------------------------------- */

static gboolean
change (NetLinks *links, guint uplink, const gchar *key, const gchar *value,
    SrtlaTime now, GError **error)
{
  SimLink **both = links->uplinks[uplink].links;
  SimLinkSettings out = { 0, }, back = { 0, };
  gboolean good;

  sim_link_settings_copy (&out, sim_link_settings (both[NET_OUT]));
  sim_link_settings_copy (&back, sim_link_settings (both[NET_BACK]));
  good = sim_scenario_apply (links->scenario, key, value, &out, &back, error);
  if (good) {
    sim_link_change (both[NET_OUT], &out, now);
    sim_link_change (both[NET_BACK], &back, now);
  }
  sim_link_settings_clear (&out);
  sim_link_settings_clear (&back);
  return good;
}

gboolean
net_links_set (NetLinks *links, guint uplink, const gchar *assignment,
    SrtlaTime now, GError **error)
{
  gchar **parts = g_strsplit (assignment, "=", 2);
  gboolean good = g_strv_length (parts) == 2;

  if (good)
    good = change (links, uplink, g_strstrip (parts[0]), g_strstrip (parts[1]),
        now, error);
  else
    g_set_error (error, SIM_SCENARIO_ERROR, 0, "KEY=VALUE was expected");
  g_strfreev (parts);
  return good;
}

void
net_links_rebind (NetLinks *links, guint uplink)
{
  net_nat_rebind (links->uplinks[uplink].nat);
}

void
net_links_set_mtu (NetLinks *links, guint uplink, guint bytes, gboolean silent)
{
  links->uplinks[uplink].mtu = bytes;
  links->uplinks[uplink].mtu_silent = silent;
}

void
net_links_set_without (NetLinks *links, guint uplink, guint version)
{
  links->uplinks[uplink].without = version;
}

void
net_links_start (NetLinks *links, SrtlaTime now)
{
  guint i, direction;

  for (i = 0; i < links->n_uplinks; i++) {
    Uplink *uplink = &links->uplinks[i];

    for (direction = NET_OUT; direction <= NET_BACK; direction++)
      sim_link_restart (uplink->links[direction], links->seed,
          uplink->names[direction], now);
  }
  for (i = 0; i < links->scenario->changes->len; i++) {
    const SimChange *scheduled = g_ptr_array_index (links->scenario->changes, i);

    links->changes[i] = now + scheduled->at;
  }
}

/* Returns: the change that comes first, NULL if there is none. */
static const SimChange *
first_change (const NetLinks *links, guint *which, SrtlaTime *at)
{
  guint i;

  *at = SRTLA_TIME_NONE;
  for (i = 0; i < links->scenario->changes->len; i++) {
    if (links->changes[i] < *at) {
      *which = i;
      *at = links->changes[i];
    }
  }
  return *at == SRTLA_TIME_NONE ? NULL
      : g_ptr_array_index (links->scenario->changes, *which);
}

static void
make_change (NetLinks *links, const SimChange *scheduled, guint which)
{
  SrtlaTime at = links->changes[which];

  links->changes[which] = scheduled->every == 0 ? SRTLA_TIME_NONE
      : at + scheduled->every;
  /* The values were tried when the scenario was read. */
  if (scheduled->kind == SIM_CHANGE_LINK)
    change (links, scheduled->uplink, scheduled->key, scheduled->value, at,
        NULL);
  else if (scheduled->kind == SIM_CHANGE_REBIND)
    net_links_rebind (links, scheduled->uplink);
}

/* ---- Packets ------------------------------------------------------------- */

SimPacket *
net_links_new_packet (NetLinks *links)
{
  return sim_packet_new (links->pool, 0);
}

static SimPacket *
answer_too_large (NetLinks *links, const Uplink *uplink, SimPacket *packet)
{
  SimPacket *answer = NULL;

  if (!uplink->mtu_silent
      && net_ip_may_not_be_split (sim_packet_whole (packet))) {
    answer = sim_packet_new (links->pool, NET_IP_TOO_LARGE - NET_HEADERS);
    net_ip_write_too_large (sim_packet_whole (packet), uplink->mtu,
        sim_packet_whole (answer));
  }
  sim_packet_unref (packet);
  return answer;
}

SimPacket *
net_links_push (NetLinks *links, guint uplink, NetDirection direction,
    SimPacket *packet, gsize size, SrtlaTime now)
{
  Uplink *to = &links->uplinks[uplink];
  gboolean known;

  packet->size = (guint16) (size - NET_HEADERS);
  packet->beside = net_ip_is_6 (sim_packet_whole (packet))
      ? NET_IP6_HEADERS - NET_HEADERS : 0;
  if (to->without == (packet->beside > 0 ? 6 : 4)) {
    to->counters.lost_version++;
    sim_packet_unref (packet);
    return NULL;
  }
  if (to->mtu != 0 && size > to->mtu) {
    to->counters.lost_large++;
    return answer_too_large (links, to, packet);
  }
  known = direction == NET_OUT ? net_nat_out (to->nat, sim_packet_whole (packet))
      : net_nat_back (to->nat, sim_packet_whole (packet));
  if (known) {
    sim_link_push (to->links[direction], packet, now);
  } else {
    to->counters.lost_nat++;
    sim_packet_unref (packet);
  }
  return NULL;
}

/* Returns: the link that has something to do first; NULL if none has. */
static SimLink *
first_link (const NetLinks *links, NetArrival *arrival)
{
  SimLink *first = NULL;
  guint i, direction;

  arrival->due = SRTLA_TIME_NONE;
  for (i = 0; i < links->n_uplinks; i++) {
    for (direction = NET_OUT; direction <= NET_BACK; direction++) {
      SimLink *link = links->uplinks[i].links[direction];
      SrtlaTime deadline = sim_link_deadline (link);

      if (deadline < arrival->due) {
        first = link;
        arrival->due = deadline;
        arrival->uplink = i;
        arrival->direction = direction;
      }
    }
  }
  return first;
}

gboolean
net_links_pop (NetLinks *links, SrtlaTime now, NetArrival *arrival)
{
  for (;;) {
    guint which = 0;
    SrtlaTime change_at;
    const SimChange *scheduled = first_change (links, &which, &change_at);
    SimLink *link = first_link (links, arrival);

    if (MIN (arrival->due, change_at) > now)
      return FALSE;
    if (change_at <= arrival->due) {
      make_change (links, scheduled, which);
      continue;
    }
    /* Only as far as that: what another link does before must come first. */
    arrival->packet = sim_link_pop (link, arrival->due);
    if (arrival->packet != NULL)
      return TRUE;
  }
}

SrtlaTime
net_links_deadline (const NetLinks *links)
{
  NetArrival arrival;
  SrtlaTime change_at;
  guint which;

  first_link (links, &arrival);
  first_change (links, &which, &change_at);
  return MIN (arrival.due, change_at);
}

/* ---- Views --------------------------------------------------------------- */

const SimLinkCounters *
net_links_link_counters (const NetLinks *links, guint uplink,
    NetDirection direction)
{
  return sim_link_counters (links->uplinks[uplink].links[direction]);
}

NetLinksCounters *
net_links_counters (NetLinks *links, guint uplink)
{
  return &links->uplinks[uplink].counters;
}

guint64
net_links_rate (NetLinks *links, guint uplink, NetDirection direction,
    SrtlaTime now)
{
  return sim_link_rate (links->uplinks[uplink].links[direction], now);
}

SrtlaTime
net_links_backlog (NetLinks *links, guint uplink, NetDirection direction,
    SrtlaTime now)
{
  return sim_link_backlog (links->uplinks[uplink].links[direction], now);
}
