"""Encode the bundled styles with the installed model, for the package to ship.

    python benchmarks/encode_bundled.py [--tunings FOLDER]

To be run whenever the style encoder or the pictures in ``styles_library`` change. Without the
file the styles are encoded at first use, on the user's machine. The folder is what
tune_bundled.py wrote; a tuning fits the network that it was made for, and no other.
"""

import argparse
from pathlib import Path

from stylize.engine import Engine
from stylize.library.bundled import build_vectors

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tunings", type=Path, help="folder of tune_bundled.py")
    path = build_vectors(Engine(), tunings=parser.parse_args().tunings)
    print(f"{path}: {path.stat().st_size / 2**20:.2f} MiB")
