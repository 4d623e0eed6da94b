/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define SECOND 1000000

int64_t
relay_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * SECOND + now.tv_nsec / 1000;
}

void
relay_pause (int64_t since, int64_t span)
{
  struct timespec until = { (since + span) / SECOND,
    (since + span) % SECOND * 1000
  };

  clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void
fail (const char *what)
{
  perror (what);
  exit (1);
}

static struct sockaddr_in
ipv4 (const char *address, unsigned port)
{
  struct sockaddr_in result;

  memset (&result, 0, sizeof result);
  result.sin_family = AF_INET;
  result.sin_port = htons ((uint16_t) port);
  if (inet_pton (AF_INET, address, &result.sin_addr) != 1) {
    fprintf (stderr, "%s is no IPv4 address\n", address);
    exit (2);
  }
  return result;
}

static int
open_socket (const struct sockaddr_in *local, int send_buffer,
    int receive_buffer)
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    fail ("socket");
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
      sizeof receive_buffer);
  if (bind (fd, (const struct sockaddr *) local, sizeof *local) < 0)
    fail ("bind");
  return fd;
}

void
relay_init (Relay * relay, int argc, char **argv)
{
  struct sockaddr_in local;
  int i;

  if (argc < 5 || argc - 4 > RELAY_UPLINKS) {
    fprintf (stderr, "Usage: %s PORT RECEIVER-PORT COALESCE-TIME UPLINK...\n",
        argv[0]);
    exit (2);
  }
  memset (relay, 0, sizeof *relay);
  local = ipv4 ("127.0.0.1", (unsigned) atoi (argv[1]));
  relay->receiver = ipv4 ("127.0.0.1", (unsigned) atoi (argv[2]));
  relay->coalesce = atoi (argv[3]);
  relay->listen_fd = open_socket (&local, RELAY_SEND_BUFFER,
      RELAY_LISTEN_BUFFER);
  for (i = 4; i < argc; i++) {
    local = ipv4 (argv[i], 0);
    relay->uplinks[relay->n_uplinks].fd = open_socket (&local,
        RELAY_SEND_BUFFER, RELAY_RECEIVE_BUFFER);
    if (connect (relay->uplinks[relay->n_uplinks++].fd,
            (const struct sockaddr *) &relay->receiver,
            sizeof relay->receiver) < 0)
      fail ("connect");
  }
  if (getrandom (relay->group, sizeof relay->group, 0)
      != (ssize_t) sizeof relay->group)
    fail ("getrandom");
}

/* ---- Registration ------------------------------------------------------- */

static void
send_type (Relay * relay, unsigned uplink, unsigned type, size_t size)
{
  relay->group[0] = (uint8_t) (type >> 8);
  relay->group[1] = (uint8_t) type;
  if (send (relay->uplinks[uplink].fd, relay->group, size, 0) < 0
      && errno == ECONNREFUSED)
    send (relay->uplinks[uplink].fd, relay->group, size, 0);
}

static void
send_keepalive (const Relay * relay, unsigned uplink, int64_t now)
{
  uint8_t keepalive[32] = { 0x90, 0x00 };
  uint64_t time = (uint64_t) now / 1000;
  unsigned i;

  for (i = 0; i < 8; i++)
    keepalive[2 + i] = (uint8_t) (time >> (56 - 8 * i));
  send (relay->uplinks[uplink].fd, keepalive, sizeof keepalive, 0);
}

void
relay_tick (Relay * relay, int64_t now)
{
  unsigned i;

  if (now < relay->tick_at)
    return;
  relay->tick_at = now + SECOND;
  if (!relay->have_group) {
    send_type (relay, 0, 0x9200, RELAY_REG_SIZE);
    return;
  }
  for (i = 0; i < relay->n_uplinks; i++) {
    if (relay->uplinks[i].up)
      send_keepalive (relay, i, now);
    else
      send_type (relay, i, 0x9201, RELAY_REG_SIZE);
  }
}

int
relay_control (Relay * relay, unsigned uplink, const uint8_t * data,
    size_t size, int64_t now)
{
  unsigned i;

  if (size < 2 || (data[0] & 0xf0) != 0x90)
    return 0;
  switch (relay_u16 (data)) {
    case 0x9201:
      if (size != RELAY_REG_SIZE || relay->have_group
          || memcmp (data + 2, relay->group + 2, 128) != 0)
        break;
      memcpy (relay->group, data, size);
      relay->have_group = 1;
      for (i = 0; i < relay->n_uplinks; i++)
        send_type (relay, i, 0x9201, RELAY_REG_SIZE);
      break;
    case 0x9202:
      relay->uplinks[uplink].up = 1;
      send_keepalive (relay, uplink, now);
      break;
    default:
      break;
  }
  return 1;
}

void
relay_return (Relay * relay, unsigned uplink, int64_t now)
{
  enum
  { BATCH = 16 };
  static uint8_t datagrams[BATCH][RELAY_DATAGRAM];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  int i, n;

  do {
    for (i = 0; i < BATCH; i++) {
      memset (&messages[i], 0, sizeof messages[i]);
      vectors[i].iov_base = datagrams[i];
      vectors[i].iov_len = RELAY_DATAGRAM;
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    n = recvmmsg (relay->uplinks[uplink].fd, messages, BATCH, 0, NULL);
    for (i = 0; i < n; i++) {
      if (!relay_control (relay, uplink, datagrams[i], messages[i].msg_len, now)
          && relay->caller.sin_port != 0)
        sendto (relay->listen_fd, datagrams[i], messages[i].msg_len, 0,
            (const struct sockaddr *) &relay->caller, sizeof relay->caller);
    }
  } while (n == BATCH);
}
