/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The NAT on a link's way. It leaves ports alone until it forgets: from then on
 * every port of the sender is another to the receiver, and what comes to one
 * that is no longer known is not passed on.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _NetNat NetNat;

NetNat *net_nat_new (void);
void net_nat_free (NetNat *nat);

/* Forgets all ports, as a NAT does that runs out of memory or restarts. */
void net_nat_rebind (NetNat *nat);

/* Translates a packet's ports in place, on the way out and back. Returns:
 * FALSE if it is not passed on. Before the first rebinding everything is. */
gboolean net_nat_out (NetNat *nat, guint8 *packet);
gboolean net_nat_back (NetNat *nat, guint8 *packet);

G_END_DECLS
