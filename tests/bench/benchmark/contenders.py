# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is measured, under which load, and one run of it."""

import json
import os
import platform
import socket
import statistics
import subprocess

COALESCE = 1000                 # µs, of the references; the plugin's default
BUFFER = 4 << 20                # bytes, of each that receives from the caller
PACKET = 1332                   # bytes
WARM_UP = 0.5                   # s

CONTENDERS = ('classic', 'mmsg', 'limit', 'limit-2', 'udpsrc', 'packetsrc')
TITLES = {
    'classic': 'classic relay',
    'mmsg': 'mmsg relay',
    'limit': 'limit, 1 thread',
    'limit-2': 'limit, 2 threads',
    'udpsrc': 'udpsrc ! srtlasink',
    'packetsrc': 'srtpacketsrc ! srtlasink',
}
# What stands for the others where there are many loads.
FEW = ('classic', 'limit-2', 'packetsrc')
# Who may carry a live stream.
STREAMING = ('classic', 'udpsrc', 'packetsrc')


class Scenario:
    """pattern: burst, even or flat; rate: Mbit/s, of no meaning if flat. pin:
    the sender has a processor to itself."""

    def __init__(self, rate, pattern, uplinks=4, contenders=CONTENDERS,
                 pin=False):
        self.rate, self.pattern, self.uplinks = rate, pattern, uplinks
        self.contenders, self.pin = contenders, pin

    @property
    def load(self):
        return 'flat out' if self.pattern == 'flat' else '%g Mbit/s %s' % (
            self.rate, {'burst': 'in bursts', 'even': 'even'}[self.pattern])

    @property
    def name(self):
        return '%s, %d uplink%s' % (self.load, self.uplinks,
                                    '' if self.uplinks == 1 else 's')


def addresses(uplinks):
    return ['127.0.0.%d' % (2 + i) for i in range(uplinks)]


class Bench:
    """source, sink: more properties for the plugin's elements. preload: a
    library for them."""

    def __init__(self, build, source=(), sink=(), preload=None, plugin=None):
        self.build = os.path.abspath(build)
        self.bench = os.path.join(self.build, 'tests', 'bench')
        self.source, self.sink, self.preload = source, sink, preload
        self.plugin = plugin or os.path.join(self.build, 'gst')
        self.ports = [self.free_port(), self.free_port()]
        self.environment = dict(
            os.environ, GST_PLUGIN_PATH_1_0=self.plugin,
            GST_REGISTRY_1_0=os.path.join(self.plugin, 'bench-registry.bin'))
        subprocess.run(['gst-inspect-1.0', 'srtlasink'], check=True,
                       env=self.environment, stdout=subprocess.DEVNULL)

    @staticmethod
    def free_port():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(('127.0.0.1', 0))
            return probe.getsockname()[1]

    def program(self, name):
        return os.path.join(self.bench, name)

    def pipeline(self, source, port, receiver_port, uplinks):
        return ([source, 'address=127.0.0.1', 'port=%d' % port,
                 'buffer-size=%d' % BUFFER]
                + (list(self.source) if source == 'srtpacketsrc' else [])
                + ['!', 'srtlasink', 'name=sink',
                   'uri=srtla://127.0.0.1:%d' % receiver_port,
                   'uplinks=' + ','.join(addresses(uplinks))]
                + list(self.sink))

    def command(self, contender, uplinks):
        port, receiver_port = self.ports
        if contender in ('udpsrc', 'packetsrc'):
            source = 'udpsrc' if contender == 'udpsrc' else 'srtpacketsrc'
            prefix = ['env', 'LD_PRELOAD=' + self.preload] \
                if self.preload else []
            return prefix + ['gst-launch-1.0', '-q'] + self.pipeline(
                source, port, receiver_port, uplinks)
        program, coalesce, prefix = {
            'classic': ('classic-relay', 0, []),
            'mmsg': ('mmsg-relay', COALESCE, []),
            'limit': ('limit', COALESCE, []),
            'limit-2': ('limit', COALESCE, ['env', 'LIMIT_THREADS=2']),
        }[contender]
        return prefix + [self.program(program), str(port),
                         str(receiver_port), str(coalesce)] \
            + addresses(uplinks)

    def traffic(self, scenario, seconds, command, *options):
        """Returns: what the traffic program says of one run."""
        line = [self.program('traffic'),
                '--port=%d' % self.ports[0],
                '--receiver-port=%d' % self.ports[1],
                '--uplinks=%d' % scenario.uplinks,
                '--rate=%g' % max(scenario.rate, 1),
                '--pattern=' + scenario.pattern,
                '--warm-up=%g' % WARM_UP,
                '--seconds=%g' % seconds]
        line += ['--pin'] if scenario.pin else []
        line += list(options) + ['--'] + command
        done = subprocess.run(line, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120)
        if done.returncode != 0:
            raise RuntimeError('%s: %s' % (' '.join(command),
                                           done.stderr.strip()))
        return json.loads(done.stdout)

    def measure(self, contender, scenario, seconds):
        return per_packet(self.traffic(
            scenario, seconds, self.command(contender, scenario.uplinks),
            '--count-instructions'))

    def count(self, contender, scenario, seconds):
        """A run of its own: counting calls costs something itself."""
        library = self.program('libcount-allocations.so')
        run = self.traffic(
            scenario, seconds, self.command(contender, scenario.uplinks),
            '--count-system-calls', '--count-allocations=' + library)
        delivered = max(run['delivered'], 1)
        return {key: run[key] / delivered
                for key in ('system_calls', 'allocations') if key in run}


def per_packet(run):
    delivered = max(run['delivered'], 1)
    result = {
        'cpu': run['cpu_ns'] / delivered / 1000,
        'user': run['user_ms'] * 1000 / delivered,
        'system': run['system_ms'] * 1000 / delivered,
        'switches': run['switches'] / delivered,
        'lost': run['sent'] - run['delivered'],
        'delivered': delivered / max(run['sent'], 1),
        'mbit': run['delivered'] * PACKET * 8e3 / run['time_ns'],
        'harness': run['own_cpu_ns'] / run['time_ns'],
        'p50': run['latency_p50_us'],
        'p99': run['latency_p99_us'],
        'rss': run['rss_kib'] / 1024,
    }
    for key in ('user_instructions', 'kernel_instructions'):
        if key in run:
            result[key] = run[key] / delivered
    return result


def spread(values):
    values = sorted(values)
    return {'median': statistics.median(values), 'low': values[0],
            'high': values[-1]}


def summarise(runs):
    return {key: spread([run[key] for run in runs]) for key in runs[0]}


def ratios(runs, others, key='cpu'):
    """Of neighbours in time, so that what else the machine does counts out."""
    return spread([run[key] / max(other[key], 1e-9)
                   for run, other in zip(runs, others)])


def machine():
    model = ''
    try:
        with open('/proc/cpuinfo') as info:
            model = next((line.split(':', 1)[1].strip() for line in info
                          if line.startswith('model name')), '')
    except OSError:
        pass
    system = ''
    try:
        with open('/etc/os-release') as info:
            system = next((line.split('=', 1)[1].strip().strip('"')
                           for line in info
                           if line.startswith('PRETTY_NAME')), '')
    except OSError:
        pass
    compiler = subprocess.run(['cc', '-dumpfullversion'], text=True,
                              stdout=subprocess.PIPE,
                              check=False).stdout.strip()
    virtual = subprocess.run(['systemd-detect-virt'], text=True,
                             stdout=subprocess.PIPE, check=False).stdout \
        if os.path.exists('/usr/bin/systemd-detect-virt') else ''
    return {'kernel': platform.release(), 'architecture': platform.machine(),
            'processor': model, 'processors': os.cpu_count(),
            'system': system, 'compiler': compiler,
            'virtual': virtual.strip(), 'load': os.getloadavg()[0]}
