"""A page in a process of its own, to be killed: ``python -m tests.studio.server PORT``."""

import sys

from stylize.studio import launch
from tests import fakes

if __name__ == "__main__":
    engine = fakes.FakeEngine()
    launch(engine, fakes.small_library(engine), port=int(sys.argv[1]))
