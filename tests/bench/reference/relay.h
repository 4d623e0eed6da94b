/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the reference relays of the benchmark share: arguments, sockets,
 * registration and keepalives, as docs/protocol.md has them. Enough for a
 * receiver that answers; nothing here is on the packet path.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_UPLINKS 64
#define RELAY_DATAGRAM 1536     /* bytes of room for one */
#define RELAY_REG_SIZE 258
/* As the plugin's, bytes. */
#define RELAY_LISTEN_BUFFER (4 << 20)
#define RELAY_SEND_BUFFER (256 << 10)
#define RELAY_RECEIVE_BUFFER (512 << 10)

typedef struct
{
  int fd;                       /* connected to the receiver */
  int up;                       /* REG3 came */
  int64_t registered_at;        /* µs, REG2 was sent; 0 = not */
} RelayUplink;

typedef struct
{
  int listen_fd;                /* packets of the SRT caller */
  int64_t coalesce;             /* µs; 0 = off */
  int threads;
  struct sockaddr_in receiver;
  struct sockaddr_in caller;    /* sin_port 0 = not seen yet */
  RelayUplink uplinks[RELAY_UPLINKS];
  unsigned n_uplinks;
  uint8_t group[RELAY_REG_SIZE];        /* REG2 as it is sent */
  int have_group;
  int64_t tick_at;              /* µs, next registration and keepalives */
} Relay;

/* PROGRAM PORT RECEIVER-PORT COALESCE-TIME UPLINK-ADDRESS...; ends the program
 * if it cannot be done. Sockets do not block. */
void relay_init (Relay *relay, int argc, char **argv);
/* Returns: µs. */
int64_t relay_now (void);
/* Once a second: REG1 or REG2 where they are missing, keepalives. */
void relay_tick (Relay *relay, int64_t now);
/* Returns: whether the datagram was one of SRTLA's; acts on it, but not on
 * acknowledgements. */
int relay_control (Relay *relay, unsigned uplink, const uint8_t *data,
    size_t size, int64_t now);
/* Reads all that one uplink has, and hands back what is SRT's. */
void relay_return (Relay *relay, unsigned uplink, int64_t now);
/* Sleeps until so many µs have passed since `since`. */
void relay_pause (int64_t since, int64_t span);

static inline uint16_t
relay_u16 (const uint8_t * data)
{
  return (uint16_t) (data[0] << 8 | data[1]);
}

static inline uint32_t
relay_u32 (const uint8_t * data)
{
  return (uint32_t) data[0] << 24 | (uint32_t) data[1] << 16
      | (uint32_t) data[2] << 8 | data[3];
}
