"""What is said to users: texts by code, in English everywhere, in other languages at the edge.

Errors are raised in English and carry the code and the values of their text. Who shows them to a
person, as the studio's page does, says the same in that person's language; the command line and the
API leave it in English. All texts of a language lie in one file, ``languages/<language>.json``:
``messages`` by code, and the words of the page.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = ("en", "de", "zh", "es")
_FOLDER = Path(__file__).parent / "languages"


class Message(str):
    """A text in English that knows what it was made of.

    Attributes:
        code: Its name in every language; empty for a text that is there in English only.
        values: What stands in its placeholders.
    """

    code: str
    values: Mapping[str, object]

    def __new__(
        cls, text: str, code: str = "", values: Mapping[str, object] | None = None
    ) -> Message:
        """Make a message; `say` makes one by its code."""
        message = super().__new__(cls, text)
        message.code, message.values = code, values or {}
        return message


@functools.cache
def texts(language: str) -> Mapping[str, Mapping[str, str]]:
    """Return the texts of a language: ``messages`` and ``page``, each by key.

    Raises:
        ValueError: There is no such language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"there is no language {language!r}")
    found: dict[str, dict[str, str]] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def say(code: str, **values: object) -> Message:
    """Return a message.

    Args:
        code: Its name.
        **values: What to put into its placeholders; other messages, and errors that carry one,
            are translated with it.

    Raises:
        KeyError: There is no such message, or it lacks a value.
    """
    values = {name: getattr(value, "message", value) for name, value in values.items()}
    return Message(texts("en")["messages"][code].format(**values), code, values)


def translate(text: str, language: str) -> str:
    """Say a text in another language; one without a code stays as it is."""
    if not isinstance(text, Message) or not text.code:
        return str(text)
    values = {
        name: translate(value, language) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    return texts(language)["messages"][text.code].format(**values)
