"""A page in a process of its own, to be killed, which writes its port to standard output."""

import sys

from stylize.studio import launch
from stylize.studio.serving import wait
from tests import fakes

if __name__ == "__main__":
    engine = fakes.FakeEngine()
    page = launch(engine, fakes.small_library(engine), block=False)
    sys.stdout.write(f"{page.server_port}\n")
    sys.stdout.flush()
    wait(page)
