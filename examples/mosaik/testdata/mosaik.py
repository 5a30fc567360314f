"""A stand-in for mosaik: as much of it as scenario.py needs.

It calls simulators of this process and those that it starts by "cmd", in the
frames and the order of the real one, where all make the same steps.
"""
import importlib
import json
import socket
import struct
import subprocess


class Local:
    """A simulator in this process."""

    def __init__(self, simulator):
        self.simulator = simulator

    def call(self, name, *args, **kwargs):
        return getattr(self.simulator, name)(*args, **kwargs)

    def stop(self):
        pass


class Process:
    """A simulator in a process of its own."""

    def __init__(self, command):
        with socket.create_server(('127.0.0.1', 0)) as server:
            addr = '%s:%d' % server.getsockname()
            self.process = subprocess.Popen((command % {'addr': addr}).split())
            server.settimeout(10)
            self.socket, _ = server.accept()
        self.stream = self.socket.makefile('rb')
        self.calls = 0

    def send(self, name, args, kwargs):
        payload = json.dumps([0, self.calls, [name, args, kwargs]]).encode()
        self.socket.sendall(struct.pack('>L', len(payload)) + payload)

    def call(self, name, *args, **kwargs):
        self.send(name, args, kwargs)
        (length,) = struct.unpack('>L', self.stream.read(4))
        kind, number, content = json.loads(self.stream.read(length))
        assert number == self.calls, number
        self.calls += 1
        if kind != 1:
            raise RuntimeError(*content)
        return content

    def stop(self):
        self.send('stop', [], {})
        self.stream.read()  # to the end
        self.stream.close()
        self.socket.close()
        assert self.process.wait(10) == 0, self.process.returncode


class Entity:
    def __init__(self, sid, eid):
        self.sid, self.eid = sid, eid
        self.full_id = sid + '.' + eid


class Model:
    def __init__(self, started, name):
        self.started, self.name = started, name

    def __call__(self, **params):
        return self.create(1, **params)[0]

    def create(self, num, **params):
        assert set(params) <= set(self.started.meta['models'][self.name]['params'])
        entities = self.started.proxy.call('create', num, self.name, **params)
        assert [e['type'] for e in entities] == num * [self.name], entities
        return [Entity(self.started.sid, e['eid']) for e in entities]


class Started:
    def __init__(self, sid, proxy, params):
        self.sid, self.proxy = sid, proxy
        self.meta = proxy.call('init', sid, time_resolution=1.0, **params)
        assert self.meta['type'] == 'time-based', self.meta
        for name in self.meta['models']:
            setattr(self, name, Model(self, name))


class World:
    def __init__(self, sim_config):
        self.sim_config = sim_config
        self.started = []
        self.connections = []

    def start(self, name, **params):
        config = self.sim_config[name]
        if 'python' in config:
            module, cls = config['python'].split(':')
            proxy = Local(getattr(importlib.import_module(module), cls)())
        else:
            proxy = Process(config['cmd'])
        self.started.append(Started(name + '-0', proxy, params))
        return self.started[-1]

    def connect(self, src, dest, *attrs):
        self.connections += [(src, dest, attr) for attr in attrs]

    def run(self, until):
        for s in self.started:
            s.proxy.call('setup_done')
        time, data = 0, {}
        while time < until:
            later = {self.step(s, time, until, data) for s in self.started}
            assert len(later) == 1, later
            (time,) = later
        for s in self.started:
            s.proxy.stop()

    def step(self, s, time, until, data):
        inputs, outputs = {}, {}
        for src, dest, attr in self.connections:
            if dest.sid == s.sid:
                values = inputs.setdefault(dest.eid, {}).setdefault(attr, {})
                values[src.full_id] = data[src.sid][src.eid][attr]
            if src.sid == s.sid:
                outputs.setdefault(src.eid, []).append(attr)
        later = s.proxy.call('step', time, inputs, until)
        assert isinstance(later, int) and later > time, later
        if outputs:
            data[s.sid] = s.proxy.call('get_data', outputs)
        return later
