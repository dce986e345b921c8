"""The subject of a picture: found where it is plain, nothing where there is none."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from stylize.offers import EXAMPLES_DIR
from stylize.subject import find_subject

pytest.importorskip("cv2")


def disc(size=(400, 300), centre=(200, 160), radius=70, ground="#2b6cb0", colour="#e4572e"):
    image = Image.new("RGB", size, ground)
    x, y = centre
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), colour)
    noise = np.random.default_rng(0).integers(-12, 12, (size[1], size[0], 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def overlap(mask, centre, radius):
    y, x = np.mgrid[0 : mask.height, 0 : mask.width]
    truth = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2
    found = np.asarray(mask) > 127
    return (truth & found).sum() / (truth | found).sum()


def test_a_disc_on_a_plain_ground():
    mask = find_subject(disc())
    assert (mask.mode, mask.size) == ("L", (400, 300))
    assert set(np.unique(mask)) == {0, 255}
    assert overlap(mask, (200, 160), 70) > 0.93


def test_a_box_says_which_of_two():
    image = disc(centre=(110, 150), radius=50)
    ImageDraw.Draw(image).ellipse((260, 100, 360, 200), "#f3d44c")
    left = find_subject(image, (0.1, 0.25, 0.45, 0.75))
    right = find_subject(image, (0.6, 0.25, 0.95, 0.75))
    assert overlap(left, (110, 150), 50) > 0.85
    assert overlap(right, (310, 150), 50) > 0.85


def test_a_box_around_everything_is_none():
    image = disc()
    assert find_subject(image, (-1, -1, 2, 2)) == find_subject(image)


def test_the_same_picture_gives_the_same_mask():
    with Image.open(EXAMPLES_DIR / "coffee.jpg") as image:
        assert find_subject(image) == find_subject(image)


def test_a_person_in_a_photograph():
    with Image.open(EXAMPLES_DIR / "astronaut.jpg") as image:
        mask = np.asarray(find_subject(image)) > 127
    height, width = mask.shape
    assert mask[int(0.22 * height), int(0.44 * width)]  # the face
    assert mask[int(0.7 * height), int(0.35 * width)]  # the suit
    assert not mask[int(0.1 * height), int(0.15 * width)]  # the flag
    assert 0.1 < mask.mean() < 0.7


@pytest.mark.parametrize("size", [(1, 1), (16, 1), (3, 400), (17, 33)])
@pytest.mark.parametrize("box", [None, (0.5, 0.5, 0.5, 0.5), (0.9, 0.9, 0.1, 0.1)])
def test_odd_sizes_and_empty_boxes(size, box):
    mask = find_subject(Image.new("RGB", size, "white"), box)
    assert mask.size == size
