/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reference: the classic way. One select, one recvfrom and one sendto for each
 * packet, a reading of the clock for each step, and logs searched by number.
 */
#include <sys/select.h>
#include <sys/socket.h>

#include "relay.h"
#include "window.h"

static void
take_packet (Relay * relay, Window * window)
{
  uint8_t data[RELAY_DATAGRAM];
  socklen_t length = sizeof relay->caller;
  ssize_t size = recvfrom (relay->listen_fd, data, sizeof data, 0,
      (struct sockaddr *) &relay->caller, &length);
  unsigned chosen;

  if (size < 0)
    return;
  chosen = window_select (window, relay, relay_now ());
  if (chosen == window->n_uplinks)
    return;
  if (sendto (relay->uplinks[chosen].fd, data, (size_t) size, 0,
          (const struct sockaddr *) &relay->receiver,
          sizeof relay->receiver) < 0)
    return;
  window_sent (window, chosen, data, (size_t) size);
}

static void
take_reply (Relay * relay, Window * window, unsigned uplink)
{
  uint8_t data[RELAY_DATAGRAM];
  ssize_t size = recvfrom (relay->uplinks[uplink].fd, data, sizeof data, 0,
      NULL, NULL);
  int64_t now = relay_now ();

  if (size < 0)
    return;
  window_heard (window, uplink, data, (size_t) size, now);
  if (!relay_control (relay, uplink, data, (size_t) size, now)
      && relay->caller.sin_port != 0)
    sendto (relay->listen_fd, data, (size_t) size, 0,
        (const struct sockaddr *) &relay->caller, sizeof relay->caller);
}

int
main (int argc, char **argv)
{
  static Relay relay;
  static Window window;
  unsigned i;

  relay_init (&relay, argc, argv);
  window_init (&window, relay.n_uplinks);
  for (;;) {
    struct timeval timeout = { 0, 200000 };
    fd_set ready;
    int highest = relay.listen_fd;

    FD_ZERO (&ready);
    FD_SET (relay.listen_fd, &ready);
    for (i = 0; i < relay.n_uplinks; i++) {
      FD_SET (relay.uplinks[i].fd, &ready);
      if (relay.uplinks[i].fd > highest)
        highest = relay.uplinks[i].fd;
    }
    if (select (highest + 1, &ready, NULL, NULL, &timeout) > 0) {
      if (FD_ISSET (relay.listen_fd, &ready))
        take_packet (&relay, &window);
      for (i = 0; i < relay.n_uplinks; i++) {
        if (FD_ISSET (relay.uplinks[i].fd, &ready))
          take_reply (&relay, &window, i);
      }
    }
    relay_tick (&relay, relay_now ());
  }
}
