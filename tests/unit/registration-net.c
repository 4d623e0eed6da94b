/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registration-net.h"

typedef struct
{
  SrtlaTime due;
  guint64 serial;               /* what was sent first comes first */
  gboolean to_receiver;
  SrtlaPeer port;               /* of the uplink's end */
  gsize size;
  guint8 data[];
} Flight;

static void
log_line (Net *net, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

static void
log_line (Net *net, const gchar *format, ...)
{
  va_list arguments;

  g_string_append_printf (net->trace, "%5u ", net_elapsed (net));
  va_start (arguments, format);
  g_string_append_vprintf (net->trace, format, arguments);
  va_end (arguments);
  g_string_append_c (net->trace, '\n');
}

static const gchar *
kind_name (SrtlaKind kind)
{
  switch (kind) {
    case SRTLA_KIND_REG1:
      return "REG1";
    case SRTLA_KIND_REG2:
      return "REG2";
    case SRTLA_KIND_REG3:
      return "REG3";
    case SRTLA_KIND_REG_ERR:
      return "REG_ERR";
    case SRTLA_KIND_REG_NGP:
      return "REG_NGP";
    case SRTLA_KIND_KEEPALIVE:
      return "KEEPALIVE";
    default:
      return "other";
  }
}

static gboolean
is_registration (SrtlaKind kind)
{
  return kind >= SRTLA_KIND_REG1 && kind <= SRTLA_KIND_REG_NAK;
}

/* A port number says whose it is. */
static guint
uplink_of (SrtlaPeer port)
{
  return (guint) (port % NET_UPLINKS);
}

/* ---- The network ------------------------------------------------------- */

static gint
compare_flights (gconstpointer a, gconstpointer b, gpointer unused)
{
  const Flight *one = a, *other = b;

  (void) unused;
  if (one->due != other->due)
    return one->due < other->due ? -1 : 1;
  return one->serial < other->serial ? -1 : 1;
}

static void
fly (Net *net, gboolean to_receiver, SrtlaPeer port, const guint8 *data,
    gsize size, SrtlaTime extra)
{
  Flight *flight = g_malloc (sizeof (Flight) + size);

  flight->due = net->now + net->delay[uplink_of (port)] + extra;
  if (net->jitter > 0)
    flight->due += g_rand_int (net->rand) % net->jitter;
  flight->serial = net->serial++;
  flight->to_receiver = to_receiver;
  flight->port = port;
  flight->size = size;
  memcpy (flight->data, data, size);
  g_queue_insert_sorted (net->flying, flight, compare_flights, NULL);
}

const guint8 *
net_flight_data (gconstpointer flight)
{
  return ((const Flight *) flight)->data;
}

static void
dispatch (Net *net, gboolean to_receiver, SrtlaPeer port, const guint8 *data,
    gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  gboolean counted = is_registration (kind);
  gboolean lost = testing_chance (net->rand, net->loss);

  if (counted) {
    net->n_datagrams++;
    lost = lost || net->n_datagrams == net->drop_nth;
    log_line (net, "%u %c %s%s", uplink_of (port), to_receiver ? '>' : '<',
        kind_name (kind), lost ? ", lost" : "");
  }
  if (lost)
    return;
  fly (net, to_receiver, port, data, size, 0);
  if (counted && net->n_datagrams == net->double_nth)
    fly (net, to_receiver, port, data, size, net->double_after);
  else if (testing_chance (net->rand, net->doubling))
    fly (net, to_receiver, port, data, size, 0);
}

/* ---- The sender's end -------------------------------------------------- */

static void
state_changed (guint slot, SrtlaUplinkState from, SrtlaUplinkState to,
    const gchar *reason, SrtlaTime now, gpointer user_data)
{
  static const gchar *const names[SRTLA_UPLINK_STATES] = {
    "closed", "probing", "registering", "refused", "up", "down"
  };
  Net *net = user_data;
  NetUplink *uplink = &net->uplinks[slot];

  g_assert_cmpuint (now, ==, net->now);
  g_assert_cmpint (from, ==, uplink->state);
  g_assert_cmpint (from, !=, to);
  g_assert_cmpint (srtla_registration_state (net->registration, slot), ==, to);
  g_assert_nonnull (reason);
  uplink->state = to;
  if (to == SRTLA_UPLINK_UP) {
    uplink->last_heard = now;
    uplink->next_keepalive = now + SRTLA_SECOND;
  }
  log_line (net, "%u %s -> %s (%s)", slot, names[from], names[to], reason);
}

static void
fill_random (guint8 *bytes, gsize size, gpointer user_data)
{
  Net *net = user_data;

  testing_random (bytes, size, net->rand);
}

static void
open_port (Net *net, guint slot)
{
  NetUplink *uplink = &net->uplinks[slot];

  net->last_port += NET_UPLINKS;
  uplink->port = net->last_port + slot;
  uplink->asked = FALSE;
  uplink->reopen_at = SRTLA_TIME_NONE;
  srtla_registration_opened (net->registration, slot, net->now);
}

static void
rebind (Net *net, guint slot)
{
  NetUplink *uplink = &net->uplinks[slot];

  log_line (net, "%u rebind", slot);
  g_assert_cmpuint (uplink->port, !=, 0);
  srtla_registration_closed (net->registration, slot, "rebind", net->now);
  uplink->port = 0;
  if (net->rebind_takes == 0)
    open_port (net, slot);
  else
    uplink->reopen_at = net->now + g_rand_int (net->rand) % net->rebind_takes;
}

static void
send_output (Net *net, const SrtlaRegistrationOutput *output)
{
  NetUplink *uplink = &net->uplinks[output->uplink];

  g_assert_cmpuint (uplink->port, !=, 0);
  g_assert_cmpuint (output->size, ==, SRTLA_REG_SIZE);
  g_assert_cmpint (srtla_packet_kind (output->data, output->size), ==,
      output->kind);
  /* A receiver refuses a second REG1 from one address for a long time. */
  if (output->kind == SRTLA_KIND_REG1) {
    g_assert_false (uplink->asked);
    uplink->asked = TRUE;
  }
  dispatch (net, TRUE, uplink->port, output->data, output->size);
}

void
net_take (Net *net)
{
  for (;;) {
    SrtlaRegistrationOutput outputs[2 * NET_UPLINKS];
    guint n = 0, i;

    while (srtla_registration_next (net->registration, &outputs[n])) {
      n++;
      g_assert_cmpuint (n, <, G_N_ELEMENTS (outputs));
    }
    if (n == 0)
      break;
    for (i = 0; i < n; i++) {
      if (outputs[i].action == SRTLA_REGISTRATION_SEND)
        send_output (net, &outputs[i]);
    }
    for (i = 0; i < n; i++) {
      if (outputs[i].action == SRTLA_REGISTRATION_REBIND)
        rebind (net, outputs[i].uplink);
    }
  }
}

static void
arrive_at_uplink (Net *net, const Flight *flight)
{
  guint slot = uplink_of (flight->port);
  NetUplink *uplink = &net->uplinks[slot];
  SrtlaKind kind = srtla_packet_kind (flight->data, flight->size);

  if (uplink->port != flight->port)
    return;                     /* that socket is gone */
  if (is_registration (kind)) {
    if (kind == SRTLA_KIND_REG2 && !srtla_registration_has_group
        (net->registration))
      uplink->asked = FALSE;
    srtla_registration_receive (net->registration, slot, kind, flight->data,
        flight->size, net->now);
  } else if (flight->size == SRTLA_KEEPALIVE_SIZE) {
    /* An echo; the own keepalives of some receivers are shorter. */
    uplink->last_heard = net->now;
    srtla_registration_heard (net->registration, slot, net->now);
  }
  net_take (net);
}

/* ---- The receiver's end ------------------------------------------------ */

static void
take_receiver (Net *net)
{
  SrtlaReceiverOutput output;

  while (srtla_receiver_next_output (net->receiver, &output)) {
    if (output.kind == SRTLA_RECEIVER_TO_PEER)
      dispatch (net, FALSE, output.peer, output.data, output.size);
  }
}

static void
arrive (Net *net, const Flight *flight)
{
  if (!flight->to_receiver) {
    arrive_at_uplink (net, flight);
  } else if (net->receiver != NULL) {
    srtla_receiver_receive (net->receiver, flight->port, flight->data,
        flight->size, net->now);
    take_receiver (net);
  }
}

void
net_restart_receiver (Net *net)
{
  g_clear_pointer (&net->receiver, srtla_receiver_free);
  net->receiver = srtla_receiver_new (net->behaviour, fill_random, net,
      net->now);
  log_line (net, "receiver restarts");
}

/* ---- Time -------------------------------------------------------------- */

static SrtlaTime
next_moment (const Net *net)
{
  SrtlaTime next = srtla_registration_deadline (net->registration);
  const Flight *flight = g_queue_peek_head (net->flying);
  guint i;

  g_assert_cmpuint (next, >, net->now);
  if (flight != NULL)
    next = MIN (next, flight->due);
  if (net->receiver != NULL)
    next = MIN (next, srtla_receiver_deadline (net->receiver));
  for (i = 0; i < NET_UPLINKS; i++) {
    const NetUplink *uplink = &net->uplinks[i];

    next = MIN (next, uplink->reopen_at);
    if (net->keepalives && uplink->state == SRTLA_UPLINK_UP) {
      next = MIN (next, uplink->next_keepalive);
      next = MIN (next, uplink->last_heard + NET_SILENCE);
    }
  }
  return MAX (next, net->now);
}

static void
tick_uplink (Net *net, guint slot)
{
  NetUplink *uplink = &net->uplinks[slot];
  guint8 keepalive[SRTLA_KEEPALIVE_SIZE];
  SrtlaKeepalive content;

  if (uplink->reopen_at <= net->now)
    open_port (net, slot);
  if (!net->keepalives || uplink->state != SRTLA_UPLINK_UP)
    return;
  if (net->now >= uplink->last_heard + NET_SILENCE) {
    srtla_registration_lost (net->registration, slot, "silent", net->now);
    return;
  }
  if (net->now < uplink->next_keepalive)
    return;
  uplink->next_keepalive = net->now + SRTLA_SECOND;
  memset (&content, 0, sizeof content);
  content.time = net->now / 1000;
  dispatch (net, TRUE, uplink->port, keepalive,
      srtla_write_keepalive (keepalive, &content));
}

/* Goes on to the next moment, at most to `end`. Returns: FALSE at the end. */
static gboolean
step (Net *net, SrtlaTime end)
{
  SrtlaTime next = next_moment (net);
  Flight *flight;
  guint i;

  if (next > end) {
    net->now = end;
    return FALSE;
  }
  net->now = next;
  while ((flight = g_queue_peek_head (net->flying)) != NULL
      && flight->due <= net->now) {
    g_queue_pop_head (net->flying);
    arrive (net, flight);
    g_free (flight);
  }
  srtla_registration_tick (net->registration, net->now);
  net_take (net);
  for (i = 0; i < NET_UPLINKS; i++) {
    tick_uplink (net, i);
    net_take (net);
  }
  if (net->receiver != NULL
      && srtla_receiver_deadline (net->receiver) <= net->now) {
    srtla_receiver_tick (net->receiver, net->now);
    take_receiver (net);
  }
  return TRUE;
}

void
net_run (Net *net, guint milliseconds)
{
  SrtlaTime end = net->now + milliseconds * SRTLA_MILLISECOND;

  while (step (net, end)) {
  }
}

gboolean
net_run_until_up (Net *net, guint uplinks, guint milliseconds)
{
  SrtlaTime end = net->now + milliseconds * SRTLA_MILLISECOND;

  while (net_count_up (net) < uplinks) {
    if (!step (net, end))
      return net_count_up (net) >= uplinks;
  }
  return TRUE;
}

guint
net_elapsed (const Net *net)
{
  return (guint) ((net->now - NET_START) / SRTLA_MILLISECOND);
}

/* ---- Uplinks ----------------------------------------------------------- */

guint
net_count_up (const Net *net)
{
  guint n = 0, i;

  for (i = 0; i < NET_UPLINKS; i++)
    n += net->uplinks[i].state == SRTLA_UPLINK_UP;
  return n;
}

guint
net_count_open (const Net *net)
{
  guint n = 0, i;

  for (i = 0; i < NET_UPLINKS; i++)
    n += net->uplinks[i].port != 0
        || net->uplinks[i].reopen_at != SRTLA_TIME_NONE;
  return n;
}

void
net_add (Net *net, guint slot)
{
  net->uplinks[slot].used = TRUE;
  srtla_registration_add (net->registration, slot, net->now);
}

void
net_open (Net *net, guint slot)
{
  open_port (net, slot);
  net_take (net);
}

void
net_open_all (Net *net)
{
  guint i;

  for (i = 0; i < NET_UPLINKS; i++) {
    if (net->uplinks[i].used)
      open_port (net, i);
  }
  net_take (net);
}

void
net_close (Net *net, guint slot)
{
  srtla_registration_closed (net->registration, slot, "cable pulled", net->now);
  net->uplinks[slot].port = 0;
  net->uplinks[slot].reopen_at = SRTLA_TIME_NONE;
  net_take (net);
}

void
net_remove (Net *net, guint slot)
{
  srtla_registration_remove (net->registration, slot, net->now);
  net->uplinks[slot].used = FALSE;
  net->uplinks[slot].port = 0;
  net->uplinks[slot].reopen_at = SRTLA_TIME_NONE;
  net_take (net);
}

void
net_lost (Net *net, guint slot)
{
  srtla_registration_lost (net->registration, slot, "silent", net->now);
  net_take (net);
}

SrtlaRegistrationVerdict
net_inject (Net *net, guint slot, SrtlaKind kind, const guint8 *data,
    gsize size)
{
  SrtlaRegistrationVerdict verdict =
      srtla_registration_receive (net->registration, slot, kind, data, size,
      net->now);

  net_take (net);
  return verdict;
}

/* ---- Start and end ----------------------------------------------------- */

Net *
net_new (SrtlaBehaviour behaviour, guint uplinks, GRand *rand)
{
  Net *net = g_new0 (Net, 1);
  guint i;

  g_assert_cmpuint (uplinks, <=, NET_UPLINKS);
  net->behaviour = behaviour;
  net->rand = rand;
  net->now = NET_START;
  net->trace = g_string_new (NULL);
  net->flying = g_queue_new ();
  net->registration = srtla_registration_new (fill_random, state_changed, net);
  net->receiver = srtla_receiver_new (behaviour, fill_random, net, net->now);
  for (i = 0; i < NET_UPLINKS; i++) {
    net->delay[i] = 25 * SRTLA_MILLISECOND;
    net->uplinks[i].reopen_at = SRTLA_TIME_NONE;
    if (i < uplinks)
      net_add (net, i);
  }
  return net;
}

void
net_free (Net *net)
{
  srtla_registration_free (net->registration);
  if (net->receiver != NULL)
    srtla_receiver_free (net->receiver);
  g_queue_free_full (net->flying, g_free);
  g_string_free (net->trace, TRUE);
  g_free (net);
}

/* ---- Tests ------------------------------------------------------------- */

SrtlaRegistrationStats
net_stats (const Net *net)
{
  SrtlaRegistrationStats stats;

  srtla_registration_get_stats (net->registration, &stats);
  return stats;
}

void
net_assert_members (const Net *net)
{
  SrtlaReceiverStats stats;
  guint i;

  srtla_receiver_get_stats (net->receiver, &stats);
  g_assert_cmpuint (stats.peers, >=, net_count_up (net));
  for (i = 0; i < NET_UPLINKS; i++) {
    if (net->uplinks[i].state == SRTLA_UPLINK_UP)
      g_assert_true (srtla_receiver_knows (net->receiver,
              net->uplinks[i].port));
  }
}

void
net_fail (const Net *net, const gchar *what)
{
  g_printerr ("%s, behaviour %c:\n%s", what, 'a' + net->behaviour,
      net->trace->str);
  g_test_fail ();
}

void
net_expect_trace (Net *net, const gchar *expected)
{
  g_assert_cmpstr (net->trace->str, ==, expected);
  g_string_truncate (net->trace, 0);
}

static void
setup (NetFixture *fixture, gconstpointer data)
{
  fixture->rand = testing_rand_new ();
  fixture->behaviour = (SrtlaBehaviour) GPOINTER_TO_UINT (data);
}

static void
teardown (NetFixture *fixture, gconstpointer data)
{
  (void) data;
  g_rand_free (fixture->rand);
}

void
net_add_tests (const gchar *prefix, const NetTest *tests, guint n_tests)
{
  guint i, behaviour;

  for (i = 0; i < n_tests; i++) {
    for (behaviour = 0; behaviour < SRTLA_BEHAVIOURS; behaviour++) {
      gchar *path;

      if (tests[i].needs_errors && behaviour == SRTLA_BEHAVIOUR_F)
        continue;
      path = g_strdup_printf ("%s/%s/%c", prefix, tests[i].name,
          'a' + behaviour);
      g_test_add (path, NetFixture, GUINT_TO_POINTER (behaviour), setup,
          tests[i].test, teardown);
      g_free (path);
    }
  }
}
