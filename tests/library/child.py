"""Runs in another process: `python -m tests.library.child TASK FOLDER ...`."""

import json
import os
import sys
from pathlib import Path

from stylize.errors import StylizeError
from stylize.library import StyleLibrary
from tests.fakes import FakeEngine
from tests.library.helpers import picture


def write_forever(folder: str, prefix: str) -> None:
    """Add styles and tell the name of each once it is stored, until killed."""
    library = StyleLibrary.open(folder, encoder=FakeEngine(), bundled=False)
    vector = library.encoder.encode_style(picture(0))
    number = 0
    while True:
        name = f"{prefix}-{number}"
        library.add_vector(name, vector, thumbnail=b"x" * 3000)
        print(name, flush=True)  # noqa: T201
        number += 1


def write_some(folder: str, prefix: str, count: str) -> None:
    """Add, change, rename and remove styles, as one of several writers."""
    library = StyleLibrary.open(folder, encoder=FakeEngine(), bundled=False)
    vector = library.encoder.encode_style(picture(0))
    for number in range(int(count)):
        name = f"{prefix}-{number}"
        library.add_vector(name, vector)
        library.update(name, title=f"Title of {name}")
        if number % 5 == 4:
            library.remove(name)
        elif number % 5 == 3:
            library.update(name, new_name=f"{name}-renamed")
    library.close()


def look(folder: str, user: str) -> None:
    """Without root's rights, open the library, try to add a style, and report."""
    # All modules are loaded before: another user may not be allowed to read where they lie.
    StyleLibrary.in_memory(encoder=FakeEngine(), bundled=False).add("first", picture(2))
    if os.geteuid() == 0:
        os.setuid(int(user))
    report: dict[str, object] = {}
    try:
        library = StyleLibrary.open(Path(folder), encoder=FakeEngine(), bundled=False)
        report["names"] = library.names()
        report["read_only"] = library.read_only
        library.add("another", picture(1))
    except StylizeError as error:
        report["error"] = str(error)
    print(json.dumps(report))  # noqa: T201


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    {"write_forever": write_forever, "write_some": write_some, "look": look}[task](*arguments)
