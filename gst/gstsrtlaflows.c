/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlaflows.h"

#include <string.h>

void
gst_srtla_flows_init (GstSrtlaFlows * flows, SrtlaBond * bond)
{
  flows->bond = bond;
  flows->ingresses = g_ptr_array_new ();
}

void
gst_srtla_flows_clear (GstSrtlaFlows * flows)
{
  g_clear_pointer (&flows->ingresses, g_ptr_array_unref);
}

static gboolean
has_number (const GstSrtlaFlows * flows, GstSrtlaIngress * ingress)
{
  return flows->numbered[gst_srtla_ingress_get_flow (ingress)] == ingress;
}

/* Those whose pads are gone. */
static void
close_flows (GstSrtlaFlows * flows)
{
  guint i;

  for (i = 0; i < SRTLA_MAX_FLOWS; i++) {
    if (flows->numbered[i] == NULL
        || g_ptr_array_find (flows->ingresses, flows->numbered[i], NULL))
      continue;
    flows->numbered[i] = NULL;
    if (i != SRTLA_MAIN_FLOW)
      srtla_bond_close_flow (flows->bond, i);
  }
}

/* The first pad's is the main flow. Numbers are not used again at once: what is
 * further on is still counted by the old one. */
static void
give_number (GstSrtlaFlows * flows, GstSrtlaIngress * ingress)
{
  guint i, number = SRTLA_MAIN_FLOW;

  if (flows->numbered[SRTLA_MAIN_FLOW] != NULL) {
    for (i = 0; i < SRTLA_MAX_FLOWS && flows->numbered[number] != NULL; i++)
      number = 1 + (flows->last + i) % (SRTLA_MAX_FLOWS - 1);
    if (flows->numbered[number] != NULL) {
      gst_srtla_ingress_set_flow (ingress, SRTLA_MAIN_FLOW);    /* shares it */
      return;
    }
    flows->last = number;
  }
  flows->numbered[number] = ingress;
  gst_srtla_ingress_set_flow (ingress, number);
  memset (&flows->settings[number], 0, sizeof flows->settings[number]);
}

static void
update_settings (GstSrtlaFlows * flows, GstSrtlaIngress * ingress)
{
  guint number = gst_srtla_ingress_get_flow (ingress);
  SrtlaFlowSettings *current = &flows->settings[number], settings;

  gst_srtla_ingress_get_settings (ingress, &settings);
  if (settings.priority == current->priority
      && settings.budget == current->budget
      && settings.quantum == current->quantum
      && settings.length == current->length)
    return;
  srtla_bond_set_flow (flows->bond, number, &settings);
  *current = settings;
}

void
gst_srtla_flows_set (GstSrtlaFlows * flows, GPtrArray * ingresses,
    const GstSrtlaIngressStats * past)
{
  guint i;

  g_ptr_array_unref (flows->ingresses);
  flows->ingresses = ingresses;
  flows->past = *past;
  close_flows (flows);
  for (i = 0; i < ingresses->len; i++) {
    if (!has_number (flows, ingresses->pdata[i]))
      give_number (flows, ingresses->pdata[i]);
    if (has_number (flows, ingresses->pdata[i]))
      update_settings (flows, ingresses->pdata[i]);
  }
}

void
gst_srtla_flows_heed (GstSrtlaFlows * flows, GstSrtlaIngress * ingress,
    const GstSrtlaIngressNews * news)
{
  guint number = gst_srtla_ingress_get_flow (ingress);

  if (!has_number (flows, ingress))
    return;
  if (news->flushed)
    srtla_bond_flush_flow (flows->bond, number);
  if (news->critical_until != 0)
    srtla_bond_set_critical (flows->bond, number, news->critical_until);
}

gboolean
gst_srtla_flows_have_input (GstSrtlaFlows * flows)
{
  GstSrtlaIngressStats stats;
  guint i;

  for (i = 0; i < flows->ingresses->len; i++) {
    gst_srtla_ingress_get_stats (flows->ingresses->pdata[i], &stats);
    if (stats.queued > 0)
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_srtla_flows_are_urgent (GstSrtlaFlows * flows)
{
  guint i;

  for (i = 0; i < flows->ingresses->len; i++) {
    if (gst_srtla_ingress_is_urgent (flows->ingresses->pdata[i]))
      return TRUE;
  }
  return FALSE;
}

static void
name_flow (GstSrtlaIngress * ingress, const GstSrtlaIngressStats * numbers,
    GstSrtlaStats * stats)
{
  guint number = gst_srtla_ingress_get_flow (ingress);

  stats->flows[number].ingress = *numbers;
  gst_srtla_ingress_get_name (ingress, stats->flows[number].pad,
      sizeof stats->flows[number].pad);
}

void
gst_srtla_flows_get_stats (GstSrtlaFlows * flows, GstSrtlaStats * stats)
{
  GstSrtlaIngressStats numbers;
  guint i;

  stats->ingress = flows->past;
  for (i = 0; i < flows->ingresses->len; i++) {
    gst_srtla_ingress_get_stats (flows->ingresses->pdata[i], &numbers);
    gst_srtla_stats_add_ingress (&stats->ingress, &numbers);
    if (has_number (flows, flows->ingresses->pdata[i]))
      name_flow (flows->ingresses->pdata[i], &numbers, stats);
  }
}
