"""Checkpoint -> FP32 ONNX, compared with torch at sizes that were not traced."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stylize.calming import FLAT, LEAST, LEAST_REACH
from stylize.contract import Contract
from stylize.contrast import SHARE as CONTRAST_SHARE
from stylize.errors import TrainingError
from stylize.files import write_whole
from stylize.model_files import FORMAT
from stylize.posterizing import SHARE as POSTERIZING_SHARE
from stylize.recoloring import SHARE
from stylize.training.checkpoint import (
    load_checkpoint,
    load_encoder,
    load_network,
    load_probes,
    save_checkpoint,
)
from stylize.training.data import Contents, list_pictures
from stylize.training.graphs import EncodeStyle, Modulate, Paint, add_byte_ports, equalize_
from stylize.training.modulator import CONDITIONS
from stylize.training.network import Affines, TransferNetwork
from stylize.training.vgg import LossNetwork
from stylize.training.zoom import calibrate_zoom_

logger = logging.getLogger(__name__)

OPSET = 20
CORES = "cores"  # folder beside the model with what is quantized
# None of these was traced; sides are multiples of 8 as the engine makes them.
PARITY_SIZES_PX = ((16, 16), (72, 104), (128, 136), (264, 200))
PARITY_LEVELS = 1  # largest difference of a byte of the picture
PARITY_VECTOR = 1e-3  # largest difference of a style vector's value, which are about 1


def export(
    checkpoint: Path,
    out: Path,
    *,
    contents: Sequence[Path] = (),
    record: dict[str, Any] | None = None,
) -> Path:
    """Export a checkpoint.

    Writes ``style_encoder.onnx``, ``modulate.onnx``, ``paint.onnx`` and ``model.json``.

    Args:
        checkpoint: From training; its averaged weights are used.
        out: Folder for the model.
        contents: Folders of content pictures; with them the zoom is calibrated and channels are
            equalized, which INT8 needs.
        record: What else model.json should say, for example of the data.

    Returns:
        The path of model.json.

    Raises:
        TrainingError: The checkpoint is unusable, the folder cannot be written, or ONNX Runtime's
            pictures differ from torch's.
    """
    state = load_checkpoint(checkpoint)
    network = load_network(state)
    encoder = load_encoder(state)
    training = {
        "steps": state["step"],
        "samples_seen": state["samples_seen"],
        "config": state["config"],
    }
    if contents:
        calibrate_(network, encoder, list_pictures(contents))
    return export_networks(
        network, encoder, out, training=training, record=record, probes=load_probes(state)
    )


@torch.no_grad()
def calibrate_(network: TransferNetwork, encoder: LossNetwork, paths: Sequence[Path]) -> None:
    """Calibrate the zoom, on contents each in the style of the next, and equalize the channels."""
    pictures = Contents(paths, count=24, seed=8).batch(0, 384, max_ratio=1.0).crops
    encode = EncodeStyle(encoder, network)
    vectors = torch.cat([encode(picture[None]) for picture in pictures])
    calibrate_zoom_(network, pictures, vectors.roll(1, dims=0))
    equalize_(network, Contents(paths, count=32, seed=7).batch(0, 192, max_ratio=1.0).crops)


def export_networks(
    network: TransferNetwork,
    encoder: LossNetwork,
    out: Path,
    *,
    training: dict[str, Any] | None = None,
    record: dict[str, Any] | None = None,
    probes: dict[str, Any] | None = None,
) -> Path:
    """Export networks that are already in memory; see :func:`export`.

    A model that is there already is replaced, its INT8 files included: they would belong to other
    weights. If anything fails, it stays as it is.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as folder:
            made = _export(network, encoder, Path(folder), training, record, probes)
            for file in out.glob("*.int8.onnx"):
                file.unlink()
            shutil.rmtree(out / CORES, ignore_errors=True)
            for file in sorted(made.parent.iterdir()):
                file.replace(out / file.name)
    except OSError as error:
        raise TrainingError(
            f"The model cannot be written to {out} ({error}). Free some space or choose another "
            f"folder."
        ) from error
    return out / made.name


def _export(
    network: TransferNetwork,
    encoder: LossNetwork,
    out: Path,
    training: dict[str, Any] | None,
    record: dict[str, Any] | None,
    probes: dict[str, Any] | None,
) -> Path:
    network, encoder = network.cpu().eval(), encoder.cpu().eval()
    vector = network.vector_length
    image = torch.rand(1, 3, 64, 96)
    styles = (torch.rand(2, vector), torch.zeros(2, len(CONDITIONS)), torch.ones(2, 1))
    zoom = torch.full((1, 1), 2.0)
    affines = network.modulate(image, *(tensor[:1] for tensor in styles))
    height, width = (8 * torch.export.Dim(name, min=2, max=4096) for name in ("rows", "columns"))
    count = torch.export.Dim("styles", min=1, max=64)
    sides = {2: height, 3: width}
    any_side = torch.export.Dim.DYNAMIC
    # Affines may be one value or a map per channel, which tracing cannot express: see _free_maps.
    inputs = dict(
        zip(
            ("image", "vector", "conditions", "strength", "zoom"),
            (image, *styles, zoom),
            strict=True,
        )
    )
    models = {
        "style_encoder": _trace(
            EncodeStyle(encoder, network),
            {"image": image},
            ["vector"],
            [{2: any_side, 3: any_side}],
        ),
        "modulate": _trace(
            Modulate(network),
            inputs,
            ["affine_quarter", "affine_eighth", "peaks"],
            [sides, *({0: count},) * 3, None],
        ),
    }
    rgbx = torch.rand(1, 4, 64, 96)
    painted = {"image": rgbx, "affine_quarter": affines.quarter, "affine_eighth": affines.eighth}
    models["paint"] = _free_maps(_trace(Paint(network), painted, ["cells"], [sides, None, None]))
    cores = out / CORES
    cores.mkdir(exist_ok=True)
    onnx.save(models["style_encoder"], cores / "style_encoder.onnx")
    save_checkpoint(
        cores / "network.pt", {"size": network.size.as_dict(), "network": network.state_dict()}
    )
    for name, model in models.items():
        onnx.save(add_byte_ports(model, picture=name == "paint"), out / f"{name}.onnx")
    parity = check_parity(network, encoder, out)
    description = {
        "format": FORMAT,
        "network": network.size.as_dict(),
        "contract": Contract(
            vector_length=vector,
            halo_px=network.layers.halo_px(),
            calming_share=1.0,
            calming_least=LEAST,
            calming_least_reach=LEAST_REACH,
            calming_flat=FLAT,
            recoloring_share=SHARE,
            posterizing_share=POSTERIZING_SHARE,
            contrast_share=CONTRAST_SHARE,
            contrast_at=network.size.vector,
            **(probes or {}),
        ).to_dict(),
        "opset": OPSET,
        "parity": parity,
        "training": training or {},
        **(record or {}),
    }
    return write_description(out, description)


def write_description(out: Path, description: dict[str, Any]) -> Path:
    """Write model.json with the SHA-256 of every ONNX file beside it."""
    description["sha256"] = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(out.glob("*.onnx"))
    }
    path = out / "model.json"
    write_whole(path, f"{json.dumps(description, indent=2)}\n".encode())
    return path


def _trace(
    module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], dynamic: Sequence[Any]
) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own use of deprecated functions
        path = Path(folder) / "model.onnx"
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=tuple(dynamic),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        if program is None:
            raise TrainingError("The exporter returned nothing.")
        program.save(path, external_data=False)
        model = onnx.load(path)
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]  # stack traces with paths of this machine
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    return model


def _free_maps(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let the affines be maps (1, C, h, w) too: Mul and Add broadcast either."""
    for value in model.graph.input[1:]:
        for index, axis in ((2, "rows"), (3, "columns")):
            dimension = value.type.tensor_type.shape.dim[index]
            dimension.Clear()
            dimension.dim_param = f"{value.name}_{axis}"
    del model.graph.value_info[:]
    return model


def check_parity(network: TransferNetwork, encoder: LossNetwork, folder: Path) -> dict[str, float]:
    """Compare the exported files with torch at sizes that were not traced.

    Returns:
        The largest differences: ``picture_levels`` of 255, ``vector`` of values that are about 1.

    Raises:
        TrainingError: A difference is larger than the tolerance.
    """
    sessions = {
        name: onnxruntime.InferenceSession(folder / f"{name}.onnx")
        for name in ("style_encoder", "modulate", "paint")
    }
    rng = np.random.default_rng(3)
    worst_picture, worst_vector = 0.0, 0.0
    for height, width in PARITY_SIZES_PX:
        picture = _smooth_noise(rng, height, width)
        image = torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 255
        with torch.no_grad():
            vector = EncodeStyle(encoder, network)(image)
            found = sessions["style_encoder"].run(None, {"bytes": picture})[0]
            worst_vector = max(worst_vector, float(np.abs(found - vector.numpy()).max()))
            # Two styles at once, in a revision and in a draft, at weights other than the default.
            drawn = torch.randn(2, vector.shape[1], generator=torch.Generator().manual_seed(height))
            seen = network.size.vector
            style = network.modulator.vector_mean + network.modulator.vector_std * drawn[:, :seen]
            style = torch.cat([style, 0.3 * drawn[:, seen:]], dim=1)
            controls = (
                torch.tensor([[0.3, -0.2, 0.5, 0.1, revision] for revision in (1.0, 0.0)]),
                torch.tensor([[1.0], [0.6]]),
            )
            zoom = torch.full((1, 1), 3.0)
            affines = network.modulate(image, style, *controls, zoom)
            feeds = {"bytes": picture, "vector": style.numpy(), "zoom": zoom.numpy()}
            feeds |= {"conditions": controls[0].numpy(), "strength": controls[1].numpy()}
            quarter, eighth, _ = sessions["modulate"].run(None, feeds)
            for index in range(2):
                part = Affines(
                    affines.quarter[index : index + 1], affines.eighth[index : index + 1]
                )
                expected = network.paint(image, part).clamp(0, 1).permute(0, 2, 3, 1).numpy() * 255
                painted = sessions["paint"].run(
                    None,
                    {
                        "bytes": np.pad(picture, ((0, 0),) * 3 + ((0, 1),)),
                        "affine_quarter": quarter[index : index + 1],
                        "affine_eighth": eighth[index : index + 1],
                    },
                )[0]
                difference = np.abs(painted[..., :3] - np.rint(expected)).max()
                worst_picture = max(worst_picture, float(difference))
    if worst_picture > PARITY_LEVELS or worst_vector > PARITY_VECTOR:
        raise TrainingError(
            f"ONNX Runtime differs from torch by {worst_picture:g} of 255 levels (limit "
            f"{PARITY_LEVELS}) in pictures and {worst_vector:.2g} (limit {PARITY_VECTOR}) in style "
            f"vectors; the export is not usable."
        )
    return {"picture_levels": worst_picture, "vector": worst_vector}


def _smooth_noise(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Return a random picture (1, height, width, 3) with structure at several scales."""
    picture = rng.random((height, width, 3))
    for cell in (4, 8):
        grid = rng.random((-(-height // cell), -(-width // cell), 3))
        picture += 2 * grid.repeat(cell, 0).repeat(cell, 1)[:height, :width]
    return (picture[None] / 5 * 255).astype(np.uint8)
