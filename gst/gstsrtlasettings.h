/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may change at any time, as one snapshot; and that part of it which the
 * core has.
 */
#pragma once

#include <gio/gio.h>

#include "gstsrtlamode.h"
#include "srtla-bond.h"

G_BEGIN_DECLS

/* How the core decides: docs/scheduling.md. */
typedef struct
{
  GstSrtlaMode mode;
  gboolean quality, exploration, rescue, nak_filter;    /* not for classic */
} GstSrtlaToggles;

/* Times in µs. */
typedef struct
{
  SrtlaTime connection_timeout; /* 0 = never */
  SrtlaTime drain_timeout;
  SrtlaTime stats_interval;     /* 0 = off */
  SrtlaTime coalesce_time;      /* the loop's; 0 = off */
  GSocket *return_socket;       /* or NULL */
  const gchar *uplinks_file;    /* or NULL */
  GstSrtlaToggles toggles;
  SrtlaTime queue_target;       /* 0 = uplinks take all they are given */
  SrtlaTime spin_time;          /* the loop's; 0 = off */
  SrtlaClassSettings classes[SRTLA_N_CLASSES];
} GstSrtlaSettings;

/* µs. Of srtpacketsrc too. */
#define GST_SRTLA_DEFAULT_COALESCE 1000
#define GST_SRTLA_COALESCE_MAX 100000

/* Makes `copy`, which is all zero or a copy before, one that owns what it points
 * to; clear() lets go of that. */
void gst_srtla_settings_copy (GstSrtlaSettings * copy,
    const GstSrtlaSettings * settings);
void gst_srtla_settings_clear (GstSrtlaSettings * copy);

/* As the core has them. */
typedef struct
{
  GstSrtlaToggles toggles;
  SrtlaTime queue_target;
  SrtlaClassSettings classes[SRTLA_N_CLASSES];
} GstSrtlaCoreSettings;

/* As srtla_bond_new() has them. */
void gst_srtla_core_settings_init (GstSrtlaCoreSettings * current);
/* Tells the core what is new; it may have outputs then. */
void gst_srtla_core_settings_apply (GstSrtlaCoreSettings * current,
    SrtlaBond * bond, const GstSrtlaSettings * settings, SrtlaTime now);

G_END_DECLS
