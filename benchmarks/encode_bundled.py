"""Encode the bundled styles with the installed model, for the package to ship.

    python benchmarks/encode_bundled.py

To be run whenever the style encoder or the pictures in ``styles_library`` change. Without the
file the styles are encoded at first use, on the user's machine.
"""

from stylize.engine import Engine
from stylize.library.bundled import build_vectors

if __name__ == "__main__":
    path = build_vectors(Engine())
    print(f"{path}: {path.stat().st_size / 2**20:.2f} MiB")
