"""The files of a model: model.json and the ONNX graphs that it vouches for."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stylize.contract import Contract
from stylize.errors import ModelFileError, OutOfMemoryError

Precision = Literal["int8", "fp32"]

FORMAT = 5
BUNDLED = Path(__file__).parent / "models"


@dataclass(frozen=True)
class ModelFiles:
    """A model folder whose files have been checked against their SHA-256.

    Attributes:
        folder: Where the files are.
        description: The content of model.json.
    """

    folder: Path
    description: dict[str, Any]

    @classmethod
    def open(cls, folder: Path | None = None) -> ModelFiles:
        """Read model.json; the graphs are checked when they are read.

        Args:
            folder: Default: the model of this package.

        Raises:
            ModelFileError: model.json is missing, damaged or of another format.
        """
        folder = folder or BUNDLED
        path = folder / "model.json"
        try:
            description = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelFileError(
                f"There is no model in {folder} (model.json is missing). Install the package "
                f"again, or export a model there with `stylize export`."
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{path} cannot be read ({error}). Install the package or export the model again."
            ) from error
        found = description.get("format") if isinstance(description, dict) else None
        if found != FORMAT or not isinstance(description.get("sha256"), dict):
            raise ModelFileError(
                f"{path} describes a model of format {found!r}; this version reads format "
                f"{FORMAT}. Export the model again, or update this package."
            )
        files = cls(folder, description)
        try:
            _ = files.encoder_sha256, files.contract
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ModelFileError(
                f"{path} is incomplete ({error!r}). Install the package or export the model again."
            ) from error
        return files

    def read(self, name: str) -> bytes:
        """Return the content of one of the model's files.

        Raises:
            ModelFileError: The file is missing or is not the one that model.json describes.
        """
        path = self.folder / name
        expected = self.description["sha256"].get(name)
        if expected is None:
            raise ModelFileError(f"The model in {self.folder} has no {name}.")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelFileError(
                f"{path} cannot be read ({error}). Install the package or export the model again."
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise ModelFileError(
                f"{path} is damaged or was replaced: its SHA-256 is {found[:12]}…, model.json says "
                f"{expected[:12]}…. Install the package or export the model again."
            )
        return content

    def graph_name(self, part: str, precision: Precision) -> str:
        """Return the file name of a part of the network (``modulate`` or ``paint``)."""
        # The modulator computes in floats in both: a released model holds it once, with its weights
        # stored in 8 bits.
        stored = part == "modulate" and "modulate.onnx" not in self.description["sha256"]
        return f"{part}.int8.onnx" if precision == "int8" or stored else f"{part}.onnx"

    @property
    def encoder_name(self) -> str:
        """File name of the style encoder: one for both precisions, so that vectors fit both."""
        int8 = "style_encoder.int8.onnx"
        return int8 if int8 in self.description["sha256"] else "style_encoder.onnx"

    @property
    def encoder_sha256(self) -> str:
        """Identity of the style encoder; goes into every style vector."""
        return str(self.description["sha256"][self.encoder_name])

    @property
    def sha256(self) -> str:
        """Identity of the whole model, graphs and numbers; goes into every recipe."""
        numbers = _written(self.description["contract"])
        contract = hashlib.sha256(numbers.encode()).hexdigest()
        listed = sorted({**self.description["sha256"], "contract": contract}.items())
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()

    def unusable(self, name: str, error: Exception) -> ModelFileError | OutOfMemoryError:
        """What to raise where ONNX Runtime cannot load or run one of the model's files."""
        reason = " ".join(str(error).split())
        if isinstance(error, MemoryError) or "alloc" in reason:
            return OutOfMemoryError()
        return ModelFileError(
            f"{self.folder / name} is no part of a model that this version can use "
            f"({reason[:200]}). Install the package or export the model again."
        )

    @functools.cached_property
    def contract(self) -> Contract:
        """What every engine that runs the model must agree on."""
        return Contract.from_dict(self.description.get("contract"))


def _written(contract: dict[str, Any]) -> str:
    """Write a contract as every language does, numbers as whole millionths."""
    values = {
        name: round(1e6 * value) if isinstance(value, (int, float)) else value or ""
        for name, value in contract.items()
    }
    return "\n".join(f"{name}={values[name]}" for name in sorted(values))
