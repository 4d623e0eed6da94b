/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes a fuzz target an ordinary test: each file of the directories, and each
 * file named, is one case. Speaks TAP. An input that fails ends the program;
 * its name stands in the last line.
 */
#include "fuzz.h"

#include <stdio.h>

static void
add_directory (GPtrArray *files, const gchar *path)
{
  GError *error = NULL;
  GDir *directory = g_dir_open (path, 0, &error);
  const gchar *name;

  if (directory == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (directory)) != NULL)
    g_ptr_array_add (files, g_build_filename (path, name, NULL));
  g_dir_close (directory);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(gchar * const *) a, *(gchar * const *) b);
}

static void
run_file (const gchar *path, guint number)
{
  gchar *contents = NULL;
  GError *error = NULL;
  gsize size;
  guint8 *exact;

  if (!g_file_get_contents (path, &contents, &size, &error))
    g_error ("%s", error->message);
  printf ("# %s\n", path);
  fflush (stdout);
  /* Not a byte more: who reads beyond the end is found out. */
  exact = testing_exact_copy ((const guint8 *) contents, size);
  LLVMFuzzerTestOneInput (exact, size);
  free (exact);
  g_free (contents);
  printf ("ok %u - %s\n", number, path);
}

int
main (int argc, char **argv)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  guint i;
  int k;

  LLVMFuzzerInitialize (&argc, &argv);
  for (k = 1; k < argc; k++) {
    if (g_file_test (argv[k], G_FILE_TEST_IS_DIR))
      add_directory (files, argv[k]);
    else
      g_ptr_array_add (files, g_strdup (argv[k]));
  }
  g_ptr_array_sort (files, compare);

  /* Nothing at all is an input, too; and a corpus that got lost is an error. */
  printf ("1..%u\n", files->len + 1);
  LLVMFuzzerTestOneInput ((const guint8 *) "", 0);
  printf ("ok 1 - nothing\n");
  for (i = 0; i < files->len; i++)
    run_file (g_ptr_array_index (files, i), i + 2);
  k = files->len > 0 ? 0 : 1;
  g_ptr_array_unref (files);
  return k;
}
