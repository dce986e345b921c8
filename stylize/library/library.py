"""StyleLibrary: the styles of a catalogue, and all that changes them."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

from stylize.errors import (
    ImageError,
    LibraryError,
    StyleExistsError,
    StyleNotFoundError,
)
from stylize.images import load_image, prepare_image
from stylize.library import pictures
from stylize.library.bundled import load_bundled
from stylize.library.catalogue import StyleCatalogue, StyleEncoder
from stylize.library.measure import Measure
from stylize.library.opening import open_own, open_place
from stylize.library.palette import extract_palette
from stylize.library.records import (
    TEXT_FIELDS,
    StyleFilter,
    StyleRecord,
    check_name,
    check_tags,
    check_text,
    utc_now,
)
from stylize.library.sharing import ImportReport, OnConflict, export_styles, plan_import
from stylize.library.store import Entry, MemoryStore, StyleStore
from stylize.messages import say
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

IN_MEMORY = ":memory:"


class StyleLibrary(StyleCatalogue):
    """Styles by name: encode once, keep, find, blend, share.

    Many threads may use one library, and several processes one data folder. Open one with
    `StyleLibrary.open` or `StyleLibrary.in_memory`.
    """

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        encoder: StyleEncoder,
        bundled: bool | Path = True,
        read_only: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> StyleLibrary:
        """Open the bundled styles and the user's own.

        Args:
            path: The data folder; created by the first change. Default: the environment variable
                ``STYLIZE_DATA_DIR``, else the place the operating system provides for user data.
                ":memory:" keeps the user's own styles in memory only; a URL such as
                ``milvus://host:19530/styles`` names a library that many studios share.
            encoder: Makes style vectors of pictures; an `Engine` does.
            bundled: Whether to show the bundled styles; or the folder with others in their place.
            read_only: Refuse changes.
            progress: Called with done and all while styles of another encoder are encoded again.

        Raises:
            LibraryError: The library is damaged, locked or of a newer version.
        """
        bundled_store = None
        if bundled:
            bundled_store = load_bundled(encoder, bundled if isinstance(bundled, Path) else None)
            measure = bundled_store.measure
        else:
            grey = encoder.encode_style(Image.new("RGB", (64, 64), "grey"))
            measure = Measure(encoder.encoder_sha256, grey.values.size)
        store: StyleStore
        if path is not None and os.fspath(path) == IN_MEMORY:
            store = MemoryStore(measure)
        elif path is None:
            store = open_own(measure, read_only)
        else:
            store = open_place(path, measure, read_only)
        library = cls(encoder, store, bundled_store)
        if not store.read_only:
            library.reencode_stale(progress)
        return library

    @classmethod
    def in_memory(cls, *, encoder: StyleEncoder, bundled: bool | Path = True) -> StyleLibrary:
        """A library that is forgotten with the process, for example for one visit to a page.

        Cheap: the bundled styles are loaded once and shared.
        """
        return cls.open(IN_MEMORY, encoder=encoder, bundled=bundled)

    def close(self) -> None:
        """Let go of the database; the library cannot be used afterwards."""
        self.store.close()

    def __enter__(self) -> StyleLibrary:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(
        self,
        name: str,
        image: Image.Image,
        *,
        title: str = "",
        artist: str = "",
        year: str = "",
        movement: str = "",
        license: str = "",
        source: str = "",
        tags: Iterable[str] = (),
        notes: str = "",
        keep_original: bool = True,
        replace: bool = False,
    ) -> StyleRecord:
        """Encode a picture and keep it as a style.

        Args:
            name: A slug of lower-case letters, digits and hyphens; `slugify` makes one.
            image: The style picture, of any mode.
            title: What people call it.
            artist: Who made it.
            year: When, as text ("c. 1831").
            movement: Its school or kind.
            license: Under which terms it may be used.
            source: Where the picture came from.
            tags: Words to find it by.
            notes: Anything else.
            keep_original: Keep the picture too (at most 1024 px), so that the style can be encoded
                again for a later version of the model.
            replace: Put it in the place of a style of the user that has this name.

        Returns:
            The record as it was stored. A picture of one single colour is accepted with a warning
            in the log; `check_style_picture` returns it as text.

        Raises:
            StyleExistsError: The name is taken, or is that of a bundled style.
            ImageError: The picture is too small or damaged.
            LibraryError: The name is unusable, or the library cannot be written.
        """
        self._check_free(name, replace)
        image = prepare_image(image)
        for warning in pictures.check_style_picture(image):
            logger.warning("%s: %s", name, warning)
        vector = self.encoder.encode_style(image)
        now = utc_now()
        record = StyleRecord(
            name=name,
            vector=vector,
            title=check_text("title", title),
            artist=check_text("artist", artist),
            year=check_text("year", str(year)),
            movement=check_text("movement", movement),
            license=check_text("license", license),
            source=check_text("source", source),
            notes=check_text("notes", notes),
            tags=check_tags(tags),
            thumbnail=pictures.make_thumbnail(image),
            palette=extract_palette(pictures.flatten(image)),
            content_sha256=pictures.content_sha256(image),
            created_at=now,
            updated_at=now,
            has_original=keep_original,
        )
        self.put([Entry(record, pictures.make_original(image) if keep_original else None)], replace)
        return record

    def add_vector(
        self, name: str, vector: StyleVector, *, replace: bool = False, **about: Any
    ) -> StyleRecord:
        """Keep a style vector that was made elsewhere, for example a blend, without a picture.

        Args:
            name: A slug of lower-case letters, digits and hyphens.
            vector: A vector of this library's encoder.
            replace: Put it in the place of a style of the user that has this name.
            **about: Other fields of `StyleRecord`, such as ``title`` or ``thumbnail``.

        Raises:
            StyleExistsError: The name is taken, or is that of a bundled style.
            StyleVectorError: The vector is of another encoder or length.
            LibraryError: A field is unusable, or the library cannot be written.
        """
        self._check_free(name, replace)
        self._check_vector(vector)
        now = utc_now()
        about = {key: check_text(key, v) if key in TEXT_FIELDS else v for key, v in about.items()}
        about["tags"] = check_tags(about.get("tags", ()))
        record = StyleRecord(name=name, vector=vector, created_at=now, updated_at=now, **about)
        self.put([Entry(record)], replace)
        return record

    def put(self, entries: Sequence[Entry], replace: bool = False) -> None:
        """Store finished records, all or none: what `add` and `import_` end in.

        Raises:
            StyleExistsError: A name is taken, or is that of a bundled style.
            StyleVectorError: A vector of this encoder has a wrong length.
            LibraryError: The library cannot be written.
        """
        for record, _ in entries:
            self._check_not_bundled(record.name)
            if record.vector.encoder_sha256 == self.encoder.encoder_sha256:
                self._check_length(record.vector, f'The vector of "{record.name}"')
            if not record.vector.values.any():
                logger.warning("The vector of %s holds only zeros", record.name)
        self.store.put(entries, replace=replace)

    def _check_not_bundled(self, name: str) -> None:
        check_name(name)
        if self._bundled is not None and self._bundled.get(name):
            raise StyleExistsError(say("style_bundled", name=name))

    def _check_free(self, name: str, replace: bool) -> None:
        self._check_not_bundled(name)
        if not replace and self.store.get(name):
            raise StyleExistsError(say("style_exists", name=name))

    def update(self, name: str, *, new_name: str | None = None, **changes: Any) -> StyleRecord:
        """Change what is noted about one of the user's styles; what is not given stays.

        Args:
            name: The style.
            new_name: Its new name.
            **changes: Any of title, artist, year, movement, license, source, tags, notes.

        Returns:
            The changed record.

        Raises:
            StyleNotFoundError: There is no such style.
            StyleExistsError: The new name is taken, or the style is a bundled one.
            LibraryError: A field is unusable, or the library cannot be written.
        """
        unknown = changes.keys() - {*TEXT_FIELDS, "tags"}
        if unknown:
            raise TypeError(f"a style has no field {sorted(unknown)}")
        self._check_own(name)
        columns: dict[str, Any] = {
            key: check_tags(value) if key == "tags" else check_text(key, value)
            for key, value in changes.items()
        }
        if new_name is not None and new_name != name:
            self._check_free(new_name, replace=False)
            columns["name"] = new_name
        self.store.update(name, columns | {"updated_at": utc_now()})
        return self.get(columns.get("name", name))

    def remove(self, name: str) -> None:
        """Forget one of the user's styles.

        Raises:
            StyleNotFoundError: There is no such style.
            StyleExistsError: It is a bundled style.
            LibraryError: The library cannot be written.
        """
        self._check_own(name)
        self.store.remove(name)

    def _check_own(self, name: str) -> None:
        if self.get(name).bundled:
            raise StyleExistsError(say("style_not_yours", name=name))

    # -------------------------------------------------------------------------------- sharing

    def export(
        self,
        path: str | os.PathLike[str],
        names: Sequence[str] | None = None,
        *,
        originals: bool = False,
    ) -> int:
        """Write styles into one zip file: records, vectors, thumbnails.

        Args:
            path: The file; an existing file of styles is replaced once the new one is complete,
                anything else is left alone.
            names: Which styles. Default: all of the user's own.
            originals: Put the kept pictures in too. They may be under copyright.

        Returns:
            How many styles were written.

        Raises:
            StyleNotFoundError: One of the names is unknown.
            LibraryError: There is nothing to export, or the file cannot be written.
        """
        return export_styles(self, Path(path), names, originals)

    def import_(
        self, path: str | os.PathLike[str], *, on_conflict: OnConflict = "error"
    ) -> ImportReport:
        """Add the styles of a file written by `export`, all or none, after verifying all of it.

        Styles of another encoder are encoded again if their originals are in the file.

        Args:
            path: The zip file.
            on_conflict: What to do with styles whose names are taken: refuse the import, skip
                them, put them in the place of the user's own, or give them free names. A style
                that is there already exactly as it is in the file is no conflict.

        Returns:
            What was done with which style.

        Raises:
            StyleExistsError: Names are taken and ``on_conflict`` is "error".
            LibraryError: The file is damaged or hostile, or the library cannot be written.
        """
        entries, report = plan_import(self, Path(path), on_conflict)
        self.put(entries, replace=on_conflict == "replace")
        return report

    # --------------------------------------------------------------------------------- upkeep

    def reencode_stale(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Encode styles of another encoder again where their pictures were kept.

        Args:
            progress: Called with the number of styles looked at and that of all.

        Returns:
            How many were encoded. The others stay marked as stale.
        """
        names = self.store.find(StyleFilter(stale=True))
        done = 0
        for i, name in enumerate(names):
            try:
                record, data = self.store.get(name), self.store.original(name)
                if record and data:
                    self._reencode(record, load_image(data))
                    done += 1
            except (ImageError, LibraryError) as error:
                # It stays stale. A broken picture or a full disk must not hide all other styles.
                logger.warning("The style %s was not encoded again: %s", name, error)
            if progress:
                progress(i + 1, len(names))
        if names:
            logger.info(
                "%d styles of another style encoder: %d encoded again, %d not",
                len(names), done, len(names) - done,
            )  # fmt: skip
        return done

    def set_vector(self, name: str, vector: StyleVector) -> None:
        """Put another vector in the place of a style's, such as a tuned one; all else stays.

        Raises:
            StyleNotFoundError: There is no such style.
            StyleExistsError: It is a bundled style.
            StyleVectorError: The vector is of another encoder or length.
            LibraryError: The library cannot be written.
        """
        self._check_own(name)
        self._check_vector(vector)
        self.store.update(name, {"vector": vector, "updated_at": utc_now()})

    def reencode(self, name: str, image: Image.Image) -> None:
        """Encode a style again from its picture and keep all else that is noted about it.

        Raises:
            StyleNotFoundError: There is no such style.
            StyleExistsError: It is a bundled style.
            LibraryError: The library cannot be written.
        """
        self._check_own(name)
        self._reencode(self.get(name), image)

    def _reencode(self, record: StyleRecord, image: Image.Image) -> None:
        vector = self.encoder.encode_style(image)
        with contextlib.suppress(StyleNotFoundError):  # removed meanwhile; or replaced: made_from
            self.store.update(record.name, {"vector": vector}, made_from=record.vector)
