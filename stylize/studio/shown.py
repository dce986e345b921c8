"""Errors on the page: messages meant for the user are shown, everything else is logged."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr

from stylize.errors import StylizeError

F = TypeVar("F", bound=Callable[..., Any])


def shown(function: F) -> F:
    """Turn a `StylizeError` of a callback into a message on the page.

    Any other exception is left alone: Gradio logs it and shows the visitor no internals.
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except StylizeError as error:
            raise gr.Error(str(error), duration=8, print_exception=False) from error

    return wrapper  # type: ignore[return-value]
