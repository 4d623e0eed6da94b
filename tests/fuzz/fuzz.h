/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzz targets share. A target is one function over bytes, as libFuzzer
 * wants it; driver.c calls the same function for each file of its corpus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/testing.h"

G_BEGIN_DECLS

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
/* In fuzz-common.c, which all targets have: warnings of GLib end the run. */
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* The fuzzer's bytes, taken from the front; zeros once they are used up. */
typedef struct
{
  const guint8 *data;
  gsize left;
} FuzzInput;

static inline guint8
fuzz_u8 (FuzzInput *input)
{
  if (input->left == 0)
    return 0;
  input->left--;
  return *input->data++;
}

static inline guint16
fuzz_u16 (FuzzInput *input)
{
  guint16 high = fuzz_u8 (input);

  return (guint16) (high << 8 | fuzz_u8 (input));
}

static inline guint32
fuzz_u32 (FuzzInput *input)
{
  guint32 high = fuzz_u16 (input);

  return high << 16 | fuzz_u16 (input);
}

/* Returns: `size` of the next bytes or what is left of them, in *bytes. */
static inline gsize
fuzz_bytes (FuzzInput *input, gsize size, const guint8 **bytes)
{
  size = MIN (size, input->left);
  *bytes = input->data;
  input->data += size;
  input->left -= size;
  return size;
}

/* Returns: a span from 0 over fractions of a ms to hours, µs, of one byte. */
static inline SrtlaTime
fuzz_span (FuzzInput *input)
{
  guint8 byte = fuzz_u8 (input);

  /* 4 bits each: a power of two, and how much beyond it. */
  return ((SrtlaTime) (byte & 15) << (2 * (byte >> 4))) * 16;
}

/* A random source that a run repeats: SrtlaRandomFunc, user_data is a guint32. */
void fuzz_random (guint8 *bytes, gsize size, gpointer user_data);

G_END_DECLS
