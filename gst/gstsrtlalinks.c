/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlalinks.h"

#include "gstsrtladebug.h"

GstSrtlaLinks *
gst_srtla_links_new (const GstSrtlaLinkShared * shared,
    GstSrtlaUplinks * uplinks, GstSrtlaTarget * target, SrtlaTime now)
{
  GstSrtlaLinks *links = g_new0 (GstSrtlaLinks, 1);

  links->shared = *shared;
  links->shared.batch = g_new0 (GstSrtlaBatch, 1);
  links->shared.parking = gst_srtla_parking_new ();
  links->uplinks = uplinks;
  links->target = target;
  links->generation = gst_srtla_uplinks_get_generation (uplinks) - 1;
  links->order = g_ptr_array_new ();
  links->tried_since = now;
  return links;
}

void
gst_srtla_links_free (GstSrtlaLinks * links)
{
  guint i;

  for (i = 0; i < links->order->len; i++)
    gst_srtla_link_free (links->order->pdata[i]);
  g_ptr_array_unref (links->order);
  gst_srtla_target_free (links->target);
  g_free (links->shared.batch);
  gst_srtla_parking_free (links->shared.parking);
  g_free (links);
}

/* ---- Coming and going --------------------------------------------------- */

static GstSrtlaLink *
find_link (GstSrtlaLinks * links, GstSrtlaUplink * uplink)
{
  guint i;

  for (i = 0; i < links->order->len; i++) {
    GstSrtlaLink *link = links->order->pdata[i];

    if (link->uplink == uplink)
      return link;
  }
  return NULL;
}

static void
remove_link (GstSrtlaLinks * links, guint index, SrtlaTime now)
{
  GstSrtlaLink *link = links->order->pdata[index];

  GST_INFO_OBJECT (links->shared.element, "%s (slot %u): removed",
      gst_srtla_spec_shown (gst_srtla_uplink_get_spec (link->uplink)),
      link->slot);
  gst_srtla_link_transmit (link, now);
  gst_srtla_link_return (link, now);
  gst_srtla_link_vacate (link, now);
  gst_srtla_link_park (link, now);
  if (link->slot != SRTLA_NO_UPLINK) {
    if (link->core_state == SRTLA_UPLINK_UP)
      links->up--;
    srtla_bond_remove_uplink (links->shared.bond, link->slot, now);
    links->slots[link->slot] = NULL;
  }
  g_ptr_array_remove_index (links->order, index);
  gst_srtla_link_free (link);
}

static void
follow_uplinks (GstSrtlaLinks * links, SrtlaTime now)
{
  gint generation = gst_srtla_uplinks_get_generation (links->uplinks);
  GPtrArray *list;
  guint i;

  if (generation == links->generation)
    return;
  links->generation = generation;
  list = gst_srtla_uplinks_list (links->uplinks);
  for (i = links->order->len; i-- > 0;) {
    GstSrtlaLink *link = links->order->pdata[i];

    if (!g_ptr_array_find (list, link->uplink, NULL))
      remove_link (links, i, now);
  }
  /* What the core says of slots that are free now must not be taken for what
   * happens to those that get them next. */
  gst_srtla_links_take_events (links, now);
  for (i = 0; i < list->len; i++) {
    if (find_link (links, list->pdata[i]) == NULL)
      g_ptr_array_add (links->order, gst_srtla_link_new (&links->shared,
              list->pdata[i], now));
  }
  g_ptr_array_unref (list);
}

/* ---- Following the receiver --------------------------------------------- */

static GInetAddress *
address_for (GstSrtlaLinks * links, GstSrtlaLink * link)
{
  GSocketFamily family = link->family;

  if (!link->parsed)
    link->parsed = gst_srtla_spec_parse (gst_srtla_uplink_get_spec
        (link->uplink), &link->spec, NULL);
  if (link->parsed && link->spec.address != NULL)
    family = g_inet_address_get_family (link->spec.address);
  return gst_srtla_target_get (links->target, family);
}

static gboolean
has_other_address (GstSrtlaLinks * links, GstSrtlaLink * link)
{
  GInetAddress *address = address_for (links, link);

  return address != NULL && link->receiver != NULL
      && !g_inet_address_equal (address, link->receiver);
}

/* Returns: whether any uplink goes to another address now. */
static gboolean
move_links (GstSrtlaLinks * links, SrtlaTime now)
{
  gboolean moved = FALSE;
  guint i;

  for (i = 0; i < links->order->len; i++) {
    GstSrtlaLink *link = links->order->pdata[i];

    if (!has_other_address (links, link))
      continue;
    moved = TRUE;
    gst_srtla_link_close (link, "the receiver's address changed", now);
    g_clear_pointer (&link->failure, g_free);
    link->reopen_at = now;
  }
  if (moved) {
    links->tried_since = now;
    links->answered_at = 0;
    srtla_bond_restart (links->shared.bond, now);
  }
  return moved;
}

/* Nothing is to be hoped for from this address: each uplink was refused, or
 * cannot even open its socket. */
static gboolean
is_hopeless (GstSrtlaLinks * links)
{
  guint i;

  for (i = 0; i < links->order->len; i++) {
    GstSrtlaLink *link = links->order->pdata[i];

    if (link->refused_at == 0 && link->failure == NULL)
      return FALSE;
  }
  return links->order->len > 0;
}

/* Returns: when the next address may be tried. */
static SrtlaTime
next_address_at (GstSrtlaLinks * links)
{
  SrtlaTime patience = MIN (GST_SRTLA_PATIENCE << MIN (links->rounds, 8),
      GST_SRTLA_PATIENCE_MAX);
  SrtlaTime at = links->tried_since + patience;

  if (is_hopeless (links))
    return links->rounds == 0 ? 0 : links->tried_since + GST_SRTLA_PATIENCE;
  if (links->answered_at != 0)
    at = MAX (at, links->answered_at + GST_SRTLA_ANSWER_VALID);
  return at;
}

static void
next_address (GstSrtlaLinks * links, SrtlaTime now)
{
  guint i;

  links->tried_since = now;
  gst_srtla_target_doubt (links->target, now);
  for (i = 0; i < links->target->addresses->len; i++) {
    if (gst_srtla_target_next (links->target))
      links->rounds++;
    if (move_links (links, now)) {
      GST_INFO_OBJECT (links->shared.element, "no answer: trying the next "
          "address of %s", links->target->host);
      return;
    }
  }
}

static void
fail_unresolved (GstSrtlaLinks * links, SrtlaTime now)
{
  guint i;

  for (i = 0; i < links->order->len; i++) {
    GstSrtlaLink *link = links->order->pdata[i];

    if (link->socket == NULL
        && g_strcmp0 (link->failure, links->target->error) != 0)
      gst_srtla_link_fail (link, g_strdup (links->target->error), now);
  }
}

static void
follow_receiver (GstSrtlaLinks * links, SrtlaTime now)
{
  gboolean changed = gst_srtla_target_update (links->target, now);

  if (links->target->addresses->len == 0) {
    if (links->target->error != NULL)
      fail_unresolved (links, now);
    links->tried_since = now;
    return;
  }
  if (links->up > 0) {
    gst_srtla_target_trust (links->target);
    links->tried_since = now;
    links->rounds = 0;
    return;
  }
  if (changed)
    move_links (links, now);
  if (now >= next_address_at (links))
    next_address (links, now);
}

/* ---- The other family --------------------------------------------------- */

static GSocketFamily
other_family (GstSrtlaLink * link)
{
  return g_inet_address_get_family (link->receiver) == G_SOCKET_FAMILY_IPV4
      ? G_SOCKET_FAMILY_IPV6 : G_SOCKET_FAMILY_IPV4;
}

/* Returns: whether the link tries the family by which it never heard anything,
 * in the stead of one by which it did. */
static gboolean
is_guest (GstSrtlaLink * link)
{
  return link->heard_family != G_SOCKET_FAMILY_INVALID
      && link->heard_family == other_family (link);
}

/* Returns: when the link shall try the receiver's address of the other family:
 * it hears nothing, or nothing any more, while others do. NONE: not as things
 * are. */
static SrtlaTime
other_family_at (GstSrtlaLinks * links, GstSrtlaLink * link)
{
  if (link->socket == NULL || link->core_state == SRTLA_UPLINK_UP
      || links->up == 0 || link->spec.address != NULL
      || gst_srtla_target_get (links->target, other_family (link)) == NULL)
    return SRTLA_TIME_NONE;
  return link->heard_at + (is_guest (link) ? GST_SRTLA_FAMILY_MIN
      : link->family_patience);
}

static void
leave_black_hole (GstSrtlaLinks * links, GstSrtlaLink * link, SrtlaTime now)
{
  if (now < other_family_at (links, link))
    return;
  if (!is_guest (link))
    link->family_patience = MIN (2 * link->family_patience,
        GST_SRTLA_FAMILY_MAX);
  link->family = other_family (link);
  gst_srtla_link_close (link, "no answer: trying the other address family",
      now);
  link->reopen_at = now;
}

/* ---- Opening ------------------------------------------------------------ */

/* An interface may know but one of the two families, while others reach the
 * receiver by the other. */
static void
try_other_family (GstSrtlaLinks * links, GstSrtlaLink * link)
{
  GSocketFamily other = other_family (link);

  link->family = gst_srtla_target_get (links->target, other) != NULL
      ? other : G_SOCKET_FAMILY_INVALID;
}

static void
open_link (GstSrtlaLinks * links, GstSrtlaLink * link, SrtlaTime now)
{
  GInetAddress *address = address_for (links, link);

  if (address == NULL) {
    gst_srtla_link_fail (link, g_strdup_printf ("host “%s” has no %s address",
            links->target->host, g_inet_address_get_family (link->spec.address)
            == G_SOCKET_FAMILY_IPV6 ? "IPv6" : "IPv4"), now);
    return;
  }
  gst_srtla_link_open (link, address, links->target->port, now);
  if (link->socket == NULL && link->parsed && link->spec.address == NULL)
    try_other_family (links, link);
  if (link->slot != SRTLA_NO_UPLINK)
    links->slots[link->slot] = link;
}

void
gst_srtla_links_update (GstSrtlaLinks * links, SrtlaTime now)
{
  guint i;

  follow_uplinks (links, now);
  follow_receiver (links, now);
  gst_srtla_parking_expire (links->shared.parking, now);
  for (i = 0; i < links->order->len; i++) {
    GstSrtlaLink *link = links->order->pdata[i];

    if (link->rebind) {
      gst_srtla_link_close (link, "new source port", now);
      link->reopen_at = now;
    }
    leave_black_hole (links, link, now);
    if (link->socket == NULL && now >= link->reopen_at
        && links->target->addresses->len > 0)
      open_link (links, link, now);
    gst_srtla_link_update_limit (link, now);
  }
}

/* ---- Events ------------------------------------------------------------- */

static void
uplink_changed (GstSrtlaLinks * links, const SrtlaEvent * event)
{
  GstSrtlaLink *link = event->uplink < SRTLA_MAX_UPLINKS
      ? links->slots[event->uplink] : NULL;

  if (link == NULL)
    return;
  if (event->to == SRTLA_UPLINK_UP && link->core_state != SRTLA_UPLINK_UP) {
    links->up++;
    link->backoff = GST_SRTLA_REOPEN_MIN;
  } else if (event->to != SRTLA_UPLINK_UP
      && link->core_state == SRTLA_UPLINK_UP) {
    links->up--;
  }
  link->core_state = event->to;
  link->stalled = FALSE;
  gst_srtla_link_update_state (link, event->reason);
}

static void
uplink_stalled (GstSrtlaLinks * links, const SrtlaEvent * event)
{
  GstSrtlaLink *link = event->uplink < SRTLA_MAX_UPLINKS
      ? links->slots[event->uplink] : NULL;

  if (link == NULL)
    return;
  link->stalled = event->kind == SRTLA_EVENT_STALLED;
  gst_srtla_link_update_state (link, link->stalled
      ? "nothing sent here is acknowledged" : "delivers again");
}

static void
coverage_changed (GstSrtlaLinks * links, const SrtlaEvent * event)
{
  GstSrtlaLink *link = event->uplink < SRTLA_MAX_UPLINKS
      ? links->slots[event->uplink] : NULL;

  if (link != NULL)
    GST_INFO_OBJECT (links->shared.element, "%s (slot %u): of what arrives, "
        "SRTLA ACKs name: %s", gst_srtla_spec_shown (gst_srtla_uplink_get_spec
            (link->uplink)), link->slot, event->reason);
}

static void
notify (GstSrtlaLinks * links, GstSrtlaNotice * notice)
{
  links->shared.notify (notice, links->shared.user_data);
}

/* What its uplink will tell, with its name and all, is for those who look
 * closer. */
static void
log_event (GstSrtlaLinks * links, const SrtlaEvent * event)
{
  gboolean told = event->kind == SRTLA_EVENT_UPLINK_STATE
      || event->kind == SRTLA_EVENT_STALLED
      || event->kind == SRTLA_EVENT_DELIVERS
      || event->kind == SRTLA_EVENT_COVERAGE;
  gchar line[256];

  srtla_event_format (event, line, sizeof line);
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, told ? GST_LEVEL_DEBUG : GST_LEVEL_INFO,
      links->shared.element, "%s", line);
}

void
gst_srtla_links_take_events (GstSrtlaLinks * links, SrtlaTime now)
{
  SrtlaEvent event;

  (void) now;
  while (srtla_bond_next_event (links->shared.bond, &event)) {
    log_event (links, &event);
    switch (event.kind) {
      case SRTLA_EVENT_UPLINK_STATE:
        uplink_changed (links, &event);
        break;
      case SRTLA_EVENT_STALLED:
      case SRTLA_EVENT_DELIVERS:
        uplink_stalled (links, &event);
        break;
      case SRTLA_EVENT_COVERAGE:
        coverage_changed (links, &event);
        break;
      case SRTLA_EVENT_NARROW:
        if (event.uplink < SRTLA_MAX_UPLINKS
            && links->slots[event.uplink] != NULL)
          gst_srtla_link_warn_narrow (links->slots[event.uplink]);
        break;
      case SRTLA_EVENT_CONNECTED:
        notify (links, gst_srtla_notice_new (GST_SRTLA_NOTICE_CONNECTED));
        break;
      case SRTLA_EVENT_DISCONNECTED:
        notify (links, gst_srtla_notice_new (GST_SRTLA_NOTICE_DISCONNECTED));
        break;
      case SRTLA_EVENT_CONNECTION_TIMEOUT:
        notify (links, gst_srtla_notice_new_trouble (GST_SRTLA_NOTICE_ERROR,
                GST_RESOURCE_ERROR_OPEN_WRITE,
                g_strdup_printf ("No uplink reached the SRTLA receiver at "
                    "%s:%u in time.", links->target->host,
                    links->target->port),
                g_strdup ("The property connection-timeout sets the time; the "
                    "property stats says why each uplink is not up.")));
        break;
      default:                 /* for the log alone */
        break;
    }
  }
}

/* ---- Sending ------------------------------------------------------------ */

void
gst_srtla_links_transmit (GstSrtlaLinks * links, SrtlaTime now)
{
  guint i;

  for (i = 0; i < links->order->len; i++)
    gst_srtla_link_transmit (links->order->pdata[i], now);
}

void
gst_srtla_links_flush (GstSrtlaLinks * links, SrtlaTime now)
{
  guint i;

  for (i = 0; i < links->order->len; i++)
    gst_srtla_link_flush (links->order->pdata[i], now);
}

guint
gst_srtla_links_waiting (const GstSrtlaLinks * links)
{
  guint i, n = 0;

  for (i = 0; i < links->order->len; i++) {
    const GstSrtlaLink *link = links->order->pdata[i];

    n += link->egress.count - link->egress.duplicates;
  }
  return n;
}

gboolean
gst_srtla_links_is_empty (const GstSrtlaLinks * links)
{
  guint i;

  for (i = 0; i < links->order->len; i++) {
    if (!gst_srtla_egress_is_empty (&((GstSrtlaLink *)
                links->order->pdata[i])->egress))
      return FALSE;
  }
  return TRUE;
}

SrtlaTime
gst_srtla_links_deadline (const GstSrtlaLinks * links)
{
  SrtlaTime deadline = MIN (links->target->resolve_at,
      gst_srtla_parking_deadline (links->shared.parking));
  gboolean has_addresses = links->target->addresses->len > 0;
  guint i;

  for (i = 0; i < links->order->len; i++) {
    GstSrtlaLink *link = links->order->pdata[i];

    deadline = MIN (deadline, gst_srtla_link_deadline (link));
    if (link->rebind)
      deadline = 0;
    deadline = MIN (deadline, other_family_at ((GstSrtlaLinks *) links, link));
    if (link->socket == NULL && has_addresses)
      deadline = MIN (deadline, link->reopen_at);
  }
  if (links->up == 0 && has_addresses)
    deadline = MIN (deadline, next_address_at ((GstSrtlaLinks *) links));
  return deadline;
}

void
gst_srtla_links_publish (GstSrtlaLinks * links, const SrtlaBondStats * stats,
    SrtlaTime now)
{
  guint i, j;

  for (i = 0; i < links->order->len; i++) {
    GstSrtlaLink *link = links->order->pdata[i];
    const SrtlaUplinkStats *core = NULL;

    for (j = 0; j < stats->n_uplinks && core == NULL; j++) {
      if (stats->uplinks[j].slot == link->slot)
        core = &stats->uplinks[j];
    }
    gst_srtla_link_publish (link, core, now);
  }
}
