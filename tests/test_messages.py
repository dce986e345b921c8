"""Every message in every language, with the same placeholders, and said somewhere."""

import ast
import json
import pickle
import re
from pathlib import Path

import pytest

from stylize.errors import ControlError, ImageError, StylizeError
from stylize.images import load_image
from stylize.library.bundled import bundled_folder
from stylize.messages import LANGUAGES, Message, say, texts, translate
from tests.conftest import make_picture

PACKAGE = Path(__file__).parents[1] / "stylize"
ENGLISH = texts("en")


def placeholders(text):
    return set(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", ["messages", "page", "styles", "site"])
def test_a_language_has_every_text_with_the_same_placeholders(language, part):
    found = texts(language)[part]
    assert list(found) == list(ENGLISH[part])
    for key, text in found.items():
        assert text.strip() == text != "", key
        assert placeholders(text) == placeholders(ENGLISH[part][key]), key


def test_bundled_styles_and_their_tags_have_names_in_every_language():
    records = json.loads((bundled_folder() / "styles.json").read_text("utf-8"))
    wanted = {f"title_{record['name']}": record["title"] for record in records}
    wanted |= {f"tag_{tag.replace(' ', '_')}": tag for record in records for tag in record["tags"]}
    assert wanted == ENGLISH["styles"]


def said():
    """Code and names of the values of every call of `say` in the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say"):
                continue
            code = node.args[0] if node.args else None
            if isinstance(code, ast.Constant) and re.fullmatch(r"[a-z_]+", str(code.value)):
                yield code.value, {keyword.arg for keyword in node.keywords}


def test_whoever_says_something_gives_its_values():
    calls = list(said())
    assert len(calls) > 90
    for code, values in calls:
        assert code in ENGLISH["messages"], code
        assert values in ({None}, placeholders(ENGLISH["messages"][code])), code


def test_every_message_is_said_somewhere():
    source = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    assert {code for code in ENGLISH["messages"] if f'"{code}"' not in source} == set()


def test_an_error_knows_what_its_message_was_made_of(tmp_path):
    path = tmp_path / "small.png"
    make_picture(15, 20).save(path)
    with pytest.raises(ImageError) as info:
        load_image(path)
    message = info.value.message
    assert (message.code, message.values["least"]) == ("too_small", 16)
    assert (
        str(info.value) == f"{path} has 15 x 20 px; each side must have at least 16 px. Take "
        "a larger picture."
    )
    assert translate(message, "de").startswith(f"{path} hat 15 x 20 px; jede Seite")
    assert pickle.loads(pickle.dumps(message)).values == message.values


def test_messages_within_messages_are_translated_too(tmp_path):
    path = tmp_path / "no.png"
    path.write_bytes(b"no picture")
    with pytest.raises(ImageError) as info:
        load_image(path.read_bytes())
    inner = ControlError(say("blend_zero"))
    assert translate(say("link_unusable", error=inner), "es").endswith("sube al menos uno.")
    assert translate(info.value.message, "de") == (
        "Das Bild ist kein Bild in einem bekannten Format. "
        "Speichere es als PNG, JPEG oder WebP und versuche es noch einmal."
    )


def test_a_message_in_english_only_stays_as_it_is():
    message = StylizeError("Only {here}.").message
    assert (message, message.code) == (Message("Only {here}."), "")
    assert translate(message, "zh") == "Only {here}."


def test_what_there_is_not_is_a_mistake():
    with pytest.raises(KeyError):
        say("no_such_message")
    with pytest.raises(KeyError):
        say("too_small", name="a.png")
    with pytest.raises(ValueError, match="no language"):
        texts("tlh")
