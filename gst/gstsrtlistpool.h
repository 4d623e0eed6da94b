/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buffer lists that are used again. A list comes back when the last one who
 * has it downstream drops it, as a buffer does to its pool: nobody else holds
 * a reference meanwhile, so that it stays writable for all who get it.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstSrtListPool GstSrtListPool;

/* room: buffers that a list has room for without growing. */
GstSrtListPool *gst_srt_list_pool_new (guint room);
/* Lists that are still out are freed when they are dropped. */
void gst_srt_list_pool_free (GstSrtListPool * pool);

/* Returns: an empty list, whose one reference is the caller's. */
GstBufferList *gst_srt_list_pool_acquire (GstSrtListPool * pool);

G_END_DECLS
