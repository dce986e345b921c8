"""The styles that come with the package: public-domain paintings with their credits.

Their vectors depend on the style encoder. A file of vectors for the shipped encoder lies beside
the pictures; for any other encoder they are computed once and kept in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import threading
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylize.cache import cache_folder
from stylize.errors import LibraryError
from stylize.files import write_whole
from stylize.images import load_image
from stylize.library.measure import Measure, References
from stylize.library.palette import Swatch, extract_palette
from stylize.library.pictures import content_sha256, make_thumbnail
from stylize.library.records import TEXT_FIELDS, StyleRecord, check_tags
from stylize.library.store import Entry, MemoryStore
from stylize.styles import StyleVector

logger = logging.getLogger(__name__)

VECTORS_FILE = "vectors.npz"
PACKAGE = Path(__file__).parents[1]

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
    installed = PACKAGE / "bundled_styles"
    return installed if installed.is_dir() else PACKAGE.parent / "styles_library"


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
    identity = _identity(encoder, text)
    for path in (folder / VECTORS_FILE, _cache_file(identity)):
        details = _read_details(path, identity)
        if details is not None:
            break
    else:
        logger.info("Encoding the %d bundled styles for a new style encoder", len(credits))
        names = [credit["name"] for credit in credits]
        packed = _pack(identity, {name: _encode(encoder, folder, name) for name in names})
        details = _unpack(packed, identity)  # the same now as when they are read the next time
        try:
            _write(_cache_file(identity), packed)
        except OSError as error:  # only a cache: without it the next start takes longer
            logger.info("The vectors of the bundled styles could not be kept (%s)", error)
    views = np.stack([details[credit["name"]].views for credit in credits])
    measure = Measure(encoder.encoder_sha256, views.shape[2], References(identity, views))
    records = [_record(credit, details[credit["name"]], encoder) for credit in credits]
    return BundledStore(folder, measure, records)


def build_vectors(encoder: Any, folder: Path | None = None, *, tunings: Path | None = None) -> Path:
    """Encode the bundled pictures and write the file of vectors that is shipped beside them.

    Args:
        encoder: An engine.
        folder: With the pictures; default: that of the package.
        tunings: Folder with NAME.npy, the tuning of a style, for those that have one.
    """
    folder = folder or bundled_folder()
    text = (folder / "styles.json").read_text(encoding="utf-8")
    names = [credit["name"] for credit in json.loads(text)]
    details = {name: _encode(encoder, folder, name) for name in names}
    for name in names:
        if tunings and (file := tunings / f"{name}.npy").is_file():
            views = details[name].views
            tuned = StyleVector(views[0], encoder.encoder_sha256).tuned(np.load(file))
            details[name] = details[name]._replace(views=np.stack([tuned.values, *views[1:]]))
    path = folder / VECTORS_FILE
    _write(path, _pack(_identity(encoder, text), details))
    return path


def style_views(image: Image.Image) -> list[Image.Image]:
    """A picture whole, its two halves, and two overlapping crops: five views of one style."""
    width, height = image.size
    if width >= height:
        halves = [(0, 0, width // 2, height), (width - width // 2, 0, width, height)]
    else:
        halves = [(0, 0, width, height // 2), (0, height - height // 2, width, height)]
    w, h = round(0.6 * width), round(0.6 * height)
    corners = [(0, 0, w, h), (width - w, height - h, width, height)]
    return [image, *(image.crop(box) for box in halves + corners)]


class _Details(NamedTuple):
    """What is computed from one bundled picture."""

    views: NDArray[np.float32]  # (5, D): the vectors of `style_views`, that of the whole first
    thumbnail: bytes
    palette: tuple[Swatch, ...]
    content_sha256: str


def _identity(encoder: Any, credits_text: str) -> str:
    return hashlib.sha256(f"{encoder.encoder_sha256} {credits_text}".encode()).hexdigest()


def _encode(encoder: Any, folder: Path, name: str) -> _Details:
    image = load_image(folder / f"{name}.jpg")
    views = np.stack([encoder.encode_style(view).values for view in style_views(image)])
    return _Details(views, make_thumbnail(image), extract_palette(image), content_sha256(image))


def _record(credit: dict[str, Any], details: _Details, encoder: Any) -> StyleRecord:
    return StyleRecord(
        name=credit["name"],
        vector=StyleVector(details.views[0], encoder.encoder_sha256),
        **{key: credit.get(key, "") for key in TEXT_FIELDS},
        tags=check_tags(credit.get("tags", ())),
        thumbnail=details.thumbnail,
        palette=details.palette,
        content_sha256=details.content_sha256,
        has_original=True,
        bundled=True,
    )


def _cache_file(identity: str) -> Path:
    return cache_folder() / f"bundled-{identity[:16]}.npz"


def _read_details(path: Path, identity: str) -> dict[str, _Details] | None:
    """The file's content, or None if it is missing, damaged or of another encoder."""
    try:
        return _unpack(path.read_bytes(), identity)
    except (FileNotFoundError, _OtherEncoderError):
        return None
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        logger.warning("The file of style vectors %s is damaged (%s); ignored", path, error)
        return None


class _OtherEncoderError(Exception):
    """The file was made for another encoder."""


def _unpack(packed: bytes, identity: str) -> dict[str, _Details]:
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        if about["identity"] != identity:
            raise _OtherEncoderError
        whole = file["vectors"].astype(np.float32)
        crops = file["crops"] * file["crop_steps"]
        thumbnails = file["thumbnails"].tobytes()
    details: dict[str, _Details] = {}
    start = 0
    for i, style in enumerate(about["styles"]):
        end = start + style["thumbnail_bytes"]
        details[style["name"]] = _Details(
            np.concatenate([whole[i : i + 1], crops[i]]),
            thumbnails[start:end],
            tuple(Swatch(*swatch) for swatch in style["palette"]),
            style["content_sha256"],
        )
        start = end
    return details


def _pack(identity: str, details: dict[str, _Details]) -> bytes:
    styles = [
        {
            "name": name,
            "palette": one.palette,
            "content_sha256": one.content_sha256,
            "thumbnail_bytes": len(one.thumbnail),
        }
        for name, one in details.items()
    ]
    views = np.stack([one.views for one in details.values()])
    half = np.finfo(np.float16)
    # The package is to be small: a vector in half precision paints the same picture, and of the
    # crops only the measure learns.
    crops = views[:, 1:]
    steps = np.abs(crops).max(axis=(0, 1)).clip(1e-12) / 127
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        about=np.array(json.dumps({"identity": identity, "styles": styles})),
        vectors=views[:, 0].clip(half.min, half.max).astype("<f2"),
        crops=np.rint(crops / steps).astype(np.int8),
        crop_steps=steps.astype("<f4"),
        thumbnails=np.frombuffer(b"".join(one.thumbnail for one in details.values()), np.uint8),
    )
    return buffer.getvalue()


def _write(path: Path, packed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, packed)
