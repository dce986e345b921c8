"""One thread computes: NumPy and torch read this when imported.

Tests run in a process for each core, and what they compute is small: further threads would spend
more time on waiting for each other than on work.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
