"""The page: its tabs, built around an engine and a library."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from stylize.library import StyleLibrary
from stylize.studio import components
from stylize.studio.api import add_api
from stylize.studio.batch import batch_tab
from stylize.studio.create import create_tab
from stylize.studio.door import GuardedBlocks
from stylize.studio.fair import share_queue
from stylize.studio.film import film_tab, films_are_possible
from stylize.studio.gallery import Gallery
from stylize.studio.kids import kids_page
from stylize.studio.painter import Painter
from stylize.studio.settings import StudioSettings
from stylize.studio.styles_tab import styles_tab
from stylize.studio.teacher import teacher_page
from stylize.studio.texts import t
from stylize.studio.visit import EngineLike, Visit
from stylize.studio.visit_states import notice_who_leaves
from stylize.studio.wall import ClassWall


def build_page(
    engine: EngineLike,
    library: StyleLibrary,
    *,
    settings: StudioSettings | None = None,
    new_library: Callable[[], StyleLibrary] | None = None,
    gallery: Gallery | None = None,
    wall: ClassWall | None = None,
    on_device: bool = False,
) -> gr.Blocks:
    """Build the page.

    Args:
        engine: Encodes styles and paints.
        library: The style library; a page for strangers does not use it.
        settings: Limits and privacy. Default: those of a local installation.
        new_library: Makes the library of one visit on a page for strangers. Default: the bundled
            styles and nothing else.
        gallery: Feeds the galleries; its routes belong into the web server.
        wall: Takes what children hand in; its routes belong into the web server.
        on_device: Whether browsers may paint themselves: the tablets of a class all of it, others
            what follows a slider. The routes for that belong into the web server.

    Returns:
        The page, ready to be launched by `stylize.studio.launch`.
    """
    settings = settings or StudioSettings()
    new_library = new_library or (lambda: StyleLibrary.in_memory(encoder=engine))
    if settings.public and gallery is None:
        library = new_library()
    painter = Painter(engine, library, settings, new_library, gallery or Gallery(library))
    # Files are looked at as often as fits the retention time, so that none outlives it by much.
    often = max(1, min(60, settings.retention_s // 4))
    page = GuardedBlocks(
        title="Stylize Studio",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(often, settings.retention_s),
    )
    if wall is None and settings.class_wall:
        wall = ClassWall()
    with page:
        if settings.classroom:
            kids_page(painter, wall, on_device)
        else:
            _studio(page, painter, on_device)
            add_api(painter)
        notice_who_leaves(page)
    if not settings.classroom:
        with page.route("Kids", "/kids", show_in_navbar=False):
            kids_page(painter, wall)
    if wall is not None:
        with page.route("Teacher", "/teacher", show_in_navbar=False):
            teacher_page()
    page.queue(
        max_size=settings.queue_size,
        default_concurrency_limit=settings.engine_jobs,
        api_open=False,  # no way past the queue
    )
    share_queue(page, settings)
    return page


def _studio(page: gr.Blocks, painter: Painter, on_device: bool) -> None:
    components.header(painter.settings.class_wall, elem_id="header")
    visit = gr.State(Visit(), time_to_live=painter.settings.retention_s)
    with gr.Tabs(elem_id="tabs"):
        with gr.Tab(t("create"), id="create"):
            create = create_tab(page, painter, visit, on_device)
        with gr.Tab(t("styles"), id="styles"):
            styles_tab(painter, visit, create)
        with gr.Tab(t("batch"), id="batch") as batch:
            batch_tab(painter, visit, create, batch)
        if films_are_possible(painter.engine):
            with gr.Tab(t("film"), id="film-tab"):
                film_tab(painter, visit, create)
