/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts what the code under test asks of GLib's allocator: these definitions
 * stand before GLib's when the static library is linked. Memory comes from
 * malloc () as GLib's does, so that g_free (), sanitizers and valgrind work.
 * Include it in one file of a test program.
 */
#pragma once

#include <stdlib.h>

#include <glib.h>

static guint64 counted_allocations, counted_bytes;     /* ever asked for */

static inline gpointer
counted (gpointer memory, gsize size)
{
  counted_allocations++;
  counted_bytes += size;
  if (memory == NULL && size > 0)
    abort ();
  return memory;
}

gpointer
g_malloc (gsize n_bytes)
{
  return n_bytes > 0 ? counted (malloc (n_bytes), n_bytes) : NULL;
}

gpointer
g_malloc0 (gsize n_bytes)
{
  return n_bytes > 0 ? counted (calloc (1, n_bytes), n_bytes) : NULL;
}

gpointer
g_malloc_n (gsize n_blocks, gsize n_block_bytes)
{
  if (n_block_bytes > 0 && n_blocks > G_MAXSIZE / n_block_bytes)
    abort ();
  return g_malloc (n_blocks * n_block_bytes);
}

gpointer
g_malloc0_n (gsize n_blocks, gsize n_block_bytes)
{
  if (n_block_bytes > 0 && n_blocks > G_MAXSIZE / n_block_bytes)
    abort ();
  return g_malloc0 (n_blocks * n_block_bytes);
}

gpointer
g_realloc (gpointer memory, gsize n_bytes)
{
  if (n_bytes == 0) {
    free (memory);
    return NULL;
  }
  return counted (realloc (memory, n_bytes), n_bytes);
}
