/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names and addresses of the emulated network. Modem number i is an interface
 * of the sender's namespace with a subnet and a routing table of its own; the
 * receiver's namespace has one interface, and two addresses on it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define NET_MODEM "modem%u"
#define NET_MODEM_ADDRESS "10.64.%u.%u" /* number; 2, or another from 2 to 254 */
#define NET_MODEM_HOST 2
#define NET_MODEM_TABLE 100     /* + number */
#define NET_RECEIVER "net0"
#define NET_RECEIVER_ADDRESS "10.99.0.1"
#define NET_RECEIVER_OTHER "10.99.0.2"
/* The same of IPv6, where a scenario's world has it. */
#define NET_MODEM_ADDRESS_6 "fd64:0:0:%u::%x"
#define NET_MODEMS_6 "fd64::/32"
#define NET_RECEIVER_ADDRESS_6 "fd99::1"

/* Returns: the modem an address belongs to; -1 if it is none's. */
static inline gint
net_modem_of_address (guint32 address)
{
  return address >> 16 == (10 << 8 | 64) ? (gint) (address >> 8 & 0xff) : -1;
}

static inline gint
net_modem_of_address_6 (const guint8 *address)
{
  return address[0] == 0xfd && address[1] == 0x64 ? address[6] << 8 | address[7]
      : -1;
}

G_END_DECLS
