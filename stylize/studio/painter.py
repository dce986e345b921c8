"""The one place where the page calls the engine."""

from __future__ import annotations

import itertools
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from stylize.errors import ImageError, StyleNotFoundError
from stylize.images import save_image
from stylize.library import StyleLibrary, slugify
from stylize.studio.look import CONTROL_NAMES, Look
from stylize.studio.pictures import to_data_url
from stylize.studio.settings import LimitError, RateLimit, StudioSettings
from stylize.studio.visit import EngineLike, Visit
from stylize.styles import StyleVector


@dataclass
class Painter:
    """An engine, a library and the page's settings, shared by all tabs.

    It holds no state of a visit: many requests use one painter at once.
    """

    engine: EngineLike
    library: StyleLibrary
    settings: StudioSettings
    new_library: Callable[[], StyleLibrary]
    rate: RateLimit = field(init=False)

    def __post_init__(self) -> None:
        self.rate = RateLimit(self.settings.jobs_per_minute)

    def library_of(self, visit: Visit) -> StyleLibrary:
        """Return the library that a visit sees."""
        return visit.library or self.library

    def style_of(self, visit: Visit, look: Look) -> StyleVector:
        """Return the blend that a look asks for.

        Raises:
            StyleNotFoundError: The look names no style, or one that nobody knows.
        """
        if not look.styles:
            raise StyleNotFoundError("Choose a style first.")
        return self.library_of(visit).blend(look.styles)

    def add_style(self, visit: Visit, image: Image.Image, title: str) -> tuple[Visit, str]:
        """Add a visitor's style: to the library, or on a page for strangers to the visit.

        Returns:
            The visit, and the name of the style.

        Raises:
            LimitError: The visit has as many styles as it may have.
            ImageError: The picture is too small.
        """
        visit = self.with_own_library(visit)
        library = self.library_of(visit)
        most = self.settings.max_own_styles
        if self.settings.public and len(library.names(bundled=False)) >= most:
            raise LimitError(
                f"A visit keeps at most {most} styles of your own; "
                "remove one in the Styles tab first."
            )
        name = free_name(library, title)
        library.add(name, image, title=title)
        return visit, name

    def with_own_library(self, visit: Visit) -> Visit:
        """Give a visitor of a page for strangers a library in memory."""
        if visit.library or not self.settings.public:
            return visit
        return visit.with_library(self.new_library())

    def on_screen(self, visit: Visit, look: Look, *, live: bool) -> dict[str, Any] | None:
        """Paint the picture that the viewer shows.

        Args:
            visit: Holds the content.
            look: Styles and controls.
            live: Paint the small preview, to be followed by the real one.

        Returns:
            The viewer's value, or None while there is no content or no style.
        """
        if visit.content is None or not look.styles:
            return None
        start = time.perf_counter()
        content = visit.content.preview if live else visit.content.screen
        image = self.engine.stylize(content, self.style_of(visit, look), controls=look.controls)
        elapsed = time.perf_counter() - start
        width, height = visit.content.full_size
        return {
            "before": visit.content.screen_url,
            "after": to_data_url(image, quality=85 if live else 92),
            "live": live,
            "width": width,
            "height": height,
            "note": f"{width} \N{MULTIPLICATION SIGN} {height} · {elapsed:.2f} s",
            "look": look.to_dict(),
            "query": look.to_query(),
        }

    def at_full_size(
        self, visit: Visit, look: Look, progress: Callable[[float], None] | None = None
    ) -> Image.Image:
        """Paint the content at its full size.

        Raises:
            ImageError: There is no content.
        """
        if visit.content is None:
            raise ImageError("Choose a picture first.")
        return self.engine.stylize(
            visit.content.full(self.settings),
            self.style_of(visit, look),
            controls=look.controls,
            progress=progress,
        )

    def recipe_of(self, path: str) -> Look | None:
        """Return the look in a result's recipe, or None where there is none that can be used."""
        return None

    def save(self, image: Image.Image, look: Look, suffix: str, stem: str = "") -> str:
        """Write a result with its recipe to a file that is deleted after the retention time.

        Args:
            image: The result.
            look: How it was made.
            suffix: ``.png``, ``.jpg`` or ``.webp``.
            stem: Name of the file without suffix. Default: made of the styles' names.
        """
        folder = Path(tempfile.mkdtemp(prefix="stylize-"))
        path = folder / f"{safe_name(stem or '-'.join(look.styles))}{suffix}"
        save_image(image, path)
        return str(path)


def free_name(library: StyleLibrary, title: str) -> str:
    """Return a style name made of a title that no style has yet."""
    base = slugify(title)[:56]
    names = (base if n == 1 else f"{base}-{n}" for n in itertools.count(1))
    return next(name for name in names if name not in library)


def safe_name(text: str, *, default: str = "picture") -> str:
    """Return a text as a file name: letters, digits, dashes."""
    return re.sub(r"[^\w-]+", "-", text).strip("-")[:60] or default


def look_of(chosen: dict[str, float] | None, values: Sequence[float], max_styles: int) -> Look:
    """Return the look that the page's components show.

    Args:
        chosen: Value of the style gallery.
        values: Values of the sliders in the order of `CONTROL_NAMES`.
        max_styles: Largest blend.
    """
    data = {"styles": chosen or {}, **dict(zip(CONTROL_NAMES, values, strict=True))}
    return Look.from_dict(data, max_styles=max_styles)
