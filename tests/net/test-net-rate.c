/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * 50 Mbit/s through the emulator with real packets, SRT at both ends and all: it
 * loses none, and holds none up. A machine that was too busy itself says nothing.
 */
#include "net-session.h"

#include "../gst/sleeper.h"

#define RATE 50                 /* Mbit/s of IP packets, over links of 80 */
#define SPAN (6 * SRTLA_SECOND)
#define LATEST (2 * SLEEPER_CALM)       /* µs that packets may wait for it, p99 */
#define ATTEMPTS 3

static NetNamespaces namespaces;

/* Of both directions, all links. */
typedef struct
{
  guint64 offered, lost;        /* packets */
  gdouble rate;                 /* bit/s on the way out */
  guint64 sent;                 /* datagrams that the uplinks' sockets took */
  guint64 offered_out;          /* of them, that came to the links */
} Account;

static guint64
number_of (const GstStructure *entry, const gchar *field)
{
  guint64 number = 0;

  g_assert_true (gst_structure_get_uint64 (entry, field, &number));
  return number;
}

static guint64
sent_by_uplinks (E2eBond *bond)
{
  GstStructure *stats = e2e_bond_stats (bond);
  const GValue *list = gst_structure_get_value (stats, "uplinks");
  guint64 sent = 0;
  guint i;

  for (i = 0; i < gst_value_array_get_size (list); i++) {
    const GstStructure *uplink =
        gst_value_get_structure (gst_value_array_get_value (list, i));

    sent += number_of (uplink, "packets-sent")
        + number_of (uplink, "duplicates") + number_of (uplink, "control-sent");
  }
  gst_structure_free (stats);
  return sent;
}

static void
add_link (Account *account, const NetWorldLink *link)
{
  account->offered += link->link.offered;
  account->lost += link->link.lost_queue + link->link.lost_random
      + link->link.lost_silent;
}

static void
take_account (const NetResult *result, gdouble seconds, Account *account)
{
  guint i;

  for (i = 0; i < result->n_uplinks; i++) {
    const NetUplinkResult *uplink = &result->uplinks[i];

    add_link (account, &uplink->out);
    add_link (account, &uplink->back);
    /* Of both directions together. */
    account->lost += uplink->out.beside.lost_nat + uplink->out.beside.lost_large
        + uplink->out.beside.lost_late;
    account->offered_out += uplink->out.link.offered;
    account->rate += 8.0 * uplink->out.link.offered_bytes / seconds;
  }
}

static void
run (guint64 seed, NetResult *result, Account *account, SrtlaTime *lateness)
{
  static const gchar *const overrides[] = { "uplink.rate=20Mbit/s",
    "caller.rate=" G_STRINGIFY (RATE) "Mbit/s", NULL
  };
  gchar *path = g_build_filename (g_getenv ("NET_SCENARIOS"), "equal.scenario",
      NULL);
  const NetSessionSettings settings = {.scenario = path,
    .overrides = overrides,.seed = seed
  };
  const SimCallerSpec *caller;
  NetSession session;
  GError *error = NULL;
  Sleeper sleeper;

  memset (account, 0, sizeof *account);
  net_session_start (&session, &namespaces, &settings, &error);
  g_assert_no_error (error);
  caller = g_ptr_array_index (session.scenario->callers, 0);
  sleeper_start (&sleeper);
  net_session_run (&session, caller->start + SPAN);
  *lateness = sleeper_stop (&sleeper);
  /* What is under way arrives meanwhile. */
  net_session_finish (&session, result);
  take_account (result, (gdouble) SPAN / SRTLA_SECOND, account);
  account->sent = sent_by_uplinks (&session.bond);
  net_session_clear (&session);
  g_free (path);
}

/* Returns: what is wrong with it, the caller's; NULL: nothing. */
static gchar *
judge (const NetResult *result, const Account *account)
{
  if (account->rate < 0.95 * RATE * 1e6)
    return g_strdup_printf ("%.1f Mbit/s were sent", account->rate / 1e6);
  if (account->lost > 0)
    return g_strdup_printf ("the links lost %" G_GUINT64_FORMAT " packets",
        account->lost);
  /* Keepalives are sent all the time. */
  if (account->offered_out + 2 * result->n_uplinks < account->sent)
    return g_strdup_printf ("of %" G_GUINT64_FORMAT " packets %" G_GUINT64_FORMAT
        " came to the links", account->sent, account->offered_out);
  if (result->links_p99 > LATEST)
    return g_strdup_printf ("1 %% of packets waited for longer than %.2f ms",
        (gdouble) result->links_p99 / 1e3);
  return NULL;
}

static void
test_rate (void)
{
  gboolean calm = FALSE, good = FALSE;
  gchar *complaint = NULL;
  guint attempt;

  for (attempt = 0; attempt < ATTEMPTS && !good; attempt++) {
    guint64 seed = g_random_int ();
    SrtlaTime lateness;
    NetResult result;
    Account account;

    run (seed, &result, &account, &lateness);
    g_free (complaint);
    complaint = judge (&result, &account);
    good = complaint == NULL;
    calm = calm || lateness <= SLEEPER_CALM;
    g_test_message ("seed %" G_GUINT64_FORMAT ": %.1f Mbit/s out, %"
        G_GUINT64_FORMAT " packets both ways, %" G_GUINT64_FORMAT " lost; late by "
        "%.2f ms (p99), %.2f ms at most; %.1f %% of a core; a thread that only "
        "sleeps is %.2f ms late (p99): %s", seed, account.rate / 1e6,
        account.offered, account.lost, (gdouble) result.links_p99 / 1e3,
        (gdouble) result.links_lateness / 1e3, result.cpu_emulator,
        (gdouble) lateness / 1e3, good ? "good" : complaint);
    net_result_clear (&result);
  }
  if (!good && calm)
    g_error ("%s", complaint);
  if (!good)
    g_test_skip ("the machine is too busy to keep time");
  g_free (complaint);
}

int
main (int argc, char **argv)
{
  gchar *reason;

  if (!net_namespaces_enter (&namespaces, &reason))
    return net_namespaces_refused (reason);
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/net/rate/50", test_rate);
  return g_test_run ();
}
