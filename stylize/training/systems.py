"""What is evaluated: anything that makes a picture of a content and a style picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from stylize.controls import Controls
from stylize.engine import Engine
from stylize.errors import ModelFileError, TrainingError
from stylize.model_files import BUNDLED, Precision
from stylize.styles import StyleVector
from stylize.training.data import list_pictures, read_content
from stylize.training.pairs import Pictures, without_ending

System = Callable[[Image.Image, Image.Image], Image.Image]
"""(content, style) -> result of the content's size; all RGB."""

CONTENT_UNCHANGED = "content unchanged"
STYLE_COPIED = "style copied"


def content_unchanged(content: Image.Image, style: Image.Image) -> Image.Image:
    """The best content loss there is, and no style."""
    return content


def style_copied(content: Image.Image, style: Image.Image) -> Image.Image:
    """The best style loss there is, and no content."""
    return style.resize(content.size, Image.Resampling.BICUBIC)


class EngineSystem:
    """Our engine as a system; styles asked for in a row are encoded once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._style: Image.Image | None = None
        self._vector: StyleVector | None = None

    def __call__(
        self, content: Image.Image, style: Image.Image, controls: Controls | None = None
    ) -> Image.Image:
        """Paint, with all controls at their defaults unless given."""
        if self._vector is None or style is not self._style:
            self._style, self._vector = style, self.engine.encode_style(style)
        return self.engine.stylize(content, self._vector, controls=controls)


class ReadyMade:
    """Pictures that another program made of the same pairs, as a system.

    A folder holds one for each pair, named after both: ``content-00005__style-00050.jpg`` is
    ``content/00005.jpg`` in the style of ``style/00050.jpg``.
    """

    def __init__(self, folder: Path, pictures: Pictures) -> None:
        """Find the pictures.

        Args:
            folder: With the pictures.
            pictures: Of the evaluation; the system is asked for these very objects.

        Raises:
            TrainingError: A picture is missing.
        """
        files = ready_made_files(folder)
        self._files: dict[tuple[int, int], Path] = {}
        for content, style in pictures.pairs:
            names = pictures.content_names[content], pictures.style_names[style]
            file = files.get((without_ending(names[0]), without_ending(names[1])))
            if file is None:
                raise TrainingError(
                    f"{folder} holds no picture of {names[0]} in the style of {names[1]}."
                )
            self._files[id(pictures.contents[content]), id(pictures.styles[style])] = file

    def __call__(self, content: Image.Image, style: Image.Image) -> Image.Image:
        """Read the picture of a pair."""
        return read_content(self._files[id(content), id(style)])


def ready_made_files(folder: Path) -> dict[tuple[str, str], Path]:
    """Return the pictures in a folder by their pair of content and style.

    Returns:
        Keys such as ``("content/00005", "style/00050")``.

    Raises:
        TrainingError: The folder has no pictures.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in list_pictures([folder]):
        content, _, style = path.stem.partition("__")
        if content and style:
            found[content.replace("-", "/", 1), style.replace("-", "/", 1)] = path
    return found


def open_models(
    folders: Sequence[Path], precisions: Sequence[Precision]
) -> dict[str, EngineSystem]:
    """Open models in each precision; the keys are ``name precision``.

    Args:
        folders: Model folders; none means the bundled model. A model is named by its folder, or by
            the whole path where two folders have the same name.
        precisions: ``"int8"``, ``"fp32"``.

    Raises:
        ModelFileError: A model is missing, damaged or of another architecture.
    """
    folders = folders or (BUNDLED,)
    names = ["stylize" if folder == BUNDLED else folder.absolute().name for folder in folders]
    return {
        f"{name if names.count(name) == 1 else folder} {precision}": open_model(folder, precision)
        for name, folder in zip(names, folders, strict=True)
        for precision in precisions
    }


def open_model(folder: Path, precision: Precision) -> EngineSystem:
    """Open a model and try it, so that a wrong one is found before hours of work.

    Raises:
        ModelFileError: See :func:`open_models`.
    """
    if not folder.is_dir():
        raise ModelFileError(
            f"{folder} is not a model folder. A model is a folder with model.json, made by "
            f"`stylize export`."
        )
    system = EngineSystem(Engine(folder, precision=precision))
    picture = Image.new("RGB", (64, 64), "gray")
    system(picture, picture)
    return system
