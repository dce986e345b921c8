"""The studio: the page of artists and children, and its API."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image

from stylize.library import StyleLibrary
from stylize.studio import theme
from stylize.studio.page import build_page
from stylize.studio.settings import StudioSettings
from stylize.studio.texts import i18n
from stylize.studio.visit import EngineLike

__all__ = ["StudioSettings", "build_page", "launch", "launch_options"]


def launch_options(settings: StudioSettings) -> dict[str, Any]:
    """Return the arguments of ``Blocks.launch`` that look and privacy depend on."""
    return {
        "theme": theme.theme(),
        "css_paths": theme.CSS_PATH,
        "head": theme.head(),
        "i18n": i18n(),
        "run_history": False,
        "enable_monitoring": False,
        "strict_cors": True,
        "max_file_size": f"{settings.max_upload_mb}mb",
        "footer_links": [] if settings.classroom else ["api"],
        "show_error": False,
        "pwa": False,
    }


def launch(
    engine: EngineLike,
    library: StyleLibrary,
    *,
    settings: StudioSettings | None = None,
    host: str = "127.0.0.1",
    port: int | None = None,
    mcp: bool = False,
    block: bool = True,
    new_library: Callable[[], StyleLibrary] | None = None,
) -> gr.Blocks:
    """Build the page and serve it.

    Args:
        engine: Encodes styles and paints.
        library: The style library.
        settings: Limits and privacy. Default: those of a local installation.
        host: Address to listen on.
        port: Port to listen on. Default: the first free one from 7860.
        mcp: Serve the endpoints as tools of the Model Context Protocol too.
        block: Return only when the server ends.
        new_library: See `build_page`.

    Returns:
        The page; with ``block=False`` it is being served when this returns.
    """
    settings = settings or StudioSettings()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    Image.MAX_IMAGE_PIXELS = settings.max_pixels
    page = build_page(engine, library, settings=settings, new_library=new_library)
    page.launch(
        server_name=host,
        server_port=port,
        mcp_server=mcp,
        prevent_thread_lock=not block,
        quiet=not block,
        **launch_options(settings),
    )
    return page
