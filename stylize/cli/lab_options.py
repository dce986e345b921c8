"""Options of those commands of the lab that train networks and measure them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ContentsOption = Annotated[
    list[Path],
    typer.Option(metavar="FOLDER", help="Photographs to train and measure on; repeatable."),
]
StylesOption = Annotated[
    list[Path],
    typer.Option(metavar="FOLDER", help="Paintings to train and measure on; repeatable."),
]
HeldOutOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="JSON file of pictures to measure on, never trained on."),
]
