/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into the process under test: counts what it asks of malloc () and
 * its kin, in a file that the benchmark reads.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own, which these stand before. */
extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n, size_t size);
extern void *__libc_realloc (void *memory, size_t size);
extern void *__libc_memalign (size_t alignment, size_t size);

static uint64_t nowhere, *counter = &nowhere;

__attribute__((constructor))
static void
open_counter (void)
{
  const char *path = getenv ("BENCH_ALLOCATIONS");
  int fd = path != NULL ? open (path, O_RDWR | O_CLOEXEC) : -1;
  void *shared;

  if (fd < 0)
    return;
  shared = mmap (NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED,
      fd, 0);
  close (fd);
  unlink (path);
  if (shared != MAP_FAILED)
    counter = shared;
}

static void
count (void)
{
  __atomic_fetch_add (counter, 1, __ATOMIC_RELAXED);
}

__attribute__((visibility ("default")))
void *
malloc (size_t size)
{
  count ();
  return __libc_malloc (size);
}

__attribute__((visibility ("default")))
void *
calloc (size_t n, size_t size)
{
  count ();
  return __libc_calloc (n, size);
}

__attribute__((visibility ("default")))
void *
realloc (void *memory, size_t size)
{
  count ();
  return __libc_realloc (memory, size);
}

__attribute__((visibility ("default")))
void *
memalign (size_t alignment, size_t size)
{
  count ();
  return __libc_memalign (alignment, size);
}

__attribute__((visibility ("default")))
void *
aligned_alloc (size_t alignment, size_t size)
{
  count ();
  return __libc_memalign (alignment, size);
}

__attribute__((visibility ("default")))
int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  count ();
  *memory = __libc_memalign (alignment, size);
  return *memory != NULL ? 0 : 12;      /* ENOMEM */
}
