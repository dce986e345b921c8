import json
import re

import pytest

from stylize.studio import texts
from stylize.studio.theme import STATIC_DIR


@pytest.mark.parametrize("key", texts.TEXTS)
def test_every_text_exists_in_every_language(key):
    column = texts.TEXTS[key]
    assert len(column) == len(texts.LANGUAGES)
    assert all(text.strip() for text in column)
    holes = [set(re.findall(r"\{\w+\}", text)) for text in column]
    assert all(hole == holes[0] for hole in holes)


def test_every_text_that_a_script_asks_for_exists():
    asked = set()
    for path in STATIC_DIR.glob("*.js"):
        source = path.read_text("utf-8")
        asked |= set(re.findall(r'(?<!Con)text\("(\w+)"', source))
        asked |= set(re.findall(r'(?:button|big|tool)\("\w+", "(\w+)"', source))
    assert asked
    assert asked <= texts.TEXTS.keys()


def test_the_script_cannot_end_its_element():
    script = texts.script()
    assert "</" not in script
    tables = json.loads(script.removeprefix("window.STUDIO_TEXTS = ").removesuffix(";"))
    assert set(tables) == set(texts.LANGUAGES)


def test_an_unknown_key_is_a_mistake():
    with pytest.raises(KeyError):
        texts.t("no_such_text")
