"""BRISQUE: features as the package brisque finds them, and whose support vectors are taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stylize.errors import ImageError, ModelFileError
from stylize.lab.brisque import Brisque, brisque_features

# Of the picture below, by the package brisque 0.2.0 with OpenCV, SciPy and scikit-image.
FEATURES = (
    4.11803, 0.47102, 1.05619, -0.10365, 0.32542, 0.18131, 1.07026, -0.08066, 0.28603,
    0.17859, 1.03594, -0.06292, 0.26735, 0.18391, 0.99937, -0.04788, 0.26724, 0.20180,
    2.61636, 0.28369, 0.78314, -0.04557, 0.11646, 0.07406, 0.75003, -0.03973, 0.11351,
    0.07606, 0.81108, -0.00488, 0.07770, 0.07367, 0.75098, 0.01163, 0.07657, 0.08679,
)  # fmt: skip
SCORE = 29.25000  # by that package and libsvm, from the vectors below
VECTORS = """\
svm_type epsilon_svr
kernel_type rbf
gamma 0.05
nr_class 2
total_sv 3
rho -155.845
SV
-200 1:-0.25 2:0.2 20:-0.4 36:-0.5
-60 3:0.2 4:-0.7 30:0.5
90 7:0.1 12:-0.6
"""


def texture() -> Image.Image:
    y, x = np.mgrid[:64, :96]
    channels = (
        x * y // 16 + (7 * x * x * y) % 37,
        x * x // 40 + y * 2 + (x * y * y) % 29,
        3 * x + y + (x * x + y * y * 5) % 31,
    )
    return Image.fromarray((np.stack(channels, 2) % 256).astype(np.uint8))


def test_features_are_those_of_the_package() -> None:
    assert brisque_features(texture()) == pytest.approx(FEATURES, abs=2e-5)


def test_the_score_is_that_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "svm.txt").write_text(VECTORS, "utf-8")
    assert Brisque(tmp_path / "svm.txt")(texture()) == pytest.approx(SCORE, abs=1e-4)


def test_features_of_noise_are_those_of_a_gaussian() -> None:
    noise = np.random.default_rng(0).normal(128, 20, (256, 256, 1)).clip(0, 255).astype(np.uint8)
    shape = brisque_features(Image.fromarray(noise.repeat(3, axis=2)))[0]
    assert shape > 1.8  # 2 for a Gaussian, 1 for a Laplacian


def test_transparency_is_seen_on_white() -> None:
    picture = texture()
    clear = picture.copy()
    clear.putalpha(255)
    assert brisque_features(clear) == pytest.approx(brisque_features(picture))


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (Image.new("RGB", (64, 31)), r"at least 32 px a side; this one has 64 x 31"),
        (Image.new("RGB", (64, 64), (9, 90, 200)), "of flat areas alone"),
    ],
)
def test_pictures_of_which_it_means_nothing(picture: Image.Image, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        brisque_features(picture)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rho -155.845", "rho -153.591", "other support vectors"),
        ("rbf", "linear", "other support vectors"),
        ("gamma 0.05\n", "", "no support vectors"),
        ("36:", "37:", "no support vectors"),
        (VECTORS, "hello", "no support vectors"),
        (VECTORS, "", "no support vectors"),
    ],
)
def test_another_file_is_told_with_where_the_right_one_is(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = tmp_path / "svm.txt"
    path.write_text(VECTORS.replace(old, new), "utf-8")
    with pytest.raises(ModelFileError, match=f"{words}.*pip download --no-deps brisque"):
        Brisque(path)


@pytest.mark.parametrize("kind", ["missing", "binary"])
def test_a_file_that_is_no_text_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "svm.txt"
    if kind == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelFileError, match="pip download --no-deps brisque"):
        Brisque(path)
