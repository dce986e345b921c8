"""Styles in a collection of Milvus, which many studios can share and which holds a million.

Milvus searches; nothing is held in memory here. It has no transactions: a change that is stopped
midway leaves whole styles, but perhaps not all of them, and where two studios give one name at the
same moment the later one wins. What one studio changes another sees after a moment.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import logging
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from stylize.errors import LibraryError, StyleExistsError, StyleNotFoundError, StylizeError
from stylize.extras import needs_extra
from stylize.library import milvus_rows as rows
from stylize.library.measure import Measure
from stylize.library.originals import Originals
from stylize.library.palette import (
    NEAR_COLOR,
    color_gaps,
    palette_arrays,
    palette_similarity,
    parse_colors,
)
from stylize.library.records import StyleFilter, StyleRecord
from stylize.library.rows import DAMAGES
from stylize.library.store import Entry
from stylize.messages import say
from stylize.network import why_unreachable
from stylize.remote_files import is_url
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

TOKEN_VARIABLE = "STYLIZE_MILVUS_TOKEN"
_CONNECT_S = 10.0
_ANSWER_S = 60.0
_ABOUT = "#about"  # no picture's key: names begin otherwise
_BATCH = 1000  # rows of a request without pictures
_RECORDS = 200  # rows with them: what a message of gRPC holds
_CHUNKS = 200
LEAST_EF = 4096  # how many neighbours are looked at: of a million, .99 of the right ones are found
_TAGS_FRESH_S = 30.0
_TAGS_OF = 20_000  # styles whose tags are counted; of a million that would take a minute


class Address(NamedTuple):
    """Where a collection is.

    Attributes:
        uri: A server as pymilvus names it, or the path of a file that is opened in this process.
        collection: Its name.
        host: Of the server; empty for a file.
        port: Of the server.
        originals: Where a new library is to keep its pictures, as a URL; empty: in Milvus.
    """

    uri: str
    collection: str
    host: str = ""
    port: int = 0
    originals: str = ""

    @classmethod
    def read(cls, url: str) -> Address:
        """Read ``milvus://host:19530/collection`` or ``milvus:///folder/file.db#collection``.

        Both may have ``?originals=URL`` behind the path.

        Raises:
            LibraryError: It is none of these.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or 19530
            options = parse_qs(parts.query, strict_parsing=bool(parts.query))
            originals = options.pop("originals", [""])[-1]
        except ValueError:
            parts, host, port, options, originals = urlsplit(""), "", 0, {}, ""
        if originals and not is_url(originals):
            originals = os.path.abspath(originals)  # it is noted for others
        originals = originals.rstrip("/")
        path = parts.path.strip("/")
        if options:
            raise LibraryError(f"{url} has options that are not known; there is ?originals=URL.")
        if parts.scheme in ("milvus", "milvus+https") and host and path.isidentifier():
            scheme = "https" if parts.scheme.endswith("https") else "http"
            return cls(f"{scheme}://{host}:{port}", path, host, port, originals)
        if parts.scheme == "milvus" and not parts.netloc and path.endswith(".db"):
            collection = parts.fragment or "styles"
            if collection.isidentifier():
                return cls(unquote(parts.path), collection, originals=originals)
        raise LibraryError(
            f"{url} names no library. Write milvus://HOST:19530/COLLECTION, milvus+https:// for an "
            "encrypted one, or milvus:///FOLDER/FILE.db for a file."
        )


class MilvusStore:
    """A `StyleStore` in Milvus.

    Attributes:
        measure: The measure of likeness for the encoder in use.
        read_only: Whether changes are refused.
        problem: Why, where that was not requested.
    """

    def __init__(
        self,
        url: str,
        measure: Measure,
        *,
        read_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open a collection; it is made if it is not there.

        Args:
            url: See `Address.read`.
            measure: The collection must be of the same, unless it is only read. Styles of another
                encoder are stale then, and none is found by likeness.
            read_only: Refuse changes.
            clock: Seconds, never going back.

        Raises:
            LibraryError: The server cannot be reached, or the collection is of another encoder, of
                a newer version, or none of styles.
            MissingExtraError: pymilvus is not installed.
        """
        self._address = Address.read(url)
        self._url = url
        self.measure = measure
        self.read_only = read_only
        self.problem = ""
        self._lock = threading.Lock()
        self._clock = clock
        self._tags: list[tuple[str, int]] = []
        self._tags_until_s = -math.inf
        self._originals: Originals | None = None
        self._client = self._connect()
        with self._errors():
            self._fits = self._prepare()

    def _connect(self) -> Any:
        uri, host, port = self._address.uri, self._address.host, self._address.port
        with needs_extra("milvus"):
            pymilvus: Any = importlib.import_module("pymilvus")
            if not host:
                importlib.import_module("milvus_lite")
                # It lacks some calls that pymilvus tries, and each would be told with a traceback.
                logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
        if host:  # pymilvus itself would try for long
            if reason := why_unreachable(host, port, patience_s=_CONNECT_S):
                raise LibraryError(
                    f"No library answers at {host}:{port} within {_CONNECT_S:g} s ({reason}). "
                    "Start Milvus there, or name another --library."
                )
        elif not Path(uri).parent.is_dir():
            raise LibraryError(f"There is no folder {Path(uri).parent}. Make it first.")
        with self._errors():
            return pymilvus.MilvusClient(
                uri, token=os.environ.get(TOKEN_VARIABLE, ""), timeout=_CONNECT_S
            )

    def _prepare(self) -> bool:
        """Make or check the collections; return whether they are of our measure."""
        name = self._address.collection
        if self._client.has_collection(name):
            return self._check(self._about())
        about = {
            "format": "stylize-library", "version": rows.SCHEMA_VERSION,
            "encoder_sha256": self.measure.encoder_sha256, "measure": self.measure.id,
        }  # fmt: skip
        if self.read_only:
            raise LibraryError(f"There is no library at {self._url}.")
        if self._address.originals:
            self._originals = Originals(self._address.originals)
            self._originals.check()
            about["originals"] = self._originals.url
        schemas = rows.schemas(self._client, self.measure.point_size)
        indexes = rows.indexes(self._client)
        for suffix in ("_originals", ""):  # the one that is looked for comes last
            self._client.create_collection(
                name + suffix, schema=schemas[suffix], index_params=indexes[suffix],
                consistency_level="Session",
            )  # fmt: skip
            if suffix:
                row = {"key": _ABOUT, "data": json.dumps(about), "point": [0.0, 0.0]}
                self._client.upsert(name + suffix, row, timeout=_ANSWER_S)
        return True

    def _about(self) -> str:
        """What the library notes of itself; empty where there is nothing of that kind."""
        if not self._client.has_collection(f"{self._address.collection}_originals"):
            return ""
        found = self._query(f"key == {json.dumps(_ABOUT)}", ["data"], 1, True)
        return str(found[0]["data"]) if found else ""

    def _check(self, description: str) -> bool:
        try:
            about = json.loads(description)
            is_ours = about["format"] == "stylize-library"
            version, encoder, measure = (
                about[key] for key in ("version", "encoder_sha256", "measure")
            )
            originals = str(about.get("originals", ""))
        except (ValueError, LookupError, TypeError):
            is_ours = False
        if not is_ours:
            raise LibraryError(f"The collection at {self._url} holds no styles. Name another.")
        if version != rows.SCHEMA_VERSION:
            raise LibraryError(
                f"The library at {self._url} has version {version} of its format, this program "
                f"knows {rows.SCHEMA_VERSION}. Take the version of Stylize Studio that made it, or "
                "copy it with that one: stylize library copy."
            )
        if self._address.originals not in ("", originals):
            raise LibraryError(
                f"The library at {self._url} keeps its pictures "
                f"{f'in {originals}' if originals else 'in Milvus itself'}. Leave ?originals= out, "
                "or copy it into a new collection."
            )
        if originals:
            self._originals = Originals(originals)
        fits = (encoder, measure) == (self.measure.encoder_sha256, self.measure.id)
        if not fits and not self.read_only:
            here = self._url.partition("?")[0]
            new = f"{here}_new{f'?originals={originals}' if originals else ''}"
            raise LibraryError(
                f"The library at {here} was made for another style encoder. Copy it into a "
                f"new collection: stylize library copy {here} {new}"
            )
        return fits

    # ------------------------------------------------------------------------------- reading

    def get(self, name: str) -> StyleRecord | None:
        """See `StyleStore`."""
        found = self.get_many([name])
        return found[0] if found else None

    def get_many(self, names: Sequence[str]) -> list[StyleRecord]:
        """See `StyleStore`."""
        records: dict[str, StyleRecord] = {}
        with self._errors():
            for start in range(0, len(names), _RECORDS):
                part = list(names[start : start + _RECORDS])
                for row in self._query(rows.names_in(part), rows.RECORD_FIELDS, len(part)):
                    record = rows.record_from(row)
                    stale = not self.measure.fits(record.vector)
                    records[record.name] = replace(record, stale=stale)
        return [records[name] for name in names if name in records]

    def original(self, name: str) -> bytes | None:
        """See `StyleStore`."""
        with self._errors():
            pieces = self._pieces(name)
            if not pieces:
                return None
            if self._originals is not None:
                return self._originals.read(pieces[0])
            return base64.b64decode("".join(pieces))

    def _pieces(self, name: str) -> list[str]:
        """What the rows of a kept picture hold: the picture, or its name in the store of them."""
        found = self._query(rows.names_in([name]), ["chunks"], 1)
        count = found[0]["chunks"] if found else 0
        pieces: dict[str, str] = {}
        for start in range(0, count, _CHUNKS):
            keys = [f"{name}#{i}" for i in range(start, min(start + _CHUNKS, count))]
            there = self._query(f"key in {json.dumps(keys)}", ["key", "data"], None, True)
            pieces |= {row["key"]: row["data"] for row in there}
        return [pieces[f"{name}#{i}"] for i in range(count)]

    def find_content(self, content_sha256: str) -> str | None:
        """See `StyleStore`."""
        if not content_sha256:
            return None
        with self._errors():
            expression = f"content_sha256 == {json.dumps(content_sha256)}"
            found = self._query(expression, ["name"], 1)
        return str(found[0]["name"]) if found else None

    def find(self, where: StyleFilter, *, after: str = "", limit: int | None = None) -> list[str]:
        """See `StyleStore`."""
        names: list[str] = []
        fields = ["palette"] if where.colors else []
        for part in self._scan(where, fields, after=after, limit=None if fields else limit):
            names += [row["name"] for row in _near(part, where)]
            if limit is not None and len(names) >= limit:
                break
        return names[:limit]

    def count(self, where: StyleFilter) -> int:
        """See `StyleStore`."""
        if where.bundled:
            return 0
        if where.colors:
            return len(self.find(where))
        with self._errors():
            found = self._query(rows.condition(where), ["count(*)"], None)
        return int(found[0]["count(*)"])

    def tags(self, k: int) -> list[tuple[str, int]]:
        """See `StyleStore`. Of very many styles the first ones by name are counted."""
        if self._clock() >= self._tags_until_s:  # other studios write, too
            counts: Counter[str] = Counter()
            for part in self._scan(StyleFilter(), ["tags"], limit=_TAGS_OF):
                counts.update(tag for row in part for tag in row["tags"])
            self._tags = sorted(counts.items(), key=lambda tag: (-tag[1], tag[0]))
            self._tags_until_s = self._clock() + _TAGS_FRESH_S
        return self._tags[:k]

    def points(self, where: StyleFilter) -> tuple[list[str], NDArray[np.float32]]:
        """See `StyleStore`."""
        names: list[str] = []
        points = [np.zeros((0, self.measure.point_size), np.float32)]
        if self._fits and not where.stale:
            for part in self._scan(replace(where, stale=False), ["point", "palette"]):
                near = _near(part, where)
                names += [row["name"] for row in near]
                if near:
                    points.append(np.array([row["point"] for row in near], np.float32))
        return names, np.concatenate(points)

    def nearest(self, vector: StyleVector, k: int, where: StyleFilter) -> list[tuple[str, float]]:
        """See `StyleStore`. Found by an index that may miss one in a hundred."""
        if where.stale or where.bundled or not self._fits:
            return []
        if where.colors:  # few are left of those, and Milvus does not know of colours
            names, points = self.points(where)
            cosines = points @ self.measure.points(vector.values[None])[0]
            found = list(zip(names, map(float, cosines), strict=True))
        else:
            point = self.measure.points(vector.values[None])[0]
            found = self._search(point, k, rows.condition(where))
            if len(found) < k:  # stale ones were in the way
                found = self._search(point, k, rows.condition(replace(where, stale=False)))
        return sorted(found, key=lambda match: (-match[1], match[0]))[:k]

    def _search(
        self, point: NDArray[np.float32], k: int, condition: str
    ) -> list[tuple[str, float]]:
        """Ask the index. A condition less is much quicker, and few styles are ever stale."""
        with self._errors():
            (matches,) = self._client.search(
                self._address.collection,
                [point.tolist()],
                limit=k,
                filter=condition,
                search_params={"params": {"ef": max(LEAST_EF, 4 * k)}},
                output_fields=["name", "stale"],
                timeout=_ANSWER_S,
            )
        return [
            (match["entity"]["name"], float(match["distance"]))
            for match in matches
            if not match["entity"]["stale"]
        ]

    def nearest_palette(
        self, colors: Sequence[str], k: int, where: StyleFilter
    ) -> list[tuple[str, float]]:
        """See `StyleStore`. All palettes are looked at, which takes its time."""
        wanted = parse_colors(colors)
        best: list[tuple[str, float]] = []
        for part in self._scan(where, ["palette"]):
            near = _near(part, where)
            if near:
                scores = palette_similarity(_palettes(near), wanted)
                best += [(row["name"], float(s)) for row, s in zip(near, scores, strict=True)]
                best = sorted(best, key=lambda match: (-match[1], match[0]))[:k]
        return best

    def _scan(
        self,
        where: StyleFilter,
        fields: Sequence[str],
        *,
        after: str = "",
        limit: int | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        """The rows that meet all conditions but those of colour, by name, in parts."""
        if where.bundled:
            return
        seen = 0
        while limit is None or seen < limit:
            most = _BATCH if limit is None else min(_BATCH, limit - seen)
            with self._errors():
                part = self._query(rows.condition(where, after), ["name", *fields], most)
            part.sort(key=lambda row: str(row["name"]))
            if part:
                yield part
            if len(part) < most:
                return
            seen += len(part)
            after = str(part[-1]["name"])

    def _query(
        self, expression: str, fields: list[str], limit: int | None, originals: bool = False
    ) -> list[dict[str, Any]]:
        options: dict[str, Any] = {} if limit is None else {"limit": limit}
        found = self._client.query(
            self._address.collection + ("_originals" if originals else ""),
            filter=expression,
            output_fields=fields,
            timeout=_ANSWER_S,
            **options,
        )
        return list(found)

    # ------------------------------------------------------------------------------- changing

    def put(self, entries: Sequence[Entry], *, replace: bool = False) -> None:
        """See `StyleStore`. What is stopped midway is taken back as far as that goes."""
        if not entries:
            return
        self._check_writable()
        names = [record.name for record, _ in entries]
        with self._changing():
            taken = self._taken(names)
            if taken and not replace:
                raise StyleExistsError(say("style_taken", name=min(taken)))
            old = self._kept(taken)
            pieces = self._keep(entries)
            try:
                self._write([record for record, _ in entries], pieces, taken)
            except BaseException:
                new = [i for i, name in enumerate(names) if name not in taken]
                with contextlib.suppress(Exception):
                    self._forget({names[i]: len(pieces[i]) for i in new})
                self._drop([piece for i in new for piece in pieces[i]])
                raise
            self._drop(old)

    def update(
        self, name: str, changes: Mapping[str, Any], *, made_from: StyleVector | None = None
    ) -> None:
        """See `StyleStore`."""
        self._check_writable()
        with self._changing():
            before = self.get(name)
            if before is None:
                raise StyleNotFoundError(say("no_such_style", name=name))
            if made_from is not None and before.vector != made_from:
                return
            record = replace(before, **changes)
            renamed = record.name != name
            if renamed and self._taken([record.name]):
                raise StyleExistsError(say("style_taken", name=record.name))
            old = self._taken([name])
            self._write([record], [self._pieces(name)], {} if renamed else old)
            if renamed:
                self._forget(old)

    def remove(self, name: str) -> bool:
        """See `StyleStore`."""
        self._check_writable()
        with self._changing():
            there = self._taken([name])
            old = self._kept(there)
            self._forget(there)
            self._drop(old)
        return bool(there)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time; tags are counted anew after it."""
        with self._lock, self._errors():
            try:
                yield
            finally:
                self._tags_until_s = -math.inf

    def _taken(self, names: Sequence[str]) -> dict[str, int]:
        """Which of the names there are, and how many pieces their pictures have."""
        found: dict[str, int] = {}
        for start in range(0, len(names), _BATCH):
            part = list(names[start : start + _BATCH])
            there = self._query(rows.names_in(part), ["name", "chunks"], len(part))
            found |= {row["name"]: row["chunks"] for row in there}
        return found

    def _keep(self, entries: Sequence[Entry]) -> list[list[str]]:
        """Return what the rows of the kept pictures are to hold; see `_pieces`."""
        if self._originals is None:
            return [rows.chunks_of(e.original) if e.original else [] for e in entries]
        kept = iter(self._originals.write([e.original for e in entries if e.original]))
        return [[next(kept)] if e.original else [] for e in entries]

    def _kept(self, there: Mapping[str, int]) -> list[str]:
        """Return the names that the kept pictures of styles have in the store of them."""
        if self._originals is None:
            return []
        keys = [f"{name}#0" for name, count in there.items() if count]
        found: list[str] = []
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            rows_of = self._query(f"key in {json.dumps(part)}", ["data"], None, True)
            found += [row["data"] for row in rows_of]
        return found

    def _drop(self, kept: Sequence[str]) -> None:
        """Remove pictures from the store of them, once no row tells of them."""
        if self._originals is not None:
            self._originals.remove(kept)

    def _write(
        self,
        records: Sequence[StyleRecord],
        lists: Sequence[Sequence[str]],
        taken: Mapping[str, int],
    ) -> None:
        """Write pictures, then the rows that tell of them, then forget what is left of old ones."""
        points = self.measure.points_of([record.vector for record in records])
        pieces = [
            {"key": f"{record.name}#{i}", "data": chunk, "point": [0.0, 0.0]}
            for record, chunks in zip(records, lists, strict=True)
            for i, chunk in enumerate(chunks)
        ]
        whole = [
            rows.row_of(replace(record, stale=not self.measure.fits(record.vector)), point, len(c))
            for record, point, c in zip(records, points, lists, strict=True)
        ]
        name = self._address.collection
        for start in range(0, len(pieces), _CHUNKS):
            part = pieces[start : start + _CHUNKS]
            self._client.upsert(f"{name}_originals", part, timeout=_ANSWER_S)
        for start in range(0, len(whole), _RECORDS):
            self._client.upsert(name, whole[start : start + _RECORDS], timeout=_ANSWER_S)
        for record, chunks in zip(records, lists, strict=True):
            self._forget_pieces(record.name, len(chunks), taken.get(record.name, 0))

    def _forget(self, there: Mapping[str, int]) -> None:
        """Delete styles, and then the pieces of their pictures."""
        if not there:
            return
        self._client.delete(self._address.collection, ids=list(there), timeout=_ANSWER_S)
        for name, count in there.items():
            self._forget_pieces(name, 0, count)

    def _forget_pieces(self, name: str, first: int, end: int) -> None:
        if end > first:
            keys = [f"{name}#{i}" for i in range(first, end)]
            originals = f"{self._address.collection}_originals"
            self._client.delete(originals, ids=keys, timeout=_ANSWER_S)

    def _check_writable(self) -> None:
        if self.read_only:
            raise LibraryError(self.problem or "The style library can only be read.")

    def close(self) -> None:
        """See `StyleStore`."""
        self._client.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Say what goes wrong in words of ours."""
        try:
            yield
        except StylizeError:
            raise
        except DAMAGES as error:
            raise LibraryError(f"The library at {self._url} is damaged ({error}).") from error
        except Exception as error:  # pymilvus and gRPC have nothing in common
            reason = getattr(error, "message", "") or str(error)
            raise LibraryError(f"The library at {self._url} does not answer: {reason}") from error


def _palettes(part: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
    return palette_arrays([base64.b64decode(row["palette"]) for row in part])


def _near(part: list[dict[str, Any]], where: StyleFilter) -> list[dict[str, Any]]:
    """Those rows whose palettes hold all colours that are asked for."""
    if not where.colors:
        return part
    gaps = color_gaps(_palettes(part), parse_colors(where.colors))
    near = np.flatnonzero((gaps <= NEAR_COLOR).all(axis=1))
    return [part[i] for i in near]
