"""Pictures for training: content squares with thumbnails, and reading styles."""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from stylize.errors import ImageError, TrainingError
from stylize.images import load_image, on_white
from stylize.painting import GRID_PX
from stylize.training.drawings import draw
from stylize.visible import VisibleColors

logger = logging.getLogger(__name__)
_measuring = threading.Lock()

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_WINDOWS = 4  # places that are tried for a window
_BUSY = 0.8  # least contrast of a window, as a share of the whole square's
STYLE_SIDE_PX = 512  # a style is encoded at the area of a square of this side
_NEARLY = 0.95  # contents for revisions may be enlarged by so little


def list_pictures(folders: Sequence[Path], *, exclude: frozenset[str] = frozenset()) -> list[Path]:
    """Return the pictures of the folders, sorted, without those in ``exclude``.

    Args:
        folders: Folders to look into, not recursively.
        exclude: Names as ``folder/file``, for example pictures held out for evaluation.

    Raises:
        TrainingError: A folder is missing or no picture is left.
    """
    paths: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise TrainingError(f"There is no folder {folder}.")
        paths += [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    paths = [path for path in paths if f"{path.parent.name}/{path.name}" not in exclude]
    if not paths:
        names = ", ".join(str(folder) for folder in folders)
        raise TrainingError(
            f"No pictures in {names}; expected files ending in {', '.join(sorted(SUFFIXES))}."
        )
    return paths


def read_exclusions(path: Path | None) -> frozenset[str]:
    """Read the names of held-out pictures from a JSON file of lists, for :func:`list_pictures`.

    What is listed as pairs of names is left out: pictures are listed by themselves.
    """
    if path is None:
        return frozenset()
    try:
        lists = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(names, list) for names in lists.values()):
            raise TypeError("a value is not a list")
        return frozenset(name for kind, names in lists.items() if kind != "pairs" for name in names)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TrainingError(
            f"{path} is not a JSON object of lists of file names: {error}"
        ) from error


def read_content(path: Path) -> Image.Image:
    """Read a picture as the engine sees a content: RGB, upright, in sRGB.

    Raises:
        TrainingError: The file cannot be read as a picture, or a side is below 16 px.
    """
    image = _read(path)
    return image if image.mode == "RGB" else VisibleColors(image).crop((0, 0, *image.size))


def read_style(path: Path) -> Image.Image:
    """Read a picture as the engine sees a style; raises what `read_content` raises."""
    return on_white(_read(path))


def _read(path: Path) -> Image.Image:
    try:
        return load_image(path)
    except ImageError as error:
        raise TrainingError(f"{error} Or remove it from the folder.") from error


def fit_area(size: tuple[int, int], side_px: int) -> tuple[int, int]:
    """Scale a size to the area of a square, keeping its aspect ratio, sides at least 16."""
    scale = side_px / (size[0] * size[1]) ** 0.5
    return max(16, round(size[0] * scale)), max(16, round(size[1] * scale))


def to_tensor(images: Sequence[Image.Image] | NDArray[np.uint8]) -> Tensor:
    """Stack RGB pictures of one size to (N, 3, H, W) float32 in [0, 1], channels last in memory."""
    array = np.stack([np.asarray(image) for image in images])
    tensor = torch.from_numpy(array).permute(0, 3, 1, 2)
    return tensor.float().div_(255).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class ContentBatch:
    """Content pictures for a draft.

    Attributes:
        crops: (N, 3, side, side) in [0, 1], parts of larger squares.
        thumbnails: (N, 3, side, side) in [0, 1], those squares as a whole.
        windows: (N, 3), left, top and side of the crops as shares of the squares' side; None where
            the crops are the squares.
    """

    crops: Tensor
    thumbnails: Tensor
    windows: Tensor | None = None


@dataclass(frozen=True)
class RevisionBatch:
    """Content pictures for a revision: a draft of the whole, then a part of it twice as large.

    Attributes:
        crops: (N, 3, side, side) in [0, 1], parts of the squares in twice the draft's size.
        wholes: (N, 3, draft, draft) in [0, 1], the squares at the draft's size.
        places: (N, 2) int64, left and top of the crops in pixels of the draft.
    """

    crops: Tensor
    wholes: Tensor
    places: Tensor


@dataclass(frozen=True)
class Contents:
    """Draws content pictures; a batch depends on nothing but the seed and its number.

    Attributes:
        paths: Pictures; one that cannot be read is skipped with a warning.
        count: Pictures in a batch.
        seed: Of everything random.
        drawings_share: Share of the pictures that are drawings made by code.
    """

    paths: Sequence[Path]
    count: int
    seed: int
    drawings_share: float = 0.0
    _unreadable: set[Path] = field(default_factory=set, repr=False)

    def batch(self, index: int, side_px: int, *, max_ratio: float = 3.0) -> ContentBatch:
        """Draw a batch for drafts.

        Each picture is a window of ``side_px`` in a square that is 1 to ``max_ratio`` times as
        large, half of the time the whole square: the network then learns to paint parts of a
        picture with the statistics of the whole.

        Args:
            index: Number of the batch.
            side_px: Side of the crops and thumbnails.
            max_ratio: Largest ratio between the sides of square and window.
        """
        rng = np.random.default_rng([self.seed, index])
        crops: list[Image.Image] = []
        thumbnails: list[Image.Image] = []
        windows: list[tuple[float, float, float]] = []
        while len(crops) < self.count:
            path = self.paths[int(rng.integers(len(self.paths)))]
            ratio = 1.0 if rng.random() < 0.5 else float(rng.uniform(1.0, max_ratio))
            draws = rng.random(3 + 2 * _WINDOWS)
            image = self._picture(path, rng, round(side_px * max_ratio))
            if image is not None:
                crop, thumbnail, window = _window(image, side_px, ratio, draws)
                crops.append(crop)
                thumbnails.append(thumbnail)
                windows.append(window)
        return ContentBatch(to_tensor(crops), to_tensor(thumbnails), torch.tensor(windows))

    def revision(self, index: int, side_px: int, draft_px: int) -> RevisionBatch:
        """Draw a batch for revisions, from pictures that are large enough.

        Args:
            index: Number of the batch.
            side_px: Side of the crops.
            draft_px: Side of the drafts.

        Raises:
            TrainingError: No picture is large enough.
        """
        with _measuring:  # of threads that draw at once, one opens all pictures for the others
            large = _at_least(tuple(self.paths), round(_NEARLY * 2 * draft_px))
        if not large:
            raise TrainingError(
                f"Revisions need contents of {round(_NEARLY * 2 * draft_px)} px a side; there are "
                f"none. Add a folder of larger pictures or set revision_share=0."
            )
        rng = np.random.default_rng([self.seed, index])
        crops: list[Image.Image] = []
        wholes: list[Image.Image] = []
        places: list[tuple[int, int]] = []
        share = side_px / (2 * draft_px)
        while len(crops) < self.count:
            path = large[int(rng.integers(len(large)))]
            draws = rng.random(4 + 2 * _WINDOWS)
            image = self._picture(path, rng, 2 * draft_px)
            if image is None:
                continue
            whole, twice = _square(image, draft_px, draws[:4])
            place = _busy_place(whole.resize((128, 128)), share, draws[4:].reshape(-1, 2))
            # Whole pixels of the draft, and so far inside that it can be enlarged.
            last = draft_px - side_px // 2 - GRID_PX
            x, y = (min(max(GRID_PX, round(draft_px * at)), last) for at in place)
            crops.append(twice.crop((2 * x, 2 * y, 2 * x + side_px, 2 * y + side_px)))
            wholes.append(whole)
            places.append((x, y))
        return RevisionBatch(to_tensor(crops), to_tensor(wholes), torch.tensor(places))

    def _picture(self, path: Path, rng: np.random.Generator, drawing_px: int) -> Image.Image | None:
        """Read a picture, or draw one in its place; None if it cannot be read."""
        if self.drawings_share and rng.random() < self.drawings_share:
            return draw(rng, drawing_px)
        if path in self._unreadable:
            return None
        try:
            return read_content(path)
        except TrainingError as error:
            self._unreadable.add(path)
            logger.warning("Skipped: %s", error)
            if len(self._unreadable) == len(set(self.paths)):
                raise TrainingError("None of the content pictures can be read.") from error
        return None


@functools.lru_cache(maxsize=8)
def _at_least(paths: tuple[Path, ...], side_px: int) -> tuple[Path, ...]:
    """Return the pictures whose shorter side has so many pixels."""
    large = []
    for path in paths:
        try:
            with Image.open(path) as image:
                if min(image.size) >= side_px:
                    large.append(path)
        except OSError:
            continue  # whoever reads it says so
    return tuple(large)


def _square(
    image: Image.Image, draft_px: int, draws: NDArray[np.float64]
) -> tuple[Image.Image, Image.Image]:
    """Return a square of the picture at the draft's size and in twice that."""
    short = min(image.size)
    square_px = max(min(short, 2 * draft_px), short * (0.7 + 0.3 * draws[0]))
    left, top = (image.width - square_px) * draws[1], (image.height - square_px) * draws[2]
    box = (left, top, left + square_px, top + square_px)
    twice = image.resize((2 * draft_px, 2 * draft_px), Image.Resampling.BICUBIC, box)
    if draws[3] < 0.5:
        twice = twice.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return twice.reduce(2), twice


def _window(
    image: Image.Image, side_px: int, ratio: float, draws: NDArray[np.float64]
) -> tuple[Image.Image, Image.Image, tuple[float, float, float]]:
    """Return a window of the picture, a thumbnail of the square around it, and where it is there.

    That is left, top and side, as shares of the square's side.
    """
    short = min(image.size)
    square_px = short * (0.7 + 0.3 * draws[0])
    left, top = (image.width - square_px) * draws[1], (image.height - square_px) * draws[2]
    box = (left, top, left + square_px, top + square_px)
    # Never enlarged: blur would teach the network that content is soft.
    ratio = min(ratio, max(1.0, square_px / side_px))
    window_px = square_px / ratio
    size = (side_px, side_px)
    thumbnail = image.resize(size, Image.Resampling.BICUBIC, box)
    share = 1 / ratio
    in_x, in_y = _busy_place(thumbnail, share, draws[3:].reshape(-1, 2))
    x, y = left + in_x * square_px, top + in_y * square_px
    crop = image.resize(size, Image.Resampling.BICUBIC, (x, y, x + window_px, y + window_px))
    if draws[0] * 1000 % 1 < 0.5:
        mirror = Image.Transpose.FLIP_LEFT_RIGHT
        crop, thumbnail = crop.transpose(mirror), thumbnail.transpose(mirror)
        in_x = 1 - share - in_x
    return crop, thumbnail, (in_x, in_y, share)


def _busy_place(
    thumbnail: Image.Image, share: float, draws: NDArray[np.float64]
) -> tuple[float, float]:
    """Return left and top, as shares of the side, of a window that is not much calmer than all.

    The style loss asks every window for the whole style: of an empty sky, say. A network that
    learns this paints blots into skies.
    """
    luma = np.asarray(thumbnail.convert("L"), dtype=np.float32)
    side_px = len(luma)
    enough, best = _BUSY * luma.std(), (-1.0, (0.0, 0.0))
    for x, y in (1 - share) * draws:
        left, top, width = round(x * side_px), round(y * side_px), round(share * side_px)
        contrast = float(luma[top : top + width, left : left + width].std())
        if contrast >= enough:
            return x, y
        best = max(best, (contrast, (x, y)))
    return best[1]
