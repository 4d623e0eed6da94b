/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soak-census.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define MEBIBYTE 1048576.0
/* Of the resident set in an hour, as the second half of the run has it: one
 * packet in a thousand that is not freed is about that, and some is chance. */
#define GROWTH_MAX (3 * MEBIBYTE)
/* A run so short has no slope, minutes. */
#define SLOPE_MINUTES 20

void
soak_census_init (SoakCensus *census, guint minutes)
{
  /* One heap, and large blocks outside of it: else each thread that comes has
   * another, which keeps what was freed after a peak, and the resident set creeps
   * up for hours though nothing more is allocated. */
  mallopt (M_ARENA_MAX, 1);
  mallopt (M_MMAP_THRESHOLD, 128 * 1024);
  /* Its own memory does not grow. */
  census->samples = g_array_sized_new (FALSE, TRUE, sizeof (SoakSample),
      (minutes + 5) * 60);
  census->counts = g_array_sized_new (FALSE, TRUE, sizeof (SoakCount), 64);
  census->minutes = minutes;
  g_thread_pool_set_max_unused_threads (0);
}

void
soak_census_clear (SoakCensus *census)
{
  g_array_unref (census->samples);
  g_array_unref (census->counts);
}

static guint64
get_resident (void)
{
  FILE *file = fopen ("/proc/self/statm", "r");
  unsigned long long total = 0, resident = 0;

  if (file == NULL || fscanf (file, "%llu %llu", &total, &resident) != 2)
    g_error ("/proc/self/statm says nothing");
  fclose (file);
  return resident * (guint64) sysconf (_SC_PAGESIZE);
}

static guint
count_entries (const gchar *path)
{
  GDir *directory = g_dir_open (path, 0, NULL);
  guint count = 0;

  g_assert_nonnull (directory);
  while (g_dir_read_name (directory) != NULL)
    count++;
  g_dir_close (directory);
  return count;
}

void
soak_census_sample (SoakCensus *census, gint64 at)
{
  SoakSample sample = { at, get_resident () };

  g_array_append_val (census->samples, sample);
}

void
soak_census_take (SoakCensus *census, gint64 at)
{
  struct mallinfo2 heap = mallinfo2 ();
  SoakCount count = { at, get_resident (), heap.uordblks + heap.hblkhd,
    count_entries ("/proc/self/task"), count_entries ("/proc/self/fd")
  };

  g_array_append_val (census->counts, count);
}

/* Least squares over the second half. */
static gdouble
get_slope (const SoakCensus *census)
{
  gdouble n = 0, x = 0, y = 0, xx = 0, xy = 0;
  guint i;

  for (i = census->samples->len / 2; i < census->samples->len; i++) {
    const SoakSample *sample = &g_array_index (census->samples, SoakSample, i);
    gdouble at = (gdouble) sample->at / 1e6;

    n++;
    x += at;
    y += (gdouble) sample->resident;
    xx += at * at;
    xy += at * (gdouble) sample->resident;
  }
  return n < 2 ? 0 : (n * xy - x * y) / (n * xx - x * x);
}

void
soak_census_judge (SoakCensus *census, GPtrArray *complaints)
{
  const SoakCount *first = &g_array_index (census->counts, SoakCount, 0);
  const SoakCount *last = &g_array_index (census->counts, SoakCount,
      census->counts->len - 1);

  census->slope = get_slope (census);
  if (census->minutes >= SLOPE_MINUTES && 3600 * census->slope > GROWTH_MAX)
    g_ptr_array_add (complaints, g_strdup_printf ("memory grows by %.1f MiB an "
            "hour", 3600 * census->slope / MEBIBYTE));
  if (last->threads > first->threads)
    g_ptr_array_add (complaints, g_strdup_printf ("%u threads, not %u",
            last->threads, first->threads));
  if (last->descriptors > first->descriptors)
    g_ptr_array_add (complaints, g_strdup_printf ("%u descriptors, not %u",
            last->descriptors, first->descriptors));
}

void
soak_census_print (const SoakCensus *census)
{
  guint i;

  printf ("* Memory, over the second half: %+.2f MiB an hour (least squares of "
      "%u samples of the resident set).\n\n", 3600 * census->slope / MEBIBYTE,
      census->samples->len - census->samples->len / 2);
  printf ("| quiet, at minute | resident, MiB | allocated, MiB | threads | "
      "descriptors |\n|---|---|---|---|---|\n");
  for (i = 0; i < census->counts->len; i++) {
    const SoakCount *count = &g_array_index (census->counts, SoakCount, i);

    printf ("| %.1f | %.1f | %.2f | %u | %u |\n", (gdouble) count->at / 6e7,
        (gdouble) count->resident / MEBIBYTE,
        (gdouble) count->allocated / MEBIBYTE, count->threads,
        count->descriptors);
  }
}

void
soak_census_write_json (const SoakCensus *census, FILE *file)
{
  guint i;

  fprintf (file, " \"slope\": %.3f,\n \"census\": [", census->slope);
  for (i = 0; i < census->counts->len; i++) {
    const SoakCount *count = &g_array_index (census->counts, SoakCount, i);

    fprintf (file, "%s\n  {\"at\": %.1f, \"resident\": %" G_GUINT64_FORMAT
        ", \"allocated\": %" G_GUINT64_FORMAT
        ", \"threads\": %u, \"descriptors\": %u}", i > 0 ? "," : "",
        (gdouble) count->at / 1e6, count->resident, count->allocated,
        count->threads, count->descriptors);
  }
  fprintf (file, "],\n \"samples\": [");
  for (i = 0; i < census->samples->len; i++) {
    const SoakSample *sample = &g_array_index (census->samples, SoakSample, i);

    fprintf (file, "%s[%.1f, %" G_GUINT64_FORMAT "]", i > 0 ? "," : "",
        (gdouble) sample->at / 1e6, sample->resident);
  }
  fprintf (file, "]\n");
}
