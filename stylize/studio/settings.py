"""Limits and privacy of the page, in one place."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace
from typing import Any

from stylize.errors import StylizeError
from stylize.messages import say


class LimitError(StylizeError):
    """A visitor has reached a limit of the page."""


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """What the page may do, store and accept.

    Attributes:
        public: A page for strangers (a Space): visitors' styles live only in their visit, and the
            bundled library cannot be changed.
        classroom: Only the children's page is the entrance; limits fit thirty tablets.
        class_wall: Results of the children's page are kept in memory for the teacher's zip.
        teacher_code: Opens the teacher's view; made anew at each start.
        retention_s: Seconds after which an uploaded or made file is deleted from the server.
        grace_s: Seconds from the closing of a page until the server forgets its visit.
        max_upload_mb: Largest upload in megabytes.
        max_film_mb: Largest film in megabytes.
        max_film_s: Seconds of a film that are painted at most.
        max_film_px: Longer side of a painted film at most.
        max_pixels: Largest picture in pixels, checked before it is decoded.
        preview_px: Longer side of the picture shown while a slider moves.
        screen_px: Longer side of the picture shown when it has come to rest.
        kids_px: Longer side of a picture made on the children's page.
        max_styles: How many styles a blend may have.
        max_own_styles: How many styles a visitor may add to a visit.
        max_batch: How many pictures one batch may make.
        queue_size: How many requests may wait before the page says that it is full.
        queue_per_visit: How many of them may be those of one visit.
        engine_jobs: How many requests may use the engine at once.
        end_s: Seconds that a page which is told to end may go on with what it was asked for.
        jobs_per_minute: How many pictures one visit may ask for in a minute.
        allowed_hosts: Names under which the page may be called, beside localhost, addresses in
            digits, this computer's name and that of the Space; ``*`` allows all.
        allowed_origins: Websites (``https://school.example``) that may use the API and show the
            page in a frame; ``*`` allows all.
    """

    public: bool = False
    classroom: bool = False
    class_wall: bool = False
    teacher_code: str = field(default_factory=lambda: _new_code())
    retention_s: int = 3600
    grace_s: float = 60
    max_upload_mb: int = 20
    max_film_mb: int = 500
    max_film_s: float = 3600
    max_film_px: int = 1920
    max_pixels: int = 40_000_000
    preview_px: int = 512
    screen_px: int = 1280
    kids_px: int = 640
    max_styles: int = 4
    max_own_styles: int = 24
    max_batch: int = 40
    queue_size: int = 64
    queue_per_visit: int = 12
    engine_jobs: int = 2
    end_s: float = 60
    jobs_per_minute: int = 600
    allowed_hosts: tuple[str, ...] = field(default_factory=lambda: _listed("STYLIZE_ALLOWED_HOSTS"))
    allowed_origins: tuple[str, ...] = field(
        default_factory=lambda: _listed("STYLIZE_ALLOWED_ORIGINS")
    )

    @classmethod
    def from_environment(cls) -> StudioSettings:
        """Return the settings of the place this runs at: a Space names itself ``SPACE_ID``."""
        return cls.for_space() if os.environ.get("SPACE_ID") else cls()

    def for_strangers(self) -> StudioSettings:
        """Return these settings with the limits of a page that strangers share."""
        space = self.for_space()
        limits: dict[str, Any] = {
            name: min(getattr(self, name), getattr(space, name)) for name in _FOR_STRANGERS
        }
        return replace(self, public=True, **limits)

    @classmethod
    def for_space(cls) -> StudioSettings:
        """Return the settings of a page that strangers share."""
        return cls(
            public=True,
            retention_s=600,
            max_upload_mb=12,
            max_film_mb=12,
            max_film_s=20,
            max_film_px=640,
            max_pixels=16_000_000,
        )

    @classmethod
    def for_classroom(cls, *, class_wall: bool = False) -> StudioSettings:
        """Return the settings of a class with tablets in one network."""
        return replace(
            cls.for_space(), classroom=True, class_wall=class_wall, max_upload_mb=8, max_film_mb=8
        )


# What a page for strangers has less of than one at home.
_FOR_STRANGERS = (
    "retention_s", "max_upload_mb", "max_film_mb", "max_film_s", "max_film_px", "max_pixels",
)  # fmt: skip


def _new_code() -> str:
    """Return 40 bits as letters and digits of which none looks like another."""
    letters = "".join(secrets.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _listed(variable: str) -> tuple[str, ...]:
    """Read a list with commas from the environment."""
    return tuple(part.strip() for part in os.environ.get(variable, "").split(",") if part.strip())


class RateLimit:
    """A sliding window of one minute for each visit.

    The window is kept by session, not by address: a whole school comes from one address.
    """

    def __init__(self, per_minute: int, *, visits: int = 2000) -> None:
        self._per_minute = per_minute
        self._visits = visits
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, visit: str | None, *, now: float | None = None) -> None:
        """Count one request of a visit.

        Args:
            visit: Key of the visit; None is never limited.
            now: Seconds on a clock that does not go back. Default: the monotonic clock.

        Raises:
            LimitError: The visit has used up its requests of the last minute.
        """
        if visit is None:
            return
        now = time.monotonic() if now is None else now
        with self._lock:
            times = self._times.setdefault(visit, deque())
            self._times.move_to_end(visit)
            while times and now - times[0] > 60:
                times.popleft()
            if len(times) >= self._per_minute:
                wait = max(1, round(60 - (now - times[0])))
                raise LimitError(say("rate_limit", most=self._per_minute, wait=wait))
            times.append(now)
            while len(self._times) > self._visits:
                self._times.popitem(last=False)
