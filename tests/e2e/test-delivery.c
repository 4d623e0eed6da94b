/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An uplink's death, its return, unequal uplinks, a new source port and a
 * restarted receiver cost next to nothing. The bounds are far from what a quiet
 * machine measures (docs/scheduling.md) and from what classic mode would do.
 */
#include "delivery.h"

#include <string.h>

#define NO_BOUND DELIVERY_NEVER
/* A run in which the sender itself was so late says nothing, µs. */
#define DISTURBED (40 * 1000)
#define ATTEMPTS 3

typedef struct
{
  const gchar *scenario;
  DeliveryTimes times;
  gdouble lost;                 /* at most, per cent of the messages; for
                                 * restarts nothing is said of that */
  gdouble retransmitted;        /* at most, per cent */
  gint64 left, resumed, whole;  /* at most, µs */
  gdouble share_again;          /* at least */
} Bounds;

static const Bounds bounds[] = {
  {"death-300", {3000, 6000, 10500}, 1.0, 10.0, 600000, NO_BOUND, NO_BOUND, 0.4},
  {"death-1000", {3000, 6000, 9000}, 0.1, 10.0, 600000, NO_BOUND, NO_BOUND, -1},
  {"sham-300", {3000, 6000, 9000}, 1.0, 10.0, 600000, NO_BOUND, NO_BOUND, -1},
  {"unequal", {0, 0, 8000}, 0.1, 10.0, NO_BOUND, NO_BOUND, NO_BOUND, -1},
  {"rebind", {2500, 2500, 8000}, 0.2, 10.0, NO_BOUND, 4000000, NO_BOUND, -1},
  {"restart", {2000, 4000, 8000}, 100, 100, NO_BOUND, 2200000, 2200000, -1},
};

/* Returns: what is wrong with it, the caller's; NULL: nothing. */
static gchar *
judge (const Bounds *bound, const DeliveryResult *result)
{
  gdouble lost = 100.0 * (gdouble) result->lost
      / (gdouble) MAX (result->sent, 1);

  if (result->sent == 0 || result->srt.sent < result->sent)
    return g_strdup ("not everything was sent");
  if (result->srt.connections != 1)
    return g_strdup_printf ("%u SRT connections", result->srt.connections);
  if (lost > bound->lost)
    return g_strdup_printf ("%.2f %% lost", lost);
  if (delivery_retransmitted (result) > bound->retransmitted)
    return g_strdup_printf ("%.1f %% sent again",
        delivery_retransmitted (result));
  if (bound->left != NO_BOUND && result->left > bound->left)
    return g_strdup_printf ("a dead uplink was chosen for %.0f ms",
        (gdouble) result->left / 1e3);
  if (bound->resumed != NO_BOUND && result->resumed > bound->resumed)
    return g_strdup_printf ("delivered again after %.1f s",
        (gdouble) result->resumed / 1e6);
  if (bound->whole != NO_BOUND && result->whole > bound->whole)
    return g_strdup_printf ("lost messages %.1f s after the return",
        (gdouble) result->whole / 1e6);
  if (result->share_again < bound->share_again)
    return g_strdup_printf ("%.0f %% of its share 2 s after its return",
        100 * result->share_again);
  return NULL;
}

static gboolean
was_disturbed (const DeliveryResult *result)
{
  return result->lateness > DISTURBED;
}

static void
test_delivery (gconstpointer data)
{
  const Bounds *bound = data;
  const DeliveryScenario *scenario = delivery_find (bound->scenario);
  guint64 seed = g_random_int ();
  gchar *complaint = NULL;
  guint attempt;
#ifdef __SANITIZE_ADDRESS__
  const gdouble scale = 0.25;
#else
  const gdouble scale = 1.0;
#endif

  for (attempt = 0; attempt < ATTEMPTS; attempt++) {
    DeliveryResult result;

    g_free (complaint);
    g_test_message ("seed %" G_GUINT64_FORMAT, seed);
    delivery_run (scenario, "enhanced", &bound->times, scale, seed, &result);
    complaint = judge (bound, &result);
    g_test_message ("%" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
        " lost, %.1f %% sent again, sender late at most %.0f ms: %s",
        result.sent, result.lost, delivery_retransmitted (&result),
        (gdouble) result.lateness / 1e3,
        complaint != NULL ? complaint : "good");
    if (complaint == NULL || !was_disturbed (&result))
      break;
  }
  if (complaint != NULL)
    g_error ("%s: %s", scenario->title, complaint);
}

int
main (int argc, char **argv)
{
  guint i;

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  for (i = 0; i < G_N_ELEMENTS (bounds); i++) {
    gchar *path = g_strconcat ("/delivery/", bounds[i].scenario, NULL);

    g_test_add_data_func (path, &bounds[i], test_delivery);
    g_free (path);
  }
  return g_test_run ();
}
