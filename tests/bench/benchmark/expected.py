# SPDX-License-Identifier: LGPL-2.1-or-later
"""What CI holds the hot path to: ratios that were measured, and room above
them. expected.json says what was measured; `./run bench --update` writes it."""

import json
import os

from . import core
from .contenders import Scenario, ratios
from .loads import run

FILE = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'expected.json')

# Twice as much fails, a busy machine does not. What the processor counts is
# steadier than time.
ROOM = {'cpu': 1.8, 'instructions': 1.4}
# Callgrind counts the same each time; another compiler does not.
CORE_ROOM = 1.25
CORE_CASES = ((4, 100), (4, 10000), (1, 1000), (64, 1000))

REPETITIONS, SECONDS = 5, 0.6
# (pattern, contender, metric); each ÷ classic relay's.
RATIOS = (
    ('burst', 'packetsrc', 'cpu'),
    ('burst', 'udpsrc', 'cpu'),
    ('even', 'packetsrc', 'cpu'),
    ('burst', 'packetsrc', 'instructions'),
    ('even', 'packetsrc', 'instructions'),
)
WORDS = {'burst': 'in bursts', 'even': 'evenly spaced'}


def key_of(pattern, contender, metric):
    return '%s %s %s' % (pattern, contender, metric)


def load():
    with open(FILE) as file:
        return json.load(file)


def core_key(mode, uplinks, in_flight):
    return '%s %d %d' % (mode, uplinks, in_flight)


def instructions_of(run_):
    if 'user_instructions' not in run_:
        return None
    return run_['user_instructions'] + run_['kernel_instructions']


def update(results):
    """Takes over what was measured of what is held to."""
    held = load() if os.path.exists(FILE) else {'ratios': {}, 'core': {}}
    for of in results.get('loads', []):
        if of['rate'] != 50 or of['uplinks'] != 4:
            continue
        by = of['results']
        for pattern, contender, metric in RATIOS:
            if pattern != of['pattern'] or contender not in by \
                    or 'classic' not in by:
                continue
            if metric == 'cpu':
                ratio = by[contender]['to classic']['median']
            elif 'user_instructions' in by['classic']:
                ours, theirs = ({key: by[c][key]['median'] for key in (
                    'user_instructions', 'kernel_instructions')}
                    for c in (contender, 'classic'))
                ratio = instructions_of(ours) / instructions_of(theirs)
            else:
                continue
            held['ratios'][key_of(pattern, contender, metric)] = round(ratio, 2)
    for row in results.get('core', []):
        if (row['uplinks'], row['in_flight']) in CORE_CASES:
            held['core'][core_key(row['mode'], row['uplinks'],
                                  row['in_flight'])] = round(
                                      row['instructions'])
    with open(FILE, 'w') as file:
        json.dump(held, file, indent=1)
        file.write('\n')


# ---- Judging ---------------------------------------------------------------

class Verdicts:
    """Prints each as it comes, for people or as TAP."""

    def __init__(self, tap, planned):
        self.tap, self.n, self.failed = tap, 0, False
        if tap:
            print('1..%d' % planned)

    def add(self, what, measured, bound):
        passed = measured is None or measured <= bound
        self.n += 1
        self.failed = self.failed or not passed
        text = '%s: %s, at most %.4g' % (
            what, 'unknown' if measured is None else '%.4g' % measured, bound)
        if self.tap:
            skip = ' # SKIP no counter of instructions' \
                if measured is None else ''
            print('%s %d - %s%s' % ('ok' if passed else 'not ok', self.n,
                                    text, skip), flush=True)
        else:
            print('%s: %s' % (text, 'ok' if passed else 'FAILED'), flush=True)


def measure_pattern(bench, pattern):
    """Returns: {(contender, metric): ratio or None}."""
    wanted = [(c, m) for p, c, m in RATIOS if p == pattern]
    names = ['classic'] + sorted({c for c, m in wanted})
    runs = run(bench, Scenario(50, pattern), REPETITIONS, SECONDS, names)
    for contender in runs:
        for run_ in runs[contender]:
            run_['instructions'] = instructions_of(run_)
    return {(c, m): None if runs[c][0][m] is None
            else ratios(runs[c], runs['classic'], m)['median']
            for c, m in wanted}


def is_within(held, pattern, measured):
    return all(ratio is None or ratio <= ROOM[m] * held[key_of(pattern, c, m)]
               for (c, m), ratio in measured.items())


def judge_loads(bench, tap):
    held = load()['ratios']
    verdicts = Verdicts(tap, len(RATIOS))
    for pattern in ('burst', 'even'):
        measured = measure_pattern(bench, pattern)
        if not is_within(held, pattern, measured):
            print('# once more: the machine may have been busy')
            again = measure_pattern(bench, pattern)
            measured = {key: value if value is None else min(value, again[key])
                        for key, value in measured.items()}
        for (contender, metric), ratio in measured.items():
            verdicts.add('50 Mbit/s %s, %s, %s ÷ classic relay' % (
                WORDS[pattern], contender, metric), ratio,
                ROOM[metric] * held[key_of(pattern, contender, metric)])
    return 1 if verdicts.failed else 0


def judge_core(build, tap):
    held = load()['core']
    verdicts = Verdicts(tap, len(core.MODES) * len(CORE_CASES))
    for row in core.table(build, caches=False, cases=CORE_CASES, timed=False):
        case = (row['mode'], row['uplinks'], row['in_flight'])
        verdicts.add('core, %s, %d uplinks, %d in flight, instructions' % case,
                     row['instructions'], CORE_ROOM * held[core_key(*case)])
    return 1 if verdicts.failed else 0
