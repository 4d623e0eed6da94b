/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into a sender: its system refuses UDP_SEGMENT, as some interfaces
 * do. What the sender does then shows what the trains are worth, and that
 * nothing is lost without them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int
has_segments (const struct msghdr *message)
{
  struct cmsghdr *control;

  for (control = CMSG_FIRSTHDR (message); control != NULL;
      control = CMSG_NXTHDR ((struct msghdr *) message, control)) {
    if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_SEGMENT)
      return 1;
  }
  return 0;
}

__attribute__((visibility ("default")))
ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  static ssize_t (*next) (int, const struct msghdr *, int);

  if (next == NULL)
    *(void **) &next = dlsym (RTLD_NEXT, "sendmsg");
  if (has_segments (message)) {
    errno = EINVAL;
    return -1;
  }
  return next (fd, message, flags);
}

__attribute__((visibility ("default")))
int
sendmmsg (int fd, struct mmsghdr *messages, unsigned int n, int flags)
{
  static int (*next) (int, struct mmsghdr *, unsigned int, int);
  unsigned int plain = 0;

  if (next == NULL)
    *(void **) &next = dlsym (RTLD_NEXT, "sendmmsg");
  while (plain < n && !has_segments (&messages[plain].msg_hdr))
    plain++;
  if (plain == 0 && n > 0) {
    errno = EINVAL;
    return -1;
  }
  return next (fd, messages, plain, flags);
}
