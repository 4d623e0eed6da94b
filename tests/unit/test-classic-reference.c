/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "classic-reference.h"

/* The reference itself, step by step: two uplinks, the second one is first in
 * the list. Windows and counts were worked out on paper. */
static void
test_reference (void)
{
  static const struct
  {
    guint time;                 /* ms */
    gchar event;
    guint32 number;             /* of an uplink, or a sequence number */
    gint chosen;                /* of a sending */
    gint window[2], in_flight[2];
  } table[] = {
    {1500, 'r', 0, 0, {20000, 20000}, {0, 0}},  /* REG3 */
    {1500, 's', 10, 0, {20000, 20000}, {1, 0}}, /* none else is up */
    {1500, 'r', 1, 0, {20000, 20000}, {1, 0}},
    {1500, 's', 11, 1, {20000, 20000}, {1, 1}}, /* 10000 and 20000 */
    {1500, 's', 12, 1, {20000, 20000}, {1, 2}}, /* the first of equals */
    {1500, 's', 13, 0, {20000, 20000}, {2, 2}}, /* 10000 and 6666 */
    {1500, 'a', 12, 0, {20001, 20001}, {2, 1}}, /* SRTLA ACK */
    {1500, 'a', 12, 0, {20002, 20002}, {2, 1}}, /* nobody's any more */
    {1500, 'n', 13, 0, {19902, 20002}, {2, 1}}, /* NAK: still in flight */
    {1500, 'n', 13, 0, {19902, 20002}, {2, 1}},
    {1500, 'a', 13, 0, {19903, 20003}, {2, 1}},
    {1500, 'A', 11, 0, {19903, 20003}, {0, 1}}, /* SRT ACK: what is logged */
    {5500, 't', 0, 0, {19903, 20003}, {0, 1}},
    {5999, 's', 14, 0, {19903, 20003}, {1, 1}}, /* 5 - 1 is 4 */
    {6000, 's', 15, REFERENCE_NONE, {19903, 20003}, {1, 1}},
    {6499, 't', 0, 0, {19903, 20003}, {1, 1}},
    {6500, 't', 0, 0, {1000, 1000}, {0, 0}},    /* the sweep */
    {6600, 'h', 0, 0, {1000, 1000}, {0, 0}},
    {6600, 'a', 14, 0, {1001, 1000}, {0, 0}},   /* 1 was not heard since */
    {6600, 's', 20, 0, {1001, 1000}, {1, 0}},
    {6600, 's', 21, 0, {1001, 1000}, {2, 0}},
    {6600, 's', 22, 0, {1001, 1000}, {3, 0}},
    {6600, 'a', 20, 0, {1031, 1000}, {2, 0}},   /* 2000 is over 1001 */
    {6600, 'n', 21, 0, {1000, 1000}, {2, 0}},   /* not under 1000 */
    {6600, 'm', 300, 0, {1000, 1000}, {302, 0}},        /* 300 more */
    {6600, 'A', 0, 0, {1000, 1000}, {255, 0}},  /* as many as are searched */
    {6600, 'e', 0, 0, {1000, 1000}, {255, 0}},  /* send error */
    {6600, 's', 30, REFERENCE_NONE, {1000, 1000}, {255, 0}},
    {6700, 'h', 0, 0, {1000, 1000}, {255, 0}},
    {6700, 's', 30, 0, {1000, 1000}, {256, 0}},
    {6700, 'u', 0, 0, {1000, 1000}, {255, 0}},  /* never left */
    {6700, 'e', 0, 0, {1000, 1000}, {255, 0}},
    {7500, 't', 0, 0, {1000, 1000}, {0, 0}},
  };
  ClassicReference reference;
  guint row, i;

  classic_reference_init (&reference, 500000);
  classic_reference_add (&reference, 0);
  classic_reference_add (&reference, 1);
  for (row = 0; row < G_N_ELEMENTS (table); row++) {
    guint64 now = table[row].time * G_GUINT64_CONSTANT (1000);
    guint32 number = table[row].number;

    g_test_message ("row %u", row);
    switch (table[row].event) {
      case 'r':
        classic_reference_registered (&reference, (gint) number, now);
        break;
      case 'h':
        classic_reference_heard (&reference, (gint) number, now);
        break;
      case 's':
        g_assert_cmpint (classic_reference_select (&reference, now), ==,
            table[row].chosen);
        if (table[row].chosen != REFERENCE_NONE)
          classic_reference_sent (&reference, table[row].chosen, 0, number);
        break;
      case 'm':
        for (i = 0; i < number; i++)
          classic_reference_sent (&reference, 0, 0, 1000 + i);
        break;
      case 'u':
        classic_reference_unsent (&reference, (gint) number);
        break;
      case 'e':
        classic_reference_send_failed (&reference, (gint) number);
        break;
      case 'a':
        classic_reference_srtla_ack (&reference, 0, number);
        break;
      case 'A':
        classic_reference_srt_ack (&reference, 0, number);
        break;
      case 'n':
        classic_reference_nak_range (&reference, 0, number, number);
        break;
      default:
        classic_reference_tick (&reference, now);
    }
    for (i = 0; i < 2; i++) {
      g_assert_cmpint (reference.uplinks[i].window, ==, table[row].window[i]);
      g_assert_cmpint (reference.uplinks[i].in_flight, ==,
          table[row].in_flight[i]);
    }
  }
  classic_reference_clear (&reference);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/classic-reference/by-hand", test_reference);
  return g_test_run ();
}
