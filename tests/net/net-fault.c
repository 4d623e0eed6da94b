/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-fault.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../gst/model-resolver.h"

/* ---- Links --------------------------------------------------------------- */

static void
set_link (NetFaultRun *run, const gchar *assignment)
{
  net_world_order (run->stream->world, "set %s %s",
      net_stream_link (run->stream, run->modem), assignment);
}

static void
order_link (NetFaultRun *run, const gchar *verb)
{
  net_world_order (run->stream->world, "%s %s", verb,
      net_stream_link (run->stream, run->modem));
}

static void
set_all (NetFaultRun *run, const gchar *assignment)
{
  guint i;

  for (i = 0; i < run->stream->modems; i++)
    net_world_order (run->stream->world, "set %s %s",
        net_stream_link (run->stream, i), assignment);
}

static void
silence (NetFaultRun *run)
{
  set_link (run, "passes=nothing");
}

static void
keepalives_only (NetFaultRun *run)
{
  set_link (run, "passes=keepalives");
}

static void
pass_all (NetFaultRun *run)
{
  set_link (run, "passes=all");
}

static void
silence_all (NetFaultRun *run)
{
  set_all (run, "passes=nothing");
}

static void
pass_all_of_all (NetFaultRun *run)
{
  set_all (run, "passes=all");
}

static void
flap (NetFaultRun *run)
{
  set_link (run, run->steps % 2 == 0 ? "passes=all" : "passes=nothing");
}

static void
pause_device (NetFaultRun *run)
{
  order_link (run, "pause");
}

static void
resume_device (NetFaultRun *run)
{
  order_link (run, "resume");
}

static void
lose_packets (NetFaultRun *run)
{
  set_link (run, "loss=20%");
}

static void
lose_none (NetFaultRun *run)
{
  set_link (run, "loss=0%");
}

static void
collapse (NetFaultRun *run)
{
  set_link (run, "rate=300kbit/s");
}

static void
recover (NetFaultRun *run)
{
  set_link (run, "rate=4Mbit/s");
}

static void
delay (NetFaultRun *run)
{
  set_link (run, "delay=400ms");
}

static void
undelay (NetFaultRun *run)
{
  set_link (run, "delay=25ms");
}

static void
rebind (NetFaultRun *run)
{
  order_link (run, "rebind");
}

static void
rebind_all (NetFaultRun *run)
{
  guint i;

  for (i = 0; i < run->stream->modems; i++)
    net_world_order (run->stream->world, "rebind %s",
        net_stream_link (run->stream, i));
}

/* ---- Interfaces ---------------------------------------------------------- */

static void
interface_down (NetFaultRun *run)
{
  net_world_modem_down (run->stream->world, run->modem);
}

static void
interface_up (NetFaultRun *run)
{
  net_world_modem_up (run->stream->world, run->modem);
}

static void
interface_deleted (NetFaultRun *run)
{
  net_world_modem_delete (run->stream->world, run->modem);
}

/* Under another address than it had. */
static void
interface_created (NetFaultRun *run)
{
  const gchar *last = strrchr (net_world_address (run->stream->world,
          run->modem), '.') + 1;
  guint host;

  do
    host = (guint) g_rand_int_range (run->stream->random, 3, 250);
  while (host == g_ascii_strtoull (last, NULL, 10));
  net_world_modem_create (run->stream->world, run->modem, host);
}

static void
route_deleted (NetFaultRun *run)
{
  net_world_route_delete (run->stream->world, run->modem);
}

static void
route_created (NetFaultRun *run)
{
  net_world_route_create (run->stream->world, run->modem);
}

static void
small_interface (NetFaultRun *run)
{
  net_world_modem_mtu (run->stream->world, run->modem, 1300);
}

static void
usual_interface (NetFaultRun *run)
{
  net_world_modem_mtu (run->stream->world, run->modem, 1500);
}

static void
set_path_mtu (NetFaultRun *run, const gchar *arguments)
{
  net_world_order (run->stream->world, "mtu %s %s",
      net_stream_link (run->stream, run->modem), arguments);
}

static void
told_small_path (NetFaultRun *run)
{
  set_path_mtu (run, "1300");
}

static void
silent_small_path (NetFaultRun *run)
{
  set_path_mtu (run, "1300 silent");
}

/* What the system has learned it keeps for minutes, unless it is told. */
static void
usual_path (NetFaultRun *run)
{
  set_path_mtu (run, "0");
  net_world_ip (run->stream->world, FALSE, "route flush cache\n");
}

/* ---- The receiver and who is behind it ----------------------------------- */

static void
stop_receiver (NetFaultRun *run)
{
  e2e_bond_stop_receiver (&run->stream->bond);
}

static void
restart_receiver (NetFaultRun *run)
{
  e2e_bond_start_receiver (&run->stream->bond, run->stream->bond.from_port);
}

/* SRT listeners take it for another caller. */
static void
replace_receiver (NetFaultRun *run)
{
  e2e_bond_start_receiver (&run->stream->bond, demo_free_port ());
}

/* The name leads to the other of its addresses. */
static void
move_receiver (NetFaultRun *run)
{
  E2eBond *bond = &run->stream->bond;

  bond->settings.host = strcmp (bond->settings.host, NET_RECEIVER_ADDRESS) == 0
      ? NET_RECEIVER_OTHER : NET_RECEIVER_ADDRESS;
  model_resolver_answer (bond->settings.host);
  e2e_bond_start_receiver (bond, bond->from_port);
}

static void
stop_server (NetFaultRun *run)
{
  net_meter_set_listening (run->stream->meter, FALSE);
}

static void
start_server (NetFaultRun *run)
{
  net_meter_set_listening (run->stream->meter, TRUE);
}

/* In the place of the receiver: it refuses whoever wants to register. */
typedef struct
{
  const gchar *host;
  guint16 port;
  gint fd;
  GThread *thread;
} Refuser;

static void
open_refuser (gpointer data)
{
  Refuser *refuser = data;
  struct sockaddr_in address = {.sin_family = AF_INET,
    .sin_port = htons (refuser->port),
    .sin_addr.s_addr = inet_addr (refuser->host)
  };

  refuser->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (refuser->fd < 0
      || bind (refuser->fd, (struct sockaddr *) &address, sizeof address) != 0)
    g_error ("the receiver's port is not free");
}

static gpointer
refuse (gpointer data)
{
  const Refuser *refuser = data;
  const guint8 error[2] = { 0x92, 0x10 };
  guint8 bytes[2048];
  guint i;

  for (;;) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    ssize_t size = recvfrom (refuser->fd, bytes, sizeof bytes, 0,
        (struct sockaddr *) &peer, &length);

    if (size <= 0)
      return NULL;
    /* More often than it was asked. */
    for (i = 0; i < 5; i++)
      sendto (refuser->fd, error, sizeof error, 0, (struct sockaddr *) &peer,
          length);
  }
}

static void
start_refuser (NetFaultRun *run)
{
  Refuser *refuser = g_new0 (Refuser, 1);

  stop_receiver (run);
  refuser->host = run->stream->bond.settings.host;
  refuser->port = run->stream->bond.srtla_port;
  net_namespace_call (run->stream->settings.namespaces->receiver,
      open_refuser, refuser);
  refuser->thread = g_thread_new ("refuser", refuse, refuser);
  run->data = refuser;
}

static void
stop_refuser (NetFaultRun *run)
{
  Refuser *refuser = run->data;

  shutdown (refuser->fd, SHUT_RDWR);
  g_thread_join (refuser->thread);
  close (refuser->fd);
  g_free (refuser);
  restart_receiver (run);
}

/* ---- The application ----------------------------------------------------- */

static void
set_uplink (NetFaultRun *run, guint modem, gboolean present)
{
  gboolean done;

  g_signal_emit_by_name (run->stream->bond.element,
      present ? "add-uplink" : "remove-uplink", net_stream_uplink (modem),
      &done);
}

/* One of modem1 and modem2 at a time: two links can carry the stream. */
static void
churn (NetFaultRun *run)
{
  guint choice = (guint) g_rand_int_range (run->stream->random, 0, 3);

  set_uplink (run, 1, choice != 1);
  set_uplink (run, 2, choice != 2);
}

static void
end_churn (NetFaultRun *run)
{
  guint i;

  for (i = 1; i < run->stream->modems; i++)
    set_uplink (run, i, TRUE);
}

static void
set_property (NetFaultRun *run, const gchar *name, const gchar *value)
{
  gst_util_set_object_arg (G_OBJECT (run->stream->bond.element), name, value);
}

static void
toggle (NetFaultRun *run)
{
  static const gchar *const names[] = { "quality", "exploration", "rescue",
    "nak-filter"
  };
  static const struct
  {
    const gchar *name;
    const gchar *values[4];
  } settings[] = {
    {"mode", {"classic", "enhanced", "classic", "enhanced"}},
    {"queue-target", {"0", "20", "50", "200"}},
    {"coalesce-time", {"0", "100", "1000", "5000"}},
    {"spin-time", {"0", "10", "50", "0"}},
    {"stats-interval", {"0", "10", "100", "1000"}},
    {"drain-timeout", {"0", "10", "500", "5000"}},
  };
  GRand *random = run->stream->random;
  guint i = (guint) g_rand_int_range (random, 0, G_N_ELEMENTS (settings));

  set_property (run, names[g_rand_int_range (random, 0, G_N_ELEMENTS (names))],
      g_rand_boolean (random) ? "true" : "false");
  set_property (run, settings[i].name,
      settings[i].values[g_rand_int_range (random, 0, 4)]);
}

static void
end_toggles (NetFaultRun *run)
{
  static const gchar *const settings[][2] = {
    {"quality", "true"}, {"exploration", "false"}, {"rescue", "true"},
    {"nak-filter", "true"}, {"mode", "enhanced"}, {"queue-target", "50"},
    {"coalesce-time", "1000"}, {"spin-time", "0"}, {"stats-interval", "0"},
    {"drain-timeout", "500"}
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (settings); i++)
    set_property (run, settings[i][0], settings[i][1]);
}

static void
stop_pipeline (NetFaultRun *run)
{
  static const GstState states[] = { GST_STATE_READY, GST_STATE_NULL };

  gst_element_set_state (run->stream->bond.pipeline,
      states[g_rand_int_range (run->stream->random, 0, 2)]);
}

static void
start_pipeline (NetFaultRun *run)
{
  gst_element_set_state (run->stream->bond.pipeline, GST_STATE_PLAYING);
}

static void
pause_pipeline (NetFaultRun *run)
{
  gst_element_set_state (run->stream->bond.pipeline, GST_STATE_PAUSED);
}

/* The end in the middle; a live source goes on when it starts again. */
static void
end_stream (NetFaultRun *run)
{
  gst_element_send_event (run->stream->bond.pipeline, gst_event_new_eos ());
}

static void
begin_stream (NetFaultRun *run)
{
  gst_element_set_state (run->stream->bond.pipeline, GST_STATE_READY);
  start_pipeline (run);
}

/* ---- The table ----------------------------------------------------------- */

#define NO_STEPS 0, 0

const NetFault net_faults[] = {
  {"death", "one of three links silently dead", TRUE, 3000, 20000, NO_STEPS,
      silence, NULL, pass_all},
  {"keepalives-only", "one link passes SRTLA's own packets alone", TRUE, 3000,
      20000, NO_STEPS, keepalives_only, NULL, pass_all},
  {"interface-down", "an interface down and up", TRUE, 3000, 20000, NO_STEPS,
      interface_down, NULL, interface_up},
  {"interface-replaced", "an interface deleted and made again with another "
        "address", TRUE, 3000, 20000, NO_STEPS, interface_deleted, NULL,
      interface_created},
  {"route-removed", "a route removed (ENETUNREACH)", TRUE, 3000, 20000,
      NO_STEPS, route_deleted, NULL, route_created},
  {"device-stuck", "a device takes nothing, and fills up", TRUE, 3000, 20000,
      NO_STEPS, pause_device, NULL, resume_device},
  {"nat-rebound", "a NAT gives one link other ports, every 5 s", TRUE, 1000,
      20000, 5000, 0, rebind, rebind, NULL},
  {"nats-rebound", "all NATs give other ports at once", FALSE, 500, 500,
      NO_STEPS, rebind_all, NULL, NULL},
  {"loss", "one link loses 20 %", TRUE, 4000, 30000, NO_STEPS, lose_packets,
      NULL, lose_none},
  {"collapse", "one link's rate falls to 0.3 Mbit/s", TRUE, 4000, 30000,
      NO_STEPS, collapse, NULL, recover},
  {"delay", "one link's delay rises to 400 ms", TRUE, 4000, 30000, NO_STEPS,
      delay, NULL, undelay},
  {"flapping", "one link comes and goes every second", TRUE, 6000, 120000,
      1000, 0, silence, flap, pass_all},
  {"all-down", "all links silently dead for 5 s", FALSE, 5000, 5000, NO_STEPS,
      silence_all, NULL, pass_all_of_all},
  {"mtu-interface", "an interface's MTU is 1300", TRUE, 3000, 20000, 0, 1,
      small_interface, NULL, usual_interface},
  {"mtu-path", "a router's MTU is 1300, and it says so", TRUE, 3000, 20000, 0,
      1, told_small_path, NULL, usual_path},
  {"mtu-silent", "a router's MTU is 1300, and it does not say so", TRUE, 3000,
      20000, NO_STEPS, silent_small_path, NULL, usual_path},
  {"receiver-restarted", "the receiver killed, and back after 2 s", FALSE,
      2000, 2000, NO_STEPS, stop_receiver, NULL, restart_receiver},
  {"receiver-moved", "the receiver back after 2 s at another address of its "
        "name", FALSE, 2000, 2000, NO_STEPS, stop_receiver, NULL,
      move_receiver},
  {"receiver-gone", "the receiver gone for a minute", FALSE, 8000, 60000,
      NO_STEPS, stop_receiver, NULL, replace_receiver},
  {"receiver-refuses", "REG_ERR five times for each datagram", FALSE, 3000,
      20000, NO_STEPS, start_refuser, NULL, stop_refuser},
  {"server-restarted", "the SRT server behind the receiver restarted", FALSE,
      2000, 5000, NO_STEPS, stop_server, NULL, start_server},
  {"churn", "uplinks removed and added at random, ten times a second", TRUE,
      4000, 60000, 100, 0, churn, churn, end_churn},
  {"settings", "properties changed at random, fifty times a second", FALSE,
      4000, 60000, 20, 0, toggle, toggle, end_toggles},
  {"paused", "PAUSED and PLAYING again", FALSE, 1000, 3000, NO_STEPS,
      pause_pipeline, NULL, start_pipeline},
  {"restarted", "READY or NULL, and PLAYING again", FALSE, 1000, 3000,
      NO_STEPS, stop_pipeline, NULL, start_pipeline},
  {"ended", "end of stream, and a new one", FALSE, 1000, 3000, NO_STEPS,
      end_stream, NULL, begin_stream},
  {NULL, NULL, FALSE, 0, 0, NO_STEPS, NULL, NULL, NULL}
};

const NetFault *
net_fault_find (const gchar *name)
{
  const NetFault *fault;

  for (fault = net_faults; fault->name != NULL; fault++) {
    if (strcmp (fault->name, name) == 0)
      return fault;
  }
  return NULL;
}

void
net_fault_happen (const NetFault *fault, NetStream *stream, guint time)
{
  NetFaultRun run = { fault, stream,
    (guint) g_rand_int_range (stream->random, 0, (gint32) stream->modems), 0,
    NULL
  };
  gint64 now = g_get_monotonic_time (), end = now + time * 1000LL;

  fault->begin (&run);
  while (fault->step != NULL && now + fault->step_time * 1000LL < end) {
    now += fault->step_time * 1000LL;
    net_stream_run_until (stream, now);
    run.steps++;
    fault->step (&run);
  }
  net_stream_run_until (stream, end);
  if (fault->end != NULL)
    fault->end (&run);
}
