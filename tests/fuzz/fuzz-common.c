/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  (void) argc;
  (void) argv;
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING
      | G_LOG_FATAL_MASK);
  return 0;
}

/* xorshift32 (Marsaglia, 2003). */
void
fuzz_random (guint8 *bytes, gsize size, gpointer user_data)
{
  guint32 *state = user_data;
  gsize i;

  for (i = 0; i < size; i++) {
    if (*state == 0)
      *state = 0x9e3779b9u;
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    bytes[i] = (guint8) (*state >> 11);
  }
}
