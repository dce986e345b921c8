"""Make contract/tiny_model: a seeded, untrained model small enough to commit.

Run it after a change of the network's architecture or of the graphs' ports:
``python tests/make_tiny_model.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from stylize.calming import FLAT, LEAST, LEAST_REACH
from stylize.contract import Contract
from stylize.model_files import FORMAT
from stylize.recoloring import SHARE
from stylize.training.color_probe import fit_color_probe
from stylize.training.export import export_networks, write_description
from stylize.training.int8_graph import measure_headroom, write_int8_graph
from stylize.training.modulator import CONDITIONS
from stylize.training.network import TransferNetwork
from stylize.training.network_size import NetworkSize
from stylize.training.quantize import quantize_weights
from stylize.training.quantize_encoder import quantize_encoder
from stylize.training.rounding import input_moments
from stylize.training.tones import style_tones
from stylize.training.vgg import STYLE_LAYERS
from tests.conftest import make_picture

FOLDER = Path(__file__).parents[1] / "contract" / "tiny_model"
CHANNELS = (4, 6, 8, 8)
SIZE = NetworkSize(half=8, quarter=8, eighth=8, blocks=1, hidden=16, seen=2 * sum(CHANNELS))


class TinyLossNetwork(nn.Module):
    """Four convolutions that stand in for VGG16."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *CHANNELS[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(n_in, n_out, 3, padding=1)
            for n_in, n_out in zip(inputs, CHANNELS, strict=True)
        )

    def forward(self, images: Tensor, *, last: str = "") -> dict[str, Tensor]:
        """Return features by the names of the style layers."""
        features, x = {}, images
        for name, convolution in zip(STYLE_LAYERS, self.convolutions, strict=True):
            features[name] = x = torch.relu(convolution(x))
            x = nn.functional.max_pool2d(x, 2)
        return features


def make_networks() -> tuple[TransferNetwork, TinyLossNetwork]:
    """Return the seeded networks; the style has a visible effect although nothing is trained."""
    torch.manual_seed(0)
    network, loss_network = TransferNetwork(SIZE), TinyLossNetwork().requires_grad_(False)
    with torch.no_grad():
        for layer in network.modulator.layers[::2]:
            layer.weight.mul_(2)
        # Own statistics of noise are far from anything; they must not decide over everything.
        network.modulator.layers[0].weight[:, SIZE.seen : -len(CONDITIONS)].mul_(0.1)
        network.modulator.layers[-1].weight.normal_(std=0.3)
        network.modulator.direct.weight.normal_(std=0.01)
        network.modulator.vector_mean.fill_(0.15)
        network.modulator.vector_std.fill_(0.1)
        network.head.weight.mul_(0.5)
        network.zoom_std.uniform_(-0.1, 0.1)
        network.zoom_mean.uniform_(-0.1, 0.1)
    return network.eval(), loss_network.eval()


def fit_colors(encoder: Path) -> str:
    """Return the contract's ``color_weights``."""
    drawn = np.stack([np.asarray(make_picture(64, 64, seed=seed)) for seed in range(200)])
    gains = np.random.default_rng(0).uniform(0.1, 1, (len(drawn), 1, 1, 3))
    pictures = (drawn * gains).astype(np.uint8)
    session = onnxruntime.InferenceSession(encoder)
    vectors = [session.run(None, {"bytes": picture[None]})[0][0] for picture in pictures]

    return fit_color_probe(np.stack(vectors)[:, : SIZE.seen], style_tones(pictures))


def main() -> None:
    """Write the model."""
    network, loss_network = make_networks()
    export_networks(network, loss_network, FOLDER)
    cores = FOLDER / "cores"
    rng = np.random.default_rng(0)

    def images() -> Iterator[dict[str, np.ndarray]]:
        for _ in range(8):
            yield {"image": rng.random((1, 3, 64, 64), np.float32)}

    def paintings() -> Iterator[dict[str, np.ndarray]]:
        for feeds in images():
            image = torch.from_numpy(feeds["image"])
            vector = torch.from_numpy(rng.normal(0.15, 0.1, (1, SIZE.vector)).astype(np.float32))
            one = torch.ones(1, 1)
            with torch.no_grad():
                modulation = network.modulation(image, vector, torch.zeros(1, len(CONDITIONS)))
                measurement = network.measure(image, modulation, one)
                affines, peaks = measurement.affines(), measurement.peaks()
            yield {
                "image": np.pad(feeds["image"], ((0, 0), (0, 1), (0, 0), (0, 0))),
                "affine_quarter": affines.quarter.numpy(),
                "affine_eighth": affines.eighth.numpy(),
                "peaks": peaks.numpy(),
            }

    encoder = FOLDER / "style_encoder.int8.onnx"
    quantize_encoder(cores / "style_encoder.onnx", encoder, images(), percentile=99.99)
    feeds = list(paintings())
    headroom = measure_headroom(network, feeds, percentile=99.99)
    graph = write_int8_graph(network, headroom, input_moments(network, feeds))
    onnx.save(graph, FOLDER / "paint.int8.onnx")
    quantize_weights(FOLDER / "modulate.onnx", FOLDER / "modulate.int8.onnx", smallest=64)
    color_weights = fit_colors(FOLDER / "style_encoder.onnx")
    (FOLDER / "style_encoder.onnx").unlink()
    for file in cores.iterdir():
        file.unlink()
    cores.rmdir()
    # Drafts of 64 px: small pictures are then drafted and revised as large ones are.
    contract = Contract(
        vector_length=network.vector_length,
        halo_px=network.layers.halo_px(),
        style_side_px=256,
        draft_side_px=64,
        calming_share=1.0,
        calming_least=LEAST,
        calming_least_reach=LEAST_REACH,
        calming_flat=FLAT,
        recoloring_share=SHARE,
        contrast_at=SIZE.vector,
        color_weights=color_weights,
    )
    description = {
        "format": FORMAT,
        "network": SIZE.as_dict(),
        "contract": contract.to_dict(),
        "training": {"steps": 0, "seed": 0},
    }
    write_description(FOLDER, description)


if __name__ == "__main__":
    main()
