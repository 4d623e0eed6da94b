# SPDX-License-Identifier: LGPL-2.1-or-later
"""The loads: which there are, and what all contenders need for each."""

import sys

from .contenders import (CONTENDERS, FEW, STREAMING, Scenario, ratios,
                         summarise)

MAIN = [Scenario(50, 'burst'), Scenario(50, 'even')]
# What live streams have.
USUAL = [Scenario(rate, pattern, contenders=STREAMING)
         for pattern in ('burst', 'even') for rate in (3, 5, 10, 20)]
MORE = (
    [Scenario(rate, pattern, contenders=FEW)
     for rate in (100, 500) for pattern in ('burst', 'even')]
    + [Scenario(0, 'flat', contenders=FEW, pin=True)]
    + [Scenario(50, pattern, uplinks, FEW)
       for uplinks in (1, 16, 64) for pattern in ('burst', 'even')])

# Mbit/s, about an eighth apart.
RATES = [round(500 * 1.125 ** i / 10) * 10 for i in range(25)]
TRIES = 3


def progress(text):
    print(text, file=sys.stderr)
    sys.stderr.flush()


def run(bench, scenario, repetitions, seconds, contenders=None):
    """By turns. Returns: {contender: [run, ...]}."""
    runs = {c: [] for c in contenders or scenario.contenders}
    for _ in range(repetitions):
        for contender in runs:
            runs[contender].append(bench.measure(contender, scenario, seconds))
    return runs


def measure(bench, scenario, repetitions, seconds, count=False):
    progress('%s ...' % scenario.name)
    runs = run(bench, scenario, repetitions, seconds)
    result = {}
    for contender in runs:
        result[contender] = summarise(runs[contender])
        for other in ('classic', 'limit-2'):
            if other in runs:
                result[contender]['to ' + other] = ratios(runs[contender],
                                                          runs[other])
        if count:
            result[contender].update(bench.count(contender, scenario, seconds))
    return {'load': scenario.load, 'uplinks': scenario.uplinks,
            'rate': scenario.rate, 'pattern': scenario.pattern,
            'pin': scenario.pin, 'repetitions': repetitions,
            'seconds': seconds, 'results': result}


def loses_nothing(bench, contender, rate, seconds):
    """In one try of several: a thread that others keep from running for some
    milliseconds loses packets however fast it is."""
    scenario = Scenario(rate, 'even', pin=True)
    for _ in range(TRIES):
        run_ = bench.measure(contender, scenario, seconds)
        if run_['lost'] == 0 and run_['mbit'] > 0.97 * rate:
            return run_
    return None


def highest_rate(bench, contender, seconds):
    """Halving. Returns: the highest of RATES at which nothing is lost."""
    low, high = -1, len(RATES)          # what passed, and what failed
    best = {'rate': 0, 'harness': 0}
    while high - low > 1:
        middle = (low + high) // 2
        passed = loses_nothing(bench, contender, RATES[middle], seconds)
        if passed:
            low = middle
            best = {'rate': RATES[middle], 'harness': passed['harness']}
        else:
            high = middle
    best['last'] = low == len(RATES) - 1
    return best


def highest_rates(bench, seconds, contenders=CONTENDERS):
    result = {}
    for contender in contenders:
        progress('highest rate, %s ...' % contender)
        result[contender] = highest_rate(bench, contender, seconds)
    return result
