#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws scenarios that nobody thought of and shows where a mode does badly.

random-scenarios.py BONDSIM [--first 1] [--count 100] [--modes classic,enhanced,oracle]
    [--keep DIRECTORY] [--save FILE.csv] [--before FILE.csv] [--worst 20]

Scenario N depends on N alone. The first mode is what the second is compared
with. --before shows what changed for the second mode since --save.
"""
import argparse
import csv
import io
import os
import random
import subprocess
import sys
import tempfile

DURATION = 40  # s


def pick(dice, chances):
    """One of a dictionary's keys, as often as its value says."""
    return dice.choices(list(chances), list(chances.values()))[0]


def spread(dice, low, high):
    """A number between the two, as likely in each octave."""
    return low * (high / low) ** dice.random()


def rate_trace(dice, path, mean):
    """Writes steps of a rate around a mean, kbit/s."""
    at = 0.0
    with open(path, 'w', encoding='ascii') as file:
        while at < DURATION:
            file.write(f'{at:.2f} {mean * spread(dice, 0.1, 2) / 1000:.0f}\n')
            at += spread(dice, 0.2, 8)
        file.write(f'{DURATION + 20} {mean / 1000:.0f}\n')


def link(dice, name, directory):
    """Returns: the section of an uplink."""
    rate = spread(dice, 0.1e6, 30e6)
    delay = spread(dice, 5, 400) if dice.random() < 0.3 else spread(dice, 5, 100)
    lines = [f'[uplink {name}]', f'rate = {rate / 1000:.0f}kbit/s',
             f'delay = {delay:.0f}ms', f'queue = {spread(dice, 20, 2000):.0f}ms']
    kind = pick(dice, {'clean': 4, 'jitter': 4, 'reorder': 1})
    if kind != 'clean':
        lines.append(f'jitter = {spread(dice, 1, 40 if kind == "jitter" else 10):.0f}ms')
    if kind == 'reorder':
        lines.append('reorder = yes')
    kind = pick(dice, {'clean': 5, 'some': 3, 'both': 1, 'heavy': 1, 'bursts': 2})
    if kind == 'some':
        lines.append(f'out.loss = {spread(dice, 0.1, 5):.2f}%')
    elif kind == 'both':
        lines.append(f'loss = {spread(dice, 0.5, 10):.2f}%')
    elif kind == 'heavy':
        lines.append(f'loss = {dice.uniform(10, 20):.1f}%')
    elif kind == 'bursts':
        lines.append(f'out.burst-loss = {spread(dice, 0.3, 8):.2f}% '
                     f'{spread(dice, 2, 60):.0f}')
    kind = pick(dice, {'fixed': 5, 'walk': 2, 'trace': 1})
    if kind == 'walk':
        lines.append(f'out.walk = {dice.uniform(10, 60):.0f}% '
                     f'{spread(dice, 0.5, 10):.1f}s')
    elif kind == 'trace':
        file = f'{name}-{dice.randrange(1 << 30)}.trace'
        rate_trace(dice, os.path.join(directory, file), rate)
        lines.append(f'out.trace = {file}')
    return lines, rate, delay


def events(dice, name, rate, delay):
    """Returns: what happens to an uplink, if anything does."""
    kind = pick(dice, {'nothing': 8, 'flap': 2, 'death': 1, 'keepalives': 1.5,
                       'step': 1.5, 'collapse': 1, 'rebind': 0.5})
    start = dice.uniform(4, DURATION / 2)
    end = start + dice.uniform(3, DURATION / 2)
    if kind == 'flap':
        period = spread(dice, 1, 15)
        off = period * spread(dice, 0.02, 0.6)
        way = dice.choice(['nothing', 'nothing', 'keepalives'])
        return [f'{start:.2f}s every {period:.2f}s {name} passes = {way}',
                f'{start + off:.2f}s every {period:.2f}s {name} passes = all']
    if kind == 'death':
        return [f'{start:.2f}s {name} passes = nothing',
                f'{end:.2f}s {name} passes = all']
    if kind == 'keepalives':
        return [f'{start:.2f}s {name} out.passes = keepalives',
                f'{end:.2f}s {name} out.passes = all']
    if kind == 'step':
        return [f'{start:.2f}s {name} delay = {delay + spread(dice, 20, 300):.0f}ms',
                f'{end:.2f}s {name} delay = {delay:.0f}ms']
    if kind == 'collapse':
        return [f'{start:.2f}s {name} out.rate = '
                f'{max(rate * spread(dice, 0.02, 0.5), 20000) / 1000:.0f}kbit/s',
                f'{end:.2f}s {name} out.rate = {rate / 1000:.0f}kbit/s']
    if kind == 'rebind':
        return [f'{start:.2f}s {name} rebind']
    return []


def scenario(number, directory):
    """Writes scenario `number`. Returns: its path."""
    dice = random.Random(number)
    receiver = pick(dice, {'a': 6, 'b': 1, 'c': 1, 'd': 2, 'e': 1, 'f': 1})
    profile = pick(dice, {'stock': 3, 'tolerant': 1})
    load = dice.uniform(30, 95) if dice.random() < 0.75 else dice.uniform(95, 130)
    lines = ['[scenario]', f'title = Random scenario {number}',
             f'duration = {DURATION}s', f'receiver = {receiver}',
             f'profile = {profile}', f'lossmaxttl = {dice.choice([0, 0, 40])}',
             '[caller camera]', f'rate = {load:.0f}%',
             f'latency = {spread(dice, 120, 2000):.0f}ms']
    if dice.random() < 0.4:
        lines += [f'frame-rate = {dice.choice([25, 30, 50, 60])}',
                  f'variation = {dice.choice([0, 20, 60])}%']
    happening = []
    names = ['one', 'two', 'three', 'four', 'five', 'six']
    for name in names[:pick(dice, {1: 1, 2: 3, 3: 3, 4: 3, 5: 1, 6: 1})]:
        section, rate, delay = link(dice, name, directory)
        lines += section
        happening += events(dice, name, rate, delay)
    lines += ['[schedule]'] + happening if happening else []
    path = os.path.join(directory, f'random-{number}.scenario')
    with open(path, 'w', encoding='ascii') as file:
        file.write('\n'.join(lines) + '\n')
    return path


def outline(path):
    """Returns: what a scenario is, in a line."""
    with open(path, encoding='ascii') as file:
        lines = [line.strip() for line in file]
    words = []
    for line in lines[2:]:
        key, _, value = line.partition(' = ')
        if line.startswith('['):
            words.append('|' if line.startswith('[uplink') else '')
        elif line and key not in ('duration', 'title', 'variation'):
            words.append(value if key in ('rate', 'delay', 'receiver', 'profile')
                         else line.replace(' = ', '='))
    return ' '.join(word for word in words if word)


def run(bondsim, paths, modes):
    """Returns: {(scenario, mode): row}."""
    rows = {}
    for at in range(0, len(paths), 50):
        out = subprocess.run([bondsim, *paths[at:at + 50], '--mode', modes, '--csv'],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        for row in csv.DictReader(io.StringIO(out)):
            rows[row['scenario'], row['mode']] = row
    return rows


def figures(row):
    """Returns: in time %, retransmissions %, longest gap ms."""
    return (float(row['delivered_percent']), float(row['retransmitted_percent']),
            float(row['longest_gap_ms']))


def show(title, pairs, worst, directory):
    """pairs: (name, one's figures, the other's, note)."""
    delta = [second[0] - first[0] for _, first, second, _ in pairs]
    print(f'{title}: {len(pairs)} scenarios, mean {sum(delta) / len(delta):+.3f} '
          f'points in time; better {sum(d > 0.005 for d in delta)}, '
          f'worse {sum(d < -0.005 for d in delta)}')
    for column, unit in ((0, '% in time'), (1, '% again'), (2, 'ms gap')):
        sign = 1 if column == 0 else -1
        order = sorted(pairs, key=lambda p: sign * (p[2][column] - p[1][column]))
        order = [p for p in order if sign * (p[2][column] - p[1][column])
                 < (-0.005 if column == 0 else -2)][:worst]
        if order:
            print(f'  worst by {unit}')
        for name, first, second, note in order:
            print(f'    {name}: {first[column]:.2f} -> {second[column]:.2f}{note}'
                  f'  {outline(os.path.join(directory, name + ".scenario"))}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bondsim')
    parser.add_argument('--first', type=int, default=1)
    parser.add_argument('--count', type=int, default=100)
    parser.add_argument('--modes', default='classic,enhanced,oracle')
    parser.add_argument('--keep')
    parser.add_argument('--save')
    parser.add_argument('--before')
    parser.add_argument('--worst', type=int, default=20)
    options = parser.parse_args()
    modes = options.modes.split(',')
    if len(modes) < 2 and not options.before:
        parser.error('two modes, or --before, were expected')
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.keep or temporary
        os.makedirs(directory, exist_ok=True)
        numbers = range(options.first, options.first + options.count)
        rows = run(options.bondsim, [scenario(n, directory) for n in numbers],
                   options.modes)
        names = [f'random-{n}' for n in numbers]
        if options.save:
            with open(options.save, 'w', encoding='ascii') as file:
                writer = csv.DictWriter(file, next(iter(rows.values())))
                writer.writeheader()
                writer.writerows(rows.values())
        if options.before:
            with open(options.before, encoding='ascii') as file:
                before = {(row['scenario'], row['mode']): row
                          for row in csv.DictReader(file)}
            mode = modes[min(1, len(modes) - 1)]
            show(f'{mode}, before and now',
                 [(n, figures(before[n, mode]), figures(rows[n, mode]), '')
                  for n in names if (n, mode) in before],
                 options.worst, directory)
        elif len(modes) > 1:
            note = {n: f' ({modes[2]} {figures(rows[n, modes[2]])[0]:.2f})'
                    if len(modes) > 2 else '' for n in names}
            show(f'{modes[0]} and {modes[1]}',
                 [(n, figures(rows[n, modes[0]]), figures(rows[n, modes[1]]),
                   note[n]) for n in names], options.worst, directory)
    return 0


if __name__ == '__main__':
    sys.exit(main())
