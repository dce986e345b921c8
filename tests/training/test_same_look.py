import pytest
from PIL import Image

from stylize.errors import TrainingError
from stylize.training import same_look
from stylize.training.same_look import compare_sizes, measure_same_look, summarize_same_look
from tests.conftest import make_picture
from tests.training.test_pairs import load

STYLE = make_picture(32, 32)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(same_look, "REFERENCE_PX", 32)
    monkeypatch.setattr(same_look, "BETWEEN_PX", 48)


def plain(content: Image.Image, style: Image.Image) -> Image.Image:
    return content


def darker_when_large(content: Image.Image, style: Image.Image) -> Image.Image:
    return content.point(lambda level: level // 2) if max(content.size) > 48 else content


def test_sizes_are_compared_with_the_smallest():
    photo = Image.new("RGB", (96, 64), (100, 100, 100))
    between, full = compare_sizes(darker_when_large, photo, STYLE)
    assert (between["painted"], between["longer_side_px"]) == ("48 px", 48)
    assert (between["psnr_db"], between["ssim"]) == (99, 1)
    assert (full["painted"], full["longer_side_px"]) == ("full size", 96)
    assert full["psnr_db"] == pytest.approx(14.151, abs=0.001)  # 20 log10(255 / 50)


def test_a_small_photo_is_refused():
    with pytest.raises(TrainingError, match=r"more than 48 px; one has 48 x 40 px"):
        compare_sizes(plain, Image.new("RGB", (48, 40)), STYLE)


def test_every_pair_and_system_has_a_record(picture_folders):
    pictures = load(picture_folders, size_px=None, pairs=5)
    records = measure_same_look({"plain": plain, "darker": darker_when_large}, pictures)
    assert len(records) == 5 * 2 * 2
    assert {record["system"] for record in records} == {"plain", "darker"}
    summary = summarize_same_look(records)
    assert (
        summary["plain"]["full size"]["psnr_db_mean"]
        > summary["darker"]["full size"]["psnr_db_mean"]
    )


def test_the_summary_of_hand_computed_records():
    records = [
        {"system": "s", "painted": "full size", "psnr_db": psnr, "ssim": ssim}
        for psnr, ssim in ((20.0, 0.5), (30.0, 1.0))
    ]
    assert summarize_same_look(records) == {
        "s": {
            "full size": {
                "pairs": 2,
                "psnr_db_mean": 25,
                "psnr_db_worst": 20,
                "ssim_mean": 0.75,
                "ssim_worst": 0.5,
            }
        }
    }
