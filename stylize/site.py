"""The static site: the studio that runs in the visitor's browser, with chosen styles.

The built pages and the engine come from ``web/``; models, styles, examples and what a page offers
come from this package, as on the page that a server makes. Names of files carry a hash of their
content, so that browsers may keep them for good; ``site.json`` names them all.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stylize import __version__, offers
from stylize.errors import StylizeError
from stylize.images import load_image
from stylize.library import StyleLibrary, StyleRecord
from stylize.library.pictures import make_thumbnail
from stylize.messages import say
from stylize.model_files import ModelFiles

SITE_FILE = "site.json"
_MODEL_JSON = "model/model.json"
_HASH_DIGITS = 10


def built_site() -> Path:
    """Return the folder of the built pages: of the package that brings them, or of a checkout.

    Raises:
        StylizeError: They are not there.
    """
    found = importlib.util.find_spec("stylize_site")
    if found is not None and found.submodule_search_locations:
        return Path(next(iter(found.submodule_search_locations)))
    checkout = Path(__file__).parents[1] / "web" / "dist"
    if (checkout / "index.html").is_file():
        return checkout
    raise StylizeError(
        "The built pages are not here. Install the package stylize-studio-site, or, in a copy of "
        "the repository, build them: npm ci --prefix web && npm run build --prefix web."
    )


def write_site(
    folder: Path,
    model: ModelFiles,
    library: StyleLibrary,
    names: Sequence[str] | None = None,
    *,
    wall: bool = False,
    server: str = "",
) -> int:
    """Write the site.

    Args:
        folder: New, empty, or with an older site, whose files are replaced; what else lies beside
            these is left alone.
        model: The model that paints.
        library: Where the styles come from.
        names: Of the styles, in the order in which they are shown. Default: all.
        wall: The server takes what children hand in, at ``wall`` beside the site.
        server: Address, relative to the site, of the page for which the server paints: there
            devices go that cannot.

    Returns:
        The size of all files in bytes.

    Raises:
        StylizeError: The folder holds something else, a style is unknown or cannot be painted, or
            the built pages are not there.
    """
    pages = built_site()
    if names is None:
        records = library.list(stale=False, own_first=True)
    else:
        records = [library.get(name) for name in dict.fromkeys(names)]
    if not records:
        raise StylizeError("A site needs at least one style.")
    for record in records:
        if record.stale:
            raise StylizeError(say("style_stale", name=record.name))
    _make_room(folder)
    shutil.copytree(pages, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*"))
    site = _Site(folder)
    site.files += [path.relative_to(pages).as_posix() for path in pages.rglob("*")]
    site.write_model(model)
    about = {
        "version": __version__,
        "encoder_sha256": model.encoder_sha256,
        "vectors": site.write_vectors(records),
        "styles": [site.write_style(record) for record in records],
        "examples": [site.write_example(name) for name in offers.EXAMPLES],
        "first_styles": list(offers.FIRST_STYLES),
        "presets": {name: dict(values) for name, values in offers.PRESETS.items()},
        "controls": offers.control_items(),
        "kids_styles": list(offers.KIDS_STYLES),
        "freedoms": {name: asdict(controls) for name, controls in offers.FREEDOMS.items()},
        "wall": wall,
        "server": server,
    }
    files = sorted(name for name in set(site.files) if (folder / name).is_file())
    (folder / SITE_FILE).write_text(json.dumps(about | {"files": files}), "utf-8")
    return sum((folder / name).stat().st_size for name in [*files, SITE_FILE])


def _make_room(folder: Path) -> None:
    """Remove the files of an older site."""
    if folder.exists() and not folder.is_dir():
        raise StylizeError(f"{folder} is a file; name a folder.")
    table = folder / SITE_FILE
    if table.is_file():
        try:
            names = json.loads(table.read_text("utf-8"))["files"]
            paths = [folder / str(name) for name in names]
        except (LookupError, TypeError, ValueError) as error:
            raise StylizeError(f"{table} is damaged; name a new or empty folder.") from error
        for path in paths:
            if path.resolve().is_relative_to(folder.resolve()):
                path.unlink(missing_ok=True)
    elif folder.is_dir() and any(folder.iterdir()):
        raise StylizeError(f"{folder} holds other files than a site; name a new or empty folder.")


@dataclass
class _Site:
    """Writes files under names with the hash of their content."""

    folder: Path
    files: list[str] = field(default_factory=list)

    def write(self, name: str, data: bytes) -> str:
        """Write a file; returns its name with the hash, relative to the site."""
        stem, dot, suffix = name.partition(".")
        digest = hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]
        hashed = f"{stem}-{digest}{dot}{suffix}"
        path = self.folder / hashed
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.files.append(hashed)
        return hashed

    def write_model(self, files: ModelFiles) -> None:
        """Write the graphs, packed, since most servers of static files pack nothing."""
        names = {}
        for name in files.description["sha256"]:
            if name == "paint.int8.onnx":  # in WebAssembly it is no faster
                continue
            packed = gzip.compress(files.read(name), 9, mtime=0)
            names[name] = Path(self.write(f"model/{name}.gz", packed)).name
        record = files.description | {"files": names}
        (self.folder / _MODEL_JSON).write_text(json.dumps(record), "utf-8")
        self.files.append(_MODEL_JSON)

    def write_vectors(self, records: Sequence[StyleRecord]) -> str:
        """Write all style vectors one behind the other, little-endian float32."""
        values = np.concatenate([record.vector.values for record in records]).astype("<f4")
        return self.write("styles/vectors.bin.gz", gzip.compress(values.tobytes(), 9, mtime=0))

    def write_style(self, record: StyleRecord) -> dict[str, Any]:
        """Write a style's picture; returns what the gallery shows."""
        thumb = self.write(f"styles/{record.name}.webp", record.thumbnail)
        return {
            "name": record.name,
            "title": record.label,
            "artist": record.artist,
            "year": record.year,
            "license": record.license,
            "source": record.source,
            "tags": list(record.tags),
            "thumb": thumb,
        }

    def write_example(self, name: str) -> dict[str, str]:
        """Write an example and its thumbnail."""
        path = offers.EXAMPLES_DIR / f"{name}.jpg"
        return {
            "name": name,
            "title": offers.EXAMPLES[name],
            "picture": self.write(f"examples/{name}.jpg", path.read_bytes()),
            "thumb": self.write(f"examples/{name}-small.webp", make_thumbnail(load_image(path))),
        }
