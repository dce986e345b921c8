"""The pictures of a blind comparison: painted by two models, or finished by whomever."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image

from stylize.engine import Engine
from stylize.errors import ControlError, ImageError
from stylize.files import make_folder
from stylize.images import READABLE_SUFFIXES, load_image, on_white, prepare_image, save_image

_SHOWN_PX = 1600  # longer side on the page
_Paths = TypeVar("_Paths", bound=tuple[Path, ...])


class Shown:
    """Pictures by the pair's name and the painter, as PNG for the page."""

    def __init__(self, files: Mapping[str, Mapping[str, Path]]) -> None:
        """Take files by pair and painter, ``a`` and ``b``."""
        self._files = files

    def __call__(self, pair: str, who: str) -> bytes:
        """Return a picture; nothing in it tells who painted it."""
        with io.BytesIO() as file:
            picture = on_white(prepare_image(load_image(self._files[pair][who])))
            picture.thumbnail((_SHOWN_PX, _SHOWN_PX), Image.Resampling.LANCZOS)
            picture.info.clear()
            picture.save(file, "PNG", compress_level=1)
            return file.getvalue()


def finished_pairs(a: Path, b: Path) -> dict[str, dict[str, Path]]:
    """Pair the pictures of two folders by their names without suffix.

    Raises:
        ControlError: They have none in common, or a name is there twice.
    """
    of_a, of_b = (
        _by_name((path.stem, (path,)) for path in pictures_in(folder)) for folder in (a, b)
    )
    pairs = {
        name: {"a": of_a[name][0], "b": of_b[name][0]} for name in sorted(of_a.keys() & of_b.keys())
    }
    if not pairs:
        raise ControlError(f"{a} and {b} have no pictures of the same name.")
    return pairs


def draw_pairs(
    contents: Sequence[Path], styles: Sequence[Path], count: int, seed: int
) -> dict[str, tuple[Path, Path]]:
    """Draw so many pairs of content and style, all different, and name them.

    Raises:
        ControlError: There are not so many, or two would have one name.
    """
    every = _by_name(
        (f"{content.stem}--{style.stem}", (content, style))
        for content, style in itertools.product(sorted(contents), sorted(styles))
    )
    if count > len(every):
        raise ControlError(
            f"{len(contents)} contents and {len(styles)} styles make {len(every)} pairs; "
            f"{count} were asked for. Lower --pairs or add pictures."
        )
    return dict(random.Random(seed).sample(list(every.items()), count))


def fingerprints(pairs: Mapping[str, Sequence[Path]]) -> dict[str, list[str]]:
    """Return the SHA-256 of the files of each pair, in hexadecimal digits.

    Raises:
        ImageError: A file cannot be read.
    """
    digests: dict[Path, str] = {}
    for path in itertools.chain.from_iterable(pairs.values()):
        if path not in digests:
            try:
                digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise ImageError(f"{path} cannot be read ({error.strerror}).") from error
    return {name: [digests[path] for path in paths] for name, paths in pairs.items()}


def paint_pairs(
    engines: Mapping[str, Engine],
    pairs: Mapping[str, tuple[Path, Path]],
    folder: Path,
    *,
    max_side_px: int,
    progress: Callable[[float], None] | None = None,
) -> dict[str, dict[str, Path]]:
    """Paint pairs by two engines; what is there already stays.

    Args:
        engines: ``a`` and ``b``.
        pairs: Of content and style, by name.
        folder: Where the pictures are kept, those of each engine in its folder.
        max_side_px: Longer side.
        progress: Called with the share done.

    Raises:
        ImageError: A picture is unusable or cannot be written.
    """
    painted: dict[str, dict[str, Path]] = {}
    for who, engine in engines.items():
        make_folder(folder / who, ImageError)
        for name, (content, style) in pairs.items():
            path = folder / who / f"{name}.png"
            if not path.exists():
                vector = engine.encode_style(load_image(style))
                save_image(
                    engine.stylize(load_image(content), vector, max_side_px=max_side_px), path
                )
            painted.setdefault(name, {})[who] = path
            if progress is not None:
                done = sum(map(len, painted.values()))
                progress(done / len(pairs) / len(engines))
    return painted


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder, sorted.

    Raises:
        ControlError: There is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise ControlError(f"There is no folder {folder}.")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in READABLE_SUFFIXES)
    if not found:
        raise ControlError(f"There are no pictures in {folder}.")
    return found


def _by_name(named: Iterable[tuple[str, _Paths]]) -> dict[str, _Paths]:
    """Collect files by name; names that differ in case alone would be one file on some systems."""
    found: dict[str, _Paths] = {}
    before: dict[str, _Paths] = {}
    for name, paths in named:
        other = before.setdefault(name.casefold(), paths)
        if other is not paths:
            both = " and ".join(" + ".join(map(str, some)) for some in (other, paths))
            raise ControlError(f"{both} would both be called {name}. Rename one of them.")
        found[name] = paths
    return found
