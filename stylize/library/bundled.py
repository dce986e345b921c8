"""The styles that come with the package: public-domain paintings with their credits.

Their vectors depend on the style encoder. A file of vectors for the shipped encoder lies beside
the pictures; for any other encoder they are computed once and kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

import stylize
from stylize.errors import LibraryError
from stylize.images import load_image
from stylize.library.measure import Measure
from stylize.library.palette import Swatch, extract_palette
from stylize.library.pictures import content_sha256, make_thumbnail
from stylize.library.records import StyleRecord, check_tags
from stylize.library.store import Entry, MemoryStore
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

CACHE_VARIABLE = "STYLIZE_CACHE_DIR"
VECTORS_FILE = "vectors.npz"
_CREDITS = ("title", "artist", "year", "movement", "license", "source", "notes")

_lock = threading.Lock()
_loaded: dict[tuple[Path, str], BundledStore] = {}


class BundledStore(MemoryStore):
    """The bundled styles: read-only, shared by all libraries of a process."""

    def __init__(self, folder: Path, measure: Measure, records: list[StyleRecord]) -> None:
        super().__init__(measure)
        self.folder = folder
        self.put([Entry(record) for record in records])
        self.read_only = True

    def original(self, name: str) -> bytes | None:
        """The picture of a bundled style as a JPEG file."""
        path = self.folder / f"{name}.jpg"
        return path.read_bytes() if self.get(name) and path.is_file() else None


def bundled_folder() -> Path:
    """The folder of the bundled pictures, in an installed package or in a source checkout."""
    package = Path(stylize.__file__).parent
    installed = package / "bundled_styles"
    return installed if installed.is_dir() else package.parent / "styles_library"


def load_bundled(encoder: Any, folder: Path | None = None) -> BundledStore:
    """Load the bundled styles for an encoder; the second call for the same one costs nothing.

    Raises:
        LibraryError: The folder is missing or incomplete.
    """
    folder = (folder or bundled_folder()).resolve()
    key = (folder, encoder.encoder_sha256)
    with _lock:
        if key not in _loaded:
            _loaded[key] = _load(encoder, folder)
        return _loaded[key]


def _load(encoder: Any, folder: Path) -> BundledStore:
    try:
        text = (folder / "styles.json").read_text(encoding="utf-8")
        credits = json.loads(text)
    except (OSError, ValueError) as error:
        raise LibraryError(
            f"The bundled styles in {folder} cannot be read ({error}). Install the package again."
        ) from error
    identity = hashlib.sha256(f"{encoder.encoder_sha256} {text}".encode()).hexdigest()
    for path in (folder / VECTORS_FILE, _cache_file(identity)):
        details = _read_details(path, identity)
        if details is not None:
            break
    else:
        logger.info("Encoding the %d bundled styles for a new style encoder", len(credits))
        details = {credit["name"]: _encode(encoder, folder, credit["name"]) for credit in credits}
        _write_details(_cache_file(identity), identity, details)
    records = [_record(credit, details[credit["name"]], encoder) for credit in credits]
    vectors = [record.vector for record in records]
    measure = Measure(encoder.encoder_sha256, vectors[0].values.size, vectors)
    return BundledStore(folder, measure, records)


def build_vectors(encoder: Any, folder: Path | None = None) -> Path:
    """Encode the bundled pictures and write the file of vectors that is shipped beside them."""
    folder = folder or bundled_folder()
    text = (folder / "styles.json").read_text(encoding="utf-8")
    names = [credit["name"] for credit in json.loads(text)]
    identity = hashlib.sha256(f"{encoder.encoder_sha256} {text}".encode()).hexdigest()
    details = {name: _encode(encoder, folder, name) for name in names}
    _write_details(folder / VECTORS_FILE, identity, details)
    return folder / VECTORS_FILE


# What is computed from one picture: vector, thumbnail, palette, hash of its pixels.
_Details = tuple[np.ndarray[Any, Any], bytes, tuple[Swatch, ...], str]


def _encode(encoder: Any, folder: Path, name: str) -> _Details:
    image = load_image(folder / f"{name}.jpg")
    vector = encoder.encode_style(image)
    return vector.values, make_thumbnail(image), extract_palette(image), content_sha256(image)


def _record(credit: dict[str, Any], details: _Details, encoder: Any) -> StyleRecord:
    values, thumbnail, palette, content = details
    return StyleRecord(
        name=credit["name"],
        vector=StyleVector(values, encoder.encoder_sha256),
        **{key: credit.get(key, "") for key in _CREDITS},
        tags=check_tags(credit.get("tags", ())),
        thumbnail=thumbnail,
        palette=palette,
        content_sha256=content,
        has_original=True,
        bundled=True,
    )


def _cache_file(identity: str) -> Path:
    folder = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("stylize", False)
    return Path(folder) / f"bundled-{identity[:16]}.npz"


def _read_details(path: Path, identity: str) -> dict[str, _Details] | None:
    """The file's content, or None if it is missing, damaged or of another encoder."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            if about["identity"] != identity:
                return None
            vectors, thumbnails = file["vectors"], file["thumbnails"].tobytes()
        details: dict[str, _Details] = {}
        start = 0
        for values, style in zip(vectors, about["styles"], strict=True):
            end = start + style["thumbnail_bytes"]
            palette = tuple(Swatch(*swatch) for swatch in style["palette"])
            details[style["name"]] = (values, thumbnails[start:end], palette, style["content"])
            start = end
        return details
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        logger.warning("The file of style vectors %s is damaged (%s); ignored", path, error)
        return None


def _write_details(path: Path, identity: str, details: dict[str, _Details]) -> None:
    styles = [
        {"name": name, "palette": palette, "content": content, "thumbnail_bytes": len(thumbnail)}
        for name, (_, thumbnail, palette, content) in details.items()
    ]
    thumbnails = b"".join(thumbnail for _, thumbnail, _, _ in details.values())
    buffer = io.BytesIO()
    np.savez(
        buffer,
        about=np.array(json.dumps({"identity": identity, "styles": styles})),
        vectors=np.stack([values for values, _, _, _ in details.values()]).astype("<f4"),
        thumbnails=np.frombuffer(thumbnails, np.uint8),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_bytes(buffer.getvalue())
        part.replace(path)
    except OSError as error:  # only a cache: without it the next start takes longer
        logger.info("Style vectors could not be kept in %s (%s)", path, error)
