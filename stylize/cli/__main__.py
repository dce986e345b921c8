"""``python -m stylize.cli``, the same as ``stylize``."""

from stylize.cli import main

main()
