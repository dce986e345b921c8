"""What the processes of the tests do. Here, since they must be able to import it."""

import os
import signal
import time
from pathlib import Path

from stylize.engine import Engine
from stylize.errors import ImageError, ModelFileError, OutOfMemoryError
from tests.conftest import TINY_MODEL
from tests.fakes import FakeEngine


def start():
    return FakeEngine()


def refuse():
    raise ModelFileError("The model is damaged.")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(notes):
    if not (note := Path(notes, "death")).exists():
        note.touch()
        die()
    return FakeEngine()


def process_id(made, *, progress):
    return os.getpid()


def add(made, a, b, *, progress):
    progress(0.5)
    return a + b


def fail(made, what, *, progress):
    raise {
        "ours": ImageError("The picture is too small."),
        "memory": MemoryError(),
        "ours about memory": OutOfMemoryError(),
        "fault": KeyError("nowhere"),
    }[what]


def die_times(made, notes, times, *, progress):
    """Die until there are so many notes of it in a folder."""
    tries = len(list(Path(notes).iterdir()))
    (Path(notes) / str(tries)).touch()
    if tries < times:
        die()
    return tries


def let_go(made, notes, *, progress):
    """Fall silent at the first try, as if the line was cut."""
    tries = len(list(Path(notes).iterdir()))
    (Path(notes) / str(os.getpid())).touch()
    if not tries:
        os.closerange(3, 256)
        time.sleep(60)
    return tries


def until_told(made, notes, *, progress):
    """Go on until nobody wants it any more; a note tells that it has begun."""
    Path(notes, str(os.getpid())).touch()
    while True:
        progress(0.1)
        time.sleep(0.001)


def until_let(made, notes, *, progress):
    """Go on until there is a file called ``go``."""
    Path(notes, str(os.getpid())).touch()
    while not Path(notes, "go").exists():
        time.sleep(0.001)
    return "done"


class NotingEngine(FakeEngine):
    """Notes what it has painted, and dies once over a red picture."""

    def __init__(self, notes):
        super().__init__()
        self.notes = notes

    def stylize(self, content, style, **options):
        color = "-".join(map(str, content.convert("RGB").getpixel((0, 0))))
        if color == "255-0-0" and not (self.notes / "death").exists():
            (self.notes / "death").touch()
            die()
        result = super().stylize(content, style, **options)
        with open(self.notes / "painted", "a") as file:
            file.write(f"{color}\n")
        return result


class DyingEngine(Engine):
    """Paints with the tiny model, and dies once, in the midst of a film."""

    def __init__(self, notes):
        super().__init__(TINY_MODEL, precision="fp32", threads=1)
        self.notes = notes
        self.painted = 0

    def stylize(self, *arguments, **options):
        self.painted += 1
        if self.painted == 3 and not (self.notes / "death").exists():
            (self.notes / "death").touch()
            die()
        return super().stylize(*arguments, **options)
