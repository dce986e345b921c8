"""Without its extras the package paints, and says what to install for the rest."""

import subprocess
import sys

import pytest

from stylize.errors import MissingExtraError, StylizeError
from stylize.extras import needs_extra
from stylize.offers import EXAMPLES_DIR
from tests.conftest import TINY_MODEL

# All that the extras bring, as if it were not installed.
OPTIONAL = (
    "av", "cv2", "fsspec", "gradio", "gradio_client", "huggingface_hub", "mcp", "milvus_lite",
    "onnx", "onnxscript", "pandas", "prometheus_client", "pymilvus", "qrcode", "ray",
    "safetensors", "skimage", "torch", "torchvision",
)  # fmt: skip
PHOTO = str(EXAMPLES_DIR / "chelsea.jpg")
BARE = f"import sys\nsys.modules.update(dict.fromkeys({OPTIONAL}))\n"


def bare(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, in which the extras are missing."""
    command = [sys.executable, "-c", BARE + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_painting_and_the_library_need_no_extra(tmp_path):
    done = bare(
        """
from pathlib import Path
from PIL import Image
from stylize import Engine, StyleLibrary

engine = Engine(Path(sys.argv[1]))
with StyleLibrary.open(sys.argv[2], encoder=engine, bundled=False) as library:
    picture = Image.effect_mandelbrot((256, 320), (-2, -1.5, 1, 1.5), 20).convert("RGB")
    library.add("mine", picture)
    print(engine.stylize(picture, library.get("mine").vector).size)
""",
        TINY_MODEL,
        tmp_path,
    )
    assert (done.stdout, done.stderr) == ("(256, 320)\n", "")


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (["studio"], "gradio", "studio"),
        (["deploy", "--space", "a/b"], "gradio", "studio"),
        (["library", "push", "a/b", "the-scream", "--data", "DATA"], "huggingface_hub", "hub"),
        (["library", "pull", "a/b", "--data", "DATA"], "huggingface_hub", "hub"),
        (["video", "film.mp4", "-o", "out.mp4", "-s", "monet"], "av", "video"),
        (["image", "s3://b/a.png", "-o", "a.png", "-s", "monet"], "fsspec", "files"),
        (["image", PHOTO, "-o", "DATA/a.png", "-s", PHOTO, "--cluster", "auto"], "ray", "ray"),
        (["library", "list", "--library", "milvus://127.0.0.1:1/a"], "pymilvus", "milvus"),
        (["export", "checkpoint.pt", "-o", "model"], "torch", "train"),
        (["evaluate", "--contents", "a", "--styles", "b", "-o", "c"], "torch", "train"),
    ],
)
def test_commands_name_their_extra(tmp_path, arguments, package, extra):
    arguments = [argument.replace("DATA", str(tmp_path)) for argument in arguments]
    done = bare("from stylize.cli import main\nmain()", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"needs the package {package}." in done.stderr
    assert f'pip install "stylize-studio[{extra}]"' in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("module", "extra"), [("studio", "studio"), ("training", "train"), ("training.data", "train")]
)
def test_modules_name_their_extra(module, extra):
    done = bare(f"import stylize.{module}")
    assert done.returncode == 1
    assert f"stylize-studio[{extra}]" in done.stderr.splitlines()[-1]


def test_it_is_an_error_for_users_and_an_import_error():
    with pytest.raises(MissingExtraError, match="no_such_package") as caught, needs_extra("hub"):
        import no_such_package  # noqa: F401
    assert isinstance(caught.value, StylizeError)
    assert isinstance(caught.value, ImportError)


def test_faults_of_the_package_stay_what_they_are():
    with pytest.raises(ModuleNotFoundError), needs_extra("hub"):
        import stylize.no_such_module  # noqa: F401
