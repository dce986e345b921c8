"""An engine that lets a pool of other processes paint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from stylize.continuity import Continuity
from stylize.controls import Controls
from stylize.engine import Engine, Progress
from stylize.images import prepare_image
from stylize.regions import Region
from stylize.styles import StyleVector
from stylize.workers.engines import EngineStart
from stylize.workers.pool import Pool


class PooledEngine(Engine):
    """An engine whose pictures are painted, and whose styles are encoded, by a pool.

    What follows a picture while it is painted, level by level or frame by frame, is painted in
    this process: films are.

    Attributes:
        pool: Its processes have engines of the same start.
    """

    def __init__(self, start: EngineStart, pool: Pool) -> None:
        """Take a pool.

        Args:
            start: What the processes of the pool were started with.
            pool: See there; whoever made it closes it.
        """
        super().__init__(
            start.model_dir,
            precision=start.precision,
            provider=start.provider,
            threads=start.threads,
        )
        self.pool = pool

    def warm_up(self) -> None:
        """Do nothing: the processes of the pool are warm, and this one may never paint."""

    def encode_style(self, image: Image.Image, *, stroke_size: float = 1.0) -> StyleVector:
        """Encode a style picture; see `Engine.encode_style`."""
        return self.pool.call(_encode_style, prepare_image(image), stroke_size)

    def stylize(
        self,
        content: Image.Image,
        style: StyleVector,
        *,
        strength: float | None = None,
        controls: Controls | None = None,
        max_side_px: int | None = None,
        regions: Sequence[Region] = (),
        fast: bool = False,
        progress: Progress | None = None,
        on_level: Callable[[Image.Image], None] | None = None,
        continuity: Continuity | None = None,
        part_of: tuple[int, int] | None = None,
    ) -> Image.Image:
        """Paint a content picture in a style; see `Engine.stylize`."""
        options: dict[str, Any] = {
            "strength": strength,
            "controls": controls,
            "max_side_px": max_side_px,
            "regions": regions,
            "fast": fast,
            "part_of": part_of,
        }
        if on_level is not None or continuity is not None:
            return super().stylize(
                content, style, progress=progress, on_level=on_level, continuity=continuity,
                **options,
            )  # fmt: skip
        return self.pool.call(_stylize, prepare_image(content), style, options, progress=progress)


def _encode_style(
    engine: Engine, image: Image.Image, stroke_size: float, *, progress: Progress | None = None
) -> StyleVector:
    return engine.encode_style(image, stroke_size=stroke_size)


def _stylize(
    engine: Engine,
    content: Image.Image,
    style: StyleVector,
    options: dict[str, Any],
    *,
    progress: Progress | None = None,
) -> Image.Image:
    return engine.stylize(content, style, progress=progress, **options)
