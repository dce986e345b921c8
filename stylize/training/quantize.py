"""FP32 ONNX -> INT8 ONNX that is right on every CPU.

Activations are unsigned, weights signed, per output channel and of 7 bits: AVX2 without VNNI adds
pairs of 8-bit products in 16 bits, which saturates with full-range weights (measured: errors of up
to 90 levels) and cannot with the reduced range. The graph that paints is written by
:mod:`stylize.training.int8_graph`; the style encoder gets static QDQ quantization; the modulator's
weights are stored in 8 bits and used in FP32.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from PIL import Image, ImageOps

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.errors import TrainingError
from stylize.painting import Canvas
from stylize.revision import enlarge, lay_over
from stylize.styles import StyleVector
from stylize.training.checkpoint import load_checkpoint, load_network
from stylize.training.data import (
    STYLE_SIDE_PX,
    fit_area,
    list_pictures,
    read_content,
    read_style,
    to_tensor,
)
from stylize.training.export import write_description
from stylize.training.int8_graph import measure_headroom, write_int8_graph
from stylize.training.network import TransferNetwork
from stylize.training.picture_metrics import psnr_db
from stylize.training.quantize_encoder import (
    Feeds,
    Floats,
    correct_vectors,
    quantize_encoder,
    vector_error,
)
from stylize.training.rounding import input_moments

logger = logging.getLogger(__name__)

MINIMUM_PSNR_DB = 30.0
# Of all activations, the one whose peak tells best which pictures 8 bits are too few for.
_TELLING = "down_quarter"
_TRIED = 0.9  # share of the peaks below which a picture is painted in INT8, if all else is well
_SPREADS = 4.0  # standard deviations of the PSNR that a picture's expected PSNR keeps off the bar
LARGEST_SHARE_FP32 = 0.3
FULL_ENCODER = "style_encoder.fp32.onnx"  # in the cores, while INT8 takes its place
FULL_MODULATOR = "modulate.fp32.onnx"
_SIDE_PX = 256  # of the pictures to calibrate on; all their activations are held at once


def quantize_weights(source: Path, target: Path, *, smallest: int = 1024) -> None:
    """Store the weights of convolutions and linear layers in 8 bits, per output channel.

    ONNX Runtime turns them back into FP32 when it loads the model: the file shrinks to about a
    quarter, the arithmetic stays as it is.

    Args:
        source: An FP32 model.
        target: The model to write.
        smallest: Weights with fewer values stay as they are.
    """
    model = onnx.load(source)
    graph = model.graph
    uses = {
        node.input[1]: (0 if node.op_type == "Conv" or _transposed(node) else 1)
        for node in graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul") and len(node.input) > 1
    }
    nodes: list[onnx.NodeProto] = []
    for item in list(graph.initializer):
        if item.name not in uses:
            continue
        values = numpy_helper.to_array(item)
        if values.size < smallest:
            continue
        axis = uses[item.name]
        other = tuple(i for i in range(values.ndim) if i != axis)
        scale = (np.abs(values).max(axis=other) / 127).clip(1e-12).astype(np.float32)
        shape = [-1 if i == axis else 1 for i in range(values.ndim)]
        quantized = np.rint(values / scale.reshape(shape)).clip(-127, 127).astype(np.int8)
        graph.initializer.remove(item)
        graph.initializer.extend(
            [
                numpy_helper.from_array(quantized, f"{item.name}_int8"),
                numpy_helper.from_array(scale.reshape(shape), f"{item.name}_scale"),
            ]
        )
        # Not DequantizeLinear, which ONNX Runtime would compute again in every run.
        cast = onnx.helper.make_node(
            "Cast", [f"{item.name}_int8"], [f"{item.name}_float"], to=onnx.TensorProto.FLOAT
        )
        factors = [f"{item.name}_float", f"{item.name}_scale"]
        nodes += [cast, onnx.helper.make_node("Mul", factors, [item.name])]
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _transposed(node: onnx.NodeProto) -> bool:
    return any(attribute.name == "transB" and attribute.i for attribute in node.attribute)


def quantize(
    model_dir: Path,
    contents: Sequence[Path],
    styles: Sequence[Path],
    *,
    pairs: int = 96,
    validation_pairs: int = 384,
    percentile: float = 99.99,
    seed: int = 11,
) -> dict[str, float]:
    """Add INT8 files to an exported FP32 model.

    Args:
        model_dir: From :func:`stylize.training.export.export`; its ``cores`` folder is removed.
        contents: Folders of content pictures to calibrate and validate on.
        styles: Folders of style pictures.
        pairs: Pairs to calibrate on.
        validation_pairs: Other pairs whose INT8 pictures are compared with FP32.
        percentile: Of the activations that the INT8 ranges cover, in percent.
        seed: Of the choice of pairs.

    Returns:
        Figures for model.json: ``psnr_db_mean`` and ``psnr_db_min`` of the pictures of ``pairs``
        pairs, ``vector_error``, the relative error of style vectors, ``share_fp32``, the share of
        pictures that 8 bits are too few for. These have peaks from ``peak_limit`` on in the
        activation ``peak_index``; the engine paints them in FP32.

    Raises:
        TrainingError: A picture cannot be read, the disk is full, or too many pictures would fall
            below ``MINIMUM_PSNR_DB``; the FP32 model is then as before and no INT8 file is left
            behind.
    """
    cores = model_dir / "cores"
    if not cores.is_dir():
        raise TrainingError(f"{model_dir} has no folder cores; export the checkpoint again.")
    rng = np.random.default_rng(seed)
    content_paths, style_paths = list_pictures(contents), list_pictures(styles)
    total = pairs + validation_pairs
    chosen = [
        (content_paths[int(c)], style_paths[int(s)])
        for c, s in zip(
            rng.integers(len(content_paths), size=total),
            rng.integers(len(style_paths), size=total),
            strict=True,
        )
    ]
    try:
        figures = _quantize(model_dir, cores, chosen[:pairs], chosen[pairs:], percentile, rng)
    except BaseException as error:
        _restore(model_dir, cores)
        if isinstance(error, OSError):
            raise TrainingError(
                f"The INT8 files cannot be written to {model_dir} ({error}). Free some space."
            ) from error
        raise
    shutil.rmtree(cores)
    return figures


def _restore(model_dir: Path, cores: Path) -> None:
    """Leave the FP32 model as it was before, so that quantizing can be tried again."""
    for file in model_dir.glob("*.int8.onnx"):
        file.unlink()
    if (cores / FULL_ENCODER).exists():
        (cores / FULL_ENCODER).replace(model_dir / "style_encoder.onnx")
    if (cores / FULL_MODULATOR).exists():
        (cores / FULL_MODULATOR).replace(model_dir / "modulate.onnx")
    with contextlib.suppress(OSError):  # on a full disk model.json stays as it is
        _describe(model_dir, {})


def _quantize(
    model_dir: Path,
    cores: Path,
    calibration: list[tuple[Path, Path]],
    validation: list[tuple[Path, Path]],
    percentile: float,
    rng: np.random.Generator,
) -> dict[str, float]:
    encoder = model_dir / "style_encoder.int8.onnx"
    quantize_encoder(
        cores / "style_encoder.onnx",
        encoder,
        ({"image": to_tensor([_square(path)]).numpy()} for _, path in calibration),
        percentile=percentile,
    )
    correct_vectors(encoder, model_dir / "style_encoder.onnx", [_style(s) for _, s in calibration])
    quantize_weights(model_dir / "modulate.onnx", model_dir / "modulate.int8.onnx")
    error = vector_error(model_dir, [_style(path) for _, path in validation])
    # From here on vectors come from the INT8 encoder, which serves both precisions.
    (model_dir / "style_encoder.onnx").rename(cores / FULL_ENCODER)
    _describe(model_dir, {})
    reference = Engine(model_dir, precision="fp32")
    network = load_network(load_checkpoint(cores / "network.pt"), ema=False)
    feeds = list(paint_feeds(reference, calibration, rng))
    quantize_paint(network, feeds, model_dir / "paint.int8.onnx", percentile=percentile)
    _describe(model_dir, {})
    quantized = Engine(model_dir, precision="int8")
    index = network.layers.activations.index(_TELLING)
    psnrs, peaks = [], []
    for content_path, style_path in validation:
        content, style = read_content(content_path), reference.encode_style(read_style(style_path))
        content.thumbnail((STYLE_SIDE_PX, STYLE_SIDE_PX))
        expected, found = (engine.stylize(content, style) for engine in (reference, quantized))
        psnrs.append(psnr_db(np.asarray(expected), np.asarray(found)))
        peaks.append(reference.measure(content, [style], Controls()).peaks[0, index])
    limit = _peak_limit(np.array(psnrs), np.array(peaks))
    kept = np.array(psnrs)[np.array(peaks) < limit]
    figures = {
        "psnr_db_mean": round(float(np.mean(kept)), 2),
        "psnr_db_min": round(float(np.min(kept)), 2),
        "vector_error": round(error, 4),
        "pairs": len(psnrs),
        "share_fp32": round(1 - len(kept) / len(psnrs), 3),
    }
    logger.info("INT8 against FP32: %s", figures)
    if limit < np.inf:
        figures |= {"peak_index": index, "peak_limit": round(limit, 3)}
        contract = replace(quantized.contract, int8_index=index, int8_limit=round(limit, 3))
        _describe(model_dir, {"contract": contract.to_dict()})
    # Compared with all of FP32; what is released has the modulator once, for both precisions.
    (model_dir / "modulate.onnx").rename(cores / FULL_MODULATOR)
    _describe(model_dir, {"int8": figures})
    return figures


def quantize_paint(
    network: TransferNetwork, feeds: Sequence[Feeds], target: Path, *, percentile: float = 99.99
) -> None:
    """Write the INT8 graph that paints.

    Args:
        network: The network, equalized.
        feeds: From :func:`paint_feeds`.
        target: The file to write.
        percentile: Of the activations that the INT8 ranges cover, in percent.
    """
    headroom = measure_headroom(network, feeds, percentile=percentile)
    onnx.save(write_int8_graph(network, headroom, input_moments(network, feeds)), target)


def _peak_limit(psnrs: Floats, peaks: Floats) -> float:
    """Return the peak from which on pictures are painted in FP32, infinity if none has to be.

    The PSNR falls with the peak: pictures are left to FP32 from where the line through all pairs,
    less ``_SPREADS`` standard deviations, meets the minimum, or from where hardly any was tried. So
    pictures that were not tried keep to it as well.

    Args:
        psnrs: (N,) in dB.
        peaks: (N,) of the activation ``_TELLING``.

    Raises:
        TrainingError: Too many would have to be.
    """
    limit = float("inf")
    covariance = float(((peaks - peaks.mean()) * (psnrs - psnrs.mean())).mean())
    if covariance < 0:
        slope = covariance / float(peaks.var())
        line = psnrs.mean() + slope * (peaks - peaks.mean())
        bar = MINIMUM_PSNR_DB + _SPREADS * float((psnrs - line).std())
        limit = float(peaks.mean() + (bar - psnrs.mean()) / slope)
    if len(peaks) * (1 - _TRIED) >= 1:
        # Beyond nearly all peaks that were tried nothing is known.
        limit = min(limit, float(np.quantile(peaks, _TRIED)))
    poor = psnrs < MINIMUM_PSNR_DB
    if poor.any():
        limit = min(limit, float(peaks[poor].min()))
    share = float((peaks >= limit).mean())
    if share > LARGEST_SHARE_FP32:
        raise TrainingError(
            f"INT8 pictures differ too much from FP32: PSNR {psnrs.min():.1f} dB for one pair, the "
            f"limit is {MINIMUM_PSNR_DB:g} dB (mean {psnrs.mean():.1f} dB), and "
            f"{share:.0%} of the pictures would have to be painted in FP32 to keep it. Calibrate "
            f"on more pairs, or fine-tune with quantization in the loop."
        )
    return limit


def _square(path: Path) -> Image.Image:
    """Read a picture for calibration, which wants all pictures to have one size."""
    return ImageOps.fit(read_content(path), (_SIDE_PX, _SIDE_PX))


def _style(path: Path) -> Image.Image:
    image = read_style(path)
    return image.resize(fit_area(image.size, STYLE_SIDE_PX), Image.Resampling.BICUBIC)


def paint_feeds(
    engine: Engine, pairs: Sequence[tuple[Path, Path]], rng: np.random.Generator
) -> Iterator[Feeds]:
    """Yield what the paint graph gets for each pair, a third of them with other controls."""
    for index, (content_path, style_path) in enumerate(pairs):
        controls = Controls()
        if index % 3 == 0:
            weights = np.exp(rng.uniform(-1, 1, 4) * np.log(4))
            names = ("content_weight", "style_weight", "fine_weight", "coarse_weight")
            controls = Controls(
                strength=float(rng.uniform(0.2, 1)),
                **dict(zip(names, weights.tolist(), strict=True)),
            )
        yield _feeds_of(
            engine,
            _square(content_path),
            engine.encode_style(read_style(style_path)),
            controls,
            revision=index % 2 == 1,
        )


def _feeds_of(
    engine: Engine, content: Image.Image, style: StyleVector, controls: Controls, *, revision: bool
) -> Feeds:
    """Return what the graph that paints gets of a picture, or of the revision of its draft."""
    measurement = engine.measure(content, [style], controls)
    canvas = Canvas(content.height, content.width, engine.contract.margin_px)
    everything = slice(0, canvas.grid_height), slice(0, canvas.grid_width)
    part = canvas.cut(content, *everything)
    if revision:
        small = content.reduce(2)
        draft = engine.stylize(small, style, controls=controls)
        below = canvas.cut(enlarge(draft, content.size), *everything)
        part = lay_over(below, part, 1.0)
        measurement = engine.measure(draft, [style], controls, size=content.size, revision=True)
    return {
        "image": part.transpose(2, 0, 1)[None].astype(np.float32) / 255,
        "affine_quarter": measurement.quarter,
        "affine_eighth": measurement.eighth,
        "peaks": measurement.peaks,
    }


def _describe(model_dir: Path, more: dict[str, Any]) -> None:
    description = json.loads((model_dir / "model.json").read_text(encoding="utf-8"))
    write_description(model_dir, {**description, **more})
