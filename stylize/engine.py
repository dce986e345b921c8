"""The engine: pictures and style vectors in, stylized images out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.affine_maps import affine_map, halve
from stylize.brushwork import calming, edges, ground_share, inking, see_to_colors
from stylize.calming import calm_down
from stylize.color_table import looked_up
from stylize.continuity import Continuity
from stylize.controls import Controls
from stylize.errors import ControlError, StyleVectorError
from stylize.fastest import Way, fastest, find_ways
from stylize.finishing import finish, scale_detail
from stylize.ground import add_ground
from stylize.images import (
    MIN_SIDE_PX,
    fit_within,
    on_white,
    prepare_image,
    resize_image,
)
from stylize.measurement import Measurement
from stylize.model_files import ModelFiles, Precision
from stylize.painting import Canvas, Tile, paint_tiles, thumbnail_size, zoom_of
from stylize.plan import Plan, make_plan
from stylize.regions import Region, check_count, grid_weights, mix_pictures, shrunk, style_weights
from stylize.revision import HALO_PX, enlarge, keep_coarse, keeps_any, lay_over
from stylize.runtime import Runtime, onnxruntime_version
from stylize.styles import StyleVector, check_encoder
from stylize.visible import VisibleColors

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Progress = Callable[[float], None]

_TIMED_PX = 256  # side of the picture on which the faster precision is found
_HUGE_PIXELS = 50_000_000
_LARGE_FRAME_PIXELS, _TILES_OF_FRAME = 1_000_000, 8  # many large frames are held beside it


class Engine:
    """Encodes styles and stylizes pictures.

    An engine keeps nothing of any picture, so many threads may share one. A process forked with
    ``multiprocessing`` loads the graphs anew; other kinds of forked processes may hang at their
    end, so start those before the first picture, or spawn them.

    Attributes:
        precision: ``"int8"`` or ``"fp32"``: what the content path runs in.
        encoder_sha256: Identity of the style encoder; style vectors must carry the same.
        model_sha256: Identity of the whole model.
        vector_length: Length of its style vectors.
        contract: The model's other numbers.
        threads: Of the computation.
    """

    def __init__(
        self,
        model_dir: Path | None = None,
        *,
        precision: Literal["int8", "fp32", "auto"] | None = None,
        provider: str = "cpu",
        threads: int | None = None,
    ) -> None:
        """Open a model; its graphs are loaded when they are first needed.

        Args:
            model_dir: Folder with model.json and the ONNX files. Default: the bundled model.
            precision: ``"auto"`` times both once on this machine, takes the faster and remembers
                it. Default: INT8 on the CPU, FP32 on other providers, which cannot do INT8.
            provider: What paints: ``"cpu"``, ``"cuda"``, ``"tensorrt"``, ``"migraphx"``,
                ``"directml"``, ``"coreml"``, ``"openvino"``, or ``"auto"``: what there is is timed
                once on this machine, and the fastest is taken and remembered.
            threads: Of the computation; default: one for each core this process may use.

        Raises:
            ModelFileError: The model is missing, damaged or of another format.
            ProviderError: The provider is not there, or cannot do INT8.
            ValueError: Precision or provider are unknown or ``threads`` is below 1.
        """
        if precision not in ("int8", "fp32", "auto", None):
            raise ValueError(f'precision must be "int8", "fp32" or "auto"; got {precision!r}')
        if threads is not None and threads < 1:
            raise ValueError(f"threads must be at least 1; got {threads}")
        self._files = ModelFiles.open(model_dir)
        self.contract = self._files.contract
        self._runtime = Runtime(self._files, threads)
        self.threads = self._runtime.threads
        self.encoder_sha256 = self._files.encoder_sha256
        self.model_sha256 = self._files.sha256
        self.vector_length = self.contract.vector_length
        ways = find_ways(provider, precision)
        self.precision: Precision = ways[0].precision
        self._take(self._choose(ways))

    @property
    def provider(self) -> str:
        """What paints: ``"cpu"`` or another one of :data:`stylize.runtime.PROVIDERS`."""
        return self._runtime.provider

    def warm_up(self) -> None:
        """Load all graphs now instead of at the first picture."""
        for name in (self._files.encoder_name, *map(self._graph, ("modulate", "paint"))):
            self._runtime.load(name)

    def encode_style(self, image: Image.Image, *, stroke_size: float = 1.0) -> StyleVector:
        """Encode a style picture.

        Args:
            image: Any mode and size from 16 px a side; transparency counts as white.
            stroke_size: Scale at which the style is looked at, 0.5 to 2: with larger ones its
                strokes are painted larger.

        Raises:
            ImageError: The picture is unusable.
            ControlError: ``stroke_size`` is out of range.
        """
        if not 0.5 <= stroke_size <= 2:
            raise ControlError(
                f"stroke_size of a style must be from 0.5 to 2; got {stroke_size:g}."
            )
        image = prepare_image(image)
        size = _fit_area(image.size, self.contract.style_side_px * stroke_size)
        picture = np.asarray(on_white(resize_image(image, size)))[None]
        # Styles are encoded once in a while, and the encoder's buffers are the largest of all.
        feeds = {"bytes": picture}
        (vector,) = self._runtime.run(self._files.encoder_name, feeds, give_back=True)
        return StyleVector(vector[0], self.encoder_sha256)

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
        """Paint a content picture in a style.

        A draft of a fixed size is painted first and then revised in twice the size, and so on, to
        the full size: the picture has the same look at every size, and its strokes are as large
        as they are relative to it.

        Args:
            content: Any mode and size from 16 px a side to 100 megapixels.
            style: From :meth:`encode_style`, a library or a blend.
            strength: Shorthand for the control of that name, 0 (the content) to 1 (full style).
            controls: All other controls.
            max_side_px: Scale the content down to this longer side first.
            regions: Parts of the picture with styles of their own; ``style`` is for the rest.
            fast: Enlarge the draft instead of revising it: softer strokes, a fraction of the time.
            progress: Called with the share done, 0 to 1; what it raises ends the work.
            on_level: Called with the draft and every revision but the last, as they are before
                colours and masks are seen to.
            continuity: Ties the picture to others, as the frames of a film are: see there.
            part_of: The content is a part of a picture of this (width, height): strokes are as
                large as in the whole.

        Returns:
            RGB, or RGBA with the content's transparency, of the content's size or scaled down.

        Raises:
            ImageError: The content is unusable.
            StyleVectorError: A style was made by another style encoder.
            ControlError: A control is out of range, or there are too many regions.
        """
        controls = _with_strength(controls or Controls(), strength)
        check_count(regions)
        for vector in (style, *(region.style for region in regions if region.style is not None)):
            self._check_style(vector)
        content = prepare_image(content)
        if max_side_px is not None:
            if not max_side_px >= MIN_SIDE_PX:  # NaN too
                raise ControlError(
                    f"max_side_px must be at least {MIN_SIDE_PX}; got {max_side_px}."
                )
            content = resize_image(content, fit_within(content.size, max_side_px))
        if controls.strength == 0:
            return content.copy()
        rgb = content if content.mode == "RGB" else VisibleColors(content)
        job = _Job(style, controls, regions, fast, progress, on_level, continuity, part_of)
        plan = make_plan(part_of or rgb.size, self.contract, stroke_size=controls.stroke_size)
        if part_of is not None:
            plan = plan.of_part(rgb.size, self.contract)
        painted = self._follow(plan, rgb, job)
        if content.mode == "RGBA":
            painted.putalpha(content.getchannel("A"))
        finish(painted, content, controls, regions)
        return painted

    def _follow(self, plan: Plan, rgb: Image.Image | VisibleColors, job: _Job) -> Image.Image:
        """Paint a picture as planned."""
        levels = [plan.draft, *(revision.size for revision in plan.revisions)]
        pixels = [width * height for width, height in levels]

        def progress_of(level: int) -> Progress:
            done = sum(pixels[:level])

            def tell(share: float) -> None:
                if job.progress is not None:
                    job.progress((done + share * pixels[level]) / sum(pixels))

            return tell

        painted = job.steadied(0, self._draft(plan, rgb, job, progress_of(0)))
        for level, revision in enumerate(plan.revisions, start=1):
            if job.on_level is not None:
                job.on_level(painted)
            content = rgb if revision.exponent == 0 else rgb.reduce(2**revision.exponent)
            painted = self._revise(painted, content, level, plan, job, progress_of(level))
            painted = job.steadied(level, painted)
        if painted.size != plan.full:
            painted = painted.resize(plan.full, Image.Resampling.LANCZOS)
        return painted

    def _draft(
        self, plan: Plan, rgb: Image.Image | VisibleColors, job: _Job, progress: Progress
    ) -> Image.Image:
        contract, of_each_style = self.contract, _mixer(job, plan)
        plain = rgb.resize(plan.draft, Image.Resampling.BICUBIC, reducing_gap=3.0)

        def grounded(style: StyleVector) -> Image.Image:
            levels = contract.ground_levels * ground_share(contract, style, job.controls)
            return add_ground(plain, levels, seed=contract.ground_seed)

        content = of_each_style(grounded)
        brush = self._brush(content, content.size, job, level=0, full=plan.full)
        canvas = self._canvas(content.size, level=0)
        painted = paint_tiles(
            canvas,
            lambda tile: (canvas.cut(content, tile.outer_rows, tile.outer_columns),),
            brush,
            lambda painted, _: painted,
            halo_px=contract.halo_px,
            tile_pixels=self._tile_pixels(job, content.size),
            progress=progress,
        )
        scale_detail(painted, job.controls.detail)

        def finished(style: StyleVector) -> Image.Image:
            result = painted.copy()
            calm_down(result, plain, *calming(contract, style, job.controls))
            see_to_colors(result, plain, contract, style, job.controls, job.continuity)
            return result

        return of_each_style(finished)

    def _revise(
        self,
        painting: Image.Image,
        content: Image.Image | VisibleColors,
        level: int,
        plan: Plan,
        job: _Job,
        progress: Progress,
    ) -> Image.Image:
        """Paint a picture of the content's size over a smaller painting of it."""
        share = plan.revisions[level - 1].share
        under = enlarge(painting, content.size)
        detail = share * job.controls.detail
        canvas, halo_px = self._canvas(content.size, level), self.contract.halo_px + HALO_PX
        painted_share, table = share * self.contract.revision_share, None
        if all(region.style is None for region in job.regions):
            inked = inking(self.contract, job.style, job.controls)
            table = edges(self.contract, job.style, inked)
            painted_share *= 1 - inked  # the brush would write between edges
        brush: _Brush | None = None
        if job.fast or not keeps_any(painted_share):
            canvas, halo_px = replace(canvas, margin_px=HALO_PX), HALO_PX
        else:
            brush = self._brush(painting, content.size, job, level=level, full=plan.full)

        def see(tile: Tile) -> tuple[Bytes, ...]:
            below, shown = (
                canvas.cut(picture, tile.outer_rows, tile.outer_columns)
                for picture in (under, content)
            )
            if table is not None:
                steep = looked_up(below, table)
                below = keep_coarse(steep, steep, below)
            seen = lay_over(below, shown, detail)
            return seen, below

        def finish(painted: Bytes, seen: Bytes, below: Bytes) -> Bytes:
            if brush is None:
                return painted
            return keep_coarse(painted, seen, below, painted_share)

        if table is not None:
            halo_px += HALO_PX  # edges have surroundings, too
        return paint_tiles(
            canvas,
            see,
            brush or (lambda seen, _: seen),
            finish,
            halo_px=halo_px,
            tile_pixels=self._tile_pixels(job, content.size),
            progress=progress,
        )

    def _brush(
        self,
        measured: Image.Image,
        size: tuple[int, int],
        job: _Job,
        *,
        level: int,
        full: tuple[int, int],
    ) -> _Brush:
        """Return what paints tiles of a picture of ``size``, with statistics of ``measured``."""
        styles = [region.style for region in job.regions if region.style is not None]
        measurement = job.continuity.known(level) if job.continuity is not None else None
        if measurement is None:
            measurement = self.measure(
                measured, [job.style, *styles], job.controls, size=size, revision=level > 0
            )
            if job.continuity is not None:
                measurement = job.continuity.measured(level, measurement)
        quick = level > 0 and job.continuity is not None  # of a frame nobody looks that closely
        # Beside the revisions of a large frame there is no room for what its draft took.
        is_large = job.continuity is not None and full[0] * full[1] > _LARGE_FRAME_PIXELS
        is_done = level == 0 and is_large
        if not styles:
            return lambda part, tile: self.paint(
                part, measurement, give_back=is_done or tile.is_last, quick=quick
            )
        canvas = self._canvas(size, level)
        of_all = grid_weights(
            shrunk(job.regions, max(size) / max(full)),
            size,
            (canvas.grid_width, canvas.grid_height),
            factor=4,
            offset=(canvas.margin_px, canvas.margin_px),
        )
        of_quarter = style_weights(job.regions, of_all)
        weights = of_quarter, halve(of_quarter)

        def paint(part: Bytes, tile: Tile) -> Bytes:
            quarter, eighth = (
                affine_map(affine, weight, tile, factor)
                for affine, weight, factor in zip(
                    (measurement.quarter, measurement.eighth), weights, (4, 8), strict=True
                )
            )
            mixed = Measurement(quarter, eighth, measurement.peaks)
            return self.paint(part, mixed, give_back=tile.is_last)

        return paint

    def measure(
        self,
        picture: Image.Image,
        styles: Sequence[StyleVector],
        controls: Controls,
        *,
        size: tuple[int, int] | None = None,
        revision: bool = False,
    ) -> Measurement:
        """Measure a picture's statistics, and turn them into affines for each of K styles.

        Args:
            picture: RGB; a thumbnail of it is measured.
            styles: 1 to 7 styles.
            controls: Strength and weights count.
            size: (width, height) in which the picture will be painted; default: its own.
            revision: The picture is a painting that is to be revised.
        """
        size = size or picture.size
        thumbnail = thumbnail_size(size, self.contract)
        small = picture
        if thumbnail != picture.size:
            small = picture.resize(thumbnail, Image.Resampling.BICUBIC, reducing_gap=1.0)
        count = len(styles)
        weights = (
            controls.content_weight,
            controls.style_weight,
            controls.fine_weight,
            controls.coarse_weight,
        )
        conditions = np.array([*np.log(weights), float(revision)], np.float32)
        feeds: dict[str, NDArray[Any]] = {
            "bytes": np.asarray(small)[None],
            "vector": np.stack([style.values for style in styles]),
            "conditions": np.tile(conditions, (count, 1)),
            "strength": np.full((count, 1), controls.strength, np.float32),
            "zoom": np.array([[zoom_of(size, self.contract)]], np.float32),
        }
        return Measurement(*self._runtime.run(self._graph("modulate"), feeds))

    def paint(
        self,
        picture: Bytes,
        measurement: Measurement,
        *,
        give_back: bool = False,
        quick: bool = False,
    ) -> Bytes:
        """Paint pixels with given affines.

        Args:
            picture: (H, W, 4) RGBX, sides multiples of the contract's ``grid_px``.
            measurement: For one style; its affines may be maps, (1, C, H / 4, W / 4) and
                (1, C, H / 8, W / 8).
            give_back: Keep no memory for the next part: this is the last of a large picture.
            quick: In 8 bits even where they are few: of a revision only the finest octave is kept.

        Returns:
            (H, W, 4) RGBX. Near the borders, within the contract's margins, the zero padding of the
            network shows.
        """
        quarter, eighth, peaks = measurement.quarter, measurement.eighth, measurement.peaks[:1]
        index = self.contract.int8_index
        if index >= peaks.shape[1]:
            raise self._files.unusable("model.json", IndexError(f"there is no peak {index}"))
        # The INT8 graph has room for one affine per channel, not for maps of them, and for pictures
        # that are mostly dark with something bright in it 8 bits can be too few.
        maps = quarter.shape[2:] != (1, 1)
        few = not quick and peaks[0, index] >= self.contract.int8_limit
        precision = "fp32" if maps or few else self.precision
        name = self._files.graph_name("paint", precision)
        feeds: dict[str, NDArray[Any]] = {
            "bytes": picture[None],
            "affine_quarter": quarter,
            "affine_eighth": eighth,
        }
        if precision == "int8":
            feeds["peaks"] = peaks
        (pictures,) = self._runtime.run(name, feeds, give_back=give_back)
        painted: Bytes = pictures[0].view(np.uint8)
        return painted

    def _canvas(self, size: tuple[int, int], level: int) -> Canvas:
        contract = self.contract
        margin_px = contract.revision_margin_px if level else contract.margin_px
        return Canvas(size[1], size[0], margin_px)

    def _tile_pixels(self, job: _Job, size: tuple[int, int]) -> int:
        if any(region.style is not None for region in job.regions):
            return self.contract.region_tile_pixels
        width, height = job.part_of or size
        pixels, share = width * height, 1
        if job.continuity is not None and pixels > _LARGE_FRAME_PIXELS:
            share = _TILES_OF_FRAME
        elif pixels > _HUGE_PIXELS:  # two such pictures leave less of a gigabyte
            share = 2
        return self.contract.tile_pixels // share

    def _check_style(self, style: StyleVector) -> None:
        if not isinstance(style, StyleVector):
            raise TypeError(
                f"A style must be a StyleVector, from encode_style or a library; got {style!r}."
            )
        check_encoder(style, self.encoder_sha256)
        if style.values.size != self.vector_length:
            raise StyleVectorError(
                f"The style vector has {style.values.size} values; this model needs "
                f"{self.vector_length}. Encode its picture again."
            )

    def _graph(self, part: str) -> str:
        return self._files.graph_name(part, self.precision)

    def _choose(self, ways: Sequence[Way]) -> Way:
        """Return the fastest way."""
        if len(ways) == 1:
            return ways[0]
        identity = f"{self.model_sha256} {self.threads} {onnxruntime_version()}"
        way = fastest(ways, self._time, identity=identity)
        self._runtime.forget()
        return way

    def _take(self, way: Way) -> None:
        self._runtime.provider, self.precision = way

    def _time(self, way: Way) -> float:
        """Return how many seconds a small picture takes."""
        self._take(way)
        picture = Image.new("RGB", (_TIMED_PX, _TIMED_PX))
        style = StyleVector(np.zeros(self.vector_length, np.float32), self.encoder_sha256)
        start = time.perf_counter()
        self.stylize(picture, style)
        return time.perf_counter() - start


_Brush = Callable[[Bytes, Tile], Bytes]


@dataclass(frozen=True)
class _Job:
    """What :meth:`Engine.stylize` was asked for, but the content."""

    style: StyleVector
    controls: Controls
    regions: Sequence[Region]
    fast: bool
    progress: Progress | None
    on_level: Callable[[Image.Image], None] | None
    continuity: Continuity | None
    part_of: tuple[int, int] | None

    def steadied(self, level: int, painting: Image.Image) -> Image.Image:
        return painting if self.continuity is None else self.continuity.painted(level, painting)


def _mixer(job: _Job, plan: Plan) -> Callable[[Callable[[StyleVector], Image.Image]], Image.Image]:
    """Return what makes a draft for every style, and takes from each what its regions show."""
    styles = [region.style for region in job.regions if region.style is not None]
    if not styles:
        return lambda make: make(job.style)
    regions = shrunk(job.regions, max(plan.draft) / max(plan.full))
    weights = style_weights(regions, grid_weights(regions, plan.draft, plan.draft, factor=1))
    return lambda make: mix_pictures([make(style) for style in (job.style, *styles)], weights)


def _with_strength(controls: Controls, strength: float | None) -> Controls:
    if strength is None:
        return controls
    return replace(controls, strength=strength)


def _fit_area(size: tuple[int, int], side_px: float) -> tuple[int, int]:
    """Scale a size down, never up, to the area of a square; sides at least 16."""
    scale = min(1.0, side_px / (size[0] * size[1]) ** 0.5)
    return max(MIN_SIDE_PX, round(size[0] * scale)), max(MIN_SIDE_PX, round(size[1] * scale))
