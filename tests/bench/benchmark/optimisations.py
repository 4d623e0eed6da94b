# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each optimisation of the hot path by itself, before and after: as a pair of
ways to do one thing (the program `pairs`), with the whole element and one
property, preloaded library or build option changed, or with the core alone."""

import json
import os
import subprocess

from . import core
from .contenders import Bench, Scenario, spread
from .loads import progress

EVEN, BURST = Scenario(50, 'even'), Scenario(50, 'burst')

# name: (what, whether src/ and gst/ do it)
PAIRS = {
    'clock': ('one timestamp a turn of 8 packets, instead of one a packet',
              True),
    'tracker': ('tracker: a ring by sequence number, instead of a hash table '
                'with an allocation for each', True),
    'ack-log': ('acknowledgement found in constant time, instead of logs '
                'searched by number (the classic relay\'s)', True),
    'quality': ('quality of 4 uplinks cached for 50 ms, instead of computed '
                'for each packet', True),
    'exp': ('e^x approximated, instead of the C library\'s', False),
    'settings': ('settings copied once a turn of 8 packets, instead of under '
                 'a lock for each', True),
    'logging': ('no message for each packet, instead of one that is switched '
                'off', True),
    'replies': ('a reply sent by who received it, instead of by a thread of '
                'its own (both with a sleep between replies)', True),
    'sendmmsg': ('8 datagrams by one sendmmsg, instead of 8 send', True),
    'segments': ('8 datagrams as one train (UDP_SEGMENT), instead of one '
                 'sendmmsg', True),
    'glib-send': ('8 datagrams by one sendmmsg, instead of GLib\'s '
                  'g_socket_send_messages', True),
    'glib-receive': ('8 datagrams and who sent them by one recvmmsg, instead '
                     'of GLib\'s g_socket_receive_messages', True),
}
ORDER = ('clock', 'tracker', 'ack-log', 'quality', 'exp', 'settings',
         'replies', 'logging', 'sendmmsg', 'segments', 'glib-send',
         'glib-receive')

METRICS = {
    'cpu': 'CPU, µs',
    'switches': 'context switches',
    'p50': 'p50, µs',
    'p99': 'p99, µs',
    'user_instructions': 'user instructions',
    'kernel_instructions': 'kernel instructions',
}


def row(what, metric, before, after, kept=None):
    return {'what': what, 'metric': metric, 'before': before, 'after': after,
            'kept': kept}


def pairs(bench):
    progress('pairs ...')
    done = subprocess.run([bench.program('pairs')], text=True, check=True,
                          stdout=subprocess.PIPE)
    found = {}
    for line in done.stdout.splitlines():
        pair = json.loads(line)
        found[pair['name']] = pair
    return [row(PAIRS[name][0], 'ns', found[name]['plain'],
                found[name]['chosen'], PAIRS[name][1])
            for name in ORDER if name in found]


def elements(what, before, after, scenario, metrics, kept, repetitions,
             seconds, contender='packetsrc'):
    """Whole processes, by turns."""
    progress('%s ...' % what)
    runs = [[], []]
    for _ in range(repetitions):
        for side, bench in enumerate((before, after)):
            runs[side].append(bench.measure(contender, scenario, seconds))
    if any(metric not in run for side in runs for run in side
           for metric in metrics):
        metrics = [m for m in metrics if not m.endswith('instructions')]
    return [row(what + (', nothing lost' if scenario is BURST and not any(
                    run['lost'] for side in runs for run in side) else ''),
                METRICS[metric],
                *(spread([run[metric] for run in side]) for side in runs),
                kept)
            for metric in metrics]


def variant(bench, name, source, options):
    """Builds the plugin and the core's bench with other options."""
    build = os.path.join(bench.build, 'variants', name)
    progress('building %s ...' % name)
    os.makedirs(os.path.dirname(build), exist_ok=True)
    meson = '/usr/bin/meson' if os.path.exists('/usr/bin/meson') else 'meson'
    with open(build + '.log', 'w') as log:
        if not os.path.exists(os.path.join(build, 'build.ninja')):
            subprocess.run([meson, 'setup', build, source, '-Dtests=enabled']
                           + options, check=True, stdout=log, stderr=log)
        subprocess.run(['ninja', '-C', build, 'gst/libgstsrtla.so',
                        'tests/bench/bench-core'], check=True, stdout=log,
                       stderr=log)
    return build


def core_rows(what, before, after, kept):
    rows = []
    for mode in core.MODES:
        case = (mode, 4, 1000)
        values = [core.per_packet(core.program_of(build), case)['instructions']
                  for build in (before, after)]
        rows.append(row('%s, core alone, %s' % (what, mode), 'instructions',
                        *({'median': value, 'low': value, 'high': value}
                          for value in values), kept))
    return rows


def built(bench, source, repetitions, seconds):
    """Build options: what they change is less than CPU time can show."""
    rows = []
    no_inline = variant(bench, 'no-inline', source, ['-Dc_args=-fno-inline'])
    rows += core_rows('inlining, instead of -fno-inline', no_inline,
                      bench.build, True)
    rows += elements('inlining, instead of -fno-inline',
                     Bench(bench.build, plugin=no_inline + '/gst'), bench,
                     EVEN, ['user_instructions'], True, repetitions, seconds)
    no_debug = variant(bench, 'no-debug', source,
                       ['-Dc_args=-DGST_DISABLE_GST_DEBUG'])
    rows += elements('logging compiled out, instead of off and cold',
                     bench, Bench(bench.build, plugin=no_debug + '/gst'),
                     EVEN, ['user_instructions'], False, repetitions, seconds)
    return rows


def table(bench, source, repetitions=3, seconds=1.0, builds=True):
    rows = pairs(bench)
    rows += elements(
        'batching: coalesce-time 1000 µs in source and sink, instead of 0; '
        'evenly spaced',
        Bench(bench.build, ['coalesce-time=0'], ['coalesce-time=0']), bench,
        EVEN, ['cpu', 'switches', 'p99'], True, repetitions, seconds)
    rows += elements(
        'trains (UDP_SEGMENT) in the element, instead of sendmmsg after the '
        'system refused them; in bursts',
        Bench(bench.build, preload=bench.program('librefuse-segments.so')),
        bench, BURST, ['cpu', 'kernel_instructions'], True, repetitions,
        seconds)
    rows += elements(
        'spin-time 50 µs, instead of 0; coalesce-time 0, evenly spaced',
        Bench(bench.build, ['coalesce-time=0'], ['coalesce-time=0']),
        Bench(bench.build, ['coalesce-time=0'],
              ['coalesce-time=0', 'spin-time=50']),
        EVEN, ['cpu', 'p50', 'p99'], 'off by default', repetitions, seconds)
    if builds:
        rows += built(bench, source, repetitions, seconds)
    return rows
