"""A visitor's film: checked, cut to the limits of the page, painted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize.errors import ControlError, VideoError
from stylize.messages import say
from stylize.studio.full_size import Stopped
from stylize.studio.look import CONTROL_NAMES, Look
from stylize.studio.painter import Painter, safe_name
from stylize.studio.settings import StudioSettings
from stylize.studio.visit import Visit

if TYPE_CHECKING:
    from stylize.video.film_recipe import FilmRecipe
    from stylize.video.run import FilmSummary
    from stylize.video.timeline import KeyPoint

STABILITY = 0.8
MAX_POINTS = 20  # of each control
_KEPT_SUFFIXES = (".webm", ".gif")  # all else becomes MP4


@dataclass(frozen=True)
class FilmJob:
    """A film to paint.

    Attributes:
        source: The visitor's film.
        out: Where it is painted to.
        made: How.
        is_cut: It says that it is longer than what is painted of it.
    """

    source: Path
    out: Path
    made: FilmRecipe
    is_cut: bool

    @classmethod
    def of(
        cls,
        painter: Painter,
        visit: Visit,
        look: Look,
        source: Path,
        *,
        points: Sequence[KeyPoint] = (),
        stability: float = STABILITY,
        max_side_px: int,
    ) -> FilmJob:
        """Plan the film within the limits of the page.

        Args:
            painter: Of the page.
            visit: Of the visitor.
            look: Where no key point says otherwise.
            source: The film.
            points: Key points of controls.
            stability: Of the paint, 0 to 1.
            max_side_px: Longer side of the frames.

        Raises:
            StylizeError: The film cannot be read, or the look has no style.
        """
        from stylize.video.film_recipe import FilmRecipe
        from stylize.video.source import Wanted

        settings = painter.settings
        wanted = Wanted(
            end_s=settings.max_film_s,  # always: what a file says of its length may be wrong
            max_side_px=min(max_side_px, settings.max_film_px),
        )
        recipe = painter.recipe(visit, look, max_side_px=wanted.max_side_px)
        suffix = source.suffix.lower()
        stem = safe_name("-".join([source.stem, *look.styles]))
        out = painter.files.place(f"{stem}{suffix if suffix in _KEPT_SUFFIXES else '.mp4'}")
        made = FilmRecipe(recipe, tuple(points), wanted, stability)
        return cls(source, out, made, length_s(source) > settings.max_film_s)

    def paint(
        self, painter: Painter, progress: Callable[[int, int], None] = lambda *_: None
    ) -> FilmSummary:
        """Paint it.

        Args:
            painter: Has the engine.
            progress: Called with the frames done and about how many there are; where it raises
                `Stopped`, the film ends with what is done.
        """
        from stylize.video.run import FilmProgress, StopFilm, paint_film

        def show(state: FilmProgress) -> None:
            try:
                progress(state.done, state.count or state.done)
            except Stopped:
                raise StopFilm from None

        return paint_film(
            painter.engine,  # type: ignore[arg-type]  # a whole engine, outside of tests
            self.source,
            self.out,
            self.made.timeline(),
            wanted=self.made.wanted,
            stability=self.made.stability,
            comment=self.made.to_json(),
            progress=show,
        )


def points_of(curve: Mapping[str, Any] | None) -> list[KeyPoint]:
    """Return the key points of a curve that was drawn, see `components.curve`.

    Raises:
        ControlError: A time or a value cannot be.
    """
    from stylize.video.timeline import points_from

    drawn = (curve or {}).get("points") or {}
    if not isinstance(drawn, dict):
        raise ControlError(say("curve_wrong"))
    records = []
    for name, pairs in drawn.items():
        good = name in CONTROL_NAMES and isinstance(pairs, list) and len(pairs) <= MAX_POINTS
        if not good or not all(_is_pair(pair) for pair in pairs):
            raise ControlError(say("curve_wrong"))
        records += [{"time": time, name: value} for time, value in pairs]
    return points_from(records)


def _is_pair(pair: Any) -> bool:
    """Whether it is a list of two numbers."""
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(part, (int, float)) and not isinstance(part, bool) for part in pair)
    )


def film_source(path: str | None, settings: StudioSettings) -> Path:
    """Return a visitor's film.

    Raises:
        VideoError: There is none, or it is too large.
    """
    if not path:
        raise VideoError(say("no_film"))
    source = Path(path)
    if not source.exists():
        raise VideoError(say("gone"))
    size, most = source.stat().st_size, settings.max_film_mb
    if size > most * 1_000_000:
        raise VideoError(say("film_too_large", size=f"{size / 1e6:.0f}", most=most))
    return source


def length_s(source: Path) -> float:
    """Return about how long a film is; 0 if it does not say.

    Raises:
        VideoError: It cannot be read.
    """
    from stylize.video.reading import open_film

    with open_film(source) as film:
        return float(film.count / film.rate) if film.count else 0.0
