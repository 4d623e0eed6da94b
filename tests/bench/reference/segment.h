/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One message as a train of datagrams of equal size (UDP_SEGMENT).
 */
#pragma once

#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Room for what the message says of it; valid as long as the message is. */
typedef struct
{
  uint64_t room[CMSG_SPACE (sizeof (uint16_t)) / 8 + 1];
} SegmentControl;

/* size: bytes of each datagram but the last, which may be shorter. */
static inline void
segment_message (struct msghdr *message, SegmentControl * control,
    uint16_t size)
{
  struct cmsghdr *header;

  message->msg_control = control->room;
  message->msg_controllen = CMSG_SPACE (sizeof size);
  header = CMSG_FIRSTHDR (message);
  header->cmsg_level = SOL_UDP;
  header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN (sizeof size);
  memcpy (CMSG_DATA (header), &size, sizeof size);
}
