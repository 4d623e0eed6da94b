/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-world.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "../tools/demo-tool.h"

/* Descriptors of the namespaces as the emulator has them. */
#define SENDER_FD 3
#define RECEIVER_FD 4

struct _NetWorld
{
  NetNamespaces namespaces;
  SimScenario *scenario;
  GSubprocess *emulator;
  GOutputStream *orders;        /* the emulator's input */
  GDataInputStream *answers;
  gchar *addresses[SRTLA_MAX_UPLINKS];
  gboolean with_ipv6;
  gchar *addresses_6[SRTLA_MAX_UPLINKS];        /* NULL: none */
};

/* ---- Talking to the emulator --------------------------------------------- */

/* Returns: the next line it says, the caller's; NULL: it has ended. */
static gchar *
next_line (NetWorld *world)
{
  return g_data_input_stream_read_line (world->answers, NULL, NULL, NULL);
}

static void
say (NetWorld *world, const gchar *line)
{
  gchar *text = g_strconcat (line, "\n", NULL);
  GError *error = NULL;

  if (!g_output_stream_write_all (world->orders, text, strlen (text), NULL,
          NULL, &error))
    g_error ("the emulator: %s", error->message);
  g_free (text);
}

static void
expect_ok (NetWorld *world, const gchar *line)
{
  gchar *reply = next_line (world);

  if (g_strcmp0 (reply, "ok") != 0)
    g_error ("the emulator, asked \"%s\": %s", line,
        reply != NULL ? reply : "it has ended");
  g_free (reply);
}

static void
obey (NetWorld *world, const gchar *line)
{
  say (world, line);
  expect_ok (world, line);
}

void
net_world_order (NetWorld *world, const gchar *format, ...)
{
  va_list arguments;
  gchar *line;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  obey (world, line);
  g_free (line);
}

void
net_world_start (NetWorld *world)
{
  obey (world, "start");
}

static const gchar *
name_of (const NetWorld *world, guint modem)
{
  const SimUplinkSpec *spec = g_ptr_array_index (world->scenario->uplinks,
      modem);

  return spec->name;
}

/* Reads "NAME out NUMBER…"; -1 stands for what never ends. */
static void
read_link (const gchar *line, NetWorldLink *link)
{
  guint64 *const fields[] = {
    &link->rate, &link->backlog, &link->link.offered,
    &link->link.offered_bytes, &link->link.delivered,
    &link->link.delivered_bytes, &link->link.duplicated,
    &link->link.lost_queue, &link->link.lost_random, &link->link.lost_silent,
    &link->beside.lost_nat, &link->beside.lost_large, &link->beside.lost_late,
    &link->beside.lost_version
  };
  gchar **words = g_strsplit (line, " ", -1);
  guint i;

  g_assert_cmpuint (g_strv_length (words), ==, 2 + G_N_ELEMENTS (fields));
  for (i = 0; i < G_N_ELEMENTS (fields); i++)
    *fields[i] = g_str_equal (words[2 + i], "-1") ? G_MAXUINT64
        : g_ascii_strtoull (words[2 + i], NULL, 10);
  g_strfreev (words);
}

void
net_world_get_link (NetWorld *world, guint modem, NetDirection direction,
    NetWorldLink *link)
{
  guint i;

  say (world, "stats");
  for (i = 0; i < 2 * world->scenario->uplinks->len; i++) {
    gchar *line = next_line (world);

    if (line == NULL)
      g_error ("the emulator has ended");
    if (i == 2 * modem + direction)
      read_link (line, link);
    g_free (line);
  }
  expect_ok (world, "stats");
}

gint64
net_world_lateness (NetWorld *world, gint64 *most)
{
  gint64 lateness;
  gchar *line, *second;

  say (world, "lateness");
  line = next_line (world);
  if (line == NULL)
    g_error ("the emulator has ended");
  lateness = g_ascii_strtoll (line, &second, 10);
  if (most != NULL)
    *most = g_ascii_strtoll (second, NULL, 10);
  g_free (line);
  expect_ok (world, "lateness");
  return lateness;
}

const gchar *
net_world_process (const NetWorld *world)
{
  return g_subprocess_get_identifier (world->emulator);
}

/* ---- Interfaces ---------------------------------------------------------- */

static void
run_ip (NetWorld *world, gboolean at_receiver, const gchar *lines)
{
  GError *error = NULL;

  if (!net_namespace_batch (at_receiver ? world->namespaces.receiver
          : world->namespaces.sender, "ip", lines, &error))
    g_error ("%s: %s", lines, error->message);
}

void
net_world_ip (NetWorld *world, gboolean at_receiver, const gchar *format, ...)
{
  va_list arguments;
  gchar *lines;

  va_start (arguments, format);
  lines = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  run_ip (world, at_receiver, lines);
  g_free (lines);
}

static gchar *
address_lines (const NetWorld *world, guint modem)
{
  return g_strdup_printf ("address add %s/24 dev " NET_MODEM "\n",
      world->addresses[modem], modem);
}

/* A table of its own, and the main one, where the first modem is preferred. */
static gchar *
route_lines (const NetWorld *world, guint modem)
{
  return g_strdup_printf ("route replace default dev " NET_MODEM
      " src %s table %u\nroute replace default dev " NET_MODEM
      " src %s metric %u\n", modem, world->addresses[modem],
      NET_MODEM_TABLE + modem, modem, world->addresses[modem], 100 + modem);
}

/* The same for IPv6; an interface that goes down loses these addresses. */
static gchar *
lines_6 (const NetWorld *world, guint modem)
{
  const gchar *address = world->addresses_6[modem];

  if (address == NULL)
    return g_strdup ("");
  return g_strdup_printf ("address replace %s/64 dev " NET_MODEM " nodad\n"
      "route replace ::/0 dev " NET_MODEM " src %s table %u\n"
      "route replace ::/0 dev " NET_MODEM " src %s metric %u\n", address, modem,
      modem, address, NET_MODEM_TABLE + modem, modem, address, 100 + modem);
}

static void
set_address (NetWorld *world, guint modem, guint host)
{
  g_free (world->addresses[modem]);
  world->addresses[modem] = g_strdup_printf (NET_MODEM_ADDRESS, modem, host);
  g_clear_pointer (&world->addresses_6[modem], g_free);
  if (world->with_ipv6)
    world->addresses_6[modem] = g_strdup_printf (NET_MODEM_ADDRESS_6, modem,
        host);
}

/* A fresh interface: address, up, routes. */
static gchar *
bring_up_lines (const NetWorld *world, guint modem)
{
  gchar *address = address_lines (world, modem);
  gchar *routes = route_lines (world, modem);
  gchar *more = lines_6 (world, modem);
  gchar *lines = g_strdup_printf ("%slink set dev " NET_MODEM
      " txqueuelen 1000 up\n%s%s", address, modem, routes, more);

  g_free (address);
  g_free (routes);
  g_free (more);
  return lines;
}

/* Without a queue of the kernel's: a full device refuses packets (ENOBUFS)
 * instead of losing them in silence. */
#define NO_QUEUE "qdisc replace dev " NET_MODEM " root noqueue\n"

static gboolean
bring_up_all (NetWorld *world, GError **error)
{
  /* A modem without route is not replaced by another: ENETUNREACH. */
  GString *lines = g_string_new ("rule add from 10.64.0.0/16 priority 2000 "
      "unreachable\n");
  GString *queues = g_string_new (NULL), *rules_6 = g_string_new (NULL);
  const gchar *receiver_6 = "";
  gchar *receiver;
  gboolean good;
  guint i;

  if (world->with_ipv6) {
    g_string_append (rules_6, "rule add from " NET_MODEMS_6 " priority 2000 "
        "unreachable\n");
    receiver_6 = "address add " NET_RECEIVER_ADDRESS_6 "/64 dev " NET_RECEIVER
        " nodad\nroute add ::/0 dev " NET_RECEIVER "\n";
  }
  for (i = 0; i < world->scenario->uplinks->len; i++) {
    gchar *modem;

    set_address (world, i, NET_MODEM_HOST);
    modem = bring_up_lines (world, i);
    g_string_append_printf (lines, "%srule add from 10.64.%u.0/24 priority 1000 "
        "lookup %u\nrule add oif " NET_MODEM " priority 1000 lookup %u\n", modem,
        i, NET_MODEM_TABLE + i, i, NET_MODEM_TABLE + i);
    if (world->with_ipv6)
      g_string_append_printf (rules_6, "rule add from " NET_MODEM_ADDRESS_6
          "/64 priority 1000 lookup %u\nrule add oif " NET_MODEM " priority 1000 "
          "lookup %u\n", i, 0, NET_MODEM_TABLE + i, i, NET_MODEM_TABLE + i);
    g_string_append_printf (queues, NO_QUEUE, i);
    g_free (modem);
  }
  receiver = g_strconcat ("address add " NET_RECEIVER_ADDRESS "/24 dev "
      NET_RECEIVER "\naddress add " NET_RECEIVER_OTHER "/24 dev " NET_RECEIVER
      "\nlink set dev " NET_RECEIVER " txqueuelen 1000 up\n"
      "route add default dev " NET_RECEIVER "\n", receiver_6, NULL);
  good = net_namespace_batch (world->namespaces.sender, "ip", lines->str,
      error)
      && net_namespace_batch (world->namespaces.sender, "ip -6", rules_6->str,
      error)
      && net_namespace_batch (world->namespaces.receiver, "ip", receiver, error)
      && net_namespace_batch (world->namespaces.sender, "tc", queues->str,
      error);
  g_string_free (lines, TRUE);
  g_string_free (queues, TRUE);
  g_string_free (rules_6, TRUE);
  g_free (receiver);
  return good;
}

void
net_world_modem_down (NetWorld *world, guint modem)
{
  net_world_ip (world, FALSE, "link set dev " NET_MODEM " down\n", modem);
}

void
net_world_modem_up (NetWorld *world, guint modem)
{
  gchar *routes = route_lines (world, modem), *more = lines_6 (world, modem);

  net_world_ip (world, FALSE, "link set dev " NET_MODEM " up\n%s%s", modem,
      routes, more);
  g_free (routes);
  g_free (more);
}

void
net_world_modem_delete (NetWorld *world, guint modem)
{
  net_world_order (world, "delete %s", name_of (world, modem));
}

void
net_world_modem_create (NetWorld *world, guint modem, guint host)
{
  GError *error = NULL;
  gchar *lines, *queue;

  net_world_order (world, "create %s", name_of (world, modem));
  set_address (world, modem, host);
  lines = bring_up_lines (world, modem);
  run_ip (world, FALSE, lines);
  queue = g_strdup_printf (NO_QUEUE, modem);
  if (!net_namespace_batch (world->namespaces.sender, "tc", queue, &error))
    g_error ("%s", error->message);
  g_free (queue);
  g_free (lines);
}

void
net_world_route_delete (NetWorld *world, guint modem)
{
  net_world_ip (world, FALSE, "route del default table %u\n"
      "route del default dev " NET_MODEM " metric %u\n",
      NET_MODEM_TABLE + modem, modem, 100 + modem);
}

void
net_world_route_create (NetWorld *world, guint modem)
{
  gchar *routes = route_lines (world, modem);

  run_ip (world, FALSE, routes);
  g_free (routes);
}

void
net_world_modem_mtu (NetWorld *world, guint modem, guint bytes)
{
  net_world_ip (world, FALSE, "link set dev " NET_MODEM " mtu %u\n", modem,
      bytes);
}

/* ---- Life ---------------------------------------------------------------- */

static gboolean
load (NetWorld *world, const NetWorldSettings *settings, GError **error)
{
  gboolean good;
  guint i;

  world->scenario = sim_scenario_load (settings->scenario, error);
  good = world->scenario != NULL;
  for (i = 0; good && settings->overrides != NULL
      && settings->overrides[i] != NULL; i++)
    good = sim_scenario_set (world->scenario, settings->overrides[i], error);
  return good;
}

static gchar **
make_command (const NetWorldSettings *settings)
{
  GStrvBuilder *command = g_strv_builder_new ();
  gchar *program = settings->emulator != NULL ? g_strdup (settings->emulator)
      : g_build_filename (g_getenv ("SRTLA_TEST_NET"), "net-emulator", NULL);
  gchar *seed = g_strdup_printf ("--seed=%" G_GUINT64_FORMAT, settings->seed);
  gchar **result;
  guint i;

  g_strv_builder_add_many (command, program, settings->scenario, seed,
      "--sender-net=" G_STRINGIFY (SENDER_FD),
      "--receiver-net=" G_STRINGIFY (RECEIVER_FD), NULL);
  for (i = 0; settings->overrides != NULL && settings->overrides[i] != NULL;
      i++)
    g_strv_builder_add_many (command, "--set", settings->overrides[i], NULL);
  if (settings->csv != NULL)
    g_strv_builder_add_many (command, "--csv", settings->csv, NULL);
  result = g_strv_builder_end (command);
  g_strv_builder_unref (command);
  g_free (program);
  g_free (seed);
  return result;
}

static gboolean
start_emulator (NetWorld *world, const NetWorldSettings *settings,
    GError **error)
{
  GSubprocessLauncher *launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE
      | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  gchar **command = make_command (settings), *line;
  gboolean ready;

  g_subprocess_launcher_take_fd (launcher, dup (world->namespaces.sender),
      SENDER_FD);
  g_subprocess_launcher_take_fd (launcher, dup (world->namespaces.receiver),
      RECEIVER_FD);
  world->emulator = g_subprocess_launcher_spawnv (launcher,
      (const gchar * const *) command, error);
  g_object_unref (launcher);
  g_strfreev (command);
  if (world->emulator == NULL)
    return FALSE;
  world->orders = g_subprocess_get_stdin_pipe (world->emulator);
  world->answers =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (world->emulator));
  line = next_line (world);
  ready = g_strcmp0 (line, "ready") == 0;
  if (!ready)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "the emulator did not start");
  g_free (line);
  return ready;
}

void
net_world_find_everything (void)
{
  gchar *here = demo_tool_find_all ();

  g_setenv ("SRTLA_TEST_NET", here, FALSE);
  g_free (here);
}

NetWorld *
net_world_new (const NetNamespaces *namespaces,
    const NetWorldSettings *settings, GError **error)
{
  NetWorld *world = g_new0 (NetWorld, 1);

  world->namespaces = *namespaces;
  world->with_ipv6 = settings->with_ipv6;
  if (load (world, settings, error) && start_emulator (world, settings, error)
      && bring_up_all (world, error))
    return world;
  net_world_free (world);
  return NULL;
}

/* Interfaces, addresses and routes go with the emulator; rules stay. */
static void
forget_rules (NetWorld *world)
{
  GString *lines = g_string_new ("rule del priority 2000\n");
  guint i;

  for (i = 0; i < 2 * world->scenario->uplinks->len; i++)
    g_string_append (lines, "rule del priority 1000\n");
  net_namespace_batch (world->namespaces.sender, "ip", lines->str, NULL);
  if (world->with_ipv6)
    net_namespace_batch (world->namespaces.sender, "ip -6", lines->str, NULL);
  g_string_free (lines, TRUE);
}

void
net_world_free (NetWorld *world)
{
  guint i;

  if (world->emulator != NULL)
    forget_rules (world);
  if (world->emulator != NULL) {
    /* The end of its input is its end. */
    g_output_stream_close (world->orders, NULL, NULL);
    g_subprocess_wait (world->emulator, NULL, NULL);
    if (!g_subprocess_get_successful (world->emulator))
      g_critical ("the emulator did not end well");
    g_object_unref (world->emulator);
  }
  g_clear_object (&world->answers);
  g_clear_pointer (&world->scenario, sim_scenario_free);
  for (i = 0; i < SRTLA_MAX_UPLINKS; i++) {
    g_free (world->addresses[i]);
    g_free (world->addresses_6[i]);
  }
  g_free (world);
}

/* ---- Views --------------------------------------------------------------- */

const SimScenario *
net_world_scenario (const NetWorld *world)
{
  return world->scenario;
}

guint
net_world_count (const NetWorld *world)
{
  return world->scenario->uplinks->len;
}

const gchar *
net_world_address (const NetWorld *world, guint modem)
{
  return world->addresses[modem];
}

const gchar *
net_world_address_6 (const NetWorld *world, guint modem)
{
  return world->addresses_6[modem];
}

gchar *
net_world_uplinks (const NetWorld *world, gboolean by_ipv6)
{
  return g_strjoinv (",", (gchar **) (by_ipv6 ? world->addresses_6
          : world->addresses));
}
