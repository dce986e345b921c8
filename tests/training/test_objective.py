"""What spares memory or bits changes the gradients by rounding alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from stylize.training.config import TrainConfig
from stylize.training.data import Contents, list_pictures
from stylize.training.network import TransferNetwork
from stylize.training.objective import compute_losses
from stylize.training.samples import draw_samples
from stylize.training.style_bank import projections
from stylize.training.train import _let_learn
from tests.conftest import make_picture
from tests.training.conftest import make_bank


@pytest.fixture
def config(tmp_path, tiny_size) -> TrainConfig:
    make_picture(144, 136, seed=1).save(tmp_path / "content.png")
    return TrainConfig(
        contents=(tmp_path,),
        styles=(),
        out=tmp_path,
        batch_contents=1,
        stages=((0, 32),),
        draft_px=64,
        size=tiny_size,
    )


def gradients(config: TrainConfig, loss_network: nn.Module) -> tuple[float, torch.Tensor]:
    """Loss and gradient, as one vector, of one step of a new network."""
    torch.manual_seed(3)
    network = TransferNetwork(config.size).train()
    contents = Contents(list_pictures(config.contents), count=1, seed=1)
    samples = draw_samples(contents, make_bank(), config, 2)
    terms = compute_losses(network, loss_network, samples, config, 4.0, projections())
    terms["total"].backward()
    assert all(term.dtype == torch.float32 for term in terms.values())
    return terms["total"].item(), nn.utils.parameters_to_vector(
        [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    )


@pytest.mark.parametrize("revision_share", [0.0, 1.0])
def test_what_is_computed_again_gives_the_same_gradients(config, loss_network, revision_share):
    config = replace(config, revision_share=revision_share)
    loss, gradient = gradients(config, loss_network)
    again, other = gradients(replace(config, checkpointing=True), loss_network)
    assert again == pytest.approx(loss, rel=1e-6)
    torch.testing.assert_close(other, gradient, rtol=1e-4, atol=1e-6)


# The tables that put the tones of drafts right follow what rounding did to them.
@pytest.mark.parametrize(("revision_share", "alike"), [(0.0, 0.9), (1.0, 0.8)])
def test_sixteen_bits_point_in_nearly_the_same_direction(
    config, loss_network, revision_share, alike
):
    config = replace(config, revision_share=revision_share)
    loss, gradient = gradients(config, loss_network)
    half, other = gradients(replace(config, mixed_precision=True), loss_network)
    assert half != loss
    assert half == pytest.approx(loss, rel=0.03)
    assert torch.cosine_similarity(gradient, other, dim=0) > alike


def test_while_the_style_side_learns_alone_the_content_path_gets_no_gradient(config, loss_network):
    network = TransferNetwork(config.size)
    _let_learn(network, content=False)
    learning = {name.partition(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learning == {"modulator", "own_statistics"}
    _let_learn(network, content=True)
    assert all(parameter.requires_grad for parameter in network.parameters())
