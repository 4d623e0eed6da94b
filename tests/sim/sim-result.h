/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adding up what became of the flows.
 */
#pragma once

#include "sim-clock.h"
#include "sim-flow.h"
#include "sim-run.h"

G_BEGIN_DECLS

/* Adds a flow's numbers. end: of the media. */
void sim_result_add_flow (SimCallerResult *result, const SimFlow *flow,
    SrtlaTime end);
/* Works out the delays of all packets that these flows delivered. */
void sim_result_add_delays (SimCallerResult *result,
    const SimFlow *const *flows, guint n_flows);

G_END_DECLS
