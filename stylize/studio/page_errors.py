"""Errors on the page: messages meant for the user are shown, everything else is logged."""

from __future__ import annotations

import contextlib
import functools
import html
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import gradio as gr
from starlette.requests import Request

from stylize.errors import StylizeError
from stylize.messages import LANGUAGES, say, texts, translate
from stylize.studio.gradio_internals import request_header

F = TypeVar("F", bound=Callable[..., Any])

_LANGUAGE_HEADER = "x-studio-language"


def show_errors(function: F) -> F:
    """Turn a `StylizeError` of a callback, or a lack of memory, into a message on the page.

    Any other exception is left alone: Gradio logs it and shows the visitor no internals.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with _on_page():
            return function(*args, **kwargs)

    @functools.wraps(function)
    def iterate(*args: Any, **kwargs: Any) -> Any:
        with _on_page():
            yield from function(*args, **kwargs)

    # Gradio tells a generator by the function, not by what it returns.
    return iterate if inspect.isgeneratorfunction(function) else call  # type: ignore[return-value]


@contextlib.contextmanager
def _on_page() -> Iterator[None]:
    try:
        yield
    except StylizeError as error:
        raise page_error(error.message) from error
    except MemoryError as error:
        raise page_error(say("memory")) from error


def tell(text: str) -> None:
    """Show a note on the page; escaped as `page_error` does."""
    gr.Warning(html.escape(translate(text, visitor_language()), quote=False), duration=8)


def page_error(text: str) -> gr.Error:
    """Return an error that shows a text on the page, in the visitor's language.

    Gradio shows messages as HTML, and names in them come from links, recipes and files of others.
    """
    language = visitor_language()
    return gr.Error(
        html.escape(translate(text, language), quote=False),
        duration=8,
        title=texts(language)["page"]["gradio_error"],
        print_exception=False,
    )


def visitor_language() -> str:
    """Return the language of the page that is being answered; English to programs.

    The page's scripts name it (``static/gradio.js``); whoever uses the API does not.
    """
    return _known(request_header(_LANGUAGE_HEADER))


def said_to(request: Request, text: str) -> str:
    """Return a text in the language of the page that a request to a route of ours comes from."""
    return translate(text, _known(request.headers.get(_LANGUAGE_HEADER, "")))


def _known(language: str) -> str:
    return language if language in LANGUAGES else "en"
