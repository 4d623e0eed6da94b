/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place that knows the bond's switches.
 */
#pragma once

#include "sim-run.h"
#include "srtla-bond.h"

G_BEGIN_DECLS

#define SIM_MODE_ORACLE "oracle"

void sim_modes_apply (SrtlaBond *bond, const SimOptions *options,
    SrtlaTime now);

G_END_DECLS
