"""Training, export, quantization and evaluation: the only part that needs torch.

Install it with ``pip install "stylize-studio[train]"``.
"""

from importlib.util import find_spec

from stylize.extras import missing_extra

if find_spec("torch") is None:
    raise missing_extra("train", "torch")
