/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlasegment.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#ifdef __linux__
#include <netinet/udp.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103         /* older headers, not older kernels */
#endif
#endif

#ifdef UDP_SEGMENT
G_STATIC_ASSERT (CMSG_SPACE (sizeof (guint16)) <= sizeof (GstSrtlaSegment));
#endif

void
gst_srtla_segment_apply (GstSrtlaSegment * segment, guint16 size,
    struct msghdr *message)
{
#ifdef UDP_SEGMENT
  struct cmsghdr *control;

  message->msg_control = segment->bytes;
  message->msg_controllen = CMSG_SPACE (sizeof size);
  control = CMSG_FIRSTHDR (message);
  control->cmsg_level = IPPROTO_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN (sizeof size);
  memcpy (CMSG_DATA (control), &size, sizeof size);
#else
  (void) segment;
  (void) size;
  (void) message;
#endif
}

gboolean
gst_srtla_segment_is_known (void)
{
#ifdef UDP_SEGMENT
  return TRUE;
#else
  return FALSE;
#endif
}

gboolean
gst_srtla_segment_is_refusal (gint error_number)
{
  switch (error_number) {
    case EIO:                  /* the interface cannot, or IPsec is on the way */
    case EINVAL:
    case EOPNOTSUPP:
    case EMSGSIZE:             /* a datagram over the MTU: some are, not all */
      return TRUE;
    default:
      return FALSE;
  }
}
