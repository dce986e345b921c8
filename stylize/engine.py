"""The engine: pictures and style vectors in, stylized images out, on ONNX Runtime."""

from __future__ import annotations

import ctypes
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageStat

from stylize.controls import Controls
from stylize.cores import available_cores
from stylize.errors import ControlError, StyleVectorError
from stylize.finishing import add_detail, finish, scale_detail
from stylize.images import MAX_PIXELS, MIN_SIDE_PX, fit_within, prepare_image, resize_image
from stylize.model_files import ModelFiles, Precision
from stylize.painting import MARGIN_PX, TILE_PIXELS, Canvas, Tile, paint_tiles, thumbnail_size
from stylize.regions import MAX_FEATHER_PX, Region, check_count, grid_weights
from stylize.styles import StyleVector

if TYPE_CHECKING:
    import onnxruntime

logger = logging.getLogger(__name__)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Progress = Callable[[float], None]

_MAX_ZOOM = 16.0  # between picture and thumbnail; the network is calibrated at 2 and 4
_TIMED_PX = 256  # side of the picture on which the faster precision is found
STYLE_SIDE_PX = 256  # a style is encoded at the area of a square of this side
# Maps of affines take some 200 bytes a pixel: with regions the tiles are smaller.
_REGION_TILE_PIXELS = 500_000
# Share of the content's own fine detail that enlarged strokes get back, at detail 1.
_DETAIL_GAIN = 0.6
# Grain of single pixels would become blocks when strokes are enlarged; so much blur takes it away.
_GRAIN_PX = 0.8


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
    """

    def __init__(
        self,
        model_dir: Path | None = None,
        *,
        precision: Literal["int8", "fp32", "auto"] = "int8",
        threads: int | None = None,
    ) -> None:
        """Open a model; its graphs are loaded when they are first needed.

        Args:
            model_dir: Folder with model.json and the ONNX files. Default: the bundled model.
            precision: ``"auto"`` times both once on this machine and takes the faster.
            threads: Of the computation; default: one for each core this process may use.

        Raises:
            ModelFileError: The model is missing, damaged or of another format.
            ValueError: The precision is unknown or ``threads`` is below 1.
        """
        if precision not in ("int8", "fp32", "auto"):
            raise ValueError(f'precision must be "int8", "fp32" or "auto"; got {precision!r}')
        if threads is not None and threads < 1:
            raise ValueError(f"threads must be at least 1; got {threads}")
        self._files = ModelFiles.open(model_dir)
        self.threads = threads or available_cores()
        self.encoder_sha256 = self._files.encoder_sha256
        self.model_sha256 = self._files.sha256
        self.vector_length = self._files.vector_length
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._lock = threading.Lock()
        _engines.add(self)
        self.precision: Precision = self._faster() if precision == "auto" else precision

    def warm_up(self) -> None:
        """Load all graphs now instead of at the first picture."""
        for name in (self._files.encoder_name, *map(self._graph, ("modulate", "paint"))):
            self._session(name)

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
        size = _fit_area(image.size, STYLE_SIDE_PX * stroke_size)
        image = resize_image(image, size)
        if image.mode == "RGBA":
            white = Image.new("RGBA", image.size, "white")
            image = Image.alpha_composite(white, image).convert("RGB")
        picture = np.asarray(image)[None]
        (vector,) = self._run(self._files.encoder_name, {"bytes": picture})
        return StyleVector(vector[0], self.encoder_sha256)

    def stylize(
        self,
        content: Image.Image,
        style: StyleVector,
        *,
        strength: float | None = None,
        controls: Controls | None = None,
        max_side_px: int | None = None,
        stroke_side_px: int | None = None,
        regions: Sequence[Region] = (),
        progress: Progress | None = None,
    ) -> Image.Image:
        """Paint a content picture in a style.

        Args:
            content: Any mode and size from 16 px a side to 100 megapixels.
            style: From :meth:`encode_style`, a library or a blend.
            strength: Shorthand for the control of that name, 0 (the content) to 1 (full style).
            controls: All other controls.
            max_side_px: Scale the content down to this longer side first.
            stroke_side_px: Let strokes keep their size relative to the picture: above this longer
                side they grow with it. Default: strokes have the same size in pixels everywhere.
            regions: Parts of the picture with styles of their own; ``style`` is for the rest.
            progress: Called with the share done, 0 to 1; what it raises ends the work.

        Returns:
            RGB, or RGBA with the content's transparency, of the content's size or scaled down.

        Raises:
            ImageError: The content is unusable.
            StyleVectorError: A style was made by another style encoder.
            ControlError: A control is out of range, there are too many regions, or the strokes are
                too small for a picture of this size.
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
        stroke_scale = controls.stroke_size
        if stroke_side_px is not None:
            if not stroke_side_px >= MIN_SIDE_PX:
                raise ControlError(
                    f"stroke_side_px must be at least {MIN_SIDE_PX}; got {stroke_side_px}."
                )
            stroke_scale *= max(1.0, max(content.size) / stroke_side_px)
        rgb = content if content.mode == "RGB" else _visible_colors(content)
        painted = self._paint_at_scale(rgb, style, controls, stroke_scale, regions, progress)
        if content.mode == "RGBA":
            painted.putalpha(content.getchannel("A"))
        finish(painted, content, controls, regions)
        return painted

    def _paint_at_scale(
        self,
        rgb: Image.Image,
        style: StyleVector,
        controls: Controls,
        stroke_scale: float,
        regions: Sequence[Region],
        progress: Progress | None,
    ) -> Image.Image:
        """Paint at a scale that gives the strokes their size, and come back to the full size."""
        if stroke_scale == 1:
            painted = self._paint(rgb, style, controls, regions, progress)
            scale_detail(painted, controls.detail)
            return painted
        width, height = (max(MIN_SIDE_PX, round(side / stroke_scale)) for side in rgb.size)
        if stroke_scale < 1 and width * height > MAX_PIXELS:
            limit = MAX_PIXELS * stroke_scale**2 / 1e6
            raise ControlError(
                f"Strokes of the size {stroke_scale:g} are possible up to {limit:.0f} megapixels; "
                f"this picture has {rgb.width * rgb.height / 1e6:.0f}. Set a smaller max_side_px "
                f"or larger strokes."
            )
        scaled = rgb.resize((width, height), Image.Resampling.LANCZOS)
        # The edges of the regions are as wide as without scaling.
        shrink = max(width, height) / max(rgb.size)
        regions = [
            replace(region, feather_px=min(MAX_FEATHER_PX, region.feather_px * shrink))
            for region in regions
        ]
        painted = self._paint(scaled, style, controls, regions, progress)
        if stroke_scale > 1:
            blur_px = _GRAIN_PX * min(1.0, stroke_scale - 1)
            painted = painted.filter(ImageFilter.GaussianBlur(blur_px))
        painted = painted.resize(rgb.size, Image.Resampling.BICUBIC)
        scale_detail(painted, controls.detail)
        if stroke_scale > 1:
            add_detail(painted, rgb, scaled, _DETAIL_GAIN * controls.detail)
        return painted

    def _paint(
        self,
        rgb: Image.Image,
        style: StyleVector,
        controls: Controls,
        regions: Sequence[Region],
        progress: Progress | None,
    ) -> Image.Image:
        styles = [region.style for region in regions if region.style is not None]
        quarter, eighth, peaks = self._modulate(rgb, [style, *styles], controls)
        canvas = Canvas(rgb.height, rgb.width)
        index, limit = self._files.int8_limit
        if index >= peaks.shape[1]:
            raise self._files.unusable("model.json", IndexError(f"there is no peak {index}"))
        # The INT8 graph has room for one affine per channel, not for maps of them, and for pictures
        # that are mostly dark with something bright in it 8 bits can be too few.
        precision = "fp32" if styles or peaks[0, index] >= limit else self.precision
        name = self._files.graph_name("paint", precision)
        steps = {"peaks": peaks[:1]} if precision == "int8" else {}
        weights = []
        if styles:
            of_quarter = _style_weights(regions, rgb.size, canvas)
            weights = [of_quarter, _halve(of_quarter)]

        def paint(part: Bytes, tile: Tile) -> Bytes:
            affines = [quarter, eighth]
            if styles:
                affines = [
                    _affine_map(affine, weight, tile, factor)
                    for affine, weight, factor in zip(affines, weights, (4, 8), strict=True)
                ]
            of_styles = {"affine_quarter": affines[0], "affine_eighth": affines[1]}
            (pictures,) = self._run(name, {"bytes": part[None]} | of_styles | steps)
            painted: Bytes = pictures[0]
            return painted

        return paint_tiles(
            rgb,
            paint,
            halo_px=self._files.halo_px,
            tile_pixels=_REGION_TILE_PIXELS if styles else TILE_PIXELS,
            progress=progress,
        )

    def paint_inputs(
        self, content: Image.Image, style: StyleVector, controls: Controls
    ) -> dict[str, NDArray[Any]]:
        """Return what the float graph that paints would get: to calibrate INT8 on.

        Args:
            content: RGB.
            style: Of this engine.
            controls: Of the picture.

        Returns:
            ``image`` (1, 4, H, W) float32 in [0, 1] with margins, both affines and ``peaks``.
        """
        rgb = prepare_image(content)
        quarter, eighth, peaks = self._modulate(rgb, [style], controls)
        canvas = Canvas(rgb.height, rgb.width)
        part = canvas.cut(rgb, slice(0, canvas.grid_height), slice(0, canvas.grid_width))
        image = part.transpose(2, 0, 1)[None].astype(np.float32) / 255
        return {
            "image": image,
            "affine_quarter": quarter,
            "affine_eighth": eighth,
            "peaks": peaks,
        }

    def _modulate(
        self, rgb: Image.Image, vectors: Sequence[StyleVector], controls: Controls
    ) -> tuple[Floats, Floats, Floats]:
        """Measure the content on a thumbnail; return affines and peaks for each of K styles."""
        size = thumbnail_size(*rgb.size)
        small = rgb
        if size != rgb.size:
            small = rgb.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.0)
        count = len(vectors)
        conditions = np.log(
            [
                controls.content_weight,
                controls.style_weight,
                controls.fine_weight,
                controls.coarse_weight,
            ]
        )
        feeds: dict[str, NDArray[Any]] = {
            "bytes": np.asarray(small)[None],
            "vector": np.stack([vector.values for vector in vectors]),
            "conditions": np.tile(conditions.astype(np.float32), (count, 1)),
            "strength": np.full((count, 1), controls.strength, np.float32),
            "zoom": np.array([[min(_MAX_ZOOM, max(1.0, max(rgb.size) / max(size)))]], np.float32),
        }
        quarter, eighth, peaks = self._run(self._graph("modulate"), feeds)
        return quarter, eighth, peaks

    def _check_style(self, style: StyleVector) -> None:
        if not isinstance(style, StyleVector):
            raise TypeError(
                f"A style must be a StyleVector, from encode_style or a library; got {style!r}."
            )
        if style.encoder_sha256 != self.encoder_sha256:
            raise StyleVectorError(
                f"This style was encoded by another style encoder "
                f"({style.encoder_sha256[:12]}…, this engine has {self.encoder_sha256[:12]}…); "
                f"encode its picture again."
            )
        if style.values.size != self.vector_length:
            raise StyleVectorError(
                f"The style vector has {style.values.size} values; this model needs "
                f"{self.vector_length}. Encode its picture again."
            )

    def _graph(self, part: str) -> str:
        return self._files.graph_name(part, self.precision)

    def _run(self, name: str, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        session = self._session(name)
        try:
            return session.run(None, feeds)  # type: ignore[no-any-return]
        except Exception as error:  # ONNX Runtime's errors have nothing in common
            raise self._files.unusable(name, error) from error

    def _session(self, name: str) -> onnxruntime.InferenceSession:
        with self._lock:
            if name not in self._sessions:
                import onnxruntime  # here, so that importing the package stays fast

                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self.threads
                options.log_severity_level = 3
                # Without it the idle threads of one graph spin in the way of the next one's: a
                # picture takes twice as long on two cores.
                options.add_session_config_entry("session.force_spinning_stop", "1")
                graph = self._files.read(name)
                try:
                    session = onnxruntime.InferenceSession(
                        graph, options, providers=["CPUExecutionProvider"]
                    )
                    _check_outputs(name, [output.name for output in session.get_outputs()])
                except Exception as error:
                    raise self._files.unusable(name, error) from error
                self._sessions[name] = session
            return self._sessions[name]

    def _faster(self) -> Precision:
        """Time both precisions on a small picture, alternating, and return the faster."""
        picture = Image.new("RGB", (_TIMED_PX, _TIMED_PX))
        style = StyleVector(np.zeros(self.vector_length, np.float32), self.encoder_sha256)
        best: dict[Precision, float] = {}
        for _ in range(4):  # the first round also loads the graphs
            for precision in ("int8", "fp32"):
                self.precision = precision
                start = time.perf_counter()
                self._paint(picture, style, Controls(), (), None)
                elapsed = time.perf_counter() - start
                best[precision] = min(elapsed, best.get(precision, elapsed))
        faster = min(best, key=lambda precision: best[precision])
        logger.info("Precision %s is the faster one here: %s", faster, best)
        for part in ("modulate", "paint"):
            slower: Precision = "fp32" if faster == "int8" else "int8"
            self._sessions.pop(self._files.graph_name(part, slower), None)
        return faster


def _check_outputs(name: str, outputs: Sequence[str]) -> None:
    expected = 3 if name.startswith("modulate.") else 1
    if len(outputs) != expected:
        raise ValueError(f"it gives {len(outputs)} results, not {expected}")


def _style_weights(regions: Sequence[Region], size: tuple[int, int], canvas: Canvas) -> Floats:
    """Return the weights of the regions with a style at each 4 x 4 cell of a canvas.

    Where a region keeps part of the content, the styles share what is left as they would share
    the whole: no base style shines through between a style and a kept region beside it.
    """
    weights = grid_weights(
        regions,
        size,
        (canvas.grid_width, canvas.grid_height),
        factor=4,
        offset=(MARGIN_PX, MARGIN_PX),
    )
    keeps = np.array([region.style is None for region in regions])
    painted = 1 - weights[keeps].sum(axis=0)
    styles: Floats = weights[~keeps] / np.maximum(painted, 1e-3)
    return styles


def _halve(weights: Floats) -> Floats:
    """(K, h, w) -> (K, h / 2, w / 2): means of 2 x 2 cells; cheaper than another look at masks."""
    rows = weights[:, ::2] + weights[:, 1::2]
    halved: Floats = np.float32(0.25) * (rows[:, :, ::2] + rows[:, :, 1::2])
    return halved


def _affine_map(affines: Floats, weights: Floats, tile: Tile, factor: int) -> Floats:
    """Mix the affines of K styles by the weights of K - 1 regions at each cell of a tile.

    Args:
        affines: (K, C, 1, 1); the first is that of the base style.
        weights: (K - 1, canvas height / factor, canvas width / factor).
        tile: The part of the canvas to return.
        factor: Pixels to a cell.

    Returns:
        (1, C, h, w).
    """
    rows, columns = tile.outer_rows, tile.outer_columns
    part = weights[
        :,
        rows.start // factor : rows.stop // factor,
        columns.start // factor : columns.stop // factor,
    ]
    base = affines[0, :, 0, 0]
    offsets = affines[1:, :, 0, 0] - base
    mixed: Floats = np.tensordot(offsets, part, axes=(0, 0))
    mixed += base[:, None, None]  # in place: the maps are what takes most of the memory
    return mixed[None]


def _with_strength(controls: Controls, strength: float | None) -> Controls:
    if strength is None:
        return controls
    return replace(controls, strength=strength)


def _visible_colors(content: Image.Image) -> Image.Image:
    """RGB of RGBA; what nobody sees gets the mean colour, so that it decides nothing."""
    rgb = content.convert("RGB")
    visible = content.getchannel("A").point(lambda alpha: 255 if alpha else 0)
    if visible.getextrema() != (0, 255):
        return rgb
    red, green, blue = (round(mean) for mean in ImageStat.Stat(rgb, visible).mean)
    filled = Image.new("RGB", rgb.size, (red, green, blue))
    filled.paste(rgb, mask=visible)
    return filled


def _fit_area(size: tuple[int, int], side_px: float) -> tuple[int, int]:
    """Scale a size down, never up, to the area of a square; sides at least 16."""
    scale = min(1.0, side_px / (size[0] * size[1]) ** 0.5)
    return max(MIN_SIDE_PX, round(size[0] * scale)), max(MIN_SIDE_PX, round(size[1] * scale))


def _renew_after_fork() -> None:
    """In a child process: load graphs anew.

    The threads of the parent's sessions are not there. Painting with them waits forever, and so
    would ending them: they are kept, beyond the end of Python, on purpose.
    """
    for engine in list(_engines):
        for session in engine._sessions.values():
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
        engine._sessions = {}
        engine._lock = threading.Lock()


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_after_fork)
