/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reference: what the kernel allows at best. recvmmsg, and each batch as one
 * train (UDP_SEGMENT) on the next uplink in turn; no bookkeeping at all. With
 * LIMIT_THREADS=2 one thread receives and another sends.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "relay.h"
#include "segment.h"

#define BATCH 64
#define TRAIN 48                /* 48 × 1332 bytes fit a datagram's 65,507 */
#define BATCHES 64              /* between the threads */

typedef struct
{
  uint8_t datagrams[BATCH][RELAY_DATAGRAM];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  int n;
} Batch;

static Relay relay;
static Batch batches[BATCHES];
static unsigned turn;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static unsigned batches_in, batches_out;
static int sender_sleeps;

static void
send_train (const Batch * batch, int first, int n)
{
  SegmentControl control;
  struct msghdr message;

  memset (&message, 0, sizeof message);
  message.msg_iov = (struct iovec *) &batch->vectors[first];
  message.msg_iovlen = (size_t) n;
  if (n > 1)
    segment_message (&message, &control,
        (uint16_t) batch->vectors[first].iov_len);
  sendmsg (relay.uplinks[turn].fd, &message, 0);
  turn = (turn + 1) % relay.n_uplinks;
}

/* Runs of one size become trains. */
static void
send_batch (const Batch * batch)
{
  int first, n;

  for (first = 0; first < batch->n; first += n) {
    for (n = 1; first + n < batch->n && n < TRAIN
        && batch->vectors[first + n].iov_len == batch->vectors[first].iov_len;
        n++);
    send_train (batch, first, n);
  }
}

static int
receive_batch (Batch * batch)
{
  int i;

  for (i = 0; i < BATCH; i++) {
    batch->vectors[i].iov_base = batch->datagrams[i];
    batch->vectors[i].iov_len = RELAY_DATAGRAM;
    batch->messages[i].msg_hdr.msg_iov = &batch->vectors[i];
    batch->messages[i].msg_hdr.msg_iovlen = 1;
    batch->messages[i].msg_hdr.msg_name = &relay.caller;
    batch->messages[i].msg_hdr.msg_namelen = sizeof relay.caller;
  }
  batch->n = recvmmsg (relay.listen_fd, batch->messages, BATCH, 0, NULL);
  for (i = 0; i < batch->n; i++)
    batch->vectors[i].iov_len = batch->messages[i].msg_len;
  return batch->n;
}

static void
serve_uplinks (const struct pollfd *ready, int64_t now)
{
  unsigned i;

  for (i = 0; i < relay.n_uplinks; i++) {
    if (ready[i].revents != 0)
      relay_return (&relay, i, now);
  }
  relay_tick (&relay, now);
}

static void *
receiver_thread (void *unused)
{
  struct pollfd ready = { relay.listen_fd, POLLIN, 0 };

  (void) unused;
  for (;;) {
    int64_t now;
    int n, wake = 0;

    poll (&ready, 1, -1);
    now = relay_now ();
    do {
      n = receive_batch (&batches[batches_in % BATCHES]);
      if (n <= 0)
        break;
      pthread_mutex_lock (&lock);
      if (batches_in - batches_out < BATCHES - 1)
        batches_in++;
      wake = sender_sleeps;
      pthread_mutex_unlock (&lock);
      if (wake)
        pthread_cond_signal (&filled);
    } while (n == BATCH);
    if (relay.coalesce > 0)
      relay_pause (now, relay.coalesce);
  }
  return NULL;
}

/* Uplinks are looked at while no packets wait. */
static void
two_threads (struct pollfd *ready)
{
  pthread_t thread;

  pthread_create (&thread, NULL, receiver_thread, NULL);
  for (;;) {
    int64_t now = relay_now ();
    unsigned waiting;

    pthread_mutex_lock (&lock);
    if (batches_in == batches_out) {
      struct timespec until;

      clock_gettime (CLOCK_REALTIME, &until);
      until.tv_nsec += 10 * 1000 * 1000;
      if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
      }
      sender_sleeps = 1;
      pthread_cond_timedwait (&filled, &lock, &until);
      sender_sleeps = 0;
      now = relay_now ();
    }
    waiting = batches_in - batches_out;
    pthread_mutex_unlock (&lock);
    for (; waiting > 0; waiting--) {
      send_batch (&batches[batches_out % BATCHES]);
      pthread_mutex_lock (&lock);
      batches_out++;
      pthread_mutex_unlock (&lock);
    }
    poll (ready, relay.n_uplinks, 0);
    serve_uplinks (ready, now);
    if (relay.coalesce > 0)
      relay_pause (now, relay.coalesce);
  }
}

static void
one_thread (struct pollfd *ready)
{
  for (;;) {
    int64_t now;
    int n = 0;

    poll (ready, 1 + relay.n_uplinks, 200);
    now = relay_now ();
    serve_uplinks (ready + 1, now);
    if (ready[0].revents != 0) {
      do {
        n = receive_batch (&batches[0]);
        if (n > 0)
          send_batch (&batches[0]);
      } while (n == BATCH);
    }
    if (relay.coalesce > 0)
      relay_pause (now, relay.coalesce);
  }
}

int
main (int argc, char **argv)
{
  struct pollfd ready[1 + RELAY_UPLINKS];
  const char *threads = getenv ("LIMIT_THREADS");
  unsigned i;

  relay_init (&relay, argc, argv);
  ready[0].fd = relay.listen_fd;
  for (i = 0; i < relay.n_uplinks; i++)
    ready[1 + i].fd = relay.uplinks[i].fd;
  for (i = 0; i <= relay.n_uplinks; i++)
    ready[i].events = POLLIN;
  if (threads != NULL && atoi (threads) == 2)
    two_threads (ready + 1);
  else
    one_thread (ready);
  return 0;
}
