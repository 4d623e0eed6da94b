/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "demo-network.h"

#include "../net/net-world.h"

#define VICTIM 1                /* number of the uplink that is cut */

struct _DemoNetwork
{
  gchar *tools, *scenario;
  gchar *description;
  gchar *uplinks;
  guint16 port;

  NetNamespaces namespaces;     /* if emulated */
  NetWorld *world;
  DemoTool *relay;              /* else */
  gboolean emulated;
};

/* One-way delays at the relay, ms: no two paths are alike. */
static const gchar *const delays[DEMO_UPLINKS] = {
  "delay 127.0.0.2 10", "delay 127.0.0.3 15", "delay 127.0.0.4 20",
  "delay 127.0.0.5 30",
};

DemoNetwork *
demo_network_new (const gchar *tools, const gchar *scenario)
{
  DemoNetwork *network = g_new0 (DemoNetwork, 1);
  gchar *reason = NULL;

  network->tools = g_strdup (tools);
  network->scenario = g_strdup (scenario);
  network->emulated = scenario != NULL
      && net_namespaces_enter (&network->namespaces, &reason);
  if (network->emulated)
    network->description = g_strdup_printf ("Network: emulated modems (%s), "
        "in network namespaces of their own.", scenario);
  else
    network->description = g_strdup_printf ("Network: a relay on loopback%s%s.",
        reason != NULL ? ", as this system gives us no modems: " : "",
        reason != NULL ? reason : "");
  g_free (reason);
  return network;
}

void
demo_network_free (DemoNetwork *network)
{
  g_clear_pointer (&network->world, net_world_free);
  demo_tool_stop (network->relay);
  g_free (network->tools);
  g_free (network->scenario);
  g_free (network->description);
  g_free (network->uplinks);
  g_free (network);
}

const gchar *
demo_network_describe (const DemoNetwork *network)
{
  return network->description;
}

static gboolean
start_modems (DemoNetwork *network, GError **error)
{
  gchar *emulator = g_build_filename (network->tools, "..", "net",
      "net-emulator", NULL);
  const NetWorldSettings settings = {.emulator = emulator,
    .scenario = network->scenario,.seed = g_random_int ()
  };

  network->world = net_world_new (&network->namespaces, &settings, error);
  g_free (emulator);
  if (network->world == NULL)
    return FALSE;
  network->uplinks = net_world_uplinks (network->world, FALSE);
  return TRUE;
}

static gboolean
start_relay (DemoNetwork *network, guint16 receiver_port, GError **error)
{
  gchar *program = g_build_filename (network->tools, "udp-relay", NULL);
  gchar *listen = g_strdup_printf ("127.0.0.1:%u", network->port);
  gchar *to = g_strdup_printf ("127.0.0.1:%u", receiver_port);
  const gchar *argv[] = { program, "--listen", listen, "--to", to, NULL };
  guint i;

  network->relay = demo_tool_start (argv, "relaying", error);
  for (i = 0; network->relay != NULL && i < DEMO_UPLINKS; i++)
    demo_tool_command (network->relay, delays[i]);
  network->uplinks = g_strdup ("127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5");
  g_free (to);
  g_free (listen);
  g_free (program);
  return network->relay != NULL;
}

gboolean
demo_network_start (DemoNetwork *network, guint16 receiver_port,
    GError **error)
{
  network->port = network->emulated ? receiver_port : demo_free_port ();
  return network->emulated ? start_modems (network, error)
      : start_relay (network, receiver_port, error);
}

gint
demo_network_studio (const DemoNetwork *network)
{
  return network->emulated ? network->namespaces.receiver : 0;
}

const gchar *
demo_network_uplinks (const DemoNetwork *network)
{
  return network->uplinks;
}

const gchar *
demo_network_host (const DemoNetwork *network)
{
  return network->emulated ? NET_RECEIVER_ADDRESS : "127.0.0.1";
}

guint16
demo_network_port (const DemoNetwork *network)
{
  return network->port;
}

const gchar *
demo_network_victim (const DemoNetwork *network)
{
  return network->world != NULL ? net_world_address (network->world, VICTIM)
      : "127.0.0.3";
}

static void
set_passes (DemoNetwork *network, const gchar *what)
{
  const SimUplinkSpec *modem =
      g_ptr_array_index (net_world_scenario (network->world)->uplinks, VICTIM);

  net_world_order (network->world, "set %s passes=%s", modem->name, what);
}

void
demo_network_cut (DemoNetwork *network)
{
  if (network->emulated)
    set_passes (network, "nothing");
  else
    demo_tool_command (network->relay, "cut 127.0.0.3");
}

void
demo_network_restore (DemoNetwork *network)
{
  if (network->emulated)
    set_passes (network, "all");
  else
    demo_tool_command (network->relay, "restore 127.0.0.3");
}

gboolean
demo_network_is_running (const DemoNetwork *network)
{
  return network->emulated || demo_tool_is_running (network->relay);
}
