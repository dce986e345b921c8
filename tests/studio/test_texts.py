import json
import re

import pytest

from stylize.messages import LANGUAGES
from stylize.studio import texts
from stylize.studio.theme import STATIC_DIR


def test_every_text_that_a_script_asks_for_exists():
    asked = set()
    for path in STATIC_DIR.glob("*.js"):
        source = path.read_text("utf-8")
        asked |= set(re.findall(r'(?<!Con)text\("(\w+)"', source))
        asked |= set(re.findall(r'(?:button|big|tool)\("\w+", "(\w+)"', source))
        asked |= set(re.findall(r'": "(gradio_\w+)"', source))
    assert len(asked) > 50
    assert asked <= texts.table("en").keys()


def test_the_script_cannot_end_its_element():
    script = texts.script()
    assert "</" not in script
    tables = json.loads(script.removeprefix("window.STUDIO_TEXTS = ").removesuffix(";"))
    assert set(tables) == set(LANGUAGES)


def test_an_unknown_key_is_a_mistake():
    with pytest.raises(KeyError):
        texts.t("no_such_text")
