"""What the style library keeps of one style, and how styles are named and filtered."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from stylize import files
from stylize.errors import LibraryError
from stylize.library.palette import Swatch
from stylize.messages import say
from stylize.styles import StyleVector

MAX_NAME_CHARACTERS = 64
MAX_TAGS = 50
MAX_CHARACTERS = {"notes": 10_000, "source": 1_000}
_MAX_TEXT_CHARACTERS = 300
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_YEAR = re.compile(r"(?<!\d)\d{3,4}(?!\d)")

TEXT_FIELDS = ("title", "artist", "year", "movement", "license", "source", "notes")


@dataclass(frozen=True)
class StyleRecord:
    """One style of the library.

    Attributes:
        name: The slug that identifies it: lower-case letters, digits and hyphens.
        vector: What the engine applies.
        title, artist, year, movement, license, source, notes: Free text, possibly empty.
        tags: Lower-case words, sorted, each once.
        thumbnail: A WebP picture of at most 256 px a side, as bytes.
        palette: The main colours and their shares, the largest first.
        content_sha256: SHA-256 of the pixels it was made from; empty if unknown.
        created_at, updated_at: UTC times in ISO 8601; empty for bundled styles.
        has_original: Whether the picture itself is kept too.
        bundled: Whether it came with the package and is therefore read-only.
        stale: Whether the vector was made by another style encoder than the one in use. Such a
            style can be shown, but not searched for, blended or applied.
    """

    name: str
    vector: StyleVector
    title: str = ""
    artist: str = ""
    year: str = ""
    movement: str = ""
    license: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    thumbnail: bytes = field(default=b"", repr=False)
    palette: tuple[Swatch, ...] = ()
    content_sha256: str = ""
    created_at: str = ""
    updated_at: str = ""
    has_original: bool = False
    bundled: bool = False
    stale: bool = False

    @property
    def label(self) -> str:
        """The title, or the name where there is none."""
        return self.title or self.name


class Match(NamedTuple):
    """A style found by a search, and how similar it is: 1 is the same, 0 is unrelated."""

    record: StyleRecord
    similarity: float


@dataclass(frozen=True)
class StyleFilter:
    """Conditions that a style must meet, all of them. An empty one is met by every style.

    Attributes:
        text: Words that must all occur in name, title, artist, movement, year or tags; accents
            and upper or lower case do not matter.
        tags: Tags that it must all have.
        artist, movement, license: Exact values; accents and case do not matter.
        year_from, year_to: The first year named in the style's `year` must lie between them.
        colors: Colours ("#1d3557" or "gold") that must all occur in its palette, nearly.
        bundled: True: only bundled styles; False: only the user's own.
        stale: True: only styles of another encoder; False: only usable ones.
    """

    text: str = ""
    tags: tuple[str, ...] = ()
    artist: str = ""
    movement: str = ""
    license: str = ""
    year_from: int | None = None
    year_to: int | None = None
    colors: tuple[str, ...] = ()
    bundled: bool | None = None
    stale: bool | None = None


def fold(text: str) -> str:
    """Text for comparison: without accents, case and doubled blanks ("Cézanne" is "cezanne")."""
    if text.isascii():
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.casefold().split())


def search_words(text: str) -> list[str]:
    """Words to look for, folded: "Vincent van Gogh, 1889" is found with its comma, too."""
    folded = fold(text)
    return re.findall(r"\w+", folded) or folded.split()


def first_year(text: str) -> int | None:
    """The first number of three or four digits in a text such as "c. 1831"."""
    found = _YEAR.search(text)
    return int(found.group()) if found else None


def slugify(text: str) -> str:
    """A style name made from any text, for example "Nuit étoilée (1889)" -> "nuit-etoilee-1889".

    A text without Latin letters or digits gets a name made from its hash.
    """
    name = re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")[:MAX_NAME_CHARACTERS].rstrip("-")
    return name or f"style-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:8]}"


def is_name(name: str) -> bool:
    """Whether a style may be called so."""
    return len(name) <= MAX_NAME_CHARACTERS and _NAME.fullmatch(name) is not None


def numbered_names(name: str) -> Iterator[str]:
    """The name itself, then with 2, 3 and so on behind it."""
    return files.numbered_names(name, max_bytes=MAX_NAME_CHARACTERS)


def free_name(name: str, taken: Container[str]) -> str:
    """The name itself, or with the first number for which it is not taken."""
    return files.free_name(name, taken, max_bytes=MAX_NAME_CHARACTERS)


def check_name(name: str) -> str:
    """Return the name if a style may be called so.

    Raises:
        LibraryError: It is no slug or longer than `MAX_NAME_CHARACTERS`.
    """
    if not is_name(name):
        raise LibraryError(
            f'"{name[:80]}" cannot be the name of a style. Use up to {MAX_NAME_CHARACTERS} '
            f'lower-case letters, digits and hyphens, for example "{slugify(name)}".'
        )
    return name


def check_text(field_name: str, text: str) -> str:
    """Return a text field of a style, cleaned of control characters and outer blanks.

    Raises:
        LibraryError: It is too long.
    """
    limit = MAX_CHARACTERS.get(field_name, _MAX_TEXT_CHARACTERS)
    kept = "\n\t" if field_name == "notes" else ""
    cleaned = "".join(
        character
        for character in text
        if character in kept or unicodedata.category(character) not in ("Cc", "Cs")
    ).strip()
    if len(cleaned) > limit:
        raise LibraryError(say("field_too_long", field=field_name, number=len(cleaned), most=limit))
    return cleaned


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags in lower case, sorted and each once.

    Raises:
        LibraryError: There are too many, or one is too long.
    """
    if isinstance(tags, str):
        raise TypeError("tags must be a sequence of strings, not one string")
    cleaned = sorted({" ".join(check_text("tag", tag).casefold().split()) for tag in tags} - {""})
    if len(cleaned) > MAX_TAGS:
        raise LibraryError(say("tags_limit", most=MAX_TAGS, number=len(cleaned)))
    return tuple(cleaned)


def utc_now() -> str:
    """The time now, as it is kept in records."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
