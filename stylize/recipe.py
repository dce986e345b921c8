"""Recipes: how a stylized image was made, kept inside of the picture itself.

A recipe holds all that is needed to paint another content in the same way, even without the style
pictures: the style vectors, their weights, the controls and the identity of the model. It holds
nothing private: no path, no date, no name of a computer or user.

It is JSON, in a PNG as the text ``stylize-recipe``, in JPEG and WebP as a property of an XMP
packet. Recipes come from strangers' pictures, so everything read is checked and limited.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, PngImagePlugin

from stylize.controls import MAX_FINISH, Controls
from stylize.errors import ControlError, StylizeError
from stylize.images import MIN_SIDE_PX, Source, open_image, source_name
from stylize.messages import say
from stylize.styles import StyleVector, blend

FORMAT = 3  # 1 had strokes of the same number of pixels at every size
PLAIN_FORMAT = 2  # of what was not finished: engines that cannot do that read it
PNG_KEY = "stylize-recipe"
MAX_JSON_CHARS = 1_000_000
MAX_STYLES = 16
MAX_WEIGHT = 1e6
MAX_VECTOR_LENGTH = 16_384
MAX_NAME_CHARS = 200
MAX_SIDE_PX = 1_000_000

_XMP_NAMESPACE = "urn:stylize-studio:recipe"
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    f'rdf:about="" xmlns:stylize="{_XMP_NAMESPACE}"><stylize:recipe>%s</stylize:recipe>'
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
# Other programs may write the property as an attribute. Found by search: an XML parser would be
# one more thing for a hostile file to attack.
_XMP_ELEMENT = re.compile(rb"<stylize:recipe>([^<]*)</stylize:recipe>")
_XMP_ATTRIBUTE = re.compile(rb"stylize:recipe=\"([^\"]*)\"")
_JPEG_XMP_BYTES = 65_000  # what one segment of a JPEG holds, less its header

_SHA256 = re.compile(r"[0-9a-f]{64}")


class PaintingEngine(Protocol):
    """What a recipe notes of the engine that painted; an `Engine` has it."""

    @property
    def precision(self) -> str:
        """``int8`` or ``fp32``."""

    @property
    def model_sha256(self) -> str:
        """Identity of the model."""

    @property
    def encoder_sha256(self) -> str:
        """Identity of the style encoder."""


@dataclass(frozen=True, kw_only=True)
class RecipeStyle:
    """One style of a recipe.

    Attributes:
        name: The style's name in the library, or None for a picture without a name.
        weight: Its weight in the blend, not negative.
        sha256: Identity of the style vector.
        vector: The style vector, or None where it did not fit into the picture's metadata.
    """

    name: str | None
    weight: float
    sha256: str
    vector: StyleVector | None

    @classmethod
    def of(
        cls, vector: StyleVector, *, name: str | None = None, weight: float = 1.0
    ) -> RecipeStyle:
        """The entry of a style vector."""
        return cls(name=name, weight=float(weight), sha256=vector.sha256, vector=vector)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a stylized image was made.

    Attributes:
        styles: 1 to `MAX_STYLES` styles.
        controls: All controls.
        max_side_px: Limit of the longer side of the result, or None.
        fast: The draft was enlarged instead of being revised.
        precision: ``int8`` or ``fp32``.
        model_sha256: Identity of the model.
        encoder_sha256: Identity of the style encoder, which made all style vectors.
        masks: Number of region masks used. The masks themselves are not part of a recipe.
        finish: Steps of optimisation that polished it, which takes the styles' pictures: see
            :mod:`stylize.lab.finish`.
        blend: The blend of all styles, exact, where their own vectors were rounded or left out.
        version: Version of Stylize Studio.
    """

    styles: tuple[RecipeStyle, ...]
    controls: Controls = field(default_factory=Controls)
    max_side_px: int | None = None
    fast: bool = False
    precision: str
    model_sha256: str
    encoder_sha256: str
    masks: int = 0
    finish: int = 0
    blend: StyleVector | None = None
    version: str = field(default_factory=lambda: _version())

    @classmethod
    def of(
        cls,
        engine: PaintingEngine,
        styles: Iterable[RecipeStyle],
        controls: Controls | None = None,
        *,
        max_side_px: int | None = None,
        fast: bool = False,
        masks: int = 0,
        finish: int = 0,
        blend: StyleVector | None = None,
    ) -> Recipe:
        """The recipe of a picture that an engine paints; the arguments are those it paints with.

        Raises:
            ControlError: A side is not a whole number of pixels that a recipe can say.
        """
        side = max_side_px
        if side is not None and not (isinstance(side, int) and _is_side(side)):
            raise ControlError(
                f"max_side_px must be a whole number from {MIN_SIDE_PX} to {MAX_SIDE_PX}; "
                f"got {side}."
            )
        return cls(
            styles=tuple(styles),
            controls=controls or Controls(),
            max_side_px=max_side_px,
            fast=fast,
            precision=engine.precision,
            model_sha256=engine.model_sha256,
            encoder_sha256=engine.encoder_sha256,
            masks=masks,
            finish=finish,
            blend=blend,
        )

    def style(self) -> StyleVector:
        """The style vector to paint with: the blend of all styles.

        Raises:
            StylizeError: A style vector is not in the recipe, or the weights are unusable.
        """
        if self.blend is not None:
            return self.blend
        vectors = []
        for style in self.styles:
            if style.vector is None:
                raise StylizeError(say("recipe_style_missing", name=style.name or style.sha256[:8]))
            vectors.append(style.vector)
        return blend(vectors, [style.weight for style in self.styles])

    def to_json(self, *, dtype: str | None = "float32", indent: int | None = None) -> str:
        """The recipe as JSON.

        Args:
            dtype: How to encode the style vectors: ``float32`` exactly, ``float16`` in half the
                space, None not at all. Not exactly: their exact blend is kept too.
            indent: As for ``json.dumps``.
        """
        styles = []
        for style in self.styles:
            entry: dict[str, Any] = {
                "name": style.name,
                "weight": style.weight,
                "sha256": style.sha256,
            }
            if style.vector is not None and dtype is not None:
                rounded = style.vector.sha256 != style.sha256  # when read from a JPEG
                entry["vector"] = _encode(style.vector, "float16" if rounded else dtype)
            styles.append(entry)
        record = {
            "format": FORMAT if self.finish else PLAIN_FORMAT,
            "version": self.version,
            "styles": styles,
            "controls": asdict(self.controls),
            "max_side_px": self.max_side_px,
            "fast": self.fast,
            "precision": self.precision,
            "model_sha256": self.model_sha256,
            "encoder_sha256": self.encoder_sha256,
            "masks": self.masks,
        }
        if self.finish:
            record["finish"] = self.finish
        if self.blend is not None or dtype != "float32":
            record["blend"] = _encode(self.style(), "float32")
        return json.dumps(record, indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read a recipe from JSON, all of it checked.

        Fields unknown here are ignored, but for controls: painting without them would not repeat
        the picture.

        Raises:
            StylizeError: The text is no recipe, is damaged or comes from a newer version.
        """
        record = _parse(text)
        number = _get(record, "format", int, _between(1, 10**6))
        if number > FORMAT:
            raise StylizeError(
                f"The recipe has the format {number}; this version of Stylize Studio reads formats "
                f"up to {FORMAT}. Install a newer one."
            )
        encoder = _get(record, "encoder_sha256", str, _is_sha256)
        entries = _get(record, "styles", list, lambda items: 1 <= len(items) <= MAX_STYLES)
        mixed = _get(record, "blend", dict, optional=True)
        return cls(
            styles=tuple(_style(entry, encoder) for entry in entries),
            controls=_controls(_get(record, "controls", dict)),
            max_side_px=_get(record, "max_side_px", int, _is_side, optional=True),
            fast=record.get("fast") is True,
            precision=_get(record, "precision", str, lambda text: text in ("int8", "fp32")),
            model_sha256=_get(record, "model_sha256", str, _is_sha256),
            encoder_sha256=encoder,
            masks=_get(record, "masks", int, _between(0, 100)),
            finish=_get(record, "finish", int, _between(0, MAX_FINISH), optional=True) or 0,
            blend=_decode(mixed, encoder) if mixed is not None else None,
            version=_get(record, "version", str, _is_name),
        )

    def save_options(self, format_name: str) -> dict[str, Any]:
        """What ``Image.save`` needs to embed the recipe in ``PNG``, ``JPEG`` or ``WEBP``.

        A JPEG has room for some 60 kB: if the style vectors do not fit exactly, they are rounded
        to half precision, and at last left out. The picture can be repeated exactly all the same,
        by their blend.
        """
        if format_name == "PNG":
            info = PngImagePlugin.PngInfo()
            info.add_itxt(PNG_KEY, self.to_json(), zip=True)
            return {"pnginfo": info}
        packet = b""
        for dtype in ("float32", "float16", None):
            packet = (_XMP % html.escape(self.to_json(dtype=dtype))).encode()
            if format_name != "JPEG" or len(packet) <= _JPEG_XMP_BYTES:
                break
        return {"xmp": packet}


def read_recipe(source: Source) -> Recipe:
    """Read the recipe that a picture holds, or a file ``.json`` with one.

    Args:
        source: The path of a picture or JSON file, the bytes of a picture, or an open one.

    Raises:
        StylizeError: The picture holds no recipe, or a damaged one.
        ImageError: The file cannot be read as a picture.
    """
    if isinstance(source, (str, os.PathLike)) and Path(source).suffix.lower() == ".json":
        return Recipe.from_json(_read_text(Path(source)))
    with open_image(source) as image:
        recipe = find_recipe(image)
    if recipe is None:
        raise StylizeError(
            f"{source_name(source)} holds no recipe. Pictures saved by Stylize Studio hold one, "
            "until another program or a messenger writes them anew."
        )
    return recipe


def find_recipe(image: Image.Image) -> Recipe | None:
    """The recipe of an opened picture that still has its metadata; None if it holds none.

    Raises:
        StylizeError: It holds a damaged one.
    """
    text = image.info.get(PNG_KEY)
    if isinstance(text, str):
        return Recipe.from_json(text)
    packet = image.info.get("xmp")
    if not isinstance(packet, bytes) or len(packet) > 2 * MAX_JSON_CHARS:
        return None
    found = _XMP_ELEMENT.search(packet) or _XMP_ATTRIBUTE.search(packet)
    if found is None:
        return None
    return Recipe.from_json(html.unescape(found[1].decode("utf-8", errors="replace")))


# ----------------------------------------------------------------------------------- style vectors


def _encode(vector: StyleVector, dtype: str) -> dict[str, Any]:
    values = vector.values.astype(np.dtype(dtype).newbyteorder("<"))
    # The bytes sorted by significance: the high ones hardly differ and pack well.
    planes = values.view(np.uint8).reshape(len(values), -1).T
    packed = zlib.compress(planes.tobytes(), 9)
    return {
        "dtype": dtype,
        "length": len(values),
        "data": base64.b64encode(packed).decode("ascii"),
    }


def _decode(record: dict[str, Any], encoder_sha256: str) -> StyleVector:
    dtype = _get(record, "dtype", str, lambda text: text in ("float32", "float16"))
    length = _get(record, "length", int, _between(1, MAX_VECTOR_LENGTH))
    data = _get(record, "data", str)
    expected = length * np.dtype(dtype).itemsize
    try:
        unpacker = zlib.decompressobj()
        planes = unpacker.decompress(base64.b64decode(data, validate=True), expected + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise _damaged("data") from error
    if len(planes) != expected:
        raise _damaged("length")
    pairs = np.frombuffer(planes, np.uint8).reshape(-1, length).T
    values = np.ascontiguousarray(pairs).view(np.dtype(dtype).newbyteorder("<"))
    return StyleVector(values.ravel().astype(np.float32), encoder_sha256)


# ---------------------------------------------------------------------------------------- checking


def _style(entry: object, encoder_sha256: str) -> RecipeStyle:
    if not isinstance(entry, dict):
        raise _damaged("styles")
    vector = None
    if entry.get("vector") is not None:
        record = _get(entry, "vector", dict)
        vector = _decode(record, encoder_sha256)
        # Rounded to half precision, a vector keeps the identity of the exact one.
        if record["dtype"] == "float32" and vector.sha256 != entry.get("sha256"):
            raise _damaged("sha256")
    weight = entry.get("weight")
    if (
        isinstance(weight, bool)
        or not isinstance(weight, (int, float))
        or not 0 <= weight <= MAX_WEIGHT
    ):
        raise _damaged("weight")
    return RecipeStyle(
        name=_get(entry, "name", str, _is_name, optional=True),
        weight=float(weight),
        sha256=_get(entry, "sha256", str, _is_sha256),
        vector=vector,
    )


def _controls(record: dict[str, Any]) -> Controls:
    unknown = sorted(record.keys() - {item.name for item in fields(Controls)})
    if unknown:
        raise StylizeError(
            f'The recipe sets the control "{unknown[0][:MAX_NAME_CHARS]}", which this version of '
            "Stylize Studio does not have. Install a newer one."
        )
    return Controls(**record)  # checks each value


def _parse(text: str) -> dict[str, Any]:
    if len(text) > MAX_JSON_CHARS:
        raise StylizeError(
            f"The recipe has {len(text)} characters; the limit is {MAX_JSON_CHARS}. "
            "It was not made by Stylize Studio."
        )

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        record = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise StylizeError("The recipe is damaged: it is not valid JSON.") from error
    if not isinstance(record, dict):
        raise StylizeError("The recipe is damaged: it is not a JSON object.")
    return record


def _get(
    record: dict[str, Any],
    key: str,
    kind: type,
    valid: Callable[[Any], bool] = lambda value: True,
    *,
    optional: bool = False,
) -> Any:
    value = record.get(key)
    if value is None and optional:
        return None
    if not isinstance(value, kind) or isinstance(value, bool) or not valid(value):
        raise _damaged(key)
    return value


def _damaged(key: str) -> StylizeError:
    return StylizeError(
        f'The recipe is damaged: its field "{key}" is missing or not what it should be. '
        "Take another copy of the picture."
    )


def _between(low: int, high: int) -> Callable[[int], bool]:
    return lambda value: low <= value <= high


def _is_side(value: int) -> bool:
    return MIN_SIDE_PX <= value <= MAX_SIDE_PX


def _is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME_CHARS and text.isprintable()


def _read_text(path: Path) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:  # editors of Windows put a mark there
            return file.read(MAX_JSON_CHARS + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise StylizeError(f"{path} cannot be read as a recipe ({error}).") from error


def _version() -> str:
    from stylize import __version__  # at run time: the package imports this module

    return __version__
