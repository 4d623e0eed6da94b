/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net-emulator SCENARIO --sender-net FD --receiver-net FD
 * Carries IP packets between two namespaces over a scenario's links, with TUN
 * devices: one for each modem, one for the receiver. Prints "ready", then obeys
 * commands on standard input, one a line, each answered by "ok" or "error: …":
 *
 *   start                      the scenario's schedule begins
 *   set NAME KEY=VALUE         as in an [uplink] section
 *   rebind NAME                the NAT gives its ports other numbers
 *   mtu NAME BYTES [silent]    on the way; silent: nobody is told; 0: none
 *   without NAME 4|6|0         loses all IPv4 or IPv6 packets; or none
 *   pause NAME, resume NAME    its packets stay in the device, which fills up
 *   delete NAME, create NAME   the interface; a new one is down, without address
 *   stats                      a line each direction, before "ok"
 *   lateness                   a line: how late packets were at worst, and p99, µs
 *   quit                       as does the end of the input
 */
#define _GNU_SOURCE             /* ppoll */
#include "net-devices.h"
#include "net-ip.h"
#include "net-links.h"
#include "net-tun.h"
#include "sim-values.h"
#include "srtla-histogram.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BATCH 64                /* packets from one device at a time */
#define COMMAND_MAX 1024           /* bytes of a command */

typedef struct
{
  NetLinks *links;
  gint sender_net, receiver_net;
  gint modems[SRTLA_MAX_UPLINKS];       /* descriptors; -1: deleted */
  gboolean paused[SRTLA_MAX_UPLINKS];
  gint receiver;
  guint n_modems;

  FILE *csv;                    /* NULL: none */
  SrtlaTime began;              /* the schedule */
  SrtlaTime next_sample;        /* NONE: no CSV */
  SrtlaTime sample_time;
  SrtlaHistogram late;          /* how long each packet waited for us, µs */

  gchar line[COMMAND_MAX];      /* of a command, as far as it came */
  gsize line_length;
  gboolean quit;
} Emulator;

static SrtlaTime
now (void)
{
  return (SrtlaTime) g_get_monotonic_time ();
}

/* ---- Packets ------------------------------------------------------------- */

static void
deliver (Emulator *self, guint uplink, NetDirection direction,
    SimPacket *packet)
{
  gint fd = direction == NET_OUT ? self->receiver : self->modems[uplink];
  gsize size = packet->size + NET_HEADERS;

  /* EIO: the interface is down. */
  if (fd < 0 || write (fd, sim_packet_whole (packet), size) != (gssize) size)
    net_links_counters (self->links, uplink)->lost_late++;
  sim_packet_unref (packet);
}

static void
deliver_all (Emulator *self)
{
  NetArrival arrival;

  while (net_links_pop (self->links, now (), &arrival)) {
    deliver (self, arrival.uplink, arrival.direction, arrival.packet);
    srtla_histogram_record (&self->late, now () - arrival.due);
  }
}

/* modem: where the packets come from; -1: from the receiver. */
static void
read_device (Emulator *self, gint fd, gint modem)
{
  SrtlaTime time = now ();
  guint i;

  for (i = 0; i < BATCH; i++) {
    SimPacket *packet = net_links_new_packet (self->links), *answer;
    guint8 *bytes = sim_packet_whole (packet);
    gssize size = read (fd, bytes, NET_LINKS_ROOM);
    gint uplink = modem;

    if (size > 0 && !net_ip_is_good (bytes, (gsize) size)) {
      sim_packet_unref (packet);        /* to all neighbours, most likely */
      continue;
    }
    if (size > 0 && modem < 0)
      uplink = net_ip_is_6 (bytes)
          ? net_modem_of_address_6 (net_ip_address_6 (bytes, NET_IP_DESTINATION))
          : net_modem_of_address (net_ip_address (bytes, NET_IP_DESTINATION));
    if (size <= 0 || uplink < 0 || uplink >= (gint) self->n_modems) {
      sim_packet_unref (packet);
      if (size <= 0)
        return;
      continue;
    }
    answer = net_links_push (self->links, (guint) uplink,
        modem < 0 ? NET_BACK : NET_OUT, packet, (gsize) size, time);
    if (answer != NULL)
      deliver (self, (guint) uplink, modem < 0 ? NET_OUT : NET_BACK, answer);
  }
}

/* ---- Statistics ---------------------------------------------------------- */

static void
write_direction (Emulator *self, guint uplink, NetDirection direction,
    const gchar *separator, FILE *to)
{
  const SimLinkCounters *counters = net_links_link_counters (self->links,
      uplink, direction);
  const NetLinksCounters *beside = net_links_counters (self->links, uplink);
  SrtlaTime time = now (), backlog = net_links_backlog (self->links, uplink,
      direction, time);
  const guint64 values[] = {
    net_links_rate (self->links, uplink, direction, time), backlog,
    counters->offered, counters->offered_bytes, counters->delivered,
    counters->delivered_bytes, counters->duplicated, counters->lost_queue,
    counters->lost_random, counters->lost_silent, beside->lost_nat,
    beside->lost_large, beside->lost_late, beside->lost_version
  };
  guint i;

  fprintf (to, "%s%s%s", net_links_name (self->links, uplink), separator,
      direction == NET_OUT ? "out" : "back");
  for (i = 0; i < G_N_ELEMENTS (values); i++) {
    if (values[i] == SRTLA_TIME_NONE)
      fprintf (to, "%s-1", separator);
    else
      fprintf (to, "%s%" G_GUINT64_FORMAT, separator, values[i]);
  }
  fputc ('\n', to);
}

static void
write_sample (Emulator *self)
{
  guint i;

  for (i = 0; i < self->n_modems; i++) {
    fprintf (self->csv, "%.3f,", (gdouble) (now () - self->began) / 1e6);
    write_direction (self, i, NET_OUT, ",", self->csv);
    fprintf (self->csv, "%.3f,", (gdouble) (now () - self->began) / 1e6);
    write_direction (self, i, NET_BACK, ",", self->csv);
  }
  fflush (self->csv);
}

static void
begin_csv (Emulator *self)
{
  fputs ("seconds,uplink,direction,rate,backlog_us,offered,offered_bytes,"
      "delivered,delivered_bytes,duplicated,lost_queue,lost_random,"
      "lost_silent,lost_nat,lost_large,lost_late,lost_version\n", self->csv);
}

/* ---- Commands ------------------------------------------------------------ */

static void
close_modem (Emulator *self, guint uplink)
{
  if (self->modems[uplink] >= 0)
    close (self->modems[uplink]);
  self->modems[uplink] = -1;
}

static gboolean
open_modem (Emulator *self, guint uplink, GError **error)
{
  gchar name[16];

  close_modem (self, uplink);
  g_snprintf (name, sizeof name, NET_MODEM, uplink);
  self->modems[uplink] = net_tun_open (self->sender_net, name, error);
  return self->modems[uplink] >= 0;
}

static gboolean
set_mtu (Emulator *self, guint uplink, const gchar *arguments, GError **error)
{
  gchar **words = g_strsplit (arguments, " ", -1);
  guint n = g_strv_length (words);
  guint64 bytes = 0;
  gboolean silent = n == 2 && g_str_equal (words[1], "silent");
  gboolean good = (n == 1 || silent)
      && g_ascii_string_to_unsigned (words[0], 10, 0, G_MAXUINT16, &bytes,
      error);

  if (good)
    net_links_set_mtu (self->links, uplink, (guint) bytes, silent);
  g_strfreev (words);
  return good;
}

static gboolean
set_without (Emulator *self, guint uplink, const gchar *argument,
    GError **error)
{
  guint64 version = 0;
  gboolean good = g_ascii_string_to_unsigned (argument, 10, 0, 6, &version,
      error);

  if (good)
    net_links_set_without (self->links, uplink, (guint) version);
  return good;
}

/* A command about one uplink. */
static gboolean
obey_about (Emulator *self, const gchar *verb, guint uplink,
    const gchar *arguments, GError **error)
{
  if (g_str_equal (verb, "set"))
    return net_links_set (self->links, uplink, arguments, now (), error);
  if (g_str_equal (verb, "mtu"))
    return set_mtu (self, uplink, arguments, error);
  if (g_str_equal (verb, "without"))
    return set_without (self, uplink, arguments, error);
  if (g_str_equal (verb, "create"))
    return open_modem (self, uplink, error);
  if (g_str_equal (verb, "delete"))
    close_modem (self, uplink);
  else if (g_str_equal (verb, "rebind"))
    net_links_rebind (self->links, uplink);
  else if (g_str_equal (verb, "pause"))
    self->paused[uplink] = TRUE;
  else if (g_str_equal (verb, "resume"))
    self->paused[uplink] = FALSE;
  else
    return FALSE;
  return TRUE;
}

static gboolean
obey (Emulator *self, const gchar *line, GError **error)
{
  gchar **words = g_strsplit (line, " ", 3);
  guint n = g_strv_length (words), i;
  gint uplink = n > 1 ? net_links_find (self->links, words[1]) : -1;
  gboolean good = TRUE;

  if (n == 1 && g_str_equal (words[0], "quit")) {
    self->quit = TRUE;
  } else if (n == 1 && g_str_equal (words[0], "start")) {
    self->began = now ();
    net_links_start (self->links, self->began);
    if (self->csv != NULL)
      self->next_sample = self->began;
  } else if (n == 1 && g_str_equal (words[0], "lateness")) {
    printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
        self->late.maximum, srtla_histogram_percentile (&self->late, 99));
  } else if (n == 1 && g_str_equal (words[0], "stats")) {
    for (i = 0; i < self->n_modems; i++) {
      write_direction (self, i, NET_OUT, " ", stdout);
      write_direction (self, i, NET_BACK, " ", stdout);
    }
  } else {
    good = uplink >= 0 && obey_about (self, words[0], (guint) uplink,
        n > 2 ? words[2] : "", error);
  }
  g_strfreev (words);
  return good;
}

static void
answer (Emulator *self)
{
  GError *error = NULL;

  if (obey (self, self->line, &error))
    printf ("ok\n");
  else
    printf ("error: %s: %s\n", self->line,
        error != NULL ? error->message : "no such command or uplink");
  fflush (stdout);
  g_clear_error (&error);
}

static void
read_commands (Emulator *self)
{
  gssize size;
  gchar *end;

  g_assert (self->line_length < sizeof self->line - 1);
  size = read (STDIN_FILENO, self->line + self->line_length,
      sizeof self->line - 1 - self->line_length);
  if (size <= 0) {
    self->quit = TRUE;
    return;
  }
  self->line_length += (gsize) size;
  self->line[self->line_length] = '\0';
  while ((end = strchr (self->line, '\n')) != NULL) {
    *end = '\0';
    answer (self);
    self->line_length -= (gsize) (end + 1 - self->line);
    memmove (self->line, end + 1, self->line_length + 1);
  }
  if (self->line_length == sizeof self->line - 1)
    self->quit = TRUE;          /* nobody sends such a line */
}

/* ---- The loop ------------------------------------------------------------ */

static void
wait_for_something (Emulator *self, struct pollfd *fds)
{
  SrtlaTime deadline = MIN (net_links_deadline (self->links),
      self->next_sample), time = now ();
  SrtlaTime left = deadline > time ? deadline - time : 0;
  struct timespec timeout = { (time_t) (left / SRTLA_SECOND),
    (long) (left % SRTLA_SECOND) * 1000
  };
  guint i;

  for (i = 0; i < self->n_modems; i++)
    fds[i].fd = self->paused[i] ? -1 : self->modems[i];
  fds[self->n_modems].fd = self->receiver;
  fds[self->n_modems + 1].fd = STDIN_FILENO;
  for (i = 0; i < self->n_modems + 2; i++) {
    fds[i].events = POLLIN;
    fds[i].revents = 0;
  }
  ppoll (fds, self->n_modems + 2,
      deadline == SRTLA_TIME_NONE ? NULL : &timeout, NULL);
}

static void
run (Emulator *self)
{
  struct pollfd fds[SRTLA_MAX_UPLINKS + 2];
  guint i;

  while (!self->quit) {
    wait_for_something (self, fds);
    /* What arrives now is not held up by what has just been sent. */
    deliver_all (self);
    for (i = 0; i < self->n_modems; i++) {
      if (fds[i].revents & POLLIN)
        read_device (self, fds[i].fd, (gint) i);
    }
    if (fds[self->n_modems].revents & POLLIN)
      read_device (self, self->receiver, -1);
    if (fds[self->n_modems + 1].revents != 0)
      read_commands (self);
    deliver_all (self);
    if (now () >= self->next_sample) {
      write_sample (self);
      self->next_sample += self->sample_time;
    }
  }
}

static gboolean
start (Emulator *self, const SimScenario *scenario, guint64 seed,
    GError **error)
{
  guint i;

  self->links = net_links_new (scenario, seed, now ());
  self->n_modems = net_links_count (self->links);
  for (i = 0; i < self->n_modems; i++)
    self->modems[i] = -1;
  for (i = 0; i < self->n_modems; i++) {
    if (!open_modem (self, i, error))
      return FALSE;
  }
  self->receiver = net_tun_open (self->receiver_net, NET_RECEIVER, error);
  return self->receiver >= 0;
}

/* Returns: the scenario, with keys overridden; NULL with an error. */
static SimScenario *
load (const gchar *file, gchar **settings, GError **error)
{
  SimScenario *scenario = sim_scenario_load (file, error);
  gboolean good = scenario != NULL;
  guint i;

  for (i = 0; good && settings != NULL && settings[i] != NULL; i++)
    good = sim_scenario_set (scenario, settings[i], error);
  if (!good)
    g_clear_pointer (&scenario, sim_scenario_free);
  return scenario;
}

int
main (int argc, char **argv)
{
  Emulator self = {.sender_net = -1,.receiver_net = -1,.receiver = -1,
    .next_sample = SRTLA_TIME_NONE
  };
  gint64 seed = 1;
  gint sample_time = 100;
  gchar *csv = NULL, **settings = NULL;
  const GOptionEntry entries[] = {
    {"sender-net", 0, 0, G_OPTION_ARG_INT, &self.sender_net,
        "Descriptor of the sender's namespace", "FD"},
    {"receiver-net", 0, 0, G_OPTION_ARG_INT, &self.receiver_net,
        "Descriptor of the receiver's namespace", "FD"},
    {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Of all that is random (1)", "N"},
    {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings,
        "Override one key of the scenario", "WHOSE.KEY=VALUE"},
    {"csv", 0, 0, G_OPTION_ARG_FILENAME, &csv,
        "Statistics of each link over time, from the start", "FILE"},
    {"csv-time", 0, 0, G_OPTION_ARG_INT, &sample_time,
        "Between two of its samples (100)", "MS"},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}
  };
  GOptionContext *options = g_option_context_new ("SCENARIO - emulates links");
  SimScenario *scenario = NULL;
  GError *error = NULL;
  gboolean good;

  g_option_context_add_main_entries (options, entries, NULL);
  good = g_option_context_parse (options, &argc, &argv, &error);
  g_option_context_free (options);
  if (good && argc == 2)
    scenario = load (argv[1], settings, &error);
  good = scenario != NULL;
  if (good && csv != NULL && (self.csv = fopen (csv, "w")) == NULL) {
    g_set_error (&error, SIM_SCENARIO_ERROR, 0, "%s: %s", csv,
        g_strerror (errno));
    good = FALSE;
  }
  if (good && start (&self, scenario, (guint64) seed, &error)) {
    self.sample_time = (SrtlaTime) MAX (sample_time, 1) * SRTLA_MILLISECOND;
    if (self.csv != NULL)
      begin_csv (&self);
    /* Packets are due to the microsecond, not within 50 of them. */
    prctl (PR_SET_TIMERSLACK, 1);
    printf ("ready\n");
    fflush (stdout);
    run (&self);
  } else {
    fprintf (stderr, "net-emulator: %s\n",
        error != NULL ? error->message : "a scenario was expected");
    good = FALSE;
  }

  if (self.links != NULL)
    net_links_free (self.links);
  if (self.csv != NULL)
    fclose (self.csv);
  g_clear_pointer (&scenario, sim_scenario_free);
  g_clear_error (&error);
  g_strfreev (settings);
  g_free (csv);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
