/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reference: the classic algorithm, but packets are received and sent many at
 * a time (recvmmsg, sendmmsg), and the clock is read once a turn.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "relay.h"
#include "window.h"

#define BATCH 64

static Relay relay;
static Window window;
static uint8_t datagrams[BATCH][RELAY_DATAGRAM];
static struct mmsghdr incoming[BATCH], outgoing[RELAY_UPLINKS][BATCH];
static struct iovec vectors[BATCH];
static unsigned queued[RELAY_UPLINKS];

static void
send_queued (void)
{
  unsigned i, sent;
  int n;

  for (i = 0; i < relay.n_uplinks; i++) {
    for (sent = 0; sent < queued[i]; sent += (unsigned) n) {
      n = sendmmsg (relay.uplinks[i].fd, outgoing[i] + sent, queued[i] - sent,
          0);
      if (n <= 0)
        break;
    }
    queued[i] = 0;
  }
}

static int
take_packets (int64_t now)
{
  int i, n;

  for (i = 0; i < BATCH; i++) {
    vectors[i].iov_len = RELAY_DATAGRAM;
    incoming[i].msg_hdr.msg_namelen = sizeof relay.caller;
  }
  n = recvmmsg (relay.listen_fd, incoming, BATCH, 0, NULL);
  for (i = 0; i < n; i++) {
    unsigned chosen = window_select (&window, &relay, now);

    if (chosen == window.n_uplinks)
      continue;
    vectors[i].iov_len = incoming[i].msg_len;
    window_sent (&window, chosen, datagrams[i], incoming[i].msg_len);
    outgoing[chosen][queued[chosen]++].msg_hdr.msg_iov = &vectors[i];
  }
  send_queued ();
  return n;
}

static void
take_replies (unsigned uplink, int64_t now)
{
  static uint8_t replies[BATCH][RELAY_DATAGRAM];
  static struct mmsghdr messages[BATCH];
  static struct iovec reply_vectors[BATCH];
  int i, n;

  for (i = 0; i < BATCH; i++) {
    reply_vectors[i].iov_base = replies[i];
    reply_vectors[i].iov_len = RELAY_DATAGRAM;
    memset (&messages[i], 0, sizeof messages[i]);
    messages[i].msg_hdr.msg_iov = &reply_vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  n = recvmmsg (relay.uplinks[uplink].fd, messages, BATCH, 0, NULL);
  for (i = 0; i < n; i++) {
    size_t size = messages[i].msg_len;

    window_heard (&window, uplink, replies[i], size, now);
    if (!relay_control (&relay, uplink, replies[i], size, now)
        && relay.caller.sin_port != 0)
      sendto (relay.listen_fd, replies[i], size, 0,
          (const struct sockaddr *) &relay.caller, sizeof relay.caller);
  }
}

static void
prepare (void)
{
  unsigned i, k;

  for (i = 0; i < BATCH; i++) {
    vectors[i].iov_base = datagrams[i];
    incoming[i].msg_hdr.msg_iov = &vectors[i];
    incoming[i].msg_hdr.msg_iovlen = 1;
    incoming[i].msg_hdr.msg_name = &relay.caller;
    for (k = 0; k < RELAY_UPLINKS; k++)
      outgoing[k][i].msg_hdr.msg_iovlen = 1;
  }
}

int
main (int argc, char **argv)
{
  struct pollfd ready[1 + RELAY_UPLINKS];
  unsigned i;

  relay_init (&relay, argc, argv);
  window_init (&window, relay.n_uplinks);
  prepare ();
  ready[0].fd = relay.listen_fd;
  for (i = 0; i < relay.n_uplinks; i++)
    ready[1 + i].fd = relay.uplinks[i].fd;
  for (i = 0; i <= relay.n_uplinks; i++)
    ready[i].events = POLLIN;

  for (;;) {
    int full = 0;
    int64_t now;

    poll (ready, 1 + relay.n_uplinks, 200);
    now = relay_now ();
    for (i = 0; i < relay.n_uplinks; i++) {
      if (ready[1 + i].revents != 0)
        take_replies (i, now);
    }
    if (ready[0].revents != 0)
      full = take_packets (now) == BATCH;
    relay_tick (&relay, now);
    if (relay.coalesce > 0 && !full)
      relay_pause (now, relay.coalesce);
  }
}
