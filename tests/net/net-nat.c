/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-nat.h"
#include "net-ip.h"

#define FIRST_PORT 20000

typedef struct
{
  guint16 inside, outside;
} Mapping;

struct _NetNat
{
  gboolean active;              /* it was rebound once */
  GArray *mappings;             /* of Mapping; a handful */
  guint16 next;                 /* outside port to give */
};

NetNat *
net_nat_new (void)
{
  NetNat *nat = g_new0 (NetNat, 1);

  nat->mappings = g_array_new (FALSE, FALSE, sizeof (Mapping));
  nat->next = FIRST_PORT;
  return nat;
}

void
net_nat_free (NetNat *nat)
{
  g_array_free (nat->mappings, TRUE);
  g_free (nat);
}

void
net_nat_rebind (NetNat *nat)
{
  nat->active = TRUE;
  g_array_set_size (nat->mappings, 0);
}

gboolean
net_nat_out (NetNat *nat, guint8 *packet)
{
  Mapping mapping;
  guint i;

  if (!nat->active)
    return TRUE;
  if (!net_ip_is_udp (packet))
    return FALSE;
  mapping.inside = net_ip_port (packet, NET_IP_SOURCE);
  for (i = 0; i < nat->mappings->len; i++) {
    const Mapping *known = &g_array_index (nat->mappings, Mapping, i);

    if (known->inside == mapping.inside) {
      net_ip_set_port (packet, NET_IP_SOURCE, known->outside);
      return TRUE;
    }
  }
  mapping.outside = nat->next++;
  if (nat->next == 0)
    nat->next = FIRST_PORT;
  g_array_append_val (nat->mappings, mapping);
  net_ip_set_port (packet, NET_IP_SOURCE, mapping.outside);
  return TRUE;
}

gboolean
net_nat_back (NetNat *nat, guint8 *packet)
{
  guint16 port;
  guint i;

  if (!nat->active)
    return TRUE;
  if (!net_ip_is_udp (packet))
    return FALSE;
  port = net_ip_port (packet, NET_IP_DESTINATION);
  for (i = 0; i < nat->mappings->len; i++) {
    const Mapping *known = &g_array_index (nat->mappings, Mapping, i);

    if (known->outside == port) {
      net_ip_set_port (packet, NET_IP_DESTINATION, known->inside);
      return TRUE;
    }
  }
  return FALSE;
}
