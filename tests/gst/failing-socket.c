/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1             /* sendmmsg, ppoll */
#endif

#include "failing-socket.h"

#include <errno.h>
#include <gmodule.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* On Linux alone; the size is that of the kernel's set. */
#define KERNEL_SIGSET_SIZE 8
#define POLL_MAX 256

static gint failing;            /* atomic: the error number; 0 = none fails */
static gint failing_host;       /* atomic */
static gint failed;             /* atomic */

/* Returns: the last number of the uplink's address; 0: it is no uplink's. */
static gint
host_of (int fd)
{
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  guint32 number;

  memset (&address, 0, sizeof address);
  if (getsockname (fd, (struct sockaddr *) &address, &size) != 0
      || address.sin_family != AF_INET)
    return 0;
  number = ntohl (address.sin_addr.s_addr);
  return number >> 8 == 0x7f0000 && (number & 0xff) > 1 ? number & 0xff : 0;
}

static gint
error_for (int fd)
{
  gint error_number = g_atomic_int_get (&failing);
  gint host = g_atomic_int_get (&failing_host), own;

  if (error_number == 0)
    return 0;
  own = host_of (fd);
  return own != 0 && (host == 0 || host == own) ? error_number : 0;
}

G_MODULE_EXPORT int
sendmmsg (int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
  gint error_number = error_for (fd);

  if (error_number != 0) {
    g_atomic_int_inc (&failed);
    errno = error_number;
    return -1;
  }
  return (int) syscall (SYS_sendmmsg, fd, messages, n, flags);
}

G_MODULE_EXPORT int
ppoll (struct pollfd *fds, nfds_t n, const struct timespec *timeout,
    const sigset_t * mask)
{
  struct pollfd copies[POLL_MAX];
  struct timespec time;
  nfds_t i;
  int result;

  g_assert_cmpuint (n, <=, POLL_MAX);
  if (n > 0)
    memcpy (copies, fds, n * sizeof *fds);
  for (i = 0; i < n; i++) {
    if ((copies[i].events & POLLOUT) != 0 && error_for (copies[i].fd) != 0)
      copies[i].events &= ~POLLOUT;
  }
  /* The kernel writes the rest of the time there; and who was refused must be
   * asked again. */
  time.tv_sec = 0;
  time.tv_nsec = 10 * 1000 * 1000;
  if (timeout != NULL && (timeout->tv_sec == 0
          || g_atomic_int_get (&failing) == 0))
    time = *timeout;
  result = (int) syscall (SYS_ppoll, copies, n, timeout != NULL
      || g_atomic_int_get (&failing) != 0 ? &time : NULL, mask,
      KERNEL_SIGSET_SIZE);
  for (i = 0; i < n; i++)
    fds[i].revents = copies[i].revents;
  return result;
}

G_MODULE_EXPORT int
poll (struct pollfd *fds, nfds_t n, int timeout)
{
  struct timespec time = { timeout / 1000, (timeout % 1000) * 1000000L };

  return ppoll (fds, n, timeout < 0 ? NULL : &time, NULL);
}

void
failing_socket_start (gint host, gint error_number)
{
  g_atomic_int_set (&failed, 0);
  g_atomic_int_set (&failing_host, host);
  g_atomic_int_set (&failing, error_number);
}

guint
failing_socket_stop (void)
{
  g_atomic_int_set (&failing, 0);
  return (guint) g_atomic_int_get (&failed);
}
