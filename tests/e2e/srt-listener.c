/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An SRT listener that takes any number of callers, as SRT servers do and the
 * usual small programs do not. What a caller sends goes into a file of its
 * own, named by its streamid.
 */
#include <glib.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <srt/srt.h>

#define MAX_READY 16            /* sockets looked at in one go */
#define TURN_TIME 100           /* ms between two looks at whether to stop */
#define MAX_STREAMID 512

typedef struct
{
  gint port;
  gchar *directory;
  gchar *passphrase;
  gchar *options;               /* NAME=NUMBER, comma-separated */
} Options;

typedef struct
{
  SRTSOCKET listener;
  int epoll;
  const gchar *directory;
  GHashTable *files;            /* SRTSOCKET → file descriptor */
} Server;

static volatile sig_atomic_t stopped = 0;

static void
stop (int number)
{
  (void) number;
  stopped = 1;
}

static void
accept_caller (Server *server)
{
  SRTSOCKET socket = srt_accept (server->listener, NULL, NULL);
  gchar name[MAX_STREAMID + 1] = "";
  int size = MAX_STREAMID, events = SRT_EPOLL_IN | SRT_EPOLL_ERR, file;
  int32_t secured = 0;
  int secured_size = sizeof secured;
  gchar *path;

  if (socket == SRT_INVALID_SOCK)
    return;
  srt_getsockflag (socket, SRTO_STREAMID, name, &size);
  srt_getsockflag (socket, SRTO_RCVKMSTATE, &secured, &secured_size);
  path = g_build_filename (server->directory,
      name[0] != '\0' ? name : "without-streamid", NULL);
  file = open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  printf ("caller %s%s\n", name, secured == SRT_KM_S_SECURED ? ", encrypted"
      : "");
  if (file < 0) {
    fprintf (stderr, "no file %s\n", path);
    srt_close (socket);
  } else {
    g_hash_table_insert (server->files, GINT_TO_POINTER (socket),
        GINT_TO_POINTER (file));
    srt_epoll_add_usock (server->epoll, socket, &events);
  }
  g_free (path);
}

static void
drop_caller (Server *server, SRTSOCKET socket)
{
  gpointer key = GINT_TO_POINTER (socket);

  srt_epoll_remove_usock (server->epoll, socket);
  srt_close (socket);
  close (GPOINTER_TO_INT (g_hash_table_lookup (server->files, key)));
  g_hash_table_remove (server->files, key);
  printf ("caller left\n");
}

static void
read_caller (Server *server, SRTSOCKET socket)
{
  int file = GPOINTER_TO_INT (g_hash_table_lookup (server->files,
          GINT_TO_POINTER (socket)));
  char buffer[2048];
  int size;

  while ((size = srt_recvmsg (socket, buffer, sizeof buffer)) > 0) {
    if (write (file, buffer, (size_t) size) != size)
      exit (EXIT_FAILURE);
  }
  if (srt_getlasterror (NULL) != SRT_EASYNCRCV)
    drop_caller (server, socket);
}

static void
run (Server *server)
{
  while (!stopped) {
    SRTSOCKET ready[MAX_READY];
    int n_ready = MAX_READY, i;

    if (srt_epoll_wait (server->epoll, ready, &n_ready, NULL, NULL, TURN_TIME,
            NULL, NULL, NULL, NULL) < 0)
      continue;
    for (i = 0; i < n_ready; i++) {
      if (ready[i] == server->listener)
        accept_caller (server);
      else
        read_caller (server, ready[i]);
    }
  }
}

static gboolean
set_number (SRTSOCKET socket, const gchar *name, gint number)
{
  const gboolean flag = number != 0;

  if (strcmp (name, "latency") == 0)
    return srt_setsockflag (socket, SRTO_LATENCY, &number, sizeof number) == 0;
  if (strcmp (name, "peeridletimeo") == 0)
    return srt_setsockflag (socket, SRTO_PEERIDLETIMEO, &number,
        sizeof number) == 0;
  if (strcmp (name, "pbkeylen") == 0)
    return srt_setsockflag (socket, SRTO_PBKEYLEN, &number, sizeof number) == 0;
  if (strcmp (name, "tlpktdrop") == 0)
    return srt_setsockflag (socket, SRTO_TLPKTDROP, &flag, sizeof flag) == 0;
  return FALSE;
}

static gboolean
set_options (SRTSOCKET socket, const Options *options)
{
  gchar **pairs = g_strsplit (options->options ? options->options : "", ",", -1);
  gboolean done = TRUE, blocking = FALSE;
  guint i;

  srt_setsockflag (socket, SRTO_RCVSYN, &blocking, sizeof blocking);
  if (options->passphrase != NULL)
    done = srt_setsockflag (socket, SRTO_PASSPHRASE, options->passphrase,
        (int) strlen (options->passphrase)) == 0;
  for (i = 0; pairs[i] != NULL && done; i++) {
    gchar **words = g_strsplit (pairs[i], "=", 2);

    done = g_strv_length (words) == 2
        && set_number (socket, words[0], atoi (words[1]));
    g_strfreev (words);
  }
  g_strfreev (pairs);
  return done;
}

static gboolean
start (Server *server, const Options *options)
{
  struct sockaddr_in address;
  int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;

  memset (&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons ((guint16) options->port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  server->listener = srt_create_socket ();
  server->epoll = srt_epoll_create ();
  server->directory = options->directory;
  server->files = g_hash_table_new (NULL, NULL);
  if (!set_options (server->listener, options)
      || srt_bind (server->listener, (struct sockaddr *) &address,
          sizeof address) != 0 || srt_listen (server->listener, 8) != 0
      || srt_epoll_add_usock (server->epoll, server->listener, &events) != 0) {
    fprintf (stderr, "srt-listener: %s\n", srt_getlasterror_str ());
    return FALSE;
  }
  printf ("listening on port %d\n", options->port);
  return TRUE;
}

int
main (int argc, char **argv)
{
  Options options = { 0, NULL, NULL, NULL };
  const GOptionEntry entries[] = {
    {"port", 0, 0, G_OPTION_ARG_INT, &options.port, "UDP port", "PORT"},
    {"directory", 0, 0, G_OPTION_ARG_FILENAME, &options.directory,
        "Where the files go", "PATH"},
    {"passphrase", 0, 0, G_OPTION_ARG_STRING, &options.passphrase,
        "Callers must have the same", "TEXT"},
    {"options", 0, 0, G_OPTION_ARG_STRING, &options.options,
          "latency, peeridletimeo, pbkeylen, tlpktdrop as in SRT's URIs",
        "NAME=NUMBER,…"},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL}
  };
  GOptionContext *context = g_option_context_new ("- SRT listener for tests");
  int status = EXIT_FAILURE;
  Server server;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL)
      || options.port <= 0 || options.directory == NULL) {
    fprintf (stderr, "srt-listener wants --port and --directory\n");
    return EXIT_FAILURE;
  }
  g_option_context_free (context);
  setvbuf (stdout, NULL, _IOLBF, 0);
  signal (SIGTERM, stop);
  signal (SIGINT, stop);

  srt_startup ();
  if (start (&server, &options)) {
    run (&server);
    status = EXIT_SUCCESS;
  }
  srt_cleanup ();
  g_hash_table_unref (server.files);
  g_free (options.directory);
  g_free (options.passphrase);
  g_free (options.options);
  return status;
}
