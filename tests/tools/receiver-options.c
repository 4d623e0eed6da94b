/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "receiver-options.h"

#include <string.h>

gboolean
receiver_options_parse (ReceiverOptions *options, SrtlaBehaviour *behaviour,
    gint *argc, gchar ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    {"srtla-port", 0, 0, G_OPTION_ARG_INT, &options->srtla_port,
        "UDP port for senders; 0 takes a free one (5000)", "PORT"},
    {"srt-host", 0, 0, G_OPTION_ARG_STRING, &options->srt_host,
        "Host of the SRT server (127.0.0.1)", "HOST"},
    {"srt-port", 0, 0, G_OPTION_ARG_INT, &options->srt_port,
        "UDP port of the SRT server (5001)", "PORT"},
    {"bind", 0, 0, G_OPTION_ARG_STRING, &options->bind_address,
        "Local address for senders (all)", "ADDRESS"},
    {"behave-like", 0, 0, G_OPTION_ARG_STRING, &options->behaviour,
          "Deployed receiver to behave like: a, b, c, d, e or f (a); "
          "a, c and f take IPv4 only", "LETTER"},
    {"srtla-acks", 0, 0, G_OPTION_ARG_INT, &options->ack_share,
          "Of its SRTLA ACKs send only this share (100)", "PERCENT"},
    {"print-stats", 0, 0, G_OPTION_ARG_INT, &options->stats_interval,
        "Print counters that often (never)", "SECONDS"},
    {"srt-from-port", 0, 0, G_OPTION_ARG_INT, &options->from_port,
          "Talk to the SRT server from this port, where no group has it yet: "
          "SRT connections outlive a restart (any)", "PORT"},
    {NULL, 0, 0, 0, NULL, NULL, NULL}
  };
  GOptionContext *context = g_option_context_new ("- SRTLA receiver for tests");
  gboolean parsed;

  g_option_context_add_main_entries (context, entries, NULL);
  parsed = g_option_context_parse (context, argc, argv, error);
  g_option_context_free (context);
  if (!parsed)
    return FALSE;

  if (*argc > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "'%s' is not an option", (*argv)[1]);
  } else if (options->srtla_port < 0 || options->srtla_port > G_MAXUINT16
      || options->srt_port < 1 || options->srt_port > G_MAXUINT16
      || options->from_port < 0 || options->from_port > G_MAXUINT16) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "ports go up to 65535");
  } else if (options->stats_interval < 0) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--print-stats takes seconds");
  } else if (options->ack_share < 0 || options->ack_share > 100) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--srtla-acks takes 0 to 100 per cent");
  } else if (options->behaviour != NULL && (strlen (options->behaviour) != 1
          || !srtla_behaviour_find (options->behaviour[0], behaviour))) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--behave-like takes a letter from a to f, not '%s'",
        options->behaviour);
  } else {
    return TRUE;
  }
  return FALSE;
}

void
receiver_options_clear (ReceiverOptions *options)
{
  g_free (options->srt_host);
  g_free (options->bind_address);
  g_free (options->behaviour);
}
