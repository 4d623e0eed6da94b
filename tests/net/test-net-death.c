/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One of three modems dies at half the sum of their rates, in silence or with
 * its interface, and comes back. With 1 s of latency nothing is lost, and the
 * application notices nothing that lasts as long.
 */
#include "net-session.h"

#define VICTIM 1
#define VICTIM_NAME "two"
#define DEATH (3 * SRTLA_SECOND)
#define RETURN (6 * SRTLA_SECOND)
/* A run in which the sender itself was so late says nothing, µs. */
#define DISTURBED (60 * 1000)
#define ATTEMPTS 3

static NetNamespaces namespaces;

static void
go_silent (NetWorld *world)
{
  net_world_order (world, "set " VICTIM_NAME " passes=nothing");
}

static void
speak_again (NetWorld *world)
{
  net_world_order (world, "set " VICTIM_NAME " passes=all");
}

static void
go_down (NetWorld *world)
{
  net_world_modem_down (world, VICTIM);
}

static void
come_up (NetWorld *world)
{
  net_world_modem_up (world, VICTIM);
}

static void
be_unplugged (NetWorld *world)
{
  net_world_modem_delete (world, VICTIM);
}

static void
be_plugged_in (NetWorld *world)
{
  net_world_modem_create (world, VICTIM, NET_MODEM_HOST);
}

typedef struct
{
  const gchar *name;
  void (*death) (NetWorld *world);
  void (*resurrection) (NetWorld *world);
  gboolean by_ipv6;
  const gchar *uplinks;         /* NULL: their addresses */
} Death;

static const Death deaths[] = {
  {"silent", go_silent, speak_again, FALSE, NULL},
  {"interface-down", go_down, come_up, FALSE, NULL},
  {"interface-gone", be_unplugged, be_plugged_in, FALSE, NULL},
  {"silent-ipv6", go_silent, speak_again, TRUE, NULL},
  {"interface-down-ipv6", go_down, come_up, TRUE,
      "modem0,fd64:0:0:1::2,fd64:0:0:2::2%modem2"},
};

/* Returns: what is wrong with it, the caller's; NULL: nothing. */
static gchar *
judge (const NetResult *result, guint64 carried_again)
{
  if (result->connections != 1)
    return g_strdup_printf ("%u SRT connections", result->connections);
  if (result->sent == 0 || result->delivered != result->sent)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
        " messages delivered", result->delivered, result->sent);
  if (result->longest_gap >= G_USEC_PER_SEC)
    return g_strdup_printf ("a gap of %.0f ms",
        (gdouble) result->longest_gap / 1e3);
  if (carried_again == 0)
    return g_strdup ("the modem was not used again");
  return NULL;
}

static void
run_death (const Death *death, guint64 seed, NetResult *result,
    guint64 *carried_again)
{
  gchar *path = g_build_filename (g_getenv ("NET_SCENARIOS"), "three.scenario",
      NULL);
#ifdef __SANITIZE_ADDRESS__
  static const gchar *const overrides[] = { "caller.rate=3Mbit/s", NULL };
#else
  static const gchar *const *overrides = NULL;
#endif
  const NetSessionSettings settings = {.scenario = path,
    .overrides = overrides,.seed = seed,
    .with_ipv6 = death->by_ipv6,.uplinks = death->uplinks
  };
  NetWorldLink before, after;
  NetSession session;
  GError *error = NULL;

  net_session_start (&session, &namespaces, &settings, &error);
  g_assert_no_error (error);
  net_session_run (&session, DEATH);
  death->death (session.world);
  net_session_run (&session, RETURN);
  death->resurrection (session.world);
  net_world_get_link (session.world, VICTIM, NET_OUT, &before);
  net_session_run (&session, session.scenario->duration);
  net_world_get_link (session.world, VICTIM, NET_OUT, &after);
  net_session_finish (&session, result);
  /* More than what it takes to be up: it carries packets of the stream. */
  *carried_again = after.link.delivered_bytes - before.link.delivered_bytes
      > 50 * 1360;
  net_session_clear (&session);
  g_free (path);
}

static void
test_death (gconstpointer data)
{
  const Death *death = data;
  gchar *complaint = NULL;
  guint attempt;

  for (attempt = 0; attempt < ATTEMPTS; attempt++) {
    guint64 seed = g_random_int (), carried_again;
    gint64 lateness;
    NetResult result;

    g_test_message ("seed %" G_GUINT64_FORMAT, seed);
    run_death (death, seed, &result, &carried_again);
    g_free (complaint);
    complaint = judge (&result, carried_again);
    g_test_message ("%" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
        " lost, %.1f %% sent again, longest gap %.0f ms, sender late by up to "
        "%.0f ms: %s", result.sent, result.sent - result.delivered,
        result.retransmitted, (gdouble) result.longest_gap / 1e3,
        (gdouble) result.lateness / 1e3,
        complaint != NULL ? complaint : "good");
    lateness = result.lateness;
    net_result_clear (&result);
    if (complaint == NULL || lateness <= DISTURBED)
      break;
  }
  if (complaint != NULL)
    g_error ("%s: %s", death->name, complaint);
}

int
main (int argc, char **argv)
{
  gchar *reason;
  guint i;

  if (!net_namespaces_enter (&namespaces, &reason))
    return net_namespaces_refused (reason);
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (deaths); i++) {
    gchar *path = g_strconcat ("/net/death/", deaths[i].name, NULL);

    g_test_add_data_func (path, &deaths[i], test_death);
    g_free (path);
  }
  return g_test_run ();
}
