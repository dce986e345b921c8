"""Which pictures an evaluation uses, at which size, and in which pairs."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from stylize.errors import TrainingError
from stylize.images import open_image
from stylize.training.data import list_pictures, read_rgb

logger = logging.getLogger(__name__)

MIN_SIZE_PX = 64
SEEN_PX = 512  # longer side of a picture that is seen as a whole


@dataclass(frozen=True)
class Pictures:
    """Contents and styles, read and resized, and the pairs of their numbers.

    Attributes:
        content_names: As ``folder/file``.
        style_names: As ``folder/file``.
        contents: RGB.
        styles: RGB.
        pairs: (content, style), in a fixed order; sorted by style, which is then encoded once.
    """

    content_names: tuple[str, ...]
    style_names: tuple[str, ...]
    contents: tuple[Image.Image, ...]
    styles: tuple[Image.Image, ...]
    pairs: tuple[tuple[int, int], ...]


def load_pictures(
    contents: Sequence[Path],
    styles: Sequence[Path],
    *,
    pairs: int,
    size_px: int,
    seed: int,
    only: Path | None = None,
    among: Collection[tuple[str, str]] | None = None,
    enlarge: bool = False,
    most: int = 40,
) -> Pictures:
    """Choose, read and resize the pictures of an evaluation.

    The same folders and seed give the same order, of which fewer pairs are a beginning.

    Args:
        contents: Folders.
        styles: Folders.
        pairs: Number of pairs, at most all combinations.
        size_px: Longer side of every content, see :func:`fit_longer_side`. Styles have it too, but
            for sizes above 512 px none is enlarged to more than that.
        seed: Of the choice.
        only: A JSON file with the lists ``contents`` and ``styles`` of names as ``folder/file``:
            only these pictures are used, and all of them must be there.
        among: Pairs of such names: only these pairs are used.
        enlarge: Use contents that are smaller than ``size_px`` too, enlarged.
        most: Contents, and styles, to use at most.

    Raises:
        TrainingError: A folder is empty, or a picture is missing or cannot be read.
    """
    if size_px < MIN_SIZE_PX:
        raise TrainingError(f"Pictures must be at least {MIN_SIZE_PX} px large; got {size_px}.")
    rng = np.random.default_rng(seed)
    content_paths, style_paths = (
        _listed(contents, only, "contents"),
        _listed(styles, only, "styles"),
    )
    if among is not None:
        content_paths = [path for path in content_paths if _name(path) in {c for c, _ in among}]
        style_paths = [path for path in style_paths if _name(path) in {s for _, s in among}]
    if not enlarge:
        content_paths = _large_enough(content_paths, size_px)
    content_paths, style_paths = _some(content_paths, most, rng), _some(style_paths, most, rng)
    content_names, style_names = map(_name, content_paths), map(_name, style_paths)
    names = tuple(content_names), tuple(style_names)
    order = pair_order(len(content_paths), len(style_paths))
    if among is not None:
        order = ((c, s) for c, s in order if (names[0][c], names[1][s]) in among)
    chosen = sorted(islice(order, pairs), key=lambda pair: pair[::-1])
    if not chosen:
        raise TrainingError("There is no pair of pictures to evaluate.")
    return Pictures(
        *names,
        tuple(fit_longer_side(read_rgb(path), size_px) for path in content_paths),
        tuple(_fit_style(read_rgb(path), size_px) for path in style_paths),
        tuple(chosen),
    )


def pair_order(contents: int, styles: int) -> Iterator[tuple[int, int]]:
    """Yield all pairs of numbers once, so that any beginning uses all pictures about equally."""
    # Both run through in step; when both are through together, the styles are moved on by one.
    period = math.lcm(contents, styles)
    for index in range(contents * styles):
        yield index % contents, (index + index // period) % styles


def fit_longer_side(image: Image.Image, size_px: int) -> Image.Image:
    """Resize, up or down, to a longer side of ``size_px``; both sides become multiples of 8.

    Multiples of 8 are what networks that halve the size three times see without padding. Bicubic;
    the aspect ratio changes by the rounding only.
    """
    scale = size_px / max(image.size)
    width, height = (max(8, 8 * round(side * scale / 8)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _fit_style(style: Image.Image, size_px: int) -> Image.Image:
    return fit_longer_side(style, min(size_px, max(SEEN_PX, *style.size)))


def _large_enough(paths: list[Path], size_px: int) -> list[Path]:
    """The pictures that have the size; only their headers are read."""
    found = []
    for path in paths:
        with open_image(path) as image:
            if max(image.size) >= size_px:
                found.append(path)
    if not found:
        raise TrainingError(
            f"None of the {len(paths)} contents has {size_px} px or more. Use larger ones, a "
            f"smaller size, or let them be enlarged."
        )
    if len(found) < len(paths):
        logger.info("%d of %d contents have %d px", len(found), len(paths), size_px)
    return found


def _listed(
    folders: Sequence[Path], only: Path | None, kind: Literal["contents", "styles"]
) -> list[Path]:
    paths = list_pictures(folders)
    if only is None:
        return paths
    try:
        names = [str(name) for name in json.loads(only.read_text(encoding="utf-8"))[kind]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f'{only} is not a JSON object with a list "{kind}": {error}') from error
    known = {_name(path): path for path in paths}
    missing = [name for name in names if name not in known]
    if missing or not names:
        places = ", ".join(map(str, folders))
        raise TrainingError(
            f"{len(missing)} of the {len(names)} {kind} that {only} lists are not in {places}"
            + (f", the first of them {missing[0]}." if missing else ".")
        )
    return [known[name] for name in names]


def _some(paths: list[Path], most: int, rng: np.random.Generator) -> list[Path]:
    return [paths[int(index)] for index in rng.permutation(len(paths))[:most]]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
