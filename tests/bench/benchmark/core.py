# SPDX-License-Identifier: LGPL-2.1-or-later
"""The core's instructions and cache misses for each packet, under callgrind:
what is pushed, taken, received and ticked, without the harness. The difference
between a long and a short run is the steady state. Caches are those of the
simulation, the same on every machine."""

import os
import re
import subprocess
import tempfile

PACKETS = 8000
COUNTED = ('srtla_bond_push_flow', 'srtla_bond_next_output',
           'srtla_bond_receive',
           'srtla_bond_tick', 'srtla_bond_note_sent')
CACHES = ['--cache-sim=yes', '--I1=32768,8,64', '--D1=32768,8,64',
          '--LL=8388608,16,64']
MODES = ('classic', 'enhanced')
# (uplinks, packets in flight)
CASES = ((4, 100), (4, 1000), (4, 10000), (1, 1000), (16, 1000), (64, 1000))


def collect(program, case, packets, caches):
    with tempfile.NamedTemporaryFile() as out:
        command = ['valgrind', '--tool=callgrind', '--collect-atstart=no',
                   '--callgrind-out-file=' + out.name]
        command += CACHES if caches else []
        command += ['--toggle-collect=' + name for name in COUNTED]
        command += [program] + [str(part) for part in case] + [str(packets)]
        done = subprocess.run(command, text=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines()
                if line and not line.startswith('==')]
        raise RuntimeError('bench-core %s %d: %s' % (
            ' '.join(map(str, case)), packets, ' '.join(said[-2:])))
    names = re.search(r'Events    : (.*)', done.stderr).group(1).split() \
        if caches else ['Ir']
    numbers = re.search(r'Collected : (.*)', done.stderr).group(1).split()
    return dict(zip(names, map(int, numbers)))


def per_packet(program, case, caches=False):
    """case: mode, uplinks, in flight."""
    long = collect(program, case, PACKETS, caches)
    short = collect(program, case, 0, caches)
    each = {name: (long[name] - short[name]) / PACKETS for name in long}
    result = {'instructions': each['Ir']}
    if caches:
        result.update(references=each['Dr'] + each['Dw'],
                      d1=each['D1mr'] + each['D1mw'],
                      last=each['DLmr'] + each['DLmw'])
    return result


def nanoseconds(program, case):
    """With the harness around it."""
    runs = [float(subprocess.run(
        [program] + [str(part) for part in case] + ['1000000'], text=True,
        stdout=subprocess.PIPE, check=True).stdout) for _ in range(3)]
    return sorted(runs)[1]


def program_of(build):
    return os.path.join(build, 'tests', 'bench', 'bench-core')


def table(build, modes=MODES, caches=True, cases=CASES, timed=True):
    rows = []
    for mode in modes:
        for uplinks, in_flight in cases:
            case = (mode, uplinks, in_flight)
            row = {'mode': mode, 'uplinks': uplinks, 'in_flight': in_flight}
            row.update(per_packet(program_of(build), case, caches))
            if timed:
                row['ns'] = nanoseconds(program_of(build), case)
            rows.append(row)
    return rows
