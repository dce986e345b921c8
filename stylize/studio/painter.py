"""The one place where the page calls the engine."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor

from stylize.errors import ImageError, StyleNotFoundError, StylizeError
from stylize.files import why_not_written, write_whole
from stylize.images import save_image
from stylize.library import StyleLibrary, free_name, numbered_names, slugify
from stylize.library.shared_file import read_styles
from stylize.messages import say
from stylize.recipe import Recipe, RecipeStyle, read_recipe
from stylize.regions import FEATHER_PX, Region, masks_from_colors
from stylize.studio.gallery import Gallery
from stylize.studio.look import Look
from stylize.studio.pictures import from_data_url, to_data_url
from stylize.studio.settings import LimitError, RateLimit, StudioSettings
from stylize.studio.temporary_files import TemporaryFiles
from stylize.studio.visit import Content, EngineLike, Visit
from stylize.styles import StyleVector

NAMELESS = "from-a-recipe"  # a style that a recipe brings without a name


@dataclass
class Painter:
    """An engine, a library and the page's settings, shared by all tabs.

    It holds no state of a visit: many requests use one painter at once.
    """

    engine: EngineLike
    library: StyleLibrary
    settings: StudioSettings
    new_library: Callable[[], StyleLibrary]
    gallery: Gallery
    rate: RateLimit = field(init=False)
    files: TemporaryFiles = field(init=False)

    def __post_init__(self) -> None:
        self.rate = RateLimit(self.settings.jobs_per_minute)
        self.files = TemporaryFiles(self.settings.retention_s)

    def library_of(self, visit: Visit) -> StyleLibrary:
        """Return the library that a visit sees."""
        return visit.library or self.library

    def source(self, visit: Visit | None = None) -> dict[str, Any]:
        """Return what the galleries need to show the styles that a visit sees by now."""
        return self.gallery.source(self.library_of(visit) if visit else self.library)

    def style_of(self, visit: Visit, look: Look) -> StyleVector:
        """Return the blend that a look asks for.

        Raises:
            StyleNotFoundError: The look names no style, or one that nobody knows.
        """
        if not look.styles:
            raise StyleNotFoundError(say("no_style"))
        return self.library_of(visit).blend(look.styles)

    def add_style(self, visit: Visit, image: Image.Image, title: str) -> tuple[Visit, str]:
        """Add a visitor's style: to the library, or on a page for strangers to the visit.

        A picture that is there already, pixel for pixel, is not added again.

        Returns:
            The visit, and the name of the style.

        Raises:
            LimitError: The visit has as many styles as it may have.
            ImageError: The picture is too small.
        """
        visit = self.with_own_library(visit)
        library = self.library_of(visit)
        known = library.find_content(image)
        if known is not None and not library.get(known).stale:
            return visit, known
        self._check_room(library, 1)
        name = free_name(slugify(title), library)
        library.add(name, image, title=title)
        return visit, name

    def import_styles(self, visit: Visit, path: str) -> Visit:
        """Read styles from a file: into the library, or on a page for strangers into the visit.

        Raises:
            LimitError: The visit would have more styles than it may have; none is added.
            LibraryError: The file is damaged or hostile.
        """
        visit = self.with_own_library(visit)
        library = self.library_of(visit)
        if self.settings.public:  # before anything is encoded
            new = [
                record
                for record, _ in read_styles(Path(path))
                if record.name not in library or library.get(record.name).vector != record.vector
            ]
            self._check_room(library, len(new))
        library.import_(path, on_conflict="rename")
        return visit

    def _check_room(self, library: StyleLibrary, more: int) -> None:
        """Refuse more styles than a visit to a page for strangers may have."""
        most = self.settings.max_own_styles
        has = library.count(bundled=False)
        if self.settings.public and more and has + more > most:
            raise LimitError(say("own_styles_limit", most=most, has=has, more=more))

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
        if visit.content is None and visit.scene == 0:
            return {"forgotten": True}  # or not there yet; the page knows what it has shown
        if visit.content is None or not look.styles:
            return None
        start = time.perf_counter()
        content = visit.content.preview if live else visit.content.screen
        image = self.engine.stylize(
            content,
            self.style_of(visit, look),
            controls=look.controls,
            regions=visit.regions_for(content.size),
            fast=live,
        )
        elapsed = time.perf_counter() - start
        width, height = visit.content.full_size
        return {
            "content": visit.content.key,
            "after": to_data_url(image, quality=85 if live else 88),
            "live": live,
            "width": width,
            "height": height,
            "note": f"{width} \N{MULTIPLICATION SIGN} {height} · {elapsed:.2f} s",
            "look": look.to_dict(),
            "query": look.to_query(),
            "scene": visit.scene,
        }

    def back_to(self, visit: Visit, scene: int) -> Visit:
        """Return to the content and the regions of an earlier scene of the visit.

        Raises:
            StylizeError: A style of its regions was removed, or its file cannot be read any more.
        """
        kept = visit.scenes[scene]
        visit = visit.back_to(scene, Content.again(kept, self.settings), ())
        return replace(visit, regions=tuple(self.regions_of(visit, kept.painted)))

    def at_full_size(
        self,
        visit: Visit,
        look: Look,
        progress: Callable[[float], None] | None = None,
        *,
        size: tuple[int, int] | None = None,
    ) -> Image.Image:
        """Paint the content at its full size.

        Args:
            visit: Holds the content.
            look: Styles and controls.
            progress: Called with the share done; what it raises ends the work.
            size: Paint it at this width and height instead.

        Raises:
            ImageError: There is no content.
        """
        if visit.content is None:
            raise ImageError(say("no_content"))
        with visit.content.full(self.settings) as content:
            if size is not None:
                content = content.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
            return self.engine.stylize(
                content,
                self.style_of(visit, look),
                controls=look.controls,
                regions=visit.regions_for(content.size),
                progress=progress,
            )

    def regions_of(self, visit: Visit, painted: Mapping[str, Any] | None) -> list[Region]:
        """Read the regions that a visitor painted.

        Args:
            visit: Holds the library, and the content that they were painted on.
            painted: ``painted``, a data URL in flat colours on transparent ground; ``styles``,
                colour (``#rrggbb``) to style name, where an empty name keeps the content; ``soft``,
                the width of the edges as a share of the content's longer side.

        Raises:
            StylizeError: The drawing or a style cannot be used.
        """
        if not painted:
            return []
        image = from_data_url(str(painted.get("painted", "")), self.settings)
        masks = masks_from_colors(image)
        library = self.library_of(visit)
        feather_px = self._feather_px(visit, painted.get("soft"))
        regions = []
        for color, name in dict(painted.get("styles", {})).items():
            wanted = ImageColor.getrgb(str(color))[:3]
            # Browsers may round a colour by a step where the canvas is semi-transparent.
            near = [
                c for c in masks if max(abs(a - b) for a, b in zip(c, wanted, strict=True)) < 24
            ]
            style = library.get(name).vector if name else None
            regions += [Region(masks[c], style, feather_px) for c in near]
        return regions

    def _feather_px(self, visit: Visit, soft: Any) -> float:
        """Return the width of regions' edges on screen, in pixels."""
        if visit.content is None or not isinstance(soft, int | float):
            return FEATHER_PX
        return min(0.2, max(0.0, float(soft))) * max(visit.content.screen.size)

    def recipe(self, visit: Visit, look: Look, *, max_side_px: int | None = None) -> Recipe:
        """Return the recipe that a result carries: it holds no name, path or date."""
        library = self.library_of(visit)
        styles = [
            RecipeStyle.of(library.get(name).vector, name=name, weight=weight)
            for name, weight in look.styles.items()
        ]
        return Recipe.of(
            self.engine, styles, look.controls, max_side_px=max_side_px, masks=len(visit.regions)
        )

    def read_recipe(self, path: str) -> Recipe | None:
        """Return the recipe inside a picture, None where there is none that can be used."""
        try:
            return read_recipe(path)
        except StylizeError:
            return None

    def use_recipe(self, visit: Visit, recipe: Recipe, thumbnail: bytes) -> tuple[Visit, Look]:
        """Bring the look of a recipe back; styles unknown here are taken out of the recipe.

        A style of the same name but other values, such as another visitor's "mine", is not it: the
        recipe's gets a name of its own.

        Returns:
            The visit, with styles of the recipe added to its library, and the look.

        Raises:
            StylizeError: The recipe names a style that is neither known nor inside of it, or the
                visit has no room for its styles.
        """
        unknown = [s for s in recipe.styles if _known_name(self.library_of(visit), s) is None]
        if unknown:
            visit = self.with_own_library(visit)
            self._check_room(self.library_of(visit), len(unknown))
        library = self.library_of(visit)
        weights: dict[str, float] = {}
        for style in recipe.styles:
            name = _known_name(library, style)
            if name is None:
                title = style.name or NAMELESS
                if style.vector is None:
                    raise StyleNotFoundError(say("recipe_style_unknown", name=title))
                name = free_name(slugify(title), library)
                library.add_vector(name, style.vector, thumbnail=thumbnail)
            weights[name] = weights.get(name, 0.0) + style.weight
        return visit, Look(weights, recipe.controls)

    def save(
        self,
        image: Image.Image,
        suffix: str,
        stem: str,
        recipe: Recipe | None = None,
        *,
        quality: int = 95,
    ) -> str:
        """Write a result to a file that is deleted after the retention time.

        Args:
            image: The result.
            suffix: ``.png``, ``.jpg`` or ``.webp``.
            stem: Name of the file without suffix.
            recipe: How it was made, to be kept inside of it.
            quality: Of JPEG and WebP.
        """
        path = self.files.place(f"{safe_name(stem)}{suffix}")
        save_image(image, path, recipe=recipe, quality=quality)
        return str(path)

    def save_bytes(self, data: bytes, name: str) -> str:
        """Write an archive to a file that is deleted after the retention time."""
        path = self.files.place(name)
        try:
            write_whole(path, data)
        except OSError as error:
            raise StylizeError(why_not_written(Path(name), error)) from error
        return str(path)


def _known_name(library: StyleLibrary, style: RecipeStyle) -> str | None:
    """Return the name under which a library has the style of a recipe, None if it has not."""
    names = numbered_names(slugify(style.name or NAMELESS))
    for name in itertools.takewhile(library.__contains__, names):
        vector = library.get(name).vector
        if style.vector is None or vector.encoder_sha256 != style.vector.encoder_sha256:
            return name  # all that can be compared
        if style.sha256 == vector.sha256 or style.vector == vector:  # or rounded, from a JPEG
            return name
    return None


def safe_name(text: str, *, default: str = "picture") -> str:
    """Return a text as a file name: letters, digits, dashes."""
    return re.sub(r"[^\w-]+", "-", text).strip("-")[:60] or default
