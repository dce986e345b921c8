"""The studio: the page of artists and children, and its API."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable
from typing import Any

from PIL import Image

from stylize.errors import StylizeError
from stylize.extras import missing_extra, needs_extra
from stylize.library import StyleLibrary
from stylize.model_files import ModelFiles
from stylize.studio.environment import prepared

with needs_extra("studio"), prepared():
    import gradio as gr
    from starlette.routing import BaseRoute

from stylize.memory import give_back_memory
from stylize.offers import EXAMPLES_DIR
from stylize.studio import theme
from stylize.studio.device import device_routes
from stylize.studio.front import front_routes
from stylize.studio.gallery import Gallery
from stylize.studio.guard import is_loopback
from stylize.studio.health import Health, Metrics
from stylize.studio.lan import invitation, lan_address
from stylize.studio.lock import CodeLock
from stylize.studio.page import build_page
from stylize.studio.serving import start, wait
from stylize.studio.settings import StudioSettings
from stylize.studio.texts import i18n
from stylize.studio.visit import EngineLike
from stylize.studio.visit_states import forget_visits
from stylize.studio.wall import ClassWall
from stylize.studio.wall_routes import wall_routes

__all__ = ["StudioSettings", "build_page", "launch"]

logger = logging.getLogger(__name__)


def _launch_options(settings: StudioSettings) -> dict[str, Any]:
    """Return the arguments of ``Blocks.launch`` that look and privacy depend on."""
    return {
        "theme": theme.theme(),
        "css_paths": theme.CSS_PATH,
        "i18n": i18n(),
        "run_history": False,
        "enable_monitoring": False,
        "allowed_paths": [str(EXAMPLES_DIR)],
        "max_file_size": f"{max(settings.max_upload_mb, settings.max_film_mb)}mb",
        "footer_links": [] if settings.classroom else ["api"],
        "show_error": False,
        "pwa": False,
    }


def launch(
    engine: EngineLike,
    library: StyleLibrary,
    *,
    settings: StudioSettings | None = None,
    host: str | None = None,
    port: int | None = None,
    trust_network: bool = False,
    mcp: bool = False,
    metrics: bool = False,
    ssl_certfile: str | None = None,
    ssl_keyfile: str | None = None,
    announce: Callable[[str], None] | None = None,
    block: bool = True,
    new_library: Callable[[], StyleLibrary] | None = None,
    on_device: ModelFiles | None = None,
) -> gr.Blocks:
    """Build the page and serve it.

    Args:
        engine: Encodes styles and paints.
        library: The style library.
        settings: Limits and privacy. Default: those of a local installation.
        host: Address to listen on. Default: that of ``GRADIO_SERVER_NAME``, as a Space sets it,
            else 127.0.0.1, which only this computer can reach.
        port: Port to listen on. Default: the first free one from 7860.
        trust_network: Give everyone who can reach the page what its owner may do: change the
            library, fetch its pictures. Without it a page that others can reach is one for
            strangers, as on a Space.
        mcp: Serve the endpoints as tools of the Model Context Protocol too.
        metrics: Serve counts and times for Prometheus as ``/metrics``, to everyone who can reach
            the page.
        ssl_certfile: Certificate for https; browsers lend the camera to secure pages only.
        ssl_keyfile: Its key.
        announce: Called with the address once the page is served, with a QR code where it is served
            to other devices (``host="0.0.0.0"``), and with the teacher's code; ``print`` on a
            command line.
        block: Return only when the server ends.
        new_library: See `build_page`.
        on_device: The model with which browsers may paint themselves: the tablets of a class all
            that they paint, others what follows a slider. Default: this computer paints all.

    Returns:
        The page; with ``block=False`` it is being served when this returns.

    Raises:
        StylizeError: ``mcp`` was asked for and cannot be served, its extra or that of ``metrics``
            is not installed, or the address, the port or the certificate cannot be used.
    """
    if mcp and importlib.util.find_spec("mcp") is None:
        raise missing_extra("mcp", "mcp")
    settings = settings or StudioSettings()
    host = host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    if not is_loopback(host) and not settings.public:
        settings = _beyond_this_computer(settings, trust_network, announce or logger.warning)
    Image.MAX_IMAGE_PIXELS = settings.max_pixels
    give_back_memory()
    new_library = new_library or (lambda: StyleLibrary.in_memory(encoder=engine))
    if settings.public:  # strangers see nothing of the owner's library, nor can they change it
        library = new_library()
    engine.warm_up()  # the first visitor does not wait for it
    health = Health(engine)
    counted = Metrics(engine) if metrics else None
    gallery = Gallery(library)
    wall = ClassWall() if settings.class_wall else None
    routes: list[BaseRoute] = [
        health.route(),
        *front_routes(),
        *gallery.routes(listing=not settings.classroom),
    ]
    if counted is not None:
        routes.append(counted.route())
    if wall is not None:
        routes += wall_routes(wall, CodeLock(settings.teacher_code))
    if on_device is not None:
        routes += device_routes(on_device, library, settings, wall)
    page = build_page(
        engine if counted is None else counted.engine,
        library,
        settings=settings,
        new_library=new_library,
        gallery=gallery,
        wall=wall,
        on_device=on_device is not None,
    )
    if counted is not None:
        counted.page = page
    start(
        page,
        settings,
        host,
        port,
        ssl_certfile,
        ssl_keyfile,
        mcp_server=mcp,
        quiet=True,  # Gradio would offer to share the page with everyone
        routes=routes,
        **_launch_options(settings),
    )
    forget_visits(page, settings.grace_s)
    if page.mcp_error:
        page.close()
        raise StylizeError(f"The tools cannot be served: {page.mcp_error}")
    if announce is not None and host == "0.0.0.0":
        scheme = "https" if ssl_certfile else "http"
        url = f"{scheme}://{lan_address()}:{page.server_port}"
        announce(
            invitation(url, teacher_code=settings.teacher_code if settings.class_wall else None)
        )
    elif announce is not None:
        announce(f"Open {page.local_url}")
        if settings.class_wall:
            announce(
                f"Teacher's view: {page.local_url}teacher with the code {settings.teacher_code}"
            )
    if block:
        wait(page, end_s=settings.end_s, on_end=health.end)
    return page


def _beyond_this_computer(
    settings: StudioSettings, trust_network: bool, tell: Callable[[str], None]
) -> StudioSettings:
    if trust_network:
        tell(
            "Warning: everyone in this network can change and remove the styles of this library "
            "and fetch the pictures in it."
        )
        return settings
    tell(
        "Others can reach this page, so it is one for strangers: with the bundled styles only, "
        "theirs forgotten with their visit. --trust-lan shares your own library with everyone."
    )
    return settings.for_strangers()
