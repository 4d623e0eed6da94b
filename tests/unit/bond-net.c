/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bond-net.h"

#define SERVER_INTERVAL (10 * SRTLA_MILLISECOND)

/* What an SrtlaPacket's owner is here. */
typedef struct
{
  gint references;
  guint8 data[NET_PACKET];
} NetPacket;

typedef struct
{
  SrtlaTime due;
  gsize size;
  guint8 data[];
} NetDatagram;

static void
reference (gpointer owner, gpointer user_data)
{
  ((NetPacket *) owner)->references++;
  ((Net *) user_data)->references++;
}

static void
release (gpointer owner, gpointer user_data)
{
  NetPacket *packet = owner;

  g_assert_cmpint (packet->references, >, 0);
  ((Net *) user_data)->references--;
  if (--packet->references == 0)
    g_free (packet);
}

static void
draw (guint8 *bytes, gsize size, gpointer user_data)
{
  testing_random (bytes, size, ((Net *) user_data)->rand);
}

/* ---- Links ------------------------------------------------------------- */

static void
enqueue (GQueue *queue, SrtlaTime due, const guint8 *data, gsize size)
{
  const NetDatagram *last = g_queue_peek_tail (queue);
  NetDatagram *datagram = g_malloc (sizeof (NetDatagram) + size);

  /* Nothing overtakes anything, even if the delay changes. */
  datagram->due = last != NULL ? MAX (due, last->due) : due;
  datagram->size = size;
  memcpy (datagram->data, data, size);
  g_queue_push_tail (queue, datagram);
}

static void
send_back (Net *net, NetLink *link, const guint8 *data, gsize size)
{
  if (!link->cut)
    enqueue (&link->back, net->now + link->delay, data, size);
}

static void
send_forward (Net *net, NetLink *link, const guint8 *data, gsize size,
    gboolean is_data)
{
  if (is_data) {
    link->free_at = MAX (link->free_at, net->now) + link->packet_time;
    gboolean lost = (guint) g_rand_int_range (net->rand, 0, 1000) < link->loss;

    if (link->data_cut || (lost && !(net->repeats_arrive
                && srtla_srt_is_retransmission (data))))
      return;
  }
  if (!link->cut)
    enqueue (&link->forward, MAX (link->free_at, net->now) + link->delay,
        data, size);
}

/* ---- The SRTLA receiver and the SRT server ----------------------------- */

static NetCaller *
find_caller (Net *net, const guint8 *data, gboolean as_peer)
{
  guint32 id = srtla_srt_destination (data);
  guint i;

  for (i = 0; i < net->n_callers; i++) {
    if ((as_peer ? net->callers[i].peer_id : net->callers[i].socket_id) == id)
      return &net->callers[i];
  }
  return NULL;
}

static NetRecord *
record_at (NetCaller *caller, guint index)
{
  g_assert_cmpuint (index, <, caller->records->len);
  return &g_array_index (caller->records, NetRecord, index);
}

static void
relay (Net *net, const guint8 *data, gsize size)
{
  guint i;

  for (i = 0; i < SRTLA_MAX_UPLINKS; i++) {
    if (net->bond->uplinks[i] != NULL)
      send_back (net, &net->links[i], data, size);
  }
}

/* Reports the gaps among packets `from` to before `end`. */
static void
report (Net *net, NetCaller *caller, guint from, guint end)
{
  guint8 packet[TESTING_MAX_PACKET];
  TestingRange ranges[100];
  guint n = 0;

  for (; from < end && n < G_N_ELEMENTS (ranges); from++) {
    guint32 sequence = srtla_seq_add (caller->first, from);
    NetRecord *record = record_at (caller, from);

    if (record->arrivals > 0)
      continue;
    if (record->reported_at == 0)
      record->reported_at = net->now;
    if (n > 0 && srtla_seq_next (ranges[n - 1].last) == sequence) {
      ranges[n - 1].last = sequence;
    } else {
      ranges[n].first = ranges[n].last = sequence;
      n++;
    }
  }
  if (n > 0)
    relay (net, packet, testing_nak (packet, ranges, n, caller->socket_id,
            net->stamp++));
}

static void
advance_point (Net *net, NetCaller *caller)
{
  while (caller->point < caller->end
      && record_at (caller, caller->point)->arrivals > 0) {
    caller->point++;
    caller->stuck_since = net->now;
  }
}

static void
data_arrived (Net *net, NetLink *link, const guint8 *data)
{
  NetCaller *caller = find_caller (net, data, TRUE);
  guint32 sequence = srtla_srt_sequence (data);
  guint index, end;
  NetRecord *record;

  link->arrived++;
  link->unacknowledged[link->n_unacknowledged++] = sequence;
  if (link->n_unacknowledged == SRTLA_ACK_TRAIN) {
    guint8 ack[4 + 4 * SRTLA_ACK_TRAIN];

    link->n_unacknowledged = 0;
    if (!link->no_acks && link->n_trains++ % (link->skips + 1) == 0)
      send_back (net, link, ack, srtla_write_ack (ack, link->unacknowledged,
              SRTLA_ACK_TRAIN));
  }
  g_assert_nonnull (caller);
  index = srtla_seq_steps (caller->first, sequence);
  record = record_at (caller, index);
  if (record->arrivals++ == 0)
    record->arrived_at = net->now;
  end = caller->end;
  caller->end = MAX (end, index + 1);
  if (net->naks == NET_NAK_ONCE && index > end)
    report (net, caller, end, index);
  advance_point (net, caller);
}

static void
arrived (Net *net, NetLink *link, const guint8 *data, gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);

  if (kind == SRTLA_KIND_KEEPALIVE) {
    link->keepalives++;
    send_back (net, link, data, size);
  } else if (kind == SRTLA_KIND_SRT_DATA) {
    data_arrived (net, link, data);
  }
}

/* Each 10 ms: ACKs, periodic NAKs, and what is too late is given up. */
static void
serve (Net *net)
{
  guint8 packet[TESTING_MAX_PACKET];
  guint i;

  for (i = 0; i < net->n_callers; i++) {
    NetCaller *caller = &net->callers[i];

    if (caller->point == caller->end)
      caller->stuck_since = net->now;
    while (caller->point < caller->end && net->now > caller->stuck_since
        + caller->latency) {
      caller->point++;
      caller->given_up++;
      advance_point (net, caller);
    }
    if (net->acks && caller->acknowledged < caller->point) {
      caller->acknowledged = caller->point;
      net->stamp++;
      relay (net, packet, testing_ack (packet, net->stamp,
              srtla_seq_add (caller->first, caller->point),
              caller->socket_id, net->stamp));
    }
    if (net->naks == NET_NAK_PERIODIC
        && net->next_server / SERVER_INTERVAL % 2 == 0)
      report (net, caller, caller->point, caller->end);
  }
}

/* ---- The bond's outputs ------------------------------------------------ */

/* The receiver knows one group, and answers registration at once. */
static void
answer (Net *net, guint uplink, const guint8 *data, gsize size)
{
  SrtlaKind kind = srtla_packet_kind (data, size);
  guint8 out[SRTLA_REG_SIZE];

  if (net->links[uplink].cut)
    return;
  if (kind == SRTLA_KIND_REG1) {
    memcpy (net->group_id, data + 2, SRTLA_GROUP_ID);
    srtla_write_registration (out, SRTLA_KIND_REG2, net->group_id);
    srtla_bond_receive (net->bond, uplink, out, sizeof out, net->now);
  } else {
    srtla_write_short (out, 2, memcmp (net->group_id, data + 2,
            SRTLA_GROUP_ID) == 0 ? SRTLA_KIND_REG3 : SRTLA_KIND_REG_NGP);
    srtla_bond_receive (net->bond, uplink, out, 2, net->now);
  }
}

static void
packet_left (Net *net, const SrtlaOutput *output)
{
  const guint8 *data = output->packet.data;
  gboolean is_data = srtla_packet_kind (data, output->packet.size)
      == SRTLA_KIND_SRT_DATA;
  NetCaller *caller = find_caller (net, data, TRUE);

  if (is_data) {
    NetSent sent = { net->now, (guint) (caller - net->callers), output->uplink,
      srtla_srt_sequence (data), output->copy,
      srtla_srt_is_retransmission (data)
    };
    NetRecord *record = record_at (caller,
        srtla_seq_steps (caller->first, sent.sequence));

    g_array_append_val (net->sent, sent);
    if (record->sent_at == 0)
      record->sent_at = net->now;
    record->uplinks |= G_GUINT64_CONSTANT (1) << output->uplink;
    record->originals += output->copy == SRTLA_COPY_NONE;
    record->rescues += output->copy == SRTLA_COPY_RESCUE;
    record->probes += output->copy == SRTLA_COPY_PROBE;
    record->seconds += output->copy == SRTLA_COPY_SECOND;
  }
  send_forward (net, &net->links[output->uplink], data, output->packet.size,
      is_data);
}

/* The caller reads a NAK as libsrt does: nothing it never sent may stand in
 * it, and ranges are in order. */
static void
caller_told (Net *net, const SrtlaOutput *output)
{
  const guint8 *data = output->packet.data;
  NetCaller *caller = find_caller (net, data, FALSE);
  SrtlaNakReader reader;
  guint32 first, last;

  g_assert_nonnull (caller);
  g_assert_cmpuint (output->packet.size, <=, SRTLA_NAK_SIZE);
  g_assert_cmpuint (output->packet.size % 4, ==, 0);
  g_assert_cmpuint (output->packet.size, >, SRTLA_SRT_HEADER);
  srtla_nak_reader_init (&reader, data, output->packet.size);
  while (srtla_nak_reader_next (&reader, &first, &last)) {
    guint i, count = srtla_seq_steps (first, last) + 1;

    for (i = 0; i < count; i++, first = srtla_seq_next (first)) {
      guint64 again = (guint64) (caller - net->callers) << 32 | first;
      NetRecord *record = record_at (caller,
          srtla_seq_steps (caller->first, first));

      g_assert_cmpuint (record->reported_at, !=, 0);    /* not made up */
      net->nak_numbers++;
      if (record->told++ == 0)
        record->told_at = net->now;
      if (!net->deaf)
        g_array_append_val (net->again, again);
    }
  }
}

static void
take_output (Net *net, const SrtlaOutput *output)
{
  const SrtlaPacket *packet = &output->packet;
  guint8 copy[TESTING_MAX_PACKET];

  switch (output->kind) {
    case SRTLA_OUTPUT_PACKET:
      packet_left (net, output);
      release (packet->owner, net);
      break;
    case SRTLA_OUTPUT_CONTROL:
      memcpy (copy, packet->data, packet->size);
      if (srtla_read_registration (copy, packet->size) != NULL)
        answer (net, output->uplink, copy, packet->size);
      else
        send_forward (net, &net->links[output->uplink], copy, packet->size,
            FALSE);
      break;
    case SRTLA_OUTPUT_REPLY:
      if (srtla_packet_kind (packet->data, packet->size) == SRTLA_KIND_SRT_NAK)
        caller_told (net, output);
      break;
    case SRTLA_OUTPUT_REBIND:
      srtla_bond_uplink_closed (net->bond, output->uplink, "rebind", net->now);
      srtla_bond_uplink_opened (net->bond, output->uplink, net->now);
      break;
  }
}

void
net_take (Net *net)
{
  SrtlaOutput output;
  SrtlaEvent event;
  gchar line[256];

  while (srtla_bond_next_output (net->bond, &output))
    take_output (net, &output);
  while (srtla_bond_next_event (net->bond, &event)) {
    srtla_event_format (&event, line, sizeof line);
    g_string_append_printf (net->trace, "%s\n", line);
  }
}

/* ---- Callers ----------------------------------------------------------- */

static void
push (Net *net, const guint8 *data, gsize size)
{
  NetPacket *packet = g_new (NetPacket, 1);
  SrtlaPacket input = { packet->data, size, packet };

  packet->references = 1;
  net->references++;
  memcpy (packet->data, data, size);
  srtla_bond_push (net->bond, &input, net->now, NULL);
  net_take (net);
}

static void
push_data (Net *net, NetCaller *caller, guint32 sequence, gboolean again)
{
  guint8 packet[NET_PACKET];

  testing_data_packet (packet, sizeof packet, sequence, caller->peer_id,
      (guint32) net->now, again);
  push (net, packet, sizeof packet);
}

void
net_send (Net *net, guint index)
{
  NetCaller *caller = &net->callers[index];
  guint32 sequence = caller->next;
  NetRecord record = { 0 };

  caller->next = srtla_seq_next (sequence);
  g_array_append_val (caller->records, record);
  push_data (net, caller, sequence, FALSE);
}

void
net_send_again (Net *net, guint caller, guint32 sequence)
{
  push_data (net, &net->callers[caller], sequence, TRUE);
}

static void
send_again_all (Net *net)
{
  guint i;

  for (i = 0; i < net->again->len; i++) {
    guint64 again = g_array_index (net->again, guint64, i);

    net_send_again (net, (guint) (again >> 32), (guint32) again);
  }
  g_array_set_size (net->again, 0);
}

guint
net_add_caller (Net *net, guint32 first, guint latency_ms)
{
  guint32 flags = SRTLA_HS_TSBPD_SENDER | SRTLA_HS_TSBPD_RECEIVER
      | SRTLA_HS_TLPKTDROP | SRTLA_HS_R_FLAG
      | (net->naks != NET_NAK_ONCE ? SRTLA_HS_PERIODIC_NAK : 0);
  guint index = net->n_callers++;
  NetCaller *caller = &net->callers[index];
  guint8 packet[TESTING_MAX_PACKET];
  gsize size;

  caller->socket_id = 0x10000001u + index;
  caller->peer_id = 0x20000001u + index;
  caller->first = caller->next = first;
  caller->latency = latency_ms * SRTLA_MILLISECOND;
  caller->stuck_since = net->now;
  caller->records = g_array_new (FALSE, TRUE, sizeof (NetRecord));
  push (net, packet, testing_induction (packet, caller->socket_id, first, 0));
  size = testing_induction_response (packet, caller->socket_id, first, 0);
  net_receive (net, 0, packet, size);
  push (net, packet, testing_conclusion (packet, caller->socket_id, first,
          flags, (guint16) latency_ms, 1));
  size = testing_conclusion_response (packet, caller->socket_id,
      caller->peer_id, first, flags, (guint16) latency_ms, 1);
  net_receive (net, 0, packet, size);
  return index;
}

/* ---- Time -------------------------------------------------------------- */

void
net_receive (Net *net, guint uplink, const guint8 *data, gsize size)
{
  guint8 *copy = testing_exact_copy (data, size);

  srtla_bond_receive (net->bond, uplink, copy, size, net->now);
  net_take (net);
  free (copy);
  send_again_all (net);
}

static SrtlaTime
head_due (GQueue *queue)
{
  const NetDatagram *datagram = g_queue_peek_head (queue);

  return datagram != NULL ? datagram->due : SRTLA_TIME_NONE;
}

static SrtlaTime
next_due (Net *net)
{
  SrtlaTime due = MIN (net->next_server, srtla_bond_deadline (net->bond));
  guint i;

  if (net->interval != 0)
    due = MIN (due, net->next_send);
  for (i = 0; i < SRTLA_MAX_UPLINKS; i++) {
    due = MIN (due, head_due (&net->links[i].forward));
    due = MIN (due, head_due (&net->links[i].back));
  }
  return due;
}

/* What a link carried when it was cut does not come out of it. */
static void
deliver (Net *net, guint uplink)
{
  NetLink *link = &net->links[uplink];
  NetDatagram *datagram;

  while (head_due (&link->forward) <= net->now) {
    datagram = g_queue_pop_head (&link->forward);
    if (!link->cut)
      arrived (net, link, datagram->data, datagram->size);
    g_free (datagram);
  }
  while (head_due (&link->back) <= net->now) {
    datagram = g_queue_pop_head (&link->back);
    if (!link->cut && net->bond->uplinks[uplink] != NULL)
      net_receive (net, uplink, datagram->data, datagram->size);
    g_free (datagram);
  }
}

static void
step (Net *net)
{
  guint i;

  for (i = 0; i < SRTLA_MAX_UPLINKS; i++)
    deliver (net, i);
  if (srtla_bond_deadline (net->bond) <= net->now) {
    srtla_bond_tick (net->bond, net->now);
    net_take (net);
    send_again_all (net);
  }
  if (net->now >= net->next_server) {
    serve (net);
    net->next_server = net->now + SERVER_INTERVAL;
  }
  if (net->interval != 0 && net->now >= net->next_send) {
    for (i = 0; i < net->n_callers; i++)
      net_send (net, i);
    net->next_send = net->now + net->interval;
  }
}

void
net_run (Net *net, SrtlaTime span)
{
  SrtlaTime end = net->now + span;
  SrtlaTime due;
  guint same = 0;

  net->next_send = MAX (net->next_send, net->now);
  while ((due = next_due (net)) <= end) {
    same = due <= net->now ? same + 1 : 0;
    g_assert_cmpuint (same, <, 10000);  /* it does come to an end */
    net->now = MAX (net->now, due);
    step (net);
  }
  net->now = end;
}

/* ---- Start and end ----------------------------------------------------- */

guint
net_add_link (Net *net, SrtlaTime delay)
{
  guint uplink = srtla_bond_add_uplink (net->bond, net->now);

  memset (&net->links[uplink], 0, sizeof (NetLink));
  net->links[uplink].delay = delay;
  srtla_bond_uplink_opened (net->bond, uplink, net->now);
  net_take (net);
  return uplink;
}

void
net_init (Net *net, guint links, SrtlaTime delay)
{
  SrtlaBondConfig config = { draw, net, reference, release, 0 };

  memset (net, 0, sizeof *net);
  net->rand = testing_rand_new ();
  net->trace = g_string_new (NULL);
  net->sent = g_array_new (FALSE, FALSE, sizeof (NetSent));
  net->again = g_array_new (FALSE, FALSE, sizeof (guint64));
  net->now = net->next_server = 20 * SRTLA_SECOND;
  net->acks = TRUE;
  net->bond = srtla_bond_new (&config, net->now);
  g_assert_true (srtla_bond_set_mode (net->bond, "enhanced", net->now));
  for (; links > 0; links--)
    net_add_link (net, delay);
}

void
net_clear (Net *net)
{
  guint i;

  srtla_bond_free (net->bond);
  g_assert_cmpint (net->references, ==, 0);
  for (i = 0; i < SRTLA_MAX_UPLINKS; i++) {
    g_queue_clear_full (&net->links[i].forward, g_free);
    g_queue_clear_full (&net->links[i].back, g_free);
  }
  for (i = 0; i < net->n_callers; i++)
    g_array_unref (net->callers[i].records);
  g_array_unref (net->sent);
  g_array_unref (net->again);
  g_string_free (net->trace, TRUE);
  g_rand_free (net->rand);
}

/* ---- What is known ----------------------------------------------------- */

NetRecord *
net_record (Net *net, guint caller, guint32 sequence)
{
  return record_at (&net->callers[caller],
      srtla_seq_steps (net->callers[caller].first, sequence));
}

SrtlaBondStats
net_stats (const Net *net)
{
  SrtlaBondStats stats;

  srtla_bond_get_stats (net->bond, net->now, &stats);
  return stats;
}

SrtlaUplinkStats
net_uplink (const Net *net, guint uplink)
{
  SrtlaBondStats stats = net_stats (net);
  guint i = 0;

  while (i < stats.n_uplinks && stats.uplinks[i].slot != uplink)
    i++;
  g_assert_cmpuint (i, <, stats.n_uplinks);
  return stats.uplinks[i];
}

guint
net_held (const Net *net)
{
  guint i, held = 0;

  for (i = 0; i < net->bond->n_uplinks; i++) {
    SrtlaInflight *log = net->bond->order[i]->log;
    guint64 place = srtla_inflight_next_place (log);
    const SrtlaInflightEntry *entry;

    while (place > 0 && (entry = srtla_inflight_at (log, --place)) != NULL)
      held += entry->held && entry->reported;
  }
  return held;
}

void
net_assert_books (const Net *net)
{
  SrtlaBondStats stats = net_stats (net);
  guint64 in_flight = 0;
  guint i;

  g_assert_cmpuint (stats.packets_pushed, ==,
      srtla_bond_stats_accounted (&stats));
  g_assert_cmpuint (stats.duplicates, ==, stats.probes + stats.rescued
      + stats.second_copies);
  /* All that the bond has a reference on waits, or is kept for rescue. */
  g_assert_cmpuint (stats.kept_bytes, ==,
      ((guint64) net->references - stats.waiting) * NET_PACKET);
  g_assert_cmpuint (stats.kept_bytes, <=, SRTLA_RESCUE_BYTES);
  g_assert_cmpuint (stats.naks_held, ==, stats.naks_dropped
      + stats.naks_released + net_held (net));
  for (i = 0; i < stats.n_uplinks; i++) {
    g_assert_cmpint (stats.uplinks[i].in_flight, >=, 0);
    in_flight += (guint64) stats.uplinks[i].in_flight;
  }
  g_assert_cmpuint (in_flight, <=, stats.packets_sent + stats.duplicates);
}

guint
net_missing (Net *net, guint caller, SrtlaTime before)
{
  GArray *records = net->callers[caller].records;
  guint i, missing = 0;

  for (i = 0; i < records->len; i++) {
    const NetRecord *record = &g_array_index (records, NetRecord, i);

    missing += record->arrivals == 0 && record->sent_at != 0
        && record->sent_at < before;
  }
  return missing;
}
