# SPDX-License-Identifier: LGPL-2.1-or-later
"""The picture: CPU time for each packet, by load and contender."""

import os
import shutil
import subprocess

from .contenders import CONTENDERS, TITLES

COLOURS = {
    'classic': '#b2182b',
    'mmsg': '#ef8a62',
    'limit': '#bdbdbd',
    'limit-2': '#737373',
    'udpsrc': '#67a9cf',
    'packetsrc': '#2166ac',
}
SLOT = 1.0              # width of a bar
GAP = 1.2               # between the groups


def groups(loads):
    """Those with most contenders first, then by uplinks and rate."""
    return sorted(loads, key=lambda load: (
        -len(load['results']), load['uplinks'] != 4, load['uplinks'],
        load['rate'] or 1e9, load['pattern']))


def layout(loads):
    """Returns: (bars by contender, labels of the groups, width)."""
    bars, labels, x = {c: [] for c in CONTENDERS}, [], 0.0
    for load in groups(loads):
        first = x
        for contender in CONTENDERS:
            if contender not in load['results']:
                continue
            cpu = load['results'][contender]['cpu']
            bars[contender].append((x, cpu['median'], cpu['low'],
                                    cpu['high']))
            x += SLOT
        labels.append(((first + x - SLOT) / 2, '%s\\n%d uplink%s' % (
            load['load'].replace(' Mbit/s ', ' Mbit/s\\n'), load['uplinks'],
            '' if load['uplinks'] == 1 else 's')))
        x += GAP
    return bars, labels, x


def draw(results, output):
    loads = results.get('loads')
    if not loads:
        return
    if shutil.which('gnuplot') is None:
        print('No picture: there is no gnuplot.')
        return
    bars, labels, width = layout(loads)
    top = max(bar[3] for c in bars for bar in bars[c])
    # One stray run shall not flatten all others.
    typical = sorted(bar[1] for c in bars for bar in bars[c])
    top = min(top, 1.6 * typical[-1])
    plots, data = [], []
    for contender in CONTENDERS:
        if not bars[contender]:
            continue
        plots.append("$data index %d using 1:2 with boxes lc rgb '%s' "
                     "title '%s'" % (len(data), COLOURS[contender],
                                     TITLES[contender]))
        plots.append("$data index %d using 1:3:(0):($4-$3) with vectors "
                     "heads size graph 0.002,90 nofilled lc rgb 'black' "
                     "notitle" % len(data))
        plots.append("$data index %d using 1:4:(sprintf('%%.1f',$2)) "
                     "with labels font ',8' offset 0,0.5 notitle" % len(data))
        data.append('\n'.join('%f %f %f %f' % bar
                              for bar in bars[contender]))
    script = '\n'.join([
        'set terminal pngcairo size %d,620 font "sans,10"'
        % max(700, 160 + int(width * 26)),
        'set output "%s"' % os.path.join(output, 'bench.png'),
        'set encoding utf8',
        'set title "What a packet of 1332 bytes costs the sender: CPU time, '
        'user and system, whole process\\n{/*0.85 median of runs by turns; '
        'the line is from the lowest to the highest. %s, %d processors}"' % (
            results['machine']['processor'].replace('"', ''),
            results['machine']['processors']),
        'set ylabel "µs for each packet delivered"',
        'set yrange [0:%f]' % (top * 1.12),
        'set xrange [%f:%f]' % (-SLOT, width - GAP),
        'set boxwidth %f' % (0.9 * SLOT),
        'set style fill solid 0.9 noborder',
        'set grid y', 'set tics nomirror', 'set border 3',
        'set key outside top center horizontal reverse Left',
        'set bmargin 5',
        'set xtics scale 0 font ",9" (%s)' % ', '.join(
            '"%s" %f' % (text, x) for x, text in labels),
        '$data << END', '\n\n\n'.join(data), 'END',
        'plot ' + ', \\\n  '.join(plots)]) + '\n'
    subprocess.run(['gnuplot'], input=script, text=True, check=True)
