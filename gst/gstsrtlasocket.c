/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstsrtlasocket.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#ifdef __linux__
#include <sys/ioctl.h>
#include <time.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#endif

#include "gstsrtladebug.h"

/* Bytes. Small enough that no seconds of queue hide in front of a slow modem,
 * large enough for a burst. */
#define SEND_BUFFER (256 * 1024)
#define RECEIVE_BUFFER (512 * 1024)

/* More than that many queued errors are left for the next turn. */
#define ERRORS_MAX 64

/* Of IP and UDP, bytes. */
#define IPV4_HEADERS (20 + 8)
#define IPV6_HEADERS (40 + 8)

static gboolean
bind_interface (GSocket * socket, const gchar * interface, GError ** error)
{
  int fd = g_socket_get_fd (socket), error_number;

  if (if_nametoindex (interface) == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
        "there is no network interface “%s”", interface);
    return FALSE;
  }
#ifdef SO_BINDTODEVICE
  if (setsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
          strlen (interface) + 1) == 0)
    return TRUE;
  error_number = errno;
#else
  (void) fd;
  error_number = ENOTSUP;
#endif
  if (error_number == EPERM)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "binding to the interface “%s” needs the capability CAP_NET_RAW "
        "here: give it to the program, or name the interface's address instead",
        interface);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
        "cannot bind to the interface “%s”: %s", interface,
        g_strerror (error_number));
  return FALSE;
}

/* Link-local addresses mean something on one interface only. */
static gboolean
check_interface (const GstSrtlaSpec * spec, GInetAddress * address,
    GError ** error)
{
  gchar *text;

  if (spec->interface != NULL || address == NULL
      || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6
      || !g_inet_address_get_is_link_local (address))
    return TRUE;
  text = g_inet_address_to_string (address);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "%s is link-local, and the uplink names no interface", text);
  g_free (text);
  return FALSE;
}

static GSocketAddress *
socket_address (GInetAddress * address, guint port, const gchar * interface)
{
  guint32 scope = interface && g_inet_address_get_is_link_local (address)
      ? if_nametoindex (interface) : 0;

  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", address,
      "port", port, "scope-id", scope, NULL);
}

static gboolean
bind_address (GSocket * socket, const GstSrtlaSpec * spec, GError ** error)
{
  GSocketAddress *local = socket_address (spec->address, 0, spec->interface);
  GError *cause = NULL;
  gchar *text;

  if (g_socket_bind (socket, local, FALSE, &cause)) {
    g_object_unref (local);
    return TRUE;
  }
  g_object_unref (local);
  text = g_inet_address_to_string (spec->address);
  g_set_error (error, G_IO_ERROR, cause->code, "cannot bind to %s: %s", text,
      g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE)
      ? "it is in use" : strrchr (cause->message, ':')
      ? strrchr (cause->message, ':') + 2 : cause->message);
  g_free (text);
  g_error_free (cause);
  return FALSE;
}

/* Never fragment, and hear of errors and of a full queue; without these options
 * it works, only worse. */
static void
set_options (GSocket * socket, GSocketFamily family)
{
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, NULL);
#ifdef IP_MTU_DISCOVER
  if (family == G_SOCKET_FAMILY_IPV4) {
    g_socket_set_option (socket, IPPROTO_IP, IP_MTU_DISCOVER,
        IP_PMTUDISC_DO, NULL);
    g_socket_set_option (socket, IPPROTO_IP, IP_RECVERR, 1, NULL);
  }
#endif
#ifdef IPV6_MTU_DISCOVER
  if (family == G_SOCKET_FAMILY_IPV6) {
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
        IPV6_PMTUDISC_DO, NULL);
    g_socket_set_option (socket, IPPROTO_IPV6, IPV6_RECVERR, 1, NULL);
  }
#endif
}

static gboolean
connect_receiver (GSocket * socket, GSocketAddress * receiver, GError ** error)
{
  GError *cause = NULL;

  if (g_socket_connect (socket, receiver, NULL, &cause))
    return TRUE;
  g_set_error (error, G_IO_ERROR, cause->code,
      "the receiver cannot be reached: %s", cause->message);
  g_error_free (cause);
  return FALSE;
}

GSocket *
gst_srtla_socket_open (const GstSrtlaSpec * spec, GInetAddress * receiver,
    guint port, GError ** error)
{
  GSocketFamily family = g_inet_address_get_family (receiver);
  GSocketAddress *remote;
  GSocket *socket = g_socket_new (family, G_SOCKET_TYPE_DATAGRAM,
      G_SOCKET_PROTOCOL_UDP, error);
  gboolean ok;

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  set_options (socket, family);
  remote = socket_address (receiver, port, spec->interface);
  ok = check_interface (spec, spec->address, error)
      && check_interface (spec, receiver, error)
      && (spec->interface == NULL
      || bind_interface (socket, spec->interface, error))
      && (spec->address == NULL || bind_address (socket, spec, error))
      && connect_receiver (socket, remote, error);
  g_object_unref (remote);
  if (!ok)
    g_clear_object (&socket);
  return socket;
}

void
gst_srtla_socket_set_send_buffer (GSocket * socket, guint bytes)
{
  /* The system doubles it, for its own needs. */
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, (gint) bytes, NULL);
}

guint64
gst_srtla_socket_backlog (GSocket * socket)
{
#ifdef SIOCOUTQ
  int bytes = 0;

  /* With what the system needs beside: about as much again. */
  if (ioctl (g_socket_get_fd (socket), SIOCOUTQ, &bytes) == 0 && bytes > 0)
    return (guint64) bytes / 2;
#else
  (void) socket;
#endif
  return 0;
}

guint
gst_srtla_socket_path_mtu (GSocket * socket, guint * largest)
{
  gint mtu = 0;
  guint headers = g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6
      ? IPV6_HEADERS : IPV4_HEADERS;

#if defined (IP_MTU) && defined (IPV6_MTU)
  if (!(g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6
          ? g_socket_get_option (socket, IPPROTO_IPV6, IPV6_MTU, &mtu, NULL)
          : g_socket_get_option (socket, IPPROTO_IP, IP_MTU, &mtu, NULL)))
    mtu = 0;
#endif
  if (largest != NULL && mtu > (gint) headers)
    *largest = (guint) mtu - headers;
  return mtu > (gint) headers ? (guint) mtu : 0;
}

void
gst_srtla_socket_format_address (GInetAddress * address, guint port,
    gchar * out, gsize size)
{
  gchar *text = g_inet_address_to_string (address);

  g_snprintf (out, size, strchr (text, ':') ? "[%s]:%u" : "%s:%u", text, port);
  g_free (text);
}

void
gst_srtla_socket_local_address (GSocket * socket, gchar * out, gsize size)
{
  GSocketAddress *local = g_socket_get_local_address (socket, NULL);

  *out = '\0';
  if (local != NULL)
    gst_srtla_socket_format_address (g_inet_socket_address_get_address
        (G_INET_SOCKET_ADDRESS (local)),
        g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local)), out,
        size);
  g_clear_object (&local);
}

/* GLib's calls have no error number for ENOBUFS and others that matter here, end
 * only with a second call that finds nothing, and make an object of each
 * sender's address. */
#ifndef __linux__
static gint
one_by_one (gint fd, GstSrtlaMessage * messages, guint n,
    gssize (*call) (gint fd, GstSrtlaMessage * message))
{
  guint i;
  gssize size = 0;

  for (i = 0; i < n && size >= 0; i++) {
    size = call (fd, &messages[i]);
    if (size >= 0)
      messages[i].msg_len = (guint) size;
    else if (i > 0)
      return (gint) i;
  }
  return size < 0 ? -1 : (gint) n;
}

static gssize
send_one (gint fd, GstSrtlaMessage * message)
{
  return sendmsg (fd, &message->msg_hdr, 0);
}

static gssize
receive_one (gint fd, GstSrtlaMessage * message)
{
  return recvmsg (fd, &message->msg_hdr, 0);
}
#endif

gint
gst_srtla_socket_send (gint fd, GstSrtlaMessage * messages, guint n,
    gint * error_number)
{
  gint sent;

#ifdef __linux__
  sent = sendmmsg (fd, messages, n, MSG_NOSIGNAL);
#else
  sent = one_by_one (fd, messages, n, send_one);
#endif
  *error_number = sent < 0 ? errno : 0;
  return sent;
}

gint
gst_srtla_socket_receive (gint fd, GstSrtlaMessage * messages, guint n,
    gint * error_number)
{
  gint received;

#ifdef __linux__
  received = recvmmsg (fd, messages, n, MSG_DONTWAIT, NULL);
#else
  received = one_by_one (fd, messages, n, receive_one);
#endif
  *error_number = received < 0 ? errno : 0;
  return received;
}

#ifdef __linux__
static gint
queued_error (struct msghdr *message)
{
  struct cmsghdr *control;

  for (control = CMSG_FIRSTHDR (message); control != NULL;
      control = CMSG_NXTHDR (message, control)) {
    struct sock_extended_err cause;

    if (!(control->cmsg_level == IPPROTO_IP
            && control->cmsg_type == IP_RECVERR)
        && !(control->cmsg_level == IPPROTO_IPV6
            && control->cmsg_type == IPV6_RECVERR))
      continue;
    memcpy (&cause, CMSG_DATA (control), sizeof cause);
    return (gint) cause.ee_errno;
  }
  return 0;
}
#endif

gint
gst_srtla_socket_drain_errors (GSocket * socket)
{
  gint latest = 0;
#ifdef __linux__
  int fd = g_socket_get_fd (socket);
  guint i;

  for (i = 0; i < ERRORS_MAX; i++) {
    guint64 control[64];        /* aligned */
    struct msghdr message = { 0, };
    gint error_number;

    message.msg_control = control;
    message.msg_controllen = sizeof control;
    /* What the failed datagram held is not of interest. */
    if (recvmsg (fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
      break;
    error_number = queued_error (&message);
    if (error_number != 0)
      latest = error_number;
  }
#else
  (void) socket;
#endif
  return latest;
}
