# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables, as text for a terminal or as Markdown for docs/performance.md."""

import re

from .contenders import COALESCE, CONTENDERS, STREAMING, TITLES

MIB = 1 << 20
DELAY = 2 * COALESCE + 500      # µs, at most, for 99 of 100 packets


class Table:
    def __init__(self, name, heading, columns, rows, note=''):
        self.name, self.heading, self.note = name, heading, note
        self.columns, self.rows = columns, rows

    def markdown(self):
        lines = [self.heading, ''] if self.heading else []
        lines += ['| ' + ' | '.join(self.columns) + ' |',
                  '|' + '---|' * len(self.columns)]
        lines += ['| ' + ' | '.join(row) + ' |' for row in self.rows]
        lines += ['', self.note] if self.note else []
        return '\n'.join(lines)

    def text(self):
        plain = [[cell.replace('`', '').replace('**', '') for cell in row]
                 for row in [self.columns] + self.rows]
        widths = [max(len(row[i]) for row in plain)
                  for i in range(len(self.columns))]
        lines = [self.heading] if self.heading else []
        lines += ['  ' + '  '.join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in plain]
        lines += [self.note] if self.note else []
        return '\n'.join(lines)


def number(value):
    """Three digits that count, more before the point."""
    size = abs(value)
    if size >= 100:
        return '%.0f' % value
    if size >= 10:
        return '%.1f' % value
    return '%.2f' % value if size >= 0.005 or size == 0 else '%.4f' % value


def with_spread(value):
    if value['low'] == value['high']:
        return number(value['median'])
    return '%s (%s – %s)' % tuple(number(value[key])
                                  for key in ('median', 'low', 'high'))


def median(values, key, form='%.2f'):
    return form % values[key]['median'] if key in values else '–'


def plain(values, key, form='%.2f'):
    return form % values[key] if key in values else '–'


def title(contender):
    text = TITLES[contender]
    return '`%s`' % text if '!' in text else text


def machine(results):
    about = results['machine']
    parts = [about['processor'] or about['architecture']]
    if about['virtual'] not in ('', 'none'):
        parts[0] += ', virtual machine'
    parts[0] += ' with %d processors' % about['processors']
    parts += ['Linux ' + about['kernel'], about['system'],
              'gcc %s `-O2`' % about['compiler'],
              'load when it began %.1f' % about['load']]
    return ', '.join(part for part in parts if part) + '.'


# ---- Loads -----------------------------------------------------------------

def full_load(load):
    rows = []
    for contender, of in load['results'].items():
        rows.append([
            title(contender), with_spread(of['cpu']),
            median(of, 'to classic'), median(of, 'to limit-2'),
            median(of, 'switches'), plain(of, 'system_calls'),
            plain(of, 'allocations'),
            '%s + %s' % (median(of, 'user_instructions', '%.0f'),
                         median(of, 'kernel_instructions', '%.0f')),
            median(of, 'p50', '%.0f'), median(of, 'p99', '%.0f'),
            median(of, 'rss', '%.1f'),
            '%.0f' % of['lost']['high']])
    return Table(
        'load-' + load['pattern'],
        '%s, %d uplinks; %d runs of %g s:' % (
            load['load'], load['uplinks'], load['repetitions'],
            load['seconds']),
        ['', 'CPU, µs/packet', '÷ classic', '÷ limit-2', 'switches',
         'system calls', 'allocations', 'instructions, user + kernel',
         'p50, µs', 'p99, µs', 'MiB', 'lost, most'], rows)


def usual_loads(loads):
    if not loads:
        return None
    rows = []
    for load in loads:
        of = load['results']
        row = [load['load']]
        for c in STREAMING:
            row += [with_spread(of[c]['cpu'])]
            row += [] if c == 'classic' else [median(of[c], 'to classic')]
            row += [median(of[c], 'switches'), median(of[c], 'p50', '%.0f')]
        rows.append(row)
    columns = ['load']
    for c in STREAMING:
        columns += [title(c)] + ([] if c == 'classic' else ['÷ classic'])
        columns += ['switches', 'p50, µs']
    return Table('usual', 'CPU, µs/packet, %d runs of %g s, 4 uplinks:' % (
        loads[0]['repetitions'], loads[0]['seconds']), columns, rows)


def other_loads(loads):
    if not loads:
        return None
    rows = []
    for load in loads:
        of = load['results']
        ours = of.get('packetsrc', {})
        rows.append([load['load'], '%d' % load['uplinks']] + [
            with_spread(of[c]['cpu']) if c in of else '–'
            for c in ('classic', 'limit-2', 'packetsrc')] + [
            median(ours, 'to classic'), median(ours, 'to limit-2'),
            median(ours, 'p99', '%.0f'),
            ' / '.join('%.0f' % of[c]['mbit']['median']
                       for c in ('classic', 'limit-2', 'packetsrc')
                       if c in of) if load['pattern'] == 'flat'
            else '%.2f %%' % (100 * ours['delivered']['median'])])
    return Table(
        'loads', 'CPU, µs/packet, %d runs of %g s:' % (
            loads[0]['repetitions'], loads[0]['seconds']),
        ['load', 'uplinks', 'classic relay', 'limit, 2 threads',
         '`srtpacketsrc ! srtlasink`', '÷ classic', '÷ limit-2', 'p99, µs',
         'delivered; flat out: Mbit/s of each'], rows)


def highest(rates):
    if not rates:
        return None
    classic = rates.get('classic', {}).get('rate', 0)
    rows = [[title(c), ('≥ ' if of['last'] else '') + '%d' % of['rate'],
             '%.2f' % (of['rate'] / classic) if classic else '–',
             '%.0f %%' % (100 * of['harness'])]
            for c, of in rates.items()]
    return Table('highest', '', ['', 'Mbit/s', '÷ classic',
                                 'generator and sink, of their processor'],
                 rows)


# ---- The others ------------------------------------------------------------

def core(rows):
    if not rows:
        return None
    return Table(
        'core', '', ['mode', 'uplinks', 'in flight', 'instructions',
                     'memory accesses', 'D1 misses', 'LL misses', 'ns'],
        [[row['mode'], '%d' % row['uplinks'], '%d' % row['in_flight'],
          '%.0f' % row['instructions'], plain(row, 'references', '%.0f'),
          plain(row, 'd1', '%.1f'), plain(row, 'last', '%.2f'),
          plain(row, 'ns', '%.0f')] for row in rows])


def memory(rows):
    if not rows:
        return None
    return Table(
        'memory', '', ['uplinks', 'idle, MiB', 'carrying 50 Mbit/s, MiB'],
        [['%d' % row['uplinks'], '%.2f' % (row['idle'] / MIB),
          '%.2f' % (row['busy'] / MIB)] for row in rows])


def optimisations(rows):
    if not rows:
        return None
    cells = []
    for row in rows:
        before, after = row['before']['median'], row['after']['median']
        cells.append([
            row['what'], row['metric'], with_spread(row['before']),
            with_spread(row['after']),
            '%.2f' % (after / before) if before > 0 else '–',
            {True: 'yes', False: 'no'}.get(row['kept'], row['kept'])])
    return Table('optimisations', '', ['', 'for each packet', 'before',
                                       'after', 'after ÷ before', 'kept'],
                 cells)


# ---- Goals -----------------------------------------------------------------

def find_load(results, rate, pattern):
    for load in results.get('loads', []):
        if (load['rate'], load['pattern'], load['uplinks']) \
                == (rate, pattern, 4):
            return load['results']
    return {}


def load_goals(results):
    for pattern, words in (('burst', 'in bursts'), ('even', 'evenly spaced')):
        of = find_load(results, 50, pattern)
        ours = of.get('packetsrc')
        if not ours:
            continue
        yield ('%s, CPU ÷ classic relay' % words, 0.45,
               ours['to classic']['median'], 2)
        if pattern == 'burst':
            yield ('%s, CPU ÷ two-thread limit' % words, 1.5,
                   ours['to limit-2']['median'], 2)
        if 'udpsrc' in of:
            yield ('%s, `udpsrc` in front, CPU ÷ classic relay' % words, 1.0,
                   of['udpsrc']['to classic']['median'], 2)
        if 'system_calls' in ours:
            yield ('%s, system calls' % words, 0.4, ours['system_calls'], 3)
        if 'allocations' in ours:
            yield ('%s, allocations in source and sink' % words, 0.05,
                   ours['allocations'], 3)
        yield ('%s, added latency p99, µs' % words, DELAY,
               ours['p99']['median'], 0)
    of = find_load(results, 10, 'even')
    for c in ('udpsrc', 'packetsrc'):
        if c in of:
            yield ('10 Mbit/s evenly spaced, %s, CPU ÷ classic relay'
                   % title(c), None, of[c]['to classic']['median'], 2)


def core_goals(rows):
    for mode in sorted({row['mode'] for row in rows}):
        at = {(row['uplinks'], row['in_flight']): row['instructions']
              for row in rows if row['mode'] == mode}
        if (4, 1000) in at:
            yield ('core, %s, 4 uplinks, instructions' % mode, 400,
                   at[4, 1000], 0)
        if (1, 1000) in at and (64, 1000) in at:
            yield ('core, %s, instructions for each further uplink, 1 to 64'
                   % mode, 25, (at[64, 1000] - at[1, 1000]) / 63, 1)
        flights = [at[4, n] for n in (100, 1000, 10000) if (4, n) in at]
        if len(flights) > 1:
            yield ('core, %s, instructions with 10,000 in flight ÷ with 100'
                   % mode, 1.05, flights[-1] / flights[0], 2)


def other_goals(results):
    rates = results.get('highest')
    if rates and 'packetsrc' in rates:
        ours, classic = rates['packetsrc'], rates['classic']
        yield ('highest rate without a lost packet, Mbit/s', -1000,
               ours['rate'], 0)
        yield ('the same ÷ classic relay', -2.0,
               ours['rate'] / max(classic['rate'], 1), 2)
    for row in results.get('memory', []):
        if row['uplinks'] == 4:
            yield ('heap of source and sink, 4 uplinks, MiB', 4,
                   row['busy'] / MIB, 2)


def goals(results):
    """A goal below 0 is a least, above 0 a most."""
    rows = []
    for what, goal, measured, digits in (
            *load_goals(results), *core_goals(results.get('core', [])),
            *other_goals(results)):
        met = goal is None or (measured >= -goal if goal < 0
                               else measured <= goal)
        rows.append([
            what, '–' if goal is None else
            ('≥ ' if goal < 0 else '≤ ') + '%g' % abs(goal),
            '%.*f' % (digits, measured),
            '' if goal is None else 'yes' if met else '**no**'])
    if not rows:
        return None
    return Table('goals', '', ['for each packet, 50 Mbit/s over 4 uplinks',
                               'goal', 'measured', 'reached'], rows)


# ---- All of it -------------------------------------------------------------

def tables(results):
    loads = results.get('loads', [])
    full = [load for load in loads if len(load['results']) == len(CONTENDERS)]
    usual = [load for load in loads if set(load['results']) == set(STREAMING)]
    found = [full_load(load) for load in full]
    found += [usual_loads(usual),
              other_loads([load for load in loads
                           if load not in full and load not in usual]),
              highest(results.get('highest')), core(results.get('core')),
              memory(results.get('memory')),
              optimisations(results.get('optimisations')), goals(results)]
    return [table for table in found if table is not None]


def write_document(path, results):
    """Replaces what stands between the marks of each table."""
    with open(path) as file:
        text = file.read()
    blocks = {table.name: table.markdown() for table in tables(results)}
    if results.get('loads'):
        blocks['machine'] = machine(results)
    if not all(results.get(part) for part in ('loads', 'highest', 'core')):
        blocks.pop('goals', None)       # half of it would stand for all
    missing = []
    for name, block in blocks.items():
        pattern = re.compile(r'(<!-- measured: %s -->\n).*?(<!-- end -->)'
                             % re.escape(name), re.DOTALL)
        text, n = pattern.subn(
            lambda match: match.group(1) + block + '\n' + match.group(2), text)
        if n == 0:
            missing.append(name)
    with open(path, 'w') as file:
        file.write(text)
    return missing
