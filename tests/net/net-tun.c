/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net-tun.h"
#include "net-namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

gint
net_tun_open (gint namespace, const gchar *name, GError **error)
{
  struct ifreq request;
  gint fd;

  net_namespace_join (namespace);
  fd = open ("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  memset (&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  g_strlcpy (request.ifr_name, name, sizeof request.ifr_name);
  if (fd >= 0 && ioctl (fd, TUNSETIFF, &request) == 0)
    return fd;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
      "TUN device %s: %s", name, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}
