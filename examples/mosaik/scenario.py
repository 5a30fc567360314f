"""Five PV plants whose feed-in stays under a cap.

mosaik and the plants are in Python, the controller with its agents is in Go:

    pip install mosaik
    go build -o controller ./examples/mosaik
    python examples/mosaik/scenario.py
"""
import math

import mosaik
import mosaik_api_v3

STEP = 900  # seconds
END = 24 * 3600

SIM_CONFIG = {
    'PV': {'python': '__main__:PV'},
    'Meter': {'python': '__main__:Meter'},
    'Controller': {'cmd': './controller %(addr)s'},
    # or, after "./controller -listen localhost:5678" elsewhere:
    # 'Controller': {'connect': 'localhost:5678'},
}


class PV(mosaik_api_v3.Simulator):
    """Plants that feed in what the sun gives."""

    def __init__(self):
        super().__init__({
            'api_version': '3.0',
            'type': 'time-based',
            'models': {
                'Plant': {'public': True, 'params': ['delay'], 'attrs': ['available']},
            },
        })
        self.delays = {}
        self.time = 0

    def init(self, sid, time_resolution):
        return self.meta

    def create(self, num, model, delay=0.0):
        plants = []
        for _ in range(num):
            eid = f'Plant-{len(self.delays)}'
            self.delays[eid] = delay
            plants.append({'eid': eid, 'type': model})
        return plants

    def step(self, time, inputs, max_advance):
        self.time = time
        return time + STEP

    def get_data(self, outputs):
        return {
            eid: {attr: self.available(eid) for attr in attrs}
            for eid, attrs in outputs.items()
        }

    def available(self, eid):
        hour = self.time / 3600 - self.delays[eid]
        return max(0.0, 12 * math.sin(math.pi * (hour - 6) / 12))


class Meter(mosaik_api_v3.Simulator):
    """Prints what all generators feed in."""

    def __init__(self):
        super().__init__({
            'api_version': '3.0',
            'type': 'time-based',
            'models': {
                'Meter': {'public': True, 'params': [], 'attrs': ['feed_in']},
            },
        })

    def init(self, sid, time_resolution):
        return self.meta

    def create(self, num, model):
        return [{'eid': f'Meter-{i}', 'type': model} for i in range(num)]

    def step(self, time, inputs, max_advance):
        if time % 7200 == 0:
            total = sum(inputs['Meter-0']['feed_in'].values())
            print(f'{time // 3600:02d}:00 {total:8.3f} kW')
        return time + STEP

    def get_data(self, outputs):
        return {eid: {} for eid in outputs}


def main():
    world = mosaik.World(SIM_CONFIG)
    pv = world.start('PV')
    controller = world.start('Controller', cap=30, step_size=STEP)
    meter = world.start('Meter').Meter()
    generators = controller.Generator.create(5, peak=10)
    for i, generator in enumerate(generators):
        plant = pv.Plant(delay=0.5 * i)
        world.connect(plant, generator, 'available')
        world.connect(generator, meter, 'feed_in')
    world.run(until=END)


if __name__ == '__main__':
    main()
