"""What the server keeps of one visit: the content on screen and the visitor's own styles.

It lives in memory, is bound to the browser tab and vanishes with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from stylize.controls import Controls
from stylize.library import StyleLibrary
from stylize.regions import MAX_FEATHER_PX, Region
from stylize.studio.framing import WHOLE, Framing
from stylize.studio.memory import picture_at_work
from stylize.studio.pictures import fit, from_data_url, to_data_url
from stylize.studio.settings import StudioSettings
from stylize.styles import StyleVector

MAX_SCENES = 24  # as many as the history shows


class EngineLike(Protocol):
    """What the page needs of an engine."""

    @property
    def encoder_sha256(self) -> str:
        """SHA-256 of the style encoder."""

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the whole model."""

    @property
    def precision(self) -> str:
        """``int8`` or ``fp32``."""

    def warm_up(self) -> None:
        """Load everything now instead of at the first picture."""

    def encode_style(self, image: Image.Image) -> StyleVector:
        """Encode a style picture."""

    def stylize(
        self,
        content: Image.Image,
        style: StyleVector,
        *,
        controls: Controls = ...,
        max_side_px: int | None = None,
        regions: Sequence[Region] = (),
        fast: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Image.Image:
        """Paint the content in the style."""


@dataclass(frozen=True, eq=False)
class Content:
    """The content of a visit, at the two sizes shown; the full size stays in its file.

    Attributes:
        path: File with the full size; None for a drawing, whose ``screen`` is all there is.
        preview: Small, for the picture shown while a slider moves.
        screen: As shown when a slider has come to rest.
        screen_url: ``screen`` as a data URL.
        full_size: Width and height of the full size in pixels.
        key: The browser's name for it.
        framing: Which part of the file it is.
    """

    path: str | None
    preview: Image.Image
    screen: Image.Image
    screen_url: str
    full_size: tuple[int, int]
    key: str = ""
    framing: Framing = WHOLE

    @classmethod
    def load(
        cls,
        path: str,
        settings: StudioSettings,
        *,
        key: str = "",
        framing: Framing = WHOLE,
        tell: Callable[[str], None] = lambda _: None,
    ) -> Content:
        """Open an uploaded file.

        Args:
            path: The file.
            settings: Limits and sizes.
            key: The browser's name for it.
            framing: Which part of the file is taken.
            tell: See `open_picture`.

        Raises:
            ImageError: The file is no picture or beyond the limits.
        """
        with picture_at_work(path, settings, tell) as image:
            content = cls.from_image(framing.apply(image), settings, path=path, key=key)
            return replace(content, framing=framing)

    @classmethod
    def from_image(
        cls,
        image: Image.Image,
        settings: StudioSettings,
        *,
        path: str | None = None,
        key: str = "",
    ) -> Content:
        """Take a picture that is already open."""
        screen = fit(image, settings.screen_px)
        preview = fit(screen, settings.preview_px)
        url = to_data_url(screen, quality=90)
        return cls(path, preview, screen, url, image.size, key or secrets.token_hex(8))

    @classmethod
    def again(cls, scene: Scene, settings: StudioSettings) -> Content | None:
        """Bring the content of an earlier scene back; at screen size once its file is deleted."""
        if not scene.screen_url:
            return None
        if scene.path is not None and Path(scene.path).exists():
            return cls.load(scene.path, settings, key=scene.key, framing=scene.framing)
        screen = from_data_url(scene.screen_url, settings)
        return cls.from_image(screen, settings, key=scene.key)

    @contextmanager
    def full(self, settings: StudioSettings) -> Iterator[Image.Image]:
        """Open the content at its full size, or what is on screen once the file is deleted."""
        if self.path is None or not Path(self.path).exists():
            yield self.screen
            return
        with picture_at_work(self.path, settings) as image:
            yield self.framing.apply(image)


@dataclass(frozen=True, eq=False)
class Scene:
    """What an entry of the history was painted on, small enough to keep many.

    Attributes:
        path: File of the content.
        screen_url: The content as shown; empty where there was none.
        key: The browser's name for the content.
        framing: Which part of the file it is.
        painted: Regions as the browser sent them.
    """

    path: str | None = None
    screen_url: str = ""
    key: str = ""
    framing: Framing = WHOLE
    painted: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Visit:
    """The state of one visit.

    Attributes:
        content: What is painted on.
        library: The visit's own library on a page for strangers; None where all use one library.
        regions: Parts of the content with a style of their own, with edges as wide as on screen;
            see `regions_for`.
        scene: Number of the present scene; 0 before the first content.
        scenes: The latest scenes by number, for the history.
        latest: What was made last and may be asked for again; shared by all states of the visit.
    """

    content: Content | None = None
    library: StyleLibrary | None = None
    regions: tuple[Region, ...] = ()
    scene: int = 0
    scenes: Mapping[int, Scene] = field(default_factory=dict)
    latest: dict[str, Any] = field(default_factory=dict)

    def with_content(self, content: Content | None) -> Visit:
        """Return the visit with another content; the regions of the old one are gone."""
        scene = Scene()
        if content is not None:
            scene = Scene(content.path, content.screen_url, content.key, content.framing)
        return replace(self, content=content, regions=())._noted(scene)

    def with_regions(
        self, regions: Sequence[Region], painted: Mapping[str, Any] | None = None
    ) -> Visit:
        """Return the visit with other regions, as they were painted."""
        scene = replace(self.scenes.get(self.scene, Scene()), painted=painted)
        return replace(self, regions=tuple(regions))._noted(scene)

    def regions_for(self, size: tuple[int, int]) -> list[Region]:
        """Return the regions for the content at another size: with edges as wide as on screen."""
        if self.content is None:
            return list(self.regions)
        grow = max(size) / max(self.content.screen.size)
        return [
            replace(region, feather_px=min(MAX_FEATHER_PX, region.feather_px * grow))
            for region in self.regions
        ]

    def _noted(self, scene: Scene) -> Visit:
        # From anywhere: a page that outlives its visit must not take the next one's scenes for old.
        number = max(self.scenes, default=secrets.randbelow(1 << 40)) + 1
        latest = dict(list(self.scenes.items())[1 - MAX_SCENES :])
        return replace(self, scene=number, scenes=latest | {number: scene})

    def back_to(self, scene: int, content: Content | None, regions: Sequence[Region]) -> Visit:
        """Return the visit at one of its scenes."""
        return replace(self, scene=scene, content=content, regions=tuple(regions))

    def renumbered(self) -> Visit:
        """Return the visit with the present scene under a new number."""
        return self._noted(self.scenes.get(self.scene, Scene()))

    def with_library(self, library: StyleLibrary) -> Visit:
        """Return the visit with a library of its own."""
        return replace(self, library=library)
