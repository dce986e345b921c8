import json
import re

import numpy as np
import pytest
from PIL import Image

from stylize.errors import ImageError
from stylize.images import load_image
from stylize.studio import texts
from stylize.studio.messages import MESSAGES, say
from stylize.studio.theme import STATIC_DIR
from tests.studio import fakes

ALL = texts.TEXTS | MESSAGES


@pytest.mark.parametrize("key", ALL)
def test_every_text_exists_in_every_language(key):
    column = ALL[key]
    assert len(column) == len(texts.LANGUAGES)
    assert all(text.strip() for text in column)
    holes = [set(re.findall(r"\{\w+\}", text)) for text in column]
    assert all(hole <= holes[0] if key in MESSAGES else hole == holes[0] for hole in holes)


def as_pattern(english):
    return re.sub(r"\\\{\w+\\\}", ".+", re.escape(english)) + "$"


def test_messages_of_the_library_are_still_worded_so(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"not a picture")
    with pytest.raises(ImageError, match=as_pattern(MESSAGES["say_no_picture"][0])):
        load_image(path)
    fakes.picture(1, (300, 200)).save(path)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(ImageError, match=as_pattern(MESSAGES["say_damaged"][0])):
        load_image(path)
    fakes.picture(1, (15, 200)).save(path)
    with pytest.raises(ImageError, match=as_pattern(MESSAGES["say_too_small"][0])):
        load_image(path)
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise.repeat(4, 1)).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:-2])
    notes = []
    load_image(path, tell=notes.append)
    assert re.match(as_pattern(MESSAGES["say_no_end"][0]), notes.pop())
    heights = np.linspace(-500, 4000, 60_000, dtype=np.float32).reshape(200, 300)
    Image.fromarray(heights).save(path, "TIFF")
    load_image(path, tell=notes.append)
    assert re.match(as_pattern(MESSAGES["say_odd_values"][0]), notes.pop())


def test_every_message_of_the_page_is_said_somewhere():
    folder = STATIC_DIR.parent
    said = {
        f"say_{key}"
        for path in folder.glob("*.py")
        for key in re.findall(r'\bsay\(\s*"(\w+)"', path.read_text("utf-8"))
    }
    others = {"say_error", "say_busy", "say_connection", "say_memory"}
    others |= {"say_no_picture", "say_damaged", "say_too_small", "say_no_end", "say_odd_values"}
    assert said | others == MESSAGES.keys()
    assert say("batch_limit", most=4, number=5).startswith("A batch here makes at most 4 pictures")


def test_every_text_that_a_script_asks_for_exists():
    asked = set()
    for path in STATIC_DIR.glob("*.js"):
        source = path.read_text("utf-8")
        asked |= set(re.findall(r'(?<!Con)text\("(\w+)"', source))
        asked |= set(re.findall(r'(?:button|big|tool)\("\w+", "(\w+)"', source))
    assert asked
    assert asked <= ALL.keys()


def test_the_script_cannot_end_its_element():
    script = texts.script()
    assert "</" not in script
    tables = json.loads(script.removeprefix("window.STUDIO_TEXTS = ").removesuffix(";"))
    assert set(tables) == set(texts.LANGUAGES)


def test_an_unknown_key_is_a_mistake():
    with pytest.raises(KeyError):
        texts.t("no_such_text")
