"""As much of the real module as scenario.py needs."""


class Simulator:
    def __init__(self, meta):
        self.meta = meta

    def setup_done(self):
        pass
