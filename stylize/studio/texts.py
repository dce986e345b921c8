"""The words of the page in all languages, from ``stylize/languages``."""

from __future__ import annotations

import json

import gradio as gr

from stylize.library import StyleRecord
from stylize.library.records import fold, search_words
from stylize.messages import LANGUAGES, texts

# Said by the page before it sends anything; all other messages come from the server.
_MESSAGES_OF_THE_PAGE = ("too_many_bytes",)


_labels: set[str] = set()


def i18n() -> gr.I18n:
    """Return the texts that pages have asked for by `t` so far, as Gradio's translations."""
    tables = {
        language: {key: text for key, text in texts(language)["page"].items() if key in _labels}
        for language in LANGUAGES
    }
    # Browsers ask for Chinese by its region; Gradio looks the exact tag up.
    return gr.I18n(**tables, **{"zh-CN": tables["zh"]})


def table(language: str) -> dict[str, str]:
    """Return key to text of one language: all that the page itself can say."""
    found = texts(language)
    messages = {key: found["messages"][key] for key in _MESSAGES_OF_THE_PAGE}
    return {**found["page"], **found["styles"], **messages}


def title_of(record: StyleRecord, language: str) -> str:
    """Return a style's title: those of bundled styles are there in every language."""
    if not record.bundled:
        return record.label
    return texts(language)["styles"].get(f"title_{record.name}", record.label)


def titled_like(words: str, language: str) -> list[str]:
    """Return names of bundled styles whose title in a language other than English holds words."""
    wanted = search_words(words)
    if language == "en" or not wanted:
        return []
    return [
        key.removeprefix("title_")
        for key, title in texts(language)["styles"].items()
        if key.startswith("title_") and all(word in fold(title) for word in wanted)
    ]


def script() -> str:
    """Return the texts as JavaScript for the page's own components."""
    tables = {language: table(language) for language in LANGUAGES}
    # "</" could end the script element early
    return f"window.STUDIO_TEXTS = {json.dumps(tables, ensure_ascii=False)};".replace("</", "<\\/")


def t(key: str) -> str:
    """Return the translatable text of a key, for labels of Gradio components.

    Raises:
        KeyError: There is no such text.
    """
    if key not in texts("en")["page"]:
        raise KeyError(key)
    _labels.add(key)
    # Typed as str: Gradio's components take it wherever they take a text.
    return gr.I18n()(key)  # type: ignore[return-value]
