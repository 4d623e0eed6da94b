# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one source and sink take of the heap, idle and under load."""

import json
import os
import tempfile

from .contenders import Scenario

SECONDS = 3.0
PACKETS = 2000          # are through before anyone looks
DISCARD = 9             # port: nobody listens


def element(bench, uplinks=4):
    scenario = Scenario(50, 'burst', uplinks)
    with tempfile.NamedTemporaryFile() as out:
        command = ['env', 'G_SLICE=always-malloc',
                   bench.program('element-memory'), out.name, str(PACKETS)]
        for ports in ((0, DISCARD), bench.ports):
            command.append(' '.join(
                bench.pipeline('srtpacketsrc', *ports, uplinks)))
        bench.traffic(scenario, SECONDS, command)
        out.seek(0)
        # Another file may have taken its place.
        with open(out.name) as file:
            text = file.read()
    return dict(json.loads(text), uplinks=uplinks)


def table(bench):
    if not os.path.exists(bench.program('element-memory')):
        return []
    return [element(bench, uplinks) for uplinks in (1, 4, 16)]
