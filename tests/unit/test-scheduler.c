/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "srtla-scheduler.h"
#include "testing.h"

#define MAX_VIEWS 4
#define NOBODY SRTLA_NO_UPLINK

static void
test_find (void)
{
  g_assert_true (srtla_scheduler_find ("classic") == &srtla_scheduler_classic);
  g_assert_null (srtla_scheduler_find ("Classic"));
  g_assert_null (srtla_scheduler_find (""));
  g_assert_null (srtla_scheduler_find (NULL));
}

static void
test_classic (void)
{
  static const struct
  {
    guint n;
    struct
    {
      gint32 window, in_flight;
      gboolean live;
    } uplinks[MAX_VIEWS];
    guint chosen;
  } table[] = {
    {0, {{0, 0, FALSE}}, NOBODY},
    {1, {{20000, 0, FALSE}}, NOBODY},
    {1, {{1000, 5000, TRUE}}, 0},       /* a score of 0 is still a choice */
    {2, {{20000, 0, TRUE}, {20000, 0, TRUE}}, 0},       /* first of equals */
    {2, {{20000, 1, TRUE}, {20000, 0, TRUE}}, 1},
    {2, {{60000, 0, FALSE}, {1000, 9, TRUE}}, 1},
    {2, {{20001, 1, TRUE}, {20000, 1, TRUE}}, 0},       /* 10000 twice */
    {3, {{20000, 2, TRUE}, {20001, 1, TRUE}, {20000, 1, TRUE}}, 1},
    {4, {{1000, 0, TRUE}, {2000, 0, TRUE}, {3000, 1, TRUE}, {9000, 9, TRUE}}, 1},
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (table); i++) {
    SrtlaUplink *uplinks[MAX_VIEWS];
    SrtlaSchedulerView view = {
      (const SrtlaUplink * const *) uplinks, table[i].n, 10 * SRTLA_SECOND,
      1332, FALSE, FALSE, NOBODY, FALSE
    };

    for (k = 0; k < table[i].n; k++) {
      uplinks[k] = srtla_uplink_new (k, 0);
      uplinks[k]->window = table[i].uplinks[k].window;
      uplinks[k]->in_flight = table[i].uplinks[k].in_flight;
      uplinks[k]->state = SRTLA_UPLINK_UP;
      uplinks[k]->last_heard = (table[i].uplinks[k].live ? 10 : 5)
          * SRTLA_SECOND;
    }
    g_test_message ("row %u", i);
    g_assert_cmpuint (srtla_scheduler_classic.select (&view), ==,
        table[i].chosen);
    for (k = 0; k < table[i].n; k++)
      srtla_uplink_free (uplinks[k]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scheduler/find", test_find);
  g_test_add_func ("/scheduler/classic", test_classic);
  return g_test_run ();
}
